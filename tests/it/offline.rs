//! Runs the real program without network, clock or environment.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// What a run left behind.
pub(crate) struct Run {
    pub(crate) code: i32,
    pub(crate) stdout: Vec<u8>,
    pub(crate) stderr: String,
}

impl Run {
    /// Standard output as JSON.
    pub(crate) fn json(&self) -> serde_json::Value {
        serde_json::from_slice(&self.stdout).unwrap_or_else(|error| panic!("{error}\n{}", self.stderr))
    }

    /// Standard output as text.
    pub(crate) fn text(&self) -> String {
        String::from_utf8(self.stdout.clone()).unwrap()
    }
}

/// Runs the program in an empty environment.
pub(crate) fn posture<'a>(args: impl IntoIterator<Item = &'a str>) -> Run {
    posture_in(Path::new(env!("CARGO_MANIFEST_DIR")), args, b"")
}

/// Runs the program in a folder, with something on standard input.
pub(crate) fn posture_in<'a>(folder: &Path, args: impl IntoIterator<Item = &'a str>, input: &[u8]) -> Run {
    let mut child = Command::new(env!("CARGO_BIN_EXE_posture"))
        .args(args)
        .current_dir(folder)
        .env_clear()
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut stdin = child.stdin.take().unwrap();
    let input = input.to_vec();
    // The program may end before it has read everything, as it does with input that is too large.
    let writer = std::thread::spawn(move || drop(stdin.write_all(&input)));
    let output = child.wait_with_output().unwrap();
    writer.join().unwrap();
    let stderr = String::from_utf8(output.stderr).unwrap();
    assert!(!stderr.contains("panicked"), "{stderr}");
    Run { code: output.status.code().unwrap_or(-1), stdout: output.stdout, stderr }
}

/// The path of an example account.
pub(crate) fn account(name: &str) -> String {
    fixture(&format!("accounts/{name}.json")).display().to_string()
}

/// The path of a fixture.
pub(crate) fn fixture(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures").join(name)
}

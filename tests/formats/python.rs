//! Validators that exist for Python alone, in a virtual environment below `target/`.

use std::fs::File;
use std::io::Write as _;
use std::path::PathBuf;
use std::process::{Command, Stdio};

/// Runs a program with the packages (`name==version`) installed, and returns what it prints.
pub(crate) fn run(packages: &[&str], program: &str, arguments: &[&str], input: &str) -> String {
    let python = environment(packages);
    let mut child = Command::new(python)
        .args(["-c", program])
        .args(arguments)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    child.stdin.take().unwrap().write_all(input.as_bytes()).unwrap();
    let output = child.wait_with_output().unwrap();
    assert!(output.status.success(), "the program failed: {program}");
    String::from_utf8(output.stdout).unwrap()
}

/// The interpreter of an environment that holds the packages; the system's own where none is needed.
fn environment(packages: &[&str]) -> PathBuf {
    if packages.is_empty() {
        return PathBuf::from("python3");
    }
    let folder = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(format!("python-{}", packages.join("-")));
    let python = folder.join("bin/python");
    // Tests run in parallel: one of them installs.
    let lock = File::create(folder.with_extension("lock")).unwrap();
    lock.lock().unwrap();
    let done = folder.join("installed");
    if !done.exists() {
        succeed(Command::new("python3").args(["-m", "venv", "--clear"]).arg(&folder));
        succeed(
            Command::new(&python)
                .args(["-m", "pip", "install", "--quiet", "--disable-pip-version-check"])
                .args(packages),
        );
        File::create(done).unwrap();
    }
    python
}

pub(crate) fn succeed(command: &mut Command) {
    let status = command.status().unwrap();
    assert!(status.success(), "{command:?} failed");
}

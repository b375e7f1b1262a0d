//! Runs the real program, in an environment that holds nothing but what a test puts there.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

/// A secret that must never come out of the program.
pub(crate) const SECRET: &str = "canary/7f3a9c51d2e84b06";

/// What a run of the program left behind.
pub(crate) struct Run {
    pub(crate) code: i32,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
    /// The most memory that it held, in KiB; 0 where the system does not tell.
    pub(crate) peak_kib: u64,
}

/// The program with credentials that AWS's stand-ins take.
pub(crate) fn posture(home: &Path, endpoint: &str) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_posture"));
    command.env_clear().env("HOME", home).env("AWS_EC2_METADATA_DISABLED", "true");
    command.env("AWS_ACCESS_KEY_ID", "AKIAIOSFODNN7EXAMPLE").env("AWS_SECRET_ACCESS_KEY", SECRET);
    command.env("AWS_SESSION_TOKEN", SECRET).env("AWS_ENDPOINT_URL", endpoint);
    command
}

/// Runs a command to its end.
pub(crate) fn run(command: &mut Command) -> Run {
    let child = command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let status = PathBuf::from(format!("/proc/{}/status", child.id()));
    let watch = std::thread::spawn(move || peak_of(&status));
    let output = child.wait_with_output().unwrap();
    let peak_kib = watch.join().unwrap();
    let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).unwrap();
    let run = Run {
        code: output.status.code().unwrap(),
        stdout: text(&output.stdout),
        stderr: text(&output.stderr),
        peak_kib,
    };
    assert!(!run.stdout.contains(SECRET) && !run.stderr.contains(SECRET), "a secret came out");
    assert!(!run.stderr.contains("panicked"), "{}", run.stderr);
    run
}

/// Watches the kernel's high-water mark until the process is gone. The mark never sinks, so looking often is enough.
fn peak_of(status: &Path) -> u64 {
    let mut peak = 0;
    // A process that has ended but was not waited for has a status without the mark.
    while let Some(mark) = std::fs::read_to_string(status).ok().and_then(|text| {
        let line = text.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
        line.split_whitespace().next()?.parse::<u64>().ok()
    }) {
        peak = peak.max(mark);
        std::thread::sleep(Duration::from_millis(2));
    }
    peak
}

/// Set otherwise, or not at all, it takes a fifth more memory, and nothing else would tell.
#[test]
#[cfg(all(feature = "jemalloc", target_os = "linux", target_env = "gnu"))]
fn the_allocator_is_set_to_one_arena() {
    let mut command = Command::new(env!("CARGO_BIN_EXE_posture"));
    let told = run(command.env_clear().env("_RJEM_MALLOC_CONF", "confirm_conf:true").arg("--version"));
    assert_eq!(told.code, 0, "{}", told.stderr);
    assert!(told.stderr.contains("Set conf value: narenas:1"), "{}", told.stderr);
    assert!(told.stderr.contains("Set conf value: bin_shards:1-4096:4"), "{}", told.stderr);
    assert!(!told.stderr.contains("Invalid conf"), "{}", told.stderr);
}

//! Soak: thousands of scans in one process leave neither memory nor descriptors behind. Ignored by default; the commands
//! and the last figures are in `docs/testing.md`.

use std::path::Path;

use posture::output::{Context, FORMATS};
use posture::snapshot::SnapshotReader;

use crate::matrix::{judge, rules};

/// Memory that the process holds, in KiB, and files that it has open.
fn held() -> (u64, usize) {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).unwrap();
    let kib = line.split_whitespace().next().unwrap().parse().unwrap();
    (kib, std::fs::read_dir("/proc/self/fd").unwrap().count())
}

/// Repeats something and expects that what it holds after a tenth is what it holds at the end, but for files that are just
/// being closed.
#[expect(clippy::print_stderr, reason = "the figures are what one runs this for")]
fn soak(what: &str, times: usize, closing: usize, mut once: impl FnMut(usize)) {
    let mut early = (0, 0);
    for time in 0..times {
        once(time);
        if time == times / 10 {
            early = held();
        }
    }
    let late = held();
    eprintln!(
        "soak: {times} {what}: {} KiB and {} files after a tenth, {} KiB and {} files at the end",
        early.0, early.1, late.0, late.1
    );
    assert!(late.1 <= early.1 + closing, "descriptors leak");
    // An allocator keeps some of what was freed; a leak of 1 KiB a scan would show.
    assert!(late.0 < early.0 + 8 * 1024, "memory grows from {} to {} KiB", early.0, late.0);
}

#[test]
#[ignore = "takes minutes; see docs/testing.md"]
fn ten_thousand_offline_scans_leave_nothing_behind() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/accounts");
    let accounts = ["empty", "bootcamp", "denied"].map(|name| folder.join(format!("{name}.json")));
    let rules = rules();
    soak("offline scans", 10_000, 0, |time| {
        let account = &accounts[time % accounts.len()];
        let snapshot = SnapshotReader::open(account).unwrap().next().unwrap().unwrap();
        let report = judge(&rules, &snapshot);
        let (_, format) = &FORMATS[time % FORMATS.len()];
        format.render(&report, &Context::default(), &mut std::io::sink()).unwrap();
    });
}

#[cfg(feature = "live")]
mod live {
    use std::process::{Command, Stdio};

    use posture::collect::{Options, Silent, collect};
    use posture::snapshot::{Operation, Outcome, Time};

    use super::soak;
    use crate::program::SECRET;
    use crate::stub::Stub;
    use crate::stub::account::answers;

    /// The test below starts this one again in a process whose environment names the stub.
    #[test]
    #[ignore = "started by the soak of live scans"]
    fn a_thousand_live_scans_in_a_process_of_their_own() {
        let mut options = Options::new(Time::parse("2026-11-22T03:00:00Z").unwrap());
        options.regions = vec!["us-east-1".to_owned()];
        // Events may be looked up twice a second and no faster, which would make this last for hours.
        let wanted = Operation::ALL.iter().copied().filter(|one| *one != Operation::CloudtrailLookupEvents);
        options.operations = Some(wanted.collect());
        // A scan leaves before the last of its connections are closed; a leak of one in two hundred scans would show.
        soak("live scans", 1_000, 4, |_| {
            let snapshot = collect(&options, &Silent, None).unwrap();
            let answered = snapshot.observations().iter().filter(|one| matches!(one.outcome, Outcome::Answered(_)));
            assert!(answered.count() > 20);
        });
    }

    #[test]
    #[ignore = "takes minutes; see docs/testing.md"]
    fn a_thousand_live_scans_leave_nothing_behind() {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/fixtures/accounts/bootcamp.json");
        let stub = Stub::serve(answers(serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap(), 1000));
        let child = Command::new(std::env::current_exe().unwrap())
            .args([
                "--exact",
                "soak::live::a_thousand_live_scans_in_a_process_of_their_own",
                "--ignored",
                "--nocapture",
            ])
            .env_clear()
            .env("AWS_ACCESS_KEY_ID", "AKIAIOSFODNN7EXAMPLE")
            .env("AWS_SECRET_ACCESS_KEY", SECRET)
            .env("AWS_EC2_METADATA_DISABLED", "true")
            .env("AWS_ENDPOINT_URL", stub.url())
            .stdin(Stdio::null())
            .status()
            .unwrap();
        assert!(child.success());
    }
}

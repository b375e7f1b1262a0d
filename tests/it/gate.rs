//! The gate: exit codes, thresholds, suppressions and baselines, the same for every format.

use crate::offline::{Run, account, posture, posture_in};

fn scan(name: &str, more: &[&str]) -> Run {
    let path = account(name);
    let mut args = vec!["scan", "--snapshot", &path];
    args.extend(more);
    posture(args)
}

#[test]
fn exit_codes_tell_clean_findings_unknown_and_broken_apart() {
    assert_eq!(scan("bootcamp", &["--rule", "root-no-access-keys"]).code, 1);
    assert_eq!(scan("bootcamp-hardened", &["--rule", "root-no-access-keys"]).code, 0);
    assert_eq!(scan("denied", &["--rule", "root-no-access-keys"]).code, 3);
    assert_eq!(scan("denied", &["--rule", "root-no-access-keys", "--allow-unknown"]).code, 0);
    assert_eq!(scan("no-such-account", &[]).code, 2);
    assert_eq!(scan("bootcamp", &["--no-such-option"]).code, 2);
}

#[test]
fn the_format_does_not_change_the_exit_code() {
    for (format, _) in posture::output::FORMATS {
        assert_eq!(scan("bootcamp", &["--format", format]).code, 1, "{format}");
        assert_eq!(scan("denied", &["--format", format]).code, 3, "{format}");
    }
}

#[test]
fn the_threshold_decides_which_findings_count() {
    let rule = ["--rule", "root-no-access-keys"];
    assert_eq!(scan("bootcamp", &[&rule[..], &["--fail-on", "critical"]].concat()).code, 1);
    assert_eq!(scan("bootcamp", &[&rule[..], &["--fail-on", "none"]].concat()).code, 0);
    assert_eq!(scan("denied", &[&rule[..], &["--fail-on", "none"]].concat()).code, 0);
}

#[test]
fn a_suppressed_finding_is_counted_and_does_not_fail_the_run() {
    let folder = tempfile::tempdir().unwrap();
    let suppress = |expires: &str| {
        let text = format!(
            "suppressions:\n  - rule: root-no-access-keys\n    resource: 'arn:aws:iam::*:root'\n    reason: being moved\n    \
             owner: ann\n    expires: {expires}\n"
        );
        std::fs::write(folder.path().join("posture.yaml"), text).unwrap();
        let path = account("bootcamp");
        let args = ["scan", "--snapshot", &path, "--rule", "root-no-access-keys", "--format", "json"];
        posture_in(folder.path(), args, b"")
    };
    let run = suppress("2026-12-31");
    assert_eq!(run.code, 0, "{}", run.stderr);
    assert_eq!(run.json()["summary"]["suppressed"], 1);
    assert_eq!(run.json()["results"][0]["suppressed"]["reason"], "being moved");
    assert_eq!(run.json()["results"][0]["status"], "fail");
    let run = suppress("2026-11-21");
    assert_eq!(run.code, 1, "an expired suppression no longer holds");
    assert!(run.text().contains("expired on 2026-11-21"));
}

#[test]
fn a_suppression_that_covers_nothing_is_reported() {
    let folder = tempfile::tempdir().unwrap();
    let text = "suppressions:\n  - { rule: root-no-access-keys, resource: nothing, reason: typo }\n";
    std::fs::write(folder.path().join("posture.yaml"), text).unwrap();
    let path = account("bootcamp");
    let run = posture_in(folder.path(), ["scan", "--snapshot", &path, "--format", "json"], b"");
    assert!(run.text().contains("covers no failing finding"));
}

#[test]
fn a_baseline_lets_only_new_findings_fail() {
    let folder = tempfile::tempdir().unwrap();
    let baseline = folder.path().join("baseline.json").display().to_string();
    let run = scan("bootcamp", &["--output", &format!("json={baseline}")]);
    assert_eq!(run.code, 1);
    assert_eq!(scan("bootcamp", &["--baseline", &baseline, "--allow-unknown"]).code, 0);
    // What the baseline could not judge is new when it fails.
    let blind = folder.path().join("blind.json").display().to_string();
    scan("denied", &["--output", &format!("json={blind}")]);
    assert_eq!(scan("bootcamp", &["--baseline", &blind, "--allow-unknown"]).code, 1);
}

#[cfg(unix)]
#[test]
fn reports_are_readable_by_their_owner_alone() {
    use std::os::unix::fs::PermissionsExt;
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("report.json");
    scan("bootcamp", &["--output", &format!("json={}", path.display())]);
    assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
}

#[test]
fn streams_of_snapshots_give_a_report_each_and_name_bad_lines() {
    let text: serde_json::Value =
        serde_json::from_str(&std::fs::read_to_string(account("bootcamp-hardened")).unwrap()).unwrap();
    let stream = format!("{text}\nnot a snapshot\n{text}\n");
    let folder = tempfile::tempdir().unwrap();
    let args = ["scan", "--snapshot", "-", "--format", "json", "--rule", "root-no-access-keys"];
    let run = posture_in(folder.path(), args, stream.as_bytes());
    assert_eq!(run.code, 2);
    assert!(run.stderr.contains("line 2"), "{}", run.stderr);
    let reports: Vec<serde_json::Value> =
        serde_json::Deserializer::from_slice(&run.stdout).into_iter().map(Result::unwrap).collect();
    assert_eq!(reports.len(), 2);
}

//! `posture suppress` from outside: what it writes holds in the next scan, and what it refuses stays untouched.

use std::path::Path;

use crate::offline::{Run, account, posture_in};

const ROOT: &str = "arn:aws:iam::123456789012:root";

fn suppress(folder: &Path, rule: &str, more: &[&str]) -> Run {
    posture_in(folder, [&["suppress", rule, ROOT, "--reason", "key ordered"], more].concat(), b"")
}

fn scan(folder: &Path, rule: &str) -> Run {
    posture_in(folder, ["scan", "--snapshot", &account("bootcamp"), "--rule", rule, "--format", "json"], b"")
}

fn file(folder: &Path) -> String {
    std::fs::read_to_string(folder.join("posture.yaml")).unwrap()
}

#[test]
fn a_suppressed_finding_no_longer_fails_the_next_scan() {
    let folder = tempfile::tempdir().unwrap();
    assert_eq!(scan(folder.path(), "root-mfa-enabled").code, 1);
    let run = suppress(folder.path(), "root-mfa-enabled", &["--owner", "ann", "--expires", "2999-12-31"]);
    assert_eq!(run.code, 0, "{}", run.stderr);
    assert!(
        run.stderr.contains("wrote posture.yaml: root-mfa-enabled on arn:aws:iam::123456789012:root"),
        "{}",
        run.stderr
    );
    let run = scan(folder.path(), "root-mfa-enabled");
    assert_eq!(run.code, 0, "{}", run.stderr);
    let expected = serde_json::json!({ "reason": "key ordered", "owner": "ann", "expires": "2999-12-31" });
    assert_eq!(run.json()["results"][0]["suppressed"], expected);
}

#[test]
fn a_second_entry_keeps_the_first_and_every_comment() {
    let folder = tempfile::tempdir().unwrap();
    let text = "# ours\nsuppressions:   # quarterly\n  - rule: root-mfa-enabled # hardware\n    resource: '*'\n    reason: x\n\n# gate\nfail_on: low\n";
    std::fs::write(folder.path().join("posture.yaml"), text).unwrap();
    assert_eq!(suppress(folder.path(), "root-no-access-keys", &["--expires", "never"]).code, 0);
    let (head, tail) = text.split_at(text.find("\n# gate").unwrap());
    let entry = format!("  - rule: root-no-access-keys\n    resource: '{ROOT}'\n    reason: 'key ordered'\n");
    assert_eq!(file(folder.path()), format!("{head}{entry}{tail}"));
}

#[test]
fn what_is_refused_leaves_the_file_as_it_was_and_says_why() {
    let folder = tempfile::tempdir().unwrap();
    let text = "suppressions:\n  - { rule: root-mfa-enabled, resource: '*', reason: x }\n";
    std::fs::write(folder.path().join("posture.yaml"), text).unwrap();
    for (rule, more, part) in [
        (
            "root-mfa-enable",
            &["--expires", "never"][..],
            "there is no rule `root-mfa-enable`; did you mean `root-mfa-enabled`?",
        ),
        ("root-mfa-enabled", &["--expires", "never"], "is suppressed already, by the entry on `*`"),
        ("root-no-access-keys", &["--expires", "2020-01-01"], "2020-01-01 has passed"),
        ("root-no-access-keys", &["--expires", "soon"], "write a date as in 2026-12-31, or never"),
        ("root-no-access-keys", &[], "--expires <DATE>"),
    ] {
        let run = suppress(folder.path(), rule, more);
        assert_eq!(run.code, 2, "{}", run.stderr);
        assert!(run.stderr.contains(part), "{}", run.stderr);
        assert_eq!(file(folder.path()), text);
    }
}

#[test]
fn a_file_that_scans_would_refuse_is_not_edited() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("posture.yaml"), "fail_one: high\n").unwrap();
    let run = suppress(folder.path(), "root-mfa-enabled", &["--expires", "never"]);
    assert_eq!(run.code, 2);
    assert!(run.stderr.contains("fail_one"), "{}", run.stderr);
    assert_eq!(file(folder.path()), "fail_one: high\n");
}

#[cfg(unix)]
#[test]
fn permissions_and_links_stay() {
    use std::os::unix::fs::PermissionsExt;
    let folder = tempfile::tempdir().unwrap();
    let real = folder.path().join("team.yaml");
    std::fs::write(&real, "fail_on: high\n").unwrap();
    std::fs::set_permissions(&real, std::fs::Permissions::from_mode(0o640)).unwrap();
    std::os::unix::fs::symlink("team.yaml", folder.path().join("posture.yaml")).unwrap();
    assert_eq!(suppress(folder.path(), "root-mfa-enabled", &["--expires", "never"]).code, 0);
    assert!(folder.path().join("posture.yaml").is_symlink());
    assert!(std::fs::read_to_string(&real).unwrap().contains("root-mfa-enabled"));
    assert_eq!(std::fs::metadata(&real).unwrap().permissions().mode() & 0o777, 0o640);
}

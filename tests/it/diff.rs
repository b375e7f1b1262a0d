//! `posture diff` from outside: snapshots and reports, every class of change, formats and exit codes.

use std::path::Path;

use serde_json::{Value, json};
use tempfile::TempDir;

use crate::offline::{Run, account, posture_in};

const ROOT: &str = "arn:aws:iam::123456789012:root";

fn snapshot(name: &str) -> Value {
    serde_json::from_str(&std::fs::read_to_string(account(name)).unwrap()).unwrap()
}

/// Two files in a folder of their own.
fn files(old: &Value, new: &Value) -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("old.json"), old.to_string()).unwrap();
    std::fs::write(folder.path().join("new.json"), new.to_string()).unwrap();
    folder
}

fn diff(folder: &Path, more: &[&str]) -> Run {
    posture_in(folder, [&["diff", "old.json", "new.json"], more].concat(), b"")
}

fn compared(old: &Value, new: &Value, more: &[&str]) -> Value {
    let folder = files(old, new);
    let run = diff(folder.path(), &[&["--format", "json"], more].concat());
    assert_eq!(run.code, 0, "{}", run.stderr);
    run.json()
}

/// The same snapshot with every call of a service refused.
fn without_permission(mut snapshot: Value, service: &str) -> Value {
    for observation in snapshot["observations"].as_array_mut().unwrap() {
        if observation["service"] == service {
            let call = observation.as_object_mut().unwrap();
            call.remove("response");
            call.insert("error".to_owned(), json!({ "code": "AccessDenied", "message": "not authorized" }));
        }
    }
    snapshot
}

fn change<'a>(diff: &'a Value, rule: &str, resource: &str) -> &'a Value {
    let changes = diff["changes"].as_array().unwrap();
    changes.iter().find(|change| change["rule"] == rule && change["resource"] == resource).unwrap()
}

fn report(folder: &Path, snapshot: &str, report: &str, more: &[&str]) {
    let output = format!("json={report}");
    posture_in(folder, [&["scan", "--snapshot", snapshot, "--output", &output], more].concat(), b"");
    assert!(folder.join(report).is_file());
}

#[test]
fn a_root_finding_whose_permission_was_taken_away_stays_open() {
    let (old, new) = (snapshot("bootcamp"), without_permission(snapshot("bootcamp"), "iam"));
    let diff = compared(&old, &new, &[]);
    for rule in ["root-mfa-enabled", "root-no-access-keys"] {
        let change = change(&diff, rule, ROOT);
        assert_eq!(change["class"], "became_unknown", "{change}");
        assert_eq!((&change["before"], &change["after"]), (&json!("fail"), &json!("unknown")));
    }
    assert_eq!((&diff["summary"]["better"], &diff["summary"]["gone"]), (&json!(0), &json!(0)));
}

#[test]
fn users_that_can_no_longer_be_listed_are_not_gone() {
    let (old, new) = (snapshot("bootcamp"), without_permission(snapshot("bootcamp"), "iam"));
    let diff = compared(&old, &new, &["--rule", "iam-admin-user-mfa"]);
    let change = change(&diff, "iam-admin-user-mfa", "arn:aws:iam::123456789012:user/anna");
    assert_eq!(
        (&change["class"], &change["before"], &change["after"]),
        (&json!("became_unknown"), &json!("fail"), &Value::Null)
    );
    let message = change["message"].as_str().unwrap();
    assert!(message.starts_with("not judged again: ") && message.contains("AccessDenied"), "{message}");
}

#[test]
fn hardening_an_account_makes_it_better_and_back_again_worse() {
    let (flawed, hardened) = (snapshot("bootcamp"), snapshot("bootcamp-hardened"));
    let there = compared(&flawed, &hardened, &[]);
    assert_eq!(change(&there, "root-mfa-enabled", ROOT)["class"], "better");
    let back = compared(&hardened, &flawed, &[]);
    let worse = change(&back, "root-mfa-enabled", ROOT);
    assert_eq!((&worse["class"], &worse["before"], &worse["after"]), (&json!("worse"), &json!("pass"), &json!("fail")));
    // Worst first: a reader sees what got worse before anything else.
    assert_eq!(back["changes"][0]["class"], "worse");
    assert_eq!(back["changes"][0]["severity"], "critical");
}

#[test]
fn a_user_who_was_deleted_is_gone_and_one_who_came_is_new() {
    let old = snapshot("bootcamp");
    let anna = "arn:aws:iam::123456789012:user/anna";
    let new: Value = serde_json::from_str(&old.to_string().replace("anna", "berta")).unwrap();
    let diff = compared(&old, &new, &["--rule", "iam-admin-user-mfa"]);
    assert_eq!(change(&diff, "iam-admin-user-mfa", anna)["class"], "gone");
    let new = change(&diff, "iam-admin-user-mfa", "arn:aws:iam::123456789012:user/berta");
    assert_eq!((&new["class"], &new["before"]), (&json!("new"), &Value::Null));
    assert_eq!(
        diff["rules"],
        json!([{ "rule": "iam-admin-user-mfa", "severity": "critical", "changes": { "new": 1, "gone": 1 } }])
    );
}

#[test]
fn snapshots_and_reports_compare_alike_and_mixed() {
    let folder = files(&snapshot("bootcamp"), &snapshot("bootcamp-hardened"));
    report(folder.path(), "old.json", "old-report.json", &[]);
    report(folder.path(), "new.json", "new-report.json", &[]);
    let of = |old: &str, new: &str| posture_in(folder.path(), ["diff", old, new, "--format", "json"], b"").json();
    let expected = of("old.json", "new.json");
    assert!(!expected["changes"].as_array().unwrap().is_empty());
    for (old, new) in
        [("old-report.json", "new-report.json"), ("old-report.json", "new.json"), ("old.json", "new-report.json")]
    {
        assert_eq!(of(old, new), expected, "{old} and {new}");
    }
}

#[test]
fn a_rule_that_was_not_run_again_closes_nothing() {
    let folder = files(&snapshot("bootcamp"), &snapshot("bootcamp"));
    report(folder.path(), "old.json", "all.json", &[]);
    report(folder.path(), "old.json", "one.json", &["--rule", "root-no-access-keys"]);
    let run = posture_in(folder.path(), ["diff", "all.json", "one.json", "--format", "json"], b"");
    let diff = run.json();
    let mfa = change(&diff, "root-mfa-enabled", ROOT);
    assert_eq!(
        (&mfa["class"], &mfa["message"]),
        (&json!("became_unknown"), &json!("not judged again: rule `root-mfa-enabled` was not run"))
    );
    assert_eq!((&diff["summary"]["better"], &diff["summary"]["gone"]), (&json!(0), &json!(0)));
    assert!(diff["notes"][0].as_str().unwrap().contains("rules not run again"), "{}", diff["notes"]);
    // Asked for that rule alone, both sides hold it and nothing changed.
    let chosen = ["diff", "all.json", "one.json", "--rule", "root-no-access-keys", "--format", "json"];
    assert_eq!(posture_in(folder.path(), chosen, b"").json()["changes"], json!([]));
}

#[test]
fn a_region_that_was_left_out_closes_nothing() {
    let result = |id: &str| {
        json!({ "rule": "r", "severity": "high", "status": "fail", "message": "m", "fingerprint": id,
        "resource": { "id": id, "kind": "sns-topic", "region": null }, "suppressed": null })
    };
    let report = |regions: Value, results: Value| {
        json!({ "format": "posture-report/1", "posture": "0.1.0", "account": "123456789012",
        "partition": "aws", "collected_at": "2026-11-22T03:00:00Z", "regions": regions, "rules_run": [{ "id": "r" }], "results": results })
    };
    let (here, there) = ("arn:aws:sns:us-east-1:123456789012:t", "arn:aws:sns:eu-west-1:123456789012:t");
    let old = report(json!(["us-east-1", "eu-west-1"]), json!([result(here), result(there)]));
    let diff = compared(&old, &report(json!(["us-east-1"]), json!([])), &[]);
    assert_eq!(change(&diff, "r", here)["class"], "gone");
    assert_eq!(change(&diff, "r", there)["class"], "became_unknown");
}

#[test]
fn exit_codes_follow_what_is_new_worse_or_blind_when_asked() {
    let (flawed, hardened) = (snapshot("bootcamp"), snapshot("bootcamp-hardened"));
    let blind = without_permission(snapshot("bootcamp"), "iam");
    let worse = files(&hardened, &flawed);
    assert_eq!(diff(worse.path(), &[]).code, 0);
    assert_eq!(diff(worse.path(), &["--fail-on-new"]).code, 1);
    assert_eq!(diff(worse.path(), &["--fail-on-new=critical"]).code, 1);
    assert_eq!(diff(worse.path(), &["--fail-on-new", "--rule", "root-mfa-enabled"]).code, 1);
    let unseen = files(&flawed, &blind);
    assert_eq!(diff(unseen.path(), &["--fail-on-new"]).code, 3);
    assert_eq!(diff(unseen.path(), &["--fail-on-new", "--allow-unknown"]).code, 0);
    let better = files(&flawed, &hardened);
    assert_eq!(diff(better.path(), &["--fail-on-new", "--rule", "root-mfa-enabled"]).code, 0);
}

#[test]
fn a_suppressed_finding_is_shown_and_does_not_fail_the_run() {
    let folder = files(&snapshot("bootcamp-hardened"), &snapshot("bootcamp"));
    let config = "suppressions:\n  - { rule: root-mfa-enabled, resource: '*', reason: key ordered }\n";
    std::fs::write(folder.path().join("posture.yaml"), config).unwrap();
    let run = diff(folder.path(), &["--fail-on-new", "--rule", "root-mfa-enabled"]);
    assert_eq!(run.code, 0, "{}", run.text());
    assert!(run.text().contains("(suppressed)"), "{}", run.text());
}

#[test]
fn the_table_and_the_markdown_name_every_class_that_occurs() {
    let folder = files(&snapshot("bootcamp"), &without_permission(snapshot("bootcamp-hardened"), "cloudtrail"));
    let table = diff(folder.path(), &[]).text();
    for part in [
        "BECAME UNKNOWN: could not be judged now; what was open stays open",
        "BETTER: ",
        "cloudtrail:DescribeTrails",
        " still failing",
    ] {
        assert!(table.contains(part), "{part} is missing in\n{table}");
    }
    let markdown = diff(folder.path(), &["--format", "markdown"]).text();
    assert!(
        markdown.contains("### Became unknown") && markdown.contains("| <code>root-mfa-enabled</code> | critical |"),
        "{markdown}"
    );
    assert_eq!(diff(folder.path(), &[]).text(), table, "two runs differ");
}

#[test]
fn the_json_obeys_the_published_schema() {
    let run = posture_in(Path::new("."), ["schema", "diff"], b"");
    let (old, new) = (snapshot("bootcamp"), without_permission(snapshot("bootcamp-hardened"), "iam"));
    let document = compared(&old, &new, &[]);
    assert_eq!(document["format"], "posture-diff/1");
    let validator = jsonschema::validator_for(&run.json()).unwrap();
    let errors: Vec<String> = validator.iter_errors(&document).map(|error| error.to_string()).collect();
    assert!(errors.is_empty(), "{errors:#?}");
    let mut broken = document;
    broken.as_object_mut().unwrap().remove("summary");
    assert!(!validator.is_valid(&broken));
}

#[test]
fn what_cannot_be_compared_is_refused_with_what_to_do() {
    let flawed = snapshot("bootcamp");
    let other: Value = serde_json::from_str(&flawed.to_string().replace("123456789012", "210987654321")).unwrap();
    for (old, new, part) in [
        (&flawed, &other, "have no account in common"),
        (&json!({ "format": "posture-report/9" }), &flawed, "report `old.json`: not a JSON report: missing field"),
        (&json!({ "format": "posture-snapshot/9" }), &flawed, "snapshot `old.json`"),
        (&json!([]), &flawed, "snapshot `old.json`"),
    ] {
        let run = diff(files(old, new).path(), &[]);
        assert_eq!(run.code, 2);
        assert!(run.stderr.contains(part) && run.stderr.contains("hint: "), "{}", run.stderr);
        assert!(run.stdout.is_empty());
    }
    let folder = files(&flawed, &flawed);
    assert!(posture_in(folder.path(), ["diff", "-", "-"], b"").stderr.contains("standard input is named twice"));
    assert_eq!(posture_in(folder.path(), ["diff", "-", "new.json"], flawed.to_string().as_bytes()).code, 0);
    assert!(posture_in(folder.path(), ["diff", "none.json", "new.json"], b"").stderr.contains("read `none.json`"));
}

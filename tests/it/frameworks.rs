//! Frameworks from the command line: which there are, what judges their controls, and scans by one of them.

use crate::offline::{account, posture};

#[test]
fn every_framework_is_listed_with_its_coverage() {
    let run = posture(["frameworks", "--format", "json"]);
    assert_eq!(run.code, 0, "{}", run.stderr);
    let listed = run.json();
    let listed = listed.as_array().unwrap();
    assert_eq!(listed.len(), posture::framework::FILES.len());
    for framework in listed {
        let count = |member: &str| framework[member].as_u64().unwrap();
        assert_eq!(count("judged") + count("not_yet_judged") + count("manual"), count("controls"), "{framework}");
        assert!(count("judged") > 0, "{framework}");
    }
}

#[test]
fn a_framework_lists_its_controls_and_the_rules_that_judge_them() {
    let run = posture(["frameworks", "cis-aws-7.0", "--format", "json"]);
    let controls = run.json();
    let root_mfa = controls.as_array().unwrap().iter().find(|control| control["id"] == "2.5").unwrap();
    assert_eq!(root_mfa["rules"], serde_json::json!(["root-mfa-enabled"]));
}

#[test]
fn a_scan_by_a_framework_runs_its_rules_alone_and_judges_every_control() {
    let path = account("bootcamp");
    let run = posture(["scan", "--snapshot", &path, "--framework", "cis-aws-7.0", "--format", "json"]);
    assert_eq!(run.code, 1, "{}", run.stderr);
    let report = run.json();
    for rule in report["rules_run"].as_array().unwrap() {
        assert!(rule["controls"]["cis-aws-7.0"].is_array(), "{rule}");
    }
    let controls = report["framework"]["controls"].as_array().unwrap();
    assert_eq!(controls.len(), 70);
    let status = |id: &str| controls.iter().find(|control| control["id"] == id).unwrap()["status"].clone();
    assert_eq!(status("2.5"), "fail");
    let table = posture(["scan", "--snapshot", &path, "--framework", "cis-aws-7.0"]).text();
    assert!(table.contains("CIS AWS Foundations Benchmark 7.0.0: "), "{table}");
}

#[test]
fn on_the_denied_account_no_control_passes() {
    let path = account("denied");
    for (file, _) in posture::framework::FILES {
        let id = file.trim_start_matches("rules/frameworks/").trim_end_matches(".yaml");
        let report = posture(["scan", "--snapshot", &path, "--framework", id, "--format", "json"]).json();
        assert_eq!(report["framework"]["summary"]["pass"], 0, "{id}");
    }
}

#[test]
fn an_unknown_framework_is_refused_with_the_likely_spelling() {
    let path = account("empty");
    let run = posture(["scan", "--snapshot", &path, "--framework", "cis-aws-7"]);
    assert_eq!(run.code, 2);
    assert!(run.stderr.contains("there is no framework `cis-aws-7`; did you mean `cis-aws-7.0`?"), "{}", run.stderr);
}

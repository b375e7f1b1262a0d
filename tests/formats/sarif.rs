//! SARIF against its schema and against each rule that GitHub code scanning enforces.

use posture::report::Report;
use serde_json::Value;

use crate::common::{assert_valid, rendered, schema};
use crate::sample;

fn sarif(report: &Report) -> Value {
    serde_json::from_str(&rendered("sarif", report)).unwrap()
}

fn run(report: &Report) -> Value {
    sarif(report)["runs"][0].clone()
}

fn results(report: &Report) -> Vec<Value> {
    run(report)["results"].as_array().unwrap().clone()
}

#[test]
fn the_log_obeys_the_schema_of_sarif_2_1_0() {
    let schema = schema("sarif-schema-2.1.0.json");
    for report in [sample::harmless(), sample::denied_account(), sample::clean_account()] {
        let log = sarif(&report);
        assert_eq!(log["version"], "2.1.0");
        assert_valid(&schema, &log);
    }
}

#[test]
fn every_result_has_a_relative_uri_that_no_reader_takes_for_a_scheme() {
    let report = sample::harmless();
    for result in results(&report) {
        let location = &result["locations"][0]["physicalLocation"];
        let uri = location["artifactLocation"]["uri"].as_str().unwrap();
        assert!(uri.starts_with("aws/123456789012/"), "{uri}");
        assert!(uri.chars().all(|c| c.is_ascii_alphanumeric() || "-._~/%".contains(c)), "{uri}");
        assert_eq!(location["region"]["startLine"], 1);
        assert_eq!(location["region"]["startColumn"], 1);
    }
    let uris: Vec<Value> = results(&report)
        .iter()
        .map(|result| result["locations"][0]["physicalLocation"]["artifactLocation"]["uri"].clone())
        .collect();
    assert!(uris.contains(&Value::from("aws/123456789012/iam/user/team/alice")), "{uris:?}");
}

#[test]
fn the_arn_is_the_logical_location() {
    let result = results(&sample::harmless())[0].clone();
    let logical = &result["locations"][0]["logicalLocations"][0];
    assert_eq!(logical["fullyQualifiedName"], "arn:aws:iam::123456789012:root");
}

#[test]
fn security_severity_is_a_numeric_string_in_the_band_of_its_name() {
    let run = run(&sample::harmless());
    for rule in run["tool"]["driver"]["rules"].as_array().unwrap() {
        let number: f64 = rule["properties"]["security-severity"].as_str().unwrap().parse().unwrap();
        assert!(number > 0.0 && number <= 10.0);
        assert!(["high", "medium", "low", "very-high"].contains(&rule["properties"]["precision"].as_str().unwrap()));
    }
    let critical = &run["tool"]["driver"]["rules"][0];
    assert_eq!(critical["id"], "root-no-access-keys");
    assert_eq!(critical["properties"]["security-severity"], "9.5");
}

#[test]
fn every_rule_that_ran_is_listed_and_results_point_to_theirs() {
    let report = sample::harmless();
    let run = run(&report);
    let rules = run["tool"]["driver"]["rules"].as_array().unwrap();
    let listed: Vec<&str> = rules.iter().map(|rule| rule["id"].as_str().unwrap()).collect();
    let ran: Vec<&str> = report.rules_run.iter().map(|rule| rule.id.as_str()).collect();
    assert_eq!(listed, ran);
    for result in run["results"].as_array().unwrap() {
        let index = usize::try_from(result["ruleIndex"].as_u64().unwrap()).unwrap();
        assert_eq!(rules[index]["id"], result["ruleId"]);
    }
}

#[test]
fn no_rule_repeats_its_id_as_its_name() {
    // SARIF 2.1.0 §3.49.7: a name is for people, and must then differ from the id.
    for rule in run(&sample::harmless())["tool"]["driver"]["rules"].as_array().unwrap() {
        assert_ne!(rule["id"], rule["name"]);
    }
}

#[test]
fn no_rule_has_more_than_twenty_tags() {
    let mut report = sample::harmless();
    let many = (0..50).map(|number| number.to_string()).collect();
    let mut controls = (*report.rules_run[0].controls).clone();
    controls.insert("a-framework".to_owned(), many);
    report.rules_run[0].controls = controls.into();
    let run = run(&report);
    assert_eq!(run["tool"]["driver"]["rules"][0]["properties"]["tags"].as_array().unwrap().len(), 20);
}

#[test]
fn fingerprints_are_ours_and_the_category_is_the_account() {
    let report = sample::harmless();
    let run = run(&report);
    assert_eq!(run["automationDetails"]["id"], "posture/123456789012/");
    let printed: Vec<&str> = run["results"]
        .as_array()
        .unwrap()
        .iter()
        .map(|result| result["partialFingerprints"]["primaryLocationLineHash"].as_str().unwrap())
        .collect();
    assert!(printed.contains(&report.results[0].fingerprint().as_str()));
    let different: std::collections::BTreeSet<&&str> = printed.iter().collect();
    assert_eq!(different.len(), printed.len());
}

#[test]
fn only_failing_findings_are_results() {
    let report = sample::harmless();
    assert_eq!(results(&report).len(), report.summary.results.fail);
}

#[test]
fn a_suppressed_finding_stays_with_its_justification() {
    let results = results(&sample::harmless());
    let suppressed: Vec<&Value> =
        results.iter().filter(|result| !result["suppressions"].as_array().unwrap().is_empty()).collect();
    assert_eq!(suppressed.len(), 1);
    assert_eq!(suppressed[0]["suppressions"][0]["kind"], "external");
    let words = suppressed[0]["suppressions"][0]["justification"].as_str().unwrap();
    assert!(words.contains("accepted until the migration") && words.contains("ops@example.com"), "{words}");
}

#[test]
fn a_withheld_verdict_is_a_notification_that_names_the_missing_action() {
    let run = run(&sample::denied_account());
    assert!(run["results"].as_array().unwrap().is_empty());
    let notification = &run["invocations"][0]["toolExecutionNotifications"][0];
    assert_eq!(notification["level"], "warning");
    assert_eq!(notification["associatedRule"]["id"], "budget-cost-exists");
    assert!(notification["message"]["text"].as_str().unwrap().contains("allow budgets:ViewBudget"));
}

#[test]
fn more_results_than_github_keeps_are_cut_worst_first_with_a_note() {
    let mut report = sample::many_failing(5_003);
    report.results.truncate(5_003);
    let run = run(&report);
    let kept = run["results"].as_array().unwrap();
    assert_eq!(kept.len(), 5_000);
    assert_eq!(kept[0]["partialFingerprints"]["primaryLocationLineHash"], report.results[0].fingerprint().as_str());
    let notes = run["invocations"][0]["toolExecutionNotifications"].as_array().unwrap();
    assert!(notes.iter().any(|note| note["message"]["text"].as_str().unwrap().contains("5003 results fail")));
}

#[test]
fn a_log_larger_than_github_takes_is_cut_until_it_fits() {
    let mut state = 1_u64;
    let mut noise = |length: usize| -> String {
        let mut next = || {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            char::from(b'0' + u8::try_from((state >> 33) % 64).unwrap())
        };
        (0..length).map(|_| next()).collect()
    };
    let mut report = sample::many_failing(5_000);
    for finding in &mut report.results {
        finding.message = noise(1_000);
        finding.resource.id = noise(2_000);
    }
    let log = rendered("sarif", &report);
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
    std::io::Write::write_all(&mut encoder, log.as_bytes()).unwrap();
    assert!(encoder.finish().unwrap().len() <= 10_000_000);
    let log: Value = serde_json::from_str(&log).unwrap();
    let kept = log["runs"][0]["results"].as_array().unwrap().len();
    assert!(kept > 0 && kept < 5_000, "{kept}");
}

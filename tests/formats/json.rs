//! The JSON report against its own published schema and the design's list of members.

use posture::output::{Context, Place};
use serde_json::Value;

use crate::common::{assert_valid, render, rendered};
use crate::sample;

fn report() -> Value {
    serde_json::from_str(&rendered("json", &sample::harmless())).unwrap()
}

#[test]
fn the_report_obeys_its_published_schema() {
    let schema = serde_json::to_value(posture::output::json::schema()).unwrap();
    for report in [sample::harmless(), sample::denied_account(), sample::clean_account()] {
        assert_valid(&schema, &serde_json::from_str(&rendered("json", &report)).unwrap());
    }
}

#[test]
fn the_schema_refuses_a_report_without_results() {
    let schema = serde_json::to_value(posture::output::json::schema()).unwrap();
    let mut document = report();
    document.as_object_mut().unwrap().remove("results");
    assert!(!jsonschema::is_valid(&schema, &document));
}

#[test]
fn the_members_are_those_of_version_1() {
    let report = report();
    assert_eq!(report["format"], "posture-report/1");
    for member in ["account", "partition", "collected_at", "regions", "rules_run", "summary", "gaps", "results"] {
        assert!(report.get(member).is_some(), "{member}");
    }
    let result = &report["results"][0];
    for member in [
        "rule",
        "severity",
        "status",
        "resource",
        "message",
        "evidence",
        "unknown",
        "controls",
        "suppressed",
        "fingerprint",
    ] {
        assert!(result.get(member).is_some(), "{member}");
    }
    for member in ["id", "kind", "region"] {
        assert!(result["resource"].get(member).is_some(), "{member}");
    }
    for member in ["fact", "value", "observation", "pointer"] {
        assert!(result["evidence"][0].get(member).is_some(), "{member}");
    }
    for member in ["service", "operation", "region", "request", "actions", "code", "message", "rules"] {
        assert!(report["gaps"][0].get(member).is_some(), "{member}");
    }
}

#[test]
fn a_withheld_verdict_carries_its_gaps() {
    let report = report();
    let unknown = report["results"].as_array().unwrap().iter().find(|result| result["status"] == "unknown").unwrap();
    assert_eq!(unknown["unknown"][0]["service"], "budgets");
    assert_eq!(unknown["unknown"][0]["actions"][0], "budgets:ViewBudget");
    assert_eq!(unknown["unknown"][1]["code"], "NotAttested");
    assert_eq!(unknown["unknown"][1]["service"], Value::Null);
}

#[test]
fn several_reports_are_one_line_each() {
    for place in [Place::First, Place::Later] {
        let line = render("json", &sample::harmless(), &Context { place, ..Context::default() });
        assert_eq!(line.matches('\n').count(), 1);
        assert_eq!(serde_json::from_str::<Value>(&line).unwrap(), report());
    }
}

#[test]
fn a_report_of_many_results_or_none_is_indented_and_in_order() {
    let sample = sample::harmless();
    for times in [0, 1, 300] {
        let mut report = sample::harmless();
        report.results = (0..times).flat_map(|_| sample.results.clone()).collect();
        let text = rendered("json", &report);
        let value: Value = serde_json::from_str(&text).unwrap();
        let rules = |value: &Value| -> Vec<String> {
            value["results"].as_array().unwrap().iter().map(|result| result["rule"].to_string()).collect()
        };
        let expected: Vec<String> = report.findings().map(|finding| Value::from(&*finding.rule).to_string()).collect();
        assert_eq!(rules(&value), expected);
        // The order of members aside, as the library writes it.
        let lines = |text: &str| {
            let mut lines: Vec<String> = text.lines().map(|line| line.trim_end_matches(',').to_owned()).collect();
            lines.sort();
            lines
        };
        assert!(lines(&text) == lines(&serde_json::to_string_pretty(&value).unwrap()), "{times}");
    }
}

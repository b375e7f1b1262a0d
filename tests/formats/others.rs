//! Markdown, annotations, CSV, OCSF and ASFF against their consumers' rules and schemas.

use posture::output::{Context, Place};
use serde_json::Value;

use crate::common::{assert_valid, render, rendered, schema};
use crate::sample;

fn lines(format: &str) -> Vec<Value> {
    rendered(format, &sample::harmless()).lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

#[test]
fn markdown_shows_totals_steps_failures_and_what_was_not_judged() {
    insta::assert_snapshot!(rendered("markdown", &sample::harmless()));
}

#[test]
fn markdown_stays_below_what_a_step_summary_takes_and_says_what_it_left_out() {
    let text = rendered("markdown", &sample::many_failing(20_000));
    assert!(text.len() <= 1_048_576, "{} bytes", text.len());
    assert!(text.contains("do not fit into a step summary"), "no note");
    assert!(text.contains("user-000000"), "the first is kept");
}

#[test]
fn at_most_ten_annotations_the_worst_first() {
    let text = rendered("github", &sample::harmless());
    assert!(
        text.starts_with("::error title=Title of root-no-access-keys should hold::root-no-access-keys (critical)"),
        "{text}"
    );
    assert!(text.contains("::warning title=Title of budget-cost-exists should hold::"), "{text}");
    let mut builder = sample::Builder::new(&str::to_owned);
    for number in 0..30 {
        builder = builder
            .rule(&format!("rule-{number:02}"), posture::finding::Severity::Medium)
            .result(posture::finding::Status::Fail, "arn:aws:iam::123456789012:root");
    }
    let text = rendered("github", &builder.build());
    assert_eq!(text.lines().count(), 10);
    assert!(text.ends_with("::notice title=posture::21 rules more: see the report\n"), "{text}");
}

#[test]
fn csv_has_one_row_per_result_and_one_header_for_several_accounts() {
    let report = sample::harmless();
    let text = rendered("csv", &report);
    let mut reader = csv::Reader::from_reader(text.as_bytes());
    assert_eq!(reader.headers().unwrap().get(2), Some("rule"));
    assert_eq!(reader.records().count(), report.results.len());
    let later = render("csv", &report, &Context { place: Place::Later, ..Context::default() });
    assert_eq!(later.lines().count(), report.results.len());
}

#[test]
fn every_ocsf_event_obeys_the_schema_of_class_2003() {
    let schema = schema("ocsf-1.8.0-compliance_finding.schema.json");
    let events = lines("ocsf");
    assert_eq!(events.len(), sample::harmless().results.len());
    for event in &events {
        assert_valid(&schema, event);
        assert_eq!(event["metadata"]["version"], "1.8.0");
        assert_eq!(event["class_uid"], 2003);
        assert_eq!(event["type_uid"], 2003 * 100 + event["activity_id"].as_i64().unwrap());
    }
}

#[test]
fn ocsf_calls_nothing_a_pass_that_is_none() {
    let events = lines("ocsf");
    for (event, result) in events.iter().zip(&sample::harmless().results) {
        let passes = event["compliance"]["status_id"] == 1;
        assert_eq!(passes, result.status == posture::finding::Status::Pass);
    }
}

#[test]
fn every_asff_finding_obeys_the_shapes_of_security_hub() {
    let shapes = schema("asff.botocore-shapes.json")["shapes"].clone();
    for text in ["", "   ", "x", &"long ".repeat(1_000)] {
        let report = sample::everything(&|_| text.to_owned());
        for line in rendered("asff", &report).lines() {
            let batch: Value = serde_json::from_str(line).unwrap();
            for finding in batch.as_array().unwrap() {
                assert_shape(&shapes, "AwsSecurityFinding", finding, "");
            }
        }
    }
}

#[test]
fn asff_texts_keep_to_the_documented_lengths() {
    let report = sample::everything(&|own| own.repeat(500));
    for line in rendered("asff", &report).lines() {
        let batch: Value = serde_json::from_str(line).unwrap();
        for finding in batch.as_array().unwrap() {
            for (pointer, most) in [
                ("/Id", 512),
                ("/Title", 256),
                ("/Description", 1_024),
                ("/GeneratorId", 512),
                ("/ProductArn", 2_048),
                ("/Remediation/Recommendation/Text", 512),
                ("/Resources/0/Id", 512),
                ("/Resources/0/Region", 16),
                ("/Severity/Original", 64),
            ] {
                let length = finding.pointer(pointer).unwrap().as_str().unwrap().chars().count();
                assert!((1..=most).contains(&length), "{pointer} has {length} characters");
            }
            assert!(finding["Compliance"]["RelatedRequirements"].as_array().unwrap().len() <= 32);
            let fields = finding["ProductFields"].as_object().unwrap();
            assert!(fields.len() <= 50);
            assert!(
                fields.iter().all(|(key, value)| key.len() <= 128 && value.as_str().unwrap().chars().count() <= 2_048)
            );
        }
    }
}

#[test]
fn asff_batches_are_as_large_as_one_call_takes() {
    let text = rendered("asff", &sample::many_failing(250));
    let sizes: Vec<usize> =
        text.lines().map(|line| serde_json::from_str::<Value>(line).unwrap().as_array().unwrap().len()).collect();
    assert_eq!(sizes, [100, 100, 50]);
}

/// Checks a value against a shape of the service model: members, requirements, enumerations, blank text.
pub(crate) fn assert_shape(shapes: &Value, name: &str, value: &Value, path: &str) {
    let shape = &shapes[name];
    match shape["type"].as_str().unwrap_or_else(|| panic!("{path}: no shape `{name}`")) {
        "structure" => {
            let members = value.as_object().unwrap_or_else(|| panic!("{path} is no object"));
            for required in shape["required"].as_array().into_iter().flatten() {
                assert!(members.contains_key(required.as_str().unwrap()), "{path} lacks {required}");
            }
            for (member, value) in members {
                let target = shape["members"][member]["shape"].as_str();
                let target = target.unwrap_or_else(|| panic!("{path} has the unknown member {member}"));
                assert_shape(shapes, target, value, &format!("{path}/{member}"));
            }
        }
        "list" => {
            for (index, item) in value.as_array().unwrap().iter().enumerate() {
                assert_shape(shapes, shape["member"]["shape"].as_str().unwrap(), item, &format!("{path}/{index}"));
            }
        }
        "map" => {
            for (key, item) in value.as_object().unwrap() {
                assert_shape(shapes, shape["value"]["shape"].as_str().unwrap(), item, &format!("{path}/{key}"));
            }
        }
        "string" => {
            let text = value.as_str().unwrap_or_else(|| panic!("{path} is no text"));
            if let Some(allowed) = shape["enum"].as_array() {
                assert!(allowed.contains(value), "{path}: `{text}` is not allowed");
            }
            if shape.get("pattern").is_some() {
                assert!(!text.trim().is_empty(), "{path} is blank");
            }
        }
        other => panic!("{path}: the shape `{name}` is a {other}, which no finding of ours holds"),
    }
}

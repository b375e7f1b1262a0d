//! Reports of whole example accounts in every format: in `menagerie` every rule fails, in `clean` none, in `denied`
//! nothing is known.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use posture::config::Config;
use posture::finding::Status;
use posture::output::{Context, FORMATS};
use posture::report::Report;
use posture::rule::built_in;
use posture::scan::Scan;
use posture::snapshot::SnapshotReader;
use serde_json::Value;

use crate::common::{assert_valid, contexts, render, rendered, schema};
use crate::hostile::assert_harmless;
use crate::junit::complaints;
use crate::others::assert_shape;

/// The accounts that are reported on; `denied` has no decisions beside it.
pub(crate) const ACCOUNTS: [&str; 4] = ["clean", "denied", "menagerie", "menagerie-member"];

/// Judges an account anew, from its file, with the decisions that lie beside it or beside the account it belongs to.
pub(crate) fn report(name: &str) -> Report {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/accounts");
    let known = built_in(&BTreeMap::new()).unwrap();
    let ids: BTreeSet<&str> = known.iter().map(|rule| rule.id.as_str()).collect();
    let config = match name.split('-').next().unwrap() {
        "denied" => Config::default(),
        decided => {
            let file = folder.join(format!("{decided}.posture.yaml"));
            Config::parse(decided, &std::fs::read_to_string(file).unwrap(), &ids).unwrap()
        }
    };
    let rules = built_in(&config.params).unwrap();
    let snapshot = SnapshotReader::open(&folder.join(format!("{name}.json"))).unwrap().next().unwrap().unwrap();
    Scan { rules: &rules, config: &config, baseline: None, as_of: None }.run(&snapshot)
}

/// Every format, and the table in every width and colour: no other has any.
fn destinations() -> Vec<(&'static str, Context)> {
    let plain = FORMATS.iter().map(|(format, _)| (*format, Context::default()));
    plain.chain(contexts().into_iter().map(|context| ("table", context))).collect()
}

/// Validates documents against one schema, which is compiled once.
fn assert_all_valid<'a>(schema: &Value, documents: impl IntoIterator<Item = &'a Value>) {
    let validator = jsonschema::validator_for(schema).unwrap();
    for document in documents {
        let errors: Vec<String> =
            validator.iter_errors(document).map(|error| format!("{}: {error}", error.instance_path())).collect();
        assert!(errors.is_empty(), "{errors:#?}");
    }
}

fn records(format: &str, report: &Report) -> Vec<Value> {
    rendered(format, report).lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

#[test]
fn two_scans_of_an_account_are_byte_identical_in_every_format() {
    for name in ACCOUNTS {
        let (one, other) = (report(name), report(name));
        for (format, context) in destinations() {
            assert!(render(format, &one, &context) == render(format, &other, &context), "{name} as {format}");
        }
    }
}

#[test]
fn json_and_its_records_obey_their_published_schemas() {
    let whole = serde_json::to_value(posture::output::json::schema()).unwrap();
    let record = serde_json::to_value(posture::output::ndjson::schema()).unwrap();
    for name in ACCOUNTS {
        let report = report(name);
        assert_valid(&whole, &serde_json::from_str(&rendered("json", &report)).unwrap());
        let records = records("ndjson", &report);
        assert_all_valid(&record, &records);
        let told = |finding: &&posture::finding::Finding| matches!(finding.status, Status::Fail | Status::Unknown);
        assert_eq!(records.len(), 1 + report.findings().filter(told).count(), "{name}");
    }
}

#[test]
fn sarif_obeys_its_schema_and_what_github_refuses_files_for() {
    let schema = schema("sarif-schema-2.1.0.json");
    for name in ACCOUNTS {
        let report = report(name);
        let log: Value = serde_json::from_str(&rendered("sarif", &report)).unwrap();
        assert_valid(&schema, &log);
        let run = &log["runs"][0];
        let results = run["results"].as_array().unwrap();
        assert_eq!(results.len(), report.summary.results.fail, "{name}");
        for result in results {
            let uri = result["locations"][0]["physicalLocation"]["artifactLocation"]["uri"].as_str().unwrap();
            assert!(uri.starts_with("aws/123456789012/") && !uri.contains(':'), "{uri}");
        }
        let prints: BTreeSet<&str> = results
            .iter()
            .map(|result| result["partialFingerprints"]["primaryLocationLineHash"].as_str().unwrap())
            .collect();
        assert_eq!(prints.len(), results.len(), "{name}: two findings have one fingerprint");
        for rule in run["tool"]["driver"]["rules"].as_array().unwrap() {
            let number: f64 = rule["properties"]["security-severity"].as_str().unwrap().parse().unwrap();
            assert!(number > 0.0 && number <= 10.0, "{rule}");
            assert!(rule["properties"]["tags"].as_array().unwrap().len() <= 20, "{rule}");
        }
    }
}

#[test]
fn every_event_obeys_the_schema_of_ocsf() {
    let schema = schema("ocsf-1.8.0-compliance_finding.schema.json");
    for name in ACCOUNTS {
        let report = report(name);
        let events = records("ocsf", &report);
        assert_eq!(events.len(), report.results.len(), "{name}");
        assert_all_valid(&schema, &events);
    }
}

#[test]
fn every_finding_obeys_the_shapes_of_security_hub() {
    let shapes = schema("asff.botocore-shapes.json")["shapes"].clone();
    for name in ACCOUNTS {
        for batch in records("asff", &report(name)) {
            let findings = batch.as_array().unwrap();
            assert!((1..=100).contains(&findings.len()), "{name}: a batch of {}", findings.len());
            for finding in findings {
                assert_shape(&shapes, "AwsSecurityFinding", finding, "");
            }
        }
    }
}

#[test]
fn junit_obeys_the_schema_of_jenkins() {
    for name in ACCOUNTS {
        assert_eq!(complaints(&rendered("junit", &report(name))).trim(), "", "{name}");
    }
}

#[test]
fn csv_has_a_row_of_the_same_length_for_each_result() {
    for name in ACCOUNTS {
        let report = report(name);
        let text = rendered("csv", &report);
        let mut reader = csv::ReaderBuilder::new().flexible(false).from_reader(text.as_bytes());
        let rows: Vec<csv::StringRecord> = reader.records().map(Result::unwrap).collect();
        assert_eq!(rows.len(), report.results.len(), "{name}");
        let rules: Vec<&str> = rows.iter().map(|row| row.get(2).unwrap()).collect();
        assert_eq!(rules, report.results.iter().map(|finding| finding.rule.as_ref()).collect::<Vec<_>>(), "{name}");
    }
}

#[test]
fn summaries_and_annotations_keep_within_githubs_limits() {
    for name in ACCOUNTS {
        let report = report(name);
        let summary = rendered("markdown", &report);
        assert!(summary.len() <= 1_048_576, "{name}: {} bytes", summary.len());
        let annotations = rendered("github", &report);
        assert!(annotations.lines().count() <= 10, "{annotations}");
        assert!(annotations.lines().all(|line| line.starts_with("::")), "{annotations}");
    }
}

#[test]
fn every_failing_rule_stands_in_every_format_that_lists_findings() {
    let report = report("menagerie");
    let failing: BTreeSet<&str> = report
        .results
        .iter()
        .filter(|finding| finding.status == Status::Fail)
        .map(|finding| finding.rule.as_ref())
        .collect();
    assert!(failing.len() > 150, "{}", failing.len());
    for (format, _) in FORMATS.iter().filter(|(format, _)| *format != "github") {
        let text = rendered(format, &report);
        let missing: Vec<&&str> = failing.iter().filter(|rule| !text.contains(**rule)).collect();
        assert!(missing.is_empty(), "{format} leaves out {missing:?}");
    }
}

#[test]
fn nothing_in_a_whole_report_steers_a_reader() {
    for name in ACCOUNTS {
        let report = report(name);
        for (format, context) in destinations() {
            assert_harmless(format, &render(format, &report, &context), &context, name);
        }
    }
}

//! The evaluation cases of other projects, and requests that independent engines agree on.

use crate::support::{json, json_lines};
use posture::iam::case::{Case, Library, library};
use posture::iam::{Policy, exposure, glob, grammar};
use serde_json::Value;
use std::collections::BTreeMap;

/// The rows of one kind.
fn rows(kind: &str) -> Vec<Value> {
    let rows = json_lines("policy-eval/upstream-tests.permissive.jsonl");
    let chosen: Vec<Value> = rows.into_iter().filter(|row| row["kind"] == kind && row["mode"] != "discovery").collect();
    assert!(!chosen.is_empty(), "{kind}");
    chosen
}

/// Our answers to some rows, by id, out of the table that gives the reason for each.
fn table(name: &str) -> BTreeMap<String, String> {
    let decided = json("policy-eval/decided.json");
    let entries = decided[name].as_object().unwrap();
    let answer = |entry: &Value| {
        assert!(entry["why"].as_str().unwrap().contains("https://docs.aws.amazon.com/"), "{entry}");
        entry["answer"].as_str().unwrap().to_owned()
    };
    entries.iter().map(|(id, entry)| (id.clone(), answer(entry))).collect()
}

fn decision(row: &Value, library: &Library) -> String {
    let case = Case::from_value(row, library).unwrap_or_else(|error| panic!("{}: {error}", row["id"]));
    case.answer().decision.as_str().to_owned()
}

#[test]
fn every_request_that_independent_engines_agree_on_is_decided_as_they_do() {
    let library = library(&json("policy-eval/differential-agreed.policies.json.gz")).unwrap();
    let rows = json_lines("policy-eval/differential-agreed.jsonl.gz");
    assert_eq!(rows.len(), 2_365);
    let wrong: Vec<&Value> = rows.iter().filter(|row| row["expected"] != decision(row, &library)).collect();
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn requests_that_engines_disagree_on_are_decided_by_the_manual() {
    let library = library(&json("policy-eval/differential-disagreed.policies.json")).unwrap();
    let rows = json_lines("policy-eval/differential-disagreed.jsonl");
    let id = |row: &Value| row["id"].as_str().unwrap().to_owned();
    let ours: BTreeMap<String, String> = rows.iter().map(|row| (id(row), decision(row, &library))).collect();
    assert_eq!(ours, table("decided"));
}

#[test]
fn any_of_several_actions_is_decided_as_upstream_but_for_the_listed_rows() {
    let mut differs = BTreeMap::new();
    for row in rows("authorize-any") {
        let answers: Vec<String> = row["actions"]
            .as_array()
            .unwrap()
            .iter()
            .map(|action| {
                let mut row = row.clone();
                row["request"]["action"] = action.clone();
                decision(&row, &Library::new())
            })
            .collect();
        let first = |wanted: &str| answers.iter().find(|answer| *answer == wanted);
        let ours = first("ExplicitlyDenied").or(first("Allowed")).unwrap_or(&answers[0]);
        if row["expected"] != *ours {
            differs.insert(row["id"].as_str().unwrap().to_owned(), ours.clone());
        }
    }
    assert_eq!(differs, table("differs"));
}

#[test]
fn globs_match_as_upstream() {
    for row in rows("glob") {
        let (pattern, value) = (row["pattern"].as_str().unwrap(), row["value"].as_str().unwrap());
        let ours = glob::matches_text(&pattern.to_lowercase(), &value.to_lowercase());
        assert_eq!(row["expected"], ours, "{}", row["id"]);
    }
}

#[test]
fn globs_overlap_as_upstream() {
    for row in rows("glob-overlap") {
        let ours = glob::overlap(row["a"].as_str().unwrap(), row["b"].as_str().unwrap());
        assert_eq!(row["expected"], ours, "{}", row["id"]);
    }
}

#[test]
fn documents_are_malformed_exactly_where_aws_says_so() {
    for row in rows("malformed-policy-document") {
        let ours = match &row["policy"] {
            Value::String(text) => text.parse::<Policy>(),
            document => Policy::from_value(document),
        };
        let valid = ours.is_ok_and(|policy| grammar::refusals(&policy).is_empty());
        assert_eq!(row["expected"]["valid"], valid, "{}: {}", row["id"], row["policy"]);
    }
}

#[test]
fn arn_patterns_overlap_as_upstream() {
    for kind in ["is-arn-match", "is-arn-strictly-valid"] {
        let mut differs = BTreeMap::new();
        for row in rows(kind) {
            let arguments = &row["args"];
            let (format, resource) =
                (arguments["arn_format"].as_str().unwrap(), arguments["resource"].as_str().unwrap());
            if row["expected"] != glob::arns_overlap(format, resource) {
                differs.insert(row["id"].as_str().unwrap().to_owned(), resource.to_owned());
            }
        }
        assert_eq!(differs, BTreeMap::new(), "{kind}");
    }
}

#[test]
fn policies_are_open_to_the_internet_as_upstream_but_for_the_listed_rows() {
    let mut differs = BTreeMap::new();
    for row in rows("internet-accessible-policy") {
        let public = !exposure::public_statements(&Policy::from_value(&row["policy"]).unwrap()).is_empty();
        if row["expected"] != public {
            differs.insert(row["id"].as_str().unwrap().to_owned(), public.to_string());
        }
    }
    assert_eq!(differs, table("exposure_differs"));
}

#[test]
fn only_the_policy_that_is_named_public_is_public() {
    let rows = json_lines("policy-eval/cloudfox-resource-policies.jsonl");
    let is_public =
        |row: &&Value| !exposure::public_statements(&Policy::from_value(&row["policy"]).unwrap()).is_empty();
    let public: Vec<&str> = rows.iter().filter(is_public).map(|row| row["name"].as_str().unwrap()).collect();
    assert_eq!(public, ["sqs-public"]);
}

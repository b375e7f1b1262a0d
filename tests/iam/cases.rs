//! Our own cases: one sentence each, with the AWS page that says so.

use crate::support::{fixture, json, json_lines};
use posture::cli::iam::eval::Arguments;
use posture::iam::case::{Case, library};
use serde_json::Value;

#[test]
fn every_case_is_decided_as_the_manual_says() {
    let library = library(&json("policies/library.json")).unwrap();
    let mut wrong = Vec::new();
    for row in json_lines("policies/cases.jsonl") {
        let case = Case::from_value(&row, &library).unwrap_or_else(|error| panic!("{}: {error}", row["id"]));
        assert!(row["why"].as_str().unwrap().starts_with("https://docs.aws.amazon.com/"), "{}", row["id"]);
        let answer = case.answer();
        if row["expected"] != answer.decision.as_str() {
            wrong.push(format!("{}: {} because {}", row["id"], answer.decision, answer.because));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn the_command_answers_every_case_on_a_line_of_its_own() {
    let arguments =
        Arguments { cases: fixture("policies/cases.jsonl"), policies: Some(fixture("policies/library.json")) };
    let (mut out, mut problems) = (Vec::new(), Vec::new());
    let code = arguments.run(&mut std::io::empty(), &mut out, &mut problems).unwrap();
    assert_eq!((code, problems.as_slice()), (0, [].as_slice()));
    let rows = json_lines("policies/cases.jsonl");
    let answers: Vec<Value> =
        String::from_utf8(out).unwrap().lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(answers.len(), rows.len());
    for (row, answer) in rows.iter().zip(&answers) {
        assert_eq!((&row["id"], &row["expected"]), (&answer["id"], &answer["decision"]));
        assert!(!answer["because"].as_str().unwrap().is_empty());
    }
}

//! The 44 statements of the bootcamp's own notes (framework `bootcamp`): each is judged, and on the hardened account none
//! fails that an account can meet.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use crate::offline::{account, fixture, posture};

/// Statements that no call can answer, so that they stay open until somebody attests them.
const ATTESTED: &[&str] = &["SEED-05", "SEED-06"];

/// The rows of the catalogue: statement to rules.
fn catalogue() -> BTreeMap<String, Vec<String>> {
    let text = std::fs::read_to_string(fixture("catalogue/controls.csv")).unwrap();
    let row = |line: &str| {
        let [framework, id, _, rules] = line.split(',').collect::<Vec<_>>()[..] else { panic!("{line}") };
        (framework == "bootcamp").then(|| (id.to_owned(), rules.split(';').map(str::to_owned).collect()))
    };
    text.lines().skip(1).filter_map(row).collect()
}

/// The statements as a scan reports them.
fn statements(name: &str) -> (Value, BTreeMap<String, Value>) {
    let path = account(name);
    let run = posture(["scan", "--snapshot", &path, "--framework", "bootcamp", "--format", "json"]);
    let report = run.json();
    let controls = report["framework"]["controls"].as_array().unwrap().clone();
    let by_id = controls.into_iter().map(|control| (control["id"].as_str().unwrap().to_owned(), control));
    (report.clone(), by_id.collect())
}

#[test]
fn each_of_the_44_statements_shows_its_rules_and_a_status() {
    let catalogue = catalogue();
    assert_eq!(catalogue.len(), 44);
    for name in ["bootcamp", "bootcamp-hardened"] {
        let (report, statements) = statements(name);
        assert_eq!(statements.keys().collect::<Vec<_>>(), catalogue.keys().collect::<Vec<_>>(), "{name}");
        let judged: BTreeSet<&str> =
            report["results"].as_array().unwrap().iter().map(|result| result["rule"].as_str().unwrap()).collect();
        for (id, statement) in &statements {
            let rules: Vec<&str> =
                statement["rules"].as_array().unwrap().iter().map(|rule| rule.as_str().unwrap()).collect();
            for rule in &catalogue[id] {
                assert!(rules.contains(&rule.as_str()), "{name}: {id} does not show `{rule}`");
                assert!(judged.contains(rule.as_str()), "{name}: `{rule}` of {id} judged nothing");
            }
            let status = statement["status"].as_str().unwrap();
            assert!(["pass", "fail", "unknown", "not_applicable"].contains(&status), "{name}: {id} is {status}");
        }
    }
}

#[test]
fn the_hardened_account_fails_no_statement_and_leaves_open_what_only_people_can_answer() {
    let (_, statements) = statements("bootcamp-hardened");
    let with = |wanted: &str| -> Vec<&str> {
        let found = statements.iter().filter(|(_, statement)| statement["status"] == wanted);
        found.map(|(id, _)| id.as_str()).collect()
    };
    assert_eq!(with("fail"), [""; 0]);
    assert_eq!(with("unknown"), ATTESTED);
    assert_eq!(with("not_applicable"), [""; 0]);
    assert_eq!(with("pass").len(), 44 - ATTESTED.len());
}

#[test]
fn the_account_as_the_bootcamp_leaves_it_fails_most_statements() {
    let (_, statements) = statements("bootcamp");
    let failing = statements.values().filter(|statement| statement["status"] == "fail").count();
    assert!(failing > 22, "{failing}");
}

//! The rules that the program set out with, and the controls that they judge; see `fixtures/catalogue/SOURCES.md`.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use posture::rule::{BUILT_IN, ParamOverrides, Rule, load};

use crate::offline::posture;

/// A control of the catalogue.
struct Control {
    framework: String,
    id: String,
    automatable: bool,
    rules: Vec<String>,
}

fn read(name: &str) -> String {
    std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/catalogue").join(name)).unwrap()
}

fn controls() -> Vec<Control> {
    let lines = read("controls.csv");
    let control = |line: &str| {
        let [framework, id, automatable, rules] = line.split(',').collect::<Vec<_>>()[..] else { panic!("{line}") };
        Control {
            framework: framework.to_owned(),
            id: id.to_owned(),
            automatable: automatable == "yes",
            rules: rules.split(';').filter(|rule| !rule.is_empty()).map(str::to_owned).collect(),
        }
    };
    lines.lines().skip(1).map(control).collect()
}

fn rules() -> BTreeMap<String, Rule> {
    let load = |(file, text): &(&str, &str)| load::load(file, text, &ParamOverrides::new()).unwrap();
    BUILT_IN.iter().map(load).map(|rule| (rule.id.clone(), rule)).collect()
}

fn maps(rule: &Rule, control: &Control) -> bool {
    rule.controls.get(&control.framework).is_some_and(|ids| ids.contains(&control.id))
}

#[test]
fn every_rule_of_the_catalogue_exists_with_a_pass_a_failure_and_an_unknown() {
    let rules = rules();
    let listed = posture(["rules", "list", "--format", "json"]).json();
    let listed: BTreeSet<&str> = listed.as_array().unwrap().iter().map(|rule| rule["id"].as_str().unwrap()).collect();
    let catalogue = read("rules.txt");
    assert_eq!(catalogue.lines().count(), 165);
    for id in catalogue.lines() {
        assert!(listed.contains(id), "{id}");
        assert_eq!(load::missing_examples(&rules[id].examples().unwrap()), [""; 0], "{id}");
    }
}

#[test]
fn every_automatable_control_is_mapped_by_a_rule() {
    let rules = rules();
    let controls = controls();
    assert_eq!(controls.iter().filter(|control| control.automatable).count(), 641);
    for control in controls.iter().filter(|control| control.automatable) {
        let is_mapped = rules.values().any(|rule| maps(rule, control));
        assert!(is_mapped, "no rule maps {} {}", control.framework, control.id);
    }
}

#[test]
fn every_rule_maps_the_controls_that_the_catalogue_says_it_judges() {
    let rules = rules();
    for control in controls() {
        for rule in control.rules.iter().filter_map(|id| rules.get(id)) {
            assert!(maps(rule, &control), "{} does not map {} {}", rule.id, control.framework, control.id);
        }
    }
}

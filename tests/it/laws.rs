//! The promises that hold for every rule: no pass without evidence, and the same input gives the same bytes.

use std::collections::{BTreeMap, BTreeSet};

use posture::config::Config;
use posture::finding::Status;
use posture::output::{Context, FORMATS};
use posture::report::Report;
use posture::rule::{ParamOverrides, Rule, built_in};
use posture::scan::Scan;
use posture::snapshot::{ApiError, Observation, Outcome, Snapshot, SnapshotHeader, SnapshotReader};
use rayon::prelude::*;

use crate::offline::{account, posture};

fn rules() -> Vec<Rule> {
    built_in(&ParamOverrides::new()).unwrap()
}

fn read(name: &str) -> Snapshot {
    SnapshotReader::open(account(name).as_ref()).unwrap().next().unwrap().unwrap()
}

fn with_observations(snapshot: &Snapshot, observations: Vec<Observation>) -> Snapshot {
    let header = SnapshotHeader {
        collector: snapshot.collector.clone(),
        collected_at: snapshot.collected_at,
        account: snapshot.account.clone(),
        partition: snapshot.partition.clone(),
        caller: snapshot.caller.clone(),
        regions: snapshot.regions.clone(),
    };
    Snapshot::new(header, observations).unwrap()
}

fn judge(rules: &[Rule], snapshot: &Snapshot) -> Report {
    Scan { rules, config: &Config::default(), baseline: None, as_of: None }.run(snapshot)
}

type Verdicts = BTreeMap<(String, String, Option<String>), (Status, BTreeSet<String>)>;

/// Verdicts by rule and resource, with the observations that decided.
fn verdicts(report: &Report) -> Verdicts {
    report
        .results
        .iter()
        .map(|finding| {
            let key = (finding.rule.to_string(), finding.resource.id.clone(), finding.resource.region.clone());
            let evidence = finding
                .evidence
                .iter()
                .filter_map(|evidence| evidence.observation.as_deref().map(str::to_owned))
                .collect();
            (key, (finding.status, evidence))
        })
        .collect()
}

fn denied(observation: &Observation) -> Observation {
    let error = ApiError { code: "AccessDenied".to_owned(), message: "denied by the test".to_owned() };
    Observation { outcome: Outcome::Failed(error), ..observation.clone() }
}

/// What a denied or missing observation may change: nothing but from a verdict to `unknown`, and what rested on the
/// observation must change.
fn blinding_never_decides(name: &str, blind: impl Fn(&Observation) -> Option<Observation> + Sync) {
    let (rules, snapshot) = (rules(), read(name));
    let before = verdicts(&judge(&rules, &snapshot));
    assert!(!before.is_empty());
    snapshot.observations().par_iter().enumerate().for_each(|(index, observation)| {
        let mut observations = snapshot.observations().to_vec();
        match blind(observation) {
            Some(blinded) => observations[index] = blinded,
            None => drop(observations.remove(index)),
        }
        let after = verdicts(&judge(&rules, &with_observations(&snapshot, observations)));
        let label = observation.label();
        for (key, (status, _)) in &after {
            let was = before.get(key).map(|(status, _)| *status);
            let allowed = *status == Status::Unknown || was == Some(*status);
            assert!(allowed, "without {label}: {key:?} goes from {was:?} to {status:?}");
        }
        for (key, (status, evidence)) in &before {
            let decided = matches!(status, Status::Pass | Status::Fail);
            if decided && evidence.contains(&label) {
                let now = after.get(key).map(|(status, evidence)| (*status, evidence));
                let rests = matches!(now, Some((Status::Pass | Status::Fail, evidence)) if evidence.contains(&label));
                assert!(!rests, "without {label}: {key:?} still rests on it");
            }
        }
    });
}

#[test]
fn denying_any_observation_turns_verdicts_into_unknown_and_nothing_else() {
    blinding_never_decides("bootcamp-hardened", |observation| Some(denied(observation)));
    blinding_never_decides("bootcamp", |observation| Some(denied(observation)));
}

#[test]
fn leaving_out_any_observation_turns_verdicts_into_unknown_and_nothing_else() {
    blinding_never_decides("bootcamp-hardened", |_| None);
    blinding_never_decides("bootcamp", |_| None);
}

#[test]
fn a_rule_that_needs_a_denied_observation_says_neither_pass_nor_fail() {
    // The hardened account passes whole: what reads an observation there and is denied it can only be unknown, unless
    // another observation settles the verdict by itself.
    let (rules, snapshot) = (rules(), read("bootcamp-hardened"));
    snapshot.observations().par_iter().enumerate().for_each(|(index, observation)| {
        let mut observations = snapshot.observations().to_vec();
        observations[index] = denied(observation);
        let report = judge(&rules, &with_observations(&snapshot, observations));
        let blinded: BTreeSet<&str> = report.gaps.iter().flat_map(|gap| gap.rules.iter().map(String::as_str)).collect();
        for run in &report.rules_run {
            if blinded.contains(run.id.as_str()) {
                assert!(run.counts.unknown > 0, "without {}: {} hides its gap", observation.label(), run.id);
            }
        }
    });
}

#[test]
fn on_the_denied_account_nothing_passes_and_the_report_names_the_missing_actions() {
    let run = posture(["scan", "--snapshot", &account("denied"), "--format", "json"]);
    assert_eq!(run.code, 3);
    let report = run.json();
    let passing: Vec<_> =
        report["results"].as_array().unwrap().iter().filter(|result| result["status"] == "pass").collect();
    // Who asked is known even there: a verdict about the caller alone may pass.
    for result in &passing {
        assert_eq!(result["rule"], "collector-identity-not-root", "{result}");
    }
    let shown = posture(["scan", "--snapshot", &account("denied")]).text();
    for action in ["iam:GetAccountSummary", "iam:GetCredentialReport"] {
        assert!(report["gaps"].to_string().contains(action), "{action}");
        assert!(shown.contains(action), "{action}");
    }
}

#[test]
fn two_runs_are_byte_identical_in_every_format() {
    for (format, _) in FORMATS {
        for name in ["clean", "denied", "empty", "menagerie"] {
            let once = posture(["scan", "--snapshot", &account(name), "--format", format]);
            let again = posture(["scan", "--snapshot", &account(name), "--format", format]);
            assert_eq!(once.stdout, again.stdout, "{format} of {name}");
            assert!(!once.stdout.is_empty() || *format == "github", "{format} of {name}");
        }
    }
}

#[test]
fn permuting_the_observations_changes_nothing_in_any_format() {
    let rules = rules();
    for name in ["clean", "menagerie"] {
        let snapshot = read(name);
        let report = judge(&rules, &snapshot);
        for turn in [1, 7, 13] {
            let mut observations = snapshot.observations().to_vec();
            observations.reverse();
            let middle = turn % observations.len();
            observations.rotate_left(middle);
            let permuted = judge(&rules, &with_observations(&snapshot, observations));
            for (format, renderer) in FORMATS {
                let (mut one, mut two) = (Vec::new(), Vec::new());
                renderer.render(&report, &Context::default(), &mut one).unwrap();
                renderer.render(&permuted, &Context::default(), &mut two).unwrap();
                assert_eq!(one, two, "{format} of {name}");
            }
        }
    }
}

#[test]
fn every_evidence_pointer_leads_into_the_observation_that_it_names() {
    let rules = rules();
    for name in ["bootcamp", "bootcamp-hardened", "clean", "menagerie"] {
        let snapshot = read(name);
        let mut followed = 0;
        for finding in judge(&rules, &snapshot).results {
            for evidence in finding.evidence {
                let (Some(label), Some(pointer)) = (evidence.observation, evidence.pointer) else { continue };
                let observation =
                    snapshot.observations().iter().find(|observation| *observation.label() == *label).unwrap();
                let Outcome::Answered(response) = &observation.outcome else {
                    assert_eq!(pointer, "", "{label}");
                    continue;
                };
                let json = serde_json::to_value(response).unwrap();
                let found = json.pointer(&pointer).is_some();
                // A fact that is absent, or a list that AWS leaves out when it is empty, points to the member that is not there.
                let left_out = evidence.value.is_null() || evidence.value == serde_json::json!([]);
                assert!(found || left_out, "{}: {label} has no {pointer}", finding.rule);
                followed += 1;
            }
        }
        assert!(followed > 0);
    }
}

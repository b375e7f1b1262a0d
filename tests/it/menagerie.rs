//! The example accounts that hold every rule to its word: `menagerie`, where each fails, and `clean`, where none does.

use std::collections::{BTreeMap, BTreeSet};

use posture::config::Config;
use posture::finding::{Finding, Status};
use posture::report::Report;
use posture::rule::{Rule, built_in};
use posture::scan::Scan;

use super::accounts::account;
use crate::offline::{self, posture};

/// The rules that cannot fail on the menagerie, the account on which they do, and why one account cannot hold both.
const ELSEWHERE: &[(&str, &str, &str)] = &[
    ("account-contact-distribution-list", "menagerie-member", "its contacts are complete; the menagerie's are missing"),
    ("account-in-organization", "empty", "it stands alone; the menagerie manages an organization"),
    ("billing-alarm-exists", "empty", "it has no alarm; the menagerie's is set up wrong"),
    ("iam-billing-read-granted", "menagerie-member", "nobody may do anything; the menagerie has an administrator"),
    (
        "iam-budgets-permission-granted",
        "menagerie-member",
        "nobody may do anything; the menagerie has an administrator",
    ),
    ("iam-password-policy-exists", "menagerie-member", "it has no password policy; the menagerie's is weak"),
    ("org-all-features", "menagerie-member", "its organization shares bills alone; the menagerie's trusts services"),
    ("root-credentials-removed-member", "menagerie-member", "it is a member; the menagerie manages the organization"),
    ("support-plan-level", "menagerie-member", "it has no plan; Trusted Advisor answers the menagerie"),
    ("wa-workload-defined", "menagerie-member", "it has no workload; the menagerie's was reviewed badly"),
];

/// The rules that pass on no resource of the clean account, and why.
const NOT_PASSED: &[(&str, &str)] = &[("root-credentials-removed-member", "a management account needs its root user")];

struct Judged {
    report: Report,
    rules: Vec<Rule>,
}

/// Judges an example account with the parameters and attestations that lie beside it.
fn judged(name: &str, decisions: &str) -> Judged {
    let file = offline::fixture(&format!("accounts/{decisions}.posture.yaml"));
    let text = std::fs::read_to_string(&file).unwrap();
    let known = built_in(&BTreeMap::new()).unwrap();
    let ids: BTreeSet<&str> = known.iter().map(|rule| rule.id.as_str()).collect();
    let config = Config::parse(file.to_str().unwrap(), &text, &ids).unwrap_or_else(|error| panic!("{error}"));
    let rules = built_in(&config.params).unwrap();
    let report = Scan { rules: &rules, config: &config, baseline: None, as_of: None }.run(&account(name));
    Judged { report, rules }
}

impl Judged {
    fn with(&self, status: Status) -> BTreeMap<&str, &Finding> {
        let found = self.report.findings().filter(|finding| finding.status == status);
        found.map(|finding| (finding.rule.as_ref(), finding)).collect()
    }
}

fn ids(rules: &[Rule]) -> BTreeSet<&str> {
    rules.iter().map(|rule| rule.id.as_str()).collect()
}

#[test]
fn every_rule_fails_on_the_menagerie_or_where_the_menagerie_cannot_be_two_things_at_once() {
    let menagerie = judged("menagerie", "menagerie");
    let failing = menagerie.with(Status::Fail);
    let others: BTreeSet<&str> = ELSEWHERE.iter().map(|(_, name, _)| *name).collect();
    let others: BTreeMap<&str, Judged> = others.into_iter().map(|name| (name, judged(name, "menagerie"))).collect();
    for (rule, name, why) in ELSEWHERE {
        assert!(!failing.contains_key(rule), "`{rule}` fails on the menagerie; it needs no other account: {why}");
        assert!(others[name].with(Status::Fail).contains_key(rule), "`{rule}` does not fail on `{name}`: {why}");
    }
    let elsewhere: BTreeSet<&str> = ELSEWHERE.iter().map(|(rule, _, _)| *rule).collect();
    let here: BTreeSet<&str> = failing.keys().copied().collect();
    let never: Vec<&str> =
        ids(&menagerie.rules).into_iter().filter(|rule| !here.contains(rule) && !elsewhere.contains(rule)).collect();
    assert_eq!(never, [""; 0], "these rules fail on no account");
}

#[test]
fn the_menagerie_leaves_nothing_unanswered() {
    let menagerie = judged("menagerie", "menagerie");
    let unknown = menagerie.with(Status::Unknown);
    let why: Vec<String> = unknown.iter().map(|(rule, finding)| format!("{rule}: {:?}", finding.unknown)).collect();
    assert_eq!(why, [""; 0]);
}

#[test]
fn no_rule_fails_on_the_clean_account_and_all_that_can_pass_do() {
    let clean = judged("clean", "clean");
    for (status, what) in [(Status::Fail, "fails"), (Status::Unknown, "is not known")] {
        let found: Vec<String> = clean
            .with(status)
            .values()
            .map(|finding| format!("{} {what} on {}: {}", finding.rule, finding.resource.id, finding.message))
            .collect();
        assert_eq!(found, [""; 0]);
    }
    let passed = clean.with(Status::Pass);
    let not_passed: BTreeSet<&str> = ids(&clean.rules).into_iter().filter(|rule| !passed.contains_key(rule)).collect();
    assert_eq!(not_passed, NOT_PASSED.iter().map(|(rule, _)| *rule).collect::<BTreeSet<_>>());
}

#[test]
fn without_decisions_and_attestations_the_clean_account_fails_one_rule_that_an_exemption_answers() {
    let config = Config::default();
    let rules = built_in(&config.params).unwrap();
    let report = Scan { rules: &rules, config: &config, baseline: None, as_of: None }.run(&account("clean"));
    let failing = report.results.iter().filter(|finding| finding.status == Status::Fail);
    // A machine has to run somewhere for the rules on machines to pass, and rules on organizations ask for the
    // management account.
    assert_eq!(failing.map(|finding| finding.rule.as_ref()).collect::<Vec<_>>(), ["org-mgmt-no-workloads"]);
}

#[test]
fn every_verdict_on_both_accounts_shows_its_evidence() {
    for name in ["menagerie", "clean"] {
        for finding in &judged(name, name).report.results {
            let decides = matches!(finding.status, Status::Pass | Status::Fail);
            assert!(!decides || !finding.evidence.is_empty(), "{name}: {} has no evidence", finding.rule);
        }
    }
}

#[test]
fn the_gate_lets_the_clean_account_through_at_every_severity_and_stops_the_menagerie() {
    let scan = |name: &str| {
        let config = offline::fixture(&format!("accounts/{name}.posture.yaml"));
        let snapshot = offline::account(name);
        let config = config.to_str().unwrap();
        posture(["scan", "--snapshot", &snapshot, "--config", config, "--fail-on", "info"]).code
    };
    assert_eq!(scan("clean"), 0);
    assert_eq!(scan("menagerie"), 1);
}

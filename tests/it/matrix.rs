//! The denial matrix: every operation of the table, failing in every way, on every example account.
//!
//! A scanner that says `pass` when it was blind is worse than none. Here every answer of one operation is replaced by
//! the error that collecting records for a fault, and the report may change in one way only: verdicts that rest on the
//! operation become `unknown`, and say which call in which Region failed and which IAM action it needs. The cells come
//! from the code's own table, so nobody has to think of a new operation, and from the accounts on which every rule fails,
//! passes and is blind. Faults that are recorded as the same error make the same snapshot, and are judged once.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::panic::AssertUnwindSafe;
use std::time::{Duration, Instant};

use posture::config::{Config, Threshold};
use posture::finding::{Finding, Severity, Status};
use posture::gate::Gate;
use posture::report::Report;
use posture::rule::{ParamOverrides, Rule, built_in};
use posture::scan::Scan;
use posture::snapshot::{ApiError, Observation, Operation, Outcome, Request, Snapshot, SnapshotHeader, leader_region};
use rayon::prelude::*;

use crate::accounts::account;
use crate::faults::{Fault, errors};

/// How long one cell may take on a busy machine; a cell is one scan.
const PATIENCE: Duration = Duration::from_mins(1);

pub(crate) type Key = (String, String, Option<String>);
pub(crate) type Findings = BTreeMap<Key, Finding>;

/// An example account with the findings on it when everything answers.
pub(crate) struct Case {
    pub(crate) name: String,
    pub(crate) snapshot: Snapshot,
    pub(crate) whole: Findings,
}

impl Case {
    fn runs(&self, rule: &str) -> bool {
        self.whole.keys().any(|(run, _, _)| run == rule)
    }

    fn was_asked(&self, operation: Operation) -> bool {
        self.snapshot.observations().iter().any(|observation| observation.operation == operation)
    }
}

/// An account in which some calls of one operation fail.
struct Cell<'a> {
    case: &'a Case,
    operation: Operation,
    error: ApiError,
    /// The calls that fail.
    calls: BTreeSet<String>,
    /// Whether the account was asked: where it was not, more than this call may be missing.
    was_asked: bool,
    snapshot: Snapshot,
}

/// What cells came to.
#[derive(Debug, Default)]
struct Tally {
    cells: usize,
    judged: usize,
    /// Verdicts withheld, by operation.
    withheld: BTreeMap<Operation, usize>,
    slowest: Duration,
    panics: usize,
    hangs: usize,
    complaints: Vec<String>,
}

impl Tally {
    fn and(mut self, other: Self) -> Self {
        for (operation, count) in other.withheld {
            *self.withheld.entry(operation).or_default() += count;
        }
        self.complaints.extend(other.complaints);
        Self {
            cells: self.cells + other.cells,
            judged: self.judged + other.judged,
            slowest: self.slowest.max(other.slowest),
            panics: self.panics + other.panics,
            hangs: self.hangs + other.hangs,
            ..self
        }
    }

    /// Prints the size of the matrix and fails with what was found.
    #[expect(clippy::print_stderr, reason = "the size of the matrix is a figure that people ask for")]
    fn settle(&self, what: &str, start: Instant) {
        let withheld: usize = self.withheld.values().sum();
        let mut figures = format!("denial matrix of {what}: {} cells ({} scans), ", self.cells, self.judged);
        let _ = write!(figures, "{withheld} verdicts withheld, {} flips, ", self.complaints.len());
        let _ = write!(figures, "{} hangs, {} panics; ", self.hangs, self.panics);
        let _ = write!(figures, "slowest {:.2?}, all {:.1?}", self.slowest, start.elapsed());
        eprintln!("{figures}");
        assert!(
            self.complaints.is_empty(),
            "{}",
            self.complaints.iter().take(40).cloned().collect::<Vec<_>>().join("\n")
        );
        assert_eq!((self.hangs, self.panics), (0, 0));
        assert!(withheld > 0, "the matrix blinds nobody: it tests nothing");
    }
}

pub(crate) fn rules() -> Vec<Rule> {
    built_in(&ParamOverrides::new()).unwrap()
}

pub(crate) fn judge(rules: &[Rule], snapshot: &Snapshot) -> Report {
    Scan { rules, config: &Config::default(), baseline: None, as_of: None }.run(snapshot)
}

pub(crate) fn by_key(report: &Report) -> Findings {
    let key = |one: &Finding| (one.rule.to_string(), one.resource.id.clone(), one.resource.region.clone());
    report.findings().map(|finding| (key(finding), finding.clone())).collect()
}

/// The accounts that are blinded. The menagerie's member is not among them: it was asked for a few rules alone, so a rule
/// that a fault sets free to be judged lacks other calls too, and names one of those.
const ACCOUNTS: [&str; 3] = ["clean", "denied", "menagerie"];

/// The accounts, judged.
pub(crate) fn cases(rules: &[Rule]) -> Vec<Case> {
    let case = |name: &&str| {
        let snapshot = account(name);
        let whole = by_key(&judge(rules, &snapshot));
        Case { name: (*name).to_owned(), snapshot, whole }
    };
    ACCOUNTS.iter().map(case).collect()
}

pub(crate) fn header(snapshot: &Snapshot) -> SnapshotHeader {
    SnapshotHeader {
        collector: snapshot.collector.clone(),
        collected_at: snapshot.collected_at,
        account: snapshot.account.clone(),
        partition: snapshot.partition.clone(),
        caller: snapshot.caller.clone(),
        regions: snapshot.regions.clone(),
    }
}

pub(crate) fn with_observations(snapshot: &Snapshot, observations: Vec<Observation>) -> Snapshot {
    Snapshot::new(header(snapshot), observations).unwrap()
}

impl<'a> Cell<'a> {
    /// Every call of an operation fails; where the account was never asked, it is asked once and fails.
    fn of_operation(case: &'a Case, operation: Operation, error: &ApiError) -> Self {
        let mut observations = case.snapshot.observations().to_vec();
        let mut calls = BTreeSet::new();
        for observation in observations.iter_mut().filter(|observation| observation.operation == operation) {
            observation.outcome = Outcome::Failed(error.clone());
            calls.insert(observation.label());
        }
        let was_asked = !calls.is_empty();
        if !was_asked {
            let region = leader_region(&case.snapshot.partition).to_owned();
            let outcome = Outcome::Failed(error.clone());
            let asked = Observation { operation, region, request: Request::new(), outcome };
            calls.insert(asked.label());
            observations.push(asked);
        }
        let snapshot = with_observations(&case.snapshot, observations);
        Self { case, operation, error: error.clone(), calls, was_asked, snapshot }
    }

    /// One call fails.
    fn of_call(case: &'a Case, index: usize, fault: Fault) -> Self {
        let mut observations = case.snapshot.observations().to_vec();
        let observation = &mut observations[index];
        let (operation, error) = (observation.operation, fault.recorded(observation.operation));
        observation.outcome = Outcome::Failed(error.clone());
        let calls = BTreeSet::from([observation.label()]);
        Self {
            case,
            operation,
            error,
            calls,
            was_asked: true,
            snapshot: with_observations(&case.snapshot, observations),
        }
    }

    /// Judges the account and holds every finding against the one on the whole account.
    fn judge(&self, rules: &[Rule], faults: usize) -> Tally {
        let start = Instant::now();
        let judged = std::panic::catch_unwind(AssertUnwindSafe(|| judge(rules, &self.snapshot)));
        let slowest = start.elapsed();
        let hangs = usize::from(slowest > PATIENCE);
        let mut tally = Tally { cells: faults, judged: 1, slowest, hangs, ..Tally::default() };
        let Ok(report) = judged else { return Tally { panics: 1, ..tally } };
        let after = by_key(&report);
        let reads: BTreeSet<&str> = rules
            .iter()
            .filter(|rule| rule.operations().contains(&self.operation))
            .map(|rule| rule.id.as_str())
            .collect();
        let mut complain = |key: &Key, what: String| {
            let place = format!("{}: {} answers {}", self.case.name, self.operation.label(), self.error.code);
            tally.complaints.push(format!("{place}: {} on {}: {what}", key.0, key.1));
        };
        let mut withheld = 0;
        for (key, finding) in after.iter().filter(|(key, finding)| self.case.whole.get(*key) != Some(*finding)) {
            let was = self.case.whole.get(key).map(|was| was.status);
            if !reads.contains(finding.rule.as_ref()) {
                complain(
                    key,
                    format!("changes without reading it, {was:?} to {:?}: {}", finding.status, finding.message),
                );
            } else if finding.status == Status::Unknown {
                withheld += usize::from(was != Some(Status::Unknown));
                if !self.is_named_by(finding) || !is_listed(&report, finding) {
                    complain(key, format!("does not name the call: {:?}", finding.unknown));
                }
            } else if was.is_none() && !self.was_asked && finding.status == Status::NotApplicable {
                // The call's answer would be about things that the account does not have.
            } else if was.is_none() && !self.was_asked && !self.case.runs(&finding.rule) {
                // The rule was left out for want of this call alone, and what else it reads settles it.
            } else if was != Some(finding.status) {
                complain(key, format!("flips from {was:?} to {:?}: {}", finding.status, finding.message));
            }
        }
        for (key, finding) in self.case.whole.iter().filter(|(key, _)| !after.contains_key(*key)) {
            let says_why = |other: &&Finding| other.rule == finding.rule && self.is_named_by(other);
            if !report.findings().any(|other| says_why(&other)) {
                complain(key, "vanishes, and nothing says why".to_owned());
            }
        }
        for (key, finding) in &after {
            let decided = matches!(finding.status, Status::Pass | Status::Fail);
            if decided
                && finding
                    .evidence
                    .iter()
                    .filter_map(|one| one.observation.as_deref())
                    .any(|at| self.calls.contains(at))
            {
                complain(key, "still rests on a call that failed".to_owned());
            }
        }
        let gate = Gate { fail_on: Threshold::High, allow_unknown: false };
        assert_eq!(gate.exit_code(&report), exit_code(&report));
        tally.withheld.insert(self.operation, withheld);
        tally
    }

    /// Whether a finding says that it is unknown, which call failed, in which Region, how, and what the call needs.
    fn is_named_by(&self, finding: &Finding) -> bool {
        finding.status == Status::Unknown
            && finding.unknown.iter().any(|gap| {
                !self.was_asked
                    || self.calls.contains(&gap.call())
                        && gap.code() == self.error.code
                        && !gap.region().is_empty()
                        && gap.actions() == self.operation.spec().actions
            })
    }
}

/// Whether each gap of a finding is in the report's own list, with the finding's rule.
fn is_listed(report: &Report, finding: &Finding) -> bool {
    let listed = |gap: &posture::facts::Gap| {
        report.gaps.iter().any(|one| one.gap == *gap && one.rules.iter().any(|rule| **rule == *finding.rule))
    };
    finding.unknown.iter().all(listed)
}

/// The exit code that the documentation promises, worked out once more from the results alone.
fn exit_code(report: &Report) -> u8 {
    let has = |status| report.results.iter().any(|one| one.status == status && one.severity >= Severity::High);
    match (has(Status::Fail), has(Status::Unknown)) {
        (true, _) => 1,
        (false, true) => 3,
        (false, false) => 0,
    }
}

#[test]
fn no_fault_of_any_operation_flips_a_verdict() {
    let rules = rules();
    let cases = cases(&rules);
    let start = Instant::now();
    let pairs = cases.iter().flat_map(|case| Operation::ALL.iter().map(move |operation| (case, *operation)));
    let mut cells = Vec::new();
    for (case, operation) in pairs {
        // What was never asked has no verdict to lose: one error shows that it brings none.
        let errors = errors(operation).into_iter().take(if case.was_asked(operation) { usize::MAX } else { 1 });
        cells.extend(errors.map(|(error, faults)| (case, operation, error, faults.len())));
    }
    let judge = |(case, operation, error, faults): &(&Case, Operation, ApiError, usize)| {
        Cell::of_operation(case, *operation, error).judge(&rules, *faults)
    };
    let tally = cells.par_iter().map(judge).reduce(Tally::default, Tally::and);
    let asked = |operation: &Operation| cases.iter().filter(|case| case.was_asked(*operation)).count();
    let cells = |operation: &Operation| asked(operation) * Fault::ALL.len() + (cases.len() - asked(operation));
    assert_eq!(tally.cells, Operation::ALL.iter().map(cells).sum::<usize>());
    tally.settle("operations", start);
}

#[test]
fn no_fault_of_any_single_call_flips_a_verdict() {
    let rules = rules();
    let cases = cases(&rules);
    let start = Instant::now();
    let calls: Vec<(&Case, usize)> =
        cases.iter().flat_map(|case| (0..case.snapshot.observations().len()).map(move |index| (case, index))).collect();
    let tally = calls
        .par_iter()
        .map(|(case, index)| Cell::of_call(case, *index, Fault::ALL[index % Fault::ALL.len()]).judge(&rules, 1))
        .reduce(Tally::default, Tally::and);
    tally.settle("single calls", start);
}

//! One account from snapshot to finished report: a pure function of snapshot, rules and configuration.

use std::collections::BTreeMap;

use crate::baseline::Baseline;
use crate::config::Config;
use crate::diagram::Diagrams;
use crate::facts::{Ahead, Facts, Gap, Kind};
use crate::finding::{Finding, Severity, Status};
use crate::report::{Counts, FORMAT, Report, ReportGap, RuleRun, Summary};
use crate::rule::Rule;
use crate::rule::judge::{Calls, Judged, Settings, Shown, judge};
use crate::snapshot::{Gathered, Snapshot, Time};
use crate::suppression;

/// What a scan needs besides the snapshot.
#[derive(Debug)]
pub struct Scan<'a> {
    /// The rules to run.
    pub rules: &'a [Rule],
    /// Suppressions and attestations.
    pub config: &'a Config,
    /// Findings that are known.
    pub baseline: Option<&'a Baseline>,
    /// The time to take for now instead of the snapshot's own.
    pub as_of: Option<Time>,
}

impl Scan<'_> {
    /// Judges a snapshot.
    pub fn run(&self, snapshot: &Snapshot) -> Report {
        self.judge(snapshot).0
    }

    /// Judges a snapshot for formats that show a part, with what was worked out of it ahead; all verdicts are counted. The
    /// snapshot is let go as soon as its facts are read: a large account's answers take more room than its findings.
    pub fn run_for(&self, snapshot: Snapshot, ahead: Option<Ahead>, shown: Shown) -> Report {
        let (frame, facts) = self.read(&snapshot, ahead);
        drop(snapshot);
        self.report(frame, &facts, shown)
    }

    /// Judges a snapshot, and hands out the facts that it was judged by.
    pub fn judge(&self, snapshot: &Snapshot) -> (Report, Facts) {
        let (frame, facts) = self.read(snapshot, None);
        (self.report(frame, &facts, Shown::ALL), facts)
    }

    fn read(&self, snapshot: &Snapshot, ahead: Option<Ahead>) -> (Frame<'_>, Facts) {
        let frame = self.frame(snapshot);
        let facts = Facts::build_to_list(snapshot, self.as_of, &kinds(frame.rules.iter().copied()), ahead);
        (frame, facts)
    }

    fn frame(&self, snapshot: &Snapshot) -> Frame<'_> {
        let (rules, left_out) = self.rules.iter().partition(|rule| has_evidence(rule, snapshot));
        Frame {
            account: snapshot.account.clone(),
            partition: snapshot.partition.clone(),
            collected_at: snapshot.collected_at,
            regions: snapshot.regions.clone(),
            calls: Calls::from(snapshot),
            rules,
            left_out,
        }
    }

    fn report(&self, frame: Frame<'_>, facts: &Facts, shown: Shown) -> Report {
        let Frame { account, partition, collected_at, regions, calls, rules, left_out } = frame;
        let now = self.as_of.unwrap_or(collected_at);
        let settings = Settings { now, attestations: self.config.attestations.clone() };
        let Judged { mut findings, counts } = judge(&rules, &calls, facts, &settings, shown);
        let selected: Vec<_> = self
            .config
            .suppressions
            .iter()
            .filter(|entry| self.rules.iter().any(|rule| rule.id == entry.rule))
            .cloned()
            .collect();
        let mut notes = suppression::apply(&selected, &mut findings, now);
        if !left_out.is_empty() {
            let names: Vec<&str> = left_out.iter().map(|rule| rule.id.as_str()).collect();
            notes.push(format!(
                "not run, because AWS bills the calls for what they read and nobody allowed them (`--allow-paid-calls`): {}",
                names.join(", ")
            ));
        }
        if let Some(baseline) = self.baseline {
            baseline.mark(&mut findings);
        }
        Report {
            format: FORMAT,
            posture: env!("CARGO_PKG_VERSION"),
            account,
            partition,
            collected_at,
            as_of: now,
            regions,
            rules_run: rules_run(&rules, &counts),
            summary: summary(&counts, &findings),
            gaps: gaps(&findings),
            notes,
            diagrams: Diagrams::of(facts),
            framework: None,
            results: findings,
        }
    }
}

/// Prepares ahead of time what judging needs of the program itself, whatever the snapshot.
#[cfg(feature = "live")]
pub(crate) fn prepare(rules: &[Rule]) {
    crate::iam::catalogue::catalogue();
    rules.iter().for_each(Rule::prepare);
}

/// What rules are on.
pub(crate) fn kinds<'r>(rules: impl Iterator<Item = &'r Rule>) -> Vec<&'static Kind> {
    rules.filter(|rule| !rule.deprecated).map(|rule| rule.kind).collect()
}

/// What judging needs of a snapshot besides its facts.
struct Frame<'a> {
    account: String,
    partition: String,
    collected_at: Time,
    regions: Vec<String>,
    calls: Calls,
    /// The rules to run.
    rules: Vec<&'a Rule>,
    /// Rules for which nobody gathered the evidence.
    left_out: Vec<&'a Rule>,
}

/// Whether a rule can be run on a snapshot: a rule whose evidence AWS bills is run where somebody asked for some of it, and
/// left out, with a note, where nobody ever did.
fn has_evidence(rule: &Rule, snapshot: &Snapshot) -> bool {
    let mut paid = rule.operations().iter().filter(|operation| operation.spec().gathered == Gathered::Paid).peekable();
    paid.peek().is_none()
        || paid.any(|wanted| snapshot.observations().iter().any(|observation| observation.operation == *wanted))
}

fn rules_run(rules: &[&Rule], counts: &BTreeMap<String, Counts>) -> Vec<RuleRun> {
    let mut run: Vec<RuleRun> = rules
        .iter()
        .filter_map(|rule| Some((rule, *counts.get(&rule.id)?)))
        .map(|(rule, counts)| RuleRun {
            id: rule.id.clone(),
            title: rule.title.clone(),
            severity: rule.severity,
            confidence: rule.confidence,
            rationale: rule.rationale.clone(),
            remediation: rule.remediation.text.clone(),
            remediation_cli: rule.remediation.cli.clone(),
            references: rule.references.clone(),
            controls: rule.controls.clone(),
            status: counts.worst(),
            counts,
        })
        .collect();
    run.sort_by(|one, two| one.id.cmp(&two.id));
    run
}

fn summary(counts: &BTreeMap<String, Counts>, findings: &[Box<Finding>]) -> Summary {
    let (mut results, mut by_rule) = (Counts::default(), Counts::default());
    for counts in counts.values() {
        results += *counts;
        by_rule.add(counts.worst());
    }
    let mut failing_by_severity: BTreeMap<Severity, usize> = BTreeMap::new();
    let (mut suppressed, mut new) = (0, 0);
    for finding in findings.iter().filter(|finding| finding.status == Status::Fail) {
        if finding.suppressed.is_some() {
            suppressed += 1;
            continue;
        }
        *failing_by_severity.entry(finding.severity).or_default() += 1;
        new += usize::from(!finding.in_baseline);
    }
    Summary { results, rules: by_rule, failing_by_severity, suppressed, new }
}

/// Every gap that withheld a verdict, with the rules that it blinds.
fn gaps(findings: &[Box<Finding>]) -> Vec<ReportGap> {
    let mut rules: BTreeMap<&Gap, std::collections::BTreeSet<&str>> = BTreeMap::new();
    let mut before: (&[Gap], &str) = (&[], "");
    for finding in findings {
        let told = (finding.unknown.as_slice(), finding.rule.as_ref());
        // Thousands in a row are not judged by a rule for the same reason.
        if told == before {
            continue;
        }
        before = told;
        for gap in &finding.unknown {
            rules.entry(gap).or_default().insert(&finding.rule);
        }
    }
    rules
        .into_iter()
        .map(|(gap, rules)| ReportGap { gap: gap.clone(), rules: rules.into_iter().map(str::to_owned).collect() })
        .collect()
}

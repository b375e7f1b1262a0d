//! What people read first, common to the formats made for people: failing rules, rules not judged, and what to do now.
//!
//! Nothing is left out here and nothing is escaped: the same finding stands in every format.

use std::collections::{BTreeMap, BTreeSet};

use super::escape::flowing;
use crate::facts::{Gap, INCOMPLETE, MALFORMED, MEMBER_MISSING, NO_VALUE, NOT_ATTESTED, NOT_COLLECTED, UNDECIDED};
use crate::finding::{Finding, Severity, Status};
use crate::report::{Report, RuleRun};

/// A rule with those of its findings that belong under one heading.
#[derive(Debug)]
pub struct RuleGroup<'a> {
    /// The rule's id.
    pub id: &'a str,
    /// The rule's severity.
    pub severity: Severity,
    /// What the report says of the rule.
    pub run: Option<&'a RuleRun>,
    /// The findings, in the report's order.
    pub findings: Vec<&'a Finding>,
}

impl RuleGroup<'_> {
    /// What is expected; the id for a rule without a title.
    pub fn title(&self) -> &str {
        self.run.map_or(self.id, |run| &run.title)
    }

    /// The reasons for which verdicts were withheld, each once.
    pub fn gaps(&self) -> BTreeSet<&Gap> {
        let mut gaps = BTreeSet::new();
        let mut before: &[Gap] = &[];
        for finding in &self.findings {
            // Thousands in a row have the same.
            if finding.unknown != before {
                gaps.extend(&finding.unknown);
                before = &finding.unknown;
            }
        }
        gaps
    }

    /// What would fill the gaps, each once; the actions to allow in one.
    pub fn helps(&self) -> BTreeSet<String> {
        let (denied, others): (Vec<&Gap>, Vec<&Gap>) = self.gaps().into_iter().partition(|gap| gap.is_denied());
        let actions: BTreeSet<&str> = denied.iter().flat_map(|gap| gap.actions().iter().copied()).collect();
        let allow = (!actions.is_empty()).then(|| allow(actions));
        allow.into_iter().chain(others.into_iter().map(what_helps)).collect()
    }
}

/// Failing findings that no suppression mutes, by rule, worst first.
pub fn failing(report: &Report) -> Vec<RuleGroup<'_>> {
    groups(report, |finding| finding.status == Status::Fail && finding.suppressed.is_none())
}

/// Findings whose verdict was withheld, by rule, worst first.
pub fn unknown(report: &Report) -> Vec<RuleGroup<'_>> {
    groups(report, |finding| finding.status == Status::Unknown)
}

fn groups<'a>(report: &'a Report, belongs: impl Fn(&Finding) -> bool) -> Vec<RuleGroup<'a>> {
    let runs: BTreeMap<&str, &RuleRun> = report.rules_run.iter().map(|run| (run.id.as_str(), run)).collect();
    let mut positions: BTreeMap<&str, usize> = BTreeMap::new();
    let mut groups: Vec<RuleGroup<'a>> = Vec::new();
    // Those of one rule stand one after the other.
    let mut before: Option<(&str, usize)> = None;
    for finding in report.findings().filter(|finding| belongs(finding)) {
        let id = finding.rule.as_ref();
        let position = match before {
            Some((known, position)) if known == id => position,
            _ => *positions.entry(id).or_insert(groups.len()),
        };
        before = Some((id, position));
        match groups.get_mut(position) {
            Some(group) => group.findings.push(finding),
            None => groups.push(RuleGroup {
                id,
                severity: finding.severity,
                run: runs.get(id).copied(),
                findings: vec![finding],
            }),
        }
    }
    groups.sort_by_key(|group| std::cmp::Reverse(group.severity));
    groups
}

/// IAM actions whose absence withheld a verdict or left a call unanswered, sorted.
pub fn missing_actions(report: &Report) -> BTreeSet<&'static str> {
    let gaps = report.gaps.iter().map(|entry| &entry.gap);
    let withheld = report.findings().flat_map(|finding| &finding.unknown);
    gaps.chain(withheld).filter(|gap| gap.is_denied()).flat_map(|gap| gap.actions().iter().copied()).collect()
}

/// What could not be read, as in `iam:GetAccountSummary@us-east-1: AccessDenied`.
pub fn what_is_missing(gap: &Gap) -> String {
    if gap.operation().is_some() {
        format!("{}: {}", gap.call(), gap.code())
    } else {
        format!("{}: {}", gap.code(), gap.message())
    }
}

/// What would fill a gap, as in `allow iam:GetAccountSummary`.
pub fn what_helps(gap: &Gap) -> String {
    if gap.is_denied() {
        return allow(gap.actions().iter().copied().collect());
    }
    match gap.code() {
        NOT_COLLECTED | INCOMPLETE | MEMBER_MISSING => "collect a new snapshot with `posture snapshot`".to_owned(),
        NOT_ATTESTED => "state it under `attestations` in posture.yaml".to_owned(),
        MALFORMED | UNDECIDED | NO_VALUE => "look at it by hand".to_owned(),
        _ => "scan again; if it stays, see the error's message in the JSON report".to_owned(),
    }
}

fn allow(actions: BTreeSet<&str>) -> String {
    format!("allow {}", actions.into_iter().collect::<Vec<_>>().join(", "))
}

/// One thing to do now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Step {
    /// What to do, in words.
    pub what: String,
    /// Why this one.
    pub why: String,
    /// The command that does it, where there is one.
    pub command: Option<String>,
}

/// Steps that a report suggests at most.
const MOST_STEPS: usize = 3;

/// The one to three most valuable next steps.
pub fn steps(report: &Report) -> Vec<Step> {
    let failing = failing(report);
    // A gap that nothing but a look can fill gives way to rules that can be mended.
    let blind = blind_step(report).filter(|(_, fillable)| *fillable || failing.is_empty()).map(|(step, _)| step);
    let room = MOST_STEPS - usize::from(blind.is_some());
    let mut steps: Vec<Step> = failing.iter().take(room).map(mend_step).collect();
    steps.extend(blind);
    if steps.is_empty() {
        steps.push(keep_step(report));
    }
    steps
}

fn mend_step(group: &RuleGroup<'_>) -> Step {
    let words = group.run.map_or_else(String::new, |run| flowing(&run.remediation));
    Step {
        what: if words.is_empty() { group.title().to_owned() } else { words },
        why: format!("{} ({}) fails on {}", group.id, group.severity.name(), resources(group.findings.len())),
        command: group.run.and_then(|run| run.remediation_cli.as_deref().map(str::to_owned)),
    }
}

/// The step against blindness, and whether a call or a statement could fill the gap.
fn blind_step(report: &Report) -> Option<(Step, bool)> {
    let unknown = unknown(report);
    let why = format!("{} could not be judged", rules(unknown.len()));
    let actions = missing_actions(report);
    if !actions.is_empty() {
        let actions: Vec<&str> = actions.into_iter().collect();
        let what = format!("Let posture read what it was refused: {}", actions.join(", "));
        return Some((Step { what, why, command: Some("posture permissions".to_owned()) }, true));
    }
    let gaps: BTreeSet<&Gap> = unknown.iter().flat_map(RuleGroup::gaps).collect();
    let fillable = gaps.iter().find(|gap| !matches!(gap.code(), MALFORMED | UNDECIDED | NO_VALUE));
    let gap = fillable.or(gaps.first())?;
    if gap.code() == NOT_ATTESTED {
        let attests = |group: &&RuleGroup<'_>| group.gaps().iter().any(|gap| gap.code() == NOT_ATTESTED);
        let open: Vec<&str> = unknown.iter().filter(attests).map(|group| group.id).collect();
        let what = format!("Answer what no API tells, under `attestations` in posture.yaml: {}", open.join(", "));
        return Some((Step { what, why, command: None }, true));
    }
    let what = format!("Fill what is missing ({}): {}", what_is_missing(gap), what_helps(gap));
    Some((Step { what, why, command: None }, fillable.is_some()))
}

fn keep_step(report: &Report) -> Step {
    if report.summary.results.pass == 0 {
        return Step {
            what: "Check what was scanned: no rule found a resource to judge".to_owned(),
            why: "an empty report is no clean bill".to_owned(),
            command: None,
        };
    }
    Step {
        what: "Keep it so: run this scan on a schedule and on every change".to_owned(),
        why: "nothing failed and everything could be judged".to_owned(),
        command: None,
    }
}

/// A number of resources in words.
pub fn resources(count: usize) -> String {
    counted(count, "resource")
}

/// A number of rules in words.
pub fn rules(count: usize) -> String {
    counted(count, "rule")
}

/// A number of things in words.
pub fn counted(count: usize, noun: &str) -> String {
    format!("{count} {noun}{}", if count == 1 { "" } else { "s" })
}

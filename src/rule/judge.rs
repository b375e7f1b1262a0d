//! Judging: every rule on every resource of its kind, in parallel, in an order that does not depend on it.

use std::collections::BTreeMap;

use rayon::prelude::*;

use super::eval::{Scope, Stop, steps_for};
use super::node::Read;
use super::{Attested, Rule};
use crate::facts::{Fact, Facts, Gap, NOT_ATTESTED, Observed, Oracle, Record, ResourceRef, Value};
use crate::finding::{Evidence, Finding, ResourceId, Status, fingerprint};
use crate::snapshot::{Snapshot, Time};

/// What a person attested about one rule.
#[derive(Debug, Clone, PartialEq)]
pub struct Attestation {
    /// The answer to the rule's question.
    pub answer: bool,
    /// When it was given.
    pub date: Time,
}

/// What judging needs besides rules and facts.
#[derive(Debug)]
pub struct Settings {
    /// The time that is now.
    pub now: Time,
    /// What was attested, by rule id.
    pub attestations: BTreeMap<String, Attestation>,
}

/// Judges all resources by all rules. The result is sorted: worst status first, then severity, rule and resource.
pub fn judge(rules: &[&Rule], snapshot: &Snapshot, facts: &Facts, settings: &Settings) -> Vec<Finding> {
    let mut findings: Vec<Finding> = rules
        .par_iter()
        .filter(|rule| !rule.deprecated)
        .flat_map(|rule| RuleJudge { rule, snapshot, facts, settings }.judge())
        .collect();
    findings.par_sort_by(|one, two| key(one).cmp(&key(two)));
    findings
}

type Key<'a> = (Status, std::cmp::Reverse<crate::finding::Severity>, &'a str, &'a str, Option<&'a str>);

fn key(finding: &Finding) -> Key<'_> {
    let resource = &finding.resource;
    (finding.status, std::cmp::Reverse(finding.severity), &finding.rule, &resource.id, resource.region.as_deref())
}

/// Below this many resources a rule is judged on one thread: handing out the work would cost more.
const PARALLEL_FROM: usize = 256;

struct RuleJudge<'a> {
    rule: &'a Rule,
    snapshot: &'a Snapshot,
    facts: &'a Facts,
    settings: &'a Settings,
}

impl RuleJudge<'_> {
    fn judge(&self) -> Vec<Finding> {
        let listing = (self.rule.kind.list)(self.facts);
        let attested = attested(self.rule, self.settings);
        let steps = steps_for(listing.resources.len());
        let mut findings: Vec<Finding> = if listing.resources.len() < PARALLEL_FROM {
            listing.resources.iter().map(|resource| self.resource(*resource, &attested, steps)).collect()
        } else {
            listing.resources.par_iter().map(|resource| self.resource(*resource, &attested, steps)).collect()
        };
        if !listing.gaps.is_empty() {
            let message =
                format!("the {} of the account are not all known: {}", self.rule.kind.plural, cause(&listing.gaps));
            findings.push(self.account_finding(Status::Unknown, message, listing.gaps));
        } else if findings.is_empty() {
            let message = format!("the account has no {}", self.rule.kind.plural);
            findings.push(self.account_finding(Status::NotApplicable, message, Vec::new()));
        }
        findings
    }

    /// A verdict on the account as a whole, where there is no resource to name.
    fn account_finding(&self, status: Status, message: String, unknown: Vec<Gap>) -> Finding {
        let account = self.facts.account.borrowed();
        let resource = ResourceRef { id: account.id, region: None, record: account.record };
        self.finding(resource, status, message, &[], unknown)
    }

    fn resource(&self, resource: ResourceRef<'_>, attested: &Attested, steps: u64) -> Finding {
        let account = &self.facts.account.facts;
        let asked = (self.facts as &dyn Oracle, steps);
        let verdict = verdict(self.rule, resource.record, account, self.settings.now, attested, asked);
        self.finding(resource, verdict.status, verdict.message, &verdict.reads, verdict.unknown)
    }

    fn finding(
        &self,
        resource: ResourceRef<'_>,
        status: Status,
        message: String,
        reads: &[Read<'_>],
        unknown: Vec<Gap>,
    ) -> Finding {
        let resource = ResourceId {
            id: resource.id.to_owned(),
            kind: self.rule.kind.schema.name,
            region: resource.region.map(str::to_owned),
        };
        Finding {
            fingerprint: fingerprint(&self.rule.id, &resource),
            rule: self.rule.id.clone(),
            severity: self.rule.severity,
            status,
            resource,
            message,
            attested: status != Status::Unknown && reads.iter().any(|read| read.path.starts_with("attestation.")),
            evidence: evidence(reads, self.snapshot),
            unknown,
            controls: self.rule.controls.clone(),
            suppressed: None,
            in_baseline: false,
        }
    }
}

/// A verdict with what decided it.
pub(crate) struct Verdict<'a> {
    pub(crate) status: Status,
    pub(crate) message: String,
    pub(crate) reads: Vec<Read<'a>>,
    pub(crate) unknown: Vec<Gap>,
}

/// Judges one resource.
pub(crate) fn verdict<'a>(
    rule: &'a Rule,
    resource: &'a dyn Record,
    account: &'a dyn Record,
    now: Time,
    attested: &'a Attested,
    (oracle, steps): (&'a dyn Oracle, u64),
) -> Verdict<'a> {
    let variables = || vec![Value::Record(resource), Value::Record(account), Value::Time(now), Value::Record(attested)];
    let mut scope = Scope::bounded(variables(), steps).asking(oracle);
    let applies = rule.applies_when.as_ref().map_or(Ok(true), |expression| scope.truth(&expression.node));
    let outcome = applies.and_then(|applies| {
        if !applies {
            return Ok(Status::NotApplicable);
        }
        scope.reads.clear();
        let passes = scope.truth(&rule.pass_when.node)?;
        Ok(if passes { Status::Pass } else { Status::Fail })
    });
    let reads = std::mem::take(&mut scope.reads);
    let (status, unknown) = match outcome {
        Ok(status) => (status, Vec::new()),
        Err(stop) => (Status::Unknown, stop_gaps(stop)),
    };
    let mut fill = |template: &'a super::Template| template.fill(&mut Scope::new(variables()).asking(oracle));
    let message = match status {
        Status::Fail => fill(&rule.message),
        Status::Pass => rule.pass_message.as_ref().map_or_else(|| rule.title.clone(), &mut fill),
        Status::NotApplicable => rule
            .not_applicable_message
            .as_ref()
            .map_or_else(|| format!("the rule does not apply to this {}", rule.kind.schema.name), &mut fill),
        Status::Unknown => format!("not judged: {}", cause(&unknown)),
    };
    let reads = if status == Status::Unknown { Vec::new() } else { reads };
    Verdict { status, message, reads, unknown }
}

fn stop_gaps(stop: Stop) -> Vec<Gap> {
    let mut gaps = stop.gaps();
    gaps.sort();
    gaps.dedup();
    gaps
}

/// The first reason in words, with the number of others.
fn cause(gaps: &[Gap]) -> String {
    let Some(gap) = gaps.first() else { return "the reason is not recorded".to_owned() };
    let first = match gap.operation() {
        Some(operation) if gap.code() == crate::facts::NOT_COLLECTED => {
            format!("{} in {} is not in the snapshot", operation.label(), gap.region())
        }
        Some(operation) => format!("{} in {} answered {}", operation.label(), gap.region(), gap.code()),
        None => gap.message().to_owned(),
    };
    match gaps.len() {
        1 => first,
        more => format!("{first} (and {} more)", more - 1),
    }
}

/// What is attested about a rule, as a record; unknown when nobody attested or the statement aged out.
fn attested(rule: &Rule, settings: &Settings) -> Attested {
    let unknown = |message: String| Gap::of_reason(NOT_ATTESTED, message);
    match settings.attestations.get(&rule.id) {
        None => attested_unknown(unknown(format!("nobody attested `{}` in posture.yaml", rule.id))),
        Some(attestation) => {
            let age = (settings.now.as_second() - attestation.date.as_second()) / 86_400;
            if age > rule.max_age_days {
                let reason = format!("the attestation of `{}` is {age} days old, over {}", rule.id, rule.max_age_days);
                return attested_unknown(unknown(reason));
            }
            Attested {
                answer: Fact::derived(Observed::Present(attestation.answer)),
                date: Fact::derived(Observed::Present(attestation.date)),
            }
        }
    }
}

pub(crate) fn attested_unknown(gap: Gap) -> Attested {
    Attested { answer: Fact::unknown(gap.clone()), date: Fact::unknown(gap) }
}

fn evidence(reads: &[Read<'_>], snapshot: &Snapshot) -> Vec<Evidence> {
    let mut evidence: Vec<Evidence> = Vec::new();
    for read in reads {
        let observation =
            read.origin.observation.and_then(|index| snapshot.observations().get(usize::try_from(index).ok()?));
        let entry = Evidence {
            fact: fact_name(read),
            value: read.value.as_ref().map_or(serde_json::Value::Null, Value::to_json),
            pointer: observation.map(|observation| match observation.outcome {
                crate::snapshot::Outcome::Answered(_) => read.origin.json_pointer(),
                crate::snapshot::Outcome::Failed(_) => String::new(),
            }),
            observation: observation.map(crate::snapshot::Observation::label),
        };
        if !evidence.contains(&entry) {
            evidence.push(entry);
        }
    }
    evidence
}

/// The fact with the position of the innermost loop in place of the last `[]`.
fn fact_name(read: &Read<'_>) -> String {
    match (read.item, read.path.rfind("[]")) {
        (Some(item), Some(at)) => {
            let (before, after) = read.path.split_at(at);
            format!("{before}[{item}]{}", after.strip_prefix("[]").unwrap_or(after))
        }
        _ => read.path.to_owned(),
    }
}

//! Judging: every rule on every resource of its kind, in parallel, in an order that does not depend on it.

use std::collections::BTreeMap;
use std::sync::{Arc, OnceLock};

use rayon::prelude::*;

use super::eval::{MOST_STEPS, Scope, Stop, steps_for};
use super::lazy::Lazy;
use super::message::Template;
use super::node::{Expression, Read};
use super::{Attested, Rule};
use crate::facts::{Fact, Facts, Gap, Listing, NOT_ATTESTED, Observed, Oracle, Origin, Record, ResourceRef, Value};
use crate::finding::{Evidence, Finding, ResourceId, Status, fingerprint};
use crate::report::Counts;
use crate::snapshot::{Observation, Outcome, Snapshot, Time};

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

/// What judging came to.
#[derive(Debug, Default)]
pub struct Judged {
    /// The verdicts that are listed, sorted: worst status first, then severity, rule and resource.
    pub findings: Vec<Finding>,
    /// How many verdicts each rule has, by the rule's id; rules without one are not there.
    pub counts: BTreeMap<String, Counts>,
}

/// Which verdicts are listed. All of them are counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Listed {
    /// Every one.
    All,
    /// What failed or could not be judged: of most accounts a small part, and most formats show no more.
    FailingAndUnknown,
}

impl Listed {
    fn takes(self, status: Status) -> bool {
        self == Self::All || matches!(status, Status::Fail | Status::Unknown)
    }
}

/// Judges all resources by all rules.
pub fn judge(rules: &[&Rule], snapshot: &Snapshot, facts: &Facts, settings: &Settings, listed: Listed) -> Judged {
    let labels = &Labels { snapshot, known: snapshot.observations().iter().map(|_| OnceLock::new()).collect() };
    let rules = rules.iter().copied().filter(|rule| !rule.deprecated);
    // Some kinds are worked out when they are first listed, on all processors: were that done while rules are judged side by
    // side, those that list the same kind would wait for the first of them.
    let mut listings: BTreeMap<&str, Arc<Listing<'_>>> = BTreeMap::new();
    let rules = rules.map(|rule| {
        let listing = listings.entry(rule.kind.schema.name).or_insert_with(|| Arc::new((rule.kind.list)(facts)));
        RuleJudge { rule, listing: Arc::clone(listing), labels, facts, settings, listed }
    });
    let rules: Vec<RuleJudge<'_>> = rules.collect();
    let by_rule: Vec<(Counts, Vec<Finding>)> = rules.par_iter().map(RuleJudge::judge).collect();
    let mut judged = Judged::default();
    for (judge, (counts, findings)) in rules.iter().zip(by_rule) {
        judged.counts.insert(judge.rule.id.clone(), counts);
        judged.findings.extend(findings);
    }
    judged.findings.par_sort_by(|one, two| key(one).cmp(&key(two)));
    judged
}

type Key<'a> = (Status, std::cmp::Reverse<crate::finding::Severity>, &'a str, &'a str, Option<&'a str>);

fn key(finding: &Finding) -> Key<'_> {
    let resource = &finding.resource;
    (finding.status, std::cmp::Reverse(finding.severity), &finding.rule, &resource.id, resource.region.as_deref())
}

/// Resources that a rule is judged on in one go: handing out fewer would cost more than it gains.
const AT_ONCE: usize = 256;

/// The names under which evidence cites observations, each made once.
struct Labels<'a> {
    snapshot: &'a Snapshot,
    known: Vec<OnceLock<Arc<str>>>,
}

impl Labels<'_> {
    /// An observation with its name.
    fn of(&self, origin: Origin) -> Option<(&Observation, Arc<str>)> {
        let index = usize::try_from(origin.observation?).ok()?;
        let observation = self.snapshot.observations().get(index)?;
        Some((observation, Arc::clone(self.known.get(index)?.get_or_init(|| observation.label().into()))))
    }
}

struct RuleJudge<'a> {
    rule: &'a Rule,
    listing: Arc<Listing<'a>>,
    labels: &'a Labels<'a>,
    facts: &'a Facts,
    settings: &'a Settings,
    listed: Listed,
}

impl RuleJudge<'_> {
    fn judge(&self) -> (Counts, Vec<Finding>) {
        let listing = self.listing.as_ref();
        let attested = attested(self.rule, self.settings);
        let steps = steps_for(listing.resources.len());
        let (mut counts, mut findings) = if listing.resources.len() < AT_ONCE {
            self.resources(&listing.resources, &attested, steps)
        } else {
            let parts: Vec<_> =
                listing.resources.par_chunks(AT_ONCE).map(|part| self.resources(part, &attested, steps)).collect();
            let mut all = (Counts::default(), Vec::new());
            for (counts, findings) in parts {
                all.0 += counts;
                all.1.extend(findings);
            }
            all
        };
        let mut of_account = |status: Status, message: String, unknown: Vec<Gap>| {
            counts.add(status);
            if self.listed.takes(status) {
                findings.push(self.account_finding(status, message, unknown));
            }
        };
        if !listing.gaps.is_empty() {
            let message =
                format!("the {} of the account are not all known: {}", self.rule.kind.plural, cause(&listing.gaps));
            of_account(Status::Unknown, message, listing.gaps.clone());
        } else if listing.resources.is_empty() {
            let message = format!("the account has no {}", self.rule.kind.plural);
            of_account(Status::NotApplicable, message, Vec::new());
        }
        (counts, findings)
    }

    /// Judges some of the rule's resources, one after the other.
    fn resources(&self, resources: &[ResourceRef<'_>], attested: &Attested, steps: u64) -> (Counts, Vec<Finding>) {
        let account = &self.facts.account.facts;
        let (mut counts, mut findings) = (Counts::default(), Vec::new());
        let mut trial = Trial::new(self.rule, account, self.settings.now, attested, (self.facts as &dyn Oracle, steps));
        for resource in resources {
            let outcome = trial.outcome(resource.record);
            counts.add(outcome.status);
            if self.listed.takes(outcome.status) {
                let verdict = trial.verdict(outcome);
                findings.push(self.finding(*resource, verdict));
            }
        }
        (counts, findings)
    }

    /// A verdict on the account as a whole, where there is no resource to name.
    fn account_finding(&self, status: Status, message: String, unknown: Vec<Gap>) -> Finding {
        let account = self.facts.account.borrowed();
        let resource = ResourceRef { id: account.id, region: None, record: account.record };
        self.finding(resource, Verdict { status, message, reads: Vec::new(), unknown })
    }

    fn finding(&self, resource: ResourceRef<'_>, verdict: Verdict<'_>) -> Finding {
        let Verdict { status, message, reads, unknown } = verdict;
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
            evidence: evidence(&reads, self.labels),
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

/// Whether a resource passes, and the gaps that withheld the verdict.
struct Tried {
    status: Status,
    unknown: Vec<Gap>,
}

/// One rule on trial: it judges resources one after the other, and keeps its room for notes.
struct Trial<'a> {
    rule: &'a Rule,
    account: &'a dyn Record,
    now: Time,
    attested: &'a Attested,
    steps: u64,
    scope: Scope<'a>,
    words: Scope<'a>,
}

impl<'a> Trial<'a> {
    fn new(
        rule: &'a Rule,
        account: &'a dyn Record,
        now: Time,
        attested: &'a Attested,
        (oracle, steps): (&'a dyn Oracle, u64),
    ) -> Self {
        let scope = || Scope::new(Vec::new()).asking(oracle);
        let (scope, words) = (scope(), scope());
        Self { rule, account, now, attested, steps, scope, words }
    }

    /// Judges a resource. What decided stays noted until the next one.
    fn outcome(&mut self, resource: &'a dyn Record) -> Tried {
        let variables =
            [Value::Record(resource), Value::Record(self.account), Value::Time(self.now), Value::Record(self.attested)];
        self.words.begin(variables.clone(), MOST_STEPS);
        self.scope.begin(variables, self.steps);
        match self.status() {
            Ok(status) => Tried { status, unknown: Vec::new() },
            Err(stop) => Tried { status: Status::Unknown, unknown: stop_gaps(stop) },
        }
    }

    fn status(&mut self) -> Result<Status, Stop> {
        if let Some(applies_when) = &self.rule.applies_when
            && !self.truth(applies_when)?
        {
            return Ok(Status::NotApplicable);
        }
        self.scope.reads.clear();
        Ok(if self.truth(&self.rule.pass_when)? { Status::Pass } else { Status::Fail })
    }

    fn truth(&mut self, logic: &'a Lazy<Expression>) -> Result<bool, Stop> {
        match logic.get(self.rule) {
            Ok(expression) => self.scope.truth(&expression.node),
            Err(error) => Err(Stop::undecided(format!("the rule cannot be compiled: {}", error.message))),
        }
    }

    /// Puts the outcome on the resource that was judged last into words.
    fn verdict(&mut self, Tried { status, unknown }: Tried) -> Verdict<'a> {
        let rule = self.rule;
        let words = &mut self.words;
        let mut fill = |template: &'a Lazy<Template>| match template.get(rule) {
            Ok(template) => template.fill(words),
            Err(_) => template.source().to_owned(),
        };
        let message = match status {
            Status::Fail => fill(&rule.message),
            Status::Pass => rule.pass_message.as_ref().map_or_else(|| rule.title.to_string(), fill),
            Status::NotApplicable => rule
                .not_applicable_message
                .as_ref()
                .map_or_else(|| format!("the rule does not apply to this {}", rule.kind.schema.name), fill),
            Status::Unknown => format!("not judged: {}", cause(&unknown)),
        };
        let reads = if status == Status::Unknown { Vec::new() } else { std::mem::take(&mut self.scope.reads) };
        Verdict { status, message, reads, unknown }
    }
}

/// Judges one resource.
pub(crate) fn verdict<'a>(
    rule: &'a Rule,
    resource: &'a dyn Record,
    account: &'a dyn Record,
    now: Time,
    attested: &'a Attested,
    oracle: &'a dyn Oracle,
) -> Verdict<'a> {
    let mut trial = Trial::new(rule, account, now, attested, (oracle, steps_for(1)));
    let outcome = trial.outcome(resource);
    trial.verdict(outcome)
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

fn evidence(reads: &[Read<'_>], labels: &Labels<'_>) -> Vec<Evidence> {
    let mut evidence: Vec<Evidence> = Vec::with_capacity(reads.len());
    for read in reads {
        let observation = labels.of(read.origin);
        let entry = Evidence {
            fact: fact_name(read),
            value: read.value.as_ref().map_or(serde_json::Value::Null, Value::to_json),
            pointer: observation.as_ref().map(|(observation, _)| match observation.outcome {
                Outcome::Answered(_) => read.origin.json_pointer(),
                Outcome::Failed(_) => String::new(),
            }),
            observation: observation.map(|(_, label)| label),
        };
        if !evidence.contains(&entry) {
            evidence.push(entry);
        }
    }
    evidence
}

/// The fact with the position of the innermost loop in place of the last `[]`.
fn fact_name(read: &Read<'_>) -> Arc<str> {
    match (read.item, read.path.rfind("[]")) {
        (Some(item), Some(at)) => {
            let (before, after) = read.path.split_at(at);
            format!("{before}[{item}]{}", after.strip_prefix("[]").unwrap_or(after)).into()
        }
        _ => read.path.into(),
    }
}

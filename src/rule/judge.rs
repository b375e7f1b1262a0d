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
use crate::finding::{Evidence, Finding, ResourceId, Status};
use crate::report::Counts;
use crate::snapshot::{Observation, Operation, Request, Snapshot, Time, label};

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
    pub findings: Vec<Box<Finding>>,
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

/// What somebody shows of the verdicts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Shown {
    /// Which are listed.
    pub listed: Listed,
    /// Whether they are listed with their evidence, which takes as much room as all else that is said of them.
    pub evidence: bool,
}

impl Shown {
    /// Everything.
    pub const ALL: Self = Self { listed: Listed::All, evidence: true };
}

/// Judges all resources by all rules.
pub fn judge(rules: &[&Rule], calls: &Calls, facts: &Facts, settings: &Settings, shown: Shown) -> Judged {
    let rules = rules.iter().copied().filter(|rule| !rule.deprecated);
    // Some kinds are worked out when they are first listed, on all processors: were that done while rules are judged side by
    // side, those that list the same kind would wait for the first of them.
    let mut listings: BTreeMap<&str, Arc<Listing<'_>>> = BTreeMap::new();
    let rules = rules.map(|rule| {
        let listing = listings.entry(rule.kind.schema.name).or_insert_with(|| {
            let mut listing = (rule.kind.list)(facts);
            listing.resources.sort_by(|one, two| (one.id, one.region).cmp(&(two.id, two.region)));
            Arc::new(listing)
        });
        RuleJudge { rule, id: rule.id.as_str().into(), listing: Arc::clone(listing), calls, facts, settings, shown }
    });
    let mut rules: Vec<RuleJudge<'_>> = rules.collect();
    rules.sort_by_key(|judge| (std::cmp::Reverse(judge.rule.severity), Arc::clone(&judge.id)));
    let by_rule: Vec<Vec<Part>> = rules.par_iter().map(RuleJudge::judge).collect();
    let mut counts = BTreeMap::new();
    for (judge, parts) in rules.iter().zip(&by_rule) {
        let of_rule: &mut Counts = counts.entry(judge.rule.id.clone()).or_default();
        for part in parts {
            *of_rule += part.counts;
        }
    }
    Judged { findings: in_order(by_rule), counts }
}

/// What some resources came to under one rule.
#[derive(Default)]
struct Part {
    counts: Counts,
    /// The verdicts that are listed, by their status; of each status sorted by resource.
    #[expect(clippy::vec_box, reason = "put in order without being moved, which takes twice the room while it lasts")]
    findings: [Vec<Box<Finding>>; STATUSES],
    /// Whether there is a verdict on the account as a whole, which has its place among the resources.
    of_account: bool,
}

/// How many statuses there are.
const STATUSES: usize = 4;

impl Part {
    fn add(&mut self, finding: Finding) {
        if let Some(findings) = self.findings.get_mut(finding.status as usize) {
            findings.push(Box::new(finding));
        }
    }
}

/// The findings of rules that come worst first: by status, rule and resource. They stay where they were made.
#[expect(clippy::vec_box, reason = "as above")]
fn in_order(mut by_rule: Vec<Vec<Part>>) -> Vec<Box<Finding>> {
    let count = by_rule.iter().flatten().flat_map(|part| &part.findings).map(Vec::len).sum();
    let mut all: Vec<Box<Finding>> = Vec::with_capacity(count);
    for status in 0..STATUSES {
        for parts in &mut by_rule {
            let start = all.len();
            let of_account = parts.iter().any(|part| part.of_account);
            for findings in parts.iter_mut().filter_map(|part| part.findings.get_mut(status)) {
                all.append(&mut std::mem::take(findings));
            }
            if of_account && let Some(of_rule) = all.get_mut(start..) {
                of_rule.sort_by(|one, two| one.resource.place().cmp(&two.resource.place()));
            }
        }
    }
    all
}

/// Resources that a rule is judged on in one go: handing out fewer would cost more than it gains.
const AT_ONCE: usize = 256;

/// The calls of a snapshot, as evidence cites them; what they answered is not needed for that.
#[derive(Debug)]
pub struct Calls(Vec<Call>);

#[derive(Debug)]
struct Call {
    operation: Operation,
    region: String,
    request: Request,
    is_failed: bool,
    label: OnceLock<Arc<str>>,
}

impl From<&Snapshot> for Calls {
    fn from(snapshot: &Snapshot) -> Self {
        let call = |observation: &Observation| Call {
            operation: observation.operation,
            region: observation.region.clone(),
            request: observation.request.clone(),
            is_failed: observation.is_failed(),
            label: OnceLock::new(),
        };
        Self(snapshot.observations().iter().map(call).collect())
    }
}

impl Calls {
    /// The name of the call that a fact stands in, and whether that failed.
    fn cited(&self, origin: Origin) -> Option<(Arc<str>, bool)> {
        let call = self.0.get(usize::try_from(origin.observation?).ok()?)?;
        let label = call.label.get_or_init(|| label(call.operation, &call.region, &call.request).into());
        Some((Arc::clone(label), call.is_failed))
    }
}

struct RuleJudge<'a> {
    rule: &'a Rule,
    id: Arc<str>,
    listing: Arc<Listing<'a>>,
    calls: &'a Calls,
    facts: &'a Facts,
    settings: &'a Settings,
    shown: Shown,
}

impl RuleJudge<'_> {
    /// The rule's verdicts in parts, of which each stands before the next.
    fn judge(&self) -> Vec<Part> {
        let listing = self.listing.as_ref();
        let attested = attested(self.rule, self.settings);
        let steps = steps_for(listing.resources.len());
        let mut parts = if listing.resources.len() < AT_ONCE {
            vec![self.resources(&listing.resources, &attested, steps)]
        } else {
            listing.resources.par_chunks(AT_ONCE).map(|part| self.resources(part, &attested, steps)).collect()
        };
        if !listing.gaps.is_empty() {
            let message =
                format!("the {} of the account are not all known: {}", self.rule.kind.plural, cause(&listing.gaps));
            parts.push(self.of_account(Status::Unknown, message, listing.gaps.clone()));
        } else if listing.resources.is_empty() {
            let message = format!("the account has no {}", self.rule.kind.plural);
            parts.push(self.of_account(Status::NotApplicable, message, Vec::new()));
        }
        parts
    }

    /// Judges some of the rule's resources, one after the other.
    fn resources(&self, resources: &[ResourceRef<'_>], attested: &Attested, steps: u64) -> Part {
        let account = &self.facts.account.facts;
        let mut part = Part::default();
        let mut names = Names::default();
        let mut trial = Trial::new(self.rule, account, self.settings.now, attested, (self.facts as &dyn Oracle, steps));
        for resource in resources {
            let outcome = trial.outcome(resource.record);
            part.counts.add(outcome.status);
            if self.shown.listed.takes(outcome.status) {
                let verdict = trial.verdict(outcome);
                part.add(self.finding(*resource, verdict, &mut names));
            }
        }
        part
    }

    /// A verdict on the account as a whole, where there is no resource to name.
    fn of_account(&self, status: Status, message: String, unknown: Vec<Gap>) -> Part {
        let mut part = Part { of_account: true, ..Part::default() };
        part.counts.add(status);
        if self.shown.listed.takes(status) {
            let verdict = Verdict { status, message, reads: Vec::new(), unknown };
            part.add(self.finding(self.facts.account.borrowed(), verdict, &mut Names::default()));
        }
        part
    }

    fn finding<'v>(&self, resource: ResourceRef<'_>, verdict: Verdict<'v>, names: &mut Names<'v>) -> Finding {
        let Verdict { status, message, reads, unknown } = verdict;
        Finding {
            rule: Arc::clone(&self.id),
            severity: self.rule.severity,
            status,
            resource: ResourceId {
                id: resource.id.to_owned(),
                kind: self.rule.kind.schema.name,
                region: resource.region.map(str::to_owned),
            },
            message,
            attested: status != Status::Unknown && reads.iter().any(|read| read.path.starts_with("attestation.")),
            evidence: if self.shown.evidence { evidence(&reads, self.calls, names) } else { Vec::new() },
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
    /// Why the resource before was not judged, in words: where an answer is missing, thousands are not for the same reason.
    not_judged: (Vec<Gap>, String),
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
        Self { rule, account, now, attested, steps, scope, words, not_judged: Default::default() }
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
    fn verdict(&mut self, Tried { status, mut unknown }: Tried) -> Verdict<'a> {
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
            Status::Unknown => {
                let (known, told) = &mut self.not_judged;
                if told.is_empty() || *known != unknown {
                    *told = format!("not judged: {}", cause(&unknown));
                    *known = std::mem::take(&mut unknown);
                }
                // Equal reasons are kept once.
                unknown.clone_from(known);
                told.clone()
            }
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

fn evidence<'a>(reads: &[Read<'a>], calls: &Calls, names: &mut Names<'a>) -> Vec<Evidence> {
    let mut evidence: Vec<Evidence> = Vec::with_capacity(reads.len());
    for read in reads {
        let cited = calls.cited(read.origin);
        let pointer =
            cited.as_ref().map(|(_, is_failed)| if *is_failed { String::new() } else { read.origin.json_pointer() });
        let entry = Evidence {
            fact: names.of(read),
            value: read.value.as_ref().map_or(serde_json::Value::Null, Value::to_json),
            pointer,
            observation: cited.map(|(label, _)| label),
        };
        if !evidence.contains(&entry) {
            evidence.push(entry);
        }
    }
    evidence.shrink_to_fit();
    evidence
}

/// The names of the facts that a rule read, each made once.
#[derive(Default)]
struct Names<'a>(Vec<(&'a str, Arc<str>)>);

impl<'a> Names<'a> {
    /// The fact with the position of the innermost loop in place of the last `[]`.
    fn of(&mut self, read: &Read<'a>) -> Arc<str> {
        if let (Some(item), Some(at)) = (read.item, read.path.rfind("[]")) {
            let (before, after) = read.path.split_at(at);
            return format!("{before}[{item}]{}", after.strip_prefix("[]").unwrap_or(after)).into();
        }
        if let Some((_, name)) = self.0.iter().find(|(path, _)| std::ptr::eq(*path, read.path)) {
            return Arc::clone(name);
        }
        let name: Arc<str> = read.path.into();
        self.0.push((read.path, Arc::clone(&name)));
        name
    }
}

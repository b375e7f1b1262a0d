//! GuardDuty: its detectors, their findings, and the rules that bring findings to somebody.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use super::first;
use crate::facts;
use crate::facts::asked::Asked;
use crate::facts::event_rule::{EventTarget, RoutedRule};
use crate::facts::infrastructure::regional::{Page, Regional};
use crate::facts::{Fact, Gap, List, MEMBER_MISSING, NOT_COLLECTED, Observed, Source};
use crate::snapshot::shapes::guardduty::{GetDetector, GetFindings, ListDetectors, ListFindings};
use crate::snapshot::{Answer, Request, Snapshot};

facts! {
    /// A detector of Amazon GuardDuty.
    GuardDutyDetector as "guardduty-detector" {
        /// The detector's id.
        name: String => [GuarddutyListDetectors];
        /// True when the detector is on.
        is_enabled: bool => [GuarddutyGetDetector];
        /// Findings of high and critical severity, 7.0 and above, that nobody archived.
        severe_findings: List<GuardDutyFinding> => [GuarddutyListFindings, GuarddutyGetFindings];
        /// Other findings that nobody archived; a snapshot need not hold them.
        lesser_findings: List<GuardDutyFinding> => [GuarddutyListFindings, GuarddutyGetFindings];
    }

    /// A finding of Amazon GuardDuty.
    GuardDutyFinding as "guardduty-finding" {
        /// What was found, as in `UnauthorizedAccess:EC2/SSHBruteForce`.
        name: String => [GuarddutyGetFindings];
        /// The finding's id.
        id: String => [GuarddutyGetFindings];
        /// How severe it is, from 1.0 to 10.0.
        severity: f64 => [GuarddutyGetFindings];
    }

    /// An EventBridge rule that is meant for GuardDuty's findings.
    FindingRule as "finding-rule" {
        /// The rule's name.
        name: String => [EventsListRules];
        /// True when the rule is on and lets every finding of high or critical severity through.
        covers_severe: bool => [EventsListRules];
        /// Why some of them do not come through; absent when all do.
        problem: String => [EventsListRules];
        /// The rule's targets.
        targets: List<EventTarget> => [EventsListTargetsByRule];
        /// True when at least one target is an SNS topic that reaches a confirmed recipient.
        reaches: bool => [
            EventsListTargetsByRule, SnsGetTopicAttributes, SnsListSubscriptionsByTopic, SnsGetSubscriptionAttributes,
            KmsDescribeKey, KmsGetKeyPolicy, IamGetAccountAuthorizationDetails
        ];
        /// Where every route is broken, in words; absent when the rule reaches somebody.
        broken_at: String => [
            EventsListTargetsByRule, SnsGetTopicAttributes, SnsListSubscriptionsByTopic, SnsGetSubscriptionAttributes,
            KmsDescribeKey, KmsGetKeyPolicy, IamGetAccountAuthorizationDetails
        ];
    }
}

/// The least severity that GuardDuty calls high:
/// <https://docs.aws.amazon.com/guardduty/latest/ug/guardduty_findings-severity.html>
const HIGH: f64 = 7.0;

/// The answers of GuardDuty.
pub(super) struct Answers<'a> {
    detectors: Regional<'a, ListDetectors, String>,
    settings: Asked<'a, GetDetector>,
    listed: Asked<'a, ListFindings>,
    findings: Asked<'a, GetFindings>,
}

impl<'a> Answers<'a> {
    pub(super) fn read(snapshot: &'a Snapshot) -> Self {
        Self {
            detectors: Regional::read(snapshot, |answer: &ListDetectors| {
                Page::of(answer.detector_ids.as_ref(), answer.next_token.as_ref())
            }),
            settings: Asked::read(snapshot, "DetectorId"),
            listed: Asked::read(snapshot, "DetectorId"),
            findings: Asked::read(snapshot, "DetectorId"),
        }
    }

    /// The detector of a Region: AWS allows one.
    pub(super) fn detector(&self, region: &str) -> Fact<GuardDutyDetector> {
        let found = first(&self.detectors, region, "/DetectorIds/*", |_| true);
        found.map(|element| {
            let id = element.item.as_str();
            let settings = self.settings.in_region(region, id);
            let (severe_findings, lesser_findings) = self.findings(region, id);
            GuardDutyDetector {
                name: element.required("/DetectorIds/*", Some(id.to_owned())),
                is_enabled: settings
                    .required("/Status", |answer| answer.status.as_ref())
                    .map(|status| status == "ENABLED"),
                severe_findings,
                lesser_findings,
            }
        })
    }

    /// The findings of a detector that nobody archived, severe ones apart.
    fn findings(&self, region: &str, detector: &str) -> (Fact<List<GuardDutyFinding>>, Fact<List<GuardDutyFinding>>) {
        let listing = self.listing(region, detector);
        let mut read: BTreeMap<&str, (bool, GuardDutyFinding)> = BTreeMap::new();
        let mut archived: BTreeSet<&str> = BTreeSet::new();
        let mut failed: Vec<Gap> = Vec::new();
        for answer in in_region(self.findings.all(detector), region) {
            let source = Source::from_answer(*answer);
            failed.extend(source.state.gap().cloned());
            let Observed::Present(shape) = source.state else { continue };
            for (index, finding) in shape.findings.iter().flatten().enumerate() {
                let Some(id) = finding.id.as_deref() else {
                    failed.push(source.gap(MEMBER_MISSING, "a finding has no `Id`"));
                    continue;
                };
                match finding.service.as_ref().and_then(|service| service.archived) {
                    Some(false) => {}
                    Some(true) => {
                        archived.insert(id);
                        continue;
                    }
                    None => {
                        failed.push(source.gap(MEMBER_MISSING, "a finding has no `Archived`"));
                        continue;
                    }
                }
                let at = |pointer| source.origin(pointer).element(index);
                let fact = |pointer, value: Option<_>| {
                    let missing = || Observed::Unknown(source.gap(MEMBER_MISSING, "a finding lacks a member"));
                    Fact::new(value.map_or_else(missing, Observed::Present), at(pointer))
                };
                let severity = finding.severity.map_or_else(
                    || Fact::unknown(source.gap(MEMBER_MISSING, "a finding has no `Severity`")),
                    |severity| Fact::present(severity, at("/Findings/*/Severity")),
                );
                // One whose severity is not told may be severe.
                let is_severe = finding.severity.is_none_or(|severity| severity >= HIGH);
                let facts = GuardDutyFinding {
                    name: fact("/Findings/*/Type", finding.kind.clone()),
                    id: fact("/Findings/*/Id", Some(id.to_owned())),
                    severity,
                };
                read.insert(id, (is_severe, facts));
            }
        }
        let unread = listing.ids.iter().any(|id| !read.contains_key(id) && !archived.contains(id));
        if unread && failed.is_empty() {
            failed.extend(self.findings.missing(region, detector).state.gap().cloned());
        }
        let failed = if unread { failed } else { Vec::new() };
        let mut severe = List { items: Vec::new(), gaps: [listing.severe_gaps, failed.clone()].concat() };
        let mut lesser = List { items: Vec::new(), gaps: [listing.lesser_gaps, failed].concat() };
        for (is_severe, finding) in read.into_values() {
            if is_severe { &mut severe.items } else { &mut lesser.items }.push(finding);
        }
        (Fact::derived(Observed::Present(severe)), Fact::derived(Observed::Present(lesser)))
    }

    /// The ids that were listed, and why there may be more.
    fn listing(&self, region: &str, detector: &str) -> Listing<'a> {
        let not_asked = self.listed.missing(region, detector).state.gap().cloned();
        let mut listing = Listing {
            ids: BTreeSet::new(),
            severe_gaps: not_asked.iter().cloned().collect(),
            lesser_gaps: not_asked.into_iter().collect(),
        };
        for answer in in_region(self.listed.all(detector), region) {
            let source = Source::from_answer(*answer);
            let gaps: Vec<Gap> = match &source.state {
                Observed::Present(shape) => {
                    listing.ids.extend(shape.finding_ids.iter().flatten().map(String::as_str));
                    let missing = shape.finding_ids.is_none();
                    let missing = missing.then(|| source.gap(MEMBER_MISSING, "the answer has no `FindingIds`"));
                    missing.into_iter().chain(source.cut_off(None, shape.next_token.as_ref())).collect()
                }
                Observed::Absent => Vec::new(),
                Observed::Unknown(gap) => vec![gap.clone()],
            };
            match least_severity(&answer.observation.request) {
                Some(least) if least <= 1.0 => {
                    better(&mut listing.severe_gaps, gaps.clone());
                    better(&mut listing.lesser_gaps, gaps);
                }
                Some(least) if least <= HIGH => better(&mut listing.severe_gaps, gaps),
                _ => {}
            }
        }
        listing
    }
}

/// What was listed of a detector's findings.
struct Listing<'a> {
    ids: BTreeSet<&'a str>,
    severe_gaps: Vec<Gap>,
    lesser_gaps: Vec<Gap>,
}

/// One list that is whole is enough, and a refusal says more than that nobody asked.
fn better(known: &mut Vec<Gap>, found: Vec<Gap>) {
    if found.is_empty() || known.first().is_some_and(|gap| gap.code() == NOT_COLLECTED) {
        *known = found;
    }
}

fn in_region<'s, 'a, T>(answers: &'s [Answer<'a, T>], region: &'s str) -> impl Iterator<Item = &'s Answer<'a, T>> {
    answers.iter().filter(move |answer| answer.observation.region == region)
}

/// The least severity that a request asks for, when it leaves out nothing else but archived findings.
fn least_severity(request: &Request) -> Option<f64> {
    let Some(criteria) = request.get("FindingCriteria") else { return Some(0.0) };
    let mut least = 0.0_f64;
    for (member, criterion) in criteria.get("Criterion")?.as_object()? {
        let terms = criterion.as_object()?;
        for (operator, wanted) in terms {
            match (member.as_str(), operator.as_str(), wanted) {
                ("service.archived", "Eq" | "Equals", Value::Array(values))
                    if values.iter().any(|value| value == "false") => {}
                ("severity", "Gte" | "GreaterThanOrEqual", number) => least = least.max(number.as_f64()?),
                _ => return None,
            }
        }
    }
    Some(least)
}

/// Rules that route findings, as facts.
pub(super) fn finding_rules(rules: Fact<List<RoutedRule>>) -> Fact<List<FindingRule>> {
    let rule = |rule: RoutedRule| FindingRule {
        name: rule.name,
        covers_severe: rule.covers.holds(),
        problem: rule.covers.reason(),
        targets: rule.targets,
        reaches: rule.reaches.holds(),
        broken_at: rule.reaches.reason(),
    };
    rules.map(|rules| List { items: rules.items.into_iter().map(rule).collect(), gaps: rules.gaps })
}

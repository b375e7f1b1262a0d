//! EventBridge rules on the default bus that are meant for one kind of event, followed to whom they reach.

use super::alerts::{AlertRoute, Publisher, Routes, Walk};
use super::asked::Asked;
use super::event_pattern::{self, Subject, Verdict};
use super::link::Link;
use super::{Fact, Gap, List, MEMBER_MISSING, Observed, Origin, Source, UNDECIDED};
use crate::facts;
use crate::iam::arn::Arn;
use crate::snapshot::Snapshot;
use crate::snapshot::shapes::events;

facts! {
    /// A target of an EventBridge rule.
    EventTarget as "event-target" {
        /// The target's ARN.
        name: String => [EventsListTargetsByRule];
        /// The service that receives events, as in `sns`.
        service: String => [EventsListTargetsByRule];
    }
}

/// A rule that is meant for the events in question.
pub(crate) struct RoutedRule {
    /// The rule's name.
    pub(crate) name: Fact<String>,
    /// Whether the rule is on and lets every event in question through.
    pub(crate) covers: Link,
    /// The rule's targets.
    pub(crate) targets: Fact<List<EventTarget>>,
    /// Whether an SNS topic among them reaches a confirmed recipient.
    pub(crate) reaches: Link,
    /// The ways through those topics.
    pub(crate) routes: Fact<List<AlertRoute>>,
}

/// The event buses of a snapshot.
pub(crate) struct Buses<'a> {
    snapshot: &'a Snapshot,
    walk: &'a Walk<'a>,
    targets: Asked<'a, events::ListTargetsByRule>,
}

impl<'a> Buses<'a> {
    /// Reads the answers that rules need.
    pub(crate) fn new(snapshot: &'a Snapshot, walk: &'a Walk<'a>) -> Self {
        Self { snapshot, walk, targets: Asked::read(snapshot, "Rule") }
    }

    /// The rules of a Region that are meant for a subject; every topic that they publish to is noted in `uses`.
    pub(crate) fn rules(
        &self,
        region: &str,
        subject: &Subject,
        uses: &mut Vec<(String, Publisher)>,
    ) -> Fact<List<RoutedRule>> {
        let mut list = List { items: Vec::new(), gaps: Vec::new() };
        let mut origin = Origin::NONE;
        let mut asked = false;
        for answer in self.snapshot.answers::<events::ListRules>() {
            let request = &answer.observation.request;
            let on_default_bus = request.get("EventBusName").is_none_or(|bus| bus == "default");
            if answer.observation.region != region || !on_default_bus {
                continue;
            }
            let source = Source::from_answer(answer);
            let lists_all = request.keys().all(|member| matches!(member.as_str(), "EventBusName" | "Limit"));
            asked |= lists_all;
            let Observed::Present(listed) = source.state.clone() else {
                list.gaps.extend(source.state.gap().filter(|_| lists_all).cloned());
                continue;
            };
            if lists_all {
                origin = source.origin("/Rules");
                list.gaps.extend(source.cut_off(None, listed.next_token.as_ref()));
                let rules = source.required("/Rules", |answer| answer.rules.as_ref());
                list.gaps.extend(rules.state.gap().cloned());
            }
            for (index, rule) in listed.rules.iter().flatten().enumerate() {
                let Some(name) = rule.name.as_deref() else {
                    list.gaps.push(source.gap(MEMBER_MISSING, "a rule has no `Name`"));
                    continue;
                };
                let place = Place { source: &source, index, region };
                list.items.extend(self.rule(name, rule, &place, subject, uses));
            }
        }
        if !asked {
            list.gaps.extend(Source::<events::ListRules>::missing(region, [].into()).state.gap().cloned());
        }
        Fact::present(list, origin)
    }

    /// A rule that is meant for the subject; `None` for any other.
    fn rule(
        &self,
        name: &str,
        rule: &events::Rule,
        place: &Place<'_>,
        subject: &Subject,
        uses: &mut Vec<(String, Publisher)>,
    ) -> Option<RoutedRule> {
        // Events of AWS services reach the default bus only.
        if rule.event_bus_name.as_deref().is_some_and(|bus| bus != "default") {
            return None;
        }
        let Snapshot { account, partition, .. } = self.snapshot;
        let pattern = event_pattern::judge(rule.event_pattern.as_deref()?, subject, account, place.region);
        let pattern_origin = place.origin("/Rules/*/EventPattern");
        let pattern = match pattern {
            Verdict::Other => return None,
            Verdict::Passes => Link::Holds(pattern_origin),
            Verdict::Misses(reason) => Link::Broken(reason, pattern_origin),
            Verdict::Undecided(reason) => Link::Open(Gap::of_reason(UNDECIDED, reason)),
        };
        let state = match rule.state.as_deref() {
            Some("ENABLED" | "ENABLED_WITH_ALL_CLOUDTRAIL_MANAGEMENT_EVENTS") => {
                Link::Holds(place.origin("/Rules/*/State"))
            }
            Some(_) => Link::Broken("it is disabled".to_owned(), place.origin("/Rules/*/State")),
            None => Link::Open(place.source.gap(MEMBER_MISSING, "a rule has no `State`")),
        };
        let source = self.targets.in_region(place.region, name);
        let arn = rule
            .arn
            .clone()
            .unwrap_or_else(|| format!("arn:{partition}:events:{}:{account}:rule/{name}", place.region));
        let routes = routes(self.walk, &source, &arn, uses);
        Some(RoutedRule {
            name: Fact::present(name.to_owned(), place.origin("/Rules/*/Name")),
            covers: Link::all([state, pattern]),
            targets: targets(&source),
            reaches: routes.link,
            routes: routes.routes,
        })
    }
}

/// The topics among a rule's targets, each noted in `uses`.
pub(crate) fn routes(
    walk: &Walk<'_>,
    source: &Source<'_, events::ListTargetsByRule>,
    rule: &str,
    uses: &mut Vec<(String, Publisher)>,
) -> Routes {
    let (targets, mut gaps): (&[events::Target], Vec<Gap>) = match source.state.clone() {
        Observed::Present(answer) => (answer.targets.as_deref().unwrap_or(&[]), incomplete(source, answer)),
        Observed::Absent => (&[], Vec::new()),
        Observed::Unknown(gap) => (&[], vec![gap]),
    };
    let mut found: Vec<(AlertRoute, Link)> = Vec::new();
    for target in targets {
        let Some(arn) = target.arn.as_deref() else {
            gaps.push(source.gap(MEMBER_MISSING, "a target has no `Arn`"));
            continue;
        };
        match Arn::parse(arn).map(|arn| arn.service) {
            Some("sns") => {
                let publisher = Publisher::Rule(rule.to_owned(), target.role_arn.clone());
                found.push(walk.through(arn, &publisher));
                uses.push((arn.to_owned(), publisher));
            }
            // As organizations gather events in one account, and accounts in one Region.
            Some("events") => {
                let reason = format!("events go on to `{arn}`, and who hears of them there is not followed");
                gaps.push(source.gap(UNDECIDED, &reason));
            }
            _ => {}
        }
    }
    Routes::join(found, gaps, "the rule has no SNS topic as target", source.origin("/Targets"))
}

/// Where a rule stands.
struct Place<'a> {
    source: &'a Source<'a, events::ListRules>,
    index: usize,
    region: &'a str,
}

impl Place<'_> {
    fn origin(&self, pointer: &'static str) -> Origin {
        self.source.origin(pointer).element(self.index)
    }
}

fn targets(source: &Source<'_, events::ListTargetsByRule>) -> Fact<List<EventTarget>> {
    let answer = match &source.state {
        Observed::Present(answer) => *answer,
        Observed::Absent => return Fact::absent(source.origin("")),
        Observed::Unknown(gap) => return Fact::unknown(gap.clone()),
    };
    let items = answer.targets.iter().flatten().enumerate().map(|(index, target)| {
        let origin = source.origin("/Targets/*/Arn").element(index);
        let missing = || Observed::Unknown(source.gap(MEMBER_MISSING, "a target has no `Arn`"));
        let arn = target.arn.as_deref();
        let service = arn.map(|arn| Arn::parse(arn).map_or("", |arn| arn.service).to_owned());
        EventTarget {
            name: Fact::new(arn.map_or_else(missing, |arn| Observed::Present(arn.to_owned())), origin),
            service: Fact::new(service.map_or_else(missing, Observed::Present), origin),
        }
    });
    let items = items.collect();
    Fact::present(List { items, gaps: incomplete(source, answer) }, source.origin("/Targets"))
}

/// Why a rule may have more targets.
fn incomplete(source: &Source<'_, events::ListTargetsByRule>, answer: &events::ListTargetsByRule) -> Vec<Gap> {
    let missing = || source.gap(MEMBER_MISSING, "the answer has no `Targets`");
    let missing = answer.targets.is_none().then(missing);
    missing.into_iter().chain(source.cut_off(None, answer.next_token.as_ref())).collect()
}

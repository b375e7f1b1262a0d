//! EventBridge rules that route AWS Health events, and the Regions that need one.

use std::collections::BTreeSet;

use super::alerts::{AlertRoute, Publisher, Routes, Walk};
use super::asked::Asked;
use super::event_pattern::{self, Verdict};
use super::infrastructure::{RegionDefaults, region_defaults};
use super::link::{self, Link};
use super::resource::Resource;
use super::{Fact, Gap, List, MEMBER_MISSING, Observed, Origin, Source, UNDECIDED, leader_region};
use crate::facts;
use crate::iam::arn::Arn;
use crate::snapshot::Snapshot;
use crate::snapshot::shapes::{account, events};

facts! {
    /// A Region of the account, as one that the snapshot asked about.
    Region as "region" {
        /// The Region's code, as in `eu-west-1`.
        name: String => [];
        /// True when the Region is enabled for the account.
        is_enabled: bool => [AccountListRegions];
        /// True when the snapshot asked the Region for what is in it.
        is_asked: bool => [];
        /// Rules of the default event bus that are meant for AWS Health.
        health_rules: List<HealthRule> => [EventsListRules];
        /// What EC2 does by default there.
        defaults: RegionDefaults => [];
    }

    /// An EventBridge rule that is meant for AWS Health.
    HealthRule as "health-rule" {
        /// The rule's name.
        name: String => [EventsListRules];
        /// True when the rule is on and lets every event of a service issue through.
        covers_issues: bool => [EventsListRules];
        /// Why events of service issues do not come through; absent when they do.
        problem: String => [EventsListRules];
        /// The rule's targets.
        targets: List<HealthTarget> => [EventsListTargetsByRule];
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

    /// A target of an EventBridge rule.
    HealthTarget as "health-target" {
        /// The target's ARN.
        name: String => [EventsListTargetsByRule];
        /// The service that receives events, as in `sns`.
        service: String => [EventsListTargetsByRule];
    }

    /// Where the account hears of AWS Health events.
    HealthRouting as "health-routing" {
        /// True when a rule in some Region brings service issues to an SNS topic.
        has_rule: bool => [EventsListRules, EventsListTargetsByRule];
        /// True when such a rule stands in the backup Region too.
        has_backup_rule: bool => [EventsListRules, EventsListTargetsByRule];
        /// The Region that stands in for others: `us-west-2`, or `us-east-1` where the only rule is in `us-west-2`.
        backup_region: String => [EventsListRules];
    }
}

/// The Region that AWS sends public events to as well, and the one that backs it up:
/// <https://docs.aws.amazon.com/health/latest/ug/choosing-a-region.html>
const BACKUP: &str = "us-west-2";
const BACKUP_OF_BACKUP: &str = "us-east-1";

/// Builds the Regions, and notes every topic that their rules publish to.
pub(crate) fn build(
    snapshot: &Snapshot,
    id: &str,
    walk: &Walk<'_>,
    uses: &mut Vec<(String, Publisher)>,
) -> List<Resource<Region>> {
    let targets = Asked::read(snapshot, "Rule");
    let leader = leader_region(&snapshot.partition);
    let names: BTreeSet<&str> = snapshot.regions.iter().map(String::as_str).chain([leader]).collect();
    let items = names.into_iter().map(|name| Resource {
        id: id.to_owned(),
        region: Some(name.to_owned()),
        facts: Region {
            name: Fact::derived(Observed::Present(name.to_owned())),
            is_enabled: if name == leader {
                // The Region of global services cannot be disabled.
                Fact::derived(Observed::Present(true))
            } else {
                is_enabled(snapshot, name)
            },
            is_asked: Fact::derived(Observed::Present(snapshot.regions.iter().any(|region| region == name))),
            health_rules: rules(snapshot, name, &targets, walk, uses),
            defaults: Fact::derived(Observed::Present(region_defaults::build(snapshot, name))),
        },
    });
    List::whole(items.collect())
}

fn is_enabled(snapshot: &Snapshot, region: &str) -> Fact<bool> {
    let source = Source::<account::ListRegions>::global(snapshot);
    let regions = source.required("/Regions", |answer| answer.regions.as_deref());
    let regions = match regions.state {
        Observed::Present(regions) => regions,
        Observed::Absent => return Fact::absent(regions.origin),
        Observed::Unknown(gap) => return Fact::unknown(gap),
    };
    let found = regions.iter().enumerate().find(|(_, one)| one.region_name.as_deref() == Some(region));
    match found.map(|(index, one)| (index, one.region_opt_status.as_deref())) {
        Some((index, Some(status))) => {
            // While a Region is being turned on or off its resources are there.
            Fact::present(status != "DISABLED", source.origin("/Regions/*/RegionOptStatus").element(index))
        }
        Some((_, None)) => Fact::unknown(source.gap(MEMBER_MISSING, "a Region has no `RegionOptStatus`")),
        None => Fact::unknown(source.gap(UNDECIDED, &format!("the answer does not list `{region}`"))),
    }
}

fn rules(
    snapshot: &Snapshot,
    region: &str,
    targets: &Asked<'_, events::ListTargetsByRule>,
    walk: &Walk<'_>,
    uses: &mut Vec<(String, Publisher)>,
) -> Fact<List<HealthRule>> {
    let mut list = List { items: Vec::new(), gaps: Vec::new() };
    let mut origin = Origin::NONE;
    let mut asked = false;
    for answer in snapshot.answers::<events::ListRules>() {
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
        }
        for (index, rule) in listed.rules.iter().flatten().enumerate() {
            let place = Place { snapshot, source: &source, index, region };
            list.items.extend(build_rule(rule, &place, targets, walk, uses));
        }
    }
    if !asked {
        list.gaps.extend(Source::<events::ListRules>::missing(region, [].into()).state.gap().cloned());
    }
    Fact::present(list, origin)
}

/// Where a rule stands.
struct Place<'a> {
    snapshot: &'a Snapshot,
    source: &'a Source<'a, events::ListRules>,
    index: usize,
    region: &'a str,
}

impl Place<'_> {
    fn origin(&self, pointer: &'static str) -> Origin {
        self.source.origin(pointer).element(self.index)
    }
}

/// A rule that is meant for AWS Health; `None` for any other.
fn build_rule(
    rule: &events::Rule,
    place: &Place<'_>,
    targets: &Asked<'_, events::ListTargetsByRule>,
    walk: &Walk<'_>,
    uses: &mut Vec<(String, Publisher)>,
) -> Option<HealthRule> {
    // Events of AWS services reach the default bus only.
    if rule.event_bus_name.as_deref().is_some_and(|bus| bus != "default") {
        return None;
    }
    let pattern = event_pattern::judge(rule.event_pattern.as_deref()?, &place.snapshot.account, place.region);
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
    let covers = Link::all([state, pattern]);
    let name = rule.name.as_deref().unwrap_or_default();
    let source = targets.in_region(place.region, name);
    let arn = rule.arn.clone().unwrap_or_else(|| {
        format!("arn:{}:events:{}:{}:rule/{name}", place.snapshot.partition, place.region, place.snapshot.account)
    });
    let routes = routes(&source, &arn, walk, uses);
    Some(HealthRule {
        name: Fact::present(name.to_owned(), place.origin("/Rules/*/Name")),
        covers_issues: covers.holds(),
        problem: covers.reason(),
        targets: listed_targets(&source),
        reaches: routes.link.holds(),
        broken_at: routes.link.reason(),
    })
}

fn listed_targets(source: &Source<'_, events::ListTargetsByRule>) -> Fact<List<HealthTarget>> {
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
        HealthTarget {
            name: Fact::new(arn.map_or_else(missing, |arn| Observed::Present(arn.to_owned())), origin),
            service: Fact::new(service.map_or_else(missing, Observed::Present), origin),
        }
    });
    let items = items.collect();
    let gaps = source.cut_off(None, answer.next_token.as_ref()).into_iter().collect();
    Fact::present(List { items, gaps }, source.origin("/Targets"))
}

fn routes(
    source: &Source<'_, events::ListTargetsByRule>,
    rule: &str,
    walk: &Walk<'_>,
    uses: &mut Vec<(String, Publisher)>,
) -> Routes {
    let (targets, mut gaps): (&[events::Target], Vec<Gap>) = match source.state.clone() {
        Observed::Present(answer) => (
            answer.targets.as_deref().unwrap_or(&[]),
            source.cut_off(None, answer.next_token.as_ref()).into_iter().collect(),
        ),
        Observed::Absent => (&[], Vec::new()),
        Observed::Unknown(gap) => (&[], vec![gap]),
    };
    let mut found: Vec<(AlertRoute, Link)> = Vec::new();
    for target in targets {
        let Some(arn) = target.arn.as_deref() else {
            gaps.push(source.gap(MEMBER_MISSING, "a target has no `Arn`"));
            continue;
        };
        if Arn::parse(arn).is_some_and(|arn| arn.service == "sns") {
            let publisher = Publisher::Rule(rule.to_owned(), target.role_arn.clone());
            found.push(walk.through(arn, &publisher));
            uses.push((arn.to_owned(), publisher));
        }
    }
    Routes::join(found, gaps, "the rule has no SNS topic as target", source.origin("/Targets"))
}

/// Where the account hears of AWS Health events, over all Regions.
pub(crate) fn routing(regions: &List<Resource<Region>>) -> HealthRouting {
    let names = |region: &Resource<Region>| region.region.clone().unwrap_or_default();
    let here = |region: &Resource<Region>| brings_issues_to_sns(&region.facts);
    let in_backup =
        |gaps: &[Gap]| link::any(regions.items.iter().filter(|region| names(region) == BACKUP).map(here), gaps);
    let elsewhere = link::any(regions.items.iter().filter(|region| names(region) != BACKUP).map(here), &[]);
    // A backup Region that nobody asked about may hold the backup, but whether there is something to back up is known.
    let has_rule = link::any([in_backup(&[]), elsewhere.clone()], &[]);
    let in_backup = in_backup(&unasked(regions));
    let only_backup =
        matches!((&in_backup.state, &elsewhere.state), (Observed::Present(true), Observed::Present(false)));
    let backup = if only_backup { BACKUP_OF_BACKUP } else { BACKUP };
    HealthRouting {
        has_rule,
        has_backup_rule: link::all([in_backup, elsewhere], &[]),
        backup_region: Fact::derived(Observed::Present(backup.to_owned())),
    }
}

/// The gap of a backup Region that the snapshot did not ask about.
fn unasked(regions: &List<Resource<Region>>) -> Vec<Gap> {
    if regions.items.iter().any(|region| region.region.as_deref() == Some(BACKUP)) {
        return Vec::new();
    }
    Source::<events::ListRules>::missing(BACKUP, [].into()).state.gap().cloned().into_iter().collect()
}

fn brings_issues_to_sns(region: &Region) -> Fact<bool> {
    let Some(rules) = region.health_rules.state.present() else {
        return region.health_rules.clone().map(|_| false);
    };
    let covers = rules.items.iter().map(|rule| {
        let targets = match &rule.targets.state {
            Observed::Present(targets) => {
                let sns = targets.items.iter().map(|target| target.service.clone().map(|service| service == "sns"));
                link::any(sns, &targets.gaps)
            }
            Observed::Absent => Fact::present(false, rule.targets.origin),
            Observed::Unknown(gap) => Fact::unknown(gap.clone()),
        };
        link::all([rule.covers_issues.clone(), targets], &[])
    });
    link::any(covers, &rules.gaps)
}

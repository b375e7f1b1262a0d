//! EventBridge rules that route AWS Health events, and the Regions that need one.

use std::collections::BTreeSet;

use super::alerts::{AlertRoute, Publisher, Walk};
use super::detection::{self, Detection};
use super::event_pattern;
use super::event_rule::{Buses, EventTarget, RoutedRule};
use super::infrastructure::{RegionDefaults, region_defaults};
use super::link;
use super::resource::Resource;
use super::{Fact, Gap, List, MEMBER_MISSING, Observed, Source, UNDECIDED, leader_region};
use crate::facts;
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
        /// What watches the Region.
        detection: Detection => [];
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
        targets: List<EventTarget> => [EventsListTargetsByRule];
        /// The topics that the rule publishes to.
        routes: List<AlertRoute> => [EventsListTargetsByRule];
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
    let buses = Buses::new(snapshot, walk);
    let watchers = detection::Watchers::read(snapshot);
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
            health_rules: buses
                .rules(name, &event_pattern::HEALTH, uses)
                .map(|rules| List { items: rules.items.into_iter().map(health_rule).collect(), gaps: rules.gaps }),
            defaults: Fact::derived(Observed::Present(region_defaults::build(snapshot, name))),
            detection: Fact::derived(Observed::Present(watchers.in_region(name, &buses, uses))),
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

fn health_rule(rule: RoutedRule) -> HealthRule {
    HealthRule {
        name: rule.name,
        covers_issues: rule.covers.holds(),
        problem: rule.covers.reason(),
        targets: rule.targets,
        reaches: rule.reaches.holds(),
        broken_at: rule.reaches.reason(),
        routes: rule.routes,
    }
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

//! CloudWatch alarms: whether they act, and which of them stand for security.

mod listed;
mod route;

pub(crate) use listed::Alarms;
pub(crate) use route::{Place, follows, routes, title};

use std::collections::BTreeSet;

use super::alerts::{Publisher, Walk};
use super::billing_alarm::{names_metrics, reads_charges};
use super::link;
use super::monitoring::{Filters, Rules, state_changes};
use super::resource::Resource;
use super::trail::Trail;
use super::{Fact, Gap, List, MEMBER_MISSING, leader_region};
use crate::facts;
use crate::iam::arn::Arn;
use crate::snapshot::Snapshot;
use crate::snapshot::shapes::cloudwatch::{CompositeAlarm, MetricAlarm};

facts! {
    /// A CloudWatch alarm on a metric.
    Alarm as "cloudwatch-alarm" {
        /// The alarm's name.
        name: String => [CloudwatchDescribeAlarms];
        /// True when the alarm watches charges, or a metric of a filter on a trail's log group.
        is_security: bool => [CloudwatchDescribeAlarms, CloudtrailDescribeTrails, LogsDescribeMetricFilters];
        /// True when the alarm does something when it goes off.
        has_action: bool => [CloudwatchDescribeAlarms];
        /// True when the alarm may act.
        actions_enabled: bool => [CloudwatchDescribeAlarms];
        /// True when a composite alarm that follows this one does something when it goes off.
        is_followed: bool => [CloudwatchDescribeAlarms];
        /// True when an event rule hands the alarm's changes of state to somebody.
        is_routed: bool => [
            EventsListRules, EventsListTargetsByRule, SnsGetTopicAttributes, SnsListSubscriptionsByTopic,
            SnsGetSubscriptionAttributes, KmsDescribeKey, KmsGetKeyPolicy, IamGetAccountAuthorizationDetails
        ];
    }
}

/// What alarms are judged with.
pub(crate) struct Surroundings<'a, 's> {
    /// The trails that record every Region.
    pub(crate) trails: &'s List<Trail>,
    /// Metric filters.
    pub(crate) filters: &'s Filters<'a>,
    /// Event rules.
    pub(crate) rules: &'s Rules<'a>,
    /// Topics and who listens.
    pub(crate) walk: &'s Walk<'a>,
}

/// Builds the alarms of every Region that lists some, and notes the topics that those for security publish to.
///
/// The list has gaps where alarms for security should be: in the Region of charges and those of the trails' log groups.
pub(crate) fn build(
    snapshot: &Snapshot,
    alarms: &Alarms<'_>,
    around: &Surroundings<'_, '_>,
    uses: &mut Vec<(String, Publisher)>,
) -> List<Resource<Alarm>> {
    let log_groups: Vec<&str> =
        around.trails.items.iter().filter_map(|trail| trail.log_group.state.present().map(String::as_str)).collect();
    let own = log_groups.iter().filter_map(|arn| Arn::parse(arn)).filter(|arn| arn.account == snapshot.account);
    let mut needed: BTreeSet<&str> = own.map(|arn| arn.region).collect();
    needed.insert(leader_region(&snapshot.partition));
    let mut gaps = around.trails.gaps.clone();
    gaps.extend(needed.iter().flat_map(|region| alarms.gaps_in(region)));
    let mut items = Vec::new();
    for region in alarms.regions() {
        for (place, alarm) in alarms.in_region(region) {
            let Some(arn) = alarm.alarm_arn.clone() else {
                gaps.push(place.source.gap(MEMBER_MISSING, "an alarm has no `AlarmArn`"));
                continue;
            };
            let is_security = is_security(alarm, &place, region, &log_groups, around);
            if is_security.state.present() == Some(&true) {
                drop(routes(around.walk, uses, alarm, &place));
            }
            let facts = Alarm {
                name: place.required("/MetricAlarms/*/AlarmName", alarm.alarm_name.clone()),
                has_action: place
                    .required("/MetricAlarms/*/AlarmActions", alarm.alarm_actions.as_ref())
                    .map(|actions| !actions.is_empty()),
                actions_enabled: place.required("/MetricAlarms/*/ActionsEnabled", alarm.actions_enabled),
                is_followed: is_followed(alarm, &place),
                is_routed: is_routed(snapshot, alarm, &place, region, around, uses),
                is_security,
            };
            items.push(Resource { id: arn, region: Some(region.to_owned()), facts });
        }
    }
    items.sort_by(|one, other| one.id.cmp(&other.id));
    items.dedup_by(|one, other| one.id == other.id);
    List { items, gaps }
}

fn is_followed(alarm: &MetricAlarm, place: &Place<'_>) -> Fact<bool> {
    let here = place.origin("/MetricAlarms/*");
    let (followers, more) = place.followers(alarm);
    let followers = followers.into_iter().map(|composite| match acts(composite) {
        Some(acts) => Fact::present(acts, here),
        None => Fact::unknown(place.source.gap(MEMBER_MISSING, "a composite alarm lacks a member about its actions")),
    });
    link::any(followers.chain([Fact::present(false, here)]), &more)
}

/// Whether a composite alarm does something when it goes off, where the answer says so.
fn acts(composite: &CompositeAlarm) -> Option<bool> {
    match (composite.actions_enabled, composite.alarm_actions.as_ref().map(|actions| !actions.is_empty())) {
        (Some(false), _) | (_, Some(false)) => Some(false),
        (Some(true), Some(true)) => Some(true),
        _ => None,
    }
}

fn is_security(
    alarm: &MetricAlarm,
    place: &Place<'_>,
    region: &str,
    log_groups: &[&str],
    around: &Surroundings<'_, '_>,
) -> Fact<bool> {
    let here = place.origin("/MetricAlarms/*");
    if reads_charges(alarm) {
        return Fact::present(true, here);
    }
    let reads = |group: &&str| {
        around.filters.metrics_of(group).any(|(home, metric)| home == region && metric.read_by(alarm).is_some())
    };
    if log_groups.iter().any(reads) {
        return Fact::present(true, here);
    }
    if !names_metrics(alarm) {
        return Fact::unknown(place.source.gap(MEMBER_MISSING, "an alarm does not name the metric that it reads"));
    }
    // Filters cannot publish in AWS's own namespaces.
    let gaps: Vec<Gap> = if reads_aws_alone(alarm) {
        Vec::new()
    } else {
        let filters = log_groups.iter().filter(|arn| Arn::parse(arn).is_some_and(|arn| arn.region == region));
        around.trails.gaps.iter().cloned().chain(filters.flat_map(|group| around.filters.gaps_of(group))).collect()
    };
    link::any([Fact::present(false, here)], &gaps)
}

fn reads_aws_alone(alarm: &MetricAlarm) -> bool {
    let stats = alarm.metrics.iter().flatten().filter_map(|query| query.metric_stat.as_ref()?.metric.as_ref());
    let mut namespaces = stats.map(|metric| metric.namespace.as_deref()).chain([alarm.namespace.as_deref()]).flatten();
    namespaces.all(|namespace| namespace.starts_with("AWS/"))
}

fn is_routed(
    snapshot: &Snapshot,
    alarm: &MetricAlarm,
    place: &Place<'_>,
    region: &str,
    around: &Surroundings<'_, '_>,
    uses: &mut Vec<(String, Publisher)>,
) -> Fact<bool> {
    let changes = state_changes(&snapshot.account, region, alarm.alarm_name.as_deref());
    match changes {
        Some(changes) => around.rules.alert_of(&changes, region, false, around.walk, uses).holds(),
        None => Fact::unknown(place.source.gap(MEMBER_MISSING, "an alarm has no `AlarmName`")),
    }
}

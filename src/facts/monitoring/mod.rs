//! Which kinds of events raise an alert that reaches somebody: by a trail's metric filters, by alarms on its log group, or by
//! event rules.

mod control;
mod event_rule;
pub(crate) mod event_tree;
mod log_alarm;
mod log_group;
mod metric;
mod metric_filter;

pub(crate) use event_rule::Rules;
pub(crate) use metric_filter::Filters;

use super::alarm::Alarms;
use super::alerts::{Publisher, Walk};
use super::link::{self, Link};
use super::trail::Trail;
use super::{Fact, Gap, List, Observed, UNDECIDED};
use crate::facts;
use crate::filter::{Selector, Tree, may_meet};
use crate::snapshot::Snapshot;
use control::{Control, equals};
use metric_filter::{Bounds, Way};

facts! {
    /// How events of one kind raise an alert.
    EventAlert as "event-alert" {
        /// True when a metric filter on a trail's log group matches all such events, and an alarm on its metric goes off
        /// at one event and reaches a confirmed recipient.
        by_metric_filter: bool => [
            CloudtrailDescribeTrails, CloudtrailGetTrailStatus, CloudtrailGetEventSelectors, LogsDescribeMetricFilters,
            CloudwatchDescribeAlarms, SnsGetTopicAttributes, SnsListSubscriptionsByTopic, SnsGetSubscriptionAttributes,
            KmsDescribeKey, KmsGetKeyPolicy
        ];
        /// Where that way is broken, in words; absent when it is not.
        metric_filter_problem: String => [
            CloudtrailDescribeTrails, CloudtrailGetTrailStatus, CloudtrailGetEventSelectors, LogsDescribeMetricFilters,
            CloudwatchDescribeAlarms, SnsGetTopicAttributes, SnsListSubscriptionsByTopic, SnsGetSubscriptionAttributes,
            KmsDescribeKey, KmsGetKeyPolicy
        ];
        /// True when such a metric filter matches no events but those that the benchmarks' patterns name.
        by_exact_metric_filter: bool => [
            CloudtrailDescribeTrails, CloudtrailGetTrailStatus, CloudtrailGetEventSelectors, LogsDescribeMetricFilters,
            CloudwatchDescribeAlarms, SnsGetTopicAttributes, SnsListSubscriptionsByTopic, SnsGetSubscriptionAttributes,
            KmsDescribeKey, KmsGetKeyPolicy
        ];
        /// Where that way is broken, in words; absent when it is not.
        exact_metric_filter_problem: String => [
            CloudtrailDescribeTrails, CloudtrailGetTrailStatus, CloudtrailGetEventSelectors, LogsDescribeMetricFilters,
            CloudwatchDescribeAlarms, SnsGetTopicAttributes, SnsListSubscriptionsByTopic, SnsGetSubscriptionAttributes,
            KmsDescribeKey, KmsGetKeyPolicy
        ];
        /// True when a log alarm's query on a trail's log group selects all such events, and the alarm goes off at one event
        /// and reaches a confirmed recipient.
        by_log_alarm: bool => [
            CloudtrailDescribeTrails, CloudtrailGetTrailStatus, CloudtrailGetEventSelectors, CloudwatchDescribeAlarms,
            SnsGetTopicAttributes, SnsListSubscriptionsByTopic, SnsGetSubscriptionAttributes, KmsDescribeKey,
            KmsGetKeyPolicy
        ];
        /// Where that way is broken, in words; absent when it is not.
        log_alarm_problem: String => [
            CloudtrailDescribeTrails, CloudtrailGetTrailStatus, CloudtrailGetEventSelectors, CloudwatchDescribeAlarms,
            SnsGetTopicAttributes, SnsListSubscriptionsByTopic, SnsGetSubscriptionAttributes, KmsDescribeKey,
            KmsGetKeyPolicy
        ];
        /// True when event rules match all such events, in every Region where they come up, and reach a confirmed
        /// recipient.
        by_event_rule: bool => [
            EventsListRules, EventsListTargetsByRule, SnsGetTopicAttributes, SnsListSubscriptionsByTopic,
            SnsGetSubscriptionAttributes, KmsDescribeKey, KmsGetKeyPolicy, IamGetAccountAuthorizationDetails
        ];
        /// Where that way is broken, in words; absent when it is not.
        event_rule_problem: String => [
            EventsListRules, EventsListTargetsByRule, SnsGetTopicAttributes, SnsListSubscriptionsByTopic,
            SnsGetSubscriptionAttributes, KmsDescribeKey, KmsGetKeyPolicy, IamGetAccountAuthorizationDetails
        ];
    }
}

macro_rules! monitoring {
    ($( $(#[doc = $doc:literal])* $name:ident => $control:ident; )*) => {
        facts! {
            /// Which kinds of events raise an alert that reaches somebody.
            Monitoring as "monitoring" {
                /// True when the only trails that record every Region belong to an organization and write to another
                /// account, which is where alerts are raised.
                is_central: bool => [CloudtrailDescribeTrails];
                /// False when no trail of an organization that another account owns records this one; else unknown, because
                /// that account may raise alerts.
                may_be_central: bool => [CloudtrailDescribeTrails];
                $( $(#[doc = $doc])* $name: EventAlert => []; )*
            }
        }

        /// Builds the alerts, and notes every topic that they go through.
        pub(crate) fn build(
            snapshot: &Snapshot,
            trails: &List<Trail>,
            (filters, rules): (&Filters<'_>, &Rules<'_>),
            alarms: &Alarms<'_>,
            walk: &Walk<'_>,
            uses: &mut Vec<(String, Publisher)>,
        ) -> Monitoring {
            let way = Way { alarms, walk, account: &snapshot.account };
            let mut alert = |control: &Control| alert(control, trails, (filters, rules), &way, uses);
            Monitoring { is_central: is_central(trails), may_be_central: may_be_central(trails), $( $name: alert(&control::$control), )* }
        }
    };
}

monitoring! {
    /// Calls that were denied.
    unauthorized_api => UNAUTHORIZED_API;
    /// Sign-ins of IAM users to the console without MFA.
    sign_in_without_mfa => SIGN_IN_WITHOUT_MFA;
    /// Anything that root does.
    root_usage => ROOT_USAGE;
    /// Changes of IAM policies.
    iam_policy_changes => IAM_POLICY_CHANGES;
    /// Changes of CloudTrail's configuration.
    cloudtrail_changes => CLOUDTRAIL_CHANGES;
    /// Sign-ins to the console that failed.
    console_auth_failures => CONSOLE_AUTH_FAILURES;
    /// KMS keys that are disabled or on their way out.
    kms_key_disable_delete => KMS_KEY_DISABLE_DELETE;
    /// Changes of who may read a bucket.
    s3_policy_changes => S3_POLICY_CHANGES;
    /// Changes of AWS Config's recorder and delivery channel.
    config_changes => CONFIG_CHANGES;
    /// Security groups made, removed, opened and closed.
    security_group_changes => SECURITY_GROUP_CHANGES;
    /// Rules of security groups changed in place.
    security_group_rule_changes => SECURITY_GROUP_RULE_CHANGES;
    /// Changes of network ACLs.
    nacl_changes => NACL_CHANGES;
    /// Changes of customer and internet gateways.
    network_gateway_changes => NETWORK_GATEWAY_CHANGES;
    /// Changes of route tables.
    route_table_changes => ROUTE_TABLE_CHANGES;
    /// Changes of VPCs and their peerings.
    vpc_changes => VPC_CHANGES;
    /// Changes of the organization.
    organizations_changes => ORGANIZATIONS_CHANGES;
}

/// The changes of an alarm into `ALARM`, as EventBridge hands them on:
/// <https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/cloudwatch-and-eventbridge.html>
pub(crate) fn state_changes(account: &str, region: &str, alarm: Option<&str>) -> Option<Tree> {
    Tree::all([
        equals(&[], "source", "aws.cloudwatch"),
        equals(&[], "detail-type", "CloudWatch Alarm State Change"),
        equals(&[], "account", account),
        equals(&[], "region", region),
        equals(&["detail"], "alarmName", alarm?),
        equals(&["detail", "state"], "value", "ALARM"),
    ])
}

/// Whether a pattern that leaves some of the wanted events out is meant for them: it has one of their terms.
fn is_meant_for(tree: &Tree, wanted: &Tree) -> bool {
    let place = [["eventSource"].as_slice(), &["detail", "eventSource"], &["detail-type"], &["account"], &["region"]];
    let place = place.map(|members| Selector::members(members.iter().copied()));
    let wanted_terms = wanted.terms();
    let mut shared = tree.terms().into_iter().filter(|term| wanted_terms.contains(term));
    shared.any(|term| !place.contains(&term.selector)) && may_meet(tree, wanted)
}

fn alert(
    control: &Control,
    trails: &List<Trail>,
    (filters, rules): (&Filters<'_>, &Rules<'_>),
    way: &Way<'_, '_>,
    uses: &mut Vec<(String, Publisher)>,
) -> Fact<EventAlert> {
    let none = || Link::Broken("the control names no events".to_owned(), super::Origin::NONE);
    let (events, at_most) = (control.records(&[]), control.at_most());
    let by_filter = |none_but: Option<&Tree>, uses: &mut Vec<(String, Publisher)>| {
        events.as_ref().map_or_else(none, |all| filters.alert(Bounds { all, none_but }, trails, way, uses))
    };
    let by_filter_at_all = by_filter(None, uses);
    let by_exact_filter = match (&by_filter_at_all, &at_most) {
        // Its topics are noted already.
        (Link::Holds(_), Some(events)) => by_filter(Some(events), &mut Vec::new()),
        (Link::Holds(_), None) => none(),
        (Link::Broken(..) | Link::Open(_), _) => by_filter_at_all.clone(),
    };
    let by_log_alarm = control.records(&[]).map_or_else(none, |events| log_alarm::alert(&events, trails, way, uses));
    let by_rule = rules.alert(control, way.walk, uses);
    Fact::derived(Observed::Present(EventAlert {
        by_metric_filter: by_filter_at_all.holds(),
        metric_filter_problem: by_filter_at_all.reason(),
        by_exact_metric_filter: by_exact_filter.holds(),
        exact_metric_filter_problem: by_exact_filter.reason(),
        by_log_alarm: by_log_alarm.holds(),
        log_alarm_problem: by_log_alarm.reason(),
        by_event_rule: by_rule.holds(),
        event_rule_problem: by_rule.reason(),
    }))
}

fn is_central(trails: &List<Trail>) -> Fact<bool> {
    let foreign = link::any(trails.items.iter().map(is_foreign), &trails.gaps);
    let only_foreign = link::all(trails.items.iter().map(|trail| trail.is_own.clone().map(|own| !own)), &trails.gaps);
    link::all([foreign, only_foreign], &[])
}

/// Whether the trail is an organization's and another account's.
fn is_foreign(trail: &Trail) -> Fact<bool> {
    let own = trail.is_own.clone().map(|own| !own);
    link::all([own, trail.is_organization_trail.clone()], &[])
}

fn may_be_central(trails: &List<Trail>) -> Fact<bool> {
    let mut found = link::any(trails.items.iter().map(is_foreign), &trails.gaps);
    if found.state == Observed::Present(true) {
        let foreign = trails.items.iter().find(|trail| is_foreign(trail).state == Observed::Present(true));
        let name = foreign.and_then(|trail| trail.name.state.present()).map_or("", String::as_str);
        let reason =
            format!("trail `{name}` of the organization records this account too, and its owner may raise alerts");
        found.state = Observed::Unknown(Gap::of_reason(UNDECIDED, reason));
    }
    found
}

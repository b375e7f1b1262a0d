//! Alarms on the estimated charges of the account, read directly or inside metric math.

use super::alarm::{Alarms, Place, routes};
use super::alerts::{AlertRoute, Publisher, Walk};
use super::{Fact, Gap, List, MEMBER_MISSING, Observed, Origin, UNDECIDED, leader_region};
use crate::facts;
use crate::snapshot::shapes::cloudwatch::{Dimension, MetricAlarm};
use crate::snapshot::{Snapshot, Time};

facts! {
    /// A CloudWatch alarm that reads the metric `EstimatedCharges`.
    BillingAlarm as "billing-alarm" {
        /// The alarm's name.
        name: String => [CloudwatchDescribeAlarms];
        /// True when the alarm watches the charges of the whole account, not those of one service.
        watches_total: bool => [CloudwatchDescribeAlarms];
        /// The currency of the charges; absent when the alarm names none.
        currency: String => [CloudwatchDescribeAlarms];
        /// The currency that AWS publishes the metric in: `USD`, and `CNY` in China.
        published_currency: String => [];
        /// The statistic, as in `Maximum`; absent for alarms on a percentile or a band.
        statistic: String => [CloudwatchDescribeAlarms];
        /// Seconds that one data point covers.
        period: i64 => [CloudwatchDescribeAlarms];
        /// Number of periods that are compared.
        evaluation_periods: i64 => [CloudwatchDescribeAlarms];
        /// The threshold; absent for alarms on a band.
        threshold: f64 => [CloudwatchDescribeAlarms];
        /// How the charges are compared with the threshold, as in `GreaterThanThreshold`.
        comparison: String => [CloudwatchDescribeAlarms];
        /// `OK`, `ALARM` or `INSUFFICIENT_DATA`.
        state: String => [CloudwatchDescribeAlarms];
        /// True in state `OK` or `ALARM`; unknown without data, which may be about to come.
        has_data: bool => [CloudwatchDescribeAlarms];
        /// When the alarm last lost its data; absent while it has data.
        without_data_since: Time => [CloudwatchDescribeAlarms];
        /// True when the alarm may act.
        actions_enabled: bool => [CloudwatchDescribeAlarms];
        /// The topics that the alarm publishes to.
        routes: List<AlertRoute> => [CloudwatchDescribeAlarms];
        /// True when the alarm reaches at least one confirmed recipient.
        reaches: bool => [
            CloudwatchDescribeAlarms, SnsGetTopicAttributes, SnsListSubscriptionsByTopic, SnsGetSubscriptionAttributes,
            KmsDescribeKey, KmsGetKeyPolicy
        ];
        /// Where every route is broken, in words; absent when the alarm reaches somebody.
        broken_at: String => [
            CloudwatchDescribeAlarms, SnsGetTopicAttributes, SnsListSubscriptionsByTopic, SnsGetSubscriptionAttributes,
            KmsDescribeKey, KmsGetKeyPolicy
        ];
    }
}

const NAMESPACE: &str = "AWS/Billing";
const METRIC: &str = "EstimatedCharges";

/// Builds the alarms on charges, and notes every topic that they publish to.
pub(crate) fn build(
    snapshot: &Snapshot,
    alarms: &Alarms<'_>,
    walk: &Walk<'_>,
    uses: &mut Vec<(String, Publisher)>,
) -> Fact<List<BillingAlarm>> {
    let mut list = List { items: Vec::new(), gaps: Vec::new() };
    let mut origin = Origin::NONE;
    let leader = leader_region(&snapshot.partition);
    let elsewhere = alarms.regions().filter(|region| *region != leader);
    let elsewhere: Vec<&str> = elsewhere.filter(|region| publishes_charges(&snapshot.partition, region)).collect();
    for region in elsewhere.into_iter().chain([leader]) {
        origin = alarms.origin_in(region);
        list.gaps.extend(alarms.gaps_in(region));
        for (place, alarm) in alarms.in_region(region).filter(|(_, alarm)| reads_charges(alarm)) {
            list.items.push(build_alarm(snapshot, walk, uses, alarm, &place));
        }
        let nameless = alarms.in_region(region).find(|(_, alarm)| !names_metrics(alarm));
        list.gaps.extend(nameless.map(|(place, _)| place.source.gap(MEMBER_MISSING, "an alarm names no metric")));
    }
    if snapshot.partition == "aws-cn" {
        let reason = "AWS's two Chinese manuals do not agree on the Region of the billing metric";
        list.gaps.push(Gap::of_reason(UNDECIDED, reason));
    }
    Fact::present(list, origin)
}

/// The metric of worldwide charges is published in one Region:
/// <https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/monitor_estimated_charges_with_cloudwatch.html>
fn publishes_charges(partition: &str, region: &str) -> bool {
    partition == "aws-cn" || region == leader_region(partition)
}

/// One metric that an alarm reads, as far as it concerns charges.
struct Reading<'a> {
    /// `None` when the answer lacks them: AWS sends an empty list when there are none.
    dimensions: Option<&'a [Dimension]>,
    statistic: Option<&'a str>,
    period: Option<i64>,
    of_other_account: bool,
}

fn readings<'a>(alarm: &'a MetricAlarm, account: &str) -> Vec<Reading<'a>> {
    let mut found = Vec::new();
    if alarm.namespace.as_deref() == Some(NAMESPACE) && alarm.metric_name.as_deref() == Some(METRIC) {
        found.push(Reading {
            dimensions: alarm.dimensions.as_deref(),
            statistic: alarm.statistic.as_deref(),
            period: alarm.period,
            of_other_account: false,
        });
    }
    for query in alarm.metrics.iter().flatten() {
        let Some(stat) = &query.metric_stat else { continue };
        let Some(metric) = &stat.metric else { continue };
        if metric.namespace.as_deref() == Some(NAMESPACE) && metric.metric_name.as_deref() == Some(METRIC) {
            found.push(Reading {
                dimensions: metric.dimensions.as_deref(),
                statistic: stat.stat.as_deref(),
                period: stat.period,
                of_other_account: query.account_id.as_deref().is_some_and(|id| id != account),
            });
        }
    }
    found
}

/// Whether an alarm says what it reads: one metric, or queries of which each names its metric or is an expression.
pub(crate) fn names_metrics(alarm: &MetricAlarm) -> bool {
    let is_named = |namespace: &Option<String>, name: &Option<String>| namespace.is_some() && name.is_some();
    match &alarm.metrics {
        Some(queries) if !queries.is_empty() => queries.iter().all(|query| {
            let metric = query.metric_stat.as_ref().map(|stat| stat.metric.as_ref());
            metric.is_none_or(|metric| metric.is_some_and(|metric| is_named(&metric.namespace, &metric.metric_name)))
        }),
        _ => is_named(&alarm.namespace, &alarm.metric_name),
    }
}

/// True for an alarm that reads the metric of charges, of whatever service.
pub(crate) fn reads_charges(alarm: &MetricAlarm) -> bool {
    !readings(alarm, "").is_empty()
}

impl Reading<'_> {
    /// Exactly the dimension `Currency`, or it and this account's `LinkedAccount`.
    fn is_total(&self, account: &str) -> bool {
        let is_known = |dimension: &Dimension| match dimension.name.as_deref() {
            Some("Currency") => true,
            Some("LinkedAccount") => dimension.value.as_deref() == Some(account),
            _ => false,
        };
        !self.of_other_account && self.currency().is_some() && self.dimensions.into_iter().flatten().all(is_known)
    }

    fn currency(&self) -> Option<&str> {
        let mut dimensions = self.dimensions.into_iter().flatten();
        let currency = dimensions.find(|dimension| dimension.name.as_deref() == Some("Currency"));
        currency.and_then(|dimension| dimension.value.as_deref())
    }
}

fn build_alarm(
    snapshot: &Snapshot,
    walk: &Walk<'_>,
    uses: &mut Vec<(String, Publisher)>,
    alarm: &MetricAlarm,
    place: &Place<'_>,
) -> BillingAlarm {
    let readings = readings(alarm, &snapshot.account);
    let total = readings.iter().find(|reading| reading.is_total(&snapshot.account));
    let reading = total.or(readings.first());
    let state = place.required("/MetricAlarms/*/StateValue", alarm.state_value.clone());
    let routes = routes(walk, uses, alarm, place);
    let is_told = |all: &[Dimension]| all.iter().all(|one| one.name.is_some() && one.value.is_some());
    let lacks_dimensions = readings.iter().any(|reading| !reading.dimensions.is_some_and(is_told));
    let untold = lacks_dimensions.then(|| place.source.gap(MEMBER_MISSING, "an alarm on charges has no `Dimensions`"));
    let published = if snapshot.partition == "aws-cn" { "CNY" } else { "USD" };
    BillingAlarm {
        name: place.required("/MetricAlarms/*/AlarmName", alarm.alarm_name.clone()),
        watches_total: match (total, &untold) {
            (None, Some(gap)) => Fact::unknown(gap.clone()),
            _ => Fact::present(total.is_some(), place.origin("/MetricAlarms/*")),
        },
        currency: match (total, &untold) {
            (None, Some(gap)) => Fact::unknown(gap.clone()),
            _ => place.optional("/MetricAlarms/*", reading.and_then(Reading::currency).map(str::to_owned)),
        },
        published_currency: Fact::derived(Observed::Present(published.to_owned())),
        statistic: place.optional("/MetricAlarms/*", reading.and_then(|one| one.statistic).map(str::to_owned)),
        period: place.required("/MetricAlarms/*", reading.and_then(|one| one.period)),
        evaluation_periods: place.required("/MetricAlarms/*/EvaluationPeriods", alarm.evaluation_periods),
        threshold: place.optional("/MetricAlarms/*/Threshold", alarm.threshold),
        comparison: place.required("/MetricAlarms/*/ComparisonOperator", alarm.comparison_operator.clone()),
        has_data: has_data(&state),
        without_data_since: without_data_since(&state, alarm, place),
        state,
        actions_enabled: place.required("/MetricAlarms/*/ActionsEnabled", alarm.actions_enabled),
        reaches: routes.link.holds(),
        broken_at: routes.link.reason(),
        routes: routes.routes,
    }
}

fn has_data(state: &Fact<String>) -> Fact<bool> {
    let value = state.state.clone().and_then(|state| match state.as_str() {
        "OK" | "ALARM" => Observed::Present(true),
        other => Observed::Unknown(Gap::of_reason(UNDECIDED, format!("the alarm is in state `{other}`"))),
    });
    Fact::new(value, state.origin)
}

fn without_data_since(state: &Fact<String>, alarm: &MetricAlarm, place: &Place<'_>) -> Fact<Time> {
    match &state.state {
        Observed::Present(state) if state == "OK" || state == "ALARM" => {
            Fact::absent(place.origin("/MetricAlarms/*/StateValue"))
        }
        Observed::Present(_) => {
            // Older answers lack the time of the transition; the time of the last update is never earlier.
            place.required("/MetricAlarms/*/StateTransitionedTimestamp", alarm.state_transitioned_timestamp)
        }
        Observed::Absent => Fact::absent(state.origin),
        Observed::Unknown(gap) => Fact::unknown(gap.clone()),
    }
}

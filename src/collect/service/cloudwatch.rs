//! Amazon CloudWatch: alarms and billing metrics, in the one Region that has billing metrics.

use std::collections::BTreeSet;

use aws_sdk_cloudwatch::Client;
use aws_sdk_cloudwatch::types::{self, AlarmType};
use futures_util::future::join;

use super::{Collector, Work, sns};
use crate::collect::context::{Context, client, nothing, request};
use crate::collect::convert::{append, shape, words};
use crate::snapshot::shapes::cloudwatch::{
    CompositeAlarm, DescribeAlarms, Dimension, ListMetrics, Metric, MetricAlarm, MetricDataQuery, MetricStat,
};

const BILLING: &str = "AWS/Billing";

pub(super) struct CloudWatch;

impl Collector for CloudWatch {
    fn start<'a>(&self, context: &'a Context<'a>) -> Option<Work<'a>> {
        Some(Box::pin(async move {
            let client = client!(context, aws_sdk_cloudwatch, context.leader());
            join(alarms(context, &client), billing_metrics(context, &client)).await;
        }))
    }
}

async fn alarms(context: &Context<'_>, client: &Client) {
    let region = context.leader();
    // Without `AlarmTypes` composite alarms would be left out.
    let kinds = [AlarmType::MetricAlarm, AlarmType::CompositeAlarm];
    let asked = request([("AlarmTypes", kinds.iter().map(AlarmType::as_str).collect::<Vec<_>>().into())]);
    let answer = context.pages(
        region,
        DescribeAlarms::default(),
        |token| {
            let kinds = Some(kinds.to_vec());
            Box::pin(client.describe_alarms().set_alarm_types(kinds).max_records(100).set_next_token(token).send())
        },
        |all, page| {
            append(&mut all.metric_alarms, page.metric_alarms);
            append(&mut all.composite_alarms, page.composite_alarms);
            page.next_token
        },
    );
    if let Some(actions) = context.observe(region, asked, answer, actions).await {
        sns::follow(context, actions).await;
    }
}

fn actions(answer: &DescribeAlarms) -> BTreeSet<String> {
    let metric = answer.metric_alarms.iter().flatten().flat_map(|alarm| &alarm.alarm_actions);
    let composite = answer.composite_alarms.iter().flatten().flat_map(|alarm| &alarm.alarm_actions);
    metric.chain(composite).flatten().cloned().collect()
}

async fn billing_metrics(context: &Context<'_>, client: &Client) {
    let region = context.leader();
    let answer = context.pages(
        region,
        ListMetrics::default(),
        |token| Box::pin(client.list_metrics().namespace(BILLING).set_next_token(token).send()),
        |all, page| {
            append(&mut all.metrics, page.metrics);
            page.next_token
        },
    );
    context.observe(region, request([("Namespace", BILLING.into())]), answer, nothing).await;
}

shape! {
    types::MetricAlarm => MetricAlarm {
        alarm_name, alarm_arn, actions_enabled, alarm_actions, state_value, state_updated_timestamp,
        state_transitioned_timestamp, metric_name, namespace, statistic, extended_statistic, dimensions, period,
        evaluation_periods, datapoints_to_alarm, threshold, comparison_operator, treat_missing_data, metrics,
        threshold_metric_id,
    }
    types::CompositeAlarm => CompositeAlarm {
        alarm_name, alarm_arn, actions_enabled, alarm_actions, alarm_rule, state_value,
    }
    types::Dimension => Dimension { name, value }
    types::MetricDataQuery => MetricDataQuery { id, metric_stat, expression, return_data, period, account_id }
    types::MetricStat => MetricStat { metric, period, stat }
    types::Metric => Metric { namespace, metric_name, dimensions }
}

words!(types::StateValue, types::Statistic, types::ComparisonOperator);

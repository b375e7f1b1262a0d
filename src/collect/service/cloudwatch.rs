//! Amazon CloudWatch: alarms and billing metrics, in the one Region that has billing metrics, and the alarms of Regions
//! that trails write their events to.

use std::collections::BTreeSet;

use aws_sdk_cloudwatch::Client;
use aws_sdk_cloudwatch::types::{self, AlarmType};
use futures_util::future::join;

use super::{Collector, Work, sns};
use crate::collect::context::{Context, client, nothing, request};
use crate::collect::convert::{append, shape, words};
use crate::snapshot::shapes::cloudwatch::{
    CompositeAlarm, DescribeAlarms, Dimension, ListMetrics, LogAlarm, Metric, MetricAlarm, MetricDataQuery, MetricStat,
    ScheduleConfiguration, ScheduledQueryConfiguration,
};

const BILLING: &str = "AWS/Billing";

pub(super) struct CloudWatch;

impl Collector for CloudWatch {
    fn start<'a>(&self, context: &'a Context<'a>) -> Option<Work<'a>> {
        Some(Box::pin(async move {
            let client = client!(context, aws_sdk_cloudwatch, context.leader());
            join(alarms(context, context.leader()), billing_metrics(context, &client)).await;
        }))
    }

    fn depth(&self) -> usize {
        4
    }
}

/// Reads the alarms on logs of a Region. They are asked for by themselves: where AWS does not know them yet, that must not
/// cost the answer about the others.
pub(super) async fn log_alarms(context: &Context<'_>, region: &str) {
    let client = client!(context, aws_sdk_cloudwatch, region);
    let answer = context.pages(
        region,
        DescribeAlarms::default(),
        |token| {
            let asked = client.describe_alarms().alarm_types(AlarmType::LogAlarm).max_records(100);
            Box::pin(asked.set_next_token(token).send())
        },
        |all, page| {
            append(&mut all.log_alarms, page.log_alarms);
            page.next_token
        },
    );
    let asked = request([("AlarmTypes", vec![AlarmType::LogAlarm.as_str()].into())]);
    let actions = |answer: &DescribeAlarms| -> BTreeSet<String> {
        answer.log_alarms.iter().flatten().flat_map(|alarm| &alarm.alarm_actions).flatten().cloned().collect()
    };
    if let Some(actions) = context.observe(region, asked, answer, actions).await {
        sns::follow(context, actions).await;
    }
}

/// Reads the alarms of a Region.
pub(super) async fn alarms(context: &Context<'_>, region: &str) {
    let client = client!(context, aws_sdk_cloudwatch, region);
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
    types::LogAlarm => LogAlarm {
        alarm_name, alarm_arn, actions_enabled, alarm_actions, state_value, evaluation_state,
        scheduled_query_configuration, query_results_to_evaluate, query_results_to_alarm, threshold,
        comparison_operator,
    }
    types::ScheduledQueryConfiguration => ScheduledQueryConfiguration {
        query_string, log_group_identifiers, schedule_configuration, aggregation_expression,
    }
    types::ScheduleConfiguration => ScheduleConfiguration { schedule_expression, start_time_offset, end_time_offset }
    types::Dimension => Dimension { name, value }
    types::MetricDataQuery => MetricDataQuery { id, metric_stat, expression, return_data, period, account_id }
    types::MetricStat => MetricStat { metric, period, stat }
    types::Metric => Metric { namespace, metric_name, dimensions }
}

words!(types::StateValue, types::Statistic, types::ComparisonOperator, types::EvaluationState);

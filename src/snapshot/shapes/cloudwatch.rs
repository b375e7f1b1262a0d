//! Amazon CloudWatch.

use crate::snapshot::Time;

shapes! {
    DescribeAlarms {
        metric_alarms: Vec<MetricAlarm>,
        composite_alarms: Vec<CompositeAlarm>,
        log_alarms: Vec<LogAlarm>,
        next_token: String,
    }
    MetricAlarm {
        alarm_name: String,
        alarm_arn: String,
        actions_enabled: bool,
        alarm_actions: Vec<String>,
        state_value: String,
        state_updated_timestamp: Time,
        state_transitioned_timestamp: Time,
        metric_name: String,
        namespace: String,
        statistic: String,
        extended_statistic: String,
        dimensions: Vec<Dimension>,
        period: i64,
        evaluation_periods: i64,
        datapoints_to_alarm: i64,
        threshold: f64,
        comparison_operator: String,
        treat_missing_data: String,
        metrics: Vec<MetricDataQuery>,
        threshold_metric_id: String,
    }
    CompositeAlarm {
        alarm_name: String,
        alarm_arn: String,
        actions_enabled: bool,
        alarm_actions: Vec<String>,
        alarm_rule: String,
        state_value: String,
    }
    LogAlarm {
        alarm_name: String,
        alarm_arn: String,
        actions_enabled: bool,
        alarm_actions: Vec<String>,
        state_value: String,
        evaluation_state: String,
        scheduled_query_configuration: ScheduledQueryConfiguration,
        query_results_to_evaluate: i64,
        query_results_to_alarm: i64,
        threshold: f64,
        comparison_operator: String,
    }
    ScheduledQueryConfiguration {
        query_string: String,
        log_group_identifiers: Vec<String>,
        schedule_configuration: ScheduleConfiguration,
        aggregation_expression: String,
    }
    ScheduleConfiguration { schedule_expression: String, start_time_offset: i64, end_time_offset: i64 }
    Dimension { name: String, value: String }
    MetricDataQuery {
        id: String,
        metric_stat: MetricStat,
        expression: String,
        return_data: bool,
        period: i64,
        account_id: String,
    }
    MetricStat { metric: Metric, period: i64, stat: String }
    Metric { namespace: String, metric_name: String, dimensions: Vec<Dimension> }
    ListMetrics { metrics: Vec<Metric>, next_token: String }
}

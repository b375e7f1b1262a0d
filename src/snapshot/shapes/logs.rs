//! Amazon CloudWatch Logs. The members of this service begin in lower case.

use std::collections::BTreeMap;

shapes! {
    DescribeLogGroups {
        #[serde(rename = "logGroups")]
        log_groups: Vec<LogGroup>,
        #[serde(rename = "nextToken")]
        next_token: String,
    }
    DescribeMetricFilters {
        #[serde(rename = "metricFilters")]
        metric_filters: Vec<MetricFilter>,
        #[serde(rename = "nextToken")]
        next_token: String,
    }
    MetricFilter {
        #[serde(rename = "filterName")]
        filter_name: String,
        #[serde(rename = "filterPattern")]
        filter_pattern: String,
        #[serde(rename = "logGroupName")]
        log_group_name: String,
        #[serde(rename = "metricTransformations")]
        metric_transformations: Vec<MetricTransformation>,
        #[serde(rename = "applyOnTransformedLogs")]
        apply_on_transformed_logs: bool,
        #[serde(rename = "fieldSelectionCriteria")]
        field_selection_criteria: String,
    }
    MetricTransformation {
        #[serde(rename = "metricName")]
        metric_name: String,
        #[serde(rename = "metricNamespace")]
        metric_namespace: String,
        #[serde(rename = "metricValue")]
        metric_value: String,
        #[serde(rename = "defaultValue")]
        default_value: f64,
        #[serde(rename = "dimensions")]
        dimensions: BTreeMap<String, String>,
    }
    LogGroup {
        #[serde(rename = "logGroupName")]
        log_group_name: String,
        #[serde(rename = "arn")]
        arn: String,
        #[serde(rename = "retentionInDays")]
        retention_in_days: i64,
    }
}

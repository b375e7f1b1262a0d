//! Amazon CloudWatch Logs. The members of this service begin in lower case.

shapes! {
    DescribeLogGroups {
        #[serde(rename = "logGroups")]
        log_groups: Vec<LogGroup>,
        #[serde(rename = "nextToken")]
        next_token: String,
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

//! Amazon CloudFront.

shapes! {
    ListDistributions { distribution_list: DistributionList }
    DistributionList { items: Vec<DistributionSummary>, is_truncated: bool, next_marker: String }
    DistributionSummary {
        id: String,
        #[serde(rename = "ARN")]
        arn: String,
        domain_name: String,
    }
    GetDistributionConfig { distribution_config: DistributionConfig }
    DistributionConfig { logging: LoggingConfig }
    LoggingConfig { enabled: bool, bucket: String }
}

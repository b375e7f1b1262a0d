//! AWS Security Hub.

shapes! {
    DescribeHub { hub_arn: String, subscribed_at: String }
    DescribeSecurityHubV2 {
        #[serde(rename = "HubV2Arn")]
        hub_arn: String,
        subscribed_at: String,
    }
}

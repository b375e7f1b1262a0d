//! AWS Cost Explorer: cost anomaly detection.

shapes! {
    GetAnomalyMonitors { anomaly_monitors: Vec<AnomalyMonitor>, next_page_token: String }
    AnomalyMonitor { monitor_arn: String, monitor_name: String, monitor_type: String }
    GetAnomalySubscriptions { anomaly_subscriptions: Vec<AnomalySubscription>, next_page_token: String }
    AnomalySubscription {
        subscription_arn: String,
        subscription_name: String,
        monitor_arn_list: Vec<String>,
        subscribers: Vec<AnomalySubscriber>,
    }
    AnomalySubscriber {
        address: String,
        #[serde(rename = "Type")]
        kind: String,
        status: String,
    }
}

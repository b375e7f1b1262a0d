//! Amazon Simple Notification Service.

use std::collections::BTreeMap;

shapes! {
    ListTopics { topics: Vec<Topic>, next_token: String }
    Topic { topic_arn: String }
    GetTopicAttributes { attributes: BTreeMap<String, String> }
    ListSubscriptionsByTopic { subscriptions: Vec<Subscription>, next_token: String }
    Subscription { subscription_arn: String, owner: String, protocol: String, endpoint: String, topic_arn: String }
    GetSubscriptionAttributes { attributes: BTreeMap<String, String> }
}

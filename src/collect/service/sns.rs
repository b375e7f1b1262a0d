//! Amazon SNS: the topics that alerts go through. Asked when an alarm, budget or event rule names one.

use std::collections::BTreeSet;

use aws_sdk_sns::{Client, types};
use futures_util::future::join;

use super::{Collector, kms};
use crate::collect::context::{Context, client, nothing, request};
use crate::collect::convert::{IntoShape, append, shape};
use crate::collect::partition::is_region;
use crate::collect::together::all;
use crate::snapshot::Operation;
use crate::snapshot::shapes::sns::{
    GetSubscriptionAttributes, GetTopicAttributes, ListSubscriptionsByTopic, Subscription,
};

pub(super) struct Sns;

impl Collector for Sns {}

/// Reads those of the given names that are topics, each in its own Region; others are left alone.
pub(super) async fn follow(context: &Context<'_>, names: BTreeSet<String>) {
    all(names.iter().filter_map(|name| Some(topic(context, name, region_of(name)?)))).await;
}

/// The Region of a topic's ARN.
fn region_of(arn: &str) -> Option<&str> {
    let mut parts = arn.split(':');
    let is_topic = parts.next() == Some("arn") && parts.next().is_some() && parts.next() == Some("sns");
    parts.next().filter(|region| is_topic && is_region(region))
}

async fn topic(context: &Context<'_>, arn: &str, region: &str) {
    let client = client!(context, aws_sdk_sns, region);
    join(attributes(context, &client, arn, region), subscriptions(context, &client, arn, region)).await;
}

async fn attributes(context: &Context<'_>, client: &Client, arn: &str, region: &str) {
    let answer = async {
        let sent = || Box::pin(client.get_topic_attributes().topic_arn(arn).send());
        let output = context.send(Operation::SnsGetTopicAttributes, region, sent).await?;
        Ok(GetTopicAttributes { attributes: output.attributes.shape() })
    };
    let key = |topic: &GetTopicAttributes| topic.attributes.as_ref().and_then(|all| all.get("KmsMasterKeyId").cloned());
    let key = context.observe(region, request([("TopicArn", arn.into())]), answer, key).await.flatten();
    if let Some(key) = key.filter(|key| !key.is_empty()) {
        kms::follow(context, region, &key).await;
    }
}

async fn subscriptions(context: &Context<'_>, client: &Client, arn: &str, region: &str) {
    let answer = context.pages(
        region,
        ListSubscriptionsByTopic::default(),
        |token| Box::pin(client.list_subscriptions_by_topic().topic_arn(arn).set_next_token(token).send()),
        |all, page| {
            append(&mut all.subscriptions, page.subscriptions);
            hide_endpoints(all);
            page.next_token
        },
    );
    let confirmed = context.observe(region, request([("TopicArn", arn.into())]), answer, confirmed).await;
    if let Some(confirmed) = confirmed {
        all(confirmed.iter().map(|arn| subscription(context, client, arn, region))).await;
    }
}

/// Subscriptions that have an ARN; the others say `PendingConfirmation` or `Deleted` in its place.
fn confirmed(answer: &ListSubscriptionsByTopic) -> BTreeSet<String> {
    let all = answer.subscriptions.iter().flatten();
    all.filter_map(|subscription| subscription.subscription_arn.clone()).filter(|arn| arn.starts_with("arn:")).collect()
}

async fn subscription(context: &Context<'_>, client: &Client, arn: &str, region: &str) {
    let answer = async {
        let sent = || Box::pin(client.get_subscription_attributes().subscription_arn(arn).send());
        let output = context.send(Operation::SnsGetSubscriptionAttributes, region, sent).await?;
        let mut answer = GetSubscriptionAttributes { attributes: output.attributes.shape() };
        if let Some(endpoint) = answer.attributes.as_mut().and_then(|all| all.get_mut("Endpoint")) {
            *endpoint = without_secrets(endpoint);
        }
        Ok(answer)
    };
    context.observe(region, request([("SubscriptionArn", arn.into())]), answer, nothing).await;
}

fn hide_endpoints(answer: &mut ListSubscriptionsByTopic) {
    for subscription in answer.subscriptions.iter_mut().flatten() {
        subscription.endpoint = subscription.endpoint.as_deref().map(without_secrets);
    }
}

/// Webhooks carry their keys in the address, so of an `http(s)` endpoint only the host is kept.
fn without_secrets(endpoint: &str) -> String {
    let Some((scheme @ ("http" | "https"), rest)) = endpoint.split_once("://") else { return endpoint.to_owned() };
    let authority = rest.split(['/', '?', '#']).next().unwrap_or(rest);
    let host = authority.rsplit_once('@').map_or(authority, |(_, host)| host);
    format!("{scheme}://{host}/")
}

shape! {
    types::Subscription => Subscription { subscription_arn, owner, protocol, endpoint, topic_arn }
}

#[cfg(test)]
mod tests {
    use super::{region_of, without_secrets};

    #[test]
    fn only_topics_are_followed() {
        assert_eq!(region_of("arn:aws:sns:eu-west-1:123456789012:ops"), Some("eu-west-1"));
        for other in [
            "arn:aws:lambda:eu-west-1:123456789012:function:f",
            "arn:aws:sns:evil.example:123456789012:ops",
            "arn:aws:sns",
            "ops@example.com",
            "",
        ] {
            assert_eq!(region_of(other), None, "{other}");
        }
    }

    #[test]
    fn keys_in_webhook_addresses_are_not_collected() {
        assert_eq!(
            without_secrets("https://events.example.com/integration/KEY/enqueue"),
            "https://events.example.com/"
        );
        assert_eq!(without_secrets("https://user:pass@example.com:8443?token=KEY"), "https://example.com:8443/");
        assert_eq!(without_secrets("ops@example.com"), "ops@example.com");
        assert_eq!(without_secrets("arn:aws:sqs:eu-west-1:123456789012:q"), "arn:aws:sqs:eu-west-1:123456789012:q");
    }
}

//! What an SNS topic says of itself beside the way of alerts: who may use it, who has not confirmed, what is logged.

use super::topic::Topic;
use crate::facts::link;
use crate::facts::{Fact, Gap, List, MALFORMED, MEMBER_MISSING, Observed};
use crate::iam::exposure::public_statements;
use crate::iam::policy::Policy;

/// Protocols whose deliveries SNS can log, as subscriptions and as attributes name them:
/// <https://docs.aws.amazon.com/sns/latest/dg/sns-topic-attributes.html>
const LOGGED: [(&str, &str); 6] = [
    ("application", "Application"),
    ("firehose", "Firehose"),
    ("http", "HTTP"),
    ("https", "HTTP"),
    ("lambda", "Lambda"),
    ("sqs", "SQS"),
];

impl Topic<'_> {
    /// True when somebody was asked to confirm a subscription and has not.
    pub(crate) fn has_pending(&self) -> Fact<bool> {
        let counted = self
            .attributes
            .optional("/Attributes/SubscriptionsPending", |answer| {
                answer.attributes.as_ref()?.get("SubscriptionsPending")
            })
            .map(|count| count != "0");
        let listed = self.subscriptions.required("/Subscriptions", |answer| answer.subscriptions.as_ref());
        let untold = listed.state.present().is_some_and(|list| list.iter().any(|one| one.subscription_arn.is_none()));
        let untold = untold.then(|| self.subscriptions.gap(MEMBER_MISSING, "a subscription has no `SubscriptionArn`"));
        let listed =
            listed.map(|list| list.iter().any(|one| one.subscription_arn.as_deref() == Some("PendingConfirmation")));
        // The topic's own count is of every page.
        let is_counted = matches!(counted.state, Observed::Present(_));
        let more = match &self.subscriptions.state {
            Observed::Present(answer) if !is_counted => self.subscriptions.cut_off(None, answer.next_token.as_ref()),
            _ => None,
        };
        let gaps: Vec<Gap> = untold.into_iter().chain(more).collect();
        link::any([counted, listed], &gaps)
    }

    /// True when the topic's policy lets everybody in.
    pub(crate) fn is_public(&self) -> Fact<bool> {
        let text = self.attributes.required("/Attributes/Policy", |answer| answer.attributes.as_ref()?.get("Policy"));
        let state = text.state.and_then(|text| match text.parse::<Policy>() {
            Ok(policy) => Observed::Present(!public_statements(&policy).is_empty()),
            Err(error) => Observed::Unknown(Gap::of_reason(
                MALFORMED,
                format!("the policy of topic `{}` cannot be read: {error}", self.name()),
            )),
        });
        Fact::new(state, text.origin)
    }

    /// Protocols of the topic's subscriptions whose deliveries can be logged.
    pub(crate) fn protocols(&self) -> Fact<List<String>> {
        let listed = self.subscriptions.required("/Subscriptions", |answer| answer.subscriptions.as_ref());
        let mut gaps = Vec::new();
        if let Observed::Present(answer) = &self.subscriptions.state {
            gaps.extend(self.subscriptions.cut_off(None, answer.next_token.as_ref()));
        }
        listed.map(|list| {
            let mut items: Vec<String> = Vec::new();
            for one in list {
                match one.protocol.as_deref() {
                    Some(protocol) if LOGGED.iter().any(|(name, _)| *name == protocol) => {
                        items.push(protocol.to_owned());
                    }
                    Some(_) => {}
                    None => gaps.push(self.subscriptions.gap(MEMBER_MISSING, "a subscription has no `Protocol`")),
                }
            }
            items.sort();
            items.dedup();
            List { items, gaps }
        })
    }

    /// Protocols whose deliveries are logged, failed or successful ones.
    pub(crate) fn logged_protocols(&self) -> Fact<List<String>> {
        let attributes = self.attributes.required("/Attributes", |answer| answer.attributes.as_ref());
        attributes.map(|attributes| {
            let is_set = |name: String| attributes.get(&name).is_some_and(|role| !role.is_empty());
            let logged = LOGGED.iter().filter(|(_, prefix)| {
                ["Success", "Failure"].into_iter().any(|kind| is_set(format!("{prefix}{kind}FeedbackRoleArn")))
            });
            List::whole(logged.map(|(name, _)| (*name).to_owned()).collect())
        })
    }
}

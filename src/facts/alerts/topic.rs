//! One SNS topic on the way of alerts: does it exist, does anybody who confirmed listen, may the publisher publish.

use std::collections::BTreeMap;

use super::Answers;
use super::key;
use super::permission::{self, Guard, RolePolicies};
use super::publisher::Publisher;
use super::subscription;
use crate::facts::link::Link;
use crate::facts::source::Source;
use crate::facts::{Fact, Observed, Origin};
use crate::iam::arn::Arn;
use crate::snapshot::Snapshot;
use crate::snapshot::shapes::sns;

const POLICY: &str = "/Attributes/Policy";
const KEY: &str = "/Attributes/KmsMasterKeyId";
const CONFIRMED: &str = "/Attributes/SubscriptionsConfirmed";

/// What the snapshot says of one topic.
pub(crate) struct Topic<'a> {
    pub(super) snapshot: &'a Snapshot,
    pub(super) answers: &'a Answers<'a>,
    /// The ARN, or whatever text stood where an ARN should.
    pub(crate) arn: &'a str,
    pub(super) attributes: Source<'a, sns::GetTopicAttributes>,
    pub(super) subscriptions: Source<'a, sns::ListSubscriptionsByTopic>,
}

impl<'a> Topic<'a> {
    /// Looks a topic up.
    pub(crate) fn read(snapshot: &'a Snapshot, answers: &'a Answers<'a>, arn: &'a str) -> Self {
        let region = Arn::parse(arn).map_or("", |arn| arn.region);
        Self {
            snapshot,
            answers,
            arn,
            attributes: answers.attributes.of_unique(region, arn),
            subscriptions: answers.subscriptions.of_unique(region, arn),
        }
    }

    /// The topic's name.
    pub(crate) fn name(&self) -> &'a str {
        Arn::parse(self.arn).map_or(self.arn, |arn| arn.resource)
    }

    fn what(&self) -> String {
        format!("topic `{}`", self.name())
    }

    /// Whether the topic is where the publisher can reach it.
    fn in_reach(&self, publisher: &Publisher) -> Link {
        let Some(topic) = Arn::parse(self.arn).filter(|arn| arn.service == "sns") else {
            return Link::Broken(format!("`{}` is no SNS topic", self.arn), Origin::NONE);
        };
        let home = match publisher {
            Publisher::Budget(_) if topic.account != self.snapshot.account => {
                let reason =
                    format!("{} is in account `{}`, and budgets publish to their own only", self.what(), topic.account);
                return Link::Broken(reason, Origin::NONE);
            }
            Publisher::Budget(_) | Publisher::CostAnomaly => topic.region,
            Publisher::Alarm(arn) | Publisher::Rule(arn, _) => Arn::parse(arn).map_or("", |arn| arn.region),
        };
        if topic.region != home {
            let reason = format!("{} is in `{}`, but what publishes to it is in `{home}`", self.what(), topic.region);
            return Link::Broken(reason, Origin::NONE);
        }
        Link::Holds(Origin::NONE)
    }

    /// Whether the topic exists.
    pub(crate) fn exists(&self) -> Link {
        match &self.attributes.state {
            Observed::Present(_) => Link::Holds(self.attributes.origin("/Attributes")),
            Observed::Absent => Link::Broken(format!("{} does not exist", self.what()), self.attributes.origin("")),
            Observed::Unknown(gap) => Link::Open(gap.clone()),
        }
    }

    /// Whether the topic policy lets the publisher publish.
    pub(crate) fn policy(&self, publisher: &Publisher) -> Link {
        let text = self.attributes.required(POLICY, |answer| answer.attributes.as_ref()?.get("Policy"));
        let text = match text.state {
            Observed::Present(text) => text,
            Observed::Absent => return self.exists(),
            Observed::Unknown(gap) => return Link::Open(gap),
        };
        let policy = match permission::parse(text, &self.what()) {
            Ok(policy) => policy,
            Err(gap) => return Link::Open(gap),
        };
        let guard = Guard { what: self.what(), resource: self.arn, policy, origin: self.attributes.origin(POLICY) };
        let role = self.role(publisher);
        permission::may(self.snapshot, &guard, publisher, role.as_ref(), (&["sns:Publish"], "publish"))
    }

    pub(super) fn role(&self, publisher: &Publisher) -> Option<RolePolicies> {
        publisher.role().map(|role| super::role::policies(self.snapshot, role))
    }

    /// The key that the topic is encrypted with; absent when it is not encrypted.
    pub(crate) fn key_id(&self) -> Fact<&'a str> {
        let attributes = self.attributes.required("/Attributes", |answer| answer.attributes.as_ref());
        let origin = attributes.origin.pointing(KEY);
        let key = |attributes: &'a BTreeMap<String, String>| {
            let key = attributes.get("KmsMasterKeyId").map(String::as_str).filter(|key| !key.is_empty());
            key.map_or(Observed::Absent, Observed::Present)
        };
        Fact::new(attributes.state.and_then(key), origin)
    }

    /// Whether the publisher may use the topic's key.
    pub(crate) fn key(&self, publisher: &Publisher) -> Link {
        let id = self.key_id();
        match id.state {
            Observed::Present(key) => key::usable(self, key, publisher),
            // A topic that does not exist is another link's break.
            Observed::Absent => Link::Holds(id.origin),
            Observed::Unknown(gap) => Link::Open(gap),
        }
    }

    /// Whether at least one subscription is confirmed.
    pub(crate) fn confirmed(&self) -> Link {
        self.listeners(|_| Link::Holds(self.subscriptions.origin("/Subscriptions")))
    }

    /// Whether at least one subscription is confirmed and lets alerts through.
    fn heard(&self) -> Link {
        let region = Arn::parse(self.arn).map_or("", |arn| arn.region);
        self.listeners(|arn| subscription::lets_through(self.answers, region, arn))
    }

    fn listeners(&self, hears: impl Fn(&str) -> Link) -> Link {
        let answer = match &self.subscriptions.state {
            Observed::Present(answer) => *answer,
            Observed::Absent => {
                return Link::Broken(format!("{} does not exist", self.what()), self.subscriptions.origin(""));
            }
            Observed::Unknown(gap) => return Link::Open(gap.clone()),
        };
        let list = self.subscriptions.required("/Subscriptions", |_| answer.subscriptions.as_deref());
        let list = match list.state {
            Observed::Present(list) => list,
            Observed::Absent => &[],
            Observed::Unknown(gap) => return Link::Open(gap),
        };
        let place = self.subscriptions.origin("/Subscriptions");
        let none = Link::Broken(format!("{} has no subscription", self.what()), place);
        let links = list.iter().enumerate().map(|(index, one)| {
            let place = self.subscriptions.origin("/Subscriptions/*/SubscriptionArn").element(index);
            match one.subscription_arn.as_deref() {
                Some(arn) if arn.starts_with("arn:") => match hears(arn) {
                    Link::Holds(_) => Link::Holds(place),
                    link => link,
                },
                Some(_) => Link::Broken(format!("no subscription of {} is confirmed", self.what()), place),
                None => Link::Open(
                    self.subscriptions.gap(crate::facts::MEMBER_MISSING, "a subscription has no `SubscriptionArn`"),
                ),
            }
        });
        let gaps: Vec<_> = self.subscriptions.cut_off(None, answer.next_token.as_ref()).into_iter().collect();
        let counted = self.counted();
        Link::all([counted, Link::any(links, none).unless_more(&gaps)])
    }

    /// The topic's own count of confirmed subscriptions, where AWS sends it.
    fn counted(&self) -> Link {
        let count =
            self.attributes.optional(CONFIRMED, |answer| answer.attributes.as_ref()?.get("SubscriptionsConfirmed"));
        match count.state {
            Observed::Present(text) if text == "0" => {
                Link::Broken(format!("no subscription of {} is confirmed", self.what()), count.origin)
            }
            Observed::Present(_) | Observed::Absent => Link::Holds(count.origin),
            Observed::Unknown(gap) => Link::Open(gap),
        }
    }

    /// The links between what the publisher publishes and somebody, in order.
    pub(crate) fn links(&self, publisher: &Publisher) -> [(&'static str, Link); 5] {
        [
            ("Region and account", self.in_reach(publisher)),
            (crate::diagram::TOPIC, self.exists()),
            ("topic policy", self.policy(publisher)),
            ("key", self.key(publisher)),
            ("subscription", self.heard()),
        ]
    }

    /// Whether links, taken together, lead to somebody.
    pub(crate) fn route(&self, links: impl IntoIterator<Item = Link>) -> Link {
        match Link::all(links) {
            Link::Holds(_) => Link::Holds(self.subscriptions.origin("/Subscriptions")),
            link => link,
        }
    }
}

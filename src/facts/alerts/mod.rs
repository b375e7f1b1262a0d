//! Alert routes: from what raises an alert, through topic, topic policy, key and subscriptions, to somebody.
//!
//! An alert counts only if it reaches someone. Each route is walked link by link, and the first link that is known to be
//! broken is its reason; what no answer tells leaves the route unknown.

mod hygiene;
mod key;
mod permission;
mod publisher;
mod role;
mod subscription;
mod topic;

pub(crate) use publisher::Publisher;
pub(crate) use topic::Topic;

use super::asked::Asked;
use super::link::Link;
use super::{Fact, Gap, List, Observed, Origin};
use crate::facts;
use crate::snapshot::Snapshot;
use crate::snapshot::shapes::{kms, sns};

facts! {
    /// One way that an alert takes: from its publisher to an address or a topic's subscriptions.
    AlertRoute as "alert-route" {
        /// The address: a topic's ARN or an e-mail address.
        name: String => [];
        /// True when the alert reaches at least one confirmed recipient.
        reaches: bool => [
            SnsGetTopicAttributes, SnsListSubscriptionsByTopic, SnsGetSubscriptionAttributes, KmsDescribeKey, KmsGetKeyPolicy
        ];
        /// The first broken link, in words; absent when the alert reaches somebody.
        broken_at: String => [
            SnsGetTopicAttributes, SnsListSubscriptionsByTopic, SnsGetSubscriptionAttributes, KmsDescribeKey, KmsGetKeyPolicy
        ];
        /// The links of the way through a topic, in order; none for an e-mail address.
        links: List<RouteLink> => [
            SnsGetTopicAttributes, SnsListSubscriptionsByTopic, SnsGetSubscriptionAttributes, KmsDescribeKey, KmsGetKeyPolicy
        ];
    }

    /// One link of the way through a topic.
    RouteLink as "route-link" {
        /// What the link is, as in `topic policy`.
        name: String => [];
        /// True when it holds.
        holds: bool => [
            SnsGetTopicAttributes, SnsListSubscriptionsByTopic, SnsGetSubscriptionAttributes, KmsDescribeKey, KmsGetKeyPolicy
        ];
        /// Why it is broken; absent when it holds.
        broken_at: String => [
            SnsGetTopicAttributes, SnsListSubscriptionsByTopic, SnsGetSubscriptionAttributes, KmsDescribeKey, KmsGetKeyPolicy
        ];
    }
}

/// The answers that routes are walked on.
pub(crate) struct Answers<'a> {
    attributes: Asked<'a, sns::GetTopicAttributes>,
    subscriptions: Asked<'a, sns::ListSubscriptionsByTopic>,
    filters: Asked<'a, sns::GetSubscriptionAttributes>,
    keys: Asked<'a, kms::DescribeKey>,
    key_policies: Asked<'a, kms::GetKeyPolicy>,
}

/// Walks the routes of one snapshot.
pub(crate) struct Walk<'a> {
    snapshot: &'a Snapshot,
    answers: Answers<'a>,
}

impl<'a> Walk<'a> {
    /// Reads the answers that routes need.
    pub(crate) fn new(snapshot: &'a Snapshot) -> Self {
        let answers = Answers {
            attributes: Asked::read(snapshot, "TopicArn"),
            subscriptions: Asked::read(snapshot, "TopicArn"),
            filters: Asked::read(snapshot, "SubscriptionArn"),
            keys: Asked::read(snapshot, "KeyId"),
            key_policies: Asked::read(snapshot, "KeyId"),
        };
        Self { snapshot, answers }
    }

    /// A topic on the way.
    pub(crate) fn topic<'b>(&'b self, arn: &'b str) -> Topic<'b> {
        Topic::read(self.snapshot, &self.answers, arn)
    }

    /// The route from a publisher through a topic.
    pub(crate) fn through(&self, topic: &str, publisher: &Publisher) -> (AlertRoute, Link) {
        let topic = self.topic(topic);
        let links = topic.links(publisher);
        let (route, link) = AlertRoute::new(topic.arn, topic.route(links.iter().map(|(_, link)| link.clone())));
        (route.through(links), link)
    }
}

impl AlertRoute {
    /// A route to an address and what is known of it.
    pub(crate) fn new(address: &str, link: Link) -> (Self, Link) {
        let name = Fact::derived(Observed::Present(address.to_owned()));
        let links = Fact::derived(Observed::Present(List::whole(Vec::new())));
        (Self { name, reaches: link.holds(), broken_at: link.reason(), links }, link)
    }

    /// The same route with the links that it takes.
    pub(crate) fn through(self, links: impl IntoIterator<Item = (&'static str, Link)>) -> Self {
        let links = links.into_iter().map(|(name, link)| RouteLink {
            name: Fact::derived(Observed::Present(name.to_owned())),
            holds: link.holds(),
            broken_at: link.reason(),
        });
        Self { links: Fact::derived(Observed::Present(List::whole(links.collect()))), ..self }
    }
}

/// Several routes of one alert, taken together.
pub(crate) struct Routes {
    /// The routes.
    pub(crate) routes: Fact<List<AlertRoute>>,
    /// Whether at least one of them reaches somebody.
    pub(crate) link: Link,
}

impl Routes {
    /// Joins routes; `gaps` are reasons why there may be more, `none` is the break when there is no route.
    pub(crate) fn join(found: Vec<(AlertRoute, Link)>, gaps: Vec<Gap>, none: &str, origin: Origin) -> Self {
        let (items, links): (Vec<_>, Vec<_>) = found.into_iter().unzip();
        let link = Link::any(links, Link::Broken(none.to_owned(), origin)).unless_more(&gaps);
        Self { routes: Fact::present(List { items, gaps }, origin), link }
    }
}

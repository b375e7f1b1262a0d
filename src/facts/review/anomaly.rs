//! Cost anomaly detection: monitors, and subscriptions that tell somebody.

use std::collections::BTreeSet;

use crate::facts;
use crate::facts::alerts::{Publisher, Walk};
use crate::facts::link::Link;
use crate::facts::{Fact, Gap, List, MEMBER_MISSING, Observed, Origin, Source};
use crate::snapshot::Snapshot;
use crate::snapshot::shapes::ce::{self, AnomalySubscriber, GetAnomalyMonitors, GetAnomalySubscriptions};

facts! {
    /// Cost anomaly detection.
    CostAnomalies as "cost-anomaly-detection" {
        /// Names of the monitors.
        monitors: List<String> => [CeGetAnomalyMonitors];
        /// Subscriptions to anomalies.
        subscriptions: List<AnomalySubscription> => [CeGetAnomalySubscriptions];
    }

    /// A subscription to anomalies of cost.
    AnomalySubscription as "anomaly-subscription" {
        /// The subscription's name.
        name: String => [CeGetAnomalySubscriptions];
        /// True when it listens to a monitor that exists.
        has_monitor: bool => [CeGetAnomalySubscriptions, CeGetAnomalyMonitors];
        /// True when at least one subscriber is confirmed, and for a topic that the message gets through.
        reaches: bool => [
            CeGetAnomalySubscriptions, SnsGetTopicAttributes, SnsListSubscriptionsByTopic, SnsGetSubscriptionAttributes,
            KmsDescribeKey, KmsGetKeyPolicy
        ];
        /// Why it reaches nobody; absent when it reaches somebody.
        broken_at: String => [
            CeGetAnomalySubscriptions, SnsGetTopicAttributes, SnsListSubscriptionsByTopic, SnsGetSubscriptionAttributes,
            KmsDescribeKey, KmsGetKeyPolicy
        ];
    }
}

/// Builds the facts.
pub(crate) fn build(snapshot: &Snapshot, walk: &Walk<'_>) -> CostAnomalies {
    // A narrowed answer, as one about single monitors, is not the list.
    let monitors = whole::<GetAnomalyMonitors>(snapshot, "MonitorArnList");
    let subscriptions = whole::<GetAnomalySubscriptions>(snapshot, "MonitorArn");
    let listed = monitors.required("/AnomalyMonitors", |answer| answer.anomaly_monitors.as_ref());
    let cut_off = monitors.state.present().and_then(|answer| monitors.cut_off(None, answer.next_page_token.as_ref()));
    let known: BTreeSet<&str> =
        listed.state.present().into_iter().copied().flatten().filter_map(|one| one.monitor_arn.as_deref()).collect();
    let nameless = listed.state.present().into_iter().copied().flatten().any(|one| one.monitor_arn.is_none());
    let nameless = nameless.then(|| monitors.gap(MEMBER_MISSING, "a monitor has no `MonitorArn`"));
    let is_untold = |one: &&ce::AnomalyMonitor| one.monitor_name.is_none() && one.monitor_arn.is_none();
    let untold = listed.state.present().is_some_and(|all| all.iter().any(|one| is_untold(&one)));
    let untold = untold.then(|| monitors.gap(MEMBER_MISSING, "a monitor has no `MonitorName`"));
    let gap = listed.state.gap().cloned().or_else(|| cut_off.clone()).or(nameless);
    CostAnomalies {
        monitors: listed.map(|all| List {
            items: all.iter().filter_map(|one| one.monitor_name.clone().or_else(|| one.monitor_arn.clone())).collect(),
            gaps: cut_off.into_iter().chain(untold).collect(),
        }),
        subscriptions: subscriptions.required("/AnomalySubscriptions", |answer| {
            let place = |index| subscriptions.origin("/AnomalySubscriptions/*").element(index);
            let build = |(index, one)| subscription(one, place(index), &subscriptions, &known, gap.as_ref(), walk);
            let items = answer.anomaly_subscriptions.as_ref()?.iter().enumerate().map(build).collect();
            let gaps = subscriptions.cut_off(None, answer.next_page_token.as_ref()).into_iter().collect();
            Some(List { items, gaps })
        }),
    }
}

/// The answer to a request that does not narrow.
fn whole<'a, T: crate::snapshot::Shape + 'a>(snapshot: &'a Snapshot, narrowing: &str) -> Source<'a, T> {
    let mut answers = snapshot.answers::<T>();
    let found = answers.find(|answer| !answer.observation.request.contains_key(narrowing));
    let region = crate::facts::leader_region(&snapshot.partition);
    found.map_or_else(|| Source::missing(region, [].into()), Source::from_answer)
}

fn subscription(
    subscription: &ce::AnomalySubscription,
    origin: Origin,
    source: &Source<'_, GetAnomalySubscriptions>,
    known: &BTreeSet<&str>,
    gap: Option<&Gap>,
    walk: &Walk<'_>,
) -> AnomalySubscription {
    let monitors = subscription.monitor_arn_list.as_deref();
    let has_monitor = match (monitors.map(|all| all.iter().any(|arn| known.contains(arn.as_str()))), gap) {
        (None, _) => Fact::unknown(source.gap(MEMBER_MISSING, "a subscription has no `MonitorArnList`")),
        (Some(true), _) => Fact::present(true, origin),
        (Some(false), Some(gap)) => Fact::unknown(gap.clone()),
        (Some(false), None) => Fact::present(false, origin),
    };
    let subscribers = subscription.subscribers.iter().flatten().map(|one| reached(one, origin, source, walk));
    let reached = match &subscription.subscribers {
        Some(_) => Link::any(subscribers, Link::Broken("it has no subscriber".to_owned(), origin)),
        None => Link::Open(source.gap(MEMBER_MISSING, "a subscription has no `Subscribers`")),
    };
    let name = subscription.subscription_name.clone();
    let nameless = || Observed::Unknown(source.gap(MEMBER_MISSING, "a subscription has no `SubscriptionName`"));
    AnomalySubscription {
        name: Fact::new(name.map_or_else(nameless, Observed::Present), origin),
        has_monitor,
        reaches: reached.holds(),
        broken_at: reached.reason(),
    }
}

/// Whether a subscriber hears of anomalies.
fn reached(
    subscriber: &AnomalySubscriber,
    origin: Origin,
    source: &Source<'_, GetAnomalySubscriptions>,
    walk: &Walk<'_>,
) -> Link {
    let Some(address) = subscriber.address.as_deref() else {
        return Link::Open(source.gap(MEMBER_MISSING, "a subscriber has no `Address`"));
    };
    let confirmed = match subscriber.status.as_deref() {
        Some("CONFIRMED") => Link::Holds(origin),
        Some(_) => Link::Broken(format!("subscriber `{address}` declined"), origin),
        None => Link::Open(source.gap(MEMBER_MISSING, "a subscriber has no `Status`")),
    };
    match subscriber.kind.as_deref() {
        Some("SNS") => Link::all([confirmed, walk.through(address, &Publisher::CostAnomaly).1]),
        _ => confirmed,
    }
}

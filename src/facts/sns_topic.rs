//! SNS topics that alerts go through: every topic that an alarm for security, a budget or a rule of EventBridge for Health
//! or security names.

use std::collections::{BTreeMap, BTreeSet};

use super::alarm::Alarm;
use super::alerts::{Publisher, Walk};
use super::billing_alarm::BillingAlarm;
use super::budget::Budget;
use super::health_rule::Region;
use super::link::Link;
use super::resource::Resource;
use super::{Fact, Gap, List, Observed, leader_region};
use crate::facts;
use crate::iam::arn::Arn;
use crate::snapshot::Snapshot;

facts! {
    /// An SNS topic that alerts go through.
    SnsTopic as "sns-topic" {
        /// The topic's name.
        name: String => [];
        /// True when the topic exists.
        exists: bool => [SnsGetTopicAttributes];
        /// The services that publish alerts to the topic.
        publishers: List<String> => [
            CloudwatchDescribeAlarms, BudgetsDescribeBudgets, BudgetsDescribeNotificationsForBudget,
            BudgetsDescribeSubscribersForNotification, EventsListRules, EventsListTargetsByRule,
            CloudtrailDescribeTrails, LogsDescribeMetricFilters
        ];
        /// True when at least one subscription is confirmed.
        has_confirmed_subscription: bool => [SnsListSubscriptionsByTopic, SnsGetTopicAttributes];
        /// True when somebody was asked to confirm a subscription and has not.
        has_pending_subscription: bool => [SnsListSubscriptionsByTopic, SnsGetTopicAttributes];
        /// Why no subscription is confirmed; absent when one is.
        subscription_problem: String => [SnsListSubscriptionsByTopic, SnsGetTopicAttributes];
        /// True when the topic policy lets every publisher publish.
        policy_allows_publishers: bool => [
            SnsGetTopicAttributes, CloudwatchDescribeAlarms, BudgetsDescribeBudgets, BudgetsDescribeNotificationsForBudget,
            BudgetsDescribeSubscribersForNotification, EventsListRules, EventsListTargetsByRule,
            CloudtrailDescribeTrails, LogsDescribeMetricFilters
        ];
        /// Whom the topic policy does not let publish, in words; absent when it lets everyone who does.
        policy_problem: String => [SnsGetTopicAttributes];
        /// True when the topic policy lets everybody in.
        is_public: bool => [SnsGetTopicAttributes];
        /// True when the topic is encrypted with a KMS key.
        is_encrypted: bool => [SnsGetTopicAttributes];
        /// The key that the topic is encrypted with; absent when it is not.
        key: String => [SnsGetTopicAttributes];
        /// True when every publisher may use the topic's key.
        key_allows_publishers: bool => [
            SnsGetTopicAttributes, KmsDescribeKey, KmsGetKeyPolicy, CloudwatchDescribeAlarms, BudgetsDescribeBudgets,
            BudgetsDescribeNotificationsForBudget, BudgetsDescribeSubscribersForNotification, EventsListRules,
            EventsListTargetsByRule, CloudtrailDescribeTrails, LogsDescribeMetricFilters
        ];
        /// Whom the key does not let publish, in words; absent when it lets everyone who does.
        key_problem: String => [SnsGetTopicAttributes, KmsDescribeKey, KmsGetKeyPolicy];
        /// Protocols of subscriptions whose deliveries can be logged, as in `lambda`; e-mail is none of them.
        protocols: List<String> => [SnsListSubscriptionsByTopic];
        /// Protocols whose deliveries are logged.
        logged_protocols: List<String> => [SnsGetTopicAttributes];
    }
}

/// What names topics.
pub(crate) struct Sources<'a> {
    /// Alarms on charges.
    pub(crate) charges: &'a Fact<List<BillingAlarm>>,
    /// All alarms.
    pub(crate) alarms: &'a List<Resource<Alarm>>,
    /// Budgets.
    pub(crate) budgets: &'a Fact<List<Budget>>,
    /// Regions with their Health rules.
    pub(crate) regions: &'a List<Resource<Region>>,
}

/// Why there may be publishers that nobody named.
struct Unseen {
    /// By any budget.
    budgets: Vec<Gap>,
    /// By Region: by an alarm or an event rule there.
    regional: BTreeMap<String, Vec<Gap>>,
}

/// Builds the topics that `uses` names.
pub(crate) fn build(
    snapshot: &Snapshot,
    walk: &Walk<'_>,
    uses: Vec<(String, Publisher)>,
    sources: &Sources<'_>,
) -> List<Resource<SnsTopic>> {
    let mut publishers: BTreeMap<String, BTreeSet<Publisher>> = BTreeMap::new();
    for (topic, publisher) in uses {
        publishers.entry(topic).or_default().insert(publisher);
    }
    let unseen = Unseen::gather(snapshot, sources);
    let items = publishers.iter().map(|(arn, publishers)| topic(walk, arn, publishers, &unseen)).collect();
    List { items, gaps: unseen.all() }
}

impl Unseen {
    fn gather(snapshot: &Snapshot, sources: &Sources<'_>) -> Self {
        let Sources { charges, alarms, budgets, regions } = sources;
        let mut regional: BTreeMap<String, Vec<Gap>> = BTreeMap::new();
        regional.entry(leader_region(&snapshot.partition).to_owned()).or_default().extend(gaps(charges));
        // An alarm that may stand for security publishes in its own Region, and one that is not listed in any that lacks some.
        for alarm in &alarms.items {
            let found = regional.entry(alarm.region.clone().unwrap_or_default()).or_default();
            found.extend(alarm.facts.is_security.state.gap().cloned());
        }
        for gap in &alarms.gaps {
            regional.entry(gap.region().to_owned()).or_default().push(gap.clone());
        }
        for region in &regions.items {
            let found = regional.entry(region.region.clone().unwrap_or_default()).or_default();
            found.extend(gaps(&region.facts.health_rules));
            for rule in items(&region.facts.health_rules) {
                found.extend(gaps(&rule.targets));
            }
            for rule in region.facts.detection.state.present().map_or(&[][..], |all| items(&all.finding_rules)) {
                found.extend(gaps(&rule.targets));
            }
        }
        let mut unseen = gaps(budgets);
        for budget in items(budgets) {
            unseen.extend(gaps(&budget.notifications));
            for notification in items(&budget.notifications) {
                unseen.extend(gaps(&notification.routes));
            }
        }
        Self { budgets: unseen, regional }
    }

    /// The gaps that could hide a publisher of one topic: alarms and rules publish in their own Region only.
    fn of(&self, region: &str) -> Vec<Gap> {
        self.budgets.iter().chain(self.regional.get(region).into_iter().flatten()).cloned().collect()
    }

    fn all(&self) -> Vec<Gap> {
        let mut all: Vec<Gap> = self.budgets.iter().chain(self.regional.values().flatten()).cloned().collect();
        all.sort();
        all.dedup();
        all
    }
}

fn items<T>(list: &Fact<List<T>>) -> &[T] {
    list.state.present().map_or(&[], |list| &list.items)
}

fn gaps<T>(list: &Fact<List<T>>) -> Vec<Gap> {
    match &list.state {
        Observed::Present(list) => list.gaps.clone(),
        Observed::Absent => Vec::new(),
        Observed::Unknown(gap) => vec![gap.clone()],
    }
}

fn topic(walk: &Walk<'_>, arn: &str, publishers: &BTreeSet<Publisher>, unseen: &Unseen) -> Resource<SnsTopic> {
    let region = Arn::parse(arn).map_or("", |arn| arn.region);
    let unseen = unseen.of(region);
    let topic = walk.topic(arn);
    let confirmed = topic.confirmed();
    let policy = Link::all(publishers.iter().map(|publisher| topic.policy(publisher))).if_no_more(&unseen);
    let key = Link::all(publishers.iter().map(|publisher| topic.key(publisher))).if_no_more(&unseen);
    let key_id = topic.key_id();
    let services: BTreeSet<&str> = publishers.iter().map(Publisher::service).collect();
    let services = List { items: services.into_iter().map(str::to_owned).collect(), gaps: unseen };
    let facts = SnsTopic {
        name: Fact::derived(Observed::Present(topic.name().to_owned())),
        exists: topic.exists().holds(),
        publishers: Fact::derived(Observed::Present(services)),
        has_confirmed_subscription: confirmed.holds(),
        has_pending_subscription: topic.has_pending(),
        subscription_problem: confirmed.reason(),
        policy_allows_publishers: policy.holds(),
        policy_problem: policy.reason(),
        is_public: topic.is_public(),
        is_encrypted: match &key_id.state {
            Observed::Absent => Fact::present(false, key_id.origin.pointing("/Attributes")),
            _ => key_id.clone().map(|_| true),
        },
        key: key_id.map(str::to_owned),
        key_allows_publishers: key.holds(),
        key_problem: key.reason(),
        protocols: topic.protocols(),
        logged_protocols: topic.logged_protocols(),
    };
    Resource { id: arn.to_owned(), region: (!region.is_empty()).then(|| region.to_owned()), facts }
}

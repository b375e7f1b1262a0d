//! The notifications of a budget: thresholds in percent, and whether their subscribers hear them.

use serde_json::Value;

use super::alerts::{AlertRoute, Publisher, Routes, Walk};
use super::asked::Asked;
use super::link::Link;
use super::{Fact, Gap, List, MEMBER_MISSING, NO_VALUE, Observed, Origin, Source};
use crate::facts;
use crate::snapshot::shapes::budgets;
use crate::snapshot::{Request, Snapshot};

facts! {
    /// A notification of a budget.
    BudgetNotification as "budget-notification" {
        /// Type and threshold, as in `ACTUAL 80`.
        name: String => [BudgetsDescribeNotificationsForBudget];
        /// `ACTUAL` or `FORECASTED`.
        kind: String => [BudgetsDescribeNotificationsForBudget];
        /// `GREATER_THAN`, `EQUAL_TO` or `LESS_THAN`.
        comparison: String => [BudgetsDescribeNotificationsForBudget];
        /// The threshold in percent of the budget's limit.
        threshold_percent: f64 => [BudgetsDescribeNotificationsForBudget, BudgetsDescribeBudgets];
        /// `OK` or `ALARM`; absent before AWS has compared.
        state: String => [BudgetsDescribeNotificationsForBudget];
        /// The addresses and topics that are told.
        routes: List<AlertRoute> => [BudgetsDescribeSubscribersForNotification];
        /// True when at least one subscriber is an e-mail address or a topic that works.
        reaches: bool => [
            BudgetsDescribeSubscribersForNotification, SnsGetTopicAttributes, SnsListSubscriptionsByTopic,
            SnsGetSubscriptionAttributes, KmsDescribeKey, KmsGetKeyPolicy
        ];
        /// Where every route is broken, in words; absent when the notification reaches somebody.
        broken_at: String => [
            BudgetsDescribeSubscribersForNotification, SnsGetTopicAttributes, SnsListSubscriptionsByTopic,
            SnsGetSubscriptionAttributes, KmsDescribeKey, KmsGetKeyPolicy
        ];
    }
}

/// The answers about notifications and subscribers.
pub(crate) struct Calls<'a> {
    notifications: Asked<'a, budgets::DescribeNotificationsForBudget>,
    subscribers: Asked<'a, budgets::DescribeSubscribersForNotification>,
    region: &'static str,
}

impl<'a> Calls<'a> {
    /// Reads the answers of a snapshot.
    pub(crate) fn read(snapshot: &'a Snapshot) -> Self {
        Self {
            notifications: Asked::read(snapshot, "BudgetName"),
            subscribers: Asked::read(snapshot, "BudgetName"),
            region: super::leader_region(&snapshot.partition),
        }
    }
}

/// Builds the notifications of one budget.
pub(crate) fn build(
    budget: &budgets::Budget,
    limit: &Fact<f64>,
    calls: &Calls<'_>,
    walk: &Walk<'_>,
    uses: &mut Vec<(String, Publisher)>,
) -> Fact<List<BudgetNotification>> {
    let Some(name) = budget.budget_name.as_deref() else {
        return Fact::unknown(Gap::of_reason(MEMBER_MISSING, "a budget has no `BudgetName`"));
    };
    let source = calls.notifications.of_unique(calls.region, name);
    let answer = match source.state.clone() {
        Observed::Present(answer) => answer,
        Observed::Absent => return Fact::absent(source.origin("")),
        Observed::Unknown(gap) => return Fact::unknown(gap),
    };
    // AWS may leave an empty list out.
    let found = answer.notifications.iter().flatten().enumerate();
    let items = found.map(|(index, notification)| {
        let place = Place { source: &source, index };
        let routes = routes(name, notification, calls, walk, uses);
        build_notification(notification, limit, &place, routes)
    });
    let items = items.collect();
    let gaps = source.cut_off(None, answer.next_token.as_ref()).into_iter().collect();
    Fact::present(List { items, gaps }, source.origin("/Notifications"))
}

/// Where a notification stands.
struct Place<'a> {
    source: &'a Source<'a, budgets::DescribeNotificationsForBudget>,
    index: usize,
}

impl Place<'_> {
    fn origin(&self, pointer: &'static str) -> Origin {
        self.source.origin(pointer).element(self.index)
    }

    fn required<T>(&self, pointer: &'static str, value: Option<T>) -> Fact<T> {
        let missing =
            || Observed::Unknown(self.source.gap(MEMBER_MISSING, &format!("a notification has no `{pointer}`")));
        Fact::new(value.map_or_else(missing, Observed::Present), self.origin(pointer))
    }
}

fn build_notification(
    notification: &budgets::Notification,
    limit: &Fact<f64>,
    place: &Place<'_>,
    routes: Routes,
) -> BudgetNotification {
    let kind = notification.notification_type.clone();
    let unit = if is_absolute(notification) { "" } else { "%" };
    let name = match (&kind, notification.threshold) {
        (Some(kind), Some(threshold)) => Some(format!("{kind} {threshold}{unit}")),
        _ => None,
    };
    let state = notification.notification_state.clone().map_or(Observed::Absent, Observed::Present);
    BudgetNotification {
        name: place.required("/Notifications/*/Threshold", name),
        kind: place.required("/Notifications/*/NotificationType", kind),
        comparison: place.required("/Notifications/*/ComparisonOperator", notification.comparison_operator.clone()),
        threshold_percent: threshold_percent(notification, limit, place),
        state: Fact::new(state, place.origin("/Notifications/*/NotificationState")),
        reaches: routes.link.holds(),
        broken_at: routes.link.reason(),
        routes: routes.routes,
    }
}

/// The type of a threshold that AWS leaves out.
const PERCENTAGE: &str = "PERCENTAGE";

fn is_absolute(notification: &budgets::Notification) -> bool {
    notification.threshold_type.as_deref() == Some("ABSOLUTE_VALUE")
}

fn threshold_percent(notification: &budgets::Notification, limit: &Fact<f64>, place: &Place<'_>) -> Fact<f64> {
    let threshold = place.required("/Notifications/*/Threshold", notification.threshold);
    if !is_absolute(notification) {
        return threshold;
    }
    let state = threshold.state.clone().and_then(|threshold| match &limit.state {
        Observed::Present(limit) if *limit > 0.0 => Observed::Present(threshold / limit * 100.0),
        Observed::Present(_) | Observed::Absent => {
            Observed::Unknown(Gap::of_reason(NO_VALUE, "the budget has no limit that an amount could be a part of"))
        }
        Observed::Unknown(gap) => Observed::Unknown(gap.clone()),
    });
    Fact::new(state, threshold.origin)
}

fn routes(
    budget: &str,
    notification: &budgets::Notification,
    calls: &Calls<'_>,
    walk: &Walk<'_>,
    uses: &mut Vec<(String, Publisher)>,
) -> Routes {
    let source = subscribers(budget, notification, calls);
    let (listed, mut gaps) = match source.state.clone() {
        Observed::Present(answer) => {
            let gaps = source.cut_off(None, answer.next_token.as_ref()).into_iter().collect();
            (answer.subscribers.as_deref().unwrap_or(&[]), gaps)
        }
        Observed::Absent => (&[][..], Vec::new()),
        Observed::Unknown(gap) => (&[][..], vec![gap]),
    };
    let mut found = Vec::new();
    for (index, subscriber) in listed.iter().enumerate() {
        let place = source.origin("/Subscribers/*").element(index);
        let Some(address) = subscriber.address.as_deref() else {
            gaps.push(source.gap(MEMBER_MISSING, "a subscriber has no `Address`"));
            continue;
        };
        found.push(match subscriber.subscription_type.as_deref() {
            Some("SNS") => {
                let publisher = Publisher::Budget(budget.to_owned());
                let route = walk.through(address, &publisher);
                uses.push((address.to_owned(), publisher));
                route
            }
            Some("EMAIL") => AlertRoute::new(address, Link::Holds(place)),
            _ => AlertRoute::new(
                address,
                Link::Open(source.gap(MEMBER_MISSING, "a subscriber has no type that is documented")),
            ),
        });
    }
    Routes::join(found, gaps, "the notification has no subscriber", source.origin("/Subscribers"))
}

/// The answer about a notification: AWS takes the notification itself for its name, so what differs in a member that
/// both have is another notification.
fn subscribers<'a>(
    budget: &str,
    notification: &budgets::Notification,
    calls: &Calls<'a>,
) -> Source<'a, budgets::DescribeSubscribersForNotification> {
    let wanted = identity(notification);
    let answers = calls.subscribers.all(budget);
    let same = |asked: &Request| {
        let Some(asked) = asked.get("Notification").and_then(Value::as_object) else { return false };
        let percentage = Value::from(PERCENTAGE);
        wanted.iter().all(|(key, value)| match asked.get(key) {
            Some(other) => equal(value, other),
            None => key == "ThresholdType" && *value == percentage,
        })
    };
    if let Some(answer) = answers.iter().find(|answer| same(&answer.observation.request)) {
        return Source::from_answer(*answer);
    }
    let request = [
        ("BudgetName".to_owned(), Value::from(budget)),
        ("Notification".to_owned(), Value::Object(wanted.into_iter().collect())),
    ];
    Source::missing(calls.region, request.into())
}

fn identity(notification: &budgets::Notification) -> Vec<(String, Value)> {
    let text = |name: &str, value: &Option<String>| value.clone().map(|value| (name.to_owned(), Value::from(value)));
    let threshold = notification.threshold.map(|value| ("Threshold".to_owned(), Value::from(value)));
    [
        text("ComparisonOperator", &notification.comparison_operator),
        text("NotificationType", &notification.notification_type),
        threshold,
        Some(("ThresholdType".to_owned(), Value::from(notification.threshold_type.as_deref().unwrap_or(PERCENTAGE)))),
    ]
    .into_iter()
    .flatten()
    .collect()
}

/// Numbers are equal as numbers: `80` and `80.0` are one threshold.
fn equal(one: &Value, other: &Value) -> bool {
    match (one.as_f64(), other.as_f64()) {
        (Some(one), Some(other)) => (one - other).abs() < f64::EPSILON,
        _ => one == other,
    }
}

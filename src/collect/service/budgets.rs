//! AWS Budgets: every budget, its notifications, and who is told.

use std::collections::BTreeSet;

use aws_sdk_budgets::{Client, types};
use serde_json::{Value, json};

use super::{Collector, Work, sns};
use crate::collect::context::{Context, client, request};
use crate::collect::convert::{append, shape, words};
use crate::collect::together::all;
use crate::snapshot::shapes::budgets as shapes;
use crate::snapshot::shapes::budgets::{
    AutoAdjustData, Budget, CalculatedSpend, CostTypes, DescribeBudgets, DescribeNotificationsForBudget,
    DescribeSubscribersForNotification, Expression, ExpressionValues, HealthStatus, Notification, Spend, Subscriber,
    TimePeriod,
};

pub(super) struct Budgets;

impl Collector for Budgets {
    fn start<'a>(&self, context: &'a Context<'a>) -> Option<Work<'a>> {
        Some(Box::pin(async move {
            let client = client!(context, aws_sdk_budgets, context.leader());
            budgets(context, &client).await;
        }))
    }

    fn depth(&self) -> usize {
        6
    }
}

async fn budgets(context: &Context<'_>, client: &Client) {
    let region = context.leader();
    let account = &context.run.session.account;
    let answer = context.pages(
        region,
        DescribeBudgets::default(),
        |token| {
            // Without `ShowFilterExpression` a budget that is narrowed by one would look like the whole account's.
            let asked = client.describe_budgets().account_id(account).show_filter_expression(true);
            Box::pin(asked.max_results(100).set_next_token(token).send())
        },
        |all, page| {
            append(&mut all.budgets, page.budgets);
            page.next_token
        },
    );
    let names = |answer: &DescribeBudgets| -> BTreeSet<String> {
        answer.budgets.iter().flatten().filter_map(|budget| budget.budget_name.clone()).collect()
    };
    let asked = request([("AccountId", account.as_str().into())]);
    if let Some(names) = context.observe(region, asked, answer, names).await {
        all(names.iter().map(|name| notifications(context, client, name))).await;
    }
}

async fn notifications(context: &Context<'_>, client: &Client, budget: &str) {
    let region = context.leader();
    let account = &context.run.session.account;
    let answer = context.pages(
        region,
        DescribeNotificationsForBudget::default(),
        |token| {
            let asked = client.describe_notifications_for_budget().account_id(account).budget_name(budget);
            Box::pin(asked.max_results(100).set_next_token(token).send())
        },
        |all, page| {
            append(&mut all.notifications, page.notifications);
            page.next_token
        },
    );
    let asked = request([("AccountId", account.as_str().into()), ("BudgetName", budget.into())]);
    let found = |answer: &DescribeNotificationsForBudget| answer.notifications.clone();
    if let Some(found) = context.observe(region, asked, answer, found).await.flatten() {
        all(found.iter().map(|notification| subscribers(context, client, budget, notification))).await;
    }
}

async fn subscribers(context: &Context<'_>, client: &Client, budget: &str, notification: &shapes::Notification) {
    let region = context.leader();
    let account = &context.run.session.account;
    let answer = context.pages(
        region,
        DescribeSubscribersForNotification::default(),
        |token| {
            let asked = client.describe_subscribers_for_notification().account_id(account).budget_name(budget);
            Box::pin(
                asked.set_notification(sdk_notification(notification)).max_results(100).set_next_token(token).send(),
            )
        },
        |all, page| {
            append(&mut all.subscribers, page.subscribers);
            page.next_token
        },
    );
    let asked = request([
        ("AccountId", account.as_str().into()),
        ("BudgetName", budget.into()),
        ("Notification", identity(notification)),
    ]);
    let addresses = |answer: &DescribeSubscribersForNotification| -> BTreeSet<String> {
        answer.subscribers.iter().flatten().filter_map(|subscriber| subscriber.address.clone()).collect()
    };
    if let Some(addresses) = context.observe(region, asked, answer, addresses).await {
        sns::follow(context, addresses).await;
    }
}

/// A notification as a request names it: without its state, which changes while the notification stays the same.
fn identity(notification: &shapes::Notification) -> Value {
    let named = shapes::Notification { notification_state: None, ..notification.clone() };
    serde_json::to_value(named).unwrap_or_else(|_| json!({}))
}

fn sdk_notification(notification: &shapes::Notification) -> Option<types::Notification> {
    types::Notification::builder()
        .notification_type(notification.notification_type.as_deref()?.into())
        .comparison_operator(notification.comparison_operator.as_deref()?.into())
        .threshold(notification.threshold?)
        .set_threshold_type(notification.threshold_type.as_deref().map(Into::into))
        .build()
        .ok()
}

shape! {
    #[expect(deprecated, reason = "older budgets are narrowed by `CostFilters` and `CostTypes` alone")]
    types::Budget => Budget {
        budget_name, budget_type, budget_limit, planned_budget_limits, auto_adjust_data, cost_filters, cost_types,
        filter_expression, metrics, time_unit, time_period, calculated_spend, last_updated_time, billing_view_arn,
        health_status,
    }
    types::Spend => Spend { amount, unit }
    types::AutoAdjustData => AutoAdjustData { auto_adjust_type, last_auto_adjust_time }
    types::CostTypes => CostTypes {
        include_tax, include_subscription, use_blended, include_refund, include_credit, include_upfront,
        include_recurring, include_other_subscription, include_support, include_discount, use_amortized,
    }
    types::Expression => Expression { or, and, not, dimensions, tags, cost_categories }
    types::ExpressionDimensionValues => ExpressionValues { key, values, match_options }
    types::TagValues => ExpressionValues { key, values, match_options }
    types::CostCategoryValues => ExpressionValues { key, values, match_options }
    types::TimePeriod => TimePeriod { start, end }
    types::CalculatedSpend => CalculatedSpend { actual_spend, forecasted_spend }
    types::HealthStatus => HealthStatus { status, status_reason, last_updated_time }
    types::Notification => Notification {
        notification_type, comparison_operator, threshold, threshold_type, notification_state,
    }
    types::Subscriber => Subscriber { subscription_type, address }
}

words!(
    types::BudgetType,
    types::AutoAdjustType,
    types::Metric,
    types::TimeUnit,
    types::Dimension,
    types::MatchOption,
    types::HealthStatusValue,
    types::HealthStatusReason,
    types::NotificationType,
    types::ComparisonOperator,
    types::ThresholdType,
    types::NotificationState,
    types::SubscriptionType,
);

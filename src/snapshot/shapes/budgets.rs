//! AWS Budgets.

use std::collections::BTreeMap;

use crate::snapshot::Time;

shapes! {
    DescribeBudgets { budgets: Vec<Budget>, next_token: String }
    Budget {
        budget_name: String,
        budget_type: String,
        budget_limit: Spend,
        planned_budget_limits: BTreeMap<String, Spend>,
        auto_adjust_data: AutoAdjustData,
        cost_filters: BTreeMap<String, Vec<String>>,
        cost_types: CostTypes,
        filter_expression: Expression,
        metrics: Vec<String>,
        time_unit: String,
        time_period: TimePeriod,
        calculated_spend: CalculatedSpend,
        last_updated_time: Time,
        billing_view_arn: String,
        health_status: HealthStatus,
    }
    Spend { amount: String, unit: String }
    AutoAdjustData { auto_adjust_type: String, last_auto_adjust_time: Time }
    CostTypes {
        include_tax: bool,
        include_subscription: bool,
        use_blended: bool,
        include_refund: bool,
        include_credit: bool,
        include_upfront: bool,
        include_recurring: bool,
        include_other_subscription: bool,
        include_support: bool,
        include_discount: bool,
        use_amortized: bool,
    }
    Expression {
        or: Vec<Expression>,
        and: Vec<Expression>,
        not: Box<Expression>,
        dimensions: ExpressionValues,
        tags: ExpressionValues,
        cost_categories: ExpressionValues,
    }
    ExpressionValues { key: String, values: Vec<String>, match_options: Vec<String> }
    TimePeriod { start: Time, end: Time }
    CalculatedSpend { actual_spend: Spend, forecasted_spend: Spend }
    HealthStatus { status: String, status_reason: String, last_updated_time: Time }
    DescribeNotificationsForBudget { notifications: Vec<Notification>, next_token: String }
    Notification {
        notification_type: String,
        comparison_operator: String,
        threshold: f64,
        threshold_type: String,
        notification_state: String,
    }
    DescribeSubscribersForNotification { subscribers: Vec<Subscriber>, next_token: String }
    Subscriber { subscription_type: String, address: String }
}

//! Budgets: what they cover, their limits and periods, and whether their notifications reach somebody.

use super::alerts::{Publisher, Walk};
use super::budget_filter::{self, Admits};
use super::budget_notification::{self, BudgetNotification, Calls};
use super::{Fact, Gap, List, MALFORMED, MEMBER_MISSING, Observed, Origin, Source, UNDECIDED};
use crate::facts;
use crate::snapshot::shapes::budgets;
use crate::snapshot::{Snapshot, Time};

facts! {
    /// A budget of AWS Budgets.
    Budget as "budget" {
        /// The budget's name.
        name: String => [BudgetsDescribeBudgets];
        /// `COST`, `USAGE`, `RI_UTILIZATION`, ….
        kind: String => [BudgetsDescribeBudgets];
        /// `DAILY`, `MONTHLY`, `QUARTERLY`, `ANNUALLY` or `CUSTOM`.
        time_unit: String => [BudgetsDescribeBudgets];
        /// The limit of the period under way, fixed, planned or adjusted by AWS; absent when there is none.
        limit: f64 => [BudgetsDescribeBudgets];
        /// True when there is a limit above zero, or one that AWS adjusts.
        has_limit: bool => [BudgetsDescribeBudgets];
        /// The limit's currency or unit.
        unit: String => [BudgetsDescribeBudgets];
        /// When the budget starts to count.
        starts_at: Time => [BudgetsDescribeBudgets];
        /// When the budget ends.
        ends_at: Time => [BudgetsDescribeBudgets];
        /// True when no filter leaves out any usage of this account.
        is_account_wide: bool => [BudgetsDescribeBudgets];
        /// True when the budget counts credits and nothing that is used.
        tracks_credits: bool => [BudgetsDescribeBudgets];
        /// True when credits lower what the budget counts.
        counts_credits: bool => [BudgetsDescribeBudgets];
        /// True when refunds lower what the budget counts.
        counts_refunds: bool => [BudgetsDescribeBudgets];
        /// False when AWS says that it cannot evaluate the budget.
        is_healthy: bool => [BudgetsDescribeBudgets];
        /// Why AWS cannot evaluate the budget, in AWS's words; absent when it can.
        health_reason: String => [BudgetsDescribeBudgets];
        /// When AWS or a person last updated the budget.
        last_updated_at: Time => [BudgetsDescribeBudgets];
        /// What has been spent in the period under way; absent before AWS has calculated it.
        actual_spend: f64 => [BudgetsDescribeBudgets];
        /// The budget's notifications.
        notifications: List<BudgetNotification> => [BudgetsDescribeNotificationsForBudget];
    }
}

/// Builds the budgets, and notes every topic that they publish to.
pub(crate) fn build(
    snapshot: &Snapshot,
    now: Time,
    walk: &Walk<'_>,
    uses: &mut Vec<(String, Publisher)>,
) -> Fact<List<Budget>> {
    let source = Source::<budgets::DescribeBudgets>::global(snapshot);
    let answer = match source.state.clone() {
        Observed::Present(answer) => answer,
        Observed::Absent => return Fact::absent(source.origin("")),
        Observed::Unknown(gap) => return Fact::present(List { items: Vec::new(), gaps: vec![gap] }, Origin::NONE),
    };
    let hides_filters = source.request().get("ShowFilterExpression") == Some(&serde_json::Value::Bool(false));
    let calls = Calls::read(snapshot);
    // AWS leaves `Budgets` out when there is none.
    let found = answer.budgets.iter().flatten().enumerate();
    let items = found.map(|(index, budget)| {
        let place = Place { source: &source, index };
        let notifications = |limit: &Fact<f64>| budget_notification::build(budget, limit, &calls, walk, uses);
        build_budget(snapshot, now, budget, &place, hides_filters, notifications)
    });
    let items = items.collect();
    let gaps = source.cut_off(None, answer.next_token.as_ref()).into_iter().collect();
    Fact::present(List { items, gaps }, source.origin("/Budgets"))
}

/// Where a budget stands.
struct Place<'a> {
    source: &'a Source<'a, budgets::DescribeBudgets>,
    index: usize,
}

impl Place<'_> {
    fn origin(&self, pointer: &'static str) -> Origin {
        self.source.origin(pointer).element(self.index)
    }

    fn required<T>(&self, pointer: &'static str, value: Option<T>) -> Fact<T> {
        let missing = || Observed::Unknown(self.source.gap(MEMBER_MISSING, &format!("a budget has no `{pointer}`")));
        Fact::new(value.map_or_else(missing, Observed::Present), self.origin(pointer))
    }

    fn optional<T>(&self, pointer: &'static str, value: Option<T>) -> Fact<T> {
        Fact::new(value.map_or(Observed::Absent, Observed::Present), self.origin(pointer))
    }

    /// An amount of money, which AWS sends as text.
    fn amount(&self, pointer: &'static str, spend: Option<&budgets::Spend>) -> Fact<f64> {
        let Some(spend) = spend else { return Fact::absent(self.origin(pointer)) };
        let text = spend.amount.as_deref();
        let state = match text.map(number) {
            Some(Some(amount)) => Observed::Present(amount),
            Some(None) => Observed::Unknown(
                self.source
                    .gap(MALFORMED, &format!("the amount `{}` in `{pointer}` is no number", text.unwrap_or_default())),
            ),
            None => Observed::Unknown(self.source.gap(MEMBER_MISSING, &format!("`{pointer}` has no `Amount`"))),
        };
        Fact::new(state, self.origin(pointer))
    }
}

/// A decimal number as AWS prints amounts; nothing looser, so no `inf`, `1_000` or ` 1`.
fn number(text: &str) -> Option<f64> {
    let digits = text.strip_prefix('-').unwrap_or(text);
    let starts_well = digits.starts_with(|c: char| c.is_ascii_digit() || c == '.');
    let is_decimal = digits.chars().all(|c| c.is_ascii_digit() || matches!(c, '.' | 'e' | 'E' | '+' | '-'));
    let value: f64 = (starts_well && is_decimal).then(|| text.parse().ok())??;
    value.is_finite().then_some(value)
}

fn build_budget(
    snapshot: &Snapshot,
    now: Time,
    budget: &budgets::Budget,
    place: &Place<'_>,
    hides_filters: bool,
    notifications: impl FnOnce(&Fact<f64>) -> Fact<List<BudgetNotification>>,
) -> Budget {
    let period = budget.time_period.as_ref();
    let limit = limit(budget, place, now);
    let admits = |record_type: &str| admits(snapshot, budget, place, hides_filters, record_type);
    let (usage, credit, refund) = (admits("Usage"), admits("Credit"), admits("Refund"));
    let counts = |fact: &Fact<Admits>, included: Option<bool>| {
        // Left out, AWS includes credits and refunds.
        let by_type = included.unwrap_or(true);
        fact.clone().map(|admits| by_type && admits != Admits::Never)
    };
    let types = budget.cost_types.as_ref();
    let health = budget.health_status.as_ref();
    let calculated = budget.calculated_spend.as_ref();
    Budget {
        name: place.required("/Budgets/*/BudgetName", budget.budget_name.clone()),
        kind: place.required("/Budgets/*/BudgetType", budget.budget_type.clone()),
        time_unit: place.required("/Budgets/*/TimeUnit", budget.time_unit.clone()),
        unit: place
            .optional("/Budgets/*/BudgetLimit/Unit", budget.budget_limit.as_ref().and_then(|limit| limit.unit.clone())),
        starts_at: place.required("/Budgets/*/TimePeriod/Start", period.and_then(|period| period.start)),
        ends_at: place.required("/Budgets/*/TimePeriod/End", period.and_then(|period| period.end)),
        is_account_wide: account_wide(budget, place, &usage),
        tracks_credits: both(&usage, &credit, |usage, credit| usage == Admits::Never && credit == Admits::Always),
        counts_credits: counts(&credit, types.and_then(|types| types.include_credit)),
        counts_refunds: counts(&refund, types.and_then(|types| types.include_refund)),
        is_healthy: is_healthy(health, place),
        health_reason: place
            .optional("/Budgets/*/HealthStatus/StatusReason", health.and_then(|health| health.status_reason.clone())),
        last_updated_at: place.required("/Budgets/*/LastUpdatedTime", budget.last_updated_time),
        actual_spend: place
            .amount("/Budgets/*/CalculatedSpend/ActualSpend", calculated.and_then(|spend| spend.actual_spend.as_ref())),
        notifications: notifications(&limit),
        has_limit: has_limit(budget, &limit, place),
        limit,
    }
}

/// The fixed limit, else the planned one of the period under way. A budget that AWS adjusts carries its current limit as
/// the fixed one.
fn limit(budget: &budgets::Budget, place: &Place<'_>, now: Time) -> Fact<f64> {
    if budget.budget_limit.is_some() {
        return place.amount("/Budgets/*/BudgetLimit", budget.budget_limit.as_ref());
    }
    let pointer = "/Budgets/*/PlannedBudgetLimits";
    if let Some(planned) = &budget.planned_budget_limits {
        // The keys are seconds since 1970 at which a period starts.
        let starts: Option<Vec<(i64, &budgets::Spend)>> =
            planned.iter().map(|(start, spend)| Some((start.parse().ok()?, spend))).collect();
        let Some(mut starts) = starts else {
            return Fact::unknown(place.source.gap(MALFORMED, &format!("a key of `{pointer}` is no time")));
        };
        starts.sort_by_key(|(start, _)| *start);
        let current = starts.iter().rev().find(|(start, _)| *start <= now.as_second()).or(starts.first());
        return place.amount(pointer, current.map(|(_, spend)| *spend));
    }
    if budget.auto_adjust_data.is_some() {
        return Fact::unknown(place.source.gap(MEMBER_MISSING, "a budget that AWS adjusts has no `BudgetLimit` yet"));
    }
    Fact::absent(place.origin("/Budgets/*/BudgetLimit"))
}

fn has_limit(budget: &budgets::Budget, limit: &Fact<f64>, place: &Place<'_>) -> Fact<bool> {
    if budget.auto_adjust_data.is_some() {
        return Fact::present(true, place.origin("/Budgets/*/AutoAdjustData"));
    }
    match &limit.state {
        Observed::Absent => Fact::present(false, place.origin("/Budgets/*")),
        _ => limit.clone().map(|limit| limit > 0.0),
    }
}

/// Which charges of one record type the budget's filters let through.
fn admits(
    snapshot: &Snapshot,
    budget: &budgets::Budget,
    place: &Place<'_>,
    hides_filters: bool,
    record_type: &str,
) -> Fact<Admits> {
    let charge = budget_filter::Charge { record_type, account: &snapshot.account };
    // Newer budgets have `Metrics` in place of `CostTypes`, and a filter that is shown only when asked for.
    let hidden = hides_filters && budget.filter_expression.is_none() && budget.metrics.is_some();
    if hidden {
        return Fact::unknown(place.source.gap(UNDECIDED, "the budget's filter was not asked for"));
    }
    let old = budget.cost_filters.as_ref().map_or(Admits::Always, |filters| charge.passes_old(filters));
    let new = budget.filter_expression.as_ref().map_or(Admits::Always, |filter| charge.passes(filter));
    let pointer = match (&budget.cost_filters, &budget.filter_expression) {
        (_, Some(_)) => "/Budgets/*/FilterExpression",
        (Some(_), None) => "/Budgets/*/CostFilters",
        (None, None) => "/Budgets/*",
    };
    Fact::present(old.and(new), place.origin(pointer))
}

fn account_wide(budget: &budgets::Budget, place: &Place<'_>, usage: &Fact<Admits>) -> Fact<bool> {
    let view = budget.billing_view_arn.as_deref();
    let everything = usage.clone().map(|usage| usage == Admits::Always);
    match (view, &everything.state) {
        (Some(view), Observed::Present(true)) if !view.ends_with("/primary") => Fact::new(
            Observed::Unknown(Gap::of_reason(UNDECIDED, format!("what billing view `{view}` shows is not known"))),
            place.origin("/Budgets/*/BillingViewArn"),
        ),
        _ => everything,
    }
}

fn both(one: &Fact<Admits>, two: &Fact<Admits>, test: impl FnOnce(Admits, Admits) -> bool) -> Fact<bool> {
    let state = one.state.clone().and_then(|one| two.state.clone().map(|two| test(one, two)));
    Fact::new(state, two.origin)
}

/// AWS leaves the status out for budgets that it evaluates.
fn is_healthy(health: Option<&budgets::HealthStatus>, place: &Place<'_>) -> Fact<bool> {
    let Some(health) = health else { return Fact::present(true, place.origin("/Budgets/*")) };
    place.required("/Budgets/*/HealthStatus/Status", health.status.as_deref().map(|status| status == "HEALTHY"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn amounts_are_read_strictly() {
        assert_eq!(number("100"), Some(100.0));
        assert_eq!(number("-3.5"), Some(-3.5));
        assert_eq!(number("0E-8"), Some(0.0));
        assert_eq!(number("604.4560000000000172803993336856365203857421875"), Some(604.456));
        for bad in ["", " 1", "1,000", "inf", "NaN", "1e999", "ten", "1_0", "+1", "--1", "0x10"] {
            assert_eq!(number(bad), None, "{bad}");
        }
    }
}

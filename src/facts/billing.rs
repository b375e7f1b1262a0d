//! Billing: alarms on charges, the preference that publishes charges, console access for IAM identities, credits.

use super::alarm::Alarms;
use super::alerts::{Publisher, Walk};
use super::billing_access::{self, BillingAccess};
use super::billing_alarm::{self, BillingAlarm};
use super::budget::Budget;
use super::credential_report::CredentialReport;
use super::{Fact, Gap, List, MEMBER_MISSING, Observed, Origin, Source, UNDECIDED};
use crate::facts;
use crate::snapshot::shapes::{billing, cloudwatch};
use crate::snapshot::{Snapshot, Time};

facts! {
    /// How the account watches what it is charged.
    Billing as "billing" {
        /// Alarms that read estimated charges.
        alarms: List<BillingAlarm> => [CloudwatchDescribeAlarms];
        /// True when AWS publishes charges as a CloudWatch metric, by the billing preference or by the metric itself.
        alerts_enabled: bool => [
            BillingGetBillingPreferences, CloudwatchListMetrics, BudgetsDescribeBudgets, IamGetCredentialReport
        ];
        /// How that is known: `preference`, or `inferred` from the metric.
        alerts_known_from: String => [BillingGetBillingPreferences, CloudwatchListMetrics];
        /// What the snapshot shows of IAM identities' access to billing pages.
        access: BillingAccess => [];
        /// True when the account has credits left.
        has_credits: bool => [BillingGetCredits];
    }
}

/// Builds the billing facts, and notes every topic that alarms publish to.
pub(crate) fn build(
    snapshot: &Snapshot,
    alarms: &Alarms<'_>,
    walk: &Walk<'_>,
    budgets: &Fact<List<Budget>>,
    report: &CredentialReport,
    uses: &mut Vec<(String, Publisher)>,
) -> Billing {
    let (alerts_enabled, known_from) = alerts_enabled(snapshot, budgets, report);
    Billing {
        alarms: billing_alarm::build(snapshot, alarms, walk, uses),
        alerts_known_from: Fact {
            state: alerts_enabled.state.as_ref().map(|_| known_from.to_owned()),
            origin: alerts_enabled.origin,
        },
        alerts_enabled,
        access: Fact::derived(Observed::Present(billing_access::build(snapshot))),
        has_credits: has_credits(snapshot),
    }
}

/// The preference itself; else the metric, which exists only while the preference is on; else, for an account old enough
/// to have the metric and known to be charged, its absence.
fn alerts_enabled(
    snapshot: &Snapshot,
    budgets: &Fact<List<Budget>>,
    report: &CredentialReport,
) -> (Fact<bool>, &'static str) {
    let preference = preference(snapshot);
    if matches!(preference.state, Observed::Present(_)) {
        return (preference, "preference");
    }
    let metric = metric_exists(snapshot);
    if matches!(metric.state, Observed::Present(true)) {
        return (metric, "inferred");
    }
    let is_charged = is_charged(budgets);
    let is_old = is_old(snapshot, report);
    match (&metric.state, is_charged, is_old) {
        (Observed::Present(false), true, true) => (metric, "inferred"),
        (Observed::Unknown(gap), ..) => (Fact::unknown(preference.state.gap().unwrap_or(gap).clone()), "inferred"),
        _ => {
            let silent = || {
                Gap::of_reason(
                    UNDECIDED,
                    "the billing preference is not known and no metric of charges is listed, but nothing shows that there are charges",
                )
            };
            (Fact::unknown(preference.state.gap().cloned().unwrap_or_else(silent)), "inferred")
        }
    }
}

fn preference(snapshot: &Snapshot) -> Fact<bool> {
    let mut origin = Origin::NONE;
    let mut disabled = false;
    let mut gap = None;
    let mut asked = false;
    for answer in snapshot.answers::<billing::GetBillingPreferences>() {
        asked = true;
        let source = Source::from_answer(answer);
        let Observed::Present(shown) = source.state.clone() else {
            gap = gap.or_else(|| source.state.gap().cloned());
            continue;
        };
        gap = gap.or_else(|| source.cut_off(None, shown.next_token.as_ref()));
        for (index, entry) in shown.billing_preferences.iter().flatten().enumerate() {
            if entry.feature.as_deref() != Some("BILLING_ALERTS") {
                continue;
            }
            origin = source.origin("/billingPreferences/*/value").element(index);
            match entry.value.as_deref() {
                Some("ENABLED") => return Fact::present(true, origin),
                Some("DISABLED") => disabled = true,
                _ => {
                    gap = gap.or_else(|| {
                        Some(source.gap(UNDECIDED, "a billing preference has no value that is documented"))
                    });
                }
            }
        }
    }
    if !asked {
        gap = Source::<billing::GetBillingPreferences>::global(snapshot).state.gap().cloned();
    }
    match gap {
        Some(gap) => Fact::unknown(gap),
        None if disabled => Fact::present(false, origin),
        None => Fact::unknown(Gap::of_reason(UNDECIDED, "the answer does not speak of billing alerts")),
    }
}

fn metric_exists(snapshot: &Snapshot) -> Fact<bool> {
    let mut gap = None;
    let mut none = None;
    for answer in snapshot.answers::<cloudwatch::ListMetrics>() {
        let source = Source::from_answer(answer);
        let asked_for_less =
            answer.observation.request.keys().any(|member| !matches!(member.as_str(), "Namespace" | "MetricName"));
        match source.state.clone() {
            Observed::Present(listed) => {
                let mut metrics = listed.metrics.iter().flatten().enumerate();
                let found = metrics.find(|(_, metric)| {
                    metric.namespace.as_deref() == Some("AWS/Billing")
                        && metric.metric_name.as_deref() == Some("EstimatedCharges")
                });
                if let Some((index, _)) = found {
                    return Fact::present(true, source.origin("/Metrics/*").element(index));
                }
                gap = gap.or_else(|| source.cut_off(None, listed.next_token.as_ref()));
                let untold = listed.metrics.as_ref().is_none_or(|all| !all.iter().all(is_named));
                let untold =
                    untold.then(|| source.gap(MEMBER_MISSING, "the list of metrics or a name in it is missing"));
                gap = gap.or(untold);
                none = none.or(Some(source.origin("/Metrics")).filter(|_| !asked_for_less));
            }
            Observed::Absent => {}
            Observed::Unknown(reason) => gap = gap.or(Some(reason)),
        }
    }
    match (gap, none) {
        (Some(gap), _) => Fact::unknown(gap),
        (None, Some(origin)) => Fact::present(false, origin),
        (None, None) => {
            let missing = Source::<cloudwatch::ListMetrics>::global(snapshot);
            let asked_for_less = || Gap::of_reason(UNDECIDED, "only some metrics were asked for");
            Fact::unknown(missing.state.gap().cloned().unwrap_or_else(asked_for_less))
        }
    }
}

fn is_named(metric: &cloudwatch::Metric) -> bool {
    metric.namespace.is_some() && metric.metric_name.is_some()
}

/// True when some budget counts charges; nothing else in a snapshot shows them.
fn is_charged(budgets: &Fact<List<Budget>>) -> bool {
    let budgets = budgets.state.present().map_or(&[][..], |list| &list.items);
    let spent = |budget: &Budget| matches!(budget.actual_spend.state, Observed::Present(amount) if amount > 0.0);
    budgets.iter().any(spent)
}

/// AWS publishes the metric a day after the preference was turned on at the latest.
const DAY: i64 = 24 * 60 * 60;

fn is_old(snapshot: &Snapshot, report: &CredentialReport) -> bool {
    let Observed::Present(root) = report.root() else { return false };
    let Observed::Present(Time(created)) = root.time("user_creation_time").state else { return false };
    snapshot.collected_at.as_second() - created.as_second() > DAY
}

fn has_credits(snapshot: &Snapshot) -> Fact<bool> {
    let source = Source::<billing::GetCredits>::global(snapshot);
    let credits = source.required("/credits", |answer| answer.credits.as_deref());
    let origin = credits.origin;
    let state = credits.state.and_then(|credits| {
        let counts = credits.iter().map(|credit| {
            let left = credit.remaining_amount.as_ref().and_then(|left| left.currency_amount.as_deref());
            let left = left.and_then(|text| text.parse::<f64>().ok()).filter(|left| left.is_finite());
            let is_over = credit.end_date.is_some_and(|end| end <= snapshot.collected_at);
            if is_over { Some(false) } else { left.map(|left| left > 0.0) }
        });
        let counts: Vec<Option<bool>> = counts.collect();
        match (counts.contains(&Some(true)), counts.contains(&None)) {
            (false, true) => {
                Observed::Unknown(source.gap(MEMBER_MISSING, "a credit does not say in figures how much of it is left"))
            }
            (found, _) => Observed::Present(found),
        }
    });
    Fact::new(state, origin)
}

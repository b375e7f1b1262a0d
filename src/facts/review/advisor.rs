//! AWS Support: whether the account has a plan, and what Trusted Advisor found.

use std::collections::BTreeMap;

use crate::facts;
use crate::facts::asked::Asked;
use crate::facts::{Fact, Gap, List, MEMBER_MISSING, NOT_COLLECTED, Observed, Source, UNDECIDED};
use crate::snapshot::Snapshot;
use crate::snapshot::shapes::support::{
    CheckSummary, DescribeSeverityLevels, DescribeTrustedAdvisorCheckResult, DescribeTrustedAdvisorCheckSummaries,
    DescribeTrustedAdvisorChecks, FlaggedResource,
};

facts! {
    /// AWS Support of the account.
    Support as "support" {
        /// True when the account has a plan that opens the API of AWS Support.
        has_plan: bool => [SupportDescribeSeverityLevels];
        /// Security checks of Trusted Advisor; absent without a plan.
        security_checks: List<AdvisorCheck> => [SupportDescribeTrustedAdvisorChecks];
        /// Users whose access keys Trusted Advisor calls exposed; absent without a plan.
        exposed_users: List<String> => [SupportDescribeTrustedAdvisorCheckResult];
    }

    /// A check of AWS Trusted Advisor.
    AdvisorCheck as "advisor-check" {
        /// What AWS calls it.
        name: String => [SupportDescribeTrustedAdvisorChecks];
        /// `ok`, `warning` or `error`.
        status: String => [SupportDescribeTrustedAdvisorCheckSummaries];
    }
}

/// The check "Exposed Access Keys": <https://docs.aws.amazon.com/awssupport/latest/user/security-checks.html>
const EXPOSED_KEYS: &str = "12Fnkpl8Y5";
/// A check that has not been run says nothing.
const NOT_AVAILABLE: &str = "not_available";

/// Builds the facts.
pub(crate) fn build(snapshot: &Snapshot) -> Support {
    let levels = Source::<DescribeSeverityLevels>::global(snapshot);
    let plan = levels.required("/severityLevels", |answer| answer.severity_levels.as_ref());
    Support {
        has_plan: match plan.state {
            Observed::Absent => Fact::present(false, plan.origin),
            _ => plan.map(|_| true),
        },
        security_checks: security_checks(snapshot),
        exposed_users: exposed_users(snapshot),
    }
}

fn security_checks(snapshot: &Snapshot) -> Fact<List<AdvisorCheck>> {
    let source = Source::<DescribeTrustedAdvisorChecks>::global(snapshot);
    let summaries = Summaries::read(snapshot);
    source.required("/checks", |answer| {
        let mut list = List { items: Vec::new(), gaps: Vec::new() };
        for (index, check) in answer.checks.as_ref()?.iter().enumerate() {
            match (check.category.as_deref(), check.id.as_deref()) {
                (Some("security"), Some(id)) => {
                    let name = check.name.clone().unwrap_or_else(|| id.to_owned());
                    list.items.push(AdvisorCheck {
                        name: Fact::present(name, source.origin("/checks/*/name").element(index)),
                        status: summaries.status(id),
                    });
                }
                (None, _) | (Some("security"), None) => {
                    list.gaps.push(source.gap(MEMBER_MISSING, "a check has no `id` or no `category`"));
                }
                (Some(_), _) => {}
            }
        }
        Some(list)
    })
}

/// The summaries of checks, whichever of them were asked for together.
struct Summaries<'a> {
    by_check: BTreeMap<&'a str, (Source<'a, DescribeTrustedAdvisorCheckSummaries>, usize, &'a CheckSummary)>,
    gap: Option<Gap>,
}

impl<'a> Summaries<'a> {
    fn read(snapshot: &'a Snapshot) -> Self {
        let mut found = Self { by_check: BTreeMap::new(), gap: None };
        for answer in snapshot.answers::<DescribeTrustedAdvisorCheckSummaries>() {
            let source = Source::from_answer(answer);
            let Observed::Present(shape) = source.state.clone() else {
                found.gap = found.gap.or_else(|| source.state.gap().cloned());
                continue;
            };
            for (index, summary) in shape.summaries.iter().flatten().enumerate() {
                if let Some(id) = summary.check_id.as_deref() {
                    found.by_check.insert(id, (source.clone(), index, summary));
                }
            }
        }
        found.gap =
            found.gap.or_else(|| Source::<DescribeTrustedAdvisorCheckSummaries>::global(snapshot).state.gap().cloned());
        found
    }

    fn status(&self, id: &str) -> Fact<String> {
        let Some((source, index, summary)) = self.by_check.get(id) else {
            let message = format!("Trusted Advisor has no summary of check `{id}`");
            return Fact::unknown(self.gap.clone().unwrap_or_else(|| Gap::of_reason(NOT_COLLECTED, message)));
        };
        match summary.status.as_deref() {
            Some(NOT_AVAILABLE) => Fact::unknown(source.gap(UNDECIDED, &format!("check `{id}` was not run"))),
            Some(status) => Fact::present(status.to_owned(), source.origin("/summaries/*/status").element(*index)),
            None => Fact::unknown(source.gap(MEMBER_MISSING, "a summary has no `status`")),
        }
    }
}

fn exposed_users(snapshot: &Snapshot) -> Fact<List<String>> {
    let region = crate::facts::leader_region(&snapshot.partition);
    let results = Asked::<DescribeTrustedAdvisorCheckResult>::read(snapshot, "checkId");
    let source = results.of_unique(region, EXPOSED_KEYS);
    let result = source.required("/result", |answer| answer.result.as_ref());
    let origin = source.origin("/result/flaggedResources");
    let state = result.state.and_then(|result| match (result.status.as_deref(), &result.flagged_resources) {
        (Some(NOT_AVAILABLE), _) => Observed::Unknown(source.gap(UNDECIDED, "the check of exposed keys was not run")),
        (Some(_), Some(flagged)) => {
            let is_untold = |flag: &FlaggedResource| flag.is_suppressed != Some(true) && flag.status.is_none();
            let is_open = |flag: &&FlaggedResource| {
                flag.is_suppressed != Some(true) && flag.status.as_deref().is_some_and(|status| status != "ok")
            };
            let untold = flagged.iter().any(is_untold);
            let untold = untold.then(|| source.gap(MEMBER_MISSING, "a flagged resource has no `status`"));
            let items = flagged.iter().filter(is_open).map(user_of).collect();
            Observed::Present(List { items, gaps: untold.into_iter().collect() })
        }
        _ => Observed::Unknown(source.gap(MEMBER_MISSING, "the result has no `status` or no `flaggedResources`")),
    });
    Fact::new(state, origin)
}

/// The check's columns are the key's id, the user's name and what is known of the exposure.
fn user_of(flag: &FlaggedResource) -> String {
    let name = flag.metadata.as_ref().and_then(|columns| columns.get(1)?.clone());
    name.or_else(|| flag.resource_id.clone()).unwrap_or_else(|| "a user without name".to_owned())
}

//! What another account of the organization may do for this one, where nothing in this account shows it.
//!
//! Analyzers of the organization, routes of findings and events, budgets and alarms on a member's charges show in the
//! account that holds them alone. A rule that finds none here must not take that for none at all, so these facts are
//! never true: false where nobody else can provide the thing, unknown, with the account that may, where somebody can.

use super::delegation::Delegations;
use crate::facts;
use crate::facts::organization::Organization;
use crate::facts::{Fact, Gap, Observed, UNDECIDED};
use crate::snapshot::Snapshot;

facts! {
    /// What another account of the organization may provide for this one: false where none can, else unknown.
    Central as "central" {
        /// Analyzers of IAM Access Analyzer.
        analyzers: bool => [
            OrganizationsDescribeOrganization, OrganizationsListDelegatedAdministrators,
            OrganizationsListDelegatedServicesForAccount
        ];
        /// Routes that bring GuardDuty's findings to somebody.
        findings: bool => [
            OrganizationsDescribeOrganization, OrganizationsListDelegatedAdministrators,
            OrganizationsListDelegatedServicesForAccount
        ];
        /// Routes that bring AWS Health events to somebody.
        health_events: bool => [
            OrganizationsDescribeOrganization, OrganizationsListDelegatedAdministrators,
            OrganizationsListDelegatedServicesForAccount
        ];
        /// Budgets, alarms on charges and monitors of unusual costs, which the account that pays can set for each member.
        costs: bool => [OrganizationsDescribeOrganization];
    }
}

/// Builds the facts.
pub(crate) fn build(snapshot: &Snapshot, organization: &Fact<Organization>) -> Central {
    let found = match &organization.state {
        Observed::Present(found) => found,
        Observed::Absent => return all(|| Fact::present(false, organization.origin)),
        Observed::Unknown(gap) => return all(|| Fact::unknown(gap.clone())),
    };
    let delegations = Delegations::read(snapshot, found);
    let by = |service: &str| Fact::new(elsewhere(snapshot, found, &delegations, service), organization.origin);
    Central {
        analyzers: by("access-analyzer"),
        findings: by("guardduty"),
        health_events: by("health"),
        costs: Fact::new(
            found.is_member().and_then(|is_member| if is_member { paid_for(found) } else { Observed::Present(false) }),
            organization.origin,
        ),
    }
}

fn paid_for(organization: &Organization) -> Observed<bool> {
    Observed::Unknown(undecided(format!(
        "the account is a member of an organization, and {}, which pays, may watch its costs for it",
        management(organization)
    )))
}

fn all(fact: impl Fn() -> Fact<bool>) -> Central {
    Central { analyzers: fact(), findings: fact(), health_events: fact(), costs: fact() }
}

/// Whether another account administers a service for this one. The management account and delegated administrators are
/// told who; to other members AWS refuses the question.
fn elsewhere(
    snapshot: &Snapshot,
    organization: &Organization,
    delegations: &Delegations<'_>,
    service: &str,
) -> Observed<bool> {
    let administrators = delegations.administrators(&format!("{service}.amazonaws.com"));
    if administrators.items.contains(&snapshot.account.as_str()) {
        return Observed::Present(false);
    }
    if let Some(account) = administrators.items.first() {
        return Observed::Unknown(undecided(format!(
            "account {account} administers {service} for the organization; what it provides shows only there"
        )));
    }
    organization.is_member().and_then(|is_member| match (is_member, administrators.gaps.into_iter().next()) {
        (true, _) => Observed::Unknown(undecided(format!(
            "the account is a member of an organization, and {} or an account that it lets administer {service} may \
             provide this for it",
            management(organization)
        ))),
        (false, Some(gap)) => Observed::Unknown(gap),
        (false, None) => Observed::Present(false),
    })
}

fn management(organization: &Organization) -> String {
    match organization.management_account_id.state.present() {
        Some(id) => format!("its management account {id}"),
        None => "its management account".to_owned(),
    }
}

fn undecided(reason: String) -> Gap {
    Gap::of_reason(UNDECIDED, reason)
}

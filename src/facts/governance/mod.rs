//! What an organization forbids its members, and whom it lets manage what.
//!
//! AWS tells it to the management account and to members that something is delegated to; to others it refuses, so that a
//! refusal to a member says nothing of the organization and the facts are absent there.

pub(crate) mod central;
mod delegation;
mod guardrail;

pub use central::Central;
pub use delegation::TrustedService;

use super::organization::Organization;
use super::{Fact, List, Observed, Source};
use crate::facts;
use crate::snapshot::Snapshot;
use crate::snapshot::shapes::organizations::{self, PolicyTypeSummary};

facts! {
    /// How an organization governs its accounts.
    Governance as "governance" {
        /// True when service control policies are turned on at the root.
        has_scps: bool => [OrganizationsListRoots];
        /// Names of the organization's own service control policies on a root or an organizational unit.
        guardrails: List<String> => [
            OrganizationsListPolicies, OrganizationsListTargetsForPolicy
        ];
        /// What those policies forbid every ordinary user and role of a member, of: `cloudtrail` (stop or delete a
        /// trail), `config` (stop or delete a recorder), `guardduty` (suspend or delete a detector) and `leave-org`.
        denies: List<String> => [
            OrganizationsListPolicies, OrganizationsListTargetsForPolicy, OrganizationsDescribePolicy
        ];
        /// True when those policies forbid root users of members what they forbid nobody to try.
        denies_root: bool => [
            OrganizationsListPolicies, OrganizationsListTargetsForPolicy, OrganizationsDescribePolicy
        ];
        /// True when those policies forbid to make machines, functions and databases in some Regions.
        limits_regions: bool => [
            OrganizationsListPolicies, OrganizationsListTargetsForPolicy, OrganizationsDescribePolicy
        ];
        /// An account other than the management account that may write policies; absent when none may.
        policy_delegate: String => [OrganizationsDescribeResourcePolicy];
        /// AWS services that may act across the organization.
        trusted_services: List<TrustedService> => [OrganizationsListAwsServiceAccessForOrganization];
    }
}

/// Builds the facts; absent for a standalone account and for members that AWS does not tell.
pub(crate) fn build(snapshot: &Snapshot, organization: &Fact<Organization>) -> Fact<Governance> {
    let found = match &organization.state {
        Observed::Present(organization) => organization,
        Observed::Absent => return Fact::absent(organization.origin),
        Observed::Unknown(gap) => return Fact::unknown(gap.clone()),
    };
    let roots = Source::<organizations::ListRoots>::global(snapshot);
    let is_refused = roots.state.gap().is_some_and(super::Gap::is_denied);
    if is_refused && found.is_management_account.state.present() == Some(&false) {
        return Fact::absent(organization.origin);
    }
    let guardrails = guardrail::Guardrails::read(snapshot);
    let has_scps = roots.required("/Roots", |answer| {
        let types: Vec<_> =
            answer.roots.as_ref()?.iter().map(|root| root.policy_types.as_ref()).collect::<Option<_>>()?;
        let is_on = |one: &PolicyTypeSummary| {
            Some((one.kind.as_deref()? == guardrail::SCP) & (one.status.as_deref()? == "ENABLED"))
        };
        let on: Vec<bool> = types.into_iter().flatten().map(is_on).collect::<Option<_>>()?;
        Some(on.contains(&true))
    });
    Fact::derived(Observed::Present(Governance {
        has_scps,
        guardrails: guardrails.names(),
        denies: guardrails.denied_families(),
        denies_root: guardrails.denies_root(),
        limits_regions: guardrails.limits_regions(),
        policy_delegate: delegation::policy_delegate(snapshot, found),
        trusted_services: delegation::trusted_services(snapshot, found),
    }))
}

//! The organization that an account belongs to, as a member may see it.

use super::{Fact, List, Observed, Source};
use crate::facts;
use crate::snapshot::{
    Snapshot,
    shapes::{iam, organizations},
};

facts! {
    /// An organization of AWS Organizations.
    Organization as "organization" {
        /// The organization's id, as in `o-exampleorgid`.
        id: String => [OrganizationsDescribeOrganization];
        /// `ALL` or `CONSOLIDATED_BILLING`.
        feature_set: String => [OrganizationsDescribeOrganization];
        /// The management account's twelve digits.
        management_account_id: String => [OrganizationsDescribeOrganization];
        /// True when this account is the management account.
        is_management_account: bool => [OrganizationsDescribeOrganization];
    }
}

/// Builds the organization; absent for a standalone account.
pub(crate) fn build(snapshot: &Snapshot) -> Fact<Organization> {
    let source = Source::<organizations::DescribeOrganization>::global(snapshot);
    let organization = source.required("/Organization", |answer| answer.organization.as_ref());
    organization.map(|organization| {
        let management = source.required("/Organization/MasterAccountId", |_| organization.master_account_id.clone());
        Organization {
            id: source.required("/Organization/Id", |_| organization.id.clone()),
            feature_set: source.required("/Organization/FeatureSet", |_| organization.feature_set.clone()),
            is_management_account: Fact {
                state: management.state.as_ref().map(|id| *id == snapshot.account),
                origin: management.origin,
            },
            management_account_id: management,
        }
    })
}

/// Errors of `ListOrganizationsFeatures` that say that no feature is on:
/// <https://docs.aws.amazon.com/IAM/latest/APIReference/API_ListOrganizationsFeatures.html>.
const NO_FEATURES: [&str; 4] = [
    "ServiceAccessNotEnabled",
    "ServiceAccessNotEnabledException",
    "OrganizationNotInAllFeaturesMode",
    "OrganizationNotInAllFeaturesModeException",
];

/// Builds the features that the organization manages centrally; absent in accounts that AWS does not tell.
pub(crate) fn features(snapshot: &Snapshot) -> Fact<List<String>> {
    let source = Source::<iam::ListOrganizationsFeatures>::global(snapshot);
    if source.state.gap().is_some_and(|gap| NO_FEATURES.contains(&gap.code())) {
        return Fact::present(List::whole(Vec::new()), source.origin(""));
    }
    source.required("/EnabledFeatures", |answer| answer.enabled_features.clone().map(List::whole))
}

impl Organization {
    /// Whether this account is a member rather than the management account.
    pub fn is_member(&self) -> Observed<bool> {
        self.is_management_account.state.as_ref().map(|is_management| !is_management)
    }
}

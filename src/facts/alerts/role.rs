//! The policies of a role that publishes in EventBridge's place.

use serde_json::Value;

use super::permission::{RolePolicies, parse};
use crate::facts::authorization::{self, Entities};
use crate::facts::{Gap, MALFORMED, UNDECIDED};
use crate::iam::policy::Policy;
use crate::snapshot::{Document, Snapshot, shapes::iam};

/// Every policy of a role, or why they are not all known.
pub(super) fn policies(snapshot: &Snapshot, arn: &str) -> RolePolicies {
    let roles = authorization::roles(snapshot);
    let role = match roles.items.iter().find(|role| role.detail.arn.as_deref() == Some(arn)) {
        Some(role) => role.detail,
        None => return Err(absent(&roles, arn)),
    };
    if role.permissions_boundary.is_some() {
        return Err(Gap::of_reason(UNDECIDED, format!("role `{arn}` has a permissions boundary")));
    }
    let mut found = Vec::new();
    for inline in role.role_policy_list.iter().flatten() {
        let name = inline.policy_name.as_deref().unwrap_or("without a name");
        found.push(document(inline.policy_document.as_ref(), &format!("role `{arn}`, policy `{name}`"))?);
    }
    let managed = authorization::policies(snapshot);
    for attached in role.attached_managed_policies.iter().flatten() {
        found.push(managed_document(&managed, attached.policy_arn.as_deref().unwrap_or_default())?);
    }
    Ok(found)
}

fn absent(roles: &Entities<'_, iam::RoleDetail>, arn: &str) -> Gap {
    let unlisted = || Gap::of_reason(UNDECIDED, format!("role `{arn}` is not in the authorization details"));
    roles.gaps.first().cloned().unwrap_or_else(unlisted)
}

fn managed_document(managed: &Entities<'_, iam::ManagedPolicyDetail>, arn: &str) -> Result<Policy, Gap> {
    let detail = managed.items.iter().map(|entity| entity.detail).find(|policy| policy.arn.as_deref() == Some(arn));
    let Some(detail) = detail else {
        let unlisted = || Gap::of_reason(UNDECIDED, format!("policy `{arn}` is not in the authorization details"));
        return Err(managed.gaps.first().cloned().unwrap_or_else(unlisted));
    };
    let versions = detail.policy_version_list.iter().flatten();
    let default = versions.clone().find(|version| version.is_default_version == Some(true));
    document(default.and_then(|version| version.document.as_ref()), &format!("policy `{arn}`"))
}

fn document(document: Option<&Document>, what: &str) -> Result<Policy, Gap> {
    match document.map(Document::value) {
        Some(Value::String(text)) => parse(&text, what),
        Some(value) => Policy::from_value(&value)
            .map_err(|error| Gap::of_reason(MALFORMED, format!("the policy of {what} cannot be read: {error}"))),
        None => Err(Gap::of_reason(MALFORMED, format!("{what} has no document"))),
    }
}

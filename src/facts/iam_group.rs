//! IAM groups: authorization details, with members from the users' side, because groups do not name theirs.

use super::authorization::{self, Entity};
use super::iam_user::IamUser;
use super::resource::Resource;
use super::{Fact, List, Observed};
use crate::facts;
use crate::snapshot::{Snapshot, shapes::iam};

facts! {
    /// An IAM group.
    IamGroup as "iam-group" {
        /// The group's name.
        name: String => [IamGetAccountAuthorizationDetails];
        /// Names of the users in the group.
        members: List<String> => [IamGetAccountAuthorizationDetails];
        /// Managed policies attached to the group, by ARN.
        attached_policies: List<String> => [IamGetAccountAuthorizationDetails];
        /// Names of the inline policies of the group.
        inline_policies: List<String> => [IamGetAccountAuthorizationDetails];
    }
}

/// Builds the IAM groups of an account.
pub(crate) fn build(snapshot: &Snapshot, users: &List<Resource<IamUser>>) -> List<Resource<IamGroup>> {
    let details = authorization::groups(snapshot);
    let named = details.items.iter().filter_map(|entity| Some((*entity, entity.detail.group_name.as_deref()?)));
    let mut items: Vec<Resource<IamGroup>> =
        named.map(|(entity, name)| group(snapshot, entity, name, members(name, users))).collect();
    items.sort_by(|one, two| one.id.cmp(&two.id));
    List { items, gaps: details.gaps }
}

fn group(
    snapshot: &Snapshot,
    entity: Entity<'_, iam::GroupDetail>,
    name: &str,
    members: List<String>,
) -> Resource<IamGroup> {
    let detail = entity.detail;
    let standing_in = || format!("arn:{}:iam::{}:group/{name}", snapshot.partition, snapshot.account);
    let facts = IamGroup {
        name: Fact::derived(Observed::Present(name.to_owned())),
        members: Fact::derived(Observed::Present(members)),
        attached_policies: authorization::member(entity, "/GroupDetailList/*/AttachedManagedPolicies", |group| {
            let all = group.attached_managed_policies.as_ref()?;
            all.iter().map(|policy| policy.policy_arn.clone()).collect::<Option<_>>().map(List::whole)
        }),
        // AWS leaves the member out for a group without inline policies.
        inline_policies: authorization::member(entity, "/GroupDetailList/*/GroupPolicyList", |group| {
            let all = group.group_policy_list.iter().flatten();
            all.map(|policy| policy.policy_name.clone()).collect::<Option<_>>().map(List::whole)
        }),
    };
    Resource { id: detail.arn.clone().unwrap_or_else(standing_in), region: None, facts }
}

/// The users that name the group; the list has gaps where a user's groups are not known.
fn members(group: &str, users: &List<Resource<IamUser>>) -> List<String> {
    let mut members = List { items: Vec::new(), gaps: users.gaps.clone() };
    for user in &users.items {
        match (&user.facts.groups.state, &user.facts.name.state) {
            (Observed::Present(groups), Observed::Present(name)) => {
                if groups.items.iter().any(|other| other == group) {
                    members.items.push(name.clone());
                } else {
                    members.gaps.extend(groups.gaps.iter().cloned());
                }
            }
            (groups, _) => members.gaps.extend(groups.gap().cloned()),
        }
    }
    members.gaps.sort();
    members.gaps.dedup();
    members
}

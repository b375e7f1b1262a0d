//! IAM groups: authorization details, with members from the users' side, because groups do not name theirs.

use std::collections::HashMap;

use super::authorization::{self, Entity};
use super::iam_user::IamUser;
use super::resource::Resource;
use super::{Fact, Gap, List, Observed};
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
    let members = Members::read(users);
    let named = details.items.iter().filter_map(|entity| Some((*entity, entity.detail.group_name.as_deref()?)));
    let mut items: Vec<Resource<IamGroup>> =
        named.map(|(entity, name)| group(snapshot, entity, name, members.of(name))).collect();
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

/// Who is in which group, by what the users say.
struct Members<'a> {
    by_group: HashMap<&'a str, Vec<&'a str>>,
    /// Why any group may have more members.
    gaps: Vec<Gap>,
    /// The groups of users that may be in more.
    open: Vec<&'a List<String>>,
}

impl<'a> Members<'a> {
    fn read(users: &'a List<Resource<IamUser>>) -> Self {
        let mut all = Self { by_group: HashMap::new(), gaps: users.gaps.clone(), open: Vec::new() };
        for user in &users.items {
            let (Observed::Present(groups), Observed::Present(name)) =
                (&user.facts.groups.state, &user.facts.name.state)
            else {
                all.gaps.extend(user.facts.groups.state.gap().cloned());
                continue;
            };
            for group in &groups.items {
                let members = all.by_group.entry(group).or_default();
                if members.last() != Some(&name.as_str()) {
                    members.push(name);
                }
            }
            if !groups.gaps.is_empty() {
                all.open.push(groups);
            }
        }
        all
    }

    /// The users that name the group; the list has gaps where a user's groups are not known.
    fn of(&self, group: &str) -> List<String> {
        let named = self.by_group.get(group).into_iter().flatten();
        let mut members = List { items: named.map(|name| (*name).to_owned()).collect(), gaps: self.gaps.clone() };
        let others = self.open.iter().filter(|groups| !groups.items.iter().any(|other| other == group));
        members.gaps.extend(others.flat_map(|groups| groups.gaps.iter().cloned()));
        members.gaps.sort();
        members.gaps.dedup();
        members
    }
}

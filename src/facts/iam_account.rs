//! What IAM says of the account as a whole: its alias, and who holds single policies of AWS.

use super::authorization::{self, Entities};
use super::iam_access::AccountAccess;
use super::{Fact, Gap, List, Observed, Origin, Source};
use crate::facts;
use crate::snapshot::{Snapshot, shapes::iam};

facts! {
    /// IAM of the account as a whole.
    IamAccount as "iam-account" {
        /// The account's aliases; AWS allows one.
        aliases: List<String> => [IamListAccountAliases];
        /// Names of the roles that `AWSSupportAccess` is attached to.
        support_roles: List<String> => [IamGetAccountAuthorizationDetails];
        /// Users, groups and roles that `AWSCloudShellFullAccess` is attached to, as in `role/developer`.
        cloudshell_full_access: List<String> => [IamGetAccountAuthorizationDetails];
        /// What the account's policies let its principals do.
        access: AccountAccess => [];
    }
}

/// Builds the record.
pub(crate) fn build(snapshot: &Snapshot, access: AccountAccess) -> IamAccount {
    let aws = |name: &str| format!("arn:{}:iam::aws:policy/{name}", snapshot.partition);
    let source = Source::<iam::ListAccountAliases>::global(snapshot);
    let (users, groups, roles) =
        (authorization::users(snapshot), authorization::groups(snapshot), authorization::roles(snapshot));
    let users_with = |policy: &str| {
        holders(&users, policy, |user| (user.user_name.as_ref(), user.attached_managed_policies.as_ref()))
    };
    let groups_with = |policy: &str| {
        holders(&groups, policy, |group| (group.group_name.as_ref(), group.attached_managed_policies.as_ref()))
    };
    let roles_with = |policy: &str| {
        holders(&roles, policy, |role| (role.role_name.as_ref(), role.attached_managed_policies.as_ref()))
    };
    let cloudshell = aws("AWSCloudShellFullAccess");
    let everybody = [
        prefixed("group", groups_with(&cloudshell)),
        prefixed("role", roles_with(&cloudshell)),
        prefixed("user", users_with(&cloudshell)),
    ];
    IamAccount {
        aliases: source.required("/AccountAliases", |answer| {
            let items = answer.account_aliases.clone()?;
            let gaps = source.cut_off(answer.is_truncated, answer.marker.as_ref()).into_iter().collect();
            Some(List { items, gaps })
        }),
        support_roles: at_first(&roles, "/RoleDetailList", roles_with(&aws("AWSSupportAccess"))),
        cloudshell_full_access: at_first(&roles, "/RoleDetailList", joined(everybody)),
        access: Fact::derived(Observed::Present(access)),
    }
}

/// Names of the entities that a managed policy is attached to.
fn holders<'a, T>(
    entities: &Entities<'a, T>,
    policy: &str,
    read: impl Fn(&'a T) -> (Option<&'a String>, Option<&'a Vec<iam::AttachedPolicy>>),
) -> List<String> {
    let mut list = List { items: Vec::new(), gaps: entities.gaps.clone() };
    for entity in &entities.items {
        match read(entity.detail) {
            (Some(name), Some(attached)) => {
                if attached.iter().any(|other| other.policy_arn.as_deref() == Some(policy)) {
                    list.items.push(name.clone());
                }
            }
            _ => list.gaps.push(Gap::of_reason(
                super::MEMBER_MISSING,
                "authorization details name an entity without its name or attached policies",
            )),
        }
    }
    list.items.sort();
    list
}

fn prefixed(kind: &str, list: List<String>) -> List<String> {
    List { items: list.items.into_iter().map(|name| format!("{kind}/{name}")).collect(), gaps: list.gaps }
}

fn joined<const N: usize>(lists: [List<String>; N]) -> List<String> {
    let mut all = List::whole(Vec::new());
    for list in lists {
        all.items.extend(list.items);
        all.gaps.extend(list.gaps);
    }
    all.gaps.sort();
    all.gaps.dedup();
    all
}

/// A fact of several answers stands where the first of them does.
fn at_first<T>(entities: &Entities<'_, T>, pointer: &'static str, list: List<String>) -> Fact<List<String>> {
    let origin = entities.items.first().map_or(Origin::NONE, |entity| Origin::at(entity.observation, pointer));
    Fact::new(Observed::Present(list), origin)
}

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
        /// Names of the users that AWS put under quarantine because a key of theirs is public.
        quarantined_users: List<String> => [IamGetAccountAuthorizationDetails];
        /// What the account's policies let its principals do.
        access: AccountAccess => [];
    }
}

/// The policies that AWS attaches to a user whose key it finds in public; there are several versions:
/// <https://docs.aws.amazon.com/aws-managed-policy/latest/reference/AWSCompromisedKeyQuarantineV3.html>
const QUARANTINE: &str = "AWSCompromisedKeyQuarantine";

/// Builds the record.
pub(crate) fn build(snapshot: &Snapshot, access: AccountAccess) -> IamAccount {
    let aws = |name: &str| format!("arn:{}:iam::aws:policy/{name}", snapshot.partition);
    let source = Source::<iam::ListAccountAliases>::global(snapshot);
    let (users, groups, roles) =
        (authorization::users(snapshot), authorization::groups(snapshot), authorization::roles(snapshot));
    let users_with = |wanted: &dyn Fn(&str) -> bool| {
        holders(&users, wanted, |user| (user.user_name.as_ref(), user.attached_managed_policies.as_ref()))
    };
    let groups_with = |wanted: &dyn Fn(&str) -> bool| {
        holders(&groups, wanted, |group| (group.group_name.as_ref(), group.attached_managed_policies.as_ref()))
    };
    let roles_with = |wanted: &dyn Fn(&str) -> bool| {
        holders(&roles, wanted, |role| (role.role_name.as_ref(), role.attached_managed_policies.as_ref()))
    };
    let (cloudshell, support) = (aws("AWSCloudShellFullAccess"), aws("AWSSupportAccess"));
    let is_cloudshell = |arn: &str| arn == cloudshell;
    let quarantine = aws(QUARANTINE);
    let everybody = [
        prefixed("group", groups_with(&is_cloudshell)),
        prefixed("role", roles_with(&is_cloudshell)),
        prefixed("user", users_with(&is_cloudshell)),
    ];
    IamAccount {
        aliases: source.required("/AccountAliases", |answer| {
            let items = answer.account_aliases.clone()?;
            let gaps = source.cut_off(answer.is_truncated, answer.marker.as_ref()).into_iter().collect();
            Some(List { items, gaps })
        }),
        support_roles: at_first(&roles, "/RoleDetailList", roles_with(&|arn| arn == support)),
        cloudshell_full_access: at_first(&roles, "/RoleDetailList", joined(everybody)),
        quarantined_users: at_first(&users, "/UserDetailList", users_with(&|arn| arn.starts_with(&quarantine))),
        access: Fact::derived(Observed::Present(access)),
    }
}

/// Names of the entities that a wanted managed policy is attached to.
fn holders<'a, T>(
    entities: &Entities<'a, T>,
    is_wanted: &dyn Fn(&str) -> bool,
    read: impl Fn(&'a T) -> (Option<&'a String>, Option<&'a Vec<iam::AttachedPolicy>>),
) -> List<String> {
    let mut list = List { items: Vec::new(), gaps: entities.gaps.clone() };
    for entity in &entities.items {
        match read(entity.detail) {
            (Some(name), Some(attached)) => {
                if attached.iter().any(|other| other.policy_arn.as_deref().is_some_and(is_wanted)) {
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

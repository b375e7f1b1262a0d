//! Authorization details: one answer, or several filtered ones, joined into lists of users, groups, roles and policies.

use serde_json::Value;

use super::{Fact, Gap, INCOMPLETE, MEMBER_MISSING, Observed, Origin, Source};
use crate::snapshot::{Answer, Observation, Said, Snapshot, shapes::iam};

/// The entities of one kind, with the reasons why there may be more.
#[derive(Debug)]
pub struct Entities<'a, T> {
    /// Each entity with its observation and its position there.
    pub items: Vec<Entity<'a, T>>,
    /// Why there may be more; empty when the list is whole.
    pub gaps: Vec<Gap>,
}

/// One entity and where it stands.
#[derive(Debug)]
pub struct Entity<'a, T> {
    /// What AWS says of it.
    pub detail: &'a T,
    /// Position of the observation in the snapshot.
    pub observation: usize,
    /// Position in the answer's list.
    pub index: usize,
}

impl<T> Clone for Entity<'_, T> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<T> Copy for Entity<'_, T> {}

/// The values of the request member `Filter` under which AWS returns users, groups, roles and policies:
/// <https://docs.aws.amazon.com/IAM/latest/APIReference/API_GetAccountAuthorizationDetails.html>.
const USER: &str = "User";
const GROUP: &str = "Group";
const ROLE: &str = "Role";
const LOCAL_POLICY: &str = "LocalManagedPolicy";
const AWS_POLICY: &str = "AWSManagedPolicy";

/// Users with their inline policies, groups and boundaries.
pub fn users(snapshot: &Snapshot) -> Entities<'_, iam::UserDetail> {
    collect(snapshot, &[USER], "UserDetailList", |details| details.user_detail_list.as_ref(), lacking_of_user)
}

/// Groups with their inline policies.
pub fn groups(snapshot: &Snapshot) -> Entities<'_, iam::GroupDetail> {
    collect(snapshot, &[GROUP], "GroupDetailList", |details| details.group_detail_list.as_ref(), lacking_of_group)
}

/// Roles with their trust policies, inline policies and instance profiles.
pub fn roles(snapshot: &Snapshot) -> Entities<'_, iam::RoleDetail> {
    collect(snapshot, &[ROLE], "RoleDetailList", |details| details.role_detail_list.as_ref(), lacking_of_role)
}

/// Managed policies: the customer's, and those of AWS that are attached to something.
pub fn policies(snapshot: &Snapshot) -> Entities<'_, iam::ManagedPolicyDetail> {
    collect(
        snapshot,
        &[LOCAL_POLICY, AWS_POLICY],
        "Policies",
        |details| details.policies.as_ref(),
        |policy| policy.arn.is_none().then_some("Arn"),
    )
}

/// The first member that is not there, of those that AWS always sends and without which an entity, or what it may do,
/// is not known. Lists of inline policies are not among them: AWS leaves empty ones out.
fn lacking(members: &[(&'static str, bool)]) -> Option<&'static str> {
    members.iter().find(|(_, is_there)| !is_there).map(|(name, _)| *name)
}

fn lacking_of_user(user: &iam::UserDetail) -> Option<&'static str> {
    lacking(&[
        ("Arn", user.arn.is_some()),
        ("UserName", user.user_name.is_some()),
        ("GroupList", user.group_list.is_some()),
        ("AttachedManagedPolicies", are_attached(user.attached_managed_policies.as_deref())),
        ("UserPolicyList", are_inline(user.user_policy_list.as_deref())),
    ])
}

fn lacking_of_group(group: &iam::GroupDetail) -> Option<&'static str> {
    lacking(&[
        ("Arn", group.arn.is_some()),
        ("GroupName", group.group_name.is_some()),
        ("AttachedManagedPolicies", are_attached(group.attached_managed_policies.as_deref())),
        ("GroupPolicyList", are_inline(group.group_policy_list.as_deref())),
    ])
}

fn lacking_of_role(role: &iam::RoleDetail) -> Option<&'static str> {
    lacking(&[
        ("Arn", role.arn.is_some()),
        ("RoleName", role.role_name.is_some()),
        ("AssumeRolePolicyDocument", role.assume_role_policy_document.is_some()),
        ("AttachedManagedPolicies", are_attached(role.attached_managed_policies.as_deref())),
        ("RolePolicyList", are_inline(role.role_policy_list.as_deref())),
    ])
}

/// Whether attached policies are listed, each by its ARN.
fn are_attached(list: Option<&[iam::AttachedPolicy]>) -> bool {
    list.is_some_and(|all| all.iter().all(|policy| policy.policy_arn.is_some()))
}

/// Whether inline policies, where there are some, have their names and documents.
fn are_inline(list: Option<&[iam::PolicyDetail]>) -> bool {
    list.into_iter().flatten().all(|policy| policy.policy_name.is_some() && policy.policy_document.is_some())
}

fn collect<'a, T>(
    snapshot: &'a Snapshot,
    filters: &[&str],
    member: &str,
    list: impl Fn(&'a iam::GetAccountAuthorizationDetails) -> Option<&'a Vec<T>>,
    lacking: impl Fn(&T) -> Option<&'static str>,
) -> Entities<'a, T> {
    let mut entities = Entities { items: Vec::new(), gaps: Vec::new() };
    for filter in filters {
        let answers: Vec<Answer<'a, iam::GetAccountAuthorizationDetails>> =
            snapshot.answers().filter(|answer: &Answer<'a, _>| covers(answer.observation, filter)).collect();
        let mut covered = false;
        let mut failures = Vec::new();
        for answer in answers {
            let source = Source::from_answer(answer);
            match answer.said {
                Said::Present(details) => {
                    covered = true;
                    entities.gaps.extend(source.cut_off(details.is_truncated, details.marker.as_ref()));
                    match list(details) {
                        Some(items) => {
                            let untold = items.iter().filter_map(&lacking).map(|name| {
                                source.gap(
                                    MEMBER_MISSING,
                                    &format!("an entry of `{member}` lacks `{name}` or a part of it"),
                                )
                            });
                            entities.gaps.extend(untold);
                            entities.extend(answer.index, items);
                        }
                        None => {
                            entities.gaps.push(source.gap(MEMBER_MISSING, &format!("the answer has no `{member}`")));
                        }
                    }
                }
                Said::Absent => failures.push(source.gap(INCOMPLETE, "the answer says that there are none")),
                Said::Failed(_) => failures.extend(source.state.gap().cloned()),
            }
        }
        if !covered && failures.is_empty() {
            let missing = Source::<iam::GetAccountAuthorizationDetails>::missing(
                super::leader_region(&snapshot.partition),
                [("Filter".to_owned(), Value::from(vec![(*filter).to_owned()]))].into(),
            );
            failures.extend(missing.state.gap().cloned());
        }
        if !covered {
            entities.gaps.extend(failures);
        }
    }
    entities.gaps.sort();
    entities.gaps.dedup();
    entities
}

impl<'a, T> Entities<'a, T> {
    fn extend(&mut self, observation: usize, items: &'a [T]) {
        // One answer may serve two filters, as an unfiltered one does; it is taken once.
        if !self.items.iter().any(|entity| entity.observation == observation) {
            self.items.extend(items.iter().enumerate().map(|(index, detail)| Entity { detail, observation, index }));
        }
    }
}

/// The values of the request member `Filter`; empty for an unfiltered answer.
pub(crate) fn filters(observation: &Observation) -> Vec<String> {
    match observation.request.get("Filter") {
        None => Vec::new(),
        Some(Value::Array(filters)) => filters.iter().filter_map(|value| Some(value.as_str()?.to_owned())).collect(),
        Some(value) => value.as_str().map(str::to_owned).into_iter().collect(),
    }
}

/// A member that AWS always sends for an entity.
pub(crate) fn member<T, U>(entity: Entity<'_, T>, pointer: &'static str, get: impl FnOnce(&T) -> Option<U>) -> Fact<U> {
    let origin = Origin::at(entity.observation, pointer).element(entity.index);
    match get(entity.detail) {
        Some(value) => Fact::present(value, origin),
        None => {
            let gap = Gap::of_reason(MEMBER_MISSING, format!("the answer has no `{pointer}`"));
            Fact::new(Observed::Unknown(gap), origin)
        }
    }
}

fn covers(observation: &Observation, filter: &str) -> bool {
    match observation.request.get("Filter") {
        None => true,
        Some(Value::Array(filters)) => filters.is_empty() || filters.iter().any(|value| value == filter),
        Some(value) => value == filter,
    }
}

//! The control policies of an organization, as the snapshot of an account holds them that is told of them.
//!
//! AWS tells them to the management account and to members that something is delegated to. What such an account was told
//! binds every member. Which organizational unit an account lies in no snapshot says: a policy of a unit binds an account
//! perhaps, and says so in every answer that hangs on it. What was not read is never taken for "there is none".

use std::collections::BTreeSet;
use std::sync::Arc;

use serde_json::Value;

use super::Account;
use super::guardrails::{Level, Named};
use crate::iam::policy::{ActionBlock, ActionPattern, Effect, Policy, ResourceBlock};
use crate::iam::template::Template;
use crate::snapshot::shapes::organizations::{
    DescribeOrganization, DescribePolicy, ListPolicies, ListRoots, ListTargetsForPolicy, PolicySummary,
};
use crate::snapshot::{Said, Snapshot};

/// The control policies of an organization.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Organization {
    /// The account that manages it.
    manager: String,
    /// Service control policies; `None` when the list is not known to be whole.
    scps: Option<Vec<Control>>,
    /// Resource control policies; `None` when the list is not known to be whole.
    rcps: Option<Vec<Control>>,
}

/// One control policy.
#[derive(Debug, PartialEq, Eq)]
struct Control {
    id: String,
    name: String,
    /// What it says; `None` when it could not be read.
    policy: Option<Policy>,
    /// The ids of roots, units and accounts that it is attached to; `None` when they are not all known.
    targets: Option<BTreeSet<String>>,
    is_root_level: bool,
}

/// The two types of control policies.
#[derive(Debug, Clone, Copy)]
enum Kind {
    Service,
    Resource,
}

impl Kind {
    /// The type's name in AWS's answers.
    fn name(self) -> &'static str {
        match self {
            Self::Service => "SERVICE_CONTROL_POLICY",
            Self::Resource => "RESOURCE_CONTROL_POLICY",
        }
    }

    /// The id of the policy that AWS attaches everywhere, which allows everything.
    fn full_access(self) -> &'static str {
        match self {
            Self::Service => "p-FullAWSAccess",
            Self::Resource => "p-RCPFullAWSAccess",
        }
    }

    /// The type as people call it.
    fn words(self) -> &'static str {
        match self {
            Self::Service => "service control policy",
            Self::Resource => "resource control policy",
        }
    }
}

/// Puts accounts under the control policies that one of them was told of, where it belongs to the same organization.
pub fn govern(accounts: &mut [Account]) {
    let told: Vec<Arc<Organization>> = accounts.iter().filter_map(|account| account.organization.clone()).collect();
    for account in accounts.iter_mut().filter(|account| account.membership.is_bound()) {
        let own = account.organization.clone();
        let same = |organization: &&Arc<Organization>| account.manager.as_ref() == Some(&organization.manager);
        if let Some(organization) = own.or_else(|| told.iter().find(same).cloned()) {
            if let Some(levels) = organization.scps.as_ref().map(|all| levels(all, &account.id, Kind::Service)) {
                account.scps_told = true;
                account.bind(levels);
            }
            if let Some(levels) = organization.rcps.as_ref().map(|all| levels(all, &account.id, Kind::Resource)) {
                account.guard_resources(levels);
            }
        }
    }
}

impl Organization {
    /// What a snapshot tells; `None` when it holds no list of policies.
    pub(super) fn read(snapshot: &Snapshot) -> Option<Self> {
        let mut answers = snapshot.answers::<DescribeOrganization>();
        let organization = answers.find_map(|answer| match answer.said {
            Said::Present(answer) => answer.organization.as_ref(),
            Said::Absent | Said::Failed(_) => None,
        })?;
        let manager = organization.master_account_id.clone()?;
        // Without all features there are no control policies.
        if organization.feature_set.as_deref() == Some("CONSOLIDATED_BILLING") {
            return Some(Self { manager, scps: Some(Vec::new()), rcps: Some(Vec::new()) });
        }
        let (scps, rcps) = (controls(snapshot, Kind::Service), controls(snapshot, Kind::Resource));
        (scps.is_some() || rcps.is_some()).then_some(Self { manager, scps, rcps })
    }
}

/// The policies of one type, if the list of them is whole.
fn controls(snapshot: &Snapshot, kind: Kind) -> Option<Vec<Control>> {
    if is_turned_off(snapshot, kind) {
        return Some(Vec::new());
    }
    let mut answers = snapshot.answers::<ListPolicies>();
    let listed = answers.find(|answer| answer.observation.request.get("Filter") == Some(&Value::from(kind.name())))?;
    let Said::Present(listed) = listed.said else { return None };
    let whole = listed.next_token.as_deref().is_none_or(str::is_empty);
    let listed = listed.policies.as_ref().filter(|_| whole)?;
    listed.iter().filter(|policy| !is_gone(snapshot, policy)).map(|policy| control(snapshot, kind, policy)).collect()
}

/// Whether a policy was deleted since it was listed.
fn is_gone(snapshot: &Snapshot, policy: &PolicySummary) -> bool {
    let Some(id) = policy.id.as_deref() else { return false };
    snapshot
        .answers::<DescribePolicy>()
        .any(|a| a.observation.request.get("PolicyId") == Some(&Value::from(id)) && matches!(a.said, Said::Absent))
}

/// Whether the organization's root says that the type is not in use.
fn is_turned_off(snapshot: &Snapshot, kind: Kind) -> bool {
    let roots = snapshot.answers::<ListRoots>().find_map(|answer| match answer.said {
        Said::Present(answer) => answer.roots.as_deref(),
        Said::Absent | Said::Failed(_) => None,
    });
    let types =
        |root: &crate::snapshot::shapes::organizations::Root| {
            let types = root.policy_types.as_ref()?;
            Some(types.iter().any(|one| {
                one.kind.as_deref() == Some(kind.name()) && one.status.as_deref() != Some("PENDING_DISABLE")
            }))
        };
    roots.is_some_and(|roots| !roots.is_empty() && roots.iter().all(|root| types(root) == Some(false)))
}

fn control(snapshot: &Snapshot, kind: Kind, policy: &PolicySummary) -> Option<Control> {
    let id = policy.id.as_deref()?;
    let asked = |member: Option<&Value>| member == Some(&Value::from(id));
    let described = snapshot.answers::<DescribePolicy>().find(|a| asked(a.observation.request.get("PolicyId")));
    let content = described.and_then(|answer| match answer.said {
        Said::Present(answer) => answer.policy.as_ref()?.content.as_deref()?.parse().ok(),
        Said::Absent | Said::Failed(_) => None,
    });
    let targets = snapshot.answers::<ListTargetsForPolicy>().find(|a| asked(a.observation.request.get("PolicyId")));
    let targets = targets.and_then(|answer| match answer.said {
        Said::Present(answer) if answer.next_token.as_deref().is_none_or(str::is_empty) => answer.targets.as_deref(),
        Said::Present(_) | Said::Absent | Said::Failed(_) => None,
    });
    let is_root = |kind: Option<&str>| kind == Some("ROOT");
    Some(Control {
        id: id.to_owned(),
        name: policy.name.clone().unwrap_or_else(|| id.to_owned()),
        policy: content.or_else(|| (id == kind.full_access()).then(full_access)),
        is_root_level: targets.into_iter().flatten().any(|target| is_root(target.kind.as_deref())),
        targets: targets.and_then(|all| all.iter().map(|target| target.target_id.clone()).collect()),
    })
}

fn full_access() -> Policy {
    // INVARIANT: the text is a policy.
    let text = r#"{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"*","Resource":"*"}}"#;
    text.parse().unwrap_or(Policy { version: crate::iam::Version::V2012, id: None, statements: Vec::new() })
}

/// The levels above an account, and what binds it perhaps.
fn levels(controls: &[Control], account: &str, kind: Kind) -> Vec<Level> {
    let named = |control: &Control| Named { name: control.name.clone(), policy: control.policy.clone() };
    let mut root = Level::default();
    let mut own = Level::default();
    let mut units: BTreeSet<&str> = BTreeSet::new();
    let mut perhaps = Vec::new();
    for control in controls {
        match &control.targets {
            None if control.policy.as_ref().is_none_or(restricts) => {
                let doubt = format!("whether the {} `{}` binds the account", kind.words(), control.name);
                perhaps.push(Level { policies: vec![named(control)], doubt: Some(doubt), open: None });
            }
            None => {}
            Some(targets) => {
                if control.is_root_level {
                    root.policies.push(named(control));
                }
                if targets.contains(account) {
                    own.policies.push(named(control));
                }
                units.extend(targets.iter().map(String::as_str).filter(|target| target.starts_with("ou-")));
            }
        }
    }
    let units = units.into_iter().map(|unit| Level {
        policies: controls.iter().filter(|c| c.targets.iter().flatten().any(|t| t == unit)).map(named).collect(),
        doubt: Some(format!("whether the account lies in `{unit}`")),
        open: None,
    });
    // Where AWS's own policy stands beside a level's others, nobody told.
    let full_access = controls.iter().find(|control| control.id == kind.full_access());
    let open = full_access.is_none_or(|control| control.targets.is_none());
    let open = open.then(|| format!("whether `{}` is attached too", kind.full_access().trim_start_matches("p-")));
    let levels = [root, own].into_iter().chain(units).chain(perhaps).filter(matters);
    levels.map(|level| Level { open: open.clone(), ..level }).collect()
}

/// Whether a policy forbids something, or does not allow everything.
fn restricts(policy: &Policy) -> bool {
    denies(policy) || !allows_everything(policy)
}

fn denies(policy: &Policy) -> bool {
    policy.statements.iter().any(|statement| statement.effect == Effect::Deny)
}

fn allows_everything(policy: &Policy) -> bool {
    policy.statements.iter().any(|statement| {
        let every_action =
            matches!(&statement.action, ActionBlock::Action(list) if list.iter().any(ActionPattern::is_star));
        let everything =
            matches!(&statement.resource, ResourceBlock::Resource(list) if list.iter().any(Template::is_star));
        statement.effect == Effect::Allow && statement.conditions.is_empty() && every_action && everything
    })
}

/// Whether a level leaves anything out.
fn matters(level: &Level) -> bool {
    let read = || level.policies.iter().filter_map(|named| named.policy.as_ref());
    let all_read = level.policies.iter().all(|named| named.policy.is_some());
    !level.policies.is_empty() && (!all_read || read().any(denies) || !read().any(allows_everything))
}

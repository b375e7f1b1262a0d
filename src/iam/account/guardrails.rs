//! What an organization lays over an account: service control policies and resource control policies.
//!
//! Few accounts may read them, so that a snapshot seldom tells. What is handed in or read takes part in every answer;
//! what is not known is said with the answer, and never taken for "there is none".

use std::sync::Arc;

use super::organization::Organization;
use super::{Account, Attached, DocumentId, PolicyName, Principal};
use crate::iam::document::{Interner, Patterns, Rule, everything};
use crate::iam::operator::{Comparison, Operator};
use crate::iam::pattern::Pattern;
use crate::iam::policy::{Condition, Effect, Policy};
use crate::iam::rcp;
use crate::iam::template::Template;
use crate::snapshot::shapes::organizations::DescribeOrganization;
use crate::snapshot::{Said, Snapshot};

/// How an account stands to an organization.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Membership {
    /// Nobody told.
    #[default]
    Untold,
    /// It is in none.
    Alone,
    /// It manages one: neither SCPs nor RCPs bind it
    /// (<https://docs.aws.amazon.com/organizations/latest/userguide/orgs_manage_policies_scps.html>).
    Management,
    /// It is a member of one.
    Member,
}

/// The kinds of bounds besides identity policies.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum BoundKind {
    /// The principal's permissions boundary.
    Boundary,
    /// The service control policies of one level.
    Scp,
}

/// Policies of which at least one has to allow, besides the identity policies.
#[derive(Debug, Clone)]
pub(crate) struct Bound<'a> {
    /// What kind it is.
    pub(crate) kind: BoundKind,
    /// The policies.
    pub(crate) policies: Vec<&'a Attached>,
}

impl Bound<'_> {
    /// Why an answer has to stay open.
    pub(crate) fn unknown(&self) -> Vec<String> {
        let kind = match self.kind {
            BoundKind::Boundary => "permissions boundary",
            BoundKind::Scp => "service control policy",
        };
        let unread = self.policies.iter().filter(|attached| attached.document.is_none());
        unread.map(|attached| format!("{kind} `{}` is not known", attached.policy)).collect()
    }
}

impl Membership {
    /// What a snapshot tells, with the account that manages the organization and the organization's id.
    fn read(snapshot: &Snapshot) -> (Self, Option<String>, Option<String>) {
        let told = snapshot.answers::<DescribeOrganization>().find_map(|answer| match answer.said {
            Said::Present(answer) => {
                let organization = answer.organization.as_ref()?;
                let manager = organization.master_account_id.as_deref()?;
                let membership = if manager == snapshot.account { Self::Management } else { Self::Member };
                Some((membership, Some(manager.to_owned()), organization.id.clone()))
            }
            Said::Absent => Some((Self::Alone, None, None)),
            Said::Failed(_) => None,
        });
        told.unwrap_or_default()
    }

    /// Whether control policies can bind the account.
    pub fn is_bound(self) -> bool {
        matches!(self, Self::Untold | Self::Member)
    }
}

/// A control policy by its name; the document is `None` when nobody could read it.
#[derive(Debug)]
pub(super) struct Named {
    pub(super) name: String,
    pub(super) policy: Option<Policy>,
}

/// The control policies of a root, a unit or an account.
#[derive(Debug, Default)]
pub(super) struct Level {
    pub(super) policies: Vec<Named>,
    /// What has to be known to say whether the level binds the account at all.
    pub(super) doubt: Option<String>,
    /// What has to be known to say whether the level allows everything besides.
    pub(super) open: Option<String>,
}

impl Account {
    /// Notes how the account stands to an organization, and the control policies that its snapshot holds.
    pub(crate) fn read_organization(&mut self, snapshot: &Snapshot) {
        (self.membership, self.manager, self.organization_id) = Membership::read(snapshot);
        self.organization = Organization::read(snapshot).map(Arc::new);
    }

    /// How the account stands to an organization.
    pub fn membership(&self) -> Membership {
        self.membership
    }

    /// The id of the account's organization, where the snapshot tells.
    pub fn organization_id(&self) -> Option<&str> {
        self.organization_id.as_deref()
    }

    /// Puts the account under service control policies, level by level, and under resource control policies, unless the
    /// account is known not to be bound by any. Names are what answers call the policies.
    ///
    /// A level that only denies is taken to hold `FullAWSAccess` besides, which AWS attaches to every level: without it
    /// nothing at all would be allowed.
    pub fn guard(&mut self, scps: &[Vec<(String, Policy)>], rcps: &[(String, Policy)]) {
        if !self.membership.is_bound() {
            return;
        }
        let level = |policies: &[(String, Policy)]| {
            let named = |(name, policy): &(String, Policy)| Named { name: name.clone(), policy: Some(policy.clone()) };
            Level { policies: policies.iter().map(named).collect(), ..Level::default() }
        };
        if !scps.is_empty() {
            self.bind(scps.iter().map(|policies| level(policies)).collect());
        }
        if !rcps.is_empty() {
            self.guard_resources(vec![level(rcps)]);
        }
    }

    /// Puts the account under the service control policies of some levels, and no others.
    pub(super) fn bind(&mut self, levels: Vec<Level>) {
        self.scps_told = true;
        self.scps = levels.into_iter().map(|level| self.level(level)).collect();
    }

    fn level(&mut self, level: Level) -> Vec<Attached> {
        let interner = Interner::default();
        let all_read = level.policies.iter().all(|named| named.policy.is_some());
        let mut statements =
            level.policies.iter().filter_map(|named| named.policy.as_ref()).flat_map(|p| &p.statements);
        let only_denies = all_read && statements.all(|statement| statement.effect == Effect::Deny);
        let besides = level.doubt.as_deref().or(level.open.as_deref()).filter(|_| !only_denies);
        let mut attached: Vec<Attached> = Vec::new();
        for Named { name, policy } in level.policies {
            let rules = policy.map(|policy| interner.compile(policy));
            let rules = rules.map(|rules| rules.into_iter().map(|rule| denying_perhaps(rule, level.doubt.as_deref())));
            attached.push(self.attach(&name, rules.map(Iterator::collect)));
        }
        if only_denies || besides.is_some() {
            let rule = besides.map_or_else(|| everything().clone(), |doubt| perhaps(everything().clone(), doubt));
            attached.push(self.attach("FullAWSAccess", Some(vec![rule])));
        }
        attached
    }

    /// Puts the account's resources under the resource control policies of some levels, and no others.
    pub(super) fn guard_resources(&mut self, levels: Vec<Level>) {
        let interner = Interner::default();
        let mut attached = Vec::new();
        for level in levels {
            for Named { name, policy } in level.policies {
                let denies = |rule: &Rule| rule.effect == Effect::Deny;
                let rules = policy.map(|policy| interner.compile(policy).into_iter().filter(denies));
                let doubt = level.doubt.as_deref();
                let rules = rules.map(|rules| rules.map(|rule| of_guarded_services(denying_perhaps(rule, doubt))));
                attached.push(self.attach(&name, rules.map(Iterator::collect)));
            }
        }
        self.rcps = attached;
    }

    fn attach(&mut self, name: &str, rules: Option<Vec<Rule>>) -> Attached {
        let document = rules.map(|rules| {
            self.documents.push(rules.into());
            DocumentId::at(self.documents.len() - 1)
        });
        Attached { policy: Arc::new(PolicyName::Managed(name.into())), document }
    }

    /// Whether service control policies that nobody told may deny what answers allow.
    pub fn may_have_more_scps(&self) -> bool {
        self.membership.is_bound() && !self.scps_told
    }

    /// Resource control policies: their denies, for the services that they bind.
    pub fn rcps(&self) -> &[Attached] {
        &self.rcps
    }

    /// Resource control policies of which nobody could read what they deny.
    pub(crate) fn unread_rcps(&self) -> Vec<String> {
        let unread = self.rcps.iter().filter(|attached| attached.document.is_none());
        unread.map(|attached| format!("resource control policy `{}` is not known", attached.policy)).collect()
    }

    /// The bounds of a principal: its permissions boundary, and each level of service control policies.
    pub(crate) fn bounds<'a>(&'a self, principal: &'a Principal) -> Vec<Bound<'a>> {
        let boundary = match &principal.boundary {
            super::Boundary::None => None,
            super::Boundary::Policy(attached) => Some(Bound { kind: BoundKind::Boundary, policies: vec![attached] }),
        };
        boundary.into_iter().chain(self.levels().filter(|_| !principal.is_service_linked())).collect()
    }

    /// Each level of service control policies.
    pub(crate) fn levels(&self) -> impl Iterator<Item = Bound<'_>> {
        self.scps.iter().map(|level| Bound { kind: BoundKind::Scp, policies: level.iter().collect() })
    }
}

/// The statement with one more condition, of which nobody knows whether it holds.
fn perhaps(rule: Rule, doubt: &str) -> Rule {
    let operator = Operator { qualifier: None, comparison: Comparison::StringEquals, if_exists: false };
    let more = Condition { operator, key: doubt.to_owned(), values: vec![Template::literal("true")] };
    Rule { conditions: rule.conditions.iter().cloned().chain([more]).collect(), ..rule }
}

/// A deny of which it is in doubt whether it binds. An allow counts for sure: where its level does not bind, everything is
/// allowed, what the statement speaks of too.
fn denying_perhaps(rule: Rule, doubt: Option<&str>) -> Rule {
    match doubt.filter(|_| rule.effect == Effect::Deny) {
        Some(doubt) => perhaps(rule, doubt),
        None => rule,
    }
}

/// The statement for those services alone that resource control policies bind. `NotAction` is not for them
/// (<https://docs.aws.amazon.com/organizations/latest/userguide/orgs_manage_policies_rcps_syntax.html>).
fn of_guarded_services(rule: Rule) -> Rule {
    if rule.actions.excluded {
        return rule;
    }
    let of_service = |pattern: &Pattern, service: &str| {
        let text = pattern.to_string();
        let (prefix, name) = text.split_once(':').unwrap_or((text.as_str(), "*"));
        Pattern::glob(prefix).matches(service).then(|| Pattern::action(&format!("{service}:{name}")))
    };
    let all = rule.actions.list.iter();
    let list =
        all.flat_map(|pattern| rcp::services().filter_map(move |service| of_service(pattern, service))).collect();
    Rule { actions: Patterns { excluded: false, list }, ..rule }
}

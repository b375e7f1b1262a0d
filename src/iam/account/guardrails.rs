//! What an organization lays over an account: service control policies and resource control policies.
//!
//! Nobody in a member account may read them, so that a snapshot seldom tells. What is handed in takes part in every
//! answer; what is not known is said with the answer, and never taken for "there is none".

use super::{Account, Attached, DocumentId, PolicyName, Principal};
use crate::iam::document::{Interner, Rule, everything};
use crate::iam::policy::{Effect, Policy};
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
        self.policies.iter().filter_map(|attached| attached.unread_boundary()).collect()
    }
}

impl Membership {
    /// What a snapshot tells.
    pub(super) fn read(snapshot: &Snapshot) -> Self {
        let told = snapshot.answers::<DescribeOrganization>().find_map(|answer| match answer.said {
            Said::Present(answer) => {
                let manager = answer.organization.as_ref()?.master_account_id.as_deref()?;
                Some(if manager == snapshot.account { Self::Management } else { Self::Member })
            }
            Said::Absent => Some(Self::Alone),
            Said::Failed(_) => None,
        });
        told.unwrap_or_default()
    }

    /// Whether control policies can bind the account.
    pub fn is_bound(self) -> bool {
        matches!(self, Self::Untold | Self::Member)
    }
}

impl Account {
    /// How the account stands to an organization.
    pub fn membership(&self) -> Membership {
        self.membership
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
        let mut interner = Interner::default();
        let mut levels = Vec::new();
        for level in scps {
            let mut attached: Vec<Attached> =
                level.iter().map(|(name, policy)| self.attach(name, interner.compile(policy.clone()))).collect();
            let mut statements = level.iter().flat_map(|(_, policy)| &policy.statements);
            if statements.all(|statement| statement.effect == Effect::Deny) {
                attached.push(self.attach("FullAWSAccess", vec![everything().clone()]));
            }
            levels.push(attached);
        }
        self.scps = levels;
        self.rcps = rcps.iter().map(|(name, policy)| self.attach(name, interner.compile(policy.clone()))).collect();
    }

    fn attach(&mut self, name: &str, rules: Vec<Rule>) -> Attached {
        let document = DocumentId(self.documents.len());
        self.documents.push(rules);
        Attached { policy: PolicyName::Managed(name.to_owned()), document: Some(document) }
    }

    /// Whether service control policies that nobody told may deny what answers allow.
    pub fn may_have_more_scps(&self) -> bool {
        self.membership.is_bound() && self.scps.is_empty()
    }

    /// Resource control policies, of which no statement may deny.
    pub fn rcps(&self) -> &[Attached] {
        &self.rcps
    }

    /// The bounds of a principal: its permissions boundary, and each level of service control policies.
    pub(crate) fn bounds<'a>(&'a self, principal: &'a Principal) -> Vec<Bound<'a>> {
        let boundary = match &principal.boundary {
            super::Boundary::None => None,
            super::Boundary::Policy(attached) => Some(Bound { kind: BoundKind::Boundary, policies: vec![attached] }),
        };
        let levels = self.scps.iter().filter(|_| !principal.is_service_linked());
        let levels = levels.map(|level| Bound { kind: BoundKind::Scp, policies: level.iter().collect() });
        boundary.into_iter().chain(levels).collect()
    }
}

//! Questions about what policies allow, as rules ask them with `can` and `whoCan`.
//!
//! Unlike the facts, which judge what an account grants by itself, answers heed the control policies of the organization as
//! far as the snapshot holds them: the question is what somebody can do, not what was granted.

use super::iam_engine::Engine;
use super::{Facts, Gap, List, Observed, Origin, UNDECIDED};
use crate::iam::access::{Access, Layer, grants, without_mfa};
use crate::iam::account::{Account, Principal, PrincipalKind};
use crate::iam::pattern::Pattern;
use crate::iam::region::Block;
use crate::iam::{Keys, Truth};

/// What is asked.
#[derive(Debug, Clone, Copy)]
pub struct Question<'q> {
    /// The ARN of a user, group or role; nobody in particular when everybody is asked about.
    pub who: Option<&'q str>,
    /// The action; with wildcards, some action that matches.
    pub action: &'q str,
    /// The resource; left out, some resource.
    pub resource: Option<&'q str>,
    /// True when only requests without MFA count.
    pub without_mfa: bool,
}

/// Somebody who knows what policies allow.
pub trait Oracle: Sync {
    /// Whether the one who is asked about may do it; absent when the account has no such principal.
    fn can(&self, question: &Question<'_>) -> Observed<bool>;

    /// The users and roles that may do it.
    fn who_can(&self, question: &Question<'_>) -> List<String>;

    /// Where the policies stand in the snapshot.
    fn origin(&self) -> Origin;
}

impl Oracle for Facts {
    fn can(&self, question: &Question<'_>) -> Observed<bool> {
        let who = question.who.unwrap_or_default();
        let groups = self.engine.group_members();
        let principal = self.engine.account.principal(who).or_else(|| groups.iter().find(|group| *group.arn == *who));
        match (principal, self.engine.gaps.first()) {
            (Some(principal), _) => self.engine.observed(self.engine.ask(principal, question)),
            (None, Some(gap)) => Observed::Unknown(gap.clone()),
            (None, None) => Observed::Absent,
        }
    }

    fn who_can(&self, question: &Question<'_>) -> List<String> {
        let mut list = List { items: Vec::new(), gaps: self.engine.gaps.clone() };
        let mut open = Keys::default();
        for principal in self.engine.account.principals() {
            match self.engine.ask(principal, question) {
                Truth::True => list.items.push(principal.arn.to_string()),
                Truth::False => {}
                Truth::Unknown(keys) => open.add(&keys),
            }
        }
        if !open.is_empty() {
            let keys = open.iter().collect::<Vec<_>>().join(", ");
            let reason = format!("whether others can do `{}` depends on {keys}", question.action);
            list.gaps.push(Gap::of_reason(UNDECIDED, reason));
        }
        list
    }

    fn origin(&self) -> Origin {
        self.engine.origin
    }
}

impl Engine {
    fn ask(&self, principal: &Principal, question: &Question<'_>) -> Truth {
        let mut access = Access::new(&self.account, principal);
        if !(principal.kind == PrincipalKind::Role && principal.is_service_linked()) {
            for bound in self.guardrails.levels() {
                let policies = grants(&self.guardrails, bound.policies.iter().copied());
                access = access.under(Layer { grants: policies, unknown: bound.unknown() });
            }
        }
        let owner = question.resource.and_then(|arn| arn.split(':').nth(4)).filter(|owner| owner.len() == 12);
        if owner.is_none_or(|owner| owner == self.account.id) {
            access = access.to_resources_of(&self.guardrails);
        }
        let mut context = access.context().clone();
        if let Some(organization) = self.guardrails.organization_id() {
            context.set_value("aws:PrincipalOrgID", organization);
        }
        if let Some(owner) = owner {
            context.set_value("aws:ResourceAccount", owner);
        }
        let asked = Block::new(question.action, question.resource.map_or_else(Pattern::anything, Pattern::glob));
        if !question.without_mfa {
            return access.can_some(&asked, &context).truth;
        }
        Truth::any(without_mfa().iter().map(|facts| access.can_some(&asked, &context.clone().with(facts)).truth))
    }
}

/// An account that holds nothing but the control policies that bind the one of a snapshot.
pub(super) fn guardrails(snapshot: &crate::snapshot::Snapshot) -> Account {
    let mut account = Account::builder(&snapshot.account, &snapshot.partition, None).build();
    account.read_organization(snapshot);
    crate::iam::account::govern(std::slice::from_mut(&mut account));
    account
}

//! A look at policy documents that settles most questions on most principals, before the policy engine works them out.
//!
//! A glance never guesses: where it does not settle a question, the engine does.

use std::sync::LazyLock;

use crate::iam::Effect;
use crate::iam::access::{BILLING_ACTIONS, BUDGET_ACTIONS};
use crate::iam::document::Rule;
use crate::iam::pattern::Pattern;

/// What a look at policy documents tells, before any question is worked out: most principals of most accounts are settled
/// by it.
#[derive(Debug, Clone, Copy, Default)]
#[expect(clippy::struct_excessive_bools, reason = "each is an answer of its own")]
pub(super) struct Glance {
    /// An allow may speak of IAM.
    pub(super) iam: bool,
    /// An allow may speak of budgets.
    pub(super) budgets: bool,
    /// An allow may speak of bills or costs.
    pub(super) billing: bool,
    /// An allow without a condition surely gives something besides IAM and STS, where all is that sets up MFA.
    pub(super) beyond_mfa: bool,
    /// A statement denies.
    pub(super) denies: bool,
}

impl Glance {
    /// Looks at the statements of one document.
    pub(super) fn at(rules: &[Rule], look: &Look) -> Self {
        let mut glance = Self::default();
        for rule in rules {
            if rule.effect == Effect::Deny {
                glance.denies = true;
                continue;
            }
            let speaks = |of: &[Pattern]| {
                let apart = |own: &Pattern| of.iter().all(|action| own.starts_apart(action));
                rule.actions.excluded || !rule.actions.list.iter().all(apart)
            };
            glance.iam |= speaks(&look.iam);
            glance.budgets |= speaks(&look.budgets);
            glance.billing |= speaks(&look.billing);
            let beyond = |own: &Pattern| look.mfa.iter().all(|service| own.starts_apart(service));
            let resources = &rule.resources.fixed;
            glance.beyond_mfa |= rule.conditions.is_empty()
                && !rule.actions.excluded
                && rule.actions.list.iter().any(beyond)
                && resources.excluded == resources.list.is_empty();
        }
        glance
    }

    /// What two documents tell together.
    pub(super) fn and(self, other: Self) -> Self {
        Self {
            iam: self.iam || other.iam,
            budgets: self.budgets || other.budgets,
            billing: self.billing || other.billing,
            beyond_mfa: self.beyond_mfa || other.beyond_mfa,
            denies: self.denies || other.denies,
        }
    }
}

/// What a glance looks for.
pub(super) struct Look {
    iam: Vec<Pattern>,
    budgets: Vec<Pattern>,
    billing: Vec<Pattern>,
    mfa: Vec<Pattern>,
}

impl Look {
    /// Everything that is looked for.
    pub(super) fn everything() -> &'static Self {
        static LOOK: LazyLock<Look> = LazyLock::new(Look::new);
        &LOOK
    }

    fn new() -> Self {
        let patterns = |actions: &[&str]| actions.iter().map(|action| Pattern::action(action)).collect();
        Self {
            iam: patterns(&["iam:*"]),
            budgets: patterns(BUDGET_ACTIONS),
            billing: billing_actions().map(Pattern::action).collect(),
            mfa: patterns(&["iam:*", "sts:*"]),
        }
    }
}

/// Actions that show bills, costs or budgets.
pub(super) fn billing_actions() -> impl Iterator<Item = &'static str> {
    BILLING_ACTIONS.iter().copied().chain(["budgets:ViewBudget"])
}

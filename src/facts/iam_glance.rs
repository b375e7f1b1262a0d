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
    /// An allow speaks of an action that whoever controls all of IAM may do.
    pub(super) iam: bool,
    /// An allow may speak of budgets.
    pub(super) budgets: bool,
    /// An allow may speak of bills or costs.
    pub(super) billing: bool,
    /// An allow without a condition surely gives something besides IAM and STS, where all is that sets up MFA.
    pub(super) beyond_mfa: bool,
}

impl Glance {
    /// Looks at the statements of one document.
    pub(super) fn at(rules: &[Rule], look: &Look) -> Self {
        let mut glance = Self::default();
        for rule in rules {
            if rule.effect == Effect::Deny {
                continue;
            }
            let speaks = |of: &[Pattern]| {
                let apart = |own: &Pattern| of.iter().all(|action| own.starts_apart(action));
                rule.actions.excluded || !rule.actions.list.iter().all(apart)
            };
            glance.iam |= rule.actions.contains(&look.iam);
            glance.budgets |= speaks(&look.budgets);
            glance.billing |= speaks(&look.billing);
            glance.beyond_mfa |= beyond_mfa(rule, look).next().is_some();
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
        }
    }
}

/// What a statement surely gives besides IAM and STS.
fn beyond_mfa<'r>(rule: &'r Rule, look: &'r Look) -> impl Iterator<Item = &'r Pattern> {
    let resources = &rule.resources.fixed;
    let surely = rule.effect == Effect::Allow
        && rule.conditions.is_empty()
        && !rule.actions.excluded
        && resources.excluded == resources.list.is_empty();
    let beyond = |own: &&Pattern| look.mfa.iter().all(|service| own.starts_apart(service));
    rule.actions.list.iter().filter(move |_| surely).filter(beyond)
}

/// Whether the statements of identity policies surely give something besides IAM and STS that every bound allows on
/// everything and of which no deny speaks, whatever its conditions: it is allowed without MFA.
pub(super) fn surely_beyond_mfa(identity: &[&Rule], bounds: &[Vec<&Rule>], look: &Look) -> bool {
    let all = || identity.iter().chain(bounds.iter().flatten());
    let denies: Vec<&Rule> = all().filter(|rule| rule.effect == Effect::Deny).copied().collect();
    let speaks = |rule: &&Rule, action: &str| rule.actions.contains(action);
    let gives_all = |rule: &&Rule| rule.effect == Effect::Allow && rule.is_plain() && rule.resources.fixed.are_all();
    identity.iter().flat_map(|rule| beyond_mfa(rule, look)).any(|pattern| {
        let action = pattern.shortest();
        !denies.iter().any(|deny| speaks(deny, &action))
            && bounds.iter().all(|bound| bound.iter().any(|rule| gives_all(rule) && speaks(rule, &action)))
    })
}

/// What a glance looks for.
pub(super) struct Look {
    iam: String,
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
            iam: Pattern::action("iam:*").shortest().into_owned(),
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

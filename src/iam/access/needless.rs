//! Statements that add nothing: beside one that allows everything whatever the request, those that allow without a condition.
//!
//! Users who manage their own devices and keys have statements with `${aws:username}` that make each another one; where they
//! administer the account, answers about them are the same all the same.

use crate::iam::context::{Context, Fact};
use crate::iam::document::Rule;
use crate::iam::policy::Effect;

/// Takes out the statements of identity policies that add nothing: whether everything of some block is allowed, and what that
/// depends on, the others answer alike. `context` is what is known of the principal.
pub(crate) fn take_out_needless<'c, T>(
    statements: &mut Vec<T>,
    rule: impl Fn(&T) -> &Rule,
    context: impl Fn() -> &'c Context,
) {
    let allows_everything = |one: &T| {
        let rule = rule(one);
        rule.effect == Effect::Allow && rule.conditions.is_empty() && rule.is_about_everything()
    };
    let Some(whole) = statements.iter().position(allows_everything) else { return };
    // A variable that nobody knows is something to depend on.
    let is_open = |key: &str| matches!(context().get(key), Fact::Unknown | Fact::SomeValue);
    let matters = |one: &T| {
        let rule = rule(one);
        rule.effect == Effect::Deny || !rule.conditions.is_empty() || rule.resources.keys().any(is_open)
    };
    let mut place = 0..;
    statements.retain(|one| place.next() == Some(whole) || matters(one));
}

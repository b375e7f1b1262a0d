//! Statements that add nothing: beside one that allows everything whatever the request, those that allow without a condition.
//!
//! Users who manage their own devices and keys have statements with `${aws:username}` that make each another one; where they
//! administer the account, answers about them are the same all the same.

use super::holds;
use crate::iam::context::{Context, Fact};
use crate::iam::document::Rule;
use crate::iam::policy::Effect;
use crate::iam::truth::Truth;

/// Takes out the statements of identity policies that add nothing: whether everything of some block is allowed, and what that
/// depends on, the others answer alike. `context` is what is known of the principal.
pub(crate) fn take_out_needless<'c, T>(
    statements: &mut Vec<T>,
    rule: impl Fn(&T) -> &Rule,
    context: impl Fn() -> &'c Context,
) {
    let Some(whole) = statements.iter().position(|one| rule(one).allows_everything()) else { return };
    // A variable that nobody knows is something to depend on.
    let is_open = |key: &str| matches!(context().get(key), Fact::Unknown | Fact::SomeValue);
    let matters = |one: &T| {
        let rule = rule(one);
        rule.effect == Effect::Deny || !rule.conditions.is_empty() || rule.resources.keys().any(is_open)
    };
    let mut place = 0..;
    statements.retain(|one| place.next() == Some(whole) || matters(one));
}

/// An action that whoever administers IAM may do.
const ANY_OF_IAM: &str = "iam:";

/// As [`take_out_needless`], for the question whether all of IAM is allowed. Beside a statement that allows everything as long as some
/// condition holds, and where no statement is sure to allow all of IAM, what others are sure to allow adds nothing: whether the
/// condition holds decides.
pub(crate) fn take_out_needless_to_administer<'c, T>(
    statements: &mut Vec<T>,
    rule: impl Fn(&T) -> &Rule,
    context: impl Fn() -> &'c Context,
) {
    take_out_needless(statements, &rule, &context);
    let allows = || statements.iter().map(&rule).filter(|rule| rule.effect == Effect::Allow);
    let is_whole = |rule: &Rule| !rule.conditions.is_empty() && rule.is_about_everything();
    if !allows().any(|rule| is_whole(rule) && matches!(holds(rule, context()), Truth::Unknown(_))) {
        return;
    }
    if allows().any(|rule| rule.actions.contains(ANY_OF_IAM) && holds(rule, context()).is_true()) {
        return;
    }
    let is_open = |key: &str| matches!(context().get(key), Fact::Unknown | Fact::SomeValue);
    statements.retain(|one| {
        let rule = rule(one);
        rule.effect == Effect::Deny
            || rule.resources.keys().any(is_open)
            || matches!(holds(rule, context()), Truth::Unknown(_))
    });
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::{take_out_needless, take_out_needless_to_administer};
    use crate::iam::access::{Grant, Layer, Layers};
    use crate::iam::account::PolicyName;
    use crate::iam::context::{Context, Fact};
    use crate::iam::document::{Interner, Rule};
    use crate::iam::pattern::Pattern;
    use crate::iam::policy::Policy;
    use crate::iam::region::Block;

    const STATEMENTS: &[&str] = &[
        r#""Effect":"Allow","Action":"*","Resource":"*""#,
        r#""Effect":"Allow","Action":"iam:*","Resource":"*""#,
        r#""Effect":"Allow","Action":"iam:*AccessKey*","Resource":"arn:aws:iam::*:user/${aws:username}""#,
        r#""Effect":"Allow","Action":"iam:*","Resource":"arn:aws:iam::*:user/${aws:PrincipalTag/team}""#,
        r#""Effect":"Allow","Action":"*","Resource":"*","Condition":{"Bool":{"aws:MultiFactorAuthPresent":"true"}}"#,
        r#""Effect":"Allow","Action":"iam:*","Resource":"*","Condition":{"StringEquals":{"aws:PrincipalTag/team":"a"}}"#,
        r#""Effect":"Deny","NotAction":"iam:List*","Resource":"*","Condition":{"BoolIfExists":{"aws:MultiFactorAuthPresent":"false"}}"#,
        r#""Effect":"Deny","Action":"iam:DeleteUser","Resource":"arn:aws:iam::*:user/${aws:PrincipalTag/team}""#,
        r#""Effect":"Allow","Action":"iam:*","NotResource":"arn:aws:iam::*:user/ann""#,
        r#""Effect":"Allow","Action":"iam:?*","Resource":"*""#,
        r#""Effect":"Allow","NotAction":"iam:*AccessKey*","Resource":"*""#,
    ];

    /// What is known of ann.
    fn context(tag: Fact, mfa: Fact) -> Context {
        let mut context = Context::open();
        context.set_value("aws:username", "ann");
        context.set("aws:PrincipalTag/team", tag);
        context.set("aws:MultiFactorAuthPresent", mfa);
        context
    }

    fn policy(chosen: &[&str]) -> Policy {
        let statements: Vec<String> = chosen.iter().map(|one| format!("{{{one}}}")).collect();
        format!(r#"{{"Version":"2012-10-17","Statement":[{}]}}"#, statements.join(",")).parse().unwrap()
    }

    fn layers<'a>(rules: &[&'a Rule], policy: &'a PolicyName) -> Layers<'a> {
        let grants = rules.iter().map(|rule| Grant { rule, policy }).collect();
        Layers::new(vec![Layer { grants, unknown: Vec::new() }])
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(500))]
        #[test]
        fn who_administers_iam_is_the_same_without_what_adds_nothing(
            chosen in prop::collection::vec(prop::sample::select(STATEMENTS), 1..6),
            tag in prop::sample::select(vec![Fact::Unknown, Fact::Absent, Fact::Present(vec!["a".to_owned()])]),
            mfa in prop::sample::select(vec![Fact::Unknown, Fact::Unknown, Fact::Absent, Fact::Present(vec!["true".to_owned()])]),
        ) {
            let context = context(tag, mfa);
            let (rules, name) = (Interner::default().compile(policy(&chosen)), PolicyName::Managed("p".into()));
            let all: Vec<&Rule> = rules.iter().collect();
            let mut fewer = all.clone();
            take_out_needless_to_administer(&mut fewer, |rule| rule, || &context);
            let control = Block::new("iam:*", Pattern::glob("arn:aws:iam::123456789012:*"));
            let truth = |rules: &[&Rule]| layers(rules, &name).can_all_but(&control, &context, &|_| false);
            prop_assert_eq!(truth(&fewer), truth(&all));
        }
    }

    #[test]
    fn ones_own_keys_make_no_other_administrator() {
        let context = context(Fact::Unknown, Fact::Unknown);
        let left = |chosen: &[usize]| {
            let chosen: Vec<&str> = chosen.iter().map(|place| STATEMENTS[*place]).collect();
            let rules = Interner::default().compile(policy(&chosen));
            let mut fewer: Vec<&Rule> = rules.iter().collect();
            take_out_needless_to_administer(&mut fewer, |rule| rule, || &context);
            fewer.len()
        };
        assert_eq!(left(&[2, 4]), 1, "once MFA was used, all is allowed");
        assert_eq!(left(&[2, 4, 1]), 3, "all of IAM is allowed anyhow");
        assert_eq!(left(&[2, 6]), 2, "nothing allows everything");
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(500))]
        #[test]
        fn whether_all_is_allowed_is_the_same_without_what_adds_nothing(
            chosen in prop::collection::vec(prop::sample::select(STATEMENTS), 1..6),
            tag in prop::sample::select(vec![Fact::Unknown, Fact::Absent, Fact::Present(vec!["a".to_owned()])]),
            mfa in prop::sample::select(vec![Fact::Unknown, Fact::Absent, Fact::Present(vec!["true".to_owned()])]),
            action in prop::sample::select(vec!["*", "iam:*", "iam:DeleteUser"]),
        ) {
            let context = context(tag, mfa);
            let (rules, name) = (Interner::default().compile(policy(&chosen)), PolicyName::Managed("p".into()));
            let mut fewer: Vec<&Rule> = rules.iter().collect();
            take_out_needless(&mut fewer, |rule| rule, || &context);
            let truth = |rules: &[&Rule]| {
                layers(rules, &name).can_all_but(&Block::new(action, Pattern::anything()), &context, &|_| false)
            };
            prop_assert_eq!(truth(&fewer), truth(&rules.iter().collect::<Vec<_>>()));
            let wholes = chosen.iter().filter(|one| **one == STATEMENTS[0]).count();
            let plain = chosen.iter().filter(|one| STATEMENTS[1..3].contains(one)).count();
            let gone = if wholes == 0 { 0 } else { wholes - 1 + plain };
            prop_assert!(chosen.len() - fewer.len() >= gone, "{} of {} are left", fewer.len(), chosen.len());
        }
    }
}

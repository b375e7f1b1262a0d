//! The commonest question, whether actions are allowed on one thing whose name is known: statements name it or they do not, and no
//! languages have to be reckoned with. The answer is the one of the general way.

use super::Grant;
use super::layers::{Found, Judged, Layer, Layers, Mode, holds, resources};
use crate::iam::context::Context;
use crate::iam::policy::Effect;
use crate::iam::truth::{Keys, Truth};

/// What is asked: actions in lower case, and the thing.
pub(crate) struct OneThing<'q> {
    pub(crate) actions: &'q [&'q str],
    pub(crate) resource: &'q str,
    pub(crate) context: &'q Context,
}

impl<'a> Layers<'a> {
    /// Whether all of the actions are allowed on the thing.
    pub(crate) fn can_on(&self, asked: &OneThing<'_>) -> Judged<'a> {
        for mode in [Mode::Certain, Mode::Possible] {
            let is_denied = self.denying(asked, mode.for_denies()).next().is_some();
            let Some(mut found) = (!is_denied).then(|| self.allowed_on(asked, mode)).flatten() else { continue };
            found.grants.dedup_by(|one, other| one.is(other));
            found.example = Some((String::new(), asked.resource.to_owned()));
            if mode == Mode::Certain {
                return found.judged(Truth::True);
            }
            let doubts = Keys::of(self.denying(asked, Mode::Possible).map(|(_, truth)| truth));
            return found.in_doubt_of(&doubts);
        }
        Judged::no()
    }

    /// The denies that take the thing away from some of the actions.
    fn denying<'q>(&'q self, asked: &'q OneThing<'q>, mode: Mode) -> impl Iterator<Item = (Grant<'a>, Truth)> + 'q {
        let of_action = move |action: &'q str| self.0.iter().map(move |layer| (layer, action));
        let all = asked.actions.iter().copied().flat_map(of_action);
        all.flat_map(move |(layer, action)| layer.naming(action, asked, Effect::Deny, mode))
    }

    /// In each layer a statement that allows.
    fn allowed_on(&self, asked: &OneThing<'_>, mode: Mode) -> Option<Found<'a>> {
        let mut found = Found::default();
        for action in asked.actions {
            for layer in &self.0 {
                if mode == Mode::Certain && !layer.unknown.is_empty() {
                    return None;
                }
                found = match layer.naming(action, asked, Effect::Allow, mode).next() {
                    Some((grant, truth)) => found.by(grant, &truth, layer),
                    None if layer.unknown.is_empty() => return None,
                    None => found.in_doubt(layer),
                };
            }
        }
        Some(found)
    }
}

impl<'a> Layer<'a> {
    /// The statements of one effect that speak of an action on the thing.
    fn naming<'q>(
        &'q self,
        action: &'q str,
        asked: &'q OneThing<'q>,
        effect: Effect,
        mode: Mode,
    ) -> impl Iterator<Item = (Grant<'a>, Truth)> + 'q {
        let named = move |grant: &&Grant<'a>| grant.rule.effect == effect && grant.rule.actions.contains(action);
        self.grants.iter().filter(named).filter_map(move |grant| {
            let named = |wide: bool| resources(grant.rule, asked.context, wide);
            let all = named(mode == Mode::Possible);
            if !all.contains(asked.resource) {
                return None;
            }
            let truth = holds(grant.rule, asked.context);
            if truth.is_false() || (mode == Mode::Certain && !truth.is_true()) {
                return None;
            }
            // A variable that was widened is one that nobody knows.
            let is_open = mode == Mode::Possible && grant.rule.has_variables() && all != named(false);
            Some((*grant, if is_open { truth.and(Truth::unknown("a policy variable")) } else { truth }))
        })
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::{Grant, Layer, Layers, OneThing};
    use crate::iam::account::PolicyName;
    use crate::iam::context::{Context, Fact};
    use crate::iam::document::{Interner, Rule};
    use crate::iam::pattern::Pattern;
    use crate::iam::policy::Policy;
    use crate::iam::region::Language;

    fn statement() -> impl Strategy<Value = String> {
        let one_of = |texts: &'static [&'static str]| prop::sample::select(texts);
        let effect = one_of(&["Allow", "Allow", "Deny"]);
        let actions = one_of(&[
            r#""Action":"*""#,
            r#""Action":["s3:Get*","iam:CreateUser"]"#,
            r#""Action":"s3:GetObject""#,
            r#""NotAction":["iam:*"]"#,
            r#""NotAction":"s3:Get*""#,
        ]);
        let resources = one_of(&[
            r#""Resource":"*""#,
            r#""Resource":["arn:aws:s3:::a/*","arn:aws:s3:::b"]"#,
            r#""Resource":"arn:aws:s3:::${aws:username}/*""#,
            r#""Resource":["arn:aws:s3:::${aws:PrincipalTag/team}/x","arn:aws:s3:::a/y"]"#,
            r#""NotResource":"arn:aws:s3:::a/x""#,
            r#""NotResource":"arn:aws:s3:::${aws:PrincipalTag/team}/*""#,
        ]);
        let conditions = one_of(&[
            "",
            "",
            r#","Condition":{"Bool":{"aws:MultiFactorAuthPresent":"true"}}"#,
            r#","Condition":{"BoolIfExists":{"aws:MultiFactorAuthPresent":"false"}}"#,
            r#","Condition":{"StringEquals":{"aws:RequestedRegion":"eu-west-1"}}"#,
            r#","Condition":{"StringEquals":{"aws:PrincipalTag/team":"a"}}"#,
        ]);
        (effect, actions, resources, conditions).prop_map(|(effect, actions, resources, conditions)| {
            format!(r#"{{"Effect":"{effect}",{actions},{resources}{conditions}}}"#)
        })
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(2000))]
        #[test]
        fn one_thing_is_allowed_where_the_general_way_allows_it(
            layers in prop::collection::vec((prop::collection::vec(statement(), 0..5), prop::bool::weighted(0.2)), 1..4),
            actions in prop::sample::select(vec![vec!["s3:GetObject"], vec!["iam:CreateUser"], vec!["s3:getobject", "iam:createuser"]]),
            resource in prop::sample::select(vec!["arn:aws:s3:::a/x", "arn:aws:s3:::a/y", "arn:aws:s3:::b", "arn:aws:s3:::ann/x"]),
            mfa in prop::sample::select(vec![Fact::Unknown, Fact::Absent, Fact::Present(vec!["true".to_owned()])]),
            tag in prop::sample::select(vec![Fact::Unknown, Fact::Absent, Fact::Present(vec!["a".to_owned()])]),
        ) {
            let mut context = Context::open();
            context.set_value("aws:username", "ann");
            context.set("aws:MultiFactorAuthPresent", mfa);
            context.set("aws:PrincipalTag/team", tag);
            let policies: Vec<(Vec<Rule>, PolicyName, bool)> = layers.iter().enumerate().map(|(number, (statements, open))| {
                let text = format!(r#"{{"Version":"2012-10-17","Statement":[{}]}}"#, statements.join(","));
                let policy: Policy = text.parse().unwrap();
                (Interner::default().compile(policy), PolicyName::Managed(number.to_string().into()), *open)
            }).collect();
            let layers = policies.iter().map(|(rules, policy, open)| {
                let grants = rules.iter().map(|rule| Grant { rule, policy }).collect();
                Layer { grants, unknown: if *open { vec!["a policy".to_owned()] } else { Vec::new() } }
            });
            let layers = Layers::new(layers.collect());
            let thing = Language::of(Pattern::literal(resource));
            let general = layers.can_together_anywhere(&actions, &thing, &context);
            let lower: Vec<String> = actions.iter().map(|action| action.to_ascii_lowercase()).collect();
            let lower: Vec<&str> = lower.iter().map(String::as_str).collect();
            let quick = layers.can_on(&OneThing { actions: &lower, resource, context: &context });
            prop_assert_eq!(&quick.truth, &general.truth);
            prop_assert_eq!(quick.statements(), general.statements());
            prop_assert_eq!(&quick.example, &general.example);
        }
    }
}

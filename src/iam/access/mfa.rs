//! Whether policies insist on MFA.

use std::sync::LazyLock;

use super::{Access, holds};
use crate::iam::context::Fact;
use crate::iam::document::{Patterns, Rule};
use crate::iam::pattern::Pattern;
use crate::iam::policy::Effect;
use crate::iam::region::{Block, Language};
use crate::iam::truth::Truth;

/// Actions that set up MFA or need none, which a policy that enforces MFA leaves open.
const MFA_SELF_SERVICE: &[&str] = &[
    "iam:ChangePassword",
    "iam:CreateVirtualMFADevice",
    "iam:DeleteVirtualMFADevice",
    "iam:EnableMFADevice",
    "iam:ResyncMFADevice",
    "iam:Get*",
    "iam:List*",
    "sts:GetSessionToken",
    "sts:GetCallerIdentity",
];

fn exempt() -> &'static [Pattern] {
    static EXEMPT: LazyLock<Vec<Pattern>> =
        LazyLock::new(|| MFA_SELF_SERVICE.iter().map(|action| Pattern::action(action)).collect());
    &EXEMPT
}

/// Whether a principal's policies insist on MFA.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mfa {
    /// True when nothing beyond setting up MFA is allowed without it.
    pub enforced: Truth,
    /// What is allowed without MFA.
    pub example: Option<(String, String)>,
}

impl Access<'_> {
    /// Whether the policies insist on MFA.
    ///
    /// A request without MFA either lacks `aws:MultiFactorAuthPresent` (long-term access keys) or says `false`.
    pub fn mfa(&self) -> Mfa {
        let beyond = Block { actions: Language::except(exempt()), resources: Language::anything() };
        let mut enforced = Truth::True;
        let mut example = None;
        for facts in without_mfa() {
            let context = self.context.clone().with(&facts);
            let verdict = self.can_some(&beyond, &context);
            if !verdict.truth.is_false() && example.is_none() {
                example = verdict.example;
            }
            enforced = enforced.and(verdict.truth.not());
        }
        Mfa { enforced, example }
    }

    /// The same for [`Access::mfa`], without statements that plainly allow nothing beyond setting up MFA unless it was used. Where
    /// policies insist on it these are most, and those among them with `${aws:username}` make each user another one.
    #[must_use]
    pub(crate) fn without_what_awaits_mfa(mut self) -> Self {
        let contexts = without_mfa().map(|facts| self.context.clone().with(&facts));
        let is_sure = |rule: &&Rule| {
            rule.effect == Effect::Deny
                && !rule.has_variables()
                && rule.resources.fixed.are_all()
                && contexts.iter().all(|context| holds(rule, context).is_true())
        };
        let all = self.layers.0.iter().flat_map(|layer| &layer.grants).map(|grant| grant.rule);
        let denies: Vec<&Patterns> = all.filter(is_sure).map(|rule| &rule.actions).collect();
        let awaits = |action: &Pattern| is_exempt(action) || denies.iter().any(|denied| takes_away(denied, action));
        if let Some(identity) = self.layers.0.first_mut() {
            identity.grants.retain(|grant| {
                let (rule, actions) = (grant.rule, &grant.rule.actions);
                rule.effect == Effect::Deny || actions.excluded || !actions.list.iter().all(awaits)
            });
        }
        self
    }
}

fn is_exempt(action: &Pattern) -> bool {
    exempt().iter().any(|exempt| exempt.plainly_covers(action))
}

/// Whether a deny of these actions plainly leaves nothing of what a pattern names, but what sets up MFA.
fn takes_away(denied: &Patterns, action: &Pattern) -> bool {
    if denied.excluded {
        denied.list.iter().all(|spared| spared.starts_apart(action) || is_exempt(spared))
    } else {
        denied.list.iter().any(|pattern| pattern.plainly_covers(action))
    }
}

/// What is known of requests without MFA, of which there are two kinds: those with long-term access keys lack the keys
/// that tell of MFA, those of sessions say that there was none
/// (<https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-keys.html>).
pub fn without_mfa() -> [[(&'static str, Fact); 2]; 2] {
    let age = || ("aws:MultiFactorAuthAge", Fact::Absent);
    [
        [("aws:MultiFactorAuthPresent", Fact::Absent), age()],
        [("aws:MultiFactorAuthPresent", Fact::Present(vec!["false".to_owned()])), age()],
    ]
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::iam::access::{Grant, Layer, Layers, principal_context};
    use crate::iam::account::{Account, Boundary, PolicyName, Principal, PrincipalKind};
    use crate::iam::document::Interner;
    use crate::iam::policy::Policy;

    const STATEMENTS: &[&str] = &[
        r#""Effect":"Deny","NotAction":["iam:CreateVirtualMFADevice","iam:EnableMFADevice","iam:Get*","iam:List*","sts:GetSessionToken"],"Resource":"*","Condition":{"BoolIfExists":{"aws:MultiFactorAuthPresent":"false"}}"#,
        r#""Effect":"Deny","NotAction":["iam:*VirtualMFADevice","iam:CreateAccessKey","iam:L*"],"Resource":"*","Condition":{"BoolIfExists":{"aws:MultiFactorAuthPresent":"false"}}"#,
        r#""Effect":"Deny","Action":["s3:*","iam:*AccessKey*"],"Resource":"*","Condition":{"BoolIfExists":{"aws:MultiFactorAuthPresent":"false"}}"#,
        r#""Effect":"Deny","Action":"*","Resource":"*","Condition":{"Bool":{"aws:MultiFactorAuthPresent":"false"}}"#,
        r#""Effect":"Deny","Action":"*","Resource":"*","Condition":{"StringEquals":{"aws:PrincipalTag/team":"a"}}"#,
        r#""Effect":"Deny","Action":"*","Resource":"arn:aws:iam::*:user/*","Condition":{"BoolIfExists":{"aws:MultiFactorAuthPresent":"false"}}"#,
        r#""Effect":"Deny","Action":"*","NotResource":"arn:aws:iam::*:user/${aws:username}""#,
        r#""Effect":"Allow","Action":["iam:CreateVirtualMFADevice","iam:EnableMFADevice","iam:ListMFADevices"],"Resource":"arn:aws:iam::*:*/${aws:username}""#,
        r#""Effect":"Allow","Action":["iam:*AccessKey*","iam:GetUser"],"Resource":"arn:aws:iam::*:user/${aws:username}""#,
        r#""Effect":"Allow","Action":["s3:GetObject","s3:List*"],"Resource":"arn:aws:s3:::a/*""#,
        r#""Effect":"Allow","Action":"iam:*","Resource":"*""#,
        r#""Effect":"Allow","NotAction":"iam:*","Resource":"*""#,
        r#""Effect":"Allow","Action":"ec2:*","Resource":"*","Condition":{"Bool":{"aws:MultiFactorAuthPresent":"true"}}"#,
    ];

    fn rules(chosen: &[&str]) -> Vec<Rule> {
        let statements: Vec<String> = chosen.iter().map(|one| format!("{{{one}}}")).collect();
        let text = format!(r#"{{"Version":"2012-10-17","Statement":[{}]}}"#, statements.join(","));
        let policy: Policy = text.parse().unwrap();
        Interner::default().compile(policy)
    }

    fn layer<'a>(rules: &'a [Rule], policy: &'a PolicyName) -> Layer<'a> {
        Layer { grants: rules.iter().map(|rule| Grant { rule, policy }).collect(), unknown: Vec::new() }
    }

    fn principal() -> Principal {
        Principal {
            kind: PrincipalKind::User,
            arn: "arn:aws:iam::123456789012:user/ann".into(),
            name: "ann".to_owned(),
            id: None,
            policies: Box::default(),
            groups: Box::default(),
            boundary: Boundary::None,
            trust: None,
            instance_profiles: None,
            tags: None,
            unknown: Vec::new(),
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(500))]
        #[test]
        fn whether_mfa_is_insisted_on_is_the_same_without_what_awaits_it(
            identity in prop::collection::vec(prop::sample::select(STATEMENTS), 1..6),
            bound in prop::option::weighted(0.3, prop::collection::vec(prop::sample::select(STATEMENTS), 1..4)),
        ) {
            let (account, principal) = (Account::builder("123456789012", "aws", None).build(), principal());
            let policy = PolicyName::Managed("p".into());
            let documents: Vec<Vec<Rule>> = [Some(identity), bound].iter().flatten().map(|chosen| rules(chosen)).collect();
            let layers = Layers::new(documents.iter().map(|rules| layer(rules, &policy)).collect());
            let context = principal_context(&account, &principal);
            let access = Access { account: &account, principal: &principal, context, layers };
            prop_assert_eq!(access.clone().without_what_awaits_mfa().mfa(), access.mfa());
        }
    }

    #[test]
    fn statements_on_ones_own_keys_and_devices_await_mfa_where_the_rest_is_denied() {
        let (account, principal) = (Account::builder("123456789012", "aws", None).build(), principal());
        let policy = PolicyName::Managed("p".into());
        for (deny, left) in [(0, 1), (1, 2), (2, 1), (3, 3), (6, 3)] {
            let rules = rules(&[7, 8, 9, deny].map(|place| STATEMENTS[place]));
            let layers = Layers::new(vec![layer(&rules, &policy)]);
            let context = principal_context(&account, &principal);
            let access = Access { account: &account, principal: &principal, context, layers };
            let kept = access.without_what_awaits_mfa();
            assert_eq!(kept.layers.0[0].grants.len(), left, "{}", STATEMENTS[deny]);
        }
    }
}

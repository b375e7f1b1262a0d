//! Policies as resources: what each managed and inline policy grants, and who holds inline ones.

use std::collections::BTreeSet;

use rayon::prelude::*;

use super::iam_engine::Engine;
use super::iam_escalation::Escalations;
use super::iam_user::AT_ONCE;
use super::resource::Resource;
use super::{Fact, Gap, List, Observed, UNDECIDED};
use crate::facts;
use crate::iam::Effect;
use crate::iam::account::{Attached, DocumentId, PolicyName, PrincipalKind};
use crate::iam::document::Rule;
use crate::iam::pattern::{Pattern, Token};

facts! {
    /// A policy: the customer's, one of AWS that is attached to something, or an inline one.
    IamPolicy as "iam-policy" {
        /// The policy's name.
        name: String => [IamGetAccountAuthorizationDetails];
        /// `customer`, `aws` or `inline`.
        kind: String => [IamGetAccountAuthorizationDetails];
        /// True when a user, group or role has the policy.
        attached: bool => [IamGetAccountAuthorizationDetails];
        /// True when a statement allows every action on every resource without a condition.
        grants_everything: bool => [IamGetAccountAuthorizationDetails];
        /// Services of which a statement allows every action, as in `s3`.
        whole_services: List<String> => [IamGetAccountAuthorizationDetails];
        /// True when a statement allows everything but some actions.
        allows_all_but: bool => [IamGetAccountAuthorizationDetails];
        /// The methods by which somebody who holds the policy and is no administrator becomes one through it.
        escalations: List<String> => [IamGetAccountAuthorizationDetails];
    }

    /// A user, group or role.
    IamPrincipal as "iam-principal" {
        /// The ARN.
        arn: String => [IamGetAccountAuthorizationDetails];
        /// The name.
        name: String => [IamGetAccountAuthorizationDetails];
        /// `user`, `group` or `role`.
        kind: String => [IamGetAccountAuthorizationDetails];
        /// The inline policies.
        inline_policies: List<InlinePolicy> => [IamGetAccountAuthorizationDetails];
    }

    /// An inline policy.
    InlinePolicy as "inline-policy" {
        /// The policy's name.
        name: String => [IamGetAccountAuthorizationDetails];
        /// True when a statement allows every action on every resource without a condition.
        grants_everything: bool => [IamGetAccountAuthorizationDetails];
    }
}

/// Users, groups and roles with their inline policies.
pub(crate) fn principals(engine: &Engine) -> List<Resource<IamPrincipal>> {
    let inline = |policies: &[Attached]| {
        let own = policies.iter().filter_map(|attached| match attached.policy.as_ref() {
            PolicyName::Managed(_) => None,
            PolicyName::Inline { name, .. } => Some(InlinePolicy {
                name: known(engine, name.as_ref().to_owned()),
                grants_everything: Fact::new(engine.grants_everything(attached.document), engine.origin),
            }),
        });
        List::whole(own.collect())
    };
    let resource = |arn: &str, name: &str, kind: &str, policies: &[Attached]| Resource {
        id: arn.to_owned(),
        region: None,
        facts: IamPrincipal {
            arn: known(engine, arn.to_owned()),
            name: known(engine, name.to_owned()),
            kind: known(engine, kind.to_owned()),
            inline_policies: known(engine, inline(policies)),
        },
    };
    let groups: Vec<_> = engine.account.groups().iter().collect();
    let groups = groups.into_par_iter().map(|(name, group)| resource(&group.arn, name, "group", &group.policies));
    let others = engine.account.principals().par_iter().map(|principal| {
        let kind = if principal.kind == PrincipalKind::User { "user" } else { "role" };
        resource(&principal.arn, &principal.name, kind, &principal.policies)
    });
    let mut items: Vec<_> = groups.chain(others).with_min_len(AT_ONCE).collect();
    // One whose ARN is missing cannot be told from others; that it is missing is a gap of the list.
    items.retain(|one| !one.id.is_empty());
    items.sort_by(|one, two| one.id.cmp(&two.id));
    List { items, gaps: engine.gaps.clone() }
}

/// Managed policies, and the inline ones of users, groups and roles.
pub(crate) fn policies(engine: &Engine) -> List<Resource<IamPolicy>> {
    // Worked out on all processors, and so before any of them asks for it: none may wait for the others.
    let escalations = engine.escalations();
    let managed: Vec<_> = engine.account.policies().iter().collect();
    let managed = managed.into_par_iter().map(|(arn, policy)| {
        let kind = if arn.contains(":iam::aws:policy/") { "aws" } else { "customer" };
        let name = arn.rsplit('/').next().unwrap_or(arn);
        let attached = match engine.attached.get(arn.as_ref()).copied().flatten() {
            Some(attached) => Observed::Present(attached),
            None => Observed::Unknown(Gap::of_reason(UNDECIDED, "AWS did not say how often the policy is attached")),
        };
        policy_of((engine, escalations), arn.as_ref().to_owned(), (name, kind), attached, policy.document())
    });
    let groups = engine.account.groups().values().flat_map(|group| group.policies.iter());
    let own = engine.account.principals().iter().flat_map(|principal| principal.policies.iter());
    let inline = groups.chain(own).filter_map(|attached| match attached.policy.as_ref() {
        PolicyName::Managed(_) => None,
        // What is known of it counts for whoever has it; the missing name is a gap of the list.
        PolicyName::Inline { name, .. } if name.is_empty() => None,
        PolicyName::Inline { name, .. } => Some((attached, name)),
    });
    let inline: Vec<_> = inline.collect();
    let inline = inline.into_par_iter().map(|(attached, name)| {
        let place = (name.as_ref(), "inline");
        let id = attached.policy.to_string();
        policy_of((engine, escalations), id, place, Observed::Present(true), attached.document)
    });
    let mut items: Vec<_> = managed.chain(inline).with_min_len(AT_ONCE).collect();
    items.sort_by(|one, two| one.id.cmp(&two.id));
    List { items, gaps: engine.gaps.clone() }
}

fn policy_of(
    (engine, escalations): (&Engine, &Escalations),
    id: String,
    (name, kind): (&str, &str),
    attached: Observed<bool>,
    document: Option<DocumentId>,
) -> Resource<IamPolicy> {
    let statements = engine.statements(document);
    let facts = IamPolicy {
        name: known(engine, name.to_owned()),
        kind: known(engine, kind.to_owned()),
        attached: Fact::new(attached, engine.origin),
        grants_everything: Fact::new(engine.grants_everything(document), engine.origin),
        whole_services: Fact::new(statements.as_ref().map(|rules| whole_services(rules)), engine.origin),
        allows_all_but: Fact::new(
            statements.map(|rules| rules.iter().any(|rule| rule.effect == Effect::Allow && rule.actions.excluded)),
            engine.origin,
        ),
        escalations: known(engine, escalations.through(&id, &engine.gaps)),
    };
    Resource { id, region: None, facts }
}

fn known<T>(engine: &Engine, value: T) -> Fact<T> {
    Fact::present(value, engine.origin)
}

/// The service of which an action pattern names every action, as `s3:*` does.
fn whole_service(pattern: &Pattern) -> Option<String> {
    let [service @ .., Token::Char(':'), Token::Many] = pattern.tokens() else { return None };
    let letter = |token: &Token| if let Token::Char(letter) = token { Some(*letter) } else { None };
    service.iter().map(letter).collect::<Option<String>>().filter(|service| !service.contains(':'))
}

fn whole_services(rules: &[Rule]) -> List<String> {
    let mut services = BTreeSet::new();
    for rule in rules.iter().filter(|rule| rule.effect == Effect::Allow && !rule.actions.excluded) {
        for pattern in rule.actions.list.iter() {
            services.extend(whole_service(pattern));
        }
    }
    List::whole(services.into_iter().collect())
}

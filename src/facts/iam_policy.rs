//! Policies as resources: what each managed and inline policy grants, and who holds inline ones.

use std::collections::{BTreeMap, BTreeSet};

use super::iam_access::Engine;
use super::resource::Resource;
use super::{Fact, Gap, List, Observed, UNDECIDED};
use crate::facts;
use crate::iam::Effect;
use crate::iam::account::{Attached, DocumentId, PolicyName, PrincipalKind};
use crate::iam::document::Rule;
use crate::iam::escalation::Step;
use crate::iam::pattern::Pattern;

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
    let groups =
        engine.account.groups().iter().map(|(name, group)| resource(&group.arn, name, "group", &group.policies));
    let others = engine.account.principals().iter().map(|principal| {
        let kind = if principal.kind == PrincipalKind::User { "user" } else { "role" };
        resource(&principal.arn, &principal.name, kind, &principal.policies)
    });
    // One whose ARN is missing cannot be told from others; that it is missing is a gap of the list.
    let mut items: Vec<_> = groups.chain(others).filter(|one| !one.id.is_empty()).collect();
    items.sort_by(|one, two| one.id.cmp(&two.id));
    List { items, gaps: engine.gaps.clone() }
}

/// Managed policies, and the inline ones of users, groups and roles.
pub(crate) fn policies(engine: &Engine) -> List<Resource<IamPolicy>> {
    let escalations = Escalations::read(engine);
    let managed = engine.account.policies().iter().map(|(arn, policy)| {
        let kind = if arn.contains(":iam::aws:policy/") { "aws" } else { "customer" };
        let name = arn.rsplit('/').next().unwrap_or(arn);
        let attached = match engine.attached.get(arn.as_ref()).copied().flatten() {
            Some(attached) => Observed::Present(attached),
            None => Observed::Unknown(Gap::of_reason(UNDECIDED, "AWS did not say how often the policy is attached")),
        };
        policy_of(engine, &escalations, arn.as_ref().to_owned(), (name, kind), attached, policy.document())
    });
    let groups = engine.account.groups().values().flat_map(|group| group.policies.iter());
    let own = engine.account.principals().iter().flat_map(|principal| principal.policies.iter());
    let inline = groups.chain(own).filter_map(|attached| match attached.policy.as_ref() {
        PolicyName::Managed(_) => None,
        // What is known of it counts for whoever has it; the missing name is a gap of the list.
        PolicyName::Inline { name, .. } if name.is_empty() => None,
        PolicyName::Inline { name, .. } => {
            let id = attached.policy.to_string();
            let place = (name.as_ref(), "inline");
            Some(policy_of(engine, &escalations, id, place, Observed::Present(true), attached.document))
        }
    });
    let mut items: Vec<_> = managed.chain(inline).collect();
    items.sort_by(|one, two| one.id.cmp(&two.id));
    List { items, gaps: engine.gaps.clone() }
}

fn policy_of(
    engine: &Engine,
    escalations: &Escalations,
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
        escalations: known(engine, escalations.through(&id, engine)),
    };
    Resource { id, region: None, facts }
}

fn known<T>(engine: &Engine, value: T) -> Fact<T> {
    Fact::present(value, engine.origin)
}

fn whole_services(rules: &[Rule]) -> List<String> {
    let mut services = BTreeSet::new();
    for rule in rules.iter().filter(|rule| rule.effect == Effect::Allow && !rule.actions.excluded) {
        for pattern in rule.actions.list.iter() {
            let prefix = pattern.literal_prefix();
            if let Some((service, "")) = prefix.split_once(':')
                && *pattern == Pattern::action(&format!("{service}:*"))
            {
                services.insert(service.to_owned());
            }
        }
    }
    List::whole(services.into_iter().collect())
}

/// The methods of the account's escalation chains, by the policy whose statement allows the step.
struct Escalations {
    certain: BTreeMap<String, BTreeSet<String>>,
    doubtful: BTreeMap<String, BTreeSet<String>>,
}

impl Escalations {
    fn read(engine: &Engine) -> Self {
        let mut all = Self { certain: BTreeMap::new(), doubtful: BTreeMap::new() };
        for chain in engine.chains() {
            let certain = chain.steps.iter().all(|step| step.depends_on.is_empty());
            for step in &chain.steps {
                all.add(step, certain);
            }
        }
        all
    }

    fn add(&mut self, step: &Step, certain: bool) {
        let methods = if certain { &mut self.certain } else { &mut self.doubtful };
        for statement in &step.statements {
            if let Some((policy, _)) = statement.rsplit_once('#') {
                methods.entry(policy.to_owned()).or_default().insert(format!("{} ({})", step.method, step.title));
            }
        }
    }

    /// The methods through one policy; the list may go on where a chain depends on what the snapshot cannot settle.
    fn through(&self, policy: &str, engine: &Engine) -> List<String> {
        let items = self.certain.get(policy).into_iter().flatten().cloned().collect();
        let mut gaps = engine.gaps.clone();
        if let Some(methods) = self.doubtful.get(policy) {
            let methods = methods.iter().map(String::as_str).collect::<Vec<_>>().join(", ");
            gaps.push(Gap::of_reason(UNDECIDED, format!("whether {methods} leads to administrator is not settled")));
        }
        List { items, gaps }
    }
}

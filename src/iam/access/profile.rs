//! The questions that are asked of every principal.

use std::collections::BTreeSet;

use super::{Access, Grant, Verdict};
use crate::iam::catalogue::{Service, catalogue};
use crate::iam::document::Patterns;
use crate::iam::pattern::{Pattern, Sample};
use crate::iam::policy::Effect;
use crate::iam::region::{Block, Language};
use crate::iam::truth::{Keys, Truth};

/// Seeing and changing budgets (<https://docs.aws.amazon.com/service-authorization/latest/reference/list_awsbudgetservice.html>).
pub const BUDGET_ACTIONS: &[&str] = &["budgets:ViewBudget", "budgets:ModifyBudget"];

/// Reading bills and costs
/// (<https://docs.aws.amazon.com/awsaccountbilling/latest/aboutv2/migrate-granularaccess-iam-mapping-reference.html>).
pub const BILLING_ACTIONS: &[&str] = &["billing:Get*", "ce:Get*", "aws-portal:ViewBilling"];

/// How much of a statement that allows is left by denies, boundary and control policies.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Extent {
    /// Everything that it names.
    All,
    /// A part of it.
    Some,
    /// A part of it or nothing, depending on these keys.
    Depends(Keys),
    /// Nothing.
    Nothing,
}

impl Access<'_> {
    /// Whether the principal has full control of IAM in its account, and so of the account.
    ///
    /// Denies for single resources do not count as long as they leave some user, role, group and policy of the account:
    /// whoever controls the others can do without these.
    pub fn is_admin(&self) -> Truth {
        let (partition, id) = (&self.account.partition, &self.account.id);
        let iam = |rest: &str| Language::of(Pattern::glob(&format!("arn:{partition}:iam::{id}:{rest}")));
        let kinds = ["user/*", "role/*", "group/*", "policy/*"].map(iam);
        let ignored = |denied: &Block| {
            !kinds.iter().any(|kind| kind.minus(&denied.resources).iter().all(|rest| rest.sample() == Sample::Empty))
        };
        let control = Block { actions: Language::of(Pattern::action("iam:*")), resources: iam("*") };
        self.can_all_but(&control, &self.context, &ignored)
    }

    /// Whether every action on every resource is allowed.
    pub fn is_unlimited(&self) -> Truth {
        self.can_all(&Block::anything(), &self.context)
    }

    /// Whether every action of a service is allowed on every resource.
    pub fn is_service_wide(&self, service: &str) -> Truth {
        self.can_all(&Block::new(&format!("{service}:*"), Pattern::anything()), &self.context)
    }

    /// Whether some action that matches the pattern is allowed on some resource.
    pub fn can(&self, action: &str) -> Verdict {
        self.can_some(&Block::new(action, Pattern::anything()), &self.context)
    }

    /// Services of which every action is allowed on every resource, sorted; `*` for all of them.
    pub fn whole_services(&self) -> Vec<String> {
        let allows = self.allows().filter(|grant| grant.rule.resources.fixed.contains("*"));
        let mut named: BTreeSet<String> = allows.flat_map(|grant| services_of(&grant.rule.actions)).collect();
        if named.contains("*") && self.is_unlimited().is_true() {
            return vec!["*".to_owned()];
        }
        let asked: BTreeSet<&str> = if named.remove("*") {
            catalogue().prefixes().collect()
        } else {
            named.iter().map(String::as_str).collect()
        };
        let whole = asked.into_iter().filter(|service| self.is_service_wide(service).is_true());
        whole.map(str::to_owned).collect()
    }

    /// How much of one of the principal's statements is left.
    pub fn extent(&self, grant: &Grant<'_>) -> Extent {
        let resources = super::layers::resources(grant.rule, &self.context, false);
        let blocks = grant.rule.blocks(&Block::anything(), &resources);
        let all = Truth::all(blocks.iter().map(|block| self.can_all(block, &self.context)));
        if all.is_true() && !blocks.is_empty() {
            return Extent::All;
        }
        match Truth::any(blocks.iter().map(|block| self.can_some(block, &self.context).truth)) {
            Truth::True => Extent::Some,
            Truth::False => Extent::Nothing,
            Truth::Unknown(keys) => Extent::Depends(keys),
        }
    }

    fn allows(&self) -> impl Iterator<Item = &Grant<'_>> {
        let identity = self.layers.0.first().into_iter().flat_map(|layer| &layer.grants);
        identity.filter(|grant| grant.rule.effect == Effect::Allow)
    }

    /// Whether nothing but actions that read or list is allowed, by AWS's own access levels.
    pub fn is_read_only(&self) -> Truth {
        let Some(identity) = self.layers.0.first() else { return Truth::True };
        let mut verdict = if identity.unknown.is_empty() {
            Truth::True
        } else {
            Truth::Unknown(identity.unknown.iter().map(String::as_str).collect())
        };
        for grant in self.allows() {
            let named = services_of(&grant.rule.actions);
            let prefixes: Vec<&str> = if named.contains("*") {
                catalogue().prefixes().collect()
            } else {
                named.iter().map(String::as_str).collect()
            };
            for prefix in prefixes {
                for action in catalogue().service(prefix).into_iter().flat_map(Service::actions) {
                    if action.is_read_only() {
                        continue;
                    }
                    let name = format!("{prefix}:{}", action.name);
                    if !grant.rule.actions.contains(&name.to_ascii_lowercase()) {
                        continue;
                    }
                    match self.can(&name).truth {
                        Truth::True => return Truth::False,
                        unknown => verdict = verdict.and(unknown.not()),
                    }
                }
            }
        }
        verdict
    }
}

/// The services that action patterns speak of; `*` where a pattern may speak of any.
fn services_of(actions: &Patterns) -> BTreeSet<String> {
    if actions.excluded {
        return BTreeSet::from(["*".to_owned()]);
    }
    let service = |pattern: &Pattern| match pattern.literal_prefix().split_once(':') {
        Some((service, _)) => service.to_owned(),
        None => "*".to_owned(),
    };
    actions.list.iter().map(service).collect()
}

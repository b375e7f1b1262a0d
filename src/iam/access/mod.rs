//! What a principal may do, as sets: without a request, and without a list of actions.
//!
//! A question names a set of pairs of actions and resources and what is known of the request. "Some" asks whether one
//! pair of the set is allowed, "all" whether every pair is. Allows count when their conditions hold, denies when theirs
//! may: so a `True` is certain, a `False` is certain, and everything between them names the keys that it hangs on.

mod known;
mod layers;
mod mfa;
mod needless;
mod profile;
mod single;

use std::fmt;
use std::sync::OnceLock;

use super::account::{Account, Attached, DocumentId, PolicyName, Principal};
use super::context::Context;
use super::document::{Rule, everything};
use super::policy::Effect;
use super::region::{Block, Language, Remainder, remainder};
use super::shared::{Asked, Basis, Facts};
use super::truth::Truth;

pub(crate) use known::{account_context, of_principal};
pub use known::{chosen_by_caller, principal_context};
pub(crate) use layers::Judged;
pub use layers::{Layer, Layers, holds};
pub use mfa::{Mfa, without_mfa};
pub(crate) use needless::{take_out_needless, take_out_needless_to_administer};
pub use profile::{BILLING_ACTIONS, BUDGET_ACTIONS, Extent};
pub(crate) use single::OneThing;

/// One statement, named so that a reader finds it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct StatementRef {
    /// The policy.
    pub policy: PolicyName,
    /// `Sid`, else the JSON pointer in the document.
    pub statement: String,
}

impl fmt::Display for StatementRef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}#{}", self.policy, self.statement)
    }
}

/// The answer to a question about access.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Verdict {
    /// Whether it is so.
    pub truth: Truth,
    /// The statements that allow it, as far as one is enough.
    pub statements: Vec<StatementRef>,
    /// A pair of action and resource that proves it.
    pub example: Option<(String, String)>,
}

/// One statement that applies to the principal.
#[derive(Debug, Clone, Copy)]
pub struct Grant<'a> {
    /// The statement.
    pub rule: &'a Rule,
    /// The policy that holds it.
    pub policy: &'a PolicyName,
}

impl Grant<'_> {
    /// Everything, of a policy without a name.
    pub(crate) fn everything() -> Self {
        static NO_POLICY: OnceLock<PolicyName> = OnceLock::new();
        Self { rule: everything(), policy: NO_POLICY.get_or_init(|| PolicyName::Managed("".into())) }
    }

    /// Whether this is the same statement of the same policy.
    pub(crate) fn is(&self, other: &Self) -> bool {
        std::ptr::eq(self.rule, other.rule) && self.policy == other.policy
    }

    /// The statement's name for readers.
    pub fn name(&self) -> StatementRef {
        StatementRef { policy: self.policy.clone(), statement: self.rule.name.as_ref().to_owned() }
    }
}

/// What a principal may do.
#[derive(Debug, Clone)]
pub struct Access<'a> {
    account: &'a Account,
    principal: &'a Principal,
    context: Context,
    /// Identity policies first; then each further layer that has to allow too.
    layers: Layers<'a>,
}

impl<'a> Access<'a> {
    /// The access of a principal of the account.
    pub fn new(account: &'a Account, principal: &'a Principal) -> Self {
        Self::without(account, principal, None)
    }

    /// The same as if one policy were not there.
    pub fn without(account: &'a Account, principal: &'a Principal, removed: Option<&PolicyName>) -> Self {
        let groups = principal.groups.iter().filter_map(|name| account.groups().get(name.as_ref()));
        let identity = principal.policies.iter().chain(groups.flat_map(|group| group.policies.iter()));
        let kept = identity.filter(|attached| Some(attached.policy.as_ref()) != removed);
        let mut layers = vec![Layer { grants: grants(account, kept), unknown: principal.unknown.clone() }];
        layers.extend(
            account
                .bounds(principal)
                .into_iter()
                .map(|bound| Layer { unknown: bound.unknown(), grants: grants(account, bound.policies.into_iter()) }),
        );
        Self { account, principal, context: principal_context(account, principal), layers: Layers(layers) }
    }

    /// Adds a layer that has to allow too, such as the service control policies of one level.
    #[must_use]
    pub fn under(mut self, layer: Layer<'a>) -> Self {
        self.layers.0.push(layer);
        self
    }

    /// The same for resources of an account, which its resource control policies guard. They never allow: AWS attaches
    /// `RCPFullAWSAccess` to every account.
    #[must_use]
    pub fn to_resources_of(self, owner: &'a Account) -> Self {
        if owner.rcps().is_empty() || self.principal.is_service_linked() {
            return self;
        }
        let denies = grants(owner, owner.rcps().iter());
        let all = std::iter::once(Grant::everything()).chain(denies).collect();
        self.under(Layer { grants: all, unknown: owner.unread_rcps() })
    }

    /// The access in sessions with MFA, for questions about what a principal can reach at best.
    #[must_use]
    pub fn with_mfa(mut self) -> Self {
        self.context.set_value("aws:MultiFactorAuthPresent", "true");
        self.context.set_value("aws:MultiFactorAuthAge", "0");
        self
    }

    /// What answers about the principal rest on: who has the same gets the same. `None` where statements may be missing.
    pub(crate) fn basis(&self) -> Option<Basis> {
        if self.layers.0.iter().any(|layer| !layer.unknown.is_empty()) {
            return None;
        }
        let rules = || {
            self.layers
                .0
                .iter()
                .enumerate()
                .flat_map(|(layer, all)| all.grants.iter().map(move |one| (layer, one.rule)))
        };
        let keys = rules().filter(|(_, rule)| !rule.is_plain()).flat_map(|(_, rule)| rule.keys());
        Some(Basis {
            layers: self.layers.0.len(),
            statements: rules().map(|(layer, rule)| Asked::statement(layer, rule)).collect(),
            more: None,
            kind: None,
            facts: Facts::of(keys, || &self.context),
        })
    }

    /// The same without the statements of identity policies that add nothing to one that allows everything, for questions
    /// about whether all of something is allowed.
    #[must_use]
    pub(crate) fn without_needless(mut self) -> Self {
        if let Some(identity) = self.layers.0.first_mut() {
            take_out_needless(&mut identity.grants, |grant| grant.rule, || &self.context);
        }
        self
    }

    /// As [`Access::without_needless`], for the question whether the principal administers IAM.
    #[must_use]
    pub(crate) fn without_needless_to_administer(mut self) -> Self {
        if let Some(identity) = self.layers.0.first_mut() {
            take_out_needless_to_administer(&mut identity.grants, |grant| grant.rule, || &self.context);
        }
        self
    }

    /// Keeps only the denies of the identity policies, for questions about what more could be granted.
    #[must_use]
    pub(crate) fn without_allows(mut self) -> Self {
        if let Some(identity) = self.layers.0.first_mut() {
            identity.grants.retain(|grant| grant.rule.effect == Effect::Deny);
        }
        self
    }

    /// Adds an identity policy's statements.
    #[must_use]
    pub fn with(mut self, more: impl IntoIterator<Item = Grant<'a>>) -> Self {
        if let Some(identity) = self.layers.0.first_mut() {
            identity.grants.extend(more);
        }
        self
    }

    /// The account.
    pub fn account(&self) -> &'a Account {
        self.account
    }

    /// The principal.
    pub fn principal(&self) -> &'a Principal {
        self.principal
    }

    /// What is known of the principal's requests, whatever they ask for.
    pub fn context(&self) -> &Context {
        &self.context
    }

    /// The layers, identity policies first.
    pub fn layers(&self) -> &[Layer<'a>] {
        &self.layers.0
    }

    /// Whether some pair of the block is allowed.
    pub fn can_some(&self, block: &Block, context: &Context) -> Verdict {
        self.layers.can_some(block, context).named()
    }

    /// Whether all of these actions are allowed on one and the same resource of the language.
    pub fn can_together(&self, actions: &[&str], resources: &Language, context: &Context) -> Verdict {
        self.layers.can_together(actions, resources, context).named()
    }

    /// Whether every pair of the block is allowed.
    pub fn can_all(&self, block: &Block, context: &Context) -> Truth {
        self.can_all_but(block, context, &|_| false)
    }

    /// Whether every pair is allowed but for denies that `ignored` names.
    pub fn can_all_but(&self, block: &Block, context: &Context, ignored: &dyn Fn(&Block) -> bool) -> Truth {
        self.layers.can_all_but(block, context, ignored)
    }
}

/// Whether the parts together are the whole; `None` when too complex.
pub(super) fn covers(whole: &Block, parts: &[Block]) -> Option<bool> {
    match remainder(whole, parts) {
        Remainder::Nothing => Some(true),
        Remainder::Pair { .. } => Some(false),
        Remainder::TooComplex => None,
    }
}

/// The statements of policies; of several that say the same, as those of groups often do, the first counts.
pub(crate) fn grants<'a>(account: &'a Account, policies: impl Iterator<Item = &'a Attached>) -> Vec<Grant<'a>> {
    let mut said = Said::default();
    policies
        .filter_map(|attached| Some((attached.document?, attached.policy.as_ref())))
        .filter(|(document, _)| said.is_new(*document))
        .flat_map(|(document, policy)| account.rules(document).iter().map(move |rule| Grant { rule, policy }))
        .collect()
}

/// Documents that were met.
#[derive(Debug, Default)]
pub(crate) struct Said(Vec<DocumentId>);

impl Said {
    /// Whether a document was not met before.
    pub(crate) fn is_new(&mut self, document: DocumentId) -> bool {
        let is_new = !self.0.contains(&document);
        if is_new {
            self.0.push(document);
        }
        is_new
    }
}

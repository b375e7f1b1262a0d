//! What a principal may do, as sets: without a request, and without a list of actions.
//!
//! A question names a set of pairs of actions and resources and what is known of the request. "Some" asks whether one
//! pair of the set is allowed, "all" whether every pair is. Allows count when their conditions hold, denies when theirs
//! may: so a `True` is certain, a `False` is certain, and everything between them names the keys that it hangs on.

mod known;
mod profile;

use std::collections::BTreeSet;
use std::fmt;

use super::account::{Account, Attached, Boundary, PolicyName, Principal};
use super::context::{Context, Fact};
use super::document::{Patterns, Rule, VariableValue};
use super::pattern::{Pattern, Sample};
use super::policy::Effect;
use super::region::{Block, Language, Remainder, remainder};
use super::truth::Truth;

pub use known::{chosen_by_caller, principal_context};
pub use profile::{BILLING_ACTIONS, BUDGET_ACTIONS, Mfa};

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

impl Verdict {
    fn no() -> Self {
        Self { truth: Truth::False, statements: Vec::new(), example: None }
    }
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
    /// The statement's name for readers.
    pub fn name(&self) -> StatementRef {
        StatementRef { policy: self.policy.clone(), statement: self.rule.name.clone() }
    }
}

/// Policies of which at least one has to allow.
#[derive(Debug, Clone, Default)]
pub struct Layer<'a> {
    /// The statements.
    pub grants: Vec<Grant<'a>>,
    /// Why statements may be missing.
    pub unknown: Vec<String>,
}

/// What a principal may do.
#[derive(Debug, Clone)]
pub struct Access<'a> {
    account: &'a Account,
    principal: &'a Principal,
    context: Context,
    /// Identity policies first; then each further layer that has to allow too.
    layers: Vec<Layer<'a>>,
}

/// Whether doubtful statements count for or against the principal.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Mode {
    /// Only what is certain is allowed.
    Certain,
    /// All that may be is allowed.
    Possible,
}

impl<'a> Access<'a> {
    /// The access of a principal of the account.
    pub fn new(account: &'a Account, principal: &'a Principal) -> Self {
        Self::without(account, principal, None)
    }

    /// The same as if one policy were not there.
    pub fn without(account: &'a Account, principal: &'a Principal, removed: Option<&PolicyName>) -> Self {
        let groups = principal.groups.iter().filter_map(|name| account.groups().get(name));
        let identity = principal.policies.iter().chain(groups.flat_map(|group| group.policies.iter()));
        let kept = identity.filter(|attached| Some(&attached.policy) != removed);
        let mut layers = vec![Layer { grants: grants(account, kept), unknown: principal.unknown.clone() }];
        if let Boundary::Policy(attached) = &principal.boundary {
            let unread =
                attached.document.is_none().then(|| format!("permissions boundary `{}` is not known", attached.policy));
            layers.push(Layer {
                grants: grants(account, std::iter::once(attached)),
                unknown: unread.into_iter().collect(),
            });
        }
        Self { account, principal, context: principal_context(account, principal), layers }
    }

    /// Adds a layer that has to allow too, such as the service control policies of one level.
    #[must_use]
    pub fn under(mut self, layer: Layer<'a>) -> Self {
        self.layers.push(layer);
        self
    }

    /// The access in sessions with MFA, for questions about what a principal can reach at best.
    #[must_use]
    pub fn with_mfa(mut self) -> Self {
        self.context.set_value("aws:MultiFactorAuthPresent", "true");
        self.context.set_value("aws:MultiFactorAuthAge", "0");
        self
    }

    /// Adds an identity policy's statements.
    #[must_use]
    pub fn with(mut self, more: impl IntoIterator<Item = Grant<'a>>) -> Self {
        if let Some(identity) = self.layers.first_mut() {
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
        &self.layers
    }

    /// Whether some pair of the block is allowed.
    pub fn can_some(&self, block: &Block, context: &Context) -> Verdict {
        if let Some(found) =
            Self::find(&self.layers, block, context, Mode::Certain).filter(|found| found.doubts.is_empty())
        {
            return Verdict { truth: Truth::True, statements: found.statements, example: found.example };
        }
        match Self::find(&self.layers, block, context, Mode::Possible) {
            None => Verdict::no(),
            Some(mut found) => {
                found.doubts.extend(self.doubtful_denies(block, context));
                if found.doubts.is_empty() {
                    found.doubts.insert("question too complex".to_owned());
                }
                Verdict { truth: Truth::Unknown(found.doubts), statements: found.statements, example: found.example }
            }
        }
    }

    /// Whether all of these actions are allowed on one and the same resource of the language.
    pub fn can_together(&self, actions: &[&str], resources: &Language, context: &Context) -> Verdict {
        let blocks = |resources: &Language| -> Vec<Block> {
            let own =
                |action: &&str| Block { actions: Language::of(Pattern::action(action)), resources: resources.clone() };
            actions.iter().map(own).collect()
        };
        for mode in [Mode::Certain, Mode::Possible] {
            let other = if mode == Mode::Certain { Mode::Possible } else { Mode::Certain };
            let whole = blocks(resources);
            let taken = whole.iter().flat_map(|block| {
                let layers = self.layers.iter();
                layers
                    .flat_map(|layer| Self::blocks(layer, block, context, Effect::Deny, other))
                    .map(|(_, part, _)| part.resources)
            });
            let denies: Vec<Block> =
                taken.map(|resources| Block { actions: Language::anything(), resources }).collect();
            let steps: Vec<(&Layer<'a>, &Block)> =
                whole.iter().flat_map(|block| self.layers.iter().map(move |layer| (layer, block))).collect();
            let start = Found { statements: Vec::new(), doubts: BTreeSet::new(), example: None };
            let Some(mut found) = Self::descend(&steps, resources, context, mode, &denies, start) else { continue };
            found.statements.dedup();
            if mode == Mode::Certain {
                return Verdict { truth: Truth::True, statements: found.statements, example: found.example };
            }
            found.doubts.extend(whole.iter().flat_map(|block| self.doubtful_denies(block, context)));
            if found.doubts.is_empty() {
                found.doubts.insert("question too complex".to_owned());
            }
            return Verdict {
                truth: Truth::Unknown(found.doubts),
                statements: found.statements,
                example: found.example,
            };
        }
        Verdict::no()
    }

    /// Whether every pair of the block is allowed.
    pub fn can_all(&self, block: &Block, context: &Context) -> Verdict {
        self.can_all_but(block, context, &|_| false)
    }

    /// Whether every pair is allowed but for denies that `ignored` names.
    pub fn can_all_but(&self, block: &Block, context: &Context, ignored: &dyn Fn(&Block) -> bool) -> Verdict {
        let mut doubts = BTreeSet::new();
        let mut statements = Vec::new();
        for layer in &self.layers {
            match Self::layer_covers(layer, block, context, ignored) {
                Truth::False => return Verdict::no(),
                Truth::Unknown(keys) => doubts.extend(keys),
                Truth::True => {}
            }
        }
        if let Some(identity) = self.layers.first() {
            let applying = Self::blocks(identity, block, context, Effect::Allow, Mode::Possible);
            statements.extend(applying.into_iter().map(|(grant, ..)| grant.name()));
            statements.dedup();
        }
        let truth = if doubts.is_empty() { Truth::True } else { Truth::Unknown(doubts) };
        Verdict { truth, statements, example: None }
    }

    /// Whether one layer allows the whole block and denies none of it.
    fn layer_covers(layer: &Layer<'a>, block: &Block, context: &Context, ignored: &dyn Fn(&Block) -> bool) -> Truth {
        // One action of the block that no allow names settles it, and costs next to nothing.
        if layer.unknown.is_empty()
            && let Sample::Text(action) = block.actions.sample()
            && let Sample::Text(_) = block.resources.sample()
            && !layer.grants.iter().any(|g| g.rule.effect == Effect::Allow && g.rule.actions.contains(&action))
        {
            return Truth::False;
        }
        let covered = |mode: Mode| {
            let allows: Vec<Block> =
                Self::blocks(layer, block, context, Effect::Allow, mode).into_iter().map(|(_, b, _)| b).collect();
            let other = if mode == Mode::Certain { Mode::Possible } else { Mode::Certain };
            let denied = Self::blocks(layer, block, context, Effect::Deny, other).iter().any(|(_, b, _)| !ignored(b));
            if denied { Some(false) } else { covers(block, &allows) }
        };
        let doubts = || {
            let both = [Effect::Allow, Effect::Deny].into_iter();
            let keys = both
                .flat_map(|effect| Self::blocks(layer, block, context, effect, Mode::Possible))
                .flat_map(|(_, _, truth)| truth.keys());
            let mut keys: BTreeSet<String> = keys.chain(layer.unknown.iter().cloned()).collect();
            if keys.is_empty() {
                keys.insert("question too complex".to_owned());
            }
            Truth::Unknown(keys)
        };
        if layer.unknown.is_empty() && covered(Mode::Certain) == Some(true) {
            return Truth::True;
        }
        match covered(Mode::Possible) {
            Some(false) if layer.unknown.is_empty() || Self::surely_denied(layer, block, context, ignored) => {
                Truth::False
            }
            _ => doubts(),
        }
    }

    fn surely_denied(layer: &Layer<'a>, block: &Block, context: &Context, ignored: &dyn Fn(&Block) -> bool) -> bool {
        Self::blocks(layer, block, context, Effect::Deny, Mode::Certain).iter().any(|(_, b, _)| !ignored(b))
    }

    /// The parts of the block that the layer's statements of one effect speak of.
    fn blocks(
        layer: &Layer<'a>,
        block: &Block,
        context: &Context,
        effect: Effect,
        mode: Mode,
    ) -> Vec<(Grant<'a>, Block, Truth)> {
        let mut found = Vec::new();
        let literal = block.actions.as_literal();
        for grant in layer.grants.iter().filter(|grant| grant.rule.effect == effect) {
            if literal.as_ref().is_some_and(|action| !grant.rule.actions.contains(action)) {
                continue;
            }
            let truth = holds(grant.rule, context);
            if truth.is_false() || (mode == Mode::Certain && !truth.is_true()) {
                continue;
            }
            let (resources, unknown) = resources(grant.rule, context, mode);
            let truth = if unknown { truth.and(Truth::unknown("a policy variable")) } else { truth };
            found.extend(grant.rule.blocks(block, &resources).into_iter().map(|part| (*grant, part, truth.clone())));
        }
        found
    }

    /// Looks for an allowed pair.
    fn find(layers: &[Layer<'a>], block: &Block, context: &Context, mode: Mode) -> Option<Found> {
        let other = if mode == Mode::Certain { Mode::Possible } else { Mode::Certain };
        let denies: Vec<Block> = layers
            .iter()
            .flat_map(|layer| Self::blocks(layer, block, context, Effect::Deny, other))
            .map(|(_, b, _)| b)
            .collect();
        let start = Found { statements: Vec::new(), doubts: BTreeSet::new(), example: None };
        Self::narrow(layers, block, context, mode, &denies, start)
    }

    /// Lets one layer after the other narrow the block; at the end something has to be left beside the denies.
    fn narrow(
        layers: &[Layer<'a>],
        block: &Block,
        context: &Context,
        mode: Mode,
        denies: &[Block],
        so_far: Found,
    ) -> Option<Found> {
        let Some((layer, rest)) = layers.split_first() else { return left(block, denies, mode, so_far) };
        if mode == Mode::Certain && !layer.unknown.is_empty() {
            return None;
        }
        for (grant, part, truth) in Self::blocks(layer, block, context, Effect::Allow, mode) {
            let next = so_far.clone().by(&grant, truth, layer);
            if let Some(found) = Self::narrow(rest, &part, context, mode, denies, next) {
                return Some(found);
            }
        }
        if layer.unknown.is_empty() {
            None
        } else {
            Self::narrow(rest, block, context, mode, denies, so_far.in_doubt(layer))
        }
    }

    /// As [`Access::narrow`], for several actions on one resource: each step is a layer and an action.
    fn descend(
        steps: &[(&Layer<'a>, &Block)],
        resources: &Language,
        context: &Context,
        mode: Mode,
        denies: &[Block],
        so_far: Found,
    ) -> Option<Found> {
        let Some(((layer, block), rest)) = steps.split_first() else {
            let block = Block { actions: Language::of(Pattern::literal("")), resources: resources.clone() };
            return left(&block, denies, mode, so_far);
        };
        if mode == Mode::Certain && !layer.unknown.is_empty() {
            return None;
        }
        let block = Block { actions: block.actions.clone(), resources: resources.clone() };
        for (grant, part, truth) in Self::blocks(layer, &block, context, Effect::Allow, mode) {
            let next = so_far.clone().by(&grant, truth, layer);
            if let Some(found) = Self::descend(rest, &part.resources, context, mode, denies, next) {
                return Some(found);
            }
        }
        if layer.unknown.is_empty() {
            return None;
        }
        Self::descend(rest, resources, context, mode, denies, so_far.in_doubt(layer))
    }

    /// The keys of denies that may take something of the block away.
    fn doubtful_denies(&self, block: &Block, context: &Context) -> BTreeSet<String> {
        let denies =
            self.layers.iter().flat_map(|layer| Self::blocks(layer, block, context, Effect::Deny, Mode::Possible));
        denies.flat_map(|(_, _, truth)| truth.keys()).collect()
    }
}

#[derive(Debug, Clone)]
struct Found {
    statements: Vec<StatementRef>,
    doubts: BTreeSet<String>,
    example: Option<(String, String)>,
}

impl Found {
    fn by(mut self, grant: &Grant<'_>, truth: Truth, layer: &Layer<'_>) -> Self {
        self.statements.push(grant.name());
        self.doubts.extend(truth.keys());
        self.in_doubt(layer)
    }

    fn in_doubt(mut self, layer: &Layer<'_>) -> Self {
        self.doubts.extend(layer.unknown.iter().cloned());
        self
    }
}

/// What is left of a block beside the denies.
fn left(block: &Block, denies: &[Block], mode: Mode, so_far: Found) -> Option<Found> {
    match remainder(block, denies) {
        Remainder::Pair { action, resource } => Some(Found { example: Some((action, resource)), ..so_far }),
        Remainder::TooComplex if mode == Mode::Possible => Some(so_far),
        Remainder::TooComplex | Remainder::Nothing => None,
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

/// The statements of policies.
pub(crate) fn grants<'a>(account: &'a Account, policies: impl Iterator<Item = &'a Attached>) -> Vec<Grant<'a>> {
    policies
        .filter_map(|attached| Some((attached.document?, &attached.policy)))
        .flat_map(|(document, policy)| account.rules(document).iter().map(move |rule| Grant { rule, policy }))
        .collect()
}

/// Whether a statement's conditions hold. What the caller chooses never stops an allow, and never makes a deny apply.
pub fn holds(rule: &Rule, context: &Context) -> Truth {
    let chosen = |key: &str| *context.get(key) == Fact::Unknown && chosen_by_caller(key);
    match rule.effect {
        Effect::Deny if rule.conditions.iter().any(|condition| chosen(&condition.key)) => Truth::False,
        _ => Truth::all(
            rule.conditions
                .iter()
                .filter(|condition| !chosen(&condition.key))
                .map(|condition| condition.holds(context)),
        ),
    }
}

/// The statement's resources with variables filled in, and whether an unknown one was widened.
fn resources(rule: &Rule, context: &Context, mode: Mode) -> (Patterns, bool) {
    if !rule.has_variables() {
        return (rule.resources.fixed.clone(), false);
    }
    let value = |key: &str| match context.get(key) {
        Fact::Present(values) => match values.as_slice() {
            [one] => VariableValue::Is(one.clone()),
            _ => VariableValue::Absent,
        },
        Fact::Absent => VariableValue::Absent,
        Fact::SomeValue | Fact::Unknown => VariableValue::Unknown,
    };
    let wide = rule.resources.for_variables(&value, mode == Mode::Possible);
    let unknown = mode == Mode::Possible && wide != rule.resources.for_variables(&value, false);
    (wide, unknown)
}

//! Policies of which every layer has to allow, and the questions that are asked of them.
//!
//! Which statements are given decides what a question costs: whoever knows which of them speak of an action gives those
//! alone, and gets the answer that all of them would give.

use std::borrow::Cow;

use super::single::OneThing;
use super::{Grant, StatementRef, Verdict, chosen_by_caller};
use crate::iam::context::{Context, Fact};
use crate::iam::document::{Patterns, Rule, VariableValue};
use crate::iam::pattern::{Pattern, Sample};
use crate::iam::policy::Effect;
use crate::iam::region::{Block, Language, Remainder, remainder};
use crate::iam::truth::{Keys, Truth};

/// Policies of which at least one has to allow.
#[derive(Debug, Clone, Default)]
pub struct Layer<'a> {
    /// The statements.
    pub grants: Vec<Grant<'a>>,
    /// Why statements may be missing.
    pub unknown: Vec<String>,
}

/// Layers that all have to allow, identity policies first.
#[derive(Debug, Clone, Default)]
pub struct Layers<'a>(pub(super) Vec<Layer<'a>>);

/// An answer, with the statements by reference.
#[derive(Debug, Clone)]
pub(crate) struct Judged<'a> {
    /// Whether it is so.
    pub(crate) truth: Truth,
    /// The statements that allow it, as far as one is enough.
    pub(crate) grants: Vec<Grant<'a>>,
    /// A pair of action and resource that proves it.
    pub(crate) example: Option<(String, String)>,
}

impl Judged<'_> {
    /// No.
    pub(crate) fn no() -> Self {
        Self { truth: Truth::False, grants: Vec::new(), example: None }
    }

    /// The names of the statements.
    pub(crate) fn statements(&self) -> Vec<StatementRef> {
        let mut names: Vec<StatementRef> = self.grants.iter().map(Grant::name).collect();
        names.dedup();
        names
    }

    /// The same with its statements named.
    pub(crate) fn named(self) -> Verdict {
        let statements = self.statements();
        Verdict { truth: self.truth, statements, example: self.example }
    }
}

/// Whether doubtful statements count for or against the principal.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Mode {
    /// Only what is certain is allowed.
    Certain,
    /// All that may be is allowed.
    Possible,
}

impl Mode {
    /// How denies count where allows count like this.
    pub(super) fn for_denies(self) -> Self {
        match self {
            Self::Certain => Self::Possible,
            Self::Possible => Self::Certain,
        }
    }
}

/// A part of a block that a statement speaks of, and whether its conditions hold.
type Part<'a> = (Grant<'a>, Block, Truth);

impl<'a> Layers<'a> {
    /// These layers.
    pub(crate) fn new(layers: Vec<Layer<'a>>) -> Self {
        Self(layers)
    }

    /// Whether no statement's meaning depends on the request.
    pub(crate) fn are_plain(&self) -> bool {
        self.0.iter().flat_map(|layer| &layer.grants).all(|grant| grant.rule.is_plain())
    }

    /// Whether some pair of the block is allowed.
    pub(crate) fn can_some(&self, block: &Block, context: &Context) -> Judged<'a> {
        if let Some(found) = self.find(block, context, Mode::Certain).filter(|found| found.doubts.is_empty()) {
            return found.judged(Truth::True);
        }
        match self.find(block, context, Mode::Possible) {
            None => Judged::no(),
            Some(found) => found.in_doubt_of(&self.doubtful_denies(block, context)),
        }
    }

    /// Whether all of these actions are allowed on one and the same resource of the language.
    pub(crate) fn can_together(&self, actions: &[&str], resources: &Language, context: &Context) -> Judged<'a> {
        if let Some(resource) = resources.as_only_text()
            && !actions.iter().any(|action| action.contains(['*', '?']))
        {
            let actions: Vec<String> = actions.iter().map(|action| action.to_ascii_lowercase()).collect();
            let actions: Vec<&str> = actions.iter().map(String::as_str).collect();
            return self.can_on(&OneThing { actions: &actions, resource, context });
        }
        self.can_together_anywhere(actions, resources, context)
    }

    /// The same, for whatever resources.
    pub(super) fn can_together_anywhere(
        &self,
        actions: &[&str],
        resources: &Language,
        context: &Context,
    ) -> Judged<'a> {
        let whole: Vec<Block> = actions
            .iter()
            .map(|action| Block { actions: Language::of(Pattern::action(action)), resources: resources.clone() })
            .collect();
        let steps: Vec<(&Layer<'a>, &Block)> =
            whole.iter().flat_map(|block| self.0.iter().map(move |layer| (layer, block))).collect();
        for mode in [Mode::Certain, Mode::Possible] {
            let taken = whole.iter().flat_map(|block| self.denies(block, context, mode.for_denies()));
            let denies: Vec<Block> =
                taken.map(|part| Block { actions: Language::anything(), resources: part.resources }).collect();
            let Some(mut found) = descend(&steps, resources, context, mode, &denies, Found::default()) else {
                continue;
            };
            found.grants.dedup_by(|one, other| one.is(other));
            if mode == Mode::Certain {
                return found.judged(Truth::True);
            }
            let mut doubts = Keys::default();
            for block in &whole {
                doubts.add(&self.doubtful_denies(block, context));
            }
            return found.in_doubt_of(&doubts);
        }
        Judged::no()
    }

    /// Whether every pair is allowed but for denies that `ignored` names.
    pub(crate) fn can_all_but(&self, block: &Block, context: &Context, ignored: &dyn Fn(&Block) -> bool) -> Truth {
        Truth::all(self.0.iter().map(|layer| layer.covers(block, context, ignored)))
    }

    /// The parts of a block that the denies of all layers take away.
    fn denies(&self, block: &Block, context: &Context, mode: Mode) -> impl Iterator<Item = Block> {
        let layers = self.0.iter();
        let parts = layers.flat_map(move |layer| layer.parts(block, context, Effect::Deny, mode));
        parts.map(|(_, part, _)| part).collect::<Vec<_>>().into_iter()
    }

    /// The keys of denies that may take something of the block away.
    fn doubtful_denies(&self, block: &Block, context: &Context) -> Keys {
        let layers = self.0.iter();
        let denies = layers.flat_map(|layer| layer.parts(block, context, Effect::Deny, Mode::Possible));
        Keys::of(denies.map(|(_, _, truth)| truth))
    }

    /// Looks for an allowed pair.
    fn find(&self, block: &Block, context: &Context, mode: Mode) -> Option<Found<'a>> {
        let denies: Vec<Block> = self.denies(block, context, mode.for_denies()).collect();
        narrow(&self.0, block, context, mode, &denies, Found::default())
    }
}

impl<'a> Layer<'a> {
    /// The parts of the block that the layer's statements of one effect speak of, found as they are asked for.
    fn parts<'b>(
        &'b self,
        block: &'b Block,
        context: &'b Context,
        effect: Effect,
        mode: Mode,
    ) -> impl Iterator<Item = Part<'a>> + 'b {
        let literal = block.actions.as_literal();
        let named = move |grant: &&Grant<'a>| {
            grant.rule.effect == effect && literal.is_none_or(|action| grant.rule.actions.contains(action))
        };
        self.grants.iter().filter(named).flat_map(move |grant| {
            let truth = holds(grant.rule, context);
            if truth.is_false() || (mode == Mode::Certain && !truth.is_true()) {
                return Vec::new();
            }
            let resources = resources(grant.rule, context, mode == Mode::Possible);
            // A variable that was widened is one that nobody knows.
            let unknown = mode == Mode::Possible
                && grant.rule.has_variables()
                && resources != self::resources(grant.rule, context, false);
            let truth = if unknown { truth.and(Truth::unknown("a policy variable")) } else { truth };
            let blocks = grant.rule.blocks(block, &resources).into_iter();
            blocks.map(|part| (*grant, part, truth.clone())).collect::<Vec<_>>()
        })
    }

    /// Whether the layer allows the whole block and denies none of it.
    fn covers(&self, block: &Block, context: &Context, ignored: &dyn Fn(&Block) -> bool) -> Truth {
        // One action of the block that no allow names settles it, and costs next to nothing.
        let some = match (block.actions.sample(), block.resources.sample()) {
            (Sample::Text(action), Sample::Text(_)) => Some(action),
            _ => None,
        };
        let naming = some.map(|action| -> Vec<&Grant<'a>> {
            let names = |grant: &&Grant<'_>| grant.rule.effect == Effect::Allow && grant.rule.actions.contains(&action);
            self.grants.iter().filter(names).collect()
        });
        if self.unknown.is_empty() && naming.as_ref().is_some_and(Vec::is_empty) {
            return Truth::False;
        }
        let denied = |mode: Mode| self.parts(block, context, Effect::Deny, mode).any(|(_, b, _)| !ignored(&b));
        let covered = |mode: Mode| {
            if denied(mode.for_denies()) {
                return Some(false);
            }
            let counts = |grant: &Grant<'_>| match holds(grant.rule, context) {
                Truth::True => true,
                Truth::Unknown(_) => mode == Mode::Possible,
                Truth::False => false,
            };
            let is_whole = |grant: &Grant<'_>| grant.rule.effect == Effect::Allow && grant.rule.is_about_everything();
            if self.grants.iter().any(|grant| is_whole(grant) && counts(grant)) {
                return Some(true);
            }
            if naming.as_ref().is_some_and(|naming| !naming.iter().any(|grant| counts(grant))) {
                return Some(false);
            }
            let allows: Vec<Block> = self.parts(block, context, Effect::Allow, mode).map(|(_, part, _)| part).collect();
            super::covers(block, &allows)
        };
        if self.unknown.is_empty() && covered(Mode::Certain) == Some(true) {
            return Truth::True;
        }
        match covered(Mode::Possible) {
            Some(false) if self.unknown.is_empty() || denied(Mode::Certain) => Truth::False,
            _ => self.doubts(block, context),
        }
    }

    /// Why statements may be missing.
    fn untold(&self) -> Keys {
        self.unknown.iter().map(String::as_str).collect()
    }

    fn doubts(&self, block: &Block, context: &Context) -> Truth {
        let parts = [Effect::Allow, Effect::Deny]
            .into_iter()
            .flat_map(|effect| self.parts(block, context, effect, Mode::Possible));
        let mut keys = Keys::of(parts.map(|(_, _, truth)| truth));
        keys.add(&self.untold());
        Truth::Unknown(if keys.is_empty() { Keys::one(TOO_COMPLEX) } else { keys })
    }
}

const TOO_COMPLEX: &str = "question too complex";

/// Lets one layer after the other narrow the block; at the end something has to be left beside the denies.
fn narrow<'a>(
    layers: &[Layer<'a>],
    block: &Block,
    context: &Context,
    mode: Mode,
    denies: &[Block],
    so_far: Found<'a>,
) -> Option<Found<'a>> {
    let Some((layer, rest)) = layers.split_first() else { return left(block, denies, mode, so_far) };
    if mode == Mode::Certain && !layer.unknown.is_empty() {
        return None;
    }
    // Nothing is left of what failed already, nor of a part of it.
    let mut failed: Vec<Block> = Vec::new();
    for (grant, part, truth) in layer.parts(block, context, Effect::Allow, mode) {
        if failed.iter().any(|known| known.plainly_covers(&part)) {
            continue;
        }
        let next = so_far.clone().by(grant, &truth, layer);
        if let Some(found) = narrow(rest, &part, context, mode, denies, next) {
            return Some(found);
        }
        failed.push(part);
    }
    if layer.unknown.is_empty() { None } else { narrow(rest, block, context, mode, denies, so_far.in_doubt(layer)) }
}

/// As [`narrow`], for several actions on one resource: each step is a layer and an action.
fn descend<'a>(
    steps: &[(&Layer<'a>, &Block)],
    resources: &Language,
    context: &Context,
    mode: Mode,
    denies: &[Block],
    so_far: Found<'a>,
) -> Option<Found<'a>> {
    let Some(((layer, block), rest)) = steps.split_first() else {
        let block = Block { actions: Language::of(Pattern::literal("")), resources: resources.clone() };
        return left(&block, denies, mode, so_far);
    };
    if mode == Mode::Certain && !layer.unknown.is_empty() {
        return None;
    }
    let block = Block { actions: block.actions.clone(), resources: resources.clone() };
    let mut failed: Vec<Language> = Vec::new();
    for (grant, part, truth) in layer.parts(&block, context, Effect::Allow, mode) {
        if failed.iter().any(|known| known.plainly_covers(&part.resources)) {
            continue;
        }
        let next = so_far.clone().by(grant, &truth, layer);
        if let Some(found) = descend(rest, &part.resources, context, mode, denies, next) {
            return Some(found);
        }
        failed.push(part.resources);
    }
    if layer.unknown.is_empty() {
        return None;
    }
    descend(rest, resources, context, mode, denies, so_far.in_doubt(layer))
}

#[derive(Debug, Clone, Default)]
pub(super) struct Found<'a> {
    pub(super) grants: Vec<Grant<'a>>,
    doubts: Keys,
    pub(super) example: Option<(String, String)>,
}

impl<'a> Found<'a> {
    pub(super) fn by(mut self, grant: Grant<'a>, truth: &Truth, layer: &Layer<'_>) -> Self {
        self.grants.push(grant);
        self.doubts.add(&truth.keys());
        self.in_doubt(layer)
    }

    pub(super) fn in_doubt(mut self, layer: &Layer<'_>) -> Self {
        if !layer.unknown.is_empty() {
            self.doubts.add(&layer.untold());
        }
        self
    }

    pub(super) fn judged(self, truth: Truth) -> Judged<'a> {
        Judged { truth, grants: self.grants, example: self.example }
    }

    pub(super) fn in_doubt_of(mut self, more: &Keys) -> Judged<'a> {
        self.doubts.add(more);
        if self.doubts.is_empty() {
            self.doubts = Keys::one(TOO_COMPLEX);
        }
        let doubts = std::mem::take(&mut self.doubts);
        self.judged(Truth::Unknown(doubts))
    }
}

/// What is left of a block beside the denies.
fn left<'a>(block: &Block, denies: &[Block], mode: Mode, so_far: Found<'a>) -> Option<Found<'a>> {
    match remainder(block, denies) {
        Remainder::Pair { action, resource } => Some(Found { example: Some((action, resource)), ..so_far }),
        Remainder::TooComplex if mode == Mode::Possible => Some(so_far),
        Remainder::TooComplex | Remainder::Nothing => None,
    }
}

/// Whether a statement's conditions hold. What the caller chooses never stops an allow, and never makes a deny apply.
pub fn holds(rule: &Rule, context: &Context) -> Truth {
    if rule.conditions.is_empty() {
        return Truth::True;
    }
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

/// The statement's resources with variables filled in; one without a known value is left out, or, when `wide`, stands for
/// any text.
pub(super) fn resources<'r>(rule: &'r Rule, context: &Context, wide: bool) -> Cow<'r, Patterns> {
    if !rule.has_variables() {
        return Cow::Borrowed(&rule.resources.fixed);
    }
    let value = |key: &str| match context.get(key) {
        Fact::Present(values) => match values.as_slice() {
            [one] => VariableValue::Is(one.clone()),
            _ => VariableValue::Absent,
        },
        Fact::Absent => VariableValue::Absent,
        Fact::SomeValue | Fact::Unknown => VariableValue::Unknown,
    };
    Cow::Owned(rule.resources.for_variables(&value, wide))
}

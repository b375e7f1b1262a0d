//! What principals with the same policies have in common: which of their statements speak of what, how they may begin, and what
//! answers about them rest on. Worked out once for all of them.

use std::collections::{HashMap, HashSet};
use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use super::Step;
use super::bits::Bits;
use super::caller::is_about_target;
use super::index::{self, Index};
use super::methods::methods;
use super::moves::Move;
use super::universe::Node;
use crate::iam::access::{Grant, Said};
use crate::iam::account::{Attached, Bound, Boundary, PolicyName};
use crate::iam::document::Rule;
use crate::iam::policy::Effect;
use crate::iam::shared::{Asked, Facts, Statements};
use crate::iam::truth::Truth;

/// A statement that speaks of an action and binds the principal.
#[derive(Debug, Clone, Copy)]
pub(super) struct Known<'a> {
    pub(super) action: u16,
    /// Where it stands among all that bind the principal.
    pub(super) position: u32,
    /// Its layer: identity policies first, then the bounds in their order.
    pub(super) layer: usize,
    pub(super) rule: &'a Rule,
    pub(super) policy: &'a PolicyName,
    pub(super) resources: u32,
}

/// The layer of the identity policies.
pub(super) const IDENTITY: usize = 0;

/// What answers about a principal rest on, but for what is known of it.
#[derive(Debug)]
pub(super) struct Rest<'a> {
    /// The statements that speak of what is asked.
    pub(super) statements: Statements,
    /// The condition keys that they ask for.
    pub(super) keys: Vec<&'a str>,
    /// The condition keys that all statements ask for which speak of the method, those included that make no difference.
    pub(super) all_keys: Vec<&'a str>,
    /// The positions of the resource patterns of all those statements; none where some depend on who asks, or conditions on who is
    /// asked for.
    pub(super) resources: Option<Vec<u32>>,
}

/// What is asked about a method.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum About {
    /// Whom it leads to.
    Reach,
    /// Whether its needs are met, in an account.
    Needs(usize),
}

/// What principals with the same policies have in common.
#[derive(Debug)]
pub(super) struct Shape<'a> {
    /// The permissions boundary, and the levels of service control policies.
    pub(super) bounds: Vec<Bound<'a>>,
    /// Sorted by action. What identity policies allow after a statement that allows everything is left out: a question is
    /// answered by the first statement that does.
    known: Vec<Known<'a>>,
    allows_everything: bool,
    /// The actions that an allow speaks of; all when policies are not known.
    spoken: Bits,
    startable: OnceLock<Vec<usize>>,
    /// Whether several principals have it, so that it pays to remember what one of them asked.
    is_shared: bool,
    /// By method and what was asked about it.
    rests: Mutex<Vec<Asking<'a>>>,
    /// By method, a move that is the same for all.
    moves: Mutex<Vec<(usize, Option<Move>)>>,
    steps: Mutex<HashMap<Taken, Arc<Step>>>,
}

type Asking<'a> = ((usize, About), Arc<Rest<'a>>);

/// A step.
#[derive(Debug, PartialEq, Eq, Hash)]
pub(super) struct Taken {
    /// Its method.
    pub(super) method: usize,
    /// Where it leads.
    pub(super) to: Whom,
    /// What it changes besides.
    pub(super) object: Option<Arc<str>>,
    /// Whether it is so, where that is settled already.
    pub(super) truth: Option<Truth>,
    /// What is known of who takes it.
    pub(super) facts: Facts,
}

/// Where a step leads.
#[derive(Debug, PartialEq, Eq, Hash)]
pub(super) enum Whom {
    /// To the principal with this number.
    Other(usize),
    /// To whoever takes it; which of the statements name it.
    Oneself(Vec<bool>),
}

/// Steps that are kept for one shape: where each user may do something to itself alone, there are as many as users.
const MOST_STEPS: usize = 64;

impl<'a> Shape<'a> {
    fn new(node: &Node<'a>, index: &Index<'a>, is_shared: bool) -> Self {
        let size = index::actions().len();
        let is_whole = node.principal.unknown.is_empty();
        let mut shape = Self {
            bounds: node.account.bounds(node.principal),
            known: Vec::new(),
            allows_everything: false,
            spoken: if is_whole { Bits::empty(size) } else { Bits::full(size) },
            startable: OnceLock::new(),
            is_shared,
            rests: Mutex::default(),
            moves: Mutex::default(),
            steps: Mutex::default(),
        };
        let mut position = 0;
        let mut said = Said::default();
        for attached in node.identity().filter(|attached| attached.document.is_none_or(|own| said.is_new(own))) {
            position = shape.read(node, index, attached, position, IDENTITY);
        }
        let bounds = std::mem::take(&mut shape.bounds);
        for (layer, bound) in (1..).zip(&bounds) {
            for attached in &bound.policies {
                position = shape.read(node, index, attached, position, layer);
            }
        }
        shape.bounds = bounds;
        shape.known.sort_by_key(|known| (known.action, known.position));
        shape.known.shrink_to_fit();
        shape
    }

    /// Adds the statements of a policy, the first of which has this position; tells the next one's.
    fn read(&mut self, node: &Node<'a>, index: &Index<'a>, attached: &'a Attached, first: u32, layer: usize) -> u32 {
        let Some(document) = attached.document else { return first };
        let Some(spoken) = index.document(node.home, document) else { return first };
        let rules = node.account.rules(document);
        let (is_identity, comes_late) = (layer == IDENTITY, self.allows_everything);
        let adds_nothing = |rule: &Rule, position: u16| {
            is_identity
                && rule.effect == Effect::Allow
                && (comes_late || spoken.whole.is_some_and(|whole| position > whole))
        };
        self.known.extend(spoken.mentions.iter().filter_map(|mention| {
            let rule = rules.get(usize::from(mention.rule)).filter(|rule| !adds_nothing(rule, mention.rule))?;
            Some(Known {
                action: mention.action,
                position: first + u32::from(mention.rule),
                layer,
                rule,
                policy: &attached.policy,
                resources: mention.resources,
            })
        }));
        if is_identity {
            self.spoken.add(&spoken.allowed);
            self.allows_everything |= spoken.whole.is_some();
        }
        first + u32::try_from(rules.len()).unwrap_or(u32::MAX - first)
    }

    /// The methods for which an allow speaks of every action without which they cannot begin.
    pub(super) fn startable(&self) -> &[usize] {
        let may_start = |method: &usize| index::start(*method).is_some_and(|needed| self.spoken.contains_all(needed));
        self.startable.get_or_init(|| (0..methods().len()).filter(may_start).collect())
    }

    /// Whether an allow speaks of an action at all.
    pub(super) fn speaks_of(&self, action: &str) -> bool {
        self.spoken.contains(usize::from(index::position(action)))
    }

    /// The statements that speak of an action.
    pub(super) fn speaking(&self, action: u16) -> &[Known<'a>] {
        let start = self.known.partition_point(|known| known.action < action);
        let end = self.known.partition_point(|known| known.action <= action);
        self.known.get(start..end).unwrap_or_default()
    }

    /// The statements that speak of some actions, in their order.
    pub(super) fn all_speaking(&self, actions: impl Iterator<Item = u16>) -> Vec<Known<'a>> {
        let mut found: Vec<Known<'a>> = actions.flat_map(|action| self.speaking(action).iter().copied()).collect();
        found.sort_unstable_by_key(|known| known.position);
        found.dedup_by_key(|known| known.position);
        found
    }

    /// What an answer about a method rests on that asks for some actions.
    pub(super) fn rest(&self, method: usize, about: About, actions: impl Iterator<Item = u16>) -> Arc<Rest<'a>> {
        let mut rests = self.rests.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((_, known)) = rests.iter().find(|(name, _)| *name == (method, about)) {
            return Arc::clone(known);
        }
        let found = self.all_speaking(actions);
        // Beside a statement that allows everything, what others allow makes no difference to whom a method leads to.
        let whole = found
            .iter()
            .find(|known| known.layer == IDENTITY && known.rule.allows_everything())
            .map(|known| known.position);
        let whole = whole.filter(|_| about == About::Reach);
        let adds_nothing = |known: &&Known<'a>| {
            known.layer == IDENTITY
                && known.rule.effect == Effect::Allow
                && whole.is_some_and(|whole| known.position != whole)
        };
        let matters = || found.iter().filter(|known| !adds_nothing(known));
        let is_open = |rule: &Rule| rule.has_variables() || rule.condition_keys().any(is_about_target);
        let resources = found.iter().map(|known| (!is_open(known.rule)).then_some(known.resources));
        let rest = Arc::new(Rest {
            resources: resources.collect(),
            keys: keys(matters()),
            all_keys: keys(found.iter()),
            statements: matters().map(|known| Asked::statement(known.layer, known.rule)).collect(),
        });
        rests.push(((method, about), Arc::clone(&rest)));
        rest
    }

    /// Whether a statement belongs to the first policy of this shape that has it.
    pub(super) fn is_first(&self, grant: &Grant<'a>) -> bool {
        let same = self.known.iter().filter(|known| std::ptr::eq(known.rule, grant.rule));
        same.min_by_key(|known| known.position).is_some_and(|known| std::ptr::eq(known.policy, grant.policy))
    }

    /// The move that a method is for all of this shape, worked out if nobody asked yet.
    pub(super) fn common_move(&self, method: usize, work_out: impl FnOnce() -> Option<Move>) -> Option<Move> {
        if !self.is_shared {
            return work_out();
        }
        let known = |moves: &[(usize, Option<Move>)]| moves.iter().find(|(name, _)| *name == method).cloned();
        if let Some((_, known)) = known(&self.moves.lock().unwrap_or_else(PoisonError::into_inner)) {
            return known;
        }
        // Two threads may work out the same: better than one waiting for the other.
        let found = work_out();
        let mut moves = self.moves.lock().unwrap_or_else(PoisonError::into_inner);
        if known(&moves).is_none() {
            moves.push((method, found.clone()));
        }
        found
    }
}

/// The condition keys that statements ask for.
fn keys<'k, 'a: 'k>(statements: impl Iterator<Item = &'k Known<'a>>) -> Vec<&'a str> {
    statements.filter(|known| !known.rule.is_plain()).flat_map(|known| known.rule.keys()).collect()
}

impl Shape<'_> {
    /// A step as somebody of this shape took it, explained if nobody did yet.
    pub(super) fn step(&self, taken: Taken, explain: impl FnOnce() -> Step) -> Arc<Step> {
        if !self.is_shared || !taken.facts.can_be_shared() {
            return Arc::new(explain());
        }
        if let Some(known) = self.steps.lock().unwrap_or_else(PoisonError::into_inner).get(&taken) {
            return Arc::clone(known);
        }
        let step = Arc::new(explain());
        let mut steps = self.steps.lock().unwrap_or_else(PoisonError::into_inner);
        if steps.len() < MOST_STEPS {
            steps.insert(taken, Arc::clone(&step));
        }
        step
    }
}

/// Everything that makes one shape another: where policies lie and which document each has, what the principal is and where.
type Key = Box<[usize]>;

/// The shapes so far of which there are several principals.
#[derive(Debug)]
pub(super) struct Shapes<'a> {
    /// Hashes of their keys. What is taken for shared and is not takes a little room.
    shared: HashSet<u64>,
    kept: Mutex<Kept<'a>>,
}

#[derive(Debug, Default)]
struct Kept<'a> {
    shapes: HashMap<Key, Arc<Shape<'a>>>,
    statements: usize,
}

/// How many statements may be kept: where nobody shares, they would take more than the account.
const MOST_STATEMENTS: usize = 1 << 16;

impl<'a> Shapes<'a> {
    /// Finds out which principals have the same shape.
    pub(super) fn new(nodes: &[Node<'a>], index: &Index<'_>) -> Self {
        let mut hashes: Vec<u64> = nodes.iter().filter_map(|node| key(node, index)).map(|key| hash(&key)).collect();
        hashes.sort_unstable();
        let twice = hashes.windows(2).filter_map(|pair| match pair {
            [one, two] if one == two => Some(*one),
            _ => None,
        });
        Self { shared: twice.collect(), kept: Mutex::default() }
    }

    /// The shape of a principal.
    pub(super) fn of(&self, node: &Node<'a>, index: &Index<'a>) -> Arc<Shape<'a>> {
        let Some(key) = key(node, index).filter(|key| self.shared.contains(&hash(key))) else {
            return Arc::new(Shape::new(node, index, false));
        };
        if let Some(known) = self.kept().shapes.get(&key) {
            return Arc::clone(known);
        }
        let shape = Arc::new(Shape::new(node, index, true));
        let mut kept = self.kept();
        if kept.statements + shape.known.len() <= MOST_STATEMENTS {
            kept.statements += shape.known.len().max(1);
            kept.shapes.insert(key, Arc::clone(&shape));
        }
        shape
    }

    fn kept(&self) -> std::sync::MutexGuard<'_, Kept<'a>> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn hash(key: &[usize]) -> u64 {
    let mut hasher = DefaultHasher::new();
    key.hash(&mut hasher);
    hasher.finish()
}

/// What a principal's shape goes by; `None` where policies are not known. Policies make no difference that speak of no action of a
/// method, say what one before them says, or only allow what one before them allows too.
fn key(node: &Node<'_>, index: &Index<'_>) -> Option<Key> {
    let principal = node.principal;
    if !principal.unknown.is_empty() {
        return None;
    }
    let what = [node.home, principal.kind as usize, usize::from(principal.is_service_linked())];
    let boundary = match &principal.boundary {
        Boundary::None => None,
        Boundary::Policy(attached) => Some(attached),
    };
    let place = |attached: &Attached| {
        [Arc::as_ptr(&attached.policy).addr(), attached.document.map_or(0, |document| document.index() + 1)]
    };
    let boundary = boundary.map_or([0, 0], place);
    let (mut comes_late, mut said) = (false, Said::default());
    let speaks = |attached: &&Attached| {
        let Some(document) = attached.document else { return true };
        if !said.is_new(document) {
            return false;
        }
        let Some(spoken) = index.document(node.home, document) else { return true };
        let adds = if comes_late { spoken.denies_some } else { !spoken.mentions.is_empty() };
        comes_late |= spoken.whole.is_some();
        adds
    };
    Some(what.into_iter().chain(boundary).chain(node.identity().filter(speaks).flat_map(place)).collect())
}

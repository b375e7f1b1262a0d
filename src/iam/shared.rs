//! Answers that principals share: those whose statements are the same, and of whom the same is known as far as these
//! statements ask for it.

use std::collections::HashMap;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use crate::iam::account::PrincipalKind;
use crate::iam::context::{Context, Fact};
use crate::iam::document::Rule;

/// Something that an answer rests on. Documents and sets are kept once, so where they lie tells them apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Asked {
    /// A statement in a layer.
    Statement { layer: usize, rule: usize },
    /// Two things of which equal ones are kept once.
    Kept { one: usize, other: usize },
}

impl Asked {
    /// A statement in a layer, whichever policy holds it.
    pub(crate) fn statement(layer: usize, rule: &Rule) -> Self {
        Self::Statement { layer, rule: std::ptr::from_ref(rule).addr() }
    }

    /// Two things of which equal ones are kept once.
    pub(crate) fn kept<T>(one: &Arc<T>, other: &Arc<T>) -> Self {
        let address = |kept: &Arc<T>| Arc::as_ptr(kept).addr();
        Self::Kept { one: address(one), other: address(other) }
    }
}

/// The statements that an answer rests on, in order. What tells lists of them apart at once is worked out once for each.
#[derive(Debug, Clone)]
pub(crate) struct Statements {
    hash: u64,
    list: Arc<[Asked]>,
}

impl Statements {
    /// Whether there are none.
    pub(crate) fn is_empty(&self) -> bool {
        self.list.is_empty()
    }
}

impl FromIterator<Asked> for Statements {
    fn from_iter<I: IntoIterator<Item = Asked>>(statements: I) -> Self {
        let list: Arc<[Asked]> = statements.into_iter().collect();
        let mut hasher = DefaultHasher::new();
        list.hash(&mut hasher);
        Self { hash: hasher.finish(), list }
    }
}

impl PartialEq for Statements {
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.list, &other.list) || (self.hash == other.hash && self.list == other.list)
    }
}

impl Eq for Statements {}

impl Hash for Statements {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.hash.hash(state);
    }
}

/// All that an answer depends on.
#[derive(Debug, PartialEq, Eq, Hash)]
pub(crate) struct Basis {
    /// The statements that speak of what is asked.
    pub(crate) statements: Statements,
    /// What it depends on besides.
    pub(crate) more: Option<Asked>,
    /// How many layers have to allow.
    pub(crate) layers: usize,
    /// What the principal is, where that matters.
    pub(crate) kind: Option<PrincipalKind>,
    /// What is known of the keys that the statements ask for.
    pub(crate) facts: Facts,
}

/// What is known of a principal as far as some condition keys ask for it, in their order.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct Facts {
    list: Vec<Fact>,
    /// Whether it says who the principal is, so that nobody else has the same.
    is_ones_own: bool,
}

impl Facts {
    /// What is known of these keys.
    pub(crate) fn of<'k, 'c>(keys: impl Iterator<Item = &'k str>, context: impl Fn() -> &'c Context) -> Self {
        let mut facts = Self { list: Vec::new(), is_ones_own: false };
        for key in keys {
            let fact = context().get(key);
            facts.is_ones_own |= matches!(fact, Fact::Present(_)) && is_a_name(key);
            facts.list.push(fact.clone());
        }
        facts
    }

    /// Whether others can have the same.
    pub(crate) fn can_be_shared(&self) -> bool {
        !self.is_ones_own
    }
}

/// Whether no two principals of an account have the same value of a condition key.
fn is_a_name(key: &str) -> bool {
    ["aws:username", "aws:userid", "aws:principalarn"].iter().any(|name| key.eq_ignore_ascii_case(name))
}

/// How many answers a run may keep.
const MOST: usize = 32_768;

/// Room for the answers to all questions of a run: where hardly anybody shares, they would take more than the account.
#[derive(Debug, Clone)]
pub(crate) struct Room(Arc<AtomicUsize>);

impl Room {
    /// Room for all that a run may keep.
    pub(crate) fn new() -> Self {
        Self(Arc::new(AtomicUsize::new(MOST)))
    }

    /// Takes the room of one answer, if there is some.
    fn take(&self) -> bool {
        self.0.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |left| left.checked_sub(1)).is_ok()
    }
}

/// The answers to one question so far.
#[derive(Debug)]
pub(crate) struct Answers<T> {
    known: Mutex<HashMap<Basis, Arc<T>>>,
    room: Room,
}

impl<T> Default for Answers<T> {
    fn default() -> Self {
        Self::new(&Room::new())
    }
}

impl<T> Answers<T> {
    /// Answers that take their room from this.
    pub(crate) fn new(room: &Room) -> Self {
        Self { known: Mutex::default(), room: room.clone() }
    }

    /// The answer that rests on this, worked out if nobody asked yet, where there was no room to keep it, and where nobody else can
    /// ask the same.
    pub(crate) fn get(&self, basis: Basis, work_out: impl FnOnce() -> T) -> Arc<T> {
        if !basis.facts.can_be_shared() {
            return Arc::new(work_out());
        }
        if let Some(known) = self.known.lock().unwrap_or_else(PoisonError::into_inner).get(&basis) {
            return Arc::clone(known);
        }
        // Two threads may work out the same: better than one waiting for the other.
        let answer = Arc::new(work_out());
        if self.room.take() {
            let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
            known.entry(basis).or_insert_with(|| Arc::clone(&answer));
        }
        answer
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn answers_are_right_where_there_is_no_room_for_them() {
        let room = Room(Arc::new(AtomicUsize::new(2)));
        let (one, other) = (Answers::new(&room), Answers::new(&room));
        let context = Context::open();
        let basis = |layers| Basis {
            statements: std::iter::empty().collect(),
            more: None,
            layers,
            kind: None,
            facts: Facts::of(std::iter::empty(), || &context),
        };
        for number in 0..5 {
            assert_eq!(
                (*one.get(basis(number), || number), *other.get(basis(number), || number + 1)),
                (number, number + 1)
            );
        }
        assert_eq!((*one.get(basis(0), || 9), *other.get(basis(0), || 9)), (0, 1), "kept");
        assert_eq!(*one.get(basis(4), || 9), 9, "not kept");
    }

    #[test]
    fn what_is_known_of_one_alone_is_not_kept_for_others() {
        let mut context = Context::open();
        context.set_value("aws:username", "ann");
        context.set_value("aws:PrincipalTag/team", "a");
        context.set("aws:userid", Fact::Unknown);
        let of = |key: &'static str| Facts::of(std::iter::once(key), || &context);
        let shared = ["aws:PrincipalTag/team", "aws:userid", "aws:UserName"].map(|key| of(key).can_be_shared());
        assert_eq!(shared, [true, true, false]);
    }
}

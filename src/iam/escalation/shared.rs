//! Answers that principals share: those whose statements are the same, and of whom the same is known as far as these
//! statements ask for it.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use super::bits::Set;
use crate::iam::account::{PolicyName, PrincipalKind};
use crate::iam::context::Fact;
use crate::iam::document::Rule;

/// A statement that an answer rests on. Documents and names are kept once, so where they lie tells them apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) struct Asked {
    layer: usize,
    rule: usize,
    policy: usize,
}

impl Asked {
    /// A statement in a layer, for answers that do not name it.
    pub(super) fn anonymous(layer: usize, rule: &Rule) -> Self {
        Self { layer, rule: std::ptr::from_ref(rule).addr(), policy: 0 }
    }

    /// Two sets of which equal ones are kept once.
    pub(super) fn sets(certain: &Arc<Set>, possible: &Arc<Set>) -> Self {
        let address = |set: &Arc<Set>| Arc::as_ptr(set).addr();
        Self { layer: usize::MAX, rule: address(certain), policy: address(possible) }
    }

    /// A statement of a policy, in a layer.
    pub(super) fn of(layer: usize, rule: &Rule, policy: &PolicyName) -> Self {
        Self { layer, rule: std::ptr::from_ref(rule).addr(), policy: std::ptr::from_ref(policy).addr() }
    }
}

/// All that an answer depends on.
#[derive(Debug, PartialEq, Eq, Hash)]
pub(super) struct Basis {
    /// The statements that speak of what is asked, in order.
    pub(super) statements: Vec<Asked>,
    /// How many layers have to allow.
    pub(super) layers: usize,
    /// What the principal is, where that matters.
    pub(super) kind: Option<PrincipalKind>,
    /// What is known of the keys that the statements ask for, in their order.
    pub(super) facts: Vec<Fact>,
}

/// The answers to one question so far.
#[derive(Debug)]
pub(super) struct Answers<T>(Mutex<HashMap<Basis, Arc<T>>>);

impl<T> Default for Answers<T> {
    fn default() -> Self {
        Self(Mutex::default())
    }
}

impl<T> Answers<T> {
    /// The answer that rests on this, worked out if nobody asked yet.
    pub(super) fn get(&self, basis: Basis, work_out: impl FnOnce() -> T) -> Arc<T> {
        if let Some(known) = self.0.lock().unwrap_or_else(PoisonError::into_inner).get(&basis) {
            return Arc::clone(known);
        }
        // Two threads may work out the same: better than one waiting for the other.
        let answer = Arc::new(work_out());
        let mut answers = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        Arc::clone(answers.entry(basis).or_insert(answer))
    }
}

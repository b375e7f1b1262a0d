//! Who reaches administrator in how many steps.
//!
//! Levels grow backwards from the administrators: level n holds whoever needs n steps. Certain steps come first, so that
//! a chain is in doubt only where no certain one exists.

use super::bits::Bits;
use super::moves::Moves;
use crate::iam::truth::Truth;

/// What a principal does next on its way to administrator.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Hop {
    /// Nothing: it is administrator.
    Stay,
    /// This end, by position.
    End(usize),
    /// This method, to this principal.
    Move(usize, usize),
}

/// Who needs how many steps.
pub(super) struct Levels {
    /// Surely.
    pub(super) certain: Vec<Bits>,
    /// Perhaps, the certain ones not repeated.
    pub(super) possible: Vec<Bits>,
    /// Whoever is in one of them.
    pub(super) reached: Bits,
    /// By principal, what it does next.
    pub(super) hops: Vec<Option<Hop>>,
}

/// Grows levels backwards: with certain steps as long as possible, then with any.
pub(super) fn levels(admins: &[Truth], moves: &[Moves]) -> Levels {
    let size = admins.len();
    let mut levels =
        Levels { certain: Vec::new(), possible: Vec::new(), reached: Bits::empty(size), hops: vec![None; size] };
    let mut certain = Bits::empty(size);
    for (number, _) in admins.iter().enumerate().filter(|(_, admin)| admin.is_true()) {
        certain.insert(number);
        set(&mut levels.hops, number, Hop::Stay);
    }
    levels.reached = certain.clone();
    levels.certain.push(certain);
    while let Some(level) = grow(&mut levels, moves, true) {
        levels.certain.push(level);
    }
    let mut doubtful = Bits::empty(size);
    for (number, admin) in admins.iter().enumerate() {
        if matches!(admin, Truth::Unknown(_)) && !levels.reached.contains(number) {
            doubtful.insert(number);
            set(&mut levels.hops, number, Hop::Stay);
        }
    }
    levels.reached.add(&doubtful);
    levels.possible.push(doubtful);
    while let Some(level) = grow(&mut levels, moves, false) {
        levels.possible.push(level);
    }
    levels
}

fn set(hops: &mut [Option<Hop>], number: usize, hop: Hop) {
    if let Some(slot) = hops.get_mut(number) {
        *slot = Some(hop);
    }
}

/// The next level: whoever has an end, or a move to somebody who is reached already.
fn grow(levels: &mut Levels, moves: &[Moves], certain: bool) -> Option<Bits> {
    let mut level = Bits::empty(moves.len());
    let mut found = Vec::new();
    for (number, own) in moves.iter().enumerate().filter(|(number, _)| !levels.reached.contains(*number)) {
        let end = own.ends.iter().position(|end| !certain || end.truth.is_true());
        let step = own.moves.iter().find_map(|step| {
            let targets = if certain { &step.certain } else { &step.possible };
            if !targets.meets(&levels.reached) {
                return None;
            }
            let near = levels.certain.iter().chain(&levels.possible).find_map(|reached| targets.common(reached).next());
            near.map(|target| Hop::Move(step.method, target))
        });
        if let Some(hop) = end.map(Hop::End).or(step) {
            level.insert(number);
            found.push((number, hop));
        }
    }
    if found.is_empty() {
        return None;
    }
    for (number, hop) in found {
        set(&mut levels.hops, number, hop);
    }
    levels.reached.add(&level);
    Some(level)
}

//! From moves to chains: who reaches administrator, by which steps, and who else is reached on the way.
//!
//! Levels grow backwards from the administrators: level n holds whoever needs n steps. Certain steps come first, so that
//! a chain is in doubt only where no certain one exists. A principal gets one chain per method that it can start with;
//! whoever does not reach administrator gets the principals that it can become and that hold other policies.

use std::collections::BTreeSet;

use super::bits::Bits;
use super::explain::Explainer;
use super::grants::identity;
use super::moves::{End, Mover, Moves};
use super::{Chain, Step};
use crate::iam::account::Account;
use crate::iam::policy::Effect;
use crate::iam::truth::Truth;

/// Other principals that are listed per principal and method; the number of those left out is told.
const LISTED: usize = 5;
/// Steps of a chain that does not end at administrator.
const DEPTH: usize = 3;
/// Chains of one start after which those of several steps are no longer followed.
const CHAINS: usize = 10;
/// Principals that are visited from one start for chains that do not end at administrator.
const VISITED: usize = 8;

/// What a principal does next on its way to administrator.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Hop {
    /// Nothing: it is administrator.
    Stay,
    /// This end, by position.
    End(usize),
    /// This method, to this principal.
    Move(usize, usize),
}

/// Who needs how many steps.
struct Levels {
    /// Surely.
    certain: Vec<Bits>,
    /// Perhaps, the certain ones not repeated.
    possible: Vec<Bits>,
    reached: Bits,
    hops: Vec<Option<Hop>>,
}

/// All chains of some accounts.
pub(super) struct Chains<'a, 'u> {
    mover: &'u Mover<'a, 'u>,
    moves: Vec<Moves>,
    admins: Vec<Truth>,
    levels: Levels,
}

impl<'a, 'u> Chains<'a, 'u> {
    /// Works out everybody's moves and levels.
    pub(super) fn new(mover: &'u Mover<'a, 'u>) -> Self {
        let nodes = mover.universe.nodes();
        let admins: Vec<Truth> = nodes.iter().map(|node| mover.admin(node)).collect();
        let steps: Vec<Moves> = admins
            .iter()
            .enumerate()
            .map(|(number, admin)| if admin.is_true() { Moves::default() } else { mover.moves(number) })
            .collect();
        let levels = levels(&admins, &steps);
        Self { mover, moves: steps, admins, levels }
    }

    /// The chains that start at one principal.
    pub(super) fn of(&self, number: usize) -> Vec<Chain> {
        let (Some(moves), Some(admin)) = (self.moves.get(number), self.admins.get(number)) else { return Vec::new() };
        if admin.is_true() {
            return Vec::new();
        }
        let mut chains: Vec<(usize, Chain)> = Vec::new();
        for end in &moves.ends {
            let mut steps = Vec::new();
            self.end_step(number, end, &mut steps);
            chains.push((end.method, self.finish(number, "admin".to_owned(), steps)));
        }
        for step in &moves.moves {
            let target = self.nearest(number, &step.certain, &self.levels.certain).or_else(|| {
                self.nearest(number, &step.possible, &self.levels.certain)
                    .or_else(|| self.nearest(number, &step.possible, &self.levels.possible))
            });
            if let Some(target) = target {
                let mut steps = vec![self.explainer().step(number, step.method, target)];
                self.follow(target, &mut steps);
                chains.push((step.method, self.finish(number, "admin".to_owned(), steps)));
            }
        }
        chains.sort_by_key(|(method, _)| *method);
        let mut chains: Vec<Chain> = chains.into_iter().map(|(_, chain)| chain).collect();
        chains.extend(self.sideways(number));
        chains
    }

    fn explainer(&self) -> Explainer<'a, 'u> {
        Explainer { mover: self.mover }
    }

    /// The target of the lowest level whose own way does not lead back here.
    fn nearest(&self, number: usize, targets: &super::bits::Set, levels: &[Bits]) -> Option<usize> {
        levels.iter().find_map(|level| {
            targets.common(level).find(|target| *target != number && !self.leads_through(*target, number))
        })
    }

    fn leads_through(&self, from: usize, through: usize) -> bool {
        let mut at = from;
        for _ in 0..=self.levels.hops.len() {
            match self.levels.hops.get(at) {
                Some(Some(Hop::Move(_, next))) if *next == through => return true,
                Some(Some(Hop::Move(_, next))) => at = *next,
                _ => return false,
            }
        }
        true
    }

    /// Adds the steps from a principal that reaches administrator.
    fn follow(&self, from: usize, steps: &mut Vec<Step>) {
        let mut at = from;
        for _ in 0..=self.levels.hops.len() {
            match self.levels.hops.get(at).and_then(Option::as_ref) {
                Some(Hop::Move(method, next)) => {
                    steps.push(self.explainer().step(at, *method, *next));
                    at = *next;
                }
                Some(Hop::End(position)) => {
                    if let Some(end) = self.moves.get(at).and_then(|moves| moves.ends.get(*position)) {
                        self.end_step(at, end, steps);
                    }
                    return;
                }
                Some(Hop::Stay) => {
                    if let (Some(Truth::Unknown(keys)), Some(last)) = (self.admins.get(at), steps.last_mut()) {
                        last.depends_on.extend(keys.iter().cloned());
                    }
                    return;
                }
                None => return,
            }
        }
    }

    fn end_step(&self, from: usize, end: &End, steps: &mut Vec<Step>) {
        steps.push(self.explainer().end(from, end));
    }

    fn finish(&self, number: usize, reaches: String, steps: Vec<Step>) -> Chain {
        let principal = self.mover.universe.node(number).map(|node| node.principal.arn.clone()).unwrap_or_default();
        Chain::new(principal, reaches, steps)
    }

    /// Chains to principals that do not reach administrator but hold policies that the caller does not.
    fn sideways(&self, number: usize) -> Vec<Chain> {
        let mut chains = Vec::new();
        let mut seen = BTreeSet::from([number]);
        let mut queue: Vec<(usize, Vec<Step>)> = vec![(number, Vec::new())];
        let mut next = 0;
        while let Some((at, steps)) = queue.get(next).cloned() {
            next += 1;
            if steps.len() >= DEPTH || (!steps.is_empty() && chains.len() >= CHAINS) {
                continue;
            }
            let mut entered = BTreeSet::new();
            for step in self.moves.get(at).map_or(&[][..], |moves| moves.moves.as_slice()) {
                let mut all = Bits::empty(self.moves.len());
                step.possible.add_to(&mut all);
                all.subtract(&self.levels.reached);
                let gaining: Vec<usize> =
                    all.iter().filter(|target| !seen.contains(target) && self.gains(number, *target)).collect();
                for (position, target) in gaining.iter().take(LISTED).enumerate() {
                    let mut longer = steps.clone();
                    longer.push(self.explainer().step(at, step.method, *target));
                    let reaches =
                        self.mover.universe.node(*target).map(|node| node.principal.arn.clone()).unwrap_or_default();
                    let mut chain = self.finish(number, reaches, longer.clone());
                    if position + 1 == LISTED {
                        chain.further_targets = gaining.len() - LISTED;
                    }
                    chains.push(chain);
                    if entered.insert(*target) && queue.len() < VISITED {
                        queue.push((*target, longer));
                    }
                }
            }
            seen.extend(entered);
        }
        chains
    }

    /// Whether a principal is bound by a policy that allows something and does not bind another.
    fn gains(&self, number: usize, target: usize) -> bool {
        let (Some(from), Some(to)) = (self.mover.universe.node(number), self.mover.universe.node(target)) else {
            return false;
        };
        let own: BTreeSet<_> = if from.home == to.home {
            identity(from).filter_map(|policy| policy.document).collect()
        } else {
            BTreeSet::new()
        };
        let allows =
            |account: &Account, document| account.rules(document).iter().any(|rule| rule.effect == Effect::Allow);
        let more = identity(to)
            .filter_map(|policy| policy.document)
            .any(|document| !own.contains(&document) && allows(to.account, document));
        more || !to.principal.unknown.is_empty()
    }

    /// Chains that start outside: at principals, accounts or anybody that trust policies name and no answer holds.
    pub(super) fn starting_outside(&self) -> Vec<Chain> {
        let trusts = &self.mover.trusts;
        let universe = self.mover.universe;
        let own = |account: &str| universe.accounts().iter().any(|known| known.id == account);
        let mut starts: Vec<(String, Vec<usize>)> = Vec::new();
        for (name, roles) in
            trusts.named().filter(|(name, _)| name.starts_with("arn:") && universe.find(name).is_none())
        {
            starts.push((name.to_owned(), roles.to_vec()));
        }
        for (account, roles) in trusts.accounts().filter(|(account, _)| !own(account)) {
            let partition = universe.accounts().first().map_or("aws", |account| account.partition.as_str());
            starts.push((format!("arn:{partition}:iam::{account}:root"), roles.iter().collect()));
        }
        starts.push(("*".to_owned(), trusts.everyone().iter().collect()));
        starts.sort();
        let chains = starts.iter().flat_map(|(name, roles)| roles.iter().filter_map(|role| self.outside(name, *role)));
        chains.collect()
    }

    fn outside(&self, name: &str, role: usize) -> Option<Chain> {
        let mut steps = vec![self.explainer().outside(name, role)?];
        let reaches = if self.levels.reached.contains(role) {
            self.follow(role, &mut steps);
            "admin".to_owned()
        } else {
            self.mover.universe.node(role)?.principal.arn.clone()
        };
        Some(Chain::new(name.to_owned(), reaches, steps))
    }
}

/// Grows levels backwards: with certain steps as long as possible, then with any.
fn levels(admins: &[Truth], moves: &[Moves]) -> Levels {
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

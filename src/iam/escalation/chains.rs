//! From moves to chains: who reaches administrator, by which steps, and who else is reached on the way.
//!
//! A principal gets one chain per method that it can start with; whoever does not reach administrator gets the principals
//! that it can become and that hold other policies.

use std::collections::BTreeSet;
use std::sync::{Arc, LazyLock, OnceLock};

use rayon::prelude::*;

use super::bits::{Bits, Set};
use super::caller::Caller;
use super::explain::Explainer;
use super::holdings::Holdings;
use super::levels::{Hop, Levels, levels};
use super::methods::{Method, methods};
use super::moves::{End, Move, Mover, Moves};
use super::shape::{About, Rest, Taken, Whom};
use super::trusts::ASSUME;
use super::universe::Class;
use super::{Chain, Goal, Step};
use crate::iam::truth::Truth;

/// Where chains to administrator end, as they tell it.
fn the_end() -> Arc<str> {
    static ADMIN: LazyLock<Arc<str>> = LazyLock::new(|| "admin".into());
    Arc::clone(&ADMIN)
}

/// Other principals that are listed per principal and method; the number of those left out is told.
const LISTED: usize = 5;
/// Steps of a chain that does not end at administrator.
const DEPTH: usize = 3;
/// Chains of one start after which those of several steps are no longer followed.
const CHAINS: usize = 10;
/// Principals that are visited from one start for chains that do not end at administrator.
const VISITED: usize = 8;

/// All chains of some accounts.
pub(super) struct Chains<'a, 'u> {
    mover: &'u Mover<'a, 'u>,
    moves: Vec<Moves>,
    admins: Vec<Truth>,
    levels: Levels,
    /// By principal, the step that it takes next on its way to administrator.
    next_steps: Vec<OnceLock<Box<Step>>>,
    /// What principals hold; none where only administrator is asked for.
    holdings: Option<Holdings>,
}

impl<'a, 'u> Chains<'a, 'u> {
    /// Works out everybody's moves and levels.
    pub(super) fn new(mover: &'u Mover<'a, 'u>, goal: Goal) -> Self {
        let size = mover.universe.nodes().len();
        let (admins, all_steps): (Vec<Truth>, Vec<Moves>) = (0..size)
            .into_par_iter()
            .map(|number| {
                let Some(caller) = Caller::new(mover.universe, number) else {
                    return (Truth::False, Moves::default());
                };
                let admin = mover.admin(&caller);
                let next = if admin.is_true() { Moves::default() } else { mover.moves(&caller) };
                (admin, next)
            })
            .unzip();
        let levels = levels(&admins, &all_steps);
        let holdings = (goal == Goal::Anybody).then(|| Holdings::new(mover.universe));
        let next_steps = (0..size).map(|_| OnceLock::new()).collect();
        Self { mover, moves: all_steps, admins, levels, next_steps, holdings }
    }

    /// The chains that start at one principal.
    pub(super) fn of(&self, number: usize) -> Vec<Chain> {
        let (Some(moves), Some(admin)) = (self.moves.get(number), self.admins.get(number)) else { return Vec::new() };
        let leads_somewhere = self.holdings.is_some() || !moves.ends.is_empty() || !moves.moves.is_empty();
        if admin.is_true() || !leads_somewhere {
            return Vec::new();
        }
        let Some(caller) = Caller::new(self.mover.universe, number) else { return Vec::new() };
        let mut chains: Vec<(usize, Chain)> = Vec::new();
        for end in &moves.ends {
            let steps = vec![self.end(&caller, end)];
            chains.push((end.method, self.finish(number, the_end(), steps)));
        }
        for step in moves.moves.iter().filter(|step| step.possible.meets(&self.levels.reached)) {
            let target = self.nearest(number, &step.certain, &self.levels.certain).or_else(|| {
                self.nearest(number, &step.possible, &self.levels.certain)
                    .or_else(|| self.nearest(number, &step.possible, &self.levels.possible))
            });
            if let Some(target) = target {
                let mut steps = vec![self.step(&caller, step.method, target)];
                self.follow(target, &mut steps);
                chains.push((step.method, self.finish(number, the_end(), steps)));
            }
        }
        chains.sort_by_key(|(method, _)| *method);
        let mut chains: Vec<Chain> = chains.into_iter().map(|(_, chain)| chain).collect();
        if let Some(holdings) = &self.holdings {
            chains.extend(self.sideways(caller, holdings));
        }
        chains
    }

    /// A step to another principal. Those with the same policies of whom the same is known take the same one; which roles let
    /// them in, their policies do not say.
    fn step(&self, caller: &Caller<'a, 'u>, method: usize, to: usize) -> Step {
        let explain = || self.explainer().step(caller, method, to);
        let Some(rest) = self.rest(caller, method) else { return explain() };
        let facts = caller.known_of(&rest);
        let taken = Taken { method, to: Whom::Other(to), object: None, truth: None, facts };
        let step = caller.shape.step(taken, explain);
        Step { from: caller.node.principal.arn.clone(), ..step.as_ref().clone() }
    }

    /// A step after which the principal is administrator, likewise. Where the principal itself is changed, the same statements
    /// have to name it.
    fn end(&self, caller: &Caller<'a, 'u>, end: &End) -> Step {
        let explain = || self.explainer().end(caller, end);
        let own = &caller.node.principal.arn;
        let is_own = end.target == caller.number;
        let Some(rest) = self.rest(caller, end.method) else { return explain() };
        let to = match &rest.resources {
            _ if !is_own => Whom::Other(end.target),
            Some(resources) => {
                let matched = |list: &u32| self.mover.universe.matched(*list, Class::Principals);
                Whom::Oneself(resources.iter().map(|list| matched(list).contains(end.target)).collect())
            }
            None => return explain(),
        };
        let object = Some(&end.object).filter(|object| *object != own).cloned();
        let facts = caller.known_of(&rest);
        let taken = Taken { method: end.method, to, object, truth: Some(end.truth.clone()), facts };
        let step = caller.shape.step(taken, explain);
        let to = if is_own { own } else { &step.to };
        Step { from: own.clone(), to: to.clone(), ..step.as_ref().clone() }
    }

    /// What a method's steps rest on; `None` where they cannot be shared, as roles say whom they let in.
    fn rest(&self, caller: &Caller<'a, 'u>, method: usize) -> Option<Arc<Rest<'a>>> {
        let assumes = |method: &Method| method.actions.iter().any(|action| action.eq_ignore_ascii_case(ASSUME));
        methods().get(method).filter(|method| !assumes(method))?;
        let plan = self.mover.plans.of(caller.node.home, method)?;
        caller.rest(method, About::Reach, plan.actions.iter().copied())
    }

    fn explainer(&self) -> Explainer<'a, 'u> {
        Explainer { mover: self.mover }
    }

    /// The target of the lowest level whose own way does not lead back here.
    fn nearest(&self, number: usize, targets: &Set, levels: &[Bits]) -> Option<usize> {
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
                Some(hop @ Hop::Move(_, next)) => {
                    steps.extend(self.next_step(at, hop));
                    at = *next;
                }
                Some(hop @ Hop::End(_)) => return steps.extend(self.next_step(at, hop)),
                Some(Hop::Stay) => {
                    if let (Some(Truth::Unknown(keys)), Some(last)) = (self.admins.get(at), steps.last_mut()) {
                        last.depends_on.add(keys);
                    }
                    return;
                }
                None => return,
            }
        }
    }

    /// The step that a principal takes next: the same in every chain that leads through it.
    fn next_step(&self, at: usize, hop: &Hop) -> Option<Step> {
        let slot = self.next_steps.get(at)?;
        if let Some(known) = slot.get() {
            return Some(known.as_ref().clone());
        }
        let caller = Caller::new(self.mover.universe, at)?;
        let step = match hop {
            Hop::Move(method, next) => self.explainer().step(&caller, *method, *next),
            Hop::End(position) => self.explainer().end(&caller, self.moves.get(at)?.ends.get(*position)?),
            Hop::Stay => return None,
        };
        Some(slot.get_or_init(|| Box::new(step)).as_ref().clone())
    }

    fn finish(&self, number: usize, reaches: Arc<str>, steps: Vec<Step>) -> Chain {
        Chain::new(self.arn(number), reaches, steps)
    }

    fn arn(&self, number: usize) -> Arc<str> {
        self.mover.universe.node(number).map_or_else(Arc::default, |node| Arc::clone(&node.principal.arn))
    }

    /// Chains to principals that do not reach administrator but hold policies that the caller does not.
    fn sideways(&self, caller: Caller<'a, 'u>, holdings: &Holdings) -> Vec<Chain> {
        let number = caller.number;
        let mut chains: Vec<Chain> = Vec::new();
        let mut gaining = holdings.beyond(number);
        gaining.subtract(&self.levels.reached);
        gaining.remove(number);
        // Where to go on from: the principal, the steps to it, and the chain that ends there.
        let mut queue: Vec<(usize, Vec<Step>, Option<usize>)> = vec![(number, Vec::new(), None)];
        let mut own = Some(caller);
        let mut next = 0;
        while let Some((at, steps, chain)) = queue.get(next).cloned() {
            next += 1;
            if steps.len() >= DEPTH || (!steps.is_empty() && chains.len() >= CHAINS) {
                self.cut(chain.and_then(|chain| chains.get_mut(chain)), at);
                continue;
            }
            let Some(caller) = own.take().or_else(|| Caller::new(self.mover.universe, at)) else { continue };
            let mut entered = BTreeSet::new();
            for step in self.moves_of(at) {
                for (position, target) in step.possible.common(&gaining).take(LISTED).enumerate() {
                    let mut longer = steps.clone();
                    longer.push(self.explainer().step(&caller, step.method, target));
                    let mut chain = self.finish(number, self.arn(target), longer.clone());
                    if position + 1 == LISTED {
                        chain.further_targets = step.possible.count_common(&gaining) - LISTED;
                    }
                    if entered.insert(target) {
                        if queue.len() < VISITED {
                            queue.push((target, longer, Some(chains.len())));
                        } else {
                            self.cut(Some(&mut chain), target);
                        }
                    }
                    chains.push(chain);
                }
            }
            for target in &entered {
                gaining.remove(*target);
            }
        }
        chains
    }

    fn moves_of(&self, number: usize) -> &[Move] {
        self.moves.get(number).map_or(&[], |moves| moves.moves.as_slice())
    }

    /// Notes on a chain that nobody looked how its end goes on, where it could.
    fn cut(&self, chain: Option<&mut Chain>, end: usize) {
        if let Some(chain) = chain.filter(|_| !self.moves_of(end).is_empty()) {
            chain.cut_short = true;
        }
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
        if self.holdings.is_none() && !self.levels.reached.contains(role) {
            return None;
        }
        let mut steps = vec![self.explainer().outside(name, role)?];
        let reaches = if self.levels.reached.contains(role) {
            self.follow(role, &mut steps);
            the_end()
        } else {
            self.mover.universe.node(role)?.principal.arn.clone()
        };
        Some(Chain::new(name.into(), reaches, steps))
    }
}

//! Privilege escalation: how principals gain the permissions of others, up to administrator.
//!
//! The methods are data ([`methods`]); what is code is who can apply them. Trust policies, conditions, boundaries and
//! denies are taken into account; what the snapshot cannot settle is named on the step that depends on it.

mod bits;
mod caller;
mod chains;
mod crossing;
mod explain;
mod grants;
mod holdings;
mod index;
mod levels;
pub mod methods;
mod moves;
mod plans;
mod shape;
mod trusts;
mod universe;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use rayon::prelude::*;
use serde::{Serialize, Serializer};

use super::account::Account;
use super::context::Fact;
use super::truth::{Keys, Truth};
use caller::Caller;
use chains::Chains;
use moves::Mover;
use universe::Universe;

pub use crossing::{Origin, Trust, each_trust};

/// One step of a chain.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Step {
    /// Who acts: an ARN, or `*` for anybody.
    pub from: Arc<str>,
    /// Whose permissions it has afterwards.
    pub to: Arc<str>,
    /// The actions it takes, in order.
    pub actions: &'static [String],
    /// The method's id.
    pub method: &'static str,
    /// What happens, in a few words.
    pub title: &'static str,
    /// Other names of the method.
    #[serde(skip_serializing_if = "<[String]>::is_empty")]
    pub also: &'static [String],
    /// The policy, group or new principal that is changed or made, where that is not `to`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub object: Option<Arc<str>>,
    /// The statements that allow it, as `POLICY#SID`.
    #[serde(rename = "statement", serialize_with = "joined")]
    pub statements: Arc<Vec<String>>,
    /// What the snapshot cannot settle: condition keys, or things that have to exist.
    #[serde(skip_serializing_if = "Keys::is_empty")]
    pub depends_on: Keys,
}

/// A way from a principal to administrator, or to another principal.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Chain {
    /// Where it starts: an ARN, or `*` for anybody.
    pub principal: Arc<str>,
    /// `admin`, or the ARN of the principal that it ends at.
    pub reaches: Arc<str>,
    /// `certain`, or `depends` when a step depends on something that the snapshot cannot settle.
    pub certainty: &'static str,
    /// The steps.
    pub steps: Vec<Step>,
    /// How many more principals the last step's method reaches that are not listed.
    #[serde(skip_serializing_if = "is_zero")]
    pub further_targets: usize,
    /// True when the principal at the end could go on and nobody looked where to: chains beside administrator are bounded.
    #[serde(skip_serializing_if = "is_false")]
    pub cut_short: bool,
    /// True when a step starts in an account whose service control policies nobody told: one may deny it.
    #[serde(skip_serializing_if = "is_false")]
    pub unless_scp: bool,
}

impl Chain {
    fn new(principal: Arc<str>, reaches: Arc<str>, steps: Vec<Step>) -> Self {
        let doubtful = steps.iter().any(|step| !step.depends_on.is_empty());
        let certainty = if doubtful { "depends" } else { "certain" };
        Self { principal, reaches, certainty, steps, further_targets: 0, cut_short: false, unless_scp: false }
    }
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde hands over a reference")]
fn is_zero(number: &usize) -> bool {
    *number == 0
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde hands over a reference")]
fn is_false(value: &bool) -> bool {
    !value
}

fn joined<S: Serializer>(statements: &[String], serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(&statements.join(", "))
}

/// The chains of all principals of some accounts, sorted by start; with `only`, those that start at this ARN.
///
/// Administrators have none: there is nothing left to gain. Starts outside the accounts follow those inside.
pub fn paths(accounts: &[Account], only: Option<&str>) -> Vec<Chain> {
    let mut all = Vec::new();
    each_path(accounts, only, &mut |chain| all.push(chain));
    all
}

/// Tells those of [`paths`] that end at administrator, in the same order. Who could become whom beside that, which is most of the work on large
/// accounts, is not worked out.
pub fn each_path_to_administrator(accounts: &[Account], tell: &mut dyn FnMut(Chain)) {
    tell_each(accounts, None, Goal::Administrator, tell);
}

/// Gathers what somebody wants to know of [`each_path_to_administrator`]: `look` sees the chains of one start after the other, on
/// several processors at once; `take` gets what came of it in the order of the starts.
pub(crate) fn gather_paths_to_administrator<T: Default + Send>(
    accounts: &[Account],
    look: impl Fn(&mut T, Vec<Chain>) + Sync,
    take: impl FnMut(T),
) {
    // What is kept of some starts is little, and where all wait for the last of a group, fewer groups are waited for.
    gather(accounts, None, Goal::Administrator, Portions { starts: 64, together: 64 }, look, take);
}

/// As [`paths`], without keeping the chains: an account at its quotas has more of them than fit beside its snapshot.
pub fn each_path(accounts: &[Account], only: Option<&str>, tell: &mut dyn FnMut(Chain)) {
    tell_each(accounts, only, Goal::Anybody, tell);
}

/// Which chains are wanted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Goal {
    /// Those to administrator.
    Administrator,
    /// Those to other principals too, from whoever does not reach administrator.
    Anybody,
}

fn tell_each(accounts: &[Account], only: Option<&str>, goal: Goal, tell: &mut dyn FnMut(Chain)) {
    // A start at IAM's quotas has chains of some 20 kB.
    let look = |found: &mut Vec<Chain>, chains: Vec<Chain>| found.extend(chains);
    let portions = Portions { starts: 4, together: 16 };
    gather(accounts, only, goal, portions, look, |found| found.into_iter().for_each(&mut *tell));
}

/// How the starts are dealt out.
#[derive(Debug, Clone, Copy)]
struct Portions {
    /// How many starts are looked at on one processor.
    starts: usize,
    /// How many such portions there are before what came of them is taken.
    together: usize,
}

/// Looks at the chains of all starts, a portion on one processor, and takes what came of it in the order of the starts.
fn gather<T: Default + Send>(
    accounts: &[Account],
    only: Option<&str>,
    goal: Goal,
    portions: Portions,
    look: impl Fn(&mut T, Vec<Chain>) + Sync,
    mut take: impl FnMut(T),
) {
    let universe = Universe::new(accounts);
    let mover = Mover::new(&universe);
    let chains = Chains::new(&mover, goal);
    let wanted = |arn: &str| only.is_none_or(|only| only == arn);
    let untold: BTreeSet<&str> =
        accounts.iter().filter(|account| account.may_have_more_scps()).map(|account| account.id.as_str()).collect();
    let look = |found: &mut T, mut chains: Vec<Chain>| {
        let open = |step: &Step| step.from.split(':').nth(4).is_some_and(|account| untold.contains(account));
        for chain in &mut chains {
            chain.unless_scp = !untold.is_empty() && chain.steps.iter().any(open);
        }
        look(found, chains);
    };
    let starts: Vec<usize> = universe
        .nodes()
        .iter()
        .enumerate()
        .filter_map(|(number, node)| wanted(&node.principal.arn).then_some(number))
        .collect();
    let of_some = |starts: &[usize]| {
        let mut found = T::default();
        for start in starts {
            look(&mut found, chains.of(*start));
        }
        found
    };
    for some in starts.chunks(portions.starts * portions.together) {
        let found: Vec<T> = some.par_chunks(portions.starts).map(of_some).collect();
        found.into_iter().for_each(&mut take);
    }
    let mut outside = T::default();
    look(&mut outside, chains.starting_outside().into_iter().filter(|chain| wanted(&chain.principal)).collect());
    take(outside);
}

/// Whether principals of the accounts can assume a role of theirs, by their policies and the role's trust policy: one
/// answer for each principal, or for one alone. `None` when the accounts do not hold the role. `given` is known of every
/// request besides.
pub fn who_assumes(
    accounts: &[Account],
    role: &str,
    only: Option<&str>,
    given: &[(&str, Fact)],
) -> Option<BTreeMap<String, Truth>> {
    let mut universe = Universe::new(accounts);
    universe.given(given);
    let to = universe.find(role)?;
    let mover = Mover::new(&universe);
    let asked = universe.nodes().iter().enumerate();
    let asked = asked.filter(|(_, node)| only.is_none_or(|only| *only == *node.principal.arn));
    let answers = asked.filter_map(|(number, node)| {
        let caller = Caller::new(&universe, number)?;
        let reach = mover.trusts.assumable(&universe, &caller);
        let truth = if reach.certain.contains(to) {
            Truth::True
        } else if reach.possible.contains(to) {
            Truth::Unknown(mover.assuming(&caller, to).depends_on)
        } else {
            Truth::False
        };
        Some((node.principal.arn.to_string(), truth))
    });
    Some(answers.collect())
}

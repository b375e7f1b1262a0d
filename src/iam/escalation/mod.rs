//! Privilege escalation: how principals gain the permissions of others, up to administrator.
//!
//! The methods are data ([`methods`]); what is code is who can apply them. Trust policies, conditions, boundaries and
//! denies are taken into account; what the snapshot cannot settle is named on the step that depends on it.

mod bits;
mod chains;
mod explain;
mod grants;
pub mod methods;
mod moves;
mod trusts;
mod universe;

use std::collections::BTreeSet;

use serde::{Serialize, Serializer};

use super::account::Account;
use super::truth::Truth;
use chains::Chains;
use moves::{Mover, everything};
use trusts::Trusts;
use universe::Universe;

/// One step of a chain.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Step {
    /// Who acts: an ARN, or `*` for anybody.
    pub from: String,
    /// Whose permissions it has afterwards.
    pub to: String,
    /// The actions it takes, in order.
    pub actions: Vec<String>,
    /// The method's id.
    pub method: String,
    /// What happens, in a few words.
    pub title: String,
    /// Other names of the method.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub also: Vec<String>,
    /// The policy, group or new principal that is changed or made, where that is not `to`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub object: Option<String>,
    /// The statements that allow it, as `POLICY#SID`.
    #[serde(rename = "statement", serialize_with = "joined")]
    pub statements: Vec<String>,
    /// What the snapshot cannot settle: condition keys, or things that have to exist.
    #[serde(skip_serializing_if = "BTreeSet::is_empty")]
    pub depends_on: BTreeSet<String>,
}

/// A way from a principal to administrator, or to another principal.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Chain {
    /// Where it starts: an ARN, or `*` for anybody.
    pub principal: String,
    /// `admin`, or the ARN of the principal that it ends at.
    pub reaches: String,
    /// `certain`, or `depends` when a step depends on something that the snapshot cannot settle.
    pub certainty: &'static str,
    /// The steps.
    pub steps: Vec<Step>,
    /// How many more principals the last step's method reaches that are not listed.
    #[serde(skip_serializing_if = "is_zero")]
    pub further_targets: usize,
}

impl Chain {
    fn new(principal: String, reaches: String, steps: Vec<Step>) -> Self {
        let doubtful = steps.iter().any(|step| !step.depends_on.is_empty());
        Self { principal, reaches, certainty: if doubtful { "depends" } else { "certain" }, steps, further_targets: 0 }
    }
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde hands over a reference")]
fn is_zero(number: &usize) -> bool {
    *number == 0
}

fn joined<S: Serializer>(statements: &[String], serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(&statements.join(", "))
}

/// The chains of all principals of some accounts, sorted by start; with `only`, those that start at this ARN.
///
/// Administrators have none: there is nothing left to gain. Starts outside the accounts follow those inside.
pub fn paths(accounts: &[Account], only: Option<&str>) -> Vec<Chain> {
    let everything = everything();
    let universe = Universe::new(accounts);
    let mover = Mover::new(&universe, &everything);
    let chains = Chains::new(&mover);
    let wanted = |arn: &str| only.is_none_or(|only| only == arn);
    let mut all = Vec::new();
    for (number, node) in universe.nodes().iter().enumerate() {
        if wanted(&node.principal.arn) {
            all.extend(chains.of(number));
        }
    }
    all.extend(chains.starting_outside().into_iter().filter(|chain| wanted(&chain.principal)));
    all
}

/// Whether a principal of the accounts can assume a role of theirs, by its policies and the role's trust policy.
///
/// `None` when either is not in the accounts.
pub fn can_assume(accounts: &[Account], principal: &str, role: &str) -> Option<Truth> {
    let universe = Universe::new(accounts);
    let (from, to) = (universe.find(principal)?, universe.find(role)?);
    let node = universe.node(from)?;
    let reach = Trusts::new(&universe).assumable(&universe, from, node);
    if reach.certain.contains(to) {
        return Some(Truth::True);
    }
    if !reach.possible.contains(to) {
        return Some(Truth::False);
    }
    let everything = everything();
    let mover = Mover::new(&universe, &everything);
    Some(Truth::Unknown(mover.assuming(from, to).depends_on))
}

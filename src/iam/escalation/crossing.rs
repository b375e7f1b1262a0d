//! Trust between accounts: who may assume which role of another account, as its trust policy and the caller's own policies
//! allow together.

use std::collections::BTreeSet;
use std::sync::Arc;

use rayon::prelude::*;
use serde::Serialize;

use super::caller::Caller;
use super::explain::Explainer;
use super::moves::Mover;
use super::trusts::trust_conditions;
use super::universe::Universe;
use super::{Step, is_false};
use crate::iam::Keys;
use crate::iam::account::Account;
use crate::iam::arn::{Arn, is_account};
use crate::iam::caller::Caller as Who;

/// Where whoever is trusted belongs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Origin {
    /// A user or role of one of the accounts.
    Member,
    /// One of the accounts as a whole, of which nobody may use the trust yet: a policy there would be enough.
    Account,
    /// A principal that a trust policy names and its account does not have.
    Missing,
    /// An account that none of the snapshots tells of.
    Outside,
    /// Anybody.
    Anybody,
}

/// Somebody who may assume a role of another account.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Trust {
    /// Who: an ARN, that of an account's root for all of it, or `*` for anybody.
    pub from: String,
    /// Where they belong.
    pub origin: Origin,
    /// Their account; none for anybody.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub from_account: Option<String>,
    /// The role.
    pub to: String,
    /// The role's account.
    pub to_account: String,
    /// `certain`, or `depends` when it depends on something that the snapshots cannot settle.
    pub certainty: &'static str,
    /// The statements that allow it, as `POLICY#SID`.
    pub statements: Vec<String>,
    /// The condition keys that the trust policy asks for, whether they can be settled or not, as `sts:ExternalId`.
    #[serde(skip_serializing_if = "BTreeSet::is_empty")]
    pub conditions: BTreeSet<String>,
    /// What the snapshots cannot settle: condition keys, or policies that nobody wrote yet.
    #[serde(skip_serializing_if = "Keys::is_empty")]
    pub depends_on: Keys,
    /// True when the caller's account is under service control policies that nobody told: one may deny it.
    #[serde(skip_serializing_if = "is_false")]
    pub unless_scp: bool,
}

/// Tells of everybody who may assume a role of another account: users and roles of the accounts first, by ARN, then whom
/// trust policies name and the accounts do not have.
pub fn each_trust(accounts: &[Account], tell: &mut dyn FnMut(Trust)) {
    let universe = Universe::new(accounts);
    let mover = Mover::new(&universe);
    let crossing = Crossing { universe: &universe, mover: &mover };
    let mut used = BTreeSet::new();
    let starts: Vec<usize> = (0..universe.nodes().len()).collect();
    // Worked out a few hundred at a time on all processors, told in order.
    for some in starts.chunks(256) {
        let found: Vec<Vec<(usize, Trust)>> = some.par_iter().map(|number| crossing.of_member(*number)).collect();
        for (role, trust) in found.into_iter().flatten() {
            used.extend(trust.from_account.clone().map(|account| (account, role)));
            tell(trust);
        }
    }
    crossing.of_others(&used).into_iter().for_each(tell);
}

struct Crossing<'a, 'u> {
    universe: &'u Universe<'a>,
    mover: &'u Mover<'a, 'u>,
}

impl Crossing<'_, '_> {
    /// The roles of other accounts that a user or role may assume.
    fn of_member(&self, number: usize) -> Vec<(usize, Trust)> {
        let Some(caller) = Caller::new(self.universe, number) else { return Vec::new() };
        let reach = self.mover.trusts.assumable(self.universe, &caller);
        let own = caller.node.account;
        let elsewhere = |role: &usize| self.universe.node(*role).is_some_and(|node| node.account.id != own.id);
        let told = |role: usize| {
            let step = self.mover.assuming(&caller, role);
            let is_certain = reach.certain.contains(role);
            let mut trust = self.trust(step, role, Origin::Member, is_certain)?;
            trust.unless_scp = own.may_have_more_scps();
            Some((role, trust))
        };
        reach.possible.iter().filter(elsewhere).filter_map(told).collect()
    }

    /// Whom trust policies let in besides, sorted. `used` are accounts and roles between which some member's trust was told.
    fn of_others(&self, used: &BTreeSet<(String, usize)>) -> Vec<Trust> {
        let trusts = &self.mover.trusts;
        let mut names: Vec<(String, Vec<usize>)> = trusts
            .named()
            .filter(|(name, _)| name.starts_with("arn:") && self.universe.find(name).is_none())
            .map(|(name, roles)| (name.to_owned(), roles.to_vec()))
            .collect();
        let partition = self.universe.accounts().first().map_or("aws", |account| account.partition.as_str());
        for (account, roles) in trusts.accounts() {
            let dormant = roles.iter().filter(|role| !used.contains(&(account.to_owned(), *role)));
            names.push((format!("arn:{partition}:iam::{account}:root"), dormant.collect()));
        }
        names.push(("*".to_owned(), trusts.everyone().iter().collect()));
        let told = |name: &str, role: usize| {
            let step = Explainer { mover: self.mover }.entering(name, role)?;
            self.trust(step, role, self.origin(name), true)
        };
        let mut found: Vec<Trust> = names
            .iter()
            .flat_map(|(name, roles)| roles.iter().filter_map(move |role| told(name, *role)))
            .filter(|trust| trust.from_account.as_deref() != Some(&trust.to_account))
            .collect();
        found.sort();
        found.dedup();
        found
    }

    fn origin(&self, name: &str) -> Origin {
        let told = |account: &str| self.universe.accounts().iter().any(|own| own.id == account);
        match account_in(name) {
            _ if name == "*" => Origin::Anybody,
            Some(account) if told(account) && name.ends_with(":root") => Origin::Account,
            Some(account) if told(account) => Origin::Missing,
            _ => Origin::Outside,
        }
    }

    fn trust(&self, step: Step, role: usize, origin: Origin, is_certain: bool) -> Option<Trust> {
        let target = self.universe.node(role)?;
        let mut depends_on = step.depends_on;
        if origin == Origin::Account {
            depends_on.insert("a policy there that allows sts:AssumeRole on the role");
        }
        let who = Who::parse(&step.from);
        Some(Trust {
            conditions: trust_conditions(target.account, target.principal, &who),
            from_account: account_in(&step.from).map(str::to_owned),
            from: step.from.to_string(),
            origin,
            to: step.to.to_string(),
            to_account: target.account.id.clone(),
            certainty: if is_certain && depends_on.is_empty() { "certain" } else { "depends" },
            statements: Arc::unwrap_or_clone(step.statements),
            depends_on,
            unless_scp: false,
        })
    }
}

fn account_in(arn: &str) -> Option<&str> {
    Arn::parse(arn).map(|arn| arn.account).filter(|account| is_account(account))
}

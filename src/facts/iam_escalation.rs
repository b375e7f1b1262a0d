//! Ways to administrator as facts keep them: the methods through each policy, and those principals that get there first.
//!
//! An account at its quotas has tens of thousands of ways, so each is looked at when it is told and let go.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::{Gap, List, UNDECIDED};
use crate::iam::account::Account;
use crate::iam::escalation::{Chain, Step, gather_paths_to_administrator};

/// Principals whose ways are kept.
const CLIMBERS: usize = 50;
/// Ways of one principal that are kept.
const WAYS: usize = 3;

/// Somebody who reaches administrator, or may.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Climber {
    /// An ARN, or `*` for anybody.
    pub principal: Arc<str>,
    /// The first ways: certain ones before those that depend on something, short ones before long ones.
    pub ways: Vec<Chain>,
    /// How many more ways there are.
    pub further_ways: usize,
}

/// What is kept of the ways to administrator.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Escalations {
    /// By policy whose statements allow a step, the methods of ways that are certain, and of others.
    certain: BTreeMap<String, Methods>,
    doubtful: BTreeMap<String, Methods>,
    climbers: Vec<Climber>,
    further_climbers: usize,
}

/// Methods by id, each with what happens.
type Methods = BTreeSet<(&'static str, &'static str)>;

impl Escalations {
    /// Works out the ways of an account.
    pub(super) fn read(account: &Account) -> Self {
        let mut all = Self::default();
        gather_paths_to_administrator(std::slice::from_ref(account), Self::look, |some| all.join(some));
        all
    }

    /// Looks at chains, those of one start one after the other.
    fn look(&mut self, chains: Vec<Chain>) {
        let mut own: Vec<Chain> = Vec::new();
        for chain in chains {
            self.add_methods(&chain);
            if own.first().is_some_and(|first| first.principal != chain.principal) {
                self.add_climber(std::mem::take(&mut own));
            }
            own.push(chain);
        }
        self.add_climber(own);
    }

    /// Adds what was kept of starts that come later.
    fn join(&mut self, later: Self) {
        for (own, later) in [(&mut self.certain, later.certain), (&mut self.doubtful, later.doubtful)] {
            for (policy, methods) in later {
                own.entry(policy).or_default().extend(methods);
            }
        }
        later.climbers.into_iter().for_each(|climber| self.rank(climber));
        self.further_climbers += later.further_climbers;
    }

    /// Those who reach administrator, or may, the surest and quickest first.
    pub fn climbers(&self) -> &[Climber] {
        &self.climbers
    }

    /// How many more there are.
    pub fn further_climbers(&self) -> usize {
        self.further_climbers
    }

    fn add_methods(&mut self, chain: &Chain) {
        let certain = chain.steps.iter().all(|step| step.depends_on.is_empty());
        let methods = if certain { &mut self.certain } else { &mut self.doubtful };
        for step in &chain.steps {
            let Step { method, title, .. } = step;
            for (policy, _) in step.statements.iter().filter_map(|statement| statement.rsplit_once('#')) {
                match methods.get_mut(policy) {
                    Some(known) => {
                        known.insert((method, title));
                    }
                    None => {
                        methods.insert(policy.to_owned(), BTreeSet::from([(*method, *title)]));
                    }
                }
            }
        }
    }

    /// Adds whoever has all of these ways.
    fn add_climber(&mut self, mut ways: Vec<Chain>) {
        let Some(principal) = ways.first().map(|way| way.principal.clone()) else { return };
        // The order of equal ways is the engine's, which is the methods'.
        ways.sort_by_key(rank);
        let further_ways = ways.len().saturating_sub(WAYS);
        ways.truncate(WAYS);
        self.rank(Climber { principal, ways, further_ways });
    }

    /// Puts somebody in its place among those who are kept.
    fn rank(&mut self, climber: Climber) {
        let place = self.climbers.partition_point(|known| known.order() <= climber.order());
        self.climbers.insert(place, climber);
        self.further_climbers += self.climbers.len().saturating_sub(CLIMBERS);
        self.climbers.truncate(CLIMBERS);
    }

    /// The methods through one policy; the list may go on where a chain depends on what the snapshot cannot settle.
    pub(super) fn through(&self, policy: &str, gaps: &[Gap]) -> List<String> {
        let named = |methods: &Methods| -> Vec<String> {
            methods.iter().map(|(method, title)| format!("{method} ({title})")).collect()
        };
        let mut list = List { items: self.certain.get(policy).map(named).unwrap_or_default(), gaps: gaps.to_vec() };
        if let Some(methods) = self.doubtful.get(policy) {
            let methods = named(methods).join(", ");
            list.gaps
                .push(Gap::of_reason(UNDECIDED, format!("whether {methods} leads to administrator is not settled")));
        }
        list
    }
}

impl Climber {
    fn order(&self) -> (Option<(Reverse<bool>, usize)>, &str) {
        (self.ways.first().map(rank), &self.principal)
    }
}

/// Certain ways first, then short ones.
fn rank(chain: &Chain) -> (Reverse<bool>, usize) {
    (Reverse(chain.steps.iter().all(|step| step.depends_on.is_empty())), chain.steps.len())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::iam::escalation::each_path_to_administrator;

    #[test]
    fn ways_that_are_looked_at_in_groups_come_to_what_they_come_to_together() {
        let document = |action: &str, condition: serde_json::Value| json!({ "Statement": [{ "Effect": "Allow", "Action": action, "Resource": "*", "Condition": condition }] });
        let users: Vec<_> = (0..200)
            .map(|number| {
                let open =
                    if number % 3 == 0 { json!({ "IpAddress": { "aws:SourceIp": "10.0.0.0/8" } }) } else { json!({}) };
                let action = ["iam:AttachUserPolicy", "iam:*UserPolicy", "s3:*", "iam:PutUserPolicy"][number % 4];
                json!({ "UserName": format!("u-{number}"), "Arn": format!("arn:aws:iam::123456789012:user/u-{number}"),
                    "GroupList": [], "AttachedManagedPolicies": [],
                    "UserPolicyList": [{ "PolicyName": "own", "PolicyDocument": document(action, open) }] })
            })
            .collect();
        let details = json!({ "UserDetailList": users, "GroupDetailList": [], "RoleDetailList": [], "Policies": [] });
        let mut builder = Account::builder("123456789012", "aws", None);
        builder.add(&serde_json::from_value(details).unwrap(), &[]);
        let account = builder.build();
        let mut chains = Vec::new();
        each_path_to_administrator(std::slice::from_ref(&account), &mut |chain| chains.push(chain));
        let mut together = Escalations::default();
        together.look(chains);
        let read = Escalations::read(&account);
        assert_eq!((read.climbers().len(), read.further_climbers()), (CLIMBERS, 150 - CLIMBERS));
        assert!(read == together);
    }
}

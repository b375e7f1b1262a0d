//! All principals of some accounts, and what patterns match among them.
//!
//! What a statement's patterns match among 10,000 ARNs is found once for all statements with the same patterns, not once
//! per principal: policies are shared, and a set of numbers is cheap to join with others.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use super::bits::{Bits, Set};
use super::index::Index;
use super::shape::{Shape, Shapes};
use crate::iam::access::{Access, account_context, of_principal};
use crate::iam::account::{Account, Attached, Boundary, Principal};
use crate::iam::context::{Context, Fact};
use crate::iam::document::{Patterns, Rule, VariableValue};
use crate::iam::pattern::{Pattern, Token};

/// A user or role of one of the accounts.
#[derive(Debug, Clone, Copy)]
pub(super) struct Node<'a> {
    /// Position of the account.
    pub(super) home: usize,
    /// The account.
    pub(super) account: &'a Account,
    /// The user or role.
    pub(super) principal: &'a Principal,
}

impl<'a> Node<'a> {
    /// What the principal may do.
    pub(super) fn access(&self) -> Access<'a> {
        Access::new(self.account, self.principal)
    }

    /// The identity policies, groups' included.
    pub(super) fn identity(&self) -> impl Iterator<Item = &'a Attached> + use<'a> {
        let (account, principal) = (self.account, self.principal);
        let groups = principal.groups.iter().filter_map(|name| account.groups().get(name.as_ref()));
        principal.policies.iter().chain(groups.flat_map(|group| group.policies.iter()))
    }
}

/// Things that actions are allowed on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) enum Class {
    /// Users and roles.
    Principals,
    /// Groups.
    Groups,
    /// Customer managed policies.
    Policies,
}

impl Class {
    /// What is kept of this class.
    fn of<T>(self, kept: &[T; 3]) -> &T {
        let [principals, groups, policies] = kept;
        match self {
            Self::Principals => principals,
            Self::Groups => groups,
            Self::Policies => policies,
        }
    }
}

/// Numbers of things that an action is allowed on: surely, and perhaps.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Reach {
    /// Surely allowed.
    pub(super) certain: Bits,
    /// Allowed, or not known not to be.
    pub(super) possible: Bits,
}

/// Things that are the same in what some condition keys ask.
#[derive(Debug)]
pub(super) struct Likes {
    /// What is known of the keys.
    pub(super) facts: Vec<(String, Fact)>,
    /// The things.
    pub(super) members: Set,
}

type Grouped = BTreeMap<(Class, Vec<String>), Arc<Vec<Likes>>>;

/// Users, roles, groups and policies of some accounts, each class sorted by ARN.
pub(super) struct Universe<'a> {
    accounts: &'a [Account],
    nodes: Vec<Node<'a>>,
    group_arns: Vec<(&'a str, usize, &'a str)>,
    policy_arns: Vec<(&'a str, usize)>,
    /// By where their ARN lies, which an account keeps once, the numbers of customer managed policies.
    policy_places: HashMap<usize, usize>,
    /// Which statements speak of what.
    pub(super) index: Index<'a>,
    /// The context of questions that nothing about the request can change.
    pub(super) nothing_known: Context,
    /// By account, what is known of the requests of all its principals.
    known: Vec<Arc<Context>>,
    /// By class, what each of the index's resource patterns matches.
    matched: [Vec<OnceLock<Set>>; 3],
    /// By class, its things sorted by their ARNs read backwards.
    backwards: [OnceLock<Vec<u32>>; 3],
    /// By class, how its ARNs begin.
    heads: [OnceLock<Heads>; 3],
    grouped: Mutex<Grouped>,
    shapes: Shapes<'a>,
}

impl<'a> Universe<'a> {
    /// Indexes the accounts.
    pub(super) fn new(accounts: &'a [Account]) -> Self {
        let mut nodes = Vec::new();
        let mut group_arns = Vec::new();
        let mut policy_arns = Vec::new();
        for (home, account) in accounts.iter().enumerate() {
            nodes.extend(account.principals().iter().map(|principal| Node { home, account, principal }));
            group_arns.extend(account.groups().iter().map(|(name, group)| (group.arn.as_str(), home, name)));
            let own = account.policies().keys().filter(|arn| !arn.contains(":iam::aws:"));
            policy_arns.extend(own.map(|arn| (arn.as_ref(), home)));
        }
        nodes.sort_by(|a, b| a.principal.arn.cmp(&b.principal.arn));
        group_arns.sort_unstable();
        policy_arns.sort_unstable();
        let place = |(number, (arn, _)): (usize, &(&str, usize))| (arn.as_ptr().addr(), number);
        let policy_places = policy_arns.iter().enumerate().map(place).collect();
        let index = Index::new(accounts);
        let matched = [(); 3].map(|()| index.patterns().iter().map(|_| OnceLock::new()).collect());
        let (nothing_known, backwards, heads) = (Context::open(), Default::default(), Default::default());
        let known = accounts.iter().map(|account| Arc::new(account_context(account))).collect();
        let (grouped, shapes) = (Mutex::default(), Shapes::new(&nodes, &index));
        Self {
            accounts,
            nodes,
            group_arns,
            policy_arns,
            policy_places,
            index,
            nothing_known,
            known,
            matched,
            backwards,
            heads,
            grouped,
            shapes,
        }
    }

    /// The accounts.
    pub(super) fn accounts(&self) -> &'a [Account] {
        self.accounts
    }

    /// Notes what is known of every request, whoever makes it.
    pub(super) fn given(&mut self, facts: &[(&str, Fact)]) {
        for context in &mut self.known {
            *context = Arc::new(context.as_ref().clone().with(facts));
        }
    }

    /// What a principal has in common with those of the same policies.
    pub(super) fn shape(&self, node: &Node<'a>) -> Arc<Shape<'a>> {
        self.shapes.of(node, &self.index)
    }

    /// What is known of the requests of a principal.
    pub(super) fn context(&self, node: &Node<'_>) -> Context {
        let known = self.known.get(node.home).map_or_else(|| self.nothing_known.clone(), Context::on);
        of_principal(known, node.principal)
    }

    /// Users and roles, sorted by ARN.
    pub(super) fn nodes(&self) -> &[Node<'a>] {
        &self.nodes
    }

    /// The user or role with this number.
    pub(super) fn node(&self, number: usize) -> Option<&Node<'a>> {
        self.nodes.get(number)
    }

    /// The number of the user or role with this ARN.
    pub(super) fn find(&self, arn: &str) -> Option<usize> {
        self.nodes.binary_search_by(|node| node.principal.arn.as_ref().cmp(arn)).ok()
    }

    /// The number of a group.
    pub(super) fn find_group(&self, home: usize, name: &str) -> Option<usize> {
        let arn = &self.accounts.get(home)?.groups().get(name)?.arn;
        self.group_arns.binary_search_by(|(own, ..)| (*own).cmp(arn)).ok()
    }

    /// Account and name of a group.
    pub(super) fn group(&self, number: usize) -> Option<(usize, &'a str)> {
        self.group_arns.get(number).map(|(_, home, name)| (*home, *name))
    }

    /// The number of a customer managed policy.
    pub(super) fn find_policy(&self, arn: &str) -> Option<usize> {
        let found = self.policy_places.get(&arn.as_ptr().addr()).copied();
        found.or_else(|| self.policy_arns.binary_search_by(|(own, _)| (*own).cmp(arn)).ok())
    }

    /// How many things a class has.
    pub(super) fn size(&self, class: Class) -> usize {
        match class {
            Class::Principals => self.nodes.len(),
            Class::Groups => self.group_arns.len(),
            Class::Policies => self.policy_arns.len(),
        }
    }

    fn arn(&self, class: Class, number: usize) -> &'a str {
        match class {
            Class::Principals => self.nodes.get(number).map_or("", |node| node.principal.arn.as_ref()),
            Class::Groups => self.group_arns.get(number).map_or("", |(arn, ..)| arn),
            Class::Policies => self.policy_arns.get(number).map_or("", |(arn, _)| arn),
        }
    }

    fn home(&self, class: Class, number: usize) -> Option<&'a Account> {
        let home = match class {
            Class::Principals => self.nodes.get(number).map(|node| node.home),
            Class::Groups => self.group_arns.get(number).map(|(_, home, _)| *home),
            Class::Policies => self.policy_arns.get(number).map(|(_, home)| *home),
        };
        self.accounts.get(home?)
    }

    /// Adds what is known of the principal that is asked for.
    pub(super) fn describe(&self, number: usize, context: &mut Context) {
        let Some(node) = self.nodes.get(number) else { return };
        context.set_value("aws:ResourceAccount", &node.account.id);
        if let Some(organization) = node.account.organization_id() {
            context.set_value("aws:ResourceOrgID", organization);
        }
        context.set("iam:PermissionsBoundary", boundary_fact(node.principal));
        for (key, value) in node.principal.tags.iter().flatten() {
            context.set_value(&format!("aws:ResourceTag/{key}"), value);
            context.set_value(&format!("iam:ResourceTag/{key}"), value);
        }
    }

    /// The things of a class, those together of which the same is known of some keys (in lower case).
    pub(super) fn kinds(&self, class: Class, keys: &[String]) -> Arc<Vec<Likes>> {
        let name = (class, keys.to_vec());
        let mut grouped = self.grouped.lock().unwrap_or_else(PoisonError::into_inner);
        let found = grouped.entry(name).or_insert_with(|| Arc::new(self.group_by(class, keys)));
        Arc::clone(found)
    }

    fn group_by(&self, class: Class, keys: &[String]) -> Vec<Likes> {
        let mut groups: Vec<(Vec<(String, Fact)>, Bits)> = Vec::new();
        let mut known: HashMap<String, usize> = HashMap::new();
        for number in 0..self.size(class) {
            let facts: Vec<(String, Fact)> =
                keys.iter().map(|key| (key.clone(), self.fact(class, number, key))).collect();
            let group = *known.entry(format!("{facts:?}")).or_insert_with(|| {
                groups.push((facts, Bits::empty(self.size(class))));
                groups.len() - 1
            });
            if let Some((_, members)) = groups.get_mut(group) {
                members.insert(number);
            }
        }
        groups.into_iter().map(|(facts, members)| Likes { facts, members: Set::pack(members) }).collect()
    }

    /// What is known of a key that describes a thing.
    fn fact(&self, class: Class, number: usize, key: &str) -> Fact {
        let value = |text: &str| Fact::Present(vec![text.to_owned()]);
        if key == "aws:resourceaccount" {
            return self.home(class, number).map_or(Fact::Unknown, |account| value(&account.id));
        }
        let Some(node) = self.nodes.get(number).filter(|_| class == Class::Principals) else { return Fact::Unknown };
        if key == "iam:permissionsboundary" {
            return boundary_fact(node.principal);
        }
        let tag = key.strip_prefix("aws:resourcetag/").or_else(|| key.strip_prefix("iam:resourcetag/"));
        let mut tags = node.principal.tags.iter().flatten();
        let own = tag.and_then(|tag| tags.find(|(name, _)| name.eq_ignore_ascii_case(tag)));
        own.map_or(Fact::Unknown, |(_, text)| value(text))
    }

    /// What resource patterns of the index match.
    pub(super) fn matched(&self, patterns: u32, class: Class) -> &Set {
        static NOTHING: OnceLock<Set> = OnceLock::new();
        let found = class.of(&self.matched).get(patterns as usize).zip(self.index.patterns().get(patterns as usize));
        match found {
            Some((slot, patterns)) => slot.get_or_init(|| Set::pack(self.matching(patterns, class))),
            None => NOTHING.get_or_init(|| Set::pack(Bits::empty(0))),
        }
    }

    /// What a statement's resources match when its variables have the context's values.
    pub(super) fn matched_with(&self, rule: &Rule, class: Class, context: &Context, wide: bool) -> Set {
        let value = |key: &str| variable_value(context, key);
        Set::pack(self.matching(&rule.resources.for_variables(&value, wide), class))
    }

    fn matching(&self, patterns: &Patterns, class: Class) -> Bits {
        let size = self.size(class);
        let mut bits = Bits::empty(size);
        for pattern in patterns.list.iter() {
            self.add_matching(pattern, class, &mut bits);
        }
        if patterns.excluded {
            let mut rest = Bits::full(size);
            rest.subtract(&bits);
            return rest;
        }
        bits
    }

    /// The things whose ARNs end like this.
    fn ending(&self, class: Class, suffix: &str) -> impl Iterator<Item = usize> {
        let arn = move |number: &u32| self.arn(class, *number as usize);
        let sorted = class.of(&self.backwards).get_or_init(|| {
            let mut all: Vec<u32> = (0..self.size(class)).filter_map(|number| u32::try_from(number).ok()).collect();
            all.sort_unstable_by(|one, other| arn(one).bytes().rev().cmp(arn(other).bytes().rev()));
            all
        });
        let start = sorted.partition_point(|number| arn(number).bytes().rev().lt(suffix.bytes().rev()));
        let found = sorted.get(start..).unwrap_or_default().iter();
        found.take_while(move |number| arn(number).ends_with(suffix)).map(|number| *number as usize)
    }

    /// The things whose ARNs begin like this.
    fn beginning(&self, class: Class, prefix: &str) -> impl Iterator<Item = usize> {
        let size = self.size(class);
        let (mut low, mut high) = (0, size);
        while low < high {
            let middle = usize::midpoint(low, high);
            if self.arn(class, middle) < prefix { low = middle + 1 } else { high = middle }
        }
        (low..size).take_while(move |number| self.arn(class, *number).starts_with(prefix))
    }

    /// How the ARNs of a class begin.
    fn heads(&self, class: Class) -> &Heads {
        class.of(&self.heads).get_or_init(|| {
            let mut heads = Heads::default();
            for number in 0..self.size(class) {
                match up_to_account(self.arn(class, number)) {
                    None => heads.others.push(number),
                    // Sorted as they are, those of one account stand together.
                    Some(head) if heads.accounts.last().is_none_or(|last| last != head) => {
                        heads.accounts.push(head.to_owned());
                    }
                    Some(_) => {}
                }
            }
            heads
        })
    }

    fn add_matching(&self, pattern: &Pattern, class: Class, bits: &mut Bits) {
        let prefix = pattern.literal_prefix();
        let plain = matches!(pattern.tokens().split_last(), Some((Token::Many, rest)) if rest.iter().all(|t| matches!(t, Token::Char(_))));
        let mut add = |number: usize| {
            if plain || pattern.matches(self.arn(class, number)) {
                bits.insert(number);
            }
        };
        // Most ARNs begin alike: what is named after a wildcard in place of the account tells more.
        if !plain && self.beginning(class, &prefix).nth(MANY).is_some() {
            let suffix = pattern.literal_suffix();
            if suffix.len() >= TELLING {
                return self.ending(class, &suffix).for_each(add);
            }
            let behind = pattern.literal_behind_first();
            if behind.starts_with(':') && prefix.ends_with(':') && prefix.matches(':').count() == ACCOUNT {
                let heads = self.heads(class);
                for head in heads.accounts.iter().filter(|head| head.starts_with(&prefix)) {
                    self.beginning(class, &format!("{head}{behind}")).for_each(&mut add);
                }
                return heads.others.iter().copied().for_each(add);
            }
        }
        self.beginning(class, &prefix).for_each(add);
    }
}

/// How the ARNs of a class begin, for patterns with a wildcard in place of the account.
#[derive(Debug, Default)]
struct Heads {
    /// Up to the account, of ARNs that have no colon behind its own: there the wildcard can stand for nothing else.
    accounts: Vec<String>,
    /// All other ARNs.
    others: Vec<usize>,
}

/// The colons of an ARN before its account.
const ACCOUNT: usize = 4;

/// An ARN up to the end of its account; `None` where more than one colon follows.
fn up_to_account(arn: &str) -> Option<&str> {
    let (end, _) = arn.match_indices(':').nth(ACCOUNT)?;
    let (head, rest) = arn.split_at(end);
    (rest.matches(':').count() == 1).then_some(head)
}

/// Characters of an ARN's end that few have in common.
const TELLING: usize = 4;
/// Things that are looked at one by one.
const MANY: usize = 32;

/// Whether a context leaves open which resources a statement speaks of: otherwise it is the same whether it is read wide or not.
pub(super) fn leaves_open(rule: &Rule, context: &Context) -> bool {
    rule.resources.keys().any(|key| variable_value(context, key) == VariableValue::Unknown)
}

fn variable_value(context: &Context, key: &str) -> VariableValue {
    match context.get(key) {
        Fact::Present(values) if values.len() == 1 => VariableValue::Is(values.concat()),
        Fact::Present(_) | Fact::Absent => VariableValue::Absent,
        Fact::SomeValue | Fact::Unknown => VariableValue::Unknown,
    }
}

fn boundary_fact(principal: &Principal) -> Fact {
    match &principal.boundary {
        Boundary::None => Fact::Absent,
        Boundary::Policy(boundary) => Fact::Present(vec![boundary.policy.to_string()]),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_pattern_matches_what_it_matches_one_by_one() {
        // A path may hold colons.
        let path = |number: usize| match number {
            number if number % 50 == 1 => "x:user/",
            number if number % 3 == 0 => "team/",
            _ => "",
        };
        let users: Vec<_> = (0..300)
            .map(|number| {
                json!({ "UserName": format!("u-{number}"), "GroupList": [], "AttachedManagedPolicies": [],
                    "Arn": format!("arn:aws:iam::123456789012:user/{}u-{number}", path(number)) })
            })
            .collect();
        let details = json!({ "UserDetailList": users, "GroupDetailList": [], "RoleDetailList": [], "Policies": [] });
        let mut builder = Account::builder("123456789012", "aws", None);
        builder.add(&serde_json::from_value(details).unwrap(), &[]);
        let accounts = [builder.build()];
        let universe = Universe::new(&accounts);
        for text in [
            "arn:aws:iam::*:user/u-7",
            "arn:aws:iam::*:user/*u-7",
            "arn:aws:iam::*:user/team/u-99",
            "arn:aws:iam::*:user/u-1?",
            "arn:aws:iam::*:user/*99",
            "arn:aws:iam::*:user/*-12*",
            "arn:aws:iam::*:user/u-10*",
            "arn:aws:iam::*:user/u-?1?",
            "arn:aws:iam::*:us*/u-2*",
            "arn:aws:iam::?23456789012:user/u-2*",
            "arn:aws:*::123456789012:user/u-2*",
            "arn:aws:iam:*:user/u-2*",
            "arn:aws:iam::*1*:user/x:user/u-*",
            "*ser/u-298",
            "*:user/none",
            "arn:aws:iam::123456789012:user/u-1",
            "arn:aws:iam::123456789012:user/u-1*",
            "*",
        ] {
            for excluded in [false, true] {
                let pattern = Pattern::glob(text);
                let patterns = Patterns { excluded, list: [pattern.clone()].into() };
                let found: Vec<usize> = universe.matching(&patterns, Class::Principals).iter().collect();
                let nodes = universe.nodes().iter().enumerate();
                let right: Vec<usize> = nodes
                    .filter_map(|(number, node)| (pattern.matches(&node.principal.arn) != excluded).then_some(number))
                    .collect();
                assert_eq!(found, right, "{text}");
            }
        }
    }
}

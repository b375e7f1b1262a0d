//! All principals of some accounts, and which of them an action reaches.
//!
//! What a statement's patterns match among 10,000 ARNs is found once per statement, not once per principal: policies are
//! shared, and a set of numbers is cheap to join with others. Which statements speak of an action is found once per document.

use std::cell::RefCell;
use std::collections::{BTreeMap, HashMap};
use std::rc::Rc;

use super::bits::{Bits, Set};
use super::methods::{Way, methods};
use crate::iam::access::{Access, holds};
use crate::iam::account::{Account, Attached, Boundary, DocumentId, Principal, PrincipalKind};
use crate::iam::context::{Context, Fact};
use crate::iam::document::{Patterns, Rule, VariableValue};
use crate::iam::pattern::{Pattern, Token};
use crate::iam::policy::Effect;
use crate::iam::truth::Truth;

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
}

/// Things that actions are allowed on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Class {
    /// Users and roles.
    Principals,
    /// Groups.
    Groups,
    /// Customer managed policies.
    Policies,
}

/// Numbers of things that an action is allowed on: surely, and perhaps.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Reach {
    /// Surely allowed.
    pub(super) certain: Bits,
    /// Allowed, or not known not to be.
    pub(super) possible: Bits,
}

/// Users, roles, groups and policies of some accounts, each class sorted by ARN.
pub(super) struct Universe<'a> {
    accounts: &'a [Account],
    nodes: Vec<Node<'a>>,
    group_arns: Vec<(&'a str, usize, &'a str)>,
    policy_arns: Vec<(&'a str, usize)>,
    actions: Vec<String>,
    /// For each account and document, the pairs of action and statement that speak of one another.
    spoken: Vec<Vec<Vec<(u16, u16)>>>,
    matched: RefCell<HashMap<(usize, Class), Rc<Set>>>,
}

impl<'a> Universe<'a> {
    /// Indexes the accounts.
    pub(super) fn new(accounts: &'a [Account]) -> Self {
        let mut nodes = Vec::new();
        let mut group_arns = Vec::new();
        let mut policy_arns = Vec::new();
        for (home, account) in accounts.iter().enumerate() {
            nodes.extend(account.principals().iter().map(|principal| Node { home, account, principal }));
            group_arns.extend(account.groups().iter().map(|(name, group)| (group.arn.as_str(), home, name.as_str())));
            let own = account.policies().keys().filter(|arn| !arn.contains(":iam::aws:"));
            policy_arns.extend(own.map(|arn| (arn.as_str(), home)));
        }
        nodes.sort_by(|a, b| a.principal.arn.cmp(&b.principal.arn));
        group_arns.sort_unstable();
        policy_arns.sort_unstable();
        let actions = interesting();
        let spoken = accounts.iter().map(|account| spoken(account, &actions)).collect();
        Self { accounts, nodes, group_arns, policy_arns, actions, spoken, matched: RefCell::default() }
    }

    /// The accounts.
    pub(super) fn accounts(&self) -> &'a [Account] {
        self.accounts
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
        self.nodes.binary_search_by(|node| node.principal.arn.as_str().cmp(arn)).ok()
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
        self.policy_arns.binary_search_by(|(own, _)| (*own).cmp(arn)).ok()
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
            Class::Principals => self.nodes.get(number).map_or("", |node| node.principal.arn.as_str()),
            Class::Groups => self.group_arns.get(number).map_or("", |(arn, ..)| arn),
            Class::Policies => self.policy_arns.get(number).map_or("", |(arn, _)| arn),
        }
    }

    /// Whether an allow of the principal speaks of the action at all.
    pub(super) fn speaks_of(&self, node: &Node<'a>, action: &str) -> bool {
        if node.principal.unknown.is_empty() {
            self.spoken_by(node, action, Effect::Allow).next().is_some()
        } else {
            true
        }
    }

    /// The statements of the identity policies that speak of an action.
    fn spoken_by<'s>(
        &'s self,
        node: &'s Node<'a>,
        action: &str,
        effect: Effect,
    ) -> impl Iterator<Item = &'a Rule> + 's {
        let index = self.index_of(action);
        let groups = node.principal.groups.iter().filter_map(|name| node.account.groups().get(name));
        let attached = node.principal.policies.iter().chain(groups.flat_map(|group| group.policies.iter()));
        attached.flat_map(move |policy| self.rules_of(node, policy, index)).filter(move |rule| rule.effect == effect)
    }

    fn index_of(&self, action: &str) -> u16 {
        let lower = action.to_ascii_lowercase();
        self.actions.binary_search(&lower).ok().and_then(|index| u16::try_from(index).ok()).unwrap_or(u16::MAX)
    }

    fn rules_of<'s>(&'s self, node: &Node<'a>, policy: &Attached, action: u16) -> impl Iterator<Item = &'a Rule> + 's {
        let account = node.account;
        let pairs = policy
            .document
            .and_then(|document| self.spoken.get(node.home)?.get(document.index()))
            .map_or(&[][..], Vec::as_slice);
        let start = pairs.partition_point(|(own, _)| *own < action);
        let rules: &'a [Rule] = policy.document.map_or(&[], |document: DocumentId| account.rules(document));
        pairs
            .iter()
            .skip(start)
            .take_while(move |(own, _)| *own == action)
            .filter_map(move |(_, rule)| rules.get(usize::from(*rule)))
    }

    /// What an action is allowed on; `more` adds what is known of the request.
    pub(super) fn reach(&self, node: &Node<'a>, action: &str, class: Class, more: &dyn Fn(&mut Context)) -> Reach {
        let mut context = crate::iam::access::principal_context(node.account, node.principal);
        more(&mut context);
        let index = self.index_of(action);
        let size = self.size(class);
        let mut reach = self.allowed(self.spoken_by(node, action, Effect::Allow), class, &context);
        if !node.principal.unknown.is_empty() {
            reach = Reach { certain: Bits::empty(size), possible: Bits::full(size) };
        }
        self.take_denied(&mut reach, self.spoken_by(node, action, Effect::Deny), class, &context);
        if let Boundary::Policy(boundary) = &node.principal.boundary {
            self.limit(&mut reach, node, boundary, index, class, &context);
        }
        reach
    }

    /// What an action is not denied on: enough where a resource grants to the principal itself.
    pub(super) fn undenied(&self, node: &Node<'a>, action: &str, class: Class) -> Reach {
        let context = crate::iam::access::principal_context(node.account, node.principal);
        let all = Bits::full(self.size(class));
        let mut reach = Reach { certain: all.clone(), possible: all };
        self.take_denied(&mut reach, self.spoken_by(node, action, Effect::Deny), class, &context);
        if let Boundary::Policy(boundary) = &node.principal.boundary {
            let index = self.index_of(action);
            if node.principal.kind == PrincipalKind::Role {
                self.limit(&mut reach, node, boundary, index, class, &context);
            } else {
                let denies = self.rules_of(node, boundary, index).filter(|rule| rule.effect == Effect::Deny);
                self.take_denied(&mut reach, denies, class, &context);
            }
        }
        if !node.principal.unknown.is_empty() {
            reach.certain = Bits::empty(self.size(class));
        }
        reach
    }

    fn limit(
        &self,
        reach: &mut Reach,
        node: &Node<'a>,
        boundary: &Attached,
        action: u16,
        class: Class,
        context: &Context,
    ) {
        if boundary.document.is_none() {
            reach.certain = Bits::empty(self.size(class));
            return;
        }
        let rules = || self.rules_of(node, boundary, action);
        let inside = self.allowed(rules().filter(|rule| rule.effect == Effect::Allow), class, context);
        reach.certain.keep(&inside.certain);
        reach.possible.keep(&inside.possible);
        self.take_denied(reach, rules().filter(|rule| rule.effect == Effect::Deny), class, context);
    }

    fn allowed(&self, rules: impl Iterator<Item = &'a Rule>, class: Class, context: &Context) -> Reach {
        let size = self.size(class);
        let mut reach = Reach { certain: Bits::empty(size), possible: Bits::empty(size) };
        for rule in rules {
            self.apply(rule, class, context, &mut |set, truth| match truth {
                Truth::True => {
                    set.add_to(&mut reach.certain);
                    set.add_to(&mut reach.possible);
                }
                Truth::Unknown(_) => set.add_to(&mut reach.possible),
                Truth::False => {}
            });
        }
        reach
    }

    fn take_denied(&self, reach: &mut Reach, rules: impl Iterator<Item = &'a Rule>, class: Class, context: &Context) {
        for rule in rules {
            self.apply(rule, class, context, &mut |set, truth| match truth {
                Truth::True => {
                    set.take_from(&mut reach.certain);
                    set.take_from(&mut reach.possible);
                }
                Truth::Unknown(_) => set.take_from(&mut reach.certain),
                Truth::False => {}
            });
        }
    }

    /// Tells which things a statement matches, and whether its conditions hold for them.
    fn apply(&self, rule: &'a Rule, class: Class, context: &Context, tell: &mut dyn FnMut(&Set, &Truth)) {
        let set = self.matches(rule, class, context, true);
        if !rule.conditions.iter().any(|condition| is_about_target(&condition.key)) {
            let truth = holds(rule, context);
            if !rule.has_variables() {
                return tell(&set, &truth);
            }
            let sure = self.matches(rule, class, context, false);
            tell(&set, &truth.clone().and(Truth::unknown("a policy variable")));
            return tell(&sure, &truth);
        }
        for number in set.common(&Bits::full(self.size(class))) {
            let mut about = context.clone();
            self.describe(class, number, &mut about);
            let one = Set::Few(u32::try_from(number).into_iter().collect());
            tell(&one, &holds(rule, &about));
        }
    }

    /// Adds what is known of the thing that is asked for.
    pub(super) fn describe(&self, class: Class, number: usize, context: &mut Context) {
        let home = match class {
            Class::Principals => self.nodes.get(number).map(|node| node.home),
            Class::Groups => self.group_arns.get(number).map(|(_, home, _)| *home),
            Class::Policies => self.policy_arns.get(number).map(|(_, home)| *home),
        };
        if let Some(account) = home.and_then(|home| self.accounts.get(home)) {
            context.set_value("aws:ResourceAccount", &account.id);
        }
        let Some(principal) = self.nodes.get(number).filter(|_| class == Class::Principals).map(|node| node.principal)
        else {
            return;
        };
        match &principal.boundary {
            Boundary::None => context.set("iam:PermissionsBoundary", Fact::Absent),
            Boundary::Policy(boundary) => context.set_value("iam:PermissionsBoundary", &boundary.policy.to_string()),
        }
        for (key, value) in principal.tags.iter().flatten() {
            context.set_value(&format!("aws:ResourceTag/{key}"), value);
            context.set_value(&format!("iam:ResourceTag/{key}"), value);
        }
    }

    fn matches(&self, rule: &'a Rule, class: Class, context: &Context, wide: bool) -> Rc<Set> {
        if rule.has_variables() {
            let value = |key: &str| match context.get(key) {
                Fact::Present(values) if values.len() == 1 => VariableValue::Is(values.concat()),
                Fact::Present(_) | Fact::Absent => VariableValue::Absent,
                Fact::SomeValue | Fact::Unknown => VariableValue::Unknown,
            };
            return Rc::new(Set::pack(self.matching(&rule.resources.for_variables(&value, wide), class)));
        }
        let key = (std::ptr::from_ref(rule) as usize, class);
        if let Some(known) = self.matched.borrow().get(&key) {
            return Rc::clone(known);
        }
        let set = Rc::new(Set::pack(self.matching(&rule.resources.fixed, class)));
        self.matched.borrow_mut().insert(key, Rc::clone(&set));
        set
    }

    fn matching(&self, patterns: &Patterns, class: Class) -> Bits {
        let size = self.size(class);
        let mut bits = Bits::empty(size);
        for pattern in &patterns.list {
            self.add_matching(pattern, class, &mut bits);
        }
        if patterns.excluded {
            let mut rest = Bits::full(size);
            rest.subtract(&bits);
            return rest;
        }
        bits
    }

    fn add_matching(&self, pattern: &Pattern, class: Class, bits: &mut Bits) {
        let prefix = pattern.literal_prefix();
        let size = self.size(class);
        let (mut low, mut high) = (0, size);
        while low < high {
            let middle = usize::midpoint(low, high);
            if self.arn(class, middle) < prefix.as_str() { low = middle + 1 } else { high = middle }
        }
        let plain = matches!(pattern.tokens().split_last(), Some((Token::Many, rest)) if rest.iter().all(|t| matches!(t, Token::Char(_))));
        for number in low..size {
            let arn = self.arn(class, number);
            if !arn.starts_with(&prefix) {
                break;
            }
            if plain || pattern.matches(arn) {
                bits.insert(number);
            }
        }
    }
}

/// Condition keys that describe what is asked for.
fn is_about_target(key: &str) -> bool {
    let key = key.to_ascii_lowercase();
    key.contains("resourcetag/") || key == "iam:permissionsboundary" || key == "aws:resourceaccount"
}

/// The actions of all methods, in lower case and sorted.
fn interesting() -> Vec<String> {
    let mut actions: Vec<String> =
        methods().iter().flat_map(super::methods::Method::actions).map(|action| action.to_ascii_lowercase()).collect();
    if methods().iter().any(|method| matches!(method.way, Way::PassRole { .. })) {
        actions.push("iam:passrole".to_owned());
    }
    actions.sort_unstable();
    actions.dedup();
    actions
}

fn spoken(account: &Account, actions: &[String]) -> Vec<Vec<(u16, u16)>> {
    let mut known: BTreeMap<&Patterns, Vec<u16>> = BTreeMap::new();
    (0..account.document_count())
        .map(|document| {
            let mut pairs = Vec::new();
            for (number, rule) in account.rules(DocumentId::at(document)).iter().enumerate() {
                let found = known.entry(&rule.actions).or_insert_with(|| {
                    let speaks = actions.iter().enumerate().filter(|(_, action)| rule.actions.contains(action));
                    speaks.filter_map(|(index, _)| u16::try_from(index).ok()).collect()
                });
                let number = u16::try_from(number).unwrap_or(u16::MAX);
                pairs.extend(found.iter().map(|action| (*action, number)));
            }
            pairs.sort_unstable();
            pairs
        })
        .collect()
}

//! Who may become a role, and which services run with it, by its trust policy.

use std::cell::RefCell;
use std::collections::{BTreeMap, HashMap};
use std::rc::Rc;

use super::bits::Bits;
use super::universe::{Class, Node, Reach, Universe};
use crate::iam::access::{holds, principal_context};
use crate::iam::account::{Account, Principal};
use crate::iam::caller::Caller;
use crate::iam::context::Context;
use crate::iam::document::Rule;
use crate::iam::matching::{PrincipalMatch, account_of};
use crate::iam::policy::{Effect, Principal as Named, PrincipalBlock, PrincipalKind};
use crate::iam::truth::Truth;

const ASSUME: &str = "sts:assumerole";

/// The trust policies of all roles, indexed by whom they name.
pub(super) struct Trusts {
    size: usize,
    /// Roles whose trust policy has conditions, denies or exclusions: asked one by one.
    particular: Bits,
    by_name: BTreeMap<String, Vec<usize>>,
    by_account: BTreeMap<String, Bits>,
    everyone: Bits,
    /// Roles that can be taken at all.
    usable: Bits,
    services: RefCell<HashMap<String, Rc<Reach>>>,
}

/// How far a trust policy lets a caller in: surely, and perhaps.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Entry {
    /// Surely.
    pub(super) certain: PrincipalMatch,
    /// Perhaps.
    pub(super) possible: PrincipalMatch,
}

impl Trusts {
    /// Indexes the trust policies.
    pub(super) fn new(universe: &Universe<'_>) -> Self {
        let size = universe.nodes().len();
        let mut trusts = Self {
            size,
            particular: Bits::empty(size),
            by_name: BTreeMap::new(),
            by_account: BTreeMap::new(),
            everyone: Bits::empty(size),
            usable: Bits::empty(size),
            services: RefCell::default(),
        };
        for (number, node) in universe.nodes().iter().enumerate() {
            let Some(document) = node.principal.trust.filter(|_| !node.principal.is_service_linked()) else { continue };
            trusts.usable.insert(number);
            for rule in node.account.rules(document).iter().filter(|rule| rule.actions.contains(ASSUME)) {
                trusts.add(number, rule);
            }
        }
        trusts
    }

    fn add(&mut self, number: usize, rule: &Rule) {
        let PrincipalBlock::Principal(named) = &rule.principal else { return self.particular.insert(number) };
        if rule.effect == Effect::Deny || !rule.conditions.is_empty() {
            self.particular.insert(number);
        }
        for principal in named {
            match principal {
                principal if principal.is_everyone() => self.everyone.insert(number),
                Named::Listed { kind: PrincipalKind::Aws, value } => match account_of(value) {
                    Some(account) => {
                        let size = self.size;
                        self.by_account.entry(account.to_owned()).or_insert_with(|| Bits::empty(size)).insert(number);
                    }
                    None => self.by_name.entry(value.clone()).or_default().push(number),
                },
                Named::Listed { .. } | Named::Everyone => {}
            }
        }
    }

    /// ARNs and accounts that trust policies name, each with the roles that do.
    pub(super) fn named(&self) -> impl Iterator<Item = (&str, &[usize])> {
        self.by_name.iter().map(|(name, roles)| (name.as_str(), roles.as_slice()))
    }

    /// Accounts that trust policies let in, each with the roles that do.
    pub(super) fn accounts(&self) -> impl Iterator<Item = (&str, &Bits)> {
        self.by_account.iter().map(|(account, roles)| (account.as_str(), roles))
    }

    /// Roles that let everyone in, conditions aside.
    pub(super) fn everyone(&self) -> &Bits {
        &self.everyone
    }

    /// The roles that a principal can assume.
    pub(super) fn assumable(&self, universe: &Universe<'_>, number: usize, node: &Node<'_>) -> Reach {
        let named = self.by_name.get(&node.principal.arn).map_or(&[][..], Vec::as_slice);
        let account = self.by_account.get(&node.account.id);
        let size = universe.nodes().len();
        let mut found = Reach { certain: Bits::empty(size), possible: Bits::empty(size) };
        if named.is_empty()
            && self.everyone.is_empty()
            && self.particular.is_empty()
            && !universe.speaks_of(node, ASSUME)
        {
            return found;
        }
        let allowed = universe.reach(node, ASSUME, Class::Principals, &|_| {});
        let undenied = universe.undenied(node, ASSUME, Class::Principals);
        let own_account = |role: usize| universe.node(role).is_some_and(|other| other.home == node.home);
        let mut enter = |role: usize, entry: Entry| {
            // What a role's own account grants by name needs no identity policy; an account's grant, or another account's, does.
            let asks = |level: PrincipalMatch, of: fn(&Reach) -> &Bits| match level {
                PrincipalMatch::No => false,
                PrincipalMatch::Role | PrincipalMatch::Direct if own_account(role) => of(&undenied).contains(role),
                _ => of(&allowed).contains(role),
            };
            if asks(entry.certain, |reach| &reach.certain) {
                found.certain.insert(role);
            }
            if asks(entry.possible, |reach| &reach.possible) {
                found.possible.insert(role);
            }
        };
        let direct = Entry { certain: PrincipalMatch::Direct, possible: PrincipalMatch::Direct };
        for role in named.iter().copied().chain(self.everyone.iter()).filter(|role| !self.particular.contains(*role)) {
            enter(role, direct);
        }
        let caller = Caller::parse(&node.principal.arn);
        let context = principal_context(node.account, node.principal);
        for role in self.particular.iter() {
            if let Some(other) = universe.node(role) {
                enter(role, trust(other.account, other.principal, &caller, &context));
            }
        }
        if let Some(account) = account {
            let mut plain = account.clone();
            plain.subtract(&self.particular);
            let mut certain = plain.clone();
            certain.keep(&allowed.certain);
            plain.keep(&allowed.possible);
            found.certain.add(&certain);
            found.possible.add(&plain);
        }
        found.certain.keep(&self.usable);
        found.possible.keep(&self.usable);
        found.certain.remove(number);
        found.possible.remove(number);
        found
    }

    /// The roles that a service of the role's own account may use.
    pub(super) fn of_service(&self, universe: &Universe<'_>, service: &str) -> Rc<Reach> {
        if let Some(known) = self.services.borrow().get(service) {
            return Rc::clone(known);
        }
        let size = universe.nodes().len();
        let mut reach = Reach { certain: Bits::empty(size), possible: Bits::empty(size) };
        for role in self.usable.iter() {
            let Some(node) = universe.node(role) else { continue };
            match service_trust(node.account, node.principal, service) {
                Truth::True => {
                    reach.certain.insert(role);
                    reach.possible.insert(role);
                }
                Truth::Unknown(_) => reach.possible.insert(role),
                Truth::False => {}
            }
        }
        let reach = Rc::new(reach);
        self.services.borrow_mut().insert(service.to_owned(), Rc::clone(&reach));
        reach
    }
}

/// How a role's trust policy meets a caller.
pub(super) fn trust(account: &Account, role: &Principal, caller: &Caller, context: &Context) -> Entry {
    let mut entry = Entry { certain: PrincipalMatch::No, possible: PrincipalMatch::No };
    let Some(document) = role.trust else { return entry };
    let (mut denied, mut doubtful) = (false, false);
    for rule in account.rules(document).iter().filter(|rule| rule.actions.contains(ASSUME)) {
        let level = rule.principal.covers(caller);
        let truth = if level == PrincipalMatch::No { Truth::False } else { holds(rule, context) };
        match (rule.effect, truth) {
            (_, Truth::False) => {}
            (Effect::Allow, Truth::True) => {
                entry.certain = entry.certain.max(level);
                entry.possible = entry.possible.max(level);
            }
            (Effect::Allow, Truth::Unknown(_)) => entry.possible = entry.possible.max(level),
            (Effect::Deny, Truth::True) => denied = true,
            (Effect::Deny, Truth::Unknown(_)) => doubtful = true,
        }
    }
    if denied {
        return Entry { certain: PrincipalMatch::No, possible: PrincipalMatch::No };
    }
    if doubtful {
        entry.certain = PrincipalMatch::No;
    }
    entry
}

/// The statement of a trust policy that lets a caller or a service in, for readers.
pub(super) fn trust_statement(account: &Account, role: &Principal, caller: &Caller) -> Option<String> {
    let rules = account.rules(role.trust?).iter();
    let applies = |rule: &&Rule| {
        rule.effect == Effect::Allow
            && rule.actions.contains(ASSUME)
            && rule.principal.covers(caller) != PrincipalMatch::No
    };
    rules.filter(applies).map(|rule| format!("{}/trust-policy#{}", role.arn, rule.name)).next()
}

/// The condition keys that keep a trust policy from surely letting a caller in.
pub(super) fn trust_doubts(account: &Account, role: &Principal, caller: &Caller, context: &Context) -> Vec<String> {
    let rules = role.trust.map_or(&[][..], |document| account.rules(document)).iter();
    let applying =
        rules.filter(|rule| rule.actions.contains(ASSUME) && rule.principal.covers(caller) != PrincipalMatch::No);
    applying.flat_map(|rule| holds(rule, context).keys()).collect()
}

/// Whether a role's trust policy lets a service in that works for the role's own account.
pub(super) fn service_trust(account: &Account, role: &Principal, service: &str) -> Truth {
    let Some(document) = role.trust else { return Truth::False };
    let mut context = Context::open();
    context.set_value("aws:SourceAccount", &account.id);
    context.set_value("aws:PrincipalIsAWSService", "true");
    context.set_value("aws:PrincipalServiceName", service);
    let caller = Caller::parse(service);
    let mut allowed = Truth::False;
    let mut denied = Truth::False;
    for rule in account.rules(document).iter().filter(|rule| rule.actions.contains(ASSUME)) {
        if rule.principal.covers(&caller) == PrincipalMatch::No {
            continue;
        }
        let truth = source_fits(rule, &account.id).and(without_source(rule, &context));
        match rule.effect {
            Effect::Allow => allowed = allowed.or(truth),
            Effect::Deny => denied = denied.or(truth),
        }
    }
    allowed.and(denied.not())
}

/// `aws:SourceArn` names something the caller makes, so it fits when it may be something of the account.
fn source_fits(rule: &Rule, account: &str) -> Truth {
    let mut wanted = rule.conditions.iter().filter(|condition| condition.key.eq_ignore_ascii_case("aws:SourceArn"));
    let fits = |text: &str| {
        text.split(':').nth(4).is_none_or(|part| part.is_empty() || part.contains(['*', '?', '$']) || part == account)
    };
    wanted.all(|condition| condition.values.iter().any(|value| fits(value.source()))).into()
}

fn without_source(rule: &Rule, context: &Context) -> Truth {
    let mut rest = rule.clone();
    rest.conditions.retain(|condition| !condition.key.eq_ignore_ascii_case("aws:SourceArn"));
    holds(&rest, context)
}

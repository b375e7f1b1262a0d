//! Who may become a role, and which services run with it, by its trust policy.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use super::bits::Bits;
use super::caller::Caller;
use super::methods::{Way, methods};
use super::universe::{Class, Node, Reach, Universe};
use crate::iam::access::holds;
use crate::iam::account::{Account, DocumentId, Principal};
use crate::iam::caller::Caller as Who;
use crate::iam::context::Context;
use crate::iam::document::{Rule, VariableValue};
use crate::iam::matching::{PrincipalMatch, account_of};
use crate::iam::policy::{Effect, Principal as Named, PrincipalBlock, PrincipalKind};
use crate::iam::truth::{Keys, Truth};

pub(super) const ASSUME: &str = "sts:assumerole";

/// The trust policies of all roles, indexed by whom they name.
pub(super) struct Trusts {
    size: usize,
    /// Roles whose trust policy has conditions, denies or exclusions: asked one by one.
    particular: Bits,
    /// Roles whose trust policy names whom it does not speak of.
    excluding: Bits,
    by_name: BTreeMap<String, Vec<usize>>,
    by_account: BTreeMap<String, Bits>,
    everyone: Bits,
    /// Roles that can be taken at all.
    usable: Bits,
    services: HashMap<&'static str, Reach>,
    nothing: Reach,
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
        let none = || Bits::empty(size);
        let mut trusts = Self {
            size,
            particular: none(),
            excluding: none(),
            by_name: BTreeMap::new(),
            by_account: BTreeMap::new(),
            everyone: none(),
            usable: none(),
            services: HashMap::new(),
            nothing: Reach { certain: none(), possible: none() },
        };
        for (number, node) in universe.nodes().iter().enumerate() {
            let Some(document) = node.principal.trust.filter(|_| !node.principal.is_service_linked()) else { continue };
            trusts.usable.insert(number);
            for rule in node.account.rules(document).iter().filter(|rule| rule.actions.contains(ASSUME)) {
                trusts.add(number, rule);
            }
        }
        trusts.read_services(universe);
        trusts
    }

    fn add(&mut self, number: usize, rule: &Rule) {
        let PrincipalBlock::Principal(named) = &rule.principal else {
            self.excluding.insert(number);
            return self.particular.insert(number);
        };
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

    /// Works out, for each service that methods pass roles to, the roles that it may use. Roles with the same trust
    /// policy are judged together, and only for the services that it names.
    fn read_services(&mut self, universe: &Universe<'_>) {
        let wanted: BTreeSet<&'static str> = methods()
            .iter()
            .flat_map(|method| match &method.way {
                Way::PassRole { services, .. } | Way::RunsAs { services, .. } => services.as_slice(),
                _ => &[],
            })
            .map(String::as_str)
            .collect();
        let mut by_document: BTreeMap<(usize, DocumentId), Vec<usize>> = BTreeMap::new();
        for role in self.usable.iter() {
            if let Some((node, document)) = universe.node(role).and_then(|node| Some((node, node.principal.trust?))) {
                by_document.entry((node.home, document)).or_default().push(role);
            }
        }
        for roles in by_document.values() {
            let Some(node) = roles.first().and_then(|role| universe.node(*role)) else { continue };
            let named = services_named(node);
            for service in wanted.iter().filter(|service| named.as_ref().is_none_or(|named| named.contains(*service))) {
                let truth = service_trust(node.account, node.principal, service);
                if truth.is_false() {
                    continue;
                }
                let reach = self.services.entry(service).or_insert_with(|| self.nothing.clone());
                for role in roles {
                    reach.possible.insert(*role);
                    if truth.is_true() {
                        reach.certain.insert(*role);
                    }
                }
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
    pub(super) fn assumable(&self, universe: &Universe<'_>, caller: &Caller<'_, '_>) -> Reach {
        let node = caller.node;
        let named = self.by_name.get(node.principal.arn.as_ref()).map_or(&[][..], Vec::as_slice);
        let of_account = self.by_account.get(&node.account.id);
        let mut found = self.nothing.clone();
        let direct_only = named.is_empty() && self.everyone.is_empty() && self.excluding.is_empty();
        if direct_only && (of_account.is_none() || !caller.shape.speaks_of(ASSUME)) {
            return found;
        }
        let allowed = caller.reach(ASSUME, Class::Principals, None);
        let undenied = caller.undenied(ASSUME, Class::Principals);
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
        // Only who is named, or not excluded, can be let in; naming the account alone asks for an identity policy too.
        let mut particular = of_account.cloned().unwrap_or_default();
        particular.keep(&allowed.possible);
        let mut candidates = self.excluding.clone();
        candidates.add(&particular);
        candidates.add(&self.everyone);
        for role in named {
            candidates.insert(*role);
        }
        candidates.keep(&self.particular);
        if !candidates.is_empty() {
            let who = Who::parse(&node.principal.arn);
            for role in candidates.iter() {
                if let Some(other) = universe.node(role) {
                    enter(role, trust(other.account, other.principal, &who, caller.context()));
                }
            }
        }
        if let Some(account) = of_account {
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
        found.certain.remove(caller.number);
        found.possible.remove(caller.number);
        caller.take_guarded(ASSUME, &mut found);
        found
    }

    /// The roles that a service of the role's own account may use.
    pub(super) fn of_service(&self, service: &str) -> &Reach {
        self.services.get(service).unwrap_or(&self.nothing)
    }
}

/// The services that a role's trust policy names; `None` when it may let in services that it does not name.
fn services_named<'a>(role: &Node<'a>) -> Option<BTreeSet<&'a str>> {
    let mut named = BTreeSet::new();
    for rule in role.account.rules(role.principal.trust?) {
        let PrincipalBlock::Principal(list) = &rule.principal else { return None };
        for principal in list {
            match principal {
                principal if principal.is_everyone() => return None,
                Named::Listed { kind: PrincipalKind::Service, value } => {
                    named.insert(value.as_str());
                }
                Named::Listed { .. } | Named::Everyone => {}
            }
        }
    }
    Some(named)
}

/// How a role's trust policy meets a caller.
pub(super) fn trust(account: &Account, role: &Principal, caller: &Who, context: &Context) -> Entry {
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

/// Whether the resource control policies of a role's account keep a caller from assuming it.
pub(super) fn guarded(account: &Account, role: &Principal, caller: &Who, context: &Context) -> Truth {
    let open = account.unread_rcps();
    let mut denied = if open.is_empty() { Truth::False } else { Truth::Unknown(open.into_iter().collect()) };
    let documents = account.rcps().iter().filter_map(|attached| attached.document);
    for rule in documents.flat_map(|document| account.rules(document)) {
        if !rule.actions.contains(ASSUME) || rule.principal.covers(caller) == PrincipalMatch::No {
            continue;
        }
        let within = |wide| rule.resources.for_variables(&|_| VariableValue::Unknown, wide).contains(&role.arn);
        if within(true) {
            let named = if within(false) { Truth::True } else { Truth::unknown("a policy variable") };
            denied = denied.or(named.and(holds(rule, context)));
        }
    }
    denied
}

/// The statement of a trust policy that lets a caller or a service in, for readers.
pub(super) fn trust_statement(account: &Account, role: &Principal, caller: &Who) -> Option<String> {
    let rules = account.rules(role.trust?).iter();
    let applies = |rule: &&Rule| {
        rule.effect == Effect::Allow
            && rule.actions.contains(ASSUME)
            && rule.principal.covers(caller) != PrincipalMatch::No
    };
    rules.filter(applies).map(|rule| format!("{}/trust-policy#{}", role.arn, rule.name)).next()
}

/// The condition keys that keep a trust policy from surely letting a caller in.
pub(super) fn trust_doubts(account: &Account, role: &Principal, caller: &Who, context: &Context) -> Keys {
    let rules = role.trust.map_or(&[][..], |document| account.rules(document)).iter();
    let applying =
        rules.filter(|rule| rule.actions.contains(ASSUME) && rule.principal.covers(caller) != PrincipalMatch::No);
    Keys::of(applying.map(|rule| holds(rule, context)))
}

/// The condition keys that a trust policy asks for where it names a caller.
pub(super) fn trust_conditions(account: &Account, role: &Principal, caller: &Who) -> BTreeSet<String> {
    let rules = role.trust.map_or(&[][..], |document| account.rules(document)).iter();
    let applying =
        rules.filter(|rule| rule.actions.contains(ASSUME) && rule.principal.covers(caller) != PrincipalMatch::No);
    applying.flat_map(|rule| rule.conditions.iter().map(|condition| condition.key.clone())).collect()
}

/// Whether a role's trust policy lets a service in that works for the role's own account.
pub(super) fn service_trust(account: &Account, role: &Principal, service: &str) -> Truth {
    let Some(document) = role.trust else { return Truth::False };
    let mut context = Context::open();
    context.set_value("aws:SourceAccount", &account.id);
    context.set_value("aws:PrincipalIsAWSService", "true");
    context.set_value("aws:PrincipalServiceName", service);
    let caller = Who::parse(service);
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
    let rest = rule.conditions.iter().filter(|condition| !condition.key.eq_ignore_ascii_case("aws:SourceArn"));
    holds(&Rule { conditions: rest.cloned().collect(), ..rule.clone() }, context)
}

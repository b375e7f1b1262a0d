//! What one principal can do next: become others, or become administrator at once.

use std::cell::{OnceCell, RefCell};
use std::collections::{BTreeMap, BTreeSet};

use super::bits::{Bits, Set};
use super::methods::{Method, Need, Way, methods};
use super::trusts::Trusts;
use super::universe::{Class, Node, Reach, Universe};
use crate::iam::access::{Access, Grant, StatementRef, Verdict};
use crate::iam::account::{PolicyName, PrincipalKind};
use crate::iam::catalogue::catalogue;
use crate::iam::context::Context;
use crate::iam::document::{Patterns, Resources, Rule};
use crate::iam::policy::{Effect, PrincipalBlock};
use crate::iam::region::Language;
use crate::iam::truth::Truth;

/// A method that makes the principal another one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Move {
    /// Position in [`methods`].
    pub(super) method: usize,
    /// Whom it surely leads to.
    pub(super) certain: Set,
    /// Whom it may lead to; holds the certain ones too.
    pub(super) possible: Set,
}

/// A method after which the principal is administrator.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct End {
    /// Position in [`methods`].
    pub(super) method: usize,
    /// The principal that is changed; the caller itself when it is its own number.
    pub(super) target: usize,
    /// What is done to which policy or group.
    pub(super) object: String,
    /// Whether it is so.
    pub(super) truth: Truth,
}

/// Everything that one principal can do next.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Moves {
    /// Ways to others, in the order of [`methods`].
    pub(super) moves: Vec<Move>,
    /// Ways to administrator.
    pub(super) ends: Vec<End>,
}

/// Works out moves; remembers what several principals share.
pub(super) struct Mover<'a, 'u> {
    /// The principals.
    pub(super) universe: &'u Universe<'a>,
    /// The trust policies.
    pub(super) trusts: Trusts,
    everything: &'u Rule,
    ceilings: RefCell<BTreeMap<usize, Truth>>,
    profiles: Reach,
    roles: Bits,
    pub(super) changeable: Bits,
}

/// A statement that allows everything, as an attacker would attach it.
pub(super) fn everything() -> Rule {
    Rule {
        effect: Effect::Allow,
        name: "everything".to_owned(),
        principal: PrincipalBlock::None,
        actions: Patterns::everything(),
        resources: Resources { fixed: Patterns::everything(), varying: Vec::new() },
        conditions: Vec::new(),
    }
}

pub(super) const ADMINISTRATOR_ACCESS: &str = "iam::aws:policy/AdministratorAccess";

/// The caller with what its moves ask again and again.
pub(super) struct Caller<'a, 'u> {
    pub(super) number: usize,
    pub(super) node: &'u Node<'a>,
    access: OnceCell<Access<'a>>,
    assumable: OnceCell<Reach>,
}

impl<'a> Caller<'a, '_> {
    pub(super) fn access(&self) -> &Access<'a> {
        self.access.get_or_init(|| self.node.access())
    }
}

impl<'a, 'u> Mover<'a, 'u> {
    /// Prepares for the principals of a universe; `everything` is [`everything`].
    pub(super) fn new(universe: &'u Universe<'a>, everything: &'u Rule) -> Self {
        let size = universe.nodes().len();
        let mut profiles = Reach { certain: Bits::empty(size), possible: Bits::empty(size) };
        let (mut roles, mut changeable) = (Bits::empty(size), Bits::empty(size));
        for (number, node) in universe.nodes().iter().enumerate() {
            if node.principal.kind == PrincipalKind::Role {
                roles.insert(number);
            }
            if !node.principal.arn.contains(":role/aws-service-role/")
                && !node.principal.arn.contains(":role/aws-reserved/")
            {
                changeable.insert(number);
            }
            match &node.principal.instance_profiles {
                Some(list) if list.is_empty() => {}
                Some(_) => {
                    profiles.certain.insert(number);
                    profiles.possible.insert(number);
                }
                None => profiles.possible.insert(number),
            }
        }
        let trusts = Trusts::new(universe);
        Self { universe, trusts, everything, ceilings: RefCell::default(), profiles, roles, changeable }
    }

    /// Whether a principal is administrator.
    pub(super) fn admin(&self, node: &Node<'a>) -> Truth {
        // Full control of IAM includes this action, so whoever has no allow for it needs no closer look.
        if !self.universe.speaks_of(node, "iam:AttachUserPolicy") {
            return Truth::False;
        }
        node.access().is_admin().truth
    }

    /// Everything that a principal can do next.
    pub(super) fn moves(&self, number: usize) -> Moves {
        let Some(node) = self.universe.node(number) else { return Moves::default() };
        let caller = Caller { number, node, access: OnceCell::new(), assumable: OnceCell::new() };
        let mut found = Moves::default();
        for (position, method) in methods().iter().enumerate() {
            if !self.may_start(&caller, method) {
                continue;
            }
            match &method.way {
                Way::GrantSelf { grant } => found.ends.extend(self.grant_self(&caller, position, grant)),
                Way::Lift { lift } => found.ends.extend(self.lift(&caller, position, lift)),
                Way::GrantAndUse { grant, takes } => {
                    found.ends.extend(self.grant_and_use(&caller, position, grant, takes));
                }
                Way::Create => found.ends.extend(Self::create(&caller, position, method)),
                Way::Use { takes } => found.moves.extend(self.becomes(&caller, position, method, takes)),
                Way::PassRole { services, profile } => {
                    found.moves.extend(self.pass_role(&caller, position, method, services, *profile));
                }
                Way::RunsAs { services, profile, .. } => {
                    found.moves.extend(self.runs_as(&caller, position, method, services, *profile));
                }
            }
        }
        found
    }

    /// A quick look whether any allow speaks of every action; roles may be assumed without one.
    fn may_start(&self, caller: &Caller<'a, '_>, method: &Method) -> bool {
        method
            .actions()
            .iter()
            .filter(|action| *action != "sts:AssumeRole")
            .all(|action| self.universe.speaks_of(caller.node, action))
    }

    pub(super) fn reach(&self, caller: &Caller<'a, '_>, action: &str, class: Class) -> Reach {
        self.universe.reach(caller.node, action, class, &|_| {})
    }

    /// As [`Mover::reach`], for attaching the policies that make somebody administrator.
    fn reach_attaching(&self, caller: &Caller<'a, '_>, action: &str, class: Class) -> Reach {
        let partition = &caller.node.account.partition;
        let attached = format!("arn:{partition}:{ADMINISTRATOR_ACCESS}");
        self.universe.reach(caller.node, action, class, &|context| context.set_value("iam:PolicyARN", &attached))
    }

    pub(super) fn granting(&self, caller: &Caller<'a, '_>, action: &str, class: Class) -> Reach {
        if action.starts_with("iam:Attach") {
            self.reach_attaching(caller, action, class)
        } else {
            self.reach(caller, action, class)
        }
    }

    fn assumable<'c>(&self, caller: &'c Caller<'a, '_>) -> &'c Reach {
        caller.assumable.get_or_init(|| self.trusts.assumable(self.universe, caller.number, caller.node))
    }

    /// Whether a principal that is allowed everything would be administrator: denies and its boundary may forbid it.
    pub(super) fn ceiling(&self, number: usize, without: Option<&PolicyName>) -> Truth {
        let Some(node) = self.universe.node(number) else { return Truth::False };
        if without.is_none()
            && let Some(known) = self.ceilings.borrow().get(&number)
        {
            return known.clone();
        }
        let policy = PolicyName::Managed(String::new());
        let access = Access::without(node.account, node.principal, without);
        let truth = access.with([Grant { rule: self.everything, policy: &policy }]).is_admin().truth;
        let truth = unless_only_allows_are_missing(truth, node);
        if without.is_none() {
            self.ceilings.borrow_mut().insert(number, truth.clone());
        }
        truth
    }

    /// Whom an action that takes over a principal is allowed on.
    pub(super) fn taken(&self, caller: &Caller<'a, '_>, takes: &str) -> Reach {
        if takes == "sts:AssumeRole" {
            return self.assumable(caller).clone();
        }
        let mut reach = self.reach(caller, takes, Class::Principals);
        let wanted = |number: usize, node: &Node<'_>| {
            let kind = if takes == "iam:UpdateAssumeRolePolicy" { PrincipalKind::Role } else { PrincipalKind::User };
            node.principal.kind == kind
                && node.home == caller.node.home
                && number != caller.number
                && self.changeable.contains(number)
        };
        if takes == "iam:UpdateAssumeRolePolicy" {
            let undenied = self.universe.undenied(caller.node, "sts:AssumeRole", Class::Principals);
            reach.certain.keep(&undenied.certain);
            reach.possible.keep(&undenied.possible);
            reach.possible.keep(&self.roles);
        }
        let unwanted: Vec<usize> =
            reach.possible.iter().filter(|n| !self.universe.node(*n).is_some_and(|node| wanted(*n, node))).collect();
        for number in unwanted {
            reach.certain.remove(number);
            reach.possible.remove(number);
        }
        reach.certain.keep(&reach.possible.clone());
        reach
    }

    fn becomes(&self, caller: &Caller<'a, '_>, position: usize, method: &Method, takes: &str) -> Option<Move> {
        let mut reach = self.taken(caller, takes);
        for need in &method.needs {
            let also = self.reach(caller, &need.action, Class::Principals);
            reach.certain.keep(&also.certain);
            reach.possible.keep(&also.possible);
        }
        pack(position, reach)
    }

    fn pass_role(
        &self,
        caller: &Caller<'a, '_>,
        position: usize,
        method: &Method,
        services: &[String],
        profile: bool,
    ) -> Option<Move> {
        let size = self.universe.nodes().len();
        let mut reach = Reach { certain: Bits::empty(size), possible: Bits::empty(size) };
        for service in services {
            let trusted = self.trusts.of_service(self.universe, service);
            let passed = |context: &mut Context| context.set_value("iam:PassedToService", service);
            let mut passable = self.universe.reach(caller.node, "iam:PassRole", Class::Principals, &passed);
            passable.certain.keep(&trusted.certain);
            passable.possible.keep(&trusted.possible);
            reach.certain.add(&passable.certain);
            reach.possible.add(&passable.possible);
        }
        if profile {
            reach.certain.keep(&self.profiles.certain);
            reach.possible.keep(&self.profiles.possible);
        }
        self.at_home(&mut reach, caller.node.home);
        if reach.possible.is_empty() {
            return None;
        }
        match needs(caller.access(), &method.needs, caller.node.account.id.as_str()).truth {
            Truth::False => return None,
            Truth::Unknown(_) => reach.certain = Bits::empty(size),
            Truth::True => {}
        }
        pack(position, reach)
    }

    fn runs_as(
        &self,
        caller: &Caller<'a, '_>,
        position: usize,
        method: &Method,
        services: &[String],
        profile: bool,
    ) -> Option<Move> {
        let size = self.universe.nodes().len();
        let mut possible = Bits::empty(size);
        for service in services {
            possible.add(&self.trusts.of_service(self.universe, service).possible);
        }
        if profile {
            possible.keep(&self.profiles.possible);
        }
        let mut found = Bits::empty(size);
        for (home, account) in self.universe.accounts().iter().enumerate() {
            let mut here = Reach { certain: Bits::empty(size), possible: possible.clone() };
            self.at_home(&mut here, home);
            if !here.possible.is_empty() && !needs(caller.access(), &method.needs, &account.id).truth.is_false() {
                found.add(&here.possible);
            }
        }
        found.remove(caller.number);
        pack(position, Reach { certain: Bits::empty(size), possible: found })
    }

    fn at_home(&self, reach: &mut Reach, home: usize) {
        if self.universe.accounts().len() == 1 {
            return;
        }
        let away: Vec<usize> =
            reach.possible.iter().filter(|n| self.universe.node(*n).is_some_and(|node| node.home != home)).collect();
        for number in away {
            reach.certain.remove(number);
            reach.possible.remove(number);
        }
    }
}

/// Missing policies can hold denies; but as the ceiling asks what more could be granted, they leave it open, not shut.
fn unless_only_allows_are_missing(truth: Truth, node: &Node<'_>) -> Truth {
    if truth.is_false() && !node.principal.unknown.is_empty() {
        return Truth::Unknown(node.principal.unknown.iter().cloned().collect());
    }
    truth
}

pub(super) fn at(reach: &Reach, number: usize) -> Truth {
    if reach.certain.contains(number) {
        Truth::True
    } else if reach.possible.contains(number) {
        Truth::unknown("conditions")
    } else {
        Truth::False
    }
}

/// The first certain end, else the first.
pub(super) fn best(ends: impl Iterator<Item = End>) -> Vec<End> {
    let mut kept: Option<End> = None;
    for end in ends {
        if end.truth.is_true() {
            return vec![end];
        }
        kept.get_or_insert(end);
    }
    kept.into_iter().filter(|end| !end.truth.is_false()).collect()
}

fn pack(method: usize, reach: Reach) -> Option<Move> {
    if reach.possible.is_empty() {
        return None;
    }
    Some(Move { method, certain: Set::pack(reach.certain), possible: Set::pack(reach.possible) })
}

/// Whether actions are allowed on one resource of a kind in an account.
pub(super) fn together(
    access: &Access<'_>,
    actions: &[&str],
    kind: &str,
    account: &str,
    more: &dyn Fn(&mut Context),
) -> Verdict {
    let mut context = access.context().clone();
    context.set_value("aws:ResourceAccount", account);
    more(&mut context);
    let first = actions.first().copied().unwrap_or_default();
    let regions = catalogue().resources(first, Some(kind), &access.account().partition, account);
    let verdicts =
        regions.into_iter().flatten().map(|region| access.can_together(actions, &Language::of(region), &context));
    either(verdicts)
}

/// The best of several verdicts.
fn either(verdicts: impl Iterator<Item = Verdict>) -> Verdict {
    let mut kept = Verdict { truth: Truth::False, statements: Vec::new(), example: None };
    for verdict in verdicts {
        if verdict.truth.is_true() {
            return verdict;
        }
        if kept.truth.is_false() {
            kept = verdict;
        }
    }
    kept
}

/// Whether all needs of a method are met in an account: those of one kind on one and the same resource.
pub(super) fn needs(access: &Access<'_>, needs: &[Need], account: &str) -> Verdict {
    let mut context = access.context().clone();
    context.set_value("aws:ResourceAccount", account);
    let kinds: BTreeSet<&str> = needs.iter().filter_map(|need| need.kind.as_deref()).collect();
    let joint = kinds.into_iter().map(|kind| {
        let actions: Vec<&str> =
            needs.iter().filter(|need| need.kind.as_deref() == Some(kind)).map(|need| need.action.as_str()).collect();
        together(access, &actions, kind, account, &|_| {})
    });
    let partition = &access.account().partition;
    let single = needs.iter().filter(|need| need.kind.is_none()).flat_map(|need| {
        let regions = catalogue().resources(&need.action, None, partition, account);
        let context = &context;
        regions.into_iter().map(move |patterns| {
            either(
                patterns
                    .into_iter()
                    .map(|pattern| access.can_together(&[need.action.as_str()], &Language::of(pattern), context)),
            )
        })
    });
    let mut truth = Truth::True;
    let mut statements: Vec<StatementRef> = Vec::new();
    for verdict in joint.chain(single) {
        truth = truth.and(verdict.truth);
        if truth.is_false() {
            break;
        }
        statements.extend(verdict.statements);
    }
    statements.sort();
    statements.dedup();
    Verdict { truth, statements, example: None }
}

//! What one principal can do next: become others, or become administrator at once.

use std::cell::OnceCell;
use std::collections::HashSet;
use std::rc::Rc;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use super::bits::{Bits, Set};
use super::caller::Caller;
use super::methods::{Method, Way, methods};
use super::plans::Plans;
use super::shape::{About, Rest};
use super::trusts::Trusts;
use super::universe::{Class, Node, Reach, Universe};
use crate::iam::access::{Access, Grant, take_out_needless_to_administer};
use crate::iam::account::{Attached, DocumentId, PolicyName, PrincipalKind};
use crate::iam::context::Context;
use crate::iam::document::Rule;
use crate::iam::policy::Effect;
use crate::iam::shared::{Answers, Asked, Basis, Facts};
use crate::iam::truth::Truth;

/// A method that makes the principal another one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Move {
    /// Position in [`methods`].
    pub(super) method: usize,
    /// Whom it surely leads to.
    pub(super) certain: Arc<Set>,
    /// Whom it may lead to; holds the certain ones too.
    pub(super) possible: Arc<Set>,
}

/// A method after which the principal is administrator.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct End {
    /// Position in [`methods`].
    pub(super) method: usize,
    /// The principal that is changed; the caller itself when it is its own number.
    pub(super) target: usize,
    /// What is done to which policy or group.
    pub(super) object: Arc<str>,
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
    /// What methods need.
    pub(super) plans: Plans<'a>,
    ceilings: Vec<OnceLock<Truth>>,
    /// Ceilings by what they rest on.
    limits: Answers<Truth>,
    /// Who is administrator, likewise.
    admins: Answers<Truth>,
    /// Sets of principals, equal ones kept once.
    sets: Mutex<HashSet<Arc<Set>>>,
    profiles: Reach,
    roles: Bits,
    pub(super) changeable: Bits,
    /// Who has a managed policy of which somebody could write a new version.
    rewritable: OnceLock<Bits>,
}

pub(super) const ADMINISTRATOR_ACCESS: &str = "iam::aws:policy/AdministratorAccess";

impl<'a, 'u> Mover<'a, 'u> {
    /// Prepares for the principals of a universe.
    pub(super) fn new(universe: &'u Universe<'a>) -> Self {
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
        let plans = Plans::new(universe.accounts());
        let (limits, admins) = (Answers::new(&plans.room), Answers::new(&plans.room));
        let ceilings = (0..size).map(|_| OnceLock::new()).collect();
        Self {
            universe,
            trusts,
            plans,
            ceilings,
            limits,
            admins,
            sets: Mutex::default(),
            profiles,
            roles,
            changeable,
            rewritable: OnceLock::new(),
        }
    }

    /// Whether a principal is administrator.
    pub(super) fn admin(&self, caller: &Caller<'a, '_>) -> Truth {
        // Full control of IAM includes this action, so whoever has no allow for it needs no closer look.
        if !caller.shape.speaks_of("iam:AttachUserPolicy") {
            return Truth::False;
        }
        self.admin_with(caller, None, &[], || caller.access().is_admin())
    }

    /// Whether a principal would be administrator without one of its policies and with some more statements, as
    /// `work_out` tells it of one.
    pub(super) fn admin_with(
        &self,
        caller: &Caller<'a, '_>,
        without: Option<&PolicyName>,
        more: &[&'a Rule],
        work_out: impl FnOnce() -> Truth,
    ) -> Truth {
        let node = caller.node;
        let kept = node.identity().filter(|attached| Some(attached.policy.as_ref()) != without);
        let rules = kept.filter_map(|attached| attached.document).flat_map(|document| node.account.rules(document));
        match Self::basis(node, rules.chain(more.iter().copied()), || caller.context()) {
            Some(basis) if !basis.facts.can_be_shared() => caller.own_admin(basis, work_out),
            Some(basis) => self.admins.get(basis, work_out).as_ref().clone(),
            None => work_out(),
        }
    }

    /// What answers rest on that ask whether all of IAM is allowed by these statements of identity policies and by all
    /// that bounds a principal; `None` where statements may be missing.
    fn basis<'r, 'c>(
        node: &Node<'r>,
        identity: impl Iterator<Item = &'r Rule>,
        context: impl Fn() -> &'c Context,
    ) -> Option<Basis> {
        let bounds = node.account.bounds(node.principal);
        if !node.principal.unknown.is_empty() || bounds.iter().any(|bound| !bound.unknown().is_empty()) {
            return None;
        }
        let mut known = HashSet::new();
        let new = identity.filter(|rule| known.insert(std::ptr::from_ref::<Rule>(rule)));
        let mut statements: Vec<(usize, &Rule)> = new.map(|rule| (0, rule)).collect();
        take_out_needless_to_administer(&mut statements, |(_, rule)| rule, &context);
        for (layer, bound) in (1..).zip(&bounds) {
            let documents = bound.policies.iter().filter_map(|attached| attached.document);
            statements.extend(documents.flat_map(|document| node.account.rules(document)).map(|rule| (layer, rule)));
        }
        Some(Basis {
            facts: Facts::of(statements.iter().flat_map(|(_, rule)| rule.keys()), &context),
            statements: statements.iter().map(|(layer, rule)| Asked::statement(*layer, rule)).collect(),
            more: None,
            layers: bounds.len() + 1,
            kind: None,
        })
    }

    /// Everything that a principal can do next.
    pub(super) fn moves(&self, caller: &Caller<'a, '_>) -> Moves {
        let mut found = Moves::default();
        for position in caller.shape.startable().iter().copied() {
            let Some(method) = methods().get(position) else { continue };
            match &method.way {
                Way::GrantSelf { grant } => found.ends.extend(self.grant_self(caller, position, grant)),
                Way::Lift { lift } => found.ends.extend(self.lift(caller, position, lift)),
                Way::GrantAndUse { grant, takes } => {
                    found.ends.extend(self.grant_and_use(caller, position, grant, takes));
                }
                Way::Create => found.ends.extend(self.create(caller, position)),
                Way::Use { takes } if takes == "sts:AssumeRole" => {
                    found.moves.extend(self.becomes(caller, position, method, takes));
                }
                Way::Use { takes } => {
                    let leads = || self.becomes(caller, position, method, takes);
                    found.moves.extend(self.alike(caller, position, &leads));
                }
                Way::PassRole { services, profile } => {
                    let leads = || self.pass_role(caller, position, services, *profile);
                    found.moves.extend(self.alike(caller, position, &leads));
                }
                Way::RunsAs { services, profile, .. } => {
                    let leads = || self.runs_as(caller, position, services, *profile);
                    found.moves.extend(self.alike(caller, position, &leads));
                }
            }
        }
        found.moves.shrink_to_fit();
        found.ends.shrink_to_fit();
        found
    }

    /// A move of which only the caller's statements and what is known of it decide: the same for all with the same.
    /// Whom it leads to may be the caller itself among others.
    fn alike(&self, caller: &Caller<'a, '_>, position: usize, work_out: &dyn Fn() -> Option<Move>) -> Option<Move> {
        let plan = self.plans.of(caller.node.home, position)?;
        let shared = |rest: &Rest<'_>| plan.moves.get(caller.basis_on(rest), work_out).as_ref().clone();
        let found = match caller.rest(position, About::Reach, plan.actions.iter().copied()) {
            Some(rest) if rest.keys.is_empty() => caller.shape.common_move(position, || shared(&rest)),
            Some(rest) => shared(&rest),
            None => work_out(),
        };
        found.filter(|found| !found.possible.is_only(caller.number))
    }

    /// As [`Caller::reach`], for attaching the policies that make somebody administrator.
    pub(super) fn granting(caller: &Caller<'a, '_>, action: &str, class: Class) -> Rc<Reach> {
        if !action.starts_with("iam:Attach") {
            return caller.reach(action, class, None);
        }
        let attached = format!("arn:{}:{ADMINISTRATOR_ACCESS}", caller.node.account.partition);
        caller.reach(action, class, Some(("iam:PolicyARN", &attached)))
    }

    fn assumable<'c>(&self, caller: &'c Caller<'a, '_>) -> &'c Reach {
        caller.assumable.get_or_init(|| self.trusts.assumable(self.universe, caller))
    }

    /// Whether a principal that is allowed everything would be administrator: denies and its boundary may forbid it.
    /// `without` is a policy that is not in force any more.
    pub(super) fn ceiling(&self, number: usize, without: Option<&Attached>) -> Truth {
        let Some(node) = self.universe.node(number) else { return Truth::False };
        let matters = |attached: &&Attached| attached.document.is_none_or(|document| self.denies(node, document));
        match (self.ceilings.get(number), without.filter(matters)) {
            (Some(known), None) => known.get_or_init(|| self.ceiling_of(node, None)).clone(),
            (_, without) => self.ceiling_of(node, without.map(|attached| attached.policy.as_ref())),
        }
    }

    /// Who has a managed policy of the account.
    pub(super) fn rewritable(&self) -> &Bits {
        self.rewritable.get_or_init(|| {
            let nodes = self.universe.nodes();
            let mut found = Bits::empty(nodes.len());
            for (number, node) in nodes.iter().enumerate() {
                if node.identity().any(|attached| self.own_policy(attached).is_some()) {
                    found.insert(number);
                }
            }
            found
        })
    }

    fn denies(&self, node: &Node<'a>, document: DocumentId) -> bool {
        self.universe.index.document(node.home, document).is_none_or(|spoken| spoken.denies)
    }

    fn ceiling_of(&self, node: &Node<'a>, without: Option<&PolicyName>) -> Truth {
        let own = node.identity().filter(|attached| Some(attached.policy.as_ref()) != without);
        let documents = own.filter_map(|attached| attached.document);
        let denying: Vec<DocumentId> = documents.filter(|document| self.denies(node, *document)).collect();
        let work_out = || Self::limit(node, without);
        let rules = denying.iter().flat_map(|document| node.account.rules(*document));
        let context = OnceCell::new();
        let context = || context.get_or_init(|| self.universe.context(node));
        match Self::basis(node, rules.filter(|rule| rule.effect == Effect::Deny), context) {
            Some(basis) if basis.statements.is_empty() && basis.layers == 1 => Truth::True,
            Some(basis) => self.limits.get(basis, work_out).as_ref().clone(),
            None => work_out(),
        }
    }

    fn limit(node: &Node<'a>, without: Option<&PolicyName>) -> Truth {
        let access = Access::without(node.account, node.principal, without).without_allows();
        let truth = access.with([Grant::everything()]).is_admin();
        // Missing policies can hold denies; but as the ceiling asks what more could be granted, they leave it open.
        if truth.is_false() && !node.principal.unknown.is_empty() {
            return Truth::Unknown(node.principal.unknown.iter().map(String::as_str).collect());
        }
        truth
    }

    /// Whom an action that takes over a principal is allowed on.
    pub(super) fn taken(&self, caller: &Caller<'a, '_>, takes: &str) -> Reach {
        if takes == "sts:AssumeRole" {
            return self.assumable(caller).clone();
        }
        let mut reach = (*caller.reach(takes, Class::Principals, None)).clone();
        reach.possible.keep(&self.changeable);
        if takes == "iam:UpdateAssumeRolePolicy" {
            let undenied = caller.undenied("sts:AssumeRole", Class::Principals);
            reach.certain.keep(&undenied.certain);
            reach.possible.keep(&undenied.possible);
            reach.possible.keep(&self.roles);
        } else {
            reach.possible.subtract(&self.roles);
        }
        self.at_home(&mut reach, caller.node.home);
        reach.certain.keep(&reach.possible);
        reach
    }

    fn becomes(&self, caller: &Caller<'a, '_>, position: usize, method: &Method, takes: &str) -> Option<Move> {
        let mut reach = self.taken(caller, takes);
        for need in &method.needs {
            let also = caller.reach(&need.action, Class::Principals, None);
            reach.certain.keep(&also.certain);
            reach.possible.keep(&also.possible);
        }
        self.pack(position, reach)
    }

    fn pass_role(&self, caller: &Caller<'a, '_>, position: usize, services: &[String], profile: bool) -> Option<Move> {
        let mut reach: Option<Reach> = None;
        for service in services {
            let trusted = self.trusts.of_service(service);
            if trusted.possible.is_empty() {
                continue;
            }
            let passable = caller.reach("iam:PassRole", Class::Principals, Some(("iam:PassedToService", service)));
            let mut both = trusted.clone();
            both.certain.keep(&passable.certain);
            both.possible.keep(&passable.possible);
            match &mut reach {
                None => reach = Some(both),
                Some(reach) => {
                    reach.certain.add(&both.certain);
                    reach.possible.add(&both.possible);
                }
            }
        }
        let mut reach = reach?;
        if profile {
            reach.certain.keep(&self.profiles.certain);
            reach.possible.keep(&self.profiles.possible);
        }
        let home = caller.node.home;
        self.at_home(&mut reach, home);
        if reach.possible.is_empty() {
            return None;
        }
        match &caller.meets(self.plans.of(home, position)?, position, home, &caller.node.account.id).truth {
            Truth::False => return None,
            Truth::Unknown(_) => reach.certain = Bits::empty(self.universe.nodes().len()),
            Truth::True => {}
        }
        self.pack(position, reach)
    }

    fn runs_as(&self, caller: &Caller<'a, '_>, position: usize, services: &[String], profile: bool) -> Option<Move> {
        let size = self.universe.nodes().len();
        let mut possible = Bits::empty(size);
        for service in services {
            possible.add(&self.trusts.of_service(service).possible);
        }
        if profile {
            possible.keep(&self.profiles.possible);
        }
        let mut found = Bits::empty(size);
        for (home, account) in self.universe.accounts().iter().enumerate() {
            let mut here = Reach { certain: Bits::empty(size), possible: possible.clone() };
            self.at_home(&mut here, home);
            let met = || Some(caller.meets(self.plans.of(home, position)?, position, home, &account.id));
            if !here.possible.is_empty() && met().is_some_and(|judged| !judged.truth.is_false()) {
                found.add(&here.possible);
            }
        }
        self.pack(position, Reach { certain: Bits::empty(size), possible: found })
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

    fn pack(&self, method: usize, reach: Reach) -> Option<Move> {
        if reach.possible.is_empty() {
            return None;
        }
        let (certain, possible) = (Set::pack(reach.certain), Set::pack(reach.possible));
        Some(Move { method, certain: self.shared(certain), possible: self.shared(possible) })
    }

    /// What is reached, as something that an answer rests on.
    pub(super) fn asked(&self, reach: &Reach) -> Asked {
        let kept = |bits: &Bits| self.shared(Set::pack(bits.clone()));
        Asked::kept(&kept(&reach.certain), &kept(&reach.possible))
    }

    fn shared(&self, set: Set) -> Arc<Set> {
        let mut sets = self.sets.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(known) = sets.get(&set) {
            return Arc::clone(known);
        }
        let shared = Arc::new(set);
        sets.insert(Arc::clone(&shared));
        shared
    }
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

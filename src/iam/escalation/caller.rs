//! One principal as the caller of methods, with what its moves ask again and again.

use std::borrow::Cow;
use std::cell::{OnceCell, RefCell};
use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;
use std::sync::Arc;

use super::bits::{Bits, Set};
use super::index;
use super::plans::Plan;
use super::shape::{About, IDENTITY, Known, Rest, Shape};
use super::universe::{Class, Node, Reach, Universe, leaves_open};
use crate::iam::access::{Access, Grant, Judged, Layer, Layers, OneThing, holds};
use crate::iam::account::{Account, Bound, BoundKind, PrincipalKind};
use crate::iam::caller::Caller as Who;
use crate::iam::context::Context;
use crate::iam::document::Rule;
use crate::iam::matching::PrincipalMatch;
use crate::iam::policy::Effect;
use crate::iam::shared::{Basis, Facts};
use crate::iam::truth::Truth;

/// What is remembered of [`Caller::reach`].
type Remembered = ((u16, Class, Option<String>), Rc<Reach>);

/// The caller.
pub(super) struct Caller<'a, 'u> {
    /// The position of the principal.
    pub(super) number: usize,
    /// The principal.
    pub(super) node: &'u Node<'a>,
    universe: &'u Universe<'a>,
    /// What it has in common with others.
    pub(super) shape: Arc<Shape<'a>>,
    context: OnceCell<Arc<Context>>,
    access: OnceCell<Access<'a>>,
    pub(super) assumable: OnceCell<Reach>,
    reaches: RefCell<Vec<Remembered>>,
    /// Whether the caller would be administrator, by what that rests on where nobody else can ask the same.
    admins: RefCell<Vec<(Basis, Truth)>>,
    /// By method and account, whether its needs are met.
    judged: RefCell<BTreeMap<(usize, usize), Arc<Judged<'a>>>>,
}

impl<'a, 'u> Caller<'a, 'u> {
    /// The principal with this number.
    pub(super) fn new(universe: &'u Universe<'a>, number: usize) -> Option<Self> {
        let node = universe.node(number)?;
        Some(Self {
            number,
            node,
            universe,
            shape: universe.shape(node),
            context: OnceCell::new(),
            access: OnceCell::new(),
            assumable: OnceCell::new(),
            reaches: RefCell::default(),
            admins: RefCell::default(),
            judged: RefCell::default(),
        })
    }

    /// All that the principal may do.
    pub(super) fn access(&self) -> &Access<'a> {
        self.access.get_or_init(|| self.node.access())
    }

    /// What is known of the principal's requests.
    pub(super) fn context(&self) -> &Arc<Context> {
        self.context.get_or_init(|| Arc::new(self.universe.context(self.node)))
    }

    /// The statements that speak of some actions, layer by layer: enough to answer questions about these actions.
    fn layers(&self, actions: impl Iterator<Item = u16>) -> Layers<'a> {
        let found = self.shape.all_speaking(actions);
        let grants = |layer: usize| -> Vec<Grant<'a>> {
            let own = found.iter().filter(|known| known.layer == layer);
            own.map(|known| Grant { rule: known.rule, policy: known.policy }).collect()
        };
        let identity = Layer { grants: grants(IDENTITY), unknown: self.node.principal.unknown.clone() };
        let bounds = self.shape.bounds.iter().enumerate();
        let bounds = bounds.map(|(index, bound)| Layer { grants: grants(index + 1), unknown: bound.unknown() });
        Layers::new(std::iter::once(identity).chain(bounds).collect())
    }

    /// Whether an action, by its full name, is allowed on a thing; `more` adds what is known of the request.
    pub(super) fn on(&self, action: &str, resource: &str, more: &dyn Fn(&mut Context)) -> Judged<'a> {
        let layers = self.layers(std::iter::once(index::position(action)));
        let action = action.to_ascii_lowercase();
        let context = &self.context_for(&layers, more);
        layers.can_on(&OneThing { actions: &[&action], resource, context })
    }

    /// Building a context costs more than most questions, and most statements do not ask for it.
    fn context_for(&self, layers: &Layers<'a>, more: &dyn Fn(&mut Context)) -> Cow<'u, Context> {
        if layers.are_plain() {
            return Cow::Borrowed(&self.universe.nothing_known);
        }
        let mut context = Context::on(self.context());
        more(&mut context);
        Cow::Owned(context)
    }

    /// Whether all that a plan asks for is allowed: each of its parts on one and the same resource.
    pub(super) fn follows(&self, plan: &Plan<'_>, account: &str, more: &dyn Fn(&mut Context)) -> Judged<'a> {
        let mut whole = Judged { truth: Truth::True, grants: Vec::new(), example: None };
        for part in &plan.parts {
            let layers = self.layers(part.positions.iter().copied());
            let context = self.context_for(&layers, &|context| {
                context.set_value("aws:ResourceAccount", account);
                more(context);
            });
            let mut best = Judged::no();
            for region in &part.regions {
                let judged = layers.can_together(&part.actions, region, &context);
                if judged.truth.is_true() {
                    best = judged;
                    break;
                }
                if best.truth.is_false() {
                    best = judged;
                }
            }
            whole.truth = whole.truth.and(best.truth);
            if whole.truth.is_false() {
                return Judged::no();
            }
            whole.grants.extend(best.grants);
            whole.example = whole.example.or(best.example);
        }
        whole
    }

    /// As [`Caller::follows`] for the needs of a method in an account, remembered.
    pub(super) fn meets(&self, plan: &Plan<'a>, method: usize, home: usize, account: &str) -> Arc<Judged<'a>> {
        if let Some(known) = self.judged.borrow().get(&(method, home)) {
            return Arc::clone(known);
        }
        let work_out = || self.follows(plan, account, &|_| {});
        let judged = match self.basis(method, About::Needs(home), plan.positions()) {
            Some(basis) => plan.met.get(basis, work_out),
            None => Arc::new(work_out()),
        };
        self.judged.borrow_mut().insert((method, home), Arc::clone(&judged));
        judged
    }

    /// Whether the caller would be administrator, for what only the caller can ask: joining one group often comes to the same as
    /// joining another.
    pub(super) fn own_admin(&self, basis: Basis, work_out: impl FnOnce() -> Truth) -> Truth {
        if let Some((_, known)) = self.admins.borrow().iter().find(|(known, _)| *known == basis) {
            return known.clone();
        }
        let truth = work_out();
        self.admins.borrow_mut().push((basis, truth.clone()));
        truth
    }

    /// As [`Caller::meets`], with the statements of the caller's own policies: the answer may be of somebody whose policies say the
    /// same under other names.
    pub(super) fn meets_by(&self, plan: &Plan<'a>, method: usize, home: usize, account: &str) -> Arc<Judged<'a>> {
        let judged = self.meets(plan, method, home, account);
        if judged.grants.iter().all(|grant| self.shape.is_first(grant)) {
            return judged;
        }
        Arc::new(self.follows(plan, account, &|_| {}))
    }

    /// What answers rest on that ask for some actions; `None` where statements may be missing.
    pub(super) fn rest(
        &self,
        method: usize,
        about: About,
        actions: impl Iterator<Item = u16>,
    ) -> Option<Arc<Rest<'a>>> {
        let is_known =
            self.node.principal.unknown.is_empty() && self.shape.bounds.iter().all(|bound| bound.unknown().is_empty());
        is_known.then(|| self.shape.rest(method, about, actions))
    }

    /// The same, with what is known of the caller.
    pub(super) fn basis(&self, method: usize, about: About, actions: impl Iterator<Item = u16>) -> Option<Basis> {
        self.rest(method, about, actions).map(|rest| self.basis_on(&rest))
    }

    /// What is known of all keys that the statements on a method ask for, as steps name every one of these.
    pub(super) fn known_of(&self, rest: &Rest<'_>) -> Facts {
        self.facts(&rest.all_keys)
    }

    fn facts(&self, keys: &[&str]) -> Facts {
        Facts::of(keys.iter().copied(), || self.context())
    }

    /// What is known of the caller put together with what an answer rests on.
    pub(super) fn basis_on(&self, rest: &Rest<'_>) -> Basis {
        Basis {
            facts: self.facts(&rest.keys),
            statements: rest.statements.clone(),
            more: None,
            layers: self.shape.bounds.len() + 1,
            kind: Some(self.node.principal.kind),
        }
    }

    /// What an action is allowed on; `more` is a further condition key and its value.
    pub(super) fn reach(&self, action: &str, class: Class, more: Option<(&str, &str)>) -> Rc<Reach> {
        let position = index::position(action);
        let known = self.shape.speaking(position);
        let more = more.filter(|_| known.iter().any(|known| !known.rule.conditions.is_empty()));
        let is_same = |key: &(u16, Class, Option<String>)| {
            (key.0, key.1, key.2.as_deref()) == (position, class, more.map(|(_, value)| value))
        };
        if let Some((_, reach)) = self.reaches.borrow().iter().find(|(key, _)| is_same(key)) {
            return Rc::clone(reach);
        }
        let reach = Rc::new(self.reach_anew(known, class, more));
        let key = (position, class, more.map(|(_, value)| value.to_owned()));
        self.reaches.borrow_mut().push((key, Rc::clone(&reach)));
        reach
    }

    fn reach_anew(&self, known: &[Known<'a>], class: Class, more: Option<(&str, &str)>) -> Reach {
        let size = self.universe.size(class);
        let request = Request { caller: self, more, context: OnceCell::new() };
        let mut reach = if self.node.principal.unknown.is_empty() {
            request.allowed(of(known, IDENTITY, Effect::Allow), class)
        } else {
            Reach { certain: Bits::empty(size), possible: Bits::full(size) }
        };
        request.take_denied(&mut reach, of(known, IDENTITY, Effect::Deny), class);
        for (index, bound) in self.shape.bounds.iter().enumerate() {
            request.limit(&mut reach, bound, index + 1, known, class);
        }
        reach
    }

    /// What an action is not denied on: enough where a resource grants to the principal itself.
    pub(super) fn undenied(&self, action: &str, class: Class) -> Reach {
        let known = self.shape.speaking(index::position(action));
        let request = Request { caller: self, more: None, context: OnceCell::new() };
        let all = Bits::full(self.universe.size(class));
        let mut reach = Reach { certain: all.clone(), possible: all };
        request.take_denied(&mut reach, of(known, IDENTITY, Effect::Deny), class);
        for (index, bound) in self.shape.bounds.iter().enumerate() {
            // What a resource grants to a user by name, the user's boundary need not allow.
            if bound.kind == BoundKind::Boundary && self.node.principal.kind == PrincipalKind::User {
                request.take_denied(&mut reach, of(known, index + 1, Effect::Deny), class);
            } else {
                request.limit(&mut reach, bound, index + 1, known, class);
            }
        }
        if !self.node.principal.unknown.is_empty() {
            reach.certain = Bits::empty(self.universe.size(class));
        }
        reach
    }
}

impl<'a> Caller<'a, '_> {
    /// Takes away what the resource control policies of the accounts keep the caller from doing an action on.
    pub(super) fn take_guarded(&self, action: &str, reach: &mut Reach) {
        let accounts = self.universe.accounts();
        if self.node.principal.is_service_linked() || accounts.iter().all(|account| account.rcps().is_empty()) {
            return;
        }
        let position = index::position(action);
        let who = Who::parse(&self.node.principal.arn);
        for (home, account) in accounts.iter().enumerate() {
            let denies = self.guards(home, account, position, &who);
            let unread = !account.unread_rcps().is_empty();
            if denies.is_empty() && !unread {
                continue;
            }
            let all = Bits::full(self.universe.size(Class::Principals));
            let mut left = Reach { certain: all.clone(), possible: all };
            let more = account.organization_id().map(|id| ("aws:ResourceOrgID", id));
            let request = Request { caller: self, more, context: OnceCell::new() };
            request.take_denied(&mut left, denies.iter(), Class::Principals);
            if unread {
                left.certain = Bits::empty(self.universe.size(Class::Principals));
            }
            for (number, _) in self.universe.nodes().iter().enumerate().filter(|(_, node)| node.home != home) {
                left.certain.insert(number);
                left.possible.insert(number);
            }
            reach.certain.keep(&left.certain);
            reach.possible.keep(&left.possible);
        }
    }

    /// The statements of an account's resource control policies that speak of an action and the caller.
    fn guards(&self, home: usize, account: &'a Account, action: u16, who: &Who) -> Vec<Known<'a>> {
        let mut known = Vec::new();
        for attached in account.rcps() {
            let Some(document) = attached.document else { continue };
            let Some(spoken) = self.universe.index.document(home, document) else { continue };
            let rules = account.rules(document);
            known.extend(spoken.mentions.iter().filter(|mention| mention.action == action).filter_map(|mention| {
                let rule = rules.get(usize::from(mention.rule))?;
                (rule.principal.covers(who) != PrincipalMatch::No).then_some(Known {
                    action,
                    position: 0,
                    layer: IDENTITY,
                    rule,
                    policy: &attached.policy,
                    resources: mention.resources,
                })
            }));
        }
        known
    }
}

/// The statements of one layer with one effect.
fn of<'k, 'a>(known: &'k [Known<'a>], layer: usize, effect: Effect) -> impl Iterator<Item = &'k Known<'a>> {
    known.iter().filter(move |known| known.layer == layer && known.rule.effect == effect)
}

/// The requests of one question about what an action reaches; its context is built when a statement asks for it.
struct Request<'c, 'a, 'u> {
    caller: &'c Caller<'a, 'u>,
    more: Option<(&'c str, &'c str)>,
    context: OnceCell<Context>,
}

impl<'a> Request<'_, 'a, '_> {
    fn context(&self) -> &Context {
        self.context.get_or_init(|| {
            let mut context = Context::on(self.caller.context());
            if let Some((key, value)) = self.more {
                context.set_value(key, value);
            }
            context
        })
    }

    fn limit(&self, reach: &mut Reach, bound: &Bound<'_>, layer: usize, known: &[Known<'a>], class: Class) {
        if !bound.unknown().is_empty() {
            reach.certain = Bits::empty(self.caller.universe.size(class));
            return;
        }
        let inside = self.allowed(of(known, layer, Effect::Allow), class);
        reach.certain.keep(&inside.certain);
        reach.possible.keep(&inside.possible);
        self.take_denied(reach, of(known, layer, Effect::Deny), class);
    }

    fn allowed<'k>(&self, known: impl Iterator<Item = &'k Known<'a>>, class: Class) -> Reach
    where
        'a: 'k,
    {
        let size = self.caller.universe.size(class);
        let known: Vec<&Known<'a>> = known.collect();
        if known.iter().any(|known| known.rule.allows_everything()) {
            return Reach { certain: Bits::full(size), possible: Bits::full(size) };
        }
        let mut reach = Reach { certain: Bits::empty(size), possible: Bits::empty(size) };
        for known in known {
            self.apply(known, class, &mut |set, truth| match truth {
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

    fn take_denied<'k>(&self, reach: &mut Reach, known: impl Iterator<Item = &'k Known<'a>>, class: Class)
    where
        'a: 'k,
    {
        for known in known {
            self.apply(known, class, &mut |set, truth| match truth {
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
    fn apply(&self, known: &Known<'a>, class: Class, tell: &mut dyn FnMut(&Set, &Truth)) {
        let (rule, universe) = (known.rule, self.caller.universe);
        if rule.is_plain() {
            return tell(universe.matched(known.resources, class), &Truth::True);
        }
        let varying = |wide: bool| universe.matched_with(rule, class, self.context(), wide);
        let keys = keys_about_target(rule);
        if !keys.is_empty() {
            let set = if rule.has_variables() {
                Cow::Owned(varying(true))
            } else {
                Cow::Borrowed(universe.matched(known.resources, class))
            };
            return self.apply_to_each_kind(rule, &set, class, &keys, tell);
        }
        let truth = holds(rule, self.context());
        if truth.is_false() {
            return;
        }
        if !rule.has_variables() {
            return tell(universe.matched(known.resources, class), &truth);
        }
        if leaves_open(rule, self.context()) {
            tell(&varying(true), &truth.clone().and(Truth::unknown("a policy variable")));
        }
        tell(&varying(false), &truth);
    }

    /// As [`Request::apply`] where conditions speak of the thing that is asked for: things that are the same in what the
    /// conditions ask are judged together.
    fn apply_to_each_kind(
        &self,
        rule: &Rule,
        set: &Set,
        class: Class,
        keys: &[String],
        tell: &mut dyn FnMut(&Set, &Truth),
    ) {
        let mut context = Context::on(self.caller.context());
        if let Some((key, value)) = self.more {
            context.set_value(key, value);
        }
        for kind in self.caller.universe.kinds(class, keys).iter() {
            let Some(members) = set.and(&kind.members) else { continue };
            for (key, fact) in &kind.facts {
                context.set(key, fact.clone());
            }
            tell(&members, &holds(rule, &context));
        }
    }
}

/// The keys that describe what is asked for, among those that a statement's conditions name.
fn keys_about_target(rule: &Rule) -> Vec<String> {
    let keys: BTreeSet<String> =
        rule.condition_keys().filter(|key| is_about_target(key)).map(str::to_ascii_lowercase).collect();
    keys.into_iter().collect()
}

/// Whether a condition key describes what is asked for.
pub(super) fn is_about_target(key: &str) -> bool {
    let key = key.to_ascii_lowercase();
    key.contains("resourcetag/") || key == "iam:permissionsboundary" || key == "aws:resourceaccount"
}

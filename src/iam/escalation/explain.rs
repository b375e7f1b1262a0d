//! Naming, for each step of a chain, the statements that allow it and what it depends on.

use std::sync::Arc;

use super::Step;
use super::caller::Caller;
use super::methods::{Method, Need, Way, methods};
use super::moves::{ADMINISTRATOR_ACCESS, End, Mover};
use super::trusts::{guarded, service_trust, trust_doubts, trust_statement};
use super::universe::Node;
use crate::iam::access::{Judged, StatementRef};
use crate::iam::caller::Caller as Who;
use crate::iam::context::Context;
use crate::iam::truth::{Keys, Truth};

/// Explains steps.
pub(super) struct Explainer<'a, 'u> {
    pub(super) mover: &'u Mover<'a, 'u>,
}

impl<'a> Explainer<'a, '_> {
    /// A step from one principal to another.
    pub(super) fn step(&self, caller: &Caller<'a, '_>, position: usize, to: usize) -> Step {
        let (Some(method), Some(target)) = (methods().get(position), self.mover.universe.node(to)) else {
            return Step::default();
        };
        let mut step = Step::new(method, &caller.node.principal.arn, &target.principal.arn);
        let trusting = |service: &&String| self.mover.trusts.of_service(service).possible.contains(to);
        match &method.way {
            Way::Use { takes } => self.uses(&mut step, caller, to, takes, &method.needs),
            Way::PassRole { services, .. } => {
                if let Some(service) = services.iter().find(trusting) {
                    let more = |context: &mut Context| context.set_value("iam:PassedToService", service);
                    step.add(&self.on(caller, "iam:PassRole", to, &more));
                    self.trusted_by(&mut step, to, service);
                }
                self.needs(&mut step, caller, position, target);
            }
            Way::RunsAs { services, what, .. } => {
                self.needs(&mut step, caller, position, target);
                step.depends_on.insert(&format!("{} {what} that runs as {}", article(what), target.principal.arn));
                if target.home != caller.node.home {
                    let account = &caller.node.account.id;
                    step.depends_on.insert(&format!("a resource policy that lets account {account} in"));
                }
                if let Some(service) = services.iter().find(trusting) {
                    self.trusted_by(&mut step, to, service);
                }
            }
            Way::GrantSelf { .. } | Way::Lift { .. } | Way::GrantAndUse { .. } | Way::Create => {}
        }
        step
    }

    fn needs(&self, step: &mut Step, caller: &Caller<'a, '_>, position: usize, target: &Node<'_>) {
        let Some(plan) = self.mover.plans.of(target.home, position) else { return };
        let judged = caller.meets_by(plan, position, target.home, &target.account.id);
        let mut names: Vec<StatementRef> = judged.statements();
        names.sort();
        step.add_named(&names);
        step.depends_on.add(&judged.truth.keys());
    }

    fn trusted_by(&self, step: &mut Step, to: usize, service: &str) {
        let Some(target) = self.mover.universe.node(to) else { return };
        step.name(trust_statement(target.account, target.principal, &Who::parse(service)));
        if !self.mover.trusts.of_service(service).certain.contains(to) {
            step.depends_on.add(&service_trust(target.account, target.principal, service).keys());
        }
    }

    fn on(&self, caller: &Caller<'a, '_>, action: &str, target: usize, more: &dyn Fn(&mut Context)) -> Judged<'a> {
        let universe = self.mover.universe;
        let arn = universe.node(target).map_or("", |node| node.principal.arn.as_ref());
        caller.on(action, arn, &|context| {
            universe.describe(target, context);
            more(context);
        })
    }

    fn uses(&self, step: &mut Step, caller: &Caller<'a, '_>, to: usize, takes: &str, needs: &[Need]) {
        let Some(target) = self.mover.universe.node(to) else { return };
        for need in needs {
            step.add(&self.on(caller, &need.action, to, &|_| {}));
        }
        let judged = self.on(caller, takes, to, &|_| {});
        if takes != "sts:AssumeRole" {
            return step.add(&judged);
        }
        // A trust policy that names the caller is enough in its own account.
        if !judged.truth.is_false() {
            step.add(&judged);
        }
        let who = Who::parse(&caller.node.principal.arn);
        step.name(trust_statement(target.account, target.principal, &who));
        step.depends_on.add(&trust_doubts(target.account, target.principal, &who, caller.context()));
        if !target.account.rcps().is_empty() && !caller.node.principal.is_service_linked() {
            let mut context = Context::on(caller.context());
            self.mover.universe.describe(to, &mut context);
            step.depends_on.add(&guarded(target.account, target.principal, &who, &context).keys());
        }
    }

    /// A step after which the principal is administrator.
    pub(super) fn end(&self, caller: &Caller<'a, '_>, end: &End) -> Step {
        let universe = self.mover.universe;
        let (Some(method), Some(target)) = (methods().get(end.method), universe.node(end.target)) else {
            return Step::default();
        };
        let mut step = Step::new(method, &caller.node.principal.arn, &target.principal.arn);
        step.object = Some(&end.object).filter(|object| **object != target.principal.arn).map(Arc::clone);
        let creates = matches!(method.way, Way::Create);
        let more = |context: &mut Context| {
            let partition = &caller.node.account.partition;
            context.set_value("iam:PolicyARN", &format!("arn:{partition}:{ADMINISTRATOR_ACCESS}"));
            if !creates {
                universe.describe(end.target, context);
            }
        };
        for action in &method.actions {
            if action == "sts:AssumeRole" {
                self.uses(&mut step, caller, end.target, action, &[]);
            } else {
                let own = is_about_policy_or_group(action) || creates;
                let about = if own { &end.object } else { &target.principal.arn };
                step.add(&caller.on(action, about, &more));
            }
        }
        if let Truth::Unknown(keys) = &end.truth {
            step.depends_on.add(&keys.iter().filter(|key| *key != "conditions").collect());
            if step.depends_on.is_empty() {
                step.depends_on.insert("conditions");
            }
        }
        step
    }

    /// A step from outside into a role.
    pub(super) fn outside(&self, name: &str, role: usize) -> Option<Step> {
        let mut step = self.entering(name, role)?;
        if name != "*" {
            step.depends_on.insert(&format!("{name}, which is not in the snapshot"));
        }
        Some(step)
    }

    /// As [`Explainer::outside`], taking for granted that there is somebody of that name.
    pub(super) fn entering(&self, name: &str, role: usize) -> Option<Step> {
        let target = self.mover.universe.node(role)?;
        let method = methods().iter().find(|method| method.id == "sts-001")?;
        let caller = Who::parse(name);
        let mut context = Context::open();
        if let Some(account) = caller.account() {
            context.set_value("aws:PrincipalAccount", account);
        }
        context.set_value("aws:PrincipalArn", name);
        let entry = super::trusts::trust(target.account, target.principal, &caller, &context);
        let mut described = context.clone();
        self.mover.universe.describe(role, &mut described);
        let denied = guarded(target.account, target.principal, &caller, &described);
        if entry.possible == crate::iam::matching::PrincipalMatch::No || denied.is_true() {
            return None;
        }
        let mut step = Step::new(method, &name.into(), &target.principal.arn);
        step.name(trust_statement(target.account, target.principal, &caller));
        step.depends_on.add(&trust_doubts(target.account, target.principal, &caller, &context));
        step.depends_on.add(&denied.keys());
        Some(step)
    }
}

impl<'a> Mover<'a, '_> {
    /// The step of assuming a role.
    pub(super) fn assuming(&self, caller: &Caller<'a, '_>, to: usize) -> Step {
        let method = methods().iter().position(|method| method.id == "sts-001").unwrap_or(usize::MAX);
        Explainer { mover: self }.step(caller, method, to)
    }
}

fn article(what: &str) -> &'static str {
    if what.starts_with(['A', 'E', 'I', 'O', 'U', 'S']) && !what.starts_with("Sa") && !what.starts_with("St") {
        "an"
    } else {
        "a"
    }
}

fn is_about_policy_or_group(action: &str) -> bool {
    let name = action.trim_start_matches("iam:");
    name.contains("Group") || matches!(name, "CreatePolicyVersion" | "SetDefaultPolicyVersion")
}

impl Step {
    fn new(method: &'static Method, from: &Arc<str>, to: &Arc<str>) -> Self {
        Self {
            from: Arc::clone(from),
            to: Arc::clone(to),
            actions: &method.actions,
            method: &method.id,
            title: &method.title,
            also: &method.also,
            object: None,
            statements: Arc::default(),
            depends_on: Keys::default(),
        }
    }

    fn add(&mut self, judged: &Judged<'_>) {
        self.add_named(&judged.statements());
        self.depends_on.add(&judged.truth.keys());
    }

    fn add_named(&mut self, statements: &[StatementRef]) {
        for statement in statements {
            let name = statement.to_string();
            if !self.statements.contains(&name) {
                self.name([name]);
            }
        }
    }

    fn name(&mut self, statements: impl IntoIterator<Item = String>) {
        Arc::make_mut(&mut self.statements).extend(statements);
    }
}

//! Naming, for each step of a chain, the statements that allow it and what it depends on.

use std::collections::BTreeSet;

use super::Step;
use super::methods::{Method, Way, methods};
use super::moves::{ADMINISTRATOR_ACCESS, End, Mover, needs};
use super::trusts::{service_trust, trust_doubts, trust_statement};
use super::universe::{Class, Node};
use crate::iam::access::{Access, Verdict};
use crate::iam::caller::Caller;
use crate::iam::context::Context;
use crate::iam::pattern::Pattern;
use crate::iam::region::Language;
use crate::iam::truth::Truth;

/// Explains steps.
pub(super) struct Explainer<'a, 'u> {
    pub(super) mover: &'u Mover<'a, 'u>,
}

impl Explainer<'_, '_> {
    /// A step from one principal to another.
    pub(super) fn step(&self, from: usize, method: usize, to: usize) -> Step {
        let universe = self.mover.universe;
        let (Some(method), Some(caller), Some(target)) =
            (methods().get(method), universe.node(from), universe.node(to))
        else {
            return Step::default();
        };
        let access = caller.access();
        let mut step = Step::new(method, &caller.principal.arn, &target.principal.arn);
        match &method.way {
            Way::Use { takes } => self.uses(&mut step, &access, (caller, target, to), takes, method),
            Way::PassRole { services, .. } => {
                let trusting = |service: &&String| !service_trust(target.account, target.principal, service).is_false();
                if let Some(service) = services.iter().find(trusting) {
                    let more = |context: &mut Context| context.set_value("iam:PassedToService", service);
                    step.add(self.on(&access, "iam:PassRole", to, &more));
                    step.trusted_by(target, service);
                }
                step.add(needs(&access, &method.needs, &target.account.id));
            }
            Way::RunsAs { services, what, .. } => {
                step.add(needs(&access, &method.needs, &target.account.id));
                step.depends_on.insert(format!("{} {what} that runs as {}", article(what), target.principal.arn));
                if target.home != caller.home {
                    step.depends_on.insert(format!("a resource policy that lets account {} in", caller.account.id));
                }
                let trusting = |service: &&String| !service_trust(target.account, target.principal, service).is_false();
                if let Some(service) = services.iter().find(trusting) {
                    step.trusted_by(target, service);
                }
            }
            Way::GrantSelf { .. } | Way::Lift { .. } | Way::GrantAndUse { .. } | Way::Create => {}
        }
        step
    }

    fn on(&self, access: &Access<'_>, action: &str, target: usize, more: &dyn Fn(&mut Context)) -> Verdict {
        let mut context = access.context().clone();
        self.mover.universe.describe(Class::Principals, target, &mut context);
        more(&mut context);
        let arn = self.mover.universe.node(target).map(|node| node.principal.arn.clone()).unwrap_or_default();
        access.can_together(&[action], &Language::of(Pattern::literal(&arn)), &context)
    }

    fn uses(
        &self,
        step: &mut Step,
        access: &Access<'_>,
        (caller, target, number): (&Node<'_>, &Node<'_>, usize),
        takes: &str,
        method: &Method,
    ) {
        for need in &method.needs {
            step.add(self.on(access, &need.action, number, &|_| {}));
        }
        let verdict = self.on(access, takes, number, &|_| {});
        if takes != "sts:AssumeRole" {
            return step.add(verdict);
        }
        // A trust policy that names the caller is enough in its own account.
        let named = verdict.truth.is_false();
        if !named {
            step.add(verdict);
        }
        let who = Caller::parse(&caller.principal.arn);
        step.statements.extend(trust_statement(target.account, target.principal, &who));
        step.depends_on.extend(trust_doubts(target.account, target.principal, &who, access.context()));
    }

    /// A step after which the principal is administrator.
    pub(super) fn end(&self, from: usize, end: &End) -> Step {
        let universe = self.mover.universe;
        let (Some(method), Some(caller), Some(target)) =
            (methods().get(end.method), universe.node(from), universe.node(end.target))
        else {
            return Step::default();
        };
        let access = caller.access();
        let mut step = Step::new(method, &caller.principal.arn, &target.principal.arn);
        step.object = Some(end.object.clone()).filter(|object| *object != target.principal.arn);
        let mut context = access.context().clone();
        let partition = &caller.account.partition;
        context.set_value("iam:PolicyARN", &format!("arn:{partition}:{ADMINISTRATOR_ACCESS}"));
        if end.target == from || !matches!(method.way, Way::Create) {
            universe.describe(Class::Principals, end.target, &mut context);
        }
        let allowed = |action: &str| {
            let about = if is_about_policy_or_group(action) || matches!(method.way, Way::Create) {
                &end.object
            } else {
                &target.principal.arn
            };
            access.can_together(&[action], &Language::of(Pattern::literal(about)), &context)
        };
        for action in method.actions() {
            if action == "sts:AssumeRole" {
                self.uses(
                    &mut step,
                    &access,
                    (caller, target, end.target),
                    &action,
                    &Method { needs: Vec::new(), ..method.clone() },
                );
            } else {
                step.add(allowed(&action));
            }
        }
        if let Truth::Unknown(keys) = &end.truth {
            step.depends_on.extend(keys.iter().filter(|key| *key != "conditions").cloned());
            if step.depends_on.is_empty() {
                step.depends_on.insert("conditions".to_owned());
            }
        }
        step
    }

    /// A step from outside into a role.
    pub(super) fn outside(&self, name: &str, role: usize) -> Option<Step> {
        let target = self.mover.universe.node(role)?;
        let method = methods().iter().find(|method| method.id == "sts-001")?;
        let caller = Caller::parse(name);
        let mut context = Context::open();
        if let Some(account) = caller.account() {
            context.set_value("aws:PrincipalAccount", account);
        }
        context.set_value("aws:PrincipalArn", name);
        let entry = super::trusts::trust(target.account, target.principal, &caller, &context);
        if entry.possible == crate::iam::matching::PrincipalMatch::No {
            return None;
        }
        let mut step = Step::new(method, name, &target.principal.arn);
        step.statements.extend(trust_statement(target.account, target.principal, &caller));
        step.depends_on.extend(trust_doubts(target.account, target.principal, &caller, &context));
        if name != "*" {
            step.depends_on.insert(format!("{name}, which is not in the snapshot"));
        }
        Some(step)
    }
}

impl Mover<'_, '_> {
    /// The step of assuming a role.
    pub(super) fn assuming(&self, from: usize, to: usize) -> Step {
        let method = methods().iter().position(|method| method.id == "sts-001").unwrap_or(usize::MAX);
        Explainer { mover: self }.step(from, method, to)
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
    fn new(method: &Method, from: &str, to: &str) -> Self {
        Self {
            from: from.to_owned(),
            to: to.to_owned(),
            actions: method.actions(),
            method: method.id.clone(),
            title: method.title.clone(),
            also: method.also.clone(),
            object: None,
            statements: Vec::new(),
            depends_on: BTreeSet::new(),
        }
    }

    fn add(&mut self, verdict: Verdict) {
        for statement in verdict.statements {
            let name = statement.to_string();
            if !self.statements.contains(&name) {
                self.statements.push(name);
            }
        }
        self.depends_on.extend(verdict.truth.keys());
    }

    fn trusted_by(&mut self, target: &Node<'_>, service: &str) {
        self.statements.extend(trust_statement(target.account, target.principal, &Caller::parse(service)));
        self.depends_on.extend(service_trust(target.account, target.principal, service).keys());
    }
}

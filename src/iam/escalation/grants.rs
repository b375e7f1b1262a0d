//! Ways to administrator that change policies: the caller's own, or those of a principal that it then becomes.

use std::cell::OnceCell;
use std::sync::Arc;

use super::caller::Caller;
use super::moves::{ADMINISTRATOR_ACCESS, End, Mover, at, best};
use super::shape::About;
use super::universe::{Class, Reach};
use crate::iam::access::{Access, Grant};
use crate::iam::account::{Attached, Boundary, DocumentId, ManagedPolicy, PolicyName, PrincipalKind};
use crate::iam::context::Fact;
use crate::iam::document::Rule;
use crate::iam::policy::Effect;
use crate::iam::truth::Truth;

impl<'a> Mover<'a, '_> {
    pub(super) fn grant_self(&self, caller: &Caller<'a, '_>, method: usize, grant: &str) -> Vec<End> {
        let number = caller.number;
        let end = |object: Arc<str>, truth: Truth| {
            (!truth.is_false()).then_some(End { method, target: number, object, truth })
        };
        let kind = caller.node.principal.kind;
        match grant {
            "iam:PutRolePolicy" | "iam:AttachRolePolicy" if kind == PrincipalKind::User => Vec::new(),
            "iam:PutUserPolicy" | "iam:AttachUserPolicy" if kind == PrincipalKind::Role => Vec::new(),
            "iam:PutRolePolicy" | "iam:AttachRolePolicy" | "iam:PutUserPolicy" | "iam:AttachUserPolicy" => {
                let allowed = at(&Self::granting(caller, grant, Class::Principals), number);
                if allowed.is_false() {
                    return Vec::new();
                }
                end(Arc::clone(&caller.node.principal.arn), allowed.and(self.ceiling(number, None)))
                    .into_iter()
                    .collect()
            }
            "iam:AttachGroupPolicy" | "iam:PutGroupPolicy" => {
                let reach = Self::granting(caller, grant, Class::Groups);
                let mut own = caller
                    .node
                    .principal
                    .groups
                    .iter()
                    .filter_map(|name| self.universe.find_group(caller.node.home, name));
                let Some(group) = own.find(|group| reach.possible.contains(*group)) else { return Vec::new() };
                end(self.group_name(group), at(&reach, group).and(self.ceiling(number, None))).into_iter().collect()
            }
            "iam:AddUserToGroup" => self.join_group(caller, method),
            "iam:CreatePolicyVersion" => {
                let reach = caller.reach(grant, Class::Policies, None);
                let changed = |policy: &Attached| {
                    let truth = at(&reach, self.own_policy(policy)?).and(self.ceiling(number, Some(policy)));
                    end(policy.policy.text(), truth)
                };
                best(caller.node.identity().filter_map(changed))
            }
            "iam:SetDefaultPolicyVersion" => best(self.other_versions(caller, method).into_iter()),
            _ => Vec::new(),
        }
    }

    pub(super) fn own_policy(&self, policy: &Attached) -> Option<usize> {
        match policy.policy.as_ref() {
            PolicyName::Managed(arn) => self.universe.find_policy(arn),
            PolicyName::Inline { .. } => None,
        }
    }

    fn group_name(&self, group: usize) -> Arc<str> {
        let found =
            self.universe.group(group).and_then(|(home, name)| self.universe.accounts().get(home)?.groups().get(name));
        found.map(|group| group.arn.as_str().into()).unwrap_or_default()
    }

    fn join_group(&self, caller: &Caller<'a, '_>, method: usize) -> Vec<End> {
        if caller.node.principal.kind == PrincipalKind::Role {
            return Vec::new();
        }
        let reach = caller.reach("iam:AddUserToGroup", Class::Groups, None);
        let joins = reach.possible.iter().filter_map(|group| {
            let (home, name) = self.universe.group(group).filter(|(home, _)| *home == caller.node.home)?;
            let policies = &self.universe.accounts().get(home)?.groups().get(name)?.policies;
            let more = crate::iam::access::grants(caller.node.account, policies.iter());
            if more.is_empty() {
                return None;
            }
            let rules: Vec<&Rule> = more.iter().map(|grant| grant.rule).collect();
            let access = || caller.node.access().with(more).is_admin();
            let truth = at(&reach, group).and(self.admin_with(caller, None, &rules, access));
            (!truth.is_false()).then(|| End { method, target: caller.number, object: self.group_name(group), truth })
        });
        best(joins)
    }

    /// Putting another version of an attached policy in force. A snapshot holds the versions that exist; one with more
    /// access may be stored later, so a policy with a single version leaves the question open.
    fn other_versions(&self, caller: &Caller<'a, '_>, method: usize) -> Vec<End> {
        let reach = caller.reach("iam:SetDefaultPolicyVersion", Class::Policies, None);
        let mut ends = Vec::new();
        for attached in caller.node.identity() {
            let allowed = self.own_policy(attached).map_or(Truth::False, |policy| at(&reach, policy));
            let PolicyName::Managed(arn) = attached.policy.as_ref() else { continue };
            let Some(policy) = caller.node.account.policies().get(arn).filter(|_| !allowed.is_false()) else {
                continue;
            };
            let mut truth =
                allowed.clone().and(Truth::unknown("a version of the policy with more access than the snapshot holds"));
            for document in other_documents(policy) {
                let rules: Vec<&Rule> = caller.node.account.rules(document).iter().collect();
                let access = || {
                    let more = rules.iter().map(|rule| Grant { rule, policy: &attached.policy });
                    let without = Access::without(caller.node.account, caller.node.principal, Some(&attached.policy));
                    without.with(more).is_admin()
                };
                let admin = self.admin_with(caller, Some(&attached.policy), &rules, access);
                truth = truth.or(allowed.clone().and(admin));
            }
            if self.ceiling(caller.number, Some(attached)).is_false() {
                continue;
            }
            ends.push(End { method, target: caller.number, object: attached.policy.text(), truth });
        }
        ends
    }

    /// Removing a deny or the boundary.
    pub(super) fn lift(&self, caller: &Caller<'a, '_>, method: usize, lift: &str) -> Vec<End> {
        let node = caller.node;
        let own = |class: Class, number: usize| at(&caller.reach(lift, class, None), number);
        let without = |policy: &PolicyName| {
            let access = || Access::without(node.account, node.principal, Some(policy)).is_admin();
            self.admin_with(caller, Some(policy), &[], access)
        };
        let end = |object: Arc<str>, truth: Truth| End { method, target: caller.number, object, truth };
        let kind = if node.principal.kind == PrincipalKind::User { "User" } else { "Role" };
        if lift.ends_with("PermissionsBoundary") {
            let Boundary::Policy(boundary) = &node.principal.boundary else { return Vec::new() };
            if !lift.contains(kind) {
                return Vec::new();
            }
            let mut free = node.principal.clone();
            free.boundary = Boundary::None;
            let truth = own(Class::Principals, caller.number).and(Access::new(node.account, &free).is_admin());
            return best(std::iter::once(end(boundary.policy.text(), truth)).filter(|end| !end.truth.is_false()));
        }
        let denying = |attached: &&Attached| {
            attached
                .document
                .is_some_and(|document| node.account.rules(document).iter().any(|rule| rule.effect == Effect::Deny))
        };
        let mut ends = Vec::new();
        if lift.contains("Group") {
            let groups =
                node.principal.groups.iter().filter_map(|name| Some((name, node.account.groups().get(name.as_ref())?)));
            for (name, group) in groups {
                let Some(number) = self.universe.find_group(node.home, name) else { continue };
                for attached in group.policies.iter().filter(denying).filter(|attached| fits(lift, attached)) {
                    ends.push(end(attached.policy.text(), own(Class::Groups, number).and(without(&attached.policy))));
                }
            }
        } else if lift.contains(kind) {
            for attached in node.principal.policies.iter().filter(denying).filter(|attached| fits(lift, attached)) {
                ends.push(end(
                    attached.policy.text(),
                    own(Class::Principals, caller.number).and(without(&attached.policy)),
                ));
            }
        }
        best(ends.into_iter().filter(|end| !end.truth.is_false()))
    }

    pub(super) fn grant_and_use(&self, caller: &Caller<'a, '_>, method: usize, grant: &str, takes: &str) -> Vec<End> {
        let usable = OnceCell::new();
        let usable = || usable.get_or_init(|| self.taken(caller, takes));
        let work_out = |except: Option<usize>| self.granted(caller, method, grant, usable(), except);
        let found = self.plans.of(caller.node.home, method).and_then(|plan| {
            let mut basis = caller.basis(method, About::Reach, plan.actions.iter().copied())?;
            // Whom roles let in by name, the caller's statements do not say.
            if takes == "sts:AssumeRole" {
                if usable().possible.is_empty() {
                    return Some(Arc::default());
                }
                basis.more = Some(self.asked(usable()));
            }
            Some(plan.ends.get(basis, || work_out(None)))
        });
        match found.as_deref() {
            Some(Some(end)) if end.target != caller.number => vec![end.clone()],
            Some(None) => Vec::new(),
            // The caller itself is the first of those whom all with the same statements could change.
            _ => work_out(Some(caller.number)).into_iter().collect(),
        }
    }

    /// The first certain way to administrator by changing somebody who can be taken over, else the first.
    fn granted(
        &self,
        caller: &Caller<'a, '_>,
        method: usize,
        grant: &str,
        usable: &Reach,
        except: Option<usize>,
    ) -> Option<End> {
        if usable.possible.is_empty() {
            return None;
        }
        let mut candidates = usable.possible.clone();
        let policies = if grant == "iam:CreatePolicyVersion" {
            candidates.keep(self.rewritable());
            Some(caller.reach(grant, Class::Policies, None))
        } else {
            candidates.keep(&Self::granting(caller, grant, Class::Principals).possible);
            None
        };
        let granted = if policies.is_none() { Some(Self::granting(caller, grant, Class::Principals)) } else { None };
        candidates.keep(&self.changeable);
        if let Some(number) = except {
            candidates.remove(number);
        }
        let changed = |target: usize| -> Option<End> {
            let node = self.universe.node(target).filter(|node| node.home == caller.node.home)?;
            if let Some(granted) = &granted {
                let truth = at(granted, target).and(at(usable, target)).and(self.ceiling(target, None));
                return Some(End { method, target, object: Arc::clone(&node.principal.arn), truth });
            }
            let reach = policies.as_ref()?;
            let versions = node.identity().filter_map(|policy| {
                let truth =
                    at(reach, self.own_policy(policy)?).and(at(usable, target)).and(self.ceiling(target, Some(policy)));
                Some(End { method, target, object: policy.policy.text(), truth })
            });
            best(versions.filter(|end| !end.truth.is_false())).into_iter().next()
        };
        let mut sure = candidates.clone();
        sure.keep(&usable.certain);
        if let Some(granted) = &granted {
            sure.keep(&granted.certain);
        }
        let certain = sure.iter().filter_map(changed).find(|end| end.truth.is_true());
        certain.or_else(|| candidates.iter().filter_map(changed).find(|end| !end.truth.is_false()))
    }

    pub(super) fn create(&self, caller: &Caller<'a, '_>, position: usize) -> Option<End> {
        let (home, account) = (caller.node.home, caller.node.account);
        let plan = self.plans.of(home, position)?;
        let work_out = || {
            caller.follows(plan, &account.id, &|context| {
                context.set("iam:PermissionsBoundary", Fact::Absent);
                context.set_value("iam:PolicyARN", &format!("arn:{}:{ADMINISTRATOR_ACCESS}", account.partition));
            })
        };
        let judged = match caller.basis(position, About::Needs(home), plan.positions()) {
            Some(basis) => plan.created.get(basis, work_out),
            None => Arc::new(work_out()),
        };
        let object = judged.example.as_ref().map(|(_, resource)| resource.as_str().into()).unwrap_or_default();
        Some(End { method: position, target: caller.number, object, truth: judged.truth.clone() })
            .filter(|end| !end.truth.is_false())
    }
}

fn other_documents(policy: &ManagedPolicy) -> impl Iterator<Item = DocumentId> + '_ {
    let others = policy.versions.iter().filter(|(id, _)| Some(id) != policy.default_version.as_ref());
    others.filter_map(|(_, document)| *document)
}

/// `Delete…Policy` removes inline policies, `Detach…Policy` managed ones; leaving a group does both.
fn fits(lift: &str, attached: &Attached) -> bool {
    match attached.policy.as_ref() {
        PolicyName::Managed(_) => !lift.contains("Delete"),
        PolicyName::Inline { .. } => !lift.contains("Detach"),
    }
}

//! Saying why: the statement that decided, or the one that came nearest and what kept it from applying.

use super::evaluate::{Attached, Decision, PolicySet, Votes, is_always_allowed, needs_resource_policy};
use super::policy::{Effect, Statement};
use super::request::Request;
use super::statement::{Mismatch, PolicyKind};
use super::truth::{Keys, Truth};
use std::collections::BTreeSet;
use std::fmt;

/// A statement, named so that people find it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StatementName {
    /// The type of its policy.
    pub kind: PolicyKind,
    /// The name of its policy.
    pub policy: String,
    /// Its `Sid`, if it has one.
    pub sid: Option<String>,
    /// Its place in the document, as a JSON pointer.
    pub pointer: String,
}

impl fmt::Display for StatementName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.sid.as_deref().filter(|sid| !sid.is_empty()) {
            Some(sid) => write!(f, "statement `{sid}` ({})", self.pointer)?,
            None => write!(f, "statement {}", self.pointer)?,
        }
        write!(f, " of {} `{}`", self.kind.as_str(), self.policy)
    }
}

/// A statement that would have changed the answer, and why it does not apply.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NearMiss {
    /// The statement.
    pub statement: StatementName,
    /// The elements that do not match.
    pub mismatches: Vec<Mismatch>,
}

/// Why a request is decided as it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Explanation {
    /// The answer in one sentence fragment.
    pub reason: String,
    /// The statements that decided, most telling first.
    pub decided_by: Vec<StatementName>,
    /// The statement that came nearest to granting, when nothing granted.
    pub nearest: Option<NearMiss>,
    /// The condition keys that the answer depends on.
    pub depends_on: Keys,
}

impl fmt::Display for Explanation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.reason)?;
        for (index, statement) in self.decided_by.iter().enumerate() {
            write!(f, "{} {statement}", if index == 0 { ":" } else { "," })?;
        }
        if let Some(near) = &self.nearest {
            write!(f, "; nearest is {}, but ", near.statement)?;
            for (index, mismatch) in near.mismatches.iter().enumerate() {
                write!(f, "{}{mismatch}", if index == 0 { "" } else { ", " })?;
            }
        }
        Ok(())
    }
}

/// Explains a decision that was made over these policies.
pub(super) fn explain(set: &PolicySet<'_>, request: &Request, decision: &Decision) -> Explanation {
    let mut explanation =
        Explanation { reason: String::new(), decided_by: Vec::new(), nearest: None, depends_on: Keys::default() };
    match decision {
        _ if is_always_allowed(request) => "the call needs no permission".clone_into(&mut explanation.reason),
        Decision::ExplicitlyDenied => {
            "refused".clone_into(&mut explanation.reason);
            explanation.decided_by = applying(set, request, Effect::Deny, Truth::is_true);
        }
        Decision::Allowed => {
            "granted".clone_into(&mut explanation.reason);
            explanation.decided_by = granting(set, request);
            if explanation.decided_by.is_empty() {
                "the root user has every permission in its account".clone_into(&mut explanation.reason);
            }
        }
        Decision::Unknown(keys) => {
            explanation.depends_on.clone_from(keys);
            let keys: Vec<String> = keys.iter().map(|key| format!("`{key}`")).collect();
            explanation.reason = format!("depends on {}", keys.join(", "));
            let open = |truth: &Truth| matches!(truth, Truth::Unknown(_));
            explanation.decided_by = applying(set, request, Effect::Deny, open);
            explanation.decided_by.extend(applying(set, request, Effect::Allow, open));
        }
        Decision::ImplicitlyDenied => {
            let (reason, kinds) = missing(set, request);
            reason.clone_into(&mut explanation.reason);
            explanation.nearest = nearest(set, request, kinds);
            if explanation.nearest.is_none() && !kinds.is_empty() {
                explanation.reason.push_str(": no statement speaks of the action");
            }
        }
    }
    explanation
}

fn name(kind: PolicyKind, policy: &Attached<'_>, statement: &Statement) -> StatementName {
    StatementName {
        kind,
        policy: policy.name.to_owned(),
        sid: statement.sid.clone(),
        pointer: statement.place.pointer().to_owned(),
    }
}

/// The statements with an effect whose match to the request passes a test.
fn applying(
    set: &PolicySet<'_>,
    request: &Request,
    effect: Effect,
    test: impl Fn(&Truth) -> bool,
) -> Vec<StatementName> {
    let mut found = Vec::new();
    for (kind, policy) in set.bearing_on(request) {
        for statement in policy.policy.statements.iter().filter(|statement| statement.effect == effect) {
            if test(&statement.applies(request, kind)) {
                found.push(name(kind, policy, statement));
            }
        }
    }
    found
}

/// The first granting statement of each policy kind that grants, identity and resource policies first.
fn granting(set: &PolicySet<'_>, request: &Request) -> Vec<StatementName> {
    let mut found = applying(set, request, Effect::Allow, Truth::is_true);
    let rank = |kind: PolicyKind| match kind {
        PolicyKind::Resource => 0,
        PolicyKind::Identity => 1,
        _ => 2,
    };
    found.sort_by_key(|statement| rank(statement.kind));
    let mut seen = BTreeSet::new();
    found.retain(|statement| rank(statement.kind) < 2 && seen.insert(statement.kind));
    found
}

/// Which kind of policy fails to allow, in words, and where to look for the nearest statement.
fn missing(set: &PolicySet<'_>, request: &Request) -> (&'static str, &'static [PolicyKind]) {
    use PolicyKind as K;
    let votes = Votes::count(set, request);
    if votes.scp.is_false() {
        return ("some level of service control policies does not allow it", &[K::Scp]);
    }
    if votes.endpoint.is_false() {
        return ("the endpoint policy does not allow it", &[K::Endpoint]);
    }
    let resource_allows = !votes.account.is_false();
    let identity_allows = !votes.identity.is_false();
    let needs_both =
        request.is_cross_account() || needs_resource_policy(request, set) || request.caller.account().is_none();
    if needs_both && !resource_allows {
        return match &set.resource {
            Some(_) => ("the policy on the resource does not allow it", &[K::Resource]),
            None => ("it needs a policy on the resource, and there is none", &[]),
        };
    }
    if identity_allows || !votes.role.is_false() {
        if votes.boundary.is_false() {
            return ("the permissions boundary does not allow it", &[K::Boundary]);
        }
        if votes.session.is_false() {
            return ("the session policy does not allow it", &[K::Session]);
        }
    }
    if needs_both {
        return ("no identity policy allows it", &[K::Identity]);
    }
    ("no identity or resource policy allows it", &[K::Identity, K::Resource])
}

/// The allowing statement that speaks of the action and has the fewest elements that do not match.
fn nearest(set: &PolicySet<'_>, request: &Request, kinds: &[PolicyKind]) -> Option<NearMiss> {
    let mut best: Option<NearMiss> = None;
    for (kind, policy) in set.bearing_on(request) {
        let statements = policy.policy.statements.iter().filter(|statement| statement.effect == Effect::Allow);
        for statement in statements.filter(|_| kinds.contains(&kind)) {
            let mismatches = statement.meet(request, kind).mismatches;
            let of_action =
                |mismatch: &Mismatch| matches!(mismatch, Mismatch::Action | Mismatch::NotAction | Mismatch::NoAction);
            let nearer = best.as_ref().is_none_or(|least| mismatches.len() < least.mismatches.len());
            if nearer && !mismatches.is_empty() && !mismatches.iter().any(of_action) {
                best = Some(NearMiss { statement: name(kind, policy, statement), mismatches });
            }
        }
    }
    best
}

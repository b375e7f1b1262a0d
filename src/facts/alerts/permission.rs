//! Whether a policy lets a publisher do what publishing takes.

use super::publisher::Publisher;
use crate::facts::link::Link;
use crate::facts::{Gap, MALFORMED, Origin, UNDECIDED};
use crate::iam::caller::Caller;
use crate::iam::evaluate::{Attached, Decision, PolicySet};
use crate::iam::policy::Policy;
use crate::iam::request::Request;
use crate::snapshot::Snapshot;

/// A policy on a resource, and where it stands.
pub(super) struct Guard<'a> {
    /// What it guards, as in ``topic `billing` ``.
    pub(super) what: String,
    /// The resource's ARN.
    pub(super) resource: &'a str,
    /// The document.
    pub(super) policy: Policy,
    /// Where it stands.
    pub(super) origin: Origin,
}

/// Policies of the role that publishes, or why they are not known.
pub(super) type RolePolicies = Result<Vec<Policy>, Gap>;

/// Reads a policy's text; `what` names it in the gap.
pub(super) fn parse(text: &str, what: &str) -> Result<Policy, Gap> {
    text.parse().map_err(|error| Gap::of_reason(MALFORMED, format!("the policy of {what} cannot be read: {error}")))
}

/// Whether the publisher may do all of `actions`, which `doing` names in words.
pub(super) fn may(
    snapshot: &Snapshot,
    guard: &Guard<'_>,
    publisher: &Publisher,
    role: Option<&RolePolicies>,
    (actions, doing): (&[&str], &str),
) -> Link {
    let policy = publisher.effective(guard.policy.clone());
    let context = publisher.context(snapshot);
    let identity = match role {
        None => Vec::new(),
        Some(Ok(policies)) => policies.clone(),
        Some(Err(gap)) => return Link::Open(gap.clone()),
    };
    let name = |policy| Attached { name: "", policy };
    let set = PolicySet {
        identity: identity.iter().map(name).collect(),
        resource: Some(vec![name(&policy)]),
        ..PolicySet::default()
    };
    Link::all(actions.iter().map(|action| {
        let caller = Caller::parse(publisher.principal());
        let request = Request::new(caller, action, guard.resource, None, context.clone()).with_derived_keys();
        match set.decide(&request) {
            Decision::Allowed => Link::Holds(guard.origin),
            Decision::ImplicitlyDenied => Link::Broken(refusal(guard, publisher, doing), guard.origin),
            Decision::ExplicitlyDenied => Link::Broken(
                format!("a statement in the policy of {} denies `{}`", guard.what, publisher.principal()),
                guard.origin,
            ),
            Decision::Unknown(keys) => {
                let keys: Vec<String> = keys.iter().map(|key| format!("`{key}`")).collect();
                Link::Open(Gap::of_reason(
                    UNDECIDED,
                    format!(
                        "whether the policy of {} lets `{}` {doing} depends on {}",
                        guard.what,
                        publisher.principal(),
                        keys.join(", ")
                    ),
                ))
            }
        }
    }))
}

fn refusal(guard: &Guard<'_>, publisher: &Publisher, doing: &str) -> String {
    let dropped = publisher.effective(guard.policy.clone()).statements.len() < guard.policy.statements.len();
    let hint = if dropped { " (EventBridge can use no statement that has a Condition)" } else { "" };
    format!("the policy of {} does not let `{}` {doing}{hint}", guard.what, publisher.principal())
}

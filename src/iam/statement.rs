//! Whether one statement applies to a request, and if not, which of its elements is to blame.

use super::matching::PrincipalMatch;
use super::policy::{ActionBlock, PrincipalBlock, ResourceBlock, Statement};
use super::request::Request;
use super::truth::Truth;
use std::fmt;

/// The type of a policy, by where it is attached.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum PolicyKind {
    /// On a user, a group or a role.
    Identity,
    /// The permissions boundary of a user or role.
    Boundary,
    /// Passed when a session was made.
    Session,
    /// On the resource; a role's trust policy and a key's policy are such.
    Resource,
    /// A service control policy.
    Scp,
    /// A resource control policy.
    Rcp,
    /// On the VPC endpoint that the request comes through.
    Endpoint,
}

impl PolicyKind {
    /// The words for readers.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Identity => "identity policy",
            Self::Boundary => "permissions boundary",
            Self::Session => "session policy",
            Self::Resource => "resource policy",
            Self::Scp => "service control policy",
            Self::Rcp => "resource control policy",
            Self::Endpoint => "endpoint policy",
        }
    }

    /// True where the `Principal` element says whom the statement speaks of.
    const fn names_principals(self) -> bool {
        matches!(self, Self::Resource | Self::Endpoint | Self::Rcp)
    }
}

/// The element that keeps a statement from applying.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Mismatch {
    /// `Principal` does not name the caller.
    Principal,
    /// `NotPrincipal` names the caller.
    NotPrincipal,
    /// The statement has to name principals and does not.
    NoPrincipal,
    /// `Action` does not cover the action.
    Action,
    /// `NotAction` covers the action.
    NotAction,
    /// The statement has neither `Action` nor `NotAction`.
    NoAction,
    /// `Resource` does not cover the resource.
    Resource,
    /// `NotResource` covers the resource.
    NotResource,
    /// The statement has neither `Resource` nor `NotResource`.
    NoResource,
    /// A condition does not hold.
    Condition {
        /// Its operator.
        operator: String,
        /// Its key.
        key: String,
    },
}

impl fmt::Display for Mismatch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Principal => f.write_str("its Principal does not name the caller"),
            Self::NotPrincipal => f.write_str("its NotPrincipal spares the caller"),
            Self::NoPrincipal => f.write_str("it names no principal"),
            Self::Action => f.write_str("its Action does not cover the action"),
            Self::NotAction => f.write_str("its NotAction spares the action"),
            Self::NoAction => f.write_str("it names no action"),
            Self::Resource => f.write_str("its Resource does not cover the resource"),
            Self::NotResource => f.write_str("its NotResource spares the resource"),
            Self::NoResource => f.write_str("it names no resource"),
            Self::Condition { operator, key } => write!(f, "its condition {operator} on `{key}` does not hold"),
        }
    }
}

/// How a statement meets a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StatementMatch {
    /// Whether it applies.
    pub applies: Truth,
    /// How its principal element covers the caller.
    pub principal: PrincipalMatch,
    /// Every element that keeps it from applying.
    pub mismatches: Vec<Mismatch>,
}

impl Statement {
    /// Holds the statement against a request.
    pub fn meet(&self, request: &Request, kind: PolicyKind) -> StatementMatch {
        let principal =
            if kind.names_principals() { self.principal.covers(&request.caller) } else { PrincipalMatch::Direct };
        let resource = self.resource.covers(&request.resource, &request.context, kind == PolicyKind::Resource);
        let mut mismatches = Vec::new();
        if principal == PrincipalMatch::No {
            mismatches.push(match self.principal {
                PrincipalBlock::None => Mismatch::NoPrincipal,
                PrincipalBlock::Principal(_) => Mismatch::Principal,
                PrincipalBlock::NotPrincipal(_) => Mismatch::NotPrincipal,
            });
        }
        if !self.action.covers(&request.action) {
            mismatches.push(match self.action {
                ActionBlock::None => Mismatch::NoAction,
                ActionBlock::Action(_) => Mismatch::Action,
                ActionBlock::NotAction(_) => Mismatch::NotAction,
            });
        }
        if resource.is_false() {
            mismatches.push(match self.resource {
                ResourceBlock::None => Mismatch::NoResource,
                ResourceBlock::Resource(_) => Mismatch::Resource,
                ResourceBlock::NotResource(_) => Mismatch::NotResource,
            });
        }
        let mut applies = resource;
        for condition in &self.conditions {
            let holds = condition.holds(&request.context);
            if holds.is_false() {
                let (operator, key) = (condition.operator.to_string(), condition.key.clone());
                mismatches.push(Mismatch::Condition { operator, key });
            }
            applies = applies.and(holds);
        }
        if !mismatches.is_empty() {
            applies = Truth::False;
        }
        StatementMatch { applies, principal, mismatches }
    }

    /// Whether the statement applies, without the reasons: stops at the first element that does not match.
    pub fn applies(&self, request: &Request, kind: PolicyKind) -> Truth {
        if !self.action.covers(&request.action)
            || (kind.names_principals() && self.principal.covers(&request.caller) == PrincipalMatch::No)
        {
            return Truth::False;
        }
        let resource = self.resource.covers(&request.resource, &request.context, kind == PolicyKind::Resource);
        if resource.is_false() {
            return Truth::False;
        }
        Truth::all(self.conditions.iter().map(|condition| condition.holds(&request.context))).and(resource)
    }
}

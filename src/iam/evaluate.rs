//! Deciding a request over every policy that bears on it.
//!
//! The order of things: an explicit deny anywhere wins; then each bound (SCP levels, RCP levels, endpoint) has to allow;
//! then identity and resource policies have to grant, together across accounts, either one within an account.
//! <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic.html>

use super::caller::Caller;
use super::explain::{self, Explanation};
use super::matching::PrincipalMatch;
use super::policy::{Effect, Policy};
use super::rcp;
use super::request::Request;
use super::statement::PolicyKind;
use super::truth::{Keys, Truth};
use std::fmt;

/// A policy and the name that readers know it by.
#[derive(Debug, Clone, Copy)]
pub struct Attached<'a> {
    /// Such as an ARN, or `group devs: AdminAccess`.
    pub name: &'a str,
    /// The document.
    pub policy: &'a Policy,
}

/// Every policy that bears on a request. `None` means that there is no policy of the kind.
#[derive(Debug, Clone, Default)]
pub struct PolicySet<'a> {
    /// Policies of the user, of the user's groups, or of the role.
    pub identity: Vec<Attached<'a>>,
    /// The permissions boundary; AWS has room for one.
    pub boundary: Option<Vec<Attached<'a>>>,
    /// Session policies; with several, one that allows is enough.
    pub session: Option<Vec<Attached<'a>>>,
    /// The policy on the resource; with several (a bucket's and its access point's grants), one that allows is enough.
    pub resource: Option<Vec<Attached<'a>>>,
    /// Service control policies of the caller's account, level by level, the root first.
    pub scp: Option<Vec<Vec<Attached<'a>>>>,
    /// Resource control policies of the owner's account, level by level; `RCPFullAWSAccess` goes without saying.
    pub rcp: Vec<Vec<Attached<'a>>>,
    /// The policy of the VPC endpoint that the request comes through.
    pub endpoint: Option<Vec<Attached<'a>>>,
}

/// The answer to a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Decision {
    /// The request succeeds.
    Allowed,
    /// Nothing grants it, or a bound leaves it out.
    ImplicitlyDenied,
    /// A statement refuses it.
    ExplicitlyDenied,
    /// It depends on these condition keys.
    Unknown(Keys),
}

impl Decision {
    /// The word in answers.
    pub const fn as_str(&self) -> &'static str {
        match self {
            Self::Allowed => "Allowed",
            Self::ImplicitlyDenied => "ImplicitlyDenied",
            Self::ExplicitlyDenied => "ExplicitlyDenied",
            Self::Unknown(_) => "Unknown",
        }
    }
}

impl fmt::Display for Decision {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// A decision and what led to it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer {
    /// The decision.
    pub decision: Decision,
    /// Why.
    pub because: Explanation,
}

impl PolicySet<'_> {
    /// Decides a request.
    pub fn decide(&self, request: &Request) -> Decision {
        if is_always_allowed(request) {
            return Decision::Allowed;
        }
        let votes = Votes::count(self, request);
        match (votes.deny.clone(), votes.allowed(request)) {
            (Truth::True, _) => Decision::ExplicitlyDenied,
            (_, Truth::False) => Decision::ImplicitlyDenied,
            (Truth::False, Truth::True) => Decision::Allowed,
            (deny, allow) => {
                let mut keys = deny.keys();
                keys.add(&allow.keys());
                Decision::Unknown(keys)
            }
        }
    }

    /// Decides a request and says why.
    pub fn answer(&self, request: &Request) -> Answer {
        let decision = self.decide(request);
        let because = explain::explain(self, request, &decision);
        Answer { decision, because }
    }

    /// Every policy that bears on the request, with its kind, in the order of evaluation.
    pub fn bearing_on<'s>(&'s self, request: &Request) -> Vec<(PolicyKind, &'s Attached<'s>)> {
        let mut all: Vec<(PolicyKind, &Attached<'_>)> = Vec::new();
        if let Some(levels) = self.scp_for(request) {
            all.extend(levels.iter().flatten().map(|policy| (PolicyKind::Scp, policy)));
        }
        all.extend(self.rcp_for(request).iter().flatten().map(|policy| (PolicyKind::Rcp, policy)));
        all.extend(self.endpoint.iter().flatten().map(|policy| (PolicyKind::Endpoint, policy)));
        all.extend(self.resource.iter().flatten().map(|policy| (PolicyKind::Resource, policy)));
        all.extend(self.identity.iter().map(|policy| (PolicyKind::Identity, policy)));
        all.extend(self.boundary.iter().flatten().map(|policy| (PolicyKind::Boundary, policy)));
        all.extend(self.session.iter().flatten().map(|policy| (PolicyKind::Session, policy)));
        all
    }

    /// SCPs bind the users and roles of member accounts, the root user too; not services, nobody, or service-linked
    /// roles. <https://docs.aws.amazon.com/organizations/latest/userguide/orgs_manage_policies_scps.html>
    pub(super) fn scp_for(&self, request: &Request) -> Option<&[Vec<Attached<'_>>]> {
        let bound = request.caller.account().is_some() && !request.caller.is_service_linked_role();
        self.scp.as_deref().filter(|_| bound)
    }

    /// RCPs bind every caller but service-linked roles, for the services that support them.
    /// <https://docs.aws.amazon.com/organizations/latest/userguide/orgs_manage_policies_rcps.html>
    pub(super) fn rcp_for(&self, request: &Request) -> &[Vec<Attached<'_>>] {
        // The permission to retire a grant comes from the grant, and no RCP takes it away.
        // <https://docs.aws.amazon.com/kms/latest/developerguide/resource-control-policies.html>
        let spared = request.caller.is_service_linked_role() || request.action == "kms:retiregrant";
        if spared || !rcp::binds(request.service()) { &[] } else { &self.rcp }
    }
}

/// Calls that no policy can refuse: the manual says that they need no permission.
/// <https://docs.aws.amazon.com/STS/latest/APIReference/API_GetCallerIdentity.html>
pub(super) fn is_always_allowed(request: &Request) -> bool {
    request.action == "sts:getcalleridentity" && request.caller.account().is_some()
}

/// True where the policy on the resource has to allow, whatever the identity policies grant: roles and KMS keys.
///
/// Every role has a trust policy, so a request that comes without one asks about the identity side alone. A key may be
/// closed to identity policies, and is until its policy says otherwise.
pub(super) fn needs_resource_policy(request: &Request, set: &PolicySet<'_>) -> bool {
    match request.service() {
        "kms" => request.resource.contains(":key/") || request.resource.contains(":alias/"),
        "sts" => {
            let name = request.action.trim_start_matches("sts:");
            let of_a_role = name.starts_with("assumerole") || matches!(name, "tagsession" | "setsourceidentity");
            of_a_role && request.resource != "*" && set.resource.is_some()
        }
        _ => false,
    }
}

/// What the statements of each kind say about one request.
pub(super) struct Votes {
    /// Some statement refuses.
    pub(super) deny: Truth,
    /// Every SCP level allows.
    pub(super) scp: Truth,
    /// The endpoint policy allows.
    pub(super) endpoint: Truth,
    /// An identity policy allows.
    pub(super) identity: Truth,
    /// The permissions boundary allows.
    pub(super) boundary: Truth,
    /// The session policies allow.
    pub(super) session: Truth,
    /// The resource policy allows the caller itself.
    pub(super) direct: Truth,
    /// The resource policy allows the role that the caller is a session of.
    pub(super) role: Truth,
    /// The resource policy allows the caller's account.
    pub(super) account: Truth,
    /// Identity policies need the resource policy's leave.
    pub(super) needs_resource: bool,
}

impl Votes {
    pub(super) fn count(set: &PolicySet<'_>, request: &Request) -> Self {
        let allow =
            |kind, policies: &[Attached<'_>]| says(policies, Effect::Allow, request, kind, PrincipalMatch::Account);
        let resource = |least| {
            says(set.resource.as_deref().unwrap_or_default(), Effect::Allow, request, PolicyKind::Resource, least)
        };
        let deny = Truth::any(set.bearing_on(request).into_iter().map(|(kind, policy)| {
            says(std::slice::from_ref(policy), Effect::Deny, request, kind, PrincipalMatch::Account)
        }));
        let levels = set.scp_for(request).unwrap_or_default();
        Self {
            deny,
            scp: Truth::all(levels.iter().map(|level| allow(PolicyKind::Scp, level))),
            endpoint: set.endpoint.as_deref().map_or(Truth::True, |list| allow(PolicyKind::Endpoint, list)),
            identity: allow(PolicyKind::Identity, &set.identity),
            boundary: set.boundary.as_deref().map_or(Truth::True, |list| allow(PolicyKind::Boundary, list)),
            session: set.session.as_deref().map_or(Truth::True, |list| allow(PolicyKind::Session, list)),
            direct: resource(PrincipalMatch::Direct),
            role: resource(PrincipalMatch::Role),
            account: resource(PrincipalMatch::Account),
            needs_resource: needs_resource_policy(request, set),
        }
    }

    /// Whether the request is granted and inside every bound, denies aside.
    pub(super) fn allowed(&self, request: &Request) -> Truth {
        self.granted(request).and(self.scp.clone()).and(self.endpoint.clone())
    }

    /// Whether identity and resource policies grant the request.
    ///
    /// INVARIANT: `direct` implies `role` implies `account`, since each counts the better matches too.
    pub(super) fn granted(&self, request: &Request) -> Truth {
        let limits = self.boundary.clone().and(self.session.clone());
        if matches!(request.caller, Caller::Root { .. }) && request.action == "sts:assumerole" {
            // <https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRole.html>
            return Truth::False;
        }
        let identity = match request.caller {
            // The root user has every permission of its account.
            Caller::Root { .. } => Truth::True,
            _ => self.identity.clone(),
        };
        let own = identity.clone().and(limits.clone());
        if request.caller.account().is_none() {
            return self.direct.clone();
        }
        if request.is_cross_account() {
            return own.and(self.account.clone());
        }
        let role = self.role.clone().and(limits);
        if self.needs_resource {
            return self.direct.clone().or(role).or(own.and(self.account.clone()));
        }
        self.direct.clone().or(role).or(own)
    }
}

/// Whether some statement with the effect applies; `least` is how well it has to name the caller.
fn says(
    policies: &[Attached<'_>],
    effect: Effect,
    request: &Request,
    kind: PolicyKind,
    least: PrincipalMatch,
) -> Truth {
    let statements = policies.iter().flat_map(|attached| &attached.policy.statements);
    Truth::any(statements.filter(|statement| statement.effect == effect).map(|statement| {
        if kind == PolicyKind::Resource && statement.principal.covers(&request.caller) < least {
            return Truth::False;
        }
        statement.applies(request, kind)
    }))
}

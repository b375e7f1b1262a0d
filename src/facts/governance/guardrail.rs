//! What service control policies forbid, by their meaning.
//!
//! A policy forbids an action when one of its Deny statements applies to an ordinary user and an ordinary role of a
//! member, whatever the request's circumstances: exemptions of named principals count as what they are, but a condition
//! on network, MFA, time or Region makes the denial depend on what the caller can choose.

use std::collections::BTreeSet;

use super::super::asked::Asked;
use super::super::{Fact, Gap, INCOMPLETE, List, MALFORMED, MEMBER_MISSING, Observed, Origin, Source, leader_region};
use crate::iam::policy::{Effect, Policy, Version};
use crate::iam::{Caller, Context, Fact as Key, PolicyKind, Request};
use crate::snapshot::Snapshot;
use crate::snapshot::shapes::organizations::{DescribePolicy, ListPolicies, ListTargetsForPolicy};

/// The type of policy that limits what principals of members may do.
pub(super) const SCP: &str = "SERVICE_CONTROL_POLICY";

/// A member account that nobody has, and what its ordinary principals are called.
const MEMBER: &str = "111122223333";
/// Families of actions that guardrails should forbid, each with what undoes it.
const FAMILIES: [(&str, &[(&str, &str)]); 4] = [
    (
        "cloudtrail",
        &[("cloudtrail:StopLogging", "cloudtrail:trail/sample"), ("cloudtrail:DeleteTrail", "cloudtrail:trail/sample")],
    ),
    (
        "config",
        &[
            ("config:StopConfigurationRecorder", "config:configuration-recorder/sample/1"),
            ("config:DeleteConfigurationRecorder", "config:configuration-recorder/sample/1"),
        ],
    ),
    (
        "guardduty",
        &[
            ("guardduty:UpdateDetector", "guardduty:detector/sample"),
            ("guardduty:DeleteDetector", "guardduty:detector/sample"),
        ],
    ),
    ("leave-org", &[("organizations:LeaveOrganization", "*")]),
];
/// Actions of several services that root users have no business with.
const OF_ROOT: [&str; 4] = ["ec2:RunInstances", "iam:CreateUser", "lambda:CreateFunction", "s3:CreateBucket"];
/// Actions of services that work in Regions.
const REGIONAL: [&str; 3] = ["ec2:RunInstances", "lambda:CreateFunction", "rds:CreateDBInstance"];
/// Regions on every continent: a limit leaves out at least one.
const REGIONS: [&str; 8] = [
    "af-south-1",
    "ap-northeast-1",
    "ap-southeast-2",
    "ca-central-1",
    "eu-central-1",
    "me-central-1",
    "sa-east-1",
    "us-west-1",
];

/// The organization's own policies on roots and organizational units.
pub(super) struct Guardrails {
    partition: String,
    policies: Vec<(String, Policy)>,
    /// Names of policies of which it is not known what they say, and why.
    unread: Vec<(String, Gap)>,
    gaps: Vec<Gap>,
    origin: Origin,
}

impl Guardrails {
    /// Reads the policies of a snapshot.
    pub(super) fn read(snapshot: &Snapshot) -> Self {
        let filter = [("Filter".to_owned(), SCP.into())];
        let region = leader_region(&snapshot.partition);
        let mut answers = snapshot.answers::<ListPolicies>();
        let listed = answers.find(|answer| answer.observation.request.get("Filter").is_some_and(|one| one == SCP));
        let listed = listed.map_or_else(|| Source::missing(region, filter.into()), Source::from_answer);
        let mut all = Self {
            partition: snapshot.partition.clone(),
            policies: Vec::new(),
            unread: Vec::new(),
            gaps: listed.state.gap().cloned().into_iter().collect(),
            origin: listed.origin("/Policies"),
        };
        let Observed::Present(answer) = listed.state.clone() else { return all };
        all.gaps.extend(listed.cut_off(None, answer.next_token.as_ref()));
        if answer.policies.is_none() {
            all.gaps.push(listed.gap(MEMBER_MISSING, "the answer has no `Policies`"));
        }
        let described = Asked::<DescribePolicy>::read(snapshot, "PolicyId");
        let targets = Asked::<ListTargetsForPolicy>::read(snapshot, "PolicyId");
        // AWS's own policy allows everything and forbids nothing.
        for policy in answer.policies.iter().flatten().filter(|policy| policy.aws_managed != Some(true)) {
            let Some(id) = policy.id.as_deref() else {
                all.gaps.push(listed.gap(MEMBER_MISSING, "a policy has no `Id`"));
                continue;
            };
            let name = policy.name.clone().unwrap_or_else(|| id.to_owned());
            match is_attached(&targets.of_unique(region, id)) {
                Ok(false) => {}
                Ok(true) => match content(&described.of_unique(region, id), &name) {
                    Ok(policy) => all.policies.push((name, policy)),
                    Err(gap) => all.unread.push((name, gap)),
                },
                Err(gap) => all.gaps.push(gap),
            }
        }
        all
    }

    /// Why there may be more that is forbidden.
    fn all_gaps(&self) -> Vec<Gap> {
        self.gaps.iter().chain(self.unread.iter().map(|(_, gap)| gap)).cloned().collect()
    }

    /// Names of the policies.
    pub(super) fn names(&self) -> Fact<List<String>> {
        let read = self.policies.iter().map(|(name, _)| name);
        let names: BTreeSet<&String> = read.chain(self.unread.iter().map(|(name, _)| name)).collect();
        let items = names.into_iter().cloned().collect();
        Fact::present(List { items, gaps: self.gaps.clone() }, self.origin)
    }

    /// The families that are forbidden.
    pub(super) fn denied_families(&self) -> Fact<List<String>> {
        let is_denied = |actions: &[(&str, &str)]| {
            actions.iter().all(|(action, resource)| {
                ordinary().iter().all(|caller| {
                    let resources = ["us-east-1", "eu-west-1"].map(|region| self.resource(resource, region));
                    resources.iter().all(|resource| self.denies(caller, action, resource, None))
                })
            })
        };
        let families = FAMILIES.iter().filter(|(_, actions)| is_denied(actions));
        let items = families.map(|(family, _)| (*family).to_owned()).collect();
        Fact::present(List { items, gaps: self.all_gaps() }, self.origin)
    }

    /// Whether root users are forbidden what guardrails leave to ordinary principals.
    pub(super) fn denies_root(&self) -> Fact<bool> {
        let root = Caller::parse(&format!("arn:{}:iam::{MEMBER}:root", self.partition));
        self.settled(OF_ROOT.iter().all(|action| self.denies(&root, action, "*", None)))
    }

    /// Whether regional services are forbidden in a Region because it is that Region.
    pub(super) fn limits_regions(&self) -> Fact<bool> {
        let denied = |region: Option<&str>| {
            REGIONAL.iter().all(|action| ordinary().iter().all(|caller| self.denies(caller, action, "*", region)))
        };
        self.settled(REGIONS.iter().any(|region| denied(Some(region))) && !denied(None))
    }

    /// A denial that was found stands; that there is none is known only when every policy was read.
    fn settled(&self, found: bool) -> Fact<bool> {
        match self.all_gaps().first() {
            Some(gap) if !found => Fact::unknown(gap.clone()),
            _ => Fact::present(found, self.origin),
        }
    }

    fn resource(&self, resource: &str, region: &str) -> String {
        match resource.split_once(':') {
            Some((service, rest)) => format!("arn:{}:{service}:{region}:{MEMBER}:{rest}", self.partition),
            None => resource.to_owned(),
        }
    }

    /// Whether a policy forbids an action, whatever the circumstances.
    fn denies(&self, caller: &Caller, action: &str, resource: &str, region: Option<&str>) -> bool {
        let statements = self.policies.iter().flat_map(|(_, policy)| &policy.statements);
        let mut denials = statements.filter(|statement| statement.effect == Effect::Deny);
        denials.any(|statement| {
            let mut context = Context::open();
            // Of the caller everything is known: it has no tags, and no AWS service calls in its place.
            let keys = statement.conditions.iter().map(|condition| condition.key.to_ascii_lowercase());
            for key in keys.filter(|key| key.starts_with("aws:principaltag/")) {
                context.set(&key, Key::Absent);
            }
            for key in ["aws:AssumedRoot", "aws:username", "aws:PrincipalServiceName", "aws:PrincipalServiceNamesList"]
            {
                context.set(key, Key::Absent);
            }
            context.set_value("aws:ViaAWSService", "false");
            if let Some(region) = region {
                context.set_value("aws:RequestedRegion", region);
            }
            let request = Request::new(caller.clone(), action, resource, Some(MEMBER), context).with_derived_keys();
            statement.applies(&request, PolicyKind::Scp).is_true()
        })
    }
}

/// Principals that no policy names.
fn ordinary() -> [Caller; 2] {
    ["role/posture-sample", "user/posture-sample"].map(|name| Caller::parse(&format!("arn:aws:iam::{MEMBER}:{name}")))
}

/// Whether a policy hangs on a root or an organizational unit, and so on accounts that nobody listed one by one.
fn is_attached(targets: &Source<'_, ListTargetsForPolicy>) -> Result<bool, Gap> {
    let answer = match targets.state.clone() {
        Observed::Present(answer) => answer,
        Observed::Absent => return Ok(false),
        Observed::Unknown(gap) => return Err(gap),
    };
    let listed = answer.targets.as_ref().ok_or_else(|| targets.gap(MEMBER_MISSING, "the answer has no `Targets`"))?;
    let is_wide = |kind: Option<&str>| matches!(kind, Some("ROOT" | "ORGANIZATIONAL_UNIT"));
    let attached = listed.iter().any(|target| is_wide(target.kind.as_deref()));
    if !attached && listed.iter().any(|target| target.kind.is_none()) {
        return Err(targets.gap(MEMBER_MISSING, "a target has no `Type`"));
    }
    match targets.cut_off(None, answer.next_token.as_ref()) {
        Some(_) if !attached => Err(targets.gap(INCOMPLETE, "the list goes on after the last page that was read")),
        _ => Ok(attached),
    }
}

fn content(described: &Source<'_, DescribePolicy>, name: &str) -> Result<Policy, Gap> {
    let text = described.required("/Policy/Content", |answer| answer.policy.as_ref()?.content.as_deref());
    match text.state {
        Observed::Present(text) => text.parse().map_err(|error: crate::iam::PolicyError| {
            Gap::of_reason(MALFORMED, format!("the policy `{name}` cannot be read: {error}"))
        }),
        // Deleted since it was listed, it forbids nothing any more.
        Observed::Absent => Ok(Policy { version: Version::V2012, id: None, statements: Vec::new() }),
        Observed::Unknown(gap) => Err(gap),
    }
}

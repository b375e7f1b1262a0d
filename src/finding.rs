//! What a rule says of one resource, with the evidence that decided and a fingerprint that survives reruns.

use std::collections::BTreeMap;
use std::ops::Deref;
use std::sync::{Arc, OnceLock};

use serde::{Deserialize, Serialize, Serializer};
use serde_json::value::RawValue;
use sha2::{Digest, Sha256};

use crate::facts::Gap;

/// How bad a failing rule is. Ordered from harmless to worst.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "snake_case")]
#[expect(missing_docs, reason = "the names are the field's standard scale")]
pub enum Severity {
    Info,
    Low,
    Medium,
    High,
    Critical,
}

impl Severity {
    /// All severities, worst first.
    pub const WORST_FIRST: [Self; 5] = [Self::Critical, Self::High, Self::Medium, Self::Low, Self::Info];

    /// The name in reports and options.
    pub fn name(self) -> &'static str {
        match self {
            Self::Info => "info",
            Self::Low => "low",
            Self::Medium => "medium",
            Self::High => "high",
            Self::Critical => "critical",
        }
    }

    /// The severity of a name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::WORST_FIRST.into_iter().find(|severity| severity.name() == name)
    }
}

/// How sure a rule is of its verdicts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "snake_case")]
#[expect(missing_docs, reason = "the names are the field's standard scale")]
pub enum Confidence {
    Low,
    Medium,
    High,
}

/// A rule's verdict on one resource.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Status {
    /// The evidence shows that the expectation is not met.
    Fail,
    /// The evidence needed is not there. Never a pass, never a fail.
    Unknown,
    /// The evidence shows that the expectation is met.
    Pass,
    /// The expectation does not concern this resource.
    NotApplicable,
}

impl Status {
    /// The name in reports.
    pub fn name(self) -> &'static str {
        match self {
            Self::Fail => "fail",
            Self::Unknown => "unknown",
            Self::Pass => "pass",
            Self::NotApplicable => "not_applicable",
        }
    }
}

/// Control ids by framework, kept once for a rule and all its verdicts.
#[derive(Debug, Clone, Default)]
pub struct Controls(Arc<ByFramework>);

#[derive(Debug, Default)]
struct ByFramework {
    ids: BTreeMap<String, Vec<String>>,
    line: OnceLock<Option<Box<RawValue>>>,
}

impl Controls {
    /// The controls as JSON in one line, written once: a fleet's findings repeat it a million times. `None` where `write`
    /// made no JSON.
    pub(crate) fn line(&self, write: impl FnOnce(&BTreeMap<String, Vec<String>>) -> String) -> Option<&RawValue> {
        self.0.line.get_or_init(|| RawValue::from_string(write(&self.0.ids)).ok()).as_deref()
    }
}

impl From<BTreeMap<String, Vec<String>>> for Controls {
    fn from(ids: BTreeMap<String, Vec<String>>) -> Self {
        Self(Arc::new(ByFramework { ids, line: OnceLock::new() }))
    }
}

impl Deref for Controls {
    type Target = BTreeMap<String, Vec<String>>;

    fn deref(&self) -> &Self::Target {
        &self.0.ids
    }
}

impl PartialEq for Controls {
    fn eq(&self, other: &Self) -> bool {
        self.0.ids == other.0.ids
    }
}

impl Serialize for Controls {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.0.ids.serialize(serializer)
    }
}

/// The AWS thing that a rule was evaluated on.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct ResourceId {
    /// The ARN, or a documented stand-in (`arn:…:iam::<account>:account` for the account).
    pub id: String,
    /// The kind, as rules name it in `resource`.
    pub kind: &'static str,
    /// The Region, for things that live in one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub region: Option<String>,
}

/// One fact that decided, and where in the snapshot it stands.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Evidence {
    /// The fact as rules write it, as in `user.mfa_active`.
    pub fact: Arc<str>,
    /// The value; null where AWS answered that there is none.
    pub value: serde_json::Value,
    /// The observation that holds it, as in `iam:GetAccountSummary@us-east-1`; absent for a person's attestation.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub observation: Option<Arc<str>>,
    /// JSON pointer into the observation's response (for the credential report, to its text); empty when AWS answered
    /// with an error that means "there is none".
    #[serde(skip_serializing_if = "Option::is_none")]
    pub pointer: Option<String>,
}

/// Why a finding is accepted for now.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct AppliedSuppression {
    /// Why the finding is accepted.
    pub reason: String,
    /// Who accepted it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub owner: Option<String>,
    /// The last day on which it is accepted, as in `2026-12-31`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub expires: Option<String>,
}

/// A rule's verdict on one resource, with what decided it.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Finding {
    /// The rule's id.
    pub rule: String,
    /// The rule's severity.
    pub severity: Severity,
    /// The verdict.
    pub status: Status,
    /// What was judged.
    pub resource: ResourceId,
    /// One observed fact about the resource, in one line. May hold untrusted names: escape it for its destination.
    pub message: String,
    /// The facts that decided.
    pub evidence: Vec<Evidence>,
    /// The calls that did not answer, when they withheld a verdict.
    pub unknown: Vec<Gap>,
    /// Controls of frameworks that the rule serves.
    pub controls: Controls,
    /// True when a person's attestation decided, not an observation.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub attested: bool,
    /// The suppression that mutes the finding, if one does.
    pub suppressed: Option<AppliedSuppression>,
    /// True when a baseline was given and held this finding already.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub in_baseline: bool,
    /// Identity over runs and machines: rule, resource, Region; never position or time.
    pub fingerprint: String,
}

/// The fingerprint of a rule's verdict on a resource: 32 hexadecimal digits.
pub fn fingerprint(rule: &str, resource: &ResourceId) -> String {
    let mut hash = Sha256::new();
    for part in [rule, resource.kind, &resource.id, resource.region.as_deref().unwrap_or("")] {
        // Lengths keep ("ab", "c") apart from ("a", "bc").
        hash.update((part.len() as u64).to_le_bytes());
        hash.update(part.as_bytes());
    }
    let digest = hash.finalize();
    let digits = digest.iter().take(16).flat_map(|byte| [byte >> 4, byte & 15]);
    digits.filter_map(|digit| char::from_digit(u32::from(digit), 16)).collect()
}

#[cfg(test)]
mod tests {
    use super::{ResourceId, fingerprint};

    fn id(id: &str, region: Option<&str>) -> ResourceId {
        ResourceId { id: id.to_owned(), kind: "account", region: region.map(str::to_owned) }
    }

    #[test]
    fn fingerprints_depend_on_rule_resource_and_region_alone() {
        let one = fingerprint("root-mfa-enabled", &id("arn:a", None));
        assert_eq!(one, fingerprint("root-mfa-enabled", &id("arn:a", None)));
        assert_eq!(one.len(), 32);
        for other in [
            fingerprint("root-mfa-enable", &id("darn:a", None)),
            fingerprint("root-mfa-enabled", &id("arn:b", None)),
            fingerprint("root-mfa-enabled", &id("arn:a", Some("us-east-1"))),
        ] {
            assert_ne!(one, other);
        }
    }
}

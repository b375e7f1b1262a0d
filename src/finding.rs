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

/// The controls, and how formats write them.
#[derive(Debug, Default)]
pub(crate) struct ByFramework {
    ids: BTreeMap<String, Vec<String>>,
    /// As JSON in one line.
    pub(crate) line: Written,
    /// As indented JSON.
    pub(crate) indented: Written,
}

/// JSON that is written once: a fleet's findings repeat it a million times.
#[derive(Debug, Default)]
pub(crate) struct Written(OnceLock<Option<Box<RawValue>>>);

impl Written {
    /// What was written; `None` where `write` made no JSON.
    pub(crate) fn get(&self, write: impl FnOnce() -> String) -> Option<&RawValue> {
        self.0.get_or_init(|| RawValue::from_string(write()).ok()).as_deref()
    }
}

impl Controls {
    /// How formats write them.
    pub(crate) fn written(&self) -> &ByFramework {
        &self.0
    }
}

impl From<BTreeMap<String, Vec<String>>> for Controls {
    fn from(ids: BTreeMap<String, Vec<String>>) -> Self {
        Self(Arc::new(ByFramework { ids, ..ByFramework::default() }))
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

impl ResourceId {
    /// What findings of one rule and status are sorted by.
    pub(crate) fn place(&self) -> (&str, Option<&str>) {
        (&self.id, self.region.as_deref())
    }
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
#[derive(Debug, Clone, PartialEq)]
pub struct Finding {
    /// The rule's id, kept once for all verdicts of the rule.
    pub rule: Arc<str>,
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
    pub attested: bool,
    /// The suppression that mutes the finding, if one does.
    pub suppressed: Option<Box<AppliedSuppression>>,
    /// True when a baseline was given and held this finding already.
    pub in_baseline: bool,
}

impl Finding {
    /// Identity over runs and machines: rule, resource, Region; never position or time. Worked out when it is asked for:
    /// most formats show a part of the findings, and some no fingerprint at all.
    pub fn fingerprint(&self) -> Fingerprint {
        Fingerprint::of(&self.rule, &self.resource)
    }
}

/// Identity of a rule's verdict on a resource: 32 hexadecimal digits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Fingerprint([u8; Self::DIGITS]);

impl Fingerprint {
    /// How many digits there are.
    pub const DIGITS: usize = 32;

    /// The fingerprint of a rule's verdict on a resource.
    pub fn of(rule: &str, resource: &ResourceId) -> Self {
        let mut hash = Sha256::new();
        for part in [rule, resource.kind, &resource.id, resource.region.as_deref().unwrap_or("")] {
            // Lengths keep ("ab", "c") apart from ("a", "bc").
            hash.update((part.len() as u64).to_le_bytes());
            hash.update(part.as_bytes());
        }
        let mut digits = [b'0'; Self::DIGITS];
        for (two, byte) in digits.chunks_exact_mut(2).zip(hash.finalize()) {
            two.copy_from_slice(&[digit(byte >> 4), digit(byte & 15)]);
        }
        Self(digits)
    }

    /// The digits.
    pub fn as_str(&self) -> &str {
        // INVARIANT: digits are ASCII.
        std::str::from_utf8(&self.0).unwrap_or_default()
    }
}

fn digit(value: u8) -> u8 {
    if value < 10 { b'0' + value } else { b'a' - 10 + value }
}

impl std::fmt::Display for Fingerprint {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.as_str())
    }
}

impl Serialize for Fingerprint {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::{Fingerprint, ResourceId};

    fn id(id: &str, region: Option<&str>) -> ResourceId {
        ResourceId { id: id.to_owned(), kind: "account", region: region.map(str::to_owned) }
    }

    #[test]
    fn fingerprints_depend_on_rule_resource_and_region_alone() {
        let fingerprint = Fingerprint::of;
        let one = fingerprint("root-mfa-enabled", &id("arn:a", None));
        assert_eq!(one, fingerprint("root-mfa-enabled", &id("arn:a", None)));
        // Reports of earlier versions are baselines of this one.
        assert_eq!(one.to_string(), "74e440350dd91f8ff3bbd4564b7b6b02");
        for other in [
            fingerprint("root-mfa-enable", &id("darn:a", None)),
            fingerprint("root-mfa-enabled", &id("arn:b", None)),
            fingerprint("root-mfa-enabled", &id("arn:a", Some("us-east-1"))),
        ] {
            assert_ne!(one, other);
        }
    }
}

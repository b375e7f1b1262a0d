//! A rule file as it is written: strict YAML, unknown keys refused.

use std::collections::BTreeMap;
use std::sync::Arc;

use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::Value as Json;
use serde_saphyr::Spanned;

use crate::finding::{Confidence, Severity, Status};
use crate::fix::FixFile;

/// One rule, as its file says it.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "Rule")]
pub struct RuleFile {
    /// The rule's id, which is the file's name: `<service>-<wanted-state>`.
    pub id: String,
    /// The expectation, in one sentence with "should".
    pub title: String,
    /// Whether the rule is new, settled or on its way out.
    pub lifecycle: Lifecycle,
    /// How bad a failure is.
    pub severity: Severity,
    /// How sure the rule is of its verdicts.
    #[serde(default = "high")]
    pub confidence: Confidence,
    /// The kind of resource that is judged.
    #[schemars(with = "String")]
    pub resource: Spanned<String>,
    /// Why it matters, in our own words.
    pub rationale: String,
    /// Values that a configuration may change.
    #[serde(default)]
    pub params: BTreeMap<String, Param>,
    /// CEL; false makes the rule not applicable to the resource.
    #[schemars(with = "Option<String>")]
    pub applies_when: Option<Spanned<String>>,
    /// CEL; true passes, false fails.
    #[schemars(with = "String")]
    pub pass_when: Spanned<String>,
    /// What a failing resource's finding says, in one line, with facts in braces.
    #[schemars(with = "String")]
    pub message: Spanned<String>,
    /// What a passing resource's result says; the title when left out.
    #[schemars(with = "Option<String>")]
    pub pass_message: Option<Spanned<String>>,
    /// Why the rule may not apply, in one line, with facts in braces.
    #[schemars(with = "Option<String>")]
    pub not_applicable_message: Option<Spanned<String>>,
    /// What to do.
    pub remediation: Remediation,
    /// Commands and tasks that mend a failure, for `posture fix`.
    pub fix: Option<FixFile>,
    /// Pages that say why; https only.
    pub references: Vec<String>,
    /// Framework id to control ids. The only place where this mapping lives.
    #[serde(default)]
    pub controls: BTreeMap<String, Vec<String>>,
    /// For what no API tells: the question that a person answers in `posture.yaml`.
    pub attestation: Option<String>,
    /// Cases that run as tests.
    pub examples: Vec<Example>,
}

fn high() -> Confidence {
    Confidence::High
}

/// The state of a rule and the version since which it has it.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Lifecycle {
    /// New: verdicts may change.
    Preview(String),
    /// Settled.
    Stable(String),
    /// Kept for its id; use another rule.
    Deprecated(String),
}

/// A value that a configuration may change.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Param {
    /// The value when nothing else is said; its type is the parameter's.
    pub default: Json,
    /// What it means, with its unit.
    pub doc: String,
    /// The values that it may have, or that its list may hold; any of its type when left out.
    #[serde(default)]
    pub values: Vec<Json>,
}

/// What to do about a failure.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Remediation {
    /// In words.
    pub text: Arc<str>,
    /// As a command with placeholders in angle brackets.
    pub cli: Option<Arc<str>>,
}

/// A case that runs as a test.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Example {
    /// What is shown, as a sentence.
    pub name: String,
    /// Facts of the resource. A fact that is not given is unknown; null is absent; `{unknown: CODE}` is unknown with that code.
    #[serde(default)]
    pub given: Json,
    /// Facts of the account, when the resource is another one.
    #[serde(default)]
    pub account: Json,
    /// What policies allow: answers by function and arguments, as in `can arn:… s3:GetObject`.
    #[serde(default)]
    pub answers: BTreeMap<String, Json>,
    /// Parameters in force.
    #[serde(default)]
    pub params: BTreeMap<String, Json>,
    /// The time that is now, as in `2026-01-01T00:00:00Z`.
    pub now: Option<String>,
    /// What a person attested, if anybody did.
    pub attestation: Option<bool>,
    /// What must come out.
    pub expect: Expectation,
    /// What `posture fix` must make of it: its commands, line by line, then what a person does.
    pub fix: Option<Vec<String>>,
    /// Values that the user gives to the fix.
    #[serde(default)]
    pub inputs: BTreeMap<String, String>,
    /// A known wrong verdict, and why it is accepted.
    pub known_limit: Option<String>,
}

/// What must come out of an example.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Expectation {
    /// The verdict.
    pub status: Status,
    /// The message, word for word.
    pub message: Option<String>,
}

//! `posture-report/1`: the whole report for programs, and the JSON Schema that describes it.
//!
//! The structs are this format's own, so that a change inside the program cannot change what others read. A member is
//! always there, `null` where it has nothing to say, except those that few reports need (`notes`, `attested`,
//! `in_baseline`). Members may be added within version 1; none is removed and none changes its meaning.

use std::collections::BTreeMap;
use std::io::{self, Write};

use schemars::JsonSchema;
use serde::Serialize;
use serde_json::value::RawValue;

use super::{Context, Place, Renderer, records, safe_json};
use crate::diagram::Diagram;
use crate::facts::Gap;
use crate::finding::{AppliedSuppression, Evidence, Finding, Fingerprint, Severity, Status, Written};
use crate::framework::FrameworkReport;
use crate::report::{Counts, Report, ReportGap, RuleRun, Summary};

/// How deep a result stands: in the report's list.
const IN_RESULTS: usize = 2;

/// The JSON report: indented when it is alone, one line each when there are several.
pub(super) struct Json;

impl Renderer for Json {
    fn render(&self, report: &Report, context: &Context, sink: &mut dyn Write) -> io::Result<()> {
        let (head, is_alone) = (JsonReport::from(report), context.place == Place::Only);
        let mut bytes = Vec::new();
        if is_alone {
            safe_json::pretty(&head, &mut bytes)?;
        } else {
            safe_json::compact(&head, &mut bytes)?;
        }
        let end: &[u8] = if is_alone { b"]\n}" } else { b"]}" };
        let before = bytes.strip_suffix(end).ok_or_else(|| io::Error::other("`results` is not the last member"))?;
        sink.write_all(before)?;
        records::write(report.findings().enumerate(), sink, |(position, finding), bytes| {
            bytes.write_all(if *position == 0 { b"" } else { b"," })?;
            if is_alone {
                bytes.write_all(b"\n    ")?;
                safe_json::pretty_inside(IN_RESULTS, &JsonResult::indented(finding), bytes)
            } else {
                safe_json::compact(&JsonResult::in_a_line(finding), bytes)
            }
        })?;
        if is_alone && report.findings().next().is_some() {
            sink.write_all(b"\n  ")?;
        }
        sink.write_all(end)?;
        sink.write_all(b"\n")
    }

    fn is_stream(&self) -> bool {
        true
    }
}

/// The JSON Schema of the report.
pub fn schema() -> schemars::Schema {
    schemars::schema_for!(JsonReport)
}

/// A report of `posture`: one account judged by one set of rules.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "posture-report", deny_unknown_fields)]
pub(super) struct JsonReport<'a> {
    /// The version of this format, `posture-report/1`.
    format: &'a str,
    /// Version of the program that judged.
    posture: &'a str,
    /// The twelve digits of the account.
    account: &'a str,
    /// The partition, as in `aws`.
    partition: &'a str,
    /// When the snapshot was collected, in ISO 8601.
    collected_at: String,
    /// The time that rules took for now, in ISO 8601.
    as_of: String,
    /// Regions that the snapshot covers.
    regions: &'a [String],
    /// Rules that ran, with their totals.
    rules_run: Vec<JsonRule<'a>>,
    /// Totals over all results.
    summary: JsonSummary,
    /// Calls that did not answer, with the rules that they blind.
    gaps: Vec<JsonReportGap<'a>>,
    /// Suppressions that are expired or matched nothing, in words.
    #[serde(skip_serializing_if = "<[String]>::is_empty")]
    #[schemars(default)]
    notes: &'a [String],
    /// The ways of alerts to people and of principals to administrator, as nodes and edges; at most 50 of each kind.
    #[serde(skip_serializing_if = "<[Diagram]>::is_empty")]
    #[schemars(default)]
    diagrams: &'a [Diagram],
    /// The controls of the framework that was asked for, when one was.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(default)]
    framework: Option<&'a FrameworkReport>,
    /// One entry per rule and resource, passes included, worst first.
    // The last member, and empty here: results are written in its place.
    #[schemars(with = "Vec<JsonResult<'a>>")]
    results: [JsonResult<'a>; 0],
}

/// A rule that ran.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "rule", deny_unknown_fields)]
struct JsonRule<'a> {
    id: &'a str,
    /// What is expected, in one sentence.
    title: &'a str,
    severity: Severity,
    /// The worst verdict over the rule's resources.
    status: Status,
    counts: JsonCounts,
    /// Controls of frameworks that the rule serves, by framework.
    controls: &'a BTreeMap<String, Vec<String>>,
}

/// How many verdicts there are of each status.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "counts", deny_unknown_fields)]
struct JsonCounts {
    pass: usize,
    fail: usize,
    unknown: usize,
    not_applicable: usize,
}

/// Totals over all results.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "summary", deny_unknown_fields)]
pub(super) struct JsonSummary {
    /// Verdicts by status, suppressed ones included.
    results: JsonCounts,
    /// Rules by their worst status.
    rules: JsonCounts,
    /// Failing results by severity, suppressed ones left out.
    failing_by_severity: BTreeMap<&'static str, usize>,
    /// Failing results that a suppression mutes.
    suppressed: usize,
    /// Failing results that the baseline does not hold.
    new: usize,
}

/// A call that did not answer, and the rules with a verdict withheld because of it.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "report_gap", deny_unknown_fields)]
pub(super) struct JsonReportGap<'a> {
    /// The service as the AWS CLI spells it; null when the gap belongs to no call.
    service: Option<&'static str>,
    operation: Option<&'static str>,
    region: Option<&'a str>,
    /// The members that tell the call from others of its operation, as compact JSON.
    request: Option<&'a str>,
    /// IAM actions that the call needs.
    actions: &'static [&'static str],
    /// AWS's error code, or `NotCollected`, `Incomplete`, `MemberMissing`, `Malformed`, `NotAttested`, `Undecided`, `NoValue`.
    code: &'a str,
    message: &'a str,
    /// Ids of the rules that the gap blinds.
    rules: &'a [String],
}

/// A reason for which a verdict was withheld.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "gap", deny_unknown_fields)]
struct JsonGap<'a> {
    /// The service as the AWS CLI spells it; null when the gap belongs to no call.
    service: Option<&'static str>,
    operation: Option<&'static str>,
    region: Option<&'a str>,
    /// The members that tell the call from others of its operation, as compact JSON.
    request: Option<&'a str>,
    /// IAM actions that the call needs.
    actions: &'static [&'static str],
    /// AWS's error code, or `NotCollected`, `Incomplete`, `MemberMissing`, `Malformed`, `NotAttested`, `Undecided`, `NoValue`.
    code: &'a str,
    message: &'a str,
}

/// A rule's verdict on one resource.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "result", deny_unknown_fields)]
pub(super) struct JsonResult<'a> {
    rule: &'a str,
    severity: Severity,
    status: Status,
    resource: JsonResource<'a>,
    /// One observed fact about the resource. Holds names as AWS returned them: escape it for where it is shown.
    message: &'a str,
    /// The facts that decided.
    evidence: Vec<JsonEvidence<'a>>,
    /// The calls that did not answer, when they withheld the verdict.
    unknown: Vec<JsonGap<'a>>,
    /// Controls of frameworks that the rule serves, by framework.
    #[schemars(with = "BTreeMap<String, Vec<String>>")]
    controls: JsonControls<'a>,
    /// The suppression that mutes the finding; null when none does.
    suppressed: Option<JsonSuppression<'a>>,
    /// Identity over runs and machines.
    #[schemars(with = "String")]
    fingerprint: Fingerprint,
    /// True when a person's attestation decided, not an observation.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    #[schemars(default)]
    attested: bool,
    /// True when a baseline was given and held this finding already.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    #[schemars(default)]
    in_baseline: bool,
}

/// Controls by framework: as they are, or as they were written before.
#[derive(Serialize)]
#[serde(untagged)]
enum JsonControls<'a> {
    Tree(&'a BTreeMap<String, Vec<String>>),
    Written(&'a RawValue),
}

/// The AWS thing that was judged.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "resource", deny_unknown_fields)]
struct JsonResource<'a> {
    /// The ARN, or a documented stand-in.
    id: &'a str,
    kind: &'a str,
    /// The Region, for things that live in one.
    region: Option<&'a str>,
}

/// One fact that decided, and where in the snapshot it stands.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "evidence", deny_unknown_fields)]
struct JsonEvidence<'a> {
    /// The fact as rules write it.
    fact: &'a str,
    /// The value; null where AWS answered that there is none.
    value: &'a serde_json::Value,
    /// The observation that holds it, as in `iam:GetAccountSummary@us-east-1`; null for a person's attestation.
    observation: Option<&'a str>,
    /// JSON pointer into the observation's response.
    pointer: Option<&'a str>,
}

/// Why a finding is accepted for now.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "suppression", deny_unknown_fields)]
struct JsonSuppression<'a> {
    reason: &'a str,
    owner: Option<&'a str>,
    /// The last day on which it is accepted, as in `2026-12-31`.
    expires: Option<&'a str>,
}

impl<'a> From<&'a Report> for JsonReport<'a> {
    fn from(report: &'a Report) -> Self {
        Self {
            format: report.format,
            posture: report.posture,
            account: &report.account,
            partition: &report.partition,
            collected_at: report.collected_at.to_string(),
            as_of: report.as_of.to_string(),
            regions: &report.regions,
            rules_run: report.rules_run.iter().map(JsonRule::from).collect(),
            summary: JsonSummary::from(&report.summary),
            gaps: report.gaps.iter().map(JsonReportGap::from).collect(),
            notes: &report.notes,
            diagrams: &report.diagrams.drawn,
            framework: report.framework.as_ref(),
            results: [],
        }
    }
}

impl<'a> From<&'a RuleRun> for JsonRule<'a> {
    fn from(rule: &'a RuleRun) -> Self {
        Self {
            id: &rule.id,
            title: &rule.title,
            severity: rule.severity,
            status: rule.status,
            counts: JsonCounts::from(rule.counts),
            controls: &rule.controls,
        }
    }
}

impl From<Counts> for JsonCounts {
    fn from(counts: Counts) -> Self {
        Self { pass: counts.pass, fail: counts.fail, unknown: counts.unknown, not_applicable: counts.not_applicable }
    }
}

impl From<&Summary> for JsonSummary {
    fn from(summary: &Summary) -> Self {
        Self {
            results: JsonCounts::from(summary.results),
            rules: JsonCounts::from(summary.rules),
            failing_by_severity: summary.failing_by_severity.iter().map(|(key, count)| (key.name(), *count)).collect(),
            suppressed: summary.suppressed,
            new: summary.new,
        }
    }
}

impl<'a> From<&'a ReportGap> for JsonReportGap<'a> {
    fn from(entry: &'a ReportGap) -> Self {
        let JsonGap { service, operation, region, request, actions, code, message } = JsonGap::from(&entry.gap);
        Self { service, operation, region, request, actions, code, message, rules: &entry.rules }
    }
}

impl<'a> From<&'a Gap> for JsonGap<'a> {
    fn from(gap: &'a Gap) -> Self {
        let spec = gap.operation().map(crate::snapshot::Operation::spec);
        Self {
            service: spec.map(|spec| spec.service),
            operation: spec.map(|spec| spec.name),
            region: spec.map(|_| gap.region()),
            request: gap.request(),
            actions: gap.actions(),
            code: gap.code(),
            message: gap.message(),
        }
    }
}

impl<'a> From<&'a Finding> for JsonResult<'a> {
    fn from(finding: &'a Finding) -> Self {
        Self {
            rule: &finding.rule,
            severity: finding.severity,
            status: finding.status,
            resource: JsonResource {
                id: &finding.resource.id,
                kind: finding.resource.kind,
                region: finding.resource.region.as_deref(),
            },
            message: &finding.message,
            evidence: finding.evidence.iter().map(JsonEvidence::from).collect(),
            unknown: finding.unknown.iter().map(JsonGap::from).collect(),
            controls: JsonControls::Tree(&finding.controls),
            suppressed: finding.suppressed.as_deref().map(JsonSuppression::from),
            fingerprint: finding.fingerprint(),
            attested: finding.attested,
            in_baseline: finding.in_baseline,
        }
    }
}

impl<'a> JsonResult<'a> {
    /// A result for formats of one record a line.
    pub(super) fn in_a_line(finding: &'a Finding) -> Self {
        Self::with_controls(finding, &finding.controls.written().line, safe_json::compact)
    }

    /// A result for the indented report.
    fn indented(finding: &'a Finding) -> Self {
        let write = |controls: &_, bytes: &mut Vec<u8>| safe_json::pretty_inside(IN_RESULTS + 1, controls, bytes);
        Self::with_controls(finding, &finding.controls.written().indented, write)
    }

    /// A result whose controls are written once for all results of a rule.
    fn with_controls(
        finding: &'a Finding,
        kept: &'a Written,
        write: impl FnOnce(&BTreeMap<String, Vec<String>>, &mut Vec<u8>) -> io::Result<()>,
    ) -> Self {
        let written = kept.get(|| {
            let mut bytes = Vec::new();
            // INVARIANT: memory takes every byte, and the keys are text.
            let _ = write(&finding.controls, &mut bytes);
            String::from_utf8_lossy(&bytes).into_owned()
        });
        let whole = Self::from(finding);
        match written {
            Some(text) => Self { controls: JsonControls::Written(text), ..whole },
            None => whole,
        }
    }
}

impl<'a> From<&'a Evidence> for JsonEvidence<'a> {
    fn from(evidence: &'a Evidence) -> Self {
        Self {
            fact: &evidence.fact,
            value: &evidence.value,
            observation: evidence.observation.as_deref(),
            pointer: evidence.pointer.as_deref(),
        }
    }
}

impl<'a> From<&'a AppliedSuppression> for JsonSuppression<'a> {
    fn from(suppression: &'a AppliedSuppression) -> Self {
        Self {
            reason: &suppression.reason,
            owner: suppression.owner.as_deref(),
            expires: suppression.expires.as_deref(),
        }
    }
}

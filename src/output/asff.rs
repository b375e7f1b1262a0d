//! ASFF for Security Hub: findings as `BatchImportFindings` takes them, a JSON array of at most 100 a line.
//!
//! Security Hub refuses a finding with a text that is empty or too long, so every text is cut to the documented length.
//! A withheld verdict and one that does not apply are `NOT_AVAILABLE`, never `PASSED`.

use std::collections::BTreeMap;
use std::io::{self, Write};

use serde_json::{Value, json};

use super::digest;
use super::escape::{flowing, https_link, printable};
use super::{Context, Renderer, safe_json};
use crate::finding::{Finding, Severity, Status};
use crate::report::{Report, RuleRun};

/// Findings for Security Hub.
pub(super) struct Asff;

/// Findings that one call takes.
const BATCH: usize = 100;

impl Renderer for Asff {
    fn render(&self, report: &Report, _: &Context, sink: &mut dyn Write) -> io::Result<()> {
        let rules: BTreeMap<&str, &RuleRun> = report.rules_run.iter().map(|rule| (rule.id.as_str(), rule)).collect();
        for findings in report.results.chunks(BATCH) {
            let batch: Vec<Value> = findings
                .iter()
                .map(|finding| imported(report, finding, rules.get(finding.rule.as_ref()).copied()))
                .collect();
            safe_json::compact(&batch, sink)?;
            sink.write_all(b"\n")?;
        }
        Ok(())
    }
}

/// Text that Security Hub accepts: visible, not blank, at most `most` characters.
fn text(text: &str, most: usize) -> String {
    // Escapes only lengthen a text: what is beyond `most` before them is beyond it after them.
    let start: String = text.chars().take(most + 1).collect();
    let text = printable(&start);
    if text.trim().is_empty() {
        return "-".to_owned();
    }
    if text.chars().count() <= most {
        return text;
    }
    text.chars().take(most.saturating_sub(1)).chain(['…']).collect()
}

fn imported(report: &Report, finding: &Finding, rule: Option<&RuleRun>) -> Value {
    let time = report.collected_at.to_string();
    let severity = json!({ "Label": label(finding), "Original": finding.severity.name() });
    let types = json!(["Software and Configuration Checks/AWS Security Best Practices"]);
    let mut imported = json!({
        "SchemaVersion": "2018-10-08",
        "Id": format!("posture/{}", text(finding.fingerprint().as_str(), 500)),
        "ProductArn": product(report),
        "GeneratorId": format!("posture/{}", text(&finding.rule, 500)),
        "AwsAccountId": text(&report.account, 12),
        "CreatedAt": time,
        "UpdatedAt": time,
        "Title": text(rule.map_or(finding.rule.as_ref(), |rule| &rule.title), 256),
        "Description": text(&finding.message, 1_024),
        "Types": types,
        "Severity": severity,
        "FindingProviderFields": { "Severity": severity, "Types": types },
        "Resources": [resource(report, finding)],
        "Compliance": compliance(finding),
        "Workflow": { "Status": if finding.suppressed.is_some() { "SUPPRESSED" } else { "NEW" } },
        "RecordState": "ACTIVE",
        "ProductFields": product_fields(report, finding),
    });
    if let (Some(members), Some(rule)) = (imported.as_object_mut(), rule) {
        members.insert("Remediation".to_owned(), remediation(rule));
    }
    imported
}

/// The ARN of an account's own findings, in the Region where they are imported: the first one scanned.
fn product(report: &Report) -> String {
    let region = report.regions.first().map_or("us-east-1", String::as_str);
    let account = text(&report.account, 12);
    // ARNs of the isolated partitions spell it otherwise than findings do.
    let partition = partition(report).replace("aws-us-iso", "aws-iso");
    format!("arn:{partition}:securityhub:{}:{account}:product/{account}/default", text(region, 16))
}

fn partition(report: &Report) -> &'static str {
    match report.partition.as_str() {
        "aws-cn" => "aws-cn",
        "aws-us-gov" => "aws-us-gov",
        "aws-iso" => "aws-us-iso",
        "aws-iso-b" => "aws-us-iso-b",
        _ => "aws",
    }
}

/// A verdict without a failure needs nobody's attention, whatever the rule's severity.
fn label(finding: &Finding) -> &'static str {
    match (finding.status, finding.severity) {
        (Status::Pass | Status::NotApplicable, _) | (_, Severity::Info) => "INFORMATIONAL",
        (_, Severity::Low) => "LOW",
        (_, Severity::Medium) => "MEDIUM",
        (_, Severity::High) => "HIGH",
        (_, Severity::Critical) => "CRITICAL",
    }
}

fn resource(report: &Report, finding: &Finding) -> Value {
    let mut resource = json!({
        "Type": resource_type(finding.resource.kind),
        "Id": text(&finding.resource.id, 512),
        "Partition": partition(report),
    });
    if let (Some(members), Some(region)) = (resource.as_object_mut(), &finding.resource.region) {
        members.insert("Region".to_owned(), json!(text(region, 16)));
    }
    resource
}

/// Security Hub's name of a kind of resource; `Other` where it has none.
fn resource_type(kind: &str) -> &'static str {
    match kind {
        "account" | "root-user" | "password-policy" => "AwsAccount",
        "iam-user" => "AwsIamUser",
        "iam-group" => "AwsIamGroup",
        "iam-role" => "AwsIamRole",
        "iam-policy" => "AwsIamPolicy",
        "trail" => "AwsCloudTrailTrail",
        "alarm" => "AwsCloudWatchAlarm",
        "topic" => "AwsSnsTopic",
        "bucket" => "AwsS3Bucket",
        "key" => "AwsKmsKey",
        "security-group" => "AwsEc2SecurityGroup",
        _ => "Other",
    }
}

fn compliance(finding: &Finding) -> Value {
    let status = match finding.status {
        Status::Pass => "PASSED",
        Status::Fail => "FAILED",
        Status::Unknown | Status::NotApplicable => "NOT_AVAILABLE",
    };
    let requirements: Vec<String> = finding
        .controls
        .iter()
        .flat_map(|(framework, ids)| ids.iter().map(move |id| text(&format!("{framework}/{id}"), 64)))
        .take(32)
        .collect();
    let mut compliance = json!({ "Status": status, "RelatedRequirements": requirements });
    let reasons: Vec<Value> = match finding.status {
        Status::NotApplicable => vec![json!({ "ReasonCode": "NOT_APPLICABLE" })],
        _ => finding.unknown.iter().take(10).map(reason).collect(),
    };
    if let (Some(members), false) = (compliance.as_object_mut(), reasons.is_empty()) {
        members.insert("StatusReasons".to_owned(), Value::Array(reasons));
    }
    compliance
}

fn reason(gap: &crate::facts::Gap) -> Value {
    let words = format!("{} ({})", digest::what_is_missing(gap), digest::what_helps(gap));
    json!({ "ReasonCode": text(gap.code(), 128), "Description": text(&words, 1_024) })
}

fn remediation(rule: &RuleRun) -> Value {
    let words = flowing(if rule.remediation.trim().is_empty() { &rule.title } else { &rule.remediation });
    let mut recommendation = json!({ "Text": text(&words, 512) });
    let reference = rule.references.iter().find_map(|reference| https_link(reference));
    if let (Some(members), Some(reference)) = (recommendation.as_object_mut(), reference) {
        members.insert("Url".to_owned(), json!(reference));
    }
    json!({ "Recommendation": recommendation })
}

fn product_fields(report: &Report, finding: &Finding) -> BTreeMap<String, String> {
    let mut fields = BTreeMap::from([
        ("posture/version".to_owned(), report.posture.to_owned()),
        ("posture/rule".to_owned(), text(&finding.rule, 1_000)),
        ("posture/status".to_owned(), finding.status.name().to_owned()),
        ("posture/attested".to_owned(), finding.attested.to_string()),
    ]);
    for (number, evidence) in finding.evidence.iter().take(20).enumerate() {
        let value = format!("{} = {}", evidence.fact, safe_json::text(&evidence.value));
        fields.insert(format!("posture/evidence/{number}"), text(&value, 1_000));
    }
    if let Some(applied) = &finding.suppressed {
        fields.insert("posture/suppression".to_owned(), text(&applied.reason, 1_000));
    }
    fields
}

//! OCSF 1.8.0 Compliance Findings (class 2003), one JSON object a line, for Security Lake and SIEMs.
//!
//! Every result is an event, passes included: a compliance score needs both. A withheld verdict has the compliance
//! status "Unknown", a rule that does not concern the resource "Other"; neither can be counted as a pass.

use std::collections::BTreeMap;
use std::io::{self, Write};

use serde_json::{Value, json};

use super::digest;
use super::escape::{flowing, https_link};
use super::{Context, Renderer, records, safe_json};
use crate::finding::{Confidence, Finding, Severity, Status};
use crate::report::{Report, RuleRun};
use crate::snapshot::leader_region;

/// OCSF Compliance Findings.
pub(super) struct Ocsf;

/// The version of the schema that the events obey.
const SCHEMA_VERSION: &str = "1.8.0";

impl Renderer for Ocsf {
    fn render(&self, report: &Report, _: &Context, sink: &mut dyn Write) -> io::Result<()> {
        let rules = rules(report);
        records::write(report.findings(), sink, |finding, bytes| {
            safe_json::compact(&event(report, finding, rules.get(finding.rule.as_ref()).copied()), bytes)?;
            bytes.write_all(b"\n")
        })
    }

    fn is_stream(&self) -> bool {
        true
    }
}

/// The events of a report, each with the result that it tells of.
pub(super) fn events(report: &Report) -> impl Iterator<Item = (&Finding, Value)> {
    let rules = rules(report);
    report.findings().map(move |finding| {
        let rule = rules.get(finding.rule.as_ref()).copied();
        (finding, event(report, finding, rule))
    })
}

/// The rules that ran, by id.
fn rules(report: &Report) -> BTreeMap<&str, &RuleRun> {
    report.rules_run.iter().map(|rule| (rule.id.as_str(), rule)).collect()
}

fn event(report: &Report, finding: &Finding, rule: Option<&RuleRun>) -> Value {
    let (severity_id, severity) = severity(finding.severity);
    let (status_id, status) = if finding.suppressed.is_some() { (3, "Suppressed") } else { (1, "New") };
    let mut event = json!({
        "activity_id": 1, "activity_name": "Create",
        "category_uid": 2, "category_name": "Findings",
        "class_uid": 2003, "class_name": "Compliance Finding",
        "type_uid": 200_301, "type_name": "Compliance Finding: Create",
        "time": report.collected_at.0.as_millisecond(),
        "time_dt": report.collected_at.to_string(),
        "severity_id": severity_id, "severity": severity,
        "status_id": status_id, "status": status,
        "message": finding.message,
        "metadata": {
            "version": SCHEMA_VERSION,
            "profiles": ["cloud", "datetime"],
            "product": { "name": "posture", "vendor_name": "posture", "version": report.posture },
        },
        "cloud": cloud(report, finding),
        "compliance": compliance(finding),
        "finding_info": finding_info(report, finding, rule),
        "resources": [resource(report, finding)],
    });
    if let Some(members) = event.as_object_mut() {
        if let Some(remediation) = rule.and_then(remediation) {
            members.insert("remediation".to_owned(), remediation);
        }
        if let Some(rule) = rule {
            let (confidence_id, confidence) = confidence(rule.confidence);
            members.insert("confidence_id".to_owned(), json!(confidence_id));
            members.insert("confidence".to_owned(), json!(confidence));
        }
        if !finding.evidence.is_empty() {
            members.insert("evidences".to_owned(), finding.evidence.iter().map(evidence).collect());
        }
        if let Some(applied) = &finding.suppressed {
            members.insert("comment".to_owned(), json!(applied.reason));
        }
    }
    event
}

/// The Region that a result is filed under: the resource's own, or the one that answers for global services.
pub(super) fn region<'a>(report: &'a Report, finding: &'a Finding) -> &'a str {
    finding.resource.region.as_deref().unwrap_or_else(|| leader_region(&report.partition))
}

fn cloud(report: &Report, finding: &Finding) -> Value {
    json!({
        "provider": "AWS",
        "cloud_partition": report.partition,
        "region": region(report, finding),
        "account": { "uid": report.account, "type_id": 10, "type": "AWS Account" },
    })
}

fn compliance(finding: &Finding) -> Value {
    let (status_id, status) = match finding.status {
        Status::Pass => (1, "Pass"),
        Status::Fail => (3, "Fail"),
        Status::Unknown => (0, "Unknown"),
        Status::NotApplicable => (99, "not_applicable"),
    };
    let requirements: Vec<String> = finding
        .controls
        .iter()
        .flat_map(|(framework, ids)| ids.iter().map(move |id| format!("{framework}/{id}")))
        .collect();
    let details: Vec<String> = finding.unknown.iter().map(digest::what_is_missing).collect();
    json!({
        "control": finding.rule,
        "standards": finding.controls.keys().collect::<Vec<_>>(),
        "requirements": requirements,
        "status_id": status_id,
        "status": status,
        "status_details": details,
    })
}

fn finding_info(report: &Report, finding: &Finding, rule: Option<&RuleRun>) -> Value {
    json!({
        "uid": finding.fingerprint(),
        "title": rule.map_or(finding.rule.as_ref(), |rule| &rule.title),
        "desc": rule.map_or_else(String::new, |rule| flowing(&rule.rationale)),
        "created_time": report.collected_at.0.as_millisecond(),
        "types": [finding.rule],
        "analytic": { "uid": finding.rule, "name": finding.rule, "type_id": 1, "type": "Rule" },
    })
}

fn resource(report: &Report, finding: &Finding) -> Value {
    let mut resource = json!({
        "uid": finding.resource.id,
        "type": finding.resource.kind,
        "cloud_partition": report.partition,
    });
    if let (Some(members), Some(region)) = (resource.as_object_mut(), &finding.resource.region) {
        members.insert("region".to_owned(), json!(region));
    }
    resource
}

fn remediation(rule: &RuleRun) -> Option<Value> {
    let words = flowing(&rule.remediation);
    if words.is_empty() {
        return None;
    }
    let references: Vec<&str> = rule.references.iter().filter_map(|reference| https_link(reference)).collect();
    Some(json!({ "desc": words, "references": references }))
}

fn evidence(evidence: &crate::finding::Evidence) -> Value {
    json!({
        "name": evidence.fact,
        "data": { "value": evidence.value, "observation": evidence.observation, "pointer": evidence.pointer },
    })
}

fn severity(severity: Severity) -> (u8, &'static str) {
    match severity {
        Severity::Info => (1, "Informational"),
        Severity::Low => (2, "Low"),
        Severity::Medium => (3, "Medium"),
        Severity::High => (4, "High"),
        Severity::Critical => (5, "Critical"),
    }
}

fn confidence(confidence: Confidence) -> (u8, &'static str) {
    match confidence {
        Confidence::Low => (1, "Low"),
        Confidence::Medium => (2, "Medium"),
        Confidence::High => (3, "High"),
    }
}

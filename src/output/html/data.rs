//! The results as the page's script reads them.
//!
//! Everything is printable text by now: the page shows a name exactly as a terminal would.

use std::collections::BTreeMap;

use serde::Serialize;

use super::area::area;
use super::frameworks;
use crate::finding::{Finding, Status};
use crate::output::escape::{clipped, command_lines, flowing, https_link};
use crate::output::{digest, safe_json};
use crate::report::{Report, RuleRun};

/// Characters of one text.
const TEXT: usize = 5_000;

#[derive(Serialize)]
pub(super) struct PageData {
    states: BTreeMap<&'static str, &'static str>,
    areas: Vec<String>,
    frameworks: Vec<String>,
    rules: Vec<PageRule>,
    results: Vec<PageResult>,
}

#[derive(Serialize)]
struct PageRule {
    id: String,
    title: String,
    rationale: String,
    remediation: String,
    command: Option<String>,
    references: Vec<String>,
    frameworks: Vec<String>,
    controls: Vec<String>,
}

#[derive(Serialize)]
struct PageResult {
    rule: String,
    area: String,
    severity: &'static str,
    state: &'static str,
    resource: String,
    message: String,
    attested: bool,
    suppressed: Option<String>,
    evidence: Vec<[String; 3]>,
    unknown: Vec<[String; 2]>,
    fingerprint: String,
}

/// What a result can be filtered by, in words.
pub(super) const STATES: [(&str, &str); 5] = [
    ("fail", "fail"),
    ("unknown", "unknown"),
    ("pass", "pass"),
    ("not_applicable", "not applicable"),
    (SUPPRESSED, "suppressed"),
];
const SUPPRESSED: &str = "suppressed";

/// Only a failure can be accepted: a verdict withheld stays one.
fn state(finding: &Finding) -> &'static str {
    match (finding.status, &finding.suppressed) {
        (Status::Fail, Some(_)) => SUPPRESSED,
        (status, _) => status.name(),
    }
}

fn text(text: &str) -> String {
    clipped(text, TEXT)
}

impl From<&Report> for PageData {
    fn from(report: &Report) -> Self {
        let mut areas: Vec<String> = report.rules_run.iter().map(|rule| text(area(&rule.id))).collect();
        areas.sort();
        areas.dedup();
        Self {
            states: STATES.into(),
            areas,
            frameworks: frameworks(&report.rules_run).into_iter().map(text).collect(),
            rules: report.rules_run.iter().map(PageRule::from).collect(),
            results: report.findings().map(PageResult::from).collect(),
        }
    }
}

impl From<&RuleRun> for PageRule {
    fn from(rule: &RuleRun) -> Self {
        let controls = rule
            .controls
            .iter()
            .flat_map(|(framework, ids)| ids.iter().map(move |id| text(&format!("{framework} {id}"))));
        Self {
            id: text(&rule.id),
            title: text(&rule.title),
            rationale: text(&flowing(&rule.rationale)),
            remediation: text(&flowing(&rule.remediation)),
            command: rule.remediation_cli.as_deref().map(|command| command_lines(command, TEXT).join("\n")),
            references: rule.references.iter().filter_map(|link| https_link(link)).map(str::to_owned).collect(),
            frameworks: rule.controls.keys().map(|framework| text(framework)).collect(),
            controls: controls.collect(),
        }
    }
}

impl From<&Finding> for PageResult {
    fn from(finding: &Finding) -> Self {
        let evidence = finding.evidence.iter().map(|one| {
            let place = [one.observation.as_deref(), one.pointer.as_deref()];
            let place: Vec<&str> = place.into_iter().flatten().collect();
            [text(&one.fact), text(&safe_json::text(&one.value)), text(&place.join(" "))]
        });
        let unknown =
            finding.unknown.iter().map(|gap| [text(&digest::what_is_missing(gap)), text(&digest::what_helps(gap))]);
        Self {
            rule: text(&finding.rule),
            area: text(area(&finding.rule)),
            severity: finding.severity.name(),
            state: state(finding),
            resource: text(&finding.resource.id),
            message: text(&finding.message),
            attested: finding.attested,
            suppressed: finding.suppressed.as_deref().map(suppression),
            evidence: evidence.collect(),
            unknown: unknown.collect(),
            fingerprint: text(finding.fingerprint().as_str()),
        }
    }
}

fn suppression(applied: &crate::finding::AppliedSuppression) -> String {
    let mut words = applied.reason.clone();
    if let Some(owner) = &applied.owner {
        words = format!("{words} (accepted by {owner})");
    }
    if let Some(expires) = &applied.expires {
        words = format!("{words} (until {expires})");
    }
    text(&words)
}

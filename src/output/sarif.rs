//! SARIF 2.1.0 as GitHub code scanning accepts it.
//!
//! GitHub refuses a whole file for one result without a physical location or with a URI that has a scheme, so every
//! result points to a relative stand-in (`aws/<account>/<service>/<name>`) and carries the ARN as its logical location.
//! Every rule that ran is listed, so that "passed" cannot look like "never ran"; a withheld verdict is a notification
//! of the tool, never a missing result. Limits: <https://docs.github.com/en/code-security/code-scanning/integrating-with-code-scanning/sarif-support-for-code-scanning>.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::io::{self, Write};

use flate2::{Compression, write::GzEncoder};
use serde_json::json;
use serde_sarif::sarif;

use super::digest::{self, RuleGroup};
use super::escape::{clipped, command_lines, cut, flowing, https_link, markdown, sarif_message, uri_segment};
use super::{Context, Place, Renderer, safe_json};
use crate::finding::{Confidence, Finding, Severity, Status};
use crate::report::{Report, RuleRun};

/// SARIF for code scanning.
pub(super) struct Sarif;

/// Results that GitHub keeps of one run.
const MOST_RESULTS: usize = 5_000;
/// Bytes of a compressed file that GitHub takes (10 MB), with a margin for another compressor.
const MOST_GZIP_BYTES: usize = 9_500_000;
/// Tags that GitHub takes per rule.
const MOST_TAGS: usize = 20;
/// Characters of one text.
const TEXT: usize = 1_000;
/// Characters of a name in a URI.
const NAME: usize = 120;

const SCHEMA: &str = "https://json.schemastore.org/sarif-2.1.0.json";
const INFORMATION: &str = "https://github.com/posture-audit/posture";

impl Renderer for Sarif {
    fn render(&self, report: &Report, context: &Context, sink: &mut dyn Write) -> io::Result<()> {
        let findings: Vec<&Finding> = report.findings().filter(|finding| finding.status == Status::Fail).collect();
        let mut kept = findings.len().min(MOST_RESULTS);
        loop {
            let log = log(report, findings.get(..kept).unwrap_or_default(), findings.len());
            let mut bytes = Vec::new();
            match context.place {
                Place::Only => safe_json::pretty(&log, &mut bytes)?,
                Place::First | Place::Later => safe_json::compact(&log, &mut bytes)?,
            }
            if kept == 0 || bytes.len() <= MOST_GZIP_BYTES || gzip_size(&bytes)? <= MOST_GZIP_BYTES {
                bytes.push(b'\n');
                return sink.write_all(&bytes);
            }
            kept /= 2;
        }
    }

    fn repeats(&self) -> bool {
        false
    }

    fn lists_all(&self) -> bool {
        false
    }

    fn cites_evidence(&self) -> bool {
        false
    }
}

fn gzip_size(bytes: &[u8]) -> io::Result<usize> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(bytes)?;
    Ok(encoder.finish()?.len())
}

fn log(report: &Report, findings: &[&Finding], all: usize) -> sarif::Sarif {
    let indexes: BTreeMap<&str, i64> =
        (0_i64..).zip(&report.rules_run).map(|(index, rule)| (rule.id.as_str(), index)).collect();
    // SARIF 2.1.0 §3.27.23: either every result of a run has `suppressions`, or none.
    let with_suppressions = findings.iter().any(|finding| finding.suppressed.is_some());
    let results: Vec<sarif::Result> =
        findings.iter().map(|finding| result(report, finding, &indexes, with_suppressions)).collect();
    let mut notifications: Vec<sarif::Notification> =
        digest::unknown(report).iter().map(|group| not_judged(group, &indexes)).collect();
    notifications.extend(report.notes.iter().map(|note| notification("note", note)));
    if findings.len() < all {
        notifications.push(notification("warning", &cut_note(findings.len(), all)));
    }
    let run = sarif::Run::builder()
        .tool(tool(report))
        .automation_details(
            sarif::RunAutomationDetails::builder().id(format!("posture/{}/", uri_segment(&report.account))).build(),
        )
        .column_kind(json!("utf16CodeUnits"))
        .invocations(vec![
            sarif::Invocation::builder().execution_successful(true).tool_execution_notifications(notifications).build(),
        ])
        .results(results)
        .properties(run_properties(report))
        .build();
    sarif::Sarif::builder().schema(SCHEMA.to_owned()).version(json!("2.1.0")).runs(vec![run]).build()
}

fn cut_note(kept: usize, all: usize) -> String {
    format!(
        "{all} results fail; the worst {kept} stand here, as many as GitHub takes. The JSON report holds all of them."
    )
}

fn run_properties(report: &Report) -> sarif::PropertyBag {
    let counts = report.summary.results;
    properties(
        None,
        [
            ("account", json!(report.account)),
            ("partition", json!(report.partition)),
            ("collectedAt", json!(report.collected_at.to_string())),
            ("pass", json!(counts.pass)),
            ("fail", json!(counts.fail)),
            ("unknown", json!(counts.unknown)),
            ("notApplicable", json!(counts.not_applicable)),
            ("suppressed", json!(report.summary.suppressed)),
        ],
    )
}

fn properties<const N: usize>(
    tags: Option<Vec<String>>,
    members: [(&str, serde_json::Value); N],
) -> sarif::PropertyBag {
    let members: BTreeMap<String, serde_json::Value> =
        members.into_iter().map(|(name, value)| (name.to_owned(), value)).collect();
    match tags {
        Some(tags) => sarif::PropertyBag::builder().tags(tags).additional_properties(members).build(),
        None => sarif::PropertyBag::builder().additional_properties(members).build(),
    }
}

fn tool(report: &Report) -> sarif::Tool {
    let driver = sarif::ToolComponent::builder()
        .name("posture".to_owned())
        .semantic_version(report.posture.to_owned())
        .information_uri(INFORMATION.to_owned())
        .rules(report.rules_run.iter().map(rule).collect::<Vec<_>>())
        .build();
    sarif::Tool::builder().driver(driver).build()
}

fn rule(run: &RuleRun) -> sarif::ReportingDescriptor {
    let help = help(run);
    let bag = properties(
        Some(tags(run)),
        [
            ("precision", json!(precision(run.confidence))),
            ("problem.severity", json!(problem_severity(run.severity))),
            ("security-severity", json!(security_severity(run.severity))),
        ],
    );
    let descriptor = sarif::ReportingDescriptor::builder()
        .id(run.id.clone())
        .short_description(plain(&run.title))
        .full_description(plain(if run.rationale.trim().is_empty() { &run.title } else { &run.rationale }))
        .help(help)
        .default_configuration(sarif::ReportingConfiguration::builder().level(json!(level(run.severity))).build())
        .properties(bag);
    match run.references.iter().find_map(|reference| https_link(reference)) {
        Some(reference) => descriptor.help_uri(reference.to_owned()).build(),
        None => descriptor.build(),
    }
}

fn plain(text: &str) -> sarif::MultiformatMessageString {
    let text = flowing(text);
    let text = if text.is_empty() { "-" } else { &text };
    sarif::MultiformatMessageString::builder().text(sarif_message(&clip(text))).build()
}

fn clip(text: &str) -> String {
    cut(text, TEXT)
}

fn help(run: &RuleRun) -> sarif::MultiformatMessageString {
    let words = clip(&flowing(&run.remediation));
    let words = if words.is_empty() { clip(&run.title) } else { words };
    let mut text = sarif_message(&words);
    let mut marked = format!("{}\n\n**What to do:** {}\n", markdown(&clip(&flowing(&run.rationale))), markdown(&words));
    if let Some(command) = &run.remediation_cli {
        let lines = command_lines(command, TEXT);
        let _ = write!(text, " Command: {}", sarif_message(&lines.join(" ")));
        let lines: Vec<String> = lines.iter().map(|line| markdown(line)).collect();
        let _ = write!(marked, "\n<pre><code>{}</code></pre>\n", lines.join("\n"));
    }
    for reference in run.references.iter().filter_map(|reference| https_link(reference)) {
        let _ = write!(marked, "\n<{reference}>\n");
    }
    sarif::MultiformatMessageString::builder().text(text).markdown(marked).build()
}

fn tags(run: &RuleRun) -> Vec<String> {
    let controls = run
        .controls
        .iter()
        .flat_map(|(framework, ids)| ids.iter().map(move |id| clipped(&format!("{framework}/{id}"), 100)));
    let mut tags: Vec<String> = ["aws", "security"].map(str::to_owned).into_iter().collect();
    for tag in controls {
        if tags.len() < MOST_TAGS && !tags.contains(&tag) {
            tags.push(tag);
        }
    }
    tags
}

fn result(report: &Report, finding: &Finding, indexes: &BTreeMap<&str, i64>, with_suppressions: bool) -> sarif::Result {
    let mut result = sarif::Result::builder()
        .rule_id(finding.rule.to_string())
        .level(result_level(finding.severity))
        .message(message(&finding.message))
        .locations(vec![location(report, finding)])
        .partial_fingerprints(BTreeMap::from([(
            "primaryLocationLineHash".to_owned(),
            finding.fingerprint().to_string(),
        )]))
        .properties(properties(
            None,
            [
                ("resource", json!(clipped(&finding.resource.id, 2 * TEXT))),
                ("attested", json!(finding.attested)),
                ("inBaseline", json!(finding.in_baseline)),
            ],
        ))
        .build();
    result.rule_index = indexes.get(finding.rule.as_ref()).copied();
    if with_suppressions {
        result.suppressions = Some(suppressions(finding));
    }
    result
}

fn suppressions(finding: &Finding) -> Vec<sarif::Suppression> {
    let Some(applied) = &finding.suppressed else { return Vec::new() };
    let mut words = clipped(&applied.reason, TEXT);
    if let Some(owner) = &applied.owner {
        let _ = write!(words, " (accepted by {})", clipped(owner, TEXT));
    }
    if let Some(expires) = &applied.expires {
        let _ = write!(words, " (until {})", clipped(expires, TEXT));
    }
    vec![sarif::Suppression::builder().kind(json!("external")).status(json!("accepted")).justification(words).build()]
}

fn message(text: &str) -> sarif::Message {
    let text = if text.is_empty() { "-" } else { text };
    sarif::Message::builder().text(sarif_message(&clip(text))).build()
}

fn location(report: &Report, finding: &Finding) -> sarif::Location {
    let region = sarif::Region::builder().start_line(1).start_column(1).end_line(1).end_column(2).build();
    let artifact = sarif::ArtifactLocation::builder().uri(uri(report, finding)).build();
    let logical = sarif::LogicalLocation::builder()
        .name(clipped(&finding.resource.id, 2 * TEXT))
        .fully_qualified_name(clipped(&finding.resource.id, 2 * TEXT))
        .kind("resource".to_owned())
        .build();
    sarif::Location::builder()
        .physical_location(sarif::PhysicalLocation::builder().artifact_location(artifact).region(region).build())
        .logical_locations(vec![logical])
        .build()
}

/// The stand-in for a file: `aws/<account>/<service>/<name>`, relative and percent-encoded.
fn uri(report: &Report, finding: &Finding) -> String {
    let id = &finding.resource.id;
    let mut parts = id.splitn(6, ':');
    let (service, name) = match (parts.next(), parts.next(), parts.next(), parts.next(), parts.next(), parts.next()) {
        (Some("arn"), Some(_), Some(service), Some(_), Some(_), Some(name)) => (service, name),
        _ => (finding.resource.kind, id.as_str()),
    };
    let name: Vec<String> = match name.char_indices().nth(NAME) {
        // Long names keep apart by their fingerprints.
        Some((cut, _)) => {
            vec![uri_segment(name.get(..cut).unwrap_or_default()), uri_segment(finding.fingerprint().as_str())]
        }
        None => name.split('/').map(uri_segment).collect(),
    };
    let service: String = service.chars().take(NAME).collect();
    let account: String = report.account.chars().take(NAME).collect();
    format!("aws/{}/{}/{}", uri_segment(&account), uri_segment(&service), name.join("/"))
}

fn not_judged(group: &RuleGroup<'_>, indexes: &BTreeMap<&str, i64>) -> sarif::Notification {
    let reasons: Vec<String> = group
        .gaps()
        .into_iter()
        .take(10)
        .map(|gap| format!("{} ({})", digest::what_is_missing(gap), digest::what_helps(gap)))
        .collect();
    let count = digest::resources(group.findings.len());
    let text = format!("{} could not be judged on {count}: {}", group.id, reasons.join("; "));
    let mut reference = sarif::ReportingDescriptorReference::builder().id(group.id.to_owned()).build();
    reference.index = indexes.get(group.id).copied();
    let mut notification = notification("warning", &text);
    notification.associated_rule = Some(reference);
    notification
}

fn notification(level: &str, text: &str) -> sarif::Notification {
    sarif::Notification::builder().level(json!(level)).message(message(text)).build()
}

fn level(severity: Severity) -> &'static str {
    match severity {
        Severity::Critical | Severity::High => "error",
        Severity::Medium => "warning",
        Severity::Low | Severity::Info => "note",
    }
}

fn result_level(severity: Severity) -> sarif::ResultLevel {
    match severity {
        Severity::Critical | Severity::High => sarif::ResultLevel::Error,
        Severity::Medium => sarif::ResultLevel::Warning,
        Severity::Low | Severity::Info => sarif::ResultLevel::Note,
    }
}

fn problem_severity(severity: Severity) -> &'static str {
    match severity {
        Severity::Critical | Severity::High => "error",
        Severity::Medium => "warning",
        Severity::Low | Severity::Info => "recommendation",
    }
}

/// A number in the middle of GitHub's band of that name; GitHub has none below low.
fn security_severity(severity: Severity) -> &'static str {
    match severity {
        Severity::Critical => "9.5",
        Severity::High => "8.0",
        Severity::Medium => "5.5",
        Severity::Low => "2.0",
        Severity::Info => "0.1",
    }
}

fn precision(confidence: Confidence) -> &'static str {
    match confidence {
        Confidence::High => "high",
        Confidence::Medium => "medium",
        Confidence::Low => "low",
    }
}

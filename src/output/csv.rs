//! One row per rule and resource, for spreadsheets.

use std::io::{self, Write};

use super::digest;
use super::escape::{cell, cut};
use super::{Context, Place, Renderer, safe_json};
use crate::finding::Finding;
use crate::report::Report;

/// Comma-separated values after RFC 4180.
pub(super) struct Csv;

/// Characters that spreadsheets take in one cell, with room for escapes.
const TEXT: usize = 8_000;

const HEADER: [&str; 17] = [
    "account",
    "collected_at",
    "rule",
    "severity",
    "status",
    "resource",
    "kind",
    "region",
    "message",
    "evidence",
    "could_not_read",
    "what_helps",
    "controls",
    "suppressed",
    "attested",
    "in_baseline",
    "fingerprint",
];

impl Renderer for Csv {
    fn render(&self, report: &Report, context: &Context, sink: &mut dyn Write) -> io::Result<()> {
        let mut writer = csv::WriterBuilder::new().quote_style(csv::QuoteStyle::Always).from_writer(sink);
        if context.place != Place::Later {
            writer.write_record(HEADER)?;
        }
        for finding in report.findings() {
            writer.write_record(row(report, finding).iter().map(|text| cell(&cut(text, TEXT))))?;
        }
        writer.flush()
    }
}

fn row(report: &Report, finding: &Finding) -> [String; 17] {
    let controls =
        finding.controls.iter().flat_map(|(framework, ids)| ids.iter().map(move |id| format!("{framework}/{id}")));
    let evidence = finding.evidence.iter().map(|one| format!("{}={}", one.fact, safe_json::text(&one.value)));
    [
        report.account.clone(),
        report.collected_at.to_string(),
        finding.rule.to_string(),
        finding.severity.name().to_owned(),
        finding.status.name().to_owned(),
        finding.resource.id.clone(),
        finding.resource.kind.to_owned(),
        finding.resource.region.clone().unwrap_or_default(),
        finding.message.clone(),
        joined(evidence),
        joined(finding.unknown.iter().map(digest::what_is_missing)),
        joined(finding.unknown.iter().map(digest::what_helps)),
        joined(controls),
        finding.suppressed.as_ref().map(|applied| applied.reason.clone()).unwrap_or_default(),
        finding.attested.to_string(),
        finding.in_baseline.to_string(),
        finding.fingerprint().to_string(),
    ]
}

fn joined(texts: impl Iterator<Item = String>) -> String {
    texts.collect::<Vec<_>>().join("; ")
}

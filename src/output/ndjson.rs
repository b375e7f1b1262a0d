//! One record a line for fleets and pipes: what an account comes to, each finding, each snapshot that cannot be read.
//!
//! Passes are counted and not listed: a fleet's passes are gigabytes that nobody reads; `json` and `ocsf` list them.
//! The member `format` tells the three kinds of records apart.

use std::io::{self, Write};

use schemars::JsonSchema;
use serde::Serialize;

use super::json::{JsonReportGap, JsonResult, JsonSummary};
use super::{Context, Renderer, records, safe_json};
use crate::finding::Status;
use crate::fleet::{Failure, Step};
use crate::report::Report;
use crate::snapshot::ReadError;

/// One record a line.
pub(super) struct Ndjson;

impl Renderer for Ndjson {
    fn render(&self, report: &Report, context: &Context, sink: &mut dyn Write) -> io::Result<()> {
        let mut first = Vec::new();
        line(&AccountRecord::new(report, context), &mut first)?;
        sink.write_all(&first)?;
        let collected_at = report.collected_at.to_string();
        let listed = report.findings().filter(|finding| matches!(finding.status, Status::Fail | Status::Unknown));
        records::write(listed, sink, |finding, bytes| {
            let record = FindingRecord {
                format: "posture-finding/1",
                account: &report.account,
                collected_at: &collected_at,
                finding: JsonResult::in_a_line(finding),
            };
            line(&record, bytes)
        })
    }

    fn is_stream(&self) -> bool {
        true
    }

    fn lists_all(&self) -> bool {
        false
    }
}

fn line(record: &impl Serialize, sink: &mut impl Write) -> io::Result<()> {
    safe_json::compact(record, sink)?;
    sink.write_all(b"\n")
}

/// The record of a snapshot that cannot be read, as a line.
pub fn error_record(error: &ReadError) -> Vec<u8> {
    let record = match error {
        ReadError::Io { file, source } => ErrorRecord { snapshot: Some(file), ..ErrorRecord::new(source.to_string()) },
        ReadError::Invalid { file, line, column, path, message } => ErrorRecord {
            snapshot: Some(file),
            line: Some(*line),
            column: Some(*column),
            path,
            ..ErrorRecord::new(message.clone())
        },
    };
    one_line(&record)
}

/// The record of an account that has no snapshot, or one that is not whole, as a line.
pub fn failure_record(failure: &Failure) -> Vec<u8> {
    one_line(&ErrorRecord {
        account: Some(&failure.account),
        step: Some(failure.step),
        code: Some(&failure.code),
        ..ErrorRecord::new(failure.message.clone())
    })
}

fn one_line(record: &ErrorRecord<'_>) -> Vec<u8> {
    let mut bytes = Vec::new();
    // Writing to memory cannot fail, and the record holds no map whose keys are not text.
    drop(line(record, &mut bytes));
    bytes
}

/// The JSON Schema of the records.
pub fn schema() -> schemars::Schema {
    schemars::schema_for!(AnyRecord)
}

/// A line of `posture scan --format ndjson`.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "posture-record", untagged)]
#[expect(dead_code, reason = "the enum is there for its schema: the records are told apart by `format`")]
enum AnyRecord<'a> {
    Account(AccountRecord<'a>),
    Finding(Box<FindingRecord<'a>>),
    Error(ErrorRecord<'a>),
}

/// What an account comes to. Its findings follow.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "account", deny_unknown_fields)]
struct AccountRecord<'a> {
    /// `posture-account/1`.
    format: &'static str,
    /// Version of the program that judged.
    posture: &'a str,
    /// The snapshot's file; null for standard input and a live account.
    snapshot: Option<&'a str>,
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
    /// How many rules ran.
    rules_run: usize,
    /// Totals over all results.
    summary: JsonSummary,
    /// Calls that did not answer, with the rules that they blind.
    gaps: Vec<JsonReportGap<'a>>,
}

impl<'a> AccountRecord<'a> {
    fn new(report: &'a Report, context: &'a Context) -> Self {
        Self {
            format: "posture-account/1",
            posture: report.posture,
            snapshot: context.snapshot.as_deref(),
            account: &report.account,
            partition: &report.partition,
            collected_at: report.collected_at.to_string(),
            as_of: report.as_of.to_string(),
            regions: &report.regions,
            rules_run: report.rules_run.len(),
            summary: JsonSummary::from(&report.summary),
            gaps: report.gaps.iter().map(JsonReportGap::from).collect(),
        }
    }
}

/// A rule's verdict on one resource that failed or could not be judged.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "finding", deny_unknown_fields)]
struct FindingRecord<'a> {
    /// `posture-finding/1`.
    format: &'static str,
    /// The twelve digits of the account.
    account: &'a str,
    /// When the snapshot was collected, in ISO 8601.
    collected_at: &'a str,
    /// The verdict, as in the JSON report.
    finding: JsonResult<'a>,
}

/// A snapshot that cannot be read, or an account that has none or one that is not whole.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "error", deny_unknown_fields)]
struct ErrorRecord<'a> {
    /// `posture-error/1`.
    format: &'static str,
    /// Version of the program that tried.
    posture: &'a str,
    /// The file, `-` for standard input; null for an account that was asked live.
    snapshot: Option<&'a str>,
    /// The account that was asked live; null for a file.
    account: Option<&'a str>,
    /// Where the account failed; null for a file.
    step: Option<Step>,
    /// The error's code; null for a file.
    code: Option<&'a str>,
    /// The line in the file, from 1.
    line: Option<usize>,
    /// The column in bytes, from 1.
    column: Option<usize>,
    /// The path inside the JSON, empty at the top.
    path: &'a str,
    /// What is wrong.
    message: String,
}

impl ErrorRecord<'_> {
    fn new(message: String) -> Self {
        Self {
            format: "posture-error/1",
            posture: env!("CARGO_PKG_VERSION"),
            snapshot: None,
            account: None,
            step: None,
            code: None,
            line: None,
            column: None,
            path: "",
            message,
        }
    }
}

//! What every output format receives: sorted findings, totals, gaps and the rules that ran.
//!
//! A report is finished: formats neither filter nor sort, nor decide the exit code.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde::Serialize;

use crate::diagram::Diagrams;
use crate::facts::Gap;
use crate::finding::{Confidence, Controls, Finding, Severity, Status};
use crate::framework::FrameworkReport;
use crate::snapshot::Time;

/// The `format` of the JSON report.
pub const FORMAT: &str = "posture-report/1";

/// One account judged by one set of rules.
#[derive(Debug, Clone, PartialEq)]
pub struct Report {
    /// Always [`FORMAT`].
    pub format: &'static str,
    /// Version of the program that judged.
    pub posture: &'static str,
    /// The twelve digits of the account.
    pub account: String,
    /// The partition, as in `aws`.
    pub partition: String,
    /// When the snapshot was collected.
    pub collected_at: Time,
    /// The time that rules took for now.
    pub as_of: Time,
    /// Regions that the snapshot covers.
    pub regions: Vec<String>,
    /// Rules that ran, by id, with their totals.
    pub rules_run: Vec<RuleRun>,
    /// Totals over all results.
    pub summary: Summary,
    /// Calls that did not answer, with the rules that they blind.
    pub gaps: Vec<ReportGap>,
    /// Suppressions that are expired or matched nothing, in words.
    pub notes: Vec<String>,
    /// The ways that alerts and escalations take, to be drawn.
    pub diagrams: Diagrams,
    /// The controls of the framework that was asked for.
    pub framework: Option<FrameworkReport>,
    /// One entry per rule and resource, worst first. Passes and what does not apply are left out, though counted, where
    /// only formats were asked for that do not show them, and so is evidence.
    pub results: Vec<Box<Finding>>,
}

impl Report {
    /// The results, in their order.
    pub fn findings(&self) -> impl Iterator<Item = &Finding> + Clone {
        self.results.iter().map(Box::as_ref)
    }
}

/// A rule that ran, with what a format needs to describe it.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct RuleRun {
    /// The rule's id.
    pub id: String,
    /// What is expected, in one sentence.
    pub title: Arc<str>,
    /// How bad a failure is.
    pub severity: Severity,
    /// How sure the rule is of its verdicts.
    #[serde(skip)]
    pub confidence: Confidence,
    /// Why it matters.
    #[serde(skip)]
    pub rationale: Arc<str>,
    /// What to do about a failure, in words.
    #[serde(skip)]
    pub remediation: Arc<str>,
    /// What to do about a failure, as a command.
    #[serde(skip)]
    pub remediation_cli: Option<Arc<str>>,
    /// Pages to read.
    #[serde(skip)]
    pub references: Arc<[String]>,
    /// Controls of frameworks that the rule serves.
    #[serde(skip)]
    pub controls: Controls,
    /// The worst verdict over the rule's resources (fail before unknown before pass before not applicable).
    pub status: Status,
    /// The rule's totals.
    pub counts: Counts,
}

/// How many verdicts there are of each status.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
#[expect(missing_docs, reason = "each member is the status of its name")]
pub struct Counts {
    pub pass: usize,
    pub fail: usize,
    pub unknown: usize,
    pub not_applicable: usize,
}

impl Counts {
    /// Counts one more verdict.
    pub fn add(&mut self, status: Status) {
        match status {
            Status::Pass => self.pass += 1,
            Status::Fail => self.fail += 1,
            Status::Unknown => self.unknown += 1,
            Status::NotApplicable => self.not_applicable += 1,
        }
    }

    /// The worst status counted; not applicable when nothing is.
    pub fn worst(&self) -> Status {
        if self.fail > 0 {
            Status::Fail
        } else if self.unknown > 0 {
            Status::Unknown
        } else if self.pass > 0 {
            Status::Pass
        } else {
            Status::NotApplicable
        }
    }
}

impl std::ops::AddAssign for Counts {
    fn add_assign(&mut self, other: Self) {
        self.pass += other.pass;
        self.fail += other.fail;
        self.unknown += other.unknown;
        self.not_applicable += other.not_applicable;
    }
}

/// Totals over all results.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Summary {
    /// Verdicts by status, suppressed ones included.
    pub results: Counts,
    /// Rules by their worst status.
    pub rules: Counts,
    /// Failing results by severity, suppressed ones left out.
    pub failing_by_severity: BTreeMap<Severity, usize>,
    /// Failing results that a suppression mutes.
    pub suppressed: usize,
    /// Failing results that the baseline does not hold; equals all failing ones without a baseline.
    pub new: usize,
}

/// A call that did not answer, and what that costs.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ReportGap {
    /// The call and its error.
    pub gap: Gap,
    /// Rules with a verdict withheld because of it, by id.
    pub rules: Vec<String>,
}

//! GitHub annotations: workflow commands for a job's log.
//!
//! GitHub shows ten annotations a step, so each stands for a rule rather than a resource, the worst first.

use std::fmt::Write as _;
use std::io::{self, Write};

use super::digest::{self, RuleGroup};
use super::escape::{cut, workflow_message, workflow_property};
use super::{Context, Renderer};
use crate::finding::Severity;
use crate::report::Report;

/// Annotations for GitHub Actions.
pub(super) struct Github;

/// Annotations that GitHub shows of one step.
const MOST: usize = 10;
/// Characters of one text.
const TEXT: usize = 500;

impl Renderer for Github {
    fn render(&self, report: &Report, _: &Context, sink: &mut dyn Write) -> io::Result<()> {
        let failing = digest::failing(report);
        let unknown = digest::unknown(report);
        let mut lines: Vec<String> = failing.iter().map(failing_line).collect();
        lines.extend(unknown.iter().map(unknown_line));
        if lines.len() > MOST {
            let left_out = lines.len() - (MOST - 1);
            lines.truncate(MOST - 1);
            lines.push(command("notice", "posture", &format!("{} more: see the report", digest::rules(left_out))));
        }
        lines.iter().try_for_each(|line| writeln!(sink, "{line}"))
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

fn failing_line(group: &RuleGroup<'_>) -> String {
    let level = match group.severity {
        Severity::Critical | Severity::High => "error",
        Severity::Medium => "warning",
        Severity::Low | Severity::Info => "notice",
    };
    let mut text = format!("{} ({})", group.id, group.severity.name());
    if let Some(first) = group.findings.first() {
        let _ = write!(text, ": {} [{}]", cut(&first.message, TEXT), cut(&first.resource.id, TEXT));
    }
    if let Some(rest) = group.findings.len().checked_sub(1).filter(|rest| *rest > 0) {
        let _ = write!(text, ", and {rest} more");
    }
    command(level, group.title(), &text)
}

fn unknown_line(group: &RuleGroup<'_>) -> String {
    let reason = group.gaps().first().map_or_else(String::new, |gap| {
        format!(": {} ({})", cut(&digest::what_is_missing(gap), TEXT), cut(&digest::what_helps(gap), TEXT))
    });
    let text = format!("{} ({}) could not be judged{reason}", group.id, group.severity.name());
    command("warning", group.title(), &text)
}

fn command(level: &str, title: &str, text: &str) -> String {
    format!("::{level} title={}::{}", workflow_property(&cut(title, 200)), workflow_message(&cut(text, 4 * TEXT)))
}

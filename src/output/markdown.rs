//! The report as GitHub-flavoured Markdown, made for `$GITHUB_STEP_SUMMARY`.
//!
//! GitHub drops a step summary of more than 1 MiB whole, so the list of findings stops early enough and says so. What
//! was not judged comes before what fails: it is short, and it must not be the part that is cut.

use std::fmt::Write as _;
use std::io::{self, Write};

use super::digest::{self, RuleGroup};
use super::escape::{command_lines, cut, markdown};
use super::{Context, Renderer};
use crate::finding::{Finding, Severity};
use crate::report::{Counts, Report};

/// Markdown for step summaries and comments.
pub(super) struct Markdown;

/// Bytes of a step summary that GitHub takes, with room for the note.
const MOST_BYTES: usize = 1_048_576 - 4_096;
/// Bytes that rules not judged may take, and as many the controls.
const MOST_NOT_JUDGED: usize = 256 * 1_024;
/// Characters of one text.
const TEXT: usize = 300;
/// Reasons for one withheld verdict.
const SHOWN_GAPS: usize = 5;

impl Renderer for Markdown {
    fn render(&self, report: &Report, _: &Context, sink: &mut dyn Write) -> io::Result<()> {
        let mut page = String::new();
        head(report, &mut page);
        summary(report, &mut page);
        steps(report, &mut page);
        let limit = page.len() + MOST_NOT_JUDGED;
        not_judged(report, &mut page, limit);
        let limit = page.len() + MOST_NOT_JUDGED;
        controls(report, &mut page, limit);
        failing(report, &mut page);
        sink.write_all(page.as_bytes())
    }

    fn lists_all(&self) -> bool {
        false
    }

    fn cites_evidence(&self) -> bool {
        false
    }
}

fn text(text: &str) -> String {
    markdown(&cut(text, TEXT))
}

/// A name in a fixed-width font; entities keep it from being markup.
fn code(name: &str) -> String {
    format!("<code>{}</code>", text(name))
}

fn head(report: &Report, page: &mut String) {
    let _ = writeln!(page, "## Security posture of account {}\n", text(&report.account));
    let fails = report.summary.failing_by_severity.values().sum::<usize>();
    let unknown = digest::counted(report.summary.rules.unknown, "rule");
    let _ = writeln!(
        page,
        "**{} to mend**, {unknown} not judged, {} suppressed. Collected {}.\n",
        digest::counted(fails, "finding"),
        report.summary.suppressed,
        report.collected_at,
    );
}

fn summary(report: &Report, page: &mut String) {
    page.push_str("| | pass | fail | unknown | not applicable |\n|---|---:|---:|---:|---:|\n");
    for (name, counts) in [("rules", report.summary.rules), ("results", report.summary.results)] {
        let Counts { pass, fail, unknown, not_applicable } = counts;
        let _ = writeln!(page, "| {name} | {pass} | {fail} | {unknown} | {not_applicable} |");
    }
    page.push('\n');
    for note in report.notes.iter().take(100) {
        let _ = writeln!(page, "- {}", text(note));
    }
}

/// Every control of the framework that was asked for.
fn controls(report: &Report, page: &mut String, limit: usize) {
    let Some(framework) = &report.framework else { return };
    let counts: Vec<String> =
        framework.summary.iter().map(|(status, count)| format!("{count} {}", status.words())).collect();
    let _ = writeln!(page, "\n### {}\n\n{}\n", text(&framework.name), counts.join(", "));
    page.push_str("| Control | Status | What it asks | Rules |\n|---|---|---|---|\n");
    push_rows(page, framework.controls.iter(), limit, "controls", |control| {
        let rules: Vec<String> = control.rules.iter().map(|rule| code(rule)).collect();
        let (id, title) = (text(&control.id), text(&control.title));
        format!("| {id} | {} | {title} | {} |\n", control.status.words(), rules.join(" "))
    });
}

fn steps(report: &Report, page: &mut String) {
    page.push_str("\n### What to do now\n\n");
    for (position, step) in digest::steps(report).iter().enumerate() {
        let what = markdown(&cut(&step.what, 600));
        let _ = writeln!(page, "{}. {what} <br><sub>{}</sub>", position + 1, text(&step.why));
        if let Some(command) = &step.command {
            // A line break would end the list's item; its entity does not.
            let lines: Vec<String> = command_lines(command, 2_000).iter().map(|line| markdown(line)).collect();
            let command = lines.join("&#10;");
            let _ = writeln!(page, "   <pre><code>{command}</code></pre>");
        }
    }
}

fn not_judged(report: &Report, page: &mut String, limit: usize) {
    let groups = digest::unknown(report);
    if groups.is_empty() {
        return;
    }
    let _ = writeln!(page, "\n### Not judged: {} without evidence\n", digest::rules(groups.len()));
    page.push_str("| Rule | Severity | Could not read | What helps |\n|---|---|---|---|\n");
    push_rows(page, groups.iter(), limit, "rules", |group| {
        let gaps = group.gaps();
        let missing = listed(gaps.iter().map(|gap| digest::what_is_missing(gap)));
        let helps = listed(group.helps().into_iter());
        format!("| {} | {} | {missing} | {helps} |\n", code(group.id), group.severity.name())
    });
}

fn failing(report: &Report, page: &mut String) {
    let groups = digest::failing(report);
    for severity in Severity::WORST_FIRST {
        let groups: Vec<&RuleGroup<'_>> = groups.iter().filter(|group| group.severity == severity).collect();
        if groups.is_empty() {
            continue;
        }
        let _ = writeln!(page, "\n### {}: {} failing\n", capitalised(severity), digest::rules(groups.len()));
        page.push_str("| Rule | Resource | What was found |\n|---|---|---|\n");
        let findings = groups.iter().flat_map(|group| &group.findings);
        let what = "findings of this severity, and all milder ones";
        if !push_rows(page, findings, MOST_BYTES, what, |finding| row(finding)) {
            return;
        }
    }
}

fn row(finding: &Finding) -> String {
    let mut found = text(&finding.message);
    if finding.attested {
        found.push_str(" (attested, not observed)");
    }
    if finding.in_baseline {
        found.push_str(" (in the baseline)");
    }
    format!("| {} | {} | {found} |\n", code(&finding.rule), code(&finding.resource.id))
}

/// Adds the rows of some things while they fit; false when some did not and a note says so. After the first that does not
/// fit, none is made.
fn push_rows<T>(
    page: &mut String,
    mut things: impl Iterator<Item = T>,
    limit: usize,
    what: &str,
    row: impl Fn(T) -> String,
) -> bool {
    let mut left_out = 0_usize;
    for thing in things.by_ref() {
        let row = row(thing);
        if page.len() + row.len() > limit {
            left_out = 1 + things.count();
            break;
        }
        page.push_str(&row);
    }
    if left_out > 0 {
        let _ = writeln!(
            page,
            "\n> [!NOTE]\n> {left_out} more {what} do not fit into a step summary; the JSON report holds all."
        );
    }
    left_out == 0
}

fn listed(texts: impl Iterator<Item = String>) -> String {
    let texts: std::collections::BTreeSet<String> = texts.collect();
    let mut shown: Vec<String> = texts.iter().take(SHOWN_GAPS).map(|one| text(one)).collect();
    if texts.len() > SHOWN_GAPS {
        shown.push(format!("and {} more", texts.len() - SHOWN_GAPS));
    }
    shown.join("<br>")
}

fn capitalised(severity: Severity) -> &'static str {
    match severity {
        Severity::Critical => "Critical",
        Severity::High => "High",
        Severity::Medium => "Medium",
        Severity::Low => "Low",
        Severity::Info => "Info",
    }
}

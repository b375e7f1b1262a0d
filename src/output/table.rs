//! The report for a person at a terminal: failing rules by severity, rules not judged, totals, what to do now.
//!
//! On a terminal it is boxed, wrapped to the width and coloured where wanted; in a pipe it is plain and one line per
//! finding, so that `grep` finds whole answers. A terminal shows the first resources of each rule and counts the rest.

mod narrow;

use std::io::{self, Write};

use comfy_table::{Cell, Color, Row};
use unicode_width::UnicodeWidthStr as _;

use super::digest::{self, RuleGroup};
use super::escape::{clipped, command_lines, printable};
use super::{Context, Renderer, grid};
use crate::finding::{Finding, Severity};
use crate::report::Report;

/// The table for terminals.
pub(super) struct Table;

/// Resources of one rule that a terminal shows.
const SHOWN_ON_TERMINAL: usize = 10;
/// Characters of one text that a cell shows.
const CELL: usize = 300;
/// Reasons for one withheld verdict that are shown.
const SHOWN_GAPS: usize = 3;

impl Renderer for Table {
    fn render(&self, report: &Report, context: &Context, sink: &mut dyn Write) -> io::Result<()> {
        let page = Page { context };
        page.head(report, sink)?;
        page.failing(report, sink)?;
        page.unknown(report, sink)?;
        page.framework(report, sink)?;
        page.summary(report, sink)?;
        page.steps(report, sink)
    }

    fn lists_all(&self) -> bool {
        false
    }

    fn cites_evidence(&self) -> bool {
        false
    }
}

struct Page<'a> {
    context: &'a Context,
}

impl Page<'_> {
    fn head(&self, report: &Report, sink: &mut dyn Write) -> io::Result<()> {
        let mut parts = vec![
            format!("Account {} ({})", printable(&report.account), printable(&report.partition)),
            format!("collected {}", report.collected_at),
            regions(&report.regions),
        ];
        if let Some(snapshot) = &self.context.snapshot {
            parts.push(format!("from {}", clipped(snapshot, CELL)));
        }
        self.wrapped(&parts.join(", "), "", sink)
    }

    fn failing(&self, report: &Report, sink: &mut dyn Write) -> io::Result<()> {
        let groups = digest::failing(report);
        for severity in Severity::WORST_FIRST {
            let groups: Vec<&RuleGroup<'_>> = groups.iter().filter(|group| group.severity == severity).collect();
            if groups.is_empty() {
                continue;
            }
            let name = severity.name().to_uppercase();
            self.heading(&format!("{name}: {} failing", digest::rules(groups.len())), Some(severity), sink)?;
            if narrow::is_narrow(self.context.width) {
                for group in groups {
                    narrow::failing(self, group, report, sink)?;
                }
                continue;
            }
            let mut table = grid::grid(self.context, &["Rule", "Resource", "What was found"]);
            for group in groups {
                self.group_rows(group, &mut table);
            }
            grid::write(&table, sink)?;
        }
        Ok(())
    }

    fn group_rows(&self, group: &RuleGroup<'_>, table: &mut comfy_table::Table) {
        let most = self.context.width.map_or(usize::MAX, |_| SHOWN_ON_TERMINAL);
        // In a pipe every line stands alone; on a terminal the rule's name is enough once.
        let repeat = self.context.width.is_none();
        for (position, finding) in group.findings.iter().take(most).enumerate() {
            let rule = if position == 0 || repeat { clipped(group.id, CELL) } else { String::new() };
            let rule = self.coloured(rule, colour(group.severity));
            table.add_row(vec![rule, Cell::new(resource(finding)), Cell::new(message(finding))]);
        }
        if let Some(rest) = group.findings.len().checked_sub(most).filter(|rest| *rest > 0) {
            let note = format!("… and {rest} more (all of them: --format json)");
            table.add_row(vec![Cell::new(""), Cell::new(note), Cell::new("")]);
        }
    }

    fn unknown(&self, report: &Report, sink: &mut dyn Write) -> io::Result<()> {
        let groups = digest::unknown(report);
        if groups.is_empty() {
            return Ok(());
        }
        self.heading(&format!("NOT JUDGED: {} without evidence", digest::rules(groups.len())), None, sink)?;
        if narrow::is_narrow(self.context.width) {
            return groups.iter().try_for_each(|group| narrow::unknown(self, group, sink));
        }
        let mut table = grid::grid(self.context, &["Rule", "Severity", "Could not read", "What helps"]);
        for group in groups {
            let gaps = group.gaps();
            let missing = listed(gaps.iter().map(|gap| digest::what_is_missing(gap)));
            let helps = listed(group.helps().into_iter());
            let severity = self.coloured(group.severity.name().to_owned(), colour(group.severity));
            table.add_row(vec![Cell::new(clipped(group.id, CELL)), severity, Cell::new(missing), Cell::new(helps)]);
        }
        grid::write(&table, sink)
    }

    /// Every control of the framework that was asked for.
    fn framework(&self, report: &Report, sink: &mut dyn Write) -> io::Result<()> {
        let Some(framework) = &report.framework else { return Ok(()) };
        let counts: Vec<String> =
            framework.summary.iter().map(|(status, count)| format!("{count} {}", status.words())).collect();
        self.heading(&format!("{}: {}", clipped(&framework.name, CELL), counts.join(", ")), None, sink)?;
        let mut table = grid::grid(self.context, &["Control", "Status", "What it asks", "Rules"]);
        for control in &framework.controls {
            table.add_row(vec![
                Cell::new(clipped(&control.id, CELL)),
                Cell::new(control.status.words()),
                Cell::new(clipped(&control.title, CELL)),
                Cell::new(clipped(&control.rules.join(", "), CELL)),
            ]);
        }
        grid::write(&table, sink)
    }

    fn summary(&self, report: &Report, sink: &mut dyn Write) -> io::Result<()> {
        self.heading("SUMMARY", None, sink)?;
        let mut table = grid::grid(self.context, &["", "pass", "fail", "unknown", "not applicable"]);
        for (name, counts) in [("rules", report.summary.rules), ("results", report.summary.results)] {
            let numbers = [counts.pass, counts.fail, counts.unknown, counts.not_applicable];
            table.add_row(Row::from(std::iter::once(name.to_owned()).chain(numbers.map(|number| number.to_string()))));
        }
        grid::write(&table, sink)?;
        if report.summary.suppressed > 0 {
            let results = digest::counted(report.summary.suppressed, "failing result");
            self.wrapped(&format!("Suppressed and not listed above: {results}."), "", sink)?;
        }
        let known = report.findings().filter(|finding| finding.in_baseline).count();
        if known > 0 {
            let known = digest::counted(known, "failing result");
            self.wrapped(&format!("In the baseline: {known}; new: {}.", report.summary.new), "", sink)?;
        }
        for note in &report.notes {
            self.wrapped(&format!("Note: {}", clipped(note, CELL)), "", sink)?;
        }
        Ok(())
    }

    fn steps(&self, report: &Report, sink: &mut dyn Write) -> io::Result<()> {
        self.heading("WHAT TO DO NOW", None, sink)?;
        for (position, step) in digest::steps(report).iter().enumerate() {
            let number = format!("{}. ", position + 1);
            self.wrapped(&format!("{} ({})", clipped(&step.what, 600), clipped(&step.why, CELL)), &number, sink)?;
            if let Some(command) = &step.command {
                for (position, line) in command_lines(command, 2_000).iter().enumerate() {
                    writeln!(sink, "   {} {line}", if position == 0 { '$' } else { ' ' })?;
                }
            }
        }
        if !digest::failing(report).is_empty() {
            let way = "`posture fix` prints the commands for what can be mended by command, with this account's values, to read and run.";
            writeln!(sink)?;
            self.wrapped(way, "", sink)?;
        }
        Ok(())
    }

    fn heading(&self, text: &str, severity: Option<Severity>, sink: &mut dyn Write) -> io::Result<()> {
        match severity.map_or_else(|| self.context.colour.then_some("39"), |severity| self.colour_of(severity)) {
            Some(code) => writeln!(sink, "\n\u{1b}[1;{code}m{text}\u{1b}[0m"),
            None => writeln!(sink, "\n{text}"),
        }
    }

    /// The number of a severity's colour, where colours are wanted.
    fn colour_of(&self, severity: Severity) -> Option<&'static str> {
        self.context.colour.then_some(match severity {
            Severity::Critical | Severity::High => "31",
            Severity::Medium => "33",
            Severity::Low | Severity::Info => "36",
        })
    }

    fn coloured(&self, text: String, colour: Color) -> Cell {
        let cell = Cell::new(text);
        if self.context.colour { cell.fg(colour) } else { cell }
    }

    fn wrapped(&self, text: &str, lead: &str, sink: &mut dyn Write) -> io::Result<()> {
        let indent = " ".repeat(lead.width());
        let room = self.context.width.map_or(usize::MAX, |width| width.saturating_sub(lead.width()).max(20));
        let mut lead = lead;
        for line in lines(text, room) {
            writeln!(sink, "{lead}{line}")?;
            lead = &indent;
        }
        Ok(())
    }
}

fn regions(regions: &[String]) -> String {
    match regions {
        [] => "no Regions".to_owned(),
        [one] => format!("Region {}", clipped(one, CELL)),
        several => format!("{} Regions", several.len()),
    }
}

fn resource(finding: &Finding) -> String {
    let id = clipped(&finding.resource.id, CELL);
    match &finding.resource.region {
        // An ARN mostly names its Region already.
        Some(region) if !finding.resource.id.contains(region.as_str()) => format!("{id} ({})", clipped(region, CELL)),
        _ => id,
    }
}

fn message(finding: &Finding) -> String {
    let mut text = clipped(&finding.message, CELL);
    if finding.attested {
        text.push_str(" (attested, not observed)");
    }
    if finding.in_baseline {
        text.push_str(" (in the baseline)");
    }
    text
}

/// The first few texts, each once, and the number of the others.
fn listed(texts: impl Iterator<Item = String>) -> String {
    let texts: std::collections::BTreeSet<String> = texts.collect();
    let mut shown: Vec<String> = texts.iter().take(SHOWN_GAPS).map(|text| clipped(text, CELL)).collect();
    if texts.len() > SHOWN_GAPS {
        shown.push(format!("… and {} more", texts.len() - SHOWN_GAPS));
    }
    shown.join("; ")
}

fn colour(severity: Severity) -> Color {
    match severity {
        Severity::Critical | Severity::High => Color::Red,
        Severity::Medium => Color::Yellow,
        Severity::Low | Severity::Info => Color::Cyan,
    }
}

/// The words of a text in lines of at most `room` columns; a longer word gets a line of its own.
fn lines(text: &str, room: usize) -> Vec<String> {
    let mut lines = vec![String::new()];
    let mut used = 0;
    for word in text.split(' ') {
        let needed = word.width();
        match lines.last_mut() {
            Some(line) if used > 0 && used + 1 + needed <= room => {
                line.push(' ');
                line.push_str(word);
                used += 1 + needed;
            }
            Some(line) if used == 0 => {
                line.push_str(word);
                used = needed;
            }
            _ => {
                lines.push(word.to_owned());
                used = needed;
            }
        }
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::lines;

    #[test]
    fn words_are_wrapped_to_the_room_and_long_ones_stay_whole() {
        assert_eq!(lines("one two three", 7), ["one two", "three"]);
        assert_eq!(lines("a verylongword b", 5), ["a", "verylongword", "b"]);
        assert_eq!(lines("", 5), [""]);
    }
}

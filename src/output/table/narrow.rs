//! Findings on a narrow terminal: the rule on a line of its own, below it each resource by its short name.
//!
//! Three columns of boxes leave too little room there: names of rules and ARNs would break in the middle of words.

use std::io::{self, Write};

use unicode_width::UnicodeWidthStr as _;

use super::super::digest::{self, RuleGroup};
use super::super::escape::clipped;
use super::{CELL, Page, SHOWN_ON_TERMINAL, lines, listed, message};
use crate::finding::Finding;
use crate::report::Report;

/// Terminals with fewer columns get lists in place of boxes.
pub(super) const BOXES_FROM: usize = 100;
/// Columns that the name of a resource takes before the finding goes below it.
const NAME: usize = 26;

/// Whether a terminal of that width gets lists.
pub(super) fn is_narrow(width: Option<usize>) -> bool {
    width.is_some_and(|width| width < BOXES_FROM)
}

/// The failing findings of a rule.
pub(super) fn failing(page: &Page<'_>, group: &RuleGroup<'_>, report: &Report, sink: &mut dyn Write) -> io::Result<()> {
    page.rule(group, sink)?;
    let shown: Vec<(String, &Finding)> =
        group.findings.iter().take(SHOWN_ON_TERMINAL).map(|finding| (name(finding, report), *finding)).collect();
    let widest = shown.iter().map(|(name, _)| name.width()).filter(|width| *width <= NAME).max().unwrap_or(0);
    for (name, finding) in &shown {
        if name.width() > NAME {
            page.hanging(name, "    ", sink)?;
            page.hanging(&message(finding), "      ", sink)?;
        } else {
            let padding = " ".repeat(widest - name.width());
            page.hanging(&message(finding), &format!("    {name}{padding}  "), sink)?;
        }
    }
    match group.findings.len().checked_sub(SHOWN_ON_TERMINAL) {
        Some(rest @ 1..) => page.hanging(&format!("… and {rest} more (all of them: --format json)"), "    ", sink),
        _ => Ok(()),
    }
}

/// Why a rule was not judged, and what helps.
pub(super) fn unknown(page: &Page<'_>, group: &RuleGroup<'_>, sink: &mut dyn Write) -> io::Result<()> {
    page.rule(group, sink)?;
    let missing = listed(group.gaps().iter().map(|gap| digest::what_is_missing(gap)));
    page.hanging(&missing, "    could not read  ", sink)?;
    page.hanging(&listed(group.helps().into_iter()), "    what helps      ", sink)
}

/// An ARN without what the head of the report says already: partition, service and account.
fn name(finding: &Finding, report: &Report) -> String {
    let id = finding.resource.id.as_str();
    let mut parts = id.splitn(6, ':');
    let short = match (parts.next(), parts.nth(3), parts.next()) {
        (Some("arn"), Some(account), Some(rest)) if account.is_empty() || account == report.account => rest,
        _ => id,
    };
    let short = clipped(short, CELL);
    match &finding.resource.region {
        Some(region) if report.regions.len() > 1 => format!("{short} ({})", clipped(region, CELL)),
        _ => short,
    }
}

impl Page<'_> {
    /// The line of a rule.
    fn rule(&self, group: &RuleGroup<'_>, sink: &mut dyn Write) -> io::Result<()> {
        let id = clipped(group.id, CELL);
        match self.colour_of(group.severity) {
            Some(code) => writeln!(sink, "  \u{1b}[{code}m{id}\u{1b}[0m"),
            None => writeln!(sink, "  {id}"),
        }
    }

    /// A text behind its lead, wrapped; further lines are indented as far.
    fn hanging(&self, text: &str, lead: &str, sink: &mut dyn Write) -> io::Result<()> {
        let room = self.context.width.map_or(usize::MAX, |width| width.saturating_sub(lead.width()).max(20));
        let indent = " ".repeat(lead.width());
        for (position, line) in lines(text, room).iter().enumerate() {
            writeln!(sink, "{}{line}", if position == 0 { lead } else { &indent })?;
        }
        Ok(())
    }
}

//! A fleet's report as table, Markdown and JSON: what changed first, then who, which rules, whose.

use std::fmt::Write as _;
use std::io::{self, Write};

use comfy_table::Cell;

use super::report::{AccountLine, FleetChanges, FleetReport, Group, RuleLine, Tally};
use crate::diff::Class;
use crate::finding::{Severity, Status};
use crate::output::escape::{clipped, cut, markdown as escaped};
use crate::output::{Context, grid, safe_json};

/// Characters of one text that a cell shows.
const CELL: usize = 200;
/// Rows of a section that a person gets to see; `json` holds all.
const ROWS: usize = 50;

/// Writes `posture-fleet/1`, indented.
pub fn json(report: &FleetReport, sink: &mut dyn Write) -> io::Result<()> {
    safe_json::pretty(report, sink)?;
    sink.write_all(b"\n")
}

/// The JSON Schema of `posture-fleet/1`.
pub fn schema() -> schemars::Schema {
    schemars::schema_for!(FleetReport)
}

/// Writes the report for a person at a terminal, or plain for a pipe.
pub fn table(report: &FleetReport, context: &Context, sink: &mut dyn Write) -> io::Result<()> {
    writeln!(sink, "{}", head(report))?;
    for section in sections(report) {
        writeln!(sink, "\n{}", section.title)?;
        let mut table = grid::grid(context, section.header);
        for row in &section.rows {
            table.add_row(row.iter().map(|text| Cell::new(clipped(text, CELL))));
        }
        grid::write(&table, sink)?;
        if section.more > 0 {
            writeln!(sink, "… and {} more (all of them: --format json)", section.more)?;
        }
    }
    for note in &report.notes {
        writeln!(sink, "\nNote: {}", clipped(note, 4 * CELL))?;
    }
    Ok(())
}

/// Writes the report for a step summary or a comment on GitHub.
pub fn markdown(report: &FleetReport, sink: &mut dyn Write) -> io::Result<()> {
    let mut page =
        format!("## Security posture of {} accounts\n\n{}\n", report.totals.accounts, escaped(&head(report)));
    for section in sections(report) {
        let _ = write!(page, "\n### {}\n\n| {} |\n", escaped(&section.title), section.header.join(" | "));
        page.push_str(&"|---".repeat(section.header.len()));
        page.push_str("|\n");
        for row in &section.rows {
            let cells: Vec<String> = row.iter().map(|text| escaped(&cut(text, CELL))).collect();
            let _ = writeln!(page, "| {} |", cells.join(" | "));
        }
        if section.more > 0 {
            let _ = write!(page, "\nand {} more; `--format json` holds all.\n", section.more);
        }
    }
    for note in &report.notes {
        let _ = write!(page, "\n- {}\n", escaped(&cut(note, 4 * CELL)));
    }
    sink.write_all(page.as_bytes())
}

fn head(report: &FleetReport) -> String {
    let totals = &report.totals;
    let mut parts = vec![format!("{} of {} accounts judged", totals.judged, totals.accounts)];
    for (count, words) in [
        (totals.failing, "with failing rules"),
        (totals.not_reached, "not reached: nothing is known of them"),
        (totals.incomplete, "not whole"),
        (totals.inactive, "that nobody can enter"),
    ] {
        if count > 0 {
            parts.push(format!("{count} {words}"));
        }
    }
    match (&report.collected_from, &report.collected_to) {
        (Some(from), Some(to)) if from == to => parts.push(format!("collected {from}")),
        (Some(from), Some(to)) => parts.push(format!("collected {from} to {to}")),
        _ => {}
    }
    parts.join(", ")
}

/// A table with a title, cut to what a person reads.
struct Section {
    title: String,
    header: &'static [&'static str],
    rows: Vec<Vec<String>>,
    more: usize,
}

impl Section {
    fn new(title: impl Into<String>, header: &'static [&'static str], rows: impl Iterator<Item = Vec<String>>) -> Self {
        let mut rows: Vec<Vec<String>> = rows.collect();
        let more = rows.len().saturating_sub(ROWS);
        rows.truncate(ROWS);
        Self { title: title.into(), header, rows, more }
    }
}

fn sections(report: &FleetReport) -> Vec<Section> {
    let mut sections = Vec::new();
    if let Some(changes) = &report.changes {
        change_sections(changes, &mut sections);
    }
    sections.push(Section::new(
        format!("NOT REACHED OR NOT WHOLE: {}", count(report.failed.len(), "account")),
        &["Account", "Name", "Why", "What was said"],
        report.failed.iter().map(|line| {
            let said = format!("{}: {}", line.code, line.message);
            vec![line.account.clone(), name(line.name.as_deref()), line.step.words().to_owned(), said]
        }),
    ));
    sections.push(rules(report));
    sections.push(accounts(report));
    sections.push(Section::new(
        "BY ORGANIZATIONAL UNIT",
        &["Unit", "Accounts", "Failing", "Not reached", "Findings", "New", "Closed", "Unknown"],
        report.units.iter().map(|line| group(unit(line.unit.as_deref()), &line.group)),
    ));
    sections.push(Section::new(
        "BY OWNER",
        &["Owner", "Accounts", "Failing", "Not reached", "Findings", "New", "Closed", "Unknown"],
        report.owners.iter().map(|line| {
            let owner = line.owner.clone().unwrap_or_else(|| "(none, or not told)".to_owned());
            group(owner, &line.group)
        }),
    ));
    sections.push(Section::new(
        format!("NOBODY CAN ENTER: {}", count(report.inactive.len(), "account")),
        &["Account", "Name", "State"],
        report.inactive.iter().map(|line| vec![line.account.clone(), name(line.name.as_deref()), line.state.clone()]),
    ));
    sections.retain(|section| !section.rows.is_empty());
    sections
}

fn change_sections(changes: &FleetChanges, sections: &mut Vec<Section>) {
    let summary = &changes.summary;
    let total = |class: Class| format!("{} {}", summary.of(class), class.name().replace('_', " "));
    let totals: Vec<String> = Class::ALL.into_iter().map(total).collect();
    let since = format!("SINCE {}: {}, {} still failing", changes.since, totals.join(", "), summary.still_failing);
    let lists = [
        ("new accounts", &changes.accounts_new),
        ("accounts that are gone", &changes.accounts_gone),
        ("accounts that were judged then and not reached now", &changes.accounts_lost),
    ];
    let row = |(what, accounts): &(&str, &Vec<String>)| {
        vec![
            (*what).to_owned(),
            accounts.len().to_string(),
            accounts.iter().take(10).cloned().collect::<Vec<_>>().join(", "),
        ]
    };
    let told = changes.rules.iter().map(|rule| {
        let parts: Vec<String> =
            rule.changes.iter().map(|(class, count)| format!("{count} {}", class.name().replace('_', " "))).collect();
        vec![rule.rule.clone(), rule.changes.values().sum::<usize>().to_string(), parts.join(", ")]
    });
    let lists = lists.iter().filter(|(_, accounts)| !accounts.is_empty()).map(row);
    let mut rows: Vec<Vec<String>> = lists.chain(told).collect();
    if rows.is_empty() {
        rows.push(vec!["nothing".to_owned(), "0".to_owned(), String::new()]);
    }
    sections.push(Section::new(since, &["What changed", "How often", "How"], rows.into_iter()));
    let open = changes.changes.iter().filter(|change| change.class < Class::Gone);
    let mut listed = Section::new(
        "WORSE, NEW OR NO LONGER KNOWN",
        &["How", "Account", "Rule", "Severity", "Resource", "What is known now"],
        open.map(|change| {
            vec![
                change.class.name().replace('_', " "),
                change.account.clone(),
                change.rule.clone(),
                change.severity.name().to_owned(),
                change.resource.clone(),
                change.message.clone(),
            ]
        }),
    );
    listed.more += changes.left_out;
    sections.push(listed);
}

fn rules(report: &FleetReport) -> Section {
    let is_open = |line: &&RuleLine| {
        [Status::Fail, Status::Unknown].iter().any(|status| line.accounts.get(status).is_some_and(|count| *count > 0))
    };
    let mut open: Vec<&RuleLine> = report.rules.iter().filter(is_open).collect();
    let failing = |line: &RuleLine| line.accounts.get(&Status::Fail).copied().unwrap_or_default();
    open.sort_by_key(|line| (failing(line) == 0, std::cmp::Reverse(line.severity), std::cmp::Reverse(failing(line))));
    let of = |line: &RuleLine, status| line.accounts.get(&status).copied().unwrap_or_default().to_string();
    Section::new(
        "BY RULE",
        &["Rule", "Severity", "Accounts failing", "Unknown", "Passing", "Findings"],
        open.into_iter().map(|line| {
            vec![
                line.rule.clone(),
                line.severity.name().to_owned(),
                of(line, Status::Fail),
                of(line, Status::Unknown),
                of(line, Status::Pass),
                line.failing.to_string(),
            ]
        }),
    )
}

fn accounts(report: &FleetReport) -> Section {
    let mut open: Vec<&AccountLine> =
        report.accounts.iter().filter(|line| line.judged && line.status != Status::Pass).collect();
    let severities = |line: &AccountLine| -> Vec<usize> {
        let of = |severity| line.results.failing_by_severity.get(severity).copied().unwrap_or_default();
        Severity::WORST_FIRST.iter().map(of).collect()
    };
    open.sort_by_key(|line| std::cmp::Reverse(severities(line)));
    Section::new(
        "BY ACCOUNT",
        &["Account", "Name", "Unit", "Owner", "Findings", "New", "Closed", "Unknown"],
        open.into_iter().map(|line| {
            let mut row = vec![
                line.account.clone(),
                name(line.name.as_deref()),
                unit(line.unit.as_deref()),
                line.owner.clone().unwrap_or_else(|| "-".to_owned()),
            ];
            row.extend(tally(&line.results));
            row
        }),
    )
}

fn group(title: String, group: &Group) -> Vec<String> {
    let counts = [group.accounts, group.failing, group.not_reached].map(|count| count.to_string());
    [title].into_iter().chain(counts).chain(tally(&group.results)).collect()
}

fn tally(tally: &Tally) -> [String; 4] {
    let by_severity: Vec<String> = Severity::WORST_FIRST
        .iter()
        .filter_map(|severity| Some(format!("{} {}", tally.failing_by_severity.get(severity)?, severity.name())))
        .collect();
    let findings = if by_severity.is_empty() { "0".to_owned() } else { by_severity.join(", ") };
    [findings, tally.new.to_string(), tally.closed.to_string(), tally.unknown.to_string()]
}

fn name(name: Option<&str>) -> String {
    name.unwrap_or("-").to_owned()
}

fn unit(path: Option<&[String]>) -> String {
    path.map_or_else(|| "(not told)".to_owned(), |path| path.join(" / "))
}

fn count(number: usize, word: &str) -> String {
    if number == 1 { format!("1 {word}") } else { format!("{number} {word}s") }
}

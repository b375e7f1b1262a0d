//! A difference as table, Markdown and JSON.

use std::fmt::Write as _;
use std::io::{self, Write};

use comfy_table::Cell;

use super::{Change, Class, Diff, Scanned};
use crate::finding::Status;
use crate::output::escape::{clipped, cut, markdown as escaped};
use crate::output::{Context, grid, safe_json};

/// Characters of one text that a cell shows.
const CELL: usize = 300;
/// What GitHub takes for a step summary, with room for the note on what was left out.
const MOST_BYTES: usize = 1_000_000;

/// Writes `posture-diff/1`, indented.
pub fn json(diff: &Diff, sink: &mut dyn Write) -> io::Result<()> {
    safe_json::pretty(diff, sink)?;
    sink.write_all(b"\n")
}

/// The JSON Schema of `posture-diff/1`.
pub fn schema() -> schemars::Schema {
    schemars::schema_for!(Diff)
}

/// Writes the difference for a person at a terminal, or plain, one change a line, for a pipe.
pub fn table(diff: &Diff, context: &Context, sink: &mut dyn Write) -> io::Result<()> {
    writeln!(sink, "Old: {}\nNew: {}", scans(&diff.old), scans(&diff.new))?;
    for class in Class::ALL {
        let mut changes = of(diff, class).peekable();
        if changes.peek().is_none() {
            continue;
        }
        writeln!(sink, "\n{}: {}", heading(class).to_uppercase(), meaning(class))?;
        let mut table = grid::grid(context, &["Rule", "Severity", "Resource", "Was", "Is", "What is known now"]);
        for change in changes {
            let texts = [
                clipped(&change.rule, CELL),
                change.severity.name().to_owned(),
                clipped(&place(change), CELL),
                status(change.before).to_owned(),
                status(change.after).to_owned(),
                clipped(&message(change), CELL),
            ];
            table.add_row(texts.map(Cell::new));
        }
        grid::write(&table, sink)?;
    }
    writeln!(sink, "\n{}", totals(diff))?;
    for note in &diff.notes {
        writeln!(sink, "Note: {}", clipped(note, CELL))?;
    }
    Ok(())
}

/// Writes the difference for a step summary or a comment on GitHub.
pub fn markdown(diff: &Diff, sink: &mut dyn Write) -> io::Result<()> {
    let mut page = String::from("## What changed in the security posture\n\n");
    let _ = write!(
        page,
        "Old: {}<br>New: {}\n\n{}\n",
        escaped(&scans(&diff.old)),
        escaped(&scans(&diff.new)),
        totals(diff)
    );
    for note in diff.notes.iter().take(100) {
        let _ = write!(page, "\n- {}", text(note));
    }
    page.push('\n');
    let mut left_out = 0;
    for class in Class::ALL {
        let mut changes = of(diff, class).peekable();
        if changes.peek().is_none() {
            continue;
        }
        let _ = write!(page, "\n### {}\n\n{}\n\n", heading(class), capitalised(meaning(class)));
        page += "| Rule | Severity | Resource | Was | Is | What is known now |\n|---|---|---|---|---|---|\n";
        for change in changes {
            let row = row(change);
            if page.len() + row.len() > MOST_BYTES {
                left_out += 1;
            } else {
                page += &row;
            }
        }
    }
    if left_out > 0 {
        let _ = write!(page, "\n{left_out} more changes do not fit into a step summary; `--format json` holds all.\n");
    }
    sink.write_all(page.as_bytes())
}

fn row(change: &Change) -> String {
    format!(
        "| <code>{}</code> | {} | <code>{}</code> | {} | {} | {} |\n",
        text(&change.rule),
        change.severity.name(),
        text(&place(change)),
        status(change.before),
        status(change.after),
        text(&message(change))
    )
}

fn text(text: &str) -> String {
    escaped(&cut(text, CELL))
}

fn of(diff: &Diff, class: Class) -> impl Iterator<Item = &Change> {
    diff.changes.iter().filter(move |change| change.class == class)
}

fn scans(scans: &[Scanned]) -> String {
    let named = |scan: &Scanned| clipped(&format!("account {}, collected {}", scan.account, scan.collected_at), CELL);
    match scans {
        [one] => named(one),
        several => format!("{} accounts", several.len()),
    }
}

fn heading(class: Class) -> &'static str {
    match class {
        Class::Worse => "Worse",
        Class::New => "New",
        Class::BecameUnknown => "Became unknown",
        Class::Gone => "Gone",
        Class::Better => "Better",
    }
}

fn meaning(class: Class) -> &'static str {
    match class {
        Class::Worse => "fails now, and did not before",
        Class::New => "fails now, and was not there before",
        Class::BecameUnknown => "could not be judged now; what was open stays open",
        Class::Gone => "the resource is shown to be gone",
        Class::Better => "shown to be mended, or judged at last",
    }
}

fn capitalised(text: &str) -> String {
    let mut characters = text.chars();
    characters.next().map_or_else(String::new, |first| first.to_uppercase().chain(characters).collect())
}

fn totals(diff: &Diff) -> String {
    let mut parts: Vec<String> = Class::ALL
        .into_iter()
        .map(|class| format!("{} {}", diff.summary.of(class), heading(class).to_lowercase()))
        .collect();
    parts.push(format!("{} still failing", diff.summary.still_failing));
    parts.join(", ")
}

fn place(change: &Change) -> String {
    match &change.region {
        // An ARN mostly names its Region already.
        Some(region) if !change.resource.contains(region.as_str()) => format!("{} ({region})", change.resource),
        _ => change.resource.clone(),
    }
}

fn message(change: &Change) -> String {
    if change.suppressed { format!("{} (suppressed)", change.message) } else { change.message.clone() }
}

fn status(status: Option<Status>) -> &'static str {
    match status {
        None => "-",
        Some(Status::NotApplicable) => "not applicable",
        Some(status) => status.name(),
    }
}

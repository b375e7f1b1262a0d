//! The plan as a checklist for a terminal.

use std::fmt::Write as _;

use super::super::plan::{Plan, Step};
use super::super::word::Text;
use super::{Settings, about, counted, list, place};
use crate::output::escape::{flowing, printable};

/// Writes the checklist.
pub(super) fn render(plan: &Plan, _: &Settings) -> String {
    let mut out = format!("The way out for account {}, as of {}\n", printable(&plan.account), plan.collected_at);
    let _ = writeln!(
        out,
        "{}, {} for a person, {} gone afterwards. Nothing was run: `posture fix --format sh` prints the script.",
        counted(plan.steps.len(), "step"),
        counted(plan.tasks.len() + plan.by_hand.len(), "task"),
        counted(plan.promised.len(), "finding"),
    );
    values(plan, &mut out);
    if !plan.steps.is_empty() {
        out.push_str("\nBY COMMAND\n");
    }
    for (index, step) in plan.steps.iter().enumerate() {
        write_step(index + 1, step, &mut out);
    }
    people(plan, &mut out);
    if !plan.grants.is_empty() {
        out.push_str("\nNOT JUDGED\n");
        for grant in &plan.grants {
            let _ = writeln!(out, "  - {}", printable(&grant.advice));
            let _ = writeln!(out, "    then: {}", printable(&grant.rules.join(", ")));
        }
    }
    if plan.suppressed > 0 {
        let _ = writeln!(out, "\n{} accepted by suppressions and left alone.", counted(plan.suppressed, "finding"));
    }
    out
}

fn values(plan: &Plan, out: &mut String) {
    let mut missing = plan.missing().peekable();
    if missing.peek().is_some() {
        out.push_str("\nVALUES TO SET\n");
    }
    for (name, input) in missing {
        let _ = writeln!(out, "  --set {name}=…  {} ({})", printable(&input.doc), input.kind.shape());
    }
}

fn line(out: &mut String, name: &str, text: &Text) {
    let _ = writeln!(out, "       {name}: {}", printable(&text.shown()));
}

fn write_step(number: usize, step: &Step, out: &mut String) {
    let _ = writeln!(out, "\n  {number:>2}.  {}", printable(&step.title.shown()));
    if let Some(unless) = &step.unless {
        let _ = writeln!(out, "       unless it is there: {}", printable(&unless.shown()));
    }
    for call in &step.calls {
        let _ = writeln!(out, "       $ {}", printable(&call.shown()));
    }
    let _ = writeln!(out, "       mends: {}", printable(&list(&step.mends)));
    line(out, "costs", &step.cost);
    if let Some(evidence) = &step.evidence {
        line(out, "because", evidence);
    }
    for call in &step.undo {
        let _ = writeln!(out, "       undo: {}", printable(&call.shown()));
    }
    if let Some(note) = &step.undo_note {
        line(out, "undo", note);
    }
    if let Some(confirm) = &step.confirm {
        line(out, "asks", confirm);
    }
}

fn people(plan: &Plan, out: &mut String) {
    if plan.tasks.is_empty() && plan.by_hand.is_empty() {
        return;
    }
    out.push_str("\nBY A PERSON\n");
    for (index, task) in plan.tasks.iter().enumerate() {
        let _ = writeln!(out, "\n  {:>2}.  {}", index + 1, printable(&task.title.shown()));
        let where_to = place(task.console.as_deref(), task.url.as_deref());
        if !where_to.is_empty() {
            let _ = writeln!(out, "       {}", printable(&where_to));
        }
        let _ = writeln!(out, "       mends: {}", printable(&list(&task.about)));
    }
    for (index, entry) in plan.by_hand.iter().enumerate() {
        let number = plan.tasks.len() + index + 1;
        let _ = writeln!(out, "\n  {number:>2}.  {}", printable(&flowing(&entry.text)));
        let _ = writeln!(out, "       mends: {}", printable(&about(&entry.finding)));
        if let Some(reason) = &entry.reason {
            let _ = writeln!(out, "       no command, because: {}", printable(reason));
        }
    }
}

//! The plan as a Markdown checklist, for an issue or a wiki page.

use std::fmt::Write as _;

use super::super::plan::{Plan, Step};
use super::{Settings, about, counted, list};
use crate::output::escape::{flowing, https_link, markdown, printable};

/// Writes the checklist.
pub(super) fn render(plan: &Plan, _: &Settings) -> String {
    let mut out = format!("# The way out for account {}\n\n", markdown(&plan.account));
    let _ = writeln!(
        out,
        "As the snapshot of {} shows it. {}; {} gone afterwards. Nothing was run.",
        plan.collected_at,
        counted(plan.steps.len(), "step"),
        counted(plan.promised.len(), "finding"),
    );
    if plan.missing().next().is_some() {
        out.push_str("\n## Values to set\n\n");
        for (name, input) in plan.missing() {
            let _ = writeln!(out, "- [ ] `--set {name}=…`: {} ({})", markdown(&input.doc), input.kind.shape());
        }
    }
    if !plan.steps.is_empty() {
        out.push_str("\n## By command\n");
    }
    for (index, step) in plan.steps.iter().enumerate() {
        write_step(index + 1, step, &mut out);
    }
    people(plan, &mut out);
    if !plan.grants.is_empty() {
        out.push_str("\n## Not judged\n\n");
    }
    for grant in &plan.grants {
        let _ = writeln!(out, "- [ ] {}, then: {}", markdown(&grant.advice), markdown(&grant.rules.join(", ")));
    }
    out
}

fn write_step(number: usize, step: &Step, out: &mut String) {
    let _ = writeln!(out, "\n### {number}. {}\n", markdown(&step.title.shown()));
    if let Some(unless) = &step.unless {
        let _ = writeln!(out, "Unless it is there: <code>{}</code>\n", markdown(&unless.shown()));
    }
    // A block that is indented by four spaces has no end that a name could write.
    for call in &step.calls {
        let _ = writeln!(out, "    {}", printable(&call.shown()));
    }
    let _ = writeln!(out, "\n- [ ] mends: {}", markdown(&list(&step.mends)));
    let _ = writeln!(out, "- costs: {}", markdown(&step.cost.shown()));
    if let Some(evidence) = &step.evidence {
        let _ = writeln!(out, "- because: {}", markdown(&evidence.shown()));
    }
    for call in &step.undo {
        let _ = writeln!(out, "- undo: <code>{}</code>", markdown(&call.shown()));
    }
    if let Some(note) = &step.undo_note {
        let _ = writeln!(out, "- undo: {}", markdown(&note.shown()));
    }
    if let Some(confirm) = &step.confirm {
        let _ = writeln!(out, "- asks first: {}", markdown(&confirm.shown()));
    }
}

fn people(plan: &Plan, out: &mut String) {
    if plan.tasks.is_empty() && plan.by_hand.is_empty() {
        return;
    }
    out.push_str("\n## By a person\n\n");
    for (index, task) in plan.tasks.iter().enumerate() {
        let _ = write!(out, "{}. [ ] {}", index + 1, markdown(&task.title.shown()));
        if let Some(console) = &task.console {
            let _ = write!(out, "; {}", markdown(console));
        }
        if let Some(url) = task.url.as_deref().and_then(https_link) {
            let _ = write!(out, "; <{url}>");
        }
        let _ = writeln!(out, " ({})", markdown(&list(&task.about)));
    }
    for (index, entry) in plan.by_hand.iter().enumerate() {
        let number = plan.tasks.len() + index + 1;
        let _ = write!(out, "{number}. [ ] {} ({}", markdown(&flowing(&entry.text)), markdown(&about(&entry.finding)));
        if let Some(reason) = &entry.reason {
            let _ = write!(out, "; no command, because: {}", markdown(reason));
        }
        out.push_str(")\n");
    }
}

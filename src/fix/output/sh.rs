//! The plan as a script for a POSIX shell, to be read and then run by a person.
//!
//! Every word of a command is one quoted word, so a name with quotes, `$(…)` or a newline stays data. A value that is
//! still to be given is a variable that the script checks against a set of harmless characters before anything runs.

use std::fmt::Write as _;

use super::super::file::InputKind;
use super::super::plan::{Plan, Step};
use super::super::word::{Call, Part, Text, quoted};
use super::{Settings, comment, counted, list, place};
use crate::output::escape::printable;

/// The helpers that every script begins with.
const HELPERS: &str = include_str!("helpers.sh");

/// Writes the script.
pub(super) fn render(plan: &Plan, _: &Settings) -> String {
    let mut out = String::from("#!/bin/sh\n");
    head(plan, &mut out);
    out.push_str(HELPERS);
    let _ =
        writeln!(out, "\naccount={}\nhome={}\nlast={}", quoted(&plan.account), plan.leader_region, plan.steps.len());
    values(plan, &mut out);
    if !plan.steps.is_empty() {
        out.push_str("\ncheck_account\n");
    }
    for (index, step) in plan.steps.iter().enumerate() {
        out.push('\n');
        write_step(index + 1, step, &mut out);
    }
    out.push_str("\ntrap - EXIT\n");
    tasks(plan, &mut out);
    out
}

fn head(plan: &Plan, out: &mut String) {
    comment(out, &format!("What mends account {}, as its snapshot of {} shows it.", plan.account, plan.collected_at));
    for line in [
        "Nothing of this was run. Read it, then run it with credentials of the account: sh plan.sh",
        "  POSTURE_YES=1   takes away without asking what a step would ask about",
        "  POSTURE_FROM=3  begins at step 3, after a run that stopped there",
    ] {
        comment(out, line);
    }
    let steps = counted(plan.steps.len(), "step");
    comment(out, &format!("{steps}; {} gone afterwards.", counted(plan.promised.len(), "finding")));
    out.push('\n');
}

/// The values that the user gives, and what is not given yet.
fn values(plan: &Plan, out: &mut String) {
    for (name, (input, value)) in &plan.inputs {
        if value.is_some() {
            continue;
        }
        out.push('\n');
        comment(out, &format!("SET THIS: {} ({})", input.doc.trim(), input.kind.shape()));
        let upper = name.to_ascii_uppercase();
        let _ = writeln!(out, "in_{name}=${{POSTURE_{upper}-}}");
        let _ = writeln!(out, "case $in_{name} in");
        let advice = quoted(&format!("{name}: {}", input.doc.trim()));
        let _ = writeln!(out, "  '' | *[!{}]*) lacks {advice} ;;", input.kind.shell_class());
        if input.kind == InputKind::Email {
            let _ = writeln!(out, "  ?*@?*.?*) ;;\n  *) lacks {advice} ;;");
        }
        out.push_str("esac\n");
    }
    if plan.missing().next().is_some() {
        let set: Vec<String> = plan.missing().map(|(name, _)| format!("--set {name}=…")).collect();
        let advice = format!(
            "set them in the environment, as POSTURE_EMAIL=…, or make the script anew with posture fix {}",
            set.join(" ")
        );
        let _ = writeln!(out, "\nrefuse_without {}", quoted(&advice));
    }
}

fn write_step(number: usize, step: &Step, out: &mut String) {
    comment(out, &format!("--- {number}. {}", step.title.shown()));
    comment(out, &format!("mends: {}", list(&step.mends)));
    comment(out, &format!("costs: {}", step.cost.shown()));
    comment(out, &format!("needs: {}", step.permissions.iter().map(String::as_str).collect::<Vec<_>>().join(", ")));
    if let Some(evidence) = &step.evidence {
        comment(out, &format!("because: {}", evidence.shown()));
    }
    for call in &step.undo {
        comment(out, &format!("undo: {}", call.shown()));
    }
    if let Some(note) = &step.undo_note {
        comment(out, &format!("undo: {}", note.shown()));
    }
    let _ = write!(out, "if step {number} {}", quoted(&printable(&step.title.shown())));
    if let Some(unless) = &step.unless {
        let words: Vec<String> = unless.words().iter().map(word).collect();
        let _ = write!(out, " && is_missing {} {}", quoted(&unless.accept.join(" ")), words.join(" "));
    }
    if let Some(spares) = &step.spares {
        let _ = write!(out, " && is_not_me {}", word(spares));
    }
    if let Some(confirm) = &step.confirm {
        let _ = write!(out, " && confirm {}", quoted(&printable(&confirm.shown())));
    }
    out.push_str("; then\n");
    for call in &step.calls {
        command(call, out);
    }
    out.push_str("fi\n");
}

fn command(call: &Call, out: &mut String) {
    let words: Vec<String> = call.words().iter().map(word).collect();
    let mut prefix = String::new();
    if call.retry {
        prefix.push_str("retry ");
    }
    if !call.accept.is_empty() {
        let _ = write!(prefix, "unless_done {} ", quoted(&call.accept.join(" ")));
    }
    let line = format!("{prefix}{}", words.join(" "));
    match &call.save {
        None if call.accept.is_empty() => {
            let _ = writeln!(out, "  {line} >/dev/null");
        }
        None => {
            let _ = writeln!(out, "  {line}");
        }
        Some(save) => {
            let _ = writeln!(out, "  out_{}=$({line})", save.name);
            if !save.json {
                let _ = writeln!(out, "  is_name \"$out_{}\"", save.name);
            }
        }
    }
}

/// A word as the shell takes it: text in quotes, variables in double quotes.
fn word(text: &Text) -> String {
    if text.0.is_empty() {
        return "''".to_owned();
    }
    let part = |part: &Part| match part {
        Part::Text(text) => quoted(text),
        Part::Input(name) => format!("\"$in_{name}\""),
        Part::Saved(name) => format!("\"$out_{name}\""),
    };
    text.0.iter().map(part).collect()
}

/// What is left for a person, printed at the end.
fn tasks(plan: &Plan, out: &mut String) {
    if plan.tasks.is_empty() && plan.by_hand.is_empty() {
        return;
    }
    let _ = writeln!(out, "\nnote {}", quoted("Done. What only a person can do:"));
    for (index, task) in plan.tasks.iter().enumerate() {
        let where_to = place(task.console.as_deref(), task.url.as_deref());
        let line = format!("  {}. {}  {where_to}", index + 1, task.title.shown());
        let _ = writeln!(out, "note {}", quoted(printable(&line).trim_end()));
    }
    if !plan.by_hand.is_empty() {
        let more = format!(
            "{} have no commands: posture fix --format markdown tells what to do",
            counted(plan.by_hand.len(), "finding")
        );
        let _ = writeln!(out, "note {}", quoted(&more));
    }
}

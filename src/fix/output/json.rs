//! The plan as JSON (`posture-plan/1`), for programs.

use serde_json::{Value as Json, json};

use super::super::plan::{FORMAT, Mended, Plan, Step};
use super::super::word::{Call, Text};
use super::Settings;
use crate::output::safe_json;

/// Writes the plan, members in the order of their names.
pub(super) fn render(plan: &Plan, _: &Settings) -> String {
    let inputs: Vec<Json> = plan
        .inputs
        .iter()
        .map(|(name, (input, value))| json!({ "name": name, "doc": input.doc, "kind": input.kind, "value": value }))
        .collect();
    let steps: Vec<Json> = plan.steps.iter().enumerate().map(|(index, one)| step(index + 1, one)).collect();
    let tasks: Vec<Json> = plan
        .tasks
        .iter()
        .map(|task| {
            let about: Vec<Json> = task.about.iter().map(mended).collect();
            json!({ "task": task.title.shown(), "console": task.console, "url": task.url, "mends": about })
        })
        .collect();
    let by_hand: Vec<Json> = plan
        .by_hand
        .iter()
        .map(|entry| {
            let text = &entry.text;
            json!({ "mends": mended(&entry.finding), "severity": entry.severity, "text": text, "no_command_because": entry.reason })
        })
        .collect();
    let grants: Vec<Json> = plan
        .grants
        .iter()
        .map(|grant| json!({ "advice": grant.advice, "actions": grant.actions, "rules": grant.rules }))
        .collect();
    let document = json!({
        "format": FORMAT,
        "posture": env!("CARGO_PKG_VERSION"),
        "account": plan.account,
        "partition": plan.partition,
        "collected_at": plan.collected_at.to_string(),
        "inputs": inputs,
        "steps": steps,
        "tasks": tasks,
        "by_hand": by_hand,
        "grants": grants,
        "promised": plan.promised.iter().map(mended).collect::<Vec<_>>(),
        "suppressed": plan.suppressed,
    });
    safe_json::lines(&document)
}

fn mended(mended: &Mended) -> Json {
    json!({ "rule": mended.rule, "resource": mended.resource, "region": mended.region })
}

fn step(number: usize, step: &Step) -> Json {
    let text = |text: &Option<Text>| text.as_ref().map(Text::shown);
    json!({
        "number": number,
        "phase": step.phase,
        "changes": step.title.shown(),
        "region": step.region.shown(),
        "unless": step.unless.as_ref().map(call),
        "commands": step.calls.iter().map(call).collect::<Vec<_>>(),
        "costs": step.cost.shown(),
        "undo": { "commands": step.undo.iter().map(call).collect::<Vec<_>>(), "note": text(&step.undo_note) },
        "permissions": step.permissions,
        "confirm": text(&step.confirm),
        "because": text(&step.evidence),
        "spares": text(&step.spares),
        "mends": step.mends.iter().map(mended).collect::<Vec<_>>(),
    })
}

fn call(call: &Call) -> Json {
    let words: Vec<String> = call.words().iter().map(Text::shown).collect();
    let save = call.save.as_ref().map(|save| &save.name);
    json!({ "words": words, "line": call.shown(), "keeps": save, "accepts": call.accept, "retry": call.retry })
}

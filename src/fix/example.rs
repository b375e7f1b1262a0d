//! Examples of a fix: given facts, the exact commands that must come out.

use std::collections::BTreeMap;

use super::fill::{self, Ground};
use crate::facts::{Record, ResourceRef};
use crate::rule::Rule;
use crate::rule::file::Example;
use crate::snapshot::Time;

/// The account of examples, which AWS's own documents use.
const ACCOUNT: &str = "123456789012";
/// The resource of examples.
const EXAMPLE: &str = "arn:aws:example:us-east-1:123456789012:example";
/// The Region of examples.
const REGION: &str = "us-east-1";

/// Compares what a fix makes of an example with what the example says.
pub(crate) fn run(
    rule: &Rule,
    example: &Example,
    resource: &dyn Record,
    account: &dyn Record,
    now: Time,
) -> Result<(), String> {
    let Some(expected) = &example.fix else { return Ok(()) };
    let fix = rule.fix().map_err(|error| error.to_string())?;
    let fix = fix.ok_or("the example expects commands, but the rule has no `fix`")?;
    for (name, value) in &example.inputs {
        let input = fix.inputs.get(name).ok_or_else(|| format!("the fix has no input `{name}`"))?;
        if let Some(shape) = input.refuses(value) {
            return Err(format!("the input `{name}` is not {shape}"));
        }
    }
    let defaults = fix.inputs.iter().filter_map(|(name, input)| Some((name.clone(), input.default.clone()?)));
    let values: BTreeMap<String, String> = defaults.chain(example.inputs.clone()).collect();
    let resource = ResourceRef { id: EXAMPLE, region: Some(REGION), record: resource };
    let ground = Ground { resource, account, account_id: ACCOUNT, partition: "aws", now };
    let found = match fill::fill(&fix, &ground, &values) {
        Ok(filled) => {
            let commands = filled.steps.iter().flat_map(|step| &step.calls).map(super::word::Call::shown);
            let tasks = filled.tasks.iter().map(|(task, _)| format!("by hand: {}", task.title.shown()));
            commands.chain(tasks).collect()
        }
        Err(gaps) => gaps.iter().map(|gap| format!("not known: {}", gap.message())).collect::<Vec<String>>(),
    };
    if found == *expected {
        return Ok(());
    }
    Err(format!("expected the fix\n  {}\ngot\n  {}", expected.join("\n  "), found.join("\n  ")))
}

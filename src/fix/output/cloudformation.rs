//! The part of the plan that makes new things, as a CloudFormation template of one Region.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value as Json, json};

use super::super::file::{Input, InputKind};
use super::super::plan::Plan;
use super::super::word::{Part, Text};
use super::Settings;
use crate::output::escape::printable;
use crate::output::safe_json;

/// Writes the template as JSON, which CloudFormation reads like YAML.
pub(super) fn render(plan: &Plan, settings: &Settings) -> String {
    let region = settings.stack_region.as_deref().unwrap_or(plan.leader_region);
    let mut resources: BTreeMap<String, Json> = BTreeMap::new();
    let mut inputs: BTreeSet<&str> = BTreeSet::new();
    let (mut elsewhere, mut left_out) = (BTreeSet::new(), Vec::new());
    for (index, step) in plan.steps.iter().enumerate() {
        if step.cloudformation.is_empty() {
            left_out.push(index + 1);
            continue;
        }
        if step.region.shown() != region {
            elsewhere.insert(step.region.shown());
            continue;
        }
        for (name, tree) in &step.cloudformation {
            let mut texts = Vec::new();
            tree.texts(&mut texts);
            inputs.extend(texts.iter().flat_map(|text| text.inputs()));
            let resource = tree.to_json(&leaf);
            let id = free(&resources, name, &resource);
            resources.insert(id, resource);
        }
    }
    order(&mut resources);
    let parameters: BTreeMap<String, Json> = inputs
        .into_iter()
        .filter_map(|name| plan.inputs.get(name).map(|(input, _)| (parameter_name(name), parameter(input))))
        .collect();
    let mut template = json!({
        "AWSTemplateFormatVersion": "2010-09-09",
        "Description": printable(&format!("What mends account {} in {region}, of its snapshot of {}", plan.account, plan.collected_at)),
        "Metadata": { "Posture": {
            "Region": region,
            "AlsoNeededInRegions": elsewhere,
            "StepsOfTheScriptThatAreNotHere": left_out,
        } },
        "Resources": resources,
    });
    if let Some(members) = template.as_object_mut().filter(|_| !parameters.is_empty()) {
        members.insert("Parameters".to_owned(), json!(parameters));
    }
    safe_json::lines(&template)
}

/// Has what is made in a log group of the template refer to it, because CloudFormation makes what is not referred to in any
/// order.
fn order(resources: &mut BTreeMap<String, Json>) {
    let groups = resources.iter().filter(|(_, resource)| resource["Type"] == "AWS::Logs::LogGroup");
    let name = |resource: &Json| resource.pointer(LOG_GROUP)?.as_str().map(str::to_owned);
    let groups: BTreeMap<String, String> =
        groups.filter_map(|(id, resource)| Some((name(resource)?, id.clone()))).collect();
    for (id, resource) in resources {
        let group = name(resource).and_then(|name| groups.get(&name)).filter(|group| *group != id);
        if let (Some(group), Some(place)) = (group, resource.pointer_mut(LOG_GROUP)) {
            *place = json!({ "Ref": group });
        }
    }
}

const LOG_GROUP: &str = "/Properties/LogGroupName";

/// A logical id that nothing else has; the same resource twice is one.
fn free(resources: &BTreeMap<String, Json>, name: &str, resource: &Json) -> String {
    let mut id = name.to_owned();
    let mut number = 1;
    while resources.get(&id).is_some_and(|other| other != resource) {
        number += 1;
        id = format!("{name}{number}");
    }
    id
}

fn parameter_name(input: &str) -> String {
    input
        .split('_')
        .map(|word| {
            let mut letters = word.chars();
            letters.next().map(|first| first.to_ascii_uppercase()).into_iter().chain(letters).collect::<String>()
        })
        .collect()
}

fn parameter(input: &Input) -> Json {
    let kind = if input.kind == InputKind::Number { "Number" } else { "String" };
    json!({ "Type": kind, "Description": printable(&input.doc) })
}

/// A text: plain, the value of a parameter, or one with parameters in it.
fn leaf(text: &Text) -> Json {
    match text.0.as_slice() {
        [Part::Input(name)] => json!({ "Ref": parameter_name(name) }),
        _ if text.is_settled() => Json::from(text.shown()),
        parts => {
            let part = |part: &Part| match part {
                Part::Text(text) => text.replace("${", "${!"),
                Part::Input(name) | Part::Saved(name) => format!("${{{}}}", parameter_name(name)),
            };
            json!({ "Fn::Sub": parts.iter().map(part).collect::<String>() })
        }
    }
}

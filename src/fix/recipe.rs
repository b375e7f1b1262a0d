//! Recipes: steps that several rules share, as the topic that alerts go to. They live in `rules/fixes/`.
//!
//! A recipe is a macro: `%name%` in its texts is replaced by what the rule gives, then the steps are checked as if the
//! rule's file held them. So a recipe can do nothing that a rule could not. Recipes may use recipes.

use std::collections::BTreeMap;

use serde_json::Value as Json;

use super::file::{FixFile, RecipeFile, StepFile, TaskFile};
use crate::rule::compile::suggest;
use crate::rule::load::{options, yaml_message};

include!(concat!(env!("OUT_DIR"), "/fixes.rs"));

/// How deep recipes may use recipes; one that uses itself ends here.
const DEPTH: usize = 4;

/// Replaces every `use` by the steps of its recipe.
pub(crate) fn expand(fix: FixFile) -> Result<FixFile, String> {
    expand_within(fix, DEPTH)
}

fn expand_within(fix: FixFile, depth: usize) -> Result<FixFile, String> {
    let mut expanded = FixFile { inputs: fix.inputs, steps: Vec::new(), person: fix.person };
    for step in fix.steps {
        let Some(id) = &step.recipe else {
            if !step.with.is_empty() {
                return Err("`with` of a step goes with `use`; options of a call stand in the call".to_owned());
            }
            expanded.steps.push(step);
            continue;
        };
        if depth == 0 {
            return Err(format!("recipe `{id}`: recipes use recipes more than {DEPTH} deep"));
        }
        let in_recipe = |error: String| format!("recipe `{id}`: {error}");
        let RecipeFile { inputs, steps, person, .. } = find(id, &step).map_err(in_recipe)?;
        let recipe = expand_within(FixFile { inputs, steps, person }, depth - 1).map_err(in_recipe)?;
        for (name, input) in recipe.inputs {
            match expanded.inputs.get(&name) {
                Some(other) if *other != input => return Err(format!("input `{name}` is declared in two ways")),
                _ => drop(expanded.inputs.insert(name, input)),
            }
        }
        let both = |inner: Option<String>| both(step.when.as_deref(), inner);
        let steps = recipe.steps.into_iter().map(|inner| StepFile { when: both(inner.when.clone()), ..inner });
        expanded.steps.extend(steps);
        let tasks = recipe.person.into_iter().map(|inner| TaskFile { when: both(inner.when.clone()), ..inner });
        expanded.person.extend(tasks);
    }
    Ok(expanded)
}

fn both(outer: Option<&str>, inner: Option<String>) -> Option<String> {
    match (outer, inner) {
        (Some(outer), Some(inner)) => Some(format!("({outer}) && ({inner})")),
        (Some(outer), None) => Some(outer.to_owned()),
        (None, inner) => inner,
    }
}

fn find(id: &str, step: &StepFile) -> Result<RecipeFile, String> {
    let name =
        |file: &str| file.rsplit('/').next().and_then(|name| name.strip_suffix(".yaml")).unwrap_or("").to_owned();
    let Some((_, text)) = RECIPES.iter().find(|(file, _)| name(file) == id) else {
        let known: Vec<String> = RECIPES.iter().map(|(file, _)| name(file)).collect();
        return Err(format!("there is none{}", suggest(id, known.iter().map(String::as_str))));
    };
    let recipe = parse(text)?;
    if let Some(missing) = recipe.takes.keys().find(|name| !step.with.contains_key(*name)) {
        return Err(format!("`with` lacks `{missing}`"));
    }
    if let Some(strange) = step.with.keys().find(|name| !recipe.takes.contains_key(*name)) {
        let near = suggest(strange, recipe.takes.keys().map(String::as_str));
        return Err(format!("it takes no `{strange}`{near}"));
    }
    let mut tree: Json = serde_saphyr::from_str_with_options(text, options()).map_err(|error| yaml_message(&error))?;
    replace(&mut tree, &step.with);
    serde_json::from_value(tree).map_err(|error| error.to_string())
}

/// Reads a recipe file as it is written.
pub fn parse(text: &str) -> Result<RecipeFile, String> {
    serde_saphyr::from_str_with_options(text, options()).map_err(|error| yaml_message(&error))
}

/// Replaces every `%name%` in the texts of a tree.
fn replace(tree: &mut Json, with: &BTreeMap<String, String>) {
    match tree {
        Json::String(text) => {
            for (name, value) in with {
                *text = text.replace(&format!("%{name}%"), value);
            }
        }
        Json::Array(items) => items.iter_mut().for_each(|item| replace(item, with)),
        Json::Object(members) => members.values_mut().for_each(|item| replace(item, with)),
        Json::Null | Json::Bool(_) | Json::Number(_) => {}
    }
}

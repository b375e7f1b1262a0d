//! From the `fix` section of a rule file to templates that are checked against the facts of its resource.

use std::collections::BTreeMap;

use serde_json::Value as Json;

use super::file::{CallFile, FixFile, Input, Phase, Save, StepFile, TaskFile};
use super::recipe;
use super::template::{Filler, Pending, Template, TreeTemplate};
use super::word::{Call, Part, Saved, Text, Tree};
use crate::facts::{Gap, Kind, UNDECIDED};
use crate::rule::Ty;
use crate::rule::compile::{Names, compile, compile_typed};
use crate::rule::eval::Stop;
use crate::rule::load::names;
use crate::rule::node::{Constant, Expression};

/// A rule's fix, checked and ready to be filled.
#[derive(Debug)]
pub struct Fix {
    /// Values that the user gives.
    pub inputs: BTreeMap<String, Input>,
    pub(crate) steps: Vec<Step>,
    pub(crate) tasks: Vec<Task>,
}

impl Fix {
    /// Whether commands do it, at least for some resources.
    pub fn has_commands(&self) -> bool {
        !self.steps.is_empty()
    }

    /// IAM actions that the commands need.
    pub fn permissions(&self) -> impl Iterator<Item = &str> {
        self.steps.iter().flat_map(|step| step.permissions.iter().map(String::as_str))
    }
}

/// A step with its templates.
#[derive(Debug)]
pub(crate) struct Step {
    pub(crate) when: Option<Expression>,
    pub(crate) each: Option<Expression>,
    pub(crate) title: Template,
    pub(crate) phase: Phase,
    pub(crate) region: Option<Template>,
    pub(crate) unless: Option<CallTemplate>,
    pub(crate) calls: Vec<CallTemplate>,
    pub(crate) undo: Vec<CallTemplate>,
    pub(crate) undo_note: Option<Template>,
    pub(crate) cost: Template,
    pub(crate) permissions: Vec<String>,
    pub(crate) confirm: Option<Template>,
    pub(crate) evidence: Option<Template>,
    pub(crate) spares: Option<Template>,
    pub(crate) merge: Option<Template>,
    pub(crate) cloudformation: BTreeMap<String, TreeTemplate>,
    pub(crate) terraform: BTreeMap<String, TreeTemplate>,
}

/// A call with its templates.
#[derive(Debug)]
pub(crate) struct CallTemplate {
    command: Vec<String>,
    options: TreeTemplate,
    save: Option<(Save, Template)>,
    accept: Vec<String>,
    retry: bool,
}

/// A person's task with its templates.
#[derive(Debug)]
pub(crate) struct Task {
    pub(crate) when: Option<Expression>,
    pub(crate) title: Template,
    pub(crate) console: Option<String>,
    pub(crate) url: Option<String>,
    pub(crate) follow_up: bool,
}

/// Names that texts of a fix may use beyond those of the rule, in the order of their positions.
const MORE_NAMES: [&str; 5] = ["resource_id", "resource_region", "account_id", "partition", "leader_region"];

/// Compiles a fix; an error says where in the section it is.
pub(crate) fn fix(file: FixFile, kind: &'static Kind, params: &BTreeMap<String, Constant>) -> Result<Fix, String> {
    let file = recipe::expand(file)?;
    if file.steps.is_empty() && file.person.is_empty() {
        return Err("a fix has `steps` or `person`".to_owned());
    }
    let compiler = Compiler { kind, params, inputs: &file.inputs };
    let at = |kind: &'static str, index: usize| move |error: String| format!("{kind} {}: {error}", index + 1);
    let at_step = |index| at("fix, step", index);
    let at_task = |index| at("fix, person", index);
    for (name, input) in &file.inputs {
        if let Some(shape) = input.default.as_deref().and_then(|value| input.refuses(value)) {
            return Err(format!("the default of input `{name}` is not {shape}"));
        }
    }
    Ok(Fix {
        steps: file
            .steps
            .iter()
            .enumerate()
            .map(|(index, step)| compiler.step(step).map_err(at_step(index)))
            .collect::<Result<_, _>>()?,
        tasks: file
            .person
            .iter()
            .enumerate()
            .map(|(index, task)| compiler.task(task).map_err(at_task(index)))
            .collect::<Result<_, _>>()?,
        inputs: file.inputs,
    })
}

struct Compiler<'a> {
    kind: &'static Kind,
    params: &'a BTreeMap<String, Constant>,
    inputs: &'a BTreeMap<String, Input>,
}

impl Compiler<'_> {
    fn names(&self, item: Option<Ty>) -> Names<'_> {
        let mut names = Names { bare_facts_of: Some(0), ..names(self.kind, self.params) };
        names.variables.extend(MORE_NAMES.map(|name| (name, Ty::String)));
        names.variables.extend(item.map(|item| ("item", item)));
        names
    }

    fn condition(&self, source: Option<&str>) -> Result<Option<Expression>, String> {
        let compile = |source| compile(source, &self.names(None), Some(&Ty::Bool));
        source.map(compile).transpose().map_err(|error| format!("`when`: {}", error.message))
    }

    fn step(&self, step: &StepFile) -> Result<Step, String> {
        let each = step.each.as_deref().map(|source| compile_typed(source, &self.names(None)));
        let (each, item) = match each.transpose().map_err(|error| format!("`each`: {}", error.message))? {
            None => (None, None),
            Some((each, Ty::List(item))) => (Some(each), Some(item.as_ref().clone())),
            Some((_, ty)) => return Err(format!("`each` is of type {ty}, but a list is needed")),
        };
        let names = self.names(item);
        let mut pending = Pending { inputs: self.inputs.keys().cloned().collect(), ..Pending::default() };
        let text = |what: &str, source: &str| {
            let pending = Pending { saved: BTreeMap::new(), ..pending.clone() };
            Template::compile(source, &names, &pending).map_err(|error| format!("`{what}`: {error}"))
        };
        let optional = |what: &str, source: &Option<String>| source.as_deref().map(|s| text(what, s)).transpose();
        let need = |what: &str, source: &Option<String>| {
            text(what, source.as_deref().ok_or_else(|| format!("`{what}` is missing"))?)
        };
        let trees = |trees: &BTreeMap<String, Json>| {
            let tree = |(name, tree): (&String, &Json)| {
                let tree = TreeTemplate::compile(tree, &names, &pending).map_err(|error| format!("{name}: {error}"))?;
                Ok((name.clone(), tree))
            };
            trees.iter().map(tree).collect::<Result<BTreeMap<_, _>, String>>()
        };
        if step.calls.is_empty() {
            return Err("`calls` is empty".to_owned());
        }
        if step.undo.is_empty() && step.undo_note.is_none() {
            return Err("it does not say how it is undone: give `undo` or `undo_note`".to_owned());
        }
        let well_formed = |action: &&String| {
            action.split_once(':').is_some_and(|(service, name)| {
                !service.is_empty() && name.starts_with(|c: char| c.is_ascii_uppercase())
            })
        };
        if let Some(strange) = step.permissions.iter().find(|action| !well_formed(action)) {
            return Err(format!("permission `{strange}` is not like `iam:CreateGroup`"));
        }
        if step.permissions.is_empty() {
            return Err("`permissions` is empty".to_owned());
        }
        let mut made = Step {
            when: self.condition(step.when.as_deref())?,
            each,
            title: need("do", &step.title)?,
            phase: step.phase.ok_or("`phase` is missing")?,
            region: optional("region", &step.region)?,
            undo_note: optional("undo_note", &step.undo_note)?,
            cost: need("cost", &step.cost)?,
            permissions: step.permissions.clone(),
            confirm: optional("confirm", &step.confirm)?,
            evidence: optional("evidence", &step.evidence)?,
            spares: optional("spares", &step.spares)?,
            merge: optional("merge", &step.merge)?,
            cloudformation: trees(&step.cloudformation)?,
            terraform: trees(&step.terraform)?,
            unless: step.unless.as_ref().map(|file| question(file, &names, &pending)).transpose()?,
            calls: Vec::new(),
            undo: Vec::new(),
        };
        for file in &step.calls {
            made.calls.push(call(file, &names, &pending)?);
            if let Some(save) = &file.save {
                pending.saved.insert(save.name.clone(), save.json);
            }
        }
        pending.saved.clear();
        for file in &step.undo {
            made.undo.push(call(file, &names, &pending)?);
            if let Some(save) = &file.save {
                pending.saved.insert(save.name.clone(), save.json);
            }
        }
        Ok(made)
    }

    fn task(&self, task: &TaskFile) -> Result<Task, String> {
        let pending = Pending { inputs: self.inputs.keys().cloned().collect(), ..Pending::default() };
        if let Some(url) = task.url.as_ref().filter(|url| !url.starts_with("https://")) {
            return Err(format!("url `{url}` does not start with https://"));
        }
        Ok(Task {
            when: self.condition(task.when.as_deref())?,
            title: Template::compile(&task.title, &self.names(None), &pending)?,
            console: task.console.clone(),
            url: task.url.clone(),
            follow_up: task.follow_up,
        })
    }
}

/// Lower-case words with dashes, as names of services, operations and options are.
fn is_cli_word(word: &str) -> bool {
    word.starts_with(|c: char| c.is_ascii_lowercase())
        && word.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-')
}

/// The call of `unless`, which only asks.
fn question(file: &CallFile, names: &Names<'_>, pending: &Pending) -> Result<CallTemplate, String> {
    let asks = ["get-", "describe-", "list-", "head-"];
    let operation = file.call.split(' ').nth(1).unwrap_or_default();
    if !asks.iter().any(|verb| operation.starts_with(verb)) {
        return Err(format!("`unless`: `{}` is no call that only asks", file.call));
    }
    if file.accept.is_empty() || file.save.is_some() || file.retry {
        return Err("`unless` has `call`, `with`, and in `accept` the codes that mean that nothing is there".to_owned());
    }
    call(file, names, pending).map_err(|error| format!("`unless`: {error}"))
}

fn call(file: &CallFile, names: &Names<'_>, pending: &Pending) -> Result<CallTemplate, String> {
    let command: Vec<String> = file.call.split(' ').map(str::to_owned).collect();
    if command.len() != 2 || !command.iter().all(|word| is_cli_word(word)) {
        return Err(format!("`{}` is not service and operation as in `iam create-group`", file.call));
    }
    if let Some(name) = file.with.keys().find(|name| !is_cli_word(name.trim_end_matches('?'))) {
        return Err(format!("`{name}` of `{}` is no option's name without dashes", file.call));
    }
    if let Some(save) = &file.save
        && (save.name.is_empty() || !save.name.bytes().all(|b| b.is_ascii_lowercase() || b == b'_'))
    {
        return Err(format!("`{}` is no name to keep an answer by: lower-case letters and `_`", save.name));
    }
    if file.save.is_some() && !file.accept.is_empty() {
        return Err(format!("`{}` cannot keep an answer that `accept` lets fail", file.call));
    }
    if file.accept.iter().any(|code| code.is_empty() || !code.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'.')) {
        return Err(format!("`accept` of `{}` holds something that is no error code", file.call));
    }
    let options = Json::Object(file.with.clone().into_iter().collect());
    Ok(CallTemplate {
        options: TreeTemplate::compile(&options, names, pending)
            .map_err(|error| format!("`{}`: {error}", file.call))?,
        command,
        save: file
            .save
            .as_ref()
            .map(|save| Ok::<_, String>((save.clone(), Template::compile(&save.query, names, pending)?)))
            .transpose()
            .map_err(|error| format!("`save` of `{}`: {error}", file.call))?,
        accept: file.accept.clone(),
        retry: file.retry,
    })
}

/// Beginnings of a value that the AWS CLI replaces by the content of a file or page.
const REFERENCES: [&str; 4] = ["file://", "fileb://", "http://", "https://"];
/// The option that takes an address for what it is.
const ADDRESS: &str = "notification-endpoint";

impl CallTemplate {
    /// Fills the call.
    pub(crate) fn fill<'a>(&'a self, filler: &mut Filler<'a, '_>, region: &Text) -> Result<Call, Stop> {
        let Tree::Map(options) = self.options.fill(filler)? else { return Err(refused("the options are no mapping")) };
        for (name, value) in &options {
            if let Tree::Text(Text(parts)) = value
                && let Some(Part::Text(text)) = parts.first()
                && name != ADDRESS
                && REFERENCES.iter().any(|reference| text.starts_with(reference))
            {
                return Err(refused("a name begins like a reference to a file, which the AWS CLI would read"));
            }
        }
        let save = self.save.as_ref().map(|(save, query)| {
            Ok::<_, Stop>(Saved { name: save.name.clone(), query: query.fill(filler)?, json: save.json })
        });
        Ok(Call {
            command: self.command.clone(),
            options,
            region: region.clone(),
            save: save.transpose()?,
            accept: self.accept.clone(),
            retry: self.retry,
        })
    }
}

fn refused(message: &str) -> Stop {
    Stop::Unknown(vec![Gap::of_reason(UNDECIDED, message)])
}

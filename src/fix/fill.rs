//! Filling one fix with the facts of one resource.

use std::collections::{BTreeMap, BTreeSet};

use super::compile::{CallTemplate, Fix, Step as StepTemplate};
use super::plan::{Step, Task};
use super::template::{Filler, Template};
use super::word::{Call, Text, Tree};
use crate::facts::{Gap, NOT_ATTESTED, Record, ResourceRef, Value};
use crate::rule::Attested;
use crate::rule::eval::{Scope, Stop};
use crate::rule::judge::attested_unknown;
use crate::rule::node::Expression;
use crate::snapshot::{Time, leader_region};

/// What a fix is filled from.
pub(crate) struct Ground<'a> {
    pub(crate) resource: ResourceRef<'a>,
    pub(crate) account: &'a dyn Record,
    pub(crate) account_id: &'a str,
    pub(crate) partition: &'a str,
    pub(crate) now: Time,
}

/// A filled fix; tasks with whether the finding goes away without them.
#[derive(Debug)]
pub(crate) struct Filled {
    pub(crate) steps: Vec<Step>,
    pub(crate) tasks: Vec<(Task, bool)>,
}

/// Fills a fix, or says what is not known.
pub(crate) fn fill(fix: &Fix, ground: &Ground<'_>, values: &BTreeMap<String, String>) -> Result<Filled, Vec<Gap>> {
    let attested = attested_unknown(Gap::of_reason(NOT_ATTESTED, "a fix does not read attestations"));
    Worker { ground, attested: &attested, values }.fix(fix).map_err(Stop::gaps)
}

struct Worker<'a> {
    ground: &'a Ground<'a>,
    attested: &'a Attested,
    values: &'a BTreeMap<String, String>,
}

impl<'a> Worker<'a> {
    fn fix(&self, fix: &'a Fix) -> Result<Filled, Stop> {
        let mut filled = Filled { steps: Vec::new(), tasks: Vec::new() };
        for step in &fix.steps {
            if !self.applies(step.when.as_ref())? {
                continue;
            }
            match &step.each {
                None => filled.steps.push(self.step(step, None)?),
                Some(each) => {
                    for item in self.items(each)? {
                        filled.steps.push(self.step(step, Some(item))?);
                    }
                }
            }
        }
        for task in &fix.tasks {
            if self.applies(task.when.as_ref())? {
                let (console, url) = (task.console.clone(), task.url.clone());
                let title = task.title.fill(&mut self.filler(None))?;
                filled.tasks.push((Task { title, console, url, about: Vec::new() }, task.follow_up));
            }
        }
        Ok(filled)
    }

    fn scope(&self, item: Option<Value<'a>>) -> Scope<'a> {
        let ground = self.ground;
        let text = |text: &'a str| Value::String(text.into());
        let leader = leader_region(ground.partition);
        let mut variables = vec![
            Value::Record(ground.resource.record),
            Value::Record(ground.account),
            Value::Time(ground.now),
            Value::Record(self.attested),
            text(ground.resource.id),
            text(ground.resource.region.unwrap_or(leader)),
            text(ground.account_id),
            text(ground.partition),
            text(leader),
        ];
        variables.extend(item);
        Scope::new(variables)
    }

    fn filler(&self, item: Option<Value<'a>>) -> Filler<'a, 'a> {
        Filler { scope: self.scope(item), inputs: self.values }
    }

    fn applies(&self, when: Option<&'a Expression>) -> Result<bool, Stop> {
        when.map_or(Ok(true), |when| self.scope(None).truth(&when.node))
    }

    /// The items of a list, all of them: a list that may go on would leave things undone in silence.
    fn items(&self, each: &'a Expression) -> Result<Vec<Value<'a>>, Stop> {
        let Value::List(items) = self.scope(None).eval(&each.node)? else { return Ok(Vec::new()) };
        if items.gaps().is_empty() {
            Ok((0..items.len()).filter_map(|at| items.get(at)).collect())
        } else {
            Err(Stop::Unknown(items.gaps().to_vec()))
        }
    }

    fn step(&self, step: &'a StepTemplate, item: Option<Value<'a>>) -> Result<Step, Stop> {
        let mut filler = self.filler(item);
        let filler = &mut filler;
        let region = match &step.region {
            Some(region) => region.fill(filler)?,
            None => Text::from(self.ground.resource.region.unwrap_or(leader_region(self.ground.partition))),
        };
        let mut optional =
            |template: &'a Option<Template>| template.as_ref().map(|template| template.fill(filler)).transpose();
        let undo_note = optional(&step.undo_note)?;
        let confirm = optional(&step.confirm)?;
        // What speaks for a step runs nothing, so what is not known of it withdraws nothing.
        let evidence = optional(&step.evidence).unwrap_or_else(|_| Some(Text::from("not known")));
        let spares = optional(&step.spares)?;
        let merge = optional(&step.merge)?;
        let calls = |calls: &'a [CallTemplate], filler: &mut Filler<'a, '_>| {
            calls.iter().map(|call| call.fill(filler, &region)).collect::<Result<Vec<Call>, Stop>>()
        };
        let trees = |trees: &'a BTreeMap<String, super::template::TreeTemplate>, filler: &mut Filler<'a, '_>| {
            let tree =
                |(name, tree): (&String, &'a super::template::TreeTemplate)| Ok((name.clone(), tree.fill(filler)?));
            trees.iter().map(tree).collect::<Result<BTreeMap<String, Tree>, Stop>>()
        };
        Ok(Step {
            phase: step.phase,
            title: step.title.fill(filler)?,
            unless: step.unless.as_ref().map(|call| call.fill(filler, &region)).transpose()?,
            calls: calls(&step.calls, filler)?,
            undo: calls(&step.undo, filler)?,
            undo_note,
            cost: step.cost.fill(filler)?,
            permissions: step.permissions.iter().cloned().collect::<BTreeSet<_>>(),
            confirm,
            evidence,
            spares,
            cloudformation: trees(&step.cloudformation, filler)?,
            terraform: trees(&step.terraform, filler)?,
            region,
            mends: Vec::new(),
            merge,
        })
    }
}

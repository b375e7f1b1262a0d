//! The plan of one account: each failing finding's fix filled with its facts, put in an order that works.
//!
//! Equal steps become one, so a topic that three alarms need is made once. What a fix cannot be filled for is listed
//! with the reason, and so is what was not judged: nothing that fails is missing from the plan.

use std::collections::{BTreeMap, BTreeSet};

use rayon::prelude::*;

use super::compile::Fix;
use super::file::{Input, Phase};
use super::fill::{self, Filled, Ground};
use super::word::{Call, Text, Tree};
use crate::facts::{Facts, Gap, ResourceRef};
use crate::finding::{Finding, Severity, Status};
use crate::report::Report;
use crate::rule::compile::suggest;
use crate::rule::{LoadError, Rule};
use crate::snapshot::{Time, leader_region};

/// The `format` of the JSON plan.
pub const FORMAT: &str = "posture-plan/1";

/// Why no plan can be made.
#[derive(Debug, thiserror::Error)]
pub enum PlanError {
    /// A value was given that no fix asks for.
    #[error("no fix asks for `{name}`{near}")]
    UnknownInput {
        /// The name that was given.
        name: String,
        /// A likely spelling.
        near: String,
    },
    /// A value does not look like what it is for.
    #[error("`{name}` is {shape}, and `{value}` is not")]
    BadInput {
        /// The input's name.
        name: String,
        /// What it looks like.
        shape: &'static str,
        /// What was given.
        value: String,
    },
    /// The fix of a rule is wrong.
    #[error(transparent)]
    Load(#[from] LoadError),
    /// Two rules declare the same input differently.
    #[error("the rules declare the input `{name}` in two ways, one of them in `{file}`")]
    TwoDeclarations {
        /// The input's name.
        name: String,
        /// The file of the second declaration.
        file: String,
    },
}

/// What to do about an account.
#[derive(Debug)]
pub struct Plan {
    /// The twelve digits of the account.
    pub account: String,
    /// The partition.
    pub partition: String,
    /// When the snapshot was collected.
    pub collected_at: Time,
    /// The Region that answers for the account.
    pub leader_region: &'static str,
    /// Values that steps and tasks of this plan use, with what was given.
    pub inputs: BTreeMap<String, (Input, Option<String>)>,
    /// What commands do, in order.
    pub steps: Vec<Step>,
    /// What only a person can do.
    pub tasks: Vec<Task>,
    /// Failing findings without commands, with what to do in words.
    pub by_hand: Vec<ByHand>,
    /// What to grant so that the rest can be judged.
    pub grants: Vec<Grant>,
    /// Findings that are gone when every step has run.
    pub promised: Vec<Mended>,
    /// Failing findings that a suppression accepts, which the plan leaves alone.
    pub suppressed: usize,
}

/// A finding that a step mends.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Mended {
    /// The rule's id.
    pub rule: String,
    /// The resource.
    pub resource: String,
    /// The resource's Region.
    pub region: Option<String>,
}

/// One step of the plan.
#[derive(Debug)]
pub struct Step {
    /// When its turn comes.
    pub phase: Phase,
    /// What changes.
    pub title: Text,
    /// A call that answers when what the step makes is there already.
    pub unless: Option<Call>,
    /// The calls.
    pub calls: Vec<Call>,
    /// Calls that undo it.
    pub undo: Vec<Call>,
    /// How it is undone, where calls do not say it all.
    pub undo_note: Option<Text>,
    /// What it costs.
    pub cost: Text,
    /// IAM actions that it needs.
    pub permissions: BTreeSet<String>,
    /// What to ask before it.
    pub confirm: Option<Text>,
    /// What speaks for it.
    pub evidence: Option<Text>,
    /// Whose credentials must not run it.
    pub spares: Option<Text>,
    /// CloudFormation resources that do the same.
    pub cloudformation: BTreeMap<String, Tree>,
    /// Terraform resources that do the same.
    pub terraform: BTreeMap<String, Tree>,
    /// The Region of its calls.
    pub region: Text,
    /// Findings that it helps to mend.
    pub mends: Vec<Mended>,
    pub(super) merge: Option<Text>,
}

/// A person's task.
#[derive(Debug)]
pub struct Task {
    /// What to do.
    pub title: Text,
    /// The way through the console.
    pub console: Option<String>,
    /// The page.
    pub url: Option<String>,
    /// Findings that it is about.
    pub about: Vec<Mended>,
}

/// A failing finding without commands.
#[derive(Debug)]
pub struct ByHand {
    /// The finding.
    pub finding: Mended,
    /// How bad it is.
    pub severity: Severity,
    /// What to do, in words.
    pub text: String,
    /// Why there are no commands.
    pub reason: Option<String>,
}

/// A call that did not answer, and what to do so that it does.
#[derive(Debug, PartialEq, Eq)]
pub struct Grant {
    /// What to do, in words.
    pub advice: String,
    /// IAM actions to grant.
    pub actions: Vec<String>,
    /// Rules that cannot be judged without it.
    pub rules: Vec<String>,
}

/// Makes the plan of a judged account. `given` are the user's values by name.
pub fn plan(
    rules: &[Rule],
    facts: &Facts,
    report: &Report,
    given: &BTreeMap<String, String>,
) -> Result<Plan, PlanError> {
    let fixes = fixes(rules)?;
    let declared = declared(&fixes)?;
    let values = check(&declared, given)?;
    let mut planner = Planner {
        facts,
        report,
        values: &values,
        steps: Vec::new(),
        tasks: Vec::new(),
        by_hand: Vec::new(),
        promised: Vec::new(),
    };
    let mut suppressed = 0;
    for finding in report.findings().filter(|finding| finding.status == Status::Fail) {
        if finding.suppressed.is_some() {
            suppressed += 1;
        } else if let Some((rule, fix)) = fixes.iter().find(|(rule, _)| *rule.id == *finding.rule) {
            planner.finding(rule, fix.as_ref(), finding);
        }
    }
    let Planner { mut steps, tasks, by_hand, mut promised, .. } = planner;
    steps.sort_by_key(|step| step.phase);
    promised.sort();
    let used = used(&steps, &tasks);
    let inputs = declared
        .into_iter()
        .filter(|(name, _)| used.contains(*name) || values.contains_key(*name) && given.contains_key(*name))
        .map(|(name, input)| (name.to_owned(), (input.clone(), values.get(name).cloned())))
        .collect();
    Ok(Plan {
        account: report.account.clone(),
        partition: report.partition.clone(),
        collected_at: report.collected_at,
        leader_region: leader_region(&report.partition),
        inputs,
        steps,
        tasks,
        by_hand,
        grants: grants(report),
        promised,
        suppressed,
    })
}

impl Plan {
    /// Values that are still to be given.
    pub fn missing(&self) -> impl Iterator<Item = (&str, &Input)> {
        self.inputs.iter().filter(|(_, (_, value))| value.is_none()).map(|(name, (input, _))| (name.as_str(), input))
    }
}

type Fixes<'a> = [(&'a Rule, Option<Fix>)];

fn fixes(rules: &[Rule]) -> Result<Vec<(&Rule, Option<Fix>)>, LoadError> {
    rules.par_iter().map(|rule| Ok((rule, rule.fix()?))).collect()
}

fn declared<'a>(fixes: &'a Fixes<'_>) -> Result<BTreeMap<&'a str, &'a Input>, PlanError> {
    let mut declared: BTreeMap<&str, &Input> = BTreeMap::new();
    for (rule, fix) in fixes {
        for (name, input) in fix.iter().flat_map(|fix| &fix.inputs) {
            match declared.insert(name, input) {
                Some(other) if other != input => {
                    return Err(PlanError::TwoDeclarations { name: name.clone(), file: rule.file.clone() });
                }
                _ => {}
            }
        }
    }
    Ok(declared)
}

fn check(
    declared: &BTreeMap<&str, &Input>,
    given: &BTreeMap<String, String>,
) -> Result<BTreeMap<String, String>, PlanError> {
    for (name, value) in given {
        let Some(input) = declared.get(name.as_str()) else {
            let near = suggest(name, declared.keys().copied());
            return Err(PlanError::UnknownInput { name: name.clone(), near });
        };
        if let Some(shape) = input.refuses(value) {
            return Err(PlanError::BadInput { name: name.clone(), shape, value: value.clone() });
        }
    }
    let defaults = declared.iter().filter_map(|(name, input)| Some(((*name).to_owned(), input.default.clone()?)));
    Ok(defaults.chain(given.clone()).collect())
}

/// Names of values still to be given that a plan uses.
fn used(steps: &[Step], tasks: &[Task]) -> BTreeSet<String> {
    let mut texts: Vec<&Text> = Vec::new();
    for step in steps {
        texts.extend([&step.title, &step.cost, &step.region]);
        texts.extend(step.undo_note.iter().chain(&step.confirm).chain(&step.evidence).chain(&step.spares));
        let options = step.calls.iter().chain(&step.undo).chain(&step.unless).flat_map(|call| call.options.values());
        options
            .chain(step.cloudformation.values())
            .chain(step.terraform.values())
            .for_each(|tree| tree.texts(&mut texts));
    }
    texts.extend(tasks.iter().map(|task| &task.title));
    texts.iter().flat_map(|text| text.inputs()).map(str::to_owned).collect()
}

struct Planner<'a> {
    facts: &'a Facts,
    report: &'a Report,
    values: &'a BTreeMap<String, String>,
    steps: Vec<Step>,
    tasks: Vec<Task>,
    by_hand: Vec<ByHand>,
    promised: Vec<Mended>,
}

impl Planner<'_> {
    fn finding(&mut self, rule: &Rule, fix: Option<&Fix>, finding: &Finding) {
        let mended = Mended {
            rule: finding.rule.to_string(),
            resource: finding.resource.id.clone(),
            region: finding.resource.region.clone(),
        };
        let words = |reason: Option<String>| ByHand {
            finding: mended.clone(),
            severity: finding.severity,
            text: rule.remediation.text.trim().to_owned(),
            reason,
        };
        let Some((fix, resource)) = fix.zip(self.resource(rule, finding)) else {
            self.by_hand.push(words(None));
            return;
        };
        let ground = Ground {
            resource,
            account: &self.facts.account.facts,
            account_id: &self.report.account,
            partition: &self.report.partition,
            now: self.report.as_of,
        };
        match fill::fill(fix, &ground, self.values) {
            Err(gaps) => self.by_hand.push(words(Some(reason(&gaps)))),
            Ok(filled) if filled.steps.is_empty() && filled.tasks.is_empty() => self.by_hand.push(words(None)),
            Ok(filled) => {
                if let Err(conflict) = self.add(filled, &mended) {
                    self.by_hand.push(words(Some(conflict)));
                }
            }
        }
    }

    fn resource<'b>(&'b self, rule: &Rule, finding: &Finding) -> Option<ResourceRef<'b>> {
        let wanted = &finding.resource;
        let listing = (rule.kind.list)(self.facts);
        listing.resources.into_iter().find(|one| one.id == wanted.id && one.region == wanted.region.as_deref())
    }

    fn add(&mut self, filled: Filled, mended: &Mended) -> Result<(), String> {
        for step in &filled.steps {
            if let Some(conflict) = self.steps.iter().find_map(|other| conflict(other, step)) {
                return Err(conflict);
            }
        }
        if !filled.steps.is_empty() && filled.tasks.iter().all(|(_, follow_up)| *follow_up) {
            self.promised.push(mended.clone());
        }
        for mut step in filled.steps {
            step.mends.push(mended.clone());
            match self.steps.iter_mut().find(|other| is_same(other, &step)) {
                Some(other) => join(other, step),
                None => self.steps.push(step),
            }
        }
        for (mut task, _) in filled.tasks {
            match self.tasks.iter_mut().find(|other| other.title == task.title) {
                Some(other) => other.about.push(mended.clone()),
                None => {
                    task.about.push(mended.clone());
                    self.tasks.push(task);
                }
            }
        }
        Ok(())
    }
}

fn is_same(one: &Step, two: &Step) -> bool {
    match (&one.merge, &two.merge) {
        (Some(one), Some(two)) => one == two,
        (None, None) => one.region == two.region && one.calls == two.calls,
        _ => false,
    }
}

/// Why two steps that belong together cannot: they give one option two values, and neither holds the other.
fn conflict(one: &Step, two: &Step) -> Option<String> {
    if one.merge.is_none() || one.merge != two.merge {
        return None;
    }
    one.calls.iter().zip(&two.calls).find_map(|(one, two)| {
        let (name, _) = one.options.iter().find(|(name, value)| {
            two.options.get(*name).is_some_and(|other| !holds(value, other) && !holds(other, value))
        })?;
        Some(format!("another step of the plan gives `--{name}` of `{}` another value", one.command.join(" ")))
    })
}

/// Whether a value does what another does: it is equal, or a list with all of its items.
fn holds(value: &Tree, other: &Tree) -> bool {
    match (value, other) {
        (Tree::List(items), Tree::List(others)) => others.iter().all(|item| items.contains(item)),
        (value, other) => value == other,
    }
}

fn join(one: &mut Step, two: Step) {
    one.phase = one.phase.min(two.phase);
    one.permissions.extend(two.permissions);
    for mended in two.mends {
        if !one.mends.contains(&mended) {
            one.mends.push(mended);
        }
    }
    let adds = |(one, two): (&Call, &Call)| {
        let more = |(name, value)| one.options.get(name).is_some_and(|there: &Tree| !holds(there, value));
        two.options.iter().any(more)
    };
    if one.calls.iter().zip(&two.calls).any(adds) {
        // The words are those of the step that does more.
        (one.title, one.cost, one.confirm, one.undo_note) = (two.title, two.cost, two.confirm, two.undo_note);
    }
    for (one, two) in one.calls.iter_mut().zip(two.calls) {
        for (name, value) in two.options {
            if one.options.get(&name).is_none_or(|there| !holds(there, &value)) {
                one.options.insert(name, value);
            }
        }
    }
    for (name, tree) in two.terraform {
        match (one.terraform.get_mut(&name), tree) {
            (Some(Tree::Map(one)), Tree::Map(two)) => one.extend(two),
            (_, tree) => drop(one.terraform.insert(name, tree)),
        }
    }
    one.cloudformation.extend(two.cloudformation);
}

fn reason(gaps: &[Gap]) -> String {
    let Some(gap) = gaps.first() else { return "a fact is not known".to_owned() };
    match gap.operation() {
        Some(operation) => format!("{} in {} answered {}", operation.label(), gap.region(), gap.code()),
        None => gap.message().to_owned(),
    }
}

/// What to do so that what stayed unknown can be judged, by kind of cause.
fn grants(report: &Report) -> Vec<Grant> {
    let mut by_advice: BTreeMap<(String, Vec<String>), BTreeSet<String>> = BTreeMap::new();
    for entry in &report.gaps {
        let gap = &entry.gap;
        let actions: Vec<String> = gap.actions().iter().map(|action| (*action).to_owned()).collect();
        let (advice, actions) = match gap.operation() {
            Some(operation) if gap.is_denied() => (
                format!("grant {} to who collects: {} answered {}", actions.join(", "), operation.label(), gap.code()),
                actions,
            ),
            Some(operation) if gap.code() == crate::facts::NOT_COLLECTED => (
                format!(
                    "collect again: {} is not in the snapshot, and needs {}",
                    operation.label(),
                    actions.join(", ")
                ),
                actions,
            ),
            Some(operation) => (format!("collect again: {} answered {}", operation.label(), gap.code()), actions),
            None => (gap.message().to_owned(), Vec::new()),
        };
        by_advice.entry((advice, actions)).or_default().extend(entry.rules.iter().cloned());
    }
    by_advice
        .into_iter()
        .map(|((advice, actions), rules)| Grant { advice, actions, rules: rules.into_iter().collect() })
        .collect()
}

//! `posture frameworks`: which benchmarks there are, and how much of each the rules judge.

use std::fmt::Write as _;

use serde::Serialize;

use super::ruleset::Selection;
use super::terminal;
use crate::error::{EXIT_CLEAN, Error};
use crate::framework::{self, Framework, Judged};
use crate::rule::Rule;

/// Options of `posture frameworks`.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  posture frameworks                          list all frameworks
  posture frameworks cis-aws-7.0              list the controls of one, with the rules that judge them
  posture scan --framework cis-aws-7.0        judge an account by one")]
pub(super) struct Args {
    /// The framework whose controls are listed
    id: Option<String>,
    /// Format of the list
    #[arg(long, value_enum, default_value = "table")]
    format: super::rules::ListFormat,
    #[command(flatten)]
    selection: Selection,
}

/// Runs the command.
pub(super) fn run(args: &Args) -> Result<u8, Error> {
    let (rules, _) = args.selection.load()?;
    let json = matches!(args.format, super::rules::ListFormat::Json);
    let text = match &args.id {
        None => {
            let all = framework::all()?;
            let listed: Vec<ListedFramework<'_>> = all.iter().map(|framework| listed(framework, &rules)).collect();
            if json { to_json(&listed)? } else { list(&listed) }
        }
        Some(id) => {
            let framework = framework::find(id)?;
            let controls = controls(&framework, &rules);
            if json { to_json(&controls)? } else { page(&framework, &controls) }
        }
    };
    super::print(terminal::printable(&text).as_bytes())?;
    Ok(EXIT_CLEAN)
}

#[derive(Serialize)]
struct ListedFramework<'a> {
    id: &'a str,
    name: &'a str,
    version: &'a str,
    about: &'a str,
    reference: &'a str,
    controls: usize,
    judged: usize,
    not_yet_judged: usize,
    manual: usize,
}

#[derive(Serialize)]
struct ListedControl<'a> {
    id: &'a str,
    title: &'a str,
    judged: Judged,
    rules: Vec<&'a str>,
}

fn listed<'a>(framework: &'a Framework, rules: &[Rule]) -> ListedFramework<'a> {
    let controls = controls(framework, rules);
    let judged = controls.iter().filter(|control| !control.rules.is_empty()).count();
    let manual = controls.iter().filter(|control| control.rules.is_empty() && control.judged == Judged::Manual).count();
    ListedFramework {
        id: &framework.id,
        name: &framework.name,
        version: &framework.version,
        about: &framework.about,
        reference: &framework.reference,
        controls: controls.len(),
        judged,
        not_yet_judged: controls.len() - judged - manual,
        manual,
    }
}

fn controls<'a>(framework: &'a Framework, rules: &'a [Rule]) -> Vec<ListedControl<'a>> {
    let mut coverage = framework.coverage(rules);
    framework
        .controls
        .iter()
        .map(|control| ListedControl {
            id: &control.id,
            title: &control.title,
            judged: control.judged,
            rules: coverage.remove(control.id.as_str()).unwrap_or_default(),
        })
        .collect()
}

fn to_json(listed: &impl Serialize) -> Result<String, Error> {
    let text = serde_json::to_string_pretty(listed)
        .map_err(|error| Error::other(format!("the list cannot be printed: {error}"), "report this as a bug"))?;
    Ok(text + "\n")
}

fn list(frameworks: &[ListedFramework<'_>]) -> String {
    let mut table = terminal::table(["framework", "name", "controls", "with rules", "without rules yet", "manual"]);
    for framework in frameworks {
        table.add_row([
            framework.id.to_owned(),
            format!("{}, {}", framework.name, framework.version),
            framework.controls.to_string(),
            framework.judged.to_string(),
            framework.not_yet_judged.to_string(),
            framework.manual.to_string(),
        ]);
    }
    format!("{table}\n`posture frameworks ID` lists the controls of one; `posture scan --framework ID` judges by it.\n")
}

fn page(framework: &Framework, controls: &[ListedControl<'_>]) -> String {
    let mut text = format!(
        "{} {} ({})\n{}\n{}\n\n",
        framework.name, framework.version, framework.id, framework.about, framework.reference
    );
    let mut table = terminal::table(["control", "what it asks", "judged", "rules"]);
    for control in controls {
        let rules = if control.rules.is_empty() { "-".to_owned() } else { control.rules.join("\n") };
        table.add_row([control.id.to_owned(), control.title.to_owned(), control.judged.name().to_owned(), rules]);
    }
    let _ = writeln!(text, "{table}");
    text
}

//! `posture rules`: list, show, test and create rules.

mod docs;
mod new;

use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use clap::{Subcommand, ValueEnum};
use serde::Serialize;

use super::ruleset::{Selection, read_text};
use super::terminal;
use crate::error::{EXIT_CLEAN, EXIT_ERROR, EXIT_FINDINGS, Error};
use crate::finding::Severity;
use crate::rule::compile::suggest;
use crate::rule::{self, LoadError, ParamOverrides, Rule, example, load};

/// Options of `posture rules`.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  posture rules list                                   all rules
  posture rules show root-mfa-enabled                  one: why, when, what to do
  posture rules new team-user-named --resource iam-user --dir rules
  posture rules test rules                             run the examples of your own rules
  posture scan --rules rules                           judge by them as well

docs/tutorial.md makes a rule in five minutes.")]
pub(super) struct Args {
    #[command(subcommand)]
    command: RulesCommand,
}

#[derive(Debug, Subcommand)]
enum RulesCommand {
    /// List all rules
    List {
        /// Format of the list
        #[arg(long, value_enum, default_value = "table")]
        format: ListFormat,
        #[command(flatten)]
        selection: Selection,
    },
    /// Show one rule: why, when, what to do
    Show {
        /// The rule's id
        id: String,
        #[command(flatten)]
        selection: Selection,
    },
    /// Run the examples of the built-in rules, or of a folder or file
    Test {
        /// Folder or file with rules of your own
        path: Option<PathBuf>,
    },
    /// Write the chapters of a documentation site: a page for each rule and framework
    Docs {
        /// Folder to write to; made when it is not there
        dir: PathBuf,
        #[command(flatten)]
        selection: Selection,
    },
    /// Write a rule file with examples to fill in
    New {
        /// The rule's id, as in `team-tag-present`
        id: String,
        /// The kind of resource that is judged
        #[arg(long, default_value = "account")]
        resource: String,
        /// Folder to write to; made when it is not there
        #[arg(long, default_value = ".")]
        dir: PathBuf,
    },
}

#[derive(Debug, Clone, Copy, ValueEnum)]
pub(super) enum ListFormat {
    Table,
    Json,
}

/// Runs the command.
pub(super) fn run(args: &Args) -> Result<u8, Error> {
    match &args.command {
        RulesCommand::List { format, selection } => list(*format, &selection.load()?.0),
        RulesCommand::Show { id, selection } => show(id, &selection.load()?.0),
        RulesCommand::Docs { dir, selection } => docs::run(dir, &selection.load()?.0),
        RulesCommand::Test { path } => test(path.as_deref()),
        RulesCommand::New { id, resource, dir } => new::run(id, resource, dir),
    }
}

#[derive(Serialize)]
struct ListedRule<'a> {
    id: &'a str,
    title: &'a str,
    severity: Severity,
    resource: &'a str,
    params: std::collections::BTreeMap<&'a str, serde_json::Value>,
    actions: std::collections::BTreeSet<&'a str>,
    controls: &'a std::collections::BTreeMap<String, Vec<String>>,
    attestation: Option<&'a str>,
    deprecated: bool,
    examples: usize,
}

fn list(format: ListFormat, rules: &[Rule]) -> Result<u8, Error> {
    let text = match format {
        ListFormat::Json => {
            let listed = rules.iter().map(listed).collect::<Result<Vec<ListedRule<'_>>, _>>()?;
            let text = serde_json::to_string_pretty(&listed).map_err(|error| {
                Error::other(format!("the list cannot be printed: {error}"), "report this as a bug")
            })?;
            text + "\n"
        }
        ListFormat::Table => {
            let mut table = terminal::table(["rule", "severity", "resource", "expectation"]);
            for rule in rules {
                table.add_row([&rule.id, rule.severity.name(), rule.kind.schema.name, &rule.title]);
            }
            format!("{table}\n{} rules. `posture rules show ID` tells more of one.\n", rules.len())
        }
    };
    super::print(text.as_bytes())?;
    Ok(EXIT_CLEAN)
}

fn listed(rule: &Rule) -> Result<ListedRule<'_>, LoadError> {
    Ok(ListedRule {
        id: &rule.id,
        title: &rule.title,
        severity: rule.severity,
        resource: rule.kind.schema.name,
        params: rule.params.iter().map(|(name, value)| (name.as_str(), value.value().to_json())).collect(),
        actions: rule.operations().iter().flat_map(|operation| operation.spec().actions.iter().copied()).collect(),
        controls: &rule.controls,
        attestation: rule.attestation.as_deref(),
        deprecated: rule.deprecated,
        examples: rule.examples()?.len(),
    })
}

fn show(id: &str, rules: &[Rule]) -> Result<u8, Error> {
    let Some(rule) = rules.iter().find(|rule| rule.id == id) else {
        let near = suggest(id, rules.iter().map(|rule| rule.id.as_str()));
        return Err(Error::other(format!("there is no rule `{id}`{near}"), "`posture rules list` lists all rules"));
    };
    super::print(terminal::printable(&page(rule)).as_bytes())?;
    Ok(EXIT_CLEAN)
}

/// A rule as a Markdown page.
fn page(rule: &Rule) -> String {
    let mut text = format!(
        "# {}\n\n{}\n\nSeverity {}, judged on each {}.\n\n## Why\n\n{}\n",
        rule.id,
        rule.title,
        rule.severity.name(),
        rule.kind.schema.name,
        rule.rationale.trim()
    );
    let (applies_when, pass_when) = rule.logic();
    let _ = writeln!(text, "\n## When\n");
    if let Some(applies_when) = applies_when {
        let _ = writeln!(text, "Applies when\n\n    {}\n", applies_when.trim().replace('\n', "\n    "));
    }
    let _ = writeln!(text, "Passes when\n\n    {}", pass_when.trim().replace('\n', "\n    "));
    if let Some(question) = &rule.attestation {
        let _ = writeln!(text, "\nA person may attest in posture.yaml: {question}");
    }
    for (name, value) in &rule.params {
        let doc = rule.param_docs.get(name).map_or("", String::as_str);
        let _ = writeln!(text, "\nParameter `{name}` = {}: {doc}", value.value().to_json());
    }
    let _ = writeln!(text, "\n## What to do\n\n{}", rule.remediation.text.trim());
    if let Some(cli) = &rule.remediation.cli {
        let _ = writeln!(text, "\n    {}", cli.trim().replace('\n', "\n    "));
    }
    if matches!(rule.fix(), Ok(Some(fix)) if fix.has_commands()) {
        let _ = writeln!(
            text,
            "\n`posture fix --rule {}` prints the commands with the account's values filled in.",
            rule.id
        );
    }
    let actions: std::collections::BTreeSet<&str> =
        rule.operations().iter().flat_map(|operation| operation.spec().actions.iter().copied()).collect();
    if !actions.is_empty() {
        let actions: Vec<&str> = actions.into_iter().collect();
        let _ = writeln!(text, "\n## Reads\n\n{}", actions.join(", "));
    }
    if !rule.controls.is_empty() {
        text.push_str("\n## Controls\n\n");
        for (framework, controls) in rule.controls.iter() {
            let _ = writeln!(text, "- {framework}: {}", controls.join(", "));
        }
    }
    if !rule.references.is_empty() {
        let _ = writeln!(text, "\n## References\n\n- {}", rule.references.join("\n- "));
    }
    text
}

fn test(path: Option<&Path>) -> Result<u8, Error> {
    let files: Vec<(String, String)> = match path {
        None => rule::BUILT_IN.iter().map(|(file, text)| ((*file).to_owned(), (*text).to_owned())).collect(),
        Some(path) if path.is_dir() => load::files_of(path)?
            .into_iter()
            .map(|path| Ok((path.display().to_string(), read_text(&path)?)))
            .collect::<Result<_, Error>>()?,
        Some(path) => vec![(path.display().to_string(), read_text(path)?)],
    };
    let (mut passed, mut failed, mut broken) = (0usize, 0usize, 0usize);
    let mut text = String::new();
    for (file, source) in &files {
        let loaded = load::load(file, source, &ParamOverrides::new());
        let (rule, examples) = match loaded.and_then(|rule| rule.examples().map(|examples| (rule, examples))) {
            Ok(loaded) => loaded,
            Err(error) => {
                broken += 1;
                let _ = writeln!(text, "{}", super::problem::shown(&error, false));
                continue;
            }
        };
        for missing in load::missing_examples(&examples) {
            failed += 1;
            let _ = writeln!(text, "FAIL {}: there is no example of {missing}", rule.id);
        }
        for (name, result) in example::run_all(&rule, &examples) {
            match result {
                Ok(()) => passed += 1,
                Err(reason) => {
                    failed += 1;
                    let _ = writeln!(text, "FAIL {}: {name}: {reason}", rule.id);
                }
            }
        }
    }
    let _ = writeln!(text, "{} rules: {passed} examples passed, {failed} failed, {broken} files refused", files.len());
    super::print(terminal::printable(&text).as_bytes())?;
    Ok(match (broken, failed) {
        (0, 0) => EXIT_CLEAN,
        (0, _) => EXIT_FINDINGS,
        _ => EXIT_ERROR,
    })
}

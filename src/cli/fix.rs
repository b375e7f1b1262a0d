//! `posture fix`: the plan that mends what a scan finds. Prints it; never runs it.

use std::collections::BTreeMap;
use std::path::PathBuf;

use super::ruleset::Selection;
use super::{note, terminal};
use crate::error::{EXIT_CLEAN, Error};
use crate::fix::output::{FORMATS, Settings};
use crate::fix::plan;
use crate::rule::Rule;
use crate::scan::Scan;
use crate::snapshot::{Snapshot, SnapshotReader};

/// Options of `posture fix`.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  posture fix --snapshot account.json                     what to do, step by step
  posture fix --format sh --set email=ops@example.com --set amount=50 > plan.sh
  sh plan.sh                                              after reading it
  posture fix --rule billing-alarm-exists --format terraform > alerts.tf
  posture fix --format cloudformation --stack-region us-east-1 > alerts.json

Nothing is run. Steps that take something away ask first when the script runs.")]
pub(super) struct Args {
    /// Saved snapshot instead of a live account; `-` reads standard input
    #[arg(long, value_name = "PATH")]
    snapshot: Option<PathBuf>,
    #[cfg(feature = "live")]
    #[command(flatten)]
    live: super::live::LiveArgs,
    #[command(flatten)]
    selection: Selection,
    /// Format of the plan
    #[arg(long, value_name = "FORMAT", default_value = "table", value_parser = format_names())]
    format: String,
    /// A value that steps need, as in `email=ops@example.com`; may be repeated; wins over `posture.yaml`
    #[arg(long = "set", value_name = "NAME=VALUE", value_parser = parse_value)]
    values: Vec<(String, String)>,
    /// The Region of the CloudFormation stack [default: the one that answers for the account]
    #[arg(long, value_name = "REGION")]
    stack_region: Option<String>,
}

fn format_names() -> clap::builder::PossibleValuesParser {
    FORMATS.iter().map(|(name, _)| *name).collect::<Vec<_>>().into()
}

fn parse_value(text: &str) -> Result<(String, String), String> {
    match text.split_once('=') {
        Some((name, value)) if !name.is_empty() && !value.is_empty() => Ok((name.to_owned(), value.to_owned())),
        _ => Err("write NAME=VALUE, as in email=ops@example.com".to_owned()),
    }
}

/// Runs the command.
pub(super) fn run(args: &Args) -> Result<u8, Error> {
    let (rules, config) = args.selection.load()?;
    let mut values: BTreeMap<String, String> = config.fix.clone();
    values.extend(args.values.iter().cloned());
    let snapshot = snapshot(args, &rules)?;
    let (report, facts) = Scan { rules: &rules, config: &config, baseline: None, as_of: None }.judge(&snapshot);
    let plan = plan::plan(&rules, &facts, &report, &values).map_err(|error| {
        Error::other(
            error.to_string(),
            "`posture fix` lists the values that its steps need; give them with `--set NAME=VALUE`",
        )
    })?;
    let Some((_, render)) = FORMATS.iter().find(|(name, _)| *name == args.format) else {
        return Err(Error::other(format!("`{}` is no format", args.format), "see `posture fix --help`"));
    };
    super::print(render(&plan, &Settings { stack_region: args.stack_region.clone() }).as_bytes())?;
    let missing: Vec<&str> = plan.missing().map(|(name, _)| name).collect();
    if !missing.is_empty() && args.format != "table" {
        note(&format!("values to set before the plan can run: {}", terminal::printable(&missing.join(", "))));
    }
    Ok(EXIT_CLEAN)
}

/// The one snapshot that the plan is made of.
fn snapshot(args: &Args, rules: &[Rule]) -> Result<Snapshot, Error> {
    let Some(path) = &args.snapshot else {
        return live(args, rules);
    };
    #[cfg(feature = "live")]
    if args.live.are_given() {
        return Err(Error::other(
            "options for a live account do not go with a saved snapshot",
            "leave out `--snapshot`, or `--profile`, `--region`, `--timeout`, `--partial` and `--allow-paid-calls`",
        ));
    }
    let mut reader = if path.as_os_str() == "-" {
        SnapshotReader::from_reader("-".to_owned(), Box::new(std::io::BufReader::new(std::io::stdin())))?
    } else {
        SnapshotReader::open(path)?
    };
    let first = reader.next().transpose()?;
    let snapshot =
        first.ok_or_else(|| Error::other(format!("`{}` holds no snapshot", path.display()), "see docs/snapshot.md"))?;
    if reader.next().is_some() {
        return Err(Error::other(
            format!("`{}` holds several snapshots", path.display()),
            "a plan is made of one account: give it a file of its own",
        ));
    }
    Ok(snapshot)
}

#[cfg(feature = "live")]
fn live(args: &Args, rules: &[Rule]) -> Result<Snapshot, Error> {
    let operations = super::permissions::operations(rules, args.live.allow_paid_calls);
    args.live.collect(Some(operations))
}

#[cfg(not(feature = "live"))]
fn live(_: &Args, _: &[Rule]) -> Result<Snapshot, Error> {
    Err(Error::other(
        "this build holds no live scanner",
        "pass a snapshot with `--snapshot FILE`, or build with the feature `live`",
    ))
}

//! `posture suppress`: accept a finding for now, in posture.yaml, whose comments and layout stay.

use std::collections::BTreeSet;
use std::io::Write;
use std::path::{Path, PathBuf};

use jiff::civil::Date;
use jiff::tz::TimeZone;

use super::ruleset::{DEFAULT_CONFIG, Selection, read_text};
use super::{note, terminal};
use crate::error::{EXIT_CLEAN, Error};
use crate::rule::ParamOverrides;
use crate::rule::compile::suggest;
use crate::suppression::{Suppression, edit};

/// Options of `posture suppress`.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  posture suppress root-hardware-mfa arn:aws:iam::123456789012:root \\
    --reason \"key ordered, ticket 42\" --owner ann --expires 2026-12-31
  posture suppress iam-user-mfa-all 'arn:aws:iam::123456789012:user/ci-*' --reason \"service users\" --expires never

The rule and the resource stand in every report. The finding stays in reports, counted and with its reason, and does not fail the run until the day of --expires has passed.")]
pub(super) struct Args {
    /// The rule's id
    rule: String,
    /// The resource's id, exactly, or with `*` for any run of characters
    resource: String,
    /// Why the finding is accepted
    #[arg(long)]
    reason: String,
    /// The last day on which it is accepted, as in `2026-12-31`, or `never`
    #[arg(long, value_name = "DATE", value_parser = parse_expiry)]
    expires: Expiry,
    /// Who accepts it
    #[arg(long, value_name = "NAME")]
    owner: Option<String>,
    /// The Region, for what is judged once in each
    #[arg(long)]
    region: Option<String>,
    /// Folder with rules of your own; may be repeated
    #[arg(long, value_name = "DIR")]
    rules: Vec<PathBuf>,
    /// The file to edit [default: `posture.yaml` of this folder]; created when it is not there
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
}

/// `--expires`.
#[derive(Debug, Clone, Copy)]
enum Expiry {
    Never,
    On(Date),
}

fn parse_expiry(text: &str) -> Result<Expiry, String> {
    if text == "never" {
        return Ok(Expiry::Never);
    }
    text.parse().map(Expiry::On).map_err(|_| "write a date as in 2026-12-31, or never".to_owned())
}

/// Runs the command.
pub(super) fn run(args: &Args) -> Result<u8, Error> {
    let path = args.config.clone().unwrap_or_else(|| PathBuf::from(DEFAULT_CONFIG));
    let selection = Selection { rules: args.rules.clone(), only: Vec::new(), framework: None, config: None };
    let rules = selection.all(&ParamOverrides::new())?;
    let ids: BTreeSet<&str> = rules.iter().map(|rule| rule.id.as_str()).collect();
    let entry = entry(args, &ids)?;
    let old = if path.exists() { Some(read_text(&path)?) } else { None };
    let new = edit::add(&path.display().to_string(), old.as_deref(), &entry, &ids)?;
    replace(&path, &new).map_err(|source| Error::Io { action: "write", path: path.clone(), source })?;
    let done = if old.is_some() { "added to" } else { "wrote" };
    note(&terminal::printable(&format!("{done} {}: {} on {}", path.display(), entry.rule, entry.resource)));
    Ok(EXIT_CLEAN)
}

fn entry(args: &Args, ids: &BTreeSet<&str>) -> Result<Suppression, Error> {
    if !ids.contains(args.rule.as_str()) {
        let near = suggest(&args.rule, ids.iter().copied());
        let message = format!("there is no rule `{}`{near}", args.rule);
        return Err(Error::other(message, "`posture rules list` lists all rules"));
    }
    for (name, text) in [("RESOURCE", &args.resource), ("--reason", &args.reason)] {
        if text.trim().is_empty() {
            return Err(Error::other(format!("{name} is empty"), "say what is accepted, and why"));
        }
    }
    let expires = match args.expires {
        Expiry::Never => None,
        Expiry::On(date) if date < today() => {
            let message = format!("{date} has passed: the suppression would never hold");
            return Err(Error::other(message, "give a day to come with `--expires`"));
        }
        Expiry::On(date) => Some(date),
    };
    Ok(Suppression {
        rule: args.rule.clone(),
        resource: args.resource.clone(),
        region: args.region.clone(),
        reason: args.reason.clone(),
        owner: args.owner.clone(),
        expires,
    })
}

#[expect(clippy::disallowed_methods, reason = "the command line is the room that reads the clock")]
fn today() -> Date {
    jiff::Timestamp::now().to_zoned(TimeZone::UTC).date()
}

/// Replaces a file in one step; its permissions stay, and a link keeps pointing to it.
fn replace(path: &Path, text: &str) -> std::io::Result<()> {
    let there = path.exists();
    let path = if there { path.canonicalize()? } else { path.to_owned() };
    if !there {
        return std::fs::OpenOptions::new().write(true).create_new(true).open(&path)?.write_all(text.as_bytes());
    }
    let folder = path.parent().unwrap_or_else(|| Path::new("."));
    let mut file = tempfile::NamedTempFile::new_in(folder)?;
    file.write_all(text.as_bytes())?;
    file.as_file().set_permissions(std::fs::metadata(&path)?.permissions())?;
    file.as_file().sync_all()?;
    file.persist(&path).map(drop).map_err(|error| error.error)
}

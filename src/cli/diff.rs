//! `posture diff`: what changed between two scans, from snapshots, reports or one of each.

use std::collections::BTreeSet;
use std::io::{Cursor, Read};
use std::path::{Path, PathBuf};

use clap::ValueEnum;
use serde::Deserialize;

use super::ruleset::Selection;
use super::terminal;
use crate::config::Config;
use crate::diff::{self, Class, Diff, Side};
use crate::error::{EXIT_CLEAN, EXIT_FINDINGS, EXIT_UNKNOWN, Error};
use crate::finding::Severity;
use crate::output::Context;
use crate::rule::Rule;
use crate::scan::Scan;
use crate::snapshot::{SnapshotReader, decompressed};

/// The most that is read of one side, in bytes after decompression.
const MAX_BYTES: u64 = 1024 * 1024 * 1024;

/// Options of `posture diff`.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  posture diff last-week.json.zst today.json.zst            two snapshots, judged by today's rules
  posture diff report.json account.json.zst                 a former JSON report and a snapshot
  posture diff old.json new.json --format markdown >> \"$GITHUB_STEP_SUMMARY\"
  posture diff old.json new.json --fail-on-new              fail when anything got worse or is new
  posture diff old.json new.json --fail-on-new=high         … of severity high or critical

Exit codes: 0 compared; 2 could not compare. With --fail-on-new also 1 something is worse or new; 3 nothing is, but something could not be judged again (--allow-unknown makes it 0).")]
pub(super) struct Args {
    /// The older snapshot or JSON report; `-` reads standard input
    old: PathBuf,
    /// The newer snapshot or JSON report; `-` reads standard input
    new: PathBuf,
    /// Format of standard output
    #[arg(long, value_enum, default_value = "table")]
    format: Format,
    /// Exit 1 when a finding of at least this severity is worse or new [default without a value: info]
    #[arg(long, value_name = "SEVERITY", num_args = 0..=1, require_equals = true, default_missing_value = "info",
        value_parser = parse_severity)]
    fail_on_new: Option<Severity>,
    /// Exit 0 when something could not be judged again
    #[arg(long)]
    allow_unknown: bool,
    #[command(flatten)]
    selection: Selection,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum Format {
    Table,
    Json,
    Markdown,
}

fn parse_severity(text: &str) -> Result<Severity, String> {
    Severity::from_name(text).ok_or_else(|| "there are critical, high, medium, low and info".to_owned())
}

/// Runs the command.
pub(super) fn run(args: &Args) -> Result<u8, Error> {
    if args.old.as_os_str() == "-" && args.new.as_os_str() == "-" {
        return Err(Error::other("standard input is named twice", "give `-` once"));
    }
    let (rules, config) = args.selection.load()?;
    let judge = Judge { rules: &rules, config: &config, chosen: args.selection.chooses() };
    let (old, new) = (judge.sides(&args.old)?, judge.sides(&args.new)?);
    if !old.iter().any(|old| new.iter().any(|new| new.account == old.account)) {
        return Err(Error::other(
            format!("`{}` and `{}` have no account in common", args.old.display(), args.new.display()),
            "compare two scans of the same account",
        ));
    }
    let diff = diff::compare(&old, &new);
    let mut text = Vec::new();
    let context = Context { width: terminal::width(), colour: terminal::colour(), ..Context::default() };
    let written = match args.format {
        Format::Table => diff::table(&diff, &context, &mut text),
        Format::Json => diff::json(&diff, &mut text),
        Format::Markdown => diff::markdown(&diff, &mut text),
    };
    written.map_err(Error::stdout)?;
    super::print(&text)?;
    Ok(args.fail_on_new.map_or(EXIT_CLEAN, |least| exit_code(&diff, least, args.allow_unknown)))
}

fn exit_code(diff: &Diff, least: Severity, allow_unknown: bool) -> u8 {
    let counting = || diff.changes.iter().filter(|change| change.severity >= least && !change.suppressed);
    if counting().any(|change| matches!(change.class, Class::Worse | Class::New)) {
        return EXIT_FINDINGS;
    }
    if !allow_unknown && counting().any(|change| change.class == Class::BecameUnknown) {
        return EXIT_UNKNOWN;
    }
    EXIT_CLEAN
}

/// Turns snapshots and reports into sides of a comparison.
struct Judge<'a> {
    rules: &'a [Rule],
    config: &'a Config,
    chosen: bool,
}

#[derive(Deserialize)]
struct FormatOnly {
    format: Option<String>,
}

impl Judge<'_> {
    fn sides(&self, path: &Path) -> Result<Vec<Side>, Error> {
        let name = path.display().to_string();
        let bytes = read(path)?;
        let mut sides = if is_report(&bytes) { reports(&name, bytes)? } else { self.snapshots(&name, bytes)? };
        if self.chosen {
            // A report holds whatever rules it was made with.
            let ids: BTreeSet<&str> = self.rules.iter().map(|rule| rule.id.as_str()).collect();
            for side in &mut sides {
                side.keep_rules(&ids);
            }
        }
        Ok(sides)
    }

    fn snapshots(&self, name: &str, bytes: Vec<u8>) -> Result<Vec<Side>, Error> {
        let scan = Scan { rules: self.rules, config: self.config, baseline: None, as_of: None };
        let mut sides: Vec<Side> = Vec::new();
        for snapshot in SnapshotReader::from_reader(name.to_owned(), Box::new(Cursor::new(bytes)))? {
            let side = Side::from(&scan.run(&snapshot?));
            if sides.iter().any(|other| other.account == side.account) {
                return Err(Error::other(
                    format!("snapshot `{name}` holds account {} twice", side.account),
                    "compare files with one snapshot of each account",
                ));
            }
            sides.push(side);
        }
        Ok(sides)
    }
}

/// True when the first JSON value says that it is a report; anything else is left to the snapshot reader's errors.
fn is_report(bytes: &[u8]) -> bool {
    let first = serde_json::Deserializer::from_slice(bytes).into_iter::<FormatOnly>().next();
    matches!(first, Some(Ok(FormatOnly { format: Some(format) })) if format.starts_with("posture-report/"))
}

fn reports(name: &str, bytes: Vec<u8>) -> Result<Vec<Side>, Error> {
    String::from_utf8(bytes).map_err(|_| "not UTF-8 text".to_owned()).and_then(|text| Side::parse(&text)).map_err(
        |message| {
            Error::other(
                format!("report `{name}`: {message}"),
                "write one with `posture scan --output json=report.json`",
            )
        },
    )
}

fn read(path: &Path) -> Result<Vec<u8>, Error> {
    let failed = |source| Error::Io { action: "read", path: path.to_owned(), source };
    let input: Box<dyn std::io::BufRead> = if path.as_os_str() == "-" {
        Box::new(std::io::BufReader::new(std::io::stdin()))
    } else {
        Box::new(std::io::BufReader::new(std::fs::File::open(path).map_err(failed)?))
    };
    let mut bytes = Vec::new();
    decompressed(input).and_then(|input| input.take(MAX_BYTES + 1).read_to_end(&mut bytes)).map_err(failed)?;
    if bytes.len() as u64 > MAX_BYTES {
        return Err(Error::other(
            format!("`{}` is larger than {} GiB", path.display(), MAX_BYTES / (1024 * 1024 * 1024)),
            "compare account by account",
        ));
    }
    Ok(bytes)
}

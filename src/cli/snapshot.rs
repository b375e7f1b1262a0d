//! `posture snapshot`: collects a snapshot and writes it down, without judging it.

use std::collections::BTreeMap;
use std::path::PathBuf;

use super::folder::Folder;
use super::live::LiveArgs;
use super::organization::{self, OrganizationArgs};
use super::overview::RosterArgs;
use super::source::Content;
use crate::error::{EXIT_CLEAN, EXIT_ERROR, EXIT_UNKNOWN, Error};
use crate::fleet;
use crate::snapshot::{Compression, Outcome, Snapshot, write_atomically, write_snapshot};

/// Options of `posture snapshot`.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  posture snapshot -o account.json.zst
  posture snapshot --profile audit --region eu-west-1,us-east-1 -o account.json
  posture snapshot -o - | posture scan --snapshot -
  posture snapshot --organization -o accounts           every account, as accounts/<account>.json.zst
  posture snapshot --organization -o accounts --resume  go on where that stopped

Exit codes: 0 done; 2 could not run. With many accounts also 3: some could not be entered, or not whole.")]
pub(super) struct Args {
    /// File to write; `.gz` and `.zst` are compressed, `-` is standard output. For many accounts, the folder
    #[arg(short, long, value_name = "FILE")]
    output: PathBuf,
    #[command(flatten)]
    live: LiveArgs,
    #[command(flatten)]
    organization: OrganizationArgs,
    #[command(flatten)]
    roster: RosterArgs,
}

/// Collects and writes.
pub(super) fn run(args: &Args) -> Result<u8, Error> {
    if args.organization.is_wanted(&args.roster) {
        return many(args);
    }
    if args.organization.are_given() {
        return Err(Error::other(
            "options for many accounts, and one account to ask",
            "add `--organization` or `--accounts FILE`",
        ));
    }
    let to_stdout = args.output.as_os_str() == "-";
    if !to_stdout {
        check_writable(args)?;
    }
    let snapshot = args.live.collect(None)?;
    let compression = Compression::of(&args.output);
    let failed = |source| Error::Io { action: "write", path: args.output.clone(), source };
    if to_stdout {
        write_snapshot(&snapshot, compression, &mut std::io::stdout().lock()).map_err(failed)?;
    } else {
        write_atomically(&args.output, |sink| write_snapshot(&snapshot, compression, sink)).map_err(failed)?;
    }
    summarise(&snapshot);
    Ok(EXIT_CLEAN)
}

/// Collects many accounts into a folder.
fn many(args: &Args) -> Result<u8, Error> {
    let folder = Folder::prepare(&args.output, args.organization.resume)?;
    let run = organization::begin(&args.live, &args.organization, &args.roster, Some(folder), None)?;
    let (mut whole, mut code) = (0_usize, EXIT_CLEAN);
    let mut failures = BTreeMap::new();
    for input in run.inputs {
        match input.content {
            // Those that were done before are read by whoever judges them.
            Content::Text(_) => whole += 1,
            Content::Snapshot(snapshot, _) => match fleet::incomplete(&snapshot) {
                None => whole += 1,
                Some(failure) => drop(failures.insert(failure.account.clone(), failure)),
            },
            Content::Unreached(failure) => drop(failures.insert(failure.account.clone(), failure)),
            Content::Failed(error) => {
                super::print_error(&error);
                code = EXIT_ERROR;
            }
        }
    }
    for failure in failures.values() {
        let line =
            format!("account {}: {}: {}: {}", failure.account, failure.step.words(), failure.code, failure.message);
        super::note(&super::terminal::printable(&line));
    }
    super::note(&format!("{whole} accounts are done, {} are not", failures.len()));
    Ok(if code == EXIT_CLEAN && !failures.is_empty() { EXIT_UNKNOWN } else { code })
}

/// Finds out before minutes of collecting that the file cannot be written.
fn check_writable(args: &Args) -> Result<(), Error> {
    let failed = |source| Error::Io { action: "write", path: args.output.clone(), source };
    if args.output.is_dir() {
        return Err(failed(std::io::ErrorKind::IsADirectory.into()));
    }
    let folder = match args.output.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => std::path::Path::new("."),
    };
    tempfile::NamedTempFile::new_in(folder).map(drop).map_err(failed)
}

/// Says on standard error how many calls were answered.
fn summarise(snapshot: &Snapshot) {
    let all = snapshot.observations();
    let refused = all.iter().filter(|one| matches!(one.outcome, Outcome::Failed(_))).count();
    let answered = all.len() - refused;
    super::note(&format!(
        "account {}: {answered} of {} calls answered, {refused} refused or without an answer",
        snapshot.account,
        all.len()
    ));
}

//! `posture snapshot`: collects a snapshot and writes it down, without judging it.

use std::path::PathBuf;

use super::live::LiveArgs;
use crate::error::{EXIT_CLEAN, Error};
use crate::snapshot::{Compression, Outcome, Snapshot, write_atomically, write_snapshot};

/// Options of `posture snapshot`.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  posture snapshot -o account.json.zst
  posture snapshot --profile audit --region eu-west-1,us-east-1 -o account.json
  posture snapshot -o - | posture scan --snapshot -")]
pub(super) struct Args {
    /// File to write; `.gz` and `.zst` are compressed, `-` is standard output
    #[arg(short, long, value_name = "FILE")]
    output: PathBuf,
    #[command(flatten)]
    live: LiveArgs,
}

/// Collects and writes.
pub(super) fn run(args: &Args) -> Result<u8, Error> {
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

//! `posture import`: AWS CLI output as a snapshot, and the script that gathers it.

use std::path::PathBuf;

use super::{note, print};
use crate::error::{EXIT_CLEAN, Error};
use crate::output::escape::printable;
use crate::snapshot::import::{ImportOptions, Imported, SCRIPT, import};
use crate::snapshot::{Compression, Snapshot, Time, is_region, write_atomically, write_snapshot};

/// Options of `posture import`.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  posture import --script > gather.sh        then, in CloudShell for one: sh gather.sh answers
  posture import answers -o snapshot.json.zst
  posture import answers --collected-at 2026-11-22T03:00:00Z | posture scan --snapshot -")]
pub(super) struct Args {
    /// Folder with the answers.
    #[arg(value_name = "DIR", required_unless_present = "script")]
    folder: Option<PathBuf>,

    /// Where to write the snapshot; `.gz` and `.zst` compress it, `-` is standard output.
    #[arg(short, long, value_name = "FILE", default_value = "-")]
    output: PathBuf,

    /// Print the script that gathers the folder, and do nothing else.
    #[arg(long, conflicts_with = "folder")]
    script: bool,

    /// The account, when the folder has no answer of `sts get-caller-identity`.
    #[arg(long, value_name = "ID")]
    account: Option<String>,

    /// The partition, likewise: aws, aws-cn, aws-us-gov.
    #[arg(long, value_name = "NAME")]
    partition: Option<String>,

    /// A Region that was asked; given once, also that of answers whose names have none.
    #[arg(long = "region", value_name = "REGION", value_parser = region)]
    regions: Vec<String>,

    /// When the answers were collected, as in 2026-11-22T03:00:00Z [default: what the file `collected-at` in DIR says].
    #[arg(long, value_name = "TIME", value_parser = Time::parse)]
    collected_at: Option<Time>,
}

fn region(text: &str) -> Result<String, String> {
    if is_region(text) { Ok(text.to_owned()) } else { Err("not the name of a Region, as in eu-west-1".to_owned()) }
}

/// Runs the command.
pub(super) fn run(args: &Args) -> Result<u8, Error> {
    let Some(folder) = args.folder.as_ref().filter(|_| !args.script) else {
        print(SCRIPT.as_bytes())?;
        return Ok(EXIT_CLEAN);
    };
    let options = ImportOptions {
        collector: concat!("posture ", env!("CARGO_PKG_VERSION")).to_owned(),
        account: args.account.clone(),
        partition: args.partition.clone(),
        regions: args.regions.clone(),
        collected_at: args.collected_at,
    };
    let imported = import(folder, &options)?;
    write(&imported.snapshot, args)?;
    report(&imported);
    Ok(EXIT_CLEAN)
}

fn write(snapshot: &Snapshot, args: &Args) -> Result<(), Error> {
    if args.output.as_os_str() == "-" {
        let mut text = Vec::new();
        write_snapshot(snapshot, Compression::Plain, &mut text).map_err(Error::stdout)?;
        return print(&text);
    }
    let compression = Compression::of(&args.output);
    write_atomically(&args.output, |sink| write_snapshot(snapshot, compression, sink)).map_err(|source| Error::Io {
        action: "write",
        path: args.output.clone(),
        source,
    })
}

/// Says what is in the snapshot and what is not.
fn report(imported: &Imported) {
    for skipped in &imported.skipped {
        note(&format!("not read: {}: {}", printable(&skipped.file), skipped.reason));
    }
    let snapshot = &imported.snapshot;
    if imported.time_from_report {
        let time = snapshot.collected_at;
        note(&format!("collected at {time}, when the credential report was; say otherwise with --collected-at"));
    }
    let refused = snapshot.observations().iter().filter(|observation| observation.is_failed()).count();
    let answered = snapshot.observations().len() - refused;
    note(&format!("account {}: {answered} answers, {refused} refused calls", snapshot.account));
}

//! `posture scan`: judge, report, gate.

use std::io::Write;
use std::path::{Path, PathBuf};

use crate::baseline::Baseline;
use crate::config::Threshold;
use crate::error::{EXIT_ERROR, Error};
use crate::gate::{Gate, worst};
use crate::output::{self, Context, FORMATS, Place, Renderer};
use crate::report::Report;
use crate::rule::Rule;
use crate::scan::Scan;
use crate::snapshot::{Snapshot, SnapshotReader, Time, write_atomically};

use super::ruleset::{Selection, read_text};
use super::{note, terminal};

/// Options of `posture scan`.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  posture scan                                          judge the account of your AWS credentials
  posture scan --snapshot fixtures/accounts/bootcamp.json
  posture scan --snapshot account.json.zst --format sarif > posture.sarif
  posture scan --snapshot fleet.ndjson --format json    one report a line
  posture scan --output json=report.json --output sarif=posture.sarif --fail-on medium
  posture scan --snapshot new.json --baseline report.json

Exit codes: 0 clean; 1 findings at or above --fail-on; 2 could not run; 3 no such findings, but a rule at
or above --fail-on stayed unknown.")]
pub(super) struct Args {
    /// Saved snapshot instead of a live account; `-` reads standard input; may be repeated
    #[arg(long, value_name = "PATH", num_args = 1..)]
    snapshot: Vec<PathBuf>,
    #[cfg(feature = "live")]
    #[command(flatten)]
    live: super::live::LiveArgs,
    #[command(flatten)]
    selection: Selection,
    /// Format of standard output
    #[arg(long, value_name = "FORMAT", default_value = "table", value_parser = format_names())]
    format: String,
    /// Also write a report to a file, as in `sarif=posture.sarif`; may be repeated
    #[arg(long, value_name = "FORMAT=PATH", value_parser = parse_output)]
    output: Vec<(String, PathBuf)>,
    /// Least severity that fails the run [default: high]
    #[arg(long, value_name = "SEVERITY")]
    fail_on: Option<FailOn>,
    /// Exit 0 when rules stayed unknown
    #[arg(long)]
    allow_unknown: bool,
    /// A former JSON report: only findings that it does not hold fail the run
    #[arg(long, value_name = "FILE")]
    baseline: Option<PathBuf>,
    /// Judge as of this time instead of the snapshot's own, as in `2026-11-22T03:00:00Z`
    #[arg(long, value_name = "TIME", value_parser = Time::parse)]
    as_of: Option<Time>,
}

/// `--fail-on`.
#[derive(Debug, Clone, Copy, clap::ValueEnum)]
enum FailOn {
    Critical,
    High,
    Medium,
    Low,
    Info,
    None,
}

impl From<FailOn> for Threshold {
    fn from(value: FailOn) -> Self {
        match value {
            FailOn::Critical => Self::Critical,
            FailOn::High => Self::High,
            FailOn::Medium => Self::Medium,
            FailOn::Low => Self::Low,
            FailOn::Info => Self::Info,
            FailOn::None => Self::None,
        }
    }
}

fn format_names() -> clap::builder::PossibleValuesParser {
    FORMATS.iter().map(|(name, _)| *name).collect::<Vec<_>>().into()
}

fn parse_output(text: &str) -> Result<(String, PathBuf), String> {
    let names = || FORMATS.iter().map(|(name, _)| *name).collect::<Vec<_>>().join(", ");
    match text.split_once('=') {
        Some((name, path)) if output::find(name).is_some() && !path.is_empty() => {
            Ok((name.to_owned(), PathBuf::from(path)))
        }
        Some((name, _)) if output::find(name).is_none() => Err(format!("`{name}` is no format; there are {}", names())),
        _ => Err("write FORMAT=PATH, as in sarif=posture.sarif".to_owned()),
    }
}

/// Runs the command.
pub(super) fn run(args: &Args) -> Result<u8, Error> {
    let (rules, config) = args.selection.load()?;
    let framework = args.selection.framework()?;
    let baseline = args.baseline.as_deref().map(read_baseline).transpose()?;
    let gate = Gate {
        fail_on: args.fail_on.map(Threshold::from).or(config.fail_on).unwrap_or(Threshold::High),
        allow_unknown: args.allow_unknown,
    };
    let scan = Scan { rules: &rules, config: &config, baseline: baseline.as_ref(), as_of: args.as_of };
    let mut sinks = Sinks::open(args)?;
    let mut codes = Vec::new();
    for source in sources(args)? {
        match source.snapshots(&rules) {
            Err(error) => codes.push(report_error(&error)),
            Ok(snapshots) => {
                for snapshot in snapshots {
                    match snapshot {
                        Err(error) => codes.push(report_error(&error)),
                        Ok(snapshot) => {
                            let mut report = scan.run(&snapshot);
                            report.framework = framework.as_ref().map(|framework| framework.report(&report));
                            sinks.write(&report, source.name())?;
                            codes.push(gate.exit_code(&report));
                        }
                    }
                }
            }
        }
    }
    sinks.finish()?;
    Ok(worst(codes))
}

/// A bad snapshot among others is reported and does not hide them.
fn report_error(error: &Error) -> u8 {
    super::print_error(error);
    EXIT_ERROR
}

fn read_baseline(path: &Path) -> Result<Baseline, Error> {
    let text = read_text(path)?;
    Baseline::parse(&text).map_err(|message| {
        Error::other(
            format!("baseline `{}`: {message}", path.display()),
            "write one with `posture scan --format json > baseline.json`",
        )
    })
}

/// Where snapshots come from.
enum Source {
    #[cfg(feature = "live")]
    Live(super::live::LiveArgs),
    Stdin,
    File(PathBuf),
}

impl Source {
    fn name(&self) -> Option<String> {
        match self {
            #[cfg(feature = "live")]
            Self::Live(_) => None,
            Self::Stdin => None,
            Self::File(path) => Some(path.display().to_string()),
        }
    }

    /// The snapshots of this source. A live account is asked only for what the rules read.
    #[cfg_attr(not(feature = "live"), expect(unused_variables, reason = "saved snapshots hold what they hold"))]
    fn snapshots(&self, rules: &[Rule]) -> Result<Snapshots, Error> {
        let reader = match self {
            #[cfg(feature = "live")]
            Self::Live(live) => {
                let snapshot = live.collect(Some(super::permissions::operations(rules)))?;
                return Ok(Box::new(std::iter::once(Ok(snapshot))));
            }
            Self::Stdin => {
                let stdin = std::io::BufReader::new(std::io::stdin());
                SnapshotReader::from_reader("-".to_owned(), Box::new(stdin))?
            }
            Self::File(path) => SnapshotReader::open(path)?,
        };
        Ok(Box::new(reader.map(|snapshot| snapshot.map_err(Error::from))))
    }
}

type Snapshots = Box<dyn Iterator<Item = Result<Snapshot, Error>>>;

fn sources(args: &Args) -> Result<Vec<Source>, Error> {
    if args.snapshot.iter().filter(|path| path.as_os_str() == "-").count() > 1 {
        return Err(Error::other("standard input is named twice", "give `-` once"));
    }
    #[cfg(feature = "live")]
    if !args.snapshot.is_empty() && args.live.are_given() {
        return Err(Error::other(
            "options for a live account do not go with a saved snapshot",
            "leave out `--snapshot`, or `--profile`, `--region`, `--timeout` and `--partial`",
        ));
    }
    #[cfg(feature = "live")]
    if args.snapshot.is_empty() {
        return Ok(vec![Source::Live(args.live.clone())]);
    }
    #[cfg(not(feature = "live"))]
    if args.snapshot.is_empty() {
        return Err(Error::other(
            "this build holds no live scanner",
            "pass a snapshot with `--snapshot FILE`, or build with the feature `live`",
        ));
    }
    Ok(args
        .snapshot
        .iter()
        .map(|path| if path.as_os_str() == "-" { Source::Stdin } else { Source::File(path.clone()) })
        .collect())
}

/// Standard output and the files that reports go to.
struct Sinks {
    stdout: &'static dyn Renderer,
    several: bool,
    written: usize,
    files: Vec<(&'static dyn Renderer, PathBuf, Vec<u8>)>,
}

impl Sinks {
    fn open(args: &Args) -> Result<Self, Error> {
        let renderer = |name: &str| {
            output::find(name)
                .ok_or_else(|| Error::other(format!("`{name}` is no format"), "see `posture scan --help`"))
        };
        let mut files = Vec::new();
        for (name, path) in &args.output {
            if args.snapshot.iter().any(|input| same_file(input, path)) {
                return Err(Error::other(
                    format!("output `{}` would overwrite the snapshot", path.display()),
                    "write the report to another file",
                ));
            }
            if files.iter().any(|(_, other, _)| other == path) {
                return Err(Error::other(
                    format!("output `{}` is named twice", path.display()),
                    "give each report a file of its own",
                ));
            }
            files.push((renderer(name)?, path.clone(), Vec::new()));
        }
        Ok(Self { stdout: renderer(&args.format)?, several: args.snapshot.len() > 1, written: 0, files })
    }

    fn place(&self, first: bool) -> Place {
        match (self.several, first) {
            (false, true) => Place::Only,
            (true, true) => Place::First,
            (_, false) => Place::Later,
        }
    }

    fn write(&mut self, report: &Report, snapshot: Option<String>) -> Result<(), Error> {
        let first = self.written == 0;
        let renderers = std::iter::once(self.stdout).chain(self.files.iter().map(|(renderer, _, _)| *renderer));
        if !first && !renderers.into_iter().all(Renderer::repeats) {
            return Err(Error::other(
                "one of the formats holds one account a file, and there are several snapshots",
                "scan the snapshots one by one, or use json, csv, ocsf, markdown or table",
            ));
        }
        let place = self.place(first);
        self.written += 1;
        let file_context = Context { width: None, colour: false, snapshot, place };
        let context = Context { width: terminal::width(), colour: terminal::colour(), ..file_context.clone() };
        let mut stdout = std::io::stdout().lock();
        self.stdout.render(report, &context, &mut stdout).and_then(|()| stdout.flush()).map_err(Error::stdout)?;
        for (renderer, path, bytes) in &mut self.files {
            renderer.render(report, &file_context, bytes).map_err(|source| Error::Io {
                action: "write",
                path: path.clone(),
                source,
            })?;
        }
        Ok(())
    }

    fn finish(self) -> Result<(), Error> {
        for (_, path, bytes) in self.files {
            write_atomically(&path, |file| file.write_all(&bytes)).map_err(|source| Error::Io {
                action: "write",
                path: path.clone(),
                source,
            })?;
            note(&format!("wrote {}", terminal::printable(&path.display().to_string())));
        }
        Ok(())
    }
}

fn same_file(one: &Path, two: &Path) -> bool {
    match (one.canonicalize(), two.canonicalize()) {
        (Ok(one), Ok(two)) => one == two,
        _ => one == two,
    }
}

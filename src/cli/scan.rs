//! `posture scan`: judge, report, gate.

use std::path::{Path, PathBuf};

use crate::baseline::Baseline;
use crate::config::Threshold;
use crate::error::{EXIT_CLEAN, EXIT_ERROR, Error};
use crate::framework::Framework;
use crate::gate::{Gate, worst};
use crate::output::{self, FORMATS, Place, error_record};
use crate::rule::Rule;
use crate::scan::Scan;
use crate::snapshot::{Snapshot, SnapshotReader, SnapshotText, Time};

use super::fleet::{Shard, in_order};
use super::ruleset::{Selection, read_text};
use super::sinks::{Formats, Sinks};

/// Options of `posture scan`.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  posture scan                                          judge the account of your AWS credentials
  posture scan --snapshot fixtures/accounts/bootcamp.json
  posture scan --snapshot account.json.zst --format sarif > posture.sarif
  posture scan --snapshot fleet.ndjson --format json    one report a line
  posture scan --snapshot fleet.ndjson.zst --stream --format ndjson --shard 1/4 > findings.ndjson
  posture scan --output json=report.json --output sarif=posture.sarif --fail-on medium
  posture scan --snapshot new.json --baseline report.json

Exit codes: 0 clean; 1 findings at or above --fail-on; 2 could not run; 3 no such findings, but a rule at
or above --fail-on stayed unknown. With --stream: 0 when every line has its report or error record, 2 when a
source could not be read to its end.")]
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
    /// Read one snapshot a line and write one record after the other: an error record for each line that holds no
    /// snapshot, and exit code 0 whatever is found. For pipes; formats json, ndjson and ocsf
    #[arg(long, requires = "snapshot")]
    stream: bool,
    /// Judge one part of many snapshots alone, chosen by account number, as in `2/8`
    #[arg(long, value_name = "PART/PARTS", requires = "snapshot")]
    shard: Option<Shard>,
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
    let baseline = args.baseline.as_deref().map(read_baseline).transpose()?;
    let judge = Judge {
        scan: Scan { rules: &rules, config: &config, baseline: baseline.as_ref(), as_of: args.as_of },
        framework: args.selection.framework()?,
        gate: Gate {
            fail_on: args.fail_on.map(Threshold::from).or(config.fail_on).unwrap_or(Threshold::High),
            allow_unknown: args.allow_unknown,
        },
        formats: Formats::new(&args.format, args.output.iter().map(|(name, _)| name.as_str()))?,
        stream: args.stream,
    };
    if args.stream {
        judge.formats.require_stream()?;
    }
    let paths: Vec<&Path> = args.output.iter().map(|(_, path)| path.as_path()).collect();
    let mut sinks = Sinks::open(&paths, &args.snapshot)?;
    let mut inputs = sources(args)?
        .into_iter()
        .flat_map(|source| source.inputs(args, &rules))
        .filter(|input| input.is_in(args.shard));
    let code = judge.all(&mut inputs, &mut sinks)?;
    sinks.finish()?;
    Ok(code)
}

/// What turns a snapshot into the bytes of its reports and an exit code.
struct Judge<'a> {
    scan: Scan<'a>,
    framework: Option<Framework>,
    gate: Gate,
    formats: Formats,
    stream: bool,
}

/// What came of one snapshot.
enum Outcome {
    Judged {
        code: u8,
        reports: Vec<Vec<u8>>,
    },
    /// In a stream an error is a record among the reports.
    Recorded {
        code: u8,
        record: Vec<u8>,
    },
    Failed {
        error: Error,
    },
}

impl Judge<'_> {
    /// Judges all snapshots and gives the worst exit code. What stands before the first report, as a table's header,
    /// depends on whether others follow, so the first is written before the rest are judged side by side.
    fn all(&self, inputs: &mut dyn Iterator<Item = Input>, sinks: &mut Sinks) -> Result<u8, Error> {
        let mut inputs = inputs.peekable();
        let mut code = EXIT_CLEAN;
        while sinks.is_empty()
            && let Some(input) = inputs.next()
        {
            let place = if self.stream || inputs.peek().is_some() { Place::First } else { Place::Only };
            code = worst([code, self.take(self.one(input, place), sinks)?]);
        }
        let work = |input| self.one(input, Place::Later);
        in_order(inputs, Input::size, work, |outcome| {
            code = worst([code, self.take(outcome, sinks)?]);
            Ok(())
        })?;
        Ok(if self.stream && code != EXIT_ERROR { EXIT_CLEAN } else { code })
    }

    fn one(&self, input: Input, place: Place) -> Outcome {
        let snapshot = match input.content {
            Content::Text(text) => text.parse().map_err(Error::from),
            Content::Snapshot(snapshot) => Ok(*snapshot),
            Content::Failed(error) => Err(error),
        };
        let rendered = snapshot.and_then(|snapshot| {
            let mut report = self.scan.run(&snapshot);
            drop(snapshot);
            report.framework = self.framework.as_ref().map(|framework| framework.report(&report));
            let reports = self.formats.render(&report, input.name, place)?;
            Ok(Outcome::Judged { code: self.gate.exit_code(&report), reports })
        });
        match rendered {
            Ok(outcome) => outcome,
            Err(Error::Snapshot(error)) if self.stream => {
                let code = if error.ends_the_source() { EXIT_ERROR } else { EXIT_CLEAN };
                Outcome::Recorded { code, record: error_record(&error) }
            }
            Err(error) => Outcome::Failed { error },
        }
    }

    /// Writes what came of a snapshot. A bad one among others is reported and does not hide them.
    fn take(&self, outcome: Outcome, sinks: &mut Sinks) -> Result<u8, Error> {
        match outcome {
            Outcome::Judged { code, reports } => {
                if !sinks.is_empty() {
                    self.formats.require_repeats()?;
                }
                sinks.write(&reports)?;
                Ok(code)
            }
            Outcome::Recorded { code, record } => {
                sinks.write(&vec![record; self.formats.len()])?;
                Ok(code)
            }
            Outcome::Failed { error } if self.stream => Err(error),
            Outcome::Failed { error } => {
                super::print_error(&error);
                Ok(EXIT_ERROR)
            }
        }
    }
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

/// A snapshot on its way to be judged, with the name of its file.
struct Input {
    name: Option<String>,
    content: Content,
}

enum Content {
    Text(SnapshotText),
    #[cfg_attr(not(feature = "live"), expect(dead_code, reason = "only a live account comes parsed"))]
    Snapshot(Box<Snapshot>),
    Failed(Error),
}

impl Input {
    /// Whether it belongs to the part of a fleet that was asked for; what names no snapshot belongs to every part.
    fn is_in(&self, shard: Option<Shard>) -> bool {
        match (&self.content, shard) {
            (Content::Text(text), Some(shard)) => shard.takes(text),
            _ => true,
        }
    }

    fn size(&self) -> usize {
        match &self.content {
            Content::Text(text) => text.size(),
            Content::Snapshot(_) | Content::Failed(_) => 0,
        }
    }
}

impl Source {
    /// The snapshots of this source, read as they are asked for. A live account is asked only for what the rules read.
    #[cfg_attr(not(feature = "live"), expect(unused_variables, reason = "saved snapshots hold what they hold"))]
    fn inputs(self, args: &Args, rules: &[Rule]) -> Box<dyn Iterator<Item = Input>> {
        let (name, reader) = match self {
            #[cfg(feature = "live")]
            Self::Live(live) => {
                let content = match live.collect(Some(super::permissions::operations(rules))) {
                    Ok(snapshot) => Content::Snapshot(Box::new(snapshot)),
                    Err(error) => Content::Failed(error),
                };
                return Box::new(std::iter::once(Input { name: None, content }));
            }
            Self::Stdin => {
                let stdin = std::io::BufReader::new(std::io::stdin());
                (None, SnapshotReader::from_reader("-".to_owned(), Box::new(stdin)))
            }
            Self::File(path) => (Some(path.display().to_string()), SnapshotReader::open(&path)),
        };
        let mut reader = match reader {
            Ok(reader) if args.stream => reader.one_per_line(),
            Ok(reader) => reader,
            Err(error) => return Box::new(std::iter::once(Input { name, content: Content::Failed(error.into()) })),
        };
        Box::new(std::iter::from_fn(move || {
            let content = match reader.next_text()? {
                Ok(text) => Content::Text(text),
                Err(error) => Content::Failed(error.into()),
            };
            Some(Input { name: name.clone(), content })
        }))
    }
}

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

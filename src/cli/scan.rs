//! `posture scan`: judge, report, gate.

use std::path::{Path, PathBuf};

use crate::baseline::Baseline;
use crate::config::Threshold;
use crate::diff::Side;
use crate::error::{EXIT_CLEAN, EXIT_ERROR, Error};
use crate::fleet::{self, AccountTally, Failure, FleetReport, Gathering, Roster, Step};
use crate::framework::Framework;
use crate::gate::{Gate, worst};
use crate::output::parquet::{self, LakeFile};
use crate::output::{self, FORMATS, Place, error_record, failure_record};
use crate::report::Report;
use crate::rule::Rule;
use crate::rule::judge::Shown;
use crate::scan::Scan;
use crate::snapshot::Time;

use super::fleet::{Shard, in_order};
use super::lake;
use super::overview::Overview;
use super::ruleset::{Selection, read_text};
use super::sinks::{Formats, Sinks};
use super::source::{self, Content, Input};

/// Options of `posture scan`.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  posture scan                                          judge the account of your AWS credentials
  posture scan --snapshot fixtures/accounts/bootcamp.json
  posture scan --snapshot account.json.zst --format sarif > posture.sarif
  posture scan --snapshot fleet.ndjson --format json    one report a line
  posture scan --snapshot fleet.ndjson.zst --stream --format ndjson --shard 1/4 > findings.ndjson
  posture scan --snapshot fleet.ndjson --stream --format ndjson --output parquet=lake > records.ndjson
  posture scan --output json=report.json --output sarif=posture.sarif --fail-on medium
  posture scan --snapshot new.json --baseline report.json
  posture scan --organization --keep today --since yesterday --format markdown    every account, one report
  posture scan --snapshot today --fleet --since yesterday.ndjson                  the same from saved snapshots

Exit codes: 0 clean; 1 findings at or above --fail-on; 2 could not run; 3 no such findings, but a rule at or above --fail-on stayed unknown. With --stream: 0 when every line has its report or error record, 2 when a source could not be read to its end.")]
pub(super) struct Args {
    /// Saved snapshot instead of a live account; `-` reads standard input; may be repeated
    #[arg(long, value_name = "PATH", num_args = 1..)]
    snapshot: Vec<PathBuf>,
    #[cfg(feature = "live")]
    #[command(flatten)]
    live: super::live::LiveArgs,
    #[cfg(feature = "live")]
    #[command(flatten)]
    organization: super::organization::OrganizationArgs,
    #[command(flatten)]
    overview: super::overview::OverviewArgs,
    #[command(flatten)]
    selection: Selection,
    /// Format of standard output
    #[arg(long, value_name = "FORMAT", default_value = "table", value_parser = format_names())]
    format: String,
    /// Also write a report to a file, as in `sarif=posture.sarif`; may be repeated. `parquet=FOLDER` writes OCSF events in
    /// Parquet, a file for each snapshot and Region, below `region=…/accountId=…/eventDay=…`
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
    let names = || FORMATS.iter().map(|(name, _)| *name).chain([parquet::NAME]).collect::<Vec<_>>().join(", ");
    let is_known = |name: &str| name == parquet::NAME || output::find(name).is_some();
    match text.split_once('=') {
        Some((name, path)) if is_known(name) && !path.is_empty() => Ok((name.to_owned(), PathBuf::from(path))),
        Some((name, _)) if !is_known(name) => Err(format!("`{name}` is no format; there are {}", names())),
        _ => Err("write FORMAT=PATH, as in sarif=posture.sarif".to_owned()),
    }
}

/// Runs the command.
pub(super) fn run(args: &Args) -> Result<u8, Error> {
    let (rules, config) = args.selection.load()?;
    let baseline = args.baseline.as_deref().map(read_baseline).transpose()?;
    let is_fleet = is_fleet(args);
    let (lakes, files): (Vec<_>, Vec<_>) = args.output.iter().partition(|(name, _)| name == parquet::NAME);
    let formats = Formats::new(&args.format, files.iter().map(|(name, _)| name.as_str()), is_fleet)?;
    if args.stream {
        formats.require_stream()?;
    }
    let judge = Judge {
        scan: Scan { rules: &rules, config: &config, baseline: baseline.as_ref(), as_of: args.as_of },
        framework: args.selection.framework()?,
        gate: Gate {
            fail_on: args.fail_on.map(Threshold::from).or(config.fail_on).unwrap_or(Threshold::High),
            allow_unknown: args.allow_unknown,
        },
        formats,
        fills_lakes: !lakes.is_empty(),
        stream: args.stream,
        overview: is_fleet.then(|| args.overview.former()).transpose()?.map(|former| Overview { former }),
    };
    let paths: Vec<&Path> = files.iter().map(|(_, path)| path.as_path()).collect();
    let mut sinks = Sinks::open(&paths, &args.snapshot)?;
    lakes.iter().try_for_each(|(_, folder)| sinks.add_lake(folder))?;
    let fed = feed(args, &rules)?;
    let mut gathering = judge.overview.as_ref().map(|overview| overview.begin(fed.roster, &rules));
    let mut inputs = fed.inputs.filter(|input| input.is_in(args.shard));
    let mut code = judge.all(&mut inputs, &mut sinks, gathering.as_mut())?;
    if let Some(gathering) = gathering {
        let (report, is_whole) = judge.finish(gathering, args.shard, &mut sinks)?;
        code = worst([code, if is_whole { EXIT_CLEAN } else { judge.gate.not_reached() }]);
        sinks.write(&judge.formats.render_fleet(&report)?)?;
    }
    sinks.finish()?;
    Ok(code)
}

fn is_fleet(args: &Args) -> bool {
    #[cfg(feature = "live")]
    let is_live = args.snapshot.is_empty() && args.organization.is_wanted(&args.overview.roster);
    #[cfg(not(feature = "live"))]
    let is_live = false;
    is_live || args.overview.is_fleet()
}

/// What turns a snapshot into the bytes of its reports and an exit code.
struct Judge<'a> {
    scan: Scan<'a>,
    framework: Option<Framework>,
    gate: Gate,
    formats: Formats,
    fills_lakes: bool,
    stream: bool,
    overview: Option<Overview>,
}

/// What came of one snapshot.
enum Outcome {
    Judged {
        code: u8,
        reports: Reports,
        lake: Vec<LakeFile>,
        tally: Option<Box<AccountTally>>,
    },
    /// In a stream an error is a record among the reports.
    Recorded {
        code: u8,
        record: Vec<u8>,
    },
    /// An account of which nothing is known.
    Unreached {
        failure: Failure,
        former: Option<Box<Side>>,
    },
    Failed {
        error: Error,
    },
}

/// The reports on one account.
enum Reports {
    /// Its only one, which is written while it is rendered: in JSON it takes more room than its findings.
    Only { report: Box<Report>, snapshot: Option<String> },
    /// Those of one among many in each format.
    Rendered(Vec<Vec<u8>>),
}

impl Judge<'_> {
    /// Judges all snapshots and gives the worst exit code. What stands before the first report, as a table's header,
    /// depends on whether others follow, so the first is written before the rest are judged side by side.
    fn all(
        &self,
        inputs: &mut dyn Iterator<Item = Input>,
        sinks: &mut Sinks,
        mut gathering: Option<&mut Gathering>,
    ) -> Result<u8, Error> {
        let mut inputs = inputs.peekable();
        let mut code = EXIT_CLEAN;
        while sinks.is_empty()
            && let Some(input) = inputs.next()
        {
            let place = if self.stream || inputs.peek().is_some() { Place::First } else { Place::Only };
            // On one of the threads that share the work, so that none has to be woken each time that there is some to share, and
            // from judging to writing on the same one, which takes the memory again that it let go.
            let gathering = gathering.as_deref_mut();
            let (taken, ()) = rayon::join(|| self.take(self.one(input, place), sinks, gathering), || ());
            code = worst([code, taken?]);
        }
        let work = |input| self.one(input, Place::Later);
        in_order(inputs, Input::size, work, |outcome| {
            code = worst([code, self.take(outcome, sinks, gathering.as_deref_mut())?]);
            Ok(())
        })?;
        Ok(if self.stream && code != EXIT_ERROR { EXIT_CLEAN } else { code })
    }

    /// What something shows, keeps or compares of the verdicts.
    fn shown(&self) -> Shown {
        if self.fills_lakes || self.overview.is_some() { Shown::ALL } else { self.formats.shown() }
    }

    fn one(&self, input: Input, place: Place) -> Outcome {
        let snapshot = match input.content {
            Content::Text(text) => text.parse().map(|snapshot| (snapshot, None)).map_err(Error::from),
            Content::Snapshot(snapshot, ahead) => Ok((*snapshot, ahead.map(|ahead| *ahead))),
            Content::Failed(error) => Err(error),
            Content::Unreached(failure) => {
                return match self.overview.as_ref().map(|overview| overview.side(&failure.account, &self.scan)) {
                    Some(Err(error)) => Outcome::Failed { error },
                    Some(Ok(former)) => Outcome::Unreached { failure, former: former.map(Box::new) },
                    None => Outcome::Unreached { failure, former: None },
                };
            }
        };
        let rendered = snapshot.and_then(|(snapshot, ahead)| {
            let incomplete = fleet::incomplete(&snapshot);
            let mut report = self.scan.run_for(snapshot, ahead, self.shown());
            report.framework = self.framework.as_ref().map(|framework| framework.report(&report));
            let lake = if self.fills_lakes { lake::files(&report)? } else { Vec::new() };
            let mut code = self.gate.exit_code(&report);
            let Some(overview) = &self.overview else {
                let reports = if place == Place::Only {
                    Reports::Only { report: Box::new(report), snapshot: input.name }
                } else {
                    Reports::Rendered(self.formats.render(&report, input.name, place)?)
                };
                return Ok(Outcome::Judged { code, reports, lake, tally: None });
            };
            let mut reports = self.formats.render(&report, input.name, place)?;
            if let Some(failure) = &incomplete {
                code = worst([code, self.gate.not_reached()]);
                let records = self.formats.record(&failure_record(failure));
                reports.iter_mut().zip(records).for_each(|(report, record)| report.extend(record));
            }
            let tally = Some(Box::new(overview.tally(&report, incomplete, &self.scan)?));
            Ok(Outcome::Judged { code, reports: Reports::Rendered(reports), lake, tally })
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
    fn take(&self, outcome: Outcome, sinks: &mut Sinks, gathering: Option<&mut Gathering>) -> Result<u8, Error> {
        match outcome {
            Outcome::Judged { code, reports, lake, tally } => {
                if !sinks.is_empty() {
                    self.formats.require_repeats()?;
                }
                if let (Some(gathering), Some(tally)) = (gathering, tally) {
                    gathering.add(*tally).map_err(|account| {
                        Error::other(
                            format!("there are two snapshots of account {account}"),
                            "a report over a fleet takes one snapshot an account",
                        )
                    })?;
                }
                match reports {
                    Reports::Rendered(reports) => sinks.write(&reports)?,
                    Reports::Only { report, snapshot } => {
                        self.formats.write_only(&report, snapshot, sinks)?;
                        // Nothing comes after it: the system takes the memory back at once, finding by finding it takes a while.
                        std::mem::forget(report);
                    }
                }
                sinks.keep(&lake)?;
                Ok(code)
            }
            Outcome::Recorded { code, record } => {
                sinks.write(&self.formats.record(&record))?;
                Ok(code)
            }
            Outcome::Unreached { failure, former } => {
                sinks.write(&self.formats.record(&failure_record(&failure)))?;
                if let Some(gathering) = gathering {
                    gathering.fail(failure, former.as_deref());
                }
                Ok(self.gate.not_reached())
            }
            Outcome::Failed { error } if self.stream => Err(error),
            Outcome::Failed { error } => {
                super::print_error(&error);
                Ok(EXIT_ERROR)
            }
        }
    }

    /// The report over all accounts; false when some of them were never asked.
    fn finish(
        &self,
        mut gathering: Gathering,
        shard: Option<Shard>,
        sinks: &mut Sinks,
    ) -> Result<(FleetReport, bool), Error> {
        let is_here = |account: &String| match (shard, account.parse()) {
            (Some(shard), Ok(number)) => shard.takes_number(number),
            _ => true,
        };
        let missing: Vec<String> = gathering.missing().into_iter().filter(is_here).collect();
        for account in &missing {
            let failure = Failure {
                account: account.clone(),
                step: Step::Snapshot,
                code: "NoSnapshot".to_owned(),
                message: "the list of accounts names it, and nothing tells of it".to_owned(),
            };
            let former = match &self.overview {
                Some(overview) => overview.side(account, &self.scan)?,
                None => None,
            };
            sinks.write(&self.formats.record(&failure_record(&failure)))?;
            gathering.fail(failure, former.as_ref());
        }
        Ok((gathering.finish(), missing.is_empty()))
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

/// What is judged, and the list of the accounts that it belongs to.
struct Fed {
    inputs: Box<dyn Iterator<Item = Input>>,
    roster: Option<Roster>,
}

#[cfg_attr(not(feature = "live"), expect(unused_variables, reason = "saved snapshots hold what they hold"))]
fn feed(args: &Args, rules: &[Rule]) -> Result<Fed, Error> {
    #[cfg(feature = "live")]
    if args.snapshot.is_empty() {
        return live(args, rules);
    }
    #[cfg(feature = "live")]
    if args.live.are_given() || args.organization.are_given() || args.overview.keep.is_some() {
        return Err(Error::other(
            "options for a live account do not go with a saved snapshot",
            "leave out `--snapshot`, or `--profile`, `--region`, `--timeout`, `--partial`, `--allow-paid-calls` and how to come into accounts",
        ));
    }
    #[cfg(not(feature = "live"))]
    if args.snapshot.is_empty() {
        return Err(Error::other(
            "this build holds no live scanner",
            "pass a snapshot with `--snapshot FILE`, or build with the feature `live`",
        ));
    }
    let roster = args.overview.roster(&args.snapshot)?;
    let unreached = args.overview.unreached(&args.snapshot)?;
    let saved = source::saved(args.snapshot.clone(), args.stream)?;
    Ok(Fed { inputs: Box::new(saved.chain(unreached)), roster })
}

/// A live account is asked only for what the rules read.
#[cfg(feature = "live")]
fn live(args: &Args, rules: &[Rule]) -> Result<Fed, Error> {
    use super::folder::Folder;

    let operations = Some(super::permissions::operations(rules, args.live.allow_paid_calls));
    let overview = &args.overview;
    if args.organization.is_wanted(&overview.roster) {
        if args.organization.resume && overview.keep.is_none() {
            return Err(Error::other("`--resume` goes on with a folder", "name the folder with `--keep DIR`"));
        }
        let prepare = |path: &PathBuf| Folder::prepare(path, args.organization.resume);
        let folder = overview.keep.as_ref().map(prepare).transpose()?;
        let run = super::organization::begin(&args.live, &args.organization, &overview.roster, folder, operations)?;
        return Ok(Fed { inputs: run.inputs, roster: Some(run.roster) });
    }
    if args.organization.are_given() || overview.is_fleet() || overview.keep.is_some() {
        return Err(Error::other(
            "options for many accounts, and one account to scan",
            "add `--organization` or `--accounts FILE`, or name snapshots with `--snapshot`",
        ));
    }
    let collected = super::ahead::collect(&args.live, operations, rules);
    let content = match collected {
        Ok((snapshot, ahead)) => Content::Snapshot(Box::new(snapshot), ahead.map(Box::new)),
        Err(error) => Content::Failed(error),
    };
    Ok(Fed { inputs: Box::new(std::iter::once(Input::unnamed(content))), roster: None })
}

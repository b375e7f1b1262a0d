//! Collecting from a running account, as `scan` and `snapshot` do it: options, progress on a terminal, Ctrl-C.

use std::collections::BTreeSet;
use std::io::IsTerminal;
use std::time::Duration;

use indicatif::{ProgressBar, ProgressStyle};

use super::progress::Bar;
use crate::Error;
use crate::collect::{self, Cancel, CollectError, Early, Limits, Options, Silent};
use crate::snapshot::{Operation, Snapshot, Time};

/// Exit code of a run that a second Ctrl-C ends at once, as shells expect it.
const EXIT_INTERRUPTED: i32 = 130;

const DEFAULT_TIMEOUT: u64 = 900;

/// How to reach a running account.
#[derive(Debug, Clone, clap::Args)]
pub(super) struct LiveArgs {
    /// Profile of the AWS configuration files [default: `AWS_PROFILE`, then the standard chain]
    #[arg(long, value_name = "NAME", help_heading = "Live account")]
    profile: Option<String>,
    /// Region to ask; repeat it or separate by commas [default: the Regions enabled in the account]
    #[arg(long = "region", value_name = "REGION", value_delimiter = ',', help_heading = "Live account")]
    regions: Vec<String>,
    /// Seconds after which calls that are still open are recorded as unanswered
    #[arg(long, value_name = "SECONDS", default_value_t = DEFAULT_TIMEOUT, value_parser = clap::value_parser!(u64).range(1..=86_400),
        help_heading = "Live account")]
    timeout: u64,
    /// After Ctrl-C, go on with what was collected until then
    #[arg(long, help_heading = "Live account")]
    partial: bool,
    /// Also make the calls that AWS bills: two of Cost Explorer, each page for 0.01 USD
    #[arg(long, help_heading = "Live account")]
    pub(super) allow_paid_calls: bool,
}

impl LiveArgs {
    /// Whether an option says something about a live account.
    pub(super) fn are_given(&self) -> bool {
        self.profile.is_some()
            || !self.regions.is_empty()
            || self.timeout != DEFAULT_TIMEOUT
            || self.partial
            || self.allow_paid_calls
    }

    /// Collects a snapshot of the account that the credentials belong to; of everything when `operations` are `None`.
    pub(super) fn collect(&self, operations: Option<BTreeSet<Operation>>) -> Result<Snapshot, Error> {
        self.collect_with(operations, None)
    }

    /// The same, and has `early` work on a part of it while the rest is waited for.
    pub(super) fn collect_with(
        &self,
        operations: Option<BTreeSet<Operation>>,
        early: Option<&dyn Early>,
    ) -> Result<Snapshot, Error> {
        let options = self.options(operations);
        stop_on_ctrl_c(options.cancel.clone())?;
        let collected = if std::io::stderr().is_terminal() {
            let bar = Bar::new();
            let collected = collect::collect(&options, &bar, early);
            bar.finish();
            collected
        } else {
            collect::collect(&options, &Silent, early)
        };
        // Nothing is left to stop softly: from here on one Ctrl-C ends the program.
        options.cancel.cancel();
        collected.map_err(told)
    }

    /// Whether what there is after Ctrl-C is wanted.
    pub(super) fn wants_partial(&self) -> bool {
        self.partial
    }

    /// What to collect, as whom, and for how long.
    pub(super) fn options(&self, operations: Option<BTreeSet<Operation>>) -> Options {
        Options {
            operations,
            profile: self.profile.clone(),
            regions: self.regions.clone(),
            limits: Limits { total: Duration::from_secs(self.timeout), ..Limits::default() },
            partial: self.partial,
            paid_calls: self.allow_paid_calls,
            ..Options::new(now())
        }
    }
}

/// The time.
#[expect(clippy::disallowed_methods, reason = "the command line is the room that reads the clock")]
pub(super) fn now() -> Time {
    Time(jiff::Timestamp::now())
}

/// An error of collecting, for the person at the keyboard.
#[expect(clippy::needless_pass_by_value, reason = "it is passed where errors are mapped")]
pub(super) fn told(error: CollectError) -> Error {
    Error::other(error.to_string(), error.hint())
}

/// The first Ctrl-C ends collecting, the second the program. On a thread of its own, which outlives collecting: once
/// somebody listens for the signal, the system no longer ends the program by itself.
pub(super) fn stop_on_ctrl_c(cancel: Cancel) -> Result<(), Error> {
    let runtime = collect::runtime().map_err(told)?;
    std::thread::spawn(move || {
        runtime.block_on(async {
            while tokio::signal::ctrl_c().await.is_ok() {
                if cancel.is_cancelled() {
                    std::process::exit(EXIT_INTERRUPTED);
                }
                cancel.cancel();
            }
        });
    });
    Ok(())
}

/// Accounts that are done and accounts in all, on one line of a terminal.
pub(super) fn bar_of_accounts(accounts: usize) -> ProgressBar {
    if !std::io::stderr().is_terminal() {
        return ProgressBar::hidden();
    }
    let bar = ProgressBar::new(accounts as u64);
    if let Ok(style) = ProgressStyle::with_template("{spinner} {pos}/{len} accounts  {elapsed} of about {duration}") {
        bar.set_style(style);
    }
    bar.enable_steady_tick(Duration::from_millis(100));
    bar
}

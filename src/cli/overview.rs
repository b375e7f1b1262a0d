//! The report over many accounts: its options, the list of accounts, and the former run that it is compared with.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use crate::Error;
use crate::diff::Side;
use crate::fleet::{AccountTally, Compared, Failure, Gathering, Roster};
use crate::report::Report;
use crate::rule::Rule;
use crate::scan::Scan;

use super::folder::{Folder, read_roster};
use super::former::Former;
use super::source::{Content, Input};

/// Options of the report over many accounts.
#[derive(Debug, clap::Args)]
#[command(next_help_heading = "Many accounts")]
pub(super) struct OverviewArgs {
    /// One report over all snapshots, by account, unit, rule and owner, in formats table, json and markdown
    #[arg(long, conflicts_with = "stream")]
    fleet: bool,
    #[command(flatten)]
    pub(super) roster: RosterArgs,
    /// Tell what changed since a former run: a folder of its snapshots, or what it wrote as ndjson
    #[arg(long, value_name = "PATH", conflicts_with = "stream")]
    since: Option<PathBuf>,
    /// Keep each account's snapshot in this folder, as <account>.json.zst
    #[cfg(feature = "live")]
    #[arg(long, value_name = "DIR", conflicts_with = "snapshot")]
    pub(super) keep: Option<PathBuf>,
}

/// Which accounts, and what reports group them by.
#[derive(Debug, Clone, clap::Args)]
#[command(next_help_heading = "Many accounts")]
pub(super) struct RosterArgs {
    /// The accounts: one a line, what `aws organizations list-accounts` prints, or a former run's organization.json
    #[arg(long, value_name = "FILE")]
    pub(super) accounts: Option<PathBuf>,
    /// Ask for this tag of the accounts, which names their owner, to report by owner
    #[cfg(feature = "live")]
    #[arg(long, value_name = "KEY", requires = "organization")]
    pub(super) owner_tag: Option<String>,
}

impl OverviewArgs {
    /// Whether one report over all snapshots is wanted.
    pub(super) fn is_fleet(&self) -> bool {
        self.fleet || self.since.is_some() || self.roster.accounts.is_some()
    }

    /// The former run, if one is named.
    pub(super) fn former(&self) -> Result<Option<Former>, Error> {
        self.since.as_deref().map(Former::open).transpose()
    }

    /// The list of accounts: the one that is named, else that of a folder of snapshots.
    pub(super) fn roster(&self, snapshots: &[PathBuf]) -> Result<Option<Roster>, Error> {
        match &self.roster.accounts {
            Some(path) => read_roster(path).map(Some),
            None if self.is_fleet() => {
                let mut rosters = folders(snapshots).map(|folder| folder.roster());
                rosters.find_map(Result::transpose).transpose()
            }
            None => Ok(None),
        }
    }

    /// Accounts that the run before could not reach, as a folder of its snapshots tells.
    pub(super) fn unreached(&self, snapshots: &[PathBuf]) -> Result<impl Iterator<Item = Input> + use<>, Error> {
        let mut failures = Vec::new();
        if self.is_fleet() {
            for folder in folders(snapshots) {
                let there = folder.snapshots()?;
                let is_missing = |failure: &Failure| {
                    !there.keys().any(|stem| stem.strip_suffix(".partial").unwrap_or(stem) == failure.account)
                };
                failures.extend(folder.failures()?.into_iter().filter(is_missing));
            }
        }
        Ok(failures.into_iter().map(|failure| Input::unnamed(Content::Unreached(failure))))
    }
}

fn folders(snapshots: &[PathBuf]) -> impl Iterator<Item = Folder> {
    snapshots.iter().filter(|path| path.is_dir()).map(|path: &PathBuf| Folder::at(Path::new(path)))
}

/// What the report over many accounts needs of each.
pub(super) struct Overview {
    pub(super) former: Option<Former>,
}

impl Overview {
    /// Begins the report.
    pub(super) fn begin(&self, roster: Option<Roster>, rules: &[Rule]) -> Gathering {
        let titles: BTreeMap<String, String> =
            rules.iter().map(|rule| (rule.id.clone(), rule.title.to_string())).collect();
        let since = self.former.as_ref().map(|former| (former.name().to_owned(), former.accounts()));
        Gathering::new(roster, titles, since)
    }

    /// The verdicts on an account in the former run.
    pub(super) fn side(&self, account: &str, scan: &Scan<'_>) -> Result<Option<Side>, Error> {
        self.former.as_ref().map_or(Ok(None), |former| former.side(account, scan))
    }

    /// What is kept of an account's report.
    pub(super) fn tally(
        &self,
        report: &Report,
        incomplete: Option<Failure>,
        scan: &Scan<'_>,
    ) -> Result<AccountTally, Error> {
        let former = match (&self.former, self.side(&report.account, scan)?) {
            (None, _) => Compared::WithNothing,
            (Some(_), None) => Compared::New,
            (Some(_), Some(side)) => Compared::With(Box::new(side)),
        };
        Ok(AccountTally::new(report, incomplete, &former))
    }
}

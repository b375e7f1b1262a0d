//! Many running accounts in one run: options, the list of accounts, and the thread that collects them.
//!
//! Collecting has a thread of its own; snapshots come through a channel that holds a few, so that whoever judges them
//! slowly makes collecting wait instead of filling the memory.

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::sync::{Mutex, PoisonError};

use tokio::sync::mpsc;

use super::folder::{Folder, read_roster};
use super::live::{LiveArgs, bar_of_accounts, now, stop_on_ctrl_c, told};
use super::members::{DEFAULT_ROLE, external_id, is_word, role_arn, role_name};
use super::note;
use super::overview::RosterArgs;
use super::source::{Content, Input, file};
use crate::Error;
use crate::collect::{self, Cancel, CollectError, Entry, Home};
use crate::fleet::{self, Failure, Roster};
use crate::snapshot::{Operation, Snapshot};

/// Snapshots that may wait to be judged.
const WAITING: usize = 2;

/// How to reach the accounts of an organization.
#[derive(Debug, Clone, clap::Args)]
#[command(next_help_heading = "Organization")]
pub(super) struct OrganizationArgs {
    /// Every active account of the organization that AWS Organizations lists
    #[arg(long, conflicts_with = "accounts")]
    organization: bool,
    /// The role to assume in each account, by name, with its path if it has one
    #[arg(long, value_name = "NAME", default_value = DEFAULT_ROLE, value_parser = role_name)]
    role_name: String,
    /// A role to assume first, from which the others are assumed; repeat it for a chain
    #[arg(long, value_name = "ARN", value_parser = role_arn)]
    via_role: Vec<String>,
    /// The external id that the roles' trust policies ask for
    #[arg(long, value_name = "ID", value_parser = external_id)]
    external_id: Option<String>,
    /// The name of the sessions, as CloudTrail shows it
    #[arg(long, value_name = "NAME", default_value = "posture", value_parser = session_name)]
    session_name: String,
    /// A tag of the sessions in the accounts; may be repeated
    #[arg(long, value_name = "KEY=VALUE", value_parser = session_tag)]
    session_tag: Vec<(String, String)>,
    /// Accounts that are collected at once
    #[arg(long, value_name = "NUMBER", default_value_t = 16, value_parser = clap::value_parser!(u16).range(1..=128))]
    concurrency: u16,
    /// Go on where a former run into the same folder stopped: accounts that are done are not asked again
    #[arg(long)]
    pub(super) resume: bool,
}

fn session_name(text: &str) -> Result<String, String> {
    let is_name = (2..=64).contains(&text.len()) && is_word(text, "");
    if is_name {
        Ok(text.to_owned())
    } else {
        Err("a session's name has 2 to 64 letters, digits and any of +=,.@-_".to_owned())
    }
}

fn session_tag(text: &str) -> Result<(String, String), String> {
    match text.split_once('=') {
        Some((key, value)) if !key.is_empty() && key.chars().count() <= 128 && value.chars().count() <= 256 => {
            Ok((key.to_owned(), value.to_owned()))
        }
        _ => Err("write KEY=VALUE, as in team=security".to_owned()),
    }
}

impl OrganizationArgs {
    /// Whether many accounts are asked for.
    pub(super) fn is_wanted(&self, roster: &RosterArgs) -> bool {
        self.organization || roster.accounts.is_some()
    }

    /// Whether an option says how to come into accounts.
    pub(super) fn are_given(&self) -> bool {
        self.organization
            || self.resume
            || self.external_id.is_some()
            || self.role_name != DEFAULT_ROLE
            || self.session_name != "posture"
            || !self.via_role.is_empty()
            || !self.session_tag.is_empty()
    }

    fn entry(&self) -> Entry {
        Entry {
            role_name: self.role_name.clone(),
            via: self.via_role.clone(),
            session_name: self.session_name.clone(),
            external_id: self.external_id.clone(),
            session_tags: self.session_tag.clone(),
        }
    }
}

/// A run over many accounts, begun: the list of accounts, and their snapshots as they come.
pub(super) struct Run {
    pub(super) roster: Roster,
    pub(super) inputs: Box<dyn Iterator<Item = Input>>,
}

/// What the thread needs that collects.
struct Collecting {
    home: Home,
    runtime: tokio::runtime::Runtime,
    cancel: Cancel,
    partial: bool,
    accounts: Vec<String>,
    at_once: usize,
    folder: Option<Folder>,
}

/// Lists the accounts and begins to collect them, into a folder if one is named.
pub(super) fn begin(
    live: &LiveArgs,
    organization: &OrganizationArgs,
    roster_args: &RosterArgs,
    folder: Option<Folder>,
    operations: Option<BTreeSet<Operation>>,
) -> Result<Run, Error> {
    let named = roster_args.accounts.as_deref().map(read_roster).transpose()?;
    let done = match &folder {
        Some(folder) => folder.done()?,
        None => BTreeSet::new(),
    };
    let options = live.options(operations);
    let cancel = options.cancel.clone();
    let runtime = collect::runtime().map_err(told)?;
    stop_on_ctrl_c(cancel.clone())?;
    let opened = runtime.block_on(async {
        let home = Box::pin(Home::open(options, organization.entry(), now)).await?;
        let roster = match named {
            Some(roster) => roster,
            None => home.list(roster_args.owner_tag.as_deref()).await?,
        };
        Ok::<_, CollectError>((home, roster))
    });
    let (home, roster) = opened.map_err(told)?;
    if let Some(folder) = &folder {
        folder.write_roster(&roster)?;
    }
    let active = || roster.accounts.iter().filter(|member| member.is_active()).map(|member| member.id.clone());
    let saved: Vec<String> = active().filter(|id| done.contains(id)).collect();
    let accounts: Vec<String> = active().filter(|id| !done.contains(id)).collect();
    announce(&roster, accounts.len(), saved.len());
    let saved_inputs = saved_inputs(folder.as_ref(), &saved)?;
    let (sender, receiver) = mpsc::channel(WAITING);
    let collecting = Collecting {
        home,
        runtime,
        cancel,
        partial: live.wants_partial(),
        accounts,
        at_once: usize::from(organization.concurrency),
        folder,
    };
    std::thread::spawn(move || collecting.run(&sender));
    let mut receiver = receiver;
    let live = std::iter::from_fn(move || receiver.blocking_recv()).map(Input::unnamed);
    Ok(Run { roster, inputs: Box::new(saved_inputs.chain(live)) })
}

fn announce(roster: &Roster, open: usize, done: usize) {
    let mut parts = vec![format!("{} accounts: {open} to ask", roster.accounts.len())];
    if done > 0 {
        parts.push(format!("{done} done before"));
    }
    for (state, members) in roster.inactive() {
        let ids: Vec<&str> = members.iter().map(|member| member.id.as_str()).collect();
        let state = super::terminal::printable(state);
        parts.push(format!("{} {state} and skipped ({})", ids.len(), ids.join(", ")));
    }
    note(&parts.join(", "));
}

/// Snapshots of accounts that are done, read again when their turn comes.
fn saved_inputs(folder: Option<&Folder>, done: &[String]) -> Result<impl Iterator<Item = Input> + use<>, Error> {
    let mut files = match folder {
        Some(folder) => folder.snapshots()?,
        None => std::collections::BTreeMap::new(),
    };
    let paths: Vec<PathBuf> = done.iter().filter_map(|account| files.remove(account)).collect();
    Ok(paths.into_iter().flat_map(|path| file(&path, false)))
}

impl Collecting {
    /// Collects all accounts and hands over what comes of each. Whoever takes it may leave: then collecting stops.
    fn run(self, sender: &mpsc::Sender<Content>) {
        let Self { home, runtime, cancel, partial, accounts, at_once, folder } = self;
        let failures: Mutex<Vec<Failure>> = Mutex::default();
        let bar = bar_of_accounts(accounts.len());
        runtime.block_on(home.collect_each(accounts, at_once, async |_, result| {
            bar.inc(1);
            let content = match result {
                Err(failure) if failure.code == "Cancelled" && !partial => return,
                Err(failure) => {
                    failures.lock().unwrap_or_else(PoisonError::into_inner).push(failure.clone());
                    Content::Unreached(failure)
                }
                Ok(snapshot) => {
                    if let Some(failure) = fleet::incomplete(&snapshot) {
                        failures.lock().unwrap_or_else(PoisonError::into_inner).push(failure);
                    }
                    match keep(folder.clone(), snapshot).await {
                        Ok(snapshot) => Content::Snapshot(Box::new(snapshot), None),
                        Err(error) => {
                            // What cannot be kept would be lost with the run: better to stop now than after hours.
                            cancel.cancel();
                            Content::Failed(error)
                        }
                    }
                }
            };
            if sender.send(content).await.is_err() {
                cancel.cancel();
            }
        }));
        bar.finish_and_clear();
        runtime.shutdown_background();
        let stopped = cancel.is_cancelled() && !partial;
        // From here on one Ctrl-C ends the program.
        cancel.cancel();
        let mut failures = failures.into_inner().unwrap_or_else(PoisonError::into_inner);
        failures.sort_by(|one, two| one.account.cmp(&two.account));
        let mut last = Vec::new();
        if let Some(folder) = &folder
            && let Err(error) = folder.write_failures(&failures)
        {
            last.push(error);
        }
        if stopped {
            let hint = match folder {
                Some(_) => "go on with the same command and `--resume`",
                None => "`--keep DIR` keeps what is done, for `--resume` to go on with",
            };
            last.push(Error::other(CollectError::Cancelled.to_string(), hint));
        }
        for error in last {
            // Nobody is left to tell when the receiver is gone.
            drop(sender.blocking_send(Content::Failed(error)));
        }
    }
}

/// Writes a snapshot into the folder, on a thread that may wait for the disk.
async fn keep(folder: Option<Folder>, snapshot: Snapshot) -> Result<Snapshot, Error> {
    let Some(folder) = folder else { return Ok(snapshot) };
    let written = tokio::task::spawn_blocking(move || {
        folder.write(&snapshot, fleet::incomplete(&snapshot).is_none()).map(|()| snapshot)
    });
    written.await.map_err(|error| Error::other(format!("a snapshot could not be written: {error}"), ""))?
}

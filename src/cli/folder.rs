//! A folder of snapshots, one an account: what a run over many accounts leaves on disk, and goes on from.
//!
//! An account that is done is `<account>.json.zst`; one of which some calls were cut off is `<account>.partial.json.zst`
//! and counts as not done. `organization.json` lists the accounts, `failed.ndjson` says which are missing and why.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use serde::Deserialize;

use crate::Error;
use crate::fleet::{Failure, Roster, Step};

use super::ruleset::read_text;

const ROSTER: &str = "organization.json";
const FAILED: &str = "failed.ndjson";
const PARTIAL: &str = ".partial";

/// The folder.
#[derive(Debug, Clone)]
pub(super) struct Folder {
    path: PathBuf,
}

/// What is read of a record in `failed.ndjson`.
#[derive(Deserialize)]
struct FailureLine {
    account: String,
    step: Step,
    code: String,
    message: String,
}

/// The part of a snapshot's file name before the endings, when it is one.
fn stem(path: &Path) -> Option<&str> {
    let name = path.file_name()?.to_str()?;
    if name.starts_with('.') || [ROSTER, FAILED].contains(&name) {
        return None;
    }
    let plain = name.strip_suffix(".zst").or_else(|| name.strip_suffix(".gz")).unwrap_or(name);
    [".json", ".ndjson", ".jsonl"].iter().find_map(|ending| plain.strip_suffix(ending))
}

impl Folder {
    /// A folder that is there.
    pub(super) fn at(path: &Path) -> Self {
        Self { path: path.to_owned() }
    }

    fn failed(&self, action: &'static str, name: &str) -> impl Fn(std::io::Error) -> Error {
        let path = if name.is_empty() { self.path.clone() } else { self.path.join(name) };
        move |source| Error::Io { action, path: path.clone(), source }
    }

    /// Every snapshot in the folder by the name of its file without endings; of an account that is done, not what it was
    /// before.
    pub(super) fn snapshots(&self) -> Result<BTreeMap<String, PathBuf>, Error> {
        let failed = self.failed("read", "");
        let mut found = BTreeMap::new();
        for entry in std::fs::read_dir(&self.path).map_err(&failed)? {
            let path = entry.map_err(&failed)?.path();
            if let Some(stem) = stem(&path).filter(|_| path.is_file())
                && let Some(other) = found.insert(stem.to_owned(), path.clone())
            {
                return Err(Error::other(
                    format!("`{}` and `{}` are one account", other.display(), path.display()),
                    "remove one of the two files",
                ));
            }
        }
        let done: BTreeSet<String> = found.keys().cloned().collect();
        found.retain(|stem, _| stem.strip_suffix(PARTIAL).is_none_or(|account| !done.contains(account)));
        Ok(found)
    }

    /// The list of accounts, when the folder holds one.
    pub(super) fn roster(&self) -> Result<Option<Roster>, Error> {
        let path = self.path.join(ROSTER);
        if path.is_file() { read_roster(&path).map(Some) } else { Ok(None) }
    }

    /// Accounts that have no whole snapshot, and why, as the last run left them.
    pub(super) fn failures(&self) -> Result<Vec<Failure>, Error> {
        let path = self.path.join(FAILED);
        if !path.is_file() {
            return Ok(Vec::new());
        }
        let text = read_text(&path)?;
        let read = |(index, line): (usize, &str)| {
            let line: FailureLine = serde_json::from_str(line).map_err(|error| {
                Error::other(
                    format!("`{}`, line {}: {error}", path.display(), index + 1),
                    "remove the file: the next run with `--resume` writes it anew",
                )
            })?;
            Ok(Failure { account: line.account, step: line.step, code: line.code, message: line.message })
        };
        text.lines().enumerate().filter(|(_, line)| !line.trim().is_empty()).map(read).collect()
    }
}

/// Reads a list of accounts.
pub(super) fn read_roster(path: &Path) -> Result<Roster, Error> {
    let text = read_text(path)?;
    Roster::parse(&text).map_err(|message| {
        Error::other(
            format!("list of accounts `{}`: {message}", path.display()),
            "write one account a line, twelve digits each, or what `aws organizations list-accounts` prints",
        )
    })
}

#[cfg(feature = "live")]
mod writing {
    //! What only a live run does.

    use std::collections::BTreeSet;
    use std::path::Path;

    use super::{FAILED, Folder, PARTIAL, ROSTER};
    use crate::Error;
    use crate::fleet::{Failure, Roster};
    use crate::output::failure_record;
    use crate::snapshot::{Compression, Snapshot, write_atomically, write_snapshot};

    impl Folder {
        /// Makes the folder, readable by its owner alone. Without `resume` it must hold no snapshots.
        pub(in crate::cli) fn prepare(path: &Path, resume: bool) -> Result<Self, Error> {
            let folder = Self::at(path);
            let mut builder = std::fs::DirBuilder::new();
            builder.recursive(true);
            #[cfg(unix)]
            std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
            builder.create(path).map_err(folder.failed("make", ""))?;
            if !resume && !folder.snapshots()?.is_empty() {
                return Err(Error::other(
                    format!("folder `{}` holds snapshots of a former run", path.display()),
                    "`--resume` goes on with them; else name a folder that is empty or not there yet",
                ));
            }
            Ok(folder)
        }

        /// Accounts that are done.
        pub(in crate::cli) fn done(&self) -> Result<BTreeSet<String>, Error> {
            Ok(self.snapshots()?.into_keys().filter(|stem| crate::fleet::is_account(stem)).collect())
        }

        /// Writes an account's snapshot.
        pub(in crate::cli) fn write(&self, snapshot: &Snapshot, is_whole: bool) -> Result<(), Error> {
            let partial = format!("{}{PARTIAL}.json.zst", snapshot.account);
            let name = if is_whole { format!("{}.json.zst", snapshot.account) } else { partial.clone() };
            let write = |sink: &mut dyn std::io::Write| write_snapshot(snapshot, Compression::Zstd, sink);
            write_atomically(&self.path.join(&name), write).map_err(self.failed("write", &name))?;
            let partial = self.path.join(partial);
            if is_whole && partial.exists() {
                std::fs::remove_file(&partial).map_err(|source| Error::Io {
                    action: "remove",
                    path: partial,
                    source,
                })?;
            }
            Ok(())
        }

        /// Writes the list of accounts.
        pub(in crate::cli) fn write_roster(&self, roster: &Roster) -> Result<(), Error> {
            let write = |sink: &mut dyn std::io::Write| {
                serde_json::to_writer_pretty(&mut *sink, roster)?;
                sink.write_all(b"\n")
            };
            write_atomically(&self.path.join(ROSTER), write).map_err(self.failed("write", ROSTER))
        }

        /// Writes which accounts are not done, and why.
        pub(in crate::cli) fn write_failures(&self, failures: &[Failure]) -> Result<(), Error> {
            let write = |sink: &mut dyn std::io::Write| {
                failures.iter().try_for_each(|failure| sink.write_all(&failure_record(failure)))
            };
            write_atomically(&self.path.join(FAILED), write).map_err(self.failed("write", FAILED))
        }
    }
}

//! The former run that a fleet is compared with: a folder of its snapshots, or the records that it wrote.
//!
//! One account of it is in memory at a time: snapshots are judged again, by today's rules, when the account comes up; of
//! records only the place of each account is kept.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::File;
use std::io::{BufRead, BufReader, Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use serde::Deserialize;

use crate::Error;
use crate::diff::Side;
use crate::fleet::is_account;
use crate::scan::Scan;
use crate::snapshot::{SnapshotReader, decompressed};

use super::folder::Folder;

/// The former run.
pub(super) struct Former {
    name: String,
    kind: Kind,
}

enum Kind {
    Snapshots(BTreeMap<String, PathBuf>),
    Records(Mutex<File>, BTreeMap<String, Place>),
}

/// Where the records of an account lie.
#[derive(Debug, Clone, Copy)]
struct Place {
    start: u64,
    length: usize,
}

#[derive(Deserialize)]
struct RecordHead {
    format: String,
    account: Option<String>,
}

impl Former {
    /// Opens a folder of snapshots or a file of records.
    pub(super) fn open(path: &Path) -> Result<Self, Error> {
        let name = path.display().to_string();
        let kind = if path.is_dir() {
            let snapshots = Folder::at(path).snapshots()?.into_iter();
            let named = snapshots.map(|(stem, path)| Ok((account_of(&stem, &path)?, path)));
            Kind::Snapshots(named.collect::<Result<_, Error>>()?)
        } else {
            records(path)?
        };
        Ok(Self { name, kind })
    }

    /// What it is called in reports.
    pub(super) fn name(&self) -> &str {
        &self.name
    }

    /// The accounts that it tells of.
    pub(super) fn accounts(&self) -> BTreeSet<String> {
        match &self.kind {
            Kind::Snapshots(files) => files.keys().cloned().collect(),
            Kind::Records(_, places) => places.keys().cloned().collect(),
        }
    }

    /// The verdicts on one account then; none when it tells nothing of it.
    pub(super) fn side(&self, account: &str, scan: &Scan<'_>) -> Result<Option<Side>, Error> {
        let side = match &self.kind {
            Kind::Snapshots(files) => match files.get(account) {
                Some(path) => judged(path, scan)?,
                None => return Ok(None),
            },
            Kind::Records(file, places) => match places.get(account) {
                Some(place) => self.recorded(file, *place)?,
                None => return Ok(None),
            },
        };
        if side.account != account {
            return Err(self.wrong(&format!("what is named {account} tells of account {}", side.account)));
        }
        let mut side = side;
        side.keep_rules(&scan.rules.iter().map(|rule| rule.id.as_str()).collect());
        Ok(Some(side))
    }

    fn recorded(&self, file: &Mutex<File>, place: Place) -> Result<Side, Error> {
        let mut bytes = vec![0; place.length];
        {
            let mut file = file.lock().unwrap_or_else(PoisonError::into_inner);
            let read = file.seek(SeekFrom::Start(place.start)).and_then(|_| file.read_exact(&mut bytes));
            read.map_err(|source| Error::Io { action: "read", path: PathBuf::from(&self.name), source })?;
        }
        let text = String::from_utf8(bytes).map_err(|_| self.wrong("it is not UTF-8 text"))?;
        Side::parse_records(&text).map_err(|message| self.wrong(&message))
    }

    fn wrong(&self, message: &str) -> Error {
        wrong(&self.name, message)
    }
}

/// The account that a file tells of: by its name, else by what it holds.
fn account_of(stem: &str, path: &Path) -> Result<String, Error> {
    let name = stem.strip_suffix(".partial").unwrap_or(stem);
    if is_account(name) {
        return Ok(name.to_owned());
    }
    let text = SnapshotReader::open(path)?.next_text().transpose()?;
    match text.and_then(|text| text.account()) {
        Some(account) => Ok(format!("{account:012}")),
        None => Err(wrong(&path.display().to_string(), "it names no account")),
    }
}

fn wrong(name: &str, message: &str) -> Error {
    Error::other(
        format!("former run `{name}`: {message}"),
        "name a folder of snapshots, or what `posture scan --format ndjson` wrote",
    )
}

fn judged(path: &Path, scan: &Scan<'_>) -> Result<Side, Error> {
    let mut reader = SnapshotReader::open(path)?;
    let snapshot = match reader.next() {
        Some(snapshot) => snapshot?,
        None => return Err(wrong(&path.display().to_string(), "it holds no snapshot")),
    };
    // The time that the former snapshot carries is its own now, whatever today's are judged as of.
    let scan = Scan { rules: scan.rules, config: scan.config, baseline: None, as_of: None };
    Ok(Side::from(&scan.run(&snapshot)))
}

/// Finds out where each account's records lie. What is compressed is unpacked into a file that nobody else can open.
fn records(path: &Path) -> Result<Kind, Error> {
    let name = path.display().to_string();
    let io = |source| Error::Io { action: "read", path: path.to_owned(), source };
    let mut plain = File::open(path).map_err(io)?;
    let mut start = [0; 4];
    let length = plain.read(&mut start).map_err(io)?;
    plain.rewind().map_err(io)?;
    let is_packed = start.starts_with(&[0x1f, 0x8b]) || (length == 4 && start == [0x28, 0xb5, 0x2f, 0xfd]);
    if is_packed {
        let mut packed = decompressed(Box::new(BufReader::new(plain))).map_err(io)?;
        plain = tempfile::tempfile().map_err(io)?;
        std::io::copy(&mut packed, &mut plain).map_err(io)?;
        plain.rewind().map_err(io)?;
    }
    let mut places: BTreeMap<String, Place> = BTreeMap::new();
    let mut reader = BufReader::new(plain);
    let (mut line, mut at, mut number) = (Vec::new(), 0_u64, 0_usize);
    let mut current: Option<String> = None;
    loop {
        line.clear();
        let length = reader.read_until(b'\n', &mut line).map_err(io)?;
        if length == 0 {
            break;
        }
        number += 1;
        if !line.iter().all(u8::is_ascii_whitespace) {
            let head: RecordHead = serde_json::from_slice(&line)
                .map_err(|error| wrong(&name, &format!("line {number} is no record: {error}")))?;
            let is = |format: &str| head.format == format;
            match head.account {
                Some(account) if is("posture-account/1") => {
                    if places.insert(account.clone(), Place { start: at, length }).is_some() {
                        return Err(wrong(&name, &format!("line {number}: account {account} is told of twice")));
                    }
                    current = Some(account);
                }
                Some(account) if is("posture-finding/1") && current.as_ref() == Some(&account) => {
                    if let Some(place) = places.get_mut(&account) {
                        place.length = usize::try_from(at + length as u64 - place.start).unwrap_or(usize::MAX);
                    }
                }
                // An account that was not reached then has no verdicts; neither has a line that could not be read.
                _ if is("posture-error/1") => {}
                _ => return Err(wrong(&name, &format!("line {number} is no record of the account before it"))),
            }
        }
        at += length as u64;
    }
    Ok(Kind::Records(Mutex::new(reader.into_inner()), places))
}

//! Where the questions about accounts get their accounts from, and how answers are printed.

use std::io::{BufReader, Cursor, Read, Write};
use std::path::{Path, PathBuf};

use comfy_table::{ContentArrangement, Table, presets};
use serde::Serialize;
use serde_json::Value;

use crate::Error;
use crate::cli::terminal;
use crate::iam::account::{Account, Principal, govern};
use crate::iam::{Policy, PolicyError, json};
use crate::output::escape::printable;
use crate::snapshot::{Snapshot, SnapshotReader};

/// How an answer is printed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, clap::ValueEnum)]
pub enum Format {
    /// A table for people.
    #[default]
    Table,
    /// JSON.
    Json,
}

/// The snapshots to ask.
#[derive(Debug, clap::Args)]
pub struct Source {
    /// Snapshot to ask; `-` is standard input. Several tell of several accounts
    #[arg(long = "snapshot", value_name = "FILE", required = true)]
    pub snapshots: Vec<PathBuf>,
    /// Service control policies of one level (root, unit or account) above the accounts: a document, or a list of all
    /// documents attached there. Repeat it for each level
    #[arg(long = "scp", value_name = "FILE")]
    pub scps: Vec<PathBuf>,
    /// Resource control policies that guard the accounts' resources: a document or a list of documents
    #[arg(long = "rcp", value_name = "FILE")]
    pub rcps: Vec<PathBuf>,
    /// How to print the answer
    #[arg(long, value_enum, default_value_t)]
    pub format: Format,
}

/// The policies of a file, each with the name that answers give it.
fn documents(path: &Path) -> Result<Vec<(String, Policy)>, Error> {
    let text =
        std::fs::read_to_string(path).map_err(|source| Error::Io { action: "read", path: path.to_owned(), source })?;
    let name = path.display().to_string();
    let read = |value: Value| match value {
        Value::Array(list) => {
            let named = |(number, one): (usize, &Value)| Ok((format!("{name}[{number}]"), Policy::from_value(one)?));
            list.iter().enumerate().map(named).collect::<Result<Vec<_>, PolicyError>>()
        }
        one => Ok(vec![(name.clone(), Policy::from_value(&one)?)]),
    };
    json::parse(&text).and_then(read).map_err(|error| {
        let hint = "the file has to be one policy document, or a JSON list of them; `posture iam lint` tells more";
        Error::other(format!("`{name}`: {error}"), hint)
    })
}

impl Source {
    /// Reads the accounts, sorted by number.
    pub(super) fn accounts(&self, input: &mut dyn Read) -> Result<Vec<Account>, Error> {
        let mut accounts = Vec::new();
        for path in &self.snapshots {
            let mut reader = open(path, input)?;
            while let Some(text) = reader.next_text() {
                let account = Account::from_text(&text?)?;
                if account.principals().is_empty() && !account.missing().is_empty() {
                    let message =
                        format!("`{}` does not tell of the users and roles of account {}", path.display(), account.id);
                    let hint = "the snapshot needs the answer of iam:GetAccountAuthorizationDetails; collect it with an identity that may call it";
                    return Err(Error::other(message, hint));
                }
                accounts.push(account);
            }
        }
        let levels = self.scps.iter().map(|path| documents(path)).collect::<Result<Vec<_>, _>>()?;
        let rcps = self.rcps.iter().map(|path| documents(path)).collect::<Result<Vec<_>, _>>()?.concat();
        govern(&mut accounts);
        for account in &mut accounts {
            account.guard(&levels, &rcps);
        }
        accounts.sort_by(|a, b| a.id.cmp(&b.id));
        if let Some(id) = accounts
            .windows(2)
            .find_map(|pair| if let [a, b] = pair { (a.id == b.id).then(|| a.id.clone()) } else { None })
        {
            return Err(Error::other(
                format!("several snapshots tell of account {id}"),
                "give one snapshot for each account",
            ));
        }
        Ok(accounts)
    }
}

fn open(path: &Path, input: &mut dyn Read) -> Result<SnapshotReader, Error> {
    if path != Path::new("-") {
        return Ok(SnapshotReader::open(path)?);
    }
    let mut bytes = Vec::new();
    input.read_to_end(&mut bytes).map_err(|source| Error::Io { action: "read", path: path.to_owned(), source })?;
    Ok(SnapshotReader::from_reader("-".to_owned(), Box::new(BufReader::new(Cursor::new(bytes))))?)
}

/// The snapshots of some files, one after the other; `-` is `input`.
pub(super) fn read_snapshots(
    paths: &[PathBuf],
    input: &mut dyn Read,
) -> Result<impl Iterator<Item = Result<Snapshot, Error>>, Error> {
    let readers = paths.iter().map(|path| open(path, input)).collect::<Result<Vec<_>, _>>()?;
    Ok(readers.into_iter().flatten().map(|snapshot| snapshot.map_err(Error::from)))
}

/// The principal that a person names: by ARN, as `user/NAME` or `role/NAME`, or by a name that only one has.
pub(super) fn find<'a>(accounts: &'a [Account], named: &str) -> Result<(&'a Account, &'a Principal), Error> {
    let all =
        || accounts.iter().flat_map(|account| account.principals().iter().map(move |principal| (account, principal)));
    let is = |principal: &Principal| {
        let resource = principal.arn.splitn(6, ':').nth(5).unwrap_or_default();
        let kind = resource.split('/').next().unwrap_or_default();
        *principal.arn == *named
            || principal.name == named
            || named.split_once('/') == Some((kind, principal.name.as_str()))
    };
    let mut found = all().filter(|(_, principal)| is(principal));
    match (found.next(), found.next()) {
        (Some(one), None) => Ok(one),
        (Some((_, one)), Some((_, other))) => {
            let message = format!("`{named}` may be `{}` or `{}`", one.arn, other.arn);
            Err(Error::other(message, "give the ARN"))
        }
        (None, _) => {
            let known = all().map(|(_, principal)| principal.name.as_str());
            let near = known
                .map(|name| (strsim::damerau_levenshtein(name, named), name))
                .min()
                .filter(|(distance, _)| *distance <= 3);
            let hint = near.map_or_else(
                || "give the ARN of a user or role of the snapshot".to_owned(),
                |(_, name)| format!("did you mean `{name}`?"),
            );
            Err(Error::other(format!("no user or role of the snapshot is called `{named}`"), hint))
        }
    }
}

/// Prints a value as JSON.
pub(super) fn print_json(value: &impl Serialize, out: &mut dyn Write) -> Result<(), Error> {
    serde_json::to_writer_pretty(&mut *out, value).map_err(|error| Error::stdout(error.into()))?;
    writeln!(out).map_err(Error::stdout)
}

/// Prints rows under a header; the texts come from an account, so nothing in them reaches the terminal raw.
pub(super) fn print_table(header: &[&str], rows: &[Vec<String>], out: &mut dyn Write) -> Result<(), Error> {
    let mut table = Table::new();
    table.load_preset(presets::UTF8_BORDERS_ONLY).set_header(header);
    if let Some(width) = terminal::width().and_then(|width| u16::try_from(width).ok()) {
        table.set_width(width).set_content_arrangement(ContentArrangement::Dynamic);
    }
    for row in rows {
        table.add_row(row.iter().map(|cell| cell.lines().map(printable).collect::<Vec<_>>().join("\n")));
    }
    writeln!(out, "{table}").map_err(Error::stdout)
}

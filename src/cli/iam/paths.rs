//! `posture iam paths`: how principals could gain the permissions of others.

use std::io::{Read, Write};

use serde::ser::{SerializeSeq, Serializer};

use super::source::{Format, Source, find, print_table};
use crate::Error;
use crate::error::EXIT_CLEAN;
use crate::iam::account::Account;
use crate::iam::escalation::{Chain, Step, each_path};

/// Lists chains of steps by which principals gain the permissions of others.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  posture iam paths --snapshot account.json.zst             every chain of the account
  posture iam paths user/dave --snapshot account.json.zst   those that start at one user")]
pub struct Arguments {
    /// Only chains that start here: an ARN, `user/NAME`, `role/NAME` or a name
    #[arg(value_name = "PRINCIPAL")]
    pub principal: Option<String>,
    /// The accounts.
    #[command(flatten)]
    pub source: Source,
}

impl Arguments {
    /// Prints the chains. `input` stands for standard input.
    pub fn run(&self, input: &mut dyn Read, out: &mut dyn Write) -> Result<u8, Error> {
        let accounts = self.source.accounts(input)?;
        let start = self.principal.as_deref().map(|named| start(&accounts, named)).transpose()?;
        match self.source.format {
            Format::Json => print_each(&accounts, start.as_deref(), out)?,
            Format::Table => {
                let mut rows = Vec::new();
                each_path(&accounts, start.as_deref(), &mut |chain| rows.push(row(&chain)));
                if rows.is_empty() {
                    writeln!(out, "no principal can gain permissions of others").map_err(Error::stdout)?;
                } else {
                    print_table(&["START", "REACHES", "STEPS", "DEPENDS ON"], &rows, out)?;
                }
            }
        }
        Ok(EXIT_CLEAN)
    }
}

/// Prints the chains as a JSON list while they are found: all of them together can be larger than the snapshot.
fn print_each(accounts: &[Account], start: Option<&str>, out: &mut dyn Write) -> Result<(), Error> {
    let stdout = |error: serde_json::Error| Error::stdout(error.into());
    let mut serializer = serde_json::Serializer::pretty(&mut *out);
    let mut list = serializer.serialize_seq(None).map_err(stdout)?;
    let mut written = Ok(());
    each_path(accounts, start, &mut |chain| {
        if written.is_ok() {
            written = list.serialize_element(&chain);
        }
    });
    written.and_then(|()| list.end()).map_err(stdout)?;
    writeln!(out).map_err(Error::stdout)
}

/// Starts outside the snapshot are named by ARN or `*`.
fn start(accounts: &[Account], named: &str) -> Result<String, Error> {
    match find(accounts, named) {
        Ok((_, principal)) => Ok(principal.arn.to_string()),
        Err(_) if named == "*" || named.starts_with("arn:") => Ok(named.to_owned()),
        Err(error) => Err(error),
    }
}

fn row(chain: &Chain) -> Vec<String> {
    let more = if chain.further_targets > 0 { format!("\nand {} more", chain.further_targets) } else { String::new() };
    let cut = if chain.cut_short { "\nnot followed further" } else { "" };
    let unless = if chain.unless_scp { "\nunless an SCP denies" } else { "" };
    let reaches = format!("{}{more}{cut}{unless}", chain.reaches);
    let steps: Vec<String> = chain.steps.iter().map(describe).collect();
    let doubts: std::collections::BTreeSet<&str> = chain.steps.iter().flat_map(|step| step.depends_on.iter()).collect();
    vec![chain.principal.to_string(), reaches, steps.join("\n"), doubts.into_iter().collect::<Vec<_>>().join("\n")]
}

fn describe(step: &Step) -> String {
    let to = if step.to == step.from { String::new() } else { format!("\n  -> {}", step.to) };
    let object = step.object.as_ref().map(|object| format!("\n  on {object}")).unwrap_or_default();
    let by =
        if step.statements.is_empty() { String::new() } else { format!("\n  by {}", step.statements.join("\n     ")) };
    format!("{}: {} ({}){object}{to}{by}", step.method, step.title, step.actions.join(", "))
}

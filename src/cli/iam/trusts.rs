//! `posture iam trusts`: trust between the accounts of a fleet, and from accounts outside it.

use std::io::{Read, Write};

use serde::ser::{SerializeSeq, Serializer};

use super::source::{Format, Source, print_table};
use crate::Error;
use crate::error::EXIT_CLEAN;
use crate::iam::arn::is_account;
use crate::iam::escalation::{Origin, Trust, each_trust};

/// Lists who may assume roles of other accounts.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  posture iam trusts --snapshot fleet.ndjson                 all trust between accounts
  posture iam trusts 123456789012 --snapshot fleet.ndjson    from this account or into it
  posture iam trusts --outside --snapshot fleet.ndjson       only trust in accounts that no snapshot tells of")]
pub struct Arguments {
    /// Only trust from this account or into it
    #[arg(value_name = "ACCOUNT", value_parser = parse_account)]
    pub account: Option<String>,
    /// Only trust in accounts that no snapshot tells of, and in everybody
    #[arg(long)]
    pub outside: bool,
    /// The accounts.
    #[command(flatten)]
    pub source: Source,
}

fn parse_account(text: &str) -> Result<String, String> {
    if is_account(text) { Ok(text.to_owned()) } else { Err(format!("`{text}` is not twelve digits")) }
}

impl Arguments {
    /// Prints the trust. `input` stands for standard input.
    pub fn run(&self, input: &mut dyn Read, out: &mut dyn Write) -> Result<u8, Error> {
        let accounts = self.source.accounts(input)?;
        match self.source.format {
            Format::Json => {
                let stdout = |error: serde_json::Error| Error::stdout(error.into());
                let mut serializer = serde_json::Serializer::pretty(&mut *out);
                let mut list = serializer.serialize_seq(None).map_err(stdout)?;
                let mut written = Ok(());
                each_trust(&accounts, &mut |trust| {
                    if written.is_ok() && self.wants(&trust) {
                        written = list.serialize_element(&trust);
                    }
                });
                written.and_then(|()| list.end()).map_err(stdout)?;
                writeln!(out).map_err(Error::stdout)?;
            }
            Format::Table => {
                let mut rows = Vec::new();
                each_trust(&accounts, &mut |trust| {
                    if self.wants(&trust) {
                        rows.push(row(&trust));
                    }
                });
                if rows.is_empty() {
                    writeln!(out, "nobody may assume a role of another account").map_err(Error::stdout)?;
                } else {
                    print_table(&["FROM", "MAY ASSUME", "BY", "ASKS FOR", "DEPENDS ON"], &rows, out)?;
                }
            }
        }
        Ok(EXIT_CLEAN)
    }

    fn wants(&self, trust: &Trust) -> bool {
        let of_account = self.account.as_ref().is_none_or(|account| {
            trust.to_account == *account || trust.from_account.as_ref().is_some_and(|from| from == account)
        });
        of_account && (!self.outside || matches!(trust.origin, Origin::Outside | Origin::Anybody))
    }
}

fn row(trust: &Trust) -> Vec<String> {
    let note = match trust.origin {
        Origin::Member => "",
        Origin::Account => "\nnobody there yet",
        Origin::Missing => "\nwhich its account does not have",
        Origin::Outside => "\nof which no snapshot tells",
        Origin::Anybody => "\nanybody",
    };
    let unless = if trust.unless_scp { "unless an SCP denies" } else { "" };
    let doubts = trust.depends_on.iter().chain([unless]).filter(|doubt| !doubt.is_empty());
    vec![
        format!("{}{note}", trust.from),
        trust.to.clone(),
        trust.statements.join("\n"),
        trust.conditions.iter().map(String::as_str).collect::<Vec<_>>().join("\n"),
        doubts.collect::<Vec<_>>().join("\n"),
    ]
}

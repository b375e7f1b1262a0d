//! `posture iam lint`: what is wrong with policies, in files before they are deployed or in a snapshot afterwards.
//!
//! Files give line and column; documents of a snapshot, which AWS answers without their line breaks, the name of the
//! policy. Both give the JSON pointer.

use std::io::{Read, Write};
use std::path::{Path, PathBuf};

use clap::ValueEnum;
use serde::Serialize;

use super::source::{Format, print_json, print_table, read_snapshots};
use crate::Error;
use crate::error::{EXIT_CLEAN, EXIT_FINDINGS};
use crate::iam::account::read_document;
use crate::iam::lint::{Level, Lint, Purpose, lint_as};
use crate::iam::policy::Policy;
use crate::iam::position::{Position, locate};
use crate::iam::{PolicyError, json};
use crate::snapshot::shapes::iam as shapes;
use crate::snapshot::{Document, Said, Snapshot};

/// Looks for policies that AWS refuses and policies that do not do what they seem to.
///
/// Exit code 1 when something at or above --fail-on was found, 2 when a file or snapshot could not be read.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  posture iam lint policy.json                      an identity policy
  posture iam lint --type trust trust.json          a role's trust policy
  posture iam lint --snapshot account.json.zst      all that the account's owner wrote")]
pub struct Arguments {
    /// Policy documents to look at, one a file; `-` is standard input
    #[arg(value_name = "FILE", required_unless_present = "snapshots")]
    pub files: Vec<PathBuf>,
    /// What the files are attached to
    #[arg(long = "type", value_enum, default_value_t)]
    pub kind: Type,
    /// Snapshot whose policies to look at: the customer's managed, inline and trust policies; `-` is standard input
    #[arg(long = "snapshot", value_name = "FILE")]
    pub snapshots: Vec<PathBuf>,
    /// The least level that makes the exit code 1
    #[arg(long, value_enum, value_name = "LEVEL", default_value_t)]
    pub fail_on: FailOn,
    /// How to print the findings
    #[arg(long, value_enum, default_value_t)]
    pub format: Format,
}

/// What a policy is attached to.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
pub enum Type {
    /// Users, groups and roles; permissions boundaries and session policies are written alike
    #[default]
    Identity,
    /// A resource, such as a bucket or a key
    Resource,
    /// A role, as its trust policy
    Trust,
    /// An organization, as a service control policy
    Scp,
    /// An organization, as a resource control policy
    Rcp,
}

/// Which findings make the exit code 1.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
pub enum FailOn {
    /// What AWS would refuse
    #[default]
    Malformed,
    /// That, and what does not do what it seems to
    Misleading,
    /// Nothing
    None,
}

/// One finding, as it is printed.
#[derive(Debug, Serialize)]
struct Finding {
    /// The file, or the policy of a snapshot.
    policy: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    line: Option<usize>,
    #[serde(skip_serializing_if = "Option::is_none")]
    column: Option<usize>,
    pointer: String,
    level: Level,
    code: &'static str,
    message: String,
}

impl Arguments {
    /// Prints the findings. `input` stands for standard input.
    pub fn run(&self, input: &mut dyn Read, out: &mut dyn Write) -> Result<u8, Error> {
        let mut findings = Vec::new();
        for path in &self.files {
            let text = read(path, input)?;
            let read = json::parse(&text).and_then(|value| Policy::from_value(&value));
            let position = |lint: &Lint, error: Option<Position>| error.unwrap_or_else(|| locate(&text, &lint.pointer));
            let broken = match &read {
                Err(PolicyError::NotJson { line, column, .. }) => {
                    Some(Position { line: *line, column: (*column).max(1) })
                }
                _ => None,
            };
            findings.extend(lint_as(read, self.kind.into()).into_iter().map(|lint| {
                let place = position(&lint, broken);
                Finding {
                    line: Some(place.line),
                    column: Some(place.column),
                    ..finding(path.display().to_string(), lint)
                }
            }));
        }
        for snapshot in read_snapshots(&self.snapshots, input)? {
            findings.extend(of_snapshot(&snapshot?));
        }
        match self.format {
            Format::Json => print_json(&findings, out)?,
            Format::Table if findings.is_empty() => writeln!(out, "no findings").map_err(Error::stdout)?,
            Format::Table => {
                print_table(HEADER, &findings.iter().map(Finding::row).collect::<Vec<_>>(), out)?;
            }
        }
        let fails = findings.iter().any(|line| self.fail_on.includes(line.level));
        Ok(if fails { EXIT_FINDINGS } else { EXIT_CLEAN })
    }
}

const HEADER: &[&str] = &["POLICY", "LEVEL", "CODE", "WHAT IS WRONG"];

impl Finding {
    fn row(&self) -> Vec<String> {
        let place = match (self.line, self.column) {
            (Some(line), Some(column)) => format!("{}:{line}:{column}", self.policy),
            _ => self.policy.clone(),
        };
        let level = match self.level {
            Level::Malformed => "malformed",
            Level::Misleading => "misleading",
        };
        vec![format!("{place}\n{}", self.pointer), level.to_owned(), self.code.to_owned(), self.message.clone()]
    }
}

impl FailOn {
    fn includes(self, level: Level) -> bool {
        match self {
            Self::Malformed => level == Level::Malformed,
            Self::Misleading => true,
            Self::None => false,
        }
    }
}

impl From<Type> for Purpose {
    fn from(kind: Type) -> Self {
        match kind {
            Type::Identity => Self::Identity,
            Type::Resource => Self::Resource,
            Type::Trust => Self::Trust,
            Type::Scp => Self::Scp,
            Type::Rcp => Self::Rcp,
        }
    }
}

fn finding(policy: String, lint: Lint) -> Finding {
    let Lint { pointer, level, code, message } = lint;
    Finding { policy, line: None, column: None, pointer, level, code, message }
}

fn read(path: &Path, input: &mut dyn Read) -> Result<String, Error> {
    let read = if path == Path::new("-") {
        let mut text = String::new();
        input.read_to_string(&mut text).map(|_| text)
    } else {
        std::fs::read_to_string(path)
    };
    read.map_err(|source| Error::Io { action: "read", path: path.to_owned(), source })
}

/// The findings about all policies that the account's owner wrote, sorted by policy.
fn of_snapshot(snapshot: &Snapshot) -> Vec<Finding> {
    let mut findings = Vec::new();
    let mut add = |name: String, document: Option<&Document>, purpose: Purpose| {
        let Some(document) = document else { return };
        findings.extend(lint_as(read_document(document), purpose).into_iter().map(|lint| finding(name.clone(), lint)));
    };
    let inline = |owner: Option<&String>, policy: &shapes::PolicyDetail| {
        let (owner, name) = (owner.cloned().unwrap_or_default(), policy.policy_name.clone().unwrap_or_default());
        format!("{owner}/inline-policy/{name}")
    };
    for answer in snapshot.answers::<shapes::GetAccountAuthorizationDetails>() {
        let Said::Present(details) = answer.said else { continue };
        for user in details.user_detail_list.iter().flatten() {
            for policy in user.user_policy_list.iter().flatten() {
                add(inline(user.arn.as_ref(), policy), policy.policy_document.as_ref(), Purpose::Identity);
            }
        }
        for group in details.group_detail_list.iter().flatten() {
            for policy in group.group_policy_list.iter().flatten() {
                add(inline(group.arn.as_ref(), policy), policy.policy_document.as_ref(), Purpose::Identity);
            }
        }
        for role in details.role_detail_list.iter().flatten() {
            let arn = role.arn.clone().unwrap_or_default();
            // Service-linked roles are AWS's own; nobody else can write their policies.
            if arn.contains(":role/aws-service-role/") {
                continue;
            }
            add(format!("{arn}/trust-policy"), role.assume_role_policy_document.as_ref(), Purpose::Trust);
            for policy in role.role_policy_list.iter().flatten() {
                add(inline(Some(&arn), policy), policy.policy_document.as_ref(), Purpose::Identity);
            }
        }
        for policy in details.policies.iter().flatten() {
            let arn = policy.arn.clone().unwrap_or_default();
            let in_force = |version: &&shapes::PolicyVersion| version.is_default_version == Some(true);
            let version = policy.policy_version_list.iter().flatten().find(in_force);
            if !arn.contains(":iam::aws:policy/") {
                add(arn, version.and_then(|version| version.document.as_ref()), Purpose::Identity);
            }
        }
    }
    findings.sort_by(|one, two| (&one.policy, &one.pointer, one.code).cmp(&(&two.policy, &two.pointer, two.code)));
    findings
        .dedup_by(|one, two| (&one.policy, &one.pointer, &one.message) == (&two.policy, &two.pointer, &two.message));
    findings
}

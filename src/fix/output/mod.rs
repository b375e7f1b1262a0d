//! The ways a plan leaves the program: one file per format. Text that AWS or a user chose is escaped for each.

mod cloudformation;
mod hcl;
mod json;
mod markdown;
mod sh;
mod table;
mod terraform;

use super::plan::{Mended, Plan};
use crate::output::escape::printable;

/// Writes a plan as text.
pub type Format = fn(&Plan, &Settings) -> String;

/// What a format may be told beyond the plan.
#[derive(Debug, Clone, Default)]
pub struct Settings {
    /// The Region of a CloudFormation stack; without it the one that answers for the account.
    pub stack_region: Option<String>,
}

/// Every format, by the name `--format` takes.
pub const FORMATS: &[(&str, Format)] = &[
    ("cloudformation", cloudformation::render),
    ("json", json::render),
    ("markdown", markdown::render),
    ("sh", sh::render),
    ("table", table::render),
    ("terraform", terraform::render),
];

/// What is mended, in a few words: the rule and what it was found on.
fn about(mended: &Mended) -> String {
    let region = mended.region.as_ref().map(|region| format!(" in {region}")).unwrap_or_default();
    format!("{} on {}{region}", mended.rule, mended.resource)
}

/// How many findings a line names before it counts the rest.
const SHOWN: usize = 5;

/// Several things that are mended, in one line.
fn list(mended: &[Mended]) -> String {
    let mut shown: Vec<String> = mended.iter().take(SHOWN).map(about).collect();
    if mended.len() > SHOWN {
        shown.push(format!("{} more", mended.len() - SHOWN));
    }
    shown.join("; ")
}

/// A line of a comment that begins with `#`: whatever the text holds, it stays in the line.
fn comment(out: &mut String, text: &str) {
    out.push_str("# ");
    out.push_str(&printable(text));
    out.push('\n');
}

fn counted(count: usize, noun: &str) -> String {
    if count == 1 { format!("1 {noun}") } else { format!("{count} {noun}s") }
}

/// A path or URL for one partition's console.
fn place(console: Option<&str>, url: Option<&str>) -> String {
    match (console, url) {
        (Some(console), Some(url)) => format!("{console}: {url}"),
        (Some(one), None) | (None, Some(one)) => one.to_owned(),
        (None, None) => String::new(),
    }
}

//! `posture iam`: who can do what, answered from policies.

pub mod access;
pub mod ask;
pub mod eval;
pub mod lint;
pub mod paths;
mod source;
pub mod trusts;

use crate::Error;
use std::io::{Read, Write};

/// Asks what policies allow.
#[derive(Debug, clap::Subcommand)]
pub enum Command {
    /// Decide requests over policies given with them, one JSON object a line.
    Eval(eval::Arguments),
    /// Tell what principals of a snapshot may do as a whole
    Access(access::Arguments),
    /// Tell whether a principal of a snapshot may do something
    Can(ask::CanArguments),
    /// List the principals of a snapshot that may do something
    WhoCan(ask::WhoCanArguments),
    /// List how principals of a snapshot could gain the permissions of others, up to administrator
    Paths(paths::Arguments),
    /// List who may assume roles of other accounts, over the snapshots of a fleet
    Trusts(trusts::Arguments),
    /// Look for policies that AWS refuses and policies that do not do what they seem to
    Lint(lint::Arguments),
}

impl Command {
    /// Runs the command; answers go to `out`, lines that cannot be answered to `problems`. Returns the exit code.
    pub fn run(&self, input: &mut dyn Read, out: &mut dyn Write, problems: &mut dyn Write) -> Result<u8, Error> {
        match self {
            Self::Eval(arguments) => arguments.run(input, out, problems),
            Self::Access(arguments) => arguments.run(input, out),
            Self::Can(arguments) => arguments.run(input, out),
            Self::WhoCan(arguments) => arguments.run(input, out),
            Self::Paths(arguments) => arguments.run(input, out),
            Self::Trusts(arguments) => arguments.run(input, out),
            Self::Lint(arguments) => arguments.run(input, out),
        }
    }
}

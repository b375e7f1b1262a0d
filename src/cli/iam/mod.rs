//! `posture iam`: who can do what, answered from policies.

pub mod eval;

use crate::Error;
use std::io::{Read, Write};

/// Asks what policies allow.
#[derive(Debug, clap::Subcommand)]
pub enum Command {
    /// Decide requests over policies given with them, one JSON object a line.
    Eval(eval::Arguments),
}

impl Command {
    /// Runs the command; answers go to `out`, lines that cannot be answered to `problems`. Returns the exit code.
    pub fn run(&self, input: &mut dyn Read, out: &mut dyn Write, problems: &mut dyn Write) -> Result<u8, Error> {
        match self {
            Self::Eval(arguments) => arguments.run(input, out, problems),
        }
    }
}

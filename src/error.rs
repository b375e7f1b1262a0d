//! What can go wrong for the person at the keyboard, the exit code it has, and the hint that goes with it.
//!
//! Rooms have their own typed errors; they meet here because only one place prints them.

use std::path::PathBuf;

/// Exit code of a run without findings at or above the threshold.
pub const EXIT_CLEAN: u8 = 0;
/// Exit code of a run with findings at or above `--fail-on`.
pub const EXIT_FINDINGS: u8 = 1;
/// Exit code of a run that could not be carried out.
pub const EXIT_ERROR: u8 = 2;
/// Exit code of a run without such findings in which a rule at or above `--fail-on` stayed unknown.
pub const EXIT_UNKNOWN: u8 = 3;

/// A failure that ends the run with exit code 2.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A snapshot is not readable as `posture-snapshot/1`.
    #[error(transparent)]
    Snapshot(#[from] crate::snapshot::ReadError),
    /// A rule or configuration file is wrong.
    #[error(transparent)]
    Load(#[from] crate::rule::LoadError),
    /// A folder of AWS CLI output is not readable as a snapshot.
    #[error(transparent)]
    Import(#[from] crate::snapshot::import::ImportError),
    /// A suppression cannot be added to a configuration.
    #[error(transparent)]
    Suppress(#[from] crate::suppression::edit::EditError),
    /// A file could not be read or written.
    #[error("{action} `{}`: {source}", path.display())]
    Io {
        /// What was being done, as in `read` or `write`.
        action: &'static str,
        /// The file.
        path: PathBuf,
        /// The operating system's answer.
        source: std::io::Error,
    },
    /// Anything else, with what to do about it.
    #[error("{message}")]
    Other {
        /// What happened, in one line.
        message: String,
        /// What to do next.
        hint: String,
    },
}

impl Error {
    /// An error with its own words and hint.
    pub fn other(message: impl Into<String>, hint: impl Into<String>) -> Self {
        Self::Other { message: message.into(), hint: hint.into() }
    }

    /// Standard output could not be written.
    pub fn stdout(source: std::io::Error) -> Self {
        Self::Io { action: "write", path: PathBuf::from("standard output"), source }
    }

    /// What the reader can do next, printed after a blank line; empty when the message says it all.
    pub fn hint(&self) -> String {
        match self {
            Self::Snapshot(error) => error.hint().to_owned(),
            Self::Load(error) => error.hint().to_owned(),
            Self::Import(error) => error.hint().to_owned(),
            Self::Suppress(error) => error.hint(),
            Self::Io { .. } => "check that the path exists and that you may use it".to_owned(),
            Self::Other { hint, .. } => hint.clone(),
        }
    }
}

//! Why a folder of answers cannot become a snapshot, and what to do about it.

use crate::snapshot::ReadError;

/// Why a folder of AWS CLI output cannot become a snapshot, and where.
#[derive(Debug, thiserror::Error)]
pub enum ImportError {
    /// A file or folder could not be opened or read.
    #[error("answer `{file}`: {source}")]
    Io {
        /// The file or folder.
        file: String,
        /// The operating system's answer.
        source: std::io::Error,
    },
    /// A file's text is not what its name says.
    #[error("answer `{file}`, line {line}, column {column}{}: {message}", at(path))]
    Invalid {
        /// The file.
        file: String,
        /// The line, from 1.
        line: usize,
        /// The column in bytes, from 1.
        column: usize,
        /// The path inside the JSON, empty at the top.
        path: String,
        /// What is wrong.
        message: String,
    },
    /// A file that cannot be used, whatever it holds.
    #[error("answer `{file}`: {message}")]
    File {
        /// The file.
        file: String,
        /// What is wrong.
        message: String,
        /// What to do next.
        hint: &'static str,
    },
    /// Something that the snapshot needs is neither in the folder nor given.
    #[error("{message}")]
    Missing {
        /// What is missing.
        message: String,
        /// What to do next.
        hint: &'static str,
    },
}

fn at(path: &str) -> String {
    if path.is_empty() { String::new() } else { format!(", at `{path}`") }
}

impl ImportError {
    pub(super) fn file(file: &str, message: impl Into<String>, hint: &'static str) -> Self {
        Self::File { file: file.to_owned(), message: message.into(), hint }
    }

    pub(super) fn missing(message: impl Into<String>, hint: &'static str) -> Self {
        Self::Missing { message: message.into(), hint }
    }

    /// What to do next.
    pub fn hint(&self) -> &'static str {
        match self {
            Self::Io { .. } => "check that the path exists and that you may read it",
            Self::Invalid { .. } => {
                "save the AWS CLI's output again, with `--output json` and nothing else in the file"
            }
            Self::File { hint, .. } | Self::Missing { hint, .. } => hint,
        }
    }
}

impl From<ReadError> for ImportError {
    fn from(error: ReadError) -> Self {
        match error {
            ReadError::Io { file, source } => Self::Io { file, source },
            ReadError::Invalid { file, line, column, path, message } => {
                Self::Invalid { file, line, column, path, message }
            }
        }
    }
}

//! The ways a finished report leaves the program: one file per format behind one small door.
//!
//! Formats neither filter nor sort, nor decide the exit code. Text that AWS or a rule's author chose passes one of the
//! functions of [`escape`] on its way out, the one of its destination.

mod asff;
mod csv;
pub mod digest;
pub mod escape;
mod github;
pub(crate) mod grid;
mod html;
pub mod json;
mod junit;
mod markdown;
pub mod ndjson;
mod ocsf;
pub mod parquet;
mod records;
pub(crate) mod safe_json;
mod sarif;
mod table;

use std::io::{self, Write};

use crate::report::Report;

pub use ndjson::{error_record, failure_record};

/// Writes a report in one format.
pub trait Renderer: Sync {
    /// Writes the whole report to `sink`.
    fn render(&self, report: &Report, context: &Context, sink: &mut dyn Write) -> io::Result<()>;

    /// True when reports of several accounts may follow each other in one file.
    fn repeats(&self) -> bool {
        true
    }

    /// True for formats that show every verdict: passes and what does not apply as well as what failed.
    fn lists_all(&self) -> bool {
        true
    }

    /// True for formats that show the evidence of verdicts.
    fn cites_evidence(&self) -> bool {
        true
    }

    /// True for formats of JSON records, one a line, among which a record of an error can stand.
    fn is_stream(&self) -> bool {
        false
    }
}

/// What a format may know about its destination, all of it decided by the command line.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Context {
    /// Columns of the terminal; none where lines must not be wrapped, as in a pipe or a file.
    pub width: Option<usize>,
    /// Whether colours are wanted.
    pub colour: bool,
    /// The snapshot file that was judged, where there is one.
    pub snapshot: Option<String>,
    /// Where the report stands among others in the same file.
    pub place: Place,
}

/// Where a report stands among others in the same file.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Place {
    /// Alone.
    #[default]
    Only,
    /// First of several.
    First,
    /// Behind another.
    Later,
}

/// Every format, by the name `--format` takes.
pub const FORMATS: &[(&str, &dyn Renderer)] = &[
    ("asff", &asff::Asff),
    ("csv", &csv::Csv),
    ("github", &github::Github),
    ("html", &html::Html),
    ("json", &json::Json),
    ("junit", &junit::Junit),
    ("markdown", &markdown::Markdown),
    ("ndjson", &ndjson::Ndjson),
    ("ocsf", &ocsf::Ocsf),
    ("sarif", &sarif::Sarif),
    ("table", &table::Table),
];

/// The format of a name.
pub fn find(name: &str) -> Option<&'static dyn Renderer> {
    FORMATS.iter().find(|(known, _)| *known == name).map(|(_, renderer)| *renderer)
}

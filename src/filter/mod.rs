//! Filter patterns and queries of CloudWatch Logs by meaning: read into a boolean tree, and compared by the events that they
//! match.
//!
//! <https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/FilterAndPatternSyntax.html>

mod class;
mod cover;
mod parse;
mod print;
#[cfg(test)]
mod properties;
mod query;
mod tree;

pub use cover::{Coverage, covers, may_meet};
pub use parse::{MAX_BYTES, MAX_DEPTH, ParseError};
pub use query::{MAX_QUERY_BYTES, Query, query};
pub use tree::{Order, Selector, Step, Term, Test, Text, Tree, Value};

/// A filter pattern as far as its kind tells what it matches.
#[derive(Debug, Clone, PartialEq)]
pub enum Pattern {
    /// The empty pattern, which matches every event.
    Everything,
    /// A pattern in braces, over the members of JSON events.
    Json(Tree),
    /// A pattern in square brackets, over events whose fields are separated by spaces.
    Delimited,
    /// Words, phrases or a regular expression, over the text of events.
    Words,
}

impl std::str::FromStr for Pattern {
    type Err = ParseError;

    fn from_str(text: &str) -> Result<Self, ParseError> {
        match text.trim_start().chars().next() {
            None => Ok(Self::Everything),
            Some('{') => parse::json(text).map(Self::Json),
            Some('[') => Ok(Self::Delimited),
            Some(_) => Ok(Self::Words),
        }
    }
}

//! Why a document is not a policy, and where.

use thiserror::Error;

/// A document that IAM would refuse as not being in its grammar. Pointers are JSON pointers into the document.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum PolicyError {
    /// The text is not JSON, or names an element twice.
    #[error("policy is not valid JSON at line {line} column {column}: {reason}")]
    NotJson {
        /// Line, from 1.
        line: usize,
        /// Column, from 1.
        column: usize,
        /// What the JSON reader expected.
        reason: String,
    },
    /// A value of another JSON type than the grammar wants.
    #[error("`{pointer}` should be {expected}, but is {found}")]
    WrongType {
        /// Where in the document.
        pointer: String,
        /// What the grammar wants there.
        expected: &'static str,
        /// The JSON type that is there.
        found: &'static str,
    },
    /// An element that the policy language does not have.
    #[error("`{pointer}` is not an element of the policy language")]
    UnknownElement {
        /// Where in the document, the element's name last.
        pointer: String,
    },
    /// An element that has to be there.
    #[error("`{pointer}` has no `{element}`")]
    MissingElement {
        /// The object that lacks the element; empty for the document itself.
        pointer: String,
        /// The element's name.
        element: &'static str,
    },
    /// Two elements of which a statement may have one.
    #[error("`{pointer}` has both `{first}` and `{second}`")]
    BothElements {
        /// The statement.
        pointer: String,
        /// One of the two.
        first: &'static str,
        /// The other.
        second: &'static str,
    },
    /// A value outside the list of values that the grammar allows.
    #[error("`{pointer}` is `{value}`, which is not {expected}")]
    UnknownValue {
        /// Where in the document.
        pointer: String,
        /// The value found.
        value: String,
        /// What would be right.
        expected: &'static str,
    },
    /// A policy variable that is not closed, empty or otherwise unreadable.
    #[error("`{pointer}` has the policy variable `{variable}`, which {reason}")]
    BadVariable {
        /// Where in the document.
        pointer: String,
        /// The variable as written.
        variable: String,
        /// What is wrong with it.
        reason: &'static str,
    },
    /// One operator, spelled in two ways, has the same key twice.
    #[error("`{pointer}` is compared by this operator twice")]
    RepeatedCondition {
        /// The condition key's place.
        pointer: String,
    },
}

//! The IAM policy engine: documents in, decisions out, from the documents alone.
//!
//! This room knows neither AWS clients nor rules. [`policy`] is the parsed document, [`parse`] and [`print`] lead there
//! and back, [`template`] holds wildcards and variables. What the semantics are, and where AWS documents each of
//! them, is in `docs/iam-evaluation.md`.

pub mod account;
pub mod catalogue;
pub mod document;
pub mod error;
pub mod json;
pub mod operator;
pub mod parse;
pub mod pattern;
pub mod policy;
pub mod print;
pub mod region;
pub mod template;

pub use error::PolicyError;
pub use operator::{Comparison, Operator, SetQualifier};
pub use policy::{
    ActionBlock, ActionPattern, Condition, Effect, Place, Policy, Principal, PrincipalBlock, PrincipalKind,
    ResourceBlock, Statement, Version,
};
pub use template::{Piece, Template};

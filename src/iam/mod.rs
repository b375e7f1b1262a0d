//! The IAM policy engine: documents in, decisions out, from the documents alone.
//!
//! This room knows neither AWS clients nor rules. [`policy`] is the parsed document, [`parse`] and [`print`] lead there
//! and back, [`template`] holds wildcards and variables. What the semantics are, and where AWS documents each of
//! them, is in `docs/iam-evaluation.md`.

pub mod access;
pub mod account;
pub mod arn;
pub mod caller;
pub mod case;
pub mod catalogue;
pub mod condition;
pub mod context;
pub mod document;
pub mod error;
pub mod escalation;
pub mod evaluate;
pub mod explain;
pub mod exposure;
pub mod glob;
pub mod grammar;
pub mod json;
pub mod lint;
pub mod matching;
pub mod operator;
pub mod parse;
pub mod pattern;
pub mod policy;
pub mod position;
pub mod print;
mod rcp;
pub mod region;
pub mod request;
pub(crate) mod shared;
pub mod statement;
pub mod template;
pub mod trust;
pub mod truth;

pub use caller::Caller;
pub use context::{Context, Fact};
pub use error::PolicyError;
pub use evaluate::{Answer, Attached, Decision, PolicySet};
pub use operator::{Comparison, Operator, SetQualifier};
pub use policy::{
    ActionBlock, ActionPattern, Condition, Effect, Place, Policy, Principal, PrincipalBlock, PrincipalKind,
    ResourceBlock, Statement, Version,
};
pub use request::Request;
pub use statement::PolicyKind;
pub use template::{Piece, Template};
pub use truth::{Keys, Truth};

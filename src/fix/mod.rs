//! The way out: a plan of exact commands that mend what a scan found, and of what only a person can do.
//!
//! A fix lives with its rule, in the `fix` section of the rule's file: steps with calls of the AWS CLI whose words are
//! templates over the same facts that judged. Nothing here runs anything. A command is never filled with a guess: a fact
//! that is unknown or absent where a word needs it withdraws the whole fix, with the reason.

pub mod compile;
pub mod example;
pub mod file;
mod fill;
pub mod output;
pub mod plan;
pub mod recipe;
pub mod template;
pub mod word;

pub use compile::Fix;
pub use file::{FixFile, Input, InputKind, Phase};
pub use plan::{Plan, PlanError};

//! `posture` audits the security posture of an AWS account.
//!
//! Data flows one way:
//!
//! ```text
//! collect -> snapshot -> facts (+ iam) -> rule -> finding -> suppression -> report -> output
//! ```
//!
//! Only `collect` sees the network and only `cli` sees environment, clock and terminal. Everything from `snapshot` on is
//! a pure function of (snapshot, rules, configuration).

pub mod cli;
pub mod error;
pub mod facts;
pub mod finding;
pub mod iam;
pub mod output;
pub mod report;
pub mod rule;
pub mod snapshot;

pub use error::Error;

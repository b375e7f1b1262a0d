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

#![forbid(unsafe_code)]

pub mod baseline;
pub mod cli;
#[cfg(feature = "live")]
pub mod collect;
pub mod config;
pub mod diagram;
pub mod diff;
pub mod error;
pub mod facts;
pub mod filter;
pub mod finding;
pub mod fix;
pub mod fleet;
pub mod framework;
pub mod gate;
pub mod iam;
pub mod output;
pub mod report;
pub mod rule;
pub mod scan;
pub mod snapshot;
pub mod suppression;

pub use error::Error;

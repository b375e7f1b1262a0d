//! The command line: the only place that sees environment, clock and terminal.

pub mod iam;

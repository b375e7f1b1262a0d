//! Every output format against its schema, its consumer's rules and hostile text.

#![expect(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "helpers of tests fail loudly too")]

mod accounts;
mod common;
mod hostile;
mod hostile_fix;
mod hostile_snapshot;
#[cfg(target_os = "linux")]
mod html;
mod json;
mod junit;
mod others;
mod parquet;
mod picture;
mod python;
mod sample;
mod sarif;
mod table;
mod terraform;

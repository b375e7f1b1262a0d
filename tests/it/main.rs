//! The one integration binary: everything that is tested from outside, over the library or the program.

#![expect(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "helpers of tests fail loudly too")]

mod accounts;
mod bad_input;
mod gate;
#[cfg(unix)]
mod gather;
mod guards;
mod import;
mod laws;
mod offline;
mod recordings;

//! The policy engine against documents and cases that other people wrote.

#![expect(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "helpers of tests fail loudly too")]

mod cases;
mod fuzz_corpus;
mod managed_policies;
mod policy_eval;
mod privesc_accounts;
mod properties;
mod quota;
mod second_opinion;
mod sets;
mod shared;
mod support;

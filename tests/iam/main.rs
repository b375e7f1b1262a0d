//! The policy engine against documents and cases that other people wrote.

#![expect(clippy::unwrap_used, reason = "helpers of tests fail loudly too")]

mod managed_policies;
mod support;

//! The one integration binary: everything that is tested from outside, over the library or the program.

#![expect(clippy::unwrap_used, reason = "helpers of tests fail loudly too")]

mod accounts;

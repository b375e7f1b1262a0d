//! The one integration binary: everything that is tested from outside, over the library or the program.

#![expect(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "helpers of tests fail loudly too")]

mod accounts;
mod alerts;
mod authors;
mod bad_input;
mod catalogue;
mod central;
#[cfg(unix)]
mod closed_loop;
mod dependencies;
mod detection;
mod diff;
mod edge_cases;
mod faults;
#[cfg(unix)]
mod fix;
mod fleet;
mod frameworks;
mod fuzzed;
mod gate;
#[cfg(unix)]
mod gather;
mod governance;
#[cfg(feature = "live")]
mod growth;
mod guards;
mod hostile;
mod iam;
mod iam_organization;
mod iam_rules;
mod import;
mod infrastructure;
mod laws;
#[cfg(feature = "live")]
mod live;
mod matrix;
mod members;
mod menagerie;
mod monitoring;
#[cfg(all(unix, feature = "live"))]
mod moto;
#[cfg(feature = "live")]
mod moto_permissions;
mod observations;
mod offline;
#[cfg(feature = "live")]
mod organization;
mod overview;
#[cfg(feature = "live")]
mod permissions;
#[cfg(feature = "live")]
mod pressure;
#[cfg(feature = "live")]
mod program;
mod recordings;
mod review;
#[cfg(target_os = "linux")]
mod soak;
mod statements;
#[cfg(feature = "live")]
mod stub;
mod suppress;
#[cfg(unix)]
mod templates;
mod trusts;
mod tutorial;
#[cfg(feature = "live")]
mod wire;

//! Many accounts as one: who belongs to the organization, and what could not be learned about whom.
//!
//! Pure like everything behind the snapshot: a roster and snapshots from a folder give the report that a live run gives.

mod gather;
pub mod render;
pub mod report;
mod roster;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::snapshot::{ApiError, Outcome, Snapshot};

pub use gather::{AccountTally, Compared, Gathering};
pub use report::FleetReport;
pub(crate) use roster::is_account;
pub use roster::{FORMAT as ROSTER_FORMAT, Member, Owner, Roster, RosterGap};

/// Why an account has no verdicts, or not all that it should have.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Failure {
    /// The twelve digits of the account.
    pub account: String,
    /// The step that failed, as in `assume_role`.
    pub step: Step,
    /// AWS's error code, or the stand-in for one.
    pub code: String,
    /// What was said, in one line.
    pub message: String,
}

/// Where an account failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Step {
    /// The role could not be assumed.
    AssumeRole,
    /// AWS did not say whose account the credentials belong to, or named another.
    Identify,
    /// Calls were cut off or throttled to the end: what they would have answered is unknown.
    Collect,
    /// No snapshot of the account is there.
    Snapshot,
}

impl Step {
    /// The step in words.
    pub fn words(self) -> &'static str {
        match self {
            Self::AssumeRole => "the role could not be assumed",
            Self::Identify => "AWS does not say whose account this is",
            Self::Collect => "not everything was answered",
            Self::Snapshot => "there is no snapshot",
        }
    }
}

/// Codes that a later try may not meet again, besides those that say `Throttl…`.
const PASSING: [&str; 12] = [
    "Cancelled",
    "ConnectionError",
    "ExpiredToken",
    "ExpiredTokenException",
    "InternalError",
    "InternalFailure",
    "RequestExpired",
    "RequestLimitExceeded",
    "ServiceUnavailable",
    "SlowDown",
    "Timeout",
    "TooManyRequestsException",
];

/// What makes a snapshot worth another try: calls that were cut off, throttled to the end or lost on the way. A refusal is
/// an answer that stays the same, and so is a service that a Region does not have.
pub fn incomplete(snapshot: &Snapshot) -> Option<Failure> {
    let mut lost = snapshot.observations().iter().filter_map(|observation| match &observation.outcome {
        Outcome::Failed(error) if is_passing(error) => Some((observation, error)),
        _ => None,
    });
    let (first, error) = lost.next()?;
    let others = match lost.count() {
        0 => String::new(),
        more => format!(" and {more} more calls"),
    };
    Some(Failure {
        account: snapshot.account.clone(),
        step: Step::Collect,
        code: error.code.clone(),
        message: format!("{}{others}: {}", first.label(), error.message),
    })
}

fn is_passing(error: &ApiError) -> bool {
    let is_missing_host = error.code == "ConnectionError" && error.message.contains("dns error");
    (PASSING.contains(&error.code.as_str()) || error.code.starts_with("Throttl")) && !is_missing_host
}

#[cfg(test)]
mod tests {
    use super::is_passing;
    use crate::snapshot::ApiError;

    fn passing(code: &str, message: &str) -> bool {
        is_passing(&ApiError { code: code.to_owned(), message: message.to_owned() })
    }

    #[test]
    fn what_another_try_may_answer_is_told_from_what_stays_refused() {
        for code in ["Timeout", "Throttling", "ThrottlingException", "ConnectionError", "ExpiredToken"] {
            assert!(passing(code, ""), "{code}");
        }
        for code in ["AccessDenied", "AccessDeniedException", "NoSuchEntity", "OptInRequired"] {
            assert!(!passing(code, ""), "{code}");
        }
        assert!(!passing("ConnectionError", "dns error: no such host; AWS may not offer this service in this Region"));
    }
}

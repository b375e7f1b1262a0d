//! Whether a confirmed subscription lets alerts through its filter.

use super::Answers;
use crate::facts::link::Link;
use crate::facts::{Gap, Observed, Origin, UNDECIDED};

const FILTER: &str = "/Attributes/FilterPolicy";

/// Whether the filter of a subscription lets every message through.
///
/// A subscription whose attributes nobody asked for counts by its confirmation alone, as long as the snapshot asked for
/// none: then filters were not looked at, and a confirmed subscription is all that the alert rules ask for. Where some
/// were asked for, one that is missing is a gap like any other.
pub(super) fn lets_through(answers: &Answers<'_>, region: &str, arn: &str) -> Link {
    if !answers.filters.was_called() {
        return Link::Holds(Origin::NONE);
    }
    let source = answers.filters.of_unique(region, arn);
    let filter = source.optional(FILTER, |answer| answer.attributes.as_ref()?.get("FilterPolicy"));
    match filter.state {
        Observed::Unknown(gap) => Link::Open(gap),
        Observed::Absent if matches!(source.state, Observed::Absent) => {
            Link::Broken(format!("subscription `{arn}` does not exist"), filter.origin)
        }
        Observed::Absent => Link::Holds(filter.origin),
        Observed::Present(text) if is_open(text) => Link::Holds(filter.origin),
        Observed::Present(_) => Link::Open(Gap::of_reason(
            UNDECIDED,
            format!("subscription `{arn}` has a filter policy, which may drop alerts"),
        )),
    }
}

/// True for a filter without terms, which lets everything through.
fn is_open(text: &str) -> bool {
    text.trim().is_empty()
        || matches!(serde_json::from_str(text), Ok(serde_json::Value::Object(terms)) if terms.is_empty())
}

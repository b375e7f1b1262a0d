//! Facts: what the observations say about each resource, joined and derived, in three values.

mod observed;

pub use observed::{
    Gap, INCOMPLETE, MALFORMED, MEMBER_MISSING, NO_VALUE, NOT_ATTESTED, NOT_COLLECTED, Observed, UNDECIDED,
};

//! Three-valued logic: what the documents and the request cannot settle stays unknown, with the keys it hangs on.

use std::sync::Arc;

use serde::{Serialize, Serializer};

/// Names of condition keys, or of other things that would settle a question: few, each once, sorted. Cheap to copy, as the
/// same stand in thousands of answers.
#[derive(Debug, Clone, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Keys(Arc<[Arc<str>]>);

impl Keys {
    /// One name.
    pub fn one(key: &str) -> Self {
        Self(Arc::new([key.into()]))
    }

    /// What keeps some answers open.
    pub fn of(answers: impl IntoIterator<Item = Truth>) -> Self {
        answers.into_iter().fold(Self::default(), |mut keys, answer| {
            keys.add(&answer.keys());
            keys
        })
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The names.
    pub fn iter(&self) -> impl Iterator<Item = &str> {
        self.0.iter().map(AsRef::as_ref)
    }

    /// Adds those of others.
    pub fn add(&mut self, others: &Self) {
        if self.is_empty() {
            *self = others.clone();
        } else if !others.0.iter().all(|key| self.0.binary_search(key).is_ok()) {
            *self = Self::sorted(self.0.iter().chain(others.0.iter()).cloned().collect());
        }
    }

    /// Adds one.
    pub fn insert(&mut self, key: &str) {
        self.add(&Self::one(key));
    }

    fn sorted(mut keys: Vec<Arc<str>>) -> Self {
        keys.sort_unstable();
        keys.dedup();
        Self(keys.into())
    }
}

impl Serialize for Keys {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self.iter())
    }
}

impl<S: Into<Arc<str>>> FromIterator<S> for Keys {
    fn from_iter<I: IntoIterator<Item = S>>(keys: I) -> Self {
        Self::sorted(keys.into_iter().map(Into::into).collect())
    }
}

/// True, false, or unknown because of the named context keys.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Truth {
    /// Settled: yes.
    True,
    /// Settled: no.
    False,
    /// Not settled; the context keys whose values would settle it.
    Unknown(Keys),
}

impl Truth {
    /// Unknown because of one key.
    pub fn unknown(key: &str) -> Self {
        Self::Unknown(Keys::one(key))
    }

    /// True when settled as true.
    pub fn is_true(&self) -> bool {
        *self == Self::True
    }

    /// True when settled as false.
    pub fn is_false(&self) -> bool {
        *self == Self::False
    }

    /// The keys that keep it open; none when it is settled.
    pub fn keys(&self) -> Keys {
        match self {
            Self::Unknown(keys) => keys.clone(),
            Self::True | Self::False => Keys::default(),
        }
    }

    /// Both.
    #[must_use]
    pub fn and(self, other: Self) -> Self {
        match (self, other) {
            (Self::False, _) | (_, Self::False) => Self::False,
            (Self::True, rest) | (rest, Self::True) => rest,
            (Self::Unknown(mut keys), Self::Unknown(more)) => {
                keys.add(&more);
                Self::Unknown(keys)
            }
        }
    }

    /// Either.
    #[must_use]
    pub fn or(self, other: Self) -> Self {
        self.not().and(other.not()).not()
    }

    /// The opposite; unknown stays unknown.
    #[must_use]
    #[expect(clippy::should_implement_trait, reason = "`!` on three values would read as two-valued negation")]
    pub fn not(self) -> Self {
        match self {
            Self::True => Self::False,
            Self::False => Self::True,
            open @ Self::Unknown(_) => open,
        }
    }

    /// True when one member is; stops at the first.
    pub fn any(members: impl IntoIterator<Item = Self>) -> Self {
        let mut result = Self::False;
        for member in members {
            result = result.or(member);
            if result.is_true() {
                break;
            }
        }
        result
    }

    /// True when every member is; stops at the first that is not.
    pub fn all(members: impl IntoIterator<Item = Self>) -> Self {
        let mut result = Self::True;
        for member in members {
            result = result.and(member);
            if result.is_false() {
                break;
            }
        }
        result
    }
}

impl From<bool> for Truth {
    fn from(value: bool) -> Self {
        if value { Self::True } else { Self::False }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_settled_value_decides_whatever_else_is_unknown() {
        assert_eq!(Truth::unknown("a").and(Truth::False), Truth::False);
        assert_eq!(Truth::unknown("a").or(Truth::True), Truth::True);
        assert_eq!(Truth::any([Truth::unknown("a"), Truth::True, Truth::False]), Truth::True);
        assert_eq!(Truth::all([Truth::unknown("a"), Truth::False]), Truth::False);
    }

    #[test]
    fn unknowns_add_up_their_keys() {
        let both = Keys::from_iter(["b", "a", "b"]);
        assert_eq!(both.iter().collect::<Vec<_>>(), ["a", "b"]);
        assert_eq!(Truth::unknown("a").and(Truth::unknown("b")).keys(), both);
        assert_eq!(Truth::unknown("b").and(Truth::unknown("a")).and(Truth::unknown("b")).keys(), both);
        assert_eq!(Truth::unknown("a").or(Truth::unknown("b")).or(Truth::False).keys(), both);
        assert_eq!(Truth::all([]), Truth::True);
        assert_eq!(Truth::any([]), Truth::False);
    }
}

//! Three-valued logic: what the documents and the request cannot settle stays unknown, with the keys it hangs on.

use std::collections::BTreeSet;

/// True, false, or unknown because of the named context keys.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Truth {
    /// Settled: yes.
    True,
    /// Settled: no.
    False,
    /// Not settled; the context keys whose values would settle it.
    Unknown(BTreeSet<String>),
}

impl Truth {
    /// Unknown because of one key.
    pub fn unknown(key: &str) -> Self {
        Self::Unknown(BTreeSet::from([key.to_owned()]))
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
    pub fn keys(self) -> BTreeSet<String> {
        match self {
            Self::Unknown(keys) => keys,
            Self::True | Self::False => BTreeSet::new(),
        }
    }

    /// Both.
    #[must_use]
    pub fn and(self, other: Self) -> Self {
        match (self, other) {
            (Self::False, _) | (_, Self::False) => Self::False,
            (Self::True, rest) | (rest, Self::True) => rest,
            (Self::Unknown(mut keys), Self::Unknown(more)) => {
                keys.extend(more);
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
        let both = BTreeSet::from(["a".to_owned(), "b".to_owned()]);
        assert_eq!(Truth::unknown("a").and(Truth::unknown("b")).keys(), both);
        assert_eq!(Truth::unknown("a").or(Truth::unknown("b")).or(Truth::False).keys(), both);
        assert_eq!(Truth::all([]), Truth::True);
        assert_eq!(Truth::any([]), Truth::False);
    }
}

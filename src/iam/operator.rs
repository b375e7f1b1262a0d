//! The names of condition operators.
//!
//! IAM reads operator names without regard to case; the spelling of the manual is the one that is printed.

use std::fmt;

/// `ForAllValues:` or `ForAnyValue:` in front of an operator.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum SetQualifier {
    /// Every value of the request key has to match; true when there is none.
    ForAllValues,
    /// At least one value of the request key has to match.
    ForAnyValue,
}

macro_rules! comparisons {
    ($($(#[doc = $doc:literal])* $name:ident),+ $(,)?) => {
        /// What an operator compares, and how.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Comparison { $($(#[doc = $doc])* $name),+ }

        impl Comparison {
            /// Every comparison of the policy language.
            pub const ALL: &'static [Self] = &[$(Self::$name),+];

            /// The name as the IAM manual writes it.
            pub const fn name(self) -> &'static str {
                match self { $(Self::$name => stringify!($name)),+ }
            }
        }
    };
}

comparisons! {
    /// Exact, case matters.
    StringEquals,
    /// Negated [`Comparison::StringEquals`].
    StringNotEquals,
    /// Exact, case does not matter.
    StringEqualsIgnoreCase,
    /// Negated [`Comparison::StringEqualsIgnoreCase`].
    StringNotEqualsIgnoreCase,
    /// Wildcards, case matters.
    StringLike,
    /// Negated [`Comparison::StringLike`].
    StringNotLike,
    /// Equal as numbers.
    NumericEquals,
    /// Negated [`Comparison::NumericEquals`].
    NumericNotEquals,
    /// Less than the policy's number.
    NumericLessThan,
    /// At most the policy's number.
    NumericLessThanEquals,
    /// More than the policy's number.
    NumericGreaterThan,
    /// At least the policy's number.
    NumericGreaterThanEquals,
    /// The same moment.
    DateEquals,
    /// Negated [`Comparison::DateEquals`].
    DateNotEquals,
    /// Before the policy's moment.
    DateLessThan,
    /// Not after the policy's moment.
    DateLessThanEquals,
    /// After the policy's moment.
    DateGreaterThan,
    /// Not before the policy's moment.
    DateGreaterThanEquals,
    /// `true` or `false`.
    Bool,
    /// Equal bytes, both in base64.
    BinaryEquals,
    /// Inside the policy's address range.
    IpAddress,
    /// Negated [`Comparison::IpAddress`].
    NotIpAddress,
    /// As [`Comparison::ArnLike`]: AWS documents the two as the same.
    ArnEquals,
    /// Wildcards inside each of the six parts of an ARN.
    ArnLike,
    /// Negated [`Comparison::ArnEquals`].
    ArnNotEquals,
    /// Negated [`Comparison::ArnLike`].
    ArnNotLike,
    /// `true`: the key is absent; `false`: it is there.
    Null,
}

impl Comparison {
    /// True for the operators that hold when no value matches.
    pub const fn is_negated(self) -> bool {
        matches!(
            self,
            Self::StringNotEquals
                | Self::StringNotEqualsIgnoreCase
                | Self::StringNotLike
                | Self::NumericNotEquals
                | Self::DateNotEquals
                | Self::NotIpAddress
                | Self::ArnNotEquals
                | Self::ArnNotLike
        )
    }

    /// True for the operators whose policy values may hold variables: strings and ARNs, and `Bool`, which the manual
    /// lists too.
    pub const fn takes_variables(self) -> bool {
        matches!(
            self,
            Self::StringEquals
                | Self::StringNotEquals
                | Self::StringEqualsIgnoreCase
                | Self::StringNotEqualsIgnoreCase
                | Self::StringLike
                | Self::StringNotLike
                | Self::ArnEquals
                | Self::ArnLike
                | Self::ArnNotEquals
                | Self::ArnNotLike
                | Self::Bool
        )
    }
}

/// A condition operator: qualifier, comparison and `IfExists`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Operator {
    /// The set qualifier in front, if any.
    pub qualifier: Option<SetQualifier>,
    /// The comparison itself.
    pub comparison: Comparison,
    /// True when the name ends in `IfExists`: an absent key matches.
    pub if_exists: bool,
}

impl Operator {
    /// Reads an operator's name, in any case; `None` when the policy language has no such operator.
    pub fn parse(name: &str) -> Option<Self> {
        let (qualifier, rest) = match name.split_once(':') {
            None => (None, name),
            Some((prefix, rest)) if prefix.eq_ignore_ascii_case("ForAllValues") => {
                (Some(SetQualifier::ForAllValues), rest)
            }
            Some((prefix, rest)) if prefix.eq_ignore_ascii_case("ForAnyValue") => {
                (Some(SetQualifier::ForAnyValue), rest)
            }
            Some(_) => return None,
        };
        let lower = rest.to_ascii_lowercase();
        let (base, if_exists) = match lower.strip_suffix("ifexists") {
            Some(base) => (base, true),
            None => (lower.as_str(), false),
        };
        let comparison = *Comparison::ALL.iter().find(|known| known.name().eq_ignore_ascii_case(base))?;
        // `Null` already asks whether the key is there, so IAM refuses `NullIfExists`.
        (!(comparison == Comparison::Null && if_exists)).then_some(Self { qualifier, comparison, if_exists })
    }
}

impl fmt::Display for Operator {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.qualifier {
            None => {}
            Some(SetQualifier::ForAllValues) => f.write_str("ForAllValues:")?,
            Some(SetQualifier::ForAnyValue) => f.write_str("ForAnyValue:")?,
        }
        f.write_str(self.comparison.name())?;
        if self.if_exists { f.write_str("IfExists") } else { Ok(()) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_operator_survives_printing_in_every_form() {
        for comparison in Comparison::ALL {
            for qualifier in [None, Some(SetQualifier::ForAllValues), Some(SetQualifier::ForAnyValue)] {
                for if_exists in [false, true] {
                    let operator = Operator { qualifier, comparison: *comparison, if_exists };
                    let expected = (!(if_exists && *comparison == Comparison::Null)).then_some(operator);
                    assert_eq!(Operator::parse(&operator.to_string()), expected);
                }
            }
        }
    }

    #[test]
    fn names_are_read_without_regard_to_case_and_unknown_ones_refused() {
        let operator = Operator::parse("forallvalues:ARNEqualsIfExists").unwrap();
        assert_eq!(operator.to_string(), "ForAllValues:ArnEqualsIfExists");
        assert_eq!(Operator::parse("StringMatches"), None);
        assert_eq!(Operator::parse("ForSome:StringLike"), None);
        assert_eq!(Operator::parse("IfExists"), None);
    }
}

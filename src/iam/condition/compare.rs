//! One value of a request against one value of a policy.

use super::date::Moment;
use super::network::Network;
use super::number::Number;
use crate::iam::arn::Arn;
use crate::iam::context::Context;
use crate::iam::glob::{self, Part};
use crate::iam::matching::Resolved;
use crate::iam::operator::Comparison;
use crate::iam::template::Template;
use crate::iam::truth::Truth;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use std::cmp::Ordering;

/// Whether the value matches, before negation: `StringNotEquals` asks the same as `StringEquals` here.
pub(super) fn matches(comparison: Comparison, value: &str, wanted: &Template, context: &Context) -> Truth {
    use Comparison as C;
    let text = wanted.source();
    match comparison {
        C::StringEquals | C::StringNotEquals => with_text(wanted, context, |wanted| wanted == value),
        C::StringEqualsIgnoreCase | C::StringNotEqualsIgnoreCase => {
            with_text(wanted, context, |wanted| wanted.to_lowercase() == value.to_lowercase())
        }
        C::StringLike | C::StringNotLike => wanted.covers(value, context),
        C::ArnEquals | C::ArnLike | C::ArnNotEquals | C::ArnNotLike => {
            with_parts(wanted, context, |parts| arn_like(parts, value))
        }
        C::Bool => with_text(wanted, context, |wanted| is_bool(wanted) && wanted.eq_ignore_ascii_case(value)),
        C::BinaryEquals => binary_equals(value, text).into(),
        C::IpAddress | C::NotIpAddress => Network::parse(text)
            .is_some_and(|network| Network::parse(value).is_some_and(|inner| network.contains(&inner)))
            .into(),
        C::NumericEquals | C::NumericNotEquals => numbers(value, text, Ordering::is_eq),
        C::NumericLessThan => numbers(value, text, Ordering::is_lt),
        C::NumericLessThanEquals => numbers(value, text, Ordering::is_le),
        C::NumericGreaterThan => numbers(value, text, Ordering::is_gt),
        C::NumericGreaterThanEquals => numbers(value, text, Ordering::is_ge),
        C::DateEquals | C::DateNotEquals => dates(value, text, Ordering::is_eq),
        C::DateLessThan => dates(value, text, Ordering::is_lt),
        C::DateLessThanEquals => dates(value, text, Ordering::is_le),
        C::DateGreaterThan => dates(value, text, Ordering::is_gt),
        C::DateGreaterThanEquals => dates(value, text, Ordering::is_ge),
        // Answered before values are looked at, since it asks for the key alone.
        C::Null => Truth::False,
    }
}

fn with_parts(wanted: &Template, context: &Context, test: impl FnOnce(&[Part<'_>]) -> bool) -> Truth {
    match wanted.resolve(context) {
        Resolved::Parts(parts) => test(&parts).into(),
        Resolved::NoValue => Truth::False,
        Resolved::Unknown(key) => Truth::unknown(key),
    }
}

/// For operators without wildcards, where `*` and `?` are characters like others.
fn with_text(wanted: &Template, context: &Context, compare: impl FnOnce(&str) -> bool) -> Truth {
    let plain = |part: &Part<'_>| match part {
        Part::Text(characters) => (*characters).to_owned(),
        Part::Star => "*".to_owned(),
        Part::Question => "?".to_owned(),
    };
    with_parts(wanted, context, |parts| compare(&parts.iter().map(plain).collect::<String>()))
}

fn is_bool(text: &str) -> bool {
    text.eq_ignore_ascii_case("true") || text.eq_ignore_ascii_case("false")
}

fn binary_equals(value: &str, wanted: &str) -> bool {
    match (STANDARD.decode(value), STANDARD.decode(wanted)) {
        (Ok(value), Ok(wanted)) => value == wanted,
        _ => value == wanted,
    }
}

fn numbers(value: &str, wanted: &str, test: fn(Ordering) -> bool) -> Truth {
    Number::parse(value).zip(Number::parse(wanted)).is_some_and(|(value, wanted)| test(value.cmp(&wanted))).into()
}

fn dates(value: &str, wanted: &str, test: fn(Ordering) -> bool) -> Truth {
    Moment::parse(value).zip(Moment::parse(wanted)).is_some_and(|(value, wanted)| test(value.cmp(&wanted))).into()
}

/// Each of the six parts is compared by itself, so a star never reaches past a colon, but in the last part.
fn arn_like(pattern: &[Part<'_>], value: &str) -> bool {
    if Arn::parse(value).is_none() {
        return false;
    }
    if !pattern.is_empty() && pattern.iter().all(|part| *part == Part::Star) {
        return true;
    }
    let mut fields: Vec<Vec<Part<'_>>> = vec![Vec::new()];
    for part in pattern {
        let mut pieces = match part {
            Part::Text(text) => text.splitn(7 - fields.len().min(6), ':').map(Part::Text).collect(),
            other => vec![*other],
        }
        .into_iter();
        if let (Some(first), Some(field)) = (pieces.next(), fields.last_mut()) {
            field.push(first);
        }
        fields.extend(pieces.map(|piece| vec![piece]));
    }
    fields.len() == 6 && fields.iter().zip(value.splitn(6, ':')).all(|(field, part)| glob::matches(field, part))
}

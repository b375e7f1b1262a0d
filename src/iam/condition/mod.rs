//! Evaluating `Condition` blocks.
//!
//! Semantics: <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_condition_operators.html>
//! and, for keys with several values,
//! <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-single-vs-multi-valued-context-keys.html>.

mod compare;
mod date;
mod network;
mod number;

pub use date::Moment;
pub use network::Network;

use super::context::{Context, Fact};
use super::operator::{Comparison, SetQualifier};
use super::policy::Condition;
use super::template::Template;
use super::truth::Truth;

impl Condition {
    /// Whether the condition holds in a request.
    pub fn holds(&self, context: &Context) -> Truth {
        let fact = context.get(&self.key);
        if self.operator.comparison == Comparison::Null {
            return self.null(fact);
        }
        match fact {
            Fact::Present(values) => self.compare(values, context),
            Fact::Absent => self.when_absent().into(),
            Fact::SomeValue => self.when_some_value(context),
            Fact::Unknown => self.when_unknown(context),
        }
    }

    /// `Null`: a key without values counts as absent.
    fn null(&self, fact: &Fact) -> Truth {
        let absent = match fact {
            Fact::Present(values) => values.is_empty(),
            Fact::Absent => true,
            Fact::SomeValue => false,
            Fact::Unknown => return Truth::unknown(&self.key),
        };
        self.values
            .iter()
            .any(|value| value.source().eq_ignore_ascii_case(if absent { "true" } else { "false" }))
            .into()
    }

    /// What an absent key means.
    fn when_absent(&self) -> bool {
        let operator = &self.operator;
        match operator.qualifier {
            _ if operator.if_exists => true,
            Some(SetQualifier::ForAllValues) => true,
            Some(SetQualifier::ForAnyValue) => false,
            None => operator.comparison.is_negated(),
        }
    }

    /// A key that is there with a value that nobody knows: settled only where no value could matter.
    fn when_some_value(&self, context: &Context) -> Truth {
        let any_text = matches!(self.operator.comparison, Comparison::StringLike | Comparison::StringNotLike)
            && self.values.iter().any(Template::is_star);
        if any_text {
            let matches = self.operator.comparison == Comparison::StringLike;
            // The value may be an empty text, which is none to a set operator.
            let when_empty = match self.operator.qualifier {
                None => matches,
                Some(SetQualifier::ForAllValues) => true,
                Some(SetQualifier::ForAnyValue) => false,
            };
            return if matches == when_empty { matches.into() } else { Truth::unknown(&self.key) };
        }
        if self.values.is_empty() && self.operator.qualifier.is_none() {
            return self.compare(&[String::new()], context);
        }
        Truth::unknown(&self.key)
    }

    /// A key of which nothing is known: settled where absent and present come to the same.
    fn when_unknown(&self, context: &Context) -> Truth {
        let present = self.when_some_value(context);
        if present == Truth::from(self.when_absent()) { present } else { Truth::unknown(&self.key) }
    }

    fn compare(&self, values: &[String], context: &Context) -> Truth {
        let one = |value: &String| self.one_value(value, context);
        // A key that resolves to an empty data set, such as an empty text, has no values to a set operator.
        let given = || values.iter().filter(|value| values.len() > 1 || !value.is_empty());
        match self.operator.qualifier {
            None if values.is_empty() => self.when_absent().into(),
            // A plain operator takes keys with one value; given more, AWS matches when one of them does.
            None if self.operator.comparison.is_negated() => Truth::all(values.iter().map(one)),
            None => Truth::any(values.iter().map(one)),
            Some(SetQualifier::ForAllValues) => Truth::all(given().map(one)),
            Some(SetQualifier::ForAnyValue) => Truth::any(given().map(one)),
        }
    }

    /// One value of the request against all values of the policy.
    fn one_value(&self, value: &str, context: &Context) -> Truth {
        let matched = Truth::any(self.values.iter().map(|wanted| self.one_pair(value, wanted, context)));
        if self.operator.comparison.is_negated() { matched.not() } else { matched }
    }

    fn one_pair(&self, value: &str, wanted: &Template, context: &Context) -> Truth {
        compare::matches(self.operator.comparison, value, wanted, context)
    }
}

#[cfg(test)]
mod tests {
    use crate::iam::{Policy, context::Context, context::Fact, truth::Truth};
    use serde_json::json;

    fn holds(operator: &str, wanted: &serde_json::Value, fact: Fact) -> Truth {
        let mut context = Context::complete();
        context.set("k:x", fact);
        context.set_value("aws:username", "alice");
        let document = json!({ "Version": "2012-10-17", "Statement": { "Effect": "Allow", "Condition": { operator: { "K:X": wanted } } } });
        Policy::from_value(&document).unwrap().statements[0].conditions[0].holds(&context)
    }

    fn present(values: &[&str]) -> Fact {
        Fact::Present(values.iter().map(|value| (*value).to_owned()).collect())
    }

    #[track_caller]
    #[expect(clippy::needless_pass_by_value, reason = "cases read better without `&`")]
    fn check(operator: &str, wanted: serde_json::Value, values: &[&str], expected: bool) {
        assert_eq!(holds(operator, &wanted, present(values)), Truth::from(expected), "{operator} {values:?}");
    }

    #[test]
    fn strings_compare_exactly_without_case_or_with_wildcards() {
        check("StringEquals", json!("a*"), &["a*"], true);
        check("StringEquals", json!("a*"), &["ab"], false);
        check("StringEquals", json!("${aws:username}-x"), &["alice-x"], true);
        check("StringEquals", json!("${aws:nothing}"), &[""], false);
        check("StringNotEquals", json!("${aws:nothing}"), &["a"], true);
        check("StringEqualsIgnoreCase", json!("ALICE"), &["alice"], true);
        check("StringNotEqualsIgnoreCase", json!("ALICE"), &["alice"], false);
        check("StringLike", json!(["b", "a?c*"]), &["abcd"], true);
        check("StringLike", json!("a${*}"), &["ab"], false);
        check("StringNotLike", json!(["b", "a*"]), &["abcd"], false);
    }

    #[test]
    fn numbers_compare_as_numbers() {
        check("NumericEquals", json!("10"), &["10.0"], true);
        check("NumericNotEquals", json!("10"), &["11"], true);
        check("NumericLessThan", json!(10), &["9.99"], true);
        check("NumericLessThanEquals", json!(10), &["10"], true);
        check("NumericGreaterThan", json!("9223372036854775807"), &["9223372036854775808"], true);
        check("NumericGreaterThanEquals", json!(-1), &["-2"], false);
        check("NumericLessThan", json!(10), &["many"], false);
    }

    #[test]
    fn dates_compare_as_moments() {
        check("DateEquals", json!("2024-01-01T00:00:00Z"), &["1704067200"], true);
        check("DateNotEquals", json!("2024-01-01"), &["2024-01-01T00:00:01Z"], true);
        check("DateLessThan", json!("2024-01-01T00:00:00Z"), &["2023-12-31T23:59:59.5Z"], true);
        check("DateGreaterThan", json!("2024-01-01T00:00:00+02:00"), &["2023-12-31T22:00:00Z"], false);
        check("DateGreaterThanEquals", json!("2024-01-01T00:00:00+02:00"), &["2023-12-31T22:00:00Z"], true);
        check("DateLessThanEquals", json!("2024"), &["never"], false);
    }

    #[test]
    fn booleans_bytes_and_addresses_compare_by_meaning() {
        check("Bool", json!("true"), &["True"], true);
        check("Bool", json!(false), &["true"], false);
        check("BinaryEquals", json!("QUI="), &["QUI="], true);
        check("BinaryEquals", json!("QUI="), &["QUM="], false);
        check("IpAddress", json!(["10.0.0.0/8", "2001:db8::/32"]), &["10.9.8.7"], true);
        check("IpAddress", json!("2001:DB8::/32"), &["2001:db8:1::1"], true);
        check("IpAddress", json!("203.0.113.7"), &["203.0.113.8"], false);
        check("NotIpAddress", json!("203.0.113.0/24"), &["2001:db8::1"], true);
        check("NotIpAddress", json!("0.0.0.0/0"), &["203.0.113.8"], false);
    }

    #[test]
    fn arns_compare_part_by_part() {
        check("ArnLike", json!("arn:aws:s3:::b*"), &["arn:aws:s3:::bucket"], true);
        check("ArnEquals", json!("arn:aws:sns:*:123456789012:t"), &["arn:aws:sns:us-east-1:123456789012:t"], true);
        check("ArnLike", json!("arn:aws:sns:*:t"), &["arn:aws:sns:us-east-1:123456789012:t"], false);
        check("ArnNotLike", json!("arn:aws:s3:::b*"), &["arn:aws:s3:::bucket"], false);
        check("ArnNotEquals", json!("arn:aws:s3:::b"), &["no arn"], true);
    }

    #[test]
    fn an_absent_key_fails_positive_and_passes_negated_operators() {
        for (operator, expected) in [
            ("StringEquals", false),
            ("StringNotEquals", true),
            ("StringEqualsIfExists", true),
            ("StringNotLikeIfExists", true),
            ("NotIpAddress", true),
            ("IpAddress", false),
            ("Bool", false),
            ("BoolIfExists", true),
            ("ArnNotLike", true),
            ("ForAllValues:StringEquals", true),
            ("ForAnyValue:StringEquals", false),
            ("ForAnyValue:StringNotEquals", false),
            ("ForAnyValue:StringEqualsIfExists", true),
            ("DateNotEquals", true),
            ("NumericNotEquals", true),
        ] {
            assert_eq!(holds(operator, &json!("true"), Fact::Absent), expected.into(), "{operator}");
        }
    }

    #[test]
    fn null_asks_whether_the_key_is_there() {
        assert!(holds("Null", &json!(true), Fact::Absent).is_true());
        assert!(holds("Null", &json!("false"), Fact::Absent).is_false());
        assert!(holds("Null", &json!("false"), present(&["x"])).is_true());
        assert!(holds("Null", &json!("true"), present(&[])).is_true());
        assert!(holds("Null", &json!("false"), Fact::SomeValue).is_true());
        assert_eq!(holds("Null", &json!("false"), Fact::Unknown), Truth::unknown("K:X"));
    }

    #[test]
    fn set_operators_look_at_every_value() {
        check("ForAllValues:StringEquals", json!(["a", "b"]), &["a", "b", "a"], true);
        check("ForAllValues:StringEquals", json!(["a", "b"]), &["a", "c"], false);
        check("ForAllValues:StringEquals", json!("a"), &[], true);
        check("ForAllValues:StringEquals", json!("a"), &[""], true);
        check("ForAnyValue:StringEquals", json!("a"), &["b", "a"], true);
        check("ForAnyValue:StringEquals", json!("a"), &[], false);
        check("ForAllValues:StringNotEquals", json!(["a"]), &["b", "c"], true);
        check("ForAllValues:StringNotEquals", json!(["a"]), &["b", "a"], false);
        check("ForAnyValue:StringNotEquals", json!(["a"]), &["b", "a"], true);
    }

    #[test]
    fn what_nobody_knows_stays_unknown_unless_it_cannot_matter() {
        assert_eq!(holds("StringEquals", &json!("a"), Fact::Unknown), Truth::unknown("K:X"));
        assert_eq!(holds("StringLike", &json!("*"), Fact::SomeValue), Truth::True);
        assert_eq!(holds("StringLike", &json!("*"), Fact::Unknown), Truth::unknown("K:X"));
        // The value that is there may be empty, and then a set operator sees none.
        assert_eq!(holds("ForAnyValue:StringLike", &json!("*"), present(&[""])), Truth::False);
        assert_eq!(holds("ForAnyValue:StringLike", &json!("*"), Fact::SomeValue), Truth::unknown("K:X"));
        assert_eq!(holds("ForAllValues:StringLike", &json!("*"), Fact::SomeValue), Truth::True);
        assert_eq!(holds("ForAnyValue:StringNotLike", &json!("*"), Fact::SomeValue), Truth::False);
        assert_eq!(holds("ForAllValues:StringNotLike", &json!("*"), Fact::SomeValue), Truth::unknown("K:X"));
        assert_eq!(holds("StringLikeIfExists", &json!("*"), Fact::Unknown), Truth::True);
    }
}

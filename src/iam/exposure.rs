//! Which statements of a resource policy are open to everyone.
//!
//! A statement is open when it grants to every principal and no condition pins who or where from. What pins is what AWS
//! counts as a fixed value in S3 Block Public Access; the same meaning serves queues, topics, keys and functions.
//! <https://docs.aws.amazon.com/AmazonS3/latest/userguide/access-control-block-public-access.html#access-control-block-public-access-policy-status>

use super::arn::{Arn, is_account};
use super::condition::Network;
use super::operator::{Comparison, SetQualifier};
use super::policy::{Condition, Effect, Policy, Principal, PrincipalBlock, Statement};
use super::template::Template;

/// Condition keys that say who calls or where from, in lower case, sorted.
const PINNING_KEYS: &[&str] = &[
    "aws:principalaccount",
    "aws:principalarn",
    "aws:principalorgid",
    "aws:principalorgpaths",
    "aws:sourceaccount",
    "aws:sourcearn",
    "aws:sourceip",
    "aws:sourceorgid",
    "aws:sourceorgpaths",
    "aws:sourceowner",
    "aws:sourcevpc",
    "aws:sourcevpce",
    "aws:userid",
    "aws:username",
    "kms:calleraccount",
    "s3:dataaccesspointaccount",
    "s3:dataaccesspointarn",
];

/// The statements that let everyone in.
pub fn public_statements(policy: &Policy) -> Vec<&Statement> {
    policy.statements.iter().filter(|statement| is_public(statement)).collect()
}

/// True when the statement grants to everyone and no condition pins the caller.
pub fn is_public(statement: &Statement) -> bool {
    is_open(statement.effect, &statement.principal, &statement.conditions)
}

/// As [`is_public`], for the parts of a statement.
pub(crate) fn is_open(effect: Effect, principal: &PrincipalBlock, conditions: &[Condition]) -> bool {
    let everyone = match principal {
        PrincipalBlock::None => false,
        PrincipalBlock::Principal(list) => list.iter().any(Principal::is_everyone),
        // With Allow, everyone who is not listed is let in, anonymous callers too.
        PrincipalBlock::NotPrincipal(list) => !list.iter().any(Principal::is_everyone),
    };
    effect == Effect::Allow && everyone && !conditions.iter().any(pins)
}

/// True when the condition holds only for callers that its values fix.
fn pins(condition: &Condition) -> bool {
    let operator = condition.operator;
    // `IfExists` and `ForAllValues` hold for requests without the key, so they pin nobody.
    if operator.if_exists || operator.qualifier == Some(SetQualifier::ForAllValues) {
        return false;
    }
    let key = condition.key.to_ascii_lowercase();
    if PINNING_KEYS.binary_search(&key.as_str()).is_err() {
        return false;
    }
    let fixed: fn(&Template) -> bool = match operator.comparison {
        Comparison::StringEquals | Comparison::StringEqualsIgnoreCase => |value| !value.has_variable(),
        Comparison::StringLike | Comparison::ArnLike | Comparison::ArnEquals => is_fixed,
        Comparison::IpAddress => |value| Network::parse(value.source()).is_some_and(|network| !network.is_broad()),
        _ => return false,
    };
    condition.values.iter().all(fixed)
}

/// A value without wildcards and variables, an ARN whose account is fixed, or a role's id with any session.
fn is_fixed(value: &Template) -> bool {
    if value.has_variable() {
        return false;
    }
    let text = value.source();
    let role_id = text.split_once(':').is_some_and(|(id, _)| id.starts_with("AROA") && !id.contains(['*', '?']));
    !value.has_wildcard() || role_id || Arn::parse(text).is_some_and(|arn| is_account(arn.account))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, json};

    fn public(condition: &Value) -> bool {
        let statement = json!({ "Effect": "Allow", "Principal": { "AWS": "*" }, "Action": "s3:*", "Resource": "*", "Condition": condition });
        let policy = Policy::from_value(&json!({ "Version": "2012-10-17", "Statement": statement })).unwrap();
        !public_statements(&policy).is_empty()
    }

    #[test]
    fn the_keys_are_sorted_so_that_they_can_be_searched() {
        assert!(PINNING_KEYS.is_sorted());
    }

    #[test]
    fn fixed_values_pin_the_caller() {
        assert!(!public(&json!({ "StringEquals": { "aws:PrincipalOrgID": "o-1" } })));
        assert!(!public(&json!({ "IpAddress": { "aws:SourceIp": ["203.0.113.0/24", "2001:db8::/32"] } })));
        assert!(!public(&json!({ "StringLike": { "aws:userid": "AROAEXAMPLE:*" } })));
        assert!(!public(&json!({ "ArnLike": { "aws:SourceArn": "arn:aws:sns:*:123456789012:*" } })));
    }

    #[test]
    fn wide_or_optional_values_do_not() {
        assert!(public(&json!({})));
        assert!(public(&json!({ "IpAddress": { "aws:SourceIp": ["203.0.113.0/24", "0.0.0.0/1"] } })));
        assert!(public(&json!({ "StringLike": { "aws:PrincipalOrgID": "o-*" } })));
        assert!(public(&json!({ "StringEqualsIfExists": { "aws:PrincipalOrgID": "o-1" } })));
        assert!(public(&json!({ "StringNotEquals": { "aws:PrincipalOrgID": "o-1" } })));
        assert!(public(&json!({ "Bool": { "aws:SecureTransport": "true" } })));
        assert!(public(&json!({ "ArnLike": { "aws:SourceArn": "arn:aws:s3:::*" } })));
    }
}

//! What a bucket policy says about transport and about CloudTrail.

use serde_json::{Value as Json, json};

use crate::facts::{Gap, MALFORMED};
use crate::iam::exposure::public_statements;
use crate::iam::glob::matches_text;
use crate::iam::operator::Comparison;
use crate::iam::policy::{
    ActionBlock, Condition, Effect, Policy, Principal, PrincipalBlock, PrincipalKind, ResourceBlock, Statement,
};
use crate::iam::template::Template;

/// Reads a policy as the API returns it: JSON in text.
pub(super) fn parse(text: &str, bucket: &str) -> Result<Policy, Gap> {
    text.parse().map_err(|error: crate::iam::error::PolicyError| malformed(bucket, &error.to_string()))
}

/// True when the policy refuses everybody's requests that come without TLS, to the bucket and to every object.
pub(super) fn refuses_http(policy: &Policy, bucket_arn: &str) -> bool {
    let patterns: Vec<&str> = policy.statements.iter().filter(|one| denies_http(one)).flat_map(resources).collect();
    let covers = |arn: &str| patterns.iter().any(|pattern| matches_text(pattern, arn));
    // A pattern that matches keys of one letter and of another, short and long, has nothing but wildcards at its end.
    let every_key = |pattern: &&str| {
        ["a", "aa/aa", "b", "bb/bb"].iter().all(|key| matches_text(pattern, &format!("{bucket_arn}/{key}")))
    };
    covers(bucket_arn) && patterns.iter().any(every_key)
}

/// The policy, if there is one, with a statement added that refuses everybody's requests without TLS.
pub(super) fn with_tls(policy: Option<&str>, bucket_arn: &str, bucket: &str) -> Result<String, Gap> {
    let mut document = match policy {
        Some(text) => serde_json::from_str(text).map_err(|error| malformed(bucket, &error.to_string()))?,
        None => json!({ "Version": "2012-10-17" }),
    };
    let members = document.as_object_mut().ok_or_else(|| malformed(bucket, "it is no object"))?;
    let mut statements = match members.remove("Statement") {
        None => Vec::new(),
        Some(Json::Array(statements)) => statements,
        Some(one) => vec![one],
    };
    // S3 wants every name of a statement once.
    let is_taken = |name: &str| statements.iter().any(|one| one.get("Sid").and_then(Json::as_str) == Some(name));
    let sid = if is_taken("RefuseWithoutTls") { "RefuseEverythingWithoutTls" } else { "RefuseWithoutTls" };
    statements.push(json!({
        "Sid": sid, "Effect": "Deny", "Principal": "*", "Action": "s3:*",
        "Resource": [bucket_arn, format!("{bucket_arn}/*")],
        "Condition": { "Bool": { "aws:SecureTransport": "false" } },
    }));
    members.insert("Statement".to_owned(), Json::Array(statements));
    Ok(document.to_string())
}

fn malformed(bucket: &str, error: &str) -> Gap {
    Gap::of_reason(MALFORMED, format!("the policy of bucket `{bucket}` cannot be read: {error}"))
}

fn denies_http(statement: &Statement) -> bool {
    let everyone = match &statement.principal {
        PrincipalBlock::Principal(list) => list.iter().any(Principal::is_everyone),
        PrincipalBlock::None | PrincipalBlock::NotPrincipal(_) => false,
    };
    let every_action = match &statement.action {
        ActionBlock::Action(list) => list.iter().any(|action| matches!(action.lower(), "*" | "s3:*")),
        _ => false,
    };
    // Another condition beside it would let some requests through.
    let only_http = matches!(statement.conditions.as_slice(), [condition] if holds_for_http(condition));
    statement.effect == Effect::Deny && everyone && every_action && only_http
}

/// True when the condition holds for every request without TLS.
fn holds_for_http(condition: &Condition) -> bool {
    let operator = condition.operator;
    let mut values = condition.values.iter().map(Template::source);
    if operator.qualifier.is_some() {
        return false;
    }
    match operator.comparison {
        Comparison::Bool => {
            condition.key.eq_ignore_ascii_case("aws:SecureTransport")
                && values.any(|value| value.eq_ignore_ascii_case("false"))
        }
        // A request without TLS has no version of it, and only `IfExists` holds for a key that is not there.
        Comparison::NumericLessThan | Comparison::NumericLessThanEquals => {
            operator.if_exists && condition.key.eq_ignore_ascii_case("s3:TlsVersion")
        }
        _ => false,
    }
}

fn resources(statement: &Statement) -> Vec<&str> {
    match &statement.resource {
        ResourceBlock::Resource(list) => list.iter().filter(|one| !one.has_variable()).map(Template::source).collect(),
        ResourceBlock::None | ResourceBlock::NotResource(_) => Vec::new(),
    }
}

/// True when a statement lets everyone in, as S3 itself judges it.
pub(super) fn is_public(policy: &Policy) -> bool {
    !public_statements(policy).is_empty()
}

/// True when CloudTrail may write, and only for trails or accounts that the policy names.
pub(super) fn scopes_cloudtrail(policy: &Policy) -> bool {
    let mut grants =
        policy.statements.iter().filter(|one| one.effect == Effect::Allow && names_cloudtrail(one)).peekable();
    grants.peek().is_some() && grants.all(|statement| statement.conditions.iter().any(names_source))
}

fn names_cloudtrail(statement: &Statement) -> bool {
    let PrincipalBlock::Principal(list) = &statement.principal else { return false };
    list.iter().any(|principal| {
        matches!(principal, Principal::Listed { kind: PrincipalKind::Service, value }
            if value.strip_prefix("cloudtrail.").is_some_and(|rest| rest.starts_with("amazonaws.com")))
    })
}

fn names_source(condition: &Condition) -> bool {
    let key = condition.key.to_ascii_lowercase();
    matches!(key.as_str(), "aws:sourcearn" | "aws:sourceaccount")
        && !condition.operator.if_exists
        && condition.operator.qualifier.is_none()
        && condition.values.iter().all(|value| !value.is_star())
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::{parse, refuses_http, scopes_cloudtrail, with_tls};

    const BUCKET: &str = "arn:aws:s3:::logs";

    fn deny(resource: &Value, condition: &Value) -> String {
        json!({ "Version": "2012-10-17", "Statement": [{
            "Effect": "Deny", "Principal": "*", "Action": "s3:*", "Resource": resource, "Condition": condition
        }] })
        .to_string()
    }

    fn refuses(text: &str) -> bool {
        refuses_http(&parse(text, "logs").unwrap(), BUCKET)
    }

    #[test]
    fn a_policy_with_the_statement_added_refuses_http_and_keeps_the_rest() {
        let other = json!({ "Sid": "RefuseWithoutTls", "Effect": "Allow", "Principal": "*", "Action": "s3:GetObject", "Resource": "*" });
        let one = json!({ "Version": "2012-10-17", "Statement": other }).to_string();
        for policy in [None, Some(one.as_str()), Some(r#"{"Version":"2012-10-17","Statement":[]}"#)] {
            let made = with_tls(policy, BUCKET, "logs").unwrap();
            assert!(refuses(&made), "{made}");
            assert_eq!(made.contains(&other.to_string()), policy == Some(&one), "{made}");
        }
        assert!(with_tls(Some("[]"), BUCKET, "logs").is_err());
    }

    #[test]
    fn http_is_refused_only_for_bucket_and_every_object() {
        let insecure = json!({ "Bool": { "aws:SecureTransport": "false" } });
        assert!(refuses(&deny(&json!([BUCKET, "arn:aws:s3:::logs/*"]), &insecure)));
        assert!(refuses(&deny(&json!("*"), &insecure)));
        assert!(refuses(&deny(&json!("arn:aws:s3:::logs*"), &insecure)));
        assert!(!refuses(&deny(&json!("arn:aws:s3:::logs/*"), &insecure)));
        assert!(!refuses(&deny(&json!([BUCKET, "arn:aws:s3:::logs/a*"]), &insecure)));
        assert!(!refuses(&deny(&json!([BUCKET, "arn:aws:s3:::other/*"]), &insecure)));
    }

    #[test]
    fn a_condition_must_hold_for_every_request_without_tls() {
        let all = json!([BUCKET, "arn:aws:s3:::logs/*"]);
        assert!(refuses(&deny(&all, &json!({ "BoolIfExists": { "aws:securetransport": ["false"] } }))));
        assert!(refuses(&deny(&all, &json!({ "NumericLessThanIfExists": { "s3:TlsVersion": "1.2" } }))));
        assert!(!refuses(&deny(&all, &json!({ "NumericLessThan": { "s3:TlsVersion": "1.2" } }))));
        assert!(!refuses(&deny(&all, &json!({ "Bool": { "aws:SecureTransport": "true" } }))));
        let narrowed = json!({ "Bool": { "aws:SecureTransport": "false" }, "StringEquals": { "aws:username": "ann" } });
        assert!(!refuses(&deny(&all, &narrowed)));
    }

    #[test]
    fn cloudtrail_is_scoped_when_each_grant_names_its_source() {
        let grant = |condition: Value| {
            json!({
                "Effect": "Allow", "Principal": { "Service": "cloudtrail.amazonaws.com" }, "Action": "s3:PutObject",
                "Resource": "arn:aws:s3:::logs/*", "Condition": condition
            })
        };
        let policy = |statements: Vec<Value>| {
            let text = json!({ "Version": "2012-10-17", "Statement": statements }).to_string();
            scopes_cloudtrail(&parse(&text, "logs").unwrap())
        };
        let scoped =
            grant(json!({ "StringEquals": { "AWS:SourceArn": "arn:aws:cloudtrail:us-east-1:123456789012:trail/t" } }));
        let open = grant(json!({ "StringEquals": { "s3:x-amz-acl": "bucket-owner-full-control" } }));
        assert!(policy(vec![scoped.clone()]));
        assert!(!policy(vec![scoped, open]));
        assert!(!policy(vec![grant(json!({ "StringLike": { "aws:SourceAccount": "*" } }))]));
    }

    #[test]
    fn a_policy_that_is_no_policy_is_a_gap() {
        assert_eq!(parse("{", "logs").unwrap_err().code(), "Malformed");
    }
}

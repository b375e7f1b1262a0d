//! Policies that AWS refuses, and policies that mean something else than they seem to.
//!
//! Every finding has the JSON pointer of its place. "Malformed" is what IAM would not store; "misleading" is stored and
//! works, but hardly as its author meant.

use serde::Serialize;

use super::catalogue::catalogue;
use super::condition::Moment;
use super::document::resource_pattern;
use super::error::PolicyError;
use super::grammar::{Refusal, refusals};
use super::operator::{Comparison, SetQualifier};
use super::parse::child;
use super::pattern::Pattern;
use super::policy::{
    ActionBlock, ActionPattern, Condition, Effect, Policy, PrincipalBlock, ResourceBlock, Statement, Version,
};
use super::template::Template;

/// How bad a finding is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Level {
    /// IAM would not store it.
    Malformed,
    /// It does not do what it seems to.
    Misleading,
}

/// One finding about a policy document.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Lint {
    /// The JSON pointer of the place; empty for the document itself.
    pub pointer: String,
    /// How bad it is.
    pub level: Level,
    /// Which check found it.
    pub code: &'static str,
    /// What is wrong.
    pub message: String,
}

/// What a document is attached to, which decides what it may say.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Purpose {
    /// Users, groups and roles; permissions boundaries and session policies are written alike.
    Identity,
    /// A resource, such as a bucket or a key.
    Resource,
    /// A role, as its trust policy.
    Trust,
    /// An organization, as a service control policy.
    Scp,
    /// An organization, as a resource control policy.
    Rcp,
}

impl Purpose {
    /// Whether statements have to name principals.
    fn names_principals(self) -> bool {
        matches!(self, Self::Resource | Self::Trust | Self::Rcp)
    }
}

/// Checks a document's text, as an identity policy.
pub fn lint_text(text: &str) -> Vec<Lint> {
    lint_as(text.parse::<Policy>(), Purpose::Identity)
}

/// Checks a document as it was read, for one purpose.
pub fn lint_as(policy: Result<Policy, PolicyError>, purpose: Purpose) -> Vec<Lint> {
    match policy {
        Ok(policy) => lint_for(&policy, purpose),
        Err(error) => {
            vec![Lint { pointer: place(&error), level: Level::Malformed, code: "grammar", message: error.to_string() }]
        }
    }
}

fn place(error: &PolicyError) -> String {
    match error {
        PolicyError::NotJson { .. } => String::new(),
        PolicyError::WrongType { pointer, .. }
        | PolicyError::UnknownElement { pointer }
        | PolicyError::MissingElement { pointer, .. }
        | PolicyError::BothElements { pointer, .. }
        | PolicyError::UnknownValue { pointer, .. }
        | PolicyError::RepeatedCondition { pointer, .. }
        | PolicyError::BadVariable { pointer, .. } => pointer.clone(),
    }
}

/// Checks a parsed identity policy.
pub fn lint(policy: &Policy) -> Vec<Lint> {
    lint_for(policy, Purpose::Identity)
}

/// Checks a parsed policy.
fn lint_for(policy: &Policy, purpose: Purpose) -> Vec<Lint> {
    let applies = |refusal: &Refusal| match refusal {
        // A document without a current version is judged below: IAM stored such documents once, so they may be in force.
        Refusal::Version => false,
        Refusal::Principal { .. } => !purpose.names_principals(),
        Refusal::NoResources { .. } => !matches!(purpose, Purpose::Resource | Purpose::Trust),
        _ => true,
    };
    let refused = refusals(policy).into_iter().filter(applies);
    let mut found: Vec<Lint> = refused
        .map(|refusal| Lint {
            pointer: refused_at(&refusal),
            level: Level::Malformed,
            code: "refused",
            message: refusal.to_string(),
        })
        .collect();
    match &policy.version {
        Version::V2012 => {}
        Version::Missing => found.push(misleading(
            "",
            "missing-version",
            "without `Version`, AWS reads the document as 2008-10-17: policy variables are plain text",
        )),
        Version::V2008 | Version::Other(_) => {
            found.push(misleading(
                "/Version",
                "old-version",
                "in this version policy variables are plain text; the current one is 2012-10-17",
            ));
        }
    }
    for statement in &policy.statements {
        principals(statement, purpose, &mut found);
        actions(statement, &mut found);
        resources(statement, &policy.version, &mut found);
        conditions(statement, &mut found);
    }
    found.sort();
    found.dedup();
    found
}

fn refused_at(refusal: &Refusal) -> String {
    // Every refusal starts with its place in backticks.
    refusal.to_string().split('`').nth(1).filter(|text| text.starts_with('/')).unwrap_or_default().to_owned()
}

fn misleading(pointer: &str, code: &'static str, message: &str) -> Lint {
    Lint { pointer: pointer.to_owned(), level: Level::Misleading, code, message: message.to_owned() }
}

/// What a purpose asks of principals, and of resources where the principal's place is the resource itself.
fn principals(statement: &Statement, purpose: Purpose, found: &mut Vec<Lint>) {
    let at = statement.place.pointer();
    let malformed = |pointer: String, code: &'static str, message: &str| Lint {
        pointer,
        level: Level::Malformed,
        code,
        message: message.to_owned(),
    };
    if purpose.names_principals() && statement.principal == PrincipalBlock::None {
        let message = "the statement names no principal, which policies on resources have to";
        found.push(malformed(at.to_owned(), "no-principal", message));
    }
    if purpose == Purpose::Trust && statement.resource != ResourceBlock::None {
        let message = "a trust policy names no resource: it is the policy of the role itself";
        found.push(malformed(at.to_owned(), "resource-in-trust", message));
    }
}

fn actions(statement: &Statement, found: &mut Vec<Lint>) {
    let at = statement.place.pointer();
    let (element, list) = match &statement.action {
        ActionBlock::None => return,
        ActionBlock::Action(list) => ("Action", list),
        ActionBlock::NotAction(list) => ("NotAction", list),
    };
    let pointer = format!("{at}/{element}");
    if element == "NotAction" && statement.effect == Effect::Allow {
        let message = "`NotAction` with `Allow` grants every action that is not listed, those of future services too";
        found.push(misleading(&pointer, "not-action-with-allow", message));
    }
    for action in list {
        if let Some(message) = action_misleads(action) {
            found.push(misleading(&pointer, "unknown-action", &message));
        }
    }
}

fn action_misleads(action: &ActionPattern) -> Option<String> {
    let (service, _) = action.parts()?;
    if catalogue().has_match(action.source()) {
        return None;
    }
    let source = action.source();
    if !service.contains(['*', '?']) && catalogue().service(service).is_none() {
        return Some(format!("`{source}` is of no service that AWS documents"));
    }
    Some(format!("`{source}` is no action that AWS documents, nor does it match one"))
}

fn resources(statement: &Statement, version: &Version, found: &mut Vec<Lint>) {
    let at = statement.place.pointer();
    let (element, list) = match &statement.resource {
        ResourceBlock::None => return,
        ResourceBlock::Resource(list) => ("Resource", list),
        ResourceBlock::NotResource(list) => ("NotResource", list),
    };
    let pointer = format!("{at}/{element}");
    if element == "NotResource" && statement.effect == Effect::Allow {
        let message =
            "`NotResource` with `Allow` grants every resource that is not listed, those of other accounts too";
        found.push(misleading(&pointer, "not-resource-with-allow", message));
    }
    for resource in list {
        let source = resource.source();
        if source.contains("${") && !version.has_variables() {
            let message =
                format!("`{source}` looks like a policy variable, which the document's version does not have");
            found.push(misleading(&pointer, "variable-in-old-version", &message));
        }
        if source.split(':').nth(2).is_some_and(|service| service.contains(['*', '?']) && source.starts_with("arn:")) {
            let message = format!("`{source}` has a wildcard in the service, where AWS wants a name");
            found.push(misleading(&pointer, "wildcard-in-service", &message));
        }
    }
    if element == "Resource" && statement.effect == Effect::Allow {
        fits(statement, list, &pointer, found);
    }
}

/// An action that applies to no resource of the statement is not granted by it.
fn fits(statement: &Statement, list: &[Template], pointer: &str, found: &mut Vec<Lint>) {
    let ActionBlock::Action(actions) = &statement.action else { return };
    if list.iter().any(Template::is_star) {
        return;
    }
    // A kind's ARN starts with the partition; a wildcard there would reach over the service.
    let partition =
        |source: &str| source.split(':').nth(1).filter(|part| !part.contains('*')).unwrap_or("aws").to_owned();
    let patterns: Vec<(Pattern, String)> =
        list.iter().map(|resource| (resource_pattern(resource), partition(resource.source()))).collect();
    for action in actions.iter().filter(|action| !action.source().contains(['*', '?'])) {
        let Some(entry) = catalogue().action(action.source()) else { continue };
        let source = action.source();
        if entry.has_no_resource() {
            let message = format!("`{source}` applies to no resource, so it is granted only where `Resource` is `*`");
            found.push(misleading(pointer, "needs-star-resource", &message));
            continue;
        }
        let known = |(pattern, partition): &(Pattern, String)| {
            catalogue().kinds(source, partition).iter().any(|kind| kind.overlaps(pattern) != Some(false))
        };
        if !patterns.iter().any(known) {
            found.push(misleading(
                pointer,
                "resource-does-not-fit",
                &format!("none of the resources is of a kind that `{source}` applies to"),
            ));
        }
    }
}

fn conditions(statement: &Statement, found: &mut Vec<Lint>) {
    let at = statement.place.pointer();
    let place = |condition: &Condition| child(&format!("{at}/Condition/{}", condition.operator), &condition.key);
    for condition in &statement.conditions {
        let pointer = place(condition);
        if let Some(message) = never_holds(condition) {
            found.push(misleading(&pointer, "impossible-condition", &message));
        }
        if let Some((code, message)) = holds_too_often(statement, condition) {
            found.push(misleading(&pointer, code, message));
        }
    }
    for (position, one) in statement.conditions.iter().enumerate() {
        for other in
            statement.conditions.iter().skip(position + 1).filter(|other| other.key.eq_ignore_ascii_case(&one.key))
        {
            if let Some(message) = contradiction(one, other).or_else(|| contradiction(other, one)) {
                found.push(misleading(&place(other), "impossible-condition", &message));
            }
        }
    }
    if let PrincipalBlock::Principal(list) = &statement.principal {
        for principal in list.iter().filter(|principal| !principal.is_everyone()) {
            if let super::policy::Principal::Listed { value, .. } = principal
                && value.contains(['*', '?'])
            {
                found.push(misleading(
                    &format!("{at}/Principal"),
                    "wildcard-in-principal",
                    &format!("`{value}` has a wildcard, which principals take only as a whole `*`"),
                ));
            }
        }
    }
}

/// Why no value can make the condition hold.
fn never_holds(condition: &Condition) -> Option<String> {
    use Comparison as C;
    let comparison = condition.operator.comparison;
    if condition.values.is_empty()
        && !comparison.is_negated()
        && condition.operator.qualifier != Some(SetQualifier::ForAllValues)
    {
        return Some(format!("`{}` has no values, so nothing can match", condition.key));
    }
    let wrong = |test: fn(&str) -> bool| {
        condition.values.iter().filter(|value| !value.has_variable()).find(|value| !test(value.source()))
    };
    let (bad, wanted) = match comparison {
        C::Bool | C::Null => {
            (wrong(|text| text.eq_ignore_ascii_case("true") || text.eq_ignore_ascii_case("false")), "`true` or `false`")
        }
        C::NumericEquals
        | C::NumericLessThan
        | C::NumericLessThanEquals
        | C::NumericGreaterThan
        | C::NumericGreaterThanEquals
        | C::NumericNotEquals => (wrong(|text| text.trim().parse::<f64>().is_ok()), "a number"),
        C::IpAddress | C::NotIpAddress => {
            (wrong(|text| super::condition::Network::parse(text).is_some()), "an address or a range of addresses")
        }
        C::ArnEquals | C::ArnLike | C::ArnNotEquals | C::ArnNotLike => {
            (wrong(|text| text.split(':').count() >= 6 || text == "*" || text.ends_with('*')), "an ARN of six parts")
        }
        C::StringEquals | C::StringEqualsIgnoreCase => {
            let literal = condition.values.iter().find(|value| value.has_wildcard());
            return literal.filter(|value| value.source() != "*").map(|value| {
                format!("`{}` has a wildcard, which `{comparison}` takes as a plain character; `StringLike` knows wildcards", value.source(), comparison = comparison.name())
            });
        }
        _ => return None,
    };
    bad.map(|value| format!("`{}` is not {wanted}, so the comparison never matches", value.source()))
}

/// Why the condition lets more through than it seems to.
fn holds_too_often(statement: &Statement, condition: &Condition) -> Option<(&'static str, &'static str)> {
    let operator = condition.operator;
    let mfa = condition.key.eq_ignore_ascii_case("aws:MultiFactorAuthPresent");
    let says_false = condition.values.iter().any(|value| value.source().eq_ignore_ascii_case("false"));
    if mfa
        && statement.effect == Effect::Deny
        && operator.comparison == Comparison::Bool
        && !operator.if_exists
        && says_false
    {
        return Some((
            "mfa-deny-misses-access-keys",
            "requests with long-term access keys lack this key, so the deny does not apply to them; `BoolIfExists` does",
        ));
    }
    if mfa && statement.effect == Effect::Allow && operator.if_exists && !says_false {
        return Some((
            "mfa-allow-without-mfa",
            "requests with long-term access keys lack this key and are allowed without MFA; `Bool` refuses them",
        ));
    }
    let checked = statement
        .conditions
        .iter()
        .any(|other| other.operator.comparison == Comparison::Null && other.key.eq_ignore_ascii_case(&condition.key));
    if statement.effect == Effect::Allow && operator.qualifier == Some(SetQualifier::ForAllValues) && !checked {
        return Some((
            "for-all-values-holds-for-none",
            "`ForAllValues` holds for requests without the key, which are allowed too; add `Null` with `false`",
        ));
    }
    None
}

/// Why two conditions on one key can't hold together.
fn contradiction(one: &Condition, other: &Condition) -> Option<String> {
    use Comparison as C;
    if one.operator.qualifier.is_some() || other.operator.qualifier.is_some() {
        return None;
    }
    let key = &one.key;
    let plain = |condition: &Condition| -> Option<Vec<String>> {
        let fixed = condition.values.iter().all(|value| !value.has_variable() && !value.has_wildcard());
        fixed.then(|| condition.values.iter().map(|value| value.source().to_owned()).collect())
    };
    match (one.operator.comparison, other.operator.comparison) {
        (C::Null, second) if second != C::Null => {
            let absent = one.values.iter().all(|value| value.source().eq_ignore_ascii_case("true"));
            let asks = !second.is_negated() && !other.operator.if_exists;
            (absent && asks && !one.values.is_empty()).then(|| format!("`{key}` has to be absent and to have a value"))
        }
        (C::StringEquals, C::StringEquals) => {
            let (first, second) = (plain(one)?, plain(other)?);
            (!first.iter().any(|value| second.contains(value)))
                .then(|| format!("`{key}` would have to be two texts at once"))
        }
        (C::StringEquals, C::StringNotEquals) => {
            let (first, second) = (plain(one)?, plain(other)?);
            first
                .iter()
                .all(|value| second.contains(value))
                .then(|| format!("`{key}` has to equal what it must not equal"))
        }
        (C::DateGreaterThan | C::DateGreaterThanEquals, C::DateLessThan | C::DateLessThanEquals) => {
            let moment = |condition: &Condition| {
                condition.values.iter().filter_map(|value| Moment::parse(value.source())).collect::<Vec<_>>()
            };
            let (after, before) = (moment(one).into_iter().min()?, moment(other).into_iter().max()?);
            (after >= before)
                .then(|| format!("`{key}` has to be after the later of two moments and before the earlier"))
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn codes(statement: &str) -> Vec<(String, &'static str)> {
        let text = format!(r#"{{"Version":"2012-10-17","Statement":[{statement}]}}"#);
        lint_text(&text).into_iter().map(|lint| (lint.pointer, lint.code)).collect()
    }

    #[track_caller]
    fn check(statement: &str, pointer: &str, code: &'static str) {
        assert_eq!(codes(statement), [(pointer.to_owned(), code)], "{statement}");
    }

    #[test]
    fn a_sound_statement_has_no_findings() {
        assert_eq!(
            codes(
                r#"{"Effect":"Allow","Action":["s3:GetObject","s3:List*"],"Resource":["arn:aws:s3:::b","arn:aws:s3:::b/*"]}"#
            ),
            []
        );
    }

    #[test]
    fn actions_that_do_not_exist_are_named() {
        check(
            r#"{"Effect":"Allow","Action":"s3:FetchObject","Resource":"*"}"#,
            "/Statement/0/Action",
            "unknown-action",
        );
        check(r#"{"Effect":"Deny","Action":"s4:*","Resource":"*"}"#, "/Statement/0/Action", "unknown-action");
    }

    #[test]
    fn exclusions_with_allow_are_told() {
        check(
            r#"{"Effect":"Allow","NotAction":"iam:*","Resource":"*"}"#,
            "/Statement/0/NotAction",
            "not-action-with-allow",
        );
        assert_eq!(codes(r#"{"Effect":"Deny","NotAction":"iam:*","Resource":"*"}"#), []);
    }

    #[test]
    fn resources_that_an_action_does_not_apply_to_are_told() {
        check(
            r#"{"Effect":"Allow","Action":"ec2:DescribeInstances","Resource":"arn:aws:ec2:*:*:instance/*"}"#,
            "/Statement/0/Resource",
            "needs-star-resource",
        );
        check(
            r#"{"Effect":"Allow","Action":"s3:GetObject","Resource":"arn:aws:sqs:*:*:q"}"#,
            "/Statement/0/Resource",
            "resource-does-not-fit",
        );
        check(
            r#"{"Effect":"Allow","Action":"sqs:*","Resource":"arn:aws:*:*:*:q"}"#,
            "/Statement/0/Resource",
            "wildcard-in-service",
        );
    }

    #[test]
    fn conditions_that_never_hold_are_told() {
        let with =
            |condition: &str| format!(r#"{{"Effect":"Allow","Action":"s3:*","Resource":"*","Condition":{condition}}}"#);
        for (condition, pointer) in [
            (r#"{"StringEquals":{"aws:PrincipalTag/a":"team-*"}}"#, "StringEquals/aws:PrincipalTag~1a"),
            (r#"{"Bool":{"aws:SecureTransport":"yes"}}"#, "Bool/aws:SecureTransport"),
            (r#"{"IpAddress":{"aws:SourceIp":"10.0.0.0/99"}}"#, "IpAddress/aws:SourceIp"),
            (r#"{"NumericLessThan":{"s3:max-keys":"many"}}"#, "NumericLessThan/s3:max-keys"),
            (r#"{"Null":{"aws:username":"true"},"StringEquals":{"aws:username":"a"}}"#, "Null/aws:username"),
            (
                r#"{"StringEquals":{"aws:username":"a"},"StringNotEquals":{"aws:username":["a","b"]}}"#,
                "StringNotEquals/aws:username",
            ),
            (
                r#"{"DateGreaterThan":{"aws:CurrentTime":"2026-01-01T00:00:00Z"},"DateLessThan":{"aws:CurrentTime":"2025-01-01T00:00:00Z"}}"#,
                "DateGreaterThan/aws:CurrentTime",
            ),
        ] {
            check(&with(condition), &format!("/Statement/0/Condition/{pointer}"), "impossible-condition");
        }
    }

    #[test]
    fn mfa_conditions_that_miss_access_keys_are_told() {
        let with = |effect: &str, condition: &str| {
            format!(r#"{{"Effect":"{effect}","Action":"s3:*","Resource":"*","Condition":{condition}}}"#)
        };
        check(
            &with("Deny", r#"{"Bool":{"aws:MultiFactorAuthPresent":"false"}}"#),
            "/Statement/0/Condition/Bool/aws:MultiFactorAuthPresent",
            "mfa-deny-misses-access-keys",
        );
        check(
            &with("Allow", r#"{"BoolIfExists":{"aws:MultiFactorAuthPresent":"true"}}"#),
            "/Statement/0/Condition/BoolIfExists/aws:MultiFactorAuthPresent",
            "mfa-allow-without-mfa",
        );
        assert_eq!(codes(&with("Deny", r#"{"BoolIfExists":{"aws:MultiFactorAuthPresent":"false"}}"#)), []);
    }

    #[test]
    fn a_missing_version_is_told_with_what_it_means() {
        let found = lint_text(
            r#"{"Statement":{"Effect":"Allow","Action":"s3:*","Resource":"arn:aws:s3:::b/${aws:username}"}}"#,
        );
        let codes: Vec<&str> = found.iter().map(|lint| lint.code).collect();
        assert_eq!(codes, ["missing-version", "variable-in-old-version"]);
    }

    #[test]
    fn what_a_policy_is_for_decides_what_it_has_to_name() {
        let found = |purpose: Purpose, statement: &str| -> Vec<&'static str> {
            let text = format!(r#"{{"Version":"2012-10-17","Statement":[{statement}]}}"#);
            lint_as(text.parse(), purpose).into_iter().map(|lint| lint.code).collect()
        };
        let trust = r#"{"Effect":"Allow","Principal":{"Service":"ec2.amazonaws.com"},"Action":"sts:AssumeRole"}"#;
        assert_eq!(found(Purpose::Trust, trust), [""; 0]);
        assert_eq!(found(Purpose::Identity, trust), ["refused", "refused"]);
        let named = r#"{"Effect":"Allow","Principal":"*","Action":"sts:AssumeRole","Resource":"*"}"#;
        assert_eq!(found(Purpose::Trust, named), ["resource-in-trust"]);
        assert_eq!(found(Purpose::Resource, named), [""; 0]);
        let plain = r#"{"Effect":"Deny","Action":"s3:*","Resource":"*"}"#;
        assert_eq!(found(Purpose::Scp, plain), [""; 0]);
        assert_eq!(found(Purpose::Rcp, plain), ["no-principal"]);
    }

    #[test]
    fn what_is_no_policy_is_malformed_at_its_place() {
        let found =
            lint_text(r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Actions":"s3:*","Resource":"*"}]}"#);
        assert_eq!((found[0].level, found[0].pointer.as_str()), (Level::Malformed, "/Statement/0/Actions"));
    }
}

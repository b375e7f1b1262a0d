//! Amazon EventBridge: rules of the default bus in each Region, and the targets of those that route events of interest.

use std::collections::BTreeSet;

use aws_sdk_eventbridge::{Client, types};
use serde_json::Value;

use super::{Collector, Work, sns};
use crate::collect::context::{Context, client, request};
use crate::collect::convert::{append, shape, words};
use crate::collect::together::all;
use crate::snapshot::Request;
use crate::snapshot::shapes::events::{ListRules, ListTargetsByRule, Rule, Target};

/// Sources all of whose events somebody should hear of.
const SOURCES: [&str; 2] = ["aws.guardduty", "aws.health"];
/// Sources some of whose events somebody should hear of: calls and sign-ins that trails record, and alarms that go off.
const RECORDED: [&str; 9] = [
    "aws.cloudtrail",
    "aws.cloudwatch",
    "aws.config",
    "aws.ec2",
    "aws.iam",
    "aws.kms",
    "aws.organizations",
    "aws.s3",
    "aws.signin",
];
/// Words in what EventBridge calls such events.
const KINDS: [&str; 4] = ["GuardDuty", "Health", "via CloudTrail", "Alarm State Change"];

pub(super) struct Events;

impl Collector for Events {
    fn in_region<'a>(&self, context: &'a Context<'a>, region: &'a str) -> Option<Work<'a>> {
        Some(Box::pin(rules(context, region)))
    }

    fn depth(&self) -> usize {
        5
    }
}

async fn rules(context: &Context<'_>, region: &str) {
    let client = client!(context, aws_sdk_eventbridge, region);
    let answer = context.pages(
        region,
        ListRules::default(),
        |token| Box::pin(client.list_rules().limit(100).set_next_token(token).send()),
        |all, page| {
            append(&mut all.rules, page.rules);
            page.next_token
        },
    );
    if let Some(names) = context.observe(region, Request::new(), answer, concerned_rules).await {
        all(names.iter().map(|name| targets(context, &client, region, name))).await;
    }
}

async fn targets(context: &Context<'_>, client: &Client, region: &str, rule: &str) {
    let answer = context.pages(
        region,
        ListTargetsByRule::default(),
        |token| Box::pin(client.list_targets_by_rule().rule(rule).limit(100).set_next_token(token).send()),
        |all, page| {
            append(&mut all.targets, page.targets);
            page.next_token
        },
    );
    let arns = |answer: &ListTargetsByRule| -> BTreeSet<String> {
        answer.targets.iter().flatten().filter_map(|target| target.arn.clone()).collect()
    };
    if let Some(arns) = context.observe(region, request([("Rule", rule.into())]), answer, arns).await {
        sns::follow(context, arns).await;
    }
}

fn concerned_rules(answer: &ListRules) -> BTreeSet<String> {
    let concerned = |rule: &&Rule| rule.event_pattern.as_deref().is_some_and(is_concerned);
    answer.rules.iter().flatten().filter(concerned).filter_map(|rule| rule.name.clone()).collect()
}

/// Whether a pattern could be meant for such events. In doubt it is: a target too many costs one call, one too few an answer.
fn is_concerned(pattern: &str) -> bool {
    let Ok(Value::Object(pattern)) = serde_json::from_str(pattern) else {
        return SOURCES.iter().chain(&RECORDED).any(|source| pattern.contains(source));
    };
    if pattern.contains_key("$or") {
        return true;
    }
    let (sources, kinds) = (pattern.get("source"), pattern.get("detail-type"));
    let is_of = |wanted: &[&str]| {
        let begins = |text: &str| wanted.iter().any(|source| text.starts_with(source) || source.starts_with(text));
        sources.is_none_or(|sources| matches(sources, begins, begins))
    };
    let is_kind = |text: &str| KINDS.iter().any(|word| text.contains(word));
    // What begins in some way may go on in any.
    let is_named = kinds.is_none_or(|kinds| matches(kinds, is_kind, |_| true));
    (sources.is_some() && is_of(&SOURCES)) || (is_named && (is_of(&SOURCES) || is_of(&RECORDED)))
}

/// Whether one of a field's alternatives is text or a prefix that fits, or a matcher of another kind.
fn matches(alternatives: &Value, fits: impl Fn(&str) -> bool, may_begin: impl Fn(&str) -> bool) -> bool {
    let Value::Array(alternatives) = alternatives else { return true };
    alternatives.iter().any(|alternative| match alternative {
        Value::String(text) => fits(text),
        Value::Object(matcher) => match matcher.get("prefix") {
            Some(Value::String(prefix)) => may_begin(prefix),
            _ => true,
        },
        _ => false,
    })
}

shape! {
    types::Rule => Rule { name, arn, event_pattern, state, role_arn, managed_by, event_bus_name }
    types::Target => Target { id, arn, role_arn }
}

words!(types::RuleState);

#[cfg(test)]
mod tests {
    use super::is_concerned;

    #[test]
    fn patterns_that_could_see_events_of_interest_are_followed() {
        for pattern in [
            r#"{"source":["aws.health"]}"#,
            r#"{"source":["aws.health*"]}"#,
            r#"{"source":["aws.ec2",{"prefix":"aws."}]}"#,
            r#"{"source":[{"anything-but":["aws.ec2"]}]}"#,
            r#"{"detail-type":["AWS Health Event"]}"#,
            r#"{"source":["aws.guardduty"],"detail":{"severity":[{"numeric":[">=",7]}]}}"#,
            r#"{"detail-type":["GuardDuty Finding"]}"#,
            r#"{"account":["123456789012"]}"#,
            r#"{"$or":[{"source":["aws.health"]},{"source":["aws.ec2"]}]}"#,
            r#"{"source":["aws.iam"],"detail-type":["AWS API Call via CloudTrail"],"detail":{"eventName":["CreatePolicy"]}}"#,
            r#"{"detail-type":["AWS Console Sign In via CloudTrail"]}"#,
            r#"{"detail-type":[{"prefix":"AWS API"}]}"#,
            r#"{"source":["aws.ec2"]}"#,
            r#"{"source":["aws.cloudwatch"],"detail-type":["CloudWatch Alarm State Change"]}"#,
            r#"{"source":["aws.guardduty"],"detail-type":["something else"]}"#,
        ] {
            assert!(is_concerned(pattern), "{pattern}");
        }
    }

    #[test]
    fn patterns_for_something_else_are_left_alone() {
        for pattern in [
            r#"{"source":["aws.ec2"],"detail-type":["EC2 Instance State-change Notification"]}"#,
            r#"{"source":["aws.batch"],"detail-type":["AWS API Call via CloudTrail"]}"#,
            r#"{"source":[{"prefix":"aws.x"}]}"#,
            r#"{"source":["com.example.shop"]}"#,
            r#"{"detail-type":["EC2 Instance State-change Notification"]}"#,
            "not json",
        ] {
            assert!(!is_concerned(pattern), "{pattern}");
        }
    }
}

//! Amazon EventBridge: rules of the default bus in each Region, and the targets of those that route events of interest.

use std::collections::BTreeSet;

use aws_sdk_eventbridge::{Client, types};
use futures_util::future::join_all;
use serde_json::Value;

use super::{Collector, Work, sns};
use crate::collect::context::{Context, client, request};
use crate::collect::convert::{append, shape, words};
use crate::collect::regions;
use crate::snapshot::Request;
use crate::snapshot::shapes::events::{ListRules, ListTargetsByRule, Rule, Target};

/// Sources whose events somebody should hear of, with a word that their kinds of events have.
const SOURCES: [(&str, &str); 2] = [("aws.guardduty", "GuardDuty"), ("aws.health", "Health")];

pub(super) struct Events;

impl Collector for Events {
    fn start<'a>(&self, context: &'a Context<'a>) -> Option<Work<'a>> {
        Some(Box::pin(async move {
            let regions = regions::asked(context).await;
            join_all(regions.iter().map(|region| rules(context, region))).await;
        }))
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
        join_all(names.iter().map(|name| targets(context, &client, region, name))).await;
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
        return SOURCES.iter().any(|(source, _)| pattern.contains(source));
    };
    if pattern.contains_key("$or") {
        return true;
    }
    match (pattern.get("source"), pattern.get("detail-type")) {
        (Some(sources), _) => matches(sources, |text| SOURCES.iter().any(|(source, _)| text.starts_with(source))),
        (None, Some(kinds)) => matches(kinds, |text| SOURCES.iter().any(|(_, word)| text.contains(word))),
        (None, None) => true,
    }
}

/// Whether one of a field's alternatives is text that fits, or a matcher other than a prefix that cannot.
fn matches(alternatives: &Value, fits: impl Fn(&str) -> bool) -> bool {
    let Value::Array(alternatives) = alternatives else { return true };
    alternatives.iter().any(|alternative| match alternative {
        Value::String(text) => fits(text),
        Value::Object(matcher) => match matcher.get("prefix") {
            Some(Value::String(prefix)) => {
                SOURCES.iter().any(|(source, _)| source.starts_with(prefix.as_str())) || fits(prefix)
            }
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
        ] {
            assert!(is_concerned(pattern), "{pattern}");
        }
    }

    #[test]
    fn patterns_for_something_else_are_left_alone() {
        for pattern in [
            r#"{"source":["aws.ec2"]}"#,
            r#"{"source":[{"prefix":"aws.s"}]}"#,
            r#"{"detail-type":["EC2 Instance State-change Notification"]}"#,
            "not json",
        ] {
            assert!(!is_concerned(pattern), "{pattern}");
        }
    }
}

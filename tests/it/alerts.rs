//! Alert routes from end to end: one broken link at a time in an account where every alert is heard, and proof that
//! missing answers never make anybody hear.

use posture::facts::{Facts, Observed};
use posture::snapshot::{ApiError, Observation, Outcome, Snapshot, SnapshotHeader, SnapshotReader};
use proptest::prelude::*;
use serde_json::{Value, json};

const BILLING: &str = "arn:aws:sns:us-east-1:123456789012:billing-alerts";
const HEALTH: &str = "arn:aws:sns:us-east-1:123456789012:health-events";

/// The hardened account's answers about alerts, as JSON to be changed.
fn hardened() -> Value {
    let text = std::fs::read_to_string(crate::offline::account("bootcamp-hardened")).unwrap();
    let mut account: Value = serde_json::from_str(&text).unwrap();
    let about_alerts = |observation: &Value| {
        let service = observation["service"].as_str().unwrap();
        ["cloudwatch", "sns", "kms", "budgets", "events"].contains(&service)
    };
    account["observations"].as_array_mut().unwrap().retain(about_alerts);
    account
}

pub(crate) fn read(account: &Value) -> Snapshot {
    let text = std::io::Cursor::new(account.to_string().into_bytes());
    SnapshotReader::from_reader("test".to_owned(), Box::new(text)).unwrap().next().unwrap().unwrap()
}

/// Every answer of an operation whose request or response names something.
pub(crate) fn answers<'a>(account: &'a mut Value, operation: &str, named: &str) -> Vec<&'a mut Value> {
    let all = account["observations"].as_array_mut().unwrap().iter_mut();
    let found: Vec<_> = all.filter(|one| one["operation"] == operation && one.to_string().contains(named)).collect();
    assert!(!found.is_empty(), "no {operation} of {named}");
    found
}

pub(crate) fn respond(account: &mut Value, operation: &str, named: &str, change: impl Fn(&mut Value)) {
    for answer in answers(account, operation, named) {
        change(&mut answer["response"]);
    }
}

pub(crate) fn refuse(account: &mut Value, operation: &str, named: &str, code: &str) {
    for answer in answers(account, operation, named) {
        answer.as_object_mut().unwrap().remove("response");
        answer["error"] = json!({ "code": code, "message": "so says the test" });
    }
}

/// Replaces a policy by one with these statements.
fn policy(account: &mut Value, topic: &str, statements: &Value) {
    let text = json!({ "Version": "2012-10-17", "Statement": statements }).to_string();
    respond(account, "GetTopicAttributes", topic, |response| response["Attributes"]["Policy"] = json!(text));
}

/// How an alert fares: `heard`, `unknown`, or the words of the break.
fn fate(reaches: &Observed<bool>, broken_at: &Observed<String>) -> String {
    match (reaches, broken_at) {
        (Observed::Present(true), Observed::Absent) => "heard".to_owned(),
        (Observed::Present(false), Observed::Present(reason)) => reason.clone(),
        (Observed::Unknown(_), Observed::Unknown(_)) => "unknown".to_owned(),
        other => panic!("{other:?}"),
    }
}

fn alarm(account: &Value) -> String {
    let facts = Facts::build(&read(account), None);
    let billing = facts.account.facts.billing.state.present().unwrap().clone();
    let alarms = billing.alarms.state.present().unwrap();
    fate(&alarms.items[0].reaches.state, &alarms.items[0].broken_at.state)
}

/// The first budget's first notification, with its e-mail subscriber taken away.
fn notification(account: &mut Value) -> String {
    respond(account, "DescribeSubscribersForNotification", "monthly-cost", |response| {
        response["Subscribers"].as_array_mut().unwrap().retain(|one| one["SubscriptionType"] == "SNS");
    });
    let facts = Facts::build(&read(account), None);
    let budgets = facts.account.facts.budgets.state.present().unwrap();
    let notifications = budgets.items[0].notifications.state.present().unwrap();
    fate(&notifications.items[0].reaches.state, &notifications.items[0].broken_at.state)
}

fn health_rule(account: &Value) -> String {
    let facts = Facts::build(&read(account), None);
    let region = facts.regions.items.iter().find(|region| region.region.as_deref() == Some("us-east-1")).unwrap();
    let rules = region.facts.health_rules.state.present().unwrap();
    fate(&rules.items[0].reaches.state, &rules.items[0].broken_at.state)
}

fn statement(service: &str) -> Value {
    json!({ "Effect": "Allow", "Principal": { "Service": service }, "Action": "sns:Publish", "Resource": "*" })
}

#[test]
fn in_the_hardened_account_every_alert_is_heard() {
    assert_eq!(alarm(&hardened()), "heard");
    assert_eq!(notification(&mut hardened()), "heard");
    assert_eq!(health_rule(&hardened()), "heard");
}

type Break = (&'static str, fn(&mut Value), &'static str);

/// One broken link each, and the words that the alarm's owner reads.
const BREAKS: &[Break] = &[
    (
        "actions are off",
        |account| {
            respond(account, "DescribeAlarms", "billing", |r| r["MetricAlarms"][0]["ActionsEnabled"] = json!(false));
        },
        "the alarm's actions are turned off",
    ),
    (
        "no action",
        |account| respond(account, "DescribeAlarms", "billing", |r| r["MetricAlarms"][0]["AlarmActions"] = json!([])),
        "the alarm has no action that publishes to an SNS topic",
    ),
    (
        "an action that is no topic",
        |account| {
            respond(account, "DescribeAlarms", "billing", |r| {
                r["MetricAlarms"][0]["AlarmActions"] = json!(["arn:aws:automate:us-east-1:ec2:stop"]);
            });
        },
        "the alarm has no action that publishes to an SNS topic",
    ),
    (
        "a topic of another Region",
        |account| {
            respond(account, "DescribeAlarms", "billing", |r| {
                r["MetricAlarms"][0]["AlarmActions"] = json!(["arn:aws:sns:eu-west-1:123456789012:health-events"]);
            });
        },
        "topic `health-events` is in `eu-west-1`, but what publishes to it is in `us-east-1`",
    ),
    (
        "the topic is gone",
        |account| refuse(account, "GetTopicAttributes", BILLING, "NotFound"),
        "topic `billing-alerts` does not exist",
    ),
    (
        "the policy names nobody",
        |account| policy(account, BILLING, &json!([statement("lambda.amazonaws.com")])),
        "the policy of topic `billing-alerts` does not let `cloudwatch.amazonaws.com` publish",
    ),
    (
        "the policy is for another account's alarms",
        |account| {
            let mut one = statement("cloudwatch.amazonaws.com");
            one["Condition"] = json!({ "StringEquals": { "aws:SourceAccount": "999999999999" } });
            policy(account, BILLING, &json!([one]));
        },
        "the policy of topic `billing-alerts` does not let `cloudwatch.amazonaws.com` publish",
    ),
    (
        "a deny statement",
        |account| {
            let mut deny = statement("cloudwatch.amazonaws.com");
            deny["Effect"] = json!("Deny");
            policy(account, BILLING, &json!([statement("cloudwatch.amazonaws.com"), deny]));
        },
        "a statement in the policy of topic `billing-alerts` denies `cloudwatch.amazonaws.com`",
    ),
    (
        "the key of SNS itself",
        |account| {
            respond(account, "GetTopicAttributes", BILLING, |r| {
                r["Attributes"]["KmsMasterKeyId"] = json!("alias/aws/sns");
            });
        },
        "topic `billing-alerts` is encrypted with `alias/aws/sns`, which no service can publish with",
    ),
    (
        "the key is off",
        |account| respond(account, "DescribeKey", "CUSTOMER", |r| r["KeyMetadata"]["KeyState"] = json!("Disabled")),
        "key `arn:aws:kms:us-east-1:123456789012:key/0b7c9d52-3c1e-4f6a-8a86-5f1d2c3b4a59` of topic `billing-alerts` is in state `Disabled`",
    ),
    (
        "the key's policy names nobody",
        |account| {
            let text = json!({ "Version": "2012-10-17", "Statement": [] }).to_string();
            respond(account, "GetKeyPolicy", "arn:aws:kms", |r| r["Policy"] = json!(text));
        },
        "the policy of key `arn:aws:kms:us-east-1:123456789012:key/0b7c9d52-3c1e-4f6a-8a86-5f1d2c3b4a59` of topic `billing-alerts` does not let `cloudwatch.amazonaws.com` use it",
    ),
    (
        "no subscription",
        |account| respond(account, "ListSubscriptionsByTopic", BILLING, |r| r["Subscriptions"] = json!([])),
        "topic `billing-alerts` has no subscription",
    ),
    (
        "no subscription is confirmed",
        |account| {
            respond(account, "ListSubscriptionsByTopic", BILLING, |r| {
                for one in r["Subscriptions"].as_array_mut().unwrap() {
                    one["SubscriptionArn"] = json!("PendingConfirmation");
                }
            });
        },
        "no subscription of topic `billing-alerts` is confirmed",
    ),
    (
        "every subscription is deleted",
        |account| {
            respond(account, "ListSubscriptionsByTopic", BILLING, |r| {
                for one in r["Subscriptions"].as_array_mut().unwrap() {
                    one["SubscriptionArn"] = json!("Deleted");
                }
            });
        },
        "no subscription of topic `billing-alerts` is confirmed",
    ),
];

type Doubt = (&'static str, fn(&mut Value));

/// What leaves the route open, because nobody can tell.
const DOUBTS: &[Doubt] = &[
    ("refused topic attributes", |account| refuse(account, "GetTopicAttributes", BILLING, "AuthorizationError")),
    ("refused subscriptions", |account| refuse(account, "ListSubscriptionsByTopic", BILLING, "AuthorizationError")),
    ("refused key", |account| refuse(account, "DescribeKey", "arn:aws:kms", "AccessDeniedException")),
    ("refused key policy", |account| refuse(account, "GetKeyPolicy", "arn:aws:kms", "AccessDeniedException")),
    ("a policy that is no JSON", |account| {
        respond(account, "GetTopicAttributes", BILLING, |r| r["Attributes"]["Policy"] = json!("{\"Version\":"));
    }),
    ("a condition on a key that is not modelled", |account| {
        let mut one = statement("cloudwatch.amazonaws.com");
        one["Condition"] = json!({ "IpAddress": { "aws:SourceIp": "192.0.2.0/24" } });
        policy(account, BILLING, &json!([one]));
    }),
    ("a filter on every subscription", |account| {
        respond(account, "GetSubscriptionAttributes", BILLING, |r| {
            r["Attributes"]["FilterPolicy"] = json!("{\"severity\":[\"high\"]}");
        });
    }),
    ("a list of pending subscriptions that goes on", |account| {
        respond(account, "ListSubscriptionsByTopic", BILLING, |r| {
            r["NextToken"] = json!("more");
            for one in r["Subscriptions"].as_array_mut().unwrap() {
                one["SubscriptionArn"] = json!("PendingConfirmation");
            }
        });
        respond(account, "GetTopicAttributes", BILLING, |r| {
            r["Attributes"].as_object_mut().unwrap().remove("SubscriptionsConfirmed");
        });
    }),
];

#[test]
fn each_broken_link_is_named_and_breaks_the_route() {
    for (name, change, words) in BREAKS {
        let mut account = hardened();
        change(&mut account);
        assert_eq!(alarm(&account), *words, "{name}");
    }
}

#[test]
fn what_nobody_can_tell_leaves_the_route_open() {
    for (name, change) in DOUBTS {
        let mut account = hardened();
        change(&mut account);
        assert_eq!(alarm(&account), "unknown", "{name}");
    }
}

#[test]
fn one_topic_that_works_is_enough() {
    let mut account = hardened();
    respond(&mut account, "DescribeAlarms", "billing", |r| {
        r["MetricAlarms"][0]["AlarmActions"] = json!(["arn:aws:sns:us-east-1:123456789012:not-there", BILLING]);
    });
    assert_eq!(alarm(&account), "heard");
}

#[test]
fn a_composite_alarm_that_follows_speaks_for_an_alarm_without_actions() {
    let mut account = hardened();
    respond(&mut account, "DescribeAlarms", "billing", |r| {
        r["MetricAlarms"][0]["AlarmActions"] = json!([]);
        r["CompositeAlarms"] = json!([{
            "AlarmName": "all", "AlarmArn": "arn:aws:cloudwatch:us-east-1:123456789012:alarm:all", "ActionsEnabled": true,
            "AlarmActions": [BILLING], "AlarmRule": "ALARM(\"billing-50-usd\") OR ALARM(other)",
        }]);
    });
    assert_eq!(alarm(&account), "heard");
    respond(&mut account, "DescribeAlarms", "billing", |r| {
        r["CompositeAlarms"][0]["AlarmRule"] = json!("ALARM(billing-50-usd) AND ALARM(other)");
    });
    assert_eq!(alarm(&account), "unknown");
    respond(&mut account, "DescribeAlarms", "billing", |r| {
        r["CompositeAlarms"][0].as_object_mut().unwrap().remove("AlarmRule");
    });
    assert_eq!(alarm(&account), "unknown", "a composite alarm whose rule is not told may follow any alarm");
}

#[test]
fn an_alarm_in_metric_math_and_in_a_named_account_counts() {
    let mut account = hardened();
    let stat = |dimensions: Value| {
        json!([{ "Id": "m1", "ReturnData": true, "MetricStat": { "Period": 21600, "Stat": "Maximum", "Metric": {
            "Namespace": "AWS/Billing", "MetricName": "EstimatedCharges", "Dimensions": dimensions } } }])
    };
    let watches = |account: &Value| {
        let facts = Facts::build(&read(account), None);
        let billing = facts.account.facts.billing.state.present().unwrap().clone();
        let alarm = &billing.alarms.state.present().unwrap().items[0];
        (alarm.watches_total.state.clone(), alarm.period.state.clone(), alarm.statistic.state.clone())
    };
    for (dimensions, total) in [
        (json!([{ "Name": "Currency", "Value": "USD" }]), true),
        (json!([{ "Name": "Currency", "Value": "USD" }, { "Name": "LinkedAccount", "Value": "123456789012" }]), true),
        (json!([{ "Name": "Currency", "Value": "USD" }, { "Name": "LinkedAccount", "Value": "999999999999" }]), false),
        (json!([{ "Name": "Currency", "Value": "USD" }, { "Name": "ServiceName", "Value": "AmazonS3" }]), false),
        (json!([{ "Name": "ServiceName", "Value": "AmazonS3" }]), false),
        (json!([]), false),
    ] {
        respond(&mut account, "DescribeAlarms", "billing", |r| {
            let alarm = r["MetricAlarms"][0].as_object_mut().unwrap();
            for member in ["MetricName", "Namespace", "Statistic", "Dimensions", "Period"] {
                alarm.remove(member);
            }
            alarm.insert("Metrics".to_owned(), stat(dimensions.clone()));
        });
        let expected = (Observed::Present(total), Observed::Present(21600), Observed::Present("Maximum".to_owned()));
        assert_eq!(watches(&account), expected, "{dimensions}");
    }
}

#[test]
fn budgets_need_a_statement_of_their_own_in_a_topic_of_the_same_account() {
    let mut account = hardened();
    // What SNS gives a new topic covers alarms, not budgets.
    let default = json!([{ "Effect": "Allow", "Principal": { "AWS": "*" }, "Action": ["SNS:Publish", "SNS:Subscribe"],
        "Resource": BILLING, "Condition": { "StringEquals": { "AWS:SourceOwner": "123456789012" } } }]);
    policy(&mut account, BILLING, &default);
    assert_eq!(alarm(&account), "heard");
    assert_eq!(
        notification(&mut account),
        "the policy of topic `billing-alerts` does not let `budgets.amazonaws.com` publish"
    );
    let guarded = |key: &str, value: &str| {
        let mut one = statement("budgets.amazonaws.com");
        one["Condition"] = json!({ "ArnLike": { key: value } });
        json!([one])
    };
    policy(&mut account, BILLING, &guarded("aws:SourceArn", "arn:aws:budgets::123456789012:*"));
    assert_eq!(notification(&mut account), "heard");
    policy(&mut account, BILLING, &guarded("aws:SourceArn", "arn:aws:budgets::999999999999:*"));
    assert_ne!(notification(&mut account), "heard");
    respond(&mut account, "DescribeSubscribersForNotification", "monthly-cost", |r| {
        r["Subscribers"][0]["Address"] = json!("arn:aws:sns:us-east-1:999999999999:billing-alerts");
    });
    assert!(notification(&mut account).contains("budgets publish to their own only"));
}

#[test]
fn an_email_address_reaches_without_any_topic() {
    let mut account = hardened();
    refuse(&mut account, "GetTopicAttributes", BILLING, "NotFound");
    let facts = Facts::build(&read(&account), None);
    let budgets = facts.account.facts.budgets.state.present().unwrap();
    let notifications = budgets.items[0].notifications.state.present().unwrap();
    assert!(notifications.items.iter().all(|one| one.reaches.state == Observed::Present(true)));
}

#[test]
fn eventbridge_can_use_no_statement_with_a_condition() {
    let mut account = hardened();
    let mut guarded = statement("events.amazonaws.com");
    guarded["Condition"] = json!({ "StringEquals": { "aws:SourceAccount": "123456789012" } });
    policy(&mut account, HEALTH, &json!([guarded]));
    assert_eq!(
        health_rule(&account),
        "the policy of topic `health-events` does not let `events.amazonaws.com` publish (EventBridge can use no statement that has a Condition)"
    );
    policy(&mut account, HEALTH, &json!([guarded, statement("events.amazonaws.com")]));
    assert_eq!(health_rule(&account), "heard");
}

#[test]
fn a_target_with_a_role_publishes_as_the_role() {
    let mut account = hardened();
    let role = "arn:aws:iam::123456789012:role/health-publisher";
    policy(&mut account, HEALTH, &json!([statement("lambda.amazonaws.com")]));
    respond(&mut account, "ListTargetsByRule", HEALTH, |r| r["Targets"][0]["RoleArn"] = json!(role));
    assert_eq!(health_rule(&account), "unknown", "nobody told the role's policies");
    let details = |action: &str| {
        json!({ "service": "iam", "operation": "GetAccountAuthorizationDetails", "region": "us-east-1", "response": {
            "UserDetailList": [], "GroupDetailList": [], "Policies": [], "IsTruncated": false,
            "RoleDetailList": [{ "Arn": role, "RoleName": "health-publisher", "AttachedManagedPolicies": [],
                "RolePolicyList": [{ "PolicyName": "publish", "PolicyDocument": { "Version": "2012-10-17",
                    "Statement": [{ "Effect": "Allow", "Action": action, "Resource": HEALTH }] } }] }] } })
    };
    let all = account["observations"].as_array_mut().unwrap();
    all.push(details("sns:Publish"));
    assert_eq!(health_rule(&account), "heard");
    let all = account["observations"].as_array_mut().unwrap();
    all.pop();
    all.push(details("sns:Subscribe"));
    assert!(health_rule(&account).contains("does not let `arn:aws:iam::123456789012:role/health-publisher` publish"));
}

/// Every route of an account by a name of its own.
fn routes(snapshot: &Snapshot) -> Vec<(String, Observed<bool>)> {
    let facts = Facts::build(snapshot, None);
    let account = &facts.account.facts;
    let mut found = Vec::new();
    let billing = account.billing.state.present().unwrap();
    for alarm in &billing.alarms.state.present().unwrap().items {
        found.push((format!("alarm {:?}", alarm.name.state), alarm.reaches.state.clone()));
    }
    for budget in account.budgets.state.present().map_or(&[][..], |list| &list.items) {
        for one in budget.notifications.state.present().map_or(&[][..], |list| &list.items) {
            found.push((format!("{:?} {:?}", budget.name.state, one.name.state), one.reaches.state.clone()));
        }
    }
    for region in &facts.regions.items {
        for rule in region.facts.health_rules.state.present().map_or(&[][..], |list| &list.items) {
            found.push((format!("{:?} {:?}", region.region, rule.name.state), rule.reaches.state.clone()));
        }
    }
    for topic in &facts.topics.items {
        found.push((format!("confirmed {}", topic.id), topic.facts.has_confirmed_subscription.state.clone()));
        found.push((format!("policy {}", topic.id), topic.facts.policy_allows_publishers.state.clone()));
        found.push((format!("key {}", topic.id), topic.facts.key_allows_publishers.state.clone()));
    }
    found
}

/// What becomes of one observation.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Loss {
    Kept,
    Denied,
    Dropped,
}

fn lose(snapshot: &Snapshot, losses: &[Loss]) -> Snapshot {
    let error = ApiError { code: "AccessDenied".to_owned(), message: String::new() };
    let kept = snapshot.observations().iter().zip(losses).filter_map(|(observation, loss)| match loss {
        Loss::Kept => Some(observation.clone()),
        Loss::Denied => Some(Observation { outcome: Outcome::Failed(error.clone()), ..observation.clone() }),
        Loss::Dropped => None,
    });
    let header = SnapshotHeader {
        collector: snapshot.collector.clone(),
        collected_at: snapshot.collected_at,
        account: snapshot.account.clone(),
        partition: snapshot.partition.clone(),
        caller: snapshot.caller.clone(),
        regions: snapshot.regions.clone(),
    };
    Snapshot::new(header, kept.collect()).unwrap()
}

/// Whether filters are looked at at all is told by the calls themselves, so these are denied and not dropped.
const TELLS_BY_BEING_THERE: &str = "GetSubscriptionAttributes";

proptest! {
    #![proptest_config(ProptestConfig { cases: 192, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn losing_answers_never_decides_a_route(
        change in 0..=BREAKS.len() + DOUBTS.len(),
        losses in prop::collection::vec(prop_oneof![6 => Just(Loss::Kept), 1 => Just(Loss::Denied), 1 => Just(Loss::Dropped)], 64),
    ) {
        let mut account = hardened();
        if let Some((_, break_it, _)) = BREAKS.get(change) {
            break_it(&mut account);
        } else if let Some((_, doubt)) = DOUBTS.get(change - BREAKS.len()) {
            doubt(&mut account);
        }
        let snapshot = read(&account);
        prop_assert!(snapshot.observations().len() <= losses.len());
        let losses: Vec<Loss> = snapshot.observations().iter().zip(losses).map(|(observation, loss)| {
            let tells = observation.operation.spec().name == TELLS_BY_BEING_THERE;
            if tells && loss == Loss::Dropped { Loss::Denied } else { loss }
        }).collect();
        let before: std::collections::BTreeMap<_, _> = routes(&snapshot).into_iter().collect();
        for (route, now) in routes(&lose(&snapshot, &losses)) {
            let was = before.get(&route).cloned();
            let allowed = matches!(now, Observed::Unknown(_)) || was.as_ref() == Some(&now);
            prop_assert!(allowed, "{} goes from {:?} to {:?}", route, was, now);
        }
    }
}

#[test]
fn the_policies_of_topics_and_of_their_keys_are_judged_by_whom_they_let_in() {
    const KEY: &str = "arn:aws:kms:us-east-1:123456789012:key/0b7c9d52-3c1e-4f6a-8a86-5f1d2c3b4a59";
    let open = json!({ "Effect": "Allow", "Principal": "*", "Action": "*", "Resource": "*" });
    let is_public = |account: &Value, id: &str| {
        let facts = Facts::build(&read(account), None);
        let policies = facts.infrastructure.resource_policies.items;
        policies.into_iter().find(|policy| policy.id == id).unwrap().facts.is_public.state
    };
    let mut account = hardened();
    assert_eq!(is_public(&account, BILLING), Observed::Present(false), "the default statement is pinned");
    assert_eq!(is_public(&account, KEY), Observed::Present(false));
    policy(&mut account, BILLING, &json!([open]));
    assert_eq!(is_public(&account, BILLING), Observed::Present(true));
    let text = json!({ "Version": "2012-10-17", "Statement": [open] }).to_string();
    respond(&mut account, "GetKeyPolicy", KEY, |response| response["Policy"] = json!(text));
    assert_eq!(is_public(&account, KEY), Observed::Present(true));
    respond(&mut account, "GetTopicAttributes", BILLING, |r| r["Attributes"]["KmsMasterKeyId"] = json!("alias/none"));
    let gaps = Facts::build(&read(&account), None).infrastructure.resource_policies.gaps;
    assert!(gaps.iter().any(|gap| gap.request().is_some_and(|request| request.contains("alias/none"))), "{gaps:?}");
    refuse(&mut account, "GetTopicAttributes", BILLING, "AuthorizationError");
    assert!(matches!(is_public(&account, BILLING), Observed::Unknown(_)));
}

//! What watches the trails, from end to end: the hardened account with a metric filter and an alarm for every control, and
//! one broken link at a time.

use std::sync::LazyLock;

use posture::config::Config;
use posture::facts::{Facts, Observed};
use posture::finding::{Finding, Status};
use posture::report::Report;
use posture::rule::{ParamOverrides, Rule, built_in};
use posture::scan::Scan;
use serde_json::{Value, json};

use crate::alerts::{answers, read, refuse, respond};

const TOPIC: &str = "arn:aws:sns:us-east-1:123456789012:billing-alerts";
const REGIONS: [&str; 3] = ["us-east-1", "us-west-2", "eu-west-1"];

/// The rules on what watches the trails.
static RULES: LazyLock<Vec<Rule>> = LazyLock::new(|| {
    let all = built_in(&ParamOverrides::new()).unwrap();
    all.into_iter().filter(|rule| rule.id.starts_with("monitor-") || rule.id.starts_with("alarm-")).collect()
});

/// The pattern that a rule's own remediation puts on a log group.
fn pattern(rule: &Rule) -> String {
    let cli = rule.remediation.cli.as_deref().unwrap();
    let (_, rest) = cli.split_once("--filter-pattern '").unwrap();
    rest.split_once('\'').unwrap().0.to_owned()
}

/// The hardened account, watched by what each rule's remediation makes.
fn watched() -> Value {
    let text = std::fs::read_to_string(crate::offline::account("bootcamp-hardened")).unwrap();
    let mut account: Value = serde_json::from_str(&text).unwrap();
    let (mut filters, mut alarms) = (Vec::new(), Vec::new());
    for rule in RULES.iter().filter(|rule| rule.id.starts_with("monitor-")) {
        let name = &rule.id;
        filters.push(json!({
            "filterName": name, "filterPattern": pattern(rule), "logGroupName": "cloudtrail",
            "metricTransformations": [{ "metricName": name, "metricNamespace": "Security", "metricValue": "1" }],
        }));
        alarms.push(json!({
            "AlarmName": name, "AlarmArn": format!("arn:aws:cloudwatch:us-east-1:123456789012:alarm:{name}"),
            "ActionsEnabled": true, "AlarmActions": [TOPIC], "StateValue": "OK", "MetricName": name,
            "Namespace": "Security", "Statistic": "Sum", "Dimensions": [], "Period": 300, "EvaluationPeriods": 1,
            "Threshold": 1.0, "ComparisonOperator": "GreaterThanOrEqualToThreshold",
        }));
    }
    respond(&mut account, "DescribeAlarms", "billing", |response| {
        let all = response["MetricAlarms"].as_array_mut().unwrap();
        all.retain(|alarm| alarm["Namespace"] == "AWS/Billing");
        all.extend(alarms.clone());
    });
    respond(&mut account, "DescribeMetricFilters", "cloudtrail", |response| response["metricFilters"] = json!(filters));
    account
}

fn judge(account: &Value) -> Report {
    Scan { rules: &RULES, config: &Config::default(), baseline: None, as_of: None }.run(&read(account))
}

fn finding(account: &Value, rule: &str) -> Finding {
    let report = judge(account);
    let found = report.results.into_iter().find(|finding| *finding.rule == *rule);
    *found.unwrap_or_else(|| panic!("no {rule}"))
}

/// The alarm and the filter on root, to be changed.
fn root_alarm(account: &mut Value, change: impl Fn(&mut Value)) {
    respond(account, "DescribeAlarms", "billing", |response| {
        let alarms = response["MetricAlarms"].as_array_mut().unwrap().iter_mut();
        alarms.filter(|alarm| alarm["AlarmName"] == "monitor-root-usage").for_each(&change);
    });
}

fn root_filter(account: &mut Value, change: impl Fn(&mut Value)) {
    respond(account, "DescribeMetricFilters", "monitor-root-usage", |response| {
        let filters = response["metricFilters"].as_array_mut().unwrap().iter_mut();
        filters.filter(|filter| filter["filterName"] == "monitor-root-usage").for_each(&change);
    });
}

fn trail(account: &mut Value, member: &str, value: &Value) {
    respond(account, "DescribeTrails", "management-events", |response| {
        response["trailList"][0][member] = value.clone();
    });
}

#[test]
fn the_pattern_and_alarm_that_each_remediation_makes_pass_its_rule() {
    let report = judge(&watched());
    let rules: Vec<&str> = report.results.iter().map(|finding| finding.rule.as_ref()).collect();
    assert_eq!(rules.iter().filter(|rule| rule.starts_with("monitor-")).count(), 15);
    for finding in &report.results {
        assert_eq!(finding.status, Status::Pass, "{}: {}", finding.rule, finding.message);
    }
}

type Change = fn(&mut Value);
type Break = (&'static str, Change, &'static str);

/// One broken link each, and what the finding on root says of it.
const BREAKS: &[Break] = &[
    (
        "the filter matches only some",
        |account| {
            root_filter(account, |filter| {
                filter["filterPattern"] = json!("{ $.userIdentity.type = Root && $.eventName = ConsoleLogin }");
            });
        },
        "filter `monitor-root-usage` misses events whose",
    ),
    (
        "the filter matches something else",
        |account| root_filter(account, |filter| filter["filterPattern"] = json!("{ $.userIdentity.type = IAMUser }")),
        "no metric filter of log group `cloudtrail` matches all such events",
    ),
    (
        "the filter is on another log group",
        |account| root_filter(account, |filter| filter["logGroupName"] = json!("cloudtrail-old")),
        "no metric filter of log group `cloudtrail` matches all such events",
    ),
    (
        "the metric is in another namespace",
        |account| root_alarm(account, |alarm| alarm["Namespace"] = json!("Other")),
        "no alarm in `us-east-1` reads metric `Security/monitor-root-usage` of filter `monitor-root-usage`",
    ),
    (
        "the metric has another name",
        |account| root_alarm(account, |alarm| alarm["MetricName"] = json!("other")),
        "no alarm in `us-east-1` reads metric",
    ),
    (
        "the threshold is out of reach of one event",
        |account| root_alarm(account, |alarm| alarm["Threshold"] = json!(5.0)),
        "alarm `monitor-root-usage`: one event does not cross the threshold of 5",
    ),
    (
        "the comparison wants more than one event",
        |account| root_alarm(account, |alarm| alarm["ComparisonOperator"] = json!("GreaterThanThreshold")),
        "one event does not cross the threshold of 1",
    ),
    (
        "the comparison is the wrong way round",
        |account| root_alarm(account, |alarm| alarm["ComparisonOperator"] = json!("LessThanThreshold")),
        "one event does not cross the threshold of 1",
    ),
    (
        "several periods are needed",
        |account| root_alarm(account, |alarm| alarm["EvaluationPeriods"] = json!(3)),
        "it goes off only when events come in 3 periods",
    ),
    (
        "an average among default values",
        |account| {
            root_filter(account, |filter| filter["metricTransformations"][0]["defaultValue"] = json!(0.0));
            root_alarm(account, |alarm| alarm["Statistic"] = json!("Average"));
        },
        "its statistic `Average` loses an event among the filter's default values",
    ),
    (
        "a count of default values",
        |account| {
            root_filter(account, |filter| filter["metricTransformations"][0]["defaultValue"] = json!(0.0));
            root_alarm(account, |alarm| alarm["Statistic"] = json!("SampleCount"));
        },
        "it goes off without any such event",
    ),
    (
        "the metric is split by dimensions",
        |account| {
            root_filter(account, |filter| {
                filter["metricTransformations"][0]["dimensions"] = json!({ "Who": "$.userIdentity.arn" });
            });
        },
        "metric `Security/monitor-root-usage` has dimensions and the alarm names none",
    ),
    (
        "actions are off",
        |account| root_alarm(account, |alarm| alarm["ActionsEnabled"] = json!(false)),
        "alarm `monitor-root-usage`: the alarm's actions are turned off",
    ),
    (
        "there is no action",
        |account| root_alarm(account, |alarm| alarm["AlarmActions"] = json!([])),
        "the alarm has no action that publishes to an SNS topic",
    ),
    (
        "nobody confirmed",
        |account| {
            respond(account, "ListSubscriptionsByTopic", TOPIC, |response| {
                for one in response["Subscriptions"].as_array_mut().unwrap() {
                    one["SubscriptionArn"] = json!("PendingConfirmation");
                }
            });
        },
        "no subscription of topic `billing-alerts` is confirmed",
    ),
    (
        "the trail is stopped",
        |account| {
            respond(account, "GetTrailStatus", "management-events", |response| response["IsLogging"] = json!(false));
        },
        "trail `management-events` does not log",
    ),
    (
        "the trail records one Region",
        |account| trail(account, "IsMultiRegionTrail", &json!(false)),
        "no trail records every Region",
    ),
    (
        "the trail leaves reads out",
        |account| {
            respond(account, "GetEventSelectors", "management-events", |response| {
                response["EventSelectors"][0]["ReadWriteType"] = json!("WriteOnly");
            });
        },
        "trail `management-events` leaves management events out",
    ),
    (
        "the trail writes to no log group",
        |account| {
            respond(account, "DescribeTrails", "management-events", |response| {
                response["trailList"][0].as_object_mut().unwrap().remove("CloudWatchLogsLogGroupArn");
            });
        },
        "trail `management-events` writes to no log group",
    ),
];

#[test]
fn benchmarks_taken_at_their_word_are_met_by_each_remediation_and_by_no_broader_filter() {
    let of = |rule: &Rule| {
        let params = [("strict_cis_pattern", json!(true)), ("accept", json!(["metric-filter"]))];
        (rule.id.clone(), params.map(|(name, value)| (name.to_owned(), value)).into())
    };
    let strict: ParamOverrides = RULES.iter().filter(|rule| rule.id.starts_with("monitor-")).map(of).collect();
    let all = built_in(&strict).unwrap();
    let rules: Vec<Rule> = all.into_iter().filter(|rule| rule.id.starts_with("monitor-")).collect();
    let judge = |account: &Value| {
        let report =
            Scan { rules: &rules, config: &Config::default(), baseline: None, as_of: None }.run(&read(account));
        report.results.into_iter().map(|finding| (finding.rule, finding.status, finding.message)).collect::<Vec<_>>()
    };
    let with_patterns = |change: &dyn Fn(&str) -> Option<String>| {
        let mut account = watched();
        respond(&mut account, "DescribeMetricFilters", "cloudtrail", |response| {
            for filter in response["metricFilters"].as_array_mut().unwrap() {
                if let Some(pattern) = change(filter["filterName"].as_str().unwrap()) {
                    filter["filterPattern"] = json!(pattern);
                }
            }
        });
        account
    };
    let found = judge(&watched());
    assert_eq!(found.len(), 15);
    assert!(found.iter().all(|(_, status, _)| *status == Status::Pass), "{found:#?}");
    let everything = judge(&with_patterns(&|_| Some(String::new())));
    assert!(everything.iter().all(|(_, status, _)| *status == Status::Fail), "{everything:#?}");
    let routes = |name: &str| (name == "monitor-route-table-changes").then(|| "{ $.eventName = *Route* }".to_owned());
    let broad = judge(&with_patterns(&routes));
    let failing: Vec<_> = broad.iter().filter(|(_, status, _)| *status == Status::Fail).collect();
    assert!(
        matches!(&failing[..], [(rule, _, message)] if **rule == *"monitor-route-table-changes" && message.contains("also matches events whose")),
        "{failing:#?}"
    );
    assert_eq!(finding(&with_patterns(&routes), "monitor-route-table-changes").status, Status::Pass);
}

#[test]
fn one_broken_link_silences_the_alert_and_the_finding_names_it() {
    for (name, change, words) in BREAKS {
        let mut account = watched();
        change(&mut account);
        let finding = finding(&account, "monitor-root-usage");
        assert_eq!(finding.status, Status::Fail, "{name}: {}", finding.message);
        assert!(finding.message.contains(words), "{name}: {}", finding.message);
    }
}

type Doubt = (&'static str, fn(&mut Value));

/// What leaves it open whether root's events raise an alert.
const DOUBTS: &[Doubt] = &[
    ("a regular expression", |account| {
        root_filter(account, |filter| filter["filterPattern"] = json!("{ $.userIdentity.type = %Root% }"));
    }),
    ("words", |account| root_filter(account, |filter| filter["filterPattern"] = json!("Root"))),
    ("a pattern that cannot be read", |account| {
        root_filter(account, |filter| filter["filterPattern"] = json!("{ $.userIdentity.type = R*t }"));
    }),
    ("a filter that selects by system fields", |account| {
        root_filter(account, |filter| filter["fieldSelectionCriteria"] = json!("@aws.region = \"us-east-1\""));
    }),
    ("a value that is read from the event", |account| {
        root_filter(account, |filter| filter["metricTransformations"][0]["metricValue"] = json!("$.size"));
    }),
    ("metric math", |account| {
        root_alarm(account, |alarm| {
            let metric = json!({ "Namespace": "Security", "MetricName": "monitor-root-usage", "Dimensions": [] });
            alarm["Namespace"] = Value::Null;
            alarm["MetricName"] = Value::Null;
            alarm["Metrics"] = json!([
                { "Id": "m", "MetricStat": { "Metric": metric, "Period": 300, "Stat": "Sum" }, "ReturnData": false },
                { "Id": "e", "Expression": "m * 0", "ReturnData": true },
            ]);
        });
    }),
    ("refused filters", |account| refuse(account, "DescribeMetricFilters", "us-east-1", "AccessDeniedException")),
    ("refused alarms", |account| refuse(account, "DescribeAlarms", "billing", "AccessDenied")),
    ("refused subscriptions", |account| refuse(account, "ListSubscriptionsByTopic", TOPIC, "AuthorizationError")),
    ("a refused trail status", |account| {
        refuse(account, "GetTrailStatus", "management-events", "AccessDeniedException");
    }),
    ("a log group in another account", |account| {
        trail(account, "CloudWatchLogsLogGroupArn", &json!("arn:aws:logs:us-east-1:210987654321:log-group:central:*"));
    }),
    ("an alarm without the member on dimensions", |account| {
        root_alarm(account, |alarm| drop(alarm.as_object_mut().unwrap().remove("Dimensions")));
    }),
    ("an alarm without the member on actions", |account| {
        root_alarm(account, |alarm| drop(alarm.as_object_mut().unwrap().remove("AlarmActions")));
    }),
    ("an alarm without actions where nobody asked for composite alarms", |account| {
        root_alarm(account, |alarm| alarm["AlarmActions"] = json!([]));
        for answer in answers(account, "DescribeAlarms", "billing") {
            answer.as_object_mut().unwrap().remove("request");
        }
    }),
    ("a filter without the member on metrics", |account| {
        root_filter(account, |filter| drop(filter.as_object_mut().unwrap().remove("metricTransformations")));
    }),
    ("a filter whose metric has no name", |account| {
        root_filter(account, |filter| {
            filter["metricTransformations"][0].as_object_mut().unwrap().remove("metricName");
        });
    }),
    ("a filter without the member on its log group", |account| {
        root_filter(account, |filter| drop(filter.as_object_mut().unwrap().remove("logGroupName")));
    }),
    ("a list that goes on", |account| {
        root_filter(account, |filter| filter["logGroupName"] = json!("other"));
        respond(account, "DescribeMetricFilters", "monitor-root-usage", |response| {
            response["nextToken"] = json!("more");
        });
    }),
];

#[test]
fn what_cannot_be_told_is_neither_a_pass_nor_a_failure() {
    for (name, change) in DOUBTS {
        let mut account = watched();
        change(&mut account);
        let finding = finding(&account, "monitor-root-usage");
        assert_eq!(finding.status, Status::Unknown, "{name}: {}", finding.message);
    }
}

/// A log alarm on what root does, that watches for as long as trails take.
fn log_alarm() -> Value {
    json!({
        "AlarmName": "root-log", "AlarmArn": "arn:aws:cloudwatch:us-east-1:123456789012:alarm:root-log",
        "ActionsEnabled": true, "AlarmActions": [TOPIC], "StateValue": "OK", "QueryResultsToEvaluate": 1,
        "QueryResultsToAlarm": 1, "Threshold": 1.0, "ComparisonOperator": "GreaterThanOrEqualToThreshold",
        "ScheduledQueryConfiguration": {
            "QueryString": "fields @timestamp, eventName | filter userIdentity.type = 'Root' and not \
                ispresent(userIdentity.invokedBy) and eventType != 'AwsServiceEvent'",
            "LogGroupIdentifiers": ["cloudtrail"], "AggregationExpression": "count(*)",
            "ScheduleConfiguration": { "ScheduleExpression": "rate(5 minutes)", "StartTimeOffset": 900 },
        },
    })
}

/// What becomes of the rule on root when a log alarm is all that watches.
fn with_log_alarm(change: impl Fn(&mut Value)) -> Finding {
    let mut account = unfiltered();
    let mut alarm = log_alarm();
    change(&mut alarm);
    respond(&mut account, "DescribeAlarms", "LogAlarm", |response| response["LogAlarms"] = json!([alarm]));
    finding(&account, "monitor-root-usage")
}

#[test]
fn a_member_that_a_log_alarm_lacks_decides_nothing() {
    for member in ["AlarmActions", "AlarmArn", "ActionsEnabled", "Threshold", "QueryResultsToAlarm"] {
        let found = with_log_alarm(|alarm| drop(alarm.as_object_mut().unwrap().remove(member)));
        assert_eq!(found.status, Status::Unknown, "{member}");
    }
    for member in ["AggregationExpression", "QueryString", "ScheduleConfiguration"] {
        let found = with_log_alarm(|alarm| drop(query(alarm).as_object_mut().unwrap().remove(member)));
        assert_eq!(found.status, Status::Unknown, "{member}");
    }
    let followed = |alarm_name: bool, rule: Value| {
        let mut account = unfiltered();
        let mut alarm = log_alarm();
        alarm["AlarmActions"] = json!([]);
        if !alarm_name {
            alarm.as_object_mut().unwrap().remove("AlarmName");
        }
        respond(&mut account, "DescribeAlarms", "LogAlarm", |response| response["LogAlarms"] = json!([alarm]));
        let arn = "arn:aws:cloudwatch:us-east-1:123456789012:alarm:any";
        let mut composite =
            json!({ "AlarmName": "any", "AlarmArn": arn, "ActionsEnabled": true, "AlarmActions": [TOPIC] });
        if !rule.is_null() {
            composite["AlarmRule"] = rule;
        }
        respond(&mut account, "DescribeAlarms", "billing", |response| {
            response["CompositeAlarms"] = json!([composite]);
        });
        finding(&account, "monitor-root-usage").status
    };
    assert_eq!(followed(true, json!("ALARM(other)")), Status::Fail, "all is known");
    assert_eq!(followed(true, Value::Null), Status::Unknown, "without a rule it may follow any alarm");
    assert_eq!(
        followed(false, json!("ALARM(other)")),
        Status::Unknown,
        "a nameless alarm may be the one that is meant"
    );
}

fn query(alarm: &mut Value) -> &mut Value {
    &mut alarm["ScheduledQueryConfiguration"]
}

#[test]
fn a_log_alarm_whose_query_selects_all_such_events_stands_in() {
    let passes: [Change; 4] = [
        |_| {},
        |alarm| query(alarm)["QueryString"] = json!("fields @message"),
        |alarm| {
            query(alarm)["LogGroupIdentifiers"] =
                json!(["other", "arn:aws:logs:us-east-1:123456789012:log-group:cloudtrail:*"]);
        },
        |alarm| {
            alarm["Threshold"] = json!(0.0);
            alarm["ComparisonOperator"] = json!("GreaterThanThreshold");
        },
    ];
    for change in passes {
        let finding = with_log_alarm(change);
        assert_eq!(finding.status, Status::Pass, "{}", finding.message);
    }
    let fails: [(Change, &str); 12] = [
        (
            |alarm| alarm["ComparisonOperator"] = json!("GreaterThanThreshold"),
            "one event does not cross the threshold of 1",
        ),
        (|alarm| alarm["Threshold"] = json!(0.0), "it goes off without any such event"),
        (
            |alarm| alarm["ComparisonOperator"] = json!("LessThanOrEqualToThreshold"),
            "it goes off without any such event",
        ),
        (
            |alarm| {
                query(alarm)["QueryString"] = json!("filter userIdentity.type = 'Root' and eventName = 'ConsoleLogin'");
            },
            "its query misses events whose",
        ),
        (
            |alarm| query(alarm)["QueryString"] = json!("filter eventName = 'CreateVpc'"),
            "no log alarm on log group `cloudtrail` selects all such events",
        ),
        (
            |alarm| query(alarm)["LogGroupIdentifiers"] = json!(["other"]),
            "no log alarm on log group `cloudtrail` selects all such events",
        ),
        (|alarm| alarm["Threshold"] = json!(5.0), "one event does not cross the threshold of 5"),
        (
            |alarm| alarm["ComparisonOperator"] = json!("LessThanThreshold"),
            "one event does not cross the threshold of 1",
        ),
        (|alarm| alarm["QueryResultsToAlarm"] = json!(2), "it goes off only when 2 results show events"),
        (
            |alarm| query(alarm)["ScheduleConfiguration"]["ScheduleExpression"] = json!("rate(1 hour)"),
            "looks at 900 s every 3600 s",
        ),
        (|alarm| alarm["ActionsEnabled"] = json!(false), "the alarm's actions are turned off"),
        (|alarm| alarm["AlarmActions"] = json!([]), "no action that publishes to an SNS topic"),
    ];
    for (change, words) in fails {
        let finding = with_log_alarm(change);
        assert_eq!(finding.status, Status::Fail, "{words}: {}", finding.message);
        assert!(finding.message.contains(words), "{words}: {}", finding.message);
    }
    let doubts: [Change; 5] = [
        |alarm| query(alarm)["QueryString"] = json!("stats count(*) by eventName"),
        |alarm| query(alarm)["AggregationExpression"] = json!("sum(bytes)"),
        |alarm| query(alarm)["ScheduleConfiguration"]["StartTimeOffset"] = json!(300),
        |alarm| query(alarm)["ScheduleConfiguration"]["ScheduleExpression"] = json!("cron(0 * * * ? *)"),
        |alarm| query(alarm)["LogGroupIdentifiers"] = json!([]),
    ];
    for change in doubts {
        let finding = with_log_alarm(change);
        assert_eq!(finding.status, Status::Unknown, "{}", finding.message);
    }
    let mut account = unfiltered();
    refuse(&mut account, "DescribeAlarms", "LogAlarm", "AccessDenied");
    assert_eq!(finding(&account, "monitor-root-usage").status, Status::Unknown);
}

/// Gives every Region an event rule on a bus that is the default one, with the topic of AWS Health as target.
fn route(account: &mut Value, regions: &[&str], pattern: &Value, state: &str) {
    for region in regions {
        let rule = json!({
            "Name": "root", "Arn": format!("arn:aws:events:{region}:123456789012:rule/root"),
            "EventPattern": pattern.to_string(), "State": state, "EventBusName": "default",
        });
        let mut rules = account["observations"].as_array_mut().unwrap().iter_mut();
        let rules = rules.find(|one| one["operation"] == "ListRules" && one["region"] == *region).unwrap();
        rules["response"]["Rules"].as_array_mut().unwrap().push(rule);
        account["observations"].as_array_mut().unwrap().push(json!({
            "service": "events", "operation": "ListTargetsByRule", "region": region, "request": { "Rule": "root" },
            "response": { "Targets": [{ "Id": "topic", "Arn": format!("arn:aws:sns:{region}:123456789012:health-events") }] },
        }));
    }
}

/// The account without any filter that could speak for the rule.
fn unfiltered() -> Value {
    let mut account = watched();
    respond(&mut account, "DescribeMetricFilters", "monitor-root-usage", |response| {
        response["metricFilters"] = json!([]);
    });
    account
}

const WITH_READS: &str = "ENABLED_WITH_ALL_CLOUDTRAIL_MANAGEMENT_EVENTS";

#[test]
fn event_rules_stand_in_where_every_region_has_one() {
    let root = json!({ "detail": { "userIdentity": { "type": ["Root"] } } });
    let mut account = unfiltered();
    route(&mut account, &REGIONS, &root, WITH_READS);
    assert_eq!(finding(&account, "monitor-root-usage").status, Status::Pass);

    for (regions, state, words) in [
        (&REGIONS[..2], WITH_READS, "no event rule in `eu-west-1` matches all such events"),
        (&REGIONS[..], "DISABLED", "rule `root` is disabled"),
        (&REGIONS[..], "ENABLED", "rule `root` is handed no calls that only read"),
    ] {
        let mut account = unfiltered();
        route(&mut account, regions, &root, state);
        let finding = finding(&account, "monitor-root-usage");
        assert_eq!(finding.status, Status::Fail, "{}", finding.message);
        assert!(finding.message.contains(words), "{}", finding.message);
    }
}

#[test]
fn changes_of_iam_come_up_in_one_region_and_changes_of_networks_in_all() {
    let names = ["AttachUserPolicy", "DetachUserPolicy"];
    let some = json!({ "source": ["aws.iam"], "detail-type": ["AWS API Call via CloudTrail"], "detail": { "eventName": names } });
    let mut account = unfiltered();
    route(&mut account, &["us-east-1"], &some, "ENABLED");
    let partly = finding(&account, "monitor-iam-policy-changes");
    assert_eq!(partly.status, Status::Fail);
    assert!(partly.message.contains("rule `root` misses events whose"), "{}", partly.message);

    let every = json!({ "source": ["aws.iam", "aws.ec2"], "detail-type": ["AWS API Call via CloudTrail"] });
    let mut account = unfiltered();
    route(&mut account, &["us-east-1"], &every, "ENABLED");
    assert_eq!(finding(&account, "monitor-iam-policy-changes").status, Status::Pass);
    assert_eq!(finding(&account, "monitor-vpc-changes").status, Status::Fail);
}

#[test]
fn an_organization_that_watches_from_another_account_is_judged_there() {
    let mut account = watched();
    let text = account.to_string().replace(
        "arn:aws:cloudtrail:us-east-1:123456789012:trail/management-events",
        "arn:aws:cloudtrail:us-east-1:210987654321:trail/management-events",
    );
    account = serde_json::from_str(&text).unwrap();
    assert_eq!(finding(&account, "monitor-root-usage").status, Status::NotApplicable);
}

#[test]
fn alarms_on_charges_and_on_filters_are_for_security_and_others_are_not() {
    let mut account = watched();
    respond(&mut account, "DescribeAlarms", "billing", |response| {
        let cpu = json!({
            "AlarmName": "cpu", "AlarmArn": "arn:aws:cloudwatch:us-east-1:123456789012:alarm:cpu", "ActionsEnabled": false,
            "MetricName": "CPUUtilization", "Namespace": "AWS/EC2", "Dimensions": [],
        });
        let custom = json!({
            "AlarmName": "custom", "AlarmArn": "arn:aws:cloudwatch:us-east-1:123456789012:alarm:custom",
            "ActionsEnabled": true, "MetricName": "Orders", "Namespace": "Shop", "Dimensions": [],
        });
        response["MetricAlarms"].as_array_mut().unwrap().extend([cpu, custom]);
    });
    let security = |account: &Value, name: &str| {
        let facts = Facts::build(&read(account), None);
        let alarm =
            facts.alarms.items.iter().find(|alarm| alarm.facts.name.state == Observed::Present(name.to_owned()));
        alarm.unwrap().facts.is_security.state.clone()
    };
    assert_eq!(security(&account, "billing-50-usd"), Observed::Present(true));
    assert_eq!(security(&account, "monitor-vpc-changes"), Observed::Present(true));
    assert_eq!(security(&account, "cpu"), Observed::Present(false));
    assert_eq!(security(&account, "custom"), Observed::Present(false));
    refuse(&mut account, "DescribeMetricFilters", "us-east-1", "AccessDeniedException");
    assert_eq!(security(&account, "cpu"), Observed::Present(false));
    assert!(matches!(security(&account, "custom"), Observed::Unknown(_)));
}

#[test]
fn an_alarm_without_action_fails_unless_something_else_acts_for_it() {
    let mut account = watched();
    root_alarm(&mut account, |alarm| alarm["AlarmActions"] = json!([]));
    let silent = |account: &Value| {
        let all = judge(account).results;
        let found =
            all.into_iter().find(|one| *one.rule == *"alarm-has-action" && one.resource.id.ends_with("root-usage"));
        found.unwrap().status
    };
    assert_eq!(silent(&account), Status::Fail);

    let mut unasked = account.clone();
    for answer in answers(&mut unasked, "DescribeAlarms", "billing") {
        answer.as_object_mut().unwrap().remove("request");
    }
    assert_eq!(silent(&unasked), Status::Unknown);
    let composites = json!({
        "service": "cloudwatch", "operation": "DescribeAlarms", "region": "us-east-1",
        "request": { "AlarmTypes": ["CompositeAlarm"] }, "response": { "CompositeAlarms": [] }
    });
    unasked["observations"].as_array_mut().unwrap().push(composites);
    assert_eq!(silent(&unasked), Status::Fail);

    let mut followed = account.clone();
    respond(&mut followed, "DescribeAlarms", "billing", |response| {
        response["CompositeAlarms"] = json!([{
            "AlarmName": "any", "AlarmArn": "arn:aws:cloudwatch:us-east-1:123456789012:alarm:any", "ActionsEnabled": true,
            "AlarmActions": [TOPIC], "AlarmRule": "ALARM(\"monitor-root-usage\") OR ALARM(\"other\")", "StateValue": "OK",
        }]);
    });
    assert_eq!(silent(&followed), Status::NotApplicable);
    assert_eq!(finding(&followed, "monitor-root-usage").status, Status::Pass);

    // AWS always sends a composite alarm's rule: without it, nobody knows whom the alarm follows.
    respond(&mut followed, "DescribeAlarms", "billing", |response| {
        response["CompositeAlarms"][0].as_object_mut().unwrap().remove("AlarmRule");
    });
    assert_eq!(silent(&followed), Status::Unknown);
    assert_eq!(finding(&followed, "monitor-root-usage").status, Status::Unknown);

    let pattern = json!({ "source": ["aws.cloudwatch"], "detail-type": ["CloudWatch Alarm State Change"] });
    route(&mut account, &["us-east-1"], &pattern, "ENABLED");
    assert_eq!(silent(&account), Status::NotApplicable);
}

#[test]
fn blinding_any_answer_about_the_watch_never_decides_anything() {
    let account = watched();
    let before = judge(&account);
    let about = ["logs", "cloudwatch", "cloudtrail", "sns", "events", "kms"];
    let count = account["observations"].as_array().unwrap().len();
    for index in 0..count {
        let label = account["observations"][index].clone();
        if !about.contains(&label["service"].as_str().unwrap()) || label["operation"] == "LookupEvents" {
            continue;
        }
        let mut blinded = account.clone();
        let one = blinded["observations"][index].as_object_mut().unwrap();
        one.remove("response");
        one.insert("error".to_owned(), json!({ "code": "AccessDenied", "message": "so says the test" }));
        for finding in judge(&blinded).results {
            let was =
                before.results.iter().find(|one| one.rule == finding.rule && one.resource.id == finding.resource.id);
            let same = was.is_some_and(|was| was.status == finding.status);
            assert!(
                same || finding.status == Status::Unknown,
                "{} without {label}: {:?}",
                finding.rule,
                finding.status
            );
        }
    }
}

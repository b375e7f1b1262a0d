//! Edge cases of contacts, billing, budgets, Health routing and trails: one change to the hardened account, and the
//! verdict of the rule that it concerns.

use posture::config::Config;
use posture::finding::Status;
use posture::rule::{ParamOverrides, Rule, built_in};
use posture::scan::Scan;
use serde_json::{Value, json};

use crate::alerts::{read, refuse, respond};

fn hardened() -> Value {
    serde_json::from_str(&std::fs::read_to_string(crate::offline::account("bootcamp-hardened")).unwrap()).unwrap()
}

/// The worst verdict of a rule.
fn verdict(rules: &[Rule], account: &Value, rule: &str) -> Status {
    let config = Config::default();
    let report = Scan { rules, config: &config, baseline: None, as_of: None }.run(&read(account));
    let found = report.results.iter().filter(|finding| *finding.rule == *rule).map(|finding| finding.status);
    found.min().unwrap_or_else(|| panic!("`{rule}` said nothing"))
}

/// A change to the account, the rule that it concerns, and that rule's verdict.
type Case = (&'static str, fn(&mut Value), &'static str, Status);

fn check(cases: &[Case]) {
    let rules = built_in(&ParamOverrides::new()).unwrap();
    for (name, change, rule, expected) in cases {
        let mut account = hardened();
        assert_ne!(verdict(&rules, &account, rule), Status::Fail, "{name}: {rule} before the change");
        change(&mut account);
        assert_eq!(verdict(&rules, &account, rule), *expected, "{name}: {rule}");
    }
}

fn budget(account: &mut Value, change: impl Fn(&mut Value)) {
    respond(account, "DescribeBudgets", "monthly-cost", |response| {
        response["Budgets"].as_array_mut().unwrap().truncate(1);
        change(&mut response["Budgets"][0]);
    });
}

fn new_form(budget: &mut Value, filter: Value) {
    let budget = budget.as_object_mut().unwrap();
    budget.remove("CostTypes");
    budget.remove("CostFilters");
    budget.insert("Metrics".to_owned(), json!(["UnblendedCost"]));
    budget.insert("FilterExpression".to_owned(), filter);
}

fn trail(account: &mut Value, change: impl Fn(&mut Value)) {
    respond(account, "DescribeTrails", "management-events", |response| change(&mut response["trailList"][0]));
}

fn remove(account: &mut Value, operation: &str, named: &str) {
    let all = account["observations"].as_array_mut().unwrap();
    let before = all.len();
    all.retain(|one| one["operation"] != operation || !one.to_string().contains(named));
    assert!(all.len() < before);
}

#[test]
fn budgets_of_either_form_are_read_by_what_they_count() {
    check(&[
        (
            "a filter by zone",
            |a| budget(a, |b| b["CostFilters"] = json!({ "AZ": ["us-east-1"] })),
            "budget-cost-exists",
            Status::Fail,
        ),
        (
            "a filter to this very account",
            |a| budget(a, |b| b["CostFilters"] = json!({ "LinkedAccount": ["123456789012"] })),
            "budget-cost-exists",
            Status::Pass,
        ),
        (
            "a new filter that leaves credits and refunds out",
            |a| {
                budget(a, |b| {
                    new_form(
                        b,
                        json!({ "Not": { "Dimensions": { "Key": "RECORD_TYPE", "Values": ["Credit", "Refund"] } } }),
                    );
                });
            },
            "budget-spend-excludes-credits",
            Status::Pass,
        ),
        (
            "a new filter that leaves credits out and nets refunds",
            |a| {
                budget(a, |b| {
                    new_form(b, json!({ "Not": { "Dimensions": { "Key": "RECORD_TYPE", "Values": ["Credit"] } } }));
                });
            },
            "budget-spend-excludes-credits",
            Status::Fail,
        ),
        (
            "the default, which nets both",
            |a| budget(a, |b| drop(b.as_object_mut().unwrap().remove("CostTypes"))),
            "budget-spend-excludes-credits",
            Status::Fail,
        ),
        (
            "a filter that nobody asked for",
            |a| {
                budget(a, |b| {
                    new_form(b, Value::Null);
                    b.as_object_mut().unwrap().remove("FilterExpression");
                });
                for one in a["observations"].as_array_mut().unwrap() {
                    if one["operation"] == "DescribeBudgets" {
                        one["request"]["ShowFilterExpression"] = json!(false);
                    }
                }
            },
            "budget-cost-exists",
            Status::Unknown,
        ),
        (
            "a custom billing view",
            |a| budget(a, |b| b["BillingViewArn"] = json!("arn:aws:billing::123456789012:billingview/custom-1")),
            "budget-cost-exists",
            Status::Unknown,
        ),
    ]);
}

#[test]
fn limits_of_budgets_are_numbers_in_whatever_form() {
    check(&[
        (
            "planned limits",
            |a| {
                budget(a, |b| {
                    b.as_object_mut().unwrap().remove("BudgetLimit");
                    b["PlannedBudgetLimits"] = json!({ "1761955200": { "Amount": "100", "Unit": "USD" } });
                });
            },
            "budget-cost-exists",
            Status::Pass,
        ),
        (
            "a limit that AWS adjusts",
            |a| {
                budget(a, |b| {
                    b.as_object_mut().unwrap().remove("BudgetLimit");
                    b["AutoAdjustData"] = json!({ "AutoAdjustType": "HISTORICAL" });
                });
            },
            "budget-cost-exists",
            Status::Pass,
        ),
        (
            "an amount that is no number",
            |a| budget(a, |b| b["BudgetLimit"]["Amount"] = json!("1_000")),
            "budget-cost-exists",
            Status::Unknown,
        ),
        (
            "no `Budgets` in the answer",
            |a| respond(a, "DescribeBudgets", "monthly-cost", |r| drop(r.as_object_mut().unwrap().remove("Budgets"))),
            "budget-cost-exists",
            Status::Fail,
        ),
        (
            "a list that goes on",
            |a| respond(a, "DescribeBudgets", "monthly-cost", |r| *r = json!({ "Budgets": [], "NextToken": "more" })),
            "budget-cost-exists",
            Status::Unknown,
        ),
        (
            "an amount above the limit",
            |a| {
                budget(a, |_| {});
                respond(a, "DescribeNotificationsForBudget", "\"monthly-cost\"", |r| {
                    r["Notifications"] = json!([{ "NotificationType": "ACTUAL", "ComparisonOperator": "GREATER_THAN",
                        "Threshold": 150.0, "ThresholdType": "ABSOLUTE_VALUE", "NotificationState": "OK" }]);
                });
            },
            "budget-actual-notification",
            Status::Fail,
        ),
        (
            "a budget that AWS cannot evaluate",
            |a| budget(a, |b| b["HealthStatus"] = json!({ "Status": "UNHEALTHY", "StatusReason": "FILTER_INVALID" })),
            "budget-health-ok",
            Status::Fail,
        ),
    ]);
}

#[test]
fn trails_are_taken_once_and_judged_at_home() {
    check(&[
        (
            "one Region's answer shows every multi-Region trail",
            |a| refuse(a, "DescribeTrails", "\"eu-west-1\"", "AccessDenied"),
            "cloudtrail-multi-region-enabled",
            Status::Pass,
        ),
        (
            "but not every trail of one Region",
            |a| refuse(a, "DescribeTrails", "\"eu-west-1\"", "AccessDenied"),
            "cloudtrail-log-validation",
            Status::Unknown,
        ),
        (
            "a single-Region trail",
            |a| trail(a, |t| t["IsMultiRegionTrail"] = json!(false)),
            "cloudtrail-multi-region-enabled",
            Status::Fail,
        ),
        (
            "an organization's trail that members may not look into",
            |a| {
                let owner = "arn:aws:cloudtrail:us-east-1:999999999999:trail/management-events";
                trail(a, |t| t["TrailARN"] = json!(owner));
                refuse(a, "GetTrailStatus", "management-events", "AccessDeniedException");
                refuse(a, "GetEventSelectors", "management-events", "AccessDeniedException");
            },
            "cloudtrail-management-events-all",
            Status::Unknown,
        ),
        (
            "an advanced selector by another name",
            |a| {
                respond(a, "GetEventSelectors", "management-events", |r| {
                    *r = json!({ "AdvancedEventSelectors": [{ "Name": "everything",
                        "FieldSelectors": [{ "Field": "eventCategory", "Equals": ["Management"] }] }] });
                });
            },
            "cloudtrail-management-events-all",
            Status::Pass,
        ),
        (
            "a source that is left out",
            |a| {
                respond(a, "GetEventSelectors", "management-events", |r| {
                    r["EventSelectors"][0]["ExcludeManagementEventSources"] = json!(["kms.amazonaws.com"]);
                });
            },
            "cloudtrail-management-events-all",
            Status::Fail,
        ),
        (
            "a quiet account, whose digests still come",
            |a| {
                respond(a, "GetTrailStatus", "management-events", |r| {
                    r["LatestDeliveryTime"] = json!("2026-11-01T00:00:00Z");
                });
            },
            "cloudtrail-delivery-healthy",
            Status::Pass,
        ),
        (
            "an error of delivery",
            |a| {
                respond(a, "GetTrailStatus", "management-events", |r| r["LatestDeliveryError"] = json!("NoSuchBucket"));
            },
            "cloudtrail-delivery-healthy",
            Status::Fail,
        ),
    ]);
}

#[test]
fn what_no_call_tells_of_billing_is_inferred_or_stays_open() {
    check(&[
        (
            "the metric proves a preference that was refused",
            |a| refuse(a, "GetBillingPreferences", "BILLING_ALERTS", "AccessDenied"),
            "billing-alerts-preference-enabled",
            Status::Pass,
        ),
        (
            "charges without a metric in an old account",
            |a| {
                refuse(a, "GetBillingPreferences", "BILLING_ALERTS", "AccessDenied");
                respond(a, "ListMetrics", "AWS/Billing", |r| r["Metrics"] = json!([]));
            },
            "billing-alerts-preference-enabled",
            Status::Fail,
        ),
        (
            "neither preference, nor metric, nor charges",
            |a| {
                refuse(a, "GetBillingPreferences", "BILLING_ALERTS", "AccessDenied");
                refuse(a, "DescribeBudgets", "123456789012", "AccessDeniedException");
                respond(a, "ListMetrics", "AWS/Billing", |r| r["Metrics"] = json!([]));
            },
            "billing-alerts-preference-enabled",
            Status::Unknown,
        ),
        (
            "a member of an organization",
            |a| {
                respond(a, "DescribeOrganization", "o-", |r| {
                    r["Organization"]["MasterAccountId"] = json!("999999999999");
                });
            },
            "billing-alerts-preference-enabled",
            Status::NotApplicable,
        ),
        (
            "billing pages that only root opened, and no switch",
            |a| respond(a, "LookupEvents", "billingconsole", |r| r["Events"] = json!([])),
            "billing-iam-access-activated",
            Status::Unknown,
        ),
        (
            "an account that the organization created",
            |a| {
                respond(a, "LookupEvents", "billingconsole", |r| r["Events"] = json!([]));
                respond(a, "DescribeAccount", "INVITED", |r| r["Account"]["JoinedMethod"] = json!("CREATED"));
            },
            "billing-iam-access-activated",
            Status::Pass,
        ),
        (
            "a use that failed",
            |a| {
                respond(a, "LookupEvents", "billingconsole", |r| {
                    r["Events"] = json!([{ "EventId": "1", "EventName": "GetBillingHomePage", "EventTime": "2026-11-13T15:06:12Z",
                        "EventSource": "billingconsole.amazonaws.com",
                        "CloudTrailEvent": "{\"eventName\":\"GetBillingHomePage\",\"eventSource\":\"billingconsole.amazonaws.com\",\"errorCode\":\"AccessDenied\",\"userIdentity\":{\"type\":\"IAMUser\"}}" }]);
                });
            },
            "billing-iam-access-activated",
            Status::Unknown,
        ),
        (
            "an alarm without data for weeks",
            |a| {
                respond(a, "DescribeAlarms", "billing", |r| {
                    r["MetricAlarms"][0]["StateValue"] = json!("INSUFFICIENT_DATA");
                });
            },
            "billing-alarm-has-data",
            Status::Fail,
        ),
        (
            "an alarm list that was refused",
            |a| refuse(a, "DescribeAlarms", "billing", "AccessDenied"),
            "billing-alarm-exists",
            Status::Unknown,
        ),
    ]);
}

#[test]
fn contacts_share_nothing_that_is_known() {
    check(&[
        (
            "one mailbox in another spelling",
            |a| {
                respond(a, "GetAlternateContact", "SECURITY", |r| {
                    r["AlternateContact"]["EmailAddress"] = json!("OPS@example.com");
                });
            },
            "account-contacts-distinct",
            Status::Fail,
        ),
        (
            "the root user's mailbox",
            |a| respond(a, "DescribeAccount", "aws-root", |r| r["Account"]["Email"] = json!("security@example.com")),
            "account-contacts-distinct",
            Status::Fail,
        ),
        (
            "a root mailbox that only the management account may read",
            |a| refuse(a, "DescribeAccount", "aws-root", "AccessDeniedException"),
            "account-contacts-distinct",
            Status::Pass,
        ),
        (
            "one contact that is not set",
            |a| refuse(a, "GetAlternateContact", "SECURITY", "ResourceNotFoundException"),
            "account-contact-security",
            Status::Fail,
        ),
        (
            "a contact that was refused",
            |a| refuse(a, "GetAlternateContact", "SECURITY", "AccessDeniedException"),
            "account-contact-security",
            Status::Unknown,
        ),
    ]);
}

#[test]
fn health_rules_are_judged_region_by_region() {
    check(&[
        (
            "a wildcard in the source",
            |a| {
                respond(a, "ListRules", "eu-west-1", |r| {
                    r["Rules"][0]["EventPattern"] = json!("{\"source\":[\"aws.health*\"]}");
                });
            },
            "health-event-rule-exists",
            Status::Fail,
        ),
        (
            "a rule that is off in one Region",
            |a| respond(a, "ListRules", "eu-west-1", |r| r["Rules"][0]["State"] = json!("DISABLED")),
            "health-event-rule-exists",
            Status::Fail,
        ),
        (
            "a rule on another bus",
            |a| respond(a, "ListRules", "eu-west-1", |r| r["Rules"][0]["EventBusName"] = json!("custom")),
            "health-event-rule-exists",
            Status::Fail,
        ),
        (
            "no rule in the backup Region",
            |a| respond(a, "ListRules", "us-west-2", |r| r["Rules"] = json!([])),
            "health-event-backup-region",
            Status::Fail,
        ),
        (
            "a backup Region that nobody asked about",
            |a| {
                remove(a, "ListRules", "us-west-2");
                a["regions"] = json!(["us-east-1", "eu-west-1"]);
            },
            "health-event-backup-region",
            Status::Unknown,
        ),
        (
            "a topic that only another Region's rule may use",
            |a| {
                respond(a, "ListTargetsByRule", "sns:eu-west-1", |r| {
                    r["Targets"][0]["Arn"] = json!("arn:aws:sns:us-east-1:123456789012:health-events");
                });
            },
            "health-event-target-reachable",
            Status::Fail,
        ),
    ]);
}

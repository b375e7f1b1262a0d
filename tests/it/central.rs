//! What an account is not blamed for, because another account of its organization may provide it.

use posture::config::Config;
use posture::finding::Status;
use posture::rule::{ParamOverrides, built_in};
use posture::scan::Scan;
use serde_json::{Value, json};

use crate::infrastructure::{answer, asked, refused, snapshot};

const OWN: &str = "123456789012";
const MANAGEMENT: &str = "999999999999";
const SECURITY: &str = "222233334444";

fn here(service: &str, operation: &str, response: &Value) -> Value {
    answer(service, operation, "us-east-1", response)
}

fn managed_by(account: &str) -> Value {
    let organization = json!({ "Id": "o-1", "MasterAccountId": account, "FeatureSet": "ALL" });
    here("organizations", "DescribeOrganization", &json!({ "Organization": organization }))
}

/// What AWS Organizations answers about accounts that administer services.
fn delegated(to: &str, services: &[&str]) -> Vec<Value> {
    let services: Vec<_> =
        services.iter().map(|name| json!({ "ServicePrincipal": format!("{name}.amazonaws.com") })).collect();
    vec![
        here("organizations", "ListDelegatedAdministrators", &json!({ "DelegatedAdministrators": [{ "Id": to }] })),
        asked(
            "organizations",
            "ListDelegatedServicesForAccount",
            &json!({ "AccountId": to }),
            &json!({ "DelegatedServices": services }),
        ),
    ]
}

fn nobody_delegated() -> Value {
    here("organizations", "ListDelegatedAdministrators", &json!({ "DelegatedAdministrators": [] }))
}

fn not_told() -> Value {
    refused("organizations", "ListDelegatedAdministrators", "us-east-1", "AccessDeniedException")
}

/// The verdict of a rule on the account or on us-east-1, and why it is unknown.
fn judged(rule: &str, observations: &[Value]) -> (Status, String) {
    let mut rules = built_in(&ParamOverrides::new()).unwrap();
    rules.retain(|one| one.id == rule);
    assert_eq!(rules.len(), 1, "{rule}");
    let config = Config::default();
    let report = Scan { rules: &rules, config: &config, baseline: None, as_of: None }.run(&snapshot(observations));
    let is_meant = |region: Option<&str>| region.is_none_or(|region| region == "us-east-1");
    let finding = report.results.iter().find(|finding| is_meant(finding.resource.region.as_deref())).unwrap();
    let why: Vec<&str> = finding.unknown.iter().map(posture::facts::Gap::message).collect();
    (finding.status, why.join("; "))
}

/// Rules that find none of something, what says that there is none, and which service's administrator may have it.
fn lacking() -> Vec<(&'static str, Vec<Value>, Option<&'static str>)> {
    let analyzers = || vec![here("accessanalyzer", "ListAnalyzers", &json!({ "analyzers": [] }))];
    let everywhere = || {
        let other = answer("accessanalyzer", "ListAnalyzers", "eu-west-1", &json!({ "analyzers": [] }));
        [analyzers(), vec![other]].concat()
    };
    let budget = json!({ "BudgetName": "monthly", "BudgetType": "COST", "TimeUnit": "MONTHLY",
        "BudgetLimit": { "Amount": "10", "Unit": "USD" }, "CostFilters": {},
        "CostTypes": { "IncludeCredit": true, "IncludeRefund": true },
        "TimePeriod": { "Start": "2025-01-01T00:00:00Z", "End": "2087-06-15T00:00:00Z" },
        "CalculatedSpend": { "ActualSpend": { "Amount": "1", "Unit": "USD" } } });
    let request = json!({ "AccountId": OWN });
    let budgets = |budgets: Value| asked("budgets", "DescribeBudgets", &request, &json!({ "Budgets": budgets }));
    let notifications = asked(
        "budgets",
        "DescribeNotificationsForBudget",
        &json!({ "AccountId": OWN, "BudgetName": "monthly" }),
        &json!({ "Notifications": [] }),
    );
    let left = json!({ "currencyCode": "USD", "currencyAmount": "100.00" });
    let credits = here("billing", "GetCredits", &json!({ "credits": [{ "creditId": "1", "remainingAmount": left }] }));
    let anomalies = |operation: &str, member: &str| here("ce", operation, &json!({ member: [] }));
    let detector = [
        here("guardduty", "ListDetectors", &json!({ "DetectorIds": ["d"] })),
        asked("guardduty", "GetDetector", &json!({ "DetectorId": "d" }), &json!({ "Status": "ENABLED" })),
    ];
    let no_rules = here("events", "ListRules", &json!({ "Rules": [] }));
    let no_alarms = here("cloudwatch", "DescribeAlarms", &json!({ "MetricAlarms": [], "CompositeAlarms": [] }));
    vec![
        ("access-analyzer-enabled", analyzers(), Some("access-analyzer")),
        ("access-analyzer-unused-access", everywhere(), Some("access-analyzer")),
        ("guardduty-findings-routed", [&detector[..], std::slice::from_ref(&no_rules)].concat(), Some("guardduty")),
        ("health-event-rule-exists", vec![no_rules], Some("health")),
        ("billing-alarm-exists", vec![no_alarms], None),
        ("budget-cost-exists", vec![budgets(json!([]))], None),
        ("budget-credits-tracked", vec![credits, budgets(json!([]))], None),
        ("budget-spend-excludes-credits", vec![budgets(json!([budget]))], None),
        ("budget-forecast-notification", vec![budgets(json!([budget])), notifications], None),
        (
            "cost-anomaly-monitor",
            vec![
                anomalies("GetAnomalyMonitors", "AnomalyMonitors"),
                anomalies("GetAnomalySubscriptions", "AnomalySubscriptions"),
            ],
            None,
        ),
    ]
}

#[test]
fn an_account_in_no_organization_fails_for_what_it_lacks() {
    for (rule, lacks, _) in lacking() {
        let alone = refused("organizations", "DescribeOrganization", "us-east-1", "AWSOrganizationsNotInUseException");
        let found = judged(rule, &[lacks, vec![alone]].concat());
        assert_eq!(found, (Status::Fail, String::new()), "{rule}");
    }
}

#[test]
fn a_member_is_unknown_and_the_account_that_may_provide_it_is_named() {
    for (rule, lacks, service) in lacking() {
        let member = [lacks.clone(), vec![managed_by(MANAGEMENT), not_told()]].concat();
        let (status, why) = judged(rule, &member);
        assert_eq!(status, Status::Unknown, "{rule}");
        assert!(why.contains(&format!("its management account {MANAGEMENT}")), "{rule}: {why}");
        let Some(service) = service else { continue };
        // A member that administers something else is told who administers this.
        let told = [lacks, vec![managed_by(MANAGEMENT)], delegated(SECURITY, &[service])].concat();
        let (status, why) = judged(rule, &told);
        assert_eq!(status, Status::Unknown, "{rule}");
        assert!(why.contains(&format!("account {SECURITY} administers {service}")), "{rule}: {why}");
    }
}

#[test]
fn the_account_that_administers_a_service_fails_for_what_it_lacks() {
    for (rule, lacks, service) in lacking() {
        let Some(service) = service else { continue };
        let own = [lacks, vec![managed_by(MANAGEMENT)], delegated(OWN, &[service])].concat();
        assert_eq!(judged(rule, &own).0, Status::Fail, "{rule}");
    }
}

#[test]
fn the_management_account_fails_unless_it_lets_another_account_administer_the_service() {
    for (rule, lacks, service) in lacking() {
        let with = |more: Vec<Value>| judged(rule, &[lacks.clone(), vec![managed_by(OWN)], more].concat());
        assert_eq!(with(vec![nobody_delegated()]).0, Status::Fail, "{rule}");
        assert_eq!(with(delegated(SECURITY, &["config"])).0, Status::Fail, "{rule}");
        let Some(service) = service else { continue };
        let (status, why) = with(delegated(SECURITY, &[service]));
        assert_eq!(status, Status::Unknown, "{rule}");
        assert!(why.contains(SECURITY), "{rule}: {why}");
        assert_eq!(with(vec![not_told()]).0, Status::Unknown, "{rule}: who administers it was not told");
    }
}

#[test]
fn an_organization_that_was_not_told_leaves_it_open() {
    for (rule, lacks, _) in lacking() {
        let denied = refused("organizations", "DescribeOrganization", "us-east-1", "AccessDeniedException");
        assert_eq!(judged(rule, &[lacks, vec![denied]].concat()).0, Status::Unknown, "{rule}");
    }
}

/// A trail that records every Region, of this account or of another's organization.
fn trail(name: &str, owner: &str) -> Value {
    json!({ "Name": name, "TrailARN": format!("arn:aws:cloudtrail:us-east-1:{owner}:trail/{name}"), "HomeRegion": "us-east-1",
        "IsMultiRegionTrail": true, "IsOrganizationTrail": owner != OWN, "LogFileValidationEnabled": true,
        "S3BucketName": "logs" })
}

#[test]
fn alerts_on_events_that_an_organization_records_too_may_be_raised_by_its_owner() {
    let rule = "monitor-vpc-changes";
    let with = |trails: &[Value]| {
        let region = |name: &str, operation: &str, response: &Value| {
            answer(if operation == "ListRules" { "events" } else { "cloudtrail" }, operation, name, response)
        };
        let mut all = vec![here("cloudwatch", "DescribeAlarms", &json!({ "MetricAlarms": [], "CompositeAlarms": [] }))];
        for name in ["us-east-1", "eu-west-1", "af-south-1"] {
            all.push(region(name, "ListRules", &json!({ "Rules": [] })));
            all.push(region(name, "DescribeTrails", &json!({ "trailList": trails })));
        }
        for trail in trails {
            let arn = trail["TrailARN"].clone();
            let status = json!({ "IsLogging": true });
            all.push(asked("cloudtrail", "GetTrailStatus", &json!({ "Name": arn }), &status));
            let selectors = json!({ "EventSelectors": [{ "ReadWriteType": "All", "IncludeManagementEvents": true,
                "DataResources": [], "ExcludeManagementEventSources": [] }] });
            all.push(asked("cloudtrail", "GetEventSelectors", &json!({ "TrailName": arn }), &selectors));
        }
        judged(rule, &all)
    };
    assert_eq!(with(&[trail("own", OWN)]).0, Status::Fail);
    assert_eq!(with(&[trail("all", MANAGEMENT)]).0, Status::NotApplicable);
    let (status, why) = with(&[trail("own", OWN), trail("all", MANAGEMENT)]);
    assert_eq!(status, Status::Unknown);
    assert!(why.contains("trail `all` of the organization"), "{why}");
}

#[test]
fn events_that_go_on_to_another_bus_may_reach_somebody_there() {
    let routed = |target: &str| {
        let rule = json!({ "Name": "findings", "Arn": "arn:aws:events:us-east-1:123456789012:rule/findings",
            "State": "ENABLED", "EventPattern": r#"{"source":["aws.guardduty"]}"#, "EventBusName": "default" });
        let all = [
            here("guardduty", "ListDetectors", &json!({ "DetectorIds": ["d"] })),
            asked("guardduty", "GetDetector", &json!({ "DetectorId": "d" }), &json!({ "Status": "ENABLED" })),
            here("events", "ListRules", &json!({ "Rules": [rule] })),
            asked(
                "events",
                "ListTargetsByRule",
                &json!({ "Rule": "findings" }),
                &json!({ "Targets": [{ "Id": "t", "Arn": target }] }),
            ),
            refused("organizations", "DescribeOrganization", "us-east-1", "AWSOrganizationsNotInUseException"),
        ];
        judged("guardduty-findings-routed", &all)
    };
    let bus = format!("arn:aws:events:us-east-1:{SECURITY}:event-bus/security");
    let (status, why) = routed(&bus);
    assert_eq!(status, Status::Unknown);
    assert!(why.contains(&bus), "{why}");
    assert_eq!(routed("arn:aws:lambda:us-east-1:123456789012:function:f").0, Status::Fail);
}

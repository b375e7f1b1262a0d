//! One member of an answer goes missing, wherever it stands: a truncated import, a member that an older tool did not print,
//! an answer that AWS changed. No verdict may rest on it any more, unless AWS leaves the member out to say something.

use std::collections::{BTreeMap, BTreeSet};
use std::io::Cursor;

use posture::config::Config;
use posture::finding::Status;
use posture::rule::Rule;
use posture::scan::Scan;
use posture::snapshot::{Operation, Snapshot, SnapshotReader};
use rayon::prelude::*;
use serde_json::Value;

use crate::alerts::read;
use crate::matrix::rules;
use crate::offline::account;

/// Members that AWS leaves out on purpose, and what it says by that. A verdict may follow from their absence.
const LEFT_OUT: &[(&str, &str, &str)] = &[
    ("DescribeAlarms", "/MetricAlarms/*/Statistic", "an alarm on a percentile has an extended statistic instead"),
    ("DescribeAlarms", "/MetricAlarms/*/Threshold", "an alarm on anomalies has none"),
    ("DescribeBudgets", "/Budgets", "an account without budgets"),
    ("DescribeBudgets", "/Budgets/*/BudgetLimit", "a budget whose limits are planned or adjusted has none"),
    ("DescribeBudgets", "/Budgets/*/CostTypes", "a budget that is no cost budget has none, and the defaults count"),
    ("DescribeBudgets", "/Budgets/*/CostTypes/IncludeCredit", "true unless told"),
    ("DescribeBudgets", "/Budgets/*/CostTypes/IncludeRefund", "true unless told"),
    ("DescribeDBParameters", "/Parameters/*/ParameterValue", "a parameter that nobody set"),
    ("DescribeInstances", "/Reservations/*/Instances/*/IamInstanceProfile", "an instance without a profile"),
    ("DescribeNetworkAcls", "/NetworkAcls/*/Entries/*/PortRange", "an entry for every port"),
    ("DescribeNotificationsForBudget", "/Notifications", "a budget without notifications"),
    ("DescribeRouteTables", "/RouteTables/*/Routes/*/GatewayId", "a route to something else, such as a NAT gateway"),
    ("DescribeSubscribersForNotification", "/Subscribers", "a notification without subscribers"),
    ("DescribeTrails", "/trailList/*/CloudWatchLogsLogGroupArn", "a trail that delivers to no log group"),
    ("DescribeTrails", "/trailList/*/KmsKeyId", "a trail without a key"),
    ("GetAccountAuthorizationDetails", "/UserDetailList/*/UserPolicyList", "a user without inline policies"),
    ("GetAccountPasswordPolicy", "/PasswordPolicy/PasswordReusePrevention", "passwords may be used again"),
    ("GetBucketLogging", "/LoggingEnabled", "a bucket that is not logged"),
    ("GetBucketVersioning", "/MFADelete", "never set"),
    ("GetBucketVersioning", "/Status", "a bucket whose versioning nobody ever set"),
    ("GetContactInformation", "/ContactInformation/AddressLine1", "a contact that is not complete"),
    ("GetContactInformation", "/ContactInformation/City", "a contact that is not complete"),
    ("GetContactInformation", "/ContactInformation/CountryCode", "a contact that is not complete"),
    ("GetContactInformation", "/ContactInformation/FullName", "a contact that is not complete"),
    ("GetContactInformation", "/ContactInformation/PhoneNumber", "a contact that is not complete"),
    ("GetContactInformation", "/ContactInformation/PostalCode", "a contact that is not complete"),
    ("GetEventDataStore", "/KmsKeyId", "a store without a key of the customer"),
    ("GetEventSelectors", "/EventSelectors/*/DataResources", "a selector of management events alone"),
    ("GetInstanceMetadataDefaults", "/AccountLevel", "an account without defaults"),
    ("GetInstanceMetadataDefaults", "/AccountLevel/HttpTokens", "no preference"),
    ("GetStages", "/Items/*/AccessLogSettings", "a stage that is not logged"),
    ("GetStages", "/Items/*/AccessLogSettings/DestinationArn", "a stage that is not logged"),
    ("GetStages", "/item/*/accessLogSettings", "a stage that is not logged"),
    ("GetStages", "/item/*/accessLogSettings/destinationArn", "a stage that is not logged"),
    ("GetTopicAttributes", "/Attributes/KmsMasterKeyId", "a topic that is not encrypted"),
    ("GetTrailStatus", "/LatestCloudWatchLogsDeliveryTime", "nothing was delivered yet"),
    ("ListRules", "/Rules/*/EventPattern", "a rule that goes by the clock"),
];

/// By rule and resource: Regions left aside, as one of them may be what is missing.
type Verdicts = BTreeMap<(String, String), BTreeSet<Status>>;

fn verdicts(rules: &[Rule], snapshot: &Snapshot) -> Verdicts {
    let report = Scan { rules, config: &Config::default(), baseline: None, as_of: None }.run(snapshot);
    let mut verdicts = Verdicts::new();
    for one in report.results {
        verdicts.entry((one.rule.to_string(), one.resource.id)).or_default().insert(one.status);
    }
    verdicts
}

/// Every member of an answer, elements of lists taken together. A policy without one of its conditions is another policy,
/// not one that lacks something.
fn pointers(value: &Value, at: &str, found: &mut BTreeSet<String>) {
    match value {
        Value::Object(members) => {
            for (name, value) in members.iter().filter(|(name, _)| *name != "Condition") {
                let here = format!("{at}/{}", name.replace('~', "~0").replace('/', "~1"));
                pointers(value, &here, found);
                found.insert(here);
            }
        }
        Value::Array(items) => items.iter().for_each(|item| pointers(item, &format!("{at}/*"), found)),
        _ => {}
    }
}

fn without(value: &mut Value, path: &[&str]) {
    match (path, value) {
        ([name], Value::Object(members)) => drop(members.remove(*name)),
        (["*", rest @ ..], Value::Array(items)) => items.iter_mut().for_each(|item| without(item, rest)),
        ([name, rest @ ..], Value::Object(members)) => {
            if let Some(value) = members.get_mut(*name) {
                without(value, rest);
            }
        }
        _ => {}
    }
}

/// The verdicts that come of leaving one member out of every answer of an operation, and were not there before; `None` when
/// the snapshot is refused for it.
fn flips(whole: &Value, before: &Verdicts, rules: &[Rule], operation: Operation, pointer: &str) -> Option<Vec<String>> {
    let mut account = whole.clone();
    let path: Vec<&str> = pointer.split('/').skip(1).collect();
    for one in account["observations"].as_array_mut().unwrap() {
        if format!("{}:{}", one["service"].as_str().unwrap(), one["operation"].as_str().unwrap()) == operation.label() {
            without(&mut one["response"], &path);
        }
    }
    let text = Box::new(Cursor::new(account.to_string().into_bytes()));
    let snapshot = SnapshotReader::from_reader("members".to_owned(), text).unwrap().next().unwrap().ok()?;
    let decided = |status: Status| matches!(status, Status::Pass | Status::Fail);
    let mut flips = Vec::new();
    for ((rule, resource), now) in verdicts(rules, &snapshot) {
        let was = before.get(&(rule.clone(), resource.clone()));
        let fresh = now.into_iter().filter(|status| decided(*status) && !was.is_some_and(|was| was.contains(status)));
        flips.extend(fresh.map(|status| format!("{rule} of {resource}: {was:?} -> {status:?}")));
    }
    Some(flips)
}

/// Puts the rules that read an operation first, and counts them.
fn partition(rules: &mut [Rule], operation: Operation) -> usize {
    rules.sort_by_key(|rule| !rule.operations().contains(&operation));
    rules.iter().filter(|rule| rule.operations().contains(&operation)).count()
}

#[test]
fn a_member_that_is_missing_decides_nothing_unless_aws_means_something_by_it() {
    let mut rules = rules();
    let mut used = BTreeSet::new();
    let (mut cells, mut complaints) = (0, Vec::new());
    for name in ["bootcamp-hardened", "bootcamp"] {
        let whole: Value = serde_json::from_str(&std::fs::read_to_string(account(name)).unwrap()).unwrap();
        let snapshot = read(&whole);
        let before = verdicts(&rules, &snapshot);
        let mut members: BTreeMap<Operation, BTreeSet<String>> = BTreeMap::new();
        for (one, observation) in whole["observations"].as_array().unwrap().iter().zip(snapshot.observations()) {
            assert_eq!(one["operation"], observation.operation.spec().name);
            pointers(&one["response"], "", members.entry(observation.operation).or_default());
        }
        for (operation, pointers) in members {
            let readers = partition(&mut rules, operation);
            let readers = &rules[..readers];
            let found: Vec<(&String, Option<Vec<String>>)> = pointers
                .par_iter()
                .map(|pointer| (pointer, flips(&whole, &before, readers, operation, pointer)))
                .collect();
            cells += found.len();
            for (pointer, flips) in found.into_iter().filter_map(|(pointer, flips)| Some((pointer, flips?))) {
                let known = LEFT_OUT.iter().find(|(name, at, _)| *name == operation.spec().name && at == pointer);
                if let (Some((name, at, _)), false) = (known, flips.is_empty()) {
                    used.insert((*name, *at));
                } else {
                    complaints
                        .extend(flips.iter().map(|flip| format!("{name}, {}{pointer}: {flip}", operation.label())));
                }
            }
        }
    }
    assert!(complaints.is_empty(), "{}", complaints.join("\n"));
    assert!(cells > 500, "{cells} cells");
    let stale: Vec<_> = LEFT_OUT.iter().filter(|(name, at, _)| !used.contains(&(*name, *at))).collect();
    assert!(stale.is_empty(), "nothing follows from these any more: {stale:?}");
}

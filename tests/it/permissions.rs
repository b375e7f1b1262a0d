//! The policy of `posture permissions`, proved on servers that refuse what it does not allow: with it nothing is denied,
//! and without any one of its actions exactly the calls are that need it.
//!
//! The stub enforces every action, from a table of its own: operations need the action of their own name, which AWS's
//! catalogue must have, but for those that AWS documents otherwise. What moto enforces stands in `moto_permissions.rs`.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::{Arc, Mutex};

use posture::iam::catalogue::catalogue;
use serde_json::Value;

use crate::offline;
use crate::program::{posture, run};
use crate::stub::account::answer;
use crate::stub::{Call, Reply, Stub};

/// Calls whose actions are not named as they are, from AWS's service authorization reference:
/// <https://docs.aws.amazon.com/service-authorization/latest/reference/reference_policies_actions-resources-contextkeys.html>,
/// for S3 <https://docs.aws.amazon.com/AmazonS3/latest/userguide/using-with-s3-policy-actions.html>, for API Gateway
/// <https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-iam-policy-examples.html>.
const NAMED_OTHERWISE: &[(&str, &str, &str)] = &[
    ("accessanalyzer", "ListFindingsV2", "access-analyzer:ListFindings"),
    ("apigateway", "*", "apigateway:GET"),
    ("apigatewayv2", "*", "apigateway:GET"),
    ("budgets", "*", "budgets:ViewBudget"),
    ("s3api", "GetBucketEncryption", "s3:GetEncryptionConfiguration"),
    ("s3api", "GetBucketLifecycleConfiguration", "s3:GetLifecycleConfiguration"),
    ("s3api", "GetObjectLockConfiguration", "s3:GetBucketObjectLockConfiguration"),
    ("s3api", "GetPublicAccessBlock", "s3:GetBucketPublicAccessBlock"),
    ("s3api", "ListBuckets", "s3:ListAllMyBuckets"),
    ("s3control", "GetPublicAccessBlock", "s3:GetAccountPublicAccessBlock"),
];
/// Services whose actions begin otherwise than the AWS CLI spells them.
const PREFIXES: &[(&str, &str)] = &[
    ("accessanalyzer", "access-analyzer"),
    ("configservice", "config"),
    ("efs", "elasticfilesystem"),
    ("elbv2", "elasticloadbalancing"),
    ("s3api", "s3"),
    ("sso-admin", "sso"),
];
/// "No permissions are required to perform this operation":
/// <https://docs.aws.amazon.com/STS/latest/APIReference/API_GetCallerIdentity.html>.
const FREE: &str = "sts:GetCallerIdentity";

/// The action that a call needs.
fn needed(service: &str, operation: &str) -> String {
    let other = NAMED_OTHERWISE.iter().find(|(one, name, _)| *one == service && ["*", operation].contains(name));
    if let Some((_, _, action)) = other {
        return (*action).to_owned();
    }
    let prefix = PREFIXES.iter().find(|(one, _)| *one == service).map_or(service, |(_, prefix)| prefix);
    format!("{prefix}:{operation}")
}

/// The actions of the printed policy.
fn printed(arguments: &[&str]) -> BTreeSet<String> {
    let run = offline::posture([&["permissions"], arguments].concat());
    assert_eq!(run.code, 0, "{}", run.stderr);
    let policy = run.json();
    let statements = policy["Statement"].as_array().unwrap();
    let [statement] = statements.as_slice() else { panic!("{policy}") };
    assert_eq!((&statement["Effect"], &statement["Resource"]), (&"Allow".into(), &"*".into()));
    statement["Action"].as_array().unwrap().iter().map(|action| action.as_str().unwrap().to_owned()).collect()
}

/// What a whole run was refused: each call's service and operation, as the server saw it and as the snapshot tells it.
#[derive(Debug, Default, PartialEq)]
struct Denied {
    by_server: BTreeSet<(String, String)>,
    in_snapshot: BTreeSet<(String, String)>,
}

fn collect_with(served: &Arc<Value>, allowed: BTreeSet<String>) -> Denied {
    let log: Arc<Mutex<BTreeSet<(String, String)>>> = Arc::default();
    let (seen, account) = (Arc::clone(&log), Arc::clone(served));
    let stub = Stub::serve(move |call: &Call| {
        let action = needed(&call.service, &call.operation);
        if action == FREE || allowed.contains(&action) {
            return answer(&account, 1000, call);
        }
        seen.lock().unwrap().insert((call.service.clone(), call.operation.clone()));
        let code = if call.service == "ec2" { "UnauthorizedOperation" } else { "AccessDenied" };
        Reply::Refusal(403, code.to_owned(), format!("not authorized to perform: {action}"))
    });
    let home = tempfile::tempdir().unwrap();
    let file = home.path().join("snapshot.json");
    let mut command = posture(home.path(), &stub.url());
    command.args(["snapshot", "--allow-paid-calls", "-o"]).arg(&file);
    for region in served["regions"].as_array().unwrap() {
        command.args(["--region", region.as_str().unwrap()]);
    }
    let run = run(&mut command);
    assert_eq!(run.code, 0, "{}", run.stderr);
    let snapshot: Value = serde_json::from_str(&std::fs::read_to_string(&file).unwrap()).unwrap();
    let refused = snapshot["observations"].as_array().unwrap().iter().filter(|one| {
        one["error"]["message"].as_str().is_some_and(|message| message.starts_with("not authorized to perform: "))
    });
    let name =
        |one: &Value| (one["service"].as_str().unwrap().to_owned(), one["operation"].as_str().unwrap().to_owned());
    let by_server = log.lock().unwrap().clone();
    Denied { by_server, in_snapshot: refused.map(name).collect() }
}

fn served() -> Arc<Value> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/accounts/bootcamp-hardened.json");
    Arc::new(serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap())
}

#[test]
fn the_policy_names_actions_that_aws_has() {
    for action in printed(&["--allow-paid-calls"]) {
        assert!(catalogue().action(&action).is_some(), "{action}");
    }
}

#[test]
fn calls_that_aws_bills_are_in_the_policy_when_they_are_wanted() {
    let (all, free) = (printed(&["--allow-paid-calls"]), printed(&[]));
    let billed: BTreeSet<String> = all.difference(&free).cloned().collect();
    assert_eq!(billed, ["ce:GetAnomalyMonitors".to_owned(), "ce:GetAnomalySubscriptions".to_owned()].into());
    assert!(free.is_subset(&all));
}

#[test]
fn with_the_printed_policy_nothing_is_denied_and_without_an_action_what_needs_it_is() {
    let (served, policy) = (served(), printed(&["--allow-paid-calls"]));
    assert_eq!(collect_with(&served, policy.clone()), Denied::default());
    // What each action lets through, told by the account that answers every operation.
    let mut calls: BTreeMap<String, BTreeSet<(String, String)>> = BTreeMap::new();
    for one in served["observations"].as_array().unwrap() {
        let (service, operation) = (one["service"].as_str().unwrap(), one["operation"].as_str().unwrap());
        calls.entry(needed(service, operation)).or_default().insert((service.to_owned(), operation.to_owned()));
    }
    calls.remove(FREE);
    let generate = ("iam".to_owned(), "GenerateCredentialReport".to_owned());
    calls.insert("iam:GenerateCredentialReport".to_owned(), [generate].into());
    assert_eq!(calls.keys().cloned().collect::<BTreeSet<_>>(), policy, "an action is missing or unused");

    let open: Mutex<Vec<String>> = Mutex::new(policy.iter().cloned().collect());
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                loop {
                    let Some(action) = open.lock().unwrap().pop() else { break };
                    let mut rest = policy.clone();
                    rest.remove(&action);
                    let denied = collect_with(&served, rest);
                    assert!(!denied.by_server.is_empty(), "{action} is unused");
                    assert!(denied.by_server.is_subset(&calls[&action]), "without {action}: {:?}", denied.by_server);
                    // Who may not have a report made reads the one that is there.
                    if action != "iam:GenerateCredentialReport" {
                        assert_eq!(denied.in_snapshot, denied.by_server, "without {action}");
                    }
                }
            });
        }
    });
}

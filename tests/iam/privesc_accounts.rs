//! Labelled accounts: every known escalation is found, and none where there is none.

use crate::support::{json as read_json, json_lines};
use posture::iam::account::Account;
use posture::iam::escalation::{Chain, each_path_to_administrator, paths};
use serde_json::{Value, json};
use std::collections::BTreeSet;

fn account(id: &str, details: &Value) -> Account {
    let details = serde_json::from_value(details.clone()).unwrap();
    let mut builder = Account::builder(id, "aws", None);
    builder.add(&details, &[]);
    builder.build()
}

fn accounts(row: &Value) -> Vec<Account> {
    let all = row["accounts"].as_object().unwrap();
    all.iter().map(|(id, parts)| account(id, &parts["get-account-authorization-details"])).collect()
}

fn rows() -> Vec<Value> {
    let rows = json_lines("privesc-accounts/accounts.jsonl.gz");
    assert_eq!(rows.len(), 85);
    rows
}

/// A label names start principals by ARN or by name; a few name what terraform calls otherwise.
fn is_start(row: &Value, arn: &str) -> bool {
    let name = arn.rsplit('/').next().unwrap();
    let listed = row["labels"]["start_principals"].as_array().unwrap();
    listed.iter().map(|start| start.as_str().unwrap()).any(|start| match start {
        "EC2 instance role" => name.ends_with("instance-role"),
        "pl-pathfinding-starting-user-prod" => name.ends_with("-starting-user"),
        other => other == arn || other == name,
    })
}

fn found(row: &Value) -> Vec<Chain> {
    paths(&accounts(row), None).into_iter().filter(|chain| is_start(row, &chain.principal)).collect()
}

/// Where the id in a label is not that of the method whose permissions it lists.
fn method_of(row: &Value) -> Option<&str> {
    match row["labels"]["pathfinding_id"].as_str() {
        // The scenario asks for a Spot Instance, which the catalogue calls ec2-003.
        Some("ec2-004") => Some("ec2-003"),
        id => id,
    }
}

#[test]
fn every_labelled_method_is_found_from_its_start() {
    let mut missed = Vec::new();
    for row in rows().iter().filter(|row| row["labels"]["expected"]["start_principal_can_escalate"] == true) {
        let chains = found(row);
        let file = row["file"].as_str().unwrap();
        match method_of(row) {
            Some(id) if !chains.iter().flat_map(|chain| &chain.steps).any(|step| step.method == id) => {
                missed.push(format!("{file}: {id}, found {:?}", methods(&chains)));
            }
            None if chains.is_empty() => missed.push(file.to_owned()),
            _ => {}
        }
    }
    assert!(missed.is_empty(), "{missed:#?}");
}

#[test]
fn ways_to_administrator_alone_are_those_among_all_ways() {
    let mut shown = 0;
    for row in rows() {
        let accounts = accounts(&row);
        let expected: Vec<Chain> =
            paths(&accounts, None).into_iter().filter(|chain| &*chain.reaches == "admin").collect();
        shown += expected.len();
        let mut told = Vec::new();
        each_path_to_administrator(&accounts, &mut |chain| told.push(chain));
        assert_eq!(told, expected, "{}", row["file"]);
    }
    assert!(shown > 50, "{shown}");
}

fn methods(chains: &[Chain]) -> BTreeSet<String> {
    chains.iter().flat_map(|chain| &chain.steps).map(|step| step.method.to_owned()).collect()
}

#[test]
fn every_labelled_goal_is_reached() {
    // The label says admin for the name of a role to which no policy is attached.
    let named_admin_only = ["labs_cross-account_ops-to-prod_one-hop_simple-role-assumption"];
    let mut missed = Vec::new();
    for row in rows().iter().filter(|row| row["labels"]["expected"]["start_principal_can_escalate"] == true) {
        let file = row["file"].as_str().unwrap();
        let admin = row["labels"]["expected"]["reaches"] == "admin" && !named_admin_only.contains(&file);
        let chains = found(row);
        if !chains.iter().any(|chain| !admin || &*chain.reaches == "admin") {
            missed.push(format!("{file}: {chains:?}"));
        }
    }
    assert!(missed.is_empty(), "{missed:#?}");
}

/// The methods of iam-vulnerable's list, by our ids.
const NAMED: &[(&str, &str)] = &[
    ("cloudFormationUpdateStack", "cloudformation-002"),
    ("ec2InstanceConnect", "ec2instanceconnect-003"),
    ("sageMakerCreatePresignedNotebookURL", "sagemaker-004"),
    ("sageMakerCreateTrainingJob", "sagemaker-002"),
    ("ssmStartSession", "ssm-001"),
    ("PutUserPolicy", "iam-007"),
    ("PutRolePolicy", "iam-005"),
    ("UpdatingAssumeRolePolicy", "iam-012"),
    ("PassRoleToNewLambdaThenTriggerWithNewDynamo", "lambda-002"),
    ("PassExistingRoleToNewGlueDevEndpoint", "glue-001"),
    ("SetExistingDefaultPolicyVersion", "iam-setdefaultpolicyversion"),
    ("PassExistingRoleToNewDataPipeline", "datapipeline-001"),
    ("CreateAccessKey", "iam-002"),
    ("UpdateLoginProfile", "iam-006"),
    ("AttachGroupPolicy", "iam-010"),
];

#[test]
fn the_methods_of_another_list_reach_administrator() {
    let rows = rows();
    for (label, id) in NAMED {
        let row = rows.iter().find(|row| row["labels"]["method"] == *label).unwrap();
        let chains = found(row);
        let by_method = chains.iter().filter(|chain| &*chain.reaches == "admin" && chain.steps[0].method == *id);
        assert!(by_method.count() > 0, "{label}: {:?}", methods(&chains));
    }
}

#[test]
fn accounts_labelled_safe_have_no_chain_from_their_start() {
    let rows = rows();
    let safe: Vec<&Value> =
        rows.iter().filter(|row| row["labels"]["expected"]["start_principal_can_escalate"] == false).collect();
    assert_eq!(safe.len(), 2);
    for row in safe {
        assert_eq!(found(row), [], "{}", row["file"]);
    }
}

#[test]
fn principals_labelled_administrators_are_administrators_and_no_others() {
    let row = read_json("privesc-accounts/admin-equivalence.json.gz");
    let account = account("123456789012", &row["get-account-authorization-details"]);
    let labels = row["labels"].as_object().unwrap();
    assert_eq!(labels.len(), 19);
    for (arn, expected) in labels {
        let access = posture::iam::access::Access::new(&account, account.principal(arn).unwrap());
        assert_eq!(access.is_admin(), posture::iam::Truth::from(*expected == true), "{arn}");
    }
}

/// An account of users with inline policies, and one role that administers it.
fn small(users: &[(&str, &[(&str, Value)])], role: &str, trusted: &Value) -> Account {
    let document = |statement: &Value| json!({ "Version": "2012-10-17", "Statement": [statement] });
    let user = |(name, policies): &(&str, &[(&str, Value)])| {
        let inline: Vec<Value> = policies
            .iter()
            .map(|(name, statement)| json!({ "PolicyName": name, "PolicyDocument": document(statement) }))
            .collect();
        json!({ "UserName": name, "Arn": format!("arn:aws:iam::123456789012:user/{name}"), "GroupList": [],
            "AttachedManagedPolicies": [], "UserPolicyList": inline })
    };
    let trust = document(&json!({ "Effect": "Allow", "Principal": trusted, "Action": "sts:AssumeRole" }));
    let role = json!({ "RoleName": role, "Arn": format!("arn:aws:iam::123456789012:role/{role}"), "InstanceProfileList": [],
        "AssumeRolePolicyDocument": trust, "RolePolicyList": [],
        "AttachedManagedPolicies": [{ "PolicyArn": "arn:aws:iam::aws:policy/AdministratorAccess" }] });
    let users: Vec<Value> = users.iter().map(user).collect();
    account(
        "123456789012",
        &json!({ "UserDetailList": users, "GroupDetailList": [], "RoleDetailList": [role], "Policies": [] }),
    )
}

#[test]
fn a_step_names_every_statement_that_it_takes() {
    let allow = |actions: &Value, resource: &str| json!({ "Effect": "Allow", "Action": actions, "Resource": resource });
    let policies = [
        ("hand-over", allow(&json!("iam:PassRole"), "arn:aws:iam::123456789012:role/boss")),
        ("functions", allow(&json!(["lambda:CreateFunction", "lambda:InvokeFunction"]), "*")),
    ];
    let account = small(&[("dev", &policies)], "boss", &json!({ "Service": "lambda.amazonaws.com" }));
    let chains = paths(&[account], None);
    let chain =
        chains.iter().find(|chain| &*chain.reaches == "admin" && chain.steps[0].method == "lambda-001").unwrap();
    for policy in ["hand-over", "functions"] {
        assert!(chain.steps[0].statements.iter().any(|name| name.contains(policy)), "{:?}", chain.steps[0].statements);
    }
}

#[test]
fn a_variable_stands_for_whoever_asks() {
    let own = [(
        "own",
        json!({ "Effect": "Allow", "Action": "sts:AssumeRole", "Resource": "arn:aws:iam::123456789012:role/${aws:username}" }),
    )];
    let account = small(&[("ops", &own), ("dev", &own)], "ops", &json!({ "AWS": "arn:aws:iam::123456789012:root" }));
    let chains = paths(&[account], None);
    let starts: Vec<(&str, &str)> = chains.iter().map(|chain| (chain.principal.as_ref(), chain.certainty)).collect();
    assert_eq!(starts, [("arn:aws:iam::123456789012:user/ops", "certain")]);
}

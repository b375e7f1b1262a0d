//! `posture iam` under the control policies of an organization, as snapshots and files tell them.

use serde_json::{Value, json};

use crate::offline::{Run, posture_in};

const MEMBER: &str = "111122223333";
const MANAGER: &str = "999999999999";
const BOSS: &str = "arn:aws:iam::111122223333:role/boss";

fn document(statement: &Value) -> Value {
    json!({ "Version": "2012-10-17", "Statement": [statement] })
}

fn deny(action: &str) -> Value {
    document(&json!({ "Effect": "Deny", "Action": action, "Resource": "*" }))
}

fn snapshot(account: &str, observations: &[Value]) -> Value {
    let organization = json!({ "Organization": { "Id": "o-1", "FeatureSet": "ALL", "MasterAccountId": MANAGER } });
    let described = observation("organizations", "DescribeOrganization", &json!({}), &organization);
    json!({
        "format": "posture-snapshot/1", "collector": "test", "collected_at": "2026-01-01T00:00:00Z", "account": account,
        "partition": "aws", "caller": format!("arn:aws:iam::{account}:user/auditor"), "regions": [],
        "observations": observations.iter().cloned().chain([described]).collect::<Vec<_>>(),
    })
}

fn observation(service: &str, operation: &str, request: &Value, response: &Value) -> Value {
    json!({ "service": service, "operation": operation, "region": "us-east-1", "request": request, "response": response })
}

/// Ann may assume the administrators' role, which lets in everybody whom the account lets.
fn member() -> Value {
    let assume =
        document(&json!({ "Effect": "Allow", "Action": ["sts:AssumeRole", "s3:*", "ec2:*"], "Resource": "*" }));
    let trust = document(&json!({ "Effect": "Allow", "Principal": { "AWS": format!("arn:aws:iam::{MEMBER}:root") },
        "Action": "sts:AssumeRole" }));
    let ann = json!({ "UserName": "ann", "Arn": format!("arn:aws:iam::{MEMBER}:user/ann"), "GroupList": [],
        "AttachedManagedPolicies": [], "UserPolicyList": [{ "PolicyName": "own", "PolicyDocument": assume }] });
    let boss = json!({ "RoleName": "boss", "Arn": BOSS, "AssumeRolePolicyDocument": trust, "InstanceProfileList": [],
        "RolePolicyList": [], "AttachedManagedPolicies": [{ "PolicyArn": "arn:aws:iam::aws:policy/AdministratorAccess" }] });
    let details = json!({ "UserDetailList": [ann], "GroupDetailList": [], "RoleDetailList": [boss], "Policies": [] });
    snapshot(MEMBER, &[observation("iam", "GetAccountAuthorizationDetails", &json!({}), &details)])
}

/// What the management account is told: policies of one type with what they say and what they are attached to.
fn management(kind: &str, policies: &[(&str, Value, Option<&str>)]) -> Value {
    let details = json!({ "UserDetailList": [], "GroupDetailList": [], "RoleDetailList": [], "Policies": [] });
    let listed: Vec<Value> =
        policies.iter().map(|(id, ..)| json!({ "Id": id, "Name": format!("name of {id}"), "Type": kind })).collect();
    let mut all = vec![
        observation("iam", "GetAccountAuthorizationDetails", &json!({}), &details),
        observation("organizations", "ListPolicies", &json!({ "Filter": kind }), &json!({ "Policies": listed })),
    ];
    for (id, document, target) in policies {
        let asked = json!({ "PolicyId": id });
        let policy = json!({ "Policy": { "Content": document.to_string() } });
        all.push(observation("organizations", "DescribePolicy", &asked, &policy));
        if let Some(target) = target {
            let kind = if target.starts_with("r-") { "ROOT" } else { "ACCOUNT" };
            let kind = if target.starts_with("ou-") { "ORGANIZATIONAL_UNIT" } else { kind };
            let targets = json!({ "Targets": [{ "TargetId": target, "Type": kind }] });
            all.push(observation("organizations", "ListTargetsForPolicy", &asked, &targets));
        }
    }
    snapshot(MANAGER, &all)
}

/// Runs `posture iam ARGUMENTS` beside the snapshots `member` and `manager`.
fn iam(manager: &Value, arguments: &str) -> Run {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("member"), member().to_string()).unwrap();
    std::fs::write(folder.path().join("manager"), manager.to_string()).unwrap();
    posture_in(folder.path(), ["iam"].into_iter().chain(arguments.split_whitespace()), b"")
}

fn answer(manager: &Value, question: &str) -> (String, Vec<String>) {
    let run = iam(manager, &format!("can ann {question} --snapshot member --snapshot manager --format json"));
    assert_eq!(run.code, 0, "{}", run.stderr);
    let answer = run.json();
    let doubts = answer["depends_on"].as_array().unwrap().iter().map(|doubt| doubt.as_str().unwrap().to_owned());
    (answer["answer"].as_str().unwrap().to_owned(), doubts.collect())
}

const SCP: &str = "SERVICE_CONTROL_POLICY";
const RCP: &str = "RESOURCE_CONTROL_POLICY";

fn full() -> (&'static str, Value, Option<&'static str>) {
    ("p-FullAWSAccess", document(&json!({ "Effect": "Allow", "Action": "*", "Resource": "*" })), Some("r-1"))
}

#[test]
fn policies_that_the_management_account_was_told_bind_the_member() {
    let at = |target| management(SCP, &[full(), ("p-1", deny("ec2:Run*"), Some(target))]);
    for (target, expected) in [("r-1", "denied"), (MEMBER, "denied"), ("222233334444", "allowed")] {
        assert_eq!(answer(&at(target), "ec2:RunInstances").0, expected, "{target}");
        assert_eq!(answer(&at(target), "ec2:StopInstances").0, "allowed", "{target}");
    }
    // Nothing is denied to the account that manages the organization.
    let own = iam(&at("r-1"), "who-can ec2:RunInstances --snapshot member --snapshot manager --format json");
    assert_eq!(own.json().as_array().unwrap().len(), 0, "{}", own.json());
}

#[test]
fn a_policy_of_a_unit_binds_perhaps() {
    let unit = management(SCP, &[full(), ("p-1", deny("ec2:Run*"), Some("ou-1-2"))]);
    let doubt = vec!["whether the account lies in `ou-1-2`".to_owned()];
    assert_eq!(answer(&unit, "ec2:RunInstances"), ("depends".to_owned(), doubt));
    assert_eq!(answer(&unit, "ec2:StopInstances").0, "allowed");
    assert_eq!(answer(&unit, "iam:CreateUser").0, "denied");
    // A unit that allows some things alone leaves the others open, and those that it allows are allowed for sure.
    let some = document(&json!({ "Effect": "Allow", "Action": "s3:*", "Resource": "*" }));
    let unit = management(SCP, &[full(), ("p-2", some, Some("ou-1-2"))]);
    assert_eq!(answer(&unit, "s3:GetObject").0, "allowed");
    assert_eq!(answer(&unit, "ec2:RunInstances").0, "depends");
}

#[test]
fn policies_of_a_type_that_the_root_does_not_use_bind_nobody() {
    let with_root = |types: &Value| {
        let mut manager = management(SCP, &[full(), ("p-1", deny("ec2:Run*"), Some("r-1"))]);
        let roots = json!({ "Roots": [{ "Id": "r-1", "PolicyTypes": types }] });
        manager["observations"].as_array_mut().unwrap().push(observation(
            "organizations",
            "ListRoots",
            &json!({}),
            &roots,
        ));
        manager
    };
    let of = |kind: &str, status: &str| json!([{ "Type": kind, "Status": status }]);
    for (types, expected) in [
        (of(SCP, "ENABLED"), "denied"),
        (of(SCP, "PENDING_ENABLE"), "denied"),
        (of(SCP, "PENDING_DISABLE"), "allowed"),
        (of(RCP, "ENABLED"), "allowed"),
        (json!([]), "allowed"),
    ] {
        assert_eq!(answer(&with_root(&types), "ec2:RunInstances").0, expected, "{types}");
    }
}

#[test]
fn what_could_not_be_read_leaves_answers_open() {
    let untold = management(SCP, &[full(), ("p-1", deny("ec2:Run*"), None)]);
    let (answered, doubts) = answer(&untold, "ec2:RunInstances");
    let doubt = "whether the service control policy `name of p-1` binds the account";
    assert_eq!((answered.as_str(), doubts.as_slice()), ("depends", [doubt.to_owned()].as_slice()));
    let unread = management(SCP, &[full(), ("p-1", json!("no policy"), Some("r-1"))]);
    let (answered, doubts) = answer(&unread, "ec2:RunInstances");
    assert_eq!(
        (answered.as_str(), doubts[0].as_str()),
        ("depends", "service control policy `name of p-1` is not known")
    );
    // Without a list of policies nothing is known of them, and of another organization neither.
    assert_eq!(answer(&management("OTHER", &[]), "ec2:RunInstances").0, "allowed unless an SCP denies");
    let other: Value = management(SCP, &[full()]).to_string().replace(MANAGER, "888888888888").parse().unwrap();
    assert_eq!(answer(&other, "ec2:RunInstances").0, "allowed unless an SCP denies");
}

#[test]
fn steps_of_chains_are_bound_too() {
    let paths = |manager: &Value| {
        let run = iam(manager, "paths ann --snapshot member --snapshot manager --format json");
        assert_eq!(run.code, 0, "{}", run.stderr);
        run.json()
    };
    let chains = paths(&management(SCP, &[full()]));
    assert_eq!((&chains[0]["certainty"], chains[0].get("unless_scp")), (&json!("certain"), None));
    assert_eq!(paths(&management(SCP, &[full(), ("p-1", deny("sts:*"), Some("r-1"))])), json!([]));
    let chains = paths(&management(SCP, &[full(), ("p-1", deny("sts:*"), Some("ou-1-2"))]));
    assert_eq!(chains[0]["certainty"], "depends");
    assert_eq!(chains[0]["steps"][0]["depends_on"], json!(["whether the account lies in `ou-1-2`"]));
}

fn rcp(statement: &Value) -> Value {
    let mut statement = statement.clone();
    statement["Principal"] = json!("*");
    statement["Effect"] = json!("Deny");
    statement["Resource"] = json!("*");
    document(&statement)
}

#[test]
fn resource_control_policies_guard_roles_against_being_assumed() {
    let paths = |statement: &Value| {
        let told = management(RCP, &[("p-1", rcp(statement), Some("r-1"))]);
        let run = iam(&told, "paths ann --snapshot member --snapshot manager --format json");
        assert_eq!(run.code, 0, "{}", run.stderr);
        run.json()
    };
    assert_eq!(paths(&json!({ "Action": "sts:AssumeRole" })), json!([]));
    assert_eq!(paths(&json!({ "Action": "s3:*" })).as_array().unwrap().len(), 1);
    // Ann belongs to the organization, so that a fence around it does not keep her out.
    let fence = json!({ "Action": "sts:AssumeRole", "Condition": { "StringNotEqualsIfExists": { "aws:PrincipalOrgID": "o-1" } } });
    assert_eq!(paths(&fence)[0]["certainty"], "certain");
    let network = json!({ "Action": "sts:*", "Condition": { "NotIpAddress": { "aws:SourceIp": "192.0.2.0/24" } } });
    let chains = paths(&network);
    assert_eq!(
        (&chains[0]["certainty"], &chains[0]["steps"][0]["depends_on"]),
        (&json!("depends"), &json!(["aws:SourceIp"]))
    );
}

#[test]
fn resource_control_policies_bind_certain_services_alone() {
    let told = management(RCP, &[("p-1", rcp(&json!({ "Action": "*" })), Some("r-1"))]);
    assert_eq!(answer(&told, "s3:GetObject arn:aws:s3:::b/k").0, "denied");
    assert_eq!(answer(&told, "ec2:RunInstances").0, "allowed unless an SCP denies");
    assert_eq!(answer(&told, &format!("sts:AssumeRole {BOSS}")).0, "denied");
}

#[test]
fn questions_can_be_about_requests_without_mfa_alone() {
    let mut asked = member();
    let statement =
        &mut asked["observations"][0]["response"]["UserDetailList"][0]["UserPolicyList"][0]["PolicyDocument"];
    statement["Statement"]
        .as_array_mut()
        .unwrap()
        .push(json!({ "Effect": "Deny", "NotAction": "s3:*", "Resource": "*",
        "Condition": { "BoolIfExists": { "aws:MultiFactorAuthPresent": "false" } } }));
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("S"), asked.to_string()).unwrap();
    let names = |arguments: &str| {
        let run = posture_in(folder.path(), ["iam"].into_iter().chain(arguments.split_whitespace()), b"");
        assert_eq!(run.code, 0, "{}", run.stderr);
        let list = run.json();
        list.as_array().unwrap().iter().map(|one| one["principal"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
    };
    let ann = format!("arn:aws:iam::{MEMBER}:user/ann");
    assert_eq!(names("who-can s3:GetObject --without-mfa --snapshot S --format json"), [BOSS, &ann]);
    assert_eq!(names("who-can ec2:RunInstances --without-mfa --snapshot S --format json"), [BOSS]);
    assert_eq!(names("who-can ec2:RunInstances --snapshot S --format json"), [BOSS, &ann]);
    let assume = format!("who-can sts:AssumeRole {BOSS} --snapshot S --format json");
    assert_eq!(names(&assume), [ann]);
    assert_eq!(names(&format!("{assume} --without-mfa")), [""; 0]);
}

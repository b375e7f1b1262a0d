//! What answers of AWS Organizations come to: guardrails by their meaning, and what is delegated.

use posture::finding::Status;
use serde_json::{Value, json};

use crate::infrastructure::{answer, asked, refused, statuses, verdicts};

fn here(operation: &str, response: &Value) -> Value {
    answer("organizations", operation, "us-east-1", response)
}

fn organization(management: &str) -> Value {
    here(
        "DescribeOrganization",
        &json!({ "Organization": { "Id": "o-1", "FeatureSet": "ALL", "MasterAccountId": management } }),
    )
}

/// The management account of an organization with one policy of its own, attached to a target of a kind.
fn with_policy(statements: &Value, target: &str) -> Vec<Value> {
    let types = json!([{ "Type": "SERVICE_CONTROL_POLICY", "Status": "ENABLED" }]);
    let summary = json!({ "Id": "p-1", "Name": "base", "Type": "SERVICE_CONTROL_POLICY", "AwsManaged": false });
    let full = json!({ "Id": "p-FullAWSAccess", "Name": "FullAWSAccess", "Type": "SERVICE_CONTROL_POLICY", "AwsManaged": true });
    let content = json!({ "Version": "2012-10-17", "Statement": statements }).to_string();
    let id = json!({ "PolicyId": "p-1" });
    vec![
        organization("123456789012"),
        here("ListRoots", &json!({ "Roots": [{ "Id": "r-1", "PolicyTypes": types }] })),
        asked(
            "organizations",
            "ListPolicies",
            &json!({ "Filter": "SERVICE_CONTROL_POLICY" }),
            &json!({ "Policies": [full, summary] }),
        ),
        asked(
            "organizations",
            "DescribePolicy",
            &id,
            &json!({ "Policy": { "PolicySummary": summary, "Content": content } }),
        ),
        asked(
            "organizations",
            "ListTargetsForPolicy",
            &id,
            &json!({ "Targets": [{ "TargetId": "t", "Name": "t", "Type": target }] }),
        ),
    ]
}

fn judged(rule: &str, observations: &[Value]) -> Status {
    verdicts(rule, observations)[0].2
}

fn deny(actions: &Value, condition: Option<Value>) -> Value {
    let mut statement = json!({ "Effect": "Deny", "Action": actions, "Resource": "*" });
    if let Some(condition) = condition {
        statement["Condition"] = condition;
    }
    statement
}

fn every_family() -> Value {
    json!([
        "cloudtrail:StopLogging",
        "cloudtrail:Delete*",
        "config:StopConfigurationRecorder",
        "config:DeleteConfigurationRecorder",
        "guardduty:*",
        "organizations:LeaveOrganization"
    ])
}

#[test]
fn a_denial_counts_for_all_whom_it_does_not_exempt_by_name() {
    let of = |condition: Option<Value>| {
        judged("org-scp-guardrails", &with_policy(&json!([deny(&every_family(), condition)]), "ROOT"))
    };
    assert_eq!(of(None), Status::Pass);
    let break_glass = "arn:aws:iam::*:role/break-glass";
    assert_eq!(of(Some(json!({ "ArnNotLike": { "aws:PrincipalArn": break_glass } }))), Status::Pass);
    assert_eq!(of(Some(json!({ "StringNotEquals": { "aws:PrincipalTag/admin": "true" } }))), Status::Pass);
    // These deny nobody, or only who chooses the wrong circumstances.
    assert_eq!(of(Some(json!({ "ArnNotLike": { "aws:PrincipalArn": "*" } }))), Status::Fail);
    assert_eq!(of(Some(json!({ "ArnLike": { "aws:PrincipalArn": break_glass } }))), Status::Fail);
    assert_eq!(of(Some(json!({ "StringEquals": { "aws:RequestedRegion": "us-east-1" } }))), Status::Fail);
    assert_eq!(of(Some(json!({ "BoolIfExists": { "aws:MultiFactorAuthPresent": "false" } }))), Status::Fail);
    assert_eq!(of(Some(json!({ "NotIpAddress": { "aws:SourceIp": "203.0.113.0/24" } }))), Status::Fail);
}

#[test]
fn every_way_of_switching_off_has_to_be_denied_where_it_matters() {
    let of = |statements: Value, target: &str| judged("org-scp-guardrails", &with_policy(&statements, target));
    assert_eq!(of(json!([deny(&every_family(), None)]), "ORGANIZATIONAL_UNIT"), Status::Pass);
    assert_eq!(of(json!([deny(&every_family(), None)]), "ACCOUNT"), Status::Fail);
    let all_but = json!({ "Effect": "Deny", "NotAction": ["s3:*", "ec2:*"], "Resource": "*" });
    assert_eq!(of(json!([all_but]), "ROOT"), Status::Pass);
    let stop_alone = json!(["cloudtrail:StopLogging", "config:*", "guardduty:*", "organizations:LeaveOrganization"]);
    assert_eq!(of(json!([deny(&stop_alone, None)]), "ROOT"), Status::Fail);
    let one_trail =
        json!({ "Effect": "Deny", "Action": "cloudtrail:*", "Resource": "arn:aws:cloudtrail:*:*:trail/org" });
    let rest = deny(&json!(["config:*", "guardduty:*", "organizations:*"]), None);
    assert_eq!(of(json!([one_trail, rest]), "ROOT"), Status::Fail);
    // An Allow forbids nothing here, whatever it leaves out.
    assert_eq!(of(json!([{ "Effect": "Allow", "Action": "s3:*", "Resource": "*" }]), "ROOT"), Status::Fail);
}

#[test]
fn what_was_not_read_of_a_policy_is_not_held_against_it() {
    let mut snapshot = with_policy(&json!([deny(&every_family(), None)]), "ROOT");
    snapshot.retain(|one| one["operation"] != "DescribePolicy");
    assert_eq!(judged("org-scp-guardrails", &snapshot), Status::Unknown);
    assert_eq!(judged("org-scp-deny-root", &snapshot), Status::Unknown);
    let mut snapshot = with_policy(&json!([deny(&every_family(), None)]), "ROOT");
    snapshot.retain(|one| one["operation"] != "ListTargetsForPolicy");
    assert_eq!(judged("org-scp-guardrails", &snapshot), Status::Unknown);
    let other = asked("organizations", "ListPolicies", &json!({ "Filter": "TAG_POLICY" }), &json!({ "Policies": [] }));
    let roots = here(
        "ListRoots",
        &json!({ "Roots": [{ "PolicyTypes": [{ "Type": "SERVICE_CONTROL_POLICY", "Status": "ENABLED" }] }] }),
    );
    assert_eq!(judged("org-scp-guardrails", &[organization("123456789012"), roots, other]), Status::Unknown);
}

#[test]
fn policies_that_are_off_at_the_root_forbid_nothing() {
    let mut snapshot = with_policy(&json!([deny(&every_family(), None)]), "ROOT");
    snapshot[1] = here("ListRoots", &json!({ "Roots": [{ "Id": "r-1", "PolicyTypes": [] }] }));
    assert_eq!(judged("org-scp-guardrails", &snapshot), Status::Fail);
}

#[test]
fn root_users_are_forbidden_by_name_or_with_everybody() {
    let of = |statement: Value| judged("org-scp-deny-root", &with_policy(&json!([statement]), "ROOT"));
    let like = |arn: &str| Some(json!({ "StringLike": { "aws:PrincipalArn": arn } }));
    assert_eq!(of(deny(&json!("*"), like("arn:aws:iam::*:root"))), Status::Pass);
    assert_eq!(of(deny(&json!("*"), like("arn:*:iam::*:root"))), Status::Pass);
    let spared = json!({ "Effect": "Deny", "NotAction": ["iam:GetAccountSummary", "support:*"], "Resource": "*",
        "Condition": { "ArnLike": { "aws:PrincipalArn": ["arn:aws:iam::*:root"] } } });
    assert_eq!(of(spared), Status::Pass);
    assert_eq!(of(deny(&json!("ec2:*"), like("arn:aws:iam::*:root"))), Status::Fail);
    assert_eq!(of(deny(&json!("*"), like("arn:aws:iam::*:user/root"))), Status::Fail);
}

#[test]
fn regions_are_limited_when_the_denial_hangs_on_the_region() {
    let of = |statement: Value| judged("org-scp-region-deny", &with_policy(&json!([statement]), "ROOT"));
    let outside = Some(json!({ "StringNotEquals": { "aws:RequestedRegion": ["eu-central-1", "eu-west-1"] } }));
    let all_but_global = json!({ "Effect": "Deny", "NotAction": ["iam:*", "sts:*", "organizations:*"], "Resource": "*",
        "Condition": { "StringNotEquals": { "aws:RequestedRegion": ["eu-central-1", "eu-west-1"] } } });
    assert_eq!(of(all_but_global), Status::Pass);
    assert_eq!(of(deny(&json!("ec2:*"), outside)), Status::Fail);
    assert_eq!(of(deny(&json!("*"), None)), Status::Fail);
    assert_eq!(
        of(deny(&json!("*"), Some(json!({ "StringLike": { "aws:PrincipalArn": "arn:aws:iam::*:root" } })))),
        Status::Fail
    );
}

#[test]
fn a_refusal_to_a_member_says_nothing_and_one_to_the_management_account_is_a_gap() {
    let denied = refused("organizations", "ListRoots", "us-east-1", "AccessDeniedException");
    let throttled = refused("organizations", "ListRoots", "us-east-1", "TooManyRequestsException");
    let of = |management: &str, roots: &Value| judged("org-scp-guardrails", &[organization(management), roots.clone()]);
    assert_eq!(of("999999999999", &denied), Status::NotApplicable);
    assert_eq!(of("999999999999", &throttled), Status::Unknown);
    assert_eq!(of("123456789012", &denied), Status::Unknown);
    let alone = refused("organizations", "DescribeOrganization", "us-east-1", "AWSOrganizationsNotInUseException");
    assert_eq!(judged("org-scp-guardrails", &[alone, denied]), Status::NotApplicable);
}

fn with_resource_policy(outcome: Value) -> Vec<Value> {
    vec![organization("123456789012"), here("ListRoots", &json!({ "Roots": [] })), outcome]
}

#[test]
fn policies_are_delegated_when_another_account_may_write_them() {
    let of = |principal: &str, actions: Value| {
        let statement =
            json!({ "Effect": "Allow", "Principal": { "AWS": principal }, "Action": actions, "Resource": "*" });
        let content = json!({ "Version": "2012-10-17", "Statement": [statement] }).to_string();
        let found = here("DescribeResourcePolicy", &json!({ "ResourcePolicy": { "Content": content } }));
        judged("org-delegated-admin-policies", &with_resource_policy(found))
    };
    assert_eq!(of("arn:aws:iam::222233334444:root", json!(["organizations:AttachPolicy"])), Status::Pass);
    assert_eq!(of("222233334444", json!("organizations:*")), Status::Pass);
    assert_eq!(of("222233334444", json!(["organizations:List*", "organizations:Describe*"])), Status::Fail);
    assert_eq!(of("123456789012", json!("organizations:*")), Status::Fail);
    let none = refused("organizations", "DescribeResourcePolicy", "us-east-1", "ResourcePolicyNotFoundException");
    assert_eq!(judged("org-delegated-admin-policies", &with_resource_policy(none)), Status::Fail);
    let denied = refused("organizations", "DescribeResourcePolicy", "us-east-1", "AccessDeniedException");
    assert_eq!(judged("org-delegated-admin-policies", &with_resource_policy(denied)), Status::Unknown);
}

#[test]
fn services_are_delegated_to_accounts_other_than_the_management_account() {
    let of = |administrators: &[&str], services: Option<Value>| {
        let administrators: Vec<_> = administrators.iter().map(|id| json!({ "Id": id })).collect();
        let mut all = with_resource_policy(here(
            "ListAWSServiceAccessForOrganization",
            &json!({ "EnabledServicePrincipals": [{ "ServicePrincipal": "guardduty.amazonaws.com" }] }),
        ));
        all.push(here("ListDelegatedAdministrators", &json!({ "DelegatedAdministrators": administrators })));
        let asked_about = |services| {
            asked(
                "organizations",
                "ListDelegatedServicesForAccount",
                &json!({ "AccountId": "222233334444" }),
                &services,
            )
        };
        all.extend(services.map(|services| asked_about(json!({ "DelegatedServices": services }))));
        judged("org-delegated-admin-services", &all)
    };
    let guardduty = json!([{ "ServicePrincipal": "guardduty.amazonaws.com" }]);
    assert_eq!(of(&["222233334444"], Some(guardduty)), Status::Pass);
    assert_eq!(of(&["222233334444"], Some(json!([{ "ServicePrincipal": "config.amazonaws.com" }]))), Status::Fail);
    assert_eq!(of(&["123456789012"], None), Status::Fail);
    assert_eq!(of(&[], None), Status::Fail);
    assert_eq!(of(&["222233334444"], None), Status::Unknown);
}

#[test]
fn the_management_account_fails_by_an_instance_and_never_passes_by_what_is_read() {
    const RULE: &str = "org-mgmt-no-workloads";
    let judged = |management: &str, state: Option<&str>, elsewhere: &Value| {
        let machine = |state: &str| json!({ "Instances": [{ "InstanceId": "i-1", "State": { "Name": state } }] });
        let reservations: Vec<Value> = state.map(machine).into_iter().collect();
        let empty = json!({ "DBInstances": [] });
        statuses(
            RULE,
            &[
                organization(management),
                answer("ec2", "DescribeInstances", "us-east-1", &json!({ "Reservations": reservations })),
                elsewhere.clone(),
                answer("rds", "DescribeDBInstances", "us-east-1", &empty),
                answer("rds", "DescribeDBInstances", "eu-west-1", &empty),
            ],
        )
    };
    let none = answer("ec2", "DescribeInstances", "eu-west-1", &json!({ "Reservations": [] }));
    let denied = refused("ec2", "DescribeInstances", "eu-west-1", "UnauthorizedOperation");
    assert_eq!(judged("123456789012", Some("stopped"), &none), [Status::Fail]);
    assert_eq!(judged("123456789012", Some("running"), &denied), [Status::Fail]);
    assert_eq!(judged("123456789012", Some("terminated"), &none), [Status::Unknown]);
    assert_eq!(judged("123456789012", None, &none), [Status::Unknown]);
    assert_eq!(judged("210987654321", Some("running"), &none), [Status::NotApplicable]);
}

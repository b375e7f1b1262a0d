//! Rules that ask what policies allow.

use serde_json::{Value, json};

use crate::offline::posture_in;

const RULE: &str = r#"
id: only-boss-may-pass-roles
title: Only the boss should pass roles
lifecycle: { preview: 0.1.0 }
severity: high
resource: iam-principal
rationale: Who passes roles gains their permissions.
applies_when: principal.kind != "group"
pass_when: principal.name == "boss" || !can(principal.arn, "iam:PassRole", "arn:aws:iam::111122223333:role/boss")
message: "{kind} `{name}` may pass the boss; so may {whoCan('iam:PassRole')}"
pass_message: "{kind} `{name}` may not pass the boss"
not_applicable_message: "groups are not asked"
remediation: { text: Take it away. }
references: ["https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles_use_passrole.html"]
examples:
  - name: who may not passes
    given: { name: ann, kind: user, arn: "arn:ann" }
    answers: { "can arn:ann iam:PassRole arn:aws:iam::111122223333:role/boss": false }
    expect: { status: pass }
  - name: who may fails
    given: { name: ann, kind: user, arn: "arn:ann" }
    answers: { "can arn:ann iam:PassRole arn:aws:iam::111122223333:role/boss": true, "whoCan iam:PassRole": ["arn:ann"] }
    expect: { status: fail, message: "user `ann` may pass the boss; so may arn:ann" }
  - name: what is not known is not judged
    given: { name: ann, kind: user, arn: "arn:ann" }
    answers: { "can arn:ann iam:PassRole arn:aws:iam::111122223333:role/boss": { unknown: AccessDenied } }
    expect: { status: unknown }
  - name: what nobody answered is not judged
    given: { name: ann, kind: user, arn: "arn:ann" }
    expect: { status: unknown }
"#;

fn user(name: &str, statement: &Value) -> Value {
    let document = json!({ "Version": "2012-10-17", "Statement": [statement] });
    json!({ "UserName": name, "Arn": format!("arn:aws:iam::111122223333:user/{name}"), "GroupList": [],
        "AttachedManagedPolicies": [], "UserPolicyList": [{ "PolicyName": "own", "PolicyDocument": document }] })
}

fn snapshot() -> String {
    let pass = json!({ "Effect": "Allow", "Action": "iam:Pass*", "Resource": "*" });
    let mfa = json!({ "Effect": "Allow", "Action": "iam:PassRole", "Resource": "*",
        "Condition": { "Bool": { "aws:MultiFactorAuthPresent": "true" } } });
    let read = json!({ "Effect": "Allow", "Action": "s3:Get*", "Resource": "*" });
    let users = [user("ann", &pass), user("bob", &mfa), user("eve", &read)];
    let details = json!({ "UserDetailList": users, "GroupDetailList": [], "RoleDetailList": [], "Policies": [] });
    json!({
        "format": "posture-snapshot/1", "collector": "test", "collected_at": "2026-01-01T00:00:00Z",
        "account": "111122223333", "partition": "aws", "caller": "arn:aws:iam::111122223333:user/ann", "regions": [],
        "observations": [{ "service": "iam", "operation": "GetAccountAuthorizationDetails", "region": "us-east-1",
            "response": details }],
    })
    .to_string()
}

fn run(rule: &str, arguments: &[&str]) -> crate::offline::Run {
    let folder = tempfile::tempdir().unwrap();
    let rules = folder.path().join("rules/iam");
    std::fs::create_dir_all(&rules).unwrap();
    std::fs::write(rules.join("only-boss-may-pass-roles.yaml"), rule).unwrap();
    std::fs::write(folder.path().join("S"), snapshot()).unwrap();
    posture_in(folder.path(), arguments.iter().copied(), b"")
}

#[test]
fn a_rule_asks_who_can_do_what() {
    let run = run(
        RULE,
        &["scan", "--snapshot", "S", "--rules", "rules", "--rule", "only-boss-may-pass-roles", "--format", "json"],
    );
    let report = run.json();
    let findings = report["results"].as_array().unwrap_or_else(|| panic!("{}{report}", run.stderr));
    let status = |name: &str| {
        let arn = format!("arn:aws:iam::111122223333:user/{name}");
        let own: Vec<&Value> = findings.iter().filter(|finding| finding["resource"]["id"] == arn.as_str()).collect();
        assert_eq!(own.len(), 1, "{report}");
        (own[0]["status"].clone(), own[0]["message"].clone())
    };
    // Who else may is not settled: Bob may with MFA.
    let (ann, message) = status("ann");
    assert_eq!(ann, "fail", "{message}");
    assert_eq!(status("bob").0, "unknown");
    assert_eq!(status("eve"), (json!("pass"), json!("user `eve` may not pass the boss")));
}

#[test]
fn examples_give_the_answers() {
    let run = run(RULE, &["rules", "test", "rules"]);
    assert_eq!(run.code, 0, "{}{}", run.text(), run.stderr);
}

#[test]
fn an_action_that_does_not_exist_is_an_error_at_its_place() {
    let wrong = RULE.replace("\"iam:PassRole\", \"arn:aws", "\"iam:PassRoll\", \"arn:aws");
    let run = run(&wrong, &["rules", "test", "rules"]);
    assert_eq!(run.code, 2);
    assert!(run.text().contains("AWS documents no action `iam:PassRoll`"), "{}", run.text());
}

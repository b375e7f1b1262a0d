//! `posture iam` as people run it: tables, JSON, errors and exit codes.

use insta::assert_snapshot;
use serde_json::{Value, json};

use crate::offline::{Run, posture_in};

const ANN: &str = "arn:aws:iam::111122223333:user/ann";
const BOSS: &str = "arn:aws:iam::111122223333:role/boss";

fn document(statement: &Value) -> Value {
    json!({ "Version": "2012-10-17", "Statement": [statement] })
}

fn trust(principal: &Value) -> Value {
    document(&json!({ "Effect": "Allow", "Principal": principal, "Action": "sts:AssumeRole" }))
}

fn inline(name: &str, statement: &Value) -> Value {
    json!({ "PolicyName": name, "PolicyDocument": document(statement) })
}

fn user(name: &str, policies: &[Value]) -> Value {
    json!({ "UserName": name, "UserId": format!("AIDA{name}"), "Arn": format!("arn:aws:iam::111122223333:user/{name}"),
        "GroupList": [], "AttachedManagedPolicies": [], "UserPolicyList": policies })
}

fn role(name: &str, trust: &Value, managed: &[&str]) -> Value {
    let managed: Vec<Value> = managed
        .iter()
        .map(|policy| json!({ "PolicyName": policy, "PolicyArn": format!("arn:aws:iam::aws:policy/{policy}") }))
        .collect();
    json!({ "RoleName": name, "Arn": format!("arn:aws:iam::111122223333:role/{name}"), "AssumeRolePolicyDocument": trust,
        "RolePolicyList": [], "AttachedManagedPolicies": managed, "InstanceProfileList": [] })
}

fn snapshot(users: &[Value], roles: &[Value]) -> Value {
    let details = json!({ "UserDetailList": users, "GroupDetailList": [], "RoleDetailList": roles, "Policies": [] });
    json!({
        "format": "posture-snapshot/1", "collector": "test", "collected_at": "2026-01-01T00:00:00Z",
        "account": "111122223333", "partition": "aws", "caller": ANN, "regions": [],
        "observations": [
            { "service": "iam", "operation": "GetAccountAuthorizationDetails", "region": "us-east-1", "response": details },
            { "service": "organizations", "operation": "DescribeOrganization", "region": "us-east-1",
              "error": { "code": "AWSOrganizationsNotInUseException", "message": "" } },
        ],
    })
}

/// The same in an organization that this account manages.
fn managed_by(account: &str, mut snapshot: Value) -> Value {
    let organization = json!({ "Organization": { "Id": "o-1", "MasterAccountId": account } });
    let observation = snapshot["observations"][1].as_object_mut().unwrap();
    observation.remove("error");
    observation.insert("response".to_owned(), organization);
    snapshot
}

/// Ann may assume the administrators' role; Bob may read one bucket, and everything with MFA.
fn company() -> Value {
    let assume = json!({ "Sid": "Up", "Effect": "Allow", "Action": "sts:AssumeRole", "Resource": BOSS });
    let read = json!({ "Sid": "Read", "Effect": "Allow", "Action": "s3:Get*", "Resource": "arn:aws:s3:::reports/*" });
    let more = json!({ "Effect": "Allow", "Action": "s3:GetObject", "Resource": "*",
        "Condition": { "Bool": { "aws:MultiFactorAuthPresent": "true" } } });
    snapshot(
        &[user("ann", &[inline("up", &assume)]), user("bob", &[inline("read", &read), inline("more", &more)])],
        &[role("boss", &trust(&json!({ "AWS": "arn:aws:iam::111122223333:root" })), &["AdministratorAccess"])],
    )
}

/// Runs `posture iam ARGUMENTS`, where `S` stands for a file with the snapshot.
fn iam(snapshot: &Value, arguments: &str) -> Run {
    iam_with(snapshot, arguments, b"")
}

fn iam_with(snapshot: &Value, arguments: &str, input: &[u8]) -> Run {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("S"), snapshot.to_string()).unwrap();
    posture_in(folder.path(), ["iam"].into_iter().chain(arguments.split_whitespace()), input)
}

#[test]
fn can_answers_in_a_table_with_the_statement_that_decides() {
    let run = iam(&company(), "can bob s3:GetObject arn:aws:s3:::reports/2026 --snapshot S");
    assert_eq!(run.code, 0, "{}", run.stderr);
    assert_snapshot!(run.text(), @r"
    ┌────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────┐
    │ PRINCIPAL                            ANSWER    BECAUSE                                                      DEPENDS ON │
    ╞════════════════════════════════════════════════════════════════════════════════════════════════════════════════════════╡
    │ arn:aws:iam::111122223333:user/bob   allowed   arn:aws:iam::111122223333:user/bob/inline-policy/read#Read              │
    └────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────┘
    ");
    let run = iam(&company(), "can bob s3:PutObject --snapshot S");
    assert_eq!(run.code, 0);
    assert!(run.text().contains("denied") && run.text().contains("no statement allows it, or one denies it"));
}

#[test]
fn can_answers_in_json_and_names_what_it_depends_on() {
    let run = iam(&company(), "can bob s3:GetObject arn:aws:s3:::other/1 --snapshot S --format json");
    let expected = json!({
        "principal": "arn:aws:iam::111122223333:user/bob", "action": "s3:GetObject", "resource": "arn:aws:s3:::other/1",
        "answer": "depends", "depends_on": ["aws:MultiFactorAuthPresent"],
        "statements": ["arn:aws:iam::111122223333:user/bob/inline-policy/more#/Statement/0"],
    });
    assert_eq!((run.code, run.json()), (0, expected));
}

#[test]
fn can_reads_the_snapshot_from_standard_input() {
    let run =
        iam_with(&json!({}), "can ann sts:AssumeRole --snapshot - --format json", company().to_string().as_bytes());
    assert_eq!((run.code, run.json()["answer"].as_str()), (0, Some("allowed")), "{}", run.stderr);
}

#[test]
fn assuming_a_role_asks_its_trust_policy_too() {
    let run = iam(&company(), &format!("can ann sts:AssumeRole {BOSS} --snapshot S --format json"));
    assert_eq!(run.json()["answer"], "allowed");
    let mut closed = company();
    let roles = &mut closed["observations"][0]["response"]["RoleDetailList"];
    roles[0]["AssumeRolePolicyDocument"] = trust(&json!({ "Service": "ec2.amazonaws.com" }));
    let run = iam(&closed, &format!("can ann sts:AssumeRole {BOSS} --snapshot S --format json"));
    assert_eq!(run.json()["answer"], "denied");
}

#[test]
fn what_a_member_is_allowed_an_scp_may_deny() {
    let asked = "can ann sts:AssumeRole --snapshot S --format json";
    let member = managed_by("999999999999", company());
    assert_eq!(iam(&member, asked).json()["answer"], "allowed unless an SCP denies");
    let mut untold = company();
    untold["observations"].as_array_mut().unwrap().pop();
    assert_eq!(iam(&untold, asked).json()["answer"], "allowed unless an SCP denies");
    // Neither an account on its own nor the one that manages the organization is bound.
    assert_eq!(iam(&managed_by("111122223333", company()), asked).json()["answer"], "allowed");
    assert_eq!(iam(&company(), asked).json()["answer"], "allowed");
    // What depends on something else too, and what nothing allows.
    let open = iam(&member, "can bob s3:GetObject arn:aws:s3:::other/1 --snapshot S --format json").json();
    let doubts = json!(["aws:MultiFactorAuthPresent", "service control policies, which the snapshot does not tell"]);
    assert_eq!((&open["answer"], &open["depends_on"]), (&json!("depends"), &doubts));
    assert_eq!(iam(&member, "can bob s3:PutObject --snapshot S --format json").json()["answer"], "denied");
    let chains = iam(&member, "paths ann --snapshot S --format json").json();
    assert_eq!((&chains[0]["certainty"], &chains[0]["unless_scp"]), (&json!("certain"), &json!(true)));
    assert!(iam(&member, "paths ann --snapshot S").text().contains("unless an SCP denies"));
}

/// Runs `posture iam ARGUMENTS` beside files `S` (the snapshot), `deny` and `allow` (policies).
fn iam_under(snapshot: &Value, deny: &Value, allow: &Value, arguments: &str) -> Run {
    let folder = tempfile::tempdir().unwrap();
    for (name, text) in [("S", snapshot), ("deny", deny), ("allow", allow)] {
        std::fs::write(folder.path().join(name), text.to_string()).unwrap();
    }
    posture_in(folder.path(), ["iam"].into_iter().chain(arguments.split_whitespace()), b"")
}

#[test]
fn control_policies_that_are_handed_in_take_part() {
    let member = managed_by("999999999999", company());
    let deny = document(&json!({ "Sid": "NoUp", "Effect": "Deny", "Action": "sts:Assume*", "Resource": "*" }));
    let allow = json!([document(&json!({ "Effect": "Allow", "Action": ["s3:*", "iam:*"], "Resource": "*" }))]);
    let answer = |question: &str| {
        let run = iam_under(&member, &deny, &allow, &format!("{question} --snapshot S --format json"));
        assert_eq!(run.code, 0, "{question}: {}", run.stderr);
        run.json()["answer"].as_str().unwrap().to_owned()
    };
    // A level that only denies leaves the rest allowed, one that allows some things leaves out the others.
    assert_eq!(answer("can ann sts:AssumeRole --scp deny"), "denied");
    assert_eq!(answer("can bob s3:GetObject --scp deny"), "allowed");
    assert_eq!(answer("can ann sts:AssumeRole --scp allow"), "denied");
    assert_eq!(answer("can bob s3:GetObject --scp allow --scp deny"), "allowed");
    assert_eq!(answer("can boss ec2:RunInstances --scp allow --scp deny"), "denied");
    assert_eq!(answer(&format!("can ann sts:AssumeRole {BOSS} --scp deny")), "denied");
    let paths = |options: &str| {
        iam_under(&member, &deny, &allow, &format!("paths --snapshot S --format json {options}")).json()
    };
    assert_eq!(paths("--scp deny"), json!([]));
    assert_eq!(paths("").as_array().unwrap().len(), 1);
    // The account that manages the organization is bound by none.
    let run = iam_under(
        &managed_by("111122223333", company()),
        &deny,
        &allow,
        "can ann sts:AssumeRole --scp deny --snapshot S --format json",
    );
    assert_eq!(run.json()["answer"], "allowed");
}

#[test]
fn resource_control_policies_guard_the_accounts_own_resources() {
    let rcp = document(
        &json!({ "Effect": "Deny", "Principal": "*", "Action": "s3:GetObject", "Resource": "arn:aws:s3:::reports/*" }),
    );
    let answer = |question: &str| {
        let arguments = format!("can bob {question} --rcp deny --snapshot S --format json");
        iam_under(&company(), &rcp, &json!({}), &arguments).json()["answer"].clone()
    };
    // The account is in no organization, so that no such policy can bind it.
    assert_eq!(answer("s3:GetObject arn:aws:s3:::reports/1"), "allowed");
    let member = managed_by("999999999999", company());
    let answer = |question: &str| {
        let arguments = format!("can bob {question} --rcp deny --scp allow --snapshot S --format json");
        let all = document(&json!({ "Effect": "Allow", "Action": "*", "Resource": "*" }));
        iam_under(&member, &rcp, &all, &arguments).json()["answer"].clone()
    };
    assert_eq!(answer("s3:GetObject arn:aws:s3:::reports/1"), "denied");
    assert_eq!(answer("s3:GetObjectTagging arn:aws:s3:::reports/1"), "allowed");
}

#[test]
fn a_control_policy_that_is_none_is_refused() {
    let run =
        iam_under(&company(), &json!({ "Statement": 1 }), &json!({}), "who-can s3:GetObject --scp deny --snapshot S");
    assert_eq!(run.code, 2);
    assert!(run.stderr.starts_with("error: `deny`: ") && run.stderr.contains("posture iam lint"), "{}", run.stderr);
    let run = iam_under(&company(), &json!({}), &json!({}), "paths --rcp missing --snapshot S");
    assert_eq!(run.code, 2);
    assert!(run.stderr.contains("`missing`"), "{}", run.stderr);
}

#[test]
fn who_can_lists_everybody_but_those_denied() {
    let run = iam(&company(), "who-can s3:GetObject --snapshot S");
    assert_eq!(run.code, 0);
    assert_snapshot!(run.text(), @r"
    ┌─────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────┐
    │ PRINCIPAL                             ANSWER    BECAUSE                                                      DEPENDS ON │
    ╞═════════════════════════════════════════════════════════════════════════════════════════════════════════════════════════╡
    │ arn:aws:iam::111122223333:role/boss   allowed   arn:aws:iam::aws:policy/AdministratorAccess#/Statement/0                │
    │                                                 such as s3:getobject on any resource                                    │
    │ arn:aws:iam::111122223333:user/bob    allowed   arn:aws:iam::111122223333:user/bob/inline-policy/read#Read              │
    │                                                 such as s3:getobject on arn:aws:s3:::reports/                           │
    └─────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────┘
    ");
    let run = iam(&company(), "who-can s3:GetObject arn:aws:s3:::other/1 --snapshot S --format json");
    let list = run.json();
    let told: Vec<(&str, &str)> = list
        .as_array()
        .unwrap()
        .iter()
        .map(|one| (one["principal"].as_str().unwrap(), one["answer"].as_str().unwrap()))
        .collect();
    assert_eq!(told, [(BOSS, "allowed"), ("arn:aws:iam::111122223333:user/bob", "depends")]);
    let run = iam(&snapshot(&[user("ann", &[])], &[]), "who-can s3:GetObject --snapshot S");
    assert_eq!((run.code, run.text().as_str()), (0, "nobody, by the policies of the snapshot\n"));
}

#[test]
fn paths_name_each_step_and_the_statement_that_allows_it() {
    let run = iam(&company(), "paths --snapshot S");
    assert_eq!(run.code, 0);
    assert_snapshot!(run.text(), @r"
    ┌────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────┐
    │ START                                REACHES   STEPS                                                                DEPENDS ON │
    ╞════════════════════════════════════════════════════════════════════════════════════════════════════════════════════════════════╡
    │ arn:aws:iam::111122223333:user/ann   admin     sts-001: role assumed (sts:AssumeRole)                                          │
    │                                                  -> arn:aws:iam::111122223333:role/boss                                        │
    │                                                  by arn:aws:iam::111122223333:user/ann/inline-policy/up#Up                     │
    │                                                     arn:aws:iam::111122223333:role/boss/trust-policy#/Statement/0              │
    └────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────┘
    ");
    let run = iam(&company(), "paths ann --snapshot S --format json");
    let expected = json!([{
        "principal": ANN, "reaches": "admin", "certainty": "certain",
        "steps": [{
            "from": ANN, "to": BOSS, "actions": ["sts:AssumeRole"], "method": "sts-001", "title": "role assumed",
            "statement": format!("{ANN}/inline-policy/up#Up, {BOSS}/trust-policy#/Statement/0"),
        }],
    }]);
    assert_eq!((run.code, run.json()), (0, expected));
}

#[test]
fn paths_of_somebody_who_gains_nothing_are_none() {
    let run = iam(&company(), "paths bob --snapshot S");
    assert_eq!((run.code, run.text().as_str()), (0, "no principal can gain permissions of others\n"));
    let run = iam(&company(), "paths bob --snapshot S --format json");
    assert_eq!((run.code, run.json()), (0, json!([])));
}

#[test]
fn what_is_left_out_of_a_list_is_counted() {
    let anyone = trust(&json!({ "AWS": "arn:aws:iam::111122223333:root" }));
    let mut roles: Vec<Value> = (0..8).map(|number| role(&format!("r{number}"), &anyone, &[])).collect();
    for role in &mut roles {
        let own = json!({ "Effect": "Allow", "Action": "sqs:SendMessage", "Resource": role["Arn"] });
        role["RolePolicyList"] = json!([inline("own", &own)]);
    }
    let assume = json!({ "Effect": "Allow", "Action": "sts:AssumeRole", "Resource": "*" });
    let many = snapshot(&[user("ann", &[inline("up", &assume)])], &roles);
    let chains = iam(&many, "paths ann --snapshot S --format json").json();
    let left_out: Vec<Option<u64>> =
        chains.as_array().unwrap().iter().map(|chain| chain["further_targets"].as_u64()).collect();
    assert_eq!(left_out, [None, None, None, None, Some(3)]);
    assert!(iam(&many, "paths ann --snapshot S").text().contains("and 3 more"));
}

#[test]
fn wrong_names_and_actions_end_with_what_to_do() {
    let run = iam(&company(), "can bop s3:GetObject --snapshot S");
    let expected = "error: no user or role of the snapshot is called `bop`\n\nhint: did you mean `bob`?\n";
    assert_eq!((run.code, run.stderr.as_str(), run.text().as_str()), (2, expected, ""));
    let run = iam(&company(), "who-can s3:GetObjekt --snapshot S");
    let expected = "error: AWS documents no action `s3:GetObjekt`\n\nhint: did you mean `s3:GetObject`?\n";
    assert_eq!((run.code, run.stderr.as_str()), (2, expected));
    let run = iam(&company(), "paths nobody --snapshot S");
    assert_eq!(run.code, 2);
    let run = iam(&company(), "can ann s3:GetObject --snapshot missing");
    assert_eq!(run.code, 2);
    assert!(run.stderr.contains("missing") && run.stderr.contains("hint: "), "{}", run.stderr);
    let run = iam(&company(), "can ann s3:GetObject");
    assert_eq!(run.code, 2);
    assert!(run.stderr.contains("--snapshot"), "{}", run.stderr);
}

#[test]
fn a_snapshot_without_users_and_roles_is_refused() {
    let mut empty = company();
    empty["observations"] = json!([]);
    let run = iam(&empty, "who-can s3:GetObject --snapshot S");
    assert_eq!(run.code, 2);
    assert!(run.stderr.contains("`S` does not tell of the users and roles of account 111122223333"), "{}", run.stderr);
    let run = iam(&company(), "who-can s3:GetObject --snapshot S --snapshot S");
    assert_eq!(run.code, 2);
    assert!(run.stderr.contains("several snapshots tell of account 111122223333"), "{}", run.stderr);
}

#[test]
fn names_that_an_attacker_chose_never_reach_the_terminal_raw() {
    let hostile = "a\u{1b}]0;pwned\u{7}\u{202e}b";
    let allow = json!({ "Sid": "\u{1b}[31mRed", "Effect": "Allow", "Action": "iam:*", "Resource": "*" });
    let bad =
        snapshot(&[user(hostile, &[inline("p\u{9b}q", &allow), inline("p", &json!({ "Effect": "\u{1b}[2J" }))])], &[]);
    for arguments in ["who-can iam:CreateUser --snapshot S", "paths --snapshot S", "lint --snapshot S"] {
        let run = iam(&bad, arguments);
        let raw = |text: &str| text.contains(['\u{1b}', '\u{7}', '\u{9b}', '\u{202e}']);
        assert!(!raw(&run.text()) && !raw(&run.stderr), "{arguments}: {:?}", run.text());
        assert!(run.text().contains("pwned") || arguments.starts_with("paths"), "{arguments}: {}", run.text());
    }
}

const MISTAKEN: &str = r#"{
  "Version": "2012-10-17",
  "Statement": [
    { "Effect": "Allow", "Action": ["s3:GetObject", "s3:FetchObject"], "Resource": "*" },
    { "Effect": "Allow", "Action": "s3:GetObject", "Resource": "bucket" }
  ]
}"#;

#[test]
fn lint_names_line_column_and_pointer_of_a_file() {
    let run = iam_with(&json!({}), "lint - --format json", MISTAKEN.as_bytes());
    let expected = json!([
        { "policy": "-", "line": 4, "column": 36, "pointer": "/Statement/0/Action", "level": "misleading",
          "code": "unknown-action", "message": "`s3:FetchObject` is no action that AWS documents, nor does it match one" },
        { "policy": "-", "line": 5, "column": 64, "pointer": "/Statement/1/Resource", "level": "malformed",
          "code": "refused", "message": "`/Statement/1/Resource` has the resource `bucket`, which is neither an ARN nor `*`" },
        { "policy": "-", "line": 5, "column": 64, "pointer": "/Statement/1/Resource", "level": "misleading",
          "code": "resource-does-not-fit", "message": "none of the resources is of a kind that `s3:GetObject` applies to" },
    ]);
    assert_eq!((run.code, run.json()), (1, expected));
    let run = iam_with(&json!({}), "lint -", MISTAKEN.as_bytes());
    assert_eq!(run.code, 1);
    assert_snapshot!(run.text(), @r"
    ┌─────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────┐
    │ POLICY                  LEVEL        CODE                    WHAT IS WRONG                                                                      │
    ╞═════════════════════════════════════════════════════════════════════════════════════════════════════════════════════════════════════════════════╡
    │ -:4:36                  misleading   unknown-action          `s3:FetchObject` is no action that AWS documents, nor does it match one            │
    │ /Statement/0/Action                                                                                                                             │
    │ -:5:64                  malformed    refused                 `/Statement/1/Resource` has the resource `bucket`, which is neither an ARN nor `*` │
    │ /Statement/1/Resource                                                                                                                           │
    │ -:5:64                  misleading   resource-does-not-fit   none of the resources is of a kind that `s3:GetObject` applies to                  │
    │ /Statement/1/Resource                                                                                                                           │
    └─────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────┘
    ");
}

#[test]
fn lint_fails_on_the_level_that_is_asked_for() {
    let unknown = document(&json!({ "Effect": "Allow", "Action": "s3:FetchObject", "Resource": "*" })).to_string();
    let code = |text: &str, more: &str| iam_with(&json!({}), &format!("lint - {more}"), text.as_bytes()).code;
    assert_eq!(code(&unknown, ""), 0);
    assert_eq!(code(&unknown, "--fail-on misleading"), 1);
    assert_eq!(code(MISTAKEN, "--fail-on none"), 0);
    let run = iam_with(
        &json!({}),
        "lint -",
        document(&json!({ "Effect": "Deny", "Action": "*", "Resource": "*" })).to_string().as_bytes(),
    );
    assert_eq!((run.code, run.text().as_str()), (0, "no findings\n"));
    let run = iam_with(&json!({}), "lint missing.json", b"");
    assert_eq!(run.code, 2);
    assert!(run.stderr.contains("missing.json"), "{}", run.stderr);
    assert_eq!(iam_with(&json!({}), "lint", b"").code, 2);
}

#[test]
fn lint_says_where_a_file_stops_being_json() {
    let run = iam_with(&json!({}), "lint - --format json", b"{\n  \"Version\": 1,\n  \"Version\": 2\n}");
    let found = run.json();
    assert_eq!((run.code, &found[0]["line"], &found[0]["column"]), (1, &json!(3), &json!(11)), "{found}");
    assert_eq!((&found[0]["code"], &found[0]["level"]), (&json!("grammar"), &json!("malformed")));
}

#[test]
fn lint_judges_a_document_by_what_it_is_attached_to() {
    let text = trust(&json!({ "Service": "ec2.amazonaws.com" })).to_string();
    let code = |more: &str| iam_with(&json!({}), &format!("lint - {more}"), text.as_bytes()).code;
    assert_eq!((code(""), code("--type trust"), code("--type resource")), (1, 0, 0));
}

#[test]
fn lint_of_a_snapshot_names_the_policies() {
    let mut account = company();
    let users = &mut account["observations"][0]["response"]["UserDetailList"];
    users[0]["UserPolicyList"][0]["PolicyDocument"] = json!("%7B%22Version%22%3A%222012-10-17%22%7D");
    users[1]["UserPolicyList"][0]["PolicyDocument"]["Statement"][0]["Action"] = json!("s3:Fetch*");
    let run = iam(&account, "lint --snapshot S --format json");
    let found = run.json();
    let told: Vec<(&str, &str, &str)> = found
        .as_array()
        .unwrap()
        .iter()
        .map(|one| (one["policy"].as_str().unwrap(), one["pointer"].as_str().unwrap(), one["code"].as_str().unwrap()))
        .collect();
    let bob = "arn:aws:iam::111122223333:user/bob/inline-policy/read";
    let expected = [
        ("arn:aws:iam::111122223333:user/ann/inline-policy/up", "", "grammar"),
        (bob, "/Statement/0/Action", "unknown-action"),
    ];
    assert_eq!((run.code, told.as_slice()), (1, expected.as_slice()), "{found}");
    assert!(found[0].get("line").is_none());
    assert_eq!(iam(&company(), "lint --snapshot S").code, 0);
}

#[test]
fn eval_answers_line_by_line_and_reports_what_it_cannot_read() {
    let case = json!({ "id": "a", "request": { "principal": ANN, "action": "s3:GetObject", "resource": "arn:aws:s3:::b/k", "context": {} },
        "policies": { "identity": [document(&json!({ "Sid": "All", "Effect": "Allow", "Action": "s3:*", "Resource": "*" }))] } });
    let run = iam_with(&json!({}), "eval -", format!("{case}\n{{\n").as_bytes());
    let line = run.text();
    let answer: Value = serde_json::from_str(line.trim_end()).unwrap();
    let because = "granted: statement `All` (/Statement/0) of identity policy `policies.identity[0]`";
    assert_eq!(answer, json!({ "id": "a", "decision": "Allowed", "because": because }));
    assert_eq!((run.code, run.stderr.as_str()), (2, "-:2: not valid JSON at column 1: EOF while parsing an object\n"));
}

#[test]
fn access_tells_what_principals_may_do_as_a_whole() {
    let run = iam(&company(), "access --snapshot S --format json");
    assert_eq!(run.code, 0, "{}", run.stderr);
    let told = run.json();
    let expected = json!([
        { "principal": BOSS, "administrator": "yes", "read_only": "no", "mfa_enforced": "no", "budgets": "yes", "billing": "yes",
          "whole_services": ["*"] },
        { "principal": ANN, "administrator": "no", "read_only": "no", "mfa_enforced": "no", "budgets": "no", "billing": "no",
          "whole_services": [] },
        { "principal": "arn:aws:iam::111122223333:user/bob", "administrator": "no", "read_only": "yes", "mfa_enforced": "no",
          "budgets": "no", "billing": "no", "whole_services": [] },
    ]);
    assert_eq!(told, expected);
    assert!(iam(&company(), "access --snapshot S").text().contains("MFA ENFORCED"));
}

#[test]
fn access_of_one_principal_tells_what_each_statement_comes_to() {
    let allow = json!({ "Sid": "Stores", "Effect": "Allow", "Action": ["s3:*", "sqs:SendMessage"], "Resource": "*" });
    let out = json!({ "Effect": "Deny", "Action": "s3:Delete*", "Resource": "*" });
    let none = json!({ "Effect": "Allow", "Action": "s3:DeleteObject", "Resource": "*" });
    let mfa = json!({ "Effect": "Allow", "Action": "kms:Decrypt", "Resource": "*",
        "Condition": { "Bool": { "aws:MultiFactorAuthPresent": "true" } } });
    let all = json!({ "Effect": "Allow", "Action": "sns:*", "Resource": "*" });
    let policies: Vec<Value> =
        [allow, out, none, mfa, all].iter().enumerate().map(|(n, one)| inline(&n.to_string(), one)).collect();
    let account = snapshot(&[user("ann", &policies)], &[]);
    let run = iam(&account, "access ann --snapshot S --format json");
    assert_eq!(run.code, 0, "{}", run.stderr);
    let told = run.json();
    assert_eq!(told["whole_services"], json!(["sns"]));
    let extents: Vec<(&str, &Value)> = told["grants"]
        .as_array()
        .unwrap()
        .iter()
        .map(|grant| (grant["extent"].as_str().unwrap(), &grant["actions"]))
        .collect();
    let expected = [
        ("some", json!(["s3:*", "sqs:sendmessage"])),
        ("nothing", json!(["s3:deleteobject"])),
        ("depends", json!(["kms:decrypt"])),
        ("all", json!(["sns:*"])),
    ];
    let expected: Vec<(&str, &Value)> = expected.iter().map(|(extent, actions)| (*extent, actions)).collect();
    assert_eq!(extents, expected);
    assert_eq!(told["grants"][2]["depends_on"], json!(["aws:MultiFactorAuthPresent"]));
    assert!(iam(&account, "access ann --snapshot S").text().contains("user/ann/inline-policy/0#Stores"));
}

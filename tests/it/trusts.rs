//! `posture iam trusts` and `iam paths` over a fleet: what only several snapshots together can tell.

use serde_json::{Value, json};

use crate::offline::{Run, posture_in};

fn document(statement: &Value) -> Value {
    json!({ "Version": "2012-10-17", "Statement": [statement] })
}

fn may_assume(role: &str) -> Value {
    let statement = json!({ "Sid": "Next", "Effect": "Allow", "Action": "sts:AssumeRole", "Resource": role });
    json!([{ "PolicyName": "next", "PolicyDocument": document(&statement) }])
}

fn user(account: &str, name: &str, policies: &Value) -> Value {
    json!({ "UserName": name, "Arn": format!("arn:aws:iam::{account}:user/{name}"), "GroupList": [],
        "AttachedManagedPolicies": [], "UserPolicyList": policies })
}

fn role(account: &str, name: &str, trusted: &str, condition: &Value, policies: &Value) -> Value {
    let trust = json!({ "Sid": "In", "Effect": "Allow", "Principal": { "AWS": trusted }, "Action": "sts:AssumeRole",
        "Condition": condition });
    json!({ "RoleName": name, "Arn": format!("arn:aws:iam::{account}:role/{name}"),
        "AssumeRolePolicyDocument": document(&trust), "RolePolicyList": policies, "AttachedManagedPolicies": [],
        "InstanceProfileList": [] })
}

/// One account in one line, which manages its organization or is a member of another's.
fn line(account: &str, manager: &str, users: &[Value], roles: &[Value]) -> String {
    let details = json!({ "UserDetailList": users, "GroupDetailList": [], "RoleDetailList": roles, "Policies": [] });
    let organization = json!({ "Organization": { "Id": "o-1", "MasterAccountId": manager } });
    let observation = |service: &str, operation: &str, response: Value| json!({ "service": service, "operation": operation, "region": "us-east-1", "response": response });
    json!({
        "format": "posture-snapshot/1", "collector": "test", "collected_at": "2026-01-01T00:00:00Z",
        "account": account, "partition": "aws", "caller": format!("arn:aws:iam::{account}:user/audit"), "regions": [],
        "observations": [
            observation("iam", "GetAccountAuthorizationDetails", details),
            observation("organizations", "DescribeOrganization", organization),
        ],
    })
    .to_string()
}

/// Ann may go from the first account through a role of the second to the administrator of the third.
fn fleet() -> String {
    let (one, two, three) = ("111111111111", "222222222222", "333333333333");
    let none = json!([]);
    let always = json!({});
    let external = json!({ "StringEquals": { "sts:ExternalId": "x" } });
    let everything = json!([{ "PolicyName": "all", "PolicyDocument": document(&json!({ "Effect": "Allow", "Action": "*", "Resource": "*" })) }]);
    [
        line(
            one,
            one,
            &[user(one, "ann", &may_assume("arn:aws:iam::222222222222:role/deploy")), user(one, "bob", &none)],
            &[role(one, "own", "arn:aws:iam::111111111111:root", &always, &none)],
        ),
        line(
            two,
            one,
            &[],
            &[
                role(
                    two,
                    "deploy",
                    "arn:aws:iam::111111111111:root",
                    &always,
                    &may_assume("arn:aws:iam::333333333333:role/admin"),
                ),
                role(two, "idle", "333333333333", &always, &none),
                role(two, "legacy", "arn:aws:iam::111111111111:user/gone", &always, &none),
                role(two, "vendor", "arn:aws:iam::999999999999:root", &external, &none),
            ],
        ),
        line(
            three,
            one,
            &[],
            &[
                role(three, "admin", "arn:aws:iam::222222222222:role/deploy", &always, &everything),
                role(three, "open", "*", &always, &none),
            ],
        ),
    ]
    .join("\n")
}

/// Runs `posture iam ARGUMENTS` over the fleet on standard input.
fn iam(arguments: &str) -> Run {
    let folder = tempfile::tempdir().unwrap();
    let words = ["iam"].into_iter().chain(arguments.split_whitespace()).chain(["--snapshot", "-"]);
    posture_in(folder.path(), words, fleet().as_bytes())
}

fn told(run: &Run) -> Vec<(String, String, String, String)> {
    let text = |trust: &Value, member: &str| trust[member].as_str().unwrap().replace("arn:aws:iam::", "");
    let trusts = run.json();
    let list = trusts.as_array().unwrap().iter();
    list.map(|trust| (text(trust, "from"), text(trust, "origin"), text(trust, "to"), text(trust, "certainty")))
        .collect()
}

#[test]
fn a_fleet_tells_who_may_assume_roles_of_other_accounts() {
    let run = iam("trusts --format json");
    assert_eq!(run.code, 0, "{}", run.stderr);
    let wanted = [
        ("111111111111:user/ann", "member", "222222222222:role/deploy", "certain"),
        ("222222222222:role/deploy", "member", "333333333333:role/admin", "certain"),
        // An administrator may use every trust that its account or everybody is given.
        ("333333333333:role/admin", "member", "222222222222:role/idle", "certain"),
        ("*", "anybody", "333333333333:role/open", "certain"),
        ("111111111111:user/gone", "missing", "222222222222:role/legacy", "certain"),
        ("999999999999:root", "outside", "222222222222:role/vendor", "certain"),
    ];
    let wanted = wanted.map(|(from, origin, to, certainty)| [from, origin, to, certainty].map(str::to_owned).into());
    assert_eq!(told(&run), wanted);
    let all = run.json();
    // Whoever calls names the external id, so it settles nothing; that it is asked for is told.
    assert_eq!((&all[5]["conditions"], all[5].get("depends_on")), (&json!(["sts:ExternalId"]), None));
    assert_eq!(all[5]["from_account"], "999999999999");
    assert_eq!(all[3].get("from_account"), None);
    let statements = json!([
        "arn:aws:iam::111111111111:user/ann/inline-policy/next#Next",
        "arn:aws:iam::222222222222:role/deploy/trust-policy#In",
    ]);
    assert_eq!(all[0]["statements"], statements);
    // The first account manages the organization and is bound by nothing; the others' control policies nobody told.
    assert_eq!((all[0].get("unless_scp"), &all[1]["unless_scp"]), (None, &json!(true)));
}

#[test]
fn trust_that_nobody_may_use_yet_is_told_as_that_of_the_account() {
    let folder = tempfile::tempdir().unwrap();
    let quiet = fleet().replace("\"Action\":\"*\"", "\"Action\":\"s3:*\"");
    let run = posture_in(
        folder.path(),
        ["iam", "trusts", "333333333333", "--format", "json", "--snapshot", "-"],
        quiet.as_bytes(),
    );
    let idle = ("333333333333:root", "account", "222222222222:role/idle", "depends");
    let (from, origin, to, certainty) = idle;
    assert!(told(&run).contains(&(from.into(), origin.into(), to.into(), certainty.into())), "{}", run.text());
}

#[test]
fn trust_is_asked_for_one_account_or_for_what_is_outside() {
    let of_first = told(&iam("trusts 111111111111 --format json"));
    assert!(of_first.iter().all(|(from, _, to, _)| from.starts_with("1111") || to.starts_with("1111")), "{of_first:?}");
    assert_eq!(of_first.len(), 2);
    let outside: Vec<String> = told(&iam("trusts --outside --format json")).into_iter().map(|trust| trust.1).collect();
    assert_eq!(outside, ["anybody", "outside"]);
    let run = iam("trusts 12");
    assert_eq!(run.code, 2);
    assert!(run.stderr.contains("`12` is not twelve digits"), "{}", run.stderr);
}

#[test]
fn the_table_says_of_whom_no_snapshot_tells() {
    let run = iam("trusts 222222222222 --outside");
    let text = run.text();
    let rows: Vec<&str> =
        text.lines().filter(|line| line.contains("arn:aws:iam:") || line.contains("snapshot")).collect();
    assert_eq!(rows.len(), 2, "{text}");
    for (row, said) in [
        (0, "arn:aws:iam::999999999999:root "),
        (0, "arn:aws:iam::222222222222:role/vendor "),
        (0, "arn:aws:iam::222222222222:role/vendor/trust-policy#In "),
        (0, " sts:ExternalId "),
        (1, "of which no snapshot tells"),
    ] {
        assert!(rows[row].contains(said), "{said} is missing in\n{text}");
    }
    let folder = tempfile::tempdir().unwrap();
    let alone = fleet().lines().next().unwrap().to_owned();
    let run = posture_in(folder.path(), ["iam", "trusts", "--snapshot", "-"], alone.as_bytes());
    assert_eq!(run.text(), "nobody may assume a role of another account\n");
}

#[test]
fn chains_of_roles_lead_to_administrator_across_accounts() {
    let run = iam("paths user/ann --format json");
    let chains = run.json();
    let to_admin: Vec<&Value> = chains.as_array().unwrap().iter().filter(|chain| chain["reaches"] == "admin").collect();
    assert_eq!(to_admin.len(), 1, "{chains}");
    let steps: Vec<&str> =
        to_admin[0]["steps"].as_array().unwrap().iter().map(|step| step["to"].as_str().unwrap()).collect();
    assert_eq!(steps, ["arn:aws:iam::222222222222:role/deploy", "arn:aws:iam::333333333333:role/admin"]);
    assert_eq!(to_admin[0]["certainty"], "certain");
    // Without the account in the middle nobody knows where the chain leads.
    let folder = tempfile::tempdir().unwrap();
    let ends: Vec<String> =
        fleet().lines().filter(|line| !line.contains("\"account\":\"222222222222\"")).map(str::to_owned).collect();
    let run = posture_in(
        folder.path(),
        ["iam", "paths", "user/ann", "--format", "json", "--snapshot", "-"],
        ends.join("\n").as_bytes(),
    );
    assert_eq!(run.json(), json!([]));
}

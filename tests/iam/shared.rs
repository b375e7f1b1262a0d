//! Answers are shared between principals with the same statements: whoever shares gets what it would get alone.

use std::collections::BTreeSet;

use posture::iam::account::Account;
use posture::iam::escalation::each_path_to_administrator;
use proptest::prelude::*;
use serde_json::{Value, json};

const ACCOUNT: &str = "123456789012";

/// Statements by which somebody gains permissions or is kept from it, some of them depending on who asks.
fn statements() -> Vec<Value> {
    let tagged = |value: &str| json!({ "StringEquals": { "aws:PrincipalTag/team": value } });
    let pass = json!({ "Effect": "Allow", "Action": "iam:PassRole", "Resource": "arn:aws:iam::*:role/*" });
    let functions = |condition: Value| json!({ "Effect": "Allow", "Action": ["lambda:CreateFunction", "lambda:InvokeFunction"], "Resource": "*", "Condition": condition });
    vec![
        json!([pass, functions(json!({}))]),
        json!([pass, functions(tagged("a"))]),
        json!([{ "Effect": "Allow", "Action": "iam:CreateAccessKey", "Resource": "arn:aws:iam::*:user/${aws:username}" }]),
        json!([{ "Effect": "Allow", "Action": "iam:CreateAccessKey", "Resource": "arn:aws:iam::*:user/*" }]),
        json!([{ "Effect": "Deny", "Action": "iam:*", "Resource": "*", "Condition": { "StringNotEquals": { "aws:PrincipalTag/team": "a" } } }]),
        json!([{ "Effect": "Allow", "Action": "iam:AttachUserPolicy", "Resource": "arn:aws:iam::*:user/${aws:username}" }]),
        json!([{ "Effect": "Allow", "Action": "sts:AssumeRole", "Resource": "*", "Condition": { "StringLike": { "aws:username": "u-1*" } } }]),
        json!([{ "Effect": "Deny", "Action": "lambda:*", "Resource": "*", "Condition": { "StringEquals": { "aws:username": "u-2" } } }]),
        json!([{ "Effect": "Allow", "Action": "iam:PutUserPolicy", "Resource": "*", "Condition": { "StringEquals": { "aws:ResourceTag/team": "${aws:PrincipalTag/team}" } } }]),
        json!([{ "Effect": "Allow", "Action": ["s3:*", "lambda:*"], "Resource": "*" }]),
        json!([{ "Effect": "Allow", "Action": "iam:PutUserPolicy", "Resource": "*" }]),
        json!([{ "Effect": "Allow", "Action": "*", "Resource": "*" }]),
        json!([]),
        json!([{ "Effect": "Allow", "Action": "iam:UpdateAssumeRolePolicy", "Resource": "*" }]),
        json!([{ "Effect": "Allow", "Action": "iam:PutUserPolicy", "Resource": "arn:aws:iam::*:user/u-1" },
            { "Effect": "Allow", "Action": "iam:*UserPolicy", "Resource": "*" }]),
        json!([{ "Effect": "Deny", "Action": "iam:AttachUserPolicy", "Resource": ["arn:aws:iam::*:user/u-0", "arn:aws:iam::*:user/u-3"] }]),
        json!([{ "Effect": "Allow", "Action": "iam:PutUserPolicy", "Resource": "*", "Condition": { "StringEquals": { "aws:ResourceTag/team": "a" } } },
            { "Effect": "Allow", "Action": "iam:Put*", "Resource": "*" }]),
        json!([{ "Effect": "Allow", "Action": "iam:CreatePolicyVersion", "Resource": "*" }]),
        json!([{ "Effect": "Allow", "Action": "iam:CreateAccessKey", "Resource": "arn:aws:iam::*:user/${aws:username}" },
            { "Effect": "Allow", "Action": "*", "Resource": "*" },
            { "Effect": "Deny", "Action": "iam:CreateUser", "Resource": "arn:aws:iam::*:user/u-?" },
            { "Effect": "Allow", "Action": "iam:AttachUserPolicy", "Resource": "arn:aws:iam::*:user/${aws:username}" }]),
        json!([{ "Effect": "Allow", "Action": ["iam:*User", "iam:*LoginProfile"], "Resource": "arn:aws:iam::*:user/${aws:username}" },
            { "Effect": "Deny", "Action": "iam:PutUserPolicy", "Resource": "arn:aws:iam::*:user/${aws:username}" }]),
        json!([{ "Effect": "Deny", "NotAction": "iam:List*", "Resource": "*", "Condition": { "BoolIfExists": { "aws:MultiFactorAuthPresent": "false" } } }]),
    ]
}

/// A user, or a role that Lambda may assume: which policies it has, its tag, and which policy is its boundary.
#[derive(Debug, Clone)]
struct User {
    policies: Vec<usize>,
    tag: Option<&'static str>,
    boundary: Option<usize>,
    is_role: bool,
}

fn user() -> impl Strategy<Value = User> {
    let count = statements().len();
    let policies = prop::collection::btree_set(0..count, 0..5).prop_map(|set| set.into_iter().collect());
    let tag = prop_oneof![Just(None), Just(Some("a")), Just(Some("b"))];
    (policies, tag, prop::option::weighted(0.2, 0..count), prop::bool::weighted(0.2))
        .prop_map(|(policies, tag, boundary, is_role)| User { policies, tag, boundary, is_role })
}

/// The account of some users. Those of whom `apart` holds have policies of their own that say the same in other words.
fn account(users: &[User], apart: impl Fn(usize) -> bool) -> Account {
    account_in_words(users, apart, |number| number.to_string())
}

/// The same; policies that have the same mark say the same in the same words.
fn account_in_words(users: &[User], apart: impl Fn(usize) -> bool, mark: impl Fn(usize) -> String) -> Account {
    let document = |statements: &Value, mark: &str| {
        let mut statements = statements.clone();
        for (place, statement) in statements.as_array_mut().unwrap().iter_mut().enumerate() {
            statement["Sid"] = json!(format!("S{place}{mark}"));
        }
        json!({ "Version": "2012-10-17", "Statement": statements })
    };
    let arn = |name: &str| format!("arn:aws:iam::{ACCOUNT}:policy/{name}");
    let mut policies = Vec::new();
    let mut policy = |name: &str, document: Value| {
        let version = json!({ "VersionId": "v1", "IsDefaultVersion": true, "Document": document });
        policies.push(
            json!({ "Arn": arn(name), "PolicyName": name, "DefaultVersionId": "v1", "PolicyVersionList": [version] }),
        );
    };
    for (number, statements) in statements().iter().enumerate() {
        policy(&format!("p-{number}"), document(statements, ""));
    }
    let trust = json!({ "Version": "2012-10-17", "Statement": [{ "Effect": "Allow", "Action": "sts:AssumeRole",
        "Principal": { "Service": "lambda.amazonaws.com", "AWS": format!("arn:aws:iam::{ACCOUNT}:root") } }] });
    let lambda = json!({ "Version": "2012-10-17", "Statement": [{ "Effect": "Allow", "Action": "sts:AssumeRole",
        "Principal": { "Service": "lambda.amazonaws.com" } }] });
    let (mut all, mut roles) = (Vec::new(), Vec::new());
    for (number, user) in users.iter().enumerate() {
        let name = |policy: usize| if apart(number) { format!("p-{policy}-{number}") } else { format!("p-{policy}") };
        if apart(number) {
            for own in user.policies.iter().chain(&user.boundary) {
                policy(&name(*own), document(&statements()[*own], &mark(number)));
            }
        }
        let attached: Vec<Value> = user
            .policies
            .iter()
            .map(|own| json!({ "PolicyName": name(*own), "PolicyArn": arn(&name(*own)) }))
            .collect();
        let tags: Vec<Value> = user.tag.iter().map(|tag| json!({ "Key": "team", "Value": tag })).collect();
        let mut detail = if user.is_role {
            json!({ "RoleName": format!("u-{number}"), "Arn": format!("arn:aws:iam::{ACCOUNT}:role/u-{number}"),
                "AssumeRolePolicyDocument": lambda, "RolePolicyList": [], "InstanceProfileList": [] })
        } else {
            json!({ "UserName": format!("u-{number}"), "UserId": format!("AIDA{number}"),
                "Arn": format!("arn:aws:iam::{ACCOUNT}:user/u-{number}"), "GroupList": [], "UserPolicyList": [] })
        };
        detail["AttachedManagedPolicies"] = json!(attached);
        detail["Tags"] = json!(tags);
        if let Some(boundary) = user.boundary {
            detail["PermissionsBoundary"] =
                json!({ "PermissionsBoundaryType": "Policy", "PermissionsBoundaryArn": arn(&name(boundary)) });
        }
        if user.is_role { &mut roles } else { &mut all }.push(detail);
    }
    roles.push(json!({ "RoleName": "boss", "Arn": format!("arn:aws:iam::{ACCOUNT}:role/boss"), "AssumeRolePolicyDocument": trust,
        "RolePolicyList": [], "InstanceProfileList": [], "Tags": [],
        "AttachedManagedPolicies": [{ "PolicyName": "AdministratorAccess", "PolicyArn": "arn:aws:iam::aws:policy/AdministratorAccess" }] }));
    let details =
        json!({ "UserDetailList": all, "GroupDetailList": [], "RoleDetailList": roles, "Policies": policies });
    let mut builder = Account::builder(ACCOUNT, "aws", None);
    builder.add(&serde_json::from_value(details).unwrap(), &[]);
    builder.build()
}

/// A statement as it is called in the account in which all share their policies.
fn named(statement: &str) -> String {
    let found = statement.split_once(":policy/p-").and_then(|(_, rest)| rest.split_once("#S"));
    match found {
        Some((policy, sid)) => format!("p-{}#S{}", policy.split('-').next().unwrap(), &sid[..1]),
        None => statement.to_owned(),
    }
}

/// The chains to administrator of an account, with policies called alike. Whom else it is a gain to
/// become is another matter: that goes by who holds which document.
fn chains(account: &Account) -> Value {
    let mut told = Vec::new();
    each_path_to_administrator(std::slice::from_ref(account), &mut |chain| told.push(chain));
    let mut chains = serde_json::to_value(told).unwrap();
    for chain in chains.as_array_mut().unwrap() {
        for step in chain["steps"].as_array_mut().unwrap() {
            let statements: Vec<String> = step["statement"].as_str().unwrap().split(", ").map(named).collect();
            step["statement"] = json!(statements);
            let object = step["object"].as_str().and_then(|object| object.split_once(":policy/p-"));
            if let Some((_, name)) = object {
                step["object"] = json!(name.split('-').next().unwrap());
            }
        }
    }
    chains
}

/// The place of the policy that says nothing, and of one that allows everything.
const NOTHING: usize = 12;
const EVERYTHING: usize = 11;
/// The place of one that denies most things to most people.
const MOST_DENIED: usize = 4;

/// Users of a few teams, whose members have the same policies, but for one that says nothing. Where the policies allow everything,
/// some have more besides, behind them.
fn teams() -> impl Strategy<Value = Vec<User>> {
    let members = prop::collection::vec((any::<prop::sample::Index>(), user(), any::<bool>()), 3..7);
    let team = (user(), any::<bool>()).prop_map(|(mut team, is_whole)| {
        if is_whole {
            team.policies.extend([MOST_DENIED, EVERYTHING]);
        }
        team
    });
    (prop::collection::vec(team, 1..3), members).prop_map(|(teams, members)| {
        let member = |(team, own, has_more): (prop::sample::Index, User, bool)| {
            let mut user = User { tag: own.tag, ..team.get(&teams).clone() };
            let is_whole = user.policies.contains(&EVERYTHING);
            user.policies.retain(|policy| *policy != NOTHING);
            let more = |policy: &usize| *policy == NOTHING || (has_more && is_whole && *policy > EVERYTHING);
            user.policies.extend(own.policies.into_iter().filter(more));
            user.policies.sort_unstable();
            user.policies.dedup();
            user
        };
        members.into_iter().map(member).collect()
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]
    #[test]
    fn whoever_has_the_policies_of_others_gets_what_it_would_get_alone(users in teams()) {
        let shared = chains(&account(&users, |_| false));
        prop_assert!(chains(&account(&users, |_| true)) == shared);
        prop_assert!(chains(&account(&users, |number| number == 0)) == shared);
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]
    #[test]
    fn whoever_shares_gets_what_it_would_get_alone(users in prop::collection::vec(user(), 2..7)) {
        let shared = chains(&account(&users, |_| false));
        prop_assert!(chains(&account(&users, |_| true)) == shared);
        prop_assert!(chains(&account(&users, |number| number % 2 == 0)) == shared);
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]
    #[test]
    fn whose_policies_say_the_same_under_other_names_has_its_own_named(users in teams()) {
        let apart = account_in_words(&users, |_| true, |_| String::new());
        prop_assert!(chains(&apart) == chains(&account(&users, |_| false)));
        let mut told = Vec::new();
        each_path_to_administrator(std::slice::from_ref(&apart), &mut |chain| told.push(chain));
        let told = serde_json::to_value(told).unwrap();
        for step in told.as_array().unwrap().iter().flat_map(|chain| chain["steps"].as_array().unwrap()) {
            let Some((_, from)) = step["from"].as_str().unwrap().split_once("/u-") else { continue };
            for (_, policy) in step["statement"].as_str().unwrap().split(", ").filter_map(|name| name.split_once(":policy/p-")) {
                let holder = policy.split_once('#').unwrap().0.split_once('-').unwrap().1;
                prop_assert_eq!(holder, from, "{:#}", step);
            }
        }
    }
}

#[test]
fn the_same_statements_lead_different_people_to_different_ends() {
    let user = |tag| User { policies: vec![1, 2], tag: Some(tag), boundary: None, is_role: false };
    let chains = chains(&account(&[user("a"), user("b"), user("a")], |_| false));
    let of = |name: &str| {
        let own =
            chains.as_array().unwrap().iter().filter(|chain| chain["principal"].as_str().unwrap().ends_with(name));
        own.map(|chain| chain["reaches"].as_str().unwrap()).collect::<Vec<_>>()
    };
    assert_eq!((of("u-0"), of("u-1"), of("u-2")), (vec!["admin"], vec![], vec!["admin"]));
}

#[test]
fn the_same_denies_and_bounds_leave_different_people_different_things() {
    let user = |policies: &[usize], tag, boundary| User {
        policies: policies.to_vec(),
        tag: Some(tag),
        boundary,
        is_role: false,
    };
    // Whom the first one ends at.
    let ends = |users: &[User]| {
        let chains = chains(&account(users, |_| false));
        let own =
            chains.as_array().unwrap().iter().filter(|chain| chain["principal"].as_str().unwrap().ends_with("u-0"));
        let ends = own.map(|chain| chain["steps"].as_array().unwrap().last().unwrap()["to"].as_str().unwrap());
        ends.map(|end| end.rsplit('/').next().unwrap().to_owned())
            .collect::<BTreeSet<_>>()
            .into_iter()
            .collect::<Vec<_>>()
    };
    // Whoever may change and take over everybody: one is denied all of IAM by its tag, the other is not.
    let users = [user(&[3, 10], "b", None), user(&[4], "b", None), user(&[4], "a", None)];
    assert_eq!(ends(&users), ["u-0", "u-2"]);
    // Of three who are allowed everything, one is denied it by its tag, and one by a boundary that allows nothing.
    let users =
        [user(&[3], "b", None), user(&[4, 11], "b", None), user(&[4, 11], "a", Some(12)), user(&[4, 11], "a", None)];
    assert_eq!(ends(&users), ["u-3"]);
}

#[test]
fn what_comes_after_a_statement_that_allows_everything_changes_no_way() {
    // Administrators once they used MFA, one of whom may change its own policies besides, some within a boundary that allows all.
    let user = |policies: &[usize], boundary| User { policies: policies.to_vec(), tag: None, boundary, is_role: false };
    let users =
        [user(&[11, 20], None), user(&[11, 14, 20], None), user(&[11, 20], Some(11)), user(&[11, 14, 20], Some(11))];
    let chains = chains(&account(&users, |_| false));
    for number in 0..users.len() {
        let own = format!("/u-{number}");
        let mut first =
            chains.as_array().unwrap().iter().filter(|chain| chain["principal"].as_str().unwrap().ends_with(&own));
        let step = first.find(|chain| chain["steps"][0]["method"] == "iam-007").map(|chain| &chain["steps"][0]);
        let step = step.unwrap_or_else(|| panic!("{own}: {chains:#}"));
        assert_eq!(step["statement"][0], json!("p-11#S0"), "{step:#}");
        assert_eq!(step["depends_on"], json!(["aws:MultiFactorAuthPresent"]), "{step:#}");
    }
}

#[test]
fn the_same_boundary_binds_a_role_where_it_does_not_bind_a_user() {
    // A role that is changed to trust somebody by name: a user's boundary need not allow to assume it, a role's has to.
    let user = |is_role| User { policies: vec![13], tag: None, boundary: Some(13), is_role };
    for roles in [[false, true], [true, false]] {
        let users = roles.map(user);
        let chains = chains(&account(&users, |_| false));
        let escapes = |number: usize| {
            let ends = format!("/u-{number}");
            let mut own = chains.as_array().unwrap().iter();
            own.any(|chain| chain["principal"].as_str().unwrap().ends_with(&ends))
        };
        for (number, is_role) in roles.into_iter().enumerate() {
            assert_eq!(escapes(number), !is_role, "{chains:#}");
        }
    }
}

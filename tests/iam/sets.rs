//! Answers about sets agree with deciding requests one by one.

use posture::iam::access::Access;
use posture::iam::account::Account;
use posture::iam::pattern::Pattern;
use posture::iam::region::Block;
use posture::iam::{Attached, Caller, Context, Decision, Effect, Fact, Policy, PolicySet, Request, Truth};
use proptest::prelude::*;
use proptest::sample::{select, subsequence};
use serde_json::{Value, json};

const USER: &str = "arn:aws:iam::111122223333:user/ann";
const ACTIONS: [&str; 6] =
    ["s3:GetObject", "s3:PutObject", "s3:GetBucketAcl", "sqs:SendMessage", "iam:PassRole", "ec2:RunInstances"];
const RESOURCES: [&str; 5] =
    ["arn:aws:s3:::b/ann", "arn:aws:s3:::b/bob", "arn:aws:s3:::c", "arn:aws:sqs:eu-west-1:111122223333:q", "*"];

fn condition() -> impl Strategy<Value = Value> {
    let operators = ["StringEquals", "StringNotEquals", "StringLikeIfExists", "ForAllValues:StringEquals", "Null"];
    let values = subsequence(vec!["a", "ann", "true", "*"], 1..3);
    (select(operators.to_vec()), select(vec!["aws:username", "k:one", "k:unknown"]), values)
        .prop_map(|(operator, key, values)| json!({ operator: { key: values } }))
}

fn statement() -> impl Strategy<Value = Value> {
    let actions =
        subsequence(vec!["*", "s3:Get*", "*:*Object", "s3:*", "sqs:SendMessage", "S3:PUT*", "iam:Pass?ole"], 1..3);
    let resources = vec![
        "*",
        "arn:aws:s3:::b/*",
        "arn:aws:s3:::b/${aws:username}",
        "arn:aws:s3:::?",
        "arn:aws:s3:::b/${k:unknown}",
    ];
    let condition = proptest::option::weighted(0.4, condition());
    (
        select(vec!["Allow", "Allow", "Deny"]),
        any::<bool>(),
        actions,
        any::<bool>(),
        subsequence(resources, 1..3),
        condition,
    )
        .prop_map(|(effect, action, actions, resource, resources, condition)| {
            let mut statement = json!({ "Effect": effect });
            statement[if action { "Action" } else { "NotAction" }] = json!(actions);
            statement[if resource { "Resource" } else { "NotResource" }] = json!(resources);
            if let Some(condition) = condition {
                statement["Condition"] = condition;
            }
            statement
        })
}

fn document() -> impl Strategy<Value = Value> {
    prop::collection::vec(statement(), 1..4)
        .prop_map(|statements| json!({ "Version": "2012-10-17", "Statement": statements }))
}

fn account(identity: &[Value], boundary: Option<&Value>) -> Account {
    let inline: Vec<Value> = identity
        .iter()
        .enumerate()
        .map(|(n, document)| json!({ "PolicyName": n.to_string(), "PolicyDocument": document }))
        .collect();
    let mut user = json!({ "UserName": "ann", "Arn": USER, "GroupList": [], "AttachedManagedPolicies": [], "UserPolicyList": inline });
    let mut policies = json!([]);
    if let Some(document) = boundary {
        user["PermissionsBoundary"] = json!({ "PermissionsBoundaryArn": "arn:aws:iam::111122223333:policy/b" });
        let version = json!({ "VersionId": "v1", "IsDefaultVersion": true, "Document": document });
        policies = json!([{ "Arn": "arn:aws:iam::111122223333:policy/b", "DefaultVersionId": "v1", "PolicyVersionList": [version] }]);
    }
    let details =
        json!({ "UserDetailList": [user], "GroupDetailList": [], "RoleDetailList": [], "Policies": policies });
    let mut builder = Account::builder("111122223333", "aws", None);
    let details = serde_json::from_value(details).unwrap();
    builder.add(&details, &[]);
    builder.build()
}

/// The decisions of the evaluator, asked pair by pair.
struct OneByOne {
    identity: Vec<Policy>,
    boundary: Option<Policy>,
    scps: Vec<Vec<Policy>>,
    context: Context,
}

impl OneByOne {
    fn decide(&self, action: &str, resource: &str) -> Decision {
        let named = |policy| Attached { name: "p", policy };
        let set = PolicySet {
            identity: self.identity.iter().map(named).collect(),
            boundary: self.boundary.as_ref().map(|policy| vec![named(policy)]),
            scp: (!self.scps.is_empty())
                .then(|| self.scps.iter().map(|level| level.iter().map(named).collect()).collect()),
            ..PolicySet::default()
        };
        set.decide(&Request::new(Caller::parse(USER), action, resource, Some("111122223333"), self.context.clone()))
    }
}

fn world(identity: &[Value], boundary: Option<&Value>, access: &Access<'_>) -> OneByOne {
    let mut context = access.context().clone();
    context.set("k:one", Fact::Present(vec!["a".to_owned()]));
    let read = |document: &Value| Policy::from_value(document).unwrap();
    OneByOne { identity: identity.iter().map(read).collect(), boundary: boundary.map(read), scps: Vec::new(), context }
}

fn as_truth(decision: &Decision) -> &'static str {
    match decision {
        Decision::Allowed => "yes",
        Decision::ImplicitlyDenied | Decision::ExplicitlyDenied => "no",
        Decision::Unknown(_) => "open",
    }
}

fn word(truth: &Truth) -> &'static str {
    match truth {
        Truth::True => "yes",
        Truth::False => "no",
        Truth::Unknown(_) => "open",
    }
}

proptest! {
    #[test]
    fn a_single_pair_is_answered_as_a_request(identity in prop::collection::vec(document(), 1..3), boundary in proptest::option::of(document())) {
        let account = account(&identity, boundary.as_ref());
        let access = Access::new(&account, account.principal(USER).unwrap());
        let world = world(&identity, boundary.as_ref(), &access);
        for action in ACTIONS {
            for resource in RESOURCES {
                let verdict = access.can_some(&Block::new(action, Pattern::literal(resource)), &world.context);
                let (set, request) = (word(&verdict.truth), as_truth(&world.decide(action, resource)));
                // The evaluator leaves a pattern with an unknown variable open even where no value could make it match.
                let finer = request == "open" && format!("{identity:?}{boundary:?}").contains("${k:unknown}");
                prop_assert!(set == request || finer, "{} on {}: {} and {}", action, resource, set, request);
            }
        }
    }

    #[test]
    fn service_control_policies_bind_as_in_a_request(
        identity in prop::collection::vec(document(), 1..3),
        levels in prop::collection::vec(prop::collection::vec(document(), 1..3), 1..3),
    ) {
        let mut account = account(&identity, None);
        let read = |document: &Value| Policy::from_value(document).unwrap();
        let mut scps: Vec<Vec<Policy>> = levels.iter().map(|level| level.iter().map(read).collect()).collect();
        let named: Vec<Vec<(String, Policy)>> = scps
            .iter()
            .map(|level| level.iter().map(|policy| ("scp".to_owned(), policy.clone())).collect())
            .collect();
        account.guard(&named, &[]);
        // A level that only denies stands beside FullAWSAccess.
        let full = json!({ "Version": "2012-10-17", "Statement": [{ "Effect": "Allow", "Action": "*", "Resource": "*" }] });
        for level in &mut scps {
            if level.iter().flat_map(|policy| &policy.statements).all(|statement| statement.effect == Effect::Deny) {
                level.push(read(&full));
            }
        }
        let access = Access::new(&account, account.principal(USER).unwrap());
        let world = OneByOne { scps, ..world(&identity, None, &access) };
        for action in ACTIONS {
            for resource in RESOURCES {
                let verdict = access.can_some(&Block::new(action, Pattern::literal(resource)), &world.context);
                let (set, request) = (word(&verdict.truth), as_truth(&world.decide(action, resource)));
                let finer = request == "open" && format!("{identity:?}{levels:?}").contains("${k:unknown}");
                prop_assert!(set == request || finer, "{} on {}: {} and {}", action, resource, set, request);
            }
        }
    }

    #[test]
    fn what_holds_for_all_holds_for_each_and_what_holds_for_some_has_an_example(
        identity in prop::collection::vec(document(), 1..3),
        boundary in proptest::option::of(document()),
        action in select(vec!["*", "s3:*", "s3:Get*", "*:*Object", "iam:PassRole"]),
        resource in select(vec!["*", "arn:aws:s3:::b/*", "arn:aws:s3:::c", "arn:aws:*"]),
    ) {
        let account = account(&identity, boundary.as_ref());
        let access = Access::new(&account, account.principal(USER).unwrap());
        let world = world(&identity, boundary.as_ref(), &access);
        let block = Block::new(action, Pattern::glob(resource));
        let some = access.can_some(&block, &world.context);
        let all = access.can_all(&block, &world.context);
        for one in ACTIONS.iter().filter(|one| Pattern::action(action).matches(&one.to_ascii_lowercase())) {
            for other in RESOURCES.iter().filter(|other| Pattern::glob(resource).matches(other)) {
                let decision = world.decide(one, other);
                if all.is_true() {
                    prop_assert_ne!(as_truth(&decision), "no", "{} on {}", one, other);
                }
                if some.truth.is_false() {
                    prop_assert_ne!(as_truth(&decision), "yes", "{} on {}", one, other);
                }
                if all.is_false() && word(&some.truth) == "no" {
                    prop_assert_ne!(as_truth(&decision), "yes");
                }
            }
        }
        if let (Truth::True, Some((one, other))) = (&some.truth, &some.example) {
            prop_assert_ne!(as_truth(&world.decide(one, other)), "no", "{} on {}", one, other);
        }
    }
}

#[test]
fn a_variable_whose_value_nobody_knows_is_named_as_the_doubt() {
    let document = json!({ "Version": "2012-10-17", "Statement": [
        { "Effect": "Allow", "Action": "s3:GetObject", "Resource": "arn:aws:s3:::b/${k:unknown}" },
        { "Effect": "Allow", "Action": "sqs:SendMessage", "Resource": "arn:aws:sqs:*:*:${aws:username}" },
    ] });
    let account = account(&[document], None);
    let access = Access::new(&account, account.principal(USER).unwrap());
    assert_eq!(access.can("s3:GetObject").truth, Truth::unknown("a policy variable"));
    assert_eq!(access.can("sqs:SendMessage").truth, Truth::True);
    assert_eq!(access.can("s3:PutObject").truth, Truth::False);
}

#[test]
fn a_service_is_whole_as_far_as_denies_leave_it() {
    let allow = json!({ "Effect": "Allow", "Action": "*", "Resource": "*" });
    let whole = |statements: &[&Value]| {
        let account = account(&[json!({ "Version": "2012-10-17", "Statement": statements })], None);
        Access::new(&account, account.principal(USER).unwrap()).whole_services()
    };
    assert_eq!(whole(&[&allow]), ["*"]);
    let deny = json!({ "Effect": "Deny", "Action": "s3:DeleteBucket", "Resource": "*" });
    let services = whole(&[&allow, &deny]);
    assert!(services.iter().any(|service| service == "iam"), "{services:?}");
    assert!(!services.iter().any(|service| service == "s3" || service == "*"), "{services:?}");
}

#[test]
fn a_statement_that_lacks_what_it_speaks_of_makes_its_document_unread() {
    let statement = json!({ "Effect": "Allow", "Action": "s3:*", "Resource": "*" });
    let without = |member: &str| {
        let mut statement = statement.clone();
        drop(statement.as_object_mut().unwrap().remove(member));
        let account = account(&[json!({ "Version": "2012-10-17", "Statement": [statement] })], None);
        (account.unread().len(), Access::new(&account, account.principal(USER).unwrap()).can("sqs:SendMessage").truth)
    };
    assert_eq!(without("Sid"), (0, Truth::False));
    for member in ["Action", "Resource"] {
        let (unread, truth) = without(member);
        assert_eq!(unread, 1, "{member}");
        assert!(matches!(truth, Truth::Unknown(_)), "{member}: {truth:?}");
    }
}

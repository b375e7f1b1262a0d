//! What holds for all policies and requests.

use posture::iam::{Attached, Caller, Context, Decision, Fact, Policy, PolicySet, Request};
use proptest::prelude::*;
use proptest::sample::{select, subsequence};
use serde_json::{Value, json};

const ACCOUNT: &str = "111122223333";
const KEYS: [&str; 3] = ["aws:username", "k:one", "k:many"];
const OPERATORS: [&str; 13] = [
    "StringEquals",
    "StringNotEquals",
    "StringLike",
    "StringNotLikeIfExists",
    "StringEqualsIfExists",
    "Null",
    "Bool",
    "ForAllValues:StringEquals",
    "ForAnyValue:StringLike",
    "ForAllValues:StringNotLike",
    "NumericLessThan",
    "IpAddress",
    "ArnLike",
];

/// The policies of one request, as documents; the request's policies stay the same in every variation.
#[derive(Debug, Clone)]
struct World {
    identity: Vec<Value>,
    boundary: Option<Value>,
    session: Option<Value>,
    resource: Option<Value>,
    scp: Option<Vec<Value>>,
}

fn condition() -> impl Strategy<Value = Value> {
    let values = subsequence(vec!["a", "b", "true", "1", "*", "${aws:username}", "10.0.0.0/8"], 0..3);
    (select(OPERATORS.to_vec()), select(KEYS.to_vec()), values)
        .prop_map(|(operator, key, values)| json!({ operator: { key: values } }))
}

fn principal() -> impl Strategy<Value = Value> {
    let own = ["*", ACCOUNT, "arn:aws:iam::111122223333:user/a", "arn:aws:iam::111122223333:role/r"];
    let other = ["arn:aws:sts::111122223333:assumed-role/r/s", "444455556666"];
    subsequence([own.as_slice(), other.as_slice()].concat(), 1..3).prop_map(|list| json!({ "AWS": list }))
}

fn statement(effect: &'static str) -> impl Strategy<Value = Value> {
    let action = (any::<bool>(), subsequence(vec!["*", "s3:Get*", "s3:*Object", "sqs:*", "S3:PUTOBJECT"], 1..3));
    let resource = (
        any::<bool>(),
        subsequence(vec!["*", "arn:aws:s3:::b/*", "arn:aws:s3:::b/${aws:username}", "arn:aws:s3:::c"], 1..3),
    );
    (action, resource, proptest::option::of(condition()), principal()).prop_map(
        move |(action, resource, condition, principal)| {
            let mut statement = json!({ "Effect": effect, "Principal": principal });
            statement[if action.0 { "Action" } else { "NotAction" }] = json!(action.1);
            statement[if resource.0 { "Resource" } else { "NotResource" }] = json!(resource.1);
            if let Some(condition) = condition {
                statement["Condition"] = condition;
            }
            statement
        },
    )
}

fn policy() -> impl Strategy<Value = Value> {
    let any = prop_oneof![3 => statement("Allow"), 1 => statement("Deny")];
    proptest::collection::vec(any, 0..4)
        .prop_map(|statements| json!({ "Version": "2012-10-17", "Statement": statements }))
}

fn world() -> impl Strategy<Value = World> {
    let maybe = || proptest::option::weighted(0.3, policy());
    let scp = proptest::option::weighted(0.3, proptest::collection::vec(policy(), 1..3));
    (proptest::collection::vec(policy(), 1..3), maybe(), maybe(), proptest::option::of(policy()), scp)
        .prop_map(|(identity, boundary, session, resource, scp)| World { identity, boundary, session, resource, scp })
}

fn fact() -> impl Strategy<Value = Fact> {
    let texts =
        || subsequence(vec!["a".to_owned(), "b".to_owned(), "true".to_owned(), "1".to_owned(), String::new()], 0..3);
    prop_oneof![2 => texts().prop_map(Fact::Present), 1 => Just(Fact::Absent)]
}

fn open_fact() -> impl Strategy<Value = Fact> {
    prop_oneof![3 => fact(), 1 => Just(Fact::Unknown), 1 => Just(Fact::SomeValue)]
}

fn request(facts: impl Strategy<Value = Vec<Fact>>) -> impl Strategy<Value = Request> {
    let callers = [
        "arn:aws:iam::111122223333:user/a",
        "arn:aws:sts::111122223333:assumed-role/r/s",
        "arn:aws:iam::444455556666:user/a",
        "anonymous",
    ];
    let actions = ["s3:GetObject", "s3:PutObject", "sqs:SendMessage", "sts:AssumeRole"];
    let resources = ["*", "arn:aws:s3:::b/a", "arn:aws:s3:::c"];
    (select(callers.to_vec()), select(actions.to_vec()), select(resources.to_vec()), facts).prop_map(
        |(caller, action, resource, facts)| {
            let mut context = Context::complete();
            for (key, fact) in KEYS.iter().zip(facts) {
                context.set(key, fact);
            }
            Request::new(Caller::parse(caller), action, resource, Some(ACCOUNT), context)
        },
    )
}

fn closed_request() -> impl Strategy<Value = Request> {
    request(proptest::collection::vec(fact(), KEYS.len()))
}

fn open_request() -> impl Strategy<Value = Request> {
    request(proptest::collection::vec(open_fact(), KEYS.len()))
}

fn decide(world: &World, request: &Request) -> Decision {
    let parse = |document: &Value| Policy::from_value(document).unwrap();
    let parse_all = |documents: &[Value]| documents.iter().map(parse).collect::<Vec<Policy>>();
    let (identity, scp) = (parse_all(&world.identity), world.scp.as_deref().map(parse_all));
    let one = |document: &Option<Value>| document.as_ref().map(|document| vec![parse(document)]);
    let (boundary, session, resource) = (one(&world.boundary), one(&world.session), one(&world.resource));
    let set = PolicySet {
        identity: attached(&identity),
        boundary: boundary.as_deref().map(attached),
        session: session.as_deref().map(attached),
        resource: resource.as_deref().map(attached),
        scp: scp.as_ref().map(|levels| levels.iter().map(|level| attached(std::slice::from_ref(level))).collect()),
        ..PolicySet::default()
    };
    let answer = set.answer(request);
    assert_eq!(answer.decision, set.decide(request));
    answer.decision
}

fn attached(policies: &[Policy]) -> Vec<Attached<'_>> {
    policies.iter().map(|policy| Attached { name: "p", policy }).collect()
}

/// Every document of a world that is there.
fn documents(world: &mut World) -> Vec<&mut Value> {
    let single = [&mut world.boundary, &mut world.session, &mut world.resource].into_iter().flatten();
    world.identity.iter_mut().chain(world.scp.iter_mut().flatten()).chain(single).collect()
}

fn add(world: &World, which: usize, statement: &Value) -> World {
    let mut changed = world.clone();
    let mut documents = documents(&mut changed);
    let count = documents.len();
    documents[which % count]["Statement"].as_array_mut().unwrap().push(statement.clone());
    changed
}

fn denied(decision: &Decision) -> bool {
    matches!(decision, Decision::ImplicitlyDenied | Decision::ExplicitlyDenied)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn adding_a_deny_never_grants(world in world(), request in open_request(), which in 0..8_usize, statement in statement("Deny")) {
        let (before, after) = (decide(&world, &request), decide(&add(&world, which, &statement), &request));
        prop_assert!(after != Decision::Allowed || before == Decision::Allowed, "{before} became {after}");
        prop_assert!(!denied(&before) || denied(&after), "{before} became {after}");
    }

    #[test]
    fn adding_an_allow_never_takes_away(world in world(), request in open_request(), which in 0..8_usize, statement in statement("Allow")) {
        let (before, after) = (decide(&world, &request), decide(&add(&world, which, &statement), &request));
        prop_assert!(before != Decision::Allowed || after == Decision::Allowed, "{before} became {after}");
        prop_assert!(!denied(&after) || denied(&before), "{before} became {after}");
    }

    #[test]
    fn the_order_of_statements_does_not_matter(world in world(), request in open_request()) {
        let mut turned = world.clone();
        for document in documents(&mut turned) {
            document["Statement"].as_array_mut().unwrap().reverse();
        }
        turned.identity.reverse();
        prop_assert_eq!(decide(&world, &request), decide(&turned, &request));
    }

    #[test]
    fn a_request_of_which_everything_is_known_is_decided(world in world(), request in closed_request()) {
        prop_assert!(!matches!(decide(&world, &request), Decision::Unknown(_)));
    }

    #[test]
    fn learning_more_never_overturns_an_answer(world in world(), open in open_request(), facts in proptest::collection::vec(fact(), KEYS.len())) {
        let mut closed = open.clone();
        for (key, fact) in KEYS.iter().zip(facts) {
            match open.context.get(key) {
                Fact::Unknown => closed.context.set(key, fact),
                // Whoever says that there is some value means at least one.
                Fact::SomeValue => closed.context.set(key, match fact {
                    Fact::Present(values) if !values.is_empty() => Fact::Present(values),
                    _ => Fact::Present(vec!["a".to_owned()]),
                }),
                Fact::Present(_) | Fact::Absent => {}
            }
        }
        let (before, after) = (decide(&world, &open), decide(&world, &closed));
        match &before {
            Decision::Unknown(keys) => prop_assert!(!keys.is_empty()),
            Decision::Allowed => prop_assert_eq!(after, Decision::Allowed),
            Decision::ExplicitlyDenied => prop_assert_eq!(after, Decision::ExplicitlyDenied),
            Decision::ImplicitlyDenied => prop_assert!(denied(&after)),
        }
    }

    #[test]
    fn printing_and_parsing_again_is_the_identity(document in policy()) {
        let policy = Policy::from_value(&document).unwrap();
        let printed = policy.to_string();
        let again: Policy = printed.parse().unwrap();
        prop_assert_eq!(&again, &policy);
        prop_assert_eq!(again.to_string(), printed);
    }
}

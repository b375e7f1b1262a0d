//! What holds of every pattern, tried on patterns and events made up by chance.
//!
//! Patterns are evaluated here directly on JSON, apart from the classes that [`covers`] works with.

use proptest::prelude::*;
use serde_json::{Map, Value as Json, json};

use super::{Coverage, MAX_BYTES, Order, Pattern, Selector, Step, Term, Test, Text, Tree, Value, covers};

/// What AWS leaves open, taken one way or the other.
#[derive(Debug, Clone, Copy)]
struct Reading {
    /// What `!=` says of a member that is missing, `null` or of another type.
    unlike: bool,
    /// What a regular expression says of anything.
    regex: bool,
}

const READINGS: [Reading; 4] = [
    Reading { unlike: false, regex: false },
    Reading { unlike: false, regex: true },
    Reading { unlike: true, regex: false },
    Reading { unlike: true, regex: true },
];

fn matches(tree: &Tree, event: &Json, reading: Reading) -> bool {
    match tree {
        Tree::Term(term) => {
            let found = select(event, &term.selector.0);
            // Of several members one is enough, and of none nothing is there.
            if found.is_empty() {
                holds(&term.test, None, reading)
            } else {
                found.into_iter().any(|one| holds(&term.test, Some(one), reading))
            }
        }
        Tree::All(trees) => trees.iter().all(|tree| matches(tree, event, reading)),
        Tree::Any(trees) => trees.iter().any(|tree| matches(tree, event, reading)),
    }
}

fn select<'a>(value: &'a Json, steps: &[Step]) -> Vec<&'a Json> {
    let Some((step, rest)) = steps.split_first() else { return vec![value] };
    match step {
        Step::Member(name) => value.get(name).map_or_else(Vec::new, |value| select(value, rest)),
        Step::Element(index) => value.get(*index as usize).map_or_else(Vec::new, |value| select(value, rest)),
        Step::EachElement => value.as_array().into_iter().flatten().flat_map(|value| select(value, rest)).collect(),
    }
}

fn holds(test: &Test, value: Option<&Json>, reading: Reading) -> bool {
    let composite = value.is_some_and(|value| value.is_object() || value.is_array());
    match test {
        Test::Exists => value.is_some(),
        Test::NotExists => value.is_none(),
        _ if composite => false,
        Test::IsNull => value == Some(&Json::Null),
        Test::IsTrue => value == Some(&json!(true)),
        Test::IsFalse => value == Some(&json!(false)),
        Test::Is(wanted) => equals(wanted, value, reading).unwrap_or(false),
        Test::IsNot(wanted) => equals(wanted, value, reading).map_or(reading.unlike, |equal| !equal),
        Test::Compares(order, wanted) => value.and_then(Json::as_f64).is_some_and(|number| match order {
            Order::Less => number < *wanted,
            Order::LessOrEqual => number <= *wanted,
            Order::Greater => number > *wanted,
            Order::GreaterOrEqual => number >= *wanted,
        }),
    }
}

/// `None` where a value is of another type than what it is compared with.
fn equals(wanted: &Value, value: Option<&Json>, reading: Reading) -> Option<bool> {
    match (wanted, value?) {
        (Value::Regex(_), _) => Some(reading.regex),
        (Value::Text(text), Json::String(value)) => Some(match (text.open_start, text.open_end) {
            (false, false) => *value == text.text,
            (false, true) => value.starts_with(&text.text),
            (true, false) => value.ends_with(&text.text),
            (true, true) => value.contains(&text.text),
        }),
        (Value::Number(number), Json::Number(value)) => Some(value.as_f64() == Some(*number)),
        _ => None,
    }
}

/// A few words, so that patterns and events often meet.
fn word() -> impl Strategy<Value = String> {
    proptest::sample::select(vec![
        "",
        "a",
        "b",
        "ab",
        "ba",
        "aba",
        "CreateTrail",
        "Trail",
        "x.y-z",
        "4",
        "é",
        "say \"x\\y\"",
    ])
    .prop_map(str::to_owned)
}

fn number() -> impl Strategy<Value = f64> {
    proptest::sample::select(vec![-2.5, 0.0, 1.0, 1.5, 4.0, 400.0, 1e9])
}

fn text() -> impl Strategy<Value = Text> {
    (any::<bool>(), word(), any::<bool>()).prop_map(|(start, text, end)| {
        // What is open on one side of nothing is open on both.
        let both = text.is_empty() && (start || end);
        Text { open_start: start || both, text, open_end: end || both }
    })
}

fn value() -> impl Strategy<Value = Value> {
    prop_oneof![
        6 => text().prop_map(Value::Text),
        2 => number().prop_map(Value::Number),
        1 => Just(Value::Regex("^a[b]{1,2}$".to_owned())),
    ]
}

fn order() -> impl Strategy<Value = Order> {
    proptest::sample::select(vec![Order::Less, Order::LessOrEqual, Order::Greater, Order::GreaterOrEqual])
}

fn test() -> impl Strategy<Value = Test> {
    prop_oneof![
        8 => value().prop_map(Test::Is),
        3 => value().prop_map(Test::IsNot),
        2 => (order(), number()).prop_map(|(order, number)| Test::Compares(order, number)),
        1 => proptest::sample::select(vec![Test::IsNull, Test::IsTrue, Test::IsFalse, Test::Exists, Test::NotExists]),
    ]
}

fn selector() -> impl Strategy<Value = Selector> {
    let member = |name: &str| Step::Member(name.to_owned());
    proptest::sample::select(vec![
        Selector(vec![member("p")]),
        Selector(vec![member("q")]),
        Selector(vec![member("p"), member("inner")]),
        Selector(vec![member("odd key")]),
        Selector(vec![member("list"), Step::Element(1)]),
        Selector(vec![member("list"), Step::EachElement]),
    ])
}

fn tree() -> impl Strategy<Value = Tree> {
    joined((selector(), test()).prop_map(|(selector, test)| Tree::Term(Term { selector, test })))
}

fn joined(term: impl Strategy<Value = Tree> + 'static) -> impl Strategy<Value = Tree> {
    term.prop_recursive(3, 12, 4, |inner| {
        let several = proptest::collection::vec(inner, 2..4);
        prop_oneof![
            several.clone().prop_map(|trees| Tree::all(trees).unwrap()),
            several.prop_map(|trees| Tree::any(trees).unwrap()),
        ]
    })
}

fn leaf() -> impl Strategy<Value = Json> {
    prop_oneof![
        6 => word().prop_map(Json::from),
        2 => number().prop_map(Json::from),
        1 => proptest::sample::select(vec![json!(null), json!(true), json!(false), json!({ "inner": "a" }), json!([4])]),
        2 => ("[ab4]{0,3}", word()).prop_map(|(one, other)| json!(format!("{one}{other}"))),
    ]
}

fn event() -> impl Strategy<Value = Json> {
    let member = || proptest::option::of(leaf());
    let list = proptest::collection::vec(leaf(), 0..3);
    (member(), member(), member(), list).prop_map(|(p, q, odd, list)| {
        let members = [("p", p), ("q", q), ("odd key", odd)];
        let mut event: Map<String, Json> =
            members.into_iter().filter_map(|(name, value)| Some((name.to_owned(), value?))).collect();
        event.insert("list".to_owned(), Json::Array(list));
        Json::Object(event)
    })
}

/// The same tree written otherwise: members turned around and doubled, `a || b` for `b || a || b`.
fn rewritten(tree: &Tree) -> Tree {
    let again = |trees: &[Tree]| {
        let mut turned: Vec<Tree> = trees.iter().rev().map(rewritten).collect();
        turned.extend(trees.first().map(rewritten));
        turned
    };
    match tree {
        Tree::Term(term) => Tree::Term(term.clone()),
        Tree::All(trees) => Tree::all(again(trees)).unwrap(),
        Tree::Any(trees) => Tree::any(again(trees)).unwrap(),
    }
}

/// `a && (b || c)` as `(a && b) || (a && c)`, at the root.
fn distributed(tree: &Tree) -> Tree {
    let Tree::All(trees) = tree else { return tree.clone() };
    let Some(place) = trees.iter().position(|tree| matches!(tree, Tree::Any(_))) else { return tree.clone() };
    let mut rest = trees.clone();
    let Tree::Any(choices) = rest.remove(place) else { return tree.clone() };
    Tree::any(choices.into_iter().filter_map(|choice| Tree::all(rest.iter().cloned().chain([choice])))).unwrap()
}

/// Patterns over texts alone.
fn texts() -> impl Strategy<Value = Tree> {
    let selector = proptest::sample::select(vec!["p", "q", "r"]).prop_map(|name| Selector::members([name]));
    let test = (text().prop_map(Value::Text), any::<bool>())
        .prop_map(|(value, is)| if is { Test::Is(value) } else { Test::IsNot(value) });
    joined((selector, test).prop_map(|(selector, test)| Tree::Term(Term { selector, test })))
}

/// The opposite by De Morgan.
fn opposite(tree: &Tree) -> Tree {
    match tree {
        Tree::Term(Term { selector, test }) => {
            let test = match test.clone() {
                Test::Is(value) => Test::IsNot(value),
                Test::IsNot(value) => Test::Is(value),
                other => panic!("{other:?} has no opposite"),
            };
            Tree::Term(Term { selector: selector.clone(), test })
        }
        Tree::All(trees) => Tree::any(trees.iter().map(opposite)).unwrap(),
        Tree::Any(trees) => Tree::all(trees.iter().map(opposite)).unwrap(),
    }
}

fn read(text: &str) -> Tree {
    match text.parse() {
        Ok(Pattern::Json(tree)) => tree,
        other => panic!("{text}: {other:?}"),
    }
}

fn kind(coverage: &Coverage) -> &'static str {
    match coverage {
        Coverage::Covers => "covers",
        Coverage::Misses(_) => "misses",
        Coverage::Undecided(_) => "undecided",
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    #[test]
    fn what_is_printed_reads_back_as_the_same_tree(tree in tree()) {
        prop_assert_eq!(read(&tree.to_string()), tree);
    }

    #[test]
    fn no_text_makes_the_parser_panic(text in "\\PC{0,60}", inner in "[ ${}()|&=!<>%.*\\[\\]\"'a-z0-9\\\\]{0,60}") {
        let _ = text.parse::<Pattern>();
        let _ = format!("{{{inner}}}").parse::<Pattern>();
        let _ = format!("{{ $.a {inner} }}").parse::<Pattern>();
    }

    #[test]
    fn what_covers_matches_every_event_of_the_control(
        filter in tree(), control in tree(), events in proptest::collection::vec(event(), 48)
    ) {
        if covers(&filter, &control) == Coverage::Covers {
            for (event, reading) in events.iter().flat_map(|event| READINGS.map(|reading| (event, reading))) {
                let missed = matches(&control, event, reading) && !matches(&filter, event, reading);
                prop_assert!(!missed, "{filter} misses {event} of {control} under {reading:?}");
            }
        }
    }

    #[test]
    fn a_pattern_covers_itself_and_all_that_is_narrower(one in tree(), other in tree()) {
        let narrower = Tree::all([one.clone(), other.clone()]).unwrap();
        let wider = Tree::any([other, one.clone()]).unwrap();
        prop_assert_eq!(covers(&one, &one), Coverage::Covers);
        prop_assert_eq!(covers(&one, &narrower), Coverage::Covers);
        prop_assert_eq!(covers(&wider, &one), Coverage::Covers);
    }

    #[test]
    fn other_ways_to_write_a_pattern_cover_no_more_and_no_less(filter in tree(), control in tree()) {
        let is_covered = |filter: &Tree, control: &Tree| covers(filter, control) == Coverage::Covers;
        let answer = is_covered(&filter, &control);
        for same in [rewritten(&filter), distributed(&filter)] {
            prop_assert_eq!(is_covered(&same, &control), answer, "{} for {}", same, filter);
        }
        for same in [rewritten(&control), distributed(&control)] {
            prop_assert_eq!(is_covered(&filter, &same), answer, "{} for {}", same, control);
        }
    }

    #[test]
    fn de_morgan_turns_what_is_missed_around(filter in texts(), control in texts()) {
        let (no_filter, no_control) = (opposite(&filter), opposite(&control));
        prop_assert_eq!(&opposite(&no_filter), &filter);
        // `!=` is the opposite of `=` where a member is text.
        let among_texts = |tree: &Tree| Tree::all([tree.clone(), read("{ $.p = * && $.q = * && $.r = * }")]).unwrap();
        let missed = |filter: &Tree, control: &Tree| kind(&covers(filter, &among_texts(control))) == "misses";
        prop_assert_eq!(missed(&filter, &control), missed(&no_control, &no_filter), "{} {}", filter, control);
    }

    #[test]
    fn names_decide_as_sets_do(
        filter in proptest::collection::btree_set(0..6u8, 1..6), control in proptest::collection::btree_set(0..6u8, 1..6)
    ) {
        let names = |set: &std::collections::BTreeSet<u8>| {
            let names: Vec<String> = set.iter().map(|n| format!("($.eventName = Event{n})")).collect();
            read(&format!("{{ {} }}", names.join(" || ")))
        };
        let expected = if control.is_subset(&filter) { "covers" } else { "misses" };
        prop_assert_eq!(kind(&covers(&names(&filter), &names(&control))), expected);
    }
}

#[test]
fn a_pattern_of_the_longest_kind_is_decided_in_bounded_time() {
    let terms: Vec<String> = (0..450).map(|n| format!("$.m{} = v{n}", n % 40)).collect();
    let text = format!("{{ $.a = x || {} }}", terms.join(" || "));
    assert!((MAX_BYTES / 2..MAX_BYTES).contains(&text.len()), "{}", text.len());
    let large = read(&text);
    // Every member has dozens of values; the bound on steps ends what no branch settles.
    let _ = covers(&large, &large);
    assert_eq!(covers(&large, &read("{ $.a = x }")), Coverage::Covers);
}

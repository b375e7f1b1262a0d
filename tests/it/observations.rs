//! Properties of the fact builders: the order of observations says nothing, and fewer answers never say more.

use std::sync::OnceLock;

use posture::finding::Status;
use posture::rule::Rule;
use posture::snapshot::{Observation, Outcome, Snapshot};
use proptest::prelude::*;

use crate::faults::Fault;
use crate::matrix::{Case, by_key, cases, judge, rules, with_observations};

struct Examples {
    rules: Vec<Rule>,
    cases: Vec<Case>,
}

fn examples() -> &'static Examples {
    static EXAMPLES: OnceLock<Examples> = OnceLock::new();
    EXAMPLES.get_or_init(|| {
        let rules = rules();
        let cases = cases(&rules);
        Examples { rules, cases }
    })
}

fn config(cases: u32) -> ProptestConfig {
    ProptestConfig { cases, failure_persistence: None, ..ProptestConfig::default() }
}

/// An example account, and its observations in any order.
fn shuffled() -> impl Strategy<Value = (usize, Vec<usize>)> {
    let cases = &examples().cases;
    (0..cases.len()).prop_flat_map(|case| {
        let count = cases[case].snapshot.observations().len();
        (Just(case), Just((0..count).collect::<Vec<_>>()).prop_shuffle())
    })
}

/// What happens to one observation.
#[derive(Debug, Clone, Copy)]
enum Fate {
    Kept,
    Dropped,
    Failed(Fault),
}

fn fates() -> impl Strategy<Value = (usize, Vec<Fate>)> {
    let cases = &examples().cases;
    let fate = prop_oneof![
        6 => Just(Fate::Kept),
        1 => Just(Fate::Dropped),
        1 => (0..Fault::ALL.len()).prop_map(|fault| Fate::Failed(Fault::ALL[fault])),
    ];
    (0..cases.len()).prop_flat_map(move |case| {
        let count = cases[case].snapshot.observations().len();
        (Just(case), proptest::collection::vec(fate.clone(), count))
    })
}

fn suffer(snapshot: &Snapshot, fates: &[Fate]) -> Snapshot {
    let suffered = |(observation, fate): (&Observation, &Fate)| match fate {
        Fate::Kept => Some(observation.clone()),
        Fate::Dropped => None,
        Fate::Failed(fault) => {
            let outcome = Outcome::Failed(fault.recorded(observation.operation));
            Some(Observation { outcome, ..observation.clone() })
        }
    };
    with_observations(snapshot, snapshot.observations().iter().zip(fates).filter_map(suffered).collect())
}

proptest! {
    #![proptest_config(config(24))]

    #[test]
    fn any_order_of_observations_gives_the_same_report((case, order) in shuffled()) {
        let examples = examples();
        let case = &examples.cases[case];
        let observations = order.iter().map(|index| case.snapshot.observations()[*index].clone()).collect();
        let report = judge(&examples.rules, &with_observations(&case.snapshot, observations));
        prop_assert!(by_key(&report) == case.whole, "{} changes with the order {order:?}", case.name);
    }

    #[test]
    fn an_observation_that_comes_twice_is_refused_and_never_counted((case, order) in shuffled(), twice in any::<prop::sample::Index>()) {
        let case = &examples().cases[case];
        let mut observations: Vec<Observation> =
            order.iter().map(|index| case.snapshot.observations()[*index].clone()).collect();
        let again = observations[twice.index(observations.len())].clone();
        let label = again.label();
        observations.push(again);
        let header = crate::matrix::header(&case.snapshot);
        let refused = Snapshot::new(header, observations).unwrap_err();
        prop_assert!(refused.to_string().contains(&label));
    }
}

proptest! {
    #![proptest_config(config(64))]

    #[test]
    fn fewer_answers_never_decide_more((case, fates) in fates()) {
        let examples = examples();
        let case = &examples.cases[case];
        let report = judge(&examples.rules, &suffer(&case.snapshot, &fates));
        for (key, finding) in by_key(&report) {
            let before = case.whole.get(&key).map(|before| before.status);
            let allowed = finding.status == Status::Unknown || before == Some(finding.status);
            prop_assert!(allowed, "{}: {key:?} goes from {before:?} to {:?}: {}", case.name, finding.status, finding.message);
        }
    }
}

//! Generated accounts: the same answers on any number of processors.

use posture::iam::account::Account;
use posture::iam::escalation::{Chain, each_path_to_administrator, paths};

#[path = "../../benches/quota/mod.rs"]
mod generated;

use generated::{ACCOUNT, Kind, Size, details, snapshot};

fn account(size: Size) -> Account {
    let details = serde_json::from_value(details(size)).unwrap();
    let mut builder = Account::builder(ACCOUNT, "aws", None);
    builder.add(&details, &[]);
    builder.build()
}

fn chains(account: &Account, threads: usize) -> Vec<Chain> {
    let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
    pool.install(|| paths(std::slice::from_ref(account), None))
}

#[test]
fn chains_do_not_depend_on_the_number_of_processors() {
    for kind in [Kind::Teams, Kind::Scattered] {
        let account = account(Size::percent(kind, 1));
        let alone = chains(&account, 1);
        assert!(
            alone.iter().any(|chain| &*chain.reaches == "admin") && alone.iter().any(|chain| chain.steps.len() > 1)
        );
        assert_eq!(chains(&account, 4), alone, "{kind:?}");
        let to_administrator: Vec<Chain> = alone.into_iter().filter(|chain| &*chain.reaches == "admin").collect();
        let mut told = Vec::new();
        each_path_to_administrator(std::slice::from_ref(&account), &mut |chain| told.push(chain));
        assert_eq!(told, to_administrator, "{kind:?}");
    }
}

#[test]
fn the_same_size_gives_the_same_account() {
    let size = Size::percent(Kind::Scattered, 1);
    assert_eq!(snapshot(size), snapshot(size));
    assert_eq!(account(size).principals().len(), 100);
}

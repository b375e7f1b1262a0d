//! Generated accounts: the same answers on any number of processors.

use std::io::Cursor;

use posture::config::Config;
use posture::finding::Status;
use posture::iam::account::Account;
use posture::iam::escalation::{Chain, each_path_to_administrator, paths};
use posture::output::{Context, find};
use posture::report::Report;
use posture::rule::{ParamOverrides, built_in};
use posture::scan::Scan;
use posture::snapshot::SnapshotReader;

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

/// The JSON of a report.
fn json(report: &Report) -> String {
    let mut bytes = Vec::new();
    find("json").unwrap().render(report, &Context::default(), &mut bytes).unwrap();
    String::from_utf8(bytes).unwrap()
}

/// Reads and judges a snapshot on so many threads.
fn judged(text: &str, threads: usize) -> Report {
    let rules = built_in(&ParamOverrides::new()).unwrap();
    let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
    pool.install(|| {
        let bytes = Box::new(Cursor::new(text.to_owned()));
        let snapshot = SnapshotReader::from_reader("s".to_owned(), bytes).unwrap().next().unwrap().unwrap();
        Scan { rules: &rules, config: &Config::default(), baseline: None, as_of: None }.run(&snapshot)
    })
}

#[test]
fn what_is_found_does_not_depend_on_the_number_of_processors() {
    // More users, roles and policies than are handed out in one go.
    for (kind, percent) in [(Kind::Teams, 12), (Kind::Scattered, 6)] {
        let text = snapshot(Size::percent(kind, percent));
        let alone = judged(&text, 1);
        for status in [Status::Fail, Status::Pass, Status::Unknown] {
            assert!(
                alone.results.iter().filter(|finding| finding.status == status).count() > 100,
                "{kind:?} {status:?}"
            );
        }
        let alone = json(&alone);
        for threads in [2, 4] {
            assert!(json(&judged(&text, threads)) == alone, "{kind:?} on {threads} threads");
        }
    }
}

#[test]
fn the_same_size_gives_the_same_account() {
    let size = Size::percent(Kind::Scattered, 1);
    assert_eq!(snapshot(size), snapshot(size));
    assert_eq!(account(size).principals().len(), 100);
}

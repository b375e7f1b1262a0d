//! The example accounts in `fixtures/accounts/`: each is exactly what `posture` would have written.

use std::collections::BTreeSet;

use posture::snapshot::{Compression, Gathered, Operation, Outcome, Snapshot, SnapshotReader, write_snapshot};

const ACCOUNTS: [&str; 7] =
    ["bootcamp", "bootcamp-hardened", "clean", "denied", "empty", "menagerie", "menagerie-member"];

fn path(name: &str) -> std::path::PathBuf {
    std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/accounts").join(format!("{name}.json"))
}

pub(crate) fn account(name: &str) -> Snapshot {
    SnapshotReader::open(&path(name)).unwrap().next().unwrap().unwrap()
}

/// The text with members in alphabetical order, so that the order in which structs list them does not count.
fn sorted(text: &str) -> serde_json::Value {
    serde_json::from_str(text).unwrap()
}

#[test]
fn every_account_holds_only_what_posture_reads_in_the_order_in_which_it_writes() {
    for name in ACCOUNTS {
        let mut written = Vec::new();
        write_snapshot(&account(name), Compression::Plain, &mut written).unwrap();
        let on_disk = std::fs::read_to_string(path(name)).unwrap();
        assert_eq!(sorted(std::str::from_utf8(&written).unwrap()), sorted(&on_disk), "{name}");
    }
}

#[test]
fn the_hardened_account_answers_every_operation() {
    let hardened = account("bootcamp-hardened");
    let asked: BTreeSet<_> = hardened.observations().iter().map(|observation| observation.operation).collect();
    let all: BTreeSet<_> =
        Operation::ALL.iter().copied().filter(|o| o.spec().gathered != Gathered::Alternative).collect();
    assert_eq!(asked, all);
    for observation in hardened.observations() {
        if let Outcome::Failed(error) = &observation.outcome {
            let absent = observation.operation.spec().absent_codes;
            assert!(absent.contains(&error.code.as_str()), "{}: {}", observation.label(), error.code);
        }
    }
}

#[test]
fn the_denied_account_answers_nothing_but_who_asks() {
    for observation in account("denied").observations() {
        let answered = matches!(observation.outcome, Outcome::Answered(_));
        assert_eq!(answered, observation.operation == Operation::StsGetCallerIdentity, "{}", observation.label());
        if let Outcome::Failed(error) = &observation.outcome {
            let spec = observation.operation.spec();
            assert!(!spec.absent_codes.contains(&error.code.as_str()), "{}", observation.label());
            let named = spec.actions.iter().any(|action| error.message.contains(action));
            assert!(named, "{} does not name {:?}", error.message, spec.actions);
        }
    }
}

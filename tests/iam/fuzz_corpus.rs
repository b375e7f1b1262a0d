//! What the fuzzers found worth keeping is tried again in every run.

use std::fs;
use std::path::Path;

#[path = "../../fuzz/checks.rs"]
mod checks;

/// Tries every input of a target.
fn replay(target: &str, check: fn(&[u8])) {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz/corpus").join(target);
    let mut tried = 0;
    for entry in fs::read_dir(&folder).unwrap() {
        check(&fs::read(entry.unwrap().path()).unwrap());
        tried += 1;
    }
    assert!(tried > 10, "{} holds {tried} inputs", folder.display());
}

#[test]
fn every_kept_policy_is_refused_or_printed_as_it_was_read() {
    replay("iam_policy", checks::iam_policy);
}

#[test]
fn every_kept_pattern_matches_as_defined() {
    replay("iam_matcher", checks::iam_matcher);
}

#[test]
fn every_kept_case_is_refused_or_answered() {
    replay("iam_eval", checks::iam_eval);
}

//! Replays what the fuzzers of `fuzz/` were given and what they found.

#[path = "../../fuzz/inputs.rs"]
mod inputs;

use std::path::Path;

fn replay(target: &str, check: impl Fn(&[u8])) {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz/corpus").join(target);
    let mut tried = 0;
    for entry in std::fs::read_dir(folder).unwrap() {
        check(&std::fs::read(entry.unwrap().path()).unwrap());
        tried += 1;
    }
    assert!(tried >= 3, "the corpus of {target} is not there");
}

#[test]
fn the_corpus_of_snapshots_holds() {
    replay("snapshot", inputs::snapshot);
}

#[test]
fn the_corpus_of_aws_cli_output_holds() {
    replay("cli_output", inputs::cli_output);
}

#[test]
fn the_corpus_of_credential_reports_holds() {
    replay("credential_report", inputs::credential_report);
}

#[test]
fn the_corpus_of_rule_files_holds() {
    replay("rule_file", inputs::rule_file);
}

#[test]
fn the_corpus_of_configurations_holds() {
    replay("configuration", inputs::configuration);
}

//! Replays what the fuzzers of `fuzz/` were given and what they found, and tries inputs that lie close to it: the same
//! ones in every run, without the coverage that guides a fuzzer, but with every `cargo test`.

#[path = "../../fuzz/inputs.rs"]
mod inputs;

use std::path::Path;

/// Inputs that are tried close to each corpus.
const NEAR: u64 = 600;

fn replay(target: &str, check: impl Fn(&[u8])) {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz/corpus").join(target);
    let mut files: Vec<_> = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.sort();
    assert!(files.len() >= 3, "the corpus of {target} is not there");
    let corpus: Vec<Vec<u8>> = files.iter().map(|file| std::fs::read(file).unwrap()).collect();
    for input in &corpus {
        check(input);
    }
    for seed in 1..=NEAR {
        let input = near(&corpus, &mut Dice(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15)));
        let tried = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| check(&input)));
        assert!(tried.is_ok(), "{target}, seed {seed}: {:?}", String::from_utf8_lossy(&input));
    }
}

/// Random numbers that are the same in every run.
struct Dice(u64);

impl Dice {
    fn below(&mut self, end: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 >> 33).unwrap() % end.max(1)
    }
}

/// An input of the corpus with a few changes such as fuzzers make: bytes changed, cut out, doubled, put in, exchanged
/// with another input's.
fn near(corpus: &[Vec<u8>], dice: &mut Dice) -> Vec<u8> {
    const WORDS: [&str; 16] = [
        "null",
        "true",
        "-1",
        "1e999",
        "\"\"",
        "[]",
        "{}",
        "*",
        "\u{feff}",
        "\\ud800",
        "&a ",
        "*a",
        "\n",
        ",",
        "\"",
        "0001-01-01T00:00:00Z",
    ];
    let mut input = corpus[dice.below(corpus.len())].clone();
    for _ in 0..=dice.below(4) {
        let (start, length) = (dice.below(input.len()), dice.below(40));
        let end = (start + length).min(input.len());
        let piece = input[start.min(end)..end].to_vec();
        match dice.below(6) {
            0 if !piece.is_empty() => input[start] ^= 1 << dice.below(8),
            1 => drop(input.drain(start.min(end)..end)),
            2 => drop(input.splice(start..start, piece)),
            3 => drop(input.splice(start..start, WORDS[dice.below(WORDS.len())].bytes())),
            4 => drop(input.splice(start.min(end)..end, WORDS[dice.below(WORDS.len())].bytes())),
            _ => {
                let other = &corpus[dice.below(corpus.len())];
                let from = dice.below(other.len());
                let to = (from + length).min(other.len());
                drop(input.splice(start.min(end)..end, other[from..to].iter().copied()));
            }
        }
    }
    input
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

#[test]
fn the_corpus_of_filter_patterns_holds() {
    replay("filter_pattern", inputs::filter_pattern);
}

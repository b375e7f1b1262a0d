//! Every example of every built-in rule, each a test of its own, as in `root-mfa-enabled::a_root_user_without_mfa_fails`.

use std::process::ExitCode;

use libtest_mimic::{Arguments, Failed, Trial};
use posture::rule::file::Example;
use posture::rule::{BUILT_IN, ParamOverrides, example, load};

fn main() -> ExitCode {
    let arguments = Arguments::from_args();
    libtest_mimic::run(&arguments, BUILT_IN.iter().flat_map(|(file, text)| trials(file, text)).collect()).exit_code()
}

/// The examples of one rule file; a file that cannot be loaded is one failing test.
fn trials(file: &'static str, text: &'static str) -> Vec<Trial> {
    let loaded = load::load(file, text, &ParamOverrides::new());
    let (rule, examples) = match loaded.and_then(|rule| rule.examples().map(|examples| (rule, examples))) {
        Ok((rule, examples)) => (std::sync::Arc::new(rule), examples),
        Err(error) => return vec![Trial::test(format!("{file}::loads"), move || Err(Failed::from(error.to_string())))],
    };
    let trial = |example: Example| {
        let rule = std::sync::Arc::clone(&rule);
        let name = format!("{}::{}", rule.id, test_name(&example.name));
        Trial::test(name, move || example::run(&rule, &example).map_err(Failed::from))
    };
    examples.into_iter().map(trial).collect()
}

/// A sentence as the name of a test: words joined by underscores.
fn test_name(sentence: &str) -> String {
    let words: String = sentence
        .chars()
        .filter(|c| *c != '\'')
        .map(|c| if c.is_alphanumeric() { c.to_ascii_lowercase() } else { ' ' })
        .collect();
    words.split_whitespace().collect::<Vec<_>>().join("_")
}

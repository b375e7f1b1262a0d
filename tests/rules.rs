//! Every example of every built-in rule, each a test of its own, as in `root-mfa-enabled::a_root_user_without_mfa_fails`.

use std::process::ExitCode;

use libtest_mimic::{Arguments, Failed, Trial};
use posture::rule::{BUILT_IN, ParamOverrides, example, load};

fn main() -> ExitCode {
    let arguments = Arguments::from_args();
    libtest_mimic::run(&arguments, BUILT_IN.iter().flat_map(|(file, text)| trials(file, text)).collect()).exit_code()
}

/// The examples of one rule file; a file that cannot be loaded is one failing test.
fn trials(file: &'static str, text: &'static str) -> Vec<Trial> {
    let rule = match load::load(file, text, &ParamOverrides::new()) {
        Ok(rule) => std::sync::Arc::new(rule),
        Err(error) => return vec![Trial::test(format!("{file}::loads"), move || Err(Failed::from(error.to_string())))],
    };
    let trial = |index: usize| {
        let rule = std::sync::Arc::clone(&rule);
        let name = rule.examples.get(index).map(|example| test_name(&example.name)).unwrap_or_default();
        Trial::test(format!("{}::{name}", rule.id), move || match rule.examples.get(index) {
            Some(example) => example::run(&rule, text, example).map_err(Failed::from),
            None => Err(Failed::from("the example is gone")),
        })
    };
    (0..rule.examples.len()).map(trial).collect()
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

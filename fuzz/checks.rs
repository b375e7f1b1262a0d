//! What has to hold for every input. Each function is one fuzz target of the same name; `cargo test` runs it on the corpus
//! that is kept in `corpus/`, so that what the fuzzer found once is tried for ever.

use posture::iam::case::{Case, Library};
use posture::iam::document::Interner;
use posture::iam::glob::matches_text;
use posture::iam::pattern::Pattern;
use posture::iam::position::locate;
use posture::iam::{Policy, json, lint};

/// A document either is no policy, or means the same after printing and reading it again; nothing makes the reader fail.
pub(crate) fn iam_policy(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    for finding in lint::lint_text(text) {
        let place = locate(text, &finding.pointer);
        assert!(place.line > 0 && place.line <= text.matches('\n').count() + 1);
    }
    let Ok(policy) = text.parse::<Policy>() else { return };
    let printed = policy.to_string();
    let again: Policy = printed.parse().unwrap_or_else(|error| panic!("{error}: {printed}"));
    assert_eq!(policy.to_value(), again.to_value());
    let rules = Interner::default().compile(policy);
    assert!(rules.iter().all(|rule| !rule.name.is_empty()));
}

/// Both matchers agree with the definition.
pub(crate) fn iam_matcher(data: &[u8]) {
    let Some((pattern, text)) = std::str::from_utf8(data).ok().and_then(|both| both.split_once('\n')) else { return };
    if pattern.len() > 200 || text.len() > 200 {
        return;
    }
    let expected = reference(&pattern.chars().collect::<Vec<_>>(), &text.chars().collect::<Vec<_>>());
    assert_eq!(matches_text(pattern, text), expected);
    assert_eq!(Pattern::glob(pattern).matches(text), expected);
    // An action's wildcards stay on their side of the first colon.
    if let (Some((service, name)), Some((asked_service, asked_name))) = (pattern.split_once(':'), text.split_once(':'))
    {
        let lower = pattern.to_ascii_lowercase() == pattern;
        let stars = pattern.bytes().all(|byte| byte == b'*');
        if lower && !stars {
            let both = matches_text(service, asked_service) && matches_text(name, asked_name);
            assert_eq!(Pattern::action(pattern).matches(text), both);
        }
    }
}

/// The definition: after so many characters of the pattern, which lengths of the text are covered?
fn reference(pattern: &[char], text: &[char]) -> bool {
    let mut covered = vec![false; text.len() + 1];
    covered[0] = true;
    for wanted in pattern {
        let mut next = vec![false; text.len() + 1];
        for end in 0..=text.len() {
            next[end] = match wanted {
                '*' => covered[..=end].contains(&true),
                '?' => end > 0 && covered[end - 1],
                letter => end > 0 && covered[end - 1] && text[end - 1] == *letter,
            };
        }
        covered = next;
    }
    covered[text.len()]
}

/// A row of `posture iam eval` is refused or answered, and answered the same twice.
pub(crate) fn iam_eval(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    let Ok(row) = json::parse(text) else { return };
    let Ok(case) = Case::from_value(&row, &Library::new()) else { return };
    let (first, second) = (case.answer(), case.answer());
    assert_eq!(first.decision, second.decision);
    assert!(!first.because.to_string().is_empty());
}

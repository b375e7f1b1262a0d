//! Wildcard matching in time proportional to pattern × text, whatever the pattern looks like.
//!
//! Between two stars the leftmost place is always good enough, so there is nothing to go back to: no pattern makes the
//! matcher slow.

/// A part of a pattern whose variables have been replaced.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Part<'a> {
    /// Characters that stand for themselves.
    Text(&'a str),
    /// Any characters, none included.
    Star,
    /// Exactly one character.
    Question,
}

/// Splits a plain pattern into its parts.
pub fn parts(pattern: &str) -> Vec<Part<'_>> {
    let mut parts = Vec::new();
    let mut rest = pattern;
    while let Some(at) = rest.find(['*', '?']) {
        let (text, wildcard) = rest.split_at(at);
        if !text.is_empty() {
            parts.push(Part::Text(text));
        }
        parts.push(if wildcard.starts_with('*') { Part::Star } else { Part::Question });
        rest = wildcard.get(1..).unwrap_or_default();
    }
    if !rest.is_empty() {
        parts.push(Part::Text(rest));
    }
    parts
}

/// True when the pattern covers the whole text.
pub fn matches(pattern: &[Part<'_>], text: &str) -> bool {
    let mut chunks = pattern.split(|part| *part == Part::Star);
    let Some(mut rest) = chunks.next().and_then(|first| after(first, text)) else { return false };
    let mut chunks = chunks.peekable();
    if chunks.peek().is_none() {
        return rest.is_empty();
    }
    while let Some(chunk) = chunks.next() {
        if chunks.peek().is_none() {
            return ends_with(chunk, rest);
        }
        match find(chunk, rest) {
            Some(left) => rest = left,
            None => return false,
        }
    }
    false
}

/// True when a plain pattern covers the whole text.
pub fn matches_text(pattern: &str, text: &str) -> bool {
    matches(&parts(pattern), text)
}

/// What is left of the text after a chunk without stars at its start.
fn after<'a>(chunk: &[Part<'_>], text: &'a str) -> Option<&'a str> {
    chunk.iter().try_fold(text, |rest, part| match part {
        Part::Text(literal) => rest.strip_prefix(literal),
        Part::Question => rest.chars().next().and_then(|first| rest.get(first.len_utf8()..)),
        Part::Star => None,
    })
}

/// What is left of the text after the leftmost place where the chunk fits.
fn find<'a>(chunk: &[Part<'_>], text: &'a str) -> Option<&'a str> {
    suffixes(text).find_map(|start| after(chunk, start))
}

fn ends_with(chunk: &[Part<'_>], text: &str) -> bool {
    match chunk {
        [] => true,
        [Part::Text(literal)] => text.ends_with(literal),
        _ => suffixes(text).any(|start| after(chunk, start) == Some("")),
    }
}

fn suffixes(text: &str) -> impl Iterator<Item = &str> {
    text.char_indices().map(|(at, _)| at).chain([text.len()]).filter_map(|at| text.get(at..))
}

/// True when some text matches both patterns.
pub fn overlap(left: &str, right: &str) -> bool {
    let left: Vec<char> = left.chars().collect();
    let right: Vec<char> = right.chars().collect();
    // `row[j]`: the first i characters of `left` and the first j of `right` can cover the same text.
    let mut row = vec![false; right.len() + 1];
    for i in 0..=left.len() {
        let mut next = vec![false; right.len() + 1];
        for j in 0..=right.len() {
            let l = i.checked_sub(1).and_then(|at| left.get(at)).copied();
            let r = j.checked_sub(1).and_then(|at| right.get(at)).copied();
            let up = row.get(j).copied().unwrap_or(false);
            let back = j.checked_sub(1).and_then(|at| next.get(at)).copied().unwrap_or(false);
            let diagonal = i > 0 && j.checked_sub(1).and_then(|at| row.get(at)).copied().unwrap_or(false);
            let star = l == Some('*') || r == Some('*');
            let reachable = (i == 0 && j == 0)
                || (i > 0 && up && (l == Some('*') || r == Some('*')))
                || (back && star)
                || (diagonal && (star || l == r || l == Some('?') || r == Some('?')));
            if let Some(cell) = next.get_mut(j) {
                *cell = reachable;
            }
        }
        row = next;
    }
    row.last().copied().unwrap_or(false)
}

/// True when some ARN matches both patterns: each of the six parts by itself, or a pattern that is only a star.
pub fn arns_overlap(left: &str, right: &str) -> bool {
    if left == "*" || right == "*" {
        return true;
    }
    let (left, right): (Vec<&str>, Vec<&str>) = (left.splitn(6, ':').collect(), right.splitn(6, ':').collect());
    left.len() == right.len() && left.iter().zip(&right).all(|(left, right)| overlap(left, right))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// The definition, one character at a time.
    fn reference(pattern: &[char], text: &[char]) -> bool {
        match pattern.split_first() {
            None => text.is_empty(),
            Some(('*', rest)) => (0..=text.len()).any(|at| reference(rest, &text[at..])),
            Some((wanted, rest)) => text
                .split_first()
                .is_some_and(|(first, left)| (*wanted == '?' || wanted == first) && reference(rest, left)),
        }
    }

    fn chars(text: &str) -> Vec<char> {
        text.chars().collect()
    }

    proptest! {
        #[test]
        fn matching_equals_the_reference_matcher(pattern in "[aé:*?]{0,9}", text in "[aé:b]{0,9}") {
            prop_assert_eq!(matches_text(&pattern, &text), reference(&chars(&pattern), &chars(&text)));
        }

        #[test]
        fn overlap_with_a_plain_text_is_matching(pattern in "[ab*?]{0,7}", text in "[ab]{0,7}") {
            prop_assert_eq!(overlap(&pattern, &text), matches_text(&pattern, &text));
            prop_assert_eq!(overlap(&text, &pattern), matches_text(&pattern, &text));
        }

        #[test]
        fn two_patterns_overlap_exactly_when_a_short_text_matches_both(left in "[ab*?]{0,4}", right in "[ab*?]{0,4}") {
            let texts = (0..=8_u32).flat_map(|length| (0..1_u32 << length).map(move |bits| {
                (0..length).map(|at| if bits >> at & 1 == 0 { 'a' } else { 'b' }).collect::<String>()
            }));
            let shared = texts.into_iter().any(|text| matches_text(&left, &text) && matches_text(&right, &text));
            prop_assert_eq!(overlap(&left, &right), shared);
        }
    }

    #[test]
    fn a_hostile_pattern_takes_no_longer_than_its_size() {
        let pattern = "*a".repeat(2_000) + "b";
        let text = "a".repeat(20_000);
        let start = std::time::Instant::now();
        assert!(!matches_text(&pattern, &text));
        assert!(start.elapsed().as_secs() < 5);
    }
}

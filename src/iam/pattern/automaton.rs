//! The product of the patterns' automata.

use std::collections::HashSet;

use super::{Pattern, Sample, Token};

/// States that one question may visit before it is given up as [`Sample::TooComplex`].
const BUDGET: usize = 20_000;

/// Whether `text` is in the pattern's language.
pub(super) fn matches(pattern: &Pattern, text: &str) -> bool {
    let patterns = std::slice::from_ref(pattern);
    let mut states = States::start(patterns);
    for letter in text.chars() {
        states.step(patterns, letter);
    }
    states.accepts(patterns, 0)
}

/// Walks the product automaton, breadth first; the first `positives` patterns must match and the others must not.
pub(super) fn walk(patterns: &[Pattern], positives: usize) -> Sample {
    let filler = filler(patterns);
    let fields = patterns
        .iter()
        .flat_map(|pattern| pattern.0.tokens.iter())
        .any(|t| matches!(t, Token::OneInField | Token::ManyInField));
    let start = States::start(patterns);
    let mut seen: HashSet<States> = HashSet::from([start.clone()]);
    let mut queue: Vec<(States, usize, Option<char>)> = vec![(start, 0, None)];
    let mut next = 0;
    while let Some((states, _, _)) = queue.get(next) {
        let states = states.clone();
        if (0..patterns.len()).all(|index| states.accepts(patterns, index) == (index < positives)) {
            return Sample::Text(trace(&queue, next));
        }
        for letter in states.letters(patterns, filler, fields) {
            let mut after = states.clone();
            after.step(patterns, letter);
            if after.is_dead(patterns, positives) || !seen.insert(after.clone()) {
                continue;
            }
            if seen.len() > BUDGET {
                return Sample::TooComplex;
            }
            queue.push((after, next, Some(letter)));
        }
        next += 1;
    }
    Sample::Empty
}

fn trace(queue: &[(States, usize, Option<char>)], end: usize) -> String {
    let mut letters = Vec::new();
    let mut at = end;
    while let Some((_, from, Some(letter))) = queue.get(at) {
        letters.push(*letter);
        at = *from;
    }
    letters.iter().rev().collect()
}

/// A character that no pattern names, so that it stands for all the others.
fn filler(patterns: &[Pattern]) -> char {
    let named: HashSet<char> = patterns
        .iter()
        .flat_map(|pattern| pattern.0.tokens.iter())
        .filter_map(|token| if let Token::Char(letter) = token { Some(*letter) } else { None })
        .collect();
    ('a'..='z')
        .rev()
        .chain('A'..='Z')
        .chain('\u{e000}'..='\u{f8ff}')
        .find(|letter| !named.contains(letter))
        .unwrap_or('\u{10ffff}')
}

/// Where each pattern's automaton may stand: one bit a position, patterns one after another.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
struct States {
    sets: Vec<Vec<u64>>,
}

impl States {
    fn start(patterns: &[Pattern]) -> Self {
        let sets = patterns
            .iter()
            .map(|pattern| {
                let mut set = vec![0; pattern.0.tokens.len() / 64 + 1];
                put(&mut set, pattern, 0);
                set
            })
            .collect();
        Self { sets }
    }

    fn step(&mut self, patterns: &[Pattern], letter: char) {
        for (set, pattern) in self.sets.iter_mut().zip(patterns) {
            let mut after = vec![0; set.len()];
            for position in positions(set) {
                match pattern.0.tokens.get(position) {
                    Some(token) if token.takes(letter) => {
                        put(&mut after, pattern, if token.is_many() { position } else { position + 1 });
                    }
                    _ => {}
                }
            }
            *set = after;
        }
    }

    fn accepts(&self, patterns: &[Pattern], index: usize) -> bool {
        match (self.sets.get(index), patterns.get(index)) {
            (Some(set), Some(pattern)) => has(set, pattern.0.tokens.len()),
            _ => false,
        }
    }

    /// True when no continuation can help: a wanted pattern is lost, or an unwanted one matches for ever.
    fn is_dead(&self, patterns: &[Pattern], positives: usize) -> bool {
        self.sets.iter().zip(patterns).enumerate().any(|(index, (set, pattern))| {
            if index < positives {
                set.iter().all(|word| *word == 0)
            } else {
                pattern.0.tokens.last() == Some(&Token::Many) && has(set, pattern.0.tokens.len() - 1)
            }
        })
    }

    /// The characters that can make a difference here, in order.
    fn letters(&self, patterns: &[Pattern], filler: char, fields: bool) -> Vec<char> {
        let mut letters: Vec<char> = self
            .sets
            .iter()
            .zip(patterns)
            .flat_map(|(set, pattern)| positions(set).filter_map(|position| pattern.0.tokens.get(position)))
            .filter_map(|token| if let Token::Char(letter) = token { Some(*letter) } else { None })
            .collect();
        if fields {
            letters.push(':');
        }
        letters.sort_unstable();
        letters.dedup();
        letters.push(filler);
        letters
    }
}

fn put(set: &mut [u64], pattern: &Pattern, position: usize) {
    let mut at = position;
    loop {
        if let Some(word) = set.get_mut(at / 64) {
            *word |= 1 << (at % 64);
        }
        match pattern.0.tokens.get(at) {
            Some(token) if token.is_many() => at += 1,
            _ => return,
        }
    }
}

fn has(set: &[u64], position: usize) -> bool {
    set.get(position / 64).is_some_and(|word| word >> (position % 64) & 1 == 1)
}

fn positions(set: &[u64]) -> impl Iterator<Item = usize> + '_ {
    set.iter().enumerate().flat_map(|(index, word)| {
        let mut rest = *word;
        std::iter::from_fn(move || {
            (rest != 0).then(|| {
                let bit = rest.trailing_zeros() as usize;
                rest &= rest - 1;
                index * 64 + bit
            })
        })
    })
}

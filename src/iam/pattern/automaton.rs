//! The product of the patterns' automata.

use std::collections::HashSet;
use std::ops::Range;
use std::rc::Rc;

use super::{Pattern, Sample, Token};

/// States that one question may visit before it is given up as [`Sample::TooComplex`].
const BUDGET: usize = 20_000;

/// Whether `text` is in the pattern's language.
pub(super) fn matches(pattern: &Pattern, text: &str) -> bool {
    let automata = Automata::new(std::slice::from_ref(pattern));
    let mut states = automata.start();
    let mut after = Vec::new();
    for letter in text.chars() {
        automata.step(&states, letter, &mut after);
        std::mem::swap(&mut states, &mut after);
    }
    automata.accepts(&states, 0)
}

/// Walks the product automaton, breadth first; the first `positives` patterns must match and the others must not.
pub(super) fn walk(patterns: &[Pattern], positives: usize) -> Sample {
    let automata = Automata::new(patterns);
    let filler = filler(patterns);
    let fields = patterns
        .iter()
        .flat_map(|pattern| pattern.0.tokens.iter())
        .any(|t| matches!(t, Token::OneInField | Token::ManyInField));
    let start: Rc<[u64]> = automata.start().into();
    let mut seen: HashSet<Rc<[u64]>> = HashSet::from([Rc::clone(&start)]);
    let mut queue: Vec<(Rc<[u64]>, usize, Option<char>)> = vec![(start, 0, None)];
    let (mut letters, mut after) = (Vec::new(), Vec::new());
    let mut next = 0;
    while let Some((states, _, _)) = queue.get(next) {
        let states = Rc::clone(states);
        if (0..patterns.len()).all(|index| automata.accepts(&states, index) == (index < positives)) {
            return Sample::Text(trace(&queue, next));
        }
        automata.letters(&states, filler, fields, &mut letters);
        for letter in &letters {
            automata.step(&states, *letter, &mut after);
            if automata.is_dead(&after, positives) || seen.contains(after.as_slice()) {
                continue;
            }
            if seen.len() >= BUDGET {
                return Sample::TooComplex;
            }
            let after: Rc<[u64]> = after.as_slice().into();
            seen.insert(Rc::clone(&after));
            queue.push((after, next, Some(*letter)));
        }
        next += 1;
    }
    Sample::Empty
}

/// States that were reached, from which place in the queue, and by which letter.
type Reached = (Rc<[u64]>, usize, Option<char>);

fn trace(queue: &[Reached], end: usize) -> String {
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

/// The patterns' automata. Where they may stand is kept as words, a bit for each position, one pattern after another.
struct Automata<'p> {
    /// Each pattern's tokens and its words.
    parts: Vec<(&'p Pattern, Range<usize>)>,
    words: usize,
}

impl<'p> Automata<'p> {
    fn new(patterns: &'p [Pattern]) -> Self {
        let mut words = 0;
        let part = |pattern: &'p Pattern| {
            let first = words;
            words += pattern.0.tokens.len() / 64 + 1;
            (pattern, first..words)
        };
        let parts = patterns.iter().map(part).collect();
        Self { parts, words }
    }

    fn start(&self) -> Vec<u64> {
        let mut states = vec![0; self.words];
        for (pattern, words) in &self.parts {
            if let Some(set) = states.get_mut(words.clone()) {
                put(set, pattern, 0);
            }
        }
        states
    }

    fn step(&self, states: &[u64], letter: char, after: &mut Vec<u64>) {
        after.clear();
        after.resize(self.words, 0);
        for (pattern, words) in &self.parts {
            let (Some(from), Some(to)) = (states.get(words.clone()), after.get_mut(words.clone())) else { continue };
            for position in positions(from) {
                match pattern.0.tokens.get(position) {
                    Some(token) if token.takes(letter) => {
                        put(to, pattern, if token.is_many() { position } else { position + 1 });
                    }
                    _ => {}
                }
            }
        }
    }

    fn accepts(&self, states: &[u64], index: usize) -> bool {
        let part = self.parts.get(index);
        part.is_some_and(|(pattern, words)| {
            states.get(words.clone()).is_some_and(|set| has(set, pattern.0.tokens.len()))
        })
    }

    /// True when no continuation can help: a wanted pattern is lost, or an unwanted one matches for ever.
    fn is_dead(&self, states: &[u64], positives: usize) -> bool {
        self.parts.iter().enumerate().any(|(index, (pattern, words))| {
            let set = states.get(words.clone()).unwrap_or_default();
            if index < positives {
                set.iter().all(|word| *word == 0)
            } else {
                pattern.0.tokens.last() == Some(&Token::Many) && has(set, pattern.0.tokens.len() - 1)
            }
        })
    }

    /// The characters that can make a difference here, in order.
    fn letters(&self, states: &[u64], filler: char, fields: bool, letters: &mut Vec<char>) {
        letters.clear();
        for (pattern, words) in &self.parts {
            let set = states.get(words.clone()).unwrap_or_default();
            let tokens = positions(set).filter_map(|position| pattern.0.tokens.get(position));
            letters
                .extend(tokens.filter_map(|token| if let Token::Char(letter) = token { Some(*letter) } else { None }));
        }
        if fields {
            letters.push(':');
        }
        letters.sort_unstable();
        letters.dedup();
        letters.push(filler);
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

//! The shortest text that two patterns have in common: what most questions come down to, and cheaper than an automaton.

use super::Token;

/// Steps to the end for states that no text gets out of.
const NEVER: u32 = u32::MAX;

/// A shortest text that matches both; `None` when there is none.
pub(super) fn common(one: &[Token], other: &[Token]) -> Option<String> {
    // What both begin with is part of every common text, and makes the table below smaller by its square.
    let same = one.iter().zip(other).take_while(|(a, b)| a == b && matches!(a, Token::Char(_))).count();
    let (prefix, one) = one.split_at_checked(same)?;
    let other = other.get(same..)?;
    let table = Table::new(one, other);
    let mut text: String = prefix.iter().filter_map(|token| letter(*token)).collect();
    let (mut i, mut j) = (0, 0);
    if table.steps(0, 0) == NEVER {
        return None;
    }
    while (i, j) != (one.len(), other.len()) {
        let step = table.next(i, j)?;
        text.extend(step.letter);
        (i, j) = (step.i, step.j);
    }
    Some(text)
}

fn letter(token: Token) -> Option<char> {
    if let Token::Char(letter) = token { Some(letter) } else { None }
}

/// How many letters it takes from each pair of positions to the end of both patterns.
struct Table<'p> {
    one: &'p [Token],
    other: &'p [Token],
    steps: Vec<u32>,
}

struct Step {
    letter: Option<char>,
    i: usize,
    j: usize,
}

impl<'p> Table<'p> {
    fn new(one: &'p [Token], other: &'p [Token]) -> Self {
        let mut table = Self { one, other, steps: vec![NEVER; (one.len() + 1) * (other.len() + 1)] };
        if let Some(end) = table.steps.last_mut() {
            *end = 0;
        }
        for i in (0..=one.len()).rev() {
            for j in (0..=other.len()).rev().filter(|j| (i, *j) != (one.len(), other.len())) {
                let cost = table
                    .next(i, j)
                    .map_or(NEVER, |step| table.steps(step.i, step.j).saturating_add(u32::from(step.letter.is_some())));
                if let Some(slot) = table.steps.get_mut(i * (other.len() + 1) + j) {
                    *slot = cost;
                }
            }
        }
        table
    }

    fn steps(&self, i: usize, j: usize) -> u32 {
        self.steps.get(i * (self.other.len() + 1) + j).copied().unwrap_or(NEVER)
    }

    /// The best way on from a pair of positions whose successors are known.
    fn next(&self, i: usize, j: usize) -> Option<Step> {
        let (a, b) = (self.one.get(i).copied(), self.other.get(j).copied());
        let mut best: Option<(u32, Step)> = None;
        let mut consider = |letter: Option<char>, i: usize, j: usize| {
            let cost = self.steps(i, j).saturating_add(u32::from(letter.is_some()));
            if cost != NEVER && best.as_ref().is_none_or(|(least, _)| cost < *least) {
                best = Some((cost, Step { letter, i, j }));
            }
        };
        // A star that takes nothing more.
        if a.is_some_and(Token::is_many) {
            consider(None, i + 1, j);
        }
        if b.is_some_and(Token::is_many) {
            consider(None, i, j + 1);
        }
        if let (Some(a), Some(b)) = (a, b)
            && !(a.is_many() && b.is_many())
            && let Some(letter) = shared(a, b)
        {
            consider(Some(letter), if a.is_many() { i } else { i + 1 }, if b.is_many() { j } else { j + 1 });
        }
        best.map(|(_, step)| step)
    }
}

/// A letter that both take.
fn shared(a: Token, b: Token) -> Option<char> {
    let letter = letter(a).or(letter(b)).unwrap_or('x');
    (a.takes(letter) && b.takes(letter)).then_some(letter)
}

//! Matching one text, in place: no automaton, nothing allocated.
//!
//! Between two stars the leftmost place is always good enough, so that the last star is the only one to go back to. Stars
//! that stay within a field come before the first colon of an action; the two sides of that colon are matched apart.

use super::Token;

/// Whether `text` matches; `None` for the rare patterns in which a star that stays within a field is not closed off by a
/// colon.
pub(super) fn matches(tokens: &[Token], text: &str) -> Option<bool> {
    let in_field = |token: &Token| matches!(token, Token::OneInField | Token::ManyInField);
    if !tokens.iter().any(in_field) {
        return Some(greedy(tokens, text));
    }
    let colon = tokens.iter().position(|token| *token == Token::Char(':'))?;
    let (service, rest) = tokens.split_at(colon);
    let crosses = |token: &Token| matches!(token, Token::One | Token::Many);
    if service.iter().any(crosses) || rest.iter().any(in_field) {
        return None;
    }
    // What stands before the pattern's first colon takes none, so the two first colons are one another.
    let Some((before, after)) = text.split_once(':') else { return Some(false) };
    let name = rest.split_first().map_or(&[][..], |(_, name)| name);
    Some(greedy(service, before) && greedy(name, after))
}

/// Matching where every star takes everything that is there.
fn greedy(tokens: &[Token], text: &str) -> bool {
    let mut letters = text.chars();
    let mut left = tokens;
    // The tokens after the last star, and where its text may end at the earliest.
    let mut star: Option<(&[Token], std::str::Chars<'_>)> = None;
    loop {
        let after = letters.clone();
        match left.split_first() {
            Some((token, rest)) if token.is_many() => {
                if rest.is_empty() {
                    return true;
                }
                star = Some((rest, letters.clone()));
                left = rest;
                continue;
            }
            Some((token, rest)) => match letters.next() {
                Some(letter) if token.takes(letter) => {
                    left = rest;
                    continue;
                }
                Some(_) => {}
                None => return false,
            },
            None if after.as_str().is_empty() => return true,
            None => {}
        }
        let Some((tail, from)) = &mut star else { return false };
        if from.next().is_none() {
            return false;
        }
        left = tail;
        letters = from.clone();
    }
}

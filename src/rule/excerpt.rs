//! The line of a rule or configuration file that an error is about, and where in it a caret belongs.

use crate::output::escape::printable;

/// Characters shown on either side of the place; files may have lines of any length.
const AROUND: usize = 100;

/// A line with the part that is wrong, made harmless for a terminal.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Excerpt {
    /// The line, or as much of it as fits, with what could steer a terminal made visible.
    pub text: String,
    /// The bytes of `text` that are wrong.
    pub wrong: std::ops::Range<usize>,
}

impl Excerpt {
    /// The word at a place, both counted from 1, columns in characters; `None` when there is no such line.
    pub fn of(source: &str, line: usize, column: usize) -> Option<Self> {
        let text = source.lines().nth(line.checked_sub(1)?)?;
        let place = column.saturating_sub(1).min(text.chars().count());
        let head: String = text.chars().take(place).skip(place.saturating_sub(AROUND)).collect();
        let tail: String = text.chars().skip(place).take(AROUND).collect();
        let (word, rest) = tail.split_at(word(&tail));
        // Tabs would move the caret.
        let [head, word, rest] = [head.as_str(), word, rest].map(|part| printable(&part.replace('\t', " ")));
        Some(Self { wrong: head.len()..head.len() + word.len(), text: head + &word + &rest })
    }
}

/// Bytes of the word that a text starts with; of its first character when it starts with none.
fn word(text: &str) -> usize {
    let is_word = |character: char| character.is_alphanumeric() || matches!(character, '_' | '-');
    match text.find(|character| !is_word(character)) {
        Some(0) => text.chars().next().map_or(0, char::len_utf8),
        Some(end) => end,
        None => text.len(),
    }
}

/// The line and column in a file of an offset into a YAML scalar's value. Where quotes, escapes and folded lines make
/// value and file differ, characters that are not blank are counted off against each other.
pub(crate) fn locate(source: &str, line: usize, column: usize, value: &str, offset: usize) -> (usize, usize) {
    let mut place = Place::at(source, line, column);
    place.enter_scalar();
    let wanted = value.get(..offset).unwrap_or(value).chars().filter(|character| !character.is_whitespace());
    for character in wanted {
        place.skip_to(character);
        place.step();
    }
    let next = value.get(offset..).and_then(|rest| rest.chars().find(|character| !character.is_whitespace()));
    if let Some(next) = next {
        place.skip_to(next);
    }
    (place.line, place.column)
}

/// A place in a text that moves forwards.
struct Place<'a> {
    rest: std::str::Chars<'a>,
    line: usize,
    column: usize,
}

impl<'a> Place<'a> {
    fn at(source: &'a str, line: usize, column: usize) -> Self {
        let start: usize = source.split_inclusive('\n').take(line.saturating_sub(1)).map(str::len).sum();
        let mut place = Self { rest: source.get(start..).unwrap_or("").chars(), line, column: 1 };
        while place.column < column && place.peek().is_some_and(|character| character != '\n') {
            place.step();
        }
        place
    }

    fn peek(&self) -> Option<char> {
        self.rest.clone().next()
    }

    fn step(&mut self) {
        match self.rest.next() {
            Some('\n') => (self.line, self.column) = (self.line + 1, 1),
            Some(_) => self.column += 1,
            None => {}
        }
    }

    /// Steps over what stands before the text of a scalar: a quote, or the header of a block.
    fn enter_scalar(&mut self) {
        match self.peek() {
            Some('"' | '\'') => self.step(),
            Some('|' | '>') => {
                while self.peek().is_some_and(|character| character != '\n') {
                    self.step();
                }
            }
            _ => {}
        }
    }

    /// Steps over blanks and the marks of escapes, up to a character; stays where it is when the text has no such one.
    fn skip_to(&mut self, wanted: char) {
        while self.peek().is_some_and(|here| here != wanted && (here.is_whitespace() || matches!(here, '\\' | '\''))) {
            self.step();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Excerpt, locate};

    #[test]
    fn the_word_at_the_place_is_marked() {
        let excerpt = Excerpt::of("a: 1\nrule: root-mfa-enable # x\n", 2, 7).unwrap();
        assert_eq!(&excerpt.text[excerpt.wrong], "root-mfa-enable");
        let excerpt = Excerpt::of("a: [1\n", 1, 4).unwrap();
        assert_eq!(&excerpt.text[excerpt.wrong], "[");
        assert_eq!(Excerpt::of("a", 1, 9).unwrap().wrong, 1..1);
        assert_eq!(Excerpt::of("a\n", 2, 1), None);
        assert_eq!(Excerpt::of("a", 0, 1), None);
    }

    #[test]
    fn hostile_and_endless_lines_are_shown_harmless_and_short() {
        let line = format!("{}\u{1b}[31m\tx: wrong{}", "a".repeat(5_000), "b".repeat(5_000));
        let excerpt = Excerpt::of(&line, 1, 5_000 + 10).unwrap();
        assert!(excerpt.text.contains("\\u{1b}[31m x") && excerpt.text.len() < 300, "{}", excerpt.text);
        assert!(excerpt.text[excerpt.wrong].starts_with("wrongb"));
    }

    #[test]
    fn offsets_lead_into_every_kind_of_scalar() {
        for (source, column, value) in [
            ("k: one two && three", 4, "one two && three"),
            ("k: \"one two && three\"", 4, "one two && three"),
            ("k: 'one ''two'' && three'", 4, "one 'two' && three"),
            ("k: \"one \\\"two\\\" && three\"", 4, "one \"two\" && three"),
            ("k: |\n  one two\n  && three\n", 4, "one two\n&& three\n"),
            ("k: >-  # folded\n  one two\n\n  && three\n", 4, "one two\n&& three"),
            ("k: one two\n  && three", 4, "one two && three"),
        ] {
            let offset = value.find("three").unwrap();
            let (line, column) = locate(source, 1, column, value, offset);
            let shown: String = source.lines().nth(line - 1).unwrap().chars().skip(column - 1).collect();
            assert!(shown.starts_with("three"), "{source:?} leads to {line}:{column}, {shown:?}");
        }
    }
}

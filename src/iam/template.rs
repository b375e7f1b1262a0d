//! A text with wildcards and policy variables, as resources and condition values have them.
//!
//! Whether `${…}` is a variable depends on the policy's version, so the pieces are found while parsing and the source
//! text is kept: it is what is printed.

use std::fmt;

/// One part of a [`Template`].
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Piece {
    /// Characters that stand for themselves, `${*}`, `${?}` and `${$}` included.
    Text(String),
    /// `*`: any characters, none included.
    Star,
    /// `?`: exactly one character.
    Question,
    /// `${key}` or `${key, 'default'}`.
    Variable {
        /// The context key, as written.
        key: String,
        /// What stands in when the request has no such key.
        default: Option<String>,
    },
}

/// A text with wildcards and, from version 2012-10-17 on, variables.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Template {
    source: String,
    pieces: Vec<Piece>,
}

/// A `${…}` that is not a variable of the policy language.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BadVariable {
    /// The variable as written, up to where reading stopped.
    pub variable: String,
    /// What is wrong with it.
    pub reason: &'static str,
}

impl Template {
    /// Reads a text; `variables` says whether the policy's version has policy variables.
    pub fn parse(source: &str, variables: bool) -> Result<Self, BadVariable> {
        let mut pieces = Pieces::default();
        let mut rest = source;
        while let Some(at) = rest.bytes().position(|byte| matches!(byte, b'*' | b'?' | b'$')) {
            let (plain, special) = rest.split_at(at);
            pieces.text.push_str(plain);
            if variables && let Some(body) = special.strip_prefix("${") {
                rest = pieces.variable(special, body)?;
                continue;
            }
            rest = special.get(1..).unwrap_or_default();
            match special.as_bytes().first() {
                Some(b'*') => pieces.push(Piece::Star),
                Some(b'?') => pieces.push(Piece::Question),
                _ => pieces.text.push('$'),
            }
        }
        pieces.text.push_str(rest);
        Ok(Self { source: source.to_owned(), pieces: pieces.finish() })
    }

    /// A text in which every character stands for itself.
    pub fn literal(text: &str) -> Self {
        Self { source: text.to_owned(), pieces: vec![Piece::Text(text.to_owned())] }
    }

    /// The text as the document has it.
    pub fn source(&self) -> &str {
        &self.source
    }

    /// The parts, in order; two texts never follow one another.
    pub fn pieces(&self) -> &[Piece] {
        &self.pieces
    }

    /// True for `*`, which matches everything (`**` is the same).
    pub fn is_star(&self) -> bool {
        !self.pieces.is_empty() && self.pieces.iter().all(|piece| *piece == Piece::Star)
    }

    /// True when a variable is inside.
    pub fn has_variable(&self) -> bool {
        self.pieces.iter().any(|piece| matches!(piece, Piece::Variable { .. }))
    }

    /// True when `*` or `?` is inside.
    pub fn has_wildcard(&self) -> bool {
        self.pieces.iter().any(|piece| matches!(piece, Piece::Star | Piece::Question))
    }
}

impl fmt::Display for Template {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.source)
    }
}

/// Collects pieces, joining neighbouring characters into one text.
#[derive(Default)]
struct Pieces {
    done: Vec<Piece>,
    text: String,
}

impl Pieces {
    fn push(&mut self, piece: Piece) {
        if !self.text.is_empty() {
            self.done.push(Piece::Text(std::mem::take(&mut self.text)));
        }
        self.done.push(piece);
    }

    fn finish(mut self) -> Vec<Piece> {
        if !self.text.is_empty() {
            self.done.push(Piece::Text(self.text));
        }
        self.done
    }

    /// Reads one variable that starts at `whole`; `body` is what follows its `${`. Returns what is left.
    fn variable<'a>(&mut self, whole: &str, body: &'a str) -> Result<&'a str, BadVariable> {
        let bad = |reason| BadVariable { variable: whole.chars().take(64).collect(), reason };
        let Some((inside, rest)) = body.split_once('}') else { return Err(bad("is not closed with `}`")) };
        match inside {
            "" => return Err(bad("is empty")),
            "*" | "?" | "$" => {
                self.text.push_str(inside);
                return Ok(rest);
            }
            _ => {}
        }
        let Some((key, default)) = inside.split_once(',') else {
            self.push(Piece::Variable { key: inside.trim().to_owned(), default: None });
            return Ok(rest);
        };
        // A default may itself hold `}`, so its closing quote decides where the variable ends.
        let after_comma = body.get(key.len() + 1..).unwrap_or_default().trim_start();
        let quoted = after_comma.strip_prefix('\'').and_then(|text| text.split_once('\''));
        let closed = quoted.and_then(|(value, after)| Some((value, after.trim_start().strip_prefix('}')?)));
        let (true, Some((value, rest))) = (!default.is_empty(), closed) else {
            return Err(bad("has a default that is not in single quotes"));
        };
        self.push(Piece::Variable { key: key.trim().to_owned(), default: Some(value.to_owned()) });
        Ok(rest)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pieces(source: &str) -> Vec<Piece> {
        Template::parse(source, true).unwrap().pieces().to_vec()
    }

    fn text(text: &str) -> Piece {
        Piece::Text(text.to_owned())
    }

    fn variable(key: &str, default: Option<&str>) -> Piece {
        Piece::Variable { key: key.to_owned(), default: default.map(str::to_owned) }
    }

    #[test]
    fn wildcards_and_variables_become_pieces() {
        assert_eq!(pieces("a*b?"), [text("a"), Piece::Star, text("b"), Piece::Question]);
        assert_eq!(pieces("u/${aws:username}/*"), [text("u/"), variable("aws:username", None), text("/"), Piece::Star]);
        assert_eq!(
            pieces("${aws:PrincipalTag/team, 'com}pany'}x"),
            [variable("aws:PrincipalTag/team", Some("com}pany")), text("x")]
        );
    }

    #[test]
    fn escaped_wildcards_are_text() {
        assert_eq!(pieces("a${*}b${?}${$}"), [text("a*b?$")]);
    }

    #[test]
    fn the_old_version_has_no_variables() {
        let template = Template::parse("${aws:username}", false).unwrap();
        assert_eq!(template.pieces(), [text("${aws:username}")]);
    }

    #[test]
    fn broken_variables_are_refused() {
        for source in ["${", "${}", "${aws:username", "${aws:username, }", "${aws:username, 'x}", "${aws:username, x}"]
        {
            assert!(Template::parse(source, true).is_err(), "{source}");
        }
    }
}

//! Reading filter patterns over JSON events.
//!
//! ```text
//! pattern    = "{" any "}"
//! any        = all *("||" all)
//! all        = one *("&&" one)
//! one        = "(" any ")" | selector test
//! selector   = "$" 1*("." name | "[" (number | "*" | quoted) "]")
//! test       = ("=" | "!=") value | ("<" | "<=" | ">" | ">=") number
//!            | "IS" ("NULL" | "TRUE" | "FALSE") | ["NOT"] "EXISTS"
//! value      = number | quoted | word | "%" regular expression "%"
//! ```
//!
//! An asterisk at either end of a word or quoted text is a wildcard. Text in a pattern is at most [`MAX_BYTES`] long and
//! parentheses nest at most [`MAX_DEPTH`] deep; AWS itself takes 1,024 characters.

use super::tree::{Order, Selector, Step, Term, Test, Text, Tree, Value};

/// Longest pattern that is read, in bytes.
pub const MAX_BYTES: usize = 8192;
/// Deepest nesting of parentheses that is read.
pub const MAX_DEPTH: usize = 64;

/// Why a pattern cannot be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ParseError {
    /// Something else should stand at a place.
    #[error("expected {wanted} at character {at}")]
    Expected {
        /// What should stand there.
        wanted: &'static str,
        /// The place, counted from one.
        at: usize,
    },
    /// The pattern is longer than any that AWS takes.
    #[error("the pattern is longer than {MAX_BYTES} bytes")]
    TooLong,
    /// Parentheses nest too deep.
    #[error("parentheses nest more than {MAX_DEPTH} deep")]
    TooDeep,
    /// An asterisk between other characters, of which AWS does not say what it matches.
    #[error("`{0}` has an asterisk in the middle, of which AWS does not say what it matches")]
    InnerWildcard(String),
}

/// Reads a pattern in braces.
pub(super) fn json(text: &str) -> Result<Tree, ParseError> {
    if text.len() > MAX_BYTES {
        return Err(ParseError::TooLong);
    }
    let mut parser = Parser { text, at: 0 };
    parser.token("{", "`{`")?;
    let tree = parser.any(0)?;
    parser.token("}", "`&&`, `||` or `}`")?;
    parser.space();
    if parser.rest().is_empty() { Ok(tree) } else { Err(parser.expected("the end after `}`")) }
}

struct Parser<'a> {
    text: &'a str,
    at: usize,
}

impl<'a> Parser<'a> {
    fn rest(&self) -> &'a str {
        self.text.get(self.at..).unwrap_or("")
    }

    fn expected(&self, wanted: &'static str) -> ParseError {
        let before = self.text.get(..self.at).unwrap_or(self.text);
        ParseError::Expected { wanted, at: before.chars().count() + 1 }
    }

    fn space(&mut self) {
        let rest = self.rest();
        self.at += rest.len() - rest.trim_start().len();
    }

    /// Takes a token when it comes next, after space.
    fn take(&mut self, token: &str) -> bool {
        self.space();
        let found = self.rest().starts_with(token);
        if found {
            self.at += token.len();
        }
        found
    }

    fn token(&mut self, token: &str, wanted: &'static str) -> Result<(), ParseError> {
        if self.take(token) { Ok(()) } else { Err(self.expected(wanted)) }
    }

    /// Takes what stands before the first character that does not belong.
    fn while_is(&mut self, belongs: impl Fn(char) -> bool) -> &'a str {
        let rest = self.rest();
        let end = rest.find(|c| !belongs(c)).unwrap_or(rest.len());
        self.at += end;
        rest.get(..end).unwrap_or("")
    }

    /// Takes a word in capital or small letters.
    fn keyword(&mut self, word: &str) -> bool {
        self.space();
        let before = self.at;
        let found = self.while_is(char::is_alphabetic).eq_ignore_ascii_case(word);
        if !found {
            self.at = before;
        }
        found
    }

    fn any(&mut self, depth: usize) -> Result<Tree, ParseError> {
        let mut trees = vec![self.all(depth)?];
        while self.take("||") {
            trees.push(self.all(depth)?);
        }
        Tree::any(trees).ok_or_else(|| self.expected("a condition"))
    }

    fn all(&mut self, depth: usize) -> Result<Tree, ParseError> {
        let mut trees = vec![self.one(depth)?];
        while self.take("&&") {
            trees.push(self.one(depth)?);
        }
        Tree::all(trees).ok_or_else(|| self.expected("a condition"))
    }

    fn one(&mut self, depth: usize) -> Result<Tree, ParseError> {
        if depth > MAX_DEPTH {
            return Err(ParseError::TooDeep);
        }
        if self.take("(") {
            let tree = self.any(depth + 1)?;
            self.token(")", "`&&`, `||` or `)`")?;
            return Ok(tree);
        }
        let selector = self.selector()?;
        Ok(Tree::Term(Term { selector, test: self.test()? }))
    }

    fn selector(&mut self) -> Result<Selector, ParseError> {
        self.token("$", "`(` or a selector such as `$.eventName`")?;
        let mut steps = Vec::new();
        loop {
            if self.rest().starts_with('.') {
                self.at += 1;
                // A member whose name has other characters stands in brackets, with or without the dot.
                if self.rest().starts_with('[') {
                    continue;
                }
                let name = self.while_is(|c| c.is_alphanumeric() || c == '-' || c == '_');
                if name.is_empty() {
                    return Err(self.expected("the name of a member"));
                }
                steps.push(Step::Member(name.to_owned()));
            } else if self.rest().starts_with('[') {
                self.at += 1;
                steps.push(self.bracket()?);
            } else if steps.is_empty() {
                return Err(self.expected("`.` and the name of a member"));
            } else {
                return Ok(Selector(steps));
            }
        }
    }

    fn bracket(&mut self) -> Result<Step, ParseError> {
        self.space();
        let step = if self.take("*") {
            Step::EachElement
        } else if let Some(quote @ ('"' | '\'')) = self.rest().chars().next() {
            Step::Member(self.quoted(quote)?)
        } else {
            let digits = self.while_is(|c| c.is_ascii_digit());
            Step::Element(digits.parse().map_err(|_| self.expected("the number of an element"))?)
        };
        self.token("]", "`]`")?;
        Ok(step)
    }

    fn test(&mut self) -> Result<Test, ParseError> {
        for (token, order) in
            [("<=", Order::LessOrEqual), (">=", Order::GreaterOrEqual), ("<", Order::Less), (">", Order::Greater)]
        {
            if self.take(token) {
                return match self.value()? {
                    Value::Number(number) => Ok(Test::Compares(order, number)),
                    Value::Text(_) | Value::Regex(_) => Err(self.expected("a number before this place")),
                };
            }
        }
        if self.take("!=") {
            return self.value().map(Test::IsNot);
        }
        if self.take("=") {
            return self.value().map(Test::Is);
        }
        if self.keyword("IS") {
            let kinds = [("NULL", Test::IsNull), ("TRUE", Test::IsTrue), ("FALSE", Test::IsFalse)];
            let found = kinds.into_iter().find(|(word, _)| self.keyword(word));
            return found.map(|(_, test)| test).ok_or_else(|| self.expected("`NULL`, `TRUE` or `FALSE`"));
        }
        if self.keyword("EXISTS") {
            return Ok(Test::Exists);
        }
        if self.keyword("NOT") && self.keyword("EXISTS") {
            return Ok(Test::NotExists);
        }
        Err(self.expected("an operator such as `=`, `IS` or `NOT EXISTS`"))
    }

    fn value(&mut self) -> Result<Value, ParseError> {
        self.space();
        match self.rest().chars().next() {
            Some('"') => {
                let text = self.quoted('"')?;
                text_of(&text).map(Value::Text)
            }
            Some('%') => {
                self.at += 1;
                let rest = self.rest();
                let end = rest.find('%').ok_or_else(|| self.expected("a `%` that ends the regular expression"))?;
                self.at += end + 1;
                Ok(Value::Regex(rest.get(..end).unwrap_or("").to_owned()))
            }
            _ => {
                let word = self.while_is(|c| !c.is_whitespace() && !"(){}&|\"=<>!".contains(c));
                if word.is_empty() {
                    return Err(self.expected("a value"));
                }
                if let Some(number) = number(word) { Ok(Value::Number(number)) } else { text_of(word).map(Value::Text) }
            }
        }
    }

    /// Text between quotation marks; a backslash takes the character after it as it is.
    fn quoted(&mut self, quote: char) -> Result<String, ParseError> {
        let mut text = String::new();
        let mut chars = self.rest().char_indices().skip(1);
        while let Some((at, c)) = chars.next() {
            match c {
                '\\' => text.extend(chars.next().map(|(_, c)| c)),
                c if c == quote => {
                    self.at += at + c.len_utf8();
                    return Ok(text);
                }
                c => text.push(c),
            }
        }
        Err(self.expected("text that ends with a quotation mark"))
    }
}

/// A number as AWS documents it: digits with an optional sign, fraction and exponent.
fn number(word: &str) -> Option<f64> {
    let unsigned = word.strip_prefix(['+', '-']).unwrap_or(word);
    let digits = unsigned.starts_with(|c: char| c.is_ascii_digit())
        && unsigned.chars().all(|c| c.is_ascii_digit() || matches!(c, '.' | 'e' | 'E' | '+' | '-'));
    // Negative zero is zero.
    word.parse().ok().filter(|number: &f64| digits && number.is_finite()).map(|number| number + 0.0)
}

/// Text with the wildcards at its ends taken off.
fn text_of(text: &str) -> Result<Text, ParseError> {
    let (open_start, inner) = text.strip_prefix('*').map_or((false, text), |rest| (true, rest));
    let (open_end, inner) = inner.strip_suffix('*').map_or((false, inner), |rest| (true, rest));
    // `*` alone is anything.
    let open_end = open_end || (open_start && inner.is_empty());
    if inner.contains('*') {
        return Err(ParseError::InnerWildcard(text.to_owned()));
    }
    Ok(Text { open_start, text: inner.to_owned(), open_end })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(text: &str) -> String {
        json(text).map_or_else(|error| error.to_string(), |tree| tree.to_string())
    }

    #[test]
    fn and_binds_tighter_than_or() {
        assert_eq!(parsed("{ $.a = 1 || $.b = x && $.c = y }"), "{ $.a = 1 || ($.b = \"x\" && $.c = \"y\") }");
        assert_eq!(parsed("{ ($.a = 1 || $.b = x) && $.c = y }"), "{ ($.a = 1 || $.b = \"x\") && $.c = \"y\" }");
        assert_eq!(parsed("{(($.a=1)||($.b=x)||($.c=y))}"), "{ $.a = 1 || $.b = \"x\" || $.c = \"y\" }");
    }

    #[test]
    fn every_documented_test_is_read() {
        for (text, meaning) in [
            ("{ $.n >= 500 }", "{ $.n >= 500 }"),
            ("{$.n<10e-3}", "{ $.n < 0.01 }"),
            ("{ $.n > +1000 }", "{ $.n > 1000 }"),
            ("{ $.n != -5.5 }", "{ $.n != -5.5 }"),
            ("{ $.SomeObject IS NULL }", "{ $.SomeObject IS NULL }"),
            ("{ $.ThisFlag IS TRUE }", "{ $.ThisFlag IS TRUE }"),
            ("{ $.ThisFlag is false }", "{ $.ThisFlag IS FALSE }"),
            ("{ $.Other NOT EXISTS }", "{ $.Other NOT EXISTS }"),
            ("{ $.Other EXISTS }", "{ $.Other EXISTS }"),
            ("{ $.ip != 123.123.* }", "{ $.ip != \"123.123.*\" }"),
            ("{ $.code = 4* }", "{ $.code = \"4*\" }"),
            ("{ $.any = * }", "{ $.any = \"*\" }"),
            ("{ $.code = \"400\" }", "{ $.code = \"400\" }"),
            ("{ $.code = \"say \\\"x\\\\y\\\"\" }", "{ $.code = \"say \\\"x\\\\y\\\"\" }"),
            ("{ $.users[0].id = 2 }", "{ $.users[0].id = 2 }"),
            ("{ $.a[0][1] = x }", "{ $.a[0][1] = \"x\" }"),
            ("{ $.a[*].b = x }", "{ $.a[*].b = \"x\" }"),
            ("{ $.['odd key'].b = x }", "{ $[\"odd key\"].b = \"x\" }"),
            ("{ $.name = %^Create.{1,3}$% }", "{ $.name = %^Create.{1,3}$% }"),
            ("{ $.eventSource=s3.amazonaws.com&&$.x=y}", "{ $.eventSource = \"s3.amazonaws.com\" && $.x = \"y\" }"),
        ] {
            assert_eq!(parsed(text), meaning, "{text}");
        }
    }

    #[test]
    fn what_is_no_pattern_says_where_it_goes_wrong() {
        for (text, error) in [
            ("{ }", "expected `(` or a selector such as `$.eventName` at character 3"),
            ("{ $.a }", "expected an operator such as `=`, `IS` or `NOT EXISTS` at character 7"),
            ("{ $.a = }", "expected a value at character 9"),
            ("{ $.a = x", "expected `&&`, `||` or `}` at character 10"),
            ("{ ($.a = x }", "expected `&&`, `||` or `)` at character 12"),
            ("{ $ = x }", "expected `.` and the name of a member at character 4"),
            ("{ $.é. = x }", "expected the name of a member at character 7"),
            ("{ $.a[x] = 1 }", "expected the number of an element at character 7"),
            ("{ $.a = \"x }", "expected text that ends with a quotation mark at character 9"),
            ("{ $.a = %x }", "expected a `%` that ends the regular expression at character 10"),
            ("{ $.a < x }", "expected a number before this place at character 10"),
            ("{ $.a IS MISSING }", "expected `NULL`, `TRUE` or `FALSE` at character 10"),
            ("{ $.a = x } y", "expected the end after `}` at character 13"),
            ("{ $.a = b*c }", "`b*c` has an asterisk in the middle, of which AWS does not say what it matches"),
        ] {
            assert_eq!(parsed(text), error, "{text}");
        }
    }

    #[test]
    fn patterns_beyond_the_limits_are_refused() {
        let deep = |depth: usize| format!("{{ {}$.a = x{} }}", "(".repeat(depth), ")".repeat(depth));
        assert!(json(&deep(MAX_DEPTH)).is_ok());
        assert_eq!(json(&deep(MAX_DEPTH + 1)), Err(ParseError::TooDeep));
        assert_eq!(json(&deep(4000)), Err(ParseError::TooDeep));
        assert_eq!(json(&format!("{{ $.a = {} }}", "x".repeat(MAX_BYTES))), Err(ParseError::TooLong));
    }
}

//! Reading queries of CloudWatch Logs Insights, as far as they select events.
//!
//! ```text
//! query      = command *("|" command)
//! command    = "filter" any | "fields" names | "display" names | "sort" … | "limit" number
//! any        = all *("or" all)
//! all        = one *("and" one)
//! one        = ["not"] ( "(" any ")" | "ispresent" "(" name ")" | name test )
//! test       = ("=" | "!=") value | ("<" | "<=" | ">" | ">=") number
//!            | ["not"] "in" "[" value *("," value) "]" | ["not"] "like" (quoted | "/" regular expression "/") | "=~" …
//! value      = number | quoted
//! ```
//!
//! What is left out of this cannot be told from the query alone, as what another command does to the rows.
//! <https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/CWL_QuerySyntax.html>

use super::parse::MAX_DEPTH;
use super::tree::{Order, Selector, Step, Term, Test, Text, Tree, Value};

/// Longest query that is read, in bytes, as AWS takes it.
pub const MAX_QUERY_BYTES: usize = 10_000;

/// The events that a query selects.
#[derive(Debug, Clone, PartialEq)]
pub enum Query {
    /// All of them.
    Everything,
    /// Those that a tree matches.
    Some {
        /// As far as AWS documents: a comparison with a member that is not there holds nothing.
        surely: Tree,
        /// With every event of which AWS does not say whether it is selected.
        perhaps: Tree,
    },
}

/// Reads a query; the error says what of it cannot be told.
pub fn query(text: &str) -> Result<Query, String> {
    if text.len() > MAX_QUERY_BYTES {
        return Err(format!("it is longer than {MAX_QUERY_BYTES} bytes"));
    }
    let tokens = tokens(text)?;
    let mut filters = Vec::new();
    for command in tokens.split(|token| *token == Token::Sign("|")) {
        filters.extend(self::command(command)?);
    }
    let every = |missing| Tree::all(filters.iter().map(|filter| tree(filter, true, missing)));
    Ok(match (every(Missing::IsOut), every(Missing::IsIn)) {
        (Some(surely), Some(perhaps)) => Query::Some { surely, perhaps },
        _ => Query::Everything,
    })
}

#[derive(Debug, Clone, PartialEq)]
enum Token {
    Word(String),
    Quoted(String),
    Regex(String),
    Sign(&'static str),
}

/// Signs, longer ones before those that they begin with.
const SIGNS: [&str; 13] = ["!=", "<=", ">=", "=~", "=", "<", ">", "(", ")", "[", "]", ",", "|"];

fn tokens(text: &str) -> Result<Vec<Token>, String> {
    let mut tokens = Vec::new();
    let mut rest = text.trim_start();
    while let Some(first) = rest.chars().next() {
        let after_like = match tokens.last() {
            Some(Token::Word(word)) => word.eq_ignore_ascii_case("like"),
            Some(Token::Sign(sign)) => *sign == "=~",
            _ => false,
        };
        if first == '#' {
            rest = rest.split_once('\n').map_or("", |(_, rest)| rest);
        } else if let Some(sign) = SIGNS.iter().find(|sign| rest.starts_with(**sign)) {
            tokens.push(Token::Sign(sign));
            rest = rest.get(sign.len()..).unwrap_or("");
        } else if matches!(first, '"' | '\'') || (first == '/' && after_like) {
            let (inside, after) = quoted(rest.get(1..).unwrap_or(""), first)?;
            tokens.push(if first == '/' { Token::Regex(inside) } else { Token::Quoted(inside) });
            rest = after;
        } else {
            let end = rest.find(|c: char| !is_word(c)).unwrap_or(rest.len());
            if end == 0 {
                return Err(format!("`{first}` is not understood"));
            }
            tokens.push(Token::Word(rest.get(..end).unwrap_or("").to_owned()));
            rest = rest.get(end..).unwrap_or("");
        }
        rest = rest.trim_start();
    }
    Ok(tokens)
}

fn is_word(c: char) -> bool {
    c.is_alphanumeric() || matches!(c, '_' | '.' | '@' | '-' | '$')
}

/// What stands before the closing sign, and what comes after it.
fn quoted(text: &str, closing: char) -> Result<(String, &str), String> {
    let mut inside = String::new();
    let mut letters = text.char_indices();
    while let Some((at, letter)) = letters.next() {
        if letter == closing {
            return Ok((inside, text.get(at + letter.len_utf8()..).unwrap_or("")));
        }
        match (letter, closing) {
            // Inside of a regular expression a backslash keeps its meaning.
            ('\\', '/') => {
                inside.push(letter);
                inside.extend(letters.next().map(|(_, next)| next));
            }
            ('\\', _) => inside.extend(letters.next().map(|(_, next)| next)),
            _ => inside.push(letter),
        }
    }
    Err(format!("`{closing}` is not closed"))
}

/// The condition of one command, when it has one.
fn command(tokens: &[Token]) -> Result<Option<Condition>, String> {
    let Some((Token::Word(name), rest)) = tokens.split_first() else {
        return if tokens.is_empty() { Ok(None) } else { Err("a command has no name".to_owned()) };
    };
    match name.to_ascii_lowercase().as_str() {
        "filter" => {
            let mut parser = Parser { rest };
            let condition = parser.any(0)?;
            if parser.rest.is_empty() { Ok(Some(condition)) } else { Err("its filter goes on oddly".to_owned()) }
        }
        // A name given to something else could hide a member of the event.
        "fields" | "display" => {
            let is_plain = |token: &Token| match token {
                Token::Word(word) => !word.eq_ignore_ascii_case("as"),
                Token::Sign(sign) => *sign == ",",
                Token::Quoted(_) | Token::Regex(_) => false,
            };
            if rest.iter().all(is_plain) { Ok(None) } else { Err(format!("`{name}` computes")) }
        }
        "sort" => Ok(None),
        "limit" => match rest {
            [Token::Word(count)] if count.parse::<u32>().is_ok_and(|count| count > 0) => Ok(None),
            _ => Err("its limit is no number above zero".to_owned()),
        },
        other => Err(format!("what its command `{other}` leaves of the events is not followed")),
    }
}

#[derive(Debug, Clone, PartialEq)]
enum Condition {
    Term(Term),
    Not(Box<Condition>),
    All(Vec<Condition>),
    Any(Vec<Condition>),
}

struct Parser<'t> {
    rest: &'t [Token],
}

impl<'t> Parser<'t> {
    fn next(&mut self) -> Result<&'t Token, String> {
        let (first, rest) = self.rest.split_first().ok_or("its filter ends too early")?;
        self.rest = rest;
        Ok(first)
    }

    /// Takes a word when it comes next, in capital or small letters.
    fn keyword(&mut self, word: &str) -> bool {
        let found = matches!(self.rest.first(), Some(Token::Word(next)) if next.eq_ignore_ascii_case(word));
        if found {
            self.rest = self.rest.get(1..).unwrap_or(&[]);
        }
        found
    }

    fn sign(&mut self, sign: &str) -> bool {
        let found = matches!(self.rest.first(), Some(Token::Sign(next)) if *next == sign);
        if found {
            self.rest = self.rest.get(1..).unwrap_or(&[]);
        }
        found
    }

    fn require(&mut self, sign: &str) -> Result<(), String> {
        if self.sign(sign) { Ok(()) } else { Err(format!("its filter lacks `{sign}`")) }
    }

    fn any(&mut self, depth: usize) -> Result<Condition, String> {
        let mut all = vec![self.all(depth)?];
        while self.keyword("or") {
            all.push(self.all(depth)?);
        }
        Ok(Condition::Any(all))
    }

    fn all(&mut self, depth: usize) -> Result<Condition, String> {
        let mut all = vec![self.one(depth)?];
        while self.keyword("and") {
            all.push(self.one(depth)?);
        }
        Ok(Condition::All(all))
    }

    fn one(&mut self, depth: usize) -> Result<Condition, String> {
        if depth > MAX_DEPTH {
            return Err(format!("parentheses nest more than {MAX_DEPTH} deep"));
        }
        if self.keyword("not") {
            return Ok(Condition::Not(Box::new(self.one(depth + 1)?)));
        }
        if self.sign("(") {
            let inside = self.any(depth + 1)?;
            self.require(")")?;
            return Ok(inside);
        }
        if self.keyword("ispresent") {
            self.require("(")?;
            let selector = self.selector()?;
            self.require(")")?;
            return Ok(Condition::Term(Term { selector, test: Test::Exists }));
        }
        let selector = self.selector()?;
        self.test(&selector)
    }

    fn selector(&mut self) -> Result<Selector, String> {
        let Token::Word(name) = self.next()? else { return Err("its filter names no field".to_owned()) };
        if name.starts_with('@') {
            return Err(format!("`{name}` is not a member of the event"));
        }
        let step = |part: &str| match part.parse::<u32>() {
            Ok(number) => Step::Element(number),
            Err(_) => Step::Member(part.to_owned()),
        };
        if name.split('.').any(str::is_empty) {
            return Err(format!("`{name}` is no name of a field"));
        }
        Ok(Selector(name.split('.').map(step).collect()))
    }

    fn test(&mut self, selector: &Selector) -> Result<Condition, String> {
        let term = |test| Condition::Term(Term { selector: selector.clone(), test });
        let is_negated = self.keyword("not");
        let positive = if self.keyword("in") {
            self.require("[")?;
            let mut values = vec![self.value()?];
            while self.sign(",") {
                values.push(self.value()?);
            }
            self.require("]")?;
            Condition::Any(values.into_iter().map(|value| term(Test::Is(value))).collect())
        } else if self.keyword("like") || self.sign("=~") {
            let value = match self.next()? {
                Token::Quoted(text) => Value::Text(Text { open_start: true, text: text.clone(), open_end: true }),
                Token::Regex(text) => Value::Regex(text.clone()),
                _ => return Err("its filter compares with a field".to_owned()),
            };
            term(Test::Is(value))
        } else if is_negated {
            return Err("its filter has an odd `not`".to_owned());
        } else {
            let Token::Sign(sign) = self.next()? else { return Err("its filter compares oddly".to_owned()) };
            let value = self.value()?;
            term(compared(sign, value)?)
        };
        Ok(if is_negated { Condition::Not(Box::new(positive)) } else { positive })
    }

    fn value(&mut self) -> Result<Value, String> {
        match self.next()? {
            Token::Quoted(text) => Ok(Value::Text(Text::literal(text.as_str()))),
            Token::Word(word) => match word.parse::<f64>() {
                Ok(number) if number.is_finite() => Ok(Value::Number(number)),
                _ => Err(format!("its filter compares with the field `{word}`")),
            },
            _ => Err("its filter compares with no value".to_owned()),
        }
    }
}

fn compared(sign: &str, value: Value) -> Result<Test, String> {
    let order = match (sign, value) {
        ("=", value) => return Ok(Test::Is(value)),
        ("!=", value) => return Ok(Test::IsNot(value)),
        ("<", Value::Number(number)) => (Order::Less, number),
        ("<=", Value::Number(number)) => (Order::LessOrEqual, number),
        (">", Value::Number(number)) => (Order::Greater, number),
        (">=", Value::Number(number)) => (Order::GreaterOrEqual, number),
        _ => return Err(format!("`{sign}` compares oddly")),
    };
    Ok(Test::Compares(order.0, order.1))
}

/// What becomes of an event without the member that a negation is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Missing {
    IsOut,
    IsIn,
}

fn tree(condition: &Condition, positive: bool, missing: Missing) -> Tree {
    match (condition, positive) {
        (Condition::Not(inner), _) => tree(inner, !positive, missing),
        (Condition::All(parts), true) | (Condition::Any(parts), false) => {
            join(parts.iter().map(|part| tree(part, positive, missing)), Tree::all)
        }
        (Condition::Any(parts), true) | (Condition::All(parts), false) => {
            join(parts.iter().map(|part| tree(part, positive, missing)), Tree::any)
        }
        (Condition::Term(term), positive) => {
            let plain = Tree::Term(Term { selector: term.selector.clone(), test: test(&term.test, positive) });
            let is_doubtful =
                matches!((&term.test, positive), (Test::IsNot(_), _) | (Test::Is(_) | Test::Compares(..), false));
            if is_doubtful && missing == Missing::IsIn {
                let absent = Tree::Term(Term { selector: term.selector.clone(), test: Test::NotExists });
                join([plain, absent].into_iter(), Tree::any)
            } else {
                plain
            }
        }
    }
}

/// Joins trees of which there is at least one; without any, nothing is understood.
fn join<I: Iterator<Item = Tree>>(trees: I, how: fn(Vec<Tree>) -> Option<Tree>) -> Tree {
    how(trees.collect()).unwrap_or_else(|| {
        Tree::Term(Term { selector: Selector(Vec::new()), test: Test::Is(Value::Regex(String::new())) })
    })
}

fn test(test: &Test, positive: bool) -> Test {
    if positive {
        return test.clone();
    }
    match test {
        Test::Is(value) => Test::IsNot(value.clone()),
        Test::IsNot(value) => Test::Is(value.clone()),
        Test::Compares(order, number) => {
            let opposite = match order {
                Order::Less => Order::GreaterOrEqual,
                Order::LessOrEqual => Order::Greater,
                Order::Greater => Order::LessOrEqual,
                Order::GreaterOrEqual => Order::Less,
            };
            Test::Compares(opposite, *number)
        }
        Test::Exists => Test::NotExists,
        Test::NotExists => Test::Exists,
        Test::IsNull | Test::IsTrue | Test::IsFalse => test.clone(),
    }
}

#[cfg(test)]
mod tests {
    use super::super::{Coverage, Pattern, covers};
    use super::*;

    fn wanted(text: &str) -> Tree {
        match text.parse() {
            Ok(Pattern::Json(tree)) => tree,
            other => panic!("{text}: {other:?}"),
        }
    }

    /// Whether a query surely selects all events of a filter pattern, and whether it perhaps does.
    fn judge(text: &str, pattern: &str) -> (bool, bool) {
        let wanted = wanted(pattern);
        match query(text).unwrap() {
            Query::Everything => (true, true),
            Query::Some { surely, perhaps } => {
                (covers(&surely, &wanted) == Coverage::Covers, covers(&perhaps, &wanted) == Coverage::Covers)
            }
        }
    }

    #[test]
    fn a_regular_expression_follows_either_word_for_it() {
        let keys = "{ $.eventName = DisableKey }";
        let likes = ["filter eventName like /Key/", "filter eventName =~ /Key/"].map(|query| judge(query, keys));
        assert_eq!(likes[0], likes[1]);
        assert!(query("filter eventName = /Key/").is_err());
    }

    #[test]
    fn every_sign_compares_as_in_a_pattern_and_not_as_another() {
        let signs = ["=", "<", "<=", ">", ">="];
        for sign in signs {
            for other in signs {
                let selects = judge(&format!("filter size {sign} 3"), &format!("{{ $.size {other} 3 }}"));
                // What equals 3 may be a text, which is in no order.
                let covers = sign == other || matches!((sign, other), ("<=", "<") | (">=", ">"));
                assert_eq!(selects, (covers, covers), "{sign} {other}");
            }
        }
    }

    #[test]
    fn queries_select_what_their_filters_say() {
        let keys =
            "{ $.eventSource = kms.amazonaws.com && ($.eventName = DisableKey || $.eventName = ScheduleKeyDeletion) }";
        for query in [
            "filter eventSource = \"kms.amazonaws.com\" and eventName in ['DisableKey', \"ScheduleKeyDeletion\"]",
            "fields @timestamp, eventName | filter eventName = 'DisableKey' or eventName = 'ScheduleKeyDeletion' | sort @timestamp desc | limit 20",
            "FILTER eventName like \"Key\" | filter eventSource = 'kms.amazonaws.com'",
            "# all of it\nfilter not (eventName not in ['DisableKey', 'ScheduleKeyDeletion', 'EnableKey'])",
            "fields eventName",
            "",
        ] {
            assert_eq!(judge(query, keys), (true, true), "{query}");
        }
        for query in [
            "filter eventName = 'DisableKey'",
            "filter eventName in ['DisableKey', 'ScheduleKeyDeletion'] and awsRegion = 'us-east-1'",
            "filter eventName like 'disable'",
            "filter not ispresent(eventName)",
        ] {
            assert_eq!(judge(query, keys), (false, false), "{query}");
        }
    }

    #[test]
    fn whether_a_member_that_is_not_there_differs_from_a_value_stays_open() {
        let calls = "{ $.eventName = CreateVpc }";
        for query in ["filter errorCode != 'x'", "filter not errorCode = 'x'", "filter errorCode not in ['x', 'y']"] {
            let pattern = "{ $.eventName = CreateVpc && $.errorCode NOT EXISTS }";
            assert_eq!(judge(query, pattern), (false, true), "{query}");
            assert!(!judge(query, calls).0, "{query}");
        }
        let root =
            "{ $.userIdentity.type = Root && $.userIdentity.invokedBy NOT EXISTS && $.eventType != AwsServiceEvent }";
        let query = "filter userIdentity.type = 'Root' and not ispresent(userIdentity.invokedBy) and eventType != 'AwsServiceEvent'";
        assert_eq!(judge(query, root), (true, true));
    }

    #[test]
    fn what_cannot_be_told_is_an_error() {
        let deep = format!("filter {}a = 1{}", "(".repeat(100), ")".repeat(100));
        let negated = format!("filter {} a = 1", "not ".repeat(100));
        for bad in [
            "stats count(*) by eventName",
            "filter @message like 'Root'",
            "filter eventName = CreateVpc",
            "filter eventName",
            "filter eventName = 'a' eventName = 'b'",
            "filter (eventName = 'a'",
            "filter strlen(eventName) > 3",
            "fields 'Root' as eventName | filter eventName = 'Root'",
            "fields concat(a, b)",
            "parse @message '*' as eventName",
            "dedup eventName",
            "limit 0",
            "filter eventName = 'a",
            "filter a..b = 'a'",
            "| 'x'",
            "filter {",
            deep.as_str(),
            negated.as_str(),
            &"filter a = 1 ".repeat(1000),
        ] {
            assert!(query(bad).is_err(), "{bad}");
        }
    }
}

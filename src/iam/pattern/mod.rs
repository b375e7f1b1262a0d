//! Wildcard patterns as languages: do two overlap, does a set of them cover another, what is an example?
//!
//! Actions and resources are never enumerated. A question such as "is there a role ARN that this `Allow` names and no
//! `Deny` does?" is a question about regular languages, and is decided by walking the product of the patterns' automata
//! until a text is found or every state is seen. The walk has a budget; a question beyond it has no answer rather than a
//! wrong one.

mod automaton;
mod pair;
mod walk;

use std::borrow::Cow;
use std::fmt;
use std::hash::{Hash, Hasher};
use std::sync::Arc;

/// One step of a [`Pattern`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Token {
    /// This character.
    Char(char),
    /// Any one character.
    One,
    /// Any characters, none included.
    Many,
    /// Any one character that is not `:`.
    OneInField,
    /// Any characters that are not `:`, none included.
    ManyInField,
}

impl Token {
    fn is_many(self) -> bool {
        matches!(self, Self::Many | Self::ManyInField)
    }

    /// Whether everything that another token stands for is something that this one takes, once or, as a star, often.
    fn stands_for(self, other: Self) -> bool {
        match (self, other) {
            (Self::Char(own), Self::Char(letter)) => own == letter,
            (Self::Char(_), _) => false,
            (Self::Many, _) | (Self::One, Self::Char(_) | Self::One | Self::OneInField) => true,
            (Self::One, Self::Many | Self::ManyInField) => false,
            (Self::OneInField | Self::ManyInField, Self::Char(letter)) => letter != ':',
            (Self::OneInField | Self::ManyInField, Self::OneInField) => true,
            (Self::ManyInField, Self::ManyInField) => true,
            (Self::OneInField, Self::ManyInField) | (_, Self::One | Self::Many) => false,
        }
    }

    fn takes(self, letter: char) -> bool {
        match self {
            Self::Char(own) => own == letter,
            Self::One | Self::Many => true,
            Self::OneInField | Self::ManyInField => letter != ':',
        }
    }
}

/// A text with wildcards, cheap to clone and one pointer wide: an account at its quotas lists a hundred thousand.
#[derive(Debug, Clone)]
pub struct Pattern(Arc<Compiled>);

#[derive(Debug)]
struct Compiled {
    tokens: Box<[Token]>,
    /// The text, when there is no wildcard.
    literal: Option<Box<str>>,
}

impl PartialEq for Pattern {
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0) || self.0.tokens == other.0.tokens
    }
}

impl Eq for Pattern {}

impl PartialOrd for Pattern {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Pattern {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        self.0.tokens.cmp(&other.0.tokens)
    }
}

impl Hash for Pattern {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.0.tokens.hash(state);
    }
}

/// An example of a language, if it has one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Sample {
    /// No text is in the language.
    Empty,
    /// This text is.
    Text(String),
    /// The question is beyond the budget.
    TooComplex,
}

/// The text of these letters, of which there are about so many.
fn text_of(letters: impl Iterator<Item = char>, about: usize) -> String {
    let mut text = String::with_capacity(about);
    letters.for_each(|letter| text.push(letter));
    text
}

impl Pattern {
    /// The pattern of these tokens; neighbouring stars become one.
    pub fn from_tokens(tokens: impl IntoIterator<Item = Token>) -> Self {
        let tokens = tokens.into_iter();
        let mut merged: Vec<Token> = Vec::with_capacity(tokens.size_hint().1.unwrap_or_default());
        for token in tokens {
            match (merged.last_mut(), token) {
                (Some(last), Token::Many) if last.is_many() => *last = Token::Many,
                (Some(last), Token::ManyInField) if last.is_many() => {}
                _ => merged.push(token),
            }
        }
        Self::of(merged.into())
    }

    fn of(tokens: Box<[Token]>) -> Self {
        let letter = |token: &Token| if let Token::Char(letter) = token { Some(*letter) } else { None };
        let is_literal = tokens.iter().all(|token| letter(token).is_some());
        let literal = is_literal.then(|| text_of(tokens.iter().filter_map(letter), tokens.len()).into());
        Self(Arc::new(Compiled { tokens, literal }))
    }

    /// Reads a text in which `*` and `?` stand for any characters.
    pub fn glob(text: &str) -> Self {
        Self::from_tokens(text.chars().map(|letter| match letter {
            '*' => Token::Many,
            '?' => Token::One,
            other => Token::Char(other),
        }))
    }

    /// Reads an action pattern: without regard to case, and with wildcards that stay on their side of the colon.
    pub fn action(text: &str) -> Self {
        let lower = text.to_ascii_lowercase();
        if !lower.is_empty() && lower.bytes().all(|byte| byte == b'*') {
            return Self::anything();
        }
        let Some((service, name)) = lower.split_once(':') else { return Self::literal(&lower) };
        let service = Self::glob(service)
            .0
            .tokens
            .iter()
            .map(|token| match token {
                Token::Many => Token::ManyInField,
                Token::One => Token::OneInField,
                other => *other,
            })
            .collect::<Vec<_>>();
        Self::from_tokens(
            service.into_iter().chain([Token::Char(':')]).chain(Self::glob(name).0.tokens.iter().copied()),
        )
    }

    /// A text that stands for itself.
    pub fn literal(text: &str) -> Self {
        Self(Arc::new(Compiled { tokens: text.chars().map(Token::Char).collect(), literal: Some(Box::from(text)) }))
    }

    /// The pattern that matches everything.
    pub fn anything() -> Self {
        Self(Arc::new(Compiled { tokens: Box::new([Token::Many]), literal: None }))
    }

    /// Where the pattern lies: tells copies of one pattern from others as long as one of them is kept.
    pub(crate) fn address(&self) -> usize {
        Arc::as_ptr(&self.0).addr()
    }

    /// The tokens, in order.
    pub fn tokens(&self) -> &[Token] {
        &self.0.tokens
    }

    /// True for the pattern that matches everything.
    pub fn is_anything(&self) -> bool {
        matches!(*self.0.tokens, [Token::Many])
    }

    /// The text, when the pattern has no wildcard.
    pub fn as_literal(&self) -> Option<&str> {
        self.0.literal.as_deref()
    }

    /// The characters before the first wildcard.
    pub fn literal_prefix(&self) -> String {
        if let Some(literal) = &self.0.literal {
            return literal.to_string();
        }
        let tokens = &self.0.tokens;
        let letters =
            tokens.iter().map_while(|token| if let Token::Char(letter) = token { Some(*letter) } else { None });
        text_of(letters, tokens.len())
    }

    /// The characters after the last wildcard.
    pub fn literal_suffix(&self) -> String {
        let letters = self.0.tokens.rsplit(|token| !matches!(token, Token::Char(_))).next().unwrap_or_default();
        letters.iter().filter_map(|token| if let Token::Char(letter) = token { Some(*letter) } else { None }).collect()
    }

    /// The characters behind the first wildcard, up to the next; empty where it is none that stands for any number of characters.
    pub(crate) fn literal_behind_first(&self) -> String {
        let mut rest = self.0.tokens.iter().skip_while(|token| matches!(token, Token::Char(_)));
        if !rest.next().is_some_and(|token| token.is_many()) {
            return String::new();
        }
        rest.map_while(|token| if let Token::Char(letter) = token { Some(*letter) } else { None }).collect()
    }

    /// Whether `text` is in the language.
    pub fn matches(&self, text: &str) -> bool {
        match &self.0.literal {
            Some(literal) => **literal == *text,
            None => walk::matches(&self.0.tokens, text).unwrap_or_else(|| automaton::matches(self, text)),
        }
    }

    /// True when the characters before the wildcards already exclude a common text.
    pub fn starts_apart(&self, other: &Self) -> bool {
        self.0.tokens.iter().zip(other.0.tokens.iter()).find_map(|pair| match pair {
            (Token::Char(a), Token::Char(b)) if a == b => None,
            (Token::Char(_), Token::Char(_)) => Some(true),
            _ => Some(false),
        }) == Some(true)
    }

    /// True when every text of `other` is surely one of `self`: a quick answer, `false` means "not seen to".
    ///
    /// The tokens of `other` are matched like a text: what stands for them stands for whatever they stand for.
    pub(crate) fn plainly_covers(&self, other: &Self) -> bool {
        if self == other || self.is_anything() {
            return true;
        }
        let (mut own, mut rest) = (&*self.0.tokens, &*other.0.tokens);
        // The tokens from the last star on, and where its text may end at the earliest.
        let mut star: Option<(&[Token], &[Token])> = None;
        loop {
            if let Some((first, after)) = own.split_first()
                && first.is_many()
            {
                star = Some((own, rest));
                own = after;
                continue;
            }
            match (own.split_first(), rest.split_first()) {
                (None, None) => return true,
                (Some((wanted, after)), Some((given, left))) if wanted.stands_for(*given) => {
                    (own, rest) = (after, left);
                }
                _ => {
                    let Some((many, at)) = star else { return false };
                    let (Some((first, after)), Some((given, left))) = (many.split_first(), at.split_first()) else {
                        return false;
                    };
                    if !first.stands_for(*given) {
                        return false;
                    }
                    star = Some((many, left));
                    (own, rest) = (after, left);
                }
            }
        }
    }

    /// Whether some text matches both.
    pub fn overlaps(&self, other: &Self) -> Option<bool> {
        if self.starts_apart(other) {
            return Some(false);
        }
        if self.plainly_covers(other) || other.plainly_covers(self) {
            return Some(true);
        }
        match sample(&[self.clone(), other.clone()], &[]) {
            Sample::Empty => Some(false),
            Sample::Text(_) => Some(true),
            Sample::TooComplex => None,
        }
    }

    /// The shortest text of the pattern, wildcards filled with as little as they take.
    pub(crate) fn shortest(&self) -> Cow<'_, str> {
        if let Some(literal) = &self.0.literal {
            return Cow::Borrowed(literal);
        }
        let mut text = String::with_capacity(self.0.tokens.len());
        text.extend(self.0.tokens.iter().filter_map(|token| match token {
            Token::Char(letter) => Some(*letter),
            Token::One | Token::OneInField => Some('x'),
            Token::Many | Token::ManyInField => None,
        }));
        Cow::Owned(text)
    }
}

impl fmt::Display for Pattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for token in &*self.0.tokens {
            match token {
                Token::Char(letter) => write!(f, "{letter}")?,
                Token::One | Token::OneInField => f.write_str("?")?,
                Token::Many | Token::ManyInField => f.write_str("*")?,
            }
        }
        Ok(())
    }
}

/// A text that matches all of `all_of` and none of `none_of`.
pub fn sample(all_of: &[Pattern], none_of: &[Pattern]) -> Sample {
    // Most questions end here, without an automaton: patterns that begin differently, or of which one holds the other.
    let mut wanted: Vec<Pattern> = Vec::with_capacity(all_of.len());
    for pattern in all_of {
        if pattern.is_anything() || wanted.iter().any(|own| pattern.plainly_covers(own)) {
            continue;
        }
        if wanted.iter().any(|own| own.starts_apart(pattern)) {
            return Sample::Empty;
        }
        wanted.retain(|own| !own.plainly_covers(pattern));
        wanted.push(pattern.clone());
    }
    if let Some(text) = wanted.iter().find_map(Pattern::as_literal) {
        let fits =
            wanted.iter().all(|pattern| pattern.matches(text)) && !none_of.iter().any(|pattern| pattern.matches(text));
        return if fits { Sample::Text(text.to_owned()) } else { Sample::Empty };
    }
    let mut unwanted: Vec<Pattern> = Vec::new();
    for pattern in none_of {
        if pattern.is_anything() || wanted.iter().any(|positive| pattern.plainly_covers(positive)) {
            return Sample::Empty;
        }
        if !wanted.iter().any(|positive| positive.starts_apart(pattern)) && !unwanted.contains(pattern) {
            unwanted.push(pattern.clone());
        }
    }
    // What has nothing in common with the only wanted pattern takes nothing away from it.
    if let [only] = wanted.as_slice() {
        unwanted.retain(|pattern| pair::common(&only.0.tokens, &pattern.0.tokens).is_some());
    }
    match (wanted.as_slice(), unwanted.is_empty()) {
        ([], true) => return Sample::Text(String::new()),
        ([only], true) => return Sample::Text(only.shortest().into_owned()),
        _ => {}
    }
    let inside = |text: &Cow<'_, str>| {
        wanted.iter().all(|pattern| pattern.matches(text)) && !unwanted.iter().any(|pattern| pattern.matches(text))
    };
    if let Some(text) = wanted.iter().map(Pattern::shortest).find(inside) {
        return Sample::Text(text.into_owned());
    }
    if let ([one, other], true) = (wanted.as_slice(), unwanted.is_empty()) {
        return pair::common(&one.0.tokens, &other.0.tokens).map_or(Sample::Empty, Sample::Text);
    }
    let positives = wanted.len();
    wanted.append(&mut unwanted);
    automaton::walk(&wanted, positives)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn globs(texts: &[&str]) -> Vec<Pattern> {
        texts.iter().map(|text| Pattern::glob(text)).collect()
    }

    fn empty(all_of: &[&str], none_of: &[&str]) -> bool {
        sample(&globs(all_of), &globs(none_of)) == Sample::Empty
    }

    /// The slow, obvious matcher.
    fn reference(pattern: &[char], text: &[char]) -> bool {
        match (pattern.split_first(), text.split_first()) {
            (None, None) => true,
            (Some(('*', rest)), None) => reference(rest, text),
            (Some(('*', rest)), Some((_, shorter))) => reference(rest, text) || reference(pattern, shorter),
            (Some(('?', rest)), Some((_, shorter))) => reference(rest, shorter),
            (Some((own, rest)), Some((letter, shorter))) => own == letter && reference(rest, shorter),
            _ => false,
        }
    }

    #[test]
    fn an_allow_wholly_denied_leaves_nothing() {
        assert!(empty(&["role/app-*"], &["role/*"]));
        assert!(empty(&["a?"], &["aa", "a*"]));
        assert!(empty(&["*x*"], &["*"]));
        assert!(!empty(&["role/*"], &["role/app-*"]));
        assert!(empty(&["*"], &["", "?*"]));
    }

    #[test]
    fn patterns_that_only_share_their_middle_overlap() {
        assert_eq!(Pattern::glob("*ab").overlaps(&Pattern::glob("ba*")), Some(true));
        assert_eq!(Pattern::glob("a*b").overlaps(&Pattern::glob("a*c")), Some(false));
    }

    fn field() -> impl Strategy<Value = Pattern> {
        let token = proptest::sample::select(vec![
            Token::Char('a'),
            Token::Char(':'),
            Token::One,
            Token::Many,
            Token::OneInField,
            Token::ManyInField,
        ]);
        prop::collection::vec(token, 0..5).prop_map(Pattern::from_tokens)
    }

    proptest! {
        #[test]
        fn what_plainly_covers_holds_every_text(wide in field(), narrow in field(), texts in prop::collection::vec("[a:]{0,5}", 40)) {
            if wide.plainly_covers(&narrow) {
                for text in texts.iter().filter(|text| narrow.matches(text)) {
                    prop_assert!(wide.matches(text), "{wide:?} {narrow:?} {text}");
                }
                prop_assert_eq!(automaton::walk(&[narrow, wide], 1), Sample::Empty);
            }
        }
    }

    #[test]
    fn a_pattern_with_stars_inside_is_seen_to_cover() {
        let covers = |wide: &str, narrow: &str| Pattern::glob(wide).plainly_covers(&Pattern::glob(narrow));
        assert!(covers("arn:aws:lambda:*:1:function:*", "arn:aws:lambda:*:1:function:team-?-*"));
        assert!(covers("*b*", "a*b?") && covers("a?*", "a?") && !covers("a?", "a*") && !covers("a*b", "a*"));
    }

    #[test]
    fn a_star_in_a_field_does_not_cross_a_colon() {
        let field = Pattern::from_tokens([
            Token::Char('a'),
            Token::Char(':'),
            Token::ManyInField,
            Token::Char(':'),
            Token::Many,
        ]);
        assert!(field.matches("a:b:c:d"));
        let other = Pattern::glob("a:b");
        assert_eq!(field.overlaps(&other), Some(false));
        assert_eq!(sample(&[Pattern::glob("a:*")], &[field]), Sample::Text("a:".to_owned()));
    }

    #[test]
    fn an_action_pattern_keeps_service_and_name_apart() {
        assert!(Pattern::action("*:Get*").matches("s3:getobject") && Pattern::action("*").matches("s3:getobject"));
        assert!(!Pattern::action("s*").matches("s3:getobject") && !Pattern::action("*t").matches("s3:getobject"));
    }

    #[test]
    fn the_example_is_in_the_language() {
        let Sample::Text(text) = sample(&globs(&["s3:*", "*object*"]), &globs(&["s3:get*", "s3:put*"])) else {
            panic!("empty")
        };
        assert!(text.starts_with("s3:") && text.contains("object"), "{text}");
    }

    proptest! {
        #[test]
        fn an_action_matches_when_both_sides_of_its_colon_do(pattern in "[ab*?]{0,4}:[ab:*?]{0,4}", text in "[ab]{0,4}:[ab:]{0,4}") {
            let ((service, name), (asked, wanted)) = (pattern.split_once(':').unwrap(), text.split_once(':').unwrap());
            let chars = |text: &str| text.chars().collect::<Vec<_>>();
            let both = reference(&chars(service), &chars(asked)) && reference(&chars(name), &chars(wanted));
            prop_assert_eq!(Pattern::action(&pattern).matches(&text), both);
        }

        #[test]
        fn what_two_patterns_share_is_as_the_automaton_says(one in "[ab:*?]{0,7}", other in "[ab:*?]{0,7}", fields in any::<bool>()) {
            let read = |text: &str| if fields { Pattern::action(text) } else { Pattern::glob(text) };
            let both = [read(&one), read(&other)];
            match (pair::common(&both[0].0.tokens, &both[1].0.tokens), automaton::walk(&both, 2)) {
                (None, found) => prop_assert_eq!(found, Sample::Empty),
                (Some(text), Sample::Text(other)) => {
                    prop_assert!(both.iter().all(|pattern| pattern.matches(&text)), "{}", text);
                    prop_assert_eq!(text.chars().count(), other.chars().count());
                }
                (Some(text), found) => prop_assert!(false, "{} and {:?}", text, found),
            }
        }

        #[test]
        fn matching_equals_the_reference(pattern in "[ab*?]{0,8}", text in "[abc]{0,8}") {
            let expected = reference(&pattern.chars().collect::<Vec<_>>(), &text.chars().collect::<Vec<_>>());
            prop_assert_eq!(Pattern::glob(&pattern).matches(&text), expected);
        }

        #[test]
        fn emptiness_agrees_with_trying_texts(
            all_of in prop::collection::vec("[ab*?]{0,5}", 1..3),
            none_of in prop::collection::vec("[ab*?]{0,5}", 0..3),
            texts in prop::collection::vec("[abc]{0,6}", 40),
        ) {
            let wanted: Vec<_> = all_of.iter().map(|text| Pattern::glob(text)).collect();
            let unwanted: Vec<_> = none_of.iter().map(|text| Pattern::glob(text)).collect();
            let inside = |text: &str| wanted.iter().all(|p| p.matches(text)) && !unwanted.iter().any(|p| p.matches(text));
            match sample(&wanted, &unwanted) {
                Sample::Text(text) => prop_assert!(inside(&text), "{text}"),
                Sample::Empty => prop_assert!(!texts.iter().any(|text| inside(text))),
                Sample::TooComplex => {}
            }
        }
    }
}

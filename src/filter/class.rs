//! The values that a member of an event can have, as far as the tests on it can tell them apart.
//!
//! Every value of every event belongs to exactly one class, and the tests say the same of all values of a class: for text
//! with wildcards at its ends, a text is told by the longest beginning and the longest end that it matches and by what it
//! holds in between. Where AWS does not document what a test says of a value, as of `!=` on a member that is not there,
//! the answer is open.

use std::borrow::Cow;
use std::collections::{BTreeSet, HashSet};
use std::fmt::{self, Display, Formatter};

use super::tree::{Order, Selector, Test, Text, Value};

/// Most classes of one member; with more, nothing is decided.
const MAX_CLASSES: usize = 4096;

/// Values that the tests on a member do not tell apart.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Class<'t> {
    /// One of the values.
    pub(super) sample: Sample<'t>,
    /// What each test says of them; `None` where that is open.
    pub(super) truths: Vec<Option<bool>>,
}

/// A value that stands for its class.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Sample<'t> {
    /// Text.
    Text(Cow<'t, str>),
    /// Text of which no test asks.
    OtherText(String),
    /// A number.
    Number(f64),
    /// True or false.
    Bool(bool),
    /// `null`.
    Null,
    /// Not there.
    Missing,
    /// An object or a list.
    Composite,
    /// Several members at once, of which nothing is decided.
    Many,
}

impl Display for Sample<'_> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match self {
            Self::Text(text) => write!(f, "is `{text}`"),
            Self::OtherText(_) => f.write_str("is any other text"),
            Self::Number(number) => write!(f, "is `{number}`"),
            Self::Bool(value) => write!(f, "is `{value}`"),
            Self::Null => f.write_str("is `null`"),
            Self::Missing => f.write_str("is missing"),
            Self::Composite => f.write_str("is an object or a list"),
            Self::Many => f.write_str("has several values"),
        }
    }
}

/// The classes of a member's values under some tests, each worked out when it is asked for: what most searches look for is among
/// the first.
#[derive(Debug)]
pub(super) struct Classes<'t> {
    tests: Vec<&'t Test>,
    known: Vec<Class<'t>>,
    left: std::vec::IntoIter<Sample<'t>>,
}

impl<'t> Classes<'t> {
    /// The classes; `None` when there are too many.
    pub(super) fn new(selector: &Selector, tests: Vec<&'t Test>) -> Option<Self> {
        let samples = if selector.is_many() {
            vec![Sample::Many]
        } else {
            let mut samples = texts(&tests)?;
            samples.extend(numbers(&tests).into_iter().map(Sample::Number));
            samples.extend([Sample::Bool(true), Sample::Bool(false), Sample::Null, Sample::Missing, Sample::Composite]);
            samples
        };
        Some(Self { tests, known: Vec::new(), left: samples.into_iter() })
    }

    /// Whether there is a class at this place.
    pub(super) fn reach(&mut self, place: usize) -> bool {
        while self.known.len() <= place {
            let Some(sample) = self.left.next() else { return false };
            let class = Class { truths: self.tests.iter().map(|test| judge(test, &sample)).collect(), sample };
            // What the tests do not tell apart need be tried once, but what holds members of its own is apart.
            let same =
                |known: &Class<'_>| known.truths == class.truths && known.sample.nature() == class.sample.nature();
            if !self.known.iter().any(same) {
                self.known.push(class);
            }
        }
        true
    }

    /// A class that was asked for before.
    pub(super) fn get(&self, place: usize) -> Option<&Class<'t>> {
        self.known.get(place)
    }
}

impl Sample<'_> {
    /// Whether the value is there, and whether it can hold others.
    fn nature(&self) -> (bool, bool) {
        (*self != Self::Missing, matches!(self, Self::Composite | Self::Many))
    }
}

/// What a test compares with.
enum Asked<'t> {
    Number(f64),
    Text(&'t Text),
    Regex,
}

fn asked<'t>(tests: &[&'t Test]) -> impl Iterator<Item = Asked<'t>> {
    tests.iter().filter_map(|test| match test {
        Test::Is(value) | Test::IsNot(value) => Some(match value {
            Value::Number(number) => Asked::Number(*number),
            Value::Text(text) => Asked::Text(text),
            Value::Regex(_) => Asked::Regex,
        }),
        Test::Compares(_, number) => Some(Asked::Number(*number)),
        _ => None,
    })
}

/// Texts: each that a test names whole, and one for each way to match the wildcards.
fn texts<'t>(tests: &[&'t Test]) -> Option<Vec<Sample<'t>>> {
    let mut literals = BTreeSet::from(["null", "true", "false"].map(Cow::Borrowed));
    let mut named: Vec<&str> = Vec::new();
    let (mut starts, mut ends) = (BTreeSet::from([""]), BTreeSet::from([""]));
    let mut inner = BTreeSet::new();
    for asked in asked(tests) {
        match asked {
            Asked::Text(Text { open_start: false, text, open_end: false }) => named.push(text),
            Asked::Text(Text { open_start: false, text, open_end: true }) => drop(starts.insert(text)),
            Asked::Text(Text { open_start: true, text, open_end: false }) => drop(ends.insert(text)),
            Asked::Text(Text { open_start: true, text, open_end: true }) => drop(inner.insert(text.as_str())),
            Asked::Number(number) => drop(literals.insert(Cow::Owned(number.to_string()))),
            Asked::Regex => {}
        }
    }
    let ways = 1usize.checked_shl(u32::try_from(inner.len()).ok()?)?;
    let count = starts.len().checked_mul(ends.len())?.checked_mul(ways)?;
    if count.checked_add(named.len())? > MAX_CLASSES {
        return None;
    }
    let mark = unused(starts.iter().chain(&ends).chain(&inner).chain(&named));
    let mut seen = HashSet::new();
    named.retain(|text| seen.insert(*text));
    let mut samples: Vec<Sample<'t>> = named.into_iter().map(|text| Sample::Text(Cow::Borrowed(text))).collect();
    for start in &starts {
        for end in &ends {
            for way in 0..ways {
                let held = inner.iter().enumerate().filter(|(place, _)| way & (1 << place) != 0);
                let held: String = held.flat_map(|(_, text)| text.chars().chain([mark])).collect();
                let text = format!("{start}{mark}{held}{end}");
                let is_other = start.is_empty() && end.is_empty() && held.is_empty();
                samples.push(if is_other { Sample::OtherText(text) } else { Sample::Text(Cow::Owned(text)) });
            }
        }
    }
    samples.extend(literals.into_iter().map(Sample::Text));
    Some(samples)
}

/// A character that none of the texts has.
fn unused<'a>(texts: impl Iterator<Item = &'a &'a str>) -> char {
    let texts: Vec<&str> = texts.copied().collect();
    // A pattern has fewer characters than there are to choose from.
    let mut candidates = ['…', '~'].into_iter().chain('\u{e000}'..='\u{f8ff}');
    candidates.find(|candidate| !texts.iter().any(|text| text.contains(*candidate))).unwrap_or('\u{fffd}')
}

/// Numbers: each that a test names, one between two neighbours, and one beyond either end.
fn numbers(tests: &[&Test]) -> Vec<f64> {
    let mut named: Vec<f64> = asked(tests)
        .filter_map(|value| match value {
            Asked::Number(number) => Some(number),
            Asked::Text(text) if text.is_literal() => text.text.parse().ok().filter(|number: &f64| number.is_finite()),
            Asked::Text(_) | Asked::Regex => None,
        })
        .collect();
    named.sort_by(f64::total_cmp);
    named.dedup();
    let (Some(first), Some(last)) = (named.first().copied(), named.last().copied()) else { return vec![0.5] };
    let between = named.windows(2).filter_map(|pair| match pair {
        [low, high] => Some(low + (high - low) / 2.0).filter(|middle| low < middle && middle < high),
        _ => None,
    });
    let beyond = [first - first.abs() - 1.0, last + last.abs() + 1.0];
    let mut all: Vec<f64> = between.chain(beyond.into_iter().filter(|number| number.is_finite())).collect();
    all.extend(&named);
    all
}

/// What a test says of a value.
fn judge(test: &Test, sample: &Sample<'_>) -> Option<bool> {
    match (test, sample) {
        (_, Sample::Many) => None,
        (Test::Exists, sample) => Some(*sample != Sample::Missing),
        (Test::NotExists, sample) => Some(*sample == Sample::Missing),
        // The filter does not apply where the selector leads to an object or a list.
        (_, Sample::Composite) => Some(false),
        (Test::IsNull, sample) => Some(*sample == Sample::Null),
        (Test::IsTrue, sample) => is_bool(sample, true),
        (Test::IsFalse, sample) => is_bool(sample, false),
        (Test::Is(value), sample) => is(value, sample),
        (Test::IsNot(value), sample) => is_not(value, sample),
        (Test::Compares(order, number), Sample::Number(value)) => Some(match order {
            Order::Less => value < number,
            Order::LessOrEqual => value <= number,
            Order::Greater => value > number,
            Order::GreaterOrEqual => value >= number,
        }),
        (Test::Compares(..), _) => Some(false),
    }
}

fn is_bool(sample: &Sample<'_>, wanted: bool) -> Option<bool> {
    match sample {
        Sample::Bool(value) => Some(*value == wanted),
        Sample::Text(text) if text.eq_ignore_ascii_case(if wanted { "true" } else { "false" }) => None,
        _ => Some(false),
    }
}

fn is(value: &Value, sample: &Sample<'_>) -> Option<bool> {
    let open_if = |open: bool| if open { None } else { Some(false) };
    match (value, sample) {
        (_, Sample::Missing) => Some(false),
        (Value::Regex(_), _) => None,
        (Value::Text(wanted), Sample::Text(text)) => Some(wanted.matches(text)),
        (Value::Text(wanted), Sample::OtherText(text)) => Some(wanted.matches(text)),
        (Value::Text(wanted), Sample::Bool(value)) => open_if(wanted.matches(&value.to_string())),
        (Value::Text(wanted), Sample::Null) => open_if(wanted.matches("null")),
        (Value::Text(wanted), Sample::Number(number)) => open_if(could_be(wanted, *number)),
        (Value::Number(wanted), Sample::Number(number)) => Some(wanted.total_cmp(number).is_eq()),
        (Value::Number(wanted), Sample::Text(text)) => open_if(text.parse() == Ok(*wanted)),
        (Value::Number(_), _) => Some(false),
        (Value::Text(_), Sample::Composite | Sample::Many) => Some(false),
    }
}

/// What `!=` says is the opposite of what `=` says where both are text or both are numbers, and open elsewhere.
fn is_not(value: &Value, sample: &Sample<'_>) -> Option<bool> {
    match (value, sample) {
        (Value::Text(_), Sample::Text(_) | Sample::OtherText(_)) | (Value::Number(_), Sample::Number(_)) => {
            is(value, sample).map(|truth| !truth)
        }
        _ => None,
    }
}

/// True when a number could be written so that the text matches.
fn could_be(wanted: &Text, number: f64) -> bool {
    if wanted.is_literal() {
        return wanted.text.parse() == Ok(number);
    }
    wanted.text.chars().all(|c| c.is_ascii_digit() || matches!(c, '.' | '-' | '+' | 'e' | 'E'))
}

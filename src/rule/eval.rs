//! Evaluation in three values, after Kleene: what is known settles what it can, and the rest stays unknown.
//!
//! Every fact that is read is noted. Where one side settles an `and`, an `or` or a loop, the notes of the other sides
//! are dropped again, so that what remains is what decided: that record is the evidence.

use std::borrow::Cow;
use std::cmp::Ordering;
use std::sync::Arc;

use super::node::{Ask, Function, LoopKind, Node, Read};
use crate::facts::{FactRef, Gap, Items, NO_VALUE, Observed, Oracle, Question, UNDECIDED, Value};
use crate::snapshot::Time;

/// Why an expression has no value.
#[derive(Debug, Clone)]
pub enum Stop {
    /// A fact that it needs is absent.
    Absent(Gap),
    /// Facts that it needs are unknown.
    Unknown(Vec<Gap>),
}

impl Stop {
    /// The reasons.
    pub fn gaps(self) -> Vec<Gap> {
        match self {
            Self::Absent(gap) => vec![gap],
            Self::Unknown(gaps) => gaps,
        }
    }

    pub(super) fn undecided(message: String) -> Self {
        Self::Unknown(vec![Gap::of_reason(UNDECIDED, message)])
    }
}

type Eval<'a> = Result<Value<'a>, Stop>;

/// The variables in scope, and the notes of what was read.
pub struct Scope<'a> {
    /// Values of the variables by position; loops push theirs.
    pub variables: Vec<Value<'a>>,
    /// The position of each loop that is running, innermost last.
    items: Vec<usize>,
    /// What was read and may have decided.
    pub reads: Vec<Read<'a>>,
    /// Steps that may still be taken.
    steps: u64,
    /// Who knows what policies allow; nobody where a text is filled in.
    oracle: Option<&'a dyn Oracle>,
}

/// Steps that all evaluations of one rule may take together, so that loops in loops over a large account end.
const MAX_STEPS: u64 = 1_000_000_000;
/// Steps that one evaluation may always take: ten thousand users with a hundred steps each.
const LEAST_STEPS: u64 = 1_000_000;
/// Steps that one evaluation may take at most.
pub(super) const MOST_STEPS: u64 = 20_000_000;

/// The steps that each evaluation of a rule over so many resources may take. The number of resources decides, not what
/// the others took: verdicts must not depend on the order in which threads reach them.
pub fn steps_for(resources: usize) -> u64 {
    let share = MAX_STEPS / u64::try_from(resources.max(1)).unwrap_or(u64::MAX);
    share.clamp(LEAST_STEPS, MOST_STEPS)
}

/// More reads than this are not kept: no reader goes through them, and loops over thousands of items make them.
const MAX_READS: usize = 64;

impl<'a> Scope<'a> {
    /// A scope with these variables, for an expression that is evaluated once.
    pub fn new(variables: Vec<Value<'a>>) -> Self {
        Self::bounded(variables, MOST_STEPS)
    }

    /// A scope in which evaluation ends as unknown after so many steps.
    pub fn bounded(variables: Vec<Value<'a>>, steps: u64) -> Self {
        Self { variables, items: Vec::new(), reads: Vec::new(), steps, oracle: None }
    }

    /// The same with somebody who knows what policies allow.
    #[must_use]
    pub fn asking(self, oracle: &'a dyn Oracle) -> Self {
        Self { oracle: Some(oracle), ..self }
    }

    /// Begins anew with other variables, in the room that there is.
    pub(super) fn begin(&mut self, variables: impl IntoIterator<Item = Value<'a>>, steps: u64) {
        self.variables.clear();
        self.variables.extend(variables);
        self.items.clear();
        self.reads.clear();
        self.steps = steps;
    }

    fn take_step(&mut self) -> Result<(), Stop> {
        self.steps = self.steps.checked_sub(1).ok_or_else(|| {
            Stop::undecided("the expression takes too many steps on an account of this size".to_owned())
        })?;
        Ok(())
    }

    fn note(&mut self, read: Read<'a>) {
        if self.reads.len() < MAX_READS {
            self.reads.push(read);
        }
    }

    /// Evaluates an expression of type bool.
    pub fn truth(&mut self, node: &'a Node) -> Result<bool, Stop> {
        match self.eval(node)? {
            Value::Bool(value) => Ok(value),
            _ => Err(Stop::undecided("an expression of type bool has another value".to_owned())),
        }
    }

    /// Evaluates an expression.
    pub fn eval(&mut self, node: &'a Node) -> Eval<'a> {
        self.take_step()?;
        match node {
            Node::Constant(constant) => Ok(constant.value()),
            Node::Variable(slot) => {
                self.variables.get(*slot).cloned().ok_or_else(|| Stop::undecided("a variable is not set".to_owned()))
            }
            Node::Fact { record, index, path } => self.fact(record, *index, path),
            Node::Has(inner) => self.has(inner),
            Node::Not(inner) => self.truth(inner).map(|value| Value::Bool(!value)),
            Node::And(one, two) => self.junction(one, two, false).map(Value::Bool),
            Node::Or(one, two) => self.junction(one, two, true).map(Value::Bool),
            Node::If(condition, yes, no) => {
                if self.truth(condition)? {
                    self.eval(yes)
                } else {
                    self.eval(no)
                }
            }
            Node::Call(function, arguments) => self.call(function, arguments),
            Node::List(nodes) => {
                let mut items = Vec::with_capacity(nodes.len());
                for node in nodes {
                    items.push(self.eval(node)?);
                }
                Ok(Value::List(Items::Made(items.into(), Arc::from([]))))
            }
            Node::Loop { kind, over, slot, body, filter } => self.run_loop(*kind, over, *slot, body, filter.as_deref()),
        }
    }

    fn fact(&mut self, record: &'a Node, index: usize, path: &'a Arc<str>) -> Eval<'a> {
        let fact = self.look_up(record, index, path)?;
        let item = self.items.last().copied();
        match fact.state {
            // A record decides nothing by being there: its own facts are noted when they are read.
            Observed::Present(Value::Record(record)) => Ok(Value::Record(record)),
            Observed::Present(value) => {
                self.note(Read { path, item, value: Some(value.clone()), origin: fact.origin });
                Ok(value)
            }
            Observed::Absent => {
                self.note(Read { path, item, value: None, origin: fact.origin });
                Err(Stop::Absent(Gap::of_reason(NO_VALUE, format!("there is no `{path}`"))))
            }
            Observed::Unknown(gap) => Err(Stop::Unknown(vec![gap])),
        }
    }

    fn look_up(&mut self, record: &'a Node, index: usize, path: &str) -> Result<FactRef<'a>, Stop> {
        let Value::Record(record) = self.eval(record)? else {
            return Err(Stop::undecided(format!("`{path}` is read from something that is no record")));
        };
        record.fact(index).ok_or_else(|| Stop::undecided(format!("`{path}` does not exist")))
    }

    fn has(&mut self, inner: &'a Node) -> Eval<'a> {
        if let Node::Fact { record, index, path } = inner
            && let Ok(FactRef { state: Observed::Present(value @ Value::Record(_)), origin }) =
                self.look_up(record, *index, path)
        {
            let item = self.items.last().copied();
            self.note(Read { path, item, value: Some(value), origin });
            return Ok(Value::Bool(true));
        }
        match self.eval(inner) {
            Ok(_) => Ok(Value::Bool(true)),
            Err(Stop::Absent(_)) => Ok(Value::Bool(false)),
            Err(unknown) => Err(unknown),
        }
    }

    /// `and` (settled by false) and `or` (settled by true). The side that settles keeps its notes, alone.
    fn junction(&mut self, one: &'a Node, two: &'a Node, settles: bool) -> Result<bool, Stop> {
        let before = self.reads.len();
        let first = self.truth(one);
        if matches!(first, Ok(value) if value == settles) {
            return Ok(settles);
        }
        let between = self.reads.len();
        let second = self.truth(two);
        if matches!(second, Ok(value) if value == settles) {
            self.reads.drain(before..between);
            return Ok(settles);
        }
        match (first, second) {
            (Ok(_), Ok(_)) => Ok(!settles),
            (first, second) => Err(merge([first.err(), second.err()])),
        }
    }

    fn run_loop(
        &mut self,
        kind: LoopKind,
        over: &'a Node,
        slot: usize,
        body: &'a Node,
        filter: Option<&'a Node>,
    ) -> Eval<'a> {
        let before = self.reads.len();
        let Value::List(items) = self.eval(over)? else {
            return Err(Stop::undecided("a macro runs over something that is no list".to_owned()));
        };
        let mut gaps: Vec<Gap> = items.gaps().to_vec();
        let mut made = Vec::new();
        let mut count = 0i64;
        self.items.push(0);
        self.variables.truncate(slot);
        for index in 0..items.len() {
            let Some(item) = items.get(index) else { continue };
            if let Some(position) = self.items.last_mut() {
                *position = index;
            }
            self.variables.push(item.clone());
            let mark = self.reads.len();
            let outcome = self.step(kind, body, filter, item);
            self.variables.truncate(slot);
            match (kind, outcome) {
                (LoopKind::Exists, Ok(Some(Value::Bool(true)))) => {
                    self.items.pop();
                    self.reads.drain(before..mark);
                    return Ok(Value::Bool(true));
                }
                (LoopKind::All, Ok(Some(Value::Bool(false)))) => {
                    self.items.pop();
                    self.reads.drain(before..mark);
                    return Ok(Value::Bool(false));
                }
                (LoopKind::ExistsOne, Ok(Some(Value::Bool(true)))) => count += 1,
                (LoopKind::Filter | LoopKind::Map, Ok(Some(value))) => made.push(value),
                (_, Ok(_)) => {}
                (_, Err(stop)) => gaps.extend(stop.gaps()),
            }
        }
        self.items.pop();
        match kind {
            LoopKind::Filter | LoopKind::Map => Ok(Value::List(Items::Made(made.into(), gaps.into()))),
            _ if !gaps.is_empty() => Err(Stop::Unknown(sorted(gaps))),
            LoopKind::Exists => Ok(Value::Bool(false)),
            LoopKind::All => Ok(Value::Bool(true)),
            LoopKind::ExistsOne => Ok(Value::Bool(count == 1)),
        }
    }

    /// One item of a loop: the predicate's value, the item that a filter takes, or the value that `map` makes.
    fn step(
        &mut self,
        kind: LoopKind,
        body: &'a Node,
        filter: Option<&'a Node>,
        item: Value<'a>,
    ) -> Result<Option<Value<'a>>, Stop> {
        if let Some(filter) = filter
            && !self.truth(filter)?
        {
            return Ok(None);
        }
        match kind {
            LoopKind::Filter => Ok(self.truth(body)?.then_some(item)),
            LoopKind::Map => self.eval(body).map(Some),
            LoopKind::Exists | LoopKind::All | LoopKind::ExistsOne => {
                self.truth(body).map(|value| Some(Value::Bool(value)))
            }
        }
    }

    fn call(&mut self, function: &'a Function, arguments: &'a [Node]) -> Eval<'a> {
        // Nearly all calls are these two, and need no list.
        match arguments {
            [one] => {
                return match self.eval(one) {
                    Ok(one) => self.answer(function, &[one]),
                    Err(stop) => Err(merge([Some(stop)])),
                };
            }
            [one, two] => {
                return match (self.eval(one), self.eval(two)) {
                    (Ok(one), Ok(two)) => self.answer(function, &[one, two]),
                    (one, two) => Err(merge([one.err(), two.err()])),
                };
            }
            _ => {}
        }
        let mut values = Vec::with_capacity(arguments.len());
        let mut stops = Vec::new();
        for argument in arguments {
            match self.eval(argument) {
                Ok(value) => values.push(value),
                Err(stop) => stops.push(Some(stop)),
            }
        }
        if !stops.is_empty() {
            return Err(merge(stops));
        }
        self.answer(function, &values)
    }

    fn answer(&mut self, function: &'a Function, values: &[Value<'a>]) -> Eval<'a> {
        match function {
            Function::Ask(ask) => self.ask(*ask, values),
            function => apply(function, values),
        }
    }

    fn ask(&mut self, ask: Ask, values: &[Value<'a>]) -> Eval<'a> {
        let texts: Vec<&str> = values
            .iter()
            .filter_map(|value| if let Value::String(text) = value { Some(text.as_ref()) } else { None })
            .collect();
        let (who, rest) = if ask.lists {
            (None, texts.as_slice())
        } else {
            (texts.first().copied(), texts.get(1..).unwrap_or_default())
        };
        let (Some(oracle), Some(action)) = (self.oracle, rest.first()) else {
            return Err(Stop::undecided(format!("`{}` cannot be asked here", ask.name)));
        };
        let question = Question { who, action, resource: rest.get(1).copied(), without_mfa: ask.without_mfa };
        let value = if ask.lists {
            let list = oracle.who_can(&question);
            let items: Vec<Value<'a>> = list.items.into_iter().map(|arn| Value::String(Cow::Owned(arn))).collect();
            Value::List(Items::Made(items.into(), list.gaps.into()))
        } else {
            match oracle.can(&question) {
                Observed::Present(value) => Value::Bool(value),
                Observed::Absent => return Err(Stop::undecided(format!("there is no `{}`", who.unwrap_or_default()))),
                Observed::Unknown(gap) => return Err(Stop::Unknown(vec![gap])),
            }
        };
        let item = self.items.last().copied();
        self.note(Read { path: ask.name, item, value: Some(value.clone()), origin: oracle.origin() });
        Ok(value)
    }
}

fn merge(stops: impl IntoIterator<Item = Option<Stop>>) -> Stop {
    Stop::Unknown(sorted(stops.into_iter().flatten().flat_map(Stop::gaps).collect()))
}

fn sorted(mut gaps: Vec<Gap>) -> Vec<Gap> {
    gaps.sort();
    gaps.dedup();
    gaps
}

fn apply<'a>(function: &Function, values: &[Value<'a>]) -> Eval<'a> {
    use Function as F;
    let mismatch = || Stop::undecided(format!("{function:?} has no meaning for these values"));
    match (function, values) {
        (F::Equal, [one, two]) => equal(one, two).map(Value::Bool),
        (F::NotEqual, [one, two]) => equal(one, two).map(|value| Value::Bool(!value)),
        (F::Less, [one, two]) => compare(one, two).map(|order| Value::Bool(order == Some(Ordering::Less))),
        (F::LessOrEqual, [one, two]) => {
            compare(one, two).map(|o| Value::Bool(matches!(o, Some(Ordering::Less | Ordering::Equal))))
        }
        (F::Greater, [one, two]) => compare(one, two).map(|order| Value::Bool(order == Some(Ordering::Greater))),
        (F::GreaterOrEqual, [one, two]) => {
            compare(one, two).map(|o| Value::Bool(matches!(o, Some(Ordering::Greater | Ordering::Equal))))
        }
        (F::Add | F::Subtract | F::Multiply | F::Divide | F::Remainder, [one, two]) => arithmetic(function, one, two),
        (F::Negate, [Value::Int(value)]) => value.checked_neg().map(Value::Int).ok_or_else(overflow),
        (F::Negate, [Value::Double(value)]) => Ok(Value::Double(-value)),
        (F::In, [item, Value::List(items)]) => is_in(item, items).map(Value::Bool),
        (F::Size, [Value::List(items)]) => match items.gaps() {
            [] => Ok(Value::Int(int(items.len()))),
            gaps => Err(Stop::Unknown(gaps.to_vec())),
        },
        (F::Size, [Value::String(text)]) => Ok(Value::Int(int(text.chars().count()))),
        (F::Contains, [Value::String(text), Value::String(part)]) => Ok(Value::Bool(text.contains(part.as_ref()))),
        (F::StartsWith, [Value::String(text), Value::String(part)]) => Ok(Value::Bool(text.starts_with(part.as_ref()))),
        (F::EndsWith, [Value::String(text), Value::String(part)]) => Ok(Value::Bool(text.ends_with(part.as_ref()))),
        (F::LowerAscii, [Value::String(text)]) => Ok(Value::String(Cow::Owned(text.to_ascii_lowercase()))),
        (F::UpperAscii, [Value::String(text)]) => Ok(Value::String(Cow::Owned(text.to_ascii_uppercase()))),
        (F::Join, [Value::List(items), Value::String(separator)]) => join(items, separator),
        #[expect(clippy::cast_precision_loss, reason = "CEL's double(int) rounds")]
        (F::ToDouble, [Value::Int(value)]) => Ok(Value::Double(*value as f64)),
        (F::ToDouble, [Value::Double(value)]) => Ok(Value::Double(*value)),
        (F::ToInt, [Value::Int(value)]) => Ok(Value::Int(*value)),
        (F::ToInt, [Value::Double(value)]) => to_int(*value),
        (F::ToString, [value]) => Ok(Value::String(Cow::Owned(text(value)))),
        (F::Timestamp, [Value::String(text)]) => Time::parse(text).map(Value::Time).map_err(Stop::undecided),
        (F::Days, [Value::Int(days)]) => days.checked_mul(86_400).map(Value::Duration).ok_or_else(overflow),
        (F::Hours, [Value::Int(hours)]) => hours.checked_mul(3_600).map(Value::Duration).ok_or_else(overflow),
        (F::Matches(pattern), [Value::String(text)]) => Ok(Value::Bool(pattern.is_match(text))),
        _ => Err(mismatch()),
    }
}

fn overflow() -> Stop {
    Stop::undecided("a number is out of range".to_owned())
}

fn int(value: usize) -> i64 {
    i64::try_from(value).unwrap_or(i64::MAX)
}

fn to_int<'a>(value: f64) -> Eval<'a> {
    if value.is_finite() && value.abs() < 9.0e18 {
        #[expect(
            clippy::cast_possible_truncation,
            reason = "CEL's int(double) rounds toward zero, in range as checked"
        )]
        Ok(Value::Int(value as i64))
    } else {
        Err(overflow())
    }
}

fn equal(one: &Value<'_>, two: &Value<'_>) -> Result<bool, Stop> {
    match (one, two) {
        (Value::Null, Value::Null) => Ok(true),
        (Value::Null, _) | (_, Value::Null) => Ok(false),
        (Value::Bool(one), Value::Bool(two)) => Ok(one == two),
        (Value::List(one), Value::List(two)) => lists_equal(one, two),
        _ => compare(one, two).map(|order| order == Some(Ordering::Equal)),
    }
}

fn lists_equal(one: &Items<'_>, two: &Items<'_>) -> Result<bool, Stop> {
    // A list that may go on has at least the items at hand, which can be too many already.
    let outgrows = |long: &Items<'_>, short: &Items<'_>| short.gaps().is_empty() && long.len() > short.len();
    if outgrows(one, two) || outgrows(two, one) {
        return Ok(false);
    }
    let gaps: Vec<Gap> = one.gaps().iter().chain(two.gaps()).cloned().collect();
    if !gaps.is_empty() {
        return Err(Stop::Unknown(sorted(gaps)));
    }
    if one.len() != two.len() {
        return Ok(false);
    }
    for index in 0..one.len() {
        if let (Some(one), Some(two)) = (one.get(index), two.get(index))
            && !equal(&one, &two)?
        {
            return Ok(false);
        }
    }
    Ok(true)
}

/// The order of two values; `None` when one is not a number (NaN), which compares with nothing.
fn compare(one: &Value<'_>, two: &Value<'_>) -> Result<Option<Ordering>, Stop> {
    #[expect(
        clippy::cast_precision_loss,
        reason = "CEL compares int and double by value; thresholds stay far below 2^53"
    )]
    match (one, two) {
        (Value::Int(one), Value::Int(two)) | (Value::Duration(one), Value::Duration(two)) => Ok(Some(one.cmp(two))),
        (Value::Double(one), Value::Double(two)) => Ok(one.partial_cmp(two)),
        (Value::Int(one), Value::Double(two)) => Ok((*one as f64).partial_cmp(two)),
        (Value::Double(one), Value::Int(two)) => Ok(one.partial_cmp(&(*two as f64))),
        (Value::String(one), Value::String(two)) => Ok(Some(one.cmp(two))),
        (Value::Time(one), Value::Time(two)) => Ok(Some(one.cmp(two))),
        (Value::Bool(one), Value::Bool(two)) => Ok(Some(one.cmp(two))),
        _ => Err(Stop::undecided("values of different types do not compare".to_owned())),
    }
}

fn arithmetic<'a>(function: &Function, one: &Value<'a>, two: &Value<'a>) -> Eval<'a> {
    use Function as F;
    match (one, two) {
        (Value::Int(one), Value::Int(two)) => match function {
            F::Add => one.checked_add(*two),
            F::Subtract => one.checked_sub(*two),
            F::Multiply => one.checked_mul(*two),
            F::Divide => one.checked_div(*two),
            _ => one.checked_rem(*two),
        }
        .map(Value::Int)
        .ok_or_else(overflow),
        (Value::Double(one), Value::Double(two)) => Ok(Value::Double(match function {
            F::Add => one + two,
            F::Subtract => one - two,
            F::Multiply => one * two,
            F::Divide => one / two,
            _ => return Err(overflow()),
        })),
        (Value::Time(one), Value::Time(two)) => Ok(Value::Duration(one.as_second() - two.as_second())),
        (Value::Time(time), Value::Duration(span)) => {
            let seconds = match function {
                F::Add => time.as_second().checked_add(*span),
                _ => time.as_second().checked_sub(*span),
            };
            let time = seconds.and_then(|seconds| jiff::Timestamp::from_second(seconds).ok());
            time.map(|time| Value::Time(Time(time))).ok_or_else(overflow)
        }
        (Value::Duration(one), Value::Duration(two)) => {
            let sum = if matches!(function, F::Add) { one.checked_add(*two) } else { one.checked_sub(*two) };
            sum.map(Value::Duration).ok_or_else(overflow)
        }
        (Value::String(one), Value::String(two)) => Ok(Value::String(Cow::Owned(format!("{one}{two}")))),
        _ => Err(Stop::undecided("values of these types have no such operator".to_owned())),
    }
}

/// Membership: found settles it, otherwise a list with gaps does not know.
fn is_in(item: &Value<'_>, items: &Items<'_>) -> Result<bool, Stop> {
    for index in 0..items.len() {
        if let Some(other) = items.get(index)
            && equal(item, &other)?
        {
            return Ok(true);
        }
    }
    match items.gaps() {
        [] => Ok(false),
        gaps => Err(Stop::Unknown(gaps.to_vec())),
    }
}

fn join<'a>(items: &Items<'_>, separator: &str) -> Eval<'a> {
    if !items.gaps().is_empty() {
        return Err(Stop::Unknown(items.gaps().to_vec()));
    }
    let parts: Vec<String> = (0..items.len()).filter_map(|index| items.get(index)).map(|item| text(&item)).collect();
    Ok(Value::String(Cow::Owned(parts.join(separator))))
}

/// How many items of a list a message shows.
const SHOWN_ITEMS: usize = 10;

/// A value as messages show it.
pub fn text(value: &Value<'_>) -> String {
    match value {
        Value::Null => "null".to_owned(),
        Value::Bool(value) => value.to_string(),
        Value::Int(value) => value.to_string(),
        Value::Double(value) => value.to_string(),
        Value::String(value) => value.to_string(),
        Value::Time(value) => value.to_string(),
        Value::Duration(seconds) if seconds.abs() >= 172_800 => format!("{} days", seconds / 86_400),
        Value::Duration(seconds) => format!("{} hours", seconds / 3_600),
        Value::List(items) if items.is_empty() => "none".to_owned(),
        Value::List(items) => {
            let shown: Vec<String> = (0..items.len().min(SHOWN_ITEMS))
                .filter_map(|index| items.get(index))
                .map(|item| text(&item))
                .collect();
            let more = items.len().saturating_sub(SHOWN_ITEMS);
            if more == 0 { shown.join(", ") } else { format!("{} and {more} more", shown.join(", ")) }
        }
        Value::Record(record) => crate::facts::record_name(*record).unwrap_or_else(|| record.schema().name.to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::{Items, Stop, arithmetic, lists_equal};
    use crate::facts::{Gap, UNDECIDED, Value};
    use crate::rule::node::Function as F;
    use crate::snapshot::Time;

    fn list(items: usize, gap: bool) -> Items<'static> {
        let items: Vec<Value<'static>> = vec![Value::Bool(true); items];
        let gaps: Vec<Gap> = gap.then(|| Gap::of_reason(UNDECIDED, "cut off")).into_iter().collect();
        Items::Made(Arc::from(items), Arc::from(gaps))
    }

    #[test]
    fn numbers_and_times_are_reckoned_with_and_what_has_no_result_is_open() {
        let signs = [F::Add, F::Subtract, F::Multiply, F::Divide, F::Remainder];
        for (sign, expected) in signs.iter().zip([9, 5, 14, 3, 1]) {
            let found = arithmetic(sign, &Value::Int(7), &Value::Int(2));
            assert!(matches!(found, Ok(Value::Int(result)) if result == expected), "{sign:?}");
        }
        for (sign, expected) in signs.iter().zip([9.0, 5.0, 14.0, 3.5]) {
            let found = arithmetic(sign, &Value::Double(7.0), &Value::Double(2.0));
            assert!(matches!(found, Ok(Value::Double(result)) if result.total_cmp(&expected).is_eq()), "{sign:?}");
        }
        for (sign, one, two) in
            [(F::Add, i64::MAX, 1), (F::Multiply, i64::MIN, -1), (F::Divide, 1, 0), (F::Remainder, 1, 0)]
        {
            assert!(arithmetic(&sign, &Value::Int(one), &Value::Int(two)).is_err(), "{sign:?}");
        }
        let (day, hour) = (Time::parse("2026-01-02T00:00:00Z").unwrap(), Value::Duration(3_600));
        for (sign, expected) in [(F::Add, "2026-01-02T01:00:00Z"), (F::Subtract, "2026-01-01T23:00:00Z")] {
            let found = arithmetic(&sign, &Value::Time(day), &hour);
            assert!(matches!(found, Ok(Value::Time(time)) if time == Time::parse(expected).unwrap()), "{sign:?}");
            let span = if matches!(sign, F::Add) { 7_200 } else { 0 };
            assert!(matches!(arithmetic(&sign, &hour, &hour), Ok(Value::Duration(found)) if found == span), "{sign:?}");
        }
    }

    #[test]
    fn a_list_that_may_go_on_differs_from_a_shorter_whole_one() {
        assert!(!lists_equal(&list(1, true), &list(0, false)).unwrap());
        assert!(!lists_equal(&list(0, false), &list(1, true)).unwrap());
    }

    #[test]
    fn a_list_that_may_go_on_may_equal_a_longer_whole_one() {
        assert!(matches!(lists_equal(&list(0, true), &list(1, false)), Err(Stop::Unknown(_))));
        assert!(matches!(lists_equal(&list(0, true), &list(0, false)), Err(Stop::Unknown(_))));
        assert!(lists_equal(&list(1, false), &list(1, false)).unwrap());
    }
}

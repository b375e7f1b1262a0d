//! Examples: facts written in a rule file, judged as if they had been observed.

use std::borrow::Cow;
use std::collections::BTreeMap;

use serde_json::Value as Json;

use super::compile::suggest;
use super::file::Example;
use super::judge::{attested_unknown, verdict};
use super::load::{self, LoadError, ParamOverrides};
use super::node::Ask;
use super::{Attested, Rule};
use crate::facts::{
    Account, Fact, FactList, FactRef, Gap, Items, List, NOT_ATTESTED, NOT_COLLECTED, Observed, Oracle, Origin,
    Question, Record, Schema, Type, Value,
};
use crate::snapshot::Time;

/// The time that is now in examples that do not say.
pub const NOW: &str = "2026-01-01T00:00:00Z";

/// Judges one example of a rule; the error says what came out instead of what was expected.
pub fn run(rule: &Rule, example: &Example) -> Result<(), String> {
    let own;
    let rule = if example.params.is_empty() {
        rule
    } else {
        let overrides: ParamOverrides = [(rule.id.clone(), example.params.clone())].into();
        own = load::load(&rule.file, &rule.text, &overrides).map_err(|error: LoadError| error.to_string())?;
        &own
    };
    let now = Time::parse(example.now.as_deref().unwrap_or(NOW))?;
    let resource = Given::new(rule.kind.schema, &example.given)?;
    let account = if rule.kind.schema == Account::SCHEMA {
        Given::new(Account::SCHEMA, &example.given)?
    } else {
        Given::new(Account::SCHEMA, &example.account)?
    };
    let attested = match example.attestation {
        None => attested_unknown(Gap::of_reason(NOT_ATTESTED, "nobody attested this in posture.yaml")),
        Some(answer) => {
            Attested { answer: Fact::derived(Observed::Present(answer)), date: Fact::derived(Observed::Present(now)) }
        }
    };
    let answers = Answers::new(&example.answers)?;
    let verdict = verdict(rule, &resource, &account, now, &attested, &answers);
    if verdict.status != example.expect.status {
        return Err(format!(
            "expected {}, got {}: {}",
            example.expect.status.name(),
            verdict.status.name(),
            verdict.message
        ));
    }
    match &example.expect.message {
        Some(message) if *message != verdict.message => {
            Err(format!("expected the message `{message}`, got `{}`", verdict.message))
        }
        _ => crate::fix::example::run(rule, example, &resource, &account, now),
    }
}

/// What policies allow, written down: the answers by function and arguments, as in `can arn:… s3:GetObject`.
struct Answers(BTreeMap<String, Observed<GivenValue>>);

impl Answers {
    fn new(answers: &BTreeMap<String, Json>) -> Result<Self, String> {
        let read = |(asked, value): (&String, &Json)| {
            let name = asked.split(' ').next().unwrap_or_default();
            let ask = Ask::ALL.into_iter().find(|ask| ask.name == name);
            let ask = ask.ok_or_else(|| format!("`{asked}` begins with no function that asks policies"))?;
            let ty = if ask.lists { Type::List(&Type::String) } else { Type::Bool };
            Ok((asked.clone(), fact(&ty, value).map_err(|error| format!("`{asked}`: {error}"))?))
        };
        answers.iter().map(read).collect::<Result<_, String>>().map(Self)
    }

    fn answer(&self, name: &str, question: &Question<'_>) -> Result<&Observed<GivenValue>, Gap> {
        let parts = [Some(name), question.who, Some(question.action), question.resource];
        let asked = parts.into_iter().flatten().collect::<Vec<_>>().join(" ");
        match self.0.get(&asked) {
            Some(Observed::Unknown(gap)) => Err(gap.clone()),
            Some(answer) => Ok(answer),
            None => Err(Gap::of_reason(NOT_COLLECTED, format!("the answer to `{asked}` is not given"))),
        }
    }
}

impl Oracle for Answers {
    fn can(&self, question: &Question<'_>) -> Observed<bool> {
        let name = if question.without_mfa { "canWithoutMfa" } else { "can" };
        match self.answer(name, question) {
            Ok(Observed::Present(GivenValue::Bool(value))) => Observed::Present(*value),
            Ok(_) => Observed::Absent,
            Err(gap) => Observed::Unknown(gap),
        }
    }

    fn who_can(&self, question: &Question<'_>) -> List<String> {
        let name = if question.without_mfa { "whoCanWithoutMfa" } else { "whoCan" };
        match self.answer(name, question) {
            Ok(Observed::Present(GivenValue::List(list))) => {
                let text =
                    |value: &GivenValue| if let GivenValue::String(text) = value { Some(text.clone()) } else { None };
                List { items: list.items.iter().filter_map(text).collect(), gaps: list.gaps.clone() }
            }
            Ok(_) => List::whole(Vec::new()),
            Err(gap) => List { items: Vec::new(), gaps: vec![gap] },
        }
    }

    fn origin(&self) -> Origin {
        Origin::NONE
    }
}

/// A record whose facts are written down.
struct Given {
    schema: &'static Schema,
    facts: Vec<Observed<GivenValue>>,
}

enum GivenValue {
    Bool(bool),
    Int(i64),
    Double(f64),
    String(String),
    Time(Time),
    List(GivenList),
    Record(Box<Given>),
}

struct GivenList {
    items: Vec<GivenValue>,
    gaps: Vec<Gap>,
}

impl Given {
    fn new(schema: &'static Schema, given: &Json) -> Result<Self, String> {
        let empty = serde_json::Map::new();
        let members = match given {
            Json::Null => &empty,
            Json::Object(members) => members,
            _ => return Err(format!("facts of `{}` are a mapping of names to values", schema.name)),
        };
        if let Some(name) = members.keys().find(|name| schema.field(name).is_none()) {
            let known = schema.fields.iter().map(|field| field.name);
            return Err(format!("`{}` has no fact `{name}`{}", schema.name, suggest(name, known)));
        }
        let facts = schema.fields.iter().map(|field| match members.get(field.name) {
            None => Ok(Observed::Unknown(Gap::of_reason(NOT_COLLECTED, format!("`{}` is not given", field.name)))),
            Some(value) => fact(&field.ty, value).map_err(|error| format!("`{}`: {error}", field.name)),
        });
        Ok(Self { schema, facts: facts.collect::<Result<_, _>>()? })
    }
}

fn unknown_code(value: &Json) -> Option<(&str, Option<&Json>)> {
    let members = value.as_object()?;
    let code = members.get("unknown")?.as_str()?;
    match members.len() {
        1 => Some((code, None)),
        2 => Some((code, Some(members.get("items")?))),
        _ => None,
    }
}

fn fact(ty: &Type, value: &Json) -> Result<Observed<GivenValue>, String> {
    if value.is_null() {
        return Ok(Observed::Absent);
    }
    match unknown_code(value) {
        Some((code, None)) => Ok(Observed::Unknown(Gap::of_reason(code, "the call did not answer"))),
        Some((code, Some(items))) => {
            let GivenValue::List(mut list) = given(ty, items)? else {
                return Err("only lists have `items` and `unknown`".to_owned());
            };
            list.gaps.push(Gap::of_reason(code, "the call did not answer"));
            Ok(Observed::Present(GivenValue::List(list)))
        }
        None => given(ty, value).map(Observed::Present),
    }
}

fn given(ty: &Type, value: &Json) -> Result<GivenValue, String> {
    let wrong = || format!("`{value}` is no {}", super::Ty::from(ty));
    match ty {
        Type::Bool => value.as_bool().map(GivenValue::Bool).ok_or_else(wrong),
        Type::Int => value.as_i64().map(GivenValue::Int).ok_or_else(wrong),
        Type::Double => value.as_f64().map(GivenValue::Double).ok_or_else(wrong),
        Type::String => value.as_str().map(|text| GivenValue::String(text.to_owned())).ok_or_else(wrong),
        Type::Time => Time::parse(value.as_str().ok_or_else(wrong)?).map(GivenValue::Time),
        Type::List(item) => {
            let items = value.as_array().ok_or_else(wrong)?;
            let items = items.iter().map(|value| given(item, value)).collect::<Result<_, _>>()?;
            Ok(GivenValue::List(GivenList { items, gaps: Vec::new() }))
        }
        Type::Record(schema) => Given::new(schema, value).map(|record| GivenValue::Record(Box::new(record))),
    }
}

impl GivenValue {
    fn value(&self) -> Value<'_> {
        match self {
            Self::Bool(value) => Value::Bool(*value),
            Self::Int(value) => Value::Int(*value),
            Self::Double(value) => Value::Double(*value),
            Self::String(value) => Value::String(Cow::Borrowed(value)),
            Self::Time(value) => Value::Time(*value),
            Self::List(list) => Value::List(Items::Borrowed(list)),
            Self::Record(record) => Value::Record(record.as_ref()),
        }
    }
}

impl Record for Given {
    fn schema(&self) -> &'static Schema {
        self.schema
    }

    fn fact(&self, index: usize) -> Option<FactRef<'_>> {
        let state = self.facts.get(index)?.as_ref().map(GivenValue::value);
        Some(FactRef { state, origin: Origin::NONE })
    }
}

impl FactList for GivenList {
    fn len(&self) -> usize {
        self.items.len()
    }

    fn item(&self, index: usize) -> Option<Value<'_>> {
        self.items.get(index).map(GivenValue::value)
    }

    fn gaps(&self) -> &[Gap] {
        &self.gaps
    }
}

/// Runs examples of a rule: each one's name with what went wrong, if anything did.
pub fn run_all<'a>(rule: &Rule, examples: &'a [Example]) -> BTreeMap<&'a str, Result<(), String>> {
    examples.iter().map(|example| (example.name.as_str(), run(rule, example))).collect()
}

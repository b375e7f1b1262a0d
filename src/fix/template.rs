//! Texts and trees with expressions in braces and values still to come in angle brackets, checked when a rule is loaded.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value as Json;

use super::word::{Part, Text, Tree};
use crate::facts::Gap;
use crate::facts::{NO_VALUE, UNDECIDED, Value};
use crate::output::escape::is_harmless;
use crate::rule::Ty;
use crate::rule::compile::{Names, compile_typed};
use crate::rule::eval::{Scope, Stop, text};
use crate::rule::node::Expression;

/// A text with its expressions.
#[derive(Debug)]
pub(crate) struct Template(Vec<Piece>);

#[derive(Debug)]
enum Piece {
    Text(String),
    Value(Expression),
    Input(String),
    Saved(String),
}

/// Names in angle brackets that a text may use.
#[derive(Debug, Clone, Default)]
pub(crate) struct Pending {
    /// Values that the user gives.
    pub(crate) inputs: BTreeSet<String>,
    /// What earlier calls of the step keep, and whether it is JSON.
    pub(crate) saved: BTreeMap<String, bool>,
}

impl Template {
    /// Compiles a text; `{…}` holds an expression, `{{` and `}}` stand for braces, `<name>` for a value still to come.
    pub(crate) fn compile(source: &str, names: &Names<'_>, pending: &Pending) -> Result<Self, String> {
        let mut pieces = Vec::new();
        let mut plain = String::new();
        let mut rest = source;
        let mut has_list = false;
        while let Some(at) = rest.find(['{', '}', '<']) {
            let (before, after) = rest.split_at(at);
            plain.push_str(before);
            if let Some(tail) = after.strip_prefix("{{") {
                plain.push('{');
                rest = tail;
            } else if let Some(tail) = after.strip_prefix("}}") {
                plain.push('}');
                rest = tail;
            } else if let Some((name, tail)) = bracketed(after) {
                flush(&mut plain, &mut pieces);
                pieces.push(named(name, pending)?);
                rest = tail;
            } else if let Some(tail) = after.strip_prefix('<') {
                plain.push('<');
                rest = tail;
            } else if let Some(tail) = after.strip_prefix('{') {
                let Some((expression, tail)) = tail.split_once('}') else {
                    return Err(format!("a brace of `{source}` is not closed"));
                };
                flush(&mut plain, &mut pieces);
                let (value, ty) =
                    compile_typed(expression, names).map_err(|error| format!("`{expression}`: {}", error.message))?;
                has_list |= matches!(ty, Ty::List(_) | Ty::Record(_) | Ty::Null);
                pieces.push(Piece::Value(value));
                rest = tail;
            } else {
                return Err(format!("`{source}` has a closing brace without an opening one"));
            }
        }
        plain.push_str(rest);
        flush(&mut plain, &mut pieces);
        if has_list && pieces.len() > 1 {
            return Err(format!("a list in the middle of `{source}`; use join"));
        }
        let json = |piece: &Piece| matches!(piece, Piece::Saved(name) if pending.saved.get(name) == Some(&true));
        if pieces.len() > 1 && pieces.iter().any(json) {
            return Err(format!("kept JSON in the middle of `{source}`; it can only be a whole word"));
        }
        Ok(Self(pieces))
    }

    /// Fills the text.
    pub(crate) fn fill<'a>(&'a self, filler: &mut Filler<'a, '_>) -> Result<Text, Stop> {
        let mut made = Text::default();
        for piece in &self.0 {
            match piece {
                Piece::Text(text) => made.push(text),
                Piece::Value(expression) => made.push(&scalar(&filler.scope.eval(&expression.node)?)?),
                Piece::Input(name) => made.append(filler.input(name)),
                Piece::Saved(name) => made.0.push(Part::Saved(name.clone())),
            }
        }
        Ok(made)
    }

    fn fill_leaf<'a>(&'a self, filler: &mut Filler<'a, '_>) -> Result<Tree, Stop> {
        match self.0.as_slice() {
            [Piece::Value(expression)] => tree(&filler.scope.eval(&expression.node)?),
            _ => self.fill(filler).map(Tree::Text),
        }
    }
}

fn flush(plain: &mut String, pieces: &mut Vec<Piece>) {
    if !plain.is_empty() {
        pieces.push(Piece::Text(std::mem::take(plain)));
    }
}

/// `<name>` at the start of a text.
fn bracketed(text: &str) -> Option<(&str, &str)> {
    let (name, tail) = text.strip_prefix('<')?.split_once('>')?;
    let is_name = name.starts_with(|c: char| c.is_ascii_lowercase())
        && name.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_');
    is_name.then_some((name, tail))
}

fn named(name: &str, pending: &Pending) -> Result<Piece, String> {
    if pending.saved.contains_key(name) {
        return Ok(Piece::Saved(name.to_owned()));
    }
    if pending.inputs.contains(name) {
        return Ok(Piece::Input(name.to_owned()));
    }
    let known = pending.inputs.iter().chain(pending.saved.keys()).map(String::as_str);
    let near = crate::rule::compile::suggest(name, known);
    Err(format!("`<{name}>` is neither an input nor kept by an earlier call of the step{near}"))
}

/// What fills texts: the facts in scope and the values that the user gave.
pub(crate) struct Filler<'a, 'b> {
    pub(crate) scope: Scope<'a>,
    pub(crate) inputs: &'b BTreeMap<String, String>,
}

impl Filler<'_, '_> {
    fn input(&self, name: &str) -> Text {
        match self.inputs.get(name) {
            Some(value) => Text::from(value.as_str()),
            None => Text(vec![Part::Input(name.to_owned())]),
        }
    }
}

/// Text that may stand in a command. What steers a terminal or hides from the reader of a script is refused.
fn scalar(value: &Value<'_>) -> Result<String, Stop> {
    if matches!(value, Value::List(_) | Value::Record(_) | Value::Null) {
        return Err(undecided("a value is no text"));
    }
    let text = text(value);
    if text.chars().all(is_harmless) {
        Ok(text)
    } else {
        Err(undecided("a name holds characters that are invisible or steer a terminal"))
    }
}

fn undecided(message: &str) -> Stop {
    Stop::Unknown(vec![Gap::of_reason(UNDECIDED, message)])
}

fn tree(value: &Value<'_>) -> Result<Tree, Stop> {
    Ok(match value {
        Value::Null => Tree::Null,
        Value::Bool(value) => Tree::Bool(*value),
        Value::Int(value) => Tree::Number((*value).into()),
        Value::Double(value) => {
            Tree::Number(serde_json::Number::from_f64(*value).ok_or_else(|| undecided("a number is not finite"))?)
        }
        Value::List(items) => {
            if let [_, ..] = items.gaps() {
                return Err(Stop::Unknown(items.gaps().to_vec()));
            }
            Tree::List(
                (0..items.len()).filter_map(|at| items.get(at)).map(|item| tree(&item)).collect::<Result<_, _>>()?,
            )
        }
        value => Tree::Text(Text::from(scalar(value)?.as_str())),
    })
}

/// An option's value with its expressions.
#[derive(Debug)]
pub(crate) enum TreeTemplate {
    Constant(Json),
    Leaf(Template),
    List(Vec<TreeTemplate>),
    /// Members; those marked true are left out when absent.
    Map(Vec<(String, bool, TreeTemplate)>),
}

impl TreeTemplate {
    /// Compiles every text of a tree.
    pub(crate) fn compile(source: &Json, names: &Names<'_>, pending: &Pending) -> Result<Self, String> {
        Ok(match source {
            Json::String(text) => Self::Leaf(Template::compile(text, names, pending)?),
            Json::Array(items) => {
                Self::List(items.iter().map(|item| Self::compile(item, names, pending)).collect::<Result<_, _>>()?)
            }
            Json::Object(members) => {
                let member = |(name, value): (&String, &Json)| {
                    let value = Self::compile(value, names, pending).map_err(|error| format!("{name}: {error}"))?;
                    let optional = name.ends_with('?');
                    Ok((name.trim_end_matches('?').to_owned(), optional, value))
                };
                Self::Map(members.iter().map(member).collect::<Result<_, String>>()?)
            }
            other => Self::Constant(other.clone()),
        })
    }

    /// Fills the tree.
    pub(crate) fn fill<'a>(&'a self, filler: &mut Filler<'a, '_>) -> Result<Tree, Stop> {
        Ok(match self {
            Self::Constant(json) => constant(json),
            Self::Leaf(template) => template.fill_leaf(filler)?,
            Self::List(items) => Tree::List(items.iter().map(|item| item.fill(filler)).collect::<Result<_, _>>()?),
            Self::Map(members) => {
                let mut made = BTreeMap::new();
                for (name, optional, value) in members {
                    match value.fill(filler) {
                        Err(Stop::Absent(_)) if *optional => {}
                        // An operator over something absent is absent too; what a call refused is not.
                        Err(Stop::Unknown(gaps)) if *optional && gaps.iter().all(|gap| gap.code() == NO_VALUE) => {}
                        value => drop(made.insert(name.clone(), value?)),
                    }
                }
                Tree::Map(made)
            }
        })
    }
}

fn constant(json: &Json) -> Tree {
    match json {
        Json::Null => Tree::Null,
        Json::Bool(value) => Tree::Bool(*value),
        Json::Number(number) => Tree::Number(number.clone()),
        Json::String(text) => Tree::Text(Text::from(text.as_str())),
        Json::Array(items) => Tree::List(items.iter().map(constant).collect()),
        Json::Object(members) => {
            Tree::Map(members.iter().map(|(name, value)| (name.clone(), constant(value))).collect())
        }
    }
}

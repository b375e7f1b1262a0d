//! Messages: one line of text with facts in braces, compiled with the rule and filled from what was observed.

use super::compile::{CompileError, Names, compile};
use super::eval::{Scope, Stop, text};
use super::node::Expression;
use crate::facts::Value;

/// Bytes of which few messages need more.
const ROOM: usize = 256;

/// A message with its expressions.
#[derive(Debug)]
pub(super) struct Template {
    parts: Vec<Part>,
}

#[derive(Debug)]
enum Part {
    Text(String),
    Value(Expression),
}

impl Template {
    /// Compiles a message; `{…}` holds an expression, `{{` and `}}` stand for braces.
    pub(super) fn compile(source: &str, names: &Names<'_>) -> Result<Self, CompileError> {
        let mut parts = Vec::new();
        let mut plain = String::new();
        let mut rest = source;
        while let Some(at) = rest.find(['{', '}']) {
            let offset = source.len() - rest.len() + at;
            let (before, after) = rest.split_at(at);
            plain.push_str(before);
            if let Some(tail) = after.strip_prefix("{{") {
                plain.push('{');
                rest = tail;
            } else if let Some(tail) = after.strip_prefix("}}") {
                plain.push('}');
                rest = tail;
            } else if let Some(tail) = after.strip_prefix('{') {
                let Some((expression, tail)) = tail.split_once('}') else {
                    return Err(CompileError { offset, message: "the brace is not closed".to_owned() });
                };
                if !plain.is_empty() {
                    parts.push(Part::Text(std::mem::take(&mut plain)));
                }
                let value = compile(expression, names, None)
                    .map_err(|error| CompileError { offset: offset + 1 + error.offset, ..error })?;
                parts.push(Part::Value(value));
                rest = tail;
            } else {
                return Err(CompileError { offset, message: "a closing brace without an opening one".to_owned() });
            }
        }
        plain.push_str(rest);
        if !plain.is_empty() {
            parts.push(Part::Text(plain));
        }
        Ok(Self { parts })
    }

    /// Fills the message: what is absent reads `none`, what is unknown reads `unknown`.
    pub(super) fn fill<'a>(&'a self, scope: &mut Scope<'a>) -> String {
        let mut filled = String::with_capacity(ROOM);
        for part in &self.parts {
            match part {
                Part::Text(text) => filled.push_str(text),
                Part::Value(expression) => match scope.eval(&expression.node) {
                    Ok(Value::String(value)) => filled.push_str(&value),
                    Ok(value) => filled.push_str(&text(&value)),
                    Err(Stop::Absent(_)) => filled.push_str("none"),
                    Err(Stop::Unknown(_)) => filled.push_str("unknown"),
                },
            }
        }
        filled.shrink_to_fit();
        filled
    }
}

//! Expressions and messages of rules, compiled when they are first asked for: a run compiles what it judges by, and no more.
//!
//! A rule that somebody else wrote is compiled as a whole when it is loaded, so that nothing wrong in it can wait. The
//! built-in ones are compiled as a whole by the tests.

use std::sync::OnceLock;

use super::Rule;
use super::compile::{CompileError, Names, compile};
use super::load::names;
use super::message::Template;
use super::node::Expression;
use super::types::Ty;

/// What a text in a rule is compiled to.
pub(super) trait Compiled: Sized {
    /// Compiles the text.
    fn compile(source: &str, names: &Names<'_>) -> Result<Self, CompileError>;
}

impl Compiled for Expression {
    fn compile(source: &str, names: &Names<'_>) -> Result<Self, CompileError> {
        compile(source, names, Some(&Ty::Bool))
    }
}

impl Compiled for Template {
    fn compile(source: &str, names: &Names<'_>) -> Result<Self, CompileError> {
        Self::compile(source, &Names { variables: names.variables.clone(), bare_facts_of: Some(0), ..*names })
    }
}

/// A text of a rule with what it is compiled to, once somebody asked.
#[derive(Debug)]
pub(super) struct Lazy<T> {
    source: String,
    compiled: OnceLock<Result<T, CompileError>>,
}

impl<T: Compiled> Lazy<T> {
    /// A text that nobody asked for yet.
    pub(super) fn new(source: String) -> Self {
        Self { source, compiled: OnceLock::new() }
    }

    /// The text as it is written.
    pub(super) fn source(&self) -> &str {
        &self.source
    }

    /// What the text is compiled to, or why it cannot be.
    pub(super) fn get(&self, rule: &Rule) -> Result<&T, &CompileError> {
        self.compiled.get_or_init(|| T::compile(&self.source, &names(rule.kind, &rule.params))).as_ref()
    }
}

//! Rules: YAML files whose CEL logic is checked when loaded and judged in three values.

pub mod compile;
pub mod eval;
pub mod example;
pub mod excerpt;
pub mod file;
pub mod judge;
pub mod load;
mod message;
pub(crate) mod node;
mod types;

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};

use rayon::prelude::*;

pub use file::{Lifecycle, Remediation, RuleFile};
pub use load::{LoadError, ParamOverrides};
pub use node::Constant;
pub use types::Ty;

use crate::facts;
use crate::facts::Kind;
use crate::finding::{Confidence, Severity};
use crate::fix::Fix;
use crate::snapshot::{Operation, Time};
use message::Template;
use node::Expression;

facts! {
    /// What a person attested in `posture.yaml` for what no API tells.
    Attested as "attestation" {
        /// The person's answer to the rule's question; unknown when nobody attested or the statement aged out.
        answer: bool => [];
        /// When it was attested.
        date: Time => [];
    }
}

/// A rule, checked and ready to judge.
#[derive(Debug)]
pub struct Rule {
    /// The file that it was loaded from.
    pub file: String,
    /// The rule's id.
    pub id: String,
    /// The expectation.
    pub title: String,
    /// Whether the rule is new, settled or on its way out.
    pub lifecycle: Lifecycle,
    /// How bad a failure is.
    pub severity: Severity,
    /// How sure the rule is.
    pub confidence: Confidence,
    /// The kind of resource that is judged.
    pub kind: &'static Kind,
    /// Why it matters.
    pub rationale: String,
    /// Parameters with the value in force.
    pub params: BTreeMap<String, Constant>,
    /// What the parameters mean.
    pub param_docs: BTreeMap<String, String>,
    /// Operations whose answers the rule reads.
    pub operations: BTreeSet<Operation>,
    /// What to do about a failure.
    pub remediation: Remediation,
    /// Pages that say why.
    pub references: Vec<String>,
    /// Framework id to control ids.
    pub controls: BTreeMap<String, Vec<String>>,
    /// The question that a person answers, for what no API tells.
    pub attestation: Option<String>,
    /// True for rules that are kept for their id alone and are not run.
    pub deprecated: bool,
    /// Days for which an attestation holds.
    pub max_age_days: i64,
    /// The text of the file.
    text: Cow<'static, str>,
    applies_when: Option<Expression>,
    pass_when: Expression,
    message: Template,
    pass_message: Option<Template>,
    not_applicable_message: Option<Template>,
}

impl Rule {
    /// The expressions of the rule as written: `applies_when`, if there is one, and `pass_when`.
    pub fn logic(&self) -> (Option<&str>, &str) {
        (self.applies_when.as_ref().map(|e| e.source.as_str()), &self.pass_when.source)
    }

    /// Cases that run as tests, read from the file's text when asked for: judging needs none of them.
    pub fn examples(&self) -> Result<Vec<file::Example>, LoadError> {
        Ok(load::parse(&self.file, &self.text)?.examples)
    }

    /// The commands and tasks that mend a failure, read from the file's text when asked for.
    pub fn fix(&self) -> Result<Option<Fix>, LoadError> {
        load::fix(self)
    }
}

include!(concat!(env!("OUT_DIR"), "/rules.rs"));

/// Loads the built-in rules, in the order of their ids.
pub fn built_in(overrides: &ParamOverrides) -> Result<Vec<Rule>, LoadError> {
    let loaded: Vec<_> = BUILT_IN.par_iter().map(|(file, text)| load::load_built_in(file, text, overrides)).collect();
    // The first error in the order of the files, whichever thread found one first.
    let mut rules = loaded.into_iter().collect::<Result<Vec<_>, _>>()?;
    rules.sort_by(|one, two| one.id.cmp(&two.id));
    Ok(rules)
}

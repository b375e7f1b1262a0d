//! Rules: YAML files whose CEL logic is checked when loaded and judged in three values.

pub mod compile;
pub mod eval;
pub mod example;
pub mod excerpt;
pub mod file;
pub mod judge;
mod lazy;
pub mod load;
mod message;
pub(crate) mod node;
mod types;

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, OnceLock};

pub use file::{Lifecycle, Remediation, RuleFile};
pub use load::{LoadError, ParamOverrides};
pub use node::Constant;
pub use types::Ty;

use crate::facts;
use crate::facts::Kind;
use crate::finding::{Confidence, Controls, Severity};
use crate::fix::Fix;
use crate::snapshot::{Operation, Time};
use compile::CompileError;
use lazy::Lazy;
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
    pub title: Arc<str>,
    /// Whether the rule is new, settled or on its way out.
    pub lifecycle: Lifecycle,
    /// How bad a failure is.
    pub severity: Severity,
    /// How sure the rule is.
    pub confidence: Confidence,
    /// The kind of resource that is judged.
    pub kind: &'static Kind,
    /// Why it matters.
    pub rationale: Arc<str>,
    /// Parameters with the value in force.
    pub params: BTreeMap<String, Constant>,
    /// What the parameters mean.
    pub param_docs: BTreeMap<String, String>,
    /// What to do about a failure.
    pub remediation: Remediation,
    /// Pages that say why.
    pub references: Arc<[String]>,
    /// Framework id to control ids.
    pub controls: Controls,
    /// The question that a person answers, for what no API tells.
    pub attestation: Option<String>,
    /// True for rules that are kept for their id alone and are not run.
    pub deprecated: bool,
    /// Days for which an attestation holds.
    pub max_age_days: i64,
    /// The text of the file.
    text: Cow<'static, str>,
    operations: OnceLock<BTreeSet<Operation>>,
    applies_when: Option<Lazy<Expression>>,
    pass_when: Lazy<Expression>,
    message: Lazy<Template>,
    pass_message: Option<Lazy<Template>>,
    not_applicable_message: Option<Lazy<Template>>,
}

impl Rule {
    /// The expressions of the rule as written: `applies_when`, if there is one, and `pass_when`.
    pub fn logic(&self) -> (Option<&str>, &str) {
        (self.applies_when.as_ref().map(Lazy::source), self.pass_when.source())
    }

    /// Operations whose answers the rule reads.
    pub fn operations(&self) -> &BTreeSet<Operation> {
        self.operations.get_or_init(|| {
            let logic = self.applies_when.iter().chain([&self.pass_when]);
            let read = logic.filter_map(|expression| expression.get(self).ok()).flat_map(|one| one.operations.iter());
            self.kind.operations.iter().chain(read).copied().collect()
        })
    }

    /// Compiles all that is compiled when it is first asked for.
    #[cfg(feature = "live")]
    pub(crate) fn prepare(&self) {
        self.operations();
        self.compile_all();
    }

    /// Compiles every expression and message: `applies_when`, `pass_when`, then the three messages.
    fn compile_all(&self) -> [Option<Result<(), &CompileError>>; 5] {
        [
            self.applies_when.as_ref().map(|lazy| lazy.get(self).map(|_| ())),
            Some(self.pass_when.get(self).map(|_| ())),
            Some(self.message.get(self).map(|_| ())),
            self.pass_message.as_ref().map(|lazy| lazy.get(self).map(|_| ())),
            self.not_applicable_message.as_ref().map(|lazy| lazy.get(self).map(|_| ())),
        ]
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
    let files = BUILT_IN.iter().zip(PREPARED);
    let load =
        |((file, text), prepared): (&(&str, &'static str), &&str)| load::load_built_in(file, text, prepared, overrides);
    let mut rules = files.map(load).collect::<Result<Vec<_>, _>>()?;
    rules.sort_by(|one, two| one.id.cmp(&two.id));
    Ok(rules)
}

#[cfg(test)]
mod tests {
    use super::{BUILT_IN, PREPARED, ParamOverrides, load};

    #[test]
    fn what_the_build_prepared_of_rules_is_what_their_files_say() {
        for ((file, text), prepared) in BUILT_IN.iter().zip(PREPARED) {
            assert!(serde_json::from_str::<super::RuleFile>(prepared).is_ok(), "{file} is read from its text");
            let quick = load::load_built_in(file, text, prepared, &ParamOverrides::new()).unwrap();
            assert!(quick.compile_all().into_iter().flatten().all(|outcome| outcome.is_ok()), "{file}");
            let thorough = load::load(file, text, &ParamOverrides::new()).unwrap();
            let without_text = |rule: super::Rule| format!("{:?}", super::Rule { text: "".into(), ..rule });
            assert_eq!(without_text(quick), without_text(thorough), "{file}");
        }
    }
}

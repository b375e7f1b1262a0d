//! The `fix` section of a rule file, and recipes, as they are written: strict YAML, unknown keys refused.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value as Json;

/// How to mend a failing resource.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "Fix")]
pub struct FixFile {
    /// Values that the user gives with `--set NAME=VALUE` or in `posture.yaml`; in texts as `<name>`.
    #[serde(default)]
    pub inputs: BTreeMap<String, Input>,
    /// What commands do, in an order that works.
    #[serde(default)]
    pub steps: Vec<StepFile>,
    /// What only a person can do.
    #[serde(default)]
    pub person: Vec<TaskFile>,
}

/// A value that the user gives.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Input {
    /// What it is for.
    pub doc: String,
    /// What it looks like.
    pub kind: InputKind,
    /// The value when nothing else is said.
    pub default: Option<String>,
}

/// What an input looks like.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum InputKind {
    /// An e-mail address.
    Email,
    /// A number, as in `50` or `12.5`.
    Number,
    /// A name or ARN: letters, digits and `._/+=@:-`.
    Name,
    /// A telephone number.
    Phone,
    /// Words.
    Text,
}

/// When a step's turn comes: what others need first, what takes something away last.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Phase {
    /// Makes what others stand on: topics, keys, buckets, groups, roles.
    Prepare,
    /// Lets what was made be used: policies, memberships, subscriptions.
    Allow,
    /// Makes what watches and records: trails, alarms, budgets, event rules.
    Build,
    /// Sets it going.
    Start,
    /// Changes settings of what is there.
    Tighten,
    /// Takes something away from somebody.
    Retire,
}

/// One step: either its own calls, or those of a recipe.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "Step")]
pub struct StepFile {
    /// The id of a recipe in `rules/fixes/`; goes with `with` and `when` alone.
    #[serde(rename = "use")]
    pub recipe: Option<String>,
    /// The recipe's values; they may hold expressions in braces.
    #[serde(default)]
    pub with: BTreeMap<String, String>,
    /// CEL; false leaves the step out.
    pub when: Option<String>,
    /// What changes, in one line with expressions in braces.
    #[serde(rename = "do")]
    pub title: Option<String>,
    /// When its turn comes.
    pub phase: Option<Phase>,
    /// CEL of a list; the step is made once for each `item`.
    pub each: Option<String>,
    /// The Region of the calls; without it the resource's own, else the one that answers for the account.
    pub region: Option<String>,
    /// A call that answers when what the step makes is there already, so that a plan can run twice; its `accept` lists
    /// the error codes that mean that it is not there.
    pub unless: Option<CallFile>,
    /// The calls, one after the other.
    #[serde(default)]
    pub calls: Vec<CallFile>,
    /// Calls that undo the step.
    #[serde(default)]
    pub undo: Vec<CallFile>,
    /// How the step is undone, where calls do not say it all.
    pub undo_note: Option<String>,
    /// What it costs, or `none`.
    pub cost: Option<String>,
    /// IAM actions that the calls need.
    #[serde(default)]
    pub permissions: Vec<String>,
    /// For steps that take something away: what the script asks before it goes on.
    pub confirm: Option<String>,
    /// What speaks for the step, as when a key was last used.
    pub evidence: Option<String>,
    /// An ARN whose own credentials must not run the step, so that nobody locks themselves out.
    pub spares: Option<String>,
    /// Steps with the same text here become one step with the options of all.
    pub merge: Option<String>,
    /// CloudFormation resources that do the same, by logical id.
    #[serde(default)]
    pub cloudformation: BTreeMap<String, Json>,
    /// Terraform resources that do the same, by `type.name`. A mapping is an object, a list of mappings is blocks,
    /// `{ref: …}` an expression and `{jsonencode: …}` JSON text.
    #[serde(default)]
    pub terraform: BTreeMap<String, Json>,
}

/// One call of the AWS CLI.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "Call")]
pub struct CallFile {
    /// Service and operation, as in `iam create-group`.
    pub call: String,
    /// Options without their dashes. Text is one word; true is a flag, false its `--no-` form; lists and mappings are
    /// one word of JSON. A name that ends in `?` is left out when its value is absent.
    #[serde(default)]
    pub with: BTreeMap<String, Json>,
    /// Keeps a part of the answer for the calls that follow in the same step.
    pub save: Option<Save>,
    /// Error codes that mean that the work is done already, as `EntityAlreadyExists`.
    #[serde(default)]
    pub accept: Vec<String>,
    /// True where AWS needs some seconds until it knows what an earlier step made.
    #[serde(default)]
    pub retry: bool,
}

/// A part of an answer that later calls use.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Save {
    /// The name, used as `<name>`.
    pub name: String,
    /// The part, as a `JMESPath` expression for `--query`.
    pub query: String,
    /// True keeps JSON, which can only be a whole word; false keeps a plain name.
    #[serde(default)]
    pub json: bool,
}

/// What only a person can do.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "Task")]
pub struct TaskFile {
    /// CEL; false leaves the task out.
    pub when: Option<String>,
    /// What to do, in one line with expressions in braces.
    #[serde(rename = "do")]
    pub title: String,
    /// The way through the console, as in `Billing and Cost Management > Billing preferences`.
    pub console: Option<String>,
    /// The page, https only.
    pub url: Option<String>,
    /// True when the finding goes away without it, as with the confirmation of a subscription that another rule judges.
    #[serde(default)]
    pub follow_up: bool,
}

/// Steps and tasks that several rules share.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RecipeFile {
    /// The id, which is the file's name.
    pub id: String,
    /// What it does.
    pub about: String,
    /// Values that a rule gives, in texts as `%name%`, with what each means.
    #[serde(default)]
    pub takes: BTreeMap<String, String>,
    /// Values that the user gives.
    #[serde(default)]
    pub inputs: BTreeMap<String, Input>,
    /// The steps.
    pub steps: Vec<StepFile>,
    /// What only a person can do.
    #[serde(default)]
    pub person: Vec<TaskFile>,
}

impl Input {
    /// Why a value is refused, if it is.
    pub fn refuses(&self, value: &str) -> Option<&'static str> {
        let is = |more: &str| value.chars().all(|c| c.is_ascii_alphanumeric() || more.contains(c));
        let good = match self.kind {
            InputKind::Email => {
                is("._%+=@-")
                    && value.split_once('@').is_some_and(|(name, host)| !name.is_empty() && host.contains('.'))
            }
            InputKind::Number => {
                value.parse::<f64>().is_ok_and(|number| number.is_finite() && number >= 0.0) && is(".")
            }
            InputKind::Name => is("._/+=@:-") && !value.is_empty(),
            InputKind::Phone => value.chars().any(|c| c.is_ascii_digit()) && is("+ ()-"),
            InputKind::Text => !value.trim().is_empty() && value.chars().all(crate::output::escape::is_harmless),
        };
        (!good).then(|| self.kind.shape())
    }
}

impl InputKind {
    /// What a value of the kind looks like, for error messages.
    pub fn shape(self) -> &'static str {
        match self {
            Self::Email => "an e-mail address",
            Self::Number => "a number",
            Self::Name => "a name of letters, digits and ._/+=@:-",
            Self::Phone => "a telephone number",
            Self::Text => "words in one line",
        }
    }

    /// Characters that a script takes for such a value, as in a bracket expression of the shell. None of them means
    /// anything to the shell or inside JSON.
    pub fn shell_class(self) -> &'static str {
        match self {
            Self::Email => "A-Za-z0-9._%+=@-",
            Self::Number => "0-9.",
            Self::Name => "A-Za-z0-9._/+=@:-",
            Self::Phone => r"0-9+\ \(\)-",
            Self::Text => r"A-Za-z0-9\ .,_+\(\)@:/-",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Input, InputKind};

    #[test]
    fn values_that_do_not_look_like_their_kind_are_refused() {
        let refused = |kind, value: &str| Input { doc: String::new(), kind, default: None }.refuses(value).is_some();
        for (kind, good, bad) in [
            (InputKind::Email, "ops+aws@example.com", "ops@example"),
            (InputKind::Email, "a@b.c", "a@b.c\";id;\""),
            (InputKind::Number, "12.5", "12,5"),
            (InputKind::Number, "0", "NaN"),
            (InputKind::Name, "arn:aws:sns:us-east-1:123456789012:t", "a b"),
            (InputKind::Phone, "+49 (30) 123-45", "call me"),
            (InputKind::Text, "Zoë Müller", "two\nlines"),
        ] {
            assert!(!refused(kind, good), "{good}");
            assert!(refused(kind, bad), "{bad}");
        }
    }
}

//! What a command is made of once the facts are filled in: words, and JSON trees that become one word.
//!
//! Text is kept in parts, so that a value that the user has yet to give stays apart from text that looks like it.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use serde_json::{Number, Value as Json};

use crate::output::escape::is_harmless;

/// A part of a text.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Part {
    /// Text as it is.
    Text(String),
    /// A value that the user has not given yet.
    Input(String),
    /// A part of an earlier call's answer.
    Saved(String),
}

/// A filled text.
#[derive(Debug, Clone, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Text(pub Vec<Part>);

/// A filled option's value.
#[expect(missing_docs, reason = "the variants are JSON's")]
#[derive(Debug, Clone, PartialEq)]
pub enum Tree {
    Null,
    Bool(bool),
    Number(Number),
    Text(Text),
    List(Vec<Tree>),
    Map(BTreeMap<String, Tree>),
}

impl Text {
    /// Adds text behind the last part.
    pub fn push(&mut self, text: &str) {
        match self.0.last_mut() {
            Some(Part::Text(last)) => last.push_str(text),
            _ if text.is_empty() => {}
            _ => self.0.push(Part::Text(text.to_owned())),
        }
    }

    /// Adds another text.
    pub fn append(&mut self, other: Self) {
        for part in other.0 {
            match part {
                Part::Text(text) => self.push(&text),
                part => self.0.push(part),
            }
        }
    }

    /// The text as people read it, with what is still to come in angle brackets.
    pub fn shown(&self) -> String {
        let part = |part: &Part| match part {
            Part::Text(text) => text.clone(),
            Part::Input(name) | Part::Saved(name) => format!("<{name}>"),
        };
        self.0.iter().map(part).collect()
    }

    /// The names of values that the user has yet to give.
    pub fn inputs(&self) -> impl Iterator<Item = &str> {
        self.0.iter().filter_map(|part| match part {
            Part::Input(name) => Some(name.as_str()),
            _ => None,
        })
    }

    /// Whether the text is made of nothing that is still to come.
    pub fn is_settled(&self) -> bool {
        self.0.iter().all(|part| matches!(part, Part::Text(_)))
    }
}

impl From<&str> for Text {
    fn from(text: &str) -> Self {
        let mut made = Self::default();
        made.push(text);
        made
    }
}

impl Tree {
    /// The tree as JSON text in one line, members in the order of their names.
    pub fn json(&self) -> Text {
        let mut out = Text::default();
        self.write(&mut out);
        out
    }

    fn write(&self, out: &mut Text) {
        match self {
            Self::Null => out.push("null"),
            Self::Bool(value) => out.push(if *value { "true" } else { "false" }),
            Self::Number(number) => out.push(&number.to_string()),
            Self::Text(text) => {
                out.push("\"");
                for part in &text.0 {
                    match part {
                        Part::Text(text) => out.push(&escaped(text)),
                        // INVARIANT: the script takes only values whose characters mean nothing inside JSON.
                        part => out.0.push(part.clone()),
                    }
                }
                out.push("\"");
            }
            Self::List(items) => {
                out.push("[");
                for (position, item) in items.iter().enumerate() {
                    out.push(if position == 0 { "" } else { "," });
                    item.write(out);
                }
                out.push("]");
            }
            Self::Map(members) => {
                out.push("{");
                for (position, (name, value)) in members.iter().enumerate() {
                    out.push(if position == 0 { "\"" } else { ",\"" });
                    out.push(&escaped(name));
                    out.push("\":");
                    value.write(out);
                }
                out.push("}");
            }
        }
    }

    /// The tree as a JSON value, with what is still to come in angle brackets.
    pub fn shown(&self) -> Json {
        self.to_json(&|text| Json::from(text.shown()))
    }

    /// The tree as a JSON value, with each text as `leaf` makes it.
    pub fn to_json(&self, leaf: &dyn Fn(&Text) -> Json) -> Json {
        match self {
            Self::Null => Json::Null,
            Self::Bool(value) => Json::Bool(*value),
            Self::Number(number) => Json::Number(number.clone()),
            Self::Text(text) => leaf(text),
            Self::List(items) => items.iter().map(|item| item.to_json(leaf)).collect(),
            Self::Map(members) => members.iter().map(|(name, value)| (name.clone(), value.to_json(leaf))).collect(),
        }
    }

    /// Every text of the tree.
    pub fn texts<'a>(&'a self, found: &mut Vec<&'a Text>) {
        match self {
            Self::Null | Self::Bool(_) | Self::Number(_) => {}
            Self::Text(text) => found.push(text),
            Self::List(items) => items.iter().for_each(|item| item.texts(found)),
            Self::Map(members) => members.values().for_each(|item| item.texts(found)),
        }
    }
}

/// The inside of a JSON string.
fn escaped(text: &str) -> String {
    let quoted = Json::from(text).to_string();
    quoted.strip_prefix('"').and_then(|rest| rest.strip_suffix('"')).unwrap_or_default().to_owned()
}

/// A part of an answer that later calls use.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Saved {
    /// The name.
    pub name: String,
    /// The part, as a `JMESPath` expression.
    pub query: Text,
    /// Whether JSON is kept.
    pub json: bool,
}

/// One call of the AWS CLI, filled in.
#[derive(Debug, Clone, PartialEq)]
pub struct Call {
    /// Service and operation.
    pub command: Vec<String>,
    /// Options by name, without dashes.
    pub options: BTreeMap<String, Tree>,
    /// The Region.
    pub region: Text,
    /// What is kept of the answer.
    pub save: Option<Saved>,
    /// Error codes that mean that the work is done.
    pub accept: Vec<String>,
    /// Whether to try again for some seconds.
    pub retry: bool,
}

impl Call {
    /// The words of the command, from `aws` on.
    pub fn words(&self) -> Vec<Text> {
        let mut words: Vec<Text> = vec![Text::from("aws")];
        words.extend(self.command.iter().map(|word| Text::from(word.as_str())));
        for (name, value) in &self.options {
            let option = Text::from(format!("--{name}").as_str());
            let value = match value {
                Tree::Bool(true) => {
                    words.push(option);
                    continue;
                }
                Tree::Bool(false) => {
                    words.push(Text::from(format!("--no-{name}").as_str()));
                    continue;
                }
                Tree::Text(text) => text.clone(),
                other => other.json(),
            };
            // A value that begins with a dash would be read as an option.
            if matches!(value.0.first(), Some(Part::Text(text)) if text.starts_with('-')) {
                let mut word = option;
                word.push("=");
                word.append(value);
                words.push(word);
            } else {
                words.extend([option, value]);
            }
        }
        words.extend([Text::from("--region"), self.region.clone()]);
        if let Some(save) = &self.save {
            let form = if save.json { "json" } else { "text" };
            words.extend([Text::from("--query"), save.query.clone(), Text::from("--output"), Text::from(form)]);
        }
        words
    }

    /// The command in one line, as people read it and as examples show it.
    pub fn shown(&self) -> String {
        let words: Vec<String> = self.words().iter().map(|word| quoted(&word.shown())).collect();
        words.join(" ")
    }
}

/// A word as a shell takes it: bare where nothing in it means anything, else in single quotes; characters that steer a
/// terminal or hide are written by their numbers.
pub fn quoted(word: &str) -> String {
    let bare = |c: char| c.is_ascii_alphanumeric() || "_./:=@%+,-".contains(c);
    if !word.is_empty() && word.chars().all(bare) {
        return word.to_owned();
    }
    let mut out = String::new();
    let mut rest = word;
    while let Some(first) = rest.chars().next() {
        let shows = stands(first);
        let end = rest.find(|c| stands(c) != shows).unwrap_or(rest.len());
        let (part, after) = rest.split_at(end);
        if shows {
            let _ = write!(out, "'{}'", part.replace('\'', r"'\''"));
        } else {
            // Written as numbers, which every shell's printf reads: raw, such a character could hide what the script does.
            out.push_str("\"$(printf '");
            for byte in part.bytes() {
                let _ = write!(out, "\\{byte:03o}");
            }
            out.push_str("')\"");
        }
        rest = after;
    }
    if out.is_empty() { "''".to_owned() } else { out }
}

/// A line break stays as it is: it hides nothing, and `$(…)` would cut it off.
fn stands(character: char) -> bool {
    character == '\n' || is_harmless(character)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::{Call, Part, Text, Tree, quoted};

    fn call(options: &[(&str, Tree)]) -> Call {
        Call {
            command: vec!["iam".to_owned(), "tag-user".to_owned()],
            options: options.iter().map(|(name, value)| ((*name).to_owned(), value.clone())).collect(),
            region: Text::from("us-east-1"),
            save: None,
            accept: Vec::new(),
            retry: false,
        }
    }

    #[test]
    fn words_with_meaning_to_a_shell_are_quoted() {
        assert_eq!(quoted("arn:aws:iam::aws:policy/ReadOnlyAccess"), "arn:aws:iam::aws:policy/ReadOnlyAccess");
        assert_eq!(quoted("it's $(id)"), r"'it'\''s $(id)'");
        assert_eq!(quoted(""), "''");
        assert_eq!(quoted("a\u{1b}\u{202e}b\n"), "'a'\"$(printf '\\033\\342\\200\\256')\"'b\n'");
    }

    #[test]
    fn json_holds_names_as_data() {
        let text = Tree::Text(Text::from("a\"b\\c"));
        let tree = Tree::List(vec![Tree::Map(BTreeMap::from([("Key".to_owned(), text)]))]);
        assert_eq!(tree.json().shown(), r#"[{"Key":"a\"b\\c"}]"#);
    }

    #[test]
    fn a_value_that_begins_with_a_dash_is_no_option() {
        let shown = call(&[("user-name", Tree::Text(Text::from("--profile")))]).shown();
        assert_eq!(shown, "aws iam tag-user --user-name=--profile --region us-east-1");
    }

    #[test]
    fn what_is_still_to_come_shows_in_angle_brackets() {
        let value = Tree::Text(Text(vec![Part::Input("email".to_owned())]));
        let shown = call(&[("on", Tree::Bool(true)), ("off", Tree::Bool(false)), ("to", value)]).shown();
        assert_eq!(shown, "aws iam tag-user --no-off --on --to '<email>' --region us-east-1");
    }
}

//! The configuration language of Terraform, as far as a plan needs it.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use super::super::word::{Part, Text, Tree};

/// What a reference is called in the end.
pub(super) type Names<'a> = &'a dyn Fn(&str) -> String;

/// Writes the arguments and blocks of a resource. A mapping is an object, a list of mappings is blocks, unless they are
/// references.
pub(super) fn body(members: &BTreeMap<String, Tree>, depth: usize, names: Names<'_>, out: &mut String) {
    let indent = "  ".repeat(depth);
    let makes_block = |tree: &Tree| matches!(tree, Tree::Map(members) if special(members).is_none());
    let is_block =
        |(_, tree): &(&String, &Tree)| matches!(tree, Tree::List(items) if items.first().is_some_and(makes_block));
    let (nested, plain): (Vec<_>, Vec<_>) = members.iter().partition(is_block);
    let width = plain.iter().map(|(name, _)| name.len()).max().unwrap_or(0);
    for (name, tree) in plain {
        let _ = writeln!(out, "{indent}{name:width$} = {}", expression(tree, depth, names));
    }
    for (name, tree) in nested {
        let Tree::List(items) = tree else { continue };
        for item in items {
            let Tree::Map(members) = item else { continue };
            let _ = writeln!(out, "\n{indent}{name} {{");
            body(members, depth + 1, names, out);
            let _ = writeln!(out, "{indent}}}");
        }
    }
}

fn expression(tree: &Tree, depth: usize, names: Names<'_>) -> String {
    match tree {
        Tree::Null => "null".to_owned(),
        Tree::Bool(value) => value.to_string(),
        Tree::Number(number) => number.to_string(),
        Tree::Text(text) => string(text),
        Tree::List(items) => {
            let items: Vec<String> = items.iter().map(|item| expression(item, depth, names)).collect();
            format!("[{}]", items.join(", "))
        }
        Tree::Map(members) => object(members, depth, names),
    }
}

/// What is written as an object of one member and is no object.
enum Special<'a> {
    Reference(&'a Text),
    Encoded(&'a Tree),
}

fn special(members: &BTreeMap<String, Tree>) -> Option<Special<'_>> {
    match (members.len(), members.iter().next().map(|(name, inner)| (name.as_str(), inner))) {
        (1, Some(("ref", Tree::Text(text)))) => Some(Special::Reference(text)),
        (1, Some(("jsonencode", inner))) => Some(Special::Encoded(inner)),
        _ => None,
    }
}

fn object(members: &BTreeMap<String, Tree>, depth: usize, names: Names<'_>) -> String {
    match special(members) {
        Some(Special::Reference(text)) => return names(&text.shown()),
        Some(Special::Encoded(inner)) => return format!("jsonencode({})", expression(inner, depth, names)),
        None => {}
    }
    if members.is_empty() {
        return "{}".to_owned();
    }
    let indent = "  ".repeat(depth + 1);
    let keys: Vec<String> = members.keys().map(|name| string(&Text::from(name.as_str()))).collect();
    let width = keys.iter().map(|name| name.chars().count()).max().unwrap_or(0);
    let mut lines = String::new();
    for (name, tree) in keys.iter().zip(members.values()) {
        let _ = writeln!(lines, "{indent}{name:width$} = {}", expression(tree, depth + 1, names));
    }
    format!("{{\n{lines}{}}}", "  ".repeat(depth))
}

/// A string: `${` and `%{` of a name are no templates, and what is still to be given is a variable.
pub(super) fn string(text: &Text) -> String {
    if let [Part::Input(name)] = text.0.as_slice() {
        return format!("var.{name}");
    }
    let part = |part: &Part| match part {
        Part::Text(text) => escaped(text),
        Part::Input(name) | Part::Saved(name) => format!("${{var.{name}}}"),
    };
    format!("\"{}\"", text.0.iter().map(part).collect::<String>())
}

fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text.chars().peekable();
    while let Some(character) = rest.next() {
        match character {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '$' | '%' if rest.peek() == Some(&'{') => out.extend([character, character]),
            other => out.push(other),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::{Part, Text, Tree, body, string};

    #[test]
    fn a_list_of_references_is_an_argument_and_a_list_of_objects_is_blocks() {
        let text = |text: &str| Tree::Text(Text::from(text));
        let map = |name: &str, value: Tree| Tree::Map([(name.to_owned(), value)].into());
        let members = [
            ("alarm_actions".to_owned(), Tree::List(vec![map("ref", text("aws_sns_topic.alerts.arn"))])),
            ("rule".to_owned(), Tree::List(vec![map("name", text("one")), map("name", text("two"))])),
        ];
        let mut out = String::new();
        body(&members.into(), 0, &str::to_owned, &mut out);
        assert_eq!(
            out,
            "alarm_actions = [aws_sns_topic.alerts.arn]\n\nrule {\n  name = \"one\"\n}\n\nrule {\n  name = \"two\"\n}\n"
        );
    }

    #[test]
    fn names_are_no_templates() {
        assert_eq!(string(&Text::from("${file(\"/etc/passwd\")} %{if}\\")), r#""$${file(\"/etc/passwd\")} %%{if}\\""#);
    }

    #[test]
    fn values_still_to_be_given_are_variables() {
        assert_eq!(string(&Text(vec![Part::Input("email".to_owned())])), "var.email");
        let mixed = Text(vec![Part::Text("to ".to_owned()), Part::Input("email".to_owned())]);
        assert_eq!(string(&mixed), "\"to ${var.email}\"");
    }
}

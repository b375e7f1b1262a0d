//! The configuration language of Terraform, as far as a plan needs it.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use super::super::word::{Part, Text, Tree};

/// What a reference is called in the end.
pub(super) type Names<'a> = &'a dyn Fn(&str) -> String;

/// Writes the arguments and blocks of a resource. A mapping is an object, a list of mappings is blocks.
pub(super) fn body(members: &BTreeMap<String, Tree>, depth: usize, names: Names<'_>, out: &mut String) {
    let indent = "  ".repeat(depth);
    let blocks = |tree: &Tree| matches!(tree, Tree::List(items) if matches!(items.first(), Some(Tree::Map(_))));
    let is_block = |(_, tree): &(&String, &Tree)| blocks(tree);
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

fn object(members: &BTreeMap<String, Tree>, depth: usize, names: Names<'_>) -> String {
    if let (1, Some((name, inner))) = (members.len(), members.iter().next()) {
        match (name.as_str(), inner) {
            ("ref", Tree::Text(text)) => return names(&text.shown()),
            ("jsonencode", inner) => return format!("jsonencode({})", expression(inner, depth, names)),
            _ => {}
        }
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
    use super::{Part, Text, string};

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

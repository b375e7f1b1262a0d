//! `posture rules new`: a rule file that loads and passes its own examples, to be changed from there.

use std::path::Path;

use crate::error::{EXIT_CLEAN, Error};
use crate::facts::{Field, KINDS, Kind, Type};
use crate::rule::compile::suggest;
use crate::rule::{self, ParamOverrides, example, load};

/// Runs the command.
pub(super) fn run(id: &str, resource: &str, dir: &Path) -> Result<u8, Error> {
    let Some(kind) = Kind::find(resource) else {
        let near = suggest(resource, KINDS.iter().map(|kind| kind.schema.name));
        return Err(Error::other(
            format!("there is no resource kind `{resource}`{near}"),
            "see `posture schema facts`",
        ));
    };
    if rule::built_in(&ParamOverrides::new())?.iter().any(|rule| rule.id == id) {
        return Err(Error::other(format!("there is a built-in rule `{id}`"), "give your rule an id of its own"));
    }
    let path = dir.join(format!("{id}.yaml"));
    if path.exists() {
        return Err(Error::other(format!("`{}` exists already", path.display()), "choose another id or folder"));
    }
    let text = text(id, kind)?;
    let rule = load::load(&path.display().to_string(), &text, &ParamOverrides::new())?;
    let examples = rule.examples()?;
    if let Some((name, Err(reason))) = example::run_all(&rule, &examples).into_iter().find(|(_, run)| run.is_err()) {
        return Err(Error::other(format!("the new rule fails its example `{name}`: {reason}"), "report this as a bug"));
    }
    let failed = |source| Error::Io { action: "write", path: path.clone(), source };
    std::fs::create_dir_all(dir).and_then(|()| std::fs::write(&path, text)).map_err(failed)?;
    let shown = super::terminal::printable(&path.display().to_string());
    super::super::print(format!("wrote {shown}; check it with `posture rules test {shown}`\n").as_bytes())?;
    Ok(EXIT_CLEAN)
}

fn text(id: &str, kind: &Kind) -> Result<String, Error> {
    let fields = kind.schema.fields;
    let yes_or_no = fields.iter().find(|field| matches!(field.ty, Type::Bool));
    let Some(fact) = yes_or_no.or(fields.first()) else {
        let message = format!("`{}` has no facts", kind.schema.name);
        return Err(Error::other(message, "choose another resource kind"));
    };
    let [logic, passes, fails] = logic(fact, kind.variable);
    Ok(TEMPLATE
        .replace("@id", id)
        .replace("@kind", kind.schema.name)
        .replace("@logic", &logic)
        .replace("@passes", &passes)
        .replace("@fails", &fails)
        .replace("@fact", fact.name))
}

/// An expression on a fact, a value that passes it and one that fails.
fn logic(fact: &Field, variable: &str) -> [String; 3] {
    let name = fact.name;
    if matches!(fact.ty, Type::Bool) {
        return [format!("{variable}.{name}"), "true".to_owned(), "false".to_owned()];
    }
    [format!("has({variable}.{name})"), sample(&fact.ty).to_owned(), "null".to_owned()]
}

fn sample(ty: &Type) -> &'static str {
    match ty {
        Type::Bool => "true",
        Type::Int => "1",
        Type::Double => "1.5",
        Type::String => "a",
        Type::Time => "2026-01-01T00:00:00Z",
        Type::List(_) => "[]",
        Type::Record(_) => "{}",
    }
}

const TEMPLATE: &str = r#"# The file's keys: docs/rules.md; in editors: `posture schema rule > rule.schema.json`
# yaml-language-server: $schema=rule.schema.json
id: @id
title: The @kind should be as it should
lifecycle: { preview: 0.1.0 }
severity: medium
resource: @kind
rationale: |
  Why it matters.
# The facts of each kind: `posture schema facts`. A fact that AWS did not tell makes the verdict unknown by itself.
pass_when: @logic
message: "@fact is {@fact}"
remediation:
  text: What to do.
references: []
examples:
  - name: what is wanted passes
    given: { @fact: @passes }
    expect: { status: pass }
  - name: what is not wanted fails
    given: { @fact: @fails }
    expect: { status: fail }
  - name: a refused call is not a pass
    given: { @fact: { unknown: AccessDenied } }
    expect: { status: unknown }
"#;

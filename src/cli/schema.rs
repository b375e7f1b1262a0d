//! `posture schema`: JSON Schemas of the formats, generated from the code, and the facts that rules may read.

use std::fmt::Write as _;

use clap::ValueEnum;

use crate::config::ConfigFile;
use crate::error::{EXIT_CLEAN, Error};
use crate::facts::{KINDS, Schema, Type};
use crate::rule::{RuleFile, Ty};

/// Options of `posture schema`.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  posture schema rule > rule.schema.json        for the first line of a rule: # yaml-language-server: $schema=rule.schema.json
  posture schema config > posture.schema.json   the same for posture.yaml
  posture schema facts                          what rules may read
  posture schema columns                        for the table of `posture scan --output parquet=FOLDER`")]
pub(super) struct Args {
    /// What to print
    what: What,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum What {
    /// JSON Schema of rule files
    Rule,
    /// JSON Schema of posture.yaml
    Config,
    /// JSON Schema of the JSON report
    Report,
    /// JSON Schema of what `posture diff --format json` prints
    Diff,
    /// JSON Schema of the records that `--format ndjson` and `--stream` write
    Records,
    /// JSON Schema of the report over many accounts that `--fleet --format json` prints
    Fleet,
    /// Columns of the files of `--output parquet=FOLDER`, as Hive, Athena and Spark spell their types
    Columns,
    /// The facts of every resource kind, as Markdown
    Facts,
}

/// Runs the command.
pub(super) fn run(args: &Args) -> Result<u8, Error> {
    let text = match args.what {
        What::Rule => json(&schemars::schema_for!(RuleFile))?,
        What::Config => json(&schemars::schema_for!(ConfigFile))?,
        What::Report => json(&crate::output::json::schema())?,
        What::Diff => json(&crate::diff::schema())?,
        What::Records => json(&crate::output::ndjson::schema())?,
        What::Fleet => json(&crate::fleet::render::schema())?,
        What::Columns => crate::output::parquet::ddl(),
        What::Facts => facts(),
    };
    super::print(text.as_bytes())?;
    Ok(EXIT_CLEAN)
}

fn json(schema: &schemars::Schema) -> Result<String, Error> {
    let text = serde_json::to_string_pretty(schema)
        .map_err(|error| Error::other(format!("the schema cannot be printed: {error}"), "report this as a bug"))?;
    Ok(text + "\n")
}

fn facts() -> String {
    let mut text = String::from("# Facts\n");
    let mut described = Vec::new();
    let mut waiting: Vec<&'static Schema> = Vec::new();
    for kind in KINDS {
        describe(kind.schema, Some(kind.variable), &mut text, &mut described, &mut waiting);
    }
    while let Some(schema) = waiting.pop() {
        describe(schema, None, &mut text, &mut described, &mut waiting);
    }
    text
}

fn describe(
    schema: &'static Schema,
    variable: Option<&str>,
    text: &mut String,
    described: &mut Vec<&'static str>,
    waiting: &mut Vec<&'static Schema>,
) {
    if described.contains(&schema.name) {
        return;
    }
    described.push(schema.name);
    let called = variable.map(|name| format!(" (`{name}` in expressions)")).unwrap_or_default();
    let _ = writeln!(
        text,
        "\n## {}{called}\n\n{}\n\n| fact | type | says |\n|---|---|---|",
        schema.name,
        schema.doc.trim()
    );
    for field in schema.fields {
        let _ = writeln!(text, "| `{}` | {} | {} |", field.name, Ty::from(&field.ty), field.doc.trim());
        if let Some(schema) = record_of(&field.ty) {
            waiting.push(schema);
        }
    }
}

fn record_of(ty: &Type) -> Option<&'static Schema> {
    match ty {
        Type::Record(schema) => Some(schema),
        Type::List(item) => record_of(item),
        _ => None,
    }
}

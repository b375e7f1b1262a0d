//! Loading rules: strict parse, type check of every expression, and errors with file, line and column.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use serde_json::Value as Json;
use serde_saphyr::Spanned;

use super::compile::{CompileError, Names, suggest, type_of};
use super::excerpt::{Excerpt, locate};
use super::file::{Example, Lifecycle, Param, RuleFile};
use super::lazy::Lazy;
use super::node::Constant;
use super::types::Ty;
use super::{Attested, Rule};
use crate::facts::{Account, KINDS, Kind, Type};
use crate::fix::{Fix, FixFile};

/// The largest rule file that is read, in bytes.
pub const MAX_RULE_BYTES: usize = 256 * 1024;

/// Why a rule or configuration file is refused, and where.
#[derive(Debug, thiserror::Error)]
#[error("`{file}`{}: {message}", place(*line, *column))]
pub struct LoadError {
    /// The file.
    pub file: String,
    /// The line, from 1; 0 when the file as a whole is meant.
    pub line: usize,
    /// The column, from 1.
    pub column: usize,
    /// What is wrong, with a suggestion where there is one.
    pub message: String,
    /// The line that is meant, where there is one.
    pub excerpt: Option<Box<Excerpt>>,
}

impl LoadError {
    /// An error in a configuration file.
    pub(crate) fn of_config(file: &str, line: usize, column: usize, message: String) -> Self {
        Self { file: file.to_owned(), line, column, message, excerpt: None }
    }

    /// The error with the line of the file's text that it is about.
    pub(crate) fn in_text(self, text: &str) -> Self {
        let excerpt = Excerpt::of(text, self.line, self.column).map(Box::new);
        Self { excerpt: self.excerpt.or(excerpt), ..self }
    }

    /// What to do next.
    pub fn hint(&self) -> &'static str {
        "see docs/rules.md for rule files and docs/configuration.md for posture.yaml; `posture schema` prints their schemas"
    }
}

fn place(line: usize, column: usize) -> String {
    if line == 0 { String::new() } else { format!(", line {line}, column {column}") }
}

/// Parameter values by rule id and name, as a configuration sets them.
pub type ParamOverrides = BTreeMap<String, BTreeMap<String, Json>>;

/// Reads the text of a rule file without compiling it.
pub fn parse(file: &str, text: &str) -> Result<RuleFile, LoadError> {
    if text.len() > MAX_RULE_BYTES {
        let message = format!("the file is larger than {} KiB", MAX_RULE_BYTES / 1024);
        return Err(LoadError::of_config(file, 0, 0, message));
    }
    serde_saphyr::from_str_with_options(text, options()).map_err(|error| yaml_error(file, &error))
}

/// The strict reading of YAML that rule and configuration files share.
pub(crate) fn options() -> serde_saphyr::Options {
    serde_saphyr::options! { strict_booleans: true, with_snippet: false }
}

fn yaml_error(file: &str, error: &serde_saphyr::Error) -> LoadError {
    let (line, column) = error.location().map_or((0, 0), |at| (to_usize(at.line()), to_usize(at.column())));
    LoadError::of_config(file, line, column, yaml_message(error))
}

/// The message of a YAML error in one line, without the place that it repeats.
pub(crate) fn yaml_message(error: &serde_saphyr::Error) -> String {
    let text = error.to_string();
    let text = text.rfind(" at line ").and_then(|end| text.get(..end)).unwrap_or(&text);
    text.split_whitespace().collect::<Vec<_>>().join(" ").trim_start_matches("error: ").to_owned()
}

pub(crate) fn to_usize(value: u64) -> usize {
    usize::try_from(value).unwrap_or(usize::MAX)
}

/// Loads a rule from the text of its file.
pub fn load(file: &str, text: &str, overrides: &ParamOverrides) -> Result<Rule, LoadError> {
    let rule = parse(file, text).and_then(|mut parsed| {
        let fix = parsed.fix.take();
        let rule = Loader { file, text }.compiled(parsed, overrides)?;
        fix.map(|fix| compile_fix(&rule, text, fix)).transpose()?;
        Ok(rule)
    });
    let rule = rule.map_err(|error| error.in_text(text))?;
    Ok(Rule { text: Cow::Owned(text.to_owned()), ..rule })
}

/// The fix of a rule, read from its file's text when asked for: judging needs none.
pub(super) fn fix(rule: &Rule) -> Result<Option<Fix>, LoadError> {
    let parsed = parse(&rule.file, &without(&rule.text, "examples", "examples: []\n"))?;
    parsed.fix.map(|fix| compile_fix(rule, &rule.text, fix)).transpose()
}

fn compile_fix(rule: &Rule, text: &str, fix: FixFile) -> Result<Fix, LoadError> {
    let loader = Loader { file: &rule.file, text };
    crate::fix::compile::fix(fix, rule.kind, &rule.params)
        .map_err(|message| loader.error(loader.key("fix"), 1, message))
}

/// Loads a rule whose file is part of the program and was tested with it, from what the build prepared. What cannot be
/// read from that is read from the file's text, as are parameters that a configuration sets: an error needs its place.
/// Examples and fix are most of such a text and judging needs neither, so they are skipped.
pub(super) fn load_built_in(
    file: &str,
    text: &'static str,
    prepared: &str,
    overrides: &ParamOverrides,
) -> Result<Rule, LoadError> {
    let loader = Loader { file, text };
    let rule = match serde_json::from_str::<RuleFile>(prepared) {
        Ok(parsed) if !overrides.contains_key(&parsed.id) => loader.rule(parsed, overrides)?,
        _ => {
            let parsed = parse(file, &without(&without(text, "examples", "examples: []\n"), "fix", ""))?;
            loader.compiled(parsed, overrides)?
        }
    };
    Ok(Rule { text: Cow::Borrowed(text), ..rule })
}

/// The text with something else in place of a top-level key: everything from the key to the next one.
fn without<'a>(text: &'a str, key: &str, instead: &str) -> Cow<'a, str> {
    let Some((before, block)) = text.split_once(&format!("\n{key}:\n")) else { return Cow::Borrowed(text) };
    let next = block.split_inclusive('\n').skip_while(|line| !line.starts_with(|c: char| c.is_ascii_lowercase()));
    let after: String = next.collect();
    Cow::Owned(format!("{before}\n{instead}{after}"))
}

/// Loads every `.yaml` file under a folder, in the order of their paths.
pub fn load_folder(folder: &Path, overrides: &ParamOverrides) -> Result<Vec<Rule>, LoadError> {
    let error = file_error;
    files_of(folder)?
        .iter()
        .map(|path| {
            let bytes = std::fs::read(path).map_err(|source| error(path, source.to_string()))?;
            let text = String::from_utf8(bytes).map_err(|_| error(path, "invalid UTF-8".to_owned()))?;
            load(&path.display().to_string(), &text, overrides)
        })
        .collect()
}

/// The rule files of a folder, in the order of their paths.
pub fn files_of(folder: &Path) -> Result<Vec<PathBuf>, LoadError> {
    let mut files = Vec::new();
    find_files(folder, 0, &mut files).map_err(|(path, source)| file_error(&path, source.to_string()))?;
    files.sort();
    if files.is_empty() {
        return Err(file_error(folder, "the folder holds no `.yaml` rule files".to_owned()));
    }
    Ok(files)
}

fn file_error(path: &Path, message: String) -> LoadError {
    LoadError::of_config(&path.display().to_string(), 0, 0, message)
}

fn find_files(folder: &Path, depth: usize, files: &mut Vec<PathBuf>) -> Result<(), (PathBuf, std::io::Error)> {
    let at = |source| (folder.to_path_buf(), source);
    for entry in std::fs::read_dir(folder).map_err(at)? {
        let path = entry.map_err(at)?.path();
        if path.is_dir() && depth < 4 && !is_no_rule_folder(&path) {
            find_files(&path, depth + 1, files)?;
        } else if matches!(path.extension().and_then(std::ffi::OsStr::to_str), Some("yaml" | "yml")) && path.is_file() {
            files.push(path);
        }
    }
    Ok(())
}

/// Folders beside rules that hold something else.
fn is_no_rule_folder(path: &Path) -> bool {
    path.file_name().is_some_and(|name| name == "frameworks" || name == "fixes")
}

struct Loader<'a> {
    file: &'a str,
    text: &'a str,
}

impl Loader<'_> {
    fn error(&self, line: usize, column: usize, message: impl Into<String>) -> LoadError {
        LoadError::of_config(self.file, line, column, message.into())
    }

    /// The place of a top-level key.
    fn key(&self, key: &str) -> usize {
        let prefix = format!("{key}:");
        self.text.lines().position(|line| line.starts_with(&prefix)).map_or(1, |index| index + 1)
    }

    /// The rule, with every expression and message compiled.
    fn compiled(&self, parsed: RuleFile, overrides: &ParamOverrides) -> Result<Rule, LoadError> {
        let texts = [
            parsed.applies_when.clone(),
            Some(parsed.pass_when.clone()),
            Some(parsed.message.clone()),
            parsed.pass_message.clone(),
            parsed.not_applicable_message.clone(),
        ];
        let rule = self.rule(parsed, overrides)?;
        for (text, outcome) in texts.iter().zip(rule.compile_all()) {
            if let (Some(text), Some(Err(error))) = (text, outcome) {
                return Err(self.place(text, error));
            }
        }
        Ok(rule)
    }

    /// The rule, with nothing compiled yet.
    fn rule(&self, parsed: RuleFile, overrides: &ParamOverrides) -> Result<Rule, LoadError> {
        self.check_words(&parsed)?;
        let kind = self.kind(&parsed.resource)?;
        let params = self.params(&parsed, overrides.get(&parsed.id))?;
        let lazy = |spanned: Spanned<String>| Lazy::new(spanned.value);
        Ok(Rule {
            message: Lazy::new(parsed.message.value),
            pass_message: parsed.pass_message.map(|spanned| Lazy::new(spanned.value)),
            not_applicable_message: parsed.not_applicable_message.map(|spanned| Lazy::new(spanned.value)),
            file: self.file.to_owned(),
            deprecated: matches!(parsed.lifecycle, Lifecycle::Deprecated(_)),
            max_age_days: attestation_age(&params),
            id: parsed.id,
            title: parsed.title.into(),
            lifecycle: parsed.lifecycle,
            severity: parsed.severity,
            confidence: parsed.confidence,
            kind,
            rationale: parsed.rationale.into(),
            param_docs: parsed.params.into_iter().map(|(name, param)| (name, param.doc)).collect(),
            params,
            applies_when: parsed.applies_when.map(lazy),
            pass_when: lazy(parsed.pass_when),
            remediation: parsed.remediation,
            references: parsed.references.into(),
            controls: parsed.controls.into(),
            attestation: parsed.attestation,
            operations: OnceLock::new(),
            text: Cow::Borrowed(""),
        })
    }

    fn check_words(&self, rule: &RuleFile) -> Result<(), LoadError> {
        let fail = |key: &str, message: String| Err(self.error(self.key(key), 1, message));
        let well_formed = !rule.id.is_empty()
            && rule
                .id
                .split('-')
                .all(|part| !part.is_empty() && part.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit()));
        if !well_formed {
            return fail("id", format!("id `{}` is not lower-case words joined by `-`", rule.id.escape_debug()));
        }
        let name = Path::new(self.file).file_stem().and_then(std::ffi::OsStr::to_str);
        if name.is_some_and(|name| name != rule.id && name != "-") {
            return fail("id", format!("id `{}` differs from the file's name", rule.id));
        }
        for (key, text) in
            [("title", &*rule.title), ("rationale", &rule.rationale), ("remediation", &rule.remediation.text)]
        {
            if text.trim().is_empty() {
                return fail(key, format!("`{key}` is empty"));
            }
        }
        if rule.message.value.contains('\n') || rule.title.contains('\n') {
            return fail("message", "title and message are one line each".to_owned());
        }
        if let Some(link) = rule.references.iter().find(|link| !link.starts_with("https://")) {
            return fail("references", format!("reference `{}` does not start with https://", link.escape_debug()));
        }
        Ok(())
    }

    fn kind(&self, name: &Spanned<String>) -> Result<&'static Kind, LoadError> {
        Kind::find(&name.value).ok_or_else(|| {
            let known = KINDS.iter().map(|kind| kind.schema.name);
            let message = format!("there is no resource kind `{}`{}", name.value, suggest(&name.value, known));
            self.error(to_usize(name.referenced.line()), to_usize(name.referenced.column()), message)
        })
    }

    fn params(
        &self,
        rule: &RuleFile,
        overrides: Option<&BTreeMap<String, Json>>,
    ) -> Result<BTreeMap<String, Constant>, LoadError> {
        let line = || self.key("params");
        let mut params = BTreeMap::new();
        for (name, param) in &rule.params {
            let constant = constant(&param.default).ok_or_else(|| {
                self.error(line(), 1, format!("parameter `{name}`: the default must be a scalar or a list of scalars"))
            })?;
            params.insert(name.clone(), constant);
        }
        let checked = |params: &BTreeMap<String, Constant>| {
            let mut declared = params.iter().filter_map(|(name, value)| Some((name, value, rule.params.get(name)?)));
            declared.try_for_each(|(name, value, param)| check_values(name, param, value))
        };
        set_params(&mut params, overrides.into_iter().flatten())
            .and_then(|()| checked(&params))
            .map_err(|message| self.error(line(), 1, format!("rule `{}`: {message}", rule.id)))?;
        Ok(params)
    }

    /// The place in the file of an error in an expression.
    fn place(&self, spanned: &Spanned<String>, error: &CompileError) -> LoadError {
        let (line, column) = (to_usize(spanned.referenced.line()), to_usize(spanned.referenced.column()));
        // A fact that does not exist is placed at the dot before it.
        let after = spanned.value.get(error.offset..).unwrap_or("");
        let offset = error.offset + usize::from(after.starts_with('.'));
        let (line, column) = locate(self.text, line, column, &spanned.value, offset);
        self.error(line, column, error.message.clone())
    }
}

/// The names that a rule's expressions may use: the resource, the account, the time and what was attested.
pub(crate) fn names<'a>(kind: &'static Kind, params: &'a BTreeMap<String, Constant>) -> Names<'a> {
    let variables = vec![
        (kind.variable, Ty::Record(kind.schema)),
        ("account", Ty::Record(Account::SCHEMA)),
        ("now", Ty::from(&Type::Time)),
        ("attestation", Ty::Record(Attested::SCHEMA)),
    ];
    Names { variables, params, bare_facts_of: None }
}

/// Sets parameters, refusing unknown names and other types.
pub(crate) fn set_params<'a>(
    params: &mut BTreeMap<String, Constant>,
    values: impl IntoIterator<Item = (&'a String, &'a Json)>,
) -> Result<(), String> {
    for (name, value) in values {
        let Some(old) = params.get(name) else {
            return Err(format!("there is no parameter `{name}`{}", suggest(name, params.keys().map(String::as_str))));
        };
        let new = constant(value).ok_or_else(|| format!("parameter `{name}` must be a scalar or a list of scalars"))?;
        let new = match (old, new) {
            #[expect(clippy::cast_precision_loss, reason = "thresholds stay far below 2^53")]
            (Constant::Double(_), Constant::Int(value)) => Constant::Double(value as f64),
            (_, new) => new,
        };
        let (wanted, given) = (type_of(old), type_of(&new));
        if !given.fits(&wanted) {
            return Err(format!("parameter `{name}` is of type {wanted}, not {given}"));
        }
        params.insert(name.clone(), new);
    }
    Ok(())
}

/// Refuses a parameter that has, or whose list holds, something else than the rule's file lists.
fn check_values(name: &str, param: &Param, value: &Constant) -> Result<(), String> {
    let known: Option<Vec<Constant>> = param.values.iter().map(constant).collect();
    let known = known.ok_or_else(|| format!("parameter `{name}`: `values` are scalars"))?;
    let given = match value {
        Constant::List(items) => items.as_slice(),
        one => std::slice::from_ref(one),
    };
    let words = |value: &Constant| value.value().to_json().to_string();
    match given.iter().find(|value| !known.is_empty() && !known.contains(value)) {
        None => Ok(()),
        Some(strange) => {
            let known: Vec<String> = known.iter().map(words).collect();
            Err(format!("parameter `{name}` takes no {}; there are {}", words(strange), known.join(", ")))
        }
    }
}

pub(super) fn constant(value: &Json) -> Option<Constant> {
    match value {
        Json::Null => Some(Constant::Null),
        Json::Bool(value) => Some(Constant::Bool(*value)),
        Json::Number(number) => number.as_i64().map(Constant::Int).or_else(|| number.as_f64().map(Constant::Double)),
        Json::String(text) => Some(Constant::String(text.as_str().into())),
        Json::Array(items) => items.iter().map(constant).collect::<Option<Vec<_>>>().map(Constant::List),
        Json::Object(_) => None,
    }
}

/// Days for which an attestation holds, where the rule does not say otherwise.
pub const ATTESTATION_DAYS: i64 = 365;

fn attestation_age(params: &BTreeMap<String, Constant>) -> i64 {
    match params.get("max_age_days") {
        Some(Constant::Int(days)) => *days,
        _ => ATTESTATION_DAYS,
    }
}

/// The three statuses that every rule must show an example of.
pub fn missing_examples(examples: &[Example]) -> Vec<&'static str> {
    use crate::finding::Status;
    [Status::Pass, Status::Fail, Status::Unknown]
        .into_iter()
        .filter(|status| !examples.iter().any(|example| example.expect.status == *status))
        .map(Status::name)
        .collect()
}

//! Lists `rules/` so that every rule, recipe and framework file is embedded, and prepares rules and frameworks for a fast
//! start: what judging needs of them, as JSON.
//!
//! Nothing is checked here. A file that cannot be prepared is embedded with an empty text in place of its JSON, and is
//! read and refused, with its place, where files are loaded.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::{env, fs, io};

use serde_json::Value;

#[expect(clippy::disallowed_methods, reason = "cargo tells a build script its folders through the environment")]
fn main() -> io::Result<()> {
    println!("cargo::rerun-if-changed=build.rs");
    println!("cargo::rerun-if-changed=rules");
    let root = PathBuf::from(env::var_os("CARGO_MANIFEST_DIR").unwrap_or_default());
    let mut found = Found::default();
    list(&root.join("rules"), &mut found)?;
    found.rules.sort();
    found.fixes.sort();
    found.frameworks.sort();
    let out = PathBuf::from(env::var_os("OUT_DIR").unwrap_or_default());
    let rules = slice("BUILT_IN", "Every rule file of `rules/`, by path.", &root, &found.rules);
    let about = "What judging needs of each file of [`BUILT_IN`], as JSON.";
    fs::write(out.join("rules.rs"), rules + &prepared(about, &found.rules)?)?;
    fs::write(
        out.join("fixes.rs"),
        slice("RECIPES", "Every recipe file of `rules/fixes/`, by path.", &root, &found.fixes),
    )?;
    let frameworks = slice("FILES", "Every framework file of `rules/frameworks/`, by path.", &root, &found.frameworks);
    fs::write(out.join("frameworks.rs"), frameworks + &prepared("Each file of [`FILES`], as JSON.", &found.frameworks)?)
}

/// The files of `rules/`, by what they hold.
#[derive(Default)]
struct Found {
    rules: Vec<PathBuf>,
    fixes: Vec<PathBuf>,
    frameworks: Vec<PathBuf>,
}

/// The source of a slice with path and text of each file.
fn slice(name: &str, doc: &str, root: &Path, files: &[PathBuf]) -> String {
    let mut code = format!("/// {doc}\npub const {name}: &[(&str, &str)] = &[\n");
    for file in files {
        let path = file.strip_prefix(root).unwrap_or(file).display().to_string().replace('\\', "/");
        let _ = writeln!(code, "    ({path:?}, include_str!({:?})),", file.display().to_string());
    }
    code.push_str("];\n");
    code
}

/// The source of a slice with the JSON of each file, in the same order.
fn prepared(doc: &str, files: &[PathBuf]) -> io::Result<String> {
    let mut code = format!("/// {doc}\nconst PREPARED: &[&str] = &[\n");
    for file in files {
        let _ = writeln!(code, "    {:?},", json(&fs::read_to_string(file)?).unwrap_or_default());
    }
    code.push_str("];\n");
    Ok(code)
}

/// A YAML file as JSON, without the parts of a rule that are read from its text when asked for. What YAML and JSON tell
/// apart differently, as a version without quotes, has the wrong type then, and the file is read from its text as well.
fn json(text: &str) -> Option<String> {
    let options = serde_saphyr::options! { strict_booleans: true, with_snippet: false };
    let mut value: Value = serde_saphyr::from_str_with_options(text, options).ok()?;
    let members = value.as_object_mut()?;
    members.remove("fix");
    if let Some(examples) = members.get_mut("examples") {
        *examples = Value::Array(Vec::new());
    }
    serde_json::to_string(&value).ok()
}

fn list(folder: &Path, found: &mut Found) -> io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() {
            list(&path, found)?;
        } else if path.extension().is_some_and(|ending| ending == "yaml") {
            match folder.file_name().and_then(std::ffi::OsStr::to_str) {
                Some("frameworks") => found.frameworks.push(path),
                Some("fixes") => found.fixes.push(path),
                _ => found.rules.push(path),
            }
        }
    }
    Ok(())
}

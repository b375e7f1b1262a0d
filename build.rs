//! Lists `rules/` so that every rule and framework file is embedded. No parsing: files are checked where they are loaded.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::{env, fs, io};

#[expect(clippy::disallowed_methods, reason = "cargo tells a build script its folders through the environment")]
fn main() -> io::Result<()> {
    println!("cargo::rerun-if-changed=rules");
    let root = PathBuf::from(env::var_os("CARGO_MANIFEST_DIR").unwrap_or_default());
    let (mut rules, mut frameworks) = (Vec::new(), Vec::new());
    list(&root.join("rules"), &mut rules, &mut frameworks)?;
    let out = PathBuf::from(env::var_os("OUT_DIR").unwrap_or_default());
    fs::write(out.join("rules.rs"), slice("BUILT_IN", "Every rule file of `rules/`, by path.", &root, rules))?;
    fs::write(
        out.join("frameworks.rs"),
        slice("FILES", "Every framework file of `rules/frameworks/`, by path.", &root, frameworks),
    )
}

/// The source of a slice with path and text of each file.
fn slice(name: &str, doc: &str, root: &Path, mut files: Vec<PathBuf>) -> String {
    files.sort();
    let mut code = format!("/// {doc}\npub const {name}: &[(&str, &str)] = &[\n");
    for file in &files {
        let path = file.strip_prefix(root).unwrap_or(file).display().to_string().replace('\\', "/");
        let _ = writeln!(code, "    ({path:?}, include_str!({:?})),", file.display().to_string());
    }
    code.push_str("];\n");
    code
}

fn list(folder: &Path, rules: &mut Vec<PathBuf>, frameworks: &mut Vec<PathBuf>) -> io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() {
            list(&path, rules, frameworks)?;
        } else if path.extension().is_some_and(|ending| ending == "yaml") {
            let is_framework = folder.file_name().is_some_and(|name| name == "frameworks");
            if is_framework { frameworks.push(path) } else { rules.push(path) }
        }
    }
    Ok(())
}

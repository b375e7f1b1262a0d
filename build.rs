//! Lists `rules/` so that every rule, recipe and framework file is embedded. No parsing: files are checked where they are loaded.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::{env, fs, io};

#[expect(clippy::disallowed_methods, reason = "cargo tells a build script its folders through the environment")]
fn main() -> io::Result<()> {
    println!("cargo::rerun-if-changed=rules");
    let root = PathBuf::from(env::var_os("CARGO_MANIFEST_DIR").unwrap_or_default());
    let mut found = Found::default();
    list(&root.join("rules"), &mut found)?;
    let out = PathBuf::from(env::var_os("OUT_DIR").unwrap_or_default());
    fs::write(out.join("rules.rs"), slice("BUILT_IN", "Every rule file of `rules/`, by path.", &root, found.rules))?;
    fs::write(
        out.join("fixes.rs"),
        slice("RECIPES", "Every recipe file of `rules/fixes/`, by path.", &root, found.fixes),
    )?;
    fs::write(
        out.join("frameworks.rs"),
        slice("FILES", "Every framework file of `rules/frameworks/`, by path.", &root, found.frameworks),
    )
}

/// The files of `rules/`, by what they hold.
#[derive(Default)]
struct Found {
    rules: Vec<PathBuf>,
    fixes: Vec<PathBuf>,
    frameworks: Vec<PathBuf>,
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

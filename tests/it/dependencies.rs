//! Every dependency is documented with its reason, and nothing is documented that is no dependency.

use std::collections::BTreeSet;

fn read(name: &str) -> String {
    std::fs::read_to_string(std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join(name)).unwrap()
}

/// Names of the direct dependencies, of all kinds.
fn declared() -> BTreeSet<String> {
    let manifest = read("Cargo.toml");
    let mut names = BTreeSet::new();
    let mut inside = false;
    for line in manifest.lines() {
        if let Some(section) = line.strip_prefix('[') {
            inside = section.trim_end_matches(']').ends_with("dependencies");
        } else if let Some((name, _)) = line.split_once('=').filter(|_| inside && !line.starts_with('#')) {
            names.insert(name.trim().trim_matches('"').to_owned());
        }
    }
    names
}

/// Name, licence, reason and reach of each documented crate.
fn documented() -> Vec<Vec<String>> {
    let page = read("docs/dependencies.md");
    let rows = page.lines().filter(|line| line.starts_with("| `"));
    let cells = |line: &str| line.trim_matches('|').split(" | ").map(|cell| cell.trim().to_owned()).collect();
    rows.map(cells).collect()
}

#[test]
fn every_dependency_has_its_line_with_licence_and_reason() {
    let rows = documented();
    let names: BTreeSet<String> = rows.iter().map(|row| row[0].trim_matches('`').to_owned()).collect();
    let declared = declared();
    assert!(declared.len() > 30, "{declared:?}");
    assert_eq!(names, declared);
    assert_eq!(rows.len(), names.len(), "a crate is documented twice");
    for row in &rows {
        let [_, licence, why, touches] = &row[..] else { panic!("{row:?} is not name, licence, why, touches") };
        assert!(!licence.is_empty() && why.len() > 3 && !touches.is_empty(), "{row:?}");
    }
}

#[test]
fn no_dependency_comes_from_anywhere_but_the_registry() {
    let manifest = read("Cargo.toml");
    for odd in ["git =", "path = \"..", "registry ="] {
        assert!(!manifest.contains(odd), "Cargo.toml says `{odd}`");
    }
    let lock = read("Cargo.lock");
    let sources: BTreeSet<&str> = lock.lines().filter_map(|line| line.strip_prefix("source = ")).collect();
    assert_eq!(sources, BTreeSet::from(["\"registry+https://github.com/rust-lang/crates.io-index\""]));
}

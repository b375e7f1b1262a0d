//! `posture rules docs`: the chapters of a documentation site, one page a rule and one a framework.
//!
//! The pages are mdBook's kind of Markdown. Nothing is committed: the site is made from the rules, so it cannot drift.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::path::Path;

use crate::error::{EXIT_CLEAN, Error};
use crate::finding::Severity;
use crate::framework::{self, Framework};
use crate::rule::Rule;

/// Runs the command.
pub(super) fn run(folder: &Path, rules: &[Rule]) -> Result<u8, Error> {
    let frameworks = framework::all()?;
    let mut pages = vec![("index.md".to_owned(), index(rules)), ("frameworks/index.md".to_owned(), list(&frameworks))];
    for rule in rules {
        pages.push((format!("{}.md", rule.id), linked(&prose(&super::page(rule)), &frameworks)));
    }
    for framework in &frameworks {
        pages.push((format!("frameworks/{}.md", framework.id), page(framework, rules)));
    }
    pages.push(("SUMMARY.part.md".to_owned(), summary(rules, &frameworks)));
    for (name, text) in &pages {
        let path = folder.join(name);
        let failed = |source| Error::Io { action: "write", path: path.clone(), source };
        std::fs::create_dir_all(path.parent().unwrap_or(folder)).map_err(failed)?;
        std::fs::write(&path, text).map_err(failed)?;
    }
    let shown = crate::cli::terminal::printable(&folder.display().to_string());
    crate::cli::print(format!("wrote {} pages to {shown}\n", pages.len()).as_bytes())?;
    Ok(EXIT_CLEAN)
}

/// The chapters, to be put behind those of docs/SUMMARY.md.
fn summary(rules: &[Rule], frameworks: &[Framework]) -> String {
    let mut text = String::from("- [Rules](rules/index.md)\n");
    for rule in rules {
        let _ = writeln!(text, "  - [{}](rules/{}.md)", rule.id, rule.id);
    }
    text.push_str("- [Frameworks](rules/frameworks/index.md)\n");
    for framework in frameworks {
        let _ = writeln!(text, "  - [{} {}](rules/frameworks/{}.md)", framework.name, framework.version, framework.id);
    }
    text
}

fn index(rules: &[Rule]) -> String {
    let mut text = format!("# {} rules\n", rules.len());
    for severity in Severity::WORST_FIRST {
        let mut these = rules.iter().filter(|rule| rule.severity == severity).peekable();
        if these.peek().is_none() {
            continue;
        }
        let _ = writeln!(text, "\n## {}\n\n| rule | judged on each | expectation |\n|---|---|---|", severity.name());
        for rule in these {
            let title = cell(&rule.title);
            let _ = writeln!(text, "| [{}]({}.md) | {} | {title} |", rule.id, rule.id, rule.kind.schema.name);
        }
    }
    text
}

fn list(frameworks: &[Framework]) -> String {
    let mut text = String::from("# Frameworks\n\n| framework | controls | what it is |\n|---|---:|---|\n");
    for framework in frameworks {
        let (name, about) = (cell(&format!("{} {}", framework.name, framework.version)), cell(&framework.about));
        let _ = writeln!(text, "| [{name}]({}.md) | {} | {about} |", framework.id, framework.controls.len());
    }
    text
}

fn page(framework: &Framework, rules: &[Rule]) -> String {
    let coverage = framework.coverage(rules);
    let mut text = format!(
        "# {} {}\n\n{}\n\n<{}>\n\n`posture scan --framework {}` judges an account by it.\n\n",
        framework.name,
        framework.version,
        prose(&framework.about),
        framework.reference,
        framework.id
    );
    text.push_str("| control | what it asks | judged | rules |\n|---|---|---|---|\n");
    for control in &framework.controls {
        let links: Vec<String> = coverage
            .get(control.id.as_str())
            .into_iter()
            .flatten()
            .map(|rule| format!("[{rule}](../{rule}.md)"))
            .collect();
        let (id, title) = (cell(&control.id), cell(&control.title));
        let _ = writeln!(text, "| {id} | {title} | {} | {} |", control.judged.name(), links.join("<br>"));
    }
    text
}

/// The names of frameworks in a rule's list of controls, as links to their pages.
fn linked(page: &str, frameworks: &[Framework]) -> String {
    let ids: BTreeSet<&str> = frameworks.iter().map(|framework| framework.id.as_str()).collect();
    let lines = page.split_inclusive('\n').map(|line| {
        let named = line.strip_prefix("- ").and_then(|rest| rest.split_once(": "));
        match named.filter(|(id, _)| ids.contains(id)) {
            Some((id, controls)) => format!("- [{id}](frameworks/{id}.md): {controls}"),
            None => line.to_owned(),
        }
    });
    lines.collect()
}

/// Text in which what looks like a tag is text: `<user>` in prose would vanish from the page.
fn prose(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for line in text.split_inclusive('\n') {
        // Indented lines are code, and code spans show what they hold.
        if line.starts_with("    ") {
            out.push_str(line);
            continue;
        }
        for (position, part) in line.split('`').enumerate() {
            if position > 0 {
                out.push('`');
            }
            if position % 2 == 0 { out.push_str(&part.replace('<', "&lt;")) } else { out.push_str(part) }
        }
    }
    out
}

fn cell(text: &str) -> String {
    prose(&text.replace('|', "\\|").replace('\n', " "))
}

#[cfg(test)]
mod tests {
    use super::prose;

    #[test]
    fn placeholders_stay_visible_and_code_stays_code() {
        assert_eq!(
            prose("ask <user> to run `aws <x>`\n    aws <y>\n"),
            "ask &lt;user> to run `aws <x>`\n    aws <y>\n"
        );
    }
}

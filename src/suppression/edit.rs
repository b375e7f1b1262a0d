//! Adds a suppression to the text of posture.yaml and leaves every other byte of it as it was.
//!
//! YAML is edited as text, because no parser keeps comments and layout. The result is then read again: unless it holds
//! exactly what it held before and the new entry, it is thrown away.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use super::{Suppression, glob};
use crate::config::Config;
use crate::output::escape::is_harmless;
use crate::rule::LoadError;

/// What a new file begins with.
const HEAD: &str = "# Decisions of the team, read by `posture scan`: docs/configuration.md\n";

/// Why a suppression was not added.
#[derive(Debug, thiserror::Error)]
pub enum EditError {
    /// The file, or the entry itself, is refused where scans would refuse it.
    #[error(transparent)]
    Load(#[from] LoadError),
    /// Another entry covers the finding.
    #[error("`{rule}` on `{resource}` is suppressed already, by the entry on `{by}`{expires}")]
    Duplicate {
        /// The rule's id.
        rule: String,
        /// The resource of the new entry.
        resource: String,
        /// The resource of the entry that is there.
        by: String,
        /// The end of the entry that is there, in words.
        expires: String,
    },
    /// The place for a new entry cannot be told from the layout.
    #[error("`{file}` is laid out in a way that cannot be edited safely; nothing was written")]
    Layout {
        /// The file.
        file: String,
        /// The entry, to be added by hand.
        entry: String,
    },
}

impl EditError {
    /// What to do next.
    pub fn hint(&self) -> String {
        match self {
            Self::Load(error) => error.hint().to_owned(),
            Self::Duplicate { .. } => "change that entry instead, as its `expires`".to_owned(),
            Self::Layout { entry, .. } => format!("add this under `suppressions` by hand:\n{entry}"),
        }
    }
}

/// The text of a configuration with one more suppression; `None` stands for a file that is not there yet.
pub fn add(file: &str, text: Option<&str>, entry: &Suppression, rules: &BTreeSet<&str>) -> Result<String, EditError> {
    let old = text.unwrap_or("");
    let before = if old.trim().is_empty() { Config::default() } else { Config::parse(file, old, rules)? };
    refuse_duplicate(&before, entry)?;
    let new = match text {
        Some(text) => inserted(text, entry),
        None => Some(format!("{HEAD}suppressions:\n{}", lines(entry, "  ", "\n"))),
    };
    let layout = || EditError::Layout { file: file.to_owned(), entry: lines(entry, "  ", "\n") };
    let new = new.ok_or_else(layout)?;
    match Config::parse(file, &new, rules) {
        Ok(after) if is_before_and(&before, entry, &after) => Ok(new),
        // The entry alone is wrong, as with a rule that does not exist: say so in a scan's words.
        _ => match Config::parse(file, &format!("suppressions:\n{}", lines(entry, "  ", "\n")), rules) {
            Err(error) => Err(LoadError::of_config("the new entry", 0, 0, error.message).into()),
            Ok(_) => Err(layout()),
        },
    }
}

fn refuse_duplicate(config: &Config, entry: &Suppression) -> Result<(), EditError> {
    let covers = |other: &&Suppression| {
        other.rule == entry.rule
            && (other.region.is_none() || other.region == entry.region)
            && (other.resource == entry.resource || glob(&other.resource, &entry.resource))
    };
    match config.suppressions.iter().find(covers) {
        None => Ok(()),
        Some(other) => Err(EditError::Duplicate {
            rule: entry.rule.clone(),
            resource: entry.resource.clone(),
            by: other.resource.clone(),
            expires: other.expires.map(|date| format!(" until {date}")).unwrap_or_default(),
        }),
    }
}

fn is_before_and(before: &Config, entry: &Suppression, after: &Config) -> bool {
    after.fail_on == before.fail_on
        && after.regions == before.regions
        && after.params == before.params
        && after.attestations == before.attestations
        && after.suppressions.len() == before.suppressions.len() + 1
        && after.suppressions.starts_with(&before.suppressions)
        && after.suppressions.last() == Some(entry)
}

/// The text with the entry behind the last one; `None` where that place is not on lines of its own.
fn inserted(text: &str, entry: &Suppression) -> Option<String> {
    let end = if text.contains("\r\n") { "\r\n" } else { "\n" };
    let mut parts: Vec<&str> = text.split_inclusive('\n').collect();
    let Some(key) = parts.iter().position(|line| line.starts_with("suppressions:")) else {
        let gap = if text.is_empty() || text.ends_with('\n') { "" } else { end };
        return Some(format!("{text}{gap}suppressions:{end}{}", lines(entry, "  ", end)));
    };
    let head = parts.get(key)?.strip_prefix("suppressions:")?;
    let value = head.split(" #").next().unwrap_or(head).trim();
    let empty = head.replacen("[]", "", 1);
    match value {
        "" => {}
        // An empty list on the key's line gives way to a list on lines of its own; a comment behind it stays.
        "[]" => {
            let head = format!("suppressions:{}{end}", empty.trim_end());
            let rest = parts.split_off(key + 1);
            return Some(format!("{}{head}{}{}", parts.get(..key)?.concat(), lines(entry, "  ", end), rest.concat()));
        }
        _ => return None,
    }
    let body = parts.get(key + 1..)?;
    // The list ends where a line begins at the margin that is neither blank, a remark nor an entry.
    let length = body.iter().position(|line| at_margin(line)).unwrap_or(body.len());
    let body = body.get(..length)?;
    let first = body.iter().find(|line| line.trim_start_matches(' ').starts_with("- "))?;
    let indent = first.get(..first.len() - first.trim_start_matches(' ').len())?;
    // Blank lines and remarks at the margin belong to what follows, indented remarks to the list.
    let last = body.iter().rposition(|line| !line.trim().is_empty() && !line.starts_with('#'))?;
    let place = key + 1 + last + 1;
    let gap = if parts.get(place - 1)?.ends_with('\n') { "" } else { end };
    let (head, tail) = (parts.get(..place)?.concat(), parts.get(place..)?.concat());
    Some(format!("{head}{gap}{}{tail}", lines(entry, indent, end)))
}

fn at_margin(line: &str) -> bool {
    let blank = line.trim().is_empty();
    !blank && !line.starts_with([' ', '#']) && !line.starts_with("- ") && line.trim_end() != "-"
}

/// The entry as lines of a block list.
fn lines(entry: &Suppression, indent: &str, end: &str) -> String {
    let members = [
        ("rule", Some(entry.rule.clone())),
        ("resource", Some(scalar(&entry.resource))),
        ("region", entry.region.as_deref().map(scalar)),
        ("reason", Some(scalar(&entry.reason))),
        ("owner", entry.owner.as_deref().map(scalar)),
        ("expires", entry.expires.map(|date| date.to_string())),
    ];
    let mut text = String::new();
    for (name, value) in members {
        if let Some(value) = value {
            let lead = if name == "rule" { "- " } else { "  " };
            let _ = write!(text, "{indent}{lead}{name}: {value}{end}");
        }
    }
    text
}

/// A text as a YAML scalar that is a string whatever it holds, and that hides nothing from its reader.
fn scalar(text: &str) -> String {
    if text.chars().all(is_harmless) {
        return format!("'{}'", text.replace('\'', "''"));
    }
    let mut quoted = String::from("\"");
    for character in text.chars() {
        match character {
            '"' | '\\' => quoted.extend(['\\', character]),
            _ if is_harmless(character) => quoted.push(character),
            _ => drop(write!(quoted, "\\U{:08X}", u32::from(character))),
        }
    }
    quoted + "\""
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::{EditError, add};
    use crate::suppression::Suppression;

    fn entry(resource: &str) -> Suppression {
        Suppression {
            rule: "root-mfa-enabled".to_owned(),
            resource: resource.to_owned(),
            region: None,
            reason: "key's ordered: #1".to_owned(),
            owner: Some("ann".to_owned()),
            expires: "2026-12-31".parse().ok(),
        }
    }

    fn added(text: &str, resource: &str) -> Result<String, EditError> {
        add("posture.yaml", Some(text), &entry(resource), &BTreeSet::from(["root-mfa-enabled", "iam-user-mfa-all"]))
    }

    const LINES: &str = "- rule: root-mfa-enabled\n  resource: 'arn:x'\n  reason: 'key''s ordered: #1'\n  owner: 'ann'\n  expires: 2026-12-31\n";

    /// The new entry's lines with an indentation.
    fn indented(by: &str) -> String {
        LINES.split_inclusive('\n').flat_map(|line| [by, line]).collect()
    }

    #[test]
    fn every_other_byte_stays_as_it_was() {
        let entry = "- { rule: iam-user-mfa-all, resource: a, reason: b }  # why";
        for (head, indent, tail) in [
            ("# team\nfail_on: high\n", None, ""),
            ("fail_on: high", None, ""),
            (&format!("suppressions:\n  {entry}\n"), Some("  "), ""),
            (&format!("suppressions: # ours\n{entry}\n"), Some(""), "\n# next\nfail_on: high\n"),
            (&format!("suppressions:\n    # first\n    {entry}\n    # - old\n"), Some("    "), "\n\nregions: [a]\n"),
            (
                "suppressions:\n  - rule: iam-user-mfa-all\n    resource: a\n    reason: |\n      - not an entry\n\n      # text\n",
                Some("  "),
                "fail_on: low\n",
            ),
        ] {
            let text = format!("{head}{tail}");
            let new = added(&text, "arn:x").unwrap_or_else(|error| panic!("{error} in\n{text}"));
            match indent {
                Some(indent) => assert_eq!(new, format!("{head}{}{tail}", indented(indent))),
                None => {
                    assert_eq!(new.trim_start_matches(head).trim_start(), format!("suppressions:\n{}", indented("  ")));
                }
            }
        }
    }

    #[test]
    fn a_file_that_is_missing_or_empty_is_begun() {
        let rules = BTreeSet::from(["root-mfa-enabled"]);
        let new = add("posture.yaml", None, &entry("arn:x"), &rules).unwrap();
        assert!(new.starts_with('#') && new.ends_with(&format!("suppressions:\n{}", indented("  "))), "{new}");
        assert_eq!(
            added("suppressions: []  # none\n", "arn:x").unwrap(),
            format!("suppressions:   # none\n{}", indented("  "))
        );
        assert!(added("\n", "arn:x").unwrap().ends_with(&indented("  ")));
    }

    #[test]
    fn line_ends_of_windows_stay() {
        let text = "suppressions:\r\n  - { rule: iam-user-mfa-all, resource: a, reason: b }\r\n";
        let new = added(text, "arn:x").unwrap();
        assert!(new.starts_with(text) && !new.replace("\r\n", "").contains('\n'), "{new:?}");
    }

    #[test]
    fn what_cannot_be_edited_safely_is_refused_with_the_entry() {
        for text in [
            "suppressions: [{ rule: iam-user-mfa-all, resource: a, reason: b }]\n",
            "{ fail_on: high }\n",
            "fail_on: high\n...\n",
        ] {
            let error = added(text, "arn:x").unwrap_err();
            assert!(matches!(&error, EditError::Layout { .. }), "{text}: {error}");
            assert!(error.hint().contains("- rule: root-mfa-enabled"));
        }
    }

    #[test]
    fn what_is_covered_already_is_refused() {
        let text = "suppressions:\n  - { rule: root-mfa-enabled, resource: 'arn:*', reason: b, expires: 2026-01-01 }\n";
        let error = added(text, "arn:x").unwrap_err().to_string();
        assert_eq!(
            error,
            "`root-mfa-enabled` on `arn:x` is suppressed already, by the entry on `arn:*` until 2026-01-01"
        );
        assert!(added(text, "other").is_ok());
    }

    #[test]
    fn hostile_text_stays_one_value() {
        for hostile in
            ["a\nfail_on: none", "'\"\\", "a: b #c", "\u{202e}x\u{1b}[31m", "*", "{}", "true", "- x", "%", " x "]
        {
            let new = added("", hostile).unwrap_or_else(|error| panic!("{hostile:?}: {error}"));
            assert!(!new.contains(['\u{1b}', '\u{202e}']), "{new}");
        }
    }
}

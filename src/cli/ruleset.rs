//! Which rules and which configuration a command works with: options that several commands share.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use crate::config::Config;
use crate::error::Error;
use crate::framework::{self, Framework};
use crate::rule::compile::suggest;
use crate::rule::{self, ParamOverrides, Rule};

/// Options that choose rules.
#[derive(Debug, clap::Args)]
pub(super) struct Selection {
    /// Folder with rules of your own, judged beside the built-in ones; may be repeated
    #[arg(long, value_name = "DIR")]
    pub(super) rules: Vec<PathBuf>,
    /// Run this rule alone; may be repeated
    #[arg(long = "rule", value_name = "ID")]
    pub(super) only: Vec<String>,
    /// Run the rules of this framework alone, as in `cis-aws-7.0`; `posture frameworks` lists them
    #[arg(long, value_name = "ID")]
    pub(super) framework: Option<String>,
    /// Configuration file; without it `posture.yaml` of this folder, if there is one
    #[arg(long, value_name = "FILE")]
    pub(super) config: Option<PathBuf>,
}

/// The name of the configuration that is read without being asked for.
pub(super) const DEFAULT_CONFIG: &str = "posture.yaml";

impl Selection {
    /// Loads the configuration and the chosen rules with its parameters.
    pub(super) fn load(&self) -> Result<(Vec<Rule>, Config), Error> {
        let plain = self.all(&ParamOverrides::new())?;
        let ids: BTreeSet<&str> = plain.iter().map(|rule| rule.id.as_str()).collect();
        let config = self.config(&ids)?;
        let mut rules = if config.params.is_empty() { plain } else { self.all(&config.params)? };
        if !self.only.is_empty() {
            for id in &self.only {
                if !rules.iter().any(|rule| rule.id == *id) {
                    let near = suggest(id, rules.iter().map(|rule| rule.id.as_str()));
                    return Err(Error::other(
                        format!("there is no rule `{id}`{near}"),
                        "`posture rules list` lists all rules",
                    ));
                }
            }
            rules.retain(|rule| self.only.contains(&rule.id));
        }
        if let Some(framework) = self.framework()? {
            rules.retain(|rule| framework.is_served_by(rule));
        }
        Ok((rules, config))
    }

    /// Whether some of the rules are wanted and not all.
    pub(super) fn chooses(&self) -> bool {
        !self.only.is_empty() || self.framework.is_some()
    }

    /// The framework that was asked for.
    pub(super) fn framework(&self) -> Result<Option<Framework>, Error> {
        match &self.framework {
            None => Ok(None),
            Some(id) => framework::find(id)
                .map(Some)
                .map_err(|error| Error::other(error.message, "`posture frameworks` lists all frameworks")),
        }
    }

    /// Every rule there is: the built-in ones and those of the folders.
    pub(super) fn all(&self, params: &ParamOverrides) -> Result<Vec<Rule>, Error> {
        let mut rules = rule::built_in(params)?;
        for folder in &self.rules {
            for rule in rule::load::load_folder(folder, params)? {
                if let Some(other) = rules.iter().find(|other| other.id == rule.id) {
                    let message = format!("rule `{}` is defined in `{}` and in `{}`", rule.id, other.file, rule.file);
                    return Err(Error::other(message, "give your rule an id of its own"));
                }
                rules.push(rule);
            }
        }
        rules.sort_by(|one, two| one.id.cmp(&two.id));
        Ok(rules)
    }

    fn config(&self, ids: &BTreeSet<&str>) -> Result<Config, Error> {
        let path = match &self.config {
            Some(path) => path.as_path(),
            None if Path::new(DEFAULT_CONFIG).is_file() => Path::new(DEFAULT_CONFIG),
            None => return Ok(Config::default()),
        };
        let text = read_text(path)?;
        Ok(Config::parse(&path.display().to_string(), &text, ids)?)
    }
}

/// Reads a text file, whole.
pub(super) fn read_text(path: &Path) -> Result<String, Error> {
    let bytes = std::fs::read(path).map_err(|source| Error::Io { action: "read", path: path.to_owned(), source })?;
    String::from_utf8(bytes)
        .map_err(|_| Error::other(format!("`{}` is not UTF-8 text", path.display()), "save the file as UTF-8"))
}

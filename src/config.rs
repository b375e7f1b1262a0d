//! `posture.yaml`: what a team decides once — threshold, parameters, suppressions, attestations.

use std::collections::{BTreeMap, BTreeSet};

use jiff::civil::Date;
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::Value as Json;
use serde_saphyr::Spanned;

use crate::rule::ParamOverrides;
use crate::rule::compile::suggest;
use crate::rule::judge::Attestation;
use crate::rule::load::{self, LoadError, to_usize, yaml_message};
use crate::snapshot::Time;
use crate::suppression::Suppression;

/// The largest configuration that is read, in bytes.
pub const MAX_CONFIG_BYTES: usize = 4 * 1024 * 1024;

/// A checked configuration.
#[derive(Debug, Default)]
pub struct Config {
    /// The least severity that fails a run, when the command line does not say.
    pub fail_on: Option<Threshold>,
    /// Regions to collect, when the command line does not say.
    pub regions: Vec<String>,
    /// Parameter values by rule and name.
    pub params: ParamOverrides,
    /// Accepted findings.
    pub suppressions: Vec<Suppression>,
    /// Values for the steps of `posture fix`, by name.
    pub fix: BTreeMap<String, String>,
    /// What people attested, by rule.
    pub attestations: BTreeMap<String, Attestation>,
}

/// The least severity that decides the exit code.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[expect(missing_docs, reason = "the names are the severities', and `none`")]
pub enum Threshold {
    Critical,
    High,
    Medium,
    Low,
    Info,
    /// Findings never fail the run.
    None,
}

/// The file as it is written: strict YAML, unknown keys refused.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "Configuration")]
pub struct ConfigFile {
    /// The least severity that fails a run.
    pub fail_on: Option<Threshold>,
    /// Regions to collect.
    #[serde(default)]
    pub regions: Vec<String>,
    /// Rule id to parameter to value.
    #[serde(default)]
    #[schemars(with = "BTreeMap<String, BTreeMap<String, Json>>")]
    pub params: BTreeMap<String, Spanned<BTreeMap<String, Json>>>,
    /// Values for the steps of `posture fix`, as `email: ops@example.com`.
    #[serde(default)]
    pub fix: BTreeMap<String, String>,
    /// Accepted findings.
    #[serde(default)]
    pub suppressions: Vec<SuppressionFile>,
    /// Answers to rules that no API can answer.
    #[serde(default)]
    pub attestations: Vec<AttestationFile>,
}

/// An accepted finding.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SuppressionFile {
    /// The rule's id.
    #[schemars(with = "String")]
    pub rule: Spanned<String>,
    /// The resource's id, exactly, or with `*` for any run of characters. Anchored at both ends.
    pub resource: String,
    /// The Region, for resources that are judged once in each.
    pub region: Option<String>,
    /// Why the finding is accepted.
    #[schemars(with = "String")]
    pub reason: Spanned<String>,
    /// Who accepted it.
    pub owner: Option<String>,
    /// The last day on which it is accepted, as in `2026-12-31`.
    #[schemars(with = "Option<String>")]
    pub expires: Option<Spanned<String>>,
}

/// An answer to a rule that no API can answer.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct AttestationFile {
    /// The rule's id.
    #[schemars(with = "String")]
    pub rule: Spanned<String>,
    /// True for yes.
    pub answer: bool,
    /// Who answers.
    pub by: String,
    /// The day of the answer, as in `2026-11-22`.
    #[schemars(with = "String")]
    pub date: Spanned<String>,
    /// Anything worth adding.
    pub note: Option<String>,
}

impl Config {
    /// Reads a configuration; rule ids are checked against the rules that exist.
    pub fn parse(file: &str, text: &str, rules: &BTreeSet<&str>) -> Result<Self, LoadError> {
        if text.len() > MAX_CONFIG_BYTES {
            let message = format!("the configuration is larger than {} MiB", MAX_CONFIG_BYTES / (1024 * 1024));
            return Err(LoadError::of_config(file, 0, 0, message));
        }
        let parsed: ConfigFile = serde_saphyr::from_str_with_options(text, load::options()).map_err(|error| {
            let (line, column) = error.location().map_or((0, 0), |at| (to_usize(at.line()), to_usize(at.column())));
            LoadError::of_config(file, line, column, yaml_message(&error)).in_text(text)
        })?;
        Checker { file, rules }.config(parsed).map_err(|error| error.in_text(text))
    }
}

struct Checker<'a> {
    file: &'a str,
    rules: &'a BTreeSet<&'a str>,
}

impl Checker<'_> {
    fn error<T>(&self, at: &Spanned<T>, message: String) -> LoadError {
        let place = at.referenced;
        LoadError::of_config(self.file, to_usize(place.line()), to_usize(place.column()), message)
    }

    fn config(&self, file: ConfigFile) -> Result<Config, LoadError> {
        let mut params = ParamOverrides::new();
        for (rule, values) in file.params {
            self.known(&rule, &values)?;
            params.insert(rule, values.value);
        }
        let suppressions =
            file.suppressions.into_iter().map(|entry| self.suppression(entry)).collect::<Result<_, _>>()?;
        let mut attestations = BTreeMap::new();
        for entry in file.attestations {
            let (rule, attestation) = self.attestation(&entry)?;
            if attestations.insert(rule.clone(), attestation).is_some() {
                return Err(self.error(&entry.rule, format!("`{rule}` is attested twice")));
            }
        }
        Ok(Config { fail_on: file.fail_on, regions: file.regions, params, fix: file.fix, suppressions, attestations })
    }

    fn known<T>(&self, rule: &str, at: &Spanned<T>) -> Result<(), LoadError> {
        if self.rules.contains(rule) {
            return Ok(());
        }
        let message =
            format!("there is no rule `{}`{}", rule.escape_debug(), suggest(rule, self.rules.iter().copied()));
        Err(self.error(at, message))
    }

    fn suppression(&self, entry: SuppressionFile) -> Result<Suppression, LoadError> {
        self.known(&entry.rule.value, &entry.rule)?;
        if entry.reason.value.trim().is_empty() {
            return Err(self.error(&entry.reason, "a suppression needs a reason".to_owned()));
        }
        let expires = entry.expires.as_ref().map(|text| self.date(text)).transpose()?;
        Ok(Suppression {
            rule: entry.rule.value,
            resource: entry.resource,
            region: entry.region,
            reason: entry.reason.value,
            owner: entry.owner,
            expires,
        })
    }

    fn attestation(&self, entry: &AttestationFile) -> Result<(String, Attestation), LoadError> {
        self.known(&entry.rule.value, &entry.rule)?;
        let date = self.date(&entry.date)?;
        let midnight = date.to_zoned(jiff::tz::TimeZone::UTC).map(|zoned| Time(zoned.timestamp()));
        let date = midnight.map_err(|_| self.error(&entry.date, "the date is out of range".to_owned()))?;
        Ok((entry.rule.value.clone(), Attestation { answer: entry.answer, date }))
    }

    fn date(&self, text: &Spanned<String>) -> Result<Date, LoadError> {
        let message = || format!("`{}` is not a date as in 2026-12-31", text.value.escape_debug());
        text.value.parse().map_err(|_| self.error(text, message()))
    }
}

#[cfg(test)]
mod tests {
    use super::{Config, Threshold};
    use std::collections::BTreeSet;

    fn parse(text: &str) -> Result<Config, String> {
        let rules = BTreeSet::from(["root-mfa-enabled", "root-custody-attested"]);
        Config::parse("posture.yaml", text, &rules).map_err(|error| error.to_string())
    }

    #[test]
    fn a_whole_configuration_is_read() {
        let config = parse(
            "fail_on: medium\nsuppressions:\n  - rule: root-mfa-enabled\n    resource: '*'\n    reason: hardware on order\n    \
             expires: 2026-12-31\nattestations:\n  - { rule: root-custody-attested, answer: true, by: ann, date: 2026-11-01 }\n",
        )
        .unwrap();
        assert_eq!(config.fail_on, Some(Threshold::Medium));
        assert_eq!(config.suppressions.len(), 1);
        assert!(config.attestations["root-custody-attested"].answer);
    }

    #[test]
    fn a_typo_in_a_rule_id_names_the_place_and_the_right_one() {
        let error = parse("suppressions:\n  - rule: root-mfa-enable\n    resource: '*'\n    reason: x\n").unwrap_err();
        assert!(error.contains("line 2") && error.contains("did you mean `root-mfa-enabled`"), "{error}");
    }

    #[test]
    fn unknown_keys_wrong_dates_and_empty_reasons_are_refused() {
        for (text, part) in [
            ("fail_one: high\n", "fail_one"),
            ("fail_on: severe\n", "severe"),
            ("suppressions:\n  - { rule: root-mfa-enabled, resource: a, reason: ' ' }\n", "needs a reason"),
            ("suppressions:\n  - { rule: root-mfa-enabled, resource: a, reason: b, expires: soon }\n", "not a date"),
        ] {
            let error = parse(text).unwrap_err();
            assert!(error.contains(part), "{error}");
        }
    }
}

//! Frameworks: published lists of controls, and what a report says of each control.
//!
//! A framework file names controls and never rules: which rules serve a control is written in the rules alone, so there
//! is one place to change and nothing to drift.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::finding::Status;
use crate::report::Report;
use crate::rule::load::{LoadError, options, to_usize, yaml_message};
use crate::rule::{Rule, compile::suggest};

include!(concat!(env!("OUT_DIR"), "/frameworks.rs"));

/// A published list of controls.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Framework {
    /// The id that rules use in `controls`, as in `cis-aws-7.0`.
    pub id: String,
    /// What its publisher calls it.
    pub name: String,
    /// The publisher's version.
    pub version: String,
    /// What it is, in one sentence.
    pub about: String,
    /// The publisher's page.
    pub reference: String,
    /// The controls, in the publisher's order.
    pub controls: Vec<Control>,
}

/// One numbered item of a framework.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Control {
    /// The publisher's number.
    pub id: String,
    /// What it asks, in our words.
    pub title: String,
    /// How much of it an account shows.
    pub judged: Judged,
}

/// How much of a control can be judged from outside.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Judged {
    /// All of it.
    Automated,
    /// A part; the rest is a person's.
    Partly,
    /// Nothing: a person attests it, or nobody can tell.
    Manual,
}

impl Judged {
    /// The name in files and reports.
    pub fn name(self) -> &'static str {
        match self {
            Self::Automated => "automated",
            Self::Partly => "partly",
            Self::Manual => "manual",
        }
    }
}

/// What a report says of a framework.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
#[schemars(rename = "framework", deny_unknown_fields)]
pub struct FrameworkReport {
    /// The framework's id.
    pub id: String,
    /// What its publisher calls it, with the version.
    pub name: String,
    /// Number of controls by status.
    pub summary: BTreeMap<ControlStatus, usize>,
    /// Every control, in the publisher's order.
    pub controls: Vec<ControlReport>,
}

/// What a report says of one control.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
#[schemars(rename = "control", deny_unknown_fields)]
pub struct ControlReport {
    /// The publisher's number.
    pub id: String,
    /// What it asks, in our words.
    pub title: String,
    /// How much of it an account shows.
    pub judged: Judged,
    /// The worst verdict of its rules.
    pub status: ControlStatus,
    /// The rules that serve it and ran.
    pub rules: Vec<String>,
}

/// The status of a control: the worst of its rules' (fail before unknown before pass before not applicable).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum ControlStatus {
    /// A rule fails.
    Fail,
    /// No rule fails, and one stayed unknown or none ran.
    Unknown,
    /// Every rule that applies passes.
    Pass,
    /// No rule applies.
    NotApplicable,
    /// Nothing in an account shows it, and no rule asks a person.
    Manual,
}

impl ControlStatus {
    /// Every status, worst first.
    pub const ALL: [Self; 5] = [Self::Fail, Self::Unknown, Self::Pass, Self::NotApplicable, Self::Manual];

    /// The name in reports.
    pub fn name(self) -> &'static str {
        match self {
            Self::Fail => "fail",
            Self::Unknown => "unknown",
            Self::Pass => "pass",
            Self::NotApplicable => "not_applicable",
            Self::Manual => "manual",
        }
    }
}

impl ControlStatus {
    /// The name for people.
    pub fn words(self) -> &'static str {
        if self == Self::NotApplicable { "not applicable" } else { self.name() }
    }
}

impl From<Status> for ControlStatus {
    fn from(status: Status) -> Self {
        match status {
            Status::Fail => Self::Fail,
            Status::Unknown => Self::Unknown,
            Status::Pass => Self::Pass,
            Status::NotApplicable => Self::NotApplicable,
        }
    }
}

/// Every framework, in the order of their ids.
pub fn all() -> Result<Vec<Framework>, LoadError> {
    let read = |((file, text), prepared): (&(&str, &str), &&str)| match serde_json::from_str(prepared) {
        Ok(framework) => Ok(framework),
        // What the build could not prepare is read from the file's text, for an error with its place.
        Err(_) => parse(file, text),
    };
    FILES.iter().zip(PREPARED).map(read).collect()
}

/// The framework of an id; the error suggests the likely spelling.
pub fn find(id: &str) -> Result<Framework, LoadError> {
    let all = all()?;
    let near = suggest(id, all.iter().map(|framework| framework.id.as_str()));
    all.into_iter()
        .find(|framework| framework.id == id)
        .ok_or_else(|| LoadError::of_config("--framework", 0, 0, format!("there is no framework `{id}`{near}")))
}

fn parse(file: &str, text: &str) -> Result<Framework, LoadError> {
    serde_saphyr::from_str_with_options(text, options()).map_err(|error| {
        let (line, column) = error.location().map_or((0, 0), |at| (to_usize(at.line()), to_usize(at.column())));
        LoadError::of_config(file, line, column, yaml_message(&error))
    })
}

impl Framework {
    /// True when a rule serves one of the controls.
    pub fn is_served_by(&self, rule: &Rule) -> bool {
        rule.controls.contains_key(&self.id)
    }

    /// The rules that serve each control, deprecated ones left out.
    pub fn coverage<'a>(&self, rules: &'a [Rule]) -> BTreeMap<&str, Vec<&'a str>> {
        let serving = |control: &Control| {
            rules
                .iter()
                .filter(|rule| !rule.deprecated && names(&rule.controls, &self.id, &control.id))
                .map(|rule| rule.id.as_str())
                .collect()
        };
        self.controls.iter().map(|control| (control.id.as_str(), serving(control))).collect()
    }

    /// What a report says of each control.
    pub fn report(&self, report: &Report) -> FrameworkReport {
        let controls: Vec<ControlReport> = self.controls.iter().map(|control| self.control(control, report)).collect();
        let mut summary: BTreeMap<ControlStatus, usize> =
            ControlStatus::ALL.into_iter().map(|status| (status, 0)).collect();
        for control in &controls {
            *summary.entry(control.status).or_default() += 1;
        }
        FrameworkReport { id: self.id.clone(), name: format!("{} {}", self.name, self.version), summary, controls }
    }

    fn control(&self, control: &Control, report: &Report) -> ControlReport {
        let run: Vec<_> = report.rules_run.iter().filter(|rule| names(&rule.controls, &self.id, &control.id)).collect();
        let worst = run.iter().map(|rule| ControlStatus::from(rule.status)).min();
        let nobody_judged = match control.judged {
            Judged::Manual => ControlStatus::Manual,
            Judged::Automated | Judged::Partly => ControlStatus::Unknown,
        };
        ControlReport {
            id: control.id.clone(),
            title: control.title.clone(),
            judged: control.judged,
            status: worst.unwrap_or(nobody_judged),
            rules: run.into_iter().map(|rule| rule.id.clone()).collect(),
        }
    }
}

/// What a report says of the framework of an id.
pub fn report(report: &Report, id: &str) -> Result<FrameworkReport, LoadError> {
    Ok(find(id)?.report(report))
}

fn names(controls: &BTreeMap<String, Vec<String>>, framework: &str, control: &str) -> bool {
    controls.get(framework).is_some_and(|ids| ids.iter().any(|id| id == control))
}

#[cfg(test)]
mod tests {
    use super::{ControlStatus, Judged, all, find};

    #[test]
    fn what_the_build_prepared_of_frameworks_is_what_their_files_say() {
        for ((file, text), prepared) in super::FILES.iter().zip(super::PREPARED) {
            let prepared: super::Framework = serde_json::from_str(prepared).unwrap();
            assert_eq!(prepared, super::parse(file, text).unwrap());
        }
    }

    #[test]
    fn every_framework_is_read_and_has_its_files_name() {
        let frameworks = all().unwrap();
        assert_eq!(frameworks.len(), super::FILES.len());
        for (framework, (file, _)) in frameworks.iter().zip(super::FILES) {
            assert_eq!(*file, format!("rules/frameworks/{}.yaml", framework.id));
        }
    }

    #[test]
    fn an_unknown_framework_is_answered_with_the_likely_spelling() {
        let error = find("cis-aws-7").unwrap_err().to_string();
        assert!(error.contains("there is no framework `cis-aws-7`; did you mean `cis-aws-7.0`?"), "{error}");
    }

    #[test]
    fn a_control_takes_the_worst_verdict_of_its_rules() {
        assert!(ControlStatus::Fail < ControlStatus::Unknown);
        assert!(ControlStatus::Unknown < ControlStatus::Pass);
        assert!(ControlStatus::Pass < ControlStatus::NotApplicable);
        assert_eq!(ControlStatus::ALL.into_iter().min(), Some(ControlStatus::Fail));
    }

    #[test]
    fn a_control_that_no_rule_judged_is_manual_or_unknown_and_never_a_pass() {
        let snapshot = crate::snapshot::SnapshotReader::open("fixtures/accounts/bootcamp.json".as_ref())
            .unwrap()
            .next()
            .unwrap()
            .unwrap();
        let config = crate::config::Config::default();
        let scan = crate::scan::Scan { rules: &[], config: &config, baseline: None, as_of: None };
        let report = find("bootcamp").unwrap().report(&scan.run(&snapshot));
        for control in &report.controls {
            let expected =
                if control.judged == Judged::Manual { ControlStatus::Manual } else { ControlStatus::Unknown };
            assert_eq!(control.status, expected, "{}", control.id);
        }
        assert_eq!(report.summary.values().sum::<usize>(), report.controls.len());
    }
}

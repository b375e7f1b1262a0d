//! One side of a comparison: the verdicts of one scan of one account, from a report in memory or a JSON report.

use std::collections::{BTreeMap, BTreeSet};

use serde::Deserialize;

use super::Scanned;
use crate::finding::{Severity, Status};
use crate::report::{self, Report};
use crate::snapshot::Time;

/// What a verdict is about.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Key {
    /// The rule's id.
    pub rule: String,
    /// The resource's id.
    pub resource: String,
    /// The kind of resource.
    pub kind: String,
    /// The Region, for things that live in one.
    pub region: Option<String>,
}

impl Key {
    /// The Region in which the resource is: its own, else its ARN's.
    pub(super) fn place(&self) -> Option<&str> {
        let of_arn = || {
            let mut parts = self.resource.splitn(5, ':');
            (parts.next() == Some("arn")).then(|| parts.nth(2)).flatten()
        };
        self.region.as_deref().or_else(of_arn).filter(|region| !region.is_empty())
    }
}

/// A verdict, as far as comparing needs it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Verdict {
    /// The rule's severity.
    pub severity: Severity,
    /// The verdict.
    pub status: Status,
    /// One observed fact.
    pub message: String,
    /// True when a suppression mutes it.
    pub suppressed: bool,
    /// Identity over runs and machines.
    pub fingerprint: String,
}

/// The verdicts of one scan of one account.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Side {
    /// The twelve digits of the account.
    pub account: String,
    /// The partition, as in `aws`.
    pub partition: String,
    /// When the snapshot was collected.
    pub collected_at: Time,
    /// Version of the program that judged.
    pub posture: String,
    /// Regions that the snapshot covers.
    pub regions: BTreeSet<String>,
    /// Rules that ran.
    pub rules: BTreeSet<String>,
    /// The verdicts.
    pub verdicts: BTreeMap<Key, Verdict>,
}

impl Side {
    /// The account, its time and the judge.
    pub(super) fn scanned(&self) -> Scanned {
        Scanned {
            account: self.account.clone(),
            collected_at: self.collected_at.to_string(),
            posture: self.posture.clone(),
        }
    }

    /// The id under which a rule speaks of the account in place of resources.
    pub(super) fn stand_in(&self) -> String {
        format!("arn:{}:iam::{}:account", self.partition, self.account)
    }

    /// Leaves the rules of the given ids alone.
    pub fn keep_rules(&mut self, ids: &BTreeSet<&str>) {
        self.rules.retain(|rule| ids.contains(rule.as_str()));
        self.verdicts.retain(|key, _| ids.contains(key.rule.as_str()));
    }

    /// Reads JSON reports, one or one a line; the error names the place.
    pub fn parse(text: &str) -> Result<Vec<Self>, String> {
        let mut sides: Vec<Self> = Vec::new();
        for report in serde_json::Deserializer::from_str(text).into_iter::<ReportFile>() {
            let side = report.map_err(|error| format!("not a JSON report: {error}"))?.side()?;
            if sides.iter().any(|other| other.account == side.account) {
                return Err(format!("account {} is reported twice", side.account.escape_debug()));
            }
            sides.push(side);
        }
        Ok(sides)
    }
}

/// A line of `--format ndjson`, as far as it matters here.
#[derive(Deserialize)]
struct RecordFile {
    format: String,
    account: String,
    collected_at: Time,
    posture: Option<String>,
    partition: Option<String>,
    regions: Option<BTreeSet<String>>,
    finding: Option<ResultFile>,
}

impl Side {
    /// Reads the records of one account as `--format ndjson` writes them: the account's, then those of its findings. They
    /// hold what failed or was unknown; what passed is not told from what was not there.
    pub fn parse_records(text: &str) -> Result<Self, String> {
        let mut side: Option<Self> = None;
        for line in text.lines().filter(|line| !line.trim().is_empty()) {
            let record: RecordFile = serde_json::from_str(line).map_err(|error| format!("not a record: {error}"))?;
            match (record.format.as_str(), &mut side, record.finding) {
                ("posture-account/1", None, None) => {
                    let missing = |member: &str| format!("a record of an account has no `{member}`");
                    side = Some(Self {
                        account: record.account,
                        partition: record.partition.ok_or_else(|| missing("partition"))?,
                        collected_at: record.collected_at,
                        posture: record.posture.ok_or_else(|| missing("posture"))?,
                        regions: record.regions.ok_or_else(|| missing("regions"))?,
                        rules: BTreeSet::new(),
                        verdicts: BTreeMap::new(),
                    });
                }
                ("posture-finding/1", Some(side), Some(result)) if record.account == side.account => {
                    side.rules.insert(result.rule.clone());
                    side.add(result)?;
                }
                _ => return Err("the records are not those of one account, the account's own first".to_owned()),
            }
        }
        side.ok_or_else(|| "there is no record".to_owned())
    }

    fn add(&mut self, result: ResultFile) -> Result<(), String> {
        let (key, verdict) = result.verdict();
        let (rule, resource) = (key.rule.clone(), key.resource.clone());
        match self.verdicts.insert(key, verdict) {
            Some(_) => Err(format!("rule `{}` judges `{}` twice", rule.escape_debug(), resource.escape_debug())),
            None => Ok(()),
        }
    }
}

impl From<&Report> for Side {
    fn from(report: &Report) -> Self {
        let verdicts = report.findings().map(|finding| {
            let key = Key {
                rule: finding.rule.to_string(),
                resource: finding.resource.id.clone(),
                kind: finding.resource.kind.to_owned(),
                region: finding.resource.region.clone(),
            };
            let verdict = Verdict {
                severity: finding.severity,
                status: finding.status,
                message: finding.message.clone(),
                suppressed: finding.suppressed.is_some(),
                fingerprint: finding.fingerprint().to_string(),
            };
            (key, verdict)
        });
        Self {
            account: report.account.clone(),
            partition: report.partition.clone(),
            collected_at: report.collected_at,
            posture: report.posture.to_owned(),
            regions: report.regions.iter().cloned().collect(),
            rules: report.rules_run.iter().map(|rule| rule.id.clone()).collect(),
            verdicts: verdicts.collect(),
        }
    }
}

/// The members of `posture-report/1` that comparing needs; others may come and go within version 1.
#[derive(Deserialize)]
struct ReportFile {
    format: String,
    posture: String,
    account: String,
    partition: String,
    collected_at: Time,
    regions: BTreeSet<String>,
    rules_run: Vec<RuleFile>,
    results: Vec<ResultFile>,
}

#[derive(Deserialize)]
struct RuleFile {
    id: String,
}

#[derive(Deserialize)]
struct ResultFile {
    rule: String,
    severity: Severity,
    status: Status,
    resource: ResourceFile,
    message: String,
    suppressed: Option<SuppressionFile>,
    fingerprint: String,
}

#[derive(Deserialize)]
struct ResourceFile {
    id: String,
    kind: String,
    region: Option<String>,
}

/// Only that there is one matters here.
#[derive(Deserialize)]
struct SuppressionFile {}

impl ReportFile {
    fn side(self) -> Result<Side, String> {
        if self.format != report::FORMAT {
            return Err(format!("format `{}` is not `{}`", self.format.escape_debug(), report::FORMAT));
        }
        let mut side = Side {
            account: self.account,
            partition: self.partition,
            collected_at: self.collected_at,
            posture: self.posture,
            regions: self.regions,
            rules: self.rules_run.into_iter().map(|rule| rule.id).collect(),
            verdicts: BTreeMap::new(),
        };
        self.results.into_iter().try_for_each(|result| side.add(result))?;
        Ok(side)
    }
}

impl ResultFile {
    fn verdict(self) -> (Key, Verdict) {
        let ResourceFile { id, kind, region } = self.resource;
        let key = Key { rule: self.rule, resource: id, kind, region };
        let verdict = Verdict {
            severity: self.severity,
            status: self.status,
            message: self.message,
            suppressed: self.suppressed.is_some(),
            fingerprint: self.fingerprint,
        };
        (key, verdict)
    }
}

#[cfg(test)]
mod tests {
    use super::Key;

    #[test]
    fn the_region_of_a_resource_is_its_own_or_its_arns() {
        let key = |resource: &str, region: Option<&str>| Key {
            rule: "r".to_owned(),
            resource: resource.to_owned(),
            kind: "k".to_owned(),
            region: region.map(str::to_owned),
        };
        assert_eq!(key("arn:aws:sns:eu-west-1:123456789012:t", None).place(), Some("eu-west-1"));
        assert_eq!(key("arn:aws:s3:::b", Some("us-east-1")).place(), Some("us-east-1"));
        for nowhere in ["arn:aws:iam::123456789012:root", "a:b:c:d:e", ""] {
            assert_eq!(key(nowhere, None).place(), None, "{nowhere}");
        }
    }
}

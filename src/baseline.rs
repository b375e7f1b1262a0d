//! A baseline: a former JSON report whose findings are known, so that only new ones fail a run.

use std::collections::BTreeSet;

use serde::Deserialize;

use crate::finding::{Finding, Status};
use crate::report::FORMAT;

/// Fingerprints of the findings that a former report held.
#[derive(Debug)]
pub struct Baseline {
    fingerprints: BTreeSet<String>,
}

#[derive(Deserialize)]
struct BaselineFile {
    format: String,
    results: Vec<BaselineResult>,
}

#[derive(Deserialize)]
struct BaselineResult {
    fingerprint: String,
    status: Status,
}

impl Baseline {
    /// Reads a JSON report, or several, one a line.
    pub fn parse(text: &str) -> Result<Self, String> {
        let mut fingerprints = BTreeSet::new();
        let mut reports = 0;
        for report in serde_json::Deserializer::from_str(text).into_iter::<BaselineFile>() {
            let report = report.map_err(|error| format!("not a JSON report: {error}"))?;
            if report.format != FORMAT {
                return Err(format!("format `{}` is not `{FORMAT}`", report.format.escape_debug()));
            }
            reports += 1;
            // What was unknown then was seen by nobody: it is new when it fails now.
            let failing = report.results.into_iter().filter(|result| result.status == Status::Fail);
            fingerprints.extend(failing.map(|result| result.fingerprint));
        }
        if reports == 0 {
            return Err("the file is empty".to_owned());
        }
        Ok(Self { fingerprints })
    }

    /// Marks the failing findings that the baseline holds.
    pub fn mark(&self, findings: &mut [Box<Finding>]) {
        for finding in findings.iter_mut().filter(|finding| finding.status == Status::Fail) {
            finding.in_baseline = self.fingerprints.contains(finding.fingerprint().as_str());
        }
    }
}

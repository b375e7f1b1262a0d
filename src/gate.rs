//! The gate: from finished reports to an exit code, the same for every format.

use crate::config::Threshold;
use crate::error::{EXIT_CLEAN, EXIT_FINDINGS, EXIT_UNKNOWN};
use crate::finding::{Finding, Severity, Status};
use crate::report::Report;

/// What decides the exit code.
#[derive(Debug, Clone, Copy)]
pub struct Gate {
    /// The least severity that fails a run.
    pub fail_on: Threshold,
    /// True when rules that stayed unknown do not matter.
    pub allow_unknown: bool,
}

impl Gate {
    /// The exit code of one report: new findings at or above the threshold come before rules that stayed unknown.
    pub fn exit_code(self, report: &Report) -> u8 {
        let counts = |finding: &&Finding| self.reaches(finding.severity);
        let mut results = report.findings().filter(counts);
        if results.clone().any(|f| f.status == Status::Fail && f.suppressed.is_none() && !f.in_baseline) {
            return EXIT_FINDINGS;
        }
        if !self.allow_unknown && results.any(|finding| finding.status == Status::Unknown) {
            return EXIT_UNKNOWN;
        }
        EXIT_CLEAN
    }

    /// The exit code of an account that could not be judged, or not whole: everything about it is unknown.
    pub fn not_reached(self) -> u8 {
        let matters = !self.allow_unknown && !matches!(self.fail_on, Threshold::None);
        if matters { EXIT_UNKNOWN } else { EXIT_CLEAN }
    }

    fn reaches(self, severity: Severity) -> bool {
        let least = match self.fail_on {
            Threshold::Critical => Severity::Critical,
            Threshold::High => Severity::High,
            Threshold::Medium => Severity::Medium,
            Threshold::Low => Severity::Low,
            Threshold::Info => Severity::Info,
            Threshold::None => return false,
        };
        severity >= least
    }
}

/// The exit code of several reports: the worst of each, findings before unknown.
pub fn worst(codes: impl IntoIterator<Item = u8>) -> u8 {
    let rank = |code: u8| match code {
        EXIT_CLEAN => 0,
        EXIT_UNKNOWN => 1,
        EXIT_FINDINGS => 2,
        _ => 3,
    };
    codes.into_iter().max_by_key(|code| rank(*code)).unwrap_or(EXIT_CLEAN)
}

#[cfg(test)]
mod tests {
    use super::{EXIT_CLEAN, EXIT_FINDINGS, EXIT_UNKNOWN, Gate, Threshold, worst};
    use crate::error::EXIT_ERROR;

    #[test]
    fn an_error_is_worse_than_findings_and_findings_are_worse_than_what_is_unknown() {
        let by_rank = [EXIT_CLEAN, EXIT_UNKNOWN, EXIT_FINDINGS, EXIT_ERROR];
        for (position, code) in by_rank.iter().enumerate() {
            for other in &by_rank[..=position] {
                assert_eq!((worst([*code, *other]), worst([*other, *code])), (*code, *code));
            }
        }
        assert_eq!(worst([]), EXIT_CLEAN);
    }

    #[test]
    fn an_account_that_was_not_reached_is_unknown_unless_nothing_matters() {
        let code = |fail_on, allow_unknown| Gate { fail_on, allow_unknown }.not_reached();
        assert_eq!(code(Threshold::Critical, false), EXIT_UNKNOWN);
        assert_eq!(code(Threshold::Info, false), EXIT_UNKNOWN);
        assert_eq!(code(Threshold::None, false), EXIT_CLEAN);
        assert_eq!(code(Threshold::Critical, true), EXIT_CLEAN);
    }
}

//! Suppressions: findings accepted for now, with a reason; matched exactly or by `*`, and gone when they expire.

pub mod edit;

use jiff::civil::Date;
use jiff::tz::TimeZone;

use crate::finding::{AppliedSuppression, Finding, Status};
use crate::snapshot::Time;

/// An accepted finding.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Suppression {
    /// The rule's id.
    pub rule: String,
    /// The resource's id, with `*` for any run of characters.
    pub resource: String,
    /// The Region, when only one is meant.
    pub region: Option<String>,
    /// Why the finding is accepted.
    pub reason: String,
    /// Who accepted it.
    pub owner: Option<String>,
    /// The last day on which it is accepted.
    pub expires: Option<Date>,
}

/// Marks failing findings that a suppression covers, and says which suppressions are expired or cover nothing.
/// Only failing findings are suppressed: an unknown is not something that anybody saw and accepted.
pub fn apply(suppressions: &[Suppression], findings: &mut [Box<Finding>], as_of: Time) -> Vec<String> {
    let today = as_of.0.to_zoned(TimeZone::UTC).date();
    let mut notes = Vec::new();
    for suppression in suppressions {
        let name = format!("suppression of `{}` on `{}`", suppression.rule, suppression.resource);
        if let Some(expires) = suppression.expires
            && expires < today
        {
            notes.push(format!("{name} expired on {expires}"));
            continue;
        }
        let mut used = false;
        for finding in findings.iter_mut().filter(|finding| suppression.covers(finding)) {
            used = true;
            if finding.suppressed.is_none() {
                finding.suppressed = Some(Box::new(AppliedSuppression {
                    reason: suppression.reason.clone(),
                    owner: suppression.owner.clone(),
                    expires: suppression.expires.map(|date| date.to_string()),
                }));
            }
        }
        if !used {
            notes.push(format!("{name} covers no failing finding"));
        }
    }
    notes
}

impl Suppression {
    fn covers(&self, finding: &Finding) -> bool {
        finding.status == Status::Fail
            && *finding.rule == *self.rule
            && glob(&self.resource, &finding.resource.id)
            && self.region.as_ref().is_none_or(|region| finding.resource.region.as_ref() == Some(region))
    }
}

/// Matches a whole text against a pattern in which `*` stands for any run of characters.
fn glob(pattern: &str, text: &str) -> bool {
    let mut parts = pattern.split('*');
    let Some(first) = parts.next() else { return text.is_empty() };
    let Some(mut rest) = text.strip_prefix(first) else { return false };
    let Some(last) = parts.next_back() else { return rest.is_empty() };
    for part in parts {
        match rest.find(part).and_then(|at| rest.get(at + part.len()..)) {
            Some(after) => rest = after,
            None => return false,
        }
    }
    rest.ends_with(last)
}

#[cfg(test)]
mod tests {
    use super::glob;

    #[test]
    fn patterns_are_anchored_at_both_ends() {
        assert!(glob("arn:aws:s3:::ci-logs", "arn:aws:s3:::ci-logs"));
        assert!(!glob("arn:aws:s3:::ci-logs", "arn:aws:s3:::ci-logs-replica"));
        assert!(!glob("ci-logs", "arn:aws:s3:::ci-logs"));
        assert!(glob("*:user/ci-*", "arn:aws:iam::1:user/ci-deploy"));
        assert!(!glob("*:user/ci-*x", "arn:aws:iam::1:user/ci-deploy"));
        assert!(glob("a*b*c", "a-b-b-c"));
        assert!(!glob("aa*aa", "aaa"));
        assert!(glob("*", ""));
    }
}

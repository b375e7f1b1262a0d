//! EventBridge event patterns, as far as they decide whether the events that somebody should hear of pass.
//!
//! <https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-create-pattern-operators.html>

use serde_json::{Map, Value};

/// What a pattern does with the events of a subject.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// It is about something else.
    Other,
    /// It lets every one of them through.
    Passes,
    /// It is meant for them, but leaves some out: why.
    Misses(String),
    /// It has a term whose meaning is not decided here.
    Undecided(String),
}

/// Events that somebody should hear of.
#[derive(Debug)]
pub(crate) struct Subject {
    source: &'static str,
    detail_type: &'static str,
    /// The service's name in a source that was meant for it.
    word: &'static str,
    /// Judges a term of `detail`.
    detail: fn(&str, &Value) -> Verdict,
}

/// Service issues of AWS Health.
pub(crate) const HEALTH: Subject =
    Subject { source: "aws.health", detail_type: "AWS Health Event", word: "health", detail: health_detail };

/// Findings of Amazon GuardDuty of high and critical severity.
pub(crate) const GUARDDUTY: Subject =
    Subject { source: "aws.guardduty", detail_type: "GuardDuty Finding", word: "guardduty", detail: guardduty_detail };

const ISSUE: &str = "issue";
/// Events that concern the account, and events that concern everybody.
const SCOPES: [&str; 2] = ["ACCOUNT_SPECIFIC", "PUBLIC"];
/// Tenths of the severities that GuardDuty calls high and critical:
/// <https://docs.aws.amazon.com/guardduty/latest/ug/guardduty_findings-severity.html>
const SEVERE: std::ops::RangeInclusive<i64> = 70..=100;

/// Judges a pattern's text.
pub(crate) fn judge(text: &str, subject: &Subject, account: &str, region: &str) -> Verdict {
    let Ok(Value::Object(pattern)) = serde_json::from_str(text) else {
        return if text.contains(subject.source) {
            Verdict::Undecided("the pattern is no JSON object".to_owned())
        } else {
            Verdict::Other
        };
    };
    match pattern.get("source") {
        Some(Value::Array(sources)) if sources.iter().any(|source| source == subject.source) => {}
        Some(source) if source.to_string().contains("aws.") && could_mean(subject, source) => {
            return Verdict::Misses(format!("its `source` is `{source}`, not exactly `[\"{}\"]`", subject.source));
        }
        _ => return Verdict::Other,
    }
    first_problem(&pattern, subject, account, region)
}

/// True for a source that was meant to cover the subject, as `aws.health*` or a prefix.
fn could_mean(subject: &Subject, source: &Value) -> bool {
    let Value::Array(items) = source else { return false };
    items.iter().any(|item| match item {
        Value::String(text) => text.to_ascii_lowercase().starts_with(subject.source),
        Value::Object(term) => {
            term.values().any(|value| value.as_str().is_some_and(|text| text.contains(subject.word)))
        }
        _ => false,
    })
}

fn first_problem(pattern: &Map<String, Value>, subject: &Subject, account: &str, region: &str) -> Verdict {
    for (key, wanted) in pattern {
        let verdict = match key.as_str() {
            "source" => Verdict::Passes,
            "detail-type" => wants(key, wanted, subject.detail_type),
            "account" => wants(key, wanted, account),
            "region" => wants(key, wanted, region),
            "detail" => detail(subject, wanted),
            _ => unusual(key),
        };
        if verdict != Verdict::Passes {
            return verdict;
        }
    }
    Verdict::Passes
}

fn detail(subject: &Subject, detail: &Value) -> Verdict {
    let Value::Object(terms) = detail else { return Verdict::Undecided("its `detail` is no object".to_owned()) };
    let verdicts = terms.iter().map(|(key, wanted)| (subject.detail)(key, wanted));
    verdicts.into_iter().find(|verdict| *verdict != Verdict::Passes).unwrap_or(Verdict::Passes)
}

fn health_detail(key: &str, wanted: &Value) -> Verdict {
    match key {
        "eventTypeCategory" => wants(key, wanted, ISSUE),
        "eventScopeCode" => {
            let all = SCOPES.iter().map(|scope| wants(key, wanted, scope));
            all.into_iter().find(|verdict| *verdict != Verdict::Passes).unwrap_or(Verdict::Passes)
        }
        _ => unusual(key),
    }
}

fn guardduty_detail(key: &str, wanted: &Value) -> Verdict {
    match (key, wanted) {
        ("severity", Value::Array(items)) => severe(items),
        ("severity", _) => Verdict::Undecided("its term `severity` is no list".to_owned()),
        _ => unusual(key),
    }
}

/// Whether the items of a term let every high and critical severity through.
fn severe(items: &[Value]) -> Verdict {
    let mut open = false;
    for tenths in SEVERE {
        let severity = format!("{}.{}", tenths / 10, tenths % 10);
        let matched: Vec<_> = items.iter().map(|item| matches_severity(item, tenths)).collect();
        if matched.contains(&Some(true)) {
            continue;
        }
        // Numbers match as they are written, and AWS does not say how it writes whole ones:
        // <https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-event-patterns.html>
        let (whole, decimal) = (written(items, tenths, true), written(items, tenths, false));
        if decimal && (whole || tenths % 10 != 0) {
            continue;
        }
        if !whole && !decimal && !matched.contains(&None) {
            return Verdict::Misses(format!("its `severity` leaves {severity} out"));
        }
        open = true;
    }
    if open {
        return Verdict::Undecided("its term `severity` is not decided here".to_owned());
    }
    Verdict::Passes
}

/// Whether a severity stands in a list, as a whole number or with a decimal.
fn written(items: &[Value], tenths: i64, as_whole: bool) -> bool {
    items.iter().any(|item| match (item.as_i64(), item.as_f64()) {
        (Some(number), _) => as_whole && number.checked_mul(10) == Some(tenths),
        (None, Some(number)) => !as_whole && is_severity(number, tenths),
        (None, None) => false,
    })
}

#[expect(clippy::cast_precision_loss, reason = "severities are small numbers")]
fn is_severity(number: f64, tenths: i64) -> bool {
    (number * 10.0 - tenths as f64).abs() < 1e-6
}

/// Whether an operator lets a severity through; `None` for operators that are not decided here.
fn matches_severity(item: &Value, tenths: i64) -> Option<bool> {
    let Value::Object(term) = item else { return Some(false) };
    let (operator, operand) = term.iter().next().filter(|_| term.len() == 1)?;
    match (operator.as_str(), operand) {
        ("exists", Value::Bool(exists)) => Some(*exists),
        ("numeric", Value::Array(bounds)) => {
            let mut holds = true;
            for bound in bounds.chunks(2) {
                let [Value::String(comparison), number] = bound else { return None };
                holds &= compares(comparison, number.as_f64()?, tenths)?;
            }
            Some(holds)
        }
        _ => None,
    }
}

#[expect(clippy::cast_precision_loss, reason = "severities are small numbers")]
fn compares(comparison: &str, bound: f64, tenths: i64) -> Option<bool> {
    let severity = tenths as f64 / 10.0;
    let equal = is_severity(bound, tenths);
    Some(match comparison {
        "=" => equal,
        ">" => !equal && severity > bound,
        ">=" => equal || severity > bound,
        "<" => !equal && severity < bound,
        "<=" => equal || severity < bound,
        _ => return None,
    })
}

fn unusual(key: &str) -> Verdict {
    if key.starts_with('$') {
        return Verdict::Undecided(format!("its pattern uses `{key}`"));
    }
    Verdict::Misses(format!("its pattern lets only some events through, by `{key}`"))
}

/// Whether a term lets a value through.
fn wants(key: &str, wanted: &Value, value: &str) -> Verdict {
    let Value::Array(items) = wanted else { return Verdict::Undecided(format!("its term `{key}` is no list")) };
    let mut open = false;
    for item in items {
        match matches(item, value) {
            Some(true) => return Verdict::Passes,
            Some(false) => {}
            None => open = true,
        }
    }
    if open {
        return Verdict::Undecided(format!("its term `{key}` uses an operator that is not decided here"));
    }
    Verdict::Misses(format!("its `{key}` leaves `{value}` out"))
}

/// Whether one item of a term lets a value through; `None` for operators that are not decided here.
fn matches(item: &Value, value: &str) -> Option<bool> {
    let term = match item {
        Value::String(text) => return Some(text == value),
        Value::Object(term) if term.len() == 1 => term,
        Value::Object(_) => return None,
        _ => return Some(false),
    };
    let (operator, operand) = term.iter().next()?;
    match (operator.as_str(), operand) {
        ("prefix", Value::String(text)) => Some(value.starts_with(text.as_str())),
        ("suffix", Value::String(text)) => Some(value.ends_with(text.as_str())),
        ("equals-ignore-case", Value::String(text)) => Some(value.eq_ignore_ascii_case(text)),
        ("exists", Value::Bool(exists)) => Some(*exists),
        ("anything-but", Value::String(text)) => Some(text != value),
        ("anything-but", Value::Array(texts)) => Some(!texts.iter().any(|text| text == value)),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn of(pattern: &Value) -> Verdict {
        judge(&pattern.to_string(), &HEALTH, "123456789012", "us-east-1")
    }

    #[test]
    fn source_alone_or_with_the_detail_type_passes() {
        assert_eq!(of(&json!({ "source": ["aws.health"] })), Verdict::Passes);
        assert_eq!(of(&json!({ "source": ["aws.health"], "detail-type": ["AWS Health Event"] })), Verdict::Passes);
        assert_eq!(of(&json!({ "source": ["aws.ec2", "aws.health"] })), Verdict::Passes);
    }

    #[test]
    fn a_wildcard_in_the_source_matches_nothing() {
        assert!(matches!(of(&json!({ "source": ["aws.health*"] })), Verdict::Misses(_)));
        assert!(matches!(of(&json!({ "source": [{ "prefix": "aws.health" }] })), Verdict::Misses(_)));
        assert_eq!(of(&json!({ "source": ["aws.ec2"] })), Verdict::Other);
        assert_eq!(of(&json!({ "detail-type": ["EC2 Instance State-change Notification"] })), Verdict::Other);
    }

    #[test]
    fn a_category_filter_has_to_include_issues() {
        let with =
            |categories: Value| of(&json!({ "source": ["aws.health"], "detail": { "eventTypeCategory": categories } }));
        assert_eq!(with(json!(["issue", "scheduledChange"])), Verdict::Passes);
        assert!(matches!(with(json!(["scheduledChange", "accountNotification"])), Verdict::Misses(_)));
        assert_eq!(with(json!([{ "anything-but": ["accountNotification"] }])), Verdict::Passes);
        assert!(matches!(with(json!([{ "wildcard": "iss*" }])), Verdict::Undecided(_)));
    }

    #[test]
    fn a_filter_by_service_or_scope_narrows() {
        let with = |detail: Value| of(&json!({ "source": ["aws.health"], "detail": detail }));
        assert!(matches!(with(json!({ "service": ["EC2"] })), Verdict::Misses(_)));
        assert!(matches!(with(json!({ "eventScopeCode": ["ACCOUNT_SPECIFIC"] })), Verdict::Misses(_)));
        assert_eq!(with(json!({ "eventScopeCode": ["ACCOUNT_SPECIFIC", "PUBLIC"] })), Verdict::Passes);
    }

    #[test]
    fn what_is_not_understood_is_undecided() {
        assert!(matches!(judge("{\"source\":[\"aws.health\"", &HEALTH, "1", "r"), Verdict::Undecided(_)));
        assert!(matches!(of(&json!({ "source": ["aws.health"], "$or": [{}] })), Verdict::Undecided(_)));
    }

    fn of_findings(severity: &Value) -> Verdict {
        let pattern = json!({ "source": ["aws.guardduty"], "detail-type": ["GuardDuty Finding"], "detail": { "severity": severity } });
        judge(&pattern.to_string(), &GUARDDUTY, "123456789012", "us-east-1")
    }

    #[test]
    fn a_bound_on_severity_has_to_leave_high_and_critical_findings_in() {
        assert_eq!(of_findings(&json!([{ "numeric": [">=", 7] }])), Verdict::Passes);
        assert_eq!(of_findings(&json!([{ "numeric": [">", 3.9] }])), Verdict::Passes);
        let without_critical = of_findings(&json!([{ "numeric": [">=", 7, "<=", 8.9] }]));
        assert_eq!(without_critical, Verdict::Misses("its `severity` leaves 9.0 out".to_owned()));
        let split = json!([{ "numeric": [">=", 7, "<", 9] }, { "numeric": [">=", 9] }]);
        assert_eq!(of_findings(&split), Verdict::Passes);
        let only_above = of_findings(&json!([{ "numeric": [">", 7] }]));
        assert_eq!(only_above, Verdict::Misses("its `severity` leaves 7.0 out".to_owned()));
        assert!(matches!(of_findings(&json!([{ "anything-but": [1] }])), Verdict::Undecided(_)));
    }

    #[test]
    fn listed_severities_count_as_they_are_written() {
        let tenths = |range: std::ops::RangeInclusive<i32>| range.map(|tenth| json!(f64::from(tenth) / 10.0));
        let whole = |range: std::ops::RangeInclusive<i64>| range.map(|one| json!(one));
        let both: Vec<Value> = tenths(70..=100).chain(whole(7..=10)).collect();
        assert_eq!(of_findings(&json!(both)), Verdict::Passes);
        let decimals: Vec<Value> = tenths(70..=100).collect();
        assert!(matches!(of_findings(&json!(decimals)), Verdict::Undecided(_)));
        let before_critical: Vec<Value> = tenths(40..=89).chain(whole(4..=8)).collect();
        assert_eq!(of_findings(&json!(before_critical)), Verdict::Misses("its `severity` leaves 9.0 out".to_owned()));
    }
}

//! EventBridge event patterns, as far as they decide whether AWS Health events of service issues pass.
//!
//! <https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-create-pattern-operators.html>

use serde_json::{Map, Value};

/// What a pattern does with the events of AWS Health.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// It is about something else.
    Other,
    /// It lets every event of a service issue through.
    Passes,
    /// It is meant for AWS Health, but leaves events of service issues out: why.
    Misses(String),
    /// It has a term whose meaning is not decided here.
    Undecided(String),
}

const SOURCE: &str = "aws.health";
const DETAIL_TYPE: &str = "AWS Health Event";
const ISSUE: &str = "issue";
/// Events that concern the account, and events that concern everybody.
const SCOPES: [&str; 2] = ["ACCOUNT_SPECIFIC", "PUBLIC"];

/// Judges a pattern's text.
pub(crate) fn judge(text: &str, account: &str, region: &str) -> Verdict {
    let Ok(Value::Object(pattern)) = serde_json::from_str(text) else {
        let about_health = text.contains(SOURCE);
        return if about_health {
            Verdict::Undecided("the pattern is no JSON object".to_owned())
        } else {
            Verdict::Other
        };
    };
    match pattern.get("source") {
        Some(Value::Array(sources)) if sources.iter().any(|source| source == SOURCE) => {}
        Some(source) if source.to_string().contains("aws.") && could_mean_health(source) => {
            return Verdict::Misses(format!("its `source` is `{source}`, not exactly `[\"{SOURCE}\"]`"));
        }
        _ => return Verdict::Other,
    }
    first_problem(&pattern, account, region)
}

/// True for a source that was meant to cover AWS Health, as `aws.health*` or a prefix.
fn could_mean_health(source: &Value) -> bool {
    let Value::Array(items) = source else { return false };
    items.iter().any(|item| match item {
        Value::String(text) => text.to_ascii_lowercase().starts_with(SOURCE),
        Value::Object(term) => term.values().any(|value| value.as_str().is_some_and(|text| text.contains("health"))),
        _ => false,
    })
}

fn first_problem(pattern: &Map<String, Value>, account: &str, region: &str) -> Verdict {
    for (key, wanted) in pattern {
        let verdict = match key.as_str() {
            "source" => Verdict::Passes,
            "detail-type" => wants(key, wanted, DETAIL_TYPE),
            "account" => wants(key, wanted, account),
            "region" => wants(key, wanted, region),
            "detail" => detail(wanted),
            _ => unusual(key),
        };
        if verdict != Verdict::Passes {
            return verdict;
        }
    }
    Verdict::Passes
}

fn detail(detail: &Value) -> Verdict {
    let Value::Object(terms) = detail else { return Verdict::Undecided("its `detail` is no object".to_owned()) };
    for (key, wanted) in terms {
        let verdict = match key.as_str() {
            "eventTypeCategory" => wants(key, wanted, ISSUE),
            "eventScopeCode" => {
                let all = SCOPES.iter().map(|scope| wants(key, wanted, scope));
                all.into_iter().find(|verdict| *verdict != Verdict::Passes).unwrap_or(Verdict::Passes)
            }
            _ => unusual(key),
        };
        if verdict != Verdict::Passes {
            return verdict;
        }
    }
    Verdict::Passes
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
        judge(&pattern.to_string(), "123456789012", "us-east-1")
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
        assert!(matches!(judge("{\"source\":[\"aws.health\"", "1", "r"), Verdict::Undecided(_)));
        assert!(matches!(of(&json!({ "source": ["aws.health"], "$or": [{}] })), Verdict::Undecided(_)));
    }
}

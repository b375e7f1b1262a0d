//! What a budget's filter lets through, in the old form (`CostFilters`) and the new one (`FilterExpression`).
//!
//! A filter is held against one charge of which record type and account are known and all else is open: it lets such
//! charges through always, never, or sometimes. So "no usage is left out" and "credits are left out" are one question,
//! however the filter is spelled.

use std::collections::BTreeMap;

use crate::snapshot::shapes::budgets::{Expression, ExpressionValues};

/// Which charges of a type pass.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Admits {
    /// Every charge.
    Always,
    /// Some charges, by service, tag or another property.
    Sometimes,
    /// No charge.
    Never,
}

/// A charge as far as it is known.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Charge<'a> {
    /// The record type, as in `Usage`, `Credit` or `Refund`.
    pub(crate) record_type: &'a str,
    /// The account that is charged.
    pub(crate) account: &'a str,
}

impl Admits {
    /// Charges that pass both.
    pub(crate) fn and(self, other: Self) -> Self {
        match (self, other) {
            (Self::Never, _) | (_, Self::Never) => Self::Never,
            (Self::Always, rest) | (rest, Self::Always) => rest,
            (Self::Sometimes, Self::Sometimes) => Self::Sometimes,
        }
    }

    fn not(self) -> Self {
        match self {
            Self::Always => Self::Never,
            Self::Sometimes => Self::Sometimes,
            Self::Never => Self::Always,
        }
    }

    fn or(self, other: Self) -> Self {
        self.not().and(other.not()).not()
    }
}

impl From<bool> for Admits {
    fn from(value: bool) -> Self {
        if value { Self::Always } else { Self::Never }
    }
}

impl Charge<'_> {
    /// The old form: each key lists the values that pass.
    pub(crate) fn passes_old(self, filters: &BTreeMap<String, Vec<String>>) -> Admits {
        let one = |(key, values): (&String, &Vec<String>)| self.passes_dimension(key, values, &[]);
        filters.iter().map(one).fold(Admits::Always, Admits::and)
    }

    /// The new form. An expression without any term filters nothing.
    pub(crate) fn passes(self, filter: &Expression) -> Admits {
        let mut admits = Admits::Always;
        for part in filter.and.iter().flatten() {
            admits = admits.and(self.passes(part));
        }
        if let Some(parts) = filter.or.as_ref().filter(|parts| !parts.is_empty()) {
            admits = admits.and(parts.iter().map(|part| self.passes(part)).fold(Admits::Never, Admits::or));
        }
        if let Some(part) = &filter.not {
            admits = admits.and(self.passes(part).not());
        }
        if let Some(terms) = &filter.dimensions {
            admits = admits.and(self.passes_values(terms));
        }
        if filter.tags.is_some() || filter.cost_categories.is_some() {
            admits = admits.and(Admits::Sometimes);
        }
        admits
    }

    fn passes_values(self, terms: &ExpressionValues) -> Admits {
        let Some(key) = terms.key.as_deref() else { return Admits::Sometimes };
        let options = terms.match_options.as_deref().unwrap_or(&[]);
        self.passes_dimension(key, terms.values.as_deref().unwrap_or(&[]), options)
    }

    fn passes_dimension(self, key: &str, values: &[String], options: &[String]) -> Admits {
        let value = match key.replace('_', "").to_ascii_uppercase().as_str() {
            "LINKEDACCOUNT" => self.account,
            "RECORDTYPE" => self.record_type,
            _ => return Admits::Sometimes,
        };
        let same = |wanted: &String| wanted.eq_ignore_ascii_case(value);
        let lower = value.to_ascii_lowercase();
        let mut admits = values.iter().any(same);
        for option in options {
            admits = match option.as_str() {
                "EQUALS" | "CASE_SENSITIVE" | "CASE_INSENSITIVE" => admits,
                "ABSENT" => false,
                "STARTS_WITH" => values.iter().any(|wanted| lower.starts_with(&wanted.to_ascii_lowercase())),
                "ENDS_WITH" => values.iter().any(|wanted| lower.ends_with(&wanted.to_ascii_lowercase())),
                "CONTAINS" => values.iter().any(|wanted| lower.contains(&wanted.to_ascii_lowercase())),
                _ => return Admits::Sometimes,
            };
        }
        admits.into()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn new(record_type: &str, filter: serde_json::Value) -> Admits {
        let filter: Expression = serde_json::from_value(filter).unwrap();
        Charge { record_type, account: "123456789012" }.passes(&filter)
    }

    fn old(record_type: &str, filters: serde_json::Value) -> Admits {
        let filters: BTreeMap<String, Vec<String>> = serde_json::from_value(filters).unwrap();
        Charge { record_type, account: "123456789012" }.passes_old(&filters)
    }

    #[test]
    fn an_empty_filter_of_either_form_lets_everything_through() {
        assert_eq!(new("Usage", json!({})), Admits::Always);
        assert_eq!(old("Usage", json!({})), Admits::Always);
    }

    #[test]
    fn a_filter_by_service_tag_or_category_narrows() {
        assert_eq!(old("Usage", json!({ "AZ": ["us-east-1"] })), Admits::Sometimes);
        assert_eq!(
            new("Usage", json!({ "Dimensions": { "Key": "SERVICE", "Values": ["Amazon S3"] } })),
            Admits::Sometimes
        );
        assert_eq!(new("Usage", json!({ "Tags": { "Key": "team", "Values": ["a"] } })), Admits::Sometimes);
        assert_eq!(new("Usage", json!({ "CostCategories": { "Key": "c", "Values": ["a"] } })), Admits::Sometimes);
    }

    #[test]
    fn this_accounts_own_number_narrows_nothing_and_anothers_everything() {
        assert_eq!(old("Usage", json!({ "LinkedAccount": ["123456789012"] })), Admits::Always);
        assert_eq!(old("Usage", json!({ "LinkedAccount": ["999999999999"] })), Admits::Never);
        assert_eq!(
            new("Usage", json!({ "Not": { "Dimensions": { "Key": "LINKED_ACCOUNT", "Values": ["999999999999"] } } })),
            Admits::Always
        );
    }

    #[test]
    fn leaving_credits_and_refunds_out_keeps_usage() {
        let filter = json!({ "Not": { "Dimensions": { "Key": "RECORD_TYPE", "Values": ["Credit", "Refund"] } } });
        assert_eq!(new("Usage", filter.clone()), Admits::Always);
        assert_eq!(new("Credit", filter.clone()), Admits::Never);
        assert_eq!(new("Refund", filter), Admits::Never);
    }

    #[test]
    fn a_filter_for_credits_alone_counts_no_usage() {
        let filter = json!({ "RecordType": ["Credit"] });
        assert_eq!(old("Credit", filter.clone()), Admits::Always);
        assert_eq!(old("Usage", filter), Admits::Never);
    }

    #[test]
    fn terms_combine_by_and_or_and_not() {
        let usage = json!({ "Dimensions": { "Key": "RECORD_TYPE", "Values": ["Usage"] } });
        let service = json!({ "Dimensions": { "Key": "SERVICE", "Values": ["Amazon S3"] } });
        assert_eq!(new("Usage", json!({ "And": [usage, service] })), Admits::Sometimes);
        assert_eq!(new("Usage", json!({ "Or": [usage, service] })), Admits::Always);
        assert_eq!(new("Credit", json!({ "Or": [usage, service] })), Admits::Sometimes);
        assert_eq!(new("Credit", json!({ "And": [usage, service] })), Admits::Never);
    }

    #[test]
    fn match_options_are_followed_and_unknown_ones_narrow() {
        let term = |option: &str, value: &str| {
            new(
                "Credit",
                json!({ "Dimensions": { "Key": "RECORD_TYPE", "Values": [value], "MatchOptions": [option] } }),
            )
        };
        assert_eq!(term("STARTS_WITH", "Cre"), Admits::Always);
        assert_eq!(term("CONTAINS", "edi"), Admits::Always);
        assert_eq!(term("EQUALS", "Cre"), Admits::Never);
        assert_eq!(term("ABSENT", "Credit"), Admits::Never);
        assert_eq!(term("SOUNDS_LIKE", "Credit"), Admits::Sometimes);
    }
}

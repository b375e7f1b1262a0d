//! Whether a trail records what happens to the objects of every S3 bucket.

use super::{Fact, MEMBER_MISSING, Observed, Source};
use crate::snapshot::shapes::cloudtrail::{AdvancedEventSelector, EventSelector, FieldSelector, GetEventSelectors};

const OBJECT: &str = "AWS::S3::Object";

/// Which calls on objects a rule asks about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Calls {
    /// Those that only read.
    Reads,
    /// Those that change something.
    Writes,
}

impl Calls {
    /// The `ReadWriteType` of a basic selector that records these calls alone.
    fn basic(self) -> &'static str {
        match self {
            Self::Reads => "ReadOnly",
            Self::Writes => "WriteOnly",
        }
    }

    /// The value of an advanced selector's `readOnly` that keeps these calls.
    fn read_only(self) -> &'static str {
        match self {
            Self::Reads => "true",
            Self::Writes => "false",
        }
    }
}

/// True when one selector records these calls on the objects of every bucket.
pub(crate) fn records(source: &Source<'_, GetEventSelectors>, partition: &str, calls: Calls) -> Fact<bool> {
    let answer = match &source.state {
        Observed::Present(answer) => *answer,
        Observed::Absent => return Fact::absent(source.origin("")),
        Observed::Unknown(gap) => return Fact::unknown(gap.clone()),
    };
    if answer.event_selectors.is_none() && answer.advanced_event_selectors.is_none() {
        return Fact::unknown(source.gap(MEMBER_MISSING, "the answer has neither kind of event selectors"));
    }
    let basic = answer.event_selectors.iter().flatten().any(|selector| basic(selector, partition, calls));
    let advanced =
        answer.advanced_event_selectors.iter().flatten().any(|selector| advanced(selector, partition, calls));
    if !(basic || advanced || answer.event_selectors.iter().flatten().all(is_told) && are_told(answer)) {
        return Fact::unknown(source.gap(MEMBER_MISSING, "an event selector lacks a member that says what it records"));
    }
    let pointer = if answer.event_selectors.is_some() { "/EventSelectors" } else { "/AdvancedEventSelectors" };
    Fact::present(basic || advanced, source.origin(pointer))
}

/// Whether a basic selector says what it records; one without data events has no `DataResources`.
fn is_told(selector: &EventSelector) -> bool {
    let mut resources = selector.data_resources.iter().flatten();
    selector.read_write_type.is_some() && resources.all(|one| one.kind.is_some() && one.values.is_some())
}

fn are_told(answer: &GetEventSelectors) -> bool {
    answer.advanced_event_selectors.iter().flatten().all(super::trail_selector::is_told)
}

fn basic(selector: &EventSelector, partition: &str, calls: Calls) -> bool {
    let kind = selector.read_write_type.as_deref();
    let resources = selector.data_resources.iter().flatten();
    let all_buckets = resources
        .filter(|resource| resource.kind.as_deref() == Some(OBJECT))
        .any(|resource| resource.values.iter().flatten().any(|value| is_every_bucket(value, partition)));
    all_buckets && (kind == Some("All") || kind == Some(calls.basic()))
}

/// Both spellings stand for all buckets:
/// <https://docs.aws.amazon.com/awscloudtrail/latest/APIReference/API_DataResource.html>
fn is_every_bucket(value: &str, partition: &str) -> bool {
    value == format!("arn:{partition}:s3") || value == format!("arn:{partition}:s3:::")
}

fn advanced(selector: &AdvancedEventSelector, partition: &str, calls: Calls) -> bool {
    let fields: Vec<&FieldSelector> = selector.field_selectors.iter().flatten().collect();
    let has = |name: &str, value: &str| {
        fields.iter().any(|field| field.field.as_deref() == Some(name) && is_exactly(field, value))
    };
    let keeps_all = fields.iter().all(|field| match field.field.as_deref() {
        Some("eventCategory" | "resources.type") => true,
        Some("readOnly") => is_exactly(field, calls.read_only()),
        Some("resources.ARN") => names_every_bucket(field, partition),
        _ => false,
    });
    has("eventCategory", "Data") && has("resources.type", OBJECT) && keeps_all
}

fn has_others(field: &FieldSelector) -> bool {
    [&field.ends_with, &field.not_equals, &field.not_starts_with, &field.not_ends_with]
        .into_iter()
        .any(|values| values.as_ref().is_some_and(|values| !values.is_empty()))
}

fn is_exactly(field: &FieldSelector, value: &str) -> bool {
    let starts = field.starts_with.as_ref().is_some_and(|values| !values.is_empty());
    field.equals.iter().flatten().any(|one| one == value) && !starts && !has_others(field)
}

fn names_every_bucket(field: &FieldSelector, partition: &str) -> bool {
    let mut starts = field.starts_with.iter().flatten();
    starts.any(|value| is_every_bucket(value, partition)) && field.equals.is_none() && !has_others(field)
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::{Calls, advanced, basic};

    fn is_recorded(fields: &[Value], calls: Calls) -> bool {
        let selector = serde_json::from_value(json!({ "FieldSelectors": fields })).unwrap();
        advanced(&selector, "aws", calls)
    }

    #[test]
    fn a_basic_selector_counts_for_every_bucket_in_both_spellings() {
        let selector = |kind: &str, value: &str| {
            let resource = json!({ "Type": "AWS::S3::Object", "Values": [value] });
            serde_json::from_value(json!({ "ReadWriteType": kind, "DataResources": [resource] })).unwrap()
        };
        assert!(basic(&selector("All", "arn:aws:s3"), "aws", Calls::Reads));
        assert!(basic(&selector("WriteOnly", "arn:aws:s3:::"), "aws", Calls::Writes));
        assert!(!basic(&selector("WriteOnly", "arn:aws:s3:::"), "aws", Calls::Reads));
        assert!(!basic(&selector("All", "arn:aws:s3:::one/"), "aws", Calls::Reads));
        assert!(!basic(&selector("All", "arn:aws:s3"), "aws-cn", Calls::Reads));
    }

    #[test]
    fn an_advanced_selector_counts_unless_another_field_narrows_it() {
        let category = json!({ "Field": "eventCategory", "Equals": ["Data"] });
        let kind = json!({ "Field": "resources.type", "Equals": ["AWS::S3::Object"] });
        let whole = [category.clone(), kind.clone()];
        assert!(is_recorded(&whole, Calls::Reads) && is_recorded(&whole, Calls::Writes));
        let with = |field: Value| [category.clone(), kind.clone(), field];
        let writes = with(json!({ "Field": "readOnly", "Equals": ["false"] }));
        assert!(is_recorded(&writes, Calls::Writes) && !is_recorded(&writes, Calls::Reads));
        let all = with(json!({ "Field": "resources.ARN", "StartsWith": ["arn:aws:s3:::"] }));
        assert!(is_recorded(&all, Calls::Reads));
        let one = with(json!({ "Field": "resources.ARN", "StartsWith": ["arn:aws:s3:::one/"] }));
        let named = with(json!({ "Field": "eventName", "Equals": ["PutObject"] }));
        let without = with(json!({ "Field": "resources.ARN", "NotStartsWith": ["arn:aws:s3:::one/"] }));
        for narrowed in [one, named, without] {
            assert!(!is_recorded(&narrowed, Calls::Writes), "{narrowed:?}");
        }
        assert!(!is_recorded(&[json!({ "Field": "eventCategory", "Equals": ["Data"] })], Calls::Reads));
    }
}

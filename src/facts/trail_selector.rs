//! What a trail records of management events, from basic or advanced event selectors.

use super::{Fact, List, MEMBER_MISSING, Observed, Origin, Source};
use crate::facts;
use crate::snapshot::shapes::cloudtrail::{AdvancedEventSelector, EventSelector, FieldSelector, GetEventSelectors};

facts! {
    /// A selector of management events; one that records reads and one that records writes are joined into a third.
    ManagementSelector as "management-selector" {
        /// True when calls that only read are recorded.
        reads: bool => [CloudtrailGetEventSelectors];
        /// True when calls that change something are recorded.
        writes: bool => [CloudtrailGetEventSelectors];
        /// True when some other term leaves management events out.
        is_narrowed: bool => [CloudtrailGetEventSelectors];
        /// Services whose events are left out.
        excluded_sources: List<String> => [CloudtrailGetEventSelectors];
    }
}

/// What one selector records, before it becomes facts.
#[derive(Debug, Clone, PartialEq)]
struct Reach {
    reads: bool,
    writes: bool,
    narrowed: bool,
    excluded: Vec<String>,
    origin: Origin,
}

/// Builds the selectors of one trail.
pub(crate) fn build(source: &Source<'_, GetEventSelectors>) -> Fact<List<ManagementSelector>> {
    let answer = match &source.state {
        Observed::Present(answer) => *answer,
        Observed::Absent => return Fact::absent(source.origin("")),
        Observed::Unknown(gap) => return Fact::unknown(gap.clone()),
    };
    if answer.event_selectors.is_none() && answer.advanced_event_selectors.is_none() {
        return Fact::unknown(source.gap(MEMBER_MISSING, "the answer has neither kind of event selectors"));
    }
    let basic = answer.event_selectors.iter().flatten().enumerate();
    let basic = basic.filter_map(|(index, selector)| basic_reach(selector, source, index));
    let advanced = answer.advanced_event_selectors.iter().flatten().enumerate();
    let advanced = advanced.filter_map(|(index, selector)| {
        advanced_reach(selector, source.origin("/AdvancedEventSelectors/*").element(index))
    });
    let mut found: Vec<Reach> = basic.chain(advanced).collect();
    found.extend(joined(&found));
    let pointer = if answer.event_selectors.is_some() { "/EventSelectors" } else { "/AdvancedEventSelectors" };
    let gaps = unreadable(answer).map(|message| source.gap(MEMBER_MISSING, message)).into_iter().collect();
    Fact::present(List { items: found.into_iter().map(Reach::facts).collect(), gaps }, source.origin(pointer))
}

impl Reach {
    fn facts(self) -> ManagementSelector {
        ManagementSelector {
            reads: Fact::present(self.reads, self.origin),
            writes: Fact::present(self.writes, self.origin),
            is_narrowed: Fact::present(self.narrowed, self.origin),
            excluded_sources: Fact::present(List::whole(self.excluded), self.origin),
        }
    }
}

/// Why a selector cannot be read, when one cannot.
fn unreadable(answer: &GetEventSelectors) -> Option<&'static str> {
    let mut basic = answer.event_selectors.iter().flatten();
    if basic.any(|selector| selector.include_management_events.is_none() || selector.read_write_type.is_none()) {
        return Some("an event selector has no `IncludeManagementEvents` or `ReadWriteType`");
    }
    let mut advanced = answer.advanced_event_selectors.iter().flatten();
    (!advanced.all(is_told)).then_some("an advanced event selector does not name its fields or its kind of events")
}

/// Whether an advanced selector names its fields, and of which kind its events are: `eventCategory` takes `Equals` alone.
/// <https://docs.aws.amazon.com/awscloudtrail/latest/APIReference/API_AdvancedFieldSelector.html>
pub(super) fn is_told(selector: &AdvancedEventSelector) -> bool {
    selector.field_selectors.as_ref().is_some_and(|fields| {
        fields.iter().all(|field| match field.field.as_deref() {
            Some("eventCategory") => field.equals.is_some(),
            name => name.is_some(),
        })
    })
}

fn basic_reach(selector: &EventSelector, source: &Source<'_, GetEventSelectors>, index: usize) -> Option<Reach> {
    let kind = selector.read_write_type.as_deref()?;
    (selector.include_management_events == Some(true)).then(|| Reach {
        reads: matches!(kind, "All" | "ReadOnly"),
        writes: matches!(kind, "All" | "WriteOnly"),
        narrowed: false,
        // AWS leaves the member out when no source is excluded.
        excluded: selector.exclude_management_event_sources.iter().flatten().cloned().collect(),
        origin: source.origin("/EventSelectors/*").element(index),
    })
}

fn advanced_reach(selector: &AdvancedEventSelector, origin: Origin) -> Option<Reach> {
    let mut reach = Reach { reads: true, writes: true, narrowed: false, excluded: Vec::new(), origin };
    let mut is_management = false;
    for field in selector.field_selectors.iter().flatten() {
        match field.field.as_deref() {
            Some("eventCategory") => is_management = values(field.equals.as_ref()).any(|value| value == "Management"),
            Some("readOnly") => match asks_for(field) {
                Some((reads, writes)) => {
                    reach.reads &= reads;
                    reach.writes &= writes;
                }
                None => reach.narrowed = true,
            },
            Some("eventSource") if only_not_equals(field) => {
                reach.excluded.extend(values(field.not_equals.as_ref()).map(str::to_owned));
            }
            _ => reach.narrowed = true,
        }
    }
    is_management.then_some(reach)
}

fn values(list: Option<&Vec<String>>) -> impl Iterator<Item = &str> {
    list.into_iter().flatten().map(String::as_str)
}

/// What a `readOnly` term lets through: reads and writes. `None` for operators that CloudTrail does not document here.
fn asks_for(field: &FieldSelector) -> Option<(bool, bool)> {
    let has = |list: Option<&Vec<String>>, wanted| values(list).any(|value| value == wanted);
    let equals = field.equals.as_ref().filter(|list| !list.is_empty());
    let not_equals = field.not_equals.as_ref().filter(|list| !list.is_empty());
    match (equals, not_equals) {
        (Some(_), None) => Some((has(equals, "true"), has(equals, "false"))),
        (None, Some(_)) => Some((!has(not_equals, "true"), !has(not_equals, "false"))),
        _ => None,
    }
}

fn only_not_equals(field: &FieldSelector) -> bool {
    let others = [&field.equals, &field.starts_with, &field.ends_with, &field.not_starts_with, &field.not_ends_with];
    others.into_iter().flatten().all(Vec::is_empty) && field.not_equals.is_some()
}

/// A selector of reads and one of writes together record both, less what either leaves out.
fn joined(found: &[Reach]) -> Vec<Reach> {
    let pairs = found.iter().flat_map(|reads| found.iter().map(move |writes| (reads, writes)));
    let pairs = pairs.filter(|(one, two)| one.reads && !one.writes && two.writes && !two.reads);
    pairs
        .map(|(reads, writes)| {
            let mut excluded: Vec<String> = reads.excluded.iter().chain(&writes.excluded).cloned().collect();
            excluded.sort();
            excluded.dedup();
            Reach {
                reads: true,
                writes: true,
                narrowed: reads.narrowed || writes.narrowed,
                excluded,
                origin: reads.origin,
            }
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn advanced(fields: &serde_json::Value) -> Option<Reach> {
        let selector: AdvancedEventSelector = serde_json::from_value(json!({ "FieldSelectors": fields })).unwrap();
        advanced_reach(&selector, Origin::NONE)
    }

    #[test]
    fn an_advanced_selector_is_known_by_its_terms_not_its_name() {
        let all = advanced(&json!([{ "Field": "eventCategory", "Equals": ["Management"] }])).unwrap();
        assert!(all.reads && all.writes && !all.narrowed && all.excluded.is_empty());
        assert_eq!(advanced(&json!([{ "Field": "eventCategory", "Equals": ["Data"] }])), None);
    }

    #[test]
    fn a_read_only_term_leaves_writes_out() {
        let reads = advanced(&json!([
            { "Field": "eventCategory", "Equals": ["Management"] },
            { "Field": "readOnly", "Equals": ["true"] },
        ]))
        .unwrap();
        assert!(reads.reads && !reads.writes);
        let writes = advanced(&json!([
            { "Field": "eventCategory", "Equals": ["Management"] },
            { "Field": "readOnly", "NotEquals": ["true"] },
        ]))
        .unwrap();
        assert!(!writes.reads && writes.writes);
        let both = joined(&[reads, writes]);
        assert!(matches!(both.as_slice(), [Reach { reads: true, writes: true, .. }]));
    }

    #[test]
    fn excluded_sources_are_named_and_other_terms_narrow() {
        let kms = advanced(&json!([
            { "Field": "eventCategory", "Equals": ["Management"] },
            { "Field": "eventSource", "NotEquals": ["kms.amazonaws.com"] },
        ]))
        .unwrap();
        assert_eq!((kms.excluded, kms.narrowed), (vec!["kms.amazonaws.com".to_owned()], false));
        let only_iam = advanced(&json!([
            { "Field": "eventCategory", "Equals": ["Management"] },
            { "Field": "eventSource", "Equals": ["iam.amazonaws.com"] },
        ]))
        .unwrap();
        assert!(only_iam.narrowed);
    }
}

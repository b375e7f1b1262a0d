//! From the SDK's types to observed shapes, member by member.
//!
//! Members that no fact reads are left behind here, so they never reach a snapshot.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::hash::{DefaultHasher, Hasher};

use aws_smithy_types::{Blob, DateTime};
use serde::Serialize;
use serde_json::Value;

use crate::snapshot::{Document, Time, percent_decoded};

/// A member as a shape holds it; `None` when AWS sent none.
pub(super) trait IntoShape<T> {
    fn shape(self) -> Option<T>;
}

macro_rules! as_it_is {
    ($($kind:ty),*) => { $(
        impl IntoShape<$kind> for $kind {
            fn shape(self) -> Option<$kind> {
                Some(self)
            }
        }
    )* };
}

as_it_is!(String, bool, f64, i64);

impl IntoShape<i64> for i32 {
    fn shape(self) -> Option<i64> {
        Some(i64::from(self))
    }
}

/// AWS counts milliseconds; what the SDK's floats show below that is noise.
impl IntoShape<Time> for DateTime {
    fn shape(self) -> Option<Time> {
        let milliseconds = (i64::from(self.subsec_nanos()) + 500_000) / 1_000_000;
        let milliseconds = self.secs().checked_mul(1000)?.checked_add(milliseconds)?;
        jiff::Timestamp::from_millisecond(milliseconds).ok().map(Time)
    }
}

/// Text that AWS sends as bytes.
impl IntoShape<String> for Blob {
    fn shape(self) -> Option<String> {
        Some(String::from_utf8_lossy(&self.into_inner()).into_owned())
    }
}

/// A policy document: AWS sends it as URL-encoded JSON text. What is no JSON stays the text that it is.
impl IntoShape<Value> for String {
    fn shape(self) -> Option<Value> {
        let decoded = percent_decoded(&self);
        Some(serde_json::from_str(&decoded).unwrap_or(Value::String(decoded)))
    }
}

/// The same, kept as text.
impl IntoShape<Document> for String {
    fn shape(self) -> Option<Document> {
        let value: Value = self.shape()?;
        Some(Document::from(&value))
    }
}

impl<Sdk: IntoShape<Ours>, Ours> IntoShape<Ours> for Option<Sdk> {
    fn shape(self) -> Option<Ours> {
        self.and_then(Sdk::shape)
    }
}

impl<Sdk: IntoShape<Ours>, Ours> IntoShape<Vec<Ours>> for Vec<Sdk> {
    fn shape(self) -> Option<Vec<Ours>> {
        self.into_iter().map(Sdk::shape).collect()
    }
}

impl<Sdk: IntoShape<Ours>, Ours> IntoShape<Box<Ours>> for Box<Sdk> {
    fn shape(self) -> Option<Box<Ours>> {
        (*self).shape().map(Box::new)
    }
}

impl<Name: IntoShape<String>, Sdk: IntoShape<Ours>, Ours> IntoShape<BTreeMap<String, Ours>> for HashMap<Name, Sdk> {
    fn shape(self) -> Option<BTreeMap<String, Ours>> {
        self.into_iter().map(|(key, value)| Some((key.shape()?, value.shape()?))).collect()
    }
}

/// Adds a page's items. A list that no page holds stays missing rather than becoming an empty one.
pub(super) fn append<B: PartialEq + Serialize>(all: &mut Option<Vec<B>>, page: impl IntoShape<Vec<B>>) {
    if let Some(items) = page.shape() {
        append_new(all.get_or_insert_default(), items);
    }
}

/// Adds a page's items to those of the pages before it. While pages are read, things move from one to the next: what the
/// page before held already is not added again.
pub(super) fn append_new<B: PartialEq + Serialize>(all: &mut Vec<B>, mut page: Vec<B>) {
    const LARGEST_PAGE: usize = 1000;
    let before = all.get(all.len().saturating_sub(LARGEST_PAGE)..).unwrap_or_default();
    if !before.is_empty() {
        let mut text = Vec::new();
        let known: HashSet<u64> = before.iter().map(|item| mark(item, &mut text)).collect();
        page.retain(|item| !known.contains(&mark(item, &mut text)) || !before.contains(item));
    }
    all.append(&mut page);
}

/// The same for equal things, and hardly ever for others: comparing each of a thousand with each would take longer than
/// reading them. `text` is room to write in.
fn mark(item: &impl Serialize, text: &mut Vec<u8>) -> u64 {
    text.clear();
    // INVARIANT: what cannot be written ends at the same place for equal things.
    let _ = serde_json::to_writer(&mut *text, item);
    let mut hasher = DefaultHasher::new();
    hasher.write(text);
    hasher.finish()
}

/// Says which of an SDK type's members make a shape.
macro_rules! shape {
    ($( $(#[$meta:meta])* $sdk:ty => $shape:ident { $( $field:ident ),* $(,)? } )*) => { $(
        impl $crate::collect::convert::IntoShape<$shape> for $sdk {
            $(#[$meta])*
            fn shape(self) -> Option<$shape> {
                Some($shape { $( $field: self.$field.shape() ),* })
            }
        }
    )* };
}

/// Turns the SDK's enumerations back into AWS's words, those that the SDK does not know yet included.
macro_rules! words {
    ($($sdk:ty),* $(,)?) => { $(
        impl $crate::collect::convert::IntoShape<String> for $sdk {
            fn shape(self) -> Option<String> {
                Some(self.as_str().to_owned())
            }
        }
    )* };
}

pub(super) use {shape, words};

#[cfg(test)]
mod tests {
    use aws_smithy_types::DateTime;
    use serde_json::json;

    use super::{IntoShape, append, append_new};
    use crate::snapshot::{Document, Time};

    #[test]
    fn policy_documents_become_json_whether_encoded_or_not() {
        for text in ["%7B%22Version%22%3A%222012-10-17%22%7D", "{\"Version\":\"2012-10-17\"}"] {
            let document: Option<Document> = text.to_owned().shape();
            assert_eq!(document, Some(Document::from(&json!({ "Version": "2012-10-17" }))));
        }
    }

    #[test]
    fn a_document_that_is_no_json_stays_visible() {
        let document: Option<Document> = "100%zz %".to_owned().shape();
        assert_eq!(document, Some(Document::from(&json!("100%zz %"))));
    }

    #[test]
    fn times_keep_their_milliseconds() {
        let text = |nanoseconds| {
            let time: Option<Time> = DateTime::from_secs_and_nanos(1_477_958_399, nanoseconds).shape();
            time.map(|time| time.to_string())
        };
        assert_eq!(text(500_000_000).as_deref(), Some("2016-10-31T23:59:59.5Z"));
        assert_eq!(text(233_000_040).as_deref(), Some("2016-10-31T23:59:59.233Z"));
        assert_eq!(text(0).as_deref(), Some("2016-10-31T23:59:59Z"));
    }

    #[test]
    fn a_list_that_no_page_holds_is_missing_and_not_empty() {
        let mut all: Option<Vec<String>> = None;
        append(&mut all, None::<Vec<String>>);
        assert_eq!(all, None);
        append(&mut all, Some(Vec::<String>::new()));
        assert_eq!(all, Some(Vec::new()));
        append(&mut all, vec!["a".to_owned()]);
        append(&mut all, vec!["b".to_owned()]);
        assert_eq!(all, Some(vec!["a".to_owned(), "b".to_owned()]));
    }

    #[test]
    fn what_moved_to_the_next_page_is_there_once() {
        let texts = |range: std::ops::Range<u32>| range.map(|number| number.to_string()).collect::<Vec<_>>();
        let mut all = None;
        append(&mut all, texts(0..1000));
        append(&mut all, texts(990..1500));
        assert_eq!(all, Some(texts(0..1500)));
        let document = |text: &str| serde_json::from_str::<Document>(text).unwrap();
        let mut all = vec![document(r#"{"a":"x","b":"y"}"#)];
        append_new(&mut all, vec![document(r#"{"b":"y","a":"x"}"#), document(r#"{"b":"y"}"#)]);
        assert_eq!(all.len(), 2, "the same in another order is no news");
    }
}

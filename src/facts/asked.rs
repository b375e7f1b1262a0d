//! Answers of an operation that is called once per thing, found by the request member that names the thing.

use std::collections::BTreeMap;

use serde_json::Value;

use super::source::Source;
use crate::snapshot::{Answer, Shape, Snapshot};

/// The answers of one operation, by the text of one request member.
#[derive(Debug)]
pub(crate) struct Asked<'a, T> {
    member: &'static str,
    by_name: BTreeMap<&'a str, Vec<Answer<'a, T>>>,
}

impl<'a, T: Shape + 'a> Asked<'a, T> {
    /// Reads the answers of a snapshot.
    pub(crate) fn read(snapshot: &'a Snapshot, member: &'static str) -> Self {
        let mut by_name: BTreeMap<&str, Vec<Answer<'a, T>>> = BTreeMap::new();
        for answer in snapshot.answers::<T>() {
            if let Some(Value::String(name)) = answer.observation.request.get(member) {
                by_name.entry(name).or_default().push(answer);
            }
        }
        Self { member, by_name }
    }

    /// True when the operation was called at all.
    pub(crate) fn was_called(&self) -> bool {
        !self.by_name.is_empty()
    }

    /// The answer about a thing whose name is its own in each Region.
    pub(crate) fn in_region(&self, region: &str, name: &str) -> Source<'a, T> {
        let answers = self.by_name.get(name).into_iter().flatten();
        let found = answers.clone().find(|answer| answer.observation.region == region);
        found.map_or_else(|| self.missing(region, name), |answer| Source::from_answer(*answer))
    }

    /// The answer about a thing that has its name to itself, as an ARN is: the one of its Region, else of any.
    pub(crate) fn of_unique(&self, region: &str, name: &str) -> Source<'a, T> {
        match (self.in_region(region, name), self.by_name.get(name).and_then(|answers| answers.first())) {
            (Source { observation: None, .. }, Some(answer)) => Source::from_answer(*answer),
            (source, _) => source,
        }
    }

    /// Every answer about a thing, whatever the Region.
    pub(crate) fn all(&self, name: &str) -> &[Answer<'a, T>] {
        self.by_name.get(name).map_or(&[], Vec::as_slice)
    }

    /// The gap of a thing that nobody asked about.
    pub(crate) fn missing(&self, region: &str, name: &str) -> Source<'a, T> {
        Source::missing(region, [(self.member.to_owned(), Value::from(name))].into())
    }
}

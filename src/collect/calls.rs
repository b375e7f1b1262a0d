//! Collectors that are lists of calls: what to ask, where, and which answers lead to which further questions.

use std::collections::BTreeSet;

use serde_json::Value;

use super::context::Context;
use super::service::{Collector, Work};
use super::together::all;
use crate::snapshot::{Operation, Request};

/// A collector that makes these calls.
pub(super) struct Calls(pub(super) &'static [Call]);

/// One call, made in some places, about some things.
pub(super) struct Call {
    operation: Operation,
    place: Place,
    asked: &'static [(&'static str, Input)],
    told: &'static [(&'static str, Input)],
    then: &'static [Call],
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Place {
    /// In each Region that is asked.
    EachRegion,
    /// In the Region that answers for the partition.
    Leader,
    /// Where the answer came from, for each of its texts at a place.
    About { member: &'static str, at: &'static str },
}

/// What a member of a request is set to.
#[derive(Clone, Copy)]
pub(super) enum Input {
    /// A text.
    Text(&'static str),
    /// A number.
    Number(i64),
    /// A value, as JSON text.
    Json(&'static str),
    /// The account's id.
    Account,
}

impl Call {
    /// A call that each Region answers for itself.
    pub(super) const fn each_region(operation: Operation) -> Self {
        Self { operation, place: Place::EachRegion, asked: &[], told: &[], then: &[] }
    }

    /// A call that is made once for the account.
    pub(super) const fn once(operation: Operation) -> Self {
        Self { operation, place: Place::Leader, asked: &[], told: &[], then: &[] }
    }

    /// A call about each thing that an answer names, as in `/Keys/*/KeyArn`.
    pub(super) const fn about(operation: Operation, member: &'static str, at: &'static str) -> Self {
        Self { operation, place: Place::About { member, at }, asked: &[], told: &[], then: &[] }
    }

    /// Members of the request that tell this call from others of the operation.
    pub(super) const fn asking(mut self, members: &'static [(&'static str, Input)]) -> Self {
        self.asked = members;
        self
    }

    /// Members of the request that change nothing about what is asked, as the size of pages.
    pub(super) const fn telling(mut self, members: &'static [(&'static str, Input)]) -> Self {
        self.told = members;
        self
    }

    /// Calls about what the answer names.
    pub(super) const fn then(mut self, calls: &'static [Call]) -> Self {
        self.then = calls;
        self
    }

    /// How many calls follow one another at most, this one included.
    fn depth(&self) -> usize {
        1 + self.then.iter().map(Self::depth).max().unwrap_or(0)
    }

    /// The operations of this call and of those that follow from it.
    #[cfg(test)]
    pub(super) fn operations(&self) -> Vec<Operation> {
        [self.operation].into_iter().chain(self.then.iter().flat_map(Self::operations)).collect()
    }

    /// Each operation that follows from another's answer, with that other.
    #[cfg(test)]
    pub(super) fn follow_ups(&self) -> Vec<(Operation, Operation)> {
        let own = self.then.iter().map(|call| (call.operation, self.operation));
        own.chain(self.then.iter().flat_map(Self::follow_ups)).collect()
    }
}

impl Calls {
    /// Makes the calls that are made once for the account.
    pub(super) async fn read(&self, context: &Context<'_>) {
        all(self.in_place(Place::Leader).map(|call| make(context, call, context.leader(), Request::new()))).await;
    }

    /// Makes the calls that a Region answers for itself.
    pub(super) async fn read_in(&self, context: &Context<'_>, region: &str) {
        all(self.in_place(Place::EachRegion).map(|call| make(context, call, region, Request::new()))).await;
    }

    fn in_place(&self, place: Place) -> impl Iterator<Item = &'static Call> + use<> {
        self.0.iter().filter(move |call| call.place == place)
    }
}

impl Collector for Calls {
    fn start<'a>(&self, context: &'a Context<'a>) -> Option<Work<'a>> {
        let calls = Self(self.0);
        self.in_place(Place::Leader).next()?;
        Some(Box::pin(async move { calls.read(context).await }))
    }

    fn in_region<'a>(&self, context: &'a Context<'a>, region: &'a str) -> Option<Work<'a>> {
        let calls = Self(self.0);
        self.in_place(Place::EachRegion).next()?;
        Some(Box::pin(async move { calls.read_in(context, region).await }))
    }

    fn depth(&self) -> usize {
        self.0.iter().map(Call::depth).max().unwrap_or(0)
    }

    #[cfg(test)]
    fn calls(&self) -> &'static [Call] {
        self.0
    }
}

fn make<'a>(context: &'a Context<'_>, call: &'static Call, region: &'a str, about: Request) -> Work<'a> {
    Box::pin(async move {
        let mut request = about;
        request.extend(members(context, call.asked));
        let Some(answer) = context.ask(call.operation, region, request, members(context, call.told)).await else {
            return;
        };
        all(call.then.iter().flat_map(|next| follow(context, next, region, &answer))).await;
    })
}

/// Makes a call about everything that an answer names.
pub(super) fn follow<'a>(
    context: &'a Context<'_>,
    call: &'static Call,
    region: &'a str,
    answer: &Value,
) -> Vec<Work<'a>> {
    let Place::About { member, at } = call.place else { return Vec::new() };
    let about = |name: String| [(member.to_owned(), Value::String(name))].into();
    texts(answer, at).into_iter().map(|name| make(context, call, region, about(name))).collect()
}

fn members(context: &Context<'_>, members: &[(&str, Input)]) -> Request {
    let value = |input: &Input| match input {
        Input::Text(text) => Value::from(*text),
        Input::Number(number) => Value::from(*number),
        // A table that holds no JSON is found by every test that asks; AWS would refuse the text.
        Input::Json(text) => serde_json::from_str(text).unwrap_or_else(|_| Value::from(*text)),
        Input::Account => Value::from(context.run.session.account.as_str()),
    };
    members.iter().map(|(name, input)| ((*name).to_owned(), value(input))).collect()
}

/// The texts at a place of an answer; `*` stands for every item of a list.
pub(super) fn texts(answer: &Value, at: &str) -> BTreeSet<String> {
    let mut found = vec![answer];
    for step in at.split('/').skip(1) {
        found = match step {
            "*" => found.into_iter().filter_map(Value::as_array).flatten().collect(),
            name => found.into_iter().filter_map(|value| value.get(name)).collect(),
        };
    }
    found.into_iter().filter_map(Value::as_str).filter(|text| !text.is_empty()).map(str::to_owned).collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::texts;

    #[test]
    fn texts_are_found_in_lists_inside_lists() {
        let answer = json!({ "A": [{ "B": [{ "C": "x" }, { "C": "y" }] }, { "B": [{ "C": "x" }, {}] }, {}], "D": "z" });
        assert_eq!(texts(&answer, "/A/*/B/*/C").into_iter().collect::<Vec<_>>(), ["x", "y"]);
        assert_eq!(texts(&answer, "/D").len(), 1);
        assert!(texts(&answer, "/A/*/C").is_empty());
    }
}

//! Lists that AWS keeps Region by Region: what each Region answered, and a gap for each that was asked and did not.

use std::collections::{BTreeMap, BTreeSet};

use crate::facts::{Fact, Gap, INCOMPLETE, List, MEMBER_MISSING, Observed, Origin, Resource, Source, leader_region};
use crate::snapshot::shapes::account;
use crate::snapshot::{Request, Said, Shape, Snapshot};

/// Members of a request that do not narrow what a list shows.
const PAGING: [&str; 7] = ["MaxResults", "maxResults", "MaxRecords", "MaxItems", "PageSize", "Limit", "limit"];

/// Items with their places.
type Items<'a, I> = Vec<([u32; 2], &'a I)>;

/// The items of one answer, and whether the list goes on.
pub(crate) struct Page<'a, I> {
    items: Option<Items<'a, I>>,
    more: bool,
}

impl<'a, I> Page<'a, I> {
    /// A list that stands in the answer, and the token of the page after it.
    pub(crate) fn of(items: Option<&'a Vec<I>>, token: Option<&String>) -> Self {
        let items =
            items.map(|items| items.iter().enumerate().map(|(index, item)| ([place(index), 0], item)).collect());
        Self { items, more: token.is_some_and(|token| !token.is_empty()) }
    }

    /// Items that the caller found, each with its place.
    pub(crate) fn nested(items: Option<Items<'a, I>>, token: Option<&String>) -> Self {
        Self { items, more: token.is_some_and(|token| !token.is_empty()) }
    }
}

/// A position as origins hold it.
pub(crate) fn place(index: usize) -> u32 {
    u32::try_from(index).unwrap_or(u32::MAX)
}

/// An item of a list, with the answer that it stands in.
pub(crate) struct Element<'s, 'a, T, I> {
    source: &'s Source<'a, T>,
    index: [u32; 2],
    /// The item.
    pub(crate) item: &'a I,
}

impl<'a, T: Shape + 'a, I> Element<'_, 'a, T, I> {
    /// The Region that lists it.
    pub(crate) fn region(&self) -> &str {
        self.source.region()
    }

    /// A member of the item.
    pub(crate) fn origin(&self, pointer: &'static str) -> Origin {
        Origin { index: self.index, ..self.source.origin(pointer) }
    }

    /// A gap in the answer.
    pub(crate) fn gap(&self, code: &str, message: &str) -> Gap {
        self.source.gap(code, message)
    }

    /// A member that AWS always sends: missing, it is unknown.
    pub(crate) fn required<U>(&self, pointer: &'static str, value: Option<U>) -> Fact<U> {
        let missing = || Observed::Unknown(self.gap(MEMBER_MISSING, &format!("the answer has no `{pointer}`")));
        Fact::new(value.map_or_else(missing, Observed::Present), self.origin(pointer))
    }

    /// A member that AWS leaves out when there is none: missing, it is absent.
    pub(crate) fn optional<U>(&self, pointer: &'static str, value: Option<U>) -> Fact<U> {
        Fact::new(value.map_or(Observed::Absent, Observed::Present), self.origin(pointer))
    }
}

/// One Region's answers to one operation.
struct Answers<'a, T, I> {
    lists: Vec<(Source<'a, T>, Items<'a, I>)>,
    gaps: Vec<Gap>,
}

/// Every Region's answers to one operation.
pub(crate) struct Regional<'a, T, I> {
    regions: BTreeMap<String, Answers<'a, T, I>>,
}

impl<'a, T: Shape + 'a, I> Regional<'a, T, I> {
    /// Reads a list that every Region has for itself.
    pub(crate) fn read(snapshot: &'a Snapshot, page: impl Fn(&'a T) -> Page<'a, I>) -> Self {
        Self::among(snapshot, |request| Some(lists_all(request)), page)
    }

    /// As [`Self::read`], of requests that are about the list: `concerns` says of one whether it asks for all of it.
    pub(crate) fn among(
        snapshot: &'a Snapshot,
        concerns: impl Fn(&Request) -> Option<bool>,
        page: impl Fn(&'a T) -> Page<'a, I>,
    ) -> Self {
        let mut regions: BTreeSet<&str> = asked(snapshot);
        let answered = snapshot.answers::<T>().filter(|answer| matches!(answer.said, Said::Present(_)));
        regions.extend(answered.map(|answer| answer.observation.region.as_str()));
        if regions.is_empty() {
            regions.insert(leader_region(&snapshot.partition));
        }
        let regions =
            regions.into_iter().map(|region| (region.to_owned(), Self::of_region(snapshot, region, &concerns, &page)));
        Self { regions: regions.collect() }
    }

    /// Reads a list that the account has once, whatever Region was asked.
    pub(crate) fn global(snapshot: &'a Snapshot, page: impl Fn(&'a T) -> Page<'a, I>) -> Self {
        let region = Source::<T>::global(snapshot).region().to_owned();
        let answers = Self::of_region(snapshot, &region, &|request: &Request| Some(lists_all(request)), &page);
        Self { regions: [(region, answers)].into() }
    }

    fn of_region(
        snapshot: &'a Snapshot,
        region: &str,
        concerns: &impl Fn(&Request) -> Option<bool>,
        page: &impl Fn(&'a T) -> Page<'a, I>,
    ) -> Answers<'a, T, I> {
        let mut answers = Answers { lists: Vec::new(), gaps: Vec::new() };
        let mut is_asked = false;
        for answer in snapshot.answers::<T>().filter(|answer| answer.observation.region == region) {
            let Some(lists_all) = concerns(&answer.observation.request) else { continue };
            is_asked |= lists_all;
            let source = Source::from_answer(answer);
            let Observed::Present(shape) = source.state.clone() else {
                answers.gaps.extend(source.state.gap().filter(|_| lists_all).cloned());
                continue;
            };
            let Page { items, more } = page(shape);
            match items {
                None if lists_all => answers.gaps.push(source.gap(MEMBER_MISSING, "the answer has no list")),
                _ if more && lists_all => {
                    answers.gaps.push(source.gap(INCOMPLETE, "the list goes on after the last page that was read"));
                }
                _ => {}
            }
            answers.lists.push((source, items.into_iter().flatten().collect()));
        }
        if !is_asked {
            answers.gaps.extend(Source::<T>::missing(region, Request::new()).state.gap().cloned());
        }
        answers
    }

    /// The same list, of items that are found by their members: one that lacks such a member is a gap, for it may be
    /// any.
    pub(crate) fn found_by(mut self, members: &str, has_all: impl Fn(&I) -> bool) -> Self {
        for answers in self.regions.values_mut() {
            let incomplete = |(_, items): &&(Source<'a, T>, Items<'a, I>)| !items.iter().all(|(_, item)| has_all(item));
            let message = format!("an item of the list has no {members}");
            let gaps: Vec<Gap> = answers
                .lists
                .iter()
                .filter(incomplete)
                .map(|(source, _)| source.gap(MEMBER_MISSING, &message))
                .collect();
            answers.gaps.extend(gaps);
        }
        self
    }

    /// Every item of every Region.
    pub(crate) fn elements(&self) -> impl Iterator<Item = Element<'_, 'a, T, I>> {
        self.regions.values().flat_map(elements)
    }

    /// The items of one Region.
    pub(crate) fn in_region(&self, region: &str) -> impl Iterator<Item = Element<'_, 'a, T, I>> {
        self.regions.get(region).into_iter().flat_map(elements)
    }

    /// Why one Region may have more items.
    pub(crate) fn gaps_in(&self, region: &str) -> Vec<Gap> {
        match self.regions.get(region) {
            Some(answers) => answers.gaps.clone(),
            None => Source::<T>::missing(region, Request::new()).state.gap().cloned().into_iter().collect(),
        }
    }

    /// The list of one Region, as a place.
    pub(crate) fn origin_in(&self, region: &str, pointer: &'static str) -> Origin {
        let first = self.regions.get(region).and_then(|answers| answers.lists.first());
        first.map_or(Origin::NONE, |(source, _)| source.origin(pointer))
    }

    /// Why there may be more items.
    pub(crate) fn gaps(&self) -> Vec<Gap> {
        self.regions.values().flat_map(|answers| answers.gaps.iter().cloned()).collect()
    }

    /// Resources, one for each item; an item that cannot be named leaves a gap.
    pub(crate) fn resources<R>(
        &self,
        build: impl Fn(&Element<'_, 'a, T, I>) -> Option<Resource<R>>,
    ) -> List<Resource<R>> {
        let mut gaps = self.gaps();
        let mut found: BTreeMap<(String, Option<String>), Resource<R>> = BTreeMap::new();
        for element in self.elements() {
            match build(&element) {
                Some(resource) => {
                    found.entry((resource.id.clone(), resource.region.clone())).or_insert(resource);
                }
                None => gaps.push(element.gap(MEMBER_MISSING, "an item of the list has no name")),
            }
        }
        List { items: found.into_values().collect(), gaps }
    }
}

fn elements<'s, 'a, T, I>(answers: &'s Answers<'a, T, I>) -> impl Iterator<Item = Element<'s, 'a, T, I>> {
    let lists = answers.lists.iter();
    lists.flat_map(|(source, items)| {
        items.iter().map(move |(index, item)| Element { source, index: *index, item: *item })
    })
}

/// True when the request asks for everything.
pub(crate) fn lists_all(request: &Request) -> bool {
    request.keys().all(|member| PAGING.contains(&member.as_str()))
}

/// The Regions that were asked, without those that the account has not enabled.
pub(crate) fn asked(snapshot: &Snapshot) -> BTreeSet<&str> {
    let disabled: BTreeSet<&str> = snapshot
        .answers::<account::ListRegions>()
        .filter_map(|answer| match answer.said {
            Said::Present(listed) => Some(listed.regions.iter().flatten()),
            Said::Absent | Said::Failed(_) => None,
        })
        .flatten()
        .filter(|region| region.region_opt_status.as_deref() == Some("DISABLED"))
        .filter_map(|region| region.region_name.as_deref())
        .collect();
    snapshot.regions.iter().map(String::as_str).filter(|region| !disabled.contains(region)).collect()
}

/// Whether a list holds something, when it was found at a place or may go on.
pub(crate) fn exists(found: Option<Origin>, list: Origin, gaps: &[Gap]) -> Fact<bool> {
    match (found, gaps.first()) {
        (Some(origin), _) => Fact::present(true, origin),
        (None, Some(gap)) => Fact::unknown(gap.clone()),
        (None, None) => Fact::present(false, list),
    }
}

/// The ARN of a thing that AWS names by its id alone.
pub(crate) fn arn(snapshot: &Snapshot, service: &str, region: &str, owner: Option<&str>, rest: &str) -> String {
    let owner = owner.unwrap_or(&snapshot.account);
    format!("arn:{}:{service}:{region}:{owner}:{rest}", snapshot.partition)
}

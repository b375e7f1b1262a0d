//! Looking answers up: from an operation to a fact with its origin, without ever turning "no answer" into a value.

use super::observed::{Gap, INCOMPLETE, MEMBER_MISSING, Observed};
use super::value::{Fact, Origin};
use crate::snapshot::{Answer, Request, Said, Shape, Snapshot, leader_region};

/// One call's answer: the shape, "there is none", or the reason why it is not known.
#[derive(Debug, Clone)]
pub struct Source<'a, T> {
    /// What the call said.
    pub state: Observed<&'a T>,
    /// The observation, when there is one.
    pub observation: Option<usize>,
    region: String,
    request: Request,
}

impl<'a, T: Shape + 'a> Source<'a, T> {
    /// The answer of a call that is made once for an account. Of several answers, a present one counts first.
    pub fn global(snapshot: &'a Snapshot) -> Self {
        let mut best: Option<Self> = None;
        for answer in snapshot.answers::<T>() {
            let source = Self::from_answer(answer);
            let better = match (&best, &source.state) {
                (None, _) => true,
                (Some(best), Observed::Present(_)) => !matches!(best.state, Observed::Present(_)),
                (Some(best), Observed::Absent) => matches!(best.state, Observed::Unknown(_)),
                (Some(_), Observed::Unknown(_)) => false,
            };
            if better {
                best = Some(source);
            }
        }
        best.unwrap_or_else(|| Self::missing(leader_region(&snapshot.partition), Request::new()))
    }

    /// The answer of a call that is made once in each Region.
    pub fn in_region(snapshot: &'a Snapshot, region: &str) -> Self {
        match snapshot.answers::<T>().find(|answer| answer.observation.region == region) {
            Some(answer) => Self::from_answer(answer),
            None => Self::missing(region, Request::new()),
        }
    }

    /// The answer of a call with these request members in this Region; members that the caller does not name may have any value.
    pub fn of_request(snapshot: &'a Snapshot, region: &str, request: Request) -> Self {
        let matches = |answer: &Answer<'_, T>| {
            answer.observation.region == region
                && request.iter().all(|(key, value)| answer.observation.request.get(key) == Some(value))
        };
        match snapshot.answers::<T>().find(matches) {
            Some(answer) => Self::from_answer(answer),
            None => Self::missing(region, request),
        }
    }

    /// Wraps an answer that the caller found.
    pub fn from_answer(answer: Answer<'a, T>) -> Self {
        let Answer { index, observation, said } = answer;
        let state = match said {
            Said::Present(shape) => Observed::Present(shape),
            Said::Absent => Observed::Absent,
            Said::Failed(error) => {
                Observed::Unknown(Gap::failed(T::OPERATION, &observation.region, &observation.request, error))
            }
        };
        Self {
            state,
            observation: Some(index),
            region: observation.region.clone(),
            request: observation.request.clone(),
        }
    }

    /// A call that the snapshot does not hold.
    pub fn missing(region: &str, request: Request) -> Self {
        let gap = Gap::not_collected(T::OPERATION, region, &request);
        Self { state: Observed::Unknown(gap), observation: None, region: region.to_owned(), request }
    }

    /// The request of the call.
    pub fn request(&self) -> &Request {
        &self.request
    }

    /// The Region of the call.
    pub fn region(&self) -> &str {
        &self.region
    }

    /// A place in the answer.
    pub fn origin(&self, pointer: &'static str) -> Origin {
        self.observation.map_or(Origin::NONE, |observation| Origin::at(observation, pointer))
    }

    /// A gap in this call's answer.
    pub fn gap(&self, code: &str, message: &str) -> Gap {
        Gap::of_call(T::OPERATION, &self.region, &self.request, code, message)
    }

    /// A member that AWS always sends: missing, it is unknown.
    pub fn required<U>(&self, pointer: &'static str, get: impl FnOnce(&'a T) -> Option<U>) -> Fact<U> {
        let state = self.state.clone().and_then(|shape| match get(shape) {
            Some(value) => Observed::Present(value),
            None => Observed::Unknown(self.gap(MEMBER_MISSING, &format!("the answer has no `{pointer}`"))),
        });
        Fact::new(state, self.origin(pointer))
    }

    /// A member that AWS leaves out when there is none: missing, it is absent.
    pub fn optional<U>(&self, pointer: &'static str, get: impl FnOnce(&'a T) -> Option<U>) -> Fact<U> {
        let state = self.state.clone().and_then(|shape| get(shape).map_or(Observed::Absent, Observed::Present));
        Fact::new(state, self.origin(pointer))
    }

    /// The gap of a list that was cut off, when a token or flag says that it goes on.
    pub fn cut_off(&self, truncated: Option<bool>, token: Option<&String>) -> Option<Gap> {
        let more = truncated == Some(true) || token.is_some_and(|token| !token.is_empty());
        more.then(|| self.gap(INCOMPLETE, "the list goes on after the last page that was read"))
    }
}

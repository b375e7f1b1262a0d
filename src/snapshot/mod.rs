//! The snapshot: what AWS answered at one time, and nothing else.
//!
//! A snapshot is a list of observations, each one operation's answer or the error that came instead. Observations are
//! kept in a canonical order, so that the order in which answers arrived can never show in a report.

mod document;
pub mod import;
mod nesting;
mod operation;
mod partition;
pub(crate) mod plan;
mod private;
mod read;
pub mod shapes;
mod text;
mod time;
mod write;

use std::collections::BTreeMap;

use serde_json::Value;

pub use document::Document;
pub(crate) use document::percent_decoded;
pub use operation::{Gathered, Operation, OperationSpec, Response, Shape};
pub use partition::{is_region, leader_region};
pub(crate) use read::decompressed;
pub use read::{MAX_NESTING, MAX_SNAPSHOT_BYTES, ReadError, SnapshotReader, SnapshotText};
pub use time::Time;
pub use write::{AtomicFile, Compression, write_atomically, write_snapshot};

/// The members of a request that tell two calls of one operation apart.
pub type Request = BTreeMap<String, Value>;

/// The `format` of a snapshot that this build reads and writes.
pub const FORMAT: &str = "posture-snapshot/1";

/// What AWS answered about one account at one time.
#[derive(Debug, Clone, PartialEq)]
pub struct Snapshot {
    /// Program and version that collected it.
    pub collector: String,
    /// When collecting ended; rules take it for "now".
    pub collected_at: Time,
    /// The twelve digits of the account.
    pub account: String,
    /// The partition, as in `aws`, `aws-cn`, `aws-us-gov`.
    pub partition: String,
    /// ARN of the identity that collected it.
    pub caller: String,
    /// Regions that were asked.
    pub regions: Vec<String>,
    /// The answers, in canonical order and without duplicates.
    observations: Vec<Observation>,
}

/// One operation's answer, all pages merged, or the error that came instead.
#[derive(Debug, Clone, PartialEq)]
pub struct Observation {
    /// The operation that was called.
    pub operation: Operation,
    /// The Region that was asked; for global services the Region of their endpoint.
    pub region: String,
    /// The members that tell two calls of one operation apart.
    pub request: Request,
    /// What came back.
    pub outcome: Outcome,
}

/// What came back from a call.
#[derive(Debug, Clone, PartialEq)]
pub enum Outcome {
    /// AWS answered.
    Answered(Response),
    /// AWS refused, or no answer arrived.
    Failed(ApiError),
}

/// An error as AWS names it, or a stand-in for an answer that never arrived.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct ApiError {
    /// AWS's error code, as in `AccessDenied`; `Timeout`, `ConnectionError`, `ResponseError` where AWS sent none.
    pub code: String,
    /// AWS's message.
    #[serde(default)]
    pub message: String,
}

/// Why an observation cannot be added to a snapshot.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("duplicate observation `{0}`")]
pub struct DuplicateObservation(pub String);

/// One answer to a question about the snapshot: `T`, "there is none", or the error that came instead.
#[derive(Debug)]
pub struct Answer<'a, T> {
    /// Position in [`Snapshot::observations`].
    pub index: usize,
    /// The observation itself.
    pub observation: &'a Observation,
    /// What it says.
    pub said: Said<'a, T>,
}

/// What an observation says.
#[derive(Debug)]
pub enum Said<'a, T> {
    /// AWS answered with a value.
    Present(&'a T),
    /// AWS answered that there is none.
    Absent,
    /// AWS did not answer.
    Failed(&'a ApiError),
}

impl<T> Clone for Answer<'_, T> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<T> Copy for Answer<'_, T> {}

impl<T> Clone for Said<'_, T> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<T> Copy for Said<'_, T> {}

impl Observation {
    /// The name under which evidence and gaps cite this observation, as in
    /// `sns:GetTopicAttributes@us-east-1 {"TopicArn":"arn:…"}`.
    pub fn label(&self) -> String {
        label(self.operation, &self.region, &self.request)
    }

    /// Whether an error came instead of an answer, even one that says "there is none".
    pub fn is_failed(&self) -> bool {
        matches!(self.outcome, Outcome::Failed(_))
    }

    fn key(&self) -> (&'static str, &'static str, &str, String) {
        let spec = self.operation.spec();
        (spec.service, spec.name, &self.region, canonical_request(&self.request))
    }
}

/// The name under which a call is cited, made or not.
pub fn label(operation: Operation, region: &str, request: &Request) -> String {
    if request.is_empty() {
        format!("{}@{region}", operation.label())
    } else {
        format!("{}@{region} {}", operation.label(), canonical_request(request))
    }
}

/// A request as compact JSON with sorted members.
pub(crate) fn canonical_request(request: &Request) -> String {
    if request.is_empty() {
        return String::new();
    }
    Value::Object(request.iter().map(|(key, value)| (key.clone(), value.clone())).collect()).to_string()
}

impl Snapshot {
    /// Makes a snapshot, bringing observations into canonical order.
    pub fn new(header: SnapshotHeader, observations: Vec<Observation>) -> Result<Self, DuplicateObservation> {
        let snapshot = Self::ordered(header, observations);
        for pair in snapshot.observations.windows(2) {
            if let [one, two] = pair
                && one.key() == two.key()
            {
                return Err(DuplicateObservation(one.label()));
            }
        }
        Ok(snapshot)
    }

    /// The same without a look for duplicates: for a part of what [`Snapshot::new`] gets to see whole.
    pub(crate) fn ordered(header: SnapshotHeader, mut observations: Vec<Observation>) -> Self {
        observations.sort_by_cached_key(|observation| {
            let (service, name, region, request) = observation.key();
            (service, name, region.to_owned(), request)
        });
        Self {
            collector: header.collector,
            collected_at: header.collected_at,
            account: header.account,
            partition: header.partition,
            caller: header.caller,
            regions: header.regions,
            observations,
        }
    }

    /// The observations, in canonical order.
    pub fn observations(&self) -> &[Observation] {
        &self.observations
    }

    /// The observations alone.
    #[cfg(feature = "live")]
    pub(crate) fn into_observations(self) -> Vec<Observation> {
        self.observations
    }

    /// All answers of one operation, in canonical order.
    pub fn answers<'a, T: Shape + 'a>(&'a self) -> impl Iterator<Item = Answer<'a, T>> {
        let spec = T::OPERATION.spec();
        let start = self.observations.partition_point(|o| {
            let other = o.operation.spec();
            (other.service, other.name) < (spec.service, spec.name)
        });
        self.observations
            .iter()
            .enumerate()
            .skip(start)
            .take_while(|(_, observation)| observation.operation == T::OPERATION)
            .filter_map(|(index, observation)| Some(Answer { index, observation, said: say(observation)? }))
    }

    /// The answer of one operation in one Region for exactly this request.
    pub fn answer<'a, T: Shape + 'a>(&'a self, region: &str, request: &Request) -> Option<Answer<'a, T>> {
        self.answers::<T>().find(|a| a.observation.region == region && a.observation.request == *request)
    }
}

/// What the observation says; `None` only if its answer has another operation's shape.
fn say<T: Shape>(observation: &Observation) -> Option<Said<'_, T>> {
    match &observation.outcome {
        Outcome::Answered(response) => T::of(response).map(Said::Present),
        Outcome::Failed(error) if T::OPERATION.spec().absent_codes.contains(&error.code.as_str()) => Some(Said::Absent),
        Outcome::Failed(error) => Some(Said::Failed(error)),
    }
}

/// A snapshot's members besides the observations.
#[derive(Debug, Clone, PartialEq)]
pub struct SnapshotHeader {
    /// See [`Snapshot::collector`].
    pub collector: String,
    /// See [`Snapshot::collected_at`].
    pub collected_at: Time,
    /// See [`Snapshot::account`].
    pub account: String,
    /// See [`Snapshot::partition`].
    pub partition: String,
    /// See [`Snapshot::caller`].
    pub caller: String,
    /// See [`Snapshot::regions`].
    pub regions: Vec<String>,
}

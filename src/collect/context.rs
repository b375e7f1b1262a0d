//! What every collector works with: the session, the plan, the doors that calls pass, and the list of observations.

use std::collections::{BTreeMap, BTreeSet};
use std::future::Future;
use std::sync::{Mutex, PoisonError};

use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use aws_smithy_runtime_api::client::result::SdkError;
use aws_smithy_types::error::metadata::ProvideErrorMetadata;
use aws_types::SdkConfig;
use aws_types::region::Region;
use futures_util::future::{Either, select};
use serde_json::Value;
use tokio::sync::OnceCell;
use tokio::time::Instant;

use super::Lane;
use super::connector::http_client;
use super::error::{api_error, stand_in};
use super::session::Session;
use super::throttle::Throttles;
use super::turns::Turns;
use super::{Early, Options, Progress, wire};
use crate::snapshot::{
    ApiError, Gathered, Observation, Operation, Outcome, Request, Response, Shape, Snapshot, SnapshotHeader, label,
    plan,
};

/// What all lanes of one run share.
pub(super) struct Run<'a> {
    pub(super) options: &'a Options,
    pub(super) session: Session,
    /// The Regions to ask, once they are known.
    pub(super) regions: OnceCell<Vec<String>>,
    /// The account's buckets and their Regions, once they are known.
    pub(super) buckets: OnceCell<BTreeMap<String, String>>,
    progress: &'a dyn Progress,
    early: Option<&'a dyn Early>,
    plan: Option<BTreeSet<Operation>>,
    deadline: Instant,
    throttles: Throttles,
    /// Calls made or being made, so that what is found twice is asked once.
    claimed: Mutex<BTreeSet<String>>,
    observations: Mutex<Vec<Observation>>,
}

/// What the collectors of one lane work with.
pub(super) struct Context<'a> {
    pub(super) run: &'a Run<'a>,
    pub(super) lane: Lane,
    sdk: SdkConfig,
    turns: Turns,
}

/// Where an answer goes on.
pub(super) enum Next {
    /// Nowhere: it is complete.
    End,
    /// With another page.
    Page(String),
    /// It says that there is more, but not where.
    Lost,
}

impl From<Option<String>> for Next {
    fn from(token: Option<String>) -> Self {
        match token {
            Some(token) if !token.is_empty() => Self::Page(token),
            _ => Self::End,
        }
    }
}

impl<'a> Run<'a> {
    pub(super) fn new(
        options: &'a Options,
        progress: &'a dyn Progress,
        early: Option<&'a dyn Early>,
        session: Session,
        throttles: Throttles,
    ) -> Self {
        let identity = session.identity.clone();
        Self {
            options,
            session,
            regions: OnceCell::new(),
            buckets: OnceCell::new(),
            progress,
            early,
            plan: options.operations.as_ref().map(plan::complete),
            deadline: Instant::now() + options.limits.total,
            throttles,
            claimed: Mutex::new(BTreeSet::new()),
            observations: Mutex::new(vec![identity]),
        }
    }

    /// Whether a call is wanted and nobody made it yet; from then on it is made.
    fn claim(&self, operation: Operation, region: &str, request: &Request) -> bool {
        let wanted = self.plan.as_ref().is_none_or(|plan| plan.contains(&operation));
        let allowed = self.options.paid_calls || operation.spec().gathered != Gathered::Paid;
        wanted
            && allowed
            && self.claimed.lock().unwrap_or_else(PoisonError::into_inner).insert(label(operation, region, request))
    }

    /// What is said of the snapshot besides its answers.
    pub(super) fn header(&self, regions: Vec<String>) -> SnapshotHeader {
        SnapshotHeader {
            collector: concat!("posture ", env!("CARGO_PKG_VERSION")).to_owned(),
            collected_at: self.options.collected_at,
            account: self.session.account.clone(),
            partition: self.session.partition.clone(),
            caller: self.session.caller.clone(),
            regions,
        }
    }

    /// All observations of the run.
    pub(super) fn into_observations(self) -> Vec<Observation> {
        let mut all = self.observations.into_inner().unwrap_or_else(PoisonError::into_inner);
        if let Some(early) = self.early {
            all.extend(early.give_back());
        }
        all
    }
}

impl<'a> Context<'a> {
    /// The context of a lane. Each but the first has connections of its own: one that another thread looks after is woken late.
    pub(super) fn new(run: &'a Run<'a>, lane: Lane) -> Self {
        let sdk = if lane.is_first() {
            run.session.sdk.clone()
        } else {
            run.session.sdk.to_builder().http_client(http_client()).build()
        };
        Self { run, lane, sdk, turns: Turns::default() }
    }

    /// The Region that answers for global services.
    pub(super) fn leader(&self) -> &'static str {
        self.run.session.leader
    }

    /// The SDK's configuration for one Region.
    pub(super) fn sdk(&self, region: &str) -> SdkConfig {
        self.sdk.to_builder().region(Region::new(region.to_owned())).build()
    }

    /// Makes one call and records how it ended. `read` takes from the answer what decides about further calls.
    pub(super) async fn observe<T: Shape, R>(
        &self,
        region: &str,
        request: Request,
        answer: impl Future<Output = Result<T, ApiError>>,
        read: impl FnOnce(&T) -> R,
    ) -> Option<R> {
        let answer = async {
            let shape = answer.await?;
            let found = read(&shape);
            Ok((shape.into_response(), found))
        };
        Box::pin(self.record(T::OPERATION, region, request, answer)).await
    }

    /// Asks through the wire and records how it ended. `told` goes along without telling this call from others. What
    /// comes back is the answer as the AWS CLI would print it, for those who ask on.
    pub(super) async fn ask(
        &self,
        operation: Operation,
        region: &str,
        request: Request,
        told: Request,
    ) -> Option<Value> {
        let input: Request = request.clone().into_iter().chain(told).collect();
        let answer = async {
            let call = wire::Call::new(&self.run.session, &self.sdk, operation, region, input)?;
            let merge = |all: &mut Value, page| call.add(all, page);
            let answer =
                self.all_pages(operation, region, Value::Null, |token| Box::pin(call.page(token)), merge).await?;
            let response = operation.parse(&answer.to_string()).map_err(|error| {
                stand_in("ResponseError", format!("the answer is not what the API promises: {error}"))
            })?;
            Ok((response, answer))
        };
        Box::pin(self.record(operation, region, request, answer)).await
    }

    /// Makes a call that nobody made yet, and records how it ended.
    async fn record<R>(
        &self,
        operation: Operation,
        region: &str,
        request: Request,
        answer: impl Future<Output = Result<(Response, R), ApiError>>,
    ) -> Option<R> {
        if !self.run.claim(operation, region, &request) {
            return None;
        }
        self.run.progress.started(operation, region);
        let answer = answer.await;
        self.run.progress.finished(operation, region, answer.as_ref().err());
        let (outcome, found) = match answer {
            Ok((response, found)) => (Outcome::Answered(response), Some(found)),
            Err(error) => (Outcome::Failed(error), None),
        };
        let observation = Observation { operation, region: region.to_owned(), request, outcome };
        self.run.observations.lock().unwrap_or_else(PoisonError::into_inner).push(observation);
        found
    }

    /// Sends one request: waits for its turn, and gives up when the run is over. What it takes room for is made when its turn comes:
    /// hundreds wait.
    pub(super) async fn send<P, E, F>(
        &self,
        operation: Operation,
        region: &str,
        request: impl FnOnce() -> F,
    ) -> Result<P, ApiError>
    where
        E: ProvideErrorMetadata + std::error::Error + 'static,
        F: Future<Output = Result<P, SdkError<E, HttpResponse>>>,
    {
        let sent = async {
            let turn = self.turns.take(plan::chain(operation));
            let _permit = self.run.throttles.enter(operation, region, turn).await;
            request().await.map_err(|error| api_error(&error))
        };
        self.until_over(sent).await
    }

    /// Sends requests until the last page, merging them. An answer is whole or an error: a page that fails fails them all.
    pub(super) async fn pages<T, P, E, F, N>(
        &self,
        region: &str,
        all: T,
        request: impl Fn(Option<String>) -> F,
        merge: impl Fn(&mut T, P) -> N,
    ) -> Result<T, ApiError>
    where
        T: Shape,
        E: ProvideErrorMetadata + std::error::Error + 'static,
        F: Future<Output = Result<P, SdkError<E, HttpResponse>>>,
        N: Into<Next>,
    {
        self.all_pages(T::OPERATION, region, all, request, merge).await
    }

    async fn all_pages<T, P, E, F, N>(
        &self,
        operation: Operation,
        region: &str,
        mut all: T,
        request: impl Fn(Option<String>) -> F,
        merge: impl Fn(&mut T, P) -> N,
    ) -> Result<T, ApiError>
    where
        E: ProvideErrorMetadata + std::error::Error + 'static,
        F: Future<Output = Result<P, SdkError<E, HttpResponse>>>,
        N: Into<Next>,
    {
        let mut seen = BTreeSet::new();
        let mut token = None;
        loop {
            let start = token.take();
            let page = self.send(operation, region, || request(start)).await?;
            match merge(&mut all, page).into() {
                Next::End => return Ok(all),
                Next::Page(next) if seen.insert(next.clone()) => token = Some(next),
                Next::Page(_) => {
                    return Err(stand_in("PaginationLoop", "AWS answered with a page that was read before"));
                }
                Next::Lost => {
                    return Err(stand_in(
                        "ResponseError",
                        "the answer says that there is more, but not where it goes on",
                    ));
                }
            }
        }
    }

    /// Waits, unless the run ends before.
    pub(super) async fn pause(&self, duration: std::time::Duration) -> Result<(), ApiError> {
        self.until_over(async {
            tokio::time::sleep(duration).await;
            Ok(())
        })
        .await
    }

    async fn until_over<T>(&self, work: impl Future<Output = Result<T, ApiError>>) -> Result<T, ApiError> {
        let over = async {
            let cancelled = std::pin::pin!(self.run.options.cancel.cancelled());
            let late = std::pin::pin!(tokio::time::sleep_until(self.run.deadline));
            match select(cancelled, late).await {
                Either::Left(_) => stand_in("Cancelled", "the run was stopped before AWS answered"),
                Either::Right(_) => {
                    let seconds = self.run.options.limits.total.as_secs();
                    stand_in("Timeout", format!("the run's deadline of {seconds} s passed before AWS answered"))
                }
            }
        };
        match select(std::pin::pin!(over), std::pin::pin!(work)).await {
            Either::Left((error, _)) => Err(error),
            Either::Right((result, _)) => result,
        }
    }

    /// Does the work in which calls are made; without that none would begin.
    pub(super) async fn drive<F: Future>(&self, work: F) -> F::Output {
        self.turns.drive(work).await
    }

    /// Hands on the authorization details, when none of them is waited for any more.
    pub(super) fn details_are_there(&self) {
        let Some(early) = self.run.early else { return };
        let is_detail =
            |observation: &mut Observation| observation.operation == Operation::IamGetAccountAuthorizationDetails;
        let mut observations = self.run.observations.lock().unwrap_or_else(PoisonError::into_inner);
        let details: Vec<Observation> = observations.extract_if(.., is_detail).collect();
        drop(observations);
        early.take(Snapshot::ordered(self.run.header(Vec::new()), details));
    }
}

/// The members of a request that tell it from others.
pub(super) fn request<const N: usize>(members: [(&str, Value); N]) -> Request {
    members.into_iter().map(|(name, value)| (name.to_owned(), value)).collect::<BTreeMap<_, _>>()
}

/// A client of one of the SDK's crates for a Region, with this account's own budget of retries.
macro_rules! client {
    ($context:expr, $sdk:ident, $region:expr) => {{
        let (context, region): (&$crate::collect::context::Context<'_>, &str) = ($context, $region);
        let budget = context.run.session.budget(format!("{}-{region}", stringify!($sdk)));
        let config = $sdk::config::Builder::from(&context.sdk(region)).retry_partition(budget).build();
        $sdk::Client::from_conf(config)
    }};
}

pub(super) use client;

/// For answers that lead nowhere else.
pub(super) fn nothing<T>(_: &T) {}

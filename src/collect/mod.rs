//! Collecting: asks AWS, and writes down what it answered. The only room that sees the network.
//!
//! Collectors run concurrently over one shared [`context`]; every call ends as an observation, answered or refused.
//! Nothing is judged here, and nothing is made up: an answer that did not arrive is recorded as the error that came instead.

mod calls;
mod connector;
mod context;
mod convert;
mod error;
mod lane;
mod organization;
mod partition;
mod regions;
mod service;
mod session;
mod throttle;
mod together;
mod turns;
mod wire;

use std::collections::BTreeSet;
use std::time::Duration;

use tokio::sync::watch;

use crate::snapshot::{ApiError, Observation, Operation, Snapshot, Time};

pub use error::CollectError;
pub use lane::runtime;
pub use organization::{Entry, Home};

use context::Run;
use lane::Lane;
use session::Session;
use throttle::Throttles;

/// What to collect, as whom, and for how long.
#[derive(Debug, Clone)]
pub struct Options {
    /// Profile of the AWS configuration files; `None` leaves the choice to `AWS_PROFILE` and the standard chain.
    pub profile: Option<String>,
    /// Regions to ask; empty for those that are enabled in the account.
    pub regions: Vec<String>,
    /// Operations that are wanted; `None` for all. What they depend on is called too.
    pub operations: Option<BTreeSet<Operation>>,
    /// The time that the snapshot carries.
    pub collected_at: Time,
    /// How long and how often to try.
    pub limits: Limits,
    /// Lets the caller stop collecting.
    pub cancel: Cancel,
    /// Whether a cancelled run returns what it has instead of an error.
    pub partial: bool,
    /// Whether calls that AWS bills are made too.
    pub paid_calls: bool,
}

impl Options {
    /// Everything, with the standard limits and credentials.
    pub fn new(collected_at: Time) -> Self {
        Self {
            profile: None,
            regions: Vec::new(),
            operations: None,
            collected_at,
            limits: Limits::default(),
            cancel: Cancel::default(),
            partial: false,
            paid_calls: false,
        }
    }
}

/// How long and how often to try, so that every run ends.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// For opening a connection.
    pub connect: Duration,
    /// For the first byte of an answer.
    pub read: Duration,
    /// For one attempt of a call.
    pub attempt: Duration,
    /// For one call with its retries.
    pub call: Duration,
    /// For the whole run; calls that are still open then are recorded as `Timeout`.
    pub total: Duration,
    /// Attempts of one call, the first included.
    pub attempts: u32,
    /// Pause before the first retry; it doubles, with jitter, from one retry to the next.
    pub first_pause: Duration,
    /// Pause before the first look at a credential report that AWS is still generating.
    pub report_pause: Duration,
    /// For waiting on the credential report.
    pub report: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            connect: Duration::from_secs(5),
            read: Duration::from_secs(30),
            attempt: Duration::from_mins(1),
            call: Duration::from_mins(2),
            total: Duration::from_mins(15),
            attempts: 4,
            first_pause: Duration::from_millis(500),
            report_pause: Duration::from_millis(500),
            report: Duration::from_mins(2),
        }
    }
}

/// A switch that stops a run of [`collect`]. Clones share the switch.
#[derive(Debug, Clone)]
pub struct Cancel(watch::Sender<bool>);

impl Default for Cancel {
    fn default() -> Self {
        Self(watch::Sender::new(false))
    }
}

impl Cancel {
    /// Stops the run: open calls are dropped, no new one starts.
    pub fn cancel(&self) {
        self.0.send_replace(true);
    }

    /// Whether [`Cancel::cancel`] was called.
    pub fn is_cancelled(&self) -> bool {
        *self.0.borrow()
    }

    async fn cancelled(&self) {
        // The sender lives in `self`, so waiting cannot fail.
        if self.0.subscribe().wait_for(|cancelled| *cancelled).await.is_err() {
            std::future::pending::<()>().await;
        }
    }
}

/// Told about calls as they start and end, so that a terminal can show where a run stands.
pub trait Progress: Sync {
    /// A call is about to be made.
    fn started(&self, operation: Operation, region: &str);
    /// A call has ended, all its pages included.
    fn finished(&self, operation: Operation, region: &str, error: Option<&ApiError>);
}

/// Shows nothing.
#[derive(Debug, Clone, Copy)]
pub struct Silent;

impl Progress for Silent {
    fn started(&self, _: Operation, _: &str) {}
    fn finished(&self, _: Operation, _: &str, _: Option<&ApiError>) {}
}

/// Works on answers that are all there while others are still waited for.
pub trait Early: Sync {
    /// Takes all authorization details of IAM, which nothing that is still asked for depends on, as the snapshot of them alone.
    fn take(&self, details: Snapshot);
    /// Gives what was taken back, once everything else is there.
    fn give_back(&self) -> Vec<Observation>;
}

/// Collects a snapshot, and has `early` work on a part of it meanwhile. Fails only when AWS does not say whose account this is;
/// every other failure is an observation. Blocks; not to be called on a thread that a runtime runs on.
pub fn collect(
    options: &Options,
    progress: &dyn Progress,
    early: Option<&dyn Early>,
) -> Result<Snapshot, CollectError> {
    partition::validate_regions(&options.regions)?;
    let here = runtime()?;
    let there = match std::thread::available_parallelism() {
        Ok(processors) if processors.get() > 1 => Some(runtime()?),
        _ => None,
    };
    let session = here.block_on(Box::pin(session::open(options)));
    let run = session.map(|session| Run::new(options, progress, early, session, Throttles::new()));
    match (&run, &there) {
        (Ok(run), Some(there)) => lane::side_by_side(run, &here, there),
        (Ok(run), None) => here.block_on(Box::pin(lane::work(run, Lane::Only))),
        (Err(_), _) => {}
    }
    // Hundreds of connections are closed while judging begins. A look-up of a host name that hangs must not keep the program, whatever
    // came of it.
    for runtime in there.into_iter().chain([here]) {
        std::thread::spawn(|| runtime.shutdown_background());
    }
    told(run?)
}

/// Asks everything that is wanted of one account, among others.
async fn gather(
    options: &Options,
    progress: &dyn Progress,
    session: Session,
    throttles: Throttles,
) -> Result<Snapshot, CollectError> {
    let run = Run::new(options, progress, None, session, throttles);
    lane::work(&run, Lane::Only).await;
    told(run)
}

/// The snapshot of a run that has ended.
fn told(run: Run<'_>) -> Result<Snapshot, CollectError> {
    if run.options.cancel.is_cancelled() && !run.options.partial {
        return Err(CollectError::Cancelled);
    }
    let header = run.header(regions::of(&run));
    Ok(Snapshot::new(header, run.into_observations())?)
}

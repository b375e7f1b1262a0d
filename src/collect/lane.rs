//! The threads that collect side by side. Preparing, signing and reading calls takes the processor longer than AWS takes to
//! answer them when hundreds of things are asked at once; the Regions are dealt out to two threads, each with connections of
//! its own.

use tokio::runtime::{Builder, Runtime};
use tokio::sync::oneshot;

use super::CollectError;
use super::context::{Context, Run};
use super::service;
use super::together::by_rank;

/// Host names that are looked up at once.
const LOOKING_UP: usize = 64;
/// Connections that may be open, those that wait for further calls included.
#[cfg(unix)]
const CONNECTIONS: u64 = 4096;

/// Which part of the work is whose. What there is once for the account is the first lane's, and what many Regions have is shared.
#[derive(Debug, Clone, Copy)]
pub(super) enum Lane {
    /// Everything: there is no other.
    Only,
    /// What there is once, IAM above all, and two of five Regions.
    First,
    /// The other Regions.
    Second,
}

impl Lane {
    /// Whether what there is once for the account is this lane's.
    pub(super) fn is_first(self) -> bool {
        !matches!(self, Self::Second)
    }

    /// Whether the Region at a place of the list is this lane's.
    pub(super) fn takes(self, place: usize) -> bool {
        let is_of_first = place % 5 % 2 == 1;
        match self {
            Self::Only => true,
            Self::First => is_of_first,
            Self::Second => !is_of_first,
        }
    }
}

/// A runtime for the thread that calls it. One thread is enough for most: it waits for AWS.
pub fn runtime() -> Result<Runtime, CollectError> {
    allow_connections();
    // The blocking threads look host names up, of which a scan of many Regions has hundreds.
    Builder::new_current_thread().enable_all().max_blocking_threads(LOOKING_UP).build().map_err(CollectError::Start)
}

/// A scan of all Regions talks to hundreds of hosts at once, and some systems let a program have 256 open files. Where the
/// limit cannot be raised, calls beyond it end as errors in the snapshot.
#[cfg(unix)]
fn allow_connections() {
    use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
    let limit = getrlimit(Resource::Nofile);
    let wanted = limit.maximum.map_or(CONNECTIONS, |most| most.min(CONNECTIONS));
    if limit.current.is_some_and(|current| current < wanted) {
        setrlimit(Resource::Nofile, Rlimit { current: Some(wanted), maximum: limit.maximum }).ok();
    }
}

/// Elsewhere connections are no files.
#[cfg(not(unix))]
fn allow_connections() {}

/// Does the work of a lane.
pub(super) async fn work(run: &Run<'_>, lane: Lane) {
    let context = Context::new(run, lane);
    context.drive(by_rank(service::start(&context))).await;
}

/// Does the work of both lanes, one on this thread and one on another.
pub(super) fn side_by_side(run: &Run<'_>, here: &Runtime, there: &Runtime) {
    let (first_done, first) = oneshot::channel::<()>();
    let (second_done, second) = oneshot::channel::<()>();
    // Who has done its part goes on looking after its connections: credentials are fetched through those of either. The other end is
    // dropped by a thread that panics too, so that none waits for ever.
    let part = async |lane, own: oneshot::Sender<()>, other: oneshot::Receiver<()>| {
        work(run, lane).await;
        drop(own);
        other.await.ok();
    };
    std::thread::scope(|scope| {
        scope.spawn(|| there.block_on(Box::pin(part(Lane::Second, second_done, first))));
        here.block_on(Box::pin(part(Lane::First, first_done, second)));
    });
}

#[cfg(test)]
mod tests {
    use super::Lane;

    #[test]
    fn each_region_is_one_lanes() {
        for place in 0..40 {
            assert_ne!(Lane::First.takes(place), Lane::Second.takes(place));
            assert!(Lane::Only.takes(place));
        }
        let of_first = (0..17).filter(|place| Lane::First.takes(*place)).count();
        assert_eq!(of_first, 7);
    }
}

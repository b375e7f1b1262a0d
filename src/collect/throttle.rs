//! Politeness: how many calls are open at once, and how fast new ones start, for each service and Region.
//!
//! AWS counts calls by account and Region, and an audit shares the account with what runs in it: staying below the
//! published rates costs no retries and takes nothing from others.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::{Semaphore, SemaphorePermit};
use tokio::time::Instant;

use crate::snapshot::Operation;

/// Calls that may be open at once in all: with fewer, a scan of many Regions waits for itself, not for AWS.
const OPEN_IN_ALL: usize = 384;
/// Calls that may be open at once for one service in one Region.
const OPEN_PER_SERVICE: usize = 16;

/// Calls a second by which a service may be asked in one Region, as AWS publishes them, or a cautious guess where it does not.
const RATES: &[(&str, u32)] = &[
    ("accessanalyzer", 10),
    ("account", 5),
    ("apigateway", 5),
    ("apigatewayv2", 5),
    ("billing", 5),
    ("budgets", 10),
    ("ce", 5),
    ("cloudfront", 5),
    ("cloudtrail", 10),
    ("cloudwatch", 9),
    ("configservice", 10),
    ("ec2", 20),
    ("efs", 10),
    ("elbv2", 10),
    ("events", 20),
    ("guardduty", 5),
    ("iam", 20),
    ("kms", 50),
    ("logs", 5),
    ("macie2", 5),
    ("organizations", 10),
    ("rds", 10),
    ("s3api", 50),
    ("s3control", 10),
    ("securityhub", 10),
    ("sns", 30),
    ("sso-admin", 5),
    ("sts", 50),
    ("support", 5),
    ("wellarchitected", 5),
];
/// `LookupEvents` has a rate of its own:
/// <https://docs.aws.amazon.com/awscloudtrail/latest/userguide/WhatIsCloudTrail-Limits.html>.
const LOOKUP_EVENTS_RATE: u32 = 2;

type Key = (&'static str, String);

/// The doors that calls pass before they are made.
#[derive(Debug)]
pub(super) struct Throttles {
    all: Arc<Semaphore>,
    doors: Mutex<BTreeMap<Key, Arc<Door>>>,
}

#[derive(Debug)]
struct Door {
    open: Arc<Semaphore>,
    pace: Mutex<Pace>,
}

impl Throttles {
    pub(super) fn new() -> Self {
        Self::sharing(Arc::new(Semaphore::new(OPEN_IN_ALL)))
    }

    /// Doors of one account, which shares the limit of open calls with others.
    pub(super) fn sharing(all: Arc<Semaphore>) -> Self {
        Self { all, doors: Mutex::new(BTreeMap::new()) }
    }

    /// Waits until the service may be asked, then for `turn`, then until not too much is open; the call may be open for as
    /// long as the permit lives. Who waits for its turn keeps nobody else from having theirs.
    pub(super) async fn enter(&self, operation: Operation, region: &str, turn: impl Future<Output = ()>) -> Permit<'_> {
        let door = self.door(operation, region);
        // Neither semaphore is ever closed, so waiting cannot fail.
        let service = Arc::clone(&door.open).acquire_owned().await.ok();
        let due = door.pace.lock().unwrap_or_else(PoisonError::into_inner).next(Instant::now());
        tokio::time::sleep_until(due).await;
        turn.await;
        Permit { _all: self.all.acquire().await.ok(), _service: service }
    }

    fn door(&self, operation: Operation, region: &str) -> Arc<Door> {
        let (name, rate) = rate(operation);
        let mut doors = self.doors.lock().unwrap_or_else(PoisonError::into_inner);
        let door = doors.entry((name, region.to_owned())).or_insert_with(|| Arc::new(Door::new(rate)));
        Arc::clone(door)
    }
}

/// Leave to have one call open.
#[derive(Debug)]
pub(super) struct Permit<'a> {
    _all: Option<SemaphorePermit<'a>>,
    _service: Option<tokio::sync::OwnedSemaphorePermit>,
}

impl Door {
    fn new(rate: u32) -> Self {
        Self { open: Arc::new(Semaphore::new(OPEN_PER_SERVICE)), pace: Mutex::new(Pace::new(rate)) }
    }
}

fn rate(operation: Operation) -> (&'static str, u32) {
    if operation == Operation::CloudtrailLookupEvents {
        return ("cloudtrail:LookupEvents", LOOKUP_EVENTS_RATE);
    }
    let service = operation.spec().service;
    RATES.iter().copied().find(|(name, _)| *name == service).unwrap_or((service, 5))
}

/// A bucket of `rate` turns that refills at `rate` a second.
#[derive(Debug)]
struct Pace {
    interval: Duration,
    burst: Duration,
    /// When the bucket will be full again.
    full: Option<Instant>,
}

impl Pace {
    fn new(rate: u32) -> Self {
        let interval = Duration::from_secs(1) / rate.max(1);
        Self { interval, burst: interval * (rate.max(1) - 1), full: None }
    }

    /// When the next call may start; the turn is taken.
    fn next(&mut self, now: Instant) -> Instant {
        let full = self.full.map_or(now, |full| full.max(now));
        self.full = Some(full + self.interval);
        full.checked_sub(self.burst).map_or(now, |turn| turn.max(now))
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use tokio::time::Instant;

    use super::{Pace, RATES, rate};
    use crate::snapshot::{Gathered, Operation};

    #[test]
    fn a_burst_of_the_rate_is_free_and_what_follows_waits() {
        let start = Instant::now();
        let mut pace = Pace::new(10);
        let turns: Vec<Duration> = (0..30).map(|_| pace.next(start) - start).collect();
        assert!(turns[..10].iter().all(Duration::is_zero), "{turns:?}");
        assert_eq!(turns[10], Duration::from_millis(100));
        assert_eq!(turns[29], Duration::from_secs(2));
        assert!((pace.next(start + Duration::from_secs(9)) - start) == Duration::from_secs(9));
    }

    #[test]
    fn every_service_that_is_asked_has_a_stated_rate() {
        for operation in Operation::ALL.iter().filter(|operation| operation.spec().gathered != Gathered::Alternative) {
            assert!(RATES.iter().any(|(name, _)| *name == operation.spec().service), "{}", operation.label());
        }
        assert_eq!(rate(Operation::CloudtrailLookupEvents).1, 2);
    }
}

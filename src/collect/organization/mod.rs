//! Many accounts from one set of credentials: who there is, a role in each, some of them at once.
//!
//! Accounts share the HTTP client and the limit of open calls, and nothing else: credentials, paces, retries and
//! deadlines are each account's own, so that one that is refused, throttled or slow costs the others nothing.

mod list;
mod role;

use std::collections::hash_map::DefaultHasher;
use std::hash::{Hash, Hasher};
use std::sync::Arc;
use std::time::Duration;

use aws_types::SdkConfig;
use futures_util::stream::{self, StreamExt as _};
use tokio::sync::Semaphore;

use super::throttle::Throttles;
use super::{CollectError, Options, Silent, gather, partition, session};
use crate::fleet::{Failure, Roster, Step};
use crate::snapshot::{ApiError, Snapshot, Time};
use role::Assumed;

/// Calls that may be open at once over all accounts.
const OPEN_IN_ALL: usize = 256;
/// By how much later, at most, each of the first accounts starts than it could.
const SPREAD: Duration = Duration::from_millis(50);

/// How to come into accounts.
#[derive(Debug, Clone)]
pub struct Entry {
    /// The role that is assumed in each account, by name, with its path if it has one.
    pub role_name: String,
    /// Roles that are assumed first, one from the other.
    pub via: Vec<String>,
    /// The name of the sessions, as CloudTrail shows it.
    pub session_name: String,
    /// What the roles' trust policies ask to be told.
    pub external_id: Option<String>,
    /// Tags of the sessions in the accounts.
    pub session_tags: Vec<(String, String)>,
}

/// Where a run over many accounts starts from.
pub struct Home {
    options: Options,
    entry: Entry,
    clock: fn() -> Time,
    sdk: SdkConfig,
    account: String,
    partition: String,
    leader: &'static str,
    throttles: Throttles,
    open: Arc<Semaphore>,
}

impl Home {
    /// Loads credentials, assumes the roles on the way, and asks AWS whose account this is.
    pub async fn open(options: Options, entry: Entry, clock: fn() -> Time) -> Result<Self, CollectError> {
        partition::validate_regions(&options.regions)?;
        let mut session = Box::pin(session::open(&options)).await?;
        for arn in &entry.via {
            let assumed = Assumed { arn: arn.clone(), entry: &entry, tagged: false, region: session.leader };
            let sdk = role::assume(&session.sdk, assumed).await.map_err(|error| CollectError::Role {
                arn: arn.clone(),
                message: format!("{}: {}", error.code, error.message),
            })?;
            session = session::identify(&options, sdk).await?;
        }
        let open = Arc::new(Semaphore::new(OPEN_IN_ALL));
        Ok(Self {
            entry,
            clock,
            account: session.account,
            partition: session.partition,
            leader: session.leader,
            sdk: session.sdk,
            throttles: Throttles::sharing(Arc::clone(&open)),
            open,
            options,
        })
    }

    /// The accounts of the organization, with the tag of their owners if one is named.
    pub async fn list(&self, owner_tag: Option<&str>) -> Result<Roster, CollectError> {
        Box::pin(list::list(self, owner_tag)).await
    }

    /// Collects these accounts, `at_once` of them at a time, and hands over what came of each as it ends. While `done`
    /// waits, as for somebody to judge, no further account starts.
    pub async fn collect_each(
        &self,
        accounts: Vec<String>,
        at_once: usize,
        done: impl AsyncFn(String, Result<Snapshot, Failure>),
    ) {
        let first = at_once;
        stream::iter(accounts.into_iter().enumerate())
            .for_each_concurrent(at_once, async |(position, account)| {
                if position < first {
                    tokio::time::sleep(jitter(&account, first)).await;
                }
                let result = Box::pin(self.collect(&account)).await;
                done(account, result).await;
            })
            .await;
    }

    async fn collect(&self, account: &str) -> Result<Snapshot, Failure> {
        let failed = |step, error: ApiError| Failure {
            account: account.to_owned(),
            step,
            code: error.code,
            message: error.message,
        };
        let identify = |error: CollectError| {
            let code = if matches!(error, CollectError::Cancelled) { "Cancelled" } else { "Unidentified" };
            failed(Step::Identify, super::error::stand_in(code, error.to_string()))
        };
        if self.options.cancel.is_cancelled() {
            return Err(identify(CollectError::Cancelled));
        }
        let sdk = if account == self.account {
            self.sdk.clone()
        } else {
            let arn = format!("arn:{}:iam::{account}:role/{}", self.partition, self.entry.role_name);
            let assumed = Assumed { arn, entry: &self.entry, tagged: true, region: self.leader };
            let entering = std::pin::pin!(role::assume(&self.sdk, assumed));
            let cancelled = std::pin::pin!(self.options.cancel.cancelled());
            match futures_util::future::select(cancelled, entering).await {
                futures_util::future::Either::Left(_) => return Err(identify(CollectError::Cancelled)),
                futures_util::future::Either::Right((entered, _)) => {
                    entered.map_err(|error| failed(Step::AssumeRole, error))?
                }
            }
        };
        let options = Options { collected_at: (self.clock)(), ..self.options.clone() };
        let session = session::identify(&options, sdk).await.map_err(identify)?;
        if session.account != account {
            let message = format!("the role leads into account {}", session.account);
            return Err(failed(Step::Identify, super::error::stand_in("OtherAccount", message)));
        }
        let throttles = Throttles::sharing(Arc::clone(&self.open));
        Box::pin(gather(&options, &Silent, session, throttles)).await.map_err(identify)
    }
}

/// How much later than at once an account starts: the first accounts spread out instead of calling STS all together. By
/// the account's number, so that no two runs of one account differ by chance.
fn jitter(account: &str, accounts: usize) -> Duration {
    let mut hash = DefaultHasher::new();
    account.hash(&mut hash);
    let most = SPREAD * u32::try_from(accounts).unwrap_or(u32::MAX).min(40);
    let part = u32::try_from(hash.finish() % 1000).unwrap_or_default();
    most * part / 1000
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::{SPREAD, jitter};

    #[test]
    fn starts_are_spread_out_and_never_late() {
        let starts: BTreeSet<_> = (0..16).map(|number| jitter(&format!("{number:012}"), 16)).collect();
        assert!(starts.len() > 10, "{starts:?}");
        assert!(starts.iter().all(|start| *start <= SPREAD * 16));
        assert_eq!(jitter("111111111111", 16), jitter("111111111111", 16));
    }
}

//! The session: credentials, and whose account they belong to.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use aws_config::BehaviorVersion;
use aws_config::environment::region::EnvironmentVariableRegionProvider;
use aws_config::meta::region::RegionProviderChain;
use aws_config::profile::{ProfileFileCredentialsProvider, ProfileFileRegionProvider};
use aws_config::provider_config::ProviderConfig;
use aws_config::retry::RetryConfig;
use aws_config::timeout::TimeoutConfig;
use aws_smithy_runtime::client::retries::RetryPartition;
use aws_types::SdkConfig;
use aws_types::region::Region;
use futures_util::future::{Either, select};

use super::convert::IntoShape;
use super::error::identity_error;
use super::{CollectError, Limits, Options, connector, partition};
use crate::snapshot::shapes::sts::GetCallerIdentity;
use crate::snapshot::{Observation, Operation, Outcome, Request, Shape};

/// Credentials, and what AWS says about them.
pub(super) struct Session {
    pub(super) sdk: SdkConfig,
    pub(super) account: String,
    pub(super) partition: String,
    pub(super) caller: String,
    /// The Region that answers for the partition's global services.
    pub(super) leader: &'static str,
    /// The answer of `GetCallerIdentity`, the first observation.
    pub(super) identity: Observation,
    /// What this account may spend on retries, for each service and Region.
    budgets: Mutex<BTreeMap<String, RetryPartition>>,
}

impl Session {
    /// What this account may spend on the retries of a service's calls. The SDK's own budgets are the process's: one
    /// account that is throttled for ever would use up the retries of all others.
    pub(super) fn budget(&self, name: String) -> RetryPartition {
        let mut budgets = self.budgets.lock().unwrap_or_else(PoisonError::into_inner);
        budgets.entry(name).or_insert_with_key(|name| RetryPartition::custom(name.clone()).build()).clone()
    }
}

/// Loads credentials by the standard chain and asks whose account this is.
pub(super) async fn open(options: &Options) -> Result<Session, CollectError> {
    identify(options, configuration(options).await).await
}

/// Asks whose account these credentials belong to.
pub(super) async fn identify(options: &Options, sdk: SdkConfig) -> Result<Session, CollectError> {
    let configured = options.regions.first().map(String::as_str).or_else(|| sdk.region().map(Region::as_ref));
    let region = partition::leader(configured.map_or("aws", partition::of_region));
    let asked = sdk.to_builder().region(Region::from_static(region)).build();
    let identity = identity(options, &asked).await?;
    let (Some(account), Some(caller)) = (identity.account.clone(), identity.arn.clone()) else {
        return Err(unusable("the answer names no account"));
    };
    let Some(partition) = caller.split(':').nth(1).filter(|name| !name.is_empty()).map(str::to_owned) else {
        return Err(unusable(&format!("`{caller}` is not an ARN")));
    };
    check_regions(options, &partition, &account)?;
    let identity = Observation {
        operation: Operation::StsGetCallerIdentity,
        region: region.to_owned(),
        request: Request::new(),
        outcome: Outcome::Answered(identity.into_response()),
    };
    let leader = partition::leader(&partition);
    Ok(Session { sdk, account, partition, caller, leader, identity, budgets: Mutex::default() })
}

async fn identity(options: &Options, sdk: &SdkConfig) -> Result<GetCallerIdentity, CollectError> {
    let client = aws_sdk_sts::Client::new(sdk);
    let request = Box::pin(client.get_caller_identity().send());
    match select(std::pin::pin!(options.cancel.cancelled()), request).await {
        Either::Left(_) => Err(CollectError::Cancelled),
        Either::Right((Err(error), _)) => Err(identity_error(&error, options.profile.as_deref())),
        Either::Right((Ok(answer), _)) => Ok(GetCallerIdentity {
            user_id: answer.user_id.shape(),
            account: answer.account.shape(),
            arn: answer.arn.shape(),
        }),
    }
}

fn unusable(message: &str) -> CollectError {
    CollectError::Identity {
        message: message.to_owned(),
        hint: "check which endpoint `AWS_ENDPOINT_URL` and `AWS_ENDPOINT_URL_STS` name".to_owned(),
    }
}

fn check_regions(options: &Options, partition: &str, account: &str) -> Result<(), CollectError> {
    match options.regions.iter().find(|region| partition::of_region(region) != partition) {
        Some(region) => Err(CollectError::ForeignRegion {
            region: region.clone(),
            partition: partition.to_owned(),
            account: account.to_owned(),
        }),
        None => Ok(()),
    }
}

async fn configuration(options: &Options) -> SdkConfig {
    let client = connector::http_client();
    // The SDK's own chain would also ask EC2's metadata service, which costs seconds everywhere else.
    let mut profile_region = ProfileFileRegionProvider::builder();
    if let Some(name) = &options.profile {
        profile_region = profile_region.profile_name(name);
    }
    let region = RegionProviderChain::first_try(EnvironmentVariableRegionProvider::new())
        .or_else(profile_region.build())
        .or_else(Region::from_static("us-east-1"))
        .region()
        .await;
    let mut loader = aws_config::defaults(BehaviorVersion::latest())
        .http_client(client.clone())
        .region(region.clone())
        .timeout_config(timeouts(&options.limits))
        .retry_config(retries(&options.limits));
    if let Some(name) = &options.profile {
        // A profile that was asked for outranks keys in the environment, as it does in the AWS CLI.
        let provider = ProviderConfig::without_region().with_region(region).with_http_client(client);
        let credentials = ProfileFileCredentialsProvider::builder().profile_name(name).configure(&provider).build();
        loader = loader.profile_name(name).credentials_provider(credentials);
    }
    loader.load().await
}

fn timeouts(limits: &Limits) -> TimeoutConfig {
    TimeoutConfig::builder()
        .connect_timeout(limits.connect)
        .read_timeout(limits.read)
        .operation_attempt_timeout(limits.attempt)
        .operation_timeout(limits.call)
        .build()
}

/// Standard retries: jittered, and cut off by a budget when everything fails. The adaptive mode would wait for a token
/// bucket that one throttled call empties for 15 seconds; [`super::throttle`] keeps below AWS's rates instead.
fn retries(limits: &Limits) -> RetryConfig {
    RetryConfig::standard().with_max_attempts(limits.attempts).with_initial_backoff(limits.first_pause)
}

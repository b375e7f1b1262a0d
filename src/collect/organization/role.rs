//! Credentials of a role: assumed when an account is entered, and again before they expire.

use std::sync::{Mutex, PoisonError};
use std::time::{Duration, SystemTime};

use aws_config::identity::IdentityCache;
use aws_credential_types::Credentials;
use aws_credential_types::provider::error::CredentialsError;
use aws_credential_types::provider::{self, ProvideCredentials, SharedCredentialsProvider, future};
use aws_sdk_sts::Client;
use aws_sdk_sts::config::retry::RetryPartition;
use aws_sdk_sts::types::Tag;
use aws_types::SdkConfig;
use aws_types::region::Region;

use super::Entry;
use crate::collect::error::{api_error, stand_in};
use crate::snapshot::ApiError;

/// How long before their end credentials are taken for expired.
const BEFORE_THE_END: Duration = Duration::from_mins(1);

/// A role that is assumed with other credentials.
#[derive(Debug)]
struct Role {
    client: Client,
    arn: String,
    session_name: String,
    external_id: Option<String>,
    tags: Vec<Tag>,
    /// What the first assumption gave, until somebody signs with it.
    first: Mutex<Option<Credentials>>,
}

/// Which role to assume, and from which Region's STS.
pub(super) struct Assumed<'a> {
    pub(super) arn: String,
    pub(super) entry: &'a Entry,
    /// Whether the session carries the entry's tags.
    pub(super) tagged: bool,
    pub(super) region: &'static str,
}

/// Assumes a role and gives a configuration that signs as it, for as long as somebody works with it.
pub(super) async fn assume(sdk: &SdkConfig, assumed: Assumed<'_>) -> Result<SdkConfig, ApiError> {
    let Assumed { arn, entry, tagged, region } = assumed;
    let asking = sdk.to_builder().region(Region::from_static(region)).build();
    // A budget of retries of its own: roles that are throttled must not use up what others need.
    let partition = RetryPartition::custom(format!("sts-{arn}")).build();
    let client = Client::from_conf(aws_sdk_sts::config::Builder::from(&asking).retry_partition(partition).build());
    let mut tags = Vec::new();
    for (key, value) in entry.session_tags.iter().filter(|_| tagged) {
        let tag = Tag::builder().key(key).value(value).build();
        tags.push(tag.map_err(|error| stand_in("RequestError", error.to_string()))?);
    }
    let role = Role {
        client,
        arn,
        session_name: entry.session_name.clone(),
        external_id: entry.external_id.clone(),
        tags,
        first: Mutex::new(None),
    };
    let first = role.assume().await?;
    *role.first.lock().unwrap_or_else(PoisonError::into_inner) = Some(first);
    Ok(sdk
        .to_builder()
        .credentials_provider(SharedCredentialsProvider::new(role))
        // Each account has a cache of its own, which goes when the account is done.
        .identity_cache(IdentityCache::lazy().buffer_time(BEFORE_THE_END).build())
        .build())
}

impl Role {
    async fn assume(&self) -> Result<Credentials, ApiError> {
        let request = self
            .client
            .assume_role()
            .role_arn(&self.arn)
            .role_session_name(&self.session_name)
            .set_external_id(self.external_id.clone())
            .set_tags((!self.tags.is_empty()).then(|| self.tags.clone()));
        let answer = Box::pin(request.send()).await.map_err(|error| api_error(&error))?;
        let credentials =
            answer.credentials.ok_or_else(|| stand_in("ResponseError", "the answer holds no credentials"))?;
        let expires = SystemTime::try_from(credentials.expiration)
            .map_err(|error| stand_in("ResponseError", format!("the credentials' expiration is no time: {error}")))?;
        Ok(Credentials::new(
            credentials.access_key_id,
            credentials.secret_access_key,
            Some(credentials.session_token),
            Some(expires),
            "posture-assumed-role",
        ))
    }

    async fn provide(&self) -> provider::Result {
        let first = self.first.lock().unwrap_or_else(PoisonError::into_inner).take();
        match first {
            Some(credentials) => Ok(credentials),
            None => self.assume().await.map_err(|error| {
                CredentialsError::provider_error(format!("{} for {}: {}", error.code, self.arn, error.message))
            }),
        }
    }
}

impl ProvideCredentials for Role {
    fn provide_credentials<'a>(&'a self) -> future::ProvideCredentials<'a>
    where
        Self: 'a,
    {
        future::ProvideCredentials::new(self.provide())
    }
}

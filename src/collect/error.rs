//! Errors: why nothing could be collected, with the hint that solves it; and AWS's refusals in AWS's words.

use std::error::Error as _;

use aws_credential_types::provider::error::CredentialsError;
use aws_smithy_runtime_api::client::result::SdkError;
use aws_smithy_types::error::metadata::ProvideErrorMetadata;

use crate::snapshot::{ApiError, DuplicateObservation};

/// Why nothing could be collected.
#[derive(Debug, thiserror::Error)]
pub enum CollectError {
    /// No credentials, or credentials that AWS does not take.
    #[error("AWS does not say whose account this is: {message}")]
    Identity {
        /// What AWS or the credential chain said.
        message: String,
        /// What to do about it.
        hint: String,
    },
    /// The system did not give what collecting needs.
    #[error("cannot start collecting: {0}")]
    Start(#[source] std::io::Error),
    /// A Region that cannot be one.
    #[error("`{0}` is not a Region")]
    Region(String),
    /// Regions of two partitions, or of another than the account's.
    #[error("Region `{region}` is not in partition `{partition}` of account {account}")]
    ForeignRegion {
        /// The Region asked for.
        region: String,
        /// The account's partition.
        partition: String,
        /// The account.
        account: String,
    },
    /// A role on the way into the organization could not be assumed.
    #[error("role `{arn}` could not be assumed: {message}")]
    Role {
        /// The role.
        arn: String,
        /// What AWS said.
        message: String,
    },
    /// The accounts of the organization could not be listed.
    #[error("the accounts of the organization could not be listed: {operation}: {message}")]
    Listing {
        /// The operation that failed.
        operation: &'static str,
        /// What AWS said.
        message: String,
        /// What to do about it.
        hint: String,
    },
    /// The run was stopped by its caller.
    #[error("collecting was cancelled")]
    Cancelled,
    /// Two answers to one question.
    #[error(transparent)]
    Duplicate(#[from] DuplicateObservation),
}

impl CollectError {
    /// What to do next.
    pub fn hint(&self) -> String {
        match self {
            Self::Identity { hint, .. } | Self::Listing { hint, .. } => hint.clone(),
            Self::Role { .. } => {
                "check that the role exists, that its trust policy names you, and `--external-id` if it asks for one"
                    .to_owned()
            }
            Self::Region(_) => "name Regions as AWS does, as in `--region eu-west-1`".to_owned(),
            Self::ForeignRegion { .. } => {
                "ask for Regions of the account's own partition, or choose another profile with `--profile NAME`"
                    .to_owned()
            }
            Self::Start(_) => "allow the program more threads and open files".to_owned(),
            Self::Cancelled => "run it again; `--partial` keeps what was collected until then".to_owned(),
            Self::Duplicate(_) => "this is a defect of posture: please report it".to_owned(),
        }
    }
}

/// AWS's refusal in AWS's words, or the stand-in for an answer that never arrived.
pub(super) fn api_error<E, R>(error: &SdkError<E, R>) -> ApiError
where
    E: ProvideErrorMetadata + std::error::Error + 'static,
    R: std::fmt::Debug + 'static,
{
    let chain = || chain(error);
    match error {
        SdkError::TimeoutError(_) => stand_in("Timeout", chain()),
        SdkError::DispatchFailure(failure) if failure.is_timeout() => stand_in("Timeout", chain()),
        SdkError::DispatchFailure(_) | SdkError::ConstructionFailure(_) => stand_in("ConnectionError", chain()),
        SdkError::ServiceError(refusal) => match refusal.err().code() {
            Some(code) => {
                ApiError { code: code.to_owned(), message: refusal.err().message().unwrap_or_default().to_owned() }
            }
            None => stand_in("ResponseError", chain()),
        },
        _ => stand_in("ResponseError", chain()),
    }
}

pub(super) fn stand_in(code: &str, message: impl Into<String>) -> ApiError {
    ApiError { code: code.to_owned(), message: message.into() }
}

/// An error and what it came from, in one line.
fn chain(error: &(dyn std::error::Error + 'static)) -> String {
    const LONGEST: usize = 400;
    let mut text = error.to_string();
    let mut next = error.source();
    while let Some(source) = next {
        text = format!("{text}: {source}");
        next = source.source();
    }
    let mut line: String = text.lines().next().unwrap_or(&text).chars().take(LONGEST).collect();
    if line.contains("dns error") {
        line.push_str("; AWS may not offer this service in this Region");
    }
    line
}

/// Turns a failed `GetCallerIdentity` into words that help.
pub(super) fn identity_error<E, R>(error: &SdkError<E, R>, profile: Option<&str>) -> CollectError
where
    E: ProvideErrorMetadata + std::error::Error + 'static,
    R: std::fmt::Debug + Send + Sync + 'static,
{
    if let Some(credentials) = credentials_error(error) {
        return credentials_problem(credentials, profile);
    }
    let refusal = api_error(error);
    let hint = match refusal.code.as_str() {
        "ExpiredToken" | "ExpiredTokenException" | "RequestExpired" => {
            format!("the credentials have expired: sign in again, as with `{}`", sign_in(profile))
        }
        "InvalidClientTokenId" | "UnrecognizedClientException" | "SignatureDoesNotMatch" | "IncompleteSignature" => {
            "the access key is unknown, inactive or mistyped: check it with `aws configure list`, or choose another profile \
             with `--profile NAME`"
                .to_owned()
        }
        "Timeout" | "ConnectionError" => {
            "check the network, the proxy variables and `AWS_ENDPOINT_URL`; saved snapshots are read without a network: \
             `posture scan --snapshot FILE`"
                .to_owned()
        }
        _ => "check the credentials with `aws sts get-caller-identity`".to_owned(),
    };
    CollectError::Identity { message: format!("{}: {}", refusal.code, refusal.message), hint }
}

fn credentials_error<E, R>(error: &SdkError<E, R>) -> Option<&CredentialsError>
where
    E: std::error::Error + 'static,
    R: std::fmt::Debug,
    SdkError<E, R>: std::error::Error,
{
    let mut next = error.source();
    while let Some(source) = next {
        if let Some(found) = source.downcast_ref::<CredentialsError>() {
            return Some(found);
        }
        next = source.source();
    }
    None
}

fn credentials_problem(error: &CredentialsError, profile: Option<&str>) -> CollectError {
    let message = chain(error);
    let hint = match error {
        CredentialsError::CredentialsNotLoaded(_) => match profile {
            Some(name) => format!("profile `{name}` holds no credentials: list profiles with `aws configure list-profiles`"),
            None => "there are no credentials: set `AWS_PROFILE` or `--profile NAME`, sign in with `aws sso login`, or export \
                     `AWS_ACCESS_KEY_ID` and `AWS_SECRET_ACCESS_KEY`"
                .to_owned(),
        },
        CredentialsError::InvalidConfiguration(_) => {
            "the AWS configuration files do not say how to get credentials: check `~/.aws/config` and the profile's name"
                .to_owned()
        }
        _ => format!("the credentials could not be fetched: sign in again, as with `{}`", sign_in(profile)),
    };
    CollectError::Identity { message, hint }
}

fn sign_in(profile: Option<&str>) -> String {
    profile.map_or_else(|| "aws sso login".to_owned(), |name| format!("aws sso login --profile {name}"))
}

//! Calls that need no SDK crate: one client for every service, driven by `model.json`.
//!
//! Signing, credentials, retries, time limits and HTTP are the SDK's own, put together as its generated clients do it;
//! only what those clients generate per operation is read from the model instead. Answers become what the AWS CLI
//! prints, so that live and imported answers are read by the same code.

mod decode;
mod endpoint;
mod model;
mod request;

mod xml;

#[cfg(test)]
mod tests;

use aws_runtime::auth::sigv4::{SCHEME_ID, SigV4AuthScheme};
use aws_runtime::auth::{SigV4OperationSigningConfig, SigningOptions};
use aws_runtime::invocation_id::InvocationIdInterceptor;
use aws_runtime::request_info::RequestInfoInterceptor;
use aws_runtime::retries::classifiers::AwsErrorCodeClassifier;
use aws_runtime::service_clock_skew::{ServiceClockSkewClassifier, ServiceClockSkewInterceptor};
use aws_runtime::user_agent::{ApiMetadata, UserAgentInterceptor};
use aws_smithy_runtime::client::http::connection_poisoning::ConnectionPoisoningInterceptor;
use aws_smithy_runtime::client::orchestrator::operation::Operation as Orchestrated;
use aws_smithy_runtime::client::retries::classifiers::{HttpStatusCodeClassifier, TransientErrorClassifier};
use aws_smithy_runtime_api::client::auth::static_resolver::StaticAuthSchemeOptionResolver;
use aws_smithy_runtime_api::client::auth::{AuthSchemeOptionResolverParams, SharedAuthScheme};
use aws_smithy_runtime_api::client::identity::SharedIdentityResolver;
use aws_smithy_runtime_api::client::interceptors::SharedInterceptor;
use aws_smithy_runtime_api::client::orchestrator::{HttpResponse, OrchestratorError};
use aws_smithy_runtime_api::client::result::SdkError;
use aws_smithy_runtime_api::client::retries::classifiers::SharedRetryClassifier;
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponentsBuilder;
use aws_smithy_runtime_api::client::runtime_plugin::StaticRuntimePlugin;
use aws_smithy_types::config_bag::Layer;
use aws_smithy_types::error::metadata::{ErrorMetadata, ProvideErrorMetadata};
use aws_types::region::SigningRegion;
use aws_types::{SdkConfig, SigningName};
use serde_json::Value;

use super::context::Next;
use super::convert::append_new;
use super::error::stand_in;
use super::partition;
use super::session::Session;
use crate::snapshot::{ApiError, Operation, Request};
use decode::refusal;
use endpoint::Asked;
use model::{Model, Page, Protocol, Service};

/// Where S3 says which Region a bucket is in.
const BUCKET_REGION: &str = "bucket_region";

/// One operation, ready to be asked page by page.
pub(super) struct Call<'a> {
    session: &'a Session,
    sdk: &'a SdkConfig,
    service: &'static Service,
    model: &'static model::Call,
    name: &'static str,
    region: &'a str,
    input: Request,
}

/// What AWS said instead of answering.
#[derive(Debug, thiserror::Error)]
#[error("{}", .0.message().unwrap_or("no message"))]
pub(super) struct Refused(ErrorMetadata);

impl ProvideErrorMetadata for Refused {
    fn meta(&self) -> &ErrorMetadata {
        &self.0
    }
}

type Answer = Result<Value, SdkError<Refused, HttpResponse>>;

impl<'a> Call<'a> {
    /// Prepares a call.
    pub(super) fn new(
        session: &'a Session,
        sdk: &'a SdkConfig,
        operation: Operation,
        region: &'a str,
        input: Request,
    ) -> Result<Self, ApiError> {
        let (service, model) = Model::find(operation).map_err(|error| stand_in("RequestError", error))?;
        Ok(Self { session, sdk, service, model, name: operation.spec().name, region, input })
    }

    /// Asks for a page. A bucket that lives elsewhere is asked about where it lives.
    pub(super) async fn page(&self, token: Option<String>) -> Answer {
        let mut input = self.input.clone();
        if let (Some(token), Some(page)) = (token, &self.model.page) {
            input.insert(page.input.clone(), Value::String(token));
        }
        match self.ask(self.region, &input).await {
            Err(SdkError::ServiceError(refusal)) => {
                let elsewhere = refusal.err().0.extra(BUCKET_REGION).map(str::to_owned);
                match elsewhere.filter(|region| region != self.region && partition::is_region(region)) {
                    Some(region) => self.ask(&region, &input).await,
                    None => Err(SdkError::ServiceError(refusal)),
                }
            }
            answer => answer,
        }
    }

    /// Adds a page to those before it, and says where it goes on.
    pub(super) fn add(&self, all: &mut Value, page: Value) -> Next {
        let Some(pages) = &self.model.page else {
            *all = page;
            return Next::End;
        };
        if !all.is_null() {
            // The last page has no token, and must not seem to have what the one before it said of more.
            remove(all, &pages.output);
            if let Some(more) = &pages.more {
                remove(all, more);
            }
        }
        merge(all, page);
        next(pages, all)
    }

    async fn ask(&self, region: &str, input: &Request) -> Answer {
        let prepared = self.prepare(region, input).map_err(SdkError::construction_failure)?;
        Box::pin(prepared.invoke(())).await
    }

    fn prepare(&self, region: &str, input: &Request) -> Result<Orchestrated<(), Value, Refused>, String> {
        let (service, call, name) = (self.service, self.model, self.name);
        let is_s3 = service.signing == "s3";
        let asked = Asked {
            service,
            region,
            partition: &self.session.partition,
            account: input.get("AccountId").and_then(Value::as_str).filter(|_| service.endpoint == "s3-control"),
            bucket: input.get("Bucket").and_then(Value::as_str).filter(|_| is_s3),
        };
        let endpoint = endpoint::resolve(self.sdk, &asked)?;
        let draft = request::draft(service, name, call, input, endpoint.bucket_in_host)?;
        let client = self.sdk.http_client().ok_or("the session has no HTTP client")?;
        let mut builder = Orchestrated::builder()
            .service_name(service.id.as_str())
            .operation_name(name)
            .http_client(client)
            .endpoint_url(&endpoint.url)
            .standard_retry(self.sdk.retry_config().ok_or("the session has no retries")?)
            .timeout_config(self.sdk.timeout_config().ok_or("the session has no time limits")?.clone())
            .runtime_plugin(self.plugin(is_s3, &endpoint.region)?);
        if let Some(sleep) = self.sdk.sleep_impl() {
            builder = builder.sleep_impl(sleep);
        }
        if let Some(time) = self.sdk.time_source() {
            builder = builder.time_source(time);
        }
        if let Some(version) = self.sdk.behavior_version() {
            builder = builder.behavior_version(version);
        }
        Ok(builder
            .serializer(move |(): ()| draft.clone().into_http().map_err(Into::into))
            .deserializer(move |response: &HttpResponse| read(service, name, call, response))
            .build())
    }

    /// What generated clients configure: credentials, signing, retries by AWS's error codes, and who is asking.
    fn plugin(&self, is_s3: bool, region: &str) -> Result<StaticRuntimePlugin, String> {
        let mut signing = SigningOptions::default();
        signing.double_uri_encode = !is_s3;
        signing.normalize_uri_path = !is_s3;
        signing.content_sha256_header = is_s3;
        let mut config = Layer::new("posture::wire");
        config.store_put(SigV4OperationSigningConfig {
            region: Some(SigningRegion::from(aws_types::region::Region::new(region.to_owned()))),
            name: Some(SigningName::from(self.service.signing.as_str())),
            signing_options: signing,
            ..SigV4OperationSigningConfig::default()
        });
        config.store_put(AuthSchemeOptionResolverParams::new(()));
        config.store_put(ApiMetadata::new("posture-wire", env!("CARGO_PKG_VERSION")));
        config.store_put(self.session.budget(format!("{}-{region}", self.service.endpoint)));
        if let Some(name) = self.sdk.app_name() {
            config.store_put(name.clone());
        }
        let credentials = self.sdk.credentials_provider().ok_or("the session has no credentials")?;
        let mut parts = RuntimeComponentsBuilder::new("posture::wire")
            .with_auth_scheme(SharedAuthScheme::new(SigV4AuthScheme::new()))
            .with_auth_scheme_option_resolver(Some(StaticAuthSchemeOptionResolver::new(vec![SCHEME_ID])))
            .with_identity_cache(self.sdk.identity_cache())
            .with_identity_resolver(SCHEME_ID, SharedIdentityResolver::new(credentials));
        for interceptor in [
            SharedInterceptor::new(ConnectionPoisoningInterceptor::new()),
            SharedInterceptor::new(ServiceClockSkewInterceptor::new()),
            SharedInterceptor::new(RequestInfoInterceptor::new()),
            SharedInterceptor::new(UserAgentInterceptor::new()),
            SharedInterceptor::new(InvocationIdInterceptor::new()),
        ] {
            parts.push_interceptor(interceptor);
        }
        for classifier in [
            SharedRetryClassifier::new(HttpStatusCodeClassifier::default()),
            SharedRetryClassifier::new(TransientErrorClassifier::<Refused>::new()),
            SharedRetryClassifier::new(AwsErrorCodeClassifier::<Refused>::new()),
            SharedRetryClassifier::new(ServiceClockSkewClassifier::<Refused>::new()),
        ] {
            parts.push_retry_classifier(classifier);
        }
        Ok(StaticRuntimePlugin::new().with_config(config.freeze()).with_runtime_components(parts))
    }
}

fn read(
    service: &Service,
    name: &str,
    call: &model::Call,
    response: &HttpResponse,
) -> Result<Value, OrchestratorError<Refused>> {
    let body = response.body().bytes().unwrap_or_default();
    if response.status().is_success() {
        return decode::answer(service, name, call, body).map_err(OrchestratorError::other);
    }
    Err(OrchestratorError::operation(refused(service.protocol, response, body)))
}

fn refused(protocol: Protocol, response: &HttpResponse, body: &[u8]) -> Refused {
    let headers = response.headers();
    let refusal = refusal(protocol, headers.get("x-amzn-errortype"), body);
    let mut error = ErrorMetadata::builder();
    match refusal.code {
        Some(code) => {
            error = error.code(code).message(refusal.message.unwrap_or_default());
        }
        None => error = error.message(format!("HTTP status {}", response.status().as_u16())),
    }
    if let Some(region) = headers.get("x-amz-bucket-region").map(str::to_owned).or(refusal.region) {
        error = error.custom(BUCKET_REGION, region);
    }
    Refused(error.build())
}

fn next(pages: &Page, all: &Value) -> Next {
    let token = at(all, &pages.output).and_then(Value::as_str).filter(|token| !token.is_empty());
    let more = pages.more.as_deref().and_then(|more| at(all, more)).and_then(Value::as_bool);
    match (token, more) {
        (_, Some(false)) | (None, None) => Next::End,
        (Some(token), _) => Next::Page(token.to_owned()),
        (None, Some(true)) => Next::Lost,
    }
}

/// A member by its path, as in `DistributionList.NextMarker`.
fn at<'v>(value: &'v Value, path: &str) -> Option<&'v Value> {
    path.split('.').try_fold(value, |value, name| value.get(name))
}

fn remove(value: &mut Value, path: &str) {
    let (parent, name) = match path.rsplit_once('.') {
        Some((parent, name)) => (parent.split('.').try_fold(value, |value, name| value.get_mut(name)), name),
        None => (Some(value), path),
    };
    if let Some(Value::Object(members)) = parent {
        members.remove(name);
    }
}

/// Lists grow by the page's items, without what the page before held already; of everything else the last page counts.
fn merge(all: &mut Value, page: Value) {
    match (all, page) {
        (Value::Array(all), Value::Array(page)) => append_new(all, page),
        (Value::Object(all), Value::Object(page)) => {
            for (name, value) in page {
                merge(all.entry(name).or_insert(Value::Null), value);
            }
        }
        (all, page) => *all = page,
    }
}

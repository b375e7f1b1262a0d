//! The wire: TLS everywhere but to this machine, and no answer without a body.
//!
//! One wrapper around the SDK's HTTP client sees every request, those that fetch credentials included.

use std::net::IpAddr;
use std::sync::Arc;

use aws_smithy_http_client::tls::{Provider, rustls_provider::CryptoMode};
use aws_smithy_runtime_api::client::http::{
    HttpClient, HttpConnector, HttpConnectorFuture, HttpConnectorSettings, SharedHttpClient, SharedHttpConnector,
};
use aws_smithy_runtime_api::client::orchestrator::{HttpRequest, HttpResponse};
use aws_smithy_runtime_api::client::result::ConnectorError;
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;
use aws_smithy_types::body::SdkBody;
use aws_smithy_types::byte_stream::ByteStream;

/// The largest answer that is read, in bytes; AWS's pages stay far below.
const LARGEST_ANSWER: usize = 64 * 1024 * 1024;

/// An HTTP client with TLS by rustls and ring.
pub(super) fn http_client() -> SharedHttpClient {
    let builder = aws_smithy_http_client::Builder::new;
    let tls = builder().tls_provider(Provider::Rustls(CryptoMode::Ring)).build_https();
    SharedHttpClient::new(Guarded(Arc::new(Clients { tls, plain: builder().build_http() })))
}

#[derive(Debug)]
struct Guarded(Arc<Clients>);

/// Each prepares what it needs when it is first used: the system's certificates are hundreds.
#[derive(Debug)]
struct Clients {
    tls: SharedHttpClient,
    plain: SharedHttpClient,
}

impl HttpClient for Guarded {
    fn http_connector(&self, settings: &HttpConnectorSettings, components: &RuntimeComponents) -> SharedHttpConnector {
        SharedHttpConnector::new(GuardedConnector {
            clients: Arc::clone(&self.0),
            settings: settings.clone(),
            components: components.clone(),
        })
    }
}

#[derive(Debug)]
struct GuardedConnector {
    clients: Arc<Clients>,
    settings: HttpConnectorSettings,
    components: RuntimeComponents,
}

impl HttpConnector for GuardedConnector {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        if !may_be_sent(request.uri()) {
            let message = "refused to send a request without TLS to another machine: use an `https://` endpoint";
            return HttpConnectorFuture::ready(Err(ConnectorError::user(message.into())));
        }
        let client = if request.uri().starts_with("https://") { &self.clients.tls } else { &self.clients.plain };
        let answer = client.http_connector(&self.settings, &self.components).call(request);
        HttpConnectorFuture::new(async move {
            let mut answer = whole(answer.await?).await?;
            pass_on_retry_after(&mut answer);
            Ok(answer)
        })
    }
}

/// Some services and every proxy say `Retry-After` in seconds, where the SDK listens for `x-amz-retry-after` in
/// milliseconds alone. It waits as long as it is told to, up to its own longest pause.
fn pass_on_retry_after(answer: &mut HttpResponse) {
    let headers = answer.headers();
    let wait = headers.get("retry-after").and_then(|seconds| seconds.trim().parse::<u32>().ok());
    if let (Some(seconds), None) = (wait, headers.get("x-amz-retry-after")) {
        answer.headers_mut().insert("x-amz-retry-after", (u64::from(seconds) * 1000).to_string());
    }
}

/// TLS, or a host on this machine or on the link that hands out credentials.
fn may_be_sent(uri: &str) -> bool {
    let Some(rest) = uri.strip_prefix("http://") else { return uri.starts_with("https://") };
    let authority = rest.split(['/', '?', '#']).next().unwrap_or_default();
    let host = authority.rsplit_once('@').map_or(authority, |(_, host)| host);
    let host = match host.strip_prefix('[') {
        Some(address) => address.split(']').next().unwrap_or_default(),
        None => host.split(':').next().unwrap_or_default(),
    };
    host == "localhost" || host.parse().is_ok_and(|address: IpAddr| is_local(address))
}

/// Loopback, and the addresses of EC2's, ECS's and EKS's credential services, which speak plain HTTP by design:
/// <https://docs.aws.amazon.com/sdkref/latest/guide/feature-container-credentials.html>.
fn is_local(address: IpAddr) -> bool {
    const CREDENTIAL_SERVICES: [&str; 5] =
        ["169.254.169.254", "169.254.170.2", "169.254.170.23", "fd00:ec2::254", "fd00:ec2::23"];
    address.is_loopback() || CREDENTIAL_SERVICES.iter().any(|service| service.parse() == Ok(address))
}

/// Reads the whole answer. An empty success would be taken for an answer with every member missing, so it is an error.
async fn whole(mut answer: HttpResponse) -> Result<HttpResponse, ConnectorError> {
    let mut body = ByteStream::new(answer.take_body());
    let mut bytes = Vec::new();
    while let Some(part) = body.next().await {
        bytes.extend_from_slice(&part.map_err(|error| ConnectorError::io(error.into()))?);
        if bytes.len() > LARGEST_ANSWER {
            return Err(ConnectorError::other("the answer is larger than 64 MiB".into(), None));
        }
    }
    if bytes.is_empty() && answer.status().is_success() {
        return Err(ConnectorError::other("the answer is empty".into(), None));
    }
    *answer.body_mut() = SdkBody::from(bytes);
    Ok(answer)
}

#[cfg(test)]
mod tests {
    use super::may_be_sent;

    #[test]
    fn plain_http_stays_on_this_machine() {
        for good in [
            "https://iam.amazonaws.com/",
            "http://127.0.0.1:5000/",
            "http://localhost:4566",
            "http://[::1]:80/x",
            "http://169.254.169.254/latest/meta-data",
        ] {
            assert!(may_be_sent(good), "{good}");
        }
        for bad in [
            "http://iam.amazonaws.com/",
            "http://10.0.0.1:5000/",
            "http://localhost.evil.example/",
            "http://127.0.0.1@evil.example/",
            "http://evil.example/?http://localhost",
            "ftp://localhost/",
            "http://[::2]/",
        ] {
            assert!(!may_be_sent(bad), "{bad}");
        }
    }
}

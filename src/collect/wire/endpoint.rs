//! Where a service listens: its host in a partition and Region, or the endpoint that the user configured.

use aws_types::SdkConfig;
use aws_types::service_config::ServiceConfigKey;

use super::model::Service;
use crate::collect::partition;

/// A place to send requests to, and the Region to sign them for.
#[derive(Debug, PartialEq)]
pub(super) struct Endpoint {
    pub(super) url: String,
    pub(super) region: String,
    /// Whether the host names the bucket.
    pub(super) bucket_in_host: bool,
}

/// What a request is for.
#[derive(Debug)]
pub(super) struct Asked<'a> {
    pub(super) service: &'a Service,
    pub(super) region: &'a str,
    pub(super) partition: &'a str,
    /// The account, where its id stands in the host's name.
    pub(super) account: Option<&'a str>,
    pub(super) bucket: Option<&'a str>,
}

/// The endpoint to ask: a configured one, else AWS's own.
pub(super) fn resolve(sdk: &SdkConfig, asked: &Asked<'_>) -> Result<Endpoint, String> {
    if let Some(url) = configured(sdk, &asked.service.id)? {
        return custom(&url, asked);
    }
    let variant =
        Variant { fips: sdk.use_fips().unwrap_or_default(), dual_stack: sdk.use_dual_stack().unwrap_or_default() };
    Ok(official(asked, variant))
}

/// `AWS_ENDPOINT_URL_<SERVICE>`, else `AWS_ENDPOINT_URL`, or their like in the profile, as the SDK's clients read them.
fn configured(sdk: &SdkConfig, id: &str) -> Result<Option<String>, String> {
    let global = || sdk.endpoint_url().map(str::to_owned);
    if sdk.get_origin("endpoint_url").is_client_config() {
        return Ok(global());
    }
    let key = ServiceConfigKey::builder().service_id(id).env("AWS_ENDPOINT_URL").profile("endpoint_url").build();
    let key = key.map_err(|error| error.to_string())?;
    Ok(sdk.service_config().and_then(|config| config.load_config(key)).or_else(global))
}

fn custom(url: &str, asked: &Asked<'_>) -> Result<Endpoint, String> {
    let region = signing_region(asked);
    let (scheme, rest) = url.split_once("://").ok_or_else(|| format!("the endpoint `{url}` is not a URL"))?;
    let host = rest.split(['/', ':']).next().unwrap_or(rest);
    // An address has no names below it.
    let is_name = host.contains(|c: char| c.is_ascii_alphabetic()) && host != "localhost" && !host.starts_with('[');
    let url = match asked.account.filter(|_| is_name) {
        Some(account) => format!("{scheme}://{account}.{rest}"),
        None => url.to_owned(),
    };
    Ok(Endpoint { url, region, bucket_in_host: false })
}

/// The kinds of hosts that `AWS_USE_FIPS_ENDPOINT` and `AWS_USE_DUALSTACK_ENDPOINT` ask for.
#[derive(Debug, Clone, Copy, Default)]
struct Variant {
    fips: bool,
    dual_stack: bool,
}

fn official(asked: &Asked<'_>, variant: Variant) -> Endpoint {
    let mut prefix = asked.service.endpoint.clone();
    if variant.fips {
        prefix.push_str("-fips");
    }
    let region = signing_region(asked);
    let suffixes = partition::suffixes(asked.partition);
    let host = if let Some(host) = global_host(asked, &prefix) {
        host
    } else if variant.dual_stack && asked.service.signing == "s3" {
        format!("{prefix}.dualstack.{region}.{}", suffixes.plain)
    } else if let Some(dual_stack) = suffixes.dual_stack.filter(|_| variant.dual_stack) {
        format!("{prefix}.{region}.{dual_stack}")
    } else {
        format!("{prefix}.{region}.{}", suffixes.plain)
    };
    let bucket = asked.bucket.filter(|bucket| may_be_host(bucket));
    let below = asked.account.or(bucket);
    let url = match below {
        Some(name) => format!("https://{name}.{host}"),
        None => format!("https://{host}"),
    };
    Endpoint { url, region, bucket_in_host: bucket.is_some() }
}

/// Services that listen at one place in a partition: IAM everywhere, CloudFront outside of China.
/// <https://docs.aws.amazon.com/general/latest/gr/rande.html#global-endpoints>
fn global_host(asked: &Asked<'_>, prefix: &str) -> Option<String> {
    let suffix = partition::suffixes(asked.partition).plain;
    match (asked.service.endpoint.as_str(), asked.partition) {
        ("iam", "aws-cn") => Some(format!("{prefix}.cn-north-1.{suffix}")),
        ("iam", "aws-us-gov") => Some(format!("{prefix}.us-gov.{suffix}")),
        ("iam" | "cloudfront", "aws") => Some(format!("{prefix}.{suffix}")),
        _ => None,
    }
}

fn signing_region(asked: &Asked<'_>) -> String {
    match (asked.service.endpoint.as_str(), asked.partition) {
        ("iam", "aws-cn") => "cn-north-1".to_owned(),
        ("iam" | "cloudfront", "aws") => "us-east-1".to_owned(),
        _ => asked.region.to_owned(),
    }
}

/// Whether a bucket's name can stand in a host's name under one certificate: no dots, no capitals, nothing odd.
fn may_be_host(bucket: &str) -> bool {
    (3..=63).contains(&bucket.len())
        && bucket.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-')
        && !bucket.starts_with('-')
        && !bucket.ends_with('-')
}

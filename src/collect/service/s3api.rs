//! Amazon S3: buckets and their settings, each in its own Region.

use std::collections::BTreeMap;

use serde_json::Value;

use super::{Collector, Work};
use crate::collect::context::{Context, request};
use crate::collect::partition::is_region;
use crate::collect::together::all;
use crate::snapshot::{Operation, Request};

pub(super) struct S3;

impl Collector for S3 {
    fn start<'a>(&self, context: &'a Context<'a>) -> Option<Work<'a>> {
        Some(Box::pin(async move {
            let buckets = homes(context).await;
            all(buckets.iter().map(|(name, region)| bucket(context, name, region))).await;
        }))
    }

    fn depth(&self) -> usize {
        2
    }
}

/// Reads a bucket that something else names; it may belong to another account.
pub(super) async fn follow(context: &Context<'_>, name: &str) {
    let region = homes(context).await.get(name).map_or(context.leader(), String::as_str);
    bucket(context, name, region).await;
}

/// The account's buckets and their Regions. Asks AWS once, however often it is called.
async fn homes<'c>(context: &'c Context<'_>) -> &'c BTreeMap<String, String> {
    context.run.buckets.get_or_init(|| list(context)).await
}

async fn list(context: &Context<'_>) -> BTreeMap<String, String> {
    // S3 names the Regions of buckets only when something else is asked for.
    let pages = request([("MaxBuckets", 1000.into())]);
    let answer = context.ask(Operation::S3ListBuckets, context.leader(), Request::new(), pages).await;
    let buckets = answer.as_ref().and_then(|answer| answer.get("Buckets")).and_then(Value::as_array);
    let home = |bucket: &Value| {
        let region = bucket.get("BucketRegion").and_then(Value::as_str).filter(|region| is_region(region));
        Some((bucket.get("Name")?.as_str()?.to_owned(), region.unwrap_or(context.leader()).to_owned()))
    };
    buckets.into_iter().flatten().filter_map(home).collect()
}

async fn bucket(context: &Context<'_>, name: &str, region: &str) {
    let ask = |operation| context.ask(operation, region, request([("Bucket", name.into())]), Request::new());
    all(SETTINGS.map(ask)).await;
}

const SETTINGS: [Operation; 9] = [
    Operation::S3GetPublicAccessBlock,
    Operation::S3GetBucketPolicy,
    Operation::S3GetBucketPolicyStatus,
    Operation::S3GetBucketAcl,
    Operation::S3GetBucketLogging,
    Operation::S3GetBucketVersioning,
    Operation::S3GetBucketEncryption,
    Operation::S3GetBucketLifecycleConfiguration,
    Operation::S3GetObjectLockConfiguration,
];

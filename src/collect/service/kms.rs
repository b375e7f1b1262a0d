//! AWS KMS: every key with its rotation, and the policies of keys that topics name.

use aws_sdk_kms::types;

use futures_util::future::join;

use super::{Collector, Work};
use crate::collect::calls::texts;
use crate::collect::context::{Context, client, nothing, request};
use crate::collect::convert::{IntoShape, shape, words};
use crate::collect::together::all;
use crate::snapshot::shapes::kms::{DescribeKey, GetKeyPolicy, KeyMetadata};
use crate::snapshot::{Operation, Request};

pub(super) struct Kms;

impl Collector for Kms {
    fn in_region<'a>(&self, context: &'a Context<'a>, region: &'a str) -> Option<Work<'a>> {
        Some(Box::pin(keys(context, region)))
    }

    fn depth(&self) -> usize {
        2
    }
}

async fn keys(context: &Context<'_>, region: &str) {
    let pages = request([("Limit", 1000.into())]);
    if let Some(answer) = context.ask(Operation::KmsListKeys, region, Request::new(), pages).await {
        all(texts(&answer, "/Keys/*/KeyArn").iter().map(|key| listed(context, region, key))).await;
    }
}

/// Reads a key of the account. KMS refuses to speak about the rotation of keys that it cannot rotate.
async fn listed(context: &Context<'_>, region: &str, key: &str) {
    let rotates = |answer: &DescribeKey| answer.key_metadata.as_ref().is_none_or(may_rotate);
    if describe(context, region, key, rotates).await != Some(false) {
        context.ask(Operation::KmsGetKeyRotationStatus, region, request([("KeyId", key.into())]), Request::new()).await;
    }
}

/// Customer keys of KMS's own symmetric material that are in use.
/// <https://docs.aws.amazon.com/kms/latest/APIReference/API_GetKeyRotationStatus.html>
fn may_rotate(key: &KeyMetadata) -> bool {
    let is = |member: &Option<String>, wanted: &[&str]| member.as_deref().is_none_or(|value| wanted.contains(&value));
    is(&key.key_manager, &["CUSTOMER"])
        && is(&key.key_spec, &["SYMMETRIC_DEFAULT"])
        && is(&key.origin, &["AWS_KMS"])
        && is(&key.key_state, &["Enabled", "Disabled"])
}

async fn describe<R>(
    context: &Context<'_>,
    region: &str,
    key: &str,
    read: impl FnOnce(&DescribeKey) -> R,
) -> Option<R> {
    let client = client!(context, aws_sdk_kms, region);
    let answer = async {
        let output = context
            .send(Operation::KmsDescribeKey, region, || Box::pin(client.describe_key().key_id(key).send()))
            .await?;
        Ok(DescribeKey { key_metadata: output.key_metadata.shape() })
    };
    context.observe(region, request([("KeyId", key.into())]), answer, read).await
}

/// Reads one key by id, ARN or alias. `GetKeyPolicy` takes no alias, so it is asked about the ARN behind one.
pub(super) async fn follow(context: &Context<'_>, region: &str, key: &str) {
    let arn = |key: &DescribeKey| key.key_metadata.as_ref().and_then(|metadata| metadata.arn.clone());
    let described = describe(context, region, key, arn);
    let is_alias = key.starts_with("alias/") || key.contains(":alias/");
    if is_alias {
        if let Some(arn) = described.await.flatten() {
            policy(context, region, &arn).await;
        }
    } else {
        join(described, policy(context, region, key)).await;
    }
}

async fn policy(context: &Context<'_>, region: &str, key: &str) {
    let client = client!(context, aws_sdk_kms, region);
    let answer = async {
        let output = context
            .send(Operation::KmsGetKeyPolicy, region, || Box::pin(client.get_key_policy().key_id(key).send()))
            .await?;
        Ok(GetKeyPolicy { policy: output.policy.shape() })
    };
    context.observe(region, request([("KeyId", key.into())]), answer, nothing).await;
}

shape! {
    types::KeyMetadata => KeyMetadata {
        aws_account_id, key_id, arn, key_manager, key_state, key_spec, origin, multi_region,
    }
}

words!(types::KeyManagerType, types::KeyState, types::KeySpec, types::OriginType);

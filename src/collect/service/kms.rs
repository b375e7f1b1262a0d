//! AWS KMS: the keys of encrypted topics. Asked when a topic names a key.

use aws_sdk_kms::{Client, types};

use super::Collector;
use crate::collect::context::{Context, nothing, request};
use crate::collect::convert::{IntoShape, shape, words};
use crate::snapshot::Operation;
use crate::snapshot::shapes::kms::{DescribeKey, GetKeyPolicy, KeyMetadata};

pub(super) struct Kms;

impl Collector for Kms {}

/// Reads one key by id, ARN or alias. `GetKeyPolicy` takes no alias, so it is asked about the ARN behind one.
pub(super) async fn follow(context: &Context<'_>, region: &str, key: &str) {
    let client = Client::new(&context.sdk(region));
    let answer = async {
        let output =
            context.send(Operation::KmsDescribeKey, region, Box::pin(client.describe_key().key_id(key).send())).await?;
        Ok(DescribeKey { key_metadata: output.key_metadata.shape() })
    };
    let arn = |key: &DescribeKey| key.key_metadata.as_ref().and_then(|metadata| metadata.arn.clone());
    let described = context.observe(region, request([("KeyId", key.into())]), answer, arn).await.flatten();
    let is_alias = key.starts_with("alias/") || key.contains(":alias/");
    let key = match described {
        Some(arn) if is_alias => arn,
        None if is_alias => return,
        _ => key.to_owned(),
    };
    policy(context, &client, region, &key).await;
}

async fn policy(context: &Context<'_>, client: &Client, region: &str, key: &str) {
    let answer = async {
        let output = context
            .send(Operation::KmsGetKeyPolicy, region, Box::pin(client.get_key_policy().key_id(key).send()))
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

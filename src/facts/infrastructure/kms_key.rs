//! KMS keys and their rotation.

use super::regional::{Page, Regional};
use crate::facts;
use crate::facts::asked::Asked;
use crate::facts::{List, Resource, Source};
use crate::snapshot::shapes::kms;
use crate::snapshot::{Shape, Snapshot};

facts! {
    /// A KMS key.
    KmsKey as "kms-key" {
        /// The key's id.
        name: String => [KmsListKeys];
        /// `CUSTOMER` or `AWS`: who manages the key.
        manager: String => [KmsDescribeKey];
        /// What kind of key it is, as in `SYMMETRIC_DEFAULT`.
        spec: String => [KmsDescribeKey];
        /// Where its material comes from: `AWS_KMS`, `EXTERNAL`, `AWS_CLOUDHSM` or `EXTERNAL_KEY_STORE`.
        origin: String => [KmsDescribeKey];
        /// `Enabled`, `Disabled`, `PendingDeletion`, …
        state: String => [KmsDescribeKey];
        /// True when KMS makes new material from time to time.
        rotation_enabled: bool => [KmsGetKeyRotationStatus];
        /// Days between rotations; absent in answers from before the period could be chosen, when it was a year.
        rotation_period_days: i64 => [KmsGetKeyRotationStatus];
    }
}

/// Builds the keys.
pub(super) fn build(snapshot: &Snapshot) -> List<Resource<KmsKey>> {
    let listed = Regional::read(snapshot, |answer: &kms::ListKeys| {
        // `Truncated` comes with a marker.
        Page::of(answer.keys.as_ref(), answer.next_marker.as_ref().filter(|_| answer.truncated != Some(false)))
    });
    let described = Asked::<kms::DescribeKey>::read(snapshot, "KeyId");
    let rotation = Asked::<kms::GetKeyRotationStatus>::read(snapshot, "KeyId");
    listed.resources(|element| {
        let id = element.item.key_id.as_deref()?;
        let region = element.region();
        let arn = element
            .item
            .key_arn
            .clone()
            .unwrap_or_else(|| super::regional::arn(snapshot, "kms", region, None, &format!("key/{id}")));
        let key = look_up(&described, region, &arn, id);
        let status = look_up(&rotation, region, &arn, id);
        let metadata = |answer: &kms::DescribeKey, get: fn(&kms::KeyMetadata) -> Option<&String>| {
            answer.key_metadata.as_ref().and_then(get).cloned()
        };
        let facts = KmsKey {
            name: element.required("/Keys/*/KeyId", Some(id.to_owned())),
            manager: key.required("/KeyMetadata/KeyManager", |answer| metadata(answer, |key| key.key_manager.as_ref())),
            spec: key.required("/KeyMetadata/KeySpec", |answer| metadata(answer, |key| key.key_spec.as_ref())),
            origin: key.required("/KeyMetadata/Origin", |answer| metadata(answer, |key| key.origin.as_ref())),
            state: key.required("/KeyMetadata/KeyState", |answer| metadata(answer, |key| key.key_state.as_ref())),
            rotation_enabled: status.required("/KeyRotationEnabled", |answer| answer.key_rotation_enabled),
            rotation_period_days: status.optional("/RotationPeriodInDays", |answer| answer.rotation_period_in_days),
        };
        Some(Resource { id: arn, region: Some(region.to_owned()), facts })
    })
}

/// An answer about a key, by its ARN or its id.
fn look_up<'a, T: Shape + 'a>(asked: &Asked<'a, T>, region: &str, arn: &str, id: &str) -> Source<'a, T> {
    let by_arn = asked.of_unique(region, arn);
    if by_arn.observation.is_some() {
        return by_arn;
    }
    asked.in_region(region, id)
}

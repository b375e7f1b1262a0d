//! What EC2 does by default in a Region.

use crate::facts;
use crate::facts::Source;
use crate::snapshot::Snapshot;
use crate::snapshot::shapes::ec2;

facts! {
    /// What EC2 does by default in a Region.
    RegionDefaults as "region-defaults" {
        /// True when new EBS volumes are encrypted without asking.
        ebs_encryption: bool => [Ec2GetEbsEncryptionByDefault];
        /// `block-all-sharing`, `block-new-sharing` or `unblocked`: whether snapshots may be shared with everyone.
        snapshot_sharing: String => [Ec2GetSnapshotBlockPublicAccessState];
        /// `block-new-sharing` or `unblocked`: whether images may be shared with everyone.
        image_sharing: String => [Ec2GetImageBlockPublicAccessState];
        /// `required` or `optional`: whether new instances ask for IMDSv2; absent without a preference.
        imds_tokens: String => [Ec2GetInstanceMetadataDefaults];
    }
}

/// Builds the defaults of a Region.
pub(crate) fn build(snapshot: &Snapshot, region: &str) -> RegionDefaults {
    let encryption = Source::<ec2::GetEbsEncryptionByDefault>::in_region(snapshot, region);
    let snapshots = Source::<ec2::GetSnapshotBlockPublicAccessState>::in_region(snapshot, region);
    let images = Source::<ec2::GetImageBlockPublicAccessState>::in_region(snapshot, region);
    let metadata = Source::<ec2::GetInstanceMetadataDefaults>::in_region(snapshot, region);
    RegionDefaults {
        ebs_encryption: encryption.required("/EbsEncryptionByDefault", |answer| answer.ebs_encryption_by_default),
        snapshot_sharing: snapshots.required("/State", |answer| answer.state.clone()),
        image_sharing: images
            .required("/ImageBlockPublicAccessState", |answer| answer.image_block_public_access_state.clone()),
        // AWS leaves out what has no preference.
        imds_tokens: metadata.optional("/AccountLevel/HttpTokens", |answer| {
            answer.account_level.as_ref()?.http_tokens.clone().filter(|tokens| tokens != "no-preference")
        }),
    }
}

//! EC2 instances and EBS volumes.

use super::regional::{Page, Regional, arn, place};
use crate::facts;
use crate::facts::{List, Resource};
use crate::snapshot::Snapshot;
use crate::snapshot::shapes::ec2;

facts! {
    /// An EC2 instance.
    Instance as "ec2-instance" {
        /// The instance's id.
        name: String => [Ec2DescribeInstances];
        /// `pending`, `running`, `stopping`, `stopped`, `shutting-down` or `terminated`.
        state: String => [Ec2DescribeInstances];
        /// ARN of the instance profile that gives the instance its role; absent when it has none.
        instance_profile: String => [Ec2DescribeInstances];
        /// `required` when the metadata service answers to session tokens (IMDSv2) alone, else `optional`.
        http_tokens: String => [Ec2DescribeInstances];
        /// `enabled` or `disabled`: whether the metadata service answers at all.
        http_endpoint: String => [Ec2DescribeInstances];
        /// `applied`, or `pending` while the metadata options are being changed.
        metadata_state: String => [Ec2DescribeInstances];
    }

    /// An EBS volume.
    Volume as "ebs-volume" {
        /// The volume's id.
        name: String => [Ec2DescribeVolumes];
        /// True when the volume is encrypted.
        is_encrypted: bool => [Ec2DescribeVolumes];
    }
}

/// Builds the instances.
pub(super) fn instances(snapshot: &Snapshot) -> List<Resource<Instance>> {
    let listed = Regional::read(snapshot, |answer: &ec2::DescribeInstances| {
        let items = answer.reservations.as_ref().map(|reservations| {
            let nested = reservations.iter().enumerate().flat_map(|(outer, reservation)| {
                let instances = reservation.instances.iter().flatten().enumerate();
                instances.map(move |(inner, instance)| ([place(outer), place(inner)], instance))
            });
            nested.collect()
        });
        Page::nested(items, answer.next_token.as_ref())
    });
    listed.resources(|element| {
        let instance = element.item;
        let id = instance.instance_id.as_deref()?;
        let options = instance.metadata_options.as_ref();
        let facts = Instance {
            name: element.required("/Reservations/*/Instances/*/InstanceId", Some(id.to_owned())),
            state: element.required(
                "/Reservations/*/Instances/*/State/Name",
                instance.state.as_ref().and_then(|state| state.name.clone()),
            ),
            instance_profile: match &instance.iam_instance_profile {
                None => element.optional("/Reservations/*/Instances/*/IamInstanceProfile", None),
                Some(profile) => {
                    element.required("/Reservations/*/Instances/*/IamInstanceProfile/Arn", profile.arn.clone())
                }
            },
            http_tokens: element.required(
                "/Reservations/*/Instances/*/MetadataOptions/HttpTokens",
                options.and_then(|options| options.http_tokens.clone()),
            ),
            http_endpoint: element.required(
                "/Reservations/*/Instances/*/MetadataOptions/HttpEndpoint",
                options.and_then(|options| options.http_endpoint.clone()),
            ),
            metadata_state: element.required(
                "/Reservations/*/Instances/*/MetadataOptions/State",
                options.and_then(|options| options.state.clone()),
            ),
        };
        let arn = arn(snapshot, "ec2", element.region(), None, &format!("instance/{id}"));
        Some(Resource { id: arn, region: Some(element.region().to_owned()), facts })
    })
}

/// Builds the volumes.
pub(super) fn volumes(snapshot: &Snapshot) -> List<Resource<Volume>> {
    let listed = Regional::read(snapshot, |answer: &ec2::DescribeVolumes| {
        Page::of(answer.volumes.as_ref(), answer.next_token.as_ref())
    });
    listed.resources(|element| {
        let id = element.item.volume_id.as_deref()?;
        let facts = Volume {
            name: element.required("/Volumes/*/VolumeId", Some(id.to_owned())),
            is_encrypted: element.required("/Volumes/*/Encrypted", element.item.encrypted),
        };
        let arn = arn(snapshot, "ec2", element.region(), None, &format!("volume/{id}"));
        Some(Resource { id: arn, region: Some(element.region().to_owned()), facts })
    })
}

//! Amazon EC2: instances, volumes, networks, and the defaults of each Region.

use crate::collect::calls::{Call, Calls, Input};
use crate::snapshot::Operation;

/// AWS answers without pages when nothing asks for them, and refuses that in large accounts.
const THOUSAND: &[(&str, Input)] = &[("MaxResults", Input::Number(1000))];

pub(super) const EC2: Calls = Calls(&[
    Call::each_region(Operation::Ec2DescribeInstances).telling(THOUSAND),
    Call::each_region(Operation::Ec2DescribeVolumes).telling(&[("MaxResults", Input::Number(500))]),
    Call::each_region(Operation::Ec2DescribeSecurityGroups).telling(THOUSAND),
    Call::each_region(Operation::Ec2DescribeNetworkAcls).telling(THOUSAND),
    Call::each_region(Operation::Ec2DescribeVpcs).telling(THOUSAND),
    Call::each_region(Operation::Ec2DescribeFlowLogs).telling(THOUSAND),
    Call::each_region(Operation::Ec2DescribeNetworkInterfaces).telling(THOUSAND),
    Call::each_region(Operation::Ec2DescribeRouteTables).telling(&[("MaxResults", Input::Number(100))]),
    Call::each_region(Operation::Ec2DescribeVpcPeeringConnections).telling(THOUSAND),
    Call::each_region(Operation::Ec2DescribeVpcEndpoints).telling(THOUSAND),
    Call::each_region(Operation::Ec2GetEbsEncryptionByDefault),
    Call::each_region(Operation::Ec2GetSnapshotBlockPublicAccessState),
    Call::each_region(Operation::Ec2GetImageBlockPublicAccessState),
    Call::each_region(Operation::Ec2GetInstanceMetadataDefaults),
]);

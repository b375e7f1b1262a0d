//! What members are called on the wire where the AWS CLI prints them otherwise: copied by hand from the examples of AWS's
//! API references, so that these names and the collectors' come from different places.

use serde_json::{Map, Value};

/// A member of EC2's XML: in lower camel case, but for these. A key with a dot counts for members of that parent only.
pub(super) fn ec2(parent: &str, member: &str) -> String {
    const NAMES: &[(&str, &str)] = &[
        ("Associations", "associationSet"),
        ("CidrBlockSet", "cidrBlockSet"),
        ("Entries", "entrySet"),
        ("FlowLogs", "flowLogSet"),
        ("Groups", "groupSet"),
        ("Instances", "instancesSet"),
        ("Instances.State", "instanceState"),
        ("NetworkAcls", "networkAclSet"),
        ("NetworkAcls.IsDefault", "default"),
        ("NetworkInterfaces", "networkInterfaceSet"),
        ("Reservations", "reservationSet"),
        ("RouteTables", "routeTableSet"),
        ("Routes", "routeSet"),
        ("SecurityGroups", "securityGroupInfo"),
        ("UserIdGroupPairs", "groups"),
        ("Volumes", "volumeSet"),
        ("Volumes.State", "status"),
        ("VpcEndpoints", "vpcEndpointSet"),
        ("VpcPeeringConnections", "vpcPeeringConnectionSet"),
        ("Vpcs", "vpcSet"),
    ];
    let inside = format!("{parent}.{member}");
    let named = |key: &str| NAMES.iter().find(|(name, _)| *name == key).map(|(_, wire)| (*wire).to_owned());
    named(&inside).or_else(|| named(member)).unwrap_or_else(|| lower_camel(member))
}

/// What the items of a list are called; `None` for items that stand in the list's place.
pub(super) fn item(service: &str, list: &str) -> Option<&'static str> {
    Some(match (service, list) {
        ("ec2", _) => "item",
        ("rds", "DBInstances") => "DBInstance",
        ("rds", "DBParameterGroups") => "DBParameterGroup",
        ("rds", "Subnets") => "Subnet",
        ("rds", "TagList") => "Tag",
        ("rds", "Parameters") => "Parameter",
        ("s3api", "Buckets") => "Bucket",
        ("s3api", "Grants") => "Grant",
        ("s3api", "Rules") => return None,
        ("cloudfront", "Items") => "DistributionSummary",
        _ => "member",
    })
}

/// Members of REST XML.
pub(super) fn rest_xml(member: &str) -> &str {
    match member {
        "Grants" => "AccessControlList",
        "Rules" => "Rule",
        "MFADelete" => "MfaDelete",
        other => other,
    }
}

/// The outermost element of an answer in REST XML.
pub(super) fn root(operation: &str) -> &'static str {
    match operation {
        "ListBuckets" => "ListAllMyBucketsResult",
        "GetPublicAccessBlock" => "PublicAccessBlockConfiguration",
        "GetBucketPolicyStatus" => "PolicyStatus",
        "GetBucketAcl" => "AccessControlPolicy",
        "GetBucketLogging" => "BucketLoggingStatus",
        "GetBucketVersioning" => "VersioningConfiguration",
        "GetBucketEncryption" => "ServerSideEncryptionConfiguration",
        "GetBucketLifecycleConfiguration" => "LifecycleConfiguration",
        "GetObjectLockConfiguration" => "ObjectLockConfiguration",
        "ListDistributions" => "DistributionList",
        "GetDistributionConfig" => "DistributionConfig",
        other => panic!("teach the stub what the answer of {other} is called"),
    }
}

/// Members of REST JSON.
pub(super) fn rest_json(service: &str, member: &str) -> String {
    match (service, member) {
        ("apigateway", "items") => "item".to_owned(),
        ("apigatewayv2" | "guardduty", _) => lower_camel(member),
        _ => member.to_owned(),
    }
}

/// The members of a request as the AWS CLI takes them.
pub(super) fn members(service: &str, body: Value) -> Map<String, Value> {
    const NAMES: [(&str, &str); 7] = [
        ("criterion", "Criterion"),
        ("eq", "Eq"),
        ("findingCriteria", "FindingCriteria"),
        ("findingIds", "FindingIds"),
        ("gte", "Gte"),
        ("maxResults", "MaxResults"),
        ("nextToken", "NextToken"),
    ];
    let Value::Object(body) = body else { panic!("{body} is no request") };
    if service != "guardduty" {
        return body;
    }
    let renamed = |(wire, value): (String, Value)| {
        let name = NAMES.iter().find(|(one, _)| *one == wire).map_or(wire.clone(), |(_, name)| (*name).to_owned());
        (name, if value.is_object() { Value::Object(members(service, value)) } else { value })
    };
    body.into_iter().map(renamed).collect()
}

fn lower_camel(member: &str) -> String {
    member[..1].to_ascii_lowercase() + &member[1..]
}

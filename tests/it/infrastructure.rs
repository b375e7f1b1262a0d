//! What answers about networks, storage, databases and keys come to: whole snapshots, judged by the built-in rules.

use posture::config::Config;
use posture::finding::Status;
use posture::rule::{ParamOverrides, built_in};
use posture::scan::Scan;
use posture::snapshot::{Snapshot, SnapshotReader};
use serde_json::{Value, json};

/// A snapshot of two Regions, with a third that the account has not enabled.
pub(crate) fn snapshot(observations: &[Value]) -> Snapshot {
    let regions = json!([
        { "RegionName": "us-east-1", "RegionOptStatus": "ENABLED_BY_DEFAULT" },
        { "RegionName": "eu-west-1", "RegionOptStatus": "ENABLED_BY_DEFAULT" },
        { "RegionName": "af-south-1", "RegionOptStatus": "DISABLED" },
    ]);
    let mut all = vec![answer("account", "ListRegions", "us-east-1", &json!({ "Regions": regions }))];
    all.extend(observations.iter().cloned());
    let snapshot = json!({
        "format": "posture-snapshot/1", "collector": "posture test", "collected_at": "2026-11-22T03:00:00Z",
        "account": "123456789012", "partition": "aws", "caller": "arn:aws:iam::123456789012:user/ann",
        "regions": ["us-east-1", "eu-west-1", "af-south-1"], "observations": all,
    });
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("snapshot.json");
    std::fs::write(&path, snapshot.to_string()).unwrap();
    SnapshotReader::open(&path).unwrap().next().unwrap().unwrap()
}

pub(crate) fn answer(service: &str, operation: &str, region: &str, response: &Value) -> Value {
    json!({ "service": service, "operation": operation, "region": region, "response": response })
}

pub(crate) fn asked(service: &str, operation: &str, request: &Value, response: &Value) -> Value {
    json!({ "service": service, "operation": operation, "region": "us-east-1", "request": request, "response": response })
}

pub(crate) fn refused(service: &str, operation: &str, region: &str, code: &str) -> Value {
    json!({ "service": service, "operation": operation, "region": region, "error": { "code": code, "message": "no" } })
}

/// Resource, Region and status of each verdict of one rule.
pub(crate) fn verdicts(rule: &str, observations: &[Value]) -> Vec<(String, Option<String>, Status)> {
    let mut rules = built_in(&ParamOverrides::new()).unwrap();
    rules.retain(|one| one.id == rule);
    assert_eq!(rules.len(), 1, "{rule}");
    let config = Config::default();
    let report = Scan { rules: &rules, config: &config, baseline: None, as_of: None }.run(&snapshot(observations));
    let verdict = |finding: &posture::finding::Finding| {
        (finding.resource.id.clone(), finding.resource.region.clone(), finding.status)
    };
    report.findings().map(verdict).collect()
}

pub(crate) fn statuses(rule: &str, observations: &[Value]) -> Vec<Status> {
    verdicts(rule, observations).into_iter().map(|(_, _, status)| status).collect()
}

fn group(id: &str, cidr: &str) -> Value {
    json!({ "GroupId": id, "GroupName": "web", "OwnerId": "123456789012", "VpcId": "vpc-1", "IpPermissions": [
        { "IpProtocol": "tcp", "FromPort": 22, "ToPort": 22, "IpRanges": [{ "CidrIp": cidr }], "Ipv6Ranges": [],
          "PrefixListIds": [], "UserIdGroupPairs": [] }
    ], "IpPermissionsEgress": [] })
}

#[test]
fn a_region_that_refuses_leaves_a_gap_beside_the_verdicts_of_the_others() {
    let groups = json!({ "SecurityGroups": [group("sg-1", "0.0.0.0/0"), group("sg-2", "203.0.113.0/24")] });
    let here = answer("ec2", "DescribeSecurityGroups", "us-east-1", &groups);
    let denied = refused("ec2", "DescribeSecurityGroups", "eu-west-1", "UnauthorizedOperation");
    let arn = |id: &str| format!("arn:aws:ec2:us-east-1:123456789012:security-group/{id}");
    let region = || Some("us-east-1".to_owned());
    let account = "arn:aws:iam::123456789012:account".to_owned();
    assert_eq!(
        verdicts("sg-no-open-admin-ipv4", &[here.clone(), denied]),
        [
            (arn("sg-1"), region(), Status::Fail),
            (account.clone(), None, Status::Unknown),
            (arn("sg-2"), region(), Status::Pass),
        ]
    );
    // Nobody asks a Region that is not enabled, and one that nobody asked is a gap too.
    assert_eq!(verdicts("sg-no-open-admin-ipv4", std::slice::from_ref(&here))[1], (account, None, Status::Unknown));
    let none = answer("ec2", "DescribeSecurityGroups", "eu-west-1", &json!({ "SecurityGroups": [] }));
    assert_eq!(statuses("sg-no-open-admin-ipv4", &[here, none]), [Status::Fail, Status::Pass]);
}

#[test]
fn a_list_that_was_cut_off_or_narrowed_is_not_whole() {
    let elsewhere = answer("ec2", "DescribeVolumes", "eu-west-1", &json!({ "Volumes": [] }));
    let volumes = json!([{ "VolumeId": "vol-1", "Encrypted": true, "State": "in-use" }]);
    let whole = answer("ec2", "DescribeVolumes", "us-east-1", &json!({ "Volumes": volumes }));
    assert_eq!(statuses("ebs-volumes-encrypted", &[whole, elsewhere.clone()]), [Status::Pass]);
    let cut = answer("ec2", "DescribeVolumes", "us-east-1", &json!({ "Volumes": volumes, "NextToken": "more" }));
    assert_eq!(statuses("ebs-volumes-encrypted", &[cut, elsewhere.clone()]), [Status::Unknown, Status::Pass]);
    let filters = json!({ "Filters": [{ "Name": "encrypted", "Values": ["true"] }] });
    let narrowed = asked("ec2", "DescribeVolumes", &filters, &json!({ "Volumes": volumes }));
    assert_eq!(statuses("ebs-volumes-encrypted", &[narrowed, elsewhere]), [Status::Unknown, Status::Pass]);
}

#[test]
fn defaults_are_judged_in_each_enabled_region_that_was_asked() {
    let on = answer("ec2", "GetEbsEncryptionByDefault", "us-east-1", &json!({ "EbsEncryptionByDefault": true }));
    let found = verdicts("ebs-default-encryption", &[on]);
    let status = |region: &str| found.iter().find(|(_, one, _)| one.as_deref() == Some(region)).unwrap().2;
    assert_eq!(status("us-east-1"), Status::Pass);
    assert_eq!(status("eu-west-1"), Status::Unknown);
    assert_eq!(status("af-south-1"), Status::NotApplicable);
}

#[test]
fn a_denial_of_a_network_acl_counts_only_before_what_it_denies() {
    let entry = |number: i64, action: &str, protocol: &str, cidr: &str, ports: Option<i64>| {
        let mut entry = json!({ "RuleNumber": number, "RuleAction": action, "Protocol": protocol, "CidrBlock": cidr, "Egress": false });
        if let Some(port) = ports {
            entry["PortRange"] = json!({ "From": port, "To": port });
        }
        entry
    };
    let judged = |entries: Vec<Value>| {
        let acl = json!({ "NetworkAclId": "acl-1", "IsDefault": false, "OwnerId": "123456789012", "Entries": entries });
        let here = answer("ec2", "DescribeNetworkAcls", "us-east-1", &json!({ "NetworkAcls": [acl] }));
        let there = answer("ec2", "DescribeNetworkAcls", "eu-west-1", &json!({ "NetworkAcls": [] }));
        statuses("nacl-no-open-admin", &[here, there])
    };
    let all = entry(200, "allow", "-1", "0.0.0.0/0", None);
    let deny = |number: i64, protocol: &str, port: i64, cidr: &str| entry(number, "deny", protocol, cidr, Some(port));
    let both = |number: i64, cidr: &str| {
        let ports = [("6", 22), ("17", 22), ("6", 3389), ("17", 3389)];
        ports
            .iter()
            .zip(number..)
            .map(|((protocol, port), number)| deny(number, protocol, *port, cidr))
            .collect::<Vec<_>>()
    };
    assert_eq!(judged(vec![all.clone()]), [Status::Fail]);
    assert_eq!(judged([both(100, "0.0.0.0/0"), vec![all.clone()]].concat()), [Status::Pass]);
    assert_eq!(judged([both(300, "0.0.0.0/0"), vec![all.clone()]].concat()), [Status::Fail], "too late");
    assert_eq!(judged([both(100, "10.0.0.0/8"), vec![all.clone()]].concat()), [Status::Fail], "for some only");
    assert_eq!(
        judged(vec![deny(100, "6", 22, "0.0.0.0/0"), deny(101, "6", 3389, "0.0.0.0/0"), all]),
        [Status::Fail],
        "UDP"
    );
    assert_eq!(judged(vec![entry(100, "allow", "6", "0.0.0.0/0", Some(443))]), [Status::Pass]);
    assert_eq!(judged(vec![json!({ "RuleNumber": 100, "Egress": false })]), [Status::Unknown], "unreadable");
}

#[test]
fn the_stricter_of_bucket_and_account_counts_and_a_refusal_of_either_is_no_pass() {
    let flags = |value: bool| {
        json!({ "PublicAccessBlockConfiguration": { "BlockPublicAcls": value, "IgnorePublicAcls": value,
            "BlockPublicPolicy": value, "RestrictPublicBuckets": value } })
    };
    let buckets = answer(
        "s3api",
        "ListBuckets",
        "us-east-1",
        &json!({ "Buckets": [{ "Name": "b", "BucketRegion": "eu-west-1" }] }),
    );
    let bucket = |value: bool| asked("s3api", "GetPublicAccessBlock", &json!({ "Bucket": "b" }), &flags(value));
    let account = |value: bool| {
        asked("s3control", "GetPublicAccessBlock", &json!({ "AccountId": "123456789012" }), &flags(value))
    };
    let none = refused("s3control", "GetPublicAccessBlock", "us-east-1", "NoSuchPublicAccessBlockConfiguration");
    let denied = refused("s3control", "GetPublicAccessBlock", "us-east-1", "AccessDenied");
    let judged =
        |more: &[Value]| statuses("s3-bucket-public-access-block", &[std::slice::from_ref(&buckets), more].concat());
    assert_eq!(judged(&[bucket(false), account(true)]), [Status::Pass]);
    assert_eq!(judged(&[bucket(true), denied.clone()]), [Status::Pass]);
    assert_eq!(judged(&[bucket(false), none.clone()]), [Status::Fail]);
    assert_eq!(judged(&[bucket(false), denied]), [Status::Unknown]);
    assert_eq!(judged(std::slice::from_ref(&none)), [Status::Unknown]);
    assert_eq!(statuses("s3-account-public-access-block", &[none]), [Status::Fail]);
}

#[test]
fn a_public_database_is_reachable_only_where_its_subnets_lead_to_the_internet() {
    let database = json!({ "DBInstances": [{
        "DBInstanceIdentifier": "db", "DBInstanceArn": "arn:aws:rds:us-east-1:123456789012:db:db", "Engine": "postgres",
        "PubliclyAccessible": true, "DBSubnetGroup": { "VpcId": "vpc-1", "Subnets": [{ "SubnetIdentifier": "subnet-1" }] }
    }] });
    let databases = [
        answer("rds", "DescribeDBInstances", "us-east-1", &database),
        answer("rds", "DescribeDBInstances", "eu-west-1", &json!({ "DBInstances": [] })),
    ];
    let table = |subnet: Option<&str>, gateway: &str| {
        let association =
            subnet.map_or_else(|| json!({ "Main": true }), |subnet| json!({ "Main": false, "SubnetId": subnet }));
        json!({ "RouteTableId": format!("rtb-{gateway}"), "VpcId": "vpc-1", "Associations": [association],
            "Routes": [{ "DestinationCidrBlock": "0.0.0.0/0", "GatewayId": gateway, "State": "active" }] })
    };
    let judged = |tables: Vec<Value>| {
        let tables = answer("ec2", "DescribeRouteTables", "us-east-1", &json!({ "RouteTables": tables }));
        statuses("rds-not-public", &[&databases[..], &[tables]].concat())
    };
    assert_eq!(judged(vec![table(None, "igw-1")]), [Status::Fail], "by the main table");
    assert_eq!(judged(vec![table(None, "igw-1"), table(Some("subnet-1"), "nat-1")]), [Status::Pass], "by its own");
    assert_eq!(judged(vec![table(None, "local"), table(Some("subnet-1"), "igw-1")]), [Status::Fail]);
    assert_eq!(judged(vec![]), [Status::Unknown]);
    assert_eq!(statuses("rds-not-public", &databases), [Status::Unknown]);
}

#[test]
fn the_bucket_of_a_trail_is_judged_wherever_it_is() {
    let trail = |owner: &str| {
        json!({ "trailList": [{ "Name": "main", "TrailARN": format!("arn:aws:cloudtrail:us-east-1:{owner}:trail/main"),
            "HomeRegion": "us-east-1", "IsMultiRegionTrail": true, "IsOrganizationTrail": false, "S3BucketName": "logs" }] })
    };
    let described = |owner: &str| {
        ["us-east-1", "eu-west-1", "af-south-1"]
            .map(|region| answer("cloudtrail", "DescribeTrails", region, &trail(owner)))
    };
    let logging = |outcome: Value| {
        let mut call = json!({ "service": "s3api", "operation": "GetBucketLogging", "region": "us-east-1", "request": { "Bucket": "logs" } });
        call.as_object_mut().unwrap().extend(outcome.as_object().unwrap().clone());
        call
    };
    let rule = "cloudtrail-bucket-access-logging";
    let judged = |owner: &str, outcome: Value| statuses(rule, &[&described(owner)[..], &[logging(outcome)]].concat());
    let denied = json!({ "error": { "code": "AccessDenied", "message": "no" } });
    let logs = json!({ "response": { "LoggingEnabled": { "TargetBucket": "access", "TargetPrefix": "" } } });
    assert_eq!(judged("123456789012", logs), [Status::Pass]);
    assert_eq!(judged("123456789012", json!({ "response": {} })), [Status::Fail]);
    assert_eq!(judged("123456789012", denied.clone()), [Status::Unknown]);
    assert_eq!(judged("210987654321", denied), [Status::NotApplicable]);
}

#[test]
fn tls_is_forced_only_when_the_parameter_in_force_says_so() {
    let database = |apply: &str| {
        json!({ "DBInstances": [{ "DBInstanceIdentifier": "db", "Engine": "mysql",
            "DBParameterGroups": [{ "DBParameterGroupName": "own", "ParameterApplyStatus": apply }] }] })
    };
    let judged = |apply: &str, parameters: Value| {
        let name = json!({ "DBParameterGroupName": "own" });
        statuses(
            "rds-transport-encrypted",
            &[
                answer("rds", "DescribeDBInstances", "us-east-1", &database(apply)),
                answer("rds", "DescribeDBInstances", "eu-west-1", &json!({ "DBInstances": [] })),
                asked("rds", "DescribeDBParameters", &name, &parameters),
            ],
        )
    };
    let parameter = |value: &str| json!({ "Parameters": [{ "ParameterName": "require_secure_transport", "ParameterValue": value }] });
    assert_eq!(judged("in-sync", parameter("1")), [Status::Pass]);
    assert_eq!(judged("in-sync", parameter("ON")), [Status::Pass]);
    assert_eq!(judged("in-sync", parameter("0")), [Status::Fail]);
    assert_eq!(judged("pending-reboot", parameter("1")), [Status::Unknown]);
    assert_eq!(judged("in-sync", json!({ "Parameters": [] })), [Status::NotApplicable]);
    assert_eq!(judged("in-sync", json!({ "Parameters": [], "Marker": "more" })), [Status::Unknown]);
}

#[test]
fn a_bucket_policy_open_to_everybody_fails_unless_a_condition_pins_the_caller() {
    const RULE: &str = "resource-policy-no-public-principal";
    let buckets = json!({ "Buckets": [{ "Name": "site", "BucketRegion": "us-east-1" }] });
    let listed = answer("s3api", "ListBuckets", "us-east-1", &buckets);
    let of_site = |found: &[Value]| {
        let site = verdicts(RULE, found).into_iter().find(|(id, ..)| id == "arn:aws:s3:::site").unwrap();
        assert_eq!(site.1.as_deref(), Some("us-east-1"));
        site.2
    };
    let with = |condition: &Value| {
        let statement = json!({ "Effect": "Allow", "Principal": { "AWS": "*" }, "Action": "s3:GetObject",
            "Resource": "arn:aws:s3:::site/*", "Condition": condition });
        let text = json!({ "Version": "2012-10-17", "Statement": statement }).to_string();
        let policy = asked("s3api", "GetBucketPolicy", &json!({ "Bucket": "site" }), &json!({ "Policy": text }));
        of_site(&[listed.clone(), policy])
    };
    assert_eq!(with(&json!({})), Status::Fail);
    assert_eq!(with(&json!({ "StringEquals": { "aws:PrincipalOrgID": "o-1" } })), Status::Pass);
    assert_eq!(with(&json!({ "Bool": { "aws:SecureTransport": "true" } })), Status::Fail);
    let without = |code: &str| {
        let mut observation = refused("s3api", "GetBucketPolicy", "us-east-1", code);
        observation["request"] = json!({ "Bucket": "site" });
        of_site(&[listed.clone(), observation])
    };
    assert_eq!(without("NoSuchBucketPolicy"), Status::NotApplicable);
    assert_eq!(without("AccessDenied"), Status::Unknown);
    assert_eq!(of_site(std::slice::from_ref(&listed)), Status::Unknown);
}

//! The wire client without a network: names, bodies, hosts and refusals, on samples of AWS's API references.

use serde_json::{Value, json};

use super::decode::{Refusal, answer, refusal};
use super::endpoint::{Asked, Endpoint, resolve};
use super::model::{Model, Protocol};
use super::request::draft;
use super::{Next, merge, next, remove};
use crate::collect::service::COLLECTORS;
use crate::snapshot::{Gathered, Operation, Request, plan};

fn decoded(operation: Operation, body: &str) -> Result<Value, String> {
    let (service, call) = Model::find(operation).unwrap();
    answer(service, operation.spec().name, call, body.as_bytes())
}

fn input<const N: usize>(members: [(&str, Value); N]) -> Request {
    members.into_iter().map(|(name, value)| (name.to_owned(), value)).collect()
}

#[test]
fn the_model_holds_every_operation_that_is_asked_through_the_wire() {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/src/collect/service");
    let files = std::fs::read_dir(folder).unwrap().map(|entry| std::fs::read_to_string(entry.unwrap().path()).unwrap());
    let sources: Vec<String> = files.filter(|source| !source.contains("use aws_sdk_")).collect();
    let mut asked = 0;
    for operation in Operation::ALL {
        let name = format!("Operation::{operation:?}");
        let named = |source: &String| {
            source
                .match_indices(&name)
                .any(|(at, _)| !source[at + name.len()..].starts_with(|next: char| next.is_ascii_alphanumeric()))
        };
        if sources.iter().any(named) {
            asked += 1;
            assert!(Model::find(*operation).is_ok(), "run src/collect/wire/model.py: no {}", operation.label());
            assert_ne!(operation.spec().gathered, Gathered::Alternative, "{}", operation.label());
        }
    }
    assert!(asked > 30, "{asked}");
}

#[test]
fn what_follows_from_an_answer_is_planned_with_what_it_follows_from() {
    for (name, collector) in COLLECTORS {
        for call in collector.calls() {
            for operation in call.operations() {
                assert!(Model::find(operation).is_ok(), "{name}: {}", operation.label());
            }
            for (operation, from) in call.follow_ups() {
                let plan = plan::complete(&[operation].into());
                assert!(plan.contains(&from), "src/snapshot/plan.rs: {} follows {}", operation.label(), from.label());
            }
        }
    }
}

#[test]
fn ec2_answers_become_what_the_cli_prints() {
    let body = r#"<?xml version="1.0" encoding="UTF-8"?>
        <DescribeSecurityGroupsResponse xmlns="http://ec2.amazonaws.com/doc/2016-11-15/">
          <requestId>1d62eae0-acdd-481d-88c9-example</requestId>
          <securityGroupInfo><item>
            <ownerId>123456789012</ownerId><groupId>sg-9bf6ceff</groupId><groupName>SSH &amp; more</groupName>
            <vpcId>vpc-31896b55</vpcId>
            <ipPermissions><item>
              <ipProtocol>tcp</ipProtocol><fromPort>22</fromPort><toPort>22</toPort><groups/>
              <ipRanges><item><cidrIp>0.0.0.0/0</cidrIp></item></ipRanges><ipv6Ranges/><prefixListIds/>
            </item></ipPermissions>
          </item></securityGroupInfo>
        </DescribeSecurityGroupsResponse>"#;
    assert_eq!(
        decoded(Operation::Ec2DescribeSecurityGroups, body),
        Ok(json!({ "SecurityGroups": [{
            "OwnerId": "123456789012", "GroupId": "sg-9bf6ceff", "GroupName": "SSH & more", "VpcId": "vpc-31896b55",
            "IpPermissions": [{
                "IpProtocol": "tcp", "FromPort": 22, "ToPort": 22, "UserIdGroupPairs": [],
                "IpRanges": [{ "CidrIp": "0.0.0.0/0" }], "Ipv6Ranges": [], "PrefixListIds": [],
            }],
        }] }))
    );
}

#[test]
fn s3_answers_become_what_the_cli_prints() {
    let acl = r#"<AccessControlPolicy xmlns="http://s3.amazonaws.com/doc/2006-03-01/"><Owner><ID>75aa</ID></Owner>
        <AccessControlList><Grant><Grantee xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" xsi:type="Group">
        <URI>http://acs.amazonaws.com/groups/global/AllUsers</URI></Grantee><Permission>READ</Permission></Grant>
        </AccessControlList></AccessControlPolicy>"#;
    let grantee = json!({ "Type": "Group", "URI": "http://acs.amazonaws.com/groups/global/AllUsers" });
    let expected = json!({ "Grants": [{ "Grantee": grantee, "Permission": "READ" }] });
    assert_eq!(decoded(Operation::S3GetBucketAcl, acl), Ok(expected));

    let lifecycle = "<LifecycleConfiguration><Rule><Status>Enabled</Status></Rule><Rule><Status>Disabled</Status></Rule>\
         </LifecycleConfiguration>";
    let rules = json!({ "Rules": [{ "Status": "Enabled" }, { "Status": "Disabled" }] });
    assert_eq!(decoded(Operation::S3GetBucketLifecycleConfiguration, lifecycle), Ok(rules));

    let status = "<PolicyStatus xmlns=\"x\"><IsPublic>true</IsPublic></PolicyStatus>";
    let public = json!({ "PolicyStatus": { "IsPublic": true } });
    assert_eq!(decoded(Operation::S3GetBucketPolicyStatus, status), Ok(public));
    assert_eq!(decoded(Operation::S3GetBucketVersioning, "<VersioningConfiguration/>"), Ok(json!({})));
    let policy = json!({ "Policy": "{\"Version\":\"2012-10-17\"}" });
    assert_eq!(decoded(Operation::S3GetBucketPolicy, "{\"Version\":\"2012-10-17\"}"), Ok(policy));
}

#[test]
fn query_and_rest_json_answers_become_what_the_cli_prints() {
    let body = "<DescribeDBInstancesResponse><DescribeDBInstancesResult><DBInstances><DBInstance>\
        <DBInstanceIdentifier>db</DBInstanceIdentifier><MultiAZ>false</MultiAZ><TagList><Tag><Key>a</Key></Tag></TagList>\
        </DBInstance></DBInstances></DescribeDBInstancesResult></DescribeDBInstancesResponse>";
    let instance = json!({ "DBInstanceIdentifier": "db", "MultiAZ": false, "TagList": [{ "Key": "a" }] });
    assert_eq!(decoded(Operation::RdsDescribeDbInstances, body), Ok(json!({ "DBInstances": [instance] })));
    let apis = decoded(Operation::Apigatewayv2GetApis, r#"{"items":[{"apiId":"x","name":"n"}],"nextToken":null}"#);
    assert_eq!(apis, Ok(json!({ "Items": [{ "ApiId": "x", "Name": "n" }] })));
    let apis = decoded(Operation::ApigatewayGetRestApis, r#"{"item":[{"id":"x","tags":{"a":"b"}}]}"#);
    assert_eq!(apis, Ok(json!({ "items": [{ "id": "x" }] })));
}

#[test]
fn answers_that_are_none_are_errors() {
    for (operation, body) in [
        (Operation::Ec2DescribeVpcs, ""),
        (Operation::Ec2DescribeVpcs, "<html><p>Welcome to the hotel</p></html>"),
        (Operation::Ec2DescribeVpcs, "<DescribeVpcsResponse><vpcSet><item>"),
        (Operation::Ec2DescribeVpcs, "<DescribeInstancesResponse/>"),
        (
            Operation::Ec2GetEbsEncryptionByDefault,
            "<GetEbsEncryptionByDefaultResponse><ebsEncryptionByDefault>perhaps\
            </ebsEncryptionByDefault></GetEbsEncryptionByDefaultResponse>",
        ),
        (Operation::RdsDescribeDbInstances, "<DescribeDBInstancesResponse/>"),
        (Operation::S3GetBucketVersioning, "<ListAllMyBucketsResult/>"),
        (Operation::S3GetBucketPolicy, "<html>"),
        (Operation::S3GetBucketPolicy, "[]"),
        (Operation::LogsDescribeLogGroups, ""),
        (Operation::LogsDescribeLogGroups, "[1]"),
        (Operation::EfsDescribeFileSystems, "<html>"),
    ] {
        assert!(decoded(operation, body).is_err(), "{} took {body:?}", operation.label());
    }
}

#[test]
fn refusals_are_read_in_every_spelling() {
    let says = |code: &str, message: &str| Refusal {
        code: Some(code.to_owned()),
        message: Some(message.to_owned()),
        region: None,
    };
    let error = "<Error><Code>AccessDenied</Code><Message>no</Message></Error>";
    for (protocol, body) in [
        (Protocol::RestXml, error.to_owned()),
        (Protocol::Query, format!("<ErrorResponse>{error}<RequestId>r</RequestId></ErrorResponse>")),
        (Protocol::Ec2, format!("<Response><Errors>{error}</Errors></Response>")),
    ] {
        assert_eq!(refusal(protocol, None, body.as_bytes()), says("AccessDenied", "no"));
    }
    let body = br#"{"__type":"com.amazonaws.x#NotFoundException","message":"no"}"#;
    assert_eq!(refusal(Protocol::Json, None, body), says("NotFoundException", "no"));
    let header = Some("TooManyRequestsException:http://internal/");
    assert_eq!(refusal(Protocol::RestJson, header, br#"{"Message":"no"}"#), says("TooManyRequestsException", "no"));
    for nothing in ["", "<html>", "{}", "<Error/>", "null"] {
        assert_eq!(refusal(Protocol::RestXml, None, nothing.as_bytes()).code, None);
        assert_eq!(refusal(Protocol::Json, None, nothing.as_bytes()).code, None);
    }
    let moved =
        "<Error><Code>AuthorizationHeaderMalformed</Code><Message>m</Message><Region>eu-west-1</Region></Error>";
    assert_eq!(refusal(Protocol::RestXml, None, moved.as_bytes()).region.as_deref(), Some("eu-west-1"));
}

#[test]
fn requests_are_written_as_each_protocol_wants() {
    let drafted = |operation: Operation, members: Request, in_host| {
        let (service, call) = Model::find(operation).unwrap();
        draft(service, operation.spec().name, call, &members, in_host)
    };
    let bucket = || input([("Bucket", "my bucket".into())]);
    let target = |members, in_host| drafted(Operation::S3GetBucketPolicyStatus, members, in_host).unwrap().target;
    assert_eq!(target(bucket(), false), "/my%20bucket?policyStatus");
    assert_eq!(target(bucket(), true), "/?policyStatus");
    let buckets = input([("MaxBuckets", 1000.into()), ("ContinuationToken", "a/b=".into())]);
    let target = drafted(Operation::S3ListBuckets, buckets, false).unwrap().target;
    assert!(target.contains("continuation-token=a%2Fb%3D") && target.contains("max-buckets=1000"), "{target}");
    let ec2 = drafted(Operation::Ec2DescribeVpcs, input([("MaxResults", 5.into())]), false).unwrap();
    assert_eq!(ec2.body, "Action=DescribeVpcs&Version=2016-11-15&MaxResults=5");
    let logs = drafted(Operation::LogsDescribeLogGroups, input([("limit", 50.into())]), false).unwrap();
    assert_eq!((logs.body.as_str(), logs.method.as_str()), ("{\"limit\":50}", "POST"));
    assert!(logs.headers.contains(&("x-amz-target".to_owned(), "Logs_20140328.DescribeLogGroups".to_owned())));
    let account = input([("AccountId", "123456789012".into())]);
    let control = drafted(Operation::S3controlGetPublicAccessBlock, account, false).unwrap();
    assert!(control.headers.contains(&("x-amz-account-id".to_owned(), "123456789012".to_owned())));
    assert!(drafted(Operation::S3GetBucketAcl, Request::new(), false).is_err(), "a bucket is missing");
    assert!(drafted(Operation::Ec2DescribeVpcs, input([("NoSuch", 1.into())]), false).is_err());
}

#[test]
fn every_partition_has_its_own_hosts() {
    let sdk = aws_types::SdkConfig::builder().build();
    let host = |operation: Operation, region: &str, partition: &str, bucket: Option<&str>| {
        let (service, _) = Model::find(operation).unwrap();
        let account = (service.endpoint == "s3-control").then_some("123456789012");
        let Endpoint { url, region, .. } =
            resolve(&sdk, &Asked { service, region, partition, account, bucket }).unwrap();
        (url, region)
    };
    let expect = |found: (String, String), url: &str, region: &str| {
        assert_eq!((found.0.as_str(), found.1.as_str()), (url, region));
    };
    expect(
        host(Operation::Ec2DescribeVpcs, "eu-west-1", "aws", None),
        "https://ec2.eu-west-1.amazonaws.com",
        "eu-west-1",
    );
    expect(
        host(Operation::Ec2DescribeVpcs, "cn-north-1", "aws-cn", None),
        "https://ec2.cn-north-1.amazonaws.com.cn",
        "cn-north-1",
    );
    expect(
        host(Operation::EfsDescribeFileSystems, "us-isob-east-1", "aws-iso-b", None),
        "https://elasticfilesystem.us-isob-east-1.sc2s.sgov.gov",
        "us-isob-east-1",
    );
    expect(
        host(Operation::CloudfrontListDistributions, "us-east-1", "aws", None),
        "https://cloudfront.amazonaws.com",
        "us-east-1",
    );
    expect(
        host(Operation::CloudfrontListDistributions, "cn-northwest-1", "aws-cn", None),
        "https://cloudfront.cn-northwest-1.amazonaws.com.cn",
        "cn-northwest-1",
    );
    expect(
        host(Operation::S3controlGetPublicAccessBlock, "us-gov-west-1", "aws-us-gov", None),
        "https://123456789012.s3-control.us-gov-west-1.amazonaws.com",
        "us-gov-west-1",
    );
    let acl = |bucket| host(Operation::S3GetBucketAcl, "eu-west-1", "aws", Some(bucket));
    expect(acl("a-bucket"), "https://a-bucket.s3.eu-west-1.amazonaws.com", "eu-west-1");
    for odd in ["a.bucket", "A_Bucket", "evil/..", "-b-", "b@evil.example"] {
        expect(acl(odd), "https://s3.eu-west-1.amazonaws.com", "eu-west-1");
    }
}

#[test]
fn configured_endpoints_outrank_awss_own() {
    let (service, _) = Model::find(Operation::S3controlGetPublicAccessBlock).unwrap();
    let at = |url: &str| {
        let sdk = aws_types::SdkConfig::builder().endpoint_url(url).build();
        let asked = Asked {
            service,
            region: "us-east-1",
            partition: "aws",
            account: Some("123456789012"),
            bucket: Some("a-bucket"),
        };
        resolve(&sdk, &asked).map(|endpoint| endpoint.url)
    };
    assert_eq!(at("http://127.0.0.1:5000").unwrap(), "http://127.0.0.1:5000");
    assert_eq!(at("http://localhost:5000/x").unwrap(), "http://localhost:5000/x");
    assert_eq!(at("https://control.vpce-1.example").unwrap(), "https://123456789012.control.vpce-1.example");
    assert!(at("nowhere").is_err());
}

#[test]
fn pages_are_joined_until_the_last_and_one_that_is_lost_is_noticed() {
    let (_, call) = Model::find(Operation::CloudfrontListDistributions).unwrap();
    let pages = call.page.as_ref().unwrap();
    let page = |items: &[i64], more: bool, token: Option<&str>| {
        let mut list = json!({ "Items": items, "IsTruncated": more });
        if let Some(token) = token {
            list["NextMarker"] = token.into();
        }
        json!({ "DistributionList": list })
    };
    let mut all = Value::Null;
    merge(&mut all, page(&[1, 2], true, Some("m")));
    assert!(matches!(next(pages, &all), Next::Page(token) if token == "m"));
    remove(&mut all, &pages.output);
    merge(&mut all, page(&[3], false, None));
    assert!(matches!(next(pages, &all), Next::End));
    assert_eq!(all, page(&[1, 2, 3], false, None));
    assert!(matches!(next(pages, &page(&[], true, None)), Next::Lost));
}

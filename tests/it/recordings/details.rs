//! What recordings of single users, databases, file systems, front ends and peerings say.

use posture::snapshot::Time;
use posture::snapshot::shapes::{apigateway, apigatewayv2, cloudfront, ec2, efs, elbv2, iam, rds};

use super::{IMPORTED, present, words};

#[test]
fn users_and_what_belongs_to_them_are_read_from_calls_about_each() {
    let (snapshot, _) = &*IMPORTED;
    let users: &iam::ListUsers = present(snapshot, "recorded/iam/list-users#4");
    assert_eq!(users.users.as_ref().unwrap()[0].arn.as_deref(), Some("arn:aws:iam::644160558196:user/test/alice"));
    let groups: &iam::ListGroupsForUser = present(snapshot, "recorded/iam/list-groups-for-user#1");
    assert_eq!(groups.groups.as_ref().unwrap()[0].group_name.as_deref(), Some("AdminGroup"));
    let groups: &iam::ListGroupsForUser = present(snapshot, "recorded/iam/list-groups-for-user#0");
    assert_eq!(groups.groups.as_ref().map(Vec::len), Some(0));
    let policies: &iam::ListAttachedUserPolicies = present(snapshot, "aws-cli/iam/list-attached-user-policies#0");
    let names: Vec<_> =
        policies.attached_policies.iter().flatten().map(|policy| policy.policy_name.as_deref().unwrap()).collect();
    assert_eq!(names, ["AdministratorAccess", "SecurityAudit"]);
    let policies: &iam::ListUserPolicies = present(snapshot, "aws-cli/iam/list-user-policies#0");
    assert_eq!(policies.policy_names, Some(words(&["ExamplePolicy", "TestPolicy"])));
    let devices: &iam::ListMfaDevices = present(snapshot, "aws-cli/iam/list-mfa-devices#0");
    let devices = devices.mfa_devices.as_ref().unwrap();
    assert_eq!(devices.len(), 4);
    assert_eq!(devices[1].serial_number.as_deref(), Some("GAKT12345678"));
    assert_eq!(devices[0].enable_date, Some(Time::parse("2019-10-28T20:37:09Z").unwrap()));
}

#[test]
fn databases_and_file_systems_are_read() {
    let (snapshot, _) = &*IMPORTED;
    let listed: &rds::DescribeDbInstances = present(snapshot, "recorded/rds/describe-db-instances#2");
    let database = &listed.db_instances.as_ref().unwrap()[0];
    assert_eq!((database.engine.as_deref(), database.storage_encrypted), (Some("postgres"), Some(true)));
    assert_eq!((database.publicly_accessible, database.multi_az), (Some(true), Some(true)));
    assert_eq!(database.tag_list.as_ref().unwrap()[0].key.as_deref(), Some("Owner"));
    let listed: &rds::DescribeDbInstances = present(snapshot, "recorded/rds/describe-db-instances#1");
    let database = &listed.db_instances.as_ref().unwrap()[0];
    assert_eq!(database.db_cluster_identifier.as_deref(), Some("scot-test-cluster"));
    let subnets = database.db_subnet_group.as_ref().unwrap().subnets.as_ref().unwrap();
    assert!(subnets[0].subnet_identifier.as_deref().unwrap().starts_with("subnet-"));
    let parameters: &rds::DescribeDbParameters = present(snapshot, "recorded/rds/describe-db-parameters#0");
    let tls = parameters
        .parameters
        .iter()
        .flatten()
        .find(|parameter| parameter.parameter_name.as_deref() == Some("rds.force_ssl"));
    assert_eq!(tls.unwrap().parameter_value.as_deref(), Some("0"));
    let parameters: &rds::DescribeDbParameters = present(snapshot, "recorded/rds/describe-db-parameters#2");
    assert_eq!(parameters.marker.as_deref(), Some("Z2luX2Z1enp5X3NlYXJjaF9saW1pdA=="));
    let listed: &efs::DescribeFileSystems = present(snapshot, "recorded/efs/describe-file-systems#8");
    let encrypted: Vec<_> = listed.file_systems.iter().flatten().map(|system| system.encrypted).collect();
    assert_eq!(encrypted, [Some(false), Some(true)]);
    // In 2016 the answer did not say.
    let listed: &efs::DescribeFileSystems = present(snapshot, "recorded/efs/describe-file-systems#1");
    assert_eq!(listed.file_systems.as_ref().unwrap()[0].encrypted, None);
}

#[test]
fn front_ends_and_where_they_log_are_read() {
    let (snapshot, _) = &*IMPORTED;
    let listed: &elbv2::DescribeLoadBalancers = present(snapshot, "recorded/elbv2/describe-load-balancers#14");
    let balancer = &listed.load_balancers.as_ref().unwrap()[0];
    assert_eq!((balancer.load_balancer_name.as_deref(), balancer.kind.as_deref()), (Some("nicnoc"), Some("network")));
    let described: &elbv2::DescribeLoadBalancerAttributes =
        present(snapshot, "recorded/elbv2/describe-load-balancer-attributes#0");
    let attributes: Vec<_> = described
        .attributes
        .iter()
        .flatten()
        .map(|attribute| (attribute.key.as_deref().unwrap(), attribute.value.as_deref().unwrap()))
        .collect();
    assert_eq!(attributes[..2], [("access_logs.s3.enabled", "true"), ("access_logs.s3.bucket", "elbv2logtest")]);
    let listed: &cloudfront::ListDistributions = present(snapshot, "recorded/cloudfront/list-distributions#0");
    let list = listed.distribution_list.as_ref().unwrap();
    assert_eq!(list.is_truncated, Some(false));
    assert_eq!(list.items.as_ref().unwrap()[0].id.as_deref(), Some("E3U7J4TIDRMINY"));
    let config: &cloudfront::GetDistributionConfig = present(snapshot, "recorded/cloudfront/get-distribution-config#3");
    let logging = config.distribution_config.as_ref().unwrap().logging.as_ref().unwrap();
    assert_eq!((logging.enabled, logging.bucket.as_deref()), (Some(true), Some("test.s3.amazonaws.com")));
    let config: &cloudfront::GetDistributionConfig = present(snapshot, "recorded/cloudfront/get-distribution-config#0");
    assert_eq!(config.distribution_config.as_ref().unwrap().logging.as_ref().unwrap().enabled, Some(false));
    let listed: &apigateway::GetRestApis = present(snapshot, "recorded/apigateway/get-rest-apis#0");
    let names: Vec<_> = listed.items.iter().flatten().map(|api| api.name.as_deref().unwrap()).collect();
    assert_eq!(names, ["gitter_search", "oio"]);
    let stages: &apigateway::GetStages = present(snapshot, "recorded/apigateway/get-stages#0");
    let stages: Vec<_> = stages
        .item
        .iter()
        .flatten()
        .map(|stage| (stage.stage_name.as_deref().unwrap(), stage.access_log_settings.is_some()))
        .collect();
    assert_eq!(stages, [("latest", false), ("noop", false)]);
    let listed: &apigatewayv2::GetApis = present(snapshot, "recorded/apigatewayv2/get-apis#4");
    let ids: Vec<_> = listed.items.iter().flatten().map(|api| api.api_id.as_deref().unwrap()).collect();
    assert_eq!(ids, ["0mt9yx690a", "a1b4gsuyib"]);
    let stages: &apigatewayv2::GetStages = present(snapshot, "recorded/apigatewayv2/get-stages#0");
    assert_eq!(stages.items.as_ref().unwrap()[0].stage_name.as_deref(), Some("$default"));
}

#[test]
fn peerings_and_the_sharing_of_images_are_read() {
    let (snapshot, _) = &*IMPORTED;
    let listed: &ec2::DescribeVpcPeeringConnections =
        present(snapshot, "recorded/ec2/describe-vpc-peering-connections#0");
    let peering = &listed.vpc_peering_connections.as_ref().unwrap()[0];
    assert_eq!(peering.vpc_peering_connection_id.as_deref(), Some("pcx-f368979b"));
    let accepter = peering.accepter_vpc_info.as_ref().unwrap();
    assert_eq!(accepter.cidr_block_set.as_ref().unwrap()[0].cidr_block.as_deref(), Some("10.0.16.0/24"));
    let states = [0, 1].map(|number| {
        let source = format!("recorded/ec2/get-image-block-public-access-state#{number}");
        let answer: &ec2::GetImageBlockPublicAccessState = present(snapshot, &source);
        answer.image_block_public_access_state.clone().unwrap()
    });
    assert_eq!(states, ["unblocked", "block-new-sharing"]);
}

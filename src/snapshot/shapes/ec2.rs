//! Amazon EC2: instances, volumes, networks, and the defaults of each Region.

shapes! {
    DescribeInstances { reservations: Vec<Reservation>, next_token: String }
    Reservation { owner_id: String, instances: Vec<Instance> }
    Instance {
        instance_id: String,
        state: InstanceState,
        iam_instance_profile: IamInstanceProfile,
        metadata_options: MetadataOptions,
    }
    InstanceState { name: String }
    IamInstanceProfile { arn: String }
    MetadataOptions { state: String, http_tokens: String, http_endpoint: String }
    DescribeVolumes { volumes: Vec<Volume>, next_token: String }
    Volume { volume_id: String, encrypted: bool, state: String }
    DescribeSecurityGroups { security_groups: Vec<SecurityGroup>, next_token: String }
    SecurityGroup {
        group_id: String,
        group_name: String,
        owner_id: String,
        vpc_id: String,
        ip_permissions: Vec<IpPermission>,
        ip_permissions_egress: Vec<IpPermission>,
    }
    IpPermission {
        ip_protocol: String,
        from_port: i64,
        to_port: i64,
        ip_ranges: Vec<IpRange>,
        ipv6_ranges: Vec<Ipv6Range>,
        prefix_list_ids: Vec<PrefixListId>,
        user_id_group_pairs: Vec<UserIdGroupPair>,
    }
    IpRange { cidr_ip: String }
    Ipv6Range { cidr_ipv6: String }
    PrefixListId { prefix_list_id: String }
    UserIdGroupPair { group_id: String, user_id: String }
    DescribeNetworkAcls { network_acls: Vec<NetworkAcl>, next_token: String }
    NetworkAcl {
        network_acl_id: String,
        vpc_id: String,
        owner_id: String,
        is_default: bool,
        entries: Vec<NetworkAclEntry>,
    }
    NetworkAclEntry {
        cidr_block: String,
        ipv6_cidr_block: String,
        egress: bool,
        port_range: PortRange,
        protocol: String,
        rule_action: String,
        rule_number: i64,
    }
    PortRange { from: i64, to: i64 }
    DescribeVpcs { vpcs: Vec<Vpc>, next_token: String }
    Vpc { vpc_id: String, owner_id: String, is_default: bool }
    DescribeFlowLogs { flow_logs: Vec<FlowLog>, next_token: String }
    FlowLog {
        flow_log_id: String,
        flow_log_status: String,
        deliver_logs_status: String,
        resource_id: String,
        traffic_type: String,
    }
    DescribeNetworkInterfaces { network_interfaces: Vec<NetworkInterface>, next_token: String }
    NetworkInterface { network_interface_id: String, vpc_id: String, groups: Vec<GroupIdentifier> }
    GroupIdentifier { group_id: String }
    DescribeRouteTables { route_tables: Vec<RouteTable>, next_token: String }
    RouteTable {
        route_table_id: String,
        vpc_id: String,
        owner_id: String,
        associations: Vec<RouteTableAssociation>,
        routes: Vec<Route>,
    }
    RouteTableAssociation { main: bool, subnet_id: String, gateway_id: String }
    Route {
        destination_cidr_block: String,
        destination_ipv6_cidr_block: String,
        destination_prefix_list_id: String,
        gateway_id: String,
        vpc_peering_connection_id: String,
        state: String,
    }
    DescribeVpcPeeringConnections { vpc_peering_connections: Vec<VpcPeeringConnection>, next_token: String }
    VpcPeeringConnection {
        vpc_peering_connection_id: String,
        accepter_vpc_info: PeeredVpc,
        requester_vpc_info: PeeredVpc,
    }
    PeeredVpc {
        vpc_id: String,
        cidr_block_set: Vec<CidrBlock>,
        ipv6_cidr_block_set: Vec<Ipv6CidrBlock>,
    }
    CidrBlock { cidr_block: String }
    Ipv6CidrBlock { ipv6_cidr_block: String }
    DescribeVpcEndpoints { vpc_endpoints: Vec<VpcEndpoint>, next_token: String }
    VpcEndpoint { vpc_endpoint_id: String, vpc_id: String, service_name: String, state: String }
    GetEbsEncryptionByDefault { ebs_encryption_by_default: bool }
    GetSnapshotBlockPublicAccessState { state: String }
    GetImageBlockPublicAccessState { image_block_public_access_state: String }
    GetInstanceMetadataDefaults { account_level: InstanceMetadataDefaults }
    InstanceMetadataDefaults { http_tokens: String }
}

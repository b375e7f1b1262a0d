//! Amazon Relational Database Service.

shapes! {
    DescribeDbInstances {
        #[serde(rename = "DBInstances")]
        db_instances: Vec<DbInstance>,
        marker: String,
    }
    DbInstance {
        #[serde(rename = "DBInstanceIdentifier")]
        db_instance_identifier: String,
        #[serde(rename = "DBInstanceArn")]
        db_instance_arn: String,
        engine: String,
        #[serde(rename = "DBClusterIdentifier")]
        db_cluster_identifier: String,
        #[serde(rename = "DBSubnetGroup")]
        db_subnet_group: DbSubnetGroup,
        #[serde(rename = "DBParameterGroups")]
        db_parameter_groups: Vec<DbParameterGroupStatus>,
        storage_encrypted: bool,
        auto_minor_version_upgrade: bool,
        publicly_accessible: bool,
        #[serde(rename = "MultiAZ")]
        multi_az: bool,
        tag_list: Vec<Tag>,
    }
    DbSubnetGroup { vpc_id: String, subnets: Vec<Subnet> }
    Subnet { subnet_identifier: String }
    DbParameterGroupStatus {
        #[serde(rename = "DBParameterGroupName")]
        db_parameter_group_name: String,
        parameter_apply_status: String,
    }
    Tag { key: String, value: String }
    DescribeDbParameters { parameters: Vec<Parameter>, marker: String }
    Parameter { parameter_name: String, parameter_value: String }
}

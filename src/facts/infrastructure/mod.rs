//! What runs in the account: networks, machines, storage, databases, keys and front ends, Region by Region.

mod bucket;
mod bucket_policy;
mod cidr;
mod database;
mod event_data_store;
mod file_system;
mod front_end;
mod instance;
mod kms_key;
mod log_group;
mod network_acl;
pub(crate) mod region_defaults;
pub(crate) mod regional;
mod resource_policy;
mod route_table;
mod running;
mod security_group;
mod vpc;

pub(crate) use bucket::account_block;
pub use bucket::{Bucket, PublicAccessBlock, TrailBucket};
pub use database::{Database, Tag};
pub use event_data_store::EventDataStore;
pub use file_system::FileSystem;
pub use front_end::FrontEnd;
pub use instance::{Instance, Volume};
pub use kms_key::KmsKey;
pub use log_group::TrailLogGroup;
pub use network_acl::{NetworkAcl, OpenPorts};
pub use region_defaults::RegionDefaults;
pub(crate) use regional::{Element, Page, Regional, asked};
pub use resource_policy::ResourcePolicy;
pub use route_table::{PeeringRoute, RouteTable};
pub use running::RunningResource;
pub(crate) use running::build as running;
pub use security_group::{SecurityGroup, SecurityGroupRule};
pub use vpc::{FlowLog, Vpc};

use super::sns_topic::SnsTopic;
use super::trail::Trail;
use super::{List, Resource};
use crate::snapshot::Snapshot;

/// What runs in the account.
#[derive(Debug)]
pub struct Infrastructure {
    /// S3 buckets.
    pub buckets: List<Resource<Bucket>>,
    /// Buckets that trails deliver to.
    pub trail_buckets: List<Resource<TrailBucket>>,
    /// Log groups that trails write to.
    pub trail_log_groups: List<Resource<TrailLogGroup>>,
    /// Event data stores of CloudTrail Lake.
    pub event_data_stores: List<Resource<EventDataStore>>,
    /// KMS keys.
    pub keys: List<Resource<KmsKey>>,
    /// Policies of buckets, of topics that alerts go through and of their keys.
    pub resource_policies: List<Resource<ResourcePolicy>>,
    /// EC2 instances.
    pub instances: List<Resource<Instance>>,
    /// EBS volumes.
    pub volumes: List<Resource<Volume>>,
    /// VPCs.
    pub vpcs: List<Resource<Vpc>>,
    /// Security groups.
    pub security_groups: List<Resource<SecurityGroup>>,
    /// Network ACLs.
    pub network_acls: List<Resource<NetworkAcl>>,
    /// Route tables.
    pub route_tables: List<Resource<RouteTable>>,
    /// RDS database instances.
    pub databases: List<Resource<Database>>,
    /// EFS file systems.
    pub file_systems: List<Resource<FileSystem>>,
    /// What the web reaches.
    pub front_ends: List<Resource<FrontEnd>>,
}

impl Infrastructure {
    /// Builds all of it.
    pub(crate) fn build(
        snapshot: &Snapshot,
        trails: &List<Resource<Trail>>,
        topics: &List<Resource<SnsTopic>>,
    ) -> Self {
        let answers = bucket::Answers::read(snapshot);
        let interfaces = vpc::interfaces(snapshot);
        let tables = route_table::tables(snapshot);
        Self {
            buckets: bucket::build(snapshot, &answers),
            trail_buckets: bucket::of_trails(snapshot, &answers, trails),
            trail_log_groups: log_group::build(snapshot, trails),
            event_data_stores: event_data_store::build(snapshot),
            keys: kms_key::build(snapshot),
            resource_policies: resource_policy::build(snapshot, topics),
            instances: instance::instances(snapshot),
            volumes: instance::volumes(snapshot),
            vpcs: vpc::build(snapshot, &interfaces),
            security_groups: security_group::build(snapshot, &interfaces),
            network_acls: network_acl::build(snapshot),
            route_tables: route_table::build(snapshot, &tables),
            databases: database::build(snapshot, &tables),
            file_systems: file_system::build(snapshot),
            front_ends: front_end::build(snapshot),
        }
    }
}

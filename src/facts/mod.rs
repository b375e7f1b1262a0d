//! Facts: what the observations say about each resource, joined and derived, in three values.
//!
//! One file per resource kind or derived fact. A file declares its records with `facts!` and builds them from the
//! snapshot; [`Facts::build`] and [`KINDS`] below are where it is registered.

mod account;
mod alarm;
mod alerting;
mod alerts;
mod asked;
pub mod authorization;
mod billing;
mod billing_access;
mod billing_alarm;
mod budget;
mod budget_filter;
mod budget_notification;
mod collector;
mod contact;
mod credential_report;
mod detection;
mod event_pattern;
mod event_rule;
mod governance;
mod health_rule;
mod iam_access;
mod iam_account;
mod iam_ahead;
mod iam_engine;
mod iam_escalation;
mod iam_glance;
mod iam_group;
mod iam_policy;
mod iam_question;
mod iam_user;
mod iam_user_calls;
mod identity;
pub(crate) mod infrastructure;
mod link;
mod monitoring;
mod observed;
mod organization;
mod password_policy;
mod resource;
mod review;
mod root_user;
mod sns_topic;
mod source;
mod trail;
mod trail_data;
mod trail_selector;
mod value;
mod virtual_mfa;

pub use crate::snapshot::leader_region;
pub use account::Account;
pub use alarm::Alarm;
pub use alerts::{AlertRoute, RouteLink};
pub use billing::Billing;
pub use billing_access::BillingAccess;
pub use billing_alarm::BillingAlarm;
pub use budget::Budget;
pub use budget_notification::BudgetNotification;
pub use collector::Collector;
pub use contact::{Contact, Contacts, PrimaryContact};
pub use detection::{
    AccessAnalyzer, AccountDetection, AnalyzerFinding, ConfigDelivery, ConfigRecorder, Detection, FindingRule,
    GuardDutyDetector, GuardDutyFinding,
};
pub use event_rule::EventTarget;
pub use governance::{Central, Governance, TrustedService};
pub use health_rule::{HealthRouting, HealthRule, Region};
pub use iam_access::AccountAccess;
pub use iam_account::IamAccount;
pub use iam_ahead::Ahead;
pub use iam_escalation::{Climber, Escalations};
pub use iam_group::IamGroup;
pub use iam_policy::{IamPolicy, IamPrincipal, InlinePolicy};
pub use iam_question::{Oracle, Question};
pub use iam_user::{AccessKey, IamUser};
pub use identity::{Federation, ServerCertificate};
pub use infrastructure::{
    Bucket, Database, EventDataStore, FileSystem, FlowLog, FrontEnd, Infrastructure, Instance, KmsKey, NetworkAcl,
    OpenPorts, PeeringRoute, PublicAccessBlock, RegionDefaults, ResourcePolicy, RouteTable, RunningResource,
    SecurityGroup, SecurityGroupRule, Tag, TrailBucket, TrailLogGroup, Volume, Vpc,
};
pub use monitoring::{EventAlert, Monitoring};
pub use observed::{
    Gap, INCOMPLETE, MALFORMED, MEMBER_MISSING, NO_VALUE, NOT_ATTESTED, NOT_COLLECTED, Observed, UNDECIDED,
};
pub use organization::Organization;
pub use password_policy::PasswordPolicy;
pub use resource::{Kind, Listing, Resource, ResourceRef};
pub use review::{AdvisorCheck, AnomalySubscription, CostAnomalies, Support, Workload};
pub use root_user::RootUser;
pub use sns_topic::SnsTopic;
pub use source::Source;
pub use trail::Trail;
pub use trail_selector::ManagementSelector;
pub use value::{
    Fact, FactList, FactRef, FactType, Field, Items, List, Origin, Record, Schema, Type, Value, record_name,
};

use std::sync::OnceLock;

use crate::snapshot::{Operation, Snapshot, Time};

/// Everything that rules can know of one account.
#[derive(Debug)]
pub struct Facts {
    /// The account.
    pub account: Resource<Account>,
    /// The root user.
    pub root: Resource<RootUser>,
    /// IAM users.
    pub users: List<Resource<IamUser>>,
    /// Regions that were asked.
    pub regions: List<Resource<Region>>,
    /// SNS topics that alerts go through.
    pub topics: List<Resource<SnsTopic>>,
    /// CloudWatch alarms.
    pub alarms: List<Resource<Alarm>>,
    /// CloudTrail trails.
    pub trails: List<Resource<Trail>>,
    /// IAM groups.
    pub groups: List<Resource<IamGroup>>,
    /// What runs in the account.
    pub infrastructure: Infrastructure,
    /// Server certificates that IAM keeps.
    pub server_certificates: List<Resource<ServerCertificate>>,
    /// Workloads of the Well-Architected Tool.
    pub workloads: List<Resource<Workload>>,
    engine: iam_engine::Engine,
    policies: OnceLock<List<Resource<IamPolicy>>>,
    principals: OnceLock<List<Resource<IamPrincipal>>>,
}

impl Facts {
    /// Builds all facts of a snapshot. `as_of` replaces the credential report's own time for rules on credentials.
    pub fn build(snapshot: &Snapshot, as_of: Option<Time>) -> Self {
        Self::build_to_list(snapshot, as_of, &[], None)
    }

    /// As [`Facts::build`], for rules on things of these kinds, with what was worked out ahead. Policies are judged beside the facts of
    /// services where that takes one processor; of many principals it takes all, and is left until the snapshot is let go.
    pub fn build_to_list(snapshot: &Snapshot, as_of: Option<Time>, kinds: &[&Kind], ahead: Option<Ahead>) -> Self {
        let report = credential_report::CredentialReport::read(snapshot);
        let devices = virtual_mfa::VirtualMfa::read(snapshot);
        let of_iam = || {
            let engine = match ahead {
                Some(ahead) => ahead.complete(snapshot),
                None => iam_engine::Engine::read(snapshot),
            };
            let users = iam_user::build(snapshot, &report, &devices, &engine);
            let access = engine.of_account(&users);
            let policies = OnceLock::new();
            if kinds.iter().any(|kind| kind.schema == IamPolicy::SCHEMA) && engine.is_small() {
                policies.get_or_init(|| iam_policy::policies(&engine));
            }
            (engine, users, access, policies)
        };
        let of_services = || {
            let trails = trail::build(snapshot);
            let alerting = alerting::build(snapshot, &report, &trails, as_of);
            let infrastructure = Infrastructure::build(snapshot, &trails.all, &alerting.topics);
            (trails, alerting, infrastructure)
        };
        let ((engine, users, access, policies), (trails, alerting, infrastructure)) = rayon::join(of_iam, of_services);
        let root = root_user::build(snapshot, &report, &devices);
        let parts = account::Parts { alerting: &alerting, trails: &trails, infrastructure: &infrastructure, access };
        let (groups, account) = rayon::join(
            || iam_group::build(snapshot, &users),
            || account::build(snapshot, &report, &users, as_of, parts),
        );
        Self {
            account,
            root,
            users,
            regions: alerting.regions,
            topics: alerting.topics,
            alarms: alerting.alarms,
            trails: trails.all,
            infrastructure,
            server_certificates: identity::server_certificates(snapshot),
            workloads: review::workloads(snapshot),
            groups,
            engine,
            policies,
            principals: OnceLock::new(),
        }
    }

    /// Managed and inline policies, judged when a rule first asks: escalation looks at all principals at once, on all threads of rayon.
    /// None of these may be one that asks for the same meanwhile: it would wait for itself.
    pub fn policies(&self) -> &List<Resource<IamPolicy>> {
        self.policies.get_or_init(|| iam_policy::policies(&self.engine))
    }

    /// The ways to administrator, if a rule asked for them; nothing is worked out here.
    pub fn known_escalations(&self) -> Option<&Escalations> {
        self.engine.known_escalations()
    }

    /// Users, groups and roles with their inline policies, listed when a rule first asks, as [`Facts::policies`] are.
    pub fn principals(&self) -> &List<Resource<IamPrincipal>> {
        self.principals.get_or_init(|| iam_policy::principals(&self.engine))
    }
}

/// Every kind of resource that rules can name.
pub const KINDS: &[Kind] = &[
    Kind {
        schema: Account::SCHEMA,
        variable: "account",
        plural: "accounts",
        operations: &[],
        list: |facts| Listing { resources: vec![facts.account.borrowed()], gaps: Vec::new() },
    },
    Kind {
        schema: RootUser::SCHEMA,
        variable: "root",
        plural: "root users",
        operations: &[],
        list: |facts| Listing { resources: vec![facts.root.borrowed()], gaps: Vec::new() },
    },
    Kind {
        schema: IamUser::SCHEMA,
        variable: "user",
        plural: "IAM users",
        operations: &[Operation::IamGetCredentialReport, Operation::IamGetAccountAuthorizationDetails],
        list: |facts| facts.users.listing(),
    },
    Kind {
        schema: Region::SCHEMA,
        variable: "region",
        plural: "Regions",
        operations: &[],
        list: |facts| facts.regions.listing(),
    },
    Kind {
        schema: SnsTopic::SCHEMA,
        variable: "topic",
        plural: "SNS topics for alerts",
        operations: &[
            Operation::CloudwatchDescribeAlarms,
            Operation::BudgetsDescribeBudgets,
            Operation::BudgetsDescribeNotificationsForBudget,
            Operation::BudgetsDescribeSubscribersForNotification,
            Operation::EventsListRules,
            Operation::EventsListTargetsByRule,
            Operation::CloudtrailDescribeTrails,
            Operation::LogsDescribeMetricFilters,
        ],
        list: |facts| facts.topics.listing(),
    },
    Kind {
        schema: Alarm::SCHEMA,
        variable: "alarm",
        plural: "CloudWatch alarms",
        operations: &[Operation::CloudwatchDescribeAlarms, Operation::CloudtrailDescribeTrails],
        list: |facts| facts.alarms.listing(),
    },
    Kind {
        schema: Trail::SCHEMA,
        variable: "trail",
        plural: "CloudTrail trails",
        operations: &[Operation::CloudtrailDescribeTrails],
        list: |facts| facts.trails.listing(),
    },
    Kind {
        schema: IamGroup::SCHEMA,
        variable: "group",
        plural: "IAM groups",
        operations: &[Operation::IamGetAccountAuthorizationDetails],
        list: |facts| facts.groups.listing(),
    },
    Kind {
        schema: IamPolicy::SCHEMA,
        variable: "policy",
        plural: "IAM policies",
        operations: &[Operation::IamGetAccountAuthorizationDetails],
        list: |facts| facts.policies().listing(),
    },
    Kind {
        schema: IamPrincipal::SCHEMA,
        variable: "principal",
        plural: "IAM users, groups and roles",
        operations: &[Operation::IamGetAccountAuthorizationDetails],
        list: |facts| facts.principals().listing(),
    },
    Kind {
        schema: Bucket::SCHEMA,
        variable: "bucket",
        plural: "S3 buckets",
        operations: &[Operation::S3ListBuckets],
        list: |facts| facts.infrastructure.buckets.listing(),
    },
    Kind {
        schema: TrailBucket::SCHEMA,
        variable: "trail_bucket",
        plural: "buckets of CloudTrail trails",
        operations: &[Operation::CloudtrailDescribeTrails],
        list: |facts| facts.infrastructure.trail_buckets.listing(),
    },
    Kind {
        schema: TrailLogGroup::SCHEMA,
        variable: "log_group",
        plural: "log groups of CloudTrail trails",
        operations: &[Operation::CloudtrailDescribeTrails],
        list: |facts| facts.infrastructure.trail_log_groups.listing(),
    },
    Kind {
        schema: EventDataStore::SCHEMA,
        variable: "store",
        plural: "CloudTrail event data stores",
        operations: &[Operation::CloudtrailListEventDataStores],
        list: |facts| facts.infrastructure.event_data_stores.listing(),
    },
    Kind {
        schema: KmsKey::SCHEMA,
        variable: "key",
        plural: "KMS keys",
        operations: &[Operation::KmsListKeys],
        list: |facts| facts.infrastructure.keys.listing(),
    },
    Kind {
        schema: ResourcePolicy::SCHEMA,
        variable: "policy",
        plural: "S3 buckets, topics for alerts and keys of such topics",
        operations: &[
            Operation::S3ListBuckets,
            Operation::CloudwatchDescribeAlarms,
            Operation::BudgetsDescribeBudgets,
            Operation::BudgetsDescribeNotificationsForBudget,
            Operation::BudgetsDescribeSubscribersForNotification,
            Operation::EventsListRules,
            Operation::EventsListTargetsByRule,
            Operation::CloudtrailDescribeTrails,
            Operation::LogsDescribeMetricFilters,
            Operation::SnsGetTopicAttributes,
            Operation::KmsDescribeKey,
        ],
        list: |facts| facts.infrastructure.resource_policies.listing(),
    },
    Kind {
        schema: Instance::SCHEMA,
        variable: "instance",
        plural: "EC2 instances",
        operations: &[Operation::Ec2DescribeInstances],
        list: |facts| facts.infrastructure.instances.listing(),
    },
    Kind {
        schema: Volume::SCHEMA,
        variable: "volume",
        plural: "EBS volumes",
        operations: &[Operation::Ec2DescribeVolumes],
        list: |facts| facts.infrastructure.volumes.listing(),
    },
    Kind {
        schema: Vpc::SCHEMA,
        variable: "vpc",
        plural: "VPCs",
        operations: &[Operation::Ec2DescribeVpcs],
        list: |facts| facts.infrastructure.vpcs.listing(),
    },
    Kind {
        schema: SecurityGroup::SCHEMA,
        variable: "group",
        plural: "security groups",
        operations: &[Operation::Ec2DescribeSecurityGroups],
        list: |facts| facts.infrastructure.security_groups.listing(),
    },
    Kind {
        schema: NetworkAcl::SCHEMA,
        variable: "acl",
        plural: "network ACLs",
        operations: &[Operation::Ec2DescribeNetworkAcls],
        list: |facts| facts.infrastructure.network_acls.listing(),
    },
    Kind {
        schema: RouteTable::SCHEMA,
        variable: "table",
        plural: "route tables",
        operations: &[Operation::Ec2DescribeRouteTables],
        list: |facts| facts.infrastructure.route_tables.listing(),
    },
    Kind {
        schema: Database::SCHEMA,
        variable: "database",
        plural: "RDS instances",
        operations: &[Operation::RdsDescribeDbInstances],
        list: |facts| facts.infrastructure.databases.listing(),
    },
    Kind {
        schema: FileSystem::SCHEMA,
        variable: "file_system",
        plural: "EFS file systems",
        operations: &[Operation::EfsDescribeFileSystems],
        list: |facts| facts.infrastructure.file_systems.listing(),
    },
    Kind {
        schema: FrontEnd::SCHEMA,
        variable: "front_end",
        plural: "web front ends",
        operations: &[
            Operation::CloudfrontListDistributions,
            Operation::Elbv2DescribeLoadBalancers,
            Operation::ApigatewayGetRestApis,
            Operation::ApigatewayGetStages,
            Operation::Apigatewayv2GetApis,
            Operation::Apigatewayv2GetStages,
        ],
        list: |facts| facts.infrastructure.front_ends.listing(),
    },
    Kind {
        schema: ServerCertificate::SCHEMA,
        variable: "certificate",
        plural: "server certificates in IAM",
        operations: &[Operation::IamListServerCertificates],
        list: |facts| facts.server_certificates.listing(),
    },
    Kind {
        schema: Workload::SCHEMA,
        variable: "workload",
        plural: "workloads of the Well-Architected Tool",
        operations: &[Operation::WellarchitectedListWorkloads],
        list: |facts| facts.workloads.listing(),
    },
];

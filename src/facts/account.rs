//! The account itself: the record that every rule has in scope as `account`.

use super::alerting::Alerting;
use super::billing::Billing;
use super::budget::Budget;
use super::collector::{self, Collector};
use super::contact::{self, Contacts};
use super::credential_report::CredentialReport;
use super::detection::{self, AccountDetection};
use super::governance::{self, Central, Governance, central};
use super::health_rule::HealthRouting;
use super::iam_access::AccountAccess;
use super::iam_account::{self, IamAccount};
use super::iam_user::IamUser;
use super::identity::{self, Federation};
use super::infrastructure::{self, Infrastructure, PublicAccessBlock, RunningResource};
use super::monitoring::Monitoring;
use super::organization::{self, Organization};
use super::password_policy::{self, PasswordPolicy};
use super::resource::Resource;
use super::review::{self, CostAnomalies, Support, Workload};
use super::trail::{Trail, Trails};
use super::{Fact, List, Observed, Source, link};
use crate::facts;
use crate::snapshot::shapes::{iam::GetAccountSummary, s3api::ListBuckets};
use crate::snapshot::{Snapshot, Time};

facts! {
    /// The AWS account that the snapshot was taken of.
    Account as "account" {
        /// The twelve digits.
        id: String => [];
        /// The partition: `aws`, `aws-us-gov`, `aws-cn`, …
        partition: String => [];
        /// The time that rules on credentials take for now: when AWS generated the credential report.
        credentials_as_of: Time => [IamGetCredentialReport];
        /// True when at least one IAM user has a console password.
        has_console_user: bool => [IamGetCredentialReport];
        /// The account's own password policy; absent when AWS's default applies.
        password_policy: PasswordPolicy => [IamGetAccountPasswordPolicy];
        /// The organization that the account belongs to; absent for a standalone account.
        organization: Organization => [OrganizationsDescribeOrganization];
        /// How the organization governs its accounts; absent in accounts that AWS does not tell.
        governance: Governance => [OrganizationsListRoots];
        /// What another account of the organization may provide for this one.
        central: Central => [];
        /// True for an account of an organization that another account pays for.
        is_member: bool => [OrganizationsDescribeOrganization];
        /// Whom AWS writes to.
        contacts: Contacts => [];
        /// How the account watches what it is charged.
        billing: Billing => [];
        /// The account's budgets.
        budgets: List<Budget> => [BudgetsDescribeBudgets];
        /// Where the account hears of AWS Health events.
        health: HealthRouting => [];
        /// What watches the account as a whole.
        detection: AccountDetection => [];
        /// Which kinds of events raise an alert that reaches somebody.
        monitoring: Monitoring => [];
        /// CloudTrail trails that record every Region.
        multi_region_trails: List<Trail> => [CloudtrailDescribeTrails];
        /// What the organization manages centrally of member accounts' root users, as in `RootSessions`; absent where
        /// the account is not the one to ask.
        organization_features: List<String> => [IamListOrganizationsFeatures];
        /// The identity that took the snapshot.
        collector: Collector => [];
        /// IAM of the account as a whole.
        iam: IamAccount => [];
        /// Where people sign in from.
        federation: Federation => [];
        /// True when an IAM user or the root user has an access key.
        has_access_key: bool => [IamGetCredentialReport, IamGetAccountSummary];
        /// AWS Support and Trusted Advisor.
        support: Support => [];
        /// Cost anomaly detection.
        cost_anomalies: CostAnomalies => [];
        /// Workloads of the Well-Architected Tool.
        workloads: List<Workload> => [WellarchitectedListWorkloads];
        /// EC2 instances and RDS instances; functions and containers are not read.
        running_resources: List<RunningResource> => [Ec2DescribeInstances, RdsDescribeDbInstances];
        /// True when a trail records every account of the organization.
        has_organization_trail: bool => [CloudtrailDescribeTrails];
        /// True when the account has at least one S3 bucket.
        has_bucket: bool => [S3ListBuckets];
        /// What public access to S3 the account blocks as a whole; absent when it blocks none.
        public_access_block: PublicAccessBlock => [S3controlGetPublicAccessBlock];
    }
}

/// The documented stand-in for the account's ARN, which AWS does not give.
pub(crate) fn id(snapshot: &Snapshot) -> String {
    format!("arn:{}:iam::{}:account", snapshot.partition, snapshot.account)
}

/// What was built before, for the account to sum up.
pub(crate) struct Parts<'a> {
    pub(crate) alerting: &'a Alerting,
    pub(crate) trails: &'a Trails,
    pub(crate) infrastructure: &'a Infrastructure,
    pub(crate) access: AccountAccess,
}

/// Builds the account. `as_of` replaces the credential report's own time when the caller judges as of another day.
pub(crate) fn build(
    snapshot: &Snapshot,
    report: &CredentialReport,
    users: &List<Resource<IamUser>>,
    as_of: Option<Time>,
    Parts { alerting, trails, infrastructure, access }: Parts<'_>,
) -> Resource<Account> {
    let organization = organization::build(snapshot);
    let facts = Account {
        id: Fact::derived(Observed::Present(snapshot.account.clone())),
        partition: Fact::derived(Observed::Present(snapshot.partition.clone())),
        credentials_as_of: match as_of {
            Some(time) => Fact::derived(Observed::Present(time)),
            None => report.generated_at.clone(),
        },
        has_console_user: has_console_user(users),
        password_policy: password_policy::build(snapshot),
        is_member: is_member(&organization),
        governance: governance::build(snapshot, &organization),
        central: Fact::derived(Observed::Present(central::build(snapshot, &organization))),
        organization,
        contacts: Fact::derived(Observed::Present(contact::build(snapshot))),
        billing: Fact::derived(Observed::Present(alerting.billing.clone())),
        budgets: alerting.budgets.clone(),
        health: Fact::derived(Observed::Present(alerting.health.clone())),
        detection: Fact::derived(Observed::Present(detection::of_account(&alerting.regions))),
        monitoring: Fact::derived(Observed::Present(alerting.monitoring.clone())),
        organization_features: organization::features(snapshot),
        collector: Fact::derived(Observed::Present(collector::build(snapshot, report))),
        iam: Fact::derived(Observed::Present(iam_account::build(snapshot, access))),
        federation: Fact::derived(Observed::Present(identity::federation(snapshot))),
        has_access_key: has_access_key(snapshot, users),
        support: Fact::derived(Observed::Present(review::support(snapshot))),
        cost_anomalies: Fact::derived(Observed::Present(alerting.cost_anomalies.clone())),
        workloads: Fact::derived(Observed::Present(workloads(snapshot))),
        running_resources: Fact::derived(Observed::Present(infrastructure::running(infrastructure))),
        multi_region_trails: Fact::new(Observed::Present(trails.multi_region.clone()), trails.listed),
        has_organization_trail: trails.has_organization_trail(),
        has_bucket: Source::<ListBuckets>::global(snapshot)
            .required("/Buckets", |answer| answer.buckets.as_ref())
            .map(|buckets| !buckets.is_empty()),
        public_access_block: infrastructure::account_block(snapshot),
    };
    Resource { id: id(snapshot), region: None, facts }
}

/// A standalone account pays for itself, as the management account does.
fn is_member(organization: &Fact<Organization>) -> Fact<bool> {
    match &organization.state {
        Observed::Present(organization) => {
            Fact::new(organization.is_member(), organization.is_management_account.origin)
        }
        Observed::Absent => Fact::present(false, organization.origin),
        Observed::Unknown(gap) => Fact::unknown(gap.clone()),
    }
}

/// True when one user has a password; false only when every user is known to have none.
fn has_console_user(users: &List<Resource<IamUser>>) -> Fact<bool> {
    let mut gap = users.gaps.first().cloned();
    for user in &users.items {
        match &user.facts.password_enabled.state {
            Observed::Present(true) => return Fact::present(true, user.facts.password_enabled.origin),
            Observed::Present(false) => {}
            Observed::Absent | Observed::Unknown(_) => gap = gap.or(user.facts.password_enabled.state.gap().cloned()),
        }
    }
    match gap {
        Some(gap) => Fact::unknown(gap),
        None => Fact::derived(Observed::Present(false)),
    }
}

fn workloads(snapshot: &Snapshot) -> List<Workload> {
    let found = review::workloads(snapshot);
    List { items: found.items.into_iter().map(|workload| workload.facts).collect(), gaps: found.gaps }
}

/// True when one user or root has a key; false only when all are known to have none.
fn has_access_key(snapshot: &Snapshot, users: &List<Resource<IamUser>>) -> Fact<bool> {
    let summary = Source::<GetAccountSummary>::global(snapshot);
    let root = summary.required("/SummaryMap/AccountAccessKeysPresent", |answer| {
        answer.summary_map.as_ref()?.get("AccountAccessKeysPresent").copied()
    });
    let of_user = |user: &Resource<IamUser>| match &user.facts.access_keys.state {
        Observed::Present(keys) if keys.items.is_empty() && !keys.gaps.is_empty() => {
            keys.gaps.first().cloned().map_or_else(|| Fact::derived(Observed::Absent), Fact::unknown)
        }
        _ => user.facts.access_keys.clone().map(|keys| !keys.items.is_empty()),
    };
    link::any(std::iter::once(root.map(|keys| keys > 0)).chain(users.items.iter().map(of_user)), &users.gaps)
}

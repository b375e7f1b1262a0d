//! S3 buckets, and those that trails deliver to.

use std::collections::BTreeMap;

use super::bucket_policy;
use super::regional::{Page, Regional};
use crate::facts;
use crate::facts::asked::Asked;
use crate::facts::trail::Trail;
use crate::facts::{Fact, List, MEMBER_MISSING, Observed, Resource, Source};
use crate::iam::policy::Policy;
use crate::snapshot::shapes::s3control::{self, PublicAccessBlockConfiguration};
use crate::snapshot::{Snapshot, shapes::s3api};

facts! {
    /// An S3 bucket.
    Bucket as "s3-bucket" {
        /// The bucket's name.
        name: String => [S3ListBuckets];
        /// What public access is blocked, by the bucket's own setting or the account's.
        block: PublicAccessBlock => [S3GetPublicAccessBlock, S3controlGetPublicAccessBlock];
        /// True when the ACL grants something to everyone or to every AWS account.
        is_acl_public: bool => [S3GetBucketAcl];
        /// True when the policy lets everyone in.
        is_policy_public: bool => [S3GetBucketPolicyStatus, S3GetBucketPolicy];
        /// True when the policy refuses everybody's requests without TLS.
        refuses_http: bool => [S3GetBucketPolicy];
        /// The policy with a statement added that refuses requests without TLS, as JSON text.
        policy_refusing_http: String => [S3GetBucketPolicy];
        /// True when the policy lets CloudTrail write for named trails or accounts only.
        scopes_cloudtrail: bool => [S3GetBucketPolicy];
        /// `Enabled` or `Suspended`; absent when versions were never kept.
        versioning: String => [S3GetBucketVersioning];
        /// `Enabled` or `Disabled`; absent when it was never set.
        mfa_delete: String => [S3GetBucketVersioning];
        /// The algorithm that new objects are encrypted with; absent without default encryption.
        encryption: String => [S3GetBucketEncryption];
        /// The bucket that receives access logs; absent when access is not logged.
        log_bucket: String => [S3GetBucketLogging];
        /// True when a lifecycle rule is set.
        has_lifecycle: bool => [S3GetBucketLifecycleConfiguration];
        /// `COMPLIANCE` or `GOVERNANCE`; absent when new objects are not locked by themselves.
        lock_mode: String => [S3GetObjectLockConfiguration];
    }

    /// The four settings of S3 Block Public Access.
    PublicAccessBlock as "public-access-block" {
        /// True when new public ACLs are refused.
        block_public_acls: bool => [];
        /// True when public ACLs count for nothing.
        ignore_public_acls: bool => [];
        /// True when new public policies are refused.
        block_public_policy: bool => [];
        /// True when a public policy lets in AWS services and the account alone.
        restrict_public_buckets: bool => [];
    }

    /// A bucket that CloudTrail trails deliver to.
    TrailBucket as "trail-bucket" {
        /// The bucket's name.
        name: String => [CloudtrailDescribeTrails];
        /// Names of the trails that deliver there.
        trails: List<String> => [CloudtrailDescribeTrails];
        /// True when at least one of them belongs to this account.
        has_own_trail: bool => [CloudtrailDescribeTrails];
        /// The bucket's settings; those of another account's bucket are unknown.
        bucket: Bucket => [];
    }
}

/// Everybody, and everybody who has an AWS account:
/// <https://docs.aws.amazon.com/AmazonS3/latest/userguide/acl-overview.html#specifying-grantee-predefined-groups>
const PUBLIC_GROUPS: [&str; 2] =
    ["http://acs.amazonaws.com/groups/global/AllUsers", "http://acs.amazonaws.com/groups/global/AuthenticatedUsers"];

/// The answers about buckets, by name.
pub(super) struct Answers<'a> {
    account_block: Source<'a, s3control::GetPublicAccessBlock>,
    blocks: Asked<'a, s3api::GetPublicAccessBlock>,
    policies: Asked<'a, s3api::GetBucketPolicy>,
    policy_statuses: Asked<'a, s3api::GetBucketPolicyStatus>,
    acls: Asked<'a, s3api::GetBucketAcl>,
    logging: Asked<'a, s3api::GetBucketLogging>,
    versioning: Asked<'a, s3api::GetBucketVersioning>,
    encryption: Asked<'a, s3api::GetBucketEncryption>,
    lifecycles: Asked<'a, s3api::GetBucketLifecycleConfiguration>,
    locks: Asked<'a, s3api::GetObjectLockConfiguration>,
}

impl<'a> Answers<'a> {
    /// Reads the answers of a snapshot.
    pub(super) fn read(snapshot: &'a Snapshot) -> Self {
        Self {
            account_block: Source::global(snapshot),
            blocks: Asked::read(snapshot, "Bucket"),
            policies: Asked::read(snapshot, "Bucket"),
            policy_statuses: Asked::read(snapshot, "Bucket"),
            acls: Asked::read(snapshot, "Bucket"),
            logging: Asked::read(snapshot, "Bucket"),
            versioning: Asked::read(snapshot, "Bucket"),
            encryption: Asked::read(snapshot, "Bucket"),
            lifecycles: Asked::read(snapshot, "Bucket"),
            locks: Asked::read(snapshot, "Bucket"),
        }
    }
}

/// Builds the buckets.
pub(super) fn build(snapshot: &Snapshot, answers: &Answers<'_>) -> List<Resource<Bucket>> {
    let listed = Regional::global(snapshot, |answer: &s3api::ListBuckets| {
        Page::of(answer.buckets.as_ref(), answer.continuation_token.as_ref())
    });
    listed.resources(|element| {
        let name = element.item.name.as_deref()?;
        let home = element.item.bucket_region.clone().filter(|region| !region.is_empty());
        let asked_in = home.as_deref().unwrap_or(element.region());
        let mut facts = bucket(snapshot, answers, asked_in, name);
        facts.name = element.required("/Buckets/*/Name", Some(name.to_owned()));
        Some(Resource { id: arn(snapshot, name), region: home, facts })
    })
}

/// Builds the buckets that trails deliver to.
pub(super) fn of_trails(
    snapshot: &Snapshot,
    answers: &Answers<'_>,
    trails: &List<Resource<Trail>>,
) -> List<Resource<TrailBucket>> {
    let mut gaps = trails.gaps.clone();
    let mut by_bucket: BTreeMap<&str, Vec<&Resource<Trail>>> = BTreeMap::new();
    for trail in &trails.items {
        match &trail.facts.bucket.state {
            Observed::Present(name) => by_bucket.entry(name).or_default().push(trail),
            Observed::Absent => {}
            Observed::Unknown(gap) => gaps.push(gap.clone()),
        }
    }
    let items = by_bucket.into_iter().map(|(name, trails)| {
        let origin = trails.first().map_or(crate::facts::Origin::NONE, |trail| trail.facts.bucket.origin);
        let names = trails.iter().filter_map(|trail| trail.facts.name.state.present().cloned());
        let own = trails.iter().any(|trail| trail.facts.is_own.state.present() == Some(&true));
        let region = trails.first().and_then(|trail| trail.region.as_deref()).unwrap_or_default();
        let facts = TrailBucket {
            name: Fact::present(name.to_owned(), origin),
            trails: Fact::present(List::whole(names.collect()), origin),
            has_own_trail: Fact::present(own, origin),
            bucket: Fact::derived(Observed::Present(bucket(snapshot, answers, region, name))),
        };
        Resource { id: arn(snapshot, name), region: None, facts }
    });
    List { items: items.collect(), gaps }
}

fn arn(snapshot: &Snapshot, name: &str) -> String {
    format!("arn:{}:s3:::{name}", snapshot.partition)
}

fn bucket(snapshot: &Snapshot, answers: &Answers<'_>, region: &str, name: &str) -> Bucket {
    let policy = answers.policies.of_unique(region, name);
    let status = answers.policy_statuses.of_unique(region, name);
    let versioning = answers.versioning.of_unique(region, name);
    let logging = answers.logging.of_unique(region, name);
    let block = answers.blocks.of_unique(region, name);
    Bucket {
        name: Fact::derived(Observed::Present(name.to_owned())),
        block: Fact::derived(Observed::Present(effective(&block, &answers.account_block))),
        is_acl_public: is_acl_public(&answers.acls.of_unique(region, name)),
        is_policy_public: is_policy_public(&status, &policy, name),
        refuses_http: of_policy(&policy, name, |policy| bucket_policy::refuses_http(policy, &arn(snapshot, name))),
        policy_refusing_http: policy_refusing_http(&policy, &arn(snapshot, name), name),
        scopes_cloudtrail: of_policy(&policy, name, bucket_policy::scopes_cloudtrail),
        versioning: versioning.optional("/Status", |answer| answer.status.clone()),
        mfa_delete: versioning.optional("/MFADelete", |answer| answer.mfa_delete.clone()),
        encryption: encryption(&answers.encryption.of_unique(region, name)),
        log_bucket: match logging.optional("/LoggingEnabled", |answer| answer.logging_enabled.as_ref()) {
            Fact { state: Observed::Present(enabled), .. } => {
                logging.required("/LoggingEnabled/TargetBucket", |_| enabled.target_bucket.clone())
            }
            fact => fact.map(|_| String::new()),
        },
        has_lifecycle: has_lifecycle(&answers.lifecycles.of_unique(region, name)),
        lock_mode: answers.locks.of_unique(region, name).optional(
            "/ObjectLockConfiguration/Rule/DefaultRetention/Mode",
            |answer| {
                let rule = answer.object_lock_configuration.as_ref()?.rule.as_ref()?;
                rule.default_retention.as_ref()?.mode.clone()
            },
        ),
    }
}

fn policy_refusing_http(policy: &Source<'_, s3api::GetBucketPolicy>, arn: &str, name: &str) -> Fact<String> {
    let text = policy.optional("/Policy", |answer| answer.policy.clone());
    match text.state {
        Observed::Unknown(gap) => Fact::unknown(gap),
        state => match bucket_policy::with_tls(state.present().map(String::as_str), arn, name) {
            Ok(policy) => Fact::new(Observed::Present(policy), text.origin),
            Err(gap) => Fact::unknown(gap),
        },
    }
}

type Flag = fn(&PublicAccessBlockConfiguration) -> Option<bool>;

/// The account's own settings; absent when it has none.
pub(crate) fn account_block(snapshot: &Snapshot) -> Fact<PublicAccessBlock> {
    let source = Source::<s3control::GetPublicAccessBlock>::global(snapshot);
    let whole =
        source.required("/PublicAccessBlockConfiguration", |answer| answer.public_access_block_configuration.as_ref());
    let one = |pointer: &'static str, flag: Flag| {
        source.required(pointer, |answer| flag(answer.public_access_block_configuration.as_ref()?))
    };
    whole.map(|_| PublicAccessBlock {
        block_public_acls: one("/PublicAccessBlockConfiguration/BlockPublicAcls", |block| block.block_public_acls),
        ignore_public_acls: one("/PublicAccessBlockConfiguration/IgnorePublicAcls", |block| block.ignore_public_acls),
        block_public_policy: one("/PublicAccessBlockConfiguration/BlockPublicPolicy", |b| b.block_public_policy),
        restrict_public_buckets: one("/PublicAccessBlockConfiguration/RestrictPublicBuckets", |block| {
            block.restrict_public_buckets
        }),
    })
}

/// What holds for a bucket: AWS applies the stricter of its own setting and the account's.
fn effective(
    bucket: &Source<'_, s3api::GetPublicAccessBlock>,
    account: &Source<'_, s3control::GetPublicAccessBlock>,
) -> PublicAccessBlock {
    let either = |pointer: &'static str, flag: Flag| {
        let own = bucket.required(pointer, |answer| flag(answer.public_access_block_configuration.as_ref()?));
        let all = account.required(pointer, |answer| flag(answer.public_access_block_configuration.as_ref()?));
        either(own, all)
    };
    PublicAccessBlock {
        block_public_acls: either("/PublicAccessBlockConfiguration/BlockPublicAcls", |block| block.block_public_acls),
        ignore_public_acls: either("/PublicAccessBlockConfiguration/IgnorePublicAcls", |b| b.ignore_public_acls),
        block_public_policy: either("/PublicAccessBlockConfiguration/BlockPublicPolicy", |b| b.block_public_policy),
        restrict_public_buckets: either("/PublicAccessBlockConfiguration/RestrictPublicBuckets", |block| {
            block.restrict_public_buckets
        }),
    }
}

/// True when one is; a setting that does not exist is off.
fn either(own: Fact<bool>, all: Fact<bool>) -> Fact<bool> {
    match (&own.state, &all.state) {
        (Observed::Present(true), _) => own,
        (_, Observed::Present(true)) => all,
        (Observed::Unknown(gap), _) | (_, Observed::Unknown(gap)) => Fact::unknown(gap.clone()),
        (Observed::Present(false) | Observed::Absent, _) => Fact::present(false, own.origin),
    }
}

fn is_acl_public(acl: &Source<'_, s3api::GetBucketAcl>) -> Fact<bool> {
    let grants = acl.required("/Grants", |answer| answer.grants.as_ref());
    let origin = grants.origin;
    let state = grants.state.and_then(|grants| {
        let is_public = grants.iter().map(|grant| {
            let grantee = grant.grantee.as_ref()?;
            match (grantee.kind.as_deref()?, grantee.uri.as_deref()) {
                ("Group", uri) => Some(PUBLIC_GROUPS.contains(&uri?)),
                _ => Some(false),
            }
        });
        let is_public: Vec<Option<bool>> = is_public.collect();
        match (is_public.contains(&Some(true)), is_public.contains(&None)) {
            (false, true) => Observed::Unknown(acl.gap(MEMBER_MISSING, "a grant does not say whom it is for")),
            (found, _) => Observed::Present(found),
        }
    });
    Fact::new(state, origin)
}

/// S3's own verdict, else ours on the policy; no policy is not public.
fn is_policy_public(
    status: &Source<'_, s3api::GetBucketPolicyStatus>,
    policy: &Source<'_, s3api::GetBucketPolicy>,
    name: &str,
) -> Fact<bool> {
    let verdict = status.required("/PolicyStatus/IsPublic", |answer| answer.policy_status.as_ref()?.is_public);
    match verdict.state {
        Observed::Present(_) => verdict,
        Observed::Absent => Fact::present(false, verdict.origin),
        Observed::Unknown(_) if policy.observation.is_some() => of_policy(policy, name, bucket_policy::is_public),
        Observed::Unknown(_) => verdict,
    }
}

/// What a policy says; false when the bucket has none.
fn of_policy(
    source: &Source<'_, s3api::GetBucketPolicy>,
    name: &str,
    judge: impl FnOnce(&Policy) -> bool,
) -> Fact<bool> {
    let text = source.required("/Policy", |answer| answer.policy.as_deref());
    let state = match text.state {
        Observed::Present(text) => match bucket_policy::parse(text, name) {
            Ok(policy) => Observed::Present(judge(&policy)),
            Err(gap) => Observed::Unknown(gap),
        },
        Observed::Absent => Observed::Present(false),
        Observed::Unknown(gap) => Observed::Unknown(gap),
    };
    Fact::new(state, text.origin)
}

fn encryption(source: &Source<'_, s3api::GetBucketEncryption>) -> Fact<String> {
    let pointer = "/ServerSideEncryptionConfiguration/Rules";
    let rules = source.required(pointer, |answer| answer.server_side_encryption_configuration.as_ref()?.rules.as_ref());
    let origin = rules.origin;
    let state = rules.state.and_then(|rules| {
        let mut algorithms = rules.iter().map(|rule| {
            let default = rule.apply_server_side_encryption_by_default.as_ref();
            default.and_then(|default| default.sse_algorithm.clone())
        });
        match algorithms.next() {
            Some(Some(algorithm)) => Observed::Present(algorithm),
            Some(None) => Observed::Unknown(source.gap(MEMBER_MISSING, "a rule has no `SSEAlgorithm`")),
            None => Observed::Absent,
        }
    });
    Fact::new(state, origin)
}

fn has_lifecycle(source: &Source<'_, s3api::GetBucketLifecycleConfiguration>) -> Fact<bool> {
    let rules = source.required("/Rules", |answer| answer.rules.as_ref());
    let origin = rules.origin;
    match rules.state {
        Observed::Present(rules) => Fact::present(!rules.is_empty(), origin),
        Observed::Absent => Fact::present(false, origin),
        Observed::Unknown(gap) => Fact::unknown(gap),
    }
}

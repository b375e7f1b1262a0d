//! Policies that stand on resources, and whether they let everybody in: those of buckets, of topics that alerts go
//! through, and of the keys that encrypt these.

use super::regional::{Page, Regional};
use crate::facts;
use crate::facts::asked::Asked;
use crate::facts::sns_topic::SnsTopic;
use crate::facts::{Fact, Gap, List, MALFORMED, Observed, Resource, Source};
use crate::iam::arn::Arn;
use crate::iam::exposure::public_statements;
use crate::iam::policy::Policy;
use crate::snapshot::Snapshot;
use crate::snapshot::shapes::{kms, s3api};

facts! {
    /// The policy of a bucket, of a topic that alerts go through, or of the key of such a topic.
    ResourcePolicy as "resource-policy" {
        /// The resource's name.
        name: String => [];
        /// What the policy stands on: `bucket`, `topic` or `key`.
        kind: String => [];
        /// True when a statement lets everybody in and no condition pins the caller; absent without a policy.
        is_public: bool => [S3GetBucketPolicy, SnsGetTopicAttributes, KmsGetKeyPolicy];
    }
}

/// Builds the policies. The topics are those that were found on the way of alerts.
pub(super) fn build(snapshot: &Snapshot, topics: &List<Resource<SnsTopic>>) -> List<Resource<ResourcePolicy>> {
    let mut found = of_buckets(snapshot);
    found.gaps.extend(topics.gaps.iter().cloned());
    found.items.extend(topics.items.iter().map(of_topic));
    let keys = of_keys(snapshot, topics);
    found.items.extend(keys.items);
    found.gaps.extend(keys.gaps);
    found.items.sort_by(|one, other| one.id.cmp(&other.id));
    found.items.dedup_by(|one, other| one.id == other.id);
    found
}

fn policy(
    id: String,
    region: Option<&str>,
    (kind, name): (&str, &str),
    is_public: Fact<bool>,
) -> Resource<ResourcePolicy> {
    let facts = ResourcePolicy {
        name: Fact::derived(Observed::Present(name.to_owned())),
        kind: Fact::derived(Observed::Present(kind.to_owned())),
        is_public,
    };
    Resource { id, region: region.map(str::to_owned), facts }
}

/// What the text of a policy says; absent where AWS says that there is none.
fn is_public(text: &Fact<&str>, what: &str) -> Fact<bool> {
    let state = text.state.clone().and_then(|text| match text.parse::<Policy>() {
        Ok(policy) => Observed::Present(!public_statements(&policy).is_empty()),
        Err(error) => {
            Observed::Unknown(Gap::of_reason(MALFORMED, format!("the policy of {what} cannot be read: {error}")))
        }
    });
    Fact::new(state, text.origin)
}

fn of_buckets(snapshot: &Snapshot) -> List<Resource<ResourcePolicy>> {
    let listed = Regional::global(snapshot, |answer: &s3api::ListBuckets| {
        Page::of(answer.buckets.as_ref(), answer.continuation_token.as_ref())
    });
    let policies = Asked::<s3api::GetBucketPolicy>::read(snapshot, "Bucket");
    listed.resources(|element| {
        let name = element.item.name.as_deref()?;
        let home = element.item.bucket_region.as_deref().filter(|region| !region.is_empty());
        let source = policies.of_unique(home.unwrap_or(element.region()), name);
        let text = source.required("/Policy", |answer| answer.policy.as_deref());
        let id = format!("arn:{}:s3:::{name}", snapshot.partition);
        Some(policy(id, home, ("bucket", name), is_public(&text, &format!("bucket `{name}`"))))
    })
}

fn of_topic(topic: &Resource<SnsTopic>) -> Resource<ResourcePolicy> {
    let name = topic.facts.name.state.present().map_or(topic.id.as_str(), String::as_str);
    policy(topic.id.clone(), topic.region.as_deref(), ("topic", name), topic.facts.is_public.clone())
}

/// The keys of encrypted topics; one that cannot be named leaves a gap.
fn of_keys(snapshot: &Snapshot, topics: &List<Resource<SnsTopic>>) -> List<Resource<ResourcePolicy>> {
    let described = Asked::<kms::DescribeKey>::read(snapshot, "KeyId");
    let policies = Asked::<kms::GetKeyPolicy>::read(snapshot, "KeyId");
    let mut keys = List { items: Vec::new(), gaps: Vec::new() };
    for topic in &topics.items {
        let region = topic.region.as_deref().unwrap_or_default();
        let named = topic.facts.key.state.clone().and_then(|id| {
            let arn = key_arn(&described.in_region(region, &id), &id);
            arn.map(|arn| (id, arn))
        });
        match named {
            Observed::Present((id, arn)) => keys.items.push(of_key(&policies, region, &id, arn)),
            Observed::Absent => {}
            Observed::Unknown(gap) => keys.gaps.push(gap),
        }
    }
    keys
}

fn of_key(policies: &Asked<'_, kms::GetKeyPolicy>, region: &str, id: &str, arn: String) -> Resource<ResourcePolicy> {
    let name = arn.rsplit('/').next().unwrap_or(&arn).to_owned();
    // The policy may have been asked for by any of the key's names.
    let sources = [arn.as_str(), &name, id].map(|asked| policies.in_region(region, asked));
    let answered = sources.iter().find(|source| source.observation.is_some());
    let [by_arn, ..] = &sources;
    let text = answered.unwrap_or(by_arn).required("/Policy", |answer| answer.policy.as_deref());
    let is_public = is_public(&text, &format!("key `{name}`"));
    policy(arn, Some(region), ("key", &name), is_public)
}

/// The ARN of a key that a topic names by id, ARN or alias; absent when there is no such key.
fn key_arn(described: &Source<'_, kms::DescribeKey>, id: &str) -> Observed<String> {
    if Arn::parse(id).is_some_and(|arn| arn.resource.starts_with("key/")) {
        return Observed::Present(id.to_owned());
    }
    described.required("/KeyMetadata/Arn", |answer| answer.key_metadata.as_ref()?.arn.clone()).state
}

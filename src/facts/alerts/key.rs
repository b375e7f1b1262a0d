//! Whether the key of an encrypted topic lets a publisher publish.

use super::permission::{self, Guard};
use super::publisher::Publisher;
use super::topic::Topic;
use crate::facts::link::Link;
use crate::facts::source::Source;
use crate::facts::{Observed, Origin};
use crate::iam::arn::Arn;
use crate::snapshot::shapes::kms;

/// What a publisher does with the key:
/// <https://docs.aws.amazon.com/sns/latest/dg/sns-key-management.html>.
const USE: [&str; 2] = ["kms:GenerateDataKey", "kms:Decrypt"];

/// Whether the publisher may use the key that the topic names by id, ARN or alias.
pub(super) fn usable(topic: &Topic<'_>, id: &str, publisher: &Publisher) -> Link {
    let what = format!("key `{id}` of topic `{}`", topic.name());
    if id.rsplit(':').next() == Some("alias/aws/sns") {
        // Its key policy names SNS's own callers only, and nobody can change the policy of an AWS managed key.
        let reason =
            format!("topic `{}` is encrypted with `alias/aws/sns`, which no service can publish with", topic.name());
        return Link::Broken(reason, topic.key_id().origin);
    }
    let region = Arn::parse(topic.arn).map_or("", |arn| arn.region);
    let described = topic.answers.keys.in_region(region, id);
    let metadata = described.required("/KeyMetadata", |answer| answer.key_metadata.as_ref());
    let metadata = match metadata.state {
        Observed::Present(metadata) => metadata,
        Observed::Absent => return Link::Broken(format!("{what} does not exist"), metadata.origin),
        Observed::Unknown(gap) => return Link::Open(gap),
    };
    Link::all([
        managed_by_customer(&described, &what),
        enabled(&described, &what),
        granted(topic, id, metadata, publisher, &what),
    ])
}

fn managed_by_customer(described: &Source<'_, kms::DescribeKey>, what: &str) -> Link {
    let manager =
        described.required("/KeyMetadata/KeyManager", |answer| answer.key_metadata.as_ref()?.key_manager.as_deref());
    match manager.state {
        Observed::Present("CUSTOMER") => Link::Holds(manager.origin),
        Observed::Present(_) | Observed::Absent => {
            Link::Broken(format!("{what} is managed by AWS, and its policy lets no service publish"), manager.origin)
        }
        Observed::Unknown(gap) => Link::Open(gap),
    }
}

fn enabled(described: &Source<'_, kms::DescribeKey>, what: &str) -> Link {
    let state =
        described.required("/KeyMetadata/KeyState", |answer| answer.key_metadata.as_ref()?.key_state.as_deref());
    match state.state {
        Observed::Present("Enabled") => Link::Holds(state.origin),
        Observed::Present(other) => Link::Broken(format!("{what} is in state `{other}`"), state.origin),
        Observed::Absent => Link::Broken(format!("{what} does not exist"), state.origin),
        Observed::Unknown(gap) => Link::Open(gap),
    }
}

fn granted(topic: &Topic<'_>, id: &str, metadata: &kms::KeyMetadata, publisher: &Publisher, what: &str) -> Link {
    let region = Arn::parse(topic.arn).map_or("", |arn| arn.region);
    let arn = metadata.arn.as_deref().unwrap_or(id);
    // The policy may have been asked for by any of the key's names.
    let names = [Some(arn), metadata.key_id.as_deref(), Some(id)];
    let sources = names.into_iter().flatten().map(|name| topic.answers.key_policies.in_region(region, name));
    let answered = sources.clone().find(|source| source.observation.is_some());
    let Some(source) = answered.or_else(|| sources.into_iter().next()) else {
        return Link::Holds(Origin::NONE);
    };
    let text = source.required("/Policy", |answer| answer.policy.as_deref());
    let policy = match text.state {
        Observed::Present(text) => permission::parse(text, what),
        Observed::Absent => return Link::Broken(format!("{what} does not exist"), text.origin),
        Observed::Unknown(gap) => Err(gap),
    };
    let policy = match policy {
        Ok(policy) => policy,
        Err(gap) => return Link::Open(gap),
    };
    let guard = Guard { what: what.to_owned(), resource: arn, policy, origin: text.origin };
    permission::may(topic.snapshot, &guard, publisher, topic.role(publisher).as_ref(), (&USE, "use it"))
}

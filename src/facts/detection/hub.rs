//! Security Hub and Macie: whether they are on, by answers that tell "not enabled" from "not allowed to ask".

use crate::facts::infrastructure::regional::{Page, Regional};
use crate::facts::{Fact, MEMBER_MISSING, Observed, Source};
use crate::snapshot::shapes::macie2::GetMacieSession;
use crate::snapshot::shapes::s3api::ListBuckets;
use crate::snapshot::shapes::securityhub::{DescribeHub, DescribeSecurityHubV2};
use crate::snapshot::{Shape, Snapshot};

/// `InvalidAccessException` covers accounts without Security Hub and callers without permission; its message tells them
/// apart: <https://docs.aws.amazon.com/securityhub/1.0/APIReference/API_DescribeHub.html>
const NOT_SUBSCRIBED: (&str, &str) = ("InvalidAccessException", "not subscribed to aws security hub");
/// Macie answers `AccessDeniedException` to both too:
/// <https://docs.aws.amazon.com/macie/latest/APIReference/macie.html>
const NOT_ENABLED: (&str, &str) = ("AccessDeniedException", "macie is not enabled");

/// Whether an error says that the service is off, by its code and what its message has to contain.
fn says<'a, T: Shape + 'a>(source: &Source<'a, T>, (code, words): (&str, &str)) -> bool {
    let gap = source.state.gap();
    gap.is_some_and(|gap| gap.code() == code && gap.message().to_ascii_lowercase().contains(words))
}

/// Whether Security Hub CSPM is on.
pub(super) fn has_security_hub(snapshot: &Snapshot, region: &str) -> Fact<bool> {
    let source = Source::<DescribeHub>::in_region(snapshot, region);
    if says(&source, NOT_SUBSCRIBED) {
        return Fact::present(false, source.origin(""));
    }
    is_subscribed(source.required("/SubscribedAt", |answer| answer.subscribed_at.as_ref()))
}

/// Whether the unified Security Hub is on.
pub(super) fn has_security_hub_v2(snapshot: &Snapshot, region: &str) -> Fact<bool> {
    let source = Source::<DescribeSecurityHubV2>::in_region(snapshot, region);
    is_subscribed(source.required("/SubscribedAt", |answer| answer.subscribed_at.as_ref()))
}

fn is_subscribed(since: Fact<&String>) -> Fact<bool> {
    match since.state {
        Observed::Absent => Fact::present(false, since.origin),
        _ => since.map(|_| true),
    }
}

/// Macie's status; absent when it is not enabled.
pub(super) fn macie(snapshot: &Snapshot, region: &str) -> Fact<String> {
    let source = Source::<GetMacieSession>::in_region(snapshot, region);
    if says(&source, NOT_ENABLED) {
        return Fact::absent(source.origin(""));
    }
    source.required("/status", |answer| answer.status.clone())
}

/// Whether a bucket lies in a Region.
pub(super) fn has_bucket(snapshot: &Snapshot, region: &str) -> Fact<bool> {
    let listed = Regional::global(snapshot, |answer: &ListBuckets| {
        Page::of(answer.buckets.as_ref(), answer.continuation_token.as_ref())
    });
    let mut gap = listed.gaps().into_iter().next();
    for element in listed.elements() {
        match element.item.bucket_region.as_deref() {
            Some(home) if home == region => return Fact::present(true, element.origin("/Buckets/*/BucketRegion")),
            Some(_) => {}
            None => gap = gap.or_else(|| Some(element.gap(MEMBER_MISSING, "a bucket has no `BucketRegion`"))),
        }
    }
    let leader = crate::facts::leader_region(&snapshot.partition);
    gap.map_or_else(|| Fact::present(false, listed.origin_in(leader, "/Buckets")), Fact::unknown)
}

//! Log groups that trails write to.

use std::collections::BTreeMap;

use super::regional::{Page, Regional};
use crate::facts;
use crate::facts::trail::Trail;
use crate::facts::{Fact, Gap, List, Observed, Resource, UNDECIDED};
use crate::iam::arn::Arn;
use crate::snapshot::Snapshot;
use crate::snapshot::shapes::logs;

facts! {
    /// A log group that receives a trail's events.
    TrailLogGroup as "trail-log-group" {
        /// The log group's name.
        name: String => [CloudtrailDescribeTrails];
        /// True when the log group belongs to this account.
        is_own: bool => [CloudtrailDescribeTrails];
        /// Days for which events are kept; absent when they never expire.
        retention_days: i64 => [LogsDescribeLogGroups];
    }
}

/// Builds the log groups of the trails.
pub(super) fn build(snapshot: &Snapshot, trails: &List<Resource<Trail>>) -> List<Resource<TrailLogGroup>> {
    let listed = Regional::read(snapshot, |answer: &logs::DescribeLogGroups| {
        Page::of(answer.log_groups.as_ref(), answer.next_token.as_ref())
    });
    let mut gaps = trails.gaps.clone();
    let mut named = BTreeMap::new();
    for trail in &trails.items {
        match &trail.facts.log_group.state {
            Observed::Present(arn) => drop(named.insert(arn.trim_end_matches(":*"), trail.facts.log_group.origin)),
            Observed::Absent => {}
            Observed::Unknown(gap) => gaps.push(gap.clone()),
        }
    }
    let items = named.into_iter().map(|(id, origin)| {
        let arn = Arn::parse(id);
        let region = arn.map_or("", |arn| arn.region);
        let name = id.split_once(":log-group:").map_or(id, |(_, name)| name);
        let found = listed
            .in_region(region)
            .find(|element| element.item.arn.as_deref().map(|arn| arn.trim_end_matches(":*")) == Some(id));
        let retention_days = match (found, listed.gaps_in(region).into_iter().next()) {
            (Some(element), _) => element.optional("/logGroups/*/retentionInDays", element.item.retention_in_days),
            (None, Some(gap)) => Fact::unknown(gap),
            (None, None) => Fact::unknown(Gap::of_reason(UNDECIDED, format!("log group `{id}` is not listed"))),
        };
        let facts = TrailLogGroup {
            name: Fact::present(name.to_owned(), origin),
            is_own: Fact::present(arn.is_some_and(|arn| arn.account == snapshot.account), origin),
            retention_days,
        };
        Resource { id: id.to_owned(), region: Some(region.to_owned()), facts }
    });
    List { items: items.collect(), gaps }
}

//! CloudTrail trails: shadow copies taken once, status and selectors as their home Region tells them.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use super::asked::Asked;
use super::link;
use super::resource::Resource;
use super::trail_data::{self, Calls};
use super::trail_selector::{self, ManagementSelector};
use super::{Fact, Gap, List, MEMBER_MISSING, Observed, Origin, Source};
use crate::facts;
use crate::iam::arn::Arn;
use crate::snapshot::shapes::cloudtrail;
use crate::snapshot::{Answer, Observation, Said, Snapshot, Time};

facts! {
    /// A CloudTrail trail.
    Trail as "cloudtrail-trail" {
        /// The trail's name.
        name: String => [CloudtrailDescribeTrails];
        /// The Region that the trail was made in.
        home_region: String => [CloudtrailDescribeTrails];
        /// True when the trail belongs to this account; false for an organization's trail that another account owns.
        is_own: bool => [CloudtrailDescribeTrails];
        /// True when the trail records every Region.
        is_multi_region: bool => [CloudtrailDescribeTrails];
        /// True when the trail records every account of the organization.
        is_organization_trail: bool => [CloudtrailDescribeTrails];
        /// True when digest files prove that log files were not changed.
        log_file_validation: bool => [CloudtrailDescribeTrails];
        /// The KMS key that log files are encrypted with; absent when there is none.
        kms_key: String => [CloudtrailDescribeTrails];
        /// The log group that receives events; absent when there is none.
        log_group: String => [CloudtrailDescribeTrails];
        /// The name in that log group's ARN; absent when there is none.
        log_group_name: String => [CloudtrailDescribeTrails];
        /// The bucket that receives log files.
        bucket: String => [CloudtrailDescribeTrails];
        /// True while the trail records.
        is_logging: bool => [CloudtrailGetTrailStatus];
        /// The error of the latest delivery to the bucket; absent when it succeeded.
        delivery_error: String => [CloudtrailGetTrailStatus];
        /// When a log file or digest file last reached the bucket; absent when none ever did.
        last_delivered_at: Time => [CloudtrailGetTrailStatus];
        /// When events last reached the log group; absent when they never did.
        last_log_group_delivery_at: Time => [CloudtrailGetTrailStatus];
        /// What the trail records of management events, selector by selector.
        management_selectors: List<ManagementSelector> => [CloudtrailGetEventSelectors];
        /// True when reads of the objects of every S3 bucket are recorded.
        records_s3_reads: bool => [CloudtrailGetEventSelectors];
        /// True when changes to the objects of every S3 bucket are recorded.
        records_s3_writes: bool => [CloudtrailGetEventSelectors];
    }
}

/// The trails of an account.
pub(crate) struct Trails {
    /// All trails; the list has gaps for Regions that did not answer.
    pub(crate) all: List<Resource<Trail>>,
    /// Multi-Region trails: each shows in every Region, so one Region's answer makes the list whole.
    pub(crate) multi_region: List<Trail>,
    /// Where a Region lists them.
    pub(crate) listed: Origin,
}

impl Trails {
    /// True when one trail records every account of the organization.
    pub(crate) fn has_organization_trail(&self) -> Fact<bool> {
        let trails = self.all.items.iter().map(|trail| trail.facts.is_organization_trail.clone());
        link::any(trails, &self.all.gaps)
    }
}

/// One trail as `DescribeTrails` lists it.
struct Found<'a> {
    trail: &'a cloudtrail::Trail,
    source: Source<'a, cloudtrail::DescribeTrails>,
    index: usize,
}

/// Builds the trails.
pub(crate) fn build(snapshot: &Snapshot) -> Trails {
    let mut found: BTreeMap<&str, Found<'_>> = BTreeMap::new();
    let (mut gaps, mut nameless) = (Vec::new(), Vec::new());
    let mut whole = BTreeSet::new();
    let mut listed = Origin::NONE;
    for answer in snapshot.answers::<cloudtrail::DescribeTrails>() {
        let source = Source::from_answer(answer);
        let Said::Present(described) = answer.said else {
            gaps.extend(source.state.gap().cloned());
            continue;
        };
        let Some(list) = described.trail_list.as_deref() else {
            gaps.push(source.gap(MEMBER_MISSING, "the answer has no `trailList`"));
            continue;
        };
        if shows_every_trail(answer.observation) {
            if whole.is_empty() {
                listed = source.origin("/trailList");
            }
            whole.insert(answer.observation.region.as_str());
        }
        for (index, trail) in list.iter().enumerate() {
            let Some(arn) = trail.trail_arn.as_deref() else {
                nameless.push(source.gap(MEMBER_MISSING, "a trail has no `TrailARN`"));
                continue;
            };
            // Shadow copies say the same; the home Region's own words are preferred.
            let at_home = trail.home_region.as_deref() == Some(source.region());
            if at_home || !found.contains_key(arn) {
                found.insert(arn, Found { trail, source: source.clone(), index });
            }
        }
    }
    gaps.extend(unasked(snapshot));
    let status = Asked::read(snapshot, "Name");
    let selectors = Asked::read(snapshot, "TrailName");
    let all: Vec<Resource<Trail>> =
        found.iter().map(|(arn, found)| trail(snapshot, arn, found, &status, &selectors)).collect();
    let multi_region =
        all.iter().filter(|trail| !matches!(trail.facts.is_multi_region.state, Observed::Present(false)));
    let multi_region = List {
        items: multi_region.map(|trail| trail.facts.clone()).collect(),
        gaps: if whole.is_empty() { [gaps.clone(), nameless.clone()].concat() } else { nameless.clone() },
    };
    gaps.extend(nameless);
    Trails { all: List { items: all, gaps }, multi_region, listed }
}

/// True unless the request asked for certain trails only, or for no shadow copies.
fn shows_every_trail(observation: &Observation) -> bool {
    observation.request.iter().all(|(member, value)| match member.to_ascii_lowercase().as_str() {
        "includeshadowtrails" => *value == Value::Bool(true),
        "trailnamelist" => matches!(value, Value::Array(names) if names.is_empty()),
        _ => true,
    })
}

/// The gaps of Regions that nobody asked for their trails.
fn unasked(snapshot: &Snapshot) -> Vec<Gap> {
    let asked: BTreeSet<&str> = snapshot
        .answers::<cloudtrail::DescribeTrails>()
        .map(|answer: Answer<'_, _>| answer.observation.region.as_str())
        .collect();
    let regions: BTreeSet<&str> = snapshot.regions.iter().map(String::as_str).collect();
    let missing = regions.difference(&asked);
    let mut gaps: Vec<Gap> = missing
        .filter_map(|region| Source::<cloudtrail::DescribeTrails>::missing(region, [].into()).state.gap().cloned())
        .collect();
    if asked.is_empty() && regions.is_empty() {
        gaps.extend(Source::<cloudtrail::DescribeTrails>::global(snapshot).state.gap().cloned());
    }
    gaps
}

fn trail(
    snapshot: &Snapshot,
    arn: &str,
    found: &Found<'_>,
    status: &Asked<'_, cloudtrail::GetTrailStatus>,
    selectors: &Asked<'_, cloudtrail::GetEventSelectors>,
) -> Resource<Trail> {
    let parsed = Arn::parse(arn);
    let home = found.trail.home_region.as_deref().or(parsed.map(|arn| arn.region)).unwrap_or_default();
    let name = found.trail.name.as_deref().unwrap_or_default();
    let status = look_up(status, home, arn, name);
    let selectors = look_up(selectors, home, arn, name);
    let facts = Trail {
        name: member(found, "/trailList/*/Name", |trail| trail.name.clone()),
        home_region: member(found, "/trailList/*/HomeRegion", |trail| trail.home_region.clone()),
        is_own: Fact::derived(Observed::Present(parsed.is_some_and(|arn| arn.account == snapshot.account))),
        is_multi_region: member(found, "/trailList/*/IsMultiRegionTrail", |trail| trail.is_multi_region_trail),
        is_organization_trail: member(found, "/trailList/*/IsOrganizationTrail", |trail| trail.is_organization_trail),
        log_file_validation: member(found, "/trailList/*/LogFileValidationEnabled", |trail| {
            trail.log_file_validation_enabled
        }),
        kms_key: optional(found, "/trailList/*/KmsKeyId", |trail| trail.kms_key_id.clone()),
        log_group: optional(found, "/trailList/*/CloudWatchLogsLogGroupArn", |trail| {
            trail.cloud_watch_logs_log_group_arn.clone()
        }),
        log_group_name: optional(found, "/trailList/*/CloudWatchLogsLogGroupArn", |trail| {
            let group =
                Arn::parse(trail.cloud_watch_logs_log_group_arn.as_deref()?)?.resource.strip_prefix("log-group:")?;
            Some(group.strip_suffix(":*").unwrap_or(group).to_owned())
        }),
        bucket: member(found, "/trailList/*/S3BucketName", |trail| trail.s3_bucket_name.clone()),
        is_logging: status.required("/IsLogging", |answer| answer.is_logging),
        delivery_error: status.optional("/LatestDeliveryError", |answer| {
            answer.latest_delivery_error.clone().filter(|error| !error.is_empty())
        }),
        last_delivered_at: last_delivered(&status),
        last_log_group_delivery_at: status
            .optional("/LatestCloudWatchLogsDeliveryTime", |answer| answer.latest_cloud_watch_logs_delivery_time),
        management_selectors: trail_selector::build(&selectors),
        records_s3_reads: trail_data::records(&selectors, &snapshot.partition, Calls::Reads),
        records_s3_writes: trail_data::records(&selectors, &snapshot.partition, Calls::Writes),
    };
    let region = (!home.is_empty()).then(|| home.to_owned());
    Resource { id: arn.to_owned(), region, facts }
}

/// An answer about a trail: by its ARN, or by its name where the home Region was asked.
fn look_up<'a, T: crate::snapshot::Shape + 'a>(
    asked: &Asked<'a, T>,
    home: &str,
    arn: &str,
    name: &str,
) -> Source<'a, T> {
    let by_arn = asked.of_unique(home, arn);
    if by_arn.observation.is_some() || name.is_empty() {
        return by_arn;
    }
    let by_name = asked.in_region(home, name);
    if by_name.observation.is_some() { by_name } else { by_arn }
}

/// Digest files are delivered in quiet hours too, so the later of the two counts.
fn last_delivered(status: &Source<'_, cloudtrail::GetTrailStatus>) -> Fact<Time> {
    let logs = status.optional("/LatestDeliveryTime", |answer| answer.latest_delivery_time);
    let digests = status.optional("/LatestDigestDeliveryTime", |answer| answer.latest_digest_delivery_time);
    match (&logs.state, &digests.state) {
        (Observed::Present(log), Observed::Present(digest)) if digest > log => digests,
        (Observed::Absent, Observed::Present(_)) => digests,
        _ => logs,
    }
}

fn place(found: &Found<'_>, pointer: &'static str) -> Origin {
    found.source.origin(pointer).element(found.index)
}

/// A member that AWS always sends for a trail.
fn member<T>(found: &Found<'_>, pointer: &'static str, get: impl FnOnce(&cloudtrail::Trail) -> Option<T>) -> Fact<T> {
    let state = get(found.trail).map_or_else(
        || Observed::Unknown(found.source.gap(MEMBER_MISSING, &format!("a trail has no `{pointer}`"))),
        Observed::Present,
    );
    Fact::new(state, place(found, pointer))
}

/// A member that AWS leaves out when there is none.
fn optional(
    found: &Found<'_>,
    pointer: &'static str,
    get: impl FnOnce(&cloudtrail::Trail) -> Option<String>,
) -> Fact<String> {
    let state = get(found.trail).filter(|text| !text.is_empty()).map_or(Observed::Absent, Observed::Present);
    Fact::new(state, place(found, pointer))
}

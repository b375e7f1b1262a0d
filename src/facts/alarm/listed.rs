//! The alarms that each Region lists, with the reasons why there may be more.

use std::collections::BTreeMap;

use serde_json::Value;

use super::super::{Gap, Observed, Origin, Source};
use super::route::Place;
use crate::snapshot::shapes::cloudwatch::{DescribeAlarms, MetricAlarm};
use crate::snapshot::{Observation, Request, Snapshot};

/// One Region's answers.
#[derive(Default)]
struct Region<'a> {
    sources: Vec<(Source<'a, DescribeAlarms>, &'a DescribeAlarms)>,
    gaps: Vec<Gap>,
    is_asked: bool,
}

/// Every Region's answers.
pub(crate) struct Alarms<'a> {
    regions: BTreeMap<&'a str, Region<'a>>,
}

impl<'a> Alarms<'a> {
    /// Reads the answers.
    pub(crate) fn read(snapshot: &'a Snapshot) -> Self {
        let mut regions: BTreeMap<&str, Region<'_>> = BTreeMap::new();
        for answer in snapshot.answers::<DescribeAlarms>() {
            if !lists_metric_alarms(answer.observation) {
                continue;
            }
            let region = regions.entry(answer.observation.region.as_str()).or_default();
            let lists_all = lists_all(answer.observation);
            region.is_asked |= lists_all;
            let source = Source::from_answer(answer);
            match source.state.clone() {
                Observed::Present(described) => {
                    region.gaps.extend(source.cut_off(None, described.next_token.as_ref()).filter(|_| lists_all));
                    region.sources.push((source, described));
                }
                state => region.gaps.extend(state.gap().filter(|_| lists_all).cloned()),
            }
        }
        Self { regions }
    }

    /// The Regions that answered or were asked.
    pub(crate) fn regions(&self) -> impl Iterator<Item = &'a str> {
        self.regions.keys().copied()
    }

    /// The list of one Region, as a place.
    pub(crate) fn origin_in(&self, region: &str) -> Origin {
        let first = self.regions.get(region).and_then(|region| region.sources.first());
        first.map_or(Origin::NONE, |(source, _)| source.origin("/MetricAlarms"))
    }

    /// The metric alarms of one Region, each with its place.
    pub(crate) fn in_region(&self, region: &str) -> impl Iterator<Item = (Place<'_>, &'a MetricAlarm)> {
        self.regions.get(region).into_iter().flat_map(|region| &region.sources).flat_map(|(source, described)| {
            // AWS may leave an empty list out.
            let composites = described.composite_alarms.as_deref().unwrap_or(&[]);
            let alarms = described.metric_alarms.iter().flatten().enumerate();
            alarms.map(move |(index, alarm)| (Place { source, index, composites }, alarm))
        })
    }

    /// Why one Region may have more alarms.
    pub(crate) fn gaps_in(&self, region: &str) -> Vec<Gap> {
        let known = self.regions.get(region);
        let mut gaps = known.map_or_else(Vec::new, |region| region.gaps.clone());
        if !known.is_some_and(|region| region.is_asked) {
            gaps.extend(Source::<DescribeAlarms>::missing(region, Request::new()).state.gap().cloned());
        }
        gaps
    }
}

fn lists_metric_alarms(observation: &Observation) -> bool {
    match observation.request.get("AlarmTypes") {
        Some(Value::Array(kinds)) if !kinds.is_empty() => kinds.iter().any(|kind| kind == "MetricAlarm"),
        _ => true,
    }
}

/// True unless the request asked for some of the alarms only.
fn lists_all(observation: &Observation) -> bool {
    observation.request.keys().all(|member| matches!(member.as_str(), "AlarmTypes" | "MaxRecords"))
}

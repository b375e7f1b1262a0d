//! The alarms that each Region lists, with the reasons why there may be more.

use std::collections::BTreeMap;

use serde_json::Value;

use super::super::{Gap, Observed, Origin, Source};
use super::route::Place;
use crate::snapshot::shapes::cloudwatch::{CompositeAlarm, DescribeAlarms, LogAlarm, MetricAlarm};
use crate::snapshot::{Observation, Request, Snapshot};

/// One Region's answers.
#[derive(Default)]
struct Region<'a> {
    sources: Vec<(Source<'a, DescribeAlarms>, &'a DescribeAlarms)>,
    gaps: Vec<Gap>,
    is_asked: bool,
    composites: Vec<&'a CompositeAlarm>,
    composite_gaps: Vec<Gap>,
    composites_asked: bool,
    on_logs: Vec<(Source<'a, DescribeAlarms>, &'a [LogAlarm])>,
    log_gaps: Vec<Gap>,
    logs_asked: bool,
}

impl<'a> Region<'a> {
    /// An answer that has no list of composite alarms says nothing of them: AWS sends an empty list when there are none.
    fn add_composites(&mut self, source: &Source<'a, DescribeAlarms>, lists_all: bool) {
        let listed = source.required("/CompositeAlarms", |answer| answer.composite_alarms.as_ref());
        self.composites.extend(listed.state.present().copied().into_iter().flatten());
        if lists_all {
            self.composites_asked = true;
            self.composite_gaps.extend(listed.state.gap().cloned());
            let token = source.state.present().and_then(|answer| answer.next_token.as_ref());
            self.composite_gaps.extend(source.cut_off(None, token));
        }
    }

    /// The same for alarms on logs, which AWS lists only when they are asked for.
    fn add_on_logs(&mut self, source: Source<'a, DescribeAlarms>, lists_all: bool) {
        let listed = source.required("/LogAlarms", |answer| answer.log_alarms.as_deref());
        if lists_all {
            self.logs_asked = true;
            self.log_gaps.extend(listed.state.gap().cloned());
            let token = source.state.present().and_then(|answer| answer.next_token.as_ref());
            self.log_gaps.extend(source.cut_off(None, token));
        }
        if let Some(alarms) = listed.state.present() {
            self.on_logs.push((source, alarms));
        }
    }
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
            let region = regions.entry(answer.observation.region.as_str()).or_default();
            let lists_all = lists_all(answer.observation);
            let source = Source::from_answer(answer);
            if lists(answer.observation, "CompositeAlarm", false) {
                region.add_composites(&source, lists_all);
            }
            if lists(answer.observation, "LogAlarm", false) {
                region.add_on_logs(source.clone(), lists_all);
            }
            if !lists(answer.observation, "MetricAlarm", true) {
                continue;
            }
            region.is_asked |= lists_all;
            match source.state.clone() {
                Observed::Present(described) => {
                    let missing = source.required("/MetricAlarms", |answer| answer.metric_alarms.as_ref());
                    region.gaps.extend(missing.state.gap().filter(|_| lists_all).cloned());
                    region.gaps.extend(source.cut_off(None, described.next_token.as_ref()).filter(|_| lists_all));
                    region.sources.push((source, described));
                }
                state => region.gaps.extend(state.gap().filter(|_| lists_all).cloned()),
            }
        }
        for (name, region) in &mut regions {
            if !region.composites_asked {
                region.composite_gaps.extend(missing(name));
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
        let regions = self.regions.get(region).into_iter();
        regions.flat_map(|region| region.sources.iter().map(move |source| (region, source))).flat_map(
            |(region, (source, described))| {
                let (composites, composite_gaps) = (region.composites.as_slice(), region.composite_gaps.as_slice());
                let alarms = described.metric_alarms.iter().flatten().enumerate();
                alarms.map(move |(index, alarm)| (Place { source, index, composites, composite_gaps }, alarm))
            },
        )
    }

    /// The alarms on logs of one Region, each with its answer and its position there.
    pub(crate) fn on_logs_in(
        &self,
        region: &str,
    ) -> impl Iterator<Item = (&Source<'a, DescribeAlarms>, usize, &'a LogAlarm)> {
        let answers = self.regions.get(region).into_iter().flat_map(|region| &region.on_logs);
        answers.flat_map(|(source, alarms)| {
            let alarms: &'a [LogAlarm] = alarms;
            alarms.iter().enumerate().map(move |(index, alarm)| (source, index, alarm))
        })
    }

    /// The list of alarms on logs of one Region, as a place.
    pub(crate) fn origin_on_logs_in(&self, region: &str) -> Origin {
        let first = self.regions.get(region).and_then(|region| region.on_logs.first());
        first.map_or(Origin::NONE, |(source, _)| source.origin("/LogAlarms"))
    }

    /// Why one Region may have more alarms on logs.
    pub(crate) fn gaps_on_logs_in(&self, region: &str) -> Vec<Gap> {
        let known = self.regions.get(region);
        let mut gaps = known.map_or_else(Vec::new, |region| region.log_gaps.clone());
        if !known.is_some_and(|region| region.logs_asked) {
            let request = [("AlarmTypes".to_owned(), vec!["LogAlarm"].into())].into();
            gaps.extend(Source::<DescribeAlarms>::missing(region, request).state.gap().cloned());
        }
        gaps
    }

    /// The composite alarms of one Region, and why there may be more.
    pub(crate) fn composites_in(&self, region: &str) -> (&[&'a CompositeAlarm], &[Gap]) {
        self.regions.get(region).map_or((&[], &[]), |region| (&region.composites, &region.composite_gaps))
    }

    /// Why one Region may have more alarms.
    pub(crate) fn gaps_in(&self, region: &str) -> Vec<Gap> {
        let known = self.regions.get(region);
        let mut gaps = known.map_or_else(Vec::new, |region| region.gaps.clone());
        if !known.is_some_and(|region| region.is_asked) {
            gaps.extend(missing(region));
        }
        gaps
    }
}

fn missing(region: &str) -> Option<Gap> {
    Source::<DescribeAlarms>::missing(region, Request::new()).state.gap().cloned()
}

/// Whether the request asked for a kind of alarms. Without `AlarmTypes` AWS answers with metric alarms alone:
/// <https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_DescribeAlarms.html>
fn lists(observation: &Observation, kind: &str, by_default: bool) -> bool {
    match observation.request.get("AlarmTypes") {
        Some(Value::Array(kinds)) if !kinds.is_empty() => kinds.iter().any(|one| one == kind),
        _ => by_default,
    }
}

/// True unless the request asked for some of the alarms only.
fn lists_all(observation: &Observation) -> bool {
    observation.request.keys().all(|member| matches!(member.as_str(), "AlarmTypes" | "MaxRecords"))
}

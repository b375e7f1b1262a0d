//! The metric that a filter publishes, and whether one event of the filter sets an alarm off.

use super::super::alarm::Place;
use super::super::link::Link;
use super::super::{Gap, MEMBER_MISSING, UNDECIDED};
use crate::snapshot::shapes::cloudwatch::{Dimension, MetricAlarm};
use crate::snapshot::shapes::logs;

/// A metric of a filter.
pub(crate) struct Metric {
    namespace: String,
    name: String,
    /// What one event adds; `None` when it is read from the event.
    value: Option<f64>,
    /// What is published while no event matches.
    default: Option<f64>,
    /// True when each combination of values of some members is a metric of its own.
    is_split: bool,
}

/// How an alarm reads a metric.
pub(crate) struct Reading<'a> {
    statistic: Option<&'a str>,
    /// `None` when the answer lacks them: AWS sends an empty list when there are none.
    dimensions: Option<&'a [Dimension]>,
    /// True when other metrics or an expression stand between.
    is_math: bool,
}

/// Reads a transformation; `None` when it does not name its metric.
pub(crate) fn read(transformation: &logs::MetricTransformation) -> Option<Metric> {
    Some(Metric {
        namespace: transformation.metric_namespace.clone()?,
        name: transformation.metric_name.clone()?,
        value: transformation.metric_value.as_deref().and_then(|value| value.trim().parse().ok()),
        default: transformation.default_value,
        is_split: transformation.dimensions.as_ref().is_some_and(|dimensions| !dimensions.is_empty()),
    })
}

impl Metric {
    /// The metric as a reader meets it.
    pub(crate) fn label(&self) -> String {
        format!("{}/{}", self.namespace, self.name)
    }

    /// How an alarm reads the metric; `None` when it does not.
    pub(crate) fn read_by<'a>(&self, alarm: &'a MetricAlarm) -> Option<Reading<'a>> {
        let is_this = |namespace: &Option<String>, name: &Option<String>| {
            namespace.as_deref() == Some(&self.namespace) && name.as_deref() == Some(&self.name)
        };
        if is_this(&alarm.namespace, &alarm.metric_name) {
            return Some(Reading {
                statistic: alarm.statistic.as_deref(),
                dimensions: alarm.dimensions.as_deref(),
                is_math: false,
            });
        }
        let queries = alarm.metrics.as_deref().unwrap_or(&[]);
        queries.iter().filter_map(|query| query.metric_stat.as_ref()).find_map(|stat| {
            let metric = stat.metric.as_ref().filter(|metric| is_this(&metric.namespace, &metric.metric_name))?;
            Some(Reading {
                statistic: stat.stat.as_deref(),
                dimensions: metric.dimensions.as_deref(),
                is_math: queries.len() > 1,
            })
        })
    }

    /// Whether one event sets the alarm off.
    pub(crate) fn sets_off(&self, alarm: &MetricAlarm, reading: &Reading<'_>, place: &Place<'_>) -> Link {
        let broken = |reason: String| Link::Broken(reason, place.origin("/MetricAlarms/*"));
        let open = |reason: String| Link::Open(Gap::of_reason(UNDECIDED, reason));
        let Some(dimensions) = reading.dimensions else {
            return Link::Open(place.source.gap(MEMBER_MISSING, "an alarm has no `Dimensions`"));
        };
        match (self.is_split, dimensions.is_empty()) {
            (true, true) => {
                return broken(format!("metric `{}` has dimensions and the alarm names none", self.label()));
            }
            (false, false) => {
                return broken(format!("metric `{}` has no dimensions and the alarm names some", self.label()));
            }
            (true, false) => {
                return open(format!("the alarm sees events of some dimensions of metric `{}`", self.label()));
            }
            (false, true) => {}
        }
        if reading.is_math {
            return open(format!("the alarm computes with metric `{}`", self.label()));
        }
        let Some(periods) = alarm.datapoints_to_alarm.or(alarm.evaluation_periods) else {
            return open("the alarm names no number of periods".to_owned());
        };
        if periods > 1 {
            return broken(format!("it goes off only when events come in {periods} periods"));
        }
        let Some(value) = self.value else {
            return open(format!("what an event adds to metric `{}` is read from the event", self.label()));
        };
        match self.crosses(alarm, reading, value) {
            Ok(None) => Link::Holds(place.origin("/MetricAlarms/*/Threshold")),
            Ok(Some(reason)) => broken(reason),
            Err(reason) => open(reason),
        }
    }

    /// Why one event does not cross the threshold, when it does not; the error is why that is open.
    fn crosses(&self, alarm: &MetricAlarm, reading: &Reading<'_>, value: f64) -> Result<Option<String>, String> {
        let (Some(comparison), Some(threshold)) = (alarm.comparison_operator.as_deref(), alarm.threshold) else {
            return Err("the alarm compares with no threshold".to_owned());
        };
        let statistic = reading.statistic.unwrap_or("a percentile");
        let (with_event, without) = match statistic {
            "Sum" | "Maximum" => (value, self.default),
            // Default values of quiet minutes pull these down, by how much depends on the minutes.
            "Average" | "Minimum" if self.default.is_some_and(|default| default < value) => {
                return Ok(Some(format!(
                    "its statistic `{statistic}` loses an event among the filter's default values"
                )));
            }
            "Average" | "Minimum" => (value, self.default),
            "SampleCount" => (1.0, self.default.map(|_| 1.0)),
            other => return Err(format!("what one event does to the statistic `{other}` is not known")),
        };
        let crossed = |value: f64| match comparison {
            "GreaterThanOrEqualToThreshold" => Some(value >= threshold),
            "GreaterThanThreshold" => Some(value > threshold),
            "LessThanThreshold" => Some(value < threshold),
            "LessThanOrEqualToThreshold" => Some(value <= threshold),
            _ => None,
        };
        match (crossed(with_event), without.and_then(crossed)) {
            (None, _) => Err(format!("what `{comparison}` compares with is not known")),
            (Some(false), _) => Ok(Some(format!("one event does not cross the threshold of {threshold}"))),
            (Some(true), Some(true)) => Ok(Some("it goes off without any such event".to_owned())),
            (Some(true), _) => Ok(None),
        }
    }
}

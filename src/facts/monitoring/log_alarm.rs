//! CloudWatch alarms on logs: a query that runs on a schedule, the threshold for what it counts, and whom the alarm reaches.
//!
//! <https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_PutLogAlarm.html>

use super::super::alarm::{follows, title};
use super::super::alerts::Publisher;
use super::super::link::Link;
use super::super::trail::Trail;
use super::super::{Gap, List, MEMBER_MISSING, Origin, Source, UNDECIDED};
use super::is_meant_for;
use super::log_group::{Group, through};
use super::metric_filter::Way;
use crate::filter::{Coverage, Query, Tree, covers, query};
use crate::snapshot::shapes::cloudwatch::{DescribeAlarms, LogAlarm, ScheduledQueryConfiguration};

/// How late trails may write an event, beyond what CloudTrail calls its average:
/// <https://docs.aws.amazon.com/awscloudtrail/latest/userguide/how-cloudtrail-works.html>
const LATENESS: i64 = 5 * 60;

/// Whether some trail's events are watched by an alarm on its log group that reaches somebody.
pub(super) fn alert(
    control: &Tree,
    trails: &List<Trail>,
    way: &Way<'_, '_>,
    uses: &mut Vec<(String, Publisher)>,
) -> Link {
    through(trails, way.account, |group| watched(control, group, way, uses))
}

fn watched(control: &Tree, group: &Group<'_>, way: &Way<'_, '_>, uses: &mut Vec<(String, Publisher)>) -> Link {
    let mut links = Vec::new();
    for (source, index, alarm) in way.alarms.on_logs_in(group.region) {
        let watch = Watch { source, index, alarm };
        let link = match watch.covers(control, group) {
            // An alarm on something else is not worth a word.
            None => continue,
            Some(Link::Broken(reason, origin)) => Link::Broken(reason, origin),
            Some(covers) => Link::all([covers, watch.goes_off(), watch.reaches(group.region, way, uses)]),
        };
        links.push(match link {
            Link::Broken(reason, origin) => Link::Broken(format!("log alarm {}: {reason}", watch.title()), origin),
            link => link,
        });
    }
    let none = Link::Broken(
        format!("no log alarm on log group `{}` selects all such events", group.name),
        way.alarms.origin_on_logs_in(group.region),
    );
    Link::any(links, none).unless_more(&way.alarms.gaps_on_logs_in(group.region))
}

/// One alarm with its place.
struct Watch<'s, 'a> {
    source: &'s Source<'a, DescribeAlarms>,
    index: usize,
    alarm: &'a LogAlarm,
}

impl Watch<'_, '_> {
    fn title(&self) -> String {
        title(self.alarm.alarm_name.as_deref())
    }

    fn origin(&self, pointer: &'static str) -> Origin {
        self.source.origin(pointer).element(self.index)
    }

    fn missing(&self, member: &str) -> Link {
        Link::Open(self.source.gap(MEMBER_MISSING, &format!("a log alarm has no `{member}`")))
    }

    fn open(&self, reason: &str) -> Link {
        Link::Open(Gap::of_reason(UNDECIDED, format!("log alarm {}: {reason}", self.title())))
    }

    /// Whether the query selects every event of a control; `None` when it reads other logs, or is about other events.
    fn covers(&self, control: &Tree, group: &Group<'_>) -> Option<Link> {
        let Some(configuration) = &self.alarm.scheduled_query_configuration else {
            return Some(self.missing("ScheduledQueryConfiguration"));
        };
        let Some(groups) = configuration.log_group_identifiers.as_deref().filter(|groups| !groups.is_empty()) else {
            return Some(self.open("which log groups its query reads stands in the query"));
        };
        if !groups.iter().any(|one| is_group(one, group)) {
            return None;
        }
        let Some(text) = configuration.query_string.as_deref() else { return Some(self.missing("QueryString")) };
        let here = self.origin("/LogAlarms/*/ScheduledQueryConfiguration/QueryString");
        let (surely, perhaps) = match query(text) {
            Ok(Query::Everything) => return Some(Link::Holds(here)),
            Ok(Query::Some { surely, perhaps }) => (surely, perhaps),
            Err(reason) => return Some(self.open(&reason)),
        };
        Some(match (covers(&surely, control), covers(&perhaps, control)) {
            (Coverage::Covers, _) => Link::Holds(here),
            (Coverage::Misses(_), Coverage::Misses(_)) if !is_meant_for(&surely, control) => return None,
            (Coverage::Misses(_), Coverage::Misses(missed)) => {
                Link::Broken(format!("its query misses events whose {missed}"), here)
            }
            (Coverage::Undecided(reason), _) | (_, Coverage::Undecided(reason)) => self.open(&reason),
            (Coverage::Misses(_), Coverage::Covers) => {
                self.open("AWS does not document whether `!=` holds for a member that an event does not have")
            }
        })
    }

    /// Whether one event sets the alarm off.
    fn goes_off(&self) -> Link {
        let alarm = self.alarm;
        let broken = |reason: String| Link::Broken(reason, self.origin("/LogAlarms/*"));
        let Some(configuration) = &alarm.scheduled_query_configuration else {
            return self.missing("ScheduledQueryConfiguration");
        };
        if alarm.evaluation_state.as_deref() == Some("EVALUATION_ERROR") {
            return broken("CloudWatch cannot evaluate it".to_owned());
        }
        match alarm.query_results_to_alarm {
            None => return self.missing("QueryResultsToAlarm"),
            Some(results) if results > 1 => {
                return broken(format!("it goes off only when {results} results show events"));
            }
            Some(_) => {}
        }
        let Some(counts) = configuration.aggregation_expression.as_deref() else {
            return self.missing("AggregationExpression");
        };
        let counts: String = counts.chars().filter(|c| !c.is_whitespace()).collect();
        if !matches!(counts.to_ascii_lowercase().as_str(), "count(*)" | "count()") {
            return self.open("what one event does to its result is not followed, but for `count(*)`");
        }
        let (Some(comparison), Some(threshold)) = (alarm.comparison_operator.as_deref(), alarm.threshold) else {
            return self.missing("Threshold");
        };
        let (one, none) = match comparison {
            "GreaterThanOrEqualToThreshold" => (1.0 >= threshold, 0.0 >= threshold),
            "GreaterThanThreshold" => (1.0 > threshold, 0.0 > threshold),
            "LessThanThreshold" => (1.0 < threshold, 0.0 < threshold),
            "LessThanOrEqualToThreshold" => (1.0 <= threshold, 0.0 <= threshold),
            other => return self.open(&format!("what `{other}` compares is not known")),
        };
        match (one, none) {
            (false, _) => broken(format!("one event does not cross the threshold of {threshold}")),
            (true, true) => broken("it goes off without any such event".to_owned()),
            (true, false) => self.looks_everywhere(configuration),
        }
    }

    /// Whether the times that the query looks at leave none out.
    fn looks_everywhere(&self, configuration: &ScheduledQueryConfiguration) -> Link {
        let Some(schedule) = &configuration.schedule_configuration else {
            return self.missing("ScheduleConfiguration");
        };
        let (Some(every), Some(start)) = (schedule.schedule_expression.as_deref(), schedule.start_time_offset) else {
            return self.missing("StartTimeOffset");
        };
        let Some(every) = seconds(every) else {
            return self.open(&format!("how often `{every}` runs its query is not read"));
        };
        // AWS takes 0 where none is given.
        let span = start - schedule.end_time_offset.unwrap_or(0);
        let here = self.origin("/LogAlarms/*/ScheduledQueryConfiguration/ScheduleConfiguration");
        if span < every {
            let reason = format!("its query looks at {span} s every {every} s and leaves out what lies between");
            Link::Broken(reason, here)
        } else if start < every + LATENESS {
            self.open("its query may have looked before a trail writes an event, which takes five minutes on average")
        } else {
            Link::Holds(here)
        }
    }

    /// Whether one of the alarm's actions reaches somebody.
    fn reaches(&self, region: &str, way: &Way<'_, '_>, uses: &mut Vec<(String, Publisher)>) -> Link {
        let enabled = match self.alarm.actions_enabled {
            Some(true) => Link::Holds(self.origin("/LogAlarms/*/ActionsEnabled")),
            Some(false) => {
                let here = self.origin("/LogAlarms/*/ActionsEnabled");
                Link::Broken("the alarm's actions are turned off".to_owned(), here)
            }
            None => self.missing("ActionsEnabled"),
        };
        let mut links = Vec::new();
        let Some(actions) = &self.alarm.alarm_actions else { return self.missing("AlarmActions") };
        for topic in actions.iter().filter(|action| action.contains(":sns:")) {
            let Some(arn) = self.alarm.alarm_arn.clone() else { return self.missing("AlarmArn") };
            let publisher = Publisher::Alarm(arn);
            let (_, link) = way.walk.through(topic, &publisher);
            uses.push((topic.clone(), publisher));
            links.push(Link::all([enabled.clone(), link]));
        }
        let (composites, gaps) = way.alarms.composites_in(region);
        for composite in composites {
            match follows(composite, self.alarm.alarm_name.as_deref(), self.alarm.alarm_arn.as_deref()) {
                Ok(false) => {}
                Ok(true) => links.push(self.open("whether a composite alarm that follows it goes off is not followed")),
                Err(member) => links.push(Link::Open(
                    self.source.gap(MEMBER_MISSING, &format!("a composite alarm or the log alarm has no `{member}`")),
                )),
            }
        }
        let none = Link::Broken(
            "the alarm has no action that publishes to an SNS topic".to_owned(),
            self.origin("/LogAlarms/*/AlarmActions"),
        );
        Link::any(links, none).unless_more(gaps)
    }
}

/// Whether an identifier, a name or an ARN, is that of a log group.
fn is_group(identifier: &str, group: &Group<'_>) -> bool {
    match Group::parse(identifier) {
        Some(named) => (named.account, named.region, named.name) == (group.account, group.region, group.name),
        None => identifier == group.name,
    }
}

/// The seconds between two runs of a schedule, as in `rate(5 minutes)`.
fn seconds(expression: &str) -> Option<i64> {
    let inside = expression.trim().strip_prefix("rate(")?.strip_suffix(')')?;
    let (count, unit) = inside.trim().split_once(' ')?;
    let unit = match unit.trim() {
        "minute" | "minutes" => 60,
        "hour" | "hours" => 60 * 60,
        "day" | "days" => 24 * 60 * 60,
        _ => return None,
    };
    count.parse::<i64>().ok().filter(|count| *count > 0)?.checked_mul(unit)
}

#[cfg(test)]
mod tests {
    use super::seconds;

    #[test]
    fn rates_are_read_and_nothing_else() {
        assert_eq!(seconds("rate(5 minutes)"), Some(300));
        assert_eq!(seconds("rate(1 hour)"), Some(3600));
        for other in ["cron(0 * * * ? *)", "rate(0 minutes)", "rate(5)", "rate(x minutes)", "rate(5 weeks)", ""] {
            assert_eq!(seconds(other), None, "{other}");
        }
    }
}

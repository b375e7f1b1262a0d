//! The topics that an alarm publishes to, by itself or through composite alarms that follow it.

use super::super::alerts::{AlertRoute, Publisher, Routes, Walk};
use super::super::link::Link;
use super::super::{Fact, Gap, MEMBER_MISSING, Observed, Origin, Source, UNDECIDED};
use crate::snapshot::shapes::cloudwatch::{CompositeAlarm, DescribeAlarms, MetricAlarm};

/// Where an alarm stands, and the composite alarms of its Region.
#[derive(Clone, Copy)]
pub(crate) struct Place<'a> {
    /// The answer.
    pub(crate) source: &'a Source<'a, DescribeAlarms>,
    /// The alarm's position among metric alarms.
    pub(crate) index: usize,
    /// Composite alarms of the Region.
    pub(crate) composites: &'a [&'a CompositeAlarm],
    /// Why the Region may have more of them.
    pub(crate) composite_gaps: &'a [Gap],
}

impl Place<'_> {
    /// A member of the alarm.
    pub(crate) fn origin(&self, pointer: &'static str) -> Origin {
        self.source.origin(pointer).element(self.index)
    }

    /// A member that AWS always sends: missing, it is unknown.
    pub(crate) fn required<T>(&self, pointer: &'static str, value: Option<T>) -> Fact<T> {
        let missing = || Observed::Unknown(self.source.gap(MEMBER_MISSING, &format!("an alarm has no `{pointer}`")));
        Fact::new(value.map_or_else(missing, Observed::Present), self.origin(pointer))
    }

    /// A member that AWS leaves out when there is none: missing, it is absent.
    pub(crate) fn optional<T>(&self, pointer: &'static str, value: Option<T>) -> Fact<T> {
        Fact::new(value.map_or(Observed::Absent, Observed::Present), self.origin(pointer))
    }

    /// The composite alarms that ask whether this alarm is in `ALARM`, and why others may ask too.
    pub(crate) fn followers(&self, alarm: &MetricAlarm) -> (Vec<&CompositeAlarm>, Vec<Gap>) {
        let mut gaps = self.composite_gaps.to_vec();
        let asks = |composite: &&CompositeAlarm| {
            let asks = follows(composite, alarm.alarm_name.as_deref(), alarm.alarm_arn.as_deref());
            let missing = |member: &str| self.source.gap(MEMBER_MISSING, &format!("an alarm has no `{member}`"));
            gaps.extend(asks.err().map(missing));
            asks == Ok(true)
        };
        (self.composites.iter().copied().filter(asks).collect(), gaps)
    }
}

/// The routes of an alarm's alerts; notes every topic that they go through.
pub(crate) fn routes(
    walk: &Walk<'_>,
    uses: &mut Vec<(String, Publisher)>,
    alarm: &MetricAlarm,
    place: &Place<'_>,
) -> Routes {
    let actions = place.origin("/MetricAlarms/*/AlarmActions");
    let mut found = Vec::new();
    let own = (alarm.actions_enabled, alarm.alarm_arn.as_deref(), alarm.alarm_actions.as_deref());
    publish(walk, uses, own, place, &mut found);
    let (followers, more) = place.followers(alarm);
    for composite in followers {
        let simple = composite.alarm_rule.as_deref().is_some_and(|rule| !rule.contains("NOT") && !rule.contains("AND"));
        let mut beyond = Vec::new();
        let own = (composite.actions_enabled, composite.alarm_arn.as_deref(), composite.alarm_actions.as_deref());
        publish(walk, uses, own, place, &mut beyond);
        // Whether a composite of several conditions goes off is not this alarm's to say.
        found.extend(beyond.into_iter().map(|(route, link)| match (simple, link) {
            (false, Link::Holds(_)) => {
                let what = title(composite.alarm_name.as_deref());
                let reason = format!("whether composite alarm {what} goes off depends on other alarms");
                let (open, link) = AlertRoute::new("", Link::Open(Gap::of_reason(UNDECIDED, reason)));
                (AlertRoute { name: route.name, links: route.links, ..open }, link)
            }
            (_, link) => (route, link),
        }));
    }
    let own = place.required("/MetricAlarms/*/AlarmActions", alarm.alarm_actions.as_ref());
    let gaps = own.state.gap().cloned().into_iter().chain(more).collect();
    Routes::join(found, gaps, "the alarm has no action that publishes to an SNS topic", actions)
}

/// What a sentence calls an alarm.
pub(crate) fn title(name: Option<&str>) -> String {
    name.map_or_else(|| "without a name".to_owned(), |name| format!("`{name}`"))
}

/// Whether a composite alarm's rule asks for the alarm of this name or ARN to be in `ALARM`; the error is the member
/// without which nobody can tell. AWS sends all three.
pub(crate) fn follows(composite: &CompositeAlarm, name: Option<&str>, arn: Option<&str>) -> Result<bool, &'static str> {
    let rule = composite.alarm_rule.as_deref().ok_or("AlarmRule")?.replace(['"', '\''], "");
    let asks_for = |name: Option<&str>| name.map(|name| rule.contains(&format!("ALARM({name})")));
    match (asks_for(name), asks_for(arn)) {
        (Some(true), _) | (_, Some(true)) => Ok(true),
        (None, _) => Err("AlarmName"),
        (_, None) => Err("AlarmArn"),
        (Some(false), Some(false)) => Ok(false),
    }
}

/// Adds a route for each topic among an alarm's actions.
fn publish(
    walk: &Walk<'_>,
    uses: &mut Vec<(String, Publisher)>,
    (enabled, arn, actions): (Option<bool>, Option<&str>, Option<&[String]>),
    place: &Place<'_>,
    found: &mut Vec<(AlertRoute, Link)>,
) {
    for topic in actions.unwrap_or(&[]).iter().filter(|action| action.contains(":sns:")) {
        let Some(arn) = arn else {
            let gap = place.source.gap(MEMBER_MISSING, "an alarm has no `AlarmArn`");
            found.push(AlertRoute::new(topic, Link::Open(gap)));
            continue;
        };
        let publisher = Publisher::Alarm(arn.to_owned());
        let (route, through) = walk.through(topic, &publisher);
        uses.push((topic.clone(), publisher));
        let enabled = match enabled {
            Some(true) => Link::Holds(place.origin("/MetricAlarms/*/ActionsEnabled")),
            Some(false) => Link::Broken(
                "the alarm's actions are turned off".to_owned(),
                place.origin("/MetricAlarms/*/ActionsEnabled"),
            ),
            None => Link::Open(place.source.gap(MEMBER_MISSING, "an alarm has no `ActionsEnabled`")),
        };
        let (whole, link) = AlertRoute::new(topic, Link::all([enabled, through]));
        found.push((AlertRoute { links: route.links, ..whole }, link));
    }
}

#[cfg(test)]
mod tests {
    use super::{follows, title};
    use crate::snapshot::shapes::cloudwatch::CompositeAlarm;

    fn composite(rule: &str) -> CompositeAlarm {
        serde_json::from_str(rule).unwrap()
    }

    #[test]
    fn a_composite_alarm_follows_an_alarm_by_name_or_arn_in_any_quotes() {
        let arn = "arn:aws:cloudwatch:us-east-1:123456789012:alarm:root";
        for rule in ["ALARM(root)", "OK(x) OR ALARM(\\\"root\\\")", &format!("ALARM('{arn}')")] {
            let composite = composite(&format!(r#"{{"AlarmRule":"{rule}"}}"#));
            assert_eq!(follows(&composite, Some("root"), Some(arn)), Ok(true), "{rule}");
            assert_eq!(follows(&composite, Some("other"), Some("arn:other")), Ok(false), "{rule}");
        }
        assert_eq!(follows(&composite(r#"{"AlarmRule":"OK(root)"}"#), Some("root"), Some(arn)), Ok(false));
    }

    #[test]
    fn without_its_rule_or_the_names_that_it_may_use_nobody_can_tell_whom_it_follows() {
        assert_eq!(follows(&composite("{}"), Some("root"), Some("arn")), Err("AlarmRule"));
        let rule = composite(r#"{"AlarmRule":"ALARM(root)"}"#);
        assert_eq!(follows(&rule, None, Some("arn")), Err("AlarmName"));
        assert_eq!(follows(&rule, Some("other"), None), Err("AlarmArn"));
        assert_eq!(follows(&rule, Some("root"), None), Ok(true));
        assert_eq!(title(None), "without a name");
    }
}

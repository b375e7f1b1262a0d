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

    /// The composite alarms that ask whether this alarm is in `ALARM`.
    pub(crate) fn followers<'b>(&'b self, alarm: &'b MetricAlarm) -> impl Iterator<Item = &'b CompositeAlarm> {
        self.composites.iter().copied().filter(|composite| follows(composite, alarm))
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
    for composite in place.followers(alarm) {
        let simple = composite.alarm_rule.as_deref().is_some_and(|rule| !rule.contains("NOT") && !rule.contains("AND"));
        let mut beyond = Vec::new();
        let own = (composite.actions_enabled, composite.alarm_arn.as_deref(), composite.alarm_actions.as_deref());
        publish(walk, uses, own, place, &mut beyond);
        // Whether a composite of several conditions goes off is not this alarm's to say.
        found.extend(beyond.into_iter().map(|(route, link)| match (simple, link) {
            (false, Link::Holds(_)) => {
                let reason = format!("whether composite alarm `{}` goes off depends on other alarms", name(composite));
                let (open, link) = AlertRoute::new(&address(&route), Link::Open(Gap::of_reason(UNDECIDED, reason)));
                (AlertRoute { links: route.links, ..open }, link)
            }
            (_, link) => (route, link),
        }));
    }
    let own = place.required("/MetricAlarms/*/AlarmActions", alarm.alarm_actions.as_ref());
    let gaps = own.state.gap().into_iter().chain(place.composite_gaps).cloned().collect();
    Routes::join(found, gaps, "the alarm has no action that publishes to an SNS topic", actions)
}

fn address(route: &AlertRoute) -> String {
    route.name.state.present().cloned().unwrap_or_default()
}

fn name(composite: &CompositeAlarm) -> &str {
    composite.alarm_name.as_deref().unwrap_or_default()
}

/// True for a composite alarm whose rule asks whether this alarm is in `ALARM`.
fn follows(composite: &CompositeAlarm, alarm: &MetricAlarm) -> bool {
    let rule: String =
        composite.alarm_rule.iter().flat_map(|rule| rule.chars()).filter(|c| *c != '"' && *c != '\'').collect();
    let mut names = [alarm.alarm_name.as_deref(), alarm.alarm_arn.as_deref()].into_iter().flatten();
    names.any(|name| rule.contains(&format!("ALARM({name})")))
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

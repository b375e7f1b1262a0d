//! From a trail's log group through metric filter, metric and alarm to somebody.

use super::super::alarm::{Alarms, routes, title};
use super::super::alerts::{Publisher, Walk};
use super::super::asked::Asked;
use super::super::billing_alarm::names_metrics;
use super::super::infrastructure::{Element, Page, Regional};
use super::super::link::Link;
use super::super::trail::Trail;
use super::super::{Gap, List, MALFORMED, MEMBER_MISSING, Observed, Origin, Source, UNDECIDED};
use super::is_meant_for;
use super::log_group::{Group, through};
use super::metric::{self, Metric};
use crate::filter::{Coverage, Pattern, Tree, covers};
use crate::snapshot::Snapshot;
use crate::snapshot::shapes::logs;

/// The member of a request that asks about one log group.
const GROUP: &str = "logGroupName";
const PATTERN: &str = "/metricFilters/*/filterPattern";

/// One metric filter, its pattern read once.
struct Filter {
    region: String,
    log_group: String,
    name: String,
    pattern: Result<Pattern, String>,
    /// Why it does not see events as the trail wrote them.
    sees_others: Option<&'static str>,
    metrics: Vec<Metric>,
    /// Why there may be more metrics.
    unnamed: Option<Gap>,
    origin: Origin,
}

/// What the snapshot says of metric filters: of those of whole Regions, or of one log group after the other.
pub(crate) struct Filters<'a> {
    listed: Regional<'a, logs::DescribeMetricFilters, logs::MetricFilter>,
    by_group: Asked<'a, logs::DescribeMetricFilters>,
    all: Vec<Filter>,
    /// Filters whose log group the answer does not name, by Region.
    homeless: Vec<(String, Gap)>,
}

/// What a filter has to match.
#[derive(Clone, Copy)]
pub(super) struct Bounds<'t> {
    /// All of these events.
    pub(super) all: &'t Tree,
    /// None but these, where that is asked.
    pub(super) none_but: Option<&'t Tree>,
}

/// What an alert is followed with.
pub(super) struct Way<'a, 's> {
    /// Alarms of every Region.
    pub(super) alarms: &'s Alarms<'a>,
    /// Topics and who listens.
    pub(super) walk: &'s Walk<'a>,
    /// The account's number.
    pub(super) account: &'s str,
}

impl<'a> Filters<'a> {
    /// Reads the metric filters.
    pub(crate) fn read(snapshot: &'a Snapshot) -> Self {
        let listed = Regional::read(snapshot, |answer: &logs::DescribeMetricFilters| {
            Page::of(answer.metric_filters.as_ref(), answer.next_token.as_ref())
        });
        let (mut all, mut homeless) = (Vec::new(), Vec::new());
        for element in listed.elements() {
            match &element.item.log_group_name {
                Some(group) => all.push(filter(&element, group)),
                None => {
                    let gap = element.gap(MEMBER_MISSING, "a metric filter has no `logGroupName`");
                    homeless.push((element.region().to_owned(), gap));
                }
            }
        }
        Self { listed, by_group: Asked::read(snapshot, GROUP), all, homeless }
    }

    /// The filters of a log group.
    fn of<'b>(&'b self, group: &'b Group<'_>) -> impl Iterator<Item = &'b Filter> {
        self.all.iter().filter(|filter| filter.region == group.region && filter.log_group == group.name)
    }

    /// The metrics that filters of a log group publish, with the Region.
    pub(crate) fn metrics_of<'b>(&'b self, log_group: &'b str) -> impl Iterator<Item = (&'b str, &'b Metric)> {
        let group = Group::parse(log_group);
        let found = self.all.iter().filter(move |filter| {
            group.as_ref().is_some_and(|group| filter.region == group.region && filter.log_group == group.name)
        });
        found.flat_map(|filter| filter.metrics.iter().map(|metric| (filter.region.as_str(), metric)))
    }

    /// Why a log group may have more filters.
    pub(crate) fn gaps_of(&self, log_group: &str) -> Vec<Gap> {
        Group::parse(log_group).map_or_else(Vec::new, |group| {
            let unnamed = self.of(&group).filter_map(|filter| filter.unnamed.clone()).collect();
            [self.gaps_in(&group), unnamed].concat()
        })
    }

    fn gaps_in(&self, group: &Group<'_>) -> Vec<Gap> {
        let homeless = self.homeless.iter().filter(|(home, _)| home == group.region).map(|(_, gap)| gap.clone());
        self.listed_gaps_in(group).into_iter().chain(homeless).collect()
    }

    /// What answers about the Region leave open, unless there is one about the log group itself.
    fn listed_gaps_in(&self, group: &Group<'_>) -> Vec<Gap> {
        let of_region = self.listed.gaps_in(group.region);
        if of_region.is_empty() {
            return of_region;
        }
        let answers = self.by_group.all(group.name).iter();
        let about_it = answers.filter(|answer| {
            let request = &answer.observation.request;
            answer.observation.region == group.region && request.keys().all(|member| is_whole(member))
        });
        let found: Vec<Source<'_, logs::DescribeMetricFilters>> =
            about_it.map(|answer| Source::from_answer(*answer)).collect();
        if found.is_empty() { of_region } else { found.iter().filter_map(gap).collect() }
    }

    /// Whether some trail's events are watched by a filter whose alarm reaches somebody.
    pub(super) fn alert(
        &self,
        control: Bounds<'_>,
        trails: &List<Trail>,
        way: &Way<'_, '_>,
        uses: &mut Vec<(String, Publisher)>,
    ) -> Link {
        through(trails, way.account, |group| self.watched(control, group, way, uses))
    }

    /// Whether a filter of a log group covers the control and its alarm reaches somebody.
    fn watched(
        &self,
        control: Bounds<'_>,
        group: &Group<'_>,
        way: &Way<'_, '_>,
        uses: &mut Vec<(String, Publisher)>,
    ) -> Link {
        let mut links = Vec::new();
        for filter in self.of(group) {
            let link = match filter.covers(control) {
                // A filter on something else is not worth a word.
                None => continue,
                Some(Link::Holds(_)) => filter.raises(way, uses),
                Some(link) => link,
            };
            links.push(link);
        }
        let none = Link::Broken(
            format!("no metric filter of log group `{}` matches all such events", group.name),
            self.listed.origin_in(group.region, "/metricFilters"),
        );
        Link::any(links, none).unless_more(&self.gaps_in(group))
    }
}

/// Whether a member of a request about one log group leaves none of its filters out.
fn is_whole(member: &str) -> bool {
    matches!(member, GROUP | "limit")
}

/// Why an answer may hold less than all filters of its log group.
fn gap(answer: &Source<'_, logs::DescribeMetricFilters>) -> Option<Gap> {
    match &answer.state {
        Observed::Present(shape) if shape.metric_filters.is_none() => {
            Some(answer.gap(MEMBER_MISSING, "the answer has no list"))
        }
        Observed::Present(shape) => answer.cut_off(None, shape.next_token.as_ref()),
        Observed::Absent => None,
        Observed::Unknown(gap) => Some(gap.clone()),
    }
}

fn filter(element: &Element<'_, '_, logs::DescribeMetricFilters, logs::MetricFilter>, log_group: &str) -> Filter {
    let item = element.item;
    let name = item.filter_name.clone().unwrap_or_else(|| "without a name".to_owned());
    let metrics: Option<Option<Vec<Metric>>> =
        item.metric_transformations.as_ref().map(|all| all.iter().map(metric::read).collect());
    let metrics = metrics.flatten();
    let unnamed = metrics.is_none().then(|| element.gap(MEMBER_MISSING, "a metric filter does not name its metrics"));
    let pattern = match item.filter_pattern.as_deref() {
        Some(text) => text.parse().map_err(|error| format!("the pattern of filter `{name}` cannot be read: {error}")),
        None => Err(element.gap(MEMBER_MISSING, "a metric filter has no `filterPattern`").message().to_owned()),
    };
    let narrowed = item.field_selection_criteria.as_deref().is_some_and(|text| !text.trim().is_empty());
    let sees_others = if item.apply_on_transformed_logs == Some(true) {
        Some("reads events as a transformer changed them")
    } else {
        narrowed.then_some("selects events by system fields")
    };
    Filter {
        region: element.region().to_owned(),
        log_group: log_group.to_owned(),
        name,
        pattern,
        sees_others,
        metrics: metrics.into_iter().flatten().collect(),
        unnamed,
        origin: element.origin(PATTERN),
    }
}

impl Filter {
    /// Whether the filter matches every event of a control; `None` when it is about other events.
    fn covers(&self, control: Bounds<'_>) -> Option<Link> {
        let open = |reason: String| Some(Link::Open(Gap::of_reason(UNDECIDED, reason)));
        let tree = match &self.pattern {
            Ok(Pattern::Everything) if control.none_but.is_some() => {
                return Some(Link::Broken(format!("filter `{}` matches every event", self.name), self.origin));
            }
            Ok(Pattern::Everything) => return Some(self.whole()),
            Ok(Pattern::Json(tree)) => tree,
            Ok(Pattern::Delimited | Pattern::Words) => {
                return open(format!("filter `{}` matches by the text of events, not by their members", self.name));
            }
            Err(reason) => return Some(Link::Open(Gap::of_reason(MALFORMED, reason.clone()))),
        };
        match covers(tree, control.all) {
            Coverage::Covers => {
                Some(control.none_but.map_or_else(|| self.whole(), |events| self.keeps_to(tree, events)))
            }
            Coverage::Misses(_) if !is_meant_for(tree, control.all) => None,
            Coverage::Misses(missed) => {
                Some(Link::Broken(format!("filter `{}` misses events whose {missed}", self.name), self.origin))
            }
            Coverage::Undecided(reason) => {
                open(format!("whether filter `{}` matches all such events is open: {reason}", self.name))
            }
        }
    }

    /// Whether the filter, which matches all events of a control, matches no others.
    fn keeps_to(&self, tree: &Tree, events: &Tree) -> Link {
        match covers(events, tree) {
            Coverage::Covers => self.whole(),
            Coverage::Misses(more) => {
                Link::Broken(format!("filter `{}` also matches events whose {more}", self.name), self.origin)
            }
            Coverage::Undecided(reason) => {
                let reason = format!("whether filter `{}` matches other events too is open: {reason}", self.name);
                Link::Open(Gap::of_reason(UNDECIDED, reason))
            }
        }
    }

    /// The filter matches all events of the control, if it sees them as the trail wrote them.
    fn whole(&self) -> Link {
        self.sees_others.map_or(Link::Holds(self.origin), |why| {
            Link::Open(Gap::of_reason(UNDECIDED, format!("filter `{}` {why}", self.name)))
        })
    }

    /// Whether an alarm on one of the filter's metrics goes off and reaches somebody.
    fn raises(&self, way: &Way<'_, '_>, uses: &mut Vec<(String, Publisher)>) -> Link {
        let none = Link::Broken(format!("filter `{}` publishes no metric", self.name), self.origin);
        let links: Vec<Link> = self.metrics.iter().map(|metric| self.alarmed(metric, way, uses)).collect();
        Link::any(links, none).unless_more(self.unnamed.as_slice())
    }

    fn alarmed(&self, metric: &Metric, way: &Way<'_, '_>, uses: &mut Vec<(String, Publisher)>) -> Link {
        let mut links = Vec::new();
        for (place, alarm) in way.alarms.in_region(&self.region) {
            let Some(reading) = metric.read_by(alarm) else {
                if !names_metrics(alarm) {
                    let gap = place.source.gap(MEMBER_MISSING, "an alarm does not name the metric that it reads");
                    links.push(Link::Open(gap));
                }
                continue;
            };
            let what = title(alarm.alarm_name.as_deref());
            let goes_off = metric.sets_off(alarm, &reading, &place);
            let reaches = routes(way.walk, uses, alarm, &place).link;
            links.push(match Link::all([goes_off, reaches]) {
                Link::Broken(reason, origin) => Link::Broken(format!("alarm {what}: {reason}"), origin),
                link => link,
            });
        }
        let none = Link::Broken(
            format!("no alarm in `{}` reads metric `{}` of filter `{}`", self.region, metric.label(), self.name),
            way.alarms.origin_in(&self.region),
        );
        Link::any(links, none).unless_more(&way.alarms.gaps_in(&self.region))
    }
}

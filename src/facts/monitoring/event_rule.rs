//! EventBridge rules that watch what a control names: in every Region where such events come up, to somebody.

use super::super::alerts::{Publisher, Walk};
use super::super::asked::Asked;
use super::super::event_rule::routes;
use super::super::infrastructure::{Page, Regional, asked};
use super::super::link::Link;
use super::super::{Gap, MEMBER_MISSING, Origin, UNDECIDED, leader_region};
use super::control::Control;
use super::{event_tree, is_meant_for};
use crate::filter::{Coverage, Tree, covers};
use crate::snapshot::shapes::events;
use crate::snapshot::{Request, Snapshot};

const PATTERN: &str = "/Rules/*/EventPattern";

/// One rule of the default bus.
struct Rule {
    region: String,
    name: String,
    arn: String,
    /// What it matches; `None` when the pattern cannot be read.
    tree: Option<Tree>,
    state: Link,
    /// True when calls that only read are handed to it.
    has_reads: bool,
    origin: Origin,
}

/// What the snapshot says of event rules.
pub(crate) struct Rules<'a> {
    snapshot: &'a Snapshot,
    listed: Regional<'a, events::ListRules, events::Rule>,
    targets: Asked<'a, events::ListTargetsByRule>,
    all: Vec<Rule>,
}

impl<'a> Rules<'a> {
    /// Reads the rules.
    pub(crate) fn read(snapshot: &'a Snapshot) -> Self {
        let listed = Regional::among(snapshot, concerns_default_bus, |answer: &events::ListRules| {
            Page::of(answer.rules.as_ref(), answer.next_token.as_ref())
        })
        .found_by("`Name`", |rule| rule.name.is_some());
        let all = listed.elements().filter_map(|element| {
            let rule = element.item;
            let text = rule.event_pattern.as_deref()?;
            // Events of AWS services reach the default bus only.
            if rule.event_bus_name.as_deref().is_some_and(|bus| bus != "default") {
                return None;
            }
            let name = rule.name.clone()?;
            let arn = rule.arn.clone().unwrap_or_else(|| {
                let (partition, account) = (&snapshot.partition, &snapshot.account);
                format!("arn:{partition}:events:{}:{account}:rule/{name}", element.region())
            });
            let place = element.origin("/Rules/*/State");
            let state = match rule.state.as_deref() {
                Some("ENABLED" | "ENABLED_WITH_ALL_CLOUDTRAIL_MANAGEMENT_EVENTS") => Link::Holds(place),
                Some(_) => Link::Broken(format!("rule `{name}` is disabled"), place),
                None => Link::Open(element.gap(MEMBER_MISSING, "a rule has no `State`")),
            };
            let has_reads = rule.state.as_deref() == Some("ENABLED_WITH_ALL_CLOUDTRAIL_MANAGEMENT_EVENTS");
            let (region, tree) = (element.region().to_owned(), event_tree::parse(text));
            Some(Rule { region, name, arn, tree, state, has_reads, origin: element.origin(PATTERN) })
        });
        let all = all.collect();
        Self { snapshot, listed, targets: Asked::read(snapshot, "Rule"), all }
    }

    /// Whether rules hand every event of a control to somebody.
    pub(super) fn alert(&self, control: &Control, walk: &Walk<'_>, uses: &mut Vec<(String, Publisher)>) -> Link {
        let leader = leader_region(&self.snapshot.partition);
        let mut regions = asked(self.snapshot);
        if control.is_global || regions.is_empty() {
            regions = [leader].into();
        }
        let mut links = Vec::new();
        for region in regions {
            let Some(wanted) = control.events(&self.snapshot.account, region) else { continue };
            let link = self.alert_of(&wanted, region, control.has_reads, walk, uses);
            let is_broken = matches!(link, Link::Broken(..));
            links.push(link);
            if is_broken {
                break;
            }
        }
        Link::all(links)
    }

    /// Whether a rule of one Region hands all such events to somebody.
    pub(crate) fn alert_of(
        &self,
        wanted: &Tree,
        region: &str,
        has_reads: bool,
        walk: &Walk<'_>,
        uses: &mut Vec<(String, Publisher)>,
    ) -> Link {
        let mut links = Vec::new();
        for rule in self.all.iter().filter(|rule| rule.region == region) {
            let Some(covers) = rule.covers(wanted, has_reads) else { continue };
            let hands_on = Link::all([rule.state.clone(), covers]);
            if matches!(hands_on, Link::Broken(..)) {
                links.push(hands_on);
                continue;
            }
            let targets = self.targets.in_region(region, &rule.name);
            let reaches = match routes(walk, &targets, &rule.arn, uses).link {
                Link::Broken(reason, origin) => Link::Broken(format!("rule `{}`: {reason}", rule.name), origin),
                link => link,
            };
            links.push(Link::all([hands_on, reaches]));
        }
        let none = Link::Broken(
            format!("no event rule in `{region}` matches all such events"),
            self.listed.origin_in(region, "/Rules"),
        );
        Link::any(links, none).unless_more(&self.listed.gaps_in(region))
    }
}

impl Rule {
    /// Whether the rule matches all wanted events; `None` when it is about others.
    fn covers(&self, wanted: &Tree, has_reads: bool) -> Option<Link> {
        let open = |reason: String| Some(Link::Open(Gap::of_reason(UNDECIDED, reason)));
        let Some(tree) = &self.tree else {
            return open(format!("the pattern of rule `{}` cannot be read", self.name));
        };
        match covers(tree, wanted) {
            Coverage::Covers if has_reads && !self.has_reads => Some(Link::Broken(
                format!("rule `{}` is handed no calls that only read", self.name),
                self.origin.pointing("/Rules/*/State"),
            )),
            Coverage::Covers => Some(Link::Holds(self.origin)),
            Coverage::Misses(_) if !is_meant_for(tree, wanted) => None,
            Coverage::Misses(missed) => {
                Some(Link::Broken(format!("rule `{}` misses events whose {missed}", self.name), self.origin))
            }
            Coverage::Undecided(reason) => {
                open(format!("whether rule `{}` matches all such events is open: {reason}", self.name))
            }
        }
    }
}

/// Requests for another bus do not concern the default one.
fn concerns_default_bus(request: &Request) -> Option<bool> {
    let is_default = request.get("EventBusName").is_none_or(|bus| bus == "default");
    is_default.then(|| request.keys().all(|member| matches!(member.as_str(), "EventBusName" | "Limit")))
}

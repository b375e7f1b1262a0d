//! Ways worth drawing, as nodes and edges with their state: how alerts reach somebody, and how principals reach
//! administrator.
//!
//! Alert routes are found by the type of their facts, wherever those stand: whatever raises alerts through `routes` is
//! drawn without a line here. Escalation chains are those that rules asked for; none is worked out for the drawing.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::Serialize;

use crate::facts::{AlertRoute, Climber, FactRef, Facts, Gap, KINDS, Observed, Record, RouteLink, Schema, Type, Value};
use crate::iam::escalation::{Chain, Step};

/// Alerts of a report that are drawn; a fleet's worth of drawings helps nobody.
const MOST: usize = 50;
/// How deep facts are searched for routes.
const DEPTH: usize = 6;

/// The diagrams of a report.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Diagrams {
    /// Those that are drawn: alerts before escalations, the worst first.
    pub drawn: Vec<Diagram>,
    /// How many more there are.
    pub left_out: usize,
}

/// One drawing.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
#[schemars(rename = "diagram", deny_unknown_fields)]
pub struct Diagram {
    /// What is drawn.
    pub kind: Kind,
    /// Where the ways start, in words. Holds names as AWS returned them, as all text here does.
    pub title: String,
    /// Whether one of the ways gets there.
    pub state: State,
    /// The ways, each from its start to its end.
    pub ways: Vec<Way>,
    /// How many more ways there are.
    pub further_ways: usize,
}

/// What a diagram shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// The ways of an alert to people.
    AlertRoute,
    /// The ways of a principal to administrator.
    Escalation,
}

/// What is known of a node, an edge or a way.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum State {
    /// It is shown not to work.
    Broken,
    /// Nobody knows, or it depends on what the snapshot cannot settle.
    Unknown,
    /// It works.
    Holds,
}

/// One way through a diagram.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
#[schemars(rename = "way", deny_unknown_fields)]
pub struct Way {
    /// Whether it gets there.
    pub state: State,
    /// Why it does not, or what it depends on.
    pub reason: Option<String>,
    /// The nodes, from start to end.
    pub nodes: Vec<Node>,
    /// The edges: the first leads from the first node to the second.
    pub edges: Vec<Edge>,
}

/// A node of a way.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
#[schemars(rename = "node", deny_unknown_fields)]
pub struct Node {
    /// What it is, as in `topic policy`.
    pub what: String,
    /// Its name; empty where it has none.
    pub name: String,
    /// What is known of it.
    pub state: State,
}

/// An edge of a way.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
#[schemars(rename = "edge", deny_unknown_fields)]
pub struct Edge {
    /// What happens on it; empty where that goes without saying.
    pub what: String,
    /// Whether it is taken.
    pub state: State,
}

impl Diagrams {
    /// The diagrams of an account, after its rules were judged.
    pub fn of(facts: &Facts) -> Self {
        let mut all = Self::default();
        all.drawn = alert_routes(facts);
        all.left_out = all.drawn.len().saturating_sub(MOST);
        all.drawn.truncate(MOST);
        if let Some(escalations) = facts.known_escalations() {
            all.drawn.extend(escalations.climbers().iter().map(escalation));
            all.left_out += escalations.further_climbers();
        }
        all
    }
}

fn alert_routes(facts: &Facts) -> Vec<Diagram> {
    let mut found = Found::default();
    for kind in KINDS.iter().filter(|kind| leads_to_routes(kind.schema, DEPTH)) {
        for resource in (kind.list)(facts).resources {
            found.visit(resource.record, &[], DEPTH);
        }
    }
    let mut diagrams: Vec<Diagram> = found.0.into_values().collect();
    diagrams.sort_by(|one, two| (one.state, &one.title).cmp(&(two.state, &two.title)));
    diagrams
}

/// True when records of a type hold routes, or hold records that do.
fn leads_to_routes(schema: &Schema, depth: usize) -> bool {
    depth > 0
        && schema
            .fields
            .iter()
            .filter_map(|field| record_of(&field.ty))
            .any(|inner| inner == AlertRoute::SCHEMA || leads_to_routes(inner, depth - 1))
}

fn record_of(ty: &Type) -> Option<&'static Schema> {
    match ty {
        Type::Record(schema) => Some(schema),
        Type::List(item) => record_of(item),
        _ => None,
    }
}

/// Alert routes by what raises the alert: the same budget stands in several places of the facts.
#[derive(Default)]
struct Found(BTreeMap<String, Diagram>);

impl Found {
    /// Looks through a record; `names` are those of the records that it stands in.
    fn visit(&mut self, record: &dyn Record, names: &[String], depth: usize) {
        let schema = record.schema();
        let mut names = names.to_vec();
        names.extend(text(record, "name"));
        for (index, field) in schema.fields.iter().enumerate() {
            let Some(inner) = record_of(&field.ty) else { continue };
            let Some(fact) = record.fact(index) else { continue };
            if inner == AlertRoute::SCHEMA {
                let diagram = alert(record, &names, &fact);
                self.0.entry(diagram.title.clone()).or_insert(diagram);
            } else if depth > 0 && leads_to_routes(inner, depth) {
                self.visit_inside(&fact, &names, depth - 1);
            }
        }
    }

    fn visit_inside(&mut self, fact: &FactRef<'_>, names: &[String], depth: usize) {
        match fact.state.present() {
            Some(Value::Record(record)) => self.visit(*record, names, depth),
            Some(Value::List(items)) => {
                for position in 0..items.len() {
                    if let Some(Value::Record(record)) = items.get(position) {
                        self.visit(record, names, depth);
                    }
                }
            }
            _ => {}
        }
    }
}

/// The diagram of one alert.
fn alert(record: &dyn Record, names: &[String], routes: &FactRef<'_>) -> Diagram {
    let what = publisher(record.schema().name);
    let start = Node { what: what.clone(), name: names.join(", "), state: State::Holds };
    let (state, reason) = verdict(record);
    let mut ways = Vec::new();
    if let Some(Value::List(items)) = routes.state.present() {
        for position in 0..items.len() {
            if let Some(Value::Record(route)) = items.get(position) {
                ways.push(way(&start, route));
            }
        }
    }
    if ways.is_empty() {
        let nobody = Node { what: "nobody".to_owned(), name: String::new(), state };
        let edge = Edge { what: String::new(), state };
        ways.push(Way { state, reason, nodes: vec![start.clone(), nobody], edges: vec![edge] });
    }
    Diagram { kind: Kind::AlertRoute, title: format!("{what} {}", start.name), state, ways, further_ways: 0 }
}

/// What raises alerts, in words.
fn publisher(schema: &str) -> String {
    match schema {
        "billing-alarm" => "alarm".to_owned(),
        "budget-notification" => "budget".to_owned(),
        "health-rule" => "event rule".to_owned(),
        other => other.replace('-', " "),
    }
}

/// One way of an alert: link by link through a topic, or straight to an address.
fn way(start: &Node, route: &dyn Record) -> Way {
    let (state, reason) = verdict(route);
    let mut nodes = vec![start.clone()];
    let mut edges = Vec::new();
    let address = text(route, "name").unwrap_or_default();
    if let Some(FactRef { state: Observed::Present(Value::List(links)), .. }) = fact(route, "links") {
        for position in 0..links.len() {
            if let Some(Value::Record(link)) = links.get(position)
                && link.schema() == RouteLink::SCHEMA
            {
                let what = text(link, "name").unwrap_or_default();
                let name = if what == TOPIC { short(&address) } else { String::new() };
                let state = truth(link, "holds");
                edges.push(Edge { what: String::new(), state });
                nodes.push(Node { what, name, state });
            }
        }
    }
    if nodes.len() == 1 {
        edges.push(Edge { what: String::new(), state });
        nodes.push(Node { what: "address".to_owned(), name: short(&address), state });
    }
    Way { state, reason, nodes, edges }
}

/// The link that carries the topic's name.
pub(crate) const TOPIC: &str = "topic";

/// The name at the end of an ARN.
fn short(address: &str) -> String {
    match address.splitn(6, ':').nth(5) {
        Some(name) if address.starts_with("arn:") => name.to_owned(),
        _ => address.to_owned(),
    }
}

/// Whether something reaches somebody, and why not.
fn verdict(record: &dyn Record) -> (State, Option<String>) {
    let state = truth(record, "reaches");
    let reason = match fact(record, "reaches").map(|fact| fact.state) {
        Some(Observed::Unknown(gap)) => Some(cause(&gap)),
        _ => text(record, "broken_at"),
    };
    (state, reason)
}

fn cause(gap: &Gap) -> String {
    if gap.operation().is_some() { format!("{}: {}", gap.call(), gap.code()) } else { gap.message().to_owned() }
}

fn fact<'a>(record: &'a dyn Record, name: &str) -> Option<FactRef<'a>> {
    let index = record.schema().fields.iter().position(|field| field.name == name)?;
    record.fact(index)
}

fn text(record: &dyn Record, name: &str) -> Option<String> {
    match fact(record, name)?.state {
        Observed::Present(Value::String(text)) => Some(text.into_owned()),
        _ => None,
    }
}

fn truth(record: &dyn Record, name: &str) -> State {
    match fact(record, name).map(|fact| fact.state) {
        Some(Observed::Present(Value::Bool(true))) => State::Holds,
        Some(Observed::Present(Value::Bool(false))) => State::Broken,
        _ => State::Unknown,
    }
}

/// The ways to administrator of one principal.
fn escalation(climber: &Climber) -> Diagram {
    let ways: Vec<Way> = climber.ways.iter().map(climb).collect();
    let state = ways.first().map_or(State::Unknown, |way| way.state);
    let (title, further_ways) = (climber.principal.to_string(), climber.further_ways);
    Diagram { kind: Kind::Escalation, title, state, ways, further_ways }
}

fn climb(chain: &Chain) -> Way {
    let certainty = |step: &Step| if step.depends_on.is_empty() { State::Holds } else { State::Unknown };
    let mut nodes = vec![principal(&chain.principal, State::Holds)];
    let mut edges = Vec::new();
    let mut here = chain.principal.as_ref();
    for (position, step) in chain.steps.iter().enumerate() {
        let mut node = principal(&step.to, certainty(step));
        if position + 1 == chain.steps.len() {
            "administrator".clone_into(&mut node.what);
        }
        if *step.to == *here {
            "the same".clone_into(&mut node.name);
        }
        edges.push(Edge { what: format!("{} ({})", step.title, step.method), state: certainty(step) });
        nodes.push(node);
        here = &step.to;
    }
    let doubts: std::collections::BTreeSet<&str> = chain.steps.iter().flat_map(|step| step.depends_on.iter()).collect();
    let doubts: Vec<&str> = doubts.into_iter().collect();
    let state = if doubts.is_empty() { State::Holds } else { State::Unknown };
    let reason = (!doubts.is_empty()).then(|| format!("depends on {}", doubts.join(", ")));
    Way { state, reason, nodes, edges }
}

/// A principal by the kind and name in its ARN.
fn principal(arn: &str, state: State) -> Node {
    let (what, name) = match short(arn).split_once('/') {
        Some((kind, name)) => (kind.to_owned(), name.to_owned()),
        None if arn == "*" => ("anybody".to_owned(), String::new()),
        None => ("principal".to_owned(), short(arn)),
    };
    Node { what, name, state }
}

//! Everything that alerts: billing alarms, budgets and Health rules, walked to their topics in one go.

use super::alerts::Walk;
use super::billing::{self, Billing};
use super::budget::{self, Budget};
use super::credential_report::CredentialReport;
use super::health_rule::{self, HealthRouting, Region};
use super::resource::Resource;
use super::review::{self, CostAnomalies};
use super::sns_topic::{self, SnsTopic, Sources};
use super::{Fact, List, account};
use crate::snapshot::{Snapshot, Time};

/// What alerts, and the topics that alerts go through.
pub(crate) struct Alerting {
    pub(crate) billing: Billing,
    pub(crate) budgets: Fact<List<Budget>>,
    pub(crate) health: HealthRouting,
    pub(crate) cost_anomalies: CostAnomalies,
    pub(crate) regions: List<Resource<Region>>,
    pub(crate) topics: List<Resource<SnsTopic>>,
}

/// Builds all of it.
pub(crate) fn build(snapshot: &Snapshot, report: &CredentialReport, as_of: Option<Time>) -> Alerting {
    let walk = Walk::new(snapshot);
    let mut uses = Vec::new();
    let budgets = budget::build(snapshot, as_of.unwrap_or(snapshot.collected_at), &walk, &mut uses);
    let billing = billing::build(snapshot, &walk, &budgets, report, &mut uses);
    let regions = health_rule::build(snapshot, &account::id(snapshot), &walk, &mut uses);
    let sources = Sources { alarms: &billing.alarms, budgets: &budgets, regions: &regions };
    let topics = sns_topic::build(snapshot, &walk, uses, &sources);
    let cost_anomalies = review::cost_anomalies(snapshot, &walk);
    Alerting { health: health_rule::routing(&regions), billing, budgets, cost_anomalies, regions, topics }
}

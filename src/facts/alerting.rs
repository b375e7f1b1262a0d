//! Everything that alerts: alarms, budgets, Health rules and what watches the trails, walked to their topics in one go.

use super::alarm::{self, Alarm, Alarms, Surroundings};
use super::alerts::Walk;
use super::billing::{self, Billing};
use super::budget::{self, Budget};
use super::credential_report::CredentialReport;
use super::health_rule::{self, HealthRouting, Region};
use super::monitoring::{self, Filters, Monitoring, Rules};
use super::resource::Resource;
use super::review::{self, CostAnomalies};
use super::sns_topic::{self, SnsTopic, Sources};
use super::trail::Trails;
use super::{Fact, List, account};
use crate::snapshot::{Snapshot, Time};

/// What alerts, and the topics that alerts go through.
pub(crate) struct Alerting {
    pub(crate) alarms: List<Resource<Alarm>>,
    pub(crate) billing: Billing,
    pub(crate) budgets: Fact<List<Budget>>,
    pub(crate) health: HealthRouting,
    pub(crate) cost_anomalies: CostAnomalies,
    pub(crate) monitoring: Monitoring,
    pub(crate) regions: List<Resource<Region>>,
    pub(crate) topics: List<Resource<SnsTopic>>,
}

/// Builds all of it.
pub(crate) fn build(snapshot: &Snapshot, report: &CredentialReport, trails: &Trails, as_of: Option<Time>) -> Alerting {
    let walk = Walk::new(snapshot);
    let listed = Alarms::read(snapshot);
    let (filters, rules) = (Filters::read(snapshot), Rules::read(snapshot));
    let mut uses = Vec::new();
    let budgets = budget::build(snapshot, as_of.unwrap_or(snapshot.collected_at), &walk, &mut uses);
    let billing = billing::build(snapshot, &listed, &walk, &budgets, report, &mut uses);
    let regions = health_rule::build(snapshot, &account::id(snapshot), &walk, &mut uses);
    let monitoring = monitoring::build(snapshot, &trails.multi_region, (&filters, &rules), &listed, &walk, &mut uses);
    let around = Surroundings { trails: &trails.multi_region, filters: &filters, rules: &rules, walk: &walk };
    let alarms = alarm::build(snapshot, &listed, &around, &mut uses);
    let sources = Sources { charges: &billing.alarms, alarms: &alarms, budgets: &budgets, regions: &regions };
    let topics = sns_topic::build(snapshot, &walk, uses, &sources);
    let cost_anomalies = review::cost_anomalies(snapshot, &walk);
    Alerting {
        alarms,
        health: health_rule::routing(&regions),
        billing,
        budgets,
        cost_anomalies,
        monitoring,
        regions,
        topics,
    }
}

//! What others found in the account: its own reviews of workloads, Trusted Advisor, and anomalies of cost.

mod advisor;
mod anomaly;
mod workload;

pub use advisor::{AdvisorCheck, Support};
pub use anomaly::{AnomalySubscription, CostAnomalies};
pub use workload::Workload;

pub(crate) use advisor::build as support;
pub(crate) use anomaly::build as cost_anomalies;
pub(crate) use workload::build as workloads;

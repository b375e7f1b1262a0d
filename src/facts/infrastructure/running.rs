//! What runs in the account for its own sake, as far as it is read: machines and databases.

use super::{Database, Infrastructure, Instance};
use crate::facts;
use crate::facts::{Fact, List, Observed, Resource};

facts! {
    /// An EC2 instance or an RDS instance.
    RunningResource as "running-resource" {
        /// The id of the EC2 instance, or the identifier of the RDS instance.
        name: String => [Ec2DescribeInstances, RdsDescribeDbInstances];
        /// `instance` or `database`.
        kind: String => [];
        /// False for a machine that is terminated or about to be: AWS lists those for an hour more.
        exists: bool => [Ec2DescribeInstances];
    }
}

/// Builds the machines and databases of every Region.
pub(crate) fn build(infrastructure: &Infrastructure) -> List<RunningResource> {
    let Infrastructure { instances, databases, .. } = infrastructure;
    let items = instances.items.iter().map(machine).chain(databases.items.iter().map(database));
    let gaps = instances.gaps.iter().chain(&databases.gaps);
    List { items: items.collect(), gaps: gaps.cloned().collect() }
}

fn machine(instance: &Resource<Instance>) -> RunningResource {
    let state = instance.facts.state.clone();
    RunningResource {
        name: instance.facts.name.clone(),
        kind: Fact::derived(Observed::Present("instance".to_owned())),
        exists: state.map(|state| !matches!(state.as_str(), "shutting-down" | "terminated")),
    }
}

fn database(database: &Resource<Database>) -> RunningResource {
    let name = database.facts.name.clone();
    RunningResource {
        exists: name.clone().map(|_| true),
        name,
        kind: Fact::derived(Observed::Present("database".to_owned())),
    }
}

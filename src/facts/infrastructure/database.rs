//! RDS database instances: storage, upgrades, reachability and the parameter that asks clients for TLS.

use super::regional::{Element, Page, Regional};
use super::route_table::{self, Tables};
use crate::facts;
use crate::facts::asked::Asked;
use crate::facts::{Fact, List, MEMBER_MISSING, Observed, Resource, UNDECIDED};
use crate::snapshot::Snapshot;
use crate::snapshot::shapes::rds;

facts! {
    /// An RDS database instance.
    Database as "rds-instance" {
        /// The instance's identifier.
        name: String => [RdsDescribeDbInstances];
        /// The engine, as in `postgres`.
        engine: String => [RdsDescribeDbInstances];
        /// The Aurora or Multi-AZ cluster that the instance belongs to; absent when it stands alone.
        cluster: String => [RdsDescribeDbInstances];
        /// True when storage is encrypted.
        is_encrypted: bool => [RdsDescribeDbInstances];
        /// True when minor versions are installed by themselves.
        auto_minor_upgrade: bool => [RdsDescribeDbInstances];
        /// True when the instance has a public address.
        is_publicly_accessible: bool => [RdsDescribeDbInstances];
        /// True when one of its subnets has a route to an internet gateway.
        has_internet_route: bool => [RdsDescribeDbInstances, Ec2DescribeRouteTables];
        /// True when a standby runs in another Availability Zone.
        is_multi_az: bool => [RdsDescribeDbInstances];
        /// The parameter that makes the engine refuse connections without TLS; absent when it has none.
        tls_parameter: String => [RdsDescribeDbInstances];
        /// True when that parameter is on in every parameter group; absent when the groups do not have it.
        forces_tls: bool => [RdsDescribeDbInstances, RdsDescribeDbParameters];
        /// Tags of the instance.
        tags: List<Tag> => [RdsDescribeDbInstances];
    }

    /// A tag.
    Tag as "tag" {
        /// Key and value, as in `env=prod`.
        name: String => [RdsDescribeDbInstances];
        /// The key.
        key: String => [RdsDescribeDbInstances];
        /// The value.
        value: String => [RdsDescribeDbInstances];
    }
}

type Db<'s, 'a> = Element<'s, 'a, rds::DescribeDbInstances, rds::DbInstance>;
type Parameters<'a> = Asked<'a, rds::DescribeDbParameters>;

/// Builds the database instances.
pub(super) fn build(snapshot: &Snapshot, tables: &Tables<'_>) -> List<Resource<Database>> {
    let listed = Regional::read(snapshot, |answer: &rds::DescribeDbInstances| {
        Page::of(answer.db_instances.as_ref(), answer.marker.as_ref())
    });
    let parameters = Asked::read(snapshot, "DBParameterGroupName");
    listed.resources(|element| {
        let instance = element.item;
        let name = instance.db_instance_identifier.as_deref()?;
        let region = element.region();
        let arn = instance
            .db_instance_arn
            .clone()
            .unwrap_or_else(|| super::regional::arn(snapshot, "rds", region, None, &format!("db:{name}")));
        let parameter = instance.engine.as_deref().map(tls_parameter);
        let facts = Database {
            name: element.required("/DBInstances/*/DBInstanceIdentifier", Some(name.to_owned())),
            engine: element.required("/DBInstances/*/Engine", instance.engine.clone()),
            cluster: element.optional("/DBInstances/*/DBClusterIdentifier", instance.db_cluster_identifier.clone()),
            is_encrypted: element.required("/DBInstances/*/StorageEncrypted", instance.storage_encrypted),
            auto_minor_upgrade: element
                .required("/DBInstances/*/AutoMinorVersionUpgrade", instance.auto_minor_version_upgrade),
            is_publicly_accessible: element.required("/DBInstances/*/PubliclyAccessible", instance.publicly_accessible),
            has_internet_route: has_internet_route(element, tables),
            is_multi_az: element.required("/DBInstances/*/MultiAZ", instance.multi_az),
            tls_parameter: match parameter {
                None => element.required("/DBInstances/*/Engine", None),
                Some(parameter) => element.optional("/DBInstances/*/Engine", parameter.map(str::to_owned)),
            },
            forces_tls: forces_tls(element, parameter.flatten(), &parameters),
            tags: tags(element),
        };
        Some(Resource { id: arn, region: Some(region.to_owned()), facts })
    })
}

/// The parameter of an instance's own group; Aurora has it in the cluster's group.
/// <https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/UsingWithRDS.SSL.html>
fn tls_parameter(engine: &str) -> Option<&'static str> {
    match engine {
        "postgres" => Some("rds.force_ssl"),
        "mysql" | "mariadb" => Some("require_secure_transport"),
        engine if engine.starts_with("sqlserver-") => Some("rds.force_ssl"),
        _ => None,
    }
}

fn has_internet_route(element: &Db<'_, '_>, tables: &Tables<'_>) -> Fact<bool> {
    let group = element.item.db_subnet_group.as_ref();
    let vpc = group.and_then(|group| group.vpc_id.as_deref());
    let subnets: Option<Vec<&str>> = group
        .and_then(|group| group.subnets.as_ref())
        .and_then(|subnets| subnets.iter().map(|subnet| subnet.subnet_identifier.as_deref()).collect());
    match (vpc, subnets) {
        (Some(vpc), Some(subnets)) => route_table::reaches_internet(tables, element.region(), vpc, &subnets),
        _ => Fact::unknown(element.gap(MEMBER_MISSING, "the answer has no `/DBInstances/*/DBSubnetGroup/Subnets`")),
    }
}

fn tags(element: &Db<'_, '_>) -> Fact<List<Tag>> {
    let tags = element.item.tag_list.as_ref().and_then(|tags| {
        let tags = tags.iter().map(|tag| {
            let key = tag.key.clone()?;
            // A tag may have no value.
            let value = tag.value.clone().unwrap_or_default();
            let origin = element.origin("/DBInstances/*/TagList");
            Some(Tag {
                name: Fact::present(format!("{key}={value}"), origin),
                key: Fact::present(key, origin),
                value: Fact::present(value, origin),
            })
        });
        tags.collect::<Option<Vec<Tag>>>().map(List::whole)
    });
    element.required("/DBInstances/*/TagList", tags)
}

/// On when every group says so; one that says no settles it, and one that was not read leaves it open.
fn forces_tls(element: &Db<'_, '_>, parameter: Option<&str>, parameters: &Parameters<'_>) -> Fact<bool> {
    let Some(parameter) = parameter else { return element.optional("/DBInstances/*/Engine", None) };
    let Some(groups) = element.item.db_parameter_groups.as_deref().filter(|groups| !groups.is_empty()) else {
        return element.required("/DBInstances/*/DBParameterGroups", None);
    };
    let said: Vec<Fact<bool>> = groups.iter().map(|group| in_group(element, group, parameter, parameters)).collect();
    let find = |wanted: fn(&Observed<bool>) -> bool| said.iter().find(|fact| wanted(&fact.state)).cloned();
    find(|state| matches!(state, Observed::Present(false)))
        .or_else(|| find(|state| matches!(state, Observed::Unknown(_))))
        .or_else(|| find(|state| matches!(state, Observed::Absent)))
        .or_else(|| said.into_iter().next())
        .unwrap_or_else(|| element.required("/DBInstances/*/DBParameterGroups", None))
}

fn in_group(
    element: &Db<'_, '_>,
    group: &rds::DbParameterGroupStatus,
    parameter: &str,
    parameters: &Parameters<'_>,
) -> Fact<bool> {
    let Some(name) = group.db_parameter_group_name.as_deref() else {
        return element.required("/DBInstances/*/DBParameterGroups/*/DBParameterGroupName", None);
    };
    if group.parameter_apply_status.as_deref() == Some("pending-reboot") {
        let reason = format!("parameter group `{name}` is not in force before a reboot");
        return Fact::unknown(element.gap(UNDECIDED, &reason));
    }
    let source = parameters.in_region(element.region(), name);
    let listed = source.required("/Parameters", |answer| answer.parameters.as_deref());
    let Observed::Present(listed) = listed.state else { return listed.map(|_| false) };
    let found = listed.iter().enumerate().find(|(_, one)| one.parameter_name.as_deref() == Some(parameter));
    let more = source.state.present().and_then(|answer| source.cut_off(None, answer.marker.as_ref()));
    match (found, more) {
        (Some((index, one)), _) => {
            // A parameter without a value has the engine's default, which is off where RDS sets none.
            let is_on =
                one.parameter_value.as_deref().is_some_and(|value| value == "1" || value.eq_ignore_ascii_case("on"));
            Fact::present(is_on, source.origin("/Parameters/*").element(index))
        }
        (None, Some(gap)) => Fact::unknown(gap),
        (None, None) => Fact::absent(source.origin("/Parameters")),
    }
}

//! VPCs: whether anything runs in them, what watches their traffic, and their endpoints.

use super::regional::{Page, Regional, arn, exists};
use crate::facts;
use crate::facts::{Fact, List, Observed, Resource};
use crate::snapshot::Snapshot;
use crate::snapshot::shapes::ec2;

facts! {
    /// A virtual private cloud.
    Vpc as "vpc" {
        /// The VPC's id.
        name: String => [Ec2DescribeVpcs];
        /// True for the VPC that each Region comes with.
        is_default: bool => [Ec2DescribeVpcs];
        /// True unless another account owns the VPC and shares its subnets.
        is_own: bool => [Ec2DescribeVpcs];
        /// True when at least one network interface is in the VPC.
        is_in_use: bool => [Ec2DescribeNetworkInterfaces];
        /// Flow logs of the VPC as a whole.
        flow_logs: List<FlowLog> => [Ec2DescribeFlowLogs];
        /// Services with an available endpoint in the VPC, as in `s3`.
        endpoint_services: List<String> => [Ec2DescribeVpcEndpoints];
    }

    /// A flow log.
    FlowLog as "flow-log" {
        /// The flow log's id.
        name: String => [Ec2DescribeFlowLogs];
        /// `ACTIVE`, or why not.
        status: String => [Ec2DescribeFlowLogs];
        /// `ACCEPT`, `REJECT` or `ALL`.
        traffic_type: String => [Ec2DescribeFlowLogs];
        /// `SUCCESS` or `FAILED`; absent before the first delivery.
        delivery_status: String => [Ec2DescribeFlowLogs];
    }
}

/// The network interfaces of every Region.
pub(super) type Interfaces<'a> = Regional<'a, ec2::DescribeNetworkInterfaces, ec2::NetworkInterface>;
type Logs<'a> = Regional<'a, ec2::DescribeFlowLogs, ec2::FlowLog>;
type Endpoints<'a> = Regional<'a, ec2::DescribeVpcEndpoints, ec2::VpcEndpoint>;

/// Reads the network interfaces.
pub(super) fn interfaces(snapshot: &Snapshot) -> Interfaces<'_> {
    Regional::read(snapshot, |answer: &ec2::DescribeNetworkInterfaces| {
        Page::of(answer.network_interfaces.as_ref(), answer.next_token.as_ref())
    })
    .found_by("`VpcId` or `Groups`", |one| {
        let groups = one.groups.as_ref();
        one.vpc_id.is_some() && groups.is_some_and(|all| all.iter().all(|group| group.group_id.is_some()))
    })
}

/// Builds the VPCs.
pub(super) fn build(snapshot: &Snapshot, interfaces: &Interfaces<'_>) -> List<Resource<Vpc>> {
    let listed = Regional::read(snapshot, |answer: &ec2::DescribeVpcs| {
        Page::of(answer.vpcs.as_ref(), answer.next_token.as_ref())
    });
    let logs = Regional::read(snapshot, |answer: &ec2::DescribeFlowLogs| {
        Page::of(answer.flow_logs.as_ref(), answer.next_token.as_ref())
    })
    .found_by("`ResourceId`", |one| one.resource_id.is_some());
    let endpoints = Regional::read(snapshot, |answer: &ec2::DescribeVpcEndpoints| {
        Page::of(answer.vpc_endpoints.as_ref(), answer.next_token.as_ref())
    })
    .found_by("`VpcId`, `ServiceName` or `State`", |one| {
        one.vpc_id.is_some() && one.service_name.is_some() && one.state.is_some()
    });
    listed.resources(|element| {
        let vpc = element.item;
        let id = vpc.vpc_id.as_deref()?;
        let region = element.region();
        // Answers from before VPCs could be shared do not name the owner.
        let is_own = vpc.owner_id.as_ref().is_none_or(|owner| *owner == snapshot.account);
        let facts = Vpc {
            name: element.required("/Vpcs/*/VpcId", Some(id.to_owned())),
            is_default: element.required("/Vpcs/*/IsDefault", vpc.is_default),
            is_own: Fact::present(is_own, element.origin("/Vpcs/*")),
            is_in_use: is_in_use(interfaces, region, id),
            flow_logs: flow_logs(&logs, region, id),
            endpoint_services: endpoint_services(&endpoints, region, id),
        };
        let arn = arn(snapshot, "ec2", region, vpc.owner_id.as_deref(), &format!("vpc/{id}"));
        Some(Resource { id: arn, region: Some(region.to_owned()), facts })
    })
}

fn is_in_use(interfaces: &Interfaces<'_>, region: &str, id: &str) -> Fact<bool> {
    let mut here = interfaces.in_region(region);
    let found = here.find(|element| element.item.vpc_id.as_deref() == Some(id));
    let found = found.map(|element| element.origin("/NetworkInterfaces/*/VpcId"));
    exists(found, interfaces.origin_in(region, "/NetworkInterfaces"), &interfaces.gaps_in(region))
}

fn flow_logs(logs: &Logs<'_>, region: &str, id: &str) -> Fact<List<FlowLog>> {
    let here = logs.in_region(region).filter(|element| element.item.resource_id.as_deref() == Some(id));
    let items = here.map(|element| FlowLog {
        name: element.required("/FlowLogs/*/FlowLogId", element.item.flow_log_id.clone()),
        status: element.required("/FlowLogs/*/FlowLogStatus", element.item.flow_log_status.clone()),
        traffic_type: element.required("/FlowLogs/*/TrafficType", element.item.traffic_type.clone()),
        delivery_status: element.optional("/FlowLogs/*/DeliverLogsStatus", element.item.deliver_logs_status.clone()),
    });
    Fact::present(List { items: items.collect(), gaps: logs.gaps_in(region) }, logs.origin_in(region, "/FlowLogs"))
}

fn endpoint_services(endpoints: &Endpoints<'_>, region: &str, id: &str) -> Fact<List<String>> {
    let here = endpoints.in_region(region).map(|element| element.item);
    let available = here.filter(|endpoint| {
        let state = endpoint.state.as_deref();
        endpoint.vpc_id.as_deref() == Some(id) && state.is_some_and(|state| state.eq_ignore_ascii_case("available"))
    });
    let infix = format!("com.amazonaws.{region}.");
    let mut services: Vec<String> = available
        .filter_map(|endpoint| endpoint.service_name.as_deref()?.split_once(&infix))
        .map(|(_, service)| service.to_owned())
        .collect();
    services.sort();
    services.dedup();
    let list = List { items: services, gaps: endpoints.gaps_in(region) };
    Fact::new(Observed::Present(list), endpoints.origin_in(region, "/VpcEndpoints"))
}

//! Route tables: routes to peered VPCs, and which subnets the internet can reach.

use std::collections::BTreeMap;

use super::cidr;
use super::regional::{Element, Page, Regional, arn, exists};
use crate::facts;
use crate::facts::{Fact, Gap, List, MEMBER_MISSING, Resource, UNDECIDED};
use crate::snapshot::Snapshot;
use crate::snapshot::shapes::ec2;

facts! {
    /// A route table of a VPC.
    RouteTable as "route-table" {
        /// The table's id.
        name: String => [Ec2DescribeRouteTables];
        /// Routes to peered VPCs.
        peering_routes: List<PeeringRoute> => [Ec2DescribeRouteTables];
    }

    /// A route to a peered VPC.
    PeeringRoute as "peering-route" {
        /// The destination and the connection, as in `10.1.0.0/16 over pcx-1`.
        name: String => [Ec2DescribeRouteTables];
        /// True when the route leads everywhere, or to a whole address block of the peer.
        is_broad: bool => [Ec2DescribeRouteTables, Ec2DescribeVpcPeeringConnections];
    }
}

/// The route tables of every Region.
pub(super) type Tables<'a> = Regional<'a, ec2::DescribeRouteTables, ec2::RouteTable>;
type Table<'s, 'a> = Element<'s, 'a, ec2::DescribeRouteTables, ec2::RouteTable>;
type Peerings<'a> = Regional<'a, ec2::DescribeVpcPeeringConnections, ec2::VpcPeeringConnection>;

/// Reads the route tables.
pub(super) fn tables(snapshot: &Snapshot) -> Tables<'_> {
    Regional::read(snapshot, |answer: &ec2::DescribeRouteTables| {
        Page::of(answer.route_tables.as_ref(), answer.next_token.as_ref())
    })
}

/// Builds the route tables.
pub(super) fn build(snapshot: &Snapshot, tables: &Tables<'_>) -> List<Resource<RouteTable>> {
    let peerings = Regional::read(snapshot, |answer: &ec2::DescribeVpcPeeringConnections| {
        Page::of(answer.vpc_peering_connections.as_ref(), answer.next_token.as_ref())
    });
    tables.resources(|element| {
        let table = element.item;
        let id = table.route_table_id.as_deref()?;
        let routes = table.routes.as_ref().map(|routes| {
            let routes = routes.iter().filter_map(|route| peering_route(element, route, &peerings));
            List::whole(routes.collect())
        });
        let facts = RouteTable {
            name: element.required("/RouteTables/*/RouteTableId", Some(id.to_owned())),
            peering_routes: element.required("/RouteTables/*/Routes", routes),
        };
        let region = element.region();
        let arn = arn(snapshot, "ec2", region, table.owner_id.as_deref(), &format!("route-table/{id}"));
        Some(Resource { id: arn, region: Some(region.to_owned()), facts })
    })
}

fn peering_route(element: &Table<'_, '_>, route: &ec2::Route, peerings: &Peerings<'_>) -> Option<PeeringRoute> {
    let connection = route.vpc_peering_connection_id.as_deref()?;
    let block = route.destination_cidr_block.as_deref().or(route.destination_ipv6_cidr_block.as_deref());
    let destination = block.or(route.destination_prefix_list_id.as_deref()).unwrap_or("?");
    Some(PeeringRoute {
        name: Fact::present(format!("{destination} over {connection}"), element.origin("/RouteTables/*/Routes")),
        is_broad: is_broad(element, connection, block, peerings),
    })
}

fn is_broad(element: &Table<'_, '_>, connection: &str, block: Option<&str>, peerings: &Peerings<'_>) -> Fact<bool> {
    let origin = element.origin("/RouteTables/*/Routes");
    let undecided = |reason: String| Fact::unknown(element.gap(UNDECIDED, &reason));
    let Some(block) = block else {
        return undecided(format!("the addresses of a prefix list routed over `{connection}` are not read"));
    };
    if block.ends_with("/0") {
        return Fact::present(true, origin);
    }
    let here = element.region();
    let found = peerings
        .in_region(here)
        .find(|peering| peering.item.vpc_peering_connection_id.as_deref() == Some(connection))
        .map(|peering| peering.item);
    let Some(peering) = found else {
        return match peerings.gaps_in(here).into_iter().next() {
            Some(gap) => Fact::unknown(gap),
            None => undecided(format!("peering connection `{connection}` is not listed")),
        };
    };
    let Some(own) = element.item.vpc_id.as_deref() else {
        return Fact::unknown(element.gap(MEMBER_MISSING, "a route table has no `VpcId`"));
    };
    let sides = [&peering.requester_vpc_info, &peering.accepter_vpc_info];
    let peer = sides.into_iter().flatten().find(|side| side.vpc_id.as_deref().is_some_and(|id| id != own));
    let blocks: Vec<&str> = peer.into_iter().flat_map(blocks).collect();
    let covers: Option<Vec<bool>> = blocks.iter().map(|whole| cidr::contains(block, whole)).collect();
    match covers {
        Some(covers) if !covers.is_empty() => Fact::present(covers.contains(&true), origin),
        _ => undecided(format!("the address blocks behind `{connection}` are not known")),
    }
}

fn blocks(side: &ec2::PeeredVpc) -> impl Iterator<Item = &str> {
    let ipv4 = side.cidr_block_set.iter().flatten().filter_map(|block| block.cidr_block.as_deref());
    ipv4.chain(side.ipv6_cidr_block_set.iter().flatten().filter_map(|block| block.ipv6_cidr_block.as_deref()))
}

/// Whether one of the subnets has a route to an internet gateway: its own table's, else that of the VPC's main table.
pub(super) fn reaches_internet(tables: &Tables<'_>, region: &str, vpc: &str, subnets: &[&str]) -> Fact<bool> {
    let mut main = None;
    let mut own = BTreeMap::new();
    let may_be_of = |table: &Table<'_, '_>| table.item.vpc_id.as_deref().is_none_or(|id| id == vpc);
    for table in tables.in_region(region).filter(may_be_of) {
        if table.item.vpc_id.is_none() || table.item.routes.is_none() || table.item.associations.is_none() {
            return Fact::unknown(table.gap(MEMBER_MISSING, "a route table lacks `VpcId`, `Routes` or `Associations`"));
        }
        let opens = table.item.routes.iter().flatten().any(leads_to_internet);
        let seen = (opens, table.origin("/RouteTables/*/Routes"));
        for association in table.item.associations.iter().flatten() {
            match association.subnet_id.as_deref() {
                Some(subnet) => drop(own.insert(subnet.to_owned(), seen)),
                None if association.main == Some(true) => main = Some(seen),
                None => {}
            }
        }
    }
    let gaps = tables.gaps_in(region);
    let seen: Vec<_> = subnets.iter().map(|subnet| own.get(*subnet).copied().or(main)).collect();
    let found = seen.iter().flatten().find(|(opens, _)| *opens).map(|(_, origin)| *origin);
    // A list that goes on may hold the subnet's own table, so a route of the main table settles nothing then.
    match gaps.first() {
        Some(gap) => Fact::unknown(gap.clone()),
        None if found.is_none() && (seen.contains(&None) || seen.is_empty()) => {
            Fact::unknown(Gap::of_reason(UNDECIDED, format!("no route table of `{vpc}` in {region} is listed")))
        }
        None => exists(found, tables.origin_in(region, "/RouteTables"), &gaps),
    }
}

fn leads_to_internet(route: &ec2::Route) -> bool {
    let to_gateway = route.gateway_id.as_deref().is_some_and(|gateway| gateway.starts_with("igw-"));
    to_gateway && route.state.as_deref() != Some("blackhole")
}

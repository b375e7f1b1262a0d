//! Security groups: what they let in and out, and whether anything uses them.

use std::collections::BTreeMap;

use super::regional::{Element, Regional, arn, exists};
use super::vpc::Interfaces;
use crate::facts;
use crate::facts::{Fact, List, MEMBER_MISSING, Observed, Origin, Resource};
use crate::snapshot::Snapshot;
use crate::snapshot::shapes::ec2;

facts! {
    /// A security group of a VPC.
    SecurityGroup as "security-group" {
        /// The group's id.
        name: String => [Ec2DescribeSecurityGroups];
        /// The group's name, as in `default`.
        group_name: String => [Ec2DescribeSecurityGroups];
        /// True for the group that every VPC comes with.
        is_default: bool => [Ec2DescribeSecurityGroups];
        /// What may come in.
        ingress: List<SecurityGroupRule> => [Ec2DescribeSecurityGroups];
        /// What may go out.
        egress: List<SecurityGroupRule> => [Ec2DescribeSecurityGroups];
        /// True when at least one network interface is in the group.
        is_attached: bool => [Ec2DescribeNetworkInterfaces];
    }

    /// A rule of a security group.
    SecurityGroupRule as "security-group-rule" {
        /// The rule in words, as in `tcp 22 from 0.0.0.0/0`.
        name: String => [Ec2DescribeSecurityGroups];
        /// True for TCP, UDP and all protocols together: those that have ports.
        has_ports: bool => [Ec2DescribeSecurityGroups];
        /// The first port; absent for a protocol without ports.
        from_port: i64 => [Ec2DescribeSecurityGroups];
        /// The last port; absent for a protocol without ports.
        to_port: i64 => [Ec2DescribeSecurityGroups];
        /// True when every IPv4 address is let through.
        is_open_ipv4: bool => [Ec2DescribeSecurityGroups];
        /// True when every IPv6 address is let through.
        is_open_ipv6: bool => [Ec2DescribeSecurityGroups];
    }
}

type Groups<'s, 'a> = Element<'s, 'a, ec2::DescribeSecurityGroups, ec2::SecurityGroup>;

/// Builds the security groups.
pub(super) fn build(snapshot: &Snapshot, interfaces: &Interfaces<'_>) -> List<Resource<SecurityGroup>> {
    let listed = Regional::read(snapshot, |answer: &ec2::DescribeSecurityGroups| {
        super::regional::Page::of(answer.security_groups.as_ref(), answer.next_token.as_ref())
    });
    let attached = attached(interfaces);
    listed.resources(|element| {
        let group = element.item;
        let id = group.group_id.as_deref()?;
        let region = element.region();
        let found = attached.get(&(region.to_owned(), id.to_owned())).copied();
        let list = interfaces.origin_in(region, "/NetworkInterfaces");
        let facts = SecurityGroup {
            name: element.required("/SecurityGroups/*/GroupId", Some(id.to_owned())),
            group_name: element.required("/SecurityGroups/*/GroupName", group.group_name.clone()),
            is_default: element
                .required("/SecurityGroups/*/GroupName", group.group_name.as_ref().map(|name| name == "default")),
            ingress: rules(element, "/SecurityGroups/*/IpPermissions", "from", group.ip_permissions.as_ref()),
            egress: rules(element, "/SecurityGroups/*/IpPermissionsEgress", "to", group.ip_permissions_egress.as_ref()),
            is_attached: exists(found, list, &interfaces.gaps_in(region)),
        };
        let arn = arn(snapshot, "ec2", region, group.owner_id.as_deref(), &format!("security-group/{id}"));
        Some(Resource { id: arn, region: Some(region.to_owned()), facts })
    })
}

/// Where each group is used, by Region and id.
fn attached(interfaces: &Interfaces<'_>) -> BTreeMap<(String, String), Origin> {
    let mut attached = BTreeMap::new();
    for element in interfaces.elements() {
        for group in element.item.groups.iter().flatten().filter_map(|group| group.group_id.clone()) {
            let key = (element.region().to_owned(), group);
            attached.entry(key).or_insert_with(|| element.origin("/NetworkInterfaces/*/Groups"));
        }
    }
    attached
}

fn rules(
    element: &Groups<'_, '_>,
    pointer: &'static str,
    direction: &str,
    permissions: Option<&Vec<ec2::IpPermission>>,
) -> Fact<List<SecurityGroupRule>> {
    let list = permissions.map(|all| List {
        items: all.iter().flat_map(|one| of_permission(element, pointer, direction, one)).collect(),
        gaps: (!all.iter().all(names_peers))
            .then(|| element.gap(MEMBER_MISSING, "a permission lacks a list of those whom it lets through"))
            .into_iter()
            .collect(),
    });
    element.required(pointer, list)
}

/// EC2 sends each list of peers, empty ones too.
fn names_peers(permission: &ec2::IpPermission) -> bool {
    permission.ip_ranges.is_some()
        && permission.ipv6_ranges.is_some()
        && permission.prefix_list_ids.is_some()
        && permission.user_id_group_pairs.is_some()
}

/// One rule for each of a permission's peers, so that a message can name the one that is open.
fn of_permission(
    element: &Groups<'_, '_>,
    pointer: &'static str,
    direction: &str,
    permission: &ec2::IpPermission,
) -> Vec<SecurityGroupRule> {
    let ipv4 = permission.ip_ranges.iter().flatten().map(|range| (range.cidr_ip.as_deref(), 4));
    let ipv6 = permission.ipv6_ranges.iter().flatten().map(|range| (range.cidr_ipv6.as_deref(), 6));
    let lists = permission.prefix_list_ids.iter().flatten().map(|list| (list.prefix_list_id.as_deref(), 0));
    let groups = permission.user_id_group_pairs.iter().flatten().map(|group| (group.group_id.as_deref(), 0));
    let peers = ipv4.chain(ipv6).chain(lists).chain(groups);
    let protocol = permission.ip_protocol.as_deref();
    // The API takes and keeps numbers for protocols other than TCP, UDP and ICMP, and -1 for all.
    let has_ports = protocol.map(|protocol| matches!(protocol, "tcp" | "udp" | "6" | "17" | "-1"));
    let (from, to) = match protocol {
        Some("-1") => (Some(0), Some(65_535)),
        _ => (permission.from_port, permission.to_port),
    };
    let port = |port: Option<i64>| match has_ports {
        Some(false) => element.optional(pointer, None),
        _ => element.required(pointer, port),
    };
    let is_open = |peer: Option<&str>, family: u8, open: u8| {
        element.required(pointer, peer.map(|peer| family == open && peer.ends_with("/0")))
    };
    let rule = |(peer, family): (Option<&str>, u8)| SecurityGroupRule {
        name: Fact::new(Observed::Present(words(permission, direction, peer)), element.origin(pointer)),
        has_ports: element.required(pointer, has_ports),
        from_port: port(from),
        to_port: port(to),
        is_open_ipv4: is_open(peer, family, 4),
        is_open_ipv6: is_open(peer, family, 6),
    };
    peers.map(rule).collect()
}

fn words(permission: &ec2::IpPermission, direction: &str, peer: Option<&str>) -> String {
    let protocol = match permission.ip_protocol.as_deref() {
        Some("-1") => "all traffic",
        Some(protocol) => protocol,
        None => "?",
    };
    let ports = match (permission.from_port, permission.to_port) {
        (Some(from), Some(to)) if from == to => format!(" {from}"),
        (Some(from), Some(to)) => format!(" {from}-{to}"),
        _ => String::new(),
    };
    format!("{protocol}{ports} {direction} {}", peer.unwrap_or("?"))
}

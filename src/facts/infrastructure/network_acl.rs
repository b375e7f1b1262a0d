//! Network ACLs: what they let in from everywhere once the entries before have had their say.

use super::cidr;
use super::regional::{Element, Page, Regional, arn};
use crate::facts;
use crate::facts::{Fact, List, MEMBER_MISSING, Resource};
use crate::snapshot::Snapshot;
use crate::snapshot::shapes::ec2;

facts! {
    /// A network ACL of a VPC.
    NetworkAcl as "network-acl" {
        /// The ACL's id.
        name: String => [Ec2DescribeNetworkAcls];
        /// True for the ACL that every VPC comes with.
        is_default: bool => [Ec2DescribeNetworkAcls];
        /// Ports that every address reaches, after entries that deny them to everybody.
        open_ingress: List<OpenPorts> => [Ec2DescribeNetworkAcls];
    }

    /// Ports that an entry opens to every address.
    OpenPorts as "open-ports" {
        /// The ports in words, as in `tcp 22-22 from 0.0.0.0/0 by rule 100`.
        name: String => [Ec2DescribeNetworkAcls];
        /// The first port.
        from_port: i64 => [Ec2DescribeNetworkAcls];
        /// The last port.
        to_port: i64 => [Ec2DescribeNetworkAcls];
    }
}

const MAX_PORT: i64 = 65_535;
type Acls<'s, 'a> = Element<'s, 'a, ec2::DescribeNetworkAcls, ec2::NetworkAcl>;

/// Builds the network ACLs.
pub(super) fn build(snapshot: &Snapshot) -> List<Resource<NetworkAcl>> {
    let listed = Regional::read(snapshot, |answer: &ec2::DescribeNetworkAcls| {
        Page::of(answer.network_acls.as_ref(), answer.next_token.as_ref())
    });
    listed.resources(|element| {
        let acl = element.item;
        let id = acl.network_acl_id.as_deref()?;
        let facts = NetworkAcl {
            name: element.required("/NetworkAcls/*/NetworkAclId", Some(id.to_owned())),
            is_default: element.required("/NetworkAcls/*/IsDefault", acl.is_default),
            open_ingress: element
                .required("/NetworkAcls/*/Entries", acl.entries.as_ref().map(|entries| open(element, entries))),
        };
        let region = element.region();
        let arn = arn(snapshot, "ec2", region, acl.owner_id.as_deref(), &format!("network-acl/{id}"));
        Some(Resource { id: arn, region: Some(region.to_owned()), facts })
    })
}

/// An entry that speaks of every address of a family.
struct Entry<'a> {
    number: i64,
    allows: bool,
    cidr: &'a str,
    tcp: bool,
    udp: bool,
    from: i64,
    to: i64,
}

fn open(element: &Acls<'_, '_>, entries: &[ec2::NetworkAclEntry]) -> List<OpenPorts> {
    let mut gaps = Vec::new();
    let mut world: Vec<Entry<'_>> = Vec::new();
    for entry in entries.iter().filter(|entry| entry.egress != Some(true)) {
        match of_world(entry) {
            Ok(found) => world.extend(found),
            Err(what) => gaps.push(element.gap(MEMBER_MISSING, &format!("an entry of a network ACL has no `{what}`"))),
        }
    }
    world.sort_by_key(|entry| entry.number);
    let mut items = Vec::new();
    for (protocol, has) in [("tcp", (|e| e.tcp) as fn(&Entry<'_>) -> bool), ("udp", |e| e.udp)] {
        for is_ipv6 in [false, true] {
            let family = world.iter().filter(|entry| has(entry) && cidr::is_ipv6(entry.cidr) == is_ipv6);
            let mut denied: Vec<(i64, i64)> = Vec::new();
            for entry in family {
                if !entry.allows {
                    denied.push((entry.from, entry.to));
                    continue;
                }
                items.extend(without((entry.from, entry.to), &denied).into_iter().map(|(from, to)| {
                    let origin = element.origin("/NetworkAcls/*/Entries");
                    let name = format!("{protocol} {from}-{to} from {} by rule {}", entry.cidr, entry.number);
                    OpenPorts {
                        name: Fact::present(name, origin),
                        from_port: Fact::present(from, origin),
                        to_port: Fact::present(to, origin),
                    }
                }));
            }
        }
    }
    List { items, gaps }
}

/// The entry, when it speaks of every address and of TCP or UDP; the error names a member that is missing.
fn of_world(entry: &ec2::NetworkAclEntry) -> Result<Option<Entry<'_>>, &'static str> {
    entry.egress.ok_or("Egress")?;
    let cidr = entry.cidr_block.as_deref().or(entry.ipv6_cidr_block.as_deref()).ok_or("CidrBlock")?;
    if !cidr.ends_with("/0") {
        return Ok(None);
    }
    let protocol = entry.protocol.as_deref().ok_or("Protocol")?;
    let (tcp, udp) = match protocol {
        "-1" => (true, true),
        "6" | "tcp" => (true, false),
        "17" | "udp" => (false, true),
        _ => return Ok(None),
    };
    // Without a range the entry speaks of every port, as it must when it speaks of every protocol.
    let range = entry.port_range.as_ref().filter(|_| protocol != "-1");
    Ok(Some(Entry {
        number: entry.rule_number.ok_or("RuleNumber")?,
        allows: entry.rule_action.as_deref().ok_or("RuleAction")? == "allow",
        cidr,
        tcp,
        udp,
        from: range.map_or(Ok(0), |range| range.from.ok_or("From"))?,
        to: range.map_or(Ok(MAX_PORT), |range| range.to.ok_or("To"))?,
    }))
}

/// What is left of a range of ports.
fn without(range: (i64, i64), denied: &[(i64, i64)]) -> Vec<(i64, i64)> {
    denied.iter().fold(vec![range], |left, (from, to)| {
        let cut = |(start, end): (i64, i64)| [(start, end.min(from - 1)), (start.max(to + 1), end)];
        left.into_iter().flat_map(cut).filter(|(start, end)| start <= end).collect()
    })
}

#[cfg(test)]
mod tests {
    use super::without;

    #[test]
    fn denied_ports_are_cut_out_of_a_range() {
        assert_eq!(without((0, 65_535), &[(22, 22), (3389, 3389)]), [(0, 21), (23, 3388), (3390, 65_535)]);
        assert_eq!(without((20, 25), &[(0, 100)]), []);
        assert_eq!(without((20, 25), &[(26, 30), (1, 19)]), [(20, 25)]);
        assert_eq!(without((20, 25), &[(20, 21), (25, 25)]), [(22, 24)]);
    }
}

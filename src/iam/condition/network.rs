//! Address ranges.

use std::net::IpAddr;

/// A range of IPv4 or IPv6 addresses in CIDR form; an address alone is a range of one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Network {
    address: IpAddr,
    prefix: u32,
}

impl Network {
    /// Reads `203.0.113.0/24`, `2001:db8::/32` or an address.
    pub fn parse(text: &str) -> Option<Self> {
        let (address, prefix) = match text.split_once('/') {
            Some((address, prefix)) => (address, Some(prefix)),
            None => (text, None),
        };
        let address: IpAddr = address.trim().parse().ok()?;
        let width = if address.is_ipv4() { 32 } else { 128 };
        let prefix = match prefix {
            Some(digits) => digits.parse().ok().filter(|prefix| *prefix <= width)?,
            None => width,
        };
        Some(Self { address, prefix })
    }

    /// True for ranges that AWS takes for the whole Internet: broader than /8 in IPv4 and /32 in IPv6.
    pub fn is_broad(&self) -> bool {
        self.prefix < if self.address.is_ipv4() { 8 } else { 32 }
    }

    /// True when every address of the other range is in this one. IPv4 and IPv6 never mix.
    pub fn contains(&self, inner: &Self) -> bool {
        let same = |left: u128, right: u128, width: u32| {
            let shift = width - self.prefix;
            shift >= 128 || left >> shift == right >> shift
        };
        self.prefix <= inner.prefix
            && match (self.address, inner.address) {
                (IpAddr::V4(left), IpAddr::V4(right)) => same(u32::from(left).into(), u32::from(right).into(), 32),
                (IpAddr::V6(left), IpAddr::V6(right)) => same(left.into(), right.into(), 128),
                _ => false,
            }
    }
}

#[cfg(test)]
mod tests {
    use super::Network;

    #[test]
    fn ranges_contain_what_shares_their_prefix() {
        let contains =
            |outer: &str, inner: &str| Network::parse(outer).unwrap().contains(&Network::parse(inner).unwrap());
        assert!(contains("0.0.0.0/0", "8.8.8.8"));
        assert!(contains("::/0", "2001:db8::1"));
        assert!(!contains("0.0.0.0/0", "::1"));
        assert!(contains("203.0.113.64/26", "203.0.113.127"));
        assert!(!contains("203.0.113.64/26", "203.0.113.128"));
        assert!(!contains("10.0.0.0/16", "10.0.0.0/8"));
        assert_eq!(Network::parse("10.0.0.0/33"), None);
        assert_eq!(Network::parse("example.com"), None);
    }
}

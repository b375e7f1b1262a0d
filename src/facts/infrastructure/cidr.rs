//! Blocks of IP addresses, as far as routes are compared.

use std::net::IpAddr;

/// True for a block of IPv6 addresses.
pub(super) fn is_ipv6(block: &str) -> bool {
    block.contains(':')
}

/// True when every address of `inner` is in `outer`; `None` when either is no block.
pub(super) fn contains(outer: &str, inner: &str) -> Option<bool> {
    let (outer, inner) = (parse(outer)?, parse(inner)?);
    let width = if outer.is_ipv6 { 128 } else { 32 };
    let shift = |bits: u128| if outer.length == 0 { 0 } else { bits >> (width - outer.length) };
    Some(outer.is_ipv6 == inner.is_ipv6 && outer.length <= inner.length && shift(outer.bits) == shift(inner.bits))
}

struct Block {
    is_ipv6: bool,
    bits: u128,
    length: u32,
}

fn parse(block: &str) -> Option<Block> {
    let (address, length) = block.split_once('/')?;
    let length: u32 = length.parse().ok()?;
    let (is_ipv6, bits, width) = match address.parse().ok()? {
        IpAddr::V4(address) => (false, u128::from(address.to_bits()), 32),
        IpAddr::V6(address) => (true, address.to_bits(), 128),
    };
    (length <= width).then_some(Block { is_ipv6, bits, length })
}

#[cfg(test)]
mod tests {
    use super::contains;

    #[test]
    fn a_block_contains_itself_and_its_parts() {
        assert_eq!(contains("10.0.0.0/8", "10.1.0.0/16"), Some(true));
        assert_eq!(contains("10.1.0.0/16", "10.1.0.0/16"), Some(true));
        assert_eq!(contains("10.1.0.0/16", "10.0.0.0/8"), Some(false));
        assert_eq!(contains("10.1.0.0/16", "10.2.0.0/24"), Some(false));
        assert_eq!(contains("0.0.0.0/0", "10.2.0.0/24"), Some(true));
        assert_eq!(contains("::/0", "2001:db8::/56"), Some(true));
        assert_eq!(contains("2001:db8::/32", "2001:db8:1::/48"), Some(true));
        assert_eq!(contains("0.0.0.0/0", "2001:db8::/56"), Some(false));
    }

    #[test]
    fn what_is_no_block_is_not_compared() {
        for bad in ["", "10.0.0.0", "10.0.0.0/33", "10.0.0/8", "::/129", "x/0"] {
            assert_eq!(contains(bad, "10.0.0.0/8"), None, "{bad}");
            assert_eq!(contains("10.0.0.0/8", bad), None, "{bad}");
        }
    }
}

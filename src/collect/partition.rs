//! Partitions: which Region answers for a partition's global services, and which Regions it always has.
//!
//! From botocore's `partitions.json` (`implicitGlobalRegion`) and AWS's list of Regions that are enabled by default.

use super::CollectError;

struct Partition {
    name: &'static str,
    prefixes: &'static [&'static str],
    leader: &'static str,
    suffixes: Suffixes,
    always_enabled: &'static [&'static str],
}

/// What a partition's host names end in.
#[derive(Debug, Clone, Copy)]
pub(super) struct Suffixes {
    pub(super) plain: &'static str,
    /// For hosts that have IPv4 and IPv6 addresses; `None` where there are none.
    pub(super) dual_stack: Option<&'static str>,
}

const fn suffixed(plain: &'static str, dual_stack: &'static str) -> Suffixes {
    Suffixes { plain, dual_stack: Some(dual_stack) }
}

const PARTITIONS: &[Partition] = &[
    Partition {
        name: "aws-cn",
        prefixes: &["cn-"],
        leader: "cn-northwest-1",
        suffixes: suffixed("amazonaws.com.cn", "api.amazonwebservices.com.cn"),
        always_enabled: &["cn-north-1", "cn-northwest-1"],
    },
    Partition {
        name: "aws-us-gov",
        prefixes: &["us-gov-"],
        leader: "us-gov-west-1",
        suffixes: suffixed("amazonaws.com", "api.aws"),
        always_enabled: &["us-gov-east-1", "us-gov-west-1"],
    },
    Partition {
        name: "aws-iso",
        prefixes: &["us-iso-"],
        leader: "us-iso-east-1",
        suffixes: suffixed("c2s.ic.gov", "api.aws.ic.gov"),
        always_enabled: &["us-iso-east-1"],
    },
    Partition {
        name: "aws-iso-b",
        prefixes: &["us-isob-"],
        leader: "us-isob-east-1",
        suffixes: suffixed("sc2s.sgov.gov", "api.aws.scloud"),
        always_enabled: &["us-isob-east-1"],
    },
    Partition {
        name: "aws-eusc",
        prefixes: &["eusc-"],
        leader: "eusc-de-east-1",
        suffixes: suffixed("amazonaws.eu", "api.amazonwebservices.eu"),
        always_enabled: &["eusc-de-east-1"],
    },
    Partition {
        name: "aws-iso-e",
        prefixes: &["eu-isoe-"],
        leader: "eu-isoe-west-1",
        suffixes: suffixed("cloud.adc-e.uk", "api.cloud-aws.adc-e.uk"),
        always_enabled: &["eu-isoe-west-1"],
    },
    Partition {
        name: "aws-iso-f",
        prefixes: &["us-isof-"],
        leader: "us-isof-south-1",
        suffixes: suffixed("csp.hci.ic.gov", "api.aws.hci.ic.gov"),
        always_enabled: &["us-isof-south-1"],
    },
    COMMERCIAL,
];

const COMMERCIAL: Partition = Partition {
    name: "aws",
    prefixes: &[],
    leader: "us-east-1",
    suffixes: suffixed("amazonaws.com", "api.aws"),
    // https://docs.aws.amazon.com/accounts/latest/reference/manage-acct-regions.html: these cannot be disabled.
    always_enabled: &[
        "ap-northeast-1",
        "ap-northeast-2",
        "ap-northeast-3",
        "ap-south-1",
        "ap-southeast-1",
        "ap-southeast-2",
        "ca-central-1",
        "eu-central-1",
        "eu-north-1",
        "eu-west-1",
        "eu-west-2",
        "eu-west-3",
        "sa-east-1",
        "us-east-1",
        "us-east-2",
        "us-west-1",
        "us-west-2",
    ],
};

fn named(name: &str) -> &'static Partition {
    PARTITIONS.iter().find(|partition| partition.name == name).unwrap_or(&COMMERCIAL)
}

/// The partition that a Region belongs to, by its name.
pub(super) fn of_region(region: &str) -> &'static str {
    PARTITIONS
        .iter()
        .find(|partition| partition.prefixes.iter().any(|prefix| region.starts_with(prefix)))
        .map_or(COMMERCIAL.name, |partition| partition.name)
}

/// The Region that answers for a partition's global services.
pub(super) fn leader(partition: &str) -> &'static str {
    named(partition).leader
}

/// What a partition's host names end in.
pub(super) fn suffixes(partition: &str) -> Suffixes {
    named(partition).suffixes
}

/// The Regions that every account of a partition has.
pub(super) fn always_enabled(partition: &str) -> &'static [&'static str] {
    named(partition).always_enabled
}

/// Refuses names that cannot be Regions, before they become part of a host name.
pub(super) fn validate_regions(regions: &[String]) -> Result<(), CollectError> {
    match regions.iter().find(|region| !is_region(region)) {
        Some(bad) => Err(CollectError::Region(bad.clone())),
        None => Ok(()),
    }
}

pub(super) fn is_region(name: &str) -> bool {
    let parts: Vec<&str> = name.split('-').collect();
    let [words @ .., number] = parts.as_slice() else { return false };
    let is_word = |word: &&str| !word.is_empty() && word.bytes().all(|byte| byte.is_ascii_lowercase());
    (2..=4).contains(&words.len())
        && words.iter().all(is_word)
        && (1..=2).contains(&number.len())
        && number.bytes().all(|byte| byte.is_ascii_digit())
        && name.len() <= 30
}

#[cfg(test)]
mod tests {
    use super::{PARTITIONS, is_region, leader, of_region};

    #[test]
    fn every_partition_leads_from_one_of_its_own_regions() {
        for partition in PARTITIONS {
            assert!(partition.always_enabled.contains(&partition.leader));
            assert!(
                partition.always_enabled.iter().all(|region| is_region(region) && of_region(region) == partition.name)
            );
        }
    }

    #[test]
    fn a_partition_that_nobody_knows_yet_is_asked_like_the_commercial_one() {
        assert_eq!(leader("aws-moon"), "us-east-1");
        assert_eq!(leader("aws-us-gov"), "us-gov-west-1");
    }

    #[test]
    fn names_that_could_leave_the_host_name_are_no_regions() {
        for bad in [
            "",
            "us-east",
            "us-east-1.evil.example",
            "us/east-1",
            "US-EAST-1",
            "us-east-1a",
            "-1",
            "us--1",
            "us-east-123",
        ] {
            assert!(!is_region(bad), "{bad}");
        }
        for good in ["us-east-1", "us-gov-west-1", "ap-southeast-7", "eusc-de-east-1", "us-isob-east-1"] {
            assert!(is_region(good), "{good}");
        }
    }
}

//! Partitions: separate copies of AWS, each with a Region that answers for its global services.

/// The Region that answers for a partition's global services; as in botocore's `partitions.json`, `implicitGlobalRegion`.
pub fn leader_region(partition: &str) -> &'static str {
    match partition {
        "aws-cn" => "cn-northwest-1",
        "aws-eusc" => "eusc-de-east-1",
        "aws-iso" => "us-iso-east-1",
        "aws-iso-b" => "us-isob-east-1",
        "aws-iso-e" => "eu-isoe-west-1",
        "aws-iso-f" => "us-isof-south-1",
        "aws-us-gov" => "us-gov-west-1",
        _ => "us-east-1",
    }
}

/// Whether a text can be a Region's name, as in `eu-west-1`.
pub fn is_region(text: &str) -> bool {
    let parts: Vec<&str> = text.split('-').collect();
    let Some((number, words)) = parts.split_last() else { return false };
    let is_word = |word: &&str| !word.is_empty() && word.bytes().all(|byte| byte.is_ascii_lowercase());
    (2..=4).contains(&words.len())
        && words.iter().all(is_word)
        && (1..=2).contains(&number.len())
        && number.bytes().all(|byte| byte.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use super::{is_region, leader_region};

    #[test]
    fn regions_are_told_from_other_text() {
        for region in ["us-east-1", "ap-southeast-7", "us-gov-west-1", "eusc-de-east-1", "us-isob-east-1"] {
            assert!(is_region(region), "{region}");
        }
        for other in
            ["", "us", "us-east", "useast1", "US-EAST-1", "us-east-1a", "us-east-111", "../us-east-1", "a-b.c-1"]
        {
            assert!(!is_region(other), "{other}");
        }
    }

    #[test]
    fn every_leader_is_a_region() {
        for partition in ["aws", "aws-cn", "aws-us-gov", "aws-eusc", "aws-iso", "aws-iso-b", "aws-iso-e", "aws-iso-f"] {
            assert!(is_region(leader_region(partition)), "{partition}");
        }
    }
}

//! File names of a folder of answers: `<service>/<operation-in-kebab-case>[@<region>][~<n>].json`, or `.err`.

use crate::snapshot::Operation;
use crate::snapshot::partition::is_region;

/// What a file holds, by its ending.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Kind {
    /// `.json`: an answer, or an observation with its request.
    Answer,
    /// `.err`: what the AWS CLI said instead of answering.
    Refusal,
}

/// A file name that says what the file is.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Name<'a> {
    pub(super) operation: Operation,
    pub(super) region: Option<&'a str>,
    pub(super) kind: Kind,
    /// The name without its ending: an answer and a refusal of one call share it.
    pub(super) stem: &'a str,
}

/// Why a file name cannot be used.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Unusable {
    /// It names nothing that `posture` reads; it may stay where it is.
    NotRead(&'static str),
    /// It names an operation that `posture` reads, and then something impossible.
    Wrong(String),
}

/// Understands one file name of a service's folder.
pub(super) fn parse<'a>(service: &str, file: &'a str) -> Result<Name<'a>, Unusable> {
    let (stem, kind) = match file.rsplit_once('.') {
        Some((stem, "json")) => (stem, Kind::Answer),
        Some((stem, "err")) => (stem, Kind::Refusal),
        _ => return Err(Unusable::NotRead("its name ends in neither `.json` nor `.err`")),
    };
    let (call, number) = stem.split_once('~').map_or((stem, None), |(call, number)| (call, Some(number)));
    let (command, region) = call.split_once('@').map_or((call, None), |(command, region)| (command, Some(region)));
    let Some(operation) = find(service, command) else {
        return Err(Unusable::NotRead("posture reads no such operation"));
    };
    if let Some(number) = number
        && !((1..=9).contains(&number.len()) && number.bytes().all(|byte| byte.is_ascii_digit()))
    {
        return Err(Unusable::Wrong(format!("`~{}` is not a number", number.escape_debug())));
    }
    if let Some(region) = region
        && !is_region(region)
    {
        return Err(Unusable::Wrong(format!("`{}` is not the name of a Region", region.escape_debug())));
    }
    Ok(Name { operation, region, kind, stem })
}

fn find(service: &str, command: &str) -> Option<Operation> {
    Operation::ALL.iter().copied().find(|operation| {
        let spec = operation.spec();
        spec.service == service && operation.command() == command
    })
}

impl Operation {
    /// The operation as the AWS CLI spells its command: `ListVirtualMFADevices` is `list-virtual-mfa-devices`.
    pub fn command(self) -> String {
        kebab_case(self.spec().name)
    }
}

fn kebab_case(name: &str) -> String {
    let letters: Vec<char> = name.chars().collect();
    let mut command = String::with_capacity(name.len() + 8);
    for (index, letter) in letters.iter().enumerate() {
        let before = index.checked_sub(1).and_then(|before| letters.get(before));
        let ends_acronym = letters.get(index + 1).is_some_and(char::is_ascii_lowercase);
        let starts_word =
            letter.is_ascii_uppercase() && before.is_some_and(|before| !before.is_ascii_uppercase() || ends_acronym);
        if starts_word {
            command.push('-');
        }
        command.push(letter.to_ascii_lowercase());
    }
    command
}

#[cfg(test)]
mod tests {
    use super::{Kind, Unusable, kebab_case, parse};
    use crate::snapshot::Operation;

    #[test]
    fn operations_are_spelled_as_the_aws_cli_spells_its_commands() {
        for (name, command) in [
            ("GetAccountSummary", "get-account-summary"),
            ("ListVirtualMFADevices", "list-virtual-mfa-devices"),
            ("DescribeKey", "describe-key"),
            ("GetEC2InstanceRecommendations", "get-ec2-instance-recommendations"),
            ("ListSAMLProviders", "list-saml-providers"),
            ("GetCallerIdentity", "get-caller-identity"),
        ] {
            assert_eq!(kebab_case(name), command);
        }
    }

    #[test]
    fn every_operation_is_found_by_its_own_file_name() {
        for operation in Operation::ALL {
            let spec = operation.spec();
            let file = format!("{}@eu-west-1~12.err", operation.command());
            let name = parse(spec.service, &file).unwrap();
            assert_eq!((name.operation, name.region, name.kind), (*operation, Some("eu-west-1"), Kind::Refusal));
        }
    }

    #[test]
    fn names_that_posture_does_not_know_are_told_from_wrong_ones() {
        for other in ["notes.txt", "get-account-summary", "list-buckets.json", "GetAccountSummary.json", ".json"] {
            assert!(matches!(parse("iam", other), Err(Unusable::NotRead(_))), "{other}");
        }
        for wrong in [
            "get-account-summary@.json",
            "get-account-summary@us east 1.json",
            "get-account-summary~.json",
            "get-account-summary~x.json",
            "get-account-summary@us-east-1~1~2.json",
            "get-account-summary~1@us-east-1.json",
        ] {
            assert!(matches!(parse("iam", wrong), Err(Unusable::Wrong(_))), "{wrong}");
        }
    }
}

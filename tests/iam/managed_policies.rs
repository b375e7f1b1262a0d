//! Every policy that AWS itself publishes is read, printed and read again.

use crate::support::json_lines;
use posture::iam::lint::{Level, lint};
use posture::iam::{Policy, grammar};

#[test]
fn every_managed_policy_parses_and_printing_it_is_the_identity() {
    let rows = json_lines("managed-policies/aws-managed-policies.jsonl.gz");
    assert_eq!(rows.len(), 810);
    for row in rows {
        let name = row["name"].as_str().unwrap();
        let policy = Policy::from_value(&row["document"]).unwrap_or_else(|error| panic!("{name}: {error}"));
        let printed = policy.to_string();
        let again: Policy = printed.parse().unwrap();
        assert_eq!(again, policy, "{name}");
        assert_eq!(again.to_string(), printed, "{name}");
        assert!(!policy.statements.is_empty(), "{name}");
    }
}

#[test]
fn iam_would_take_every_managed_policy() {
    for row in json_lines("managed-policies/aws-managed-policies.jsonl.gz") {
        let policy = Policy::from_value(&row["document"]).unwrap();
        assert_eq!(grammar::refusals(&policy), [], "{}", row["name"]);
    }
}

#[test]
fn no_managed_policy_lints_as_malformed() {
    for row in json_lines("managed-policies/aws-managed-policies.jsonl.gz") {
        let policy = Policy::from_value(&row["document"]).unwrap();
        let malformed = lint(&policy).into_iter().filter(|lint| lint.level == Level::Malformed);
        assert_eq!(malformed.collect::<Vec<_>>(), [], "{}", row["name"]);
    }
}

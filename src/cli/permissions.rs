//! `posture permissions`: the least IAM policy that a scan needs.

use std::collections::BTreeSet;

use serde_json::json;

use super::ruleset::Selection;
use crate::error::{EXIT_CLEAN, Error};
use crate::rule::Rule;
use crate::snapshot::{Gathered, Operation, plan};

/// Options of `posture permissions`.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  posture permissions > posture-policy.json
  aws iam create-policy --policy-name posture --policy-document file://posture-policy.json
  posture permissions --rule root-mfa-enabled")]
pub(super) struct Args {
    #[command(flatten)]
    selection: Selection,
}

/// Runs the command.
pub(super) fn run(args: &Args) -> Result<u8, Error> {
    let (rules, _) = args.selection.load()?;
    let mut text = serde_json::to_string_pretty(&policy(&rules))
        .map_err(|error| Error::other(format!("the policy cannot be printed: {error}"), "report this as a bug"))?;
    text.push('\n');
    super::print(text.as_bytes())?;
    Ok(EXIT_CLEAN)
}

/// Operations that a live scan for these rules calls: what they read with what that depends on, who is asked, and which
/// Regions there are.
pub(super) fn operations(rules: &[Rule]) -> BTreeSet<Operation> {
    let always = [Operation::StsGetCallerIdentity, Operation::AccountListRegions];
    let read = rules.iter().flat_map(|rule| rule.operations.iter().copied()).chain(always);
    let wanted = read.filter(|operation| operation.spec().gathered == Gathered::Live).collect();
    plan::complete(&wanted)
}

fn policy(rules: &[Rule]) -> serde_json::Value {
    let actions: BTreeSet<&str> =
        operations(rules).into_iter().flat_map(|operation| operation.spec().actions.iter().copied()).collect();
    json!({
        "Version": "2012-10-17",
        "Statement": [{ "Sid": "PostureReadOnly", "Effect": "Allow", "Action": actions, "Resource": "*" }],
    })
}

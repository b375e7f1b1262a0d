//! `posture permissions`: the least IAM policy that a scan needs, and the trust policy for a workflow on GitHub.

use std::collections::BTreeSet;

use serde_json::json;

use super::github::{Job, Repository};
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
  posture permissions --rule root-mfa-enabled
  posture permissions --github OWNER/REPO --account 123456789012 > trust.json
  posture permissions --github \"$(gh api repos/OWNER/REPO/actions/oidc/customization/sub --jq .sub_claim_prefix)\"
  aws iam create-role --role-name posture --assume-role-policy-document file://trust.json")]
pub(super) struct Args {
    #[command(flatten)]
    selection: Selection,
    /// Print the trust policy for workflows of this repository instead: OWNER/REPO, or OWNER@ID/REPO@ID
    #[arg(long, value_name = "OWNER/REPO", value_parser = Repository::parse, help_heading = "Trust policy")]
    github: Option<Repository>,
    /// The account that holds the role, twelve digits
    #[arg(long, value_name = "ID", requires = "github", value_parser = parse_account, help_heading = "Trust policy")]
    account: Option<String>,
    /// The branch whose jobs may assume the role
    #[arg(long, value_name = "NAME", requires = "github", default_value = "main", value_parser = Job::parse_name,
        help_heading = "Trust policy")]
    branch: String,
    /// The environment whose jobs may assume the role, instead of a branch
    #[arg(long, value_name = "NAME", requires = "github", conflicts_with = "branch", value_parser = Job::parse_name,
        help_heading = "Trust policy")]
    environment: Option<String>,
}

fn parse_account(text: &str) -> Result<String, String> {
    let is_account = text.len() == 12 && text.bytes().all(|byte| byte.is_ascii_digit());
    if is_account { Ok(text.to_owned()) } else { Err("an account has twelve digits".to_owned()) }
}

/// Runs the command.
pub(super) fn run(args: &Args) -> Result<u8, Error> {
    let document = match &args.github {
        Some(repository) => trust_policy(args, repository),
        None => policy(&args.selection.load()?.0),
    };
    let mut text = serde_json::to_string_pretty(&document)
        .map_err(|error| Error::other(format!("the policy cannot be printed: {error}"), "report this as a bug"))?;
    text.push('\n');
    super::print(text.as_bytes())?;
    Ok(EXIT_CLEAN)
}

fn trust_policy(args: &Args, repository: &Repository) -> serde_json::Value {
    if args.account.is_none() {
        super::note("note: replace ACCOUNT_ID by the account that holds the role, or pass --account");
    }
    if !repository.is_exact() {
        super::note(
            "note: the subject's second form stands with wildcards for its numbers; `gh api \
             repos/OWNER/REPO/actions/oidc/customization/sub` tells them, and OWNER@ID/REPO@ID takes them",
        );
    }
    let job = args.environment.clone().map_or_else(|| Job::Branch(args.branch.clone()), Job::Environment);
    repository.trust_policy(args.account.as_deref().unwrap_or("ACCOUNT_ID"), &job)
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

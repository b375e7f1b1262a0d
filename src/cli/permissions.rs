//! `posture permissions`: the least IAM policy that a scan needs, and the trust policy for a workflow on GitHub.

use std::collections::BTreeSet;

use serde_json::json;

use super::github::{Job, Repository};
use super::members::{self, DEFAULT_ROLE, external_id, role_arn, role_name};
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
  posture permissions --allow-paid-calls                for scans that may cost something
  posture permissions --github OWNER/REPO --account 123456789012 > trust.json
  posture permissions --github \"$(gh api repos/OWNER/REPO/actions/oidc/customization/sub --jq .sub_claim_prefix)\"
  posture permissions --organization > scanner-policy.json          for whoever scans all accounts
  posture permissions --member-role arn:aws:iam::123456789012:role/scanner > member-role.json   the role in each account
  aws iam create-role --role-name posture --assume-role-policy-document file://trust.json")]
pub(super) struct Args {
    #[command(flatten)]
    selection: Selection,
    /// Allow the calls that AWS bills too, for scans with `--allow-paid-calls`
    #[arg(long, conflicts_with = "github")]
    allow_paid_calls: bool,
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
    /// Print the policy for whoever scans every account of the organization instead
    #[arg(long, conflicts_with = "github", help_heading = "Organization")]
    organization: bool,
    /// Print the role that every account needs instead, as a CloudFormation template for a stack set: the ARN of the user
    /// or role that may assume it, which is whoever scans, or the last `--via-role`
    #[arg(long, value_name = "ARN", conflicts_with_all = ["github", "organization"], value_parser = principal,
        help_heading = "Organization")]
    member_role: Option<String>,
    /// The role's name in each account, with its path if it has one
    #[arg(long, value_name = "NAME", default_value = DEFAULT_ROLE, value_parser = role_name, help_heading = "Organization")]
    role_name: String,
    /// The external id that whoever assumes the role must tell
    #[arg(long, value_name = "ID", requires = "member_role", value_parser = external_id, help_heading = "Organization")]
    external_id: Option<String>,
    /// The environment whose jobs may assume the role, instead of a branch
    #[arg(long, value_name = "NAME", requires = "github", conflicts_with = "branch", value_parser = Job::parse_name,
        help_heading = "Trust policy")]
    environment: Option<String>,
}

fn principal(text: &str) -> Result<String, String> {
    let is_user =
        text.split_once(":user/").is_some_and(|(account, name)| role_arn(&format!("{account}:role/{name}")).is_ok());
    if is_user || role_arn(text).is_ok() {
        Ok(text.to_owned())
    } else {
        Err("write the ARN of a user or role, as in arn:aws:iam::123456789012:role/hub".to_owned())
    }
}

fn parse_account(text: &str) -> Result<String, String> {
    let is_account = text.len() == 12 && text.bytes().all(|byte| byte.is_ascii_digit());
    if is_account { Ok(text.to_owned()) } else { Err("an account has twelve digits".to_owned()) }
}

/// Runs the command.
pub(super) fn run(args: &Args) -> Result<u8, Error> {
    let document = match &args.github {
        Some(repository) => trust_policy(args, repository),
        None => {
            let rules = args.selection.load()?.0;
            let reading = actions(&rules, args.allow_paid_calls);
            match &args.member_role {
                Some(principal) => {
                    let external_id = args.external_id.as_deref();
                    members::member_template(&args.role_name, principal, external_id, &reading)
                }
                None if args.organization => members::caller_policy(&args.role_name, &reading),
                None => policy(&reading),
            }
        }
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
/// Regions there are. Those that AWS bills are among them when `paid` is true.
pub(super) fn operations(rules: &[Rule], paid: bool) -> BTreeSet<Operation> {
    let always = [Operation::StsGetCallerIdentity, Operation::AccountListRegions];
    let read = rules.iter().flat_map(|rule| rule.operations().iter().copied()).chain(always);
    let wanted = read.filter(|operation| match operation.spec().gathered {
        Gathered::Live => true,
        Gathered::Paid => paid,
        Gathered::Alternative => false,
    });
    let wanted = wanted.collect();
    plan::complete(&wanted)
}

fn actions(rules: &[Rule], paid: bool) -> BTreeSet<&'static str> {
    operations(rules, paid).into_iter().flat_map(|operation| operation.spec().actions.iter().copied()).collect()
}

fn policy(actions: &BTreeSet<&str>) -> serde_json::Value {
    json!({
        "Version": "2012-10-17",
        "Statement": [{ "Sid": "PostureReadOnly", "Effect": "Allow", "Action": actions, "Resource": "*" }],
    })
}

//! `posture iam access`: what principals of a snapshot may do as a whole, without asking for one thing.

use std::io::{Read, Write};

use rayon::prelude::*;
use serde::Serialize;

use super::source::{Format, Source, find, print_json, print_table};
use crate::Error;
use crate::error::EXIT_CLEAN;
use crate::iam::Effect;
use crate::iam::access::{Access, BILLING_ACTIONS, BUDGET_ACTIONS, Extent};
use crate::iam::account::{Account, Principal};
use crate::iam::document::Patterns;
use crate::iam::truth::{Keys, Truth};

/// Tells what principals may do as a whole.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  posture iam access --snapshot account.json.zst          everybody, a line each
  posture iam access ann --snapshot account.json.zst      one principal, with what each statement comes to")]
pub struct Arguments {
    /// Who: an ARN, `user/NAME`, `role/NAME` or a name; everybody when left out
    #[arg(value_name = "PRINCIPAL")]
    pub principal: Option<String>,
    /// The accounts.
    #[command(flatten)]
    pub source: Source,
}

/// What a principal may do, as it is printed. Words are `yes`, `no` and `depends`.
#[derive(Debug, Serialize)]
struct Profile {
    principal: String,
    /// Full control of IAM, and so of the account.
    administrator: &'static str,
    /// Nothing but actions that read or list.
    read_only: &'static str,
    /// Nothing but setting up MFA without MFA.
    mfa_enforced: &'static str,
    /// Seeing and changing budgets.
    budgets: &'static str,
    /// Reading bills and costs.
    billing: &'static str,
    /// Services of which every action is allowed on every resource; `*` for all.
    whole_services: Vec<String>,
    /// True when service control policies that nobody told may deny some of it.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    unless_scp: bool,
    /// What each statement comes to, for one principal.
    #[serde(skip_serializing_if = "Option::is_none")]
    grants: Option<Vec<Granted>>,
}

/// What is left of a statement that allows, after denies, boundary and control policies.
#[derive(Debug, Serialize)]
struct Granted {
    statement: String,
    actions: Vec<String>,
    resources: Vec<String>,
    /// `all`, `some`, `depends` or `nothing` of it.
    extent: &'static str,
    depends_on: Keys,
}

impl Arguments {
    /// Prints the profiles. `input` stands for standard input.
    pub fn run(&self, input: &mut dyn Read, out: &mut dyn Write) -> Result<u8, Error> {
        let accounts = self.source.accounts(input)?;
        if let Some(named) = &self.principal {
            let (account, principal) = find(&accounts, named)?;
            let mut one = profile(account, principal);
            one.grants = Some(grants(account, principal));
            match self.source.format {
                Format::Json => print_json(&one, out)?,
                Format::Table => {
                    print_table(HEADER, &[row(&one)], out)?;
                    let rows: Vec<Vec<String>> = one.grants.iter().flatten().map(granted_row).collect();
                    print_table(&["STATEMENT", "ALLOWS", "ACTIONS", "RESOURCES", "DEPENDS ON"], &rows, out)?;
                }
            }
            return Ok(EXIT_CLEAN);
        }
        let all: Vec<(&Account, &Principal)> =
            accounts.iter().flat_map(|account| account.principals().iter().map(move |one| (account, one))).collect();
        let profiles: Vec<Profile> = all.par_iter().map(|(account, principal)| profile(account, principal)).collect();
        match self.source.format {
            Format::Json => print_json(&profiles, out)?,
            Format::Table => print_table(HEADER, &profiles.iter().map(row).collect::<Vec<_>>(), out)?,
        }
        Ok(EXIT_CLEAN)
    }
}

const HEADER: &[&str] =
    &["PRINCIPAL", "ADMINISTRATOR", "READ-ONLY", "MFA ENFORCED", "BUDGETS", "BILLING", "WHOLE SERVICES"];

fn row(profile: &Profile) -> Vec<String> {
    let unless = if profile.unless_scp { "\nunless an SCP denies" } else { "" };
    vec![
        format!("{}{unless}", profile.principal),
        profile.administrator.to_owned(),
        profile.read_only.to_owned(),
        profile.mfa_enforced.to_owned(),
        profile.budgets.to_owned(),
        profile.billing.to_owned(),
        profile.whole_services.join("\n"),
    ]
}

fn granted_row(granted: &Granted) -> Vec<String> {
    let depends: Vec<&str> = granted.depends_on.iter().collect();
    vec![
        granted.statement.clone(),
        granted.extent.to_owned(),
        granted.actions.join("\n"),
        granted.resources.join("\n"),
        depends.join("\n"),
    ]
}

fn profile(account: &Account, principal: &Principal) -> Profile {
    let access = Access::new(account, principal);
    let every = |actions: &[&str]| Truth::all(actions.iter().map(|action| access.can(action).truth));
    let some = |actions: &[&str]| Truth::any(actions.iter().map(|action| access.can(action).truth));
    Profile {
        principal: principal.arn.to_string(),
        administrator: word(&access.is_admin()),
        read_only: word(&access.is_read_only()),
        mfa_enforced: word(&access.mfa().enforced),
        budgets: word(&every(BUDGET_ACTIONS)),
        billing: word(&some(BILLING_ACTIONS)),
        whole_services: access.whole_services(),
        unless_scp: account.may_have_more_scps() && !principal.is_service_linked(),
        grants: None,
    }
}

fn word(truth: &Truth) -> &'static str {
    match truth {
        Truth::True => "yes",
        Truth::False => "no",
        Truth::Unknown(_) => "depends",
    }
}

fn grants(account: &Account, principal: &Principal) -> Vec<Granted> {
    let access = Access::new(account, principal);
    let identity = access.layers().first().into_iter().flat_map(|layer| &layer.grants);
    let allows = identity.filter(|grant| grant.rule.effect == Effect::Allow);
    let granted = allows.map(|grant| {
        let (extent, depends_on) = match access.extent(grant) {
            Extent::All => ("all", Keys::default()),
            Extent::Some => ("some", Keys::default()),
            Extent::Depends(keys) => ("depends", keys),
            Extent::Nothing => ("nothing", Keys::default()),
        };
        let varying = grant.rule.resources.varying.iter().map(|template| template.source().to_owned());
        Granted {
            statement: grant.name().to_string(),
            actions: listed(&grant.rule.actions).collect(),
            resources: listed(&grant.rule.resources.fixed).chain(varying).collect(),
            extent,
            depends_on,
        }
    });
    granted.collect()
}

/// The patterns as policies write them; those that are excluded begin with `not`.
fn listed(patterns: &Patterns) -> impl Iterator<Item = String> {
    let everything = patterns.excluded && patterns.list.is_empty();
    let prefix = if patterns.excluded { "not " } else { "" };
    let own = patterns.list.iter().map(move |pattern| format!("{prefix}{pattern}"));
    everything.then(|| "*".to_owned()).into_iter().chain(own)
}

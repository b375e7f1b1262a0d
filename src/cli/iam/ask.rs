//! `posture iam can` and `posture iam who-can`: what principals of a snapshot may do.

use std::collections::BTreeMap;
use std::io::{Read, Write};

use serde::Serialize;

use super::source::{Format, Source, find, print_json, print_table};
use crate::Error;
use crate::error::EXIT_CLEAN;
use crate::iam::access::{Access, Verdict, without_mfa};
use crate::iam::account::{Account, Principal};
use crate::iam::catalogue::{Service, catalogue};
use crate::iam::context::Fact;
use crate::iam::escalation::who_assumes;
use crate::iam::pattern::Pattern;
use crate::iam::region::Block;
use crate::iam::truth::{Keys, Truth};

/// Tells whether a principal may do something.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  posture iam can ann s3:GetObject --snapshot account.json.zst
  posture iam can role/deploy iam:PassRole arn:aws:iam::123456789012:role/admin --snapshot account.json.zst")]
pub struct CanArguments {
    /// Who: an ARN, `user/NAME`, `role/NAME` or a name
    #[arg(value_name = "PRINCIPAL")]
    pub principal: String,
    /// What, as in `s3:GetObject`; with wildcards, some action that matches
    #[arg(value_name = "ACTION")]
    pub action: String,
    /// On what: an ARN; with wildcards or left out, some resource that matches
    #[arg(value_name = "RESOURCE")]
    pub resource: Option<String>,
    /// Ask for requests without multi-factor authentication alone
    #[arg(long)]
    pub without_mfa: bool,
    /// The accounts.
    #[command(flatten)]
    pub source: Source,
}

/// Lists the principals that may do something.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  posture iam who-can iam:CreateAccessKey --snapshot account.json.zst
  posture iam who-can 's3:Delete*' --snapshot account.json.zst --format json
  posture iam who-can 'iam:*' --without-mfa --snapshot account.json.zst")]
pub struct WhoCanArguments {
    /// What, as in `s3:GetObject`; with wildcards, some action that matches
    #[arg(value_name = "ACTION")]
    pub action: String,
    /// On what: an ARN; with wildcards or left out, some resource that matches
    #[arg(value_name = "RESOURCE")]
    pub resource: Option<String>,
    /// Ask for requests without multi-factor authentication alone
    #[arg(long)]
    pub without_mfa: bool,
    /// The accounts.
    #[command(flatten)]
    pub source: Source,
}

/// One answer, as it is printed.
#[derive(Debug, Serialize)]
struct Answer {
    principal: String,
    action: String,
    resource: String,
    /// `allowed`, `allowed unless an SCP denies`, `depends` or `denied`.
    #[serde(rename = "answer")]
    verdict: &'static str,
    depends_on: Keys,
    statements: Vec<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    example: Option<Example>,
    /// True when the answer is about requests without MFA alone.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    without_mfa: bool,
}

#[derive(Debug, Serialize)]
struct Example {
    action: String,
    resource: String,
}

impl CanArguments {
    /// Prints the answer. `input` stands for standard input.
    pub fn run(&self, input: &mut dyn Read, out: &mut dyn Write) -> Result<u8, Error> {
        let accounts = self.source.accounts(input)?;
        let (account, principal) = find(&accounts, &self.principal)?;
        check(&self.action)?;
        let question = Question::new(&accounts, &self.action, self.resource.as_deref(), self.without_mfa);
        let answer = question.prepared(Some(&principal.arn)).ask(account, principal);
        match self.source.format {
            Format::Json => print_json(&answer, out)?,
            Format::Table => print_table(HEADER, &[row(&answer)], out)?,
        }
        Ok(EXIT_CLEAN)
    }
}

impl WhoCanArguments {
    /// Prints the answers other than no. `input` stands for standard input.
    pub fn run(&self, input: &mut dyn Read, out: &mut dyn Write) -> Result<u8, Error> {
        let accounts = self.source.accounts(input)?;
        check(&self.action)?;
        let all =
            accounts.iter().flat_map(|account| account.principals().iter().map(move |principal| (account, principal)));
        let question =
            Question::new(&accounts, &self.action, self.resource.as_deref(), self.without_mfa).prepared(None);
        let asked = all.map(|(account, principal)| question.ask(account, principal));
        let answers: Vec<Answer> = asked.filter(|answer| answer.verdict != "denied").collect();
        match self.source.format {
            Format::Json => print_json(&answers, out)?,
            Format::Table if answers.is_empty() => {
                writeln!(out, "nobody, by the policies of the snapshot").map_err(Error::stdout)?;
            }
            Format::Table => print_table(HEADER, &answers.iter().map(row).collect::<Vec<_>>(), out)?,
        }
        Ok(EXIT_CLEAN)
    }
}

const HEADER: &[&str] = &["PRINCIPAL", "ANSWER", "BECAUSE", "DEPENDS ON"];

fn row(answer: &Answer) -> Vec<String> {
    let mut because = answer.statements.clone();
    if because.is_empty() {
        because.push("no statement allows it, or one denies it".to_owned());
    }
    because.extend(answer.example.iter().map(|example| match example.resource.as_str() {
        "" => format!("such as {} on any resource", example.action),
        resource => format!("such as {} on {resource}", example.action),
    }));
    let depends: Vec<&str> = answer.depends_on.iter().collect();
    vec![answer.principal.clone(), answer.verdict.to_owned(), because.join("\n"), depends.join("\n")]
}

/// An action that AWS does not know would always be denied, which is a misspelling far more often than an answer.
fn check(action: &str) -> Result<(), Error> {
    if catalogue().has_match(action) {
        return Ok(());
    }
    let (prefix, name) = action.split_once(':').unwrap_or((action, ""));
    let known = catalogue().service(prefix).into_iter().flat_map(Service::actions);
    let near = known
        .map(|known| {
            (strsim::damerau_levenshtein(&known.name.to_ascii_lowercase(), &name.to_ascii_lowercase()), known.name)
        })
        .min();
    let hint = match near {
        Some((distance, near)) if distance <= 4 => format!("did you mean `{prefix}:{near}`?"),
        _ => "actions are written as in `s3:GetObject`".to_owned(),
    };
    Err(Error::other(format!("AWS documents no action `{action}`"), hint))
}

/// What is asked of each principal.
struct Question<'q> {
    accounts: &'q [Account],
    action: &'q str,
    resource: Option<&'q str>,
    without_mfa: bool,
    /// Where a certain role is to be assumed, whether each principal can: its trust policy takes part.
    assumed: Option<BTreeMap<String, Truth>>,
}

impl<'q> Question<'q> {
    fn new(accounts: &'q [Account], action: &'q str, resource: Option<&'q str>, without_mfa: bool) -> Self {
        Self { accounts, action, resource, without_mfa, assumed: None }
    }

    /// Makes ready what all answers share; `only` names the one principal that will be asked about.
    fn prepared(mut self, only: Option<&str>) -> Self {
        let role = self.resource.filter(|_| self.action.eq_ignore_ascii_case("sts:AssumeRole"));
        let answers = |role: &str| {
            let mut all: Option<BTreeMap<String, Truth>> = None;
            for given in self.kinds() {
                let answers = who_assumes(self.accounts, role, only, &given)?;
                all = Some(match all {
                    None => answers,
                    Some(before) => before.into_iter().zip(answers).map(|((arn, a), (_, b))| (arn, a.or(b))).collect(),
                });
            }
            all
        };
        self.assumed = role.and_then(answers);
        self
    }

    /// What is known of the requests that are asked for; any kind of them will do.
    fn kinds(&self) -> Vec<Vec<(&'static str, Fact)>> {
        if self.without_mfa { without_mfa().into_iter().map(Vec::from).collect() } else { vec![Vec::new()] }
    }

    fn ask(&self, account: &Account, principal: &Principal) -> Answer {
        let mut access = Access::new(account, principal);
        let owner = self.resource.and_then(|arn| arn.split(':').nth(4)).filter(|owner| owner.len() == 12);
        // An ARN that names no account, such as a bucket's, is taken for one of the caller's own.
        let known = owner.map_or(Some(account), |owner| self.accounts.iter().find(|account| account.id == owner));
        if let Some(known) = known {
            access = access.to_resources_of(known);
        }
        let mut context = access.context().clone();
        if let Some(owner) = owner {
            context.set_value("aws:ResourceAccount", owner);
        }
        if let Some(organization) = known.and_then(Account::organization_id) {
            context.set_value("aws:ResourceOrgID", organization);
        }
        let asked = Block::new(self.action, self.resource.map_or_else(Pattern::anything, Pattern::glob));
        let mut verdict: Option<Verdict> = None;
        for given in self.kinds() {
            let next = access.can_some(&asked, &context.clone().with(&given));
            verdict = Some(match verdict {
                None => next,
                Some(before) => {
                    let truth = before.truth.clone().or(next.truth.clone());
                    let shown = if before.truth.is_false() || next.truth.is_true() { next } else { before };
                    Verdict { truth, ..shown }
                }
            });
        }
        let mut verdict = verdict.unwrap_or(Verdict { truth: Truth::False, statements: Vec::new(), example: None });
        if let Some(truth) = self.assumed.as_ref().and_then(|assumed| assumed.get(principal.arn.as_ref())) {
            verdict.truth = truth.clone();
        }
        self.printed(principal, verdict, account.may_have_more_scps() && !principal.is_service_linked())
    }

    fn printed(&self, principal: &Principal, mut verdict: Verdict, may_have_more_scps: bool) -> Answer {
        if let (Truth::Unknown(keys), true) = (&mut verdict.truth, may_have_more_scps) {
            keys.insert(UNLESS_SCP);
        }
        let word = match verdict.truth {
            Truth::True if may_have_more_scps => "allowed unless an SCP denies",
            Truth::True => "allowed",
            Truth::False => "denied",
            Truth::Unknown(_) => "depends",
        };
        let open = |text: &str| text.contains(['*', '?']);
        let exact = !open(self.action) && self.resource.is_some_and(|resource| !open(resource));
        let example = verdict.example.filter(|_| !exact).map(|(action, resource)| Example { action, resource });
        let denied = word == "denied";
        Answer {
            principal: principal.arn.to_string(),
            action: self.action.to_owned(),
            resource: self.resource.unwrap_or("*").to_owned(),
            verdict: word,
            statements: verdict.statements.iter().filter(|_| !denied).map(ToString::to_string).collect(),
            depends_on: verdict.truth.keys(),
            example,
            without_mfa: self.without_mfa,
        }
    }
}

/// What an answer hangs on when nobody told the service control policies.
const UNLESS_SCP: &str = "service control policies, which the snapshot does not tell";

//! What is wrong with trust policies: roles that strangers can assume.
//!
//! A role's trust policy decides who gets its permissions, so a statement is judged by who remains when its conditions are
//! taken at their word: everybody, another account, anybody with an account at a shared identity provider, or a service
//! that may be working for somebody else.

use super::account::{Account, Principal};
use super::document::Rule;
use super::exposure;
use super::matching::account_of;
use super::operator::{Comparison, SetQualifier};
use super::policy::{Condition, Effect, Principal as Named, PrincipalBlock, PrincipalKind};

/// Why a trust policy lets in more than it should.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum TrustIssue {
    /// Anybody with any AWS account.
    Public,
    /// Principals of another account. A third party that serves many customers can be made to use the role for any of
    /// them unless a condition on `sts:ExternalId` tells them apart.
    CrossAccount {
        /// The other account.
        account: String,
        /// True when every principal of it is let in, one named principal otherwise.
        whole: bool,
        /// True when a condition asks for an external id or keeps to one organization.
        guarded: bool,
    },
    /// Anybody with an account at an identity provider that serves the public.
    OpenProvider {
        /// The provider.
        provider: String,
        /// What is missing or too wide.
        reason: String,
    },
    /// A service that acts for whoever asks it, without a condition that it acts for this account
    /// (<https://docs.aws.amazon.com/IAM/latest/UserGuide/confused-deputy.html>).
    ConfusedDeputy {
        /// The service.
        service: String,
    },
}

/// One statement of a role's trust policy and what is wrong with it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct TrustFinding {
    /// The role's ARN.
    pub role: String,
    /// The statement: its `Sid`, else its JSON pointer.
    pub statement: String,
    /// What is wrong.
    pub issue: TrustIssue,
}

/// The host of GitHub's provider for workflows.
const GITHUB: &str = "token.actions.githubusercontent.com";

/// Providers at which anybody can have an account. Those of one cluster or one company are not listed.
const SHARED_PROVIDERS: &[&str] = &[
    GITHUB,
    "accounts.google.com",
    "agent.buildkite.com",
    "api.bitbucket.org",
    "api.pulumi.com",
    "app.terraform.io",
    "cognito-identity.amazonaws.com",
    "gitlab.com",
    "graph.facebook.com",
    "oidc.vercel.com",
    "www.amazon.com",
];

/// Services whose manuals ask for `aws:SourceArn` or `aws:SourceAccount` in the trust policies of the roles that they use.
const DEPUTIES: &[&str] = &[
    "apprunner.amazonaws.com",
    "backup.amazonaws.com",
    "bedrock.amazonaws.com",
    "codebuild.amazonaws.com",
    "ecs-tasks.amazonaws.com",
    "scheduler.amazonaws.com",
    "ssm.amazonaws.com",
    "states.amazonaws.com",
    "transfer.amazonaws.com",
];

/// What is wrong with the trust policies of an account's roles, in the order of their ARNs.
pub fn trust_findings(account: &Account) -> Vec<TrustFinding> {
    let mut findings: Vec<TrustFinding> = account.principals().iter().flat_map(|role| of_role(account, role)).collect();
    findings.sort();
    findings.dedup();
    findings
}

fn of_role(account: &Account, role: &Principal) -> Vec<TrustFinding> {
    let Some(document) = role.trust.filter(|_| !role.is_service_linked()) else { return Vec::new() };
    let mut findings = Vec::new();
    for rule in account.rules(document).iter().filter(|rule| rule.effect == Effect::Allow) {
        let mut add = |issue: TrustIssue| {
            findings.push(TrustFinding { role: role.arn.to_string(), statement: rule.name.as_ref().to_owned(), issue });
        };
        if exposure::is_open(rule.effect, &rule.principal, &rule.conditions) {
            add(TrustIssue::Public);
            continue;
        }
        let PrincipalBlock::Principal(named) = &rule.principal else { continue };
        named.iter().filter_map(|principal| issue(account, rule, principal)).for_each(&mut add);
    }
    findings
}

fn issue(account: &Account, rule: &Rule, principal: &Named) -> Option<TrustIssue> {
    let Named::Listed { kind, value } = principal else { return None };
    match kind {
        PrincipalKind::Aws => {
            let owner = account_of(value).or_else(|| value.split(':').nth(4)).filter(|owner| !owner.is_empty())?;
            (owner != account.id).then(|| TrustIssue::CrossAccount {
                account: owner.to_owned(),
                whole: account_of(value).is_some(),
                guarded: has(rule, "sts:externalid")
                    || has(rule, "aws:principalorgid")
                    || has(rule, "aws:principalorgpaths"),
            })
        }
        PrincipalKind::Federated => open_provider(rule, value),
        PrincipalKind::Service => {
            let guards = ["aws:sourcearn", "aws:sourceaccount", "aws:sourceorgid", "aws:sourceorgpaths"];
            let open = DEPUTIES.contains(&value.as_str()) && !guards.iter().any(|key| has(rule, key));
            open.then(|| TrustIssue::ConfusedDeputy { service: value.clone() })
        }
        PrincipalKind::CanonicalUser => None,
    }
}

/// Whether a condition asks for a value of the key; one that holds without the key does not ask.
fn has(rule: &Rule, key: &str) -> bool {
    asked(rule, key).next().is_some()
}

fn asked<'r>(rule: &'r Rule, key: &str) -> impl Iterator<Item = &'r Condition> + use<'r> {
    let key = key.to_ascii_lowercase();
    rule.conditions.iter().filter(move |condition| {
        let operator = condition.operator;
        let always = operator.if_exists
            || operator.qualifier == Some(SetQualifier::ForAllValues)
            || operator.comparison == Comparison::Null;
        !always && !operator.comparison.is_negated() && condition.key.eq_ignore_ascii_case(&key)
    })
}

fn open_provider(rule: &Rule, provider: &str) -> Option<TrustIssue> {
    let host = provider.split_once(":oidc-provider/").map_or(provider, |(_, host)| host);
    if provider.contains(":saml-provider/")
        || !SHARED_PROVIDERS.iter().any(|own| host == *own || host.starts_with(&format!("{own}/")))
    {
        return None;
    }
    let open = |reason: String| Some(TrustIssue::OpenProvider { provider: host.to_owned(), reason });
    if host == GITHUB {
        return github(rule).and_then(open);
    }
    // Google and the identity pools of Cognito tell customers apart by audience, the others by subject.
    let keys = match host {
        "accounts.google.com" | "cognito-identity.amazonaws.com" | "www.amazon.com" | "graph.facebook.com" => {
            ["aud", "sub", "app_id"]
        }
        _ => ["sub", "sub", "sub"],
    };
    let pinned = keys
        .iter()
        .any(|claim| asked(rule, &format!("{host}:{claim}")).any(|condition| !has_only_wildcards(condition)));
    if pinned {
        None
    } else {
        open(format!("no condition on `{host}:{}` keeps other customers of the provider out", keys[0]))
    }
}

fn has_only_wildcards(condition: &Condition) -> bool {
    condition.comparison_is_like()
        && condition.values.iter().any(|value| value.source().trim_matches(['*', '?']).is_empty())
}

/// What is wrong with a statement that lets GitHub workflows in; nothing when it keeps to one owner.
///
/// The subject starts with `repo:OWNER/REPO:` or, since 2026, with `repo:OWNER@ID/REPO@ID:`
/// (<https://docs.github.com/en/actions/concepts/security/openid-connect>). A wildcard before the end of the owner lets in
/// whoever registers a fitting name.
fn github(rule: &Rule) -> Option<String> {
    const OWNER_CLAIMS: &[&str] =
        &["repository_owner", "repository_owner_id", "repository_id", "enterprise", "enterprise_id"];
    let exact = |claim: &&str| {
        asked(rule, &format!("{GITHUB}:{claim}")).any(|condition| {
            condition.values.iter().all(|value| !value.has_wildcard() || !condition.comparison_is_like())
        })
    };
    let within = |claim: &&str| {
        asked(rule, &format!("{GITHUB}:{claim}"))
            .any(|condition| condition.values.iter().all(|value| prefix(condition, value.source()).contains('/')))
    };
    if OWNER_CLAIMS.iter().any(exact) || ["repository", "job_workflow_ref"].iter().any(within) {
        return None;
    }
    let mut subjects = asked(rule, &format!("{GITHUB}:sub")).peekable();
    if subjects.peek().is_none() {
        return Some(
            "no condition on `token.actions.githubusercontent.com:sub`: every workflow of every repository is let in"
                .to_owned(),
        );
    }
    let mut wide = None;
    for condition in subjects {
        match condition.values.iter().find(|value| !keeps_to_owner(condition, value.source())) {
            None => return None,
            Some(value) => wide = Some(value.source().to_owned()),
        }
    }
    wide.map(|value| format!("the subject `{value}` fits repositories of other owners"))
}

/// The text before the first wildcard; with an operator that knows no wildcards, all of it.
fn prefix<'t>(condition: &Condition, text: &'t str) -> &'t str {
    if condition.comparison_is_like() { text.split(['*', '?']).next().unwrap_or_default() } else { text }
}

fn keeps_to_owner(condition: &Condition, subject: &str) -> bool {
    let fixed = prefix(condition, subject);
    let whole = fixed.len() == subject.len();
    match fixed.split_once(':') {
        // An owner's name has no `/` and no `@`, so either one ends it.
        Some(("repo" | "repository" | "job_workflow_ref", rest)) => rest.find(['/', '@']).is_some_and(|end| end > 0),
        Some((_, rest)) => !rest.is_empty() && (whole || rest.contains([':', '/'])),
        None => whole && !fixed.is_empty(),
    }
}

impl Condition {
    fn comparison_is_like(&self) -> bool {
        matches!(self.operator.comparison, Comparison::StringLike | Comparison::ArnLike | Comparison::ArnEquals)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, json};

    fn findings(statement: &Value) -> Vec<TrustIssue> {
        let mut trust = json!({ "Effect": "Allow", "Action": "sts:AssumeRole" });
        trust.as_object_mut().unwrap().extend(statement.as_object().unwrap().clone());
        let role = json!({ "RoleName": "r", "Arn": "arn:aws:iam::111111111111:role/r", "AttachedManagedPolicies": [],
            "AssumeRolePolicyDocument": { "Version": "2012-10-17", "Statement": [trust] } });
        let details = json!({ "UserDetailList": [], "GroupDetailList": [], "RoleDetailList": [role], "Policies": [] });
        let mut builder = Account::builder("111111111111", "aws", None);
        let details = serde_json::from_value(details).unwrap();
        builder.add(&details, &[]);
        trust_findings(&builder.build()).into_iter().map(|finding| finding.issue).collect()
    }

    fn github_with(condition: &Value) -> bool {
        let provider = "arn:aws:iam::111111111111:oidc-provider/token.actions.githubusercontent.com";
        let issues = findings(
            &json!({ "Principal": { "Federated": provider }, "Action": "sts:AssumeRoleWithWebIdentity", "Condition": condition }),
        );
        issues.iter().any(|issue| matches!(issue, TrustIssue::OpenProvider { .. }))
    }

    fn open_subject(operator: &str, subject: &str) -> bool {
        github_with(&json!({ operator: { "token.actions.githubusercontent.com:sub": subject } }))
    }

    #[test]
    fn github_without_a_subject_is_open_to_every_repository() {
        assert!(github_with(
            &json!({ "StringEquals": { "token.actions.githubusercontent.com:aud": "sts.amazonaws.com" } })
        ));
        assert!(open_subject("ForAllValues:StringLike", "repo:octo-org/app:*"));
        assert!(open_subject("StringLikeIfExists", "repo:octo-org/app:*"));
    }

    #[test]
    fn both_forms_of_the_subject_have_to_fix_the_owner() {
        for fixed in [
            "repo:octo-org/app:ref:refs/heads/main",
            "repo:octo-org/*",
            "repo:octo-org@123456/*",
            "repo:octo-org@*/app@*:*",
        ] {
            assert!(!open_subject("StringLike", fixed), "{fixed}");
        }
        for open in [
            "*",
            "repo:*",
            "repo:octo-org*",
            "repo:octo-*/app:*",
            "repo:*/app:ref:refs/heads/main",
            "repo:*@123/app@1:*",
        ] {
            assert!(open_subject("StringLike", open), "{open}");
        }
        assert!(!open_subject("StringEquals", "repo:octo-org/app:environment:prod"));
    }

    #[test]
    fn other_claims_that_fix_the_owner_will_do() {
        assert!(!github_with(
            &json!({ "StringEquals": { "token.actions.githubusercontent.com:repository_owner_id": "123456" } })
        ));
        assert!(!github_with(
            &json!({ "StringLike": { "token.actions.githubusercontent.com:job_workflow_ref": "octo-org/app/*" } })
        ));
        assert!(github_with(&json!({ "StringLike": { "token.actions.githubusercontent.com:job_workflow_ref": "*" } })));
    }

    #[test]
    fn a_public_role_stays_public_under_conditions_that_pin_nobody() {
        assert_eq!(findings(&json!({ "Principal": "*" })), [TrustIssue::Public]);
        assert_eq!(
            findings(
                &json!({ "Principal": { "AWS": "*" }, "Condition": { "Bool": { "aws:SecureTransport": "true" } } })
            ),
            [TrustIssue::Public]
        );
        assert_eq!(
            findings(&json!({ "Principal": "*", "Condition": { "StringEquals": { "aws:PrincipalOrgID": "o-abc" } } })),
            []
        );
    }

    #[test]
    fn another_account_is_told_with_how_it_is_guarded() {
        let whole = findings(&json!({ "Principal": { "AWS": "222222222222" } }));
        assert_eq!(
            whole,
            [TrustIssue::CrossAccount { account: "222222222222".to_owned(), whole: true, guarded: false }]
        );
        let named = findings(&json!({ "Principal": { "AWS": "arn:aws:iam::222222222222:role/vendor" },
            "Condition": { "StringEquals": { "sts:ExternalId": "x" } } }));
        assert_eq!(
            named,
            [TrustIssue::CrossAccount { account: "222222222222".to_owned(), whole: false, guarded: true }]
        );
        assert_eq!(findings(&json!({ "Principal": { "AWS": "arn:aws:iam::111111111111:root" } })), []);
    }

    #[test]
    fn a_deputy_service_needs_to_say_for_whom_it_acts() {
        let service = json!({ "Principal": { "Service": "scheduler.amazonaws.com" } });
        assert_eq!(findings(&service), [TrustIssue::ConfusedDeputy { service: "scheduler.amazonaws.com".to_owned() }]);
        let guarded = json!({ "Principal": { "Service": "scheduler.amazonaws.com" },
            "Condition": { "StringEquals": { "aws:SourceAccount": "111111111111" } } });
        assert_eq!(findings(&guarded), []);
        assert_eq!(findings(&json!({ "Principal": { "Service": "ec2.amazonaws.com" } })), []);
    }

    #[test]
    fn a_shared_provider_needs_a_subject() {
        let trust = |condition: Value| {
            findings(
                &json!({ "Principal": { "Federated": "arn:aws:iam::111111111111:oidc-provider/gitlab.com" }, "Condition": condition }),
            )
        };
        assert_eq!(trust(json!({ "StringEquals": { "gitlab.com:aud": "https://gitlab.com" } })).len(), 1);
        assert_eq!(trust(json!({ "StringLike": { "gitlab.com:sub": "project_path:mygroup/*" } })), []);
        assert_eq!(trust(json!({ "StringLike": { "gitlab.com:sub": "*" } })).len(), 1);
    }
}

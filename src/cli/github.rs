//! The trust policy with which a workflow on GitHub assumes the scanner's role, through OpenID Connect.
//!
//! GitHub writes the subject of its tokens in two forms: by names (`repo:OWNER/REPO:…`) and, by default for repositories
//! created or renamed since 2026-07-15, with numbers that never change (`repo:OWNER@ID/REPO@ID:…`). A repository can be
//! switched from one to the other, so the policy allows both.
//! See <https://docs.github.com/en/actions/reference/security/oidc#immutable-subject-claims>.

use serde_json::{Value, json};

const ISSUER: &str = "token.actions.githubusercontent.com";

/// A repository on GitHub, with its numbers where they are known.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Repository {
    owner: Named,
    name: Named,
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct Named {
    name: String,
    id: Option<String>,
}

impl Repository {
    /// Reads `OWNER/REPO` or `OWNER@ID/REPO@ID`.
    pub(super) fn parse(text: &str) -> Result<Self, String> {
        let wrong = || "write OWNER/REPO, or OWNER@ID/REPO@ID as in the tokens' subject".to_owned();
        // GitHub prints the form with numbers as a prefix of subjects.
        let (owner, name) = text.strip_prefix("repo:").unwrap_or(text).split_once('/').ok_or_else(wrong)?;
        let (owner, name) = (Named::parse(owner).ok_or_else(wrong)?, Named::parse(name).ok_or_else(wrong)?);
        if owner.id.is_some() == name.id.is_some() { Ok(Self { owner, name }) } else { Err(wrong()) }
    }

    /// True when the numbers are known, so that nothing in the policy needs a wildcard.
    pub(super) fn is_exact(&self) -> bool {
        self.owner.id.is_some()
    }

    /// The trust policy for jobs of one branch or environment; `account` owns the role.
    pub(super) fn trust_policy(&self, account: &str, job: &Job) -> Value {
        let (owner, name, job) = (&self.owner, &self.name, job.subject());
        let subjects = [
            format!("repo:{}/{}:{job}", owner.name, name.name),
            format!("repo:{}@{}/{}@{}:{job}", owner.name, owner.id(), name.name, name.id()),
        ];
        let (audience, subject) = (format!("{ISSUER}:aud"), format!("{ISSUER}:sub"));
        let condition = if self.is_exact() {
            json!({ "StringEquals": { audience: "sts.amazonaws.com", subject: subjects } })
        } else {
            json!({ "StringEquals": { audience: "sts.amazonaws.com" }, "StringLike": { subject: subjects } })
        };
        json!({
            "Version": "2012-10-17",
            "Statement": [{
                "Sid": "PostureOnGitHub",
                "Effect": "Allow",
                "Principal": { "Federated": format!("arn:aws:iam::{account}:oidc-provider/{ISSUER}") },
                "Action": "sts:AssumeRoleWithWebIdentity",
                "Condition": condition,
            }],
        })
    }
}

impl Named {
    fn parse(text: &str) -> Option<Self> {
        let (name, id) = text.split_once('@').map_or((text, None), |(name, id)| (name, Some(id)));
        let stands = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte);
        let is_name = !name.is_empty() && name.len() <= 100 && name.bytes().all(stands);
        let is_id =
            id.is_none_or(|id| !id.is_empty() && id.len() <= 20 && id.bytes().all(|byte| byte.is_ascii_digit()));
        (is_name && is_id).then(|| Self { name: name.to_owned(), id: id.map(str::to_owned) })
    }

    fn id(&self) -> &str {
        self.id.as_deref().unwrap_or("*")
    }
}

/// The jobs that may assume the role.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Job {
    /// Jobs of a branch, without an environment.
    Branch(String),
    /// Jobs of an environment.
    Environment(String),
}

impl Job {
    /// A name without what a policy takes for a wildcard or variable.
    pub(super) fn parse_name(text: &str) -> Result<String, String> {
        let harmless = |character: char| !character.is_control() && !"*?$:\"\\".contains(character);
        if text.is_empty() || !text.chars().all(harmless) {
            return Err("a name without wildcards, as in main or production".to_owned());
        }
        Ok(text.to_owned())
    }

    fn subject(&self) -> String {
        match self {
            Self::Branch(name) => format!("ref:refs/heads/{name}"),
            Self::Environment(name) => format!("environment:{name}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::{Job, Repository};

    fn conditions(repository: &str, job: &Job) -> serde_json::Value {
        let repository = Repository::parse(repository).unwrap();
        repository.trust_policy("123456789012", job)["Statement"][0]["Condition"].clone()
    }

    #[test]
    fn both_forms_of_the_subject_are_allowed_and_nothing_else() {
        let main = Job::Branch("main".to_owned());
        let exact = conditions("octocat@583231/demo@1296269", &main);
        assert_eq!(
            exact,
            json!({ "StringEquals": {
            "token.actions.githubusercontent.com:aud": "sts.amazonaws.com",
            "token.actions.githubusercontent.com:sub":
                ["repo:octocat/demo:ref:refs/heads/main", "repo:octocat@583231/demo@1296269:ref:refs/heads/main"],
        } })
        );
        let production = Job::Environment("production".to_owned());
        let loose = conditions("octocat/demo", &production);
        assert_eq!(
            loose["StringLike"]["token.actions.githubusercontent.com:sub"],
            json!(["repo:octocat/demo:environment:production", "repo:octocat@*/demo@*:environment:production"])
        );
        assert_eq!(loose["StringEquals"], json!({ "token.actions.githubusercontent.com:aud": "sts.amazonaws.com" }));
    }

    #[test]
    fn wildcards_and_halves_are_refused() {
        for wrong in ["octocat", "octocat/", "*/demo", "octocat/*", "a/b/c", "a@1/b", "a@x/b@1", "a@/b@", "", "a b/c"] {
            assert!(Repository::parse(wrong).is_err(), "{wrong}");
        }
        for wrong in ["*", "", "release/*", "${x}", "a:b"] {
            assert!(Job::parse_name(wrong).is_err(), "{wrong}");
        }
        assert!(Job::parse_name("release/1.0").is_ok());
    }
}

//! Merging answers into an account.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::OnceLock;

use serde_json::{Value, json};

use super::{Account, Attached, Boundary, DocumentId, Group, ManagedPolicy, PolicyName, Principal, PrincipalKind};
use crate::iam::document::Interner;
use crate::iam::error::PolicyError;
use crate::iam::json;
use crate::iam::policy::{ActionBlock, Policy, PrincipalBlock, ResourceBlock, Statement};
use crate::snapshot::shapes::iam as shapes;
use crate::snapshot::{Document, Time};

impl Account {
    /// Starts an account without any answer.
    pub fn builder<'d>(id: &str, partition: &str, now: Option<Time>) -> Builder<'d> {
        let account = Self { id: id.to_owned(), partition: partition.to_owned(), now, ..Self::default() };
        Builder { account, ..Builder::default() }
    }
}

/// Merges answers into an [`Account`].
#[derive(Debug, Default)]
pub struct Builder<'d> {
    account: Account,
    interner: Interner,
    known: HashMap<&'d str, DocumentId>,
    told: BTreeSet<&'static str>,
    truncated: bool,
    users: BTreeMap<&'d str, &'d shapes::UserDetail>,
    groups: BTreeMap<&'d str, &'d shapes::GroupDetail>,
    roles: BTreeMap<&'d str, &'d shapes::RoleDetail>,
}

const KINDS: [&str; 5] = ["User", "Group", "Role", "LocalManagedPolicy", "AWSManagedPolicy"];

impl<'d> Builder<'d> {
    /// Adds one answer; `filter` holds the request's `Filter`, empty when it had none.
    pub fn add(&mut self, details: &'d shapes::GetAccountAuthorizationDetails, filter: &[String]) {
        let listed = |kind: &str| match kind {
            "User" => details.user_detail_list.is_some(),
            "Group" => details.group_detail_list.is_some(),
            "Role" => details.role_detail_list.is_some(),
            _ => details.policies.is_some(),
        };
        let asked = |kind: &str| filter.is_empty() || filter.iter().any(|own| own == kind);
        self.told.extend(KINDS.iter().filter(|kind| listed(kind) && asked(kind)));
        self.truncated |= details.is_truncated == Some(true);
        for user in details.user_detail_list.iter().flatten() {
            self.users.entry(user.arn.as_deref().unwrap_or_default()).or_insert(user);
        }
        for group in details.group_detail_list.iter().flatten() {
            self.groups.entry(group.arn.as_deref().unwrap_or_default()).or_insert(group);
        }
        for role in details.role_detail_list.iter().flatten() {
            self.roles.entry(role.arn.as_deref().unwrap_or_default()).or_insert(role);
        }
        for policy in details.policies.iter().flatten() {
            self.managed(policy);
        }
    }

    /// The account of all answers so far.
    pub fn build(mut self) -> Account {
        for group in std::mem::take(&mut self.groups).into_values() {
            self.group(group);
        }
        for user in std::mem::take(&mut self.users).into_values() {
            self.user(user);
        }
        for role in std::mem::take(&mut self.roles).into_values() {
            self.role(role);
        }
        self.account.missing =
            KINDS.iter().filter(|kind| !self.told.contains(*kind)).map(|kind| (*kind).to_owned()).collect();
        if self.truncated {
            self.account.missing.push("pages after a truncated answer".to_owned());
        }
        self.account.principals.sort_by(|a, b| a.arn.cmp(&b.arn));
        self.account.unread.sort();
        self.account
    }

    fn managed(&mut self, policy: &'d shapes::ManagedPolicyDetail) {
        let Some(arn) = policy.arn.clone().filter(|arn| !self.account.policies.contains_key(arn)) else { return };
        let mut versions = BTreeMap::new();
        let mut default_version = policy.default_version_id.clone();
        for version in policy.policy_version_list.iter().flatten() {
            let Some(id) = version.version_id.clone() else { continue };
            if version.is_default_version == Some(true) {
                default_version = Some(id.clone());
            }
            let document = version.document.as_ref().and_then(|document| self.document(document).ok());
            versions.insert(id, document);
        }
        let policy = ManagedPolicy { versions, default_version };
        if policy.document().is_none() {
            self.account.unread.push(format!("the version in force of policy `{arn}` is not there or cannot be read"));
        }
        self.account.policies.insert(arn, policy);
    }

    /// Compiles a document, or finds the equal one that was compiled before.
    fn document(&mut self, document: &'d Document) -> Result<DocumentId, String> {
        if let Some(known) = self.known.get(document.text()) {
            return Ok(*known);
        }
        let policy = read_document(document).map_err(|error| error.to_string())?;
        if !policy.statements.iter().all(is_whole) {
            return Err("a statement lacks `Action`, or whom or what it is about".to_owned());
        }
        let rules = self.interner.compile(policy);
        let id = DocumentId(self.account.documents.len());
        self.account.documents.push(rules);
        self.known.insert(document.text(), id);
        Ok(id)
    }

    fn inline(
        &mut self,
        owner: &str,
        list: Option<&'d [shapes::PolicyDetail]>,
        unknown: &mut Vec<String>,
    ) -> Vec<Attached> {
        let mut attached = Vec::new();
        for policy in list.into_iter().flatten() {
            let name = policy.policy_name.clone().unwrap_or_default();
            let read = policy.policy_document.as_ref().ok_or_else(|| "has no document".to_owned());
            let document = read.and_then(|document| self.document(document));
            let policy = PolicyName::Inline { owner: owner.to_owned(), name };
            if let Err(reason) = &document {
                let untold = format!("policy `{policy}` cannot be read: {reason}");
                self.account.unread.push(untold.clone());
                unknown.push(untold);
            }
            attached.push(Attached { policy, document: document.ok() });
        }
        attached
    }

    fn attached(&mut self, list: Option<&[shapes::AttachedPolicy]>, unknown: &mut Vec<String>) -> Vec<Attached> {
        let Some(list) = list else {
            unknown.push("the answer does not list the attached policies".to_owned());
            return Vec::new();
        };
        if list.iter().any(|policy| policy.policy_arn.is_none()) {
            unknown.push("the answer does not name an attached policy".to_owned());
        }
        list.iter().filter_map(|policy| policy.policy_arn.clone()).map(|arn| self.by_arn(arn, unknown)).collect()
    }

    fn by_arn(&mut self, arn: String, unknown: &mut Vec<String>) -> Attached {
        let listed = self.account.policies.get(&arn).map(ManagedPolicy::document);
        let document = listed.flatten().or_else(|| self.well_known(&arn));
        if document.is_none() {
            let reason = if listed.is_some() { "cannot be read" } else { "is not in the answer" };
            unknown.push(format!("policy `{arn}` {reason}"));
        }
        Attached { policy: PolicyName::Managed(arn), document }
    }

    /// The one AWS managed policy that needs no reading: it grants everything, which AWS documents and cannot change.
    fn well_known(&mut self, arn: &str) -> Option<DocumentId> {
        let name = arn.strip_prefix("arn:").and_then(|rest| rest.split_once(':'))?.1;
        if name != "iam::aws:policy/AdministratorAccess" {
            return None;
        }
        self.document(everything()).ok()
    }

    fn boundary(&mut self, boundary: Option<&shapes::PermissionsBoundary>, unknown: &mut Vec<String>) -> Boundary {
        match boundary {
            None => Boundary::None,
            Some(boundary) => {
                let arn = boundary.permissions_boundary_arn.clone().unwrap_or_default();
                Boundary::Policy(self.by_arn(arn, unknown))
            }
        }
    }

    fn group(&mut self, group: &'d shapes::GroupDetail) {
        let arn = group.arn.clone().unwrap_or_default();
        let mut unknown = Vec::new();
        let mut policies = self.attached(group.attached_managed_policies.as_deref(), &mut unknown);
        policies.extend(self.inline(&arn, group.group_policy_list.as_deref(), &mut unknown));
        self.account.groups.insert(group.group_name.clone().unwrap_or_default(), Group { arn, policies, unknown });
    }

    fn user(&mut self, user: &'d shapes::UserDetail) {
        let arn = user.arn.clone().unwrap_or_default();
        let mut unknown = Vec::new();
        let mut policies = self.attached(user.attached_managed_policies.as_deref(), &mut unknown);
        policies.extend(self.inline(&arn, user.user_policy_list.as_deref(), &mut unknown));
        if user.group_list.is_none() {
            unknown.push("the answer does not list the groups".to_owned());
        }
        let groups = user.group_list.clone().unwrap_or_default();
        for name in &groups {
            match self.account.groups.get(name) {
                Some(group) => unknown.extend(group.unknown.iter().cloned()),
                None => unknown.push(format!("group `{name}` is not in the answer")),
            }
        }
        let boundary = self.boundary(user.permissions_boundary.as_ref(), &mut unknown);
        self.account.principals.push(Principal {
            kind: PrincipalKind::User,
            arn,
            name: user.user_name.clone().unwrap_or_default(),
            id: user.user_id.clone(),
            policies,
            groups,
            boundary,
            trust: None,
            instance_profiles: None,
            tags: user.tags.as_deref().map(tag_map),
            unknown,
        });
    }

    fn role(&mut self, role: &'d shapes::RoleDetail) {
        let arn = role.arn.clone().unwrap_or_default();
        let mut unknown = Vec::new();
        let mut policies = self.attached(role.attached_managed_policies.as_deref(), &mut unknown);
        policies.extend(self.inline(&arn, role.role_policy_list.as_deref(), &mut unknown));
        let boundary = self.boundary(role.permissions_boundary.as_ref(), &mut unknown);
        let trust = role.assume_role_policy_document.as_ref().and_then(|document| match self.document(document) {
            Ok(trust) => Some(trust),
            Err(reason) => {
                self.account.unread.push(format!("the trust policy of `{arn}` cannot be read: {reason}"));
                None
            }
        });
        let profiles =
            |list: &Vec<shapes::InstanceProfile>| list.iter().filter_map(|profile| profile.arn.clone()).collect();
        self.account.principals.push(Principal {
            kind: PrincipalKind::Role,
            arn,
            name: role.role_name.clone().unwrap_or_default(),
            id: role.role_id.clone(),
            policies,
            groups: Vec::new(),
            boundary,
            trust,
            instance_profiles: role.instance_profile_list.as_ref().map(profiles),
            tags: role.tags.as_deref().map(tag_map),
            unknown,
        });
    }
}

/// The document of `AdministratorAccess`.
fn everything() -> &'static Document {
    static EVERYTHING: OnceLock<Document> = OnceLock::new();
    EVERYTHING.get_or_init(|| {
        let statement = json!({ "Effect": "Allow", "Action": "*", "Resource": "*" });
        Document::from(&json!({ "Version": "2012-10-17", "Statement": [statement] }))
    })
}

/// Reads a policy as an answer holds it: an object, or text that may be URL-encoded.
pub(crate) fn read_document(document: &Document) -> Result<Policy, PolicyError> {
    match document.value() {
        Value::String(text) if text.trim_start().starts_with('{') => {
            json::parse(&text).and_then(|value| Policy::from_value(&value))
        }
        Value::String(text) => json::parse(&percent_decoded(&text)).and_then(|value| Policy::from_value(&value)),
        other => Policy::from_value(&other),
    }
}

/// Whether a statement says enough for IAM to keep it:
/// <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_grammar.html>
fn is_whole(statement: &Statement) -> bool {
    let speaks_of = match &statement.principal {
        PrincipalBlock::None => statement.resource != ResourceBlock::None,
        PrincipalBlock::Principal(whom) | PrincipalBlock::NotPrincipal(whom) => !whom.is_empty(),
    };
    statement.action != ActionBlock::None && speaks_of
}

fn tag_map(tags: &[shapes::Tag]) -> BTreeMap<String, String> {
    tags.iter().filter_map(|tag| Some((tag.key.clone()?, tag.value.clone().unwrap_or_default()))).collect()
}

fn percent_decoded(text: &str) -> String {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((first, after)) = rest.split_first() {
        let code = after
            .get(..2)
            .and_then(|hex| std::str::from_utf8(hex).ok())
            .and_then(|hex| u8::from_str_radix(hex, 16).ok());
        if let (b'%', Some(byte)) = (first, code) {
            bytes.push(byte);
            rest = after.get(2..).unwrap_or_default();
        } else {
            bytes.push(*first);
            rest = after;
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn details(json: &str) -> shapes::GetAccountAuthorizationDetails {
        serde_json::from_str(json).unwrap()
    }

    const USERS: &str = r#"{"UserDetailList":[{"UserName":"ann","Arn":"arn:aws:iam::1:user/ann","GroupList":["ops"],
        "AttachedManagedPolicies":[{"PolicyName":"p","PolicyArn":"arn:aws:iam::1:policy/p"}]}],
        "GroupDetailList":[],"RoleDetailList":[],"Policies":[]}"#;
    const REST: &str = r#"{"UserDetailList":[],"GroupDetailList":[{"GroupName":"ops","Arn":"arn:aws:iam::1:group/ops",
        "AttachedManagedPolicies":[],"GroupPolicyList":[]}],"RoleDetailList":[],"Policies":[{"Arn":"arn:aws:iam::1:policy/p",
        "DefaultVersionId":"v1","PolicyVersionList":[{"VersionId":"v1","IsDefaultVersion":true,
        "Document":"%7B%22Statement%22%3A%5B%5D%7D"}]}]}"#;

    #[test]
    fn what_no_answer_holds_is_unknown() {
        let mut builder = Account::builder("1", "aws", None);
        let users = details(USERS);
        builder.add(&users, &["User".to_owned()]);
        let account = builder.build();
        let unknown = &account.principal("arn:aws:iam::1:user/ann").unwrap().unknown;
        assert_eq!(
            unknown.as_slice(),
            ["policy `arn:aws:iam::1:policy/p` is not in the answer", "group `ops` is not in the answer"]
        );
        assert_eq!(account.missing(), ["Group", "Role", "LocalManagedPolicy", "AWSManagedPolicy"]);
    }

    #[test]
    fn filtered_answers_merge_in_any_order() {
        let filter = ["Group", "Role", "LocalManagedPolicy", "AWSManagedPolicy"].map(str::to_owned);
        let mut builder = Account::builder("1", "aws", None);
        let (users, rest) = (details(USERS), details(REST));
        builder.add(&users, &["User".to_owned()]);
        builder.add(&rest, &filter);
        let account = builder.build();
        assert!(account.missing().is_empty());
        assert!(account.principal("arn:aws:iam::1:user/ann").unwrap().unknown.is_empty());
    }
}

//! Merging answers into an account.
//!
//! What is read is brought into its small form at once and not held on to, so that an answer can be read piece by piece:
//! policy documents are compiled, names that many have are kept once. Who has which document is settled at the end,
//! because an answer may list users before policies.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::{Arc, OnceLock};

use serde_json::json;

use super::documents::{Documents, Foreseen, Found};
use super::{
    Account, Attached, Boundary, DocumentId, Group, ManagedPolicy, PolicyName, Principal, PrincipalKind, Tags,
};
use crate::snapshot::shapes::iam as shapes;
use crate::snapshot::{Document, Time};

impl Account {
    /// Starts an account without any answer.
    pub fn builder(id: &str, partition: &str, now: Option<Time>) -> Builder {
        let account = Self { id: id.to_owned(), partition: partition.to_owned(), now, ..Self::default() };
        Builder { account, ..Builder::default() }
    }
}

/// Merges answers into an [`Account`].
#[derive(Debug, Default)]
pub struct Builder {
    account: Account,
    documents: Arc<Documents>,
    managed: HashMap<Arc<str>, Arc<PolicyName>>,
    /// By where the name lies, which is kept in `managed`: whether an answer holds it, and its document.
    settled: HashMap<usize, (bool, Option<DocumentId>)>,
    told: BTreeSet<&'static str>,
    truncated: bool,
    /// Documents of the items that are being added.
    foreseen: Foreseen,
    /// As they came; which documents they have is not settled yet.
    principals: Vec<Principal>,
    groups: BTreeMap<String, (Arc<str>, Group)>,
}

/// Items whose documents are compiled before the first of them is added; of lists without as many it would cost more than it gains.
const AT_ONCE: usize = 256;

const KINDS: [&str; 5] = ["User", "Group", "Role", "LocalManagedPolicy", "AWSManagedPolicy"];

/// What an answer holds.
#[derive(Debug, Default)]
pub(super) struct Lists {
    /// The members that are lists.
    pub(super) held: BTreeSet<&'static str>,
    pub(super) truncated: bool,
}

pub(super) const USERS: &str = "UserDetailList";
pub(super) const GROUPS: &str = "GroupDetailList";
pub(super) const ROLES: &str = "RoleDetailList";
pub(super) const POLICIES: &str = "Policies";

impl Builder {
    /// Adds one answer; `filter` holds the request's `Filter`, empty when it had none.
    pub fn add(&mut self, details: &shapes::GetAccountAuthorizationDetails, filter: &[String]) {
        self.each(details.user_detail_list.as_deref(), documents_of_user, Self::user);
        self.each(details.group_detail_list.as_deref(), documents_of_group, Self::group);
        self.each(details.role_detail_list.as_deref(), documents_of_role, Self::role);
        self.each(details.policies.as_deref(), documents_of_policy, Self::policy);
        let members = [
            (USERS, details.user_detail_list.is_some()),
            (GROUPS, details.group_detail_list.is_some()),
            (ROLES, details.role_detail_list.is_some()),
            (POLICIES, details.policies.is_some()),
        ];
        let held = members.into_iter().filter_map(|(member, is_there)| is_there.then_some(member)).collect();
        self.told(&Lists { held, truncated: details.is_truncated == Some(true) }, filter);
    }

    /// Adds the items of a list, a part of it after the other. While one of a long list is added, the documents of the next are compiled.
    fn each<T: Sync>(&mut self, list: Option<&[T]>, documents: fn(&T) -> Vec<&Document>, add: fn(&mut Self, &T)) {
        let list = list.unwrap_or_default();
        // Handing out a few documents takes longer than compiling them, and of small accounts there are many at once.
        if list.len() < AT_ONCE || rayon::current_num_threads() == 1 {
            for item in list {
                add(self, item);
            }
            return;
        }
        let shared = Arc::clone(&self.documents);
        let foresee = |part: &[T]| shared.foresee(part, documents);
        let mut parts = list.chunks(AT_ONCE).peekable();
        self.foreseen = parts.peek().map(|first| foresee(first)).unwrap_or_default();
        while let Some(part) = parts.next() {
            let next = parts.peek().copied().unwrap_or_default();
            let (foreseen, ()) = rayon::join(|| foresee(next), || part.iter().for_each(|item| add(self, item)));
            self.foreseen = foreseen;
        }
    }

    /// Notes which lists an answer held.
    pub(super) fn told(&mut self, lists: &Lists, filter: &[String]) {
        let listed = |kind: &str| {
            lists.held.contains(match kind {
                "User" => USERS,
                "Group" => GROUPS,
                "Role" => ROLES,
                _ => POLICIES,
            })
        };
        let asked = |kind: &str| filter.is_empty() || filter.iter().any(|own| own == kind);
        self.told.extend(KINDS.iter().filter(|kind| listed(kind) && asked(kind)));
        self.truncated |= lists.truncated;
    }

    /// The account of all answers so far.
    pub fn build(mut self) -> Account {
        let groups = std::mem::take(&mut self.groups).into_values().map(|(name, mut group)| {
            let mut unknown = Vec::new();
            group.policies.iter_mut().for_each(|attached| self.settle(attached, &mut unknown));
            unknown.append(&mut group.unknown);
            group.unknown = unknown;
            (name, group)
        });
        self.account.groups = groups.collect();
        let mut principals = std::mem::take(&mut self.principals);
        // Of several that tell of one principal, the first counts.
        principals.sort_by(|a, b| (&a.arn, a.kind).cmp(&(&b.arn, b.kind)));
        principals.dedup_by(|later, first| (&later.arn, later.kind) == (&first.arn, first.kind));
        principals.shrink_to_fit();
        for principal in &mut principals {
            self.complete(principal);
        }
        self.account.principals = principals;
        self.account.missing =
            KINDS.iter().filter(|kind| !self.told.contains(*kind)).map(|kind| (*kind).to_owned()).collect();
        if self.truncated {
            self.account.missing.push("pages after a truncated answer".to_owned());
        }
        self.account.documents.shrink_to_fit();
        self.account.unread.sort();
        self.account
    }

    /// Gives the principal the documents of its policies.
    fn complete(&mut self, principal: &mut Principal) {
        let mut unknown = Vec::new();
        principal.policies.iter_mut().for_each(|attached| self.settle(attached, &mut unknown));
        unknown.append(&mut principal.unknown);
        for name in &principal.groups {
            match self.account.groups.get(name.as_ref()) {
                Some(group) => unknown.extend(group.unknown.iter().cloned()),
                None => unknown.push(format!("group `{name}` is not in the answer")),
            }
        }
        if let Boundary::Policy(attached) = &mut principal.boundary {
            self.settle(attached, &mut unknown);
        }
        principal.unknown = unknown;
    }

    fn settle(&mut self, attached: &mut Attached, unknown: &mut Vec<String>) {
        let PolicyName::Managed(arn) = attached.policy.as_ref() else { return };
        let (is_listed, document) = self.document_of(&attached.policy, arn);
        attached.document = document;
        if document.is_none() {
            let reason = if is_listed { "cannot be read" } else { "is not in the answer" };
            unknown.push(format!("policy `{arn}` {reason}"));
        }
    }

    /// Whether a managed policy is in an answer, and its document; looked up once for all that have it.
    fn document_of(&mut self, policy: &Arc<PolicyName>, arn: &str) -> (bool, Option<DocumentId>) {
        let place = Arc::as_ptr(policy).addr();
        if let Some(known) = self.settled.get(&place) {
            return *known;
        }
        let listed = self.account.policies.get(arn).map(ManagedPolicy::document);
        let found = (listed.is_some(), listed.flatten().or_else(|| self.well_known(arn)));
        self.settled.insert(place, found);
        found
    }

    /// Adds a managed policy.
    pub(super) fn policy(&mut self, policy: &shapes::ManagedPolicyDetail) {
        let Some(arn) = policy.arn.as_deref().filter(|arn| !self.account.policies.contains_key(*arn)) else { return };
        let mut versions = BTreeMap::new();
        let mut default_version = policy.default_version_id.as_deref();
        for version in policy.policy_version_list.iter().flatten() {
            let Some(id) = version.version_id.as_deref() else { continue };
            if version.is_default_version == Some(true) {
                default_version = Some(id);
            }
            let document = version.document.as_ref().and_then(|document| self.document(document).ok());
            versions.insert(self.documents.text(id), document);
        }
        let default_version = default_version.map(|id| self.documents.text(id));
        let managed = ManagedPolicy { versions: versions.into_iter().collect(), default_version };
        if managed.document().is_none() {
            self.account.unread.push(format!("the version in force of policy `{arn}` is not there or cannot be read"));
        }
        let arn = self.documents.text(arn);
        self.account.policies.insert(arn, managed);
    }

    /// Compiles a document, or finds the equal one that was compiled before.
    fn document(&mut self, document: &Document) -> Result<DocumentId, String> {
        match self.documents.find(document, &mut self.foreseen)? {
            Found::Known(place) => Ok(place),
            Found::New(key, rules) => {
                let place = DocumentId::at(self.account.documents.len());
                self.account.documents.push(rules);
                self.documents.note(key, place);
                Ok(place)
            }
        }
    }

    /// Managed policies, whose documents are found later, and inline ones.
    fn policies(
        &mut self,
        owner: &Arc<str>,
        attached: Option<&[shapes::AttachedPolicy]>,
        inline: Option<&[shapes::PolicyDetail]>,
        unknown: &mut Vec<String>,
    ) -> Box<[Attached]> {
        if attached.is_none() {
            unknown.push("the answer does not list the attached policies".to_owned());
        }
        if attached.into_iter().flatten().any(|policy| policy.policy_arn.is_none()) {
            unknown.push("the answer does not name an attached policy".to_owned());
        }
        let arns = attached.into_iter().flatten().filter_map(|policy| policy.policy_arn.as_deref());
        let mut all: Vec<Attached> = arns.map(|arn| self.by_arn(arn)).collect();
        for policy in inline.into_iter().flatten() {
            let name = self.documents.text(policy.policy_name.as_deref().unwrap_or_default());
            let read = policy.policy_document.as_ref().ok_or_else(|| "has no document".to_owned());
            let document = read.and_then(|document| self.document(document));
            let policy = PolicyName::Inline { owner: Arc::clone(owner), name };
            if let Err(reason) = &document {
                let untold = format!("policy `{policy}` cannot be read: {reason}");
                self.account.unread.push(untold.clone());
                unknown.push(untold);
            }
            all.push(Attached { policy: Arc::new(policy), document: document.ok() });
        }
        all.into()
    }

    fn by_arn(&mut self, arn: &str) -> Attached {
        let policy = if let Some(known) = self.managed.get(arn) {
            Arc::clone(known)
        } else {
            let arn = self.documents.text(arn);
            let name = Arc::new(PolicyName::Managed(Arc::clone(&arn)));
            self.managed.insert(arn, Arc::clone(&name));
            name
        };
        Attached { policy, document: None }
    }

    /// The one AWS managed policy that needs no reading: it grants everything, which AWS documents and cannot change.
    fn well_known(&mut self, arn: &str) -> Option<DocumentId> {
        let name = arn.strip_prefix("arn:").and_then(|rest| rest.split_once(':'))?.1;
        if name != "iam::aws:policy/AdministratorAccess" {
            return None;
        }
        self.document(everything()).ok()
    }

    fn boundary(&mut self, boundary: Option<&shapes::PermissionsBoundary>) -> Boundary {
        boundary.map_or(Boundary::None, |boundary| {
            Boundary::Policy(self.by_arn(boundary.permissions_boundary_arn.as_deref().unwrap_or_default()))
        })
    }

    fn tags(&mut self, tags: Option<&[shapes::Tag]>) -> Option<Tags> {
        let mut by_key = BTreeMap::new();
        for tag in tags? {
            if let Some(key) = tag.key.as_deref() {
                by_key.insert(self.documents.text(key), self.documents.text(tag.value.as_deref().unwrap_or_default()));
            }
        }
        Some(by_key.into_iter().collect())
    }

    /// Adds a group.
    pub(super) fn group(&mut self, group: &shapes::GroupDetail) {
        let arn = group.arn.clone().unwrap_or_default();
        if self.groups.contains_key(&arn) {
            return;
        }
        let mut unknown = Vec::new();
        let (attached, inline) = (group.attached_managed_policies.as_deref(), group.group_policy_list.as_deref());
        let policies = self.policies(&arn.as_str().into(), attached, inline, &mut unknown);
        let name = self.documents.text(group.group_name.as_deref().unwrap_or_default());
        self.groups.insert(arn.clone(), (name, Group { arn, policies, unknown }));
    }

    /// Adds a user.
    pub(super) fn user(&mut self, user: &shapes::UserDetail) {
        let arn: Arc<str> = user.arn.as_deref().unwrap_or_default().into();
        let mut unknown = Vec::new();
        let (attached, inline) = (user.attached_managed_policies.as_deref(), user.user_policy_list.as_deref());
        let policies = self.policies(&arn, attached, inline, &mut unknown);
        if user.group_list.is_none() {
            unknown.push("the answer does not list the groups".to_owned());
        }
        let groups = user.group_list.iter().flatten().map(|name| self.documents.text(name)).collect();
        let principal = Principal {
            kind: PrincipalKind::User,
            arn,
            name: user.user_name.clone().unwrap_or_default(),
            id: user.user_id.clone(),
            policies,
            groups,
            boundary: self.boundary(user.permissions_boundary.as_ref()),
            trust: None,
            instance_profiles: None,
            tags: self.tags(user.tags.as_deref()),
            unknown,
        };
        self.principals.push(principal);
    }

    /// Adds a role.
    pub(super) fn role(&mut self, role: &shapes::RoleDetail) {
        let arn: Arc<str> = role.arn.as_deref().unwrap_or_default().into();
        let mut unknown = Vec::new();
        let (attached, inline) = (role.attached_managed_policies.as_deref(), role.role_policy_list.as_deref());
        let policies = self.policies(&arn, attached, inline, &mut unknown);
        let trust = role.assume_role_policy_document.as_ref().and_then(|document| match self.document(document) {
            Ok(trust) => Some(trust),
            Err(reason) => {
                self.account.unread.push(format!("the trust policy of `{arn}` cannot be read: {reason}"));
                None
            }
        });
        let profiles =
            |list: &Vec<shapes::InstanceProfile>| list.iter().filter_map(|profile| profile.arn.clone()).collect();
        let principal = Principal {
            kind: PrincipalKind::Role,
            arn,
            name: role.role_name.clone().unwrap_or_default(),
            id: role.role_id.clone(),
            policies,
            groups: Box::default(),
            boundary: self.boundary(role.permissions_boundary.as_ref()),
            trust,
            instance_profiles: role.instance_profile_list.as_ref().map(profiles),
            tags: self.tags(role.tags.as_deref()),
            unknown,
        };
        self.principals.push(principal);
    }
}

fn documents_of_user(user: &shapes::UserDetail) -> Vec<&Document> {
    inline_documents(user.user_policy_list.as_deref()).collect()
}

fn documents_of_group(group: &shapes::GroupDetail) -> Vec<&Document> {
    inline_documents(group.group_policy_list.as_deref()).collect()
}

fn documents_of_role(role: &shapes::RoleDetail) -> Vec<&Document> {
    inline_documents(role.role_policy_list.as_deref()).chain(&role.assume_role_policy_document).collect()
}

fn documents_of_policy(policy: &shapes::ManagedPolicyDetail) -> Vec<&Document> {
    policy.policy_version_list.iter().flatten().filter_map(|version| version.document.as_ref()).collect()
}

fn inline_documents(list: Option<&[shapes::PolicyDetail]>) -> impl Iterator<Item = &Document> {
    list.into_iter().flatten().filter_map(|policy| policy.policy_document.as_ref())
}

/// The document of `AdministratorAccess`.
fn everything() -> &'static Document {
    static EVERYTHING: OnceLock<Document> = OnceLock::new();
    EVERYTHING.get_or_init(|| {
        let statement = json!({ "Effect": "Allow", "Action": "*", "Resource": "*" });
        Document::from(&json!({ "Version": "2012-10-17", "Statement": [statement] }))
    })
}

#[cfg(test)]
mod tests {
    use serde_json::Value;

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
    fn a_document_that_names_a_member_twice_is_not_read() {
        let policy = |document: &str| {
            let answer = format!(
                r#"{{"UserDetailList":[],"GroupDetailList":[],"RoleDetailList":[],"Policies":[{{"Arn":"arn:aws:iam::1:policy/p",
                "DefaultVersionId":"v1","PolicyVersionList":[{{"VersionId":"v1","Document":{document}}}]}}]}}"#
            );
            let mut builder = Account::builder("1", "aws", None);
            builder.add(&details(&answer), &[]);
            builder.build().unread().len()
        };
        assert_eq!(policy(r#"{"Version":"2012-10-17","Statement":[]}"#), 0);
        for twice in [r#"{"Statement":[],"Statement":[]}"#, r#""{\"Statement\":[],\"Statement\":[]}""#] {
            assert_eq!(policy(twice), 1, "{twice}");
        }
    }

    #[test]
    fn documents_that_are_read_side_by_side_make_the_same_account() {
        // Equal ones in one part and in several, such as cannot be read, and such as are text.
        let document = |number: usize| match number % 7 {
            0 => json!({ "Statement": [] }),
            1 => json!({ "Statement": [{ "Effect": "Allow" }] }),
            2 => json!("{\"Statement\":[]}"),
            3 => {
                json!({ "Version": "2012-10-17", "Statement": { "Effect": "Deny", "Action": "iam:*", "Resource": "*" } })
            }
            _ => json!({ "Statement": { "Effect": "Allow", "Action": format!("s3:{number}"), "Resource": "*" } }),
        };
        let inline = |number: usize| json!([{ "PolicyName": "own", "PolicyDocument": document(number) }]);
        let count = 2 * AT_ONCE + 9;
        let users: Vec<Value> = (0..count)
            .map(|number| {
                json!({ "UserName": format!("u{number}"), "Arn": format!("arn:aws:iam::1:user/u{number}"), "GroupList": [],
                    "AttachedManagedPolicies": [], "UserPolicyList": inline(number) })
            })
            .collect();
        let roles: Vec<Value> = (0..count)
            .map(|number| {
                json!({ "RoleName": format!("r{number}"), "Arn": format!("arn:aws:iam::1:role/r{number}"),
                    "AttachedManagedPolicies": [], "AssumeRolePolicyDocument": document(number * 3), "RolePolicyList": inline(number) })
            })
            .collect();
        let answer = json!({ "UserDetailList": users, "GroupDetailList": [], "RoleDetailList": roles, "Policies": [] });
        let details = details(&answer.to_string());
        let on = |threads: usize| {
            let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
            let mut builder = Account::builder("1", "aws", None);
            pool.install(|| builder.add(&details, &[]));
            let account = builder.build();
            let compiled: Vec<String> = (0..account.document_count())
                .map(|place| format!("{:?}", account.rules(DocumentId::at(place))))
                .collect();
            (account.principals().to_vec(), compiled, account.unread().to_vec())
        };
        let alone = on(1);
        assert!(alone.1.len() > AT_ONCE && !alone.2.is_empty());
        assert_eq!(alone, on(2));
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

//! The principals of one account and the policies that bind them, from `GetAccountAuthorizationDetails`.
//!
//! AWS gives the details in filtered answers; several are merged. What no answer holds is remembered as unknown on the
//! principal that it concerns: an attached policy whose document nobody read is not an empty policy.

mod build;
mod documents;
mod groups;
mod guardrails;
mod organization;
mod snapshot;
mod stream;

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use super::document::Rule;
use crate::snapshot::Time;

pub use build::Builder;
pub(crate) use documents::read_document;
pub use groups::Groups;
pub use guardrails::Membership;
pub(crate) use guardrails::{Bound, BoundKind};
use organization::Organization;
pub use organization::govern;

/// Position of a compiled document in its [`Account`]; four bytes, because an account has a hundred thousand attachments.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct DocumentId(u32);

/// Tags, each a key and a value.
pub type Tags = Box<[(Arc<str>, Arc<str>)]>;

/// A user or a role.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum PrincipalKind {
    /// An IAM user.
    User,
    /// An IAM role.
    Role,
}

/// Where a policy is kept.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum PolicyName {
    /// A managed policy, by ARN.
    Managed(Arc<str>),
    /// An inline policy of a user, group or role.
    Inline {
        /// The ARN of the user, group or role.
        owner: Arc<str>,
        /// The policy's name.
        name: Arc<str>,
    },
}

impl PolicyName {
    /// The name as it is shown; a managed policy's is kept once.
    pub(crate) fn text(&self) -> Arc<str> {
        match self {
            Self::Managed(arn) => Arc::clone(arn),
            Self::Inline { .. } => self.to_string().into(),
        }
    }
}

impl fmt::Display for PolicyName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Managed(arn) => f.write_str(arn),
            Self::Inline { owner, name } => write!(f, "{owner}/inline-policy/{name}"),
        }
    }
}

/// A policy that applies to a principal.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Attached {
    /// Which policy; the name is shared by all who have it.
    pub policy: Arc<PolicyName>,
    /// Its document; `None` when it is not known.
    pub document: Option<DocumentId>,
}

/// The permissions boundary of a principal.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Boundary {
    /// There is none.
    None,
    /// This policy is it.
    Policy(Attached),
}

/// A user or role.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Principal {
    /// User or role.
    pub kind: PrincipalKind,
    /// The ARN.
    pub arn: Arc<str>,
    /// The name without path.
    pub name: String,
    /// The unique id, as in `AIDA…`.
    pub id: Option<String>,
    /// Policies attached or embedded, groups' not included.
    pub policies: Box<[Attached]>,
    /// The names of a user's groups.
    pub groups: Box<[Arc<str>]>,
    /// The permissions boundary.
    pub boundary: Boundary,
    /// A role's trust policy.
    pub trust: Option<DocumentId>,
    /// A role's instance profiles, by ARN; `None` when not told.
    pub instance_profiles: Option<Vec<String>>,
    /// Tags, sorted by key; `None` when not told.
    pub tags: Option<Tags>,
    /// Why the policies above may not be all there are; empty when they are.
    pub unknown: Vec<String>,
}

impl Principal {
    /// True for roles that only an AWS service can use and nobody can change.
    pub fn is_service_linked(&self) -> bool {
        self.kind == PrincipalKind::Role && self.arn.contains(":role/aws-service-role/")
    }
}

/// A group.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Group {
    /// The ARN.
    pub arn: String,
    /// Policies attached or embedded.
    pub policies: Box<[Attached]>,
    /// Why the policies may not be all there are.
    pub unknown: Vec<String>,
}

/// A managed policy.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ManagedPolicy {
    /// The versions, sorted by id; a document that cannot be read is `None`.
    pub versions: Box<[(Arc<str>, Option<DocumentId>)]>,
    /// The id of the version in force.
    pub default_version: Option<Arc<str>>,
}

impl ManagedPolicy {
    /// The document in force.
    pub fn document(&self) -> Option<DocumentId> {
        let default = self.default_version.as_deref()?;
        self.versions.iter().find_map(|(id, document)| (**id == *default).then_some(*document)).flatten()
    }
}

/// One account.
#[derive(Debug, Default)]
pub struct Account {
    /// The twelve digits.
    pub id: String,
    /// The partition, as in `aws`.
    pub partition: String,
    /// What date conditions are compared with.
    pub now: Option<Time>,
    principals: Vec<Principal>,
    groups: Groups,
    policies: BTreeMap<Arc<str>, ManagedPolicy>,
    documents: Vec<Box<[Rule]>>,
    missing: Vec<String>,
    unread: Vec<String>,
    membership: Membership,
    /// The account that manages the organization, and the organization's id.
    manager: Option<String>,
    organization_id: Option<String>,
    /// The control policies that the snapshot holds.
    organization: Option<Arc<Organization>>,
    scps: Vec<Vec<Attached>>,
    /// Whether the levels above are all that there are.
    scps_told: bool,
    rcps: Vec<Attached>,
}

impl Account {
    /// Users and roles, sorted by ARN.
    pub fn principals(&self) -> &[Principal] {
        &self.principals
    }

    /// The user or role with this ARN.
    pub fn principal(&self, arn: &str) -> Option<&Principal> {
        self.principals.get(self.position(arn)?)
    }

    /// Where the user or role with this ARN stands among the principals.
    pub(crate) fn position(&self, arn: &str) -> Option<usize> {
        self.principals.binary_search_by(|own| own.arn.as_ref().cmp(arn)).ok()
    }

    /// Groups, by name.
    pub fn groups(&self) -> &Groups {
        &self.groups
    }

    /// Managed policies, by ARN.
    pub fn policies(&self) -> &BTreeMap<Arc<str>, ManagedPolicy> {
        &self.policies
    }

    /// The statements of a document.
    pub fn rules(&self, document: DocumentId) -> &[Rule] {
        self.documents.get(document.index()).map_or(&[], AsRef::as_ref)
    }

    /// How many documents there are, equal ones counted once.
    pub fn document_count(&self) -> usize {
        self.documents.len()
    }

    /// Kinds of details that no answer held, so that the lists above are not complete.
    pub fn missing(&self) -> &[String] {
        &self.missing
    }

    /// Documents in force that an answer holds and nobody can read, each with the reason: what they grant is not known.
    pub fn unread(&self) -> &[String] {
        &self.unread
    }
}

impl DocumentId {
    /// The document at a position below [`Account::document_count`].
    pub fn at(position: usize) -> Self {
        // INVARIANT: a snapshot is too small to hold more documents than the number can count.
        Self(u32::try_from(position).unwrap_or(u32::MAX))
    }

    /// The position, for tables beside the account.
    pub fn index(self) -> usize {
        self.0 as usize
    }
}

//! A parsed policy document.
//!
//! The model keeps every pattern's source text, because printing and explaining need it, and reads the patterns once,
//! because matching needs that. It accepts what any policy type may hold; which elements a certain type may have is
//! a question for whoever checks documents, not for the parser.

use super::operator::Operator;
use super::template::Template;

/// The `Version` of a policy: which language the document is written in.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Version {
    /// No `Version`: AWS reads the document as 2008-10-17.
    Missing,
    /// `2008-10-17`, without policy variables.
    V2008,
    /// `2012-10-17`.
    V2012,
    /// A text that AWS does not know; read as 2008-10-17, which has fewer features.
    Other(String),
}

impl Version {
    /// True when `${…}` is a variable rather than text.
    pub const fn has_variables(&self) -> bool {
        matches!(self, Self::V2012)
    }

    /// The text in the document, if it has one.
    pub fn as_str(&self) -> Option<&str> {
        match self {
            Self::Missing => None,
            Self::V2008 => Some("2008-10-17"),
            Self::V2012 => Some("2012-10-17"),
            Self::Other(text) => Some(text),
        }
    }
}

/// What a statement does when it applies.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Effect {
    /// Grants.
    Allow,
    /// Refuses, whatever else grants.
    Deny,
}

impl Effect {
    /// The word in the document.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Allow => "Allow",
            Self::Deny => "Deny",
        }
    }
}

/// Where something stands in its document, as a JSON pointer.
///
/// INVARIANT: places never make two documents differ, so that a document and its canonical print are equal.
#[derive(Debug, Clone, Default, Eq)]
pub struct Place(pub String);

impl PartialEq for Place {
    fn eq(&self, _: &Self) -> bool {
        true
    }
}

impl Place {
    /// The pointer, such as `/Statement/0`.
    pub fn pointer(&self) -> &str {
        &self.0
    }
}

/// A policy document.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Policy {
    /// The language version.
    pub version: Version,
    /// The document's `Id`.
    pub id: Option<String>,
    /// The statements, in the document's order.
    pub statements: Vec<Statement>,
}

/// One statement of a policy.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Statement {
    /// The statement's `Sid`.
    pub sid: Option<String>,
    /// Whether it grants or refuses.
    pub effect: Effect,
    /// Whom it speaks of.
    pub principal: PrincipalBlock,
    /// Which actions it speaks of.
    pub action: ActionBlock,
    /// Which resources it speaks of.
    pub resource: ResourceBlock,
    /// Every entry of the `Condition` block, by operator and key; all have to hold.
    pub conditions: Vec<Condition>,
    /// Where the statement stands in its document.
    pub place: Place,
}

impl Statement {
    /// The name people know the statement by: its `Sid`, else its place.
    pub fn name(&self) -> &str {
        self.sid.as_deref().filter(|sid| !sid.is_empty()).unwrap_or_else(|| self.place.pointer())
    }
}

/// `Principal`, `NotPrincipal` or neither.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PrincipalBlock {
    /// Neither, as in every identity policy.
    None,
    /// The principals that the statement applies to.
    Principal(Vec<Principal>),
    /// The principals that the statement does not apply to.
    NotPrincipal(Vec<Principal>),
}

/// The key under which a principal is listed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum PrincipalKind {
    /// Accounts, users, roles, sessions, or `*`.
    Aws,
    /// An AWS service.
    Service,
    /// A SAML or OpenID Connect provider.
    Federated,
    /// An S3 canonical user id.
    CanonicalUser,
}

impl PrincipalKind {
    /// Every kind, in the order of printing.
    pub const ALL: &'static [Self] = &[Self::Aws, Self::CanonicalUser, Self::Federated, Self::Service];

    /// The key in the document.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Aws => "AWS",
            Self::Service => "Service",
            Self::Federated => "Federated",
            Self::CanonicalUser => "CanonicalUser",
        }
    }
}

/// One principal that a statement names.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Principal {
    /// `"Principal": "*"`: everyone, anonymous callers included.
    Everyone,
    /// A principal under its key; `{"AWS": "*"}` is everyone as well.
    Listed {
        /// The key.
        kind: PrincipalKind,
        /// The text in the document.
        value: String,
    },
}

impl Principal {
    /// True for `"*"` and `{"AWS": "*"}`, which AWS documents as the same.
    pub fn is_everyone(&self) -> bool {
        match self {
            Self::Everyone => true,
            Self::Listed { kind, value } => *kind == PrincipalKind::Aws && value == "*",
        }
    }
}

/// `Action`, `NotAction` or neither.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ActionBlock {
    /// Neither, which only trust in some resource policies may have.
    None,
    /// The actions that the statement applies to.
    Action(Vec<ActionPattern>),
    /// The actions that the statement does not apply to.
    NotAction(Vec<ActionPattern>),
}

/// An action with wildcards, such as `s3:Get*`. Case does not matter.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ActionPattern {
    source: String,
    lower: String,
}

impl ActionPattern {
    /// Keeps the pattern and the form that comparing uses.
    pub fn new(source: &str) -> Self {
        Self { source: source.to_owned(), lower: source.to_ascii_lowercase() }
    }

    /// The text as the document has it.
    pub fn source(&self) -> &str {
        &self.source
    }

    /// The text in lower case, which is how actions compare.
    pub fn lower(&self) -> &str {
        &self.lower
    }

    /// True for `*`, every action of every service.
    pub fn is_star(&self) -> bool {
        !self.lower.is_empty() && self.lower.bytes().all(|byte| byte == b'*')
    }

    /// The service prefix and the action's name, both in lower case; `None` without a colon.
    pub fn parts(&self) -> Option<(&str, &str)> {
        self.lower.split_once(':')
    }
}

/// `Resource`, `NotResource` or neither.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ResourceBlock {
    /// Neither, as in trust policies: the resource that the policy is attached to.
    None,
    /// The resources that the statement applies to.
    Resource(Vec<Template>),
    /// The resources that the statement does not apply to.
    NotResource(Vec<Template>),
}

/// One operator and key of a `Condition` block.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Condition {
    /// How the key is compared.
    pub operator: Operator,
    /// The context key as written; keys compare without regard to case.
    pub key: String,
    /// The policy's values; one that matches is enough (for negated operators: none may match).
    pub values: Vec<Template>,
}

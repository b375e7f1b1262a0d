//! The three values of a fact: present, absent, unknown with its reason.

use std::sync::Arc;

use serde::{Serialize, Serializer, ser::SerializeStruct};

use crate::snapshot::{ApiError, Operation, Request};

/// One fact, as far as the snapshot holds it.
#[derive(Debug, Clone, PartialEq)]
pub enum Observed<T> {
    /// AWS answered with a value.
    Present(T),
    /// AWS answered that there is none.
    Absent,
    /// AWS did not answer. The reason is shown to the reader, never replaced by a default.
    Unknown(Gap),
}

impl<T> Observed<T> {
    /// Borrows the value.
    pub fn as_ref(&self) -> Observed<&T> {
        match self {
            Self::Present(value) => Observed::Present(value),
            Self::Absent => Observed::Absent,
            Self::Unknown(gap) => Observed::Unknown(gap.clone()),
        }
    }

    /// Changes a present value.
    pub fn map<U>(self, f: impl FnOnce(T) -> U) -> Observed<U> {
        match self {
            Self::Present(value) => Observed::Present(f(value)),
            Self::Absent => Observed::Absent,
            Self::Unknown(gap) => Observed::Unknown(gap),
        }
    }

    /// Follows a present value to the next fact.
    pub fn and_then<U>(self, f: impl FnOnce(T) -> Observed<U>) -> Observed<U> {
        match self {
            Self::Present(value) => f(value),
            Self::Absent => Observed::Absent,
            Self::Unknown(gap) => Observed::Unknown(gap),
        }
    }

    /// The value, when there is one and it is known.
    pub fn present(&self) -> Option<&T> {
        match self {
            Self::Present(value) => Some(value),
            Self::Absent | Self::Unknown(_) => None,
        }
    }

    /// The reason, when the fact is unknown.
    pub fn gap(&self) -> Option<&Gap> {
        match self {
            Self::Unknown(gap) => Some(gap),
            Self::Present(_) | Self::Absent => None,
        }
    }
}

/// Code of a gap whose observation is not in the snapshot.
pub const NOT_COLLECTED: &str = "NotCollected";
/// Code of a gap whose list was cut off before its end.
pub const INCOMPLETE: &str = "Incomplete";
/// Code of a gap in an answer that lacks a member AWS always sends.
pub const MEMBER_MISSING: &str = "MemberMissing";
/// Code of a gap in an answer whose text cannot be read, as in a policy that is no JSON.
pub const MALFORMED: &str = "Malformed";
/// Code of a gap that only a person's statement could fill.
pub const NOT_ATTESTED: &str = "NotAttested";
/// Code of a fact that the answers at hand do not settle.
pub const UNDECIDED: &str = "Undecided";
/// Code of a value that does not exist where a rule needs one.
pub const NO_VALUE: &str = "NoValue";

/// Why a fact is not known: the call that did not answer, with its error code.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Gap(Arc<GapDetail>);

#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct GapDetail {
    operation: Option<Operation>,
    region: String,
    request: Option<String>,
    code: String,
    message: String,
}

impl std::fmt::Debug for Gap {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Gap({}: {} {})", self.call(), self.code(), self.message())
    }
}

impl Gap {
    /// A call that was made and not answered.
    pub fn failed(operation: Operation, region: &str, request: &Request, error: &ApiError) -> Self {
        Self::of_call(operation, region, request, &error.code, &error.message)
    }

    /// A call that the snapshot does not hold.
    pub fn not_collected(operation: Operation, region: &str, request: &Request) -> Self {
        Self::of_call(operation, region, request, NOT_COLLECTED, "the snapshot holds no answer of this call")
    }

    /// A gap in a call's answer, with one of the codes of this module.
    pub fn of_call(operation: Operation, region: &str, request: &Request, code: &str, message: &str) -> Self {
        let request = (!request.is_empty()).then(|| crate::snapshot::canonical_request(request));
        Self(Arc::new(GapDetail {
            operation: Some(operation),
            region: region.to_owned(),
            request,
            code: code.to_owned(),
            message: message.to_owned(),
        }))
    }

    /// A gap that belongs to no call, with one of the codes of this module.
    pub fn of_reason(code: &str, message: impl Into<String>) -> Self {
        Self(Arc::new(GapDetail {
            operation: None,
            region: String::new(),
            request: None,
            code: code.to_owned(),
            message: message.into(),
        }))
    }

    /// The operation that did not answer, when the gap belongs to one.
    pub fn operation(&self) -> Option<Operation> {
        self.0.operation
    }

    /// The Region that was asked, empty when the gap belongs to no call.
    pub fn region(&self) -> &str {
        &self.0.region
    }

    /// The members that tell the call from others of its operation, as compact JSON.
    pub fn request(&self) -> Option<&str> {
        self.0.request.as_deref()
    }

    /// AWS's error code, or one of this module's.
    pub fn code(&self) -> &str {
        &self.0.code
    }

    /// AWS's message, or the reason in words.
    pub fn message(&self) -> &str {
        &self.0.message
    }

    /// The IAM actions that the call needs; empty when the gap belongs to no call.
    pub fn actions(&self) -> &'static [&'static str] {
        self.0.operation.map_or(&[], |operation| operation.spec().actions)
    }

    /// True when permission is what the call lacked, by the codes that AWS's services use for that.
    pub fn is_denied(&self) -> bool {
        matches!(
            self.code(),
            "AccessDenied"
                | "AccessDeniedException"
                | "UnauthorizedOperation"
                | "AuthorizationError"
                | "AuthorizationErrorException"
                | "NotAuthorized"
                | "UnauthorizedException"
        )
    }

    /// The call as a reader meets it, as in `iam:GetAccountSummary@us-east-1`.
    pub fn call(&self) -> String {
        match (self.0.operation, &self.0.request) {
            (None, _) => String::new(),
            (Some(operation), None) => format!("{}@{}", operation.label(), self.0.region),
            (Some(operation), Some(request)) => format!("{}@{} {request}", operation.label(), self.0.region),
        }
    }
}

impl Serialize for Gap {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut gap = serializer.serialize_struct("Gap", 7)?;
        if let Some(operation) = self.0.operation {
            gap.serialize_field("service", operation.spec().service)?;
            gap.serialize_field("operation", operation.spec().name)?;
            gap.serialize_field("region", &self.0.region)?;
            if let Some(request) = &self.0.request {
                gap.serialize_field("request", request)?;
            }
            gap.serialize_field("actions", self.actions())?;
        }
        gap.serialize_field("code", &self.0.code)?;
        gap.serialize_field("message", &self.0.message)?;
        gap.end()
    }
}

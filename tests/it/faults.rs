//! The ways in which a call goes wrong, and the error that collecting records for each.
//!
//! The matrix of `matrix.rs` replaces answers by these errors; `wire.rs` makes them happen on the wire and expects the
//! program to record exactly them.

use posture::snapshot::{ApiError, Operation};

/// A way in which a call goes wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Fault {
    AccessDenied,
    Throttled,
    ServerError,
    Timeout,
    Reset,
    Truncated,
    Garbage,
    WrongType,
    Empty,
    ExpiredToken,
    RegionDisabled,
    NotInPartition,
}

impl Fault {
    pub(crate) const ALL: [Self; 12] = [
        Self::AccessDenied,
        Self::Throttled,
        Self::ServerError,
        Self::Timeout,
        Self::Reset,
        Self::Truncated,
        Self::Garbage,
        Self::WrongType,
        Self::Empty,
        Self::ExpiredToken,
        Self::RegionDisabled,
        Self::NotInPartition,
    ];

    /// What collecting records when a call of the operation goes wrong in this way.
    pub(crate) fn recorded(self, operation: Operation) -> ApiError {
        let code = self.code(operation.spec().service);
        ApiError { code: code.to_owned(), message: format!("{code} in the test") }
    }

    /// The code of the error: AWS's own where it answers, else the stand-in for an answer that never came.
    pub(crate) fn code(self, service: &str) -> &'static str {
        match (self, service) {
            (Self::AccessDenied, "ec2") => "UnauthorizedOperation",
            (Self::AccessDenied, "sns") => "AuthorizationError",
            (Self::AccessDenied, service) if is_xml(service) => "AccessDenied",
            (Self::AccessDenied, _) => "AccessDeniedException",
            (Self::Throttled, "ec2") => "RequestLimitExceeded",
            (Self::Throttled, "s3api") => "SlowDown",
            (Self::Throttled, service) if is_xml(service) => "Throttling",
            (Self::Throttled, _) => "ThrottlingException",
            (Self::ExpiredToken, "ec2") => "RequestExpired",
            (Self::ExpiredToken, service) if is_xml(service) => "ExpiredToken",
            (Self::ExpiredToken, _) => "ExpiredTokenException",
            (Self::RegionDisabled, "ec2") => "AuthFailure",
            (Self::RegionDisabled, service) if is_xml(service) => "InvalidClientTokenId",
            (Self::RegionDisabled, _) => "UnrecognizedClientException",
            (Self::Timeout, _) => "Timeout",
            // A host that does not resolve is how a service that a partition lacks looks from outside.
            (Self::Reset | Self::Truncated | Self::Empty | Self::NotInPartition, _) => "ConnectionError",
            (Self::ServerError | Self::Garbage | Self::WrongType, _) => "ResponseError",
        }
    }
}

/// Each error that can come of an operation, with the faults that lead to it.
pub(crate) fn errors(operation: Operation) -> Vec<(ApiError, Vec<Fault>)> {
    let mut errors: Vec<(ApiError, Vec<Fault>)> = Vec::new();
    for fault in Fault::ALL {
        let error = fault.recorded(operation);
        match errors.iter_mut().find(|(known, _)| *known == error) {
            Some((_, faults)) => faults.push(fault),
            None => errors.push((error, vec![fault])),
        }
    }
    errors
}

/// Services whose errors travel as XML, without the word `Exception` at the end of their codes.
fn is_xml(service: &str) -> bool {
    ["cloudfront", "cloudwatch", "elbv2", "iam", "rds", "s3api", "s3control", "sns", "sts"].contains(&service)
}

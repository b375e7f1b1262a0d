//! Who makes a request.
//!
//! Policies name principals, requests come from callers: a role named in a policy calls as one of its sessions.

use super::arn::{Arn, is_account};

/// The caller of a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Caller {
    /// Nobody signed the request.
    Anonymous,
    /// The root user of an account.
    Root {
        /// The account.
        account: String,
        /// The root user's ARN.
        arn: String,
    },
    /// An IAM user.
    User {
        /// The account.
        account: String,
        /// The user's ARN, path included.
        arn: String,
    },
    /// Some session of a role, which one is not said.
    Role {
        /// The account.
        account: String,
        /// The role's ARN, path included.
        arn: String,
    },
    /// A certain session of a role.
    Session {
        /// The account.
        account: String,
        /// The session's ARN.
        arn: String,
        /// The role's name; the session's ARN does not tell the role's path.
        role: String,
    },
    /// A session that `sts:GetFederationToken` made.
    FederatedUser {
        /// The account.
        account: String,
        /// The session's ARN.
        arn: String,
    },
    /// An AWS service, or an identity provider that is known by its host name.
    Named(String),
    /// A SAML or OpenID Connect provider, known by its ARN.
    Provider {
        /// The provider's ARN.
        arn: String,
    },
    /// Anything else, matched by its text alone.
    Other(String),
}

impl Caller {
    /// Reads an ARN, an account number, a service or provider name, or `anonymous`.
    pub fn parse(text: &str) -> Self {
        if text.eq_ignore_ascii_case("anonymous") || text == "*" {
            return Self::Anonymous;
        }
        if is_account(text) {
            return Self::Root { account: text.to_owned(), arn: format!("arn:aws:iam::{text}:root") };
        }
        let Some(parsed) = Arn::parse(text) else {
            return if text.contains('.') && !text.contains(':') {
                Self::Named(text.to_owned())
            } else {
                Self::Other(text.to_owned())
            };
        };
        let (account, arn) = (parsed.account.to_owned(), text.to_owned());
        let (kind, name) = parsed.resource.split_once('/').unwrap_or((parsed.resource, ""));
        match (parsed.service, kind) {
            ("iam", "root") => Self::Root { account, arn },
            ("iam", "user") => Self::User { account, arn },
            ("iam", "role") => Self::Role { account, arn },
            ("iam", "saml-provider" | "oidc-provider") => Self::Provider { arn },
            ("sts", "assumed-role") => {
                let role = name.split('/').next().unwrap_or_default().to_owned();
                Self::Session { account, arn, role }
            }
            ("sts", "federated-user") => Self::FederatedUser { account, arn },
            _ => Self::Other(arn),
        }
    }

    /// The account that the caller belongs to, if it belongs to one.
    pub fn account(&self) -> Option<&str> {
        match self {
            Self::Root { account, .. }
            | Self::User { account, .. }
            | Self::Role { account, .. }
            | Self::Session { account, .. }
            | Self::FederatedUser { account, .. } => Some(account),
            Self::Anonymous | Self::Named(_) | Self::Provider { .. } | Self::Other(_) => None,
        }
    }

    /// The text by which policies may name exactly this caller.
    pub fn text(&self) -> &str {
        match self {
            Self::Anonymous => "anonymous",
            Self::Root { arn, .. }
            | Self::User { arn, .. }
            | Self::Role { arn, .. }
            | Self::Session { arn, .. }
            | Self::FederatedUser { arn, .. }
            | Self::Provider { arn } => arn,
            Self::Named(text) | Self::Other(text) => text,
        }
    }

    /// True for an AWS service.
    pub fn is_service(&self) -> bool {
        matches!(self, Self::Named(name) if name.ends_with(".amazonaws.com") || name.ends_with(".amazonaws.com.cn"))
    }

    /// True for a role that AWS made for one of its services: neither SCPs nor RCPs bind it.
    pub fn is_service_linked_role(&self) -> bool {
        match self {
            Self::Role { arn, .. } => arn.contains(":role/aws-service-role/"),
            // INVARIANT: a session's ARN has no path, so the name's reserved prefix has to do.
            Self::Session { role, .. } => role.starts_with("AWSServiceRoleFor"),
            _ => false,
        }
    }

    /// The ARN of the role behind the caller, or the caller's own: what `aws:PrincipalArn` holds.
    pub fn principal_arn(&self) -> Option<String> {
        match self {
            Self::Session { account, role, arn } => {
                let partition = Arn::parse(arn).map_or("aws", |parsed| parsed.partition);
                Some(format!("arn:{partition}:iam::{account}:role/{role}"))
            }
            Self::Root { arn, .. }
            | Self::User { arn, .. }
            | Self::Role { arn, .. }
            | Self::FederatedUser { arn, .. } => Some(arn.clone()),
            Self::Anonymous | Self::Named(_) | Self::Provider { .. } | Self::Other(_) => None,
        }
    }

    /// The name without path: a user's for `aws:username`, a role's to recognise its sessions.
    pub fn short_name(&self) -> Option<&str> {
        match self {
            Self::User { arn, .. } | Self::Role { arn, .. } => arn.rsplit('/').next(),
            Self::Session { role, .. } => Some(role),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_of_caller_is_told_apart() {
        let session = Caller::parse("arn:aws:sts::123456789012:assumed-role/app/i-1");
        assert_eq!(session.short_name(), Some("app"));
        assert_eq!(session.principal_arn().unwrap(), "arn:aws:iam::123456789012:role/app");
        assert!(matches!(Caller::parse("123456789012"), Caller::Root { .. }));
        assert_eq!(Caller::parse("arn:aws:iam::123456789012:user/dev/alice").short_name(), Some("alice"));
        assert!(Caller::parse("lambda.amazonaws.com").is_service());
        assert!(!Caller::parse("accounts.google.com").is_service());
        assert!(matches!(Caller::parse("arn:aws:iam::123456789012:oidc-provider/x.example"), Caller::Provider { .. }));
        assert_eq!(Caller::parse("anonymous").account(), None);
        assert!(
            Caller::parse("arn:aws:iam::1:role/aws-service-role/a.amazonaws.com/AWSServiceRoleForA")
                .is_service_linked_role()
        );
    }
}

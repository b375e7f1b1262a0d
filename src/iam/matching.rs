//! Whether the action, resource and principal elements of a statement cover a request.

use super::arn::{Arn, is_account};
use super::caller::Caller;
use super::context::{Context, Fact};
use super::glob::{self, Part};
use super::policy::{ActionBlock, ActionPattern, Principal, PrincipalBlock, PrincipalKind, ResourceBlock};
use super::template::{Piece, Template};
use super::truth::Truth;

impl ActionPattern {
    /// True when the pattern covers an action in lower case, such as `s3:getobject`.
    pub fn covers(&self, action: &str) -> bool {
        if self.is_star() {
            return true;
        }
        // A star before the colon stays before it: `s3:*` and `*:GetObject` are two patterns, each with its own part.
        let (Some((service, name)), Some((asked_service, asked_name))) = (self.parts(), action.split_once(':')) else {
            return self.lower() == action;
        };
        glob::matches_text(service, asked_service) && glob::matches_text(name, asked_name)
    }
}

impl ActionBlock {
    /// True when the element covers an action in lower case.
    pub fn covers(&self, action: &str) -> bool {
        match self {
            Self::None => false,
            Self::Action(list) => list.iter().any(|pattern| pattern.covers(action)),
            Self::NotAction(list) => !list.iter().any(|pattern| pattern.covers(action)),
        }
    }
}

/// What a template's variables come to in one request.
pub(super) enum Resolved<'a> {
    /// Every variable has a value.
    Parts(Vec<Part<'a>>),
    /// A variable has no value: nothing is equal to it or like it.
    NoValue,
    /// A variable's value is not known.
    Unknown(&'a str),
}

impl Template {
    /// Replaces the variables. Their values are text: a `*` inside one is no wildcard.
    pub(super) fn resolve<'a>(&'a self, context: &'a Context) -> Resolved<'a> {
        let mut parts = Vec::with_capacity(self.pieces().len());
        for piece in self.pieces() {
            parts.push(match piece {
                Piece::Text(text) => Part::Text(text),
                Piece::Star => Part::Star,
                Piece::Question => Part::Question,
                Piece::Variable { key, default } => match (context.get(key), default) {
                    (Fact::Present(values), default) => match (values.as_slice(), default) {
                        ([value], _) => Part::Text(value),
                        (_, Some(default)) => Part::Text(default),
                        // Keys with several values can't be variables.
                        (_, None) => return Resolved::NoValue,
                    },
                    (Fact::Absent, Some(default)) => Part::Text(default),
                    (Fact::Absent, None) => return Resolved::NoValue,
                    (Fact::SomeValue | Fact::Unknown, _) => return Resolved::Unknown(key),
                },
            });
        }
        Resolved::Parts(parts)
    }

    /// Whether the pattern covers a text, wildcards included.
    pub fn covers(&self, text: &str, context: &Context) -> Truth {
        if self.is_star() {
            return Truth::True;
        }
        match self.resolve(context) {
            Resolved::Parts(parts) => glob::matches(&parts, text).into(),
            Resolved::NoValue => Truth::False,
            Resolved::Unknown(key) => Truth::unknown(key),
        }
    }
}

impl ResourceBlock {
    /// Whether the element covers a resource; a policy on a resource may leave the element out.
    pub fn covers(&self, resource: &str, context: &Context, on_resource: bool) -> Truth {
        let any = |list: &[Template]| Truth::any(list.iter().map(|pattern| pattern.covers(resource, context)));
        match self {
            Self::None => on_resource.into(),
            Self::Resource(list) => any(list),
            Self::NotResource(list) => any(list).not(),
        }
    }
}

/// How a principal element covers a caller. The order says how much a grant is worth.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum PrincipalMatch {
    /// Not at all.
    No,
    /// Through its account, which still has to let it.
    Account,
    /// Through the role that it is a session of: bound by what limits the role.
    Role,
    /// As itself, or as everyone.
    Direct,
}

impl PrincipalBlock {
    /// How the element covers a caller.
    pub fn covers(&self, caller: &Caller) -> PrincipalMatch {
        match self {
            Self::None => PrincipalMatch::No,
            Self::Principal(list) => {
                list.iter().map(|principal| principal.covers(caller)).max().unwrap_or(PrincipalMatch::No)
            }
            Self::NotPrincipal(list) => {
                if list.iter().any(|principal| principal.is_exactly(caller)) {
                    PrincipalMatch::No
                } else {
                    PrincipalMatch::Direct
                }
            }
        }
    }
}

impl Principal {
    /// How the principal covers a caller.
    pub fn covers(&self, caller: &Caller) -> PrincipalMatch {
        if self.is_exactly(caller) {
            return match caller {
                // Who asks is a session of the role, so the role's limits apply.
                Caller::Role { .. } if !self.is_everyone() => PrincipalMatch::Role,
                _ => PrincipalMatch::Direct,
            };
        }
        let Self::Listed { kind: PrincipalKind::Aws, value } = self else { return PrincipalMatch::No };
        if account_of(value).is_some_and(|account| caller.account() == Some(account)) {
            return PrincipalMatch::Account;
        }
        if is_role_of(value, caller) { PrincipalMatch::Role } else { PrincipalMatch::No }
    }

    /// True when the principal names this very caller, or everyone.
    fn is_exactly(&self, caller: &Caller) -> bool {
        if self.is_everyone() {
            return true;
        }
        let Self::Listed { kind, value } = self else { return false };
        match kind {
            PrincipalKind::Aws => {
                let root = matches!(caller, Caller::Root { account, .. } if account_of(value) == Some(account));
                let is_aws = !matches!(caller, Caller::Anonymous | Caller::Named(_) | Caller::Provider { .. });
                root || (is_aws && value == caller.text())
            }
            PrincipalKind::Service => caller.is_service() && value.eq_ignore_ascii_case(caller.text()),
            PrincipalKind::Federated => match caller {
                Caller::Named(name) => name.eq_ignore_ascii_case(value),
                Caller::Provider { arn } => arn == value,
                _ => false,
            },
            PrincipalKind::CanonicalUser => matches!(caller, Caller::Other(text) if text == value),
        }
    }
}

/// The account that a principal stands for, as number or as root ARN.
pub fn account_of(principal: &str) -> Option<&str> {
    if is_account(principal) {
        return Some(principal);
    }
    let arn = Arn::parse(principal)?;
    (arn.service == "iam" && arn.resource == "root").then_some(arn.account)
}

/// True when a principal names the role that a caller is a session of. Role names are unique in an account, whatever
/// their path, and a session's ARN does not hold the path.
fn is_role_of(principal: &str, caller: &Caller) -> bool {
    let (Caller::Session { account, role, .. }, Some(arn)) = (caller, Arn::parse(principal)) else { return false };
    arn.service == "iam"
        && arn.account == account
        && arn.resource.strip_prefix("role/").and_then(|name| name.rsplit('/').next()) == Some(role)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn aws(value: &str) -> Principal {
        Principal::Listed { kind: PrincipalKind::Aws, value: value.to_owned() }
    }

    fn covers(principal: &Principal, caller: &str) -> PrincipalMatch {
        principal.covers(&Caller::parse(caller))
    }

    #[test]
    fn actions_match_without_regard_to_case_and_part_by_part() {
        assert!(ActionPattern::new("S3:Get*").covers("s3:getobject"));
        assert!(ActionPattern::new("*").covers("s3:getobject"));
        assert!(ActionPattern::new("s3:get?bject").covers("s3:getobject"));
        assert!(!ActionPattern::new("s3:Get").covers("s3:getobject"));
        assert!(!ActionPattern::new("s*object").covers("s3:getobject"));
    }

    #[test]
    fn a_principal_is_matched_as_itself_its_role_or_its_account() {
        let session = "arn:aws:sts::123456789012:assumed-role/app/i-1";
        assert_eq!(covers(&aws(session), session), PrincipalMatch::Direct);
        assert_eq!(covers(&aws("arn:aws:iam::123456789012:role/path/app"), session), PrincipalMatch::Role);
        assert_eq!(covers(&aws("123456789012"), session), PrincipalMatch::Account);
        assert_eq!(covers(&aws("arn:aws:iam::123456789012:root"), session), PrincipalMatch::Account);
        assert_eq!(covers(&aws("arn:aws:iam::123456789012:role/other"), session), PrincipalMatch::No);
        assert_eq!(covers(&aws("*"), "anonymous"), PrincipalMatch::Direct);
        assert_eq!(covers(&aws("123456789012"), "lambda.amazonaws.com"), PrincipalMatch::No);
        assert_eq!(
            covers(&aws("arn:aws:iam::123456789012:user/*"), "arn:aws:iam::123456789012:user/a"),
            PrincipalMatch::No
        );
    }

    #[test]
    fn not_principal_spares_only_who_is_listed() {
        let block = PrincipalBlock::NotPrincipal(vec![aws("arn:aws:iam::123456789012:user/bob"), aws("123456789012")]);
        let covers = |caller: &str| block.covers(&Caller::parse(caller));
        assert_eq!(covers("arn:aws:iam::123456789012:user/bob"), PrincipalMatch::No);
        assert_eq!(covers("arn:aws:iam::123456789012:root"), PrincipalMatch::No);
        assert_eq!(covers("arn:aws:iam::123456789012:user/eve"), PrincipalMatch::Direct);
    }

    #[test]
    fn a_variable_value_is_text_and_an_unknown_one_leaves_the_match_open() {
        let template = Template::parse("arn:aws:s3:::b/${aws:username, 'none'}/*", true).unwrap();
        let mut context = Context::complete();
        assert!(template.covers("arn:aws:s3:::b/none/x", &context).is_true());
        context.set_value("aws:username", "*");
        assert!(template.covers("arn:aws:s3:::b/alice/x", &context).is_false());
        assert!(template.covers("arn:aws:s3:::b/*/x", &context).is_true());
        assert_eq!(template.covers("x", &Context::open()), Truth::unknown("aws:username"));
    }
}

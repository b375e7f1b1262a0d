//! A request: who wants to do what to which resource, and under which circumstances.

use super::arn::{Arn, is_account};
use super::caller::Caller;
use super::context::Context;

/// One request, as policies see it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Request {
    /// Who asks.
    pub caller: Caller,
    /// The action in lower case, such as `s3:getobject`.
    pub action: String,
    /// The resource's ARN, or `*` for actions that know no resources.
    pub resource: String,
    /// The account that owns the resource, when it is known.
    pub resource_account: Option<String>,
    /// The condition keys.
    pub context: Context,
}

impl Request {
    /// Builds a request. The owner of the resource is read off its ARN unless it is given; the context is taken as it is.
    pub fn new(caller: Caller, action: &str, resource: &str, resource_account: Option<&str>, context: Context) -> Self {
        let in_arn = || Arn::parse(resource).map(|arn| arn.account).filter(|account| is_account(account));
        let owner = resource_account.filter(|account| !account.is_empty()).or_else(in_arn).map(str::to_owned);
        Self {
            caller,
            action: action.to_ascii_lowercase(),
            resource: resource.to_owned(),
            resource_account: owner,
            context,
        }
    }

    /// The service prefix of the action.
    pub fn service(&self) -> &str {
        self.action.split_once(':').map_or("", |(service, _)| service)
    }

    /// True when caller and resource belong to two accounts. A resource whose owner nobody named is the caller's own.
    pub fn is_cross_account(&self) -> bool {
        match (self.caller.account(), &self.resource_account) {
            (Some(caller), Some(owner)) => caller != owner,
            _ => false,
        }
    }

    /// Adds the keys that AWS puts into every request and that caller and resource settle, unless the context already
    /// speaks of them. <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-keys.html>
    #[must_use]
    pub fn with_derived_keys(mut self) -> Self {
        let kind = match &self.caller {
            Caller::Anonymous => "Anonymous",
            Caller::Root { .. } => "Account",
            Caller::User { .. } => "User",
            Caller::Role { .. } | Caller::Session { .. } => "AssumedRole",
            Caller::FederatedUser { .. } => "FederatedUser",
            Caller::Named(_) | Caller::Provider { .. } | Caller::Other(_) => "",
        };
        let context = &mut self.context;
        if !kind.is_empty() {
            context.set_default("aws:PrincipalType", kind);
        }
        if let Some(arn) = self.caller.principal_arn() {
            context.set_default("aws:PrincipalArn", &arn);
        }
        if let Some(account) = self.caller.account() {
            context.set_default("aws:PrincipalAccount", account);
        }
        if let (Caller::User { .. }, Some(name)) = (&self.caller, self.caller.short_name()) {
            context.set_default("aws:username", name);
        }
        let is_service = self.caller.is_service();
        context.set_default("aws:PrincipalIsAWSService", if is_service { "true" } else { "false" });
        if is_service {
            context.set_default("aws:PrincipalServiceName", self.caller.text());
        }
        if let Some(owner) = &self.resource_account {
            context.set_default("aws:ResourceAccount", owner);
        }
        self
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::iam::context::Fact;

    #[test]
    fn keys_follow_from_caller_and_resource() {
        let caller = Caller::parse("arn:aws:iam::111122223333:user/dev/alice");
        let request =
            Request::new(caller, "sqs:SendMessage", "arn:aws:sqs:us-east-1:444455556666:q", None, Context::complete());
        let request = request.with_derived_keys();
        assert!(request.is_cross_account());
        assert_eq!(request.service(), "sqs");
        assert_eq!(request.context.get("aws:username"), &Fact::Present(vec!["alice".to_owned()]));
        assert_eq!(request.context.get("aws:ResourceAccount"), &Fact::Present(vec!["444455556666".to_owned()]));
    }

    #[test]
    fn what_the_context_says_wins_over_what_follows() {
        let mut context = Context::complete();
        context.set("aws:PrincipalArn", Fact::Unknown);
        let request = Request::new(Caller::parse("123456789012"), "s3:getobject", "arn:aws:s3:::b", None, context)
            .with_derived_keys();
        assert_eq!(request.context.get("aws:principalarn"), &Fact::Unknown);
        assert_eq!(request.resource_account, None);
        assert!(!request.is_cross_account());
    }
}

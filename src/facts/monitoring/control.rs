//! The events that each monitoring control is about, in the filter language.
//!
//! Each pattern is the narrowest that a filter has to match: where the benchmarks' versions differ, as in whether they
//! name the event's source or leave some callers out, the pattern keeps to what all of them match. The widest is what any
//! of them matches: a filter that matches more is the reader's own.

use crate::filter::{Pattern, Selector, Term, Test, Text, Tree, Value};

/// What a control watches.
#[derive(Debug, Clone, Copy)]
pub(super) struct Control {
    /// The service whose events it watches, as in `iam`; `None` for those of any.
    pub(super) service: Option<&'static str>,
    /// Names of events; empty where `also` alone tells.
    pub(super) events: &'static [&'static str],
    /// What else must hold, as a pattern.
    pub(super) also: Option<&'static str>,
    /// What stands for `also` in the widest of the benchmarks' patterns, where that differs.
    pub(super) widest: Option<&'static str>,
    /// Names of events that some benchmark's pattern has beside `events`.
    pub(super) some: &'static [&'static str],
    /// What EventBridge calls such events.
    pub(super) detail_types: &'static [&'static str],
    /// True for a service whose events stand in one Region alone.
    pub(super) is_global: bool,
    /// True when calls that only read count too.
    pub(super) has_reads: bool,
}

const API_CALL: &str = "AWS API Call via CloudTrail";
const SIGN_IN: &str = "AWS Console Sign In via CloudTrail";

/// A control of named API calls of a service that works in every Region.
const fn calls(service: &'static str, events: &'static [&'static str]) -> Control {
    Control {
        service: Some(service),
        events,
        also: None,
        widest: None,
        some: &[],
        detail_types: &[API_CALL],
        is_global: false,
        has_reads: false,
    }
}

pub(super) const UNAUTHORIZED_API: Control = Control {
    service: None,
    events: &[],
    also: Some(
        "{ ($.errorCode = *UnauthorizedOperation || $.errorCode = AccessDenied*) && $.sourceIPAddress != \
         delivery.logs.amazonaws.com && $.eventName != HeadBucket }",
    ),
    widest: Some("{ $.errorCode = *UnauthorizedOperation || $.errorCode = AccessDenied* }"),
    some: &[],
    detail_types: &[API_CALL],
    is_global: false,
    has_reads: true,
};

pub(super) const SIGN_IN_WITHOUT_MFA: Control = Control {
    service: Some("signin"),
    events: &["ConsoleLogin"],
    also: Some(
        "{ $.additionalEventData.MFAUsed != Yes && $.userIdentity.type = IAMUser && $.responseElements.ConsoleLogin = \
         Success }",
    ),
    widest: Some("{ $.additionalEventData.MFAUsed != Yes }"),
    some: &[],
    detail_types: &[SIGN_IN],
    is_global: false,
    has_reads: false,
};

pub(super) const ROOT_USAGE: Control = Control {
    service: None,
    events: &[],
    also: Some(
        "{ $.userIdentity.type = Root && $.userIdentity.invokedBy NOT EXISTS && $.eventType != AwsServiceEvent }",
    ),
    widest: None,
    some: &[],
    detail_types: &[API_CALL, SIGN_IN],
    is_global: false,
    has_reads: true,
};

pub(super) const IAM_POLICY_CHANGES: Control = Control {
    is_global: true,
    ..calls(
        "iam",
        &[
            "DeleteGroupPolicy",
            "DeleteRolePolicy",
            "DeleteUserPolicy",
            "PutGroupPolicy",
            "PutRolePolicy",
            "PutUserPolicy",
            "CreatePolicy",
            "DeletePolicy",
            "CreatePolicyVersion",
            "DeletePolicyVersion",
            "AttachRolePolicy",
            "DetachRolePolicy",
            "AttachUserPolicy",
            "DetachUserPolicy",
            "AttachGroupPolicy",
            "DetachGroupPolicy",
        ],
    )
};

pub(super) const CLOUDTRAIL_CHANGES: Control =
    calls("cloudtrail", &["CreateTrail", "UpdateTrail", "DeleteTrail", "StartLogging", "StopLogging"]);

pub(super) const CONSOLE_AUTH_FAILURES: Control = Control {
    service: Some("signin"),
    events: &["ConsoleLogin"],
    also: Some("{ $.errorMessage = \"Failed authentication\" }"),
    widest: None,
    some: &[],
    detail_types: &[SIGN_IN],
    is_global: false,
    has_reads: false,
};

pub(super) const KMS_KEY_DISABLE_DELETE: Control = calls("kms", &["DisableKey", "ScheduleKeyDeletion"]);

pub(super) const S3_POLICY_CHANGES: Control = calls(
    "s3",
    &[
        "PutBucketAcl",
        "PutBucketPolicy",
        "PutBucketCors",
        "PutBucketLifecycle",
        "PutBucketReplication",
        "DeleteBucketPolicy",
        "DeleteBucketCors",
        "DeleteBucketLifecycle",
        "DeleteBucketReplication",
    ],
);

pub(super) const CONFIG_CHANGES: Control = calls(
    "config",
    &["StopConfigurationRecorder", "DeleteDeliveryChannel", "PutDeliveryChannel", "PutConfigurationRecorder"],
);

const SECURITY_GROUP_CALLS: &[&str] = &[
    "AuthorizeSecurityGroupIngress",
    "AuthorizeSecurityGroupEgress",
    "RevokeSecurityGroupIngress",
    "RevokeSecurityGroupEgress",
    "CreateSecurityGroup",
    "DeleteSecurityGroup",
];
const SECURITY_GROUP_RULE_CALLS: &[&str] = &["ModifySecurityGroupRules"];

pub(super) const SECURITY_GROUP_CHANGES: Control =
    Control { some: SECURITY_GROUP_RULE_CALLS, ..calls("ec2", SECURITY_GROUP_CALLS) };

/// What CIS asks for since 5.0 beside [`SECURITY_GROUP_CHANGES`].
pub(super) const SECURITY_GROUP_RULE_CHANGES: Control =
    Control { some: SECURITY_GROUP_CALLS, ..calls("ec2", SECURITY_GROUP_RULE_CALLS) };

pub(super) const NACL_CHANGES: Control = calls(
    "ec2",
    &[
        "CreateNetworkAcl",
        "CreateNetworkAclEntry",
        "DeleteNetworkAcl",
        "DeleteNetworkAclEntry",
        "ReplaceNetworkAclEntry",
        "ReplaceNetworkAclAssociation",
    ],
);

pub(super) const NETWORK_GATEWAY_CHANGES: Control = calls(
    "ec2",
    &[
        "CreateCustomerGateway",
        "DeleteCustomerGateway",
        "AttachInternetGateway",
        "CreateInternetGateway",
        "DeleteInternetGateway",
        "DetachInternetGateway",
    ],
);

pub(super) const ROUTE_TABLE_CHANGES: Control = calls(
    "ec2",
    &[
        "CreateRoute",
        "CreateRouteTable",
        "ReplaceRoute",
        "ReplaceRouteTableAssociation",
        "DeleteRouteTable",
        "DeleteRoute",
        "DisassociateRouteTable",
    ],
);

/// No filter needs the names of `ClassicLink`: AWS retired it, and its events come no more.
pub(super) const VPC_CHANGES: Control = Control {
    some: &["AttachClassicLinkVpc", "DetachClassicLinkVpc", "DisableVpcClassicLink", "EnableVpcClassicLink"],
    ..calls(
        "ec2",
        &[
            "CreateVpc",
            "DeleteVpc",
            "ModifyVpcAttribute",
            "AcceptVpcPeeringConnection",
            "CreateVpcPeeringConnection",
            "DeleteVpcPeeringConnection",
            "RejectVpcPeeringConnection",
        ],
    )
};

pub(super) const ORGANIZATIONS_CHANGES: Control = Control {
    is_global: true,
    ..calls(
        "organizations",
        &[
            "AcceptHandshake",
            "AttachPolicy",
            "CreateAccount",
            "CreateOrganizationalUnit",
            "CreatePolicy",
            "DeclineHandshake",
            "DeleteOrganization",
            "DeleteOrganizationalUnit",
            "DeletePolicy",
            "DetachPolicy",
            "DisablePolicyType",
            "EnablePolicyType",
            "InviteAccountToOrganization",
            "LeaveOrganization",
            "MoveAccount",
            "RemoveAccountFromOrganization",
            "UpdatePolicy",
            "UpdateOrganizationalUnit",
        ],
    )
};

impl Control {
    /// The events as CloudTrail records them, with members under `root`.
    pub(super) fn records(&self, root: &[&str]) -> Option<Tree> {
        let source = self.service.map(|service| equals(root, "eventSource", &format!("{service}.amazonaws.com")));
        let names = Tree::any(self.events.iter().map(|name| equals(root, "eventName", name)));
        Tree::all([source, names, self.also.and_then(|pattern| under(root, pattern))].into_iter().flatten())
    }

    /// All that a benchmark's pattern may match, of whatever service.
    pub(super) fn at_most(&self) -> Option<Tree> {
        let names = self.events.iter().chain(self.some);
        let names = Tree::any(names.map(|name| equals(&[], "eventName", name)));
        let also = self.widest.or(self.also).and_then(|pattern| under(&[], pattern));
        Tree::all([names, also].into_iter().flatten())
    }

    /// The events as EventBridge hands them on.
    pub(super) fn events(&self, account: &str, region: &str) -> Option<Tree> {
        let kinds = Tree::any(self.detail_types.iter().map(|kind| equals(&[], "detail-type", kind)));
        let source = self.service.map(|service| equals(&[], "source", &format!("aws.{service}")));
        let place = [equals(&[], "account", account), equals(&[], "region", region)];
        let parts = [kinds, source, self.records(&["detail"])].into_iter().flatten();
        Tree::all(parts.chain(place))
    }
}

fn under(root: &[&str], pattern: &str) -> Option<Tree> {
    match pattern.parse() {
        Ok(Pattern::Json(tree)) => Some(tree.under(root)),
        _ => None,
    }
}

/// A member that equals a text.
pub(super) fn equals(root: &[&str], member: &str, text: &str) -> Tree {
    let selector = Selector::members(root.iter().copied().chain([member]));
    Tree::Term(Term { selector, test: Test::Is(Value::Text(Text::literal(text))) })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::filter::{Coverage, covers};

    fn tree(text: &str) -> Tree {
        match text.parse() {
            Ok(Pattern::Json(tree)) => tree,
            other => panic!("{text}: {other:?}"),
        }
    }

    fn judge(control: &Control, filter: &str) -> Coverage {
        covers(&tree(filter), &control.records(&[]).unwrap())
    }

    #[test]
    fn every_pattern_is_read() {
        for control in [UNAUTHORIZED_API, SIGN_IN_WITHOUT_MFA, ROOT_USAGE, CONSOLE_AUTH_FAILURES] {
            let text = control.also.unwrap();
            assert!(matches!(text.parse(), Ok(Pattern::Json(_))), "{text}");
        }
    }

    #[test]
    fn denied_calls_are_covered_with_and_without_parentheses_and_exclusions() {
        for filter in [
            "{ ($.errorCode = \"*UnauthorizedOperation\") || ($.errorCode = \"AccessDenied*\") }",
            "{ ($.errorCode=\"*UnauthorizedOperation\") || ($.errorCode=\"AccessDenied*\") && ($.sourceIPAddress!=\"delivery.logs.amazonaws.com\") && ($.eventName!=\"HeadBucket\") }",
            "{ (($.errorCode = *UnauthorizedOperation) || ($.errorCode = AccessDenied*)) && ($.sourceIPAddress != delivery.logs.amazonaws.com) && ($.eventName != HeadBucket) }",
            "{ ($.errorCode = \"*UnauthorizedOperation\") || ($.errorCode = \"AccessDenied*\") || ($.sourceIPAddress!=\"delivery.logs.amazonaws.com\") || ($.eventName!=\"HeadBucket\") }",
        ] {
            assert_eq!(judge(&UNAUTHORIZED_API, filter), Coverage::Covers, "{filter}");
        }
        for filter in [
            "{ $.errorCode = \"*UnauthorizedOperation\" }",
            "{ $.errorCode = \"UnauthorizedOperation\" || $.errorCode = \"AccessDenied\" }",
        ] {
            assert!(matches!(judge(&UNAUTHORIZED_API, filter), Coverage::Misses(_)), "{filter}");
        }
    }

    #[test]
    fn sign_in_without_mfa_is_covered_by_the_short_and_the_long_pattern() {
        for filter in [
            "{ ($.eventName = \"ConsoleLogin\") && ($.additionalEventData.MFAUsed != \"Yes\") }",
            "{ ($.eventName = \"ConsoleLogin\") && ($.additionalEventData.MFAUsed != \"Yes\") && ($.userIdentity.type = \"IAMUser\") && ($.responseElements.ConsoleLogin = \"Success\") }",
        ] {
            assert_eq!(judge(&SIGN_IN_WITHOUT_MFA, filter), Coverage::Covers, "{filter}");
        }
        let root =
            "{ $.eventName = ConsoleLogin && $.additionalEventData.MFAUsed != Yes && $.userIdentity.type = Root }";
        assert!(matches!(judge(&SIGN_IN_WITHOUT_MFA, root), Coverage::Misses(_)));
    }

    #[test]
    fn the_name_of_an_event_must_match_whole() {
        let all = |names: &[&str]| {
            let names: Vec<String> = names.iter().map(|name| format!("($.eventName = {name})")).collect();
            format!("{{ {} }}", names.join(" || "))
        };
        assert_eq!(judge(&ROUTE_TABLE_CHANGES, &all(ROUTE_TABLE_CHANGES.events)), Coverage::Covers);
        let without: Vec<&str> =
            ROUTE_TABLE_CHANGES.events.iter().copied().filter(|name| *name != "CreateRoute").collect();
        assert!(
            matches!(judge(&ROUTE_TABLE_CHANGES, &all(&without)), Coverage::Misses(words) if words.contains("`CreateRoute`"))
        );
        assert_eq!(judge(&ROUTE_TABLE_CHANGES, "{ $.eventName = *Route* }"), Coverage::Covers);
    }

    #[test]
    fn the_widest_patterns_take_in_the_narrowest_and_what_benchmarks_name_beside() {
        let within = |control: &Control, filter: &str| covers(&control.at_most().unwrap(), &tree(filter));
        for control in [UNAUTHORIZED_API, SIGN_IN_WITHOUT_MFA, ROOT_USAGE, SECURITY_GROUP_CHANGES, VPC_CHANGES] {
            assert_eq!(covers(&control.at_most().unwrap(), &control.records(&[]).unwrap()), Coverage::Covers);
        }
        assert_eq!(
            within(
                &SECURITY_GROUP_CHANGES,
                "{ $.eventName = CreateSecurityGroup || $.eventName = ModifySecurityGroupRules }"
            ),
            Coverage::Covers
        );
        assert_eq!(
            within(&VPC_CHANGES, "{ $.eventName = CreateVpc || $.eventName = EnableVpcClassicLink }"),
            Coverage::Covers
        );
        for (control, filter) in [
            (&ROUTE_TABLE_CHANGES, "{ $.eventName = *Route* }"),
            (&VPC_CHANGES, "{ $.eventSource = ec2.amazonaws.com }"),
            (&UNAUTHORIZED_API, "{ $.errorCode = AccessDenied* || $.eventName != HeadBucket }"),
            (&SIGN_IN_WITHOUT_MFA, "{ $.eventName = ConsoleLogin }"),
        ] {
            assert!(matches!(within(control, filter), Coverage::Misses(_)), "{filter}");
        }
    }

    #[test]
    fn events_carry_their_envelope() {
        let events = KMS_KEY_DISABLE_DELETE.events("123456789012", "eu-west-1").unwrap();
        assert_eq!(covers(&tree("{ $.source = aws.kms && $.detail.eventName = * }"), &events), Coverage::Covers);
        assert!(matches!(covers(&tree("{ $.region = us-east-1 }"), &events), Coverage::Misses(_)));
    }
}

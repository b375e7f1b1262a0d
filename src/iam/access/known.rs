//! Which condition keys are known without a request, and which the caller chooses.

use crate::iam::account::{Account, Membership, Principal, PrincipalKind};
use crate::iam::context::{Context, Fact};

/// What every request of a principal has in common.
pub fn principal_context(account: &Account, principal: &Principal) -> Context {
    of_principal(account_context(account), principal)
}

/// What every request of a principal of an account has in common.
pub(crate) fn account_context(account: &Account) -> Context {
    let mut context = Context::open();
    context.set_value("aws:PrincipalAccount", &account.id);
    context.set_value("aws:PrincipalIsAWSService", "false");
    context.set_value("aws:ViaAWSService", "false");
    context.set_value("aws:SecureTransport", "true");
    for key in [
        "aws:PrincipalServiceName",
        "aws:PrincipalServiceNamesList",
        "aws:CalledVia",
        "aws:CalledViaFirst",
        "aws:CalledViaLast",
    ] {
        context.set(key, Fact::Absent);
    }
    match (account.organization_id(), account.membership()) {
        (Some(organization), _) => context.set_value("aws:PrincipalOrgID", organization),
        (None, Membership::Alone) => context.set("aws:PrincipalOrgID", Fact::Absent),
        (None, _) => {}
    }
    if let Some(now) = account.now {
        context.set_value("aws:CurrentTime", &now.0.to_string());
        context.set_value("aws:EpochTime", &now.0.as_second().to_string());
    }
    context
}

/// What is known of every request of an account, and what is known of those of one of its principals besides.
pub(crate) fn of_principal(mut context: Context, principal: &Principal) -> Context {
    context.set_value("aws:PrincipalArn", &principal.arn);
    match principal.kind {
        PrincipalKind::User => {
            context.set_value("aws:PrincipalType", "User");
            context.set_value("aws:username", &principal.name);
            if let Some(id) = &principal.id {
                context.set_value("aws:userid", id);
            }
        }
        PrincipalKind::Role => {
            context.set_value("aws:PrincipalType", "AssumedRole");
            context.set("aws:username", Fact::Absent);
        }
    }
    if let Some(tags) = &principal.tags {
        for (key, value) in tags {
            context.set_value(&format!("aws:PrincipalTag/{key}"), value);
        }
    }
    context
}

/// Keys whose value is part of what the caller asks for, so that whoever wants to meet (or evade) a condition can.
///
/// Everything that the caller cannot choose, such as where a request comes from, is not listed and stays unknown.
pub fn chosen_by_caller(key: &str) -> bool {
    // By service: this is asked for each condition of each question.
    let Some((service, name)) = key.split_once(':') else { return false };
    let is = |other: &str| service.eq_ignore_ascii_case(other);
    let among = |names: &[&str]| names.iter().any(|own| name.eq_ignore_ascii_case(own));
    if is("aws") {
        let is_tag = name.get(..REQUEST_TAG.len()).is_some_and(|start| start.eq_ignore_ascii_case(REQUEST_TAG));
        return among(&["requestedregion", "tagkeys", "useragent", "referer"])
            || (is_tag && !name.to_ascii_lowercase().contains("resourcetag/"));
    }
    if is("sts") {
        return among(&["rolesessionname", "externalid", "sourceidentity", "transitivetagkeys"]);
    }
    if is("iam") {
        return among(&["associatedresourcearn", "awsservicename", "policyarn"]);
    }
    if is("ec2") {
        return among(OF_INSTANCES);
    }
    if is("ecs") {
        return among(&["cluster", "task-definition", "enable-execute-command", "createaction", "privileged"]);
    }
    if is("ssm") {
        return among(&["sessiondocumentaccesscheck"]);
    }
    if is("s3") {
        return among(&["prefix", "delimiter", "max-keys"]);
    }
    let all = ["lambda", "glue", "cloudformation", "codebuild", "sagemaker", "datapipeline"];
    all.into_iter().any(is) && !key.to_ascii_lowercase().contains("resourcetag/")
}

const REQUEST_TAG: &str = "requesttag/";

/// What whoever starts an instance says of it.
const OF_INSTANCES: &[&str] = &[
    "instancetype",
    "region",
    "availabilityzone",
    "instanceprofile",
    "tenancy",
    "metadatahttptokens",
    "metadatahttpendpoint",
    "metadatahttpputresponsehoplimit",
    "ebsoptimized",
    "rootdevicetype",
    "associatepublicipaddress",
    "createaction",
];

#[cfg(test)]
mod tests {
    use super::chosen_by_caller;

    #[test]
    fn what_the_caller_chooses_is_told_from_what_others_decide() {
        for key in [
            "aws:RequestTag/team",
            "AWS:requestedregion",
            "iam:PolicyARN",
            "ec2:InstanceType",
            "lambda:FunctionArn",
            "s3:prefix",
        ] {
            assert!(chosen_by_caller(key), "{key}");
        }
        for key in [
            "aws:SourceIp",
            "aws:ResourceTag/team",
            "lambda:ResourceTag/team",
            "aws:RequestTag",
            "ec2:Owner",
            "s3",
            "é",
            "",
        ] {
            assert!(!chosen_by_caller(key), "{key}");
        }
    }
}

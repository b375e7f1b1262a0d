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
    const KEYS: &[&str] = &[
        "aws:requestedregion",
        "aws:tagkeys",
        "aws:useragent",
        "aws:referer",
        "sts:rolesessionname",
        "sts:externalid",
        "sts:sourceidentity",
        "sts:transitivetagkeys",
        "iam:associatedresourcearn",
        "iam:awsservicename",
        "iam:policyarn",
        "ec2:instancetype",
        "ec2:region",
        "ec2:availabilityzone",
        "ec2:instanceprofile",
        "ec2:tenancy",
        "ec2:metadatahttptokens",
        "ec2:metadatahttpendpoint",
        "ec2:metadatahttpputresponsehoplimit",
        "ec2:ebsoptimized",
        "ec2:rootdevicetype",
        "ec2:associatepublicipaddress",
        "ec2:createaction",
        "ecs:cluster",
        "ecs:task-definition",
        "ecs:enable-execute-command",
        "ecs:createaction",
        "ecs:privileged",
        "ssm:sessiondocumentaccesscheck",
        "s3:prefix",
        "s3:delimiter",
        "s3:max-keys",
    ];
    const PREFIXES: &[&str] =
        &["aws:requesttag/", "lambda:", "glue:", "cloudformation:", "codebuild:", "sagemaker:", "datapipeline:"];
    let key = key.to_ascii_lowercase();
    let tag = key.contains("resourcetag/");
    !tag && (KEYS.contains(&key.as_str()) || PREFIXES.iter().any(|prefix| key.starts_with(prefix)))
}

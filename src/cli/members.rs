//! Policies for scans of many accounts: what whoever scans may do, and the role that every account needs.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};

use crate::fleet::is_account;

/// The role's name where nobody names another.
pub(super) const DEFAULT_ROLE: &str = "posture-audit";

/// Calls that list the accounts, their organizational units and their owners' tags.
pub(super) const LISTING: [&str; 5] = [
    "organizations:ListAccounts",
    "organizations:ListAccountsForParent",
    "organizations:ListOrganizationalUnitsForParent",
    "organizations:ListRoots",
    "organizations:ListTagsForResource",
];

/// Letters, digits and what IAM lets stand in names.
pub(super) fn is_word(text: &str, more: &str) -> bool {
    text.chars()
        .all(|character| character.is_ascii_alphanumeric() || "_+=,.@-".contains(character) || more.contains(character))
}

/// Checks the name of a role, with its path if it has one.
pub(super) fn role_name(text: &str) -> Result<String, String> {
    let is_name =
        (1..=576).contains(&text.len()) && is_word(text, "/") && !text.starts_with('/') && !text.ends_with('/');
    if is_name {
        Ok(text.to_owned())
    } else {
        Err("name the role as IAM does, as in posture-audit or audit/posture".to_owned())
    }
}

/// Checks the ARN of a role.
pub(super) fn role_arn(text: &str) -> Result<String, String> {
    let parts: Vec<&str> = text.splitn(6, ':').collect();
    match parts.as_slice() {
        ["arn", partition, "iam", "", account, resource]
            if partition.starts_with("aws")
                && is_account(account)
                && resource.strip_prefix("role/").is_some_and(|name| role_name(name).is_ok()) =>
        {
            Ok(text.to_owned())
        }
        _ => Err("write the role's ARN, as in arn:aws:iam::123456789012:role/hub".to_owned()),
    }
}

/// Checks an external id.
pub(super) fn external_id(text: &str) -> Result<String, String> {
    let is_id = (2..=1224).contains(&text.len()) && is_word(text, ":/");
    if is_id {
        Ok(text.to_owned())
    } else {
        Err("an external id has 2 to 1224 letters, digits and any of +=,.@:/-_".to_owned())
    }
}

/// What whoever scans the organization may do: list its accounts, enter each through the role, and read its own account.
pub(super) fn caller_policy(role_name: &str, reading: &BTreeSet<&str>) -> Value {
    json!({
        "Version": "2012-10-17",
        "Statement": [
            { "Sid": "PostureAccounts", "Effect": "Allow", "Action": LISTING, "Resource": "*" },
            {
                "Sid": "PostureRole",
                "Effect": "Allow",
                "Action": ["sts:AssumeRole", "sts:TagSession"],
                "Resource": format!("arn:*:iam::*:role/{role_name}"),
                // Whoever makes a role of this name elsewhere must not be entered for that.
                "Condition": { "StringEquals": { "aws:ResourceOrgID": "${aws:PrincipalOrgID}" } },
            },
            { "Sid": "PostureReadOnly", "Effect": "Allow", "Action": reading, "Resource": "*" },
        ],
    })
}

/// The role that every account needs, as a CloudFormation template for a stack set.
pub(super) fn member_template(
    role_name: &str,
    principal: &str,
    external_id: Option<&str>,
    reading: &BTreeSet<&str>,
) -> Value {
    let (path, name) =
        role_name.rsplit_once('/').map_or(("/".to_owned(), role_name), |(path, name)| (format!("/{path}/"), name));
    let condition = external_id.map(|id| ("Condition", json!({ "StringEquals": { "sts:ExternalId": id } })));
    let trust: BTreeMap<&str, Value> = [
        ("Effect", json!("Allow")),
        ("Principal", json!({ "AWS": principal })),
        ("Action", json!(["sts:AssumeRole", "sts:TagSession"])),
    ]
    .into_iter()
    .chain(condition)
    .collect();
    json!({
        "AWSTemplateFormatVersion": "2010-09-09",
        "Description": "A read-only role that posture assumes to audit the account",
        "Resources": {
            "Role": {
                "Type": "AWS::IAM::Role",
                "Properties": {
                    "RoleName": name,
                    "Path": path,
                    "MaxSessionDuration": 3600,
                    "AssumeRolePolicyDocument": { "Version": "2012-10-17", "Statement": [trust] },
                    "Policies": [{
                        "PolicyName": "posture-read-only",
                        "PolicyDocument": {
                            "Version": "2012-10-17",
                            "Statement": [
                                { "Sid": "PostureReadOnly", "Effect": "Allow", "Action": reading, "Resource": "*" },
                            ],
                        },
                    }],
                },
            },
        },
    })
}

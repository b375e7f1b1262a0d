//! Accounts of any size up to IAM's quotas, the same for the same size: shared by the benchmark, the example that writes
//! one to a file, and the tests.
//!
//! Two kinds. In a [`Kind::Teams`] account most principals share what their team has, as accounts of companies do. In a
//! [`Kind::Scattered`] account everybody fills the quota of ten managed policies with a choice that nobody else made and
//! has an inline policy besides, so that nothing can be remembered from one principal for the next.

use serde_json::{Value, json};

/// The account's number.
pub(crate) const ACCOUNT: &str = "123456789012";

/// What the principals of an account have in common.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// Principals of one team have the same policies.
    Teams,
    /// No two principals have the same policies.
    Scattered,
}

/// How large an account is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Size {
    /// What the principals have in common.
    pub(crate) kind: Kind,
    /// Users.
    pub(crate) users: usize,
    /// Roles.
    pub(crate) roles: usize,
    /// Customer managed policies.
    pub(crate) policies: usize,
    /// Groups.
    pub(crate) groups: usize,
}

impl Size {
    /// A share of IAM's quotas (5,000 users, 5,000 roles, 5,000 customer managed policies, 300 groups), in per cent.
    pub(crate) fn percent(kind: Kind, percent: usize) -> Self {
        Self { kind, users: 50 * percent, roles: 50 * percent, policies: 50 * percent, groups: 3 * percent }
    }
}

/// Numbers that look random and are always the same (splitmix64).
struct Dice(u64);

impl Dice {
    fn below(&mut self, limit: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        usize::try_from((mixed ^ (mixed >> 31)) % limit.max(1) as u64).unwrap_or(0)
    }

    fn one_in(&mut self, limit: usize) -> bool {
        self.below(limit) == 0
    }

    fn choice<'a>(&mut self, list: &[&'a str]) -> &'a str {
        list[self.below(list.len())]
    }

    /// `count` different numbers below `limit`, ascending.
    fn some(&mut self, count: usize, limit: usize) -> Vec<usize> {
        let mut chosen = std::collections::BTreeSet::new();
        while chosen.len() < count.min(limit) {
            chosen.insert(self.below(limit));
        }
        chosen.into_iter().collect()
    }
}

const STORES: &[&str] = &["s3", "dynamodb", "sqs", "sns", "kinesis", "secretsmanager", "ssm", "kms", "rds", "logs"];
const RUNNERS: &[&str] = &["lambda", "ec2", "ecs-tasks", "glue", "codebuild", "cloudformation", "sagemaker", "states"];

/// The snapshot of such an account, as JSON text. As a live scan has it, users, groups, roles and policies are answers of their own.
pub(crate) fn snapshot(size: Size) -> String {
    let mut details = details(size);
    let answers = [
        ("UserDetailList", json!(["User"])),
        ("GroupDetailList", json!(["Group"])),
        ("RoleDetailList", json!(["Role"])),
        ("Policies", json!(["AWSManagedPolicy", "LocalManagedPolicy"])),
    ];
    let observations = answers.map(|(list, filter)| {
        json!({
            "service": "iam", "operation": "GetAccountAuthorizationDetails", "region": "us-east-1", "request": { "Filter": filter },
            "response": { list: details[list].take() },
        })
    });
    let snapshot = json!({
        "format": "posture-snapshot/1", "collector": "generated", "collected_at": "2026-11-22T03:00:00Z",
        "account": ACCOUNT, "partition": "aws", "caller": format!("arn:aws:iam::{ACCOUNT}:user/auditor"),
        "regions": ["us-east-1"], "observations": observations,
    });
    snapshot.to_string()
}

/// The answer of `GetAccountAuthorizationDetails` in such an account.
pub(crate) fn details(size: Size) -> Value {
    let mut dice = Dice(2026);
    let teams = (size.users + size.roles).div_ceil(50).max(1);
    let mut policies: Vec<Value> = (0..size.policies).map(|number| policy(&mut dice, number, teams)).collect();
    policies.extend(aws_policies());
    let groups: Vec<Value> = (0..size.groups).map(|number| group(&mut dice, size, number)).collect();
    let users: Vec<Value> = (0..size.users).map(|number| user(&mut dice, size, number, teams)).collect();
    let roles: Vec<Value> = (0..size.roles).map(|number| role(&mut dice, size, number, teams)).collect();
    json!({ "UserDetailList": users, "GroupDetailList": groups, "RoleDetailList": roles, "Policies": policies })
}

fn policy_arn(number: usize) -> String {
    format!("arn:aws:iam::{ACCOUNT}:policy/p-{number}")
}

fn attached(numbers: &[usize]) -> Vec<Value> {
    numbers.iter().map(|n| json!({ "PolicyName": format!("p-{n}"), "PolicyArn": policy_arn(*n) })).collect()
}

fn document(statements: &[Value]) -> Value {
    json!({ "Version": "2012-10-17", "Statement": statements })
}

fn policy(dice: &mut Dice, number: usize, teams: usize) -> Value {
    let team = number % teams;
    let count = 2 + dice.below(4);
    let statements: Vec<Value> = (0..count).map(|place| statement(dice, place, team)).collect();
    let version = json!({
        "VersionId": "v1", "IsDefaultVersion": true, "Document": document(&statements), "CreateDate": "2025-01-01T00:00:00Z",
    });
    json!({
        "PolicyName": format!("p-{number}"), "PolicyId": format!("ANPA{number:016}"), "Arn": policy_arn(number), "Path": "/",
        "DefaultVersionId": "v1", "AttachmentCount": 1, "PermissionsBoundaryUsageCount": 0, "IsAttachable": true,
        "CreateDate": "2025-01-01T00:00:00Z", "UpdateDate": "2025-01-01T00:00:00Z", "PolicyVersionList": [version],
    })
}

/// One of twenty shapes; one in about two hundred can be used to gain permissions.
fn statement(dice: &mut Dice, place: usize, team: usize) -> Value {
    let store = dice.choice(STORES);
    let runner = dice.choice(RUNNERS);
    let roles = format!("arn:aws:iam::{ACCOUNT}:role/team-{team}-*");
    let functions = format!("arn:aws:lambda:*:{ACCOUNT}:function:team-{team}-*");
    match dice.below(40) {
        0 => json!({ "Effect": "Allow", "Action": "iam:PassRole", "Resource": roles,
            "Condition": { "StringEquals": { "iam:PassedToService": format!("{runner}.amazonaws.com") } } }),
        1 => json!({ "Effect": "Allow", "Action": "sts:AssumeRole", "Resource": roles }),
        2 | 3 => json!({ "Sid": "Functions", "Effect": "Allow", "Resource": functions,
            "Action": ["lambda:GetFunction", "lambda:InvokeFunction", "lambda:ListVersionsByFunction"] }),
        4 => json!({ "Sid": "Deploy", "Effect": "Allow", "Resource": functions,
            "Action": ["lambda:CreateFunction", "lambda:UpdateFunctionCode", "lambda:UpdateFunctionConfiguration"] }),
        5 => {
            json!({ "Sid": "OwnKeys", "Effect": "Allow", "Resource": format!("arn:aws:iam::{ACCOUNT}:user/${{aws:username}}"),
            "Action": ["iam:CreateAccessKey", "iam:DeleteAccessKey", "iam:ListAccessKeys", "iam:UpdateAccessKey"] })
        }
        6 => {
            json!({ "Sid": "WithMfa", "Effect": "Deny", "Action": [format!("{store}:Delete*"), "iam:*Login*"], "Resource": "*",
            "Condition": { "BoolIfExists": { "aws:MultiFactorAuthPresent": "false" } } })
        }
        7 if dice.one_in(5) => {
            json!({ "Effect": "Allow", "NotAction": ["iam:*", "organizations:*", "account:*", "sts:*"],
            "Resource": format!("arn:aws:{store}:*:{ACCOUNT}:team-{team}/*") })
        }
        8 if dice.one_in(5) => json!({ "Effect": "Allow", "Action": "iam:CreatePolicyVersion",
            "Resource": format!("arn:aws:iam::{ACCOUNT}:policy/p-{team}?") }),
        9 if dice.one_in(5) => {
            json!({ "Effect": "Allow", "Action": ["iam:AttachRolePolicy", "iam:PutRolePolicy"], "Resource": roles })
        }
        10 => json!({ "Effect": "Allow", "Action": ["ssm:StartSession", "ssm:SendCommand"], "Resource": "*",
            "Condition": { "StringEquals": { "aws:ResourceTag/team": team.to_string() } } }),
        11 => {
            json!({ "Sid": "Look", "Effect": "Allow", "Action": ["ec2:Describe*", "cloudwatch:Get*", "cloudwatch:List*", "iam:List*"], "Resource": "*" })
        }
        12 => json!({ "Effect": "Deny", "Action": ["ec2:*", "rds:*"], "Resource": "*",
            "Condition": { "StringNotEquals": { "aws:RequestedRegion": ["eu-central-1", "eu-west-1"] } } }),
        13 => {
            json!({ "Effect": "Allow", "Action": ["cloudformation:Describe*", "cloudformation:List*", "cloudformation:ValidateTemplate"], "Resource": "*" })
        }
        _ => json!({ "Sid": format!("S{place}"), "Effect": "Allow",
            "Action": [format!("{store}:Get*"), format!("{store}:List*"), format!("{store}:Put*"), format!("{store}:Describe*")],
            "Resource": [format!("arn:aws:{store}:*:{ACCOUNT}:team-{team}-*"), format!("arn:aws:{store}:*:{ACCOUNT}:team-{team}-*/*")] }),
    }
}

fn aws_policies() -> Vec<Value> {
    let all = |name: &str, statements: &[Value]| {
        json!({
            "PolicyName": name, "Arn": format!("arn:aws:iam::aws:policy/{name}"), "Path": "/", "DefaultVersionId": "v1",
            "AttachmentCount": 1, "IsAttachable": true,
            "PolicyVersionList": [{ "VersionId": "v1", "IsDefaultVersion": true, "Document": document(statements) }],
        })
    };
    let allow = |actions: Value| json!({ "Effect": "Allow", "Action": actions, "Resource": "*" });
    vec![
        all("AdministratorAccess", &[allow(json!("*"))]),
        all(
            "PowerUserAccess",
            &[
                json!({ "Effect": "Allow", "NotAction": ["iam:*", "organizations:*", "account:*"], "Resource": "*" }),
                allow(json!(["iam:CreateServiceLinkedRole", "iam:DeleteServiceLinkedRole", "iam:ListRoles"])),
            ],
        ),
        all("IAMUserChangePassword", &[allow(json!(["iam:ChangePassword", "iam:GetAccountPasswordPolicy"]))]),
        all(
            "CloudWatchReadOnlyAccess",
            &[allow(json!(["cloudwatch:Get*", "cloudwatch:List*", "logs:Get*", "logs:List*"]))],
        ),
    ]
}

fn aws(name: &str) -> Value {
    json!({ "PolicyName": name, "PolicyArn": format!("arn:aws:iam::aws:policy/{name}") })
}

fn group(dice: &mut Dice, size: Size, number: usize) -> Value {
    let mut managed = attached(&dice.some(2 + dice_extra(number), size.policies));
    if number == 0 {
        managed.push(aws("AdministratorAccess"));
    }
    if number % 10 == 1 {
        managed.push(aws("IAMUserChangePassword"));
    }
    json!({
        "GroupName": format!("g-{number}"), "GroupId": format!("AGPA{number:016}"), "Path": "/",
        "Arn": format!("arn:aws:iam::{ACCOUNT}:group/g-{number}"), "CreateDate": "2025-01-01T00:00:00Z",
        "GroupPolicyList": [], "AttachedManagedPolicies": managed,
    })
}

fn dice_extra(number: usize) -> usize {
    number % 4
}

/// What is written for one principal alone.
fn own(dice: &mut Dice, name: &str) -> Value {
    let store = dice.choice(STORES);
    let statement = json!({ "Sid": "Own", "Effect": "Allow", "Action": [format!("{store}:*Item*"), format!("{store}:Get*")],
        "Resource": format!("arn:aws:{store}:*:{ACCOUNT}:{name}/*") });
    json!({ "PolicyName": "own", "PolicyDocument": document(&[statement]) })
}

fn user(dice: &mut Dice, size: Size, number: usize, teams: usize) -> Value {
    let name = format!("u-{number}");
    let team = number % teams;
    let (groups, managed, inline) = match size.kind {
        Kind::Teams => {
            let mut of_team = Dice(team as u64);
            let mut groups = of_team.some(1 + team % 3, size.groups);
            // The administrators are a handful of people, not a team.
            groups.retain(|group| *group != 0 || number.is_multiple_of(500));
            (groups, of_team.some(team % 3, size.policies), Vec::new())
        }
        Kind::Scattered => {
            let mut groups = dice.some(5, size.groups);
            groups.retain(|group| *group != 0 || number.is_multiple_of(500));
            (groups, dice.some(10, size.policies), vec![own(dice, &name)])
        }
    };
    let groups: Vec<String> = groups.into_iter().map(|group| format!("g-{group}")).collect();
    let mut user = json!({
        "Path": "/", "UserName": name, "UserId": format!("AIDA{number:016}"), "Arn": format!("arn:aws:iam::{ACCOUNT}:user/{name}"),
        "CreateDate": "2025-01-01T00:00:00Z", "UserPolicyList": inline, "GroupList": groups,
        "AttachedManagedPolicies": attached(&managed), "Tags": [{ "Key": "team", "Value": team.to_string() }],
    });
    if number % 20 == 7 {
        user["PermissionsBoundary"] = json!({ "PermissionsBoundaryType": "Policy",
            "PermissionsBoundaryArn": "arn:aws:iam::aws:policy/PowerUserAccess" });
    }
    user
}

fn role(dice: &mut Dice, size: Size, number: usize, teams: usize) -> Value {
    let team = number % teams;
    let name = format!("team-{team}-{number}");
    let arn = format!("arn:aws:iam::{ACCOUNT}:role/{name}");
    let (mut managed, inline) = match size.kind {
        Kind::Teams => (attached(&Dice(team as u64 + 77).some(1 + number % 4, size.policies)), Vec::new()),
        Kind::Scattered => (attached(&dice.some(10, size.policies)), vec![own(dice, &name)]),
    };
    if number % 250 == 3 {
        managed = vec![aws("AdministratorAccess")];
    }
    let service = dice.choice(RUNNERS);
    let trusted = match dice.below(20) {
        0..=11 => json!({ "Service": format!("{service}.amazonaws.com") }),
        12..=15 => json!({ "AWS": format!("arn:aws:iam::{ACCOUNT}:root") }),
        16 | 17 => json!({ "AWS": format!("arn:aws:iam::{ACCOUNT}:user/u-{}", dice.below(size.users)) }),
        18 => json!({ "AWS": "arn:aws:iam::210987654321:root" }),
        _ => json!({ "Federated": format!("arn:aws:iam::{ACCOUNT}:saml-provider/people") }),
    };
    let action = if trusted.get("Federated").is_some() { "sts:AssumeRoleWithSAML" } else { "sts:AssumeRole" };
    let mut trust = json!({ "Effect": "Allow", "Principal": trusted, "Action": action });
    if trust["Principal"]["AWS"] == "arn:aws:iam::210987654321:root" {
        trust["Condition"] = json!({ "StringEquals": { "sts:ExternalId": format!("id-{team}") } });
    }
    let profiles = if service == "ec2" {
        vec![json!({ "InstanceProfileName": name, "Arn": format!("arn:aws:iam::{ACCOUNT}:instance-profile/{name}") })]
    } else {
        Vec::new()
    };
    json!({
        "Path": "/", "RoleName": name, "RoleId": format!("AROA{number:016}"), "Arn": arn, "CreateDate": "2025-01-01T00:00:00Z",
        "AssumeRolePolicyDocument": document(&[trust]), "InstanceProfileList": profiles, "RolePolicyList": inline,
        "AttachedManagedPolicies": managed, "Tags": [{ "Key": "team", "Value": team.to_string() }],
    })
}

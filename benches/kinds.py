"""Accounts of the kinds that people have: users and roles with the policies that AWS's documentation and blog teach, each by its name.

What is dear is seldom size alone. Statements with `${aws:username}` make each user another one, a deny without MFA lies across everything,
groups say the same several times, and what may be done depends on boundaries and tags."""

import copy

from measure import ACCOUNT, snapshot

OWN = "arn:aws:iam::*:user/${aws:username}"
TEAM = "${aws:PrincipalTag/team}"


def statement(effect, action, resource="*", condition=None):
    whole = {"Effect": effect, "Action": action, "Resource": resource}
    return {**whole, "Condition": condition} if condition else whole


def allow(*parts):
    return statement("Allow", *parts)


def deny(*parts):
    return statement("Deny", *parts)


def all_but(named):
    """The same statement, of all actions but those that it names."""
    named["NotAction"] = named.pop("Action")
    return named


def policy(*statements):
    return {"Version": "2012-10-17", "Statement": list(statements)}


def own_keys():
    return allow(["iam:*AccessKey*", "iam:*MFADevice"], [OWN])


def nothing_without_mfa():
    spared = ["iam:CreateVirtualMFADevice", "iam:EnableMFADevice", "iam:GetUser", "iam:ListMFADevices", "sts:GetSessionToken"]
    return all_but(deny(spared, "*", {"BoolIfExists": {"aws:MultiFactorAuthPresent": "false"}}))


def service(name):
    return {"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"Service": f"{name}.amazonaws.com"}}


def listed(whole, kind):
    for observation in whole["observations"]:
        yield from observation["response"].get(kind, [])


def users(count, *statements, roles=(), each=None):
    """An account of users in twenty groups that have these statements besides; `each` changes a user by its number."""
    whole = snapshot(ACCOUNT, count)
    for group in listed(whole, "GroupDetailList"):
        group["GroupPolicyList"].append({"PolicyName": "kind", "PolicyDocument": policy(*copy.deepcopy(statements))})
    for number, user in enumerate(listed(whole, "UserDetailList")):
        if each:
            each(number, user)
    for observation in whole["observations"]:
        observation["response"].get("RoleDetailList", []).extend(roles)
    return whole


def role(number, trust, *statements):
    return {
        "Path": "/", "RoleName": f"role-{number:05}", "RoleId": f"AROA{number:016}", "Arn": f"arn:aws:iam::{ACCOUNT}:role/role-{number:05}",
        "CreateDate": "2026-01-01T00:00:00Z", "AssumeRolePolicyDocument": policy(trust), "InstanceProfileList": [], "AttachedManagedPolicies": [],
        "RolePolicyList": [{"PolicyName": "own", "PolicyDocument": policy(*statements)}], "Tags": [{"Key": "team", "Value": str(number % 20)}],
    }


def functions(count):
    """Roles of functions, of which one in fifty may do all of IAM."""
    return [role(number, service("lambda"), allow("s3:*" if number % 50 else "iam:*")) for number in range(count)]


def kinds(count):
    """Each kind's name and its account of so many users, or roles."""
    boundary = f"arn:aws:iam::{ACCOUNT}:policy/boundary"
    writers = ["iam:CreateUser", "iam:AttachUserPolicy", "iam:CreateAccessKey", "iam:PutUserPolicy", "iam:AddUserToGroup", "iam:CreatePolicyVersion", "iam:PassRole", "lambda:*"]
    same_tag = {"StringEquals": {"iam:ResourceTag/team": TEAM}}
    power = [all_but(allow(["iam:*", "organizations:*", "account:*"])), allow(["iam:PassRole", "iam:ListRoles"])]
    few = functions(count // 4)

    def bounded(number, user):
        user["PermissionsBoundary"] = {"PermissionsBoundaryType": "Policy", "PermissionsBoundaryArn": boundary}

    def inline(*statements):
        return lambda number, user: user["UserPolicyList"].append({"PolicyName": "kind", "PolicyDocument": policy(*statements)})

    yield "power users who pass roles", users(count, *power, roles=few)
    yield "the same, with MFA and their own keys", users(count, *power, own_keys(), nothing_without_mfa(), roles=few)
    yield "administrators as long as MFA was used, with their own keys", users(count, allow("*", "*", {"Bool": {"aws:MultiFactorAuthPresent": "true"}}), own_keys())
    yield "administrators from some addresses, by inline policies", users(count, each=inline(allow("*", "*", {"IpAddress": {"aws:SourceIp": "10.0.0.0/8"}})))
    yield "who may make users within a boundary, within one themselves", with_boundary(
        users(count, own_keys(), allow(["iam:CreateUser", "iam:AttachUserPolicy", "iam:PutUserPolicy"], "*", {"StringEquals": {"iam:PermissionsBoundary": boundary}}), nothing_without_mfa(), each=bounded), boundary)
    yield "who may change some users, by inline policies", users(
        count, each=inline(allow(["iam:Create*", "iam:Attach*", "iam:Put*", "iam:Update*", "iam:Add*"], ["arn:aws:iam::*:user/user-0*", "arn:aws:iam::*:group/*"]), deny(["iam:*"], "arn:aws:iam::*:user/user-00001")))
    yield "by tags", users(
        count, allow("s3:*", f"arn:aws:s3:::{TEAM}/*"), allow(["sts:AssumeRole", "iam:PassRole"], "arn:aws:iam::*:role/*", same_tag), allow(["ec2:*", "lambda:*"], "*", {"StringEquals": {"aws:ResourceTag/team": TEAM}}), nothing_without_mfa(), roles=few)
    yield "administrators in some Regions", users(
        count, allow("*"), own_keys(), all_but(deny(["iam:*", "sts:*", "support:*"], "*", {"StringNotEquals": {"aws:RequestedRegion": ["eu-west-1", "us-east-1"]}})), nothing_without_mfa(), roles=few)
    yield "denied unless called so", users(
        count, allow(writers), own_keys(), deny(["iam:Delete*", "iam:Put*"], "*", {"ArnNotLike": {"aws:PrincipalArn": "arn:aws:iam::*:user/user-00001"}}), roles=few)
    yield "all of IAM but for some names", users(
        count, {"Effect": "Allow", "Action": "iam:*", "NotResource": ["arn:aws:iam::*:user/admin*", "arn:aws:iam::*:role/admin*"]}, own_keys(), nothing_without_mfa(), roles=few)
    yield "in eight groups each that say the same", users(
        count, allow(writers), own_keys(), nothing_without_mfa(), roles=few, each=lambda number, user: user.update(GroupList=[f"team-{(number + other) % 20}" for other in range(8)]))
    yield "roles that deploy from GitHub", users(100, roles=[deploying(number) for number in range(count)])
    yield "roles of CloudFormation, each of which may become the next", users(
        100, allow("*"), roles=[role(number, service("cloudformation"), allow("*", "*", {"StringEquals": {"aws:CalledViaFirst": "cloudformation.amazonaws.com"}}), allow("sts:AssumeRole", f"arn:aws:iam::{ACCOUNT}:role/role-{(number + 1) % count:05}")) for number in range(count)])


def with_boundary(whole, arn):
    allowed = [allow(["s3:*", "cloudwatch:*", "ec2:*", "dynamodb:*"]), allow(["iam:ListUsers", "iam:GetAccountPasswordPolicy"]), allow(["iam:*AccessKey*", "iam:ChangePassword", "iam:GetUser"], OWN), deny("s3:*", ["arn:aws:s3:::logs", "arn:aws:s3:::logs/*"])]
    managed = {"PolicyName": "boundary", "Arn": arn, "DefaultVersionId": "v1", "AttachmentCount": 20, "PolicyVersionList": [{"VersionId": "v1", "IsDefaultVersion": True, "Document": policy(*allowed)}]}
    for observation in whole["observations"]:
        if "LocalManagedPolicy" in observation.get("request", {}).get("Filter", []):
            observation["response"].setdefault("Policies", []).append(managed)
    return whole


def deploying(number):
    issuer = "token.actions.githubusercontent.com"
    trust = {"Effect": "Allow", "Action": "sts:AssumeRoleWithWebIdentity", "Principal": {"Federated": f"arn:aws:iam::{ACCOUNT}:oidc-provider/{issuer}"},
             "Condition": {"StringLike": {f"{issuer}:sub": f"repo:org/app-{number}:*"}, "StringEquals": {f"{issuer}:aud": "sts.amazonaws.com"}}}
    return role(number, trust, allow(["cloudformation:*", "iam:PassRole"]), allow("s3:*", f"arn:aws:s3:::app-{number}/*"), allow("iam:*", f"arn:aws:iam::*:role/app-{number}-*"))

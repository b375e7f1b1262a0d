#!/usr/bin/env python3
"""Measures `posture` beside its floors, in one run, and prints ratios.

    cargo build --profile dist --bin posture --example quota --example value
    python3 benches/measure.py target/dist/posture [--quick] [PART …]

Parts: startup parse threads growth kinds fleet. Processor time (user and system) is compared, and the wall where threads matter (`threads`,
`fleet`); each figure is the least of several runs (a fleet has one), so that other work on the machine disturbs as little as it can. Python 3
alone; `jq`, and the examples beside `posture`, where they are there.
"""

import json
import os
import shutil
import subprocess
import sys
import tempfile
import time

ACCOUNT = "123456789012"
HEADER = (
    "user,arn,user_creation_time,password_enabled,password_last_used,password_last_changed,password_next_rotation,mfa_active,"
    "access_key_1_active,access_key_1_last_rotated,access_key_1_last_used_date,access_key_1_last_used_region,access_key_1_last_used_service,"
    "access_key_2_active,access_key_2_last_rotated,access_key_2_last_used_date,access_key_2_last_used_region,access_key_2_last_used_service,"
    "cert_1_active,cert_1_last_rotated,cert_2_active,cert_2_last_rotated"
)
DAY = "2026-01-01T00:00:00Z"


def allow(action, resource):
    return {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": action, "Resource": resource}]}


def user(account, number):
    name = f"user-{number:05}"
    return {
        "Path": "/", "UserName": name, "UserId": f"AIDA{number:016}", "Arn": f"arn:aws:iam::{account}:user/{name}", "CreateDate": DAY,
        "UserPolicyList": [{"PolicyName": "own", "PolicyDocument": allow(["s3:GetObject", "s3:ListBucket"], f"arn:aws:s3:::data-{number % 50}/*")}],
        "GroupList": [f"team-{number % 20}"], "AttachedManagedPolicies": [], "Tags": [{"Key": "team", "Value": str(number % 20)}],
    }


def row(account, number):
    key = f"{'true' if number % 3 else 'false'},{DAY},{DAY},us-east-1,s3"
    return f"user-{number:05},arn:aws:iam::{account}:user/user-{number:05},{DAY},true,{DAY},{DAY},N/A,{'true' if number % 4 else 'false'},{key},false,N/A,N/A,N/A,N/A,false,N/A,false,N/A"


def snapshot(account, users):
    groups = [
        {"Path": "/", "GroupName": f"team-{n}", "GroupId": f"AGPA{n:016}", "Arn": f"arn:aws:iam::{account}:group/team-{n}", "CreateDate": DAY,
         "GroupPolicyList": [{"PolicyName": "team", "PolicyDocument": allow(["ec2:Describe*", "logs:*"], "*")}], "AttachedManagedPolicies": []}
        for n in range(20)
    ]
    answers = {"User": ("UserDetailList", [user(account, n) for n in range(users)]), "Group": ("GroupDetailList", groups),
               "Role": ("RoleDetailList", []), "LocalManagedPolicy": ("Policies", []), "AWSManagedPolicy": ("Policies", [])}
    observations = [
        {"service": "iam", "operation": "GetAccountAuthorizationDetails", "region": "us-east-1", "request": {"Filter": [kind]}, "response": {member: items}}
        for kind, (member, items) in answers.items()
    ]
    root = f"<root_account>,arn:aws:iam::{account}:root,{DAY},not_supported,no_information,not_supported,not_supported,true,false,N/A,N/A,N/A,N/A,false,N/A,N/A,N/A,N/A,false,N/A,false,N/A"
    content = "\n".join([HEADER, root] + [row(account, n) for n in range(users)])
    observations += [
        {"service": "iam", "operation": "GetCredentialReport", "region": "us-east-1", "response": {"GeneratedTime": "2026-11-22T02:00:00Z", "Content": content}},
        {"service": "iam", "operation": "GetAccountSummary", "region": "us-east-1", "response": {"SummaryMap": {"AccountMFAEnabled": 1, "AccountAccessKeysPresent": 0, "Users": users}}},
        {"service": "iam", "operation": "ListVirtualMFADevices", "region": "us-east-1", "response": {"VirtualMFADevices": []}},
    ]
    return {"format": "posture-snapshot/1", "collector": "measure", "collected_at": "2026-11-22T03:00:00Z", "account": account, "partition": "aws",
            "caller": f"arn:aws:iam::{account}:user/audit", "regions": ["us-east-1"], "observations": observations}


def own_keys_and_devices():
    """What AWS's documentation has users allowed to do to themselves: for each of them another thing."""
    things = ["arn:aws:iam::*:user/${aws:username}", "arn:aws:iam::*:mfa/${aws:username}"]
    return {"Effect": "Allow", "Action": ["iam:*AccessKey*", "iam:*MFADevice", "iam:*LoginProfile"], "Resource": things}


def managing_themselves(account, users):
    """Users who may do no more than change their own password, keys and devices, besides what everybody may."""
    whole = snapshot(account, users)
    for observation in whole["observations"]:
        for group in observation["response"].get("GroupDetailList", []):
            group["GroupPolicyList"].append({"PolicyName": "own", "PolicyDocument": {"Version": "2012-10-17", "Statement": [own_keys_and_devices()]}})
    return whole


def insisting_on_mfa(account, users):
    """Users who may do what AWS's documentation has users do to themselves, what their team does, and nothing but set up MFA before they used it
    (https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_examples_aws_my-sec-creds-self-manage.html)."""
    whole = snapshot(account, users)
    def own(what, actions):
        return allow([f"iam:{action}" for action in actions.split()], f"arn:aws:iam::*:{what}/${{aws:username}}")["Statement"][0]
    statements = [
        allow(["iam:GetAccountPasswordPolicy", "iam:ListVirtualMFADevices"], "*")["Statement"][0],
        own("user", "ChangePassword GetUser"),
        own("user", "CreateAccessKey DeleteAccessKey ListAccessKeys UpdateAccessKey GetAccessKeyLastUsed"),
        own("user", "DeleteSigningCertificate ListSigningCertificates UpdateSigningCertificate UploadSigningCertificate"),
        own("user", "DeleteSSHPublicKey GetSSHPublicKey ListSSHPublicKeys UpdateSSHPublicKey UploadSSHPublicKey"),
        own("mfa", "CreateVirtualMFADevice"),
        own("user", "DeactivateMFADevice EnableMFADevice ListMFADevices ResyncMFADevice"),
        {"Effect": "Deny", "Resource": "*", "Condition": {"BoolIfExists": {"aws:MultiFactorAuthPresent": "false"}},
         "NotAction": [*(f"iam:{action}" for action in "CreateVirtualMFADevice EnableMFADevice GetMFADevice GetUser ListMFADevices ListVirtualMFADevices ResyncMFADevice".split()), "sts:GetSessionToken"]},
    ]
    for observation in whole["observations"]:
        for number, group in enumerate(observation["response"].get("GroupDetailList", [])):
            work = allow(["s3:GetObject", "s3:PutObject", "s3:ListBucket", "ec2:StartInstances", "ec2:StopInstances", "cloudwatch:*"], [f"arn:aws:s3:::team-{number}/*", "arn:aws:ec2:*:*:instance/*"])
            group["GroupPolicyList"] += [{"PolicyName": "own", "PolicyDocument": {"Version": "2012-10-17", "Statement": statements}}, {"PolicyName": "work", "PolicyDocument": work}]
    return whole


def administrators(account, users):
    """Users who all administer the account as long as they signed in with MFA, and manage their own keys and devices: each may take over
    each other."""
    whole = snapshot(account, users)
    document = allow("*", "*")
    needs_mfa = {"Version": "2012-10-17", "Statement": [own_keys_and_devices(), {"Effect": "Deny", "Resource": "*", "NotAction": ["iam:*VirtualMFADevice", "iam:List*", "sts:GetSessionToken"],
                 "Condition": {"BoolIfExists": {"aws:MultiFactorAuthPresent": "false"}}}]}
    arn = "arn:aws:iam::aws:policy/AdministratorAccess"
    policy = {"PolicyName": "AdministratorAccess", "Arn": arn, "DefaultVersionId": "v1", "AttachmentCount": 20,
              "PolicyVersionList": [{"VersionId": "v1", "IsDefaultVersion": True, "Document": document}]}
    for observation in whole["observations"]:
        answer = observation["response"]
        for group in answer.get("GroupDetailList", []):
            group["AttachedManagedPolicies"] = [{"PolicyName": "AdministratorAccess", "PolicyArn": arn}]
            group["GroupPolicyList"].append({"PolicyName": "mfa", "PolicyDocument": needs_mfa})
        if observation.get("request") == {"Filter": ["AWSManagedPolicy"]}:
            answer["Policies"] = [policy]
    return whole


def refused(whole):
    """The same snapshot with one small answer more, twice: it is refused after everything was parsed. That is the floor."""
    small = {"service": "iam", "operation": "ListAccountAliases", "region": "us-east-1", "response": {"AccountAliases": []}}
    return {**whole, "observations": whole["observations"] + [small, small]}


def cost(command, threads=None, runs=3, stdin=None):
    """Processor time in seconds and peak memory in bytes, the least of several runs."""
    return spent(command, threads, runs, stdin)[:2]


def spent(command, threads=None, runs=3, stdin=None):
    """The same, and the time on the wall. A process of its own starts the command: what a program takes at most is never less than what the
    one that started it had in memory, and this one holds whole accounts."""
    asked = json.dumps([command, threads, runs, stdin])
    told = subprocess.run([sys.executable, os.path.abspath(__file__), "--spend", asked], check=True, stdout=subprocess.PIPE, text=True)
    return tuple(json.loads(told.stdout))


def spend(command, threads, runs, stdin):
    environment = {"PATH": os.environ["PATH"], **({"RAYON_NUM_THREADS": str(threads)} if threads else {})}
    least = None
    for _ in range(runs):
        begin = time.monotonic()
        with open(stdin or os.devnull, "rb") as source, open(os.devnull, "wb") as sink:
            child = subprocess.Popen(command, stdin=source, stdout=sink, stderr=sink, env=environment)
            _, status, usage = os.wait4(child.pid, 0)
        child.returncode = os.waitstatus_to_exitcode(status)
        if child.returncode not in (0, 1, 2, 3):
            sys.exit(f"{command} ended with {child.returncode}")
        seen = (usage.ru_utime + usage.ru_stime, usage.ru_maxrss * 1024, time.monotonic() - begin)
        least = seen if least is None else tuple(map(min, least, seen))
    return least


def write(folder, name, value):
    path = os.path.join(folder, name)
    with open(path, "w") as file:
        json.dump(value, file)
    return path


def startup(posture, folder, quick):
    tiny = write(folder, "tiny.json", snapshot(ACCOUNT, 1))
    for what, command in (("posture --version", ["--version"]), ("posture rules list (all rules loaded)", ["rules", "list"]), ("posture scan of one user (all rules judged)", ["scan", "--snapshot", tiny])):
        seconds, peak = cost([posture, *command], runs=10)
        print(f"  {what:<46} {seconds * 1000:7.1f} ms  {peak / 2**20:6.1f} MiB")


def accounts(posture, quick):
    """Accounts by name: of users alone, and at a share of IAM's quotas where the example that makes them is built."""
    for users in (1000,) if quick else (1000, 5000):
        yield f"{users} users", snapshot(ACCOUNT, users)
    count = 500 if quick else 5000
    yield f"{count} users who manage their own keys", managing_themselves(ACCOUNT, count)
    yield f"{count} users who may do nothing before they used MFA", insisting_on_mfa(ACCOUNT, count)
    count = 250 if quick else 2000
    yield f"{count} administrators who need MFA", administrators(ACCOUNT, count)
    quota = os.path.join(os.path.dirname(posture), "examples/quota")
    if os.path.exists(quota):
        for kind, percent in (("teams", 2),) if quick else (("teams", 20), ("teams", 100), ("scattered", 20)):
            made = subprocess.run([quota, kind, str(percent)], check=True, capture_output=True).stdout
            yield f"{kind}, {percent} % of IAM's quotas", json.loads(made)


def parse(posture, folder, quick):
    tiny = cost([posture, "--version"], threads=1, runs=10)
    value = os.path.join(os.path.dirname(posture), "examples/value")
    for name, whole in accounts(posture, quick):
        path, floor = write(folder, "whole.json", whole), write(folder, "refused.json", refused(whole))
        size = os.path.getsize(path)
        parsing, parsing_peak = cost([posture, "scan", "--snapshot", floor], threads=1)
        judging, peak = cost([posture, "scan", "--snapshot", path, "--format", "markdown"], threads=1)
        others = {"a tree of values (serde_json)": [value, path], "jq -c .": ["jq", "-c", ".", path]}
        others = {other: cost(command)[0] for other, command in others.items() if shutil.which(command[0])}
        print(f"  {name}, {size / 2**20:.1f} MiB, one thread: parse {parsing * 1000:.0f} ms, parse and judge {judging * 1000:.0f} ms = {judging / parsing:.1f} x")
        print("".join(f"    = {judging / seconds:.2f} x {other}, {seconds * 1000:.0f} ms\n" for other, seconds in others.items()), end="")
        print(f"    peak {peak / size:.1f} x the file, without the {tiny[1] / 2**20:.1f} MiB of the program {(peak - tiny[1]) / size:.1f} x (parsing alone {(parsing_peak - tiny[1]) / size:.1f} x)")


def threads(posture, folder, quick):
    for name, whole in accounts(posture, quick):
        path = write(folder, "whole.json", whole)
        command = [posture, "scan", "--snapshot", path, "--format", "markdown"]
        (one, _, alone), (two, _, together) = spent(command, threads=1), spent(command, threads=2)
        print(f"  {name}: {alone / together:.2f} x as fast on two threads by the wall; {two / one:.2f} x the processor time")


def growth(posture, folder, quick):
    before = None
    for users in (500, 1000, 2000, 4000) if not quick else (250, 500, 1000):
        path = write(folder, "growth.json", snapshot(ACCOUNT, users))
        seconds, peak = cost([posture, "scan", "--snapshot", path, "--format", "markdown"], threads=1)
        more = f"  {seconds / before:.2f} x the time of half as many" if before else ""
        print(f"  {users:5} users: {seconds * 1000:6.0f} ms, {peak / 2**20:6.1f} MiB{more}")
        before = seconds


def kinds(posture, folder, quick):
    import kinds as accounts  # it builds on this module

    sizes = (100, 200) if quick else (1000, 2000)
    smaller, larger = (accounts.kinds(size) for size in sizes)
    for (name, few), (_, many) in zip(smaller, larger):
        def judge(whole):
            return cost([posture, "scan", "--snapshot", write(folder, "kind.json", whole), "--format", "markdown"], threads=1, runs=2)[0]
        before, seconds = judge(few), judge(many)
        print(f"  {sizes[1]} {name}: {seconds * 1000:.0f} ms, {seconds / before:.1f} x the time of half as many")


def fleet(posture, folder, quick):
    sizes = (1000, 10_000) if not quick else (50, 500)
    line = json.dumps(snapshot(ACCOUNT, 100))
    for count in sizes:
        path = os.path.join(folder, "fleet.ndjson")
        with open(path, "w") as file:
            for number in range(count):
                file.write(line.replace(ACCOUNT, f"{number:012}") + "\n")
        size = os.path.getsize(path)
        seconds, peak, wall = spent([posture, "scan", "--snapshot", "-", "--stream", "--format", "ndjson"], runs=1, stdin=path)
        print(f"  {count} snapshots of 100 users, {size / 2**20:.0f} MiB: {seconds:.1f} s, {size / 2**20 / seconds:.0f} MiB a second of processor time, peak {peak / 2**20:.0f} MiB")
        if shutil.which("jq"):
            other, other_peak, other_wall = spent(["jq", "-c", "."], runs=1, stdin=path)
            print(f"  jq -c . reading the same: {other:.1f} s, peak {other_peak / 2**20:.0f} MiB; posture takes {wall / other_wall:.2f} x its time by the wall, {seconds / other:.2f} x its processor time")
        os.unlink(path)


def main():
    if sys.argv[1:2] == ["--spend"]:
        print(json.dumps(spend(*json.loads(sys.argv[2]))))
        return
    arguments = [argument for argument in sys.argv[1:] if argument != "--quick"]
    posture, parts = os.path.abspath(arguments[0]), arguments[1:]
    with tempfile.TemporaryDirectory() as folder:
        for part in (startup, parse, threads, growth, kinds, fleet):
            if not parts or part.__name__ in parts:
                print(part.__name__)
                part(posture, folder, "--quick" in sys.argv)


if __name__ == "__main__":
    main()

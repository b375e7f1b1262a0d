"""Makes a flawed account on moto, or gathers what posture reads of it into a folder for `posture import`.

    closed_loop.py flaw ENDPOINT
    closed_loop.py gather ENDPOINT FOLDER
"""

import datetime
import json
import os
import re
import sys

import boto3
from botocore.config import Config
from botocore.exceptions import ClientError

REGION = "us-east-1"
OPEN = {"IpProtocol": "tcp", "FromPort": 22, "ToPort": 22}


def client(service):
    keys = {"aws_access_key_id": "test", "aws_secret_access_key": "test"}
    return boto3.client(service, endpoint_url=ENDPOINT, region_name=REGION, config=Config(retries={"max_attempts": 0}), **keys)


def flaw():
    """What people leave behind: a user with policies of their own, an open bucket, an open group, a key that never rotates."""
    iam, s3, ec2, kms = client("iam"), client("s3"), client("ec2"), client("kms")
    iam.create_user(UserName="ann")
    allow = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "s3:GetObject", "Resource": "*"}]}
    policy = iam.create_policy(PolicyName="readers", PolicyDocument=json.dumps(allow))["Policy"]["Arn"]
    iam.attach_user_policy(UserName="ann", PolicyArn=policy)
    iam.put_user_policy(UserName="ann", PolicyName="buckets", PolicyDocument=json.dumps(allow))
    iam.create_user(UserName="bob")
    iam.attach_user_policy(UserName="bob", PolicyArn=policy)
    s3.create_bucket(Bucket="posture-flawed")
    kms.create_key(Description="never rotated")
    vpc = ec2.create_vpc(CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"]
    group = ec2.create_security_group(GroupName="open", Description="open", VpcId=vpc)["GroupId"]
    ec2.authorize_security_group_ingress(
        GroupId=group,
        IpPermissions=[
            OPEN | {"IpRanges": [{"CidrIp": "0.0.0.0/0"}]},
            OPEN | {"Ipv6Ranges": [{"CidrIpv6": "::/0"}]},
            {"IpProtocol": "tcp", "FromPort": 445, "ToPort": 445, "IpRanges": [{"CidrIp": "0.0.0.0/0"}]},
        ],
    )
    image = ec2.describe_images(Owners=["amazon"])["Images"][0]["ImageId"]
    ec2.run_instances(ImageId=image, MinCount=1, MaxCount=1)


class Gatherer:
    """Asks as the AWS CLI would, and files answers and refusals the way `posture import` reads them."""

    def __init__(self, folder):
        self.folder, self.numbers = folder, {}

    def ask(self, service, operation, request=None, options=None, regional=False, api=None):
        method = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", operation).lower()
        for long, short in (("dbinstances", "db_instances"), ("mfadevices", "mfa_devices")):
            method = method.replace(long, short)
        name = re.sub(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])", "-", operation).lower()
        request = request or {}
        number = self.numbers[service, name] = self.numbers.get((service, name), 0) + 1
        file = os.path.join(self.folder, service, name + (f"@{REGION}" if regional or request else "") + (f"~{number}" if request else ""))
        os.makedirs(os.path.dirname(file), exist_ok=True)
        try:
            answer = getattr(client(api or service), method)(**request, **(options or {}))
        except Exception as error:  # moto answers some calls with a page of its own
            said = str(error) if isinstance(error, ClientError) else f"An error occurred (InternalError) when calling the {operation} operation: moto"
            with open(file + ".err", "w") as out:
                out.write(f"request: {json.dumps(request)}\n" if request else "")
                out.write(said + "\n")
            return None
        except AttributeError:
            return None
        answer.pop("ResponseMetadata", None)
        with open(file + ".json", "w") as out:
            json.dump({"request": request, "response": answer} if request else answer, out, default=plain)
        return answer

    def account(self):
        me = self.ask("sts", "GetCallerIdentity")
        client("iam").generate_credential_report()
        for operation in ("GetCredentialReport", "GetAccountSummary", "GetAccountPasswordPolicy", "GetAccountAuthorizationDetails", "ListAccountAliases"):
            self.ask("iam", operation)
        self.ask("iam", "ListVirtualMFADevices", {"AssignmentStatus": "Any"})
        for kind in ("BILLING", "OPERATIONS", "SECURITY"):
            self.ask("account", "GetAlternateContact", {"AlternateContactType": kind})
        self.ask("organizations", "DescribeOrganization")
        self.ask("cloudwatch", "DescribeAlarms", {"AlarmTypes": ["MetricAlarm", "CompositeAlarm"]})
        self.ask("budgets", "DescribeBudgets", {"AccountId": me["Account"]})

    def region(self):
        for rule in (self.ask("events", "ListRules", regional=True) or {}).get("Rules", []):
            self.ask("events", "ListTargetsByRule", {"Rule": rule["Name"]})
        for trail in self.ask("cloudtrail", "DescribeTrails", regional=True)["trailList"]:
            self.ask("cloudtrail", "GetTrailStatus", {"Name": trail["TrailARN"]})
            self.ask("cloudtrail", "GetEventSelectors", {"TrailName": trail["TrailARN"]})
        for topic in client("sns").list_topics()["Topics"]:
            self.ask("sns", "GetTopicAttributes", {"TopicArn": topic["TopicArn"]})
            subscriptions = self.ask("sns", "ListSubscriptionsByTopic", {"TopicArn": topic["TopicArn"]})
            for one in subscriptions["Subscriptions"]:
                self.ask("sns", "GetSubscriptionAttributes", {"SubscriptionArn": one["SubscriptionArn"]})
        for operation in (
            "GetEbsEncryptionByDefault", "GetSnapshotBlockPublicAccessState", "GetImageBlockPublicAccessState", "GetInstanceMetadataDefaults",
            "DescribeInstances", "DescribeVolumes", "DescribeVpcs", "DescribeFlowLogs", "DescribeSecurityGroups",
            "DescribeNetworkAcls", "DescribeNetworkInterfaces", "DescribeRouteTables", "DescribeVpcEndpoints",
        ):
            self.ask("ec2", operation, regional=True)
        self.ask("rds", "DescribeDBInstances", regional=True)
        self.ask("logs", "DescribeLogGroups", regional=True)
        for key in self.ask("kms", "ListKeys", regional=True)["Keys"]:
            self.ask("kms", "DescribeKey", {"KeyId": key["KeyArn"]})
            self.ask("kms", "GetKeyRotationStatus", {"KeyId": key["KeyId"]})
        self.ask("configservice", "DescribeConfigurationRecorders", regional=True, api="config")
        self.ask("configservice", "DescribeConfigurationRecorderStatus", regional=True, api="config")
        self.ask("configservice", "DescribeDeliveryChannels", regional=True, api="config")
        self.ask("securityhub", "DescribeHub", regional=True)
        for detector in self.ask("guardduty", "ListDetectors", regional=True)["DetectorIds"]:
            self.ask("guardduty", "GetDetector", {"DetectorId": detector})

    def buckets(self):
        for bucket in self.ask("s3api", "ListBuckets", regional=True, api="s3")["Buckets"]:
            for operation in (
                "GetPublicAccessBlock", "GetBucketPolicy", "GetBucketPolicyStatus", "GetBucketAcl", "GetBucketLogging",
                "GetBucketVersioning", "GetBucketEncryption", "GetBucketLifecycleConfiguration", "GetObjectLockConfiguration",
            ):
                self.ask("s3api", operation, {"Bucket": bucket["Name"]}, api="s3")


def plain(value):
    if isinstance(value, datetime.datetime):
        return value.strftime("%Y-%m-%dT%H:%M:%SZ")
    return value.decode() if isinstance(value, bytes) else str(value)


ENDPOINT = sys.argv[2]
if sys.argv[1] == "flaw":
    flaw()
else:
    gatherer = Gatherer(sys.argv[3])
    gatherer.account()
    gatherer.region()
    gatherer.buckets()

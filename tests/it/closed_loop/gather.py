"""Gathers what posture reads of an account on moto into a folder for `posture import`: `gather.py ENDPOINT FOLDER [confirmed]`.

Prints when. moto tells some things that AWS would not, and these are filed as AWS would tell them: the credential report
is of now, not of 2015; a password policy without maximum age names none, not 0; with `confirmed`, subscriptions count as confirmed, because a person opened the mails.
"""

import datetime
import functools
import json
import os
import re
import sys

import boto3
from botocore.config import Config
from botocore.exceptions import ClientError

REGION = "us-east-1"
#: Where Health events arrive as well; only event rules are asked there.
BACKUP = "us-west-2"
NOW = datetime.datetime.now(datetime.timezone.utc).replace(microsecond=0)


@functools.cache
def client(service, region=REGION):
    # The account's number stands in the host of some calls, which no name server knows: moto takes them as a proxy.
    config = Config(retries={"max_attempts": 0}, proxies={"http": ENDPOINT})
    keys = {"aws_access_key_id": "test", "aws_secret_access_key": "test"}
    return boto3.client(service, endpoint_url=ENDPOINT, region_name=region, config=config, **keys)


class Gatherer:
    """Asks as the AWS CLI would, and files answers and refusals the way `posture import` reads them."""

    def __init__(self, folder):
        self.folder, self.numbers = folder, {}

    def ask(self, service, operation, request=None, regional=False, api=None, region=REGION, change=None, **more):
        """Files the answer, as `change` corrects it, or the refusal. `more` is asked for and not filed."""
        method = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", operation).lower()
        for long, short in (("dbinstances", "db_instances"), ("mfadevices", "mfa_devices")):
            method = method.replace(long, short)
        name = re.sub(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])", "-", operation).lower()
        request = request or {}
        number = self.numbers[service, name] = self.numbers.get((service, name), 0) + 1
        file = os.path.join(self.folder, service, name + (f"@{region}" if regional or request else "") + (f"~{number}" if request else ""))
        os.makedirs(os.path.dirname(file), exist_ok=True)
        try:
            answer = getattr(client(api or service, region), method)(**request, **more)
        except Exception as error:  # moto answers some calls with a page of its own
            said = str(error) if isinstance(error, ClientError) else f"An error occurred (InternalError) when calling the {operation} operation: moto"
            with open(file + ".err", "w") as out:
                out.write(f"request: {json.dumps(request)}\n" if request else "")
                out.write(said + "\n")
            return None
        except AttributeError:
            return None
        answer.pop("ResponseMetadata", None)
        if change:
            change(answer)
        with open(file + ".json", "w") as out:
            json.dump({"request": request, "response": answer}, out, default=plain)
        return answer

    def account(self):
        me = self.ask("sts", "GetCallerIdentity")
        client("iam").generate_credential_report()
        self.ask("iam", "GetCredentialReport", change=lambda report: report.update(GeneratedTime=NOW))
        self.ask("iam", "GetAccountPasswordPolicy", change=without_age)
        for operation in ("GetAccountSummary", "GetAccountAuthorizationDetails", "ListAccountAliases"):
            self.ask("iam", operation)
        self.ask("iam", "ListVirtualMFADevices", {"AssignmentStatus": "Any"})
        for kind in ("BILLING", "OPERATIONS", "SECURITY"):
            self.ask("account", "GetAlternateContact", {"AlternateContactType": kind})
        self.ask("s3control", "GetPublicAccessBlock", {"AccountId": me["Account"]})
        self.ask("organizations", "DescribeOrganization")
        self.ask("organizations", "ListDelegatedAdministrators")
        self.ask("cloudwatch", "DescribeAlarms", {"AlarmTypes": ["MetricAlarm", "CompositeAlarm"]})
        # moto has no alarms on queries of log groups.
        self.file("cloudwatch", f"describe-alarms@{REGION}~2", {"AlarmTypes": ["LogAlarm"]}, {"LogAlarms": []})
        # Nor does it tell of credits.
        self.file("billing", f"get-credits@{REGION}", {"accountId": me["Account"]}, {"credits": [{"remainingAmount": {"currencyAmount": "100"}}]})
        for budget in self.ask("budgets", "DescribeBudgets", {"AccountId": me["Account"]})["Budgets"]:
            budget = {"AccountId": me["Account"], "BudgetName": budget["BudgetName"]}
            for one in (self.ask("budgets", "DescribeNotificationsForBudget", budget) or {}).get("Notifications", []):
                self.subscribers(budget, one)

    def subscribers(self, budget, notification):
        """Whom a notification goes to: moto does not tell, and all that are here the plan made, for one mailbox."""
        notification = {name: value for name, value in notification.items() if name != "NotificationState"}
        answer = {"Subscribers": [{"SubscriptionType": "EMAIL", "Address": "ops@example.com"}]}
        number = self.numbers["subscribers"] = self.numbers.get("subscribers", 0) + 1
        name = f"describe-subscribers-for-notification@{REGION}~{number}"
        self.file("budgets", name, {**budget, "Notification": notification}, answer)

    def file(self, service, name, request, answer):
        """Files what moto does not answer."""
        os.makedirs(os.path.join(self.folder, service), exist_ok=True)
        with open(os.path.join(self.folder, service, f"{name}.json"), "w") as out:
            json.dump({"request": request, "response": answer}, out, default=plain)

    def alerts(self, region):
        """Event rules and topics of a Region, and the topics' keys."""
        for rule in (self.ask("events", "ListRules", regional=True, region=region) or {}).get("Rules", []):
            self.ask("events", "ListTargetsByRule", {"Rule": rule["Name"]}, region=region)
        keys = set()
        for topic in client("sns", region).list_topics()["Topics"]:
            topic = {"TopicArn": topic["TopicArn"]}
            subscriptions = self.ask("sns", "ListSubscriptionsByTopic", topic, region=region)["Subscriptions"]
            told = {"SubscriptionsConfirmed": str(len(subscriptions) if CONFIRMED else 0)}
            attributes = self.ask("sns", "GetTopicAttributes", topic, region=region, change=lambda said: said["Attributes"].update(told))
            for one in subscriptions:
                self.ask("sns", "GetSubscriptionAttributes", {"SubscriptionArn": one["SubscriptionArn"]}, region=region)
            if key := attributes["Attributes"].get("KmsMasterKeyId"):
                keys.add(key)
        for key in sorted(keys):
            self.key_of_a_topic(key, region)

    def key_of_a_topic(self, key, region):
        described = self.ask("kms", "DescribeKey", {"KeyId": key}, region=region)
        if described:
            self.ask("kms", "GetKeyPolicy", {"KeyId": described["KeyMetadata"]["Arn"]}, region=region, PolicyName="default")

    def region(self):
        for trail in self.ask("cloudtrail", "DescribeTrails", regional=True)["trailList"]:
            self.ask("cloudtrail", "GetTrailStatus", {"Name": trail["TrailARN"]})
            self.ask("cloudtrail", "GetEventSelectors", {"TrailName": trail["TrailARN"]})
        for operation in (
            "GetEbsEncryptionByDefault", "GetSnapshotBlockPublicAccessState", "GetImageBlockPublicAccessState", "GetInstanceMetadataDefaults",
            "DescribeInstances", "DescribeVolumes", "DescribeVpcs", "DescribeFlowLogs", "DescribeSecurityGroups",
            "DescribeNetworkAcls", "DescribeNetworkInterfaces", "DescribeRouteTables", "DescribeVpcEndpoints",
        ):
            self.ask("ec2", operation, regional=True)
        self.ask("rds", "DescribeDBInstances", regional=True)
        self.ask("logs", "DescribeLogGroups", regional=True)
        self.ask("logs", "DescribeMetricFilters", regional=True)
        for key in self.ask("kms", "ListKeys", regional=True)["Keys"]:
            self.ask("kms", "DescribeKey", {"KeyId": key["KeyArn"]})
            self.ask("kms", "GetKeyRotationStatus", {"KeyId": key["KeyId"]})
        for operation in ("DescribeConfigurationRecorders", "DescribeConfigurationRecorderStatus", "DescribeDeliveryChannels"):
            self.ask("configservice", operation, regional=True, api="config")
        self.ask("securityhub", "DescribeHub", regional=True)
        self.ask("macie2", "GetMacieSession", regional=True)
        for detector in self.ask("guardduty", "ListDetectors", regional=True)["DetectorIds"]:
            self.ask("guardduty", "GetDetector", {"DetectorId": detector})

    def buckets(self):
        # moto leaves out where a bucket lies; all of these lie here.
        place = lambda said: [bucket.update(BucketRegion=REGION) for bucket in said["Buckets"]]
        for bucket in self.ask("s3api", "ListBuckets", regional=True, api="s3", change=place)["Buckets"]:
            for operation in (
                "GetPublicAccessBlock", "GetBucketPolicy", "GetBucketPolicyStatus", "GetBucketAcl", "GetBucketLogging",
                "GetBucketVersioning", "GetBucketEncryption", "GetBucketLifecycleConfiguration", "GetObjectLockConfiguration",
            ):
                self.ask("s3api", operation, {"Bucket": bucket["Name"]}, api="s3")


def without_age(answer):
    if not answer["PasswordPolicy"].get("MaxPasswordAge"):
        answer["PasswordPolicy"].pop("MaxPasswordAge", None)


def plain(value):
    if isinstance(value, datetime.datetime):
        return value.strftime("%Y-%m-%dT%H:%M:%SZ")
    return value.decode() if isinstance(value, bytes) else str(value)


ENDPOINT, FOLDER, *WORDS = sys.argv[1:]
CONFIRMED = "confirmed" in WORDS
gatherer = Gatherer(FOLDER)
gatherer.account()
gatherer.region()
gatherer.buckets()
gatherer.alerts(REGION)
gatherer.alerts(BACKUP)
print(plain(NOW))

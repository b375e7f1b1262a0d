"""Makes what a CloudFormation template asks for on moto: `stack.py ENDPOINT TEMPLATE first|last`.

moto's own CloudFormation passes over half of the types that plans use, so each type is made here by the calls that its resource
provider makes. References are followed as CloudFormation follows them: a resource is made when all that it refers to is there,
and of those that are ready the first or the last by name comes first, so that an order that the template only hopes for shows. A
property that no call here takes is an error. Prints the types that moto has no service for.
"""

import json
import sys

import boto3

REGION = "us-east-1"
ACCOUNT = "123456789012"
#: moto has no such service, or none that tells what was set.
NOT_ON_MOTO = ("AWS::AccessAnalyzer::Analyzer", "AWS::CE::AnomalyMonitor", "AWS::CE::AnomalySubscription", "AWS::Macie::Session")


def client(service):
    keys = {"aws_access_key_id": "test", "aws_secret_access_key": "test"}
    return boto3.client(service, endpoint_url=ENDPOINT, region_name=REGION, **keys)


def key(name, it):
    kms = client("kms")
    made = kms.create_key(Description=it.pop("Description"), Policy=json.dumps(it.pop("KeyPolicy")))["KeyMetadata"]
    if it.pop("EnableKeyRotation"):
        kms.enable_key_rotation(KeyId=made["KeyId"])
    return made["KeyId"], {"Arn": made["Arn"], "KeyId": made["KeyId"]}


def alias(name, it):
    client("kms").create_alias(AliasName=it["AliasName"], TargetKeyId=it.pop("TargetKeyId"))
    return it.pop("AliasName"), {}


def topic(name, it):
    key = {"KmsMasterKeyId": it.pop("KmsMasterKeyId")} if "KmsMasterKeyId" in it else {}
    arn = client("sns").create_topic(Name=it.pop("TopicName"), Attributes=key)["TopicArn"]
    return arn, {"TopicArn": arn}


def topic_policy(name, it):
    document = json.dumps(it.pop("PolicyDocument"))
    for arn in it.pop("Topics"):
        client("sns").set_topic_attributes(TopicArn=arn, AttributeName="Policy", AttributeValue=document)
    return name, {}


def subscription(name, it):
    arn = client("sns").subscribe(**taken(it, "Endpoint", "Protocol", "TopicArn"))["SubscriptionArn"]
    return arn, {}


def taken(it, *names):
    return {name: it.pop(name) for name in names if name in it}


def alarm(name, it):
    it["Threshold"] = float(it["Threshold"])
    arguments = taken(it, *list(it))
    client("cloudwatch").put_metric_alarm(**arguments)
    return arguments["AlarmName"], {}


def log_group(name, it):
    group = it.pop("LogGroupName")
    client("logs").create_log_group(logGroupName=group)
    client("logs").put_retention_policy(logGroupName=group, retentionInDays=it.pop("RetentionInDays"))
    return group, {"Arn": f"arn:aws:logs:{REGION}:{ACCOUNT}:log-group:{group}:*"}


def metric_filter(name, it):
    def lower(value):
        return {key[0].lower() + key[1:]: part for key, part in value.items()}

    group = it["LogGroupName"]
    there = client("logs").describe_log_groups(logGroupNamePrefix=group)["logGroups"]
    # AWS refuses a filter on a log group that does not exist; moto takes it.
    assert any(one["logGroupName"] == group for one in there), f"{name} comes before its log group {group}"
    arguments = lower(taken(it, *list(it)))
    arguments["metricTransformations"] = [lower(one) for one in arguments["metricTransformations"]]
    client("logs").put_metric_filter(**arguments)
    return arguments["filterName"], {}


def role(name, it):
    iam, role = client("iam"), it.pop("RoleName")
    made = iam.create_role(RoleName=role, AssumeRolePolicyDocument=json.dumps(it.pop("AssumeRolePolicyDocument")))["Role"]
    for policy in it.pop("Policies", []):
        document = json.dumps(policy.pop("PolicyDocument"))
        iam.put_role_policy(RoleName=role, PolicyName=policy.pop("PolicyName"), PolicyDocument=document)
        assert not policy, policy
    for policy in it.pop("ManagedPolicyArns", []):
        iam.attach_role_policy(RoleName=role, PolicyArn=policy)
    return role, {"Arn": made["Arn"]}


def bucket(name, it):
    s3, bucket = client("s3"), it.pop("BucketName")
    s3.create_bucket(Bucket=bucket)
    s3.put_public_access_block(Bucket=bucket, PublicAccessBlockConfiguration=it.pop("PublicAccessBlockConfiguration"))
    s3.put_bucket_versioning(Bucket=bucket, VersioningConfiguration=it.pop("VersioningConfiguration"))
    return bucket, {"Arn": f"arn:aws:s3:::{bucket}"}


def bucket_policy(name, it):
    client("s3").put_bucket_policy(Bucket=it.pop("Bucket"), Policy=json.dumps(it.pop("PolicyDocument")))
    return name, {}


def trail(name, it):
    cloudtrail, trail = client("cloudtrail"), it.pop("TrailName")
    logs, selectors = it.pop("IsLogging"), it.pop("AdvancedEventSelectors")
    group = it["CloudWatchLogsLogGroupArn"].split(":")[6]
    there = client("logs").describe_log_groups(logGroupNamePrefix=group)["logGroups"]
    assert any(one["logGroupName"] == group for one in there), f"{name} comes before its log group {group}"
    client("s3").get_bucket_policy(Bucket=it["S3BucketName"])
    it["KmsKeyId"] = it.pop("KMSKeyId")
    made = cloudtrail.create_trail(Name=trail, **taken(it, *list(it)))
    cloudtrail.put_event_selectors(TrailName=trail, AdvancedEventSelectors=selectors)
    if logs:
        cloudtrail.start_logging(Name=trail)
    return trail, {"Arn": made["TrailARN"]}


def event_rule(name, it):
    rule, targets = it.pop("Name"), it.pop("Targets")
    events = client("events")
    pattern = json.dumps(it.pop("EventPattern"))
    arn = events.put_rule(Name=rule, EventPattern=pattern, **taken(it, "Description", "State"))["RuleArn"]
    events.put_targets(Rule=rule, Targets=targets)
    return rule, {"Arn": arn}


def budget(name, it):
    budget = it.pop("Budget")
    client("budgets").create_budget(
        AccountId=ACCOUNT, Budget=budget, NotificationsWithSubscribers=it.pop("NotificationsWithSubscribers")
    )
    return budget["BudgetName"], {}


def detector(name, it):
    return client("guardduty").create_detector(**taken(it, *list(it)))["DetectorId"], {}


def hub(name, it):
    client("securityhub").enable_security_hub(**taken(it, *list(it)))
    return f"arn:aws:securityhub:{REGION}:{ACCOUNT}:hub/default", {}


MAKERS = {
    "AWS::Budgets::Budget": budget,
    "AWS::CloudTrail::Trail": trail,
    "AWS::CloudWatch::Alarm": alarm,
    "AWS::Events::Rule": event_rule,
    "AWS::GuardDuty::Detector": detector,
    "AWS::IAM::Role": role,
    "AWS::KMS::Alias": alias,
    "AWS::KMS::Key": key,
    "AWS::Logs::LogGroup": log_group,
    "AWS::Logs::MetricFilter": metric_filter,
    "AWS::S3::Bucket": bucket,
    "AWS::S3::BucketPolicy": bucket_policy,
    "AWS::SNS::Subscription": subscription,
    "AWS::SNS::Topic": topic,
    "AWS::SNS::TopicPolicy": topic_policy,
    "AWS::SecurityHub::Hub": hub,
}


def references(value):
    """Logical ids that a part of the template refers to."""
    if isinstance(value, list):
        return {name for one in value for name in references(one)}
    if not isinstance(value, dict):
        return set()
    if set(value) == {"Ref"}:
        return {value["Ref"]}
    if set(value) == {"Fn::GetAtt"}:
        return {value["Fn::GetAtt"][0]}
    assert not any(name.startswith("Fn::") for name in value), value
    return references(list(value.values()))


def resolved(value, made):
    if isinstance(value, list):
        return [resolved(one, made) for one in value]
    if not isinstance(value, dict):
        return value
    if set(value) == {"Ref"}:
        return made[value["Ref"]][0]
    if set(value) == {"Fn::GetAtt"}:
        name, attribute = value["Fn::GetAtt"]
        return made[name][1][attribute]
    return {name: resolved(one, made) for name, one in value.items()}


def after(resource):
    depends = resource.get("DependsOn", [])
    return references(resource["Properties"]) | set([depends] if isinstance(depends, str) else depends)


def main(template, which):
    resources = {
        name: resource for name, resource in template["Resources"].items() if resource["Type"] not in NOT_ON_MOTO
    }
    made = {}
    while len(made) < len(resources):
        ready = [name for name in resources if name not in made and after(resources[name]) <= set(made)]
        name = {"first": min, "last": max}[which](ready)
        resource = resources[name]
        known = {"Type", "Properties", "DependsOn", "DeletionPolicy", "UpdateReplacePolicy"}
        assert set(resource) <= known, resource
        properties = resolved(resource["Properties"], made)
        made[name] = MAKERS[resource["Type"]](name, properties)
        assert not properties, f"{name}: nothing takes {properties}"
    kinds = {resource["Type"] for resource in template["Resources"].values()}
    print(json.dumps(sorted(kinds - set(MAKERS))))


ENDPOINT = sys.argv[1]
with open(sys.argv[2]) as file:
    main(json.load(file), sys.argv[3])

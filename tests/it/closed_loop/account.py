"""Makes a flawed account on moto: `account.py bare|neglected ENDPOINT`.

`bare` is an account in which nobody set anything up; `neglected` one in which somebody began and nobody looked again.
"""

import datetime
import functools
import json
import sys

import boto3

REGION = "us-east-1"
WORLD = [{"CidrIp": "0.0.0.0/0"}]


@functools.cache
def client(service):
    keys = {"aws_access_key_id": "test", "aws_secret_access_key": "test"}
    return boto3.client(service, endpoint_url=ENDPOINT, region_name=REGION, **keys)


def policy(action, resource="*", **more):
    statement = {"Effect": "Allow", "Action": action, "Resource": resource, **more}
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})


def port(number, **ranges):
    return {"IpProtocol": "tcp", "FromPort": number, "ToPort": number, **ranges}


def network(name, *permissions):
    """A network with an instance in it, and a security group that lets these in."""
    ec2 = client("ec2")
    vpc = ec2.create_vpc(CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"]
    subnet = ec2.create_subnet(VpcId=vpc, CidrBlock="10.0.0.0/24")["Subnet"]["SubnetId"]
    group = ec2.create_security_group(GroupName=name, Description=name, VpcId=vpc)["GroupId"]
    ec2.authorize_security_group_ingress(GroupId=group, IpPermissions=list(permissions))
    image = ec2.describe_images(Owners=["amazon"])["Images"][0]["ImageId"]
    ec2.run_instances(ImageId=image, MinCount=1, MaxCount=1, SubnetId=subnet, SecurityGroupIds=[group])


def bare():
    """Users with policies of their own, an open bucket, an open group, a key that never rotates; nothing that watches."""
    iam = client("iam")
    readers = iam.create_policy(PolicyName="readers", PolicyDocument=policy("s3:GetObject"))["Policy"]["Arn"]
    for user in ("ann", "bob"):
        iam.create_user(UserName=user)
        iam.attach_user_policy(UserName=user, PolicyArn=readers)
    iam.put_user_policy(UserName="ann", PolicyName="buckets", PolicyDocument=policy("s3:GetObject"))
    client("s3").create_bucket(Bucket="posture-flawed")
    client("kms").create_key(Description="never rotated")
    open_ipv6 = port(22, Ipv6Ranges=[{"CidrIpv6": "::/0"}])
    network("open", port(22, IpRanges=WORLD), open_ipv6, port(445, IpRanges=WORLD))


def neglected():
    """A trail, an alarm, a budget, a database: all there, all wrong."""
    people()
    trail()
    alerts()
    network("databases", port(5432, IpRanges=WORLD), port(443, IpRanges=WORLD))
    shop = client("ec2").create_vpc(CidrBlock="10.1.0.0/16")["Vpc"]["VpcId"]
    zones = ((f"{REGION}a", "10.1.0.0/24"), (f"{REGION}b", "10.1.1.0/24"))
    subnets = [client("ec2").create_subnet(VpcId=shop, AvailabilityZone=zone, CidrBlock=block)["Subnet"]["SubnetId"] for zone, block in zones]
    gateway = client("ec2").create_internet_gateway()["InternetGateway"]["InternetGatewayId"]
    client("ec2").attach_internet_gateway(InternetGatewayId=gateway, VpcId=shop)
    tables = client("ec2").describe_route_tables(Filters=[{"Name": "vpc-id", "Values": [shop]}])["RouteTables"]
    client("ec2").create_route(RouteTableId=tables[0]["RouteTableId"], DestinationCidrBlock="0.0.0.0/0", GatewayId=gateway)
    client("rds").create_db_subnet_group(DBSubnetGroupName="shop", DBSubnetGroupDescription="shop", SubnetIds=subnets)
    client("rds").create_db_instance(
        DBSubnetGroupName="shop",
        DBInstanceIdentifier="shop", Engine="postgres", DBInstanceClass="db.t3.micro", AllocatedStorage=20,
        MasterUsername="shop", MasterUserPassword="not-a-secret", PubliclyAccessible=True, AutoMinorVersionUpgrade=False,
        MultiAZ=False, StorageEncrypted=True, Tags=[{"Key": "env", "Value": "prod"}],
    )
    client("guardduty").create_detector(Enable=True)
    client("organizations").create_organization(FeatureSet="ALL")


def people():
    iam = client("iam")
    iam.update_account_password_policy(MinimumPasswordLength=8, AllowUsersToChangePassword=False)
    iam.create_group(GroupName="staff")
    iam.put_group_policy(GroupName="staff", PolicyName="read", PolicyDocument=policy("s3:GetObject"))
    iam.create_user(UserName="carol")
    iam.add_user_to_group(GroupName="staff", UserName="carol")
    iam.create_login_profile(UserName="carol", Password="Not-a-secret-1")
    iam.create_access_key(UserName="carol")


def trail():
    """It reads only, keeps its events for a week, and its bucket is open to the world."""
    s3, bucket = client("s3"), "neglected-trail"
    s3.create_bucket(Bucket=bucket, ACL="public-read")
    arn = f"arn:aws:s3:::{bucket}"
    only = {"StringEquals": {"aws:SourceArn": "arn:aws:cloudtrail:us-east-1:123456789012:trail/neglected"}}
    service = {"Principal": {"Service": "cloudtrail.amazonaws.com"}, "Condition": only}
    s3.put_bucket_policy(Bucket=bucket, Policy=policy(["s3:GetBucketAcl", "s3:PutObject"], [arn, f"{arn}/*"], **service))
    logs = client("logs")
    logs.create_log_group(logGroupName="neglected")
    logs.put_retention_policy(logGroupName="neglected", retentionInDays=7)
    trust = {"Effect": "Allow", "Principal": {"Service": "cloudtrail.amazonaws.com"}, "Action": "sts:AssumeRole"}
    document = json.dumps({"Version": "2012-10-17", "Statement": [trust]})
    role = client("iam").create_role(RoleName="trail", AssumeRolePolicyDocument=document)["Role"]["Arn"]
    cloudtrail = client("cloudtrail")
    cloudtrail.create_trail(
        Name="neglected", S3BucketName=bucket, IsMultiRegionTrail=True, EnableLogFileValidation=False, CloudWatchLogsRoleArn=role,
        CloudWatchLogsLogGroupArn="arn:aws:logs:us-east-1:123456789012:log-group:neglected:*",
    )
    cloudtrail.start_logging(Name="neglected")
    cloudtrail.put_event_selectors(TrailName="neglected", EventSelectors=[{"ReadWriteType": "ReadOnly", "IncludeManagementEvents": True}])


def alerts():
    """A topic that anybody may use, an alarm on charges that is turned off and wrong, a budget that tells nobody."""
    sns = client("sns")
    topic = sns.create_topic(Name="old-alerts")["TopicArn"]
    sns.set_topic_attributes(TopicArn=topic, AttributeName="Policy", AttributeValue=policy("sns:Publish", topic, Principal="*"))
    client("cloudwatch").put_metric_alarm(
        AlarmName="charges", Namespace="AWS/Billing", MetricName="EstimatedCharges", Dimensions=[{"Name": "Currency", "Value": "USD"}],
        Statistic="Minimum", Period=300, EvaluationPeriods=1, Threshold=0, ComparisonOperator="LessThanThreshold",
        ActionsEnabled=False, AlarmActions=[topic],
    )
    counted = {"IncludeCredit": True, "IncludeRefund": True, "IncludeTax": True, "IncludeSubscription": True, "UseBlended": False}
    since = {"Start": datetime.datetime(2026, 1, 1), "End": datetime.datetime(2087, 6, 15)}
    budget = {"TimePeriod": since, "BudgetName": "monthly", "BudgetType": "COST", "TimeUnit": "MONTHLY", "BudgetLimit": {"Amount": "10", "Unit": "USD"}, "CostTypes": counted}
    client("budgets").create_budget(AccountId="123456789012", Budget=budget)
    # A topic that lets nobody but the account publish, under a key that no service may use.
    quiet = sns.create_topic(Name="quiet", Attributes={"KmsMasterKeyId": "alias/aws/sns"})["TopicArn"]
    client("events").put_rule(Name="health", EventPattern=json.dumps({"source": ["aws.health"]}), State="ENABLED")
    client("events").put_targets(Rule="health", Targets=[{"Id": "topic", "Arn": topic}, {"Id": "quiet", "Arn": quiet}])


ENDPOINT = sys.argv[2]
{"bare": bare, "neglected": neglected}[sys.argv[1]]()

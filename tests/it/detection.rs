//! What answers about AWS Config, GuardDuty, Security Hub, Macie and Access Analyzer come to.

use posture::finding::Status;
use serde_json::{Value, json};

use crate::infrastructure::{answer, asked, refused, verdicts};

/// The verdict of a rule on one Region.
fn status_in(region: &str, rule: &str, observations: &[Value]) -> Status {
    let found = verdicts(rule, observations);
    found.iter().find(|(_, one, _)| one.as_deref() == Some(region)).unwrap().2
}

fn status(rule: &str, observations: &[Value]) -> Status {
    status_in("us-east-1", rule, observations)
}

fn here(service: &str, operation: &str, response: &Value) -> Value {
    answer(service, operation, "us-east-1", response)
}

fn failed(service: &str, operation: &str, code: &str, message: &str) -> Value {
    json!({ "service": service, "operation": operation, "region": "us-east-1", "error": { "code": code, "message": message } })
}

fn in_no_organization() -> Value {
    failed("organizations", "DescribeOrganization", "AWSOrganizationsNotInUseException", "not a member")
}

fn managed_by(account: &str) -> Value {
    let organization = json!({ "Id": "o-1", "MasterAccountId": account, "FeatureSet": "ALL" });
    here("organizations", "DescribeOrganization", &json!({ "Organization": organization }))
}

fn recorder(group: &Value, status: &str) -> [Value; 2] {
    let recorder =
        json!({ "name": "default", "roleARN": "arn:aws:iam::123456789012:role/config", "recordingGroup": group });
    let statuses = json!([{ "name": "default", "recording": true, "lastStatus": status }]);
    [
        here("configservice", "DescribeConfigurationRecorders", &json!({ "ConfigurationRecorders": [recorder] })),
        here(
            "configservice",
            "DescribeConfigurationRecorderStatus",
            &json!({ "ConfigurationRecordersStatus": statuses }),
        ),
    ]
}

#[test]
fn a_recorder_counts_by_what_it_records_in_either_spelling_of_success() {
    let all = json!({ "allSupported": true, "includeGlobalResourceTypes": true });
    for (group, last, expected) in [
        (all.clone(), "SUCCESS", Status::Pass),
        (all.clone(), "Pending", Status::Pass),
        (all, "Failure", Status::Fail),
        (json!({ "allSupported": false, "resourceTypes": ["AWS::S3::Bucket"] }), "Success", Status::Fail),
        (
            json!({ "allSupported": false, "recordingStrategy": { "useOnly": "EXCLUSION_BY_RESOURCE_TYPES" },
                "exclusionByResourceTypes": { "resourceTypes": ["AWS::IAM::User"] } }),
            "Success",
            Status::Fail,
        ),
    ] {
        assert_eq!(status("config-recorder-enabled", &recorder(&group, last)), expected, "{group} {last}");
    }
    let none = here("configservice", "DescribeConfigurationRecorders", &json!({ "ConfigurationRecorders": [] }));
    assert_eq!(status("config-recorder-enabled", std::slice::from_ref(&none)), Status::Fail);
    assert_eq!(status_in("eu-west-1", "config-recorder-enabled", std::slice::from_ref(&none)), Status::Unknown);
    assert_eq!(status_in("af-south-1", "config-recorder-enabled", &[none]), Status::NotApplicable);
}

#[test]
fn a_recorder_of_an_aws_service_is_not_the_customers() {
    let linked = json!({ "name": "AWSConfigurationRecorderForX", "servicePrincipal": "x.amazonaws.com",
        "recordingGroup": { "allSupported": true } });
    let listed =
        here("configservice", "DescribeConfigurationRecorders", &json!({ "ConfigurationRecorders": [linked] }));
    assert_eq!(status("config-recorder-enabled", std::slice::from_ref(&listed)), Status::Fail);
    // One that was asked for by name says nothing about others.
    let one = asked(
        "configservice",
        "DescribeConfigurationRecorders",
        &json!({ "ServicePrincipal": "x.amazonaws.com" }),
        &json!({ "ConfigurationRecorders": [linked] }),
    );
    assert_eq!(status("config-recorder-enabled", &[one]), Status::Unknown);
}

#[test]
fn global_types_are_recorded_where_nothing_excludes_them_and_not_in_young_regions() {
    let of = |group: Value| {
        let none = answer(
            "configservice",
            "DescribeConfigurationRecorders",
            "eu-west-1",
            &json!({ "ConfigurationRecorders": [] }),
        );
        let [recorders, statuses] = recorder(&group, "Success");
        verdicts("config-global-types-recorded", &[recorders, statuses, none])[0].2
    };
    let excluding = |types: Value| {
        json!({ "recordingStrategy": { "useOnly": "EXCLUSION_BY_RESOURCE_TYPES" }, "includeGlobalResourceTypes": false,
            "exclusionByResourceTypes": { "resourceTypes": types } })
    };
    assert_eq!(of(json!({ "allSupported": true, "includeGlobalResourceTypes": true })), Status::Pass);
    assert_eq!(of(json!({ "allSupported": true, "includeGlobalResourceTypes": false })), Status::Fail);
    assert_eq!(of(excluding(json!(["AWS::EC2::Volume"]))), Status::Pass);
    assert_eq!(of(excluding(json!(["AWS::IAM::Role"]))), Status::Fail);
    let listed = ["AWS::IAM::User", "AWS::IAM::Group", "AWS::IAM::Role", "AWS::IAM::Policy"];
    assert_eq!(of(json!({ "allSupported": false, "resourceTypes": listed })), Status::Pass);
    assert_eq!(of(json!({ "allSupported": false, "resourceTypes": listed[..3] })), Status::Fail);
}

#[test]
fn a_delivery_that_failed_or_never_happened_is_no_pass() {
    let of = |history: Value| {
        let [recorders, statuses] = recorder(&json!({ "allSupported": true }), "Success");
        let channel = here(
            "configservice",
            "DescribeDeliveryChannels",
            &json!({ "DeliveryChannels": [{ "name": "c", "s3BucketName": "b" }] }),
        );
        let infos = json!([{ "name": "c", "configHistoryDeliveryInfo": history, "configStreamDeliveryInfo": { "lastStatus": "Not_Applicable" } }]);
        let delivery =
            here("configservice", "DescribeDeliveryChannelStatus", &json!({ "DeliveryChannelsStatus": infos }));
        status("config-delivery-ok", &[recorders, statuses, channel, delivery])
    };
    assert_eq!(of(json!({ "lastStatus": "SUCCESS" })), Status::Pass);
    assert_eq!(of(json!({ "lastStatus": "Failure", "lastErrorCode": "AccessDenied" })), Status::Fail);
    assert_eq!(of(json!({})), Status::Unknown);
}

#[test]
fn only_the_words_of_the_service_say_that_it_is_off() {
    for (code, message, expected) in [
        ("InvalidAccessException", "Account 123456789012 is not subscribed to AWS Security Hub", Status::Fail),
        ("InvalidAccessException", "The security token is not valid", Status::Unknown),
        ("ResourceNotFoundException", "no hub", Status::Fail),
        ("AccessDeniedException", "User: u is not authorized to perform: securityhub:DescribeHub", Status::Unknown),
    ] {
        let found = status("securityhub-enabled", &[failed("securityhub", "DescribeHub", code, message)]);
        assert_eq!(found, expected, "{code}: {message}");
    }
    let buckets = here("s3api", "ListBuckets", &json!({ "Buckets": [{ "Name": "b", "BucketRegion": "us-east-1" }] }));
    for (code, message, expected) in [
        ("AccessDeniedException", "Macie is not enabled.", Status::Fail),
        ("AccessDeniedException", "User: u is not authorized to perform: macie2:GetMacieSession", Status::Unknown),
    ] {
        let found = status("macie-enabled", &[buckets.clone(), failed("macie2", "GetMacieSession", code, message)]);
        assert_eq!(found, expected, "{code}: {message}");
    }
}

#[test]
fn macie_is_judged_where_buckets_lie() {
    let session = here("macie2", "GetMacieSession", &json!({ "status": "PAUSED" }));
    let of = |buckets: Value| {
        status("macie-enabled", &[session.clone(), here("s3api", "ListBuckets", &json!({ "Buckets": buckets }))])
    };
    assert_eq!(of(json!([{ "Name": "b", "BucketRegion": "us-east-1" }])), Status::Fail);
    assert_eq!(of(json!([{ "Name": "b", "BucketRegion": "eu-west-1" }])), Status::NotApplicable);
    assert_eq!(of(json!([{ "Name": "b" }])), Status::Unknown);
}

fn detector() -> [Value; 2] {
    [
        here("guardduty", "ListDetectors", &json!({ "DetectorIds": ["d1"] })),
        asked("guardduty", "GetDetector", &json!({ "DetectorId": "d1" }), &json!({ "Status": "ENABLED" })),
    ]
}

fn with_detector(more: &[Value]) -> Vec<Value> {
    detector().into_iter().chain(more.iter().cloned()).collect()
}

#[test]
fn findings_count_when_every_unarchived_severe_one_was_read() {
    let ids = |criterion: Value, ids: Value| {
        let request = json!({ "DetectorId": "d1", "FindingCriteria": { "Criterion": criterion } });
        asked("guardduty", "ListFindings", &request, &json!({ "FindingIds": ids }))
    };
    let finding = |id: &str, severity: f64, archived: bool| json!({ "Id": id, "Type": "T", "Severity": severity, "Service": { "Archived": archived } });
    let read = |findings: Value| {
        let request = json!({ "DetectorId": "d1", "FindingIds": ["f1"] });
        asked("guardduty", "GetFindings", &request, &json!({ "Findings": findings }))
    };
    let severe = json!({ "service.archived": { "Eq": ["false"] }, "severity": { "Gte": 7 } });
    let of = |more: &[Value]| status("guardduty-no-high-findings", &with_detector(more));
    assert_eq!(of(&[ids(severe.clone(), json!([]))]), Status::Pass);
    assert_eq!(of(&[ids(severe.clone(), json!(["f1"])), read(json!([finding("f1", 8.0, false)]))]), Status::Fail);
    // What was archived between the two calls is dealt with.
    assert_eq!(of(&[ids(severe.clone(), json!(["f1"])), read(json!([finding("f1", 8.0, true)]))]), Status::Pass);
    assert_eq!(of(&[ids(severe, json!(["f1"]))]), Status::Unknown);
    let by_type = json!({ "type": { "Eq": ["Recon:EC2/Portscan"] } });
    assert_eq!(of(&[ids(by_type, json!([]))]), Status::Unknown);
    assert_eq!(of(&[ids(json!({ "severity": { "Gte": 8.5 } }), json!([]))]), Status::Unknown);
    assert_eq!(of(&[]), Status::Unknown);
}

#[test]
fn a_suspended_or_missing_detector_fails_and_a_refused_one_is_unknown() {
    assert_eq!(status("guardduty-enabled", &detector()), Status::Pass);
    let suspended = asked("guardduty", "GetDetector", &json!({ "DetectorId": "d1" }), &json!({ "Status": "DISABLED" }));
    assert_eq!(status("guardduty-enabled", &[detector()[0].clone(), suspended]), Status::Fail);
    let none = here("guardduty", "ListDetectors", &json!({ "DetectorIds": [] }));
    assert_eq!(status("guardduty-enabled", &[none]), Status::Fail);
    let denied = refused("guardduty", "ListDetectors", "us-east-1", "AccessDeniedException");
    assert_eq!(status("guardduty-enabled", &[denied]), Status::Unknown);
}

/// A rule for findings, its topic, and the topic's subscription.
fn route(pattern: &str, policy: &Value, subscription: &str) -> Vec<Value> {
    let topic = "arn:aws:sns:us-east-1:123456789012:ops";
    let rule = json!({ "Name": "findings", "Arn": "arn:aws:events:us-east-1:123456789012:rule/findings", "State": "ENABLED",
        "EventPattern": pattern, "EventBusName": "default" });
    let attributes = json!({ "TopicArn": topic, "Policy": policy.to_string(), "Owner": "123456789012" });
    let subscriptions = json!([{ "SubscriptionArn": subscription, "Protocol": "email", "Endpoint": "ops@example.com", "TopicArn": topic }]);
    with_detector(&[
        here("events", "ListRules", &json!({ "Rules": [rule] })),
        asked(
            "events",
            "ListTargetsByRule",
            &json!({ "Rule": "findings" }),
            &json!({ "Targets": [{ "Id": "t", "Arn": topic }] }),
        ),
        asked("sns", "GetTopicAttributes", &json!({ "TopicArn": topic }), &json!({ "Attributes": attributes })),
        asked(
            "sns",
            "ListSubscriptionsByTopic",
            &json!({ "TopicArn": topic }),
            &json!({ "Subscriptions": subscriptions }),
        ),
        asked(
            "sns",
            "GetSubscriptionAttributes",
            &json!({ "SubscriptionArn": subscription }),
            &json!({ "Attributes": {} }),
        ),
    ])
}

#[test]
fn findings_are_routed_when_the_whole_way_to_a_confirmed_recipient_holds() {
    let confirmed = "arn:aws:sns:us-east-1:123456789012:ops:6b0e71bd-7e97-4d97-80ce-4a0994e55286";
    let statement = |condition: Option<Value>| {
        let mut statement = json!({ "Effect": "Allow", "Principal": { "Service": "events.amazonaws.com" },
            "Action": "sns:Publish", "Resource": "arn:aws:sns:us-east-1:123456789012:ops" });
        if let Some(condition) = condition {
            statement["Condition"] = condition;
        }
        json!({ "Version": "2012-10-17", "Statement": [statement] })
    };
    let all = r#"{"source":["aws.guardduty"],"detail-type":["GuardDuty Finding"]}"#;
    let high = r#"{"source":["aws.guardduty"],"detail":{"severity":[{"numeric":[">=",7,"<",9]}]}}"#;
    let other = r#"{"source":["aws.health"]}"#;
    let of = |pattern: &str, policy: &Value, subscription: &str| {
        let alone = [route(pattern, policy, subscription), vec![in_no_organization()]].concat();
        status("guardduty-findings-routed", &alone)
    };
    assert_eq!(of(all, &statement(None), confirmed), Status::Pass);
    assert_eq!(of(all, &statement(None), "PendingConfirmation"), Status::Fail);
    assert_eq!(of(high, &statement(None), confirmed), Status::Fail);
    assert_eq!(of(other, &statement(None), confirmed), Status::Fail);
    let guarded = statement(Some(json!({ "StringEquals": { "aws:SourceAccount": "123456789012" } })));
    assert_eq!(of(all, &guarded, confirmed), Status::Fail);
    let member = |subscription: &str| {
        let route = route(all, &statement(None), subscription);
        status("guardduty-findings-routed", &[route, vec![managed_by("999999999999")]].concat())
    };
    assert_eq!(member(confirmed), Status::Pass);
    assert_eq!(member("PendingConfirmation"), Status::Unknown, "the administrator may route them");
    let mut without_subscriptions = route(all, &statement(None), confirmed);
    without_subscriptions.retain(|one| one["operation"] != "ListSubscriptionsByTopic");
    assert_eq!(status("guardduty-findings-routed", &without_subscriptions), Status::Unknown);
}

#[test]
fn the_topic_of_findings_is_judged_as_a_topic_for_alerts() {
    let topic = verdicts(
        "sns-alert-topic-confirmed-subscription",
        &route(
            r#"{"source":["aws.guardduty"]}"#,
            &json!({ "Version": "2012-10-17", "Statement": [] }),
            "PendingConfirmation",
        ),
    );
    let found = topic.iter().find(|(id, _, _)| id == "arn:aws:sns:us-east-1:123456789012:ops").unwrap();
    assert_eq!(found.2, Status::Fail);
}

#[test]
fn open_findings_of_analyzers_count_when_all_active_ones_were_listed() {
    let arn = "arn:aws:access-analyzer:us-east-1:123456789012:analyzer/a";
    let analyzers = |kind: &str| {
        let analyzer = json!({ "arn": arn, "name": "a", "type": kind, "status": "ACTIVE" });
        here("accessanalyzer", "ListAnalyzers", &json!({ "analyzers": [analyzer] }))
    };
    let findings = |filter: Option<Value>, findings: Value| {
        let mut request = json!({ "analyzerArn": arn });
        if let Some(filter) = filter {
            request["filter"] = filter;
        }
        asked("accessanalyzer", "ListFindingsV2", &request, &json!({ "findings": findings }))
    };
    let finding = |state: &str| json!([{ "id": "f", "resource": "arn:aws:s3:::open", "status": state, "findingType": "ExternalAccess" }]);
    let of = |observations: &[Value]| status("access-analyzer-no-active-findings", observations);
    assert_eq!(of(&[analyzers("ACCOUNT"), findings(None, finding("ACTIVE"))]), Status::Fail);
    assert_eq!(of(&[analyzers("ACCOUNT"), findings(None, finding("ARCHIVED"))]), Status::Pass);
    let active = json!({ "status": { "eq": ["ACTIVE"] } });
    assert_eq!(of(&[analyzers("ACCOUNT"), findings(Some(active), json!([]))]), Status::Pass);
    let buckets = json!({ "resourceType": { "eq": ["AWS::S3::Bucket"] } });
    assert_eq!(of(&[analyzers("ACCOUNT"), findings(Some(buckets.clone()), json!([]))]), Status::Unknown);
    assert_eq!(of(&[analyzers("ACCOUNT"), findings(Some(buckets), finding("ACTIVE"))]), Status::Fail);
    assert_eq!(of(&[analyzers("ACCOUNT")]), Status::Unknown);
    assert_eq!(of(&[analyzers("ACCOUNT_UNUSED_ACCESS")]), Status::NotApplicable);
    assert_eq!(status("access-analyzer-enabled", &[analyzers("ORGANIZATION")]), Status::Pass);
    let unused = || analyzers("ACCOUNT_UNUSED_ACCESS");
    assert_eq!(status("access-analyzer-enabled", &[unused(), in_no_organization()]), Status::Fail);
    // The organization's analyzer shows only in the account that administers it.
    assert_eq!(status("access-analyzer-enabled", &[unused(), managed_by("999999999999")]), Status::Unknown);
    assert_eq!(status("access-analyzer-enabled", &[unused()]), Status::Unknown);
    let unused = verdicts("access-analyzer-unused-access", &[analyzers("ACCOUNT_UNUSED_ACCESS")]);
    assert_eq!(unused[0].2, Status::Pass);
}

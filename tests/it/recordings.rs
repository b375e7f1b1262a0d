//! Answers that AWS gave to other people, imported as any folder is: all are understood, and mean what they say.
//!
//! The values below were read in the recordings by hand. See `fixtures/recordings/SOURCES.md`.

mod details;

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::LazyLock;

use posture::snapshot::import::{ImportOptions, import};
use posture::snapshot::shapes::{
    accessanalyzer, account, budgets, ce, cloudtrail, cloudwatch, configservice, ec2, events, guardduty, iam, kms,
    logs, macie2, organizations, s3api, s3control, securityhub, sns, support, wellarchitected,
};
use posture::snapshot::{Operation, Said, Shape, Snapshot, Time};
use serde_json::{Value, json};

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/recordings")
}

/// One answer and where it comes from.
struct Recording {
    operation: Operation,
    source: String,
    output: Value,
}

fn recordings() -> Vec<Recording> {
    let mut all = Vec::new();
    for operation in Operation::ALL {
        let place = format!("{}/{}", operation.spec().service, operation.command());
        let mut add = |source: String, output: &Value| {
            all.push(Recording { operation: *operation, source, output: output.clone() });
        };
        if let Ok(text) = std::fs::read_to_string(root().join("aws-cli").join(format!("{place}.json"))) {
            let file: Value = serde_json::from_str(&text).unwrap();
            for (number, example) in file["examples"].as_array().unwrap().iter().enumerate() {
                // What `--query` made of an answer is no answer.
                if example["command"].as_str().is_some_and(|command| command.contains("--query")) {
                    continue;
                }
                add(format!("aws-cli/{place}#{number}"), &example["output"]);
            }
        }
        if let Ok(text) = std::fs::read_to_string(root().join("recorded").join(format!("{place}.jsonl"))) {
            for (number, line) in text.lines().enumerate() {
                let line: Value = serde_json::from_str(line).unwrap();
                add(format!("recorded/{place}#{number}"), &line["output"]);
            }
        }
        let skeletons: Value = read("skeletons.json");
        if let Some(skeleton) = skeletons[operation.spec().service].get(operation.command()) {
            add(format!("skeletons/{place}"), &with_report_text(skeleton));
        }
    }
    for name in ["example", "example_authz_details_for_overrides", "managed_policy_mismatch"] {
        let details = read(&format!("authorization-details/cloudsplaining.{name}.json"));
        let operation = Operation::IamGetAccountAuthorizationDetails;
        all.push(Recording { operation, source: format!("cloudsplaining/{name}"), output: details });
    }
    all
}

fn read(path: &str) -> Value {
    serde_json::from_str(&std::fs::read_to_string(root().join(path)).unwrap()).unwrap()
}

/// The documentation of one operation shows a list's element where AWS answers with the list.
const NOT_AS_AWS_ANSWERS: &str = "aws-cli/iam/get-account-authorization-details#0";

/// Placeholders of a model: where it has a credential report, text stands for its bytes.
fn with_report_text(skeleton: &Value) -> Value {
    let mut skeleton = skeleton.clone();
    if let Some(content) = skeleton.get_mut("Content") {
        *content = json!("user,arn\n");
    }
    skeleton
}

/// Every recording in one folder, each under a request of its own, imported; and how many there were.
static IMPORTED: LazyLock<(Snapshot, usize)> = LazyLock::new(|| {
    let folder = tempfile::tempdir().unwrap();
    let mut written = 0;
    for (number, recording) in recordings().iter().enumerate() {
        if recording.operation == Operation::StsGetCallerIdentity || recording.source == NOT_AS_AWS_ANSWERS {
            continue;
        }
        let spec = recording.operation.spec();
        let text = |member: &str| (member.to_owned(), json!(recording.source));
        let mut request: serde_json::Map<String, Value> =
            ["Source", "Name", "TrailName", "TopicArn", "SubscriptionArn", "KeyId", "BudgetName"]
                .map(text)
                .into_iter()
                .collect();
        request.extend(["AlternateContactType", "Rule", "analyzerArn", "DetectorId", "Filter", "PolicyId"].map(text));
        request.extend(["AccountId", "checkId", "WorkloadId", "UserName"].map(text));
        request.insert("LookupAttributes".to_owned(), json!([]));
        request.insert("Notification".to_owned(), json!({ "Threshold": 80 }));
        let path = folder.path().join(spec.service);
        std::fs::create_dir_all(&path).unwrap();
        let file = path.join(format!("{}@us-east-1~{number}.json", recording.operation.command()));
        // Failures of boto3 stand as they are, answers with their request.
        let observation = match &recording.output {
            output if output.get("Error").is_some() => {
                let error = &output["Error"];
                json!({ "request": request, "error": { "code": error["Code"], "message": error["Message"].as_str().unwrap_or("") } })
            }
            output => json!({ "request": request, "response": output }),
        };
        std::fs::write(file, observation.to_string()).unwrap();
        written += 1;
    }
    let options = ImportOptions {
        collector: "posture test".to_owned(),
        account: Some("123456789012".to_owned()),
        partition: Some("aws".to_owned()),
        // One recorded report was made to look a hundred years younger.
        collected_at: Some(Time::parse("2117-01-01T00:00:00Z").unwrap()),
        ..ImportOptions::default()
    };
    (import(folder.path(), &options).unwrap().snapshot, written)
});

/// The answer of one recording.
fn answer<'a, T: Shape + 'a>(snapshot: &'a Snapshot, source: &str) -> Said<'a, T> {
    let found = snapshot.answers::<T>().find(|answer| answer.observation.request["Source"] == source);
    found.unwrap_or_else(|| panic!("no {source}")).said
}

fn present<'a, T: Shape + 'a>(snapshot: &'a Snapshot, source: &str) -> &'a T {
    match answer::<T>(snapshot, source) {
        Said::Present(answer) => answer,
        Said::Absent => panic!("{source} is absent"),
        Said::Failed(error) => panic!("{source} failed: {error:?}"),
    }
}

fn words(list: &[&str]) -> Vec<String> {
    list.iter().map(|&word| word.to_owned()).collect()
}

#[test]
fn every_recording_imports_and_every_operation_has_one_but_billings() {
    let (snapshot, written) = &*IMPORTED;
    assert_eq!(snapshot.observations().len(), *written);
    let recorded: BTreeSet<_> = recordings().iter().map(|recording| recording.operation).collect();
    let missing: Vec<_> = Operation::ALL
        .iter()
        .filter(|operation| {
            operation.spec().gathered != posture::snapshot::Gathered::Alternative && !recorded.contains(operation)
        })
        .map(|operation| operation.label())
        .collect();
    assert_eq!(missing, ["billing:GetBillingPreferences", "billing:GetCredits"]);
}

/// Operations of which nobody published an answer that we could find: their shapes follow AWS's model alone.
const OF_A_MODEL_ALONE: &[&str] = &[
    "account:GetAlternateContact",
    "account:GetContactInformation",
    "account:ListRegions",
    "ce:GetAnomalyMonitors",
    "ce:GetAnomalySubscriptions",
    "cloudtrail:GetEventDataStore",
    "cloudtrail:ListEventDataStores",
    "ec2:GetSnapshotBlockPublicAccessState",
    "organizations:DescribeResourcePolicy",
    "organizations:ListAWSServiceAccessForOrganization",
    "organizations:ListDelegatedAdministrators",
    "organizations:ListDelegatedServicesForAccount",
    "securityhub:DescribeSecurityHubV2",
    "sso-admin:ListInstances",
    "support:DescribeTrustedAdvisorCheckSummaries",
    "wellarchitected:GetLensReview",
    "wellarchitected:GetWorkload",
    "wellarchitected:ListMilestones",
    "wellarchitected:ListWorkloads",
];

#[test]
fn every_other_operation_has_an_answer_that_aws_gave_to_somebody() {
    let recorded = recordings();
    let (of_models, answered): (BTreeSet<_>, BTreeSet<_>) = {
        let (models, answers): (Vec<_>, Vec<_>) =
            recorded.iter().partition(|recording| recording.source.starts_with("skeletons/"));
        let labels = |list: Vec<&Recording>| list.iter().map(|one| one.operation.label()).collect::<BTreeSet<_>>();
        (labels(models), labels(answers))
    };
    let alone: Vec<_> = of_models.difference(&answered).collect();
    assert_eq!(alone, OF_A_MODEL_ALONE.iter().collect::<Vec<_>>());
}

#[test]
fn of_every_answer_of_a_model_something_is_read() {
    for recording in recordings().iter().filter(|recording| recording.source.starts_with("skeletons/")) {
        let answer = recording.operation.parse(&recording.output.to_string()).unwrap();
        let read = serde_json::to_value(&answer).unwrap();
        assert!(read.as_object().is_some_and(|members| !members.is_empty()), "{}", recording.source);
    }
}

#[test]
fn identities_are_read() {
    let all = recordings();
    let accounts =
        all.iter().filter(|recording| recording.operation == Operation::StsGetCallerIdentity).map(|recording| {
            let answer = recording.operation.parse(&recording.output.to_string()).unwrap();
            posture::snapshot::shapes::sts::GetCallerIdentity::of(&answer).unwrap().account.clone().unwrap()
        });
    let accounts: Vec<_> = accounts.collect();
    assert_eq!(
        accounts,
        ["123456789012", "123456789012", "644160558196", "644160558196", "644160558196", "accountType"]
    );
}

#[test]
fn account_settings_of_iam_mean_what_they_say() {
    let (snapshot, _) = &*IMPORTED;
    let summary: &iam::GetAccountSummary = present(snapshot, "recorded/iam/get-account-summary#1");
    let summary = summary.summary_map.as_ref().unwrap();
    assert_eq!((summary["AccountPasswordPresent"], summary["Users"], summary["MFADevicesInUse"]), (1, 20, 4));
    let policy: &iam::GetAccountPasswordPolicy = present(snapshot, "aws-cli/iam/get-account-password-policy#0");
    let policy = policy.password_policy.as_ref().unwrap();
    assert_eq!((policy.minimum_password_length, policy.require_lowercase_characters), (Some(8), Some(false)));
    assert_eq!(policy.max_password_age, None);
    let aliases: &iam::ListAccountAliases = present(snapshot, "recorded/iam/list-account-aliases#2");
    assert_eq!(aliases.account_aliases, Some(words(&["custodian-govcloud-test"])));
    let features: &iam::ListOrganizationsFeatures = present(snapshot, "aws-cli/iam/list-organizations-features#0");
    assert_eq!(features.enabled_features, Some(words(&["RootCredentialsManagement", "RootSessions"])));
}

#[test]
fn a_device_named_after_root_belongs_to_whom_aws_says() {
    let (snapshot, _) = &*IMPORTED;
    let devices: &iam::ListVirtualMfaDevices = present(snapshot, "recorded/iam/list-virtual-mfa-devices#0");
    let owners: Vec<_> = devices
        .virtual_mfa_devices
        .iter()
        .flatten()
        .map(|device| {
            (device.serial_number.as_deref().unwrap(), device.user.as_ref().and_then(|user| user.arn.as_deref()))
        })
        .collect();
    assert_eq!(owners[0], ("arn:aws:iam::644160558196:mfa/test_mfa_device1", None));
    assert_eq!(owners[1].1, Some("arn:aws:iam::644160558196:root"));
    assert_eq!(
        owners[2],
        (
            "arn:aws:iam::644160558196:mfa/root-account-mfa-device",
            Some("arn:aws:iam::644160558196:user/fake_not_root_user")
        )
    );
}

#[test]
fn credential_reports_are_text_and_unready_ones_are_no_answer() {
    let (snapshot, _) = &*IMPORTED;
    let report: &iam::GetCredentialReport = present(snapshot, "recorded/iam/get-credential-report#3");
    assert_eq!(report.generated_time, Some(Time::parse("2016-11-25T14:30:42Z").unwrap()));
    let on_disk = std::fs::read_to_string(root().join("credential-reports/c7n.test_iam_user_unused_keys.csv")).unwrap();
    assert_eq!(report.content.as_ref().unwrap().trim_end(), on_disk.trim_end());
    for (number, code) in [(2, "ReportNotPresent"), (4, "ReportInProgress")] {
        let said =
            answer::<iam::GetCredentialReport>(snapshot, &format!("recorded/iam/get-credential-report#{number}"));
        assert!(matches!(said, Said::Failed(error) if error.code == code), "{said:?}");
    }
}

#[test]
fn authorization_details_keep_identities_policies_and_times() {
    let (snapshot, _) = &*IMPORTED;
    let details: &iam::GetAccountAuthorizationDetails = present(snapshot, "cloudsplaining/example");
    let count = |length: Option<usize>| length.unwrap();
    assert_eq!(count(details.user_detail_list.as_ref().map(Vec::len)), 44);
    assert_eq!(count(details.group_detail_list.as_ref().map(Vec::len)), 5);
    assert_eq!(count(details.role_detail_list.as_ref().map(Vec::len)), 78);
    assert_eq!(count(details.policies.as_ref().map(Vec::len)), 84);
    // Python writes a space between date and time.
    let user = &details.user_detail_list.as_ref().unwrap()[0];
    assert_eq!(user.create_date, Some(Time::parse("2023-03-09T10:41:45Z").unwrap()));
    let version = &details.policies.as_ref().unwrap()[0].policy_version_list.as_ref().unwrap()[0];
    assert_eq!(version.document.as_ref().unwrap().value()["Statement"][0]["Action"], "iam:AttachGroupPolicy");
}

#[test]
fn an_example_that_is_not_as_aws_answers_is_refused_where_it_differs() {
    let example = recordings().into_iter().find(|recording| recording.source == NOT_AS_AWS_ANSWERS).unwrap();
    let error = example.operation.parse(&example.output.to_string()).unwrap_err();
    assert_eq!(error.path().to_string(), "GroupDetailList[0].AttachedManagedPolicies");
    assert!(error.inner().to_string().contains("invalid type: map, expected a sequence"), "{error}");
}

#[test]
fn trails_their_state_and_selectors_are_read_in_both_spellings_of_time() {
    let (snapshot, _) = &*IMPORTED;
    let trails: &cloudtrail::DescribeTrails = present(snapshot, "recorded/cloudtrail/describe-trails#7");
    let trails: Vec<_> = trails
        .trail_list
        .iter()
        .flatten()
        .map(|trail| {
            (
                trail.name.as_deref().unwrap(),
                trail.is_multi_region_trail,
                trail.is_organization_trail,
                trail.home_region.as_deref(),
            )
        })
        .collect();
    assert_eq!(trails[1], ("MultiRegion2CloudTrail", Some(true), None, Some("us-east-2")));
    assert_eq!(trails[3], ("orgTrail", Some(true), Some(true), Some("us-east-1")));
    // AWS CLI v1 printed seconds since 1970.
    let status: &cloudtrail::GetTrailStatus = present(snapshot, "aws-cli/cloudtrail/get-trail-status#0");
    assert_eq!(status.latest_delivery_time, Some(Time::parse("2016-01-28T23:02:24.869Z").unwrap()));
    let status: &cloudtrail::GetTrailStatus = present(snapshot, "recorded/cloudtrail/get-trail-status#5");
    assert_eq!(status.is_logging, Some(false));
    assert_eq!(status.stop_logging_time, Some(Time::parse("2019-01-22T21:06:56Z").unwrap()));
    let selectors: &cloudtrail::GetEventSelectors = present(snapshot, "recorded/cloudtrail/get-event-selectors#9");
    let selector = &selectors.event_selectors.as_ref().unwrap()[0];
    assert_eq!(
        (selector.read_write_type.as_deref(), selector.include_management_events),
        (Some("WriteOnly"), Some(false))
    );
    let events: &cloudtrail::LookupEvents = present(snapshot, "aws-cli/cloudtrail/lookup-events#0");
    let record = events.events.as_ref().unwrap()[0].cloud_trail_event.as_deref().unwrap();
    assert!(record.contains("my-role") && !record.contains("72.21.198.70"), "{record}");
}

#[test]
fn alarms_of_both_kinds_and_metrics_are_read() {
    let (snapshot, _) = &*IMPORTED;
    let alarms: &cloudwatch::DescribeAlarms = present(snapshot, "aws-cli/cloudwatch/describe-alarms#0");
    let alarm = &alarms.metric_alarms.as_ref().unwrap()[0];
    assert_eq!((alarm.threshold, alarm.period, alarm.statistic.as_deref()), (Some(70.0), Some(300), Some("Average")));
    assert_eq!(alarm.alarm_actions, Some(words(&["arn:aws:sns:us-east-1:123456789012:myHighCpuAlarm"])));
    let alarms: &cloudwatch::DescribeAlarms = present(snapshot, "recorded/cloudwatch/describe-alarms#0");
    let alarm = &alarms.composite_alarms.as_ref().unwrap()[0];
    assert_eq!(alarm.alarm_rule.as_deref(), Some("ALARM(\"c7n-test-alarm-tags-filter\")"));
    let metrics: &cloudwatch::ListMetrics = present(snapshot, "aws-cli/cloudwatch/list-metrics#0");
    assert_eq!(metrics.metrics.as_ref().map(Vec::len), Some(8));
}

#[test]
fn topics_subscriptions_and_keys_are_read() {
    let (snapshot, _) = &*IMPORTED;
    let topic: &sns::GetTopicAttributes = present(snapshot, "recorded/sns/get-topic-attributes#15");
    assert_eq!(topic.attributes.as_ref().unwrap()["KmsMasterKeyId"], "alias/aws/sns");
    let subscriptions: &sns::ListSubscriptionsByTopic = present(snapshot, "recorded/sns/list-subscriptions-by-topic#0");
    let subscription = &subscriptions.subscriptions.as_ref().unwrap()[0];
    assert_eq!(subscription.protocol.as_deref(), Some("email-json"));
    let attributes: &sns::GetSubscriptionAttributes = present(snapshot, "aws-cli/sns/get-subscription-attributes#0");
    assert_eq!(attributes.attributes.as_ref().unwrap()["Endpoint"], "my-email@example.com");
    let key: &kms::DescribeKey = present(snapshot, "aws-cli/kms/describe-key#1");
    let key = key.key_metadata.as_ref().unwrap();
    assert_eq!((key.multi_region, key.aws_account_id.as_deref()), (Some(true), Some("111122223333")));
    let policy: &kms::GetKeyPolicy = present(snapshot, "recorded/kms/get-key-policy#0");
    let policy: Value = serde_json::from_str(policy.policy.as_ref().unwrap()).unwrap();
    assert_eq!(policy["Statement"][1]["Sid"], "Enable Cross Account");
}

#[test]
fn budgets_contacts_rules_and_organizations_are_read() {
    let (snapshot, _) = &*IMPORTED;
    let described: &budgets::DescribeBudgets = present(snapshot, "aws-cli/budgets/describe-budgets#0");
    let budget = &described.budgets.as_ref().unwrap()[0];
    assert_eq!(budget.cost_types.as_ref().unwrap().include_credit, Some(true));
    assert_eq!(budget.cost_filters.as_ref().unwrap()["AZ"], ["us-east-1"]);
    assert_eq!(budget.time_period.as_ref().unwrap().end, Some(Time::parse("2087-06-15T00:00:00Z").unwrap()));
    let found: &budgets::DescribeNotificationsForBudget =
        present(snapshot, "aws-cli/budgets/describe-notifications-for-budget#0");
    assert_eq!(found.notifications.as_ref().unwrap()[0].threshold, Some(80.0));
    let found: &budgets::DescribeSubscribersForNotification =
        present(snapshot, "aws-cli/budgets/describe-subscribers-for-notification#0");
    assert_eq!(found.subscribers.as_ref().unwrap()[1].address.as_deref(), Some("example@example.com"));
    let contact: &account::GetAlternateContact = present(snapshot, "skeletons/account/get-alternate-contact");
    let contact = contact.alternate_contact.as_ref().unwrap();
    assert_eq!(contact.alternate_contact_type.as_deref(), Some("BILLING"));
    let rules: &events::ListRules = present(snapshot, "recorded/events/list-rules#1");
    let rule = &rules.rules.as_ref().unwrap()[1];
    assert!(rule.event_pattern.as_deref().unwrap().contains("\"aws.health\""));
    assert_eq!(rule.managed_by.as_deref(), Some("eks.amazonaws.com"));
    let targets: &events::ListTargetsByRule = present(snapshot, "recorded/events/list-targets-by-rule#0");
    assert_eq!(targets.targets.as_ref().unwrap()[0].arn.as_deref(), Some("arn:aws:sns:us-west-1:644160558196:MyTopic"));
    let denied =
        answer::<organizations::DescribeOrganization>(snapshot, "recorded/organizations/describe-organization#1");
    assert!(matches!(denied, Said::Failed(error) if error.code == "AccessDeniedException"));
    let member: &organizations::DescribeAccount = present(snapshot, "aws-cli/organizations/describe-account#0");
    assert_eq!(member.account.as_ref().unwrap().joined_method.as_deref(), Some("INVITED"));
}

#[test]
fn networks_and_machines_are_read() {
    let (snapshot, _) = &*IMPORTED;
    let groups: &ec2::DescribeSecurityGroups = present(snapshot, "aws-cli/ec2/describe-security-groups#0");
    let permission = &groups.security_groups.as_ref().unwrap()[0].ip_permissions.as_ref().unwrap()[1];
    assert_eq!((permission.from_port, permission.ip_protocol.as_deref()), (Some(22), Some("tcp")));
    assert_eq!(permission.ip_ranges.as_ref().unwrap()[0].cidr_ip.as_deref(), Some("203.0.113.0/24"));
    let acls: &ec2::DescribeNetworkAcls = present(snapshot, "aws-cli/ec2/describe-network-acls#0");
    let entry = &acls.network_acls.as_ref().unwrap()[0].entries.as_ref().unwrap()[3];
    assert_eq!((entry.rule_number, entry.rule_action.as_deref()), (Some(32_767), Some("deny")));
    let tables: &ec2::DescribeRouteTables = present(snapshot, "aws-cli/ec2/describe-route-tables#0");
    let table = &tables.route_tables.as_ref().unwrap()[1];
    assert_eq!(table.associations.as_ref().unwrap()[0].main, Some(true));
    assert_eq!(table.routes.as_ref().unwrap()[1].gateway_id.as_deref(), Some("igw-fEXAMPLE"));
    let found: &ec2::DescribeFlowLogs = present(snapshot, "recorded/ec2/describe-flow-logs#0");
    let log = &found.flow_logs.as_ref().unwrap()[0];
    assert_eq!((log.flow_log_status.as_deref(), log.traffic_type.as_deref()), (Some("ACTIVE"), Some("ALL")));
    let defaults: &ec2::GetInstanceMetadataDefaults =
        present(snapshot, "recorded/ec2/get-instance-metadata-defaults#1");
    assert_eq!(defaults.account_level.as_ref().unwrap().http_tokens.as_deref(), Some("required"));
    let volumes: &ec2::DescribeVolumes = present(snapshot, "recorded/ec2/describe-volumes#0");
    assert_eq!(volumes.volumes.as_ref().unwrap()[0].encrypted, Some(false));
}

#[test]
fn buckets_log_groups_and_rotation_are_read_and_what_does_not_exist_is_absent() {
    let (snapshot, _) = &*IMPORTED;
    let status: &s3api::GetBucketPolicyStatus = present(snapshot, "aws-cli/s3api/get-bucket-policy-status#0");
    assert_eq!(status.policy_status.as_ref().unwrap().is_public, Some(false));
    let lock: &s3api::GetObjectLockConfiguration = present(snapshot, "aws-cli/s3api/get-object-lock-configuration#0");
    let rule = lock.object_lock_configuration.as_ref().unwrap().rule.as_ref().unwrap();
    assert_eq!(rule.default_retention.as_ref().unwrap().mode.as_deref(), Some("COMPLIANCE"));
    let encryption = answer::<s3api::GetBucketEncryption>(snapshot, "recorded/s3api/get-bucket-encryption#0");
    assert!(matches!(encryption, Said::Absent), "{encryption:?}");
    let policy = answer::<s3api::GetBucketPolicy>(snapshot, "recorded/s3api/get-bucket-policy#1");
    assert!(matches!(policy, Said::Absent), "{policy:?}");
    let block: &s3control::GetPublicAccessBlock = present(snapshot, "aws-cli/s3control/get-public-access-block#0");
    assert_eq!(block.public_access_block_configuration.as_ref().unwrap().ignore_public_acls, Some(true));
    let rotation: &kms::GetKeyRotationStatus = present(snapshot, "aws-cli/kms/get-key-rotation-status#0");
    assert_eq!((rotation.key_rotation_enabled, rotation.rotation_period_in_days), (Some(true), Some(365)));
    let groups: &logs::DescribeLogGroups = present(snapshot, "aws-cli/logs/describe-log-groups#0");
    assert!(groups.log_groups.as_ref().unwrap()[0].arn.as_deref().unwrap().ends_with(":*"));
    let filters: &logs::DescribeMetricFilters = present(snapshot, "recorded/logs/describe-metric-filters#0");
    let filter = &filters.metric_filters.as_ref().unwrap()[0];
    let pattern = filter.filter_pattern.as_deref().unwrap();
    let Ok(posture::filter::Pattern::Json(tree)) = pattern.parse() else { panic!("{pattern}") };
    assert_eq!(tree.to_string(), "{ $.eventName = \"ConsoleLogin\" && $.additionalEventData.MFAUsed != \"Yes\" }");
    let metric = &filter.metric_transformations.as_ref().unwrap()[0];
    assert_eq!((metric.metric_value.as_deref(), metric.default_value), (Some("1"), None));
}

#[test]
fn what_watches_an_account_is_read() {
    let (snapshot, _) = &*IMPORTED;
    let recorders: &configservice::DescribeConfigurationRecorders =
        present(snapshot, "recorded/configservice/describe-configuration-recorders#0");
    let recorder = &recorders.configuration_recorders.as_ref().unwrap()[0];
    let group = recorder.recording_group.as_ref().unwrap();
    assert_eq!((group.all_supported, group.include_global_resource_types), (Some(true), Some(false)));
    assert_eq!(recorder.role_arn.as_deref(), Some("arn:aws:iam::644160558196:role/service-role/config-role-us-west-2"));
    let status: &configservice::DescribeConfigurationRecorderStatus =
        present(snapshot, "recorded/configservice/describe-configuration-recorder-status#0");
    let status = &status.configuration_recorders_status.as_ref().unwrap()[0];
    assert_eq!((status.recording, status.last_status.as_deref()), (Some(true), Some("SUCCESS")));
    let delivery: &configservice::DescribeDeliveryChannelStatus =
        present(snapshot, "aws-cli/configservice/describe-delivery-channel-status#0");
    let delivery = &delivery.delivery_channels_status.as_ref().unwrap()[0];
    let history = delivery.config_history_delivery_info.as_ref().unwrap();
    assert_eq!(history.last_status.as_deref(), Some("SUCCESS"));
    let analyzers: &accessanalyzer::ListAnalyzers = present(snapshot, "aws-cli/accessanalyzer/list-analyzers#0");
    let kinds: Vec<_> = analyzers.analyzers.iter().flatten().map(|one| one.kind.as_deref().unwrap()).collect();
    assert_eq!(kinds, ["ORGANIZATION_UNUSED_ACCESS", "ORGANIZATION", "ACCOUNT"]);
    let findings: &accessanalyzer::ListFindingsV2 = present(snapshot, "aws-cli/accessanalyzer/list-findings-v2#0");
    assert_eq!(findings.findings.as_ref().unwrap()[0].status.as_deref(), Some("ACTIVE"));
    let detector: &guardduty::GetDetector = present(snapshot, "aws-cli/guardduty/get-detector#0");
    assert_eq!(detector.status.as_deref(), Some("ENABLED"));
    let findings: &guardduty::GetFindings = present(snapshot, "aws-cli/guardduty/get-findings#0");
    let finding = &findings.findings.as_ref().unwrap()[0];
    assert_eq!((finding.severity, finding.service.as_ref().unwrap().archived), (Some(5.0), Some(false)));
    let session: &macie2::GetMacieSession = present(snapshot, "recorded/macie2/get-macie-session#0");
    assert_eq!(session.status.as_deref(), Some("ENABLED"));
    let hub: &securityhub::DescribeHub = present(snapshot, "aws-cli/securityhub/describe-hub#0");
    assert_eq!(hub.subscribed_at.as_deref(), Some("2019-11-19T23:15:10.046Z"));
}

#[test]
fn certificates_providers_policies_and_reviews_are_read() {
    let (snapshot, _) = &*IMPORTED;
    let certificates: &iam::ListServerCertificates = present(snapshot, "recorded/iam/list-server-certificates#0");
    let certificate = &certificates.server_certificate_metadata_list.as_ref().unwrap()[0];
    assert_eq!(certificate.expiration, Some(Time::parse("2299-12-31T21:17:09Z").unwrap()));
    let providers: &iam::ListSamlProviders = present(snapshot, "recorded/iam/list-saml-providers#0");
    let provider = providers.saml_provider_list.as_ref().unwrap()[0].arn.as_deref().unwrap();
    assert!(provider.ends_with("saml-provider/AWSSSO_9d732cba867ef2b9_DO_NOT_DELETE"), "{provider}");
    let policy: &organizations::DescribePolicy = present(snapshot, "aws-cli/organizations/describe-policy#0");
    let content = policy.policy.as_ref().unwrap().content.as_deref().unwrap();
    assert_eq!(serde_json::from_str::<Value>(content).unwrap()["Statement"][0]["Effect"], "Allow");
    let targets: &organizations::ListTargetsForPolicy =
        present(snapshot, "aws-cli/organizations/list-targets-for-policy#0");
    let kinds: Vec<_> = targets.targets.iter().flatten().map(|target| target.kind.as_deref().unwrap()).collect();
    assert_eq!(kinds, ["ROOT", "ACCOUNT", "ORGANIZATIONAL_UNIT"]);
    let checks: &support::DescribeTrustedAdvisorChecks =
        present(snapshot, "aws-cli/support/describe-trusted-advisor-checks#0");
    assert_eq!(checks.checks.as_ref().unwrap()[0].category.as_deref(), Some("security"));
    let result: &support::DescribeTrustedAdvisorCheckResult =
        present(snapshot, "recorded/support/describe-trusted-advisor-check-result#5");
    let result = result.result.as_ref().unwrap();
    assert_eq!(result.status.as_deref(), Some("error"));
    assert_eq!(result.flagged_resources.as_ref().unwrap()[0].is_suppressed, Some(false));
    let review: &wellarchitected::GetLensReview = present(snapshot, "skeletons/wellarchitected/get-lens-review");
    assert!(review.lens_review.as_ref().unwrap().pillar_review_summaries.is_some());
    let subscriptions: &ce::GetAnomalySubscriptions = present(snapshot, "skeletons/ce/get-anomaly-subscriptions");
    assert!(subscriptions.anomaly_subscriptions.as_ref().unwrap()[0].subscribers.is_some());
}

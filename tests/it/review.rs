//! What answers about certificates, sign-in, workloads, AWS Support and unusual costs come to.

use posture::finding::Status;
use serde_json::{Value, json};

use crate::infrastructure::{answer, asked, refused, statuses, verdicts};

fn here(service: &str, operation: &str, response: &Value) -> Value {
    answer(service, operation, "us-east-1", response)
}

fn status(rule: &str, observations: &[Value]) -> Status {
    let found = verdicts(rule, observations);
    assert_eq!(found.len(), 1, "{found:?}");
    found[0].2
}

#[test]
fn certificates_are_held_against_the_time_of_the_snapshot() {
    let certificate = |name: &str, end: &str| json!({ "ServerCertificateName": name, "Arn": format!("arn:aws:iam::123456789012:server-certificate/{name}"), "Expiration": end });
    let listed = |list: Value, more: bool| {
        here(
            "iam",
            "ListServerCertificates",
            &json!({ "ServerCertificateMetadataList": list, "IsTruncated": more, "Marker": "m" }),
        )
    };
    let both = json!([certificate("new", "2027-01-01T00:00:00Z"), certificate("old", "2026-11-22T03:00:00Z")]);
    assert_eq!(statuses("iam-no-expired-server-certs", &[listed(both, false)]), [Status::Fail, Status::Pass]);
    assert_eq!(statuses("iam-no-expired-server-certs", &[listed(json!([]), false)]), [Status::NotApplicable]);
    assert_eq!(statuses("iam-no-expired-server-certs", &[listed(json!([]), true)]), [Status::Unknown]);
}

#[test]
fn a_primary_contact_with_blank_members_is_incomplete() {
    let of = |postal_code: &str| {
        let contact = json!({ "FullName": "Ann", "AddressLine1": "1 Main St", "City": "Town", "CountryCode": "US",
            "PostalCode": postal_code, "PhoneNumber": "+12065550100" });
        status(
            "account-primary-contact-current",
            &[here("account", "GetContactInformation", &json!({ "ContactInformation": contact }))],
        )
    };
    assert_eq!(of("98101"), Status::Pass);
    assert_eq!(of(" "), Status::Fail);
    let none = refused("account", "GetContactInformation", "us-east-1", "ResourceNotFoundException");
    assert_eq!(status("account-primary-contact-current", &[none]), Status::Fail);
}

fn report(password: bool) -> Value {
    let content = format!(
        "user,arn,user_creation_time,password_enabled,password_last_used,password_last_changed,password_next_rotation,mfa_active,access_key_1_active,access_key_1_last_rotated,access_key_1_last_used_date,access_key_1_last_used_region,access_key_1_last_used_service,access_key_2_active,access_key_2_last_rotated,access_key_2_last_used_date,access_key_2_last_used_region,access_key_2_last_used_service,cert_1_active,cert_1_last_rotated,cert_2_active,cert_2_last_rotated\n\
         ann,arn:aws:iam::123456789012:user/ann,2020-01-01T00:00:00+00:00,{password},N/A,2020-01-01T00:00:00+00:00,N/A,false,true,2020-01-01T00:00:00+00:00,N/A,N/A,N/A,false,N/A,N/A,N/A,N/A,false,N/A,false,N/A\n"
    );
    here(
        "iam",
        "GetCredentialReport",
        &json!({ "Content": content, "ReportFormat": "text/csv", "GeneratedTime": "2026-11-22T02:00:00Z" }),
    )
}

#[test]
fn people_sign_in_through_a_provider_that_some_region_or_iam_names() {
    let organization = here(
        "organizations",
        "DescribeOrganization",
        &json!({ "Organization": { "Id": "o-1", "MasterAccountId": "999999999999" } }),
    );
    let of = |password: bool, saml: &Value, instances: [&Value; 2]| {
        let [one, two] = instances.map(|list| json!({ "Instances": list }));
        status(
            "iam-federation-configured",
            &[
                organization.clone(),
                report(password),
                here("iam", "ListSAMLProviders", &json!({ "SAMLProviderList": saml })),
                here("iam", "ListOpenIDConnectProviders", &json!({ "OpenIDConnectProviderList": [] })),
                here("sso-admin", "ListInstances", &one),
                answer("sso-admin", "ListInstances", "eu-west-1", &two),
            ],
        )
    };
    let none = json!([]);
    let active = json!([{ "InstanceArn": "arn:aws:sso:::instance/ssoins-1", "Status": "ACTIVE" }]);
    let failed = json!([{ "InstanceArn": "arn:aws:sso:::instance/ssoins-1", "Status": "CREATE_FAILED" }]);
    let saml = json!([{ "Arn": "arn:aws:iam::123456789012:saml-provider/idp" }]);
    assert_eq!(of(false, &saml, [&none, &none]), Status::Pass);
    assert_eq!(of(false, &none, [&none, &active]), Status::Pass);
    assert_eq!(of(true, &none, [&none, &failed]), Status::Fail);
    assert_eq!(of(true, &saml, [&none, &none]), Status::Unknown);
}

fn workload(summary: &Value, more: &[Value]) -> Vec<Value> {
    let elsewhere = answer("wellarchitected", "ListWorkloads", "eu-west-1", &json!({ "WorkloadSummaries": [] }));
    let listed = here("wellarchitected", "ListWorkloads", &json!({ "WorkloadSummaries": [summary] }));
    [elsewhere, listed].into_iter().chain(more.iter().cloned()).collect()
}

fn shop() -> Value {
    json!({ "WorkloadId": "w1", "WorkloadArn": "arn:aws:wellarchitected:us-east-1:123456789012:workload/w1",
        "WorkloadName": "shop", "Lenses": ["serverless", "wellarchitected"] })
}

fn review(request: &Value, open: i64, high: Option<i64>) -> Value {
    let pillars =
        ["operationalExcellence", "security", "reliability", "performance", "costOptimization", "sustainability"];
    let pillar = |name: &str| match name {
        "security" => json!({ "PillarId": name, "RiskCounts": { "UNANSWERED": open } }),
        _ => json!({ "PillarId": name, "RiskCounts": {} }),
    };
    let counts = high.map_or_else(|| json!({}), |high| json!({ "HIGH": high }));
    let pillars: Vec<_> = pillars.into_iter().map(pillar).collect();
    asked(
        "wellarchitected",
        "GetLensReview",
        request,
        &json!({ "WorkloadId": "w1", "LensReview": {
        "LensAlias": "wellarchitected", "UpdatedAt": "2025-06-01T00:00:00Z", "RiskCounts": counts, "PillarReviewSummaries": pillars } }),
    )
}

#[test]
fn the_framework_lens_of_the_present_review_counts() {
    let own = json!({ "WorkloadId": "w1", "LensAlias": "wellarchitected" });
    let of = |rule: &str, more: &[Value]| status(rule, &workload(&shop(), more));
    assert_eq!(of("wa-workload-defined", &[]), Status::Pass);
    assert_eq!(of("wa-review-complete", &[review(&own, 0, None)]), Status::Pass);
    assert_eq!(of("wa-review-complete", &[review(&own, 4, None)]), Status::Fail);
    assert_eq!(of("wa-no-high-risks", &[review(&own, 0, None)]), Status::Pass);
    assert_eq!(of("wa-no-high-risks", &[review(&own, 0, Some(1))]), Status::Fail);
    let serverless = json!({ "WorkloadId": "w1", "LensAlias": "serverless" });
    assert_eq!(of("wa-review-complete", &[review(&serverless, 0, None)]), Status::Unknown);
    let frozen = json!({ "WorkloadId": "w1", "LensAlias": "wellarchitected", "MilestoneNumber": 1 });
    assert_eq!(of("wa-review-complete", &[review(&frozen, 0, None)]), Status::Unknown);
    let mut other = shop();
    other["Lenses"] = json!(["serverless"]);
    assert_eq!(status("wa-review-complete", &workload(&other, &[])), Status::NotApplicable);
    assert_eq!(status("wa-workload-defined", &workload(&other, &[])), Status::Fail);
}

#[test]
fn a_milestone_makes_a_review_recent_and_an_unseen_one_may() {
    let own = review(&json!({ "WorkloadId": "w1", "LensAlias": "wellarchitected" }), 0, None);
    let milestones = |times: Value| {
        asked(
            "wellarchitected",
            "ListMilestones",
            &json!({ "WorkloadId": "w1" }),
            &json!({ "WorkloadId": "w1", "MilestoneSummaries": times }),
        )
    };
    let of = |more: &[Value]| status("wa-review-recent", &workload(&shop(), more));
    assert_eq!(of(&[own.clone(), milestones(json!([]))]), Status::Fail);
    assert_eq!(of(&[own.clone(), milestones(json!([{ "RecordedAt": "2026-06-01T00:00:00Z" }]))]), Status::Pass);
    assert_eq!(of(&[own]), Status::Unknown);
}

#[test]
fn a_region_that_refused_may_hold_the_workload() {
    let listed = here("wellarchitected", "ListWorkloads", &json!({ "WorkloadSummaries": [] }));
    let denied = refused("wellarchitected", "ListWorkloads", "eu-west-1", "AccessDeniedException");
    let none = answer("wellarchitected", "ListWorkloads", "eu-west-1", &json!({ "WorkloadSummaries": [] }));
    assert_eq!(status("wa-workload-defined", &[listed.clone(), denied]), Status::Unknown);
    assert_eq!(status("wa-workload-defined", &[listed, none]), Status::Fail);
}

#[test]
fn trusted_advisor_is_judged_by_the_summaries_of_its_security_checks() {
    let checks = json!([{ "id": "a", "name": "A", "category": "security" }, { "id": "b", "name": "B", "category": "cost_optimizing" }]);
    let of = |outcome: &str| {
        let summaries = json!([{ "checkId": "a", "status": outcome }, { "checkId": "b", "status": "error" }]);
        status(
            "ta-high-risk-issues",
            &[
                here("support", "DescribeTrustedAdvisorChecks", &json!({ "checks": checks })),
                here("support", "DescribeTrustedAdvisorCheckSummaries", &json!({ "summaries": summaries })),
            ],
        )
    };
    assert_eq!(of("ok"), Status::Pass);
    assert_eq!(of("warning"), Status::Pass);
    assert_eq!(of("error"), Status::Fail);
    assert_eq!(of("not_available"), Status::Unknown);
    let without_plan = refused("support", "DescribeTrustedAdvisorChecks", "us-east-1", "SubscriptionRequiredException");
    assert_eq!(status("ta-high-risk-issues", &[without_plan]), Status::NotApplicable);
    let denied = refused("support", "DescribeTrustedAdvisorChecks", "us-east-1", "AccessDeniedException");
    assert_eq!(status("ta-high-risk-issues", &[denied]), Status::Unknown);
    let no_summary = here("support", "DescribeTrustedAdvisorChecks", &json!({ "checks": checks }));
    assert_eq!(status("ta-high-risk-issues", &[no_summary]), Status::Unknown);
}

#[test]
fn a_key_is_exposed_by_quarantine_or_by_trusted_advisor() {
    let details = |policies: Value| {
        let user = json!({ "UserName": "ann", "Arn": "arn:aws:iam::123456789012:user/ann", "GroupList": [], "AttachedManagedPolicies": policies });
        here(
            "iam",
            "GetAccountAuthorizationDetails",
            &json!({ "UserDetailList": [user], "GroupDetailList": [], "RoleDetailList": [], "Policies": [], "IsTruncated": false }),
        )
    };
    let result = |state: &str, flags: Value| {
        let result = json!({ "checkId": "12Fnkpl8Y5", "status": state, "flaggedResources": flags });
        asked(
            "support",
            "DescribeTrustedAdvisorCheckResult",
            &json!({ "checkId": "12Fnkpl8Y5" }),
            &json!({ "result": result }),
        )
    };
    let of =
        |policies: Value, advice: Value| status("exposed-access-keys", &[report(false), details(policies), advice]);
    let flag = |suppressed: bool| json!([{ "status": "error", "resourceId": "r", "isSuppressed": suppressed, "metadata": ["AKIAIOSFODNN7EXAMPLE", "ann", null] }]);
    assert_eq!(of(json!([]), result("ok", json!([]))), Status::Pass);
    assert_eq!(of(json!([]), result("error", flag(false))), Status::Fail);
    assert_eq!(of(json!([]), result("ok", flag(true))), Status::Pass);
    assert_eq!(of(json!([]), result("not_available", json!([]))), Status::Unknown);
    let quarantine = json!([{ "PolicyName": "AWSCompromisedKeyQuarantineV2", "PolicyArn": "arn:aws:iam::aws:policy/AWSCompromisedKeyQuarantineV2" }]);
    let own =
        json!([{ "PolicyName": "q", "PolicyArn": "arn:aws:iam::123456789012:policy/AWSCompromisedKeyQuarantineV2" }]);
    let without_plan = || {
        let mut advice =
            refused("support", "DescribeTrustedAdvisorCheckResult", "us-east-1", "SubscriptionRequiredException");
        advice["request"] = json!({ "checkId": "12Fnkpl8Y5" });
        advice
    };
    assert_eq!(of(quarantine, without_plan()), Status::Fail);
    assert_eq!(of(own, without_plan()), Status::Pass);
}

#[test]
fn unusual_costs_reach_somebody_through_a_subscription_to_a_monitor_that_exists() {
    let monitor = "arn:aws:ce::123456789012:anomalymonitor/m";
    let topic = "arn:aws:sns:us-east-1:123456789012:costs";
    let monitors = here(
        "ce",
        "GetAnomalyMonitors",
        &json!({ "AnomalyMonitors": [{ "MonitorArn": monitor, "MonitorName": "services" }] }),
    );
    let of = |listens_to: &str, subscriber: Value, more: &[Value]| {
        let subscription =
            json!({ "SubscriptionName": "ops", "MonitorArnList": [listens_to], "Subscribers": [subscriber] });
        let subscriptions = here("ce", "GetAnomalySubscriptions", &json!({ "AnomalySubscriptions": [subscription] }));
        let alone = refused("organizations", "DescribeOrganization", "us-east-1", "AWSOrganizationsNotInUseException");
        let all: Vec<_> = [monitors.clone(), subscriptions, alone].into_iter().chain(more.iter().cloned()).collect();
        status("cost-anomaly-monitor", &all)
    };
    let email = |state: &str| json!({ "Type": "EMAIL", "Address": "ops@example.com", "Status": state });
    assert_eq!(of(monitor, email("CONFIRMED"), &[]), Status::Pass);
    assert_eq!(of(monitor, email("DECLINED"), &[]), Status::Fail);
    assert_eq!(of("arn:aws:ce::123456789012:anomalymonitor/gone", email("CONFIRMED"), &[]), Status::Fail);
    let to_topic = json!({ "Type": "SNS", "Address": topic, "Status": "CONFIRMED" });
    assert_eq!(of(monitor, to_topic.clone(), &[]), Status::Unknown);
    let allows = |service: &str| {
        json!({ "Version": "2012-10-17", "Statement": [{ "Effect": "Allow", "Principal": { "Service": service }, "Action": "SNS:Publish", "Resource": topic,
        "Condition": { "StringEquals": { "aws:SourceAccount": "123456789012" } } }] })
    };
    let sns = |service: &str, subscription: &str| {
        [
            asked(
                "sns",
                "GetTopicAttributes",
                &json!({ "TopicArn": topic }),
                &json!({ "Attributes": { "TopicArn": topic, "Policy": allows(service).to_string() } }),
            ),
            asked(
                "sns",
                "ListSubscriptionsByTopic",
                &json!({ "TopicArn": topic }),
                &json!({ "Subscriptions": [{ "SubscriptionArn": subscription, "Protocol": "email", "TopicArn": topic }] }),
            ),
            asked(
                "sns",
                "GetSubscriptionAttributes",
                &json!({ "SubscriptionArn": subscription }),
                &json!({ "Attributes": {} }),
            ),
        ]
    };
    let confirmed = "arn:aws:sns:us-east-1:123456789012:costs:6b0e71bd-7e97-4d97-80ce-4a0994e55286";
    assert_eq!(of(monitor, to_topic.clone(), &sns("costalerts.amazonaws.com", confirmed)), Status::Pass);
    assert_eq!(of(monitor, to_topic.clone(), &sns("budgets.amazonaws.com", confirmed)), Status::Fail);
    assert_eq!(of(monitor, to_topic, &sns("costalerts.amazonaws.com", "PendingConfirmation")), Status::Fail);
}

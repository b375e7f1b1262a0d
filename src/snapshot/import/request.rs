//! The request of a bare answer, as far as the answer itself says what was asked.

use serde_json::Value;

use crate::snapshot::shapes::budgets::Notification;
use crate::snapshot::{Operation, Request, Response};

/// The member that tells two calls of this operation apart; such an answer is useless without it.
fn telling_member(operation: Operation) -> Option<&'static str> {
    Some(match operation {
        Operation::CloudtrailGetTrailStatus => "Name",
        Operation::CloudtrailGetEventSelectors => "TrailName",
        Operation::SnsGetTopicAttributes | Operation::SnsListSubscriptionsByTopic => "TopicArn",
        Operation::SnsGetSubscriptionAttributes => "SubscriptionArn",
        Operation::KmsDescribeKey | Operation::KmsGetKeyPolicy => "KeyId",
        Operation::BudgetsDescribeNotificationsForBudget => "BudgetName",
        Operation::BudgetsDescribeSubscribersForNotification => "Notification",
        Operation::AccountGetAlternateContact => "AlternateContactType",
        Operation::EventsListTargetsByRule => "Rule",
        Operation::CloudtrailLookupEvents => "LookupAttributes",
        Operation::AccessanalyzerListFindingsV2 => "analyzerArn",
        Operation::GuarddutyGetDetector | Operation::GuarddutyListFindings | Operation::GuarddutyGetFindings => {
            "DetectorId"
        }
        Operation::OrganizationsListPolicies => "Filter",
        Operation::OrganizationsDescribePolicy | Operation::OrganizationsListTargetsForPolicy => "PolicyId",
        Operation::OrganizationsListDelegatedServicesForAccount => "AccountId",
        Operation::SupportDescribeTrustedAdvisorCheckResult => "checkId",
        Operation::WellarchitectedGetWorkload
        | Operation::WellarchitectedGetLensReview
        | Operation::WellarchitectedListMilestones => "WorkloadId",
        Operation::IamListGroupsForUser
        | Operation::IamListAttachedUserPolicies
        | Operation::IamListUserPolicies
        | Operation::IamListMfaDevices => "UserName",
        _ => return None,
    })
}

/// True for answers that hold a Region's list or, as auditors' manuals have it, one log group's, and do not show which: a part
/// must not stand for the whole.
pub(super) fn may_be_a_part(operation: Operation) -> bool {
    operation == Operation::LogsDescribeMetricFilters
}

/// What is missing from a request without which the answer says nothing.
pub(super) fn missing_member(operation: Operation, request: &Request) -> Option<&'static str> {
    telling_member(operation).filter(|member| !request.contains_key(*member))
}

/// The request that an answer repeats.
pub(super) fn repeated(response: &Response) -> Request {
    let (member, value) = match response {
        Response::CloudtrailGetEventSelectors(answer) => ("TrailName", answer.trail_arn.clone()),
        Response::SnsGetTopicAttributes(answer) => ("TopicArn", attribute(answer.attributes.as_ref(), "TopicArn")),
        Response::SnsGetSubscriptionAttributes(answer) => {
            ("SubscriptionArn", attribute(answer.attributes.as_ref(), "SubscriptionArn"))
        }
        Response::SnsListSubscriptionsByTopic(answer) => {
            ("TopicArn", answer.subscriptions.iter().flatten().find_map(|subscription| subscription.topic_arn.clone()))
        }
        Response::KmsDescribeKey(answer) => ("KeyId", answer.key_metadata.as_ref().and_then(|key| key.arn.clone())),
        Response::AccountGetAlternateContact(answer) => (
            "AlternateContactType",
            answer.alternate_contact.as_ref().and_then(|contact| contact.alternate_contact_type.clone()),
        ),
        Response::IamListMfaDevices(answer) => {
            ("UserName", answer.mfa_devices.iter().flatten().find_map(|device| device.user_name.clone()))
        }
        Response::OrganizationsListPolicies(answer) => {
            ("Filter", answer.policies.iter().flatten().find_map(|policy| policy.kind.clone()))
        }
        Response::OrganizationsDescribePolicy(answer) => {
            ("PolicyId", answer.policy.as_ref().and_then(|policy| policy.policy_summary.as_ref()?.id.clone()))
        }
        Response::SupportDescribeTrustedAdvisorCheckResult(answer) => {
            ("checkId", answer.result.as_ref().and_then(|result| result.check_id.clone()))
        }
        Response::WellarchitectedGetWorkload(answer) => {
            ("WorkloadId", answer.workload.as_ref().and_then(|workload| workload.workload_id.clone()))
        }
        Response::WellarchitectedGetLensReview(answer) => ("WorkloadId", answer.workload_id.clone()),
        Response::WellarchitectedListMilestones(answer) => ("WorkloadId", answer.workload_id.clone()),
        _ => return Request::new(),
    };
    value.map(|value| (member.to_owned(), Value::String(value))).into_iter().collect()
}

fn attribute(attributes: Option<&std::collections::BTreeMap<String, String>>, name: &str) -> Option<String> {
    attributes.and_then(|all| all.get(name).cloned())
}

/// The member that is the account itself, for calls that are made about it.
pub(super) fn about_account(operation: Operation, account: &str) -> Request {
    let member = match operation {
        Operation::BudgetsDescribeBudgets
        | Operation::BudgetsDescribeNotificationsForBudget
        | Operation::BudgetsDescribeSubscribersForNotification
        | Operation::OrganizationsDescribeAccount => "AccountId",
        Operation::BillingGetCredits => "accountId",
        _ => return Request::new(),
    };
    [(member.to_owned(), Value::String(account.to_owned()))].into()
}

/// A notification as a request names it: with its threshold as a number with decimals, and without its state, which
/// changes while the notification stays the same.
pub(super) fn normalise(request: &mut Request) -> Result<(), String> {
    let Some(value) = request.get_mut("Notification") else { return Ok(()) };
    let named: Notification =
        serde_json::from_value(value.clone()).map_err(|error| format!("`Notification` is none: {error}"))?;
    let named = Notification { notification_state: None, ..named };
    *value = serde_json::to_value(named).map_err(|error| format!("`Notification` is none: {error}"))?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::{missing_member, normalise, repeated};
    use crate::snapshot::{Operation, Request};

    #[test]
    fn an_answer_that_repeats_its_request_needs_no_other() {
        let contact = r#"{"AlternateContact":{"AlternateContactType":"BILLING","Name":"x"}}"#;
        let answer = Operation::AccountGetAlternateContact.parse(contact).unwrap();
        let request = repeated(&answer);
        assert_eq!(request["AlternateContactType"], "BILLING");
        assert_eq!(missing_member(Operation::AccountGetAlternateContact, &request), None);
        assert_eq!(missing_member(Operation::EventsListTargetsByRule, &Request::new()), Some("Rule"));
    }

    #[test]
    fn one_notification_has_one_spelling() {
        let request = |notification| -> Request {
            let mut request = [("Notification".to_owned(), notification)].into();
            normalise(&mut request).unwrap();
            request
        };
        let plain = request(json!({"Threshold": 80, "NotificationType": "ACTUAL"}));
        let printed = request(json!({"NotificationType": "ACTUAL", "Threshold": 80.0, "NotificationState": "OK"}));
        assert_eq!(plain, printed);
    }
}

//! AWS Organizations: the organization, and how this account came into it.

use aws_sdk_organizations::{Client, types};
use futures_util::future::join3;

use super::{Collector, Work};
use crate::collect::calls::{Call, Calls, Input};
use crate::collect::context::{Context, client, nothing, request};
use crate::collect::convert::{IntoShape, shape, words};
use crate::snapshot::shapes::organizations::{Account, DescribeAccount, DescribeOrganization, Organization};
use crate::snapshot::{Operation, Request};

/// What the management account says about guardrails, and about who manages what.
const GOVERNANCE: Calls = Calls(&[
    Call::once(Operation::OrganizationsListRoots),
    Call::once(Operation::OrganizationsListPolicies).asking(&[("Filter", Input::Text("SERVICE_CONTROL_POLICY"))]).then(
        &[
            Call::about(Operation::OrganizationsDescribePolicy, "PolicyId", "/Policies/*/Id"),
            Call::about(Operation::OrganizationsListTargetsForPolicy, "PolicyId", "/Policies/*/Id"),
        ],
    ),
    Call::once(Operation::OrganizationsDescribeResourcePolicy),
    Call::once(Operation::OrganizationsListDelegatedAdministrators).then(&[Call::about(
        Operation::OrganizationsListDelegatedServicesForAccount,
        "AccountId",
        "/DelegatedAdministrators/*/Id",
    )]),
    Call::once(Operation::OrganizationsListAwsServiceAccessForOrganization),
]);

pub(super) struct Organizations;

impl Collector for Organizations {
    fn start<'a>(&self, context: &'a Context<'a>) -> Option<Work<'a>> {
        Some(Box::pin(async move {
            let client = client!(context, aws_sdk_organizations, context.leader());
            join3(organization(context, &client), own_account(context, &client), GOVERNANCE.read(context)).await;
        }))
    }

    fn depth(&self) -> usize {
        2
    }
}

async fn organization(context: &Context<'_>, client: &Client) {
    let region = context.leader();
    let answer = async {
        let sent = || Box::pin(client.describe_organization().send());
        let output = context.send(Operation::OrganizationsDescribeOrganization, region, sent).await?;
        Ok(DescribeOrganization { organization: output.organization.shape() })
    };
    context.observe(region, Request::new(), answer, nothing).await;
}

async fn own_account(context: &Context<'_>, client: &Client) {
    let region = context.leader();
    let account = &context.run.session.account;
    let answer = async {
        let sent = || Box::pin(client.describe_account().account_id(account).send());
        let output = context.send(Operation::OrganizationsDescribeAccount, region, sent).await?;
        Ok(DescribeAccount { account: output.account.shape() })
    };
    context.observe(region, request([("AccountId", account.as_str().into())]), answer, nothing).await;
}

shape! {
    types::Organization => Organization { id, arn, feature_set, master_account_arn, master_account_id }
    types::Account => Account { id, arn, email, name, status, joined_method, joined_timestamp }
}

words!(types::OrganizationFeatureSet, types::AccountStatus, types::AccountJoinedMethod);

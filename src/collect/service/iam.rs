//! AWS IAM: the credential report, every identity with its policies, and the account's own settings.

use aws_sdk_iam::types::{self, AssignmentStatusType, EntityType, ReportStateType};
use aws_sdk_iam::{
    Client, operation::get_account_authorization_details::GetAccountAuthorizationDetailsOutput as Details,
};
use futures_util::future::{join, join5};
use tokio::time::Instant;

use super::{Collector, Work};
use crate::collect::calls::{Call, Calls};
use crate::collect::context::{Context, Next, client, nothing, request};
use crate::collect::convert::{IntoShape, append, shape, words};
use crate::collect::error::stand_in;
use crate::collect::together::all;
use crate::snapshot::shapes::iam::{
    AttachedPolicy, GetAccountAuthorizationDetails, GetAccountPasswordPolicy, GetAccountSummary, GetCredentialReport,
    GroupDetail, InstanceProfile, ListAccountAliases, ListOrganizationsFeatures, ListVirtualMfaDevices,
    ManagedPolicyDetail, MfaUser, PasswordPolicy, PermissionsBoundary, PolicyDetail, PolicyVersion, RoleDetail,
    RoleLastUsed, Tag, UserDetail, VirtualMfaDevice,
};
use crate::snapshot::{ApiError, Operation, Request};

/// Chains that read all identities and policies at once. One call could do it, but its pages follow one another.
const CHAINS: [&[EntityType]; 4] = [
    &[EntityType::User],
    &[EntityType::Group],
    &[EntityType::Role],
    &[EntityType::LocalManagedPolicy, EntityType::AwsManagedPolicy],
];
/// The largest page that IAM gives.
const PAGE: i32 = 1000;

/// Certificates, and the providers that people and programs sign in through.
const FEDERATION: Calls = Calls(&[
    Call::once(Operation::IamListServerCertificates),
    Call::once(Operation::IamListSamlProviders),
    Call::once(Operation::IamListOpenIdConnectProviders),
]);

pub(super) struct Iam;

impl Collector for Iam {
    fn start<'a>(&self, context: &'a Context<'a>) -> Option<Work<'a>> {
        Some(Box::pin(async move {
            let client = &client!(context, aws_sdk_iam, context.leader());
            let details = async {
                all(CHAINS.iter().map(|filter| authorization_details(context, client, filter))).await;
                context.details_are_there();
            };
            let settings = join5(
                summary(context, client),
                password_policy(context, client),
                virtual_mfa_devices(context, client),
                account_aliases(context, client),
                organizations_features(context, client),
            );
            join(FEDERATION.read(context), join(join(credential_report(context, client), details), settings)).await;
        }))
    }

    fn depth(&self) -> usize {
        // Users at IAM's quota take five pages.
        5
    }
}

async fn summary(context: &Context<'_>, client: &Client) {
    let region = context.leader();
    let answer = async {
        let output = context
            .send(Operation::IamGetAccountSummary, region, || Box::pin(client.get_account_summary().send()))
            .await?;
        Ok(GetAccountSummary { summary_map: output.summary_map.shape() })
    };
    context.observe(region, Request::new(), answer, nothing).await;
}

async fn password_policy(context: &Context<'_>, client: &Client) {
    let region = context.leader();
    let answer = async {
        let sent = || Box::pin(client.get_account_password_policy().send());
        let output = context.send(Operation::IamGetAccountPasswordPolicy, region, sent).await?;
        Ok(GetAccountPasswordPolicy { password_policy: output.password_policy.shape() })
    };
    context.observe(region, Request::new(), answer, nothing).await;
}

async fn virtual_mfa_devices(context: &Context<'_>, client: &Client) {
    let region = context.leader();
    let answer = context.pages(
        region,
        ListVirtualMfaDevices::default(),
        |token| {
            let asked = client.list_virtual_mfa_devices().assignment_status(AssignmentStatusType::Any);
            Box::pin(asked.max_items(PAGE).set_marker(token).send())
        },
        |all, page| {
            append(&mut all.virtual_mfa_devices, page.virtual_mfa_devices);
            all.is_truncated = page.is_truncated.shape();
            next(page.is_truncated, page.marker)
        },
    );
    context.observe(region, request([("AssignmentStatus", "Any".into())]), answer, nothing).await;
}

async fn account_aliases(context: &Context<'_>, client: &Client) {
    let region = context.leader();
    let answer = context.pages(
        region,
        ListAccountAliases::default(),
        |token| Box::pin(client.list_account_aliases().set_marker(token).send()),
        |all, page| {
            append(&mut all.account_aliases, page.account_aliases);
            all.is_truncated = page.is_truncated.shape();
            next(page.is_truncated, page.marker)
        },
    );
    context.observe(region, Request::new(), answer, nothing).await;
}

async fn organizations_features(context: &Context<'_>, client: &Client) {
    let region = context.leader();
    let answer = async {
        let sent = || Box::pin(client.list_organizations_features().send());
        let output = context.send(Operation::IamListOrganizationsFeatures, region, sent).await?;
        Ok(ListOrganizationsFeatures {
            organization_id: output.organization_id.shape(),
            enabled_features: output.enabled_features.shape(),
        })
    };
    context.observe(region, Request::new(), answer, nothing).await;
}

async fn authorization_details(context: &Context<'_>, client: &Client, filter: &[EntityType]) {
    let region = context.leader();
    let words: Vec<&str> = filter.iter().map(EntityType::as_str).collect();
    let answer = context.pages(
        region,
        GetAccountAuthorizationDetails::default(),
        |token| {
            let asked = client.get_account_authorization_details().set_filter(Some(filter.to_vec()));
            Box::pin(asked.max_items(PAGE).set_marker(token).send())
        },
        |all: &mut GetAccountAuthorizationDetails, page: Details| {
            append(&mut all.user_detail_list, page.user_detail_list);
            append(&mut all.group_detail_list, page.group_detail_list);
            append(&mut all.role_detail_list, page.role_detail_list);
            append(&mut all.policies, page.policies);
            all.is_truncated = page.is_truncated.shape();
            next(page.is_truncated, page.marker)
        },
    );
    context.observe(region, request([("Filter", words.into())]), answer, nothing).await;
}

/// IAM says by a flag of its own whether there is more.
fn next(is_truncated: bool, marker: Option<String>) -> Next {
    match marker {
        _ if !is_truncated => Next::End,
        Some(marker) if !marker.is_empty() => Next::Page(marker),
        _ => Next::Lost,
    }
}

async fn credential_report(context: &Context<'_>, client: &Client) {
    let region = context.leader();
    let answer = async {
        // Who may not generate a report may still read one that is there: its own time says how old it is.
        let generated = generate_report(context, client).await;
        let sent = || Box::pin(client.get_credential_report().send());
        match (context.send(Operation::IamGetCredentialReport, region, sent).await, generated) {
            (Ok(output), _) => Ok(GetCredentialReport {
                content: output.content.shape(),
                report_format: output.report_format.shape(),
                generated_time: output.generated_time.shape(),
            }),
            (Err(_), Err(error)) | (Err(error), Ok(())) => Err(error),
        }
    };
    context.observe(region, Request::new(), answer, nothing).await;
}

/// Has a report generated, and waits until it is there. Within four hours AWS answers with the former one at once.
async fn generate_report(context: &Context<'_>, client: &Client) -> Result<(), ApiError> {
    let limits = &context.run.options.limits;
    let give_up = Instant::now() + limits.report;
    let mut pause = limits.report_pause;
    loop {
        let sent = || Box::pin(client.generate_credential_report().send());
        let output = context.send(Operation::IamGetCredentialReport, context.leader(), sent).await?;
        if output.state == Some(ReportStateType::Complete) {
            return Ok(());
        }
        if Instant::now() + pause > give_up {
            let seconds = limits.report.as_secs();
            return Err(stand_in("Timeout", format!("AWS did not finish the credential report within {seconds} s")));
        }
        context.pause(pause).await?;
        pause *= 2;
    }
}

shape! {
    types::PasswordPolicy => PasswordPolicy {
        minimum_password_length, require_symbols, require_numbers, require_uppercase_characters,
        require_lowercase_characters, allow_users_to_change_password, expire_passwords, max_password_age,
        password_reuse_prevention, hard_expiry,
    }
    types::VirtualMfaDevice => VirtualMfaDevice { serial_number, user, enable_date }
    types::User => MfaUser { user_name, arn, user_id }
    types::UserDetail => UserDetail {
        path, user_name, user_id, arn, create_date, user_policy_list, group_list, attached_managed_policies,
        permissions_boundary, tags,
    }
    types::GroupDetail => GroupDetail {
        path, group_name, group_id, arn, create_date, group_policy_list, attached_managed_policies,
    }
    types::RoleDetail => RoleDetail {
        path, role_name, role_id, arn, create_date, assume_role_policy_document, instance_profile_list,
        role_policy_list, attached_managed_policies, permissions_boundary, tags, role_last_used,
    }
    types::InstanceProfile => InstanceProfile { instance_profile_name, arn }
    types::RoleLastUsed => RoleLastUsed { last_used_date, region }
    types::ManagedPolicyDetail => ManagedPolicyDetail {
        policy_name, policy_id, arn, path, default_version_id, attachment_count, permissions_boundary_usage_count,
        is_attachable, create_date, update_date, policy_version_list,
    }
    types::PolicyVersion => PolicyVersion { document, version_id, is_default_version, create_date }
    types::PolicyDetail => PolicyDetail { policy_name, policy_document }
    types::AttachedPolicy => AttachedPolicy { policy_name, policy_arn }
    types::AttachedPermissionsBoundary => PermissionsBoundary { permissions_boundary_type, permissions_boundary_arn }
    types::Tag => Tag { key, value }
}

words!(types::SummaryKeyType, types::ReportFormatType, types::FeatureType, types::PermissionsBoundaryAttachmentType,);

#[cfg(test)]
mod tests {
    use super::next;
    use crate::collect::context::Next;

    #[test]
    fn more_without_a_place_to_go_on_is_not_the_end() {
        assert!(matches!(next(true, None), Next::Lost));
        assert!(matches!(next(true, Some(String::new())), Next::Lost));
        assert!(matches!(next(true, Some("m".to_owned())), Next::Page(_)));
        assert!(matches!(next(false, Some("m".to_owned())), Next::End));
    }
}

//! AWS Identity and Access Management.

use std::collections::BTreeMap;

use crate::snapshot::{Document, Time};

shapes! {
    GetAccountSummary { summary_map: BTreeMap<String, i64> }
    /// `Content` is the decoded CSV text; base64, as the AWS CLI prints it, is accepted too.
    GetCredentialReport { content: String, report_format: String, generated_time: Time }
    GetAccountPasswordPolicy { password_policy: PasswordPolicy }
    PasswordPolicy {
        minimum_password_length: i64,
        require_symbols: bool,
        require_numbers: bool,
        require_uppercase_characters: bool,
        require_lowercase_characters: bool,
        allow_users_to_change_password: bool,
        expire_passwords: bool,
        max_password_age: i64,
        password_reuse_prevention: i64,
        hard_expiry: bool,
    }
    ListVirtualMfaDevices {
        #[serde(rename = "VirtualMFADevices")]
        virtual_mfa_devices: Vec<VirtualMfaDevice>,
        is_truncated: bool,
        marker: String,
    }
    VirtualMfaDevice { serial_number: String, user: MfaUser, enable_date: Time }
    MfaUser { user_name: String, arn: String, user_id: String }
    ListUsers { users: Vec<ListedUser>, is_truncated: bool, marker: String }
    ListedUser { user_name: String, arn: String, create_date: Time }
    ListGroupsForUser { groups: Vec<ListedGroup>, is_truncated: bool, marker: String }
    ListedGroup { group_name: String, arn: String }
    ListAttachedUserPolicies { attached_policies: Vec<AttachedPolicy>, is_truncated: bool, marker: String }
    ListUserPolicies { policy_names: Vec<String>, is_truncated: bool, marker: String }
    ListMfaDevices {
        #[serde(rename = "MFADevices")]
        mfa_devices: Vec<MfaDevice>,
        is_truncated: bool,
        marker: String,
    }
    MfaDevice { user_name: String, serial_number: String, enable_date: Time }
    ListAccountAliases { account_aliases: Vec<String>, is_truncated: bool, marker: String }
    ListServerCertificates {
        server_certificate_metadata_list: Vec<ServerCertificate>,
        is_truncated: bool,
        marker: String,
    }
    ServerCertificate { server_certificate_name: String, arn: String, expiration: Time }
    ListSamlProviders {
        #[serde(rename = "SAMLProviderList")]
        saml_provider_list: Vec<IdentityProvider>,
    }
    ListOpenIdConnectProviders {
        #[serde(rename = "OpenIDConnectProviderList")]
        open_id_connect_provider_list: Vec<IdentityProvider>,
    }
    IdentityProvider { arn: String }
    ListOrganizationsFeatures { organization_id: String, enabled_features: Vec<String> }
    GetAccountAuthorizationDetails {
        user_detail_list: Vec<UserDetail>,
        group_detail_list: Vec<GroupDetail>,
        role_detail_list: Vec<RoleDetail>,
        policies: Vec<ManagedPolicyDetail>,
        is_truncated: bool,
        marker: String,
    }
    UserDetail {
        path: String,
        user_name: String,
        user_id: String,
        arn: String,
        create_date: Time,
        user_policy_list: Vec<PolicyDetail>,
        group_list: Vec<String>,
        attached_managed_policies: Vec<AttachedPolicy>,
        permissions_boundary: PermissionsBoundary,
        tags: Vec<Tag>,
    }
    GroupDetail {
        path: String,
        group_name: String,
        group_id: String,
        arn: String,
        create_date: Time,
        group_policy_list: Vec<PolicyDetail>,
        attached_managed_policies: Vec<AttachedPolicy>,
    }
    RoleDetail {
        path: String,
        role_name: String,
        role_id: String,
        arn: String,
        create_date: Time,
        assume_role_policy_document: Document,
        instance_profile_list: Vec<InstanceProfile>,
        role_policy_list: Vec<PolicyDetail>,
        attached_managed_policies: Vec<AttachedPolicy>,
        permissions_boundary: PermissionsBoundary,
        tags: Vec<Tag>,
        role_last_used: RoleLastUsed,
    }
    InstanceProfile { instance_profile_name: String, arn: String }
    RoleLastUsed { last_used_date: Time, region: String }
    ManagedPolicyDetail {
        policy_name: String,
        policy_id: String,
        arn: String,
        path: String,
        default_version_id: String,
        attachment_count: i64,
        permissions_boundary_usage_count: i64,
        is_attachable: bool,
        create_date: Time,
        update_date: Time,
        policy_version_list: Vec<PolicyVersion>,
    }
    /// `Document` is a JSON object, or text (URL-encoded or not) as some tools print it.
    PolicyVersion { document: Document, version_id: String, is_default_version: bool, create_date: Time }
    /// `PolicyDocument` is a JSON object, or text (URL-encoded or not) as some tools print it.
    PolicyDetail { policy_name: String, policy_document: Document }
    AttachedPolicy { policy_name: String, policy_arn: String }
    PermissionsBoundary { permissions_boundary_type: String, permissions_boundary_arn: String }
    Tag { key: String, value: String }
}

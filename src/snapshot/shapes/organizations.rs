//! AWS Organizations.

use crate::snapshot::Time;

shapes! {
    DescribeOrganization { organization: Organization }
    Organization { id: String, arn: String, feature_set: String, master_account_arn: String, master_account_id: String }
    DescribeAccount { account: Account }
    Account {
        id: String,
        arn: String,
        email: String,
        name: String,
        status: String,
        joined_method: String,
        joined_timestamp: Time,
    }
    ListRoots { roots: Vec<Root>, next_token: String }
    Root { id: String, policy_types: Vec<PolicyTypeSummary> }
    PolicyTypeSummary {
        #[serde(rename = "Type")]
        kind: String,
        status: String,
    }
    ListPolicies { policies: Vec<PolicySummary>, next_token: String }
    PolicySummary {
        id: String,
        arn: String,
        name: String,
        #[serde(rename = "Type")]
        kind: String,
        aws_managed: bool,
    }
    DescribePolicy { policy: Policy }
    Policy { policy_summary: PolicySummary, content: String }
    ListTargetsForPolicy { targets: Vec<PolicyTarget>, next_token: String }
    PolicyTarget {
        target_id: String,
        name: String,
        #[serde(rename = "Type")]
        kind: String,
    }
    DescribeResourcePolicy { resource_policy: ResourcePolicy }
    ResourcePolicy { content: String }
    ListDelegatedAdministrators { delegated_administrators: Vec<DelegatedAdministrator>, next_token: String }
    DelegatedAdministrator { id: String }
    ListDelegatedServicesForAccount { delegated_services: Vec<DelegatedService>, next_token: String }
    DelegatedService { service_principal: String }
    ListAwsServiceAccessForOrganization { enabled_service_principals: Vec<DelegatedService>, next_token: String }
}

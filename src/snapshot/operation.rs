//! The one table of AWS operations that `posture` reads.
//!
//! Each row names the operation, the shape of its answer, the IAM actions that a call needs, and the error codes that
//! *are* the answer ("there is none"), with AWS's page. Collectors, facts, the printed IAM policy and the denial tests
//! are all driven by this table: a new operation is one row and one shape.

use serde::de::Error as _;

use super::shapes::{
    accessanalyzer, account, apigateway, apigatewayv2, billing, budgets, ce, cloudfront, cloudtrail, cloudwatch,
    configservice, ec2, efs, elbv2, events, guardduty, iam, kms, logs, macie2, organizations, rds, s3api, s3control,
    securityhub, sns, sso_admin, sts, support, wellarchitected,
};

/// What is known about an operation before it is called.
#[derive(Debug)]
pub struct OperationSpec {
    /// The service as the AWS CLI spells its command, as in `events`.
    pub service: &'static str,
    /// The API's name, as in `GetAccountSummary`.
    pub name: &'static str,
    /// Both, as a reader meets them, as in `iam:GetAccountSummary`.
    pub label: &'static str,
    /// IAM actions that the call needs; none for the one that everybody may make.
    pub actions: &'static [&'static str],
    /// Error codes that mean "there is none" rather than "AWS did not answer".
    pub absent_codes: &'static [&'static str],
    /// AWS's page for the operation and its errors.
    pub reference: &'static str,
    /// Who brings its answers into a snapshot.
    pub gathered: Gathered,
}

/// Who brings an operation's answers into a snapshot.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Gathered {
    /// The live collectors, and import.
    Live,
    /// The live collectors where somebody allowed calls that AWS bills, and import: rules that read it run on snapshots
    /// that hold some of its answers.
    Paid,
    /// Import alone, as another source of what a live operation answers: no rule needs it.
    Alternative,
}

/// An answer's shape, tied to its operation.
pub trait Shape: serde::Serialize + Sized {
    /// The operation that answers in this shape.
    const OPERATION: Operation;
    /// The response as this shape, when it is one.
    fn of(response: &Response) -> Option<&Self>;
    /// Wraps an answer.
    fn into_response(self) -> Response;
}

macro_rules! operations {
    (@gathered) => { Gathered::Live };
    (@gathered $gathered:ident) => { Gathered::$gathered };
    ($( $variant:ident: $service:literal $name:literal => $shape:ty,
        actions $actions:expr, absent $absent:expr, $reference:literal $(, $gathered:ident)?; )*) => {
        /// An AWS operation that `posture` reads.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        #[expect(missing_docs, reason = "each variant is documented by its row's AWS page")]
        pub enum Operation { $( $variant, )* }

        /// One operation's answer, all pages merged.
        #[derive(Debug, Clone, PartialEq)]
        #[expect(missing_docs, reason = "each variant is documented by its row's AWS page")]
        pub enum Response { $( $variant(Box<$shape>), )* }

        impl Operation {
            /// Every operation, in the order of the table.
            pub const ALL: &'static [Operation] = &[ $( Operation::$variant, )* ];

            /// The row of the table.
            pub fn spec(self) -> &'static OperationSpec {
                match self {
                    $( Operation::$variant => {
                        const SPEC: &OperationSpec = &OperationSpec {
                            service: $service, name: $name, label: concat!($service, ":", $name), actions: &$actions, absent_codes: &$absent, reference: $reference,
                            gathered: operations!(@gathered $($gathered)?),
                        };
                        SPEC
                    } )*
                }
            }

            /// Reads an answer of this operation from JSON text.
            pub fn parse(self, json: &str) -> Result<Response, serde_path_to_error::Error<serde_json::Error>> {
                match self {
                    $( Operation::$variant => parse::<$shape>(json).map(|shape| Response::$variant(Box::new(shape))), )*
                }
            }
        }

        impl Response {
            /// The operation that answered.
            pub fn operation(&self) -> Operation {
                match self { $( Response::$variant(_) => Operation::$variant, )* }
            }
        }

        impl serde::Serialize for Response {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                match self { $( Response::$variant(shape) => shape.serialize(serializer), )* }
            }
        }

        $(
            impl Shape for $shape {
                const OPERATION: Operation = Operation::$variant;

                fn of(response: &Response) -> Option<&Self> {
                    match response { Response::$variant(shape) => Some(shape), _ => None }
                }

                fn into_response(self) -> Response {
                    Response::$variant(Box::new(self))
                }
            }
        )*
    };
}

fn parse<T: serde::de::DeserializeOwned>(json: &str) -> Result<T, serde_path_to_error::Error<serde_json::Error>> {
    // Keeping track of the path takes longer than parsing, so it is left for what does not parse.
    if let Ok(shape) = serde_json::from_str(json) {
        return Ok(shape);
    }
    let mut deserializer = serde_json::Deserializer::from_str(json);
    let mut track = serde_path_to_error::Track::new();
    let shape = T::deserialize(serde_path_to_error::Deserializer::new(&mut deserializer, &mut track))
        .map_err(|error| serde_path_to_error::Error::new(track.path(), error))?;
    deserializer.end().map_err(|error| {
        serde_path_to_error::Error::new(serde_path_to_error::Track::new().path(), serde_json::Error::custom(error))
    })?;
    Ok(shape)
}

impl Operation {
    /// Looks an operation up by service and name.
    pub fn find(service: &str, name: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|operation| {
            let spec = operation.spec();
            spec.service == service && spec.name == name
        })
    }

    /// The operation as a reader meets it, as in `iam:GetAccountSummary`.
    pub fn label(self) -> &'static str {
        self.spec().label
    }
}

operations! {
    StsGetCallerIdentity: "sts" "GetCallerIdentity" => sts::GetCallerIdentity,
        actions [], absent [],
        "https://docs.aws.amazon.com/STS/latest/APIReference/API_GetCallerIdentity.html";
    IamGetAccountSummary: "iam" "GetAccountSummary" => iam::GetAccountSummary,
        actions ["iam:GetAccountSummary"], absent [],
        "https://docs.aws.amazon.com/IAM/latest/APIReference/API_GetAccountSummary.html";
    IamGetCredentialReport: "iam" "GetCredentialReport" => iam::GetCredentialReport,
        actions ["iam:GenerateCredentialReport", "iam:GetCredentialReport"], absent [],
        "https://docs.aws.amazon.com/IAM/latest/APIReference/API_GetCredentialReport.html";
    IamGetAccountAuthorizationDetails: "iam" "GetAccountAuthorizationDetails" => iam::GetAccountAuthorizationDetails,
        actions ["iam:GetAccountAuthorizationDetails"], absent [],
        "https://docs.aws.amazon.com/IAM/latest/APIReference/API_GetAccountAuthorizationDetails.html";
    IamGetAccountPasswordPolicy: "iam" "GetAccountPasswordPolicy" => iam::GetAccountPasswordPolicy,
        actions ["iam:GetAccountPasswordPolicy"], absent ["NoSuchEntity", "NoSuchEntityException"],
        "https://docs.aws.amazon.com/IAM/latest/APIReference/API_GetAccountPasswordPolicy.html";
    IamListVirtualMfaDevices: "iam" "ListVirtualMFADevices" => iam::ListVirtualMfaDevices,
        actions ["iam:ListVirtualMFADevices"], absent [],
        "https://docs.aws.amazon.com/IAM/latest/APIReference/API_ListVirtualMFADevices.html";
    IamListAccountAliases: "iam" "ListAccountAliases" => iam::ListAccountAliases,
        actions ["iam:ListAccountAliases"], absent [],
        "https://docs.aws.amazon.com/IAM/latest/APIReference/API_ListAccountAliases.html";
    IamListOrganizationsFeatures: "iam" "ListOrganizationsFeatures" => iam::ListOrganizationsFeatures,
        actions ["iam:ListOrganizationsFeatures"],
        absent ["OrganizationNotFoundException", "OrganizationNotFound", "AccountNotManagementOrDelegatedAdministratorException",
            "AccountNotManagementOrDelegatedAdministrator"],
        "https://docs.aws.amazon.com/IAM/latest/APIReference/API_ListOrganizationsFeatures.html";
    IamListServerCertificates: "iam" "ListServerCertificates" => iam::ListServerCertificates,
        actions ["iam:ListServerCertificates"], absent [],
        "https://docs.aws.amazon.com/IAM/latest/APIReference/API_ListServerCertificates.html";
    IamListSamlProviders: "iam" "ListSAMLProviders" => iam::ListSamlProviders,
        actions ["iam:ListSAMLProviders"], absent [],
        "https://docs.aws.amazon.com/IAM/latest/APIReference/API_ListSAMLProviders.html";
    IamListOpenIdConnectProviders: "iam" "ListOpenIDConnectProviders" => iam::ListOpenIdConnectProviders,
        actions ["iam:ListOpenIDConnectProviders"], absent [],
        "https://docs.aws.amazon.com/IAM/latest/APIReference/API_ListOpenIDConnectProviders.html";
    IamListUsers: "iam" "ListUsers" => iam::ListUsers,
        actions ["iam:ListUsers"], absent [],
        "https://docs.aws.amazon.com/IAM/latest/APIReference/API_ListUsers.html", Alternative;
    IamListGroupsForUser: "iam" "ListGroupsForUser" => iam::ListGroupsForUser,
        actions ["iam:ListGroupsForUser"], absent [],
        "https://docs.aws.amazon.com/IAM/latest/APIReference/API_ListGroupsForUser.html", Alternative;
    IamListAttachedUserPolicies: "iam" "ListAttachedUserPolicies" => iam::ListAttachedUserPolicies,
        actions ["iam:ListAttachedUserPolicies"], absent [],
        "https://docs.aws.amazon.com/IAM/latest/APIReference/API_ListAttachedUserPolicies.html", Alternative;
    IamListUserPolicies: "iam" "ListUserPolicies" => iam::ListUserPolicies,
        actions ["iam:ListUserPolicies"], absent [],
        "https://docs.aws.amazon.com/IAM/latest/APIReference/API_ListUserPolicies.html", Alternative;
    IamListMfaDevices: "iam" "ListMFADevices" => iam::ListMfaDevices,
        actions ["iam:ListMFADevices"], absent [],
        "https://docs.aws.amazon.com/IAM/latest/APIReference/API_ListMFADevices.html", Alternative;
    CloudtrailDescribeTrails: "cloudtrail" "DescribeTrails" => cloudtrail::DescribeTrails,
        actions ["cloudtrail:DescribeTrails"], absent [],
        "https://docs.aws.amazon.com/awscloudtrail/latest/APIReference/API_DescribeTrails.html";
    CloudtrailGetTrailStatus: "cloudtrail" "GetTrailStatus" => cloudtrail::GetTrailStatus,
        actions ["cloudtrail:GetTrailStatus"], absent [],
        "https://docs.aws.amazon.com/awscloudtrail/latest/APIReference/API_GetTrailStatus.html";
    CloudtrailGetEventSelectors: "cloudtrail" "GetEventSelectors" => cloudtrail::GetEventSelectors,
        actions ["cloudtrail:GetEventSelectors"], absent [],
        "https://docs.aws.amazon.com/awscloudtrail/latest/APIReference/API_GetEventSelectors.html";
    CloudtrailLookupEvents: "cloudtrail" "LookupEvents" => cloudtrail::LookupEvents,
        actions ["cloudtrail:LookupEvents"], absent [],
        "https://docs.aws.amazon.com/awscloudtrail/latest/APIReference/API_LookupEvents.html";
    CloudwatchDescribeAlarms: "cloudwatch" "DescribeAlarms" => cloudwatch::DescribeAlarms,
        actions ["cloudwatch:DescribeAlarms"], absent [],
        "https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_DescribeAlarms.html";
    CloudwatchListMetrics: "cloudwatch" "ListMetrics" => cloudwatch::ListMetrics,
        actions ["cloudwatch:ListMetrics"], absent [],
        "https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_ListMetrics.html";
    SnsGetTopicAttributes: "sns" "GetTopicAttributes" => sns::GetTopicAttributes,
        actions ["sns:GetTopicAttributes"], absent ["NotFound", "NotFoundException"],
        "https://docs.aws.amazon.com/sns/latest/api/API_GetTopicAttributes.html";
    SnsListSubscriptionsByTopic: "sns" "ListSubscriptionsByTopic" => sns::ListSubscriptionsByTopic,
        actions ["sns:ListSubscriptionsByTopic"], absent ["NotFound", "NotFoundException"],
        "https://docs.aws.amazon.com/sns/latest/api/API_ListSubscriptionsByTopic.html";
    SnsGetSubscriptionAttributes: "sns" "GetSubscriptionAttributes" => sns::GetSubscriptionAttributes,
        actions ["sns:GetSubscriptionAttributes"], absent ["NotFound", "NotFoundException"],
        "https://docs.aws.amazon.com/sns/latest/api/API_GetSubscriptionAttributes.html";
    KmsDescribeKey: "kms" "DescribeKey" => kms::DescribeKey,
        actions ["kms:DescribeKey"], absent ["NotFoundException"],
        "https://docs.aws.amazon.com/kms/latest/APIReference/API_DescribeKey.html";
    KmsGetKeyPolicy: "kms" "GetKeyPolicy" => kms::GetKeyPolicy,
        actions ["kms:GetKeyPolicy"], absent ["NotFoundException"],
        "https://docs.aws.amazon.com/kms/latest/APIReference/API_GetKeyPolicy.html";
    BudgetsDescribeBudgets: "budgets" "DescribeBudgets" => budgets::DescribeBudgets,
        actions ["budgets:ViewBudget"], absent [],
        "https://docs.aws.amazon.com/aws-cost-management/latest/APIReference/API_budgets_DescribeBudgets.html";
    BudgetsDescribeNotificationsForBudget: "budgets" "DescribeNotificationsForBudget" => budgets::DescribeNotificationsForBudget,
        actions ["budgets:ViewBudget"], absent [],
        "https://docs.aws.amazon.com/aws-cost-management/latest/APIReference/API_budgets_DescribeNotificationsForBudget.html";
    BudgetsDescribeSubscribersForNotification: "budgets" "DescribeSubscribersForNotification" => budgets::DescribeSubscribersForNotification,
        actions ["budgets:ViewBudget"], absent [],
        "https://docs.aws.amazon.com/aws-cost-management/latest/APIReference/API_budgets_DescribeSubscribersForNotification.html";
    AccountGetContactInformation: "account" "GetContactInformation" => account::GetContactInformation,
        actions ["account:GetContactInformation"], absent ["ResourceNotFoundException"],
        "https://docs.aws.amazon.com/accounts/latest/reference/API_GetContactInformation.html";
    AccountGetAlternateContact: "account" "GetAlternateContact" => account::GetAlternateContact,
        actions ["account:GetAlternateContact"], absent ["ResourceNotFoundException"],
        "https://docs.aws.amazon.com/accounts/latest/reference/API_GetAlternateContact.html";
    AccountListRegions: "account" "ListRegions" => account::ListRegions,
        actions ["account:ListRegions"], absent [],
        "https://docs.aws.amazon.com/accounts/latest/reference/API_ListRegions.html";
    BillingGetBillingPreferences: "billing" "GetBillingPreferences" => billing::GetBillingPreferences,
        actions ["billing:GetBillingPreferences"], absent [],
        "https://docs.aws.amazon.com/cli/latest/reference/billing/get-billing-preferences.html";
    BillingGetCredits: "billing" "GetCredits" => billing::GetCredits,
        actions ["billing:GetCredits"], absent [],
        "https://docs.aws.amazon.com/cli/latest/reference/billing/get-credits.html";
    EventsListRules: "events" "ListRules" => events::ListRules,
        actions ["events:ListRules"], absent [],
        "https://docs.aws.amazon.com/eventbridge/latest/APIReference/API_ListRules.html";
    EventsListTargetsByRule: "events" "ListTargetsByRule" => events::ListTargetsByRule,
        actions ["events:ListTargetsByRule"], absent ["ResourceNotFoundException"],
        "https://docs.aws.amazon.com/eventbridge/latest/APIReference/API_ListTargetsByRule.html";
    OrganizationsDescribeOrganization: "organizations" "DescribeOrganization" => organizations::DescribeOrganization,
        actions ["organizations:DescribeOrganization"], absent ["AWSOrganizationsNotInUseException"],
        "https://docs.aws.amazon.com/organizations/latest/APIReference/API_DescribeOrganization.html";
    OrganizationsDescribeAccount: "organizations" "DescribeAccount" => organizations::DescribeAccount,
        actions ["organizations:DescribeAccount"], absent ["AWSOrganizationsNotInUseException"],
        "https://docs.aws.amazon.com/organizations/latest/APIReference/API_DescribeAccount.html";
    OrganizationsListRoots: "organizations" "ListRoots" => organizations::ListRoots,
        actions ["organizations:ListRoots"], absent ["AWSOrganizationsNotInUseException"],
        "https://docs.aws.amazon.com/organizations/latest/APIReference/API_ListRoots.html";
    OrganizationsListPolicies: "organizations" "ListPolicies" => organizations::ListPolicies,
        actions ["organizations:ListPolicies"], absent ["AWSOrganizationsNotInUseException"],
        "https://docs.aws.amazon.com/organizations/latest/APIReference/API_ListPolicies.html";
    OrganizationsDescribePolicy: "organizations" "DescribePolicy" => organizations::DescribePolicy,
        actions ["organizations:DescribePolicy"], absent ["AWSOrganizationsNotInUseException", "PolicyNotFoundException"],
        "https://docs.aws.amazon.com/organizations/latest/APIReference/API_DescribePolicy.html";
    OrganizationsListTargetsForPolicy: "organizations" "ListTargetsForPolicy" => organizations::ListTargetsForPolicy,
        actions ["organizations:ListTargetsForPolicy"], absent ["AWSOrganizationsNotInUseException", "PolicyNotFoundException"],
        "https://docs.aws.amazon.com/organizations/latest/APIReference/API_ListTargetsForPolicy.html";
    OrganizationsDescribeResourcePolicy: "organizations" "DescribeResourcePolicy" => organizations::DescribeResourcePolicy,
        actions ["organizations:DescribeResourcePolicy"], absent ["AWSOrganizationsNotInUseException", "ResourcePolicyNotFoundException"],
        "https://docs.aws.amazon.com/organizations/latest/APIReference/API_DescribeResourcePolicy.html";
    OrganizationsListDelegatedAdministrators: "organizations" "ListDelegatedAdministrators" => organizations::ListDelegatedAdministrators,
        actions ["organizations:ListDelegatedAdministrators"], absent ["AWSOrganizationsNotInUseException"],
        "https://docs.aws.amazon.com/organizations/latest/APIReference/API_ListDelegatedAdministrators.html";
    OrganizationsListDelegatedServicesForAccount: "organizations" "ListDelegatedServicesForAccount" => organizations::ListDelegatedServicesForAccount,
        actions ["organizations:ListDelegatedServicesForAccount"], absent ["AWSOrganizationsNotInUseException", "AccountNotRegisteredException"],
        "https://docs.aws.amazon.com/organizations/latest/APIReference/API_ListDelegatedServicesForAccount.html";
    OrganizationsListAwsServiceAccessForOrganization: "organizations" "ListAWSServiceAccessForOrganization" => organizations::ListAwsServiceAccessForOrganization,
        actions ["organizations:ListAWSServiceAccessForOrganization"], absent ["AWSOrganizationsNotInUseException"],
        "https://docs.aws.amazon.com/organizations/latest/APIReference/API_ListAWSServiceAccessForOrganization.html";
    AccessanalyzerListAnalyzers: "accessanalyzer" "ListAnalyzers" => accessanalyzer::ListAnalyzers,
        actions ["access-analyzer:ListAnalyzers"], absent [],
        "https://docs.aws.amazon.com/access-analyzer/latest/APIReference/API_ListAnalyzers.html";
    AccessanalyzerListFindingsV2: "accessanalyzer" "ListFindingsV2" => accessanalyzer::ListFindingsV2,
        actions ["access-analyzer:ListFindings"], absent ["ResourceNotFoundException"],
        "https://docs.aws.amazon.com/access-analyzer/latest/APIReference/API_ListFindingsV2.html";
    ConfigserviceDescribeConfigurationRecorders: "configservice" "DescribeConfigurationRecorders" => configservice::DescribeConfigurationRecorders,
        actions ["config:DescribeConfigurationRecorders"], absent ["NoSuchConfigurationRecorderException"],
        "https://docs.aws.amazon.com/config/latest/APIReference/API_DescribeConfigurationRecorders.html";
    ConfigserviceDescribeConfigurationRecorderStatus: "configservice" "DescribeConfigurationRecorderStatus" => configservice::DescribeConfigurationRecorderStatus,
        actions ["config:DescribeConfigurationRecorderStatus"], absent ["NoSuchConfigurationRecorderException"],
        "https://docs.aws.amazon.com/config/latest/APIReference/API_DescribeConfigurationRecorderStatus.html";
    ConfigserviceDescribeDeliveryChannels: "configservice" "DescribeDeliveryChannels" => configservice::DescribeDeliveryChannels,
        actions ["config:DescribeDeliveryChannels"], absent ["NoSuchDeliveryChannelException"],
        "https://docs.aws.amazon.com/config/latest/APIReference/API_DescribeDeliveryChannels.html";
    ConfigserviceDescribeDeliveryChannelStatus: "configservice" "DescribeDeliveryChannelStatus" => configservice::DescribeDeliveryChannelStatus,
        actions ["config:DescribeDeliveryChannelStatus"], absent ["NoSuchDeliveryChannelException"],
        "https://docs.aws.amazon.com/config/latest/APIReference/API_DescribeDeliveryChannelStatus.html";
    GuarddutyListDetectors: "guardduty" "ListDetectors" => guardduty::ListDetectors,
        actions ["guardduty:ListDetectors"], absent [],
        "https://docs.aws.amazon.com/guardduty/latest/APIReference/API_ListDetectors.html";
    GuarddutyGetDetector: "guardduty" "GetDetector" => guardduty::GetDetector,
        actions ["guardduty:GetDetector"], absent [],
        "https://docs.aws.amazon.com/guardduty/latest/APIReference/API_GetDetector.html";
    GuarddutyListFindings: "guardduty" "ListFindings" => guardduty::ListFindings,
        actions ["guardduty:ListFindings"], absent [],
        "https://docs.aws.amazon.com/guardduty/latest/APIReference/API_ListFindings.html";
    GuarddutyGetFindings: "guardduty" "GetFindings" => guardduty::GetFindings,
        actions ["guardduty:GetFindings"], absent [],
        "https://docs.aws.amazon.com/guardduty/latest/APIReference/API_GetFindings.html";
    SecurityhubDescribeHub: "securityhub" "DescribeHub" => securityhub::DescribeHub,
        actions ["securityhub:DescribeHub"], absent ["ResourceNotFoundException"],
        "https://docs.aws.amazon.com/securityhub/1.0/APIReference/API_DescribeHub.html";
    SecurityhubDescribeSecurityHubV2: "securityhub" "DescribeSecurityHubV2" => securityhub::DescribeSecurityHubV2,
        actions ["securityhub:DescribeSecurityHubV2"], absent ["ResourceNotFoundException"],
        "https://docs.aws.amazon.com/securityhub/1.0/APIReference/API_DescribeSecurityHubV2.html";
    Macie2GetMacieSession: "macie2" "GetMacieSession" => macie2::GetMacieSession,
        actions ["macie2:GetMacieSession"], absent [],
        "https://docs.aws.amazon.com/macie/latest/APIReference/macie.html";
    WellarchitectedListWorkloads: "wellarchitected" "ListWorkloads" => wellarchitected::ListWorkloads,
        actions ["wellarchitected:ListWorkloads"], absent [],
        "https://docs.aws.amazon.com/wellarchitected/latest/APIReference/API_ListWorkloads.html";
    WellarchitectedGetWorkload: "wellarchitected" "GetWorkload" => wellarchitected::GetWorkload,
        actions ["wellarchitected:GetWorkload"], absent [],
        "https://docs.aws.amazon.com/wellarchitected/latest/APIReference/API_GetWorkload.html";
    WellarchitectedGetLensReview: "wellarchitected" "GetLensReview" => wellarchitected::GetLensReview,
        actions ["wellarchitected:GetLensReview"], absent ["ResourceNotFoundException"],
        "https://docs.aws.amazon.com/wellarchitected/latest/APIReference/API_GetLensReview.html";
    WellarchitectedListMilestones: "wellarchitected" "ListMilestones" => wellarchitected::ListMilestones,
        actions ["wellarchitected:ListMilestones"], absent [],
        "https://docs.aws.amazon.com/wellarchitected/latest/APIReference/API_ListMilestones.html";
    SupportDescribeTrustedAdvisorChecks: "support" "DescribeTrustedAdvisorChecks" => support::DescribeTrustedAdvisorChecks,
        actions ["support:DescribeTrustedAdvisorChecks"], absent ["SubscriptionRequiredException"],
        "https://docs.aws.amazon.com/awssupport/latest/APIReference/API_DescribeTrustedAdvisorChecks.html";
    SupportDescribeTrustedAdvisorCheckSummaries: "support" "DescribeTrustedAdvisorCheckSummaries" => support::DescribeTrustedAdvisorCheckSummaries,
        actions ["support:DescribeTrustedAdvisorCheckSummaries"], absent ["SubscriptionRequiredException"],
        "https://docs.aws.amazon.com/awssupport/latest/APIReference/API_DescribeTrustedAdvisorCheckSummaries.html";
    SupportDescribeTrustedAdvisorCheckResult: "support" "DescribeTrustedAdvisorCheckResult" => support::DescribeTrustedAdvisorCheckResult,
        actions ["support:DescribeTrustedAdvisorCheckResult"], absent ["SubscriptionRequiredException"],
        "https://docs.aws.amazon.com/awssupport/latest/APIReference/API_DescribeTrustedAdvisorCheckResult.html";
    SupportDescribeSeverityLevels: "support" "DescribeSeverityLevels" => support::DescribeSeverityLevels,
        actions ["support:DescribeSeverityLevels"], absent ["SubscriptionRequiredException"],
        "https://docs.aws.amazon.com/awssupport/latest/APIReference/API_DescribeSeverityLevels.html";
    CeGetAnomalyMonitors: "ce" "GetAnomalyMonitors" => ce::GetAnomalyMonitors,
        actions ["ce:GetAnomalyMonitors"], absent [],
        "https://docs.aws.amazon.com/aws-cost-management/latest/APIReference/API_GetAnomalyMonitors.html", Paid;
    CeGetAnomalySubscriptions: "ce" "GetAnomalySubscriptions" => ce::GetAnomalySubscriptions,
        actions ["ce:GetAnomalySubscriptions"], absent [],
        "https://docs.aws.amazon.com/aws-cost-management/latest/APIReference/API_GetAnomalySubscriptions.html", Paid;
    SsoAdminListInstances: "sso-admin" "ListInstances" => sso_admin::ListInstances,
        actions ["sso:ListInstances"], absent [],
        "https://docs.aws.amazon.com/singlesignon/latest/APIReference/API_ListInstances.html";
    Ec2DescribeInstances: "ec2" "DescribeInstances" => ec2::DescribeInstances,
        actions ["ec2:DescribeInstances"], absent [],
        "https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_DescribeInstances.html";
    Ec2DescribeVolumes: "ec2" "DescribeVolumes" => ec2::DescribeVolumes,
        actions ["ec2:DescribeVolumes"], absent [],
        "https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_DescribeVolumes.html";
    Ec2DescribeSecurityGroups: "ec2" "DescribeSecurityGroups" => ec2::DescribeSecurityGroups,
        actions ["ec2:DescribeSecurityGroups"], absent [],
        "https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_DescribeSecurityGroups.html";
    Ec2DescribeNetworkAcls: "ec2" "DescribeNetworkAcls" => ec2::DescribeNetworkAcls,
        actions ["ec2:DescribeNetworkAcls"], absent [],
        "https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_DescribeNetworkAcls.html";
    Ec2DescribeVpcs: "ec2" "DescribeVpcs" => ec2::DescribeVpcs,
        actions ["ec2:DescribeVpcs"], absent [],
        "https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_DescribeVpcs.html";
    Ec2DescribeFlowLogs: "ec2" "DescribeFlowLogs" => ec2::DescribeFlowLogs,
        actions ["ec2:DescribeFlowLogs"], absent [],
        "https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_DescribeFlowLogs.html";
    Ec2DescribeNetworkInterfaces: "ec2" "DescribeNetworkInterfaces" => ec2::DescribeNetworkInterfaces,
        actions ["ec2:DescribeNetworkInterfaces"], absent [],
        "https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_DescribeNetworkInterfaces.html";
    Ec2DescribeRouteTables: "ec2" "DescribeRouteTables" => ec2::DescribeRouteTables,
        actions ["ec2:DescribeRouteTables"], absent [],
        "https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_DescribeRouteTables.html";
    Ec2DescribeVpcPeeringConnections: "ec2" "DescribeVpcPeeringConnections" => ec2::DescribeVpcPeeringConnections,
        actions ["ec2:DescribeVpcPeeringConnections"], absent [],
        "https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_DescribeVpcPeeringConnections.html";
    Ec2DescribeVpcEndpoints: "ec2" "DescribeVpcEndpoints" => ec2::DescribeVpcEndpoints,
        actions ["ec2:DescribeVpcEndpoints"], absent [],
        "https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_DescribeVpcEndpoints.html";
    Ec2GetEbsEncryptionByDefault: "ec2" "GetEbsEncryptionByDefault" => ec2::GetEbsEncryptionByDefault,
        actions ["ec2:GetEbsEncryptionByDefault"], absent [],
        "https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_GetEbsEncryptionByDefault.html";
    Ec2GetSnapshotBlockPublicAccessState: "ec2" "GetSnapshotBlockPublicAccessState" => ec2::GetSnapshotBlockPublicAccessState,
        actions ["ec2:GetSnapshotBlockPublicAccessState"], absent [],
        "https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_GetSnapshotBlockPublicAccessState.html";
    Ec2GetImageBlockPublicAccessState: "ec2" "GetImageBlockPublicAccessState" => ec2::GetImageBlockPublicAccessState,
        actions ["ec2:GetImageBlockPublicAccessState"], absent [],
        "https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_GetImageBlockPublicAccessState.html";
    Ec2GetInstanceMetadataDefaults: "ec2" "GetInstanceMetadataDefaults" => ec2::GetInstanceMetadataDefaults,
        actions ["ec2:GetInstanceMetadataDefaults"], absent [],
        "https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_GetInstanceMetadataDefaults.html";
    RdsDescribeDbInstances: "rds" "DescribeDBInstances" => rds::DescribeDbInstances,
        actions ["rds:DescribeDBInstances"], absent [],
        "https://docs.aws.amazon.com/AmazonRDS/latest/APIReference/API_DescribeDBInstances.html";
    RdsDescribeDbParameters: "rds" "DescribeDBParameters" => rds::DescribeDbParameters,
        actions ["rds:DescribeDBParameters"], absent ["DBParameterGroupNotFound", "DBParameterGroupNotFoundFault"],
        "https://docs.aws.amazon.com/AmazonRDS/latest/APIReference/API_DescribeDBParameters.html";
    EfsDescribeFileSystems: "efs" "DescribeFileSystems" => efs::DescribeFileSystems,
        actions ["elasticfilesystem:DescribeFileSystems"], absent [],
        "https://docs.aws.amazon.com/efs/latest/ug/API_DescribeFileSystems.html";
    S3ListBuckets: "s3api" "ListBuckets" => s3api::ListBuckets,
        actions ["s3:ListAllMyBuckets"], absent [],
        "https://docs.aws.amazon.com/AmazonS3/latest/API/API_ListBuckets.html";
    S3GetPublicAccessBlock: "s3api" "GetPublicAccessBlock" => s3api::GetPublicAccessBlock,
        actions ["s3:GetBucketPublicAccessBlock"], absent ["NoSuchPublicAccessBlockConfiguration"],
        "https://docs.aws.amazon.com/AmazonS3/latest/API/API_GetPublicAccessBlock.html";
    S3GetBucketPolicy: "s3api" "GetBucketPolicy" => s3api::GetBucketPolicy,
        actions ["s3:GetBucketPolicy"], absent ["NoSuchBucketPolicy"],
        "https://docs.aws.amazon.com/AmazonS3/latest/API/API_GetBucketPolicy.html";
    S3GetBucketPolicyStatus: "s3api" "GetBucketPolicyStatus" => s3api::GetBucketPolicyStatus,
        actions ["s3:GetBucketPolicyStatus"], absent ["NoSuchBucketPolicy"],
        "https://docs.aws.amazon.com/AmazonS3/latest/API/API_GetBucketPolicyStatus.html";
    S3GetBucketAcl: "s3api" "GetBucketAcl" => s3api::GetBucketAcl,
        actions ["s3:GetBucketAcl"], absent [],
        "https://docs.aws.amazon.com/AmazonS3/latest/API/API_GetBucketAcl.html";
    S3GetBucketLogging: "s3api" "GetBucketLogging" => s3api::GetBucketLogging,
        actions ["s3:GetBucketLogging"], absent [],
        "https://docs.aws.amazon.com/AmazonS3/latest/API/API_GetBucketLogging.html";
    S3GetBucketVersioning: "s3api" "GetBucketVersioning" => s3api::GetBucketVersioning,
        actions ["s3:GetBucketVersioning"], absent [],
        "https://docs.aws.amazon.com/AmazonS3/latest/API/API_GetBucketVersioning.html";
    S3GetBucketEncryption: "s3api" "GetBucketEncryption" => s3api::GetBucketEncryption,
        actions ["s3:GetEncryptionConfiguration"], absent ["ServerSideEncryptionConfigurationNotFoundError"],
        "https://docs.aws.amazon.com/AmazonS3/latest/API/API_GetBucketEncryption.html";
    S3GetBucketLifecycleConfiguration: "s3api" "GetBucketLifecycleConfiguration" => s3api::GetBucketLifecycleConfiguration,
        actions ["s3:GetLifecycleConfiguration"], absent ["NoSuchLifecycleConfiguration"],
        "https://docs.aws.amazon.com/AmazonS3/latest/API/API_GetBucketLifecycleConfiguration.html";
    S3GetObjectLockConfiguration: "s3api" "GetObjectLockConfiguration" => s3api::GetObjectLockConfiguration,
        actions ["s3:GetBucketObjectLockConfiguration"], absent ["ObjectLockConfigurationNotFoundError"],
        "https://docs.aws.amazon.com/AmazonS3/latest/API/API_GetObjectLockConfiguration.html";
    S3controlGetPublicAccessBlock: "s3control" "GetPublicAccessBlock" => s3control::GetPublicAccessBlock,
        actions ["s3:GetAccountPublicAccessBlock"], absent ["NoSuchPublicAccessBlockConfiguration"],
        "https://docs.aws.amazon.com/AmazonS3/latest/API/API_control_GetPublicAccessBlock.html";
    KmsListKeys: "kms" "ListKeys" => kms::ListKeys,
        actions ["kms:ListKeys"], absent [],
        "https://docs.aws.amazon.com/kms/latest/APIReference/API_ListKeys.html";
    KmsGetKeyRotationStatus: "kms" "GetKeyRotationStatus" => kms::GetKeyRotationStatus,
        actions ["kms:GetKeyRotationStatus"], absent ["NotFoundException"],
        "https://docs.aws.amazon.com/kms/latest/APIReference/API_GetKeyRotationStatus.html";
    Elbv2DescribeLoadBalancers: "elbv2" "DescribeLoadBalancers" => elbv2::DescribeLoadBalancers,
        actions ["elasticloadbalancing:DescribeLoadBalancers"], absent [],
        "https://docs.aws.amazon.com/elasticloadbalancing/latest/APIReference/API_DescribeLoadBalancers.html";
    Elbv2DescribeLoadBalancerAttributes: "elbv2" "DescribeLoadBalancerAttributes" => elbv2::DescribeLoadBalancerAttributes,
        actions ["elasticloadbalancing:DescribeLoadBalancerAttributes"], absent ["LoadBalancerNotFound"],
        "https://docs.aws.amazon.com/elasticloadbalancing/latest/APIReference/API_DescribeLoadBalancerAttributes.html";
    CloudfrontListDistributions: "cloudfront" "ListDistributions" => cloudfront::ListDistributions,
        actions ["cloudfront:ListDistributions"], absent [],
        "https://docs.aws.amazon.com/cloudfront/latest/APIReference/API_ListDistributions.html";
    CloudfrontGetDistributionConfig: "cloudfront" "GetDistributionConfig" => cloudfront::GetDistributionConfig,
        actions ["cloudfront:GetDistributionConfig"], absent ["NoSuchDistribution"],
        "https://docs.aws.amazon.com/cloudfront/latest/APIReference/API_GetDistributionConfig.html";
    ApigatewayGetRestApis: "apigateway" "GetRestApis" => apigateway::GetRestApis,
        actions ["apigateway:GET"], absent [],
        "https://docs.aws.amazon.com/apigateway/latest/api/API_GetRestApis.html";
    ApigatewayGetStages: "apigateway" "GetStages" => apigateway::GetStages,
        actions ["apigateway:GET"], absent ["NotFoundException"],
        "https://docs.aws.amazon.com/apigateway/latest/api/API_GetStages.html";
    Apigatewayv2GetApis: "apigatewayv2" "GetApis" => apigatewayv2::GetApis,
        actions ["apigateway:GET"], absent [],
        "https://docs.aws.amazon.com/apigatewayv2/latest/api-reference/apis.html";
    Apigatewayv2GetStages: "apigatewayv2" "GetStages" => apigatewayv2::GetStages,
        actions ["apigateway:GET"], absent ["NotFoundException"],
        "https://docs.aws.amazon.com/apigatewayv2/latest/api-reference/apis-apiid-stages.html";
    LogsDescribeLogGroups: "logs" "DescribeLogGroups" => logs::DescribeLogGroups,
        actions ["logs:DescribeLogGroups"], absent [],
        "https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_DescribeLogGroups.html";
    LogsDescribeMetricFilters: "logs" "DescribeMetricFilters" => logs::DescribeMetricFilters,
        actions ["logs:DescribeMetricFilters"], absent [],
        "https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_DescribeMetricFilters.html";
    CloudtrailListEventDataStores: "cloudtrail" "ListEventDataStores" => cloudtrail::ListEventDataStores,
        actions ["cloudtrail:ListEventDataStores"], absent [],
        "https://docs.aws.amazon.com/awscloudtrail/latest/APIReference/API_ListEventDataStores.html";
    CloudtrailGetEventDataStore: "cloudtrail" "GetEventDataStore" => cloudtrail::GetEventDataStore,
        actions ["cloudtrail:GetEventDataStore"], absent ["EventDataStoreNotFoundException"],
        "https://docs.aws.amazon.com/awscloudtrail/latest/APIReference/API_GetEventDataStore.html";
}

#[cfg(test)]
mod tests {
    use super::Operation;

    #[test]
    fn every_operation_is_found_by_its_own_name_and_declares_its_actions() {
        for operation in Operation::ALL {
            let spec = operation.spec();
            assert_eq!(Operation::find(spec.service, spec.name), Some(*operation));
            assert_eq!(spec.actions.is_empty(), *operation == Operation::StsGetCallerIdentity, "{}", spec.name);
            assert!(spec.reference.starts_with("https://docs.aws.amazon.com/"), "{}", spec.name);
        }
    }
}

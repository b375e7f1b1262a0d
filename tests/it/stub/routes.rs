//! REST: which operation a method and a path mean, by the "Request Syntax" of AWS's API references.

use serde_json::{Map, Value, json};

/// Service as the AWS CLI spells it, method, path with the query that tells operations apart, operation.
const ROUTES: &[(&str, &str, &str, &str)] = &[
    ("accessanalyzer", "GET", "/analyzer", "ListAnalyzers"),
    ("accessanalyzer", "POST", "/findingv2", "ListFindingsV2"),
    ("account", "POST", "/getContactInformation", "GetContactInformation"),
    ("account", "POST", "/getAlternateContact", "GetAlternateContact"),
    ("account", "POST", "/listRegions", "ListRegions"),
    ("apigateway", "GET", "/restapis", "GetRestApis"),
    ("apigateway", "GET", "/restapis/{restApiId}/stages", "GetStages"),
    ("apigatewayv2", "GET", "/v2/apis", "GetApis"),
    ("apigatewayv2", "GET", "/v2/apis/{ApiId}/stages", "GetStages"),
    ("cloudfront", "GET", "/2020-05-31/distribution", "ListDistributions"),
    ("cloudfront", "GET", "/2020-05-31/distribution/{Id}/config", "GetDistributionConfig"),
    ("efs", "GET", "/2015-02-01/file-systems", "DescribeFileSystems"),
    ("guardduty", "GET", "/detector", "ListDetectors"),
    ("guardduty", "GET", "/detector/{DetectorId}", "GetDetector"),
    ("guardduty", "POST", "/detector/{DetectorId}/findings", "ListFindings"),
    ("guardduty", "POST", "/detector/{DetectorId}/findings/get", "GetFindings"),
    ("macie2", "GET", "/macie", "GetMacieSession"),
    ("s3control", "GET", "/v20180820/configuration/publicAccessBlock", "GetPublicAccessBlock"),
    ("s3api", "GET", "/", "ListBuckets"),
    ("s3api", "GET", "/{Bucket}?publicAccessBlock", "GetPublicAccessBlock"),
    ("s3api", "GET", "/{Bucket}?policy", "GetBucketPolicy"),
    ("s3api", "GET", "/{Bucket}?policyStatus", "GetBucketPolicyStatus"),
    ("s3api", "GET", "/{Bucket}?acl", "GetBucketAcl"),
    ("s3api", "GET", "/{Bucket}?logging", "GetBucketLogging"),
    ("s3api", "GET", "/{Bucket}?versioning", "GetBucketVersioning"),
    ("s3api", "GET", "/{Bucket}?encryption", "GetBucketEncryption"),
    ("s3api", "GET", "/{Bucket}?lifecycle", "GetBucketLifecycleConfiguration"),
    ("s3api", "GET", "/{Bucket}?object-lock", "GetObjectLockConfiguration"),
    ("securityhub", "GET", "/accounts", "DescribeHub"),
    ("securityhub", "GET", "/hubv2", "DescribeSecurityHubV2"),
    ("wellarchitected", "POST", "/workloadsSummaries", "ListWorkloads"),
    ("wellarchitected", "GET", "/workloads/{WorkloadId}", "GetWorkload"),
    ("wellarchitected", "GET", "/workloads/{WorkloadId}/lensReviews/{LensAlias}", "GetLensReview"),
    ("wellarchitected", "POST", "/workloads/{WorkloadId}/milestonesSummaries", "ListMilestones"),
];

/// Query parameters and headers whose names are not those of their members.
const PARAMETERS: &[(&str, &str)] = &[
    ("continuation-token", "ContinuationToken"),
    ("max-buckets", "MaxBuckets"),
    ("nextToken", "NextToken"),
    ("x-amz-account-id", "AccountId"),
];

/// The operation of a request, and the members that its path and query name.
pub(super) fn find(service: &str, method: &str, path: &str) -> Option<(&'static str, Map<String, Value>)> {
    let (path, query) = path.split_once('?').unwrap_or((path, ""));
    let query: Vec<(&str, Option<&str>)> = query
        .split('&')
        .filter(|part| !part.is_empty())
        .map(|part| part.split_once('=').map_or((part, None), |(k, v)| (k, Some(v))))
        .collect();
    ROUTES.iter().filter(|(one, verb, ..)| *one == service && *verb == method).find_map(|(_, _, route, operation)| {
        let (route, telling) = route.split_once('?').map_or((*route, None), |(route, telling)| (route, Some(telling)));
        let is_told = query.iter().find(|(_, value)| value.is_none()).map(|(name, _)| *name) == telling;
        let mut members = in_path(route, path).filter(|_| is_told)?;
        for (name, value) in &query {
            if let Some(value) = value {
                members.insert(member(name), json!(super::protocol::form_decoded(value)));
            }
        }
        Some((*operation, members))
    })
}

/// A parameter's or header's name as a member's.
pub(super) fn member(name: &str) -> String {
    PARAMETERS.iter().find(|(parameter, _)| *parameter == name).map_or(name, |(_, member)| member).to_owned()
}

fn in_path(route: &str, path: &str) -> Option<Map<String, Value>> {
    let (route, path): (Vec<&str>, Vec<&str>) = (route.split('/').collect(), path.split('/').collect());
    let mut members = Map::new();
    for (step, part) in route.iter().zip(&path) {
        match step.strip_prefix('{').and_then(|step| step.strip_suffix('}')) {
            Some(name) if !part.is_empty() => {
                members.insert(name.to_owned(), json!(super::protocol::form_decoded(part)));
            }
            _ if step == part => {}
            _ => return None,
        }
    }
    (route.len() == path.len()).then_some(members)
}

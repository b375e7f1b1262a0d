//! Serves a saved account: each call is answered by the observation that it would have become.

use serde_json::{Map, Value, json};

use super::{Call, Reply, refusal};

/// Operations that answer in pages.
const PAGED: &[&str] = &[
    "GetAccountAuthorizationDetails",
    "ListVirtualMFADevices",
    "ListAccountAliases",
    "LookupEvents",
    "DescribeAlarms",
    "ListMetrics",
    "ListSubscriptionsByTopic",
    "DescribeBudgets",
    "DescribeNotificationsForBudget",
    "DescribeSubscribersForNotification",
    "ListRegions",
    "GetBillingPreferences",
    "ListRules",
    "ListTargetsByRule",
    "ListEventDataStores",
    "DescribeInstances",
    "DescribeVolumes",
    "DescribeSecurityGroups",
    "DescribeNetworkAcls",
    "DescribeVpcs",
    "DescribeFlowLogs",
    "DescribeNetworkInterfaces",
    "DescribeRouteTables",
    "DescribeVpcPeeringConnections",
    "DescribeVpcEndpoints",
    "DescribeDBInstances",
    "DescribeDBParameters",
    "DescribeFileSystems",
    "DescribeLoadBalancers",
    "ListBuckets",
    "ListKeys",
    "ListDistributions",
    "GetRestApis",
    "GetApis",
    "DescribeLogGroups",
    "ListAnalyzers",
    "ListFindingsV2",
    "ListDetectors",
    "ListServerCertificates",
    "ListRoots",
    "ListPolicies",
    "ListTargetsForPolicy",
    "ListDelegatedAdministrators",
    "ListDelegatedServicesForAccount",
    "ListAWSServiceAccessForOrganization",
    "ListWorkloads",
    "ListMilestones",
    "ListInstances",
    "ListFindings",
    "DescribeMetricFilters",
    "GetAnomalyMonitors",
    "GetAnomalySubscriptions",
];

/// A snapshot's JSON as something that answers calls, lists in pages of at most `page_size` items.
pub(crate) fn answers(snapshot: Value, page_size: usize) -> impl Fn(&Call) -> Reply + Send + Sync + 'static {
    move |call| answer(&snapshot, page_size, call)
}

/// The reply of a saved account to one call.
pub(crate) fn answer(snapshot: &Value, page_size: usize, call: &Call) -> Reply {
    if call.operation == "GenerateCredentialReport" {
        let report = observations(snapshot).find(|observation| observation["operation"] == "GetCredentialReport");
        return match report.and_then(|observation| observation.get("error")) {
            Some(error) => refused(error),
            None => Reply::Answer(json!({ "State": "COMPLETE" })),
        };
    }
    let Some(observation) = observations(snapshot).find(|observation| is_meant(observation, call)) else {
        return refusal("NotInThisSnapshot");
    };
    match (observation.get("response"), observation.get("error")) {
        (Some(response), _) if PAGED.contains(&call.operation.as_str()) => match response.get("DistributionList") {
            Some(list) => Reply::Answer(json!({ "DistributionList": page(list, page_size, call) })),
            None => Reply::Answer(page(response, page_size, call)),
        },
        (Some(response), _) => Reply::Answer(response.clone()),
        (None, error) => refused(error.unwrap()),
    }
}

fn observations(snapshot: &Value) -> impl Iterator<Item = &Value> {
    snapshot["observations"].as_array().unwrap().iter()
}

fn refused(error: &Value) -> Reply {
    let text = |name: &str| error[name].as_str().unwrap().to_owned();
    Reply::Refusal(400, text("code"), text("message"))
}

fn is_meant(observation: &Value, call: &Call) -> bool {
    let same = |name: &str, value: &str| observation[name] == value;
    let request = observation.get("request").cloned().unwrap_or_else(|| json!({}));
    same("service", &call.service)
        && same("operation", &call.operation)
        && same("region", &call.region)
        && contains(&call.members, &request)
}

/// Whether a call says everything that the request says; it may say more, such as the size of a page.
fn contains(call: &Value, request: &Value) -> bool {
    match (call, request) {
        (Value::Object(call), Value::Object(request)) => {
            request.iter().all(|(name, value)| call.get(name).is_some_and(|sent| contains(sent, value)))
        }
        (Value::Number(one), Value::Number(two)) => one.as_f64() == two.as_f64(),
        _ => call == request,
    }
}

/// The part of an answer that the call's token asks for.
fn page(response: &Value, page_size: usize, call: &Call) -> Value {
    let start: usize = call.token().map_or(0, |token| token.strip_prefix("page-").unwrap().parse().unwrap());
    let end = start.saturating_add(page_size);
    let mut more = false;
    let mut page: Map<String, Value> = Map::new();
    for (name, member) in response.as_object().unwrap() {
        let part = match member.as_array() {
            Some(items) => {
                more |= items.len() > end;
                items.iter().skip(start).take(page_size).cloned().collect()
            }
            None => member.clone(),
        };
        page.insert(name.clone(), part);
    }
    let token = match (call.service.as_str(), call.operation.as_str()) {
        ("iam" | "rds", _) => "Marker",
        ("efs" | "elbv2" | "cloudfront", _) | ("kms", "ListKeys") => "NextMarker",
        ("s3api", _) => "ContinuationToken",
        ("apigateway", _) => "position",
        ("ce", _) => "NextPageToken",
        ("accessanalyzer" | "billing" | "logs", _) => "nextToken",
        _ => "NextToken",
    };
    match call.service.as_str() {
        "iam" | "cloudfront" => drop(page.insert("IsTruncated".to_owned(), json!(more))),
        "kms" => drop(page.insert("Truncated".to_owned(), json!(more))),
        _ => {}
    }
    if more {
        page.insert(token.to_owned(), json!(format!("page-{end}")));
    }
    Value::Object(page)
}

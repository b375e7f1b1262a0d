//! AWS Support and Trusted Advisor. The members of this service begin in lower case.

camel_case_shapes! {
    DescribeTrustedAdvisorChecks { checks: Vec<Check> }
    Check { id: String, name: String, category: String }
    DescribeTrustedAdvisorCheckSummaries { summaries: Vec<CheckSummary> }
    CheckSummary { check_id: String, status: String, timestamp: String }
    DescribeTrustedAdvisorCheckResult { result: CheckResult }
    CheckResult { check_id: String, status: String, timestamp: String, flagged_resources: Vec<FlaggedResource> }
    FlaggedResource { status: String, resource_id: String, is_suppressed: bool, metadata: Vec<Option<String>> }
    DescribeSeverityLevels { severity_levels: Vec<SeverityLevel> }
    SeverityLevel { code: String }
}

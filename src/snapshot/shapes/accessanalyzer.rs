//! IAM Access Analyzer. The members of this service begin in lower case.

camel_case_shapes! {
    ListAnalyzers { analyzers: Vec<Analyzer>, next_token: String }
    Analyzer {
        arn: String,
        name: String,
        #[serde(rename = "type")]
        kind: String,
        status: String,
    }
    ListFindingsV2 { findings: Vec<Finding>, next_token: String }
    Finding { id: String, resource: String, resource_type: String, status: String, finding_type: String }
}

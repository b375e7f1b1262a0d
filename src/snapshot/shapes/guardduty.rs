//! Amazon GuardDuty.

shapes! {
    ListDetectors { detector_ids: Vec<String>, next_token: String }
    GetDetector { status: String }
    ListFindings { finding_ids: Vec<String>, next_token: String }
    GetFindings { findings: Vec<Finding> }
    Finding {
        id: String,
        #[serde(rename = "Type")]
        kind: String,
        severity: f64,
        service: FindingService,
    }
    FindingService { archived: bool }
}

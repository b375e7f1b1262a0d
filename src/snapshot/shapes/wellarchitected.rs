//! AWS Well-Architected Tool.

use std::collections::BTreeMap;

use crate::snapshot::Time;

shapes! {
    ListWorkloads { workload_summaries: Vec<WorkloadSummary>, next_token: String }
    WorkloadSummary { workload_id: String, workload_arn: String, workload_name: String, lenses: Vec<String> }
    GetWorkload { workload: Workload }
    Workload { workload_id: String, architectural_design: String }
    GetLensReview { workload_id: String, lens_review: LensReview }
    LensReview {
        lens_alias: String,
        pillar_review_summaries: Vec<PillarReviewSummary>,
        updated_at: Time,
        /// Questions by risk, as in `HIGH`; a risk without questions may be missing.
        risk_counts: BTreeMap<String, i64>,
    }
    PillarReviewSummary { pillar_id: String, pillar_name: String, risk_counts: BTreeMap<String, i64> }
    ListMilestones { workload_id: String, milestone_summaries: Vec<MilestoneSummary>, next_token: String }
    MilestoneSummary { recorded_at: Time }
}

//! AWS Well-Architected Tool: workloads, their reviews and milestones.

use crate::collect::calls::{Call, Calls, Input};
use crate::snapshot::Operation;

const WORKLOADS: &str = "/WorkloadSummaries/*/WorkloadId";

pub(super) const WELL_ARCHITECTED: Calls =
    Calls(&[Call::each_region(Operation::WellarchitectedListWorkloads).then(&[
        Call::about(Operation::WellarchitectedGetWorkload, "WorkloadId", WORKLOADS),
        Call::about(Operation::WellarchitectedGetLensReview, "WorkloadId", WORKLOADS)
            .asking(&[("LensAlias", Input::Text("wellarchitected"))]),
        Call::about(Operation::WellarchitectedListMilestones, "WorkloadId", WORKLOADS),
    ])]);

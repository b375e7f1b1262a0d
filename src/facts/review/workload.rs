//! Workloads of the Well-Architected Tool and their reviews by the framework's own lens.

use std::collections::BTreeMap;

use crate::facts;
use crate::facts::asked::Asked;
use crate::facts::infrastructure::regional::{Page, Regional};
use crate::facts::{Fact, Gap, List, MEMBER_MISSING, Observed, Resource, Source};
use crate::snapshot::shapes::wellarchitected::{
    GetLensReview, GetWorkload, LensReview, ListMilestones, ListWorkloads, PillarReviewSummary,
};
use crate::snapshot::{Snapshot, Time};

facts! {
    /// A workload of the Well-Architected Tool.
    Workload as "workload" {
        /// The workload's name.
        name: String => [WellarchitectedListWorkloads];
        /// True when the framework's own lens is applied.
        has_framework_lens: bool => [WellarchitectedListWorkloads];
        /// Pillars that the review does not list, of the framework's six.
        missing_pillars: List<String> => [WellarchitectedGetLensReview];
        /// Questions that nobody answered, over all pillars.
        unanswered: i64 => [WellarchitectedGetLensReview];
        /// Questions whose answer leaves a high risk.
        high_risks: i64 => [WellarchitectedGetLensReview];
        /// Questions whose answer leaves a medium risk.
        medium_risks: i64 => [WellarchitectedGetLensReview];
        /// When the review was changed, and when its milestones were saved.
        review_times: List<Time> => [WellarchitectedGetLensReview, WellarchitectedListMilestones];
        /// The link to an architecture diagram; absent when there is none.
        diagram: String => [WellarchitectedGetWorkload];
    }
}

/// The framework's own lens, and its pillars:
/// <https://docs.aws.amazon.com/wellarchitected/latest/APIReference/API_GetLensReview.html>
const LENS: &str = "wellarchitected";
const PILLARS: [&str; 6] =
    ["costOptimization", "operationalExcellence", "performance", "reliability", "security", "sustainability"];

/// Builds the workloads of all Regions.
pub(crate) fn build(snapshot: &Snapshot) -> List<Resource<Workload>> {
    let listed = Regional::read(snapshot, |answer: &ListWorkloads| {
        Page::of(answer.workload_summaries.as_ref(), answer.next_token.as_ref())
    });
    let details = Asked::<GetWorkload>::read(snapshot, "WorkloadId");
    let reviews = Asked::<GetLensReview>::read(snapshot, "WorkloadId");
    let milestones = Asked::<ListMilestones>::read(snapshot, "WorkloadId");
    listed.resources(|element| {
        let summary = element.item;
        let (arn, id) = (summary.workload_arn.as_deref()?, summary.workload_id.as_deref()?);
        let region = element.region();
        let review = review(&reviews, region, id);
        let detail = details.in_region(region, id);
        let lenses = element.required("/WorkloadSummaries/*/Lenses", summary.lenses.as_ref());
        let facts = Workload {
            name: element.required("/WorkloadSummaries/*/WorkloadName", summary.workload_name.clone()),
            has_framework_lens: lenses.map(|lenses| lenses.iter().any(|lens| is_framework(lens))),
            missing_pillars: missing_pillars(&review),
            unanswered: unanswered(&review),
            high_risks: risks(&review, "HIGH"),
            medium_risks: risks(&review, "MEDIUM"),
            review_times: times(&review, &milestones.in_region(region, id)),
            diagram: detail.optional("/Workload/ArchitecturalDesign", |answer| {
                let link = answer.workload.as_ref()?.architectural_design.clone()?;
                Some(link.trim().to_owned()).filter(|link| !link.is_empty())
            }),
        };
        Some(Resource { id: arn.to_owned(), region: Some(region.to_owned()), facts })
    })
}

/// A lens goes by its alias or by an ARN that ends in it.
fn is_framework(lens: &str) -> bool {
    lens.rsplit('/').next() == Some(LENS)
}

/// The review as it stands, which is no milestone's.
fn review<'a>(reviews: &Asked<'a, GetLensReview>, region: &str, id: &str) -> Source<'a, GetLensReview> {
    let mut answers = reviews.all(id).iter().filter(|answer| {
        let request = &answer.observation.request;
        let lens = request.get("LensAlias").and_then(serde_json::Value::as_str);
        answer.observation.region == region && !request.contains_key("MilestoneNumber") && lens.is_none_or(is_framework)
    });
    answers.next().map_or_else(|| reviews.missing(region, id), |answer| Source::from_answer(*answer))
}

type Reviewed<'s, 'a> = &'s Source<'a, GetLensReview>;

fn lens_review(answer: &GetLensReview) -> Option<&LensReview> {
    answer.lens_review.as_ref()
}

fn pillars<'a>(review: Reviewed<'_, 'a>) -> Fact<&'a Vec<PillarReviewSummary>> {
    review.required("/LensReview/PillarReviewSummaries", |answer| lens_review(answer)?.pillar_review_summaries.as_ref())
}

fn missing_pillars(review: Reviewed<'_, '_>) -> Fact<List<String>> {
    let listed = review.required("/LensReview/PillarReviewSummaries/*/PillarId", |answer| {
        let pillars = lens_review(answer)?.pillar_review_summaries.as_ref()?.iter();
        pillars.map(|pillar| pillar.pillar_id.as_deref()).collect::<Option<Vec<_>>>()
    });
    listed.map(|listed| {
        let is_listed = |name: &str| listed.iter().any(|id| id.eq_ignore_ascii_case(name));
        List::whole(PILLARS.iter().filter(|name| !is_listed(name)).map(|name| (*name).to_owned()).collect())
    })
}

/// A risk that no question has may be missing from the counts.
fn count(counts: &BTreeMap<String, i64>, risk: &str) -> i64 {
    counts.get(risk).copied().unwrap_or(0)
}

fn unanswered(review: Reviewed<'_, '_>) -> Fact<i64> {
    let pillars = pillars(review);
    let origin = pillars.origin;
    let state = pillars.state.and_then(|pillars| {
        let counts: Option<Vec<_>> = pillars.iter().map(|pillar| pillar.risk_counts.as_ref()).collect();
        match counts {
            Some(counts) => {
                Observed::Present(counts.iter().map(|counts| count(counts, "UNANSWERED")).fold(0, i64::saturating_add))
            }
            None => Observed::Unknown(review.gap(MEMBER_MISSING, "a pillar has no `RiskCounts`")),
        }
    });
    Fact::new(state, origin)
}

fn risks(review: Reviewed<'_, '_>, risk: &str) -> Fact<i64> {
    let counts = review.required("/LensReview/RiskCounts", |answer| lens_review(answer)?.risk_counts.as_ref());
    counts.map(|counts| count(counts, risk))
}

fn times(review: Reviewed<'_, '_>, milestones: &Source<'_, ListMilestones>) -> Fact<List<Time>> {
    let mut list = List { items: Vec::new(), gaps: Vec::new() };
    let updated = review.required("/LensReview/UpdatedAt", |answer| lens_review(answer)?.updated_at);
    let saved = milestones.required("/MilestoneSummaries/*/RecordedAt", newest_milestone);
    // The newest time decides, so its answer is the evidence.
    let is_saved_newer = saved.state.present() > updated.state.present();
    let origin = if is_saved_newer { saved.origin } else { updated.origin };
    list.gaps.extend(updated.state.gap().cloned());
    list.items.extend(updated.state.present().copied());
    match milestones.state.clone() {
        Observed::Present(answer) => {
            let recorded = answer.milestone_summaries.iter().flatten().map(|milestone| milestone.recorded_at);
            let without: Option<Gap> = (answer.milestone_summaries.is_none()
                || recorded.clone().any(|time| time.is_none()))
            .then(|| milestones.gap(MEMBER_MISSING, "a milestone has no `RecordedAt`"));
            list.items.extend(recorded.flatten());
            list.gaps.extend(without);
            list.gaps.extend(milestones.cut_off(None, answer.next_token.as_ref()));
        }
        Observed::Absent => {}
        Observed::Unknown(gap) => list.gaps.push(gap),
    }
    Fact::new(Observed::Present(list), origin)
}

fn newest_milestone(answer: &ListMilestones) -> Option<Time> {
    answer.milestone_summaries.iter().flatten().filter_map(|milestone| milestone.recorded_at).max()
}

//! Amazon GuardDuty: detectors, and their findings of high severity that nobody archived.

use futures_util::future::join;
use serde_json::{Value, json};

use super::{Collector, Work};
use crate::collect::calls::texts;
use crate::collect::context::{Context, request};
use crate::collect::together::all;
use crate::snapshot::{Operation, Request};

/// Findings that one call reads; AWS takes no more.
const AT_ONCE: usize = 50;

pub(super) struct GuardDuty;

impl Collector for GuardDuty {
    fn in_region<'a>(&self, context: &'a Context<'a>, region: &'a str) -> Option<Work<'a>> {
        Some(Box::pin(detectors(context, region)))
    }

    fn depth(&self) -> usize {
        3
    }
}

async fn detectors(context: &Context<'_>, region: &str) {
    let answer = context.ask(Operation::GuarddutyListDetectors, region, Request::new(), Request::new()).await;
    let found = answer.map(|answer| texts(&answer, "/DetectorIds/*")).unwrap_or_default();
    all(found.iter().map(|detector| self::detector(context, region, detector))).await;
}

async fn detector(context: &Context<'_>, region: &str, detector: &str) {
    let settings = context.ask(
        Operation::GuarddutyGetDetector,
        region,
        request([("DetectorId", detector.into())]),
        Request::new(),
    );
    join(settings, findings(context, region, detector)).await;
}

async fn findings(context: &Context<'_>, region: &str, detector: &str) {
    // High begins at 7: https://docs.aws.amazon.com/guardduty/latest/ug/guardduty_findings-severity.html
    let severe = json!({ "Criterion": { "severity": { "Gte": 7 }, "service.archived": { "Eq": ["false"] } } });
    let asked = request([("DetectorId", detector.into()), ("FindingCriteria", severe)]);
    let pages = request([("MaxResults", AT_ONCE.into())]);
    let Some(answer) = context.ask(Operation::GuarddutyListFindings, region, asked, pages).await else { return };
    let ids: Vec<Value> = texts(&answer, "/FindingIds/*").into_iter().map(Value::String).collect();
    let read = |ids: &[Value]| {
        let asked = request([("DetectorId", detector.into()), ("FindingIds", ids.into())]);
        context.ask(Operation::GuarddutyGetFindings, region, asked, Request::new())
    };
    all(ids.chunks(AT_ONCE).map(read)).await;
}

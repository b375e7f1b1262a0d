//! AWS Support: the plan, as far as the levels of severity tell it, and what Trusted Advisor says about security.

use std::collections::BTreeSet;

use futures_util::future::join;
use serde_json::Value;

use super::{Collector, Work};
use crate::collect::calls::{Call, Calls, Input};
use crate::collect::context::{Context, request};
use crate::snapshot::{Operation, Request};

const ENGLISH: (&str, Input) = ("language", Input::Text("en"));
/// The check "Exposed Access Keys": <https://docs.aws.amazon.com/awssupport/latest/user/security-checks.html>.
const EXPOSED_KEYS: (&str, Input) = ("checkId", Input::Text("12Fnkpl8Y5"));

const CALLS: Calls = Calls(&[
    Call::once(Operation::SupportDescribeSeverityLevels).asking(&[ENGLISH]),
    Call::once(Operation::SupportDescribeTrustedAdvisorCheckResult).asking(&[ENGLISH, EXPOSED_KEYS]),
]);

pub(super) struct Support;

impl Collector for Support {
    fn start<'a>(&self, context: &'a Context<'a>) -> Option<Work<'a>> {
        Some(Box::pin(async move {
            join(CALLS.read(context), checks(context)).await;
        }))
    }

    fn depth(&self) -> usize {
        2
    }
}

async fn checks(context: &Context<'_>) {
    let region = context.leader();
    let english = request([("language", "en".into())]);
    let listed = context.ask(Operation::SupportDescribeTrustedAdvisorChecks, region, english, Request::new()).await;
    let Some(security) = listed.map(|answer| of_security(&answer)).filter(|checks| !checks.is_empty()) else { return };
    let ids: Vec<Value> = security.into_iter().map(Value::String).collect();
    let about = request([("checkIds", ids.into())]);
    context.ask(Operation::SupportDescribeTrustedAdvisorCheckSummaries, region, about, Request::new()).await;
}

fn of_security(answer: &Value) -> BTreeSet<String> {
    let checks = answer.get("checks").and_then(Value::as_array).into_iter().flatten();
    let text = |check: &Value, name: &str| check.get(name).and_then(Value::as_str).map(str::to_owned);
    checks
        .filter(|check| text(check, "category").as_deref() == Some("security"))
        .filter_map(|check| text(check, "id"))
        .collect()
}

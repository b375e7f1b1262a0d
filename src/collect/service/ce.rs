//! AWS Cost Explorer: what looks for unusual costs, and who hears of them. AWS bills these calls, so they are made only where
//! somebody allowed that.

use futures_util::future::join;

use super::{Collector, Work, sns};
use crate::collect::calls::texts;
use crate::collect::context::{Context, request};
use crate::snapshot::{Operation, Request};

/// Few large pages cost less than many small ones.
const AT_ONCE: i64 = 100;

pub(super) struct Ce;

impl Collector for Ce {
    fn start<'a>(&self, context: &'a Context<'a>) -> Option<Work<'a>> {
        Some(Box::pin(async move {
            join(monitors(context), subscriptions(context)).await;
        }))
    }

    fn depth(&self) -> usize {
        4
    }
}

async fn monitors(context: &Context<'_>) {
    let pages = request([("MaxResults", AT_ONCE.into())]);
    context.ask(Operation::CeGetAnomalyMonitors, context.leader(), Request::new(), pages).await;
}

async fn subscriptions(context: &Context<'_>) {
    let pages = request([("MaxResults", AT_ONCE.into())]);
    let answer = context.ask(Operation::CeGetAnomalySubscriptions, context.leader(), Request::new(), pages).await;
    if let Some(answer) = answer {
        sns::follow(context, texts(&answer, "/AnomalySubscriptions/*/Subscribers/*/Address")).await;
    }
}

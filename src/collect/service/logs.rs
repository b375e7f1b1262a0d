//! Amazon CloudWatch Logs: the log groups of Regions in which a trail writes to one.

use super::Collector;
use crate::collect::context::Context;
use crate::collect::partition::is_region;
use crate::snapshot::{Operation, Request};

pub(super) struct Logs;

impl Collector for Logs {}

/// Reads what is known about the log groups of the Region of one.
pub(super) async fn follow(context: &Context<'_>, log_group: &str) {
    let Some(region) = log_group.split(':').nth(3).filter(|region| is_region(region)) else { return };
    context.ask(Operation::LogsDescribeLogGroups, region, Request::new(), Request::new()).await;
}

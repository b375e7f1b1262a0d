//! Amazon CloudWatch Logs: the log groups that trails write to, with their metric filters, and the alarms of their Regions.

use futures_util::future::join4;

use super::{Collector, cloudwatch};
use crate::collect::context::{Context, request};
use crate::collect::partition::is_region;
use crate::snapshot::{Operation, Request};

pub(super) struct Logs;

impl Collector for Logs {}

/// Reads what is known about a log group that a trail names, and about the alarms that may stand on its metrics.
pub(super) async fn follow(context: &Context<'_>, log_group: &str) {
    let Some(group) = Group::parse(log_group) else { return };
    let groups = context.ask(Operation::LogsDescribeLogGroups, group.region, Request::new(), Request::new());
    let alarms = cloudwatch::alarms(context, group.region);
    join4(groups, filters(context, &group), alarms, cloudwatch::log_alarms(context, group.region)).await;
}

/// Metric filters are told to their own account alone.
async fn filters(context: &Context<'_>, group: &Group<'_>) {
    if group.account == context.run.session.account {
        let asked = request([("logGroupName", group.name.into())]);
        context.ask(Operation::LogsDescribeMetricFilters, group.region, asked, Request::new()).await;
    }
}

/// A log group, as its ARN names it.
#[derive(Debug, PartialEq)]
struct Group<'a> {
    region: &'a str,
    account: &'a str,
    name: &'a str,
}

impl<'a> Group<'a> {
    fn parse(arn: &'a str) -> Option<Self> {
        let mut parts = arn.splitn(6, ':');
        let (Some("arn"), Some(_), Some("logs"), Some(region), Some(account), Some(resource)) =
            (parts.next(), parts.next(), parts.next(), parts.next(), parts.next(), parts.next())
        else {
            return None;
        };
        let name = resource.strip_prefix("log-group:")?;
        let name = name.strip_suffix(":*").unwrap_or(name);
        (is_region(region) && !name.is_empty()).then_some(Self { region, account, name })
    }
}

#[cfg(test)]
mod tests {
    use super::Group;

    #[test]
    fn a_log_group_is_what_its_arn_says() {
        let group = Group { region: "eu-west-1", account: "123456789012", name: "/trail/all" };
        assert_eq!(Group::parse("arn:aws:logs:eu-west-1:123456789012:log-group:/trail/all:*"), Some(group));
        for other in [
            "arn:aws:logs:evil.example:123456789012:log-group:g:*",
            "arn:aws:sns:eu-west-1:123456789012:log-group:g",
            "arn:aws:logs:eu-west-1:123456789012:log-group::*",
            "arn:aws:logs:eu-west-1:123456789012",
            "",
        ] {
            assert_eq!(Group::parse(other), None, "{other}");
        }
    }
}

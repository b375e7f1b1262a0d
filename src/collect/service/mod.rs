//! One collector a service. A new one is a file, its `mod` line and its entry in [`COLLECTORS`].

mod accessanalyzer;
mod account;
mod apigateway;
mod apigatewayv2;
mod billing;
mod budgets;
mod ce;
mod cloudfront;
mod cloudtrail;
mod cloudwatch;
mod configservice;
mod ec2;
mod efs;
mod elbv2;
mod events;
mod guardduty;
mod iam;
mod kms;
mod logs;
mod macie2;
mod organizations;
mod rds;
mod s3api;
mod s3control;
mod securityhub;
mod sns;
mod sso_admin;
mod sts;
mod support;
mod wellarchitected;

use std::cmp::Reverse;
use std::pin::Pin;

#[cfg(test)]
use super::calls::Call;
use super::context::Context;
use super::regions;

/// Work that a collector has started.
pub(super) type Work<'a> = Pin<Box<dyn Future<Output = ()> + 'a>>;

/// Reads one AWS service into observations. A call that fails is an observation too, and reading goes on.
pub(super) trait Collector: Sync {
    /// Starts reading what there is once for the account. `None` where everything is in Regions, and for services that others lead to:
    /// topics are asked about when something names them.
    fn start<'a>(&self, context: &'a Context<'a>) -> Option<Work<'a>> {
        let _ = context;
        None
    }

    /// Starts reading what a Region answers for itself; `None` where there is no such thing.
    fn in_region<'a>(&self, context: &'a Context<'a>, region: &'a str) -> Option<Work<'a>> {
        let _ = (context, region);
        None
    }

    /// How many of its calls follow one another at most, those of other services included that they lead to.
    fn depth(&self) -> usize {
        1
    }

    /// The calls that it is a list of.
    #[cfg(test)]
    fn calls(&self) -> &'static [Call] {
        &[]
    }
}

/// Every collector, by its service's name in the table of operations, which is its file's name too, but for hyphens.
pub(super) const COLLECTORS: &[(&str, &dyn Collector)] = &[
    ("accessanalyzer", &accessanalyzer::ACCESS_ANALYZER),
    ("account", &account::Account),
    ("apigateway", &apigateway::API_GATEWAY),
    ("apigatewayv2", &apigatewayv2::API_GATEWAY_V2),
    ("billing", &billing::Billing),
    ("budgets", &budgets::Budgets),
    ("ce", &ce::Ce),
    ("cloudfront", &cloudfront::CLOUDFRONT),
    ("cloudtrail", &cloudtrail::CloudTrail),
    ("cloudwatch", &cloudwatch::CloudWatch),
    ("configservice", &configservice::CONFIG),
    ("ec2", &ec2::EC2),
    ("efs", &efs::EFS),
    ("elbv2", &elbv2::ELBV2),
    ("events", &events::Events),
    ("guardduty", &guardduty::GuardDuty),
    ("iam", &iam::Iam),
    ("kms", &kms::Kms),
    ("logs", &logs::Logs),
    ("macie2", &macie2::MACIE),
    ("organizations", &organizations::Organizations),
    ("rds", &rds::RDS),
    ("s3api", &s3api::S3),
    ("s3control", &s3control::S3_CONTROL),
    ("securityhub", &securityhub::SECURITY_HUB),
    ("sns", &sns::Sns),
    ("sso-admin", &sso_admin::IDENTITY_CENTER),
    ("sts", &sts::Sts),
    ("support", &support::Support),
    ("wellarchitected", &wellarchitected::WELL_ARCHITECTED),
];

/// Starts every collector, those with the longest chains of calls first: theirs decide how long a scan takes, and others
/// fill the time in which AWS is busy with them. What there is once for the account is the first lane's.
pub(super) fn start<'a>(context: &'a Context<'a>) -> Vec<Work<'a>> {
    let mut all: Vec<&'static dyn Collector> = COLLECTORS.iter().map(|(_, collector)| *collector).collect();
    all.sort_by_key(|collector| Reverse(collector.depth()));
    let of_lane = |collector: &'static dyn Collector| {
        let once = if context.lane.is_first() { collector.start(context) } else { None };
        let in_regions: Work<'a> = Box::pin(regions::each(context, |region| collector.in_region(context, region)));
        once.into_iter().chain([in_regions])
    };
    all.into_iter().flat_map(of_lane).collect()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::COLLECTORS;
    use crate::snapshot::{Gathered, Operation};

    #[test]
    fn every_file_of_this_folder_is_a_registered_collector() {
        let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/src/collect/service");
        let files = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
        let files: BTreeSet<String> = files
            .map(|path| path.file_stem().unwrap().to_str().unwrap().to_owned())
            .filter(|name| name != "mod")
            .collect();
        let registered: BTreeSet<String> = COLLECTORS.iter().map(|(name, _)| name.replace('-', "_")).collect();
        assert_eq!(files, registered);
        assert_eq!(registered.len(), COLLECTORS.len(), "a collector is registered twice");
    }

    #[test]
    fn every_live_operation_of_the_table_has_a_collector() {
        for operation in Operation::ALL.iter().filter(|operation| operation.spec().gathered != Gathered::Alternative) {
            let service = operation.spec().service;
            assert!(COLLECTORS.iter().any(|(name, _)| *name == service), "{}", operation.label());
        }
    }
}

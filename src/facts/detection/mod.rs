//! What watches a Region: AWS Config, GuardDuty, Security Hub, Macie and IAM Access Analyzer.

mod analyzer;
mod config;
mod guardduty;
mod hub;

pub use analyzer::{AccessAnalyzer, AnalyzerFinding};
pub use config::{ConfigDelivery, ConfigRecorder};
pub use guardduty::{FindingRule, GuardDutyDetector, GuardDutyFinding};

use super::alerts::Publisher;
use super::event_pattern;
use super::event_rule::Buses;
use super::health_rule::Region;
use super::infrastructure::regional::{Element, Regional};
use super::link;
use super::resource::Resource;
use super::{Fact, List, Observed};
use crate::facts;
use crate::snapshot::{Shape, Snapshot};

facts! {
    /// What watches a Region.
    Detection as "region-detection" {
        /// The recorder of AWS Config that the customer manages; absent when there is none.
        recorder: ConfigRecorder => [ConfigserviceDescribeConfigurationRecorders];
        /// How AWS Config delivers what it records; absent when it has no delivery channel.
        delivery: ConfigDelivery => [ConfigserviceDescribeDeliveryChannels];
        /// GuardDuty's detector; absent when there is none.
        detector: GuardDutyDetector => [GuarddutyListDetectors];
        /// Rules of the default event bus that are meant for GuardDuty's findings.
        finding_rules: List<FindingRule> => [EventsListRules];
        /// True when Security Hub CSPM is on.
        has_security_hub: bool => [SecurityhubDescribeHub];
        /// True when the newer, unified Security Hub is on.
        has_security_hub_v2: bool => [SecurityhubDescribeSecurityHubV2];
        /// `ENABLED` or `PAUSED`: whether Macie is on; absent when it never was.
        macie: String => [Macie2GetMacieSession];
        /// True when an S3 bucket lies in the Region.
        has_bucket: bool => [S3ListBuckets];
        /// Analyzers of IAM Access Analyzer.
        analyzers: List<AccessAnalyzer> => [AccessanalyzerListAnalyzers];
    }

    /// What watches the account as a whole, over the enabled Regions that were asked.
    AccountDetection as "account-detection" {
        /// True when a Region has a recorder of AWS Config that the customer manages.
        has_recorder: bool => [ConfigserviceDescribeConfigurationRecorders];
        /// True when a Region records the four global types of IAM.
        records_global_types: bool => [ConfigserviceDescribeConfigurationRecorders];
        /// True when an analyzer of unused access is active in a Region.
        analyzes_unused_access: bool => [AccessanalyzerListAnalyzers];
    }
}

/// The answers of what watches, read once for all Regions.
pub(crate) struct Watchers<'a> {
    snapshot: &'a Snapshot,
    config: config::Answers<'a>,
    guardduty: guardduty::Answers<'a>,
    analyzers: analyzer::Answers<'a>,
}

impl<'a> Watchers<'a> {
    /// Reads the answers of a snapshot.
    pub(crate) fn read(snapshot: &'a Snapshot) -> Self {
        Self {
            snapshot,
            config: config::Answers::read(snapshot),
            guardduty: guardduty::Answers::read(snapshot),
            analyzers: analyzer::Answers::read(snapshot),
        }
    }

    /// What watches one Region; topics that its rules publish to are noted in `uses`.
    pub(crate) fn in_region(&self, region: &str, buses: &Buses<'_>, uses: &mut Vec<(String, Publisher)>) -> Detection {
        Detection {
            recorder: self.config.recorder(region),
            delivery: self.config.delivery(region),
            detector: self.guardduty.detector(region),
            finding_rules: guardduty::finding_rules(buses.rules(region, &event_pattern::GUARDDUTY, uses)),
            has_security_hub: hub::has_security_hub(self.snapshot, region),
            has_security_hub_v2: hub::has_security_hub_v2(self.snapshot, region),
            macie: hub::macie(self.snapshot, region),
            has_bucket: hub::has_bucket(self.snapshot, region),
            analyzers: self.analyzers.in_region(region),
        }
    }
}

/// The first item of a Region's list that is wanted; absent only when the list is known to hold none.
fn first<'s, 'a, T: Shape + 'a, I>(
    listed: &'s Regional<'a, T, I>,
    region: &str,
    pointer: &'static str,
    wanted: impl Fn(&I) -> bool,
) -> Fact<Element<'s, 'a, T, I>> {
    match (listed.in_region(region).find(|element| wanted(element.item)), listed.gaps_in(region).first()) {
        (Some(element), _) => {
            let origin = element.origin(pointer);
            Fact::present(element, origin)
        }
        (None, Some(gap)) => Fact::unknown(gap.clone()),
        (None, None) => Fact::absent(listed.origin_in(region, "")),
    }
}

/// What watches the account, from what watches its Regions.
pub(crate) fn of_account(regions: &List<Resource<Region>>) -> AccountDetection {
    let asked = || {
        // A Region that may be enabled counts as one: its own answers say what is there.
        let enabled = |region: &&Region| {
            region.is_asked.state.present() == Some(&true) && region.is_enabled.state.present() != Some(&false)
        };
        let detection = |region: &'_ Region| region.detection.state.present().cloned();
        regions.items.iter().map(|region| &region.facts).filter(enabled).filter_map(detection)
    };
    AccountDetection {
        has_recorder: link::any(asked().map(|region| exists(&region.recorder, |_| Observed::Present(true))), &[]),
        records_global_types: link::any(
            asked().map(|region| exists(&region.recorder, |recorder| recorder.records_global_types.state.clone())),
            &[],
        ),
        analyzes_unused_access: link::any(
            asked().map(|region| analyzer::analyzes_unused_access(&region.analyzers)),
            &[],
        ),
    }
}

/// What a record says; false when there is none.
fn exists<T>(fact: &Fact<T>, says: impl Fn(&T) -> Observed<bool>) -> Fact<bool> {
    let state = match &fact.state {
        Observed::Present(value) => says(value),
        Observed::Absent => Observed::Present(false),
        Observed::Unknown(gap) => Observed::Unknown(gap.clone()),
    };
    Fact::new(state, fact.origin)
}

//! AWS Config: the recorder, what it records, and whether what it records arrives.

use super::first;
use crate::facts;
use crate::facts::infrastructure::regional::{Element, Page, Regional};
use crate::facts::{Fact, Gap, List, MEMBER_MISSING, Observed, UNDECIDED};
use crate::snapshot::Snapshot;
use crate::snapshot::shapes::configservice::{
    ConfigurationRecorder, DeliveryChannel, DeliveryChannelStatus, DeliveryInfo, DescribeConfigurationRecorderStatus,
    DescribeConfigurationRecorders, DescribeDeliveryChannelStatus, DescribeDeliveryChannels, RecorderStatus,
};

facts! {
    /// A recorder of AWS Config that the customer manages.
    ConfigRecorder as "config-recorder" {
        /// The recorder's name.
        name: String => [ConfigserviceDescribeConfigurationRecorders];
        /// True when every supported type of resource is recorded but those that are excluded.
        records_all: bool => [ConfigserviceDescribeConfigurationRecorders];
        /// Types of resources that are excluded, as in `AWS::EC2::Volume`.
        excluded_types: List<String> => [ConfigserviceDescribeConfigurationRecorders];
        /// True when users, groups, roles and policies of IAM are recorded here.
        records_global_types: bool => [ConfigserviceDescribeConfigurationRecorders];
        /// The ARN of the role that the recorder uses.
        role: String => [ConfigserviceDescribeConfigurationRecorders];
        /// True when the recorder runs.
        is_recording: bool => [ConfigserviceDescribeConfigurationRecorderStatus];
        /// How the last recording went, in lower case: `pending`, `success` or `failure`.
        last_status: String => [ConfigserviceDescribeConfigurationRecorderStatus];
    }

    /// A delivery channel of AWS Config.
    ConfigDelivery as "config-delivery" {
        /// The channel's name.
        name: String => [ConfigserviceDescribeDeliveryChannels];
        /// True when something was delivered and nothing failed; unknown when nothing was delivered yet.
        is_healthy: bool => [ConfigserviceDescribeDeliveryChannelStatus];
        /// What failed, in words; absent when nothing did.
        problem: String => [ConfigserviceDescribeDeliveryChannelStatus];
    }
}

/// Regions where AWS Config began after February 2022, which cannot record the global types of IAM:
/// <https://docs.aws.amazon.com/config/latest/developerguide/select-resources.html>
const WITHOUT_GLOBAL_TYPES: [&str; 13] = [
    "ap-east-2",
    "ap-south-2",
    "ap-southeast-4",
    "ap-southeast-5",
    "ap-southeast-6",
    "ap-southeast-7",
    "ca-west-1",
    "eu-central-2",
    "eu-south-2",
    "eusc-de-east-1",
    "il-central-1",
    "me-central-1",
    "mx-central-1",
];
const GLOBAL_TYPES: [&str; 4] = ["AWS::IAM::Group", "AWS::IAM::Policy", "AWS::IAM::Role", "AWS::IAM::User"];

type Recorder<'s, 'a> = Element<'s, 'a, DescribeConfigurationRecorders, ConfigurationRecorder>;
type Channel<'s, 'a> = Element<'s, 'a, DescribeDeliveryChannelStatus, DeliveryChannelStatus>;

/// The answers of AWS Config.
pub(super) struct Answers<'a> {
    recorders: Regional<'a, DescribeConfigurationRecorders, ConfigurationRecorder>,
    statuses: Regional<'a, DescribeConfigurationRecorderStatus, RecorderStatus>,
    channels: Regional<'a, DescribeDeliveryChannels, DeliveryChannel>,
    deliveries: Regional<'a, DescribeDeliveryChannelStatus, DeliveryChannelStatus>,
}

impl<'a> Answers<'a> {
    pub(super) fn read(snapshot: &'a Snapshot) -> Self {
        Self {
            recorders: Regional::read(snapshot, |answer: &DescribeConfigurationRecorders| {
                Page::of(answer.configuration_recorders.as_ref(), None)
            }),
            statuses: Regional::read(snapshot, |answer: &DescribeConfigurationRecorderStatus| {
                Page::of(answer.configuration_recorders_status.as_ref(), None)
            }),
            channels: Regional::read(snapshot, |answer: &DescribeDeliveryChannels| {
                Page::of(answer.delivery_channels.as_ref(), None)
            }),
            deliveries: Regional::read(snapshot, |answer: &DescribeDeliveryChannelStatus| {
                Page::of(answer.delivery_channels_status.as_ref(), None)
            }),
        }
    }

    /// The recorder of a Region; those that AWS services keep for themselves are none of the customer's.
    pub(super) fn recorder(&self, region: &str) -> Fact<ConfigRecorder> {
        let pointer = "/ConfigurationRecorders/*";
        let found = first(&self.recorders, region, pointer, |recorder| recorder.service_principal.is_none());
        found.map(|element| self.build(region, &element))
    }

    fn build(&self, region: &str, element: &Recorder<'_, '_>) -> ConfigRecorder {
        let recorder = element.item;
        let status = first(&self.statuses, region, "/ConfigurationRecordersStatus/*", |status| {
            status.service_principal.is_none() && status.name == recorder.name
        });
        let none = || Gap::of_reason(UNDECIDED, "the recorder has no status in the answer");
        let (is_recording, last_status) = match status.state {
            Observed::Present(status) => (
                status.required("/ConfigurationRecordersStatus/*/recording", status.item.recording),
                status.required(
                    "/ConfigurationRecordersStatus/*/lastStatus",
                    // The API writes `Success`, recorded answers `SUCCESS`.
                    status.item.last_status.as_ref().map(|status| status.to_ascii_lowercase()),
                ),
            ),
            Observed::Absent => (Fact::unknown(none()), Fact::unknown(none())),
            Observed::Unknown(gap) => (Fact::unknown(gap.clone()), Fact::unknown(gap)),
        };
        ConfigRecorder {
            name: element.required("/ConfigurationRecorders/*/name", recorder.name.clone()),
            records_all: records_all(element),
            excluded_types: excluded_types(element),
            records_global_types: records_global_types(element, region),
            role: element.required("/ConfigurationRecorders/*/roleARN", recorder.role_arn.clone()),
            is_recording,
            last_status,
        }
    }

    /// The delivery channel of a Region.
    pub(super) fn delivery(&self, region: &str) -> Fact<ConfigDelivery> {
        let found = first(&self.channels, region, "/DeliveryChannels/*", |_| true);
        found.map(|channel| {
            let pointer = "/DeliveryChannelsStatus/*";
            let status = first(&self.deliveries, region, pointer, |status| status.name == channel.item.name);
            let (is_healthy, problem) = match status.state {
                Observed::Present(status) => health(&status),
                Observed::Absent => {
                    let gap = Gap::of_reason(UNDECIDED, "the delivery channel has no status in the answer");
                    (Fact::unknown(gap.clone()), Fact::unknown(gap))
                }
                Observed::Unknown(gap) => (Fact::unknown(gap.clone()), Fact::unknown(gap)),
            };
            let name = channel.required("/DeliveryChannels/*/name", channel.item.name.clone());
            ConfigDelivery { name, is_healthy, problem }
        })
    }
}

/// How the recorder chooses: answers from before strategies existed have only `allSupported`.
fn excludes(recorder: &ConfigurationRecorder) -> bool {
    let strategy = recorder.recording_group.as_ref().and_then(|group| group.recording_strategy.as_ref());
    strategy.and_then(|strategy| strategy.use_only.as_deref()) == Some("EXCLUSION_BY_RESOURCE_TYPES")
}

fn records_all(element: &Recorder<'_, '_>) -> Fact<bool> {
    let pointer = "/ConfigurationRecorders/*/recordingGroup/allSupported";
    let group = element.item.recording_group.as_ref();
    let all = group.and_then(|group| group.all_supported);
    if excludes(element.item) {
        return Fact::present(
            true,
            element.origin("/ConfigurationRecorders/*/recordingGroup/recordingStrategy/useOnly"),
        );
    }
    element.required(pointer, all)
}

fn excluded_types(element: &Recorder<'_, '_>) -> Fact<List<String>> {
    let pointer = "/ConfigurationRecorders/*/recordingGroup/exclusionByResourceTypes/resourceTypes";
    if !excludes(element.item) {
        return Fact::present(List::whole(Vec::new()), element.origin("/ConfigurationRecorders/*/recordingGroup"));
    }
    element.required(pointer, exclusions(element.item).cloned().map(List::whole))
}

fn exclusions(recorder: &ConfigurationRecorder) -> Option<&Vec<String>> {
    recorder.recording_group.as_ref()?.exclusion_by_resource_types.as_ref()?.resource_types.as_ref()
}

/// Global types are recorded when asked for, or with everything that is not excluded:
/// <https://docs.aws.amazon.com/config/latest/APIReference/API_RecordingGroup.html>
fn records_global_types(element: &Recorder<'_, '_>, region: &str) -> Fact<bool> {
    let origin = element.origin("/ConfigurationRecorders/*/recordingGroup");
    if WITHOUT_GLOBAL_TYPES.contains(&region) {
        return Fact::present(false, origin);
    }
    let Some(group) = element.item.recording_group.as_ref() else {
        return Fact::unknown(element.gap(MEMBER_MISSING, "a recorder has no `recordingGroup`"));
    };
    let is_listed =
        |types: Option<&Vec<String>>, name: &str| types.is_some_and(|all| all.iter().any(|one| one == name));
    if excludes(element.item) {
        return match exclusions(element.item) {
            Some(_) => {
                let excluded = GLOBAL_TYPES.iter().any(|name| is_listed(exclusions(element.item), name));
                Fact::present(!excluded, origin)
            }
            None => Fact::unknown(element.gap(MEMBER_MISSING, "a recorder does not say what it excludes")),
        };
    }
    let pointer = "/ConfigurationRecorders/*/recordingGroup/includeGlobalResourceTypes";
    match group.all_supported {
        Some(true) => element.required(pointer, group.include_global_resource_types),
        None => element.required("/ConfigurationRecorders/*/recordingGroup/allSupported", None),
        Some(false) => {
            Fact::present(GLOBAL_TYPES.iter().all(|name| is_listed(group.resource_types.as_ref(), name)), origin)
        }
    }
}

/// Whether deliveries succeed, and what failed. Topics are optional, so their stream may never apply.
fn health(status: &Channel<'_, '_>) -> (Fact<bool>, Fact<String>) {
    let origin = status.origin("/DeliveryChannelsStatus/*");
    let infos = [
        ("history", status.item.config_history_delivery_info.as_ref()),
        ("snapshot", status.item.config_snapshot_delivery_info.as_ref()),
        ("notification", status.item.config_stream_delivery_info.as_ref()),
    ];
    let went =
        |info: &DeliveryInfo, how: &str| info.last_status.as_deref().is_some_and(|is| is.eq_ignore_ascii_case(how));
    let failed =
        infos.iter().find_map(|(what, info)| info.filter(|info| went(info, "failure")).map(|info| (what, info)));
    if let Some((what, info)) = failed {
        let code = info.last_error_code.as_deref().unwrap_or("no error code");
        let problem = format!("the last delivery of its {what} failed ({code})");
        return (Fact::present(false, origin), Fact::present(problem, origin));
    }
    if infos.iter().flat_map(|(_, info)| info).any(|info| went(info, "success")) {
        return (Fact::present(true, origin), Fact::absent(origin));
    }
    let gap = status.gap(UNDECIDED, "nothing was delivered yet");
    (Fact::unknown(gap.clone()), Fact::unknown(gap))
}

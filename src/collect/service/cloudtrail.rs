//! AWS CloudTrail: trails with their status and selectors, and the few events that tell about billing access.

use std::collections::BTreeSet;

use aws_sdk_cloudtrail::Client;
use aws_sdk_cloudtrail::types::{self, LookupAttribute, LookupAttributeKey};
use futures_util::future::{join, join3};
use serde_json::{Map, Value, json};

use super::{Collector, Work, logs, s3api};
use crate::collect::calls::{Call, Calls};
use crate::collect::context::{Context, Next, client, nothing, request};
use crate::collect::convert::{IntoShape, append, shape, words};
use crate::collect::partition::is_region;
use crate::collect::together::all;
use crate::snapshot::shapes::cloudtrail::{
    AdvancedEventSelector, DataResource, DescribeTrails, Event, EventSelector, FieldSelector, GetEventSelectors,
    GetTrailStatus, LookupEvents, Trail,
};
use crate::snapshot::{Operation, Request};

/// Events that show who may use the billing pages. AWS lets two lookups be made in a second, so a third would make every
/// scan wait; the switch is asked for by name, because uses of the pages may be more than are read.
const LOOKED_UP: [(LookupAttributeKey, &str); 2] = [
    (LookupAttributeKey::EventName, "SetIAMAccessPreference"),
    (LookupAttributeKey::EventSource, "billingconsole.amazonaws.com"),
];
/// Pages of 50 events that are read; an answer cut off here keeps its `NextToken`, so that nobody takes it for complete.
const EVENT_PAGES: usize = 4;

/// Event data stores of CloudTrail Lake.
const STORES: Calls = Calls(&[Call::each_region(Operation::CloudtrailListEventDataStores).then(&[Call::about(
    Operation::CloudtrailGetEventDataStore,
    "EventDataStore",
    "/EventDataStores/*/EventDataStoreArn",
)])]);

pub(super) struct CloudTrail;

impl Collector for CloudTrail {
    fn start<'a>(&self, context: &'a Context<'a>) -> Option<Work<'a>> {
        Some(Box::pin(async move {
            let client = client!(context, aws_sdk_cloudtrail, context.leader());
            all(LOOKED_UP.into_iter().map(|(key, value)| events(context, &client, key, value))).await;
        }))
    }

    fn in_region<'a>(&self, context: &'a Context<'a>, region: &'a str) -> Option<Work<'a>> {
        Some(Box::pin(async move {
            join(trails(context, region), STORES.read_in(context, region)).await;
        }))
    }

    fn depth(&self) -> usize {
        5
    }
}

async fn trails(context: &Context<'_>, region: &str) {
    let client = client!(context, aws_sdk_cloudtrail, region);
    let answer = async {
        let output = context
            .send(Operation::CloudtrailDescribeTrails, region, || Box::pin(client.describe_trails().send()))
            .await?;
        Ok(DescribeTrails { trail_list: output.trail_list.shape() })
    };
    let found = |answer: &DescribeTrails| {
        let named = |member: fn(&Trail) -> &Option<String>| -> BTreeSet<String> {
            answer.trail_list.iter().flatten().filter_map(|trail| member(trail).clone()).collect()
        };
        (
            homes(answer, region),
            named(|trail| &trail.s3_bucket_name),
            named(|trail| &trail.cloud_watch_logs_log_group_arn),
        )
    };
    if let Some((trails, buckets, groups)) = context.observe(region, Request::new(), answer, found).await {
        join3(
            all(trails.iter().map(|(arn, home)| trail(context, arn, home))),
            all(buckets.iter().map(|bucket| s3api::follow(context, bucket))),
            all(groups.iter().map(|group| logs::follow(context, group))),
        )
        .await;
    }
}

/// Trails and their home Regions. A multi-Region trail shows in every Region, but its status only at home.
fn homes(answer: &DescribeTrails, seen_in: &str) -> BTreeSet<(String, String)> {
    let home =
        |trail: &Trail| trail.home_region.clone().filter(|home| is_region(home)).unwrap_or_else(|| seen_in.to_owned());
    answer.trail_list.iter().flatten().filter_map(|trail| Some((trail.trail_arn.clone()?, home(trail)))).collect()
}

async fn trail(context: &Context<'_>, arn: &str, region: &str) {
    let client = client!(context, aws_sdk_cloudtrail, region);
    join(status(context, &client, arn, region), selectors(context, &client, arn, region)).await;
}

async fn status(context: &Context<'_>, client: &Client, arn: &str, region: &str) {
    let answer = async {
        let sent = || Box::pin(client.get_trail_status().name(arn).send());
        let output = context.send(Operation::CloudtrailGetTrailStatus, region, sent).await?;
        Ok(GetTrailStatus {
            is_logging: output.is_logging.shape(),
            latest_delivery_error: output.latest_delivery_error.shape(),
            latest_delivery_time: output.latest_delivery_time.shape(),
            latest_digest_delivery_error: output.latest_digest_delivery_error.shape(),
            latest_digest_delivery_time: output.latest_digest_delivery_time.shape(),
            latest_cloud_watch_logs_delivery_error: output.latest_cloud_watch_logs_delivery_error.shape(),
            latest_cloud_watch_logs_delivery_time: output.latest_cloud_watch_logs_delivery_time.shape(),
            start_logging_time: output.start_logging_time.shape(),
            stop_logging_time: output.stop_logging_time.shape(),
        })
    };
    context.observe(region, request([("Name", arn.into())]), answer, nothing).await;
}

async fn selectors(context: &Context<'_>, client: &Client, arn: &str, region: &str) {
    let answer = async {
        let sent = || Box::pin(client.get_event_selectors().trail_name(arn).send());
        let output = context.send(Operation::CloudtrailGetEventSelectors, region, sent).await?;
        Ok(GetEventSelectors {
            trail_arn: output.trail_arn.shape(),
            event_selectors: output.event_selectors.shape(),
            advanced_event_selectors: output.advanced_event_selectors.shape(),
        })
    };
    context.observe(region, request([("TrailName", arn.into())]), answer, nothing).await;
}

async fn events(context: &Context<'_>, client: &Client, key: LookupAttributeKey, value: &str) {
    let region = context.leader();
    let attribute = json!([{ "AttributeKey": key.as_str(), "AttributeValue": value }]);
    let attributes = LookupAttribute::builder().attribute_key(key).attribute_value(value).build();
    // Without its attribute the request would be another one than the snapshot says.
    let Ok(attributes) = attributes else { return };
    let pages_read = std::cell::Cell::new(0_usize);
    let answer = context.pages(
        region,
        LookupEvents::default(),
        |token| {
            let asked = client.lookup_events().lookup_attributes(attributes.clone());
            Box::pin(asked.set_next_token(token).send())
        },
        |all, page| {
            append(&mut all.events, page.events);
            pages_read.set(pages_read.get() + 1);
            if pages_read.get() < EVENT_PAGES {
                return Next::from(page.next_token);
            }
            all.next_token = page.next_token;
            Next::End
        },
    );
    context.observe(region, request([("LookupAttributes", attribute)]), answer, nothing).await;
}

impl IntoShape<Event> for types::Event {
    fn shape(self) -> Option<Event> {
        Some(Event {
            event_id: self.event_id.shape(),
            event_name: self.event_name.shape(),
            event_time: self.event_time.shape(),
            event_source: self.event_source.shape(),
            username: self.username.shape(),
            read_only: self.read_only.shape(),
            cloud_trail_event: self.cloud_trail_event.and_then(|record| reduced(&record)),
        })
    }
}

/// Events whose parameters facts read; those of others may hold anything, secrets included.
const WITH_PARAMETERS: [&str; 2] = ["SetIAMAccessPreference", "EnableBillingAlerts"];

/// A record without what no fact reads: addresses, sessions, key ids and answers stay out of the snapshot.
fn reduced(record: &str) -> Option<String> {
    let Value::Object(mut record) = serde_json::from_str(record).ok()? else { return None };
    let mut kept = Map::new();
    for name in ["eventSource", "eventName", "eventType", "errorCode"] {
        kept.extend(record.remove_entry(name));
    }
    if kept.get("eventName").and_then(Value::as_str).is_some_and(|name| WITH_PARAMETERS.contains(&name)) {
        kept.extend(record.remove_entry("requestParameters"));
    }
    if let Some(Value::Object(mut who)) = record.remove("userIdentity") {
        let who: Map<String, Value> =
            ["type", "arn", "accountId", "invokedBy"].iter().filter_map(|name| who.remove_entry(*name)).collect();
        kept.insert("userIdentity".to_owned(), Value::Object(who));
    }
    Some(Value::Object(kept).to_string())
}

shape! {
    #[expect(deprecated, reason = "the AWS CLI still prints `SnsTopicName`")]
    types::Trail => Trail {
        name, s3_bucket_name, sns_topic_name, sns_topic_arn, include_global_service_events, is_multi_region_trail,
        home_region, trail_arn, log_file_validation_enabled, cloud_watch_logs_log_group_arn, kms_key_id,
        has_custom_event_selectors, is_organization_trail,
    }
    types::EventSelector => EventSelector {
        read_write_type, include_management_events, data_resources, exclude_management_event_sources,
    }
    types::AdvancedEventSelector => AdvancedEventSelector { name, field_selectors }
    types::AdvancedFieldSelector => FieldSelector {
        field, equals, starts_with, ends_with, not_equals, not_starts_with, not_ends_with,
    }
}

impl IntoShape<DataResource> for types::DataResource {
    fn shape(self) -> Option<DataResource> {
        Some(DataResource { kind: self.r#type.shape(), values: self.values.shape() })
    }
}

words!(types::ReadWriteType);

#[cfg(test)]
mod tests {
    use super::{homes, reduced};
    use crate::snapshot::shapes::cloudtrail::{DescribeTrails, Trail};

    #[test]
    fn records_keep_what_facts_read_and_nothing_else() {
        let record = r#"{"eventVersion":"1.08","userIdentity":{"type":"IAMUser","arn":"arn:aws:iam::123456789012:user/a",
            "accountId":"123456789012","accessKeyId":"AKIAIOSFODNN7EXAMPLE","sessionContext":{}},"eventName":"PaymentsGet",
            "sourceIPAddress":"192.0.2.1","errorCode":"AccessDenied","responseElements":{"secret":1}}"#;
        let kept = reduced(record).unwrap();
        assert_eq!(
            kept,
            r#"{"errorCode":"AccessDenied","eventName":"PaymentsGet","userIdentity":{"accountId":"123456789012","arn":"arn:aws:iam::123456789012:user/a","type":"IAMUser"}}"#
        );
        assert_eq!(reduced(&kept), Some(kept));
        assert_eq!(reduced("no json"), None);
    }

    #[test]
    fn a_trail_is_asked_about_where_it_lives() {
        let trail = |home: Option<&str>| Trail {
            trail_arn: Some("arn:t".to_owned()),
            home_region: home.map(str::to_owned),
            ..Trail::default()
        };
        let answer = |trail| DescribeTrails { trail_list: Some(vec![trail]) };
        let home = |answer: &DescribeTrails| homes(answer, "eu-west-1").into_iter().next().map(|(_, home)| home);
        assert_eq!(home(&answer(trail(Some("us-east-1")))).as_deref(), Some("us-east-1"));
        assert_eq!(home(&answer(trail(None))).as_deref(), Some("eu-west-1"));
        assert_eq!(home(&answer(trail(Some("evil.example/")))).as_deref(), Some("eu-west-1"));
    }
}

//! AWS CloudTrail.

use crate::snapshot::Time;

shapes! {
    DescribeTrails {
        #[serde(rename = "trailList", alias = "TrailList")]
        trail_list: Vec<Trail>,
    }
    Trail {
        name: String,
        s3_bucket_name: String,
        sns_topic_name: String,
        #[serde(rename = "SnsTopicARN")]
        sns_topic_arn: String,
        include_global_service_events: bool,
        is_multi_region_trail: bool,
        home_region: String,
        #[serde(rename = "TrailARN")]
        trail_arn: String,
        log_file_validation_enabled: bool,
        cloud_watch_logs_log_group_arn: String,
        kms_key_id: String,
        has_custom_event_selectors: bool,
        is_organization_trail: bool,
    }
    GetTrailStatus {
        is_logging: bool,
        latest_delivery_error: String,
        latest_delivery_time: Time,
        latest_digest_delivery_error: String,
        latest_digest_delivery_time: Time,
        latest_cloud_watch_logs_delivery_error: String,
        latest_cloud_watch_logs_delivery_time: Time,
        start_logging_time: Time,
        stop_logging_time: Time,
    }
    GetEventSelectors {
        #[serde(rename = "TrailARN")]
        trail_arn: String,
        event_selectors: Vec<EventSelector>,
        advanced_event_selectors: Vec<AdvancedEventSelector>,
    }
    EventSelector {
        read_write_type: String,
        include_management_events: bool,
        data_resources: Vec<DataResource>,
        exclude_management_event_sources: Vec<String>,
    }
    DataResource {
        #[serde(rename = "Type")]
        kind: String,
        values: Vec<String>,
    }
    AdvancedEventSelector { name: String, field_selectors: Vec<FieldSelector> }
    FieldSelector {
        field: String,
        equals: Vec<String>,
        starts_with: Vec<String>,
        ends_with: Vec<String>,
        not_equals: Vec<String>,
        not_starts_with: Vec<String>,
        not_ends_with: Vec<String>,
    }
    LookupEvents { events: Vec<Event>, next_token: String }
    /// `CloudTrailEvent` is the record's JSON text, reduced by the collector to the members that facts read.
    Event {
        event_id: String,
        event_name: String,
        event_time: Time,
        event_source: String,
        username: String,
        read_only: String,
        cloud_trail_event: String,
    }
    ListEventDataStores { event_data_stores: Vec<EventDataStore>, next_token: String }
    EventDataStore { event_data_store_arn: String, name: String }
    GetEventDataStore { event_data_store_arn: String, name: String, status: String, kms_key_id: String }
}

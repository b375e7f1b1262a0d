//! AWS Config. Lists begin in upper case, what stands in them in lower case.

shapes! {
    DescribeConfigurationRecorders { configuration_recorders: Vec<ConfigurationRecorder> }
    DescribeConfigurationRecorderStatus { configuration_recorders_status: Vec<RecorderStatus> }
    DescribeDeliveryChannels { delivery_channels: Vec<DeliveryChannel> }
    DescribeDeliveryChannelStatus { delivery_channels_status: Vec<DeliveryChannelStatus> }
}

camel_case_shapes! {
    ConfigurationRecorder {
        name: String,
        #[serde(rename = "roleARN")]
        role_arn: String,
        recording_group: RecordingGroup,
        service_principal: String,
    }
    RecordingGroup {
        all_supported: bool,
        include_global_resource_types: bool,
        resource_types: Vec<String>,
        exclusion_by_resource_types: ExclusionByResourceTypes,
        recording_strategy: RecordingStrategy,
    }
    ExclusionByResourceTypes { resource_types: Vec<String> }
    RecordingStrategy { use_only: String }
    RecorderStatus { name: String, recording: bool, last_status: String, service_principal: String }
    DeliveryChannel { name: String, s3_bucket_name: String }
    DeliveryChannelStatus {
        name: String,
        config_snapshot_delivery_info: DeliveryInfo,
        config_history_delivery_info: DeliveryInfo,
        config_stream_delivery_info: DeliveryInfo,
    }
    DeliveryInfo { last_status: String, last_error_code: String }
}

//! AWS Key Management Service.

shapes! {
    DescribeKey { key_metadata: KeyMetadata }
    KeyMetadata {
        #[serde(rename = "AWSAccountId")]
        aws_account_id: String,
        key_id: String,
        arn: String,
        key_manager: String,
        key_state: String,
        key_spec: String,
        origin: String,
        multi_region: bool,
    }
    GetKeyPolicy { policy: String }
    ListKeys { keys: Vec<KeyListEntry>, truncated: bool, next_marker: String }
    KeyListEntry { key_id: String, key_arn: String }
    GetKeyRotationStatus { key_rotation_enabled: bool, rotation_period_in_days: i64 }
}

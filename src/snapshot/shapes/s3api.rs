//! Amazon S3: buckets and their settings.

use super::s3control::PublicAccessBlockConfiguration;

shapes! {
    ListBuckets { buckets: Vec<Bucket>, continuation_token: String }
    Bucket { name: String, bucket_region: String }
    GetPublicAccessBlock { public_access_block_configuration: PublicAccessBlockConfiguration }
    GetBucketPolicy { policy: String }
    GetBucketPolicyStatus { policy_status: PolicyStatus }
    PolicyStatus { is_public: bool }
    GetBucketAcl { grants: Vec<Grant> }
    Grant { grantee: Grantee, permission: String }
    Grantee {
        #[serde(rename = "Type")]
        kind: String,
        #[serde(rename = "URI")]
        uri: String,
    }
    GetBucketLogging { logging_enabled: LoggingEnabled }
    LoggingEnabled { target_bucket: String }
    GetBucketVersioning {
        status: String,
        #[serde(rename = "MFADelete")]
        mfa_delete: String,
    }
    GetBucketEncryption { server_side_encryption_configuration: ServerSideEncryptionConfiguration }
    ServerSideEncryptionConfiguration { rules: Vec<ServerSideEncryptionRule> }
    ServerSideEncryptionRule { apply_server_side_encryption_by_default: ServerSideEncryptionByDefault }
    ServerSideEncryptionByDefault {
        #[serde(rename = "SSEAlgorithm")]
        sse_algorithm: String,
    }
    GetBucketLifecycleConfiguration { rules: Vec<LifecycleRule> }
    LifecycleRule { status: String }
    GetObjectLockConfiguration { object_lock_configuration: ObjectLockConfiguration }
    ObjectLockConfiguration { object_lock_enabled: String, rule: ObjectLockRule }
    ObjectLockRule { default_retention: DefaultRetention }
    DefaultRetention { mode: String }
}

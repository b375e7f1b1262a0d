//! Amazon S3: settings of the account.

shapes! {
    GetPublicAccessBlock { public_access_block_configuration: PublicAccessBlockConfiguration }
    PublicAccessBlockConfiguration {
        block_public_acls: bool,
        ignore_public_acls: bool,
        block_public_policy: bool,
        restrict_public_buckets: bool,
    }
}

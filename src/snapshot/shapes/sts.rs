//! AWS Security Token Service.

shapes! {
    GetCallerIdentity { user_id: String, account: String, arn: String }
}

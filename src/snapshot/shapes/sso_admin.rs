//! AWS IAM Identity Center.

shapes! {
    ListInstances { instances: Vec<Instance>, next_token: String }
    Instance { instance_arn: String, owner_account_id: String, status: String }
}

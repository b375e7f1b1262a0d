//! AWS Organizations.

use crate::snapshot::Time;

shapes! {
    DescribeOrganization { organization: Organization }
    Organization { id: String, arn: String, feature_set: String, master_account_arn: String, master_account_id: String }
    DescribeAccount { account: Account }
    Account {
        id: String,
        arn: String,
        email: String,
        name: String,
        status: String,
        joined_method: String,
        joined_timestamp: Time,
    }
}

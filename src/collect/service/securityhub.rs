//! AWS Security Hub: whether it is on.

use crate::collect::calls::{Call, Calls};
use crate::snapshot::Operation;

pub(super) const SECURITY_HUB: Calls = Calls(&[
    Call::each_region(Operation::SecurityhubDescribeHub),
    Call::each_region(Operation::SecurityhubDescribeSecurityHubV2),
]);

//! Amazon RDS: database instances, and the parameters of the groups that they use.

use crate::collect::calls::{Call, Calls, Input};
use crate::snapshot::Operation;

const HUNDRED: &[(&str, Input)] = &[("MaxRecords", Input::Number(100))];

pub(super) const RDS: Calls =
    Calls(&[Call::each_region(Operation::RdsDescribeDbInstances).telling(HUNDRED).then(&[Call::about(
        Operation::RdsDescribeDbParameters,
        "DBParameterGroupName",
        "/DBInstances/*/DBParameterGroups/*/DBParameterGroupName",
    )
    .telling(HUNDRED)])]);

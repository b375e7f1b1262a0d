//! Elastic Load Balancing: load balancers and what they log.

use crate::collect::calls::{Call, Calls};
use crate::snapshot::Operation;

pub(super) const ELBV2: Calls =
    Calls(&[Call::each_region(Operation::Elbv2DescribeLoadBalancers).then(&[Call::about(
        Operation::Elbv2DescribeLoadBalancerAttributes,
        "LoadBalancerArn",
        "/LoadBalancers/*/LoadBalancerArn",
    )])]);

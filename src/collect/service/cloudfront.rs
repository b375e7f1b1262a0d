//! Amazon CloudFront: distributions and what they log.

use crate::collect::calls::{Call, Calls};
use crate::snapshot::Operation;

pub(super) const CLOUDFRONT: Calls = Calls(&[Call::once(Operation::CloudfrontListDistributions).then(&[Call::about(
    Operation::CloudfrontGetDistributionConfig,
    "Id",
    "/DistributionList/Items/*/Id",
)])]);

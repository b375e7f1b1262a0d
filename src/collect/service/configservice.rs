//! AWS Config: recorders and delivery channels, and how they fare.

use crate::collect::calls::{Call, Calls};
use crate::snapshot::Operation;

pub(super) const CONFIG: Calls = Calls(&[
    Call::each_region(Operation::ConfigserviceDescribeConfigurationRecorders),
    Call::each_region(Operation::ConfigserviceDescribeConfigurationRecorderStatus),
    Call::each_region(Operation::ConfigserviceDescribeDeliveryChannels),
    Call::each_region(Operation::ConfigserviceDescribeDeliveryChannelStatus),
]);

//! Amazon EFS: file systems.

use crate::collect::calls::{Call, Calls};
use crate::snapshot::Operation;

pub(super) const EFS: Calls = Calls(&[Call::each_region(Operation::EfsDescribeFileSystems)]);

//! AWS IAM Identity Center: its instances.

use crate::collect::calls::{Call, Calls};
use crate::snapshot::Operation;

pub(super) const IDENTITY_CENTER: Calls = Calls(&[Call::each_region(Operation::SsoAdminListInstances)]);

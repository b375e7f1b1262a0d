//! Amazon Macie: whether it is on.

use crate::collect::calls::{Call, Calls};
use crate::snapshot::Operation;

pub(super) const MACIE: Calls = Calls(&[Call::each_region(Operation::Macie2GetMacieSession)]);

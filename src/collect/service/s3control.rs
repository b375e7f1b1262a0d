//! Amazon S3: settings of the account.

use crate::collect::calls::{Call, Calls, Input};
use crate::snapshot::Operation;

pub(super) const S3_CONTROL: Calls =
    Calls(&[Call::once(Operation::S3controlGetPublicAccessBlock).asking(&[("AccountId", Input::Account)])]);

//! AWS STS: whose account this is. Asked when the session opens, because nothing can be read without the answer.

use super::Collector;

pub(super) struct Sts;

impl Collector for Sts {}

//! Amazon API Gateway: the stages of REST APIs.

use crate::collect::calls::{Call, Calls, Input};
use crate::snapshot::Operation;

pub(super) const API_GATEWAY: Calls = Calls(&[Call::each_region(Operation::ApigatewayGetRestApis)
    .telling(&[("limit", Input::Number(500))])
    .then(&[Call::about(Operation::ApigatewayGetStages, "restApiId", "/items/*/id")])]);

//! Amazon API Gateway: the stages of HTTP and WebSocket APIs.

use crate::collect::calls::{Call, Calls};
use crate::snapshot::Operation;

pub(super) const API_GATEWAY_V2: Calls = Calls(&[Call::each_region(Operation::Apigatewayv2GetApis)
    .then(&[Call::about(Operation::Apigatewayv2GetStages, "ApiId", "/Items/*/ApiId")])]);

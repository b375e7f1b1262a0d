//! Amazon API Gateway: HTTP and WebSocket APIs.

shapes! {
    GetApis { items: Vec<Api>, next_token: String }
    Api { api_id: String, name: String }
    GetStages { items: Vec<Stage>, next_token: String }
    Stage { stage_name: String, access_log_settings: AccessLogSettings }
    AccessLogSettings { destination_arn: String }
}

//! Amazon API Gateway: REST APIs. The members of this service begin in lower case.

shapes! {
    GetRestApis {
        #[serde(rename = "items")]
        items: Vec<RestApi>,
        #[serde(rename = "position")]
        position: String,
    }
    RestApi {
        #[serde(rename = "id")]
        id: String,
        #[serde(rename = "name")]
        name: String,
    }
    GetStages {
        #[serde(rename = "item")]
        item: Vec<Stage>,
    }
    Stage {
        #[serde(rename = "stageName")]
        stage_name: String,
        #[serde(rename = "accessLogSettings")]
        access_log_settings: AccessLogSettings,
    }
    AccessLogSettings {
        #[serde(rename = "destinationArn")]
        destination_arn: String,
    }
}

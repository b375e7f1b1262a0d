//! AWS's protocols: Query (IAM, STS, SNS, RDS, load balancers), EC2's own, REST XML (S3, CloudFront), JSON (most), REST JSON
//! (Account, EFS, API Gateway) and RPC v2 CBOR (CloudWatch).

use base64::Engine;
use serde_json::{Map, Value, json};

use super::{Request, Response, cbor, names, routes, xml};

const TOKENS: [&str; 6] = ["Marker", "NextToken", "nextToken", "NextPageToken", "ContinuationToken", "position"];

/// What somebody asked.
#[derive(Debug, Clone)]
pub(crate) struct Call {
    /// The service as the AWS CLI spells its command.
    pub(crate) service: String,
    pub(crate) operation: String,
    pub(crate) region: String,
    /// The request's members, as the AWS CLI would take them.
    pub(crate) members: Value,
    /// Id of the access key that signed the request.
    pub(crate) key: String,
    protocol: Protocol,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Protocol {
    Query,
    Ec2,
    RestXml,
    Json,
    RestJson,
    Cbor,
}

impl Call {
    pub(super) fn of(request: &Request) -> Self {
        let scope = request.header("authorization").and_then(|text| text.split_once("Credential="));
        let scope: Vec<&str> = scope.map_or_else(Vec::new, |(_, scope)| scope.split(['/', ',']).collect());
        let service = match scope.get(3).copied().unwrap_or("unsigned") {
            "monitoring" => "cloudwatch",
            "access-analyzer" => "accessanalyzer",
            "config" => "configservice",
            "sso" => "sso-admin",
            "elasticloadbalancing" => "elbv2",
            "elasticfilesystem" => "efs",
            "apigateway" if request.path.starts_with("/v2/") => "apigatewayv2",
            "s3" if request.path.starts_with("/v20180820/") => "s3control",
            "s3" => "s3api",
            service => service,
        };
        let (protocol, operation, members) = if let Some(target) = request.header("x-amz-target") {
            (Protocol::Json, target.rsplit('.').next().unwrap().to_owned(), json_members(&request.body))
        } else if let Some((_, operation)) = request.path.split_once("/operation/") {
            (Protocol::Cbor, operation.to_owned(), cbor::decode(&request.body))
        } else if request.header("content-type").is_some_and(|kind| kind.contains("form-urlencoded")) {
            let members = query_members(&request.body);
            let protocol = if service == "ec2" { Protocol::Ec2 } else { Protocol::Query };
            (protocol, members["Action"].as_str().unwrap().to_owned(), members)
        } else {
            let protocol = if ["s3api", "s3control", "cloudfront"].contains(&service) {
                Protocol::RestXml
            } else {
                Protocol::RestJson
            };
            let (operation, mut members) =
                routes::find(service, &request.method, &request.path).unwrap_or(("NoSuchRoute", Map::new()));
            if request.method != "GET" {
                members.extend(names::members(service, json_members(&request.body)));
            }
            let headers =
                request.headers.iter().map(|(name, value)| (routes::member(name), Value::from(value.as_str())));
            members.extend(headers.filter(|(name, _)| name == "AccountId"));
            (protocol, operation.to_owned(), Value::Object(members))
        };
        let region = scope.get(2).copied().unwrap_or("unsigned").to_owned();
        let key = scope.first().copied().unwrap_or("unsigned").to_owned();
        Self { service: service.to_owned(), operation, region, members, key, protocol }
    }

    /// The same call without a page's token.
    pub(crate) fn first_page(&self) -> Self {
        let mut call = self.clone();
        for name in TOKENS {
            call.members.as_object_mut().unwrap().remove(name);
        }
        call
    }

    /// The page that is asked for.
    pub(crate) fn token(&self) -> Option<&str> {
        TOKENS.iter().find_map(|name| self.members.get(*name)?.as_str())
    }

    pub(super) fn answer(&self, answer: &Value) -> Response {
        match self.protocol {
            Protocol::Query => xml_response(200, xml::answer(&self.service, &self.operation, answer)),
            Protocol::Ec2 => xml_response(200, xml::ec2_answer(&self.operation, answer)),
            Protocol::RestXml => xml_response(200, xml::rest_answer(&self.service, &self.operation, answer)),
            Protocol::Json => json_response(200, &with_epoch_times(answer)),
            Protocol::RestJson => json_response(200, &on_the_wire(&self.service, &with_epoch_times(answer))),
            Protocol::Cbor => cbor_response(200, &with_epoch_times(answer)),
        }
    }

    pub(super) fn refusal(&self, status: u16, code: &str, message: &str) -> Response {
        let body = json!({ "__type": code, "message": message });
        match self.protocol {
            Protocol::Query => xml_response(status, xml::refusal(code, message)),
            Protocol::Ec2 => xml_response(status, xml::ec2_refusal(code, message)),
            Protocol::RestXml if self.service == "s3api" => xml_response(status, xml::s3_refusal(code, message)),
            Protocol::RestXml => xml_response(status, xml::refusal(code, message)),
            Protocol::Json => json_response(status, &body),
            Protocol::RestJson => {
                let mut response = json_response(status, &json!({ "message": message }));
                response.headers.push(("x-amzn-errortype", format!("{code}:https://stub.example/")));
                response
            }
            Protocol::Cbor => {
                let mut response = cbor_response(status, &body);
                response.headers.push(("x-amzn-query-error", format!("{code};Sender")));
                response
            }
        }
    }
}

fn xml_response(status: u16, body: Vec<u8>) -> Response {
    Response { status, headers: vec![("content-type", "text/xml".to_owned())], body }
}

/// An answer with the names that REST JSON gives its members.
fn on_the_wire(service: &str, value: &Value) -> Value {
    match value {
        Value::Object(members) => {
            let renamed =
                |(name, member): (&String, &Value)| (names::rest_json(service, name), on_the_wire(service, member));
            members.iter().map(renamed).collect()
        }
        Value::Array(items) => items.iter().map(|item| on_the_wire(service, item)).collect(),
        other => other.clone(),
    }
}

fn json_response(status: u16, body: &Value) -> Response {
    let headers = vec![("content-type", "application/x-amz-json-1.1".to_owned())];
    Response { status, headers, body: body.to_string().into_bytes() }
}

fn cbor_response(status: u16, body: &Value) -> Response {
    let headers = vec![("content-type", "application/cbor".to_owned()), ("smithy-protocol", "rpc-v2-cbor".to_owned())];
    Response { status, headers, body: cbor::encode(body) }
}

fn json_members(body: &[u8]) -> Value {
    if body.is_empty() { json!({}) } else { serde_json::from_slice(body).unwrap() }
}

/// `Filter.member.1=User&MaxItems=1000` as members.
fn query_members(body: &[u8]) -> Value {
    let mut members = Map::new();
    for pair in std::str::from_utf8(body).unwrap().split('&') {
        let (name, value) = pair.split_once('=').unwrap();
        let value = Value::String(form_decoded(value));
        match name.split_once(".member.") {
            Some((list, _)) => {
                let list = members.entry(list).or_insert_with(|| json!([]));
                list.as_array_mut().unwrap().push(value);
            }
            None => drop(members.insert(name.to_owned(), value)),
        }
    }
    Value::Object(members)
}

pub(super) fn form_decoded(text: &str) -> String {
    let mut bytes = text.bytes();
    let mut decoded = Vec::new();
    while let Some(byte) = bytes.next() {
        match byte {
            b'+' => decoded.push(b' '),
            b'%' => {
                let hex = [bytes.next().unwrap(), bytes.next().unwrap()];
                decoded.push(u8::from_str_radix(std::str::from_utf8(&hex).unwrap(), 16).unwrap());
            }
            _ => decoded.push(byte),
        }
    }
    String::from_utf8(decoded).unwrap()
}

/// JSON and CBOR carry times as seconds since 1970.
fn with_epoch_times(value: &Value) -> Value {
    match value {
        Value::Object(members) => {
            let time =
                |name: &str, member: &Value| epoch_time(name, member).unwrap_or_else(|| with_epoch_times(member));
            members.iter().map(|(name, member)| (name.clone(), time(name, member))).collect()
        }
        Value::Array(items) => items.iter().map(with_epoch_times).collect(),
        other => other.clone(),
    }
}

fn epoch_time(name: &str, value: &Value) -> Option<Value> {
    let is_time = ["Time", "Timestamp", "Date", "Start", "End"].iter().any(|ending| name.ends_with(ending));
    let time: jiff::Timestamp = value.as_str().filter(|_| is_time)?.parse().ok()?;
    #[expect(clippy::cast_precision_loss, reason = "AWS sends times as floats, to the millisecond")]
    let seconds = time.as_millisecond() as f64 / 1000.0;
    Some(json!(seconds))
}

/// Bytes as the Query protocol carries them.
pub(super) fn base64(text: &str) -> String {
    base64::engine::general_purpose::STANDARD.encode(text)
}

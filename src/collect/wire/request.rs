//! Requests: an operation's input as HTTP, for each of AWS's protocols.

use std::fmt::Write as _;

use aws_smithy_runtime_api::client::orchestrator::HttpRequest;
use aws_smithy_types::body::SdkBody;
use serde_json::{Map, Value};

use super::model::{Call, Input, Kind, Member, Place, Protocol, Service, Shape};
use crate::snapshot::Request;

/// An HTTP request, as far as the protocols make it.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Draft {
    pub(super) method: String,
    /// Path and query.
    pub(super) target: String,
    pub(super) headers: Vec<(String, String)>,
    pub(super) body: String,
}

/// Writes down what is asked. A bucket that stands in the host's name is left out of the path.
pub(super) fn draft(
    service: &Service,
    name: &str,
    call: &Call,
    input: &Request,
    bucket_in_host: bool,
) -> Result<Draft, String> {
    let mut headers = Vec::new();
    let mut target = call.uri.clone();
    if bucket_in_host {
        target = target.replacen("/{Bucket}", "/", 1).replacen("//", "/", 1);
    }
    let mut query = Vec::new();
    let mut body = Map::new();
    let mut form = vec![("Action".to_owned(), name.to_owned()), ("Version".to_owned(), service.version.clone())];
    for (member, value) in input {
        let known = call.input.get(member);
        if known.is_none() && service.protocol != Protocol::Json {
            return Err(format!("model.json has no input `{member}` of {name}"));
        }
        let place = known.map_or(Place::Body, |input| input.place);
        let wire = known.map_or(member.as_str(), |input| input.name(member));
        match (place, known) {
            (Place::Uri, _) => target = in_path(&target, wire, &text(value)?),
            (Place::QueryString, _) => {
                query.extend(texts(value)?.into_iter().map(|text| (wire.to_owned(), text)));
            }
            (Place::Header | Place::Headers, _) => headers.push((wire.to_ascii_lowercase(), text(value)?)),
            (Place::Body, Some(input)) if matches!(service.protocol, Protocol::Query | Protocol::Ec2) => {
                flatten(&mut form, input, wire, value)?;
            }
            (Place::Body, known) => {
                let kind = service.kind(known.and_then(|input| input.shape.as_deref()))?;
                body.insert(wire.to_owned(), renamed(service, kind, value)?);
            }
        }
    }
    for (name, value) in query {
        let separator = if target.contains('?') { '&' } else { '?' };
        write!(target, "{separator}{}={}", encoded(&name), encoded(&value)).map_err(|error| error.to_string())?;
    }
    if target.contains('{') && !target.contains("{AccountId}") {
        return Err(format!("`{target}` of {name} lacks an input"));
    }
    let body = match service.protocol {
        Protocol::Query | Protocol::Ec2 => {
            headers.push(("content-type".to_owned(), "application/x-www-form-urlencoded".to_owned()));
            let pairs = form.iter().map(|(name, value)| format!("{}={}", encoded(name), encoded(value)));
            pairs.collect::<Vec<_>>().join("&")
        }
        Protocol::Json => {
            headers.push(("content-type".to_owned(), format!("application/x-amz-json-{}", service.json)));
            headers.push(("x-amz-target".to_owned(), format!("{}.{name}", service.target)));
            Value::Object(body).to_string()
        }
        Protocol::RestJson if call.method != "GET" => {
            headers.push(("content-type".to_owned(), "application/json".to_owned()));
            Value::Object(body).to_string()
        }
        Protocol::RestJson | Protocol::RestXml => String::new(),
    };
    Ok(Draft { method: call.method.clone(), target, headers, body })
}

/// A value with the wire's names in place of the AWS CLI's.
fn renamed(service: &Service, kind: Kind<'_>, value: &Value) -> Result<Value, String> {
    let part = |member: &Member, value| renamed(service, service.kind(member.shape.as_deref())?, value);
    Ok(match (kind, value) {
        (Kind::Shape(Shape::Structure { members }), Value::Object(object)) => {
            let named = object.iter().map(|(name, value)| {
                let member = members.get(name).ok_or_else(|| format!("model.json has no input `{name}`"))?;
                Ok((member.name(name).to_owned(), part(member, value)?))
            });
            Value::Object(named.collect::<Result<Map<_, _>, String>>()?)
        }
        (Kind::Shape(Shape::List { item, .. }), Value::Array(items)) => {
            items.iter().map(|value| part(item, value)).collect::<Result<Vec<_>, _>>()?.into()
        }
        (Kind::Shape(Shape::Map { value: of, .. }), Value::Object(object)) => {
            let named = object.iter().map(|(name, value)| Ok((name.clone(), part(of, value)?)));
            Value::Object(named.collect::<Result<Map<_, _>, String>>()?)
        }
        (_, value) => value.clone(),
    })
}

impl Draft {
    /// The request that the HTTP client sends, its host left to the endpoint.
    pub(super) fn into_http(self) -> Result<HttpRequest, String> {
        let mut request = HttpRequest::new(SdkBody::from(self.body.clone()));
        request.set_method(&self.method).map_err(|error| error.to_string())?;
        request.set_uri(self.target).map_err(|error| error.to_string())?;
        for (name, value) in self.headers {
            request.headers_mut().try_insert(name, value).map_err(|error| error.to_string())?;
        }
        if self.method != "GET" {
            request.headers_mut().insert("content-length", self.body.len().to_string());
        }
        Ok(request)
    }
}

/// `Filter.1=…`, or `Filter.member.1=…` for Query's lists that are not flattened.
fn flatten(form: &mut Vec<(String, String)>, input: &Input, wire: &str, value: &Value) -> Result<(), String> {
    let Value::Array(items) = value else {
        form.push((wire.to_owned(), text(value)?));
        return Ok(());
    };
    for (index, item) in items.iter().enumerate() {
        let place = input.item.as_ref().map_or_else(|| wire.to_owned(), |item| format!("{wire}.{item}"));
        form.push((format!("{place}.{}", index + 1), text(item)?));
    }
    Ok(())
}

fn in_path(target: &str, wire: &str, value: &str) -> String {
    let greedy = value.split('/').map(encoded).collect::<Vec<_>>().join("/");
    target.replace(&format!("{{{wire}}}"), &encoded(value)).replace(&format!("{{{wire}+}}"), &greedy)
}

fn texts(value: &Value) -> Result<Vec<String>, String> {
    match value {
        Value::Array(items) => items.iter().map(text).collect(),
        other => Ok(vec![text(other)?]),
    }
}

fn text(value: &Value) -> Result<String, String> {
    match value {
        Value::String(text) => Ok(text.clone()),
        Value::Bool(_) | Value::Number(_) => Ok(value.to_string()),
        Value::Null | Value::Array(_) | Value::Object(_) => Err(format!("`{value}` has no place in this request")),
    }
}

/// Percent-encoding as signatures want it: everything but letters, digits and `-_.~`.
fn encoded(text: &str) -> String {
    let mut encoded = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-_.~".contains(&byte) {
            encoded.push(char::from(byte));
        } else {
            // Writing to a string cannot fail.
            write!(encoded, "%{byte:02X}").ok();
        }
    }
    encoded
}

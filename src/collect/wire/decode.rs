//! Answers as the AWS CLI prints them: wire names become the CLI's, text becomes what the model says it is.

use serde_json::{Map, Value};

use super::model::{Call, Kind, Member, Protocol, Service, Shape};
use super::xml::{self, Element};

/// Turns the body of a success into the CLI's JSON.
pub(super) fn answer(service: &Service, name: &str, call: &Call, body: &[u8]) -> Result<Value, String> {
    match service.protocol {
        Protocol::Json => object(body),
        Protocol::RestJson => {
            let Some(output) = &call.output else { return object(body) };
            let value = of_json(service, service.kind(Some(output))?, object(body)?)?;
            Ok(in_payload(call, value))
        }
        Protocol::RestXml => match (&call.output, &call.root) {
            (Some(output), Some(root)) => {
                let element = rooted(xml::parse(body)?, root)?;
                let value = of_xml(service, service.kind(Some(output))?, &element, output)?;
                Ok(in_payload(call, value))
            }
            _ => document(call, body),
        },
        Protocol::Query | Protocol::Ec2 => {
            let root = rooted(xml::parse(body)?, &format!("{name}Response"))?;
            let result = match &call.wrapper {
                Some(wrapper) => root.child(wrapper).ok_or_else(|| format!("the answer has no `{wrapper}`"))?,
                None => &root,
            };
            let Some(output) = &call.output else { return Ok(Value::Object(Map::new())) };
            of_xml(service, service.kind(Some(output))?, result, output)
        }
    }
}

fn in_payload(call: &Call, value: Value) -> Value {
    match &call.payload {
        Some(member) => Value::Object([(member.clone(), value)].into_iter().collect()),
        None => value,
    }
}

/// A body that is one member's text, as a bucket's policy is: JSON, or something went wrong on its way.
fn document(call: &Call, body: &[u8]) -> Result<Value, String> {
    object(body)?;
    let text = String::from_utf8_lossy(body).into_owned();
    Ok(in_payload(call, Value::String(text)))
}

fn object(body: &[u8]) -> Result<Value, String> {
    match serde_json::from_slice(body) {
        Ok(value @ Value::Object(_)) => Ok(value),
        Ok(_) => Err("the answer is no JSON object".to_owned()),
        Err(error) => Err(format!("the answer is not JSON: {error}")),
    }
}

fn rooted(element: Element, name: &str) -> Result<Element, String> {
    if element.name == name {
        return Ok(element);
    }
    Err(format!("the answer is a `{}`, not a `{name}`", element.name))
}

fn of_xml(service: &Service, kind: Kind<'_>, element: &Element, name: &str) -> Result<Value, String> {
    match kind {
        Kind::Shape(Shape::Structure { members }) => {
            let mut object = Map::new();
            for (name, member) in members {
                if let Some(value) = member_of_xml(service, name, member, element)? {
                    object.insert(name.clone(), value);
                }
            }
            Ok(Value::Object(object))
        }
        Kind::Shape(Shape::List { item, .. }) => {
            let items = element.children.iter();
            items.map(|child| of_xml(service, service.kind(item.shape.as_deref())?, child, name)).collect()
        }
        Kind::Shape(Shape::Map { key, value, .. }) => entries(service, key, value, element.all("entry"), name),
        scalar => of_text(scalar, &element.text, name),
    }
}

/// One member of a structure; `None` when the element does not hold it.
fn member_of_xml(service: &Service, name: &str, member: &Member, element: &Element) -> Result<Option<Value>, String> {
    let wire = member.name(name);
    if member.attribute {
        return Ok(element.attribute(wire).map(Value::from));
    }
    let kind = service.kind(member.shape.as_deref())?;
    match kind {
        Kind::Shape(Shape::List { item, flat: true }) => {
            let items =
                element.all(wire).map(|child| of_xml(service, service.kind(item.shape.as_deref())?, child, name));
            let items = items.collect::<Result<Vec<_>, _>>()?;
            Ok(if items.is_empty() { None } else { Some(Value::Array(items)) })
        }
        Kind::Shape(Shape::Map { key, value, flat: true }) => {
            if element.child(wire).is_none() {
                return Ok(None);
            }
            entries(service, key, value, element.all(wire), name).map(Some)
        }
        _ => element.child(wire).map(|child| of_xml(service, kind, child, name)).transpose(),
    }
}

fn entries<'a>(
    service: &Service,
    key: &Member,
    value: &Member,
    entries: impl Iterator<Item = &'a Element>,
    name: &str,
) -> Result<Value, String> {
    let kind = service.kind(value.shape.as_deref())?;
    let entry = |entry: &Element| {
        let part = |member: &Member, name| entry.child(member.name(name));
        let (Some(key), Some(value)) = (part(key, "key"), part(value, "value")) else {
            return Err(format!("an entry of `{name}` is not whole"));
        };
        Ok((key.text.clone(), of_xml(service, kind, value, name)?))
    };
    Ok(Value::Object(entries.map(entry).collect::<Result<Map<_, _>, _>>()?))
}

fn of_text(kind: Kind<'_>, text: &str, name: &str) -> Result<Value, String> {
    let wrong = |wanted| format!("`{name}` is {text:?}, which is no {wanted}");
    Ok(match kind {
        Kind::Boolean => match text.trim() {
            "true" => Value::Bool(true),
            "false" => Value::Bool(false),
            _ => return Err(wrong("boolean")),
        },
        Kind::Integer => Value::from(text.trim().parse::<i64>().map_err(|_| wrong("integer"))?),
        Kind::Float => Value::from(text.trim().parse::<f64>().map_err(|_| wrong("number"))?),
        Kind::Text | Kind::Timestamp | Kind::Blob | Kind::Shape(_) => Value::from(text),
    })
}

fn of_json(service: &Service, kind: Kind<'_>, value: Value) -> Result<Value, String> {
    Ok(match (kind, value) {
        (Kind::Shape(Shape::Structure { members }), Value::Object(mut object)) => {
            let mut named = Map::new();
            for (name, member) in members {
                // An explicit null says what a missing member says, and the AWS CLI prints neither.
                if let Some(value) = object.remove(member.name(name)).filter(|value| !value.is_null()) {
                    named.insert(name.clone(), of_json(service, service.kind(member.shape.as_deref())?, value)?);
                }
            }
            Value::Object(named)
        }
        (Kind::Shape(Shape::List { item, .. }), Value::Array(items)) => {
            let kind = service.kind(item.shape.as_deref())?;
            items.into_iter().map(|item| of_json(service, kind, item)).collect::<Result<Vec<_>, _>>()?.into()
        }
        (Kind::Shape(Shape::Map { value, .. }), Value::Object(object)) => {
            let kind = service.kind(value.shape.as_deref())?;
            let entries = object.into_iter().map(|(key, value)| Ok((key, of_json(service, kind, value)?)));
            Value::Object(entries.collect::<Result<Map<_, _>, String>>()?)
        }
        // What is of another type than the model says is refused where the shape is read, with its place.
        (_, value) => value,
    })
}

/// A refusal: code, message and, where S3 says it, the Region that would have answered.
#[derive(Debug, Default, PartialEq)]
pub(super) struct Refusal {
    pub(super) code: Option<String>,
    pub(super) message: Option<String>,
    pub(super) region: Option<String>,
}

/// Reads what AWS says when it refuses.
pub(super) fn refusal(protocol: Protocol, header: Option<&str>, body: &[u8]) -> Refusal {
    match protocol {
        Protocol::Json | Protocol::RestJson => refusal_of_json(header, body),
        Protocol::Query | Protocol::Ec2 | Protocol::RestXml => {
            let Ok(root) = xml::parse(body) else { return Refusal::default() };
            let Some(error) = error_element(&root) else { return Refusal::default() };
            let text = |name| error.child(name).map(|child| child.text.clone()).filter(|text| !text.is_empty());
            Refusal { code: text("Code"), message: text("Message"), region: text("Region") }
        }
    }
}

/// `Error`, `ErrorResponse/Error` or, for EC2, `Response/Errors/Error`.
fn error_element(root: &Element) -> Option<&Element> {
    match root.name.as_str() {
        "Error" => Some(root),
        _ => root.child("Error").or_else(|| root.child("Errors")?.child("Error")),
    }
}

fn refusal_of_json(header: Option<&str>, body: &[u8]) -> Refusal {
    let body = object(body).unwrap_or_default();
    let text = |names: &[&str]| names.iter().find_map(|name| Some(body.get(*name)?.as_str()?.to_owned()));
    let code = header.map(str::to_owned).or_else(|| text(&["__type", "code", "Code"]));
    // `prefix#Code:https://…` is what the protocol allows for.
    let code = code.map(|code| {
        let code = code.split(':').next().unwrap_or_default();
        code.rsplit('#').next().unwrap_or_default().to_owned()
    });
    Refusal {
        code: code.filter(|code| !code.is_empty()),
        message: text(&["message", "Message", "errorMessage"]),
        region: None,
    }
}

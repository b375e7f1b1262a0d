//! Answers in XML: of the Query protocol, of EC2's own and of REST.

use std::fmt::Write;

use serde_json::Value;

use super::names;
use super::protocol::base64;

/// Members that are maps, where other objects are structures.
const MAPS: [&str; 2] = ["SummaryMap", "Attributes"];
/// Members that are policy documents: URL-encoded JSON on the wire.
const DOCUMENTS: [&str; 3] = ["AssumeRolePolicyDocument", "PolicyDocument", "Document"];

pub(super) fn answer(service: &str, operation: &str, answer: &Value) -> Vec<u8> {
    let mut xml = format!("<{operation}Response xmlns=\"https://stub.example/doc/\"><{operation}Result>");
    members(&mut xml, service, answer);
    write!(xml, "</{operation}Result><ResponseMetadata><RequestId>stub</RequestId></ResponseMetadata>").unwrap();
    write!(xml, "</{operation}Response>").unwrap();
    xml.into_bytes()
}

pub(super) fn refusal(code: &str, message: &str) -> Vec<u8> {
    let (code, message) = (escaped(code), escaped(message));
    let error = format!("<Error><Type>Sender</Type><Code>{code}</Code><Message>{message}</Message></Error>");
    format!("<ErrorResponse>{error}<RequestId>stub</RequestId></ErrorResponse>").into_bytes()
}

/// EC2's answers have no result inside.
pub(super) fn ec2_answer(operation: &str, answer: &Value) -> Vec<u8> {
    let mut xml =
        format!("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<{operation}Response xmlns=\"http://stub.example/\">\n");
    xml.push_str("    <requestId>stub</requestId>\n");
    ec2_members(&mut xml, "", answer);
    write!(xml, "</{operation}Response>").unwrap();
    xml.into_bytes()
}

pub(super) fn ec2_refusal(code: &str, message: &str) -> Vec<u8> {
    let (code, message) = (escaped(code), escaped(message));
    let error = format!("<Error><Code>{code}</Code><Message>{message}</Message></Error>");
    format!("<Response><Errors>{error}</Errors><RequestID>stub</RequestID></Response>").into_bytes()
}

fn ec2_members(xml: &mut String, parent: &str, structure: &Value) {
    for (name, value) in structure.as_object().unwrap() {
        let wire = names::ec2(parent, name);
        write!(xml, "<{wire}>").unwrap();
        match value {
            Value::Object(_) => ec2_members(xml, name, value),
            Value::Array(items) => {
                for item in items {
                    xml.push_str("\n    <item>");
                    ec2_members(xml, name, item);
                    xml.push_str("</item>");
                }
            }
            other => xml.push_str(&text(other)),
        }
        write!(xml, "</{wire}>").unwrap();
    }
}

/// REST answers with one member's body alone where the member is the payload, as a bucket's policy is.
pub(super) fn rest_answer(service: &str, operation: &str, answer: &Value) -> Vec<u8> {
    if operation == "GetBucketPolicy" {
        return answer["Policy"].as_str().unwrap().as_bytes().to_vec();
    }
    let root = names::root(operation);
    let mut xml = format!("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<{root} xmlns=\"http://stub.example/\">");
    rest_members(&mut xml, service, answer.get(root).unwrap_or(answer));
    write!(xml, "</{root}>").unwrap();
    xml.into_bytes()
}

pub(super) fn s3_refusal(code: &str, message: &str) -> Vec<u8> {
    let (code, message) = (escaped(code), escaped(message));
    format!("<Error><Code>{code}</Code><Message>{message}</Message><RequestId>stub</RequestId></Error>").into_bytes()
}

fn rest_members(xml: &mut String, service: &str, structure: &Value) {
    for (name, value) in structure.as_object().unwrap() {
        let wire = names::rest_xml(name);
        match (value, names::item(service, name)) {
            (Value::Object(members), _) if name == "Grantee" => {
                // The grantee's type is an attribute.
                let kind = members["Type"].as_str().unwrap();
                let mut others = value.clone();
                others.as_object_mut().unwrap().remove("Type");
                write!(xml, "<Grantee xmlns:xsi=\"http://www.w3.org/2001/XMLSchema-instance\" xsi:type=\"{kind}\">")
                    .unwrap();
                rest_members(xml, service, &others);
                xml.push_str("</Grantee>");
            }
            (Value::Object(_), _) => {
                write!(xml, "<{wire}>").unwrap();
                rest_members(xml, service, value);
                write!(xml, "</{wire}>").unwrap();
            }
            (Value::Array(items), item) => {
                if item.is_some() {
                    write!(xml, "<{wire}>").unwrap();
                }
                for one in items {
                    write!(xml, "<{}>", item.unwrap_or(wire)).unwrap();
                    rest_members(xml, service, one);
                    write!(xml, "</{}>", item.unwrap_or(wire)).unwrap();
                }
                if item.is_some() {
                    write!(xml, "</{wire}>").unwrap();
                }
            }
            (other, _) => write!(xml, "<{wire}>{}</{wire}>", text(other)).unwrap(),
        }
    }
}

fn members(xml: &mut String, service: &str, structure: &Value) {
    for (name, value) in structure.as_object().unwrap() {
        write!(xml, "<{name}>").unwrap();
        member(xml, service, name, value);
        write!(xml, "</{name}>").unwrap();
    }
}

fn member(xml: &mut String, service: &str, name: &str, value: &Value) {
    match value {
        Value::Object(_) if DOCUMENTS.contains(&name) => xml.push_str(&percent_encoded(&value.to_string())),
        Value::Object(entries) if MAPS.contains(&name) && service != "elbv2" => {
            for (key, value) in entries {
                write!(xml, "<entry><key>{}</key><value>{}</value></entry>", escaped(key), text(value)).unwrap();
            }
        }
        Value::Object(_) => members(xml, service, value),
        Value::Array(items) => {
            let item_name = names::item(service, name).unwrap();
            for item in items {
                write!(xml, "<{item_name}>").unwrap();
                member(xml, service, "member", item);
                write!(xml, "</{item_name}>").unwrap();
            }
        }
        Value::String(content) if name == "Content" => xml.push_str(&base64(content)),
        other => xml.push_str(&text(other)),
    }
}

fn text(value: &Value) -> String {
    match value {
        Value::String(text) => escaped(text),
        other => other.to_string(),
    }
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

fn percent_encoded(text: &str) -> String {
    let encode = |byte: u8| match byte {
        b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'_' | b'.' | b'~' => char::from(byte).to_string(),
        _ => format!("%{byte:02X}"),
    };
    text.bytes().map(encode).collect()
}

//! Answers in the XML of the Query protocol.

use std::fmt::Write;

use serde_json::Value;

use super::protocol::base64;

/// Members that are maps, where other objects are structures.
const MAPS: [&str; 2] = ["SummaryMap", "Attributes"];
/// Members that are policy documents: URL-encoded JSON on the wire.
const DOCUMENTS: [&str; 3] = ["AssumeRolePolicyDocument", "PolicyDocument", "Document"];

pub(super) fn answer(operation: &str, answer: &Value) -> Vec<u8> {
    let mut xml = format!("<{operation}Response xmlns=\"https://stub.example/doc/\"><{operation}Result>");
    members(&mut xml, answer);
    write!(xml, "</{operation}Result><ResponseMetadata><RequestId>stub</RequestId></ResponseMetadata>").unwrap();
    write!(xml, "</{operation}Response>").unwrap();
    xml.into_bytes()
}

pub(super) fn refusal(code: &str, message: &str) -> Vec<u8> {
    let (code, message) = (escaped(code), escaped(message));
    let error = format!("<Error><Type>Sender</Type><Code>{code}</Code><Message>{message}</Message></Error>");
    format!("<ErrorResponse>{error}<RequestId>stub</RequestId></ErrorResponse>").into_bytes()
}

fn members(xml: &mut String, structure: &Value) {
    for (name, value) in structure.as_object().unwrap() {
        write!(xml, "<{name}>").unwrap();
        member(xml, name, value);
        write!(xml, "</{name}>").unwrap();
    }
}

fn member(xml: &mut String, name: &str, value: &Value) {
    match value {
        Value::Object(_) if DOCUMENTS.contains(&name) => xml.push_str(&percent_encoded(&value.to_string())),
        Value::Object(entries) if MAPS.contains(&name) => {
            for (key, value) in entries {
                write!(xml, "<entry><key>{}</key><value>{}</value></entry>", escaped(key), text(value)).unwrap();
            }
        }
        Value::Object(_) => members(xml, value),
        Value::Array(items) => {
            for item in items {
                xml.push_str("<member>");
                member(xml, "member", item);
                xml.push_str("</member>");
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

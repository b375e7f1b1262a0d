//! A policy document inside an answer, kept as text: as a tree of JSON values it would take several times the room, and an
//! account at IAM's quotas has some ten thousand of them.

use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::Value;
use serde_json::value::RawValue;

/// A JSON value, as text without blanks between its parts. Documents that say the same are equal, in whatever order.
#[derive(Debug, Clone)]
pub struct Document(Box<str>);

impl PartialEq for Document {
    fn eq(&self, other: &Self) -> bool {
        self.0 == other.0 || self.value() == other.value()
    }
}

impl Eq for Document {}

impl Document {
    /// The JSON text.
    pub fn text(&self) -> &str {
        &self.0
    }

    /// The value.
    pub fn value(&self) -> Value {
        // INVARIANT: the text was printed from a value, or holds nothing that a value could not be read from.
        serde_json::from_str(&self.0).unwrap_or(Value::Null)
    }
}

impl From<&Value> for Document {
    fn from(value: &Value) -> Self {
        Self(value.to_string().into())
    }
}

impl Serialize for Document {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.value().serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for Document {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let raw: Box<str> = Box::<RawValue>::deserialize(deserializer)?.into();
        if is_plain(&raw) {
            return Ok(Self(raw));
        }
        if let Some(text) = without_blanks(&raw) {
            return Ok(Self(text));
        }
        let value: Value = serde_json::from_str(&raw).map_err(D::Error::custom)?;
        Ok(Self::from(&value))
    }
}

/// Text as it was before AWS encoded it for URLs, as it does with policy documents; what is no code stays.
pub(crate) fn percent_decoded(text: &str) -> String {
    let hex = |digit: u8| char::from(digit).to_digit(16).and_then(|value| u8::try_from(value).ok());
    let mut decoded = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let [first, tail @ ..] = rest {
        if let (b'%', [high, low, after @ ..]) = (first, tail)
            && let (Some(high), Some(low)) = (hex(*high), hex(*low))
        {
            decoded.push(high << 4 | low);
            rest = after;
        } else {
            decoded.push(*first);
            rest = tail;
        }
    }
    String::from_utf8_lossy(&decoded).into_owned()
}

/// Whether JSON text is its own plain form, which is how AWS and `posture snapshot` write it, and surely has a value.
fn is_plain(json: &str) -> bool {
    let mut is_inside = false;
    json.bytes().all(|byte| match byte {
        b'"' => {
            is_inside = !is_inside;
            true
        }
        b'\\' => false,
        _ => is_inside || !(byte.is_ascii_whitespace() || byte.is_ascii_digit()),
    })
}

/// JSON text without the blanks between its parts; `None` where being well-formed is not enough to have a value: escapes
/// may stand for half a character, and numbers may be too large.
fn without_blanks(json: &str) -> Option<Box<str>> {
    let mut is_inside = false;
    let mut bytes = Vec::with_capacity(json.len());
    for byte in json.bytes() {
        match byte {
            b'"' => is_inside = !is_inside,
            b'\\' => return None,
            _ if is_inside => {}
            _ if byte.is_ascii_digit() => return None,
            _ if byte.is_ascii_whitespace() => continue,
            _ => {}
        }
        bytes.push(byte);
    }
    String::from_utf8(bytes).ok().map(String::into_boxed_str)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_code_stays() {
        assert_eq!(percent_decoded("%7B%7d a%2Fb+ %C3%A9"), "{} a/b+ \u{e9}");
        for text in ["%", "%4", "%zz", "%+f", "% 1", "100 %"] {
            assert_eq!(percent_decoded(text), text);
        }
    }

    #[test]
    fn a_document_is_written_as_it_was_read() {
        for text in [r#"{"Statement":[{"Effect":"Allow"}],"Version":"2012-10-17"}"#, r#""%7B%22a%22%3A1%7D""#, "null"] {
            let document: Document = serde_json::from_str(text).unwrap();
            assert_eq!((document.text(), serde_json::to_string(&document).unwrap().as_str()), (text, text));
        }
    }

    #[test]
    fn blanks_and_order_do_not_tell_documents_apart() {
        let read = |text: &str| serde_json::from_str::<Document>(text).unwrap();
        let plain = read(r#"{"a":["x y"],"b":{}}"#);
        assert_eq!(read("{ \"a\" :\n[ \"x y\" ],\t\"b\": {} }").text(), plain.text());
        assert_eq!(read(r#"{"b":{},"a":["x y"]}"#), plain);
        assert_ne!(read(r#"{"b":{},"a":["xy"]}"#), plain);
        assert_eq!(read(r#"{"a": "\u0041", "n": 1}"#).text(), r#"{"a":"A","n":1}"#);
    }

    #[test]
    fn what_is_no_value_is_refused() {
        for text in [r#"{"a":"\ud800"}"#, r#"{"n":1e999}"#, r#"{"a":}"#, r#"["open"#] {
            assert!(serde_json::from_str::<Document>(text).is_err(), "{text}");
        }
    }
}

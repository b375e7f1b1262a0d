//! A policy document inside an answer, kept as text: as a tree of JSON values it would take several times the room, and an
//! account at IAM's quotas has some ten thousand of them.

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::Value;

/// A JSON value, as compact text with sorted members.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Document(Box<str>);

impl Document {
    /// The JSON text.
    pub fn text(&self) -> &str {
        &self.0
    }

    /// The value.
    pub fn value(&self) -> Value {
        // INVARIANT: the text was printed from a value.
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
        Value::deserialize(deserializer).map(|value| Self::from(&value))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_document_is_written_as_it_was_read() {
        for text in [r#"{"Statement":[{"Effect":"Allow"}],"Version":"2012-10-17"}"#, r#""%7B%22a%22%3A1%7D""#, "null"] {
            let document: Document = serde_json::from_str(text).unwrap();
            assert_eq!((document.text(), serde_json::to_string(&document).unwrap().as_str()), (text, text));
        }
    }
}

//! JSON as IAM reads it: an object that names a member twice is refused, where `serde_json` would keep the last one.

use std::borrow::Cow;
use std::collections::HashSet;
use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, Error, MapAccess, SeqAccess, Visitor};
use serde_json::{Number, Value};

use super::error::PolicyError;

/// A JSON value whose texts stay where they were read from, as far as they have no escapes.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Node<'a> {
    /// `null`.
    Null,
    /// `true` or `false`.
    Bool(bool),
    /// A number.
    Number(Cow<'a, Number>),
    /// A text.
    String(Cow<'a, str>),
    /// A list.
    Array(Vec<Node<'a>>),
    /// An object.
    Object(Members<'a>),
}

/// The members of an object, sorted by name.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Members<'a>(Vec<(Cow<'a, str>, Node<'a>)>);

impl<'a> Members<'a> {
    fn new(mut members: Vec<(Cow<'a, str>, Node<'a>)>) -> Self {
        members.sort_by(|(one, _), (two, _)| one.cmp(two));
        Self(members)
    }

    /// The member of this name.
    pub(super) fn get(&self, name: &str) -> Option<&Node<'a>> {
        self.0.iter().find(|(own, _)| own == name).map(|(_, value)| value)
    }

    /// All members, by name.
    pub(super) fn iter(&self) -> impl Iterator<Item = (&str, &Node<'a>)> {
        self.0.iter().map(|(name, value)| (name.as_ref(), value))
    }
}

impl<'a> From<&'a Value> for Node<'a> {
    fn from(value: &'a Value) -> Self {
        match value {
            Value::Null => Self::Null,
            Value::Bool(flag) => Self::Bool(*flag),
            Value::Number(number) => Self::Number(Cow::Borrowed(number)),
            Value::String(text) => Self::String(Cow::Borrowed(text)),
            Value::Array(list) => Self::Array(list.iter().map(Self::from).collect()),
            Value::Object(object) => Self::Object(Members::new(
                object.iter().map(|(name, value)| (Cow::Borrowed(name.as_str()), Self::from(value))).collect(),
            )),
        }
    }
}

impl From<Node<'_>> for Value {
    fn from(node: Node<'_>) -> Self {
        match node {
            Node::Null => Self::Null,
            Node::Bool(flag) => Self::Bool(flag),
            Node::Number(number) => Self::Number(number.into_owned()),
            Node::String(text) => Self::String(text.into_owned()),
            Node::Array(list) => Self::Array(list.into_iter().map(Self::from).collect()),
            Node::Object(Members(members)) => {
                Self::Object(members.into_iter().map(|(name, value)| (name.into_owned(), Self::from(value))).collect())
            }
        }
    }
}

/// Parses text into a value; a syntax error or repeated member names its line and column.
pub fn parse(text: &str) -> Result<Value, PolicyError> {
    read(text).map(Value::from)
}

/// As [`parse`], without copying texts.
pub(super) fn read(text: &str) -> Result<Node<'_>, PolicyError> {
    let mut reader = serde_json::Deserializer::from_str(text);
    let node = Strict.deserialize(&mut reader).map_err(|error| not_json(&error))?;
    reader.end().map_err(|error| not_json(&error))?;
    Ok(node)
}

fn not_json(error: &serde_json::Error) -> PolicyError {
    let text = error.to_string();
    let suffix = format!(" at line {} column {}", error.line(), error.column());
    let reason = text.strip_suffix(&suffix).unwrap_or(&text).to_owned();
    PolicyError::NotJson { line: error.line(), column: error.column(), reason }
}

struct Strict;

impl<'de> DeserializeSeed<'de> for Strict {
    type Value = Node<'de>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Node<'de>, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Strict {
    type Value = Node<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON value")
    }

    fn visit_bool<E: Error>(self, value: bool) -> Result<Node<'de>, E> {
        Ok(Node::Bool(value))
    }

    fn visit_i64<E: Error>(self, value: i64) -> Result<Node<'de>, E> {
        Ok(Node::Number(Cow::Owned(value.into())))
    }

    fn visit_u64<E: Error>(self, value: u64) -> Result<Node<'de>, E> {
        Ok(Node::Number(Cow::Owned(value.into())))
    }

    fn visit_f64<E: Error>(self, value: f64) -> Result<Node<'de>, E> {
        let number = Number::from_f64(value).ok_or_else(|| E::custom("number is not finite"))?;
        Ok(Node::Number(Cow::Owned(number)))
    }

    fn visit_borrowed_str<E: Error>(self, value: &'de str) -> Result<Node<'de>, E> {
        Ok(Node::String(Cow::Borrowed(value)))
    }

    fn visit_str<E: Error>(self, value: &str) -> Result<Node<'de>, E> {
        Ok(Node::String(Cow::Owned(value.to_owned())))
    }

    fn visit_unit<E: Error>(self) -> Result<Node<'de>, E> {
        Ok(Node::Null)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut members: A) -> Result<Node<'de>, A::Error> {
        let mut list = Vec::new();
        while let Some(member) = members.next_element_seed(Self)? {
            list.push(member);
        }
        Ok(Node::Array(list))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<Node<'de>, A::Error> {
        /// Objects with more members than policies have are searched by hash.
        const FEW: usize = 16;
        let mut object: Vec<(Cow<'de, str>, Node<'de>)> = Vec::new();
        let mut names: HashSet<Cow<'de, str>> = HashSet::new();
        while let Some(name) = members.next_key_seed(Name)? {
            if object.len() == FEW {
                names.extend(object.iter().map(|(name, _)| name.clone()));
            }
            let is_there = if object.len() < FEW {
                object.iter().any(|(known, _)| *known == name)
            } else {
                !names.insert(name.clone())
            };
            if is_there {
                return Err(A::Error::custom(format!("`{name}` is there twice")));
            }
            let value = members.next_value_seed(Self)?;
            object.push((name, value));
        }
        Ok(Node::Object(Members::new(object)))
    }
}

/// A member's name.
struct Name;

impl<'de> DeserializeSeed<'de> for Name {
    type Value = Cow<'de, str>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Cow<'de, str>, D::Error> {
        deserializer.deserialize_str(self)
    }
}

impl<'de> Visitor<'de> for Name {
    type Value = Cow<'de, str>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a name")
    }

    fn visit_borrowed_str<E: Error>(self, value: &'de str) -> Result<Cow<'de, str>, E> {
        Ok(Cow::Borrowed(value))
    }

    fn visit_str<E: Error>(self, value: &str) -> Result<Cow<'de, str>, E> {
        Ok(Cow::Owned(value.to_owned()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_repeated_member_is_refused_with_its_place() {
        let error = parse("{\n  \"a\": 1,\n  \"a\": 2\n}").unwrap_err();
        assert_eq!(error.to_string(), "policy is not valid JSON at line 3 column 5: `a` is there twice");
        let many: Vec<String> = (0..40).map(|number| format!("\"{number}\":0")).collect();
        let with = |name: u8| format!("{{{},\"{name}\":1}}", many.join(","));
        assert!(parse(&with(40)).is_ok());
        for there in [0, 15, 16, 39] {
            let error = parse(&with(there)).unwrap_err().to_string();
            assert!(error.ends_with(&format!("`{there}` is there twice")), "{error}");
        }
    }

    #[test]
    fn other_values_are_those_of_serde_json() {
        let text = r#"{"b":{"z":1,"a":2},"a":[1,-2,1.5,true,null,"x","\u0041\n",{"b":{},"\t":18446744073709551615}]}"#;
        let value: Value = serde_json::from_str(text).unwrap();
        assert_eq!(parse(text).unwrap(), value);
        assert_eq!(Value::from(Node::from(&value)), value);
        assert_eq!(Node::from(&value), read(text).unwrap());
        assert!(parse("{} x").is_err());
    }
}

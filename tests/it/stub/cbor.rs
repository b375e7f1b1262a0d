//! As much CBOR (RFC 8949) as CloudWatch's protocol uses.

use serde_json::{Map, Value, json};

/// Times arrive here as floats: their names say that a tag goes before them.
const TIMES: [&str; 2] = ["StateUpdatedTimestamp", "StateTransitionedTimestamp"];

pub(super) fn encode(value: &Value) -> Vec<u8> {
    let mut bytes = Vec::new();
    write(&mut bytes, value);
    bytes
}

fn write(bytes: &mut Vec<u8>, value: &Value) {
    match value {
        Value::Null => bytes.push(0xf6),
        Value::Bool(no) if !no => bytes.push(0xf4),
        Value::Bool(_) => bytes.push(0xf5),
        Value::Number(number) => match number.as_u64() {
            Some(number) => head(bytes, 0, number),
            None => {
                bytes.push(0xfb);
                bytes.extend(number.as_f64().unwrap().to_be_bytes());
            }
        },
        Value::String(text) => {
            head(bytes, 3, text.len() as u64);
            bytes.extend(text.as_bytes());
        }
        Value::Array(items) => {
            head(bytes, 4, items.len() as u64);
            for item in items {
                write(bytes, item);
            }
        }
        Value::Object(members) => {
            head(bytes, 5, members.len() as u64);
            for (name, member) in members {
                write(bytes, &json!(name));
                if TIMES.contains(&name.as_str()) {
                    head(bytes, 6, 1);
                }
                write(bytes, member);
            }
        }
    }
}

fn head(bytes: &mut Vec<u8>, kind: u8, number: u64) {
    match u8::try_from(number) {
        Ok(small) if small < 24 => bytes.push(kind << 5 | small),
        _ => {
            bytes.push(kind << 5 | 0x1b);
            bytes.extend(number.to_be_bytes());
        }
    }
}

pub(super) fn decode(bytes: &[u8]) -> Value {
    if bytes.is_empty() { json!({}) } else { Reader(bytes).value().unwrap() }
}

struct Reader<'a>(&'a [u8]);

impl Reader<'_> {
    fn take(&mut self, length: usize) -> Vec<u8> {
        let (taken, rest) = self.0.split_at(length);
        self.0 = rest;
        taken.to_vec()
    }

    /// The next item; `None` at the end of one of indefinite length.
    fn value(&mut self) -> Option<Value> {
        let first = self.take(1)[0];
        if first == 0xff {
            return None;
        }
        let length = match first & 0x1f {
            small @ 0..24 => Some(u64::from(small)),
            size @ 24..28 => Some(self.take(1 << (size - 24)).iter().fold(0, |sum, byte| sum << 8 | u64::from(*byte))),
            _ => None,
        };
        let size = length.map(|length| usize::try_from(length).unwrap());
        Some(match first >> 5 {
            0 => json!(length.unwrap()),
            2 | 3 => json!(String::from_utf8(self.take(size.unwrap())).unwrap()),
            4 => (0..size.unwrap_or(usize::MAX)).map_while(|_| self.value()).collect(),
            5 => {
                let mut members = Map::new();
                for _ in 0..size.unwrap_or(usize::MAX) {
                    let Some(name) = self.value() else { break };
                    members.insert(name.as_str().unwrap().to_owned(), self.value().unwrap());
                }
                Value::Object(members)
            }
            6 => self.value().unwrap(),
            _ => match first {
                0xf4 => json!(false),
                0xf5 => json!(true),
                0xf6 => Value::Null,
                _ => json!(f64::from_bits(length.unwrap())),
            },
        })
    }
}

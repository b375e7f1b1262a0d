//! From JSON to columns, as Dremel does it: each value with the depth to which it is there and to which it repeats.
//! <https://parquet.apache.org/docs/file-format/nestedencoding/>

use ::parquet::data_type::ByteArray;
use serde_json::Value;

use super::columns::{Column, Kind};
use crate::snapshot::Time;

/// The values of one column that are not written yet.
#[derive(Debug)]
pub(super) struct Leaf {
    /// The values that are there.
    pub(super) values: Values,
    /// For each place, to which depth something is there.
    pub(super) definition: Vec<i16>,
    /// For each place, at which depth it repeats.
    pub(super) repetition: Vec<i16>,
}

/// Values of one type.
#[derive(Debug)]
pub(super) enum Values {
    Int(Vec<i32>),
    Long(Vec<i64>),
    Text(Vec<ByteArray>),
}

impl Leaf {
    /// A column without values.
    pub(super) fn of(values: Values) -> Self {
        Self { values, definition: Vec::new(), repetition: Vec::new() }
    }

    /// Hands out what there is, and begins anew.
    pub(super) fn take(&mut self) -> Self {
        let empty = match self.values {
            Values::Int(_) => Values::Int(Vec::new()),
            Values::Long(_) => Values::Long(Vec::new()),
            Values::Text(_) => Values::Text(Vec::new()),
        };
        std::mem::replace(self, Self::of(empty))
    }

    fn push(&mut self, kind: Kind, value: &Value) -> Result<(), String> {
        let wrong = || format!("`{value}` is no {kind:?}");
        match (&mut self.values, kind) {
            (Values::Int(values), Kind::Int) => {
                values.push(value.as_i64().and_then(|number| number.try_into().ok()).ok_or_else(wrong)?);
            }
            (Values::Long(values), Kind::Long) => values.push(value.as_i64().ok_or_else(wrong)?),
            (Values::Long(values), Kind::Instant) => {
                values.push(Time::parse(value.as_str().ok_or_else(wrong)?)?.0.as_millisecond());
            }
            (Values::Text(values), Kind::Text) => values.push(value.as_str().ok_or_else(wrong)?.into()),
            (Values::Text(values), Kind::Json) => values.push(value.to_string().into_bytes().into()),
            _ => return Err(wrong()),
        }
        Ok(())
    }
}

/// Where in a row a value stands.
#[derive(Debug, Clone, Copy)]
struct Place {
    /// How many of the things around it are there.
    definition: i16,
    /// The depth of the list in which it is not the first; 0 where it begins a row.
    repetition: i16,
    /// How many lists are around it.
    lists: i16,
}

/// Adds a row. A member that no column takes is an error: nothing is left out unseen.
pub(super) fn row(columns: &[Column], row: &Value, leaves: &mut [Leaf]) -> Result<(), String> {
    members(columns, row, Place { definition: 0, repetition: 0, lists: 0 }, leaves)
}

fn members(columns: &[Column], record: &Value, place: Place, leaves: &mut [Leaf]) -> Result<(), String> {
    let record = record.as_object().ok_or_else(|| format!("`{record}` is no object"))?;
    if let Some(name) = record.keys().find(|name| !columns.iter().any(|column| column.name == name.as_str())) {
        return Err(format!("there is no column for the member `{name}`"));
    }
    let mut rest = leaves;
    for column in columns {
        let (own, others) =
            rest.split_at_mut_checked(column.kind.leaves()).ok_or("a row has more columns than the schema")?;
        put(column.kind, record.get(column.name), place, own).map_err(|error| format!("{}: {error}", column.name))?;
        rest = others;
    }
    Ok(())
}

fn put(kind: Kind, value: Option<&Value>, place: Place, leaves: &mut [Leaf]) -> Result<(), String> {
    let Some(value) = value.filter(|value| !value.is_null() || matches!(kind, Kind::Json)) else {
        nothing(place, leaves);
        return Ok(());
    };
    let there = Place { definition: place.definition + 1, ..place };
    match kind {
        Kind::Record(columns) => members(columns, value, there, leaves),
        Kind::List(item) => {
            let items = value.as_array().ok_or_else(|| format!("`{value}` is no list"))?;
            if items.is_empty() {
                nothing(there, leaves);
            }
            for (position, value) in items.iter().enumerate() {
                let lists = place.lists + 1;
                let repetition = if position == 0 { place.repetition } else { lists };
                let inside = Place { definition: there.definition + 1, repetition, lists };
                put(*item, Some(value), inside, leaves)?;
            }
            Ok(())
        }
        _ => {
            for leaf in leaves {
                leaf.push(kind, value)?;
                leaf.definition.push(there.definition);
                leaf.repetition.push(there.repetition);
            }
            Ok(())
        }
    }
}

fn nothing(place: Place, leaves: &mut [Leaf]) {
    for leaf in leaves {
        leaf.definition.push(place.definition);
        leaf.repetition.push(place.repetition);
    }
}

#[cfg(test)]
mod tests {
    use super::{Leaf, Values, row};
    use crate::output::parquet::columns::{Column, Kind};
    use serde_json::{Value, json};

    const COLUMNS: &[Column] = &[
        Column { name: "id", kind: Kind::Int },
        Column {
            name: "names",
            kind: Kind::List(&Kind::Record(&[
                Column { name: "code", kind: Kind::Text },
                Column { name: "uses", kind: Kind::List(&Kind::Long) },
            ])),
        },
    ];

    fn leaves() -> Vec<Leaf> {
        [Values::Int(Vec::new()), Values::Text(Vec::new()), Values::Long(Vec::new())].map(Leaf::of).into()
    }

    fn shredded(rows: &[Value]) -> Vec<(Vec<i16>, Vec<i16>)> {
        let mut leaves = leaves();
        for value in rows {
            row(COLUMNS, value, &mut leaves).unwrap();
        }
        leaves.into_iter().map(|leaf| (leaf.definition, leaf.repetition)).collect()
    }

    #[test]
    fn lists_in_lists_keep_where_each_value_stands() {
        let levels = shredded(&[
            json!({ "id": 1, "names": [{ "code": "a", "uses": [1, 2] }, { "code": null, "uses": [] }, { "uses": [3] }] }),
            json!({ "names": [] }),
            json!({ "id": null }),
        ]);
        assert_eq!(levels[0], (vec![1, 0, 0], vec![0, 0, 0]));
        assert_eq!(levels[1], (vec![4, 3, 3, 1, 0], vec![0, 1, 1, 0, 0]));
        assert_eq!(levels[2], (vec![6, 6, 4, 6, 1, 0], vec![0, 2, 1, 1, 0, 0]));
    }

    #[test]
    fn what_has_no_column_or_another_type_is_an_error() {
        for (wrong, said) in [
            (json!({ "id": 1, "other": 2 }), "no column for the member `other`"),
            (json!({ "id": "1" }), "id: `\"1\"` is no Int"),
            (json!({ "id": 3_000_000_000_u64 }), "is no Int"),
            (json!({ "names": {} }), "names: `{}` is no list"),
            (json!({ "names": [{ "code": 1 }] }), "names: code: `1` is no Text"),
            (json!([]), "is no object"),
        ] {
            let error = row(COLUMNS, &wrong, &mut leaves()).unwrap_err();
            assert!(error.contains(said), "{error}");
        }
    }
}

//! Values that rules compute with, the types that they are checked against, and the records that hold them.
//!
//! A record borrows: evaluating a rule copies no fact. The schema of a record comes from its Rust type through the
//! `facts!` macro, so a rule that names a fact which does not exist is refused when it is loaded.

use std::borrow::Cow;
use std::sync::Arc;

use serde_json::Value as Json;

use super::observed::{Gap, Observed};
use crate::snapshot::{Operation, Time};

/// The type of a fact.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Type {
    /// True or false.
    Bool,
    /// A whole number of 64 bits.
    Int,
    /// A floating-point number.
    Double,
    /// Text.
    String,
    /// A point in time.
    Time,
    /// A list of values of one type.
    List(&'static Type),
    /// A record of facts.
    Record(&'static Schema),
}

/// The facts of one record type.
#[derive(Debug)]
pub struct Schema {
    /// The name of the type, for resources the kind that rules name in `resource`.
    pub name: &'static str,
    /// What the record stands for.
    pub doc: &'static str,
    /// The facts, in the order of the Rust type.
    pub fields: &'static [Field],
}

impl PartialEq for Schema {
    fn eq(&self, other: &Self) -> bool {
        std::ptr::eq(self, other) || self.name == other.name
    }
}

impl Schema {
    /// Looks a fact up by name.
    pub fn field(&self, name: &str) -> Option<(usize, &'static Field)> {
        self.fields.iter().enumerate().find(|(_, field)| field.name == name)
    }
}

/// One fact of a record type.
#[derive(Debug)]
pub struct Field {
    /// The name that rules use.
    pub name: &'static str,
    /// What it says, from the Rust doc comment.
    pub doc: &'static str,
    /// Its type.
    pub ty: Type,
    /// Operations whose answers it is built from; empty for facts whose own members say so.
    pub operations: &'static [Operation],
}

/// Where in the snapshot a fact stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Origin {
    /// Position in [`crate::snapshot::Snapshot::observations`]; `None` for facts that stand in no answer.
    pub observation: Option<u32>,
    /// JSON pointer into the response, with a `*` for each of `index`.
    pub pointer: &'static str,
    /// Positions in the lists that the pointer crosses.
    pub index: [u32; 2],
}

impl Origin {
    /// The origin of a fact that stands in no answer.
    pub const NONE: Self = Self { observation: None, pointer: "", index: [0, 0] };

    /// An origin in one observation.
    pub fn at(observation: usize, pointer: &'static str) -> Self {
        Self { observation: u32::try_from(observation).ok(), pointer, index: [0, 0] }
    }

    /// The same place in list element `index` (the first `*` of the pointer).
    #[must_use]
    pub fn element(self, index: usize) -> Self {
        let [_, inner] = self.index;
        Self { index: [u32::try_from(index).unwrap_or(u32::MAX), inner], ..self }
    }

    /// Another place in the same observation and list element.
    #[must_use]
    pub fn pointing(self, pointer: &'static str) -> Self {
        Self { pointer, ..self }
    }

    /// The JSON pointer with its positions filled in.
    pub fn json_pointer(&self) -> String {
        if !self.pointer.contains('*') {
            return self.pointer.to_owned();
        }
        let mut positions = self.index.iter();
        self.pointer
            .split('*')
            .enumerate()
            .map(|(part, text)| match part {
                0 => text.to_owned(),
                _ => format!("{}{text}", positions.next().copied().unwrap_or(0)),
            })
            .collect()
    }
}

/// A fact in three values, with the place in the snapshot that it comes from.
#[derive(Debug, Clone, PartialEq)]
pub struct Fact<T> {
    /// What is known.
    pub state: Observed<T>,
    /// Where it stands.
    pub origin: Origin,
}

impl<T> Fact<T> {
    /// A fact with its origin.
    pub fn new(state: Observed<T>, origin: Origin) -> Self {
        Self { state, origin }
    }

    /// A known fact that stands in no single answer, as one that is derived from several.
    pub fn derived(state: Observed<T>) -> Self {
        Self { state, origin: Origin::NONE }
    }

    /// A present value with its origin.
    pub fn present(value: T, origin: Origin) -> Self {
        Self { state: Observed::Present(value), origin }
    }

    /// An unknown fact.
    pub fn unknown(gap: Gap) -> Self {
        Self { state: Observed::Unknown(gap), origin: Origin::NONE }
    }

    /// A fact that AWS answered there is none of.
    pub fn absent(origin: Origin) -> Self {
        Self { state: Observed::Absent, origin }
    }

    /// Changes a present value, keeping the origin.
    pub fn map<U>(self, f: impl FnOnce(T) -> U) -> Fact<U> {
        Fact { state: self.state.map(f), origin: self.origin }
    }
}

/// A list of which some members may be unknown: the items at hand, and why others may be missing.
#[derive(Debug, Clone, PartialEq)]
pub struct List<T> {
    /// The items at hand, in a canonical order.
    pub items: Vec<T>,
    /// Why there may be more; empty when the list is whole.
    pub gaps: Vec<Gap>,
}

impl<T> List<T> {
    /// A list known to be whole. An account has thousands of short ones, so none keeps room that it does not use.
    pub fn whole(mut items: Vec<T>) -> Self {
        items.shrink_to_fit();
        Self { items, gaps: Vec::new() }
    }
}

/// A value of a fact's type.
pub trait FactType: Send + Sync {
    /// The type that rules are checked against.
    const TYPE: Type;
    /// The value, borrowed.
    fn value(&self) -> Value<'_>;
}

macro_rules! scalar {
    ($($ty:ty => $variant:ident, |$value:ident| $convert:expr;)*) => {
        $(
            impl FactType for $ty {
                const TYPE: Type = Type::$variant;
                fn value(&self) -> Value<'_> {
                    let $value = self;
                    Value::$variant($convert)
                }
            }
        )*
    };
}

scalar! {
    bool => Bool, |value| *value;
    i64 => Int, |value| *value;
    f64 => Double, |value| *value;
    String => String, |value| Cow::Borrowed(value);
    Time => Time, |value| *value;
}

impl<T: FactType> FactType for List<T> {
    const TYPE: Type = Type::List(&T::TYPE);
    fn value(&self) -> Value<'_> {
        Value::List(Items::Borrowed(self))
    }
}

impl<T: FactType> FactType for Box<T> {
    const TYPE: Type = T::TYPE;
    fn value(&self) -> Value<'_> {
        self.as_ref().value()
    }
}

/// A list seen through its values.
pub trait FactList: Send + Sync {
    /// Number of items at hand.
    fn len(&self) -> usize;
    /// True when no item is at hand.
    fn is_empty(&self) -> bool {
        self.len() == 0
    }
    /// An item, by position.
    fn item(&self, index: usize) -> Option<Value<'_>>;
    /// Why there may be more items.
    fn gaps(&self) -> &[Gap];
}

impl<T: FactType> FactList for List<T> {
    fn len(&self) -> usize {
        self.items.len()
    }

    fn item(&self, index: usize) -> Option<Value<'_>> {
        self.items.get(index).map(FactType::value)
    }

    fn gaps(&self) -> &[Gap] {
        &self.gaps
    }
}

/// A record of facts, addressed by the position of a fact in its schema.
pub trait Record: Send + Sync {
    /// The facts that the record has.
    fn schema(&self) -> &'static Schema;
    /// One fact; `None` only for a position beyond the schema.
    fn fact(&self, index: usize) -> Option<FactRef<'_>>;
}

/// A fact, borrowed as a value.
#[derive(Clone)]
pub struct FactRef<'a> {
    /// What is known.
    pub state: Observed<Value<'a>>,
    /// Where it stands.
    pub origin: Origin,
}

impl<T: FactType> Fact<T> {
    /// Borrows the fact as a value.
    pub fn borrowed(&self) -> FactRef<'_> {
        FactRef { state: self.state.as_ref().map(FactType::value), origin: self.origin }
    }
}

/// A value that a rule computes with.
#[derive(Clone)]
pub enum Value<'a> {
    /// CEL's null.
    Null,
    /// True or false.
    Bool(bool),
    /// A whole number.
    Int(i64),
    /// A floating-point number.
    Double(f64),
    /// Text.
    String(Cow<'a, str>),
    /// A point in time.
    Time(Time),
    /// A span of time in seconds.
    Duration(i64),
    /// A list.
    List(Items<'a>),
    /// A record of facts.
    Record(&'a dyn Record),
}

/// The items of a list value.
#[derive(Clone)]
pub enum Items<'a> {
    /// A list that stands in the facts.
    Borrowed(&'a dyn FactList),
    /// A list that an expression made, with the reasons why it may lack items.
    Made(Arc<[Value<'a>]>, Arc<[Gap]>),
}

impl<'a> Items<'a> {
    /// Number of items at hand.
    pub fn len(&self) -> usize {
        match self {
            Self::Borrowed(list) => list.len(),
            Self::Made(items, _) => items.len(),
        }
    }

    /// True when no item is at hand.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// An item, by position.
    pub fn get(&self, index: usize) -> Option<Value<'a>> {
        match self {
            Self::Borrowed(list) => list.item(index),
            Self::Made(items, _) => items.get(index).cloned(),
        }
    }

    /// Why there may be more items.
    pub fn gaps(&self) -> &[Gap] {
        match self {
            Self::Borrowed(list) => list.gaps(),
            Self::Made(_, gaps) => gaps,
        }
    }
}

/// How many items of a list evidence shows.
const SHOWN_ITEMS: usize = 20;

impl Value<'_> {
    /// The value as evidence shows it: records by their `name`, long lists cut.
    pub fn to_json(&self) -> Json {
        match self {
            Self::Null => Json::Null,
            Self::Bool(value) => Json::Bool(*value),
            Self::Int(value) | Self::Duration(value) => Json::from(*value),
            Self::Double(value) => Json::from(*value),
            Self::String(value) => Json::from(value.as_ref()),
            Self::Time(value) => Json::from(value.to_string()),
            Self::List(items) => (0..items.len().min(SHOWN_ITEMS))
                .filter_map(|index| items.get(index))
                .map(|item| item.to_json())
                .collect(),
            Self::Record(record) => record_name(*record).map_or_else(|| Json::from(record.schema().name), Json::from),
        }
    }
}

/// What a record calls itself: its `name` fact.
pub fn record_name(record: &dyn Record) -> Option<String> {
    let (index, _) = record.schema().field("name")?;
    match record.fact(index)?.state {
        Observed::Present(Value::String(name)) => Some(name.into_owned()),
        _ => None,
    }
}

/// Declares record types: the struct, its schema and its access by position.
///
/// Each fact names the operations whose answers it is built from; a fact that is itself a record or list of records may
/// name none, because its members do.
#[macro_export]
macro_rules! facts {
    ($( $(#[doc = $doc:literal])* $name:ident as $kind:literal {
        $( $(#[doc = $field_doc:literal])* $field:ident : $ty:ty => [ $($operation:ident),* $(,)? ] ; )*
    } )*) => {
        $(
            $(#[doc = $doc])*
            #[derive(Debug, Clone, PartialEq)]
            pub struct $name {
                $( $(#[doc = $field_doc])* pub $field: $crate::facts::Fact<$ty>, )*
            }

            impl $name {
                /// The facts of this record type.
                pub const SCHEMA: &'static $crate::facts::Schema = &$crate::facts::Schema {
                    name: $kind,
                    doc: concat!($($doc,)*),
                    fields: &[
                        $( $crate::facts::Field {
                            name: stringify!($field),
                            doc: concat!($($field_doc,)*),
                            ty: <$ty as $crate::facts::FactType>::TYPE,
                            operations: &[ $($crate::snapshot::Operation::$operation),* ],
                        }, )*
                    ],
                };
            }

            impl $crate::facts::FactType for $name {
                const TYPE: $crate::facts::Type = $crate::facts::Type::Record($name::SCHEMA);
                fn value(&self) -> $crate::facts::Value<'_> {
                    $crate::facts::Value::Record(self)
                }
            }

            impl $crate::facts::Record for $name {
                fn schema(&self) -> &'static $crate::facts::Schema {
                    Self::SCHEMA
                }

                fn fact(&self, index: usize) -> Option<$crate::facts::FactRef<'_>> {
                    let mut position = 0usize;
                    $(
                        if index == position {
                            return Some(self.$field.borrowed());
                        }
                        position += 1;
                    )*
                    let _ = position;
                    None
                }
            }
        )*
    };
}

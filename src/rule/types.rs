//! The types that expressions are checked against when a rule is loaded.

use std::sync::Arc;

use crate::facts::{Schema, Type};

/// The type of an expression.
#[derive(Debug, Clone, PartialEq)]
pub enum Ty {
    /// CEL's null.
    Null,
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
    /// A span of time.
    Duration,
    /// A list of values of one type.
    List(Arc<Ty>),
    /// A record of facts.
    Record(&'static Schema),
    /// The element type of an empty list, which fits every list.
    Any,
}

impl From<&Type> for Ty {
    fn from(ty: &Type) -> Self {
        match ty {
            Type::Bool => Self::Bool,
            Type::Int => Self::Int,
            Type::Double => Self::Double,
            Type::String => Self::String,
            Type::Time => Self::Time,
            Type::List(item) => Self::List(Arc::new(Self::from(*item))),
            Type::Record(schema) => Self::Record(schema),
        }
    }
}

impl Ty {
    /// True for the numeric types, which compare with one another.
    pub fn is_number(&self) -> bool {
        matches!(self, Self::Int | Self::Double)
    }

    /// True when a value of either type may stand where the other is expected.
    pub fn fits(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Any, _) | (_, Self::Any) => true,
            (Self::List(one), Self::List(two)) => one.fits(two),
            _ => self == other,
        }
    }
}

impl std::fmt::Display for Ty {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Null => f.write_str("null"),
            Self::Bool => f.write_str("bool"),
            Self::Int => f.write_str("int"),
            Self::Double => f.write_str("double"),
            Self::String => f.write_str("string"),
            Self::Time => f.write_str("timestamp"),
            Self::Duration => f.write_str("duration"),
            Self::List(item) => write!(f, "list of {item}"),
            Self::Record(schema) => f.write_str(schema.name),
            Self::Any => f.write_str("any"),
        }
    }
}

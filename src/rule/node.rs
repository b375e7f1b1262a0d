//! A checked expression: what the compiler makes of CEL text, ready to be evaluated without a look-up by name.

use std::sync::Arc;

use crate::facts::{Origin, Value};
use crate::snapshot::Operation;

/// A checked expression.
#[derive(Debug)]
pub enum Node {
    /// A constant, as a literal or a parameter.
    Constant(Constant),
    /// A variable in scope, by position.
    Variable(usize),
    /// A fact of a record.
    Fact {
        /// The record.
        record: Box<Node>,
        /// The fact's position in the record's schema.
        index: usize,
        /// The fact as rules write it, as in `user.mfa_active` or `account.budgets[].limit`.
        path: Arc<str>,
    },
    /// Whether a fact is there: `has(x.y)`.
    Has(Box<Node>),
    /// `!x`.
    Not(Box<Node>),
    /// `x && y`.
    And(Box<Node>, Box<Node>),
    /// `x || y`.
    Or(Box<Node>, Box<Node>),
    /// `c ? x : y`.
    If(Box<Node>, Box<Node>, Box<Node>),
    /// A call of an operator or function with its arguments.
    Call(Function, Vec<Node>),
    /// `[x, y]`.
    List(Vec<Node>),
    /// A macro over a list.
    Loop {
        /// Which macro.
        kind: LoopKind,
        /// The list.
        over: Box<Node>,
        /// The position of the loop's variable.
        slot: usize,
        /// The predicate, or for `map` the value.
        body: Box<Node>,
        /// For `map` with three arguments, which items are taken.
        filter: Option<Box<Node>>,
    },
}

/// A constant value.
#[expect(missing_docs, reason = "each variant is the type of its name")]
#[derive(Debug, Clone, PartialEq)]
pub enum Constant {
    Null,
    Bool(bool),
    Int(i64),
    Double(f64),
    String(Arc<str>),
    List(Vec<Constant>),
}

impl Constant {
    /// The constant as a value.
    pub fn value(&self) -> Value<'_> {
        match self {
            Self::Null => Value::Null,
            Self::Bool(value) => Value::Bool(*value),
            Self::Int(value) => Value::Int(*value),
            Self::Double(value) => Value::Double(*value),
            Self::String(value) => Value::String(std::borrow::Cow::Borrowed(value)),
            Self::List(items) => {
                let items: Vec<Value<'_>> = items.iter().map(Constant::value).collect();
                Value::List(crate::facts::Items::Made(items.into(), Arc::from([])))
            }
        }
    }
}

/// The macros over lists.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LoopKind {
    Exists,
    All,
    ExistsOne,
    Filter,
    Map,
}

/// Operators and functions whose arguments must all be known.
#[derive(Debug)]
pub enum Function {
    Equal,
    NotEqual,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
    Add,
    Subtract,
    Multiply,
    Divide,
    Remainder,
    Negate,
    In,
    Size,
    Contains,
    StartsWith,
    EndsWith,
    LowerAscii,
    UpperAscii,
    Join,
    ToDouble,
    ToInt,
    ToString,
    Timestamp,
    Days,
    Hours,
    /// A match of a pattern that was compiled when the rule was loaded.
    Matches(Box<regex::Regex>),
    /// What policies allow.
    Ask(Ask),
}

/// A question about what policies allow.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Ask {
    /// The function's name.
    pub name: &'static str,
    /// True when it lists who may; otherwise it tells whether somebody may.
    pub lists: bool,
    /// True when only requests without MFA count.
    pub without_mfa: bool,
}

impl Ask {
    /// Every such function.
    pub const ALL: [Self; 4] = [
        Self { name: "can", lists: false, without_mfa: false },
        Self { name: "canWithoutMfa", lists: false, without_mfa: true },
        Self { name: "whoCan", lists: true, without_mfa: false },
        Self { name: "whoCanWithoutMfa", lists: true, without_mfa: true },
    ];
}

/// A fact that an expression read, kept while it may have decided.
#[derive(Clone)]
pub struct Read<'a> {
    /// The fact as rules write it.
    pub path: &'a str,
    /// The position of the innermost loop, for a `[]` in the path.
    pub item: Option<usize>,
    /// The value; `None` when there is none.
    pub value: Option<Value<'a>>,
    /// Where it stands.
    pub origin: Origin,
}

/// A compiled expression with what it needs.
#[derive(Debug)]
pub struct Expression {
    /// The text as written.
    pub source: String,
    /// The checked expression.
    pub node: Node,
    /// Operations whose answers it may read.
    pub operations: std::collections::BTreeSet<Operation>,
}

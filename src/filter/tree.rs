//! The boolean tree of a filter pattern.

/// A condition on an event.
#[derive(Debug, Clone, PartialEq)]
pub enum Tree {
    /// One condition.
    Term(Term),
    /// All of them; at least two, none of them `All`.
    All(Vec<Tree>),
    /// At least one of them; at least two, none of them `Any`.
    Any(Vec<Tree>),
}

/// A condition on one member of an event.
#[derive(Debug, Clone, PartialEq)]
pub struct Term {
    /// The member.
    pub selector: Selector,
    /// What it must be.
    pub test: Test,
}

/// The way to a member, from the event's root.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Selector(pub Vec<Step>);

/// One step of the way to a member.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Step {
    /// A member of an object.
    Member(String),
    /// An element of a list.
    Element(u32),
    /// Every element of a list.
    EachElement,
}

/// What a member must be.
#[derive(Debug, Clone, PartialEq)]
pub enum Test {
    /// Equal to a value.
    Is(Value),
    /// There, and not equal to a value.
    IsNot(Value),
    /// A number on one side of another.
    Compares(Order, f64),
    /// `null`.
    IsNull,
    /// `true`.
    IsTrue,
    /// `false`.
    IsFalse,
    /// There.
    Exists,
    /// Not there.
    NotExists,
}

/// How numbers compare.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Order {
    /// `<`
    Less,
    /// `<=`
    LessOrEqual,
    /// `>`
    Greater,
    /// `>=`
    GreaterOrEqual,
}

/// What a member is compared with.
#[derive(Debug, Clone, PartialEq)]
pub enum Value {
    /// A number.
    Number(f64),
    /// Text.
    Text(Text),
    /// A regular expression, without its percent signs.
    Regex(String),
}

/// Text with a wildcard before, after or on both sides of it, as in `Create*`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Text {
    /// True when anything may stand before it.
    pub open_start: bool,
    /// The text itself.
    pub text: String,
    /// True when anything may stand after it.
    pub open_end: bool,
}

impl Tree {
    /// All of `trees`, in the one shape that parsing gives; `None` of no trees.
    pub fn all(trees: impl IntoIterator<Item = Self>) -> Option<Self> {
        let flat = trees.into_iter().flat_map(|tree| match tree {
            Self::All(inner) => inner,
            other => vec![other],
        });
        Self::single(flat.collect(), Self::All)
    }

    /// One of `trees`, in the one shape that parsing gives; `None` of no trees.
    pub fn any(trees: impl IntoIterator<Item = Self>) -> Option<Self> {
        let flat = trees.into_iter().flat_map(|tree| match tree {
            Self::Any(inner) => inner,
            other => vec![other],
        });
        Self::single(flat.collect(), Self::Any)
    }

    fn single(mut trees: Vec<Self>, join: fn(Vec<Self>) -> Self) -> Option<Self> {
        if trees.len() < 2 { trees.pop() } else { Some(join(trees)) }
    }

    /// The same conditions on members that stand under `root`.
    #[must_use]
    pub fn under(self, root: &[&str]) -> Self {
        match self {
            Self::Term(Term { selector, test }) => {
                let Selector(mut steps) = Selector::members(root.iter().copied());
                steps.extend(selector.0);
                Self::Term(Term { selector: Selector(steps), test })
            }
            Self::All(trees) => Self::All(trees.into_iter().map(|tree| tree.under(root)).collect()),
            Self::Any(trees) => Self::Any(trees.into_iter().map(|tree| tree.under(root)).collect()),
        }
    }

    /// The terms, from left to right.
    pub fn terms(&self) -> Vec<&Term> {
        match self {
            Self::Term(term) => vec![term],
            Self::All(trees) | Self::Any(trees) => trees.iter().flat_map(Self::terms).collect(),
        }
    }
}

impl Selector {
    /// A way through members alone.
    pub fn members<'a>(names: impl IntoIterator<Item = &'a str>) -> Self {
        Self(names.into_iter().map(|name| Step::Member(name.to_owned())).collect())
    }

    /// True when it can lead to several members.
    pub fn is_many(&self) -> bool {
        self.0.contains(&Step::EachElement)
    }

    /// True when `other` leads on from where this one leads to.
    pub fn leads_to(&self, other: &Self) -> bool {
        other.0.len() > self.0.len() && other.0.starts_with(&self.0)
    }
}

impl Text {
    /// Text as it stands, without wildcards.
    pub fn literal(text: impl Into<String>) -> Self {
        Self { open_start: false, text: text.into(), open_end: false }
    }

    /// True when it matches one text alone.
    pub fn is_literal(&self) -> bool {
        !self.open_start && !self.open_end
    }

    /// True when `text` matches.
    pub fn matches(&self, text: &str) -> bool {
        match (self.open_start, self.open_end) {
            (false, false) => text == self.text,
            (false, true) => text.starts_with(&self.text),
            (true, false) => text.ends_with(&self.text),
            (true, true) => text.contains(&self.text),
        }
    }
}

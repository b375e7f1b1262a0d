//! Writing filter patterns, in the one spelling that reads back as the same tree.

use std::fmt::{self, Display, Formatter, Write as _};

use super::tree::{Order, Selector, Step, Term, Test, Text, Tree, Value};

impl Display for Tree {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        f.write_str("{ ")?;
        write(self, f, false)?;
        f.write_str(" }")
    }
}

fn write(tree: &Tree, f: &mut Formatter<'_>, nested: bool) -> fmt::Result {
    let (trees, between) = match tree {
        Tree::Term(term) => return write!(f, "{term}"),
        Tree::All(trees) => (trees, " && "),
        Tree::Any(trees) => (trees, " || "),
    };
    if nested {
        f.write_char('(')?;
    }
    for (index, tree) in trees.iter().enumerate() {
        if index > 0 {
            f.write_str(between)?;
        }
        write(tree, f, true)?;
    }
    if nested { f.write_char(')') } else { Ok(()) }
}

impl Display for Term {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.selector, self.test)
    }
}

impl Display for Selector {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        f.write_char('$')?;
        self.0.iter().try_for_each(|step| match step {
            Step::Member(name) if is_name(name) => write!(f, ".{name}"),
            Step::Member(name) => write!(f, "[{}]", Quoted(name)),
            Step::Element(index) => write!(f, "[{index}]"),
            Step::EachElement => f.write_str("[*]"),
        })
    }
}

fn is_name(name: &str) -> bool {
    !name.is_empty() && name.chars().all(|c| c.is_alphanumeric() || c == '-' || c == '_')
}

impl Display for Test {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match self {
            Self::Is(value) => write!(f, "= {value}"),
            Self::IsNot(value) => write!(f, "!= {value}"),
            Self::Compares(order, number) => {
                let order = match order {
                    Order::Less => "<",
                    Order::LessOrEqual => "<=",
                    Order::Greater => ">",
                    Order::GreaterOrEqual => ">=",
                };
                write!(f, "{order} {number}")
            }
            Self::IsNull => f.write_str("IS NULL"),
            Self::IsTrue => f.write_str("IS TRUE"),
            Self::IsFalse => f.write_str("IS FALSE"),
            Self::Exists => f.write_str("EXISTS"),
            Self::NotExists => f.write_str("NOT EXISTS"),
        }
    }
}

impl Display for Value {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match self {
            Self::Number(number) => write!(f, "{number}"),
            Self::Text(text) => write!(f, "{text}"),
            Self::Regex(regex) => write!(f, "%{regex}%"),
        }
    }
}

impl Display for Text {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        // Anything before and after nothing is one asterisk.
        if self.open_start && self.open_end && self.text.is_empty() {
            return f.write_str("\"*\"");
        }
        let star = |open: bool| if open { "*" } else { "" };
        write!(f, "\"{}{}{}\"", star(self.open_start), Escaped(&self.text), star(self.open_end))
    }
}

/// Text between quotation marks.
struct Quoted<'a>(&'a str);

impl Display for Quoted<'_> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        write!(f, "\"{}\"", Escaped(self.0))
    }
}

struct Escaped<'a>(&'a str);

impl Display for Escaped<'_> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        self.0.chars().try_for_each(|c| {
            if matches!(c, '"' | '\\') {
                f.write_char('\\')?;
            }
            f.write_char(c)
        })
    }
}

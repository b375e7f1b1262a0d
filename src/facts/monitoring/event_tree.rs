//! EventBridge event patterns as trees, so that what they match can be compared as filter patterns are.
//!
//! <https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-create-pattern-operators.html>

use serde_json::{Map, Value as Json};

use crate::filter::{Order, Selector, Step, Term, Test, Text, Tree, Value};

/// Reads a pattern's text; `None` when it is no pattern.
pub(crate) fn parse(text: &str) -> Option<Tree> {
    let Ok(Json::Object(pattern)) = serde_json::from_str(text) else { return None };
    object(&pattern, &[])
}

/// What every member of a pattern asks, taken together; `None` of an empty pattern, which EventBridge refuses.
fn object(pattern: &Map<String, Json>, root: &[Step]) -> Option<Tree> {
    let members = pattern.iter().map(|(name, wanted)| match wanted {
        Json::Array(choices) if name == "$or" => Tree::any(choices.iter().map(|choice| match choice {
            Json::Object(choice) => object(choice, root).unwrap_or_else(|| open(root, "$or")),
            _ => open(root, "$or"),
        }))
        .unwrap_or_else(|| open(root, "$or")),
        Json::Object(inner) => {
            let path = path(root, name);
            object(inner, &path).unwrap_or_else(|| open(&path, "{}"))
        }
        Json::Array(choices) => {
            let path = path(root, name);
            let choices = choices.iter().map(|choice| choice_of(choice, &path));
            Tree::any(choices).unwrap_or_else(|| open(&path, "[]"))
        }
        other => open(&path(root, name), &other.to_string()),
    });
    Tree::all(members)
}

fn path(root: &[Step], name: &str) -> Vec<Step> {
    root.iter().cloned().chain([Step::Member(name.to_owned())]).collect()
}

fn term(path: &[Step], test: Test) -> Tree {
    Tree::Term(Term { selector: Selector(path.to_vec()), test })
}

fn is(path: &[Step], value: Value) -> Tree {
    term(path, Test::Is(value))
}

/// A condition that is not understood, and so decides nothing.
fn open(path: &[Step], text: &str) -> Tree {
    is(path, Value::Regex(text.to_owned()))
}

fn choice_of(choice: &Json, path: &[Step]) -> Tree {
    match choice {
        Json::String(text) => is(path, Value::Text(Text::literal(text))),
        Json::Null => term(path, Test::IsNull),
        Json::Bool(true) => term(path, Test::IsTrue),
        Json::Bool(false) => term(path, Test::IsFalse),
        Json::Number(number) => match number.as_f64() {
            Some(number) => is(path, Value::Number(number)),
            None => open(path, &number.to_string()),
        },
        Json::Object(operator) => match operator.iter().next() {
            Some((name, wanted)) if operator.len() == 1 => {
                operation(name, wanted, path).unwrap_or_else(|| open(path, &choice.to_string()))
            }
            _ => open(path, &choice.to_string()),
        },
        Json::Array(_) => open(path, &choice.to_string()),
    }
}

fn operation(name: &str, wanted: &Json, path: &[Step]) -> Option<Tree> {
    match (name, wanted) {
        ("exists", Json::Bool(true)) => Some(term(path, Test::Exists)),
        ("exists", Json::Bool(false)) => Some(term(path, Test::NotExists)),
        ("prefix" | "suffix" | "wildcard", Json::String(text)) => Some(is(path, Value::Text(pattern(name, text)?))),
        ("anything-but", wanted) => {
            let unlike = |wanted: &Json| match wanted {
                Json::String(text) => Some(Value::Text(Text::literal(text))),
                Json::Number(number) => number.as_f64().map(Value::Number),
                Json::Object(inner) if inner.len() == 1 => {
                    match inner.iter().next().map(|(name, value)| (name.as_str(), value))? {
                        (name @ ("prefix" | "suffix" | "wildcard"), Json::String(text)) => {
                            pattern(name, text).map(Value::Text)
                        }
                        _ => None,
                    }
                }
                _ => None,
            };
            let wanted = wanted.as_array().map_or_else(|| vec![wanted], |list| list.iter().collect());
            let values: Option<Vec<Value>> = wanted.into_iter().map(unlike).collect();
            Tree::all(values?.into_iter().map(|value| term(path, Test::IsNot(value))))
        }
        ("numeric", Json::Array(parts)) => {
            let bounds = parts.chunks(2).map(|pair| match pair {
                [Json::String(order), Json::Number(number)] => {
                    let number = number.as_f64()?;
                    let test = match order.as_str() {
                        "=" => Test::Is(Value::Number(number)),
                        "<" => Test::Compares(Order::Less, number),
                        "<=" => Test::Compares(Order::LessOrEqual, number),
                        ">" => Test::Compares(Order::Greater, number),
                        ">=" => Test::Compares(Order::GreaterOrEqual, number),
                        _ => return None,
                    };
                    Some(term(path, test))
                }
                _ => None,
            });
            Tree::all(bounds.collect::<Option<Vec<_>>>()?)
        }
        _ => None,
    }
}

/// Text with a wildcard at its ends; `None` with one elsewhere.
fn pattern(name: &str, text: &str) -> Option<Text> {
    let (open_start, open_end, inner) = match name {
        "prefix" => return Some(Text { open_start: false, text: text.to_owned(), open_end: true }),
        "suffix" => return Some(Text { open_start: true, text: text.to_owned(), open_end: false }),
        _ => {
            let (start, rest) = text.strip_prefix('*').map_or((false, text), |rest| (true, rest));
            let (end, rest) = rest.strip_suffix('*').map_or((false, rest), |rest| (true, rest));
            (start, end || (start && rest.is_empty()), rest)
        }
    };
    let plain = !inner.contains(['*', '\\']);
    plain.then(|| Text { open_start, text: inner.to_owned(), open_end })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(pattern: &str) -> String {
        parse(pattern).map_or_else(|| "none".to_owned(), |tree| tree.to_string())
    }

    #[test]
    fn every_operator_at_the_ends_of_texts_is_understood() {
        for (pattern, meaning) in [
            (r#"{"source":["aws.iam","aws.sts"]}"#, r#"{ $.source = "aws.iam" || $.source = "aws.sts" }"#),
            (r#"{"detail":{"eventName":[{"prefix":"Create"}]}}"#, r#"{ $.detail.eventName = "Create*" }"#),
            (r#"{"a":[{"suffix":"x"}]}"#, r#"{ $.a = "*x" }"#),
            (r#"{"a":[{"wildcard":"*x*"}]}"#, r#"{ $.a = "*x*" }"#),
            (r#"{"a":[{"exists":false}]}"#, "{ $.a NOT EXISTS }"),
            (r#"{"a":[{"anything-but":["x","y"]}]}"#, r#"{ $.a != "x" && $.a != "y" }"#),
            (r#"{"a":[{"anything-but":{"prefix":"x"}}]}"#, r#"{ $.a != "x*" }"#),
            (r#"{"a":[{"numeric":[">",0,"<=",5]}]}"#, "{ $.a > 0 && $.a <= 5 }"),
            (r#"{"a":[null,true,3]}"#, "{ $.a IS NULL || $.a IS TRUE || $.a = 3 }"),
            (r#"{"$or":[{"a":["x"]},{"b":["y"]}]}"#, r#"{ $.a = "x" || $.b = "y" }"#),
        ] {
            assert_eq!(read(pattern), meaning, "{pattern}");
        }
    }

    #[test]
    fn what_is_not_understood_stays_open_and_what_is_no_pattern_is_none() {
        assert_eq!(read(r#"{"a":[{"cidr":"10.0.0.0/8"}]}"#), r#"{ $.a = %{"cidr":"10.0.0.0/8"}% }"#);
        assert_eq!(read(r#"{"a":[{"wildcard":"x*y"}]}"#), r#"{ $.a = %{"wildcard":"x*y"}% }"#);
        assert_eq!(read(r#"{"a":{}}"#), "{ $.a = %{}% }");
        assert_eq!(read("{}"), "none");
        assert_eq!(read("[]"), "none");
        assert_eq!(read("{"), "none");
    }
}

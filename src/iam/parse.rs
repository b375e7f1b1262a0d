//! From JSON to [`Policy`]: the grammar of the policy language, nothing looser.
//!
//! What AWS stores always fits this grammar, so whatever does not is an error that names its place, never a statement
//! that is skipped.

use super::error::PolicyError;
use super::json;
use super::json::{Members, Node};
use super::operator::Operator;
use super::policy::{
    ActionBlock, ActionPattern, Condition, Effect, Place, Policy, Principal, PrincipalBlock, PrincipalKind,
    ResourceBlock, Statement, Version,
};
use super::template::Template;
use serde_json::Value;
use std::borrow::Cow;
use std::fmt;
use std::str::FromStr;

const STATEMENT_ELEMENTS: &[&str] =
    &["Sid", "Effect", "Principal", "NotPrincipal", "Action", "NotAction", "Resource", "NotResource", "Condition"];

impl FromStr for Policy {
    type Err = PolicyError;

    fn from_str(text: &str) -> Result<Self, PolicyError> {
        Self::from_node(&json::read(text)?)
    }
}

impl Policy {
    /// Reads a decoded document.
    pub fn from_value(document: &Value) -> Result<Self, PolicyError> {
        Self::from_node(&Node::from(document))
    }

    pub(super) fn from_node(document: &Node<'_>) -> Result<Self, PolicyError> {
        let object = as_object(document, "")?;
        only(object, "", &["Version", "Id", "Statement"])?;
        let version = match optional_text(object, "", "Version")? {
            None => Version::Missing,
            Some("2008-10-17") => Version::V2008,
            Some("2012-10-17") => Version::V2012,
            Some(other) => Version::Other(other.to_owned()),
        };
        let id = optional_text(object, "", "Id")?.map(str::to_owned);
        let missing = || PolicyError::MissingElement { pointer: String::new(), element: "Statement" };
        let reader = Reader { variables: version.has_variables() };
        let statements = match object.get("Statement").ok_or_else(missing)? {
            Node::Array(list) => list
                .iter()
                .enumerate()
                .map(|(index, member)| reader.statement(member, &format!("/Statement/{index}")))
                .collect::<Result<_, _>>()?,
            single => vec![reader.statement(single, "/Statement")?],
        };
        Ok(Self { version, id, statements })
    }
}

struct Reader {
    variables: bool,
}

impl Reader {
    fn statement(&self, value: &Node<'_>, at: &str) -> Result<Statement, PolicyError> {
        let object = as_object(value, at)?;
        only(object, at, STATEMENT_ELEMENTS)?;
        Ok(Statement {
            sid: optional_text(object, at, "Sid")?.map(str::to_owned),
            effect: effect(object, at)?,
            principal: principal_block(object, at)?,
            action: action_block(object, at)?,
            resource: self.resource_block(object, at)?,
            conditions: self.conditions(object, at)?,
            place: Place(at.to_owned()),
        })
    }

    fn resource_block(&self, object: &Members<'_>, at: &str) -> Result<ResourceBlock, PolicyError> {
        Ok(match one_of(object, at, "Resource", "NotResource")? {
            Either::Neither => ResourceBlock::None,
            Either::First(value) => ResourceBlock::Resource(self.templates(value, At(at, "Resource"))?),
            Either::Second(value) => ResourceBlock::NotResource(self.templates(value, At(at, "NotResource"))?),
        })
    }

    fn templates(&self, value: &Node<'_>, at: At<'_>) -> Result<Vec<Template>, PolicyError> {
        let is_list = matches!(value, Node::Array(_));
        let place = |index| if is_list { format!("{at}/{index}") } else { at.to_string() };
        let texts = texts(value, at)?.into_iter().enumerate();
        texts.map(|(index, text)| template(text, self.variables, &|| place(index))).collect()
    }

    fn conditions(&self, object: &Members<'_>, at: &str) -> Result<Vec<Condition>, PolicyError> {
        let Some(value) = object.get("Condition") else { return Ok(Vec::new()) };
        let at = format!("{at}/Condition");
        let mut conditions = Vec::new();
        for (name, keys) in as_object(value, &at)?.iter() {
            let at = child(&at, name);
            let operator = Operator::parse(name).ok_or_else(|| PolicyError::UnknownValue {
                pointer: at.clone(),
                value: name.to_owned(),
                expected: "a condition operator",
            })?;
            for (key, values) in as_object(keys, &at)?.iter() {
                let pointer = child(&at, key);
                if conditions.iter().any(|known: &Condition| known.operator == operator && known.key == key) {
                    return Err(PolicyError::RepeatedCondition { pointer });
                }
                conditions.push(self.condition(operator, key, values, &pointer)?);
            }
        }
        conditions.sort_by(|a, b| (a.operator, &a.key).cmp(&(b.operator, &b.key)));
        Ok(conditions)
    }

    fn condition(&self, operator: Operator, key: &str, values: &Node<'_>, at: &str) -> Result<Condition, PolicyError> {
        let variables = self.variables && operator.comparison.takes_variables();
        let members = match values {
            Node::Array(list) => {
                list.iter().enumerate().map(|(index, member)| (member, format!("{at}/{index}"))).collect()
            }
            single => vec![(single, at.to_owned())],
        };
        let values = members
            .into_iter()
            .map(|(member, place)| template(&scalar(member, &place)?, variables, &|| place.clone()))
            .collect::<Result<_, _>>()?;
        Ok(Condition { operator, key: key.to_owned(), values })
    }
}

/// Appends a member's name to a JSON pointer.
pub(super) fn child(pointer: &str, name: &str) -> String {
    format!("{pointer}/{}", name.replace('~', "~0").replace('/', "~1"))
}

fn effect(object: &Members<'_>, at: &str) -> Result<Effect, PolicyError> {
    match optional_text(object, at, "Effect")? {
        Some("Allow") => Ok(Effect::Allow),
        Some("Deny") => Ok(Effect::Deny),
        Some(other) => Err(PolicyError::UnknownValue {
            pointer: format!("{at}/Effect"),
            value: other.to_owned(),
            expected: "`Allow` or `Deny`",
        }),
        None => Err(PolicyError::MissingElement { pointer: at.to_owned(), element: "Effect" }),
    }
}

fn action_block(object: &Members<'_>, at: &str) -> Result<ActionBlock, PolicyError> {
    let patterns = |value: &Node<'_>, name| -> Result<Vec<ActionPattern>, PolicyError> {
        Ok(texts(value, At(at, name))?.into_iter().map(ActionPattern::new).collect())
    };
    Ok(match one_of(object, at, "Action", "NotAction")? {
        Either::Neither => ActionBlock::None,
        Either::First(value) => ActionBlock::Action(patterns(value, "Action")?),
        Either::Second(value) => ActionBlock::NotAction(patterns(value, "NotAction")?),
    })
}

fn principal_block(object: &Members<'_>, at: &str) -> Result<PrincipalBlock, PolicyError> {
    Ok(match one_of(object, at, "Principal", "NotPrincipal")? {
        Either::Neither => PrincipalBlock::None,
        Either::First(value) => PrincipalBlock::Principal(principals(value, At(at, "Principal"))?),
        Either::Second(value) => PrincipalBlock::NotPrincipal(principals(value, At(at, "NotPrincipal"))?),
    })
}

fn principals(value: &Node<'_>, at: At<'_>) -> Result<Vec<Principal>, PolicyError> {
    let Node::Object(object) = value else {
        // A bare text other than `*` is outside the grammar, but SQS and SNS store it as given; it means an AWS principal.
        let listed = |text: &str| match text {
            "*" => Principal::Everyone,
            other => Principal::Listed { kind: PrincipalKind::Aws, value: other.to_owned() },
        };
        return Ok(texts(value, at)?.into_iter().map(listed).collect());
    };
    let mut found = Vec::new();
    for (name, members) in object.iter() {
        let pointer = || child(&at.to_string(), name);
        let kind = *PrincipalKind::ALL
            .iter()
            .find(|kind| kind.as_str() == name)
            .ok_or_else(|| PolicyError::UnknownElement { pointer: pointer() })?;
        found.extend(
            texts(members, At(&at.to_string(), name))?
                .into_iter()
                .map(|text| Principal::Listed { kind, value: text.to_owned() }),
        );
    }
    // INVARIANT: members are in the order in which they are printed, whatever order the document's keys had.
    found.sort_by_key(|principal| match principal {
        Principal::Everyone => None,
        Principal::Listed { kind, .. } => Some(kind.as_str()),
    });
    Ok(found)
}

fn template(text: &str, variables: bool, at: &dyn Fn() -> String) -> Result<Template, PolicyError> {
    Template::parse(text, variables).map_err(|bad| PolicyError::BadVariable {
        pointer: at(),
        variable: bad.variable,
        reason: bad.reason,
    })
}

enum Either<'o, 'a> {
    Neither,
    First(&'o Node<'a>),
    Second(&'o Node<'a>),
}

fn one_of<'o, 'a>(
    object: &'o Members<'a>,
    at: &str,
    first: &'static str,
    second: &'static str,
) -> Result<Either<'o, 'a>, PolicyError> {
    match (object.get(first), object.get(second)) {
        (None, None) => Ok(Either::Neither),
        (Some(value), None) => Ok(Either::First(value)),
        (None, Some(value)) => Ok(Either::Second(value)),
        (Some(_), Some(_)) => Err(PolicyError::BothElements { pointer: at.to_owned(), first, second }),
    }
}

fn only(object: &Members<'_>, at: &str, known: &[&str]) -> Result<(), PolicyError> {
    match object.iter().map(|(name, _)| name).find(|name| !known.contains(name)) {
        None => Ok(()),
        Some(name) => Err(PolicyError::UnknownElement { pointer: child(at, name) }),
    }
}

fn as_object<'o, 'a>(value: &'o Node<'a>, at: &str) -> Result<&'o Members<'a>, PolicyError> {
    match value {
        Node::Object(members) => Ok(members),
        other => Err(wrong_type(other, at, "an object")),
    }
}

fn optional_text<'o>(object: &'o Members<'_>, at: &str, name: &str) -> Result<Option<&'o str>, PolicyError> {
    match object.get(name) {
        None => Ok(None),
        Some(Node::String(text)) => Ok(Some(text)),
        Some(other) => Err(wrong_type(other, &format!("{at}/{name}"), "a string")),
    }
}

/// The place of a member: the pointer of what holds it, and its name. Written out where something is wrong with it.
#[derive(Clone, Copy)]
struct At<'a>(&'a str, &'a str);

impl fmt::Display for At<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&child(self.0, self.1))
    }
}

/// A string or a list of strings.
fn texts<'o>(value: &'o Node<'_>, at: At<'_>) -> Result<Vec<&'o str>, PolicyError> {
    match value {
        Node::String(text) => Ok(vec![text]),
        Node::Array(list) => {
            let text = |(index, member): (usize, &'o Node<'_>)| match member {
                Node::String(text) => Ok(text.as_ref()),
                other => Err(wrong_type(other, &format!("{at}/{index}"), "a string")),
            };
            list.iter().enumerate().map(text).collect()
        }
        other => Err(wrong_type(other, &at.to_string(), "a string or a list of strings")),
    }
}

/// A condition's value as text: IAM takes numbers and booleans without quotes as well.
fn scalar<'o>(value: &'o Node<'_>, at: &str) -> Result<Cow<'o, str>, PolicyError> {
    match value {
        Node::String(text) => Ok(Cow::Borrowed(text)),
        Node::Bool(flag) => Ok(Cow::Borrowed(if *flag { "true" } else { "false" })),
        Node::Number(number) => Ok(Cow::Owned(number.to_string())),
        other => Err(wrong_type(other, at, "a string, number or boolean")),
    }
}

fn wrong_type(value: &Node<'_>, at: &str, expected: &'static str) -> PolicyError {
    let found = match value {
        Node::Null => "null",
        Node::Bool(_) => "a boolean",
        Node::Number(_) => "a number",
        Node::String(_) => "a string",
        Node::Array(_) => "a list",
        Node::Object(_) => "an object",
    };
    PolicyError::WrongType { pointer: at.to_owned(), expected, found }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refusal(text: &str) -> String {
        Policy::from_str(text).unwrap_err().to_string()
    }

    #[test]
    fn one_statement_and_a_list_of_one_mean_the_same() {
        let single =
            r#"{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"s3:GetObject","Resource":"*"}}"#;
        let list =
            r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":["s3:GetObject"],"Resource":["*"]}]}"#;
        let (single, list): (Policy, Policy) = (single.parse().unwrap(), list.parse().unwrap());
        assert_eq!(single, list);
        assert_eq!(single.statements[0].place.pointer(), "/Statement");
        assert_eq!(list.statements[0].place.pointer(), "/Statement/0");
    }

    #[test]
    fn refusals_name_the_place() {
        assert_eq!(refusal(r#"{"Version":"2012-10-17"}"#), "`` has no `Statement`");
        assert_eq!(
            refusal(r#"{"Statement":[{"Effect":"allow"}]}"#),
            "`/Statement/0/Effect` is `allow`, which is not `Allow` or `Deny`"
        );
        assert_eq!(
            refusal(r#"{"Statement":[{"Effect":"Deny","Actions":"*"}]}"#),
            "`/Statement/0/Actions` is not an element of the policy language"
        );
        assert_eq!(
            refusal(r#"{"Statement":{"Effect":"Deny","Action":["a",{}]}}"#),
            "`/Statement/Action/1` should be a string, but is an object"
        );
        assert_eq!(
            refusal(r#"{"Statement":{"Effect":"Deny","Action":"*","NotAction":"*"}}"#),
            "`/Statement` has both `Action` and `NotAction`"
        );
        assert_eq!(
            refusal(r#"{"Statement":{"Effect":"Deny","Condition":{"StringIs/x":{"a":"b"}}}}"#),
            "`/Statement/Condition/StringIs~1x` is `StringIs/x`, which is not a condition operator"
        );
    }

    #[test]
    fn condition_values_may_be_numbers_and_booleans() {
        let policy: Policy =
            r#"{"Statement":{"Effect":"Allow","Condition":{"Null":{"a":false},"NumericLessThan":{"b":[1,"2"]}}}}"#
                .parse()
                .unwrap();
        let values: Vec<_> =
            policy.statements[0].conditions.iter().flat_map(|c| &c.values).map(Template::source).collect();
        assert_eq!(values, ["1", "2", "false"]);
    }

    #[test]
    fn variables_are_read_only_where_the_version_has_them() {
        let parse = |version| {
            format!(r#"{{"Version":"{version}","Statement":{{"Effect":"Allow","Resource":"${{aws:username}}"}}}}"#)
                .parse::<Policy>()
                .unwrap()
        };
        let has_variable = |policy: &Policy| matches!(&policy.statements[0].resource, ResourceBlock::Resource(list) if list[0].has_variable());
        assert!(has_variable(&parse("2012-10-17")));
        assert!(!has_variable(&parse("2008-10-17")));
    }
}

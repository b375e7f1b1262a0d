//! From [`Policy`] back to JSON, in one canonical form.
//!
//! Statements are always a list, a list of one text is the text, condition values are strings. Parsing the print gives
//! an equal policy.

use super::policy::{
    ActionBlock, ActionPattern, Policy, Principal, PrincipalBlock, PrincipalKind, ResourceBlock, Statement,
};
use super::template::Template;
use serde_json::{Map, Value};
use std::fmt;

impl Policy {
    /// The document in canonical form.
    pub fn to_value(&self) -> Value {
        let mut object = Map::new();
        if let Some(version) = self.version.as_str() {
            object.insert("Version".to_owned(), version.into());
        }
        if let Some(id) = &self.id {
            object.insert("Id".to_owned(), id.as_str().into());
        }
        object.insert("Statement".to_owned(), self.statements.iter().map(statement).collect());
        Value::Object(object)
    }
}

impl fmt::Display for Policy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.to_value())
    }
}

fn statement(statement: &Statement) -> Value {
    let mut object = Map::new();
    let mut put = |name: &str, value: Value| object.insert(name.to_owned(), value);
    if let Some(sid) = &statement.sid {
        put("Sid", sid.as_str().into());
    }
    put("Effect", statement.effect.as_str().into());
    let principal = match &statement.principal {
        PrincipalBlock::None => None,
        PrincipalBlock::Principal(list) => Some(("Principal", principals(list))),
        PrincipalBlock::NotPrincipal(list) => Some(("NotPrincipal", principals(list))),
    };
    let action = match &statement.action {
        ActionBlock::None => None,
        ActionBlock::Action(list) => Some(("Action", texts(list.iter().map(ActionPattern::source)))),
        ActionBlock::NotAction(list) => Some(("NotAction", texts(list.iter().map(ActionPattern::source)))),
    };
    let resource = match &statement.resource {
        ResourceBlock::None => None,
        ResourceBlock::Resource(list) => Some(("Resource", texts(list.iter().map(Template::source)))),
        ResourceBlock::NotResource(list) => Some(("NotResource", texts(list.iter().map(Template::source)))),
    };
    for (name, value) in [principal, action, resource].into_iter().flatten() {
        put(name, value);
    }
    if !statement.conditions.is_empty() {
        put("Condition", conditions(statement));
    }
    Value::Object(object)
}

fn conditions(statement: &Statement) -> Value {
    let mut block = Map::new();
    for condition in &statement.conditions {
        let keys = block.entry(condition.operator.to_string()).or_insert_with(|| Value::Object(Map::new()));
        if let Value::Object(keys) = keys {
            keys.insert(condition.key.clone(), texts(condition.values.iter().map(Template::source)));
        }
    }
    Value::Object(block)
}

fn principals(list: &[Principal]) -> Value {
    let bare = |principal: &Principal| *principal == Principal::Everyone;
    if !list.is_empty() && list.iter().all(bare) {
        return texts(list.iter().map(|_| "*"));
    }
    let mut object = Map::new();
    for kind in PrincipalKind::ALL {
        let members: Vec<&str> = list
            .iter()
            .filter_map(|principal| match principal {
                Principal::Everyone => (*kind == PrincipalKind::Aws).then_some("*"),
                Principal::Listed { kind: listed, value } => (listed == kind).then_some(value.as_str()),
            })
            .collect();
        if !members.is_empty() {
            object.insert(kind.as_str().to_owned(), texts(members.into_iter()));
        }
    }
    Value::Object(object)
}

fn texts<'a>(list: impl Iterator<Item = &'a str>) -> Value {
    let mut members: Vec<Value> = list.map(Value::from).collect();
    match members.len() {
        1 => members.remove(0),
        _ => Value::Array(members),
    }
}

#[cfg(test)]
mod tests {
    use crate::iam::Policy;

    #[test]
    fn the_canonical_form_is_stable() {
        let text = r#"{"Statement":{"Resource":["*"],"Condition":{"stringlike":{"b":["x"],"a":[1,true]}},"Effect":"Deny","NotPrincipal":{"Service":"a.amazonaws.com","AWS":["*","123456789012"]},"NotAction":["s3:*","iam:*"]},"Id":"i"}"#;
        let policy: Policy = text.parse().unwrap();
        let canonical = r#"{"Id":"i","Statement":[{"Condition":{"StringLike":{"a":["1","true"],"b":"x"}},"Effect":"Deny","NotAction":["s3:*","iam:*"],"NotPrincipal":{"AWS":["*","123456789012"],"Service":"a.amazonaws.com"},"Resource":"*"}]}"#;
        assert_eq!(policy.to_string(), canonical);
        assert_eq!(policy.to_string().parse::<Policy>().unwrap(), policy);
    }
}

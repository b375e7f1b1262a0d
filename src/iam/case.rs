//! A request and its policies as one JSON object, so that policies can be tested without an account.
//!
//! The form is documented in `docs/iam-evaluation.md`. Members that say nothing about the decision (labels, notes,
//! expected answers) are left alone; a member that is read and has the wrong type is an error.

use super::caller::Caller;
use super::context::{Context, Fact};
use super::error::PolicyError;
use super::evaluate::{Answer, Attached, PolicySet};
use super::policy::Policy;
use super::request::Request;
use serde_json::{Map, Value};
use std::collections::BTreeMap;
use std::sync::Arc;
use thiserror::Error;

/// Policies by the id under which cases name them.
pub type Library = BTreeMap<String, Arc<Policy>>;

/// Why an object is not a case.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum CaseError {
    /// A member that has to be there.
    #[error("`{member}` is missing")]
    Missing {
        /// The member's path.
        member: String,
    },
    /// A member of another type.
    #[error("`{member}` should be {expected}")]
    WrongType {
        /// The member's path.
        member: String,
        /// What it should be.
        expected: &'static str,
    },
    /// A policy id that no file gives.
    #[error("`{member}` names the policy `{id}`, which is not among the policies given")]
    NoSuchPolicy {
        /// The member's path.
        member: String,
        /// The id.
        id: String,
    },
    /// A policy that is not in the grammar.
    #[error("the policy in `{member}` cannot be read: {source}")]
    Policy {
        /// The member's path.
        member: String,
        /// What is wrong with it.
        source: PolicyError,
    },
}

/// A policy under the name that answers use.
struct Named {
    name: String,
    policy: Arc<Policy>,
}

/// One case: a request and every policy that bears on it.
pub struct Case {
    id: String,
    request: Request,
    identity: Vec<Named>,
    boundary: Vec<Named>,
    session: Vec<Named>,
    resource: Vec<Named>,
    endpoint: Vec<Named>,
    scp: Option<Vec<Vec<Named>>>,
    rcp: Vec<Vec<Named>>,
}

impl Case {
    /// Reads a case; policies that it names by id are looked up.
    pub fn from_value(value: &Value, library: &Library) -> Result<Self, CaseError> {
        let case = object(value, "the line")?;
        let policies = match case.get("policies") {
            None => &Map::new(),
            Some(value) => object(value, "policies")?,
        };
        let list = |kind: &str| match policies.get(kind) {
            None | Some(Value::Null) => Ok(Vec::new()),
            Some(value) => documents(value, &format!("policies.{kind}"), library),
        };
        Ok(Self {
            id: text(case, "id", "id")?.to_owned(),
            request: request(member(case, "request", "request")?)?,
            identity: list("identity")?,
            boundary: list("boundary")?,
            session: list("session")?,
            resource: list("resource")?,
            endpoint: list("endpoint")?,
            scp: levels(policies, "scp", library)?,
            rcp: levels(policies, "rcp", library)?.unwrap_or_default(),
        })
    }

    /// The case's id.
    pub fn id(&self) -> &str {
        &self.id
    }

    /// The request.
    pub fn request(&self) -> &Request {
        &self.request
    }

    /// Decides the case.
    pub fn answer(&self) -> Answer {
        let set = PolicySet {
            identity: attached(&self.identity),
            boundary: given(&self.boundary),
            session: given(&self.session),
            resource: given(&self.resource),
            scp: self.scp.as_ref().map(|levels| levels.iter().map(|level| attached(level)).collect()),
            rcp: self.rcp.iter().map(|level| attached(level)).collect(),
            endpoint: given(&self.endpoint),
        };
        set.answer(&self.request)
    }
}

fn attached(list: &[Named]) -> Vec<Attached<'_>> {
    list.iter().map(|named| Attached { name: &named.name, policy: &named.policy }).collect()
}

/// No policies at all mean that there is no policy of the kind.
fn given(list: &[Named]) -> Option<Vec<Attached<'_>>> {
    (!list.is_empty()).then(|| attached(list))
}

/// Reads a file's policies by id: an object whose members are documents.
pub fn library(value: &Value) -> Result<Library, CaseError> {
    let mut library = Library::new();
    for (id, document) in object(value, "the file of policies")? {
        let policy = Policy::from_value(document).map_err(|source| CaseError::Policy { member: id.clone(), source })?;
        library.insert(id.clone(), Arc::new(policy));
    }
    Ok(library)
}

fn request(value: &Value) -> Result<Request, CaseError> {
    let request = object(value, "request")?;
    let mut context = match request.get("unknown_context") {
        Some(Value::String(all)) if all == "*" => Context::open(),
        _ => Context::complete(),
    };
    match request.get("unknown_context") {
        None | Some(Value::Null | Value::String(_)) => {}
        Some(value) => {
            for key in texts(value, "request.unknown_context")? {
                context.set(&key, Fact::Unknown);
            }
        }
    }
    if let Some(keys) = request.get("context").filter(|value| !value.is_null()) {
        for (key, value) in object(keys, "request.context")? {
            let fact = match value {
                Value::Null => Fact::Unknown,
                given => Fact::Present(texts(given, &format!("request.context.{key}"))?),
            };
            context.set(key, fact);
        }
    }
    let resource = match request.get("resource") {
        None | Some(Value::Null) => "*",
        _ if flag(request, "wildcard_only_action")? => "*",
        Some(_) => text(request, "resource", "request.resource")?,
    };
    let owner = match request.get("resource_account") {
        None | Some(Value::Null) => None,
        Some(_) => Some(text(request, "resource_account", "request.resource_account")?),
    };
    let caller = Caller::parse(text(request, "principal", "request.principal")?);
    let built = Request::new(caller, text(request, "action", "request.action")?, resource, owner, context);
    Ok(if flag(request, "derive_context")? { built.with_derived_keys() } else { built })
}

fn flag(request: &Map<String, Value>, name: &str) -> Result<bool, CaseError> {
    let wrong = || CaseError::WrongType { member: format!("request.{name}"), expected: "true or false" };
    match request.get(name) {
        None | Some(Value::Null) => Ok(false),
        Some(value) => value.as_bool().ok_or_else(wrong),
    }
}

/// A list of lists of policies; a level may also be a single policy.
fn levels(policies: &Map<String, Value>, kind: &str, library: &Library) -> Result<Option<Vec<Vec<Named>>>, CaseError> {
    let member = format!("policies.{kind}");
    match policies.get(kind) {
        None | Some(Value::Null) => Ok(None),
        Some(Value::Array(list)) => list
            .iter()
            .enumerate()
            .map(|(index, level)| documents(level, &format!("{member}[{index}]"), library))
            .collect::<Result<_, _>>()
            .map(Some),
        Some(_) => Err(CaseError::WrongType { member, expected: "a list of lists of policies" }),
    }
}

/// One policy or a list of them, each in place or by id.
fn documents(value: &Value, member: &str, library: &Library) -> Result<Vec<Named>, CaseError> {
    match value {
        Value::Array(list) => list
            .iter()
            .enumerate()
            .map(|(index, value)| document(value, &format!("{member}[{index}]"), library))
            .collect(),
        single => Ok(vec![document(single, member, library)?]),
    }
}

fn document(value: &Value, member: &str, library: &Library) -> Result<Named, CaseError> {
    match value {
        Value::String(id) => match library.get(id) {
            Some(policy) => Ok(Named { name: id.clone(), policy: Arc::clone(policy) }),
            None => Err(CaseError::NoSuchPolicy { member: member.to_owned(), id: id.clone() }),
        },
        other => match Policy::from_value(other) {
            Ok(policy) => Ok(Named { name: member.to_owned(), policy: Arc::new(policy) }),
            Err(source) => Err(CaseError::Policy { member: member.to_owned(), source }),
        },
    }
}

fn object<'a>(value: &'a Value, member: &str) -> Result<&'a Map<String, Value>, CaseError> {
    value.as_object().ok_or_else(|| CaseError::WrongType { member: member.to_owned(), expected: "an object" })
}

fn member<'a>(object: &'a Map<String, Value>, name: &str, path: &str) -> Result<&'a Value, CaseError> {
    object.get(name).ok_or_else(|| CaseError::Missing { member: path.to_owned() })
}

fn text<'a>(object: &'a Map<String, Value>, name: &str, path: &str) -> Result<&'a str, CaseError> {
    let wrong = || CaseError::WrongType { member: path.to_owned(), expected: "a string" };
    member(object, name, path)?.as_str().ok_or_else(wrong)
}

/// A scalar or a list of scalars, as texts.
fn texts(value: &Value, member: &str) -> Result<Vec<String>, CaseError> {
    match value {
        Value::Array(list) => list.iter().map(|value| scalar(value, member)).collect(),
        single => Ok(vec![scalar(single, member)?]),
    }
}

fn scalar(value: &Value, member: &str) -> Result<String, CaseError> {
    match value {
        Value::String(text) => Ok(text.clone()),
        Value::Bool(flag) => Ok(flag.to_string()),
        Value::Number(number) => Ok(number.to_string()),
        _ => Err(CaseError::WrongType {
            member: member.to_owned(),
            expected: "a string, number or boolean, or a list of them",
        }),
    }
}

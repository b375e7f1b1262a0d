//! What IAM refuses in an identity policy although the document parses: the checks of `iam:CreatePolicy`.
//!
//! Parsing takes whatever some type of policy may hold. A policy that is stored at IAM passes these checks, so a refusal
//! here means that the document never was in force.
//! <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_grammar.html>

use super::condition::Moment;
use super::operator::Comparison;
use super::parse::child;
use super::policy::{ActionBlock, ActionPattern, Condition, Policy, PrincipalBlock, ResourceBlock, Statement, Version};
use super::template::Template;
use std::collections::BTreeSet;
use thiserror::Error;

/// Why IAM would not store a document as an identity policy. Pointers are JSON pointers into the document.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum Refusal {
    /// Another version than the current one.
    #[error("`/Version` has to be `2012-10-17`")]
    Version,
    /// An empty list of statements.
    #[error("`/Statement` has no statements")]
    NoStatements,
    /// A statement that names no actions.
    #[error("`{pointer}` names no actions")]
    NoActions {
        /// The statement.
        pointer: String,
    },
    /// A statement that names no resources.
    #[error("`{pointer}` names no resources")]
    NoResources {
        /// The statement.
        pointer: String,
    },
    /// A principal in an identity policy, whose principal is whoever it is attached to.
    #[error("`{pointer}` names a principal, which identity policies do not")]
    Principal {
        /// The statement.
        pointer: String,
    },
    /// An action that is not `service:name`.
    #[error("`{pointer}` has the action `{action}`, which is not a service and a name with one colon between")]
    Action {
        /// The element.
        pointer: String,
        /// The action.
        action: String,
    },
    /// A resource that is not an ARN.
    #[error("`{pointer}` has the resource `{resource}`, which {reason}")]
    Resource {
        /// The element.
        pointer: String,
        /// The resource.
        resource: String,
        /// What is wrong with it.
        reason: &'static str,
    },
    /// A date that is none.
    #[error("`{pointer}` has the date `{date}`, which is neither ISO 8601 nor seconds since 1970")]
    Date {
        /// The condition's key.
        pointer: String,
        /// The text.
        date: String,
    },
    /// Two statements with the same `Sid`.
    #[error("`{pointer}` repeats the Sid `{sid}`")]
    RepeatedSid {
        /// The second of the statements.
        pointer: String,
        /// The `Sid`.
        sid: String,
    },
}

/// Everything for which IAM would refuse the document as an identity policy; nothing when it would take it.
pub fn refusals(policy: &Policy) -> Vec<Refusal> {
    let mut found = Vec::new();
    if policy.version != Version::V2012 {
        found.push(Refusal::Version);
    }
    if policy.statements.is_empty() {
        found.push(Refusal::NoStatements);
    }
    let mut sids = BTreeSet::new();
    for statement in &policy.statements {
        let pointer = statement.place.pointer();
        if let Some(sid) = statement.sid.as_deref().filter(|sid| !sid.is_empty())
            && !sids.insert(sid)
        {
            found.push(Refusal::RepeatedSid { pointer: pointer.to_owned(), sid: sid.to_owned() });
        }
        if statement.principal != PrincipalBlock::None {
            found.push(Refusal::Principal { pointer: pointer.to_owned() });
        }
        found.extend(actions(statement, pointer));
        found.extend(resources(statement, pointer));
        found.extend(statement.conditions.iter().flat_map(|condition| dates(condition, pointer)));
    }
    found
}

fn actions(statement: &Statement, pointer: &str) -> Vec<Refusal> {
    let (name, list) = match &statement.action {
        ActionBlock::Action(list) if !list.is_empty() => ("Action", list),
        ActionBlock::NotAction(list) if !list.is_empty() => ("NotAction", list),
        _ => return vec![Refusal::NoActions { pointer: pointer.to_owned() }],
    };
    let misfit = |action: &&ActionPattern| {
        let service_and_name = action
            .parts()
            .is_some_and(|(service, name)| !service.is_empty() && !name.is_empty() && !name.contains(':'));
        !action.is_star() && !service_and_name
    };
    let refusal = |action: &ActionPattern| Refusal::Action {
        pointer: format!("{pointer}/{name}"),
        action: action.source().to_owned(),
    };
    list.iter().filter(misfit).map(refusal).collect()
}

fn resources(statement: &Statement, pointer: &str) -> Vec<Refusal> {
    let (name, list) = match &statement.resource {
        ResourceBlock::Resource(list) if !list.is_empty() => ("Resource", list),
        ResourceBlock::NotResource(list) if !list.is_empty() => ("NotResource", list),
        _ => return vec![Refusal::NoResources { pointer: pointer.to_owned() }],
    };
    let refusal = |resource: &Template| {
        let reason = not_an_arn(resource)?;
        let resource = resource.source().to_owned();
        Some(Refusal::Resource { pointer: format!("{pointer}/{name}"), resource, reason })
    };
    list.iter().filter_map(refusal).collect()
}

fn not_an_arn(resource: &Template) -> Option<&'static str> {
    if resource.is_star() {
        return None;
    }
    let mut parts = resource.source().splitn(6, ':');
    let mut next = || parts.next();
    let (Some(prefix), Some(partition)) = (next(), next()) else { return Some("is neither an ARN nor `*`") };
    if prefix != "arn" {
        return Some("does not start with `arn:`");
    }
    if !partition.starts_with("aws") && !partition.starts_with('*') {
        return Some("has a partition that does not exist");
    }
    let Some(service) = next() else { return Some("names no service") };
    if service.is_empty() {
        return Some("names no service");
    }
    let (Some(region), Some(_), Some(_)) = (next(), next(), next()) else {
        // A star at the end of a part reaches past the colons that are missing.
        return (!resource.source().ends_with('*')).then_some("has fewer than six parts");
    };
    let regional = !region.is_empty() && region != "*";
    (regional && matches!(service, "s3" | "iam")).then_some("names a Region, which ARNs of the service do not have")
}

fn dates(condition: &Condition, pointer: &str) -> Vec<Refusal> {
    use Comparison as C;
    if !matches!(
        condition.operator.comparison,
        C::DateEquals
            | C::DateNotEquals
            | C::DateLessThan
            | C::DateLessThanEquals
            | C::DateGreaterThan
            | C::DateGreaterThanEquals
    ) {
        return Vec::new();
    }
    let bad = condition.values.iter().map(Template::source).filter(|date| Moment::parse(date).is_none());
    let refusal = |date: &str| Refusal::Date {
        pointer: child(&format!("{pointer}/Condition/{}", condition.operator), &condition.key),
        date: date.to_owned(),
    };
    bad.map(refusal).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn refusals_name_place_and_value() {
        let policy: Policy = r#"{"Version":"2012-10-17","Statement":[{"Sid":"a","Effect":"Allow","Principal":"*","Action":"s3","Resource":"b"},{"Sid":"a","Effect":"Deny","NotAction":"*","Resource":"arn:aws:s3:::b","Condition":{"DateEquals":{"k":"x"}}}]}"#.parse().unwrap();
        let told: Vec<String> = refusals(&policy).iter().map(ToString::to_string).collect();
        assert_eq!(
            told,
            [
                "`/Statement/0` names a principal, which identity policies do not",
                "`/Statement/0/Action` has the action `s3`, which is not a service and a name with one colon between",
                "`/Statement/0/Resource` has the resource `b`, which is neither an ARN nor `*`",
                "`/Statement/1` repeats the Sid `a`",
                "`/Statement/1/Condition/DateEquals/k` has the date `x`, which is neither ISO 8601 nor seconds since 1970",
            ]
        );
    }
}

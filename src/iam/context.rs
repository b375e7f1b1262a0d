//! What is known of a request besides who, what and where: the condition keys and their values.
//!
//! A key that is absent from the request and a key whose value nobody told us are two different things: the first
//! decides a condition, the second leaves it open.

use std::collections::BTreeMap;

/// What is known of one condition key.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Fact {
    /// The request has the key, with these values.
    Present(Vec<String>),
    /// The request does not have the key.
    Absent,
    /// The request has the key, nobody knows its value.
    SomeValue,
    /// Nobody knows whether the request has the key.
    Unknown,
}

/// The condition keys of a request. Keys compare without regard to case.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Context {
    facts: BTreeMap<String, Fact>,
    rest: Fact,
}

impl Context {
    /// A request of which every key is known: what is not listed is absent.
    pub fn complete() -> Self {
        Self { facts: BTreeMap::new(), rest: Fact::Absent }
    }

    /// A request of which only the listed keys are known.
    pub fn open() -> Self {
        Self { facts: BTreeMap::new(), rest: Fact::Unknown }
    }

    /// Says what is known of a key.
    pub fn set(&mut self, key: &str, fact: Fact) {
        self.facts.insert(key.to_ascii_lowercase(), fact);
    }

    /// Gives a key one value.
    pub fn set_value(&mut self, key: &str, value: &str) {
        self.set(key, Fact::Present(vec![value.to_owned()]));
    }

    /// The same with some more facts.
    #[must_use]
    pub fn with(mut self, facts: &[(&str, Fact)]) -> Self {
        for (key, fact) in facts {
            self.set(key, fact.clone());
        }
        self
    }

    /// Gives a key one value unless something is already known of it.
    pub fn set_default(&mut self, key: &str, value: &str) {
        self.facts.entry(key.to_ascii_lowercase()).or_insert_with(|| Fact::Present(vec![value.to_owned()]));
    }

    /// What is known of a key.
    pub fn get(&self, key: &str) -> &Fact {
        if key.bytes().any(|byte| byte.is_ascii_uppercase()) {
            return self.facts.get(&key.to_ascii_lowercase()).unwrap_or(&self.rest);
        }
        self.facts.get(key).unwrap_or(&self.rest)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_compare_without_regard_to_case() {
        let mut context = Context::complete();
        context.set_value("aws:PrincipalTag/Team", "a");
        assert_eq!(context.get("AWS:principaltag/team"), &Fact::Present(vec!["a".to_owned()]));
        assert_eq!(context.get("aws:SourceIp"), &Fact::Absent);
    }

    #[test]
    fn an_open_context_knows_nothing_of_other_keys() {
        let mut context = Context::open();
        context.set("aws:MultiFactorAuthPresent", Fact::Absent);
        context.set_default("aws:MultiFactorAuthPresent", "true");
        assert_eq!(context.get("aws:multifactorauthpresent"), &Fact::Absent);
        assert_eq!(context.get("aws:SourceIp"), &Fact::Unknown);
    }
}

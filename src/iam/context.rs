//! What is known of a request besides who, what and where: the condition keys and their values.
//!
//! A key that is absent from the request and a key whose value nobody told us are two different things: the first
//! decides a condition, the second leaves it open.

use std::cmp::Ordering;
use std::sync::Arc;

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
    /// By key in lower case, short ones first: there are a few dozen, and they are asked for far more often than told.
    facts: Vec<(String, Fact)>,
    /// What is known besides, unless said otherwise above: shared by many requests.
    beneath: Option<Arc<Context>>,
    rest: Fact,
}

impl Context {
    /// A request of which every key is known: what is not listed is absent.
    pub fn complete() -> Self {
        Self { facts: Vec::new(), beneath: None, rest: Fact::Absent }
    }

    /// A request of which only the listed keys are known.
    pub fn open() -> Self {
        Self { facts: Vec::new(), beneath: None, rest: Fact::Unknown }
    }

    /// As much as is known of another request, ready for more.
    pub fn on(beneath: &Arc<Self>) -> Self {
        let rest = beneath.rest.clone();
        Self { facts: Vec::new(), beneath: Some(Arc::clone(beneath)), rest }
    }

    /// Says what is known of a key.
    pub fn set(&mut self, key: &str, fact: Fact) {
        match self.place(key) {
            Ok(place) => {
                if let Some((_, known)) = self.facts.get_mut(place) {
                    *known = fact;
                }
            }
            Err(place) => self.facts.insert(place, (key.to_ascii_lowercase(), fact)),
        }
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
        if self.told(key).is_none() {
            self.set_value(key, value);
        }
    }

    /// What is known of a key.
    pub fn get(&self, key: &str) -> &Fact {
        self.told(key).unwrap_or(&self.rest)
    }

    /// What was said of a key.
    fn told(&self, key: &str) -> Option<&Fact> {
        match self.place(key) {
            Ok(place) => self.facts.get(place).map(|(_, fact)| fact),
            Err(_) => self.beneath.as_ref()?.told(key),
        }
    }

    fn place(&self, key: &str) -> Result<usize, usize> {
        self.facts.binary_search_by(|(own, _)| own.len().cmp(&key.len()).then_with(|| in_lower_case(own, key)))
    }
}

/// Compares a text in lower case with one in any.
pub(super) fn in_lower_case(own: &str, other: &str) -> Ordering {
    own.bytes().cmp(other.bytes().map(|byte| byte.to_ascii_lowercase()))
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
    fn a_context_on_another_knows_what_that_one_knows_and_may_say_otherwise() {
        let mut all = Context::complete();
        all.set_value("aws:username", "ann");
        all.set_value("aws:PrincipalAccount", "1");
        let mut own = Context::on(&Arc::new(all));
        own.set_value("aws:Username", "bob");
        own.set_default("aws:PrincipalAccount", "2");
        let is = |text: &str| Fact::Present(vec![text.to_owned()]);
        assert_eq!((own.get("aws:username"), own.get("aws:principalaccount")), (&is("bob"), &is("1")));
        assert_eq!(own.get("aws:SourceIp"), &Fact::Absent);
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

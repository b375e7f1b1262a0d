//! A policy document made ready for questions about sets: patterns compiled once and shared.

use std::borrow::Borrow;
use std::collections::HashMap;
use std::hash::Hash;
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};

use super::pattern::{Pattern, Token};
use super::policy::{ActionBlock, Condition, Effect, Policy, PrincipalBlock, ResourceBlock, Statement};
use super::region::{Block, Language};
use super::template::{Piece, Template};

/// One statement, compiled.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rule {
    /// Grants or refuses.
    pub effect: Effect,
    /// `Sid`, else the JSON pointer of the statement.
    pub name: Arc<str>,
    /// Whom the statement speaks of; nobody in particular in identity policies.
    pub principal: PrincipalBlock,
    /// The actions, in lower case.
    pub actions: Patterns,
    /// The resources.
    pub resources: Resources,
    /// What else has to hold.
    pub conditions: Arc<[Condition]>,
}

/// Patterns that are listed to be included or excluded.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Patterns {
    /// True for `NotAction` and `NotResource`.
    pub excluded: bool,
    /// The patterns.
    pub list: Arc<[Pattern]>,
}

/// The resources of a statement.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Resources {
    /// The patterns without variables.
    pub fixed: Patterns,
    /// The texts with policy variables: their patterns depend on who asks.
    pub varying: Box<[Template]>,
}

/// Shares what is equal between documents: names, patterns, lists of patterns, and conditions. Several threads may compile at once.
#[derive(Debug, Default)]
pub struct Interner {
    actions: Kept<String, Pattern>,
    resources: Kept<String, Pattern>,
    names: Kept<Arc<str>, Arc<str>>,
    /// By where their patterns lie: patterns of the same text are one.
    lists: Kept<Box<[usize]>, Arc<[Pattern]>>,
    conditions: Kept<Arc<[Condition]>, Arc<[Condition]>>,
}

/// What was made before, by what it was made of.
#[derive(Debug)]
struct Kept<K, V>(Mutex<HashMap<K, V>>);

impl<K, V> Default for Kept<K, V> {
    fn default() -> Self {
        Self(Mutex::default())
    }
}

impl<K: Eq + Hash, V: Clone> Kept<K, V> {
    /// The one that was kept.
    fn known<Q: Eq + Hash + ?Sized>(&self, of: &Q) -> Option<V>
    where
        K: Borrow<Q>,
    {
        self.lock().get(of).cloned()
    }

    /// Keeps what was made without making others wait. Of two threads that made the same at once, both get what the first kept.
    fn keep(&self, of: K, made: V) -> V {
        self.lock().entry(of).or_insert(made).clone()
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<K, V>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Interner {
    /// One copy of a text that many things have.
    pub fn text(&self, text: &str) -> Arc<str> {
        self.names.known(text).unwrap_or_else(|| {
            let text: Arc<str> = text.into();
            self.names.keep(Arc::clone(&text), text)
        })
    }

    fn action(&self, lower: &str) -> Pattern {
        self.actions.known(lower).unwrap_or_else(|| self.actions.keep(lower.to_owned(), Pattern::action(lower)))
    }

    fn resource(&self, template: &Template) -> Pattern {
        let source = template.source();
        // Escapes such as `${*}` mean other things in other versions, so only plain texts are shared.
        if source.contains('$') {
            return resource_pattern(template);
        }
        let make = || self.resources.keep(source.to_owned(), resource_pattern(template));
        self.resources.known(source).unwrap_or_else(make)
    }

    /// Compiles the statements of a document.
    pub fn compile(&self, policy: Policy) -> Vec<Rule> {
        policy.statements.into_iter().map(|statement| self.rule(statement)).collect()
    }

    fn rule(&self, statement: Statement) -> Rule {
        Rule {
            name: self.text(statement.name()),
            effect: statement.effect,
            actions: match &statement.action {
                ActionBlock::None => Patterns::everything(),
                ActionBlock::Action(list) => self.actions(false, list),
                ActionBlock::NotAction(list) => self.actions(true, list),
            },
            resources: match &statement.resource {
                ResourceBlock::None => Resources { fixed: Patterns::everything(), varying: Box::default() },
                ResourceBlock::Resource(list) => self.resources(false, list),
                ResourceBlock::NotResource(list) => self.resources(true, list),
            },
            principal: statement.principal,
            conditions: self.conditions(statement.conditions),
        }
    }

    fn conditions(&self, list: Vec<Condition>) -> Arc<[Condition]> {
        self.conditions.known(list.as_slice()).unwrap_or_else(|| {
            let list: Arc<[Condition]> = list.into();
            self.conditions.keep(Arc::clone(&list), list)
        })
    }

    fn list(&self, list: Vec<Pattern>) -> Arc<[Pattern]> {
        let addresses: Box<[usize]> = list.iter().map(Pattern::address).collect();
        self.lists.known(addresses.as_ref()).unwrap_or_else(|| self.lists.keep(addresses, list.into()))
    }

    fn actions(&self, excluded: bool, list: &[super::policy::ActionPattern]) -> Patterns {
        let list = list.iter().map(|pattern| self.action(pattern.lower())).collect();
        Patterns { excluded, list: self.list(list) }
    }

    fn resources(&self, excluded: bool, list: &[Template]) -> Resources {
        let (varying, fixed): (Vec<&Template>, Vec<&Template>) =
            list.iter().partition(|template| template.has_variable());
        let fixed = fixed.into_iter().map(|template| self.resource(template)).collect();
        Resources {
            fixed: Patterns { excluded, list: self.list(fixed) },
            varying: varying.into_iter().cloned().collect(),
        }
    }
}

/// The pattern of a resource text without variables.
pub fn resource_pattern(template: &Template) -> Pattern {
    fill(template, &|_| VariableValue::Unknown, true).unwrap_or_else(Pattern::anything)
}

impl Patterns {
    /// Where the list lies: tells copies of one list from others as long as one of them is kept.
    pub(crate) fn address(&self) -> (bool, usize) {
        (self.excluded, self.list.as_ptr().addr())
    }

    /// Every text.
    pub fn everything() -> Self {
        Self { excluded: true, list: Arc::default() }
    }

    /// True when plainly no text is left out.
    pub(crate) fn are_all(&self) -> bool {
        if self.excluded { self.list.is_empty() } else { self.list.iter().any(Pattern::is_anything) }
    }

    /// Whether a text is listed (or, when excluded, is not).
    pub fn contains(&self, text: &str) -> bool {
        self.list.iter().any(|pattern| pattern.matches(text)) != self.excluded
    }

    /// Those texts of `query` that are listed (or, when excluded, are not), as languages whose union they are. Patterns
    /// that plainly have nothing in common with it are passed over.
    fn within<'a>(&'a self, query: &'a Language) -> impl Iterator<Item = Language> + 'a {
        let apart = |pattern: &&Pattern| query.all_of.iter().any(|own| own.starts_apart(pattern));
        let without = self.excluded.then(|| Language::except(&self.list).and(query));
        let listed = self.list.iter().filter(move |pattern| !self.excluded && !apart(pattern));
        without.into_iter().chain(listed.map(|pattern| Language::of(pattern.clone()).and(query)))
    }
}

/// A statement that allows everything, as `FullAWSAccess` does and as an attacker would attach it.
pub(crate) fn everything() -> &'static Rule {
    static RULE: OnceLock<Rule> = OnceLock::new();
    RULE.get_or_init(|| Rule {
        effect: Effect::Allow,
        name: "everything".into(),
        principal: PrincipalBlock::None,
        actions: Patterns::everything(),
        resources: Resources { fixed: Patterns::everything(), varying: Box::default() },
        conditions: Arc::default(),
    })
}

impl Rule {
    /// The rule's pairs that are also in `query`, given its resources as [`Resources::for_variables`] makes them.
    pub fn blocks(&self, query: &Block, resources: &Patterns) -> Vec<Block> {
        let actions: Vec<Language> = match query.actions.as_literal() {
            Some(literal) if self.actions.contains(literal) => vec![query.actions.clone()],
            Some(_) => return Vec::new(),
            None => self.actions.within(&query.actions).collect(),
        };
        let resources: Vec<Language> = match query.resources.as_literal() {
            Some(literal) if resources.contains(literal) => vec![query.resources.clone()],
            Some(_) => return Vec::new(),
            None => resources.within(&query.resources).collect(),
        };
        // Both are down to one text: the pair is there or it is not.
        if let (Some(action), Some(resource)) = (query.actions.as_literal(), query.resources.as_literal()) {
            let is_there = query.actions.contains(action) && query.resources.contains(resource);
            return if is_there { vec![query.clone()] } else { Vec::new() };
        }
        let mut blocks = Vec::new();
        for actions in &actions {
            for resources in &resources {
                let block = Block { actions: actions.clone(), resources: resources.clone() };
                if block.is_empty() != Some(true) {
                    blocks.push(block);
                }
            }
        }
        blocks
    }

    /// True when the statement speaks of every action on every resource, whatever its conditions.
    pub(crate) fn is_about_everything(&self) -> bool {
        self.actions.are_all() && self.resources.fixed.are_all() && !self.has_variables()
    }

    /// True when the statement allows everything, whatever the request.
    pub(crate) fn allows_everything(&self) -> bool {
        self.effect == Effect::Allow && self.conditions.is_empty() && self.is_about_everything()
    }

    /// True when what the statement says does not depend on the request.
    pub fn is_plain(&self) -> bool {
        self.conditions.is_empty() && !self.has_variables()
    }

    /// The condition keys that the statement's conditions ask for, as they are written.
    pub(crate) fn condition_keys(&self) -> impl Iterator<Item = &str> {
        let values = self.conditions.iter().flat_map(|condition| &condition.values);
        self.conditions.iter().map(|condition| condition.key.as_str()).chain(values.flat_map(variables))
    }

    /// All keys that what the statement says depends on, those of variables in its resources included.
    pub(crate) fn keys(&self) -> impl Iterator<Item = &str> {
        self.condition_keys().chain(self.resources.keys())
    }

    /// True when the resources depend on who asks.
    pub fn has_variables(&self) -> bool {
        !self.resources.varying.is_empty()
    }
}

impl Resources {
    /// The keys of the variables.
    pub(crate) fn keys(&self) -> impl Iterator<Item = &str> {
        self.varying.iter().flat_map(variables)
    }

    /// The patterns with variables filled in. A variable without a known value is left out of the pattern list
    /// (`wide` false), or stands for any text (`wide` true): the two enclose what is true.
    pub fn for_variables(&self, value: &Variables<'_>, wide: bool) -> Patterns {
        let varying = self.varying.iter().filter_map(|template| fill(template, value, wide != self.fixed.excluded));
        let list = self.fixed.list.iter().cloned().chain(varying).collect();
        Patterns { excluded: self.fixed.excluded, list }
    }
}

/// The keys of a template's variables.
fn variables(template: &Template) -> impl Iterator<Item = &str> {
    template.pieces().iter().filter_map(|piece| match piece {
        Piece::Variable { key, .. } => Some(key.as_str()),
        _ => None,
    })
}

/// Says what is known of a variable, by its key.
pub type Variables<'a> = dyn Fn(&str) -> VariableValue + 'a;

/// What is known of a policy variable.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum VariableValue {
    /// It has this value.
    Is(String),
    /// The request has no such key.
    Absent,
    /// Not known.
    Unknown,
}

fn fill(template: &Template, value: &Variables<'_>, wide: bool) -> Option<Pattern> {
    let mut tokens = Vec::new();
    for piece in template.pieces() {
        match piece {
            Piece::Text(text) => tokens.extend(text.chars().map(Token::Char)),
            Piece::Star => tokens.push(Token::Many),
            Piece::Question => tokens.push(Token::One),
            Piece::Variable { key, default } => match (value(key), default) {
                (VariableValue::Is(text), _) => tokens.extend(text.chars().map(Token::Char)),
                (VariableValue::Absent, Some(text)) => tokens.extend(text.chars().map(Token::Char)),
                (VariableValue::Unknown, _) if wide => tokens.push(Token::Many),
                // A variable without a value never matches.
                (VariableValue::Absent | VariableValue::Unknown, _) => return None,
            },
        }
    }
    Some(Pattern::from_tokens(tokens))
}

#[cfg(test)]
mod tests {
    use rayon::prelude::*;

    use super::*;

    #[test]
    fn what_is_equal_is_one_whichever_thread_compiled_it() {
        let text = |number: usize| {
            format!(
                r#"{{"Statement":{{"Sid":"s{0}","Effect":"Allow","Action":["s3:{0}*","iam:*"],"Resource":"arn:aws:s3:::b{0}/*",
                "Condition":{{"Bool":{{"aws:SecureTransport":"{1}"}}}}}}}}"#,
                number % 50,
                number.is_multiple_of(2)
            )
        };
        let pool = rayon::ThreadPoolBuilder::new().num_threads(4).build().unwrap();
        let interner = Interner::default();
        let compile = |number| interner.compile(text(number).parse().unwrap()).remove(0);
        let rules: Vec<Rule> = pool.install(|| (0..2000).into_par_iter().map(compile).collect());
        for (number, rule) in rules.iter().enumerate() {
            let (twin, alone) = (&rules[number % 50], Interner::default().compile(text(number).parse().unwrap()));
            assert_eq!(rule, &alone[0]);
            assert!(Arc::ptr_eq(&rule.name, &twin.name) && Arc::ptr_eq(&rule.conditions, &twin.conditions));
            assert_eq!(rule.actions.address(), twin.actions.address());
            assert_eq!(rule.resources.fixed.address(), twin.resources.fixed.address());
        }
    }

    #[test]
    fn an_unknown_variable_encloses_the_truth() {
        let policy: Policy = r#"{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"iam:*",
            "Resource":"arn:aws:iam::*:user/${aws:username}"}}"#
            .parse()
            .unwrap();
        let rules = Interner::default().compile(policy);
        let user = "arn:aws:iam::1:user/ann";
        let is = |value: VariableValue, wide| rules[0].resources.for_variables(&|_| value.clone(), wide).contains(user);
        assert!(is(VariableValue::Is("ann".to_owned()), false) && !is(VariableValue::Is("bob".to_owned()), true));
        assert!(!is(VariableValue::Unknown, false) && is(VariableValue::Unknown, true));
        assert!(!is(VariableValue::Absent, true));
    }
}

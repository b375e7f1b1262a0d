//! Which statements speak of the actions that methods use, found once per document and not once per principal.

use std::collections::HashMap;
use std::sync::LazyLock;

use super::bits::Bits;
use super::methods::{Way, methods};
use crate::iam::account::{Account, DocumentId};
use crate::iam::context::in_lower_case;
use crate::iam::document::Patterns;
use crate::iam::pattern::Pattern;
use crate::iam::policy::Effect;

/// A statement that speaks of an action.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Mention {
    /// The action's position among [`actions`].
    pub(super) action: u16,
    /// The statement's position in its document.
    pub(super) rule: u16,
    /// The position of its resource patterns among all that differ.
    pub(super) resources: u32,
}

/// What one document has to say.
#[derive(Debug, Default)]
pub(super) struct Spoken {
    /// The statements that speak of actions, sorted by action.
    pub(super) mentions: Vec<Mention>,
    /// The actions that an allow speaks of.
    pub(super) allowed: Bits,
    /// Whether there is a deny that may speak of IAM.
    pub(super) denies: bool,
    /// Whether a deny speaks of one of the actions.
    pub(super) denies_some: bool,
    /// Whether there is an allow of anything at all.
    pub(super) allows: bool,
    /// The position of the first statement that allows everything, whatever the request.
    pub(super) whole: Option<u16>,
}

/// The documents that speak of the actions of methods.
pub(super) struct Index<'a> {
    documents: Vec<Vec<Spoken>>,
    patterns: Vec<&'a Patterns>,
}

/// The position of an action that no method uses.
const NO_ACTION: u16 = u16::MAX;

impl<'a> Index<'a> {
    /// Reads all documents of some accounts.
    pub(super) fn new(accounts: &'a [Account]) -> Self {
        let mut index = Self { documents: Vec::new(), patterns: Vec::new() };
        let mut known: HashMap<(bool, usize), u32> = HashMap::new();
        let mut speaks = Speaks::new();
        let patterns = &mut index.patterns;
        for account in accounts {
            let documents = (0..account.document_count()).map(|document| {
                read(account, DocumentId::at(document), &mut speaks, &mut |list| {
                    *known.entry(list.address()).or_insert_with(|| {
                        patterns.push(list);
                        u32::try_from(patterns.len() - 1).unwrap_or(u32::MAX)
                    })
                })
            });
            index.documents.push(documents.collect());
        }
        index
    }

    /// What a document of an account says.
    pub(super) fn document(&self, home: usize, document: DocumentId) -> Option<&Spoken> {
        self.documents.get(home)?.get(document.index())
    }

    /// All resource patterns that differ.
    pub(super) fn patterns(&self) -> &[&'a Patterns] {
        &self.patterns
    }
}

/// By where a list of action patterns lies, the actions that it speaks of.
type Speaks = HashMap<(bool, usize), Vec<u16>>;

/// What a document says of the actions.
fn read<'a>(
    account: &'a Account,
    document: DocumentId,
    speaks: &mut Speaks,
    number_of: &mut dyn FnMut(&'a Patterns) -> u32,
) -> Spoken {
    let mut spoken = Spoken { allowed: Bits::empty(actions().len()), ..Spoken::default() };
    for (number, rule) in account.rules(document).iter().enumerate() {
        let found = speaks.entry(rule.actions.address()).or_insert_with(|| {
            let named = actions().iter().enumerate().filter(|(_, action)| rule.actions.contains(action));
            named.filter_map(|(index, _)| u16::try_from(index).ok()).collect()
        });
        spoken.denies |= rule.effect == Effect::Deny && may_speak_of_iam(&rule.actions);
        spoken.allows |= rule.effect == Effect::Allow;
        let Ok(position) = u16::try_from(number) else { break };
        if spoken.whole.is_none() && rule.allows_everything() {
            spoken.whole = Some(position);
        }
        if found.is_empty() {
            continue;
        }
        spoken.denies_some |= rule.effect == Effect::Deny;
        let resources = number_of(&rule.resources.fixed);
        for action in found.iter().copied() {
            spoken.mentions.push(Mention { action, rule: position, resources });
            if rule.effect == Effect::Allow {
                spoken.allowed.insert(usize::from(action));
            }
        }
    }
    spoken.mentions.sort_unstable();
    spoken
}

/// Whether actions of IAM may be among these.
fn may_speak_of_iam(actions: &Patterns) -> bool {
    static IAM: LazyLock<Pattern> = LazyLock::new(|| Pattern::action("iam:*"));
    actions.excluded || !actions.list.iter().all(|pattern| pattern.starts_apart(&IAM))
}

/// The actions of all methods, in lower case and sorted.
pub(super) fn actions() -> &'static [String] {
    static ACTIONS: LazyLock<Vec<String>> = LazyLock::new(interesting);
    &ACTIONS
}

/// The position of an action.
pub(super) fn position(action: &str) -> u16 {
    let found = actions().binary_search_by(|own| in_lower_case(own, action));
    found.ok().and_then(|index| u16::try_from(index).ok()).unwrap_or(NO_ACTION)
}

/// The actions of a method that some allow has to speak of, so that it can begin; roles may be assumed without.
pub(super) fn start(method: usize) -> Option<&'static Bits> {
    static STARTS: LazyLock<Vec<Bits>> =
        LazyLock::new(|| methods().iter().map(|method| needed_at_start(&method.actions)).collect());
    STARTS.get(method)
}

fn needed_at_start(own: &[String]) -> Bits {
    let mut needed = Bits::empty(actions().len());
    for action in own.iter().filter(|action| *action != "sts:AssumeRole") {
        needed.insert(usize::from(position(action)));
    }
    needed
}

fn interesting() -> Vec<String> {
    let mut actions: Vec<String> =
        methods().iter().flat_map(|method| &method.actions).map(|action| action.to_ascii_lowercase()).collect();
    if methods().iter().any(|method| matches!(method.way, Way::PassRole { .. })) {
        actions.push("iam:passrole".to_owned());
    }
    actions.sort_unstable();
    actions.dedup();
    actions
}

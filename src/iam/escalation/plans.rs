//! What each method needs besides reaching a principal, worked out once per account when somebody first may use it.

use std::collections::BTreeSet;
use std::sync::OnceLock;

use super::index;
use super::methods::{Method, Need, methods};
use super::moves::{End, Move};
use super::trusts::ASSUME;
use crate::iam::access::Judged;
use crate::iam::account::Account;
use crate::iam::catalogue::catalogue;
use crate::iam::region::Language;
use crate::iam::shared::{Answers, Room};

/// Actions that have to be allowed on one and the same resource.
#[derive(Debug)]
pub(super) struct Part {
    /// The actions.
    pub(super) actions: Vec<&'static str>,
    /// Their positions among [`index::actions`].
    pub(super) positions: Vec<u16>,
    /// The kinds of resources, of which any one will do.
    pub(super) regions: Vec<Language>,
}

/// All that a method needs in one account.
#[derive(Debug)]
pub(super) struct Plan<'a> {
    /// Every one of these has to be met.
    pub(super) parts: Vec<Part>,
    /// Whether principals meet them.
    pub(super) met: Answers<Judged<'a>>,
    /// Whether they meet them for somebody new without a boundary.
    pub(super) created: Answers<Judged<'a>>,
    /// Positions among [`index::actions`] of all actions that whom a method leads to depends on.
    pub(super) actions: Vec<u16>,
    /// Whom it leads principals to.
    pub(super) moves: Answers<Option<Move>>,
    /// How it leads to administrator.
    pub(super) ends: Answers<Option<End>>,
}

impl Plan<'_> {
    /// Positions among [`index::actions`] of the actions of all parts.
    pub(super) fn positions(&self) -> impl Iterator<Item = u16> {
        self.parts.iter().flat_map(|part| part.positions.iter().copied())
    }
}

/// The plans of all methods in some accounts.
pub(super) struct Plans<'a> {
    accounts: &'a [Account],
    by_account: Vec<Vec<OnceLock<Plan<'a>>>>,
    /// Where answers are kept.
    pub(super) room: Room,
}

impl<'a> Plans<'a> {
    /// Makes room for the plans. In most accounts few methods come into question.
    pub(super) fn new(accounts: &'a [Account]) -> Self {
        let of_account = |_| methods().iter().map(|_| OnceLock::new()).collect();
        Self { accounts, by_account: accounts.iter().map(of_account).collect(), room: Room::new() }
    }

    /// What a method needs in an account.
    pub(super) fn of(&self, home: usize, method: usize) -> Option<&Plan<'a>> {
        let (account, slot) = (self.accounts.get(home)?, self.by_account.get(home)?.get(method)?);
        let method = methods().get(method)?;
        Some(slot.get_or_init(|| plan(method, account, &self.room)))
    }
}

fn plan<'a>(method: &'static Method, account: &Account, room: &Room) -> Plan<'a> {
    let needs: &'static [Need] = &method.needs;
    let (partition, id) = (account.partition.as_str(), account.id.as_str());
    let part = |actions: Vec<&'static str>, regions: Vec<Language>| Part {
        positions: actions.iter().map(|action| index::position(action)).collect(),
        actions,
        regions,
    };
    let kinds: BTreeSet<&str> = needs.iter().filter_map(|need| need.kind.as_deref()).collect();
    let together = kinds.into_iter().map(|kind| {
        let actions: Vec<&'static str> =
            needs.iter().filter(|need| need.kind.as_deref() == Some(kind)).map(|need| need.action.as_str()).collect();
        let first = actions.first().copied().unwrap_or_default();
        let regions = catalogue().resources(first, Some(kind), partition, id);
        part(actions, regions.into_iter().flatten().map(Language::of).collect())
    });
    let single = needs.iter().filter(|need| need.kind.is_none()).flat_map(|need| {
        let regions = catalogue().resources(&need.action, None, partition, id);
        regions
            .into_iter()
            .map(move |kinds| part(vec![need.action.as_str()], kinds.into_iter().map(Language::of).collect()))
    });
    let actions = method.actions.iter().map(String::as_str).chain([ASSUME]).map(index::position).collect();
    Plan {
        parts: together.chain(single).collect(),
        met: Answers::new(room),
        created: Answers::new(room),
        actions,
        moves: Answers::new(room),
        ends: Answers::new(room),
    }
}

//! Which documents allow each principal something, and whom it is therefore a gain to become.
//!
//! Principals that hold the same are kept together, and each such group is filed under the document that the fewest hold:
//! who holds no more than somebody is found through that one's own documents, and not by asking everybody.

use std::collections::{BTreeMap, HashMap};

use super::bits::Bits;
use super::universe::Universe;
use crate::iam::account::DocumentId;

/// A document of an account, by position.
type Held = (u32, u32);

/// Principals that hold the same documents.
#[derive(Debug)]
struct Alike {
    documents: Box<[Held]>,
    members: Vec<u32>,
}

/// Who holds what.
#[derive(Debug)]
pub(super) struct Holdings {
    groups: Vec<Alike>,
    /// By principal, its group.
    group_of: Vec<u32>,
    /// By document, the groups that are filed under it.
    filed: HashMap<Held, Vec<u32>>,
    /// Principals that hold something, or of which it is not known.
    worth: Bits,
    /// Those of which it is not known: to become one of them is always a gain.
    open: Bits,
}

impl Holdings {
    /// Reads the identity policies of all principals.
    pub(super) fn new(universe: &Universe<'_>) -> Self {
        let size = universe.nodes().len();
        let mut all = Self {
            groups: Vec::new(),
            group_of: Vec::with_capacity(size),
            filed: HashMap::new(),
            worth: Bits::empty(size),
            open: Bits::empty(size),
        };
        let mut alike: BTreeMap<Box<[Held]>, (u32, Vec<u32>)> = BTreeMap::new();
        let mut holders: HashMap<Held, u32> = HashMap::new();
        for (number, node) in universe.nodes().iter().enumerate() {
            let allows = |id: &DocumentId| universe.index.document(node.home, *id).is_some_and(|spoken| spoken.allows);
            let documents = node.identity().filter_map(|policy| policy.document).filter(allows);
            let mut documents: Vec<Held> = documents.map(|id| (short(node.home), short(id.index()))).collect();
            documents.sort_unstable();
            documents.dedup();
            for document in &documents {
                *holders.entry(*document).or_default() += 1;
            }
            if !node.principal.unknown.is_empty() {
                all.open.insert(number);
            }
            if !documents.is_empty() || !node.principal.unknown.is_empty() {
                all.worth.insert(number);
            }
            let next = short(alike.len());
            let (group, members) = alike.entry(documents.into()).or_insert_with(|| (next, Vec::new()));
            members.push(short(number));
            all.group_of.push(*group);
        }
        let mut groups: Vec<(u32, Alike)> =
            alike.into_iter().map(|(documents, (group, members))| (group, Alike { documents, members })).collect();
        groups.sort_unstable_by_key(|(group, _)| *group);
        for (group, alike) in &groups {
            let rarest = alike.documents.iter().min_by_key(|document| (holders.get(document), **document));
            if let Some(rarest) = rarest {
                all.filed.entry(*rarest).or_default().push(*group);
            }
        }
        all.groups = groups.into_iter().map(|(_, alike)| alike).collect();
        all
    }

    /// Everybody who holds a document that allows something and that this principal does not hold.
    pub(super) fn beyond(&self, number: usize) -> Bits {
        let mut gains = self.worth.clone();
        let Some(own) = self.group_of.get(number).and_then(|group| self.groups.get(*group as usize)) else {
            return gains;
        };
        for document in &own.documents {
            for group in self.filed.get(document).into_iter().flatten() {
                let Some(other) = self.groups.get(*group as usize) else { continue };
                if other.documents.iter().all(|held| own.documents.binary_search(held).is_ok()) {
                    other.members.iter().for_each(|member| gains.remove(*member as usize));
                }
            }
        }
        gains.add(&self.open);
        gains
    }
}

fn short(number: usize) -> u32 {
    u32::try_from(number).unwrap_or(u32::MAX)
}

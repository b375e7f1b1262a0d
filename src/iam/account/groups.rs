//! Groups by name. Who is asked about belongs to some, so they are looked up more often than anything else of an account.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use super::Group;

/// An account's groups, in the order of their names.
#[derive(Debug, Default)]
pub struct Groups {
    list: Vec<(Arc<str>, Group)>,
    places: HashMap<Arc<str>, usize>,
}

impl Groups {
    /// The group of a name.
    pub fn get(&self, name: &str) -> Option<&Group> {
        self.list.get(*self.places.get(name)?).map(|(_, group)| group)
    }

    /// Names and groups.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &Group)> {
        self.list.iter().map(|(name, group)| (name.as_ref(), group))
    }

    /// The groups.
    pub fn values(&self) -> impl Iterator<Item = &Group> {
        self.list.iter().map(|(_, group)| group)
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.list.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.list.is_empty()
    }
}

/// Of several groups with one name, the last counts.
impl FromIterator<(Arc<str>, Group)> for Groups {
    fn from_iter<I: IntoIterator<Item = (Arc<str>, Group)>>(groups: I) -> Self {
        let by_name: BTreeMap<Arc<str>, Group> = groups.into_iter().collect();
        let list: Vec<(Arc<str>, Group)> = by_name.into_iter().collect();
        let places = list.iter().enumerate().map(|(place, (name, _))| (Arc::clone(name), place)).collect();
        Self { list, places }
    }
}

//! Resources: the AWS things that rules judge, and the registry of their kinds.

use super::{FactType, Gap, List, Record, Schema};
use crate::facts::Facts;
use crate::snapshot::Operation;

/// One AWS thing with its facts.
#[derive(Debug, Clone, PartialEq)]
pub struct Resource<T> {
    /// The ARN, or a documented stand-in.
    pub id: String,
    /// The Region, for things that live in one.
    pub region: Option<String>,
    /// What is known of it.
    pub facts: T,
}

/// A resource, borrowed without its type.
#[derive(Clone, Copy)]
pub struct ResourceRef<'a> {
    /// The ARN, or a documented stand-in.
    pub id: &'a str,
    /// The Region, for things that live in one.
    pub region: Option<&'a str>,
    /// What is known of it.
    pub record: &'a dyn Record,
}

/// The resources of one kind, with the reasons why there may be more.
pub struct Listing<'a> {
    /// The resources, in a canonical order.
    pub resources: Vec<ResourceRef<'a>>,
    /// Why there may be more; empty when the list is whole.
    pub gaps: Vec<Gap>,
}

impl<T: Record> Resource<T> {
    /// Borrows the resource without its type.
    pub fn borrowed(&self) -> ResourceRef<'_> {
        ResourceRef { id: &self.id, region: self.region.as_deref(), record: &self.facts }
    }
}

impl<T: FactType> FactType for Resource<T> {
    const TYPE: super::Type = T::TYPE;
    fn value(&self) -> super::Value<'_> {
        self.facts.value()
    }
}

impl<T: Record> List<Resource<T>> {
    /// Borrows the resources without their type.
    pub fn listing(&self) -> Listing<'_> {
        Listing { resources: self.items.iter().map(Resource::borrowed).collect(), gaps: self.gaps.clone() }
    }
}

/// A kind of resource that rules can name in `resource`.
#[derive(Debug)]
pub struct Kind {
    /// The facts of its resources; the schema's name is the kind's.
    pub schema: &'static Schema,
    /// The name of the resource in a rule's expressions.
    pub variable: &'static str,
    /// What its resources are called in reports, in the plural.
    pub plural: &'static str,
    /// Operations that list its resources.
    pub operations: &'static [Operation],
    /// The resources of a snapshot.
    pub list: for<'a> fn(&'a Facts) -> Listing<'a>,
}

impl Kind {
    /// The kind of a name.
    pub fn find(name: &str) -> Option<&'static Kind> {
        super::KINDS.iter().find(|kind| kind.schema.name == name)
    }
}

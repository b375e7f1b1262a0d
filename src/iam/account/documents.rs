//! Policy documents on their way into an account: each is compiled once, however often answers hold it, and those of long lists
//! are compiled on all processors before they are asked for.

use std::collections::HashMap;
use std::hash::{BuildHasher, RandomState};
use std::sync::{Arc, PoisonError, RwLock};

use rayon::prelude::*;
use serde_json::Value;

use super::DocumentId;
use crate::iam::document::{Interner, Rule};
use crate::iam::error::PolicyError;
use crate::iam::policy::{ActionBlock, Policy, PrincipalBlock, ResourceBlock, Statement};
use crate::snapshot::{Document, percent_decoded};

/// The documents that were compiled. The threads that compile share it.
#[derive(Debug, Default)]
pub(super) struct Documents {
    interner: Interner,
    keys: [RandomState; 2],
    /// By two keyed hashes of their text: the text itself would take as much room as all that is compiled from it.
    known: RwLock<HashMap<Key, DocumentId>>,
}

type Key = [u64; 2];

/// Documents that were compiled before they are asked for, by where their texts lie, which tells nothing when these are gone.
pub(super) type Foreseen = HashMap<usize, Compiled>;

/// A document that was looked at.
#[derive(Debug)]
pub(super) struct Compiled {
    key: Key,
    /// What it says, unless that was known then.
    rules: Option<Result<Box<[Rule]>, String>>,
}

/// What came of a document.
pub(super) enum Found {
    /// It is an equal one that has its place.
    Known(DocumentId),
    /// Nobody asked for it before.
    New(Key, Box<[Rule]>),
}

impl Documents {
    /// One copy of a text that many things have.
    pub(super) fn text(&self, text: &str) -> Arc<str> {
        self.interner.text(text)
    }

    /// Compiles the documents of some items on all processors.
    pub(super) fn foresee<T: Sync>(&self, items: &[T], documents: fn(&T) -> Vec<&Document>) -> Foreseen {
        let look = |document: &Document| (place_of(document), self.look(document));
        items.par_iter().flat_map_iter(|item| documents(item).into_iter().map(look)).collect()
    }

    /// What a document comes to, which may have been foreseen.
    pub(super) fn find(&self, document: &Document, foreseen: &mut Foreseen) -> Result<Found, String> {
        let Compiled { key, rules } = foreseen.remove(&place_of(document)).unwrap_or_else(|| self.look(document));
        if let Some(known) = self.place(&key) {
            return Ok(Found::Known(known));
        }
        Ok(Found::New(key, rules.unwrap_or_else(|| self.compile(document))?))
    }

    /// Notes the place of a document that was new.
    pub(super) fn note(&self, key: Key, place: DocumentId) {
        self.known.write().unwrap_or_else(PoisonError::into_inner).insert(key, place);
    }

    fn place(&self, key: &Key) -> Option<DocumentId> {
        self.known.read().unwrap_or_else(PoisonError::into_inner).get(key).copied()
    }

    fn look(&self, document: &Document) -> Compiled {
        let key = self.keys.each_ref().map(|key| key.hash_one(document.text()));
        Compiled { key, rules: self.place(&key).is_none().then(|| self.compile(document)) }
    }

    fn compile(&self, document: &Document) -> Result<Box<[Rule]>, String> {
        let policy = read_document(document).map_err(|error| error.to_string())?;
        if !policy.statements.iter().all(is_whole) {
            return Err("a statement lacks `Action`, or whom or what it is about".to_owned());
        }
        Ok(self.interner.compile(policy).into())
    }
}

fn place_of(document: &Document) -> usize {
    document.text().as_ptr().addr()
}

/// Reads a policy as an answer holds it: an object, or text that may be URL-encoded.
pub(crate) fn read_document(document: &Document) -> Result<Policy, PolicyError> {
    if !document.text().starts_with('"') {
        return document.text().parse();
    }
    match document.value() {
        Value::String(text) if text.trim_start().starts_with('{') => text.parse(),
        Value::String(text) => percent_decoded(&text).parse(),
        other => Policy::from_value(&other),
    }
}

/// Whether a statement says enough for IAM to keep it:
/// <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_grammar.html>
fn is_whole(statement: &Statement) -> bool {
    let speaks_of = match &statement.principal {
        PrincipalBlock::None => statement.resource != ResourceBlock::None,
        PrincipalBlock::Principal(whom) | PrincipalBlock::NotPrincipal(whom) => !whom.is_empty(),
    };
    statement.action != ActionBlock::None && speaks_of
}

//! Event data stores of CloudTrail Lake.

use super::regional::{Page, Regional};
use crate::facts;
use crate::facts::asked::Asked;
use crate::facts::{List, Resource};
use crate::snapshot::Snapshot;
use crate::snapshot::shapes::cloudtrail;

facts! {
    /// An event data store of CloudTrail Lake.
    EventDataStore as "cloudtrail-event-data-store" {
        /// The store's name.
        name: String => [CloudtrailListEventDataStores];
        /// `ENABLED`, `PENDING_DELETION`, …
        status: String => [CloudtrailGetEventDataStore];
        /// The customer's KMS key; absent when AWS holds the key.
        kms_key: String => [CloudtrailGetEventDataStore];
    }
}

/// Builds the event data stores.
pub(super) fn build(snapshot: &Snapshot) -> List<Resource<EventDataStore>> {
    let listed = Regional::read(snapshot, |answer: &cloudtrail::ListEventDataStores| {
        Page::of(answer.event_data_stores.as_ref(), answer.next_token.as_ref())
    });
    let stores = Asked::<cloudtrail::GetEventDataStore>::read(snapshot, "EventDataStore");
    listed.resources(|element| {
        let arn = element.item.event_data_store_arn.as_deref()?;
        let store = stores.of_unique(element.region(), arn);
        let facts = EventDataStore {
            name: element.required("/EventDataStores/*/Name", element.item.name.clone()),
            status: store.required("/Status", |answer| answer.status.clone()),
            kms_key: store.optional("/KmsKeyId", |answer| answer.kms_key_id.clone().filter(|key| !key.is_empty())),
        };
        Some(Resource { id: arn.to_owned(), region: Some(element.region().to_owned()), facts })
    })
}

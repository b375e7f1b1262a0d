//! The account that a snapshot tells of.

use serde_json::Value;

use super::Account;
use crate::snapshot::shapes::iam::GetAccountAuthorizationDetails;
use crate::snapshot::{Said, Snapshot};

impl Account {
    /// Merges every answer of `GetAccountAuthorizationDetails`; what failed stays in [`Account::missing`].
    pub fn from_snapshot(snapshot: &Snapshot) -> Self {
        let mut builder = Self::builder(&snapshot.account, &snapshot.partition, Some(snapshot.collected_at));
        for answer in snapshot.answers::<GetAccountAuthorizationDetails>() {
            if let Said::Present(details) = answer.said {
                builder.add(details, &filter(answer.observation.request.get("Filter")));
            }
        }
        let mut account = builder.build();
        account.read_organization(snapshot);
        account
    }
}

pub(super) fn filter(value: Option<&Value>) -> Vec<String> {
    match value {
        Some(Value::Array(list)) => list.iter().filter_map(Value::as_str).map(str::to_owned).collect(),
        Some(Value::String(one)) => vec![one.clone()],
        _ => Vec::new(),
    }
}

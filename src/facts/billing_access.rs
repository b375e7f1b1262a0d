//! Whether IAM identities may open billing pages. No public call tells, so what CloudTrail and the organization show
//! are signs: <https://docs.aws.amazon.com/awsaccountbilling/latest/aboutv2/control-access-billing.html>.

use serde_json::Value;

use super::{Fact, Gap, MEMBER_MISSING, Observed, Origin, Source};
use crate::facts;
use crate::snapshot::shapes::{cloudtrail, organizations};
use crate::snapshot::{Snapshot, Time};

facts! {
    /// Signs of IAM identities' access to billing pages. A sign that is not there proves nothing.
    BillingAccess as "billing-access" {
        /// True when the snapshot shows that access is on; unknown when nothing does and not all signs could be looked up.
        is_shown_on: bool => [CloudtrailLookupEvents, OrganizationsDescribeAccount];
        /// True when the snapshot shows that access was turned off and no later use.
        is_shown_off: bool => [CloudtrailLookupEvents];
        /// The sign, in words; absent when there is none.
        sign: String => [CloudtrailLookupEvents, OrganizationsDescribeAccount];
    }
}

const CONSOLE: &str = "billingconsole.amazonaws.com";
/// The Region that records what the billing console does.
const HOME: &str = "us-east-1";
const SWITCH: &str = "SetIAMAccessPreference";

/// One sign: whether it speaks for access, since when, and in which words.
struct Sign {
    on: bool,
    at: Time,
    words: String,
    origin: Origin,
}

/// Builds the signs.
pub(crate) fn build(snapshot: &Snapshot) -> BillingAccess {
    let mut signs = Vec::new();
    let mut lookups = Lookups::default();
    for answer in snapshot.answers::<cloudtrail::LookupEvents>() {
        let source = Source::from_answer(answer);
        let Observed::Present(events) = source.state.clone() else {
            lookups.failed = lookups.failed.or_else(|| source.state.gap().cloned());
            continue;
        };
        let asked = answer.observation.request.get("LookupAttributes");
        lookups.has_every_use |= asked.is_none_or(|asked| names(asked, CONSOLE));
        for (index, event) in events.events.iter().flatten().enumerate() {
            let record = event.cloud_trail_event.as_deref().and_then(|text| serde_json::from_str(text).ok());
            match (event.event_time, record) {
                (Some(at), Some(record)) => {
                    signs.extend(sign(event, at, &record, source.origin("/Events/*").element(index)));
                }
                _ => {
                    let gap = source.gap(MEMBER_MISSING, "an event has no `EventTime` or no record that can be read");
                    lookups.unread = lookups.unread.or(Some(gap));
                }
            }
        }
    }
    signs.sort_by_key(|sign| sign.at);
    // An event that nobody could look up may have turned off what the organization turned on.
    let created = || created_by_organization(snapshot).filter(|_| lookups.gap().is_none());
    let last = signs.pop().or_else(created);
    let (is_shown_on, is_shown_off) = match (&last, lookups.gap()) {
        // A later use that nobody could look up would show that access is on again.
        (Some(sign @ Sign { on: false, .. }), Some(gap)) => (Fact::present(false, sign.origin), Fact::unknown(gap)),
        // An event that cannot be read may be a later turn of the switch.
        (Some(_), Some(gap)) if lookups.unread.is_some() => (Fact::unknown(gap.clone()), Fact::unknown(gap)),
        (Some(sign), _) => (Fact::present(sign.on, sign.origin), Fact::present(!sign.on, sign.origin)),
        // Nothing shown speaks against a person's word, whatever could not be looked up.
        (None, Some(gap)) => (Fact::unknown(gap), Fact::derived(Observed::Present(false))),
        (None, None) => (Fact::derived(Observed::Present(false)), Fact::derived(Observed::Present(false))),
    };
    let words = match &last {
        Some(sign) => Fact::present(sign.words.clone(), sign.origin),
        None => Fact::absent(Origin::NONE),
    };
    BillingAccess { is_shown_on, is_shown_off, sign: words }
}

/// How much of the trail's memory was looked up.
#[derive(Default)]
struct Lookups {
    failed: Option<Gap>,
    /// The first event that cannot be read.
    unread: Option<Gap>,
    has_every_use: bool,
}

impl Lookups {
    /// Why an event of the billing console may have been missed.
    fn gap(&self) -> Option<Gap> {
        let missing = || Source::<cloudtrail::LookupEvents>::missing(HOME, [].into()).state.gap().cloned();
        self.failed
            .clone()
            .or_else(|| self.unread.clone())
            .or_else(|| if self.has_every_use { None } else { missing() })
    }
}

/// True when a value names something at any depth.
fn names(value: &Value, wanted: &str) -> bool {
    match value {
        Value::String(text) => text == wanted,
        Value::Array(items) => items.iter().any(|item| names(item, wanted)),
        Value::Object(members) => members.values().any(|item| names(item, wanted)),
        Value::Null | Value::Bool(_) | Value::Number(_) => false,
    }
}

fn sign(event: &cloudtrail::Event, at: Time, record: &Value, origin: Origin) -> Option<Sign> {
    let text = |name: &str| record.get(name).and_then(Value::as_str);
    if text("eventSource").or(event.event_source.as_deref()) != Some(CONSOLE) || text("errorCode").is_some() {
        return None;
    }
    if text("eventName").or(event.event_name.as_deref()) == Some(SWITCH) {
        let off = record.get("requestParameters").is_some_and(says_off);
        let words = if off { "turned off" } else { "activated" };
        return Some(Sign { on: !off, at, words: format!("IAM access to billing was {words} on {at}"), origin });
    }
    let who = record.get("userIdentity")?;
    let kind = who.get("type").and_then(Value::as_str)?;
    // A service acts on its own behalf, and root always has access.
    let is_identity = matches!(kind, "IAMUser" | "AssumedRole" | "FederatedUser" | "IdentityCenterUser");
    let name = who.get("arn").and_then(Value::as_str).unwrap_or(kind);
    is_identity.then(|| Sign { on: true, at, words: format!("`{name}` used a billing page on {at}"), origin })
}

/// True when the parameters of the switch say no. AWS documents neither their names nor their values, so every value is
/// read; without any the event counts as what it is mostly for, activating.
fn says_off(parameters: &Value) -> bool {
    match parameters {
        Value::Bool(value) => !value,
        Value::String(text) => {
            let text = text.to_ascii_lowercase();
            matches!(text.as_str(), "false" | "off" | "no" | "n")
                || ["deny", "disable", "deactivat"].iter().any(|no| text.starts_with(no))
        }
        Value::Array(items) => items.iter().any(says_off),
        Value::Object(members) => members.values().any(says_off),
        Value::Null | Value::Number(_) => false,
    }
}

/// An account that Organizations created has access on from its start, unless the creator said otherwise.
fn created_by_organization(snapshot: &Snapshot) -> Option<Sign> {
    let source = Source::<organizations::DescribeAccount>::global(snapshot);
    let joined = source.optional("/Account/JoinedMethod", |answer| answer.account.as_ref()?.joined_method.as_deref());
    let at = source.optional("/Account/JoinedTimestamp", |answer| answer.account.as_ref()?.joined_timestamp);
    let created = matches!(joined.state, Observed::Present("CREATED"));
    created.then(|| Sign {
        on: true,
        at: at.state.present().copied().unwrap_or(snapshot.collected_at),
        words: "the organization created the account, which turns IAM access to billing on unless told otherwise"
            .to_owned(),
        origin: joined.origin,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn any_negative_parameter_turns_the_switch_off() {
        for off in [json!({ "access": false }), json!({ "IAMAccess": "DENY" }), json!({ "value": "Deactivate" })] {
            assert!(says_off(&off), "{off}");
        }
        for on in [json!(null), json!({ "access": true }), json!({ "preference": "ALLOW" }), json!({ "id": 0 })] {
            assert!(!says_off(&on), "{on}");
        }
    }
}

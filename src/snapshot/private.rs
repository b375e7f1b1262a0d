//! What a snapshot never holds, whoever collected it: addresses that carry keys, and session data of trail records.

use serde_json::{Map, Value};

use super::{Response, shapes::cloudtrail, shapes::sns};

/// Members of a trail record that facts read.
const RECORD_MEMBERS: [&str; 4] = ["eventSource", "eventName", "errorCode", "requestParameters"];
/// Members of a trail record's `userIdentity` that facts read.
const IDENTITY_MEMBERS: [&str; 3] = ["type", "arn", "accountId"];

/// Takes out of an answer what a snapshot never holds.
pub(crate) fn remove_private(response: &mut Response) {
    match response {
        Response::CloudtrailLookupEvents(answer) => reduce_events(answer),
        Response::SnsListSubscriptionsByTopic(answer) => hide_endpoints(answer),
        Response::SnsGetSubscriptionAttributes(answer) => {
            if let Some(endpoint) = answer.attributes.as_mut().and_then(|all| all.get_mut("Endpoint")) {
                *endpoint = without_secrets(endpoint);
            }
        }
        _ => {}
    }
}

fn reduce_events(answer: &mut cloudtrail::LookupEvents) {
    for event in answer.events.iter_mut().flatten() {
        event.cloud_trail_event = event.cloud_trail_event.as_deref().and_then(reduced_record);
    }
}

fn hide_endpoints(answer: &mut sns::ListSubscriptionsByTopic) {
    for subscription in answer.subscriptions.iter_mut().flatten() {
        subscription.endpoint = subscription.endpoint.as_deref().map(without_secrets);
    }
}

/// A trail record with the members that facts read; `None` when the text is no record.
fn reduced_record(text: &str) -> Option<String> {
    let Value::Object(mut record) = serde_json::from_str(text).ok()? else { return None };
    let mut kept = take(&mut record, &RECORD_MEMBERS);
    if let Some(Value::Object(mut identity)) = record.remove("userIdentity") {
        kept.insert("userIdentity".to_owned(), Value::Object(take(&mut identity, &IDENTITY_MEMBERS)));
    }
    Some(Value::Object(kept).to_string())
}

fn take(object: &mut Map<String, Value>, members: &[&str]) -> Map<String, Value> {
    members.iter().filter_map(|member| object.remove_entry(*member)).collect()
}

/// Webhooks carry their keys in the path, so of an `http` or `https` endpoint only the host is kept.
fn without_secrets(endpoint: &str) -> String {
    let Some((scheme @ ("http" | "https"), rest)) = endpoint.split_once("://") else { return endpoint.to_owned() };
    let authority = rest.split(['/', '?', '#']).next().unwrap_or(rest);
    let host = authority.rsplit_once('@').map_or(authority, |(_, host)| host);
    format!("{scheme}://{host}/")
}

#[cfg(test)]
mod tests {
    use super::{reduced_record, without_secrets};

    #[test]
    fn of_a_webhook_only_the_host_is_kept() {
        assert_eq!(without_secrets("https://user:pw@hooks.example.com/T00/B00?key=1"), "https://hooks.example.com/");
        assert_eq!(without_secrets("ops@example.com"), "ops@example.com");
    }

    #[test]
    fn a_reduced_record_is_reduced_already() {
        let record = r#"{"eventName":"PaymentsGet","sourceIPAddress":"192.0.2.1","userIdentity":{"type":"Root","accessKeyId":"ASIAEXAMPLE"}}"#;
        let kept = reduced_record(record).unwrap();
        assert_eq!(kept, r#"{"eventName":"PaymentsGet","userIdentity":{"type":"Root"}}"#);
        assert_eq!(reduced_record(&kept), Some(kept));
        assert_eq!(reduced_record("no json"), None);
    }
}

//! Single calls about users, as an auditor imports them: asked only where authorization details, credential report or
//! the list of virtual devices do not answer. No collector makes them, because they cost a call per user.

use std::collections::BTreeMap;

use super::{Fact, List, MEMBER_MISSING, Observed, Source};
use crate::snapshot::{Answer, Shape, Snapshot, shapes::iam};

/// The single calls of a snapshot, by the user whom they ask about.
pub(crate) struct UserCalls<'a> {
    groups: BTreeMap<&'a str, Answer<'a, iam::ListGroupsForUser>>,
    attached: BTreeMap<&'a str, Answer<'a, iam::ListAttachedUserPolicies>>,
    inline: BTreeMap<&'a str, Answer<'a, iam::ListUserPolicies>>,
    devices: BTreeMap<&'a str, Answer<'a, iam::ListMfaDevices>>,
    users: Source<'a, iam::ListUsers>,
}

impl<'a> UserCalls<'a> {
    /// Reads the calls of a snapshot.
    pub(crate) fn read(snapshot: &'a Snapshot) -> Self {
        Self {
            groups: by_user(snapshot),
            attached: by_user(snapshot),
            inline: by_user(snapshot),
            devices: by_user(snapshot),
            users: Source::global(snapshot),
        }
    }

    /// The users that `ListUsers` names; unknown when it was not asked or not answered.
    pub(crate) fn users(&self) -> Observed<List<&'a iam::ListedUser>> {
        let users = self.users.required("/Users", |answer| {
            let gaps = self.users.cut_off(answer.is_truncated, answer.marker.as_ref()).into_iter().collect();
            Some(List { items: answer.users.as_ref()?.iter().collect(), gaps })
        });
        users.state
    }

    /// The user's groups, unless the better source knows them.
    pub(crate) fn groups(&self, user: &str, better: Fact<List<String>>) -> Fact<List<String>> {
        let call = self.groups.get(user).copied();
        names(better, call, "/Groups", |answer| {
            let groups = answer.groups.as_ref()?.iter().map(|group| group.group_name.clone());
            Some((groups.collect::<Option<_>>()?, answer.is_truncated, answer.marker.as_ref()))
        })
    }

    /// The managed policies of the user, unless the better source knows them.
    pub(crate) fn attached(&self, user: &str, better: Fact<List<String>>) -> Fact<List<String>> {
        let call = self.attached.get(user).copied();
        names(better, call, "/AttachedPolicies", |answer| {
            let policies = answer.attached_policies.as_ref()?.iter().map(|policy| policy.policy_arn.clone());
            Some((policies.collect::<Option<_>>()?, answer.is_truncated, answer.marker.as_ref()))
        })
    }

    /// The inline policies of the user, unless the better source knows them.
    pub(crate) fn inline(&self, user: &str, better: Fact<List<String>>) -> Fact<List<String>> {
        let call = self.inline.get(user).copied();
        names(better, call, "/PolicyNames", |answer| {
            Some((answer.policy_names.clone()?, answer.is_truncated, answer.marker.as_ref()))
        })
    }

    /// Whether the user has an MFA device, unless the better source knows.
    pub(crate) fn mfa_active(&self, user: &str, better: Fact<bool>) -> Fact<bool> {
        self.device(user, better, |_| Some(true))
    }

    /// Whether the user has a virtual MFA device, unless the better source knows. Serial numbers tell: a virtual device's
    /// is an ARN with `:mfa/`, a passkey's or security key's one with `:u2f/`, a code generator's is no ARN.
    pub(crate) fn has_virtual_mfa(&self, user: &str, better: Fact<bool>) -> Fact<bool> {
        self.device(user, better, |device| device.serial_number.as_deref().map(|serial| serial.contains(":mfa/")))
    }

    fn device(&self, user: &str, better: Fact<bool>, counts: impl Fn(&iam::MfaDevice) -> Option<bool>) -> Fact<bool> {
        let (Observed::Unknown(_), Some(call)) = (&better.state, self.devices.get(user)) else { return better };
        let source = Source::from_answer(*call);
        let fact = source.required("/MFADevices", |answer| {
            let told: Vec<Option<bool>> = answer.mfa_devices.as_ref()?.iter().map(&counts).collect();
            let untold = told.contains(&None).then(|| source.gap(MEMBER_MISSING, "a device has no `SerialNumber`"));
            let gap = source.cut_off(answer.is_truncated, answer.marker.as_ref()).or(untold);
            Some((told.contains(&Some(true)), gap))
        });
        let origin = fact.origin;
        let state = fact.state.and_then(|(found, gap)| match gap {
            Some(gap) if !found => Observed::Unknown(gap),
            _ => Observed::Present(found),
        });
        fallback(better, Fact::new(state, origin))
    }
}

/// A list of names with its end: whether it was cut off, and its marker.
type Page<'a> = (Vec<String>, Option<bool>, Option<&'a String>);

fn names<'a, T: Shape + 'a>(
    better: Fact<List<String>>,
    call: Option<Answer<'a, T>>,
    pointer: &'static str,
    get: impl FnOnce(&'a T) -> Option<Page<'a>>,
) -> Fact<List<String>> {
    let (Observed::Unknown(_), Some(call)) = (&better.state, call) else { return better };
    let source = Source::from_answer(call);
    let own = source.required(pointer, |answer| {
        let (items, truncated, marker) = get(answer)?;
        Some(List { items, gaps: source.cut_off(truncated, marker).into_iter().collect() })
    });
    fallback(better, own)
}

/// The second source, unless it does not know either: then the reason of the first is what a reader can act on.
fn fallback<T>(better: Fact<T>, own: Fact<T>) -> Fact<T> {
    match own.state {
        Observed::Present(_) => own,
        Observed::Absent | Observed::Unknown(_) => better,
    }
}

fn by_user<'a, T: Shape + 'a>(snapshot: &'a Snapshot) -> BTreeMap<&'a str, Answer<'a, T>> {
    snapshot
        .answers()
        .filter_map(|answer| Some((answer.observation.request.get("UserName")?.as_str()?, answer)))
        .collect()
}

#[cfg(test)]
mod tests {
    use crate::facts::{Facts, Observed};
    use crate::snapshot::SnapshotReader;

    fn facts(observations: &str) -> Facts {
        let text = format!(
            r#"{{"format":"posture-snapshot/1","collector":"test","collected_at":"2026-01-01T00:00:00Z",
            "account":"123456789012","partition":"aws","caller":"arn:aws:iam::123456789012:user/auditor","regions":[],
            "observations":[{observations}]}}"#
        );
        let bytes = std::io::Cursor::new(text.into_bytes());
        let snapshot =
            SnapshotReader::from_reader("test".to_owned(), Box::new(bytes)).unwrap().next().unwrap().unwrap();
        Facts::build(&snapshot, None)
    }

    fn call(operation: &str, request: &str, response: &str) -> String {
        format!(
            r#"{{"service":"iam","operation":"{operation}","region":"us-east-1","request":{request},"response":{response}}}"#
        )
    }

    const USERS: &str = r#"{"Users":[{"UserName":"ann","Arn":"arn:aws:iam::123456789012:user/ann","CreateDate":"2025-01-01T00:00:00Z"}]}"#;
    const ANN: &str = r#"{"UserName":"ann"}"#;

    #[test]
    fn single_calls_stand_in_for_authorization_details() {
        let facts = facts(
            &[
                call("ListUsers", "{}", USERS),
                call("ListGroupsForUser", ANN, r#"{"Groups":[{"GroupName":"developers"}]}"#),
                call("ListAttachedUserPolicies", ANN, r#"{"AttachedPolicies":[]}"#),
                call("ListUserPolicies", ANN, r#"{"PolicyNames":["buckets"]}"#),
                call("ListMFADevices", ANN, r#"{"MFADevices":[{"UserName":"ann","SerialNumber":"GAHT12345678"}]}"#),
            ]
            .join(","),
        );
        assert!(facts.users.gaps.is_empty());
        let ann = &facts.users.items[0].facts;
        assert_eq!(ann.groups.state.present().unwrap().items, ["developers"]);
        assert!(ann.attached_policies.state.present().unwrap().items.is_empty());
        assert_eq!(ann.inline_policies.state.present().unwrap().items, ["buckets"]);
        assert_eq!(ann.mfa_active.state, Observed::Present(true));
        assert_eq!(ann.has_virtual_mfa.state, Observed::Present(false));
        assert_eq!(ann.created_at.state.present().unwrap().to_string(), "2025-01-01T00:00:00Z");
        assert!(ann.password_enabled.state.gap().is_some(), "no single call stands in for the report here");
    }

    #[test]
    fn an_entry_without_its_name_makes_the_list_unknown() {
        let facts = facts(
            &[
                call("ListUsers", "{}", USERS),
                call("ListGroupsForUser", ANN, r#"{"Groups":[{"GroupId":"AGPAEXAMPLE"}]}"#),
                call("ListAttachedUserPolicies", ANN, r#"{"AttachedPolicies":[{"PolicyName":"admin"}]}"#),
            ]
            .join(","),
        );
        let ann = &facts.users.items[0].facts;
        assert!(ann.groups.state.gap().is_some());
        assert!(ann.attached_policies.state.gap().is_some());
    }

    #[test]
    fn a_list_that_was_cut_off_is_not_whole() {
        let truncated = call("ListUsers", "{}", &USERS.replacen('{', r#"{"IsTruncated":true,"#, 1));
        let groups = call("ListGroupsForUser", ANN, r#"{"Groups":[],"IsTruncated":true}"#);
        let devices = call("ListMFADevices", ANN, r#"{"MFADevices":[],"IsTruncated":true}"#);
        let facts = facts(&[truncated, groups, devices].join(","));
        assert!(!facts.users.gaps.is_empty());
        let ann = &facts.users.items[0].facts;
        assert!(!ann.groups.state.present().unwrap().gaps.is_empty());
        assert!(ann.mfa_active.state.gap().is_some());
        assert!(ann.attached_policies.state.gap().is_some(), "nobody asked");
    }

    #[test]
    fn authorization_details_come_first() {
        let details = r#"{"UserDetailList":[{"UserName":"ann","Arn":"arn:aws:iam::123456789012:user/ann","GroupList":["admins"],
            "AttachedManagedPolicies":[],"CreateDate":"2025-01-01T00:00:00Z"}],"GroupDetailList":[],"RoleDetailList":[],"Policies":[]}"#;
        let groups = call("ListGroupsForUser", ANN, r#"{"Groups":[{"GroupName":"developers"}]}"#);
        let facts = facts(&[call("GetAccountAuthorizationDetails", "{}", details), groups].join(","));
        assert_eq!(facts.users.items[0].facts.groups.state.present().unwrap().items, ["admins"]);
    }
}

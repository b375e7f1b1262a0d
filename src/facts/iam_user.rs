//! IAM users: authorization details, credential report and virtual MFA devices joined by name.

use std::collections::{BTreeMap, BTreeSet};

use rayon::prelude::*;

use super::authorization::{self, Entity, member};
use super::credential_report::{CredentialReport, ROOT_ROW, Row};
use super::iam_engine::Engine;
use super::iam_user_calls::UserCalls;
use super::resource::Resource;
use super::virtual_mfa::VirtualMfa;
use super::{Fact, Gap, List, MEMBER_MISSING, Observed, Origin, UNDECIDED};
use crate::facts;
use crate::snapshot::{Snapshot, Time, shapes::iam};

facts! {
    /// An IAM user.
    IamUser as "iam-user" {
        /// The user's name.
        name: String => [IamGetCredentialReport, IamGetAccountAuthorizationDetails];
        /// When the user was created.
        created_at: Time => [IamGetCredentialReport, IamGetAccountAuthorizationDetails];
        /// True when the user has a console password.
        password_enabled: bool => [IamGetCredentialReport];
        /// When the password was last used; absent when it never was or there is none.
        password_last_used: Time => [IamGetCredentialReport];
        /// When the password was last set.
        password_last_changed: Time => [IamGetCredentialReport];
        /// The last sign of life of the password: its last use, else its last change, else the user's creation.
        password_last_activity: Time => [IamGetCredentialReport];
        /// True when at least one MFA device of any type is assigned.
        mfa_active: bool => [IamGetCredentialReport];
        /// True when at least one of the user's MFA devices is a virtual one.
        has_virtual_mfa: bool => [IamListVirtualMfaDevices];
        /// The user's two access key slots as far as they hold a key.
        access_keys: List<AccessKey> => [IamGetCredentialReport];
        /// Names of the groups that the user is a member of.
        groups: List<String> => [IamGetAccountAuthorizationDetails];
        /// Managed policies attached to the user directly, by ARN.
        attached_policies: List<String> => [IamGetAccountAuthorizationDetails];
        /// Names of the inline policies of the user.
        inline_policies: List<String> => [IamGetAccountAuthorizationDetails];
        /// True when the user's policies, those of its groups included, give full control of IAM and so of the account.
        is_admin: bool => [IamGetAccountAuthorizationDetails];
        /// True when the user's policies allow nothing beyond setting up MFA without it.
        mfa_enforced: bool => [IamGetAccountAuthorizationDetails];
    }

    /// An access key of an IAM user, as the credential report numbers it.
    AccessKey as "access-key" {
        /// `1` or `2`.
        name: String => [];
        /// True when the key can sign calls.
        active: bool => [IamGetCredentialReport];
        /// When the key was created or last changed.
        last_rotated: Time => [IamGetCredentialReport];
        /// The second of `last_rotated`, as every list of keys begins its date, as in `2026-01-01T00:00:00`.
        last_rotated_second: String => [IamGetCredentialReport];
        /// When the key last signed a call; absent when it never did.
        last_used: Time => [IamGetCredentialReport];
        /// The last sign of life of the key: its last use, else its creation.
        last_activity: Time => [IamGetCredentialReport];
    }
}

/// Users that are looked at in one go: handing out fewer would cost more than it gains.
pub(super) const AT_ONCE: usize = 256;

/// Builds the IAM users of an account; the list has gaps when neither source is whole.
pub(crate) fn build(
    snapshot: &Snapshot,
    report: &CredentialReport,
    devices: &VirtualMfa<'_>,
    engine: &Engine,
) -> List<Resource<IamUser>> {
    let details = authorization::users(snapshot);
    let by_name: BTreeMap<&str, Entity<'_, iam::UserDetail>> =
        details.items.iter().filter_map(|entity| Some((entity.detail.user_name.as_deref()?, *entity))).collect();
    let rows: BTreeMap<&str, &Row> = match &report.rows {
        Observed::Present(rows) => {
            rows.iter().filter(|row| row.user() != ROOT_ROW).map(|row| (row.user(), row)).collect()
        }
        _ => BTreeMap::new(),
    };
    let calls = UserCalls::read(snapshot);
    let listed = calls.users();
    let by_call: BTreeMap<&str, &iam::ListedUser> = listed
        .present()
        .into_iter()
        .flat_map(|list| list.items.iter().filter_map(|user| Some((user.user_name.as_deref()?, *user))))
        .collect();
    let mut gaps = Vec::new();
    // Each source names every user; only when all fail may there be users that nobody named.
    if let Some(gap) = report.rows.gap()
        && !details.gaps.is_empty()
        && listed.present().is_none_or(|list| !list.gaps.is_empty())
    {
        gaps.push(gap.clone());
        gaps.extend(details.gaps.iter().cloned());
    }
    let names: BTreeSet<&str> = by_name.keys().chain(rows.keys()).chain(by_call.keys()).copied().collect();
    let names: Vec<&str> = names.into_iter().collect();
    let users = names.into_par_iter().with_min_len(AT_ONCE).map(|name| {
        let row = match (rows.get(name), &report.rows) {
            (Some(row), _) => Observed::Present(*row),
            (None, Observed::Unknown(gap)) => Observed::Unknown(gap.clone()),
            (None, _) => {
                Observed::Unknown(Gap::of_reason(UNDECIDED, format!("user `{name}` is not in the credential report")))
            }
        };
        let detail = match by_name.get(name) {
            Some(entity) => Observed::Present(*entity),
            None => Observed::Unknown(details.gaps.first().cloned().unwrap_or_else(|| {
                Gap::of_reason(UNDECIDED, format!("user `{name}` is not in the authorization details"))
            })),
        };
        let others = Others { devices, engine, calls: &calls, listed: by_call.get(name).copied() };
        user(snapshot, name, &row, &detail, &others)
    });
    List { items: users.collect(), gaps }
}

/// What is known of users besides their row and their details.
struct Others<'a> {
    devices: &'a VirtualMfa<'a>,
    engine: &'a Engine,
    calls: &'a UserCalls<'a>,
    listed: Option<&'a iam::ListedUser>,
}

fn user(
    snapshot: &Snapshot,
    name: &str,
    row: &Observed<&Row>,
    detail: &Observed<Entity<'_, iam::UserDetail>>,
    others: &Others<'_>,
) -> Resource<IamUser> {
    let Others { devices, engine, calls, listed } = others;
    let arn = match (row, detail) {
        (Observed::Present(row), _) if row.text("arn").present().is_some_and(|arn| !arn.is_empty()) => {
            row.text("arn").present().map(|arn| (*arn).to_owned())
        }
        (_, Observed::Present(entity)) => entity.detail.arn.clone(),
        _ => listed.and_then(|user| user.arn.clone()),
    };
    let id = arn.unwrap_or_else(|| format!("arn:{}:iam::{}:user/{name}", snapshot.partition, snapshot.account));
    let created_at = match from_row(row, |row| row.time("user_creation_time")) {
        Fact { state: Observed::Present(time), origin } => Fact::present(time, origin),
        unknown => match detail {
            Observed::Present(entity) => member(*entity, "/UserDetailList/*/CreateDate", |user| user.create_date),
            _ => match listed.and_then(|user| user.create_date) {
                Some(created) => Fact::derived(Observed::Present(created)),
                None => unknown,
            },
        },
    };
    let (is_admin, mfa_enforced) = access(detail, engine);
    let password_last_used = password_last_used(row);
    let password_last_changed = from_row(row, |row| row.time("password_last_changed"));
    let facts = IamUser {
        name: Fact::derived(Observed::Present(name.to_owned())),
        password_enabled: from_row(row, |row| row.flag_or_none("password_enabled")),
        password_last_activity: first_present([&password_last_used, &password_last_changed, &created_at]),
        password_last_used,
        password_last_changed,
        created_at,
        mfa_active: calls.mfa_active(name, from_row(row, |row| row.flag_or_none("mfa_active"))),
        has_virtual_mfa: calls.has_virtual_mfa(name, devices.of_user(&id, name)),
        access_keys: access_keys(row),
        groups: calls.groups(name, list(detail, "/UserDetailList/*/GroupList", |user| user.group_list.clone())),
        attached_policies: calls.attached(name, attached_policies(detail)),
        inline_policies: calls.inline(name, inline_policies(detail)),
        is_admin,
        mfa_enforced,
    };
    Resource { id, region: None, facts }
}

fn attached_policies(detail: &Observed<Entity<'_, iam::UserDetail>>) -> Fact<List<String>> {
    list(detail, "/UserDetailList/*/AttachedManagedPolicies", |user| {
        user.attached_managed_policies.as_ref()?.iter().map(|policy| policy.policy_arn.clone()).collect()
    })
}

/// AWS leaves the member out for a user without inline policies.
fn inline_policies(detail: &Observed<Entity<'_, iam::UserDetail>>) -> Fact<List<String>> {
    list(detail, "/UserDetailList/*/UserPolicyList", |user| {
        user.user_policy_list.iter().flatten().map(|policy| policy.policy_name.clone()).collect()
    })
}

/// What the policy engine says of the user: administrator, and MFA enforced.
fn access(detail: &Observed<Entity<'_, iam::UserDetail>>, engine: &Engine) -> (Fact<bool>, Fact<bool>) {
    match detail {
        Observed::Present(entity) => {
            let origin = Origin::at(entity.observation, "/UserDetailList/*").element(entity.index);
            match entity.detail.arn.as_deref().and_then(|arn| engine.of_user(arn)) {
                Some((admin, enforced)) => (Fact::new(admin, origin), Fact::new(enforced, origin)),
                None => {
                    let gap = Gap::of_reason(MEMBER_MISSING, "the authorization details give no ARN of the user");
                    (Fact::unknown(gap.clone()), Fact::unknown(gap))
                }
            }
        }
        Observed::Absent => (Fact::absent(Origin::NONE), Fact::absent(Origin::NONE)),
        Observed::Unknown(gap) => (Fact::unknown(gap.clone()), Fact::unknown(gap.clone())),
    }
}

fn from_row<T>(row: &Observed<&Row>, get: impl FnOnce(&Row) -> Fact<T>) -> Fact<T> {
    match row {
        Observed::Present(row) => get(row),
        Observed::Absent => Fact::absent(Origin::NONE),
        Observed::Unknown(gap) => Fact::unknown(gap.clone()),
    }
}

fn list<T>(
    detail: &Observed<Entity<'_, T>>,
    pointer: &'static str,
    get: impl FnOnce(&T) -> Option<Vec<String>>,
) -> Fact<List<String>> {
    match detail {
        Observed::Present(entity) => member(*entity, pointer, get).map(List::whole),
        Observed::Absent => Fact::absent(Origin::NONE),
        Observed::Unknown(gap) => Fact::unknown(gap.clone()),
    }
}

/// Characters of a time up to its second.
const SECOND: usize = "2026-01-01T00:00:00".len();

/// The first of several facts that is present; unknown when one before it is unknown.
fn first_present<T: Clone>(facts: [&Fact<T>; 3]) -> Fact<T> {
    for fact in facts {
        if !matches!(fact.state, Observed::Absent) {
            return fact.clone();
        }
    }
    Fact::absent(Origin::NONE)
}

/// AWS lost sign-in dates between these times, so a date in between may be older than the true last use:
/// 2018-05-03 22:50 to 2018-05-23 14:08 Pacific daylight time.
const LOST_FROM: &str = "2018-05-04T05:50:00Z";
const LOST_UNTIL: &str = "2018-05-23T21:08:00Z";

fn password_last_used(row: &Observed<&Row>) -> Fact<Time> {
    let fact = from_row(row, |row| row.time("password_last_used"));
    let lost = match (&fact.state, Time::parse(LOST_FROM), Time::parse(LOST_UNTIL)) {
        (Observed::Present(time), Ok(from), Ok(until)) => from <= *time && *time <= until,
        _ => false,
    };
    if lost {
        let reason = "AWS did not record sign-ins between 2018-05-03 and 2018-05-23, and this date lies there";
        return Fact::new(Observed::Unknown(Gap::of_reason(UNDECIDED, reason)), fact.origin);
    }
    fact
}

fn access_keys(row: &Observed<&Row>) -> Fact<List<AccessKey>> {
    from_row(row, |row| {
        let keys = KEY_SLOTS.iter().filter_map(|slot| access_key(row, slot)).collect();
        Fact::present(List::whole(keys), row.flag("access_key_1_active").origin)
    })
}

/// The columns of a key slot.
struct KeySlot {
    number: &'static str,
    active: &'static str,
    last_rotated: &'static str,
    last_used: &'static str,
}

const KEY_SLOTS: [KeySlot; 2] = [
    KeySlot {
        number: "1",
        active: "access_key_1_active",
        last_rotated: "access_key_1_last_rotated",
        last_used: "access_key_1_last_used_date",
    },
    KeySlot {
        number: "2",
        active: "access_key_2_active",
        last_rotated: "access_key_2_last_rotated",
        last_used: "access_key_2_last_used_date",
    },
];

/// A key slot; `None` only when the report says that it never held a key.
fn access_key(row: &Row, slot: &KeySlot) -> Option<AccessKey> {
    let active = row.flag_or_none(slot.active);
    let last_rotated = row.time(slot.last_rotated);
    let last_used = row.time(slot.last_used);
    let empty = matches!(active.state, Observed::Present(false))
        && matches!(last_rotated.state, Observed::Absent)
        && matches!(last_used.state, Observed::Absent);
    (!empty).then(|| AccessKey {
        name: Fact::derived(Observed::Present(slot.number.to_owned())),
        last_activity: first_present([&last_used, &last_rotated, &last_rotated]),
        active,
        last_rotated_second: last_rotated.clone().map(|time| {
            let mut text = time.to_string();
            text.truncate(SECOND);
            text
        }),
        last_rotated,
        last_used,
    })
}

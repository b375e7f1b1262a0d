//! The root user: account summary, its row of the credential report and virtual MFA devices.

use super::credential_report::{CredentialReport, Row};
use super::resource::Resource;
use super::virtual_mfa::VirtualMfa;
use super::{Fact, Gap, Observed, Origin, Source, UNDECIDED};
use crate::facts;
use crate::snapshot::{Snapshot, Time, shapes::iam};

facts! {
    /// The root user of the account.
    RootUser as "root-user" {
        /// Number of access keys, inactive ones included.
        access_keys_present: i64 => [IamGetAccountSummary];
        /// True when the first access key is active.
        access_key_1_active: bool => [IamGetCredentialReport];
        /// True when the second access key is active.
        access_key_2_active: bool => [IamGetCredentialReport];
        /// Number of X.509 signing certificates.
        signing_certificates_present: i64 => [IamGetAccountSummary];
        /// True when the first signing certificate is active.
        cert_1_active: bool => [IamGetCredentialReport];
        /// True when the second signing certificate is active.
        cert_2_active: bool => [IamGetCredentialReport];
        /// True when at least one MFA device of any type is assigned.
        mfa_enabled: bool => [IamGetAccountSummary];
        /// True when a virtual MFA device is assigned.
        has_virtual_mfa: bool => [IamListVirtualMfaDevices];
        /// True when a password is set; unknown when AWS does not say, as in older account summaries.
        password_present: bool => [IamGetAccountSummary, IamGetCredentialReport];
        /// True when a password is set or AWS does not say.
        may_have_password: bool => [IamGetAccountSummary, IamGetCredentialReport];
        /// The latest sign-in or signed call; absent when none is recorded.
        last_used: Time => [IamGetCredentialReport];
        /// True when the credential report has a row of the root user.
        in_credential_report: bool => [IamGetCredentialReport];
    }
}

/// Builds the root user.
pub(crate) fn build(snapshot: &Snapshot, report: &CredentialReport, devices: &VirtualMfa<'_>) -> Resource<RootUser> {
    let id = format!("arn:{}:iam::{}:root", snapshot.partition, snapshot.account);
    let summary = Source::<iam::GetAccountSummary>::global(snapshot);
    let entry = |pointer: &'static str, key: &'static str| {
        summary.required(pointer, |answer| answer.summary_map.as_ref()?.get(key).copied())
    };
    let row = report.root();
    let flag = |column: &str| match &row {
        Observed::Present(row) => row.flag_or_none(column),
        Observed::Absent => Fact::absent(report.origin()),
        Observed::Unknown(gap) => Fact::unknown(gap.clone()),
    };
    let password = summary.optional("/SummaryMap/AccountPasswordPresent", |answer| {
        answer.summary_map.as_ref()?.get("AccountPasswordPresent").copied()
    });
    let facts = RootUser {
        access_keys_present: entry("/SummaryMap/AccountAccessKeysPresent", "AccountAccessKeysPresent"),
        access_key_1_active: flag("access_key_1_active"),
        access_key_2_active: flag("access_key_2_active"),
        signing_certificates_present: entry(
            "/SummaryMap/AccountSigningCertificatesPresent",
            "AccountSigningCertificatesPresent",
        ),
        cert_1_active: flag("cert_1_active"),
        cert_2_active: flag("cert_2_active"),
        mfa_enabled: entry("/SummaryMap/AccountMFAEnabled", "AccountMFAEnabled").map(|count| count > 0),
        has_virtual_mfa: devices.of_root(&id),
        password_present: password_fact(&password, &row, report.origin(), None),
        may_have_password: password_fact(&password, &row, report.origin(), Some(true)),
        last_used: last_used(&row, report.origin()),
        in_credential_report: Fact::new(
            match &row {
                Observed::Present(_) => Observed::Present(true),
                Observed::Absent => Observed::Present(false),
                Observed::Unknown(gap) => Observed::Unknown(gap.clone()),
            },
            report.origin(),
        ),
    };
    Resource { id, region: None, facts }
}

/// The account summary decides; where it is silent, the report's `password_enabled`, in which `not_supported` is what
/// older reports say of every root user.
fn password_fact(summary: &Fact<i64>, row: &Observed<&Row>, report: Origin, not_supported: Option<bool>) -> Fact<bool> {
    if !matches!(summary.state, Observed::Absent) {
        return summary.clone().map(|count| count > 0);
    }
    let undecided = |message: &str| Observed::Unknown(Gap::of_reason(UNDECIDED, message));
    let state = match row {
        Observed::Unknown(gap) => Observed::Unknown(gap.clone()),
        Observed::Absent => undecided("neither account summary nor credential report says whether root has a password"),
        Observed::Present(row) => match row.flag("password_enabled").state {
            Observed::Absent => not_supported.map_or_else(
                || {
                    undecided(
                        "the credential report says `not_supported`, which does not tell whether root has a password",
                    )
                },
                Observed::Present,
            ),
            state => state,
        },
    };
    Fact::new(state, report)
}

/// The newest of the three dates on which root acted.
fn last_used(row: &Observed<&Row>, report: Origin) -> Fact<Time> {
    let row = match row {
        Observed::Present(row) => row,
        Observed::Absent => return Fact::absent(report),
        Observed::Unknown(gap) => return Fact::unknown(gap.clone()),
    };
    let mut newest = Observed::Absent;
    for column in ["password_last_used", "access_key_1_last_used_date", "access_key_2_last_used_date"] {
        match (row.time(column).state, &newest) {
            (Observed::Unknown(gap), _) => return Fact::new(Observed::Unknown(gap), report),
            (Observed::Present(time), Observed::Present(best)) if time <= *best => {}
            (Observed::Present(time), _) => newest = Observed::Present(time),
            (Observed::Absent, _) => {}
        }
    }
    Fact::new(newest, report)
}

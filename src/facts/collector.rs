//! Who took the snapshot, and of which account its answers are.

use super::authorization;
use super::credential_report::CredentialReport;
use super::{Fact, Observed, Source};
use crate::facts;
use crate::snapshot::{Snapshot, shapes::sts};

facts! {
    /// The identity that took the snapshot.
    Collector as "collector" {
        /// Its ARN, as STS says it.
        arn: String => [StsGetCallerIdentity];
        /// The account it belongs to.
        account: String => [StsGetCallerIdentity];
        /// The account of the ARNs in IAM's answers; where they differ, one that is not the snapshot's.
        answers_account: String => [IamGetCredentialReport];
    }
}

/// Builds the identity.
pub(crate) fn build(snapshot: &Snapshot, report: &CredentialReport) -> Collector {
    let source = Source::<sts::GetCallerIdentity>::global(snapshot);
    Collector {
        arn: source.required("/Arn", |identity| identity.arn.clone()),
        account: source.required("/Account", |identity| identity.account.clone()),
        answers_account: answers_account(snapshot, report),
    }
}

/// STS alone says who asks, not whose answers they are: files of two accounts may lie in one import.
fn answers_account(snapshot: &Snapshot, report: &CredentialReport) -> Fact<String> {
    let rows = report.rows.present().into_iter().flatten().filter_map(|row| row.text("arn").present().copied());
    let users = authorization::users(snapshot);
    let roles = authorization::roles(snapshot);
    let users = users.items.iter().filter_map(|user| user.detail.arn.as_deref());
    let roles = roles.items.iter().filter_map(|role| role.detail.arn.as_deref());
    let mut found = None;
    for account in rows.chain(users).chain(roles).filter_map(|arn| arn.split(':').nth(4)) {
        if account != snapshot.account {
            found = Some(account);
            break;
        }
        found = Some(account);
    }
    match (found, &report.rows) {
        (Some(account), _) => Fact::present(account.to_owned(), report.origin()),
        (None, Observed::Unknown(gap)) => Fact::unknown(gap.clone()),
        (None, _) => Fact::absent(report.origin()),
    }
}

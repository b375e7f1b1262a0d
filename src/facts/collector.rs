//! Who took the snapshot, and of which account its answers are.

use super::authorization;
use super::credential_report::CredentialReport;
use super::{Fact, Observed, Origin, Source};
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

/// STS alone says who asks, not whose answers they are: files of two accounts may lie in one import. The credential
/// report decides, because it names root in every account; authorization details can only disagree.
fn answers_account(snapshot: &Snapshot, report: &CredentialReport) -> Fact<String> {
    let rows = match &report.rows {
        Observed::Present(rows) => rows,
        Observed::Absent => return Fact::absent(report.origin()),
        Observed::Unknown(gap) => return Fact::unknown(gap.clone()),
    };
    let mut named = rows.iter().filter_map(|row| account_of(row.text("arn").present().copied()?)).peekable();
    let first = named.peek().copied();
    if let Some(other) = named.find(|account| *account != snapshot.account) {
        return Fact::present(other.to_owned(), report.origin());
    }
    let users = authorization::users(snapshot);
    for user in &users.items {
        if let Some(other) = user.detail.arn.as_deref().and_then(account_of).filter(|id| *id != snapshot.account) {
            let origin = Origin::at(user.observation, "/UserDetailList/*/Arn").element(user.index);
            return Fact::present(other.to_owned(), origin);
        }
    }
    match first {
        Some(account) => Fact::present(account.to_owned(), report.origin()),
        None => Fact::absent(report.origin()),
    }
}

fn account_of(arn: &str) -> Option<&str> {
    arn.split(':').nth(4).filter(|account| !account.is_empty())
}

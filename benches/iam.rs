//! What the policy engine costs as an account grows: `cargo bench --bench iam` (`--no-default-features` builds faster).
//!
//! Each figure is for a share of IAM's quotas, in per cent, and divan tells the time per principal: it has to stay flat.
//! `docs/performance.md` has the results, and how to measure memory.

#![expect(clippy::indexing_slicing, reason = "the generator writes JSON by name")]

mod quota;

use std::io::Cursor;

use divan::Bencher;
use divan::counter::ItemsCount;
use posture::iam::access::Access;
use posture::iam::account::Account;
use posture::iam::escalation::each_path;
use posture::snapshot::SnapshotReader;
use quota::{Kind, Size, snapshot};

fn main() {
    divan::main();
}

const SHARES: [usize; 3] = [5, 20, 100];

fn account(kind: Kind, percent: usize) -> Account {
    let text = Cursor::new(snapshot(Size::percent(kind, percent)).into_bytes());
    let read = SnapshotReader::from_reader("generated".to_owned(), Box::new(text)).ok();
    let account = read.and_then(|mut reader| reader.next()?.ok()).map(|snapshot| Account::from_snapshot(&snapshot));
    account.unwrap_or_default()
}

/// Administrator or not, MFA enforced or not, and the widest services of every principal.
fn effective_access(bencher: Bencher, kind: Kind, percent: usize) {
    let account = account(kind, percent);
    bencher.counter(ItemsCount::new(account.principals().len())).bench_local(|| {
        let of = |principal| {
            let access = Access::new(&account, principal);
            let enforced = access.mfa().enforced;
            (access.is_admin(), enforced, access.is_service_wide("s3"), access.can("budgets:*").truth)
        };
        account.principals().iter().map(of).filter(|(admin, ..)| admin.is_true()).count()
    });
}

/// Every chain of every principal.
fn all_paths(bencher: Bencher, kind: Kind, percent: usize) {
    let account = account(kind, percent);
    bencher.counter(ItemsCount::new(account.principals().len())).bench_local(|| {
        let mut chains = 0;
        each_path(std::slice::from_ref(&account), None, &mut |_| chains += 1);
        chains
    });
}

#[divan::bench(args = SHARES, sample_count = 3, sample_size = 1)]
fn access_in_teams(bencher: Bencher, percent: usize) {
    effective_access(bencher, Kind::Teams, percent);
}

#[divan::bench(args = SHARES, sample_count = 3, sample_size = 1)]
fn access_scattered(bencher: Bencher, percent: usize) {
    effective_access(bencher, Kind::Scattered, percent);
}

#[divan::bench(args = SHARES, sample_count = 3, sample_size = 1)]
fn paths_in_teams(bencher: Bencher, percent: usize) {
    all_paths(bencher, Kind::Teams, percent);
}

#[divan::bench(args = SHARES, sample_count = 3, sample_size = 1)]
fn paths_scattered(bencher: Bencher, percent: usize) {
    all_paths(bencher, Kind::Scattered, percent);
}

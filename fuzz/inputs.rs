//! What has to hold for every file that somebody else made. Each function is one fuzz target of the same name; `cargo test`
//! runs it on the corpus that is kept in `corpus/`, so that what the fuzzer found once is tried for ever.

use std::collections::BTreeSet;
use std::io::Cursor;
use std::sync::LazyLock;

use posture::config::Config;
use posture::filter::{Coverage, Pattern, covers};
use posture::finding::Status;
use posture::output::{Context, FORMATS};
use posture::rule::{ParamOverrides, Rule, built_in, load};
use posture::scan::Scan;
use posture::snapshot::{Compression, Operation, Snapshot, SnapshotReader, write_snapshot};

/// More bytes than this find nothing that fewer do not, and cost time.
const LONGEST: usize = 64 * 1024;

fn read(bytes: Vec<u8>) -> Option<Snapshot> {
    SnapshotReader::from_reader("fuzzed".to_owned(), Box::new(Cursor::new(bytes))).ok()?.next()?.ok()
}

static RULES: LazyLock<Vec<Rule>> = LazyLock::new(|| built_in(&ParamOverrides::new()).unwrap());

/// Every built-in rule judges whatever a snapshot says: no verdict rests on nothing, and the report can be printed.
fn judge(snapshot: &Snapshot, salt: usize) {
    let config = Config::default();
    let report = Scan { rules: &RULES, config: &config, baseline: None, as_of: None }.run(snapshot);
    for finding in &report.results {
        let decided = matches!(finding.status, Status::Pass | Status::Fail);
        assert!(!decided || !finding.evidence.is_empty(), "{finding:?}");
    }
    // One of them: each costs as much as the scan.
    let (_, format) = FORMATS[salt % FORMATS.len()];
    format.render(&report, &Context::default(), &mut std::io::sink()).unwrap();
}

/// A snapshot is refused, or is the same after writing and reading it again, and can be judged.
pub(crate) fn snapshot(data: &[u8]) {
    let Some(snapshot) = read(data.get(..LONGEST).unwrap_or(data).to_vec()) else { return };
    let mut written = Vec::new();
    write_snapshot(&snapshot, Compression::Plain, &mut written).unwrap();
    assert_eq!(read(written).unwrap(), snapshot);
    judge(&snapshot, data.len());
}

/// An answer of the AWS CLI is refused, or is the same after writing and reading it again. The first line names the
/// operation, as in `iam:GetAccountSummary`.
pub(crate) fn cli_output(data: &[u8]) {
    let Some((name, answer)) = std::str::from_utf8(data).ok().and_then(|text| text.split_once('\n')) else { return };
    let Some(operation) = Operation::ALL.iter().find(|operation| operation.label() == name) else { return };
    let Ok(response) = operation.parse(answer) else { return };
    let written = serde_json::to_string(&response).unwrap();
    assert_eq!(operation.parse(&written).unwrap(), response, "{written}");
}

/// Any text as a credential report: facts are built, and users without a readable row are no pass.
pub(crate) fn credential_report(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    let report = serde_json::json!({
        "format": "posture-snapshot/1", "collected_at": "2026-11-22T03:00:00Z", "account": "123456789012",
        "partition": "aws", "caller": "", "regions": ["us-east-1"],
        "observations": [{ "service": "iam", "operation": "GetCredentialReport", "region": "us-east-1",
            "response": { "GeneratedTime": "2026-11-22T02:00:00Z", "Content": text } }],
    });
    if let Some(snapshot) = read(report.to_string().into_bytes()) {
        judge(&snapshot, data.len());
    }
}

/// A rule file is refused with a place in it, or can be loaded again.
pub(crate) fn rule_file(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    match load::load("rules/fuzz/fuzzed.yaml", text, &ParamOverrides::new()) {
        Ok(rule) => assert!(!rule.id.is_empty() && !rule.title.is_empty()),
        Err(error) => assert!(!error.to_string().is_empty() && !error.to_string().contains('\u{1b}')),
    }
}

/// A configuration is refused with a place in it, or is the same when it is read again.
pub(crate) fn configuration(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    let rules = BTreeSet::from(["root-mfa-enabled", "iam-user-mfa-console"]);
    let read = || Config::parse("posture.yaml", text, &rules);
    match (read(), read()) {
        (Ok(one), Ok(two)) => assert_eq!(format!("{one:?}"), format!("{two:?}")),
        (Err(one), Err(two)) => assert_eq!(one.to_string(), two.to_string()),
        _ => panic!("read twice, with two outcomes"),
    }
}

/// Two filter patterns, one a line: each is refused with the place, or reads back from how it is printed as the same
/// pattern, which covers itself; and whether the first covers the second is decided in bounded time.
pub(crate) fn filter_pattern(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    let (one, other) = text.split_once('\n').unwrap_or((text, text));
    let read = |text: &str| match text.parse::<Pattern>() {
        Ok(Pattern::Json(tree)) => {
            let printed = tree.to_string();
            // A spelling can be longer when it is printed, and there is a longest pattern.
            if printed.len() <= posture::filter::MAX_BYTES {
                assert_eq!(printed.parse::<Pattern>().unwrap(), Pattern::Json(tree.clone()), "{printed}");
            }
            assert!(!matches!(covers(&tree, &tree), Coverage::Misses(_)), "{printed}");
            Some(tree)
        }
        Ok(_) => None,
        Err(error) => {
            assert!(!error.to_string().is_empty());
            None
        }
    };
    if let (Some(one), Some(other)) = (read(one), read(other)) {
        assert_eq!(covers(&one, &other), covers(&one, &other));
    }
}

//! What a live scan takes beside its floor: `cargo bench --bench live`. It prints ratios and judges nothing.
//!
//! A server on this machine answers as an account of 17 Regions and 2,000 users does, 40 ms after each call. The floor is what
//! no scan can beat: the longest chain of calls of which each needs the answer before it, and for `LookupEvents` the two calls
//! a second that AWS allows. `docs/performance.md` has results.
//!
//! `cargo bench --bench live -- [--round-trip MILLISECONDS] [--users NUMBER] [--regions NUMBER] [--runs NUMBER]
//! [--administrators] [--serve]`; users are administrators, developers, of finance and of operations in turn, with
//! `--administrators` they all administer the account once they used MFA; `--serve` answers until it is stopped and measures
//! nothing, for profilers.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a benchmark may stop"
)]
#![expect(clippy::print_stdout, reason = "results are printed")]

#[path = "../tests/it/stub/mod.rs"]
#[expect(dead_code, reason = "tests use more of it")]
mod stub;

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::Value;
use stub::account::answers;
use stub::{Call, Stub, regions};

/// Chains of calls that no scan can shorten: each call is about what the one before it answered. The first of all says whose
/// account it is; a key's policy does not wait for the key, Regions that cannot be disabled do not wait to be listed, and nothing
/// else follows.
const CHAINS: [&[&str]; 3] = [
    // The topic that budgets tell is an alarm's too, which two calls lead to.
    &["GetCallerIdentity", "DescribeBudgets", "DescribeNotificationsForBudget", "DescribeSubscribersForNotification"],
    &["GetCallerIdentity", "ListRules", "ListTargetsByRule", "ListSubscriptionsByTopic", "GetSubscriptionAttributes"],
    &["GetCallerIdentity", "ListDetectors", "ListFindings", "GetFindings"],
];
/// Calls of `LookupEvents` that AWS lets an account make in a second of one Region.
const LOOKUPS: u32 = 2;

/// What one run took.
#[derive(Debug, Clone, Copy)]
struct Cost {
    wall: Duration,
    processor: Duration,
    peak_kib: u64,
}

fn main() {
    let wish = |name: &str, otherwise: u32| {
        let mut arguments = std::env::args().skip_while(|argument| argument != name);
        arguments.nth(1).map_or(otherwise, |value| value.parse().expect("a number"))
    };
    let asked_for = |name: &str| std::env::args().any(|argument| argument == name);
    let (millis, users) = (wish("--round-trip", 40), wish("--users", 2000));
    let (count, runs) = (wish("--regions", 17) as usize, wish("--runs", 5));
    let round_trip = Duration::from_millis(millis.into());
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/accounts/bootcamp-hardened.json");
    let hardened: Value = serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap();
    // Regions without what the saved account has in the first would make chains shorter.
    let mut chosen: Vec<&str> = vec!["us-east-1", "eu-west-1"];
    chosen.extend(regions::ALWAYS.iter().filter(|region| !["us-east-1", "eu-west-1"].contains(region)));
    chosen.truncate(count.max(2));
    // The first of the account's users administers it.
    let models = if asked_for("--administrators") { 1 } else { usize::MAX };
    let account = regions::account(&hardened, &chosen, users as usize, models);
    let server = Stub::replay(round_trip, answers(account, 1000));
    if asked_for("--serve") {
        println!("AWS_ENDPOINT_URL={}", server.url());
        loop {
            std::thread::park();
        }
    }
    println!("{} Regions, {users} users, {millis} ms a call, the least of {runs} runs", chosen.len());
    println!(
        "| command | calls | calls a Region | pages of users | floor | wall | ratio | processor | the server's | memory |"
    );
    println!("|---|---|---|---|---|---|---|---|---|---|");
    let scan = ["scan", "--fail-on", "none", "--allow-unknown", "--format"];
    // Those that cannot be disabled are asked unless others are named.
    let named: Vec<&str> = if chosen.len() == regions::ALWAYS.len() {
        Vec::new()
    } else {
        chosen.iter().flat_map(|region| ["--region", region]).collect()
    };
    for (name, arguments) in [
        ("snapshot", [&["snapshot", "-o", "-"], &named[..]].concat()),
        ("scan", [&scan[..], &["table"], &named].concat()),
        ("scan --format json", [&scan[..], &["json"], &named].concat()),
    ] {
        measure(name, &arguments, &server, round_trip, runs);
    }
}

/// Processor time of this process, the server, so far.
fn own_processor() -> Duration {
    let words = std::fs::read_to_string("/proc/self/stat").unwrap();
    let fields: Vec<&str> = words.rsplit_once(") ").unwrap().1.split(' ').collect();
    Duration::from_secs(1) * (fields[11].parse::<u32>().unwrap() + fields[12].parse::<u32>().unwrap()) / 100
}

fn measure(name: &str, arguments: &[&str], server: &Stub, round_trip: Duration, runs: u32) {
    // The first run is the server's to prepare its answers.
    run(server, arguments);
    let (before, spent) = (server.calls().len(), own_processor());
    let costs: Vec<Cost> = (0..runs).map(|_| run(server, arguments)).collect();
    let spent = own_processor().saturating_sub(spent) / runs;
    let calls: Vec<Call> = server.calls().into_iter().skip(before).collect();
    let least = |of: fn(&Cost) -> Duration| costs.iter().map(of).min().unwrap();
    let (wall, processor) = (least(|cost| cost.wall), least(|cost| cost.processor));
    let memory = costs.iter().map(|cost| cost.peak_kib).max().unwrap();
    let floor = floor(&calls, round_trip, runs);
    let mut by_region: BTreeMap<&str, u32> = BTreeMap::new();
    for call in &calls {
        *by_region.entry(&call.region).or_default() += 1;
    }
    by_region.remove("us-east-1");
    let most = by_region.values().max().copied().unwrap_or_default();
    let is_user = |call: &&Call| {
        call.operation == "GetAccountAuthorizationDetails" && call.members.to_string().contains("\"User\"")
    };
    println!(
        "| {name} | {} | {} | {} | {} ms | {} ms | {:.2} | {} ms | {} ms | {:.1} MiB |",
        calls.len() / runs as usize,
        most / runs,
        calls.iter().filter(is_user).count() / runs as usize,
        floor.as_millis(),
        wall.as_millis(),
        wall.as_secs_f64() / floor.as_secs_f64(),
        processor.as_millis(),
        spent.as_millis(),
        f64::from(u32::try_from(memory).unwrap()) / 1024.0,
    );
}

/// The time below which no scan that makes these calls can stay.
fn floor(calls: &[Call], round_trip: Duration, runs: u32) -> Duration {
    let made: BTreeSet<&str> = calls.iter().map(|call| call.operation.as_str()).collect();
    let whole = CHAINS.iter().filter(|chain| chain.iter().all(|operation| made.contains(operation)));
    let longest = whole.map(|chain| chain.len()).max().expect("a chain was called");
    let chain = round_trip * u32::try_from(longest).unwrap();
    let lookups = calls.iter().filter(|call| call.operation == "LookupEvents").count();
    let lookups = u32::try_from(lookups).unwrap() / runs;
    let waits = Duration::from_secs(1) * lookups.saturating_sub(LOOKUPS) / LOOKUPS;
    chain.max(if lookups == 0 { Duration::ZERO } else { round_trip * 2 + waits })
}

fn posture(endpoint: &str) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_posture"));
    command.env_clear().env("HOME", "/nonexistent").env("AWS_EC2_METADATA_DISABLED", "true");
    command.env("AWS_ACCESS_KEY_ID", "AKIAIOSFODNN7EXAMPLE").env("AWS_SECRET_ACCESS_KEY", "example");
    command.env("AWS_ENDPOINT_URL", endpoint).current_dir(std::env::temp_dir());
    command
}

fn run(server: &Stub, arguments: &[&str]) -> Cost {
    let start = Instant::now();
    let mut child = posture(&server.url()).args(arguments).stdin(Stdio::null()).stdout(Stdio::null()).spawn().unwrap();
    let (processor, peak_kib, wall) = watch(&mut child, start);
    let status = child.wait().unwrap();
    assert!(status.success(), "{status}");
    Cost { wall, processor, peak_kib }
}

/// Follows a process until it has ended and before it is forgotten: processor time, the most memory, and when it ended.
fn watch(child: &mut Child, start: Instant) -> (Duration, u64, Duration) {
    const TICKS: u32 = 100;
    let folder = format!("/proc/{}", child.id());
    let mut peak = 0;
    loop {
        let words = std::fs::read_to_string(format!("{folder}/stat")).unwrap();
        let fields: Vec<&str> = words.rsplit_once(") ").unwrap().1.split(' ').collect();
        if fields[0] == "Z" {
            let wall = start.elapsed();
            let ticks: u32 = fields[11].parse::<u32>().unwrap() + fields[12].parse::<u32>().unwrap();
            return (Duration::from_secs(1) * ticks / TICKS, peak, wall);
        }
        let status = std::fs::read_to_string(format!("{folder}/status")).unwrap_or_default();
        let mark = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
        peak = peak.max(mark.and_then(|line| line.split_whitespace().next()?.parse().ok()).unwrap_or_default());
        std::thread::sleep(Duration::from_millis(1));
    }
}

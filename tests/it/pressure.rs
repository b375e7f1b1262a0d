//! Live scans under pressure: throttling, deadlines, Ctrl-C, endless and odd pages, things that vanish while one looks.

use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use posture::snapshot::{Outcome, Snapshot, SnapshotReader};
use serde_json::{Value, json};

use crate::program::{SECRET, posture, run};
use crate::stub::account::answer;
use crate::stub::{Broken, Reply, Stub, refusal};

fn saved(name: &str) -> Value {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/accounts").join(format!("{name}.json"));
    serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap()
}

fn read(file: &Path) -> Snapshot {
    SnapshotReader::open(file).unwrap().next().unwrap().unwrap()
}

/// Collects in one Region and expects a snapshot.
fn collect(stub: &Stub, more: &[&str]) -> Snapshot {
    let home = tempfile::tempdir().unwrap();
    let file = home.path().join("snapshot.json");
    let mut command = posture(home.path(), &stub.url());
    let run = run(command.args(["snapshot", "--region", "us-east-1", "-o"]).arg(&file).args(more));
    assert_eq!(run.code, 0, "{}", run.stderr);
    read(&file)
}

/// The observations of one operation, as JSON.
fn of(snapshot: &Snapshot, operation: &str) -> Vec<Value> {
    let json = serde_json::to_value(snapshot).unwrap();
    json["observations"].as_array().unwrap().iter().filter(|one| one["operation"] == operation).cloned().collect()
}

#[test]
fn a_service_that_says_when_to_come_again_is_asked_again_then_and_not_before() {
    let served = saved("bootcamp");
    let (whole, asked) = (served.clone(), AtomicUsize::new(0));
    let times = std::sync::Arc::new(std::sync::Mutex::new(Vec::new()));
    let log = std::sync::Arc::clone(&times);
    let stub = Stub::serve(move |call| {
        if call.operation != "GetAccountSummary" {
            return answer(&served, 1000, call);
        }
        log.lock().unwrap().push(Instant::now());
        if asked.fetch_add(1, Ordering::Relaxed) == 0 { Reply::Later(3) } else { answer(&served, 1000, call) }
    });
    let snapshot = collect(&stub, &[]);
    let times = times.lock().unwrap();
    let [first, second] = times[..] else { panic!("{} attempts", times.len()) };
    // Without the header the pause before the first retry is at most half a second.
    assert!(second - first >= Duration::from_millis(2_900), "{:?}", second - first);
    let kept = whole["observations"].as_array().unwrap().iter().find(|one| one["operation"] == "GetAccountSummary");
    assert_eq!(of(&snapshot, "GetAccountSummary")[0], *kept.unwrap());
}

#[test]
fn an_account_that_is_throttled_for_ever_ends_with_the_deadline_and_says_what_is_missing() {
    let served = saved("bootcamp");
    let stub =
        Stub::serve(move |call| if call.service == "sts" { answer(&served, 1000, call) } else { Reply::Later(3_600) });
    let home = tempfile::tempdir().unwrap();
    let start = Instant::now();
    let mut command = posture(home.path(), &stub.url());
    let run = run(command.args(["scan", "--region", "us-east-1,eu-west-1", "--timeout", "5", "--format", "json"]));
    assert!(start.elapsed() < Duration::from_secs(20), "{:?}", start.elapsed());
    assert_eq!(run.code, 3, "{}", run.stderr);
    let report: Value = serde_json::from_str(&run.stdout).unwrap();
    assert_eq!(report["summary"]["results"]["pass"], 0, "{}", report["summary"]);
    assert_eq!(report["summary"]["results"]["fail"], 0, "{}", report["summary"]);
    assert!(report["gaps"].to_string().contains("deadline of 5 s"), "{}", report["gaps"]);
    let calls = stub.calls().len();
    assert!(calls < 400, "{calls} calls to a service that asked for an hour's peace");
}

#[test]
fn pages_without_items_lead_on_to_those_with_items() {
    let served = saved("bootcamp-hardened");
    let whole = served.clone();
    // Every list starts with three pages that hold nothing but the way to the next.
    let stub = Stub::serve(move |call| {
        let listed = ["ListVirtualMFADevices", "ListRules", "DescribeAlarms"].contains(&call.operation.as_str());
        let page: usize = call.token().map_or(0, |token| token.trim_start_matches("empty-").parse().unwrap_or(9));
        match answer(&served, 1000, &call.first_page()) {
            Reply::Answer(mut answer) if listed && page < 3 => {
                for member in answer.as_object_mut().unwrap().values_mut() {
                    if member.is_array() {
                        *member = json!([]);
                    }
                }
                let token = if call.service == "iam" { "Marker" } else { "NextToken" };
                answer[token] = json!(format!("empty-{}", page + 1));
                if call.service == "iam" {
                    answer["IsTruncated"] = json!(true);
                }
                Reply::Answer(answer)
            }
            reply => reply,
        }
    });
    let snapshot = collect(&stub, &[]);
    for operation in ["ListVirtualMFADevices", "ListRules", "DescribeAlarms"] {
        let expected = whole["observations"].as_array().unwrap().iter();
        let expected: Vec<&Value> =
            expected.filter(|one| one["operation"] == operation && one["region"] == "us-east-1").collect();
        assert!(!expected.is_empty());
        assert_eq!(of(&snapshot, operation).iter().collect::<Vec<_>>(), expected, "{operation}");
    }
}

/// An account whose virtual MFA devices fill that many pages of one device each.
fn devices_in_pages(pages: usize) -> Stub {
    let served = saved("bootcamp");
    Stub::serve(move |call| {
        if call.operation != "ListVirtualMFADevices" {
            return answer(&served, 1000, call);
        }
        let page: usize = call.token().map_or(0, |token| token.parse().unwrap());
        let serial = format!("arn:aws:iam::123456789012:mfa/device-{page}");
        let mut answer = json!({ "VirtualMFADevices": [{ "SerialNumber": serial }], "IsTruncated": page + 1 < pages });
        if page + 1 < pages {
            answer["Marker"] = json!((page + 1).to_string());
        }
        Reply::Answer(answer)
    })
}

fn all_devices_are_there(pages: usize) {
    let snapshot = collect(&devices_in_pages(pages), &[]);
    let devices = of(&snapshot, "ListVirtualMFADevices");
    let serials: std::collections::BTreeSet<String> = devices[0]["response"]["VirtualMFADevices"]
        .as_array()
        .unwrap()
        .iter()
        .map(|device| device["SerialNumber"].as_str().unwrap().to_owned())
        .collect();
    assert_eq!(serials.len(), pages);
    assert_eq!(devices[0]["response"]["IsTruncated"], false);
}

#[test]
fn two_hundred_pages_are_read_to_the_end() {
    all_devices_are_there(200);
}

#[test]
#[ignore = "takes minutes: IAM is asked twenty times a second at most"]
fn three_thousand_pages_are_read_to_the_end() {
    all_devices_are_there(3_000);
}

#[test]
fn an_item_on_two_pages_changes_no_verdict() {
    let verdicts = |twice: bool| {
        let served = saved("bootcamp-hardened");
        // Things move between pages while somebody reads them: the second page starts with the end of the first.
        let stub = Stub::serve(move |call| {
            let second = call.token() == Some("second");
            let listed = ["DescribeAlarms", "ListRules", "ListVirtualMFADevices", "GetAccountAuthorizationDetails"];
            match answer(&served, 1000, &call.first_page()) {
                Reply::Answer(mut page) if twice && !second && listed.contains(&call.operation.as_str()) => {
                    let token = if call.service == "iam" { "Marker" } else { "NextToken" };
                    page[token] = json!("second");
                    if call.service == "iam" {
                        page["IsTruncated"] = json!(true);
                    }
                    Reply::Answer(page)
                }
                reply => reply,
            }
        });
        let home = tempfile::tempdir().unwrap();
        let mut command = posture(home.path(), &stub.url());
        let run = run(command.args(["scan", "--region", "us-east-1", "--format", "json"]));
        let report: Value = serde_json::from_str(&run.stdout).unwrap_or_else(|_| panic!("{}", run.stderr));
        let verdict = |one: &Value| format!("{} {} {}", one["rule"], one["resource"], one["status"]);
        report["results"].as_array().unwrap().iter().map(verdict).collect::<Vec<_>>()
    };
    assert_eq!(verdicts(true), verdicts(false));
}

#[test]
fn what_vanishes_between_listing_and_asking_passes_nothing_that_did_not_pass_before() {
    let report = |vanishing: Option<(&'static str, &'static str)>| {
        let served = saved("bootcamp-hardened");
        let stub = Stub::serve(move |call| match vanishing {
            Some((operation, code)) if call.operation == operation => refusal(code),
            _ => answer(&served, 1000, call),
        });
        let home = tempfile::tempdir().unwrap();
        let mut command = posture(home.path(), &stub.url());
        let run = run(command.args(["scan", "--region", "us-east-1,eu-west-1,us-west-2", "--format", "json"]));
        let report: Value = serde_json::from_str(&run.stdout).unwrap_or_else(|_| panic!("{}", run.stderr));
        let passing = |one: &&Value| one["status"] == "pass";
        let name = |one: &Value| format!("{} {}", one["rule"], one["resource"]["id"]);
        report["results"]
            .as_array()
            .unwrap()
            .iter()
            .filter(passing)
            .map(name)
            .collect::<std::collections::BTreeSet<_>>()
    };
    let before = report(None);
    for (operation, code) in [
        ("GetTopicAttributes", "NotFound"),
        ("ListSubscriptionsByTopic", "NotFound"),
        ("GetSubscriptionAttributes", "NotFound"),
        ("ListTargetsByRule", "ResourceNotFoundException"),
        ("GetTrailStatus", "TrailNotFoundException"),
        ("GetEventSelectors", "TrailNotFoundException"),
        ("DescribeKey", "NotFoundException"),
        ("DescribeNotificationsForBudget", "NotFoundException"),
    ] {
        let after = report(Some((operation, code)));
        let gained: Vec<_> = after.difference(&before).collect();
        assert!(gained.is_empty(), "{operation} answers {code}: {gained:?}");
        assert!(after.len() < before.len(), "{operation} answers {code}, and nobody minds");
    }
}

/// A program that runs on while the test does other things.
struct Running {
    child: Child,
    home: tempfile::TempDir,
}

impl Running {
    fn start(stub: &Stub, arguments: &[&str]) -> Self {
        let home = tempfile::tempdir().unwrap();
        let mut command: Command = posture(home.path(), &stub.url());
        command.args(arguments).current_dir(home.path());
        let child = command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        Self { child, home }
    }

    fn interrupt(&self) {
        let status = Command::new("kill").args(["-INT", &self.child.id().to_string()]).status().unwrap();
        assert!(status.success());
    }

    /// Waits for the end, which must come soon.
    fn end(mut self) -> (i32, String, PathBuf, tempfile::TempDir) {
        let start = Instant::now();
        while self.child.try_wait().unwrap().is_none() {
            if start.elapsed() > Duration::from_secs(30) {
                self.child.kill().unwrap();
                panic!("the program did not end");
            }
            std::thread::sleep(Duration::from_millis(20));
        }
        let output = self.child.wait_with_output().unwrap();
        let stderr = String::from_utf8(output.stderr).unwrap();
        assert!(!stderr.contains("panicked") && !stderr.contains(SECRET), "{stderr}");
        (output.status.code().unwrap_or(-1), stderr, self.home.path().join("snapshot.json"), self.home)
    }
}

/// An account that says who it is, and nothing about what it holds.
fn hanging() -> Stub {
    let served = saved("bootcamp");
    Stub::serve(move |call| {
        let silent = !["sts", "iam", "account"].contains(&call.service.as_str());
        if silent { Reply::Broken(Broken::Hang) } else { answer(&served, 1000, call) }
    })
}

fn wait_until(what: &str, holds: impl Fn() -> bool) {
    let start = Instant::now();
    while !holds() {
        assert!(start.elapsed() < Duration::from_secs(30), "{what} took too long");
        std::thread::sleep(Duration::from_millis(20));
    }
}

fn asked(stub: &Stub, operation: &str) -> bool {
    stub.calls().iter().any(|call| call.operation == operation)
}

#[cfg(unix)]
#[test]
fn ctrl_c_ends_collecting_without_a_file_and_says_how_to_keep_what_there_is() {
    let stub = hanging();
    let running = Running::start(&stub, &["snapshot", "--region", "us-east-1", "-o", "snapshot.json"]);
    wait_until("asking for trails", || asked(&stub, "DescribeTrails"));
    running.interrupt();
    let (code, stderr, file, _home) = running.end();
    assert_eq!(code, 2, "{stderr}");
    assert!(stderr.contains("collecting was cancelled") && stderr.contains("--partial"), "{stderr}");
    assert!(!file.exists());
}

#[cfg(unix)]
#[test]
fn ctrl_c_with_partial_keeps_what_was_answered_and_calls_the_rest_cancelled() {
    let stub = hanging();
    let running = Running::start(&stub, &["snapshot", "--partial", "--region", "us-east-1", "-o", "snapshot.json"]);
    wait_until("asking for trails", || asked(&stub, "DescribeTrails") && asked(&stub, "GetCredentialReport"));
    std::thread::sleep(Duration::from_secs(1));
    running.interrupt();
    let (code, stderr, file, _home) = running.end();
    assert_eq!(code, 0, "{stderr}");
    let snapshot = read(&file);
    let answered = snapshot.observations().iter().filter(|one| matches!(one.outcome, Outcome::Answered(_))).count();
    assert!(answered > 2, "{answered}");
    let [trails] = &of(&snapshot, "DescribeTrails")[..] else { panic!("no trails") };
    assert_eq!(trails["error"]["code"], "Cancelled", "{trails}");
}

#[cfg(unix)]
#[test]
fn a_second_ctrl_c_ends_the_program_at_once_even_when_nobody_reads_its_report() {
    let stub = hanging();
    // The report is larger than a pipe holds, and nobody empties the pipe: the program waits there for ever.
    let running = Running::start(&stub, &["scan", "--partial", "--region", "us-east-1", "--format", "json"]);
    wait_until("asking for trails", || asked(&stub, "DescribeTrails"));
    running.interrupt();
    std::thread::sleep(Duration::from_secs(6));
    running.interrupt();
    let (code, stderr, ..) = running.end();
    assert_eq!(code, 130, "{stderr}");
}

#[test]
fn planted_secrets_show_in_no_output() {
    const PLANTED: [&str; 4] =
        ["canary-webhook-key-81c2", "canary-session-token-55d0", "canary-unread-member-90ee", "canary-source-ip-77aa"];
    let served = saved("bootcamp-hardened");
    // Where AWS's answers carry what is nobody's business: webhook addresses, trail records, members nobody reads.
    let stub = Stub::serve(move |call| match answer(&served, 1000, call) {
        Reply::Answer(mut answer) => {
            for subscription in answer["Subscriptions"].as_array_mut().into_iter().flatten() {
                subscription["Protocol"] = json!("https");
                subscription["Endpoint"] = json!(format!("https://user:{0}@hooks.example.com/{0}?key={0}", PLANTED[0]));
            }
            for event in answer["Events"].as_array_mut().into_iter().flatten() {
                let mut record: Value = serde_json::from_str(event["CloudTrailEvent"].as_str().unwrap()).unwrap();
                record["userIdentity"]["accessKeyId"] = json!(PLANTED[1]);
                record["userIdentity"]["sessionContext"] = json!({ "token": PLANTED[1] });
                record["responseElements"] = json!({ "credentials": { "sessionToken": PLANTED[1] } });
                record["sourceIPAddress"] = json!(PLANTED[3]);
                event["CloudTrailEvent"] = json!(record.to_string());
                event["AccessKeyId"] = json!(PLANTED[1]);
            }
            for device in answer["VirtualMFADevices"].as_array_mut().into_iter().flatten() {
                device["Base32StringSeed"] = json!(SECRET);
                device["SomethingNew"] = json!(PLANTED[2]);
            }
            Reply::Answer(answer)
        }
        reply => reply,
    });
    let home = tempfile::tempdir().unwrap();
    let file = home.path().join("snapshot.json");
    let mut command = posture(home.path(), &stub.url());
    let formats = ["table", "json", "sarif", "markdown", "github", "csv", "junit", "ocsf", "asff", "html"];
    let taken = run(command.args(["snapshot", "--region", "us-east-1", "-o"]).arg(&file));
    assert_eq!(taken.code, 0, "{}", taken.stderr);
    let mut seen = vec![taken.stdout, taken.stderr, std::fs::read_to_string(&file).unwrap()];
    for format in formats {
        let mut command = posture(home.path(), &stub.url());
        // Logging of the SDK is not compiled in; asking for it must not bring it out either.
        command.env("RUST_LOG", "trace").env("RUST_BACKTRACE", "full");
        let run = run(command.args(["scan", "--region", "us-east-1", "--format", format]));
        assert!([0, 1, 3].contains(&run.code), "{format}: {}", run.stderr);
        seen.extend([run.stdout, run.stderr]);
    }
    for text in &seen {
        for secret in PLANTED.iter().chain([&SECRET]) {
            assert!(!text.contains(secret), "{secret} in {}", &text[..text.len().min(400)]);
        }
    }
    // The test looks where the answers went: the host of the planted address is kept, and so is there.
    assert!(seen[2].contains("https://hooks.example.com/"));
}

#[test]
fn credentials_that_are_wrong_show_in_no_error() {
    let stub =
        Stub::serve(|_| Reply::Refusal(403, "SignatureDoesNotMatch".to_owned(), "the signature is wrong".to_owned()));
    let home = tempfile::tempdir().unwrap();
    let mut command = posture(home.path(), &stub.url());
    command.env("RUST_BACKTRACE", "full").env("RUST_LOG", "trace");
    let refused = run(command.args(["scan", "--region", "us-east-1"]));
    assert_eq!(refused.code, 2);
    assert!(!refused.stderr.contains(SECRET), "{}", refused.stderr);
    // A process that hands out credentials and fails may have written them to either stream.
    let config = home.path().join("config");
    let script = format!("echo '{{\"Version\":1,\"SecretAccessKey\":\"{SECRET}\"'; exit 3");
    std::fs::write(home.path().join("hand-out"), script).unwrap();
    let process = format!("[profile odd]\ncredential_process = sh {}\n", home.path().join("hand-out").display());
    std::fs::write(&config, process).unwrap();
    let mut command = posture(home.path(), &stub.url());
    command.env("AWS_CONFIG_FILE", &config).env("RUST_BACKTRACE", "full");
    let odd = run(command.args(["scan", "--profile", "odd", "--region", "us-east-1"]));
    assert_eq!(odd.code, 2, "{}", odd.stderr);
    assert!(!odd.stderr.contains(SECRET), "{}", odd.stderr);
}

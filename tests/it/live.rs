//! Live collecting against the stub: what is served is what is written down, and what is not served is an error.

use std::collections::BTreeSet;
use std::path::Path;
use std::process::Command;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Condvar, Mutex};
use std::time::Duration;

use posture::snapshot::{ApiError, Outcome, Snapshot, SnapshotReader};
use serde_json::{Value, json};

use crate::program::{Run, SECRET, posture, run};
use crate::stub::account::{answer, answers};
use crate::stub::{Broken, Call, Reply, Stub, refusal, regions};

const ACCOUNTS: [&str; 6] = ["bootcamp", "bootcamp-hardened", "clean", "denied", "empty", "menagerie"];

fn saved(name: &str) -> Value {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/accounts").join(format!("{name}.json"));
    let mut saved: Value = serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap();
    // A lookup that imports may hold and scans do not make: no fact reads it, and AWS allows two a second.
    saved["observations"].as_array_mut().unwrap().retain(|one| !one.to_string().contains("\"EnableBillingAlerts\"}]"));
    saved
}

fn regions_of(snapshot: &Value) -> Vec<String> {
    snapshot["regions"].as_array().unwrap().iter().map(|region| region.as_str().unwrap().to_owned()).collect()
}

/// Scans what the stub serves; the snapshot is there when the program wrote one.
fn scan(stub: &Stub, arguments: &[String]) -> (Run, Option<Snapshot>) {
    let home = tempfile::tempdir().unwrap();
    let file = home.path().join("snapshot.json");
    let run = run(posture(home.path(), &stub.url()).arg("snapshot").arg("-o").arg(&file).args(arguments));
    let snapshot = file.exists().then(|| {
        assert!(!std::fs::read_to_string(&file).unwrap().contains(SECRET));
        SnapshotReader::open(&file).unwrap().next().unwrap().unwrap()
    });
    (run, snapshot)
}

fn in_regions(regions: &[String]) -> Vec<String> {
    regions.iter().flat_map(|region| ["--region".to_owned(), region.clone()]).collect()
}

/// The options that a saved account was collected with.
fn as_saved(served: &Value) -> Vec<String> {
    let mut arguments = in_regions(&regions_of(served));
    arguments.extend(paid(served).map(str::to_owned));
    arguments
}

/// The option without which the calls that AWS bills are not made, when the account holds some.
fn paid(served: &Value) -> Option<&'static str> {
    let is_paid = |one: &Value| one["service"] == "ce";
    served["observations"].as_array().unwrap().iter().any(is_paid).then_some("--allow-paid-calls")
}

/// Scans a saved account's Regions and expects a snapshot.
fn snapshot_of(stub: &Stub, regions: &[&str]) -> Snapshot {
    let regions: Vec<String> = regions.iter().map(|&region| region.to_owned()).collect();
    let (run, snapshot) = scan(stub, &in_regions(&regions));
    assert_eq!(run.code, 0, "{}", run.stderr);
    snapshot.unwrap()
}

/// Observations as JSON, with trail events reduced to what collecting keeps of them.
fn observations(snapshot: &Value) -> Vec<Value> {
    let mut observations = snapshot["observations"].as_array().unwrap().clone();
    let looked_up =
        observations.iter_mut().filter(|one| one["operation"] == "LookupEvents" && one.get("response").is_some());
    for event in looked_up.flat_map(|one| one["response"]["Events"].as_array_mut().unwrap()) {
        let mut record: Value = serde_json::from_str(event["CloudTrailEvent"].as_str().unwrap()).unwrap();
        for dropped in ["awsRegion", "eventID", "eventTime", "readOnly", "recipientAccountId"] {
            record.as_object_mut().unwrap().remove(dropped);
        }
        for dropped in ["principalId", "userName"] {
            record["userIdentity"].as_object_mut().unwrap().remove(dropped);
        }
        if record["requestParameters"].is_null() {
            record.as_object_mut().unwrap().remove("requestParameters");
        }
        event["CloudTrailEvent"] = record.to_string().into();
    }
    let key = |one: &Value| [&one["service"], &one["operation"], &one["region"], &one["request"]].map(Value::to_string);
    observations.sort_by_key(key);
    observations
}

fn assert_same(collected: &Value, served: &Value) {
    let (collected, served) = (observations(collected), observations(served));
    let label = |one: &Value| format!("{} {} {} {}", one["service"], one["operation"], one["region"], one["request"]);
    let labels = |all: &[Value]| all.iter().map(label).collect::<BTreeSet<_>>();
    let (one, two) = (labels(&collected), labels(&served));
    assert!(one == two, "only collected: {:#?}\nonly served: {:#?}", &one - &two, &two - &one);
    assert_eq!(collected.len(), served.len());
    for (one, two) in collected.iter().zip(&served) {
        assert_eq!(one, two, "{}", label(one));
    }
}

#[test]
fn a_served_account_is_collected_as_it_was_saved() {
    for name in ACCOUNTS {
        let served = saved(name);
        let stub = Stub::serve(answers(served.clone(), 1000));
        let (run, snapshot) = scan(&stub, &as_saved(&served));
        assert_eq!(run.code, 0, "{name}: {}", run.stderr);
        let collected = serde_json::to_value(snapshot.unwrap()).unwrap();
        assert_same(&collected, &served);
        for member in ["account", "partition", "caller"] {
            assert_eq!(collected[member], served[member], "{name}");
        }
    }
}

/// What a live scan and a scan of a snapshot that was saved say, but for when they were made.
fn said_live_and_saved(stub: &Stub, arguments: &[String], threads: &str) -> [Value; 2] {
    let home = tempfile::tempdir().unwrap();
    let file = home.path().join("snapshot.json");
    let collected = run(posture(home.path(), &stub.url()).arg("snapshot").arg("-o").arg(&file).args(arguments));
    assert_eq!(collected.code, 0, "{}", collected.stderr);
    let judged = ["--format", "json", "--fail-on", "none", "--allow-unknown", "--as-of", "2026-11-22T03:00:00Z"];
    let live = run(posture(home.path(), &stub.url())
        .env("RAYON_NUM_THREADS", threads)
        .arg("scan")
        .args(judged)
        .args(arguments));
    let saved = run(posture(home.path(), &stub.url()).arg("scan").args(judged).arg("--snapshot").arg(&file));
    [live, saved].map(|run| {
        assert_eq!(run.code, 0, "{}", run.stderr);
        let mut report: Value = serde_json::from_str(&run.stdout).unwrap();
        assert!(report.as_object_mut().unwrap().remove("collected_at").is_some());
        report
    })
}

/// IAM is judged while the rest is still asked for: what comes of it is what comes of the whole.
#[test]
fn a_live_scan_says_what_its_snapshot_says() {
    for (number, name) in ACCOUNTS.into_iter().enumerate() {
        let served = saved(name);
        let stub = Stub::serve(answers(served.clone(), 1000));
        let [live, saved] = said_live_and_saved(&stub, &as_saved(&served), ["1", "2"][number % 2]);
        assert!(live == saved, "{name}");
        assert!(live["results"].as_array().unwrap().len() > 100, "{name}");
    }
    // Some of the details do not come, in turn: roles, users, and all but the policies.
    for refused in [&["Role"][..], &["User"], &["User", "Group", "Role"]] {
        let served = saved("bootcamp-hardened");
        let stub = Stub::serve(move |call| {
            let is_detail = call.operation == "GetAccountAuthorizationDetails";
            let members = call.members.to_string();
            if is_detail && refused.iter().any(|kind| members.contains(&format!("\"{kind}\""))) {
                refusal("AccessDenied")
            } else {
                answer(&served, 1000, call)
            }
        });
        let [live, saved] = said_live_and_saved(&stub, &in_regions(&["us-east-1".to_owned()]), "2");
        assert!(live == saved, "{refused:?}");
        assert!(live["gaps"].to_string().contains("GetAccountAuthorizationDetails"), "{refused:?}");
    }
}

#[test]
fn pages_of_one_item_make_the_same_snapshot_as_one_page() {
    let served = saved("bootcamp-hardened");
    let pages = served.clone();
    // Events are read for a bounded number of pages only.
    let stub = Stub::serve(move |call| answer(&pages, if call.operation == "LookupEvents" { 50 } else { 1 }, call));
    let (run, snapshot) = scan(&stub, &as_saved(&served));
    assert_eq!(run.code, 0, "{}", run.stderr);
    assert_same(&serde_json::to_value(snapshot.unwrap()).unwrap(), &served);
}

#[test]
fn calls_that_aws_bills_are_made_when_somebody_allows_them() {
    let served = saved("bootcamp-hardened");
    let billed = |arguments: &[&str]| {
        let stub = Stub::serve(answers(served.clone(), 1000));
        let home = tempfile::tempdir().unwrap();
        let mut command = posture(home.path(), &stub.url());
        let run = run(command.args(arguments).args(["--region", "us-east-1"]));
        assert!(run.code != 2, "{}", run.stderr);
        let calls = stub.calls();
        let billed: BTreeSet<String> =
            calls.iter().filter(|call| call.service == "ce").map(|call| call.operation.clone()).collect();
        (run, billed)
    };
    let both = ["GetAnomalyMonitors".to_owned(), "GetAnomalySubscriptions".to_owned()];
    let scan = ["scan", "--rule", "cost-anomaly-monitor", "--rule", "root-mfa-enabled"];
    let (run, asked) = billed(&scan);
    assert_eq!(asked, BTreeSet::new());
    assert!(run.stdout.contains("not run") && run.stdout.contains("cost-anomaly-monitor"), "{}", run.stdout);
    let (run, asked) = billed(&[scan.as_slice(), &["--allow-paid-calls"]].concat());
    assert_eq!(asked, both.clone().into());
    assert!(!run.stdout.contains("not run"), "{}", run.stdout);
    assert_eq!(billed(&["snapshot", "-o", "-"]).1, BTreeSet::new());
    assert_eq!(billed(&["snapshot", "-o", "-", "--allow-paid-calls"]).1, both.into());
}

#[test]
fn alarms_and_metric_filters_are_read_where_a_trail_writes_its_events() {
    let text = saved("bootcamp-hardened").to_string();
    let served: Value = serde_json::from_str(&text.replace(":logs:us-east-1:", ":logs:eu-west-1:")).unwrap();
    let stub = Stub::serve(answers(served, 1000));
    let (run, _) = scan(&stub, &in_regions(&["us-east-1".to_owned()]));
    assert_eq!(run.code, 0, "{}", run.stderr);
    let calls = stub.calls();
    let asked = |operation: &str| -> BTreeSet<String> {
        calls.iter().filter(|call| call.operation == operation).map(|call| call.region.clone()).collect()
    };
    assert_eq!(asked("DescribeMetricFilters"), ["eu-west-1".to_owned()].into());
    assert_eq!(asked("DescribeAlarms"), ["eu-west-1".to_owned(), "us-east-1".to_owned()].into());
    let filters = calls.iter().find(|call| call.operation == "DescribeMetricFilters").unwrap();
    assert_eq!(filters.members["logGroupName"], "cloudtrail");
}

#[test]
fn metric_filters_of_another_account_are_not_asked_for() {
    let text = saved("bootcamp-hardened").to_string();
    let served: Value =
        serde_json::from_str(&text.replace(":logs:us-east-1:123456789012:", ":logs:us-east-1:210987654321:")).unwrap();
    let stub = Stub::serve(answers(served, 1000));
    let (run, _) = scan(&stub, &in_regions(&["us-east-1".to_owned()]));
    assert_eq!(run.code, 0, "{}", run.stderr);
    assert!(stub.calls().iter().all(|call| call.operation != "DescribeMetricFilters"));
}

#[test]
fn events_that_were_not_read_to_the_end_say_so() {
    let served = saved("bootcamp-hardened");
    let endless = AtomicUsize::new(0);
    let stub = Stub::serve(move |call| match (call.operation.as_str(), answer(&served, 1000, call)) {
        ("LookupEvents", Reply::Answer(mut events)) => {
            events["NextToken"] = format!("page-0{}", endless.fetch_add(1, Ordering::Relaxed)).into();
            Reply::Answer(events)
        }
        (_, reply) => reply,
    });
    let snapshot = serde_json::to_value(snapshot_of(&stub, &["us-east-1"])).unwrap();
    for lookup in observations(&snapshot).iter().filter(|one| one["operation"] == "LookupEvents") {
        assert!(lookup["response"]["NextToken"].is_string(), "{lookup}");
    }
    let asked = stub.calls().iter().filter(|call| call.operation == "LookupEvents").count();
    assert_eq!(asked, 2 * 4, "two questions of four pages");
}

/// The hardened account in Regions that cannot be disabled, in one that was enabled besides, and with one that was not.
fn opted_in() -> Value {
    let enabled: Vec<&str> = regions::ALWAYS.into_iter().chain(["af-south-1"]).collect();
    let mut served = regions::account(&saved("bootcamp-hardened"), &enabled, 0, 1);
    // A bucket is in one Region, and is not in those that are made like it.
    let is_there =
        |one: &Value| one["service"] != "s3api" || one["region"] == "us-east-1" || one["region"] == "eu-west-1";
    served["observations"].as_array_mut().unwrap().retain(is_there);
    for one in served["observations"].as_array_mut().unwrap().iter_mut().filter(|one| one["operation"] == "ListRegions")
    {
        for region in one["response"]["Regions"]
            .as_array_mut()
            .unwrap()
            .iter_mut()
            .filter(|one| one["RegionName"] == "af-south-1")
        {
            region["RegionOptStatus"] = "ENABLED".into();
        }
        let disabled = json!({ "RegionName": "me-south-1", "RegionOptStatus": "DISABLED" });
        one["response"]["Regions"].as_array_mut().unwrap().push(disabled);
    }
    served
}

#[test]
fn without_regions_the_enabled_ones_are_asked() {
    let served = opted_in();
    let stub = Stub::serve(answers(served.clone(), 1000));
    let (run, snapshot) = scan(&stub, &["--allow-paid-calls".to_owned()]);
    assert_eq!(run.code, 0, "{}", run.stderr);
    let mut served = served;
    served["regions"].as_array_mut().unwrap().sort_by_key(ToString::to_string);
    assert_same(&serde_json::to_value(snapshot.unwrap()).unwrap(), &served);
}

/// AWS that says which Regions are enabled only when one that cannot be disabled was asked.
#[test]
fn regions_that_cannot_be_disabled_do_not_wait_for_the_list() {
    let served = opted_in();
    let asked = Arc::new((Mutex::new(BTreeSet::<String>::new()), Condvar::new()));
    let seen = Arc::clone(&asked);
    let stub = Stub::serve(move |call| {
        let (regions, changed) = &*seen;
        if call.operation == "ListRules" {
            regions.lock().unwrap().insert(call.region.clone());
            changed.notify_all();
        }
        if call.operation == "ListRegions" {
            let wait = Duration::from_secs(20);
            let few = |regions: &mut BTreeSet<String>| regions.len() < regions::ALWAYS.len();
            let (seen, late) = changed.wait_timeout_while(regions.lock().unwrap(), wait, few).unwrap();
            drop(seen);
            if late.timed_out() {
                return refusal("AskedTooEarly");
            }
        }
        answer(&served, 1000, call)
    });
    let (run, snapshot) = scan(&stub, &[]);
    assert_eq!(run.code, 0, "{}", run.stderr);
    let snapshot = serde_json::to_value(snapshot.unwrap()).unwrap();
    let listed = observations(&snapshot).into_iter().find(|one| one["operation"] == "ListRegions").unwrap();
    assert!(listed.get("response").is_some(), "{listed}");
    let (regions, _) = &*asked;
    assert!(regions.lock().unwrap().contains("af-south-1"));
    assert!(!snapshot["regions"].to_string().contains("me-south-1"));
}

/// On two processors two threads share the Regions; on one there is one.
#[test]
#[cfg(target_os = "linux")]
fn what_is_collected_does_not_depend_on_the_number_of_processors() {
    let served = opted_in();
    let collected = |processors: &str| {
        let stub = Stub::serve(answers(served.clone(), 1000));
        let home = tempfile::tempdir().unwrap();
        let program = posture(home.path(), &stub.url());
        let mut command = Command::new("taskset");
        command.env_clear().envs(program.get_envs().filter_map(|(name, value)| Some((name, value?))));
        command
            .current_dir(home.path())
            .args(["-c", processors])
            .arg(program.get_program())
            .args(["snapshot", "-o", "-"]);
        let run = run(&mut command);
        assert_eq!(run.code, 0, "{}", run.stderr);
        let mut snapshot: Value = serde_json::from_str(&run.stdout).unwrap();
        // Credits are asked for from a day on that is reckoned from the time of the scan.
        snapshot["collected_at"].take();
        snapshot["observations"].as_array_mut().unwrap().retain(|one| one["operation"] != "GetCredits");
        let mut calls = BTreeSet::new();
        for call in stub.calls().into_iter().filter(|call| call.operation != "GetCredits") {
            let call = format!("{} {} {} {}", call.region, call.service, call.operation, call.members);
            assert!(calls.insert(call.clone()), "{call} was asked twice");
        }
        (snapshot, calls)
    };
    // Those that this process may use: a container may have others than the first.
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let all = status.lines().find_map(|line| line.strip_prefix("Cpus_allowed_list:")).unwrap().trim();
    let first = all.split(['-', ',']).next().unwrap();
    assert_ne!(first, all, "two processors are needed");
    let ((alone, by_one), (together, by_two)) = (collected(first), collected(all));
    let differ: Vec<_> = by_one.symmetric_difference(&by_two).collect();
    assert!(differ.is_empty(), "{differ:#?}");
    assert!(alone == together, "the same calls were answered otherwise");
}

/// The error of every observation but the caller's identity.
fn errors(snapshot: &Snapshot) -> Vec<(String, ApiError)> {
    let others = snapshot.observations().iter().filter(|one| one.operation.spec().service != "sts");
    let error = |one: &posture::snapshot::Observation| match &one.outcome {
        Outcome::Failed(error) => (one.label(), error.clone()),
        Outcome::Answered(response) => panic!("{} was answered with {response:?}", one.label()),
    };
    others.map(error).collect()
}

/// A live account in which nothing but STS answers.
fn only_sts(reply: impl Fn(&Call) -> Reply + Send + Sync + 'static) -> Stub {
    let served = saved("bootcamp");
    Stub::serve(move |call| if call.service == "sts" { answer(&served, 1000, call) } else { reply(call) })
}

#[test]
fn when_all_but_the_identity_is_refused_every_observation_is_that_refusal() {
    let stub = only_sts(|call| {
        let query = ["iam", "sns", "cloudwatch"].contains(&call.service.as_str());
        refusal(if query { "AccessDenied" } else { "AccessDeniedException" })
    });
    let snapshot = snapshot_of(&stub, &["us-east-1", "eu-west-1"]);
    let errors = errors(&snapshot);
    assert!(errors.len() > 25, "{}", errors.len());
    for (label, error) in errors {
        assert!(error.code.starts_with("AccessDenied"), "{label}: {error:?}");
        assert!(error.message.contains("says the stub"), "{label}: {error:?}");
    }
}

#[test]
fn a_live_scan_that_is_refused_everything_passes_nothing_and_names_the_missing_actions() {
    let stub = only_sts(|call| {
        let action = format!("{}:{}", call.service, call.operation);
        Reply::Refusal(403, "AccessDenied".to_owned(), format!("not authorized to perform: {action}"))
    });
    let home = tempfile::tempdir().unwrap();
    let run = run(posture(home.path(), &stub.url()).args(["scan", "--region", "us-east-1", "--format", "json"]));
    assert_eq!(run.code, 3, "{}", run.stderr);
    let report: Value = serde_json::from_str(&run.stdout).unwrap();
    assert_eq!(report["summary"]["results"]["pass"], 0, "{}", report["summary"]);
    assert_eq!(report["summary"]["results"]["fail"], 0, "{}", report["summary"]);
    for action in ["iam:GetAccountSummary", "iam:GenerateCredentialReport", "iam:GetAccountAuthorizationDetails"] {
        assert!(report["gaps"].to_string().contains(action), "{action} is not named in {}", report["gaps"]);
    }
}

#[test]
fn answers_that_break_on_their_way_are_errors_and_never_empty_answers() {
    for (broken, codes) in [
        (Broken::ServerError, &["ResponseError"][..]),
        (Broken::Truncated, &["ConnectionError", "ResponseError"]),
        (Broken::Garbage, &["ResponseError"]),
        (Broken::WrongType, &["ResponseError"]),
        (Broken::Empty, &["ConnectionError", "ResponseError"]),
        (Broken::Reset, &["ConnectionError"]),
    ] {
        let stub = only_sts(move |_| Reply::Broken(broken));
        let snapshot = snapshot_of(&stub, &["us-east-1"]);
        for (label, error) in errors(&snapshot) {
            assert!(codes.contains(&error.code.as_str()), "{broken:?}: {label}: {error:?}");
        }
    }
}

#[test]
fn a_service_that_never_answers_ends_with_the_deadline() {
    let stub = only_sts(|_| Reply::Broken(Broken::Hang));
    let start = std::time::Instant::now();
    let (run, snapshot) = scan(&stub, &["--region", "us-east-1", "--timeout", "2"].map(str::to_owned));
    assert_eq!(run.code, 0, "{}", run.stderr);
    assert!(start.elapsed().as_secs() < 10);
    for (label, error) in errors(&snapshot.unwrap()) {
        assert_eq!(error.code, "Timeout", "{label}: {error:?}");
    }
}

#[test]
fn throttling_without_end_is_tried_a_few_times_and_then_said() {
    let stub = only_sts(|call| refusal(if call.service == "iam" { "Throttling" } else { "ThrottlingException" }));
    let snapshot = snapshot_of(&stub, &["us-east-1"]);
    for (label, error) in errors(&snapshot) {
        assert!(error.code.starts_with("Throttling"), "{label}: {error:?}");
    }
    let summaries = stub.calls().iter().filter(|call| call.operation == "GetAccountSummary").count();
    assert!((2..=4).contains(&summaries), "{summaries} attempts");
}

#[test]
fn a_page_that_comes_again_is_an_error_and_not_a_loop() {
    let served = saved("bootcamp-hardened");
    let stub = Stub::serve(move |call| match answer(&served, 1000, &call.first_page()) {
        Reply::Answer(mut page) if call.operation == "ListRules" => {
            page["NextToken"] = "again".into();
            Reply::Answer(page)
        }
        Reply::Answer(mut page) if call.operation == "GetAccountAuthorizationDetails" => {
            page["IsTruncated"] = true.into();
            page["Marker"] = "again".into();
            Reply::Answer(page)
        }
        reply => reply,
    });
    let snapshot = serde_json::to_value(snapshot_of(&stub, &["us-east-1"])).unwrap();
    let loops: Vec<Value> =
        observations(&snapshot).into_iter().filter(|one| one["error"]["code"] == "PaginationLoop").collect();
    assert_eq!(loops.len(), 5, "{loops:?}");
}

#[test]
fn a_page_that_fails_in_the_middle_fails_the_whole_answer() {
    let served = saved("bootcamp-hardened");
    let stub = Stub::serve(move |call| match (call.operation.as_str(), call.token()) {
        ("GetAccountAuthorizationDetails", Some(_)) => refusal("ExpiredToken"),
        _ => answer(&served, 1, call),
    });
    let snapshot = serde_json::to_value(snapshot_of(&stub, &["us-east-1"])).unwrap();
    let users =
        observations(&snapshot).into_iter().find(|one| one["request"] == json!({ "Filter": ["User"] })).unwrap();
    assert_eq!(users["error"]["code"], "ExpiredToken", "{users}");
}

#[test]
fn more_to_come_without_a_token_is_an_error() {
    let served = saved("bootcamp-hardened");
    let stub = Stub::serve(move |call| match answer(&served, 1000, call) {
        Reply::Answer(mut page) if call.operation == "ListVirtualMFADevices" => {
            page["IsTruncated"] = true.into();
            Reply::Answer(page)
        }
        reply => reply,
    });
    let snapshot = serde_json::to_value(snapshot_of(&stub, &["us-east-1"])).unwrap();
    let devices = observations(&snapshot).into_iter().find(|one| one["operation"] == "ListVirtualMFADevices").unwrap();
    assert_eq!(devices["error"]["code"], "ResponseError", "{devices}");
}

#[test]
fn a_region_that_fails_leaves_the_others_alone() {
    let served = saved("bootcamp-hardened");
    let whole = served.clone();
    let stub = Stub::serve(move |call| {
        if call.region == "eu-west-1" { refusal("UnrecognizedClientException") } else { answer(&served, 1000, call) }
    });
    let collected = serde_json::to_value(snapshot_of(&stub, &["us-east-1", "us-west-2", "eu-west-1"])).unwrap();
    let elsewhere = |snapshot: &Value| {
        let asked = observations(snapshot).into_iter().filter(|one| one["service"] != "ce");
        asked.filter(|one| one["region"] != "eu-west-1").collect::<Vec<_>>()
    };
    assert_eq!(elsewhere(&collected), elsewhere(&whole));
    for one in observations(&collected).iter().filter(|one| one["region"] == "eu-west-1") {
        assert_eq!(one["error"]["code"], "UnrecognizedClientException", "{one}");
    }
}

#[test]
fn a_bucket_is_asked_about_in_the_region_that_s3_names() {
    let served = saved("bootcamp-hardened");
    let whole = served.clone();
    let site = "example-studio-site";
    let stub = Stub::serve(move |call| {
        let about_site = call.service == "s3api" && call.members["Bucket"] == site;
        match answer(&served, 1000, call) {
            // S3 leaves out the Regions, as it did until 2024.
            Reply::Answer(mut listed) if call.operation == "ListBuckets" => {
                for bucket in listed["Buckets"].as_array_mut().unwrap() {
                    bucket.as_object_mut().unwrap().remove("BucketRegion");
                }
                Reply::Answer(listed)
            }
            _ if about_site && call.region == "us-east-1" => Reply::Elsewhere("eu-west-1"),
            reply => reply,
        }
    });
    let collected = serde_json::to_value(snapshot_of(&stub, &["us-east-1", "us-west-2", "eu-west-1"])).unwrap();
    let answers = |snapshot: &Value| -> Vec<(Value, Value)> {
        let about = observations(snapshot).into_iter().filter(|one| one["request"] == json!({ "Bucket": site }));
        about.map(|one| (one["operation"].clone(), one["response"].clone())).collect()
    };
    assert_eq!(answers(&collected), answers(&whole));
    assert_eq!(answers(&collected).len(), 9);
}

#[test]
fn a_credential_report_in_the_making_is_waited_for() {
    let served = saved("bootcamp");
    let whole = served.clone();
    let asked = AtomicUsize::new(0);
    let stub = Stub::serve(move |call| match call.operation.as_str() {
        "GenerateCredentialReport" if asked.fetch_add(1, Ordering::Relaxed) == 0 => {
            Reply::Answer(json!({ "State": "STARTED" }))
        }
        _ => answer(&served, 1000, call),
    });
    let collected = serde_json::to_value(snapshot_of(&stub, &["us-east-1", "eu-west-1"])).unwrap();
    assert_same(&collected, &whole);
}

#[test]
fn who_may_not_generate_a_report_still_reads_the_one_that_is_there() {
    let served = saved("bootcamp");
    let whole = served.clone();
    let stub = Stub::serve(move |call| {
        if call.operation == "GenerateCredentialReport" { refusal("AccessDenied") } else { answer(&served, 1000, call) }
    });
    let collected = serde_json::to_value(snapshot_of(&stub, &["us-east-1", "eu-west-1"])).unwrap();
    assert_same(&collected, &whole);
}

#[test]
fn without_an_identity_nothing_is_collected_and_the_hint_solves_it() {
    for (code, hint) in [
        ("ExpiredToken", "sign in again"),
        ("InvalidClientTokenId", "access key"),
        ("AccessDenied", "get-caller-identity"),
    ] {
        let stub = Stub::serve(move |_| refusal(code));
        let (run, snapshot) = scan(&stub, &[]);
        assert_eq!(run.code, 2, "{code}: {}", run.stderr);
        assert!(snapshot.is_none());
        assert!(run.stderr.contains(code) && run.stderr.contains(hint), "{code}: {}", run.stderr);
    }
}

#[test]
fn without_credentials_or_with_a_wrong_profile_the_run_says_what_to_set() {
    let home = tempfile::tempdir().unwrap();
    let file = home.path().join("snapshot.json");
    let mut command = posture(home.path(), "http://127.0.0.1:9");
    command.env_remove("AWS_ACCESS_KEY_ID").env_remove("AWS_SECRET_ACCESS_KEY").env_remove("AWS_SESSION_TOKEN");
    let none = run(command.arg("snapshot").arg("-o").arg(&file));
    assert_eq!(none.code, 2, "{}", none.stderr);
    assert!(none.stderr.contains("AWS_PROFILE"), "{}", none.stderr);

    let wrong =
        run(posture(home.path(), "http://127.0.0.1:9").args(["snapshot", "--profile", "nobody", "-o"]).arg(&file));
    assert_eq!(wrong.code, 2, "{}", wrong.stderr);
    assert!(wrong.stderr.contains("nobody"), "{}", wrong.stderr);
    assert!(!file.exists());
}

#[test]
fn a_profile_that_is_asked_for_outranks_keys_in_the_environment() {
    let home = tempfile::tempdir().unwrap();
    let file = home.path().join("snapshot.json");
    let served = saved("empty");
    let stub = Stub::serve(answers(served, 1000));
    let credentials = home.path().join("credentials");
    std::fs::write(&credentials, format!("[audit]\naws_access_key_id = AKIAAUDIT\naws_secret_access_key = {SECRET}\n"))
        .unwrap();
    let mut command = posture(home.path(), &stub.url());
    command.env("AWS_SHARED_CREDENTIALS_FILE", &credentials).args([
        "snapshot",
        "--profile",
        "audit",
        "--region",
        "us-east-1",
        "-o",
    ]);
    let run = run(command.arg(&file));
    assert_eq!(run.code, 0, "{}", run.stderr);
    assert!(stub.calls().iter().all(|call| call.key == "AKIAAUDIT"));
}

#[test]
fn requests_without_tls_do_not_leave_this_machine() {
    let home = tempfile::tempdir().unwrap();
    let start = std::time::Instant::now();
    let run = run(posture(home.path(), "http://192.0.2.1")
        .args(["snapshot", "-o", "snapshot.json"])
        .current_dir(home.path()));
    assert_eq!(run.code, 2, "{}", run.stderr);
    assert!(run.stderr.contains("https://"), "{}", run.stderr);
    assert!(start.elapsed().as_secs() < 20);
}

#[test]
fn regions_that_are_none_or_are_elsewhere_are_refused() {
    let stub = Stub::serve(answers(saved("empty"), 1000));
    for (region, words) in [("us-east-1.evil.example", "not a Region"), ("cn-north-1", "partition")] {
        let (run, snapshot) = scan(&stub, &["--region", "us-east-1", "--region", region].map(str::to_owned));
        assert_eq!(run.code, 2, "{}", run.stderr);
        assert!(run.stderr.contains(words) && run.stderr.contains(region), "{}", run.stderr);
        assert!(snapshot.is_none());
    }
}

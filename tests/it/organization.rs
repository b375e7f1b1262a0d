//! An organization scanned on the stub: accounts fail for themselves alone, memory does not grow with their number, and
//! a run that stopped goes on.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::atomic::Ordering;
use std::time::Duration;

use serde_json::Value;

use crate::program::{Run, SECRET, posture, run};
use crate::stub::organization::{Kind, Organization, ROLE_SECRETS, Settings, id};
use crate::stub::{Reply, refusal};

const RULE: &str = "iam-password-min-length";

/// Scans the organization by one cheap rule.
fn scan(organization: &Organization, home: &Path, more: &[&str]) -> Run {
    let mut command = posture(home, &organization.stub.url());
    command.current_dir(home).args(["scan", "--region", "us-east-1", "--rule", RULE, "--fail-on", "medium"]);
    let run = run(command.args(more));
    for secret in ROLE_SECRETS {
        assert!(!run.stdout.contains(secret) && !run.stderr.contains(secret), "{secret} came out");
    }
    run
}

fn json(run: &Run) -> Value {
    serde_json::from_str(&run.stdout).unwrap_or_else(|error| panic!("{error}\n{}\n{}", run.stdout, run.stderr))
}

fn ids<'a>(lines: impl IntoIterator<Item = &'a Value>) -> BTreeSet<String> {
    lines.into_iter().map(|line| line["account"].as_str().unwrap().to_owned()).collect()
}

fn records(text: &str) -> Vec<Value> {
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

/// Everything that a folder holds, unpacked.
fn contents(folder: &Path) -> BTreeMap<String, String> {
    let read = |entry: std::io::Result<std::fs::DirEntry>| {
        let path = entry.unwrap().path();
        let bytes = std::fs::read(&path).unwrap();
        let text = if path.extension().is_some_and(|ending| ending == "zst") {
            zstd::decode_all(bytes.as_slice()).unwrap()
        } else {
            bytes
        };
        (path.file_name().unwrap().to_str().unwrap().to_owned(), String::from_utf8(text).unwrap())
    };
    std::fs::read_dir(folder).unwrap().map(read).collect()
}

fn mixed(number: usize) -> Kind {
    match number % 50 {
        7 => Kind::Refused,
        17 => Kind::Throttled,
        27 => Kind::Slow,
        37 => Kind::Suspended,
        5 | 45 => Kind::Weak,
        _ => Kind::Fine,
    }
}

const OPEN: [Kind; 3] = [Kind::Refused, Kind::Throttled, Kind::Slow];

/// Scans `accounts` accounts of which some fail, then goes on when they are mended.
fn scan_and_resume(accounts: usize, concurrency: &str) -> (Run, Run) {
    let organization = Organization::serve(&Settings { accounts, kind: mixed, ..Settings::default() });
    let home = tempfile::tempdir().unwrap();
    let options = ["--organization", "--keep", "kept", "--concurrency", concurrency, "--format", "json"];
    let more = ["--output", "ndjson=records.ndjson", "--timeout", "30"];
    let first = scan(&organization, home.path(), &[&options[..], &more].concat());
    assert_eq!(first.code, 1, "{}", first.stderr);
    let report = json(&first);

    let open = organization.of(&OPEN);
    let whole = organization.of(&[Kind::Fine, Kind::Weak]);
    assert_eq!(ids(report["failed"].as_array().unwrap()), open, "exactly these fail: {}", report["failed"]);
    assert_eq!(ids(report["inactive"].as_array().unwrap()), organization.of(&[Kind::Suspended]));
    let lines = report["accounts"].as_array().unwrap();
    let with = |status: &str| ids(lines.iter().filter(|line| line["status"] == status));
    assert_eq!(with("fail"), organization.of(&[Kind::Weak]));
    assert_eq!(with("pass"), organization.of(&[Kind::Fine]));
    assert_eq!(with("unknown"), open, "an account that failed is no pass");
    let rule = &report["rules"][0];
    assert_eq!(rule["accounts"]["unknown"], open.len());
    for line in report["failed"].as_array().unwrap() {
        let step = if organization.of(&[Kind::Slow]).contains(line["account"].as_str().unwrap()) {
            "collect"
        } else {
            "assume_role"
        };
        assert_eq!(line["step"], step, "{line}");
    }
    // The records say the same, one account after the other.
    let records = records(&std::fs::read_to_string(home.path().join("records.ndjson")).unwrap());
    let of = |format: &str| ids(records.iter().filter(|record| record["format"] == format));
    let slow = organization.of(&[Kind::Slow]);
    assert_eq!(of("posture-error/1"), open);
    assert_eq!(of("posture-account/1"), &whole | &slow);

    // On disk: what is done, what is not whole, and the list.
    let kept = contents(&home.path().join("kept"));
    let done: BTreeSet<String> =
        kept.keys().filter_map(|name| name.strip_suffix(".json.zst")).map(str::to_owned).collect();
    let partial: BTreeSet<String> = slow.iter().map(|account| format!("{account}.partial")).collect();
    assert_eq!(done, &whole | &partial);
    for (name, text) in &kept {
        for secret in ROLE_SECRETS.iter().chain([&SECRET, &"canary-mail"]) {
            assert!(!text.contains(secret), "{secret} is in {name}");
        }
    }

    let before = organization.entered();
    let tried: BTreeSet<String> = before.keys().cloned().collect();
    assert_eq!(tried, &(&whole | &open) - &[id(0)].into(), "whoever asks needs no role at home");
    organization.healed.store(true, Ordering::Relaxed);
    let second = scan(&organization, home.path(), &[&options[..], &["--resume", "--timeout", "60"]].concat());
    assert_eq!(second.code, 1, "{}", second.stderr);
    let report = json(&second);
    assert_eq!(report["failed"], Value::Array(Vec::new()), "{}", report["failed"]);
    assert_eq!(report["totals"]["judged"], whole.len() + open.len());
    let again: BTreeSet<String> = organization
        .entered()
        .into_iter()
        .filter(|(account, times)| before.get(account) != Some(times))
        .map(|(account, _)| account)
        .collect();
    assert_eq!(again, open, "the done ones are not asked again");
    let kept = contents(&home.path().join("kept"));
    assert!(!kept.keys().any(|name| name.contains("partial")));
    assert_eq!(kept["failed.ndjson"], "");
    (first, second)
}

#[test]
fn accounts_that_fail_are_named_and_cost_the_others_nothing_and_a_second_run_asks_only_them() {
    scan_and_resume(200, "24");
}

/// `cargo test --test it organization -- --ignored --nocapture`; its figures are in docs/testing.md.
#[test]
#[ignore = "takes minutes: five thousand accounts, two hundred of which fail, scanned in an unoptimised build"]
fn five_thousand_accounts_take_the_memory_of_five_hundred() {
    let mut peaks = Vec::new();
    for accounts in [500, 2_000, 5_000] {
        let start = std::time::Instant::now();
        let (first, second) = scan_and_resume(accounts, "32");
        println!(
            "{accounts} accounts: peak {} KiB, resumed {} KiB, {:?} in all",
            first.peak_kib,
            second.peak_kib,
            start.elapsed()
        );
        peaks.push(first.peak_kib);
    }
    assert!(peaks.iter().all(|peak| *peak < peaks[0] + peaks[0] / 4), "{peaks:?} KiB");
}

#[test]
fn accounts_that_a_file_names_are_scanned_without_asking_aws_organizations() {
    let organization = Organization::serve(&Settings::default());
    let home = tempfile::tempdir().unwrap();
    std::fs::write(home.path().join("accounts.txt"), format!("# two of ours\n{} first\n{}\n", id(3), id(4))).unwrap();
    let run = scan(&organization, home.path(), &["--accounts", "accounts.txt", "--format", "json"]);
    assert_eq!(run.code, 0, "{}", run.stderr);
    assert_eq!(ids(json(&run)["accounts"].as_array().unwrap()), [id(3), id(4)].into());
    assert!(organization.stub.calls().iter().all(|call| call.service != "organizations"));
}

#[test]
fn an_account_that_cannot_be_entered_makes_the_exit_code_3_and_never_a_pass() {
    let kind = |number| if number == 3 { Kind::Refused } else { Kind::Fine };
    let organization = Organization::serve(&Settings { accounts: 5, kind, ..Settings::default() });
    let home = tempfile::tempdir().unwrap();
    let refused = scan(&organization, home.path(), &["--organization"]);
    assert_eq!(refused.code, 3, "{}", refused.stderr);
    assert!(refused.stdout.contains(&id(3)) && refused.stdout.contains("AccessDenied"), "{}", refused.stdout);
    assert_eq!(scan(&organization, home.path(), &["--organization", "--allow-unknown"]).code, 0);
}

#[test]
fn roles_are_assumed_with_external_id_name_tags_and_by_way_of_others() {
    let organization = Organization::serve(&Settings { accounts: 3, ..Settings::default() });
    let home = tempfile::tempdir().unwrap();
    let hub = format!("arn:aws:iam::{}:role/hub", id(1));
    let more = [
        "--organization",
        "--role-name",
        "audit/reader",
        "--via-role",
        &hub,
        "--external-id",
        "ours:17",
        "--session-name",
        "nightly",
        "--session-tag",
        "team=security",
    ];
    let run = scan(&organization, home.path(), &more);
    assert_eq!(run.code, 0, "{}", run.stderr);
    let calls = organization.stub.calls();
    let assumed: Vec<_> = calls.iter().filter(|call| call.operation == "AssumeRole").collect();
    let roles: BTreeSet<&str> = assumed.iter().map(|call| call.members["RoleArn"].as_str().unwrap()).collect();
    let reader = |number| format!("arn:aws:iam::{}:role/audit/reader", id(number));
    // The hub's own account is read by the hub's own session.
    assert_eq!(roles, [hub.as_str(), &reader(0), &reader(2)].into());
    for call in &assumed {
        assert_eq!(call.members["ExternalId"], "ours:17");
        assert_eq!(call.members["RoleSessionName"], "nightly");
        let is_hub = call.members["RoleArn"] == hub.as_str();
        assert_eq!(call.members.get("Tags").is_some(), !is_hub, "{}", call.members);
        // The base key opens the hub, and the hub's the rest.
        assert_eq!(call.key.starts_with("ASIA"), !is_hub, "{}", call.key);
    }
}

#[test]
fn credentials_are_renewed_before_they_expire() {
    let settings =
        Settings { accounts: 2, first_session: 31, identity_takes: Duration::from_secs(2), ..Settings::default() };
    let organization = Organization::serve(&settings);
    let home = tempfile::tempdir().unwrap();
    let run = scan(&organization, home.path(), &["--organization"]);
    assert_eq!(run.code, 0, "{}", run.stderr);
    assert_eq!(organization.entered(), [(id(1), 2)].into());
    let calls = organization.stub.calls();
    let policy = calls.iter().find(|call| call.operation == "GetAccountPasswordPolicy" && call.key.contains(&id(1)));
    assert_eq!(policy.unwrap().key, format!("ASIA{}0002", id(1)));
}

#[test]
fn a_session_that_lasts_is_opened_once_whatever_is_asked_and_its_report_is_asked_for_once() {
    let organization = Organization::serve(&Settings { accounts: 2, ..Settings::default() });
    let home = tempfile::tempdir().unwrap();
    let mut command = posture(home.path(), &organization.stub.url());
    command.current_dir(home.path());
    let all = run(command.args(["snapshot", "--organization", "-o", "kept", "--region", "us-east-1"]));
    assert_eq!(all.code, 0, "{}", all.stderr);
    assert_eq!(organization.entered(), [(id(1), 1)].into());
    let calls = organization.stub.calls();
    assert!(calls.len() > 60, "only {} calls", calls.len());
    let reports = calls.iter().filter(|call| call.operation == "GenerateCredentialReport").count();
    assert_eq!(reports, 2, "one an account, and nobody waits for what is there");
    let kept = contents(&home.path().join("kept"));
    let names: Vec<&str> = kept.keys().map(String::as_str).collect();
    let (one, two) = (format!("{}.json.zst", id(0)), format!("{}.json.zst", id(1)));
    assert_eq!(names, [one.as_str(), &two, "failed.ndjson", "organization.json"]);
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        let kept = home.path().join("kept");
        let mode = |name: &str| std::fs::metadata(kept.join(name)).unwrap().permissions().mode() & 0o777;
        assert_eq!((mode(&one), mode("organization.json"), mode(".")), (0o600, 0o600, 0o700));
    }
}

#[test]
fn a_folder_of_a_former_run_is_not_written_over_unasked() {
    let organization = Organization::serve(&Settings { accounts: 2, ..Settings::default() });
    let home = tempfile::tempdir().unwrap();
    assert_eq!(scan(&organization, home.path(), &["--organization", "--keep", "kept"]).code, 0);
    let again = scan(&organization, home.path(), &["--organization", "--keep", "kept"]);
    assert_eq!(again.code, 2);
    assert!(again.stderr.contains("`kept` holds snapshots of a former run") && again.stderr.contains("--resume"));
    let aimless = scan(&organization, home.path(), &["--organization", "--resume"]);
    assert_eq!((aimless.code, aimless.stderr.contains("--keep DIR")), (2, true), "{}", aimless.stderr);
}

#[test]
fn an_organization_that_cannot_be_listed_is_exit_code_2_with_the_way_out() {
    let organization = Organization::serve_with(&Settings::default(), |call| {
        (call.operation == "ListAccounts").then(|| refusal("AccessDeniedException"))
    });
    let home = tempfile::tempdir().unwrap();
    let run = scan(&organization, home.path(), &["--organization"]);
    assert_eq!(run.code, 2);
    assert!(run.stderr.contains("organizations:ListAccounts: AccessDeniedException"), "{}", run.stderr);
    assert!(run.stderr.contains("--accounts FILE"), "{}", run.stderr);
}

#[test]
fn a_role_that_leads_elsewhere_judges_nobody() {
    let organization = Organization::serve_with(&Settings { accounts: 3, ..Settings::default() }, |call| {
        let is_stray = call.operation == "GetCallerIdentity" && call.key.contains(&id(2));
        let arn = format!("arn:aws:sts::{}:assumed-role/x/y", id(1));
        is_stray.then(|| Reply::Answer(serde_json::json!({ "UserId": "x", "Account": id(1), "Arn": arn })))
    });
    let home = tempfile::tempdir().unwrap();
    let run = scan(&organization, home.path(), &["--organization", "--format", "json"]);
    assert_eq!(run.code, 3, "{}", run.stderr);
    let report = json(&run);
    assert_eq!(ids(report["failed"].as_array().unwrap()), [id(2)].into());
    assert!(report["failed"][0]["message"].as_str().unwrap().contains(&id(1)), "{}", report["failed"]);
    assert_eq!(report["totals"]["judged"], 2);
}

#[test]
fn the_printed_policies_allow_what_a_run_calls_and_nothing_else() {
    let settings = Settings { accounts: 4, ..Settings::default() };
    let organization = Organization::serve(&settings);
    let home = tempfile::tempdir().unwrap();
    let more = ["--organization", "--owner-tag", "owner", "--session-tag", "team=security", "--format", "json"];
    let scanned = scan(&organization, home.path(), &more);
    assert_eq!(scanned.code, 0, "{}", scanned.stderr);
    let owners =
        json(&scanned)["owners"].as_array().unwrap().iter().map(|line| line["owner"].clone()).collect::<Vec<_>>();
    assert_eq!(owners, [serde_json::json!("ann"), Value::Null]);
    let calls = organization.stub.calls();
    let mut made: BTreeSet<String> = calls
        .iter()
        .filter(|call| call.service == "organizations" || call.operation == "AssumeRole")
        .map(|call| format!("{}:{}", call.service, call.operation))
        .collect();
    // Whoever sends tags needs this beside `sts:AssumeRole`.
    made.insert("sts:TagSession".to_owned());
    let print = |more: &[&str]| {
        let printed = run(posture(home.path(), "http://127.0.0.1:1").args(["permissions", "--rule", RULE]).args(more));
        assert_eq!(printed.code, 0, "{}", printed.stderr);
        json(&printed)
    };
    let policy = print(&["--organization", "--role-name", "audit/reader"]);
    let statements = policy["Statement"].as_array().unwrap();
    let actions = |statement: &Value| -> BTreeSet<String> {
        statement["Action"].as_array().unwrap().iter().map(|action| action.as_str().unwrap().to_owned()).collect()
    };
    assert_eq!(&actions(&statements[0]) | &actions(&statements[1]), made);
    assert_eq!(statements[1]["Resource"], "arn:*:iam::*:role/audit/reader");
    assert_eq!(statements[1]["Condition"]["StringEquals"]["aws:ResourceOrgID"], "${aws:PrincipalOrgID}");

    let hub = format!("arn:aws:iam::{}:role/hub", id(0));
    let template = print(&["--member-role", &hub, "--role-name", "audit/reader", "--external-id", "ours:17"]);
    let role = &template["Resources"]["Role"]["Properties"];
    assert_eq!((&role["RoleName"], &role["Path"]), (&serde_json::json!("reader"), &serde_json::json!("/audit/")));
    let trust = &role["AssumeRolePolicyDocument"]["Statement"][0];
    assert_eq!(trust["Principal"]["AWS"], hub.as_str());
    assert_eq!(trust["Condition"]["StringEquals"]["sts:ExternalId"], "ours:17");
    let reading = &role["Policies"][0]["PolicyDocument"]["Statement"][0];
    assert_eq!(actions(reading), actions(&statements[2]));
    // IAM takes 10,240 characters of inline policies in a role.
    let all = run(posture(home.path(), "http://127.0.0.1:1").args(["permissions", "--member-role", &hub]));
    let policy = json(&all)["Resources"]["Role"]["Properties"]["Policies"][0]["PolicyDocument"].to_string();
    assert!(policy.len() < 10_240, "{}", policy.len());
}

#[cfg(unix)]
#[test]
fn a_run_that_is_interrupted_keeps_what_is_done_and_goes_on_with_the_rest() {
    use std::process::{Command, Stdio};

    let kind = |number| if number >= 8 { Kind::Slow } else { Kind::Fine };
    let organization = Organization::serve(&Settings { accounts: 12, kind, ..Settings::default() });
    let home = tempfile::tempdir().unwrap();
    let options = ["--organization", "--keep", "kept", "--format", "json"];
    let mut command = posture(home.path(), &organization.stub.url());
    command.current_dir(home.path()).args(["scan", "--region", "us-east-1", "--rule", RULE]).args(options);
    let child = command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let done = || {
        std::fs::read_dir(home.path().join("kept")).map_or(0, |files| {
            files.filter(|file| file.as_ref().unwrap().path().extension().is_some_and(|ending| ending == "zst")).count()
        })
    };
    let start = std::time::Instant::now();
    while done() < 8 {
        assert!(start.elapsed() < Duration::from_mins(1), "{} snapshots after a minute", done());
        std::thread::sleep(Duration::from_millis(20));
    }
    assert!(Command::new("kill").args(["-INT", &child.id().to_string()]).status().unwrap().success());
    let output = child.wait_with_output().unwrap();
    let stderr = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(2), "{stderr}");
    assert!(stderr.contains("go on with the same command and `--resume`"), "{stderr}");
    let before = organization.entered();
    organization.healed.store(true, Ordering::Relaxed);
    let run = scan(&organization, home.path(), &[&options[..], &["--resume"]].concat());
    assert_eq!(run.code, 0, "{}", run.stderr);
    assert_eq!(json(&run)["totals"]["judged"], 12);
    let again: BTreeSet<String> = organization
        .entered()
        .into_iter()
        .filter(|(id, times)| before.get(id) != Some(times))
        .map(|(id, _)| id)
        .collect();
    assert_eq!(again, organization.of(&[Kind::Slow]));
}

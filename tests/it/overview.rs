//! One report over many saved snapshots: by account, unit, owner and rule, and what changed since a former run.

use std::path::Path;

use serde_json::{Value, json};

use super::offline::{Run, account, posture_in};

/// The example account under another number, changed by `change`.
fn snapshot(name: &str, number: u64, change: impl FnOnce(&mut Value)) -> String {
    let text = std::fs::read_to_string(account(name)).unwrap();
    let value: Value = serde_json::from_str(&text).unwrap();
    let mut value: Value =
        serde_json::from_str(&value.to_string().replace(value["account"].as_str().unwrap(), &format!("{number:012}")))
            .unwrap();
    change(&mut value);
    value.to_string()
}

/// Makes the least length of passwords this, or lets nobody ask for it.
fn passwords(value: &mut Value, least: Option<u64>) {
    let observations = value["observations"].as_array_mut().unwrap();
    observations.retain(|one| one["operation"] != "GetAccountPasswordPolicy");
    let mut one = json!({ "service": "iam", "operation": "GetAccountPasswordPolicy", "region": "us-east-1" });
    match least {
        Some(least) => one["response"] = json!({ "PasswordPolicy": { "MinimumPasswordLength": least } }),
        None => {
            one["error"] =
                json!({ "code": "AccessDenied", "message": "not authorized to perform: iam:GetAccountPasswordPolicy" });
        }
    }
    observations.push(one);
}

const RULE: &str = "iam-password-min-length";
const WEAK: Option<u64> = Some(8);
const STRONG: Option<u64> = Some(14);

fn scan(folder: &Path, more: &[&str]) -> Run {
    posture_in(
        folder,
        ["scan", "--fleet", "--rule", RULE, "--fail-on", "medium"].into_iter().chain(more.iter().copied()),
        b"",
    )
}

/// A folder with three accounts, whose passwords have to be so long, and a list that names five.
fn folder(home: &Path, name: &str, lengths: [Option<u64>; 3]) {
    let folder = home.join(name);
    std::fs::create_dir(&folder).unwrap();
    for (number, least) in (1..).zip(lengths) {
        let text = snapshot("bootcamp", number, |value| passwords(value, least));
        std::fs::write(folder.join(format!("{number:012}.json")), text).unwrap();
    }
    let roster = json!({
        "format": "posture-organization/1",
        "owner_tag": "owner",
        "accounts": [
            { "id": "000000000001", "name": "pay|ments\u{1b}[31m", "state": "ACTIVE", "unit": ["Root", "Prod"], "owner": "ann" },
            { "id": "000000000002", "state": "ACTIVE", "unit": ["Root", "Prod"], "owner": null },
            { "id": "000000000003", "state": "ACTIVE", "unit": ["Root"], "owner": "<b>ben</b>" },
            { "id": "000000000004", "name": "new", "state": "ACTIVE", "unit": ["Root"] },
            { "id": "000000000005", "state": "SUSPENDED" },
        ],
    });
    std::fs::write(folder.join("organization.json"), roster.to_string()).unwrap();
}

#[test]
fn a_folder_of_snapshots_is_one_report_that_names_what_is_missing() {
    let home = tempfile::tempdir().unwrap();
    folder(home.path(), "today", [WEAK, STRONG, None]);
    let run = scan(home.path(), &["--snapshot", "today", "--format", "json"]);
    assert_eq!(run.code, 1, "{}", run.stderr);
    let report = run.json();
    let schema = posture_in(Path::new("."), ["schema", "fleet"], b"").json();
    let validator = jsonschema::validator_for(&schema).unwrap();
    let errors: Vec<String> = validator.iter_errors(&report).map(|error| error.to_string()).collect();
    assert!(errors.is_empty(), "{errors:?}");
    let totals = json!({ "accounts": 4, "judged": 3, "incomplete": 0, "not_reached": 1, "inactive": 1, "failing": 1 });
    assert_eq!(report["totals"], totals);
    assert_eq!(report["failed"][0]["account"], "000000000004");
    assert_eq!(report["failed"][0]["step"], "snapshot");
    assert_eq!(report["inactive"][0], json!({ "account": "000000000005", "name": null, "state": "SUSPENDED" }));
    let rule = report["rules"].as_array().unwrap().iter().find(|rule| rule["rule"] == RULE).unwrap();
    assert_eq!(rule["accounts"], json!({ "fail": 1, "pass": 1, "unknown": 2 }), "the missing account is no pass");
    let units = report["units"].as_array().unwrap();
    let counts: Vec<Value> = units.iter().map(|unit| json!([unit["unit"], unit["group"]["accounts"]])).collect();
    assert_eq!(counts, [json!([["Root"], 2]), json!([["Root", "Prod"], 2])]);
    let owners: Vec<&Value> = report["owners"].as_array().unwrap().iter().map(|line| &line["owner"]).collect();
    assert_eq!(owners, [&json!("<b>ben</b>"), &json!("ann"), &Value::Null]);
    assert_eq!(report["changes"], Value::Null);
    let again = scan(home.path(), &["--snapshot", "today", "--format", "json"]);
    assert!(run.stdout == again.stdout, "the same bytes each time");
}

#[test]
fn missing_accounts_alone_are_exit_code_3() {
    let home = tempfile::tempdir().unwrap();
    folder(home.path(), "today", [STRONG, STRONG, STRONG]);
    let one = ["--snapshot", "today"];
    assert_eq!(scan(home.path(), &one).code, 3);
    assert_eq!(scan(home.path(), &[&one[..], &["--allow-unknown"]].concat()).code, 0);
    std::fs::write(home.path().join("all.txt"), "000000000001\n000000000002\n000000000003\n").unwrap();
    assert_eq!(scan(home.path(), &[&one[..], &["--accounts", "all.txt"]].concat()).code, 0);
}

#[test]
fn what_changed_is_told_from_a_folder_and_from_records_alike() {
    let home = tempfile::tempdir().unwrap();
    folder(home.path(), "yesterday", [STRONG, WEAK, WEAK]);
    folder(home.path(), "today", [WEAK, STRONG, None]);
    let wrote = scan(home.path(), &["--snapshot", "yesterday", "--output", "ndjson=yesterday.ndjson"]);
    assert_eq!(wrote.code, 1, "{}", wrote.stderr);
    let plain = std::fs::read(home.path().join("yesterday.ndjson")).unwrap();
    std::fs::write(home.path().join("yesterday.ndjson.zst"), zstd::encode_all(plain.as_slice(), 1).unwrap()).unwrap();
    for former in ["yesterday", "yesterday.ndjson", "yesterday.ndjson.zst"] {
        let run = scan(home.path(), &["--snapshot", "today", "--since", former, "--format", "json"]);
        assert_eq!(run.code, 1, "{former}: {}", run.stderr);
        let changes = &run.json()["changes"];
        let told: Vec<(&str, &str)> = changes["changes"]
            .as_array()
            .unwrap()
            .iter()
            .map(|change| (change["account"].as_str().unwrap(), change["class"].as_str().unwrap()))
            .collect();
        // Records do not tell what passed from what was not there.
        let risen = if former == "yesterday" { "worse" } else { "new" };
        let expected = [("000000000001", risen), ("000000000003", "became_unknown"), ("000000000002", "better")];
        assert_eq!(told, expected, "{former}");
        assert_eq!(changes["since"], former);
    }
}

#[test]
fn accounts_that_come_go_or_are_lost_are_said_once() {
    let home = tempfile::tempdir().unwrap();
    folder(home.path(), "yesterday", [WEAK, WEAK, WEAK]);
    folder(home.path(), "today", [WEAK, WEAK, WEAK]);
    std::fs::remove_file(home.path().join("yesterday/000000000001.json")).unwrap();
    std::fs::remove_file(home.path().join("today/000000000002.json")).unwrap();
    std::fs::write(home.path().join("yesterday/000000000009.json"), snapshot("bootcamp", 9, |_| {})).unwrap();
    let run = scan(home.path(), &["--snapshot", "today", "--since", "yesterday", "--format", "json"]);
    let changes = run.json()["changes"].clone();
    assert_eq!(changes["accounts_new"], json!(["000000000001"]));
    assert_eq!(changes["accounts_lost"], json!(["000000000002"]));
    assert_eq!(changes["accounts_gone"], json!(["000000000009"]));
    assert_eq!(changes["changes"], json!([]));
    assert_eq!(changes["summary"]["better"], 0, "what was not reached is not mended");
    assert!(changes["summary"]["became_unknown"].as_u64().unwrap() > 0);
}

#[test]
fn the_page_for_people_is_harmless_and_leads_to_what_changed() {
    let home = tempfile::tempdir().unwrap();
    folder(home.path(), "yesterday", [STRONG, STRONG, STRONG]);
    folder(home.path(), "today", [WEAK, STRONG, None]);
    for format in ["table", "markdown"] {
        let run = scan(home.path(), &["--snapshot", "today", "--since", "yesterday", "--format", format]);
        let text = run.text();
        for part in ["000000000004", RULE, "Root / Prod", "worse", "SUSPENDED"] {
            assert!(text.contains(part), "{format}: no {part} in\n{text}");
        }
        assert!(!text.contains('\u{1b}'), "{format}: {text}");
        if format == "markdown" {
            assert!(!text.contains("<b>") && !text.contains("pay|ments"), "{text}");
        }
        let changed = text.to_lowercase().find("since yesterday").unwrap();
        assert!(changed < text.find("BY RULE").unwrap(), "{format}: what changed comes first");
    }
}

#[test]
fn formats_without_a_place_for_missing_accounts_are_refused() {
    let home = tempfile::tempdir().unwrap();
    folder(home.path(), "today", [STRONG, STRONG, STRONG]);
    for format in ["csv", "sarif", "html", "junit"] {
        let run = scan(home.path(), &["--snapshot", "today", "--format", format]);
        assert_eq!(run.code, 2, "{format}");
        assert!(run.stderr.contains("could not be judged"), "{}", run.stderr);
    }
    let records = scan(home.path(), &["--snapshot", "today", "--format", "ndjson"]).text();
    let last: Value = serde_json::from_str(records.lines().last().unwrap()).unwrap();
    assert_eq!((&last["format"], &last["account"]), (&json!("posture-error/1"), &json!("000000000004")));
    let validator = jsonschema::validator_for(&posture_in(Path::new("."), ["schema", "records"], b"").json()).unwrap();
    assert!(records.lines().all(|line| validator.is_valid(&serde_json::from_str(line).unwrap())));
}

#[test]
fn bad_lists_folders_and_former_runs_are_errors_with_their_place() {
    let home = tempfile::tempdir().unwrap();
    folder(home.path(), "today", [STRONG, STRONG, STRONG]);
    std::fs::create_dir(home.path().join("empty")).unwrap();
    std::fs::write(home.path().join("list.txt"), "000000000001\nnobody\n").unwrap();
    std::fs::write(home.path().join("report.json"), "{\"format\":\"posture-report/1\"}\n").unwrap();
    std::fs::write(home.path().join("cut.ndjson"), "{\"format\":\"posture-finding/1\",\"account\":\"000000000001\"}\n")
        .unwrap();
    for (more, part) in [
        (&["--snapshot", "empty"][..], "`empty` holds no snapshots"),
        (&["--snapshot", "today", "--accounts", "list.txt"], "line 2: `nobody`"),
        (&["--snapshot", "today", "--accounts", "none.txt"], "none.txt"),
        (&["--snapshot", "today", "--since", "nowhere"], "nowhere"),
        (&["--snapshot", "today", "--since", "report.json"], "line 1 is no record"),
        (&["--snapshot", "today", "--since", "cut.ndjson"], "line 1 is no record"),
        (&["--snapshot", "today", "today/000000000001.json"], "two snapshots of account 000000000001"),
    ] {
        let run = scan(home.path(), more);
        assert_eq!(run.code, 2, "{more:?}: {}", run.stderr);
        assert!(run.stderr.contains(part), "{more:?}: {}", run.stderr);
    }
}

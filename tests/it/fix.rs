//! `posture fix` from outside: the plan of example accounts, its formats, and its script under a fake AWS CLI.

use std::collections::BTreeMap;
use std::path::Path;
use std::process::Command;

use posture::config::Config;
use posture::fix::Plan;
use posture::fix::output::{FORMATS, Settings};
use posture::fix::plan::{PlanError, plan};
use posture::rule::{BUILT_IN, ParamOverrides, Rule, built_in, load};
use posture::scan::Scan;
use posture::snapshot::{Snapshot, SnapshotReader};

use super::accounts::account;

/// What a person would give for every input.
const VALUES: [(&str, &str); 2] = [("email", "ops@example.com"), ("amount", "50")];

fn rules() -> Vec<Rule> {
    built_in(&ParamOverrides::new()).unwrap()
}

fn values(pairs: &[(&str, &str)]) -> BTreeMap<String, String> {
    pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
}

fn planned(rules: &[Rule], snapshot: &Snapshot, pairs: &[(&str, &str)]) -> Result<Plan, PlanError> {
    let config = Config::default();
    let scan = Scan { rules, config: &config, baseline: None, as_of: None };
    let (report, facts) = scan.judge(snapshot);
    plan(rules, &facts, &report, &values(pairs))
}

fn render(plan: &Plan, format: &str) -> String {
    let (_, render) = FORMATS.iter().find(|(name, _)| *name == format).unwrap();
    render(plan, &Settings::default())
}

/// An `aws` that writes down its arguments and answers what the script needs to go on.
const FAKE: &str = r#"#!/bin/sh
{ for word in "$@"; do printf '%s\0' "$word"; done; printf '\n\0'; } >> "$CALLS"
case "$*" in
  *get-caller-identity*Account*) echo 123456789012 ;;
  *get-caller-identity*Arn*) echo "${ME:-arn:aws:iam::123456789012:user/somebody}" ;;
  *describe-key*)
    case "${KEYS-none}" in
      none) echo "An error occurred (NotFoundException) when calling the DescribeKey operation: none" >&2; exit 254 ;;
      refused) echo "An error occurred (AccessDeniedException) when calling the DescribeKey operation: no" >&2; exit 254 ;;
    esac ;;
  *"--output json"*) echo '["sgr-1"]' ;;
  *"--output text"*) echo answer-1 ;;
esac
"#;

/// What a run of a script left behind: exit code, what it said, and the words of each call of `aws`.
struct Ran {
    code: i32,
    said: String,
    calls: Vec<Vec<String>>,
}

fn run_script(script: &str, environment: &[(&str, &str)]) -> Ran {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name);
    std::fs::write(path("aws"), FAKE).unwrap();
    executable(&path("aws"));
    std::fs::write(path("plan.sh"), script).unwrap();
    let search = format!("{}:/usr/bin:/bin", folder.path().display());
    let mut command = Command::new("sh");
    command.arg(path("plan.sh")).current_dir(folder.path()).env_clear();
    command.env("PATH", search).env("CALLS", path("calls")).env("POSTURE_PAUSE", "0");
    let output = command.envs(environment.iter().copied()).stdin(std::process::Stdio::null()).output().unwrap();
    let calls = std::fs::read_to_string(path("calls")).unwrap_or_default();
    let calls = calls.split("\n\0").filter(|call| !call.is_empty());
    // Nothing but the script, the fake and its notes may have come into being.
    let mut files: Vec<String> = std::fs::read_dir(folder.path())
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .filter(|name| name != "calls")
        .collect();
    files.sort();
    assert_eq!(files, ["aws", "plan.sh"]);
    Ran {
        code: output.status.code().unwrap(),
        said: String::from_utf8(output.stderr).unwrap(),
        calls: calls.map(|call| call.split_terminator('\0').map(str::to_owned).collect()).collect(),
    }
}

#[cfg(unix)]
fn executable(path: &Path) {
    use std::os::unix::fs::PermissionsExt as _;
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o755)).unwrap();
}

#[test]
fn the_script_runs_every_command_in_the_order_of_the_plan() {
    let rules = rules();
    let plan = planned(&rules, &account("bootcamp"), &VALUES).unwrap();
    let given: Vec<(String, &str)> = plan
        .missing()
        .map(|(name, input)| {
            let value = match input.kind {
                posture::fix::InputKind::Email => "someone@example.com",
                posture::fix::InputKind::Number => "7",
                posture::fix::InputKind::Phone => "+1 555 0100",
                posture::fix::InputKind::Name | posture::fix::InputKind::Text => "somebody",
            };
            (format!("POSTURE_{}", name.to_ascii_uppercase()), value)
        })
        .collect();
    let mut environment: Vec<(&str, &str)> = given.iter().map(|(name, value)| (name.as_str(), *value)).collect();
    environment.push(("POSTURE_YES", "1"));
    let ran = run_script(&render(&plan, "sh"), &environment);
    assert_eq!(ran.code, 0, "{}", ran.said);
    let calls = plan.steps.iter().flat_map(|step| step.unless.iter().chain(&step.calls));
    let wanted: Vec<String> = calls.map(|call| call.command.join(" ")).collect();
    let called: Vec<String> = ran.calls.iter().skip(2).map(|words| words[..2].join(" ")).collect();
    assert_eq!(called, wanted);
    assert!(wanted.len() > 10);
    // A topic stands before anything subscribes or publishes to it.
    let at = |command: &str| called.iter().position(|one| one == command).unwrap();
    assert!(at("sns create-topic") < at("sns subscribe") && at("sns subscribe") < at("cloudwatch put-metric-alarm"));
    assert!(at("events put-rule") < at("events put-targets"));
    assert!(ran.calls.iter().any(|words| words.contains(&"+1 555 0100".to_owned())), "a value from the environment");
}

#[test]
fn what_is_there_already_is_not_made_again_and_a_refused_question_stops_the_script() {
    let rules = rules();
    let rules: Vec<Rule> = rules.into_iter().filter(|rule| rule.id == "billing-alarm-exists").collect();
    let plan = planned(&rules, &account("bootcamp"), &VALUES).unwrap();
    let script = render(&plan, "sh");
    let made = |ran: &Ran| ran.calls.iter().any(|words| words[..2] == ["kms", "create-key"]);
    let again = run_script(&script, &[("KEYS", "there")]);
    assert_eq!((again.code, made(&again)), (0, false), "{}", again.said);
    assert!(again.said.contains("there already"), "{}", again.said);
    let refused = run_script(&script, &[("KEYS", "refused")]);
    assert_eq!((refused.code, made(&refused)), (67, false), "{}", refused.said);
    assert!(
        refused.said.contains("AccessDeniedException") && refused.said.contains("POSTURE_FROM=1"),
        "{}",
        refused.said
    );
    let first = run_script(&script, &[]);
    assert_eq!((first.code, made(&first)), (0, true), "{}", first.said);
}

#[test]
fn a_script_that_lacks_values_runs_nothing_and_says_which() {
    let rules = rules();
    let plan = planned(&rules, &account("bootcamp"), &[]).unwrap();
    let script = render(&plan, "sh");
    let ran = run_script(&script, &[("POSTURE_EMAIL", "not an address"), ("POSTURE_AMOUNT", "50")]);
    assert_eq!((ran.code, ran.calls.len()), (64, 0), "{}", ran.said);
    assert!(ran.said.contains("email: the mailbox") && !ran.said.contains("amount:"), "{}", ran.said);
    for evil in ["a@b.c\",\"x\":\"", "a@b.c$(touch evil)", "a@b.c'; touch evil; '"] {
        assert_eq!(run_script(&script, &[("POSTURE_EMAIL", evil)]).code, 64, "{evil}");
    }
}

#[test]
fn credentials_of_another_account_run_nothing() {
    let rules = rules();
    let plan = planned(&rules, &account("bootcamp"), &VALUES).unwrap();
    let script = render(&plan, "sh").replace("account=123456789012", "account=210987654321");
    let all: Vec<String> = plan.missing().map(|(name, _)| format!("POSTURE_{}", name.to_ascii_uppercase())).collect();
    let environment: Vec<(&str, &str)> =
        all.iter().map(|name| (name.as_str(), if name.ends_with("EMAIL") { "a@b.cd" } else { "12" })).collect();
    let ran = run_script(&script, &environment);
    assert_eq!(ran.code, 65, "{}", ran.said);
    assert!(ran.calls.iter().all(|words| words[0] == "sts"));
}

/// A rule whose fix puts names that others chose into every kind of place.
const NAMES: &str = r#"
id: test-names
title: Users should be harmless
lifecycle: { preview: 0.1.0 }
severity: low
resource: iam-user
rationale: x
pass_when: "false"
message: x
remediation: { text: x }
fix:
  steps:
    - do: "tag {user.name}"
      phase: tighten
      calls:
        - call: iam tag-user
          with:
            user-name: "{user.name}"
            tags: [{ Key: owner, Value: "of {user.name}" }]
      undo: [{ call: iam untag-user, with: { user-name: "{user.name}", tag-keys: [owner] } }]
      evidence: "{user.name}"
      confirm: "tag {user.name}"
      cost: none
      permissions: [iam:TagUser]
      cloudformation: { Tag: { Type: "AWS::IAM::User", Properties: { UserName: "{user.name}" } } }
      terraform: { aws_iam_user.it: { name: "{user.name}" } }
references: []
examples: []
"#;

/// The bootcamp account with its user `anna` renamed.
fn with_user(name: &str) -> Snapshot {
    fn rename(json: &mut serde_json::Value, name: &str) {
        match json {
            serde_json::Value::String(text) if text == "anna" => name.clone_into(text),
            serde_json::Value::String(text) => *text = text.replace(":user/anna", &format!(":user/{name}")),
            serde_json::Value::Array(items) => items.iter_mut().for_each(|item| rename(item, name)),
            serde_json::Value::Object(members) => members.values_mut().for_each(|item| rename(item, name)),
            _ => {}
        }
    }
    let path = format!("{}/fixtures/accounts/bootcamp.json", env!("CARGO_MANIFEST_DIR"));
    let mut json: serde_json::Value = serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap();
    rename(&mut json, name);
    // The credential report would bring the old name back.
    json["observations"].as_array_mut().unwrap().retain(|one| one["operation"] != "GetCredentialReport");
    let text = std::io::Cursor::new(json.to_string().into_bytes());
    SnapshotReader::from_reader("test".to_owned(), Box::new(text)).unwrap().next().unwrap().unwrap()
}

#[test]
fn hostile_names_stay_data_in_the_script() {
    let rules = vec![load::load("-", NAMES, &ParamOverrides::new()).unwrap()];
    for name in [
        "it's",
        "$(touch evil)",
        "`touch evil`",
        "'; touch evil; '",
        "a b",
        "--profile",
        "\\",
        "\"}],\"x\":[{\"",
        "*",
        "~",
        "${HOME}",
        "!!",
        "a\\'b",
        "%s%n",
        "<email>",
        "{user.name}",
    ] {
        let plan = planned(&rules, &with_user(name), &[]).unwrap();
        let ran = run_script(&render(&plan, "sh"), &[("POSTURE_YES", "1")]);
        assert_eq!(ran.code, 0, "{name}: {}", ran.said);
        let called = ran.calls.iter().any(|words| {
            let as_word = words.windows(2).any(|pair| pair == ["--user-name", name]);
            let tags = words.iter().skip_while(|word| *word != "--tags").nth(1);
            let value = tags.and_then(|tags| serde_json::from_str::<serde_json::Value>(tags).ok());
            let tagged = value == Some(serde_json::json!([{ "Key": "owner", "Value": format!("of {name}") }]));
            tagged && (as_word || words.contains(&format!("--user-name={name}")))
        });
        assert!(called, "{name}: {:?}", ran.calls);
    }
}

#[test]
fn names_that_hide_or_that_the_aws_cli_would_read_as_files_get_no_command() {
    let rules = vec![load::load("-", NAMES, &ParamOverrides::new()).unwrap()];
    for name in ["two\nlines", "\u{1b}[2J", "a\u{202e}b", "file:///etc/passwd", "fileb://x", "https://example.com/"] {
        let plan = planned(&rules, &with_user(name), &[]).unwrap();
        let refused = plan.by_hand.iter().filter(|entry| entry.reason.is_some()).count();
        assert_eq!(refused, 1, "{name}: {:?}", plan.by_hand);
        let script = render(&plan, "sh");
        assert!(!script.contains(name), "{name}");
    }
}

#[test]
fn hostile_names_stay_harmless_in_every_format() {
    let rules = vec![load::load("-", NAMES, &ParamOverrides::new()).unwrap()];
    let plan = planned(&rules, &with_user("${x} <script>\"'|`"), &[]).unwrap();
    assert!(render(&plan, "terraform").contains(r#"name = "$${x} <script>\"'|`""#), "{}", render(&plan, "terraform"));
    let template: serde_json::Value = serde_json::from_str(&render(&plan, "cloudformation")).unwrap();
    let mut names = template["Resources"].as_object().unwrap().values().map(|one| &one["Properties"]["UserName"]);
    assert!(names.any(|name| name == "${x} <script>\"'|`"));
    let prose: String = render(&plan, "markdown").lines().filter(|line| !line.starts_with("    ")).collect();
    assert!(!prose.contains("<script>"), "{prose}");
}

#[test]
fn every_format_writes_the_same_bytes_twice() {
    for (name, render) in FORMATS {
        let once = || {
            let rules = rules();
            render(&planned(&rules, &account("bootcamp"), &VALUES).unwrap(), &Settings::default())
        };
        let text = once();
        assert_eq!(text, once(), "{name}");
        assert!(text.len() > 500 && text.ends_with('\n'), "{name}");
    }
}

#[test]
fn every_failing_finding_is_somewhere_in_the_plan() {
    let rules = rules();
    let config = Config::default();
    for name in ["bootcamp", "bootcamp-hardened", "clean", "denied", "empty", "menagerie"] {
        let snapshot = account(name);
        let report = Scan { rules: &rules, config: &config, baseline: None, as_of: None }.run(&snapshot);
        let plan = planned(&rules, &snapshot, &VALUES).unwrap();
        let mut mended: Vec<(String, String)> = plan
            .steps
            .iter()
            .flat_map(|step| &step.mends)
            .chain(plan.tasks.iter().flat_map(|task| &task.about))
            .chain(plan.by_hand.iter().map(|entry| &entry.finding))
            .map(|one| (one.rule.clone(), one.resource.clone()))
            .collect();
        mended.sort();
        mended.dedup();
        let failing = report.results.iter().filter(|finding| finding.status == posture::finding::Status::Fail);
        let mut failing: Vec<_> = failing.map(|one| (one.rule.to_string(), one.resource.id.clone())).collect();
        failing.sort();
        failing.dedup();
        assert_eq!(mended, failing, "{name}");
    }
}

#[test]
fn what_was_not_judged_gets_advice_and_no_command() {
    let rules = rules();
    let plan = planned(&rules, &account("denied"), &VALUES).unwrap();
    assert!(plan.steps.is_empty() && plan.promised.is_empty());
    let advice = plan.grants.iter().find(|grant| grant.actions == ["iam:GetAccountSummary"]).unwrap();
    assert!(advice.advice.starts_with("grant iam:GetAccountSummary to who collects"), "{}", advice.advice);
    assert!(advice.rules.contains(&"root-mfa-enabled".to_owned()), "{:?}", advice.rules);
}

#[test]
fn unknown_and_wrong_values_are_refused_with_the_right_name() {
    let rules = rules();
    let error = planned(&rules, &account("bootcamp"), &[("emial", "a@b.cd")]).unwrap_err().to_string();
    assert_eq!(error, "no fix asks for `emial`; did you mean `email`?");
    let error = planned(&rules, &account("bootcamp"), &[("email", "nobody")]).unwrap_err().to_string();
    assert_eq!(error, "`email` is an e-mail address, and `nobody` is not");
}

#[test]
fn a_fix_that_cannot_work_is_refused_when_the_rule_is_loaded() {
    let error = |from: &str, to: &str| {
        assert!(NAMES.contains(from), "{from}");
        load::load("-", &NAMES.replace(from, to), &ParamOverrides::new()).unwrap_err().to_string()
    };
    for (from, to, message) in [
        ("call: iam tag-user", "call: iam; tag-user", "is not service and operation"),
        ("user-name: \"{user.name}\"\n            tags", "User Name: x\n            tags", "is no option's name"),
        ("do: \"tag {user.name}\"", "do: \"tag {user.nam}\"", "did you mean `name`"),
        ("do: \"tag {user.name}\"", "do: \"tag <owner>\"", "`<owner>` is neither an input"),
        ("do: \"tag {user.name}\"", "do: \"in {user.groups} now\"", "use join"),
        ("phase: tighten", "phase: late", "late"),
        (
            "phase: tighten",
            "phase: tighten\n      unless: { call: iam tag-user, accept: [NoSuchEntity] }",
            "is no call that only asks",
        ),
        ("phase: tighten", "phase: tighten\n      unless: { call: iam get-user }", "that mean that nothing is there"),
        ("cost: none", "price: none", "price"),
        ("permissions: [iam:TagUser]", "permissions: [iam:*]", "is not like `iam:CreateGroup`"),
        ("      cost: none\n", "", "`cost` is missing"),
        (
            "undo: [{ call: iam untag-user, with: { user-name: \"{user.name}\", tag-keys: [owner] } }]",
            "undo: []",
            "how it is undone",
        ),
        ("  steps:", "  steps:\n    - use: alert-topik", "did you mean `alert-topic`"),
        ("  steps:", "  steps:\n    - use: alert-topic", "`with` lacks `region`"),
        ("  steps:", "  steps:\n    - { use: alert-topic, with: { region: x, colour: y } }", "takes no `colour`"),
    ] {
        let found = error(from, to);
        assert!(found.contains(message), "{to}: {found}");
        assert!(found.contains("line "), "{found}");
    }
}

#[test]
fn every_fix_with_commands_shows_them_in_an_example() {
    let silent: Vec<String> = BUILT_IN
        .iter()
        .map(|(file, text)| load::load(file, text, &ParamOverrides::new()).unwrap())
        .filter(|rule| rule.fix().unwrap().is_some_and(|fix| fix.has_commands()))
        .filter(|rule| {
            !rule.examples().unwrap().iter().any(|example| example.fix.as_ref().is_some_and(|fix| !fix.is_empty()))
        })
        .map(|rule| rule.id)
        .collect();
    assert!(silent.is_empty(), "{silent:?}");
}

#[test]
fn every_permission_of_a_fix_is_an_action_that_aws_knows() {
    let known = posture::iam::catalogue::catalogue();
    for rule in rules() {
        let Some(fix) = rule.fix().unwrap() else { continue };
        for action in fix.permissions() {
            assert!(known.action(action).is_some(), "{}: {action}", rule.id);
        }
    }
}

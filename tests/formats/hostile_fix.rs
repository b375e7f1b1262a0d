//! Hostile text in every text member of a snapshot, crossed with every format of a plan and with what `posture iam` prints.
//! The script is run, and every word that reaches the AWS CLI is the plan's.

use std::collections::BTreeMap;
use std::path::Path;
use std::process::{Command, Stdio};

use posture::config::Config;
use posture::fix::output::{FORMATS, Settings};
use posture::fix::plan::{Plan, plan};
use posture::fix::word::{Part, Text};
use posture::output::Context;
use posture::rule::{ParamOverrides, Rule, built_in};
use posture::scan::Scan;
use serde_json::Value;

use crate::hostile::assert_harmless;
use crate::hostile_snapshot::{attacked, read, snapshot};
use crate::python;

/// What a shell, a template language or a page would act on, and that may stand in a command because it hides nothing.
const VISIBLE: &str =
    "'\"`$(touch pwned)`touch pwned`;touch pwned|&\\ ${x} %{x} {x} <email> *~#! %0A =1 -- <img src=x onerror=alert(1)>";
/// What no command may hold.
const HIDDEN: &str = "\u{1b}[31m\r\n\u{202e}\u{200b}$(touch pwned)";

/// Values for everything that a plan may ask for.
const VALUES: [(&str, &str); 15] = [
    ("email", "ops@example.com"),
    ("amount", "50"),
    ("account_alias", "acme"),
    ("billing_name", "Billing"),
    ("billing_title", "Billing"),
    ("billing_email", "b@example.com"),
    ("billing_phone", "+1 555 0100"),
    ("operations_name", "Operations"),
    ("operations_title", "Operations"),
    ("operations_email", "o@example.com"),
    ("operations_phone", "+1 555 0101"),
    ("security_name", "Security"),
    ("security_title", "Security"),
    ("security_email", "s@example.com"),
    ("security_phone", "+1 555 0102"),
];

/// An `aws` that writes down its words, answers what a script needs to go on, and knows nothing that is there already.
const AWS: &str = r#"
aws() {
  { for word in "$@"; do printf '%s\0' "$word"; done; printf '\n\0'; } >> "$CALLS"
  case "$*" in
    *get-caller-identity*Account*) echo 123456789012 ;;
    *get-caller-identity*Arn*) echo arn:aws:iam::123456789012:user/somebody-else ;;
    *describe-key*) echo "An error occurred (NotFoundException) when calling the DescribeKey operation: none" >&2; return 254 ;;
    *"--output json"*) echo '["answer-1"]' ;;
    *"--output text"*) echo answer-1 ;;
  esac
}
"#;

fn planned(rules: &[Rule], attacked: &Value) -> Option<Plan> {
    let config = Config::default();
    let scan = Scan { rules, config: &config, baseline: None, as_of: None };
    let (report, facts) = scan.judge(&read(&attacked.to_string())?);
    let values =
        VALUES.map(|(name, value)| (name.to_owned(), value.to_owned())).into_iter().collect::<BTreeMap<_, _>>();
    Some(plan(rules, &facts, &report, &values).unwrap())
}

/// The words of every call that the script makes.
fn called(script: &str, what: &str) -> Vec<Vec<String>> {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("plan.sh"), format!("{AWS}{script}")).unwrap();
    let mut command = Command::new("sh");
    command.arg("plan.sh").current_dir(folder.path()).env_clear().env("PATH", "/usr/bin:/bin");
    command.envs([("CALLS", "calls"), ("POSTURE_YES", "1"), ("POSTURE_PAUSE", "0")]).stdin(Stdio::null());
    let output = command.output().unwrap();
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(output.status.success(), "{what}: {said}");
    let mut names: Vec<_> = std::fs::read_dir(folder.path()).unwrap().map(|one| one.unwrap().file_name()).collect();
    names.retain(|name| name != "calls");
    assert_eq!(names, ["plan.sh"], "{what}: a name was run");
    // A plan without steps makes no call.
    let calls = std::fs::read_to_string(folder.path().join("calls")).unwrap_or_default();
    let calls = calls.split("\n\0").filter(|call| !call.is_empty());
    calls.map(|call| call.split_terminator('\0').map(str::to_owned).collect()).collect()
}

/// The words that the plan means; `aws` itself is none of them.
fn meant(plan: &Plan) -> Vec<Vec<String>> {
    let mut all = Vec::new();
    for step in &plan.steps {
        let mut kept: BTreeMap<&str, &str> = BTreeMap::new();
        for call in step.unless.iter().chain(&step.calls) {
            let part = |part: &Part| match part {
                Part::Text(text) => text.clone(),
                Part::Saved(name) => kept[name.as_str()].to_owned(),
                Part::Input(name) => panic!("no value for {name}"),
            };
            let word = |text: &Text| text.0.iter().map(part).collect::<String>();
            all.push(call.words().iter().skip(1).map(word).collect());
            if let Some(save) = &call.save {
                kept.insert(&save.name, if save.json { "[\"answer-1\"]" } else { "answer-1" });
            }
        }
    }
    all
}

fn rendered(plan: &Plan, format: &str) -> String {
    let (_, render) = FORMATS.iter().find(|(name, _)| *name == format).unwrap();
    render(plan, &Settings::default())
}

fn assert_harmless_plan(plan: &Plan, what: &str) {
    let context = Context::default();
    for format in ["json", "table"] {
        assert_harmless(format, &rendered(plan, format), &context, what);
    }
    // A block that is indented by four spaces is code, and nothing in it is markup.
    let markdown: Vec<String> =
        rendered(plan, "markdown").lines().filter(|line| !line.starts_with("    ")).map(str::to_owned).collect();
    assert_harmless("markdown", &markdown.join("\n"), &context, what);
    let stack = rendered(plan, "cloudformation");
    let template: Value = serde_json::from_str(&stack).unwrap();
    assert!(template["Parameters"].is_null(), "{what}: a name became a parameter: {}", template["Parameters"]);
    assert_harmless("json", &stack, &context, what);
    assert_harmless("terraform", &rendered(plan, "terraform"), &context, what);
    let script = rendered(plan, "sh");
    assert_harmless("sh", &script, &context, what);
    let calls = called(&script, what);
    if !plan.steps.is_empty() {
        assert_eq!(calls[2..], meant(plan), "{what}");
    }
}

#[test]
fn hostile_text_in_every_member_of_a_snapshot_stays_data_in_every_plan() {
    assert_harmless_plans("visible", VISIBLE);
}

#[test]
#[ignore = "takes minutes; see docs/testing.md"]
fn hidden_text_in_every_member_of_a_snapshot_stays_data_in_every_plan() {
    assert_harmless_plans("hidden", HIDDEN);
}

fn assert_harmless_plans(hostile: &str, attack: &str) {
    let mut rules = built_in(&ParamOverrides::new()).unwrap();
    // Those without commands would only cost time here.
    rules.retain(|rule| rule.fix().unwrap().is_some());
    let (mut judged, mut configurations) = (0, Vec::new());
    for (member, attacked) in attacked(&snapshot("bootcamp"), attack) {
        let Some(plan) = planned(&rules, &attacked) else { continue };
        assert_harmless_plan(&plan, &format!("{hostile} text in {member}"));
        configurations.push(rendered(&plan, "terraform"));
        judged += 1;
    }
    assert!(judged > 20, "only {judged} plans were made; the other snapshots were refused");
    configurations.sort();
    configurations.dedup();
    assert_terraform(&configurations);
}

/// Every configuration is read by a parser of the language, and no name became an expression.
fn assert_terraform(configurations: &[String]) {
    let program = r#"
import json, re, sys, hcl2
for text in json.load(sys.stdin):
    for one in re.findall(r"(?<!\$)\$\{([^}]*)", json.dumps(hcl2.loads(text))):
        known = r"(var\.|aws[_.]|jsonencode\()"
        assert re.match(known, one), f"a name became the expression {one}"
"#;
    python::run(&["python-hcl2==7.3.1"], program, &[], &serde_json::to_string(configurations).unwrap());
}

#[test]
fn hostile_text_in_every_member_of_a_snapshot_stays_text_in_what_iam_prints() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("snapshot.json");
    let mut asked = 0;
    let mut whole = snapshot("bootcamp");
    // What else is there the questions do not read.
    whole["observations"].as_array_mut().unwrap().retain(|one| one["service"] == "iam" || one["service"] == "sts");
    for (member, attacked) in attacked(&whole, &format!("{VISIBLE}{HIDDEN}")) {
        std::fs::write(&file, attacked.to_string()).unwrap();
        for question in [&["paths"] as &[&str], &["lint"], &["who-can", "iam:PutUserPolicy"]] {
            let (code, said) = asked_of(&file, question);
            assert!(code <= 3, "{member}: {question:?} ended with {code}");
            assert_harmless("iam", &said, &Context::default(), &format!("{member} in iam {question:?}"));
            asked += usize::from(code != 2);
        }
    }
    assert!(asked > 40, "only {asked} questions were answered");
}

fn asked_of(snapshot: &Path, question: &[&str]) -> (i32, String) {
    let mut command = Command::new(env!("CARGO_BIN_EXE_posture"));
    command.arg("iam").args(question).arg("--snapshot").arg(snapshot).env_clear().stdin(Stdio::null());
    let output = command.output().unwrap();
    let said = [output.stdout, output.stderr].concat();
    (output.status.code().unwrap(), String::from_utf8(said).unwrap())
}

//! What `posture fix --format cloudformation` prints: read by AWS's own linter, and made on moto in whatever order its references
//! leave open.

use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;

use crate::closed_loop::{Moto, fails, fix, good, installed, run, scan};

/// Rules that a stack mends in an account in which nobody set anything up.
const HELD: &[&str] = &[
    "billing-alarm-exists",
    "budget-cost-exists",
    "budget-credits-tracked",
    "cloudtrail-multi-region-enabled",
    "guardduty-enabled",
    "health-event-rule-exists",
    "iam-support-role",
    "monitor-cloudtrail-changes",
    "monitor-config-changes",
    "monitor-console-auth-failures",
    "monitor-iam-policy-changes",
    "monitor-kms-key-disable-delete",
    "monitor-nacl-changes",
    "monitor-network-gateway-changes",
    "monitor-organizations-changes",
    "monitor-root-usage",
    "monitor-route-table-changes",
    "monitor-s3-policy-changes",
    "monitor-security-group-changes",
    "monitor-signin-without-mfa",
    "monitor-unauthorized-api",
    "monitor-vpc-changes",
    "securityhub-enabled",
];

/// What fails on things that the stack makes, and why.
const NEW: &[(&str, &str)] = &[
    ("cloudtrail-bucket-access-logging", "a step of the script that the template does not have"),
    ("cloudtrail-bucket-mfa-delete", "only root can turn it on"),
    ("cloudtrail-cloudwatch-logs", "moto writes no events to log groups"),
    ("health-event-backup-region", "a stack is of one Region"),
    ("s3-bucket-default-encryption", "moto does not encrypt new buckets, AWS does"),
    ("s3-bucket-mfa-delete", "only root can turn it on"),
];

fn template(moto: &Moto, snapshot: &Path) -> PathBuf {
    let file = moto.folder.path().join("stack.json");
    std::fs::write(&file, fix(snapshot, "cloudformation")).unwrap();
    file
}

/// Makes the stack; of what is ready, the first or last by name comes first. Returns the types that moto has no service for.
fn made(moto: &Moto, template: &Path, which: &str) -> Value {
    let said = run(moto.python("stack.py").arg(&moto.url).arg(template).arg(which));
    serde_json::from_str(&said).unwrap()
}

#[test]
fn a_stack_of_the_template_mends_what_the_template_is_for() {
    let moto = Moto::start();
    run(moto.python("account.py").arg("bare").arg(&moto.url));
    let flawed = moto.snapshot("before", &[]);
    let template = template(&moto, &flawed);
    let lacking = made(&moto, &template, "first");
    assert_eq!(lacking, serde_json::json!([]), "types of the template that moto does not have");
    let (before, after) = (scan(&flawed), scan(&moto.snapshot("after", &["confirmed"])));
    let (old, now) = (fails(&before), fails(&after));
    let mut mended: Vec<&str> = old.iter().filter(|key| good(&after, key)).map(|key| key.0.as_str()).collect();
    mended.dedup();
    assert_eq!(mended, HELD, "rules that the stack mends");
    let mut new: Vec<&str> = now.difference(&old).map(|key| key.0.as_str()).collect();
    new.dedup();
    let expected: Vec<&str> = NEW.iter().map(|(rule, _)| *rule).collect();
    assert_eq!(new, expected, "rules that fail on what the stack made");

    let other = Moto::start();
    assert_eq!(made(&other, &template, "last"), lacking, "no resource may hope that another one comes first");
}

#[test]
fn awss_own_linter_finds_nothing_in_templates_of_flawed_accounts() {
    let folder = tempfile::tempdir().unwrap();
    let accounts = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/accounts");
    let mut lint = Command::new(installed().join("bin/cfn-lint"));
    lint.args(["--non-zero-exit-code", "informational"]);
    for account in ["bootcamp", "menagerie"] {
        let template = fix(&accounts.join(format!("{account}.json")), "cloudformation");
        let resources = serde_json::from_str::<Value>(&template).unwrap()["Resources"].as_object().unwrap().len();
        assert!(resources > 10, "{resources} resources");
        let file = folder.path().join(format!("{account}.json"));
        std::fs::write(&file, template).unwrap();
        lint.arg("-t").arg(file);
    }
    assert_eq!(run(&mut lint), "");
}

#[test]
fn the_documentation_names_what_a_stack_mends() {
    let page = include_str!("../../docs/fix.md");
    let section = page.split_once("## Templates").unwrap().1.split_once("\n## ").unwrap().0;
    for rule in HELD.iter().filter(|rule| !rule.starts_with("monitor-")) {
        assert!(section.contains(&format!("`{rule}`")), "docs/fix.md does not name {rule}");
    }
    for (rule, why) in NEW {
        assert!(section.contains(&format!("| `{rule}` | {why} |\n")), "docs/fix.md does not say: {rule}: {why}");
    }
}

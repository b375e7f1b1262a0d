//! The closed loop of `posture fix`: flawed accounts on moto are scanned, the printed script runs under the AWS CLI, the
//! mails are confirmed, the accounts are scanned again, and what was promised is gone.
//!
//! moto and the AWS CLI come from `PyPI` into a folder under `target/`, once. Python 3 is all that has to be there.
//! `account.py` makes the accounts, `gather.py` files what they answer the way an auditor with the AWS CLI would, so that rules
//! whose evidence no live collector gathers take part too, and `aws_at_hand.py` keeps the AWS CLI loaded.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use serde_json::Value;

/// How the accounts are judged.
const CONFIG: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/it/closed_loop/posture.yaml");

/// What the expectations below were measured with.
const PACKAGES: [&str; 2] = ["moto[server]==5.2.5", "awscli==1.45.11"];

/// Rules with commands that are mended in an account in which nobody set anything up.
const HELD_BARE: &[&str] = &[
    "account-contact-billing",
    "account-contact-operations",
    "account-contact-security",
    "billing-alarm-exists",
    "budget-cost-exists",
    "budget-credits-tracked",
    "cloudtrail-multi-region-enabled",
    "config-recorder-enabled",
    "ebs-default-encryption",
    "ec2-imdsv2-required",
    "guardduty-enabled",
    "health-event-rule-exists",
    "iam-account-alias-set",
    "iam-password-complexity",
    "iam-password-max-age",
    "iam-password-min-length",
    "iam-password-policy-exists",
    "iam-password-reuse",
    "iam-support-role",
    "iam-user-in-group",
    "iam-user-no-direct-policies",
    "kms-key-rotation",
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
    "s3-account-public-access-block",
    "s3-bucket-default-encryption",
    "s3-bucket-public-access-block",
    "s3-bucket-tls-only",
    "securityhub-enabled",
    "sg-no-open-admin-ipv4",
    "sg-no-open-admin-ipv6",
    "sg-no-open-cifs",
    "sg-no-open-high-risk-ports",
    "vpc-default-sg-closed",
    "vpc-endpoints-used",
    "vpc-flow-logs-enabled",
];

/// Rules with commands that are mended in an account that somebody left half done.
const HELD_NEGLECTED: &[&str] = &[
    "account-contact-billing",
    "account-contact-operations",
    "account-contact-security",
    "alarm-actions-enabled",
    "billing-alarm-config-sane",
    "billing-alarm-notifies",
    "budget-actual-notification",
    "budget-credits-tracked",
    "budget-forecast-notification",
    "budget-spend-excludes-credits",
    "cloudtrail-bucket-access-logging",
    "cloudtrail-bucket-not-public",
    "cloudtrail-bucket-protected",
    "cloudtrail-kms-encrypted",
    "cloudtrail-log-group-retention",
    "cloudtrail-log-validation",
    "cloudtrail-management-events-all",
    "cloudtrail-s3-read-events",
    "cloudtrail-s3-write-events",
    "config-recorder-enabled",
    "ebs-default-encryption",
    "ec2-imdsv2-required",
    "guardduty-findings-routed",
    "health-event-backup-region",
    "iam-account-alias-set",
    "iam-password-complexity",
    "iam-password-max-age",
    "iam-password-min-length",
    "iam-password-reuse",
    "iam-support-role",
    "iam-user-no-initial-access-key",
    "iam-user-unused-credentials",
    "iam-users-can-change-password",
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
    "rds-auto-minor-upgrade",
    "rds-multi-az",
    "rds-not-public",
    "s3-account-public-access-block",
    "s3-bucket-default-encryption",
    "s3-bucket-public-access-block",
    "s3-bucket-tls-only",
    "securityhub-enabled",
    "sg-no-open-high-risk-ports",
    "sns-alert-topic-kms-allows-publisher",
    "sns-alert-topic-policy-allows-publisher",
    "sns-topic-encrypted",
    "sns-topic-not-public",
    "vpc-default-sg-closed",
    "vpc-endpoints-used",
    "vpc-flow-logs-enabled",
];

/// Rules with commands that moto cannot hold, and why.
const NOT_HELD: &[(&str, &str)] = &[
    ("access-analyzer-enabled", "moto has no Access Analyzer"),
    ("access-analyzer-unused-access", "moto has no Access Analyzer"),
    ("ami-public-block", "moto does not have these defaults of EC2"),
    ("cloudtrail-cloudwatch-logs", "moto writes no events to log groups, so it never tells when it last did"),
    ("config-delivery-ok", "moto does not tell what became of deliveries"),
    ("cost-anomaly-monitor", "moto has no monitors of Cost Explorer"),
    ("ebs-snapshot-public-block", "moto does not have these defaults of EC2"),
    ("ec2-imdsv2-account-default", "moto does not have these defaults of EC2"),
    ("iam-no-expired-server-certs", "moto does not tell when a certificate expires"),
    ("macie-enabled", "moto says otherwise than AWS that Macie is off"),
    ("org-all-features", "moto cannot ask for all features"),
    ("org-root-credentials-management", "moto has no central root access"),
    ("org-root-sessions", "moto has no central root access"),
    ("sns-delivery-status-logging", "moto does not tell where topics log their deliveries"),
];

/// What fails on things that the script made in the first account, and why.
const NEW_BARE: &[(&str, &str)] = &[
    ("cloudtrail-bucket-mfa-delete", "only root can turn it on"),
    ("cloudtrail-cloudwatch-logs", "moto writes no events to log groups"),
    ("s3-bucket-default-encryption", "moto does not encrypt new buckets, AWS does"),
    ("s3-bucket-mfa-delete", "only root can turn it on"),
];

/// What fails on things that the script made in the second account, and why.
const NEW_NEGLECTED: &[(&str, &str)] = &[
    ("s3-bucket-default-encryption", "moto does not encrypt new buckets, AWS does"),
    ("s3-bucket-mfa-delete", "only root can turn it on"),
];

/// The folder with moto and the AWS CLI in it, installed when they are not there yet.
pub(crate) fn installed() -> PathBuf {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("aws-cli-moto");
    let complete = folder.join("complete");
    // Two tests ask for it, and one of them installs.
    let lock = std::fs::File::create(folder.with_extension("lock")).unwrap();
    lock.lock().unwrap();
    if !complete.exists() {
        run(Command::new("python3").args(["-m", "venv", "--clear"]).arg(&folder));
        let pip = ["-m", "pip", "install", "--quiet", "--disable-pip-version-check"];
        run(Command::new(folder.join("bin/python")).args(pip).args(PACKAGES));
        std::fs::write(complete, "").unwrap();
    }
    folder
}

pub(crate) fn run(command: &mut Command) -> String {
    let output = command.stdin(Stdio::null()).output().unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{command:?} failed: {said}");
    String::from_utf8(output.stdout).unwrap()
}

/// A server of its own, and the programs that talk to it.
pub(crate) struct Moto {
    process: Child,
    pub(crate) url: String,
    programs: PathBuf,
    pub(crate) folder: tempfile::TempDir,
}

impl Moto {
    pub(crate) fn start() -> Self {
        let programs = installed().join("bin");
        let mut command = Command::new(programs.join("moto_server"));
        command.args(["-H", "127.0.0.1", "-p", "0"]).env("PYTHONUNBUFFERED", "1");
        command.env("MOTO_IAM_LOAD_MANAGED_POLICIES", "true");
        let mut process = command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap();
        let mut log = BufReader::new(process.stderr.take().unwrap());
        let mut line = String::new();
        let port = loop {
            line.clear();
            assert!(log.read_line(&mut line).unwrap() > 0, "moto ended before it listened");
            if let Some((_, port)) = line.trim_end().rsplit_once("http://127.0.0.1:") {
                break port.parse::<u16>().unwrap();
            }
        };
        // moto logs every request: somebody has to read it, or the pipe fills and moto waits.
        std::thread::spawn(move || std::io::copy(&mut log, &mut std::io::sink()));
        Self { process, url: format!("http://127.0.0.1:{port}"), programs, folder: tempfile::tempdir().unwrap() }
    }

    pub(crate) fn python(&self, program: &str) -> Command {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/it/closed_loop");
        let mut command = Command::new(self.programs.join("python"));
        command.arg(folder.join(program));
        command
    }

    /// A snapshot of the account as it is now.
    pub(crate) fn snapshot(&self, name: &str, words: &[&str]) -> PathBuf {
        let (answers, file) = (self.folder.path().join(name), self.folder.path().join(format!("{name}.json")));
        let now = run(self.python("gather.py").arg(&self.url).arg(&answers).args(words));
        run(posture().args(["import", "--collected-at", now.trim()]).arg(&answers).arg("-o").arg(&file));
        file
    }

    /// Runs a script as a person would.
    fn script(&self, script: &str) {
        let mut aws = self.python("aws_at_hand.py");
        aws.arg(self.folder.path()).stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut aws = aws.spawn().unwrap();
        let mut ready = String::new();
        BufReader::new(aws.stdout.take().unwrap()).read_line(&mut ready).unwrap();
        assert_eq!(ready, "ready\n", "the AWS CLI does not start");
        let file = self.folder.path().join("plan.sh");
        std::fs::write(&file, script).unwrap();
        let mut command = Command::new("sh");
        command.arg(file).env_clear().env("PATH", format!("{}:/usr/bin:/bin", self.folder.path().display()));
        command.envs([("AWS_ACCESS_KEY_ID", "test"), ("AWS_SECRET_ACCESS_KEY", "test"), ("POSTURE_YES", "1")]);
        command.env("HOME", self.folder.path()).env("POSTURE_PAUSE", "0");
        // The account's number stands in the host of some calls, which no name server knows: moto takes them as a proxy.
        run(command.env("AWS_ENDPOINT_URL", &self.url).env("HTTP_PROXY", &self.url));
        drop(aws.stdin.take());
        aws.wait().unwrap();
    }
}

impl Drop for Moto {
    fn drop(&mut self) {
        drop(self.process.kill());
        drop(self.process.wait());
    }
}

fn posture() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_posture"));
    command.env_clear();
    command
}

/// A rule with the resource and Region that it was judged on.
pub(crate) type Judged = (String, String, Option<String>);

fn judged(rule: &Value, resource: &Value, region: &Value) -> Judged {
    let text = |value: &Value| value.as_str().map(str::to_owned);
    (text(rule).unwrap(), text(resource).unwrap(), text(region))
}

/// Status and message of everything that was judged.
pub(crate) type Verdicts = BTreeMap<Judged, (String, String)>;

pub(crate) fn scan(snapshot: &Path) -> Verdicts {
    let mut command = posture();
    command.args(["scan", "--format", "json", "--config", CONFIG, "--snapshot"]).arg(snapshot);
    let output = command.output().unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    let report: Value = serde_json::from_slice(&output.stdout).unwrap_or_else(|error| panic!("{error}: {said}"));
    let results = report["results"].as_array().unwrap().iter();
    results
        .map(|one| {
            let text = |name: &str| one[name].as_str().unwrap().to_owned();
            let key = judged(&one["rule"], &one["resource"]["id"], &one["resource"]["region"]);
            (key, (text("status"), text("message")))
        })
        .collect()
}

pub(crate) fn fix(snapshot: &Path, format: &str) -> String {
    let mut command = posture();
    command.args(["fix", "--format", format, "--config", CONFIG, "--snapshot"]).arg(snapshot);
    let mut set = |name: &str, value: &str| {
        command.args(["--set", &format!("{name}={value}")]);
    };
    set("email", "ops@example.com");
    set("amount", "50");
    set("account_alias", "acme");
    for (number, contact) in ["billing", "operations", "security"].into_iter().enumerate() {
        set(&format!("{contact}_name"), contact);
        set(&format!("{contact}_title"), contact);
        set(&format!("{contact}_email"), &format!("{contact}@example.com"));
        set(&format!("{contact}_phone"), &format!("+1 555 010{number}"));
    }
    run(&mut command)
}

/// What a plan says of findings, under one of its members.
fn findings(list: &Value) -> BTreeSet<Judged> {
    let one = |one: &Value| judged(&one["rule"], &one["resource"], &one["region"]);
    list.as_array().unwrap().iter().map(one).collect()
}

/// Whether a finding that failed is mended or gone with its resource.
pub(crate) fn good(after: &Verdicts, key: &Judged) -> bool {
    after.get(key).is_none_or(|(status, _)| status == "pass" || status == "not_applicable")
}

/// What fails.
pub(crate) fn fails(verdicts: &Verdicts) -> BTreeSet<Judged> {
    verdicts.iter().filter(|(_, (status, _))| status == "fail").map(|(key, _)| key.clone()).collect()
}

/// Scans, runs the script, confirms the mails as a person would, and scans again.
fn close(account: &str, held: &[&str], new_things: &[(&str, &str)]) {
    let moto = Moto::start();
    run(moto.python("account.py").arg(account).arg(&moto.url));
    let flawed = moto.snapshot("before", &[]);
    let before = scan(&flawed);
    let plan: Value = serde_json::from_str(&fix(&flawed, "json")).unwrap();
    moto.script(&fix(&flawed, "sh"));
    let after = scan(&moto.snapshot("after", &["confirmed"]));

    let is_good = |key: &Judged| good(&after, key);
    let not_held: BTreeSet<&str> = NOT_HELD.iter().map(|(rule, _)| *rule).collect();
    let promised = findings(&plan["promised"]);
    for key in &promised {
        assert_eq!(before[key].0, "fail", "{key:?}");
        let excused = not_held.contains(key.0.as_str());
        assert!(is_good(key) || excused, "promised, and now: {key:?} {:?}", after.get(key));
    }
    // Findings that want a person beside the commands count too: the person did what the plan says.
    let steps = plan["steps"].as_array().unwrap().iter();
    let touched: BTreeSet<Judged> = steps.flat_map(|step| findings(&step["mends"])).collect();
    let mended: BTreeSet<&str> = touched.iter().filter(|key| is_good(key)).map(|key| key.0.as_str()).collect();
    assert_eq!(mended, held.iter().copied().collect(), "rules that moto holds in the account {account}");

    let (old, now) = (fails(&before), fails(&after));
    let new: BTreeSet<&str> = now.difference(&old).map(|key| key.0.as_str()).collect();
    let expected: BTreeSet<&str> = new_things.iter().map(|(rule, _)| *rule).collect();
    let shown: Vec<_> = now.difference(&old).map(|key| (key, &after[key].1)).collect();
    assert_eq!(new, expected, "rules that fail on what the script made: {shown:#?}");
}

#[test]
fn an_account_in_which_nobody_set_anything_up_is_mended_and_nothing_new_has_come() {
    close("bare", HELD_BARE, NEW_BARE);
}

#[test]
fn an_account_that_somebody_left_half_done_is_mended_and_nothing_new_has_come() {
    close("neglected", HELD_NEGLECTED, NEW_NEGLECTED);
}

/// Rules that are held in one of the accounts.
fn held() -> BTreeSet<&'static str> {
    HELD_BARE.iter().chain(HELD_NEGLECTED).copied().collect()
}

fn rules_with_commands(wanted: bool) -> BTreeSet<String> {
    let rules = posture::rule::built_in(&posture::rule::ParamOverrides::new()).unwrap();
    let has = |rule: &posture::rule::Rule| rule.fix().unwrap().is_some_and(|fix| fix.has_commands());
    rules.into_iter().filter(|rule| has(rule) == wanted).map(|rule| rule.id).collect()
}

#[test]
fn the_tables_name_every_rule_whose_fix_has_commands() {
    let not_held = NOT_HELD.iter().map(|(rule, _)| *rule);
    let named: BTreeSet<String> = held().into_iter().chain(not_held).map(str::to_owned).collect();
    assert_eq!(named.len(), held().len() + NOT_HELD.len(), "a rule stands in both tables");
    assert_eq!(named, rules_with_commands(true));
}

#[test]
fn the_tables_of_the_documentation_are_those_of_the_test() {
    let page = include_str!("../../docs/fix.md");
    let section = |from: &str, to: &str| page.split_once(from).unwrap().1.split_once(to).unwrap().0;
    let proven = section("## What is proven", "## What has no commands");
    for (rule, why) in NOT_HELD {
        assert!(proven.contains(&format!("| `{rule}` | {why} |\n")), "docs/fix.md does not say: {rule}: {why}");
    }
    for (rule, why) in NEW_BARE.iter().chain(NEW_NEGLECTED) {
        assert!(proven.contains(&format!("| {rule} | {why} |\n")), "docs/fix.md does not say: {rule}: {why}");
    }
    for rule in held() {
        assert!(proven.contains(&format!("`{rule}`")), "docs/fix.md does not name {rule}");
    }
    assert_eq!(proven.matches("\n| `").count(), NOT_HELD.len(), "docs/fix.md lists rules that moto holds");
    let without = section("## What has no commands", "## A fix of your own");
    let named: Vec<&str> = without.split('`').skip(1).step_by(2).collect();
    let once: BTreeSet<String> = named.iter().map(|rule| (*rule).to_owned()).collect();
    assert_eq!(once.len(), named.len(), "docs/fix.md names a rule twice");
    assert_eq!(once, rules_with_commands(false), "rules without commands");
}

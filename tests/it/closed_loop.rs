//! The closed loop of `posture fix`: a flawed account on moto is scanned, the printed script runs under the AWS CLI, the
//! account is scanned again, and what was promised is gone.
//!
//! moto and the AWS CLI come from `PyPI` into a folder under `target/`, once. Python 3 is all that has to be there.
//! `closed_loop.py` makes the account and files what it answers the way an auditor with the AWS CLI would, so that rules
//! whose evidence no live collector gathers take part too.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use serde_json::Value;

/// What the expectations below were measured with.
const PACKAGES: [&str; 2] = ["moto[server]==5.2.5", "awscli==1.45.11"];

/// Rules with commands that this account shows to be mended on moto.
const HELD: &[&str] = &[
    "account-contact-billing",
    "account-contact-operations",
    "account-contact-security",
    "billing-alarm-exists",
    "budget-cost-exists",
    "cloudtrail-multi-region-enabled",
    "config-recorder-enabled",
    "ebs-default-encryption",
    "ec2-imdsv2-required",
    "guardduty-enabled",
    "health-event-rule-exists",
    "iam-account-alias-set",
    "iam-password-complexity",
    "iam-password-min-length",
    "iam-password-policy-exists",
    "iam-password-reuse",
    "iam-support-role",
    "iam-user-in-group",
    "iam-user-no-direct-policies",
    "kms-key-rotation",
    "s3-bucket-default-encryption",
    "s3-bucket-tls-only",
    "securityhub-enabled",
    "sg-no-open-admin-ipv4",
    "sg-no-open-admin-ipv6",
    "sg-no-open-cifs",
    "vpc-default-sg-closed",
    "vpc-flow-logs-enabled",
];

/// Rules with commands that moto cannot hold, and why.
const NOT_HELD: &[(&str, &str)] = &[
    ("access-analyzer-enabled", "moto has no Access Analyzer"),
    ("access-analyzer-unused-access", "moto has no Access Analyzer"),
    ("ami-public-block", "moto does not have these defaults of EC2"),
    ("billing-alarm-config-sane", "the account of the test has no alarm before the plan"),
    ("billing-alarm-notifies", "the account of the test has no alarm before the plan"),
    ("budget-actual-notification", "the account of the test has no budget before the plan"),
    ("budget-forecast-notification", "the account of the test has no budget before the plan"),
    ("budget-spend-excludes-credits", "the account of the test has no budget before the plan"),
    ("cloudtrail-bucket-access-logging", "the account of the test has no trail before the plan"),
    ("cloudtrail-bucket-not-public", "moto has no setting of the account to compare with"),
    ("cloudtrail-cloudwatch-logs", "the account of the test has no trail before the plan"),
    ("cloudtrail-kms-encrypted", "the account of the test has no trail before the plan"),
    ("cloudtrail-log-group-retention", "the account of the test has no trail before the plan"),
    ("cloudtrail-log-validation", "the account of the test has no trail before the plan"),
    ("cloudtrail-management-events-all", "the account of the test has no trail before the plan"),
    ("cloudtrail-s3-read-events", "the account of the test has no trail before the plan"),
    ("cloudtrail-s3-write-events", "the account of the test has no trail before the plan"),
    ("ebs-snapshot-public-block", "moto does not have these defaults of EC2"),
    ("ec2-imdsv2-account-default", "moto does not have these defaults of EC2"),
    ("health-event-backup-region", "the test asks one Region"),
    ("iam-password-max-age", "not judged unless its parameter is set"),
    ("iam-user-no-initial-access-key", "moto dates its credential report 2015, before any key"),
    ("iam-user-unused-credentials", "moto dates its credential report 2015, before any key"),
    ("iam-users-can-change-password", "not judged, as nobody in the account of the test has a password"),
    ("macie-enabled", "the test does not ask Macie"),
    ("org-root-credentials-management", "the account of the test is in no organization"),
    ("org-root-sessions", "the account of the test is in no organization"),
    ("rds-auto-minor-upgrade", "the account of the test has no database"),
    ("rds-multi-az", "the account of the test has no database"),
    ("rds-not-public", "the account of the test has no database"),
    ("s3-account-public-access-block", "the call puts the account into the name of the host, which needs DNS"),
    ("s3-bucket-public-access-block", "moto has no setting of the account to compare with"),
];

/// Rules that judge what the script makes, and that only a person or a second plan can satisfy.
const NEW_THINGS: &[(&str, &str)] = &[
    ("billing-alarm-notifies", "somebody has to confirm the subscription"),
    ("cloudtrail-bucket-mfa-delete", "only root can turn it on"),
    ("cloudtrail-cloudwatch-logs", "the next plan brings a log group"),
    ("cloudtrail-delivery-healthy", "the test judges as of 2030, long after the last delivery"),
    ("cloudtrail-management-events-all", "moto gives a new trail no selectors, AWS all management events"),
    ("guardduty-findings-routed", "nobody asked before GuardDuty was on"),
    ("health-event-target-reachable", "somebody has to confirm the subscription"),
    ("s3-bucket-default-encryption", "moto does not encrypt new buckets, AWS does"),
    ("s3-bucket-mfa-delete", "only root can turn it on"),
    ("sns-alert-topic-confirmed-subscription", "somebody has to confirm it"),
    ("sns-topic-encrypted", "a topic that services publish to needs a key of your own"),
];

fn installed() -> PathBuf {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("aws-cli-moto");
    let complete = folder.join("complete");
    if !complete.exists() {
        run(Command::new("python3").args(["-m", "venv", "--clear"]).arg(&folder));
        let pip = ["-m", "pip", "install", "--quiet", "--disable-pip-version-check"];
        run(Command::new(folder.join("bin/python")).args(pip).args(PACKAGES));
        std::fs::write(complete, "").unwrap();
    }
    folder
}

fn run(command: &mut Command) -> String {
    let output = command.stdin(Stdio::null()).output().unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{command:?} failed: {said}");
    String::from_utf8(output.stdout).unwrap()
}

/// A server of its own, and the programs that talk to it.
struct Moto {
    process: Child,
    url: String,
    programs: PathBuf,
    folder: tempfile::TempDir,
}

impl Moto {
    fn start() -> Self {
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

    fn python(&self, what: &str, more: &[&Path]) {
        let program = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/it/closed_loop.py");
        run(Command::new(self.programs.join("python")).arg(program).arg(what).arg(&self.url).args(more));
    }

    /// A snapshot of the account as it is now.
    fn snapshot(&self, name: &str) -> PathBuf {
        let (answers, file) = (self.folder.path().join(name), self.folder.path().join(format!("{name}.json")));
        self.python("gather", &[&answers]);
        // moto dates its credential report 2015-02-02; what is judged here has to be younger than what the script makes.
        run(posture().args(["import", "--collected-at", "2030-01-01T00:00:00Z"]).arg(&answers).arg("-o").arg(&file));
        file
    }

    /// Runs a script as a person would.
    fn script(&self, script: &str) {
        let file = self.folder.path().join("plan.sh");
        std::fs::write(&file, script).unwrap();
        let search = format!("{}:/usr/bin:/bin", self.programs.display());
        let mut command = Command::new("sh");
        command.arg(file).env_clear().env("PATH", search).env("HOME", self.folder.path());
        command.envs([("AWS_ACCESS_KEY_ID", "test"), ("AWS_SECRET_ACCESS_KEY", "test"), ("POSTURE_YES", "1")]);
        run(command.env("AWS_ENDPOINT_URL", &self.url).env("POSTURE_PAUSE", "0"));
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
type Judged = (String, String, Option<String>);

fn judged(rule: &Value, resource: &Value, region: &Value) -> Judged {
    let text = |value: &Value| value.as_str().map(str::to_owned);
    (text(rule).unwrap(), text(resource).unwrap(), text(region))
}

/// Status and message of everything that was judged.
fn scan(snapshot: &Path) -> BTreeMap<Judged, (String, String)> {
    let output = posture().args(["scan", "--format", "json", "--snapshot"]).arg(snapshot).output().unwrap();
    let report: Value = serde_json::from_slice(&output.stdout).unwrap();
    let results = report["results"].as_array().unwrap().iter();
    results
        .map(|one| {
            let text = |name: &str| one[name].as_str().unwrap().to_owned();
            let key = judged(&one["rule"], &one["resource"]["id"], &one["resource"]["region"]);
            (key, (text("status"), text("message")))
        })
        .collect()
}

fn fix(snapshot: &Path, format: &str) -> String {
    let mut command = posture();
    command.args(["fix", "--format", format, "--snapshot"]).arg(snapshot);
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

#[test]
#[ignore = "takes minutes: cargo test --test it closed_loop -- --ignored"]
fn what_the_script_promised_to_mend_is_gone_and_nothing_new_has_come() {
    let moto = Moto::start();
    moto.python("flaw", &[]);
    let flawed = moto.snapshot("before");
    let before = scan(&flawed);
    let plan: Value = serde_json::from_str(&fix(&flawed, "json")).unwrap();
    moto.script(&fix(&flawed, "sh"));
    let after = scan(&moto.snapshot("after"));

    let promised: BTreeSet<Judged> = plan["promised"]
        .as_array()
        .unwrap()
        .iter()
        .map(|one| judged(&one["rule"], &one["resource"], &one["region"]))
        .collect();
    let cannot: BTreeSet<&str> = NOT_HELD.iter().map(|(rule, _)| *rule).collect();
    let mut mended = BTreeSet::new();
    for key in &promised {
        assert_eq!(before[key].0, "fail", "{key:?}");
        let now = after.get(key).map_or("gone", |(status, _)| status.as_str());
        if cannot.contains(key.0.as_str()) {
            assert_ne!(now, "pass", "{} is mended on moto after all: move it to HELD", key.0);
        } else {
            assert!(["pass", "not_applicable", "gone"].contains(&now), "{key:?} is {:?}", after.get(key));
            mended.insert(key.0.as_str());
        }
    }
    assert_eq!(mended.into_iter().collect::<Vec<_>>(), HELD, "the table of rules that moto holds");

    let fails = |(key, (status, _)): (&Judged, &(String, String))| (status == "fail").then(|| key.0.clone());
    let old: BTreeSet<&Judged> =
        before.iter().filter(|(_, (status, _))| status == "fail").map(|(key, _)| key).collect();
    let new: BTreeSet<String> = after.iter().filter(|(key, _)| !old.contains(key)).filter_map(fails).collect();
    let expected: BTreeSet<String> = NEW_THINGS.iter().map(|(rule, _)| (*rule).to_owned()).collect();
    assert_eq!(new, expected, "rules that fail on what the script made");
}

#[test]
fn the_tables_name_every_rule_whose_fix_has_commands() {
    let named: BTreeSet<&str> = HELD.iter().copied().chain(NOT_HELD.iter().map(|(rule, _)| *rule)).collect();
    assert_eq!(named.len(), HELD.len() + NOT_HELD.len(), "a rule stands in both tables");
    let rules = posture::rule::built_in(&posture::rule::ParamOverrides::new()).unwrap();
    let with_commands = rules.iter().filter(|rule| rule.fix().unwrap().is_some_and(|fix| fix.has_commands()));
    let with_commands: BTreeSet<&str> = with_commands.map(|rule| rule.id.as_str()).collect();
    assert_eq!(named, with_commands);
}

#[test]
fn the_tables_of_the_documentation_are_those_of_the_test() {
    let page = include_str!("../../docs/fix.md");
    for (rule, why) in NOT_HELD {
        assert!(page.contains(&format!("| `{rule}` | {why} |")), "docs/fix.md does not say: {rule}: {why}");
    }
    for rule in HELD {
        assert!(page.contains(&format!("`{rule}`")), "docs/fix.md does not name {rule}");
    }
    let rows = page.lines().filter(|line| line.starts_with("| `")).count();
    assert_eq!(rows, NOT_HELD.len(), "docs/fix.md lists rules that moto holds");
}

//! The policy of `posture permissions` on moto, which enforces IAM by its own code: what answers with the policy stops
//! answering when its action is gone.
//!
//! moto is no proof by itself, so the stub is (see `permissions.rs`): it names actions after the service that signs, as
//! `monitoring:DescribeAlarms`, refuses services with REST paths whatever the policy says, and words each refusal in EC2's XML,
//! which other protocols cannot read. What it does answer is compared.

use std::collections::{BTreeMap, BTreeSet};

use posture::snapshot::{Operation, Outcome, SnapshotReader};
use serde_json::{Value, json};

use crate::moto::Moto;
use crate::offline;
use crate::program::{posture, run};

/// Operations that answer without a permission: <https://docs.aws.amazon.com/STS/latest/APIReference/API_GetCallerIdentity.html>.
const FREE: Operation = Operation::StsGetCallerIdentity;

fn policy(actions: &BTreeSet<String>) -> String {
    let statement = json!({ "Effect": "Allow", "Action": actions, "Resource": "*" });
    json!({ "Version": "2012-10-17", "Statement": [statement] }).to_string()
}

fn encoded(text: &str) -> String {
    text.bytes().fold(String::new(), |encoded, byte| format!("{encoded}%{byte:02X}"))
}

fn between<'t>(text: &'t str, start: &str, end: &str) -> &'t str {
    text.split_once(start).unwrap().1.split_once(end).unwrap().0
}

/// A user of moto with a key.
struct Auditor {
    moto: Moto,
    id: String,
    secret: String,
}

impl Auditor {
    fn new() -> Self {
        let moto = Moto::start();
        moto.iam("Action=CreateUser&UserName=auditor");
        let key = moto.form("iam", "us-east-1", "2010-05-08", "Action=CreateAccessKey&UserName=auditor");
        let (id, secret) = (between(&key, "<AccessKeyId>", "<"), between(&key, "<SecretAccessKey>", "<"));
        Self { id: id.to_owned(), secret: secret.to_owned(), moto }
    }

    /// The operations that answer with these actions alone, "there is none" included.
    fn answered(&self, actions: &BTreeSet<String>) -> BTreeSet<Operation> {
        self.moto.enforce(false);
        let document = encoded(&policy(actions));
        self.moto.iam(&format!("Action=PutUserPolicy&UserName=auditor&PolicyName=posture&PolicyDocument={document}"));
        self.moto.enforce(true);
        let home = tempfile::tempdir().unwrap();
        let file = home.path().join("snapshot.json");
        let mut command = posture(home.path(), &self.moto.url());
        command.env("AWS_ACCESS_KEY_ID", &self.id).env("AWS_SECRET_ACCESS_KEY", &self.secret);
        command.env_remove("AWS_SESSION_TOKEN").args(["snapshot", "--region", "us-east-1", "-o"]).arg(&file);
        let run = run(&mut command);
        assert_eq!(run.code, 0, "{}", run.stderr);
        let snapshot = SnapshotReader::open(&file).unwrap().next().unwrap().unwrap();
        let mut answers: BTreeMap<Operation, bool> = BTreeMap::new();
        for one in snapshot.observations().iter().filter(|one| one.operation != FREE) {
            let answered = match &one.outcome {
                Outcome::Answered(_) => true,
                Outcome::Failed(error) => one.operation.spec().absent_codes.contains(&error.code.as_str()),
            };
            *answers.entry(one.operation).or_insert(true) &= answered;
        }
        answers.into_iter().filter(|(_, answered)| *answered).map(|(operation, _)| operation).collect()
    }
}

#[test]
fn what_moto_answers_with_the_policy_it_refuses_without_its_action() {
    let run = offline::posture(["permissions"]);
    let printed: Value = run.json();
    let actions = printed["Statement"][0]["Action"].as_array().unwrap();
    let all: BTreeSet<String> = actions.iter().map(|action| action.as_str().unwrap().to_owned()).collect();
    let auditor = Auditor::new();
    let answered = auditor.answered(&all);
    assert!(answered.len() >= 35, "{answered:?}");
    assert_eq!(auditor.answered(&["sts:DecodeAuthorizationMessage".to_owned()].into()), BTreeSet::new());
    // Every second action, so that each of two runs shows what each action lets through.
    for part in 0..2 {
        let some: BTreeSet<String> = all.iter().skip(part).step_by(2).cloned().collect();
        let expected: BTreeSet<Operation> = answered
            .iter()
            .copied()
            .filter(|operation| operation.spec().actions.iter().all(|action| some.contains(*action)))
            .collect();
        let got = auditor.answered(&some);
        // A report that an earlier run had made is read without having one made.
        let without_report = |mut operations: BTreeSet<Operation>| {
            operations.remove(&Operation::IamGetCredentialReport);
            operations
        };
        assert_eq!(without_report(got), without_report(expected));
    }
}

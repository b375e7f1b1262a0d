//! The script of `posture import --script`, run by a POSIX shell with a stand-in for the AWS CLI that knows an example
//! account's answers and nothing else: what it gathers must import as that account.

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use base64::Engine;
use posture::snapshot::import::{ImportOptions, SCRIPT, import};
use posture::snapshot::{Gathered, Observation, Operation, Outcome, Request, Response, Snapshot, SnapshotHeader, Time};
use serde::Serialize;

/// Answers a call that stands in `calls` with the file of its line's number, and notes every other call.
const STAND_IN: &str = r#"#!/bin/sh
here=${0%/*}
region='' request='' words=''
while [ $# -gt 0 ]; do
    case $1 in
        --region) region=$2; shift 2 ;;
        --cli-input-json) request=$2; shift 2 ;;
        --show-filter-expression) shift ;;
        --*) shift 2 ;;
        *) words="$words$1 "; shift ;;
    esac
done
[ "${words%% *}" = configure ] && exit 1
call="$words$region $request"
number=$(grep -nxF -e "$call" "$here/calls" | cut -d: -f1)
if [ -z "$number" ]; then
    printf '%s\n' "$call" >>"$here/unexpected"
    echo "aws: error: not in the example: $call" >&2
    exit 252
fi
printf '%s\n' "$call" >>"$here/made"
[ -f "$here/$number.err" ] && { cat "$here/$number.err" >&2; exit 254; }
cat "$here/$number.out"
"#;

/// A folder with the script, the stand-in and the answers that it knows.
struct Desk {
    folder: tempfile::TempDir,
    calls: Vec<String>,
}

impl Desk {
    fn new() -> Self {
        let desk = Self { folder: tempfile::tempdir().unwrap(), calls: Vec::new() };
        desk.put("gather.sh", SCRIPT);
        desk.put("aws", STAND_IN);
        let mut mode = std::fs::metadata(desk.path("aws")).unwrap().permissions();
        std::os::unix::fs::PermissionsExt::set_mode(&mut mode, 0o700);
        std::fs::set_permissions(desk.path("aws"), mode).unwrap();
        desk
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn put(&self, name: &str, text: &str) {
        std::fs::write(self.path(name), text).unwrap();
    }

    fn lines(&self, name: &str) -> Vec<String> {
        let text = std::fs::read_to_string(self.path(name)).unwrap_or_default();
        text.lines().map(str::to_owned).collect()
    }

    /// Teaches the stand-in one call.
    fn knows(
        &mut self,
        command: &str,
        region: &str,
        request: &Request,
        outcome: Result<&Response, (&str, &str, &str)>,
    ) {
        let request = if request.is_empty() { String::new() } else { serde_json::to_string(request).unwrap() };
        self.calls.push(format!("{command} {region} {request}"));
        let number = self.calls.len();
        match outcome {
            Ok(response) => self.put(&format!("{number}.out"), &printed(response)),
            Err((code, name, message)) => self.put(
                &format!("{number}.err"),
                &format!("\nAn error occurred ({code}) when calling the {name} operation: {message}\n"),
            ),
        }
        self.put("calls", &(self.calls.join("\n") + "\n"));
    }

    fn knows_account(&mut self, account: &Snapshot) {
        for observation in account.observations() {
            let spec = observation.operation.spec();
            let command = format!("{} {}", spec.service, observation.operation.command());
            let outcome = match &observation.outcome {
                Outcome::Answered(response) => Ok(response),
                Outcome::Failed(error) => Err((error.code.as_str(), spec.name, error.message.as_str())),
            };
            self.knows(&command, &observation.region, &observation.request, outcome);
        }
        let calls = self.calls.len() + 1;
        self.calls.push("iam generate-credential-report us-east-1 ".to_owned());
        let denied = account.observations().iter().find_map(|observation| match &observation.outcome {
            Outcome::Failed(error) if observation.operation == Operation::IamGetCredentialReport => Some(error),
            _ => None,
        });
        match denied {
            Some(error) => self.put(
                &format!("{calls}.err"),
                &format!(
                    "An error occurred ({}) when calling the GenerateCredentialReport operation: {}\n",
                    error.code, error.message
                ),
            ),
            None => self.put(&format!("{calls}.out"), "{\n    \"State\": \"COMPLETE\"\n}\n"),
        }
        self.put("calls", &(self.calls.join("\n") + "\n"));
    }

    #[expect(clippy::disallowed_methods, reason = "the shell needs the tools of whoever runs the tests")]
    fn run(&self, arguments: &[&str]) -> Output {
        let path = format!("{}:{}", self.folder.path().display(), std::env::var("PATH").unwrap());
        let mut shell = Command::new("sh");
        shell.arg("gather.sh").args(arguments).current_dir(self.folder.path()).env_clear().env("PATH", path);
        shell.output().unwrap()
    }
}

/// An answer as the AWS CLI prints it: four spaces a level, and nothing for an answer without members.
fn printed(response: &Response) -> String {
    let mut value = serde_json::to_value(response).unwrap();
    if value.as_object().unwrap().is_empty() {
        return String::new();
    }
    if let Some(content) = value.get_mut("Content") {
        *content = base64::engine::general_purpose::STANDARD.encode(content.as_str().unwrap()).into();
    }
    let mut text = Vec::new();
    let indent = serde_json::ser::PrettyFormatter::with_indent(b"    ");
    value.serialize(&mut serde_json::Serializer::with_formatter(&mut text, indent)).unwrap();
    String::from_utf8(text).unwrap() + "\n"
}

/// The account, with identities and policies in the one unfiltered answer for which the script asks.
fn unfiltered(account: &Snapshot) -> Snapshot {
    let is_details = |observation: &Observation| observation.operation == Operation::IamGetAccountAuthorizationDetails;
    let (parts, mut observations): (Vec<_>, Vec<_>) = account.observations().iter().cloned().partition(is_details);
    // A lookup that imports may hold and the script does not make: no fact reads it, and AWS allows two a second.
    let is_of_alerts = |request: &Request| serde_json::to_string(request).unwrap().contains("EnableBillingAlerts");
    observations.retain(|one| !is_of_alerts(&one.request));
    let whole = parts.into_iter().reduce(|mut whole, part| {
        merge(&mut whole.outcome, part.outcome);
        whole
    });
    observations.push(Observation { request: Request::new(), ..whole.unwrap() });
    let mut regions = account.regions.clone();
    regions.sort();
    let header = SnapshotHeader {
        collector: account.collector.clone(),
        collected_at: account.collected_at,
        account: account.account.clone(),
        partition: account.partition.clone(),
        caller: account.caller.clone(),
        regions,
    };
    Snapshot::new(header, observations).unwrap()
}

fn merge(whole: &mut Outcome, part: Outcome) {
    use Response::IamGetAccountAuthorizationDetails as Details;
    if let (Outcome::Answered(Details(whole)), Outcome::Answered(Details(part))) = (whole, part) {
        whole.user_detail_list.as_mut().unwrap().extend(part.user_detail_list.unwrap());
        whole.group_detail_list.as_mut().unwrap().extend(part.group_detail_list.unwrap());
        whole.role_detail_list.as_mut().unwrap().extend(part.role_detail_list.unwrap());
        whole.policies.as_mut().unwrap().extend(part.policies.unwrap());
    }
}

fn gathered(folder: &Path) -> Snapshot {
    let options = ImportOptions {
        collector: "posture 0.1.0".to_owned(),
        collected_at: Some(Time::parse("2026-11-22T03:00:00Z").unwrap()),
        ..ImportOptions::default()
    };
    let imported = import(folder, &options).unwrap();
    assert_eq!(imported.skipped, []);
    imported.snapshot
}

#[test]
fn what_the_script_gathers_imports_as_the_account_that_answered() {
    for name in ["bootcamp", "bootcamp-hardened", "clean", "denied", "empty", "menagerie"] {
        let account = unfiltered(&super::accounts::account(name));
        let mut desk = Desk::new();
        desk.knows_account(&account);
        let regions: Vec<&str> = account.regions.iter().map(String::as_str).collect();
        let is_paid = |one: &Observation| one.operation.spec().gathered == Gathered::Paid;
        let paid = if account.observations().iter().any(is_paid) { ["--allow-paid-calls"].as_slice() } else { &[] };
        let output = desk.run(&[paid, &["answers"], regions.as_slice()].concat());
        let words = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{name}: {words}");
        assert_eq!(desk.lines("unexpected"), Vec::<String>::new(), "{name}");
        let mut made = desk.lines("made");
        made.sort();
        let mut known = desk.calls.clone();
        known.sort();
        assert_eq!(made, known, "{name}: each call is made once");
        let snapshot = gathered(&desk.path("answers"));
        for (one, other) in snapshot.observations().iter().zip(account.observations()) {
            assert_eq!(one, other, "{name}");
        }
        assert_eq!(snapshot, account, "{name}");
    }
}

//! Folders of AWS CLI output as snapshots: what is understood, what is refused, and with which words.

use std::path::Path;

use crate::offline::posture;
use posture::snapshot::import::{ImportError, ImportOptions, Imported, import};
use posture::snapshot::shapes::{account, budgets, cloudtrail, iam, sns};
use posture::snapshot::{Operation, Outcome, Said, Snapshot, Time};

const IDENTITY: &str =
    r#"{"UserId":"AROAEXAMPLE:ci","Account":"123456789012","Arn":"arn:aws:sts::123456789012:assumed-role/audit/ci"}"#;
const SUMMARY: &str = r#"{"SummaryMap":{"AccountMFAEnabled":1,"AccountAccessKeysPresent":0}}"#;

fn options() -> ImportOptions {
    ImportOptions {
        collector: "posture test".to_owned(),
        collected_at: Some(Time::parse("2026-11-22T03:00:00Z").unwrap()),
        ..ImportOptions::default()
    }
}

fn folder(files: &[(&str, &str)]) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    for (name, text) in [("sts/get-caller-identity.json", IDENTITY)].iter().chain(files) {
        write(folder.path(), name, text.as_bytes());
    }
    folder
}

fn write(folder: &Path, name: &str, bytes: &[u8]) {
    let path = folder.join(name);
    std::fs::create_dir_all(path.parent().unwrap()).unwrap();
    std::fs::write(path, bytes).unwrap();
}

fn imported(files: &[(&str, &str)]) -> Imported {
    import(folder(files).path(), &options()).unwrap()
}

fn snapshot(files: &[(&str, &str)]) -> Snapshot {
    imported(files).snapshot
}

fn refused(files: &[(&str, &str)]) -> String {
    words(&import(folder(files).path(), &options()).unwrap_err())
}

fn words(error: &ImportError) -> String {
    format!("{error}\nhint: {}", error.hint())
}

fn labels(snapshot: &Snapshot) -> Vec<String> {
    snapshot.observations().iter().map(posture::snapshot::Observation::label).collect()
}

#[test]
fn bare_answers_and_wrapped_ones_become_observations() {
    let snapshot = snapshot(&[
        ("iam/get-account-summary.json", SUMMARY),
        (
            "sns/get-topic-attributes@us-east-1~1.json",
            r#"{"request":{"TopicArn":"arn:t"},"response":{"Attributes":{"Owner":"1"}}}"#,
        ),
        (
            "budgets/describe-budgets.json",
            r#"{"request":{"AccountId":"123456789012"},"error":{"code":"AccessDeniedException","message":"no"}}"#,
        ),
        ("events/list-rules@eu-west-1.json", r#"{"Rules":[]}"#),
    ]);
    assert_eq!(
        labels(&snapshot),
        [
            r#"budgets:DescribeBudgets@us-east-1 {"AccountId":"123456789012"}"#,
            "events:ListRules@eu-west-1",
            "iam:GetAccountSummary@us-east-1",
            r#"sns:GetTopicAttributes@us-east-1 {"TopicArn":"arn:t"}"#,
            "sts:GetCallerIdentity@us-east-1",
        ]
    );
    assert_eq!(snapshot.account, "123456789012");
    assert_eq!(snapshot.partition, "aws");
    assert_eq!(snapshot.caller, "arn:aws:sts::123456789012:assumed-role/audit/ci");
    assert_eq!(snapshot.regions, ["eu-west-1"]);
    let answer = snapshot.answers::<budgets::DescribeBudgets>().next().unwrap();
    assert!(matches!(answer.said, Said::Failed(error) if error.code == "AccessDeniedException"));
}

#[test]
fn the_words_of_a_refused_call_become_an_error_and_never_an_empty_answer() {
    let denied = "\nAn error occurred (AccessDenied) when calling the GetAccountSummary operation: User: u is not \
                  authorized to perform: iam:GetAccountSummary on resource: *\n";
    // `aws … > x.json 2> x.err` leaves an empty answer beside the words.
    for files in [
        vec![("iam/get-account-summary.err", denied)],
        vec![("iam/get-account-summary.err", denied), ("iam/get-account-summary.json", "")],
    ] {
        let snapshot = snapshot(&files);
        let answer = snapshot.answers::<iam::GetAccountSummary>().next().unwrap();
        let Said::Failed(error) = answer.said else { panic!("not an error") };
        assert_eq!(error.code, "AccessDenied");
        assert!(error.message.starts_with("User: u is not authorized"), "{}", error.message);
    }
    let none = "An error occurred (NoSuchEntity) when calling the GetAccountPasswordPolicy operation: none";
    let snapshot = snapshot(&[("iam/get-account-password-policy.err", none)]);
    assert!(matches!(snapshot.answers::<iam::GetAccountPasswordPolicy>().next().unwrap().said, Said::Absent));
}

#[test]
fn what_boto3_gives_for_a_failed_call_is_an_error() {
    let failed = r#"{"Error":{"Code":"NoSuchEntity","Message":"none"},"ResponseMetadata":{"HTTPStatusCode":404}}"#;
    let snapshot = snapshot(&[("iam/get-account-password-policy.json", failed)]);
    assert!(matches!(snapshot.answers::<iam::GetAccountPasswordPolicy>().next().unwrap().said, Said::Absent));
}

#[test]
fn an_empty_file_is_an_answer_only_where_the_cli_prints_none_and_said_nothing_else() {
    let empty = ("budgets/describe-budgets.json", "");
    assert!(refused(&[empty]).contains("budgets/describe-budgets.json`: the file is empty"));
    let snapshot = snapshot(&[empty, ("budgets/describe-budgets.err", "")]);
    let answer = snapshot.answers::<budgets::DescribeBudgets>().next().unwrap();
    assert!(matches!(answer.said, Said::Present(answer) if answer.budgets.is_none()));
    let files = [("iam/get-account-summary.json", " \n"), ("iam/get-account-summary.err", "")];
    assert!(refused(&files).contains("the file is empty"));
}

#[test]
fn an_answer_and_an_error_of_one_call_are_refused() {
    let message = refused(&[("iam/get-account-summary.json", SUMMARY), ("iam/get-account-summary.err", "Warning: x")]);
    assert!(message.contains("iam/get-account-summary.json`: an answer and an error of one call"), "{message}");
}

#[test]
fn requests_are_taken_from_answers_that_repeat_them_and_missed_in_others() {
    let snapshot = snapshot(&[
        (
            "account/get-alternate-contact~1.json",
            r#"{"AlternateContact":{"AlternateContactType":"BILLING","EmailAddress":"b@example.com"}}"#,
        ),
        ("sns/get-topic-attributes@us-east-1.json", r#"{"Attributes":{"TopicArn":"arn:t","Owner":"1"}}"#),
    ]);
    let contact = snapshot.answers::<account::GetAlternateContact>().next().unwrap();
    assert_eq!(contact.observation.request["AlternateContactType"], "BILLING");
    let topic = snapshot.answers::<sns::GetTopicAttributes>().next().unwrap();
    assert_eq!(topic.observation.request["TopicArn"], "arn:t");
    let message = refused(&[("cloudtrail/get-trail-status@us-east-1.json", r#"{"IsLogging":true}"#)]);
    assert!(message.contains("there is no request with `Name`") && message.contains("wrap it as"), "{message}");
}

#[test]
fn metric_filters_say_whether_they_are_a_regions_or_one_log_groups() {
    const NAME: &str = "logs/describe-metric-filters@us-east-1.json";
    let filter = r#"{"metricFilters":[{"filterName":"root","logGroupName":"trail","filterPattern":""}]}"#;
    for bare in [filter, r#"{"metricFilters":[]}"#, &format!(r#"{{"response":{filter}}}"#)] {
        let words = refused(&[(NAME, bare)]);
        assert!(words.contains("those of one log group") && words.contains(r#""logGroupName""#), "{words}");
    }
    let asked = |request: &str| {
        let wrapped = format!(r#"{{"request":{request},"response":{filter}}}"#);
        let snapshot = snapshot(&[(NAME, &wrapped)]);
        let mut found = snapshot.observations().iter().filter(|one| one.label().contains("DescribeMetricFilters"));
        found.next().unwrap().request.clone()
    };
    assert!(asked("{}").is_empty(), "somebody says that nothing was left out");
    assert_eq!(asked(r#"{"logGroupName":"trail"}"#)["logGroupName"], "trail");
}

#[test]
fn regional_answers_need_a_region_in_the_name_or_a_single_one_given() {
    let files = [("events/list-rules.json", r#"{"Rules":[]}"#)];
    assert!(refused(&files).contains("events/list-rules.json`: the name does not say which Region answered"));
    let given = |regions: &[&str]| ImportOptions {
        regions: regions.iter().map(|&region| region.to_owned()).collect(),
        ..options()
    };
    let one = import(folder(&files).path(), &given(&["eu-west-1"])).unwrap().snapshot;
    assert_eq!(labels(&one).first().unwrap(), "events:ListRules@eu-west-1");
    assert!(import(folder(&files).path(), &given(&["eu-west-1", "us-east-1"])).is_err());
}

#[test]
fn global_services_answer_in_the_partitions_first_region_and_only_once() {
    let china = IDENTITY.replace("arn:aws:", "arn:aws-cn:");
    let snapshot = snapshot(&[("sts/get-caller-identity.json", &china), ("iam/get-account-summary.json", SUMMARY)]);
    assert_eq!(snapshot.partition, "aws-cn");
    assert!(snapshot.observations().iter().all(|observation| observation.region == "cn-northwest-1"));
    assert_eq!(snapshot.regions, ["cn-northwest-1"]);
    let twice = [("iam/get-account-summary.json", SUMMARY), ("iam/get-account-summary@eu-west-1.json", SUMMARY)];
    let message = refused(&twice);
    assert!(message.contains("iam/get-account-summary@eu-west-1.json`: the same call as `"), "{message}");
}

#[test]
fn without_an_identity_the_account_must_be_given_and_with_one_it_must_agree() {
    let folder = folder(&[("iam/get-account-summary.json", SUMMARY)]);
    let other = ImportOptions { account: Some("999999999999".to_owned()), ..options() };
    let message = words(&import(folder.path(), &other).unwrap_err());
    assert!(message.contains("those of account `123456789012`, not of `999999999999`"), "{message}");
    std::fs::remove_file(folder.path().join("sts/get-caller-identity.json")).unwrap();
    let message = words(&import(folder.path(), &options()).unwrap_err());
    assert!(message.contains("the account is not known") && message.contains("--account"), "{message}");
    let given =
        ImportOptions { account: Some("123456789012".to_owned()), partition: Some("aws".to_owned()), ..options() };
    assert_eq!(import(folder.path(), &given).unwrap().snapshot.account, "123456789012");
    let wrong = ImportOptions { account: Some("12345".to_owned()), ..given };
    assert!(import(folder.path(), &wrong).unwrap_err().to_string().contains("not twelve digits"));
}

#[test]
fn the_time_of_collection_is_given_noted_or_that_of_the_credential_report() {
    let report = r#"{"Content":"dXNlcixhcm4K","ReportFormat":"text/csv","GeneratedTime":"2026-11-21T23:30:00+00:00"}"#;
    let silent = ImportOptions { collected_at: None, ..options() };
    let time =
        |files: &[(&str, &str)]| import(folder(files).path(), &silent).map(|it| it.snapshot.collected_at.to_string());
    let message = words(&time(&[]).unwrap_err());
    assert!(message.contains("when its answers were collected") && message.contains("--collected-at"), "{message}");
    assert_eq!(time(&[("iam/get-credential-report.json", report)]).unwrap(), "2026-11-21T23:30:00Z");
    let noted = ("collected-at", "2026-11-22T01:00:00Z\n");
    assert_eq!(time(&[("iam/get-credential-report.json", report), noted]).unwrap(), "2026-11-22T01:00:00Z");
    let early = ("collected-at", "2026-11-20T01:00:00Z\n");
    assert!(
        words(&time(&[("iam/get-credential-report.json", report), early]).unwrap_err()).contains("generated later")
    );
    assert!(words(&time(&[("collected-at", "yesterday")]).unwrap_err()).contains("collected-at`: `yesterday` is not"));
}

#[test]
fn a_credential_report_is_kept_as_text_whether_it_came_as_text_or_base64() {
    for content in ["dXNlcixhcm4Kcm9vdCxhcm46cgo=", "dXNlcixhcm4K\\ncm9vdCxhcm46cgo=", "user,arn\\nroot,arn:r\\n"] {
        let report = format!(r#"{{"Content":"{content}","GeneratedTime":"2026-11-21T23:30:00+00:00"}}"#);
        let snapshot = snapshot(&[("iam/get-credential-report.json", &report)]);
        let Said::Present(report) = snapshot.answers::<iam::GetCredentialReport>().next().unwrap().said else {
            panic!()
        };
        assert_eq!(report.content.as_deref(), Some("user,arn\nroot,arn:r\n"));
    }
    let message = refused(&[("iam/get-credential-report.json", r#"{"Content":"?"}"#)]);
    assert!(message.contains("at `Content`: the credential report is neither CSV nor base64"), "{message}");
}

#[test]
fn files_that_posture_does_not_know_are_named_and_left_alone() {
    let imported = imported(&[
        ("iam/list-ssh-public-keys.json", "not json"),
        ("iam/notes.txt", ""),
        ("iam/.get-account-summary.json.swp", ""),
        ("polly/list-objects.json", "{"),
        ("README.md", ""),
        (".git/config", ""),
    ]);
    let skipped: Vec<_> = imported.skipped.iter().map(|skipped| skipped.file.as_str()).collect();
    assert_eq!(
        skipped,
        [
            ".git",
            "README.md",
            "iam/.get-account-summary.json.swp",
            "iam/list-ssh-public-keys.json",
            "iam/notes.txt",
            "polly"
        ]
    );
    assert_eq!(imported.snapshot.observations().len(), 1);
}

#[test]
fn text_that_is_not_an_answer_is_refused_where_it_stands() {
    let name = "iam/get-account-summary.json";
    for (text, expected) in [
        ("{\"SummaryMap\":", "line 1, column 14: EOF"),
        ("[]", "an answer is a JSON object"),
        ("{\"response\":[]}", "invalid type: sequence, expected an object"),
        (
            "{\"SummaryMap\":{\n  \"AccountMFAEnabled\":\"yes\"}}",
            "line 2, column 27, at `SummaryMap.AccountMFAEnabled`",
        ),
        (
            "{\"request\":{},\n\"response\":{\"SummaryMap\":{\"AccountMFAEnabled\":\"yes\"}}}",
            "line 2, column 51, at `response.SummaryMap.AccountMFAEnabled`",
        ),
        ("{\"Rules\":[]}", "no member of an answer of `iam:GetAccountSummary`"),
        ("{\"response\":null}", "at `response`"),
        ("{\"response\":{},\"error\":{\"code\":\"x\"}}", "not both"),
        ("{\"request\":{}}", "without `response` or `error`"),
        ("{\"error\":{\"code\":\"\"}}", "no `code`"),
        ("{\"error\":{\"code\":\"x\"},\"error\":{\"code\":\"y\"}}", "duplicate field"),
        ("{\"Error\":{\"Message\":\"no\"}}", "missing field `Code`"),
        ("{\"SummaryMap\":{}} {}", "trailing characters"),
    ] {
        let message = refused(&[(name, text)]);
        assert!(message.contains("iam/get-account-summary.json`") && message.contains(expected), "{text}: {message}");
    }
    let deep = format!("{{\"SummaryMap\":{}", "[".repeat(100_000));
    assert!(refused(&[(name, &deep)]).contains("column 114: nesting deeper than 100 levels"));
}

#[test]
fn encodings_other_than_utf8_are_refused_with_advice() {
    for (bytes, expected) in [
        (b"{\"SummaryMap\":{\"\xff\":1}}".as_slice(), "line 1, column 17: invalid UTF-8"),
        (b"\xff\xfe{\0}\0".as_slice(), "UTF-16"),
    ] {
        let folder = folder(&[]);
        write(folder.path(), "iam/get-account-summary.json", bytes);
        let message = words(&import(folder.path(), &options()).unwrap_err());
        assert!(message.contains(expected), "{message}");
    }
    let marked = format!("\u{feff}{SUMMARY}");
    assert_eq!(snapshot(&[("iam/get-account-summary.json", &marked)]).answers::<iam::GetAccountSummary>().count(), 1);
}

#[test]
fn names_with_impossible_regions_or_numbers_are_refused() {
    let message = refused(&[("events/list-rules@US_EAST.json", "{}")]);
    assert!(message.contains("`US_EAST` is not the name of a Region"), "{message}");
    assert!(refused(&[("events/list-rules@us-east-1~one.json", "{}")]).contains("`~one` is not a number"));
}

#[cfg(unix)]
#[test]
fn nothing_outside_the_folder_is_read_and_nothing_but_files() {
    let outside = folder(&[("iam/get-account-summary.json", SUMMARY)]);
    let inside = folder(&[]);
    std::fs::create_dir_all(inside.path().join("iam")).unwrap();
    let link = inside.path().join("iam/get-account-summary.json");
    std::os::unix::fs::symlink(outside.path().join("iam/get-account-summary.json"), &link).unwrap();
    let message = words(&import(inside.path(), &options()).unwrap_err());
    assert!(message.contains("leads out of the folder"), "{message}");

    std::fs::remove_file(&link).unwrap();
    std::fs::create_dir(&link).unwrap();
    assert!(import(inside.path(), &options()).unwrap_err().to_string().contains("not a regular file"));

    std::fs::remove_dir(&link).unwrap();
    let fifo = std::process::Command::new("mkfifo").arg(&link).status().unwrap();
    assert!(fifo.success());
    assert!(import(inside.path(), &options()).unwrap_err().to_string().contains("not a regular file"));

    std::fs::remove_file(&link).unwrap();
    std::fs::remove_dir(inside.path().join("iam")).unwrap();
    std::os::unix::fs::symlink(outside.path().join("iam"), inside.path().join("iam")).unwrap();
    assert!(import(inside.path(), &options()).unwrap_err().to_string().contains("leads out of the folder"));
}

#[test]
fn folders_without_answers_are_refused() {
    let empty = tempfile::tempdir().unwrap();
    assert!(words(&import(empty.path(), &options()).unwrap_err()).contains("holds no answer"));
    let message = words(&import(&empty.path().join("nowhere"), &options()).unwrap_err());
    assert!(message.contains("nowhere"), "{message}");
}

#[test]
fn addresses_with_keys_and_session_data_stay_out_of_the_snapshot() {
    let record = r#"{\"eventName\":\"PaymentsGet\",\"sourceIPAddress\":\"192.0.2.1\",\"userIdentity\":{\"type\":\"Root\",\"accessKeyId\":\"ASIA\"}}"#;
    let events = format!(
        r#"{{"request":{{"LookupAttributes":[]}},"response":{{"Events":[{{"EventName":"PaymentsGet","CloudTrailEvent":"{record}"}}]}}}}"#
    );
    let subscriptions =
        r#"{"Subscriptions":[{"TopicArn":"arn:t","Protocol":"https","Endpoint":"https://hooks.example.com/T00/key"}]}"#;
    let snapshot = snapshot(&[
        ("cloudtrail/lookup-events@us-east-1.json", &events),
        ("sns/list-subscriptions-by-topic@us-east-1.json", subscriptions),
    ]);
    let Said::Present(events) = snapshot.answers::<cloudtrail::LookupEvents>().next().unwrap().said else { panic!() };
    let event = &events.events.as_ref().unwrap()[0];
    let kept = event.cloud_trail_event.as_deref().unwrap();
    assert_eq!(kept, r#"{"eventName":"PaymentsGet","userIdentity":{"type":"Root"}}"#);
    let topic = snapshot.answers::<sns::ListSubscriptionsByTopic>().next().unwrap();
    let Said::Present(found) = topic.said else { panic!() };
    assert_eq!(found.subscriptions.as_ref().unwrap()[0].endpoint.as_deref(), Some("https://hooks.example.com/"));
}

#[test]
fn the_order_of_files_does_not_show() {
    let files = [("iam/get-account-summary.json", SUMMARY), ("events/list-rules@eu-west-1.json", r#"{"Rules":[]}"#)];
    let reversed = [files[1], files[0]];
    assert_eq!(snapshot(&files), snapshot(&reversed));
    assert!(snapshot(&files).observations().iter().all(|o| matches!(o.outcome, Outcome::Answered(_))));
    assert!(Operation::find("iam", "GetAccountSummary").is_some());
}

#[test]
fn the_command_writes_a_snapshot_that_only_its_owner_reads_and_says_what_it_left_out() {
    let folder = folder(&[("iam/get-account-summary.json", SUMMARY), ("notes.txt", "")]);
    let (from, to) = (folder.path().display().to_string(), folder.path().join("out.json.zst"));
    let run = posture(["import", &from, "--collected-at", "2026-11-22T03:00:00Z", "-o", &to.display().to_string()]);
    assert_eq!((run.code, run.text().as_str()), (0, ""), "{}", run.stderr);
    assert!(
        run.stderr.contains("not read: notes.txt: ") && run.stderr.contains("2 answers, 0 refused calls"),
        "{}",
        run.stderr
    );
    #[cfg(unix)]
    assert_eq!(std::os::unix::fs::PermissionsExt::mode(&std::fs::metadata(&to).unwrap().permissions()) & 0o777, 0o600);
    let read = posture::snapshot::SnapshotReader::open(&to).unwrap().next().unwrap().unwrap();
    let printed = posture(["import", &from, "--collected-at", "2026-11-22T03:00:00Z"]);
    let cursor = std::io::Cursor::new(printed.stdout);
    let printed =
        posture::snapshot::SnapshotReader::from_reader("-".to_owned(), Box::new(cursor)).unwrap().next().unwrap();
    assert_eq!(read, printed.unwrap());
}

#[test]
fn the_command_ends_with_code_2_and_advice_when_a_folder_cannot_be_imported() {
    let folder = folder(&[("iam/get-account-summary.json", "")]);
    let path = folder.path().display().to_string();
    let run = posture(["import", &path, "--collected-at", "2026-11-22T03:00:00Z"]);
    assert_eq!((run.code, run.text().as_str()), (2, ""));
    assert!(run.stderr.contains("iam/get-account-summary.json`: the file is empty\n\nhint: "), "{}", run.stderr);
    for wrong in [&["import"][..], &["import", &path, "--script"], &["import", &path, "--region", "EU"]] {
        assert_eq!(posture(wrong.iter().copied()).code, 2, "{wrong:?}");
    }
    let script = posture(["import", "--script"]);
    assert_eq!((script.code, script.text().as_str()), (0, posture::snapshot::import::SCRIPT));
}

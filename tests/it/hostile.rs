//! Hostile input and places: bombs, blow-ups, links, devices, full disks, readers that go away. Every limit that
//! `docs/limits.md` states is met here, with its error.

use std::fmt::Write as _;
use std::io::{Read, Write};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use crate::offline::{account, posture};

/// How long anything here may take on a busy machine.
const PATIENCE: Duration = Duration::from_mins(2);

struct Folder(tempfile::TempDir);

impl Folder {
    fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    fn write(&self, name: &str, bytes: impl AsRef<[u8]>) -> String {
        std::fs::create_dir_all(self.path(name).parent().unwrap()).unwrap();
        std::fs::write(self.path(name), bytes).unwrap();
        self.path(name).display().to_string()
    }

    /// Names of what lies in the folder, hidden ones included.
    fn names(&self) -> Vec<String> {
        let entries = std::fs::read_dir(self.0.path()).unwrap();
        let mut names: Vec<String> = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
        names.sort();
        names
    }
}

/// A snapshot of one Region with these observations.
fn snapshot(observations: &str) -> String {
    format!(
        r#"{{"format":"posture-snapshot/1","collected_at":"2026-11-22T03:00:00Z","account":"123456789012",
"partition":"aws","caller":"arn:aws:iam::123456789012:user/ann","regions":["us-east-1"],"observations":[{observations}]}}"#
    )
}

fn observation(service: &str, operation: &str, response: &str) -> String {
    format!(r#"{{"service":"{service}","operation":"{operation}","region":"us-east-1","response":{response}}}"#)
}

/// Scans a file and expects a report, in time.
fn reported(path: &str, more: &[&str]) -> serde_json::Value {
    let start = Instant::now();
    let run = posture(["scan", "--snapshot", path, "--format", "json"].into_iter().chain(more.iter().copied()));
    assert!([0, 1, 3].contains(&run.code), "{}: {}", run.code, run.stderr);
    assert!(start.elapsed() < PATIENCE, "{:?}", start.elapsed());
    run.json()
}

#[test]
fn bombs_of_gzip_are_refused_whether_in_one_member_or_many() {
    let folder = Folder::new();
    let zeros = vec![b' '; 64 * 1024 * 1024];
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    encoder.write_all(&zeros).unwrap();
    let member = encoder.finish().unwrap();
    assert!(member.len() < 1024 * 1024);
    let path = folder.write("bomb.json.gz", member.repeat(5));
    let run = posture(["scan", "--snapshot", &path]);
    assert_eq!(run.code, 2);
    assert!(run.stderr.contains("larger than 256 MiB"), "{}", run.stderr);
}

#[test]
fn a_compressed_file_in_a_compressed_file_is_not_unpacked_twice() {
    let folder = Folder::new();
    let once = zstd::bulk::compress(snapshot("").as_bytes(), 1).unwrap();
    let path = folder.write("twice.json.zst", zstd::bulk::compress(&once, 1).unwrap());
    let run = posture(["scan", "--snapshot", &path]);
    assert_eq!(run.code, 2, "{}", run.stderr);
}

#[test]
fn a_name_of_a_megabyte_is_reported_and_not_repeated_without_end() {
    let folder = Folder::new();
    let name = "n".repeat(1024 * 1024);
    let user =
        format!(r#"{{"UserName":"{name}","UserId":"AIDA1","Arn":"arn:aws:iam::123456789012:user/{name}","Path":"/"}}"#);
    let details = observation("iam", "GetAccountAuthorizationDetails", &format!(r#"{{"UserDetailList":[{user}]}}"#));
    let path = folder.write("long.json", snapshot(&details));
    let report = reported(&path, &[]);
    assert!(report["results"].as_array().unwrap().len() > 5);
}

/// A credential report of so many users.
fn report_of(users: usize) -> String {
    let mut csv = String::from(
        "user,arn,user_creation_time,password_enabled,password_last_used,password_last_changed,password_next_rotation,mfa_active,access_key_1_active,access_key_1_last_rotated,access_key_1_last_used_date,access_key_1_last_used_region,access_key_1_last_used_service,access_key_2_active,access_key_2_last_rotated,access_key_2_last_used_date,access_key_2_last_used_region,access_key_2_last_used_service,cert_1_active,cert_1_last_rotated,cert_2_active,cert_2_last_rotated\\n",
    );
    for user in 0..users {
        let _ = write!(
            csv,
            "u{user},arn:aws:iam::123456789012:user/u{user},2020-01-01T00:00:00+00:00,true,no_information,2020-01-01T00:00:00+00:00,N/A,false,false,N/A,N/A,N/A,N/A,false,N/A,N/A,N/A,N/A,false,N/A,false,N/A\\n"
        );
    }
    observation(
        "iam",
        "GetCredentialReport",
        &format!(r#"{{"GeneratedTime":"2026-11-22T02:00:00Z","Content":"{csv}"}}"#),
    )
}

#[test]
fn as_many_users_as_aws_allows_are_judged() {
    let folder = Folder::new();
    let path = folder.write("many.json", snapshot(&report_of(5_000)));
    let report = reported(&path, &[]);
    let users =
        report["results"].as_array().unwrap().iter().filter(|one| one["rule"] == "iam-user-mfa-console").count();
    assert!(users >= 5_000, "{users}");
}

#[test]
#[ignore = "a million users are two hundred times AWS's quota; takes minutes without optimisation"]
fn a_million_users_are_judged_or_refused() {
    let folder = Folder::new();
    let path = folder.write("many.json", snapshot(&report_of(1_000_000)));
    let run = posture(["scan", "--snapshot", &path, "--format", "json", "--output", "json=/dev/null"]);
    assert!([1, 2, 3].contains(&run.code), "{}", run.stderr);
}

#[test]
fn policies_full_of_wildcards_are_judged_in_time() {
    let folder = Folder::new();
    let stars = "a*".repeat(200);
    let actions: Vec<String> = (0..50).map(|one| format!("\"s3:{stars}{one}*b\"")).collect();
    let resources: Vec<String> = (0..50).map(|one| format!("\"arn:aws:s3:::{stars}{one}?*\"")).collect();
    let statement = format!(
        r#"{{"Effect":"Allow","Action":[{0}],"Resource":[{1}]}},{{"Effect":"Deny","NotAction":[{0}],"NotResource":[{1}]}}"#,
        actions.join(","),
        resources.join(",")
    );
    let document = format!(r#"{{"Version":"2012-10-17","Statement":[{statement}]}}"#);
    let user = |name: &str| {
        format!(
            r#"{{"UserName":"{name}","UserId":"A","Arn":"arn:aws:iam::123456789012:user/{name}","Path":"/",
"UserPolicyList":[{{"PolicyName":"p","PolicyDocument":{document}}}]}}"#
        )
    };
    let users: Vec<String> = ["a", "b", "c"].map(user).to_vec();
    let details =
        format!(r#"{{"UserDetailList":[{}],"GroupDetailList":[],"RoleDetailList":[],"Policies":[]}}"#, users.join(","));
    let path = folder.write("stars.json", snapshot(&observation("iam", "GetAccountAuthorizationDetails", &details)));
    reported(&path, &[]);
}

const RULE: &str = "\
id: team-rule
title: Users should not blow up
lifecycle: { preview: 0.1.0 }
severity: high
resource: account
rationale: |
  Because.
pass_when: PASS
message: blown up
remediation: { text: Nothing. }
references: []
examples: []
";

#[test]
fn loops_in_loops_over_long_lists_end_as_unknown() {
    let folder = Folder::new();
    let names = "account.iam.aliases";
    let loops = format!("{names}.all(a, {names}.all(b, {names}.all(c, c != 'x')))");
    folder.write("rules/team-rule.yaml", RULE.replace("PASS", &loops));
    let aliases: Vec<String> = (0..3_000).map(|one| format!("\"a{one}\"")).collect();
    let answer = format!(r#"{{"AccountAliases":[{}]}}"#, aliases.join(","));
    let path = folder.write("many.json", snapshot(&observation("iam", "ListAccountAliases", &answer)));
    let rules = folder.path("rules").display().to_string();
    let report = reported(&path, &["--rules", &rules, "--rule", "team-rule"]);
    let [verdict] = &report["results"].as_array().unwrap()[..] else { panic!("{}", report["results"]) };
    assert_eq!(verdict["status"], "unknown", "{verdict}");
    assert!(verdict["unknown"].to_string().contains("too many steps"), "{verdict}");
}

#[test]
fn patterns_that_other_engines_choke_on_are_matched_or_refused() {
    let folder = Folder::new();
    let path = folder.write("long.json", snapshot(&report_of(20)));
    for (pattern, accepted) in [("(a+)+$", true), ("(x?){60}x{60}", true), ("(.{1000}){1000}", false)] {
        folder.write("rules/team-rule.yaml", RULE.replace("PASS", &format!("account.id.matches('{pattern}')")));
        let rules = folder.path("rules").display().to_string();
        let start = Instant::now();
        let run = posture(["scan", "--snapshot", &path, "--rules", &rules, "--rule", "team-rule"]);
        assert_eq!(run.code == 2, !accepted, "{pattern}: {}", run.stderr);
        assert!(accepted || run.stderr.contains("pattern"), "{}", run.stderr);
        assert!(start.elapsed() < PATIENCE);
    }
}

#[test]
fn suppressions_full_of_stars_are_matched_in_time() {
    let folder = Folder::new();
    let path = folder.write("many.json", snapshot(&report_of(500)));
    let stars = format!("arn:{}z", "*u".repeat(2_000));
    let entry = format!("suppressions:\n  - {{ rule: iam-user-mfa-console, resource: '{stars}', reason: test }}\n");
    let config = folder.write("posture.yaml", entry);
    let report = reported(&path, &["--config", &config]);
    assert!(report["notes"].to_string().contains("covers no failing finding"), "{}", report["notes"]);
}

#[test]
fn yaml_that_grows_when_it_is_read_is_refused() {
    let folder = Folder::new();
    let mut bomb = String::from("params:\n  x0: &x0 [a,a,a,a,a,a,a,a,a,a]\n");
    for level in 1..12 {
        let _ = writeln!(bomb, "  x{level}: &x{level} [{}]", vec![format!("*x{}", level - 1); 10].join(","));
    }
    let mut deep = String::from("params: ");
    deep.extend(std::iter::repeat_n("[", 20_000));
    for text in [bomb, deep, "suppressions: &a [*a]\n".to_owned(), format!("# {}\n", "x".repeat(5 * 1024 * 1024))] {
        let config = folder.write("posture.yaml", &text);
        let start = Instant::now();
        let run = posture(["scan", "--snapshot", &account("empty"), "--config", &config]);
        assert_eq!(run.code, 2, "{}", &text[..40]);
        assert!(run.stderr.contains("posture.yaml"), "{}", run.stderr);
        assert!(start.elapsed() < PATIENCE);
    }
}

#[cfg(unix)]
#[test]
fn a_folder_of_answers_that_leads_elsewhere_is_not_followed() {
    let folder = Folder::new();
    let secret = folder.write("elsewhere/secret.json", r#"{"SummaryMap":{"AccountMFAEnabled":1}}"#);
    folder.write(
        "answers/sts/get-caller-identity.json",
        r#"{"Account":"123456789012","Arn":"arn:aws:iam::123456789012:user/a","UserId":"A"}"#,
    );
    std::fs::create_dir_all(folder.path("answers/iam")).unwrap();
    for (target, link) in [
        (Path::new(&secret), "answers/iam/get-account-summary.json"),
        (Path::new("/dev/zero"), "answers/iam/list-account-aliases.json"),
        (Path::new("/proc/self/environ"), "answers/iam/get-account-password-policy.json"),
    ] {
        let _ = std::fs::remove_file(folder.path(link));
        std::os::unix::fs::symlink(target, folder.path(link)).unwrap();
        let output = folder.path("out.json").display().to_string();
        let answers = folder.path("answers").display().to_string();
        let run = posture(["import", &answers, "-o", &output, "--collected-at", "2026-11-22T03:00:00Z"]);
        assert_eq!(run.code, 2, "{link}: {}", run.stderr);
        assert!(!Path::new(&output).exists());
        std::fs::remove_file(folder.path(link)).unwrap();
    }
}

#[cfg(unix)]
#[test]
fn devices_are_written_to_and_stay_devices() {
    use std::os::unix::fs::FileTypeExt;
    let run = posture(["scan", "--snapshot", &account("empty"), "--output", "json=/dev/null", "--format", "table"]);
    assert!([0, 1, 3].contains(&run.code), "{}", run.stderr);
    assert!(std::fs::metadata("/dev/null").unwrap().file_type().is_char_device(), "/dev/null was replaced by a file");
    if Path::new("/dev/full").exists() {
        let run = posture(["scan", "--snapshot", &account("empty"), "--output", "json=/dev/full"]);
        assert_eq!(run.code, 2);
        assert!(run.stderr.contains("/dev/full") && run.stderr.contains("space"), "{}", run.stderr);
        assert!(
            std::fs::metadata("/dev/full").unwrap().file_type().is_char_device(),
            "/dev/full was replaced by a file"
        );
    }
}

/// Runs a shell line in which `$POSTURE` is the program.
#[cfg(unix)]
fn shell(folder: &Folder, line: &str) -> std::process::Output {
    Command::new("sh")
        .args(["-c", line])
        .current_dir(folder.0.path())
        .env_clear()
        .env("PATH", "/usr/bin:/bin")
        .env("POSTURE", env!("CARGO_BIN_EXE_posture"))
        .env("ACCOUNT", account("bootcamp"))
        .output()
        .unwrap()
}

#[cfg(target_os = "linux")]
#[test]
fn a_disk_that_fills_up_leaves_the_old_file_and_no_rest() {
    let folder = Folder::new();
    folder.write("report.json", "the old report");
    // A limit on the size of files fails a write in the middle, as a full disk does.
    let line = "trap '' XFSZ; ulimit -f 8; exec \"$POSTURE\" scan --snapshot \"$ACCOUNT\" --output json=report.json > /dev/null";
    let output = shell(&folder, line);
    let stderr = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(2), "{stderr}");
    assert!(stderr.contains("report.json") && stderr.contains("hint: "), "{stderr}");
    assert_eq!(std::fs::read_to_string(folder.path("report.json")).unwrap(), "the old report");
    assert_eq!(folder.names(), ["report.json"]);
}

#[cfg(target_os = "linux")]
#[test]
fn standard_output_that_is_full_is_an_error() {
    let output = shell(&Folder::new(), "exec \"$POSTURE\" scan --snapshot \"$ACCOUNT\" > /dev/full");
    let stderr = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(2), "{stderr}");
    assert!(stderr.contains("standard output"), "{stderr}");
}

#[cfg(unix)]
#[test]
fn a_folder_that_may_not_be_written_is_an_error_and_not_a_panic() {
    let folder = Folder::new();
    std::fs::create_dir(folder.path("report.json")).unwrap();
    let line = "exec \"$POSTURE\" scan --snapshot \"$ACCOUNT\" --output json=report.json > /dev/null";
    let output = shell(&folder, line);
    assert_eq!(output.status.code(), Some(2));
    assert!(folder.path("report.json").is_dir());
}

#[test]
fn who_stops_reading_changes_neither_the_verdict_nor_the_files() {
    let folder = Folder::new();
    let file = folder.path("report.json");
    let mut child = Command::new(env!("CARGO_BIN_EXE_posture"))
        .args(["scan", "--snapshot", &account("bootcamp"), "--format", "json"])
        .arg("--output")
        .arg(format!("json={}", file.display()))
        .env_clear()
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    // One byte, and the pipe is closed.
    let mut stdout = child.stdout.take().unwrap();
    stdout.read_exact(&mut [0]).unwrap();
    drop(stdout);
    let output = child.wait_with_output().unwrap();
    let stderr = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(1), "{stderr}");
    assert!(!stderr.contains("panicked"), "{stderr}");
    let written: serde_json::Value = serde_json::from_str(&std::fs::read_to_string(&file).unwrap()).unwrap();
    assert_eq!(written["format"], "posture-report/1");
}

#[cfg(unix)]
#[test]
fn reports_are_readable_by_their_owner_alone() {
    use std::os::unix::fs::PermissionsExt;
    let folder = Folder::new();
    let path = folder.path("report.json");
    let output = format!("json={}", path.display());
    let run = posture(["scan", "--snapshot", &account("empty"), "--output", &output]);
    assert!([0, 1, 3].contains(&run.code), "{}", run.stderr);
    assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
}

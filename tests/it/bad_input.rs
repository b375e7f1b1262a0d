//! Bad input: exit code 2 and an error that names the file and the place; never a panic, never a default.

use std::fmt::Write as _;

use crate::offline::{account, fixture, posture, posture_in};

struct Folder(tempfile::TempDir);

impl Folder {
    fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    fn write(&self, name: &str, bytes: impl AsRef<[u8]>) -> String {
        let path = self.0.path().join(name);
        std::fs::write(&path, bytes).unwrap();
        path.display().to_string()
    }
}

fn hardened() -> String {
    std::fs::read_to_string(account("bootcamp-hardened")).unwrap()
}

/// Scans a file and expects exit code 2 with all of these in the error.
fn refused(name: &str, bytes: impl AsRef<[u8]>, parts: &[&str]) {
    let folder = Folder::new();
    let path = folder.write(name, bytes);
    let run = posture(["scan", "--snapshot", &path]);
    assert_eq!(run.code, 2, "{name}: {}", run.stderr);
    assert!(run.stdout.is_empty(), "{name}");
    assert!(run.stderr.contains(name) && run.stderr.contains("hint: "), "{}", run.stderr);
    for part in parts {
        assert!(run.stderr.contains(part), "{name}: `{part}` is not in {}", run.stderr);
    }
}

#[test]
fn an_empty_file_is_refused() {
    refused("empty.json", "", &["empty"]);
    refused("blank.json", "\n\n  \n", &["empty"]);
}

#[test]
fn truncated_json_is_refused_with_its_place() {
    let whole = hardened();
    let half = whole[..whole.len() / 2].trim_end();
    let line = format!("line {}", half.lines().count());
    refused("truncated.json", half, &[&line, "EOF"]);
}

#[test]
fn another_format_version_is_named() {
    let future = hardened().replace("posture-snapshot/1", "posture-snapshot/2");
    refused("future.json", future, &["posture-snapshot/2", "posture-snapshot/1"]);
    refused("other.json", r#"{"Version":"2012-10-17"}"#, &["format"]);
    refused("list.json", "[]", &[]);
}

#[test]
fn a_wrong_type_deep_inside_is_refused_with_line_column_and_path() {
    let text = hardened();
    let wrong = text.replacen("\"AccountMFAEnabled\": 1", "\"AccountMFAEnabled\": \"1\"", 1);
    assert_ne!(text, wrong);
    let line = wrong.lines().position(|line| line.contains("\"AccountMFAEnabled\": \"1\"")).unwrap() + 1;
    refused("type.json", &wrong, &[&format!("line {line},"), "response.SummaryMap.AccountMFAEnabled"]);
}

#[test]
fn a_duplicate_observation_is_refused() {
    let mut snapshot: serde_json::Value = serde_json::from_str(&hardened()).unwrap();
    let observations = snapshot["observations"].as_array_mut().unwrap();
    let first = observations[0].clone();
    observations.push(first);
    refused("twice.json", snapshot.to_string(), &["duplicate observation"]);
}

#[test]
fn invalid_utf8_is_refused_where_it_stands() {
    let mut bytes = hardened().into_bytes();
    let at = bytes.windows(5).position(|window| window == b"audit").unwrap();
    bytes[at] = 0xff;
    refused("latin1.json", bytes, &["invalid UTF-8", "line "]);
}

#[test]
fn nesting_of_100_000_levels_is_refused() {
    let deep = format!("{{\"format\":\"posture-snapshot/1\",\"x\":{}{}}}", "[".repeat(100_000), "]".repeat(100_000));
    refused("deep.json", deep, &["nesting deeper than"]);
}

#[test]
fn a_line_of_300_megabytes_is_refused() {
    let mut long = String::with_capacity(300 * 1024 * 1024 + 100);
    long.push_str("{\"format\":\"posture-snapshot/1\",\"collector\":\"");
    long.extend(std::iter::repeat_n('a', 300 * 1024 * 1024));
    long.push_str("\"}");
    refused("long.json", long, &["larger than 256 MiB"]);
}

#[test]
fn bombs_of_compression_are_refused_without_unpacking_them() {
    let zeros = vec![b' '; 300 * 1024 * 1024];
    let bomb = zstd::bulk::compress(&zeros, 1).unwrap();
    assert!(bomb.len() < 1024 * 1024);
    refused("bomb.json.zst", bomb, &["larger than 256 MiB"]);
    let half = zstd::bulk::compress(hardened().as_bytes(), 1).unwrap();
    refused("cut.json.zst", &half[..half.len() / 2], &[]);
}

#[test]
fn odd_sources_are_refused() {
    let folder = Folder::new();
    for path in [folder.0.path().display().to_string(), folder.0.path().join("missing.json").display().to_string()] {
        let run = posture(["scan", "--snapshot", &path]);
        assert_eq!(run.code, 2);
        assert!(run.stderr.contains(&path), "{}", run.stderr);
    }
    let run = posture_in(folder.0.path(), ["scan", "--snapshot", "-", "--snapshot", "-"], hardened().as_bytes());
    assert_eq!(run.code, 2);
    let path = folder.write("same.json", hardened());
    let run = posture(["scan", "--snapshot", &path, "--output", &format!("json={path}")]);
    assert_eq!(run.code, 2);
    assert_eq!(std::fs::read_to_string(&path).unwrap(), hardened());
    let run = posture(["scan", "--snapshot", &account("empty"), "--output", "json=/proc/nowhere/report.json"]);
    assert_eq!(run.code, 2);
    assert!(run.stderr.contains("/proc/nowhere/report.json"), "{}", run.stderr);
}

const RULE: &str = "\
id: team-rule
title: Users should have MFA
lifecycle: { preview: 0.1.0 }
severity: high
resource: iam-user
rationale: |
  Because.
pass_when: user.mfa_active
message: no MFA
remediation: { text: Turn it on. }
references: []
examples: []
";

/// Loads a rule file with one part changed and expects exit code 2 with the place and the reason.
fn rule_refused(from: &str, to: &str, parts: &[&str]) {
    let folder = Folder::new();
    let text = RULE.replacen(from, to, 1);
    assert_ne!(text, RULE);
    folder.write("team-rule.yaml", text);
    let rules = folder.0.path().display().to_string();
    let run = posture(["scan", "--snapshot", &account("empty"), "--rules", &rules]);
    assert_eq!(run.code, 2, "{}", run.stderr);
    assert!(run.stderr.contains("team-rule.yaml"), "{}", run.stderr);
    for part in parts {
        assert!(run.stderr.contains(part), "`{part}` is not in {}", run.stderr);
    }
}

#[test]
fn a_rule_file_is_accepted_before_it_is_broken() {
    let folder = Folder::new();
    folder.write("team-rule.yaml", RULE);
    let rules = folder.0.path().display().to_string();
    let run = posture(["scan", "--snapshot", &account("bootcamp"), "--rules", &rules, "--format", "json"]);
    assert!(run.text().contains("team-rule"), "{}", run.stderr);
}

#[test]
fn a_typo_in_a_path_names_line_column_and_the_right_fact() {
    rule_refused("user.mfa_active", "user.mfa_activ", &[":8:17", "did you mean `mfa_active`?"]);
    rule_refused("user.mfa_active", "usr.mfa_active", &[":8:12", "did you mean `user`?"]);
    rule_refused("message: no MFA", "message: \"{nam} has no MFA\"", &[":9:", "did you mean `name`?"]);
    let with_values =
        |values: &str| format!("params:\n  scope: {{ default: all, values: {values}, doc: who }}\nresource: iam-user");
    rule_refused("resource: iam-user", &with_values("[{ all: 1 }]"), &["parameter `scope`: `values` are scalars"]);
    rule_refused(
        "resource: iam-user",
        &with_values("[some]"),
        &["parameter `scope` takes no \"all\"; there are \"some\""],
    );
    rule_refused("resource: iam-user", "resource: iam-usr", &[":5:", "did you mean `iam-user`?"]);
}

#[test]
fn unknown_functions_types_and_macros_are_refused() {
    rule_refused("user.mfa_active", "user.name.startWith('a')", &[":8:", "did you mean `startsWith`?"]);
    rule_refused("user.mfa_active", "user.name", &[":8:", "bool is needed"]);
    rule_refused("user.mfa_active", "user.name == 3", &[":8:", "does not take"]);
    rule_refused("user.mfa_active", "user.name.matches('(')", &[":8:", "pattern"]);
    rule_refused("user.mfa_active", "'user.mfa_active &&'", &[":8:", "syntax error"]);
    rule_refused("user.mfa_active", "params.max > 3", &[":8:", "no parameter `max`"]);
}

#[test]
fn yaml_of_the_wrong_shape_is_refused_with_its_place() {
    rule_refused("severity: high", "severity: severe", &[":4:"]);
    rule_refused("severity: high", "severity: [high]", &[":4:"]);
    rule_refused("references: []", "references: [http://example.com]", &["https://"]);
    rule_refused("references: []", "refrences: []", &["refrences"]);
    rule_refused("id: team-rule", "id: Team Rule", &[":1:"]);
    rule_refused("examples: []", "examples: &a [*a]", &[]);
}

#[test]
fn expressions_that_would_exhaust_the_parser_are_refused() {
    let long = vec!["user.mfa_active"; 9_000].join(" || ");
    rule_refused("user.mfa_active", &long, &["longer than"]);
    let deep = format!("{}user.mfa_active{}", "(".repeat(900), ")".repeat(900));
    rule_refused("user.mfa_active", &deep, &[":8:"]);
    let sum = format!("1{} > 0", "+1".repeat(900));
    rule_refused("user.mfa_active", &sum, &[":8:", "more than"]);
}

#[test]
fn yaml_bombs_are_refused() {
    let mut bomb = String::from("id: team-rule\nx0: &x0 [a,a,a,a,a,a,a,a,a,a]\n");
    for level in 1..12 {
        let _ = writeln!(bomb, "x{level}: &x{level} [{}]", vec![format!("*x{}", level - 1); 10].join(","));
    }
    let folder = Folder::new();
    folder.write("team-rule.yaml", bomb);
    let rules = folder.0.path().display().to_string();
    let run = posture(["scan", "--snapshot", &account("empty"), "--rules", &rules]);
    assert_eq!(run.code, 2, "{}", run.stderr);
}

#[test]
fn a_hostile_file_name_cannot_steer_the_terminal() {
    let folder = Folder::new();
    let path = folder.write("evil\u{1b}[31m\u{202e}.json", "{");
    let run = posture(["scan", "--snapshot", &path]);
    assert_eq!(run.code, 2);
    assert!(!run.stderr.contains('\u{1b}') && !run.stderr.contains('\u{202e}'), "{:?}", run.stderr);
}

#[test]
fn a_bad_baseline_or_configuration_is_refused() {
    let folder = Folder::new();
    let baseline = folder.write("baseline.json", "{\"format\":\"posture-report/9\",\"results\":[]}");
    let run = posture(["scan", "--snapshot", &account("empty"), "--baseline", &baseline]);
    assert_eq!(run.code, 2);
    assert!(run.stderr.contains("posture-report/9"), "{}", run.stderr);
    let config = folder.write("posture.yaml", "params:\n  root-no-access-key: { x: 1 }\n");
    let run = posture(["scan", "--snapshot", &account("empty"), "--config", &config]);
    assert_eq!(run.code, 2);
    assert!(
        run.stderr.contains("posture.yaml:2:") && run.stderr.contains("did you mean `root-no-access-keys`?"),
        "{}",
        run.stderr
    );
    for (value, strange) in [("[metric-filter, securityhub]", "securityhub"), ("[]", ""), ("[1]", "int")] {
        let config = folder.write("posture.yaml", format!("params:\n  monitor-vpc-changes: {{ accept: {value} }}\n"));
        let run = posture(["scan", "--snapshot", &account("empty"), "--config", &config]);
        assert_eq!(run.code == 2, !strange.is_empty(), "{}", run.stderr);
        assert!(run.stderr.contains(strange), "{}", run.stderr);
        if strange == "securityhub" {
            let told =
                "rule `monitor-vpc-changes`: parameter `accept` takes no \"securityhub\"; there are \"metric-filter\"";
            assert!(run.stderr.contains(told), "{}", run.stderr);
        }
    }
    assert!(fixture("accounts").is_dir());
}

//! What people who write rules and configurations meet: errors with a caret, a template that works.

use std::path::Path;

use crate::offline::{Run, account, posture, posture_in};

fn posture_at<'a>(folder: &Path, args: impl IntoIterator<Item = &'a str>) -> Run {
    posture_in(folder, args, b"")
}

#[test]
fn the_template_of_every_kind_passes_its_own_tests() {
    let folder = tempfile::tempdir().unwrap();
    for kind in posture::facts::KINDS {
        let id = format!("team-{}-new", kind.schema.name);
        let run =
            posture_at(folder.path(), ["rules", "new", &id, "--resource", kind.schema.name, "--dir", "own/rules"]);
        assert_eq!(run.code, 0, "{}", run.stderr);
        assert!(run.text().contains(&format!("own/rules/{id}.yaml")), "{}", run.text());
    }
    let run = posture_at(folder.path(), ["rules", "test", "own/rules"]);
    assert_eq!(run.code, 0, "{}", run.text());
    let count = posture::facts::KINDS.len();
    assert_eq!(run.text(), format!("{count} rules: {} examples passed, 0 failed, 0 files refused\n", count * 3));
}

#[test]
fn a_template_never_takes_the_place_of_a_file_or_a_built_in_rule() {
    let folder = tempfile::tempdir().unwrap();
    assert_eq!(posture_at(folder.path(), ["rules", "new", "team-a"]).code, 0);
    for (args, part) in [
        (["rules", "new", "team-a"].as_slice(), "`./team-a.yaml` exists already"),
        (&["rules", "new", "root-mfa-enabled"], "there is a built-in rule `root-mfa-enabled`"),
        (
            &["rules", "new", "team-b", "--resource", "iam-usr"],
            "there is no resource kind `iam-usr`; did you mean `iam-user`?",
        ),
        (&["rules", "new", "Team B"], "id `Team B` is not lower-case words joined by `-`"),
    ] {
        let run = posture_at(folder.path(), args.iter().copied());
        assert_eq!(run.code, 2, "{args:?}");
        assert!(run.stderr.contains(part), "{}", run.stderr);
    }
}

#[test]
fn a_wrong_rule_id_in_the_configuration_has_a_caret_under_it() {
    let folder = tempfile::tempdir().unwrap();
    let text = "fail_on: high\nsuppressions:\n  - rule: root-mfa-enable # typo\n    resource: '*'\n    reason: x\n";
    std::fs::write(folder.path().join("posture.yaml"), text).unwrap();
    let run = posture_at(folder.path(), ["scan", "--snapshot", &account("empty")]);
    let expected = "\
error: there is no rule `root-mfa-enable`; did you mean `root-mfa-enabled`?
 --> posture.yaml:3:11
  |
3 |   - rule: root-mfa-enable # typo
  |           ^^^^^^^^^^^^^^^

hint: ";
    assert!(run.stderr.starts_with(expected), "{}", run.stderr);
    assert_eq!(run.code, 2);
}

#[test]
fn an_error_in_a_block_of_cel_points_to_the_line_inside_it() {
    let folder = tempfile::tempdir().unwrap();
    assert_eq!(posture_at(folder.path(), ["rules", "new", "team-a", "--resource", "iam-user", "--dir", "r"]).code, 0);
    let path = folder.path().join("r/team-a.yaml");
    let text = std::fs::read_to_string(&path).unwrap();
    let logic = text.lines().find(|line| line.starts_with("pass_when:")).unwrap();
    for (block, place, caret) in [
        (
            "pass_when: |\n  user.mfa_active\n    || user.nam == 'x'",
            "r/team-a.yaml:13:13",
            "    || user.nam == 'x'\n   |             ^^^",
        ),
        (
            "pass_when: >-\n  user.mfa_active\n  || user.nam == 'x'",
            "r/team-a.yaml:13:11",
            "  || user.nam == 'x'\n   |           ^^^",
        ),
    ] {
        std::fs::write(&path, text.replace(logic, block)).unwrap();
        for args in [["rules", "test", "r"].as_slice(), &["scan", "--rules", "r", "--snapshot", &account("empty")]] {
            let run = posture_at(folder.path(), args.iter().copied());
            let said = run.text() + &run.stderr;
            assert_eq!(run.code, 2);
            assert!(said.contains(place) && said.contains(caret), "{said}");
            assert!(said.contains("did you mean `name`?"), "{said}");
        }
    }
}

#[test]
fn hostile_lines_of_files_do_not_reach_the_terminal() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("posture.yaml"), "fail_on: \"\u{202e}hgih\u{9b}31m\"\n").unwrap();
    let run = posture_at(folder.path(), ["scan", "--snapshot", &account("empty")]);
    assert_eq!(run.code, 2);
    assert!(!run.stderr.contains(['\u{202e}', '\u{9b}', '\u{1b}']), "{}", run.stderr);
}

#[test]
fn the_trust_policy_for_github_names_both_forms_of_the_subject() {
    let run = posture(["permissions", "--github", "octocat/demo"]);
    assert_eq!(run.code, 0, "{}", run.stderr);
    assert!(run.stderr.contains("replace ACCOUNT_ID") && run.stderr.contains("OWNER@ID/REPO@ID"), "{}", run.stderr);
    let args = ["permissions", "--github", "repo:octocat@583231/demo@1296269", "--account", "123456789012"];
    let run = posture(args);
    assert_eq!(run.stderr, "");
    let statement = &run.json()["Statement"][0];
    let provider = "arn:aws:iam::123456789012:oidc-provider/token.actions.githubusercontent.com";
    assert_eq!(statement["Principal"]["Federated"], provider);
    let subjects = &statement["Condition"]["StringEquals"]["token.actions.githubusercontent.com:sub"];
    assert_eq!(subjects[0], "repo:octocat/demo:ref:refs/heads/main");
    assert_eq!(subjects[1], "repo:octocat@583231/demo@1296269:ref:refs/heads/main");
    let run = posture(args.into_iter().chain(["--environment", "production"]));
    assert!(run.text().contains("repo:octocat/demo:environment:production"), "{}", run.text());
    for wrong in ["--github=octocat/*", "--account=1", "--branch=*"] {
        assert_eq!(posture(["permissions", "--github", "octocat/demo", wrong]).code, 2, "{wrong}");
    }
}

//! What people who write rules and configurations meet: errors with a caret, a template that works.

use std::path::Path;

use serde_json::{Value, json};

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
fn the_chapters_of_the_site_hold_a_page_for_each_rule_and_framework() {
    let folder = tempfile::tempdir().unwrap();
    assert_eq!(posture_at(folder.path(), ["rules", "docs", "site"]).code, 0);
    let read = |name: &str| std::fs::read_to_string(folder.path().join("site").join(name)).unwrap();
    let summary = read("SUMMARY.part.md");
    let links: Vec<&str> = summary.split("](rules/").skip(1).map(|rest| rest.split(')').next().unwrap()).collect();
    for rule in posture::rule::built_in(&posture::rule::ParamOverrides::new()).unwrap() {
        assert!(links.contains(&format!("{}.md", rule.id).as_str()), "{} has no chapter", rule.id);
    }
    for framework in posture::framework::all().unwrap() {
        let page = read(&format!("frameworks/{}.md", framework.id));
        assert!(page.contains(&framework.reference), "{}", framework.id);
        for control in &framework.controls {
            assert!(page.contains(&format!("| {} |", control.id)), "{} {}", framework.id, control.id);
        }
    }
    for link in links {
        assert!(read(link).starts_with("# "), "{link}");
    }
    let page = read("root-mfa-enabled.md");
    assert!(page.contains("](frameworks/cis-aws-7.0.md): 2.5"), "{page}");
}

#[test]
fn every_command_shows_examples_in_its_help() {
    let help = posture(["--help"]).text();
    let (_, commands) = help.split_once("Commands:\n").unwrap();
    let names: Vec<&str> = commands
        .lines()
        .take_while(|line| !line.is_empty())
        // A longer summary goes on in lines that are indented further.
        .filter(|line| !line.starts_with("   "))
        .filter_map(|line| line.split_whitespace().next())
        .collect();
    assert!(names.contains(&"scan") && names.contains(&"suppress"), "{names:?}");
    for name in names.into_iter().filter(|name| *name != "help") {
        let shown: Vec<String> = if name == "iam" {
            ["access", "eval", "can", "who-can", "paths", "lint"]
                .map(|ask| posture(["iam", ask, "--help"]).text())
                .into()
        } else {
            vec![posture([name, "--help"]).text()]
        };
        for text in shown {
            assert!(text.contains("\nExamples:\n  ") && text.contains("posture "), "{name}:\n{text}");
        }
    }
    assert!(help.lines().count() < 40, "the first help is long:\n{help}");
}

#[test]
fn the_manual_has_a_page_for_every_command() {
    let run = posture(["man", "iam", "paths"]);
    assert_eq!(run.code, 0, "{}", run.stderr);
    let page = String::from_utf8(run.stdout).unwrap();
    assert!(page.contains("posture\\-iam\\-paths") && page.contains("snapshot"), "{page}");
    let run = posture(["man", "scn"]);
    assert_eq!(run.code, 2);
    assert!(run.stderr.contains("did you mean `scan`"), "{}", run.stderr);
    let folder = tempfile::tempdir().unwrap();
    let run = posture(["man", "--dir", folder.path().to_str().unwrap()]);
    assert_eq!(run.code, 0, "{}", run.stderr);
    for page in ["posture.1", "posture-scan.1", "posture-fix.1", "posture-rules-new.1"] {
        assert!(folder.path().join(page).is_file(), "{page}");
    }
}

#[test]
fn half_a_rule_id_brings_the_ids_that_hold_it() {
    let run = posture(["rules", "show", "root-mfa"]);
    assert_eq!(run.code, 2);
    assert!(run.stderr.contains("root-mfa-enabled"), "{}", run.stderr);
}

#[test]
fn posture_alone_says_what_to_do() {
    let run = posture([]);
    assert_eq!(run.code, 0);
    for command in
        ["posture scan ", "posture snapshot", "posture import --script", "posture permissions", "posture suppress"]
    {
        assert!(run.text().contains(command), "{command}");
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

/// The diagrams of one kind in the report of an example account.
fn diagrams(folder: &Path, snapshot: &str, kind: &str, more: &[&str]) -> Vec<Value> {
    let run = posture_at(folder, [&["scan", "--snapshot", snapshot, "--format", "json"], more].concat());
    let report = run.json();
    let drawn = report["diagrams"].as_array().cloned().unwrap_or_default();
    for way in drawn.iter().flat_map(|diagram| diagram["ways"].as_array().unwrap()) {
        assert_eq!(way["nodes"].as_array().unwrap().len(), way["edges"].as_array().unwrap().len() + 1, "{way}");
    }
    drawn.into_iter().filter(|diagram| diagram["kind"] == kind).collect()
}

#[test]
fn the_report_draws_the_way_of_every_alert_link_by_link() {
    let folder = tempfile::tempdir().unwrap();
    let alarm = |snapshot: &str| {
        let all = diagrams(folder.path(), snapshot, "alert_route", &[]);
        all.into_iter().find(|diagram| diagram["title"] == "alarm billing-50-usd").unwrap()
    };
    let heard = alarm(&account("bootcamp-hardened"));
    let names: Vec<&str> =
        heard["ways"][0]["nodes"].as_array().unwrap().iter().map(|node| node["what"].as_str().unwrap()).collect();
    assert_eq!(names, ["alarm", "Region and account", "topic", "topic policy", "key", "subscription"]);
    assert_eq!((&heard["state"], &heard["ways"][0]["reason"]), (&json!("holds"), &Value::Null));

    let text = std::fs::read_to_string(account("bootcamp-hardened")).unwrap();
    let mut snapshot: Value = serde_json::from_str(&text).unwrap();
    for observation in snapshot["observations"].as_array_mut().unwrap() {
        if observation["operation"] == "ListSubscriptionsByTopic" {
            observation["response"] = json!({ "Subscriptions": [] });
        }
    }
    std::fs::write(folder.path().join("unheard.json"), snapshot.to_string()).unwrap();
    let unheard = alarm("unheard.json");
    let states: Vec<&str> =
        unheard["ways"][0]["nodes"].as_array().unwrap().iter().map(|node| node["state"].as_str().unwrap()).collect();
    assert_eq!(states, ["holds", "holds", "holds", "holds", "holds", "broken"]);
    assert_eq!(unheard["ways"][0]["reason"], "topic `billing-alerts` has no subscription");
}

#[test]
fn escalations_are_drawn_where_a_rule_worked_them_out() {
    let path = account("bootcamp");
    let drawn = diagrams(Path::new("."), &path, "escalation", &[]);
    assert_eq!(drawn[0]["title"], "arn:aws:iam::123456789012:user/deploy-ci");
    assert_eq!(
        drawn[0]["ways"][0]["nodes"][1],
        json!({ "what": "administrator", "name": "lambda-admin", "state": "holds" })
    );
    assert!(diagrams(Path::new("."), &path, "escalation", &["--rule", "root-mfa-enabled"]).is_empty());
}

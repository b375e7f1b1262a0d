//! Guards over the files that say what is judged: what the loader cannot refuse, because it holds for the built-in
//! rules and not for everybody's.

use std::collections::{BTreeMap, BTreeSet};

use posture::config::Config;
use posture::facts::Facts;
use posture::finding::Status;
use posture::framework::{self, Judged};
use posture::output::{self, FORMATS};
use posture::rule::judge::{Listed, Shown};
use posture::rule::{BUILT_IN, ParamOverrides, Rule, built_in, file::Example, load};
use posture::scan::Scan;

use super::accounts::account;

fn rules() -> Vec<Rule> {
    built_in(&ParamOverrides::new()).unwrap()
}

/// What is wrong with each rule, joined; a guard asserts that it is nothing.
fn complaints(complain: impl Fn(&Rule) -> Option<String>) -> String {
    let found: Vec<String> =
        rules().iter().filter_map(|rule| Some(format!("{}: {}", rule.id, complain(rule)?))).collect();
    found.join("\n")
}

#[test]
fn every_rule_file_loads_and_lies_in_the_folder_of_its_service() {
    for (file, text) in BUILT_IN {
        let rule = load::load(file, text, &ParamOverrides::new()).unwrap_or_else(|error| panic!("{error}"));
        let parts: Vec<&str> = file.split('/').collect();
        let [_, folder, name] = parts[..] else { panic!("{file} does not lie in rules/<service>/") };
        assert_eq!(name, format!("{}.yaml", rule.id));
        assert!(rule.id.starts_with(&format!("{folder}-")), "{file} is no rule of `{folder}`");
    }
}

#[test]
fn every_file_of_tests_is_listed() {
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/it");
    let main = std::fs::read_to_string(folder.join("main.rs")).unwrap();
    let listed: BTreeSet<&str> =
        main.lines().filter_map(|line| line.strip_prefix("mod ")?.strip_suffix(';')).chain(["main"]).collect();
    let names = std::fs::read_dir(&folder).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap());
    let module = |name: String| match name.rsplit_once('.') {
        Some((stem, "rs")) => Some(stem.to_owned()),
        Some(_) => None,
        None => Some(name),
    };
    let names: BTreeSet<String> = names.filter_map(module).collect();
    let forgotten: Vec<&String> = names.iter().filter(|name| !listed.contains(name.as_str())).collect();
    assert!(forgotten.is_empty(), "tests/it/main.rs does not list {forgotten:?}, so that nothing of it runs");
}

#[test]
fn ids_are_unique() {
    let all: Vec<String> = rules().into_iter().map(|rule| rule.id).collect();
    let unique: BTreeSet<&String> = all.iter().collect();
    assert_eq!(unique.len(), all.len());
}

#[test]
fn every_rule_shows_a_pass_a_failure_and_an_unknown() {
    let missing = complaints(|rule| {
        let missing = load::missing_examples(&rule.examples().unwrap());
        (!missing.is_empty()).then(|| format!("no example of {}", missing.join(", ")))
    });
    assert_eq!(missing, "");
}

#[test]
fn every_rule_that_may_not_apply_shows_it_and_says_why() {
    let silent = complaints(|rule| {
        let (applies_when, _) = rule.logic();
        applies_when?;
        let examples = rule.examples().unwrap();
        let shown = |example: &Example| example.expect.status == Status::NotApplicable;
        (!examples.iter().any(shown)).then(|| "no example of not_applicable".to_owned())
    });
    assert_eq!(silent, "");
}

#[test]
fn every_attested_rule_shows_what_happens_when_nobody_attests() {
    let silent = complaints(|rule| {
        rule.attestation.as_ref()?;
        let examples = rule.examples().unwrap();
        let nobody = |example: &Example| example.attestation.is_none() && example.expect.status == Status::Unknown;
        (!examples.iter().any(nobody)).then(|| "no example in which nobody attested".to_owned())
    });
    assert_eq!(silent, "");
}

#[test]
fn examples_have_names_of_their_own() {
    let twice = complaints(|rule| {
        let mut seen = BTreeSet::new();
        let examples = rule.examples().unwrap();
        let twice = examples.iter().find(|example| !seen.insert(example.name.as_str()))?;
        Some(format!("two examples are called `{}`", twice.name))
    });
    assert_eq!(twice, "");
}

#[test]
fn titles_say_what_should_be() {
    assert_eq!(complaints(|rule| (!rule.title.contains(" should ")).then(|| rule.title.to_string())), "");
    assert_eq!(complaints(|rule| rule.title.ends_with('.').then(|| rule.title.to_string())), "");
}

#[test]
fn messages_are_one_line_and_start_like_an_observation() {
    for (file, text) in BUILT_IN {
        let parsed = load::parse(file, text).unwrap();
        let messages = [Some(&parsed.message), parsed.pass_message.as_ref(), parsed.not_applicable_message.as_ref()];
        for message in messages.into_iter().flatten() {
            assert!(!message.value.trim().is_empty() && !message.value.contains('\n'), "{file}: {}", message.value);
            assert!(!message.value.ends_with('.'), "{file}: {}", message.value);
        }
    }
}

#[test]
fn every_rule_says_what_to_do_and_names_a_page() {
    let silent = complaints(|rule| {
        let empty = rule.remediation.text.trim().is_empty()
            || rule.remediation.cli.as_ref().is_some_and(|cli| cli.trim().is_empty());
        empty.then(|| "remediation is empty".to_owned())
    });
    assert_eq!(silent, "");
    let bare = complaints(|rule| {
        let good = !rule.references.is_empty() && rule.references.iter().all(|link| link.starts_with("https://"));
        (!good).then(|| format!("references are {:?}", rule.references))
    });
    assert_eq!(bare, "");
}

#[test]
fn every_control_that_a_rule_names_exists() {
    let frameworks: BTreeMap<String, BTreeSet<String>> = framework::all()
        .unwrap()
        .into_iter()
        .map(|framework| (framework.id, framework.controls.into_iter().map(|control| control.id).collect()))
        .collect();
    let strange = complaints(|rule| {
        let named = rule.controls.iter().flat_map(|(id, controls)| controls.iter().map(move |control| (id, control)));
        let strange: Vec<String> = named
            .filter(|(id, control)| !frameworks.get(*id).is_some_and(|controls| controls.contains(*control)))
            .map(|(id, control)| format!("{id} {control}"))
            .collect();
        (!strange.is_empty()).then(|| strange.join(", "))
    });
    assert_eq!(strange, "");
}

#[test]
fn framework_files_are_in_order() {
    for framework in framework::all().unwrap() {
        let ids: BTreeSet<&str> = framework.controls.iter().map(|control| control.id.as_str()).collect();
        assert_eq!(ids.len(), framework.controls.len(), "{} lists a control twice", framework.id);
        assert!(framework.reference.starts_with("https://"), "{}", framework.reference);
        for control in &framework.controls {
            // The benchmarks' own titles begin so; ours are in our words.
            assert!(!control.title.starts_with("Ensure "), "{} {}", framework.id, control.title);
        }
    }
}

#[test]
fn no_rule_makes_a_control_automated_that_only_a_person_can_judge() {
    let rules = rules();
    for framework in framework::all().unwrap() {
        let coverage = framework.coverage(&rules);
        for control in framework.controls.iter().filter(|control| control.judged == Judged::Manual) {
            for id in &coverage[control.id.as_str()] {
                let rule = rules.iter().find(|rule| rule.id == *id).unwrap();
                let asks = rule.attestation.is_some();
                assert!(asks, "{} {} is manual, and `{id}` asks nobody", framework.id, control.id);
            }
        }
    }
}

#[test]
fn a_denied_account_passes_no_rule() {
    let config = Config::default();
    let rules = rules();
    let report = Scan { rules: &rules, config: &config, baseline: None, as_of: None }.run(&account("denied"));
    let passed: Vec<&str> = report
        .results
        .iter()
        .filter(|finding| finding.status == Status::Pass)
        .map(|finding| finding.rule.as_ref())
        .collect();
    assert!(passed.is_empty(), "{passed:?}");
}

#[test]
fn an_empty_account_fails_no_rule_without_a_resource_that_it_can_name() {
    let snapshot = account("empty");
    let facts = Facts::build(&snapshot, None);
    let config = Config::default();
    let rules = rules();
    let report = Scan { rules: &rules, config: &config, baseline: None, as_of: None }.run(&snapshot);
    let known: BTreeSet<String> = posture::facts::KINDS
        .iter()
        .flat_map(|kind| {
            (kind.list)(&facts).resources.iter().map(|resource| resource.id.to_owned()).collect::<Vec<_>>()
        })
        .collect();
    for finding in &report.results {
        assert!(known.contains(&finding.resource.id), "{} names {}", finding.rule, finding.resource.id);
        assert!(finding.status != Status::Fail || !finding.evidence.is_empty(), "{} fails on nothing", finding.rule);
    }
}

#[test]
fn formats_say_the_same_when_nothing_is_kept_that_they_do_not_show() {
    let (config, rules) = (Config::default(), rules());
    let scan = Scan { rules: &rules, config: &config, baseline: None, as_of: None };
    for name in ["bootcamp", "bootcamp-hardened", "denied", "empty"] {
        let snapshot = account(name);
        let all = scan.run(&snapshot);
        for (format, renderer) in FORMATS {
            let listed = if renderer.lists_all() { Listed::All } else { Listed::FailingAndUnknown };
            let some = scan.run_for(snapshot.clone(), None, Shown { listed, evidence: renderer.cites_evidence() });
            assert_eq!((&all.summary, &all.rules_run, &all.gaps), (&some.summary, &some.rules_run, &some.gaps));
            let cites = some.results.iter().any(|finding| !finding.evidence.is_empty());
            assert!(renderer.cites_evidence() || !cites, "{format} of {name} keeps evidence that it does not show");
            let [all, some] = [&all, &some].map(|report| {
                let mut bytes = Vec::new();
                renderer.render(report, &output::Context::default(), &mut bytes).unwrap();
                String::from_utf8(bytes).unwrap()
            });
            assert!(all == some, "{format} of {name} differs");
        }
    }
}

#[test]
fn every_verdict_on_the_example_accounts_shows_its_evidence() {
    for name in ["bootcamp", "bootcamp-hardened"] {
        let config = Config::default();
        let rules = rules();
        let report = Scan { rules: &rules, config: &config, baseline: None, as_of: None }.run(&account(name));
        for finding in &report.results {
            let judged = matches!(finding.status, Status::Pass | Status::Fail);
            assert!(!judged || !finding.evidence.is_empty(), "{name}: {} has no evidence", finding.rule);
        }
    }
}

//! Hostile text in every text member of a snapshot, crossed with every format: what AWS answers is somebody else's text.

use std::collections::BTreeSet;
use std::io::Cursor;

use posture::config::Config;
use posture::diff::{self, Side};
use posture::output::{Context, FORMATS};
use posture::report::Report;
use posture::rule::{ParamOverrides, Rule, built_in};
use posture::scan::Scan;
use posture::snapshot::{Snapshot, SnapshotReader};
use serde_json::Value;

use crate::common::render;
use crate::hostile::assert_harmless;

/// One of each attack: terminal, line, table, page, formula, log command, direction, link, quotes.
const ATTACK: &str = "\u{1b}[31m\u{9b}2J\r\n| x |<script>alert(1)</script><img src=x onerror=alert(1)>::error::x %0A\u{202e}\u{200b}\
                      [a](javascript:alert(1)) ![i](https://evil.example) @someone www.evil.example `'\"\\ ${{ x }}";

pub(crate) fn snapshot(name: &str) -> Value {
    let path = format!("{}/fixtures/accounts/{name}.json", env!("CARGO_MANIFEST_DIR"));
    serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap()
}

/// The names of the members that hold text, wherever they stand.
fn members(value: &Value, found: &mut BTreeSet<String>) {
    match value {
        Value::Object(object) => {
            for (name, value) in object {
                if value.is_string() || value.as_array().is_some_and(|items| items.iter().any(Value::is_string)) {
                    found.insert(name.clone());
                }
                members(value, found);
            }
        }
        Value::Array(items) => items.iter().for_each(|item| members(item, found)),
        _ => {}
    }
}

/// Gives every text of one member another.
fn change(value: &mut Value, member: &str, new: &dyn Fn(&str) -> String) {
    match value {
        Value::Object(object) => {
            for (name, value) in object {
                match value {
                    Value::String(text) if name == member => *text = new(text),
                    Value::Array(items) if name == member => {
                        for item in items {
                            if let Value::String(text) = item {
                                *text = new(text);
                            }
                        }
                    }
                    other => change(other, member, new),
                }
            }
        }
        Value::Array(items) => items.iter_mut().for_each(|item| change(item, member, new)),
        _ => {}
    }
}

/// The snapshot once for each text member of its observations, with the attack behind every text of that member.
pub(crate) fn attacked<'a>(whole: &'a Value, attack: &'a str) -> impl Iterator<Item = (String, Value)> + 'a {
    let mut names = BTreeSet::new();
    members(&whole["observations"], &mut names);
    names.into_iter().map(move |name| {
        let mut attacked = whole.clone();
        change(&mut attacked["observations"], &name, &|own| format!("{own}{attack}"));
        (name, attacked)
    })
}

/// Reads a snapshot; none when it is refused, which is harmless too.
pub(crate) fn read(snapshot: &str) -> Option<Snapshot> {
    let mut reader = SnapshotReader::from_reader("-".to_owned(), Box::new(Cursor::new(snapshot.to_owned()))).unwrap();
    reader.next().unwrap().ok()
}

/// The report of a snapshot that is not refused.
fn scanned(rules: &[Rule], snapshot: &str) -> Option<Report> {
    let config = Config::default();
    let snapshot = read(snapshot)?;
    Some(Scan { rules, config: &config, baseline: None, as_of: None }.run(&snapshot))
}

fn assert_all_harmless(report: &Report, harmless: &Report, what: &str) {
    let context = Context { width: Some(120), colour: true, ..Context::default() };
    for (format, _) in FORMATS {
        let context = if *format == "table" { context.clone() } else { Context::default() };
        assert_harmless(format, &render(format, report, &context), &context, what);
    }
    for (old, new) in [(harmless, report), (report, harmless)] {
        let diff = diff::compare(&[Side::from(old)], &[Side::from(new)]);
        let rendered = |write: &dyn Fn(&mut Vec<u8>)| {
            let mut bytes = Vec::new();
            write(&mut bytes);
            String::from_utf8(bytes).unwrap()
        };
        let plain = Context::default();
        assert_harmless("json", &rendered(&|sink| diff::json(&diff, sink).unwrap()), &plain, what);
        assert_harmless("markdown", &rendered(&|sink| diff::markdown(&diff, sink).unwrap()), &plain, what);
        assert_harmless("table", &rendered(&|sink| diff::table(&diff, &plain, sink).unwrap()), &plain, what);
    }
}

#[test]
fn hostile_text_in_every_member_of_a_snapshot_stays_harmless_in_every_format() {
    let rules = built_in(&ParamOverrides::new()).unwrap();
    let mut judged = 0;
    for account in ["bootcamp", "denied"] {
        let whole = snapshot(account);
        let harmless = scanned(&rules, &whole.to_string()).unwrap();
        for (name, attacked) in attacked(&whole, ATTACK) {
            if let Some(report) = scanned(&rules, &attacked.to_string()) {
                assert_all_harmless(&report, &harmless, &name);
                judged += 1;
            }
        }
    }
    assert!(judged > 40, "only {judged} members were judged; the others were refused");
}

#[test]
fn a_hostile_name_that_stands_in_every_answer_stays_harmless() {
    let rules = built_in(&ParamOverrides::new()).unwrap();
    let whole = snapshot("bootcamp").to_string();
    let harmless = scanned(&rules, &whole).unwrap();
    // What the credential report's table can carry without being another table.
    let name = "fred\u{202e}<img src=x onerror=alert(1)>=cmd|'/C'![i](javascript:alert(1))@someone";
    let report = scanned(&rules, &whole.replace("fred", name)).unwrap();
    assert!(report.results.iter().any(|finding| finding.message.contains("<img")), "the name reached no finding");
    assert_all_harmless(&report, &harmless, "fred");
}

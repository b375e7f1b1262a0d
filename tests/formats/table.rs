//! The table: what a person meets on a terminal, in a pipe, and when nothing could be read.

use posture::output::Context;
use unicode_width::UnicodeWidthStr as _;

use crate::common::{render, rendered};
use crate::sample;

fn terminal(width: usize) -> Context {
    Context { width: Some(width), ..Context::default() }
}

#[test]
fn a_pipe_gets_plain_lines_without_boxes_or_colours() {
    insta::assert_snapshot!(rendered("table", &sample::harmless()));
}

#[test]
fn a_terminal_gets_boxes_within_its_width() {
    let text = render("table", &sample::harmless(), &terminal(100));
    insta::assert_snapshot!(text);
    for line in text.lines().filter(|line| !line.trim_start().starts_with('$')) {
        assert!(line.width() <= 100, "{} columns: {line}", line.width());
    }
}

#[test]
fn a_narrow_terminal_gets_lists_in_which_no_name_is_broken() {
    let text = render("table", &sample::harmless(), &terminal(80));
    insta::assert_snapshot!(text);
    for line in text.lines().filter(|line| !line.trim_start().starts_with('$')) {
        assert!(line.width() <= 80, "{} columns: {line}", line.width());
    }
    for rule in sample::harmless().results.iter().filter(|one| one.status == posture::finding::Status::Fail) {
        assert!(text.contains(rule.rule.as_ref()), "{} is broken", rule.rule);
    }
}

#[test]
fn colours_appear_only_when_wanted() {
    let colour = Context { colour: true, ..terminal(100) };
    assert!(render("table", &sample::harmless(), &colour).contains("\u{1b}["));
    assert!(!render("table", &sample::harmless(), &terminal(100)).contains('\u{1b}'));
}

#[test]
fn a_denied_account_names_the_missing_action_and_the_way_to_get_it() {
    let text = rendered("table", &sample::denied_account());
    assert!(text.contains("NOT JUDGED: 1 rule"), "{text}");
    assert!(text.contains("allow budgets:ViewBudget"), "{text}");
    assert!(text.contains("posture permissions"), "{text}");
}

#[test]
fn a_clean_account_is_told_how_to_stay_clean() {
    let text = rendered("table", &sample::clean_account());
    assert!(text.contains("Keep it so"), "{text}");
}

#[test]
fn a_terminal_shows_the_first_resources_of_a_rule_and_counts_the_rest() {
    let report = sample::many_failing(25);
    let text = render("table", &report, &terminal(120));
    assert!(text.contains("… and 15 more"), "{text}");
    assert_eq!(rendered("table", &report).matches(":user/user-").count(), 25);
}

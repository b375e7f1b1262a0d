//! One self-contained page: scores, what to do now, and every result with its evidence, to filter and search.
//!
//! The page loads nothing. Its content security policy allows its own style and script by their hashes and nothing
//! else, so that even text that slipped through every escape could neither run nor call home. Results are data in the
//! page and become elements only as text.

mod area;
mod data;
mod drawing;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::io::{self, Write};

use base64::{Engine as _, engine::general_purpose::STANDARD};
use sha2::{Digest as _, Sha256};

use self::area::area;
use super::digest;
use super::escape::{command_lines, cut, html};
use super::{Context, Renderer, safe_json};
use crate::report::{Counts, Report, RuleRun};

/// The page for browsers.
pub(super) struct Html;

const STYLE: &str = include_str!("html/page.css");
const SCRIPT: &str = include_str!("html/page.js");
/// Rows up to which a table of scores is open: the results must not be far down.
const MOST_OPEN: usize = 8;
/// Characters of one text.
const TEXT: usize = 2_000;

impl Renderer for Html {
    fn render(&self, report: &Report, _: &Context, sink: &mut dyn Write) -> io::Result<()> {
        head(report, sink)?;
        writeln!(sink, "<main id=\"main\">")?;
        steps(report, sink)?;
        totals(report, sink)?;
        areas(&by_area(report), sink)?;
        scores("Score per framework", "Framework", &by_framework(report), sink)?;
        controls(report, sink)?;
        drawing::sections(report, sink)?;
        results(sink)?;
        writeln!(sink, "</main>")?;
        foot(report, sink)
    }

    fn repeats(&self) -> bool {
        false
    }
}

fn text(text: &str) -> String {
    html(&cut(text, TEXT))
}

/// Text whose words in backticks are code.
fn marked(text: &str) -> String {
    let text = cut(text, TEXT);
    let parts: Vec<&str> = text.split('`').collect();
    if parts.len().is_multiple_of(2) {
        return html(&text);
    }
    let part = |(index, part): (usize, &&str)| {
        if index % 2 == 1 { format!("<code>{}</code>", html(part)) } else { html(part) }
    };
    parts.iter().enumerate().map(part).collect()
}

fn hash(content: &str) -> String {
    format!("'sha256-{}'", STANDARD.encode(Sha256::digest(content.as_bytes())))
}

fn head(report: &Report, sink: &mut dyn Write) -> io::Result<()> {
    let account = text(&report.account);
    write!(
        sink,
        "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src {}; script-src {}; \
         base-uri 'none'; form-action 'none'\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
         <meta name=\"referrer\" content=\"no-referrer\">\n\
         <title>Security posture of account {account}</title>\n<style>{STYLE}</style>\n</head>\n<body>\n\
         <a class=\"skip\" href=\"#main\">To the content</a>\n\
         <header><div><h1>Security posture of account {account}</h1>\n\
         <p class=\"soft\">Partition {}, collected {}, Regions: {}</p></div>\n\
         <button type=\"button\" id=\"theme\">Light or dark</button></header>\n",
        hash(STYLE),
        hash(SCRIPT),
        text(&report.partition),
        report.collected_at,
        text(&report.regions.join(", ")),
    )
}

fn steps(report: &Report, sink: &mut dyn Write) -> io::Result<()> {
    writeln!(sink, "<section aria-labelledby=\"steps\"><h2 id=\"steps\">What to do now</h2><ol>")?;
    for step in digest::steps(report) {
        writeln!(sink, "<li>{} <span class=\"soft\">({})</span>", marked(&step.what), text(&step.why))?;
        if let Some(command) = &step.command {
            let lines: Vec<String> = command_lines(command, TEXT).iter().map(|line| html(line)).collect();
            writeln!(sink, "<pre>{}</pre>", lines.join("\n"))?;
        }
        writeln!(sink, "</li>")?;
    }
    writeln!(sink, "</ol></section>")
}

/// Every control of the framework that was asked for.
fn controls(report: &Report, sink: &mut dyn Write) -> io::Result<()> {
    let Some(framework) = &report.framework else { return Ok(()) };
    let counts: Vec<String> =
        framework.summary.iter().map(|(status, count)| format!("{count} {}", status.words())).collect();
    writeln!(
        sink,
        "<section><details id=\"controls\" open><summary>{}</summary><table><caption>{}</caption><thead><tr>\
         <th scope=\"col\">Control</th><th scope=\"col\">Status</th><th scope=\"col\">What it asks</th>\
         <th scope=\"col\">Rules</th></tr></thead><tbody>",
        text(&framework.name),
        counts.join(", ")
    )?;
    for control in &framework.controls {
        writeln!(
            sink,
            "<tr><th scope=\"row\">{}</th><td><span class=\"badge {}\">{}</span></td><td>{}</td><td><code>{}</code></td></tr>",
            text(&control.id),
            control.status.name(),
            control.status.words(),
            text(&control.title),
            text(&control.rules.join(", "))
        )?;
    }
    writeln!(sink, "</tbody></table></details></section>")
}

fn totals(report: &Report, sink: &mut dyn Write) -> io::Result<()> {
    writeln!(
        sink,
        "<section aria-labelledby=\"totals\"><h2 id=\"totals\">Totals</h2><table><caption>Rules count by their worst \
         verdict. Suppressed failures: {}.</caption><thead><tr><td></td>{}</tr></thead><tbody>",
        report.summary.suppressed,
        ["Pass", "Fail", "Unknown", "Not applicable"]
            .map(|name| format!("<th scope=\"col\" class=\"number\">{name}</th>"))
            .concat(),
    )?;
    for (name, counts) in [("Rules", report.summary.rules), ("Results", report.summary.results)] {
        let numbers = [counts.pass, counts.fail, counts.unknown, counts.not_applicable]
            .map(|number| format!("<td class=\"number\">{number}</td>"));
        writeln!(sink, "<tr><th scope=\"row\">{name}</th>{}</tr>", numbers.concat())?;
    }
    writeln!(sink, "</tbody></table>")?;
    for note in &report.notes {
        writeln!(sink, "<p>Note: {}</p>", text(note))?;
    }
    writeln!(sink, "</section>")
}

fn by_area(report: &Report) -> BTreeMap<String, Counts> {
    let mut counts: BTreeMap<String, Counts> = BTreeMap::new();
    for rule in &report.rules_run {
        counts.entry(area(&rule.id).to_owned()).or_default().add(rule.status);
    }
    counts
}

fn by_framework(report: &Report) -> BTreeMap<String, Counts> {
    let mut counts: BTreeMap<String, Counts> = BTreeMap::new();
    for rule in &report.rules_run {
        for framework in rule.controls.keys() {
            counts.entry(framework.clone()).or_default().add(rule.status);
        }
    }
    counts
}

/// A tile per area, which leads to the area's results.
fn areas(rows: &BTreeMap<String, Counts>, sink: &mut dyn Write) -> io::Result<()> {
    if rows.is_empty() {
        return Ok(());
    }
    writeln!(
        sink,
        "<section aria-labelledby=\"areas\"><h2 id=\"areas\">Score per area</h2><p class=\"soft\">Rules that pass, of \
         those that apply; a rule that could not be judged does not pass.</p><ul class=\"tiles\">"
    )?;
    for (name, counts) in rows {
        let name = text(name);
        writeln!(
            sink,
            "<li><button type=\"button\" data-area=\"{name}\"><span class=\"name\">{name}</span> \
             <span class=\"number\">{}</span>{}<span class=\"soft\">{}</span></button></li>",
            percent(*counts),
            bar(*counts),
            told(*counts),
        )?;
    }
    writeln!(sink, "</ul></section>")
}

/// The share of rules that pass.
fn percent(counts: Counts) -> String {
    match counts.pass + counts.fail + counts.unknown {
        0 => "–".to_owned(),
        // Rounded down: only a score without any failure reads 100.
        all => format!("{} %", counts.pass * 100 / all),
    }
}

/// The counts that are not zero, in words.
fn told(counts: Counts) -> String {
    let words = [
        (counts.pass, "pass"),
        (counts.fail, "fail"),
        (counts.unknown, "not judged"),
        (counts.not_applicable, "not applicable"),
    ];
    let words: Vec<String> =
        words.iter().filter(|(count, _)| *count > 0).map(|(count, word)| format!("{count} {word}")).collect();
    words.join(", ")
}

/// A bar per row: what passes, fails, and was not judged. What was not judged counts against the score.
fn scores(title: &str, first: &str, rows: &BTreeMap<String, Counts>, sink: &mut dyn Write) -> io::Result<()> {
    if rows.is_empty() {
        return Ok(());
    }
    let open = if rows.len() > MOST_OPEN { "" } else { " open" };
    writeln!(
        sink,
        "<section><details{open}><summary>{title}</summary><table><caption>Rules that pass, of \
         those that apply; a rule that could not be judged does not pass.</caption><thead><tr>\
         <th scope=\"col\">{first}</th><th scope=\"col\" class=\"number\">Score</th><th scope=\"col\">Share</th>\
         <th scope=\"col\">Rules</th></tr></thead><tbody>"
    )?;
    for (name, counts) in rows {
        score(name, *counts, sink)?;
    }
    writeln!(sink, "</tbody></table></details></section>")
}

fn score(name: &str, counts: Counts, sink: &mut dyn Write) -> io::Result<()> {
    writeln!(
        sink,
        "<tr><th scope=\"row\">{}</th><td class=\"number\">{}</td><td>{}</td><td>{}</td></tr>",
        text(name),
        percent(counts),
        bar(counts),
        told(counts),
    )
}

/// Drawn in SVG: the policy of the page allows no style attributes.
fn bar(counts: Counts) -> String {
    let all = (counts.pass + counts.fail + counts.unknown).max(1);
    let mut start = 0;
    let mut parts = String::new();
    for (class, count) in [("pass", counts.pass), ("fail", counts.fail), ("unknown", counts.unknown)] {
        let width = count * 1_000 / all;
        let _ = write!(parts, "<rect class=\"{class}\" x=\"{start}\" width=\"{width}\" height=\"10\"/>");
        start += width;
    }
    format!(
        "<svg class=\"bar\" viewBox=\"0 0 1000 10\" preserveAspectRatio=\"none\" aria-hidden=\"true\">{parts}</svg>"
    )
}

fn results(sink: &mut dyn Write) -> io::Result<()> {
    let boxes = data::STATES.map(|(value, name)| {
        let checked = if matches!(value, "fail" | "unknown") { " checked" } else { "" };
        format!("<label><input type=\"checkbox\" name=\"status\" value=\"{value}\"{checked}> {name}</label>")
    });
    let severities = crate::finding::Severity::WORST_FIRST
        .map(|severity| format!("<option value=\"{0}\">{0}</option>", severity.name()));
    writeln!(
        sink,
        "<section aria-labelledby=\"all\"><h2 id=\"all\">Results</h2>\n\
         <form id=\"filters\" role=\"search\"><fieldset><legend>Status</legend>{}</fieldset>\n\
         <label>Severity<select name=\"severity\"><option value=\"\">all</option>{}</select></label>\n\
         <label>Service or area<select name=\"area\"><option value=\"\">all</option></select></label>\n\
         <label>Framework<select name=\"framework\"><option value=\"\">all</option></select></label>\n\
         <label class=\"wide\">Search (key /)<input type=\"search\" name=\"search\" autocomplete=\"off\"></label>\n\
         <button type=\"reset\">Reset</button><button type=\"button\" id=\"open\">Open or close all</button></form>\n\
         <p id=\"count\" role=\"status\" aria-live=\"polite\"></p>\n<ol id=\"results\"></ol>\n\
         <button type=\"button\" id=\"more\" hidden>Show more</button>\n\
         <noscript><p>The list of results needs JavaScript; the JSON report holds the same.</p></noscript></section>",
        boxes.concat(),
        severities.concat(),
    )
}

fn foot(report: &Report, sink: &mut dyn Write) -> io::Result<()> {
    writeln!(
        sink,
        "<footer class=\"soft\"><p>posture {}, rules judged as of {}</p></footer>",
        text(report.posture),
        report.as_of
    )?;
    write!(sink, "<script type=\"application/json\" id=\"data\">")?;
    safe_json::inside_html(&data::PageData::from(report), sink)?;
    writeln!(sink, "</script>\n<script>{SCRIPT}</script>\n</body>\n</html>")
}

/// Frameworks that any rule serves, sorted.
fn frameworks(rules: &[RuleRun]) -> BTreeSet<&str> {
    rules.iter().flat_map(|rule| rule.controls.keys().map(String::as_str)).collect()
}

//! The picture in the README: what a terminal shows, drawn from a real scan. `POSTURE_UPDATE=1 cargo test --test formats
//! picture` draws it anew.

use std::fmt::Write as _;
use std::path::Path;

use posture::config::Config;
use posture::output::Context;
use posture::rule::{ParamOverrides, built_in};
use posture::scan::Scan;
use posture::snapshot::SnapshotReader;
use unicode_width::UnicodeWidthStr as _;

use crate::common::render;

const PICTURE: &str = "docs/picture.svg";
/// Rules that a first look shows; the picture must not change with every new rule.
const RULES: [&str; 6] = [
    "billing-alarm-notifies",
    "cloudtrail-multi-region-enabled",
    "iam-admin-user-mfa",
    "iam-password-policy-exists",
    "root-mfa-enabled",
    "root-no-access-keys",
];
const COLUMNS: usize = 118;
const CELL: (f64, f64) = (7.8, 17.0);
const MARGIN: f64 = 16.0;

fn terminal() -> String {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut rules = built_in(&ParamOverrides::new()).unwrap();
    rules.retain(|rule| RULES.contains(&rule.id.as_str()));
    assert_eq!(rules.len(), RULES.len(), "a rule of the picture is gone");
    let snapshot =
        SnapshotReader::open(&root.join("fixtures/accounts/bootcamp.json")).unwrap().next().unwrap().unwrap();
    let config = Config::default();
    let report = Scan { rules: &rules, config: &config, baseline: None, as_of: None }.run(&snapshot);
    let snapshot = Some("account.json.zst".to_owned());
    let context = Context { width: Some(COLUMNS), colour: true, snapshot, ..Context::default() };
    format!("$ posture scan --snapshot account.json.zst\n{}", render("table", &report, &context))
}

/// The class of the colour that a terminal has after a sequence, as in `1;31`.
fn colour<'a>(sequence: &str, now: &'a str) -> &'a str {
    match sequence {
        "0" | "39" => "",
        "1;31" | "38;5;9" => "red",
        "1;33" | "38;5;11" => "yellow",
        "1;36" | "38;5;14" => "cyan",
        "1" => "bold",
        _ => now,
    }
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

/// A line with its colours as SVG; `class` is the colour in force, which lines hand on.
fn line(text: &str, class: &mut &str) -> (String, usize) {
    let (mut out, mut columns) = (String::new(), 0);
    for (position, part) in text.split("\u{1b}[").enumerate() {
        let shown = if position == 0 {
            part
        } else {
            let (sequence, rest) = part.split_once('m').unwrap();
            *class = colour(sequence, class);
            rest
        };
        columns += shown.width();
        if !shown.is_empty() {
            let _ = write!(out, "<tspan class=\"{class}\">{}</tspan>", escaped(shown));
        }
    }
    (out, columns)
}

/// A command is one line to copy, however long; the picture shows its beginning.
fn shortened(text: &str) -> String {
    if text.contains('\u{1b}') || text.width() <= COLUMNS {
        return text.to_owned();
    }
    let shown: String = text.chars().take(COLUMNS - 1).collect();
    format!("{shown}…")
}

fn drawn(terminal: &str) -> String {
    let lines: Vec<&str> = terminal.lines().collect();
    let columns = u32::try_from(COLUMNS).unwrap();
    let width = MARGIN * 2.0 + f64::from(columns) * CELL.0;
    let height = MARGIN * 2.0 + f64::from(u32::try_from(lines.len()).unwrap()) * CELL.1;
    let mut svg = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{width}\" height=\"{height}\" viewBox=\"0 0 {width} {height}\" role=\"img\">\n\
         <title>What posture scan prints</title>\n<style>text{{font:13px ui-monospace,Menlo,Consolas,'DejaVu Sans Mono',monospace;\
         fill:#e6edf3;white-space:pre}}.red{{fill:#ff8a80;font-weight:bold}}.yellow{{fill:#e3b341}}.cyan{{fill:#79c0ff}}\
         .bold{{font-weight:bold}}</style>\n<rect width=\"100%\" height=\"100%\" rx=\"10\" fill=\"#0d1117\"/>\n"
    );
    let mut class = "";
    let mut top = MARGIN + CELL.1 * 0.75;
    for text in lines.iter().map(|text| shortened(text)) {
        let (spans, columns) = line(&text, &mut class);
        if columns > 0 {
            // The length keeps the table's lines under each other, whatever font the reader has.
            let length = f64::from(u32::try_from(columns).unwrap()) * CELL.0;
            let _ = writeln!(
                svg,
                "<text x=\"{MARGIN}\" y=\"{top:.1}\" textLength=\"{length:.1}\" lengthAdjust=\"spacingAndGlyphs\" \
                 xml:space=\"preserve\">{spans}</text>"
            );
        }
        top += CELL.1;
    }
    svg + "</svg>\n"
}

#[expect(clippy::disallowed_methods, reason = "who asks for a new picture asks through the environment")]
#[test]
fn the_picture_in_the_readme_shows_what_a_scan_prints() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(PICTURE);
    let expected = drawn(&terminal());
    if std::env::var_os("POSTURE_UPDATE").is_some() {
        std::fs::write(&path, &expected).unwrap();
    }
    let committed = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(committed == expected, "{PICTURE} is not current: POSTURE_UPDATE=1 cargo test --test formats picture");
    let readme = std::fs::read_to_string(path.parent().unwrap().parent().unwrap().join("README.md")).unwrap();
    assert!(readme.contains(PICTURE), "the README does not show the picture");
}

#[test]
fn a_rule_of_the_picture_fails_and_its_colour_is_drawn() {
    let svg = drawn(&terminal());
    assert!(svg.contains("<tspan class=\"red\">CRITICAL") && svg.contains("root-no-access-keys"), "{svg}");
    assert!(!svg.contains('\u{1b}'));
}

//! Hostile text in every text field of a report, crossed with every format and destination.

use posture::output::{Context, FORMATS};
use posture::report::Report;

use crate::common::{contexts, render};
use crate::sample;

/// What an attacker might call a user, a tag or a topic.
const HOSTILE: &[&str] = &[
    "\u{1b}[31mred\u{1b}[0m\u{1b}]0;title\u{7}",
    "\u{9b}31mC1",
    "line\nbreak\r\nand\rmore\u{85}\u{2028}\u{2029}",
    "| pipe | table |\n|---|",
    "<script>alert(1)</script></title></style><!-- --><img src=x onerror=alert(1)>",
    "=cmd|' /C calc'!A0",
    "+1+1",
    "-2+3",
    "@SUM(1)",
    "`code` ```\nfence",
    "::error::injected\n::set-output name=x::y\n##[error]x",
    "%0A::error::x%25",
    "admin\u{202e}txt.exe\u{2066}\u{2069}\u{200f}",
    "zero\u{200b}width\u{feff}\u{2060}\u{00ad}",
    "nul\0byte",
    "[link](javascript:alert(1)) ![i](https://evil.example/x) @someone www.evil.example",
    "]]> <![CDATA[ &amp; &#x1b; \"quoted\" 'single'",
    "{0} {{1}} ${{ github.token }} $(id) `id`",
    "../../../etc/passwd",
    "https://evil.example/?a=b#c",
    "z\u{300}\u{301}\u{302}\u{303}\u{304}\u{305}algo",
    "\\",
    "",
];

fn hostile(index: usize) -> Report {
    let text = HOSTILE[index];
    sample::everything(&|_| text.to_owned())
}

/// Hostile text that keeps the field's own words, so that fields stay different.
fn hostile_with_words(index: usize) -> Report {
    let text = HOSTILE[index];
    sample::everything(&|own| format!("{text}{own}{text}"))
}

/// What no format may let through, whatever the text was.
pub(crate) fn assert_harmless(format: &str, text: &str, context: &Context, input: &str) {
    let may_colour = format == "table" && context.colour;
    let plain = if may_colour { without_colours(text) } else { text.to_owned() };
    for character in plain.chars() {
        let steers = (character.is_control() && character != '\n')
            || matches!(u32::from(character), 0x200B..=0x200F | 0x2028..=0x202E | 0x2060..=0x206F | 0xFEFF | 0xAD | 0x61C);
        assert!(!steers, "{format} lets {character:?} of {input:?} through");
    }
    match format {
        "json" | "sarif" => drop(serde_json::from_str::<serde_json::Value>(&plain).unwrap()),
        "asff" | "ocsf" => {
            for line in plain.lines() {
                serde_json::from_str::<serde_json::Value>(line).unwrap();
            }
        }
        "csv" => assert_cells_are_text(&plain),
        "github" => assert_commands(&plain),
        "markdown" => assert_no_markup(&plain),
        "html" => assert_one_page(&plain),
        _ => {}
    }
}

/// Takes the colour sequences of the table's own making out; whatever else has an escape stays and is found.
fn without_colours(text: &str) -> String {
    let mut parts = text.split("\u{1b}[");
    let mut out = parts.next().unwrap().to_owned();
    for part in parts {
        match part.find('m') {
            Some(end) if part[..end].chars().all(|c| c.is_ascii_digit() || c == ';') => out.push_str(&part[end + 1..]),
            _ => panic!("an escape sequence that is no colour: {part:?}"),
        }
    }
    out
}

fn assert_cells_are_text(text: &str) {
    let mut reader = csv::ReaderBuilder::new().has_headers(true).from_reader(text.as_bytes());
    for record in reader.records() {
        for cell in &record.unwrap() {
            assert!(!cell.trim_start().starts_with(['=', '+', '-', '@', '\t', '\r', '|', '%']), "{cell:?}");
            assert!(!cell.contains('\n'), "{cell:?}");
        }
    }
}

fn assert_commands(text: &str) {
    for line in text.lines() {
        let commands = ["::error ", "::warning ", "::notice "];
        assert!(commands.iter().any(|command| line.starts_with(command)), "{line:?}");
        let properties = line.trim_start_matches(':').split("::").next().unwrap();
        assert!(!properties.contains('\n'));
    }
    assert!(text.lines().count() <= 10);
}

fn assert_no_markup(text: &str) {
    for forbidden in ["<script", "<img", "<!--", "javascript:", "](", "![", "www.", "@someone", "://evil", "${{"] {
        assert!(!text.contains(forbidden), "{forbidden} in the Markdown");
    }
}

fn assert_one_page(text: &str) {
    assert_eq!(text.matches("<script").count(), text.matches("</script>").count());
    for forbidden in ["<img", "<script>alert", "onerror=alert(1)>", "javascript:alert(1)\""] {
        assert!(!text.contains(forbidden), "{forbidden} in the page");
    }
}

#[test]
fn hostile_text_in_every_field_stays_harmless_in_every_format() {
    for (index, input) in HOSTILE.iter().enumerate() {
        for report in [hostile(index), hostile_with_words(index)] {
            for (format, _) in FORMATS {
                // Width and colour concern the table alone.
                let contexts = if *format == "table" { contexts() } else { vec![Context::default()] };
                for context in contexts {
                    assert_harmless(format, &render(format, &report, &context), &context, input);
                }
            }
        }
    }
}

#[test]
fn machine_formats_keep_hostile_text_exactly() {
    for (index, input) in HOSTILE.iter().enumerate() {
        let report: serde_json::Value =
            serde_json::from_str(&render("json", &hostile(index), &Context::default())).unwrap();
        assert_eq!(report["results"][0]["resource"]["id"], **input);
        assert_eq!(report["results"][0]["message"], **input);
    }
}

#[test]
fn sarif_with_hostile_text_still_obeys_schema_and_location_rules() {
    let schema = crate::common::schema("sarif-schema-2.1.0.json");
    for index in 0..HOSTILE.len() {
        let log: serde_json::Value =
            serde_json::from_str(&render("sarif", &hostile_with_words(index), &Context::default())).unwrap();
        crate::common::assert_valid(&schema, &log);
        for result in log["runs"][0]["results"].as_array().unwrap() {
            let uri = result["locations"][0]["physicalLocation"]["artifactLocation"]["uri"].as_str().unwrap();
            assert!(
                !uri.contains([':', '\\', ' ']) && !uri.split('/').any(|part| part.is_empty() || part == ".."),
                "{uri}"
            );
        }
    }
}

#[test]
fn names_of_100_kilobytes_are_clipped_for_people_and_whole_for_programs() {
    let long = "A".repeat(100_000);
    let report = sample::everything(&|_| long.clone());
    for (format, _) in FORMATS {
        // Width and colour concern the table alone.
        let narrow = Context { width: Some(80), colour: true, ..Context::default() };
        let context = if *format == "table" { narrow } else { Context::default() };
        let text = render(format, &report, &context);
        let most = if matches!(*format, "html" | "json" | "ndjson" | "ocsf") { 50_000_000 } else { 5_000_000 };
        assert!(text.len() < most, "{format} has {} bytes", text.len());
    }
    let json = render("json", &report, &Context::default());
    assert!(json.contains(&long));
}

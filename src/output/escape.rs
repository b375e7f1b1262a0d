//! One escape per destination for text that somebody else chose: names, tags, messages of AWS, words of user rules.
//!
//! Every function first makes the text [`printable`]: what could steer a terminal, reorder a line or hide from the
//! reader becomes visible as `\u{…}`, so nothing is dropped and two different names stay different.

use std::fmt::Write as _;

use unicode_width::UnicodeWidthChar as _;

/// How many combining marks may follow one character before the rest is shown as escapes.
const MARKS_IN_A_ROW: usize = 2;

/// Characters beyond the control characters that are invisible, reorder text, or take no or far too much room.
const TRICKS: &[(u32, u32)] = &[
    (0x00A0, 0x00A0),     // no-break space
    (0x00AD, 0x00AD),     // soft hyphen
    (0x034F, 0x034F),     // combining grapheme joiner
    (0x0600, 0x0605),     // Arabic number signs
    (0x061C, 0x061C),     // Arabic letter mark
    (0x06DD, 0x06DD),     // Arabic end of ayah
    (0x070F, 0x070F),     // Syriac abbreviation mark
    (0x0890, 0x0891),     // Arabic pound and piastre marks
    (0x08E2, 0x08E2),     // Arabic disputed end of ayah
    (0x115F, 0x1160),     // Hangul fillers
    (0x1680, 0x1680),     // Ogham space
    (0x17B4, 0x17B5),     // Khmer inherent vowels
    (0x180B, 0x180F),     // Mongolian selectors
    (0x2000, 0x200F),     // spaces, zero-width characters, direction marks
    (0x2028, 0x202F),     // separators, direction overrides
    (0x205F, 0x206F),     // invisible operators, direction isolates
    (0x2800, 0x2800),     // Braille blank
    (0x2E3A, 0x2E3B),     // two- and three-em dashes
    (0x3000, 0x3000),     // ideographic space
    (0x3164, 0x3164),     // Hangul filler
    (0xD800, 0xF8FF),     // private use
    (0xFDFA, 0xFDFD),     // Arabic ligatures many columns wide
    (0xFE00, 0xFE0F),     // variation selectors
    (0xFEFF, 0xFEFF),     // byte order mark
    (0xFFA0, 0xFFA0),     // half-width Hangul filler
    (0xFFF0, 0xFFFF),     // specials
    (0x110BD, 0x110CD),   // Kaithi number signs
    (0x12031, 0x12031),   // a cuneiform sign many columns wide
    (0x13430, 0x1343F),   // Egyptian format controls
    (0x1BCA0, 0x1BCA3),   // shorthand format controls
    (0x1D159, 0x1D159),   // musical null notehead
    (0x1D173, 0x1D17A),   // musical format controls
    (0xE0000, 0x10_FFFF), // tags, selectors, private use
];

/// True for a character that can stand as it is, apart from being a combining mark.
pub(crate) fn is_harmless(character: char) -> bool {
    if character.is_ascii() {
        return !character.is_ascii_control();
    }
    let code = u32::from(character);
    !character.is_control()
        && code & 0xFFFE != 0xFFFE
        && !TRICKS.iter().any(|&(first, last)| (first..=last).contains(&code))
}

/// Text in one line that steers no terminal, hides nothing and keeps its columns.
pub fn printable(text: &str) -> String {
    if text.bytes().all(|byte| (b' '..=b'~').contains(&byte)) {
        return text.to_owned();
    }
    let mut out = String::with_capacity(text.len());
    // A mark at the start would sit on whatever the format wrote before it.
    let mut marks = MARKS_IN_A_ROW;
    for character in text.chars() {
        let is_mark = !character.is_ascii() && character.width() == Some(0);
        if is_harmless(character) && !(is_mark && marks >= MARKS_IN_A_ROW) {
            marks = if is_mark { marks + 1 } else { 0 };
            out.push(character);
            continue;
        }
        match character {
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            other => drop(write!(out, "\\u{{{:x}}}", u32::from(other))),
        }
    }
    out
}

/// Text of at most `most` characters, with the number of those left out; the destination's escape comes after it.
pub fn cut(text: &str, most: usize) -> String {
    let Some((end, _)) = text.char_indices().nth(most) else { return text.to_owned() };
    let (head, tail) = text.split_at(end);
    format!("{head}… ({} more characters)", tail.chars().count())
}

/// [`printable`] text of at most `most` characters, with the number of those left out.
pub fn clipped(text: &str, most: usize) -> String {
    printable(&cut(text, most))
}

/// A rule's prose as one flowing line: its author broke the lines for the file, not for the reader.
pub fn flowing(text: &str) -> String {
    text.split_ascii_whitespace().collect::<Vec<_>>().join(" ")
}

/// The lines of a rule's command, each [`printable`], of at most `most` characters in all.
pub fn command_lines(text: &str, most: usize) -> Vec<String> {
    cut(text.trim(), most).lines().map(|line| printable(line.trim_end())).collect()
}

/// Text for Markdown as GitHub renders it: every character with a meaning becomes a numeric entity, which the
/// specification never takes for markup.
pub fn markdown(text: &str) -> String {
    let text = printable(text);
    let mut out = String::with_capacity(text.len() + text.len() / 4);
    // What stands for itself is taken over in one piece; all that has a meaning is ASCII.
    let mut rest = text.as_str();
    while let Some(at) = rest.bytes().position(has_a_meaning) {
        let (plain, tail) = rest.split_at(at);
        out.push_str(plain);
        let mut letters = tail.chars();
        let Some(character) = letters.next() else { break };
        // GitHub links `www.…` by itself, and GitHub's `@` turns a name into a mention.
        if matches!(character, 'w' | 'W') && !starts_with_ignoring_case(tail, "www.") {
            out.push(character);
        } else {
            entity(&mut out, character);
        }
        rest = letters.as_str();
    }
    out.push_str(rest);
    out
}

/// Adds a character as its numeric entity.
fn entity(out: &mut String, character: char) {
    out.push_str("&#");
    let code = u32::from(character);
    for place in [100, 10, 1] {
        if code >= place {
            out.extend(char::from_digit(code / place % 10, 10));
        }
    }
    out.push(';');
}

fn starts_with_ignoring_case(text: &str, prefix: &str) -> bool {
    text.get(..prefix.len()).is_some_and(|head| head.eq_ignore_ascii_case(prefix))
}

/// Whether a byte has a meaning in Markdown, or may begin an address that GitHub links.
fn has_a_meaning(byte: u8) -> bool {
    matches!(
        byte,
        b'&' | b'<'
            | b'>'
            | b'"'
            | b'\''
            | b'`'
            | b'*'
            | b'_'
            | b'~'
            | b'['
            | b']'
            | b'|'
            | b'\\'
            | b'#'
            | b'!'
            | b':'
            | b'@'
            | b'$'
            | b'{'
            | b'}'
            | b'w'
            | b'W'
    )
}

/// Text for the content and the quoted attributes of HTML and XML.
pub fn html(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for character in printable(text).chars() {
        match character {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            other => out.push(other),
        }
    }
    out
}

/// Text for a spreadsheet's cell: what a program would take for a formula starts with an apostrophe.
///
/// See <https://owasp.org/www-community/attacks/CSV_Injection>.
pub fn cell(text: &str) -> String {
    let text = printable(text);
    let starts_formula = |character| matches!(character, '=' | '+' | '-' | '@' | '＝' | '＋' | '－' | '＠' | '|' | '%');
    // Spreadsheets trim before they look, and a tab or line break has become a backslash by now.
    if text.trim_start().starts_with(starts_formula) || text.starts_with('\\') { format!("'{text}") } else { text }
}

/// Text for the message of a GitHub workflow command.
///
/// See <https://github.com/actions/toolkit/blob/main/packages/core/src/command.ts>.
pub fn workflow_message(text: &str) -> String {
    printable(text).replace('%', "%25")
}

/// Text for a property of a GitHub workflow command.
pub fn workflow_property(text: &str) -> String {
    workflow_message(text).replace(':', "%3A").replace(',', "%2C")
}

/// Text for a SARIF message, where brackets make links and braces make placeholders (SARIF 2.1.0 §3.11.5, §3.11.6).
pub fn sarif_message(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for character in printable(text).chars() {
        match character {
            '\\' | '[' | ']' => out.extend(['\\', character]),
            '{' | '}' => out.extend([character, character]),
            other => out.push(other),
        }
    }
    out
}

/// Text for one segment of a URI's path; a segment of dots alone would climb, so its dots are spelled out.
pub fn uri_segment(text: &str) -> String {
    if text.is_empty() || text.chars().all(|character| character == '.') {
        return format!("_{text}");
    }
    let mut out = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.' | b'~') {
            out.push(char::from(byte));
        } else {
            let _ = write!(out, "%{byte:02X}");
        }
    }
    out
}

/// A rule's reference as a link, when it is nothing but a web page over HTTPS.
pub fn https_link(reference: &str) -> Option<&str> {
    let stands = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~:/?#@!$()*+,;=".contains(&byte);
    let rest = reference.strip_prefix("https://")?;
    let is_link = rest.starts_with(|first: char| first.is_ascii_alphanumeric())
        && rest.bytes().all(stands)
        && rest.matches('#').count() <= 1;
    is_link.then_some(reference)
}

#[cfg(test)]
mod tests {
    use super::{
        cell, clipped, command_lines, flowing, html, https_link, markdown, printable, sarif_message, uri_segment,
        workflow_message, workflow_property,
    };

    #[test]
    fn names_that_people_really_use_stay_as_they_are() {
        for name in ["alice", "José Müller-Ünal", "田中さん", "דנה", "a+b=c@d.example", "naïve e\u{301}tude", "🙂"]
        {
            assert_eq!(printable(name), name);
        }
    }

    #[test]
    fn steering_hiding_and_reordering_characters_become_visible() {
        for (hostile, shown) in [
            ("\u{1b}[31mred", "\\u{1b}[31mred"),
            ("a\nb\r\tc", "a\\nb\\r\\tc"),
            ("\0", "\\u{0}"),
            ("\u{9b}31m", "\\u{9b}31m"),
            ("admin\u{202e}txt", "admin\\u{202e}txt"),
            ("a\u{200b}b\u{feff}", "a\\u{200b}b\\u{feff}"),
            ("\u{2066}x\u{2069}", "\\u{2066}x\\u{2069}"),
            ("\u{3164}", "\\u{3164}"),
            ("\u{e0041}", "\\u{e0041}"),
            ("\u{2028}", "\\u{2028}"),
        ] {
            assert_eq!(printable(hostile), shown);
        }
    }

    #[test]
    fn piles_of_combining_marks_are_cut_off() {
        assert_eq!(printable("a\u{301}\u{302}\u{303}"), "a\u{301}\u{302}\\u{303}");
        assert_eq!(printable("\u{301}a"), "\\u{301}a");
    }

    #[test]
    fn long_text_is_clipped_with_the_number_left_out() {
        assert_eq!(clipped("abc", 3), "abc");
        assert_eq!(clipped("abcdé", 3), "abc… (2 more characters)");
    }

    #[test]
    fn prose_flows_and_commands_keep_their_lines() {
        assert_eq!(flowing("one\n  two\tthree\n"), "one two three");
        assert_eq!(command_lines("aws a \\\r\n  --b\n\u{1b}[31m\n", 99), ["aws a \\", "  --b", "\\u{1b}[31m"]);
    }

    #[test]
    fn markdown_has_no_markup_left() {
        let shown = markdown("[x](javascript:1) | <b>`*_~#!@me www.evil.example $a$");
        assert!(!shown.contains(['[', ']', '|', '<', '>', '`', '*', '_', '~', '@', '$', '!']), "{shown}");
        assert!(!shown.contains("www."), "{shown}");
        assert!(!markdown("WWW.evil.example https://evil.example").contains("://"));
    }

    #[test]
    fn html_has_no_tag_and_no_way_out_of_an_attribute() {
        assert_eq!(html("<a b=\"c\" d='e'>&"), "&lt;a b=&quot;c&quot; d=&#39;e&#39;&gt;&amp;");
    }

    #[test]
    fn no_cell_starts_a_formula() {
        for hostile in ["=cmd()", "+1", "-1", "@sum", " =1", "\t=1", "\n=1", "＝1", "|calc", "%0A"] {
            assert!(cell(hostile).starts_with('\''), "{hostile:?}");
        }
        assert_eq!(cell("alice"), "alice");
    }

    #[test]
    fn workflow_commands_cannot_be_continued_or_begun() {
        assert_eq!(workflow_message("100%\n::error::x"), "100%25\\n::error::x");
        assert_eq!(workflow_property("a,b:c%"), "a%2Cb%3Ac%25");
    }

    #[test]
    fn sarif_messages_hold_no_link_and_no_placeholder() {
        assert_eq!(sarif_message("[a](b) {0} \\"), "\\[a\\](b) {{0}} \\\\");
    }

    #[test]
    fn only_web_pages_over_https_become_links() {
        assert!(https_link("https://docs.aws.amazon.com/IAM/latest/UserGuide/x.html#y").is_some());
        for other in [
            "http://a.example",
            "javascript:alert(1)",
            "https://",
            "https://a b",
            "https://a\"b",
            "https://a#b#c",
            "https://a>b",
        ] {
            assert!(https_link(other).is_none(), "{other}");
        }
    }

    #[test]
    fn uri_segments_neither_climb_nor_start_a_scheme() {
        assert_eq!(uri_segment(".."), "_..");
        assert_eq!(uri_segment(""), "_");
        assert_eq!(uri_segment("a/b:c é"), "a%2Fb%3Ac%20%C3%A9");
    }
}

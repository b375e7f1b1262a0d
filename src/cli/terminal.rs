//! What the command line knows of its terminal, and what it may print there.

use std::io::IsTerminal;

/// The columns of standard output; `None` when it is no terminal.
pub(super) fn width() -> Option<usize> {
    if !std::io::stdout().is_terminal() {
        return None;
    }
    terminal_size::terminal_size().map(|(terminal_size::Width(columns), _)| usize::from(columns).max(40))
}

/// Whether standard output takes colours: a terminal, without `NO_COLOR` (<https://no-color.org>).
pub(super) fn colour() -> bool {
    std::io::stdout().is_terminal() && colours_are_welcome()
}

/// Whether standard error takes colours.
pub(super) fn colour_of_errors() -> bool {
    std::io::stderr().is_terminal() && colours_are_welcome()
}

#[expect(clippy::disallowed_methods, reason = "the command line is the room that reads the environment")]
fn colours_are_welcome() -> bool {
    let refused = std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
    let dumb = std::env::var_os("TERM").is_some_and(|value| value == "dumb");
    !refused && !dumb
}

/// An empty table as wide as the terminal.
pub(super) fn table<const N: usize>(header: [&str; N]) -> comfy_table::Table {
    let mut table = comfy_table::Table::new();
    table.load_preset(comfy_table::presets::UTF8_BORDERS_ONLY).set_header(header);
    if let Some(width) = width() {
        let width = u16::try_from(width).unwrap_or(u16::MAX);
        table.set_width(width).set_content_arrangement(comfy_table::ContentArrangement::Dynamic);
    }
    table
}

/// Text with control characters and bidirectional marks made visible, so that a file's or account's text cannot steer
/// the terminal. Line breaks stay.
pub(super) fn printable(text: &str) -> String {
    let mut shown = String::with_capacity(text.len());
    for character in text.chars() {
        let hidden = character.is_control() && character != '\n'
            || matches!(character, '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{2069}' | '\u{feff}');
        if hidden {
            shown.extend(character.escape_unicode());
        } else {
            shown.push(character);
        }
    }
    shown
}

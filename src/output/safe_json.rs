//! JSON whose text is harmless where it is shown.
//!
//! JSON must keep names exactly, and its own escapes leave C1 controls, direction marks and zero-width characters as
//! they are. Here those are written as `\uXXXX`: the same value to a program, visible to a person.

use std::io::{self, Write};

use serde::Serialize;
use serde_json::Serializer;
use serde_json::ser::{CharEscape, CompactFormatter, Formatter, PrettyFormatter};

use super::escape::is_harmless;

/// Writes a value in one line, without a line break at the end.
pub(crate) fn compact<W: Write + ?Sized>(value: &impl Serialize, sink: &mut W) -> io::Result<()> {
    write(value, SafeFormatter { inner: CompactFormatter, for_html: false }, sink)
}

/// Writes a value for people, without a line break at the end.
pub(crate) fn pretty(value: &impl Serialize, sink: &mut dyn Write) -> io::Result<()> {
    write(value, SafeFormatter { inner: PrettyFormatter::new(), for_html: false }, sink)
}

/// As [`pretty`], for a value that stands inside `depth` arrays or objects.
pub(super) fn pretty_inside<W: Write>(depth: usize, value: &impl Serialize, sink: &mut W) -> io::Result<()> {
    let mut inner = PrettyFormatter::new();
    for _ in 0..depth {
        inner.begin_array(&mut io::sink())?;
    }
    write(value, SafeFormatter { inner, for_html: false }, sink)
}

/// A value for people, ended by a line break.
pub(crate) fn lines(value: &serde_json::Value) -> String {
    let mut bytes = Vec::new();
    // INVARIANT: a JSON value can be written, memory takes every byte, and what is written is UTF-8.
    let _ = pretty(value, &mut bytes);
    bytes.push(b'\n');
    String::from_utf8_lossy(&bytes).into_owned()
}

/// Writes a value in one line that can stand inside an HTML `script` element.
pub(super) fn inside_html(value: &impl Serialize, sink: &mut dyn Write) -> io::Result<()> {
    write(value, SafeFormatter { inner: CompactFormatter, for_html: true }, sink)
}

/// A value as compact text for people to read.
pub(super) fn text(value: &serde_json::Value) -> String {
    match value {
        serde_json::Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}

fn write<F: Formatter, W: Write + ?Sized>(
    value: &impl Serialize,
    formatter: SafeFormatter<F>,
    sink: &mut W,
) -> io::Result<()> {
    value.serialize(&mut Serializer::with_formatter(sink, formatter)).map_err(io::Error::from)
}

/// True for text of printable ASCII characters alone, as nearly all is.
fn is_plain(text: &str) -> bool {
    text.as_bytes().chunks(32).all(|part| part.iter().fold(true, |plain, byte| plain & matches!(byte, b' '..=b'~')))
}

struct SafeFormatter<F> {
    inner: F,
    for_html: bool,
}

impl<F> SafeFormatter<F> {
    fn may_stand(&self, character: char) -> bool {
        is_harmless(character) && !(self.for_html && matches!(character, '<' | '>' | '&'))
    }
}

impl<F: Formatter> Formatter for SafeFormatter<F> {
    fn write_string_fragment<W: ?Sized + Write>(&mut self, writer: &mut W, fragment: &str) -> io::Result<()> {
        if !self.for_html && is_plain(fragment) {
            return writer.write_all(fragment.as_bytes());
        }
        let mut rest = fragment;
        while let Some(found) = rest.find(|character| !self.may_stand(character)) {
            let (harmless, tail) = rest.split_at(found);
            writer.write_all(harmless.as_bytes())?;
            let mut characters = tail.chars();
            if let Some(character) = characters.next() {
                let mut units = [0; 2];
                for unit in character.encode_utf16(&mut units) {
                    write!(writer, "\\u{unit:04x}")?;
                }
            }
            rest = characters.as_str();
        }
        writer.write_all(rest.as_bytes())
    }

    fn write_char_escape<W: ?Sized + Write>(&mut self, writer: &mut W, escape: CharEscape) -> io::Result<()> {
        self.inner.write_char_escape(writer, escape)
    }

    fn begin_array<W: ?Sized + Write>(&mut self, writer: &mut W) -> io::Result<()> {
        self.inner.begin_array(writer)
    }

    fn end_array<W: ?Sized + Write>(&mut self, writer: &mut W) -> io::Result<()> {
        self.inner.end_array(writer)
    }

    fn begin_array_value<W: ?Sized + Write>(&mut self, writer: &mut W, first: bool) -> io::Result<()> {
        self.inner.begin_array_value(writer, first)
    }

    fn end_array_value<W: ?Sized + Write>(&mut self, writer: &mut W) -> io::Result<()> {
        self.inner.end_array_value(writer)
    }

    fn begin_object<W: ?Sized + Write>(&mut self, writer: &mut W) -> io::Result<()> {
        self.inner.begin_object(writer)
    }

    fn end_object<W: ?Sized + Write>(&mut self, writer: &mut W) -> io::Result<()> {
        self.inner.end_object(writer)
    }

    fn begin_object_key<W: ?Sized + Write>(&mut self, writer: &mut W, first: bool) -> io::Result<()> {
        self.inner.begin_object_key(writer, first)
    }

    fn begin_object_value<W: ?Sized + Write>(&mut self, writer: &mut W) -> io::Result<()> {
        self.inner.begin_object_value(writer)
    }

    fn end_object_value<W: ?Sized + Write>(&mut self, writer: &mut W) -> io::Result<()> {
        self.inner.end_object_value(writer)
    }
}

#[cfg(test)]
mod tests {
    use super::{compact, inside_html};

    fn written(value: &str, write: fn(&&str, &mut dyn std::io::Write) -> std::io::Result<()>) -> String {
        let mut bytes = Vec::new();
        write(&value, &mut bytes).unwrap();
        String::from_utf8(bytes).unwrap()
    }

    #[test]
    fn hidden_characters_are_visible_and_read_back_the_same() {
        for name in ["a\u{202e}b", "\u{9b}31m", "\u{e0041}x\u{200b}", "\u{7f}\u{1b}\n\"\\", "plain é"] {
            let json = written(name, |value, sink| compact(value, sink));
            assert!(json.chars().all(super::is_harmless), "{json:?}");
            assert_eq!(serde_json::from_str::<String>(&json).unwrap(), name);
        }
    }

    #[test]
    fn a_script_element_cannot_be_closed_from_inside() {
        let json = written("</script><!--<script>&", |value, sink| inside_html(value, sink));
        assert!(!json.contains(['<', '>', '&']), "{json}");
        assert_eq!(serde_json::from_str::<String>(&json).unwrap(), "</script><!--<script>&");
    }
}

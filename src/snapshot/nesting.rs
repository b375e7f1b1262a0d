//! One pass over JSON text before it is parsed: how deep it nests and where its first value ends.
//!
//! Parsers of nested text recurse; an attacker's file must not decide how deep. The same pass tells a file with one
//! snapshot from a file with one snapshot a line.

/// What one pass over the text found.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Shape {
    /// The first value ends before this byte offset.
    Complete(usize),
    /// The text ends inside the first value.
    Open,
    /// Nesting exceeds the limit at this byte offset.
    TooDeep(usize),
}

/// Scans up to the end of the first value.
pub(super) fn scan(text: &[u8], limit: usize) -> Shape {
    let mut depth = 0usize;
    let mut bytes = text.iter();
    let offset = |rest: &std::slice::Iter<'_, u8>| text.len() - rest.len();
    while let Some(byte) = bytes.next() {
        match byte {
            b'"' => skip_string(&mut bytes),
            b'{' | b'[' => {
                depth += 1;
                if depth > limit {
                    return Shape::TooDeep(offset(&bytes) - 1);
                }
            }
            b'}' | b']' => {
                depth = depth.saturating_sub(1);
                if depth == 0 {
                    return Shape::Complete(offset(&bytes));
                }
            }
            _ => {}
        }
    }
    Shape::Open
}

/// Skips the rest of a string, its closing quote included. Most of a snapshot is inside strings.
fn skip_string(bytes: &mut std::slice::Iter<'_, u8>) {
    loop {
        let rest = bytes.as_slice();
        let Some(at) = memchr::memchr2(b'"', b'\\', rest) else {
            *bytes = [].iter();
            return;
        };
        let is_quote = rest.get(at) == Some(&b'"');
        // What a backslash stands before ends no string.
        *bytes = rest.get(at + if is_quote { 1 } else { 2 }..).unwrap_or_default().iter();
        if is_quote {
            return;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Shape, scan};

    #[test]
    fn brackets_inside_strings_do_not_count() {
        assert_eq!(scan(br#"{"a":"}]\"["} rest"#, 8), Shape::Complete(13));
    }

    #[test]
    fn an_unfinished_value_is_open() {
        assert_eq!(scan(b"{\"a\": [1, 2", 8), Shape::Open);
        assert_eq!(scan(b"", 8), Shape::Open);
    }

    #[test]
    fn nesting_beyond_the_limit_is_found_where_it_happens() {
        assert_eq!(scan(b"[[[[", 3), Shape::TooDeep(3));
    }
}

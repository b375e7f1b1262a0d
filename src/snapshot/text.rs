//! Text of a file, with the means to turn an offset into a line and a column.

use super::nesting;
use super::read::{MAX_NESTING, ReadError};

/// One text out of a file.
pub(super) struct Source<'a> {
    file: &'a str,
    /// Lines before this text in its file.
    first_line: usize,
    pub(super) text: &'a str,
}

impl<'a> Source<'a> {
    /// Bytes that are UTF-8.
    pub(super) fn utf8(file: &'a str, first_line: usize, bytes: &'a [u8]) -> Result<Self, ReadError> {
        let text = std::str::from_utf8(bytes).map_err(|error| {
            let (line, column) = place(bytes, error.valid_up_to());
            let message = "invalid UTF-8".to_owned();
            ReadError::Invalid { file: file.to_owned(), line: first_line + line, column, path: String::new(), message }
        })?;
        Ok(Self { file, first_line, text })
    }

    /// That it nests no deeper than AWS's answers do.
    pub(super) fn check_nesting(&self) -> Result<(), ReadError> {
        let nesting::Shape::TooDeep(offset) = nesting::scan(self.text.as_bytes(), MAX_NESTING) else { return Ok(()) };
        let (line, column) = self.place(offset);
        Err(self.error(line, column, String::new(), format!("nesting deeper than {MAX_NESTING} levels")))
    }

    pub(super) fn error(&self, line: usize, column: usize, path: String, message: String) -> ReadError {
        let line = self.first_line + line.max(1);
        ReadError::Invalid { file: self.file.to_owned(), line, column: column.max(1), path, message }
    }

    /// An error of the whole text.
    pub(super) fn syntax(&self, error: &serde_json::Error) -> ReadError {
        self.error(error.line(), error.column(), String::new(), without_place(error))
    }

    fn place(&self, offset: usize) -> (usize, usize) {
        place(self.text.as_bytes(), offset)
    }

    /// An error inside a part of the text: its line and column count from the start of the part.
    pub(super) fn error_in(
        &self,
        part: &str,
        prefix: &str,
        error: &serde_path_to_error::Error<serde_json::Error>,
    ) -> ReadError {
        let offset = (part.as_ptr() as usize).saturating_sub(self.text.as_ptr() as usize);
        let (line, column) = self.place(offset);
        let inner = error.inner();
        let (line, column) = if inner.line() <= 1 {
            (line, column + inner.column().saturating_sub(1))
        } else {
            (line + inner.line() - 1, inner.column())
        };
        let path = error.path().to_string();
        let path = match (prefix, path.as_str()) {
            (prefix, ".") => prefix.to_owned(),
            ("", path) => path.to_owned(),
            (prefix, path) => format!("{prefix}.{path}"),
        };
        self.error(line, column, path, without_place(inner))
    }
}

fn place(text: &[u8], offset: usize) -> (usize, usize) {
    let before = text.get(..offset).unwrap_or(text);
    let line = before.split(|byte| *byte == b'\n').count();
    let column = before.iter().rev().take_while(|byte| **byte != b'\n').count() + 1;
    (line, column)
}

/// The parser's message without its own " at line 1 column 2", which counts from the start of a part.
pub(super) fn without_place(error: &serde_json::Error) -> String {
    let text = error.to_string();
    text.rfind(" at line ").and_then(|end| text.get(..end)).map_or(text.clone(), str::to_owned)
}

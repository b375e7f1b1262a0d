//! Reading snapshots: plain, gzip or zstd; one a file or one a line; from a path or standard input.
//!
//! Every error names the file, the line and column, and the path inside the JSON. A first line that ends inside a JSON
//! value starts a pretty-printed file; a line that holds a whole value is one snapshot of a stream, and is read without
//! holding the others. Files named `.ndjson` or `.jsonl` are always streams.

use std::borrow::Cow;
use std::fs::File;
use std::io::{BufRead, BufReader, Read};
use std::path::Path;

use rayon::prelude::*;
use serde::Deserialize;
use serde_json::value::RawValue;

use super::text::{Source, without_place};
use super::{ApiError, FORMAT, Observation, Operation, Outcome, Request, Snapshot, SnapshotHeader, Time, nesting};

/// The largest snapshot that is read, in bytes after decompression. An account at IAM's quotas stays well below.
pub const MAX_SNAPSHOT_BYTES: u64 = 256 * 1024 * 1024;

/// The deepest nesting that is read. AWS's own answers stay below 30.
pub const MAX_NESTING: usize = 100;

/// Bytes from which on a look at the whole text is worth another thread.
const LARGE: usize = 256 * 1024;

/// Bytes that are asked of the system at once.
const READ_AT_ONCE: usize = 128 * 1024;

/// Why a file is not a snapshot, and where.
#[derive(Debug, thiserror::Error)]
pub enum ReadError {
    /// The file could not be opened or read.
    #[error("snapshot `{file}`: {source}")]
    Io {
        /// The file, `-` for standard input.
        file: String,
        /// The operating system's or decompressor's answer.
        source: std::io::Error,
    },
    /// The text is not a valid snapshot.
    #[error("snapshot `{file}`, line {line}, column {column}{}: {message}", at(path))]
    Invalid {
        /// The file, `-` for standard input.
        file: String,
        /// The line, from 1.
        line: usize,
        /// The column in bytes, from 1.
        column: usize,
        /// The path inside the JSON, empty at the top.
        path: String,
        /// What is wrong.
        message: String,
    },
}

fn at(path: &str) -> String {
    if path.is_empty() { String::new() } else { format!(", at `{path}`") }
}

impl ReadError {
    /// Whether nothing more can be read from the source.
    pub fn ends_the_source(&self) -> bool {
        matches!(self, Self::Io { .. })
    }

    /// What to do next.
    pub fn hint(&self) -> &'static str {
        match self {
            Self::Io { .. } => "check the path, or collect a snapshot with `posture snapshot -o FILE`",
            Self::Invalid { message, .. } if message.contains("format") => {
                "read it with the version of posture that wrote it, or collect a new one with `posture snapshot -o FILE`"
            }
            Self::Invalid { .. } => {
                "collect it again with `posture snapshot -o FILE`, or build it from AWS CLI output with `posture import DIR`"
            }
        }
    }
}

/// Reads the snapshots of one source, one after the other.
pub struct SnapshotReader {
    file: String,
    input: Box<dyn BufRead>,
    one_per_line: bool,
    may_be_empty: bool,
    /// Bytes that the first snapshot may have, where the source tells: one that grows as it is read is moved several times.
    room: usize,
    lines_read: usize,
    snapshots_read: usize,
    done: bool,
    /// What was met when more was looked for; some sources say it once. Whoever reads on is told.
    failed: Option<std::io::Error>,
}

impl SnapshotReader {
    /// Opens a path; gzip and zstd are recognised by their first bytes, whatever the name.
    pub fn open(path: &Path) -> Result<Self, ReadError> {
        let name = path.display().to_string();
        let io = |source| ReadError::Io { file: name.clone(), source };
        let file = File::open(path).map_err(io)?;
        let metadata = file.metadata().map_err(io)?;
        if metadata.is_dir() {
            let source =
                std::io::Error::other("is a directory; build a snapshot from AWS CLI output with `posture import DIR`");
            return Err(io(source));
        }
        let room = usize::try_from(metadata.len().min(MAX_SNAPSHOT_BYTES)).unwrap_or_default();
        let reader = Self::from_reader(name.clone(), Box::new(BufReader::with_capacity(READ_AT_ONCE, file)))?;
        Ok(if reader.one_per_line { reader } else { Self { room, ..reader } })
    }

    /// Reads from any source under the name that errors shall carry.
    pub fn from_reader(file: String, input: Box<dyn BufRead>) -> Result<Self, ReadError> {
        let io = |source| ReadError::Io { file: file.clone(), source };
        let input = decompressed(input).map_err(io)?;
        let stem = file.trim_end_matches(".gz").trim_end_matches(".zst");
        let ending = Path::new(stem).extension().and_then(std::ffi::OsStr::to_str);
        let one_per_line = matches!(ending, Some("ndjson" | "jsonl"));
        Ok(Self {
            file,
            input,
            one_per_line,
            may_be_empty: false,
            room: 0,
            lines_read: 0,
            snapshots_read: 0,
            done: false,
            failed: None,
        })
    }

    /// Takes every line for a snapshot of its own, whatever the source is called; without a line there is no snapshot.
    #[must_use]
    pub fn one_per_line(self) -> Self {
        Self { one_per_line: true, may_be_empty: true, ..self }
    }

    /// The text of the next snapshot, or `None` at the end. After an error in one line of a stream, the next call reads
    /// the next line.
    pub fn next_text(&mut self) -> Option<Result<SnapshotText, ReadError>> {
        while !self.done {
            let mut text = Vec::new();
            let room = std::mem::take(&mut self.room);
            // Looking for more in a pipe would wait for it.
            let is_file = room > 0;
            // Where there is no such room, reading what is there says so.
            text.try_reserve(room).ok();
            let first_line = self.lines_read;
            match self.read_line(&mut text) {
                Err(error) => {
                    self.done = !(self.one_per_line && self.skip_line());
                    self.lines_read += 1;
                    self.snapshots_read += 1;
                    return Some(Err(error));
                }
                Ok(false) => {
                    self.done = true;
                    return (self.snapshots_read == 0 && !self.may_be_empty)
                        .then(|| Err(self.invalid(first_line, 0, String::new(), "the file is empty")));
                }
                Ok(true) => {}
            }
            if text.iter().all(u8::is_ascii_whitespace) {
                continue;
            }
            // A first line that ends inside a value starts a pretty-printed file: the rest belongs to it. Where nothing comes after it,
            // it does not matter, and how deep it nests is seen to when it is parsed.
            let is_first = self.snapshots_read == 0 && !self.one_per_line;
            let shape = (is_first && !(is_file && self.is_at_end())).then(|| nesting::scan(&text, MAX_NESTING));
            if shape == Some(nesting::Shape::Open)
                && let Err(error) = self.read_rest(&mut text)
            {
                self.done = true;
                return Some(Err(error));
            }
            let is_shallow = matches!(shape, Some(nesting::Shape::Complete(_)));
            // A line that is cut off shall be called that, and not a control character inside text.
            text.truncate(text.trim_ascii_end().len());
            self.snapshots_read += 1;
            return Some(Ok(SnapshotText { file: self.file.clone(), first_line, bytes: text, is_shallow }));
        }
        None
    }

    /// Whether there is nothing more to read, as far as that is known.
    fn is_at_end(&mut self) -> bool {
        match self.input.fill_buf() {
            Ok(rest) => rest.is_empty(),
            Err(error) => {
                self.failed = (error.kind() != std::io::ErrorKind::Interrupted).then_some(error);
                false
            }
        }
    }

    /// Leaves the rest of a line unread that is too long to be a snapshot; false when the source gives no more.
    fn skip_line(&mut self) -> bool {
        self.input.skip_until(b'\n').is_ok_and(|skipped| skipped > 0)
    }

    /// So many bytes of what is left to read, unless looking for it failed.
    fn input(&mut self, most: u64) -> std::io::Result<std::io::Take<&mut Box<dyn BufRead>>> {
        self.failed.take().map_or_else(|| Ok((&mut self.input).take(most)), Err)
    }

    fn read_line(&mut self, text: &mut Vec<u8>) -> Result<bool, ReadError> {
        let read = self.input(MAX_SNAPSHOT_BYTES + 1).and_then(|mut input| input.read_until(b'\n', text));
        self.after_read(read, text)?;
        self.lines_read += 1;
        Ok(!text.is_empty())
    }

    fn read_rest(&mut self, text: &mut Vec<u8>) -> Result<(), ReadError> {
        let room = (MAX_SNAPSHOT_BYTES + 1).saturating_sub(text.len() as u64);
        let read = self.input(room).and_then(|mut input| input.read_to_end(text));
        self.after_read(read, text)
    }

    fn after_read(&self, read: std::io::Result<usize>, text: &[u8]) -> Result<(), ReadError> {
        read.map_err(|source| ReadError::Io { file: self.file.clone(), source })?;
        if text.len() as u64 > MAX_SNAPSHOT_BYTES {
            let limit = MAX_SNAPSHOT_BYTES / (1024 * 1024);
            return Err(self.invalid(
                self.lines_read,
                0,
                String::new(),
                &format!("the snapshot is larger than {limit} MiB"),
            ));
        }
        Ok(())
    }

    fn invalid(&self, line: usize, column: usize, path: String, message: &str) -> ReadError {
        ReadError::Invalid {
            file: self.file.clone(),
            line: line + 1,
            column: column + 1,
            path,
            message: message.to_owned(),
        }
    }
}

/// What a source holds, whether it is gzip, zstd or neither, as its first bytes say.
pub(crate) fn decompressed(mut input: Box<dyn BufRead>) -> std::io::Result<Box<dyn BufRead>> {
    let start = input.fill_buf()?;
    if start.starts_with(&[0x1f, 0x8b]) {
        Ok(Box::new(BufReader::new(flate2::bufread::MultiGzDecoder::new(input))))
    } else if start.starts_with(&[0x28, 0xb5, 0x2f, 0xfd]) {
        Ok(Box::new(BufReader::new(zstd::Decoder::with_buffer(input)?)))
    } else {
        Ok(input)
    }
}

impl Iterator for SnapshotReader {
    type Item = Result<Snapshot, ReadError>;

    fn next(&mut self) -> Option<Self::Item> {
        self.next_text().map(|text| text?.parse())
    }
}

/// The text of one snapshot, not parsed yet: whoever reads many can parse several at once.
#[derive(Debug)]
pub struct SnapshotText {
    file: String,
    first_line: usize,
    bytes: Vec<u8>,
    /// Whether it was seen to nest no deeper than is read.
    is_shallow: bool,
}

#[derive(Deserialize)]
struct AccountOnly<'a> {
    #[serde(borrow)]
    account: Cow<'a, str>,
}

impl SnapshotText {
    /// Parses the text.
    pub fn parse(&self) -> Result<Snapshot, ReadError> {
        self.parse_but(None).map(|(snapshot, _)| snapshot)
    }

    /// Parses the text but for the answers of one operation: these are empty in the snapshot and come beside it as text,
    /// in the snapshot's order, for whoever reads them piece by piece.
    pub(crate) fn parse_apart(&self, operation: Operation) -> Result<(Snapshot, Vec<RawAnswer<'_>>), ReadError> {
        let (snapshot, mut apart) = self.parse_but(Some(operation))?;
        apart.sort_by_cached_key(|answer| (answer.region.clone(), super::canonical_request(&answer.request)));
        Ok((snapshot, apart))
    }

    fn parse_but(&self, apart: Option<Operation>) -> Result<(Snapshot, Vec<RawAnswer<'_>>), ReadError> {
        let source = Source::utf8(&self.file, self.first_line, &self.bytes)?;
        if self.is_shallow {
            return parse(&source, apart);
        }
        if self.bytes.len() < LARGE {
            source.check_nesting()?;
            return parse(&source, apart);
        }
        // The parser has a bound of its own, so that it need not wait. What nests too deep is called that all the same.
        let (shallow, parsed) = rayon::join(|| source.check_nesting(), || parse(&source, apart));
        shallow.and(parsed)
    }

    /// Length in bytes.
    pub fn size(&self) -> usize {
        self.bytes.len()
    }

    /// The line that it begins on, from 1.
    pub fn line(&self) -> usize {
        self.first_line + 1
    }

    /// The number of the account that it tells of; `None` when the text does not say.
    pub fn account(&self) -> Option<u64> {
        serde_json::from_slice::<AccountOnly<'_>>(&self.bytes).ok()?.account.parse().ok()
    }
}

/// One answer that was left as text.
pub(crate) struct RawAnswer<'a> {
    region: String,
    /// The request's members.
    pub(crate) request: Request,
    /// The answer's JSON.
    pub(crate) response: &'a str,
}

#[derive(Deserialize)]
struct RawSnapshot<'a> {
    format: String,
    #[serde(default)]
    collector: String,
    collected_at: Time,
    account: String,
    partition: String,
    caller: String,
    regions: Vec<String>,
    #[serde(borrow)]
    observations: Vec<RawObservation<'a>>,
}

#[derive(Deserialize)]
struct RawObservation<'a> {
    #[serde(borrow)]
    service: Cow<'a, str>,
    #[serde(borrow)]
    operation: Cow<'a, str>,
    region: String,
    #[serde(default)]
    request: Request,
    #[serde(borrow)]
    response: Option<&'a RawValue>,
    error: Option<ApiError>,
}

#[derive(Deserialize)]
struct FormatOnly {
    format: Option<String>,
}

fn parse<'a>(source: &Source<'a>, apart: Option<Operation>) -> Result<(Snapshot, Vec<RawAnswer<'a>>), ReadError> {
    let mut raw = parse_header(source)?;
    let mut kept = Vec::new();
    let empty = serde_json::from_str::<&RawValue>("{}").ok();
    for raw in raw.observations.iter_mut().filter(|raw| raw.is_answer_of(apart)) {
        if let Some(response) = std::mem::replace(&mut raw.response, empty) {
            kept.push(RawAnswer { region: raw.region.clone(), request: raw.request.clone(), response: response.get() });
        }
    }
    let mut observations: Vec<(usize, RawObservation<'_>)> = raw.observations.into_iter().enumerate().collect();
    // The longest first, each by itself: were it the last, all but one thread would wait for it.
    observations.sort_by_key(|(_, raw)| std::cmp::Reverse(raw.response.map_or(0, |response| response.get().len())));
    let read = |(index, raw)| (index, observation(source, index, raw));
    let mut observations: Vec<_> = observations.into_par_iter().with_max_len(1).map(read).collect();
    // The first error in file order, whichever thread found one first.
    observations.sort_by_key(|(index, _)| *index);
    let observations = observations.into_iter().filter_map(|(_, read)| read.transpose());
    let observations = observations.collect::<Result<Vec<_>, _>>()?;
    let header = SnapshotHeader {
        collector: raw.collector,
        collected_at: raw.collected_at,
        account: raw.account,
        partition: raw.partition,
        caller: raw.caller,
        regions: raw.regions,
    };
    let snapshot = Snapshot::new(header, observations)
        .map_err(|error| source.error(1, 1, "observations".to_owned(), error.to_string()))?;
    Ok((snapshot, kept))
}

impl RawObservation<'_> {
    fn is_answer_of(&self, operation: Option<Operation>) -> bool {
        operation.is_some() && self.error.is_none() && Operation::find(&self.service, &self.operation) == operation
    }
}

fn parse_header<'a>(source: &Source<'a>) -> Result<RawSnapshot<'a>, ReadError> {
    let raw = match serde_json::from_str::<RawSnapshot<'a>>(source.text) {
        Ok(raw) if raw.format == FORMAT => raw,
        _ => explained(source)?,
    };
    if raw.account.len() != 12 || !raw.account.bytes().all(|byte| byte.is_ascii_digit()) {
        let message = format!("account `{}` is not twelve digits", raw.account.escape_debug());
        return Err(source.error(1, 1, "account".to_owned(), message));
    }
    if raw.partition.is_empty() || !raw.partition.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'-') {
        let message = format!("partition `{}` is not one of AWS's", raw.partition.escape_debug());
        return Err(source.error(1, 1, "partition".to_owned(), message));
    }
    Ok(raw)
}

/// Parses once more what is not right, slowly, for an error that says where and why.
fn explained<'a>(source: &Source<'a>) -> Result<RawSnapshot<'a>, ReadError> {
    // The format comes first, so that a snapshot of the future is called that and not a list of its strange members.
    match serde_json::from_str::<FormatOnly>(source.text) {
        Ok(FormatOnly { format: Some(format) }) if format == FORMAT => {}
        Ok(FormatOnly { format: Some(format) }) => {
            return Err(source.error(
                1,
                1,
                "format".to_owned(),
                format!("format `{format}` is not `{FORMAT}`, the one this build reads"),
            ));
        }
        Ok(FormatOnly { format: None }) => {
            return Err(source.error(
                1,
                1,
                String::new(),
                format!("no `format` member: this is not a `{FORMAT}` file"),
            ));
        }
        Err(error) => return Err(source.syntax(&error)),
    }
    let mut deserializer = serde_json::Deserializer::from_str(source.text);
    serde_path_to_error::deserialize(&mut deserializer).map_err(|error| {
        source.error(
            error.inner().line(),
            error.inner().column(),
            error.path().to_string(),
            without_place(error.inner()),
        )
    })
}

/// One observation; `None` for an operation that this build does not read.
fn observation(source: &Source<'_>, index: usize, raw: RawObservation<'_>) -> Result<Option<Observation>, ReadError> {
    let path = format!("observations[{index}]");
    let wrong = |message: String| source.error(1, 1, path.clone(), message);
    let outcome = match (raw.response, raw.error) {
        (Some(_), Some(_)) => {
            return Err(wrong("an observation has either a `response` or an `error`, not both".to_owned()));
        }
        (None, None) => return Err(wrong("an observation needs a `response` or an `error`".to_owned())),
        (None, Some(error)) if error.code.is_empty() => return Err(wrong("the `error` has no `code`".to_owned())),
        (response, error) => response.ok_or(error),
    };
    let Some(operation) = Operation::find(&raw.service, &raw.operation) else { return Ok(None) };
    let outcome = match outcome {
        Ok(response) => Outcome::Answered(
            operation
                .parse(response.get())
                .map_err(|error| source.error_in(response.get(), &format!("{path}.response"), &error))?,
        ),
        Err(Some(error)) => Outcome::Failed(error),
        Err(None) => return Ok(None),
    };
    Ok(Some(Observation { operation, region: raw.region, request: raw.request, outcome }))
}

#[cfg(test)]
mod tests {
    use super::{ReadError, SnapshotReader};
    use crate::snapshot::{Compression, Snapshot, shapes::iam, write_snapshot};

    fn read(text: impl AsRef<[u8]>) -> Result<Snapshot, ReadError> {
        let bytes = std::io::Cursor::new(text.as_ref().to_vec());
        SnapshotReader::from_reader("test.json".to_owned(), Box::new(bytes)).unwrap().next().unwrap()
    }

    fn snapshot(observations: &str) -> String {
        format!(
            r#"{{"format":"posture-snapshot/1","collector":"posture 0.1.0","collected_at":"2026-11-22T03:00:00Z",
"account":"123456789012","partition":"aws","caller":"arn:aws:sts::123456789012:assumed-role/audit/ci","regions":["us-east-1"],
"observations":[{observations}]}}"#
        )
    }

    const SUMMARY: &str = r#"{"service":"iam","operation":"GetAccountSummary","region":"us-east-1",
"response":{"SummaryMap":{"AccountMFAEnabled":1},"SomethingNew":{"deep":[1,2]}}}"#;
    const DENIED: &str = r#"{"service":"iam","operation":"GetAccountPasswordPolicy","region":"us-east-1",
"error":{"code":"AccessDenied","message":"no"}}"#;

    #[test]
    fn a_snapshot_survives_writing_and_reading_in_every_compression() {
        let original = read(snapshot(&format!("{SUMMARY},{DENIED}"))).unwrap();
        for compression in [Compression::Plain, Compression::Gzip, Compression::Zstd] {
            let mut bytes = Vec::new();
            write_snapshot(&original, compression, &mut bytes).unwrap();
            assert_eq!(read(bytes).unwrap(), original, "{compression:?}");
        }
    }

    #[test]
    fn the_order_of_observations_does_not_matter() {
        let one = read(snapshot(&format!("{SUMMARY},{DENIED}"))).unwrap();
        let other = read(snapshot(&format!("{DENIED},{SUMMARY}"))).unwrap();
        assert_eq!(one, other);
    }

    #[test]
    fn typed_answers_are_found() {
        let snapshot = read(snapshot(SUMMARY)).unwrap();
        assert_eq!(snapshot.answers::<iam::GetAccountSummary>().count(), 1);
        assert_eq!(snapshot.answers::<iam::GetAccountPasswordPolicy>().count(), 0);
    }

    #[test]
    fn one_snapshot_a_line_is_a_stream_in_which_a_bad_line_does_not_hide_the_next() {
        let line = snapshot(SUMMARY).replace('\n', " ");
        for (name, text, bad_line) in [
            ("-", format!("{line}\nnot json\n{line}\n"), 2),
            ("-", format!("{line}\n{}\n{line}\n", &line[..90]), 2),
            ("fleet.ndjson", format!("{}\n{line}\n{line}\n", &line[..90]), 1),
        ] {
            let bytes = std::io::Cursor::new(text.into_bytes());
            let all: Vec<_> = SnapshotReader::from_reader(name.to_owned(), Box::new(bytes)).unwrap().collect();
            assert_eq!(all.iter().filter(|s| s.is_ok()).count(), 2);
            assert!(
                all.iter().any(|s| matches!(s, Err(ReadError::Invalid { line, .. }) if *line == bad_line)),
                "{all:?}"
            );
        }
    }

    #[test]
    fn errors_name_the_line_column_and_path_of_the_wrong_member() {
        let text = snapshot(&SUMMARY.replace("\"AccountMFAEnabled\":1", "\"AccountMFAEnabled\":\"yes\""));
        let Err(ReadError::Invalid { line, column, path, .. }) = read(&text) else { panic!("accepted") };
        assert_eq!(path, "observations[0].response.SummaryMap.AccountMFAEnabled");
        let shown = text.lines().nth(line - 1).unwrap();
        assert_eq!(line, 4);
        assert!(shown[..column].ends_with("\"yes\""), "{column} in {shown}");
    }

    #[test]
    fn duplicate_observations_future_formats_and_truncated_text_are_refused() {
        let message = |text: String| read(text).unwrap_err().to_string();
        assert!(
            message(snapshot(&format!("{SUMMARY},{SUMMARY}")))
                .contains("duplicate observation `iam:GetAccountSummary@us-east-1`")
        );
        assert!(message(snapshot(SUMMARY).replace("snapshot/1", "snapshot/2")).contains("posture-snapshot/2"));
        let whole = snapshot(SUMMARY);
        assert!(message(whole[..whole.len() / 2].to_owned()).contains("EOF"));
        assert!(message(String::new()).contains("empty"));
        assert!(message("[".repeat(100_000)).contains("nesting"));
        assert!(message(snapshot(SUMMARY).replace("123456789012", "12345")).contains("twelve digits"));
    }

    #[test]
    fn a_list_is_no_answer_however_deep_it_stands() {
        for (good, bad) in [("{\"SummaryMap\":{\"AccountMFAEnabled\":1}", "["), ("{\"AccountMFAEnabled\":1}", "[]")] {
            let text = SUMMARY.replace(good, bad).replace("[,\"SomethingNew\":{\"deep\":[1,2]}}", "[]");
            let error = read(snapshot(&text)).unwrap_err().to_string();
            assert!(error.contains("invalid type: sequence, expected"), "{text}: {error}");
        }
    }

    #[test]
    fn nesting_is_bounded_however_the_text_comes() {
        let deep = |levels: usize, padding: usize| {
            let value = format!("{}{}", "[".repeat(levels), "]".repeat(levels));
            // Four levels are there before it.
            let answer = format!("\"Padding\":\"{}\",\n\"Deep\":{value}", "x".repeat(padding));
            snapshot(&SUMMARY.replace("\"SomethingNew\":{\"deep\":[1,2]}", &answer))
        };
        let folder = tempfile::tempdir().unwrap();
        for padding in [10, super::LARGE] {
            for (levels, is_read) in [(super::MAX_NESTING - 4, true), (super::MAX_NESTING - 3, false), (100_000, false)]
            {
                for ending in ["", "\n"] {
                    let pretty = deep(levels, padding) + ending;
                    let compact = pretty.trim_end().replace('\n', "") + ending;
                    for (text, line) in [(pretty, 5), (compact, 1)] {
                        let path = folder.path().join("s.json");
                        std::fs::write(&path, &text).unwrap();
                        let mut reader = SnapshotReader::open(&path).unwrap();
                        for found in [read(&text), reader.next().unwrap()] {
                            if is_read {
                                found.unwrap();
                                continue;
                            }
                            let error = found.unwrap_err();
                            assert!(error.to_string().contains("nesting deeper than 100 levels"), "{error}");
                            assert!(matches!(error, ReadError::Invalid { line: at, .. } if at == line), "{error}");
                        }
                        assert!(reader.next().is_none());
                    }
                }
            }
        }
    }

    #[test]
    fn an_answer_that_is_nested_as_deep_as_may_be_is_read_beside_its_check() {
        // The one answer that holds itself; deep enough for the parser's bound, and for the thread's stack.
        let budgets = |levels: usize| {
            let filter = format!("{}{{}}{}", "{\"Not\":".repeat(levels), "}".repeat(levels));
            let budget = format!("{{\"BudgetName\":\"{}\",\"FilterExpression\":{filter}}}", "x".repeat(super::LARGE));
            format!(
                r#"{{"service":"budgets","operation":"DescribeBudgets","region":"us-east-1","response":{{"Budgets":[{budget}]}}}}"#
            )
        };
        assert!(read(snapshot(&budgets(80))).is_ok());
        for levels in [100, 120, 126, 127, 128, 500] {
            let error = read(snapshot(&budgets(levels))).unwrap_err().to_string();
            assert!(error.contains("nesting deeper than 100 levels"), "{levels}: {error}");
        }
    }

    #[test]
    fn an_archive_that_is_not_as_it_was_written_is_an_error_though_its_text_can_be_read() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("s.json.gz");
        // One line, so that all of the text is there before its sum is looked at.
        let line = snapshot(SUMMARY).replace('\n', " ") + "\n";
        let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
        std::io::Write::write_all(&mut encoder, line.as_bytes()).unwrap();
        let bytes = encoder.finish().unwrap();
        let found = |bytes: &[u8]| -> Result<Vec<_>, _> {
            std::fs::write(&path, bytes).unwrap();
            SnapshotReader::open(&path).unwrap().collect()
        };
        assert_eq!(found(&bytes).unwrap().len(), 1);
        // The sum and the length stand at the end.
        for place in bytes.len() - 8..bytes.len() {
            let mut other = bytes.clone();
            other[place] ^= 1;
            let error = found(&other).unwrap_err();
            assert!(matches!(error, ReadError::Io { .. }), "{error}");
        }
    }

    #[test]
    fn snapshots_of_a_file_are_one_a_line_whatever_its_name() {
        let line = snapshot(SUMMARY).replace('\n', " ");
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("two.json");
        for (text, count) in [(format!("{line}\n{line}"), 2), (format!("{line}\n\n{line}\n"), 2), (line.clone(), 1)] {
            std::fs::write(&path, text).unwrap();
            let all: Result<Vec<_>, _> = SnapshotReader::open(&path).unwrap().collect();
            assert_eq!(all.unwrap().len(), count);
        }
    }

    #[test]
    fn invalid_utf8_is_refused_where_it_stands() {
        let mut bytes = snapshot(SUMMARY).into_bytes();
        let at = bytes.iter().position(|b| *b == b'\n').unwrap() + 3;
        bytes[at] = 0xff;
        let error = read(bytes).unwrap_err();
        assert!(matches!(error, ReadError::Invalid { line: 2, column: 3, .. }), "{error}");
    }
}

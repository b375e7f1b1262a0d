//! OCSF Compliance Findings as Parquet files, laid out as Amazon Security Lake lays out its sources.
//!
//! The rows are the events of [`super::ocsf`], member by member; one that has no column is an error, never left out. A
//! snapshot gives one file for each Region, and its name tells account and time: whoever judges a snapshot again replaces
//! its files, so that a part of a fleet that is repeated counts once.
//! <https://docs.aws.amazon.com/security-lake/latest/userguide/custom-sources.html>

mod columns;
mod shred;

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use std::fmt::Write as _;
use std::io;
use std::sync::{Arc, LazyLock};

use ::parquet::basic::{Compression, ZstdLevel};
use ::parquet::data_type::{ByteArrayType, Int32Type, Int64Type};
use ::parquet::errors::ParquetError;
use ::parquet::file::properties::{EnabledStatistics, WriterProperties, WriterVersion};
use ::parquet::file::writer::SerializedFileWriter;
use ::parquet::schema::{parser::parse_message_type, types::TypePtr};

use super::ocsf;
use crate::report::Report;
use crate::snapshot::Time;
use shred::{Leaf, Values};

pub use columns::ddl;

/// The name that `--output` takes.
pub const NAME: &str = "parquet";

/// Rows that are written, and forgotten, together.
const ROWS_PER_GROUP: usize = 16_384;

/// Bytes of a page before compression; Security Lake asks for at most 1 MiB.
const PAGE_BYTES: usize = 512 * 1024;

/// One file of a lake.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LakeFile {
    /// The folder below the lake's own, as in `region=us-east-1/accountId=123456789012/eventDay=20261122`.
    pub folder: String,
    /// The name without its ending, as in `posture-20261122T030000Z`.
    pub stem: String,
    /// What it holds.
    pub bytes: Vec<u8>,
}

/// The files of a report, by Region.
pub fn files(report: &Report) -> io::Result<Vec<LakeFile>> {
    let mut regions: BTreeMap<&str, Writer> = BTreeMap::new();
    for (finding, event) in ocsf::events(report) {
        let writer = match regions.entry(ocsf::region(report, finding)) {
            Entry::Occupied(old) => old.into_mut(),
            Entry::Vacant(new) => new.insert(Writer::new()?),
        };
        writer.add(&event)?;
    }
    let day = report.collected_at.0.strftime("%Y%m%d").to_string();
    let stem = format!("posture-{}", compact(report.collected_at));
    let place = |region: &str| {
        format!("region={}/accountId={}/eventDay={}", partition(region), partition(&report.account), partition(&day))
    };
    let finish = |(region, writer): (&str, Writer)| {
        Ok(LakeFile { folder: place(region), stem: stem.clone(), bytes: writer.finish()? })
    };
    regions.into_iter().map(finish).collect()
}

/// A time as in `20261122T030000Z`, to the fraction that it has.
fn compact(time: Time) -> String {
    time.to_string().replace(['-', ':'], "")
}

/// A value in a folder's name. A snapshot may hold any text for a Region, so what could lead elsewhere is written as Hive
/// and Spark write it, `%2F` for a slash, and nothing at all by its own name.
fn partition(value: &str) -> String {
    if value.is_empty() {
        return "__HIVE_DEFAULT_PARTITION__".to_owned();
    }
    value.bytes().fold(String::new(), |mut text, byte| {
        if byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_') {
            text.push(char::from(byte));
        } else {
            // Writing to a string cannot fail.
            let _ = write!(text, "%{byte:02X}");
        }
        text
    })
}

/// The rows of one file, of which at most a group is not written yet.
struct Writer {
    file: SerializedFileWriter<Vec<u8>>,
    leaves: Vec<Leaf>,
    rows: usize,
}

impl Writer {
    fn new() -> io::Result<Self> {
        static SCHEMA: LazyLock<Result<TypePtr, String>> =
            LazyLock::new(|| parse_message_type(&columns::message()).map(Arc::new).map_err(|error| error.to_string()));
        let schema = SCHEMA.as_ref().map_err(|error| io::Error::other(error.as_str()))?;
        let properties = WriterProperties::builder()
            .set_writer_version(WriterVersion::PARQUET_1_0)
            .set_created_by(format!("posture version {}", env!("CARGO_PKG_VERSION")))
            .set_compression(Compression::ZSTD(ZstdLevel::try_new(3).map_err(failed)?))
            .set_data_page_size_limit(PAGE_BYTES)
            .set_statistics_enabled(EnabledStatistics::Chunk)
            .set_offset_index_disabled(true)
            .build();
        let file = SerializedFileWriter::new(Vec::new(), Arc::clone(schema), Arc::new(properties)).map_err(failed)?;
        Ok(Self { file, leaves: columns::leaves(), rows: 0 })
    }

    fn add(&mut self, event: &serde_json::Value) -> io::Result<()> {
        shred::row(columns::COLUMNS, event, &mut self.leaves).map_err(io::Error::other)?;
        self.rows += 1;
        if self.rows >= ROWS_PER_GROUP { self.write_group() } else { Ok(()) }
    }

    fn write_group(&mut self) -> io::Result<()> {
        let mut group = self.file.next_row_group().map_err(failed)?;
        for leaf in &mut self.leaves {
            let Some(mut column) = group.next_column().map_err(failed)? else {
                return Err(io::Error::other("the schema has fewer columns than the rows"));
            };
            let leaf = leaf.take();
            let (definition, repetition) = (Some(leaf.definition.as_slice()), Some(leaf.repetition.as_slice()));
            match &leaf.values {
                Values::Int(values) => column.typed::<Int32Type>().write_batch(values, definition, repetition),
                Values::Long(values) => column.typed::<Int64Type>().write_batch(values, definition, repetition),
                Values::Text(values) => column.typed::<ByteArrayType>().write_batch(values, definition, repetition),
            }
            .map_err(failed)?;
            column.close().map_err(failed)?;
        }
        group.close().map_err(failed)?;
        self.rows = 0;
        Ok(())
    }

    fn finish(mut self) -> io::Result<Vec<u8>> {
        if self.rows > 0 {
            self.write_group()?;
        }
        self.file.into_inner().map_err(failed)
    }
}

fn failed(error: ParquetError) -> io::Error {
    io::Error::other(error)
}

#[cfg(test)]
mod tests {
    use super::{compact, partition};
    use crate::snapshot::Time;

    #[test]
    fn hostile_regions_stay_in_their_folder() {
        assert_eq!(partition("us-gov-west-1"), "us-gov-west-1");
        assert_eq!(partition("../../etc"), "%2E%2E%2F%2E%2E%2Fetc");
        assert_eq!(partition("a=b%\u{e9}"), "a%3Db%25%C3%A9");
        assert_eq!(partition(""), "__HIVE_DEFAULT_PARTITION__");
    }

    #[test]
    fn names_keep_the_fraction_of_a_time() {
        assert_eq!(compact(Time::parse("2026-11-22T03:00:00Z").unwrap()), "20261122T030000Z");
        assert_eq!(compact(Time::parse("2026-11-22T03:00:00.25+01:00").unwrap()), "20261122T020000.25Z");
    }
}

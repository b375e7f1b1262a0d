//! Writing snapshots: atomically, readable by their owner alone, compressed by the name's ending.

use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};

use serde::Serialize;

use super::{ApiError, FORMAT, Outcome, Request, Response, Snapshot, Time};

/// How a file is compressed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Compression {
    /// Not at all.
    Plain,
    /// gzip, for `.gz`.
    Gzip,
    /// Zstandard, for `.zst`.
    Zstd,
}

impl Compression {
    /// The compression that a file's name asks for.
    pub fn of(path: &Path) -> Self {
        match path.extension().and_then(std::ffi::OsStr::to_str) {
            Some("gz") => Self::Gzip,
            Some("zst") => Self::Zstd,
            _ => Self::Plain,
        }
    }
}

#[derive(Serialize)]
struct SnapshotFile<'a> {
    format: &'static str,
    collector: &'a str,
    collected_at: Time,
    account: &'a str,
    partition: &'a str,
    caller: &'a str,
    regions: &'a [String],
    observations: Vec<ObservationFile<'a>>,
}

#[derive(Serialize)]
struct ObservationFile<'a> {
    service: &'static str,
    operation: &'static str,
    region: &'a str,
    #[serde(skip_serializing_if = "Request::is_empty")]
    request: &'a Request,
    #[serde(skip_serializing_if = "Option::is_none")]
    response: Option<&'a Response>,
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<&'a ApiError>,
}

impl Serialize for Snapshot {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let observations = self.observations().iter().map(|observation| {
            let spec = observation.operation.spec();
            let (response, error) = match &observation.outcome {
                Outcome::Answered(response) => (Some(response), None),
                Outcome::Failed(error) => (None, Some(error)),
            };
            ObservationFile {
                service: spec.service,
                operation: spec.name,
                region: &observation.region,
                request: &observation.request,
                response,
                error,
            }
        });
        SnapshotFile {
            format: FORMAT,
            collector: &self.collector,
            collected_at: self.collected_at,
            account: &self.account,
            partition: &self.partition,
            caller: &self.caller,
            regions: &self.regions,
            observations: observations.collect(),
        }
        .serialize(serializer)
    }
}

/// Writes a snapshot to a sink, pretty-printed and ending in a newline.
pub fn write_snapshot(snapshot: &Snapshot, compression: Compression, sink: &mut dyn Write) -> std::io::Result<()> {
    match compression {
        Compression::Plain => write_plain(snapshot, sink),
        Compression::Gzip => {
            let mut encoder = flate2::write::GzEncoder::new(sink, flate2::Compression::default());
            write_plain(snapshot, &mut encoder)?;
            encoder.finish().map(drop)
        }
        Compression::Zstd => {
            let mut encoder = zstd::Encoder::new(sink, 0)?;
            write_plain(snapshot, &mut encoder)?;
            encoder.finish().map(drop)
        }
    }
}

fn write_plain(snapshot: &Snapshot, sink: &mut dyn Write) -> std::io::Result<()> {
    let mut sink = std::io::BufWriter::new(sink);
    serde_json::to_writer_pretty(&mut sink, snapshot)?;
    sink.write_all(b"\n")?;
    sink.flush()
}

/// A file that readers see as the old one until it is complete, then as the new one, never a part; only its owner can
/// read it. Dropped before [`AtomicFile::finish`], it leaves nothing behind. A device or a pipe, as in `/dev/null`, is
/// written to instead: a rename would put a file in its place.
#[derive(Debug)]
pub struct AtomicFile {
    sink: Sink,
    path: PathBuf,
}

#[derive(Debug)]
enum Sink {
    Temporary(BufWriter<tempfile::NamedTempFile>),
    Device(std::fs::File),
}

impl AtomicFile {
    /// Begins a file in the folder where it shall lie.
    pub fn create(path: &Path) -> std::io::Result<Self> {
        if path.metadata().is_ok_and(|old| !old.is_file() && !old.is_dir()) {
            let device = std::fs::OpenOptions::new().write(true).open(path)?;
            return Ok(Self { sink: Sink::Device(device), path: path.to_owned() });
        }
        let folder = match path.parent() {
            Some(folder) if !folder.as_os_str().is_empty() => folder,
            _ => Path::new("."),
        };
        // `tempfile` creates with mode 0600, and the rename keeps it.
        let file = BufWriter::new(tempfile::NamedTempFile::new_in(folder)?);
        Ok(Self { sink: Sink::Temporary(file), path: path.to_owned() })
    }

    /// The path that the file will have.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Puts the complete file in its place.
    pub fn finish(self) -> std::io::Result<()> {
        let file = match self.sink {
            Sink::Device(mut device) => return device.flush(),
            Sink::Temporary(file) => file.into_inner().map_err(std::io::IntoInnerError::into_error)?,
        };
        file.as_file().sync_all()?;
        file.persist(&self.path).map_err(|error| error.error)?;
        Ok(())
    }
}

impl Write for AtomicFile {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        match &mut self.sink {
            Sink::Temporary(file) => file.write(bytes),
            Sink::Device(device) => device.write(bytes),
        }
    }

    fn flush(&mut self) -> std::io::Result<()> {
        match &mut self.sink {
            Sink::Temporary(file) => file.flush(),
            Sink::Device(device) => device.flush(),
        }
    }
}

/// Writes a whole [`AtomicFile`].
pub fn write_atomically(path: &Path, write: impl FnOnce(&mut dyn Write) -> std::io::Result<()>) -> std::io::Result<()> {
    let mut file = AtomicFile::create(path)?;
    write(&mut file)?;
    file.finish()
}

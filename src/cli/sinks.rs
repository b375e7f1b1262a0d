//! Where reports go: standard output, and files that are complete or not there.

use std::io::Write;
use std::path::{Path, PathBuf};

use crate::error::Error;
use crate::output::{self, Context, Place, Renderer};
use crate::report::Report;
use crate::snapshot::AtomicFile;

use super::{note, terminal};

/// The formats of a run: that of standard output first, then one for each file.
pub(super) struct Formats {
    renderers: Vec<&'static dyn Renderer>,
    terminal: Context,
}

impl Formats {
    /// Looks the formats up by name.
    pub(super) fn new<'a>(stdout: &'a str, files: impl Iterator<Item = &'a str>) -> Result<Self, Error> {
        let find = |name: &str| {
            output::find(name)
                .ok_or_else(|| Error::other(format!("`{name}` is no format"), "see `posture scan --help`"))
        };
        let renderers = std::iter::once(stdout).chain(files).map(find).collect::<Result<_, _>>()?;
        let terminal = Context { width: terminal::width(), colour: terminal::colour(), ..Context::default() };
        Ok(Self { renderers, terminal })
    }

    /// How many there are.
    pub(super) fn len(&self) -> usize {
        self.renderers.len()
    }

    /// Refuses formats that hold one account a file.
    pub(super) fn require_repeats(&self) -> Result<(), Error> {
        if self.renderers.iter().all(|renderer| renderer.repeats()) {
            return Ok(());
        }
        Err(Error::other(
            "one of the formats holds one account a file, and there are several snapshots",
            "scan the snapshots one by one, or use json, ndjson, csv, ocsf, markdown or table",
        ))
    }

    /// Refuses formats in which an error cannot stand among reports.
    pub(super) fn require_stream(&self) -> Result<(), Error> {
        if self.renderers.iter().all(|renderer| renderer.is_stream()) {
            return Ok(());
        }
        Err(Error::other(
            "`--stream` writes one record a line, and one of the formats does not",
            "use `--format` and `--output` with json, ndjson or ocsf",
        ))
    }

    /// Writes a report in every format.
    pub(super) fn render(
        &self,
        report: &Report,
        snapshot: Option<String>,
        place: Place,
    ) -> Result<Vec<Vec<u8>>, Error> {
        let file = Context { snapshot, place, ..Context::default() };
        let stdout = Context { width: self.terminal.width, colour: self.terminal.colour, ..file.clone() };
        let contexts = std::iter::once(&stdout).chain(std::iter::repeat(&file));
        let render = |(renderer, context): (&&'static dyn Renderer, &Context)| {
            let mut bytes = Vec::new();
            renderer.render(report, context, &mut bytes).map_err(|error| {
                Error::other(
                    format!("the report of account {} cannot be written: {error}", report.account),
                    "report this as a bug",
                )
            })?;
            Ok(bytes)
        };
        self.renderers.iter().zip(contexts).map(render).collect()
    }
}

/// Standard output and the files that reports go to.
pub(super) struct Sinks {
    files: Vec<AtomicFile>,
    written: bool,
    /// True when whoever read standard output has gone: files and exit code are owed all the same.
    deserted: bool,
}

impl Sinks {
    /// Begins the files; none of them may be a snapshot that is read.
    pub(super) fn open(paths: &[&Path], snapshots: &[PathBuf]) -> Result<Self, Error> {
        let mut files: Vec<AtomicFile> = Vec::new();
        for path in paths {
            if snapshots.iter().any(|input| same_file(input, path)) {
                return Err(Error::other(
                    format!("output `{}` would overwrite the snapshot", path.display()),
                    "write the report to another file",
                ));
            }
            if files.iter().any(|other| other.path() == *path) {
                return Err(Error::other(
                    format!("output `{}` is named twice", path.display()),
                    "give each report a file of its own",
                ));
            }
            files.push(AtomicFile::create(path).map_err(|source| failed(path, source))?);
        }
        Ok(Self { files, written: false, deserted: false })
    }

    /// True until something is written.
    pub(super) fn is_empty(&self) -> bool {
        !self.written
    }

    /// Writes a report: its bytes for standard output first, then those for each file.
    pub(super) fn write(&mut self, reports: &[Vec<u8>]) -> Result<(), Error> {
        self.written = true;
        let Some((first, others)) = reports.split_first() else { return Ok(()) };
        if !self.deserted {
            let mut stdout = std::io::stdout().lock();
            match stdout.write_all(first).and_then(|()| stdout.flush()) {
                Err(error) if error.kind() == std::io::ErrorKind::BrokenPipe => self.deserted = true,
                other => other.map_err(Error::stdout)?,
            }
        }
        for (file, bytes) in self.files.iter_mut().zip(others) {
            file.write_all(bytes).map_err(|source| failed(file.path(), source))?;
        }
        Ok(())
    }

    /// Puts the files in their places.
    pub(super) fn finish(self) -> Result<(), Error> {
        for file in self.files {
            let path = file.path().to_owned();
            file.finish().map_err(|source| failed(&path, source))?;
            note(&format!("wrote {}", terminal::printable(&path.display().to_string())));
        }
        Ok(())
    }
}

fn failed(path: &Path, source: std::io::Error) -> Error {
    Error::Io { action: "write", path: path.to_owned(), source }
}

fn same_file(one: &Path, two: &Path) -> bool {
    match (one.canonicalize(), two.canonicalize()) {
        (Ok(one), Ok(two)) => one == two,
        _ => one == two,
    }
}

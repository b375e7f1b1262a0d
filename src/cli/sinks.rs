//! Where reports go: standard output, files and lakes that are complete or not there.

use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};

use crate::error::Error;
use crate::fleet::{FleetReport, render};
use crate::output::parquet::LakeFile;
use crate::output::{self, Context, Place, Renderer};
use crate::report::Report;
use crate::rule::judge::{Listed, Shown};
use crate::snapshot::AtomicFile;

use super::lake::Lake;
use super::{note, terminal};

/// The formats of a run: that of standard output first, then one for each file.
pub(super) struct Formats {
    kinds: Vec<Kind>,
    terminal: Context,
}

/// What a format holds.
#[derive(Clone, Copy)]
enum Kind {
    /// Each account's report, or several one after the other.
    Accounts(&'static dyn Renderer),
    /// One report over all accounts, in the format of this name.
    Fleet(&'static str),
}

/// Formats in which a report over all accounts is written.
const FLEET_FORMATS: [&str; 3] = ["json", "markdown", "table"];

impl Formats {
    /// Looks the formats up by name. For a fleet, table, JSON and Markdown are one report over all accounts.
    pub(super) fn new<'a>(
        stdout: &'a str,
        files: impl Iterator<Item = &'a str>,
        is_fleet: bool,
    ) -> Result<Self, Error> {
        let find = |name: &str| {
            if let Some(&name) = FLEET_FORMATS.iter().find(|fleet| is_fleet && **fleet == name) {
                return Ok(Kind::Fleet(name));
            }
            let renderer = output::find(name)
                .ok_or_else(|| Error::other(format!("`{name}` is no format"), "see `posture scan --help`"))?;
            if is_fleet && !renderer.is_stream() {
                return Err(Error::other(
                    format!("format `{name}` has no place for accounts that could not be judged"),
                    "for many accounts use table, json or markdown, which are one report over all, or ndjson or ocsf",
                ));
            }
            Ok(Kind::Accounts(renderer))
        };
        let kinds = std::iter::once(stdout).chain(files).map(find).collect::<Result<_, _>>()?;
        let terminal = Context { width: terminal::width(), colour: terminal::colour(), ..Context::default() };
        Ok(Self { kinds, terminal })
    }

    /// A record of something that has no report, for each format that holds records.
    pub(super) fn record(&self, record: &[u8]) -> Vec<Vec<u8>> {
        let of = |kind: &Kind| match kind {
            Kind::Accounts(_) => record.to_vec(),
            Kind::Fleet(_) => Vec::new(),
        };
        self.kinds.iter().map(of).collect()
    }

    fn all(&self, holds: impl Fn(&'static dyn Renderer) -> bool) -> bool {
        self.kinds.iter().all(|kind| match kind {
            Kind::Accounts(renderer) => holds(*renderer),
            Kind::Fleet(_) => true,
        })
    }

    /// What one of the formats shows of the verdicts.
    pub(super) fn shown(&self) -> Shown {
        let is_part = self.all(|renderer| !renderer.lists_all());
        Shown {
            listed: if is_part { Listed::FailingAndUnknown } else { Listed::All },
            evidence: !self.all(|renderer| !renderer.cites_evidence()),
        }
    }

    /// Refuses formats that hold one account a file.
    pub(super) fn require_repeats(&self) -> Result<(), Error> {
        if self.all(Renderer::repeats) {
            return Ok(());
        }
        Err(Error::other(
            "one of the formats holds one account a file, and there are several snapshots",
            "scan the snapshots one by one, or use json, ndjson, csv, ocsf, markdown or table",
        ))
    }

    /// Refuses formats in which an error cannot stand among reports.
    pub(super) fn require_stream(&self) -> Result<(), Error> {
        if self.all(Renderer::is_stream) {
            return Ok(());
        }
        Err(Error::other(
            "`--stream` writes one record a line, and one of the formats does not",
            "use `--format` and `--output` with json, ndjson or ocsf",
        ))
    }

    /// Writes a report in every format that holds accounts' reports.
    pub(super) fn render(
        &self,
        report: &Report,
        snapshot: Option<String>,
        place: Place,
    ) -> Result<Vec<Vec<u8>>, Error> {
        let file = Context { snapshot, place, ..Context::default() };
        self.each(&file, |kind, context, bytes| match kind {
            Kind::Accounts(renderer) => renderer.render(report, context, bytes),
            Kind::Fleet(_) => Ok(()),
        })
        .map_err(|error| unwritten(&format!("the report of account {}", report.account), &error))
    }

    /// Writes the only report there is, in every format that holds accounts' reports, while it is rendered.
    pub(super) fn write_only(&self, report: &Report, snapshot: Option<String>, sinks: &mut Sinks) -> Result<(), Error> {
        let file = Context { snapshot, place: Place::Only, ..Context::default() };
        sinks.write_each(self.each_with(&file), |(kind, context), sink| match kind {
            Kind::Accounts(renderer) => renderer.render(report, &context, sink),
            Kind::Fleet(_) => Ok(()),
        })
    }

    /// Writes the report over all accounts in every format that is one.
    pub(super) fn render_fleet(&self, report: &FleetReport) -> Result<Vec<Vec<u8>>, Error> {
        self.each(&Context::default(), |kind, context, bytes| match kind {
            Kind::Fleet("json") => render::json(report, bytes),
            Kind::Fleet("markdown") => render::markdown(report, bytes),
            Kind::Fleet(_) => render::table(report, context, bytes),
            Kind::Accounts(_) => Ok(()),
        })
        .map_err(|error| unwritten("the report over all accounts", &error))
    }

    fn each(
        &self,
        file: &Context,
        write: impl Fn(Kind, &Context, &mut dyn Write) -> std::io::Result<()>,
    ) -> std::io::Result<Vec<Vec<u8>>> {
        let render = |(kind, context): (Kind, Context)| {
            let mut bytes = Vec::new();
            write(kind, &context, &mut bytes).map(|()| bytes)
        };
        self.each_with(file).map(render).collect()
    }

    /// The formats, each with what it may know of where it is written.
    fn each_with(&self, file: &Context) -> impl Iterator<Item = (Kind, Context)> {
        let stdout = Context { width: self.terminal.width, colour: self.terminal.colour, ..file.clone() };
        self.kinds.iter().copied().zip(std::iter::once(stdout).chain(std::iter::repeat(file.clone())))
    }
}

fn unwritten(what: &str, error: &std::io::Error) -> Error {
    Error::other(format!("{what} cannot be written: {error}"), "report this as a bug")
}

/// Bytes that are written at once.
const AT_ONCE: usize = 64 * 1024;

/// Standard output, the files and the lakes that reports go to.
pub(super) struct Sinks {
    files: Vec<AtomicFile>,
    lakes: Vec<Lake>,
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
        Ok(Self { files, lakes: Vec::new(), written: false, deserted: false })
    }

    /// Begins to add to a folder of Parquet files.
    pub(super) fn add_lake(&mut self, folder: &Path) -> Result<(), Error> {
        self.lakes.push(Lake::open(folder)?);
        Ok(())
    }

    /// Keeps what a report adds to the lakes.
    pub(super) fn keep(&self, files: &[LakeFile]) -> Result<(), Error> {
        self.lakes.iter().try_for_each(|lake| lake.add(files))
    }

    /// True until something is written.
    pub(super) fn is_empty(&self) -> bool {
        !self.written
    }

    /// Writes a report: its bytes for standard output first, then those for each file.
    pub(super) fn write(&mut self, reports: &[Vec<u8>]) -> Result<(), Error> {
        self.write_each(reports.iter(), |report, sink| sink.write_all(report))
    }

    /// As [`Sinks::write`], for a report that is rendered while it is written: `render` writes one of `reports`.
    fn write_each<T>(
        &mut self,
        mut reports: impl Iterator<Item = T>,
        render: impl Fn(T, &mut dyn Write) -> std::io::Result<()>,
    ) -> Result<(), Error> {
        self.written = true;
        let Some(first) = reports.next() else { return Ok(()) };
        if !self.deserted {
            let mut stdout = BufWriter::with_capacity(AT_ONCE, std::io::stdout().lock());
            match render(first, &mut stdout).and_then(|()| stdout.flush()) {
                Err(error) if error.kind() == std::io::ErrorKind::BrokenPipe => self.deserted = true,
                other => other.map_err(Error::stdout)?,
            }
            // What could not be written is not tried again.
            drop(stdout.into_parts());
        }
        for (file, report) in self.files.iter_mut().zip(reports) {
            let path = file.path().to_owned();
            let mut writer = BufWriter::with_capacity(AT_ONCE, file);
            render(report, &mut writer).and_then(|()| writer.flush()).map_err(|source| failed(&path, source))?;
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
        for lake in self.lakes {
            let (folder, count) = lake.finish()?;
            note(&format!("wrote {count} files below {}", terminal::printable(&folder.display().to_string())));
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

//! Which files of a folder are answers, and reading them: nothing outside the folder, nothing but regular files, and no
//! more bytes than a snapshot may have.

use std::fs::{self, File};
use std::io::Read;
use std::path::{Path, PathBuf};

use super::ImportError;
use super::name::{self, Kind, Name, Unusable};
use crate::snapshot::{MAX_SNAPSHOT_BYTES, Operation};

/// The most files that are read; an account with every quota used up stays below.
pub const MAX_FILES: usize = 100_000;
/// The largest text of a refusal, in bytes.
pub const MAX_REFUSAL_BYTES: u64 = 64 * 1024;
/// The file that says when the answers were collected.
pub(super) const COLLECTED_AT: &str = "collected-at";

/// A file that was left alone, and why.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Skipped {
    /// The path inside the folder, with unprintable characters escaped.
    pub file: String,
    /// Why it was not read.
    pub reason: &'static str,
}

/// A file that holds one call's answer or refusal.
#[derive(Debug, Clone)]
pub(super) struct AnswerFile {
    path: PathBuf,
    /// The path as errors name it.
    pub(super) shown: String,
    /// What an answer and a refusal of one call have in common.
    pub(super) call: String,
    pub(super) operation: Operation,
    pub(super) region: Option<String>,
    pub(super) kind: Kind,
}

/// What a folder holds.
#[derive(Debug, Default)]
pub(super) struct Listing {
    /// In the order of their names.
    pub(super) files: Vec<AnswerFile>,
    pub(super) skipped: Vec<Skipped>,
    pub(super) collected_at: Option<PathBuf>,
}

/// Lists a folder of answers.
pub(super) fn list(folder: &Path) -> Result<Listing, ImportError> {
    let shown = folder.display().to_string();
    let root = fs::canonicalize(folder).map_err(|source| ImportError::Io { file: shown.clone(), source })?;
    let mut walk = Walk { root, shown, listing: Listing::default() };
    for entry in entries(folder, &walk.shown)? {
        walk.top_level(&entry)?;
    }
    Ok(walk.listing)
}

struct Walk {
    /// Without links: what lies outside of it is never read.
    root: PathBuf,
    shown: String,
    listing: Listing,
}

impl Walk {
    fn top_level(&mut self, path: &Path) -> Result<(), ImportError> {
        let Some(entry) = self.readable(path, "") else { return Ok(()) };
        let is_service = Operation::ALL.iter().any(|operation| operation.spec().service == entry);
        if entry == COLLECTED_AT {
            self.check_place(path, &self.shown_as(&entry), Wanted::File)?;
            self.listing.collected_at = Some(path.to_owned());
        } else if is_service {
            self.check_place(path, &self.shown_as(&entry), Wanted::Folder)?;
            for file in entries(path, &self.shown_as(&entry))? {
                self.answer(&entry, &file)?;
            }
        } else {
            self.skip(&entry, "posture reads no such service");
        }
        Ok(())
    }

    fn answer(&mut self, service: &str, path: &Path) -> Result<(), ImportError> {
        let Some(file) = self.readable(path, service) else { return Ok(()) };
        let inside = format!("{service}/{file}");
        let shown = self.shown_as(&inside.escape_debug().to_string());
        match name::parse(service, &file) {
            Err(Unusable::NotRead(reason)) => self.skip(&inside, reason),
            Err(Unusable::Wrong(message)) => return Err(ImportError::file(&shown, message, NAMES)),
            Ok(Name { operation, region, kind, stem }) => {
                self.check_place(path, &shown, Wanted::File)?;
                if self.listing.files.len() == MAX_FILES {
                    let message = format!("the folder holds more than {MAX_FILES} answers");
                    return Err(ImportError::file(&self.shown, message, "import one account at a time"));
                }
                let (region, call) = (region.map(str::to_owned), format!("{service}/{stem}"));
                self.listing.files.push(AnswerFile { path: path.to_owned(), shown, call, operation, region, kind });
            }
        }
        Ok(())
    }

    /// The entry's name, unless it is hidden or not text.
    fn readable(&mut self, path: &Path, service: &str) -> Option<String> {
        let name = path.file_name()?;
        let inside = |name: &str| if service.is_empty() { name.to_owned() } else { format!("{service}/{name}") };
        let Some(text) = name.to_str() else {
            self.skip(&inside(&name.to_string_lossy()), "its name is not UTF-8");
            return None;
        };
        if text.starts_with('.') {
            self.skip(&inside(text), "it is hidden");
            return None;
        }
        Some(text.to_owned())
    }

    fn skip(&mut self, inside: &str, reason: &'static str) {
        self.listing.skipped.push(Skipped { file: inside.escape_debug().to_string(), reason });
    }

    fn shown_as(&self, inside: &str) -> String {
        format!("{}/{inside}", self.shown.trim_end_matches('/'))
    }

    fn check_place(&self, path: &Path, shown: &str, wanted: Wanted) -> Result<(), ImportError> {
        let io = |source| ImportError::Io { file: shown.to_owned(), source };
        let real = fs::canonicalize(path).map_err(io)?;
        if !real.starts_with(&self.root) {
            return Err(ImportError::file(
                shown,
                "the link leads out of the folder",
                "put the file itself in the folder",
            ));
        }
        let found = fs::metadata(&real).map_err(io)?;
        match wanted {
            Wanted::File if !found.is_file() => Err(ImportError::file(shown, "not a regular file", LAYOUT)),
            Wanted::Folder if !found.is_dir() => Err(ImportError::file(shown, "not a folder", LAYOUT)),
            Wanted::File | Wanted::Folder => Ok(()),
        }
    }
}

#[derive(Clone, Copy)]
enum Wanted {
    File,
    Folder,
}

const LAYOUT: &str =
    "lay answers out as `<service>/<operation>[@<region>][~<n>].json`, as the script of `posture import --script` does";
const NAMES: &str = "name it `<operation>[@<region>][~<n>].json`, as in `get-topic-attributes@us-east-1~2.json`";

fn entries(folder: &Path, shown: &str) -> Result<Vec<PathBuf>, ImportError> {
    let io = |source| ImportError::Io { file: shown.to_owned(), source };
    let mut paths = Vec::new();
    for entry in fs::read_dir(folder).map_err(io)? {
        paths.push(entry.map_err(io)?.path());
        if paths.len() > MAX_FILES * 2 {
            let message = format!("more than {} entries", MAX_FILES * 2);
            return Err(ImportError::file(shown, message, "import one account at a time"));
        }
    }
    paths.sort();
    Ok(paths)
}

/// Reads files until together they reach the size that a snapshot may have.
pub(super) struct Reader {
    left: u64,
}

impl Reader {
    pub(super) fn new() -> Self {
        Self { left: MAX_SNAPSHOT_BYTES }
    }

    pub(super) fn read(&mut self, file: &AnswerFile) -> Result<Vec<u8>, ImportError> {
        match file.kind {
            Kind::Answer => {
                let bytes = bounded(&file.path, &file.shown, self.left)?;
                self.left -= bytes.len() as u64;
                Ok(bytes)
            }
            Kind::Refusal => bounded(&file.path, &file.shown, MAX_REFUSAL_BYTES),
        }
    }
}

/// Reads a regular file of at most this many bytes.
pub(super) fn bounded(path: &Path, shown: &str, limit: u64) -> Result<Vec<u8>, ImportError> {
    let io = |source| ImportError::Io { file: shown.to_owned(), source };
    let file = File::open(path).map_err(io)?;
    if !file.metadata().map_err(io)?.is_file() {
        return Err(ImportError::file(shown, "not a regular file", LAYOUT));
    }
    let mut bytes = Vec::new();
    file.take(limit + 1).read_to_end(&mut bytes).map_err(io)?;
    if bytes.len() as u64 > limit {
        return Err(too_large(shown, limit));
    }
    Ok(bytes)
}

fn too_large(shown: &str, limit: u64) -> ImportError {
    let message = if limit == MAX_REFUSAL_BYTES {
        format!("larger than {} KiB, too large for an error's text", MAX_REFUSAL_BYTES / 1024)
    } else {
        format!("the answers together are larger than {} MiB", MAX_SNAPSHOT_BYTES / (1024 * 1024))
    };
    ImportError::file(shown, message, "import one account at a time, with nothing but AWS CLI output in the folder")
}

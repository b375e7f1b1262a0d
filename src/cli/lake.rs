//! A folder of Parquet files to which a run adds its own, all of them or none.
//!
//! Files wait in a folder whose name begins with `_`, which Hive, Spark and Athena do not read, under an ending that no
//! pattern for Parquet matches, and move to their places when the run has come to its end. What a run that failed wrote goes
//! with that folder. A file of the same name is replaced: it tells of the same account at the same time.

use std::fs::{self, OpenOptions};
use std::io::Write;
use std::path::{Path, PathBuf};

use crate::error::Error;
use crate::output::parquet::{self, LakeFile};
use crate::report::Report;

/// The ending of files that wait.
const WAITING: &str = "part";

/// The files of a report.
pub(super) fn files(report: &Report) -> Result<Vec<LakeFile>, Error> {
    parquet::files(report).map_err(|error| {
        let what = format!("the events of account {} cannot be written: {error}", report.account);
        Error::other(what, "report this as a bug")
    })
}

/// The files that a run adds to a folder.
pub(super) struct Lake {
    folder: PathBuf,
    waiting: tempfile::TempDir,
}

impl Lake {
    /// Begins to add to a folder, and makes it where there is none.
    pub(super) fn open(folder: &Path) -> Result<Self, Error> {
        fs::create_dir_all(folder).map_err(failed(folder))?;
        let waiting = tempfile::Builder::new().prefix("_posture-").tempdir_in(folder).map_err(failed(folder))?;
        Ok(Self { folder: folder.to_owned(), waiting })
    }

    /// Keeps the files of one snapshot. A second snapshot of the same account and time gets a number behind its name, so
    /// that none is lost.
    pub(super) fn add(&self, files: &[LakeFile]) -> Result<(), Error> {
        for file in files {
            let folder = self.waiting.path().join(&file.folder);
            fs::create_dir_all(&folder).map_err(failed(&folder))?;
            let mut number = 1;
            loop {
                let more = if number == 1 { String::new() } else { format!("-{number}") };
                let path = folder.join(format!("{}{more}.parquet.{WAITING}", file.stem));
                match create(&path) {
                    Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => number += 1,
                    Err(error) => return Err(failed(&path)(error)),
                    Ok(mut sink) => break sink.write_all(&file.bytes).map_err(failed(&path))?,
                }
            }
        }
        Ok(())
    }

    /// Moves all files to their places, and says where and how many.
    pub(super) fn finish(self) -> Result<(PathBuf, usize), Error> {
        let count = settle(self.waiting.path(), &self.folder)?;
        self.waiting.close().map_err(failed(&self.folder))?;
        Ok((self.folder, count))
    }
}

/// Moves what waits in one folder into another, and counts it.
fn settle(from: &Path, to: &Path) -> Result<usize, Error> {
    let mut count = 0;
    for entry in fs::read_dir(from).map_err(failed(from))? {
        let path = entry.map_err(failed(from))?.path();
        let Some(name) = path.file_name() else { continue };
        if path.is_dir() {
            count += settle(&path, &to.join(name))?;
        } else {
            fs::create_dir_all(to).map_err(failed(to))?;
            let place = to.join(name).with_extension("");
            fs::rename(&path, &place).map_err(failed(&place))?;
            count += 1;
        }
    }
    Ok(count)
}

/// A file that is not there yet, for its owner alone, as all reports are.
fn create(path: &Path) -> std::io::Result<fs::File> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path)
}

fn failed(path: &Path) -> impl Fn(std::io::Error) -> Error + use<> {
    let path = path.to_owned();
    move |source| Error::Io { action: "write", path: path.clone(), source }
}

#[cfg(test)]
mod tests {
    use super::Lake;
    use crate::output::parquet::LakeFile;
    use std::fs;

    fn file(folder: &str, bytes: &[u8]) -> LakeFile {
        LakeFile { folder: folder.to_owned(), stem: "posture-1.5Z".to_owned(), bytes: bytes.to_vec() }
    }

    fn names(folder: &std::path::Path) -> Vec<String> {
        let mut names: Vec<String> =
            fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
        names.sort();
        names
    }

    #[test]
    fn files_appear_at_the_end_and_none_is_lost() {
        let folder = tempfile::tempdir().unwrap();
        let lake = Lake::open(folder.path()).unwrap();
        lake.add(&[file("region=a/accountId=1", b"one"), file("region=b/accountId=1", b"two")]).unwrap();
        lake.add(&[file("region=a/accountId=1", b"three")]).unwrap();
        assert!(names(folder.path()).iter().all(|name| name.starts_with("_posture-")));
        assert_eq!(lake.finish().unwrap().1, 3);
        assert_eq!(names(folder.path()), ["region=a", "region=b"]);
        let place = folder.path().join("region=a/accountId=1");
        assert_eq!(names(&place), ["posture-1.5Z-2.parquet", "posture-1.5Z.parquet"]);
        assert_eq!(fs::read(place.join("posture-1.5Z-2.parquet")).unwrap(), b"three");
    }

    #[test]
    fn a_run_that_failed_leaves_nothing_and_a_repeated_one_replaces() {
        let folder = tempfile::tempdir().unwrap();
        for (bytes, ends) in [(b"old", true), (b"bad", false), (b"new", true)] {
            let lake = Lake::open(folder.path()).unwrap();
            lake.add(&[file("region=a", bytes)]).unwrap();
            if ends {
                lake.finish().unwrap();
            }
        }
        assert_eq!(names(folder.path()), ["region=a"]);
        assert_eq!(names(&folder.path().join("region=a")), ["posture-1.5Z.parquet"]);
        assert_eq!(fs::read(folder.path().join("region=a/posture-1.5Z.parquet")).unwrap(), b"new");
    }
}

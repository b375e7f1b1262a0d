//! Where `posture scan` takes snapshots from: files, folders, standard input, a running account or many.

use std::path::{Path, PathBuf};

use crate::Error;
use crate::facts::Ahead;
use crate::fleet::Failure;
use crate::snapshot::{Snapshot, SnapshotReader, SnapshotText};

use super::fleet::Shard;
use super::folder::Folder;

/// A snapshot on its way to be judged, with the name of its file.
pub(super) struct Input {
    pub(super) name: Option<String>,
    pub(super) content: Content,
}

/// What came.
pub(super) enum Content {
    Text(SnapshotText),
    #[cfg_attr(
        not(feature = "live"),
        expect(dead_code, reason = "only a live account comes parsed, with what was worked out ahead")
    )]
    Snapshot(Box<Snapshot>, Option<Box<Ahead>>),
    /// An account of which nothing is known.
    Unreached(Failure),
    Failed(Error),
}

impl Input {
    /// Something that has no file.
    pub(super) fn unnamed(content: Content) -> Self {
        Self { name: None, content }
    }

    /// Whether it belongs to the part of a fleet that was asked for; what names no snapshot belongs to every part.
    pub(super) fn is_in(&self, shard: Option<Shard>) -> bool {
        match (&self.content, shard) {
            (Content::Text(text), Some(shard)) => shard.takes(text),
            _ => true,
        }
    }

    /// The size of a text in bytes.
    pub(super) fn size(&self) -> usize {
        match &self.content {
            Content::Text(text) => text.size(),
            Content::Snapshot(..) | Content::Unreached(_) | Content::Failed(_) => 0,
        }
    }
}

/// Saved snapshots, read as they are asked for.
pub(super) fn saved(paths: Vec<PathBuf>, one_per_line: bool) -> Result<impl Iterator<Item = Input>, Error> {
    if paths.iter().filter(|path| path.as_os_str() == "-").count() > 1 {
        return Err(Error::other("standard input is named twice", "give `-` once"));
    }
    let mut files = Vec::new();
    for path in paths {
        if path.is_dir() {
            let found = Folder::at(&path).snapshots()?;
            if found.is_empty() {
                return Err(Error::other(
                    format!("folder `{}` holds no snapshots", path.display()),
                    "build a snapshot from AWS CLI output with `posture import DIR`, or collect with `posture snapshot`",
                ));
            }
            files.extend(found.into_values());
        } else {
            files.push(path);
        }
    }
    Ok(files.into_iter().flat_map(move |path| file(&path, one_per_line)))
}

/// The snapshots of a file, or of standard input.
pub(super) fn file(path: &Path, one_per_line: bool) -> Box<dyn Iterator<Item = Input>> {
    let is_stdin = path.as_os_str() == "-";
    let name = (!is_stdin).then(|| path.display().to_string());
    let reader = if is_stdin {
        let stdin = std::io::BufReader::new(std::io::stdin());
        SnapshotReader::from_reader("-".to_owned(), Box::new(stdin))
    } else {
        SnapshotReader::open(path)
    };
    let mut reader = match reader {
        Ok(reader) if one_per_line => reader.one_per_line(),
        Ok(reader) => reader,
        Err(error) => return Box::new(std::iter::once(Input { name, content: Content::Failed(error.into()) })),
    };
    Box::new(std::iter::from_fn(move || {
        let content = match reader.next_text()? {
            Ok(text) => Content::Text(text),
            Err(error) => Content::Failed(error.into()),
        };
        Some(Input { name: name.clone(), content })
    }))
}

//! EFS file systems.

use super::regional::{Page, Regional, arn};
use crate::facts;
use crate::facts::{List, Resource};
use crate::snapshot::Snapshot;
use crate::snapshot::shapes::efs;

facts! {
    /// An EFS file system.
    FileSystem as "efs-file-system" {
        /// The file system's id.
        name: String => [EfsDescribeFileSystems];
        /// True when data is encrypted at rest.
        is_encrypted: bool => [EfsDescribeFileSystems];
    }
}

/// Builds the file systems.
pub(super) fn build(snapshot: &Snapshot) -> List<Resource<FileSystem>> {
    let listed = Regional::read(snapshot, |answer: &efs::DescribeFileSystems| {
        Page::of(answer.file_systems.as_ref(), answer.next_marker.as_ref())
    });
    listed.resources(|element| {
        let system = element.item;
        let id = system.file_system_id.as_deref()?;
        let region = element.region();
        let facts = FileSystem {
            name: element.required("/FileSystems/*/FileSystemId", Some(id.to_owned())),
            is_encrypted: element.required("/FileSystems/*/Encrypted", system.encrypted),
        };
        let arn = system.file_system_arn.clone().unwrap_or_else(|| {
            let rest = format!("file-system/{id}");
            arn(snapshot, "elasticfilesystem", region, system.owner_id.as_deref(), &rest)
        });
        Some(Resource { id: arn, region: Some(region.to_owned()), facts })
    })
}

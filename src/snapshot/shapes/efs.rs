//! Amazon Elastic File System.

shapes! {
    DescribeFileSystems { file_systems: Vec<FileSystem>, next_marker: String }
    FileSystem { file_system_id: String, file_system_arn: String, owner_id: String, encrypted: bool }
}

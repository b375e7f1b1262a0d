//! Identities beside IAM's own users and roles: certificates that IAM keeps, and where people sign in from.

mod federation;
mod server_certificate;

pub use federation::Federation;
pub use server_certificate::ServerCertificate;

pub(crate) use federation::build as federation;
pub(crate) use server_certificate::build as server_certificates;

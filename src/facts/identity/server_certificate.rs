//! Server certificates that IAM keeps for load balancers.

use crate::facts;
use crate::facts::infrastructure::regional::{Page, Regional};
use crate::facts::{List, Resource};
use crate::snapshot::shapes::iam::ListServerCertificates;
use crate::snapshot::{Snapshot, Time};

facts! {
    /// A server certificate in IAM.
    ServerCertificate as "iam-server-certificate" {
        /// The certificate's name.
        name: String => [IamListServerCertificates];
        /// When it expires.
        expires_at: Time => [IamListServerCertificates];
    }
}

/// Builds the certificates.
pub(crate) fn build(snapshot: &Snapshot) -> List<Resource<ServerCertificate>> {
    let listed = Regional::global(snapshot, |answer: &ListServerCertificates| {
        // `IsTruncated` comes with a marker.
        let marker = answer.marker.as_ref().filter(|_| answer.is_truncated != Some(false));
        Page::of(answer.server_certificate_metadata_list.as_ref(), marker)
    });
    listed.resources(|element| {
        let certificate = element.item;
        let facts = ServerCertificate {
            name: element.required(
                "/ServerCertificateMetadataList/*/ServerCertificateName",
                certificate.server_certificate_name.clone(),
            ),
            expires_at: element.required("/ServerCertificateMetadataList/*/Expiration", certificate.expiration),
        };
        Some(Resource { id: certificate.arn.clone()?, region: None, facts })
    })
}

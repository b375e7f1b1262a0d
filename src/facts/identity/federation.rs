//! Identity providers that people can sign in from.

use crate::facts;
use crate::facts::infrastructure::regional::{Page, Regional};
use crate::facts::{Fact, List, MEMBER_MISSING, Source, link};
use crate::snapshot::Snapshot;
use crate::snapshot::shapes::iam::{IdentityProvider, ListOpenIdConnectProviders, ListSamlProviders};
use crate::snapshot::shapes::sso_admin::ListInstances;

facts! {
    /// Where people sign in from.
    Federation as "federation" {
        /// SAML providers, by ARN.
        saml_providers: List<String> => [IamListSamlProviders];
        /// OpenID Connect providers, by ARN; pipelines and clusters use them as often as people do.
        oidc_providers: List<String> => [IamListOpenIdConnectProviders];
        /// True when an instance of IAM Identity Center is active in a Region that was asked.
        has_identity_center: bool => [SsoAdminListInstances];
    }
}

/// Builds the facts.
pub(crate) fn build(snapshot: &Snapshot) -> Federation {
    let saml = Source::<ListSamlProviders>::global(snapshot);
    let oidc = Source::<ListOpenIdConnectProviders>::global(snapshot);
    Federation {
        saml_providers: saml.required("/SAMLProviderList", |answer| answer.saml_provider_list.as_deref().map(arns)),
        oidc_providers: oidc
            .required("/OpenIDConnectProviderList", |answer| answer.open_id_connect_provider_list.as_deref().map(arns)),
        has_identity_center: has_identity_center(snapshot),
    }
}

fn arns(providers: &[IdentityProvider]) -> List<String> {
    List::whole(
        providers.iter().map(|one| one.arn.clone().unwrap_or_else(|| "a provider without ARN".to_owned())).collect(),
    )
}

fn has_identity_center(snapshot: &Snapshot) -> Fact<bool> {
    let listed = Regional::read(snapshot, |answer: &ListInstances| {
        Page::of(answer.instances.as_ref(), answer.next_token.as_ref())
    });
    let active = listed.elements().map(|element| match element.item.status.as_deref() {
        Some(status) => Fact::present(status == "ACTIVE", element.origin("/Instances/*/Status")),
        None => Fact::unknown(element.gap(MEMBER_MISSING, "an instance has no `Status`")),
    });
    link::any(active, &listed.gaps())
}

//! What the management account lets other accounts manage for the organization.

use super::super::asked::Asked;
use super::super::organization::Organization;
use super::super::{Fact, Gap, List, MALFORMED, MEMBER_MISSING, Observed, Source, link};
use crate::facts;
use crate::iam::matching::account_of;
use crate::iam::policy::{Effect, Policy, Principal, PrincipalBlock, PrincipalKind, Statement};
use crate::snapshot::Snapshot;
use crate::snapshot::shapes::organizations::{
    DescribeResourcePolicy, ListAwsServiceAccessForOrganization, ListDelegatedAdministrators,
    ListDelegatedServicesForAccount,
};

facts! {
    /// An AWS service that may act across the organization.
    TrustedService as "trusted-service" {
        /// The service without its domain, as in `guardduty`.
        name: String => [OrganizationsListAwsServiceAccessForOrganization];
        /// True when an account other than the management account administers the service.
        is_delegated: bool => [
            OrganizationsListDelegatedAdministrators, OrganizationsListDelegatedServicesForAccount
        ];
    }
}

/// Actions that write policies; whoever may only list them manages nothing.
const WRITES: [&str; 4] = [
    "organizations:attachpolicy",
    "organizations:createpolicy",
    "organizations:detachpolicy",
    "organizations:updatepolicy",
];
const DOMAIN: &str = ".amazonaws.com";

/// The first account that the organization's resource policy lets write policies.
pub(super) fn policy_delegate(snapshot: &Snapshot, organization: &Organization) -> Fact<String> {
    let source = Source::<DescribeResourcePolicy>::global(snapshot);
    let text = source.required("/ResourcePolicy/Content", |answer| answer.resource_policy.as_ref()?.content.as_deref());
    let origin = text.origin;
    let state = text.state.and_then(|text| match text.parse::<Policy>() {
        Ok(policy) => {
            let management = organization.management_account_id.state.present().map(String::as_str);
            let mut allowed = policy.statements.iter().filter(|statement| lets_write(statement)).flat_map(accounts);
            allowed.find(|account| Some(account.as_str()) != management).map_or(Observed::Absent, Observed::Present)
        }
        Err(error) => Observed::Unknown(Gap::of_reason(
            MALFORMED,
            format!("the organization's resource policy cannot be read: {error}"),
        )),
    });
    Fact::new(state, origin)
}

fn lets_write(statement: &Statement) -> bool {
    statement.effect == Effect::Allow && WRITES.iter().any(|action| statement.action.covers(action))
}

/// The accounts that a statement names.
fn accounts(statement: &Statement) -> Vec<String> {
    let PrincipalBlock::Principal(principals) = &statement.principal else { return Vec::new() };
    let account = |principal: &Principal| match principal {
        Principal::Listed { kind: PrincipalKind::Aws, value } => account_of(value).map(str::to_owned),
        Principal::Listed { .. } | Principal::Everyone => None,
    };
    principals.iter().filter_map(account).collect()
}

/// The services that the organization trusts.
pub(super) fn trusted_services(snapshot: &Snapshot, organization: &Organization) -> Fact<List<TrustedService>> {
    let source = Source::<ListAwsServiceAccessForOrganization>::global(snapshot);
    let delegations = Delegations::read(snapshot, organization);
    source.required("/EnabledServicePrincipals", |answer| {
        let mut gaps: Vec<Gap> = source.cut_off(None, answer.next_token.as_ref()).into_iter().collect();
        let mut items = Vec::new();
        for (index, service) in answer.enabled_service_principals.as_ref()?.iter().enumerate() {
            let Some(principal) = service.service_principal.as_deref() else {
                gaps.push(source.gap(MEMBER_MISSING, "a service has no `ServicePrincipal`"));
                continue;
            };
            let origin = source.origin("/EnabledServicePrincipals/*/ServicePrincipal").element(index);
            items.push(TrustedService {
                name: Fact::present(principal.trim_end_matches(DOMAIN).to_owned(), origin),
                is_delegated: delegations.of(principal),
            });
        }
        Some(List { items, gaps })
    })
}

/// The services that accounts other than the management account administer.
pub(super) struct Delegations<'a> {
    accounts: Vec<(&'a str, Source<'a, ListDelegatedServicesForAccount>)>,
    gaps: Vec<Gap>,
}

impl<'a> Delegations<'a> {
    pub(super) fn read(snapshot: &'a Snapshot, organization: &Organization) -> Self {
        let mut answers = snapshot.answers::<ListDelegatedAdministrators>();
        let listed = answers.find(|answer| !answer.observation.request.contains_key("ServicePrincipal"));
        let region = crate::facts::leader_region(&snapshot.partition);
        let listed = listed.map_or_else(|| Source::missing(region, [].into()), Source::from_answer);
        let mut found = Self { accounts: Vec::new(), gaps: listed.state.gap().cloned().into_iter().collect() };
        let Observed::Present(answer) = listed.state.clone() else { return found };
        found.gaps.extend(listed.cut_off(None, answer.next_token.as_ref()));
        if answer.delegated_administrators.is_none() {
            found.gaps.push(listed.gap(MEMBER_MISSING, "the answer has no `DelegatedAdministrators`"));
        }
        let management = organization.management_account_id.state.present();
        let services = Asked::<ListDelegatedServicesForAccount>::read(snapshot, "AccountId");
        for administrator in answer.delegated_administrators.iter().flatten() {
            match administrator.id.as_ref() {
                Some(id) if Some(id) == management => {}
                Some(id) => found.accounts.push((id.as_str(), services.of_unique(region, id))),
                None => found.gaps.push(listed.gap(MEMBER_MISSING, "an administrator has no `Id`")),
            }
        }
        found
    }

    fn of(&self, principal: &str) -> Fact<bool> {
        link::any(self.accounts.iter().map(|(_, services)| administers(services, principal)), &self.gaps)
    }

    /// The accounts that are known to administer a service, and why there may be more.
    pub(super) fn administrators(&self, principal: &str) -> List<&'a str> {
        let mut list = List { items: Vec::new(), gaps: self.gaps.clone() };
        for (account, services) in &self.accounts {
            match administers(services, principal).state {
                Observed::Present(true) => list.items.push(*account),
                Observed::Present(false) | Observed::Absent => {}
                Observed::Unknown(gap) => list.gaps.push(gap),
            }
        }
        list
    }
}

/// Whether an account administers a service.
fn administers(services: &Source<'_, ListDelegatedServicesForAccount>, principal: &str) -> Fact<bool> {
    let found = services.required("/DelegatedServices", |answer| {
        let services = answer.delegated_services.as_ref()?.iter();
        let names: Vec<&str> = services.map(|service| service.service_principal.as_deref()).collect::<Option<_>>()?;
        Some(names.contains(&principal))
    });
    let is_cut_off = services.state.present().and_then(|answer| services.cut_off(None, answer.next_token.as_ref()));
    match (&found.state, is_cut_off) {
        (Observed::Present(false), Some(gap)) => Fact::unknown(gap),
        _ => found,
    }
}

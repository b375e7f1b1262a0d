//! The accounts of an organization: listed twenty a page, placed in their organizational units, with their owner's tag.
//!
//! Placing takes a call per organizational unit rather than one per account: accounts carry the ids of their path, and
//! where AWS leaves the path out, each unit is asked for its accounts. Tags have no such way, so they cost a call each.

use std::collections::{BTreeMap, BTreeSet};
use std::future::Future;

use aws_sdk_organizations::Client;
use aws_sdk_organizations::types::Account;
use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use aws_smithy_runtime_api::client::result::SdkError;
use aws_smithy_types::error::metadata::ProvideErrorMetadata;
use aws_types::region::Region;
use futures_util::future::join_all;

use super::Home;
use crate::collect::CollectError;
use crate::collect::error::{api_error, stand_in};
use crate::fleet::{Member, Owner, Roster, RosterGap};
use crate::snapshot::{ApiError, Operation};

/// One account or unit on its way down the tree.
type Path = Vec<String>;

struct Lister<'a> {
    home: &'a Home,
    client: Client,
    region: &'static str,
}

/// The organization's accounts, active or not.
pub(super) async fn list(home: &Home, owner_tag: Option<&str>) -> Result<Roster, CollectError> {
    let region = home.leader;
    let sdk = home.sdk.to_builder().region(Region::from_static(region)).build();
    let lister = Lister { home, client: Client::new(&sdk), region };
    let accounts = lister.accounts().await.map_err(|error| refused("organizations:ListAccounts", &error))?;
    let mut gaps = Vec::new();
    let placed = lister.place(&accounts, &mut gaps).await;
    // As in `arn:aws:organizations::111111111111:account/o-exampleorgid/222222222222`.
    let management = accounts.iter().find_map(|account| account.arn.as_deref()?.split(':').nth(4).map(str::to_owned));
    let mut members = Vec::new();
    for account in accounts {
        let Some(id) = account.id.filter(|id| crate::fleet::is_account(id)) else {
            let error = stand_in("ResponseError", "an account of the answer has no id of twelve digits");
            return Err(refused("organizations:ListAccounts", &error));
        };
        let state = account.state.map(|state| state.as_str().to_owned());
        members.push(Member {
            unit: placed.get(&id).cloned(),
            name: account.name,
            state: state.or_else(|| account.status.map(|status| status.as_str().to_owned())),
            owner: None,
            id,
        });
    }
    let mut roster = Roster::new(members);
    // While pages are read, accounts move from one to the next.
    roster.accounts.dedup_by(|one, two| one.id == two.id);
    roster.management_account = management.filter(|id| crate::fleet::is_account(id));
    if let Some(tag) = owner_tag {
        lister.owners(&mut roster, tag, &mut gaps).await;
        roster.owner_tag = Some(tag.to_owned());
    }
    gaps.sort_by(|one, two| (&one.operation, &one.about).cmp(&(&two.operation, &two.about)));
    roster.gaps = gaps;
    Ok(roster)
}

fn refused(operation: &'static str, error: &ApiError) -> CollectError {
    let hint = match error.code.as_str() {
        "AWSOrganizationsNotInUseException" => {
            "this account is in no organization: name accounts with `--accounts FILE`".to_owned()
        }
        _ => "use credentials of the management account or of a delegated administrator that may call it \
              (`posture permissions --organization` prints the policy), or name the accounts with `--accounts FILE`"
            .to_owned(),
    };
    CollectError::Listing { operation, message: format!("{}: {}", error.code, error.message), hint }
}

fn gap(operation: &str, about: &str, error: ApiError) -> RosterGap {
    RosterGap { operation: operation.to_owned(), about: about.to_owned(), code: error.code, message: error.message }
}

impl Lister<'_> {
    /// Sends one request at AWS Organizations' pace.
    async fn send<T, E>(
        &self,
        request: impl Future<Output = Result<T, SdkError<E, HttpResponse>>>,
    ) -> Result<T, ApiError>
    where
        E: ProvideErrorMetadata + std::error::Error + 'static,
    {
        let _permit = self.home.throttles.enter(Operation::OrganizationsListRoots, self.region).await;
        let cancelled = std::pin::pin!(self.home.options.cancel.cancelled());
        match futures_util::future::select(cancelled, std::pin::pin!(request)).await {
            futures_util::future::Either::Left(_) => {
                Err(stand_in("Cancelled", "the run was stopped before AWS answered"))
            }
            futures_util::future::Either::Right((answer, _)) => answer.map_err(|error| api_error(&error)),
        }
    }

    async fn accounts(&self) -> Result<Vec<Account>, ApiError> {
        all_pages(async |token| {
            let answer = self.send(Box::pin(self.client.list_accounts().set_next_token(token).send())).await?;
            let accounts =
                answer.accounts.ok_or_else(|| stand_in("ResponseError", "the answer holds no `Accounts`"))?;
            Ok((accounts, answer.next_token))
        })
        .await
    }

    /// The path of each account from the root down, as far as AWS tells it.
    async fn place(&self, accounts: &[Account], gaps: &mut Vec<RosterGap>) -> BTreeMap<String, Path> {
        let mut names: BTreeMap<String, Path> = BTreeMap::new();
        let mut level = match self.roots().await {
            Ok(roots) => roots,
            Err(error) => {
                gaps.push(gap("organizations:ListRoots", "", error));
                return BTreeMap::new();
            }
        };
        while !level.is_empty() {
            let below = join_all(level.iter().map(|(id, _)| self.units(id))).await;
            let mut next = Vec::new();
            for ((id, path), units) in level.into_iter().zip(below) {
                match units {
                    Ok(units) => next.extend(units.into_iter().map(|(unit, name)| {
                        let path: Path = path.iter().cloned().chain([name]).collect();
                        (unit, path)
                    })),
                    Err(error) => gaps.push(gap("organizations:ListOrganizationalUnitsForParent", &id, error)),
                }
                names.insert(id, path);
            }
            // A unit that is found again would be walked for ever.
            next.retain(|(id, _)| !names.contains_key(id));
            level = next;
        }
        let mut placed: BTreeMap<String, Path> = accounts.iter().filter_map(|one| by_path(one, &names)).collect();
        if placed.len() < accounts.len() {
            self.place_by_unit(&names, &mut placed, gaps).await;
        }
        placed
    }

    /// Asks each unit for its accounts.
    async fn place_by_unit(
        &self,
        names: &BTreeMap<String, Path>,
        placed: &mut BTreeMap<String, Path>,
        gaps: &mut Vec<RosterGap>,
    ) {
        let held = join_all(names.keys().map(|unit| self.accounts_of(unit))).await;
        for ((unit, path), accounts) in names.iter().zip(held) {
            match accounts {
                Ok(accounts) => {
                    for id in accounts.into_iter().filter_map(|account| account.id) {
                        placed.entry(id).or_insert_with(|| path.clone());
                    }
                }
                Err(error) => gaps.push(gap("organizations:ListAccountsForParent", unit, error)),
            }
        }
    }

    async fn roots(&self) -> Result<Vec<(String, Path)>, ApiError> {
        let roots: Vec<(String, Path)> = all_pages(async |token| {
            let answer = self.send(Box::pin(self.client.list_roots().set_next_token(token).send())).await?;
            let roots = answer.roots.unwrap_or_default().into_iter();
            let roots = roots.filter_map(|root| {
                let id = root.id?;
                Some((id.clone(), vec![root.name.unwrap_or(id)]))
            });
            Ok((roots.collect(), answer.next_token))
        })
        .await?;
        if roots.is_empty() { Err(stand_in("ResponseError", "the answer holds no root")) } else { Ok(roots) }
    }

    async fn units(&self, parent: &str) -> Result<Vec<(String, String)>, ApiError> {
        all_pages(async |token| {
            let request = self.client.list_organizational_units_for_parent().parent_id(parent).set_next_token(token);
            let answer = self.send(Box::pin(request.send())).await?;
            let units = answer
                .organizational_units
                .ok_or_else(|| stand_in("ResponseError", "the answer holds no `OrganizationalUnits`"))?;
            let units = units.into_iter().filter_map(|unit| {
                let id = unit.id?;
                Some((id.clone(), unit.name.unwrap_or(id)))
            });
            Ok((units.collect(), answer.next_token))
        })
        .await
    }

    async fn accounts_of(&self, parent: &str) -> Result<Vec<Account>, ApiError> {
        all_pages(async |token| {
            let request = self.client.list_accounts_for_parent().parent_id(parent).set_next_token(token);
            let answer = self.send(Box::pin(request.send())).await?;
            let accounts =
                answer.accounts.ok_or_else(|| stand_in("ResponseError", "the answer holds no `Accounts`"))?;
            Ok((accounts, answer.next_token))
        })
        .await
    }

    /// Asks active accounts for the tag that says who owns them.
    async fn owners(&self, roster: &mut Roster, tag: &str, gaps: &mut Vec<RosterGap>) {
        let active: Vec<&mut Member> = roster.accounts.iter_mut().filter(|member| member.is_active()).collect();
        let owners = join_all(active.iter().map(|member| self.owner(&member.id, tag))).await;
        for (member, owner) in active.into_iter().zip(owners) {
            match owner {
                Ok(owner) => member.owner = Some(Owner(owner)),
                Err(error) => gaps.push(gap("organizations:ListTagsForResource", &member.id, error)),
            }
        }
    }

    async fn owner(&self, account: &str, tag: &str) -> Result<Option<String>, ApiError> {
        let tags = all_pages(async |token| {
            let request = self.client.list_tags_for_resource().resource_id(account).set_next_token(token);
            let answer = self.send(Box::pin(request.send())).await?;
            let tags = answer.tags.ok_or_else(|| stand_in("ResponseError", "the answer holds no `Tags`"))?;
            Ok((tags, answer.next_token))
        })
        .await?;
        Ok(tags.into_iter().find(|one| one.key == tag).map(|one| one.value))
    }
}

/// Reads pages until the last.
async fn all_pages<T>(
    page: impl AsyncFn(Option<String>) -> Result<(Vec<T>, Option<String>), ApiError>,
) -> Result<Vec<T>, ApiError> {
    let mut all = Vec::new();
    let mut seen = BTreeSet::new();
    let mut token = None;
    loop {
        let (mut items, next) = page(token.take()).await?;
        all.append(&mut items);
        match next.filter(|next| !next.is_empty()) {
            None => return Ok(all),
            Some(next) if seen.insert(next.clone()) => token = Some(next),
            Some(_) => return Err(stand_in("PaginationLoop", "AWS answered with a page that was read before")),
        }
    }
}

/// The place of an account by the ids of its path, as in `o-…/r-…/ou-…/111111111111/`.
fn by_path(account: &Account, names: &BTreeMap<String, Path>) -> Option<(String, Path)> {
    let path = account.paths.as_ref()?.first()?;
    let parent = path.split('/').rfind(|step| step.starts_with("ou-") || step.starts_with("r-"))?;
    Some((account.id.clone()?, names.get(parent)?.clone()))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use aws_sdk_organizations::types::Account;

    use super::by_path;

    #[test]
    fn an_account_lies_in_the_last_unit_of_its_path() {
        let names: BTreeMap<String, Vec<String>> = [
            ("r-ab12".to_owned(), vec!["Root".to_owned()]),
            ("ou-ab12-1".to_owned(), vec!["Root".to_owned(), "Prod".to_owned()]),
        ]
        .into();
        let account = |path: &str| Account::builder().id("111111111111").paths(path).build();
        let place = |path: &str| by_path(&account(path), &names).map(|(_, path)| path.join("/"));
        assert_eq!(place("o-1/r-ab12/ou-ab12-1/111111111111/").as_deref(), Some("Root/Prod"));
        assert_eq!(place("o-1/r-ab12/111111111111/").as_deref(), Some("Root"));
        assert_eq!(place("o-1/r-ab12/ou-new/111111111111/"), None);
        assert_eq!(place("111111111111"), None);
    }
}

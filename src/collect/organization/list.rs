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
use futures_util::stream::{self, StreamExt as _};

use super::Home;
use crate::collect::CollectError;
use crate::collect::error::{api_error, stand_in};
use crate::fleet::{Member, Owner, Roster, RosterGap};
use crate::snapshot::{ApiError, Operation};

/// One account or unit on its way down the tree.
type Path = Vec<String>;
/// Units or accounts that are asked about at once: as many as the pace of AWS Organizations lets be open. What waits for
/// its turn is a name, not a call.
const AT_ONCE: usize = 16;

/// What is kept of an account that AWS Organizations lists.
struct Listed {
    id: String,
    name: Option<String>,
    state: Option<String>,
    /// The unit or root that it lies in, where AWS tells.
    parent: Option<String>,
    /// The account that manages the organization, as the ARN names it.
    management: Option<String>,
}

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
    let mut placed = lister.place(&accounts, &mut gaps).await;
    let management = accounts.iter().find_map(|account| account.management.clone());
    let member = |account: Listed| Member {
        unit: placed.remove(&account.id),
        name: account.name,
        state: account.state,
        owner: None,
        id: account.id,
    };
    let mut roster = Roster::new(accounts.into_iter().map(member).collect());
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
        let _permit =
            self.home.throttles.enter(Operation::OrganizationsListRoots, self.region, std::future::ready(())).await;
        let cancelled = std::pin::pin!(self.home.options.cancel.cancelled());
        match futures_util::future::select(cancelled, std::pin::pin!(request)).await {
            futures_util::future::Either::Left(_) => {
                Err(stand_in("Cancelled", "the run was stopped before AWS answered"))
            }
            futures_util::future::Either::Right((answer, _)) => answer.map_err(|error| api_error(&error)),
        }
    }

    async fn accounts(&self) -> Result<Vec<Listed>, ApiError> {
        all_pages(async |token| {
            let answer = self.send(Box::pin(self.client.list_accounts().set_next_token(token).send())).await?;
            let accounts =
                answer.accounts.ok_or_else(|| stand_in("ResponseError", "the answer holds no `Accounts`"))?;
            let listed = accounts.into_iter().map(|account| {
                listed(account)
                    .ok_or_else(|| stand_in("ResponseError", "an account of the answer has no id of twelve digits"))
            });
            Ok((listed.collect::<Result<_, _>>()?, answer.next_token))
        })
        .await
    }

    /// The path of each account from the root down, as far as AWS tells it.
    async fn place(&self, accounts: &[Listed], gaps: &mut Vec<RosterGap>) -> BTreeMap<String, Path> {
        let mut names: BTreeMap<String, Path> = BTreeMap::new();
        let mut level = match self.roots().await {
            Ok(roots) => roots,
            Err(error) => {
                gaps.push(gap("organizations:ListRoots", "", error));
                return BTreeMap::new();
            }
        };
        while !level.is_empty() {
            let mut next = Vec::new();
            let mut below = stream::iter(level)
                .map(|(id, path)| async move { (self.units(&id).await, id, path) })
                .buffered(AT_ONCE);
            while let Some((units, id, path)) = below.next().await {
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
        let by_parent = |one: &Listed| Some((one.id.clone(), names.get(one.parent.as_ref()?)?.clone()));
        let mut placed: BTreeMap<String, Path> = accounts.iter().filter_map(by_parent).collect();
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
        let mut held = stream::iter(names)
            .map(|(unit, path)| async move { (self.accounts_of(unit).await, unit, path) })
            .buffered(AT_ONCE);
        while let Some((accounts, unit, path)) = held.next().await {
            match accounts {
                Ok(accounts) => {
                    for id in accounts {
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
            let roots = answer.roots.ok_or_else(|| stand_in("ResponseError", "the answer holds no `Roots`"))?;
            let roots = roots.into_iter().map(|root| {
                let id = root.id.ok_or_else(|| nameless("a root"))?;
                Ok((id.clone(), vec![root.name.unwrap_or(id)]))
            });
            Ok((roots.collect::<Result<_, ApiError>>()?, answer.next_token))
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
            let units = units.into_iter().map(|unit| {
                let id = unit.id.ok_or_else(|| nameless("an organizational unit"))?;
                Ok((id.clone(), unit.name.unwrap_or(id)))
            });
            Ok((units.collect::<Result<_, ApiError>>()?, answer.next_token))
        })
        .await
    }

    async fn accounts_of(&self, parent: &str) -> Result<Vec<String>, ApiError> {
        all_pages(async |token| {
            let request = self.client.list_accounts_for_parent().parent_id(parent).set_next_token(token);
            let answer = self.send(Box::pin(request.send())).await?;
            let accounts =
                answer.accounts.ok_or_else(|| stand_in("ResponseError", "the answer holds no `Accounts`"))?;
            let ids = accounts.into_iter().map(|account| account.id.ok_or_else(|| nameless("an account")));
            Ok((ids.collect::<Result<_, ApiError>>()?, answer.next_token))
        })
        .await
    }

    /// Asks active accounts for the tag that says who owns them.
    async fn owners(&self, roster: &mut Roster, tag: &str, gaps: &mut Vec<RosterGap>) {
        let active = roster.accounts.iter_mut().filter(|member| member.is_active());
        let mut owners = stream::iter(active)
            .map(|member| async move { (self.owner(&member.id, tag).await, member) })
            .buffered(AT_ONCE);
        while let Some((owner, member)) = owners.next().await {
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

/// What stands in the place of an answer whose entry cannot be told from others.
fn nameless(what: &str) -> ApiError {
    stand_in("ResponseError", format!("{what} of the answer has no `Id`"))
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

/// What is kept of an account; none of one whose id is no twelve digits.
fn listed(account: Account) -> Option<Listed> {
    let state = account.state.map(|state| state.as_str().to_owned());
    // As in `o-…/r-…/ou-…/111111111111/`.
    let parent = account.paths.as_deref().and_then(<[String]>::first).and_then(|path| {
        path.split('/').rfind(|step| step.starts_with("ou-") || step.starts_with("r-")).map(str::to_owned)
    });
    Some(Listed {
        id: account.id.filter(|id| crate::fleet::is_account(id))?,
        name: account.name,
        state: state.or_else(|| account.status.map(|status| status.as_str().to_owned())),
        parent,
        // As in `arn:aws:organizations::111111111111:account/o-exampleorgid/222222222222`.
        management: account.arn.as_deref().and_then(|arn| arn.split(':').nth(4)).map(str::to_owned),
    })
}

#[cfg(test)]
mod tests {
    use aws_sdk_organizations::types::Account;

    use super::listed;

    #[test]
    fn an_account_lies_in_the_last_unit_of_its_path() {
        let account = |path: &str| Account::builder().id("111111111111").paths(path).build();
        let parent = |path: &str| listed(account(path)).unwrap().parent;
        assert_eq!(parent("o-1/r-ab12/ou-ab12-1/111111111111/").as_deref(), Some("ou-ab12-1"));
        assert_eq!(parent("o-1/r-ab12/111111111111/").as_deref(), Some("r-ab12"));
        assert_eq!(parent("111111111111"), None);
    }

    #[test]
    fn what_has_no_id_of_twelve_digits_is_no_account() {
        assert!(listed(Account::builder().id("12").build()).is_none());
        assert!(listed(Account::builder().build()).is_none());
    }
}

//! Which Regions to ask: the ones named, else those that every account has and those that this one has enabled besides.

use futures_util::future::join;

use super::context::{Context, Run, client};
use super::convert::append;
use super::partition;
use super::service::Work;
use super::together::all;
use crate::snapshot::Request;
use crate::snapshot::shapes::account::ListRegions;

/// Does some work in each Region that is asked and that this lane takes. Regions that cannot be disabled do not wait for AWS to
/// list those that are enabled.
pub(super) async fn each<'c>(context: &'c Context<'_>, work: impl Fn(&'c str) -> Option<Work<'c>>) {
    let own = |(place, region)| context.lane.takes(place).then_some(region);
    let listed = async {
        let listed = asked(context).await.iter().map(String::as_str);
        let others = listed.filter(|region| !known(context.run).any(|known| known == *region));
        all(others.enumerate().filter_map(own).filter_map(&work)).await;
    };
    join(listed, all(known(context.run).enumerate().filter_map(own).filter_map(&work))).await;
}

/// The Regions to ask, sorted. Asks AWS once, however often it is called.
pub(super) async fn asked<'c>(context: &'c Context<'_>) -> &'c [String] {
    context.run.regions.get_or_init(|| find(context)).await
}

/// The Regions that a run asked, sorted.
pub(super) fn of(run: &Run<'_>) -> Vec<String> {
    run.regions.get().cloned().unwrap_or_else(|| sorted(known(run).map(str::to_owned).collect()))
}

fn sorted(mut regions: Vec<String>) -> Vec<String> {
    regions.sort();
    regions.dedup();
    regions
}

async fn find(context: &Context<'_>) -> Vec<String> {
    let enabled = list(context).await.filter(|_| context.run.options.regions.is_empty());
    sorted(known(context.run).map(str::to_owned).chain(enabled.unwrap_or_default()).collect())
}

/// The Regions that are asked whatever AWS says: those that were named, or those that cannot be disabled.
fn known<'c>(run: &'c Run<'_>) -> impl Iterator<Item = &'c str> {
    let named = run.options.regions.iter().map(String::as_str);
    let always = partition::always_enabled(&run.session.partition).iter().copied();
    named.chain(always.filter(|_| run.options.regions.is_empty()))
}

/// The enabled Regions; `None` when AWS did not say.
async fn list(context: &Context<'_>) -> Option<Vec<String>> {
    let region = context.leader();
    let client = client!(context, aws_sdk_account, region);
    let answer = context.pages(
        region,
        ListRegions::default(),
        |token| Box::pin(client.list_regions().max_results(50).set_next_token(token).send()),
        |all, page| {
            append(&mut all.regions, page.regions);
            page.next_token
        },
    );
    context.observe(region, Request::new(), answer, enabled).await?
}

fn enabled(answer: &ListRegions) -> Option<Vec<String>> {
    let is_enabled = |status: &str| matches!(status, "ENABLED" | "ENABLED_BY_DEFAULT" | "DISABLING");
    let regions = answer.regions.as_ref()?.iter();
    let regions = regions.filter(|region| region.region_opt_status.as_deref().is_some_and(is_enabled));
    let names: Vec<String> = regions.filter_map(|region| region.region_name.clone()).collect();
    // Names become host names, and an account without Regions does not exist.
    (!names.is_empty() && names.iter().all(|name| partition::is_region(name))).then_some(names)
}

#[cfg(test)]
mod tests {
    use super::enabled;
    use crate::snapshot::shapes::account::{ListRegions, Region};

    fn answer(regions: &[(&str, &str)]) -> ListRegions {
        let regions = regions.iter().map(|(name, status)| Region {
            region_name: Some((*name).to_owned()),
            region_opt_status: Some((*status).to_owned()),
        });
        ListRegions { regions: Some(regions.collect()), next_token: None }
    }

    #[test]
    fn disabled_regions_are_not_asked() {
        let answer =
            answer(&[("us-east-1", "ENABLED_BY_DEFAULT"), ("af-south-1", "DISABLED"), ("me-south-1", "ENABLED")]);
        assert_eq!(enabled(&answer), Some(vec!["us-east-1".to_owned(), "me-south-1".to_owned()]));
    }

    #[test]
    fn an_answer_without_regions_or_with_odd_names_says_nothing() {
        assert_eq!(enabled(&ListRegions::default()), None);
        assert_eq!(enabled(&answer(&[("af-south-1", "DISABLED")])), None);
        assert_eq!(enabled(&answer(&[("evil.example/", "ENABLED")])), None);
    }
}

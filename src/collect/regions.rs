//! Which Regions to ask: the ones named, else those that the account has enabled, else those that every account has.

use super::context::{Context, client};
use super::convert::append;
use super::partition;
use crate::snapshot::Request;
use crate::snapshot::shapes::account::ListRegions;

/// The Regions to ask, sorted. Asks AWS once, however often it is called.
pub(super) async fn asked<'c>(context: &'c Context<'_>) -> &'c [String] {
    context.regions.get_or_init(|| find(context)).await
}

async fn find(context: &Context<'_>) -> Vec<String> {
    let enabled = list(context).await;
    let mut regions = if context.options.regions.is_empty() {
        // When AWS does not say, the Regions that cannot be disabled are asked: nobody is blamed for what was not seen.
        let always = partition::always_enabled(&context.session.partition);
        enabled.unwrap_or_else(|| always.iter().map(|&region| region.to_owned()).collect())
    } else {
        context.options.regions.clone()
    };
    regions.sort();
    regions.dedup();
    regions
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

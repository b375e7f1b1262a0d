//! From the trails that record everything to the log groups that they write to.

use super::super::link::{self, Link};
use super::super::trail::Trail;
use super::super::{Gap, List, MALFORMED, Observed, Origin, UNDECIDED};
use crate::iam::arn::Arn;

/// A log group, as its ARN names it.
pub(super) struct Group<'a> {
    pub(super) account: &'a str,
    pub(super) region: &'a str,
    pub(super) name: &'a str,
}

impl<'a> Group<'a> {
    pub(super) fn parse(arn: &'a str) -> Option<Self> {
        let parsed = Arn::parse(arn)?;
        let name = parsed.resource.strip_prefix("log-group:")?;
        Some(Self { account: parsed.account, region: parsed.region, name: name.strip_suffix(":*").unwrap_or(name) })
    }
}

/// Whether the log group of some trail that records everything is watched, as `watched` says of each.
pub(super) fn through(trails: &List<Trail>, account: &str, mut watched: impl FnMut(&Group<'_>) -> Link) -> Link {
    let none = Link::Broken("no trail records every Region".to_owned(), Origin::NONE);
    let links: Vec<Link> = trails.items.iter().map(|trail| through_one(trail, account, &mut watched)).collect();
    Link::any(links, none).unless_more(&trails.gaps)
}

fn through_one(trail: &Trail, account: &str, watched: &mut impl FnMut(&Group<'_>) -> Link) -> Link {
    let name = trail.name.state.present().map_or("", String::as_str);
    let records = Link::all([
        wants(&trail.is_multi_region.state, trail.is_multi_region.origin, || {
            format!("trail `{name}` records one Region")
        }),
        wants(&trail.is_logging.state, trail.is_logging.origin, || format!("trail `{name}` does not log")),
        selects_all(trail, name),
    ]);
    if matches!(records, Link::Broken(..)) {
        return records;
    }
    let arn = match &trail.log_group.state {
        Observed::Present(arn) => arn,
        Observed::Absent => {
            return Link::Broken(format!("trail `{name}` writes to no log group"), trail.log_group.origin);
        }
        Observed::Unknown(gap) => return Link::Open(gap.clone()),
    };
    let Some(group) = Group::parse(arn) else {
        return Link::Open(Gap::of_reason(MALFORMED, format!("`{arn}` is no ARN of a log group")));
    };
    if group.account != account {
        let reason = format!("log group `{}` of trail `{name}` is in account `{}`", group.name, group.account);
        return Link::Open(Gap::of_reason(UNDECIDED, reason));
    }
    Link::all([records, watched(&group)])
}

fn wants(state: &Observed<bool>, origin: Origin, reason: impl FnOnce() -> String) -> Link {
    match state {
        Observed::Present(true) => Link::Holds(origin),
        Observed::Present(false) | Observed::Absent => Link::Broken(reason(), origin),
        Observed::Unknown(gap) => Link::Open(gap.clone()),
    }
}

/// Whether one selector of a trail takes every management event.
fn selects_all(trail: &Trail, name: &str) -> Link {
    let selectors = match &trail.management_selectors.state {
        Observed::Present(selectors) => selectors,
        Observed::Absent => {
            return Link::Broken(format!("trail `{name}` has no selectors"), trail.management_selectors.origin);
        }
        Observed::Unknown(gap) => return Link::Open(gap.clone()),
    };
    let all = selectors.items.iter().map(|selector| {
        let is_whole = selector.excluded_sources.clone().map(|sources| sources.items.is_empty());
        let not_narrowed = selector.is_narrowed.clone().map(|narrowed| !narrowed);
        link::all([selector.reads.clone(), selector.writes.clone(), not_narrowed, is_whole], &[])
    });
    let any = link::any(all, &selectors.gaps);
    wants(&any.state, any.origin, || format!("trail `{name}` leaves management events out"))
}

//! One link of a chain, in three values: it holds, it is broken and why, or nobody knows.
//!
//! Chains combine as Kleene's logic has it: one broken link breaks a chain whatever else is unknown, and one chain
//! that holds is enough whatever became of the others.

use super::{Fact, Gap, Observed, Origin};

/// What is known of one link.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Link {
    /// It holds, as this place says.
    Holds(Origin),
    /// It is broken: why, and the place that says so.
    Broken(String, Origin),
    /// It is not known.
    Open(Gap),
}

impl Link {
    /// Holds when every link holds; the first broken one breaks the chain.
    pub(crate) fn all(links: impl IntoIterator<Item = Self>) -> Self {
        let mut open = None;
        let mut origin = Origin::NONE;
        for link in links {
            match link {
                Self::Broken(..) => return link,
                Self::Open(gap) => open = open.or(Some(gap)),
                Self::Holds(place) => origin = place,
            }
        }
        open.map_or(Self::Holds(origin), Self::Open)
    }

    /// Holds when one link holds; broken only when all are, for the reasons of all. `none` is the reason when there is
    /// no link at all.
    pub(crate) fn any(links: impl IntoIterator<Item = Self>, none: Self) -> Self {
        let mut open = None;
        let mut broken: Option<(Vec<String>, Origin)> = None;
        for link in links {
            match link {
                Self::Holds(_) => return link,
                Self::Open(gap) => open = open.or(Some(gap)),
                Self::Broken(reason, place) => {
                    let (reasons, _) = broken.get_or_insert_with(|| (Vec::new(), place));
                    if !reasons.contains(&reason) {
                        reasons.push(reason);
                    }
                }
            }
        }
        match (open, broken) {
            (Some(gap), _) => Self::Open(gap),
            (None, Some((reasons, place))) => Self::Broken(reasons.join("; "), place),
            (None, None) => none,
        }
    }

    /// The same link where other links of its kind may be missing: a break is no longer certain.
    pub(crate) fn unless_more(self, gaps: &[Gap]) -> Self {
        match (self, gaps.first()) {
            (Self::Broken(..), Some(gap)) => Self::Open(gap.clone()),
            (link, _) => link,
        }
    }

    /// The same link where others that must hold too may be missing: that all hold is no longer certain.
    pub(crate) fn if_no_more(self, gaps: &[Gap]) -> Self {
        match (self, gaps.first()) {
            (Self::Holds(_), Some(gap)) => Self::Open(gap.clone()),
            (link, _) => link,
        }
    }

    /// A fact that is true when the link holds.
    pub(crate) fn holds(&self) -> Fact<bool> {
        match self {
            Self::Holds(origin) => Fact::present(true, *origin),
            Self::Broken(_, origin) => Fact::present(false, *origin),
            Self::Open(gap) => Fact::unknown(gap.clone()),
        }
    }

    /// The reason of the break; absent when the link holds.
    pub(crate) fn reason(&self) -> Fact<String> {
        match self {
            Self::Holds(origin) => Fact::absent(*origin),
            Self::Broken(reason, origin) => Fact::present(reason.clone(), *origin),
            Self::Open(gap) => Fact::unknown(gap.clone()),
        }
    }
}

/// The truth of "at least one", over answers that may be unknown.
pub(crate) fn any(facts: impl IntoIterator<Item = Fact<bool>>, gaps: &[Gap]) -> Fact<bool> {
    let mut open = gaps.first().cloned();
    let mut origin = Origin::NONE;
    for fact in facts {
        match &fact.state {
            Observed::Present(true) => return fact,
            Observed::Present(false) | Observed::Absent => origin = fact.origin,
            Observed::Unknown(gap) => open = open.or_else(|| Some(gap.clone())),
        }
    }
    open.map_or(Fact::present(false, origin), Fact::unknown)
}

/// The truth of "every one", over answers that may be unknown.
pub(crate) fn all(facts: impl IntoIterator<Item = Fact<bool>>, gaps: &[Gap]) -> Fact<bool> {
    any(facts.into_iter().map(|fact| fact.map(|value| !value)), gaps).map(|value| !value)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn open() -> Link {
        Link::Open(Gap::of_reason("Undecided", "nobody knows"))
    }

    fn holds() -> Link {
        Link::Holds(Origin::NONE)
    }

    fn broken(reason: &str) -> Link {
        Link::Broken(reason.to_owned(), Origin::NONE)
    }

    #[test]
    fn one_broken_link_breaks_a_chain_whatever_is_unknown() {
        assert_eq!(Link::all([open(), broken("no"), holds()]), broken("no"));
        assert_eq!(Link::all([holds(), open()]), open());
        assert_eq!(Link::all([holds(), holds()]), holds());
    }

    #[test]
    fn one_way_that_holds_is_enough_and_only_all_breaks_break() {
        assert_eq!(Link::any([broken("a"), open(), holds()], broken("none")), holds());
        assert_eq!(Link::any([broken("a"), open()], broken("none")), open());
        assert_eq!(Link::any([broken("a"), broken("b"), broken("a")], broken("none")), broken("a; b"));
        assert_eq!(Link::any([], broken("none")), broken("none"));
    }

    #[test]
    fn a_gap_takes_back_only_what_it_could_change() {
        let gap = [Gap::of_reason("Undecided", "nobody knows")];
        assert_eq!(broken("a").unless_more(&gap), open());
        assert_eq!(holds().unless_more(&gap), holds());
        assert_eq!(holds().if_no_more(&gap), open());
        assert_eq!(broken("a").if_no_more(&gap), broken("a"));
    }
}

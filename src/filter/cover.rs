//! Whether one pattern matches every event that another matches.
//!
//! The search looks for an event that the control matches and the filter does not. It goes through the classes of values
//! of each member that either names, and leaves a branch as soon as what is chosen settles it. Such an event that rests
//! on nothing open is a miss; if none is found the filter covers the control; what is left hangs on what AWS does not
//! document, or on a regular expression. Where a filter does not cover a control, the order of the terms may decide whether
//! that is known or open; whether it covers one does not depend on it. The search takes at most [`MAX_STEPS`] steps, each linear in the patterns.

use super::class::{Classes, Sample};
use super::tree::{Selector, Term, Tree};

/// Most steps of one search; beyond them nothing is decided.
const MAX_STEPS: usize = 50_000;

/// What is known of a filter and the events that a control names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Coverage {
    /// The filter matches all of them.
    Covers,
    /// It does not match events of this kind, in words.
    Misses(String),
    /// It cannot be told: why, in words.
    Undecided(String),
}

/// Whether `filter` matches every event that `control` matches.
pub fn covers(filter: &Tree, control: &Tree) -> Coverage {
    let mut terms: Vec<&Term> = Vec::new();
    let control = Node::of(control, &mut terms);
    let filter = Node::of(filter, &mut terms);
    search(control, filter, &terms)
}

/// False when no event is matched by both, for sure.
pub fn may_meet(one: &Tree, other: &Tree) -> bool {
    let mut terms: Vec<&Term> = Vec::new();
    let both = Node::All(vec![Node::of(one, &mut terms), Node::of(other, &mut terms)]);
    search(both, Node::Any(Vec::new()), &terms) != Coverage::Covers
}

fn search(control: Node, filter: Node, terms: &[&Term]) -> Coverage {
    let mut members: Vec<Member<'_>> = Vec::new();
    for (place, term) in terms.iter().enumerate() {
        match members.iter_mut().find(|member| *member.selector == term.selector) {
            Some(member) => member.terms.push(place),
            None => members.push(Member { selector: &term.selector, terms: vec![place], classes: None }),
        }
    }
    let chosen = vec![None; members.len()];
    let truths = vec![None; terms.len()];
    let mut search = Search { control, filter, terms, members, truths, chosen, steps: 0, too_many: None };
    let miss = search.next();
    if let (None | Some(Miss::Open(_)), Some(selector)) = (&miss, search.too_many) {
        return Coverage::Undecided(format!("`{selector}` is compared with too many wildcards"));
    }
    match miss {
        Some(Miss::Sure(miss)) => Coverage::Misses(miss),
        _ if search.steps > MAX_STEPS => Coverage::Undecided("the pattern is too large to decide".to_owned()),
        Some(Miss::Open(place)) => {
            let term = terms.get(place).map(ToString::to_string).unwrap_or_default();
            Coverage::Undecided(format!("it depends on what `{term}` matches"))
        }
        None => Coverage::Covers,
    }
}

/// A tree whose terms are places in a list, so that the same term of both patterns is one.
enum Node {
    Term(usize),
    All(Vec<Node>),
    Any(Vec<Node>),
}

impl Node {
    fn of<'a>(tree: &'a Tree, terms: &mut Vec<&'a Term>) -> Self {
        match tree {
            Tree::Term(term) => Self::Term(terms.iter().position(|known| *known == term).unwrap_or_else(|| {
                terms.push(term);
                terms.len() - 1
            })),
            Tree::All(trees) => Self::All(trees.iter().map(|tree| Self::of(tree, terms)).collect()),
            Tree::Any(trees) => Self::Any(trees.iter().map(|tree| Self::of(tree, terms)).collect()),
        }
    }

    /// Kleene's truth of the tree, given what is known of its terms.
    fn truth(&self, truths: &[Option<bool>]) -> Option<bool> {
        match self {
            Self::Term(place) => truths.get(*place).copied().flatten(),
            Self::All(nodes) => joined(nodes, truths, false),
            Self::Any(nodes) => joined(nodes, truths, true),
        }
    }
}

impl Node {
    /// The place of a term that keeps the tree open; `None` when it is settled.
    fn open_term(&self, truths: &[Option<bool>]) -> Option<usize> {
        if self.truth(truths).is_some() {
            return None;
        }
        match self {
            Self::Term(place) => Some(*place),
            Self::All(nodes) | Self::Any(nodes) => nodes.iter().find_map(|node| node.open_term(truths)),
        }
    }
}

/// The truth of several trees, of which one that is `settling` settles all.
fn joined(nodes: &[Node], truths: &[Option<bool>], settling: bool) -> Option<bool> {
    let mut joined = Some(!settling);
    for node in nodes {
        match node.truth(truths) {
            Some(truth) if truth == settling => return Some(settling),
            Some(_) => {}
            None => joined = None,
        }
    }
    joined
}

/// A member of events, the places of the terms on it, and its values.
struct Member<'a> {
    selector: &'a Selector,
    terms: Vec<usize>,
    /// Worked out when one is chosen: most filters are settled before.
    classes: Option<Classes<'a>>,
}

struct Search<'a> {
    control: Node,
    filter: Node,
    terms: &'a [&'a Term],
    members: Vec<Member<'a>>,
    truths: Vec<Option<bool>>,
    /// The class of each member, where one is chosen.
    chosen: Vec<Option<usize>>,
    steps: usize,
    /// A member that has more classes than are tried.
    too_many: Option<&'a Selector>,
}

/// An event that the control matches and the filter does not.
enum Miss {
    /// There is one for sure: which, in words.
    Sure(String),
    /// There is one if the term at this place has one of its two truths.
    Open(usize),
}

impl Search<'_> {
    /// Looks for an event that is missed, among those that what is chosen so far leaves.
    fn next(&mut self) -> Option<Miss> {
        self.steps += 1;
        if self.steps > MAX_STEPS || self.too_many.is_some() {
            return None;
        }
        let control = self.control.truth(&self.truths);
        let filter = self.filter.truth(&self.truths);
        match (control, filter) {
            (Some(false), _) | (_, Some(true)) => None,
            (Some(true), Some(false)) => Some(Miss::Sure(self.describe())),
            _ => {
                let place = self.control.open_term(&self.truths).or_else(|| self.filter.open_term(&self.truths))?;
                match self.members.iter().position(|member| member.terms.contains(&place)) {
                    Some(at) if self.chosen.get(at) == Some(&None) => self.choose(at),
                    _ => self.guess(place),
                }
            }
        }
    }

    /// Goes through the values of a member.
    fn choose(&mut self, at: usize) -> Option<Miss> {
        let mut found = None;
        for class in 0.. {
            if !self.has_class(at, class) {
                break;
            }
            if !self.can_be(at, class) {
                continue;
            }
            self.set(at, Some(class));
            let miss = self.next();
            self.set(at, None);
            match miss {
                Some(Miss::Sure(_)) => return miss,
                miss => found = found.or(miss),
            }
        }
        found
    }

    /// Whether a member has a class of values at this place; none where they are too many, which ends the search.
    fn has_class(&mut self, at: usize, class: usize) -> bool {
        let Some(member) = self.members.get_mut(at) else { return false };
        if member.classes.is_none() {
            let terms = member.terms.iter().filter_map(|place| self.terms.get(*place));
            member.classes = Classes::new(member.selector, terms.map(|term| &term.test).collect());
            if member.classes.is_none() {
                self.too_many = Some(member.selector);
            }
        }
        member.classes.as_mut().is_some_and(|classes| classes.reach(class))
    }

    /// Tries both truths of an open term. What is missed either way is missed for sure.
    fn guess(&mut self, place: usize) -> Option<Miss> {
        let misses = [true, false].map(|truth| {
            self.know(place, Some(truth));
            let miss = self.next();
            self.know(place, None);
            miss
        });
        match misses {
            [Some(Miss::Sure(miss)), Some(Miss::Sure(_))] => Some(Miss::Sure(miss)),
            [None, None] => None,
            _ => Some(Miss::Open(place)),
        }
    }

    fn know(&mut self, place: usize, truth: Option<bool>) {
        if let Some(known) = self.truths.get_mut(place) {
            *known = truth;
        }
    }

    /// Chooses a class of values of a member, and writes down what it says of the terms; or takes that back.
    fn set(&mut self, at: usize, class: Option<usize>) {
        if let Some(chosen) = self.chosen.get_mut(at) {
            *chosen = class;
        }
        let Some(member) = self.members.get(at) else { return };
        let class = class.and_then(|class| member.classes.as_ref()?.get(class));
        for (index, place) in member.terms.iter().enumerate() {
            if let Some(truth) = self.truths.get_mut(*place) {
                *truth = class.and_then(|class| class.truths.get(index).copied().flatten());
            }
        }
    }

    /// False when a member is there though what it should stand in is no object.
    fn can_be(&self, at: usize, class: usize) -> bool {
        let Some((selector, sample)) = self.value(at, class) else { return false };
        self.values().all(|(other, value)| fits(other, value, selector, sample) && fits(selector, sample, other, value))
    }

    fn value(&self, at: usize, class: usize) -> Option<(&Selector, &Sample<'_>)> {
        let member = self.members.get(at)?;
        member.classes.as_ref()?.get(class).map(|class| (member.selector, &class.sample))
    }

    /// The values that are chosen.
    fn values(&self) -> impl Iterator<Item = (&Selector, &Sample<'_>)> {
        self.chosen.iter().enumerate().filter_map(|(at, class)| self.value(at, (*class)?))
    }

    /// The event that is chosen, in words.
    fn describe(&self) -> String {
        let values: Vec<String> = self.values().map(|(selector, sample)| format!("`{selector}` {sample}")).collect();
        values.join(" and ")
    }
}

/// False when `inner` stands within `outer` and is there though `outer` holds nothing.
fn fits(outer: &Selector, value: &Sample<'_>, inner: &Selector, sample: &Sample<'_>) -> bool {
    !outer.leads_to(inner)
        || matches!(value, Sample::Composite | Sample::Many)
        || matches!(sample, Sample::Missing | Sample::Many)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::filter::Pattern;

    fn tree(text: &str) -> Tree {
        match text.parse() {
            Ok(Pattern::Json(tree)) => tree,
            other => panic!("{text}: {other:?}"),
        }
    }

    fn judge(filter: &str, control: &str) -> Coverage {
        covers(&tree(filter), &tree(control))
    }

    const TRAIL: &str =
        "{ $.eventSource = cloudtrail.amazonaws.com && ($.eventName = CreateTrail || $.eventName = DeleteTrail) }";

    #[test]
    fn spelling_order_and_duplicates_do_not_matter() {
        for filter in [
            "{ ($.eventName = CreateTrail) || ($.eventName = DeleteTrail) }",
            "{($.eventName=\"DeleteTrail\")||($.eventName=\"CreateTrail\")||($.eventName=CreateTrail)}",
            "{ $.eventSource = \"cloudtrail.amazonaws.com\" && ($.eventName = DeleteTrail || $.eventName = CreateTrail) }",
            "{ $.eventSource = cloudtrail.amazonaws.com && $.eventName = DeleteTrail || $.eventName = CreateTrail }",
        ] {
            assert_eq!(judge(filter, TRAIL), Coverage::Covers, "{filter}");
        }
    }

    #[test]
    fn truth_values_are_one_or_the_other() {
        let (yes, no) = ("{ $.mfa IS TRUE }", "{ $.mfa IS FALSE }");
        assert_eq!(judge(yes, yes), Coverage::Covers);
        assert!(matches!(judge(yes, no), Coverage::Misses(_)));
        assert_eq!(judge("{ $.mfa EXISTS }", yes), Coverage::Covers);
        assert!(matches!(judge(yes, "{ $.mfa EXISTS }"), Coverage::Misses(_)));
    }

    #[test]
    fn a_superset_covers_by_names_wildcards_or_everything() {
        for filter in [
            "{ $.eventName = CreateTrail || $.eventName = DeleteTrail || $.eventName = StopLogging }",
            "{ $.eventName = *Trail }",
            "{ $.eventName = Create* || $.eventName = Delete* }",
            "{ $.eventName = *Trai* }",
            "{ $.eventSource = cloudtrail* }",
            "{ $.eventName = * }",
            "{ $.eventName EXISTS }",
            "{ $.eventName != \"StopLogging\" }",
            "{ ($.eventName != CreateTrail) || ($.eventName != DeleteTrail) }",
        ] {
            assert_eq!(judge(filter, TRAIL), Coverage::Covers, "{filter}");
        }
    }

    #[test]
    fn what_is_narrower_names_an_event_that_it_misses() {
        for (filter, missed) in [
            ("{ $.eventName = CreateTrail }", "`$.eventName` is `DeleteTrail`"),
            ("{ $.eventName = CreateTrail* || $.eventName = DeleteTrails }", "`$.eventName` is `DeleteTrail`"),
            ("{ ($.eventName = *Trail) && ($.userIdentity.type = Root) }", "`$.userIdentity.type` is any other text"),
            ("{ $.eventName = *Trail && $.errorCode NOT EXISTS }", "`$.errorCode` is any other text"),
            ("{ $.eventName = *Trail && $.n < 5 }", "`$.n` is any other text"),
            ("{ $.eventName = createTrail || $.eventName = deleteTrail }", "`$.eventName` is `CreateTrail`"),
            ("{ $.eventName IS NULL }", "`$.eventName` is `CreateTrail`"),
        ] {
            match judge(filter, TRAIL) {
                Coverage::Misses(words) => assert!(words.contains(missed), "{filter}: {words}"),
                other => panic!("{filter}: {other:?}"),
            }
        }
    }

    #[test]
    fn what_hangs_on_a_regular_expression_or_an_undocumented_case_is_undecided() {
        for filter in [
            "{ $.eventName = %^(Create|Delete)Trail$% }",
            "{ $.eventName = CreateTrail || $.eventName = %Delete% }",
            "{ $.eventName = *Trail && $.resources[*].type != secret }",
        ] {
            assert!(matches!(judge(filter, TRAIL), Coverage::Undecided(_)), "{filter}");
        }
        // Whether a member that is not there is unlike a value is not documented.
        assert!(matches!(judge("{ $.a != x }", "{ $.a NOT EXISTS }"), Coverage::Undecided(_)));
        // What is not open still settles it.
        assert_eq!(judge("{ $.eventName = *Trail || $.eventName = %x% }", TRAIL), Coverage::Covers);
        assert!(matches!(judge("{ $.eventName = CreateTrail && $.b = %x% }", TRAIL), Coverage::Misses(_)));
    }

    #[test]
    fn the_same_open_term_on_both_sides_is_one() {
        let control = "{ $.eventName = ConsoleLogin && $.additionalEventData.MFAUsed != Yes }";
        assert_eq!(judge(control, control), Coverage::Covers);
        assert_eq!(judge("{ $.additionalEventData.MFAUsed != \"Yes\" }", control), Coverage::Covers);
        assert_eq!(judge("{ $.n[*] = 1 || $.b = 2 }", "{ $.n[*] = 1 }"), Coverage::Covers);
    }

    #[test]
    fn patterns_meet_where_one_event_matches_both() {
        assert!(may_meet(&tree("{ $.a = x* }"), &tree("{ $.a = *y }")));
        assert!(may_meet(&tree("{ $.a = x }"), &tree("{ $.b = y }")));
        assert!(may_meet(&tree("{ $.a = x }"), &tree("{ $.a = %x% }")));
        assert!(!may_meet(&tree("{ $.a = x }"), &tree("{ $.a = y || $.a NOT EXISTS }")));
    }

    #[test]
    fn numbers_are_compared_as_numbers() {
        assert_eq!(judge("{ $.n > 3 }", "{ $.n >= 4 && $.n < 1e3 }"), Coverage::Covers);
        assert!(matches!(judge("{ $.n > 4 }", "{ $.n >= 4 }"), Coverage::Misses(words) if words == "`$.n` is `4`"));
        assert!(matches!(judge("{ $.n = 4 }", "{ $.n > 3 && $.n < 5 }"), Coverage::Misses(_)));
    }

    #[test]
    fn a_member_stands_only_in_an_object() {
        // Where `$.a` is not there, neither is `$.a.b`.
        assert_eq!(judge("{ $.a EXISTS }", "{ $.a.b = x }"), Coverage::Covers);
        assert_eq!(judge("{ $.a.b NOT EXISTS }", "{ $.a NOT EXISTS }"), Coverage::Covers);
        assert!(matches!(judge("{ $.a NOT EXISTS }", "{ $.a.b NOT EXISTS }"), Coverage::Misses(_)));
    }

    #[test]
    fn a_pattern_that_is_too_large_is_undecided() {
        let holds: Vec<String> = (0..20).map(|n| format!("$.a = \"*x{n}y*\"")).collect();
        let filter = format!("{{ {} }}", holds.join(" || "));
        assert_eq!(
            judge(&filter, "{ $.a = z }"),
            Coverage::Undecided("`$.a` is compared with too many wildcards".to_owned())
        );
        let open: Vec<String> = (0..40).map(|n| format!("($.m{n} = %a% || $.m{n} = %b%)")).collect();
        let filter = format!("{{ {} }}", open.join(" && "));
        assert!(matches!(judge(&filter, "{ $.z = 1 }"), Coverage::Undecided(_)));
    }
}

//! Sets of (action, resource) pairs: intersection, difference, emptiness and cover, over patterns.
//!
//! A [`Language`] is a set of texts, a [`Block`] the pairs of one language of actions and one of resources. A statement is
//! a handful of blocks; a principal's access is a union of blocks without a union of others. Nothing is enumerated: what
//! is left of a block is found by asking [`sample`] for an action that nothing removed yet, and removing it
//! with everything that is removed for the same reason.

use super::pattern::{Pattern, Sample, sample};

/// Steps that one question may take before it is given up.
const BUDGET: usize = 4_000;

/// A set of texts: those that match all of the first patterns and none of the second.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Language {
    /// Each of these matches.
    pub all_of: Vec<Pattern>,
    /// None of these matches.
    pub none_of: Vec<Pattern>,
}

impl Language {
    /// Every text.
    pub fn anything() -> Self {
        Self::default()
    }

    /// The texts that match one pattern.
    pub fn of(pattern: Pattern) -> Self {
        Self { all_of: if pattern.is_anything() { Vec::new() } else { vec![pattern] }, none_of: Vec::new() }
    }

    /// The texts that match none of these patterns.
    pub fn except(patterns: &[Pattern]) -> Self {
        Self { all_of: Vec::new(), none_of: patterns.to_vec() }
    }

    /// True when the characters before the wildcards already leave no text to both.
    pub fn starts_apart(&self, other: &Self) -> bool {
        self.all_of.iter().any(|own| other.all_of.iter().any(|pattern| own.starts_apart(pattern)))
    }

    /// True when every text of `other` is surely one of `self`: a quick answer, `false` means "not seen to".
    pub(super) fn plainly_covers(&self, other: &Self) -> bool {
        let named = |pattern: &Pattern| other.all_of.iter().any(|own| pattern.plainly_covers(own));
        let avoided = |pattern: &Pattern| {
            other.all_of.iter().any(|own| own.starts_apart(pattern))
                || other.none_of.iter().any(|own| own.plainly_covers(pattern))
        };
        self.all_of.iter().all(named) && self.none_of.iter().all(avoided)
    }

    /// The texts in both.
    #[must_use]
    pub fn and(&self, other: &Self) -> Self {
        let mut both = self.clone();
        both.all_of.extend(other.all_of.iter().filter(|pattern| !self.all_of.contains(pattern)).cloned());
        both.none_of.extend(other.none_of.iter().filter(|pattern| !self.none_of.contains(pattern)).cloned());
        both
    }

    /// The texts in `self` and not in `other`, as languages whose union they are.
    pub fn minus(&self, other: &Self) -> Vec<Self> {
        let without = other.all_of.iter().map(|pattern| {
            let mut rest = self.clone();
            rest.none_of.push(pattern.clone());
            rest
        });
        // Nothing matches two patterns whose beginnings are apart.
        let apart = |pattern: &&Pattern| self.all_of.iter().any(|own| own.starts_apart(pattern));
        let within = other.none_of.iter().filter(|pattern| !apart(pattern)).map(|pattern| {
            let mut rest = self.clone();
            rest.all_of.push(pattern.clone());
            rest
        });
        without.chain(within).collect()
    }

    /// A text of the language, if there is one.
    pub fn sample(&self) -> Sample {
        sample(&self.all_of, &self.none_of)
    }

    /// Whether `text` is in the language.
    pub fn contains(&self, text: &str) -> bool {
        self.all_of.iter().all(|pattern| pattern.matches(text))
            && !self.none_of.iter().any(|pattern| pattern.matches(text))
    }

    /// The text, when the language is a pattern without wildcards and nothing else.
    pub fn as_only_text(&self) -> Option<&str> {
        match (self.all_of.as_slice(), self.none_of.as_slice()) {
            ([one], []) => one.as_literal(),
            _ => None,
        }
    }

    /// The text, when the language plainly has only one.
    pub fn as_literal(&self) -> Option<&str> {
        self.all_of.iter().find_map(Pattern::as_literal)
    }
}

/// The pairs of an action in one language and a resource in another.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Block {
    /// The actions, in lower case.
    pub actions: Language,
    /// The resources.
    pub resources: Language,
}

impl Block {
    /// Every action on every resource.
    pub fn anything() -> Self {
        Self::default()
    }

    /// The pairs of two patterns, `*` and `?` as in policies; the action's case does not matter.
    pub fn new(action: &str, resource: Pattern) -> Self {
        Self { actions: Language::of(Pattern::action(action)), resources: Language::of(resource) }
    }

    /// The pairs in both.
    #[must_use]
    pub fn and(&self, other: &Self) -> Self {
        Self { actions: self.actions.and(&other.actions), resources: self.resources.and(&other.resources) }
    }

    /// True when every pair of `other` is surely in the block: a quick answer, `false` means "not seen to".
    pub(super) fn plainly_covers(&self, other: &Self) -> bool {
        self.actions.plainly_covers(&other.actions) && self.resources.plainly_covers(&other.resources)
    }

    /// Whether some pair is in the block; `None` when the question is too complex.
    pub fn is_empty(&self) -> Option<bool> {
        match (self.actions.sample(), self.resources.sample()) {
            (Sample::Empty, _) | (_, Sample::Empty) => Some(true),
            (Sample::Text(_), Sample::Text(_)) => Some(false),
            _ => None,
        }
    }
}

/// What is left of a block after taking others away.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Remainder {
    /// Nothing: the others cover it.
    Nothing,
    /// At least this pair.
    Pair {
        /// The action, in lower case.
        action: String,
        /// The resource.
        resource: String,
    },
    /// The question is beyond the budget.
    TooComplex,
}

/// What is left of `block` without `others`.
pub fn remainder(block: &Block, others: &[Block]) -> Remainder {
    if others.iter().any(|other| other.plainly_covers(block)) {
        return Remainder::Nothing;
    }
    let apart =
        |other: &&Block| other.actions.starts_apart(&block.actions) || other.resources.starts_apart(&block.resources);
    let overlapping: Vec<&Block> =
        others.iter().filter(|other| !apart(other) && block.and(other).is_empty() != Some(true)).collect();
    let mut steps = BUDGET;
    actions_left(block.actions.clone(), &block.resources, &overlapping, &mut steps)
}

/// Finds an action for which resources are left; actions that are covered are taken away together with their likes.
fn actions_left(actions: Language, resources: &Language, others: &[&Block], steps: &mut usize) -> Remainder {
    let mut actions = actions;
    // Blocks with every resource take their actions away at once, as long as that does not split the language.
    let mut narrow = Vec::new();
    for other in others {
        match other.actions.all_of.as_slice() {
            [] if other.actions.none_of.is_empty() && covers(&other.resources, resources) => return Remainder::Nothing,
            [only] if other.actions.none_of.is_empty() && covers(&other.resources, resources) => {
                actions.none_of.push(only.clone());
            }
            _ => narrow.push(*other),
        }
    }
    split(&actions, resources, &narrow, steps)
}

fn covers(wide: &Language, narrow: &Language) -> bool {
    narrow.minus(wide).iter().all(|rest| rest.sample() == Sample::Empty)
}

fn split(actions: &Language, resources: &Language, others: &[&Block], steps: &mut usize) -> Remainder {
    if *steps == 0 {
        return Remainder::TooComplex;
    }
    *steps -= 1;
    let action = match actions.sample() {
        Sample::Empty => return Remainder::Nothing,
        Sample::TooComplex => return Remainder::TooComplex,
        Sample::Text(action) => action,
    };
    let applying: Vec<&Block> = others.iter().filter(|other| other.actions.contains(&action)).copied().collect();
    let mut languages: Vec<&Language> = applying.iter().map(|other| &other.resources).collect();
    match resources_left(resources, &languages, steps) {
        Sample::Text(resource) => return Remainder::Pair { action, resource },
        Sample::TooComplex => return Remainder::TooComplex,
        Sample::Empty => {}
    }
    // Keep only blocks that are needed to cover this action: what they share is covered and need not be seen again.
    let mut needed = applying;
    let mut index = 0;
    while index < needed.len() {
        let dropped = languages.remove(index);
        if resources_left(resources, &languages, steps) == Sample::Empty {
            needed.remove(index);
        } else {
            languages.insert(index, dropped);
            index += 1;
        }
    }
    for block in needed {
        for rest in actions.minus(&block.actions) {
            match split(&rest, resources, others, steps) {
                Remainder::Nothing => {}
                left => return left,
            }
        }
    }
    Remainder::Nothing
}

/// A text of `resources` that is in none of `others`.
fn resources_left(resources: &Language, others: &[&Language], steps: &mut usize) -> Sample {
    let Some((first, rest)) = others.split_first() else { return resources.sample() };
    if *steps == 0 {
        return Sample::TooComplex;
    }
    *steps -= 1;
    // All simple languages go in one question; each complex one splits it.
    if let ([only], true) = (first.all_of.as_slice(), first.none_of.is_empty()) {
        let mut left = resources.clone();
        left.none_of.push(only.clone());
        return resources_left(&left, rest, steps);
    }
    for part in resources.minus(first) {
        match resources_left(&part, rest, steps) {
            Sample::Empty => {}
            found => return found,
        }
    }
    Sample::Empty
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn block(action: &str, resource: &str) -> Block {
        Block::new(action, Pattern::glob(resource))
    }

    fn all_but(action: &str, resource: &str) -> Block {
        Block {
            actions: Language::except(&[Pattern::action(action)]),
            resources: Language::of(Pattern::glob(resource)),
        }
    }

    #[test]
    fn two_halves_cover_the_whole() {
        assert_eq!(remainder(&Block::anything(), &[block("s3:*", "*"), all_but("s3:*", "*")]), Remainder::Nothing);
    }

    #[test]
    fn a_hole_is_named() {
        let left = remainder(&Block::anything(), &[block("s3:*", "*"), all_but("s3:Get*", "*")]);
        assert_eq!(left, Remainder::Nothing);
        let left = remainder(&block("s3:*", "*"), &[block("s3:*", "a*"), block("s3:Get*", "*")]);
        let Remainder::Pair { action, resource } = left else { panic!("{left:?}") };
        assert!(action.starts_with("s3:") && !action.starts_with("s3:get") && !resource.starts_with('a'));
    }

    #[test]
    fn resources_split_over_blocks_cover_together() {
        let others = [
            block("*", "a*"),
            Block { actions: Language::anything(), resources: Language::except(&[Pattern::glob("a*")]) },
        ];
        assert_eq!(remainder(&Block::anything(), &others), Remainder::Nothing);
    }

    #[test]
    fn nothing_taken_away_leaves_a_pair() {
        assert!(matches!(remainder(&Block::anything(), &[]), Remainder::Pair { .. }));
        assert_eq!(remainder(&block("a", "b"), &[block("A", "b")]), Remainder::Nothing);
    }

    fn language() -> impl Strategy<Value = Language> {
        (prop::collection::vec("[ab*?]{0,3}", 0..2), prop::collection::vec("[ab*?]{0,3}", 0..2)).prop_map(
            |(all, none)| Language {
                all_of: all.iter().map(|text| Pattern::glob(text)).collect(),
                none_of: none.iter().map(|text| Pattern::glob(text)).collect(),
            },
        )
    }

    fn any_block() -> impl Strategy<Value = Block> {
        (language(), language()).prop_map(|(actions, resources)| Block { actions, resources })
    }

    proptest! {
        #[test]
        fn the_remainder_agrees_with_trying_pairs(
            whole in any_block(),
            others in prop::collection::vec(any_block(), 0..4),
            pairs in prop::collection::vec(("[abc]{0,4}", "[abc]{0,4}"), 60),
        ) {
            let inside = |b: &Block, action: &str, resource: &str| b.actions.contains(action) && b.resources.contains(resource);
            let left = |action: &str, resource: &str| inside(&whole, action, resource) && !others.iter().any(|b| inside(b, action, resource));
            match remainder(&whole, &others) {
                Remainder::Pair { action, resource } => prop_assert!(left(&action, &resource)),
                Remainder::Nothing => prop_assert!(!pairs.iter().any(|(action, resource)| left(action, resource))),
                Remainder::TooComplex => {}
            }
        }
    }
}

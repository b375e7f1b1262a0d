//! Sets of small numbers.

/// A set of numbers below a fixed size.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash)]
pub(super) struct Bits {
    words: Vec<u64>,
}

impl Bits {
    /// No number below `size`.
    pub(super) fn empty(size: usize) -> Self {
        Self { words: vec![0; size.div_ceil(64)] }
    }

    /// Every number below `size`.
    pub(super) fn full(size: usize) -> Self {
        let mut words = vec![u64::MAX; size.div_ceil(64)];
        if let (Some(last), rest @ 1..) = (words.last_mut(), size % 64) {
            *last = (1 << rest) - 1;
        }
        Self { words }
    }

    /// Adds a number.
    pub(super) fn insert(&mut self, number: usize) {
        if let Some(word) = self.words.get_mut(number / 64) {
            *word |= 1 << (number % 64);
        }
    }

    /// Takes a number away.
    pub(super) fn remove(&mut self, number: usize) {
        if let Some(word) = self.words.get_mut(number / 64) {
            *word &= !(1 << (number % 64));
        }
    }

    /// Whether a number is in the set.
    pub(super) fn contains(&self, number: usize) -> bool {
        self.words.get(number / 64).is_some_and(|word| word >> (number % 64) & 1 == 1)
    }

    /// Whether there is no number.
    pub(super) fn is_empty(&self) -> bool {
        self.words.iter().all(|word| *word == 0)
    }

    /// How many numbers there are.
    pub(super) fn len(&self) -> usize {
        self.words.iter().map(|word| word.count_ones() as usize).sum()
    }

    /// How many numbers are in both.
    pub(super) fn count_common(&self, other: &Self) -> usize {
        self.words.iter().zip(&other.words).map(|(own, theirs)| (own & theirs).count_ones() as usize).sum()
    }

    fn combine(&mut self, other: &Self, operation: impl Fn(u64, u64) -> u64) {
        for (own, theirs) in self.words.iter_mut().zip(&other.words) {
            *own = operation(*own, *theirs);
        }
    }

    /// Whether every number of another set is in this one.
    pub(super) fn contains_all(&self, other: &Self) -> bool {
        self.words.iter().zip(&other.words).all(|(own, theirs)| theirs & !own == 0)
    }

    /// Whether some number is in both.
    pub(super) fn meets(&self, other: &Self) -> bool {
        self.words.iter().zip(&other.words).any(|(own, theirs)| own & theirs != 0)
    }

    /// Adds all numbers of another set.
    pub(super) fn add(&mut self, other: &Self) {
        self.combine(other, |own, theirs| own | theirs);
    }

    /// Takes all numbers of another set away.
    pub(super) fn subtract(&mut self, other: &Self) {
        self.combine(other, |own, theirs| own & !theirs);
    }

    /// Keeps the numbers that are in another set too.
    pub(super) fn keep(&mut self, other: &Self) {
        self.combine(other, |own, theirs| own & theirs);
    }

    /// The numbers, ascending.
    pub(super) fn iter(&self) -> impl Iterator<Item = usize> + '_ {
        self.words.iter().enumerate().flat_map(|(index, word)| ones(*word).map(move |bit| index * 64 + bit))
    }

    /// The numbers that are in both, ascending.
    pub(super) fn common<'a>(&'a self, other: &'a Self) -> impl Iterator<Item = usize> + 'a {
        self.words
            .iter()
            .zip(&other.words)
            .enumerate()
            .flat_map(|(index, (own, theirs))| ones(own & theirs).map(move |bit| index * 64 + bit))
    }
}

fn ones(word: u64) -> impl Iterator<Item = usize> {
    let mut rest = word;
    std::iter::from_fn(move || {
        (rest != 0).then(|| {
            let bit = rest.trailing_zeros() as usize;
            rest &= rest - 1;
            bit
        })
    })
}

/// A set that takes little room when it holds little.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) enum Set {
    /// A few numbers, ascending.
    Few(Box<[u32]>),
    /// Many.
    Many(Bits),
}

impl Set {
    /// The smaller form of a set.
    pub(super) fn pack(bits: Bits) -> Self {
        let most = bits.words.len();
        let mut few: Vec<u32> = Vec::new();
        // Sets are as wide as the account and mostly empty: words of zeros are passed over.
        for (index, word) in bits.words.iter().enumerate().filter(|(_, word)| **word != 0) {
            few.extend(ones(*word).filter_map(|bit| u32::try_from(index * 64 + bit).ok()));
            if few.len() * 2 >= most {
                return Self::Many(bits);
            }
        }
        if most == 0 { Self::Many(bits) } else { Self::Few(few.into()) }
    }

    pub(super) fn contains(&self, number: usize) -> bool {
        match self {
            Self::Few(list) => u32::try_from(number).is_ok_and(|number| list.binary_search(&number).is_ok()),
            Self::Many(bits) => bits.contains(number),
        }
    }

    /// Whether a number is all that there is.
    pub(super) fn is_only(&self, number: usize) -> bool {
        match self {
            Self::Few(list) => matches!(**list, [only] if only as usize == number),
            Self::Many(bits) => bits.contains(number) && bits.len() == 1,
        }
    }

    /// Whether some number is in both.
    pub(super) fn meets(&self, other: &Bits) -> bool {
        match self {
            Self::Few(list) => list.iter().any(|number| other.contains(*number as usize)),
            Self::Many(bits) => bits.meets(other),
        }
    }

    /// The numbers that are in both, if there are any.
    pub(super) fn and(&self, other: &Self) -> Option<Self> {
        let both = match (self, other) {
            (Self::Many(own), Self::Many(theirs)) => {
                let mut both = own.clone();
                both.keep(theirs);
                return (!both.is_empty()).then(|| Self::pack(both));
            }
            (Self::Few(few), rest) | (rest, Self::Few(few)) => {
                few.iter().copied().filter(|number| rest.contains(*number as usize)).collect::<Vec<u32>>()
            }
        };
        (!both.is_empty()).then(|| Self::Few(both.into()))
    }

    /// The numbers that are in both, ascending.
    pub(super) fn common<'a>(&'a self, other: &'a Bits) -> Box<dyn Iterator<Item = usize> + 'a> {
        match self {
            Self::Few(list) => {
                Box::new(list.iter().map(|number| *number as usize).filter(|number| other.contains(*number)))
            }
            Self::Many(bits) => Box::new(bits.common(other)),
        }
    }

    /// How many numbers are in both.
    pub(super) fn count_common(&self, other: &Bits) -> usize {
        match self {
            Self::Few(list) => list.iter().filter(|number| other.contains(**number as usize)).count(),
            Self::Many(bits) => bits.count_common(other),
        }
    }

    /// Adds the numbers to a set.
    pub(super) fn add_to(&self, other: &mut Bits) {
        match self {
            Self::Few(list) => list.iter().for_each(|number| other.insert(*number as usize)),
            Self::Many(bits) => other.add(bits),
        }
    }

    /// Takes the numbers out of a set.
    pub(super) fn take_from(&self, other: &mut Bits) {
        match self {
            Self::Few(list) => list.iter().for_each(|number| other.remove(*number as usize)),
            Self::Many(bits) => other.subtract(bits),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::collections::BTreeSet;

    proptest! {
        #[test]
        fn a_full_set_has_every_number_and_no_other(size in 0usize..200) {
            prop_assert_eq!(Bits::full(size).iter().collect::<Vec<_>>(), (0..size).collect::<Vec<_>>());
        }

        #[test]
        fn sets_agree_with_the_standard_ones(one in prop::collection::btree_set(0usize..200, 0..60), two in prop::collection::btree_set(0usize..200, 0..60)) {
            let bits = |set: &BTreeSet<usize>| {
                let mut bits = Bits::empty(200);
                for number in set {
                    bits.insert(*number);
                }
                bits
            };
            let (a, b) = (bits(&one), bits(&two));
            let packed = Set::pack(a.clone());
            let common: Vec<usize> = one.intersection(&two).copied().collect();
            prop_assert_eq!(a.common(&b).collect::<Vec<_>>(), common.clone());
            prop_assert_eq!(packed.common(&b).collect::<Vec<_>>(), common.clone());
            let mut less = b.clone();
            packed.take_from(&mut less);
            prop_assert_eq!(less.iter().collect::<Vec<_>>(), two.difference(&one).copied().collect::<Vec<_>>());
            prop_assert_eq!(packed.meets(&b), !common.is_empty());
            prop_assert_eq!((0..200).filter(|number| packed.is_only(*number)).count(), usize::from(one.len() == 1));
            prop_assert_eq!((packed.count_common(&b), a.count_common(&b)), (common.len(), common.len()));
            prop_assert_eq!(a.meets(&b), !common.is_empty());
            prop_assert_eq!(a.contains_all(&b), two.is_subset(&one));
            let both = packed.and(&Set::pack(b.clone())).map_or(Vec::new(), |both| both.common(&Bits::full(200)).collect());
            prop_assert_eq!(both, common);
            packed.add_to(&mut less);
            prop_assert_eq!(less.iter().collect::<Vec<_>>(), one.union(&two).copied().collect::<Vec<_>>());
        }
    }
}

//! Many snapshots in one run: in parallel, handed over in order, in memory that does not grow with their number.

use std::str::FromStr;

use rayon::prelude::*;

use crate::Error;
use crate::snapshot::SnapshotText;

/// Snapshots that are judged at once; a batch ends before it when their texts are large.
const BATCH: usize = 8;
/// The size of texts that ends a batch, in bytes.
const BATCH_BYTES: usize = 16 * 1024 * 1024;

/// Works on items in parallel and takes the results in the order of the items. While one batch is worked on, the results
/// of the one before are taken and the next is read, so at most three are in memory.
pub(super) fn in_order<T: Send, R: Send>(
    mut items: impl Iterator<Item = T>,
    size: impl Fn(&T) -> usize,
    work: impl Fn(T) -> R + Sync,
    mut take: impl FnMut(R) -> Result<(), Error>,
) -> Result<(), Error> {
    let mut batch = next_batch(&mut items, &size);
    let mut finished: Vec<R> = Vec::new();
    while !batch.is_empty() {
        let mut results = Vec::new();
        let (busy, work) = (&mut results, &work);
        let next = rayon::in_place_scope(|scope| {
            scope.spawn(move |_| *busy = batch.into_par_iter().map(work).collect());
            finished.drain(..).try_for_each(&mut take)?;
            Ok::<_, Error>(next_batch(&mut items, &size))
        })?;
        batch = next;
        finished = results;
    }
    finished.into_iter().try_for_each(take)
}

fn next_batch<T>(items: &mut impl Iterator<Item = T>, size: &impl Fn(&T) -> usize) -> Vec<T> {
    let mut batch = Vec::new();
    let mut bytes = 0;
    while batch.len() < BATCH && bytes < BATCH_BYTES {
        let Some(item) = items.next() else { break };
        bytes += size(&item);
        batch.push(item);
    }
    batch
}

/// One part of a fleet, as in `2/8`: the accounts whose number leaves this rest.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Shard {
    part: u64,
    of: u64,
}

impl Shard {
    /// Whether a snapshot belongs to this part. Exactly one part takes a text that names no account: that of its line.
    pub(super) fn takes(self, text: &SnapshotText) -> bool {
        self.takes_number(text.account().unwrap_or(text.line() as u64))
    }

    /// Whether a number belongs to this part.
    pub(super) fn takes_number(self, number: u64) -> bool {
        number % self.of == self.part - 1
    }
}

impl FromStr for Shard {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let wrong = || format!("`{text}` is no part of a whole; write PART/PARTS, as in 2/8");
        let (part, of) = text.split_once('/').ok_or_else(wrong)?;
        let (part, of) = (part.parse().map_err(|_| wrong())?, of.parse().map_err(|_| wrong())?);
        if part == 0 || part > of { Err(wrong()) } else { Ok(Self { part, of }) }
    }
}

#[cfg(test)]
mod tests {
    use super::{BATCH, Shard, in_order};
    use crate::Error;

    #[test]
    fn results_arrive_in_the_order_of_the_items() {
        let mut taken = Vec::new();
        let work = |item: usize| {
            std::thread::sleep(std::time::Duration::from_micros(((item * 7919) % 500) as u64));
            item * 2
        };
        let take = |result| {
            taken.push(result);
            Ok(())
        };
        in_order(0..100, |_| 1, work, take).unwrap();
        assert_eq!(taken, (0..100).map(|item| item * 2).collect::<Vec<_>>());
    }

    #[test]
    fn a_failure_to_take_ends_the_work() {
        let read = std::cell::Cell::new(0usize);
        let items = (0..10_000).inspect(|_| read.set(read.get() + 1));
        let failed = in_order(items, |_| 1, |item| item, |_| Err(Error::other("full", "")));
        assert!(failed.is_err());
        assert!(read.get() <= 3 * BATCH, "{} items were read", read.get());
    }

    proptest::proptest! {
        #[test]
        fn every_number_belongs_to_exactly_one_part(number: u64, of in 1..100_u64) {
            let taken = |part: u64| format!("{part}/{of}").parse::<Shard>().unwrap().takes_number(number);
            proptest::prop_assert_eq!((1..=of).filter(|part| taken(*part)).count(), 1);
        }
    }

    #[test]
    fn a_part_outside_the_whole_is_refused() {
        for text in ["", "1", "0/3", "4/3", "1/0", "-1/3", "a/b", "1/2/3"] {
            assert!(text.parse::<Shard>().is_err(), "{text}");
        }
    }
}

//! Who begins next: of all calls that could be made now, the one that most others wait for.
//!
//! To prepare and sign a call takes the processor longer than to send it. Were all that can be asked prepared in one go, nothing
//! of it would be on its way before the last was ready, and the calls of the longest chain would stand among hundreds that
//! nobody waits for.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::collections::binary_heap::PeekMut;
use std::future::poll_fn;
use std::pin::pin;
use std::sync::{Mutex, PoisonError};

use tokio::sync::oneshot;

/// How many calls begin before the runtime looks at the network again, besides those of long chains.
const AT_ONCE: usize = 8;
/// Chains of so many calls decide how long a scan takes: theirs begin at once.
const LONG: usize = 3;

/// Calls that wait for their turn to begin.
#[derive(Debug, Default)]
pub(super) struct Turns(Mutex<Waiting>);

#[derive(Debug, Default)]
struct Waiting {
    calls: BinaryHeap<Call>,
    came: u64,
}

/// A call that waits; the greatest is the next.
#[derive(Debug)]
struct Call {
    /// How many calls follow one another from this one on.
    chain: usize,
    /// Of equals, who came first.
    came: Reverse<u64>,
    begin: oneshot::Sender<()>,
}

impl Call {
    fn rank(&self) -> (usize, Reverse<u64>) {
        (self.chain, self.came)
    }
}

impl PartialEq for Call {
    fn eq(&self, other: &Self) -> bool {
        self.rank() == other.rank()
    }
}

impl Eq for Call {}

impl PartialOrd for Call {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Call {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        self.rank().cmp(&other.rank())
    }
}

impl Turns {
    /// Waits until a call may begin that starts a chain of so many. Whoever waits has to be a part of what is driven.
    pub(super) async fn take(&self, chain: usize) {
        let (begin, turn) = oneshot::channel();
        {
            let mut waiting = self.waiting();
            let came = Reverse(waiting.came);
            waiting.came += 1;
            waiting.calls.push(Call { chain, came, begin });
        }
        // Nobody who waits is forgotten: the other end is dropped with `self` alone.
        let _ = turn.await;
    }

    /// Does the work, and gives turns to the calls in it.
    ///
    /// The runtime lets one future do 128 things before it has all others in it wait for the next round. Here these are calls of
    /// which thirty would use that up; turns see to it that the network gets its time.
    pub(super) async fn drive<F: Future>(&self, work: F) -> F::Output {
        let mut work = pin!(tokio::task::unconstrained(work));
        poll_fn(|context| {
            let done = work.as_mut().poll(context);
            if done.is_pending() {
                // Those who may begin are woken, and so is this: it is polled again when the runtime has looked around.
                self.begin();
            }
            done
        })
        .await
    }

    fn begin(&self) {
        let mut waiting = self.waiting();
        let mut begun = 0;
        while let Some(call) = waiting.calls.peek_mut()
            && (call.chain >= LONG || begun < AT_ONCE)
        {
            let call = PeekMut::pop(call);
            // Who gave up waiting takes no turn.
            if call.begin.send(()).is_ok() && call.chain < LONG {
                begun += 1;
            }
        }
    }

    fn waiting(&self) -> std::sync::MutexGuard<'_, Waiting> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use std::cell::{Cell, RefCell};

    use futures_util::future::{Either, select};

    use super::{AT_ONCE, LONG, Turns};
    use crate::collect::together::all;

    fn run<F: Future>(work: F) -> F::Output {
        tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(work)
    }

    #[test]
    fn the_longest_chain_begins_first_and_of_equals_who_came_first() {
        let turns = Turns::default();
        let begun: RefCell<Vec<(usize, usize)>> = RefCell::default();
        let call = |number: usize, chain: usize| {
            let (turns, begun) = (&turns, &begun);
            async move {
                turns.take(chain).await;
                begun.borrow_mut().push((chain, number));
            }
        };
        run(turns.drive(all((0..10).map(|number| call(number, number % 3)))));
        let order = [(2, 2), (2, 5), (2, 8), (1, 1), (1, 4), (1, 7), (0, 0), (0, 3), (0, 6), (0, 9)];
        assert_eq!(begun.into_inner(), order);
    }

    /// How many of so many calls have begun whenever somebody else has a turn, until all have.
    fn rounds(calls: usize, chain: usize) -> Vec<usize> {
        let turns = Turns::default();
        let begun = Cell::new(0);
        let mut seen = vec![0];
        let work = (0..calls).map(|_| async {
            turns.take(chain).await;
            begun.set(begun.get() + 1);
        });
        let watch = async {
            while begun.get() < calls {
                tokio::task::yield_now().await;
                seen.push(begun.get());
            }
        };
        run(futures_util::future::join(turns.drive(all(work)), watch));
        seen
    }

    #[test]
    fn others_get_a_word_in_before_all_have_begun() {
        let seen = rounds(3 * AT_ONCE, LONG - 1);
        assert!(seen.windows(2).all(|pair| pair[1] <= pair[0] + AT_ONCE), "{seen:?}");
    }

    #[test]
    fn long_chains_wait_for_no_other_round() {
        let seen = rounds(3 * AT_ONCE, LONG);
        assert!(seen.windows(2).any(|pair| pair == [0, 3 * AT_ONCE]), "{seen:?}");
    }

    #[test]
    fn who_gives_up_takes_no_turn_from_others() {
        let turns = Turns::default();
        let begun = Cell::new(0);
        run(turns.drive(async {
            for _ in 0..3 * AT_ONCE {
                let gone = std::pin::pin!(turns.take(9));
                let Either::Left(_) = select(std::future::ready(()), gone).await else { panic!("begun") };
            }
            turns.take(1).await;
            begun.set(1);
        }));
        assert_eq!(begun.get(), 1);
    }
}

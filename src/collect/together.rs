//! Work side by side, at the cost of what moves.
//!
//! `join_all` of up to thirty futures polls all of them whenever one of them moves. Collectors nest such lists, so that each
//! answer would have hundreds of open calls polled that wait for theirs.

use std::collections::BTreeSet;
use std::future::poll_fn;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll, Wake, Waker};

use futures_util::StreamExt;
use futures_util::stream::FuturesUnordered;

/// Does all of it side by side, started in this order.
pub(super) async fn all<F: Future>(work: impl IntoIterator<Item = F>) {
    let mut open: FuturesUnordered<F> = work.into_iter().collect();
    while open.next().await.is_some() {}
}

/// Does all of it side by side. Of the parts that can go on, the first does, and then the rest of the program has its turn, as
/// those that wait for the network have.
pub(super) async fn by_rank<F: Future + ?Sized>(work: Vec<Pin<Box<F>>>) {
    let awake = Arc::new(Awake::default());
    let mut open: Vec<Option<(Pin<Box<F>>, Waker)>> = work
        .into_iter()
        .enumerate()
        .map(|(rank, part)| Some((part, Arc::new(Part { rank, awake: Arc::clone(&awake) }).into())))
        .collect();
    awake.lock().ranks.extend(0..open.len());
    let mut left = open.len();
    poll_fn(|context| {
        let next = awake.next(context.waker());
        if let Some(slot) = next.and_then(|rank| open.get_mut(rank))
            && let Some((part, waker)) = slot
            && part.as_mut().poll(&mut Context::from_waker(waker)).is_ready()
        {
            *slot = None;
            left -= 1;
        }
        if left == 0 {
            return Poll::Ready(());
        }
        if !awake.lock().ranks.is_empty() {
            context.waker().wake_by_ref();
        }
        Poll::Pending
    })
    .await;
}

/// The parts that can go on, and who is to be told.
#[derive(Default)]
struct Awake(Mutex<Ranks>);

#[derive(Default)]
struct Ranks {
    ranks: BTreeSet<usize>,
    told: Option<Waker>,
}

impl Awake {
    fn lock(&self) -> std::sync::MutexGuard<'_, Ranks> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The first part that can go on; `told` is woken when others can.
    fn next(&self, told: &Waker) -> Option<usize> {
        let mut awake = self.lock();
        awake.told = Some(told.clone());
        awake.ranks.pop_first()
    }
}

struct Part {
    rank: usize,
    awake: Arc<Awake>,
}

impl Wake for Part {
    fn wake(self: Arc<Self>) {
        let told = {
            let mut awake = self.awake.lock();
            awake.ranks.insert(self.rank);
            awake.told.take()
        };
        if let Some(told) = told {
            told.wake();
        }
    }
}

#[cfg(test)]
mod tests {
    use std::cell::{Cell, RefCell};
    use std::pin::Pin;
    use std::rc::Rc;

    use super::{all, by_rank};

    #[test]
    fn the_first_that_can_go_on_does_and_others_have_their_turn_between() {
        let done: RefCell<Vec<&str>> = RefCell::default();
        let step = |name: &'static str| {
            done.borrow_mut().push(name);
            tokio::task::yield_now()
        };
        let part = |name: &'static str| -> Pin<Box<dyn Future<Output = ()> + '_>> {
            Box::pin(async move {
                step(name).await;
                step(name).await;
            })
        };
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        let other = async {
            for _ in 0..4 {
                step("-").await;
            }
        };
        runtime.block_on(async { futures_util::join!(by_rank(vec![part("a"), part("b"), part("c")]), other) });
        let done = done.into_inner();
        let order: String = done.iter().copied().filter(|name| *name != "-").collect();
        assert_eq!(order, "aabbcc");
        assert_eq!(done[..3], ["a", "-", "a"], "{done:?}");
    }

    #[test]
    fn nothing_to_do_is_done() {
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        runtime.block_on(by_rank(Vec::<Pin<Box<dyn Future<Output = ()>>>>::new()));
    }

    #[test]
    fn work_starts_in_order_and_what_waits_is_left_alone() {
        let started: RefCell<Vec<usize>> = RefCell::default();
        let polls = Rc::new(Cell::new(0));
        let (release, wait) = tokio::sync::oneshot::channel::<()>();
        let mut wait = Some(wait);
        let mut release = Some(release);
        let work = (0..5).map(|number| {
            let (wait, release) = (wait.take_if(|_| number == 0), release.take_if(|_| number == 4));
            let (started, polls) = (&started, Rc::clone(&polls));
            async move {
                started.borrow_mut().push(number);
                match (wait, release) {
                    (Some(mut wait), _) => {
                        std::future::poll_fn(|context| {
                            polls.set(polls.get() + 1);
                            std::pin::Pin::new(&mut wait).poll(context)
                        })
                        .await
                        .unwrap();
                    }
                    (_, release) => {
                        for _ in 0..10 {
                            tokio::task::yield_now().await;
                        }
                        if let Some(release) = release {
                            release.send(()).unwrap();
                        }
                    }
                }
            }
        });
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        runtime.block_on(all(work));
        assert_eq!(started.into_inner(), [0, 1, 2, 3, 4]);
        assert_eq!(polls.get(), 2, "once when it started, and once when it could go on");
    }
}

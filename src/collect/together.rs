//! Work side by side, at the cost of what moves.
//!
//! `join_all` of up to thirty futures polls all of them whenever one of them moves. Collectors nest such lists, so that each
//! answer would have hundreds of open calls polled that wait for theirs.

use futures_util::StreamExt;
use futures_util::stream::FuturesUnordered;

/// Does all of it side by side, started in this order.
pub(super) async fn all<F: Future>(work: impl IntoIterator<Item = F>) {
    let mut open: FuturesUnordered<F> = work.into_iter().collect();
    while open.next().await.is_some() {}
}

#[cfg(test)]
mod tests {
    use std::cell::{Cell, RefCell};
    use std::rc::Rc;

    use super::all;

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

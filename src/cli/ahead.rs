//! What can be judged of a running account while the rest of it is waited for: rules are compiled, and once IAM's authorization
//! details are there, the policy engine works on them, which on large accounts takes longer than everything after it.

use std::collections::BTreeSet;
use std::sync::mpsc::{self, Receiver, Sender};
use std::sync::{Mutex, PoisonError};

use super::live::LiveArgs;
use crate::Error;
use crate::collect::Early;
use crate::facts::Ahead;
use crate::rule::Rule;
use crate::scan;
use crate::snapshot::{Observation, Operation, Snapshot};

/// Collects an account for these rules.
pub(super) fn collect(
    live: &LiveArgs,
    operations: Option<BTreeSet<Operation>>,
    rules: &[Rule],
) -> Result<(Snapshot, Option<Ahead>), Error> {
    let (sender, parts) = mpsc::channel::<Snapshot>();
    let (done, receiver) = mpsc::channel();
    // Collecting stays on this thread, which is none of those that share the work: the one that waits for the part keeps no
    // other from it, however few there are.
    rayon::in_place_scope(|scope| {
        scope.spawn(move |_| {
            scan::prepare(rules);
            let kinds = scan::kinds(rules.iter());
            for details in parts {
                let ahead = Ahead::of(&details, &kinds);
                // Nobody waits for it where collecting was stopped.
                done.send((details, ahead)).ok();
            }
        });
        let part = Part { sender, receiver: Mutex::new(receiver), taken: Mutex::new(false), ahead: Mutex::new(None) };
        let snapshot = live.collect_with(operations, Some(&part))?;
        Ok((snapshot, part.ahead.into_inner().unwrap_or_else(PoisonError::into_inner)))
    })
}

/// The part that is worked on by another thread.
struct Part {
    sender: Sender<Snapshot>,
    receiver: Mutex<Receiver<(Snapshot, Ahead)>>,
    taken: Mutex<bool>,
    ahead: Mutex<Option<Ahead>>,
}

impl Early for Part {
    fn take(&self, details: Snapshot) {
        *self.taken.lock().unwrap_or_else(PoisonError::into_inner) = self.sender.send(details).is_ok();
    }

    fn give_back(&self) -> Vec<Observation> {
        if !*self.taken.lock().unwrap_or_else(PoisonError::into_inner) {
            return Vec::new();
        }
        let receiver = self.receiver.lock().unwrap_or_else(PoisonError::into_inner);
        // INVARIANT: the other thread gives back all that it takes; where it panicked, so does the whole.
        let Ok((details, ahead)) = receiver.recv() else { return Vec::new() };
        *self.ahead.lock().unwrap_or_else(PoisonError::into_inner) = Some(ahead);
        details.into_observations()
    }
}

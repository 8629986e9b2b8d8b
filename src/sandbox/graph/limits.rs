//! "Microsoft Graph service-specific throttling limits", Outlook: requests at once, and requests in
//! ten minutes, for each application and mailbox. Counts what came.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::Instant;

use super::error::Refusal;

const WINDOW: Duration = Duration::from_mins(10);
/// More than a machine holds, where nothing is limited.
const UNLIMITED: usize = 1 << 20;

/// The gate of one mailbox.
struct Gate {
    places: Arc<Semaphore>,
    came: VecDeque<Instant>,
}

pub(super) struct Limits {
    concurrent: usize,
    in_window: Option<usize>,
    gates: BTreeMap<usize, Gate>,
    busiest: usize,
    refused: u64,
    counts: BTreeMap<&'static str, u64>,
    /// Refuses that many requests more, whatever the limits say.
    forced: u32,
}

impl Limits {
    pub(super) fn new(concurrent: Option<usize>, in_window: Option<usize>) -> Self {
        Self {
            concurrent: concurrent.unwrap_or(UNLIMITED),
            in_window,
            gates: BTreeMap::new(),
            busiest: 0,
            refused: 0,
            counts: BTreeMap::new(),
            forced: 0,
        }
    }

    pub(super) fn count(&mut self, template: &'static str) {
        *self.counts.entry(template).or_default() += 1;
    }

    /// Takes a place in front of a mailbox, for as long as the request is under way.
    pub(super) fn admit(&mut self, mailbox: usize) -> Result<OwnedSemaphorePermit, Refusal> {
        let concurrent = self.concurrent;
        let gate = self.gates.entry(mailbox).or_insert_with(|| Gate {
            places: Arc::new(Semaphore::new(concurrent)),
            came: VecDeque::new(),
        });
        let now = Instant::now();
        while gate.came.front().is_some_and(|at| now.duration_since(*at) >= WINDOW) {
            gate.came.pop_front();
        }
        if self.forced > 0 {
            self.forced -= 1;
            self.refused += 1;
            return Err(Refusal::throttled("MailboxConcurrency", 1));
        }
        if let Some(most) = self.in_window {
            if gate.came.len() >= most {
                let oldest = gate.came.front().copied().unwrap_or(now);
                let wait = WINDOW.saturating_sub(now.duration_since(oldest)).as_secs() + 1;
                self.refused += 1;
                return Err(Refusal::throttled("MailboxRequests", wait));
            }
            gate.came.push_back(now);
        }
        let permit = Arc::clone(&gate.places).try_acquire_owned();
        let free = gate.places.available_permits();
        let under_way = concurrent - free + usize::from(permit.is_err());
        self.busiest = self.busiest.max(under_way);
        permit.map_err(|_| {
            self.refused += 1;
            Refusal::throttled("MailboxConcurrency", 1)
        })
    }

    pub(super) fn force(&mut self, requests: u32) {
        self.forced = requests;
    }

    pub(super) fn busiest(&self) -> usize {
        self.busiest
    }

    pub(super) fn refused(&self) -> u64 {
        self.refused
    }

    pub(super) fn counted(&self, template: &str) -> u64 {
        self.counts.get(template).copied().unwrap_or_default()
    }

    /// Requests to Graph; Entra and the uploads are elsewhere.
    pub(super) fn to_graph(&self) -> u64 {
        let elsewhere = ["POST token", "POST devicecode", "GET authorize", "PUT upload"];
        self.counts.iter().filter(|(name, _)| !elsewhere.contains(name)).map(|(_, n)| n).sum()
    }
}

//! What the search knows: each change of an issue, but only after the lag.

use std::collections::{BTreeSet, HashMap, VecDeque};
use std::time::Duration;

use jiff::Timestamp;
use tokio::time::Instant;

use super::data::Issue;
use super::people::Person;

/// What the search knows of an issue.
#[derive(Clone)]
pub(super) struct Doc {
    pub(super) id: u64,
    pub(super) project: &'static str,
    pub(super) number: u32,
    pub(super) labels: Vec<String>,
    pub(super) creator: &'static Person,
    pub(super) reporter: &'static Person,
    pub(super) assignee: Option<&'static Person>,
    pub(super) status: usize,
    pub(super) created: Timestamp,
    pub(super) updated: Timestamp,
    deleted: bool,
}

impl Doc {
    pub(super) fn of(issue: &Issue) -> Self {
        Self {
            id: issue.id,
            project: issue.project.key,
            number: issue.number,
            labels: issue.labels.clone(),
            creator: issue.creator,
            reporter: issue.reporter,
            assignee: issue.assignee,
            status: issue.status,
            created: issue.created,
            updated: issue.updated,
            deleted: issue.deleted,
        }
    }
}

pub(super) struct Index {
    lag: Duration,
    /// Written, not yet seen; oldest first.
    pending: VecDeque<(Instant, Doc)>,
    docs: HashMap<u64, Doc>,
    labels: HashMap<String, BTreeSet<u64>>,
    created: BTreeSet<(Timestamp, u64)>,
    updated: BTreeSet<(Timestamp, u64)>,
}

impl Index {
    pub(super) fn new(lag: Duration) -> Self {
        Self {
            lag,
            pending: VecDeque::new(),
            docs: HashMap::new(),
            labels: HashMap::new(),
            created: BTreeSet::new(),
            updated: BTreeSet::new(),
        }
    }

    /// Also for what was written before.
    pub(super) fn set_lag(&mut self, lag: Duration) {
        self.catch_up();
        self.lag = lag;
    }

    /// An issue has changed.
    pub(super) fn note(&mut self, issue: &Issue) {
        self.pending.push_back((Instant::now(), Doc::of(issue)));
    }

    /// Takes in what is old enough; to be called before a look.
    pub(super) fn catch_up(&mut self) {
        let now = Instant::now();
        while let Some((written, _)) = self.pending.front()
            && now.duration_since(*written) >= self.lag
            && let Some((_, doc)) = self.pending.pop_front()
        {
            self.put(doc);
        }
    }

    fn put(&mut self, doc: Doc) {
        if let Some(old) = self.docs.remove(&doc.id) {
            self.created.remove(&(old.created, old.id));
            self.updated.remove(&(old.updated, old.id));
            for label in &old.labels {
                if let Some(ids) = self.labels.get_mut(label) {
                    ids.remove(&old.id);
                }
            }
        }
        if doc.deleted {
            return;
        }
        self.created.insert((doc.created, doc.id));
        self.updated.insert((doc.updated, doc.id));
        for label in &doc.labels {
            self.labels.entry(label.clone()).or_default().insert(doc.id);
        }
        self.docs.insert(doc.id, doc);
    }

    pub(super) fn doc(&self, id: u64) -> Option<&Doc> {
        self.docs.get(&id)
    }

    pub(super) fn ids(&self) -> Vec<u64> {
        self.docs.keys().copied().collect()
    }

    pub(super) fn labelled(&self, label: &str) -> Vec<u64> {
        self.labels.get(label).into_iter().flatten().copied().collect()
    }

    pub(super) fn created_since(&self, at: Timestamp) -> Vec<u64> {
        self.created.range((at, 0)..).map(|(_, id)| *id).collect()
    }

    pub(super) fn updated_since(&self, at: Timestamp) -> Vec<u64> {
        self.updated.range((at, 0)..).map(|(_, id)| *id).collect()
    }
}

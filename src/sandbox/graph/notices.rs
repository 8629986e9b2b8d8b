//! Change and lifecycle notifications ("changeNotificationCollection resource type", "Reduce missing
//! subscriptions and change notifications"). Each is sent until a 2xx comes within 3 s, a few times;
//! a share of those about changes can be lost on purpose.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use serde_json::{Value, json};
use tokio::runtime::Handle;
use tokio::task::JoinSet;
use url::Url;

use super::mailbox::{Event, Kind};
use super::render;
use super::state::State;
use super::subscriptions::Subscription;
use super::{Graph, mix};
use crate::sandbox::wire::post;

/// Graph goes on for four hours; nobody here has them.
const PAUSES: [Duration; 3] =
    [Duration::from_millis(50), Duration::from_millis(100), Duration::from_millis(200)];
/// How long a receiver has.
const PATIENCE: Duration = Duration::from_secs(3);

/// A lifecycle notification.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Lifecycle {
    /// `reauthorizationRequired`: notices pause until the subscription is renewed or reauthorized.
    ReauthorizationRequired,
    /// `subscriptionRemoved`: it is gone.
    SubscriptionRemoved,
    /// `missed`: some notices were not delivered.
    Missed,
}

/// What became of the notices about changes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct NoticeCounts {
    /// Acknowledged with a 2xx in time.
    pub delivered: u64,
    /// Lost on purpose.
    pub dropped: u64,
    /// Given up after several tries.
    pub failed: u64,
}

#[derive(Default)]
struct Tally {
    delivered: AtomicU64,
    failed: AtomicU64,
}

/// What is on its way ends with the stand-in.
pub(super) struct Courier {
    under_way: JoinSet<()>,
    runtime: Handle,
    /// Of a hundred notices so many arrive.
    pub(super) share: u8,
    counted: u64,
    dropped: u64,
    tally: Arc<Tally>,
}

impl Courier {
    pub(super) fn new(runtime: Handle) -> Self {
        Self {
            under_way: JoinSet::new(),
            runtime,
            share: 100,
            counted: 0,
            dropped: 0,
            tally: Arc::default(),
        }
    }

    pub(super) fn counts(&self) -> NoticeCounts {
        NoticeCounts {
            delivered: self.tally.delivered.load(Ordering::Relaxed),
            dropped: self.dropped,
            failed: self.tally.failed.load(Ordering::Relaxed),
        }
    }

    /// Whether the next one is lost. Which ones are is the same in every run.
    fn loses(&mut self) -> bool {
        self.counted += 1;
        let lost = mix(self.counted) % 100 >= u64::from(self.share);
        self.dropped += u64::from(lost);
        lost
    }

    fn send(&mut self, url: Url, notice: &Value, counted: bool) {
        while self.under_way.try_join_next().is_some() {}
        let body = json!({ "value": [notice] }).to_string();
        let tally = counted.then(|| Arc::clone(&self.tally));
        self.under_way.spawn_on(deliver(url, body, tally), &self.runtime);
    }
}

async fn deliver(url: Url, body: String, tally: Option<Arc<Tally>>) {
    let authority = &url[url::Position::BeforeHost..url::Position::AfterPort];
    let headers = [
        ("Host", authority.to_owned()),
        ("Content-Type", "application/json; charset=utf-8".to_owned()),
        ("Content-Length", body.len().to_string()),
    ]
    .map(|(name, value)| (name.to_owned(), value));
    for pause in PAUSES.iter().map(Some).chain([None]) {
        let answer = tokio::time::timeout(PATIENCE, post(&url, &headers, body.clone())).await;
        if answer.is_ok_and(|sent| sent.is_ok_and(|answer| (200..300).contains(&answer.status))) {
            if let Some(tally) = tally {
                tally.delivered.fetch_add(1, Ordering::Relaxed);
            }
            return;
        }
        if let Some(pause) = pause {
            tokio::time::sleep(*pause).await;
        }
    }
    if let Some(tally) = tally {
        tally.failed.fetch_add(1, Ordering::Relaxed);
    }
}

/// Tells the subscriptions of everything that happened since the last time.
pub(super) fn tell(state: &mut State) {
    let now = state.now();
    state.subscriptions.expire(now);
    for mailbox in 0..state.mailboxes.len() {
        for event in std::mem::take(&mut state.mailboxes[mailbox].events) {
            let kind = match event.kind {
                Kind::Created => "created",
                Kind::Updated => "updated",
                Kind::Deleted => "deleted",
            };
            let meant: Vec<Subscription> = state
                .subscriptions
                .all
                .iter()
                .filter(|one| {
                    one.mailbox == mailbox
                        && !one.paused
                        && one.folder.is_none_or(|folder| folder == event.folder)
                        && one.kinds.iter().any(|wanted| wanted == kind)
                })
                .cloned()
                .collect();
            for one in meant {
                if !state.subscriptions.courier.loses() {
                    let notice = notice(state, &one, &event, kind);
                    state.subscriptions.courier.send(one.url.clone(), &notice, true);
                }
            }
        }
    }
}

fn notice(state: &State, one: &Subscription, event: &Event, kind: &str) -> Value {
    let id = state.message_id(one.mailbox, event.number, event.moves, one.immutable);
    let path = format!("Users/{}/Messages/{id}", state.mailboxes[one.mailbox].user);
    let mut notice = head(one);
    notice["changeType"] = json!(kind);
    notice["resource"] = json!(path);
    notice["resourceData"] = json!({
        "@odata.type": "#Microsoft.Graph.Message",
        "@odata.id": path,
        "@odata.etag": format!("W/\"{}\"", render::change_key(event.change)),
        "id": id,
    });
    notice
}

fn head(one: &Subscription) -> Value {
    json!({
        "subscriptionId": one.id,
        "subscriptionExpirationDateTime": one.expires.to_string(),
        "clientState": one.state,
        "tenantId": Graph::TENANT,
    })
}

/// Sends this event to every subscription, or to one, that has an address for it; how many.
pub(super) fn lifecycle(state: &mut State, event: Lifecycle, only: Option<&str>) -> usize {
    let name = match event {
        Lifecycle::ReauthorizationRequired => "reauthorizationRequired",
        Lifecycle::SubscriptionRemoved => "subscriptionRemoved",
        Lifecycle::Missed => "missed",
    };
    let meant = |one: &Subscription| only.is_none_or(|id| id == one.id);
    let told: Vec<Subscription> =
        state.subscriptions.all.iter().filter(|one| meant(one)).cloned().collect();
    let mut count = 0;
    for one in &told {
        if let Some(url) = &one.lifecycle {
            let mut notice = head(one);
            notice["lifecycleEvent"] = json!(name);
            state.subscriptions.courier.send(url.clone(), &notice, false);
            count += 1;
        }
    }
    match event {
        Lifecycle::SubscriptionRemoved => state.subscriptions.all.retain(|one| !meant(one)),
        Lifecycle::ReauthorizationRequired => {
            for one in state.subscriptions.all.iter_mut().filter(|one| meant(one)) {
                one.paused = true;
            }
        }
        Lifecycle::Missed => {}
    }
    count
}

//! The websockets: who is told what, under which number, and what is kept of a connection that
//! broke. As the server does it: the last 128 events that were sent, and up to 256 that wait; one
//! for whom more wait is forgotten. That it forgets after five minutes is left out.

use std::collections::{HashMap, HashSet, VecDeque};
use std::sync::{Arc, Mutex, Weak};
use std::time::Duration;

use futures_util::{SinkExt as _, StreamExt as _};
use http::StatusCode;
use http::header::{CONNECTION, SEC_WEBSOCKET_ACCEPT, UPGRADE};
use hyper::upgrade::Upgraded;
use hyper_util::rt::TokioIo;
use serde_json::{Value, json};
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use tokio::sync::watch;
use tokio::time::{interval_at, sleep};
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::handshake::derive_accept_key;
use tokio_tungstenite::tungstenite::protocol::Role;

use super::channels::Channel;
use super::ids::new_id;
use super::teams::Team;
use super::told::{Broadcast, Event, event};
use crate::clock;
use crate::sandbox::wire::{Reply, Request, lock, to_json};

/// Events that were sent and are kept.
const DEAD: usize = 128;
/// Events that wait for a connection that broke.
const WAITING: usize = 256;
const PING: Duration = Duration::from_mins(1);
/// After so long who did not say who they are is sent away, without a word (recorded).
const UNKNOWN: Duration = Duration::from_secs(5);

/// All connections, those that broke too.
#[derive(Default)]
pub(super) struct Sockets(Arc<Mutex<Hub>>);

#[derive(Default)]
struct Hub {
    connections: HashMap<String, Link>,
    /// The tokens of sessions that ended.
    ended: HashSet<String>,
}

/// What a connection carries out.
enum Out {
    Text(String),
    /// From now on nothing, either way.
    Silence,
}

#[derive(Default)]
struct Link {
    user_id: String,
    token: String,
    sequence: u64,
    dead: VecDeque<(u64, String)>,
    waiting: VecDeque<String>,
    /// Both are there while it stands; without the second it breaks at once.
    pipe: Option<(UnboundedSender<Out>, watch::Sender<()>)>,
    lose: bool,
}

impl Link {
    /// Numbers an event and sends it, or keeps it for later.
    fn tell(&mut self, text: String) {
        let Some((pipe, _)) = &self.pipe else {
            self.waiting.push_back(text);
            return;
        };
        let seq = self.sequence;
        self.sequence += 1;
        if std::mem::take(&mut self.lose) {
            return;
        }
        let text = format!("{text},\"seq\":{seq}}}\n");
        if self.dead.len() == DEAD {
            self.dead.pop_front();
        }
        self.dead.push_back((seq, text.clone()));
        let _ = pipe.send(Out::Text(text));
    }

    /// Sends again what the other side says it misses. Gives whether that is all of it.
    fn repeat(&mut self, from: u64) -> bool {
        self.sequence = from;
        if from == 0 {
            return true;
        }
        if let Some(at) = self.dead.iter().position(|(seq, _)| *seq == from) {
            for (seq, text) in self.dead.iter().skip(at) {
                if let Some((pipe, _)) = &self.pipe {
                    let _ = pipe.send(Out::Text(text.clone()));
                }
                self.sequence = seq + 1;
            }
            return true;
        }
        self.dead.back().is_none_or(|(last, _)| last + 1 == from)
    }
}

impl Sockets {
    /// Answers a request for a websocket; `None` for one that is none. Anybody gets one, and who
    /// is nobody loses it soon (recorded).
    pub(super) fn open(
        &self,
        user: Option<(&'static str, String)>,
        request: &Request,
        hello: Value,
    ) -> Option<Reply> {
        let key = request.header("sec-websocket-key")?;
        let asked = request.query("connection_id").map(str::to_owned);
        let from = request.query("sequence_number").and_then(|text| text.parse().ok());
        let (hub, accept) = (Arc::downgrade(&self.0), derive_accept_key(key.as_bytes()));
        let mut reply = Reply::empty(StatusCode::SWITCHING_PROTOCOLS)
            .with(CONNECTION, "Upgrade")
            .with(UPGRADE, "websocket")
            .with(SEC_WEBSOCKET_ACCEPT, &accept);
        reply.switch = Some(Box::new(move |io| {
            Box::pin(async move {
                let socket = WebSocketStream::from_raw_socket(io, Role::Server, None).await;
                let Some((user, token)) = user else {
                    sleep(UNKNOWN).await;
                    return;
                };
                let (sender, out) = unbounded_channel();
                let (hold, cut) = watch::channel(());
                let who = (user, token.as_str());
                let id = hub
                    .upgrade()
                    .map(|hub| lock(&hub).register(who, asked.zip(from), (sender, hold), hello));
                let Some(id) = id else { return };
                carry(socket, out, cut, &hub, &token).await;
                let Some(hub) = hub.upgrade() else { return };
                // Another may have taken its name meanwhile.
                if let Some(link) = lock(&hub).connections.get_mut(&id)
                    && link.pipe.as_ref().is_some_and(|(sender, _)| sender.is_closed())
                {
                    link.pipe = None;
                }
            })
        }));
        Some(reply)
    }

    /// Tells those who are in the channel at this moment.
    pub(super) fn tell(&self, channel: &Channel, event: &Event) {
        let broadcast = Broadcast { channel_id: &channel.id, ..Broadcast::default() };
        self.broadcast(&broadcast, event, |user| channel.has(user));
    }

    /// The same but for one of them.
    pub(super) fn tell_others(&self, channel: &Channel, omitted: &str, event: &Event) {
        let omit_users = Some(HashMap::from([(omitted, true)]));
        let broadcast = Broadcast { channel_id: &channel.id, omit_users, ..Broadcast::default() };
        self.broadcast(&broadcast, event, |user| channel.has(user) && user != omitted);
    }

    /// Tells one person.
    pub(super) fn tell_user(&self, user_id: &str, event: &Event) {
        let broadcast = Broadcast { user_id, ..Broadcast::default() };
        self.broadcast(&broadcast, event, |user| user == user_id);
    }

    /// Tells those who are in the team at this moment.
    pub(super) fn tell_team(&self, team: &Team, event: &Event) {
        let broadcast = Broadcast { team_id: &team.id, ..Broadcast::default() };
        self.broadcast(&broadcast, event, |user| team.has(user));
    }

    fn broadcast(&self, to: &Broadcast<'_>, event: &Event, hears: impl Fn(&str) -> bool) {
        let text = event.to_text(to);
        let hub = &mut *lock(&self.0);
        for link in hub.connections.values_mut() {
            if hears(&link.user_id) && !hub.ended.contains(&link.token) {
                link.tell(text.clone());
            }
        }
        hub.connections.retain(|_, link| link.waiting.len() <= WAITING);
    }

    /// Whether somebody has a connection that stands.
    pub(super) fn is_there(&self, user_id: &str) -> bool {
        let hub = lock(&self.0);
        hub.connections.values().any(|link| link.user_id == user_id && link.pipe.is_some())
    }

    /// Breaks one connection: that at this place in a row of those that stand, which goes round.
    pub(super) fn drop_one(&self, at: usize) {
        let hub = &mut *lock(&self.0);
        let standing = hub.connections.iter().filter(|(_, link)| link.pipe.is_some());
        let mut standing: Vec<_> = standing.map(|(id, _)| id.clone()).collect();
        standing.sort_unstable();
        let id = standing.get(at % standing.len().max(1));
        if let Some(link) = id.and_then(|id| hub.connections.get_mut(id)) {
            link.pipe = None;
        }
    }

    pub(super) fn count(&self) -> usize {
        lock(&self.0).connections.values().filter(|link| link.pipe.is_some()).count()
    }

    pub(super) fn drop_all(&self) {
        lock(&self.0).connections.values_mut().for_each(|link| link.pipe = None);
    }

    pub(super) fn restart(&self) {
        lock(&self.0).connections.clear();
    }

    pub(super) fn silence(&self) {
        for link in lock(&self.0).connections.values() {
            if let Some((pipe, _)) = &link.pipe {
                let _ = pipe.send(Out::Silence);
            }
        }
    }

    pub(super) fn lose(&self) {
        lock(&self.0).connections.values_mut().for_each(|link| link.lose = true);
    }

    /// Who listens with one of these tokens hears nothing more.
    pub(super) fn end(&self, tokens: impl IntoIterator<Item = String>) {
        lock(&self.0).ended.extend(tokens);
    }
}

impl Hub {
    /// Takes up a connection that broke, or begins one; gives its name.
    fn register(
        &mut self,
        (user, token): (&str, &str),
        asked: Option<(String, u64)>,
        pipe: (UnboundedSender<Out>, watch::Sender<()>),
        mut hello: Value,
    ) -> String {
        // One that still stands, as far as the server knows, is not taken from anybody.
        let broken = |link: &Link| link.user_id == user && link.pipe.is_none();
        let known = asked.and_then(|(id, from)| {
            self.connections.get(&id).filter(|link| broken(link))?;
            Some((self.connections.remove(&id)?, id, from))
        });
        let (mut link, mut id) = (Link::default(), new_id());
        let mut resumed = false;
        if let Some((old, old_id, from)) = known {
            link = Link { pipe: Some(pipe), ..old };
            resumed = link.repeat(from);
            if resumed {
                id = old_id;
            } else {
                (link.sequence, link.dead) = (0, VecDeque::new());
            }
        } else {
            link.pipe = Some(pipe);
            user.clone_into(&mut link.user_id);
        }
        token.clone_into(&mut link.token);
        if !resumed {
            hello["connection_id"] = json!(id);
            let broadcast = Broadcast { user_id: user, ..Broadcast::default() };
            link.tell(event("hello", &hello).to_text(&broadcast));
        }
        for text in std::mem::take(&mut link.waiting) {
            link.tell(text);
        }
        self.connections.insert(id.clone(), link);
        id
    }
}

/// Carries what is told, answers, pings; until either side ends it.
async fn carry(
    mut socket: WebSocketStream<TokioIo<Upgraded>>,
    mut out: UnboundedReceiver<Out>,
    mut cut: watch::Receiver<()>,
    hub: &Weak<Mutex<Hub>>,
    token: &str,
) {
    let mut pings = interval_at(tokio::time::Instant::now() + PING, PING);
    loop {
        let message = tokio::select! {
            biased;
            _ = cut.changed() => return,
            told = out.recv() => match told {
                Some(Out::Text(text)) => Message::text(text),
                Some(Out::Silence) => {
                    let _ = cut.changed().await;
                    return;
                }
                None => return,
            },
            heard = socket.next() => match heard {
                Some(Ok(Message::Text(text))) => {
                    let Some(hub) = hub.upgrade() else { return };
                    let known = !lock(&hub).ended.contains(token);
                    Message::text(answered(&text, known))
                }
                Some(Ok(_)) => continue,
                Some(Err(_)) | None => return,
            },
            _ = pings.tick() => Message::Ping(bytes::Bytes::new()),
        };
        if socket.send(message).await.is_err() {
            return;
        }
    }
}

/// The answer to a request over the websocket. All but `ping` is refused (that from the server's
/// source, not recorded).
fn answered(text: &str, known: bool) -> String {
    let request: Value = serde_json::from_str(text).unwrap_or_default();
    let seq = &request["seq"];
    let refusal = if known {
        (request["action"] != "ping").then_some(("api.web_socket_router.bad_action.app_error", 500))
    } else {
        Some(("api.web_socket_router.not_authenticated.app_error", 401))
    };
    let answer = match refusal {
        Some((id, status)) => json!({
            "status": "FAIL",
            "seq_reply": seq,
            "error": {"id": id, "message": "", "detailed_error": "", "status_code": status},
        }),
        None => json!({
            "status": "OK",
            "seq_reply": seq,
            "data": {
                "node_id": "",
                "server_time": clock::now().as_millisecond(),
                "text": "pong",
                "version": "7.6.0",
            },
        }),
    };
    to_json(&answer) + "\n"
}

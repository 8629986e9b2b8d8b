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
use serde::Serialize;
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
use super::users;
use crate::clock;
use crate::sandbox::wire::{Reply, Request, lock, to_json};

/// Events that were sent and are kept.
const DEAD: usize = 128;
/// Events that wait for a connection that broke.
const WAITING: usize = 256;
const PING: Duration = Duration::from_mins(1);
/// After so long who did not say who they are is sent away, without a word (recorded).
const UNKNOWN: Duration = Duration::from_secs(5);

/// An event before it is numbered.
#[derive(Clone)]
pub(super) struct Event {
    name: &'static str,
    data: String,
}

/// An event with its data.
pub(super) fn event(name: &'static str, data: &Value) -> Event {
    Event { name, data: to_json(data) }
}

/// That a post was made.
pub(super) fn posted(channel: &Channel, user_id: &str, post: &Value) -> Event {
    let sender = format!("@{}", users::name_of(user_id));
    let (shown, name, kind) = channel.title(&sender);
    let mut data = json!({
        "channel_display_name": shown,
        "channel_name": name,
        "channel_type": kind,
        "post": to_json(post),
        "sender_name": sender,
        "set_online": true,
        "team_id": channel.team().0,
    });
    let mut mentioned = users::mentioned(post["message"].as_str().unwrap_or_default());
    if kind == "D" {
        // Whoever is written to is meant (recorded).
        let others = channel.members().iter().filter(|id| *id != user_id);
        mentioned = others.map(|id| users::id_of(users::name_of(id))).collect();
    }
    if !mentioned.is_empty() {
        data["mentions"] = json!(to_json(&mentioned));
    }
    event("posted", &data)
}

/// To whom an event goes, in the order of the wire.
#[derive(Default, Serialize)]
struct Broadcast<'a> {
    omit_users: Option<()>,
    user_id: &'a str,
    channel_id: &'a str,
    team_id: &'a str,
    connection_id: &'a str,
    omit_connection_id: &'a str,
}

impl Event {
    fn to_text(&self, broadcast: &Broadcast<'_>) -> String {
        let Self { name, data } = self;
        format!("{{\"event\":\"{name}\",\"data\":{data},\"broadcast\":{}", to_json(broadcast))
    }
}

/// All connections, those that broke too.
#[derive(Default)]
pub(super) struct Sockets(Arc<Mutex<Hub>>);

#[derive(Default)]
struct Hub {
    connections: HashMap<String, Link>,
    /// Those whose session ended.
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
        user: Option<&'static str>,
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
                let Some(user) = user else {
                    sleep(UNKNOWN).await;
                    return;
                };
                let (sender, out) = unbounded_channel();
                let (hold, cut) = watch::channel(());
                let id = hub
                    .upgrade()
                    .map(|hub| lock(&hub).register(user, asked.zip(from), (sender, hold), hello));
                let Some(id) = id else { return };
                carry(socket, out, cut, &hub, user).await;
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

    /// Tells those who are in the channel.
    pub(super) fn tell(&self, channel: &Channel, event: &Event) {
        let broadcast = Broadcast { channel_id: &channel.id, ..Broadcast::default() };
        let text = event.to_text(&broadcast);
        let hub = &mut *lock(&self.0);
        for link in hub.connections.values_mut() {
            if channel.has(&link.user_id) && !hub.ended.contains(&link.user_id) {
                link.tell(text.clone());
            }
        }
        hub.connections.retain(|_, link| link.waiting.len() <= WAITING);
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

    pub(super) fn end_session(&self, user_id: &str) {
        lock(&self.0).ended.insert(user_id.to_owned());
    }
}

impl Hub {
    /// Takes up a connection that broke, or begins one; gives its name.
    fn register(
        &mut self,
        user: &str,
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
    user: &str,
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
                    let known = !lock(&hub).ended.contains(user);
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

//! What happens in the chat, as the server tells it over a websocket to whoever a token belongs
//! to.
//!
//! The server numbers what it tells. A connection that broke can be taken up again where it ended,
//! within five minutes and as long as no more than 128 events were on their way; else the server
//! silently begins a new one. Whoever listens is told so, and when a number is missing: they then
//! catch up over REST. Neither a message nor a silence is longer than its limit.
//!
//! Source: recorded from 5.37 to 7.6, and the server's source for what it keeps.

mod frame;
mod news;

use std::{collections::VecDeque, time::Duration};

use futures_util::{SinkExt, StreamExt};
use http::{
    Method,
    header::{CONNECTION, SEC_WEBSOCKET_ACCEPT, SEC_WEBSOCKET_KEY, SEC_WEBSOCKET_VERSION, UPGRADE},
};
use reqwest::Upgraded;
use secrecy::{ExposeSecret, SecretString};
use serde_json::json;
use tokio::time::{Instant, timeout_at};
use tokio_tungstenite::{
    WebSocketStream,
    tungstenite::{
        Error, Message,
        handshake::{client::generate_key, derive_accept_key},
        protocol::{Role, WebSocketConfig},
    },
};

use self::frame::{Frame, Tells, Told};
pub use self::news::PersonEvent;
use super::{MattermostClient, Reaction, malformed, unavailable, wire::WireUser};
use crate::{clients::ApiError, model::post::PostHead};

/// The largest message that is read: a post has 16,383 characters and as properties up to 800,000,
/// which are escaped twice.
const MESSAGE_MAX: usize = 4 * 1024 * 1024;
/// What is read at once; the library fills it with zeroes each time.
const READ_BUFFER: usize = 4 * 1024;
/// After so long a silence we ask whether the server is there and still knows the token: it pings
/// each 60 s, and tells one whose session ended nothing at all.
const QUIET: Duration = Duration::from_secs(30);
/// After so long a silence the connection is given up.
const SILENCE_MAX: Duration = Duration::from_mins(1);

/// Where an earlier connection ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Resume {
    /// Its name, from [`Event::Hello`].
    pub connection_id: String,
    /// The number of the first event that has not arrived.
    pub next_seq: u64,
}

/// What a connection tells. What nobody here asks for is left out, though its numbers are counted.
#[derive(Debug, Clone, PartialEq)]
pub enum Event {
    /// The connection stands; the first event of each, and told again when the server begins
    /// anew.
    Hello {
        /// The name to resume it by.
        connection_id: String,
        /// Whether all that was missed follows. If not, events are lost.
        resumed: bool,
    },
    /// Events are lost here: a number is missing, or an event could not be read.
    Missed,
    /// A post was made, by anybody, the bot among them.
    Posted(Box<PostHead>),
    /// Somebody put an emoji under a post.
    ReactionAdded(Reaction),
}

/// Why a connection is over.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum EventsFault {
    /// It broke or was closed; the server stops without a word.
    #[error("the connection for news broke")]
    Closed,
    /// Nothing came for a minute, not even an answer.
    #[error("the connection for news is silent")]
    Silent,
    /// A message is too large. It would come again: the connection cannot be resumed.
    #[error("the connection for news carried a message larger than 4 MiB")]
    TooLarge,
    /// The token is no longer accepted.
    #[error("the connection for news is no longer authorised")]
    Unauthorized,
    /// It speaks another language. The connection cannot be resumed.
    #[error("the connection for news carries something else than the interface promises")]
    Malformed,
}

/// What the bot is told.
pub type Events = Connection<Event>;
/// What a person is told.
pub type PersonEvents = Connection<PersonEvent>;

/// A connection that tells what happens.
pub struct Connection<E> {
    socket: WebSocketStream<Upgraded>,
    /// By which name it can be resumed.
    id: String,
    /// The number of the event to come.
    next_seq: u64,
    ready: VecDeque<E>,
    /// The number of our own last request.
    asked: u64,
}

impl MattermostClient {
    /// Listens to what happens, as the owner of `token` may see it, from where an earlier
    /// connection ended, if the server still knows that one. The first event is
    /// [`Event::Hello`].
    ///
    /// # Errors
    /// [`ApiError::Unauthorized`] for a token that is not accepted, which the server takes 5 s to
    /// show. Where something on the way lets no websocket through, an error of which
    /// [`ApiError::is_of_one_thing`] is true. Else any outage.
    pub async fn events(
        &self,
        token: &SecretString,
        resume: Option<Resume>,
    ) -> Result<Events, ApiError> {
        self.listen(token, resume).await
    }

    /// As [`Self::events`], in the words of whoever listens.
    pub(super) async fn listen<E: Tells>(
        &self,
        token: &SecretString,
        resume: Option<Resume>,
    ) -> Result<Connection<E>, ApiError> {
        let socket = self.websocket(token, resume.as_ref()).await?;
        let mut events =
            Connection { socket, id: String::new(), next_seq: 0, ready: VecDeque::new(), asked: 0 };
        match tokio::time::timeout(self.shared.limit, events.begin(resume)).await {
            Ok(Ok(())) => Ok(events),
            Ok(Err(EventsFault::Malformed | EventsFault::TooLarge)) => {
                Err(malformed("a websocket with something else"))
            }
            // It accepts any token and then hangs up on a wrong one, without a word.
            Ok(Err(_)) | Err(_) => {
                self.accepts(token).await?;
                Err(unavailable("the websocket ended before it began"))
            }
        }
    }

    async fn websocket(
        &self,
        token: &SecretString,
        resume: Option<&Resume>,
    ) -> Result<WebSocketStream<Upgraded>, ApiError> {
        let key = generate_key();
        let transport = &self.shared.transport;
        let mut request = transport
            .request(Method::GET, "api/v4/websocket")
            .bearer_auth(token.expose_secret())
            .header(CONNECTION, "Upgrade")
            .header(UPGRADE, "websocket")
            .header(SEC_WEBSOCKET_VERSION, "13")
            .header(SEC_WEBSOCKET_KEY, &key);
        if let Some(Resume { connection_id, next_seq }) = resume {
            let seq = next_seq.to_string();
            request = request
                .query(&[("connection_id", connection_id.as_str()), ("sequence_number", &seq)]);
        }
        self.shared.rest.over(self.shared.limit).await?;
        let (headers, io) = self.shared.rest.heed(transport.switch(request).await)?;
        let accepted = headers.get(SEC_WEBSOCKET_ACCEPT).map(http::HeaderValue::as_bytes);
        if accepted != Some(derive_accept_key(key.as_bytes()).as_bytes()) {
            return Err(malformed("no websocket"));
        }
        let config = WebSocketConfig::default()
            .read_buffer_size(READ_BUFFER)
            .max_message_size(Some(MESSAGE_MAX))
            .max_frame_size(Some(MESSAGE_MAX));
        Ok(WebSocketStream::from_raw_socket(io, Role::Client, Some(config)).await)
    }

    /// # Errors
    /// [`ApiError::Unauthorized`] if not.
    async fn accepts(&self, token: &SecretString) -> Result<(), ApiError> {
        let request = self.shared.transport.request(Method::GET, "api/v4/users/me");
        let answer = self.call(request.bearer_auth(token.expose_secret())).await?;
        answer.json::<WireUser>().map(drop)
    }
}

impl<E: Tells> Connection<E> {
    /// Waits for what happens next. May be dropped while it waits; nothing is lost by that.
    ///
    /// # Errors
    /// When the connection is over. Every later call says the same, or [`EventsFault::Closed`].
    pub async fn next(&mut self) -> Result<E, EventsFault> {
        loop {
            if let Some(event) = self.ready.pop_front() {
                return Ok(event);
            }
            let frame = self.frame().await?;
            self.take(frame)?;
        }
    }

    /// How to take the connection up again from here.
    #[must_use]
    pub fn resume(&self) -> Resume {
        Resume { connection_id: self.id.clone(), next_seq: self.next_seq }
    }

    /// Finds out whether the connection is a new one. One that was resumed says nothing of it: the
    /// answer to our question comes first, or what was missed.
    async fn begin(&mut self, resume: Option<Resume>) -> Result<(), EventsFault> {
        self.ask().await?;
        loop {
            let frame = self.frame().await?;
            if frame.hello().is_some() {
                return self.take(frame);
            }
            let Some(resume) = &resume else {
                // Answers may overtake the first word.
                if frame.seq.is_some() {
                    return Err(EventsFault::Malformed);
                }
                continue;
            };
            let Resume { connection_id, next_seq } = resume.clone();
            self.next_seq = next_seq;
            self.id.clone_from(&connection_id);
            self.ready.push_back(E::hello(connection_id, true));
            return self.take(frame);
        }
    }

    /// Puts what a frame tells in the row.
    fn take(&mut self, frame: Frame<E>) -> Result<(), EventsFault> {
        let Some(seq) = frame.seq else {
            // An answer to our question.
            return if frame.failed { Err(EventsFault::Unauthorized) } else { Ok(()) };
        };
        if let Some(connection_id) = frame.hello() {
            self.id.clone_from(&connection_id);
            self.next_seq = seq.saturating_add(1);
            self.ready.push_back(E::hello(connection_id, false));
            return Ok(());
        }
        if seq < self.next_seq {
            // Told already.
            return Ok(());
        }
        if seq > self.next_seq {
            self.ready.push_back(E::missed());
        }
        self.next_seq = seq.saturating_add(1);
        self.ready.extend(match frame.told {
            Told::News(event) => Some(event),
            Told::Unreadable => Some(E::missed()),
            Told::Other | Told::Hello(_) => None,
        });
        Ok(())
    }

    /// The next message that says something.
    async fn frame(&mut self) -> Result<Frame<E>, EventsFault> {
        let begun = Instant::now();
        let mut asked = false;
        loop {
            let limit = if asked { SILENCE_MAX } else { QUIET };
            let message = match timeout_at(begun + limit, self.socket.next()).await {
                Ok(Some(message)) => message.map_err(|error| sorted(&error))?,
                Ok(None) => return Err(EventsFault::Closed),
                Err(_) if asked => return Err(EventsFault::Silent),
                Err(_) => {
                    asked = true;
                    self.ask().await?;
                    continue;
                }
            };
            match message {
                Message::Text(text) => return Frame::read(&text).ok_or(EventsFault::Malformed),
                // That the server pings shows that it is there, not that it knows the token.
                Message::Ping(_) | Message::Pong(_) => {}
                Message::Close(_) => return Err(EventsFault::Closed),
                Message::Binary(_) | Message::Frame(_) => return Err(EventsFault::Malformed),
            }
        }
    }

    /// Asks something that the server answers only to whom it knows.
    async fn ask(&mut self) -> Result<(), EventsFault> {
        self.asked += 1;
        let request = json!({"action": "ping", "seq": self.asked}).to_string();
        let sent = timeout_at(Instant::now() + QUIET, self.socket.send(Message::text(request)));
        match sent.await {
            Ok(sent) => sent.map_err(|error| sorted(&error)),
            Err(_) => Err(EventsFault::Silent),
        }
    }
}

fn sorted(error: &Error) -> EventsFault {
    match error {
        Error::Capacity(_) => EventsFault::TooLarge,
        Error::Utf8(_) => EventsFault::Malformed,
        // The protocol is also broken by an end in the middle.
        _ => EventsFault::Closed,
    }
}

#[cfg(test)]
mod tests;

//! The event stream of a mailbox, kept standing: it tells that something changed, never what.

use std::{sync::Arc, time::Duration};

use backon::{BackoffBuilder, ExponentialBuilder};

use crate::{
    actors::mailboxes::Mailbox,
    clients::{JmapEvent, MailboxClient},
};

/// The longest pause between two connections.
const PAUSE_MAX: Duration = Duration::from_mins(1);
/// How long a server that does not push is left alone.
const NO_PUSH: Duration = Duration::from_mins(15);

/// What the stream tells.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Told {
    /// Something may have changed.
    News,
    /// Whether the server pushes.
    Pushes(bool),
}

/// Listens until `tell` says that nobody does any more.
pub(super) async fn listen(mailbox: Arc<Mailbox>, tell: impl Fn(Told) -> bool + Send) {
    // Graph tells its news at a door of ours.
    let MailboxClient::Jmap(source) = &mailbox.source else { return };
    let pauses = || {
        ExponentialBuilder::default()
            .with_jitter()
            .with_max_delay(PAUSE_MAX)
            .without_max_times()
            .build()
    };
    let mut pause = pauses();
    let mut said_so = false;
    loop {
        let ended = match source.events().await {
            Ok(mut stream) => loop {
                match stream.next().await {
                    JmapEvent::Connected => {
                        pause = pauses();
                        said_so = false;
                        tracing::debug!("the mail server pushes news");
                        // What came before the connection stood is not told.
                        if !(tell(Told::Pushes(true)) && tell(Told::News)) {
                            return;
                        }
                    }
                    JmapEvent::Changed => {
                        if !tell(Told::News) {
                            return;
                        }
                    }
                    JmapEvent::Refused { status } => break Some(status),
                    JmapEvent::Broken => break None,
                }
            },
            Err(error) => {
                tracing::debug!(%error, "the stream of news cannot be opened");
                None
            }
        };
        if !tell(Told::Pushes(false)) {
            return;
        }
        let wait = match ended {
            // Told once: the mailbox is polled from here on.
            Some(status) if (200..300).contains(&status) || status == 404 || status == 501 => {
                if !std::mem::replace(&mut said_so, true) {
                    tracing::info!(
                        status,
                        poll_s = mailbox.poll.as_secs(),
                        "the mail server does not push; it will be polled"
                    );
                }
                NO_PUSH
            }
            _ => pause.next().unwrap_or(PAUSE_MAX),
        };
        tokio::time::sleep(wait).await;
    }
}

//! Connections: a bounded number of them, each bounded in time.
//!
//! hyper's header limit also ends a silent or idle connection, and the kernel one that does not
//! take its answer. When the door closes, requests that have arrived are still answered.

use std::{io, net::SocketAddr, sync::Arc, time::Duration};

use hyper::{server::conn::http1, service::service_fn};
use hyper_util::rt::{TokioIo, TokioTimer};
use listenfd::ListenFd;
use socket2::SockRef;
use tokio::{
    net::{TcpListener, TcpSocket, TcpStream},
    sync::{OwnedSemaphorePermit, Semaphore},
};
use tokio_util::task::TaskTracker;

use super::{context::Context, router::Routes};

/// From the connection, or the last answer, to the end of the next request's head.
const HEAD_LIMIT: Duration = Duration::from_secs(10);
/// How long the peer's kernel may leave an answer unread.
const UNREAD_LIMIT: Duration = Duration::from_secs(20);
/// The largest head, and the most that is read ahead.
const HEAD_MAX: usize = 32 * 1024;
/// How long to wait when the system has no socket left.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);
/// Connections that the kernel keeps until they are taken. With the usual 128 a crowd at once has
/// some of its first packets dropped, and tries again a second later.
const QUEUE: u32 = 1024;
/// What a peer reads who finds every place taken.
const FULL: &[u8] =
    b"HTTP/1.1 503 Service Unavailable\r\nretry-after: 1\r\ncontent-length: 0\r\nconnection: close\r\n\r\n";

/// The socket that systemd passed on, or a new one at `listen`. Must be called on a tokio runtime.
///
/// # Errors
/// If the address is taken, or not ours.
pub fn bind(listen: SocketAddr) -> io::Result<TcpListener> {
    if let Some(passed) = ListenFd::from_env().take_tcp_listener(0)? {
        passed.set_nonblocking(true)?;
        return TcpListener::from_std(passed);
    }
    let socket = if listen.is_ipv4() { TcpSocket::new_v4()? } else { TcpSocket::new_v6()? };
    // A new start must not wait for the last one's connections to be forgotten.
    socket.set_reuseaddr(true)?;
    socket.bind(listen)?;
    socket.listen(QUEUE)
}

/// The open door.
pub struct FrontDoor {
    listener: TcpListener,
    context: Arc<Context>,
    routes: Arc<Routes>,
    places: Arc<Semaphore>,
    connections: TaskTracker,
}

impl FrontDoor {
    /// Ready to [`serve`](FrontDoor::serve); `api` is the path of the API for tickets.
    ///
    /// # Errors
    /// If two routes are in each other's way.
    pub fn new(
        listener: TcpListener,
        context: Arc<Context>,
        connections: usize,
        api: &str,
    ) -> Result<Self, matchit::InsertError> {
        Ok(Self {
            listener,
            context,
            routes: Arc::new(Routes::new(api)?),
            places: Arc::new(Semaphore::new(connections)),
            connections: TaskTracker::new(),
        })
    }

    /// Takes connections until the context's `closing` fires; returns when every request that had
    /// arrived is answered, late answers included.
    pub async fn serve(self) {
        let closing = self.context.door.closing.clone();
        loop {
            tokio::select! {
                () = closing.cancelled() => break,
                accepted = self.listener.accept() => match accepted {
                    Ok((stream, _)) => self.admit(stream),
                    Err(error) => {
                        tracing::warn!(%error, "cannot take a connection");
                        tokio::time::sleep(ACCEPT_PAUSE).await;
                    }
                },
            }
        }
        drop(self.listener);
        for tracker in [&self.connections, &self.context.door.late] {
            tracker.close();
            tracker.wait().await;
        }
    }

    fn admit(&self, stream: TcpStream) {
        let Ok(place) = self.places.clone().try_acquire_owned() else {
            self.context.metrics.shed("connections");
            // As much as fits into the socket at once; nobody waits for it.
            let _ = stream.try_write(FULL);
            return;
        };
        let _ = stream.set_nodelay(true);
        let _ = SockRef::from(&stream).set_tcp_user_timeout(Some(UNREAD_LIMIT));
        let (context, routes) = (self.context.clone(), self.routes.clone());
        self.connections.spawn(talk(stream, context, routes, place));
    }
}

async fn talk(
    stream: TcpStream,
    context: Arc<Context>,
    routes: Arc<Routes>,
    place: OwnedSemaphorePermit,
) {
    let closing = context.door.closing.clone();
    let service = service_fn(|request| routes.answer(&context, request));
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(HEAD_LIMIT)
        .max_buf_size(HEAD_MAX)
        .serve_connection(TokioIo::new(stream), service);
    tokio::pin!(connection);
    // Peers that hang up or send nonsense are everyday life: hyper has answered what it could.
    tokio::select! {
        _ = connection.as_mut() => {}
        () = closing.cancelled() => {
            connection.as_mut().graceful_shutdown();
            let _ = connection.await;
        }
    }
    drop(place);
}

//! An address that stays while daemons come and go.

use std::io;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex};

use tokio::io::{AsyncReadExt, copy, copy_bidirectional};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;
use tokio_util::task::AbortOnDropHandle;

/// Leads to the daemon of the moment.
pub(crate) struct Door {
    address: SocketAddr,
    state: Arc<State>,
    _open: AbortOnDropHandle<()>,
}

#[derive(Default)]
struct State {
    to: Mutex<Option<SocketAddr>>,
    /// Answers that are still to be dropped.
    drops: AtomicU32,
}

impl Door {
    pub(crate) async fn open() -> io::Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let address = listener.local_addr()?;
        let state: Arc<State> = Arc::default();
        let whom = state.clone();
        let open = tokio::spawn(async move {
            let mut through = JoinSet::new();
            while let Ok((from, _)) = listener.accept().await {
                while through.try_join_next().is_some() {}
                through.spawn(whom.clone().pass(from));
            }
        });
        Ok(Self { address, state, _open: AbortOnDropHandle::new(open) })
    }

    pub(crate) fn url(&self) -> String {
        format!("http://{}/", self.address)
    }

    /// From now on it leads here.
    pub(crate) fn lead(&self, to: SocketAddr) {
        *self.state.to.lock().unwrap() = Some(to);
    }

    /// The answers of so many connections are dropped.
    pub(crate) fn drop_answers(&self, connections: u32) {
        self.state.drops.store(connections, Ordering::Relaxed);
    }
}

impl State {
    async fn pass(self: Arc<Self>, mut from: TcpStream) {
        let Some(to) = *self.to.lock().unwrap() else { return };
        let Ok(mut to) = TcpStream::connect(to).await else { return };
        let less = |drops: u32| drops.checked_sub(1);
        if self.drops.fetch_update(Ordering::Relaxed, Ordering::Relaxed, less).is_err() {
            let _ = copy_bidirectional(&mut from, &mut to).await;
            return;
        }
        let (mut answer, mut ask) = to.split();
        // What was asked is carried out, for there is the beginning of an answer.
        tokio::select! {
            _ = answer.read_u8() => {}
            _ = copy(&mut from, &mut ask) => {}
        }
    }
}

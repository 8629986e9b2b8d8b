//! A wire that breaks at the worst moment: the server has done what it was asked for, and its
//! answer never arrives.

use std::net::SocketAddr;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use url::Url;

pub(crate) struct Cut {
    listen: SocketAddr,
    state: Arc<State>,
}

#[derive(Default)]
struct State {
    /// The answers to requests with these words are lost, each once.
    words: Mutex<Vec<&'static str>>,
    lost: AtomicUsize,
}

impl Cut {
    /// Before the server at this address.
    pub(crate) async fn before(server: &Url) -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
        let listen = listener.local_addr().unwrap();
        let state = Arc::new(State::default());
        let (kept, server) = (state.clone(), server.socket_addrs(|| None).unwrap()[0]);
        tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                let state = kept.clone();
                tokio::spawn(async move {
                    let _ = pass(client, server, &state).await;
                });
            }
        });
        Self { listen, state }
    }

    /// The same resource by way of this wire.
    pub(crate) fn through(&self, server: &Url) -> Url {
        let mut url = server.clone();
        url.set_port(Some(self.listen.port())).unwrap();
        url
    }

    /// Loses the answer to the next request in which these words stand.
    pub(crate) fn lose_answer_to(&self, words: &'static str) {
        self.state.words.lock().unwrap_or_else(PoisonError::into_inner).push(words);
    }

    /// How many answers were lost.
    pub(crate) fn lost(&self) -> usize {
        self.state.lost.load(Ordering::SeqCst)
    }
}

impl State {
    fn takes(&self, request: &[u8]) -> bool {
        let mut words = self.words.lock().unwrap_or_else(PoisonError::into_inner);
        let stands = |words: &&str| request.windows(words.len()).any(|at| at == words.as_bytes());
        let found = words.iter().position(stands);
        found.map(|at| words.remove(at)).is_some()
    }
}

async fn pass(mut client: TcpStream, server: SocketAddr, state: &State) -> std::io::Result<()> {
    let mut server = TcpStream::connect(server).await?;
    let (mut asked, mut lose) = (Vec::new(), false);
    let (mut from_client, mut from_server) = (vec![0; 1 << 16], vec![0; 1 << 16]);
    loop {
        tokio::select! {
            read = client.read(&mut from_client) => {
                let bytes = &from_client[..read?];
                if bytes.is_empty() {
                    return Ok(());
                }
                asked.extend_from_slice(bytes);
                lose |= state.takes(&asked);
                server.write_all(bytes).await?;
            }
            read = server.read(&mut from_server) => {
                let bytes = &from_server[..read?];
                if lose {
                    state.lost.fetch_add(1, Ordering::SeqCst);
                    return Ok(());
                }
                if bytes.is_empty() {
                    return Ok(());
                }
                asked.clear();
                client.write_all(bytes).await?;
            }
        }
    }
}

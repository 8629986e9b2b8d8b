//! The load: keep-alive connections that ask, and check each answer.

use std::{net::SocketAddr, time::Duration};

use anyhow::{Context, ensure};
use bytes::Bytes;
use http::{Request, StatusCode};
use http_body_util::{BodyExt, Full};
use hyper::client::conn::http1::{SendRequest, handshake};
use hyper_util::rt::TokioIo;
use ticketd::sandbox::Mattermost;
use tokio::{net::TcpStream, task::JoinSet, time::Instant};

/// A request that can be sent again and again.
pub(crate) type Ask = Request<Full<Bytes>>;

/// One keep-alive connection.
pub(crate) struct Connection(SendRequest<Full<Bytes>>);

impl Connection {
    pub(crate) async fn open(address: SocketAddr) -> anyhow::Result<Self> {
        let stream = TcpStream::connect(address).await?;
        stream.set_nodelay(true)?;
        let (sender, connection) = handshake(TokioIo::new(stream)).await?;
        tokio::spawn(connection);
        Ok(Self(sender))
    }

    /// The body of the answer, which must be a 200.
    pub(crate) async fn ask(&mut self, ask: &Ask) -> anyhow::Result<Bytes> {
        self.0.ready().await?;
        let answer = self.0.send_request(ask.clone()).await?;
        ensure!(answer.status() == StatusCode::OK, "{} answered {}", ask.uri(), answer.status());
        Ok(answer.into_body().collect().await?.to_bytes())
    }

    /// How long each of `count` answers took, in milliseconds.
    pub(crate) async fn latencies(&mut self, ask: &Ask, count: usize) -> anyhow::Result<Vec<f64>> {
        let mut all = Vec::with_capacity(count);
        for _ in 0..count {
            let started = Instant::now();
            self.ask(ask).await?;
            all.push(started.elapsed().as_secs_f64() * 1e3);
        }
        Ok(all)
    }
}

/// GET of a path.
pub(crate) fn get(path: &str) -> anyhow::Result<Ask> {
    Ok(Request::get(path).header("host", "ticketd").body(Full::default())?)
}

/// `/redmine …` as Mattermost sends it for one of its users.
pub(crate) fn slash(mattermost: &Mattermost, user: &str, text: &str) -> anyhow::Result<Ask> {
    slash_as(mattermost, user, Mattermost::user_id(user), text)
}

/// The same for a user by any id.
pub(crate) fn slash_as(
    mattermost: &Mattermost,
    user: &str,
    id: &str,
    text: &str,
) -> anyhow::Result<Ask> {
    let mut form = mattermost.slash(user, text);
    let field = form.fields.iter_mut().find(|(name, _)| name == "user_id");
    id.clone_into(&mut field.context("no user_id")?.1);
    let url = mattermost.url();
    let ask = Request::post("/slash/redmine");
    let ask = form.headers(&url).iter().fold(ask, |ask, (name, value)| ask.header(name, value));
    Ok(ask.body(Full::new(form.body().into()))?)
}

/// Every connection asks `each` times, all at once; each has its own list and goes round in it.
/// Returns how long that took. Every answer must have `size` bytes, if that is given.
pub(crate) async fn load(
    address: SocketAddr,
    lists: Vec<Vec<Ask>>,
    each: usize,
    size: Option<usize>,
) -> anyhow::Result<Duration> {
    let mut tasks = JoinSet::new();
    let started = Instant::now();
    for list in lists {
        tasks.spawn(async move {
            let mut connection = Connection::open(address).await?;
            for ask in list.iter().cycle().take(each) {
                let answer = connection.ask(ask).await?;
                ensure!(
                    size.is_none_or(|size| size == answer.len()),
                    "another answer: {}",
                    String::from_utf8_lossy(&answer)
                );
            }
            anyhow::Ok(())
        });
    }
    while let Some(done) = tasks.join_next().await {
        done??;
    }
    Ok(started.elapsed())
}

//! The load: keep-alive connections that open forms and send them in, and check each answer.

use std::net::SocketAddr;

use anyhow::ensure;
use bytes::Bytes;
use http::{Request, StatusCode};
use http_body_util::{BodyExt, Full};
use hyper::client::conn::http1::handshake;
use hyper_util::rt::TokioIo;
use serde_json::json;
use ticketd::sandbox::{Mattermost, OpenedDialog};
use tokio::{net::TcpStream, task::JoinSet};
use url::{Position, Url};

/// Four, because the pace of one is limited.
const USERS: [&str; 4] = ["alice", "bob", "carol", "ticketd"];
const CONNECTIONS: usize = 8;

/// A request.
pub(crate) type Ask = Request<Full<Bytes>>;

/// Opens so many forms.
pub(crate) async fn open(
    address: SocketAddr,
    mattermost: &Mattermost,
    count: usize,
) -> anyhow::Result<()> {
    let before = mattermost.dialogs().len();
    // A trigger lives for 3 s, so not all of them are made at once.
    for part in (0..count).collect::<Vec<_>>().chunks(500) {
        let asks = part.iter().map(|nth| slash(mattermost, USERS[nth % USERS.len()]));
        send(address, asks.collect::<Result<_, _>>()?, CONNECTIONS, None).await?;
    }
    let opened = mattermost.dialogs().len() - before;
    ensure!(opened == count, "{opened} forms of {count} were opened");
    Ok(())
}

/// `/ticket` as Mattermost sends it for one of its users.
pub(crate) fn slash(mattermost: &Mattermost, user: &str) -> anyhow::Result<Ask> {
    let form = mattermost.slash(user, "/ticket");
    let ask = Request::post("/ticket");
    let headers = form.headers(&mattermost.url());
    let ask = headers.iter().fold(ask, |ask, (name, value)| ask.header(name, value));
    Ok(ask.body(Full::new(form.body().into()))?)
}

/// A filled form as Mattermost sends it.
pub(crate) fn filled(form: &OpenedDialog) -> anyhow::Result<Ask> {
    let url: Url = form.url.parse()?;
    let body = json!({
        "type": "dialog_submission",
        "callback_id": form.dialog["callback_id"],
        "state": form.dialog["state"],
        "user_id": form.user_id,
        "channel_id": form.channel_id,
        "team_id": form.team_id,
        "submission": {
            "cluster": "Berlin",
            "resource": "vm-7",
            "problem": "Since yesterday it answers nobody.\nIt was restarted twice.",
            "network": null,
        },
        "cancelled": false,
    });
    let ask = Request::post(&url[Position::BeforePath..])
        .header("host", "ticketd")
        .header("content-type", "application/json");
    Ok(ask.body(Full::new(body.to_string().into()))?)
}

/// Sends all of these by so many connections; every answer is a 200, and these words if given.
pub(crate) async fn send(
    address: SocketAddr,
    asks: Vec<Ask>,
    connections: usize,
    words: Option<&'static str>,
) -> anyhow::Result<()> {
    let mut tasks = JoinSet::new();
    let each = asks.len().div_ceil(connections);
    for asks in asks.chunks(each) {
        let asks = asks.to_vec();
        tasks.spawn(async move {
            let stream = TcpStream::connect(address).await?;
            stream.set_nodelay(true)?;
            let (mut sender, connection) = handshake(TokioIo::new(stream)).await?;
            tokio::spawn(connection);
            for ask in asks {
                sender.ready().await?;
                let answer = sender.send_request(ask).await?;
                ensure!(answer.status() == StatusCode::OK, "answered {}", answer.status());
                let body = answer.into_body().collect().await?.to_bytes();
                let fits = words.is_none_or(|words| body == words);
                ensure!(fits, "answered {}", String::from_utf8_lossy(&body));
            }
            anyhow::Ok(())
        });
    }
    tasks.join_all().await.into_iter().collect()
}

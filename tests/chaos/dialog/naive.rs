//! `/ticket` as one writes it in an afternoon, to show that the judge has teeth: it counts the
//! tickets in memory, and posts again when it is not sure. It runs in a process of its own.

use std::convert::Infallible;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use http::{Request, Response};
use http_body_util::{BodyExt, Full};
use hyper::body::{Bytes, Incoming};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use serde_json::{Value, json};
use ticketd::sandbox::Mattermost;
use tokio::net::TcpListener;
use tokio::time::sleep;

/// What the variable of the order holds.
pub(crate) const TICKETS: &str = "tickets";
/// Variables: where the chat is, and where the chat finds us.
pub(crate) const CHAT: &str = "CHAOS_CHAT";
pub(crate) const DOOR: &str = "CHAOS_DOOR";

/// Tries of a post.
const TRIES: usize = 3;
/// A call that takes longer has failed.
const LIMIT: Duration = Duration::from_secs(3);

struct Naive {
    http: reqwest::Client,
    chat: String,
    door: String,
    count: AtomicU32,
}

/// Serves until it is killed.
#[allow(clippy::print_stderr, reason = "so it tells its address, as the daemon does")]
pub(crate) async fn work() {
    let http = reqwest::Client::builder().no_proxy().timeout(LIMIT).build().unwrap();
    let variable = |name| std::env::var(name).unwrap();
    let naive =
        Naive { http, chat: variable(CHAT), door: variable(DOOR), count: AtomicU32::new(0) };
    let naive = Arc::new(naive);
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    eprintln!("ticketd is ready address={}", listener.local_addr().unwrap());
    loop {
        let (stream, _) = listener.accept().await.unwrap();
        let naive = naive.clone();
        tokio::spawn(async move {
            let service = service_fn(|request| naive.answer(request));
            http1::Builder::new().serve_connection(TokioIo::new(stream), service).await
        });
    }
}

impl Naive {
    async fn answer(
        &self,
        request: Request<Incoming>,
    ) -> Result<Response<Full<Bytes>>, Infallible> {
        let is_form = request.uri().path() == "/submit";
        let body = request.into_body().collect().await.map(http_body_util::Collected::to_bytes);
        let body = body.unwrap_or_default();
        if is_form {
            self.post(&serde_json::from_slice(&body).unwrap_or_default()).await;
        } else {
            self.open(&body).await;
        }
        Ok(Response::new(Full::new(Bytes::from_static(b"{}"))))
    }

    async fn open(&self, body: &[u8]) {
        let field = |wanted: &str| {
            let mut fields = url::form_urlencoded::parse(body);
            fields.find(|(name, _)| name == wanted).map(|(_, value)| value.into_owned())
        };
        let element = |name: &str| json!({"name": name, "display_name": name, "type": "text"});
        let mut problem = element("problem");
        problem["default"] = json!(field("text"));
        let dialog = json!({
            "title": "Ticket",
            "elements": [element("cluster"), element("resource"), problem],
        });
        let open = json!({
            "trigger_id": field("trigger_id"),
            "url": format!("{}submit", self.door),
            "dialog": dialog,
        });
        let _ = self.call("actions/dialogs/open", &open).await;
    }

    async fn post(&self, filled: &Value) {
        let count = self.count.fetch_add(1, Ordering::Relaxed) + 1;
        let post = json!({
            "channel_id": filled["channel_id"],
            "message": filled["submission"]["problem"],
            "props": {"is_ticket": true, "ticket_id": format!("Ticket-20261122-{count:04}")},
        });
        for _ in 0..TRIES {
            if self.call("posts", &post).await.is_ok() {
                return;
            }
            sleep(LIMIT / 10).await;
        }
    }

    async fn call(&self, path: &str, body: &Value) -> reqwest::Result<Value> {
        let request = self.http.post(format!("{}api/v4/{path}", self.chat));
        let request = request.bearer_auth(Mattermost::bot_token()).json(body);
        request.send().await?.error_for_status()?.json().await
    }
}

//! A server in front of the stand-in that keeps what goes to and fro, and a door for its notices.

use std::convert::Infallible;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError};

use bytes::Bytes;
use http::header::{CONTENT_TYPE, TRANSFER_ENCODING};
use http::{Request, Response};
use http_body_util::{BodyExt as _, Full};
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use tokio::net::TcpListener;
use tokio::task::JoinSet;
use tokio_util::task::AbortOnDropHandle;
use url::Url;

/// One request and its answer.
#[derive(Clone)]
pub(super) struct Exchange {
    pub(super) method: String,
    /// The path, decoded, and the query as it was sent.
    pub(super) target: String,
    pub(super) sent: Bytes,
    pub(super) status: u16,
    pub(super) kind: String,
    pub(super) answered: Bytes,
}

impl Exchange {
    pub(super) fn is_json(&self) -> bool {
        self.kind.starts_with("application/json")
    }
}

/// Stops when dropped.
pub(super) struct Recorder {
    pub(super) url: Url,
    exchanges: Arc<Mutex<Vec<Exchange>>>,
    _server: AbortOnDropHandle<()>,
}

impl Recorder {
    /// Keeps all that goes to this server and comes back.
    pub(super) async fn before(server: &Url) -> Self {
        ticketd::prepare_process();
        let client = reqwest::Client::builder().no_proxy().build().unwrap();
        let server = server.clone();
        Self::answering(move |request, body| {
            let (server, client) = (server.clone(), client.clone());
            async move {
                let target = request.uri.path_and_query().unwrap().as_str();
                let url = format!("{}{target}", server.as_str().trim_end_matches('/'));
                // With its `Host`: the links of the answers lead here.
                let sent = client.request(request.method, url).headers(request.headers).body(body);
                let answer = sent.send().await.unwrap();
                let (status, mut headers) = (answer.status(), answer.headers().clone());
                headers.remove(TRANSFER_ENCODING);
                (status.as_u16(), headers, answer.bytes().await.unwrap())
            }
        })
        .await
    }

    /// A door for notices: proves itself, and keeps what it is told.
    pub(super) async fn door() -> Self {
        Self::answering(|request, _| async move {
            let query = request.uri.query().unwrap_or_default().as_bytes();
            let token = url::form_urlencoded::parse(query)
                .find(|(name, _)| name == "validationToken")
                .map(|(_, token)| token.into_owned());
            let mut headers = http::HeaderMap::new();
            headers.insert(CONTENT_TYPE, "text/plain".parse().unwrap());
            match token {
                Some(token) => (200, headers, token.into()),
                None => (202, headers, Bytes::new()),
            }
        })
        .await
    }

    async fn answering<A, F>(answer: A) -> Self
    where
        A: Fn(http::request::Parts, Bytes) -> F + Clone + Send + Sync + 'static,
        F: Future<Output = (u16, http::HeaderMap, Bytes)> + Send,
    {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address: SocketAddr = listener.local_addr().unwrap();
        let exchanges = Arc::<Mutex<Vec<Exchange>>>::default();
        let kept = Arc::clone(&exchanges);
        let server = tokio::spawn(async move {
            let mut lines = JoinSet::new();
            while let Ok((stream, _)) = listener.accept().await {
                let (answer, kept) = (answer.clone(), Arc::clone(&kept));
                lines.spawn(async move {
                    let service = service_fn(|request: Request<Incoming>| {
                        let (answer, kept) = (answer.clone(), Arc::clone(&kept));
                        async move {
                            let (parts, body) = request.into_parts();
                            let sent = body.collect().await.unwrap().to_bytes();
                            let target = parts.uri.path_and_query().unwrap().as_str();
                            let target = super::contract::decoded(target);
                            let method = parts.method.to_string();
                            let (status, headers, answered) = answer(parts, sent.clone()).await;
                            let kind = headers.get(CONTENT_TYPE);
                            let kind = kind.and_then(|kind| kind.to_str().ok());
                            let kind = kind.unwrap_or_default().to_owned();
                            let answered_too = answered.clone();
                            let exchange =
                                Exchange { method, target, sent, status, kind, answered };
                            kept.lock().unwrap_or_else(PoisonError::into_inner).push(exchange);
                            let mut response = Response::new(Full::new(answered_too));
                            *response.status_mut() = status.try_into().unwrap();
                            *response.headers_mut() = headers;
                            Ok::<_, Infallible>(response)
                        }
                    });
                    let server = hyper::server::conn::http1::Builder::new();
                    let _ = server.serve_connection(TokioIo::new(stream), service).await;
                });
            }
        });
        let url = format!("http://{address}/").parse().unwrap();
        Self { url, exchanges, _server: AbortOnDropHandle::new(server) }
    }

    pub(super) fn exchanges(&self) -> Vec<Exchange> {
        self.exchanges.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

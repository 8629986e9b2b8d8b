//! A server that gives its answers in order and keeps what it was asked.

use std::{
    collections::VecDeque,
    convert::Infallible,
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering::SeqCst},
    },
    time::Duration,
};

use bytes::Bytes;
use http::{HeaderMap, Request, Response, header::CONTENT_TYPE};
use http_body_util::{BodyExt as _, Full};
use hyper::{body::Incoming, service::service_fn};
use hyper_util::rt::TokioIo;
use serde_json::Value;
use tokio::net::TcpListener;
use tokio_util::task::AbortOnDropHandle;
use url::Url;

/// An answer.
#[derive(Clone)]
pub(super) struct Reply {
    status: u16,
    headers: Vec<(&'static str, &'static str)>,
    body: Vec<u8>,
    delay: Duration,
}

impl Reply {
    pub(super) fn json(status: u16, body: &str) -> Self {
        Self::of(status, body).with("content-type", "application/json;charset=UTF-8")
    }

    pub(super) fn of(status: u16, body: impl Into<Vec<u8>>) -> Self {
        Self { status, headers: Vec::new(), body: body.into(), delay: Duration::ZERO }
    }

    pub(super) fn with(mut self, name: &'static str, value: &'static str) -> Self {
        self.headers.push((name, value));
        self
    }

    pub(super) fn late(mut self, delay: Duration) -> Self {
        self.delay = delay;
        self
    }
}

/// A request as it came.
#[derive(Debug)]
pub(super) struct Seen {
    pub(super) line: String,
    pub(super) query: Vec<(String, String)>,
    pub(super) headers: HeaderMap,
    /// `None` if it broke off.
    pub(super) body: Option<Bytes>,
}

impl Seen {
    pub(super) fn json(&self) -> Value {
        assert_eq!(self.headers[CONTENT_TYPE], "application/json");
        serde_json::from_slice(self.body.as_ref().unwrap()).unwrap()
    }
}

#[derive(Default)]
struct Shared {
    replies: Mutex<VecDeque<Reply>>,
    seen: Mutex<Vec<Seen>>,
    running: AtomicUsize,
    most: AtomicUsize,
}

pub(super) struct Canned {
    pub(super) url: Url,
    shared: Arc<Shared>,
    _accepting: AbortOnDropHandle<()>,
}

impl Canned {
    /// Serves below the context path `/j`. Whoever asks more often than there are answers gets a
    /// 418.
    pub(super) async fn start(replies: impl IntoIterator<Item = Reply>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/j", listener.local_addr().unwrap());
        let shared = Arc::new(Shared::default());
        shared.replies.lock().unwrap().extend(replies);
        let accepting = accept(listener, Arc::clone(&shared));
        Self {
            url: Url::parse(&url).unwrap(),
            shared,
            _accepting: AbortOnDropHandle::new(tokio::spawn(accepting)),
        }
    }

    /// What was asked, each once: all of it as the description has it.
    pub(super) fn seen(&self) -> Vec<Seen> {
        let seen = std::mem::take(&mut *self.shared.seen.lock().unwrap());
        seen.iter().for_each(described);
        seen
    }

    /// The one request that was made.
    pub(super) fn only(&self) -> Seen {
        let mut seen = self.seen();
        assert_eq!(seen.len(), 1, "{seen:?}");
        seen.remove(0)
    }

    /// The most requests that ran at once.
    pub(super) fn most_at_once(&self) -> usize {
        self.shared.most.load(SeqCst)
    }
}

async fn accept(listener: TcpListener, shared: Arc<Shared>) {
    let mut connections = tokio::task::JoinSet::new();
    while let Ok((stream, _)) = listener.accept().await {
        let shared = Arc::clone(&shared);
        let service = service_fn(move |request| answer(Arc::clone(&shared), request));
        connections.spawn(async move {
            let server = hyper::server::conn::http1::Builder::new();
            let _ = server.serve_connection(TokioIo::new(stream), service).await;
        });
    }
}

async fn answer(
    shared: Arc<Shared>,
    request: Request<Incoming>,
) -> Result<Response<Full<Bytes>>, Infallible> {
    shared.most.fetch_max(shared.running.fetch_add(1, SeqCst) + 1, SeqCst);
    let (head, body) = request.into_parts();
    let body = body.collect().await.ok().map(http_body_util::Collected::to_bytes);
    let path = head.uri.path().strip_prefix("/j").unwrap_or("outside the base");
    let query = url::form_urlencoded::parse(head.uri.query().unwrap_or_default().as_bytes());
    shared.seen.lock().unwrap().push(Seen {
        line: format!("{} {path}", head.method),
        query: query.into_owned().collect(),
        headers: head.headers,
        body,
    });
    let reply = shared.replies.lock().unwrap().pop_front();
    let reply = reply.unwrap_or_else(|| Reply::of(418, "no answer left"));
    tokio::time::sleep(reply.delay).await;
    shared.running.fetch_sub(1, SeqCst);
    let mut response = Response::builder().status(reply.status);
    for (name, value) in reply.headers {
        response = response.header(name, value);
    }
    Ok(response.body(Full::from(reply.body)).unwrap())
}

/// What Data Center and the Software interface know and the description does not: the request, and
/// its parameters. Source: Atlassian's references of those two.
const ELSEWHERE: [(&str, &[&str]); 4] = [
    ("GET /rest/api/2/search", &["jql", "startAt", "maxResults", "fields", "expand"]),
    ("GET /rest/agile/1.0/board", &["name", "startAt", "maxResults"]),
    ("GET /rest/agile/1.0/board/{id}/configuration", &[]),
    ("GET /secure/attachment/{id}/{name}", &[]),
];

/// Fails unless the description has this request with these parameters and properties.
fn described(seen: &Seen) {
    let text = include_str!("../../../../tests/fixtures/jira/description.json");
    let description: Value = serde_json::from_str(text).unwrap();
    let (method, path) = seen.line.split_once(' ').unwrap();
    let elsewhere = ELSEWHERE.iter().find(|(line, _)| fits(line, &seen.line));
    if let Some((_, parameters)) = elsewhere {
        for (name, _) in &seen.query {
            assert!(parameters.contains(&name.as_str()), "{name} of {}", seen.line);
        }
        return;
    }
    // Both versions have the same paths. A literal one goes before a template.
    let path = path.replace("/rest/api/2/", "/rest/api/3/");
    let paths = description["paths"].as_object().unwrap();
    let template = paths.contains_key(&path).then_some(&path);
    let template = template.or_else(|| paths.keys().find(|template| fits(template, &path)));
    let template = template.unwrap_or_else(|| panic!("{} is not described", seen.line));
    let operation = &paths[template][method.to_lowercase()];
    let parameters = operation["parameters"].as_array().unwrap_or_else(|| panic!("{}", seen.line));
    for (name, _) in &seen.query {
        let known = parameters.iter().any(|parameter| parameter["name"] == name.as_str());
        assert!(known, "{name} of {}", seen.line);
    }
    let Some(kind) = seen.headers.get(CONTENT_TYPE) else { return };
    let kind = kind.to_str().unwrap().split(';').next().unwrap();
    let schema = &operation["requestBody"]["content"][kind]["schema"];
    match (schema["$ref"].as_str(), schema["type"].as_str()) {
        (Some(name), _) => properties(&description, name.rsplit('/').next().unwrap(), &seen.json()),
        (_, Some("string")) => assert!(seen.json().is_string(), "{}", seen.line),
        (_, Some("array")) => assert_eq!(kind, "multipart/form-data"),
        _ => panic!("{kind} of {} is not described", seen.line),
    }
}

fn properties(description: &Value, schema: &str, body: &Value) {
    let known = description["components"]["schemas"][schema]["properties"].as_object().unwrap();
    for (name, value) in body.as_object().unwrap() {
        assert!(known.contains_key(name), "{name} of {schema}");
        match name.as_str() {
            "properties" => {
                for one in value.as_array().unwrap() {
                    properties(description, "EntityProperty", one);
                }
            }
            "transition" => properties(description, "IssueTransition", value),
            _ => {}
        }
    }
}

/// Whether the path is one of the template's.
fn fits(template: &str, path: &str) -> bool {
    let same = |(piece, part): (&str, &str)| piece.starts_with('{') || piece == part;
    template.split('/').count() == path.split('/').count()
        && template.split('/').zip(path.split('/')).all(same)
}

#[test]
fn a_request_that_is_not_described_is_noticed() {
    let seen = |line: &str, query: &[&str], body: &str| {
        let mut headers = HeaderMap::new();
        if !body.is_empty() {
            headers.insert(CONTENT_TYPE, "application/json".parse().unwrap());
        }
        let query = query.iter().map(|name| ((*name).to_owned(), String::new())).collect();
        Seen { line: line.to_owned(), query, headers, body: Some(Bytes::from(body.to_owned())) }
    };
    let comment = "POST /rest/api/2/issue/SUP-2/comment";
    for (seen, good) in [
        (seen("GET /rest/api/2/issue/SUP-2", &["fields"], ""), true),
        (seen("GET /rest/api/2/issue/SUP-2", &["field"], ""), false),
        (seen("GET /rest/api/2/issues/SUP-2", &[], ""), false),
        (seen("DELETE /rest/api/2/issue/SUP-2", &[], ""), false),
        (seen(comment, &[], r#"{"body":"x"}"#), true),
        (seen(comment, &[], r#"{"text":"x"}"#), false),
        (seen(comment, &[], r#"{"properties":[{"name":"x"}]}"#), false),
        (seen("POST /rest/api/2/issue/SUP-2/watchers", &[], r#""u1""#), true),
        (seen("POST /rest/api/2/issue/SUP-2/watchers", &[], r#"{"user":"u1"}"#), false),
    ] {
        let checked = std::panic::catch_unwind(|| described(&seen));
        assert_eq!(checked.is_ok(), good, "{seen:?}");
    }
}

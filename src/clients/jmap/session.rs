//! Where the server's doors are: the session resource (RFC 8620, 2), found by hand because no
//! redirect is followed blindly, and the addresses that it names.

use std::time::Duration;

use http::{Method, header::LOCATION};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use tokio::sync::Semaphore;
use url::Url;

use super::{JmapClient, malformed, wire};
use crate::clients::ApiError;

/// Calls at once, at most: a mailbox is one of several users of its server.
const AT_ONCE: usize = 4;
/// Mails in one `Email/get`, at most.
const PER_GET: usize = 256;
/// Redirects on the way to the session.
const HOPS: usize = 3;
/// RFC 6570, 3.2.2: everything but the unreserved is escaped.
const ESCAPED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// What the session said, as far as it is used.
pub(super) struct Session {
    pub(super) api: Url,
    pub(super) account: String,
    pub(super) using: Vec<&'static str>,
    pub(super) at_once: Semaphore,
    pub(super) per_get: usize,
    base: Url,
    download: String,
    upload: String,
    events: Option<String>,
}

impl Session {
    fn new(base: Url, wire: wire::Session) -> Result<Self, ApiError> {
        let account = wire.primary_accounts.get(wire::MAIL).cloned();
        let core = wire.capabilities.core;
        let sends = wire.capabilities.submission.is_some();
        let using = [wire::CORE, wire::MAIL].into_iter().chain(sends.then_some(wire::SUBMISSION));
        Ok(Self {
            api: resolved(&base, &wire.api_url)?,
            account: account.ok_or_else(|| malformed("a session without a mail account"))?,
            using: using.collect(),
            at_once: Semaphore::new(core.max_concurrent_requests.clamp(1, AT_ONCE)),
            per_get: core.max_objects_in_get.clamp(1, PER_GET),
            base,
            download: wire.download_url,
            upload: wire.upload_url,
            events: wire.event_source_url,
        })
    }

    pub(super) fn download(&self, blob: &str, name: &str, kind: &str) -> Result<Url, ApiError> {
        self.filled(&self.download, &[("blobId", blob), ("name", name), ("type", kind)])
    }

    pub(super) fn upload(&self) -> Result<Url, ApiError> {
        self.filled(&self.upload, &[])
    }

    /// Where changes of mails are told, with a sign of life every `ping`.
    pub(super) fn events(&self, ping: Duration) -> Result<Option<Url>, ApiError> {
        let Some(template) = &self.events else { return Ok(None) };
        let ping = ping.as_secs().to_string();
        let values = [("types", "Email"), ("closeafter", "no"), ("ping", &ping)];
        self.filled(template, &values).map(Some)
    }

    fn filled(&self, template: &str, values: &[(&str, &str)]) -> Result<Url, ApiError> {
        let account = [("accountId", self.account.as_str())];
        let filled =
            account.iter().chain(values).fold(template.to_owned(), |text, (name, value)| {
                let value = utf8_percent_encode(value, ESCAPED).to_string();
                text.replace(&format!("{{{name}}}"), &value)
            });
        resolved(&self.base, &filled)
    }
}

/// A session's addresses may be relative, as Cyrus's are. None may give up TLS.
fn resolved(base: &Url, text: &str) -> Result<Url, ApiError> {
    let url = base.join(text).map_err(|_| malformed("a session with an address that is none"))?;
    match (base.scheme(), url.scheme()) {
        (_, "https") | ("http", "http") => Ok(url),
        _ => Err(malformed("a session that leads away from TLS")),
    }
}

impl JmapClient {
    /// The session, asked for when it is first needed.
    pub(super) async fn session(&self) -> Result<std::sync::Arc<Session>, ApiError> {
        if let Some(session) = &*self.shared.session.read().await {
            return Ok(session.clone());
        }
        let mut kept = self.shared.session.write().await;
        if let Some(session) = &*kept {
            return Ok(session.clone());
        }
        let session = std::sync::Arc::new(self.discover().await?);
        Ok(kept.insert(session).clone())
    }

    /// Forgets what the server said about itself; the next call asks again.
    pub(super) async fn forget(&self) {
        *self.shared.session.write().await = None;
        *self.shared.folders.write().await = None;
    }

    async fn discover(&self) -> Result<Session, ApiError> {
        let mut url = self.shared.session_url.clone();
        for _ in 0..HOPS {
            let request = self.request(Method::GET, url.clone());
            let send = |request| self.shared.transport.send(request);
            match self.shared.signed_once_more(request, send).await {
                Ok((answer, _)) => return Session::new(url, answer.json()?),
                // The transport says what a redirect is not: an answer.
                Err(error @ ApiError::Malformed { .. }) => {
                    url = self.elsewhere(&url).await.ok_or(error)?;
                }
                Err(error) => return Err(error),
            }
        }
        Err(malformed("a session behind too many redirects"))
    }

    /// Where a redirect leads, if it stays with the server: the key goes there too.
    async fn elsewhere(&self, url: &Url) -> Option<Url> {
        let request =
            self.shared.keeper.key().await.ok()?.sign(self.request(Method::GET, url.clone()));
        let answer = tokio::time::timeout(self.shared.limit, request.send()).await.ok()?.ok()?;
        let moved = answer.status().is_redirection();
        let there = url.join(answer.headers().get(LOCATION)?.to_str().ok()?).ok()?;
        let upgraded = url.scheme() == "http" && there.scheme() == "https";
        let same = there.origin() == url.origin() || upgraded && there.host() == url.host();
        (moved && same).then_some(there)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn session(base: &str, change: impl FnOnce(&mut Value)) -> Result<Session, ApiError> {
        let recorded = include_str!("../../../tests/fixtures/jmap/03-session.response");
        let (_, body) = recorded.split_once("\r\n\r\n").unwrap();
        let mut wire: Value = serde_json::from_str(body).unwrap();
        change(&mut wire);
        Session::new(base.parse().unwrap(), serde_json::from_value(wire).unwrap())
    }

    #[test]
    fn relative_addresses_are_resolved_and_templates_filled() {
        let session = session("https://mail.example/jmap/", |_| ()).unwrap();
        assert_eq!(session.api.as_str(), "https://mail.example/jmap/");
        assert_eq!((session.account.as_str(), session.per_get), ("support", 256));
        assert_eq!(session.at_once.available_permits(), 4);
        assert_eq!(
            session.download("G1", "Größe 1/2?.pdf", "application/pdf").unwrap().as_str(),
            "https://mail.example/jmap/download/support/G1/Gr%C3%B6%C3%9Fe%201%2F2%3F.pdf?accept=application%2Fpdf"
        );
        assert_eq!(session.upload().unwrap().path(), "/jmap/upload/support/");
        assert_eq!(
            session.events(Duration::from_secs(30)).unwrap().unwrap().as_str(),
            "https://mail.example/jmap/eventsource/?types=Email&closeafter=no&ping=30"
        );
    }

    #[test]
    fn a_session_is_taken_with_care() {
        let base = "https://mail.example/jmap/";
        let core = wire::CORE;
        let modest = session(base, |s| {
            s["capabilities"][core]["maxConcurrentRequests"] = json!(2);
            s["capabilities"][core]["maxObjectsInGet"] = json!(10);
            s["apiUrl"] = json!("https://api.mail.example/jmap");
            s["capabilities"].as_object_mut().unwrap().remove(wire::SUBMISSION);
        });
        let modest = modest.unwrap();
        assert_eq!((modest.at_once.available_permits(), modest.per_get), (2, 10));
        assert_eq!(modest.api.host_str(), Some("api.mail.example"));
        assert_eq!(modest.using, [wire::CORE, wire::MAIL]);
        for (change, cause) in
            [("apiUrl", "away from TLS"), ("primaryAccounts", "without a mail account")]
        {
            let error = session(base, |s| match change {
                "apiUrl" => s[change] = json!("http://mail.example/jmap/"),
                _ => s[change] = json!({}),
            });
            let error = error.err().unwrap().to_string();
            assert!(error.contains(cause), "{error}");
        }
    }
}

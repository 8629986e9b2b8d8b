//! Calls: signed, paced, sorted. A token that Graph refuses is replaced once. Reads are tried again
//! by the transport; a write without a clear answer fails as [`ApiError::Ambiguous`].

use std::time::Duration;

use http::{Method, header::CONTENT_LENGTH};
use reqwest::RequestBuilder;
use serde::de::DeserializeOwned;
use serde_json::Value;
use url::Url;

use super::{GraphClient, fault::Fault, malformed};
use crate::clients::{
    ApiError,
    transport::{Answer, Download, Failed},
};

const VERSION: &str = "v1.0";
const PREFER: &str = "Prefer";
/// An id stays the same while a mail moves about in its mailbox.
const IMMUTABLE: &str = "IdType=\"ImmutableId\"";

impl GraphClient {
    /// The address of something in the mailbox.
    pub(super) fn at(&self, steps: &[&str]) -> Url {
        let mailbox = self.shared.mailbox.as_str();
        self.root(&[&["users", mailbox], steps].concat())
    }

    /// The address of something in Graph.
    pub(super) fn root(&self, steps: &[&str]) -> Url {
        let mut url = self.shared.base.clone();
        if let Ok(mut path) = url.path_segments_mut() {
            path.pop_if_empty().push(VERSION).extend(steps);
        }
        url
    }

    /// An address that Graph gave, made short. `None` for one that leads elsewhere: no token goes
    /// there.
    pub(super) fn shortened<'l>(&self, link: &'l str) -> Option<&'l str> {
        let root = self.root(&[""]);
        link.strip_prefix(root.as_str())
    }

    /// The whole address again.
    pub(super) fn lengthened(&self, link: &str) -> Result<Url, ApiError> {
        let root = self.root(&[""]);
        let url = Url::parse(&format!("{root}{link}"));
        let url = url.ok().filter(|url| url.as_str().starts_with(root.as_str()));
        url.ok_or_else(|| malformed("a link that leads elsewhere"))
    }

    /// What stands there; `prefer` is said besides the kind of ids.
    pub(super) async fn read<T: DeserializeOwned>(
        &self,
        url: Url,
        prefer: Option<&str>,
    ) -> Result<T, Fault> {
        let answer = self.sent(self.shared.limit, || {
            let request = self.request(Method::GET, url.clone());
            prefer.into_iter().fold(request, |request, prefer| request.header(PREFER, prefer))
        });
        Ok(answer.await?.json()?)
    }

    /// Changes something.
    pub(super) async fn write(
        &self,
        method: Method,
        url: Url,
        body: Option<&Value>,
    ) -> Result<Answer, Fault> {
        self.sent(self.shared.limit, || {
            let request = self.request(method.clone(), url.clone());
            match body {
                Some(body) => request.json(body),
                // Without a length a POST is refused (status 411).
                None => request.header(CONTENT_LENGTH, 0),
            }
        })
        .await
    }

    /// Changes something, and says what came of it.
    pub(super) async fn written<T: DeserializeOwned>(
        &self,
        method: Method,
        url: Url,
        body: Option<&Value>,
    ) -> Result<T, Fault> {
        let answer = self.write(method, url, body).await?;
        Ok(answer.json().map_err(ApiError::after_write)?)
    }

    fn request(&self, method: Method, url: Url) -> RequestBuilder {
        self.shared.transport.connections().request(method, url).header(PREFER, IMMUTABLE)
    }

    async fn sent(
        &self,
        limit: Duration,
        request: impl Fn() -> RequestBuilder,
    ) -> Result<Answer, Fault> {
        let place = self.shared.pace.enter(limit).await?;
        let outcome =
            self.signed(request, |request| self.shared.transport.attempt(limit, request)).await;
        drop(place);
        outcome
    }

    /// Bytes as they come. The place is free again once they begin to come.
    pub(super) async fn streamed(&self, url: Url) -> Result<Download, Fault> {
        let place = self.shared.pace.enter(self.shared.limit).await?;
        let request = || self.request(Method::GET, url.clone());
        let outcome =
            self.signed(request, |request| self.shared.transport.attempt_download(request)).await;
        drop(place);
        outcome
    }

    async fn signed<T, F>(
        &self,
        request: impl Fn() -> RequestBuilder,
        send: impl Fn(RequestBuilder) -> F,
    ) -> Result<T, Fault>
    where
        F: Future<Output = Result<T, Failed>>,
    {
        let keeper = &self.shared.keeper;
        let mut key = keeper.key().await?;
        let outcome = match send(key.sign(request())).await {
            Err(Failed { error: ApiError::Unauthorized { .. }, .. }) => {
                keeper.refused(&key).await;
                key = keeper.key().await?;
                send(key.sign(request())).await
            }
            outcome => outcome,
        };
        let outcome = outcome.map_err(|failed| Fault::of(failed, &self.shared.pace));
        let forbidden = matches!(&outcome, Err(Fault { error: ApiError::Forbidden { .. }, .. }));
        self.shared.rights.note(&key.token, forbidden);
        outcome
    }
}

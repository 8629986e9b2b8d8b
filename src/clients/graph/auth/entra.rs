//! The token endpoint: one form, one answer. It fails as [`Trouble`] says; a question that may have
//! been answered can be asked again.
//!
//! Source: "Microsoft identity platform and the OAuth 2.0 client credentials flow", "… authorization
//! code flow", "… device authorization grant flow".

use std::time::Duration;

use http::{Method, header::CONTENT_TYPE};
use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, de::DeserializeOwned};
use url::{Url, form_urlencoded};

use super::{
    Certificate, Grant,
    fault::{Trouble, unavailable},
};
use crate::{
    clients::{ApiError, Transport},
    clock,
};

/// A lifetime that nobody means.
const LIFETIME_MAX: Duration = Duration::from_hours(24);

/// One application of one tenant.
#[derive(Clone)]
pub(super) struct Entra {
    transport: Transport,
    pub(super) tenant: String,
    pub(super) client_id: String,
    /// Graph's own address, the root of the permissions' names.
    graph: String,
    limit: Duration,
}

/// What a sign-in gave.
pub(super) struct Fresh {
    pub(super) token: SecretString,
    pub(super) lifetime: Duration,
    pub(super) grant: Option<Grant>,
}

#[derive(Deserialize)]
struct Tokens {
    access_token: SecretString,
    expires_in: u64,
    refresh_token: Option<SecretString>,
}

impl Entra {
    pub(super) fn new(
        auth: &super::GraphAuth,
        graph: &Url,
        limit: Duration,
        metrics: crate::telemetry::Metrics,
    ) -> Result<Self, reqwest::Error> {
        Ok(Self {
            transport: Transport::new(super::ENTRA, auth.authority.clone(), limit, metrics)?,
            tenant: auth.tenant.clone(),
            client_id: auth.client_id.clone(),
            graph: graph.as_str().trim_end_matches('/').to_owned(),
            limit,
        })
    }

    pub(super) async fn as_itself(&self, secret: &SecretString) -> Result<Fresh, Trouble> {
        self.tokens(&[
            ("grant_type", "client_credentials"),
            ("client_secret", secret.expose_secret()),
            ("scope", &self.own_scope()),
        ])
        .await
    }

    pub(super) async fn by_proof(&self, certificate: &Certificate) -> Result<Fresh, Trouble> {
        let endpoint = self.at("token");
        let proof = certificate.assertion(clock::now(), &self.client_id, endpoint.as_str());
        let proof = proof.ok_or_else(|| Trouble::Api(unavailable("the proof cannot be signed")))?;
        self.tokens(&[
            ("grant_type", "client_credentials"),
            ("client_assertion_type", "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"),
            ("client_assertion", &proof),
            ("scope", &self.own_scope()),
        ])
        .await
    }

    pub(super) async fn refreshed(&self, token: &SecretString) -> Result<Fresh, Trouble> {
        self.tokens(&[
            ("grant_type", "refresh_token"),
            ("refresh_token", token.expose_secret()),
            ("scope", &self.persons_scope()),
        ])
        .await
    }

    /// What an application may do as itself is settled in the tenant.
    fn own_scope(&self) -> String {
        format!("{}/.default", self.graph)
    }

    /// What it asks a person for.
    pub(super) fn persons_scope(&self) -> String {
        let graph = &self.graph;
        format!("offline_access {graph}/Mail.ReadWrite {graph}/Mail.Send")
    }

    pub(super) fn at(&self, door: &str) -> Url {
        self.transport.at(&format!("{}/oauth2/v2.0/{door}", self.tenant))
    }

    pub(super) async fn tokens(&self, form: &[(&str, &str)]) -> Result<Fresh, Trouble> {
        let tokens: Tokens = self.post("token", form).await?;
        let obtained = clock::now();
        let (tenant, client_id) = (self.tenant.clone(), self.client_id.clone());
        let granted = |refresh_token| Grant { refresh_token, obtained, tenant, client_id };
        Ok(Fresh {
            token: tokens.access_token,
            lifetime: Duration::from_secs(tokens.expires_in).min(LIFETIME_MAX),
            grant: tokens.refresh_token.map(granted),
        })
    }

    pub(super) async fn post<T: DeserializeOwned>(
        &self,
        door: &str,
        form: &[(&str, &str)],
    ) -> Result<T, Trouble> {
        let body = form_urlencoded::Serializer::new(String::new())
            .append_pair("client_id", &self.client_id)
            .extend_pairs(form)
            .finish();
        let request = self.transport.connections().request(Method::POST, self.at(door));
        let request = request.header(CONTENT_TYPE, "application/x-www-form-urlencoded").body(body);
        let answer = self.transport.attempt(self.limit, request).await.map_err(Trouble::of)?;
        answer.json().map_err(|error: ApiError| Trouble::Api(error))
    }
}

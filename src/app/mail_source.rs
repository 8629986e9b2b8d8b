//! Where a mailbox's mails come from: the client that the configuration describes. Nothing is
//! called yet.

use std::sync::Arc;
use std::time::Duration;

use anyhow::Context as _;
use futures_util::{FutureExt, future::BoxFuture};
use secrecy::ExposeSecret;
use url::Url;

use crate::{
    clients::{
        Certificate, Grant, Grants, GraphAuth, GraphClient, GraphSettings, JmapAuth, JmapClient,
        JmapSettings, Mark, Way,
    },
    config,
    model::{keys::MailboxName, mail::Email},
    store::{KeptGrant, Store},
    telemetry::Metrics,
};

/// How long a call to a mailbox may take.
const LIMIT: Duration = Duration::from_secs(20);

/// The client of a JMAP server.
///
/// # Errors
/// Without CA certificates.
pub fn jmap_client(jmap: &config::Jmap, metrics: &Metrics) -> anyhow::Result<JmapClient> {
    let settings = JmapSettings {
        session_url: session_url(&jmap.url)?,
        auth: match (&jmap.credential, &jmap.user) {
            (config::Credential::Password(password), user) => JmapAuth::Basic {
                user: user.clone().unwrap_or_default(),
                password: password.clone(),
            },
            (config::Credential::Token(token), _) => JmapAuth::Token(token.clone()),
            (config::Credential::TokenFile(file), _) => JmapAuth::TokenFile(file.clone()),
        },
        limit: LIMIT,
    };
    Ok(JmapClient::new(settings, metrics.clone())?)
}

/// A bare host is asked where its session lies (RFC 8620, 2.2); a path is the session itself.
fn session_url(url: &Url) -> anyhow::Result<Url> {
    Ok(if url.path() == "/" { url.join(".well-known/jmap")? } else { url.clone() })
}

/// The client of a mailbox of Microsoft 365; `grants` is where the sign-in of a person is kept.
///
/// # Errors
/// A certificate that cannot be used; without CA certificates.
pub fn graph_client(
    mailbox: &config::Mailbox,
    graph: &config::Graph,
    grants: Arc<dyn Grants>,
    metrics: &Metrics,
) -> anyhow::Result<GraphClient> {
    let name = &mailbox.name;
    let address = Email::parse(&mailbox.address);
    let settings = GraphSettings {
        base: graph.base_url.clone(),
        mailbox: address.with_context(|| format!("mailbox[{name}].address"))?,
        auth: graph_auth(graph, grants).with_context(|| format!("mailbox[{name}].graph"))?,
        limit: LIMIT,
    };
    Ok(GraphClient::new(settings, metrics.clone())?)
}

/// The application, and how it gets in.
///
/// # Errors
/// A certificate that cannot be used.
pub fn graph_auth(graph: &config::Graph, grants: Arc<dyn Grants>) -> anyhow::Result<GraphAuth> {
    let way = match &graph.sign_in {
        config::SignIn::Secret(secret) => Way::Secret(secret.clone()),
        config::SignIn::Certificate { certificate, key } => {
            let read = Certificate::from_pem(key.expose_secret(), certificate.expose_secret());
            Way::Certificate(Arc::new(read?))
        }
        config::SignIn::Device | config::SignIn::Code => Way::Delegated(grants),
    };
    Ok(GraphAuth {
        authority: graph.authority.clone(),
        tenant: graph.tenant.clone(),
        client_id: graph.client_id.clone(),
        way,
    })
}

/// What is done to a mail whose ticket is made.
pub(super) fn mark(mark: &config::Mark) -> Option<Mark> {
    match mark {
        config::Mark::None => None,
        config::Mark::Read => Some(Mark::Read),
        config::Mark::Category(category) => Some(Mark::Category(category.clone())),
        config::Mark::Move(folder) => Some(Mark::Move(folder.clone())),
    }
}

/// The sign-in of one mailbox, kept in the store. One of another tenant or application is none.
pub(super) struct StoredGrants {
    store: Store,
    mailbox: MailboxName,
    tenant: String,
    client_id: String,
}

impl StoredGrants {
    pub(super) fn new(store: Store, mailbox: MailboxName, graph: &config::Graph) -> Self {
        let (tenant, client_id) = (graph.tenant.clone(), graph.client_id.clone());
        Self { store, mailbox, tenant, client_id }
    }
}

impl Grants for StoredGrants {
    fn load(&self) -> BoxFuture<'_, Result<Option<Grant>, String>> {
        let kept = self.store.grants().of(&self.mailbox).map_err(|error| error.to_string());
        let ours = |kept: &KeptGrant| {
            kept.tenant.eq_ignore_ascii_case(&self.tenant)
                && kept.client_id.eq_ignore_ascii_case(&self.client_id)
        };
        let grant = |KeptGrant { refresh_token, obtained, tenant, client_id }| Grant {
            refresh_token,
            obtained,
            tenant,
            client_id,
        };
        async move { Ok(kept?.filter(ours).map(grant)) }.boxed()
    }

    fn keep(&self, grant: Grant) -> BoxFuture<'_, Result<(), String>> {
        let Grant { refresh_token, obtained, tenant, client_id } = grant;
        let kept = KeptGrant { refresh_token, obtained, tenant, client_id };
        async move {
            let put = self.store.grants().keep(&self.mailbox, &kept);
            put.map_err(|error| error.to_string())?;
            self.store.barrier().await.map_err(|error| error.to_string())
        }
        .boxed()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{clock, store::Keyring};

    #[tokio::test]
    async fn a_sign_in_is_filed_under_what_gave_it() {
        let dir = tempfile::tempdir().unwrap();
        let store = Store::open(&dir.path().join("store"), Keyring::generate()).unwrap();
        let name = MailboxName::parse("support").unwrap();
        let url = |text: &str| Url::parse(text).unwrap();
        let of = |tenant: &str, client_id: &str| {
            let graph = config::Graph {
                tenant: tenant.to_owned(),
                client_id: client_id.to_owned(),
                sign_in: config::SignIn::Device,
                authority: url("https://login.example"),
                base_url: url("https://graph.example"),
                webhooks: false,
                mark: config::Mark::None,
            };
            StoredGrants::new(store.clone(), name.clone(), &graph)
        };
        let grant = Grant {
            refresh_token: "a-token".into(),
            obtained: clock::now(),
            tenant: "new.example".to_owned(),
            client_id: "app".to_owned(),
        };
        of("old.example", "app").keep(grant).await.unwrap();
        for (tenant, client_id, there) in [
            ("new.example", "app", true),
            ("NEW.example", "App", true),
            ("old.example", "app", false),
            ("new.example", "other", false),
        ] {
            let loaded = of(tenant, client_id).load().await.unwrap();
            assert_eq!(loaded.is_some(), there, "{tenant} {client_id}");
        }
    }
}

//! The operator's hand on a mailbox's sign-in: a new one is taken up and tried out.

use std::{fmt, sync::Arc};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::{Reply, Review};
use crate::{
    actors::mailboxes::Mailbox,
    clients::{Grant, Granted, GraphClient, MailboxClient, Reach, SignInFault},
    model::keys::MailboxName,
};

/// What a mailbox signs in as, in the configuration of whoever asks.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Application {
    /// The tenant's id or domain.
    pub tenant: String,
    /// The application's id.
    pub client_id: String,
    /// Whether it gets in by a person's sign-in.
    pub by_a_person: bool,
}

/// What a person gave who signed in, on its way to the store.
#[derive(Clone, Serialize, Deserialize)]
pub struct GivenGrant {
    /// The refresh token.
    pub refresh_token: String,
    /// When it was given.
    pub obtained: Timestamp,
}

/// It lets in whoever has it.
impl fmt::Debug for GivenGrant {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("GivenGrant").finish_non_exhaustive()
    }
}

/// What a sign-in may do.
#[derive(Debug, Serialize, Deserialize)]
pub struct SignInReport {
    /// Why nobody is let in.
    pub fault: Option<SignInFault>,
    /// The permissions that are missing.
    pub missing: Vec<String>,
    /// Whether the mailbox opens, if somebody is let in.
    pub reach: Option<Reach>,
}

impl Review {
    /// The mailbox, if ticketd runs with it as whoever asks has it: else a sentence.
    pub(super) fn authorizable(
        &self,
        mailbox: &str,
        application: &Application,
    ) -> Result<(Arc<Mailbox>, GraphClient), String> {
        let known = MailboxName::parse(mailbox).and_then(|name| self.mailboxes.of(&name));
        let other = match known {
            None => "without a mailbox",
            Some(known) => match &known.source {
                MailboxClient::Jmap(_) => "at JMAP with mailbox",
                MailboxClient::Graph(source) => {
                    let Application { tenant, client_id, by_a_person } = application;
                    if source.is_of(tenant, client_id, *by_a_person) {
                        let source = source.clone();
                        return Ok((known, source));
                    }
                    "with another tenant, client_id or sign_in of mailbox"
                }
            },
        };
        Err(format!(
            "ticketd runs {other} {mailbox:?}: restart it with this configuration, then run this \
             again"
        ))
    }

    /// Takes up a sign-in, and tries it out. Whatever comes of it, the mailbox is looked at again.
    pub(super) async fn authorize(
        &self,
        mailbox: &str,
        application: Application,
        given: Option<GivenGrant>,
    ) -> anyhow::Result<Reply> {
        let (known, source) = match self.authorizable(mailbox, &application) {
            Ok(found) => found,
            Err(words) => return Ok(Reply::Failed(words)),
        };
        let Application { tenant, client_id, .. } = application;
        let given = given.map(|GivenGrant { refresh_token, obtained }| Grant {
            refresh_token: refresh_token.into(),
            obtained,
            tenant,
            client_id,
        });
        source.signed_in(given).await?;
        let tried = source.permissions().await;
        // Whatever came of it: nobody else would have the mailbox looked at again.
        known.bell.ring();
        let report = match tried {
            Ok(Granted { missing, mailbox }) => {
                known.health.sign_in(None);
                let missing = missing.unwrap_or_default().into_iter().map(str::to_owned);
                SignInReport { fault: None, missing: missing.collect(), reach: Some(mailbox) }
            }
            Err(error) => match source.sign_in_needed() {
                None => {
                    let (service, cause) = (error.service().to_owned(), error.to_string());
                    return Ok(Reply::Unanswered { service, cause });
                }
                fault => SignInReport { fault, missing: Vec::new(), reach: None },
            },
        };
        Ok(Reply::Authorized(report))
    }
}

/// What is known to be wrong with a mailbox's sign-in, without trying it.
pub(super) async fn sign_in(mailbox: &Mailbox) -> Option<SignInFault> {
    let known = mailbox.source.sign_in_needed();
    if known.is_some() {
        return known;
    }
    match mailbox.grants.as_ref()?.load().await {
        Ok(None) => Some(SignInFault::NoGrant),
        Ok(Some(_)) | Err(_) => None,
    }
}

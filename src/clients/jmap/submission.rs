//! A draft on its way: handed to the server for delivery, and whether that has happened.

use serde_json::json;

use super::{
    JmapClient,
    call::{Fault, Kind},
    drafts::created,
    wire,
};
use crate::{clients::ApiError, model::mail::Email};

impl JmapClient {
    /// Hands a draft over for delivery; the server then files it among the sent mails. A mail that
    /// is on its way but could not be filed stays a draft, and is sent all the same.
    ///
    /// # Errors
    /// [`ApiError::Rejected`] with the server's words if it will not (`forbiddenToSend`,
    /// `invalidRecipients` …); [`ApiError::Ambiguous`] if it may have: ask
    /// [`JmapClient::was_sent`].
    pub async fn send(&self, email_id: &str, from: &Email, to: &[Email]) -> Result<(), ApiError> {
        let folders = self.folders().await?;
        let recipients: Vec<_> = to.iter().map(|to| json!({"email": to.as_str()})).collect();
        // The envelope is said in full: an identity need not have an address (recorded).
        let submission = json!({
            "identityId": self.identity(from).await?,
            "emailId": email_id,
            "envelope": {"mailFrom": {"email": from.as_str()}, "rcptTo": recipients},
        });
        let filed = json!({
            "keywords/$draft": null,
            format!("mailboxIds/{}", folders.drafts): null,
            format!("mailboxIds/{}", folders.sent): true,
        });
        let asked = json!({"create": {"new": submission}, "onSuccessUpdateEmail": {"#new": filed}});
        let done: wire::SetDone = self.call(Kind::Write, "EmailSubmission/set", asked).await?;
        created(done).map(drop)
    }

    /// Whether a mail has been handed over for delivery.
    ///
    /// # Errors
    /// Any but [`ApiError::Ambiguous`].
    pub async fn was_sent(&self, email_id: &str) -> Result<bool, ApiError> {
        let folders = self.folders().await?;
        let asked = json!({"ids": [email_id], "properties": ["id", "mailboxIds", "keywords"]});
        let mut got: wire::Got = self.call(Kind::Read, "Email/get", asked).await?;
        let place = got.list.pop().and_then(|item| serde_json::from_value(item).ok());
        if place.is_some_and(|place| folders.is_sent(&place)) {
            return Ok(true);
        }
        // Filing it can have failed after the delivery.
        let asked = json!({"filter": {"emailIds": [email_id]}, "limit": 1});
        match self.call::<wire::Queried>(Kind::Read, "EmailSubmission/query", asked).await {
            Ok(queried) => Ok(!queried.ids.is_empty()),
            Err(Fault::Method(_, error)) if cannot_be_asked(&error) => {
                self.is_among_the_submissions(email_id).await
            }
            Err(fault) => Err(fault.into()),
        }
    }

    async fn is_among_the_submissions(&self, email_id: &str) -> Result<bool, ApiError> {
        let asked = json!({"ids": null, "properties": ["id", "emailId"]});
        let got: wire::Got = self.call(Kind::Read, "EmailSubmission/get", asked).await?;
        let all = got.list.into_iter().map(serde_json::from_value::<wire::Submission>);
        Ok(all.flatten().any(|submission| submission.email_id == email_id))
    }

    /// The identity that fits an address best, at the worst the first: whether it may send is the
    /// server's to say.
    async fn identity(&self, from: &Email) -> Result<String, ApiError> {
        let asked = json!({"ids": null, "properties": ["id", "email"]});
        let got: wire::Got = self.call(Kind::Read, "Identity/get", asked).await?;
        let all = got.list.into_iter().map(serde_json::from_value::<wire::Identity>);
        let all: Vec<_> = all.flatten().collect();
        let whole_domain = format!("*@{}", from.domain());
        let of = |email: &str| all.iter().find(|one| one.email.eq_ignore_ascii_case(email));
        let best = of(from.as_str()).or_else(|| of(&whole_domain)).or(all.first());
        best.map(|identity| identity.id.clone()).ok_or_else(|| ApiError::Rejected {
            service: super::SERVICE,
            status: 200,
            reasons: vec!["the mailbox has no identity to send as".to_owned()],
        })
    }
}

fn cannot_be_asked(error: &wire::MethodError) -> bool {
    ["unsupportedFilter", "unknownMethod", "invalidArguments"].contains(&error.kind.as_str())
}

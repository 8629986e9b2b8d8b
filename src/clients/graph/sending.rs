//! A draft on its way: handed over for delivery, and whether that has happened. Ids stay the same
//! when a draft becomes a sent mail, so the mail itself tells.

use http::Method;

use super::GraphClient;
use crate::clients::ApiError;

impl GraphClient {
    /// Hands a draft over for delivery; Exchange then files it among the sent mails.
    ///
    /// # Errors
    /// [`ApiError::Rejected`] with Graph's words if it will not (`ErrorSendAsDenied`,
    /// `ErrorInvalidRecipients` …); [`ApiError::Ambiguous`] if it may have: ask
    /// [`GraphClient::was_sent`].
    pub async fn send(&self, id: &str) -> Result<(), ApiError> {
        let error = match self.write(Method::POST, self.at(&["messages", id, "send"]), None).await {
            Ok(_) => return Ok(()),
            Err(fault) => fault.error,
        };
        // What is refused can be a mail that an earlier try has sent.
        match &error {
            ApiError::Rejected { .. } | ApiError::Forbidden { .. } | ApiError::NotFound { .. } => {
                match self.was_sent(id).await {
                    Ok(true) => Ok(()),
                    Ok(false) => Err(error),
                    Err(_) => Err(ApiError::Ambiguous {
                        service: super::SERVICE,
                        cause: "refused, and whether it was sent before cannot be said".to_owned(),
                    }),
                }
            }
            _ => Err(error),
        }
    }

    /// Whether a mail has been handed over for delivery. One that cannot be found any more counts
    /// as sent: it was a draft once, what is thrown away here can still be found, and a mail that
    /// somebody has deleted must not go out a second time.
    ///
    /// # Errors
    /// Any but [`ApiError::Ambiguous`].
    pub async fn was_sent(&self, id: &str) -> Result<bool, ApiError> {
        match self.place_of(id).await {
            Ok(place) => Ok(!place.is_draft),
            Err(ApiError::NotFound { .. }) => {
                tracing::warn!("a mail of ours is gone from the mailbox; it counts as sent");
                Ok(true)
            }
            Err(error) => Err(error),
        }
    }
}

//! People: who we are, and who stands behind a mail address.

use super::{JiraClient, wire};
use crate::{
    clients::ApiError,
    model::{
        jira::{Account, Deployment},
        mail::Email,
    },
};

/// Nobody in particular gets a 401 here.
pub(super) const MYSELF: &str = "rest/api/2/myself";

impl JiraClient {
    /// Whose credentials these are; asked once.
    ///
    /// Source: `GET /myself`.
    ///
    /// # Errors
    /// [`ApiError::Unauthorized`] for wrong ones. Ask no second time: Jira locks accounts.
    pub async fn myself(&self) -> Result<Account, ApiError> {
        let ask = async {
            let user: wire::User = self.get(MYSELF, &[]).await?.json()?;
            Ok(user.into())
        };
        self.shared.myself.get_or_try_init(|| ask).await.cloned()
    }

    /// What [`JiraClient::myself`] has learned, without asking.
    #[must_use]
    pub fn known_myself(&self) -> Option<&Account> {
        self.shared.myself.get()
    }

    /// The active account with exactly this address. Jira searches by prefix and in names, and
    /// many people hide their address: then there is none.
    ///
    /// Source: `GET /user/search`, `query` on Cloud and `username` on Data Center.
    ///
    /// # Errors
    /// [`ApiError::Forbidden`] without the right to browse users.
    pub async fn find_account(&self, email: &Email) -> Result<Option<Account>, ApiError> {
        let by = match self.about().await? {
            Deployment::Cloud => "query",
            Deployment::DataCenter => "username",
        };
        let asked = [(by, email.as_str()), ("maxResults", "50")];
        let users: Vec<wire::User> = self.read("rest/api/2/user/search", &asked).await?.json()?;
        let active = users.into_iter().filter(|user| user.active != Some(false));
        Ok(active.map(Account::from).find(|account| account.email.as_ref() == Some(email)))
    }
}

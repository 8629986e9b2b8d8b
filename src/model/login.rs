//! Who a Mattermost user is in Redmine.

use secrecy::SecretString;

/// A user's own login to Redmine, as checked with Redmine when it was stored.
#[derive(Clone, Debug)]
pub struct RedmineLogin {
    /// The number of the user in Redmine.
    pub redmine_id: u64,
    /// The login name in Redmine.
    pub login: String,
    /// The user's own API key; wiped from memory when dropped, never printed.
    pub api_key: SecretString,
}

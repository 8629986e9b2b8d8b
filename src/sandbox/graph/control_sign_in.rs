//! What a test does with the sign-in: who the application is, what it may, and what the people say
//! who are asked.

use jiff::SignedDuration;

use super::Graph;
use super::oauth::Consent;
use super::oauth::interactive::Answer;
use crate::sandbox::wire::lock;

impl Graph {
    /// The id of the tenant.
    pub const TENANT: &'static str = "72aa88bf-76f0-494f-91ab-2d7cd730db47";
    /// The domain of the tenant, which may stand for its id.
    pub const TENANT_DOMAIN: &'static str = "example.org";
    /// The id of the application.
    pub const CLIENT_ID: &'static str = "24d3b144-21ae-4080-943f-7067b395b913";
    /// The secret of the application.
    pub const CLIENT_SECRET: &'static str = "a~secret-of-ticketd-and-entra";
    /// The certificate of the application, PEM. Made for the stand-in, and good for nothing else.
    pub const CERTIFICATE: &'static str = include_str!("sandbox_certificate.pem");
    /// The private key of [`Graph::CERTIFICATE`], PKCS #8 in PEM.
    pub const PRIVATE_KEY: &'static str = include_str!("sandbox_key.pem");
    /// Where a browser is sent that belongs to no web application.
    pub const NATIVE_CLIENT: &'static str =
        "https://login.microsoftonline.com/common/oauth2/nativeclient";
    /// The id of Graph itself.
    pub(super) const RESOURCE: &'static str = "00000003-0000-0000-c000-000000000000";

    /// A new access token of the application itself, with the permissions that it has now.
    #[must_use]
    pub fn token(&self) -> String {
        let mut state = lock(&self.0.service().state);
        let now = state.now();
        let permissions = state.oauth.permissions.clone();
        let answer = state.oauth.issue_access(None, permissions, now);
        answer["access_token"].as_str().unwrap_or_default().to_owned()
    }

    /// Makes every access token invalid. Refresh tokens stay.
    pub fn expire_tokens(&self) {
        lock(&self.0.service().state).oauth.access.clear();
    }

    /// The same once so many requests more came to Graph.
    pub fn expire_tokens_after(&self, requests: u32) {
        lock(&self.0.service().state).oauth.fuse = Some(requests);
    }

    /// How long access tokens are good from now on, in whole seconds.
    pub fn set_token_lifetime(&self, seconds: u32) {
        let lifetime = SignedDuration::from_secs(seconds.into());
        lock(&self.0.service().state).oauth.token_lifetime = lifetime;
    }

    /// What the application may from now on, as `Mail.ReadWrite`. A token keeps what it has.
    pub fn set_permissions(&self, names: &[&str]) {
        let names = names.iter().map(|name| (*name).to_owned()).collect();
        lock(&self.0.service().state).oauth.permissions = names;
    }

    /// What those say who are asked for their consent.
    pub fn set_consent(&self, consent: Consent) {
        lock(&self.0.service().state).oauth.consent = consent;
    }

    /// Whether the application's certificate is registered.
    pub fn set_certificate(&self, registered: bool) {
        lock(&self.0.service().state).oauth.certificate = registered;
    }

    /// Takes back what was granted to the user's sign-ins: AADSTS50173 for each refresh token.
    pub fn revoke_grant(&self) {
        lock(&self.0.service().state).oauth.revoke();
    }

    /// The codes that devices show, oldest first.
    #[must_use]
    pub fn user_codes(&self) -> Vec<String> {
        let state = lock(&self.0.service().state);
        state.oauth.devices.iter().map(|device| device.user_code.clone()).collect()
    }

    /// Somebody types this code, signs in and agrees, or declines; false for no such code.
    #[allow(clippy::must_use_candidate, reason = "done for its effect")]
    pub fn answer_device(&self, user_code: &str, approve: bool) -> bool {
        let mut state = lock(&self.0.service().state);
        let mut devices = state.oauth.devices.iter_mut();
        let Some(device) = devices.find(|device| device.user_code == user_code) else {
            return false;
        };
        device.answer = if approve { Answer::Approved } else { Answer::Declined };
        true
    }

    /// The next polls of a device are answered `slow_down` (RFC 8628, 3.5).
    pub fn slow_down(&self, polls: u32) {
        lock(&self.0.service().state).oauth.slow_down = polls;
    }

    /// Nobody typed the codes of the devices in time.
    pub fn expire_devices(&self) {
        let mut state = lock(&self.0.service().state);
        let now = state.now();
        for device in &mut state.oauth.devices {
            device.expires = now;
        }
    }

    /// How often a refresh token was taken.
    #[must_use]
    pub fn refreshes(&self) -> u64 {
        lock(&self.0.service().state).oauth.refreshed
    }
}

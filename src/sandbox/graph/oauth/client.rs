//! Who asks for a token: the application by its secret or by a signed assertion, or anybody who
//! knows its id, where a public client may ask.

use jiff::Timestamp;

use super::super::Graph;
use super::{Form, No, Oauth, assertion};
use crate::sandbox::wire::Request;

const ASSERTION: &str = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";

/// How sure Entra is of the application.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Client {
    Proven,
    Public,
}

impl Client {
    /// Where no public client will do.
    pub(super) fn proven(self) -> Result<(), No> {
        match self {
            Self::Proven => Ok(()),
            Self::Public => {
                let text = "The request body must contain the following parameter: \
                            'client_assertion' or 'client_secret'.";
                Err(No::new("invalid_client", 7_000_218, text))
            }
        }
    }
}

pub(super) fn check(
    oauth: &Oauth,
    tenant: &str,
    form: &Form,
    request: &Request,
    now: Timestamp,
) -> Result<Client, No> {
    if let Some(secret) = form.get("client_secret") {
        if secret == Graph::CLIENT_SECRET {
            return Ok(Client::Proven);
        }
        let text = format!(
            "Invalid client secret provided. Ensure the secret being sent in the request is the \
             client secret value, not the client secret ID, for a secret added to app '{}'.",
            Graph::CLIENT_ID
        );
        return Err(No::new("invalid_client", 7_000_215, text));
    }
    let Some(token) = form.get("client_assertion") else { return Ok(Client::Public) };
    if form.get("client_assertion_type") != Some(ASSERTION) {
        return Err(No::missing("client_assertion_type"));
    }
    let host = request.header("host").unwrap_or_default();
    let audience = format!("http://{host}/{tenant}/oauth2/v2.0/token");
    assertion::check(token, &audience, oauth.certificate, now)?;
    Ok(Client::Proven)
}
